"""Loops with a second index that moves along, and with tables indexed by masked bits: plain against jitted."""

from __future__ import annotations

import numpy as np

from jitney import jit
from tests.support import check


def encoded(source, table, out):
    o = 0
    for i in range(len(source) // 3):
        v = (int(source[3 * i]) << 16) | (int(source[3 * i + 1]) << 8) | int(source[3 * i + 2])
        out[o] = table[(v >> 18) & 63]
        out[o + 1] = table[(v >> 12) & 63]
        out[o + 2] = table[(v >> 6) % 64]
        out[o + 3] = table[v & 63]
        o += 4
    return o


def test_tables_that_are_too_short():
    rng = np.random.default_rng(6)
    source = rng.integers(0, 256, 60).astype(np.uint8)
    for length, room in ((64, 80), (65, 90), (63, 80), (40, 80), (1, 80), (0, 80), (64, 79), (64, 41), (64, 0)):
        check(encoded, (source, np.arange(length), np.zeros(room, np.int64)))
    check(encoded, (source[:2], np.arange(0), np.zeros(0, np.int64)))


def along(a, out, start, step):
    j = start
    last = -1
    for i in range(step, len(a), step):
        out[j] = a[i]
        last = j
        j += 3
    return j, last


def downwards(a, out, start):
    j = start
    for i in range(len(a) - 1, -1, -2):
        out[j] += a[i]
        j -= 4
    return j


def reversed_too(a, out):
    j = len(out) - 1
    k = 5
    for i in range(len(a)):
        if j < 0:
            break
        out[j] = a[i] * k
        j -= 1
        k += 2
    return j, k


def in_a_nest(a, out):
    o = 0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[o] = a[i, j]
            o += 1
        o += 1
    return o


def by_a_while(a, out):
    i = 0
    j = len(a)
    while i < len(a):
        j -= 1
        out[i] = a[j]
        i += 1
    return i, j


def conditional(a, out):
    o = 0
    for i in range(len(a)):
        if a[i] > 0:
            out[o] = a[i]
            o += 1
    return o


def test_second_indices():
    rng = np.random.default_rng(7)
    for n in (0, 1, 2, 7, 40):
        a = rng.integers(-9, 9, n)
        out = np.zeros(50, np.int64)
        check(along, *[(a, out, start, step) for start in (0, 5, -3, -60, 49, 2**63 - 7) for step in (1, 2, 5)])
        check(downwards, *[(a, out, start) for start in (0, 49, 50, 20, -(2**63) + 1)])
        check(reversed_too, (a, out), (a, out[:3]), (a, out[:0]))
        check(by_a_while, (a, out), (a, out[:5]))
        check(conditional, (a, out), (a, out[:2]))
        check(in_a_nest, (a.reshape(n, 1), out), (a.reshape(1, n), out), (a.reshape(1, n), out[:20]))


def wrapped_by_numpy(a, out):
    j = a[0]
    for i in range(len(out)):
        out[i] = j
        j += 1
    return j


def test_numbers_that_wrap():
    with np.errstate(all="ignore"):
        check(wrapped_by_numpy, *[(np.array([k]), np.zeros(9, np.int64)) for k in (0, 2**63 - 3, -(2**63))])


def bits_and_digits(numbers, out):
    for i in range(len(numbers)):
        x = int(numbers[i])
        n = 0
        while x > 0:
            n += x & 1
            x >>= 1
        out[i, 0] = n
        x = abs(int(numbers[i]))
        n = 0
        while x != 0 and n < 70:
            x &= x - 1
            n += 1
        out[i, 1] = n
        x = int(numbers[i])
        n = 0
        while x > 0:
            n = n * 3 % 1000 + x % 10
            x //= 10
        out[i, 2] = n
        x = int(numbers[i])
        n = 0
        while x:
            x //= 2
            n += 1
            if n > 100:
                break
        out[i, 3] = n


def drops_bits(x):
    n = 0
    while x:
        x &= x - 1
        n += 1
    return n


def length_in_bits(x):
    n = 0
    while x > 0:
        x >>= 1
        n += 2
    return n, x


def test_loops_that_use_a_number_up():
    numbers = [s * (2**k + d) for k in (0, 1, 5, 30, 31, 32, 61, 62, 63) for d in (-1, 0, 1) for s in (1, -1)]
    numbers = [x for x in numbers if -(2**63) < x < 2**63]
    check(bits_and_digits, (np.array(numbers), np.zeros((len(numbers), 4), np.int64)))
    check(drops_bits, *[x for x in numbers if x >= 0])
    check(length_in_bits, *numbers)


def ramps(a, x, dx):
    y, n = x, 5.0
    for i in range(3, len(a)):
        y += dx
        n = n - 0.25
        a[i] = y * n
    for i in range(len(a) - 1, -1, -1):
        x = x - dx
        a[i] += x
    return x, y, n


def test_floats_that_move_under_fastmath():
    for n in (0, 1, 4, 5, 70):
        a, b = np.ones(n), np.ones(n)
        wanted, got = ramps(a, 1.5, 0.1), jit(ramps, fastmath=True, strict=True)(b, 1.5, 0.1)
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
        np.testing.assert_allclose(b, a, rtol=1e-12)
