"""`try`: compiled where CPython can run the call again; and `with` of Numba's objmode."""

from __future__ import annotations

import sys
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.errors import FallbackWarning
from tests.support import check

A = np.arange(1.0, 6.0)


@jit
def item(a: Any, i: Any) -> Any:
    return a[i]


@jit
def ratio(a: Any, b: Any) -> Any:
    try:
        return a / b
    except ZeroDivisionError:
        return 0.0


def one_index(a: Any, i: Any) -> Any:
    try:
        x = a[i]
    except IndexError:
        x = -1.0
    return x


def in_a_loop(a: Any, n: int) -> Any:
    out = np.zeros(n)
    for m in range(n):
        try:
            p = 1 / int(a[m])
        except Exception:
            p = 0.0
        out[m] = p
    return out


def all_clauses(a: Any, n: int) -> Any:
    s = 0.0
    try:
        for m in range(n):
            s += a[m]
    except:  # noqa: E722
        raise ValueError("too many") from None
    else:
        s += 1
    finally:
        s += 2
    return s


def of_a_callee(a: Any, i: Any) -> Any:
    try:
        x = item(a, i)
    except IndexError:
        return 1
    return x


def raised_here(a: Any, i: int) -> Any:
    try:
        if i > 2:
            raise ValueError("large")
        y = a[i]
    except ValueError as error:
        return str(error)
    return y


def nested(a: Any, i: int) -> Any:
    y = 1
    try:
        try:
            y = 1 // i
        except ValueError:
            y = 7
    except ZeroDivisionError:
        y = y + 1
    return y


def jumping(a: Any, n: int) -> Any:
    i = 0
    for i in range(n):
        try:
            if a[i] < 2:
                continue
            if a[i] > 3:
                break
        except IndexError:
            return -1
    else:
        return "whole"
    return i


def called_after_a_store(a: Any, i: int) -> Any:
    a[0] = 7.0
    return ratio(1, i), a[0]


FUNCTIONS = [
    one_index, in_a_loop, all_clauses, of_a_callee, raised_here, nested, jumping, called_after_a_store,
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
def test_like_python(function: Any) -> None:
    check(function, (A, 2), (A, 9), (A, 0), (A, 5), (A[:2], 3), (np.array([1, 0, 2]), 3))


def stores_first(a: Any, i: int) -> Any:
    a[0] = 1
    try:
        a[i] = 7
    except IndexError as error:
        return str(error)
    return a


def stores_inside(a: Any, n: int) -> Any:
    try:
        for i in range(n):
            a[i] = i
    except IndexError:
        return -1
    return a


def leaves_finally(a: Any, n: int) -> Any:
    try:
        if n > 3:
            return 1
    finally:
        n = 2
    return n


@pytest.mark.parametrize("function", [stores_first, stores_inside, leaves_finally])
def test_left_to_cpython(function: Any) -> None:
    for n in 2, 9:
        plain, jitted = A.copy(), A.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FallbackWarning)
            assert str(jit(function)(jitted, n)) == str(function(plain, n))
        assert (plain == jitted).all()


def test_object_mode_of_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    class _ObjModeContextType:
        def __call__(self, **types: str) -> Any:
            return self

        def __enter__(self) -> None: ...

        def __exit__(self, *error: object) -> None: ...

    _ObjModeContextType.__module__ = "numba.core.withcontexts"
    monkeypatch.setitem(sys.modules, "numba", ModuleType("numba"))
    objmode = _ObjModeContextType()

    def f(a: Any) -> Any:
        s = 0.0
        with objmode(s="float64"):
            s = sum(a.tolist())
        with objmode:
            s += 1
        return s

    check(f, A)
