"""Functions of NumPy's written in Python: the same answers, also where the arguments are not as they should be."""

import random

import numpy as np
import pytest

from jitney.frontend.library import recipes
from tests.support import arr, check

NAN, INF = np.nan, np.inf
SORTED = arr([-INF, -1.5, -0.0, 0.0, 0.0, 2.0, 2.0, 7.5, INF])
LINES = (
    arr([]), arr([1.0]), arr([1.0, 1.0]), SORTED, SORTED[::-1], SORTED[::2], arr([0.0, 1.0, 2.0, 3.0, NAN, NAN]),
    arr([3.0, -1.0, NAN, 2.0, 8.0, 0.5, -7.0, 4.0, 4.0, 1.0, 6.0, 2.5]), np.linspace(0.0, 1.0, 40), arr([NAN]),
)  # fmt: skip
KEYS = (0.0, -0.0, 2.0, 2.5, -9.0, 1e300, NAN, INF, -INF)


def test_searchsorted_of_a_number():
    def left(a, x):
        return np.searchsorted(a, x), a.searchsorted(x, side="left")

    def right(a, x):
        return np.searchsorted(a, x, side="right"), a.searchsorted(x, "right") + 1

    for function in (left, right):
        check(function, *[(a, x) for a in LINES for x in KEYS], bails=False)
        check(function, *[(a, x) for a in (arr([1, 3, 3, 9], int), arr([], int)) for x in (-1, 3, 4, 10)])
        check(function, (arr([1, 3, 3, 9], int), 3.5), (arr([1, 3], np.int32), 2), (SORTED, np.float32(2.0)))
        check(function, (SORTED, 3), (SORTED, True), (SORTED, np.int8(2)), (SORTED, 2**60))


def test_searchsorted_of_numbers():
    def left(a, x):
        return np.searchsorted(a, x)

    def right(a, x):
        return np.searchsorted(a, x, "right")

    keys = (arr(KEYS), arr([]), arr(KEYS)[::-1], np.linspace(-3.0, 9.0, 21), arr([5.0, 1.0, 1.0, 3.0, NAN, 2.0, 7.0]))
    for function in (left, right):
        check(function, *[(a, x) for a in LINES for x in keys], bails=False)
        check(function, (arr([1, 3, 3, 9], int), arr([9, 3, 0], int)), (arr([1, 3], int), arr([2.5])))
        check(function, (SORTED, arr([[1.0, 2.0]])), (arr([[1.0]]), arr([1.0])))


def test_digitize():
    def one(x, bins):
        return np.digitize(x, bins), np.digitize(x, bins, right=True)

    def names(x, bins):
        return np.digitize(bins=bins, x=x)

    for function in (one, names):
        check(function, *[(x, bins) for bins in LINES for x in KEYS])
        check(function, *[(arr(KEYS), bins) for bins in LINES])
        check(function, (3, arr([1, 3, 5], int)), (arr([1, 7], int), arr([5, 3, 3], int)), (2.5, arr([1, 3], int)))


def test_interp():
    def one(x, xp, fp):
        return np.interp(x, xp, fp)

    def beyond(x, xp, fp):
        return np.interp(x, xp, fp, left=-1.0, right=5.0), np.interp(x, xp, fp, period=4.0)

    steep = arr([0.0, 1.0, INF, -INF, INF, INF, 3.0, 2.0, 9.0])
    calls = [(x, xp, np.arange(1.0, len(xp) + 1.0) ** 2) for xp in LINES for x in KEYS]
    calls += [(x, SORTED, steep) for x in (*KEYS, 1.0, 7.0)] + [(0.5, arr([0.0, 1.0]), arr([1.0])), (1, SORTED, steep)]
    check(one, *calls)
    keys = (arr(KEYS), arr([]), np.linspace(8.0, -2.0, 33), arr([0.0, 5.0, 0.5, 4.0, 0.1, 2.0]))
    check(one, *[(x, xp, np.sqrt(np.arange(len(xp)))) for xp in LINES for x in keys])
    check(
        one,
        (arr([[0.5]]), SORTED, steep),
        (0.5, arr([0.0, 1.0]), arr([0, 1], complex)),
        (2, arr([1, 3], int), steep[:2]),
    )
    check(beyond, (9.5, arr([0.0, 1.0]), arr([1.0, 2.0])), (arr([9.5]), arr([0.0, 1.0]), arr([1.0, 2.0])))


