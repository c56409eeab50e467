"""Branches of loops that become choices, plain against jitted: extremes with their places, joined conditions."""

from __future__ import annotations

import itertools
import math

import numpy as np

from tests.support import check


def columns(a):
    found = 0
    last = 0.0
    for j in range(a.shape[1]):
        best, place = -math.inf, -1
        low, where = math.inf, -1
        for i in range(a.shape[0]):
            x = a[i, j] + 0.5 * j
            if x > best:
                best = x
                place = i
            if low > x:
                low, where = x, i
        found = found * 7 + place * 3 + where
        last = last + best * low
    return found, last


def latest(a):
    """Of equal ones, the last."""
    best, place = a[0], 0
    for i in range(1, len(a)):
        if best <= a[i]:
            best, place = a[i], i
    return float(best), place


def test_extremes_and_where_they_are():
    rng = np.random.default_rng(3)
    special = [0.0, -0.0, math.nan, math.inf, -math.inf, 1.0, -1.0]
    for shape in ((0, 2), (1, 1), (3, 4), (9, 3), (40, 2)):
        check(columns, rng.integers(-5, 5, shape).astype(np.float64))
        check(columns, rng.choice(special, shape))
    check(columns, rng.normal(size=(7, 5)).astype(np.float32))
    check(latest, *[np.array(a) for a in itertools.product([0.0, -0.0, math.nan, 1.0], repeat=3)])
