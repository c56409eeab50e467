"""Products and sums under fastmath: IR before and after, and the values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from jitney import jit
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from jitney.opt.contract import contract
from jitney.opt.dce import eliminate
from jitney.opt.reciprocal import multiply
from jitney.targets.x86_64 import TARGET, target

BEFORE = """func f(v0: ptr, v1: f64, v2: f64, v3: f64) -> f64 fastmath {
b0(v0: ptr, v1: f64, v2: f64, v3: f64):
    v4 = fmul v1, v2
    v5 = fadd v4, v3
    ret v5
}
"""
AFTER = BEFORE.replace("    v4 = fmul v1, v2\n    v5 = fadd v4, v3\n", "    v5 = fma v1, v2, v3\n")
FUSES = TARGET.supports("fma", parse("func f(v0: ptr, v1: v4f64) {\nb0(v0: ptr, v1: v4f64):\n    ret\n}").types[1])


def changed(text, machine=TARGET):
    function = parse(text)
    verify(function)
    function.target = machine
    function = eliminate(contract(function))
    verify(function)
    return function


@pytest.mark.skipif(not FUSES, reason="this CPU has no FMA")
def test_before_and_after():
    assert to_text(changed(BEFORE)) == AFTER
    swapped = BEFORE.replace("fadd v4, v3", "fadd v3, v4")
    assert to_text(changed(swapped)) == AFTER


def test_only_where_it_is_allowed_and_there():
    strict = BEFORE.replace(" fastmath", "")
    assert to_text(changed(strict)) == strict
    assert to_text(changed(BEFORE, target(frozenset({"sse4_1"})))) == BEFORE
    twice = BEFORE.replace("ret v5", "v6 = fadd v5, v4\n    ret v6")
    assert "fma" not in to_text(changed(twice))


@pytest.mark.skipif(not FUSES, reason="this CPU has no FMA")
def test_rounded_once():
    @jit(fastmath=True)
    def single(a, i):
        return a[i] * a[i + 1] + a[i + 2]

    @jit(fastmath=True)
    def rows(a, b, c, d):
        for i in range(len(a)):
            d[i] = a[i] * b[i] + c[i]

    rng = np.random.default_rng(1)
    a, b, c = rng.normal(size=(3, 203))
    c = -a * b * (1 + 1e-12 * c)
    d = np.zeros(203)
    rows(a, b, c, d)
    for x, y, z, w in zip(a.tolist(), b.tolist(), c.tolist(), d.tolist()):
        exact = float(Fraction(x) * Fraction(y) + Fraction(z))
        assert w == exact
        assert single(np.array([x, y, z]), 0) == exact


def test_every_call_has_the_same_bits():
    @jit(fastmath=True)
    def dot(a, b):
        s = 0.0
        for i in range(len(a)):
            s += a[i] * b[i]
        return s

    a, b = np.random.default_rng(2).normal(size=(2, 1000))
    assert len({dot(a, b) for _ in range(5)}) == 1


SUM = """func f(v0: ptr, v1: ptr, v2: i64, v3: f64) -> f64 fastmath {
loop L0: header b1 preheader b0 counter v5 step 1 stop v2
b0(v0: ptr, v1: ptr, v2: i64, v3: f64):
    v4 = const i64 1
    jump b1(v4, v3)
b1(v5: i64, v6: f64) in L0:
    v7 = load f64 [v1 + v5*8]
    v8 = fmul v7, v3
    v9 = fadd v6, v8
    v10 = add v5, v4
    v11 = slt v10, v2
    br v11, b1(v10, v9), b2
b2:
    ret v9
}
"""


@pytest.mark.skipif(not FUSES, reason="this CPU has no FMA")
def test_not_where_the_next_iteration_waits_for_the_sum():
    assert to_text(changed(SUM)) == SUM
    recurrence = SUM.replace("fmul v7, v3", "fmul v6, v3").replace("fadd v6, v8", "fadd v7, v8")
    assert "v9 = fma v6, v3, v7" in to_text(changed(recurrence))


QUOTIENTS = SUM.replace("fmul v7, v3", "fdiv v7, v3")


def test_one_reciprocal_for_many_divisions():
    function = multiply(parse(QUOTIENTS))
    verify(function)
    text = to_text(function)
    assert "    v12 = const f64 1.0\n    v4 = const i64 1\n    v13 = fdiv v12, v3\n    jump b1" in text
    assert "    v8 = fmul v7, v13\n" in text
    text = QUOTIENTS.replace("v8 = fdiv v7, v3", "v12 = const f64 3.0\n    v8 = fdiv v7, v12")
    by_number = to_text(multiply(parse(text)))
    assert "= const f64 0.3333333333333333" in by_number and "fdiv" not in by_number


@pytest.mark.parametrize("quotient", ["fdiv v3, v7", "fdiv v3, v3", "fdiv v7, v6", "fdiv v7, v7"])
def test_no_reciprocal_that_serves_once(quotient):
    text = SUM.replace("fmul v7, v3", quotient)
    assert to_text(multiply(parse(text))) == to_text(parse(text))


def test_quotients_by_the_same():
    @jit(fastmath=True)
    def relative(a, width, out):
        total = 0.0
        for i in range(len(a)):
            total += a[i]
            out[i] = i / width + total / width + a[i] / 7.0 + (a[i] - total) / (width + 0.5)
        return out[3] / width

    a = np.random.default_rng(2).normal(size=301)
    for width in (3, 2.5, -1e300, np.inf):
        want, got = np.zeros(301), np.zeros(301)
        relative.__wrapped__(a, width, want)
        last = relative(a, width, got)
        np.testing.assert_allclose(got, want, 1e-11, 1e-13)
        assert last == got[3] / width
    with pytest.raises(ZeroDivisionError):
        relative(a, 0.0, got)
