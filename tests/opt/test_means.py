"""Weighted means of integers: bounds, and loops that blend without a check."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from jitney.analysis.intervals import MAX, MIN, Interval, clamped, mean_of
from jitney.ir.ops import OPS
from tests.opt.vectors import function_of, lowered, optimized
from tests.support import check

X, Y, T, C, REST, P, Q, DIFFERENCE, PRODUCT, SHIFT = range(10)
MEANS = {
    "(x * t + y * (c - t)) // 255": (255, "(x * t + y * (255 - t) + 127) // 255"),
    "x + ((y - x) * t >> 8)": (0, "x + ((y - x) * t >> 8)"),
    "((256 - t) * y + t * x) >> 8": (256, "((256 - t) * y + t * x) >> 8"),
    "x + (y - x) * t // 255": (0, "x + (y - x) * t // 255"),
}


def definitions(c: int, shifted: bool) -> dict[int, tuple[object, tuple[int, ...], int | None]]:
    param = OPS["param"]
    return {
        X: (param, (), None), Y: (param, (), None), T: (param, (), None), C: (OPS["const"], (), c),
        REST: (OPS["sub"], (C, T), None), P: (OPS["mul"], (X, T), None), Q: (OPS["mulo"], (REST, Y), None),
        DIFFERENCE: (OPS["subo"], (Y, X), None), PRODUCT: (OPS["mul"], (DIFFERENCE, T), None),
        SHIFT: (OPS["sar" if shifted else "floordiv"], (PRODUCT, C), None),
    }  # fmt: skip


@pytest.mark.parametrize("form", ("sum", "floordiv", "sar"))
def test_bounds_hold(form: str) -> None:
    rng = random.Random(form)
    told = 0
    for _ in range(2000):
        c = rng.choice((3, 8)) if form == "sar" else rng.choice((1, 7, 255, 256, 1 << 40))
        whole = 1 << c if form == "sar" else c
        bits = rng.choice((4, 8, 30, 62))
        bounds: dict[int, Interval] = {}
        for v in (X, Y):
            lo, hi = sorted(rng.getrandbits(bits) - (1 << bits - 1) for _ in "ab")
            bounds[v] = lo, hi
        bounds[T] = rng.choice((0, 0, 0, -1)), whole + rng.choice((0, 0, 0, -1, 1))
        if bounds[T][0] > bounds[T][1]:
            continue
        args = (P, Q) if form == "sum" else (SHIFT, X)
        found = mean_of(args, definitions(c, form == "sar").get, lambda v, of=bounds: of.get(v, (MIN, MAX)))
        if bounds[T][0] < 0 or bounds[T][1] > whole:
            assert found is None
            continue
        if found is None or clamped(found) != found:
            continue
        told += 1
        for _ in range(4):
            x, y, t = (rng.choice((*bounds[v], rng.randint(*bounds[v]))) for v in (X, Y, T))
            if form == "sum":
                parts = [x * t, y * (c - t)]
                value = sum(parts)
            else:
                parts = [y - x, (y - x) * t]
                value = x + (parts[1] >> c if form == "sar" else parts[1] // c)
            assert found[0] <= value <= found[1]
            assert all(MIN <= part <= MAX for part in parts)
    assert told > 300


@pytest.mark.parametrize("form", MEANS)
def test_blending_bytes(form: str, tmp_path: Path) -> None:
    text = MEANS[form][1]
    source = f"""
def f(a, b, w, out):
  for i in range(len(a)):
    x = int(a[i])
    y = int(b[i])
    t = int(w[i])
    out[i] = {text}
"""
    function = function_of(source, tmp_path)
    ends = np.array([0, 1, 127, 128, 254, 255], "uint8")
    a, b, w = [part.ravel() for part in np.meshgrid(ends, ends, ends)]
    given = (a, b, w, np.zeros(a.size, "uint8"))
    after = optimized(lowered(function, given), 0)
    checks = [v for block in after.blocks for v in block.insts if after.ops[v].name == "guard"]
    # Of lengths, outside of the loop's copy without checks; none of the value.
    assert not any("zeros" in str(after.sites[after.imms[v]].detail) for v in checks)
    check(function, given, tuple(part[::-1].copy() for part in given), bails=False)
