"""Tests of the counter at a split loop's borders: decided in the check-free copy, which leaves the border out.

    head(k, x):                                 main(k, x):          # for 1 <= k < stop - 1
        v4 = sgt k, 0                               v6 = load [v1 + k*8 - 8]
        br v4, b1, b2                               jump b3(v6)
    b1: v6 = load [v1 + k*8 - 8]                b3(v7): ...
        jump b3(v6)
    b2: jump b3(v2)
    b3(v7):
        v8 = eq k, v3        (stop - 1)
        br v8, b4, b5

A comparison of the counter, give or take a number, with one near the start or near the stop: only the few iterations
before or behind go the other way. The loop as it was runs these. ``if k + 1 < stop`` may be the very test by which the
loop ends. An index held within the array (``min(max(k - 1, 0), n - 1)``) is what it is inside.
"""

from __future__ import annotations

from ..analysis.affine import Form
from ..analysis.intervals import MAX, MIN
from ..ir.ops import OPS
from ..ir.types import I1, I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function
    from .rebuild import Rebuild
    from .split import Plan

_NEAR = 4  # iterations at most that are the border
_FAR = 1 << 60  # starts below are left alone
_CONST, _ADD = OPS["const"], OPS["add"]
_OPPOSITE = {"slt": "sgt", "sle": "sge", "sgt": "slt", "sge": "sle", "eq": "eq", "ne": "ne"}
# Of ``k op t``: with which number added to t the first k is known from which on it is decided, and how;
# and the first k from which on it is not decided any more, and how before.
_FROM = {"slt": (0, False), "sle": (1, False), "sgt": (1, True), "sge": (0, True), "eq": (1, False), "ne": (1, True)}
# ``smax a, b`` is a where this holds, and so on.
_CLAMPS = {"smax": "sge", "smin": "sle"}
_UNTIL = {"slt": (0, True), "sle": (1, True), "sgt": (1, False), "sge": (0, False), "eq": (0, False), "ne": (0, True)}


def collect(function: Function, plan: Plan) -> None:
    """Add to `plan` what its copy may take for decided, and the bounds that make it so."""
    loop, forms = plan.loop, plan.forms
    start = loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]
    if loop.step < 0 or forms.known(start)[0] < -_FAR:
        return
    stop = forms.form_at(loop.stop)
    stop = _spread(plan, stop) if stop is not None else None
    (latch,) = plan.latch.term_args
    for block in plan.body:
        for v in () if block.cold else block.insts:
            op = function.ops[v]
            if op.name in _CLAMPS:
                _clamp(function, plan, v, stop, start)
                continue
            if op.name not in _OPPOSITE or function.types[function.args[v][0]] is not I64:
                continue
            if v == latch and not plan.shared:
                continue
            a, b = function.args[v]
            found = _difference(plan, a, b)
            if found is None:
                continue
            threshold, name = found[0], op.name if found[1] > 0 else _OPPOSITE[op.name]
            if not threshold.terms and function.ops[start] is _CONST:
                add, holds = _FROM[name]
                first = threshold.const + add
                if function.imms[start] < first <= function.imms[start] + _NEAR:
                    plan.first = max(plan.first, first)
                    _decide(plan, v, a, b, holds)
                    continue
            if stop is not None and threshold.terms == stop.terms:
                add, holds = _UNTIL[name]
                last = threshold.const + add - stop.const
                if -_NEAR <= last < 0:
                    plan.last = min(plan.last, last)
                    _decide(plan, v, a, b, holds)


def _clamp(function: Function, plan: Plan, v: int, stop: Form | None, start: int) -> None:
    """Take an index that is held within an array's borders (``min(max(k - 1, 0), n - 1)``) for what it is inside."""
    forms, name = plan.forms, function.ops[v].name
    for a, b in (function.args[v], function.args[v][::-1]):
        form, found = forms.form_at(a), _difference(plan, a, b)
        if found is None or found[1] < 0 or form is None or form.coef != 1:
            continue
        threshold, test = found[0], _CLAMPS[name]
        if name == "smax" and not threshold.terms and function.ops[start] is _CONST:
            first = threshold.const + _FROM[test][0]
            if first > function.imms[start] + _NEAR:
                continue
            plan.first = max(plan.first, first) if first > function.imms[start] else plan.first
        elif name == "smin" and stop is not None and threshold.terms == stop.terms:
            last = threshold.const + _UNTIL[test][0] - stop.const
            if last < -_NEAR:
                continue
            plan.last = min(plan.last, last)
        else:
            continue
        needs: set[int] = set()
        for operand in (a, b):
            if operand != plan.loop.counter:
                needs |= forms.needs.get(operand, frozenset())
        plan.needs |= needs
        forms.form[v], forms.needs[v] = form, frozenset(needs)
        plan.edits[v] = _first if a == function.args[v][0] else _second
        return


def _difference(plan: Plan, a: int, b: int) -> tuple[Form, int] | None:
    """What the counter is compared with where `a` is compared with `b`, and whether that is turned around (-1)."""
    x, y = plan.forms.form_at(a), plan.forms.form_at(b)
    if x is None or y is None:
        return None
    difference = x.plus(y, -1)
    if difference is None or abs(difference.coef) != 1 or difference.factor >= 0:
        return None
    rest = difference.times(-difference.coef)
    rest.coef = 0
    return _spread(plan, rest), difference.coef


def _spread(plan: Plan, form: Form) -> Form:
    """With what a number was added to before the loop (``n - 1``) in place of the sum."""
    forms = plan.forms
    ops, args, imms = forms.function.ops, forms.function.args, forms.function.imms
    for v, mult in list(form.terms.items()):
        if ops[v] is _ADD and forms.outside(v) and ops[args[v][1]] is _CONST:
            x, number = args[v][0], int(imms[args[v][1]])
            low, high = forms.known(x)
            if low + number >= MIN and high + number <= MAX:
                form = form.plus(Form(0, -1, {v: mult}, 0), -1) or form
                form = form.plus(Form(0, -1, {x: mult}, mult * number), 1) or form
    return form


def _decide(plan: Plan, v: int, a: int, b: int, holds: bool) -> None:
    needs = plan.forms.needs
    for operand in (a, b):
        if operand != plan.loop.counter:
            plan.needs |= needs.get(operand, frozenset())
    plan.edits[v] = _yes if holds else _no


def _first(rebuild: Rebuild, v: int) -> int:
    return rebuild.value[rebuild.old.args[v][0]]


def _second(rebuild: Rebuild, v: int) -> int:
    return rebuild.value[rebuild.old.args[v][1]]


def _yes(rebuild: Rebuild, v: int) -> int:
    return rebuild.builder.const(I1, True)


def _no(rebuild: Rebuild, v: int) -> int:
    return rebuild.builder.const(I1, False)
