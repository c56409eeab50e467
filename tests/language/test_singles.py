"""Variables that are a Python float on some ways and an `np.float32` on others, carried through nests of loops."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import check


def over_rows(a):
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            s += a[i, j]
    return s


def in_arms(a):
    s, t = 0.5, 1e40
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if a[i, j] > 0:
                s += a[i, j] * 2
            elif a[i, j] < -2:
                t = a[i, j]
    return s, t, s + t


def loaded(a):
    last = 0.1
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if a[i, j] != 3:
                last = a[i, j]
    return last


def stored(a):
    out = np.zeros(a.shape[0], a.dtype)
    s = -0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            s = s - a[i, j]
        out[i] = s
        if i == 2:
            s = 0.1
    return out, s


def divided(a):
    s, n = 0.0, 0
    for i in range(a.shape[0]):
        for j in range(i):
            d = a[i, 0] - a[j, 0]
            if d > 0:
                s += d
                n += 1
    return s / n


def whiles(a):
    s, i = 1.0, 0
    while s < 100 and i < a.shape[0]:
        j = 0
        while j < a.shape[1] and s > -50:
            s = s * 1.5 + a[i, j]
            j += 1
        i += 1
    return s, i


def raises(a):
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1] + 1):
            s += a[i, j]
            a[i, j] = s
    return s


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [over_rows, in_arms, loaded, stored, divided, whiles, raises])
def test_against_python(function, dtype):
    a = np.random.default_rng(2).normal(size=(5, 9)).astype(dtype)
    large = np.full((3, 3), 3e38, dtype)
    special = a.copy()
    special[1, 2], special[3, 0], special[4, 8] = np.inf, -np.inf, np.nan
    signalling = a.copy()
    signalling.view(np.uint32)[2, 3] = 0x7F800001
    check(function, a, a[:0], a[:, :0], a[:1, :1], special, signalling, large, a[::2, ::-2])


def never(a):
    t = 1
    for _ in range(0):
        a[0] = 9.0
        t -= a[0]
    return t


def test_a_loop_that_never_runs():
    check(never, np.ones(2), np.ones(2, np.float32), np.ones(0))
