"""Loops over bytes that go on by what they find, and stop so much before the end: plain against jitted."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import check

MOST = (1 << 63) - 1
TEXT = np.frombuffer(b"12 345,-6;; 007 99999 \xc3\xa9\xe2\x82\xac+x 4" * 3, np.uint8)


def records(b):
    i = s = 0
    while i + 6 <= len(b):
        s ^= int(b[i]) | int(b[i + 1]) << 8 | int(b[i + 2]) << 16
        s += int(b[i + 5])
        i += 4
    return s, i


def same_step(b):
    i = s = 0
    while i + 4 <= len(b):
        s = (s * 31 + int(b[i + 3])) & 0xFFFFFFFF
        i += 4
    return s, i


def downward(b):
    i, s = len(b) - 1, 0
    while i - 2 >= 0:
        s = s * 3 % 1000003 + int(b[i]) - int(b[i - 2])
        i -= 3
    return s, i


def upto(b, n):
    i = s = 0
    while i <= len(b) - n:
        s += int(b[i])
        i += 2
    return s, i


def ahead_of_a_number(b, start, n):
    i, s = start, 0
    while i + 3 < n:
        s += int(b[i & 7])
        i += 1
    return s, i


def some_steps(b):
    i = n = 0
    while i < len(b):
        c = b[i]
        n += 1
        if c < 0x80:
            i += 1
        elif c < 0xE0:
            i += 2
        else:
            i += 3
    return n, i


def stores(b, o):
    i = k = 0
    while i + 1 < len(b):
        o[k] = b[i + 1]
        k += 1
        i += 1 + (b[i] & 1)
    return k


def ahead_and_behind(n):
    i = 0
    while (t := i + 8) <= n:
        i += 3
    return t


def moved_ahead(n):
    i = k = t = 0
    while (t := i + 8) <= n:
        i = t
        k += 1
    return t, i, k


@pytest.mark.parametrize("function", [ahead_and_behind, moved_ahead])
def test_what_is_ahead_behind_the_loop(function):
    check(function, *[(n,) for n in (100, 0, 7, 8, 9, -5, 11, 16, 17)])


def subtracted(b, x):
    for i in range(b.shape[0]):
        x = x * 10 - int(b[i]) + 100
    return x


def test_digits_are_subtracted():
    for value in (-128, 127, 0):
        array = np.array([value], np.int8)
        check(subtracted, *[(array, x + k) for x in (MOST // 10, -MOST // 10, 5) for k in range(-30, 31)])


@pytest.mark.parametrize("function", [records, same_step, downward, some_steps])
def test_of_bytes(function):
    check(function, *[(TEXT[:n],) for n in (0, 1, 3, 4, 5, 6, 7, 12, 13, len(TEXT))], (TEXT[::2],), (TEXT[::-1],))


def test_lengths_and_numbers():
    check(upto, *[(TEXT, n) for n in (0, 1, 5, len(TEXT), len(TEXT) + 1, -1, 1 - (1 << 62), -MOST, MOST)])
    least = -MOST - 1
    ends = (MOST - 1, MOST), (MOST - 5, MOST), (MOST - 3, MOST - 1), (least, 4 - MOST), (least, least), (0, 40)
    check(ahead_of_a_number, *[(TEXT, start, n) for start, n in ends])


def test_stores():
    for n in (0, 2, 9, 40):
        check(stores, (TEXT[:n], np.zeros(64, np.uint8)), (TEXT[:n], np.zeros(3, np.uint8)), bails=False)


def digits(b, v):
    t = 0
    for i in range(len(b)):
        c = int(b[i])
        if 48 <= c <= 57:
            v = v * 10 + c - 48
        else:
            t ^= v
            v = 0
    return t, v


def into(b, o, v):
    k = 0
    for c in b:
        if c == 45:
            v = 0
        elif c < 48:
            o[k] = v
            k += 1
            v = 0
        else:
            v = v * 10 - (int(c) - 48)
    return k, v


def two_ways(b, v):
    w = v
    for c in b:
        v = (v * 7 + (c & 3)) % 1000003
        w = w * 2 + int(c & 1)
    return v, w


def test_digits():
    texts = [b"", b"7", b"9223372036854775807", b"9223372036854775799 922337203685477580", b"12 34567890123456789 0 1"]
    calls = [(np.frombuffer(text, np.uint8), v) for text in texts for v in (0, -1)]
    check(digits, *calls, *[(text[:3], v) for text, _ in calls for v in (MOST // 1000, -MOST // 1000, MOST // 10**20)])
    check(two_ways, *[(TEXT[:n], v) for n in (0, 30, 61) for v in (0, 1, -3, 5)])


def test_digits_behind_stores():
    for text in (b"12,3,,45-6,", b"3,9223372036854775807,", b"7,9223372036854775808,9223372036854775800-9,"):
        check(into, (np.frombuffer(text, np.uint8), np.zeros(9, np.int64), 0))


def nobody_looks(b, n):
    x = 1
    for c in b:
        x = (x * 2) & 0xFF
        x = n if c <= 63 else 63
    return x


def varints(b, o):
    k = v = shift = 0
    for c in b:
        v |= (int(c) & 127) << shift
        if c & 128:
            shift += 7
            if shift > 28:
                shift = 0
                v = 0
        else:
            o[k] = v
            k += 1
            v = shift = 0
    return k, v, shift


def back_with_less(b, x, y, n):
    t = 0
    for c in b:
        if x < n:
            x += 1 << 61
        else:
            x = int(c) - 5
        if y > -n:
            y -= int(c)
        elif c & 1:
            y = 3
        t ^= x + (y << (c & 3))
    return x, y, t


def test_products_that_nobody_wants():
    check(nobody_looks, (TEXT, 5), (TEXT, 1 << 60))


def test_ways_back():
    b = np.random.default_rng(3).integers(0, 256, 200).astype(np.uint8)
    check(varints, (b, np.zeros(200, np.int64)), (b[:9] | 128, np.zeros(1, np.int64)), bails=False)
    starts = [(x, y) for x in (0, MOST, -MOST - 1, 1 << 62) for y in (0, -MOST)]
    check(back_with_less, *[(b, x, y, n) for x, y in starts for n in (4, MOST, -3)])


def many_ways(b, n):
    x = z = i = 0
    y = n
    while i < len(b):
        c = int(b[i])
        if y <= 100 or z != n:
            if x != 7 and z != n:
                if y != 255:
                    z = -9223372036854775803
            elif c != 2 or y > 28:
                y -= c
            else:
                x = x % 1000
            if z < 2 and c < 100:
                z -= 1 << 50
                for _ in range(n & 7):
                    x += 1
                    if z <= MOST:
                        break
            else:
                z -= c
        if c <= MOST and y < -5:
            if x < 1 and z != -100:
                y = x if y != n else 255
                if c < 28 or c != 63:
                    z += 2
            elif z > 28:
                y = x if c != y else 1
            x = z if c != 7 else 0
        i += 1
    return x, y, z


def test_tests_that_are_put_together():
    check(many_ways, (TEXT[:0], 100), (TEXT, 100), (TEXT, 0))
