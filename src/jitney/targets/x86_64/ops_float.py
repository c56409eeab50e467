"""The machine operations on floats, in two sets: VEX with three operands, and SSE2 with two."""

from __future__ import annotations

from ...codegen.machine import SLOT, MachineOp
from .encode import AND, BE, NS, OR
from .ops import mem, move
from .ops_control import jump_if

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .emit import Emitter
    from .ops import Locs

CVTSI2SD = (3, 1, 0x2A, "cvtsi2sd")
CVTTSD2SI = (3, 1, 0x2C, "cvttsd2si")
UCOMISD = (1, 1, 0x2E, "ucomisd")
ANDPS, ANDNPS, ORPS = (0, 1, 0x54, "andps"), (0, 1, 0x55, "andnps"), (0, 1, 0x56, "orps")
ADDSD, SUBSD = (3, 1, 0x58, "addsd"), (3, 1, 0x5C, "subsd")
CVTSS2SD, CVTSD2SS = (2, 1, 0x5A, "cvtss2sd"), (3, 1, 0x5A, "cvtsd2ss")

ABS64, SIGN64 = (0x7FFFFFFFFFFFFFFF).to_bytes(8, "little") * 2, (1 << 63).to_bytes(8, "little") * 2
ABS32, SIGN32 = (0x7FFFFFFF).to_bytes(4, "little") * 4, (1 << 31).to_bytes(4, "little") * 4


