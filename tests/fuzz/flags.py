"""Random loops that carry a flag or the last number around: words, edges, runs, changes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

_DTYPES = ("uint8", "int8", "uint16", "int32", "int64", "bool")
_CONDITIONS = ("c == 32", "c == 10", "c != 7", "c > 9", "c > 100", "c & 1 == 1", "x < 40", "x > 0", "c < x")
_JOINED = ("{}", "{} or {}", "{} and {}", "not {}", "{} or {} or {}")


class Flags:
    """A function `f(a, b, o)` of three arrays of integers.

    Attributes:
        source: its text.
        dtypes: of the arrays.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.dtypes = [rng.choice(_DTYPES), rng.choice(("uint8", "int16", "int64")), rng.choice(("uint8", "int64"))]
        start = rng.choice(("False", "True", "0", "-1", "255", "3"))
        body = [self.use("p"), self.flag()] if start in ("False", "True") else [
            self.use(rng.choice(("p == c", f"p > {rng.randrange(200)}", "p", "p < x"))), self.number()
        ]  # fmt: skip
        rng.shuffle(body)
        lines = [rng.choice(("c = int(a[i])", "c = a[i]")), "x = int(b[i])", *[line for part in body for line in part]]
        self.source = "\n".join([
            "def f(a, b, o):",
            *[f"    {name} = 0" for name in "nmq"], f"    p = {start}",
            f"    for i in range({rng.choice(('len(a)', '3, len(a)', 'len(a) - 1, -1, -1'))}):",
            *[f"        {line}" for line in lines],
            f"    return n, m, p{rng.choice(('', ', q'))}", "",
        ])  # fmt: skip

    def condition(self) -> str:
        return self.rng.choice(_JOINED).format(*[self.rng.choice(_CONDITIONS) for _ in range(3)])

    def use(self, test: str) -> list[str]:
        return self.rng.choice((
            [f"if {test} and {self.condition()}: n += 1"], [f"if not ({test}): n += 5"], [f"o[i] = 7 if {test} else 1"],
            [f"if {test}: m = max(m, x)", f"elif {self.condition()}: n += c"],
            [f"n += 1 if {test} else 0", f"o[i] = x & 127 if {self.condition()} else 3"],
        ))  # fmt: skip

    def flag(self) -> list[str]:
        on, off = self.condition(), self.condition()
        return self.rng.choice((
            [f"p = {on}"], ["q = p", f"p = {on}"], [f"if {off}: p = False", "else: p = True"],
            [f"if {off}: p = False", "elif not p: p = True; n += 1"], [f"if {on}: p = True", f"elif {off}: p = False"],
        ))  # fmt: skip

    def number(self) -> list[str]:
        on = self.condition()
        return self.rng.choice((
            ["p = c"], [f"p = x & {self.rng.choice((1, 15, 255, 65535))}"], ["p = c - x"], [f"p = 1 if {on} else 0"],
            [f"if {on}: p = 0", "elif p == 0: p = 1; n += 1"], ["if c != p: n += 1; p = c"],
        ))  # fmt: skip

    def arguments(self, number: int) -> list[Any]:
        rng = np.random.default_rng([self.seed, number])
        n = (5, 70, 300)[number]
        arrays = []
        for dtype in self.dtypes:
            if dtype == "bool" or rng.random() < 0.4:
                arrays.append(rng.choice([0, 1] if dtype == "bool" else [7, 10, 32, 40, 100], n).astype(dtype))
            else:
                info = np.iinfo(dtype)
                arrays.append(rng.integers(max(info.min, -130), min(info.max, 260), n).astype(dtype))
        return arrays
