"""Conversions of floats to integers, clipped or not: NaN, infinities, zeros, and bounds at 2**31 and 2**63."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from jitney import jit
from jitney.ir.print import to_text
from tests.opt.vectors import function_of, interpreted, lowered, optimized
from tests.support import bits, outcome

# name -> (body of a loop over i, whether lanes of 32 bits must be enough)
KERNELS = {
    "both": ("out[i] = int(min(max(a[i] * 1.5, 0.0), 255.0))", True),
    "nan is the other": ("out[i] = int(max(-128.0, min(127.0, a[i] * 3.0)))", True),
    "if": ("v = a[i]\n  if v < 0: v = 0.0\n  elif v > 255: v = 255.0\n  out[i] = int(v)", True),
    "of python": ("v = float(a[i])\n  if v < -5: v = -5.0\n  if v > 5: v = 5.0\n  out[i] = int(v)", True),
    "ints": ("v = int(a[i])\n  if v < 0: v = 0\n  if v > 255: v = 255\n  out[i] = v", True),
    "below 2**31": ("out[i] = int(min(max(a[i], 0.0), 2147483647.0)) & 127", True),
    "at 2**31": ("out[i] = int(min(max(a[i], 0.0), 2147483648.0)) & 127", False),
    "below -2**31": ("out[i] = int(max(min(a[i], 0.0), -2147483648.0)) & 127", False),
    "at 2**63": ("out[i] = int(min(max(a[i], 0.0), 9223372036854775808.0)) & 127", False),
    "below 2**63": ("out[i] = int(min(max(a[i], -9223372036854775808.0), 9223372036854774784.0)) & 127", False),
    "round": ("v = round(a[i] * 0.3)\n  out[i] = 127 if v > 127 else (-128 if v < -128 else v)", True),
    "floor": ("v = math.floor(a[i])\n  out[i] = min(max(v, 0), 100)", True),
    "in an arm": ("if a[i] > 3: out[i] = int(min(a[i], 100.0))\n  else: out[i] = 1", True),
    "of an arm": ("v = 0\n  if a[i] > 3: v = int(a[i])\n  out[i] = v if v < 100 else 100", True),
    "compared with it": ("k = int(a[i])\n  out[i] = 1 if k == a[i] else 2", False),
    "absolute": ("out[i] = int(abs(min(max(a[i], -9.0), 9.0)) / 3.0)", True),
    "root": ("out[i] = int(math.sqrt(min(max(a[i], 0.0), 1e4)))", True),
    "stored": ("out[i] = min(max(a[i], 0.0), 100.0)", True),
    "as it is": ("out[i] = int(a[i] * 2.0)", True),
    "as it is, in an arm": ("if a[i] > 0: out[i] = int(a[i] * 2.0)", False),
    "python's 0 and 255": ("v = a[i] + 0.5\n  out[i] = 0 if v < 0 else (255 if v > 255 else int(v))", True),
    "python's, in arms": (
        "v = float(a[i]) * 1.5\n  if v < 0: out[i] = 0\n  elif v > 255: out[i] = 255\n  else: out[i] = int(v)", True,
    ),
    "by another one": ("v = a[i]\n  out[i] = int(v) if v * v < 1e4 else 7", True),
    "by two": ("v = a[i]\n  out[i] = -5 if v < -5 else (int(v) if v + 1.0 <= 100 else 100)", True),
    "in an arm of an arm": (
        "p = 0\n  if a[i] * 3.0 > -500.0:\n    v = a[i] * 0.5\n    p = 0 if v < 0 else (255 if v > 255 else int(v))\n"
        "  out[i] = p", True,
    ),
    "single, chosen": ("v = a[i] * a[i]\n  out[i] = 9999 if v > 9999 else int(v)", True),
    "single": ("out[i] = int(np.float32(min(max(a[i], 0.0), 100.0)) * np.float32(1.1))", True),
    "large": ("out[i] = int(a[i] * 1e12) & 63", False),

}
NUMBERS = (
    0.0, -0.0, 1.5, -1.5, 255.0, 255.9, 256.0, -0.9, -1.0, 127.5, -128.5, 2.0**31, 2.0**31 - 1, -(2.0**31),
    -(2.0**31) - 1, 2.0**32, 2.0**62, 2.0**63, -(2.0**63), math.nextafter(2.0**63, 0.0), 1e300, math.inf, -math.inf,
    math.nan,
)  # fmt: skip

def kernel(name: str, directory: Path):
    return function_of(f"def f(a, out):\n for i in range(len(a)):\n  {KERNELS[name][0]}\n", directory)

@pytest.mark.parametrize("name", KERNELS)
def test_as_in_cpython(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    function = kernel(name, tmp_path)
    usual = np.linspace(-300.0, 400.0, 70)
    calls = []
    for dtype in ("float64", "float32"):
        calls.append((usual.astype(dtype), np.zeros(70, "int16")))
        for k, number in enumerate(NUMBERS):
            a = usual.astype(dtype)
            with np.errstate(all="ignore"):
                a[(k * 7) % 70] = number
            calls.append((a, np.zeros(70, "int16")))
    jitted = jit(function)
    for given in calls:
        left, right = [(given[0].copy(), given[1].copy()) for _ in "lr"]
        wanted, got = outcome(function, left), outcome(jitted, right)
        if "64 bits" not in str(got):
            assert got == wanted
            assert list(map(bits, left)) == list(map(bits, right))

@pytest.mark.parametrize("name", KERNELS)
def test_through_the_interpreter(name: str, tmp_path: Path) -> None:
    function = kernel(name, tmp_path)
    given = np.linspace(-300.0, 400.0, 40), np.zeros(40, "int16")
    scalar, vectorized = [optimized(lowered(function, given), size) for size in (0, 32)]
    assert ("vf2i" in to_text(vectorized)) is KERNELS[name][1]
    for k, number in enumerate((1.0, *NUMBERS)):
        left, right = [(given[0].copy(), given[1].copy()) for _ in "lr"]
        left[0][k] = right[0][k] = number
        assert interpreted(vectorized, left) == interpreted(scalar, right), number
        assert list(map(bits, left)) == list(map(bits, right)), number
