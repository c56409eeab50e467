"""Functions that only CPython's own code computes, called with boxed numbers: compiled, since the calls may raise."""

from __future__ import annotations

import math
import sys

import numpy as np

from jitney import jit
from tests.frontend.harness import FLOATS
from tests.support import check

SOME = (*FLOATS, 0.7, -0.7, 5.0, 20.5, 170.5, 171.7, -3.5, 1e-300)


def gamma(x):
    return math.gamma(x)


def lgamma(x):
    return math.lgamma(x)


def hypot(x, y):
    return math.hypot(x, y)


def length(x, y, z):
    return math.hypot(x, y, z)


def comb(n, k):
    return math.comb(n, k)


def perm(n, k):
    return math.perm(n, k)


def to_digits(x, n):
    return round(x, n)


def test_gamma():
    check(gamma, *[(x,) for x in SOME], (5,), (-1,), (True,))
    check(lgamma, *[(x,) for x in SOME], (5,), (0,), (np.float32(0.5),))


def test_hypot():
    check(hypot, *[(x, y) for x in SOME[::2] for y in SOME[1::3]], (3, 4), (1.5, 2))
    check(length, *[(x, y, 2.0) for x in SOME[::3] for y in SOME[1::3]])


def test_lengths_have_the_bits_of_cpython():
    """Of numbers with few bits and many, near each other and not, at the ends of the range that needs no call."""
    rng = np.random.default_rng(5)

    def lengths(a, b, c):
        x, y = np.empty(len(a)), np.empty(len(a))
        for i in range(len(a)):
            x[i] = math.hypot(a[i], b[i])
            y[i] = math.hypot(a[i], b[i], c[i])
        return x, y

    for low, high in ((0, 0), (-3, 3), (-30, 30), (-600, 600), (-1070, 900)):
        many, few = rng.standard_normal((3, 500)), rng.integers(-99, 99, (3, 500)) * 0.5
        check(lengths, *[tuple(np.ldexp(part, rng.integers(low, high + 1, part.shape))) for part in (many, few)])


def test_combinations():
    pairs = [(n, k) for n in (0, 1, 5, 30, 62, 67, 100, -1) for k in (0, 1, 3, 30, 33, -1)]
    check(comb, *pairs)
    check(perm, *pairs)


def test_round_to_digits():
    check(to_digits, *[(x, n) for x in (*SOME, 2.675, 1.005, 1e22 / 3) for n in (0, 1, 2, 15, -1, -3, 400, -400)])


def stores_until(a, x):
    for i in range(len(a)):
        a[i] = math.gamma(x - i)
    return 0


def test_an_exception_after_a_store_is_cpythons():
    check(stores_until, (np.zeros(5), 2.5), (np.zeros(5), 3.0), (np.zeros(2), 171.0))


def test_no_references_leak():
    compiled = jit(hypot)
    compiled(3.0, 4.0)
    before = sys.getrefcount(math.hypot)
    for _ in range(1000):
        compiled(3.0, 4.0)
    assert sys.getrefcount(math.hypot) < before + 100
    blocks = sys.getallocatedblocks()
    for _ in range(10_000):
        compiled(3.0, 4.0)
    assert sys.getallocatedblocks() - blocks < 1000


def test_what_stores_into_an_argument_given_by_place():
    """Such a call is an effect: where something fails later CPython must not run it again."""

    def functions(a, b, q):
        np.cumsum(a, 0, None, a)
        np.sum(a, 0, None, a[0])
        np.median(a, 0, a[1])
        np.hypot(a, 1.5, b[::-1, ::-1])
        np.dot(a, a.T, b)
        a += q

    def methods(a, b, q):
        a.cumsum(0, None, b)
        b.sum(0, None, a[0])
        a.dot(b.T, b)
        a += q

    def told(a, b, q):
        np.median(a, overwrite_input=True)
        np.nan_to_num(b, False, 5.0)
        a += q

    def result(a, b, q):
        r = a.cumsum(0, None, b)
        r[0] = 5
        b[1] = 7
        return r[0, 0] + b[0, 0] + r[1, 1]

    for function in (functions, methods, told, result):
        a = np.arange(16.0).reshape(4, 4) % 7
        b = np.where(a > 2, a, np.nan)
        check(function, (a, b, np.ones(3)), (a, b, np.ones(4)), (a, b, np.ones(3)))
