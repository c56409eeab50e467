"""Elements that a loop keeps in registers, plain against jitted, also where what it reads is one of them."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit


def descent(x, y, w):
    for i in range(len(x)):
        p = w[0] + w[1] * x[i] + w[2] * x[i] * x[i]
        e = p - y[i]
        w[0] -= 0.01 * e
        w[1] -= 0.01 * e * x[i]
        w[2] -= 0.01 * e * x[i] * x[i]


def backwards(x, y, w):
    for i in range(len(x) - 1, -1, -1):
        w[3] = w[3] * 0.5 + x[i]
        w[1] = w[3] - y[i] + w[1] * 0.25
    return w[1]


def two_arrays(x, y, w):
    for i in range(len(x)):
        w[0] += x[i]
        y[1] = w[0] * 0.5 - y[1]


def of_two_kinds(x, y, w):
    k = 0
    for i in range(len(x)):
        w[1] = w[1] + x[i]
        w[2] = w[1] - x[i // 2]
        k += 1
    return k


def _all(function, base, places):
    both = function, jit(function, strict=True)
    for x, y, w in places:
        seen = []
        for f in both:
            memory = base.copy()
            with np.errstate(all="ignore"):
                result = f(memory[x], memory[y], memory[w])
                result = f(memory[x], memory[y], memory[w])
            seen.append((result, memory.tobytes()))
        assert seen[0] == seen[1], (function.__name__, x, y, w)


@pytest.mark.parametrize("function", [descent, backwards, two_arrays, of_two_kinds])
def test_what_is_read_may_be_what_is_kept(function):
    base = np.random.default_rng(7).random(64)
    far = slice(40, 50)
    places = [(slice(0, 10), slice(10, 20), far), (slice(0, 0), slice(10, 20), far), (slice(0, 1), slice(9, 11), far)]
    for k in range(26, 51, 3):
        places.append((slice(k, k + 12), slice(0, 12), far))
        places.append((slice(0, 12), slice(k, k + 12), far))
        places.append((slice(k, k + 12), slice(k + 1, k + 13), far))
        places.append((slice(k + 12, k, -1), slice(k + 12, k, -1), far))
        places.append((slice(k, k + 12), slice(20, 44, 2), slice(k + 9, k - 1, -1)))
    _all(function, base, places)
