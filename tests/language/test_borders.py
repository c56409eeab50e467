"""Loops that test whether they are at a border, plain against jitted."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import check


def means(a, out):
    h, w = a.shape
    for i in range(h):
        for j in range(w):
            s = a[i, j]
            n = 1
            if i > 0:
                s += a[i - 1, j]
                n += 1
            if i < h - 1:
                s += a[i + 1, j]
                n += 1
            if j > 0:
                s += a[i, j - 1]
                n += 1
            if j < w - 1:
                s += a[i, j + 1]
                n += 1
            out[i, j] = s / n


def differences(a, out):
    n = len(a)
    for i in range(n):
        if i == 0:
            out[i] = a[1] - a[0]
        elif i == n - 1:
            out[i] = a[i] - a[i - 1]
        else:
            out[i] = a[i + 1] - a[i - 1]


def clamped(a, out):
    for i in range(len(a)):
        left = i - 2 if i >= 2 else 0
        right = i + 2 if i + 2 < len(a) else len(a) - 1
        out[i] = a[left] + a[right]
        if 1 <= i <= len(a) - 3:
            out[i] -= a[i - 1]
    return out


def paths(a):
    h, w = a.shape
    for i in range(h):
        for j in range(w):
            if i == 0 and j == 0:
                continue
            if i == 0:
                a[i, j] += a[i, j - 1]
            elif j == 0:
                a[i, j] += a[i - 1, j]
            else:
                a[i, j] += min(a[i - 1, j], a[i, j - 1])
    return a[h - 1, w - 1]


def behind(a, n):
    """Leaves the array where `n` is too large, after its stores."""
    for i in range(n):
        if i != n - 1:
            a[i] += 1
        else:
            a[i] = -1
    return a


def far(a, start, stop):
    """A counter near the ends of what a machine integer holds."""
    found = 0
    for k in range(start, stop):
        if k < stop - 1:
            found += 1
        if k == start or k > 2:
            found += 2
        if found > 20:
            return found, k
    return found, a[0]


def test_borders():
    rng = np.random.default_rng(11)
    sizes = [(h, w) for h in (0, 1, 2, 3, 5) for w in (0, 1, 2, 3, 4, 9, 40)]
    grids = [rng.normal(size=size) for size in sizes]
    check(means, *[(a, np.zeros(a.shape)) for a in grids])
    check(paths, *[rng.integers(0, 50, size) for size in sizes])
    rows = [rng.normal(size=n) for n in (0, 1, 2, 3, 4, 5, 6, 20, 100)]
    check(differences, *[(a, np.zeros(len(a))) for a in rows])
    check(clamped, *[(a, np.zeros(len(a))) for a in rows])
    check(behind, *[(np.arange(6), n) for n in (0, 1, 2, 5, 6, 7, 9)])
    top = 2**63 - 1
    ends = [(0, 1), (0, 50), (-3, 4), (-9, 60), (top - 3, top), (0, top), (-top, -top + 9), (-top - 1, top), (5, 3)]
    check(far, *[(np.zeros(1), a, b) for a, b in ends])


def window_sum(a, out):
    h, w = a.shape
    for i in range(h):
        for j in range(w):
            s = 0
            n = 0
            for k in range(-1, 2):
                for l in range(-1, 2):
                    y = i + k
                    x = j + l
                    if 0 <= y < h and 0 <= x < w:
                        s += a[y, x]
                        n += 1
            out[i, j] = s // n


def window_weights(a, out):
    h, w = a.shape
    for i in range(h):
        for j in range(w):
            s = 0.0
            for k in range(3):
                y = i + k - 1
                if y < 0 or y >= h:
                    continue
                for l in range(3):
                    x = j + l - 1
                    if x < 0 or x >= w:
                        continue
                    s += a[y, x] * (k + 2 * l)
            out[i, j] = s


def window_clamped(a, out):
    h, w = a.shape
    for i in range(h):
        for j in range(w):
            s = a[i, j]
            for k in range(-1, 2):
                for l in range(-2, 3):
                    s -= a[min(max(i + k, 0), h - 1), min(max(j + l, 0), w - 1)]
            out[i, j] = s


def peaks(a, out):
    h, w = a.shape
    for i in range(h):
        for j in range(w):
            highest = True
            for k in range(-1, 2):
                for l in range(-1, 2):
                    if (k or l) and 0 <= i + k < h and 0 <= j + l < w and a[i + k, j + l] >= a[i, j]:
                        highest = False
            out[i, j] = highest


def life(a, out):
    h, w = a.shape
    for i in range(h):
        for j in range(w):
            c = 0
            for k in range(-1, 2):
                for l in range(-1, 2):
                    if k == 0 and l == 0:
                        continue
                    if 0 <= i + k < h and 0 <= j + l < w:
                        c += a[i + k, j + l]
            out[i, j] = 1 if c == 3 or (c == 2 and a[i, j]) else 0


@pytest.mark.parametrize("function", [window_sum, window_weights, window_clamped, peaks, life])
def test_windows(function):
    rng = np.random.default_rng(12)
    sizes = [(h, w) for h in (0, 1, 2, 4) for w in (0, 1, 2, 3, 4, 19, 140)]
    for dtype in (np.uint8, np.int32, np.float64):
        if function is life and dtype is np.float64:
            continue
        grids = [rng.integers(0, 4, size).astype(dtype) for size in sizes]
        check(function, *[(a, np.zeros(a.shape, dtype)) for a in grids])
    check(function, (np.ones((5, 40), np.uint8), np.zeros((5, 37), np.uint8)))
    same = np.ones((4, 90), np.int64)
    check(function, (same, same))
