"""Least and greatest of some elements only, in loops that are vectorised: plain against jitted."""

from __future__ import annotations

import math

import numpy as np

from tests.support import check


def greatest_of_some(a, d, limit):
    m = 0
    for j in range(len(a)):
        if a[j] < limit and d[j] > m:
            m = d[j]
    return m


def least_of_some(a, d, limit):
    m = d[0]
    n = 0
    for j in range(len(a)):
        if a[j] > limit:
            n += 1
            if d[j] < m:
                m = d[j]
    return m, n


def with_a_flag(a, d, limit):
    m = limit
    found = False
    for j in range(len(a)):
        if a[j] != limit and d[j] >= 0 and d[j] > m:
            m = d[j]
            found = True
    return m, found


def both(a, d, limit):
    least = math.inf
    most = -math.inf
    for j in range(len(a)):
        if a[j] > limit:
            if d[j] < least:
                least = d[j]
            if d[j] > most:
                most = d[j]
    return least, most


def hits(a, d, limit):
    best = 1e30
    for j in range(len(a)):
        e = a[j] * a[j] - d[j] * limit
        if e > 0.0:
            t = a[j] - math.sqrt(e)
            if t > 1e-4 and t < best:
                best = t
    return best


def either(a, d, limit):
    m = -5
    for j in range(len(a)):
        if a[j] < limit or d[j] > m:
            m = d[j]
    return m


def and_where(a, d, limit):
    m = -100
    where = -1
    for j in range(len(a)):
        if a[j] < limit and d[j] > m:
            m = d[j]
            where = j
    return m, where


def test_extremes_of_some():
    rng = np.random.default_rng(8)
    for dtype in (np.int64, np.int32, np.int8, np.uint8, np.float64, np.float32):
        sets = []
        for n in (1, 3, 8, 31, 64, 200):
            low = 0 if dtype is np.uint8 else -50
            a, d = rng.integers(low, 60, n).astype(dtype), rng.integers(low, 60, n).astype(dtype)
            sets += [(a, d, limit) for limit in (-60, 0, 20, 70)]
            if np.issubdtype(dtype, np.floating):
                odd = np.where(rng.random(n) < 0.2, rng.choice([math.nan, math.inf, -0.0, 0.0], n), d).astype(dtype)
                sets += [(a, odd, 5), (odd, d, 0), (odd, odd, -60)]
            sets += [(np.sort(a), np.sort(d)[::-1].copy(), 10)]
        with np.errstate(all="ignore"):
            for function in (greatest_of_some, least_of_some, with_a_flag, both, hits, either, and_where):
                if function is hits and dtype is not np.float64:
                    continue
                check(function, *sets)
