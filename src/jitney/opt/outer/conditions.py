"""What must hold for a nest to be run in lanes, as one condition in front of it: see `plan.Plan`.

    ranges: a[i + p], 0 <= i < n, 0 <= p < m       0 <= i0 and i0 + (n - 1 - i0) + (m - 1) < len(a)
    apart:  stores to c, loads from b               c + 8*i0 .. c + 8*n is not in b .. b + 8*len

All polynomials are linear in each counter, so they are least and greatest where each counter is at its first or its
last. The builder puts what does not change in loops around the nest in front of those.
"""

from __future__ import annotations

from ...analysis.polynomials import part
from ...ir.ops import wrap
from ...ir.types import I64, PTR
from .nest import LIMIT, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.polynomials import Poly
    from ...ir.builder import Builder
    from ...ir.function import Loop
    from ..rebuild import Rebuild
    from .nest import Group, Nest



class Conditions:
    """Attributes:
    total: the iterations of inner loops in one of the outer one, at most.
    """

    __slots__ = ("_builder", "_conds", "_first", "_plan", "_rebuild", "_step", "_way", "total")

    def __init__(self, rebuild: Rebuild, plan: Nest, k: int) -> None:
        """`k`: the new value that the outer counter begins with."""
        self._rebuild = rebuild
        self._plan = plan
        self._builder: Builder = rebuild.builder
        self._conds: list[int] = []
        self._first: dict[int, int] = {}
        self._way: dict[int, int] = {}
        self._step: dict[int, int] = {}
        self._walk(plan.loop, k, LIMIT)
        for loop in plan.inner:
            self._walk(loop, rebuild.value[start(loop)], plan.inner_most)
        self.total = self._count()

    def every(self) -> int:
        """All that must hold, as one value."""
        plan, value, emit = self._plan, self._rebuild.value, self._builder.emit
        conds = self._conds
        conds += [value[v] for v in plan.conditions]
        for v, limit in plan.bounded.items():
            self._within(value[v], limit)
        for poly, length in plan.ranges:
            self._in_range(poly, value[length])
        spans = {group: self._span(group) for pair in plan.apart for group in pair}
        for a, b in plan.apart:
            self._disjoint(a, b, spans)
        for stride, size in plan.spaced:
            conds.append(emit("sge", emit("iabs", self.value(stride)), self._const(size)))
        for row, size in plan.rows:
            self._in_row(self.value(row), size)
        for line, places in plan.lines.items():
            self._in_line(self.value(part(dict(line), plan.counters, plan.loop.counter)), places)
        homes = self._builder.function.homes
        every = -1
        # What is known further out comes first, so that it is put together there.
        for cond in sorted(dict.fromkeys(conds), key=lambda c: getattr(homes[c].loop, "depth", 0)):
            every = cond if every < 0 else emit("and", every, cond)
        return every

    # -- counters ------------------------------------------------------------------------------------------------------

    def _walk(self, loop: Loop, first: int, most: int) -> None:
        """The counter begins with `first` and goes less than `most` from there."""
        emit, stop = self._builder.emit, self._rebuild.value[loop.stop]
        self._first[loop.counter] = first
        self._step[loop.counter] = loop.step
        length = emit("sub", stop, first) if loop.step > 0 else emit("sub", first, stop)
        way = self._way[loop.counter] = emit("add", length, self._const(-1))
        self._conds.append(emit("ult", way, self._const(most)))
        self._within(first, LIMIT)

    def _count(self) -> int:
        emit = self._builder.emit
        times: dict[Loop | None, int] = {}
        total = self._const(1)
        for loop in self._plan.inner:
            one = emit("add", self._way[loop.counter], self._const(1))
            times[loop] = emit("mul", times[loop.parent], one) if loop.parent in times else one
            total = emit("add", total, times[loop])
        self._conds.append(emit("ult", total, self._const(self._plan.longest)))
        return total

    def _within(self, v: int, limit: int) -> None:
        emit = self._builder.emit
        self._conds.append(emit("ult", emit("add", v, self._const(limit)), self._const(2 * limit)))

    # -- polynomials ---------------------------------------------------------------------------------------------------

    def value(self, poly: Poly) -> int:
        """The value of a polynomial without counters, where the builder stands."""
        emit, value, types = self._builder.emit, self._rebuild.value, self._rebuild.old.types
        total = -1
        for key, mult in sorted(poly.items(), key=lambda item: (len(item[0]) == 0, -item[1])):
            term = -1
            for v in key:
                factor = emit("p2i", value[v]) if types[v] is PTR else value[v]
                term = factor if term < 0 else emit("mul", term, factor)
            term = self._const(wrap(mult)) if term < 0 else emit("mul", term, self._const(wrap(mult)))
            total = term if total < 0 else emit("add", total, term)
        return total if total >= 0 else self._const(0)

    def _ways(self, poly: Poly) -> list[tuple[int, int, int, int]]:
        """Of counters in it: (what it adds at first, what that grows by until its last, the coefficient, the sign of
        the growth or 0)."""
        emit = self._builder.emit
        found = []
        for counter, way in self._way.items():
            coef = part(poly, self._plan.counters, counter)
            if coef:
                by = self.value(coef)
                sign = self._step[counter] * ((coef[()] > 0) - (coef[()] < 0)) if list(coef) == [()] else 0
                grown = emit("mul", emit("mul", by, self._const(self._step[counter])), way)
                found.append((emit("mul", by, self._first[counter]), grown, by, sign))
        return found

    def _in_range(self, poly: Poly, length: int) -> None:
        emit = self._builder.emit
        low = high = self.value(part(poly, self._plan.counters))
        for first, grown, _, sign in self._ways(poly):
            last = emit("add", first, grown)
            if sign < 0:
                first, last = last, first
            elif not sign:
                first, last = emit("smin", first, last), emit("smax", first, last)
            low, high = emit("add", low, first), emit("add", high, last)
        self._conds.append(emit("sge", low, self._const(0)))
        self._conds.append(emit("slt", high, length))

    def _in_row(self, row: int, size: int) -> None:
        """All iterations' places, next to each other, are not further apart than it is to the next row."""
        emit = self._builder.emit
        self._within(row, LIMIT)
        width = emit("mul", emit("add", self._way[self._plan.loop.counter], self._const(1)), self._const(size))
        self._conds.append(emit("sge", emit("iabs", row), width))

    def _in_line(self, stride: int, places: list[tuple[int, int, int, int]]) -> None:
        """What is touched of a row does not reach to the next row."""
        emit = self._builder.emit
        self._within(stride, LIMIT)
        low = high = -1
        for at, counter, by, size in places:
            first = last = self._const(at)
            if by:
                first = emit("add", first, emit("mul", self._first[counter], self._const(by)))
                last = emit("add", first, emit("mul", self._way[counter], self._const(by * self._step[counter])))
                if by * self._step[counter] < 0:
                    first, last = last, first
            last = emit("add", last, self._const(size))
            low = first if low < 0 else emit("smin", low, first)
            high = last if high < 0 else emit("smax", high, last)
        self._conds.append(emit("sge", emit("iabs", stride), emit("sub", high, low)))

    def _span(self, group: Group) -> tuple[int, int]:
        """Where its bytes begin, and how many there are."""
        emit = self._builder.emit
        low = emit("add", self.value(part(group.poly, self._plan.counters)), self._const(group.least))
        size = self._const(group.most - group.least)
        for first, grown, coef, sign in self._ways(group.poly):
            low = emit("add", low, first)
            self._within(coef, LIMIT)
            if sign > 0:
                size = emit("add", size, grown)
            else:
                low = emit("add", low, emit("smin", grown, self._const(0)))
                size = emit("add", size, emit("iabs", grown))
        return low, size

    def _disjoint(self, a: Group, b: Group, spans: dict[Group, tuple[int, int]]) -> None:
        """[x, x + m) and [y, y + n) are disjoint where, modulo 2**64, n <= x - y <= -m."""
        emit = self._builder.emit
        (x, m), (y, n) = spans[a], spans[b]
        between = emit("sub", emit("sub", x, y), n)
        good = emit("ule", between, emit("neg", emit("add", m, n)))
        if self._may_coincide(a, b):
            good = emit("or", good, emit("eq", x, y))
        self._conds.append(good)

    def _may_coincide(self, a: Group, b: Group) -> bool:
        """Whether it does no harm if both are the same array: each iteration has its own element."""
        plan = self._plan
        strides = []
        for group in (a, b):
            moves = {v for key in group.poly for v in key if v in plan.counters}
            stride = part(group.poly, plan.counters, plan.loop.counter)
            if moves != {plan.loop.counter} or list(stride) != [()] or abs(stride[()]) < group.most - group.least:
                return False
            strides.append(stride[()])
        return strides[0] == strides[1]

    def _const(self, k: int) -> int:
        return self._builder.const(I64, k)
