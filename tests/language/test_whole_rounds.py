"""Loops with as many iterations as a round has lanes, and counters far away: plain against jitted."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.support import check


def rows_of_unknown_length(m, x):
    p = np.zeros((16, m))
    if m < 3:
        return p
    for i in range(16):
        p[i, 0] = x
        p[i, 1] = x + 1.0
    return p


def loaded_from_such(m, x):
    p, out = np.zeros((16, m)), np.zeros(16)
    if m < 2:
        return out
    for i in range(16):
        p[i, 1] = x * i
    for i in range(16):
        out[i] = p[i, 0] - p[i, 1]
    return out


def counted_far(start):
    out = np.empty(16)
    for i in range(2**31 - 4, 2**31 + 12):
        out[i - (2**31 - 4)] = i
    return out


def shifted_out(n, m):
    if m < 0:
        return 0
    c = 0
    for i in range(m, n):
        c += i >> 32
    return c


def stored_shifted(n, out):
    for i in range(2**33, 2**33 + n):
        out[i - 2**33] = i >> 32
    return out


def last_place(a, n, s):
    j = -5
    for i in range(s, s - n, -1):
        if a[s - i] > 0:
            j = i
    return j


def first_only(dtype):
    a = np.zeros(200, dtype)
    a[0] = 1
    return a


FAR = [2**31 - 1, 2**31 - 2, 2**31, 300, -(2**31) + 300, 2**40]
CALLS = {
    rows_of_unknown_length: [(m, 1.0) for m in (4, 2, 3, 0, 1, 16)],
    loaded_from_such: [(m, 1.5) for m in (4, 2, 3, 1, 16)],
    counted_far: [(0,)],
    shifted_out: [(2**33 + 100, 2**33), (2**32 + 50, 2**32 - 50), (200, 0), (2**31 + 70, 2**31 - 70)],
    stored_shifted: [(n, np.zeros(100)) for n in (0, 1, 16, 100)],
    last_place: [(first_only(t), 200, s) for t in ("f4", "i1", "i4", "f8") for s in FAR],
}


@pytest.mark.parametrize("bits", ["128", "256", "512"])
@pytest.mark.parametrize("function", CALLS)
def test_as_plain(function, bits, monkeypatch):
    monkeypatch.setenv("JITNEY_VECTOR_BITS", bits)
    for call in CALLS[function]:
        check(function, call)
    check(function, *CALLS[function])


def sines(v):
    x, out = np.empty(16), np.zeros(16)
    for i in range(16):
        x[i] = v * i
    for i in range(16):
        out[i] = np.sin(x[i])
    return out


def left_between(a, n, m, k):
    s = 0.0
    i = 0
    for i in range(m, m + n):
        s += a[0]
        j = m
        while j <= n - 1:
            if j > k:
                return s, j
            s = 7
            j += 1
    return s, n


def test_two_loops_counted_at_their_top():
    check(left_between, *[(np.zeros(9), n, m, k) for n in (0, 1, 3) for m in (0, 1) for k in (0, 1, 9)])


def test_relaxed_functions_of_a_round():
    relaxed = jit(fastmath=True)(sines)
    for v in (0.5, 1e9, 0.0):
        assert np.allclose(relaxed(v), sines(v))
