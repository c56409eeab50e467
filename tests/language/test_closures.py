"""Functions that a function makes for itself: `def` and `lambda` in its body."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.errors import FallbackWarning
from tests.support import arr, check

A = arr([1, 2, 3, 4, 5])
OFFSET = 3


@jit
def total(f: Any, a: Any, *args: Any) -> Any:
    s = 0.0
    for i in range(len(a)):
        s += f(a[i], *args)
    return s


@jit
def plus_one(f: Any, x: Any) -> Any:
    return f(x) + 1


def test_called_in_a_loop() -> None:
    def f(a: Any, k: Any) -> Any:
        def g(x: Any) -> Any:
            return k * x

        s = 0.0
        for i in range(len(a)):
            s += g(a[i])
        return s

    check(f, (A, 2.0), (A, 3), bails=False)


def test_sees_what_its_surroundings_hold_when_called() -> None:
    def f(a: Any, k: Any) -> Any:
        def g(x: Any) -> Any:
            return k * x

        k = k + 1
        first = total(g, a)
        k = k + 1
        return first, total(g, a), g(1.0), plus_one(g, 2)

    check(f, (A, 2.0), (A, 1), bails=False)


def test_made_in_a_loop() -> None:
    def f(x: Any) -> Any:
        r = 0
        for i in range(5):

            def g(y: Any) -> Any:
                return y * i

            r += g(x)
        i = 10
        return r + g(1)

    check(f, 2, 2.5)


def test_lambda() -> None:
    def f(a: Any) -> Any:
        g = lambda x, y=2: x * y  # noqa: E731
        return total(g, a), g(1), g(1, 3), plus_one(g, 2), total(lambda x, k: x - k, a, 4)

    check(f, A, bails=False)


def test_with_a_loop_and_stores() -> None:
    def f(a: Any, n: int) -> Any:
        out = np.zeros(n)

        def fill(i: int) -> None:
            t = 0.0
            for j in range(n):
                t += a[j] * i
            out[i] = t

        for i in range(n):
            fill(i)
        return out

    check(f, (A, 5), (A, 6), bails=False)


def test_its_names_are_its_own() -> None:
    def f(x: Any) -> Any:
        t = x + 1

        def g(y: Any) -> Any:
            t = y * 2
            for i in range(3):
                t += i
            return t

        for i in range(2):
            t += g(i)
        return t, i

    check(f, 2, 2.5)


def test_recursion() -> None:
    def f(n: int, k: int) -> Any:
        def factorial(i: int) -> int:
            return k if i < 2 else i * factorial(i - 1)

        return factorial(n)

    check(f, (5, 1), (6, 2), (30, 1))


def test_nested_deeper() -> None:
    def f(x: Any) -> Any:
        def g(a: float, b: np.ndarray[Any, Any] = 1) -> Any:  # type: ignore[assignment]
            def h(c: Any) -> Any:
                return c + x + a + OFFSET

            return h(b) + h(1)

        return g(2), g(x, b=x)

    check(f, 1, 1.5)


def test_cells_further_out() -> None:
    c = 4

    def f(x: Any) -> Any:
        def g(y: Any) -> Any:
            return y * c + OFFSET

        return g(x) + g(2)

    jitted = check(f, 3)
    c = 5
    assert jitted(3) == f(3) == 31


def test_raises_with_its_own_line() -> None:
    def f(a: Any) -> Any:
        def g(i: int) -> None:
            a[i] = 1.0
            if a[i + 1] > 3:
                raise ValueError("too large")

        for i in range(3):
            g(i)

    check(f, arr([1, 2, 3, 4, 5]), arr([1, 2, 3, 3, 3]), arr([1, 2]))


def test_in_a_comprehension() -> None:
    def f(x: Any) -> Any:
        return [(lambda y: y + i)(x) for i in range(3)]

    check(f, 1)


def test_as_an_object() -> None:
    def f(x: Any) -> Any:
        fs = [lambda y: y + 1]
        return sorted([3, x, 2], key=lambda v: -v), fs[0](x)

    check(f, 1)


def refused_as_object(x: Any) -> Any:
    def g(y: Any) -> Any:
        return x + y

    return [g][0](2)


def refused_nonlocal(x: Any) -> Any:
    def g() -> None:
        nonlocal x
        x += 1

    g()
    return x


def refused_circle(n: int) -> Any:
    def even(k: int) -> bool:
        return True if k == 0 else odd(k - 1)

    def odd(k: int) -> bool:
        return False if k == 0 else even(k - 1)

    return even(n)


def refused_unbound(x: int) -> Any:
    if x > 2:
        y = 3

    def g() -> int:
        return y

    return g() if x else 0


@pytest.mark.parametrize("function", [refused_as_object, refused_nonlocal, refused_circle, refused_unbound])
def test_left_to_cpython(function: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        assert jit(function)(4) == function(4)
