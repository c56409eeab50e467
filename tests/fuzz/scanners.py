"""Random scanners: loops over bytes that go on by what they find, with numbers put together of digits and states."""

from __future__ import annotations

import random
from typing import Any

import numpy as np


class Scanner:
    """A function `f(b, o, n)` of bytes, of where results go, and of a number.

    Attributes:
        source: its text.
        dtypes: of the arrays.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.dtypes = [rng.choice(("uint8", "uint8", "int8", "uint16")), rng.choice(("int64", "uint8", "int32"))]
        self.up = rng.random() < 0.75
        self.far = rng.choice((0, 1, 2, 3, 4, 7))
        start = rng.choice(("0", "0", "1", "-2", "n - n", "3")) if self.up else rng.choice(("len(b) - 1", "len(b)"))
        lines = ["c = b[i]" if rng.random() < 0.5 else "c = int(b[i])"]
        for _ in range(rng.randrange(1, 4)):
            lines += self.statement()
        lines += self.step()
        self.source = "\n".join([
            "def f(b, o, n):", f"    i = {start}", "    x = k = t = s = 0",
            rng.choice(("    m = len(b)", "    m = min(len(b), n)", "    m = n", "    m = len(b) - 3")),
            f"    while {self.test()}:",
            *[f"        {line}" for line in lines],
            f"    return i, x, k, t{rng.choice(('', ', s'))}", "",
        ])  # fmt: skip

    def test(self) -> str:
        rng = self.rng
        far, op = self.far, rng.choice(("<", "<=")) if self.up else rng.choice((">", ">="))
        if not self.up:
            return rng.choice((f"i {op} {far}", f"i - {far} {op} 0", f"i - {far} {op} m - m", f"0 {'<' + op[1:]} i"))
        return rng.choice((
            f"i + {far} {op} m", f"i {op} m - {far}", f"i {op} m", f"{far} + i {op} m", f"i + 1 {op} m and c0 != 300",
            f"m {'>' + op[1:]} i + {far}", f"i - {far} {op} m",
        )).replace("c0", "b[i]")  # fmt: skip

    def statement(self) -> list[str]:
        rng = self.rng
        near = rng.randrange(self.far + 2)
        return rng.choice((
            [f"x = x * {rng.choice((10, 16, 3))} + (int(c) - 48)"],
            ["if 48 <= c <= 57:", "    x = x * 10 + int(c) - 48", "    k += 1", "else:", "    t += x", "    x = 0"],
            ["if c & 1:", f"    s = {rng.choice(('1', '2', '1 - s', 's + 1'))}", "elif s == 1:", "    s = 0; t += 1"],
            [f"t += int(b[i + {near}])" if self.up else f"t += int(b[i - {near}])"],
            [f"t ^= int(b[i]) | int(b[i + {near}]) << 8"],
            ["if k < len(o):", "    o[k] = x & 127", "    k += 1"],
            [f"o[k] = {rng.choice(('k', 's & 1', 'c & 15'))}", "k += 1"],
            ["if s == 0:", "    s = c & 3", "elif s == 1:", "    s = 2 * (c > 60)", "else:", "    s -= 1; t += s"],
            ["for j in range(3):", f"    if i + j < len(b) and b[i + j] == {rng.choice((49, 65))}:", "        k += 1",
             rng.choice(("        break", "        t += j"))],
        ))  # fmt: skip

    def step(self) -> list[str]:
        rng = self.rng
        sign = "+" if self.up else "-"
        a, b = rng.choice((1, 2, 3, 4, 16)), rng.choice((1, 2, 5))
        return rng.choice((
            [f"i {sign}= {a}"], [f"i {sign}= {a}"], [f"i = i {sign} {a}"],
            ["if c > 64:", f"    i {sign}= {a}", "else:", f"    i {sign}= {b}"],
            [f"i {sign}= 1 + (c & 1)"], ["if t > 5000:", "    break", f"i {sign}= {a}"],
        ))  # fmt: skip

    def arguments(self, k: int) -> list[Any]:
        rng = random.Random(1000 * self.seed + k)
        size = rng.choice((0, 1, 2, 3, 5, 8, 17, 40, 100))
        draw = np.random.default_rng(rng.randrange(1 << 30))
        text = draw.integers(44, 70, size).astype(self.dtypes[0])
        n = rng.choice((size, size, size + 1, 0, -5, 4, 1 << 62, (1 << 63) - 1, -(1 << 63)))
        return [text, np.zeros(rng.choice((size, 200, 3)), self.dtypes[1]), n]
