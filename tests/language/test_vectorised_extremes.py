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


def counted(a):
    c = d = e = f = g = 0
    for i in range(len(a)):
        x = int(a[i])
        if 65 <= x <= 90:
            c += 1
        if -3 <= x <= 3:
            d += 1
        if x < -100 or x > 100:
            e += 1
        if 120 <= x <= 127:
            f += 1
        if -128 <= x <= -120:
            g += 1
    return c, d, e, f, g


def marked(a, out):
    for i in range(len(a)):
        x = int(a[i])
        if 200 <= x <= 32767:
            out[i] = 1
        elif -32768 <= x <= -32760:
            out[i] = 2


def test_intervals():
    rng = np.random.default_rng(9)
    for dtype in (np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32, np.int64):
        info = np.iinfo(dtype)
        near = [x for x in (*range(-130, 131), -32768, -32761, -32760, 32766, 32767, 199, 200, 255) if
                info.min <= x <= info.max]  # fmt: skip
        a = np.array(near + [info.min, info.min + 1, info.max - 1, info.max], dtype)
        b = rng.integers(info.min, info.max, 100, dtype=dtype, endpoint=True)
        check(counted, a, b)
        check(marked, (a, np.zeros(len(a), np.uint8)), (b, np.zeros(100, np.uint8)))
