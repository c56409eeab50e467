"""Random comparisons of sums of squares, plain against jitted: limits that sums meet, ties, numbers of all sizes."""

from __future__ import annotations

import math
import random
from pathlib import Path

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


@pytest.mark.parametrize("seed", range(8))
def test_random_comparisons(seed: int, tmp_path: Path) -> None:
    r, rng = random.Random(seed), np.random.default_rng(seed)
    n = 40
    arrays = [
        (rng.random(n), rng.random(n)),
        (rng.integers(-3, 4, n) * 1.0, rng.integers(-3, 4, n) * 0.5),
        (np.ldexp(rng.random(n), rng.integers(-600, 500, n)), np.ldexp(rng.random(n), rng.integers(-600, 500, n))),
        (rng.choice([0.0, -0.0, 1.0, math.inf, math.nan, 1e-170, 5e-324], n), rng.random(n)),
    ]
    calls = []
    for a, b in arrays:
        x = float(a[3])
        for more in ((0.5, 1.0, math.inf), (x, x * x, 0.0), (0.0, 4.0, 1e300)):
            calls.append((a, b, *more))
    with np.errstate(all="ignore"):
        for _ in range(2):
            check(function_of(_program(r), tmp_path), *calls)
