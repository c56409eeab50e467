"""Numbers inside whole functions: the cases that others get silently wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jitney import jit
from tests.support import arr, check

BIG = 2**63 - 1


def test_overflow_goes_on_in_cpython():
    def add(a, b):
        return a + b

    def multiply(a, b):
        return a * b

    def negate(a):
        return -a, abs(a)

    def divide(a, b):
        return a // b, a % b

    check(add, (BIG, 1), (-BIG, -2), (1, 2), (BIG, 0))
    check(multiply, (2**40, 2**40), (2**32, 2**31), (2**31, 2**31), (-(2**63), -1), (0, -1))
    check(negate, -(2**63), BIG, 0)
    check(divide, (-(2**63), -1), (7, -2), (-7, 2), (7, 0), (0, 5), (-1, 2**62))


def test_shifts():
    def f(a, n):
        return a << n

    def g(a, n):
        return a >> n

    check(f, (1, 70), (1, -1), (1, 62), (1, 63), (-1, 63), (0, 1000), (3, 5), (-5, 2))
    check(g, (1, 70), (-1, 70), (1, -1), (-8, 1), (BIG, 62))


def test_powers():
    def f(a, b):
        return a**b

    ints = [(2, -1), (2, 10), (2, 62), (2, 63), (0, 0), (0, -1), (-2, 3), (-1, 10**9), (1, -5), (10, 18), (10, 19)]
    floats = [(1e300, 2.0), (-8.0, 1 / 3), (0.0, -1.0), (2.0, 0.5), (-0.0, 3.0), (math.inf, -1.0), (2.5, 2), (2, 0.5)]
    check(f, *ints, *floats)


def test_int_of_float():
    def f(x):
        return int(x)

    check(f, 2.7, -2.7, -0.0, 1e18, 1e300, math.nan, math.inf, -math.inf, 9.3e18, -9.3e18, True)


def test_math_errors():
    def f(x):
        return math.sqrt(x)

    def g(x):
        return math.log(x)

    def h(x):
        return math.exp(x)

    check(f, -1.0, 2.0, -0.0, math.inf, math.nan, 4)
    check(g, 0.0, -1.0, 1.0, 10, math.inf, 0)
    check(h, 1000.0, -1000.0, 1.0, math.inf)


def test_exact_mixed_comparison():
    def f(a, b):
        return a == b, a < b, a <= b, a != b, a > b, a >= b

    check(f, (2**53 + 1, float(2**53)), (2**53, float(2**53)), (BIG, 2.0**63), (-(2**63), -(2.0**63)), (1, math.nan))
    check(f, (0, -0.0), (1, math.inf), (1, -math.inf), (True, 1.0), (2.0**53, 2**53 + 1))


def test_invert_bool():
    def f(p):
        return ~p, -p, +p, not p, p + p, p & p, p ^ True

    def g(p, x):
        return p and x, p or x, p * x, p < x

    check(f, True, False)
    check(g, (True, 2), (False, 3), (True, 0.5))


def test_int_or_float():
    def f(c):
        return 1 if c else 2.5

    check(f, True, False, bails=False)


def test_signed_zero():
    def f(x):
        return -x, x * -1.0, abs(x), x + 0.0, x - 0.0, 0.0 - x, x / -1.0

    check(f, 0.0, -0.0, 1.5, math.nan, bails=False)


def test_float_division():
    def f(a, b):
        return a / b

    def g(a, b):
        return a // b, a % b

    calls = [(1.0, 0.0), (0.0, 0.0), (1, 0), (7, 2), (BIG, 3), (2**62 + 1, 7), (-1.0, 3.0), (5.5, -2.0), (-5.5, 2.0),
             (-0.0, 1.0), (1e308, 1e-10), (3, math.inf), (-3.0, math.inf), (math.nan, 1.0), (True, 2)]  # fmt: skip
    check(f, *calls)
    check(g, *calls)


def test_min_max_order():
    def f(a, b):
        return min(a, b), max(a, b)

    nan = math.nan
    check(f, (1.0, 2.0), (nan, 1.0), (1.0, nan), (0.0, -0.0), (-0.0, 0.0), (1, 1.0), (1.0, 1), (True, 1), (2, 1.5))


def test_round():
    def f(x):
        return round(x)

    check(f, 0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 1e18, math.nan, math.inf, 3, True, 4503599627370497.5)


def test_augmented_assignment():
    def f(a, b):
        a += b
        a -= 2
        a *= b
        a //= 3
        a %= 1000
        a **= 2
        a <<= 2
        a >>= 1
        a &= 0xFFFF
        a |= 5
        a ^= b
        return a

    check(f, (10, 3), (-10, 7), (0, 1))


def test_big_constant_mask():
    def f(h, n):
        for i in range(n):
            h = ((h ^ i) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
        return h

    check(f, (5, 3), (14695981039346656037 >> 1, 2))


def test_dirty_overflow_names_the_line():
    def f(a, n):
        a[0] = 1.0
        return n + 1

    a = np.zeros(2)
    jitted = jit(f)
    assert jitted(a, 5) == 6
    with pytest.raises(OverflowError, match="64 bits"):
        jitted(a, BIG)
    assert a[0] == 1.0


def test_numpy_scalars():
    def f(a, b, i):
        x, y = a[i], b[i]
        return x + y, x - y, x * y, x < y, x == y, x > 1, x + 1, 2 * y

    for da in ("float64", "float32", "int64", "int32", "uint8", "int8", "uint64"):
        for db in ("float64", "int64", "int16", "uint8"):
            check(f, (arr([1, 100, 7], da), arr([3, 100, 7], db), 0), (arr([1, 100, 7], da), arr([3, 100, 7], db), 1))


def test_numpy_scalar_wraps():
    def f(a):
        return a[0] + a[1], a[0] * a[1], -a[0]

    check(f, arr([100, 100], np.int8), arr([200, 100], np.uint8), arr([2**62, 2**62], np.int64), arr([5, 7], np.uint64))


def test_numpy_scalar_division_by_zero():
    def f(a, b):
        return a[0] / b[0], a[0] // b[0], a[0] % b[0]

    for dtype in ("float64", "float32", "int64", "int32"):
        for a, b in ((7, 0), (-7, 2), (0, 0)):
            check(f, (arr([a], dtype), arr([b], dtype)))


def test_numpy_scalar_overflowing_literal():
    def f(a):
        return a[0] + 300

    check(f, arr([1], np.int8), arr([1], np.uint8), arr([1], np.int16), arr([1], np.float32))


@pytest.mark.parametrize("value", [0, 1, -1, 300, 2.7, -2.7, True, math.nan, math.inf, 1e300, 2**40])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "uint64", "float32", "float64", "bool"])
def test_stores_convert(dtype, value):
    def f(a, x):
        a[1] = x
        return a[1]

    check(f, (arr([1, 1, 1], dtype), value))


def test_changed_by_one_operation_of_itself_under_a_condition():
    def f(x, n):
        t = 0.0
        for i in range(n):
            if i & 1:
                x = -x
            if i & 2:
                t = abs(t)
            t -= x
        return x, t

    check(f, (1.5, 0), (1.5, 1), (-0.0, 2), (2.5, 99), (math.nan, 7), (math.inf, 100))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float64", "float32", "bool"])
def test_tuples_of_numpy_scalars(dtype):
    def ordered(a):
        smaller = (a[0],) < (a[1],)
        return smaller + smaller, (a[0], 1) <= (a[0], 2)

    def with_a_tuple(a):
        return (1, 2) == a[0], a[1] != (0, 1, 2)

    pairs = [arr(pair, dtype) for pair in ((0, 1), (1, 0), (1, 1))]
    check(with_a_tuple, *pairs)
    if dtype != "float64":
        check(ordered, *pairs)


def test_numpy_refuses_ints_beyond_64_bits_before_it_wraps():
    def product(a, i):
        return ((i * i) * a[0]) & 255

    def shifted(a, i):
        return ((i << 3) + a[0]) & 255, ((i << 40) ^ a[1]) & 1023

    def summed(a, i):
        s = 0
        for k in range(len(a)):
            s = (s + (i * 3) * a[k]) & 0xFFFF
        return s

    def in_python(i):
        return ((i * i) * (i + 1)) & 255, ((i << 40) ^ i) & 1023

    ints = (1, 5, -7, 2**31, 2**33, 2**62, 2**63 - 1, -(2**63))
    for function in (product, shifted, summed):
        check(function, *[(arr([3, 4, 5], "int64"), i) for i in ints])
    check(in_python, *ints)
