"""Telling arrays apart once for a whole nest of loops, not in front of each row.

    for i in range(n):                      before the nest: t_i = n - 1, t_j = m - 1
        for j in range(m):                  c is [c, c + 8*m*t_i + 8*t_j + 8), a likewise
            c[i*m + j] = a[i*m + j]         apart = a's and c's bytes are disjoint, and all of it is small
                                            row:  br apart, enter, (compare this row's bytes: br ..., enter, rest)

An address is a polynomial of values, modulo 2**64. Where it is linear in the counters of the loops around, with
coefficients that do not change in the nest, it lies between where all counters are at their first and where all are at
their last. The coefficients must not be negative and, like the counters' ways, be small (tested, too), so that nothing
wraps. The builder puts all of this, which is pure, in front of the outermost loop that its arguments allow.

If it does not hold (rows of one array, arrays that are interleaved) the rows are compared, one by one.
"""

from __future__ import annotations

from ...analysis.polynomials import Polynomials, add, part
from ...ir.ops import OPS, wrap
from ...ir.types import I64, PTR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.dependence import Linear
    from ...analysis.polynomials import Poly
    from ...ir.builder import Builder
    from ...ir.function import Function, Loop
    from .enter import Entering
    from .plan import Group, Plan

_WAY, _COEF = 1 << 30, 1 << 28  # limits: of a counter's way, of a coefficient
_MOST_TERMS, _DEEP = 8, 12
_ADD, _SUB = OPS["add"], OPS["sub"]
_CONST, _SMIN, _UMIN, _SELECT = (OPS[name] for name in ("const", "smin", "umin", "select"))
_LEAST = -(1 << 63)


