"""A check that one of two things holds, in a loop: the second is computed only where the first does not hold.

    v5 = flt v4, 2**512                         v5 = flt v4, 2**512
    v6 = flt v4, inf                            br v5, on, test
    v7 = not v6                         test:   v6 = flt v4, inf
    v8 = or v5, v7                              v7 = not v6
    guard v8, ...                               guard v7, ...
    ...                                         jump on
                                        on:     ...

Squares of Python floats, which raise OverflowError, are checked like that: one comparison and a branch are left. Where
there are no powers (`needs.squares`) the pass is not run: other checks of the kind are rare.
"""

from __future__ import annotations

from ..ir.function import Block, Edge
from ..ir.ops import OPS
from ..ir.types import I1
from .rebuild import divided, lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_FLT, _GUARD, _OR = (OPS[name] for name in ("flt", "guard", "or"))
_MOST = 32


def divide(function: Function) -> Function:
    """Change what can be changed, in place."""
    ops, args = function.ops, function.args
    found = [
        v for block in function.blocks if block.loop is not None and not block.cold for v in block.insts
        if ops[v] is _GUARD and ops[args[v][0]] is _OR and ops[args[args[v][0]][0]] is _FLT
        and function.types[args[v][0]] is I1
    ]  # fmt: skip
    if not found:
        return function
    uses = [0] * len(ops)
    for a in function.uses():
        uses[a] += 1
    found = [v for v in found[:_MOST] if uses[args[v][0]] == 1]
    for v in found:
        _divide(function, uses, v)
    if found:
        lay_out(function)
    return function


def _divide(function: Function, uses: list[int], guard: int) -> None:
    """Split the block before `guard`."""
    args, homes = function.args, function.homes
    block, cond = homes[guard], args[guard][0]
    first, second = args[cond]
    at = block.insts.index(guard)
    on = divided(function, block, at + 1)
    before = block.insts[:at]
    moved = _only_for(function, uses, second, before)
    test = Block(-1, block.loop)
    args[guard] = second, *args[guard][1:]
    block.insts = [v for v in before if v not in moved and v != cond]
    test.insts, test.cold, test.line = [*moved, guard], True, function.lines[guard]
    test.term, test.edges = "jump", [Edge(on)]
    block.term, block.term_args, block.term_imm, block.edges = "br", (first,), None, [Edge(on), Edge(test)]
    for v in test.insts:
        homes[v] = test
    place = function.blocks.index(block) + 1
    function.blocks[place:place] = [test, on]


def _only_for(function: Function, uses: list[int], second: int, before: list[int]) -> list[int]:
    """Of the instructions before, those that only `second` is computed from, in order."""
    found, todo = set(), [second]
    here = set(before)
    while todo:
        v = todo.pop()
        if v in here and uses[v] == 1 and function.ops[v].pure:
            found.add(v)
            todo += function.args[v]
    return [v for v in before if v in found]
