"""Functions of NumPy's of single numbers in loops, several of which are computed by one call: plain against jitted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jitney import jit

function = np.exp  # each kernel gets its own, see `made`
NAMES = ("exp", "log", "sin", "cos", "tan", "arccos", "arctan", "tanh", "cosh", "log1p", "expm1", "log2", "exp2")


def mapped(x, y, out):
    for i in range(len(x)):
        out[i] = function(x[i] * 0.5) + y[i]


def summed(x, y, out):
    s = out[0]
    for i in range(len(x)):
        s += function(-(x[i] / 1.5)) * y[i]
    return s


def in_arms(x, y, out):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.25:
            out[i] = function(x[i])
        elif y[i] > 0:
            s += function(y[i])
        else:
            out[i] = 0.0
    return s


def backwards(x, y, out):
    for i in range(len(x) - 1, 0, -1):
        out[i] = function(out[i - 1]) - function(x[i])
    return function(out[0])


def carried(x, y, out):
    s = x[0] * 0.25
    for i in range(len(x)):
        s = function(s * 0.5) + y[i]
        out[i] = s
    return s


def rows(x, y, out):
    for i in range(3):
        for j in range(len(x)):
            out[j] += function(x[j] * i) * function(y[i])


def until(x, y, out):
    k = 0
    while k < len(x) and not function(x[k]) > 2.5:
        out[k] = function(x[k]) + function(y[k])
        k += 1
    return k


def made(name, kernel):
    """The kernel with `function` a name of its own."""
    names = dict(kernel.__globals__, function=getattr(np, name))
    return type(kernel)(kernel.__code__, names, kernel.__name__)


def check(kernel, *calls):
    jitted = jit(kernel, strict=True)
    for arrays in calls:
        seen = []
        for f in (kernel, jitted, jitted, jitted):
            given = [a.copy() for a in arrays]
            with np.errstate(all="ignore"):
                result = f(*given)
            # The sign of NaN is nobody's.
            words = [np.where(np.isnan(a), math.nan, a).tobytes() for a in given]
            seen.append((np.float64(result if result is not None else 0).tobytes(), words))
        assert seen[0] == seen[1] == seen[2] == seen[3], kernel.__name__


@pytest.mark.parametrize("kernel", [mapped, summed, in_arms, backwards, carried, rows, until])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_argument(kernel, dtype):
    rng = np.random.default_rng(11)
    names = NAMES[::3] if kernel is mapped else NAMES[:2] if dtype is np.float64 else NAMES[2:3]
    for name in names:
        arrays = []
        for n in (1, 7, 8, 41):
            x = (rng.random(n) * 2).astype(dtype)
            arrays.append((x, rng.random(max(n, 3)).astype(dtype), rng.random(n).astype(dtype)))
        check(made(name, kernel), *arrays)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_any_number(dtype):
    numbers = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40, 3e38, -700.0, 89.0, 1.0, -1.0, 0.5, 1e5, 2.0, -7.25]
    for name in NAMES[::2]:
        arrays = []
        for shift in range(0, 15, 4):
            x = np.roll(np.array(numbers * 2, dtype), shift)
            arrays.append((x, np.ones(len(x), dtype), np.zeros(len(x), dtype)))
        check(made(name, mapped), *arrays)


def angles(x, y, out):
    s = 0.0
    for i in range(len(x)):
        a = np.arctan2(y[i], x[i])
        out[i] = np.hypot(a, x[i])
        s += np.logaddexp(a, y[i])
    return s


def aliased(x, out):
    for i in range(len(x) - 1):
        out[i + 1] = np.exp(-x[i])


def failing(x, places, out):
    s = 0.0
    for i in range(len(places)):
        s += np.exp(x[places[i]])
        out[i] = s
    return s


def mixed(x, k, out):
    for i in range(len(x)):
        out[i] = np.sqrt(np.exp(k[i])) + np.log(abs(x[i]) + k[i] * k[i] + 1)


def test_two_arguments_and_other_loops():
    rng = np.random.default_rng(12)
    for dtype in (np.float64, np.float32):
        x, y = (rng.normal(size=37).astype(dtype) for _ in range(2))
        check(angles, (x, y, np.zeros(37, dtype)))
        check(mixed, (x, rng.integers(-9, 9, 37).astype(np.int32), np.zeros(37, dtype)))
    for f in (aliased, jit(aliased, strict=True)):
        seen = []
        for _ in range(3):
            memory = np.linspace(-2, 2, 30)
            f(memory, memory)
            seen.append(memory.tobytes())
        memory = np.linspace(-2, 2, 30)
        aliased(memory, memory)
        assert set(seen) == {memory.tobytes()}
    check(failing, (x, rng.integers(-37, 37, 40), np.zeros(40)))
    places = rng.integers(-37, 37, 40)
    places[20] = 50
    jitted = jit(failing, strict=True)
    plain = np.zeros(40)
    with pytest.raises(IndexError):
        failing(x, places, plain)
    for _ in range(3):
        out = np.zeros(40)
        with pytest.raises(IndexError):
            jitted(x, places, out)
        assert out.tobytes() == plain.tobytes()


def of_lanes(a, x):
    for i in range(len(x)):
        a[i] = np.exp(x[i])


def test_in_lanes_where_that_is_the_same():
    """One call does several iterations."""
    jitted = jit(of_lanes, strict=True)
    for _ in range(3):
        jitted(np.zeros(40), np.linspace(0, 1, 40))
    text = str(jitted.explain())
    assert "f64 v" in text.replace("store v8f64 v", "f64 v").replace("store v4f64 v", "f64 v")
    assert "ccall np.exp" in text
