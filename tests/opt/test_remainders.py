"""Remainders of floats in lanes: exact, as C's, whatever the quotient rounds to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jitney import jit
from jitney.ir.builder import Builder
from jitney.ir.function import Call, Function
from jitney.ir.print import to_text
from jitney.ir.types import F64
from jitney.opt import ufuncs
from tests.opt.vectors import function_of, interpreted, is_vectorized, lowered, optimized
from tests.support import bits, outcome

KERNELS = {
    "numbers": "for i in range(len(a)): c[i] = a[i] % b[i]",
    "python's": "for i in range(len(a)): c[i] = float(a[i]) % float(b[i])",
    "one divisor": "h = b[0]\nfor i in range(len(a)): c[i] = a[i] % h",
    "a constant": "for i in range(len(a)): c[i] = (a[i] + 3.25) % 24",
    "quotients": "for i in range(len(a)): c[i] = a[i] // b[i]",
    "c's": "for i in range(len(a)): c[i] = math.fmod(a[i], b[i])",
    "an arm": "for i in range(len(a)):\n  if a[i] > 0: c[i] = a[i] % b[i]\n  else: c[i] = b[i]",
    "a sum": "s = 0.0\nfor i in range(len(a)): s += (a[i] % b[i]) * 2\nc[0] = s",
}
SPECIAL = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, 1.5, -2.5, 1e308, 2.0**53, 2.0**53 + 2, -(2.0**54))


def operands(kind: int, n: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    r = np.random.default_rng(kind)
    b = r.normal(size=n) * 10.0 ** r.integers(-3, 4, n)
    if kind == 0:
        a = r.normal(size=n) * 10.0 ** r.integers(-3, 8, n)
    elif kind == 1:  # next to whole quotients
        a = b * r.integers(-1000, 1000, n)
        a = np.nextafter(a, a + r.choice([-1, 0, 1], n))
    elif kind == 2:
        a = b * 2.0 ** r.integers(0, 54, n) * (1 + r.random(n))
    elif kind == 3:  # next to what is not exact any more
        a = b * (2.0**52 + r.integers(-9, 9, n))
    elif kind == 4:  # whole numbers: zeros of either sign
        a, b = r.integers(-50, 50, n) * 1.0, r.integers(1, 9, n) * r.choice([-1.0, 1.0], n)
    elif kind == 5:  # subnormal ones
        a, b = r.normal(size=n) * 1e-310, r.normal(size=n) * r.choice([1e-310, 1e-320, 1.0], n)
        b[b == 0] = 1.0
    else:
        a, b = r.normal(size=n), r.normal(size=n) + 3
        for x in (a, b):
            x[r.integers(0, n, 2)] = r.choice(SPECIAL, 2)
    with np.errstate(all="ignore"):
        a, b = a.astype(dtype), b.astype(dtype)
    if kind < 6:
        b[b == 0] = 1.0
    return a, b


@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
@pytest.mark.parametrize("name", KERNELS)
def test_as_cpython_does(name: str, tmp_path: Path) -> None:
    function = function_of("def f(a, b, c):\n " + KERNELS[name].replace("\n", "\n "), tmp_path)
    for dtype in ("float64", "float32"):
        jitted = jit(function)
        for kind in range(7):
            for n in (3, 17, 40, 100):
                a, b = operands(kind, n, dtype)
                left, right = (a, b, np.zeros(n, dtype)), (a, b, np.zeros(n, dtype))
                assert outcome(jitted, right) == outcome(function, left), (dtype, kind, n)
                assert bits(left[2]) == bits(right[2]), (dtype, kind, n)


@pytest.mark.parametrize("name", ["numbers", "quotients", "c's", "an arm"])
def test_through_the_interpreter(name: str, tmp_path: Path) -> None:
    function = function_of("def f(a, b, c):\n " + KERNELS[name].replace("\n", "\n "), tmp_path)
    for dtype in ("float64", "float32"):
        args = (*operands(0, 5, dtype), np.zeros(5, dtype))
        vectorized, scalar = (optimized(lowered(function, args), size) for size in (32, 0))
        assert is_vectorized(vectorized)
        for kind in range(7):
            a, b = operands(kind, 41, dtype)
            left, right = (a, b, np.zeros(41, dtype)), (a, b, np.zeros(41, dtype))
            assert interpreted(vectorized, right) == interpreted(scalar, left), (dtype, kind)
            assert bits(left[2]) == bits(right[2]), (dtype, kind)


def test_what_stays_a_number_is_a_call() -> None:
    function = Function("f", (F64,), "c")
    builder = Builder(function)
    builder.start(builder.new_block(), None)
    args = [builder.param(builder.block, F64) for _ in range(2)]
    builder.ret((builder.emit("fcall", *args, imm=Call("fmod", 4096, (F64, F64), (F64,), pure=True)),))
    assert "v2 = ccall fmod at 0x1000 pure (v0, v1) : (f64, f64) -> f64" in to_text(ufuncs.expand(function))
