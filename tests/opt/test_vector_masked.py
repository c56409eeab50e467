"""Last rounds for some of the lanes: the same as the scalar loop, in the interpreter, which lets nothing outside the
arrays be touched."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.opt.vector import vectorize

from .vectors import Machine, function_of, interpreted, lowered, optimized

# Types of a and b, and whether the last round is one of these.
KERNELS = {
    "map": ("float32", "float32", True, "for i in range(len(a)): b[i] = a[i] * 2 + 1"),
    "integers": ("int32", "int32", True, "for i in range(len(a)): b[i] = a[i] * 3 - 7"),
    "quotients": (
        "float64", "float64", True, "for i in range(len(a)): b[i] = 1.5 / (a[i] * a[i] + 2.0) / (a[i] - 40.0)",
    ),
    "choice": (
        "int32", "int32", True, "for i in range(len(a)):\n  if a[i] > 3: b[i] = a[i] - 1\n  else: b[i] = 5 - a[i]",
    ),
    "some": ("float32", "float32", True, "for i in range(len(a)):\n  if a[i] > 0: b[i] = a[i] * 3"),
    "sum": ("int32", "int32", False, "s = 3\nfor i in range(len(a)): s += int(a[i])\nreturn s"),
    "sum of products": ("int32", "int32", False, "s = 3\nfor i in range(len(a)): s += int(a[i]) * int(b[i])\nreturn s"),
    "greatest": ("int32", "int32", True, "m = b[0]\nfor i in range(len(a)): m = max(m, a[i] - b[i])\nreturn m"),
    "count": ("float32", "int32", True, "s = 0\nfor i in range(len(a)):\n  if a[i] > 1: s += 1\nreturn s"),
    "any": ("float32", "int32", True, "s = False\nfor i in range(len(a)):\n  if a[i] == 2: s = True\nreturn s"),
    "where": (
        "int32", "int32", False,
        "m = a[0]\nk = -1\nfor i in range(len(a)):\n  if a[i] < m:\n    m = a[i]\n    k = i\nreturn m, k",
    ),
    "counter": ("float32", "int32", False, "for i in range(len(a)): b[i] = i * 3 + 1\nreturn i"),
    "in place": ("float32", "float32", False, "for i in range(len(a)): b[i] = b[i] * 2 + a[i]"),
    "copied": ("float64", "float64", False, "for i in range(len(a)): b[i] = a[i]"),
    "bytes": ("uint8", "uint8", True, "for i in range(len(a)): b[i] = a[i] + 3"),
    "words": ("int16", "int16", True, "for i in range(len(a)):\n  if a[i] > 3: b[i] = a[i] - 1"),
    "flags": ("bool", "bool", True, "for i in range(len(a)):\n  if a[i] or i == 3: b[i] = not a[i]"),
    "arms": (
        "uint8", "uint8", True,
        "n = 0\nfor i in range(len(a)):\n  if a[i] == 1 and b[i] != 2: n += 1\nreturn n",
    ),
    "two widths": ("int32", "float64", False, "for i in range(len(a)): b[i] = a[i] * 2.0 + 1.0"),
    "roots": ("float64", "float64", False, "for i in range(len(a)): b[i] = math.sqrt(a[i] + 9.0) / (a[i] - 20.0)"),
    "down": ("float32", "float32", False, "for i in range(len(a) - 1, -1, -1): b[i] = a[i] * 2 + 1"),
    "pairs": ("float32", "float32", False, "for i in range(len(a) // 2): b[i] = a[2 * i] * 2 + a[2 * i + 1]"),
    "last": (
        "float32", "float32", False, "x = a[0]\nfor i in range(len(a)):\n  x = a[i] * 3\n  b[i] = x + 1\nreturn x",
    ),
}  # fmt: skip


def arrays(name: str, n: int) -> list[Any]:
    rng = np.random.default_rng(n)
    values = [np.round(rng.normal(size=n) * 4).astype(dtype) for dtype in KERNELS[name][:2]]
    return [*values, values[0]]


@pytest.mark.parametrize("name", KERNELS)
def test_same_as_scalar(name: str, tmp_path: Path) -> None:
    *_, masked, body = KERNELS[name]
    function = function_of("import math\ndef f(a, b, c):\n " + body.replace("\n", "\n "), tmp_path)
    scalar = optimized(lowered(function, arrays(name, 3)), 0)
    wide = optimized(lowered(function, arrays(name, 3)), 64)
    assert ("mload" in to_text(wide)) is masked
    for n in (1, 3, 6, 7, 14, 23, 31, 70):
        left, right = arrays(name, n), arrays(name, n)
        assert interpreted(wide, right) == interpreted(scalar, left), n
        assert [x.tobytes() for x in left] == [x.tobytes() for x in right], n


LOOP = """\
func main(v0: ptr, v1: ptr, v2: i64) {
fact v2 0 1000
fact v7 0 1000
loop L0: header b2 preheader b1 counter v7 step 1 stop v2
b0(v0: ptr, v1: ptr, v2: i64):
    v4 = const i64 0
    v5 = const i64 1
    v6 = sgt v2, v4
    br v6, b1, b3
b1:
    jump b2(v4)
b2(v7: i64) in L0:
    v9 = load f32 [v1 + v7*4] region 1
    v10 = fadd v9, v9
    store f32 v10, [v0 + v7*4] region 1
    v11 = add v7, v5
    v12 = slt v11, v2
    br v12, b2(v11), b3
b3:
    ret
}
"""


def test_a_last_round_for_some_lanes() -> None:
    function = parse(LOOP)
    function.target = Machine(64)
    text = to_text(vectorize(function))
    for line in ("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]", "splat v16i32", "mload v16", "mstore v16"):
        assert line in text, text
    function = parse(LOOP)
    function.target = Machine(32)
    assert "mload" not in to_text(vectorize(function))


def test_conditions_on_the_counter_are_as_wide_as_what_they_choose(tmp_path: Path) -> None:
    body = "def f(a, b, c):\n j = c[0]\n for i in range(len(a)):\n  if i != j: b[i] = b[i] * 0.5 + a[i]"
    function = function_of(body, tmp_path)
    args = [np.arange(70.0), np.arange(70.0), np.array([33])]
    wide = optimized(lowered(function, args), 64)
    text = to_text(wide)
    assert "mload v8f64" in text
    assert "vsext v8i64" not in text
    for j in (-1, 0, 33, 69, 70, 1 << 40, -(1 << 62)):
        left, right = np.arange(70.0), np.arange(70.0)
        interpreted(wide, [np.arange(70.0) + 3, left, np.array([j])])
        function(np.arange(70.0) + 3, right, np.array([j]))
        assert left.tobytes() == right.tobytes(), j
