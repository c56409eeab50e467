"""Vectorised loops show what scalar ones show, bit by bit, and those vectorise that should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney.ir.interp import run
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.opt import vector
from tests.opt.vectors import Machine, function_of, interpreted, is_vectorized, lowered, optimized
from tests.support import check

ALL = ("float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool")
INTS = ("int64", "int32", "int16", "int8", "uint32", "uint16", "uint8")
SMALL = ("int32", "int16", "int8", "uint32", "uint16", "uint8")
FLOATS = ("float64", "float32")
WIDE = ("float64", "float32", "int64", "int32", "uint32", "uint64")
NUMBERS = ALL[:-1]

# name -> (the element types of a, b, c for which it must vectorise for 32-byte vectors, body)
KERNELS: dict[str, tuple[tuple[Any, ...], str]] = {
    "map": (ALL, "for i in range(len(a)): c[i] = a[i] * 3 + b[i]"),
    "a long chain": (
        ("float64", "int64"),
        "for i in range(len(a)):\n  x = a[i]\n" + "  x = (x + b[i]) * (x - 3)\n" * 6 + "  c[i] = x",
    ),
    "in place": (ALL, "for i in range(len(a)): c[i] += a[i]"),
    "greatest so far": (
        ("int64",), "s = c[0]\nfor i in range(len(a)):\n  s = max(a[i], s)\n  c[i] = s",
    ),
    "least so far and a price": (
        ("int64",), "for i in range(1, len(a)): c[i] = min(a[i] + 3, c[i - 1] + 2, b[i - 1])",
    ),
    "read ahead": (ALL, "for i in range(len(a) - 1): c[i] = c[i + 1] + a[i]"),
    "read behind": ((), "for i in range(1, len(a)): c[i] = c[i - 1] + a[i]"),
    "read far behind": (ALL, "for i in range(9, len(a)): c[i] = c[i - 9] + a[i]"),
    "stored, then read ahead": (NUMBERS, "for i in range(len(a) - 1):\n  c[i] = a[i]\n  b[i] = c[i + 1]"),
    "stored, then read around": (
        NUMBERS, "for i in range(1, len(a) - 2):\n  c[i] = a[i] - b[i]\n  b[i] = c[i + 2] - c[i - 1] + c[i]",
    ),
    "stored in some, then read ahead": (
        WIDE, "for i in range(len(a) - 1):\n  if a[i] > 3: c[i] = a[i]\n  b[i] = c[i + 1]",
    ),
    "stored, then some read ahead": (
        ("bool",), "for i in range(len(a) - 1):\n  c[i] = a[i]\n  if a[i] > 3: b[i] = c[i + 1]",
    ),
    "stored ahead, then read ahead": (
        NUMBERS, "for i in range(len(a) - 2):\n  c[i + 1] = a[i]\n  c[i] = b[i]\n  b[i] = c[i + 1]",
    ),
    "stored down, then read ahead": (
        NUMBERS, "for i in range(len(a) - 1, 0, -1):\n  c[i] = a[i]\n  b[i] = c[i - 1]",
    ),
    "stored ahead": (NUMBERS, "for i in range(len(a) - 1):\n  c[i + 1] = a[i]\n  b[i] = c[i]"),
    "stencil": (ALL, "for i in range(1, len(a) - 1): c[i] = a[i - 1] + a[i] + a[i + 1]"),
    "down": (NUMBERS, "for i in range(len(a) - 1, -1, -1): c[i] = a[i] - b[i]"),
    "flags scattered": (("bool",), "for i in range(2, len(a) // 2 - 2): b[2 * i + 1] = int(b[2 * i + 1] * i) & 15"),
    "reversed": (NUMBERS, "for i in range(len(a)): c[i] = a[len(a) - 1 - i]"),
    "reversed sum": (WIDE, "n = len(a) - 1\nfor i in range(n, -1, -1): c[n - i] = a[i] + b[n - i] + c[n - i]"),
    "reversed in place": (
        WIDE, "n = len(a)\nfor i in range(n // 2):\n  x = a[i]\n  a[i] = a[n - 1 - i]\n  a[n - 1 - i] = x",
    ),
    "palindrome": (INTS, "n = len(a)\ns = 0\nfor i in range(n): s += int(a[i] == a[n - 1 - i])\nreturn s"),
    "wrapping sum": (("int64", *SMALL), "s = 0\nfor i in range(len(a)): s += a[i]\nreturn s"),
    "wrapping product": (("int64", *SMALL), "s = 3\nfor i in range(len(a)): s *= a[i] | 1\nreturn s"),
    "place of a low one": (
        ("int64", *SMALL[:3]), "s = -2**62\nk = -1\nfor i in range(len(a)):\n"
        "  x = int(a[i])\n  if x > s:\n    s = x\n    k = i\nreturn s, k",
    ),
    "congruence": (INTS, "x = 7\nfor i in range(len(a)):\n  x = (x * 1664525 + 1013904223) & 0xffffffff\n"
                   "  c[i] = x >> 25\nreturn x"),
    "congruence modulo": (INTS, "x = len(a) * 2**40\nfor i in range(len(a)): x = (5 - x * 69069) % 2**31\nreturn x"),
    "congruence in two steps": (
        INTS, "x = y = 12345\nfor i in range(len(a)):\n  x = (x * 1103515245 + 12345) & 0x7fffffff\n"
        "  c[i] = x & 127\n  x = (x << 3) + 1 & 0x7fffffff\n  y = y * 77 & 1023\n  b[i] = y >> 4\nreturn x, y",
    ),
    "congruence down": (
        INTS, "x = 1\nn = len(a)\nfor i in range(n - 1, -1, -1):\n  c[i] = x & 127\n"
        "  x = (x * 33 + 5) & 0xffff\n  b[i] = x >> 9\nreturn x",
    ),
    "congruence of NumPy's numbers": (
        INTS, "x = np.uint32(9)\ny = np.int32(1)\nz = np.uint64(5)\nfor i in range(len(a)):\n"
        "  x = x * np.uint32(69069) + np.uint32(1)\n  y = y * np.int32(1103515245)\n"
        "  z = z * np.uint64(6364136223846793005) + np.uint64(1)\n"
        "  c[i] = (int(x) >> 26) ^ (int(y) & 3) ^ int(z >> np.uint64(60))\nreturn x, y, z",
    ),
    "congruence that is not hidden": ((), "x = len(a) * 2**40\nfor i in range(len(a)):\n  c[i] = (x >> 35) & 127\n"
                                      "  x = (x * 33 + 1) & 65535\nreturn x"),
    "congruence and a sum in order": (
        ("float64",), "x = 1\ns = 0.0\nfor i in range(len(a)):\n  x = (x * 69069 + 1) & 0xffffffff\n"
        "  s += math.sqrt(a[i] * a[i] / (x + 1.0)) / (b[i] * b[i] + 1.0)\nreturn s, x",
    ),
    "bits packed": (
        INTS, "for i in range(len(a)):\n  v = 0\n  for k in range(8): v = (v << 1) | ((int(a[i]) >> k) & 1)\n"
        "  c[i] = v ^ (int(b[i]) & 15)",
    ),
    "letters": (
        INTS, "for i in range(len(a)):\n  x = int(a[i])\n  if 97 <= x <= 122: x -= 32\n  elif 3 < x < 60: x ^= 1\n"
        "  c[i] = x & 127",
    ),
    "shifts by lanes": (
        INTS, "for i in range(len(a)):\n  k = int(b[i]) & 7\n  c[i] = (((int(a[i]) & 127) >> k) ^ (3 << k)) & 127",
    ),
    "bits of an invariant": (INTS, "s = len(a) * 12345\nfor i in range(len(a)): c[i] = (s >> (int(a[i]) & 31)) & 1"),
    "far shifts by lanes": (INTS, "for i in range(len(a)): c[i] = (int(a[i]) >> (int(b[i]) & 63)) & 127"),
    "exact sum": (INTS, "s = 0\nfor i in range(len(a)): s += int(a[i])\nreturn s"),
    "exact difference": (INTS, "s = 7\nfor i in range(len(a)): s -= int(a[i])\nreturn s"),
    "two sums": (
        INTS, "s = t = 0\nfor i in range(len(a)):\n  s += int(a[i])\n  if b[i] > 0: t += int(b[i])\nreturn s, t",
    ),
    "count": (ALL, "s = 0\nfor i in range(len(a)):\n  if a[i] > b[i]: s += 1\nreturn s"),
    "count some": (ALL, "s = 0\nfor i in range(len(a)):\n  if a[i] > b[i] and b[i] < 3 or a[i] == 5: s += 2\nreturn s"),
    "greatest": (
        (*FLOATS, *INTS), "s = a[0]\nfor i in range(1, len(a)):\n  if a[i] > s: s = a[i]\nreturn s",
    ),
    "least": ((*FLOATS, *INTS), "s = b[0]\nfor i in range(1, len(a)): s = min(s, a[i])\nreturn s"),
    "greatest from a float": (("float64",), "s = -1.5\nfor i in range(len(a)): s = max(s, a[i] - b[i])\nreturn s"),
    "least from infinity": (("float64",), "s = 1e999\nfor i in range(len(a)):\n  if a[i] < s: s = a[i]\nreturn s"),
    "first least": (
        (*FLOATS, *INTS),
        "s = a[0]\nk = 0\nfor i in range(len(a)):\n  if a[i] < s:\n    s = a[i]\n    k = i\nreturn s, k",
    ),
    "last greatest": (
        (*FLOATS, *INTS),
        "s = a[0]\nk = -1\nfor i in range(len(a) - 1, -1, -1):\n  if s < a[i]:\n    s = a[i]\n    k = i\nreturn s, k",
    ),
    "two places": (
        ("float64",), "s = t = a[0]\nk = m = 0\nfor i in range(len(a)):\n"
        "  if a[i] < s:\n    s = a[i]\n    k = i\n  if a[i] > t:\n    t = a[i]\n    m = i\nreturn s, k, t, m",
    ),
    "first of the greatest": (
        FLOATS, "s = a[0]\nfor i in range(len(a)):\n  if a[i] >= s: s = a[i]\nreturn s",
    ),
    "greatest, the other way round": (FLOATS, "s = a[0]\nfor i in range(len(a)): s = max(a[i], s)\nreturn s"),
    "not greater": (FLOATS, "s = a[0]\nfor i in range(len(a)):\n  if not a[i] > s: s = a[i]\nreturn s"),
    "place of the last least": (
        (), "s = a[0]\nk = 0\nfor i in range(len(a)):\n  if a[i] <= s:\n    s = a[i]\n    k = i\nreturn s, k",
    ),
    "place of what is not as great": (
        FLOATS, "s = b[0]\nk = 0\nfor i in range(len(a)):\n"
        "  if not a[i] >= s:\n    s = a[i]\n    k = i\nreturn s, k",
    ),
    "place alone": (
        (*FLOATS, *INTS), "k = 0\nfor i in range(1, len(a)):\n  if a[i] < a[k]: k = i\nreturn k",
    ),
    "place alone, from the end": (
        (*FLOATS, *INTS), "k = -1\nfor i in range(len(a) - 2, -1, -1):\n  if a[k] < a[i]: k = i\nreturn k",
    ),
    "sorting": (
        ("float64", "int64"), "for i in range(len(a) - 1):\n  k = i\n  for j in range(i + 1, len(a)):\n"
        "    if a[j] < a[k]: k = j\n  x = a[i]\n  a[i] = a[k]\n  a[k] = x",
    ),
    "place alone, of another array": (
        (), "k = 0\nfor i in range(len(a)):\n  if a[i] < b[k]: k = i\nreturn k",
    ),
    "argmin": (("float64",), "return np.argmin(a), np.argmax(b)"),
    "a place and a count": (
        (), "s = a[0]\nk = n = 0\nfor i in range(len(a)):\n"
        "  if a[i] < s:\n    s = a[i]\n    k = i\n    n += 1\nreturn s, k, n",
    ),
    "a place that is looked at": (
        (), "s = a[0]\nk = 0\nfor i in range(len(a)):\n"
        "  if a[i] < s:\n    s = a[i]\n    k = i\n  c[i] = k\nreturn s, k",
    ),
    "any": (NUMBERS, "s = False\nfor i in range(len(a)):\n  if a[i] == 7: s = True\nreturn s"),
    "xor": (INTS, "s = a[0]\nfor i in range(len(a)): s ^= a[i]\nreturn s"),
    "or": (INTS, "s = 0\nfor i in range(len(a)): s |= int(a[i])\nreturn s"),
    "and": (INTS, "s = -1\nfor i in range(len(a)): s &= int(a[i])\nreturn s"),
    "blend": (NUMBERS, "for i in range(len(a)):\n  if a[i] > b[i]: c[i] = a[i]\n  else: c[i] = b[i] - a[i]"),
    "three arms": (
        WIDE, "for i in range(len(a)):\n  if a[i] > 3: c[i] = 1\n  elif b[i] > 2: c[i] = a[i]\n  else: c[i] = b[i]",
    ),
    "masked store": (WIDE, "for i in range(len(a)):\n  if a[i] > b[i]: c[i] = a[i]"),
    "last": (NUMBERS, "x = a[0]\nfor i in range(len(a)):\n  x = a[i] + b[i]\n  c[i] = x\nreturn x"),
    "counter": ((*FLOATS, "int64"), "for i in range(len(a)): c[i] = i * 3 - 5"),
    "convert": (
        (*ALL, ("uint8", "int16", "float64"), ("int32", "uint32", "float32"), ("float32", "float64", "float32")),
        "for i in range(len(a)): c[i] = a[i]",
    ),
    "absolute": (NUMBERS, "for i in range(len(a)): c[i] = abs(a[i])"),
    "halves": (("int32", "int16", "int8"), "for i in range(len(a)): c[i] = (int(a[i]) >> 1) - (int(b[i]) >> 1)"),
    "clip": (NUMBERS, "for i in range(len(a)): c[i] = min(max(a[i], b[i]), a[0])"),
    "mean": ((), "for i in range(len(a)): c[i] = (float(a[i]) + float(b[i])) / 2.0"),
    "quotient": (FLOATS, "for i in range(len(a)): c[i] = a[i] / (b[i] * b[i] + 1)"),
    "sum of quotients": (("float64",), "s = 0.5\nfor i in range(len(a)): s += a[i] / (b[i] * b[i] + 1)\nreturn s"),
    "sum down": (
        ("float64",), "s = -0.0\nfor i in range(len(a) - 1, -1, -1): s = a[i] / (b[i] * b[i] + 1) - s\nreturn s",
    ),
    "product of roots": (
        ("float64",), "s = 1.0\nn = 0\nfor i in range(len(a)):\n"
        "  s *= 1.1 / np.sqrt(a[i] * a[i] + 2.0)\n  n += int(b[i] > 0)\nreturn s, n",
    ),
    "two sums of quotients": (
        ("float64",), "s = t = 0.0\nfor i in range(len(a)):\n  s += a[i] / (b[i] * b[i] + 1)\n"
        "  t += b[i] / (a[i] * a[i] + 1)\nreturn s, t",
    ),
    "sum of some quotients": (
        ("float64",), "s = 0.0\nfor i in range(len(a)):\n"
        "  x = a[i] / (b[i] * b[i] + 1) / (a[i] * a[i] + 3)\n  if x > 0: s += x\nreturn s",
    ),
    "running quotient": (
        FLOATS, "s = 0.0\nfor i in range(len(a)):\n  s += a[i] - b[i]\n  c[i] = s / (b[i] * b[i] + 1)",
    ),
    "recurrence before and after": (
        ("float64",), "s = t = x = 1.0\nfor i in range(len(a)):\n  x = a[i] / (b[i] * b[i] + 1) / (i + 3.5)\n"
        "  s, t = t, s * 0.5 + x\n  c[i] = s / (t * t + 1)\nreturn s, t, x",
    ),
    "a sum, and read soon after": (
        ("float64",), "s = 0.0\nfor i in range(len(a) - 3, -1, -1):\n"
        "  s += b[i + 2] / (a[i] * a[i] + 1)\n  b[i] = c[i] / (a[i] * a[i] + 2)\nreturn s",
    ),
    "the last place and what is there": (
        ("float64", "float32", "int64", "int32"),
        "j, x = -1, c[0]\nfor i in range(len(a)):\n  if a[i] < b[i]: j = i; x = c[i]\nreturn j, x",
    ),
    "the last of two kinds, downwards": (
        ("float64", "int32"), "j = k = -1\nfor i in range(len(a) - 1, -1, -1):\n  if a[i] < b[i]: j = i\n"
        "  elif c[i] > 3: j = i + 100; k = 7\nreturn j, k",
    ),
    "the last place beside a greatest": (
        ("float64",), "j, m = -1, a[0]\nfor i in range(len(a)):\n  if a[i] < b[i]: j = i\n"
        "  if c[i] > m: m = c[i]\nreturn j, m",
    ),
    "quotients": (SMALL, "for i in range(len(a)): c[i] = a[i] // 10 - b[i] % 26 + (a[i] + 3) // 100"),
    "a quotient of some": (
        SMALL, "for i in range(len(a)):\n  x = int(a[i])\n"
        "  if 3 <= x <= 18: x = (x - 3 + 13) % 16 % 9 + 3\n  c[i] = x & 63",
    ),
    "against a number that may be far": (
        INTS[1:], "t = (int(b[0]) - 9) * 40\nfor i in range(len(a)):\n  x = 0\n  if a[i] < t: x = 1\n"
        "  elif a[i] == t: x = 2\n  if a[i] >= t: x += 4\n  if a[i] != t: x += 8\n  if t > a[i]: x += 16\n"
        "  if t >= a[i]: x += 32\n  if a[i] <= b[2]: x += 64\n  c[i] = x",
    ),
    "low bits of wide ones": (
        ("int64", "uint32", "int32"), "for i in range(len(a)):\n  x = a[i]\n  y = b[i]\n  x = (x | x << 8) & 0xff00ff\n"
        "  x = (x | x << 4) & 0xf0f0f0f\n  y = (y ^ y << 3) + 5 & 0xfffff\n  c[i] = x ^ y",
    ),
    "bytes of wide ones": (
        ("int64", "uint32", "int32"),
        "for i in range(len(a)): c[i] = ((a[i] & 255) << 3) + (b[i] & 255) ^ a[i] >> 8 & 255",
    ),
    "bits that are set": (
        ("int64", "uint32", "uint8"), "s = 0\nfor i in range(len(a)):\n  x = a[i]\n  while x != 0:\n"
        "    x &= x - 1\n    s += 1\nreturn s",
    ),
    "words": (
        INTS, "n = 0\nw = False\nfor i in range(len(a)):\n  x = a[i]\n  if x == 3 or x == 5: w = False\n"
        "  elif not w:\n    w = True\n    n += 1\nreturn n",
    ),
    "changes": (
        INTS, "n = 0\np = 2\nfor i in range(len(a)):\n  x = int(a[i])\n  if x != p: n += 1\n  p = x\nreturn n, p",
    ),
    "what the iteration before decided": (
        (*SMALL, "float64", "float32"), "p = True\nfor i in range(len(a) - 1, -1, -1):\n  c[i] = 3 if p else 7\n"
        "  p = a[i] > b[i]\nreturn p",
    ),
    "only a sum": ((), "s = 0.0\nfor i in range(len(a)): s += float(a[i])\nreturn s"),
    "same place": (ALL, "for i in range(len(a)): c[i] = a[i] + b[2]"),
    "mask": (ALL, "for i in range(len(a)): c[i] = a[i] > b[i]"),
}  # fmt: skip


def data(dtype: str, n: int, rng: np.random.Generator, extreme: bool) -> np.ndarray[Any, Any]:
    if dtype == "bool":
        return rng.integers(0, 2, n).astype(bool)
    if dtype in FLOATS:
        values = 5 * rng.normal(size=n)
        if extreme:
            values[rng.integers(0, n, 4)] = rng.choice([np.nan, 0.0, -0.0, np.inf, -np.inf, 7.0], 4)
        return values.astype(dtype)
    info = np.iinfo(dtype)
    if extreme:
        return rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
    return rng.integers(max(info.min, -20), 20, n).astype(dtype)


def overlapping(dtypes: tuple[str, ...], n: int, seed: int) -> list[np.ndarray[Any, Any]]:
    """Three arrays of `n` elements, which may share memory."""
    rng = np.random.default_rng(seed)
    buffers = [data(dtype, n + 8, rng, seed % 3 == 0) for dtype in dtypes]
    a, b, c = [buffer[:n] for buffer in buffers]
    shared = rng.integers(4) if len(set(dtypes)) == 1 else 0
    if shared == 1:
        start = rng.integers(8)
        a, c = buffers[0][start : start + n], buffers[0][3 : 3 + n]
    elif shared == 2:
        b = c = a
    elif shared == 3:
        b, c = buffers[1][1 : 1 + n], buffers[1][:n]
    return [a, b, c]


@pytest.mark.parametrize("name", KERNELS)
def test_same_as_scalar(name: str, tmp_path: Path) -> None:
    wanted, body = KERNELS[name]
    function = function_of("def f(a, b, c):\n " + body.replace("\n", "\n "), tmp_path)
    for number, entry in enumerate((*ALL, *[w for w in wanted if isinstance(w, tuple)])):
        dtypes = entry if isinstance(entry, tuple) else (entry,) * 3
        sample = overlapping(dtypes, 8, 0)
        try:
            scalar = optimized(lowered(function, sample), 0)
        except Exception:
            assert entry not in wanted, dtypes
            continue
        for size in (32, 16):
            vectorized = optimized(lowered(function, sample), size)
            if size == 32:
                assert is_vectorized(vectorized) or entry not in wanted, f"{dtypes} stays scalar"
                assert wanted or name == "mean" or not is_vectorized(vectorized), dtypes
            if not is_vectorized(vectorized):
                continue
            if (number + len(body)) % 4:
                continue  # those run natively: tests/language/test_vectorised.py
            for n in (1, 70 - number) if size == 16 else (3, 31, 33 + number, 70 - 2 * number):
                seed = 100 * n + number
                left, right = overlapping(dtypes, n, seed), overlapping(dtypes, n, seed)
                assert interpreted(vectorized, right) == interpreted(scalar, left), (dtypes, size, n)
                assert [x.tobytes() for x in left] == [x.tobytes() for x in right], (dtypes, size, n)


LOOP = """\
func main(v0: ptr, v1: ptr, v2: i64, v3: i64) -> i64 {
fact v2 0 1000
fact v7 0 1000
loop L0: header b2 preheader b1 counter v7 step 1 stop v2
b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
    v4 = const i64 0
    v5 = const i64 1
    v6 = sgt v2, v4
    br v6, b1, b3(v3)
b1:
    jump b2(v4, v3)
b2(v7: i64, v8: i64) in L0:
    v9 = load i64 [v1 + v7*8] region 1
    v10 = add v8, v9
    v11 = add v7, v5
    v12 = slt v11, v2
    br v12, b2(v11, v10), b3(v10)
b3(v13: i64):
    ret v13
}
"""


def vectorized(text: str) -> str:
    function = parse(text)
    function.target = Machine(32)
    return to_text(vector.vectorize(function))


def test_a_sum_by_sixteen_by_four_and_by_one() -> None:
    after = vectorized(LOOP)
    for line in ("uge v2, ", "step 16 ", "step 4 ", "step 1 ", "*8 + 96] region 1", "= radd ", "= load i64 [v1 + v"):
        assert line in after, after


def test_what_is_only_read_is_asked_for_early() -> None:
    """Each line once, the way the loop goes; not where it stores."""
    after = vectorized(LOOP)
    assert after.count(" ahead 8192") == 2, after  # 16 elements: two lines
    assert to_text(parse(after)) == after
    down = LOOP.replace("    v9 = load i64 [v1 + v7*8]", "    v20 = sub v2, v7\n    v9 = load i64 [v1 + v20*8]")
    assert vectorized(down).count(" ahead - 8192") == 2
    stored = LOOP.replace("    v10 = add", "    store i64 v9, [v1 + v7*8] region 1\n    v10 = add")
    assert " ahead" not in vectorized(stored)


def test_long_chains_are_interleaved() -> None:
    """Four registers of a chain that waits for itself; one where the same work is done side by side."""
    def rounds(steps: list[str]) -> str:
        lines = "\n".join(f"    v{20 + k} = {step}" for k, step in enumerate(steps))
        text = LOOP.replace("v10 = add v8, v9", f"{lines.strip()}\n    v10 = add v8, v{19 + len(steps)}")
        return vectorized(text)

    chain = rounds(["mul v9, v9", *[f"{('add', 'mul')[k % 2]} v{20 + k}, v9" for k in range(20)]])
    assert "step 16 " in chain and "step 4 " in chain
    wide = ["mul v9, v9", "add v9, v9", *[f"mul v9, v{20 + k % 2}" for k in range(12)]]
    pairs = [f"xor v{22 + k}, v{33 - k}" for k in range(6)]
    beside = rounds([*wide, *pairs, "xor v34, v35", "xor v36, v37", "xor v40, v41", "xor v42, v39"])
    assert "step 16 " not in beside and "step 4 " in beside


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v10 = add v8, v9", "v10 = shl v8, v9"),  # no reduction of ours
        ("v10 = add v8, v9", "v10 = sub v9, v8"),
        ("load i64 [v1 + v7*8]", "load i64 [v1 + v8*8]"),  # an address that the data decides
        ("v10 = add v8, v9", "v14 = load i64 [v0 + v8*8]\n    v10 = and v14, v9"),
        ("load i64 [v1 + v7*8]", "load i64 [v1 + v7*4]"),  # overlapping loads are no lanes
        ("b2(v11, v10), b3(v10)", "b2(v11, v10), b3(v8)"),  # the last but one
        ("step 1", "step 2"),
    ],
)
def test_left_alone(old: str, new: str) -> None:
    text = LOOP.replace(old, new)
    if "step 2" in new:
        text = text.replace("v11 = add v7, v5", "v14 = const i64 2\n    v11 = add v7, v14")
    assert text != LOOP
    assert "v4i64" not in vectorized(text)


NEST = """\
def f(a, b, c):
    for i in range(c.shape[0]):
        for k in range(a.shape[1]):
            for j in range(c.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
"""


@pytest.mark.parametrize(
    ("old", "new", "far"),
    [
        ("", "", True),
        ("range(c.shape[1])", "range(i, c.shape[1])", True),  # at least 0
        ("range(c.shape[1])", "range(i)", True),  # within the rows, too
        ("b[k, j]", "c[k, j]", False),  # rows of one array
        ("b[k, j]", "b[k * i, j]", False),  # not linear in both counters
    ],
)
def test_arrays_are_told_apart_before_the_nest(old: str, new: str, far: bool, tmp_path: Path) -> None:
    function = function_of(NEST.replace(old, new), tmp_path)
    vectorized = optimized(lowered(function, [np.zeros((3, 3))] * 3), 32, ("jam",))
    assert is_vectorized(vectorized)
    tested = [
        block for block in vectorized.blocks
        if block.term == "br" and block.loop is not None and block.loop.depth >= 3 and block.edges[1].target.cold
        and vectorized.ops[block.term_args[0]].name == "and" and vectorized.homes[block.term_args[0]].loop is None
    ]  # fmt: skip
    assert bool(tested) is far


AHEAD = """
func main(v0: ptr, v1: ptr, v2: i64, v3: i64) {
fact v2 0 1000
fact v7 0 1000
loop L0: header b2 preheader b1 counter v7 step 1 stop v2
b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
    v4 = const i64 0
    v5 = const i64 1
    v6 = sgt v2, v4
    br v6, b1, b3
b1:
    jump b2(v4)
b2(v7: i64) in L0:
    v8 = add v7, v3
    v9 = load f64 [v1 + v8*8] region 1
    v10 = fadd v9, v9
    store f64 v10, [v1 + v7*8] region 1
    v12 = add v7, v5
    v13 = slt v12, v2
    br v13, b2(v12), b3
b3:
    ret
}
"""


@pytest.mark.parametrize("ahead", [-40, -33, -16, -5, -1, 0, 1, 3, 40])
def test_places_of_one_array_at_a_distance(ahead: int) -> None:
    """What is loaded from further on is loaded in time; from behind only at a distance of a whole round."""
    text = vectorized(AHEAD)
    after = parse(text)
    assert "v4f64" in text and " = sge " in text and " = sle " in text
    got = np.arange(200) % 7 + 1.0
    wanted = got.copy()
    for k in range(60, 120):
        wanted[k] = wanted[k + ahead] + wanted[k + ahead]
    assert run(after, (0, got.ctypes.data + 8 * 60, 60, ahead)).failure is None
    assert got.tobytes() == wanted.tobytes()


SHIFTED = """
func main(v0: ptr, v1: ptr, v2: ptr, v3: i64, v4: f64, v5: f64) -> f64, f64 {
fact v3 0 1000
fact v9 0 1000
loop L0: header b2 preheader b1 counter v9 step 1 stop v3
b0(v0: ptr, v1: ptr, v2: ptr, v3: i64, v4: f64, v5: f64):
    v6 = const i64 0
    v7 = const i64 1
    v8 = sgt v3, v6
    br v8, b1, b3(v4, v5)
b1:
    jump b2(v6, v4, v5)
b2(v9: i64, v10: f64, v11: f64) in L0:
    v12 = fadd v10, v11
    store f64 v12, [v1 + v9*8] region 1
    v14 = load f64 [v2 + v9*8] region 1
    v15 = add v9, v7
    v16 = slt v15, v3
    br v16, b2(v15, v14, v10), b3(v14, v10)
b3(v17: f64, v18: f64):
    ret v17, v18
}
"""


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("n", [1, 3, 4, 5, 16, 37])
def test_what_iterations_before_have_computed(n: int, down: bool) -> None:
    text = SHIFTED
    if down:
        text = text.replace("step 1 stop v3", "step -1 stop v19").replace("v15 = add v9, v7", "v15 = sub v9, v7")
        text = text.replace("jump b2(v6, v4, v5)", "v19 = const i64 -1\n    v20 = sub v3, v7\n    jump b2(v20, v4, v5)")
        text = text.replace("slt v15, v3", "sgt v15, v19")
    text = vectorized(text)
    assert " = shuffle " in text
    a, b = np.zeros(n), np.arange(n) + 1.0
    wanted, one, two = a.copy(), 100.0, 200.0
    for k in reversed(range(n)) if down else range(n):
        wanted[k] = one + two
        one, two = float(b[k]), one
    assert run(parse(text), (0, a.ctypes.data, b.ctypes.data, n, 100.0, 200.0)).results == (one, two)
    assert a.tobytes() == wanted.tobytes()
    # Over one array what is stored is loaded next, so nothing goes in lanes.
    a = np.arange(n) + 1.0
    wanted, one, two = a.copy(), 100.0, 200.0
    for k in reversed(range(n)) if down else range(n):
        wanted[k] = one + two
        one, two = float(wanted[k]), one
    assert run(parse(text), (0, a.ctypes.data, a.ctypes.data, n, 100.0, 200.0)).results == (one, two)
    assert a.tobytes() == wanted.tobytes()


def test_what_is_computed_from_a_sum_in_each_iteration() -> None:
    text = LOOP.replace("v11 = add v7, v5", "v14 = neg v10\n    v11 = add v7, v5").replace("b3(v10)", "b3(v14)")
    after = vectorized(text)
    assert "v4i64" in after
    assert "= neg v" in after


def test_what_nobody_looks_at() -> None:
    text = LOOP
    for old, new in (
        ("v3: i64) -> i64 {", "v3: i64, v20: i64) -> i64 {"), ("v3: i64):\n    v4", "v3: i64, v20: i64):\n    v4"),
        ("b2(v4, v3)", "b2(v4, v3, v20)"), ("b2(v7: i64, v8: i64)", "b2(v7: i64, v8: i64, v21: i64)"),
        ("v11 = add v7, v5", "v22 = mul v9, v9\n    v11 = add v7, v5"), ("b2(v11, v10)", "b2(v11, v10, v22)"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    after = vectorized(text)
    assert "v4i64" in after
    assert "= mul v4i64" not in after


def test_no_target_no_vectors() -> None:
    function = parse(LOOP)
    assert vector.vectorize(function) is function


IN_LANES = """
func f(v0: ptr, v1: ptr, v2: i64) {
loop L0: header b1 preheader b0 counter v5 step 1 stop v2
loop L1: header b2 preheader b1 parent L0 counter v7 step 1 stop v6 lanes
b0(v0: ptr, v1: ptr, v2: i64):
  v3 = const i64 0
  v4 = const i64 1
  v6 = const i64 8
  jump b1(v3)
b1(v5: i64) in L0:
  v20 = mul v5, v6
  jump b2(v3)
b2(v7: i64) in L1:
  v8 = add v20, v7
  v9 = load f64 [v0 + v8*8] region 1
  v10 = load f64 [v1 + v7*8] region 5
  v11 = fadd v10, v9
  store f64 v11, [v1 + v7*8] region 5
  v13 = add v7, v4
  v14 = slt v13, v6
  br v14, b2(v13), b3
b3 in L0:
  v15 = add v5, v4
  v16 = slt v15, v2
  br v16, b1(v15), b4
b4:
  ret
}
"""


@pytest.mark.parametrize("vector_bytes", [0, 16, 32, 64])
def test_a_known_number_of_iterations_is_one_round(vector_bytes: int) -> None:
    """In place of the loop; what it updates is then kept in registers by the loop around."""
    assert to_text(parse(IN_LANES)).count("lanes") == 1
    function = optimized(parse(IN_LANES), vector_bytes)
    assert len(function.loops()) == (1 if vector_bytes else 3)  # else four iterations at a time, and single ones
    behind = [function.ops[v].name for b in function.blocks if b.loop is None for v in b.insts]
    assert ("store" in behind) is bool(vector_bytes)
    a, sums = np.arange(40.0), np.arange(8.0)
    wanted = sums + a.reshape(5, 8).sum(axis=0)
    memory = [(a.ctypes.data, a.nbytes), (sums.ctypes.data, sums.nbytes)]
    run(function, [a.ctypes.data, sums.ctypes.data, 5], memory=memory)
    assert sums.tolist() == wanted.tolist()


SUM = """\
def f(a, x, t):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            t[i] = t[i] + a[i, j] * x[j]
"""


@pytest.mark.parametrize("shared", [False, True])
def test_a_sum_in_an_element_goes_in_lanes_under_fastmath(shared: bool, tmp_path: Path) -> None:
    function = function_of(SUM, tmp_path)
    sample = [np.zeros((3, 3)), np.zeros(3), np.zeros(3)]
    made = lowered(function, sample)
    made.fastmath = True
    made = optimized(made, 32)
    assert "= rfadd" in to_text(made)
    a, x = np.arange(4.0 * 41).reshape(4, 41) % 7, np.arange(41.0)
    t = x[2:6] if shared else np.ones(4)
    wanted = [a.copy(), x.copy()]
    wanted.append(wanted[1][2:6] if shared else t.copy())
    function(*wanted)
    interpreted(made, [a, x, t])
    assert t.tolist() == wanted[2].tolist()


def greatest_and_least(a, out):
    for i in range(len(a)):
        out[i] = np.maximum(a[i], 2) * 1.0 + np.minimum(a[i], 100)
    s = 0
    for i in range(len(a)):
        s += int(np.maximum(a[i], a[0])) - int(np.minimum(3, a[i]))
    return s


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64", "int16"])
def test_extremes_of_unsigned_numbers_are_not_negative(dtype: str) -> None:
    a = (np.arange(100) * 5 + 7).astype(dtype)
    a[50:] = min(np.iinfo(dtype).max, 1 << 40) - np.arange(50)
    check(greatest_and_least, (a, np.zeros(100)), (a, np.zeros(100, np.int64)), (a[3:17], np.zeros(14, np.float32)))
