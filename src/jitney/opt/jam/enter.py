"""The copy of a function with jammed nests in front of those they are copies of: see the package's docstring.

The nest stays as it was and does what is left over, and everything where a condition fails.
"""

from __future__ import annotations

from ...ir.function import Edge, Loop
from ...ir.ops import OPS
from ...ir.types import I64
from ..outer.conditions import Conditions
from ..outer.fit import Unsuitable
from ..rebuild import InFront, laid_out
from . import pairs, updates_a_row
from .plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.function import Block, Function

_CONST, _STORE, _POLL, _INDEX = (OPS[name] for name in ("const", "store", "poll", "index"))
_ALONE, _IN_PAIRS = 4, 2  # iterations at once


def jammed(function: Function, rows: list[Block]) -> Function:
    """A copy with those of the loops `rows` jammed that allow it, or the function itself."""
    laid_out(function)
    plans = _planned(function, rows)
    around = dict.fromkeys([plan.loop.parent for plan in plans])
    outer = [loop for loop in around if loop is not None and loop.counter >= 0 and loop.parallel is None]
    made: set[Loop] = set()
    if outer:
        function, made, rest = pairs.paired(function, outer)
        if made:
            laid_out(function)
            left = [b for b in function.blocks if b.loop not in rest and updates_a_row(function, b)]
            plans = _planned(function, left)
    for plan in plans:
        plan.at_once = _IN_PAIRS if plan.loop.parent in made else _ALONE
    return Entering(function, {plan.loop.preheader: plan for plan in plans}).run() if plans else function


def _planned(function: Function, rows: list[Block]) -> list[Plan]:
    found: list[Plan] = []
    for body in rows:
        try:
            found.append(Plan(function, body))
        except Unsuitable:
            continue
    return found