def _vex_rr(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    b = i[1]
    if b >= SLOT:
        e.vex_rrm(row, o[0], i[0], e.slot(b))
    else:
        e.vex_rrr(row, o[0], i[0], b)


def _vex_rm(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.vex_rrm(imm[0], o[0], i[0], mem(e, i, 1, imm[1]))


def _sse_rr(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    d = o[0]
    a, b = i
    if d != a:
        if d == b:
            b = a
        else:
            e.move_x(d, a)
    if b >= SLOT:
        e.sse_rm(row, d, e.slot(b))
    else:
        e.sse_rr(row, d, b)


def _sse_rm(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    if o[0] != i[0]:
        e.move_x(o[0], i[0])
    e.sse_rm(imm[0], o[0], mem(e, i, 1, imm[1]))


def _unary(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    """d = op s, where the upper part of d is of no interest."""
    s = i[0]
    if s >= SLOT:
        # the register's old value must not be waited for
        e.zero_x(o[0])
        e.op_xm(row, o[0], o[0], e.slot(s))
    else:
        e.op_x1(row, o[0], s)


def _unary_m(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.zero_x(o[0])
    e.op_xm(imm[0], o[0], o[0], mem(e, i, 0, imm[1]))


def _round(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, mode = imm
    e.op_x1(row, o[0], i[0])
    e.byte(mode)


def _ucomi(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    if i[1] >= SLOT:
        e.ucomi_m(row, i[0], e.slot(i[1]))
    else:
        e.ucomi(row, i[0], i[1])


def _ucomi_m(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.ucomi_m(imm[0], i[0], mem(e, i, 1, imm[1]))


UNARY_X = MachineOp("unary", _unary, slots=0)
UNARY_XM = MachineOp("unary", _unary_m)
ROUND_X = MachineOp("round", _round)
UCOMI = MachineOp("ucomi", _ucomi, "w", slots=1)
UCOMI_M = MachineOp("ucomi", _ucomi_m, "w")


def _from_int(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    e.zero_x(o[0])
    if i[0] >= SLOT:
        e.op_xm(row, o[0], o[0], e.slot(i[0]), 8)
    else:
        e.op_x(row, o[0], o[0], i[0], 8)


def _from_int_m(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.zero_x(o[0])
    e.op_xm(imm[0], o[0], o[0], mem(e, i, 0, imm[1]), 8 if imm[2] == 8 else 0)


def _from_unsigned(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """From 2**63 on: half of it, with the lowest bit kept for rounding, doubled."""
    row, double = imm
    d, t, u = o
    a = i[0]
    e.zero_x(d)
    e.mov_rr(t, a)
    e.mov_rr(u, a)
    small, done = object(), object()
    e.test_rr(a, a)
    e.jcc(NS, small)
    e.shift_ri(5, t, 1)
    e.alu_ri(AND, u, 1)
    e.alu_rr(OR, t, u)
    e.op_x(row, d, d, t, 8)
    e.op_x(double, d, d, d)
    e.jmp(done)
    e.bind(small)
    e.op_x(row, d, d, t, 8)
    e.bind(done)


def _to_int(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    if i[0] >= SLOT:
        e.load_x(row, o[0], e.slot(i[0]), 8)
    else:
        e.convert(row, o[0], i[0], 8)


FROM_INT = MachineOp("from int", _from_int, slots=0)
FROM_INT_M = MachineOp("from int", _from_int_m)
FROM_UNSIGNED = MachineOp("from unsigned", _from_unsigned, "c", late=0)
TO_INT = MachineOp("to int", _to_int, slots=0)


def _move_bits(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    move(e, o[0], i[0])


MOVE_BITS = MachineOp("move bits", _move_bits, slots=0)


def _select_branch(e: Emitter, o: Locs, i: Locs, cc: int, stub: Any) -> None:
    """d = ins[1] if cc else ins[0], around a jump."""
    over = object()
    if o[0] != i[0]:
        e.move_x(o[0], i[0])
    jump_if(e, cc ^ 1, over)
    move(e, o[0], i[1])
    e.bind(over)


SELECT_X = MachineOp("select", _select_branch, "r", tie=1, late=1, slots=1)


def _blend(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    """d = ins[1] where the mask ins[2] is set, else ins[0]."""
    e.vex_rrr(row, o[0], i[0], i[1])
    e.byte((i[2] & 15) << 4)


BLEND = MachineOp("blend", _blend)


def _compare(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """A mask of ones where the predicate holds."""
    row, predicate = imm
    e.op_x(row, o[0], i[0], i[1])
    e.byte(predicate)


COMPARE_VEX = MachineOp("compare", _compare)


def _round_fallback(e: Emitter, o: Locs, i: Locs, name: str, stub: Any) -> None:
    """Rounding of a double without SSE4.1: through an integer below 2**52, and from there on all are whole.
    The sign is put back, so that -0.0 stays what it is."""
    d, x, t = o
    a = i[0]
    done = object()
    e.move_x(d, a)
    e.move_x(x, a)
    e.op_xm(ANDPS, x, x, e.constant(ABS64))
    limit = e.constant(b"\0\0\0\0\0\0\x30\x43")
    e.ucomi_m(UCOMISD, x, limit)
    e.jcc(3, done)  # not below
    if name == "frint":
        e.jcc(10, done)  # nan
        e.op_xm(ADDSD, x, x, limit)
        e.op_xm(SUBSD, x, x, limit)
    else:
        e.jcc(10, done)
        e.convert(CVTTSD2SI, t, a, 8)
        e.zero_x(x)
        e.op_x(CVTSI2SD, x, x, t, 8)
        if name != "ftrunc":
            whole = object()
            one = e.constant(b"\0\0\0\0\0\0\xf0\x3f")
            if name == "ffloor":
                e.ucomi(UCOMISD, x, a)
                e.jcc(BE, whole)
                e.op_xm(SUBSD, x, x, one)
            else:
                e.ucomi(UCOMISD, a, x)
                e.jcc(BE, whole)
                e.op_xm(ADDSD, x, x, one)
            e.bind(whole)
    e.op_xm(ANDPS, d, d, e.constant(SIGN64))
    e.op_x(ORPS, d, d, x)
    e.bind(done)


ROUND_FALLBACK = MachineOp("round", _round_fallback, "c", late=0)


def _fma(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    """d = ins[0] + ins[1] * ins[2]"""
    e.move_x(o[0], i[0])
    if i[2] >= SLOT:
        e.vex_rrm(row, o[0], i[1], e.slot(i[2]))
    else:
        e.vex_rrr(row, o[0], i[1], i[2])


def _fma_m(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.move_x(o[0], i[0])
    e.vex_rrm(imm[0], o[0], i[1], mem(e, i, 2, imm[1]))


FMA = MachineOp("fma", _fma, tie=1, late=1, slots=2)
FMA_M = MachineOp("fma", _fma_m, tie=1, late=1)


class FloatOps:
    """The binary operations of one instruction set: commuting ones, the others, each with a memory form."""

    __slots__ = ("any_rm", "any_rr", "commuting_rr")

    def __init__(self, any_rr: MachineOp, any_rm: MachineOp, commuting_rr: MachineOp) -> None:
        self.any_rr = any_rr
        self.any_rm = any_rm
        self.commuting_rr = commuting_rr


_VEX_RR = MachineOp("float", _vex_rr, slots=1)
AVX = FloatOps(_VEX_RR, MachineOp("float", _vex_rm), _VEX_RR)
SSE = FloatOps(
    MachineOp("float", _sse_rr, tie=1, late=1, slots=1),
    MachineOp("float", _sse_rm, tie=1, late=1),
    MachineOp("float", _sse_rr, tie=2, slots=1),
)
