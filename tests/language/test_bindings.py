"""What binds a name where it may not run, or in a scope of its own; names that the compiler writes otherwise."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.support import bits, check, outcome

COUNTER = 1


def bound_by_and(n: Any) -> Any:
    x, s = 100, 0
    for i in range(n):
        if i == 1 and (x := 7):
            pass
        s += x
    return s


def bound_by_or_in_a_test(n: Any) -> Any:
    x, s, i = 100, 0, 0
    while i < n and (i != 2 or (x := 9)):
        i += 1
        s += x
    return s


def bound_in_one_arm(n: Any) -> Any:
    x, s = 100, 0
    for i in range(n):
        _ = (x := 7) if i == 1 else 3
        s += x
    return s


def bound_in_a_chain(n: Any) -> Any:
    x, s = 100, 0
    for i in range(n):
        _ = 0 < i < (x := i)
        s += x
    return s


def bound_in_a_comprehension(n: Any) -> Any:
    x, s = 100, 0
    for i in range(n):
        _ = [(x := k) for k in range(i)]
        s += x
    return s


def bound_in_a_lambda(n: Any) -> Any:
    x, s = 100, 0
    for i in range(n):
        f = lambda k: (x := k) + 1  # noqa: E731
        s += f(i) + x
    return s


@pytest.mark.parametrize(
    "function",
    [
        bound_by_and, bound_by_or_in_a_test, bound_in_one_arm, bound_in_a_chain, bound_in_a_comprehension,
        bound_in_a_lambda,
    ],
)  # fmt: skip
def test_bindings_that_may_not_run(function) -> None:
    check(function, 0, 1, 2, 6)


def test_a_comprehension_binds_a_name_for_what_follows() -> None:
    def f(a: Any, n: Any) -> Any:
        a[0] = 7.0
        _ = [(y := i) for i in range(n)]
        return y

    check(f, (np.zeros(2), 3), (np.zeros(2), 1))


def test_parameters_of_lambdas_in_comprehensions() -> None:
    def f(n: Any) -> Any:
        return [(lambda i, k=2: i * 2 + k)(5) + i for i in range(n)]

    check(f, 0, 3)


def test_a_global_is_no_local() -> None:
    def f(a: Any) -> Any:
        global COUNTER
        a[0] = 5.0
        COUNTER += 1
        return COUNTER

    def g(a: Any) -> Any:
        global COUNTER
        a[0] = 5.0
        del COUNTER

    for function in (f, g):
        results = []
        for decorate in (lambda function: function, jit):
            globals()["COUNTER"] = 1
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                a = np.zeros(2)
                results.append((outcome(decorate(function), (a,)), bits(a), globals().get("COUNTER")))
        assert results[0] == results[1]
    globals()["COUNTER"] = 1


class Private:
    def __init__(self) -> None:
        self.__value = 5

    def method(self, a: Any) -> Any:
        __local = a[0]
        a[0] = 1.0
        return [self.__value + k + __local for k in range(2)]


class Twice__Private(Private):
    def __init__(self) -> None:
        super().__init__()
        self.__value = 7

    def method(self, a: Any) -> Any:
        a[0] = 1.0
        return self.__value


@pytest.mark.parametrize("kind", [Private, Twice__Private])
def test_private_names(kind) -> None:
    assert jit(kind.method)(kind(), np.zeros(2)) == kind.method(kind(), np.zeros(2))


def test_del_needs_a_value() -> None:
    def f(a: Any, p: Any) -> Any:
        if p:
            x = 1
        else:
            x = 2
            a[0] = 3.0
        if a[1] > 0:
            del x
        x = 5
        return x

    def in_a_loop(a: Any, n: Any) -> Any:
        x = 1
        for i in range(n):
            a[i] = 7.0
            del x
            if i != 1:
                x = i
        return a[0]

    for values in ([0, 0], [0, 1]):
        check(f, (np.array(values, float), True), (np.array(values, float), False))
    check(in_a_loop, (np.zeros(4), 0), (np.zeros(4), 2), (np.zeros(4), 4))


def test_an_item_of_a_tuple_by_a_bool() -> None:
    def f(a: Any, i: Any, x: Any) -> Any:
        a[0] = 1.0
        return (a, x)[i > 0], ((), x, 1.5)[a.size % 3 == 1], (1, 2)[i == 1]

    for x in (1, None, 2.5, (1,)):
        check(f, (np.zeros(4), 1, x), (np.zeros(1), -1, x))
