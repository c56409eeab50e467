"""Programs that the optimiser changes much, plain against jitted, at the values where its assumptions end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import check

_EDGES = [s * (2**k + d) for k in (0, 30, 61, 62, 63) for d in (-1, 0, 1) for s in (1, -1)]
_INTS = [n for n in _EDGES if -(2**63) <= n < 2**63]


def odd_or_even(n, turns):
    for _ in range(turns):
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
    return n


def falling(n, turns):
    for _ in range(turns):
        if n > 7:
            n = 5 - n * 2
        else:
            n = n - 3
    return n


def test_checks_in_arms_of_a_choice():
    third = (2**63 - 2) // 3
    starts = [*_INTS, third, third + 1, third + 2, -third - 1, -third, -third - 2, 2**62 + 2, 2**62 + 3, -(2**63) + 2]
    for function in (odd_or_even, falling):
        check(function, *[(n, turns) for n in starts for turns in (1, 2, 5)])


def nearest(points, centers, labels):
    total = 0.0
    for i in range(len(points)):
        best = -1
        least = float("inf")
        for c in range(len(centers)):
            distance = 0.0
            for k in range(2):
                distance += (points[i] - centers[c]) ** 2
            if distance < least:
                least = distance
                best = c
        labels[i] = best
        total += least
    return total


def test_least_of_a_long_iteration():
    values = np.array([0.5, -0.0, 0.0, np.nan, np.inf, -np.inf, 1e308])
    check(nearest, (values, values[:4].copy(), np.zeros(7, np.int32)), (values, values[::-1], np.zeros(7, np.int32)),
          (values[:3], values[:0], np.zeros(3, np.int64)))  # fmt: skip


def columns(a, w, out):
    total = 0
    for j in range(w):
        for i in range(a.shape[0]):
            out[i, j] = a[i, j] * 2 + a[i, w - 1 - j]
            total += a[i, j]
    return total


def test_walks_down_columns():
    a = np.arange(24).reshape(6, 4)
    for view in (a, a[::-1], a[::2, ::-1], np.asfortranarray(a), a.T, a[:0], a[:, 1:3]):
        rows, cols = view.shape
        check(columns, *[(view, w, np.zeros((rows, cols), np.int64)) for w in (0, 1, cols, cols + 1)])


def divisions(n, step):
    quotients = remainders = 0
    for i in range(n, n + 40 * step, step):
        quotients += i // 7 + i // 1000003 + i // 12
        remainders += i % 7 * 3 + i % 1000003 + i % 12 + i % (step + 9)
    return quotients, remainders


@pytest.mark.parametrize("step", [1, 977])
def test_divisions_by_constants(step):
    check(divisions, *[(n, step) for n in (0, 1, 5, 2**31, 2**60, 2**63 - 90, -20, -(2**62))])


def walk(n):
    total = 0
    i = n
    while i > 0:
        total += i // 10 * 7 + i % 10
        i //= 3
    return total


def test_divisions_of_what_is_not_negative():
    check(walk, *_INTS)


def _torus(a, out):
    rows, cols = a.shape
    for i in range(rows):
        below = (i + 1) % rows
        for j in range(cols):
            out[i, j] = a[i, (j + 1) % cols] + a[below, j] - a[i - 1, (j - 1) % cols]


def _wrapped_counter(a, start, n):
    total = 0
    for k in range(start, n):
        total = 3 * total % 1000003 + a[(k + 2) % n] + a[k % n - n]
    return total


def test_remainders_by_the_length() -> None:
    for shape in ((1, 1), (1, 2), (3, 1), (2, 5), (4, 37)):
        a = np.arange(shape[0] * shape[1], dtype=np.float64).reshape(shape)
        check(_torus, (a, np.zeros(shape)), (a[:, ::-1], np.zeros(shape)))
    values = np.arange(9)
    check(_wrapped_counter, *[(values, start, n) for start in (-9, -1, 0, 2, 7) for n in (-3, 0, 1, 2, 7, 9, 10)])
