"""Random formulas of mathematical functions under fastmath: an element has the same bits wherever it stands, and is
near what CPython computes."""

from __future__ import annotations

import os
import random
import warnings

import numpy as np
import pytest

from tests.special.accuracy import compiled

COUNT = int(os.environ.get("JITNEY_FUZZ", "100")) // 16
ONE = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh cbrt sqrt abs floor rint"
).split()
TWO = ("arctan2", "power", "hypot", "minimum", "maximum")


def formula(rng: random.Random, depth: int) -> str:
    kind = rng.random()
    if not depth or kind < 0.15:
        return rng.choice(("a[i]", "b[i]", "a[i]", "x", "0.5", "3.0"))
    first, second = formula(rng, depth - 1), formula(rng, depth - 1)
    if kind < 0.5:
        return f"np.{rng.choice(ONE)}({first})"
    if kind < 0.65:
        return f"np.{rng.choice(TWO)}({first}, {second})"
    if kind < 0.7:
        return f"({first} ** {rng.choice(('2', '-1.5', '0.5', '2.3', '3'))})"
    if kind < 0.76:
        return f"({first} if {second} > {formula(rng, 1)} else {formula(rng, 1)})"
    return f"({first} {rng.choice('+-*/')} {second})"


@pytest.mark.parametrize("seed", range(COUNT))
def test_random_formulas(seed: int) -> None:
    rng = random.Random(seed)
    source = f"def f(a, b, x, out):\n    for i in range(len(a)):\n        out[i] = {formula(rng, 3)}\n"
    jitted = compiled(source, f"<formula {seed}>")
    dtype = rng.choice((np.float64, np.float64, np.float32))
    numbers = np.random.default_rng(seed)
    a = (numbers.normal(size=61) * rng.choice((1, 5))).astype(dtype)
    b, x = numbers.uniform(0.01, 4.0, 61).astype(dtype), np.float64(0.7)
    a[numbers.integers(0, 61, 3)] = numbers.choice([0.0, -0.0, np.inf, np.nan], 3)
    whole = np.zeros(61, dtype)
    jitted(a, b, x, whole)
    for start, stop in ((0, 1), (0, 7), (3, 20), (40, 61), (59, 61), (8, 40)):
        part = np.zeros(stop - start, dtype)
        jitted(a[start:stop], b[start:stop], x, part)
        assert np.array_equal(part, whole[start:stop], equal_nan=True), (source, dtype, start)
        assert (np.signbit(part) == np.signbit(whole[start:stop]))[part == 0].all(), (source, dtype, start)
    wanted = np.zeros(61, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jitted.__wrapped__(a, b, x, wanted)
    near = np.isclose(wanted, whole, 1e-4 if dtype is np.float32 else 1e-9, 1e-12, equal_nan=True)
    assert near.all(), (source, dtype, a[~near][:3], wanted[~near][:3], whole[~near][:3])
