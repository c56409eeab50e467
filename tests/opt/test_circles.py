"""`opt.circles`: sines and cosines in one call, with the bits of two."""

from __future__ import annotations

import ctypes
import math

import numpy as np

from jitney.ir.interp import Context, run
from jitney.ir.parse import parse
from jitney.ir.verify import verify
from jitney.opt import circles
from jitney.targets.x86_64 import TARGET
from tests.opt.vectors import Machine
from tests.support import check

_TEXT = """
func f(v0: ptr, v1: f64, v2: i1) -> f64, f64, f64 {{
b0(v0: ptr, v1: f64, v2: i1):
  v3 = ccall cos at {cos} pure (v1) : (f64) -> f64
  v4 = fadd v3, v1
  v5 = ccall sin at {sin} pure (v4) : (f64) -> f64
  v6 = ccall sin at {sin} pure (v1) : (f64) -> f64
  br v2, b1, b2(v6)
b1:
  v7 = ccall cos at {cos} pure (v4) : (f64) -> f64
  jump b2(v7)
b2(v8: f64):
  ret v4, v5, v8
}}
"""


def _function():
    addresses = {name: TARGET.c_function(name) for name in ("sin", "cos")}
    return parse(_TEXT.format(**addresses))


def _calls(function):
    imms = function.imms
    return [imms[v].name for block in function.blocks for v in block.insts if function.ops[v].name == "ccall"]


def test_one_call():
    function = _function()
    assert _calls(circles.join(function)) == ["cos", "sin", "sin", "cos"]  # no target
    function.target = Machine(32)  # type: ignore[assignment]
    assert _calls(circles.join(function)) == ["cos", "sin", "sin", "cos"]  # no sincos
    function.target = TARGET
    function = circles.join(function)
    verify(function)
    # The sine of v4 and its cosine stand in two blocks.
    assert _calls(function) == ["sincos", "sin", "cos"]
    names = [function.ops[v].name for v in function.entry.insts]
    assert names == ["const", "alloca", "ptradd", "ccall", "load", "load", "fadd", "ccall"]
    for flag in (False, True):
        args = Context().address, 0.7, flag
        assert run(function, args).results == run(_function(), args).results


def test_there_is_no_such_function():
    assert TARGET.c_function("no such function") == 0
    assert TARGET.c_function("pow") == ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL("libm.so.6"), "pow"))


def turned(angles, points):
    s = 0.0
    for i in range(len(angles)):
        a = float(angles[i])
        points[i, 0] = math.cos(a) - s
        points[i, 1] = math.sin(a) + s
        if i % 3:
            s += math.sin(a * 0.5) * math.cos(a * 0.5)
    return s


def in_turn(x):
    return math.cos(x), math.sin(x), math.cos(x + 1.0), complex(math.cos(x), math.sin(x))


def test_the_bits_of_both():
    rng = np.random.default_rng(6)
    for spread in (0.5, 3.0, 700.0, 1e7, 1e300):
        angles = (rng.random(2000) - 0.5) * spread
        check(turned, (angles, np.zeros((len(angles), 2))))
    for x in (0.0, -0.0, 5e-324, math.pi, 1e22, math.nan, math.inf, -math.inf):
        check(in_turn, (x,))
