"""Scalar loops over tables and numbers: indices that are parts of numbers, conditions that look at an element twice."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit
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


def doubled(blocks, table):
    """Four columns a block, each with much to do."""
    for n in range(blocks.shape[0]):
        for c in range(4):
            a = np.int64(table[blocks[n, 4 * c]])
            b = np.int64(table[blocks[n, 4 * c + 1]])
            d = np.int64(table[blocks[n, 4 * c + 2]])
            e = np.int64(table[blocks[n, 4 * c + 3]])
            t = a ^ b ^ d ^ e
            x = a ^ b
            blocks[n, 4 * c] = a ^ t ^ (((x << 1) ^ 0x1B) & 0xFF if x & 0x80 else x << 1)
            x = b ^ d
            blocks[n, 4 * c + 1] = b ^ t ^ (((x << 1) ^ 0x1B) & 0xFF if x & 0x80 else x << 1)
            x = d ^ e
            blocks[n, 4 * c + 2] = d ^ t ^ (((x << 1) ^ 0x1B) & 0xFF if x & 0x80 else x << 1)
            blocks[n, 4 * c + 3] = (e ^ t ^ x) & 0xFF


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def three(n, a):
    b, c, s = 1, 2, 0
    for k in range(n):
        a, b, c = b, c, a + b - c
        s ^= a + k
    return s, a, b, c


def turned(a, n):
    """Shift counts of which the processor takes the low six bits anyway."""
    s = 0
    for i in range(len(a)):
        h = a[i]
        s ^= (n >> (h & 63)) + (1 << (int(h) & 31)) + (a[i - 1] >> (h & 31)) + ((h & 255) << (h & 15))
    return s


def test_four_long_iterations():
    rng = np.random.RandomState(3)
    table = rng.permutation(256).astype(np.uint8)
    blocks = [rng.randint(0, 256, (n, 16)).astype(np.uint8) for n in (0, 1, 7, 20)]
    check(doubled, *[(b, table) for b in blocks], (blocks[-1], table[:200]), (blocks[-1][:, :15], table))


def test_what_is_handed_on():
    check(fibonacci, *[(n,) for n in (*range(10), 50, 91, 92, 93, 94, 95, 200)])
    check(three, *[(n, a) for n in (*range(10), 100) for a in (0, 5, 2**62, -(2**63), 2**63 - 1)])


def test_counts_of_shifts():
    rng = np.random.RandomState(4)
    check(turned, *[(rng.randint(-(2**62), 2**62, 60), n) for n in (0, 1, 2**40, -5, 2**62)])


def products(a, k):
    """By what one or two sums of shifted numbers make, alone and added to another number."""
    s = 0
    for x in a:
        s ^= (x * 3) ^ (x * 5) ^ (x * 9) ^ (x * 6) ^ (x * 10) ^ (x * 12) ^ (x * 15) ^ (x * 25) ^ (x * 27) ^ (x * 45)
        s ^= (x * 81) ^ (x * 80) ^ (x * 320) ^ (x * 576) ^ (x * 24) ^ (x * 48) ^ (x * -3) ^ (x * -10) ^ (x * 7)
        s ^= (k + x * 6) ^ (k + x * 10) ^ (x * 18 + k) ^ (x * 12 + k) ^ (k + x * 20) ^ (k + x * 36) ^ (k + x * 24)
        s ^= (k + x * 40) ^ (k + x * 72) ^ (x + x * 10) ^ (k + x * 14)
    return s


def quotients(a, b):
    s = 0
    for i in range(len(a)):
        s ^= (a[i] // b[i]) * 7 + a[i] % b[i]
    return s


def numbers(text):
    t = 0
    v = 0
    for i in range(len(text)):
        c = int(text[i])
        if 48 <= c <= 57:
            v = v * 10 + c - 48
        else:
            t ^= v
            v = 0
    return t, v


def test_products_and_quotients():
    rng = np.random.RandomState(5)
    limits = [2**63 - 1, -(2**63), 2**32, -(2**32)]
    a = np.concatenate([rng.randint(-100, 100, 40), rng.randint(-(2**62), 2**62, 40), limits])
    check(products, *[(part, np.int64(k)) for part in (a[:40], a) for k in (0, 5, -7, 2**62)])
    small = np.concatenate([rng.randint(1, 50, 60), rng.randint(1, 2**40, 24)])
    edges = np.array([-(2**32), -(2**32) - 1, 2**32 - 1, 2**32, -1, 0, 1, -7, -(2**31), -(2**63)] * 8 + [1, -1, 3, -3])
    for b in (small, -small, np.where(small % 2, small, -small), edges | 1, np.full(84, 7), np.full(84, 2**32 - 1)):
        check(quotients, *[(part, b) for part in (a, edges, -small)])


def test_numbers_in_a_text():
    texts = ["", "7", "12 345  6789", "9223372036854775807 9223372036854775808", "99999999999999999999"]
    texts.append("1234567890123456789 0")
    check(numbers, *[(np.frombuffer(t.encode(), np.uint8),) for t in texts])


def mixed(seed, n):
    """A generator whose constants are beyond 2**63."""
    x = seed ^ np.uint64(0x9E3779B97F4A7C15)
    t = np.uint64(0)
    for _ in range(n):
        z = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x ^= z >> np.uint64(27)
        t ^= x
    return t


def unfit(seed):
    return seed, np.uint64(0x1BF58476D1CE4E5B9)


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_constants_beyond_63_bits():
    check(mixed, *[(np.uint64(seed), n) for seed in (0, 42, 2**64 - 1) for n in (0, 1, 20)])
    check(unfit, (np.uint64(1),))
    function = jit(mixed)
    function(np.uint64(1), 3)
    (record,) = function.specializations
    assert "object" not in str(record)
