"""Integer values of a counted loop as functions of its counter k: ``coef * factor * k + sum of terms + const``.

Under assumptions, which the user of this makes true: the counter lies within ``+-limit``, and so does each invariant
that is named in `assumed`. Where even so a sum or product might wrap, there is no form. A check inside the loop is
taken to pass: the form of ``index i, n`` is that of i.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I64
from ..lazy import lazy
from .intervals import INTERVALS, MAX, MIN, Interval, access_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop
    from ..ir.ops import Op
    from . import bounds
    from .bounds import Bounds
else:
    bounds = lazy("jitney.analysis", "bounds")

_CONST, _LOAD, _INDEX, _SHL = OPS["const"], OPS["load"], OPS["index"], OPS["shl"]
_B2I, _F2I, _I2F = OPS["b2i"], OPS["f2i"], OPS["i2f"]
_NOTHING: frozenset[int] = frozenset()
_SUMS = {OPS["add"]: 1, OPS["addo"]: 1, OPS["sub"]: -1, OPS["subo"]: -1}
_PRODUCTS = (OPS["mul"], OPS["mulo"])
_REMAINDERS = (OPS["floormod"], OPS["urem"])
_DEEP = 6  # how far bounds are followed back
_CHECKED = (OPS["addo"], OPS["subo"], OPS["mulo"], _INDEX)


class Form:
    """``coef * factor * k + sum(mult * value for value, mult in terms) + const``; factor -1 stands for 1."""

    __slots__ = ("coef", "const", "factor", "terms")

    def __init__(self, coef: int, factor: int, terms: dict[int, int], const: int) -> None:
        self.coef = coef
        self.factor = factor
        self.terms = terms
        self.const = const

    def plus(self, other: Form, sign: int) -> Form | None:
        if self.coef and other.coef and self.factor != other.factor:
            return None
        terms = dict(self.terms)
        for value, mult in other.terms.items():
            terms[value] = terms.get(value, 0) + sign * mult
            if not terms[value]:
                del terms[value]
        factor = self.factor if self.coef else other.factor
        coef = self.coef + sign * other.coef
        return Form(coef, factor if coef else -1, terms, self.const + sign * other.const)

    def times(self, k: int) -> Form:
        return Form(self.coef * k, self.factor, {v: m * k for v, m in self.terms.items()}, self.const * k)


class Forms:
    """What is known of the integers in the blocks `body` of `loop`.

    Attributes:
        form: of values in the loop; missing where there is none.
        invariant: values in the loop that are the same in each iteration in which the checks pass.
        fits: checked operations that cannot overflow under the assumptions.
        needs: of values: the assumptions that their bounds and form rest on, which are invariants and the counter,
            each to lie within +-limit.
        wraps: remainders by the loop's stop (``(k + 1) % n`` in a loop up to n), whose form is that of the dividend:
            where that lies within [0, stop). None are, if `wrapping` is false.
    """

    __slots__ = (
        "_assumed", "_known", "_wrapping", "fits", "form", "function", "invariant", "limit", "loop", "needs", "wraps",
    )  # fmt: skip

    def __init__(self, function: Function, loop: Loop, body: list[Block], limit: int, wrapping: bool = True) -> None:
        self.function = function
        self.loop = loop
        self.limit = limit
        self.form: dict[int, Form] = {loop.counter: Form(1, -1, {}, 0)}
        self.invariant: set[int] = set()
        self.fits: set[int] = set()
        self.needs: dict[int, frozenset[int]] = {}
        self.wraps: set[int] = set()
        self._wrapping = wrapping
        self._known: dict[int, Interval] = {}
        self._assumed: dict[int, Interval] = {}
        lo, hi = self._known[loop.counter] = function.facts.get(loop.counter, (MIN, MAX))
        if lo < -limit or hi > limit:
            self.needs[loop.counter] = frozenset((loop.counter,))
            lo, hi = max(lo, -limit), min(hi, limit)
        self._assumed[loop.counter] = (lo, hi)
        for block in body:
            for v in block.insts:
                self._visit(v)

    def outside(self, v: int) -> bool:
        home = self.function.homes[v].loop
        return home is None or not home.inside(self.loop)

    def constant(self, v: int) -> bool:
        """Whether `v` is the same in each iteration."""
        return v in self.invariant or self.outside(v)

    def _visit(self, v: int) -> None:
        function = self.function
        op, args = function.ops[v], function.args[v]
        tested = args[:2] if op in _CHECKED else args
        if (op.pure or op in _CHECKED) and all(self.constant(a) for a in tested):
            self.invariant.add(v)
        if function.types[v] is not I64 or not (op in INTERVALS or op is _LOAD):
            if op is _F2I:
                self._converted(v)
            return
        if op is _LOAD or op is _B2I:
            self._known[v] = self._assumed[v] = access_range(function.imms[v]) if op is _LOAD else (0, 1)
            return
        if function.types[tested[0]] is not I64:
            return
        interval = INTERVALS[OPS[op.base] if op.base else op]
        lo, hi = interval(*[self.known(a) for a in tested])
        if lo >= MIN and hi <= MAX:
            self._known[v] = self._assumed[v] = (lo, hi)
        else:
            needs: set[int] = set()
            lo, hi = interval(*[self._tight(a, needs, _DEEP) for a in tested])
            if lo < MIN or hi > MAX:
                return
            self._assumed[v] = (lo, hi)
            self.needs[v] = frozenset(needs)
        if op.base:
            self.fits.add(v)
        form = self._form_of(v)
        if form is not None:
            self.form[v] = form

    def _converted(self, v: int) -> None:
        """Bounds of a float's integer, where what it is made of has some."""
        (x,) = self.function.args[v]
        needs: set[int] = set()
        low, high, nan = self._float(x, needs, _DEEP)
        fits = bounds.whole((low, high, nan))
        if fits is not None and not nan and self.function.types[v] is I64:
            self._assumed[v] = fits
            self.needs[v] = frozenset(needs)

    def _float(self, x: int, needs: set[int], deep: int) -> Bounds:
        """Bounds of a float under assumptions, which are added to `needs`."""
        function = self.function
        op, args = function.ops[x], function.args[x]
        if op is _I2F and function.types[args[0]] is I64:
            low, high = self.bounds(args[0])
            needs.update(self.needs.get(args[0], _NOTHING))
            return bounds.of_int(low, high, function.types[x])
        if op is _CONST:
            number = float(function.imms[x])
            return (number, number, False) if number == number else bounds.ANYTHING
        if not deep or op not in bounds.OPERATIONS:
            return bounds.ANYTHING
        return bounds.of(op, function.types[x], [self._float(a, needs, deep - 1) for a in args])

    def _form_of(self, v: int) -> Form | None:
        function = self.function
        op, args = function.ops[v], function.args[v]
        if op is _INDEX:
            return self.form_at(args[0])
        if op in _SUMS:
            a, b = self.form_at(args[0]), self.form_at(args[1])
            if a is not None and b is not None:
                return a.plus(b, _SUMS[op])
        elif op in _PRODUCTS:
            a, b = self.form_at(args[0]), self.form_at(args[1])
            if a is not None and b is not None:
                product = self._product(a, b) or self._product(b, a)
                if product is not None:
                    return product
        elif op in _REMAINDERS and self._wrapping and args[1] == self.loop.stop and function.ops[args[1]] is not _CONST:
            a = self.form_at(args[0])
            if a is not None and abs(a.coef) == 1 and a.factor < 0:
                self.wraps.add(v)
                self.needs[v] = self.needs.get(v, _NOTHING) | self.needs.get(args[0], _NOTHING)
                return a
        elif op is _SHL and function.ops[args[1]] is _CONST and 0 <= function.imms[args[1]] < 32:
            a = self.form_at(args[0])
            if a is not None:
                return a.times(1 << function.imms[args[1]])
        return Form(0, -1, {v: 1}, 0) if v in self.invariant else None

    def _product(self, a: Form, b: Form) -> Form | None:
        """`b` is a number, or a single invariant for an `a` without others."""
        if not b.coef and not b.terms:
            return a.times(b.const)
        if not b.coef and not b.const and len(b.terms) == 1 and a.coef and not a.terms and a.factor < 0:
            ((factor, mult),) = b.terms.items()
            if mult == 1:
                return Form(a.coef, factor, {factor: a.const} if a.const else {}, 0)
        return None

    def form_at(self, v: int) -> Form | None:
        """The form of any value used in the loop."""
        if self.outside(v):
            if self.function.ops[v] is _CONST:
                return Form(0, -1, {}, int(self.function.imms[v]))
            return Form(0, -1, {v: 1}, 0)
        return self.form.get(v)

    def bounds(self, v: int) -> Interval:
        """Bounds of an i64 under the assumptions; makes one for an invariant that is needed."""
        found = self._assumed.get(v)
        if found is None:
            found = self.known(v)
            if self.outside(v) and (found[0] < -self.limit or found[1] > self.limit):
                self.needs[v] = frozenset((v,))
                found = (max(found[0], -self.limit), min(found[1], self.limit))
            self._assumed[v] = found
        return found

    def _tight(self, v: int, needs: set[int], deep: int) -> Interval:
        """Bounds of an i64 where all that it is made of is within the limit, which is added to `needs`."""
        function = self.function
        op, args = function.ops[v], function.args[v]
        found = self.bounds(v)
        if (found[0] >= -self.limit and found[1] <= self.limit) or not deep or self.outside(v):
            needs.update(self.needs.get(v, _NOTHING))
            return found
        interval = INTERVALS.get(OPS[op.base] if op.base else op)
        tested = args[:2] if op in _CHECKED else args
        if interval is None or op is _B2I or any(function.types[a] is not I64 for a in tested):
            needs.update(self.needs.get(v, _NOTHING))
            return found
        lo, hi = interval(*[self._tight(a, needs, deep - 1) for a in tested])
        if lo >= MIN and hi <= MAX:
            return lo, hi
        needs.update(self.needs.get(v, _NOTHING))
        return found

    def known(self, v: int, deep: int = _DEEP) -> Interval:
        """Bounds of an i64 without assumptions."""
        found = self._known.get(v)
        if found is None:
            function = self.function
            op = function.ops[v]
            if op is _CONST:
                found = (function.imms[v], function.imms[v])
            elif op is _LOAD:
                found = access_range(function.imms[v])
            else:
                found = function.facts.get(v) or self._computed(v, op, deep)
            self._known[v] = found
        return found

    def _computed(self, v: int, op: Op, deep: int) -> Interval:
        """Bounds of a value from in front of the loop by those of what it is computed from."""
        function = self.function
        interval = INTERVALS.get(OPS[op.base] if op.base else op)
        tested = function.args[v][:2] if op in _CHECKED else function.args[v]
        if interval is None or not deep or op is _B2I or any(function.types[a] is not I64 for a in tested):
            return MIN, MAX
        low, high = interval(*[self.known(a, deep - 1) for a in tested])
        if op.base:
            return max(low, MIN), min(high, MAX)
        return (low, high) if low >= MIN and high <= MAX else (MIN, MAX)
