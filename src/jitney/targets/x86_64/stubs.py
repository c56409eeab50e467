"""Cold code: what runs when a check fails, and the slow halves of `index`, `poll` and floored division.

A stub that leaves the function stores what it captured into the context, puts the context's address into rdi and the
site into eax, and jumps to a tail that all of them share: it completes the site's number, restores the caller's
registers and returns with the carry set.

`Stub.uses` are: the context, then the captures that are no constants, then the dirty flag unless it is constant.
`Stub.kinds` lists the captures in order: a constant's 64 bits, or the `Type` of the next of `uses`.
"""

from __future__ import annotations

from ...codegen.machine import SLOT
from ...ir import context
from ...ir.types import F32
from .encode import ADD, AE, AND, CMP, DIV, IDIV, NE, NEG, NS, OR, RAX, RCX, RDI, RDX, SAR, SHR, SUB, XOR, B, E
from .ops import MOVSD_STORE, MOVSS_STORE
from .ops_control import jump_if

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...codegen.machine import Stub
    from .emit import Emitter


def _spare(taken: tuple[int, ...]) -> int:
    """A general register that holds nothing wanted."""
    for r in (RAX, RCX, RDX, 6, 8, 9, 10, 11, RDI):
        if r not in taken:
            return r
    raise AssertionError("more captures than registers")


def _save(e: Emitter, base: int, disp: int, value: int, spare: int) -> None:
    """Store the 64 bits at location `value` to [base + disp]."""
    m = (base, -1, 0, disp)
    if value >= SLOT:
        e.load("i64", spare, e.slot(value))
        value = spare
    if value < 16:
        e.store(8, m, value)
    else:
        e.store_x(MOVSD_STORE, m, value)


def _save_single(e: Emitter, base: int, disp: int, value: int, spare: int) -> None:
    """Store a float's 32 bits, zero-extended: what stands above them in its place is unknown."""
    if value >= SLOT:
        e.load("u32", spare, e.slot(value))
        e.store(8, (base, -1, 0, disp), spare)
    else:
        e.store_x(MOVSS_STORE, (base, -1, 0, disp), value)
        e.store_i(4, (base, -1, 0, disp + 4), 0)


def _context(e: Emitter, stub: Stub, taken: tuple[int, ...]) -> int:
    """A register holding the context's address."""
    base = stub.locs[0]
    if base >= SLOT:
        base = _spare(taken)
        e.load("i64", base, e.slot(stub.locs[0]))
    return base


def _leave(e: Emitter, stub: Stub, base: int, tail: Any) -> None:
    """The end of a stub: dirty flag, context and site where the shared tail wants them."""
    dirty: Any = stub.dirty
    if dirty is None:
        place = stub.locs[-1]
        _save(e, base, context.DIRTY, place, _spare((base, place)))
    if base != RDI:
        e.mov_rr(RDI, base)
    e.mov_ri(RAX, stub.site)
    e.jmp(_tail(e, tail, dirty))


def _tail(e: Emitter, write: Any, *key: Any) -> Any:
    return e.tails.setdefault((write, e.framed, *key), object())


def exit_stub(e: Emitter, stub: Stub) -> None:
    """Leave through a site with the captured values in the context."""
    e.bind(stub)
    _exit(e, stub)


def retry_stub(e: Emitter, stub: Stub) -> None:
    """The second test of a guard that has two. `data`: the row of the float compare or None, the condition, and the
    constant that the first operand is compared with, or None."""
    e.bind(stub)
    row, cc, constant = stub.data
    a, *b = stub.operands[1]
    if row is not None:
        if b:
            e.ucomi(row, a, b[0])
        else:
            e.ucomi_m(row, a, e.constant(constant))
    elif b:
        e.alu_rr(CMP, a, b[0])
    else:
        e.alu_ri(CMP, a, constant)
    jump_if(e, cc, stub.back)
    _exit(e, stub)


def _exit(e: Emitter, stub: Stub) -> None:
    base = stub.locs[0]
    if stub.kinds:
        locs = stub.locs
        base = _context(e, stub, locs)
        spare = _spare((*locs, base))
        k = 1
        for n, value in enumerate(stub.kinds):
            disp = context.CAPTURES + 8 * n
            if type(value) is int:
                _save_constant(e, base, disp, value)
                continue
            if value is F32:
                _save_single(e, base, disp, locs[k], spare)
            else:
                _save(e, base, disp, locs[k], spare)
            k += 1
    else:
        base = _context(e, stub, stub.locs)
    _leave(e, stub, base, _exit_tail)


def _save_constant(e: Emitter, base: int, disp: int, value: int) -> None:
    e.store_i(4, (base, -1, 0, disp), value & 0xFFFFFFFF)
    e.store_i(4, (base, -1, 0, disp + 4), value >> 32 & 0xFFFFFFFF)


def _exit_tail(e: Emitter, label: Any, dirty: bool | None) -> None:
    """rdi: context, eax: site."""
    e.bind(label)
    if dirty is not None:
        e.store_i(8, (RDI, -1, 0, context.DIRTY), int(dirty))
    _site(e)
    e.store(8, (RDI, -1, 0, context.SITE), RAX)
    _fail(e)


