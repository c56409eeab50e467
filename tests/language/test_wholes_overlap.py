"""What expressions over whole arrays read and store may overlap, or have to be stretched: copies, and none too many."""

from __future__ import annotations

import sys

import numpy as np

from jitney import jit
from tests.support import check


def shared(function, make):
    """The function called on arrays that share memory, plain and jitted."""
    for _ in range(2):
        plain, own = make(), make()
        wanted, got = function(*plain), jit(function)(*own)
        np.testing.assert_array_equal(got, wanted)
        for a, b in zip(plain, own):
            np.testing.assert_array_equal(b, a)


def smooth(out, x):
    out[1:-1] = (x[:-2] + x[2:]) / 2 + x[1:-1]
    return out.sum()


def laplace(out, x):
    out[1:-1, 1:-1] = x[2:, 1:-1] + x[:-2, 1:-1] + x[1:-1, 2:] + x[1:-1, :-2] - 4 * x[1:-1, 1:-1]
    return out[1, 1]


def test_arguments_that_share_memory():
    def line(first, second):
        def make():
            a = np.arange(40.0) ** 2
            return a[first], a[second]

        return make

    whole = slice(None)
    pairs = [(whole, whole), (slice(10), slice(10, 20)), (slice(10), slice(3, 13)), (slice(3, 13), slice(10)),
             (slice(None, None, -1), whole), (slice(0, 20, 2), slice(1, 21, 2))]  # fmt: skip
    for first, second in pairs:
        shared(smooth, line(first, second))


def test_arguments_of_two_axes_that_share_memory():
    def grid(first, second):
        def make():
            a = (np.arange(300.0) ** 2).reshape(10, 30)
            return a[first], a[second]

        return make

    every = slice(None)
    pairs = [((every, slice(10)), (every, slice(10, 20))), ((every, slice(10)), (every, slice(5, 15))),
             ((slice(6), every), (slice(2, 8), every)), ((every, slice(10)), (every, slice(10)))]  # fmt: skip
    for first, second in pairs:
        shared(laplace, grid(first, second))


def test_arguments_of_two_types_that_share_memory():
    def f(out, x):
        out[1:] = x[:-1] + 1
        return out[0]

    def make():
        a = np.arange(40.0)
        return a[:10], a.view(np.int64)[:10]

    shared(f, make)


def test_arrays_of_one_owner():
    def f(a):
        a[1:] = 0.5 * (a[1:] + a[:-1])
        a[:, 1:] += a[:, :-1] * 2
        a[:, 0] = a[:, 1] + a[0, 0]
        return a

    check(f, (np.arange(20.0).reshape(4, 5),), (np.arange(20.0).reshape(5, 4).T,), bails=False)


def test_new_arrays():
    def f(u):
        a = np.zeros((u.shape[0], u.shape[1]))
        a[1:, :] = u[:-1, :] + u[1:, :]
        b = a
        b[:-1] = a[1:] * 2
        u[:] = a
        for _ in range(2):
            a, b = a * 2, a
            a[1:] = b[:-1] + u[1:]
        return a, b

    check(f, (np.arange(12.0).reshape(3, 4),), bails=False)


def test_new_array_through_a_list():
    def f(u):
        a = np.zeros(5)
        held = [a]
        a[:] = u
        b = held[0]
        a[1:] = b[:-1] + 1
        return a

    check(f, (np.arange(5.0),))


def test_transposed_in_place():
    def f():
        a = np.zeros((3, 3))
        for i in range(3):
            a[i] = i
        a[:] = a.T
        a += a.T * 2
        return a

    check(f, ())


def references():
    return sys.getrefcount(np.dtype(float))


def test_copies_are_freed():
    def total(a, b):
        return np.sum((a - b) ** 2), np.max(a * b), (a + b).mean()

    def moved(out, x):
        out[1:-1] = x[:-2] + x[2:]
        return 0.0

    a, b = np.ones((30, 30)), np.ones((1, 30))
    for function, args in ((total, (a, b)), (moved, (a[:20], a[5:25]))):
        jitted = jit(function)
        jitted(*args)
        before = references()
        for _ in range(50):
            jitted(*args)
        assert abs(references() - before) < 10


def test_lengths_of_slices():
    def f(a):
        return a[1:-1] + a[2:], a[:-2] * a[2:], len(a[1:-1]), len(a[3:]), len(a[:-3])

    def g(a):
        return a[2:-2].sum(), len(a[2:-2]), a[:2].sum(), a[-2:].sum(), a[1:3].sum(), a[0:-1].sum(), a[0:].sum()

    def h(a, n):
        a[1:-1] = n
        a[2:] += 1
        return a[1 << 20 :].sum() + a[: -(1 << 20)].sum()

    for n in range(7):
        check(f, (np.arange(float(n)),))
        check(g, (np.arange(n),))
        check(h, (np.arange(float(n)), 7.5))
