"""Python's complex numbers: every operator by bits, with zeros of both signs, infinities and NaN in all parts."""

from __future__ import annotations

import cmath
import math
import operator
from itertools import product

import numpy as np
import pytest

from jitney import jit
from tests.support import check

INF, NAN = math.inf, math.nan
PARTS = (0.0, -0.0, 1.0, -1.5, INF, -INF, NAN, 1e200, -1e-200, 3.0, 1e308)
ALL = [complex(a, b) for a, b in product(PARTS, PARTS)]
SOME = ALL[::7]
REALS = (*PARTS, 0, 1, -3, True, 2**53 + 1, 2**62)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "eq", "ne", "lt", "floordiv", "mod", "matmul"])
def test_operators(name):
    function = getattr(operator, name)

    def apply(a, b):
        return function(a, b)

    calls = list(product(ALL[::3], ALL[::4])) + list(product(ALL[::3], REALS)) + list(product(REALS, ALL[::3]))
    check(apply, *(calls if name in ("add", "sub", "mul", "truediv", "eq", "ne") else calls[::160]))


def test_powers():
    def small(z):
        return z**2, z**1, z**7.0

    def none(z):
        return z**0

    def inverse(z):
        return z**-3

    def root(z):
        return z**0.5

    def general(a, b):
        return a**b

    check(small, *ALL)
    check(none, *ALL)
    check(inverse, *ALL)
    check(root, *SOME)
    check(general, *product(SOME, (1j, 2 + 0j, 0j, -1 - 1j, 2, -2, 150, 0.5)), *product((2, 0.0, -1.5), SOME))


def test_one_operand():
    def f(z):
        return -z, +z, bool(z), not z, z.real, z.imag, z.conjugate(), z and 1, -z.imag

    def magnitude(z):
        return abs(z)

    def inverted(z):
        return ~z

    def parts(x):
        return x.real, x.imag

    check(f, *ALL)
    check(magnitude, *ALL)
    check(inverted, 1j)
    check(parts, 1, 2.5, -0.0, True)


def test_made():
    def one(x):
        return complex(x)

    def two(x, y):
        return complex(x, y)

    def others():
        return complex(), complex(imag=2.0), 2j, -1j, 1 - 0j, 3 + 4j

    check(one, *SOME, *REALS, "1+2j", "x", None)
    check(two, *product(SOME, SOME), *product(SOME, REALS), *product(REALS, SOME))

    def of_reals(x, y):
        return complex(x, y)

    check(of_reals, *product(PARTS, REALS[-6:]), *product(REALS[-6:], PARTS))
    check(of_reals, (1, None))
    floats = [np.float64(-0.0), np.float32(0.1)]
    numbers = [*floats, np.int64(2**62 + 1), np.uint64(2**64 - 1), np.int8(-3), np.bool_(True)]
    for x in numbers:

        def beside(y, x=x):
            return complex(x, y), complex(y, x)

        check(beside, *numbers, -0.0, 3, 1j, NAN)

    def of_either(x, a, n):
        if n:
            x = a[0]
        return complex(x, 2.0), complex(n, x), complex(x)

    check(of_either, *product((1.5, -0.0), (np.ones(1), -np.zeros(1, np.float32)), (0, 1)))
    check(others, ())


def test_beside_other_things():
    def huge(z):
        return z == 2**70, 2**70 != z, z * 2**70, z == "a", z is None, z == None  # noqa: E711

    def beyond(z):
        return z * 10**400

    def refused(z):
        return float(z)

    def compared(z):
        return z < 1

    def least(z):
        return min(z, 1j)

    def kinds(z):
        return isinstance(z, complex), str(z), f"{z}", hash(z), [z, z * 2][1]

    check(huge, complex(2**70, 0), complex(2**70, 1), 1j)
    for function in (beyond, refused, compared, least, kinds):
        check(function, 1j)


def test_joins():
    def chosen(z, x):
        if x > 0:
            r = z * 2
        elif x == 0:
            r = 3
        else:
            r = x
        return r * 2 + 1, r

    def optional(z, n):
        found = None
        for i in range(n):
            found = z * i
        return found

    def maybe(z, n):
        for i in range(n):
            last = z + i
        return last

    def boxed(z, n):
        items = [1]
        if n:
            items[0] = z
        else:
            items = z
        return items

    check(chosen, *product((1j, complex(-0.0, NAN)), (1.0, -1.0, 0.0, 2, 0, -2)))
    for function in (optional, maybe, boxed):
        check(function, (2 - 1j, 3), (2 - 1j, 0))


