"""Control flow: branches, loops, early exits, and the names that live through them."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

from tests.support import arr, check


def test_if_chain():
    def f(x):
        if x < 0:
            return -1
        elif x == 0:
            return 0
        elif x < 10 and x % 2 == 0 or x == 7:
            return 2
        else:
            y = x * 3
        return y

    check(f, -5, 0, 4, 5, 7, 100, bails=False)


def test_range_forms():
    def f(a, b, c):
        s = 0
        for i in range(a, b, c):
            s = s * 3 + i
        return s

    calls = [(0, 10, 1), (0, 10, 3), (10, 0, -1), (10, 0, -3), (5, 5, 1), (0, 10, -1), (10, 0, 2), (-7, 8, 4)]
    check(f, *calls, (0, 1, 0), bails=False)


@pytest.mark.parametrize("step", [1, 2, 3, 7, -1, -2, -5])
def test_constant_steps(step):
    namespace = {}
    loop = f"    for i in range(a, b, {step}):\n        s += i\n        n += 1\n"
    source, file = "def f(a, b):\n    s = n = 0\n" + loop + "    return s, n\n", f"<step {step}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), namespace)
    check(namespace["f"], (0, 10), (10, 0), (3, 3), (-20, 21), (21, -20), (1, 2), (2, 1))


def test_range_ends_of_int64():
    big = 2**63 - 1

    def f(a, b):
        n = 0
        for _ in range(a, b):
            n += 1
        return n

    check(f, (big - 3, big), (-(2**63), -(2**63) + 2), bails=False)

    def g(a, b):
        n = 0
        for _ in range(a, b, 5):
            n += 1
        return n

    check(g, (big - 12, big), (big - 3, big))

    def down(a, b):
        n = 0
        for _ in range(a, b, -1):
            n += 1
        return n

    check(down, (-big + 100, -big - 1), (-big + 40000, -big), bails=False)


def test_range_reads_bounds_once():
    def f(n):
        s = 0
        for i in range(n):
            n = 3
            i += 10
            s += i
        return s + n

    check(f, 5, 0, 1, bails=False)


def test_loop_variable_after_loop():
    def f(n):
        for i in range(n):
            pass
        return i

    check(f, 5, 1, 0)


def test_loop_variable_keeps_old_value():
    def f(n):
        i = -1.5
        for i in range(n):
            pass
        return i

    check(f, 5, 1, 0, bails=False)


def test_unbound_local():
    def f(c):
        if c:
            x = 1
        return x

    check(f, True, False)

    def g(c):
        del c
        return c  # noqa: F821

    check(g, 1)

    def h(n):
        s = 0
        for i in range(n):
            if i > 2:
                s += t  # noqa: F821
            t = i
        return s, t

    check(h, 10, 1, 0)


def test_for_else_break_continue():
    def f(n, k):
        s = 0
        for i in range(n):
            if i == k:
                break
            if i % 3 == 0:
                continue
            s += i
        else:
            s = -s
        return s

    check(f, (10, 4), (10, 40), (0, 0), (1, 0), bails=False)


def test_while_else():
    def f(n):
        c = 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            c += 1
            if c > 100:
                break
        else:
            c += 1000
        return c

    check(f, 1, 6, 27, 97, bails=False)


def test_while_true():
    def f(n):
        i = 0
        while True:
            i += 1
            if i * i >= n:
                return i

    check(f, 0, 1, 50, 10**6, bails=False)


def test_nested_loops_with_exits():
    def f(n, m):
        total = 0
        for i in range(n):
            for j in range(m):
                if j > i:
                    break
                if (i + j) % 4 == 3:
                    continue
                total += i * j
                if total > 200:
                    return total, i, j
            else:
                total += 1
        return total, -1, -1

    check(f, (0, 0), (3, 3), (10, 10), (30, 4), (4, 30), bails=False)


def test_early_return_in_loop_body_always():
    def f(n):
        for i in range(n):
            return i + 1
        return -1

    check(f, 0, 1, 5, bails=False)


def test_accumulator_changes_type():
    def f(a):
        s = 0
        for i in range(len(a)):
            s += a[i]
        return s

    check(f, arr([1.5, 2.5]), arr([]), arr([1, 2], np.int64), arr([], np.int64), arr([1.5], np.float32), bails=False)


def test_accumulator_changes_type_nested():
    def f(a):
        s = 0
        n = 0
        for i in range(a.shape[0]):
            row = 0
            for j in range(a.shape[1]):
                row += a[i, j]
                n += 1
            s += row
        return s, n

    check(f, np.arange(6.0).reshape(2, 3), np.zeros((0, 3)), np.zeros((3, 0)), np.zeros((1, 1)), bails=False)


def test_variable_changes_type_in_branch():
    def f(c, x):
        y = 1 if c else 2.5
        if x > 3:
            y = y + 1
        return y

    check(f, (True, 1), (False, 1), (True, 5), (False, 5), bails=False)


def test_while_with_changing_types():
    def f(n):
        x = 0
        k = 0
        while k < n:
            x = x / 2 + 1
            k += 1
        return x

    check(f, 0, 1, 2, 10, bails=False)


def test_none_variable():
    def f(n):
        best = None
        for i in range(n):
            if i % 5 == 3:
                best = i
        if best is None:
            return -1
        return best

    check(f, 0, 3, 4, 20, bails=False)


def test_returns_none():
    def f(x):
        if x > 0:
            return
        x += 1

    check(f, 1, -1, bails=False)


def test_tuples():
    def f(a, b):
        a, b = b, a
        (x, y), z = (a, b + 1), 3
        t = (x, y, z)
        return t[0], t[-1], len(t), t[1:2] if False else t[1]

    def g(a, b):
        x, (y, z) = a, (b, a + b)
        t = (x, y, z)
        s = 0
        for i in range(3):
            s = s * 10 + t[i]
        return s, t

    check(g, (1, 2), (5, -3), bails=False)
    del f


def test_conditional_expressions_and_boolean_values():
    def f(a, b):
        return (a and b), (a or b), (not a), (a and b or 7), (a if a > b else b)

    check(f, (0, 1), (2, 3), (0.0, -1.5), (2.5, 0.0), (True, False), (3, 0.0), bails=False)


def test_chained_comparison():
    def f(a, b, c):
        x = a < b < c
        y = a <= b == c
        if a < b <= c != 3:
            return 1, x, y
        return 2, x, y

    check(f, (1, 2, 3), (1, 2, 4), (3, 2, 1), (1.5, 2, 2), (float("nan"), 1, 2), bails=False)


def test_walrus_and_membership():
    def f(n):
        s = 0
        while (k := n // 3) > 0:
            n = k
            s += k
        if n in (1, 2) and (m := n + 1) > 2:
            s += m
        return s

    check(f, 100, 5, 1, 9, 0, bails=False)


def test_assert():
    def f(x):
        assert x > 0, "must be positive"
        assert x != 5
        return x

    check(f, 1, 0, 5)


def test_raise_keeps_stores():
    def f(a, n):
        for i in range(n):
            if i == 3:
                raise ValueError("three")
            a[i] = i + 1
        return n

    check(f, (arr([0.0] * 5), 2), (arr([0.0] * 5), 5), (arr([0.0] * 2), 5))


def test_deep_nesting_of_peeled_loops():
    def f(n):
        s = 0
        for i in range(n):
            for j in range(n):
                for k in range(n):
                    s = s + (i * j + k) / 2
        return s

    check(f, 0, 1, 3, bails=False)


def test_swap_in_loop():
    def f(n):
        a, b = 0, 1
        for _ in range(n):
            a, b = b, a + b
        return a

    check(f, 0, 1, 10, 90, 91, 92, 93, 94, 200)


def test_many_variables():
    def f(n):
        a = b = c = d = e = g = h = k = m = o = p = q = 1
        for i in range(n):
            a, b, c, d = b + 1, c + a, d - b, a ^ i
            e, g, h, k = g + d, h - a, k + i, e & 255
            m, o, p, q = o + k, p - m, q + 3, m | 1
            a, e, m = a % 1000, e % 777, m % 555
            b, g, o = b % 1000, g % 777, o % 555
        return a, b, c, d, e, g, h, k, m, o, p, q

    check(f, 0, 1, 2, 25, bails=False)


def test_starred_items():
    def f(a, b):
        pair = (a, b)
        t = (0, *pair, *(b, 1))
        return max(*pair, 2), t[1] + t[3], len(t)

    check(f, (1, 5), (2.5, -1), bails=False)


def test_values_of_many_types():
    def f(p, i, x, a, b, c):
        return p or i or x or a[0] or b[0] or c[0]

    args = (False, 0, 0.0, np.zeros(1, "f4"), np.zeros(1, "i1"), np.ones(1, "i4"))
    check(f, args)


def test_both_ends_of_an_interval():
    def f(n):
        inside = below = other = 0
        for i in range(-n, n):
            if 3 <= i <= 9 or i == 20:
                inside += 1
            elif i < -4 or i > 30:
                below += i
            if not (-7 < i < 12):
                other += 2
            while 5 <= i < 8:
                i += 1
                other += 1
        return inside, below, other

    check(f, (0,), (4,), (10,), (45,))

    def g(a, b):
        return (-(2**63) <= a <= 2**63 - 2, 2**63 - 3 < a, -5 <= a < 5 if b else 5 >= a > -5)

    check(g, (2**63 - 1, True), (-(2**63), False), (4, True), (5, True), (5, False), (-5, True), (-5, False))
