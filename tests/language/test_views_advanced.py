"""Index arrays and masks: reading, storing, augmented stores; np.nonzero, np.take and their kin."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from jitney import jit
from tests.language.test_arrays import DTYPES
from tests.language.test_views import BASE
from tests.support import arr, check

CUBE = np.arange(60.0).reshape(3, 4, 5)
LINES = [arr(range(6)), arr(range(12))[::-2], arr([])]
INDICES = [arr(v, np.int64) for v in ([0, 2, 1], [-1, 0, 0, -6], [], [5, 6], [-7], [[0, 1], [2, 3]])]


def test_index_arrays():
    def f(a, i):
        return a[i]

    check(f, *[(a, i) for a in LINES for i in INDICES], (arr(range(4)), arr([1, 3], np.uint8)))
    check(f, *[(a, i) for a in (BASE, BASE.T, np.asfortranarray(BASE), BASE[::-1, ::2]) for i in INDICES])
    check(f, (CUBE, INDICES[0]), (BASE, INDICES[1][1:3]))


def test_masks():
    def f(a, m):
        return a[m]

    rows = [np.array(m) for m in ([True, False, True, True], [False] * 4, [True] * 4)]
    check(f, *[(a, m) for a in (arr(range(4)), arr(range(8))[::-2], BASE, np.asfortranarray(BASE)) for m in rows])
    check(f, (arr([]), np.zeros(0, bool)), (arr([1, 2]), rows[0]), (BASE, BASE % 3 == 0), (BASE.T, BASE.T % 2 == 0))
    check(f, (BASE, np.zeros((5, 4), bool)), (CUBE, CUBE[..., 0] > 20), (arr([1]), np.zeros((1, 1), bool)))


def test_masks_made_on_the_way():
    def f(a, t):
        a[a < t] = t
        b = a[(a > t) & (a < 3 * t)]
        a[a > 4 * t] *= 0.5
        return b, a[a == t]

    check(f, *[(a, t) for a in (arr(range(20)), np.arange(20.0).reshape(4, 5)) for t in (2.0, 50.0)])


def test_with_slices_and_integers():
    def first(a, i, k):
        return a[i, k], a[i, 1:3], a[k, i, ::-1], a[..., i], a[:, i, k]

    def second(a, i, k):
        return a[i, :, k], a[k, :, i], a[None, i], a[:, i], a[i, i[0]], a[:, i, None]

    def both(a, i, j):
        return a[i, j], a[:, i, j], a[i, :, j]

    i = arr([0, 2, 1], np.int64)
    for function in (first, second):
        check(function, (CUBE, i, 1), (CUBE, i, -4), (CUBE, i, 9), (CUBE, i - 3, 0), (CUBE.copy()[::-1], i, 2))
    check(both, (CUBE, i, i), (CUBE, i[:, None], i[:2]), (CUBE, i, i[:2]), (CUBE, i[:1], i), (CUBE, i, i + 9))

    def masked(a, m, k):
        return a[m, k], a[:, m], a[m, 1:]

    check(masked, (np.arange(16.0).reshape(4, 4), arr([1, 0, 1, 1], bool), 2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_stores(dtype):
    def f(a, i, v):
        a[i] = v

    def g(a, m, v):
        a[m] = v

    i, m = arr([2, 0, -1], np.int64), arr([1, 0, 1, 1], bool)
    values = [1, 300, 2.5, np.float64(300.7), np.int64(-1), True, arr([1, 2, 3], np.int16), arr([1.5, 2.5, 3.5])]
    unsigned = dtype.startswith("u")
    for v in values:
        if unsigned and isinstance(v, np.ndarray) and v.dtype.kind == "f":
            continue
        check(f, (np.zeros(4, dtype), i, v))
        check(g, (np.zeros(4, dtype), m, v))


@pytest.fixture
def no_collection():
    """NumPy 2.5 runs Python code while it has an exception set: what a garbage collection calls there fails."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_stores_that_do_not_fit(no_collection):
    def f(a, i, v):
        a[i] = v

    i, m = arr([0, 1], np.int64), arr([1, 0, 1], bool)
    for index in (i, m, arr([0, 7], np.int64), arr([1, 0], bool)):
        for shape in ((2,), (3,), (1,), (1, 2), (2, 2), (0,)):
            check(f, (np.zeros(3), index, np.ones(shape)))
    for index, shape in ((m, (3, 2)), (m, (2,)), (m, (2, 2)), (i, (2, 1))):
        check(f, (np.zeros((3, 2)), index, np.ones(shape)))
    fixed = np.zeros(3)
    fixed.flags.writeable = False
    check(f, (fixed, i, 1.0), (fixed, m, 1.0))


