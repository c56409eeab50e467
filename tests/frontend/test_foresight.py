"""Guesses at the types of a loop's variables: right ones save lowering the loop again, wrong ones only cost that."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jitney.frontend import loops
from tests.support import check

FLOATS = np.array([[1.5, 2.5, -3.0], [0.25, 8.0, 7.5]])
INTS = np.array([3, -1, 4, 1, -5])


@pytest.fixture
def again(monkeypatch):
    """Grows by one for each time that a loop is lowered again."""
    found: list[loops.Replan] = []

    class Counted(loops.Replan):
        def __init__(self) -> None:
            found.append(self)

    monkeypatch.setattr(loops, "Replan", Counted)
    return found


def of_a_local(a):
    total = 0.0
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            d = a[i, k] - a[0, k]
            total += d * d
    return total


def assigned(a):
    value = 0.0
    for i in range(a.shape[1]):
        value = value * 2.0 + a[0, i]
    return value


def nearest(a):
    all = 0.0
    for i in range(a.shape[0]):
        best = -1
        least = math.inf
        for j in range(a.shape[0]):
            distance = 0.0
            for k in range(a.shape[1]):
                d = a[i, k] - a[j, k] + 1.0
                distance += d * d
            if distance < least:
                least = distance
                best = j
        all += least * best
    return all


def running_mean(a):
    mean = 0.0
    spread = 0.0
    n = 0
    for i in range(a.shape[1]):
        n += 1
        delta = a[0, i] - mean
        mean += delta / n
        spread += delta * (a[0, i] - mean)
    return mean, spread


def of_a_call(a):
    total = 0.0
    for i in range(a.shape[1]):
        total += helper(i) * a[0, i]
    return total


def helper(i):
    return 1.0 / (i + 1)


def of_ints(a):
    total = 0
    for i in range(len(a)):
        d = a[i] * 2
        total += d
    return total


def pair(a):
    x, y = 0.0, 1.0
    for i in range(a.shape[1]):
        x, y = y - a[0, i], x * a[1, i]
    return x, y


@pytest.mark.parametrize("function", [of_a_local, assigned, nearest, running_mean, of_a_call, pair])
def test_foreseen(function, again) -> None:
    check(function, FLOATS)
    assert not again


def test_foreseen_integers(again) -> None:
    check(of_ints, INTS)
    assert not again


# -- wrong guesses -----------------------------------------------------------------------------------------------------


def undone(a):
    total = 0.0
    for i in range(a.shape[1]):
        total = total + a[0, i]
        total = float(total)
    return total


def never(a):
    total = 0.0
    for i in range(a.shape[1]):
        if a[0, i] > 1e9:
            total += a[0, i]
    return total


def twice(n):
    return np.zeros(2) + n


def of_arrays(a):
    total = 0.0
    for i in range(a.shape[1]):
        total = total + twice(i) * a[0, i]
    return total


def integer_becomes_float(a):
    total = 0
    for i in range(a.shape[1]):
        if i > 0:
            total = total + a[0, i]
    return total


def hidden_float(a):
    total = 0
    for i in range(a.shape[1]):
        d = int(a[0, i])
        total += d
    return total


def complex_factor(a):
    total = 0.0
    factor = 1j
    for i in range(a.shape[1]):
        total = total + factor * a[0, i]
    return total


@pytest.mark.parametrize(
    "function", [undone, never, of_arrays, integer_becomes_float, hidden_float, complex_factor]
)
@pytest.mark.parametrize("columns", [0, 1, 3])
def test_wrong_guesses(function, columns) -> None:
    check(function, FLOATS[:, :columns])
