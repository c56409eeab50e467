"""Small callees are lowered in place of the call: nothing of that may show."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit, prange
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


@jit
def bits_of(x):
    c = 0
    while x:
        x &= x - 1
        c += 1
    return c


@jit
def nearest(points, centres, i):
    best, found = np.inf, -1
    for c in range(centres.shape[0]):
        s = 0.0
        for j in range(points.shape[1]):
            d = points[i, j] - centres[c, j]
            s += d * d
        if s < best:
            best = s
            found = c
    return found


@jit
def find(a, x, start):
    for k in range(start, len(a)):
        if a[k] == x:
            return k
        if a[k] < 0:
            continue
        a[k] -= 1
    else:
        return -1


@jit
def total(xs):
    s = 0
    for x in xs:
        s += x
    return s


@jit
def gaps(n):
    held = np.zeros(n)
    for k in range(n):
        row = held[k:]
        row[0] = k
    return held


@jit
def joined(a, n):
    for _ in range(n):
        a = a + 1
    return a


def test_loops_of_a_callee_in_a_loop():
    def weigh(a, b):
        s = 0
        for i in range(len(a)):
            s += bits_of(a[i] & b[i]) - 2 * bits_of(a[i]) + bits_of(i)
        return s, bits_of(len(a))

    a = np.array([0, 1, -1, 2**40 - 1, -(2**63), 12345], dtype=np.int64)
    check(weigh, (a, a[::-1].copy()), (a[:0], a[:0]), (a.astype(np.uint8), a.astype(np.uint8)), bails=False)


def test_nested_loops_of_a_callee():
    def assign(points, centres, labels):
        changed = 0
        for i in range(len(points)):
            label = nearest(points, centres, i)
            changed += labels[i] != label
            labels[i] = label
        return changed

    random = np.random.default_rng(3)
    points, centres = random.random((9, 3)), random.random((4, 3))
    labels = np.zeros(9, dtype=np.int64)
    check(assign, (points, centres, labels), (points, centres[:0], labels), (points, centres, labels[:5]))
    check(assign, (points, centres[:, :2], labels), (points[:0], centres, labels))


def test_a_callee_returns_within_its_loop():
    def f(a):
        s = 0
        for x in range(4):
            at = find(a, x, x)
            if at is None:
                return "nothing"
            s = s * 10 + at
        return s

    for values in ([3, 1, 2, 1, 0], [5, 5], [], [-1, 0, 7, 3], [4, -2, 4, 6]):
        check(f, np.array(values, dtype=np.int64), np.array(values, dtype=np.int8))


def test_loops_of_a_callee_have_plans_for_each_call():
    def f(a, n):
        out = []
        for k in range(n):
            t = total(a) + total((k, k + 0.5)) * total((1, True))
            out.append(t)
        return out

    check(f, (np.arange(3.0), 3), (np.arange(3), 2), (np.zeros(0), 2))


def test_a_callee_with_loops_that_holds_arrays_is_called():
    def f(n):
        s = 0.0
        for k in range(1, n):
            s += gaps(k)[-1] + joined(gaps(k), 3)[0]
        return s

    check(f, 0, 2, 6, bails=False)


def test_failures_in_loops_of_a_callee():
    @jit
    def fill(a, n, x):
        for k in range(n):
            a[k] = x // (n - k - x)

    def f(a, n, x):
        for k in range(n):
            fill(a, k, x)

    a = np.zeros(6, dtype=np.int64)
    check(f, (a, 3, 1), (a, 6, 2), (a, 9, 20), (a, 8, 100))


def test_threads_share_iterations_of_the_function_only():
    @jit
    def counted(n):
        s = 0
        for k in prange(n):
            s += k
        return s

    @jit(parallel=True)
    def counted_by_threads(n):
        s = 0
        for k in prange(n):
            s += k
        return s

    def f(n):
        s = 0
        for k in range(n):
            s += counted(k) + counted_by_threads(k)
        return s

    check(f, 0, 50, bails=False)
    check(f, 0, 50, bails=False, parallel=True)
