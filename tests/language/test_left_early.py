"""Loops that are left before their index is one, or in the middle of an iteration: plain against jitted, in arrays that
end where no memory is."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.language.test_strided import Fenced
from tests.support import bits, check, outcome


def broken(x, start, n):
    for i in range(start, n):
        if i >= len(x):
            break
        if i < 1:
            break
        x[i] = x[i - 1] * 0.5 + 1.0
    return i


def raised(x, start, n):
    for i in range(start, n):
        if i >= len(x):
            raise ValueError("far")
        if i < 1:
            return 7
        x[i] = x[i - 1] * 0.5 + 1.0
    return 0


def two_before(x, start, n):
    for i in range(2, n):
        v = x[i - 2]
        if i >= x.shape[0]:
            break
        x[i] = v * 0.5 + 1.0
    return start


def counted(x, start, n):
    hits = 0
    for i in range(start, n):
        if i >= len(x) or x[i] > 100.0:
            return hits
        hits += 1
        x[0] += 2.5 * i
    return -hits


@pytest.mark.parametrize("function", [broken, raised, two_before, counted])
def test_arrays_end_where_memory_does(function, monkeypatch):
    far = 1 << 40
    for tiers in "01":
        monkeypatch.setenv("JITNEY_TIERS", tiers)
        calls = [(1, 8), (1, 12), (0, 5), (2, 7), (far, far + 5), (-3, 4), (3, 3), (1, 9)]
        check(function, *[(np.ones(8), *call) for call in calls if call[0] < call[1]])
        fence, jitted = Fenced(), jit(function)
        for last in (True, False):
            for size in (1, 2, 8):
                for start, n in calls[:5]:
                    left, right = np.ones(size), fence.copy(np.ones(size), last)
                    assert outcome(jitted, (right, start, n)) == outcome(function, (left, start, n))
                    assert bits(left) == bits(right)
