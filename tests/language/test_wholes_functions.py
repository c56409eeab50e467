"""np.where, clip, astype, copy, round, cumsum, diff, outer on whole arrays."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.support import arr, bits, check

DTYPES = ["bool", "int8", "int32", "int64", "uint8", "uint64", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_astype(dtype):
    a = arr([0, 1, 2, 3, 100, 7], dtype)

    def f(a):
        return a.astype(np.float64), a.astype(np.int32) + 1, a.astype("uint8"), a.astype(bool)

    check(f, a, a.reshape(2, 3), np.asfortranarray(a.reshape(2, 3)), a[:0], bails=False)


def test_astype_of_floats():
    def f(a):
        return a.astype(np.int64), a.astype(np.int32), a.astype(np.float32), a.astype(bool), (a * 2).astype(np.int16)

    check(f, arr([0.5, -1.5, 2.99, 1e9, -0.0, 255.0]), bails=False)


def test_copies():
    def f(a):
        b = a.copy()
        b[0] = 5
        c = np.copy(a)
        c += 1
        return b, c, a.flatten(), a.astype(np.float64)

    a = np.arange(12.0).reshape(3, 4)
    check(f, a, np.asfortranarray(a), a[:, ::2], a[::-1], a[0], a.astype(int), bails=False)
    fortran = np.asfortranarray(a)
    for x in (a, fortran):
        for got, wanted in zip(jit(f)(x), f(x)):
            assert got.flags.c_contiguous == wanted.flags.c_contiguous and bits(got) == bits(wanted)
            assert got.flags.owndata == wanted.flags.owndata and got.base is None


def test_where():
    def f(c, a, b):
        return np.where(c, a, b), np.where(a > b, a, 0), np.where(a > 1, 1.5, b), np.where(c, a * 2, -b).sum()

    def g(a):
        return np.where(a > 2, a, np.nan), np.where(a, 1, 2), np.where(a == 0, 0.0, 1 / a)

    check(f, (arr([1, 0, 1], bool), arr([1, 2, 3]), arr([3, 2, 1])))
    check(f, (arr([1, 0, 2]), arr([1, 2, 3], int), arr([3, 2, 1])))
    check(f, (arr([1, 0, 2], np.uint8), arr([1, 2, 3], np.int8), arr([[3], [2]], np.float32)))
    check(g, arr([0, 1, 2, 5]), arr([0, 1, 2, 5], int), arr([0, 1, 2, 5], np.float32), bails=False)


def test_clip():
    def f(a, x):
        return np.clip(a, 1, 3), a.clip(x, 2.5), np.clip(a, None, 2), np.clip(a, x, a * 2)

    nan = float("nan")
    check(f, (arr([0.5, -1.5, 2.99, nan, -0.0]), 0.5), (arr([0.5, 4]), nan), (arr([1, 2, 4], int), 1.5))
    check(f, (arr([1, 2, 4], np.float32), 1.5))


def test_round():
    def f(a):
        return np.round(a), np.round(a, 2), a.round(1), np.around(a, -1)

    def of_ints(a):
        return np.round(a), a.round()

    check(f, arr([0.5, 1.5, -2.345, 12345.678, np.nan, -0.0]), arr([0.125, 2.675], np.float32), bails=False)
    check(of_ints, arr([5, -6], int), bails=False)


def test_running_sums():
    def f(a):
        return np.cumsum(a), a.cumprod(), np.cumsum(a * 2), np.cumsum(a, dtype=np.float64)

    def along(a):
        return np.cumsum(a, axis=0), np.cumsum(a, axis=1), (a + 1).cumsum(axis=-1), np.diff(a), np.diff(a, axis=0)

    rng = np.random.default_rng(3)
    check(f, rng.standard_normal(50), arr([]), arr([-0.0, 0.0]), arr([3, 200, 7], np.uint8), arr([1, 0, 1], bool),
          rng.standard_normal(20).astype(np.float32), bails=False)  # fmt: skip
    m = rng.standard_normal((5, 6))
    check(along, m, np.asfortranarray(m), m[:, :1].copy(), (m * 9).astype(int), m[:0], bails=False)


def test_differences():
    def f(a):
        return np.diff(a), np.diff(a).sum(), np.diff(a) ** 2

    check(f, arr([1, 4, 9, 16]), arr([1]), arr([]), arr([5, 3], np.uint8), arr([1, 5, 2], int)[::-1], bails=False)

    def of_bools(a):
        return np.diff(a)

    check(of_bools, arr([1, 0, 0], bool))


def test_outer():
    def f(a, b):
        return np.outer(a, b), np.outer(a, a).sum()

    check(f, (arr([1, 2, 3]), arr([4, 5])), (arr([1, 2], int), arr([])), bails=False)


def test_fill():
    def f(a, x):
        a.fill(x)

    check(f, (arr([1, 2]), 3), (arr([[1, 2]], int), 2.7), (arr([1, 2], np.float32), 0.1))


def test_products():
    def f(a, b):
        return a @ b, np.dot(a, b)

    def expressions(a, b):
        return (a * 2) @ b, np.dot(a, b - 1).sum(), a.dot(b), np.matmul(a, b)

    rng = np.random.default_rng(6)
    calls = []
    for m, k, p in ((1, 1, 1), (2, 3, 4), (17, 33, 5), (1, 100, 1), (64, 100, 40), (3, 0, 2), (0, 2, 3)):
        a, b = rng.standard_normal((m, k)), rng.standard_normal((k, p))
        calls += [(a, b), (a.T.copy().T, b)]
        if m and p:
            calls += [(a[0], b), (a, b[:, 0]), (a[0], b[:, 0].copy())]
    check(f, *calls, bails=False)
    check(expressions, (rng.standard_normal((5, 6)), rng.standard_normal(6)), bails=False)
    check(f, (rng.integers(-9, 9, (4, 5)), rng.standard_normal((5, 2))))
    check(f, (arr([100, 3], np.int8), arr([3, 100], np.int8)))
    check(f, (rng.standard_normal((2, 3)), rng.standard_normal((4, 2))), (arr([1, 2]), arr([1, 2, 3])), bails=False)
    square = rng.standard_normal((20, 20))
    assert bits(jit(lambda a: a @ a.T)(square)) == bits(square @ square.T)


def test_objects_as_bounds_of_slices():
    def parts(n):
        return np.zeros((2, n)) if n > 3 else (1, 2)

    def f(a, n):
        x = parts(n)
        m = x.shape[1]
        a[1 : 1 + m] = 7.0
        return a[:m].sum()

    check(f, (np.arange(9.0), 4), (np.arange(9.0), 9))


def test_products_of_strided_vectors():
    def f(a, b):
        return a @ b, np.dot(a, b)

    def reversed_inside(a, b, k):
        return np.dot(np.flip(a[:k]), b[:k]), np.dot(a[::2], b[::2])

    rng = np.random.default_rng(9)
    a, b = rng.standard_normal(100), rng.standard_normal(100)
    wide = np.repeat(a, 3)
    jitted = jit(f)
    for x, y in ((a[::-1], b), (a, b[::-1]), (a[::-1], b[::-1]), (wide[::3], b), (wide[::-3], b[::-1]), (a[::-1], a)):
        assert bits(jitted(x, y)) == bits(f(x, y))
    check(reversed_inside, (a, b, 33), (a, b, 1), (a, b, 0), bails=False)


def test_logical_ufuncs():
    def f(a, b):
        return np.logical_and(a, b), np.logical_or(a > 1, b), np.logical_xor(a, b > 1), np.logical_not(a)

    check(f, (arr([0, 1, 2]), arr([1, 0, 5], int)), (arr([np.nan, -0.0]), arr([0, 1], bool)), bails=False)


def test_windows_with_new_axes():
    def f(x, w, out):
        out[0] = 1
        for i in range(x.shape[0] - 2):
            both = np.sum(x[i : i + 2, :, None] * w[None], axis=(1, 2))
            out[i] = (x[i : i + 2, :, None] * w[None, :, :]).sum() + both[0]
        return out

    rng = np.random.default_rng(10)
    check(f, (rng.standard_normal((6, 4)), rng.standard_normal((4, 3)), np.zeros(5)), bails=False)


def test_lists_as_shapes():
    def f(n):
        a = np.zeros([n, 2])
        return a + np.ones([2]), np.full([n], 3.0), a.reshape([2, n]), np.reshape(a, [2 * n])

    check(f, 3, 0)


def test_three_operands_that_do_not_fit():
    def chosen(a, x, y):
        return np.where(a > 0.5, x, y)

    def limited(a, x, y):
        return np.clip(a, x, y)

    r = np.random.default_rng(0).random
    for function in (chosen, limited):
        shapes = [((4,), (3,), (2, 3)), ((2, 3), (4,), (3,)), ((2, 3), (3,), (2, 1)), ((5,), (3,), (3,))]
        check(function, *[tuple(r(s) for s in shape) for shape in shapes], (r(4), 0.25, r(3)))


def test_arrays_without_axes_as_operands():
    def f(a, z):
        b = a.copy()
        b[0] = z
        b[1:] += z
        return np.where(a > 1, z, a), np.where(z > 1, a, a), np.clip(a, z, 3), np.full(3, z), b, np.array([z, 1.0])

    for a in (np.arange(4.0), np.arange(4, dtype="f4"), np.arange(4)):
        check(f, (a, np.array(2)), (a, np.array(True)))
    check(f, (np.arange(4.0), np.array(2.5)), (np.arange(4.0), np.array(1.5, "f4")))


def test_outer_of_any_ufunc():
    def sums(x, y):
        return np.add.outer(x, y), np.subtract.outer(x[::-1], y[1:]), np.multiply.outer(x, x)

    def others(x, y):
        return np.maximum.outer(x, y), np.less.outer(x, y), np.arctan2.outer(x, y), np.add.outer(x, y)[0] + y

    def unusual(x, y):
        m = np.add.outer(x, y)
        return np.add.outer(m, x), np.add.outer(1, x), np.add.reduce(x), np.add.accumulate(y), np.add.outer(x, [1, 2])

    def relaxed(path):
        for k in range(path.shape[0]):
            path[:] = np.minimum(path[:], np.add.outer(path[:, k], path[k, :]))
        return path

    x, y = np.array([1.5, -0.0, np.nan, 3.0]), np.array([0.0, -2.0, np.inf])
    pairs = [(x, y), (x[::2], y[::-1]), (x[:0], y), (np.arange(3, dtype="u1"), np.arange(4, dtype="i4")), (x > 0, y)]
    for function in (sums, others, unusual):
        check(function, *pairs, (x.astype("f4"), y), (x.astype("f4"), np.arange(3)))
    check(sums, (x > 0, y > 0), (x + 1j, y))
    check(relaxed, np.arange(16).reshape(4, 4) % 7, np.arange(9.0).reshape(3, 3)[::-1])


def test_powers_of_bools_are_of_the_type_that_the_exponent_gives():
    def square(a):
        return a**2

    def cube(a):
        return a**3

    def power(a, n):
        return a**n

    for function in (square, cube):
        check(function, np.array([True, False]), np.array([[False, True]]))
    check(power, (np.array([True, False]), 2), (np.array([True, False]), 3), (np.array([True, False]), 0))


def test_a_power_that_is_negative_for_certain_raises_unless_there_is_no_element():
    def f(a):
        return (-1) ** (~(a - a))

    check(f, np.array([5, 6], np.int16), np.array([], np.int16), np.array([[3]], np.int64))


def test_zeros_of_both_signs():
    def f(a, b):
        return np.fmax(a, b) + 0.0 * a, np.fmin(a, b), np.maximum(a, b) * 1.0, np.minimum(b, a)

    def g(a, b):
        np.add(np.fmax(a, b), a, out=a)

    signs = np.array([0.0, -0.0, 0.0, 0.0, -0.0, -0.0, 1.0] * 9)
    others = -signs[::-1].copy()
    for a, b in ((signs, others), (signs[::2], others[::2]), (signs[::-1], others)):
        check(f, (a, b))
        check(g, (a.copy(), b))
    a, b = signs.reshape(21, 3), others.reshape(21, 3)
    for function in (f, g):
        check(function, (a.copy(), b), (a[::-1], b), (a[:, ::2], b[:, ::2]), (a.T, b.T), (a.T, b.T.copy()))


def test_where_casts_numbers_as_elements():
    def f(c, a, x, out):
        out[0] = 1.0
        return np.where(c, a, x), np.where(c, x, a)

    numbers = [-1, 300, 2**62 + 2**38 + 1, 1e300, True, np.int8(-3)]
    for dtype in ("uint8", "uint64", "float32"):
        a, c = arr([1, 2], dtype), np.array([True, False])
        check(f, *[(c, a, x, np.zeros(1)) for x in numbers], bails=False)


def test_a_power_that_raises_does_so_in_its_turn():
    def f(a, b, out, x):
        out[0] = 1
        np.log1p((a**b) + 1, out=x)

    def g(a, b, out, x):
        out[0] = 1
        return (a**b) + x

    def h(a, b, out):
        out[0] = 1
        a **= b

    a, bad, good = arr([3, 2], np.int64), arr([1, -1], np.int64), arr([1, 2], np.int64)
    check(h, (arr([3, 2, 5], np.int64), arr([2, -1, 2], np.int64), np.zeros(1)), (a.copy(), good, np.zeros(1)))
    for b in (bad, good):
        check(f, (a, b, np.zeros(1), np.zeros(2, np.int64)), (a, b, np.zeros(1), np.zeros(2)))
        check(g, (a, b, np.zeros(1), np.zeros(3)), (a, b, np.zeros(1), np.zeros(2)))


def test_steps_of_both_signs():
    """Some of NumPy's loops compute other last bits where a step is negative."""

    def f(a, b):
        return np.log1p(a), np.arctan2(a, b), np.log1p(a * 1.0) + np.sinh(b)

    def late(a, b):
        b[0] = b[0]
        return np.log1p(a)

    def into(a, b):
        np.log1p(a, out=b)

    def late_into(a, b):
        b[0] = b[0]
        np.log1p(a, out=b)

    a = np.random.default_rng(0).uniform(-0.9, 5, (5, 30))
    views = [
        lambda v: v, lambda v: v[::-1], lambda v: v[:, ::-1], lambda v: v[::-1, ::-1], lambda v: v[:1, ::-1],
        lambda v: v[:, ::-2], lambda v: v.T[:, ::-1], lambda v: v[3][::-1], lambda v: v[::-1, 3],
    ]  # fmt: skip
    pairs = [(view(a), view(a + 1.0)) for view in views]
    calls = [pair for x, y in pairs for pair in ((x, y), (x, y.copy()), (x.copy(), y))]
    for function in (f, late, into, late_into):
        check(function, *calls)
