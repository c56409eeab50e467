"""Innermost loops that end soon need no poll: the loop around them, or the caller, polls.

    head(x, n, fuel):                       head(x, n):
        x' = sar x, 1                           x' = sar x, 1
        fuel' = poll fuel                       n' = add n, 1
        n' = add n, 1                           br x' > 0, head(x', n'), out
        br x' > 0, head(x', n', fuel'), out

Which end soon? Those that halve something, or drop one of its bits, until nothing is left: they run at most 64 times;
and those that count a small number of iterations, or whose counter is known to be small, where nothing else in them is
a check, which `split` would have to copy them for. If these are many, they are counted off the fuel at once, in front
of the loop.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I64
from .inplace import substitute
from .params import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_SOON = 1 << 10  # iterations
_FEW = 64  # iterations that are not counted
_CONST, _POLL, _STORE, _AND, _ADD, _SUB = OPS["const"], OPS["poll"], OPS["store"], OPS["and"], OPS["add"], OPS["sub"]
_MUL = OPS["mul"]
_SAR, _LSHR, _UMULH, _UDIV, _FLOORDIV = OPS["sar"], OPS["lshr"], OPS["umulh"], OPS["udiv"], OPS["floordiv"]
# Tests of x and 0 that hold where a loop goes on, and those that hold where it ends.
_GOES_ON, _ENDS = (OPS["sgt"], OPS["ne"]), (OPS["sle"], OPS["eq"])
_OF_SIGN = (OPS["sgt"], OPS["sle"])


def drop(function: Function) -> Function:
    """Without the polls of innermost loops that end soon."""
    loops = function.loops()
    if not loops:
        return function
    outer = {loop.parent for loop in loops}
    bodies: dict[Loop, list[Block]] = {loop: [] for loop in loops if loop not in outer}
    for block in function.blocks:
        if block.loop in bodies:
            bodies[block.loop].append(block)
    same: dict[int, int] = {}
    for loop, body in bodies.items():
        polls = [v for block in body for v in block.insts if function.ops[v] is _POLL]
        ends_soon = _is_short if loop.counter >= 0 else _uses_up
        if len(polls) == 1 and ends_soon(function, loop, body):
            same[polls[0]] = function.args[polls[0]][0]
            if ends_soon is _is_short:
                _charge(function, loop, same[polls[0]])
    if not same:
        return function
    for block in function.blocks:
        if not same.keys().isdisjoint(block.insts):
            block.insts = [v for v in block.insts if v not in same]
    substitute(function, same)
    return clean(function)


def _is_short(function: Function, loop: Loop, body: list[Block]) -> bool:
    """Whether the loop runs a known, small number of times at most and has no checks."""
    ops, imms = function.ops, function.imms
    start = loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]
    low, high = function.facts.get(loop.counter, (0, _SOON))
    if high - low >= _FEW and (
        ops[start] is not _CONST or ops[loop.stop] is not _CONST or abs(imms[loop.stop] - imms[start]) > _SOON
    ):
        return False
    return not any(
        (ops[v].guard or ops[v].writes) and ops[v] is not _POLL and ops[v] is not _STORE for b in body for v in b.insts
    )


def _charge(function: Function, loop: Loop, fuel: int) -> None:
    """Count the iterations of a loop that starts and stops at constants, if they are many, off the fuel that it is
    entered with, its header's parameter `fuel`: in front of it, at once."""
    edge = loop.preheader.edges[0]
    start = edge.args[loop.header.params.index(loop.counter)]
    if function.ops[start] is not _CONST or function.ops[loop.stop] is not _CONST:
        return
    work = abs(function.imms[loop.stop] - function.imms[start])
    if work <= _FEW or fuel not in loop.header.params:
        return
    at = loop.header.params.index(fuel)
    entry, pre = function.entry, loop.preheader
    count = function.new_value(_CONST, I64, (), work, pre.line, entry)
    entry.insts.insert(0, count)
    left = function.new_value(_SUB, I64, (edge.args[at], count), None, pre.line, pre)
    pre.insts.append(left)
    edge.args = (*edge.args[:at], left, *edge.args[at + 1 :])


def _uses_up(function: Function, loop: Loop, body: list[Block]) -> bool:
    """Whether each iteration but the last halves a parameter, or drops one of its bits."""
    ops, args = function.ops, function.args
    header = loop.header
    latches = [(block, k) for block in body for k, edge in enumerate(block.edges) if edge.target is header]
    if len(latches) != 1 or latches[0][0].term != "br":
        return False
    ((latch, number),) = latches
    test = latch.term_args[0]
    if ops[test] not in (_ENDS if number else _GOES_ON) or function.types[args[test][0]] is not I64:
        return False
    x, zero = args[test]
    if not _is_number(function, zero, 0, 0):
        return False
    given = latch.edges[number].args
    return any(a == x and _less(function, x, p, ops[test] in _OF_SIGN) for p, a in zip(header.params, given))


def _less(function: Function, x: int, p: int, of_sign: bool) -> bool:
    """Whether `x` is half of `p`, at most, or `p` without a bit. What is negative may be so, if `of_sign`: it ends
    the loop."""
    ops, args, imms = function.ops, function.args, function.imms
    op = ops[x]
    if op is _AND:
        others = [a for a in args[x] if a != p]
        return len(others) == 1 and ops[others[0]] is _ADD and args[others[0]][0] == p and _is_number(
            function, args[others[0]][1], -1, -1)  # fmt: skip
    if op is _LSHR and (ops[args[x][0]] is _UMULH or ops[args[x][0]] is _MUL):
        # A division by a constant, of a small number by a product that does not wrap.
        y, shift = args[x]
        (z, by) = args[y]
        if z != p or ops[by] is not _CONST or not _is_number(function, shift, 0, 63):
            return False
        multiplier = imms[by] & ((1 << 64) - 1)
        if ops[y] is _UMULH:
            return bool(multiplier <= 1 << 63 + imms[shift])
        low, high = function.facts.get(p, (-1, 0))
        return bool(low >= 0 and high * multiplier >> 64 == 0 and 2 * multiplier <= 1 << imms[shift])
    if args[x][:1] != (p,):
        return False
    if op is _LSHR or (op is _SAR and of_sign):
        return _is_number(function, args[x][1], 1, 63)
    return (op is _UDIV or (op is _FLOORDIV and of_sign)) and _is_number(function, args[x][1], 2, 1 << 62)


def _is_number(function: Function, v: int, least: int, most: int) -> bool:
    return function.ops[v] is _CONST and bool(least <= function.imms[v] <= most)
