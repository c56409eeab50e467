"""Globals, closures, modules, recursion and calls: names mean what they mean when Python looks."""

from __future__ import annotations

import linecache
import math
import types

import numpy as np
import pytest

from jitney import FallbackWarning, jit
from tests.support import check

SCALE = 3
TABLE = np.arange(5.0)


def test_global_changes_are_seen():
    global SCALE

    @jit
    def f(x):
        return x * SCALE

    try:
        assert f(2) == 6
        SCALE = 4
        assert f(2) == 8
        SCALE = 2.5
        assert f(2) == 5.0
        SCALE = 4
        assert f(2) == 8 and type(f(2)) is int
        for k in range(20):
            SCALE = k
            assert f(3) == 3 * k
        del SCALE
        with pytest.raises(NameError, match="SCALE"):
            f(2)
    finally:
        SCALE = 3


def test_shadowing_a_builtin():
    namespace = {"__name__": "shadow"}
    source = "def f(x):\n    return abs(x)\n"
    linecache.cache["<shadow>"] = (len(source), None, source.splitlines(True), "<shadow>")
    exec(compile(source, "<shadow>", "exec"), namespace)
    f = jit(namespace["f"])
    assert f(-2) == 2
    namespace["abs"] = math.floor
    assert f(-2.5) == -3
    del namespace["abs"]
    assert f(-2) == 2


def test_module_function_changes():
    module = types.ModuleType("lengths")
    module.size = 3

    @jit
    def f(x):
        return x + module.size

    assert f(1) == 4
    module.size = 10
    assert f(1) == 11


def test_closure_cell_changes():
    def make():
        k = 1

        def bump(to):
            nonlocal k
            k = to

        @jit
        def f(x):
            return x + k

        return f, bump

    f, bump = make()
    assert f(1) == 2
    bump(10)
    assert f(1) == 11
    bump(0.5)
    assert f(1) == 1.5
    for n in range(10):
        bump(n)
        assert f(1) == 1 + n


def test_global_array():
    global TABLE

    @jit
    def f(i):
        return TABLE[i]

    kept = TABLE
    try:
        assert f(2) == 2.0
        TABLE[2] = 9.0
        assert f(2) == 9.0
        TABLE = np.array([5, 6, 7])
        assert f(2) == 7
    finally:
        TABLE = kept
        TABLE[2] = 2.0


def test_recursion():
    @jit
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    @jit
    def ack(m, n):
        if m == 0:
            return n + 1
        if n == 0:
            return ack(m - 1, 1)
        return ack(m - 1, ack(m, n - 1))

    @jit
    def fact(n):
        if n <= 1:
            return 1
        return n * fact(n - 1)

    assert [fib(n) for n in range(15)] == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377]
    assert ack(2, 3) == 9
    assert fact(20) == math.factorial(20) and fact(25) == math.factorial(25)


def test_recursion_whose_result_is_not_of_the_first_type():
    @jit
    def half(n):
        if n == 0:
            return 1
        x = half(n - 1) * 0.5
        return x

    @jit
    def mixed(n, c):
        if n == 0:
            return None
        if c:
            x = mixed(n - 1, False)
            if x is None:
                return 2
            return x + 1
        return 1.5

    @jit
    def sums(n):
        if n == 0:
            return (0, 0.0)
        a, b = sums(n - 1)
        return a + 1, b + a

    @jit
    def wider(n):
        if n <= 0:
            return 0
        if n % 3 == 0:
            return wider(n - 1) + 1
        if n % 3 == 1:
            return wider(n - 1) * 2.0
        return True

    @jit
    def nested(n):
        if n == 0:
            return 1
        return [nested(n - 1), n]

    cases = [(half, (k,)) for k in range(4)] + [(mixed, (k, c)) for k in range(3) for c in (False, True)]
    cases += [(sums, (k,)) for k in range(4)] + [(wider, (k,)) for k in range(9)] + [(nested, (k,)) for k in range(3)]
    for function, args in cases:
        wanted = function.__wrapped__(*args)
        got = function(*args)
        assert got == wanted and type(got) is type(wanted), (function.__name__, args)


