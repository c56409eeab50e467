"""`opt.powers`: the bits of the C library's `pow`, by products."""

from __future__ import annotations

import math

import numpy as np

from jitney.ir.parse import parse
from jitney.ir.verify import verify
from jitney.opt import powers
from tests.opt.vectors import Machine
from tests.support import check

_BEFORE = """
func f(v0: ptr, v1: f64) -> f64 {
b0(v0: ptr, v1: f64):
  v2 = const f64 2.0
  v3 = ccall pow at 0x1000 pure (v1, v2) : (f64, f64) -> f64
  v4 = fadd v3, v1
  ret v4
}
"""
def test_before_and_after():
    function = parse(_BEFORE)
    assert powers.multiply(function) is function  # no target
    function.target = Machine(32)  # type: ignore[assignment]
    function = powers.multiply(function)
    verify(function)
    names = [function.ops[v].name for block in function.blocks for v in block.insts]
    assert [name for name in names if name != "const"] == [
        "fmul", "fneg", "fma", "fma", "feq", "fabs", "fgt", "flt", "feq", "ccall", "fadd",
    ]  # fmt: skip
    assert [block.cold for block in function.blocks] == [False, False, False, True, True, False]


def by_python(a, squares, cubes):
    for i in range(len(a)):
        x = float(a[i])
        squares[i] = x**2
        cubes[i] = x**3


def by_numpy(a, squares, cubes):
    for i in range(len(a)):
        squares[i] = a[i] ** 2
        cubes[i] = a[i] ** 3


def in_sums(a, squares, cubes):
    s = 0.0
    for i in range(len(a)):
        if i % 3 == 0:
            s += (a[i] - s * 0.125) ** 2
        else:
            s -= a[i] ** 2 + (a[i] * 0.5) ** 3
        squares[i] = s
    return s


def test_the_bits_of_pow():
    rng = np.random.default_rng(3)
    special = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e-160, 1.5e-162, 1e-110, -1e-110, 2.0**-100, 2.0**100, 1e100]
    sets = [np.array(special)]
    for spread in (1, 60, 330):
        n = 4000
        sets.append(np.ldexp(1 + rng.random(n), rng.integers(-spread, spread // 2 + 1, n)) * rng.choice([-1, 1], n))
    for function in (by_python, by_numpy, in_sums):
        check(function, *[(a, np.zeros(len(a)), np.zeros(len(a))) for a in sets])
    infinite = np.array([math.inf, -math.inf, math.nan, 1e200, -1e200])
    check(by_numpy, (infinite, np.zeros(5), np.zeros(5)))
    for x in infinite:
        check(by_python, (np.array([x]), np.zeros(1), np.zeros(1)))
