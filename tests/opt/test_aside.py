"""Loads in arms, whose address the loop has been at in another iteration: the iterations that have not are left to the
copy with checks in front of the loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from jitney.opt import carry, sections
from tests.opt.vectors import function_of, interpreted, lowered, optimized

# As `split` leaves it: b1 goes to the loop without checks, or to one iteration with all of them.
LOOP = """\
func main(v0: ptr, v1: ptr, v2: i64, v3: i64) {{
loop L0: header b1 preheader b0
loop L1: header b3 preheader b2 parent L0 counter v9 step 1 stop v7
b0(v0: ptr, v1: ptr, v2: i64, v3: i64):
    v4 = const i64 1
    v5 = const f64 0.0
    jump b1(v4, v2)
b1(v6: i64, v7: i64) in L0:
    v8 = slt v6, v7
    br v8, b2, b7
b2 in L0:
    jump b3(v6)
b3(v9: i64) in L1:
    v10 = load f64 [v1 + v9*8] region 1
    v11 = flt v10, v5
    br v11, b4, b5(v10)
b4 in L1:
    v12 = load f64 [v0 + {place}] region 1
    jump b5(v12)
b5(v13: f64) in L1:
    store f64 v13, [v0 + v9*8] region 1
    v15 = add v9, v4
    v16 = slt v15, v7
    br v16, b3(v15), b6
b6 in L0:
    v17 = slt v15, v2
    br v17, b1(v15, v2), b8
b7 in L0:
    v18 = load f64 [v0 + {place_aside}] region 1
    store f64 v18, [v0 + v6*8] region 1
    v20 = add v6, v4
    v21 = slt v20, v2
    br v21, b1(v20, v2), b8
b8:
    ret
}}
"""
BEFORE = LOOP.format(place="v9*8 - 8", place_aside="v6*8 - 8")
STEADY = LOOP.format(place="v3*8", place_aside="v3*8")


@pytest.mark.parametrize("checked", [True, False])
def test_carried_from_the_second_iteration_on(checked: bool) -> None:
    function = parse(BEFORE)
    function.loops()[0].checked = checked
    function = carry.carry(function)
    verify(function)
    text = to_text(function)
    assert ("ne v6, v4" in text and "and v8" in text) is checked
    assert ("[v0 + v9*8 - 8]" in text) is not checked


@pytest.mark.parametrize("checked", [True, False])
def test_sections_where_the_place_is_stored(checked: bool) -> None:
    function = parse(STEADY)
    function.loops()[0].checked = checked
    function = sections.cut(function)
    verify(function)
    text = to_text(function)
    assert ("ult" in text and "and v8" in text) is checked
    assert (len(function.loops()) == 3) is checked


LOOPS = {
    "least of three":
    "for i in range(1, len(a)):\n  c = b[i - 1]\n  if a[i] != b[i]: c = min(c + 1, b[i] + 2, a[i - 1])\n  a[i] = c",
    "down": "for i in range(len(a) - 2, -1, -1): a[i] = a[i + 1] * 2 if b[i] > 0 else b[i]",
    "from zero on": "for i in range(len(a)): a[i] = a[i - 1] + 1 if b[i] > 0 else b[i]",
    "two before": "for i in range(2, len(a)): a[i] = a[i - 2] + 1 if b[i] > 0 else b[i]",
    "both": "for i in range(1, len(a)): a[i] = a[i - 1] + a[m] if b[i] > 0 else b[i]",
    "stored sometimes": "for i in range(1, len(a)):\n  if b[i] > 0: a[i] = a[i - 1] + 1",
    "left early": "for i in range(1, len(a)):\n  if b[i] == 3: break\n  a[i] = a[i - 1] + 1 if b[i] > 0 else a[m]",
    "one place": "for i in range(len(a)): a[i] = b[i] if b[i] > 0 else a[m] - b[i]",
    "rows": "for i in range(len(d)):\n  for j in range(len(d)): d[i, j] = d[i, j] if b[j] > 0 else d[i, m] - d[m, j]",
    "the last one": "for i in range(len(a) - 1): a[i] = b[i] if b[i] > 0 else a[len(a) - 1] - b[i]",
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_same_as_written(name: str, tmp_path: Path) -> None:
    body = LOOPS[name].replace("\n", "\n    ")
    function = function_of(f"def f(a, b, d, e):\n    m = len(e)\n    {body}\n", tmp_path)

    def arguments(n: int, m: int) -> list[object]:
        rng = np.random.default_rng([n, m])
        return [*[rng.integers(-5, 5, shape).astype(float) for shape in (n, n, (n, n), m)]]

    scalar = optimized(lowered(function, arguments(2, 1)), 0, ("sections", "carry"))
    wide = optimized(lowered(function, arguments(2, 1)), 32)
    for n, m in ((1, 0), (2, 1), (3, 5), (9, 0), (9, 8), (22, 13)):
        left, right = arguments(n, m), arguments(n, m)
        assert interpreted(wide, right) == interpreted(scalar, left), (n, m)
        assert [np.asarray(x).tobytes() for x in left] == [np.asarray(x).tobytes() for x in right], (n, m)
