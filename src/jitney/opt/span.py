"""Which iterations of a split loop run without checks, and how many at a time: emitted in front of the copies."""

from __future__ import annotations

from ..analysis.intervals import MAX, MIN
from ..ir.dominators import dominates
from ..ir.ops import OPS
from ..ir.types import I1, I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..analysis.affine import Form
    from ..ir.function import Block
    from .split import Plan, Split

CHUNK = 1 << 14  # iterations between two polls
FIRST = 32  # the first ones of a loop that may be left early: only if it goes on, it is worth a vector loop
LENGTHS = 1 << 62  # lengths above count as this, so that bounds can be computed from them
_INDEX, _ULT = OPS["index"], OPS["ult"]


class Span:
    """The iterations that are the check-free copy's, computed before the loop.

    Attributes:
        lower, upper: new values: the counter is in [lower, upper); -1: no bound but the loop's own.
        stop: the new value where the counter, going its way, leaves them; where a condition fails, one that it is
            beyond from the start.
    """

    __slots__ = ("builder", "forms", "lower", "made", "plan", "rebuild", "stop", "upper")

    def __init__(self, rebuild: Split, plan: Plan) -> None:
        self.rebuild = rebuild
        self.builder = rebuild.builder
        self.plan = plan
        self.forms = plan.forms
        self.made: dict[int, int] = {}
        self.lower = self.upper = -1
        lowers: list[int] = []
        uppers: list[int] = []
        conds: list[int] = []
        for v in sorted(plan.needs):
            self._assume(v, lowers, uppers, conds)
        for v in plan.passing:
            self._passes(v, conds)
        for least, most, length in _ends(plan.clips):
            self._clip(least, most, length, lowers, uppers, conds)
        if plan.first > MIN:
            lowers.append(self.constant(plan.first))
        if plan.last:
            uppers.append(self.builder.emit("add", rebuild.value[plan.loop.stop], self.constant(plan.last)))
        for greatest, length in plan.tables:
            self._in_length(self.constant(greatest), length, conds)
        self._combine(lowers, uppers)
        self._test_ends(conds)
        self.stop = self.upper if plan.loop.step > 0 else self.builder.emit("sub", self.lower, self.constant(1))
        if conds:
            self._only_if(conds)

    def constant(self, k: int) -> int:
        return self.builder.const(I64, k)

    def start(self) -> int:
        """The old value that the counter starts with."""
        loop = self.plan.loop
        return loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]

    def value(self, v: int) -> int:
        """The new value of an old one that is the same in each iteration, computed here if it comes from the loop."""
        if self.forms.outside(v):
            return self.rebuild.value[v]
        found = self.made.get(v)
        if found is None:
            old = self.rebuild.old
            op, args = old.ops[v], old.args[v]
            if op is _INDEX:
                found = self.value(args[0])
            elif op.base:
                found = self.builder.emit(op.base, self.value(args[0]), self.value(args[1]))
            else:
                found = self.builder.insert(op, tuple([self.value(a) for a in args]), old.imms[v], old.types[v])
            self.made[v] = found
        return found

    def _assume(self, v: int, lowers: list[int], uppers: list[int], conds: list[int]) -> None:
        limit, emit = self.forms.limit, self.builder.emit
        if v == self.plan.loop.counter:
            if self.forms.known(self.start())[0] < -limit or self.plan.loop.step < 0:
                lowers.append(self.constant(-limit))
            uppers.append(self.constant(limit))
        elif self.forms.known(v)[0] >= 0:
            conds.append(emit("sle", self.value(v), self.constant(limit)))
        else:
            conds.append(emit("ule", emit("add", self.value(v), self.constant(limit)), self.constant(2 * limit)))

    def _passes(self, v: int, conds: list[int]) -> None:
        old = self.rebuild.old
        args = old.args[v]
        if old.ops[v] is _INDEX or old.ops[args[0]] is _ULT:
            index, length = args[:2] if old.ops[v] is _INDEX else old.args[args[0]]
            stop = self._in_all_rows(index, length, v)
            if stop >= 0:
                conds.append(self.builder.emit("sle", self.rebuild.value[stop], self.value(length)))
                return
        if old.ops[v] is _INDEX:
            self._in_length(self.value(args[0]), args[1], conds)
        else:
            conds.append(self.value(args[0]))

    def _in_all_rows(self, index: int, length: int, v: int) -> int:
        """The stop of the loop around whose counter `index` is, if that can be tested instead, in front of that loop.

        -1 if not: where the check is not made in each iteration, or fails in the first rows (a counter that may be
        negative), other rows are to be without checks.
        """
        old, plan = self.rebuild.old, self.plan
        if old.types[index] is not I64 or self.forms.known(index)[0] < 0 or not dominates(old.homes[v], plan.latch):
            return -1
        around = plan.loop.parent
        while around is not None:
            if around.counter == index:
                home = old.homes[length].loop
                return around.stop if around.step > 0 and (home is None or not home.inside(around)) else -1
            around = around.parent
        return -1

    def _in_length(self, x: int, length: int, conds: list[int]) -> None:
        conds.append(self.builder.emit("ult", x, self._length(length, conds)))

    def _length(self, length: int, conds: list[int]) -> int:
        """The new value of a length, which is not negative."""
        new = self.value(length)
        if self.forms.known(length)[0] < 0:
            conds.append(self.builder.emit("sge", new, self.constant(0)))
        return new

    def _base(self, form: Form) -> int:
        """The part of a form that is the same in each iteration."""
        emit = self.builder.emit
        total = -1
        for v, mult in form.terms.items():
            term = self.value(v)
            if mult == -1 and total >= 0:
                total = emit("sub", total, term)
                continue
            term = emit("mul", term, self.constant(mult))
            total = term if total < 0 else emit("add", total, term)
        if total < 0:
            return self.constant(form.const)
        return emit("add", total, self.constant(form.const))

    def _least(self, form: Form) -> int:
        """The least that the part of a form is that is the same in each iteration."""
        least = form.const
        for v, mult in form.terms.items():
            low, high = self.forms.known(v)
            least += mult * (low if mult > 0 else high)
        return least

    def _clip(
        self, least: Form, most: Form, length: int, lowers: list[int], uppers: list[int], conds: list[int]
    ) -> None:
        """``0 <= +-k + base < length``, for the bases of two forms that differ by a number, and all between."""
        emit, zero = self.builder.emit, self.constant(0)
        size = self._length(length, conds)
        plain = not most.terms and most.const == 0
        if not (plain and least.const == 0) and self.forms.known(length)[1] > LENGTHS:
            size = emit("smin", size, self.constant(LENGTHS))
        if least.coef > 0:
            first = self.forms.known(self.start() if self.plan.loop.step > 0 else self.plan.loop.counter)[0]
            if first + self._least(least) < 0:
                lowers.append(emit("sub", zero, self._base(least)))
            uppers.append(size if plain else emit("sub", size, self._base(most)))
        else:
            one = self.constant(1)
            lowers.append(emit("add", emit("sub", self._base(most), size), one))
            uppers.append(emit("add", self._base(least), one))

    def _combine(self, lowers: list[int], uppers: list[int]) -> None:
        emit, loop = self.builder.emit, self.plan.loop
        stop = self.rebuild.value[loop.stop]
        if loop.step > 0:
            uppers.append(stop)
        else:
            lowers.append(emit("add", stop, self.constant(1)))
        for bound in dict.fromkeys(lowers):
            self.lower = bound if self.lower < 0 else emit("smax", self.lower, bound)
        for bound in dict.fromkeys(uppers):
            self.upper = bound if self.upper < 0 else emit("smin", self.upper, bound)

    def _test_ends(self, conds: list[int]) -> None:
        """Indices with other strides are in range where they are at both ends: they are linear."""
        plan, emit = self.plan, self.builder.emit
        if not plan.ends:
            return
        start = self.rebuild.value[self.start()]
        if plan.loop.step > 0:
            first = start if self.lower < 0 else emit("smax", start, self.lower)
            last = emit("sub", self.upper, self.constant(1))
        else:
            last = start if self.upper < 0 else emit("smin", start, emit("sub", self.upper, self.constant(1)))
            first = self.lower
        for least, most, length in _ends(plan.ends):
            # Where the factor is not known, either end may be the lower one.
            ends = [(form, k) for form in dict.fromkeys((least, most)) for k in (first, last)]
            if least.factor < 0:
                ends = [(least, first), (most, last)] if least.coef > 0 else [(most, first), (least, last)]
            for form, k in ends:
                x = emit("mul", k, self.constant(form.coef))
                if form.factor >= 0:
                    x = emit("mul", x, self.value(form.factor))
                self._in_length(emit("add", x, self._base(form)), length, conds)

    def _only_if(self, conds: list[int]) -> None:
        emit = self.builder.emit
        every = -1
        # Those of outer loops first, so that their conjunction moves out, too.
        homes = self.builder.function.homes
        for cond in sorted(set(conds), key=lambda c: (getattr(homes[c].loop, "depth", 0), c)):
            every = cond if every < 0 else emit("and", every, cond)
        self.stop = emit("select", every, self.stop, self.constant(MIN if self.plan.loop.step > 0 else MAX))


