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


def reflected(grid, kernel, out):
    n = len(grid)
    for i in range(len(out)):
        for k in range(len(kernel)):
            j = i + k - 2
            if j < 0:
                j = -j - 1
            elif j >= n:
                j = 2 * n - j - 1
            out[i] += grid[j] * kernel[k]


def gathered(grid, places, out):
    for i in range(len(out)):
        for k in range(len(places)):
            out[i] = out[i] * 3 + grid[places[k]]


def twice(grid, places, out):
    for k in range(len(places)):
        out[1] += grid[places[k]]
        out[1] -= out[0]
        if grid[k % 3] > 1:
            out[2] += 1


def scattered(grid, places, out):
    for k in range(len(places)):
        out[0] += places[k]
        grid[places[k]] = out[0]


def test_updated_beside_checks():
    rng = np.random.default_rng(3)
    for dtype in (np.float64, np.float32, np.int64, np.int16, np.uint8):
        grid = (rng.random(20) * 50).astype(dtype)
        _same(reflected, grid, np.arange(5).astype(dtype), np.zeros(20, dtype))
        for function in (gathered, twice, scattered):
            places = rng.integers(-20, 20, 30)
            _same(function, grid, places, grid[:3].copy())
            places[17] = 25
            _same(function, grid, places, grid[:3].copy())


def test_updated_beside_checks_in_one_array():
    for function in (gathered, twice, scattered):
        base = np.random.default_rng(4).integers(0, 12, 40)
        first, last = slice(0, 20), slice(20, 40)
        for x, y, w in ((first, last, slice(5, 9)), (first, last, slice(30, 35)), (first, first, slice(2, 5))):
            seen = []
            for f in (function, jit(function, strict=True)):
                for _ in range(2):
                    memory = base.copy()
                    with np.errstate(all="ignore"):
                        seen.append((_outcome(f, memory[x], memory[y], memory[w]), memory.tobytes()))
            assert seen[0] == seen[2] == seen[3], (function.__name__, x, y, w)


def _outcome(function, *args):
    try:
        return function(*args)
    except (IndexError, OverflowError) as error:
        return type(error), str(error)


def _same(function, *arrays):
    seen = []
    jitted = jit(function, strict=True)
    for f in (function, jitted, jitted):
        given = [a.copy() for a in arrays]
        with np.errstate(all="ignore"):
            seen.append((_outcome(f, *given), [a.tobytes() for a in given]))
    assert seen[0] == seen[1] == seen[2], (function.__name__, arrays)
