"""Vectorised loops with checks that hang on the data: a round in which one fails is the scalar loop's."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.opt import vector
from tests.opt.vectors import Machine, function_of, interpreted, is_vectorized, lowered, optimized
from tests.support import bits, check, outcome

# name -> (whether it must vectorise, body)
KERNELS: dict[str, tuple[bool, str]] = {
    "root": (True, "for i in range(len(a)): c[i] = math.sqrt(a[i])"),
    "quotient": (True, "for i in range(len(a)): c[i] = 1.5 / float(a[i])"),
    "backwards": (True, "for i in range(len(a) - 1, -1, -1): c[i] = 1.5 / float(a[i]) + b[i]"),
    "in an arm": (True, "for i in range(len(a)):\n  if a[i] > 0: c[i] = math.sqrt(a[i])\n  else: c[i] = -1"),
    "in both": (
        True, "for i in range(len(a)):\n  if b[i] > 0: c[i] = math.sqrt(a[i])\n  else: c[i] = 1 / float(b[i])",
    ),
    "two": (True, "for i in range(len(a)): c[i] = math.sqrt(a[i]) / float(b[i])"),
    "after a store": (True, "for i in range(len(a)):\n  c[i] = a[i] + 1\n  b[i] = math.sqrt(a[i])"),
    "a load after a store": (True, "for i in range(len(a)):\n  c[i] = 1 / float(a[i])\n  a[i] = math.sqrt(b[i])"),
    "what was stored": (False, "for i in range(1, len(a)):\n  c[i] = math.sqrt(a[i])\n  b[i] = c[i - 1]"),
    "sum of whole numbers": (True, "s = 0\nfor i in range(len(a)): s += int(a[i])\nreturn s"),
    "greatest": (True, "s = -1.5\nfor i in range(len(a)): s = max(s, math.sqrt(a[i]))\nreturn s"),
    "last": (True, "x = 0.5\nfor i in range(len(a)):\n  x = math.sqrt(a[i])\n  c[i] = x\nreturn x"),
    "where": (
        False, "s = -1.0\nk = 0\nfor i in range(len(a)):\n  x = math.sqrt(a[i])\n  if x > s:\n    s = x\n    k = i\n"
        "return s, k",
    ),
    "whole roots": (
        True, "s = k = 0\nm = int(a[0] * 30)\nfor j in range(1, m):\n for i in range(j, m):\n  h = i * i + j * j\n"
        "  r = int(math.sqrt(h))\n  if r * r == h:\n   s = max(s, i + j + r)\n   k += 1\nreturn s, k",
    ),
    "rows": (
        True, "for j in range(3):\n for i in range(len(a)): c[i] += math.sqrt(a[i])\nreturn c[0]",
    ),
}  # fmt: skip


def data(n: int, bad: int, dtype: str = "float64") -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(n)
    a, b, c = (rng.random(n) + 0.5, rng.normal(size=n), rng.random(n))
    if 0 <= bad < n:
        a[bad], b[bad] = (-1.0, 0.0) if bad % 2 else (0.0, 0.0)
    return [x.astype(dtype) for x in (a, b, c)]


@pytest.mark.parametrize("name", KERNELS)
def test_as_in_cpython(name: str, tmp_path: Path) -> None:
    wanted, body = KERNELS[name]
    function = function_of("def f(a, b, c):\n " + body.replace("\n", "\n "), tmp_path)
    if name != "where":
        vectorized = optimized(lowered(function, data(5, -1)), 32)
        assert is_vectorized(vectorized) is wanted
    for dtype in ("float64", "float32"):
        jitted = jit(function)
        for n in (1, 7, 33, 70):
            for bad in (-1, 0, 1, 3, 4, 16, 17, 31, 32, 69):
                if bad < n:
                    left, right = data(n, bad, dtype), data(n, bad, dtype)
                    assert outcome(jitted, right) == outcome(function, left), (n, bad)
                    assert list(map(bits, left)) == list(map(bits, right)), (n, bad)


@pytest.mark.parametrize("name", ["root", "two", "after a store", "sum of whole numbers", "last"])
def test_through_the_interpreter(name: str, tmp_path: Path) -> None:
    body = KERNELS[name][1]
    function = function_of("def f(a, b, c):\n " + body.replace("\n", "\n "), tmp_path)
    scalar = optimized(lowered(function, data(5, -1)), 0)
    for size in (32, 16):
        vectorized = optimized(lowered(function, data(5, -1)), size)
        for n, bad in ((40, -1), (40, 0), (40, 19), (41, 40), (3, 1)):
            left, right = data(n, bad), data(n, bad)
            assert interpreted(vectorized, right) == interpreted(scalar, left), (size, n, bad)
            assert list(map(bits, left)) == list(map(bits, right)), (size, n, bad)


def test_arrays_that_are_one() -> None:
    def f(a, b):
        for i in range(len(a)):
            a[i] = 1 / float(b[i])
            b[i] = math.sqrt(a[i])

    def moved(a):
        for i in range(len(a) - 1):
            a[i] = math.sqrt(a[i + 1])

    for bad in (-1, 0, 20, 39):
        left, right = data(40, bad), data(40, bad)
        assert outcome(jit(f), (right[0], right[0])) == outcome(f, (left[0], left[0]))
        assert bits(left[0]) == bits(right[0])
        check(moved, data(40, bad)[0])


LOOP = """\
func main(v0: ptr, v1: ptr, v2: i64) {
fact v2 0 1000
fact v7 0 1000
site 0: line 3 evaluate
loop L0: header b2 preheader b1 counter v7 step 1 stop v2
b0(v0: ptr, v1: ptr, v2: i64):
    v3 = const i1 false
    v4 = const i64 0
    v5 = const i64 1
    v6 = const f64 0.0
    v16 = const i1 true
    jump b1
b1:
    jump b2(v4, v3)
b2(v7: i64, v8: i1) in L0:
    v9 = load f64 [v1 + v7*8] region 1
    v10 = fge v9, v6
    guard v10, v8, !0
    v12 = fsqrt v9
    store f64 v12, [v1 + v7*8] region 1
    v14 = add v7, v5
    v15 = slt v14, v2
    br v15, b2(v14, v16), b3
b3:
    ret
}
"""


def test_left_before_the_stores_with_what_the_dirty_flag_is() -> None:
    function = parse(LOOP)
    function.target = Machine(32)
    after = to_text(vector.vectorize(function))
    for line in ("= anyset v", "= ne v", " cold:", "guard v"):
        assert line in after, after
    assert after.index("= anyset") < after.index("store v4f64") < after.index("guard v")


def test_what_may_be_the_check_of_an_index_keeps_its_loop_scalar() -> None:
    # Behind it stands a load that is good only where it passes.
    text = LOOP.replace("v10 = fge v9, v6", "v10 = ult v7, v2")
    function = parse(text)
    function.target = Machine(32)
    assert "v4f64" not in to_text(vector.vectorize(function))
