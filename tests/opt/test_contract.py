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
