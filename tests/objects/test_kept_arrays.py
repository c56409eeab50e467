"""Temporaries are kept for later calls; nobody can tell."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.runtime import host, keeping

SIZE = 5000


def kept() -> int:
    """How many arrays are kept."""
    host.kept("empty", load=True)
    words = keeping._made[0][0][0]
    return sum(words[8 * k : 8 * k + 8] != bytes(8) for k in range(1, 1 + keeping.PLACES))


def twice(function: Any) -> Any:
    """The function, compiled with all passes."""
    return jit(strict=True)(function)


def test_temporaries_are_used_again() -> None:
    @twice
    def f(a):
        b = a * 2.0
        c = b + 1.0
        return b.sum() + c[0]

    a = np.arange(float(SIZE))
    want = f.py_func(a)
    for _ in range(5):
        assert f(a) == want
    assert 2 <= kept() <= keeping.PLACES


def test_zeros_are_zero_again() -> None:
    @twice
    def f(n, m, x):
        a = np.zeros((n, m))
        before = a.sum()
        a[:] = x
        return before, a.sum()

    for _ in range(5):
        assert f(50, 100, 7.0) == (0.0, 35000.0)


def test_what_is_returned_is_the_callers() -> None:
    @twice
    def f(a):
        b = a + 1.0
        c = b * 2.0
        return c

    a = np.arange(float(SIZE))
    results = [f(a + k) for k in range(20)]
    assert len({r.ctypes.data for r in results}) == 20
    counts = [sys.getrefcount(r) for r in results]
    assert counts == [sys.getrefcount(r) for r in [np.zeros(2) for _ in results]]
    for k, r in enumerate(results):
        assert r.flags.owndata and r.base is None
        assert r.tolist() == ((a + k + 1.0) * 2.0).tolist()


def test_shapes_orders_and_types_are_told_apart() -> None:
    @twice
    def f(a):
        b = a + a
        return b[0, 1], b[1, 0], b.shape

    for dtype in ("f8", "i8", "f4", "c16"):
        for shape in ((100, 200), (200, 100)):
            for order in "CF":
                a = np.arange(20000).reshape(shape).astype(dtype, order=order)
                for _ in range(3):
                    assert f(a) == f.py_func(a)


@pytest.mark.parametrize("change", ["hold", "weak", "view"])
def test_what_others_have_seen(change: str) -> None:
    seen: list[Any] = []

    def look(x):
        if change == "hold":
            seen.append(x)
        elif change == "weak":
            seen.append(weakref.ref(x))
        else:
            seen.append(x[1:])

    @jit
    def f(a):
        b = a + 1.0
        look(b)
        return b[0]

    for k in range(6):
        a = np.full(SIZE, float(k))
        assert f(a) == k + 1.0
        if change == "weak":
            assert seen[-1]() is None
    if change in ("hold", "view"):
        assert [x[0] for x in seen] == [k + 1.0 for k in range(6)]

    @twice
    def g(a):
        b = a + 1.0
        b[0] = 5.0
        return b[0]

    assert [g(a) for _ in range(4)] == [5.0] * 4


def test_failing_half_way() -> None:
    @twice
    def f(a, i):
        b = a + 1.0
        c = b * 2.0
        return c[i]

    a = np.arange(float(SIZE))
    for _ in range(5):
        assert f(a, 3) == 8.0
        with pytest.raises(IndexError):
            f(a, SIZE)


def test_recursion() -> None:
    @twice
    def f(a, n):
        b = a + 1.0
        if n > 0:
            return f(b, n - 1) + b[0]
        return b[0]

    a = np.zeros(SIZE)
    for _ in range(4):
        assert f(a, 30) == sum(range(1, 32))
    assert kept() <= keeping.PLACES


def test_lengths_that_numpy_refuses() -> None:
    @twice
    def f(n, m):
        return np.empty((n, m)).shape

    assert f(100, 100) == f(100, 100) == (100, 100)
    for lengths in ((-100, -100), (-1, 5), (1 << 40, 1 << 40), (1 << 62, 4)):
        with pytest.raises((ValueError, MemoryError)):
            f(*lengths)
    assert f(0, 100) == (0, 100)


def test_nothing_is_left_behind() -> None:
    @twice
    def f(n):
        a = np.zeros(n)
        b = a + 1.0
        return b[-1]

    dtype = np.dtype("f8")
    for n in range(2048, 2048 + 3000, 50):
        f(n)
    gc.collect()
    before = sys.getrefcount(dtype)
    for _ in range(3):
        for n in range(2048, 2048 + 3000, 50):
            assert f(n) == 1.0
    assert abs(sys.getrefcount(dtype) - before) <= keeping.PLACES
    assert kept() <= keeping.PLACES


def test_threads() -> None:
    @jit(nogil=True, strict=True)
    def f(a):
        b = a * 2.0
        c = b + a
        return c.sum()

    wrong: list[float] = []

    def work(k: int) -> None:
        a = np.full(SIZE, float(k))
        for _ in range(200):
            if f(a) != 3.0 * k * SIZE:
                wrong.append(k)

    f(np.ones(SIZE))
    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
