"""The machine operations of x86-64: for each an emitter, and what register allocation has to know about it.

An emitter is called as ``emit(encoder, outs, ins, imm, stub)`` with locations. The address of a memory operand stands
at the end of `ins` (base, index), its shape in `imm` as ``(mode, shift, displacement)``: mode 0 base, 1 base and
index, 2 index alone, 3 a constant of the pool (then the third is its bytes), 4 frame memory, 5 the same and index.
"""

from __future__ import annotations

from ...codegen.machine import SLOT, VECTOR_SLOT, MachineOp
from ...codegen.moves import schedule
from .encode import (
    ADD,
    AND,
    CMP,
    DIV,
    NE,
    NEG,
    OR,
    RAX,
    RDX,
    RSP,
    SHL,
    SHR,
    SUB,
    XOR,
    E,
    O,
    S,
)  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...codegen.machine import Stub
    from .emit import Emitter
    from .encode import Address, Row

    Locs = tuple[int, ...]

# SSE rows, completed with the prefix of the type: 3 (F2) for f64, 2 (F3) for f32 and 1 (66) or 0 for whole registers.
MOVSD_LOAD, MOVSD_STORE = (3, 1, 0x10, "movsd"), (3, 1, 0x11, "movsd")
MOVSS_LOAD, MOVSS_STORE = (2, 1, 0x10, "movss"), (2, 1, 0x11, "movss")
MOVAPS = (0, 1, 0x28, "movaps")
MOVAPS_STORE = (0, 1, 0x29, "movaps")
MOVUPS_LOAD, MOVUPS_STORE = (0, 1, 0x10, "movups"), (0, 1, 0x11, "movups")
XORPS = (0, 1, 0x57, "xorps")
MOVQ_TO = (1, 1, 0x6E, "movq")
MOVQ_FROM = (1, 1, 0x7E, "movq")


def mem(e: Emitter, i: Locs, n: int, addr: Any) -> Address:
    """The address whose registers start at ``i[n]``."""
    mode, shift, disp = addr
    if mode == 0:
        return (i[n], -1, 0, disp)
    if mode == 1:
        return (i[n], i[n + 1], shift, disp)
    if mode == 2:
        return (-1, i[n], shift, disp)
    if mode == 3:
        return e.constant(disp)
    return (RSP, i[n] if mode == 5 else -1, shift, e.alloca_base + disp)


# -- moves and constants ---------------------------------------------------------------------------


def load_constant(e: Emitter, d: int, imm: Any, flags_free: bool) -> None:
    """`imm`: an int, the bytes of a float or vector, or a symbol."""
    if type(imm) is int:
        if imm == 0 and flags_free:
            e.zero(d)
        else:
            e.mov_ri(d, imm)
    elif type(imm) is bytes:
        if not any(imm):
            e.zero_x(d)
        elif len(imm) > 8:
            e.load_vector(d, imm)
        else:
            e.load_x(MOVSD_LOAD if len(imm) == 8 else MOVSS_LOAD, d, e.constant(imm))
    else:
        e.movabs_symbol(d, imm)


