"""Outer loops in lanes: what the interpreter shows is what it shows for the scalar nest, and those go in lanes that
should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney.ir.function import Function
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from jitney.opt import outer
from tests.opt.nests import NESTS, source
from tests.opt.vectors import Machine, function_of, interpreted, lowered, optimized


def in_lanes(function: Function) -> bool:
    """Whether a loop that goes on by several iterations has others in it."""
    outer = {loop.parent for loop in function.loops()}
    return any(loop in outer and loop.step > 1 for loop in function.loops())


def arrays(name: str, n: int, seed: int) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng([seed, n])
    shapes = {"1": (n,), "2": (n, n)}
    return [np.round(4 * rng.normal(size=shapes[dim])) / 2 for dim in NESTS[name][1]]


@pytest.mark.parametrize("name", NESTS)
def test_same_as_scalar(name: str, tmp_path: Path) -> None:
    function = function_of(source(name), tmp_path)
    sample = arrays(name, 3, 0)
    scalar = optimized(lowered(function, sample), 0)
    for size in (32, 16):
        wide = optimized(lowered(function, sample), size)
        assert in_lanes(wide) <= NESTS[name][0]
        assert in_lanes(wide) or not NESTS[name][0] or size == 16
        for n in (1, 5, 9) if size == 16 else (4, 11):
            left, right = arrays(name, n, 1), arrays(name, n, 1)
            assert interpreted(wide, right) == interpreted(scalar, left), (size, n)
            assert [x.tobytes() for x in left] == [x.tobytes() for x in right], (size, n)


NEST = """\
func main(v0: ptr, v1: ptr, v2: ptr, v3: i64, v4: i64) -> i64 {
fact v3 0 1000
fact v4 0 1000
site 0: line 1 poll
loop L0: header b2 preheader b1 counter v11 step 1 stop v3
loop L1: header b4 preheader b3 parent L0 counter v13 step 1 stop v4
b0(v0: ptr, v1: ptr, v2: ptr, v3: i64, v4: i64):
    v5 = const i64 0
    v6 = const i64 1
    v7 = const f64 0.0
    v8 = const i64 32768
    v9 = const i1 true
    v10 = sgt v3, v5
    br v10, b1, b6(v8)
b1:
    v20 = sgt v4, v5
    jump b2(v5, v8)
b2(v11: i64, v12: i64) in L0:
    br v20, b3, b5(v7)
b3 in L0:
    jump b4(v5, v7)
b4(v13: i64, v14: f64) in L1:
    v15 = add v11, v13
    v16 = load f64 [v1 + v15*8] region 1
    v17 = fadd v14, v16
    v18 = add v13, v6
    v19 = slt v18, v4
    br v19, b4(v18, v17), b5(v17)
b5(v21: f64) in L0:
    store f64 v21, [v2 + v11*8] region 1
    v23 = poll v12, v9, !0, 1
    v24 = add v11, v6
    v25 = slt v24, v3
    br v25, b2(v24, v23), b6(v23)
b6(v26: i64):
    ret v26
}
"""


def after(text: str) -> str:
    function = parse(text)
    verify(function)
    function.target = Machine(32)
    function = outer.vectorize_outer(function)
    verify(function)
    return to_text(function)


def test_by_sixteen_and_by_four() -> None:
    text = after(NEST)
    for line in ("uge v3, ", "step 16 ", "step 4 ", "*8 + 96] region 1", "fadd v", "store v4f64 v", "poll v"):
        assert line in text, text
    assert text.count("poll") == 1 + 3  # the site, and one in each loop


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("store f64 v21, [v2 + v11*8]", "store f64 v21, [v2]"),  # to the same place each time
        ("store f64 v21, [v2 + v11*8]", "store f64 v21, [v2 + v11*4]"),  # places that overlap
        ("store f64 v21, [v2 + v11*8]", "store f64 v21, [v1 + v11*8 + 8]"),  # found by the next iteration, maybe
        ("v15 = add v11, v13", "v15 = mul v11, v13"),  # a stride that changes
        ("b4(v5, v7)", "b4(v11, v7)"),  # another number of iterations for each lane
        ("stop v3", "stop v4"),  # another test
        ("br v19, b4", "br v25, b4"),
    ],
)
def test_left_alone_or_told_apart(old: str, new: str) -> None:
    assert old in NEST
    text = NEST.replace(old, new)
    if "v25, b4" in new:
        text = NEST.replace("v19 = slt v18, v4", "v27 = fgt v17, v7\n    v28 = slt v18, v4\n    v19 = and v27, v28")
    if "[v1 + v11*8 + 8]" in new:
        text = after(text)
        assert "v4f64" not in text or "ule" in text
        return
    assert "v4f64" not in after(text)


def test_lanes_that_leave_early_wait() -> None:
    text = NEST.replace(
        "    v18 = add v13, v6\n",
        "    v30 = fgt v17, v7\n    br v30, b5(v17), b7\nb7 in L1:\n    v18 = add v13, v6\n",
    )
    made = after(text)
    for line in ("= not v", "= select v", "= allset v", "= or v"):
        assert line in made, made
    assert "v4f64" not in after(text.replace("fgt v17, v7", "fgt v17, v16").replace("b5(v17), b7", "b6(v12), b7"))


def test_no_target_no_lanes() -> None:
    function = parse(NEST)
    assert outer.vectorize_outer(function) is function


def test_a_loop_that_stores_goes_in_lanes_rather_than_one_inside_that_stores_nothing(tmp_path: Path) -> None:
    wide = optimized(lowered(function_of(source("nearest"), tmp_path), arrays("nearest", 3, 0)), 32)
    loops = wide.loops()
    around = {loop.parent for loop in loops}
    wide_ones = [loop for loop in loops if loop in around and loop.step > 1]
    assert wide_ones and all(loop.parent is None for loop in wide_ones)
