"""Checks that are the same in each iteration, made once before the loop.

    pre: jump head(v0)                      pre: v5 = index v2, v3, v9
                                                 jump head(v0)
    head(v4): v5 = index v2, v3, v9         head(v4):
              v6 = load f64 [v1 + v5*8]               v6 = load f64 [v1 + v5*8]

Which may go there? The check must be certain to be executed once the loop is entered, unless another one fails before:
its block dominates the ends of the iteration and every way out of the loop. Otherwise a function that never needed it
would fail for nothing, every time. Then either of

- nothing visible has happened before the loop: failing early is always right, and it would have failed in the first
  iteration anyway;
- it is the first thing in the loop that may fail or be seen: then failing before the loop is failing there.
"""

from __future__ import annotations

from ..ir.dominators import dominates
from ..ir.ops import OPS
from .inplace import move

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_GUARD, _CONST = OPS["guard"], OPS["const"]


def hoist(function: Function) -> Function:
    """Move invariant checks out of loops."""
    hoisted: dict[Block, list[int]] = {}
    dirty: dict[int, int] = {}
    bodies: dict[Loop, _Body] = {}
    for block in function.blocks:
        if block.loop is None:
            continue
        for v in block.insts:
            op = function.ops[v]
            if op.guard and not op.writes:
                target = _target(function, v, block, bodies, hoisted, dirty)
                if target is not None:
                    hoisted.setdefault(target.header, []).append(v)
    for header, moved in hoisted.items():
        for v in moved:
            args = list(function.args[v])
            args[_flag(function, v)] = dirty[v]
            function.args[v] = tuple(args)
        move(function, moved, header.loop.preheader)  # type: ignore[union-attr]
    return function


def _flag(function: Function, v: int) -> int:
    """Which argument of a check is the dirty flag."""
    return 1 if function.ops[v] is _GUARD else 2


class _Body:
    """What the rule asks about one loop.

    Attributes:
        inside: its blocks; `ends`: those from which an edge leads to the header or out, or which leave the function.
        first: the checks, in order, before which nothing else in the loop can fail or be seen.
    """

    __slots__ = ("ends", "first", "inside")

    def __init__(self, function: Function, loop: Loop) -> None:
        self.inside = {b for b in function.blocks if b.loop is not None and b.loop.inside(loop)}
        self.ends = [
            b for b in self.inside
            if not b.edges or any(e.target is loop.header or e.target not in self.inside for e in b.edges)
        ]  # fmt: skip
        self.first: list[int] = []
        block = loop.header
        while self._collect(function, block) and block.term == "jump":
            block = block.edges[0].target
            if block.loop is not loop or block is loop.header:
                return

    def _collect(self, function: Function, block: Block) -> bool:
        for v in block.insts:
            op = function.ops[v]
            if op.writes:
                return False
            if op.guard:
                self.first.append(v)
        return True


def _target(
    function: Function, v: int, block: Block, bodies: dict[Loop, _Body], hoisted: dict[Block, list[int]],
    dirty: dict[int, int],
) -> Loop | None:  # fmt: skip
    """The outermost loop that the check can leave."""
    homes, ops = function.homes, function.ops
    loop = block.loop
    target = None
    args, number = function.args[v], _flag(function, v)
    flag = args[number]
    others = args[:number] + args[number + 1 :]
    while loop is not None:
        if any(homes[a].loop is not None and homes[a].loop.inside(loop) for a in others):  # type: ignore[union-attr]
            break
        body = bodies.get(loop)
        if body is None:
            body = bodies[loop] = _Body(function, loop)
        if not all(dominates(block, end) for end in body.ends):
            break
        if homes[flag].loop is not None and homes[flag].loop.inside(loop):  # type: ignore[union-attr]
            if flag not in loop.header.params:
                break
            flag = loop.preheader.edges[0].args[loop.header.params.index(flag)]
        clean = ops[flag] is _CONST and not function.imms[flag]
        if not clean and not _comes_first(v, body.first, hoisted.get(loop.header, [])):
            break
        target = loop
        dirty[v] = flag
        block, loop = loop.preheader, loop.parent
    return target


def _comes_first(v: int, first: list[int], gone: list[int]) -> bool:
    """Whether all checks before `v` leave the loop as well."""
    return v in first and all(w in gone for w in first[: first.index(v)])
