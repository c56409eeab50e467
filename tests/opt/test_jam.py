"""Jammed loops: the interpreter shows what it shows for the nest as written; and those are jammed that should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.ir.function import Function
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from jitney.opt import PASSES, jam
from tests.opt.vectors import Machine, function_of, interpreted, lowered, optimized

# Whether it is jammed, dimensions of the arrays a, b and c, the body. They are called with any arrays.
ROWS: dict[str, tuple[bool, str, str]] = {
    "product": (
        True, "222",
        "for i in range(a.shape[0]):\n for k in range(a.shape[1]):\n  for j in range(b.shape[1]):\n"
        "   c[i, j] += a[i, k] * b[k, j]",
    ),
    "with a factor, and set before": (
        True, "222",
        "for i in range(a.shape[0]):\n for j in range(b.shape[1]): c[i, j] = 1.0\n for k in range(a.shape[1]):\n"
        "  x = a[i, k] * 0.5\n  for j in range(b.shape[1]):\n   c[i, j] = c[i, j] - x * b[k, j]",
    ),
    "in place": (
        True, "222",
        "for i in range(a.shape[0]):\n for k in range(2):\n  for j in range(b.shape[1]):\n"
        "   c[i, j] += c[i, k] * b[k, j]",
    ),
    "two rows one after the other": (
        False, "222",
        "n, m = b.shape\nh = m // 2\nfor i in range(n):\n for k in range(n):\n"
        "  for j in range(h): c[i, j] += a[k, i] * b[k, j]\n"
        "  for j in range(h): c[i, j + h] -= a[k, i] * b[k, j]",
    ),
    "each other row": (
        True, "222",
        "n = b.shape[0]\nfor i in range(n // 2):\n for k in range(n):\n"
        "  for j in range(n - 1, -1, -1): c[2 * i, j] += a[i, k] * b[k, j]",
    ),
    "rows that may be counted from the end": (
        True, "222",
        "n = a.shape[0]\nfor i in range(n - 6, n - 1):\n for k in range(a.shape[1]):\n  for j in range(b.shape[1]):\n"
        "   c[i, j] += a[i, k] * b[k, j]",
    ),
    "triangle": (
        True, "222",
        "for i in range(a.shape[0]):\n for k in range(i):\n  for j in range(1, i): c[i, j] += a[i, k] * b[k, j]",
    ),
    "vector times matrix": (
        True, "122", "for k in range(len(a)):\n for j in range(len(a)): b[0, j] += a[k] * c[k, j]",
    ),
    "vector times matrix, both ways": (
        True, "112",
        "for k in range(len(a)):\n for j in range(len(a)):\n  a[j] += b[k] * c[k, j]\n  b[k] += 1.0",
    ),
    "two rows, backwards": (
        True, "122",
        "for k in range(len(a)):\n for j in range(len(a) - 1, -1, -1):\n  b[0, j] += a[k] * c[k, j]\n"
        "  b[2, j] *= a[k]\n  b[2, j] += c[k, j]",
    ),
    "the next element": (False, "122", "for k in range(len(a)):\n for j in range(2): b[0, j + 1] += a[k] * b[0, j]"),
    "one element": (False, "122", "for k in range(len(a)):\n for j in range(len(a)): b[0, 1] += a[k] * c[k, j]"),
    "its own rows": (False, "122", "for k in range(len(a)):\n for j in range(len(a)): b[k, j] += a[k] * c[k, j]"),
    "never loaded": (False, "122", "for k in range(len(a)):\n for j in range(len(a)): b[0, j] = a[k] * c[k, j]"),
    "another length each time": (False, "122", "for k in range(len(a)):\n for j in range(k): b[0, j] += a[k]"),
}  # fmt: skip


def source(name: str) -> str:
    body = ROWS[name][2].replace("\n", "\n    ")
    return f"def f(a, b, c):\n    {body}\n"


def arrays(name: str, n: int, shared: bool = False) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(n)
    shapes = {"1": (n,), "2": (n, n + 1)}
    made = [np.round(4 * rng.normal(size=shapes[dim])) / 2 for dim in ROWS[name][1]]
    if shared:
        for k in (1, 2):
            if made[k].shape == made[0].shape:
                made[k] = made[0]
    return made


def is_jammed(function: Function) -> bool:
    outer = {loop.parent for loop in function.loops()}
    steps = [(loop.step, loop.parent.step if loop.parent else 1) for loop in function.loops() if loop in outer]
    return (4, 1) in steps or (2, 2) in steps


@pytest.mark.parametrize("name", ROWS)
def test_same_as_written(name: str, tmp_path: Path) -> None:
    function = function_of(source(name), tmp_path)
    sample = arrays(name, 3)
    scalar = optimized(lowered(function, sample), 0)
    wide = optimized(lowered(function, sample), 32)
    assert is_jammed(wide) is ROWS[name][0]
    for n in (0, 1, 4, 11):
        for shared in (False, True):
            left, right = arrays(name, n, shared), arrays(name, n, shared)
            assert interpreted(wide, right) == interpreted(scalar, left), (n, shared)
            assert [x.tobytes() for x in left] == [x.tobytes() for x in right], (n, shared)


@pytest.mark.parametrize("short", [1, 2])
def test_out_of_range_as_written(short: int, tmp_path: Path) -> None:
    name = "product"
    function = function_of(source(name), tmp_path)
    wide, scalar = (optimized(lowered(function, arrays(name, 3)), size) for size in (32, 0))
    shown, stored = [], []
    for code in (wide, scalar):
        given = arrays(name, 9)
        given[short] = given[short][:7].copy()
        shown.append(interpreted(code, given))
        stored.append(given[2].tobytes())
    assert shown[0] == shown[1] and "Failure" in shown[0]
    assert stored[0] == stored[1]


NEST = """\
func main(v0: ptr, v1: ptr, v2: ptr, v3: ptr, v4: i64, v5: i64) -> i64, i1 {
fact v4 0 1000
fact v5 0 1000
site 0: line 1 poll
loop L0: header b2 preheader b1 counter v11 step 1 stop v4
loop L1: header b4 preheader b3 parent L0 counter v21 step 1 stop v5
b0(v0: ptr, v1: ptr, v2: ptr, v3: ptr, v4: i64, v5: i64):
    v6 = const i64 0
    v7 = const i64 1
    v8 = const i64 32768
    v9 = const i1 false
    v10 = const i1 true
    v14 = sgt v4, v6
    v15 = sgt v5, v6
    br v14, b1, b6(v8, v9)
b1:
    jump b2(v6, v8, v9)
b2(v11: i64, v12: i64, v13: i1) in L0:
    v16 = load f64 [v1 + v11*8] region 1
    v17 = mul v11, v5
    v18 = shl v17, v19
    v20 = ptradd v2, v18
    br v15, b3, b5(v12, v13)
b3 in L0:
    jump b4(v6, v12, v13)
b4(v21: i64, v22: i64, v23: i1) in L1:
    v24 = load f64 [v3 + v21*8] region 1
    v25 = load f64 [v20 + v21*8] region 1
    v26 = fmul v16, v25
    v27 = fadd v24, v26
    store f64 v27, [v3 + v21*8] region 1
    v29 = poll v22, v10, !0, 1
    v30 = add v21, v7
    v31 = slt v30, v5
    br v31, b4(v30, v29, v10), b5(v29, v10)
b5(v32: i64, v33: i1) in L0:
    v34 = poll v32, v33, !0, 1
    v35 = add v11, v7
    v36 = slt v35, v4
    br v36, b2(v35, v34, v33), b6(v34, v33)
b6(v37: i64, v38: i1):
    ret v37, v38
}
""".replace("    v10 = const i1 true\n", "    v10 = const i1 true\n    v19 = const i64 3\n")


def after(text: str) -> str:
    function = parse(text)
    verify(function)
    function.target = Machine(32)
    function = jam.jam(function)
    verify(function)
    return to_text(function)


def test_four_at_once() -> None:
    text = after(NEST)
    inner = text[text.index("step 4") :]
    body = inner[inner.index("jump b", inner.index(" = load f64 [v1")) :].split("store f64", 1)[0]
    assert body.count("fadd") == 4 and body.count("= load f64 [v3 ") == 1 and body.count("= load f64") == 5, text
    assert text.count("store f64") == 2 and text.count("poll") == 1 + 1 + 2  # the site, jammed, as it was


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("store f64 v27, [v3 + v21*8]", "store f64 v27, [v20 + v21*8]"),  # another row each time
        ("store f64 v27, [v3 + v21*8]", "store f64 v27, [v3 + v21*4]"),  # places that overlap
        ("store f64 v27, [v3 + v21*8]", "store f64 v27, [v3 + v21*8 + 8]"),  # loaded by the next iteration
        ("v26 = fmul v16, v25", "v26 = fmul v16, v16\n    store f64 v16, [v3]"),
        ("b4(v6, v12, v13)", "b4(v11, v12, v13)"),  # another number of iterations each time
        ("v35 = add v11, v7", "store f64 v16, [v1]\n    v35 = add v11, v7"),  # a store behind the inner loop
        ("v25 = load f64", "v40 = fgt v24, v16\n    guard v40, v23, !0\n    v25 = load f64"),  # a check on data
        ("v36 = slt v35, v4", "v36 = slt v35, v5"),  # another test
    ],
)
def test_left_alone(old: str, new: str) -> None:
    assert old in NEST
    text = NEST.replace(old, new)
    assert "step 4" not in after(text)


def test_no_target_no_jam() -> None:
    function = parse(NEST)
    assert jam.jam(function) is function


def test_rows_that_overlap() -> None:
    def product(a: Any, b: Any, c: Any) -> None:
        for i in range(a.shape[0]):
            for k in range(a.shape[1]):
                for j in range(b.shape[1]):
                    c[i, j] += a[i, k] * b[k, j]

    jitted = jit(product)
    a, b = np.arange(54.0).reshape(6, 9) - 20, np.arange(90.0).reshape(9, 10) / 8
    for apart in (10, 9, 3, 0, -4, -10):
        memory = [np.arange(130.0) for _ in range(2)]
        for run, where in zip((product, jitted), memory):
            for _ in range(2):
                run(a, b, np.lib.stride_tricks.as_strided(where[60:], (6, 10), (8 * apart, 8)))
        assert memory[0].tobytes() == memory[1].tobytes(), apart


def test_two_by_two(tmp_path: Path) -> None:
    """The innermost loop of a product: two updates of each of two rows. (The elements of `a` are moved out later.)"""
    function = lowered(function_of(source("product"), tmp_path), arrays("product", 3))
    for name, work in PASSES:
        function.target = Machine(32)
        function = work(function)
        verify(function)
        if name == "jam":
            break
    (row,) = [loop.header for loop in function.loops() if loop.parent is not None and loop.parent.step == 2 and
              loop.parent.parent is not None and loop.parent.parent.step == 2]  # fmt: skip
    done = [function.ops[v].name for v in row.insts]
    assert [done.count(name) for name in ("load", "store", "fmul", "fadd")] == [8, 2, 4, 4], to_text(function)
