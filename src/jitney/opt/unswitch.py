"""Unswitching: an innermost loop that branches on what is the same in each iteration becomes two loops.

    pre: jump head(0)                       pre: br c, one, two
    head(k): br c, b1, b2                   one: jump head1(0)
    b1: v = fadd x, y                       head1(k): v = fadd x, y
        jump b3(v)                              ...
    b2: v = fsub x, y                       two: jump head2(0)
        jump b3(v)                          head2(k): v' = fsub x, y
    b3(v): ...                                  ...

The branch itself costs little, but each copy is shorter, may need no checks and may be vectorised. Where it branches on
several things, one after the other, as long as the function does not grow too much.
"""

from __future__ import annotations

from ..ir.function import Edge
from ..ir.ops import OPS
from ..ir.types import I1
from .rebuild import Rebuild, laid_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_MOST_WORK = 80  # instructions of a loop
_MOST_MORE = 240  # instructions of all copies that are made
_ROUNDS = 3
_CONST, _POLL, _STORE = OPS["const"], OPS["poll"], OPS["store"]


def unswitch(function: Function) -> Function:
    """Take branches on invariant conditions out of innermost loops."""
    left = _MOST_MORE
    for _ in range(_ROUNDS):
        loops = _candidates(function)
        if not loops:
            break
        laid_out(function)
        bodies: dict[Loop, list[Block]] = {loop: [] for loop in loops}
        for block in function.blocks:
            if block.loop in bodies:
                bodies[block.loop].append(block)
        plans: dict[Block, tuple[list[Block], int]] = {}
        for loop, body in bodies.items():
            work = sum([len(block.insts) for block in body])
            together = body[0] is loop.header and body[-1].id - body[0].id == len(body) - 1
            if together and work <= min(left, _MOST_WORK) and not _calls(function, body):
                left -= work
                plans[loop.header] = body, loops[loop]
        if not plans:
            break
        function = _Unswitching(function, plans).run()
    return function


def _candidates(function: Function) -> dict[Loop, int]:
    """Innermost loops that branch on an invariant condition, with the first such."""
    homes, ops = function.homes, function.ops
    found: dict[Loop, int] = {}
    for block in function.blocks:
        loop = block.loop
        if block.term != "br" or loop is None or loop in found:
            continue
        (cond,) = block.term_args
        home = homes[cond].loop
        if ops[cond] is not _CONST and (home is None or not home.inside(loop)):
            found[loop] = cond
    if found:
        for outer in {loop.parent for loop in function.loops()}:
            if outer is not None:
                found.pop(outer, None)
    return found


def _calls(function: Function, body: list[Block]) -> bool:
    """Whether something takes so long that nothing is gained."""
    ops = function.ops
    return any(ops[v].writes and ops[v] is not _STORE and ops[v] is not _POLL for block in body for v in block.insts)


class _Unswitching(Rebuild):
    """The copy in which the loops with the headers in `plans` are doubled; to each belong its blocks and the
    condition."""

    __slots__ = ("_done", "plans")

    def __init__(self, old: Function, plans: dict[Block, tuple[list[Block], int]]) -> None:
        super().__init__(old, {})
        self.plans = plans
        self.verbatim = True
        self._done: set[Block] = set()
        self.pass_values([body for body, _ in plans.values()])

    def block(self, block: Block) -> None:
        if block in self._done:
            return
        plan = self.plans.get(block)
        if plan is None or not self._sources[self.blocks[block]]:
            super().block(block)
        else:
            self.settle()
            self._double(*plan)
            self._done.update(plan[0])

    def _double(self, body: list[Block], cond: int) -> None:
        """Two copies of the loop, with a branch before them."""
        builder, value, header = self.builder, self.value, body[0]
        loop = header.loop
        assert loop is not None
        ((before, entry),) = self._sources[self.blocks[header]]
        test = value[cond]
        ways = [builder.new_block(before.loop), builder.new_block(before.loop)]
        before.term, before.term_args, before.edges = "br", (test,), [Edge(way) for way in ways]
        for way, holds in zip(ways, (True, False)):
            builder.start(way, before)
            if not holds:
                first = self.loops.pop(loop)
                self.loops[first] = first
                for block in body:
                    for edge in block.edges:
                        if edge.target not in body:
                            self._waiting[self.blocks[edge.target]] += 1
                self.begin_copy(body)
            head = self.blocks[header]
            into = Edge(head, entry.args)
            way.term, way.edges, way.line = "jump", [into], before.line
            self._sources[head] = [(way, into)]
            self.loops[loop].preheader = way
            value[cond] = builder.const(I1, holds)
            self.verbatim = False
            self.start(head, header)
            self.instructions(header)
            self.terminator(header)
            for block in body[1:]:
                super().block(block)
            self.settle()
            self.verbatim = True
        value[cond] = test