def _ends(pairs: list[tuple[Form, int]]) -> list[tuple[Form, Form, int]]:
    """Those forms, of any that differ by numbers and have the same length, that are the least and the greatest."""
    found: dict[Any, tuple[Form, Form, int]] = {}
    for form, length in pairs:
        key = (form.coef, form.factor, frozenset(form.terms.items()), length)
        least, most, _ = found.get(key, (form, form, length))
        found[key] = (form if form.const < least.const else least, form if form.const > most.const else most, length)
    return list(found.values())


class Chunk:
    """As many iterations as run between two polls.

    Attributes:
        head: the outer loop's header; limit: its new parameter, the check-free copy's stop. Where the counter has
            passed it, the next iteration is not the copy's.
    """

    __slots__ = ("_emit", "_fuel", "_k", "_span", "head", "limit")

    def __init__(self, span: Span, k: int, head: Block) -> None:
        self._span, self._k, self._fuel = span, k, -1
        self._emit = span.builder.emit
        self.head = head
        self.limit = span.builder.param(head, I64)

    def bound(self, k: int, block: Block | None = None, near: bool = False) -> int:
        """The limit for an iteration `k`: beyond it, or there is a test (`inside`) of whether it is. Computed here, or
        at the end of `block`: then not folded, so that nothing but `k` lives until there. `near`: after few."""
        span = self._span
        builder = span.builder

        def emit(name: str, *args: int) -> int:
            if block is None:
                return builder.emit(name, *args)
            return builder.append(block, name, args, I1 if name in ("sge", "slt") else I64)

        step = span.plan.loop.step
        chunk = min(CHUNK, FIRST) if near else CHUNK
        if span.plan.always:
            # The counter has not reached the stop, and there is no other copy to go on in where a limit wrapped.
            ahead = emit("sub", span.stop, k) if step > 0 else emit("sub", k, span.stop)
            ahead = emit("umin", ahead, span.constant(chunk * abs(step)))
            return emit("add" if step > 0 else "sub", k, ahead)
        far = emit("add", k, span.constant(chunk * step))
        limit = emit("smin" if step > 0 else "smax", span.stop, far)
        name, first, none = ("sge", span.lower, MIN) if step > 0 else ("slt", span.upper, MAX)
        if first >= 0:
            limit = emit("select", emit(name, k, first), limit, span.constant(none))
        return limit

    def inside(self) -> int:
        """Whether the next iteration is the check-free copy's."""
        return self._emit("slt" if self._span.plan.loop.step > 0 else "sgt", self._k, self.limit)

    def enter(self, fuel: int) -> None:
        """Say, in front of the check-free copy, with how much fuel it is entered."""
        self._fuel = self._emit("add" if self._span.plan.loop.step > 0 else "sub", fuel, self._k)

    def left(self, k: int) -> int:
        """The fuel that is left before iteration `k`: neither the fuel nor the start have to be kept until there."""
        up = self._span.plan.loop.step > 0
        return self._emit("sub" if up else "add", self._fuel, k)
