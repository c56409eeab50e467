"""Small arrays of which only elements are asked for: they lie in the function's frame (frontend/numeric.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jitney import jit, prange
from tests.support import check


def forces(pos: Any, out: Any, box: float) -> float:
    total = 0.0
    for i in range(len(pos)):
        for j in range(i):
            d = np.empty(3)
            r2 = 0.0
            for k in range(3):
                d[k] = pos[i, k] - pos[j, k]
                d[k] -= box * round(d[k] / box)
                r2 += d[k] * d[k]
            for k in range(3):
                out[i, k] += r2 * d[k]
                out[j, k] -= r2 * d[k]
            total += r2
    return total


def rotation(x: Any, a: float) -> Any:
    m = np.zeros((2, 2))
    m[0, 0] = m[1, 1] = a
    m[0, 1], m[1, 0] = -1.0, 1
    t = np.zeros(2, dtype=np.float32)
    out = np.empty_like(x)
    for i in range(len(x)):
        for k in range(2):
            t[k] = 0.0
            for c in range(2):
                t[k] += m[k, c] * x[i, c]
        for k in range(2):
            out[i, k] = t[k]
    return out


def counted(x: Any) -> Any:
    best = 0
    for i in range(len(x)):
        counts = np.zeros(20, dtype=np.int32)
        for j in range(i + 1):
            counts[x[j] % 20] += 1
        for c in counts:
            best = max(best, c)
    return best


def kept(n: int) -> float:
    s = 0.0
    for i in range(n):
        if i > 0:
            s += last[0] * last[-1]  # noqa: F821
        last = np.ones(2)
        last[0] = i
    return s


def wrapped(k: int, v: int) -> Any:
    a = np.zeros(4, np.int8)
    a[k] = v
    a[k] += np.int8(100)
    return a[k] * a[k]


def flagged(k: int) -> Any:
    seen = np.zeros(8, np.bool_)
    seen[k] = True
    n = 0
    for i, s in enumerate(seen):
        if s:
            n += i
    return n, len(seen), seen[k]


def by_two(k: int) -> float:
    n = 3
    a = np.ones((n, 2))
    a[k, k - 1] = 5.0
    return a[0, 0] + a[1, 0] * 10 + a[2, 1] * 100


def chosen(n: int) -> float:
    if n > 2:
        a = np.zeros(3)
    else:
        a = np.ones(2)
    return a[n] + len(a)


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_algorithms(n: int) -> None:
    rng = np.random.RandomState(n)
    check(forces, (rng.rand(n, 3) * 4, np.zeros((n, 3)), 2.0))
    check(rotation, (rng.rand(n, 2), 0.5))
    check(counted, rng.randint(0, 100, n))
    check(kept, n)
    check(by_two, n)
    check(chosen, n)
    check(chosen, -n)


@pytest.mark.parametrize(("k", "v"), [(0, 5), (3, 100), (-4, -128), (4, 1), (-5, 1), (1, 300)])
def test_elements(k: int, v: int) -> None:
    check(wrapped, (k, v))
    check(flagged, k)


# -- what has to be an array of NumPy's --------------------------------------------------------------------------------


def returned(n: int) -> Any:
    a = np.zeros(2)
    a[0] = n
    return a


def row(n: int) -> float:
    a = np.ones((2, 2))
    b = a[n]
    b[1] = 7.0
    return a[n, 1]  # type: ignore[no-any-return]


def whole(n: int) -> Any:
    a = np.ones(3)
    a *= n
    return np.sum(a) + (a * 2)[1]


def alias(n: int) -> float:
    a = np.ones(3)
    b = a
    b[1] = n
    return a[1]  # type: ignore[no-any-return]


def by_array(n: int) -> Any:
    a = np.arange(3)
    b = np.ones(3)
    b[a] = n
    return b[1]


def by_float(n: float) -> Any:
    b = np.ones(3)
    return b[n]


def an_array_stored(x: Any) -> Any:
    b = np.ones(3)
    b[0] = x
    return b[0]


def complex_ones(n: int) -> Any:
    b = np.ones(3, dtype=np.complex128)
    b[0] = n
    return b[0] + b[1]


def objects(n: int) -> Any:
    b = np.empty(3, dtype=object)
    b[0] = "x" * n
    return b[0]


def negative() -> Any:
    b = np.ones(-1)
    return b[0]


def captured(n: int) -> Any:
    b = np.ones(3)
    f = lambda k: b[k]  # noqa: E731
    b[1] = n
    return f(1)


def test_others() -> None:
    check(returned, 3)
    check(row, 1)
    check(whole, 3)
    check(alias, 3)
    check(by_array, 3)
    check(by_float, 1.0)
    check(an_array_stored, np.ones(1)[:0])
    check(an_array_stored, np.ones(()))
    check(complex_ones, 3)
    check(objects, 3)
    check(negative, ())
    check(captured, 3)


def distances(x: Any, out: Any) -> None:
    for i in prange(len(x)):
        d = np.zeros(3)
        for j in range(len(x)):
            for k in range(3):
                d[k] += abs(x[i, k] - x[j, k])
        out[i] = d[0] * d[1] + d[2]


def test_each_thread_has_its_own() -> None:
    x = np.random.RandomState(1).rand(600, 3)
    wanted, got = np.zeros(600), np.zeros(600)
    distances(x[:50], wanted[:50])
    jit(distances)(x, wanted)
    f = jit(distances, parallel=True)
    for _ in range(5):
        got[:] = 0
        f(x, got)
        assert got.tobytes() == wanted.tobytes()
