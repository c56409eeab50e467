"""Accesses with a stride in lanes: the same as the scalar loop, in the interpreter, which lets no byte outside the
arrays be touched."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.opt.vector import vectorize

from .vectors import Machine, function_of, interpreted, is_vectorized, lowered, optimized

TYPES = ("float64", "float32", "int64", "int32", "int16", "uint8")
FLAT, POINTS = "flat", "points"

# What the arrays are: `a` is long enough for all, `b` and `c` are; points: two dimensions.
KERNELS = {
    "pairs": (FLAT, TYPES, "for i in range(len(a) // 2): b[i] = a[2 * i] + a[2 * i + 1]"),
    "even ones": (FLAT, TYPES, "for i in range((len(a) + 1) // 2): b[i] = a[2 * i]"),
    "odd ones": (FLAT, TYPES, "for i in range(len(a) // 2): b[i] = a[2 * i + 1] + a[i]"),
    "every fourth": (FLAT, TYPES[:4], "for i in range((len(a) + 2) // 4): b[i] = a[4 * i + 1] + b[i]"),
    "three streams": (FLAT, TYPES, "for i in range(len(a) // 3): b[i] = a[3 * i + 2] - a[3 * i] * a[3 * i + 1]"),
    "two of five": (FLAT, TYPES[:4], "for i in range(len(a) // 5): b[i] = a[5 * i + 3] - a[5 * i + 1]"),
    "six streams": (
        FLAT, TYPES[:2],
        "for i in range(len(a) // 6): b[i] = a[6*i] + a[6*i+1] - a[6*i+2] * a[6*i+3] + a[6*i+4] - a[6*i+5]",
    ),
    "eight streams": (
        FLAT, TYPES[:3],
        "for i in range(len(a) // 8):\n  b[i] = a[8*i] + a[8*i+1] - a[8*i+2] * a[8*i+3]\n"
        "  c[i] = a[8*i+4] - a[8*i+5] - a[8*i+6] * a[8*i+7]",
    ),
    "downwards": (FLAT, TYPES, "for i in range(len(a) // 2 - 1, -1, -1): b[i] = a[2 * i] - a[2 * i + 1]"),
    "falling": (FLAT, TYPES, "n = len(a)\nfor i in range(n // 3): b[i] = a[n - 1 - 3 * i] - a[n - 2 - 3 * i]"),
    "neighbours": (FLAT, TYPES, "for i in range(1, len(a) // 2 - 1): b[i] = a[2 * i - 1] + a[2 * i] + a[2 * i + 2]"),
    "together": (FLAT, TYPES, "for i in range(len(b) // 2):\n  b[2 * i] = a[i]\n  b[2 * i + 1] = c[i]"),
    "together, falling": (
        FLAT, TYPES, "n = len(b) - 1\nfor i in range(len(b) // 2):\n  b[n - 2 * i] = a[i]\n  b[n - 2 * i - 1] = c[i]",
    ),
    "three together": (
        FLAT, TYPES, "for i in range(len(b) // 3):\n  b[3*i] = a[i]\n  b[3*i+2] = c[i]\n  b[3*i+1] = a[i] - c[i]",
    ),
    "four turned": (
        FLAT, TYPES,
        "for i in range(len(a) // 4):\n  b[4*i] = a[4*i+3]\n  b[4*i+1] = a[4*i+2]\n  b[4*i+2] = a[4*i+1]\n"
        "  b[4*i+3] = a[4*i]",
    ),
    "exchanged in place": (
        FLAT, TYPES, "for i in range(len(a) // 2):\n  x = a[2 * i]\n  a[2 * i] = a[2 * i + 1]\n  a[2 * i + 1] = x",
    ),
    "stored, then loaded": (
        FLAT, TYPES, "for i in range(len(a) // 2):\n  b[2*i] = a[2*i+1] + a[2*i]\n  b[2*i+1] = b[2*i] - a[2*i]",
    ),
    "stored by another name": (
        FLAT, TYPES, "for i in range(len(a) // 2):\n  b[2*i] = a[2*i+1] + c[2*i]\n  b[2*i+1] = a[2*i]",
    ),
    "every other one": (FLAT, TYPES[:2], "for i in range((len(b) + 1) // 2): b[2 * i] = a[i] * 2 - c[i] * c[i]"),
    "every other one, falling": (
        FLAT, TYPES[:2], "n = len(b) - 1\nfor i in range(len(b) // 2): b[n - 2 * i] = a[i] * 2 - c[i] * c[i]",
    ),
    "two of three": (
        FLAT, TYPES[:2],
        "for i in range(len(a) // 3):\n  a[3*i] += a[3*i+1] * b[i]\n  a[3*i+2] -= a[3*i+1] * b[i] * b[i]",
    ),
    "stored twice": (
        FLAT, ("float64",),
        "for i in range(len(a) // 2):\n  b[2*i] = c[i] / 3 + c[i] / 5\n  b[2*i] = a[i] * a[i] * 7",
    ),
    "two iterations behind": (
        FLAT, (), "for i in range(2, len(a) // 2):\n  a[2*i] = a[2*i-4] + 1\n  a[2*i+1] = a[2*i-3]",
    ),
    "halves": (
        FLAT, TYPES,
        "h = len(a) // 2\nfor i in range(h // 2):\n  x = a[2*i]; y = a[2*i+1]\n  z = a[2*i+h]; w = a[2*i+1+h]\n"
        "  a[2*i] = x + z; a[2*i+1] = y + w\n  a[2*i+h] = x - z; a[2*i+1+h] = y - w",
    ),
    "points": (POINTS, TYPES, "for i in range(len(a)): b[i] = a[i, 0] - a[i, 1] * a[i, 2]"),
    "points without one": (POINTS, TYPES, "for i in range(len(a)): b[i] = a[i, 2] - a[i, 1]"),
    "points moved": (
        POINTS, TYPES,
        "for i in range(len(a)):\n  a[i, 0] = a[i, 0] - b[i]\n  a[i, 1] = a[i, 1] - b[i]\n  a[i, 2] = a[i, 2] - c[i]",
    ),
    "sum of every second": (FLAT, TYPES[2:], "s = 0\nfor i in range(len(a) // 2): s += int(a[2 * i])\nreturn s"),
    "greatest of pairs": (
        FLAT, TYPES[2:], "s = a[0]\nfor i in range(len(a) // 2): s = max(s, a[2*i], a[2*i+1])\nreturn s",
    ),
    "where": (
        FLAT, ("float64", "int64"),
        "x = a[0]\nk = 0\nfor i in range(len(a) // 2):\n  if a[2*i] < x:\n    x = a[2*i]\n    k = i\nreturn x, k",
    ),
    "left early": (FLAT, ("float64",), "for i in range(len(a) // 2):\n  if a[2 * i] > 7: return i\nreturn -1"),
}  # fmt: skip


LOOP = """\
func main(v0: ptr, v1: ptr, v2: i64) {
fact v2 0 1000
fact v7 0 1000
loop L0: header b2 preheader b1 counter v7 step 1 stop v2
b0(v0: ptr, v1: ptr, v2: i64):
    v4 = const i64 0
    v5 = const i64 1
    v6 = sgt v2, v4
    br v6, b1, b3
b1:
    jump b2(v4)
b2(v7: i64) in L0:
    v8 = shl v7, v5
    v9 = load f64 [v1 + v8*8] region 1
    v10 = load f64 [v1 + v8*8 + 8] region 1
    v13 = fsub v9, v10
    store f64 v13, [v0 + v7*8] region 1
    v11 = add v7, v5
    v12 = slt v11, v2
    br v12, b2(v11), b3
b3:
    ret
}
"""


def after(text: str) -> str:
    function = parse(text)
    function.target = Machine(32)
    return to_text(vectorize(function))


def test_pairs_are_taken_apart() -> None:
    text = after(LOOP)
    for line in ("shuffle v20, v21, [0, 2, 4, 6]", "shuffle v20, v21, [1, 3, 5, 7]"):
        assert line.partition("[")[2] in text, text
    assert "*8 + 32] region 1" in text


def test_nothing_beyond_the_last_element() -> None:
    text = after(LOOP.replace("v13 = fsub v9, v10", "v13 = fmul v9, v9"))
    # a[0], ..., a[6]: of four pairs the last element is not loaded
    assert "*8 + 24] region 1" in text
    assert "[0, 2, 5, 7]" in text


def test_the_length_of_a_row_is_tested() -> None:
    text = after(LOOP.replace("v8 = shl v7, v5", "v8 = mul v7, v3").replace("v2: i64)", "v2: i64, v3: i64)"))
    assert "= eq v3, v" in text
    assert "[0, 2, 4, 6]" in text


def test_a_likely_stride_is_tested() -> None:
    text = LOOP.replace("v8 = shl v7, v5", "v8 = mul v7, v3").replace("jump b2(v4)", "br v6, b5(v15), b4")
    text = text.replace("v4 = const", "v15 = const i64 2\n    v4 = const")
    text = text.replace("    v10 = load f64 [v1 + v8*8 + 8] region 1\n", "")
    text = text.replace("preheader b1", "preheader b5").replace("fsub v9, v10", "fmul v9, v9")
    text = text.replace("b2(v7: i64)", "b4 cold:\n    jump b5(v5)\nb5(v3: i64):\n    jump b2(v4)\nb2(v7: i64)", 1)
    assert "v4f64" not in after(text.replace("b4 cold", "b4"))
    text = after(text)
    assert "= eq v" in text
    assert "[0, 2, 5, 7]" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v8 = shl v7, v5", "v8 = mul v7, v7"),
        ("v10 = load f64 [v1 + v8*8 + 8] region 1", "v10 = load f64 [v1 + v8*8 + 4] region 1"),
        ("v8 = shl v7, v5", "v14 = const i64 9\n    v8 = mul v7, v14"),
    ],
)
def test_left_alone(old: str, new: str) -> None:
    text = LOOP.replace(old, new)
    assert text != LOOP
    assert "v4f64" not in after(text) or "+ 4]" in new


def arrays(shape: str, dtype: str, n: int, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)

    def values(size: int) -> np.ndarray[Any, Any]:
        found = rng.normal(size=size) * 5
        if dtype.startswith("float"):
            found[rng.integers(0, size, 2)] = rng.choice([np.nan, -0.0, np.inf], 2)
            return found.astype(dtype)
        return rng.integers(0 if dtype[0] == "u" else -9, 10, size).astype(dtype)

    if shape == POINTS:
        # Rows of another length than it seems are the scalar loop's.
        row = 3 if seed % 4 else 5
        return [values(row * n).reshape(n, row), values(n), values(n)]
    a, b, c = values(n), values(n), values(n)
    if seed % 3 == 1:
        b = a
    elif seed % 3 == 2:
        whole = values(n + 3)
        a, c = whole[:n], whole[3:]
    return [a, b, c]


@pytest.mark.parametrize("name", KERNELS)
def test_same_as_scalar(name: str, tmp_path: Path) -> None:
    shape, wanted, body = KERNELS[name]
    function = function_of("def f(a, b, c):\n " + body.replace("\n", "\n "), tmp_path)
    for number, dtype in enumerate(TYPES if wanted else TYPES[:1]):
        sample = arrays(shape, dtype, 9, 1)
        if number and (number + len(name)) % 3 == 0:
            continue
        scalar = optimized(lowered(function, sample), 0)
        for size in (16, 32, 64):
            skipped = (number + size // 16 + len(name)) % 3
            if skipped and (size < 64 or number % 2):
                continue
            vectorized = optimized(lowered(function, sample), size)
            if not is_vectorized(vectorized):
                assert size != 64 or dtype not in wanted, dtype
                continue
            if dtype not in wanted and not wanted:
                raise AssertionError("in lanes")
            for n in () if skipped else (36, 60 + number):
                seed = n + number + size
                left, right = arrays(shape, dtype, n, seed), arrays(shape, dtype, n, seed)
                assert interpreted(vectorized, right) == interpreted(scalar, left), (dtype, size, n)
                assert [x.tobytes() for x in left] == [x.tobytes() for x in right], (dtype, size, n)