def test_loops():
    def total(n, c):
        s = 0
        for i in range(n):
            s += c * i
        return s

    def horner(n, c):
        s = 1.0
        for _ in range(n):
            s = s * c + 1
        return s, abs(s)

    def escape(w, h, n):
        steps = 0
        for i in range(h):
            for j in range(w):
                c = complex(-2 + 3 * j / w, -1.5 + 3 * i / h)
                z = 0j
                for _ in range(n):
                    z = z * z + c
                    if abs(z) > 2:
                        break
                    steps += 1
        return steps

    check(total, (5, 1j), (0, 1j), (1, complex(-0.0, -0.0)))
    check(horner, (5, 1j), (0, 1j), (3, 1), bails=False)
    check(escape, (12, 12, 30), bails=False)


def test_calls_and_tuples():
    def inner(z, w):
        for _ in range(2):
            z = z * w
        return z, w.imag

    callee = jit(inner)

    def outer(z, pair):
        (a, b), n = callee(z, pair[0]), pair[1]
        return a + n, (b, a), pair

    check(outer, (1 + 2j, (2j, 1.0)), (complex(-0.0, INF), (complex(NAN, 1), 2)))


def test_cmath():
    def one(z):
        return cmath.sqrt(z), cmath.phase(z), cmath.polar(z), cmath.isnan(z), cmath.tanh(z) if z.real < 1e9 else z

    def logarithm(z):
        return cmath.log(z)

    def of_numpys(a):
        return cmath.exp(a[0]), cmath.sqrt(a[1]), cmath.phase(a[0])

    def in_a_loop(a, out):
        for i in range(len(a)):
            out[0, i] = cmath.exp(a[i])
            out[1, i] = cmath.sqrt(a[i] * 1e-300)
            out[2, i] = cmath.phase(-a[i])

    def exponential(z):
        return cmath.exp(z), cmath.exp(z.real)

    def after_a_store(a, z):
        a[0] = 1.0
        return cmath.log(z)

    check(one, *SOME, 1.0, 2)
    small = (5e-324, -1e-310, 2.5e-308, 700.5, 709.9, -745.5, 0.3, -4.0)
    check(one, *[complex(a, b) for a, b in product(small, (*small, 0.0, -0.0))])
    check(exponential, *ALL[::2], *[complex(a, b) for a, b in product(small, small)])
    check(of_numpys, *[np.array([1.5, -2]).astype(t) for t in ("f8", "f4", "i8", "c8", "c16")])
    numbers = np.array(small) * (1 - 0.7j)
    numbers[3:5] /= 100
    check(in_a_loop, (numbers, np.zeros((3, len(numbers)), complex)), bails=False)
    check(logarithm, *ALL, 0, 1)
    check(after_a_store, (np.zeros(2), 0j), (np.zeros(2), 1j))


def test_augmented_by_what_does_not_fit():
    def floor(a, z):
        a[0] = 1.0
        z //= 2

    def joined(a, x):
        a[0] = 1.0
        x |= 1

    def of_item(a, x):
        a[0] = 1.0
        a[1] |= x

    check(floor, (np.zeros(2), 1j), (np.zeros(2), 7), (np.zeros(2), None))
    check(joined, (np.zeros(2), 1.5), (np.zeros(2), 1j), (np.zeros(2), 1))
    check(of_item, (np.zeros(2), 1), (np.zeros(2, int), 1.5))


scale = 2 + 1j


def test_names():
    def scaled(z):
        return z * scale

    global scale
    jitted = check(scaled, 1j)
    scale = 3 + 1j
    assert jitted(1j) == -1 + 3j
    scale = 2 + 1j


def test_what_numpy_refuses_in_place():
    def f(a, b, c):
        c[0] = 1.0
        x = a[0]
        x %= b[0]
        return x

    for a, b in product(("complex64", "complex128", "float32"), repeat=2):
        check(f, (np.ones(1, a), np.ones(1, b), np.zeros(1)))


def test_products_that_numpy_does_as_for_arrays():
    def f(a, b):
        return a[0] * b[0]

    for dtype in ("float64", "int64", "uint32"):
        tiny = 5e-324 if dtype == "float64" else 3
        for z in (-0.5 - 2.5j, 0.5 + 0j, complex(-0.0, 1.5)):
            check(f, (np.array([z], "complex64"), np.array([tiny], dtype)))
