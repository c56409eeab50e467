"""Arrays of complex numbers, and NumPy's complex scalars: elements, views, expressions over whole arrays."""

from __future__ import annotations

import math
import warnings
from itertools import product

import numpy as np
import pytest

from tests.support import check

INF, NAN = math.inf, math.nan
PARTS = (0.0, -0.0, 1.0, -1.5, INF, -INF, NAN, 1e200, -1e-200, 1e308)
with np.errstate(all="ignore"):
    ODD = np.array([complex(a, b) for a, b in product(PARTS, PARTS)])
    ODD_32 = ODD.astype(np.complex64)
_random = np.random.default_rng(0)
PLAIN = _random.normal(size=30) + 1j * _random.normal(size=30)
PLAIN_32 = PLAIN.astype(np.complex64)
MATRIX = PLAIN.reshape(5, 6)


def test_parts_of_sums():
    """What is Python's at first and NumPy's in the end."""

    def summed(a, out):
        real = 0.0
        s = 0j
        for i in range(len(a)):
            s += a[i]
            out[i] = s.conjugate()
            real += s.real - s.imag * 2
        return s.conjugate(), s.real, s.imag, real

    def chosen(a, n):
        x = a[0] if n > 2 else n
        return x.real, x.imag

    for n in (0, 1, 5, 30):
        check(summed, (PLAIN[:n], np.zeros(n, complex)), (PLAIN_32[:n], np.zeros(n, complex)))
        check(chosen, (PLAIN, n), (PLAIN_32, n), (PLAIN.real.copy(), n))


@pytest.mark.parametrize("dtype", [complex, np.complex64])
def test_arithmetic_of_elements(dtype):
    def f(a, b, out):
        for i in range(len(a)):
            for j in range(len(b)):
                x, y = a[i], b[j]
                out[0, i, j] = x + y
                out[1, i, j] = x - y
                out[2, i, j] = x * y
                out[3, i, j] = x / y
                out[4, i, j] = -x
                out[5, i, j] = x.conjugate()
                out[6, i, j] = x.real + y.imag
                out[7, i, j] = (x == y) + 2 * (x != y)
                out[8, i, j] = abs(x)
                out[9, i, j] = 1 if y else 2

    reals = np.array(PARTS), np.array(PARTS[:5], "f4"), np.array([1, -2, 2**53 + 1]), np.array([1, 255], "u1")
    a = ODD[::6] if dtype is complex else ODD_32[::6]
    for b in (ODD[::7], ODD_32[::7]):
        check(f, (a, b[::-1], np.zeros((10, len(a), len(b)), dtype)))
    for b in (*reals, np.array([True, False])):
        check(f, (b, a, np.zeros((10, len(b), len(a)), complex)))


def test_beside_python_numbers():
    def f(a, z):
        r = a[0]
        return r + z, z - r, r * z, z * r, r / z, z / r, r == z, z != r

    for dtype, factor in ((complex, 1 + 1j), (np.complex64, 1 + 1j), (float, 1), ("f4", 1)):
        for z in (1j, complex(NAN, -0.0), *(() if factor == 1 else (2.5, 3, True, 0.0, 1e300))):
            check(f, *[(np.array([v * factor], dtype), z) for v in (1, 0, -1.5)])


def test_scalars():
    def f(x, y):
        return x * y, x, y.real, (x, y), abs(x), complex(x), y.imag

    def ordered(a):
        return a[0] < a[1], a[0] >= a[1], a[0] ** 2, a[1] ** 0.5, a[0] ** a[1]

    def functions(a):
        x, y = a[0], a[1]
        first = np.exp(x), np.abs(x), np.sqrt(y), np.conj(x), np.real(x), np.angle(y), np.exp(1j * 2.5), np.isnan(x)
        return first, np.add(x, y), np.complex128(x.real), np.complex64(1j), np.complex128(1, 2), np.exp(1j * x.real)

    def objects(a):
        items, table = [a[0], a[1] * 2], {"x": a[0]}
        return items[1], table["x"], f"{a[0]:.3f}", str(a[1])

    numbers = (np.complex128(1 + 2j), np.complex64(2.1 - 1j), 1.5, 1j)
    check(f, *[(x, y) for x, y in product(numbers, numbers) if isinstance(x, np.generic)])
    def powers(a):
        out = np.zeros((6, len(a)), a.dtype)
        for i in range(len(a)):
            x = a[i]
            out[0, i], out[1, i], out[2, i] = x**1, x**2, x**3
            out[3, i], out[4, i], out[5, i] = x**2.0, x**0, x**-1
        return out, a[1] ** np.float32(2), 1j ** a[1]

    check(powers, ODD, ODD_32)
    for function in (ordered, functions, objects):
        check(function, PLAIN, PLAIN_32)


