"""Reductions of whole arrays and of expressions over them: NumPy's bits."""

from __future__ import annotations

import numpy as np
import pytest

from jitney.frontend.wholes import reducing
from tests.support import arr, check

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]
SIZES = [1, 7, 8, 129, 1000, 1025, 5003, 8193, 30011]


def reductions(a):
    return a.sum(), np.mean(a), a.max(), np.min(a), a.any(), np.all(a), np.argmax(a), a.argmin(), np.count_nonzero(a)


def spreads(a):
    return np.var(a), a.std(), np.std(a, ddof=1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_all_types(dtype):
    rng = np.random.default_rng(3)
    a = rng.integers(0, 100, 300).astype(dtype)
    check(reductions, a, a[::-1], a[::3], a.reshape(3, 100), np.asfortranarray(a.reshape(3, 100)), bails=False)
    check(spreads, a, a.reshape(3, 100), bails=False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_in_numpys_order(dtype):
    def f(a, b):
        return a.sum(), np.sum(a * b), np.mean(a - b), ((a - b) ** 2).sum(), np.var(a), np.sum(np.exp(a))

    def of_ints(a):
        return a.mean(), (a + 1).mean(), np.var(a)

    rng = np.random.default_rng(5)
    pairs = [(rng.standard_normal(n).astype(dtype) * 100, rng.standard_normal(n).astype(dtype)) for n in SIZES]
    check(f, *pairs, bails=False)
    check(of_ints, *[rng.integers(-(2**60), 2**60, n) for n in SIZES], bails=False)


def test_empty():
    def f(a):
        return a.sum(), a.any(), a.all(), np.count_nonzero(a), np.sum(a * 2)

    def g(a):
        return np.prod(a), a.mean(), np.var(a)

    check(f, arr([]), arr([], int), np.zeros((0, 3)), bails=False)
    check(g, arr([]), bails=False)

    def greatest(a):
        return a.max()

    def least(a):
        return np.min(a + 1)

    def first(a):
        return np.argmax(a)

    def last(a):
        return (a * 2).argmin()

    for function in (greatest, least, first, last):
        check(function, arr([]), arr([], int), arr([2, 1, 2]))


def test_zeros_and_nan():
    def f(a, b):
        return a.max(), a.min(), (a * b).max(), (a * b).min(), np.argmax(a), (a + b).argmin(), np.abs(a).max(), a.sum()

    rng = np.random.default_rng(7)
    calls = []
    for n in (1, 2, 5, 8, 16, 33, 64, 100, 1500):
        signs = rng.choice([1.0, -1.0], n)
        for zeros in (rng.choice([0.0, -0.0], n), np.full(n, 0.0), np.full(n, -0.0)):
            calls += [(zeros, signs), (zeros.astype(np.float32), signs)]
        values = rng.standard_normal(n)
        values[rng.integers(n)] = np.nan
        calls.append((values, signs))
    check(f, *calls, bails=False)


def test_products():
    def f(a):
        return a.prod(), np.prod(a * 1)

    rng = np.random.default_rng(8)
    check(f, rng.standard_normal(100), rng.standard_normal(50).astype(np.float32), rng.integers(-9, 9, 60), arr([-0.0]))
    check(f, arr([3, 200], np.uint8), arr([True, False], bool), np.asfortranarray(rng.standard_normal((4, 5))))


def test_types_asked_for():
    def f(a):
        return a.sum(dtype=np.float64), np.sum(a, dtype=np.int64) if False else 0, np.mean(a, dtype=np.float64)

    rng = np.random.default_rng(9)
    check(f, rng.standard_normal(20000).astype(np.float32), rng.integers(0, 9, 10))


def test_conditions_and_positions():
    def f(a, b):
        if np.any(a > b):
            return np.argmax(a * b)
        if np.all(a == b):
            return np.argmin(np.abs(a - 2.5))
        return -1

    check(f, (arr([1, 2, 3]), arr([1, 2, 3])), (arr([1, 5, 3]), arr([1, 2, 3])), (arr([0, 1, 3]), arr([1, 2, 3])))


def test_rows_in_loops():
    def f(a):
        s = 0.0
        best = 0
        for i in range(a.shape[0]):
            s += a[i].sum() * np.mean(a[i, 1:])
            best += np.argmax(a[i])
        return s, best, a[:, 1].max()

    rng = np.random.default_rng(2)
    check(f, rng.standard_normal((20, 9)), np.asfortranarray(rng.standard_normal((20, 9))), bails=False)


def along_last(a):
    return a.sum(axis=-1), np.mean(a, axis=1), a.max(axis=1), np.any(a, axis=1), np.argmin(a, axis=1)


def along_first(a):
    return np.sum(a, axis=0), a.mean(0), np.min(a, axis=0), a.all(axis=0), a.argmax(axis=0), np.prod(a, axis=0)


def kept(a):
    return a.sum(axis=0, keepdims=True), a - a.mean(axis=1, keepdims=True), np.sum(a, keepdims=True)


def spread_along(a):
    return a.std(axis=0), np.var(a, axis=1), np.count_nonzero(a, axis=0)


@pytest.mark.parametrize("dtype", ["float64", "int32"])
def test_axes(dtype):
    rng = np.random.default_rng(11)
    calls = []
    for shape in ((5, 7), (300, 2), (9, 1), (1, 9), (2, 1300), (0, 3)):
        a = rng.integers(-9 if dtype[0] != "u" else 0, 9, shape).astype(dtype)
        if dtype[0] == "f":
            a = (rng.standard_normal(shape) * 100).astype(dtype)
        calls += [a, np.asfortranarray(a)]
    # NumPy before 2.3 adds along axes itself; what it returns is a guess.
    for function in (along_last, along_first, kept, spread_along):
        check(function, *calls, bails=not reducing.adds_at_once())


def test_sums_of_many_elements_of_arrays_of_more_dimensions():
    def f(a):
        return a.sum(), a.sum(axis=0), (a * a).sum(axis=-1), a.mean(axis=1), (a - 1.5).sum(), a.sum(dtype=np.float64)

    rng = np.random.default_rng(16)
    for shape in ((2, 9001), (9001, 2), (1, 9001), (2, 3, 4500)):
        a = (rng.standard_normal(shape) * 100).astype(np.float32)
        check(f, a, np.asfortranarray(a), a[::-1])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_short_rows(dtype):
    """Fewer than eight elements, eight sums at a time, halves: NumPy's order for each length."""

    def f(a, b):
        return a.sum(axis=1), ((a - b) ** 2).sum(axis=-1, keepdims=True), np.mean(a * b, axis=1), np.var(a, axis=1)

    def apart(a, b):
        return np.sqrt(np.sum((a[:, None, :] - b[None, :, :]) ** 2, axis=2))

    def columns(a):
        return a.sum(axis=0), a.T.sum(axis=1), (a + a[::-1]).sum(axis=0), a[:, ::-1].sum(axis=1)

    rng = np.random.default_rng(24)
    calls, more = [], []
    for n in (0, 1, 2, 3, 7, 8, 9, 15, 16, 31, 127, 128, 129, 136, 300):
        a, b = [(rng.standard_normal((5, n)) * 10.0 ** rng.integers(-3, 9, (5, n))).astype(dtype) for _ in range(2)]
        if n > 3:
            a[1, 2], a[2, :], b[2, :], a[3, n // 2] = -0.0, -0.0, 0.0, np.inf
        calls.append((a, b))
        more += [(a,), (np.asfortranarray(a),), (a[:, ::2],)]
    for function, given in ((f, calls), (apart, calls)):
        check(function, *given, bails=not reducing.adds_at_once())
    check(columns, *more)


def test_axes_of_expressions():
    def f(a, b):
        return (a * b).sum(axis=1), np.sum((a - b) ** 2, axis=0), np.exp(a).mean(axis=1), np.max(a * b, axis=1)

    def masked(a):
        return np.sum(a > 0, axis=0), (a * 2).argmax(axis=0), (-a).min(axis=1)

    rng = np.random.default_rng(12)
    a, b = rng.standard_normal((6, 1100)), rng.standard_normal((6, 1100))
    check(f, (a, b), (a, b[0]), (a[:, :1].copy(), b[:, :1].copy()), bails=False)
    check(masked, a, np.asfortranarray(a), bails=False)


def test_more_dimensions():
    def f(a):
        return a.sum(axis=0), a.sum(axis=1), a.sum(axis=2), a.sum(axis=(0, 1)), a.sum(axis=(1, 2))

    def g(a):
        return a.max(axis=(0, 1)), a.mean(axis=(1, 2)), a.sum(axis=(0, 1, 2)), a.min(axis=-2)

    rng = np.random.default_rng(13)
    calls = []
    for shape in ((3, 4, 5), (20, 3, 1), (3, 1, 40), (2, 30, 20)):
        a = rng.standard_normal(shape) * 10
        calls.append(a)
    check(f, *calls, np.asfortranarray(calls[0]))
    check(g, *[(a * 7).astype(int) for a in calls], np.asfortranarray((calls[0] * 7).astype(int)))


def test_views_along_axes():
    def f(a):
        return a[1:-1, 1:-1].sum(axis=0), a[:, ::2].sum(axis=1), a[1:, ::-1].mean(axis=1), a[:, 1:].sum()

    check(f, np.random.default_rng(14).standard_normal((20, 30)), np.zeros((2, 2)))


def test_bad_axes():
    def f(a):
        return a.sum(axis=2)

    def g(a):
        return np.max(a, axis=0)

    check(f, np.zeros((2, 2)))
    check(g, np.zeros((0, 2)), np.zeros((2, 0)), np.zeros((0, 0)))


def test_zeros_along_axes():
    def f(a):
        return a.max(axis=0), a.max(axis=1), a.min(axis=0), a.sum(axis=0)

    rng = np.random.default_rng(15)
    for shape in ((40, 33), (33, 1), (1, 20), (50, 2)):
        check(f, rng.choice([0.0, -0.0], shape), rng.choice([0.0, -0.0, np.nan], shape, p=[0.48, 0.48, 0.04]))


def greatest_of_rows(a):
    return a.max(axis=1)


def test_bools_have_no_greatest_of_nothing():
    check(greatest_of_rows, *[np.ones(shape, bool) for shape in ((3, 0), (0, 3), (0, 0), (2, 2))])
