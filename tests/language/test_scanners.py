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
