"""Arrays whose shape, memory or flags Python code changes while compiled code runs."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

from jitney import jit
from tests.support import outcome


def tripled(a):
    a *= 3


def total(a, change):
    n = len(a)
    change(a)
    s = 0.0
    for i in range(n):
        s += a[i]
    return s


def store(a, change):
    change(a)
    a[0] = 5.0


CHANGES = {
    "resize": lambda a: a.resize(2, refcheck=False),
    "shape": lambda a: setattr(a, "shape", (3, 2)),
    "no axes": lambda a: a.resize((), refcheck=False),
    "read-only": lambda a: a.setflags(write=False),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("function", [total, store])
def test_what_is_called_changes_an_array(function, name):
    if function is total and name == "read-only":
        return
    compiled = jit(function)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="in place"):
            compiled(np.ones(6), CHANGES[name])
    assert compiled.specializations


@pytest.mark.parametrize("function", [total, store])
def test_what_is_called_changes_elements(function):
    compiled = jit(function)
    odd = np.ones(6, np.dtype("f8", metadata={"unit": 1}))
    for a in (np.ones(6), np.ones(12)[::2], np.ones(0), pickle.loads(pickle.dumps(np.ones(6))), odd):
        for _ in range(3):
            assert outcome(compiled, (a.copy(), tripled)) == outcome(function, (a.copy(), tripled))


def reshaped(a):
    a.shape = (2, 3)
    return a[1]


def resized(a):
    b = a + 1
    b.resize(100, refcheck=False)
    b[99] = 4
    return b[97:]


def frozen(a):
    a.setflags(write=False)
    a[0] = 5


def frozen_flags(a):
    b = a + 1
    b.flags.writeable = False
    b[0] = 4


@pytest.mark.parametrize("function", [reshaped, resized, frozen, frozen_flags])
def test_the_function_itself_changes_an_array(function):
    compiled = jit(function)
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert outcome(compiled, (np.arange(6.0) + 0,)) == outcome(function, (np.arange(6.0) + 0,))
