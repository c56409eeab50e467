"""Numbers put together of digits: `x * 10 + d` is tested by one comparison of x.

    b2(v5: i64):                        b2(v5: i64):
        v6 = mulo v5, 10, v1, !0            v20 = ule v5, 922337203685477554
        v7 = addo v6, v3, v1, !1            br v20, b7, b6
        v8 = add v7, -48                b6 cold:
        ...                                 v6 = mulo v5, 10, v1, !0
                                  ->        v7 = addo v6, v3, v1, !1
                                            v21 = add v7, -48
                                            jump b7'(v21)
                                        b7:
                                            v22 = mul v5, 10
                                            v23 = add v3, -48
                                            v24 = add v22, v23
                                            jump b7'(v24)
                                        b7'(v8: i64):
                                            ...

What is added must be small: an element of a narrow array, a remainder. Then a product far enough from 2**63 leaves room
for it, so the next digit waits for a product and a sum of machine integers only, not for two tests of overflow; and the
constant goes to the digit. Where the comparison fails the operations are done as they were, one by one.
"""

from __future__ import annotations

from ..analysis.intervals import MAX
from ..analysis.ranges import Ranges
from ..ir.function import Block, Edge
from ..ir.ops import OPS
from ..ir.types import I1, I64
from .constants import Constants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function
    from ..ir.ops import Op

_CONST, _PARAM, _ADD, _SUB, _MUL, _ULE = [OPS[name] for name in ("const", "param", "add", "sub", "mul", "ule")]
_ADDO, _SUBO, _MULO = OPS["addo"], OPS["subo"], OPS["mulo"]
_SUMS = (_ADDO, _SUBO)
_BY_CONSTANTS = {_ADD: 1, _ADDO: 1, _SUB: -1, _SUBO: -1}
_NEAR = 4  # dominators
_SMALL = 1 << 40  # what may be added, and multiplied by
_MOST = 16  # of them in a function


class _Digit:
    """A product, the sum that it goes into, and what a constant makes of that.

    Attributes:
        links: their values, in order; the constant's sum may be missing.
        most: the greatest factor that leaves room for the sum.
    """

    __slots__ = ("links", "most")

    def __init__(self, links: list[int], most: int) -> None:
        self.links = links
        self.most = most


def split(function: Function) -> Function:
    """In place, change what loops do."""
    found = _find(function)
    if found:
        constant = Constants(function)
        for digit in found[:_MOST]:
            _split(function, digit, constant)
    return function


def _find(function: Function) -> list[_Digit]:
    ops, args = function.ops, function.args
    products = [
        v for block in function.blocks if block.loop is not None and not block.cold for v in block.insts
        if ops[v] is _MULO and ops[args[v][1]] is _CONST and 1 < function.imms[args[v][1]] < _SMALL
    ]  # fmt: skip
    if not products:
        return []
    users: dict[int, list[int]] = {}
    for a in function.uses():
        users[a] = []
    for block in function.blocks:
        for v in block.insts:
            for a in args[v]:
                users[a].append(v)
        for a in [*block.term_args, *[a for edge in block.edges for a in edge.args]]:
            users[a].append(-1)
    ranges = Ranges(function)
    found = []
    for v in products:
        digit = _digit(function, v, users, ranges)
        if digit is not None:
            found.append(digit)
    return found


def _digit(function: Function, v: int, users: dict[int, list[int]], ranges: Ranges) -> _Digit | None:
    ops, args, homes = function.ops, function.args, function.homes
    home = homes[v]

    def only_user(a: int) -> int:
        wanted = users.get(a, ())
        return wanted[0] if len(wanted) == 1 and wanted[0] >= 0 and homes[wanted[0]] is home else -1

    sum = only_user(v)
    if sum < 0 or ops[sum] not in _SUMS or (ops[sum] is _SUBO and args[sum][0] != v):
        return None
    other = args[sum][1] if args[sum][0] == v else args[sum][0]
    low, high = ranges.anywhere(other)
    if ops[sum] is _SUBO:
        low, high = -high, -low
    links = [v, sum]
    last = only_user(sum)
    if last >= 0 and ops[last] in _BY_CONSTANTS and ops[args[last][1]] is _CONST and args[last][0] == sum:
        k = _BY_CONSTANTS[ops[last]] * function.imms[args[last][1]]
        low, high = min(low, low + k, k), max(high, high + k, k)
        links.append(last)
    if not -_SMALL < low <= high < _SMALL:
        return None
    between = home.insts[home.insts.index(v) + 1 : home.insts.index(links[-1])]
    if any(ops[w].writes for w in between if w not in links):
        return None
    return _Digit(links, (MAX - max(-low, high)) // function.imms[args[v][1]])


def _split(function: Function, digit: _Digit, constant: Constants) -> None:
    ops, args, imms, lines, homes = function.ops, function.args, function.imms, function.lines, function.homes
    last = digit.links[-1]
    block = homes[last]
    at = block.insts.index(last)
    number = max(b.id for b in function.blocks) + 1
    fast, slow, after = [Block(number + k, block.loop) for k in range(3)]
    slow.cold = True
    after.insts, after.params = block.insts[at + 1 :], [last]
    after.term, after.term_args, after.term_imm = block.term, block.term_args, block.term_imm
    after.edges, after.line = block.edges, block.line
    for v in after.insts:
        homes[v] = after
    for child in function.blocks:
        if child.idom is block:
            child.idom = after
    for loop in function.loops():
        if loop.preheader is block:
            loop.preheader = after
    del block.insts[at:]
    for v in digit.links[:-1]:
        homes[v].insts.remove(v)

    def emit(where: Block, like: int, op: Op, *given: int) -> int:
        v = function.new_value(op, I64, given, imms[like] if op.guard else None, lines[like], where)
        where.insts.append(v)
        return v

    # As it was, where that may overflow.
    made: dict[int, int] = {}
    for v in digit.links:
        made[v] = emit(slow, v, ops[v], *[made.get(a, a) for a in args[v]])
    product, sum = digit.links[:2]
    x, by = args[product][:2]
    other = args[sum][1] if args[sum][0] == product else args[sum][0]
    if len(digit.links) > 2:
        more = constant(_BY_CONSTANTS[ops[last]] * imms[args[last][1]] * (-1 if ops[sum] is _SUBO else 1))
        known = _known(function, block, other, more)
        other = known if known >= 0 else emit(fast, last, _ADD, other, more)
    result = emit(fast, sum, _SUB if ops[sum] is _SUBO else _ADD, emit(fast, product, _MUL, x, by), other)
    test = function.new_value(_ULE, I1, (x, constant(digit.most)), None, lines[product], block)
    block.insts.append(test)
    block.term, block.term_args, block.term_imm = "br", (test,), None
    block.edges = [Edge(fast), Edge(slow)]
    slow.idom = fast.idom = after.idom = block
    for one, value in ((fast, result), (slow, made[last])):
        one.term, one.edges, one.line = "jump", [Edge(after, (value,))], lines[last]
    ops[last], args[last], imms[last], homes[last] = _PARAM, (), None, after
    where = function.blocks.index(block) + 1
    function.blocks[where:where] = [fast, slow, after]


def _known(function: Function, block: Block, a: int, b: int) -> int:
    """The sum of `a` and `b` where a block not far before has computed it; else -1."""
    near: Block | None = block
    for _ in range(_NEAR):
        if near is None:
            break
        for v in near.insts:
            if function.ops[v] is _ADD and function.args[v] == (a, b):
                return v
        near = near.idom
    return -1