def test_arange_and_linspace():
    def ints(a, b, c):
        return np.arange(a), np.arange(a, b), np.arange(a, b, c), np.arange(a, b, step=c), np.arange(b, dtype=float)

    check(ints, *[(a, b, c) for a in (-3, 0, 5) for b in (-4, 0, 9) for c in (-2, 1, 3)], (1, 2, 0), (0, 5, 2**41))
    check(ints, (2**62, 2**62 + 3, 2))

    def lines(a, b, n):
        return np.linspace(a, b, n), np.linspace(a, b, num=n, endpoint=False), np.linspace(b, a, n)

    numbers = (0.0, -0.0, 1.0, 0.1, -7.25, 1e-320, 1e308, 3, NAN, INF)
    check(
        lines, *[(a, b, n) for a in numbers for b in (1.0, -0.0, 2) for n in (1, 2, 7)], (0.0, 1.0, 0), (0.0, 1.0, -1)
    )

    def defaults(a, b):
        return np.linspace(a, b), np.linspace(0, 1, 5, True), np.linspace(a, b, 4, retstep=True)[1]

    check(defaults, (0.0, 3.0), (arr([1.0]), 2.0))

    def units(n):
        return np.eye(n), np.identity(n), np.eye(2, n), np.eye(n, k=1)

    check(units, 0, 1, 3, -1)


def test_joining_and_rolling():
    def join(a, b):
        return np.concatenate((a, b)), np.concatenate([b, a], axis=0), np.append(a, b)

    lines = (arr([]), arr([1.0, -0.0, NAN]), arr([1.0, 2.0, 3.0])[::-1], arr([4, 5], int), arr([True]), arr([[1.0]]))
    check(join, *[(a, b) for a in lines for b in lines])

    def append(a, x):
        a = np.append(a, x)
        return np.append(a, x)

    for numbers in ((2.5, 3), (True, np.float64(1.0), np.float32(1.0))):
        check(append, *[(a, x) for a in lines for x in numbers])

    def roll(a, k):
        return np.roll(a, k), np.roll(a, shift=k, axis=0), np.roll(a, -k, axis=-1)

    check(roll, *[(a, k) for a in lines for k in (0, 1, -1, 2, 7, -8)], (arr([1.0, 2.0]), 2**62))


def test_stacking_and_repeating():
    def stack(a, b, c):
        return np.vstack((a, b)), np.stack([a, b, c]), np.column_stack((a, b, c)), np.stack((a, b), axis=1)

    def flat(a, b, c):
        return np.hstack((a, b, c)), np.concatenate([c, a, b, c]), np.concatenate((a,)), np.vstack((a,))

    lines = (
        arr([1.0, 2.0, -0.0]),
        arr([NAN, 1.0, 2.0])[::-1],
        arr([4.0, 5.0]),
        arr([4, 5, 6], int),
        arr([]),
        arr([[1.0]]),
    )
    for function in (stack, flat):
        for some in (lines[:3], lines[3:]):
            check(function, *[(a, b, lines[0]) for a in some for b in lines], (lines[3], lines[3], lines[3]))
        check(function, (arr([[1.0]]), lines[0], lines[0]), (lines[0], arr([[1.0, 2.0, 3.0]]), lines[0]))

    def repeat(a, n):
        return np.repeat(a, n), np.repeat(a, repeats=2)

    check(repeat, *[(a, n) for a in lines for n in (0, 1, 3, -1)], (lines[0], arr([1, 0, 2], int)))


def test_equal_and_close_arrays():
    def equal(a, b):
        return np.array_equal(a, b), np.allclose(a, b), np.allclose(a, b, 0.5, atol=0.1)

    lines = (
        arr([1.0, 2.0]),
        arr([1.0, 2.0 + 1e-9]),
        arr([1.0, 3.0]),
        arr([NAN, 2.0]),
        arr([INF, 2.0]),
        arr([2.0]),
        arr([]),
    )
    check(
        equal,
        *[(a, b) for a in lines for b in lines],
        (arr([1, 2], int), arr([1, 2], int)),
        (lines[0], arr([1, 2], int)),
    )


