"""Checks that are the same in each iteration, made once before the loop; so are calls, quotients and roots.

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

What only computes needs to be certain to be executed, too, where it takes long: all else that does not change in a loop
has been in front of it since it was built (`Builder`), but for what is computed from these. A division of integers is
moved without the check of its divisor, which may have to stay: where that may be 0, it divides by 1 instead.
"""

from __future__ import annotations

from ..ir.dominators import dominates
from ..ir.ops import OPS
from ..ir.types import I1, I64
from .inplace import move

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_GUARD, _CONST, _CCALL = OPS["guard"], OPS["const"], OPS["ccall"]
_FLOORDIV = OPS["floordiv"]
_DIVISIONS = frozenset((_FLOORDIV, OPS["floormod"], OPS["udiv"], OPS["urem"]))  # neither pure nor checks


def hoist(function: Function) -> Function:
    """Move invariant checks out of loops."""
    sweep = _Sweep(function)
    for block in function.blocks:
        if block.loop is not None:
            for v in block.insts:
                op = function.ops[v]
                if (op.guard and not op.writes) or op.pure or (op is _CCALL and function.imms[v].pure):
                    sweep.visit(v, block)
                elif op in _DIVISIONS and (op is not _FLOORDIV or _is_positive(function, function.args[v][1])):
                    sweep.visit(v, block)
    for header, moved in sweep.hoisted.items():
        move(function, moved, header.loop.preheader)  # type: ignore[union-attr]
    return function


def _is_positive(function: Function, divisor: int) -> bool:
    if function.ops[divisor] is _CONST:
        return int(function.imms[divisor]) > 0
    return divisor in function.facts and function.facts[divisor][0] > 0


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


class _Sweep:
    """Attributes:
        hoisted: what leaves a loop, by the loop's header. placed: where each of these will be.
    """

    __slots__ = ("_bodies", "_function", "hoisted", "placed")

    def __init__(self, function: Function) -> None:
        self._function = function
        self._bodies: dict[Loop, _Body] = {}
        self.hoisted: dict[Block, list[int]] = {}
        self.placed: dict[int, Block] = {}

    def visit(self, v: int, block: Block) -> None:
        """Move `v`, which stands in `block`, out of as many loops as it can leave."""
        function, homes = self._function, self._function.homes
        op, args = function.ops[v], function.args[v]
        number = -1 if not op.guard else 1 if op is _GUARD else 2  # which argument is the dirty flag
        flag = args[number] if number > 0 else -1
        loop = block.loop
        target = None
        while loop is not None:
            for k, a in enumerate(args):
                home = self.placed.get(a, homes[a]).loop
                if k != number and home is not None and home.inside(loop):
                    break
            else:
                if not self._is_certain(block, loop):
                    break
                if number > 0:
                    found = self._flag_before(v, flag, loop)
                    if found < 0:
                        break
                    flag = found
                target = loop
                block, loop = loop.preheader, loop.parent
                continue
            break
        if target is not None:
            moved = self.hoisted.setdefault(target.header, [])
            if op in _DIVISIONS and not _is_positive(function, args[1]):
                moved += self._nonzero(v, target.preheader)
            moved.append(v)
            self.placed[v] = target.preheader
            if number > 0:
                function.args[v] = (*args[:number], flag, *args[number + 1 :])

    def _nonzero(self, v: int, block: Block) -> list[int]:
        """Let the division `v` divide by 1 where it divides by 0; the instructions that it takes, for `block`."""
        function, line = self._function, self._function.lines[v]
        x, divisor = function.args[v]
        zero = function.new_value(_CONST, I64, (), 0, line, block)
        one = function.new_value(_CONST, I64, (), 1, line, block)
        is_zero = function.new_value(OPS["eq"], I1, (divisor, zero), None, line, block)
        chosen = function.new_value(OPS["select"], I64, (is_zero, one, divisor), None, line, block)
        function.args[v] = x, chosen
        return [zero, one, is_zero, chosen]

    def _body(self, loop: Loop) -> _Body:
        body = self._bodies.get(loop)
        if body is None:
            body = self._bodies[loop] = _Body(self._function, loop)
        return body

    def _is_certain(self, block: Block, loop: Loop) -> bool:
        """Whether `block` is executed in each iteration, unless the function is left."""
        return all(dominates(block, end) for end in self._body(loop).ends)

    def _flag_before(self, v: int, flag: int, loop: Loop) -> int:
        """The dirty flag of a check in front of the loop; -1 if it must not be made there."""
        function = self._function
        home = function.homes[flag].loop
        if home is not None and home.inside(loop):
            if flag not in loop.header.params:
                return -1
            flag = loop.preheader.edges[0].args[loop.header.params.index(flag)]
        clean = function.ops[flag] is _CONST and not function.imms[flag]
        first, gone = self._body(loop).first, self.hoisted.get(loop.header, [])
        # All checks before it must leave the loop as well.
        return flag if clean or (v in first and all(w in gone for w in first[: first.index(v)])) else -1
