"""First calls of functions with array expressions: code that takes the arrays' lengths and places for constants."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from jitney import dispatcher, jit
from tests.support import bits, outcome


@pytest.fixture(autouse=True)
def tiers(monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", "1")


def first_call(function, *args):
    """A first call compared with CPython's; gives what became of it: the tier, whether CPython ran it after all."""
    jitted = jit(function)
    plain, ours = copy.deepcopy(args), copy.deepcopy(args)
    wanted, got = outcome(function, plain), outcome(jitted, ours)
    assert got == wanted, f"{function.__name__}{args}"
    assert [bits(a) for a in ours] == [bits(a) for a in plain]
    (record,) = jitted.specializations
    return record.tier, record.bailouts


def stencil(a, b):
    b[1:-1] = (a[:-2] + a[2:]) * 0.5 + a[1:-1]
    return b.sum() + a[0:1].sum()


def rows(a, b):
    s = 0.0
    for i in range(a.shape[0]):
        s += np.sum(a[i] * b[i]) + a[i, 0]
    c = a * 2 + b
    c[:, 1:] -= a[:, :-1]
    return c, s, a.T.copy(), a.reshape(-1)[::2] + 1


def broadcast(a, b):
    return a + b, np.maximum(a, b[0]), (a - b).mean()


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_lengths(n):
    a = np.arange(float(n)) ** 2
    tier, bailed = first_call(stencil, a, np.zeros(n))
    assert tier == "quick" and not bailed, "also where no loop is left for so few elements"
    first_call(stencil, a[::-1], np.zeros(2 * n)[::2])
    first_call(stencil, a, np.zeros(n + 1))


def test_layouts():
    a = np.arange(12.0).reshape(3, 4)
    fortran = np.asfortranarray(a)
    some = (a, a), (a.T, a.T + 1), (fortran, fortran * 2), (a[::-1, ::2], a[:, ::-2]), (a[:0], a[:0]), (a, fortran)
    for x, y in some:
        first_call(rows, x, y)
    for x, y in ((a, a[:1]), (a, a[:, :1]), (a[:1], a), (a[::-1, ::2], a[:1, ::2]), (a, a[:2])):
        first_call(broadcast, x, y)
    assert first_call(rows, a, a + 1) == ("quick", 0)


def test_arrays_that_share_memory():
    for first, second in ((slice(0, 9), slice(1, 10)), (slice(1, 10), slice(0, 9)), (slice(0, 9), slice(0, 9))):
        whole, other = np.arange(10.0), np.arange(10.0)
        assert jit(stencil)(whole[first], whole[second]) == stencil(other[first], other[second])
        assert whole.tolist() == other.tolist()


def test_calls_to_itself():
    def halves(a):
        if len(a) < 2:
            return a.sum()
        m = len(a) // 2
        return halves(a[:m]) + halves(a[m:]) * 2

    halves = jit(halves)
    a = np.arange(13.0)
    assert halves(a) == halves.__wrapped__(a)
    assert halves.specializations[0].bailouts == 0


def test_other_calls():
    def inner(a):
        return (a[1:] - a[:-1]).sum()

    inner = jit(inner)

    def outer(a):
        return inner(a * 2) + inner(a[::2]) + inner(a)

    outer = jit(outer)
    a = np.arange(9.0) ** 2
    assert outer(a) == outer.__wrapped__(a) == outer(a[:])


def test_code_without_loops_is_kept_and_serves_other_lengths():
    def ends(a):
        return a[1:-1], a[-2:]

    jitted = jit(ends)
    for n in (5, 7, 1, 0):
        a = np.arange(float(n))
        assert [v.tolist() for v in jitted(a)] == [v.tolist() for v in ends(a)]
    assert [r.tier for r in jitted.specializations] == ["straight"]


def test_long_calls_are_compiled_for_all_lengths():
    def smooth(a, n):
        for _ in range(n):
            a[1:-1] = (a[:-2] + a[2:]) * 0.5
        return a.sum()

    jitted = jit(smooth)
    for size in (50_000, 70, 3):
        a = np.arange(float(size)) % 7
        assert jitted(a.copy(), 40) == smooth(a.copy(), 40)
    assert [r.tier for r in jitted.specializations] == ["full"]


@pytest.mark.parametrize("wrong", [1, 2, 3])
def test_arrays_that_are_not_as_they_were_told(monkeypatch, wrong):
    """As if another thread had changed one in between: CPython runs the call."""
    def told(types, values):
        leaves = list(known(types, values))
        leaves[wrong] += 8
        return leaves

    known = dispatcher._integers
    monkeypatch.setattr(dispatcher, "_integers", told)

    def last(a, b):
        b[0] = 5.0
        b[1:] = a[:-1] * 2
        return b[-1]

    a, b, other = np.arange(12.0).reshape(3, 4)[:, ::2], np.zeros((3, 2)), np.zeros((3, 2))
    assert jit(last)(a, b).tolist() == last(a, other).tolist()
    assert b.tolist() == other.tolist()


def test_what_only_numpy_does():
    def powers(a, b):
        return a**0.5, -np.square(b), a.sum()

    a = np.arange(12.0).reshape(3, 4) * (1 + 2j)
    first_call(powers, a, a[0])
    first_call(powers, a[::2], a[:, 1])


@pytest.mark.parametrize("n", [1, 7, 8, 1000, 1024, 1025, 3000])
def test_sums(n):
    def f(a, b):
        return np.sum(np.where(a > 0.5, a * b, b)), np.sum(a * a), a.mean()

    rng = np.random.default_rng(n)
    first_call(f, rng.random(n), rng.random(n) * 1e3)
