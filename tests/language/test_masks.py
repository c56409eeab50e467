"""Loops whose arms load and store narrow elements, plain against jitted."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.support import check

from .test_strided import Fenced

SIZES = (1, 3, 7, 16, 31, 40, 64, 100, 131)


def starts(g):
    h, w = g.shape
    n = 0
    for i in range(h):
        for j in range(w):
            if g[i, j] == 1 and (i == 0 or g[i - 1, j] == 0) and (j == 0 or g[i, j - 1] == 0):
                n += 1
    return n


def clipped(a, b):
    for i in range(len(a)):
        if a[i] > 100:
            b[i] = a[i] - 100


def reaches(r):
    n = len(r)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if r[i, k] and r[k, j]:
                    r[i, j] = True


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "bool", "int32"])
def test_arms(dtype):
    rng = np.random.default_rng(5)
    shapes = (0, 3), (1, 1), (4, 17), (6, 70), (3, 131)
    check(starts, *[(rng.integers(0, 2, shape).astype(dtype),) for shape in shapes])
    if dtype != "bool":
        check(clipped, *[(rng.integers(0, 127, n).astype(dtype), np.zeros(n, dtype)) for n in SIZES])


def test_closure():
    rng = np.random.default_rng(6)
    check(reaches, *[(rng.random((n, n)) > 0.9,) for n in (1, 2, 15, 33, 70)])


def test_nothing_outside_is_touched(monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", "0")
    rng = np.random.default_rng(7)
    fences, jitted = [Fenced(), Fenced()], jit(clipped)
    for n in SIZES:
        for last in (False, True):
            a, b = [f.copy(rng.integers(0, 200, n).astype(np.uint8), last) for f in fences]
            wanted = np.where(a > 100, a - 100, b).tobytes()
            jitted(a, b)
            assert b.tobytes() == wanted