def test_stores_with_slices():
    def f(a, i, v):
        a[1:, i] = v
        a[i, :2] = v[0]
        a[i, 0] = v
        a[0, i] += 1
        return a

    i = arr([0, 2, 1], np.int64)
    check(f, (np.zeros((4, 3)), i, arr([1, 2, 3])), (np.zeros((4, 3)).T.copy().T, i, arr([1, 2, 3])))


def test_augmented_stores_do_not_accumulate():
    def f(a, i, v):
        a[i] += v
        a[a > 1] -= 0.5

    check(f, (np.zeros(4), arr([1, 1, 2], np.int64), 1.0), (np.zeros(4), arr([1, 1, 2], np.int64), arr([1, 2, 3])))


def test_overlap():
    def f(a, b, v):
        a[b] = v

    for k in range(3):
        a, b = np.array([2, 0, 1, 3]), np.array([2, 0, 1, 3])
        a_, b_ = (a, a[::-1]), (b, b[::-1])
        f(a_[k % 2], a_[0], a_[1] if k else a)
        jit(f)(b_[k % 2], b_[0], b_[1] if k else b)
        assert a.tolist() == b.tolist()
    p, q = np.array([True, False, True]), np.array([True, False, True])
    f(p, p[::-1], False)
    jit(f)(q, q[::-1], False)
    assert p.tolist() == q.tolist()


def test_nonzero():
    def f(a):
        (i,) = np.nonzero(a)
        return i, np.flatnonzero(a), np.where(a)[0], np.argwhere(a), a.nonzero()[0]

    def g(a):
        i, j = np.nonzero(a)
        n = 0
        for x, y in np.argwhere(a > 2):
            n += x * y
        return i, j, np.flatnonzero(a), n

    check(f, arr([0, 1.5, -0.0, np.nan]), arr([]), arr([0, 3, 0], np.int8), arr([1, 0], bool), arr(range(6))[::-2])
    check(g, arr([[0, 1], [2, 3]]), np.zeros((2, 0)), BASE)


def test_take():
    def f(a, i):
        return np.take(a, i), a.take(i), np.take(a, i, axis=-1), np.take(a, i, 0)

    check(f, *[(a, i) for a in (arr(range(6)), np.arange(36.0).reshape(6, 6)) for i in INDICES])


def test_in_loops_nothing_is_lost():
    def f(a, i, n):
        s = 0.0
        for k in range(n):
            b = a[i]
            b[0] += k
            a[b > 2] = k
            s += b[a < 3][0]
        return s, a

    check(f, (arr([1, 2, 0]), arr([0, 2, 1], np.int64), 5))


def test_overlaps_where_something_has_changed_before():
    def chosen(a, i, v):
        for _ in range(2):
            a[i] = v

    callee = jit(chosen)

    def f(a, i, v, out):
        out[0] = 1.0
        for _ in range(2):
            callee(a, i, v)

    def g(a, i, v, out):
        out[0] = 1.0
        a[i] = v

    order, flags = np.arange(20)[::-1] % 7, np.arange(20) % 3 == 0
    calls = [
        (order[3:10], order[:7], 5), (order[3:10], order[:7].copy(), order[1:8]), (order[:7], order[:7], order[1:8]),
        (flags[1:], flags[:-1], False), (flags, flags, False), (flags[:-1], flags[1:], False),
    ]  # fmt: skip
    for args in calls:
        check(f, (*args, np.zeros(1)), bails=False)
        check(g, (*args, np.zeros(1)), bails=False)


def test_strides_in_a_function_that_is_called():
    @jit
    def callee(a):
        for _ in range(2):
            s = a.strides
        return s

    def f(a, out):
        out[0] = 1.0
        s = a.strides
        for _ in range(2):
            out[0] += callee(a)[0]
        return s

    check(f, *[(a, np.zeros(1)) for a in (np.zeros((1, 3)), np.zeros((0, 3)), np.zeros((4, 3)).T)], bails=False)
