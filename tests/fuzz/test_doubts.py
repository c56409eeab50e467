"""Random comparisons of sums of squares, and sums, plain against jitted: limits that are met, ties, all sizes."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.opt.vectors import function_of
from tests.support import check

TERMS = ("a[i]", "b[i]", "a[i] - b[i]", "a[i] - x", "b[i] * 0.5", "a[j] - b[i]")


def _sum(r: random.Random) -> str:
    squares = [f"({r.choice(TERMS)}) ** 2" for _ in range(r.choice((1, 2, 2, 3)))]
    if r.random() < 0.2:
        squares.append(r.choice(("0.25", "abs(a[i])", "b[i]")))
    text = " + ".join(squares)
    return f"math.sqrt({text})" if r.random() < 0.3 else text


def _program(r: random.Random) -> str:
    operator = r.choice(("<", "<=", ">", ">="))
    limit = r.choice(("x", "1.0", "best", "best", "y", _sum(r)))
    test = f"d {operator} {limit}" if r.random() < 0.7 else f"{limit} {operator} d"
    body = r.choice((
        f"if {test}:\n                n += 1",
        f"if {test}:\n                best = d\n                n = i",
        f"if {test}:\n                n += 2\n            else:\n                best = d",
        f"best = {r.choice(('min', 'max'))}({r.choice(('best, d', 'd, best'))})",
    ))  # fmt: skip
    return f"""\
def f(a, b, x, y, best):
    n = 0
    for j in range(0, len(a), {r.choice((7, 29))}):
        for i in range(len(a)):
            d = {_sum(r)}
            {body}
        if best != best:
            best = 1.0
    return n, float(best)
"""


def _term(r: random.Random) -> str:
    power = f"({r.choice(TERMS)}) ** {r.choice((2, 2, 2, 4, 3, 0.5, -1.5))}"
    k = r.randrange(8)
    if k == 0:
        return f"b[i] * {power}"
    if k == 1:
        return f"{power} / {r.choice(('x', '3.0', '-0.7'))}"
    if k == 2:
        return f"np.sqrt({power} + ({r.choice(TERMS)}) ** 2)"
    return power


def _sums(r: random.Random) -> str:
    lines = []
    for _ in range(r.choice((1, 1, 2))):
        terms = f" {r.choice('+-')} ".join([_term(r) for _ in range(r.choice((1, 1, 2, 3)))])
        lines.append(f"{r.choice('st')} {r.choice(('+=', '+=', '-='))} {terms}")
    if r.random() < 0.3:
        lines.append("out[i] = s if s == s else 7.0")  # which NaN it is, is not promised
    body = "\n            ".join(lines)
    return f"""\
import numpy as np

def f(a, b, x, y, best, out):
    s = t = 0.0
    for j in range(0, len(a), {r.choice((7, 29))}):
        for i in range({r.choice(("len(a)", "3", "1, len(a)"))}):
            {body}
        out[j] += t if t == t else 1.0
    return float(s), float(t)
"""


@pytest.mark.parametrize("seed", range(8))
def test_random_comparisons(seed: int, tmp_path: Path) -> None:
    r, rng = random.Random(seed), np.random.default_rng(seed)
    calls = _calls(rng, 40, np.dtype(r.choice((np.float64, np.float32))))
    with np.errstate(all="ignore"):
        for _ in range(2):
            check(function_of(_program(r), tmp_path), *calls)
        for _ in range(2):
            more = [(*call, np.zeros_like(call[0])) for call in calls[:: r.choice((2, 3))]]
            check(function_of(_sums(r), tmp_path), *more)


def _mostly(rng: np.random.Generator, special: list[float], n: int) -> np.ndarray[Any, Any]:
    """Small numbers, but for a few: of many, one hides the other."""
    found = rng.integers(1, 4, n) * 0.5
    found[rng.integers(0, 4, 2)] = rng.choice(special, 2)
    return found


def _calls(rng: np.random.Generator, n: int, dtype: np.dtype[Any]) -> list[tuple[object, ...]]:
    double = dtype == np.float64
    low, high, small, least = (-600, 500, 1e-170, 5e-324) if double else (-75, 62, 1e-21, 1e-45)
    arrays = [
        (rng.random(n), rng.random(n)),
        (rng.integers(-3, 4, n) * 1.0, rng.integers(-3, 4, n) * 0.5),
        (np.ldexp(rng.random(n), rng.integers(low, high, n)), np.ldexp(rng.random(n), rng.integers(low, high, n))),
        (rng.choice([0.0, -0.0, 1.0, math.inf, math.nan, small, least], n), rng.random(n)),
        (_mostly(rng, [0.5 / small, math.inf, small], n), _mostly(rng, [0.0, -0.0, 0.25 / small], n)),
    ]
    calls: list[tuple[object, ...]] = []
    for a, b in arrays:
        x = float(a.astype(dtype)[3])
        for more in ((0.5, 1.0, math.inf), (x, x * x, 0.0), (0.0, 4.0, 1e300 if double else 1e30)):
            calls.append((a.astype(dtype), b.astype(dtype), *more))
    return calls
