"""Small callees are lowered in place of the call: nothing of that may show."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.support import check

OFFSET = 10


@jit
def square(x):
    return x * x


@jit
def clamp(x, low=0, high=5):
    if x < low:
        return low
    if x > high:
        return high
    return x


@jit
def shifted(x):
    return x + OFFSET


@jit
def put(a, i, x):
    a[i] = x


@jit
def checked(x):
    if x < 0:
        raise ValueError("negative")
    assert x != 7, "seven"
    return x


@jit
def twice_put(a, i, x):
    put(a, i, x)
    put(a, i + 1, x)
    return i + 2


def test_values_and_types():
    def f(x):
        y = clamp(x)
        return square(x) + y, clamp(x, high=2.5), clamp(low=1, x=x), square(y)

    check(f, -3, 2, 9, 1.5, -0.5, 7.25, True, bails=False)


def test_in_a_loop_with_its_own_names():
    def f(n):
        x = 100
        s = 0
        for i in range(n):
            s += square(i) - clamp(i)
        return s + x

    check(f, 0, 1, 10, bails=False)


def test_overflow_in_the_callee():
    def f(x):
        return square(x) + 1

    check(f, 2**31, 2**32, -(2**40), 2**62)


def test_raises_and_stores():
    def f(a, n):
        for i in range(n):
            a[i] = checked(n - 2 * i)
        return n

    for n in (0, 1, 3, 5, 7, 8):
        check(f, (np.zeros(8), n))


def test_nested_stores_keep_their_order():
    def f(a):
        i = 0
        while i < 10:
            i = twice_put(a, i, i * 2)
        return i

    check(f, np.zeros(12), np.zeros(10), np.zeros(5), np.zeros(0))


def test_a_global_of_the_callee_changes():
    global OFFSET

    @jit
    def f(x):
        return shifted(x) * 2

    try:
        assert f(1) == 22
        OFFSET = 20
        assert f(1) == 42
        OFFSET = 0.5
        assert f(1) == 3.0
        for k in range(8):
            OFFSET = k
            assert f(1) == 2 * (1 + k)
    finally:
        OFFSET = 10


def test_the_callee_is_replaced():
    global square
    kept = square

    @jit
    def f(x):
        return square(x)

    try:
        assert f(3) == 9

        @jit
        def square(x):
            return -x

        assert f(3) == -3
    finally:
        square = kept


def test_traceback_shows_both_lines():
    @jit
    def outer(a):
        a[0] = 1.0
        twice_put(a, 2, 5.0)

    a = np.zeros(3)
    with pytest.raises(IndexError) as info:
        outer(a)
    lines, tb = [], info.value.__traceback__
    while tb:
        lines.append((tb.tb_frame.f_code.co_name, tb.tb_lineno))
        tb = tb.tb_next
    first = outer.__wrapped__.__code__.co_firstlineno
    assert [name for name, _ in lines[-3:]] == ["outer", "twice_put", "put"]
    assert lines[-3][1] == first + 3
    assert lines[-2][1] == twice_put.__wrapped__.__code__.co_firstlineno + 3
    assert lines[-1][1] == put.__wrapped__.__code__.co_firstlineno + 2
    assert list(a) == [1.0, 0.0, 5.0]


def test_mutual_recursion_through_inlining():
    @jit
    def even(n):
        return True if n == 0 else odd(n - 1)

    @jit
    def odd(n):
        return False if n == 0 else even(n - 1)

    assert [even(n) for n in range(6)] == [True, False] * 3
    assert odd(1001)


def test_explains_with_inlined_lines():
    @jit
    def f(x):
        return square(x) + clamp(x)

    f(3)
    text = str(f.explain())
    assert "square(x) + clamp(x)" in text
