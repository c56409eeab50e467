"""`opt.geometric`: powers to exponents that a loop counts, each a product with the one before."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

from jitney.ir.interp import run
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from jitney.opt import geometric
from jitney.targets.x86_64.libm import address
from tests.opt.vectors import Machine, function_of
from tests.support import check

_LOOP = """
func f(v0: ptr, v1: f64, v2: i64, v3: i64) -> f64 {
loop L0: header b1 preheader b0 counter v7 step 1 stop v2
b0(v0: ptr, v1: f64, v2: i64, v3: i64):
  v4 = const i64 0
  v5 = const i64 1
  v6 = const f64 0.0
  jump b1(v4, v6)
b1(v7: i64, v8: f64) in L0:
  v9 = sub v3, v7
  v10 = i2f f64 v9
  v11 = ccall pow at POW pure (v1, v10) : (f64, f64) -> f64
  v12 = fadd v8, v11
  v13 = add v7, v5
  v14 = slt v13, v2
  br v14, b1(v13, v12), b2
b2:
  ret v12
}
""".replace("POW", hex(address("pow")))


def _carried(text):
    function = parse(text)
    function.target = Machine(32)  # type: ignore[assignment]
    function = geometric.carry(function)
    verify(function)
    return function


def _names(function):
    return [[name for v in block.insts if (name := function.ops[v].name) != "const"] for block in function.blocks]


@pytest.mark.parametrize("exponent", ["sub v3, v7", "add v3, v7", "mul v7, v20", "shl v7, v21", "sub v7, v3", "neg v7"])
def test_carried(exponent):
    text = _LOOP.replace("sub v3, v7", exponent)
    text = text.replace("  v6 = const", "  v20 = const i64 -3\n  v21 = const i64 2\n  v6 = const")
    function = _carried(text)
    names = _names(function)
    assert len(names) == 5  # the first power has a loop of its own
    assert not any("ccall" in block for block in names)
    assert "fpower" in names[3] and names[3].count("fma") >= 4
    assert to_text(parse(to_text(function))) == to_text(function)
    before = parse(text)
    for x in (1.01, -0.7, 0.0, 1e-200, math.inf, math.nan):
        for first in (0, -20, 2000, 1 << 40):
            args = 0, x, 5, first
            assert repr(run(function, args).results) == repr(run(before, args).results)


@pytest.mark.parametrize(("old", "new"), [
    ("(v1, v10)", "(v8, v10)"),  # what is raised changes
    ("v9 = sub v3, v7", "v9 = mul v7, v7"),
    ("v9 = sub v3, v7", "v9 = mul v3, v7"),
    ("v9 = sub v3, v7", "v9 = add v3, v5"),  # the exponent does not
    ("v9 = sub v3, v7", "v9 = f2i v8"),
    ("counter v7 step 1 stop v2 ", ""),
])  # fmt: skip
def test_left_alone(old, new):
    text = _LOOP.replace("stop v2", "stop v2 ").replace(old, new)
    function = parse(text)
    function.target = Machine(32)  # type: ignore[assignment]
    before = to_text(function)
    assert to_text(geometric.carry(function)) == before


def ups_and_downs(u, d, n, out):
    for i in range(n):
        out[i] = u ** (n - i) * d**i
    for i in range(n - 1, -1, -1):
        out[i] += u ** (2 * i - n)


def series(u, d, n, out):
    s = 0.0
    for t in range(1, n):
        s += 100.0 / (1.0 + d) ** t
    for i in range(n):
        out[i] = s + u**i * 0.5 - u ** (i * 3)
    return s


def numpy_powers(u, d, n, out):
    x, y = np.float64(u), np.float64(d)
    for i in range(n):
        out[i] = x**i - y**-i
        if out[i] != out[i]:
            out[i] = x ** (i - 7)


def test_the_bits_of_pow():
    rng = np.random.default_rng(5)
    for n in (0, 1, 2, 300):
        calls = [(float(u), float(d), n, np.zeros(n)) for u, d in 0.9 + 0.2 * rng.random((6, 2))]
        calls += [(-float(u), 1.0 / float(u), n, np.zeros(n)) for u in 0.8 + rng.random(4)]
        for function in (ups_and_downs, series, numpy_powers):
            check(function, *calls)
    special = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -2.0, 5e-324, 1e-200, 1e200, math.inf, -math.inf, math.nan]
    with np.errstate(all="ignore"):
        check(numpy_powers, *[(u, d, n, np.zeros(n)) for u in special for d in (1.5, u) for n in (1, 150)])
    for function in (ups_and_downs, series):
        check(function, *[(u, d, 12, np.zeros(12)) for u in special for d in (1.5, u)])


@pytest.mark.parametrize("seed", range(4))
def test_random_exponents(seed: int, tmp_path: Path) -> None:
    r = random.Random(seed)
    for _ in range(3):
        first, step = r.choice((0, 1, "a", "-a")), r.choice((1, 1, 2, -1))
        loop = f"range({first}, {first} + n)" if step == 1 else f"range({first}, {first} + n * {step}, {step})"
        exponent = r.choice(("k", "k", "k - b", "b - k", "2 * k - b", "k * 3", "(k << 2) + 1", "-k"))
        source = f"""\
def f(x, n, a, b):
    s = 0.0
    m = 1.0
    for k in {loop}:
        p = x ** ({exponent})
        s += p {r.choice(("", "* 0.25", "- m"))}
        {r.choice(("m = p", "pass", "if s > 3.0: s -= 2.0"))}
    return s, m
"""
        function = function_of(source, tmp_path)
        calls = [(1.0 + r.uniform(-0.1, 0.1), n, r.randrange(20), r.choice((0, 5, -40, 90))) for n in (1, 9, 200)]
        check(function, *calls, (2.0, 30, 3, 9), (-1.25, 20, 2, 5), (0.0, 3, 1, -30), (1e-30, 5, 1, 3))
