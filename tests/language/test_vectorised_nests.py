"""Nests of loops whose rows are vectorised, plain against jitted: arrays that share memory in many ways."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.support import bits, outcome


def _rows(a, b, c):
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            c[i, j] = a[i, j] + b[i, j]


def _product(a, b, c):
    for i in range(c.shape[0]):
        for k in range(b.shape[0]):
            x = a[i, k]
            for j in range(c.shape[1]):
                c[i, j] += x * b[k, j]


def _stencil(a, b, c):
    for i in range(1, c.shape[0] - 1):
        for j in range(1, c.shape[1] - 1):
            c[i, j] = a[i - 1, j] + a[i + 1, j] + b[i, j - 1] + b[i, j + 1]


def _triangle(a, b, c):
    for i in range(c.shape[0]):
        for j in range(i, c.shape[1]):
            c[i, j] -= a[i, j] * b[0, j]


def _steps(a, b, c):
    for i in range(1, c.shape[0], 2):
        for j in range(c.shape[1]):
            c[i, j] = a[i - 1, j] - b[i, 2]


def _downwards(a, b, c):
    for i in range(c.shape[0] - 1, -1, -1):
        for j in range(c.shape[1] - 1, -1, -1):
            c[i, j] = a[i, j] + b[i, j]


def _elimination(a, b, c):
    for k in range(min(c.shape[0], c.shape[1])):
        for i in range(k + 1, c.shape[0]):
            x = b[i, k]
            for j in range(k, c.shape[1]):
                c[i, j] -= x * a[k, j]


def _swapped(a, b, c):
    for _ in range(3):
        for i in range(1, c.shape[0]):
            for j in range(c.shape[1]):
                b[i, j] = a[i - 1, j] + c[i, j]
        a, b = b, a


def _far(a, b, c):
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            a[i // 2, j] = b[i, j] + c[i, j]


KERNELS = (_rows, _product, _stencil, _triangle, _steps, _downwards, _elimination, _swapped, _far)


def views(rng: np.random.Generator, dtype: str, shape: tuple[int, int]) -> list[Any]:
    """Three arrays of one shape, whole or strided, some of them in the same memory."""
    n, m = shape
    values = rng.integers(-9, 9, 16 * n * m + 64)
    memory = [values.astype(dtype), values[::-1].astype(dtype)]
    made: list[Any] = []
    for _ in range(3):
        own = memory[int(rng.integers(0, 2))]
        at = int(rng.choice([0, 0, 0, 1, m, n * m, n * m - 1, rng.integers(0, 3 * n * m)]))
        kind = int(rng.integers(0, 6))
        if kind < 3 or (made and rng.integers(0, 4) == 0):
            view = own[at : at + n * m].reshape(n, m)
        else:
            row, step = ((2, 1), (1, 2), (2, 2))[kind - 3]
            view = own[at : at + 4 * n * m].reshape(2 * n, 2 * m)[: n * row : row, : m * step : step]
            if rng.integers(0, 4) == 0:
                view = view[::-1]
        made.append(made[int(rng.integers(0, len(made)))] if made and rng.integers(0, 4) == 0 else view)
    return made


@pytest.mark.parametrize("function", KERNELS)
def test_same_as_plain(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    jitted = jit(function)
    for dtype, count in (("float64", 40), ("uint8", 8)):
        for seed in range(count):
            shape = (int(np.random.default_rng(seed).integers(1, 8)), (3, 4, 5, 8, 9, 17, 21, 33)[seed % 8])
            left, right = (views(np.random.default_rng(seed), dtype, shape) for _ in range(2))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                plain, got = outcome(function, left), outcome(jitted, right)
            assert got == plain, (dtype, shape, seed)
            for x, y in zip(left, right):
                assert bits(x) == bits(y), (dtype, shape, seed)


def _distances(points, centres, out):
    for i in range(points.shape[0]):
        for j in range(centres.shape[0]):
            total = 0.0
            for k in range(points.shape[1]):
                delta = points[i, k] - centres[j, k]
                total += delta * delta
            out[i, j] = total


def _polynomials(coefs, xs, out):
    for i in range(len(xs)):
        value = 0.0
        for k in range(len(coefs)):
            value = value * xs[i] + coefs[k]
        out[0, i] = value


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nests_under_fastmath(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short inner loops in lanes of the loop around, long ones by themselves."""
    monkeypatch.setenv("JITNEY_TIERS", "0")
    rng = np.random.default_rng(5)
    for f in (_distances, _polynomials):
        fast = jit(fastmath=True)(f)
        for n in (0, 1, 3, 4, 15, 16, 17, 40):
            a, b = rng.random((9, n)).astype(dtype), rng.random((21, n)).astype(dtype)
            if f is _polynomials:
                a, b = a[0], rng.random(21).astype(dtype)
            want, got = np.zeros((9, 21), dtype), np.zeros((9, 21), dtype)
            f(a, b, want)
            fast(a, b, got)
            np.testing.assert_allclose(got, want, 1e-5 if dtype == "float32" else 1e-13)
