"""Library functions in compiled loops: calls into C with other values alive across them."""

from __future__ import annotations

import math

import numpy as np

from tests.support import check


def softplus(a, out):
    total, count = 0.0, 0
    for i in range(len(a)):
        e = np.exp(-np.abs(a[i]))
        out[i] = np.log1p(e) + np.maximum(a[i], 0.0)
        total += out[i] * math.sqrt(float(e)) + math.fmod(total, 3.0)
        if np.isfinite(out[i]):
            count += 1
    return total, count


def powers(a, n):
    s = 0.0
    for i in range(len(a)):
        s += a[i] ** 2 + a[i] ** n + n**a[i] + (1.0 + i) ** 0.5
    return s


def quantize(a, out):
    for i in range(len(a)):
        out[i] = min(max(round(a[i] * 255.0), 0), 255)
    return out[-1] % 7


def polar(a):
    x = y = 0.0
    for i in range(len(a)):
        x += np.hypot(a[i], 1.0)
        y += np.arctan2(a[i], x) * np.float32(a[i])
    return x, y, np.int8(3) + np.int8(125)


def test_loops_of_ufuncs():
    rng = np.random.default_rng(5)
    a = rng.normal(0, 100, 50)
    check(softplus, (a, np.zeros(50)), (a[::2], np.zeros(25)), bails=False)
    check(softplus, (a.astype(np.float32), np.zeros(50)), bails=False)
    check(polar, (a,), (a[::-1],), bails=False)


def test_loops_of_powers():
    a = np.random.default_rng(6).uniform(0.1, 9, 50)
    check(powers, (a, 3), (a, 0.5), (a.astype(np.float32), 2), bails=False)


def test_stores_of_rounded_numbers():
    a = np.linspace(-0.5, 1.5, 40)
    check(quantize, (a, np.zeros(40, np.uint8)), (a, np.zeros(40, np.int64)), bails=False)
    nan = a.copy()
    nan[7] = math.nan
    check(quantize, (nan, np.zeros(40, np.uint8)))
