"""Loops that threads share give what CPython gives, bit by bit."""

from __future__ import annotations

import math

import numpy as np
import pytest

import jitney
from jitney import jit, prange
from tests.support import arr, check, outcome

SIZES = (0, 1, 2, 7, 255, 257, 5000)


def shared(jitted) -> bool:
    """Whether all parallel loops of the last specialisation were shared."""
    loops = jitted.specializations[-1].loops
    return bool(loops) and all(note.endswith(": parallel") for note in loops)


def count(n):
    c = 0
    for i in prange(n):
        x = i * 0.5
        if math.sin(x) * x < 7.0:
            c += 1
    return c


def squares(a, b):
    for i in prange(len(a)):
        b[i] = a[i] * a[i] + 1.0


def stencil(a, b):
    n, m = a.shape
    for i in prange(1, n - 1):
        for j in range(1, m - 1):
            b[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])


def cube(a):
    n, m, k = a.shape
    for i in prange(n):
        for j in range(m):
            for h in range(k):
                a[i, j, h] = i * 100 + j * 10 + h + a[i, j, h]


def rows(a):
    out = 0
    for i in prange(a.shape[0]):
        s = 0
        for j in range(a.shape[1]):
            s += int(a[i, j])
        if s > 3:
            out += s
    return out


def test_counts():
    jitted = check(count, *SIZES, parallel=True)
    assert shared(jitted)


def test_stores():
    jitted = check(squares, *[(np.arange(float(n)), np.zeros(n)) for n in SIZES], parallel=True)
    assert shared(jitted)


def test_two_and_three_dimensions():
    rng = np.random.default_rng(1)
    grids = [(rng.random((n, m)), np.zeros((n, m))) for n, m in ((3, 3), (5, 40), (300, 7), (0, 0), (90, 90))]
    assert shared(check(stencil, *grids, parallel=True))
    assert shared(check(cube, *[rng.random(s) for s in ((2, 3, 4), (40, 5, 6), (300, 2, 2))], parallel=True))
    assert shared(check(rows, *[rng.integers(0, 9, s) for s in ((4, 5), (500, 3), (0, 3))], parallel=True))


def test_steps():
    def up(n, a):
        t = 0
        for i in prange(3, n, 7):
            a[i] = i
            t += i
        return t

    def down(n, a):
        t = 0
        for i in prange(n - 1, 4, -3):
            a[i] = i
            t ^= i
        return t

    def unknown(n, s, a):
        t = 0
        for i in prange(0, n, s):
            a[i] = i + 1
            t += 1
        return t

    for n in SIZES:
        assert shared(check(up, (n, np.zeros(n + 1)), parallel=True))
        assert shared(check(down, (n, np.zeros(n + 1)), parallel=True))
    check(unknown, *[(n, s, np.zeros(n + 1)) for n in SIZES for s in (1, 2, 5)], parallel=True)


def test_reductions():
    def sums(a):
        s, p, x, o, m = 0, 1, 0, 0, -1
        for i in prange(len(a)):
            v = a[i]
            s += v
            p *= v | 1
            x ^= v
            o |= v
            m &= v
        return s, p, x, o, m

    def extremes(a):
        low, high = 100, -100
        for i in prange(len(a)):
            low = min(low, a[i])
            high = max(high, a[i])
        return low, high

    def minus(n):
        s = 10
        for i in prange(n):
            s -= i * i
            if i % 3 == 0:
                s += 1
        return s

    def flags(a):
        some, every = False, True
        for i in prange(len(a)):
            some |= a[i] > 5
            every &= a[i] > -100
        return some, every

    rng = np.random.default_rng(2)
    for n in SIZES:
        a = rng.integers(-50, 50, n)
        assert shared(check(sums, a, parallel=True))
        assert shared(check(extremes, a, parallel=True))
    check(minus, *SIZES, parallel=True)
    for n in SIZES[1:]:
        check(flags, rng.integers(-50, 50, n), parallel=True)


def test_narrow_integers_wrap_as_numpy_does():
    def total(a):
        s = a[0]
        for i in prange(1, len(a)):
            s += a[i]
        return s

    for dtype in ("int8", "uint16", "int32", "uint64"):
        a = np.random.default_rng(3).integers(0, 120, 700).astype(dtype)
        assert shared(check(total, a, parallel=True)), dtype