class Nest:
    """The nest around one loop, as far as it is the same for these pairs of groups of accesses.

    Attributes:
        pairs: what can be told apart. depth: of the loop that all of this is the same in, 0 for the whole function.
        gains: whether that is further out than the rows.
    """

    __slots__ = (
        "_builder", "_conds", "_function", "_loops", "_plan", "_polynomials", "_polys", "_rebuild", "_stop", "_ways",
        "depth", "gains", "loop", "pairs",
    )  # fmt: skip

    def __init__(self, rebuild: Entering, plan: Plan) -> None:
        self._rebuild = rebuild
        self._plan = plan
        self._builder: Builder = rebuild.builder
        function: Function = rebuild.old
        self._function = function
        self._polynomials = Polynomials(function, lambda v: function.homes[v].loop is None)
        self.pairs = pairs = [pair for pair in plan.tests if not (pair[0].spans or pair[1].spans)]
        self.loop = loop = plan.body.loop
        self._loops: dict[int, Loop] = {}  # by the counters that are given their whole range
        self._polys: dict[Group, Poly] = {}
        self._stop = -1
        self._conds: list[int] = []
        self._ways: dict[int, int] = {}
        self.gains = False
        self.depth = 0
        around = loop.parent
        # A split loop has another one around it, which runs once.
        rows = loop.depth - 1 if around is None or around.counter >= 0 else loop.depth - 2
        if rows <= 0 or loop.step != 1 or not pairs:
            return
        self._stop = self._most(loop.stop, _DEEP)
        if self._stop < 0 or self._function.facts.get(loop.counter, (_LEAST, 0))[0] < -_WAY:
            return
        for group in {g: None for pair in pairs for g in pair}:
            poly = self._address(group.at)
            if poly is None:
                return
            self._polys[group] = poly
        self._settle()
        self.pairs = [(a, b) for a, b in pairs if self._may_differ(a, b)]
        self.gains = self.depth < rows and bool(self.pairs)

    # -- what addresses are made of ------------------------------------------------------------------------------------

    def _address(self, at: Linear) -> Poly | None:
        total: Poly = {(): at.const, (self.loop.counter,): at.coef}
        for v, mult in at.terms.items():
            poly = self._polynomials.of(v)
            if poly is None:
                return None
            add(total, poly, mult)
        return total if len(total) <= _MOST_TERMS else None

    def _most(self, v: int, deep: int) -> int:
        """A value from as far out as possible that `v`, a bound of the loop, never exceeds; -1 if none shows."""
        function = self._function
        home, op, args = function.homes[v], function.ops[v], function.args[v]
        loop = home.loop
        if not deep:
            return -1
        if op is _SMIN:
            # Whatever may be the chunk's length is left out: the next chunk has another limit.
            args = tuple([a for a in args if function.ops[a] is not _CONST])
            if len(args) == 1:
                return self._most(args[0], deep - 1)
        if loop is None:
            return v
        if v in home.params:
            if home is not loop.header or loop.counter >= 0:
                return v
            # Of a split loop: whatever comes in.
            at = home.params.index(v)
            given = {e.args[at] for block in function.blocks for e in block.edges if e.target is home}
            bounds = {self._most(a, deep - 1) for a in given if a != v}
            return bounds.pop() if len(bounds) == 1 else -1
        if op is _SMIN:
            found = [self._most(a, deep - 1) for a in args]
            return min([v, *[f for f in found if f >= 0]], key=self._depth)
        if op is _SELECT and function.ops[args[2]] is _CONST and function.imms[args[2]] == _LEAST:
            return self._most(args[1], deep - 1)
        if op is _ADD and function.ops[args[1]] is _UMIN:
            # k + umin(stop - k, so many), where k < stop.
            for way in function.args[args[1]]:
                if function.ops[way] is _SUB and function.args[way][1] == args[0]:
                    return self._most(function.args[way][0], deep - 1)
        return v

    def _depth(self, v: int) -> int:
        loop = self._function.homes[v].loop
        return loop.depth if loop is not None else 0

    def _settle(self) -> None:
        """The outermost loop in which all but counters are the same; counters of loops in there take their range."""
        counters: dict[int, Loop] = {}
        around = self.loop.parent
        while around is not None:
            if around.counter >= 0 and around.step > 0:
                counters[around.counter] = around
            around = around.parent
        leaves = {v for poly in self._polys.values() for key in poly for v in key} - {self.loop.counter}
        depth = max([self._depth(self._stop), *[self._depth(v) for v in leaves if v not in counters]])
        changed = True
        while changed:
            changed = False
            for v in leaves:
                if v in counters and counters[v].depth > depth:
                    needed = max(map(self._depth, (_start(counters[v]), counters[v].stop)))
                    if needed > depth:
                        depth, changed = needed, True
        self.depth = depth
        self._loops = {v: counters[v] for v in leaves if v in counters and counters[v].depth > depth}
        self._loops[self.loop.counter] = self.loop
        for poly in self._polys.values():
            if any(sum([v in self._loops for v in key]) > 1 for key in poly):
                self.depth = 1 << 30  # not linear

    def _may_differ(self, a: Group, b: Group) -> bool:
        """Whether they may be two arrays: the same values would make it known already that they are one."""
        return self._part(a, -1).keys() - {()} != self._part(b, -1).keys() - {()}

    def _part(self, group: Group, counter: int) -> Poly:
        """The coefficient of a counter; what does without all of them for -1."""
        return part(self._polys[group], self._loops.keys(), counter)

    # -- in front of the nest ------------------------------------------------------------------------------------------

    def apart(self) -> int:
        """The condition that none of the pairs overlaps in the whole nest."""
        emit = self._builder.emit
        for counter in self._loops:
            first, stop = self._first(counter), self._rebuild.value[self._end(counter)]
            way = self._ways[counter] = emit("add", emit("sub", stop, first), self._const(-1))
            self._conds.append(emit("ult", way, self._const(_WAY)))
        spans = {group: self._span(group) for group in self._polys}
        for a, b in self.pairs:
            (low, size), (other, extent) = spans[a], spans[b]
            between = emit("sub", emit("sub", low, other), extent)
            good = emit("ule", between, emit("neg", emit("add", size, extent)))
            if self._plan.may_coincide(a, b):
                good = emit("or", good, self._same(a, b, low, other))
            self._conds.append(good)
        every = -1
        for cond in dict.fromkeys(self._conds):
            every = cond if every < 0 else emit("and", every, cond)
        return every

    def _same(self, a: Group, b: Group, low: int, other: int) -> int:
        """Whether they are the same place in each iteration."""
        emit = self._builder.emit
        same = emit("eq", low, other)
        for counter in self._loops:
            coefs = [self._value(self._part(group, counter), 0) for group in (a, b)]
            same = emit("and", same, emit("eq", *coefs))
        return same

    def _first(self, counter: int) -> int:
        if counter == self.loop.counter:
            return self._const(self._function.facts[counter][0])
        return self._rebuild.value[_start(self._loops[counter])]

    def _end(self, counter: int) -> int:
        return self._stop if counter == self.loop.counter else self._loops[counter].stop

    def _span(self, group: Group) -> tuple[int, int]:
        """Where its bytes begin, and how many there are."""
        emit = self._builder.emit
        low = self._value(self._part(group, -1), group.least)
        size = self._const(group.most - group.least)
        for counter in self._loops:
            poly = self._part(group, counter)
            if not poly:
                continue
            coef = self._value(poly, 0)
            known = self._builder.constant(coef)
            low = emit("add", low, emit("mul", coef, self._first(counter)))
            way = emit("mul", coef, self._ways[counter])
            if known is not None and -_COEF <= known < 0:
                low, way = emit("add", low, way), emit("neg", way)
            else:
                self._conds.append(emit("ule", coef, self._const(_COEF)))
            size = emit("add", size, way)
        return low, size

    def _value(self, poly: Poly, const: int) -> int:
        emit, types, value = self._builder.emit, self._function.types, self._rebuild.value
        total = self._const(wrap(poly.get((), 0) + const))
        for key, mult in poly.items():
            if not key:
                continue
            term = self._const(mult)
            for v in key:
                term = emit("mul", term, emit("p2i", value[v]) if types[v] is PTR else value[v])
            total = emit("add", total, term)
        return total

    def _const(self, k: int) -> int:
        return self._builder.const(I64, k)


def _start(loop: Loop) -> int:
    return loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]
