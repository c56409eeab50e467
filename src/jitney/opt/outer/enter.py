"""The copy of a function with loops in lanes in front of the nests they are copies of: see the package's docstring.

The nest stays as it was and does what is left over, and everything where a condition fails.
"""

from __future__ import annotations

from ...ir.function import Edge
from ...ir.types import I64
from ..rebuild import InFront, laid_out
from .conditions import Conditions
from .fit import Unsuitable
from .lanes import Lanes
from .plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.function import Block, Function, Loop


def vectorized(function: Function, nests: list[list[Loop]]) -> Function:
    """A copy with loops in lanes for one loop of each of `nests` that allows it, or the function itself."""
    plans: dict[Block, Plan] = {}
    laid_out(function)
    taken: set[Loop] = set()
    for nest in nests:
        plan = _planned(function, nest, taken)
        if plan is not None and taken.isdisjoint((plan.loop, *plan.inner)):
            plans[plan.loop.preheader] = plan
            taken.update((plan.loop, *plan.inner))
    if not plans:
        return function
    return Entering(function, plans).run()


def _planned(function: Function, nest: list[Loop], taken: set[Loop]) -> Plan | None:
    """The plan for the innermost loop that allows one. For a loop that stores nothing only where no loop further out
    allows one: what it carries around goes from lane to lane in order."""
    found: Plan | None = None
    for loop in nest:
        if loop in taken:
            break
        try:
            plan = Plan(function, loop)
        except Unsuitable:
            continue
        if plan.stores:
            return plan
        found = found or plan
    return found


class Entering(InFront):
    """The copy in which the nests behind the preheaders in `plans` have one in lanes in front."""

    __slots__ = ()

    def __init__(self, old: Function, plans: dict[Block, Plan]) -> None:
        super().__init__(old, plans, [plan.blocks for plan in plans.values()])

    def copy(self, plan: Plan, conditions: Conditions, parts: int, rest: Block) -> Lanes:
        """What makes the copy of a nest."""
        return Lanes(self, plan, conditions, parts, rest)

    def enter(self, plan: Plan, edge: Edge) -> None:
        """The loops in lanes, and a new preheader for the nest."""
        builder, new = self.builder, self.new
        emit, header = builder.emit, plan.loop.header
        before, outer = builder.block, builder.block.loop
        number = header.params.index(plan.loop.counter)
        start = [self.value[a] for a in edge.args]
        k, stop = start[number], self.value[plan.loop.stop]
        rest = builder.new_block(outer)
        copies = [(parts, parts * plan.lanes) for parts in plan.parts]
        count = emit("sub", stop, k)
        self.unless(emit("uge", count, builder.const(I64, copies[-1][1])), rest, start)
        conditions = Conditions(self, plan, k)
        self.unless(conditions.every(), rest, start)
        values = start
        for parts, lanes in copies:
            after, here = rest, builder.block
            if lanes != copies[-1][1]:
                after = builder.new_block(outer)
                self.unless(emit("uge", count, builder.const(I64, lanes)), after, values)
            copy = self.copy(plan, conditions, parts, rest)
            values = copy.run(values)
            for v in plan.live:
                self.value[v] = copy.last(v)
            more = emit("slt", values[number], stop)
            self._waiting[self.blocks[plan.exit.target]] += 1
            self.end("br", (more,), [Edge(after, tuple(values)), self.edge(plan.exit)])
            if after is not rest:
                builder.start(after, here)
                values = [new.add_param(after, self.old.types[p]) for p in header.params]
                enough = emit("uge", emit("sub", stop, values[number]), builder.const(I64, copies[-1][1]))
                self.unless(enough, rest, values)
        builder.start(rest, before)
        self.enter_loop(plan.loop)
