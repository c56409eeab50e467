"""Elements of arrays: every dtype, layout and index, and the ways they go wrong."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import FallbackWarning, jit
from tests.support import arr, check

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_read_and_write(dtype):
    def f(a, b):
        for i in range(len(a)):
            b[i] = a[len(a) - 1 - i]
        return a[0], b[-1]

    check(f, (arr([1, 0, 3, 120], dtype), arr([0, 0, 0, 0], dtype)), bails=False)


def test_indices_wrap_and_fail():
    def f(a, i):
        return a[i]

    check(f, *[(arr([1.5, 2.5, 3.5]), i) for i in (0, 2, -1, -3, 3, -4, 10**12, -(2**63), True)][:-1])
    check(f, (arr([]), 0), (arr([]), -1))


def test_two_dimensions():
    def f(a, i, j):
        a[i, j] += 1
        return a[i, j], a.shape, a.size, a.ndim, len(a)

    base = np.arange(12.0).reshape(3, 4)
    for a in (base, np.asfortranarray(base), base[:, ::-1], base[::2, 1:], base.T, base[::-1]):
        check(f, (a, 0, 0), (a, -1, -1), (a, 1, 0), (a, 5, 0), (a, 0, 9), (a, -4, 0))


def test_three_and_four_dimensions():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                for k in range(a.shape[2]):
                    s = s * 0.5 + a[i, j, k]
        return s

    def g(a):
        s = 0
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                for k in range(a.shape[2]):
                    for m in range(a.shape[3]):
                        s = (s * 3 + int(a[i, j, k, m])) % 1000003
        return s

    a = np.arange(24.0).reshape(2, 3, 4)
    check(f, a, np.asfortranarray(a), a[:, ::-1, ::2], a.transpose(2, 0, 1), a[:0], bails=False)
    b = np.arange(48, dtype=np.int32).reshape(2, 3, 2, 4)
    check(g, b, np.asfortranarray(b), b[::-1, :, ::-1, 1:], bails=False)


def test_zero_and_negative_strides():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            s += a[i] * (i + 1)
        return s

    check(f, np.broadcast_to(np.float64(2.5), (4,)), arr([1, 2, 3])[::-1], arr(range(10))[::3], bails=False)


def test_stencil_with_negative_index():
    def f(a, b):
        n = len(a)
        for i in range(n):
            b[i] = a[i - 1] + a[i] + (a[i + 1] if i + 1 < n else 0.0)

    check(f, (arr(range(10)), np.zeros(10)), (arr([]), arr([])), (arr([1]), arr([0])), bails=False)


def test_out_of_bounds_after_stores():
    def f(a, n):
        for i in range(n):
            a[i] = i

    check(f, (np.zeros(5), 4), (np.zeros(5), 5), (np.zeros(5), 6), (np.zeros(5), 100), (np.zeros(0), 1))


def test_read_only():
    def f(a):
        a[0] = 1.0

    def g(a, b):
        b[0] = 1
        a[0] = 2
        return 3

    fixed = np.zeros(3)
    fixed.flags.writeable = False
    check(f, fixed)
    check(g, (fixed, np.zeros(3)))


def test_aliasing_arrays():
    def f(a, b):
        for i in range(1, len(a)):
            a[i] = b[i - 1] + a[i]

    def same(n):
        x = np.arange(float(n))
        return x, x

    plain, jitted = same(8), same(8)
    f(*plain)
    jit(f)(*jitted)
    assert plain[0].tobytes() == jitted[0].tobytes()
    whole_a, whole_b = np.arange(10.0), np.arange(10.0)
    f(whole_a[1:], whole_a[:-1])
    jit(f)(whole_b[1:], whole_b[:-1])
    assert whole_a.tobytes() == whole_b.tobytes()


def test_too_many_indices():
    def f(a):
        return a[0, 0]

    check(f, arr([1, 2]))


def test_many_axes():
    def f(a):
        s = 0.0
        n, m, k, l, o = a.shape
        for i in range(n):
            for j in range(o):
                s += a[i, m - 1, k - 1, l - 1, j] * (i + j)
                a[i, 0, 0, 0, j] = s
        return s, a[..., 1], a.T, a * 2, a.sum(axis=3)

    base = np.random.default_rng(1).random((4, 3, 4, 2, 5))
    check(f, base, np.asfortranarray(base), base[::2, ::-1, 1:, :, ::2], base[:0], bails=False)
    check(lambda a: a[1, 0, 1, 0, 1, 0, 1, 1], np.arange(256.0).reshape((2,) * 8))
    check(lambda a: a[(0,) * 9], np.zeros((2,) * 9))


def test_returns_the_array_itself():
    def f(a, n):
        a[0] = n
        return a

    a = np.zeros(3)
    assert jit(f)(a, 5) is a and a[0] == 5


def test_passing_the_wrong_kind():
    def f(a, i):
        return a[i]

    assert jit(f)([1, 2, 3], 1) == 2
    assert jit(f)(np.ma.array([1.0]), 0) == 1.0
    with pytest.raises(IndexError, match="only integers"):
        jit(f)(np.zeros(3), 0.5)


def test_integer_sums():
    def f(a):
        s = 0
        for i in range(a.shape[0]):
            s += int(a[i])
        return s

    check(f, arr([2**62, 2**62, -5], np.int64), arr([2**62, 2**62 - 1], np.int64), arr([200] * 5, np.uint8))


def test_old_numpy_is_left_to_cpython(monkeypatch):
    def f(a):
        return a[0] + 1

    monkeypatch.setattr(np, "__version__", "1.26.4")
    with pytest.warns(FallbackWarning, match="not supported"):
        assert jit(f)(np.zeros(2)) == 1.0
