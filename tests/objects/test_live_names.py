"""Names that a called function gives new values while compiled code runs: seen at once, as Python sees them."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit

STATE = {"count": 1, "array": np.arange(4.0), "weight": np.float64(2.5)}
count, array, weight = STATE.values()


def bump():
    global count, array, weight
    count = count + 1
    array = array + 1
    weight = np.float64(weight * 2)


@jit
def bump_between(n):
    bump()
    return n


def in_a_loop(n):
    s = 0
    for i in range(n):
        s += count
        bump()
    return s, count


def on_some_paths(n):
    s = 0.0
    for i in range(n):
        s += array[i % 4] * weight
        for j in range(3):
            s += count * j
        if i % 2:
            bump()
    return s, count, weight


def through_a_jitted_function(n):
    s = 0
    i = 0
    while i < n:
        s += count
        bump_between(i)
        i += 1
    return s + count


@jit
def small(x):
    bump()
    return x + array[0]


def through_an_inlined_function(n):
    s = 0.0
    for i in range(n):
        s += array[1] + small(i)
        s += array[2] * weight
    return s, count, weight


@pytest.mark.parametrize("function", [through_an_inlined_function, in_a_loop, on_some_paths, through_a_jitted_function])
def test_globals(function, monkeypatch):
    def run(f, n):
        for name, value in STATE.items():
            monkeypatch.setitem(globals(), name, value)
        return f(n)

    jitted = jit(function)
    for n in (0, 1, 5, 9):
        wanted = run(function, n)
        for _ in range(2):
            assert run(jitted, n) == wanted


def test_cells():
    def make():
        held = 5

        def change():
            nonlocal held
            held = held + 3

        def f(n):
            s = 0
            for _ in range(n):
                s += held
                change()
            return s + held

        return f

    plain, jitted = make(), jit(make())
    for n in (4, 0, 7):
        assert jitted(n) == plain(n)


def test_a_name_that_goes_away(monkeypatch):
    def remove():
        del globals()["passing"]

    monkeypatch.setitem(globals(), "passing", 7)
    monkeypatch.setitem(globals(), "remove", remove)

    def f(n):
        s = passing * n  # noqa: F821
        remove()  # noqa: F821
        return s + passing  # noqa: F821

    jitted = jit(f)
    with pytest.raises(NameError, match="name 'passing' is not defined"):
        jitted(3)
    monkeypatch.setitem(globals(), "passing", 7)


def test_loops_beside_a_cold_call_keep_the_constant():
    limit = 10

    def f(a):
        s = 0.0
        for i in range(len(a)):
            s += a[i] * limit
        if s < 0:
            print(s)
        return s + limit

    jitted = jit(f)
    a = np.arange(5.0)
    assert jitted(a) == f(a)
