"""`np.exp` and `np.log` under fastmath: within one ulp over the whole range, wherever in a loop an element is."""

from __future__ import annotations

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest

from jitney import jit
from tests.support import bits

SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]


@jit(fastmath=True)
def exps(a, b):
    for i in range(len(a)):
        b[i] = np.exp(a[i])


@jit(fastmath=True)
def logs(a, b):
    for i in range(len(a)):
        b[i] = np.log(a[i])


def alone(jitted, x):
    """Of an array of one, which is what is left over of any."""
    got = np.zeros(1)
    jitted(np.array([x]), got)
    return got[0]


def worst(values, got, exact):
    """The largest error in ulps of the exact result."""
    getcontext().prec = 40
    errors = []
    for x, y in zip(values.tolist(), got.tolist()):
        wanted = exact(Decimal(x))
        errors.append(abs(Decimal(y) - wanted) / Decimal(math.ulp(float(wanted))))
    return max(errors)


def test_exp_is_within_an_ulp():
    rng = np.random.default_rng(1)
    values = np.concatenate([
        rng.uniform(-745, 709.7, 800), rng.uniform(-1, 1, 600), rng.normal(size=200) * 1e-7,
        rng.uniform(-746, -707, 200),
        np.arange(-100, 100) * math.log(2.0), (np.arange(-100, 100) + 0.5) * math.log(2.0),
    ])  # fmt: skip
    got = np.zeros_like(values)
    exps(values, got)
    assert worst(values, got, Decimal.exp) < 1


def test_log_is_within_an_ulp():
    rng = np.random.default_rng(2)
    values = np.concatenate([
        np.exp(rng.uniform(-743, 709, 700)), rng.uniform(0.4, 2.5, 700), 1 + rng.normal(size=300) * 1e-7,
        math.sqrt(2.0) * (1 + rng.normal(size=100) * 1e-9), 2.0 ** np.arange(-1074.0, 1024.0, 40.0),
    ])  # fmt: skip
    got = np.zeros_like(values)
    logs(values, got)
    assert worst(values, got, Decimal.ln) < 1


@pytest.mark.parametrize("jitted, function", [(exps, np.exp), (logs, np.log)])
def test_the_edges_are_numpys(jitted, function):
    values = np.array([*SPECIAL, 709.782712893384, 709.7827128933841, 710.0, -745.13, -745.14, -1e300, 1e300] * 3)
    got = np.zeros_like(values)
    jitted(values, got)
    with np.errstate(all="ignore"):
        wanted = function(values)
    special = ~np.isfinite(wanted) | (wanted == 0)
    assert bits(got[special & ~np.isnan(wanted)]) == bits(wanted[special & ~np.isnan(wanted)])
    assert (np.isnan(got) == np.isnan(wanted)).all()
    for k in range(17):
        assert bits(alone(jitted, values[k])) == bits(got[k])


def test_the_same_bits_in_vectors_and_apart():
    rng = np.random.default_rng(3)
    for n in (1, 2, 3, 7, 8, 15, 16, 17, 33, 100):
        values = rng.uniform(0.01, 600, n)
        for jitted in (exps, logs):
            got = np.zeros(n)
            jitted(values, got)
            assert got.tolist() == [alone(jitted, x) for x in values]


def test_without_fastmath_the_bits_are_numpys():
    @jit
    def f(x):
        return np.exp(x), np.log(x)

    for x in np.random.default_rng(4).uniform(0.1, 100, 300):
        assert bits(f(x)) == bits((np.exp(x), np.log(x)))
