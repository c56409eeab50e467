"""Lengths beyond `pytypes.MAX_LENGTH`, which only arrays without elements or with strides of 0 have."""

import warnings

import numpy as np
import pytest

from jitney import jit
from jitney.errors import FallbackWarning
from jitney.pytypes import MAX_LENGTH


def eighth(a):
    return a.shape[0] * 8


def deep(n):
    return inner(np.zeros((n, 0), np.uint8))


def reshaped(a, n):
    return inner(a.reshape(n, 0))


def inner(a):
    return a.shape[0] * 8


ARRAYS = (
    lambda: np.zeros((MAX_LENGTH, 0)),
    lambda: np.zeros((MAX_LENGTH + 1, 0), np.uint8),
    lambda: np.zeros((1 << 62, 0), np.uint8).T.T,
    lambda: np.broadcast_to(np.uint8(0), (1 << 62,)),
    lambda: np.broadcast_to(np.uint8(0), (2, 1 << 60))[:, 1:],
)


@pytest.mark.parametrize("make", ARRAYS)
def test_arguments(make):
    warnings.simplefilter("ignore", FallbackWarning)
    f = jit(eighth)
    for array in (np.zeros((3, 4)), np.zeros(5, np.uint8), make(), make(), np.zeros((3, 4))):
        assert f(array) == eighth(array)


def test_too_long_ones_are_named():
    with pytest.warns(FallbackWarning, match="too long"):
        jit(eighth)(np.broadcast_to(np.uint8(0), (1 << 62,)))


@pytest.mark.parametrize("n", (7, MAX_LENGTH, MAX_LENGTH + 1, 1 << 62))
def test_arrays_passed_on(n, monkeypatch):
    warnings.simplefilter("ignore", FallbackWarning)
    empty = np.zeros((0, 3), np.uint8)
    wanted = deep(n), reshaped(empty, n)
    monkeypatch.setitem(globals(), "inner", jit(inner))
    f, g = jit(deep), jit(reshaped)
    for _ in range(3):
        assert (f(n), g(empty, n)) == wanted
        assert f(3) == 24
