"""Vectorised loops that load at places that come from data: tables, interpolation, permutations."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.opt import vector
from tests.opt.vectors import Machine, function_of, interpreted, is_vectorized, lowered, optimized
from tests.support import bits, outcome

# name -> (whether it must vectorise, body): x are indices, t a table, g one of two axes, w numbers, c goes out
KERNELS: dict[str, tuple[bool, str]] = {
    "one": (True, "for i in range(len(x)): c[i] = math.sqrt(t[x[i]]) / (1.0 + t[x[i]] * t[x[i]])"),
    "backwards": (True, "for i in range(len(x) - 1, -1, -1): c[i] = math.sqrt(t[x[i]]) / (1.0 + t[x[i]] * w[i])"),
    "neighbours": (
        True, "for i in range(len(x)):\n  p = w[i] * (len(t) - 1)\n  j = int(p)\n"
        "  c[i] = t[j] + (p - j) * (t[j + 1] - t[j])",
    ),
    "clipped": (
        True, "for i in range(len(x)):\n  p = w[i] * (len(t) - 1)\n  j = int(p)\n  if j < 0: j = 0\n"
        "  if j > len(t) - 2: j = len(t) - 2\n  c[i] = t[j] * (1.0 - p + j) + (p - j) * t[j + 1]",
    ),
    "on both sides": (
        True, "for i in range(len(x)):\n  j = x[i]\n"
        "  c[i] = math.sqrt(t[j - 1] * 0.5 + t[j] + t[j + 1] * 0.25) / (w[i] + t[j - 1])",
    ),
    "two axes": (
        True, "for i in range(len(x)):\n  r, p = int(w[i] * 3.0), x[i]\n"
        "  c[i] = g[r, p] * 0.5 + g[r, p + 1] / 3.0 + math.sqrt(g[r + 1, p]) + g[r + 1, p + 1]",
    ),
    "a row": (True, "for i in range(len(x)): c[i] = math.sqrt(g[1, x[i]]) / (1.0 + g[2, x[i]])"),
    "a short table": (True, "for i in range(len(x)): c[i] = math.sqrt(t[x[i] & 15]) / (1.0 + t[x[i] & 15])"),
    "two tables": (True, "for i in range(len(x)): c[i] = math.sqrt(t[x[i]] * w[x[i]]) / (1.0 + w[x[i]])"),
    "sum": (True, "s = 0\nfor i in range(len(x)): s += int(math.sqrt(t[x[i]] * 3.0) / (1.0 + t[x[i]]))\nreturn s"),
    "least": (
        True, "s = 1e9\nfor i in range(len(x)):\n  v = math.sqrt(t[x[i]]) / (1.0 + t[x[i]])\n  if v < s: s = v\n"
        "return s",
    ),
    "after a store": (True, "for i in range(len(x)):\n  w[i] = x[i]\n  c[i] = math.sqrt(t[x[i]]) / (1.0 + t[x[i]])"),
    "left early": (
        True, "for i in range(len(x)):\n  if w[i] > 0.9: break\n  v = t[x[i]] + g[0, x[i]]\n"
        "  c[i] = v * v * w[i] + 3.0 * v - abs(v - w[i]) * (v + 1.0)\nreturn i",
    ),
    "what is stored": (False, "for i in range(len(x)): t[i] = math.sqrt(t[x[i]]) / (1.0 + t[x[i]])"),
    "of what is looked up": (False, "for i in range(len(x)): c[i] = math.sqrt(t[x[x[i]]]) / (1.0 + t[x[i]])"),
    "in an arm": (False, "for i in range(len(x)):\n  if w[i] > 0.5: c[i] = math.sqrt(t[x[i]]) / (1.0 + t[x[i]])"),
    "the counter's": (False, "for i in range(len(x)): c[i] = math.sqrt(t[i * i % 7]) / (1.0 + t[i * i % 7])"),
    "only moved": (False, "for i in range(len(x)): c[i] = t[x[i]]"),
}  # fmt: skip
BAD = (0, -1, 10**6, -(10**6), 40, 39, -40, -41)


def data(n: int, bad: int, at: int, index: str = "int64", element: str = "float64") -> list[np.ndarray[Any, Any]]:
    """`at`: where x is `bad`, if there is such a place."""
    rng = np.random.default_rng(n)
    x = rng.integers(1, 6, n).astype(index)
    w = rng.random(n + 6) * 0.8
    if 0 <= at < n:
        x[at], w[at] = np.array(bad).astype(index), bad / 8.0
    tables = (rng.random(40) * 30 + 1, rng.random((6, 7)) * 30 + 1)
    return [x, *[table.astype(element) for table in tables], w, np.zeros(n)]


def kernel(name: str, directory: Path) -> Any:
    return function_of("def f(x, t, g, w, c):\n " + KERNELS[name][1].replace("\n", "\n "), directory)


@pytest.mark.parametrize("name", KERNELS)
def test_as_in_cpython(name: str, tmp_path: Path) -> None:
    function = kernel(name, tmp_path)
    for size in (32, 64):
        assert is_vectorized(optimized(lowered(function, data(5, 0, -1)), size)) is KERNELS[name][0], size
    for index, element in (("int64", "float64"), ("int32", "float32"), ("uint8", "int16"), ("int16", "int64")):
        jitted = jit(function)
        for n, at in ((0, -1), (9, 0), (70, -1), (70, 3), (70, 16), (70, 69)):
            for bad in BAD if index == "int64" else (-1, 40):
                left, right = data(n, bad, at, index, element), data(n, bad, at, index, element)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    wanted = outcome(function, left)
                assert outcome(jitted, right) == wanted, (index, n, at, bad)
                assert list(map(bits, left)) == list(map(bits, right)), (index, n, at, bad)


@pytest.mark.parametrize("name", [name for name, (vectorized, _) in KERNELS.items() if vectorized])
def test_through_the_interpreter(name: str, tmp_path: Path) -> None:
    """It refuses what is outside of the arrays."""
    function = kernel(name, tmp_path)
    scalar = optimized(lowered(function, data(5, 0, -1)), 0)
    for size in (64, 32, 16):
        vectorized = optimized(lowered(function, data(5, 0, -1)), size)
        for n, at, bad in ((40, -1, 0), (40, 0, 40), (41, 19, -1), (41, 38, 10**6), (40, 17, -(10**6)), (3, 1, -1)):
            left, right = data(n, bad, at), data(n, bad, at)
            assert interpreted(vectorized, right) == interpreted(scalar, left), (size, n, at, bad)
            assert list(map(bits, left)) == list(map(bits, right)), (size, n, at, bad)


@pytest.mark.parametrize("name", ["one", "neighbours", "two axes", "a row", "sum"])
def test_tables_that_are_short_strided_or_stored_to(name: str, tmp_path: Path) -> None:
    function = kernel(name, tmp_path)
    jitted = jit(function)
    for k in range(7):
        both = []
        for _ in "ab":
            x, t, g, w, c = data(50, 0, -1)
            if k == 0:
                t, g = t[:0], g[:0]
            elif k == 1:
                t, g = t[::-1], g[::-1, ::-1]
            elif k == 2:
                t, g = np.repeat(t, 3)[::3], np.repeat(g, 2, 1)[:, ::2]
            elif k == 3:
                g, t = g.T.copy().T, np.broadcast_to(t[:1], 40).copy()
            elif k >= 4:
                whole = np.arange(200.0) % 23 + 1
                c, t, g = whole[30 * (k - 4) :][:50], whole[20:60], whole[60:102].reshape(6, 7)
            both.append([x, t, g, w, c])
        assert outcome(jitted, both[1]) == outcome(function, both[0]), k
        assert list(map(bits, both[0])) == list(map(bits, both[1])), k


LOOP = """\
func main(v0: ptr, v1: ptr, v2: ptr, v3: i64, v4: i64, v5: ptr) {
fact v3 0 1000
fact v4 0 1000
fact v9 0 1000
site 0: line 3 index
loop L0: header b2 preheader b1 counter v9 step 1 stop v3
b0(v0: ptr, v1: ptr, v2: ptr, v3: i64, v4: i64, v5: ptr):
    v6 = const i1 false
    v7 = const i64 0
    v8 = const i64 1
    jump b1
b1:
    jump b2(v7, v6)
b2(v9: i64, v10: i1) in L0:
    v11 = load i64 [v1 + v9*8] region 1
    v12 = index v11, v4, v10, !0
    v13 = load f64 [v2 + v12*8] region 1
    v14 = add v11, v8
    v15 = index v14, v4, v10, !0
    v16 = load f64 [v2 + v15*8] region 1
    v17 = fsub v16, v13
    v18 = fdiv v17, v16
    v19 = fsqrt v18
    v20 = const i1 true
    store f64 v19, [v5 + v9*8] region 1
    v21 = add v9, v8
    v22 = slt v21, v3
    br v22, b2(v21, v20), b3
b3:
    ret
}
"""


def test_two_neighbours_are_one_load_behind_one_check() -> None:
    function = parse(LOOP)
    function.target = Machine(32)
    after = to_text(vector.vectorize(function))
    entry, _, behind = after.partition(" in L0:")
    whole, _, rest = behind.partition(" cold:")
    assert "sgt v4, " in entry  # the table has both elements, if it is entered
    assert whole.count("= ugt ") == 1 and whole.count("= anyset ") == 1, after
    assert whole.index("= anyset ") < whole.index("load v2f64"), after
    assert whole.count("= lane ") == 4 and whole.count("load v2f64") == 4 and whole.count("= shuffle ") == 2, after
    assert "index v" not in whole and rest.count("= index ") == 2, after


def test_lanes_that_are_not_checked_are_known_to_be_good() -> None:
    text = LOOP.replace("load i64 [v1 + v9*8]", "load u8 [v1 + v9*1]").replace("    v14 = add v11, v8\n", "")
    text = text.replace("    v15 = index v14, v4, v10, !0\n", "").replace("[v2 + v15*8]", "[v2 + v12*8 + 8]")
    function = parse(text)
    function.target = Machine(32)
    after = to_text(vector.vectorize(function))
    assert "const i64 255" in after and "sgt v4, " in after and "= anyset " not in after, after
    assert after.count("load v2f64") == 16, after


def automaton(text: Any, n: int) -> tuple[int, int]:
    table = np.zeros((n, 256), np.int32)
    counts = np.zeros(n, np.int32)
    counts[n - 1] = 1
    for k in range(n):
        table[k, 97 + k % 4] = (k + 1) % n
    state = 0
    total = 0
    for c in text:
        state = table[state, c]
        total += counts[state]
    return total, state


def test_a_place_that_an_iteration_leaves_to_the_next() -> None:
    text = (np.arange(500) % 4 + 97).astype(np.uint8)
    f = jit(strict=True)(automaton)
    for part in (text, text[:3], text[7:9], text[::-1].copy()):
        assert f(part, 8) == automaton(part, 8)