def test_made():
    def f(n, z):
        a, b, c = np.zeros(n, complex), np.empty(n, dtype=np.complex64), np.full(n, z)
        d, e, g = np.full(n, 1.5, complex), np.ones((n, 2), np.complex128), np.zeros_like(c)
        for i in range(n):
            a[i] = z * i
            b[i] = z
            g[i] = i
        return a, b, c, d, e, g, np.full_like(c, 2j), np.full(n, 3, np.complex64)

    check(f, (3, 1j), (0, 2 - 1j), (4, np.complex64(1 + 1j)), (3, np.complex128(1 + 1j)))


def test_expressions():
    def f(a, b):
        return a + b, a - b * 0.5, -a, a / b, a * b, a == b, a != b, +a

    def placed(a, b):
        return a + b, a / b, (a + b)[1:, ::2], (a - b).T

    check(f, (PLAIN, ODD[:30]), (ODD[:30], PLAIN_32[::-1]))
    check(f, (PLAIN_32, PLAIN.real.astype("f4")), (np.arange(30), PLAIN_32))
    m = MATRIX
    check(placed, (m[:, ::2], m[:, 1::2]), (m.T, m[:, :1].T), (np.asfortranarray(m), m))
    check(placed, (m, m[0]), (m, 2), (1j, m), (m.astype("c8"), np.float64(2)), (m.real.astype("f4"), 1j))


def test_views():
    def f(a):
        parts = a.real, a.imag, a.real.sum(), a.imag[0], a.dtype == complex, a.dtype, a.strides, a.itemsize
        whole = a.conj(), a.conjugate(), a.reshape(-1), a.copy(), a.astype(np.complex64), a.flatten()
        return parts, whole

    def g(a):
        return a[1:3], a[::-1], a.T

    for function in (f, g):
        check(function, MATRIX, MATRIX.T, MATRIX[:, ::2], PLAIN, PLAIN[::-2], PLAIN_32)


def test_stores():
    def f(a, b, z):
        a[1:3] = b[1:3]
        a[0] = z
        a[3:] += 1
        a[2:4] -= b[2:4] * z
        a[1:] = a[:-1]
        a.real[0] = 5
        a[:] = a / 2
        a[-1] = b[0]
        return a

    def augmented(a, b):
        a *= b
        a /= 2
        a += b
        a -= 1j
        a *= 2

    def added(a, b):
        a += b

    def put(a, b):
        a[0] = b

    def element(a, b):
        a[0] = b[0]

    n = len(PLAIN)
    check(f, (MATRIX.copy(), MATRIX, 1j), (PLAIN.copy(), PLAIN, 2.5), (PLAIN_32.copy(), PLAIN, 1))
    check(f, (PLAIN.copy(), PLAIN_32, 1j), (PLAIN.copy(), PLAIN.real, np.complex64(1j)))
    check(augmented, (PLAIN.copy(), PLAIN), (PLAIN_32.copy(), PLAIN.real), (PLAIN_32.copy(), 1j))
    check(augmented, (PLAIN[:1].copy(), PLAIN[1:2]))
    check(added, (PLAIN.real.copy(), PLAIN), (PLAIN.real.copy(), 1j), (np.arange(n), 1j))
    check(put, (PLAIN.real.copy(), 1j), (np.arange(n), 1j), (PLAIN.copy(), None), (PLAIN.copy(), "1j"))
    check(put, (PLAIN.copy(), "x"), (PLAIN.copy(), 2**70), (np.zeros(2, bool), 1j), (PLAIN.copy(), 10**400))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(element, (PLAIN.real.copy(), PLAIN), (np.zeros(2, bool), PLAIN), (PLAIN_32.copy(), PLAIN))


