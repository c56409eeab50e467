"""Stores into rows and slices: numbers, tuples, arrays and expressions, broadcast, converted, overlapping."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.language.test_arrays import DTYPES
from tests.language.test_views import BASE, LAYOUTS
from tests.support import arr, check

NUMBERS = [
    0, 1, -1, 300, 300.7, -0.0, float("nan"), 1e300, True, np.float64(300.7), np.float64("nan"), np.int64(-1),
    np.int64(300), np.float32(1e20), np.uint64(2**64 - 1), np.bool_(True), None,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_numbers(dtype):
    def f(a, x):
        a[1:-1] = x
        return a[1:]

    check(f, *[(np.ones(n, dtype), x) for n in (5, 2) for x in NUMBERS])


def test_numbers_into_every_layout():
    def f(a, x):
        a[1:] = x
        a[:, -2::-2] = 7
        a[0] = -x
        a[..., 0] = x
        a[None, :, 1] = 3.5

    check(f, *[(a.copy() if a.flags.c_contiguous else a, 2.5) for a in LAYOUTS[:6]], bails=False)
    fixed = BASE.copy()
    fixed.flags.writeable = False
    check(f, (fixed, 1.0), (np.zeros((0, 4)), 1.0))


def test_rows_and_columns():
    def f(a, b):
        a[0] = b[1]
        a[:, 1] = b[:, -1]
        a[1:] = b[:-1]
        b[...] = a
        a[:] = b[2]

    check(f, *[(a.copy(), b) for a in LAYOUTS[:2] for b in (np.ones((4, 5)), LAYOUTS[2][:, :].copy())], bails=False)


@pytest.mark.parametrize("source", DTYPES)
def test_arrays_are_cast(source):
    def f(a, b):
        a[1:] = b

    b = arr([1, 0, 100, 3], source)
    if b.dtype.kind == "f":
        b[0], b[3] = np.nan, -0.0
    check(f, *[(np.zeros(5, dtype), b) for dtype in DTYPES if np.dtype(dtype).kind in "fb" or b.dtype.kind != "f"],
          bails=False)  # fmt: skip


def test_floats_to_integers():
    def f(a, b):
        a[:] = b

    b = arr([1.7, -2.5, 300.25, 3e9, -1e15])
    signed = [d for d in DTYPES if np.dtype(d).kind == "i"]
    check(f, *[(np.zeros(5, d), b.astype(s)) for d in signed for s in ("float32", "float64")])


def test_broadcasting():
    def f(a, b):
        a[:, 1:] = b
        return a

    ones = np.zeros((3, 5))
    shapes = [(4,), (1,), (3, 1), (1, 4), (3, 4), (1, 1, 4), (1, 3, 4), (2, 3, 4), (3,), (5,), (0,), (2, 4), (4, 3)]
    check(f, *[(ones.copy(), np.arange(float(np.prod(s))).reshape(s)) for s in shapes])
    check(f, (np.zeros((0, 5)), np.ones((1, 4))), (np.zeros((3, 1)), np.ones((3, 1))), (np.zeros((3, 1)), np.ones(4)))


def test_overlap():
    def f(a):
        a[1:] = a[:-1]

    def g(a):
        a[:-1] = a[1:]

    def h(a):
        a[:] = a[::-1]

    def k(a):
        a[::2] = a[: (len(a) + 1) // 2]

    def m(a):
        a[1::2] = a[: len(a) // 2]
        a[:-2:2] = a[len(a) - (len(a) - 1) // 2 :]
        a[::-2] = a[: (len(a) + 1) // 2][::-1]
        a[:] = a[1:2]

    def n(a, b):
        a[1:] = b[:-1]
        b[2:] = a[:-2]

    for function in (f, g, h, k, m):
        check(function, *[arr(range(n)) for n in (0, 1, 2, 5, 40)], arr(range(20))[::-2])
    for size in (2, 3, 9, 40):
        for part in (np.s_[:], np.s_[::-1], np.s_[::2]):
            for dtype in ("int64", "int32", "float64"):
                plain, jitted = np.arange(2.0 * size), np.arange(2.0 * size)
                n(plain[part], plain.view(dtype)[: 2 * size][part])
                jit(n)(jitted[part], jitted.view(dtype)[: 2 * size][part])
                assert plain.tobytes() == jitted.tobytes()

    def two(a, b):
        a[1:, 1:] = b[:-1, :-1]
        a[:, :-1] = b[:, 1:]
        a[:] = a[::-1, ::-1]
        a[1:-1] = a[2:] + a[:-2]

    plain, jitted = np.arange(20.0).reshape(4, 5), np.arange(20.0).reshape(4, 5)
    two(plain, plain)
    jit(two)(jitted, jitted)
    assert plain.tobytes() == jitted.tobytes()

    def transposed(a):
        a[:] = a.T
        a[0] = a[:, 1]

    check(transposed, np.arange(16.0).reshape(4, 4), np.asfortranarray(np.arange(9.0).reshape(3, 3)), bails=False)


def test_the_same_array_twice():
    def f(a, b):
        a[1:] = b[:-1] * 2
        a[:, 1:] = b[:, :-1]

    whole = np.arange(30.0).reshape(5, 6)
    for part in (np.s_[:, :], np.s_[::2], np.s_[:, ::-1]):
        plain, jitted = whole.copy(), whole.copy()
        f(plain[part], plain[part])
        jit(f)(jitted[part], jitted[part])
        assert plain.tobytes() == jitted.tobytes()


def test_expressions():
    def f(a, b, c):
        a[1:-1] = (b[2:] + b[:-2]) / c[1:-1] - 2.0
        a[0], a[-1] = b[0], b[-1]
        a[::2] = -a[::2]
        a[:3] = np.sqrt(a[1:4] * a[1:4])

    check(f, *[(np.zeros(n), arr(range(n)), np.linspace(1, 2, n)) for n in (6, 9, 33)], bails=False)
    check(f, (np.zeros(5), arr(range(6)), np.ones(5)), (np.zeros(2), arr(range(2)), np.ones(2)))


def test_augmented():
    def f(a, x):
        a[0] += x
        a[:, 1] *= 2
        a[1:, ::2] -= a[0, ::2]
        a[-1] /= a[0]
        return a

    check(f, *[(a.copy(), 2.5) for a in LAYOUTS[:6]], bails=False)


def test_tuples():
    def f(a, x):
        a[0] = (x, 2, 3.5)
        a[:, 1:] = x, -1
        a[1, :2] = (7, x)
        a[1] = (x,)
        return a

    check(f, (np.zeros((2, 3)), 1.5), (np.zeros((2, 3), np.int8), 1), (np.zeros((2, 3), bool), 0.0))
    check(f, (np.zeros((2, 3), np.int8), 300), (np.zeros((2, 3), np.int64), np.nan), (np.zeros((2, 4)), 1.0))

    def g(a):
        a[:] = (1, 2)
        a[:0] = ()

    check(g, np.zeros(2), np.zeros(3), np.zeros(0), np.zeros(1))


def test_an_array_is_no_element():
    def f(a, b):
        a[0, 0] = b

    def g(a, b):
        a[0, 0, ...] = b
        return a

    check(g, (np.zeros((2, 2)), np.ones(1)), (np.zeros((2, 2)), np.ones((1, 1))), (np.zeros((2, 2)), np.ones(2)))


def test_after_a_failure_nothing_is_lost():
    def f(a, b, i):
        a[0] = b
        a[1] = a[i]
        return a

    a = np.zeros((3, 4))
    check(f, (a, np.ones(4), 2), (a, np.ones(4), 3), (a, np.ones(3), 0), (a, np.ones(4), -4))


def test_in_loops():
    def f(a, b):
        for i in range(1, len(a)):
            a[i] = a[i - 1] + b
            a[i, 0] = 0
        for row in a:
            row[:2] = row[-2:]
        for j in range(a.shape[1]):
            a[:, j] = j

    check(f, *[(a.copy(), np.arange(a.shape[1]) * 0.5) for a in LAYOUTS[:6]], bails=False)


@pytest.mark.parametrize("dtype", ["bool", "float64", "int32"])
def test_sequences_of_another_type(dtype):
    """What is no single number makes several elements, or none: also of an array of bools."""

    def element(a, v):
        a[0] = a[0]
        a[1] = v

    def part(a, v):
        a[0] = a[0]
        a[1:] = v

    values = ["", "0", [1], [1, 2], (), None, np.array([1, 0], np.float16), np.array([], np.float16), np.float16(1)]
    check(element, *[(np.zeros(3, dtype), v) for v in values])
    check(part, *[(np.zeros(3, dtype), v) for v in values])
