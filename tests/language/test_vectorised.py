"""Loops that vectorise, plain against jitted: all element types, lengths around the lanes', arrays that overlap."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from jitney import jit
from tests.opt.test_vector import ALL, KERNELS, overlapping
from tests.opt.vectors import function_of
from tests.support import bits, check, outcome


@pytest.mark.parametrize("name", KERNELS)
def test_same_as_plain(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    wanted, body = KERNELS[name]
    function = function_of("def f(a, b, c):\n " + body.replace("\n", "\n "), tmp_path)
    jitted = jit(function)
    for number, entry in enumerate((*ALL, *[w for w in wanted if isinstance(w, tuple)])):
        dtypes = entry if isinstance(entry, tuple) else (entry,) * 3
        for n in (number % 5, 16 + 3 * number, 100 + number):
            seed = 100 * n + number
            left, right = overlapping(dtypes, n, seed), overlapping(dtypes, n, seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                plain, got = outcome(function, left), outcome(jitted, right)
            if "beyond 64 bits" in str(got):
                continue
            assert got == plain, (dtypes, n)
            assert [bits(x) for x in left] == [bits(x) for x in right], (dtypes, n)


def _aliased(a, b):
    for i in range(len(a)):
        a[i] = b[i] + 1


@pytest.mark.parametrize("distance", range(-3, 4))
@pytest.mark.parametrize("dtype", ["float64", "int32", "uint8"])
def test_overlap_at_a_distance(distance: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    jitted = jit(_aliased)
    for n in (0, 1, 7, 30, 64, 70):
        for scale in (1, 3, 16):
            values = [np.arange(n + 100).astype(dtype) for _ in range(2)]
            for f, x in zip((_aliased, jitted), values):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    f(x[50 : 50 + n], x[50 + scale * distance : 50 + scale * distance + n])
            assert values[0].tobytes() == values[1].tobytes(), (n, scale)


def _total(a, start):
    total = start
    for i in range(len(a)):
        total += int(a[i])
    return total


def test_sums_that_overflow_or_nearly() -> None:
    jitted = jit(_total)
    big = 2**62
    for values in ([big, big - 1], [big, big], [-big, -big], [-big, -big, -1], [big, big, -big], [2**48] * 40):
        for at in (0, 1, 17, 40):
            array = np.zeros(90, np.int64)
            array[at : at + len(values)] = values
            for start in (0, 1, -1, big, -big, 2 * big - 1, -2 * big):
                assert outcome(jitted, (array, start)) == outcome(_total, (array, start)), (values, at, start)


def _greatest(a):
    found = a[0]
    for i in range(1, len(a)):
        if a[i] > found:
            found = a[i]
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_zeros_and_nan_in_extremes(dtype: str) -> None:
    jitted = jit(_greatest)
    rng = np.random.default_rng(3)
    for n in (1, 2, 15, 16, 17, 33, 64, 70):
        for _ in range(6):
            array = rng.choice([0.0, -0.0, np.nan, -1.0, -np.inf], n).astype(dtype)
            assert outcome(jitted, (array,)) == outcome(_greatest, (array,)), array


def _count(a, b, step):
    n = 0
    if step > 0:
        for _ in range(a, b):
            n += 1
    else:
        for _ in range(a, b, -1):
            n += 1
    return n


def test_counters_at_the_ends_of_64_bits() -> None:
    jitted = jit(_count)
    for n in (0, 1, 3, 15, 16, 17, 40):
        for least, most in ((2**63 - 1 - n, 2**63 - 1), (-(2**63), -(2**63) + n)):
            assert jitted(least, most, 1) == n
            assert jitted(most, least, -1) == n


def _into(a, b, out):
    for i in range(len(a)):
        out[i] = 2 * a[i] - b[i]
        b[i] = a[i] + out[i]


@pytest.mark.parametrize("which", ["aaa", "aba", "abb", "aab", "abc"])
def test_results_into_the_arguments(which: str) -> None:
    jitted = jit(_into)
    for n in (0, 3, 17, 40, 70):
        results = []
        for f in (_into, jitted, jitted):
            rng = np.random.default_rng(n)
            arrays = {name: rng.integers(0, 99, n).astype(np.float64) for name in "abc"}
            f(*[arrays[name] for name in which])
            results.append([x.tobytes() for x in arrays.values()])
        assert results[0] == results[1] == results[2], n


def _triangles(a, start, far):
    total = 0.0
    for i in range(start, start + len(a)):
        total += a[i - start] / ((i + far) * (i + far + 1) // 2 + i + 1)
    return total


def test_products_of_sums_that_fit_or_not() -> None:
    jitted = jit(_triangles)
    values = np.arange(1.0, 41.0)
    for start in (0, 7, -60, 2**30 - 20, 2**31 - 20, 3 * 2**30, 2**32, 2**40, 2**62):
        for far in (0, 5, -(2**30), 2**30 - 3, 2**31, 2**33):
            assert outcome(jitted, (values, start, far)) == outcome(_triangles, (values, start, far)), (start, far)


def _places(a, low, high):
    least = most = -1
    for i in range(len(a)):
        x = int(a[i])
        if x < low:
            low = x
            least = i
        if x > high:
            high = x
            most = i
    return low, least, high, most


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "int8", "uint32", "uint8"])
def test_places_of_the_ends_of_a_type(dtype: str) -> None:
    jitted = jit(_places)
    info = np.iinfo(dtype)
    for value in (info.min, info.max, 0, 1):
        for n in (1, 16, 37):
            array = np.full(n, value, dtype)
            for low, high in ((2**62, -(2**62)), (value, value), (0, 0), (info.max, info.min)):
                assert outcome(jitted, (array, low, high)) == outcome(_places, (array, low, high)), (value, n, low)


def test_last_values_that_nothing_needs():
    def f(i0, i1, n):
        for _ in range(3):
            if (63 + 7) > -1:
                for k in range(n):
                    i0 = i1 | ((i1 + k) | (k + i1))
                    i0 = i1
                i0 = 1 | ((3 + -1) | (2 | 1))
            i0 = 7
        t = i1
        w = 0
        while w < 3 and (i0 > i1 or t >= i0):
            w += 1
            i1 = i1 * (((i1 >> 3) * i1) & 255) & 255
        return t

    check(f, (3, 10, 5), (3, 10, 50), (1, 2, 0))


def test_what_is_the_same_in_each_round_behind_the_loop():
    def f(x, a, n):
        for _ in range(n):
            x = a[1]
        return x

    def g(a, n, m):
        s, x = 0.0, -1.5
        for i in range(m):
            for _ in range(n):
                x = a[1]
            s += x
            x = i * 1.0
        return s

    a = np.array([0.1, 2.0, 1.0])
    check(f, *[(x, a, n) for x in (-1.5, 3) for n in (0, 1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 40, 100)], bails=False)
    check(g, *[(a, n, m) for m in (0, 1, 3) for n in (0, 1, 5, 8, 33, 100)], bails=False)