def test_extremes_of_floats_with_nan_and_signed_zeros():
    def best(a):
        m, w = a[0], 0
        for i in prange(len(a)):
            if a[i] > m:
                m = a[i]
                w = i
        return m, w

    def least(a):
        m = 1e300
        for i in prange(len(a)):
            m = min(m, a[i])
        return m

    rng = np.random.default_rng(4)
    for n in (1, 7, 600):
        a = rng.integers(-5, 5, n).astype(float)
        b = np.where(rng.random(n) < 0.3, np.nan, np.where(rng.random(n) < 0.5, -0.0, 0.0))
        for values in (a, b, -a, np.full(n, -np.inf), np.full(n, np.nan)):
            assert shared(check(best, values, parallel=True))
            assert shared(check(least, values, parallel=True))


def test_values_after_the_loop():
    def after(n):
        i = t = -1
        for i in prange(n):
            t = i * 3
        return i, t

    check(after, *SIZES, parallel=True)


def test_a_float_sum_keeps_its_order():
    def total(a):
        s = 0.0
        for i in prange(len(a)):
            s += a[i]
        return s

    a = np.random.default_rng(5).random(3000)
    jitted = check(total, a, parallel=True)
    assert jitted.specializations[0].loops[0].endswith("multiplied in order, unless `fastmath=True`")

    fast = jit(parallel=True, fastmath=True)(total)
    once = fast(a)
    assert abs(once - math.fsum(a)) < 1e-9 and shared(fast)
    for threads in range(1, 9):
        jitney.set_num_threads(threads)
        assert fast(a) == once


def test_what_goes_from_one_iteration_to_the_next_stays_serial():
    def scan(a):
        s = 0
        for i in prange(len(a)):
            s += a[i]
            a[i] = s

    def last(a):
        k = -1
        for i in prange(len(a)):
            if a[i] > 5:
                k = i
        return k

    def stops(a):
        for i in prange(len(a)):
            if a[i] == 7:
                break
            a[i] = 7
        return i

    a = np.arange(300) % 11
    for function, reason in ((scan, "'s'"), (last, "'k'"), (stops, "break")):
        jitted = check(function, a, parallel=True)
        assert not shared(jitted) and reason in jitted.specializations[0].loops[0]


def test_without_the_option_it_is_range():
    jitted = check(count, *SIZES)
    assert jitted.specializations[0].loops == ()
    assert prange(3, 9, 2) == range(3, 9, 2) and jitney.prange is prange


