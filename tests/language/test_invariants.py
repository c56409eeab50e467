"""Calls and quotients that do not change in a loop leave it: what fails still fails where CPython says so."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support import check

_PAIRS = (
    (0.9, 3), (0.9, 0), (0.0, 2), (0.0, -1), (-2.0, 0.5), (1e300, 2), (-1e300, 3), (2.5, 1), (1.0, 5)
)  # fmt: skip


def corrected(a, b, x, t):
    for i in range(len(a)):
        a[i] = a[i] / (1.0 - x**t) + b[i] * math.exp(-x)


def after_a_store(a, b, x, t):
    for i in range(len(a)):
        b[i] = a[i]
        a[i] += x / t


def in_some(a, b, x, t):
    s = 0.0
    for i in range(len(a)):
        if a[i] > 0.5:
            s += math.log(x) / t
        else:
            s -= b[i]
    return s


def nested(a, b, x, t):
    s = 0.0
    for i in range(len(a)):
        for j in range(i, len(b)):
            s += math.sqrt(x) * a[i] / (b[j] + 1.0 / t)
        s *= math.sin(x / t)
    return s


def left_early(a, b, x, t):
    s = 0.0
    for i in range(len(a)):
        if a[i] > 0.9:
            break
        s += math.pow(x, t) * b[i]
    return s


@pytest.mark.parametrize("function", [corrected, after_a_store, in_some, nested, left_early])
def test_as_in_cpython(function):
    rng = np.random.default_rng(5)
    calls = []
    for n in (0, 1, 3, 40):
        for x, t in _PAIRS:
            calls.append((rng.random(n), rng.random(n), x, t))
            calls.append((np.full(n, 0.95), rng.random(n), x, float(t)))
    check(function, *calls)


def wrapped(a, out, m, n):
    t = 0
    for i in range(len(a)):
        for j in range(len(out)):
            out[j] += 1
            t += a[(i + 1) % n] + (i - 3) // m + a[(i - 1) % len(a)] + (m // n) % 7
    return t


def wrapped_in_some(a, out, m, n):
    t = 0
    for i in range(len(a)):
        for j in range(len(out)):
            out[j] += a[i]
            if a[i] > 2:
                t += (i - 7) % n + i // m
    return t


@pytest.mark.parametrize("function", [wrapped, wrapped_in_some])
def test_divisions_of_integers(function):
    calls = []
    for n in (0, 1, 4):
        for w in (0, 1, 5):
            for m, k in ((1, 1), (2, 0), (0, 3), (-1, -3), (-3, n), (n, n), (-(2**63), 2)):
                arrays = [np.arange(n) % 5, np.zeros(w, np.int64)]
                calls.append((*arrays, m, k))
    check(function, *calls)