class Entering(InFront):
    """The copy in which the nests behind the preheaders in `plans` have a jammed one in front."""

    __slots__ = ("_copies",)

    def __init__(self, old: Function, plans: dict[Block, Plan]) -> None:
        super().__init__(old, plans, [plan.blocks for plan in plans.values()])
        self._copies: list[dict[int, int]] = []  # new values by old ones, in each of the iterations done at once

    def enter(self, plan: Plan, edge: Edge) -> None:
        """The jammed nest, and a new preheader for the nest."""
        builder = self.builder
        emit, header = builder.emit, plan.loop.header
        before, around = builder.block, builder.block.loop
        start = [self.value[a] for a in edge.args]
        k = start[header.params.index(plan.loop.counter)]
        rest = builder.new_block(around)
        enough = emit("uge", emit("sub", self.value[plan.loop.stop], k), builder.const(I64, plan.at_once))
        self.unless(enough, rest, start)
        conditions = Conditions(self, plan, k)
        self.unless(conditions.every(), rest, start)
        left = self._rounds(plan, conditions, start)
        more = emit("slt", left[header.params.index(plan.loop.counter)], self.value[plan.loop.stop])
        self._waiting[self.blocks[plan.exit.target]] += 1
        self.end("br", (more,), [Edge(rest, tuple(left)), self.edge(plan.exit)])
        builder.start(rest, before)
        self.enter_loop(plan.loop)

    def _rounds(self, plan: Plan, conditions: Conditions, start: list[int]) -> list[int]:
        """The jammed nest, entered with these values of the header's parameters; gives those for the iterations that
        are left, and leaves the builder in the block behind it."""
        builder, old, value = self.builder, self.old, self.value
        emit, header = builder.emit, plan.loop.header
        outer = self._loop(plan.loop, builder.block.loop, start)
        outer.step = plan.at_once
        outer.stop = emit("sub", value[plan.loop.stop], builder.const(I64, plan.at_once - 1))
        params = dict(zip(header.params, outer.header.params))
        outer.counter = k = params[plan.loop.counter]
        self._copies = [{plan.loop.counter: emit("add", k, builder.const(I64, n))} for n in range(plan.at_once)]
        for block in plan.before:
            self._instructions(plan, block)
        self._jam(plan, outer)

        def behind(v: int) -> int:
            v = plan.settled(v)
            if old.ops[v] is _CONST:
                return builder.const(old.types[v], old.imms[v])
            return params[v] if v in params else value[v]

        builder.line = plan.after.line
        further = emit("add", k, builder.const(I64, plan.at_once))
        after = {plan.following: further, plan.loop.counter: emit("sub", further, builder.const(I64, 1))}
        if plan.poll >= 0:
            fuel, dirty = old.args[plan.poll]
            charged = emit("sub", behind(fuel), conditions.total)
            builder.line = old.lines[plan.poll]
            after[plan.poll] = builder.insert(_POLL, (charged, behind(dirty)), old.imms[plan.poll], I64)
        left = [after[a] if a in after else behind(a) for a in plan.after.edges[0].args]
        done = builder.new_block(outer.parent)
        back = Edge(outer.header, tuple(left))
        here = builder.block
        self._sources[outer.header].append((here, back))
        self.end("br", (emit("slt", further, outer.stop),), [back, Edge(done)])
        builder.start(done, here)
        for v in plan.live:
            value[v] = after[v] if v in after else behind(v)
        return left

    def _loop(self, like: Loop, parent: Loop | None, start: list[int]) -> Loop:
        """A new loop with parameters like those of an old one, entered from the current block."""
        builder, old = self.builder, self.old
        loop = Loop(parent)
        loop.preheader = builder.block
        loop.header = builder.new_block(loop)
        into = Edge(loop.header, tuple(start))
        self._sources[loop.header] = [(builder.block, into)]
        self.end("jump", (), [into])
        builder.start(loop.header, loop.preheader)
        params = like.header.params if len(start) > 1 else [like.counter]
        for p in params:
            made = builder.param(loop.header, old.types[p])
            if p in old.facts:
                self.new.facts[made] = old.facts[p]
        return loop

    def _instructions(self, plan: Plan, block: Block) -> None:
        """Those of a block that are needed, for all iterations that are done at once, one after the other."""
        builder, old, value = self.builder, self.old, self.value
        now: dict[int, int] = {}  # what is at places in rows
        where: dict[int, int] = {}  # what has loaded it: the addresses' values may differ, but not the addresses
        for copy in self._copies:
            for v in block.insts:
                op = old.ops[v]
                builder.line = old.lines[v]
                if v not in plan.needed and op is not _STORE:
                    continue
                given = [copy[a] if a in copy else value[a] for a in plan.operands(v)]
                place = plan.places.get(v, -1)
                if op is _CONST:
                    copy[v] = builder.const(old.types[v], old.imms[v])
                elif op is _STORE:
                    if place >= 0:
                        now[place] = given[0]
                    if place in where and v in plan.last and copy is self._copies[-1]:
                        loaded = where[place]
                        builder.insert(op, (given[0], *self.new.args[loaded]), self.new.imms[loaded], old.types[v])
                    elif place < 0 or (v in plan.last and copy is self._copies[-1]):
                        builder.insert(op, tuple(given), old.imms[v], old.types[v])
                elif place in now:
                    copy[v] = now[place]
                elif op is _INDEX:
                    copy[v] = given[0]
                else:
                    copy[v] = builder.insert(OPS[op.base] if op.base else op, tuple(given), old.imms[v], old.types[v])
                    if place >= 0:
                        now[place] = where[place] = copy[v]

    def _jam(self, plan: Plan, around: Loop) -> None:
        """The inner loop."""
        builder, body, value = self.builder, plan.body, self.value
        (inner,) = plan.inner
        first = inner.preheader.edges[0].args[body.params.index(inner.counter)]
        loop = self._loop(inner, around, [value[first]])
        loop.step, loop.stop = inner.step, value[inner.stop]
        (loop.counter,) = loop.header.params
        loop.apart = True
        for copy in self._copies:
            copy[inner.counter] = loop.counter
        self._instructions(plan, body)
        copy = self._copies[0]
        (again,) = [e.args[body.params.index(inner.counter)] for e in body.edges if e.target is body]
        behind, here = builder.new_block(around), builder.block
        back = Edge(loop.header, (copy[again],))
        self._sources[loop.header].append((here, back))
        edges = [back if e.target is body else Edge(behind) for e in body.edges]
        cond = body.term_args[0]
        self.end("br", (copy[cond],), edges)
        builder.start(behind, here)
