"""Loops that are left early: a round in which an iteration would leave is the scalar loop's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.opt.vectors import function_of, interpreted, is_vectorized, lowered, optimized
from tests.support import bits, outcome

# name -> (whether it must vectorise, body); what is planted in a is 99
KERNELS: dict[str, tuple[bool, str]] = {
    "any": (True, "for i in range(len(a)):\n  if a[i] > 50: return True\nreturn False"),
    "find": (True, "for i in range(len(a)):\n  if a[i] == 99: return i\nreturn -1"),
    "find the last": (True, "for i in range(len(a) - 1, -1, -1):\n  if a[i] == 99: return i\nreturn -1"),
    "equal": (True, "for i in range(len(a)):\n  if a[i] + 1 != 1 + a[i] or a[i] == 99: return False\nreturn True"),
    "rising": (True, "for i in range(1, len(a)):\n  if a[i] - 60 > a[i - 1]: return i\nreturn 0"),
    "with break": (
        True, "k = -1\nfor i in range(len(a)):\n  if a[i] == 99:\n    k = i\n    break\nelse:\n  k = -2\nreturn k",
    ),
    "while": (True, "i = 0\nwhile i < len(a) and a[i] != 99: i += 1\nreturn i"),
    "sum until": (True, "s = 0\nfor i in range(len(a)):\n  if a[i] == 99: break\n  s += int(b[i])\nreturn s, i"),
    "count until": (
        True, "s = t = 0\nfor i in range(len(a)):\n  t += int(b[i] > 3)\n  if a[i] == 99: break\n  s += int(b[i] > 0)\n"
        "return s, t",
    ),
    "greatest until": (
        True, "s = b[0]\nfor i in range(len(a)):\n  if b[i] > s: s = b[i]\n  if a[i] == 99: return s\nreturn s + 1",
    ),
    "copy until": (True, "for i in range(len(a)):\n  if a[i] == 99: break\n  c[i] = b[i]"),
    "copy up to": (True, "for i in range(len(a)):\n  c[i] = b[i]\n  if a[i] == 99: return i"),
    "shift until": (
        True, "j = len(a) - 2\nwhile j >= 0 and a[j] != 99:\n  a[j + 1] = a[j]\n  j -= 1\nreturn j",
    ),
    "two ways out": (
        True, "for i in range(len(a)):\n  if b[i] == 77: return -i\n  if a[i] == 99: return i\nreturn 0",
    ),
    "in an arm": (True, "for i in range(len(a)):\n  if b[i] > 0:\n    if a[i] == 99: return i\nreturn -1"),
    "an error": (
        True, "s = 0\nfor i in range(len(a)):\n  if a[i] == 99: raise ValueError('far')\n  s += int(a[i])\nreturn s",
    ),
    "the value": (True, "for i in range(len(a)):\n  if a[i] > 50: return a[i]\nreturn b[0]"),
    "the one before": (False, "x = b[0]\nfor i in range(len(a)):\n  if a[i] == 99: break\n  x = a[i]\nreturn x"),
    "by the counter": (
        False, "s = 0\nfor i in range(1000):\n  if i >= len(a): break\n  s += int(a[i])\nreturn s",
    ),
    "by the sum": (False, "s = 0\nfor i in range(len(a)):\n  s += int(a[i] > 0)\n  if s > 20: return i\nreturn -1"),
    "rows": (
        True, "s = 0\nfor j in range(4):\n  for i in range(j, len(a)):\n    if a[i] == 99: break\n    s += 1\nreturn s",
    ),
}  # fmt: skip


def data(n: int, at: int, dtype: str) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(n)
    a, b, c = (rng.integers(0, 20, n).astype(dtype) for _ in range(3))
    if 0 <= at < n:
        a[at] = 99
        b[at // 2] = 77 if at % 3 == 0 else 1
    return [a, b, c]


@pytest.mark.parametrize("name", KERNELS)
def test_as_in_cpython(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    wanted, body = KERNELS[name]
    function = function_of("def f(a, b, c):\n " + body.replace("\n", "\n "), tmp_path)
    assert is_vectorized(optimized(lowered(function, data(5, -1, "int64")), 32)) is wanted
    jitted = jit(function)
    for dtype in ("float64", "int64", "int32", "uint8"):
        for n in (1, 7, 33, 70, 140):
            for at in (-1, 0, 1, 3, 4, 16, 17, 31, 69, 139):
                if at < n:
                    left, right = data(n, at, dtype), data(n, at, dtype)
                    assert outcome(jitted, right) == outcome(function, left), (dtype, n, at)
                    assert list(map(bits, left)) == list(map(bits, right)), (dtype, n, at)


@pytest.mark.parametrize("name", KERNELS)
def test_nothing_else_is_read(name: str, tmp_path: Path) -> None:
    """The interpreter fails where anything beyond the arrays is touched."""
    if name == "an error":
        return  # calls Python
    function = function_of("def f(a, b, c):\n " + KERNELS[name][1].replace("\n", "\n "), tmp_path)
    for dtype in ("int64", "uint8"):
        scalar = optimized(lowered(function, data(5, -1, dtype)), 0)
        for size in (32, 16):
            vectorized = optimized(lowered(function, data(5, -1, dtype)), size)
            for n, at in ((70, -1), (70, 0), (70, 39), (69, 68), (3, 1)):
                left, right = data(n, at, dtype), data(n, at, dtype)
                assert interpreted(vectorized, right) == interpreted(scalar, left), (size, n, at)
                assert list(map(bits, left)) == list(map(bits, right)), (size, n, at)