def test_runaway_recursion():
    @jit
    def f(n):
        if n < 0:
            return 0
        return f(n + 1) + 1

    @jit
    def always(n):
        return always(n + 1) + 1

    @jit
    def g(n):
        return 0 if n == 0 else g(n - 1) + 1

    with pytest.raises(RecursionError):
        f(0)
    with pytest.raises(RecursionError), pytest.warns(FallbackWarning, match="on every path"):
        always(0)
    assert g(5000) == 5000


@jit
def helper(a, b=2, *, c=3):
    return a * b + c


@jit
def fill(a, x):
    for i in range(len(a)):
        a[i] = x
    return len(a)


def test_calls_between_jitted():
    @jit
    def f(x):
        return helper(x) + helper(x, 5) + helper(x, c=1.5) + helper(b=x, a=4)

    assert f(2) == helper(2) + helper(2, 5) + helper(2, c=1.5) + helper(b=2, a=4)

    @jit
    def g(a, x):
        n = fill(a, x)
        return n + a[0]

    a = np.zeros(4)
    assert g(a, 7) == 11.0 and a.sum() == 28.0


def test_callee_raises_with_both_lines():
    @jit
    def inner(a, i):
        a[i] = 1.0
        return a[i + 1]

    @jit
    def outer(a, i):
        a[0] = 5.0
        return inner(a, i)

    a = np.zeros(3)
    with pytest.raises(IndexError) as info:
        outer(a, 2)
    names = []
    tb = info.value.__traceback__
    while tb:
        names.append(tb.tb_frame.f_code.co_name)
        tb = tb.tb_next
    assert names[-2:] == ["outer", "inner"]
    assert list(a) == [5.0, 0.0, 1.0]


def test_mutual_recursion():
    assert is_even(10) and not is_even(7)
    assert is_odd(7)


@jit
def is_even(n):
    return True if n == 0 else is_odd(n - 1)


@jit
def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def test_lambda_and_nested():
    f = jit(lambda x, y: x * y + 1)
    assert f(2, 3) == 7 and f(0.5, 4) == 3.0

    def outer(k):
        @jit
        def inner(x):
            return x + k

        return inner

    assert outer(1)(2) == 3 and outer(2.5)(2) == 4.5


def test_defaults_and_keywords():
    def f(a, b=10, *, c=2):
        return a + b * c

    jitted = jit(f)
    for args, kwargs in [((1,), {}), ((1, 2), {}), ((1,), {"b": 3}), ((1,), {"c": 5}), ((), {"a": 1, "c": 0.5})]:
        assert jitted(*args, **kwargs) == f(*args, **kwargs)
    for args, kwargs in [((), {}), ((1, 2, 3), {}), ((1,), {"d": 1}), ((1,), {"a": 2})]:
        with pytest.raises(TypeError) as wanted:
            f(*args, **kwargs)
        with pytest.raises(TypeError) as got:
            jitted(*args, **kwargs)
        assert str(got.value) == str(wanted.value)


def test_method():
    class Thing:
        @jit
        def twice(self, x):
            return x * 2

    assert Thing().twice(4) == 8


def test_constant_tuple_global():
    def f(i):
        return WEIGHTS[0] * i + WEIGHTS[2]

    check(f, 1, 2.5, bails=False)


WEIGHTS = (2, 0.5, 7)


def test_math_constants():
    def f(x):
        return x * math.pi + math.e + math.tau

    check(f, 1.0, 2, bails=False)


def test_star_arguments_say_why():
    @jit
    def f(*values):
        return values

    @jit
    def g(**values):
        return values

    assert f(1, 2) == (1, 2)
    with pytest.warns(FallbackWarning, match=r"`\*\*kwargs`, are not supported"):
        assert g(a=1) == {"a": 1}


def test_deeply_nested_expression_says_why():
    source = "def f(x):\n    return " + " + ".join(["x"] * 800) + "\n"
    linecache.cache["<deep>"] = (len(source), None, source.splitlines(True), "<deep>")
    namespace = {}
    exec(compile(source, "<deep>", "exec"), namespace)
    f = jit(namespace["f"])
    with pytest.warns(FallbackWarning, match="nested too deeply"):
        assert f(1) == 800
    assert f(2) == 1600
