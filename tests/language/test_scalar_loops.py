"""Scalar loops over tables and numbers: indices that are parts of numbers, conditions that look at an element twice."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import check


@pytest.fixture(autouse=True)
def _full(monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", "0")


def cipher(b, o, s):
    i = 0
    j = 0
    for k in range(len(b)):
        i = (i + 1) & 255
        j = (j + int(s[i])) & 255
        x = s[i]
        s[i] = s[j]
        s[j] = x
        o[k] = b[k] ^ s[(int(s[i]) + int(s[j])) & 255]


def bits(a, f):
    c = 0
    for i in range(len(a)):
        h = (int(a[i]) * 2654435761) & 0xFFFF
        if (f[h >> 6] >> (h & 63)) & 1:
            c += 1
        f[(h >> 6) + 1] |= 1 << (h & 31)
    return c


def recent(a, last):
    h = 0
    for i in range(len(a)):
        k = a[i]
        if last[k] >= 0 and i - last[k] < 5:
            h += 1
        last[k] = i
    return h


def either(a, t):
    n = 0
    for x in a:
        if t[x] < 3 or t[x] + x > 30:
            n += 2
        t[x] = n
    return n


def test_tables_of_all_lengths():
    rng = np.random.RandomState(1)
    b = rng.randint(0, 256, 300).astype(np.uint8)
    calls = [(b, np.zeros(300, np.uint8), rng.randint(0, 256, n).astype(np.uint8)) for n in (256, 255, 257, 2, 1, 0)]
    check(cipher, *calls)
    a = rng.randint(0, 1 << 20, 400)
    check(bits, *[(a, rng.randint(0, 1 << 62, n)) for n in (1025, 1024, 1026, 1023, 3, 0)])


def test_an_element_looked_at_twice():
    rng = np.random.RandomState(2)
    a = rng.randint(0, 20, 300)
    for f in (recent, either):
        check(f, *[(a, rng.randint(-2, 9, n)) for n in (20, 21, 19, 1)], (a[:0], a), (a - 3, rng.randint(-2, 9, 20)))
