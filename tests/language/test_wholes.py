"""Expressions over whole arrays: operators, ufuncs, stores in place, overlap, broadcasting."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.support import arr, bits, check, outcome

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_operators(dtype):
    def arithmetic(a, b):
        return a + b, a * b, a / b, a // b, a % b, a < b, a == b

    def others(a, b):
        return -a, abs(a), a - b, +a, a > 2, a * 2, 3 - a

    a, b = arr([0, 1, 2, 3, 100, 7, 5, 1], dtype), arr([1, 0, 2, 5, 100, 3, 1, 1], dtype)
    check(arithmetic, (a, b), (a[:0], b[:0]))
    check(others, (a, b))


def test_integers_wrap():
    def f(a, b):
        return a + b, a * b, a - b, -a, a // b, a << 3, a >> 1, a & b, ~a

    for dtype in DTYPES[1:9]:
        info = np.iinfo(dtype)
        values = arr([info.min, info.max, 0, 1, 5], dtype)
        check(f, (values, values[::-1].copy()), bails=False)


def test_powers():
    def f(a, n, x):
        return a**2, a**2.0, a**0.5, a**-1.0, a**3, 2.0**a, a**1, a**0, np.power(a, n), np.power(a, x)

    def of_ints(a, n):
        return a**2, a**n

    check(f, (arr([0.0, -0.0, 1.5, -2.0, np.inf, np.nan, 1e200]), 3, 2.5))
    check(f, (arr([0, 1.5, 2], np.float32), 2, 0.5))
    def refused(a):
        return np.power(a, -1)

    check(refused, arr([1, 2], int), arr([1.0, 2.0]))
    check(of_ints, (arr([0, 1, -3, 7], int), 5), (arr([0, 1, -3, 7], int), -1), (arr([2, 3], np.uint8), 9))


def test_numbers_that_do_not_fit():
    def f(a, n):
        return a + n

    def g(a, n):
        a += 1
        return a + n

    for function in (f, g):
        check(function, (arr([1, 2], np.uint8), 300), (arr([1, 2], np.uint8), -1), (arr([1, 2], np.int8), 100))


def test_in_place():
    def f(a, b):
        a += b * 2
        a -= np.sqrt(b)
        a *= 3
        a /= b + 1
        a //= 2
        a %= 5
        a **= 2

    check(f, (arr(range(10)), arr(range(10))), (arr([]), arr([])), bails=False)

    def of_ints(a, b):
        a += b
        a <<= 1
        a |= b
        a &= 7

    check(of_ints, (arr(range(10), int), arr(range(10), int)), bails=False)


def test_in_place_refused():
    def add(a, b):
        a += b

    def after_store(a, b, c):
        c += 1
        a += b

    def divide(a):
        a /= 2

    fixed = arr([1, 2])
    fixed.flags.writeable = False
    check(divide, arr([1, 2], int))
    check(add, (arr([1, 2], int), arr([1, 2])), (arr([1, 2], np.float32), arr([1, 2])), (arr([1, 2], np.uint8), 300))
    check(add, (arr([1, 2, 3]), arr([1, 2])), (arr([1]), arr([1, 2])), (arr([1, 2]), np.ones((2, 2))))
    for function, args in ((add, (fixed, arr([1, 2]))), (after_store, (fixed, arr([1, 2]), arr([1, 2])))):
        assert outcome(jit(function), args) == outcome(function, args)
    check(after_store, (arr([1, 2, 3]), arr([1, 2]), arr([1.0])), (arr([1, 2, 3]), arr([1]), arr([1.0])))


def test_overlap_is_done_as_if_copied():
    def f(a, b):
        a += b
        b *= a

    def run(function, make):
        whole, a, b = make()
        function(a, b)
        return bits(whole)

    def shifted(step):
        def make():
            x = np.arange(1.0, 40.0)
            return x, x[3 : 3 + 20 * step : step][:9], x[:20:1][::step][:9]

        return make

    def reverse():
        x = np.arange(30.0)
        return x, x, x[::-1]

    def transposed():
        x = np.arange(25.0).reshape(5, 5)
        return x, x, x.T

    def row():
        x = np.arange(25.0).reshape(5, 5)
        return x, x, x[2]

    def same():
        x = np.arange(9.0)
        return x, x, x

    jitted = jit(f)
    for make in (shifted(1), shifted(2), reverse, transposed, same):
        assert run(jitted, make) == run(f, make)

    def only(a, b):
        a += b

    assert run(jit(only), row) == run(only, row)


def test_out():
    def f(a, b, c):
        np.add(a, b, out=c)
        d = np.exp(a, out=b)
        np.multiply(a, 2, c)
        return d

    check(f, (arr([1, 2, 3]), arr([4, 5, 6]), arr([0, 0, 0])), bails=False)
    check(f, (arr([1, 2, 3]), arr([4, 5, 6]), arr([0, 0, 0, 0])), (arr([1, 2]), arr([4, 5]), arr([0, 0], int)))


def test_broadcasting():
    def f(a, b):
        return a + b, a * b + a, a < b, np.maximum(a, b)

    def after_store(a, b, c):
        c[0] = 1.0
        return a - b

    shapes = [((3, 4), (4,)), ((3, 4), (3, 1)), ((3, 1), (1, 4)), ((1,), (5,)), ((2, 3, 4), (3, 1)), ((3,), (4,)),
              ((0, 4), (4,)), ((1, 0), (5, 1)), ((2, 1, 3), (2, 2, 1))]  # fmt: skip
    for s, t in shapes:
        a, b = np.arange(float(np.prod(s))).reshape(s), np.arange(float(np.prod(t))).reshape(t) + 0.5
        check(f, (a, b), (b, a))
        check(after_store, (a, b, np.zeros(1)), (a, b.astype(int), np.zeros(1)))


def test_new_axes_broadcast_in_one_loop():
    def f(x, y):
        return (x[:, None] - y[None, :]) ** 2

    check(f, (arr(range(5)), arr(range(7))), (arr([]), arr([1])), (arr([1.0]), arr([2.0])), bails=False)


def test_order_of_results():
    def f(a, b):
        return a + b, np.exp(a)

    c = np.arange(12.0).reshape(3, 4)
    jitted = jit(f)
    for a in (c, np.asfortranarray(c)):
        for b in (c, np.asfortranarray(c), c[0], c[:, :1].copy()):
            got, wanted = jitted(a, b), f(a, b)
            for x, y in zip(got, wanted):
                assert x.flags.c_contiguous == y.flags.c_contiguous and bits(x) == bits(y)


def test_rows_and_columns_of_unknown_length():
    def pairs(x):
        column = x[:, 1:2]
        return column.T - column

    def products(m, x):
        return -(m * m.T) * x, m + x, x - m.T

    def moved(x, m, n):
        for _ in range(n):
            x += m
            x += pairs_of(x)
        return x

    @jit
    def pairs_of(x):
        column = x[:, 0:1]
        return (column.T - column)[:, :2]

    for dtype in (np.float64, np.float32, np.int8, bool):
        x = np.arange(12).reshape(4, 3).astype(dtype)
        if dtype is not bool:
            check(pairs, x, x[:1], x[:, 1:], x[:0], x[:, :1], x.T, x[::-1, ::2], bails=False)
        m, n = x[:, :1].copy(), np.arange(16).reshape(4, 4)
        check(products, (m, n), (m.T, n), (m, n.T.copy()), (m[:1], n[:1]), (m[:0], n[:0, :0]))
    x, m = np.arange(8.0).reshape(4, 2), np.arange(4.0).reshape(4, 1)
    check(moved, (x, m, 3), (x, m[:1], 2), (x[:1], m[:1], 2), bails=False)


def test_unknown_orders_below_effects():
    @jit
    def add(a, b):
        for _ in range(2):
            pass
        for _ in range(2):
            pass
        return a + b

    @jit
    def twice(a, b):
        for _ in range(2):
            pass
        for _ in range(2):
            pass
        return add(a, b) * 2

    def run(x, a, b):
        x[0] = 1.0
        c = twice(a, b)
        x[1] += 1
        return c

    x, a = np.zeros(3), np.arange(12.0).reshape(3, 4)[:, ::2]
    check(run, (x, a, a), (x, a, np.asfortranarray(a)), (x, a.T, a.T), (x, a.T, np.ascontiguousarray(a.T)))
    assert jit(run)(x, a.T, a.T).strides == run(x, a.T, a.T).strides


def test_unknown_orders_after_effects():
    def f(x, a, b):
        x[0] += 1.0
        c = a + b * 2
        x[1] += c.size
        return c, a * 1.5, np.sqrt(c) - a, c.T @ c

    def g(x, a, b):
        x[0] += 1.0
        c = a - b
        c[a > 3] = 0
        c += 1
        return c

    base = np.arange(1.0, 65.0).reshape(4, 4, 2, 2)
    views = [base[:, :, 0, 0], base[:, :, 1, 0].T, base[::-1, 1, 0, :1], base[:, :, 0, 0].astype(np.float32).T,
             base[0, 0], base[:0, :, 0, 0], np.broadcast_to(base[0, :, 0, 0], (4, 4))]  # fmt: skip
    x = np.zeros(2)
    for h in (f, g):
        jitted = check(h, *[(x, a, b) for a in views for b in views[1:4]], bails=False)
        for a in views[:2]:
            for b in views[:2]:
                got, wanted = jitted(x, a, b), h(x, a, b)
                for y, z in zip(got, wanted) if h is f else ((got, wanted),):
                    assert y.strides == z.strides


def test_effects_keep_their_order():
    def bump(a):
        for i in range(len(a)):
            a[i] += 1
        return a

    bump = jit(bump)

    def f(a):
        return a * 2 + bump(a)

    def g(a):
        b = a + 1
        a *= 10
        return b, b + a

    check(g, arr([1, 2, 3]), bails=False)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert bits(jit(f)(arr([1, 2, 3]))) == bits(f(arr([1, 2, 3])))


def test_inner_loops_of_numpy():
    def f(a, b):
        return np.exp(a * b) + np.sin(a) * np.log(np.abs(b) + 1), np.arctan2(a, b), np.hypot(a, 3.0)

    rng = np.random.default_rng(1)
    for n in (0, 1, 511, 512, 513, 2000):
        check(f, (rng.standard_normal(n), rng.standard_normal(n)), bails=False)
    m = rng.standard_normal((40, 30))
    check(f, (m, m[0]), (m[:, :1].copy(), m), (m.astype(np.float32), m), (np.asfortranarray(m), m))


def test_slices_in_place():
    def f(a, b):
        a[1:-1] += b[2:] - b[:-2]
        a[::2] *= 2
        return a

    check(f, (arr(range(9)), arr(range(9)) ** 2), bails=False)


def test_slice_stores():
    def f(a, b):
        a[1:-1] = (b[2:] + b[:-2]) / 2
        a[0] = 7
        a[::3] = 1.5
        a[:2] = b[-2:]
        a[...] = a * 2
        a[2:] = a[:-2]
        a[:-2] = a[2:]
        a[:] = a[::-1]
        return a

    check(f, (arr(range(9)), arr(range(9)) ** 2), (arr(range(9), np.float32), arr(range(9), int)), bails=False)

    def rows(a, b):
        a[0] = b
        a[1:, :2] = b[:2]
        a[:, -1] = a[:, 0] + 1
        a[2] += b
        a[:, 0] *= 3
        for i in range(a.shape[0]):
            a[i] = a[i - 1] + i
        return a

    check(rows, (np.arange(12.0).reshape(4, 3), arr([5, 6, 7])), (np.zeros((4, 3), int), arr([5.9, -6.9, 7])))
    check(rows, (np.asfortranarray(np.arange(12.0).reshape(4, 3)), arr([[5, 6, 7]])), bails=False)

    def fitting(a, b):
        a[0] = 1
        a[1:3] = b

    for b in (arr([1, 2]), arr([1, 2, 3]), arr([4]), arr([[1, 2]]), arr([[1], [2]]), arr([]), 5, 300, -1, 2.5, True):
        check(fitting, (arr([0, 0, 0, 0], np.uint8), b), (arr([0, 0, 0, 0]), b))


def test_stores_of_what_may_raise():
    def f(a, b, c):
        c[0] = 1
        a[:] = b**c

    check(f, (arr([1, 2, 3], int), arr([1, 2, 3], int), arr([1, 2, 0], int)))
    check(f, (arr([1, 2, 3], int), arr([1, 2, 3], int), arr([1, -2, 0], int)))


def test_diffusion():
    def f(u, n):
        v = u.copy() if False else u + 0
        for _ in range(n):
            v[1:-1, 1:-1] = u[1:-1, 1:-1] + 0.1 * (
                u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
            )
            u[:] = v
        return u.sum()

    rng = np.random.default_rng(4)
    check(f, (rng.standard_normal((9, 8)), 3), (rng.standard_normal((2, 2)), 1), bails=False)


def test_many_dimensions_after_a_store():
    def f(out, a, b):
        out[0, 0] = 1.0
        out[1:, :] = np.sum(a[:, 1:, 1:, :, None] * b[None, :, :, :], axis=(1, 2, 3))
        return out

    def g(out, a, b):
        out[0] = 1.0
        c = a[1:] + b
        out[1] = c.sum()
        return c

    rng = np.random.default_rng(8)
    x, y = rng.standard_normal((3, 4, 3, 2)), rng.standard_normal((3, 2, 2, 5))
    check(f, (np.zeros((4, 5)), x, y), (np.zeros((4, 5)), x, y[:, :, :1]), (np.zeros((4, 5)), x[:, :3], y),
          (np.zeros((4, 5)), x[:, :, :, :1], y[:, 1:]), (np.zeros((4, 5)), x, np.zeros((3, 2, 3, 5))))  # fmt: skip
    check(g, (np.zeros(2), x, x[0]), (np.zeros(2), x, y), (np.zeros(2), x, x[:2]), (np.zeros(2), x, x[1:]))


def test_slices_of_one_column():
    """Stretched without a test; there may be none of them."""

    def f(p, w):
        x, y, last = p[:, 0:1], p[:, 1:2], p[:, -1:]
        d = x.T - x
        e = (d * d + (y - x) * w[:1]) * last.T
        p[:, 1:2] = x * 2.0 + last
        p[0:1] += y.T[:, :1]
        return d, e, x + last, x.T + last, p[-2:-1] - p, (x * y).sum(axis=1), x.shape, p[2:3, 5:6].shape, w[-1:] + p

    def g(p, q):
        q[:, :1] = p[:, 1:2] - p[:, :1] + 1.0
        q[1:2] = p[0:1]
        return q[:, 1:2] == p[:, 0:1], np.max(np.abs(p[:, 0:1] - q.T[:1]))

    rng = np.random.default_rng(9)
    calls = [(rng.standard_normal((n, m)), rng.standard_normal(k))
             for n, m, k in ((5, 3, 4), (1, 3, 3), (4, 1, 1), (4, 2, 0), (3, 0, 2), (0, 3, 3), (1, 1, 1))]  # fmt: skip
    check(f, *calls, *[(np.asfortranarray(p), w) for p, w in calls], *[(p[::-1, ::-1], w) for p, w in calls])
    check(g, *[(p, np.zeros_like(p)) for p, _ in calls], (calls[0][0], np.zeros((5, 5))))


def test_out_that_does_not_fit_an_element():
    def f(a, c):
        c[0] = c[0]
        np.maximum(a[1:2], c[0], out=a[:1])

    check(f, *[(np.ones(n), np.ones(2)) for n in (0, 1, 2)])
