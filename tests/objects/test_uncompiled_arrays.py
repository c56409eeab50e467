"""Arrays and scalars whose elements have no machine type: as objects, beside loops that are compiled."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
from tests.objects.support import assert_nothing_leaks
from tests.support import bits, check

UNALIGNED = np.frombuffer(b"x" + np.arange(1.0, 7.0).tobytes(), dtype="f8", offset=1)
ARRAYS = [
    np.array([1.5, 2.25, 6e4, np.nan], np.float16),
    np.arange(12, dtype=np.float16).reshape(3, 4)[:, ::-1],
    np.array([1, 2, 5], ">i4"),
    UNALIGNED,
    np.array(["a", "bc", ""]),
    np.array([b"a", b"bc"]),
    np.array([1, "NaT", 3], "M8[s]"),
    np.array([1, 2], "m8[D]"),
    np.array([1, None, "x", 2.5], object),
    np.array(2.5),
    np.array(7, np.uint8),
    np.zeros((0, 3), np.float16),
]


def loop_and_element(a, n):
    s = 0.0
    for i in range(n):
        s += i * 0.5
    return s, a.ndim, a.shape, a[(0,) * a.ndim] if a.size else None


def gone_through(a):
    out = []
    for x in a:
        out.append(x)
    return len(out), out[-1] if out else None


def whole(a, b):
    return a == b, len(a), a[::-1], a[1:].copy()


def stored(a, v):
    a[0] = v
    a[1:] = a[:-1]
    return a


@pytest.mark.parametrize("a", ARRAYS, ids=lambda a: f"{a.dtype}-{a.ndim}")
def test_arrays(a):
    check(loop_and_element, (a, 5), (a, 0))
    check(gone_through, a)
    check(whole, (a, a), (a, a[:1] if a.ndim else a))
    check(stored, (a.copy(), 1), (a.copy(), "x"), (a, 2))


@pytest.mark.parametrize("x", [np.float16(1.5), np.datetime64(3, "s"), np.timedelta64(3, "D"), np.str_("ab")])
def test_scalars(x):
    def f(x, n):
        s = 0
        for i in range(n):
            s += i
        return s, x == x, x + x

    check(f, (x, 4), (x, 0))


def test_half_precision():
    def f(a, b, n):
        s = np.float16(0)
        for x in a:
            s += x * b[1]
        for i in range(n):
            b[i % 2] = a[i] + i
        return s, a * b[0], (a + a).astype(np.float64)

    a = np.array([0.1, 1000.5, 6e4], np.float16)
    check(f, (a, a[:2].copy(), 3), (a, a[:2].copy(), 4), (a[:0], a[:2].copy(), 0))


def test_each_kind_has_its_code():
    f = jit(loop_and_element)
    for a in (np.ones(3, np.float16), np.ones(3), np.ones(3, "i4"), np.ones(3, ">f8"), UNALIGNED):
        for _ in range(2):
            assert bits(f(a, 3)) == bits(loop_and_element(a, 3))
    assert [str(s.types[0]) for s in f.specializations] == ["ndarray", "array(float64, 1d, C)", "array(int32, 1d, C)"]
    for s in f.specializations:
        assert not s.bailouts


def test_elements_are_computed_once():
    class Counted:
        calls = 0

        def __add__(self, other):
            Counted.calls += 1
            return self

    def f(a, n):
        return np.sum(a), a.sum(), n + n

    a = np.array([Counted(), Counted()], object)
    with pytest.raises(OverflowError):
        jit(f)(a, 2**62)
    assert Counted.calls == 2


def test_nothing_leaks():
    f, g = jit(stored), jit(whole)
    a, b = np.ones(5, np.float16), np.array([object(), None, 3], object)
    assert_nothing_leaks(lambda: (f(a, 2), g(a, a), g(b, b), f(b, "x")))


half = np.array([1.0, 2.0], np.float16)


def test_of_a_global(monkeypatch):
    def f(i):
        return half[i]

    jitted = jit(f)
    for a in (half, np.ones(2), np.array([5, 7], ">i4"), half):
        monkeypatch.setitem(globals(), "half", a)
        assert jitted(1) == f(1)
