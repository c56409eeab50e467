"""What must hold for a vector loop to be entered, as conditions in front of it: see `enter`."""

from __future__ import annotations

from ...ir.types import I64, PTR
from .carried import SUM_LIMIT
from .widths import COUNTER_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.dependence import Linear
    from ...ir.builder import Builder
    from .enter import Entering
    from .plan import Group, Plan
    from .reductions import Reduction


class Tests:
    """What must hold for the vector loop to be entered, besides enough iterations."""

    __slots__ = ("builder", "conds", "count", "plan", "rebuild", "start")

    def __init__(self, rebuild: Entering, plan: Plan, start: dict[int, int], count: int) -> None:
        self.rebuild = rebuild
        self.builder: Builder = rebuild.builder
        self.plan = plan
        self.start = start
        self.count = count
        self.conds: list[int] = []

    def entry(self) -> None:
        """What numbers have to be like."""
        plan = self.plan
        for v, known in plan.body.assumed.items():
            self.conds.append(self.builder.emit("eq", self.rebuild.value[v], self.constant(known)))
        if any(widen.counted for widen in plan.widens):
            self._counter_fits()
        if plan.short:
            self.conds.append(self.builder.emit("ule", self.count, self.constant(plan.trips)))
        for reduction in plan.reductions:
            self._fits(reduction)
        for length, most in plan.body.longer.items():
            self.conds.append(self.builder.emit("sgt", self.rebuild.value[length], self.constant(most)))
        for p, length, _, _ in plan.body.elements.values():
            self._within(self.start[p], self.rebuild.value[length])

    def apart(self, pairs: list[tuple[Group, Group]]) -> None:
        """The bytes of one are not the other's, in this loop."""
        for a, b in pairs:
            self._apart(a, b)

    def constant(self, k: int) -> int:
        return self.builder.const(I64, k)

    def every(self) -> int:
        """All of it as one condition, -1 if there is none."""
        return self.every_of(self.conds)

    def every_of(self, conds: list[int]) -> int:
        every = -1
        for cond in conds:
            every = cond if every < 0 else self.builder.emit("and", every, cond)
        return every

    def _counter_fits(self) -> None:
        emit, body = self.builder.emit, self.plan.body
        lo, hi = body.function.facts.get(body.counter, (-(1 << 63), (1 << 63) - 1))
        k, stop = self.start[body.counter], self.rebuild.value[body.loop.stop]
        least, most = (k, stop) if body.loop.step > 0 else (stop, k)
        if hi > COUNTER_LIMIT:
            self.conds.append(emit("sle", most, self.constant(COUNTER_LIMIT)))
        if lo < -COUNTER_LIMIT:
            self.conds.append(emit("sge", least, self.constant(-COUNTER_LIMIT)))

    def _within(self, first: int, length: int) -> None:
        """A place is within an array, and so are all counters."""
        emit, body = self.builder.emit, self.plan.body
        k, stop = self.start[body.counter], self.rebuild.value[body.loop.stop]
        self.conds.append(emit("ult", first, length))
        if body.loop.step > 0:
            self.conds += [emit("sge", k, self.constant(0)), emit("sle", stop, length)]
        else:
            self.conds += [emit("sge", stop, self.constant(-1)), emit("slt", k, length)]

    def _fits(self, reduction: Reduction) -> None:
        """What a sum begins with leaves room, and a narrow accumulator begins as one."""
        if not reduction.checked and not reduction.narrow:
            return
        emit, first = self.builder.emit, self.start[reduction.param]
        if reduction.checked:
            self.conds.append(emit("sge", emit("add", first, self.constant(SUM_LIMIT)), self.constant(0)))
        if reduction.narrow:
            self.conds.append(emit("eq", emit(reduction.narrow, first), first))

    def _apart(self, a: Group, b: Group) -> None:
        """[low a, low a + size a) and [low b, low b + size b) are disjoint where, modulo 2**64, size b <= low a - low b
        <= -size a. Mostly the counter is not in the difference, so it is computed in front of outer loops."""
        emit = self.builder.emit
        between = a.at.plus(b.at, -1)
        first = apart = self._value(between)
        ordered = self.plan.ordered(a, b)
        if ordered is not None and not any(self.plan.body.type(v) is PTR for v in between.terms):
            # One array, mostly.
            self.conds.append(self._in_order(first if self._rises(a) else emit("neg", first), *ordered, a.size))
            return
        way_a, way_b = self._way(a), self._way(b)
        if a.at.coef != b.at.coef:
            for group, way, name in ((a, way_a, "sub"), (b, way_b, "add")):
                if not self._rises(group):
                    apart = emit(name, apart, way)
        apart = emit("add", apart, self.constant(a.least - b.most))
        room = emit("neg", emit("add", emit("add", way_a, way_b), self.constant(a.most - a.least + b.most - b.least)))
        good = emit("ule", emit("sub", apart, way_b), room)
        if self.plan.may_coincide(a, b):
            good = emit("or", good, emit("eq", first, self.constant(0)))
        self.conds.append(good)

    def _in_order(self, ahead: int, least: int | None, most: int | None, size: int) -> int:
        """`ahead` bytes are as many as `Plan.ordered` says, or so many that a round does not reach as far."""
        emit = self.builder.emit
        reach = size * max([widen.lanes for widen in self.plan.widens])
        good = far = -1
        if least is not None:
            good = emit("sge", ahead, self.constant(least))
            far = emit("sle", ahead, self.constant(least - reach if most is None else min(most, least - reach)))
        if most is not None:
            near = emit("sle", ahead, self.constant(most))
            good = near if good < 0 else emit("and", good, near)
            beyond = emit("sge", ahead, self.constant(most + reach if least is None else max(least, most + reach)))
            far = beyond if far < 0 else emit("or", far, beyond)
        return emit("or", good, far)

    def _rises(self, group: Group) -> bool:
        return bool(group.spans) or (group.at.coef > 0) is (self.plan.body.loop.step > 0)

    def _way(self, group: Group) -> int:
        """How many bytes the addresses of a group go on in the loop."""
        emit, coef = self.builder.emit, abs(group.at.coef)
        if group.spans:
            return self._span(group)
        return emit("mul", emit("sub", self.count, self.constant(1)), self.constant(coef)) if coef else self.constant(0)

    def _span(self, group: Group) -> int:
        """How many bytes further on than the first one the last one is that may be looked up."""
        emit, value, total = self.builder.emit, self.rebuild.value, -1
        for length, factor, mult in group.spans:
            way = emit("sub", value[length], self.constant(1))
            if factor >= 0:
                way = emit("mul", way, value[factor])
                self.conds.append(emit("sge", value[factor], self.constant(0)))
            way = emit("mul", way, self.constant(mult))
            total = way if total < 0 else emit("add", total, way)
        return total

    def _value(self, at: Linear) -> int:
        """The value of `at` in the first iteration, as an integer."""
        builder, body = self.builder, self.plan.body
        homes, block = self.rebuild.new.homes, self.builder.block
        terms = {self.rebuild.value[v]: (mult, body.type(v)) for v, mult in at.terms.items()}
        if at.coef:
            terms[self.start[body.counter]] = at.coef, I64
        # Split loops run once, mostly, each time the loop around is entered: to compute in front of them what only
        # long ones need would gain nothing. It is worth the while further out.
        here = builder.block.loop
        near = here is not None and any(homes[new].loop in (here, here.parent) for new in terms)

        def emit(name: str, *args: int) -> int:
            return builder.append(block, name, args, I64) if near else builder.emit(name, *args)

        total = -1
        for new, (mult, type) in sorted(terms.items(), key=lambda item: -item[1][0]):
            term = emit("p2i", new) if type is PTR else new
            if mult == -1 and total >= 0:
                total = emit("sub", total, term)
                continue
            if mult != 1:
                term = emit("mul", term, self.constant(mult))
            total = term if total < 0 else emit("add", total, term)
        if at.const or total < 0:
            total = self.constant(at.const) if total < 0 else emit("add", total, self.constant(at.const))
        return total