def test_median():
    def median(a):
        return np.median(a)

    r = random.Random(1)
    lines = [arr([r.choice((r.random(), 0.5, 2.0, -1.0)) for _ in range(n)]) for n in (1, 2, 3, 4, 10, 128, 129, 150)]
    check(median, *lines, *[a[::-1] for a in lines[:4]], arr([]), arr([NAN, 1.0]), arr([INF, -INF]), arr([INF, INF]))
    check(
        median,
        arr([0.0, -0.0]),
        arr([-0.0, 0.0, -0.0]),
        arr([1.0, -1.0]),
        arr([1e308, 1e308]),
        arr([3, 1], int),
        lines[4] > 0,
    )


def test_clip_of_numbers():
    def clip(x, low, high):
        return np.clip(x, low, high), np.clip(x, high, low), np.clip(x, a_min=low, a_max=None)

    numbers = (0.0, -0.0, 1.5, -2.0, NAN, INF, 3, -1)
    check(clip, *[(x, a, b) for x in numbers for a in numbers for b in (1.0, -0.0, 2, NAN)])
    check(
        clip,
        (np.float64(0.5), 0, 1),
        (np.float32(0.5), 0.1, 0.2),
        (True, 0, 1),
        (np.int8(5), 0, 300),
        (np.int64(5), 0, 3),
    )


def test_numbers_of_arrays():
    def norm(a):
        return np.linalg.norm(a), np.linalg.norm(a - 1.0)

    lines = (
        arr([]),
        arr([3.0, -4.0]),
        arr([NAN, 1.0]),
        arr([INF, -INF]),
        np.linspace(-3.0, 2.0, 101),
        arr([1e200, 1.0]),
    )
    grids = (np.arange(12.0).reshape(3, 4), np.arange(12.0).reshape(3, 4).T, np.zeros((0, 3)), np.eye(5)[::2, ::-1])
    check(
        norm,
        *lines,
        np.linspace(0, 1, 30)[::3],
        *grids,
        arr([3, 4], int),
        arr([1.0, 2.0], np.float32),
        1j * arr([1, 2]),
    )

    numbers = np.random.default_rng(1).random(130)
    check(norm, *[numbers[: step * n : step] for step in (1, 5) for n in range(2, 27)], numbers[::-1])

    def orders(a):
        return np.linalg.norm(a, 1), np.linalg.norm(a, ord=np.inf), np.linalg.norm(a, axis=0)

    check(orders, *lines[1:], *grids[:2])

    def trace(a):
        return np.trace(a), a.trace(), np.trace(a, 1)

    check(trace, *grids, np.arange(400.0).reshape(20, 20) * 0.1, arr([[1, 2], [3, 4]], int))

    def nans(a):
        return np.nansum(a), np.nanmean(a)

    check(
        nans, *lines[:3], lines[4], arr([NAN, NAN]), arr([-0.0, NAN]), arr([-0.0]), np.linspace(0, 1, 400)[::3], *grids
    )


def test_cross():
    def cross(a, b):
        return np.cross(a, b)

    def after_stores(a, b):
        a[0] = 2.0
        return np.cross(a, b) + 1.0

    first, second = arr([1.5, -2.0, 3.25]), arr([-0.0, 1e300, NAN])
    for function in (cross, after_stores):
        check(function, (first, second), (first[::-1], second), (first, first[:2]), (first, arr([1.0])), bails=True)
        check(
            function,
            (arr([[1.0, 2.0, 3.0]]), first),
            (arr([1, 2, 3], int), first),
            (arr([1, 2, 3], int), arr([0, 1, 5], int)),
        )
    check(cross, (first, first + 1.0), bails=False)


