"""`opt.powers`: the bits of the C library's `pow`, by products."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jitney.ir.interp import run
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.types import F32
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
_LOOP = """
func f(v0: ptr, v1: f64, v2: i64) -> f64 {
loop L0: header b1 preheader b0 counter v3 step 1 stop v2
b0(v0: ptr, v1: f64, v2: i64):
  v5 = const f64 2.0
  v6 = const i64 1
  jump b1(v6, v1)
b1(v3: i64, v4: f64) in L0:
  v7 = ccall pow at 0x1000 pure (v1, v5) : (f64, f64) -> f64
  v8 = ccall pow at 0x1000 pure (v4, v5) : (f64, f64) -> f64
  v9 = fadd v7, v8
  v10 = add v3, v6
  v11 = slt v10, v2
  br v11, b1(v10, v9), b2
b2:
  ret v9
}
"""


def _names(function):
    return [[name for v in block.insts if (name := function.ops[v].name) != "const"] for block in function.blocks]


def test_squares():
    function = parse(_LOOP)
    assert powers.multiply(function) is function  # no target
    function.target = Machine(32)  # type: ignore[assignment]
    function = powers.multiply(function)
    verify(function)
    square = ["fmul", "fma", "fma", "fma", "fneg", "fma", "fpower"]
    # The one that does not change has left the loop.
    assert _names(function) == [square, [*square, "fadd", "add", "slt"], []]
    assert to_text(parse(to_text(function))) == to_text(function)


@pytest.mark.parametrize(("exponent", "names"), [
    (3.0, "fmul fneg fma fmul fneg fma fma fma fadd fma fadd fpower"),
    (4.0, "fmul fneg fma fmul fneg fma fadd fma fma fadd fma fadd fpower"),
    (0.5, "fsqrt fneg fma fadd fdiv fma fadd fma fadd fpower"),
    (-1.0, "fdiv fneg fma fmul fma fadd fma fadd fpower"),
    (-2.0, "fmul fneg fma fdiv fneg fma fma fmul fma fadd fma fadd fpower"),
    (1.5, "fsqrt fneg fma fadd fdiv fmul fneg fma fma fma fadd fma fadd fpower"),
])  # fmt: skip
def test_powers(exponent, names):
    function = parse(_BEFORE.replace("const f64 2.0", f"const f64 {exponent}"))
    assert powers.multiply(function) is function
    function.target = Machine(32)  # type: ignore[assignment]
    function = powers.multiply(function)
    verify(function)
    assert _names(function) == [[*names.split(), "fadd"]]
    x = 0.1
    assert run(function, [0, x]).results == (math.pow(x, exponent) + x,)


def test_other_powers_stay():
    for exponent in (0.0, 1.0, 0.25, 17.0, 1e300, math.inf, math.nan):
        text = "nan:0x7ff8000000000000" if exponent != exponent else repr(exponent)
        function = parse(_BEFORE.replace("const f64 2.0", f"const f64 {text}"))
        function.target = Machine(32)  # type: ignore[assignment]
        assert powers.multiply(function) is function


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


def in_lanes(a, squares, cubes):
    for i in range(len(a)):
        squares[i] = a[i] ** 2
    nearest = 1e300
    for i in range(1, len(a)):
        d = (a[i] - a[i - 1]) ** 2
        cubes[i] = d
        if d < nearest:
            nearest = d
    return nearest


def test_the_bits_of_pow():
    rng = np.random.default_rng(3)
    special = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e-160, 1.5e-162, 1e-110, -1e-110, 2.0**-100, 2.0**100, 1e100]
    sets = [np.array(special), np.zeros(40), np.arange(40.0)]
    for spread in (1, 60, 330):
        n = 4000
        sets.append(np.ldexp(1 + rng.random(n), rng.integers(-spread, spread // 2 + 1, n)) * rng.choice([-1, 1], n))
    for function in (by_python, by_numpy, in_sums, in_lanes):
        check(function, *[(a, np.zeros(len(a)), np.zeros(len(a))) for a in sets])
    infinite = np.array([math.inf, -math.inf, math.nan, 1e200, -1e200])
    check(by_numpy, (infinite, np.zeros(5), np.zeros(5)))
    for x in infinite:
        check(by_python, (np.array([x]), np.zeros(1), np.zeros(1)))


def single_sums(a, squares, cubes):
    s = a[0] * 0
    for i in range(len(a)):
        s += (a[i] - a[0]) ** 2
        cubes[i] = a[i] ** 2 + a[i] ** 4
    nearest = s
    for i in range(1, len(a)):
        d = (a[i] - a[i - 1]) ** 2
        if d < nearest:
            nearest = d
            squares[0] = i
    return s, nearest


def test_the_bits_of_powf():
    rng = np.random.default_rng(3)
    special = [0.0, -0.0, 1.0, -1.0, 1e-45, -1e-45, 1e-20, 1.5e-23, 1e-19, -1e-19, 2.0**-45, 2.0**45, 1e12, 3e38]
    sets = [np.array(special), np.zeros(40), np.arange(40.0), np.array([math.inf, -math.inf, math.nan, 1e20, -1e20])]
    # Around the numbers whose squares are rounded to the further float.
    further = np.array(powers._FURTHER_SINGLE + powers._NEARER_SINGLE) * 2.0**-23
    sets += [further, further * 2.0**-44, further * -(2.0**44), further * 2.0**-45, further * 2.0**45]
    for spread in (1, 20, 120):
        n = 6000
        sets.append(np.ldexp(1 + rng.random(n), rng.integers(-spread, spread // 2 + 1, n)) * rng.choice([-1, 1], n))
    calls = [(a.astype(np.float32), *np.zeros((2, len(a)), np.float32)) for a in sets]
    with np.errstate(all="ignore"):
        for function in (by_numpy, in_lanes, roots, reciprocals, single_sums):
            check(function, *calls)


def escapes(re, im, counts):
    for k in range(len(re)):
        x = re[k] * 0
        y = x
        n = 0
        while n < 60 and x**2 + y**2 < 4.0:
            x, y = x**2 - y**2 + re[k], 2 * x * y + im[k]
            n += 1
        counts[k] = n


def test_lanes_that_are_done():
    rng = np.random.default_rng(3)
    re, im = rng.random(203) * 2 - 1.5, rng.random(203) * 2 - 1.0
    re[::17] = 1e300
    with np.errstate(all="ignore"):
        for dtype in (np.float64, np.float32):
            check(escapes, (re.astype(dtype), im.astype(dtype), np.zeros(203)))


def test_powf_that_is_not_known(monkeypatch):
    text = _BEFORE.replace("f64", "f32").replace("pow at", "powf at")
    for known in (True, False):
        function = parse(text)
        function.target = Machine(32)  # type: ignore[assignment]
        monkeypatch.setitem(powers._slacks, F32, float(known))
        assert ("fpower" in _names(powers.multiply(function))[0]) == known


def roots(a, first, second):
    for i in range(len(a)):
        first[i] = a[i] ** 0.5 + a[i] ** 1.5
        second[i] = a[i] ** -0.5 * 0.125 + a[i] ** 3.5


def reciprocals(a, first, second):
    for i in range(len(a)):
        first[i] = a[i] ** -1
        second[i] = a[i] ** -3 + a[i] ** -2


def products(a, first, second):
    for i in range(len(a)):
        x = float(a[i])
        first[i] = x**6 - x**12 if abs(x) < 1e20 else 0.0
        second[i] = (x * 0.75) ** 4 if abs(x) < 1e70 else x


def in_python(a, first, second):
    s = 0.0
    for i in range(len(a)):
        x = abs(float(a[i])) + 1e-9
        s += x**-1 - x**0.5
        first[i] = x**-1.5
        second[i] = s


def test_the_bits_of_other_powers():
    rng = np.random.default_rng(4)
    sets = [np.arange(40.0), np.array([0.0, -0.0, -1.0, 5e-324, math.inf, -math.inf, math.nan, 1e300, 1e-300])]
    for spread in (1, 20, 300):
        sets.append(np.ldexp(1 + rng.random(3000), rng.integers(-spread, spread // 2 + 1, 3000)))
    for function in (roots, reciprocals, products, in_python):
        with np.errstate(all="ignore"):
            check(function, *[(a, np.zeros(len(a)), np.zeros(len(a))) for a in sets])


def test_powers_that_fail():
    def powers(x):
        return x**0.5, x**-0.5

    def quotient(x):
        return x**-2.0

    def large(x):
        return math.pow(x, 7.5), x**-1

    def after_a_store(a, x):
        a[0] = 1.0
        return x**-1.5

    numbers = [0.0, -0.0, -1.0, 2.0, math.inf, -math.inf, math.nan, 5e-324, 1e300, -1e300]
    for function in (powers, quotient, large):
        for x in numbers:
            check(function, (x,))
    for x in (0.0, 2.0, math.inf, 1e-300, math.nan):
        check(after_a_store, (np.zeros(1), x))