def _const(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    load_constant(e, o[0], imm, True)


def _remat(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    load_constant(e, o[0], imm, False)


def move(e: Emitter, d: int, s: int) -> None:
    """Any location to any location."""
    if d == s:
        return
    if d < 16:
        if s < 16:
            e.mov_rr(d, s)
        elif s >= SLOT:
            e.load("i64", d, e.slot(s))
        else:
            e.move_q(MOVQ_FROM, s, d)
    elif d < SLOT:
        if s >= SLOT:
            e.load_x(e.slot_load(s), d, e.slot(s))
        elif s < 16:
            e.move_q(MOVQ_TO, d, s)
        else:
            e.move_x(d, s)
    elif s < 16:
        e.store(8, e.slot(d), s)
    elif s < SLOT:
        e.store_x(e.slot_store(d), e.slot(d), s)
    else:
        (base, _, _, dt), (_, _, _, st) = e.slot(d), e.slot(s)
        for k in range(0, e.slot_bytes(d), 8):
            e.push_m((base, -1, 0, st + k))
            e.pop_m((base, -1, 0, dt + k))


def _swap(e: Emitter, a: int, b: int) -> None:
    if a >= SLOT and b < SLOT:
        a, b = b, a
    if a < 16 and b < 16:
        e.xchg(a, b)
    elif a >= SLOT:
        (base, _, _, at), (_, _, _, bt) = e.slot(a), e.slot(b)
        for k in range(0, e.slot_bytes(a), 8):
            e.push_m((base, -1, 0, at + k))
            e.push_m((base, -1, 0, bt + k + 8))
            e.pop_m((base, -1, 0, at + k + 8))
            e.pop_m((base, -1, 0, bt + k))
    elif b >= VECTOR_SLOT:
        # the register's value waits on the stack, and goes to the slot by words
        size = e.slot_bytes(b)
        base, _, _, at = e.slot(b)
        e.lea(RSP, (RSP, -1, 0, -size))
        e.store_x(e.slot_store(b), (RSP, -1, 0, 0), a)
        e.load_x(e.slot_load(b), a, (base, -1, 0, at + size))
        for _ in range(0, size, 8):
            # a pop moves the stack pointer before it computes the address
            e.pop_m((base, -1, 0, at + size - 8))
    elif b >= SLOT:
        # the slot's value waits on the stack while the register's goes down
        base, _, _, at = e.slot(b)
        e.push_m((base, -1, 0, at))
        if a < 16:
            e.store(8, (base, -1, 0, at + 8), a)
            e.pop(a)
        else:
            e.store_x(MOVSD_STORE, (base, -1, 0, at + 8), a)
            e.load_x(MOVSD_LOAD, a, (base, -1, 0, 0))
            e.lea(RSP, (RSP, -1, 0, 8))
    else:
        row = (e.vector_bit, *XORPS[1:])
        e.op_x(row, a, a, b)
        e.op_x(row, b, b, a)
        e.op_x(row, a, a, b)


def _copy(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    move(e, o[0], i[0])


def _moves(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    _parallel(e, o, i, imm, True)


def _split(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    _parallel(e, o, i, imm, False)


def _parallel(e: Emitter, o: Locs, i: Locs, imm: Any, flags_free: bool) -> None:
    n = len(i)
    if n:
        for swap, d, s in schedule(o, i):
            if swap:
                _swap(e, d, s)
            else:
                move(e, d, s)
    if imm:
        for d, value in zip(o[n:], imm):
            if d < SLOT:
                load_constant(e, d, value, flags_free)
            else:
                _constant_to(e, e.slot(d), value)


def _constant_to(e: Emitter, m: Address, value: Any) -> None:
    """Write a constant, 8 bytes or those of a vector, to memory without a register."""
    if type(value) is bytes:
        for k in range(8, len(value), 8):
            _constant_to(e, (m[0], m[1], m[2], m[3] + k), value[k : k + 8])
        value = int.from_bytes(value[:8], "little")
    if -0x80000000 <= value < 0x80000000:
        e.store_i(8, m, value)
    else:
        e.store_i(4, m, value & 0xFFFFFFFF)
        e.store_i(4, (m[0], m[1], m[2], m[3] + 4), value >> 32 & 0xFFFFFFFF)


REMAT = MachineOp("const", _remat)
MOVI = MachineOp("const", _const, flags="m", remat=REMAT)
COPY = MachineOp("copy", _copy, move=True, slots=-2)
MOVES = MachineOp("moves", _moves, flags="m", move=True, slots=-2)
SPLIT = MachineOp("split", _split, move=True, slots=-2, tie=-1)


def _argument_in(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    m = (RSP, -1, 0, e.frame_size + 8 + imm)
    if o[0] < 16:
        e.load("i64", o[0], m)
    else:
        e.load_x(MOVSD_LOAD, o[0], m)


def _argument_out(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    if i[0] < 16:
        e.store(8, (RSP, -1, 0, imm), i[0])
    else:
        e.store_x(MOVSD_STORE, (RSP, -1, 0, imm), i[0])


ARGUMENT_IN = MachineOp("argument in", _argument_in, incoming=True)
ARGUMENT_OUT = MachineOp("argument out", _argument_out)

# -- integer arithmetic ----------------------------------------------------------------------------


def _alu_rr(e: Emitter, o: Locs, i: Locs, k: int, stub: Any) -> None:
    d = o[0]
    a, b = i
    if d != a:
        if d == b:
            b = a
        else:
            e.mov_rr(d, a)
    if b >= SLOT:
        e.alu_rm(k, d, e.slot(b))
    else:
        e.alu_rr(k, d, b)


def _alu_ri(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    k, value = imm
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    # With a mask below 2**31 the upper half is cleared either way.
    e.alu_ri(k, o[0], value, 0 if k == AND and value >= 0 else 8)


def _alu_rm(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    k, addr = imm
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    e.alu_rm(k, o[0], mem(e, i, 1, addr))


def _add_rr(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    d = o[0]
    a, b = i
    if b >= SLOT:
        if d != a:
            e.mov_rr(d, a)
        e.alu_rm(ADD, d, e.slot(b))
    elif d == a:
        e.alu_rr(ADD, d, b)
    elif d == b:
        e.alu_rr(ADD, d, a)
    else:
        e.lea(d, (a, b, 0, 0))


def _add_ri(e: Emitter, o: Locs, i: Locs, value: int, stub: Any) -> None:
    if o[0] != i[0]:
        e.lea(o[0], (i[0], -1, 0, value))
    elif value == 128:
        e.alu_ri(SUB, o[0], -128)
    else:
        e.alu_ri(ADD, o[0], value)


def _lea(e: Emitter, o: Locs, i: Locs, addr: Any, stub: Any) -> None:
    d = o[0]
    m = mem(e, i, 0, addr)
    if m[1] >= 0 and m[2] == 0 and m[3] == 0 and (d == m[0] or d == m[1]):
        e.alu_rr(ADD, d, m[1] if d == m[0] else m[0])
    else:
        e.lea(d, m)


ADD_RR = MachineOp("add", _add_rr, "c", slots=1)
ADD_RI = MachineOp("add", _add_ri, "c")
ADD_RM = MachineOp("add", _alu_rm, "c", tie=1, late=1)
LEA = MachineOp("lea", _lea, "c")
SUB_RR = MachineOp("sub", _alu_rr, "c", tie=1, late=1, slots=1)
SUB_RM = MachineOp("sub", _alu_rm, "c", tie=1, late=1)
LOGIC_RR = MachineOp("logic", _alu_rr, "c", tie=2, slots=1)
LOGIC_RI = MachineOp("logic", _alu_ri, "c", tie=1)
LOGIC_RM = MachineOp("logic", _alu_rm, "c", tie=1, late=1)
# The same where the next instruction reads the flags.
FLAGGED = {op: MachineOp(op.name, op.emit, "w", op.tie, op.late, op.slots) for op in (LOGIC_RR, LOGIC_RI, LOGIC_RM)}


def _unary(e: Emitter, o: Locs, i: Locs, k: int, stub: Any) -> None:
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    e.unary(k, o[0])


UNARY = MachineOp("unary", _unary, "c", tie=1)


def _imul_rr(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Stub | None) -> None:
    d = o[0]
    a, b = i
    if d != a:
        if d == b:
            b = a
        else:
            e.mov_rr(d, a)
    if b >= SLOT:
        e.imul_rm(d, e.slot(b))
    else:
        e.imul_rr(d, b)
    if stub is not None:
        e.jcc(O, stub)


def _imul_ri(e: Emitter, o: Locs, i: Locs, imm: int, stub: Stub | None) -> None:
    e.imul_rri(o[0], i[0], imm)
    if stub is not None:
        e.jcc(O, stub)


def _imul_rm(e: Emitter, o: Locs, i: Locs, addr: Any, stub: Stub | None) -> None:
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    e.imul_rm(o[0], mem(e, i, 1, addr))
    if stub is not None:
        e.jcc(O, stub)


IMUL_RR = MachineOp("imul", _imul_rr, "c", tie=2, slots=1)
IMUL_RI = MachineOp("imul", _imul_ri, "c")
IMUL_RM = MachineOp("imul", _imul_rm, "c", tie=1, late=1)


def _checked_rr(e: Emitter, o: Locs, i: Locs, k: int, stub: Any) -> None:
    _alu_rr(e, o, i, k, stub)
    e.jcc(O, stub)


def _checked_ri(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    e.alu_ri(imm[0], o[0], imm[1])
    e.jcc(O, stub)


def _checked_rm(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    _alu_rm(e, o, i, imm, stub)
    e.jcc(O, stub)


ADDO_RR = MachineOp("addo", _checked_rr, "c", tie=2, slots=1)
SUBO_RR = MachineOp("subo", _checked_rr, "c", tie=1, late=1, slots=1)
CHECKED_RI = MachineOp("addo", _checked_ri, "c", tie=1)
CHECKED_RM = MachineOp("addo", _checked_rm, "c", tie=1, late=1)


def _shift_ri(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    k, n = imm
    d, a = o[0], i[0]
    if k == SHL:
        if d != a:
            if n == 1:
                e.lea(d, (a, a, 0, 0))
                return
            if n <= 3:
                e.lea(d, (-1, a, n, 0))
                return
        elif n == 1:
            e.alu_rr(ADD, d, d)
            return
    if d != a:
        e.mov_rr(d, a)
    e.shift_ri(k, d, n)


def _shift_cl(e: Emitter, o: Locs, i: Locs, k: int, stub: Any) -> None:
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    e.shift_cl(k, o[0])


def _bmi(e: Emitter, o: Locs, i: Locs, row: Row, stub: Any) -> None:
    # shlx d, a, count: the count is the second source
    e.bmi(row, o[0], i[1], i[0])


def _andn(e: Emitter, o: Locs, i: Locs, row: Row, stub: Any) -> None:
    e.bmi(row, o[0], i[0], i[1])


def _rotate_ri(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    e.rotate_ri(imm[0], o[0], imm[1])


def _rotate_cl(e: Emitter, o: Locs, i: Locs, w: int, stub: Any) -> None:
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    e.rotate_cl(w, o[0])


ROTATE_RI = MachineOp("rotate", _rotate_ri, "c", tie=1)
ROTATE_CL = MachineOp("rotate", _rotate_cl, "c", tie=1, late=1)
SHIFT_RI = MachineOp("shift", _shift_ri, "c", tie=1)
SHIFT_CL = MachineOp("shift", _shift_cl, "c", tie=1, late=1)
SHIFT_X = MachineOp("shift", _bmi)
ANDN = MachineOp("andn", _andn, "c")


def _extend(e: Emitter, o: Locs, i: Locs, kind: str, stub: Any) -> None:
    if i[0] >= SLOT:
        e.load(kind, o[0], e.slot(i[0]))
    elif kind == "u32":
        e.mov_rr32(o[0], i[0])
    else:
        e.extend(kind, o[0], i[0])


EXTEND = MachineOp("extend", _extend, slots=0)


def _min_max(e: Emitter, o: Locs, i: Locs, cc: int, stub: Any) -> None:
    d = o[0]
    a, b = i
    if d != a:
        if d == b:
            b = a
        else:
            e.mov_rr(d, a)
    e.alu_rr(CMP, d, b)
    e.cmov(cc, d, b)


MIN_MAX = MachineOp("min/max", _min_max, "c", tie=2)


def _iabs(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.mov_rr(o[0], i[0])
    e.unary(NEG, o[0])
    e.cmov(S, o[0], i[0])


IABS = MachineOp("iabs", _iabs, "c", late=0)


def _count(e: Emitter, o: Locs, i: Locs, opcode: int, stub: Any) -> None:
    e.rep_rr(opcode, o[0], i[0])


def _count_scan(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """`clz` and `ctz` by bit scan, which leaves zero undefined: 64 there."""
    opcode, empty, flip = imm
    d, t = o
    e.mov_ri(t, empty)
    e.bit_scan(opcode, d, i[0])
    e.cmov(E, d, t)
    if flip:
        e.alu_ri(XOR, d, flip)


def _popcount(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    """By adding neighbours (Warren, Hacker's Delight 5-1)."""
    d, t, m = o
    e.mov_rr(d, i[0])
    e.mov_rr(t, i[0])
    e.shift_ri(5, t, 1)
    e.movabs(m, 0x5555555555555555)
    e.alu_rr(AND, t, m)
    e.alu_rr(SUB, d, t)
    e.movabs(m, 0x3333333333333333)
    e.mov_rr(t, d)
    e.alu_rr(AND, d, m)
    e.shift_ri(5, t, 2)
    e.alu_rr(AND, t, m)
    e.alu_rr(ADD, d, t)
    e.mov_rr(t, d)
    e.shift_ri(5, t, 4)
    e.alu_rr(ADD, d, t)
    e.movabs(m, 0x0F0F0F0F0F0F0F0F)
    e.alu_rr(AND, d, m)
    e.movabs(m, 0x0101010101010101)
    e.imul_rr(d, m)
    e.shift_ri(5, d, 56)


COUNT = MachineOp("count", _count, "c")
COUNT_SCAN = MachineOp("count", _count_scan, "c", late=0)
POPCOUNT = MachineOp("popcount", _popcount, "c", late=0)


def _multiply_wide(e: Emitter, o: Locs, i: Locs, k: int, stub: Any) -> None:
    if i[1] >= SLOT:
        e.unary_m(k, e.slot(i[1]))
    else:
        e.unary(k, i[1])


def _mulx(e: Emitter, o: Locs, i: Locs, row: Row, stub: Any) -> None:
    e.bmi(row, o[0], o[1], i[1])


MULTIPLY_WIDE = MachineOp("mul", _multiply_wide, "c", slots=1)  # outs rax, rdx; ins rax, b
MULX = MachineOp("mulx", _mulx)  # outs high, low; ins rdx, b


def _divide(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Stub | None) -> None:
    """outs rax, rdx and, when it floors, a scratch; ins rax, divisor. The divider takes 32 bits at a time where both
    fit, which is faster on all processors, on old ones four times; the stub does the rest."""
    assert stub is not None
    stub.back = object()
    e.mov_rr(RDX, RAX)
    e.alu_rr(OR, RDX, i[1])
    e.shift_ri(SHR, RDX, 32)
    e.jcc(NE, stub)
    e.unary(DIV, i[1], 0)
    e.bind(stub.back)


DIVIDE = MachineOp("divide", _divide, "c", late=0)

# -- memory ----------------------------------------------------------------------------------------


def _load(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.load(imm[0], o[0], mem(e, i, 0, imm[1]))


def _load_bool(e: Emitter, o: Locs, i: Locs, addr: Any, stub: Any) -> None:
    e.alu_mi(CMP, mem(e, i, 0, addr), 0, 1)
    e.mov_ri(o[0], 0)
    e.setcc(NE, o[0])


def _store(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.store(imm[0], mem(e, i, 1, imm[1]), i[0])


def _store_i(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.store_i(imm[0], mem(e, i, 0, imm[2]), imm[1])


def _load_x(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.load_x(imm[0], o[0], mem(e, i, 0, imm[1]))


def _store_x(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.store_x(imm[0], mem(e, i, 1, imm[1]), i[0])


def _alloca(e: Emitter, o: Locs, i: Locs, offset: int, stub: Any) -> None:
    e.lea(o[0], (RSP, -1, 0, e.alloca_base + offset))


def _alu_mr(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    k, size, addr = imm
    e.alu_mr(k, mem(e, i, 1, addr), i[0], size)


def _alu_mi(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    k, size, value, addr = imm
    e.alu_mi(k, mem(e, i, 0, addr), value, size)


LOAD = MachineOp("load", _load)
LOAD_BOOL = MachineOp("load", _load_bool, "c")
STORE = MachineOp("store", _store)
STORE_I = MachineOp("store", _store_i)
LOAD_X = MachineOp("load", _load_x)
STORE_X = MachineOp("store", _store_x)
ALLOCA = MachineOp("alloca", _alloca)
ALLOCA.remat = ALLOCA
ALU_MR = MachineOp("alu", _alu_mr, "c")
ALU_MI = MachineOp("alu", _alu_mi, "c")