def test_functions_of_arrays():
    def f(a):
        sums = a.sum(), np.sum(a, axis=0), a.mean(), a.prod(), np.dot(a, a), a @ a, a.cumsum(), np.vdot(a, a)
        each = np.abs(a), np.angle(a), np.exp(a), np.sqrt(a), np.real(a), np.imag(a), np.where(a == 0, a, 1)
        return sums, each, a.any(), np.isnan(a), np.linalg.norm(a), np.outer(a, a), np.round(a, 2), a.max(), np.diff(a)

    check(f, PLAIN, PLAIN_32, PLAIN[::2])


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "reciprocal", "conjugate", "absolute", "square", "sign"])
def test_ufuncs_of_one(name):
    function = getattr(np, name)

    def whole(a):
        return function(a), function(a + 1)

    def each(a):
        out = np.zeros(len(a), complex)
        for i in range(len(a)):
            out[i] = function(a[i])
        return out, function(1j), function(a[0])

    check(whole, np.concatenate([PLAIN] * 20), PLAIN_32, PLAIN[:1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(each, ODD[::3], ODD_32[::3])


@pytest.mark.parametrize("name", ["add", "multiply", "divide", "power", "maximum", "logical_and", "equal"])
def test_ufuncs_of_two(name):
    function = getattr(np, name)

    def f(a, b):
        scalars = function(a[0], b[0]), function(a[0], 1j), function(2, b[0])
        return function(a, b), function(a, 2.0), function(1j, b), scalars

    check(f, (PLAIN, PLAIN[::-1]), (PLAIN, PLAIN_32), (ODD[:30], PLAIN.real), (PLAIN_32, PLAIN_32))


def test_products():
    def f(a, b):
        return a * b + b * a, a * 1j, 1j * a, (a * b)[::2] - 1, np.exp(a * b + 1) * b

    def in_place(a, b):
        a *= b
        np.multiply(a, b, out=a)
        return np.multiply(b, b), b**2, b**0.5, np.abs(b), a[:, 0] * b[:, 0]

    def beside_floats(x, z):
        return z + x[0], x[0] + z, z * x[0], x[0] * z, z / x[0], z == x[0], z * x, z == x

    long = np.concatenate([PLAIN] * 20)
    check(f, (long, long[::-1]), (PLAIN[:1], PLAIN[1:2]), (PLAIN, PLAIN.real), (PLAIN_32, PLAIN_32), (PLAIN_32, PLAIN))
    single = MATRIX[:1, :1]
    check(in_place, (MATRIX.copy(), MATRIX), (single.copy(), single), (np.asfortranarray(MATRIX), MATRIX))
    for dtype in ("f8", "f4", "i8"):
        check(beside_floats, *[(np.array([v, 2], dtype), z) for v in (0, 3) for z in (1j, complex(-0.0, NAN))])


def test_index_arrays():
    def f(a, i, m):
        b, c = a[i], a[m]
        a[m] = 0
        a[i] = b + 1
        return b, c, np.take(a, i), np.nonzero(a), np.argwhere(a)

    index = np.array([1, 2, -1])
    check(f, (PLAIN.copy(), index, PLAIN.real > 0), (PLAIN_32.copy(), index, PLAIN.real > 0))


def test_loops():
    def through(a):
        s = 0
        for x in a:
            s += x
        for i, x in enumerate(a):
            s = s + i * x
        for x, y in zip(a, a[::-1]):
            s += x * y
        return s

    def sums(a, b):
        s, t, u = 0j, 0.0, 0
        for i in range(len(a)):
            s += a[i] * b[i]
            t += a[i]
            if a[i].real > 0:
                u += a[i]
        return s, t, u, s / len(a)

    def product_of(a, b):
        c = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for i in range(c.shape[0]):
            for j in range(c.shape[1]):
                for k in range(a.shape[1]):
                    c[i, j] += a[i, k] * b[k, j]
        return c

    def chosen(a, n):
        r = 0.5
        if n == 1:
            r = a[0]
        elif n > 1:
            r = 1j
        last = None
        for i in range(n):
            last = a[i]
        return r * 2, last

    check(through, PLAIN, PLAIN_32, PLAIN[:0], PLAIN[:1])
    check(sums, (PLAIN, PLAIN), (PLAIN_32, PLAIN_32), (PLAIN[:0], PLAIN), (PLAIN, PLAIN_32), (PLAIN, PLAIN.real))
    check(product_of, (MATRIX, MATRIX.T), (MATRIX.astype("c8"), MATRIX.T), (MATRIX, MATRIX.T.real.copy()))
    check(chosen, *product((PLAIN, PLAIN_32), (0, 1, 2)))


table = PLAIN.copy()


def test_names():
    def at(i):
        return table[i] * 2

    check(at, 0, 1)


def test_conjugates_of_elements():
    def f(a, b):
        s = 0j
        for i in range(len(a)):
            s += np.conj(a[i]) * b[i] + np.conjugate(b[i])
        return s, np.conj(a[0]), np.conj(2.5), np.conj(1 - 2j)

    a = np.array([1 + 2j, -0.0 - 0.0j, complex("inf+nanj"), 3])
    check(f, (a[:2], a[2:]), (a[[0, 1, 3]], a[[3, 1, 0]]), (a.astype("c8")[:2], a[:2]))
