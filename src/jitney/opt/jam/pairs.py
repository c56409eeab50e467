"""Two iterations at once of a loop around one that updates rows: what does not depend on its counter, the rows of the
other matrix, is loaded once for both.

    for i in range(n):                              for i in range(0, n - 1, 2):
        for k in range(m):                              for k in range(m):
            for j in range(p):                              for j in range(p):
                c[i, j] += a[i, k] * b[k, j]                    y = b[k, j]
                                                                c[i, j] += a[i, k] * y
                                                                c[i + 1, j] += a[i + 1, k] * y

This is `outer` with two lanes that are scalars: the same nest, side by side, where both have the same inner loops and
go the same ways. What either stores is in rows of its own: rows are tested to be further apart than what is touched of
each, all other accesses to be elsewhere.
"""

from __future__ import annotations

from ...analysis.polynomials import part
from ...ir.function import Memory
from ...ir.ops import OPS
from ...ir.types import I64, VOID
from ..outer.enter import Entering
from ..outer.fit import Unsuitable
from ..outer.lanes import Lanes
from ..outer.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.polynomials import Poly
    from ...ir.function import Block, Function, Loop
    from ...ir.types import Type
    from ..outer.conditions import Conditions

_LOAD, _STORE, _INDEX = OPS["load"], OPS["store"], OPS["index"]
_FAR = 1 << 20  # bytes
_LONG = 1 << 23  # inner iterations of a round: no signal is looked for meanwhile


class Pair(Plan):
    """How one nest is done for two iterations at once; `lines` are the rows that stores are in."""

    __slots__ = ()

    def _find_accesses(self) -> None:
        super()._find_accesses()
        loads = [v for v, stride in self.strides.items() if not stride and self.function.ops[v] is _LOAD]
        if not any(map(self._goes_along_a_row, loads)):
            raise Unsuitable("nothing is loaded once for both")
        if self.carried or self.breaks or self.exits or self.skips or self.last():
            raise Unsuitable("more than rows")
        self.longest = _LONG

    def _goes_along_a_row(self, v: int) -> bool:
        """Whether a load goes on in the innermost loop that it is in."""
        moves = {a for key in self.address(v, self.function.args[v]) for a in key}
        return self.function.homes[v].loop.counter in moves  # type: ignore[union-attr]

    def _fit(self) -> None:
        function = self.function
        for v in self.in_lanes():
            op = function.ops[v]
            if not self.linear(v) and op is not _LOAD and (op.base or op is _INDEX or v in self._incoming):
                raise Unsuitable(f"{op} for each")
        self.width, self.lanes, self.parts = 64, 1, [2]

    def _check_store(self, v: int, poly: Poly, stride: Poly) -> None:
        if not stride:
            raise Unsuitable("a store to the same place each time")
        self._in_line(v, poly)

    def _in_line(self, v: int, poly: Poly) -> None:
        """An access is in a row of its own iteration's: note where in it."""
        inner = self.counters - {self.loop.counter}
        moves = {a for key in poly for a in key if a in inner}
        row = {key: mult for key, mult in poly.items() if key and not any(a in inner for a in key)}
        steps = [(counter, part(poly, self.counters, counter)) for counter in moves]
        if self.strides[v] != part(row, self.counters, self.loop.counter) or len(steps) > 1:
            raise Unsuitable("rows of another kind")
        if any(list(step) != [()] for _, step in steps):
            raise Unsuitable("a stride in a row that is not known")
        places = self.lines.setdefault(frozenset(row.items()), [])
        if any(abs(step[()]) > _FAR for _, step in steps):
            raise Unsuitable("far apart")
        counter, by = (steps[0][0], steps[0][1][()]) if steps else (-1, 0)
        place = poly.get((), 0), counter, by, self.function.imms[v].access.size
        if place not in places:
            places.append(place)

    def _tell_apart(self, s: int, poly: Poly, v: int, other: Poly) -> None:
        a, b = self.function.imms[s], self.function.imms[v]
        if b.invariant or (a.region != b.region and a.region and b.region):
            return
        inner = self.counters - {self.loop.counter}
        rows = [
            {key: mult for key, mult in p.items() if key and not any(x in inner for x in key)} for p in (poly, other)
        ]
        if rows[0] == rows[1]:
            self._in_line(v, other)
            return
        pair = self.group(poly, a.access.size), self.group(other, b.access.size)
        if pair not in self.apart and pair[::-1] not in self.apart:
            self.apart.append(pair)


class Copies(Lanes):
    """The copy of a nest in which each value that is not the same in both iterations is two."""

    __slots__ = ()

    def __init__(self, rebuild: Entering, plan: Plan, conditions: Conditions, parts: int, rest: Block) -> None:
        super().__init__(rebuild, plan, conditions, parts, rest)
        self._per = 1
        self.lanes = parts

    def of(self, type: Type) -> Type:
        return type

    def _vectors(self, v: int) -> list[int]:
        found = self.parts.get(v)
        if found is not None:
            return found
        plan, first = self._plan, self._scalar(v)
        if v not in plan.varying or v in plan.strides:
            return [first] * self._parts
        by = part(plan.poly(v), plan.counters, plan.loop.counter)[()]
        emit, const = self._builder.emit, self._builder.const
        return [emit("add", first, const(I64, by * n)) for n in range(self._parts)]

    def _load(self, v: int) -> None:
        old, insert = self._plan.function, self._builder.insert
        places = self._places(v, old.args[v])
        self.parts[v] = [insert(_LOAD, place, imm, old.types[v]) for place, imm in places]

    def _store(self, v: int) -> None:
        value, *place = self._plan.function.args[v]
        for one, (at, imm) in zip(self._vectors(value), self._places(v, tuple(place))):
            self._builder.insert(_STORE, (one, *at), imm, VOID)

    def _places(self, v: int, args: tuple[int, ...]) -> list[tuple[tuple[int, ...], Memory]]:
        """Where an access is in each iteration."""
        emit, memory = self._builder.emit, self._plan.function.imms[v]
        base, *index = self._place(args)
        by = self._conditions.value(self._plan.strides[v])
        const = self._builder.const
        bases = [base, *[emit("ptradd", base, emit("mul", by, const(I64, n))) for n in range(1, self._parts)]]
        return [((base, *index), memory) for base in bases]


class Pairing(Entering):
    """The copy of a function with nests for two iterations at once in front of those they are copies of."""

    __slots__ = ()

    def copy(self, plan: Plan, conditions: Conditions, parts: int, rest: Block) -> Lanes:
        return Copies(self, plan, conditions, parts, rest)


def paired(function: Function, loops: list[Loop]) -> tuple[Function, set[Loop], set[Loop]]:
    """A copy with those of `loops` for two iterations at once that allow it, the loops made for that, and the copies of
    those that were there. Or the function itself."""
    plans: dict[Block, Plan] = {}
    taken: set[Loop] = set()
    for loop in loops:
        try:
            plan = Pair(function, loop)
        except Unsuitable:
            continue
        if taken.isdisjoint((loop, *plan.inner)):
            plans[loop.preheader] = plan
            taken.update((loop, *plan.inner))
    if not plans:
        return function, set(), set()
    pairing = Pairing(function, plans)
    copy = pairing.run()
    made = set(copy.loops()).difference(pairing.loops.values())
    return copy, made, {pairing.loops[loop] for loop in taken}
