"""Lists and other collections: what is done to them most often, and lists that nobody else knows."""

from functools import partial

import numpy as np
import pytest

from jitney import jit
from tests.objects.support import assert_nothing_leaks
from tests.support import check

A = np.arange(1.0, 6.0)


def appended(n, given):
    out = []
    for i in range(n):
        out.append(i * 0.5)
        given.append((i, out))
    return out, len(out), len(given)


def stack(n):
    waiting, seen = [0], 0
    while len(waiting) > 0:
        k = waiting.pop()
        seen += k
        if k < n:
            waiting.append(k + 1)
    return seen, waiting


def items(given, i):
    return given[i], given[-1], given[0], given[i - 1]


def lengths(a, b, c, d, e):
    return len(a), len(b), len(c), len(d), len(e)


def changed(given, i, x):
    given[i] = x
    given[0] += 1
    return given


def pairs(given):
    s = 0
    for a, b in given:
        s = s + a * b
    return s


def two(given):
    a, b = given
    return a, b


def own_list_then_overflow(n):
    out = []
    k = 1
    for i in range(n):
        out.append(k)
        k = k * 2
    out[0] = 5
    return out


def grid(n):
    m = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            m[i][j] = i * j * 1.0
    return m


def exposed(d, n):
    out = [1]
    d["x"] = out
    for i in range(n):
        out.append(2**i)
    return d


CASES = [
    (appended, (4, []), (0, [1])),
    (stack, (5,)),
    (items, ([1, 2.5, "x"], 1), ([1, 2], -2), ([1, 2], 5), ([1, 2], -3), ([], 0), ((1, 2), 1), ([1, 2], True)),
    (lengths, ([], (1,), {1: 2}, "abc", {1, 2}), (A, range(3), b"x", frozenset(), [None]), ([], 1, [], [], [])),
    (changed, ([1, 2, 3], 1, 5), ([1, 2], 2, 5), ([1.5, None], -1, "x"), ([], 0, 0)),
    (pairs, ([(1, 2), (3, 4)],), ([[1, 2], (3, 4)],), ([(1, 2), (3,)],), ([(1, 2), (1, 2, 3)],), ([(1, 2), 3],)),
    (two, ([1, 2],), ((1, 2),), ("ab",), ("abc",), ({1: 2, 3: 4},), (A,), (A[:2],)),
    (own_list_then_overflow, (3,), (80,)),
    (grid, (3,)),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0].__name__ for case in CASES])
def test_like_python(case):
    check(*case)


def test_own_lists_are_no_effect():
    jitted = jit(strict=True)(own_list_then_overflow)
    assert jitted(80) == own_list_then_overflow(80)
    assert jitted.specializations[0].bailouts == 1


def test_lists_that_others_know_are():
    with pytest.raises(OverflowError):
        jit(exposed)({}, 80)
    assert jit(exposed)({}, 5) == exposed({}, 5)


def test_nothing_leaks():
    for function, args in ((stack, (5,)), (pairs, ([(1, 2), (3, 4)],)), (pairs, ([[1, 2], (3, 4)],)), (grid, (3,))):
        assert_nothing_leaks(partial(jit(function), *args))


def test_storing_into_what_takes_nothing():
    def f(a, i, t):
        if i == 0:
            a[i][0] = 1.0
        t[0] = 5

    check(f, (np.arange(3.0), 0, [1]), (np.arange(3.0), 1, (1, 2)), (np.arange(3.0), 1, [1]), (np.arange(3.0), 1, 2.5))
