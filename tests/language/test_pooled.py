"""Windows side by side, or with a stride: indices that are products of two numbers known when running."""

from __future__ import annotations

import numpy as np

from jitney import jit
from tests.support import check


def largest(x, k):
    h, w = x.shape
    out = np.empty((h // k, w // k))
    at = np.empty((h // k, w // k), np.int64)
    for i in range(h // k):
        for j in range(w // k):
            best, where = -np.inf, -1
            for p in range(k):
                for q in range(k):
                    v = x[i * k + p, j * k + q]
                    if v > best:
                        best = v
                        where = (i * k + p) * w + j * k + q
            out[i, j] = best
            at[i, j] = where
    return out, at


def strided(x, f, s):
    n = (len(x) - f) // s + 1
    out = np.zeros(max(n, 0))
    for i in range(n):
        for p in range(f):
            out[i] += x[i * s + p]
    return out


def blocks(x, k):
    total = 0
    for i in range(len(x) // k):
        for j in range(i * k, (i + 1) * k):
            total = total * 3 % 1000 + x[j]
        total += x[i * 2] + x[(i + 1) * k - 1]
    return total


def pairs(x):
    s = 0.0
    for i in range(len(x) // 2):
        s = s * 0.5 + x[2 * i] - x[2 * i + 1]
    for i in range(len(x) // 3):
        s += x[3 * i + 2]
    return s


def too_far(x, k, more):
    s = 0.0
    for i in range(len(x) // k + more):
        for p in range(k + more):
            s += x[i * k + p]
    return s


def any_number(n, k):
    s = 0
    for i in range(n // k):
        s = s ^ i * k
        if i * k > n - k or i > 1000:
            return i, s
    return s


def test_windows_side_by_side():
    x = np.random.default_rng(1).random((9, 12))
    check(largest, (x, 2), (x, 3), (x, 4), (x, 9), (x, 10), (x[:0], 3), (x, 1), (x, -2), (x, 0), (x[::2, ::-1], 3))


def test_windows_with_a_stride():
    x = np.random.default_rng(2).random(20)
    for f, s in ((3, 2), (2, 3), (20, 1), (21, 1), (30, 4), (3, 0), (3, -1), (30, -2), (0, 1), (-1, 3)):
        check(strided, (x, f, s), (x[:5], f, s))


def test_blocks():
    x = np.arange(23)
    for k in (1, 2, 4, 23, 24, -1, -3, 0):
        check(blocks, (x, k), (x[:0], k))


def test_pairs():
    x = np.random.default_rng(3).random(11)
    check(pairs, x, x[:1], x[:0], x[:6], bails=False)


def test_past_the_end():
    x = np.random.default_rng(4).random(12)
    for more in (0, 1, 2, -1):
        for k in (1, 3, 5, 12, 13, -4):
            check(too_far, (x, k, more))


def test_dividends_of_any_sign():
    for n in (0, 7, -7, 2**62, -(2**62), 2**63 - 1, -(2**63)):
        for k in (1, 3, -1, -3, 2**31, -(2**40), 2**62):
            check(any_number, (n, k))


def test_strict():
    jitted = jit(largest, strict=True)
    x = np.random.default_rng(5).random((4, 4))
    for _ in range(2):
        assert all(np.array_equal(a, b) for a, b in zip(jitted(x, 2), largest(x, 2)))