def test_isclose():
    def close(x, y):
        return np.isclose(x, y), np.isclose(x, y, rtol=0.1), np.isclose(x, y, 0.0, 1e-3), not np.isclose(y, x, atol=0.5)

    values = (0.0, -0.0, 1.0, 1.00001, 1.0000099, -1.0, 1e-9, INF, -INF, NAN, 1.05, 1e308)
    check(close, *[(x, y) for x in values for y in values], bails=False)
    check(close, (np.float64(1.0), 1.0), (1, 1.0), (2, 2), (arr([1.0, 2.0]), 1.0), (np.float32(1.0), 1.0))

    def equal_nan(x, y):
        return np.isclose(x, y, equal_nan=True)

    check(equal_nan, (NAN, NAN), (1.0, 1.0))


def test_histogram():
    def counts(a, bins, low, high):
        return np.histogram(a, bins, (low, high))

    r = random.Random(3)
    lines = [
        arr([r.uniform(-0.2, 1.2) for _ in range(60)]),
        np.linspace(0.0, 1.0, 41),
        arr([]),
        arr([NAN, 0.5, INF, -INF]),
    ]
    lines += [np.linspace(0.0, 1.0, 41)[::-2], arr([round(r.random(), 1) for _ in range(40)])]
    check(counts, *[(a, n, low, 1.0) for a in lines for n in (1, 3, 10, 7) for low in (0.0, 0.1, -1 / 3)])
    check(counts, (lines[0], 0, 0.0, 1.0), (lines[0], 4, 1.0, 1.0), (lines[0], 4, 2.0, 1.0), (lines[0], 4, NAN, 1.0))
    check(counts, (lines[0], 5, 0, 1), (arr([1, 2, 3], int), 3, 0.0, 4.0), (lines[1], 3, 1e-310, 1e-300))

    def alone(a, bins, w):
        return np.histogram(a, bins), np.histogram(a, bins, weights=w), np.histogram(a, bins, None, None, w)

    weights = [r.uniform(-3.0, 5.0) for _ in range(60)]
    lines += [arr([2.5] * 5), arr([0.0, -0.0]), arr([1e308, -1e308]), arr([1.0, NAN]), arr([5e-324, 0.0])]
    check(alone, *[(a, n, arr(weights[: len(a)])) for a in lines for n in (1, 3, 10)])
    check(alone, (lines[0], 4, arr(weights[:7])), (lines[0], 0, lines[0]), (lines[0], 4, arr([1] * 60, int)))
    long = np.random.default_rng(1).normal(size=140_000)
    check(alone, (long, 7, np.sin(long)))

    def ranged(a, bins, low, high, w):
        return np.histogram(a, bins, (low, high), weights=w)

    check(ranged, (long[:100], 7, -1.0, 1.5, long[100:200]), (lines[3], 3, -1.0, 1.0, lines[3]))

    def other(a, edges):
        return np.histogram(a, edges), np.histogram(a, bins=5), np.histogram(a)

    check(other, (lines[0], arr([0.0, 0.3, 1.0])), (lines[3], arr([0.0, 1.0])))


@pytest.mark.parametrize("seed", range(3))
def test_random_arguments(seed):
    r = random.Random(seed)

    def searches(a, keys, x):
        return (
            np.searchsorted(a, keys),
            np.searchsorted(a, keys, "right"),
            np.interp(keys, a, a[::-1]),
            np.interp(x, a, a),
        )

    def drawn(size):
        values = [
            r.choice((0.0, 1.0, r.random(), r.randint(-3, 3), NAN if r.random() < 0.1 else 2.0)) for _ in range(size)
        ]
        return arr(sorted(values) if r.random() < 0.5 else values)

    check(searches, *[(drawn(r.randint(1, 40)), drawn(r.randint(0, 30)), r.uniform(-3, 3)) for _ in range(60)])


def test_recipes_run_by_python():
    a, keys = np.sort(np.linspace(3.0, -2.0, 9)), np.linspace(-3.0, 4.0, 12)
    assert recipes.search_all(a, keys, True).tolist() == np.searchsorted(a, keys, "right").tolist()
    assert [recipes.search(a, x, False) for x in keys] == np.searchsorted(a, keys).tolist()
    assert recipes.interp_all(keys, a, a * 2).tolist() == np.interp(keys, a, a * 2).tolist()
    assert recipes.digitize_all(keys, a[::-1], False).tolist() == np.digitize(keys, a[::-1]).tolist()
    assert recipes.count_up(7, -3, -4).tolist() == np.arange(7, -3, -4).tolist()
