"""The machine operations on vectors, in two sets: VEX with three operands, and SSE with two.

A row's prefix says the width (see `encode.py`), so that one operation serves 128 and 256 bits. Legacy SSE instructions
want 16-byte alignment of their memory operands, so only constants of the pool are such; VEX ones want none.
"""

from __future__ import annotations

from ...codegen.machine import SLOT, MachineOp
from .ops import mem
from .ops_float import AVX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .emit import Emitter
    from .ops import Locs

PXOR, PCMPEQD = (1, 1, 0xEF, "pxor"), (1, 1, 0x76, "pcmpeqd")


def _two(e: Emitter, o: Locs, i: Locs) -> tuple[int, int]:
    """Bring the first operand of a two-operand instruction into place; the registers left."""
    d = o[0]
    a, b = i[0], i[1]
    if d != a:
        if d == b:
            return d, a
        e.move_x(d, a)
    return d, b


def _sse_rr(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    d, b = _two(e, o, i)
    e.sse_rr(row, d, b)


def _sse_rm(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.move_x(o[0], i[0])
    e.sse_rm(imm[0], o[0], mem(e, i, 1, imm[1]))


def _vex_rr_byte(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.vex_rrr(imm[0], o[0], i[0], i[1])
    e.byte(imm[1])


def _vex_rm_byte(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, value, addr = imm
    e.vex_rrm(row, o[0], i[0], mem(e, i, 1, addr))
    e.byte(value)


def _sse_rr_byte(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    d, b = _two(e, o, i)
    e.sse_rr(imm[0], d, b)
    e.byte(imm[1])


def _vex_shift(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, digit, n = imm
    e.vex_rrr(row, digit, o[0], i[0])
    e.byte(n)


def _sse_shift(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, digit, n = imm
    e.move_x(o[0], i[0])
    e.sse_rr(row, digit, o[0])
    e.byte(n)


class VectorOps:
    """The operations of one instruction set: d = a op b, with one in memory, with an immediate byte, and the shift by
    an immediate count; `commuting_rr` where the operands may change places."""

    __slots__ = ("commuting_rr", "rm", "rr", "rr_byte", "shift")

    def __init__(
        self, rr: MachineOp, commuting_rr: MachineOp, rm: MachineOp, rr_byte: MachineOp, shift: MachineOp
    ) -> None:
        self.rr = rr
        self.commuting_rr = commuting_rr
        self.rm = rm
        self.rr_byte = rr_byte
        self.shift = shift


VEX = VectorOps(
    AVX.any_rr,
    AVX.any_rr,
    AVX.any_rm,
    MachineOp("vector", _vex_rr_byte),
    MachineOp("vector shift", _vex_shift),
)
SSE = VectorOps(
    MachineOp("vector", _sse_rr, tie=1, late=1),
    MachineOp("vector", _sse_rr, tie=2),
    MachineOp("vector", _sse_rm, tie=1),
    MachineOp("vector", _sse_rr_byte, tie=1, late=1),
    MachineOp("vector shift", _sse_shift, tie=1),
)
RM_BYTE = MachineOp("vector", _vex_rm_byte)

# -- one operand -----------------------------------------------------------------------------------


def _unary(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    if i[0] >= SLOT:
        e.load_x(row, o[0], e.slot(i[0]))
    else:
        e.convert(row, o[0], i[0])


def _unary_m(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.load_x(imm[0], o[0], mem(e, i, 0, imm[1]))


def _unary_byte(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.convert(imm[0], o[0], i[0])
    e.byte(imm[1])


def _reversed(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    """An instruction whose result is its right operand."""
    e.convert(row, i[0], o[0])


def _reversed_byte(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.convert(imm[0], i[0], o[0], imm[2])
    e.byte(imm[1])


def _whole(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.move_x(o[0], i[0])


UNARY = MachineOp("vector", _unary)
UNARY_SLOT = MachineOp("vector", _unary, slots=0)  # VEX alone, and where it reads no more than the slot has
UNARY_M = MachineOp("vector load", _unary_m)
UNARY_BYTE = MachineOp("vector", _unary_byte)
REVERSED = MachineOp("vector", _reversed)
REVERSED_BYTE = MachineOp("vector", _reversed_byte)
SAME = MachineOp("vector", _whole, tie=1)  # other type, same register


def _move_in(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, w = imm
    e.convert(row, o[0], i[0], w)


def _move_out(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, w = imm
    e.convert(row, i[0], o[0], w)


def _extract(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """Lane or sign bits of a vector in a general register."""
    row, byte = imm
    e.convert(row, o[0], i[0])
    if byte is not None:
        e.byte(byte)


MOVE_IN = MachineOp("vector from general", _move_in)
MOVE_OUT = MachineOp("general from vector", _move_out)
EXTRACT = MachineOp("general from vector", _extract)

# -- AVX-512 forms, on registers alone ------------------------------------------------------------


def _evex_rr(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    e.evex_rrr(row, o[0], i[0], i[1])


def _evex_unary(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    e.evex_rrr(row, o[0], 0, i[0])


def _evex_reversed(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    e.evex_rrr(row, i[0], 0, o[0])


def _evex_shift(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, digit, n = imm
    e.evex_rrr(row, digit, o[0], i[0])
    e.byte(n)


EVEX_RR = MachineOp("vector", _evex_rr)
EVEX_UNARY = MachineOp("vector", _evex_unary)
EVEX_REVERSED = MachineOp("vector", _evex_reversed)
EVEX_SHIFT = MachineOp("vector shift", _evex_shift)



def _permute_two(e: Emitter, o: Locs, i: Locs, row: Any, stub: Any) -> None:
    """ins: first table, which the result replaces, numbers, second table."""
    e.move_x(o[0], i[0])
    e.evex_rrr(row, o[0], i[1], i[2])


PERMUTE_TWO = MachineOp("vector", _permute_two, tie=1, late=1)

# -- 512 bits: comparisons give a mask register, and blends want one: `Emitter.mask` --------------------------------


def _compare_mask(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """The mask as lanes of ones."""
    compare, predicate, to_lanes = imm
    k = e.mask(compare, i[0], i[1], predicate)
    e.evex_rrr(to_lanes, o[0], 0, k)


def _compare_choose(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """ins: what is compared, what is taken where it does not hold, what where it does."""
    compare, predicate, blend = imm
    k = e.mask(compare, i[0], i[1], predicate)
    e.evex_rrr(blend, o[0], i[2], i[3], k)


def _choose(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """d = ins[1] where the mask ins[2] is set, else ins[0]."""
    to_mask, blend = imm
    e.evex_rrr(blend, o[0], i[0], i[1], e.mask(to_mask, 0, i[2]))


def _sign_mask(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    to_mask, to_lanes = imm
    e.evex_rrr(to_lanes, o[0], 0, e.mask(to_mask, 0, i[0]))


def _sign_bits(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """Sign bits in a general register."""
    to_mask, row, w = imm
    e.vex_rrr(row, o[0], 0, e.mask(to_mask, 0, i[0]), w)


def _compare_bits(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """What a comparison gives, as bits in a general register."""
    compare, predicate, row, w = imm
    k = e.mask(compare, i[0], i[1], predicate)
    e.vex_rrr(row, o[0], 0, k, w)


def _load_where(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """ins: mask, address."""
    to_mask, row, addr = imm
    k = e.mask(to_mask, 0, i[0])
    e.evex_rrm(row, o[0], 0, mem(e, i, 1, addr), k | _ZEROING)


def _load_if(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """ins: what is compared, address."""
    compare, predicate, row, addr = imm
    k = e.mask(compare, i[0], i[1], predicate)
    e.evex_rrm(row, o[0], 0, mem(e, i, 2, addr), k | _ZEROING)


def _store_if(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """ins: value, what is compared, address."""
    compare, predicate, row, addr = imm
    k = e.mask(compare, i[1], i[2], predicate)
    e.evex_rrm(row, i[0], 0, mem(e, i, 3, addr), k)


def _store_where(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """ins: value, mask, address."""
    to_mask, row, addr = imm
    k = e.mask(to_mask, 0, i[1])
    e.evex_rrm(row, i[0], 0, mem(e, i, 2, addr), k)


def _gather_where(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """ins: mask if given, base, index."""
    row, to_mask, shift, disp = imm
    # The instruction clears its mask as it goes, so this one is nobody else's.
    if to_mask is None:
        e.vex_rrr(KXNOR, _K1, _K1, _K1)
    else:
        e.evex_rrr(to_mask, _K1, 0, i[0])
    e.zero_x(o[0])
    base, index = i[-2:]
    e.evex_rrm(row, o[0], 0, (base, index, shift, disp), _K1)


_K1, _ZEROING = 1, 0x80
KXNOR = (4, 1, 0x46, "kxnorw")
COMPARE_MASK = MachineOp("vector", _compare_mask)
COMPARE_CHOOSE = MachineOp("blend", _compare_choose)
CHOOSE = MachineOp("blend", _choose)
SIGN_MASK = MachineOp("vector", _sign_mask)
SIGN_BITS = MachineOp("general from vector", _sign_bits)
COMPARE_BITS = MachineOp("general from vector", _compare_bits)
LOAD_WHERE = MachineOp("masked load", _load_where)
STORE_WHERE = MachineOp("masked store", _store_where)
LOAD_IF = MachineOp("masked load", _load_if)
STORE_IF = MachineOp("masked store", _store_if)
GATHER_WHERE = MachineOp("gather", _gather_where, late=0)

# -- memory ---------------------------------------------------------------------------------------


def _gather(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """outs: result, scratch for the mask, which the instruction destroys; ins: mask if given, base, index."""
    row, masked, shift, disp = imm
    d, t = o
    bit = row[0] & 4
    if masked:
        e.move_x(t, i[0])
    else:
        e.vex_rrr((1 | bit, *PCMPEQD[1:]), t, t, t)
    e.zero_x(d)
    base, index = i[-2:]
    e.vex_rrm(row, d, t, (base, index, shift, disp))


GATHER = MachineOp("gather", _gather, late=0)


def _prefetch(e: Emitter, o: Locs, i: Locs, addr: Any, stub: Any) -> None:
    e.prefetch(mem(e, i, 0, addr))


PREFETCH = MachineOp("prefetch", _prefetch)


def _load_word(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, addr = imm
    e.op_xm(row, o[0], i[0], mem(e, i, 1, addr))
    e.byte(0)


LOAD_WORD = MachineOp("vector load", _load_word, tie=1)


def _masked_store(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    row, addr = imm
    e.vex_rrm(row, i[0], i[1], mem(e, i, 2, addr))


MASKED_STORE = MachineOp("masked store", _masked_store)
