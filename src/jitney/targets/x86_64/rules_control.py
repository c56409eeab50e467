"""Rules for checks and calls."""

from __future__ import annotations

from ...codegen.machine import FIRST
from ...codegen.select import CONST
from ...ir import context
from ...ir.ops import OPS
from ...ir.types import I1
from . import abi, ops
from . import ops_control as control
from .encode import ADD, SUB
from .select import fits
from .stubs import call_stub, index_stub, poll_stub

TYPE_CHECKING = False
if TYPE_CHECKING:

    from ...codegen.machine import Stub
    from .select import X86Selector

_RESULT = OPS["result"]


def guard(s: X86Selector, v: int) -> None:
    """guard c, d, ...   ->   cmp; jcc stub"""
    condition, dirty, *captures = s.args[v]
    s.check(condition, True, s.leave(s.imms[v], dirty, tuple(captures)))


def _checked(s: X86Selector, v: int, k: int) -> None:
    a, b, dirty = s.args[v]
    stub = s.leave(s.imms[v], dirty)
    d = v + FIRST
    if k == ADD and (s.ops[a] is CONST or s.sinks(a)) and s.ops[b] is not CONST:
        a, b = b, a
    c = s.integer(b)
    if c is not None and fits(c):
        s.add(ops.CHECKED_RI, (d,), (s.use(a),), (k, c), stub)
    elif s.sinks_as(b, "i64") and a != b:
        r = s.use(a)
        ins, addr = s.memory(b)
        s.add(ops.CHECKED_RM, (d,), (r, *ins), (k, addr), stub)
    else:
        s.add(ops.ADDO_RR if k == ADD else ops.SUBO_RR, (d,), (s.use(a), s.use(b)), k, stub)


def addo(s: X86Selector, v: int) -> None:
    """addo a, b   ->   add a, b; jo stub"""
    _checked(s, v, ADD)


def subo(s: X86Selector, v: int) -> None:
    _checked(s, v, SUB)


def mulo(s: X86Selector, v: int) -> None:
    a, b, dirty = s.args[v]
    stub = s.leave(s.imms[v], dirty)
    d = v + FIRST
    if s.ops[a] is CONST:
        a, b = b, a
    c = s.integer(b)
    if c is not None and fits(c):
        s.add(ops.IMUL_RI, (d,), (s.use(a),), c, stub)
    elif s.sinks_as(b, "i64") and a != b:
        r = s.use(a)
        ins, addr = s.memory(b)
        s.add(ops.IMUL_RM, (d,), (r, *ins), addr, stub)
    else:
        s.add(ops.IMUL_RR, (d,), (s.use(a), s.use(b)), None, stub)


def index(s: X86Selector, v: int) -> None:
    """index i, n   ->   cmp i, n; jae stub"""
    i, n, dirty = s.args[v]
    c = s.integer(n)
    if c is not None and 0 <= c and fits(c):
        stub = s.leave(s.imms[v], dirty, emit=index_stub, data=c)
        s.add(control.INDEX, (v + FIRST,), (s.use(i),), c, stub)
    else:
        stub = s.leave(s.imms[v], dirty, emit=index_stub)
        s.add(control.INDEX, (v + FIRST,), (s.use(i), s.use(n)), None, stub)


def poll(s: X86Selector, v: int) -> None:
    """poll fuel   ->   sub fuel, step; js stub"""
    fuel, dirty = s.args[v]
    site, step = s.imms[v]
    s.add(control.POLL, (v + FIRST,), (s.use(fuel),), step, s.leave(site, dirty, emit=poll_stub))


def enter(s: X86Selector, v: int) -> None:
    """enter   ->   cmp rsp, [context.STACK_LIMIT]; jb stub; sub [context.FUEL], 1; js stub"""
    ctx, dirty = s.args[v]
    r = s.use(ctx)
    s.add(control.ENTER_STACK, (), (r,), context.STACK_LIMIT, s.leave(s.imms[v], dirty))
    s.add(control.ENTER_FUEL, (), (r,), context.FUEL, s.leave(s.imms[v], dirty, emit=poll_stub, data=True))


def _arguments(s: X86Selector, values: tuple[int, ...]) -> tuple[int, ...]:
    """Pass these values; returns the registers that carry them."""
    places, size = abi.arguments([s.types[v] for v in values])
    s.m.calls = True
    if size > s.m.outgoing:
        s.m.outgoing = (size + 15) & -16
    return s.pass_arguments(values, places)


def _results(s: X86Selector, v: int, places: tuple[int, ...]) -> None:
    """Take the results that are wanted out of the registers they came in. Result k is value v + k or its `result`."""
    outs: list[int] = []
    ins: list[int] = []
    for value, k in _members(s, v):
        if k < len(places) and s.needed[value]:
            outs.append(value + FIRST)
            ins.append(places[k])
    if outs:
        s.add(ops.MOVES, tuple(outs), tuple(ins), ())


def _members(s: X86Selector, v: int) -> list[tuple[int, int]]:
    """The values that are results of call `v`: (value, number)."""
    members = [(v, 0)]
    insts = s.block.insts
    at = insts.index(v) + 1
    while at < len(insts) and s.ops[insts[at]] is _RESULT and s.args[insts[at]][0] == v:
        members.append((insts[at], s.imms[insts[at]]))
        at += 1
    return members


def _jit_call(s: X86Selector, v: int, values: tuple[int, ...], stub: Stub | None) -> None:
    imm = s.imms[v]
    registers = _arguments(s, values)
    places = abi.results(imm.results, "jit")
    s.add(control.CALL_JIT, places, registers, imm.target, stub)
    _results(s, v, places)


def call(s: X86Selector, v: int) -> None:
    """call f   ->   call f; jc stub"""
    *values, dirty = s.args[v]
    _jit_call(s, v, tuple(values), s.leave(s.imms[v].site, dirty, emit=call_stub))


def invoke(s: X86Selector, v: int) -> None:
    _jit_call(s, v, s.args[v], None)
    n = len(s.imms[v].results)
    for value, k in _members(s, v):
        if k == n and s.needed[value]:
            s.add(control.SET, (value + FIRST,), (), 2)


def ccall(s: X86Selector, v: int) -> None:
    if v in s.tails:
        return
    imm = s.imms[v]
    registers = _arguments(s, s.args[v])
    places = abi.results(imm.results, "c")
    s.add(control.CALL_C, places, registers, imm.target)
    _results(s, v, places)
    for value, k in _members(s, v):
        if k < len(places) and s.needed[value] and s.types[value] is I1:
            s.add(ops.EXTEND, (value + FIRST,), (value + FIRST,), "u8")


def result(s: X86Selector, v: int) -> None:
    """Selected with its call."""
