"""Tight loops that do four iterations before they go back: any number of iterations, and a check that fails in any."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import arr, check


def lookup(x, table, out):
    k = -1
    for i in range(len(x)):
        out[i] = table[x[i]] ^ 5
        k = i
    return k


def update(x, h):
    for i in range(len(x)):
        h[x[i]] += 1


def steps(x, k, step, out):
    last = 0.0
    for i in range(len(out)):
        last = x[k + i * step]
        out[i] = last + 1.0
    return last


def moved(a, s):
    for i in range(1, len(a)):
        a[i] = a[i - 1] ^ s[i & 3]


def counted(x, y):
    n = 0
    for i in range(3, len(x)):
        n += x[i] * y[x[i]]
    return n


@pytest.mark.parametrize("dtype", ("uint8", "int64", "int16"))
def test_lookups(dtype, monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", "0")
    table = np.arange(20, dtype="int32")[::-1].copy()
    calls = []
    for n in (0, 1, 2, 3, 4, 5, 7, 8, 9, 13):
        x = (np.arange(n) * 7 % 20).astype(dtype)
        calls.append((x, table, np.zeros(n, "int32")))
        for bad in range(n):
            for value in (20, 255, -1, -21):
                if value >= 0 or dtype != "uint8":
                    wrong = x.copy()
                    wrong[bad] = value
                    calls.append((wrong, table, np.zeros(n, "int32")))
    check(lookup, *calls)
    check(update, *[(x, np.zeros(20, "int64")) for x, _, _ in calls])
    check(counted, *[(x, table) for x, _, _ in calls])


def test_strides_and_what_the_iteration_before_stored(monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", "0")
    x = np.linspace(0.0, 9.0, 40)
    ways = ((3, 4), (39, -4), (5, 0), (20, 7))
    check(steps, *[(x, k, step, np.zeros(n)) for n in (0, 1, 3, 4, 6, 9) for k, step in ways])
    check(steps, *[(x[::-2], 1, 2, np.zeros(30)[::3]), (x, -3, 1, np.zeros(6))])
    check(moved, *[(np.arange(n, dtype="int64") * 37, arr([3, 1, 4, 1], int)) for n in range(12)])
    line = np.arange(30, dtype="int64")
    check(update, *[(line[:k] % 7, line.copy()) for k in range(11)])
    shared = line % 30
    check(update, (shared, shared))