def _site(e: Emitter) -> None:
    if e.function.id:
        e.mov_ri(RCX, e.function.id << 32)
        e.alu_rr(OR, RAX, RCX)


def _fail(e: Emitter) -> None:
    e.epilogue(False)
    e.stc()
    e.ret()


def call_stub(e: Emitter, stub: Stub) -> None:
    """The callee left: add this call to the trace and leave too."""
    e.bind(stub)
    base = _context(e, stub, stub.locs)
    if stub.dirty is None:
        place = stub.locs[-1]
        spare = _spare((base, place))
        if place >= SLOT:
            e.load("i64", spare, e.slot(place))
            place = spare
        e.alu_mr(OR, (base, -1, 0, context.DIRTY), place)
    if base != RDI:
        e.mov_rr(RDI, base)
    e.mov_ri(RAX, stub.site)
    e.jmp(_tail(e, _call_tail, bool(stub.dirty)))


def _call_tail(e: Emitter, label: Any, dirty: bool) -> None:
    e.bind(label)
    if dirty:
        e.store_i(8, (RDI, -1, 0, context.DIRTY), 1)
    _site(e)
    full = object()
    e.load("i64", RDX, (RDI, -1, 0, context.TRACE_COUNT))
    e.alu_mi(ADD, (RDI, -1, 0, context.TRACE_COUNT), 1)
    e.alu_ri(CMP, RDX, context.TRACE_MAX)
    e.jcc(AE, full)
    e.store(8, (RDI, RDX, 3, context.TRACE), RAX)
    e.bind(full)
    _fail(e)


def index_stub(e: Emitter, stub: Stub) -> None:
    """A negative index counts from the end; what is still outside leaves. `data`: the length if constant."""
    e.bind(stub)
    (r,), ins = stub.operands
    n = ins[1] if len(ins) > 1 else -1

    def with_length(k: int) -> None:
        if n < 0:
            e.alu_ri(k, r, stub.data)
        elif n >= SLOT:
            e.alu_rm(k, r, e.slot(n))
        else:
            e.alu_rr(k, r, n)

    with_length(ADD)
    with_length(CMP)
    e.jcc(B, stub.back)
    # the index as it came
    with_length(SUB)
    taken = (*stub.locs, r, n)
    base = _context(e, stub, taken)
    spare = _spare((*taken, base))
    _save(e, base, context.CAPTURES, r, spare)
    if n < 0:
        _save_constant(e, base, context.CAPTURES + 8, stub.data)
    else:
        _save(e, base, context.CAPTURES + 8, n, spare)
    _leave(e, stub, base, _exit_tail)


def poll_stub(e: Emitter, stub: Stub) -> None:
    """Out of fuel: run the thunk, which keeps every register, and refill."""
    e.bind(stub)
    e.call_symbol(e.poll)
    failed = object()
    e.jcc(B, failed)
    if stub.data:
        base = stub.operands[1][0]
        e.store_i(8, (base, -1, 0, context.FUEL), context.FUEL_FULL)
    else:
        e.mov_ri(stub.operands[0][0], context.FUEL_FULL)
    e.jmp(stub.back)
    e.bind(failed)
    _exit(e, stub)


def divide_stub(e: Emitter, stub: Stub) -> None:
    """Division of what does not fit into 32 bits. Floored: with t = a >> 63, floor(a / b) = t ^ ((t ^ a) // b) for a
    positive b, without a branch if t ^ a and b fit. Else, if signs of remainder and divisor differ and there is a
    remainder, the quotient is one less."""
    (_, _, *scratch), (_, b) = stub.operands
    back = stub.back
    e.bind(stub)
    if not scratch:
        e.zero(RDX)
        e.unary(DIV, b)
        e.jmp(back)
        return
    (t,) = scratch
    e.mov_rr(t, RAX)
    e.shift_ri(SAR, t, 63)
    e.alu_rr(XOR, RAX, t)
    e.mov_rr(RDX, RAX)
    e.alu_rr(OR, RDX, b)
    e.shift_ri(SHR, RDX, 32)
    e.jcc(NE, (stub, "large"))
    e.unary(DIV, b, 0)
    e.alu_rr(XOR, RAX, t)
    e.alu_rr(XOR, RDX, t)
    e.alu_rr(AND, t, b)
    e.alu_rr(ADD, RDX, t)
    e.jmp(back)
    e.bind((stub, "large"))
    e.alu_rr(XOR, RAX, t)
    if stub.data:
        # x % -1 is 0, and the machine's division of the minimum by -1 traps
        e.alu_ri(CMP, b, -1)
        e.jcc(E, (stub, "minus one"))
    e.cqo()
    e.unary(IDIV, b)
    e.mov_rr(t, RDX)
    e.alu_rr(XOR, t, b)
    e.jcc(NS, back)
    e.test_rr(RDX, RDX)
    e.jcc(E, back)
    e.alu_rr(ADD, RDX, b)
    e.alu_ri(SUB, RAX, 1)
    e.jmp(back)
    if stub.data:
        e.bind((stub, "minus one"))
        e.unary(NEG, RAX)
        e.zero(RDX)
        e.jmp(back)
