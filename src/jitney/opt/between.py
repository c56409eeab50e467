"""Two comparisons of a value with constants are one, where both lead to the same place if they fail.

    b1: v4 = sge v2, v10            b1: v6 = add v2, v13      (-97)
        br v4, b2, b3                   v7 = ule v6, v14      (25)
    b2: v5 = sle v2, v11                br v7, b4, b3
        br v5, b4, b3

`97 <= c <= 122` is that, and so is what is left of `c < 97 or c > 122`. One branch instead of two: half as many that
may be guessed wrong. Late, when loops are what they will be, a comparison with 0 and one with what is not negative, as
well:

    b1: v4 = sge v2, v10 (0)            b1: v7 = ult v2, v3
        br v4, b2, b3                       br v7, b4, b3
    b2: v5 = slt v2, v3
        br v5, b4, b3
"""

from __future__ import annotations

from ..analysis.intervals import MAX, MIN
from ..ir.function import Edge
from ..ir.ops import OPS
from ..ir.types import I1, I64
from .constants import Constants
from .params import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function
    from ..ir.types import Type

_CONST = OPS["const"]
_COMPARES = frozenset(OPS[name] for name in ("slt", "sle", "sgt", "sge"))


_UNSIGNED = {"slt": "ult", "sle": "ule"}
_OPPOSITE = {"slt": "sge", "sle": "sgt", "sgt": "sle", "sge": "slt"}


def join(function: Function, late: bool = False) -> Function:
    """Join such comparisons, in place."""
    ops, args = function.ops, function.args
    preds: dict[Block, list[Block]] | None = None
    uses: dict[int, int] = {}
    constant = Constants(function)
    gone: set[Block] = set()
    for block in function.blocks:
        if block.term != "br" or block in gone:
            continue
        cond = block.term_args[0]
        if ops[cond] not in _COMPARES or (ops[args[cond][1]] is not _CONST and not late):
            continue
        if preds is None:
            preds = function.predecessors()
        arm = _joined(function, block, preds, uses, constant, late)
        if arm is not None:
            gone.add(arm)
    if not gone:
        return function
    function.blocks = [block for block in function.blocks if block not in gone]
    return clean(function)


def _joined(
    function: Function, block: Block, preds: dict[Block, list[Block]], uses: dict[int, int], constant: Constants,
    late: bool,
) -> Block | None:  # fmt: skip
    """Let `block` do the comparison of the block it leads to, too; gives that block, which is no longer reached."""
    ops, args = function.ops, function.args
    cond = block.term_args[0]
    value = args[cond][0]
    for k, other in ((0, block.edges[1]), (1, block.edges[0])):
        arm = block.edges[k].target
        if arm.term != "br" or len(arm.insts) != 1 or arm.params or preds[arm] != [block] or arm.loop is not block.loop:
            continue
        second = arm.term_args[0]
        if arm.insts != [second] or ops[second] not in _COMPARES or args[second][0] != value:
            continue
        known = ops[args[cond][1]] is _CONST and ops[args[second][1]] is _CONST
        if not known and not late:
            continue
        for j, out in ((0, arm.edges[1]), (1, arm.edges[0])):
            goal = arm.edges[j]
            if out.target is not other.target or out.args != other.args or goal.target is out.target:
                continue
            if _heads(goal.target) or _heads(out.target) or out.target.loop is not block.loop:
                continue
            below = ("", -1)
            low = high = 0
            if known:
                low, high = _interval(function, cond, k == 0)
                low2, high2 = _interval(function, second, j == 0)
                low, high = max(low, low2), min(high, high2)
                if low == MIN or high == MAX or low > high:
                    continue
            else:
                found = _below(function, cond, k == 0, second, j == 0) or _below(function, second, j == 0, cond, k == 0)
                if found is None:
                    continue
                below = found
            if not uses:
                for a in function.uses():
                    uses[a] = uses.get(a, 0) + 1
            if uses[second] != 1:
                continue
            if known:
                _test(function, block, value, low, high, constant)
            else:
                block.term_args = (_append(function, block, below[0], (value, below[1]), I1),)
            block.edges = [Edge(goal.target, goal.args), other]
            preds[goal.target] = [block if b is arm else b for b in preds[goal.target]]
            preds[out.target].remove(arm)
            return arm
    return None


def _heads(block: Block) -> bool:
    return block.loop is not None and block.loop.header is block


def _interval(function: Function, compare: int, holds: bool) -> tuple[int, int]:
    """The numbers of which the comparison with a constant is `holds`."""
    c = int(function.imms[function.args[compare][1]])
    name = function.ops[compare].name
    if not holds:
        name = _OPPOSITE[name]
    if name == "slt" or name == "sle":
        return MIN, c - (name == "slt")
    return c + (name == "sgt"), MAX


def _below(function: Function, sign: int, positive: bool, compare: int, holds: bool) -> tuple[str, int] | None:
    """The unsigned comparison, and with what, that says whether a value is not negative, as the comparison `sign` is to
    tell, and passes `compare`, with what is not negative."""
    ops, args = function.ops, function.args
    n = args[compare][1]
    if ops[args[sign][1]] is not _CONST or _interval(function, sign, positive) != (0, MAX):
        return None
    name = ops[compare].name if holds else _OPPOSITE[ops[compare].name]
    if name not in _UNSIGNED or function.facts.get(n, (MIN, MAX))[0] < 0:
        return None
    return _UNSIGNED[name], n


def _test(function: Function, block: Block, value: int, low: int, high: int, constant: Constants) -> None:
    """End `block` by whether `value` is in the interval."""
    if low:
        value = _append(function, block, "add", (value, constant(-low)), I64)
    block.term_args = (_append(function, block, "ule", (value, constant(high - low)), I1),)


def _append(function: Function, block: Block, name: str, args: tuple[int, ...], type: Type) -> int:
    v = function.new_value(OPS[name], type, args, None, block.line, block)
    block.insts.append(v)
    return v
