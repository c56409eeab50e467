"""Least and greatest values that rows carry on, plain against jitted: scans in lanes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import check


def edits(a, b, t):
    n, m = len(a), len(b)
    for i in range(n + 1):
        t[i, 0] = i
    for j in range(m + 1):
        t[0, j] = j
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            c = 0 if a[i - 1] == b[j - 1] else 1
            t[i, j] = min(t[i - 1, j] + 1, t[i, j - 1] + 1, t[i - 1, j - 1] + c)
    return t[n, m]


def alignment(a, b, t):
    n, m = len(a), len(b)
    gap = -2
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            s = 1 if a[i - 1] == b[j - 1] else -1
            t[i, j] = max(t[i - 1, j - 1] + s, t[i - 1, j] + gap, t[i, j - 1] + gap)
    return t[n, m]


def greatest_so_far(a, out):
    m = a[0]
    for i in range(len(a)):
        m = max(m, a[i])
        out[i] = m
    return m


def least_with_rent(a, out):
    m = a[0]
    for i in range(len(a)):
        m = min(m + 3, a[i])
        out[i] = m
    return m


def decaying(a, out):
    m = a[0]
    for i in range(1, len(a)):
        if a[i] > m - 5:
            m = a[i]
        else:
            m = m - 5
        out[i] = m - a[i]
    return m


def two_steps(a, out):
    m = a[0]
    for i in range(len(a) - 1):
        m = max(m - 7, a[i], a[i + 1] - 1) + 2
        out[i] = m
    return m


def in_place(a, out):
    for i in range(1, len(a)):
        a[i] = min(a[i], a[i - 1] + 1)
    for i in range(len(a) - 2, -1, -1):
        a[i] = min(a[i], a[i + 1] + 1)
    return len(out)


def far_steps(a, out):
    m = a[0]
    for i in range(len(a)):
        m = max(m + 4294967296, a[i])
        out[i] = m
    return m


def seen_before(a, out):
    m = a[0]
    for i in range(len(a)):
        out[i] = m
        m = min(m + 1, a[i])
    return m


def priced(a, b, prev, cur, gap, rent):
    for i in range(len(a)):
        for j in range(len(prev) - 1):
            s = prev[j] + (2 if a[i] == b[j] else -1)
            t = prev[j + 1] + gap
            if t > s:
                s = t
            t = cur[j] + gap - rent + 1
            if t > s:
                s = t
            cur[j + 1] = s
        prev, cur = cur, prev
    return prev[-1]


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16"])
def test_steps_that_are_arguments(dtype):
    rng = np.random.default_rng(23)
    calls = []
    for n, m in ((1, 1), (3, 9), (2, 33), (3, 70)):
        a, b = rng.integers(0, 3, n), rng.integers(0, 3, m)
        rows = rng.integers(-5, 5, (2, m + 1)).astype(dtype)
        for gap, rent in ((-2, 0), (3, 1), (0, 0), (-300, 7)):
            calls.append((a, b, rows[0], rows[1], np.array(gap, dtype)[()], np.array(rent, dtype)[()]))
        if dtype == "int64":
            edges = rng.choice(np.array([2**62, -(2**62) - 1, 2**63 - 1, -(2**63), 0, 1]), (2, m + 1))
            for gap in (2**50, 2**50 + 1, -(2**50), -(2**50) - 1, 2**61, -(2**63)):
                calls.append((a, b, rows[0], rows[1], np.int64(gap), np.int64(5)))
                calls.append((a, b, edges[0], edges[1], np.int64(gap), np.int64(-(2**50))))
            calls.append((a, b, edges[0], edges[1], np.int64(-2), np.int64(1)))
            calls.append((a, b, rows[0], rows[1], -2, 1))
    check(priced, *calls)


@pytest.mark.parametrize("function", [edits, alignment])
def test_tables(function):
    rng = np.random.default_rng(21)
    calls = []
    for n, m in ((0, 0), (1, 1), (2, 9), (5, 33), (3, 70)):
        a, b = rng.integers(0, 3, n), rng.integers(0, 3, m)
        calls += [(a, b, np.zeros((n + 1, m + 1), dtype)) for dtype in (np.int64, np.int32, np.float64)]
        calls.append((a, b, rng.integers(-(2**63), 2**63 - 1, (n + 1, m + 1))))
        calls.append((a, b, np.zeros((n + 3, 2 * m + 2), np.int64)[:-2, ::2]))
    table = np.zeros((6, 40), np.int64)
    calls.append((table[2, :5], table[3, :39], table))
    check(function, *calls)


@pytest.mark.parametrize(
    "function",
    [greatest_so_far, least_with_rent, decaying, two_steps, in_place, far_steps, seen_before],
)
def test_rows(function):
    rng = np.random.default_rng(22)
    calls = []
    edges = np.array([2**63 - 1, 2**63 - 2, -(2**63), 2**62, 2**62 - 1, -(2**62), -(2**62) - 1, 0, 5, 2**62 - 40])
    for n in (1, 2, 3, 4, 5, 8, 9, 17, 40, 100):
        calls.append((rng.integers(-50, 50, n), np.zeros(n, np.int64)))
        calls.append((rng.integers(-(2**62), 2**62, n), np.zeros(n, np.int64)))
        calls.append((rng.choice(edges, n), np.zeros(n, np.int64)))
        mixed = rng.integers(-9, 9, n)
        mixed[n // 2] = rng.choice(edges)
        calls.append((mixed, np.zeros(n, np.int64)))
        calls.append((rng.integers(0, 200, n).astype(np.uint8), np.zeros(n, np.int64)))
        calls.append((rng.integers(-50, 50, n).astype(np.int32), np.zeros(n, np.int32)))
        for dtype, half in ((np.int32, 2**30), (np.int16, 2**14)):
            near = [2 * half - 1, -2 * half, half, half - 1, -half - 1, -half, 0, 7, half - 60]
            calls.append((rng.choice(near, n).astype(dtype), np.zeros(n, dtype)))
            calls.append((rng.choice(near[-4:-1], n).astype(dtype), np.zeros(n, dtype)))
        calls.append((rng.normal(size=n), np.zeros(n)))
        both = rng.integers(-50, 50, n + 1)
        calls += [(both[:-1], both[1:]), (both[1:], both[:-1]), (both[::-1], np.zeros(n + 1, np.int64))]
    check(function, *calls)


def loads_ahead_of_a_store(c):
    m = 0
    k = -1
    s = 0
    for i in range(4, len(c) - 4):
        if c[i - 1] < 50:
            if m < int(c[i]):
                m = int(c[i])
                k = i
        c[i - 2] = c[i - 1]
        s += c[i + 2]
    return m, k, s


def test_loads_of_what_a_later_iteration_stores():
    rng = np.random.default_rng(3)
    for dtype in (np.int16, np.int32, np.uint32):
        check(loads_ahead_of_a_store, *[(rng.integers(0, 100, n).astype(dtype),) for n in (9, 17, 40, 100)])
