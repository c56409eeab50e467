"""`opt.either`: of two things that a check is about, the second is computed where the first does not hold."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest

from jitney.ir.interp import run
from jitney.ir.parse import parse
from jitney.ir.verify import verify
from jitney.opt import either
from tests.support import check

_LOOP = """
func f(v0: ptr, v1: f64, v2: i64) -> f64 {
site 0: line 3 overflow
loop L0: header b1 preheader b0 counter v8 step 1 stop v2
b0(v0: ptr, v1: f64, v2: i64):
  v3 = const i64 0
  v4 = const i64 1
  v5 = const f64 inf
  v6 = const f64 100.0
  v7 = const i1 false
  jump b1(v3, v1)
b1(v8: i64, v9: f64) in L0:
  v10 = fabs v9
  v11 = flt v10, v6
  v12 = flt v10, v5
  v13 = not v12
  v14 = or v11, v13
  guard v14, v7, !0
  v16 = fmul v9, v9
  v17 = add v8, v4
  v18 = slt v17, v2
  br v18, b1(v17, v16), b2
b2:
  ret v16
}
"""


def _names(function):
    return [[name for v in block.insts if (name := function.ops[v].name) != "const"] for block in function.blocks]


def test_divided():
    function = either.divide(parse(_LOOP))
    verify(function)
    assert _names(function)[1:4] == [["fabs", "flt"], ["flt", "not", "guard"], ["fmul", "add", "slt"]]
    assert [block.cold for block in function.blocks] == [False, False, True, False, False]
    before = parse(_LOOP)
    memory = ctypes.create_string_buffer(1 << 14)
    at = ctypes.addressof(memory)
    for x in (0.5, 2.0, 99.0, 100.0, math.inf, math.nan, -math.inf, -101.0):
        found, known = run(function, (at, x, 4)), run(before, (at, x, 4))
        assert repr(found.results) == repr(known.results)
        assert (found.failure is None) == (known.failure is None)


@pytest.mark.parametrize(("old", "new"), [
    ("v14 = or v11, v13", "v14 = and v11, v13"),
    ("v14 = or v11, v13", "v14 = or v13, v11"),
    ("v16 = fmul v9, v9", "v19 = b2i v14\n  v16 = fmul v9, v9"),  # the whole is wanted elsewhere
])
def test_left_alone(old, new):
    function = parse(_LOOP.replace(old, new))
    assert _names(either.divide(function)) == _names(parse(_LOOP.replace(old, new)))


def squares(a):
    s = t = 0.0
    for i in range(len(a)):
        x = float(a[i])
        s += x**2
        t = t * 0.5 + math.pow(x, 2.0) - x**2.0
    return s, t


def test_squares_that_are_too_large():
    least = 2.0**512
    last = math.nextafter(least, 0.0)
    for x in (1.0, last, -last, least, -least, math.nextafter(least, math.inf), 1e300, math.inf, -math.inf, math.nan):
        calls = []
        for n, at in ((1, 0), (3, 2), (40, 0), (40, 17), (40, 39)):
            a = np.linspace(-3.0, 3.0, n)
            a[at] = x
            calls.append((a,))
        check(squares, *calls)