def test_exceptions_of_any_iteration():
    def pick(a, at, n):
        t = 0
        for i in prange(n):
            t += a[at[i]]
        return t

    def stores(a, at, b):
        for i in prange(len(at)):
            b[i] = a[at[i]]

    def roots(a, b):
        for i in prange(len(a)):
            b[i] = math.sqrt(float(a[i]))

    for n in (1, 5, 3000):
        for bad in {0, n // 2, n - 1}:
            at = np.arange(n) % 10
            at[bad] = 99
            check(pick, (np.arange(10), at, n), parallel=True)
            a = np.ones(n)
            a[bad] = -1.0
            _check_stores(stores, (np.arange(10), at), n, bad)
            _check_stores(roots, (a,), n, bad)


def _check_stores(function, args, n, bad):
    """What the lowest failing iteration raises, with all iterations before it done."""
    jitted = jit(parallel=True)(function)
    plain, own = np.full(n, -5.0), np.full(n, -5.0)
    assert outcome(jitted, (*args, own)) == outcome(function, (*args, plain))
    assert (plain[:bad] == own[:bad]).all()
    later = jit(function)
    own = np.full(n, -5.0)
    assert outcome(later, (*args, own)) == outcome(function, (*args, plain))


def test_the_lowest_iteration_wins():
    def f(a, b):
        for i in prange(len(a)):
            b[i] = 1.0
            if a[i] == 1:
                raise ValueError("one")
            if a[i] == 2:
                raise KeyError("two")
            if a[i] == 3:
                b[i] = a[i + 1000000]

    jitted = jit(parallel=True)(f)
    rng = np.random.default_rng(6)
    for _ in range(30):
        n = int(rng.integers(1, 3000))
        a = np.zeros(n, int)
        a[rng.integers(0, n, 5)] = rng.integers(1, 4, 5)
        assert outcome(jitted, (a, np.zeros(n))) == outcome(f, (a, np.zeros(n)))


def test_the_traceback_names_the_line():
    def f(a, b):
        for i in prange(len(a)):
            b[i] = a[i]
            b[i] = math.sqrt(float(a[i]))

    a = np.ones(2000)
    a[1500] = -1.0
    with pytest.raises(ValueError, match="math domain error") as caught:
        jit(parallel=True)(f)(a, a.copy())
    entries = [e for e in caught.traceback if e.name == "f"]
    assert len(entries) == 1
    assert entries[0].lineno == f.__code__.co_firstlineno + 2


def test_overflow():
    def total(a):
        s = 0
        for i in prange(len(a)):
            s += int(a[i])
        return s

    for a in (np.full(600, 2**62), np.array([2**62, -(2**62)] * 300), np.array([2**63 - 1, 1, -5] + [0] * 500)):
        check(total, a, parallel=True)


def test_overflow_after_stores():
    def total(a, b, s):
        for i in prange(len(a)):
            b[i] += 1
            s += int(a[i])
        return s

    for n in (3, 900):
        a, b = np.full(n, 2**40), np.zeros(n)
        assert jit(parallel=True)(total)(a, b, 5) == n * 2**40 + 5
        with pytest.raises(OverflowError, match="line"):
            jit(parallel=True)(total)(a, b, 2**63 - 1)
        assert (b == 2).all()


def test_calls_and_recursion_inside():
    @jit
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    @jit(parallel=True)
    def inner(n):
        t = 0
        for j in prange(n):
            t += j * j
        return t

    def outer(n):
        t = 0
        for i in prange(n):
            t += fib(i % 12) + inner(i % 50)
        return t

    def deep(n):
        t = 0
        for i in prange(2):
            t += n
            if n > 0:
                t += again(n - 1)
        return t

    assert shared(check(outer, *SIZES[:6], parallel=True))
    again = jit(parallel=True)(deep)
    assert again(8) == jit(deep)(8) == sum(2 ** (9 - k) * k for k in range(9))


def test_runaway_recursion_in_a_worker():
    @jit
    def down(n):
        if n > 10**9:
            return 0
        return down(n + 1) + 1

    @jit(parallel=True)
    def f(n):
        t = 0
        for i in prange(n):
            t += down(i)
        return t

    with pytest.raises(RecursionError):
        f(40)


def test_nested_loops_of_which_one_is_shared():
    def f(a):
        for k in range(3):
            for i in prange(a.shape[0]):
                for j in prange(a.shape[1]):
                    a[i, j] += i * j + k

    assert shared(check(f, np.ones((30, 40)), parallel=True))


def test_several_loops_and_many_variables():
    def f(a, b, c, x, y, z, k):
        t = 0
        for i in prange(len(a)):
            a[i] = x * b[i] + y * c[i] + z - k
        for i in prange(len(a)):
            if a[i] > b[i]:
                t += k
        for i in prange(k):
            t += i
        return t

    n = 900
    rng = np.random.default_rng(7)
    args = (np.zeros(n), rng.random(n), rng.random(n), 1.5, -0.5, 0.25, 77)
    assert shared(check(f, args, parallel=True))


def test_strided_arrays_and_small_types():
    def f(a, b):
        t = 0
        for i in prange(a.shape[0]):
            for j in range(a.shape[1]):
                b[i, j] = a[i, j]
                t += int(a[i, j])
        return t

    base = np.arange(60 * 50)
    for dtype in ("int8", "float32", "bool"):
        a = base.astype(dtype).reshape(60, 50)
        for view in (a.T, a[::-1, ::2]):
            check(f, (view, np.zeros(view.shape, dtype)), parallel=True)


def test_what_needs_python_stays_serial():
    def f(a):
        for i in prange(len(a)):
            a[i] = math.gamma(a[i])

    jitted = check(f, arr([1.5, 2.5, 3.5]), parallel=True)
    assert "Python" in jitted.specializations[0].loops[0]


def test_set_num_threads(sharing):
    jitted = jit(parallel=True)(count)
    wanted = count(20000)
    for number in range(1, 9):
        jitney.set_num_threads(number)
        assert jitney.get_num_threads() == number
        assert jitted(20000) == wanted
    for wrong, error in ((0, ValueError), (-1, ValueError), (129, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error):
            jitney.set_num_threads(wrong)
