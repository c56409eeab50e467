"""Words rotated by shifts, as hashes and generators do it: plain against jitted."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.support import check


def of_ints(n, a, b):
    h = a & 0xFFFFFFFF
    for i in range(n):
        h ^= i * 0xCC9E2D51 & 0xFFFFFFFF
        h = ((h << 13) | (h >> 19)) & 0xFFFFFFFF
        b = (((b << 7) & 0xFFFFFFFF) ^ (b & 0xFFFFFFFF) >> 25) + (h & 1)
    return h, b


def without_masks(n, a, b):
    c = 5
    for i in range(n):
        s = ((a >> 2) | (a << 30)) ^ ((a >> 13) | (a << 19)) ^ ((a >> 22) + (a << 10))
        a, b, c = (b + s + i) & 0xFFFFFFFF, a, (c << 3 | c >> 61) & 0xFFFFFFFF
    return a, b, c


def not_of_a_word(n, a, b):
    for i in range(n):
        a = (a << 8 | a >> 24) & 0xFFFFFFFFFF
        b ^= (a << 3 | a >> 29) + i
    return a, b


def of_arrays(a, out):
    for i in range(len(a)):
        x = a[i]
        out[i] = (x << 5 | x >> 27) ^ (x << 11 | x >> 53)
    return out


def of_unsigned(n, a, b):
    s = np.uint64(a)
    t = np.uint32(b)
    for _ in range(n):
        s = (s << np.uint64(23) | s >> np.uint64(41)) + np.uint64(9)
        t = (t << np.uint32(9)) | (t >> np.uint32(23))
    return int(s), int(t)


@pytest.mark.parametrize("function", [of_ints, without_masks, not_of_a_word, of_unsigned])
def test_words(function):
    r = random.Random(3)
    small = 1 << 31
    check(function, *[(n, r.randrange(small), r.randrange(small)) for n in (0, 1, 2, 9, 40)], (7, 0, 1))


def test_wide_words_leave():
    check(without_masks, (3, 1 << 40, 1 << 34), (5, -5, -(1 << 40)), (2, -1, 1))
    check(of_ints, (3, -1, -(1 << 33)), (4, 1 << 62, 1 << 40))


@pytest.mark.parametrize("dtype", ["uint32", "uint64", "int64", "int32", "uint16"])
def test_elements(dtype):
    values = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, 40, dtype=dtype, endpoint=True)
    check(of_arrays, (values, np.zeros(40, dtype)), (values[:3], np.zeros(3, dtype)))
