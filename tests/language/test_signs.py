"""Floats of which the optimiser knows that they are not negative or not zero, and some that only look so."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from tests.support import check

_FLOATS = [0.0, -0.0, 1.5, -2.0, 5e-324, 1e200, -1e200, math.inf, -math.inf, math.nan]


def norm(x, y):
    return math.sqrt(x * x + y * y)


def difference(x, y):
    return math.sqrt(x * x - y * y)


def product_of(x, y):
    return math.sqrt(abs(x) * y)


def reciprocal(x, y):
    return y / (1.0 + x * x)


def reciprocal_root(x, y):
    return y / math.sqrt(x * x)


def root_of_quotient(x, y):
    return math.sqrt(abs(x) / (y * y))


def quotient_by_square_and_one(x, y):
    return math.sqrt(x * x / (y * y + 1.0))


def of_comparisons(x, y):
    s = x * x
    return s < 0.0, 0.0 > s, s <= 0.0, 0.0 >= s, s >= 0.0, 0.0 <= s, s > 0.0, 0.0 < s, s == 0.0, s != 0.0, s < -0.0


def test_each_pair():
    for function in (
        norm, difference, product_of, reciprocal, reciprocal_root, root_of_quotient, quotient_by_square_and_one,
        of_comparisons,
    ):  # fmt: skip
        check(function, *product(_FLOATS, _FLOATS))


def lengths(points, out):
    for i in range(points.shape[0]):
        s = 0.0
        for j in range(points.shape[1]):
            s += points[i, j] ** 2
        out[i] = math.sqrt(s)


def sinking(points, out):
    for i in range(points.shape[0]):
        s = 9.0
        for j in range(points.shape[1]):
            s -= points[i, j] ** 2
        out[i] = math.sqrt(s)


def one_way_or_other(points, out):
    for i in range(points.shape[0]):
        s = 0.0
        for j in range(points.shape[1]):
            if points[i, j] < 1.0:
                s += points[i, j] * points[i, j]
            else:
                s = points[i, j]
        out[i] = math.sqrt(s)


def loaded_twice(points, out):
    for i in range(points.shape[0]):
        out[i] = math.sqrt((points[i, 0] - points[0, 1]) * (points[i, 0] - points[0, 1]))


def written_between(points, out):
    for i in range(points.shape[0]):
        before = points[i, 0]
        points[i, 0] = -2.0
        out[i] = math.sqrt(before * points[i, 0])


def mean_of_squares(points, out):
    for i in range(points.shape[0]):
        s = 0.0
        n = 0
        for j in range(points.shape[1]):
            s += points[i, j] ** 2
            n += 1
        out[i] = math.sqrt(s / n)


def test_sums_in_loops():
    rng = np.random.default_rng(1)
    sets = [rng.uniform(-1.5, 1.5, (n, 3)) for n in (0, 1, 5, 40)]
    sets += [np.where(rng.random(p.shape) < 0.3, rng.choice(_FLOATS, p.shape), p) for p in sets]
    sets.append(np.ones((3, 0)))
    with np.errstate(all="ignore"):
        for function in (lengths, sinking, one_way_or_other, loaded_twice, written_between, mean_of_squares):
            check(function, *[(p.copy(), np.zeros(len(p))) for p in sets if p.shape[1] or function is not loaded_twice])


def by_conditions(x, y):
    found = 0.0
    d = x * 3.0 - y
    if d >= 0.0:
        found += math.sqrt(d)
    if d > 0.0:
        found += 1.0 / d
    if not d < 0.0:
        found += math.sqrt(d)
    if d <= 0.0:
        return found - math.sqrt(-d if d < 0.0 else 0.0)
    if 2.0 <= y:
        found += math.sqrt(y) + 1.0 / y
    if x < 0.0:
        return math.sqrt(x)
    return found + math.sqrt(x)


def of_the_iteration_before(a, k):
    s = 4.0
    total = 0.0
    for i in range(len(a)):
        x = s - a[i]
        if x > 0.0:
            total += math.sqrt(s)
        s = x
    t = 4.0
    for i in range(10):
        y = float(k - i)
        if k - i >= 0:
            total += math.sqrt(t)
        t = y
        if k + i > 12:
            k -= 9
    return total


def test_signs_by_conditions():
    check(by_conditions, *product(_FLOATS, _FLOATS))
    arrays = [np.array(a) for a in ([1.0, 2.0, 3.0, -9.0, 1.0], [1.0, 1.0, 1.0], [9.0, -20.0, 1.0], [5.0, -1.0, -9.0])]
    check(of_the_iteration_before, *[(a, k) for a in arrays for k in range(14)])


def asked_twice(x, y, n):
    found = 0.0
    for i in range(n):
        # That x is not known to be positive is forgotten where the second term is asked about.
        found += 1.0 / ((x + 1.0) + (abs(y) + 2.0))
    return found


def asked_twice_of_a_variable(x, y, n):
    found = 0.0
    p = q = x
    for i in range(n):
        found += 1.0 / ((p + 1.0) + (q + (abs(y) + 2.0)))
        p, q = p * 1.0, p * p
    return found


def test_what_is_asked_twice():
    calls = [(x, y, n) for x in (-4.0, -3.0, -1.0, 0.0, 5.0) for y in (0.0, -1.0) for n in (0, 1, 4)]
    check(asked_twice, *calls)
    check(asked_twice_of_a_variable, *calls)
