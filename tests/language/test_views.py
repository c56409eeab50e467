"""Views by basic indexing: rows and slices of every kind, read element by element."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.language.test_arrays import DTYPES
from tests.support import arr, check

BASE = np.arange(20.0).reshape(4, 5)
LAYOUTS = [
    BASE, np.asfortranarray(BASE), BASE[:, ::-1], BASE[::2, 1:], BASE.T, BASE[::-1], BASE[:0], BASE[:, :0],
    np.broadcast_to(arr([1, 2, 3]), (4, 3)), np.broadcast_to(np.float64(7), (2, 3)),
]  # fmt: skip


def test_rows():
    def f(a):
        s = 0.0
        for i in range(len(a)):
            row = a[i]
            for j in range(len(row)):
                s = s * 0.5 + row[j] + a[i][j] + a[-1][-j - 1]
        return s

    check(f, *LAYOUTS, bails=False)


@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_of_every_dtype(dtype):
    def f(a, b):
        for j in range(a.shape[1]):
            column, to = a[:, j], b[j]
            for i in range(column.size):
                to[i] = column[i]

    a = arr([[0, 1, 2], [3, 4, 100]], dtype)
    for x in (a, np.asfortranarray(a), a[::-1, ::-1]):
        check(f, (x, np.zeros((3, 2), dtype)), bails=False)


def test_slices_are_clipped_as_python_does():
    def f(a, i, j, k):
        v = a[i:j:k]
        s = 0.0
        for x in range(len(v)):
            s = s * 3 + v[x]
        return s, v.shape

    ends = [None, 0, 1, 2, 6, 7, -1, -2, 5, -7, -8, 100, 2**62, -(2**63), 2**63 - 1]
    steps = [None, 1, 2, -1, -3, 0, 2**63 - 1, -(2**63)]
    a = arr(range(7))
    check(f, *[(a, i, j, k) for i in ends for j in ends for k in steps], bails=False)
    check(f, *[(arr([]), i, j, k) for i in ends[:4] for j in ends[:4] for k in steps], bails=False)
    check(f, (a, True, np.int8(5), np.uint16(2)), (a, 2**70, None, None), (a, 0.5, None, None), (a, None, "x", None))


def test_constant_slices():
    def f(a):
        v, w, x = a[1:-1], a[::-1], a[-3::-2]
        s = 0.0
        for i in range(len(v)):
            s += v[i] * 2 - w[i]
        return s, len(v), len(w), len(x), len(a[:]), len(a[5:2]), len(a[-100:100]), len(a[2:][1:][:-1])

    check(f, *[arr(range(n)) for n in range(8)], arr(range(16))[::-2], bails=False)


def test_new_axes_and_ellipsis():
    def f(a):
        v = a[None, ..., 1:, np.newaxis]
        w = a[..., 0]
        x = a[...]
        y = a[1, ...]
        return v.shape, w.shape, x.shape, y.shape, v[0, 0, 0, 0], w[1], x[1, 2], y[2], v.ndim, y[..., None].size

    check(f, *LAYOUTS[:6], np.ones((1, 1)), bails=False)


def test_element_of_an_ellipsis_has_no_dimensions():
    def f(a):
        v = a[..., 1]
        return v.ndim, v.shape, v[()], v.size

    check(f, arr([1, 2, 3]), arr([1]), bails=False)


def test_wrong_subscripts():
    a = BASE

    def out_of_bounds(a, i, j):
        return a[i][j], a[i, 1:][0]

    check(out_of_bounds, (a, 1, 2), (a, 4, 0), (a, -5, 0), (a, 0, 5), (a, -1, -6))

    def too_many(a):
        return a[0, None, 0, 0].size

    def two_ellipses(a):
        return a[..., ...].size

    def a_float(a):
        return a[1.0].size

    def zero_step(a, i):
        return a[i, ::0].size

    check(too_many, a)
    check(two_ellipses, a)
    check(a_float, a)
    check(zero_step, (a, 0), (a, 9))


def test_stores_through_views():
    def f(a):
        v = a[1:, ::-1]
        w = v[0]
        w[0] = 7.5
        v[1, 1] += 2
        v[2][-1] = w[0]
        return v[0, 0]

    check(f, *[x.copy() for x in LAYOUTS[:2]], BASE.copy()[:, ::-1], bails=False)
    fixed = BASE.copy()
    fixed.flags.writeable = False
    check(f, fixed)


def test_overlapping_views():
    def f(a):
        v, w = a[1:], a[:-1]
        for i in range(len(v)):
            v[i] = w[i] + 1
        return v[-1]

    check(f, np.zeros(6), arr([1]), bails=False)


def test_views_meet():
    def f(a, p):
        v = a[0] if p else a[:, 0]
        s = v[1]
        for i in range(3):
            s += v[0]
            v = v[1:]
            if i == 1:
                v = a[1]
        return s, len(v)

    check(f, (BASE, True), (BASE, False), bails=False)


def test_views_of_a_parameter_and_itself():
    def f(a, n):
        v = a
        for _ in range(n):
            v = v[1:]
        return len(v), v[0]

    check(f, (arr(range(5)), 0), (arr(range(5)), 3), (arr(range(5)), 5), (arr(range(8))[::2], 2), bails=False)


def test_slice_objects():
    def f(a):
        s = slice(1, None, 2)
        t = (s, slice(2))
        v = a[t]
        return v.shape, v[0, 0], a[s][1, 1]

    check(f, BASE, BASE.T, bails=False)


def test_views_are_passed_on():
    @jit
    def total(v):
        s = 0.0
        for i in range(v.shape[0]):
            s += v[i]
        return s

    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s += total(a[i]) - total(a[i, ::2])
        for j in range(a.shape[1]):
            s = s * 0.5 + total(a[:, j])
        return s

    check(f, *LAYOUTS, bails=False)


def test_strides():
    def f(a):
        return a.strides, a[1:].strides, a[:, ::-2].strides

    check(f, *[np.arange(36.0).reshape(6, 6)[k:] for k in range(7)])


def test_identity():
    def f(a):
        return a[:] is a, a is a[1:], a is a

    check(f, BASE)


def test_sum_of_elements_of_a_row():
    def f(a):
        s = 0.0
        for i in range(len(a)):
            s += a[i][0]
            s += a[i, 0:][1]
        return s

    check(f, *LAYOUTS[:6], bails=False)


class Ends:
    none = None
    two = 2

    def __eq__(self, other):
        return type(other) is Ends

    __hash__ = None


def test_objects_as_ends():
    def f(a, ends):
        return a[ends.none : ends.two], a[ends.two : ends.none : ends.none], a[-1 : ends.none : -ends.two]

    check(f, (arr(range(5)), Ends()), (arr([1]), Ends()))
