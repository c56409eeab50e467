"""Loops cut where they store what they load each time: the interpreter shows what it shows for them as written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jitney.ir.function import Function
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from jitney.opt import sections
from tests.opt.vectors import function_of, interpreted, is_vectorized, lowered, optimized

# Whether it is cut, and the body; `a` has two dimensions, `b` one.
LOOPS: dict[str, tuple[bool, str]] = {
    "paths": (
        True,
        "n = len(b)\nfor k in range(n):\n for i in range(n):\n  for j in range(n):\n"
        "   if a[i, k] + a[k, j] < a[i, j]: a[i, j] = a[i, k] + a[k, j]",
    ),
    "paths, always stored": (
        True,
        "n = len(b)\nfor k in range(n):\n for i in range(n):\n  for j in range(n):\n"
        "   a[i, j] = min(a[i, j], a[i, k] + a[k, j])",
    ),
    "from its middle": (True, "m = len(b) // 2\nfor j in range(len(b)): b[j] = b[j] * 0.5 + b[m]"),
    "from two places": (True, "m = len(b) // 2\nfor j in range(len(b)): b[j] = b[1] * 0.5 + b[m]"),
    "from further on": (True, "m = len(b) // 2\nfor j in range(len(b) - 3): b[j + 3] += b[m]"),
    "loaded after the store": (False, "for j in range(len(b)):\n b[j] += 1.0\n b[j] += b[2]"),
    "stored elsewhere": (False, "for j in range(len(b)):\n b[j] += b[2]\n a[0, 0] = b[j]"),
    "plainly before": (False, "for j in range(3, len(b)): b[j] += b[2]"),
    "backwards": (False, "for j in range(len(b) - 1, -1, -1): b[j] += b[2]"),
    "each second": (False, "for j in range(len(b) // 2): b[2 * j] += b[2]"),
}


@pytest.mark.parametrize("name", LOOPS)
def test_same_as_written(name: str, tmp_path: Path) -> None:
    body = LOOPS[name][1].replace("\n", "\n    ")
    function = function_of(f"def f(a, b):\n    {body}\n", tmp_path)
    sample = [np.zeros((2, 2)), np.zeros(2)]
    scalar = optimized(lowered(function, sample), 0, ("sections",))
    wide = optimized(lowered(function, sample), 32)
    plain = optimized(lowered(function, sample), 32, ("sections",))
    assert (len(wide.loops()) != len(plain.loops()) or is_vectorized(wide) != is_vectorized(plain)) is LOOPS[name][0]
    for n in (0, 1, 3, 4, 13):
        rng = np.random.default_rng(n)
        values = [np.round(8 * rng.normal(size=shape)) for shape in ((n, n), n)]
        left, right = [x.copy() for x in values], [x.copy() for x in values]
        assert interpreted(wide, right) == interpreted(scalar, left), n
        assert [x.tobytes() for x in left] == [x.tobytes() for x in right], n


ROW = """\
func main(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: f64) -> i64 {
loop L0: header b1 preheader b0 counter v7 step 1 stop v3
b0(v0: ptr, v1: ptr, v2: i64, v3: i64, v4: f64):
    v5 = const i64 0
    v6 = const i64 1
    jump b1(v5)
b1(v7: i64) in L0:
    v8 = load f64 [v1 + v2*8] region 1
    v9 = load f64 [v1 + v7*8 + 16] region 1
    v10 = fadd v8, v9
    store f64 v10, [v1 + v7*8 + 16] region 1
    v12 = add v7, v6
    v13 = slt v12, v3
    br v13, b1(v12), b2
b2:
    ret v12
}
"""


def after(text: str) -> Function:
    function = parse(text)
    verify(function)
    function = sections.cut(function)
    verify(function)
    return function


def test_two_sections() -> None:
    text = to_text(after(ROW))
    assert "parent L0" in text and "= lshr v" in text and "= const i64 -16" in text, text
    inner = text[text.index("in L1") :]
    assert inner.count("= load f64") == 1 and "[v1 + v2*8]" not in inner, text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[v1 + v2*8]", "[v0 + v2*8]"),  # perhaps another array
        ("[v1 + v2*8]", "[v1 + v2*4]"),  # not a whole number of elements further
        ("[v1 + v2*8]", "[v1 + v7*8]"),  # another place each time
        ("store f64 v10, [v1 + v7*8 + 16]", "store f64 v10, [v1 + v7*4 + 16]"),
        ("v13 = slt v12, v3", "v14 = slt v12, v3\n    v15 = flt v9, v4\n    v13 = and v14, v15"),
        ("jump b1(v5)", "v14 = add v2, v6\n    jump b1(v14)"),  # begins behind it
    ],
)
def test_left_alone(old: str, new: str) -> None:
    assert old in ROW
    text = ROW.replace(old, new)
    assert len(after(text).loops()) == 1
