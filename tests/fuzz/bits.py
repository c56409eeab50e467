"""Random loops over integers bit by bit: masks, shifts, words put together of bytes, saturation, recurrences."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

_DTYPES = ("uint8", "uint8", "uint16", "uint32", "int64", "int32", "int16", "int8")
_MASKS = (1, 15, 255, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x0F0F0F0F, 0x55555555, 0x7FFFFFFF, 0x80000001, 1 << 40)


class Loop:
    """A function `f(a, b, c, x)` of three arrays of integers and a number.

    Attributes:
        source: its text.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.dtypes = [rng.choice(_DTYPES) for _ in "abc"]
        body = [f"v = {self.element('a')}", f"w = {self.element('b')}", *rng.sample(("r = 0", "r = x & 255"), 1)]
        for _ in range(rng.randrange(1, 4)):
            body += self.statement()
        body += self.last()
        start = ["n = min(len(a), len(b), len(c))", "h = x & 65535", "t = 0", "p = 0"]
        lines = [f"    {line}" for line in start]
        lines.append(f"    for i in range({rng.choice(('n', 'n', '3, n - 2', 'n // 4'))}):")
        lines += [f"        {line}" for line in body]
        self.source = "\n".join(["def f(a, b, c, x):", *lines, "    return h, t, p", ""])

    def element(self, name: str) -> str:
        text = f"int({name}[i])"
        return text if self.rng.random() < 0.6 else f"({text} & {self.rng.choice(_MASKS)})"

    def term(self, depth: int = 2) -> str:
        rng = self.rng
        if depth == 0 or rng.random() < 0.3:
            return rng.choice(("v", "w", "r", "v", "w", "i", str(rng.choice(_MASKS))))
        a, b = self.term(depth - 1), self.term(depth - 1)
        return rng.choice((
            f"({a} & {b})", f"({a} | {b})", f"({a} ^ {b})", f"(({a} & 65535) << {rng.randrange(17)})",
            f"({a} >> {rng.randrange(20)})", f"({a} >> ({b} & {rng.choice((3, 7, 15, 31))}))",
            f"(({a} & 1023) << ({b} & {rng.choice((3, 7, 15))}))",
            f"((({a} & 65535) * {rng.randrange(1, 70000)}) & 0xffffffff)",
            f"(({a} & 0xffff) + ({b} & 0xffff))", f"(({a} & 0xff) - ({b} & 0xff))", f"(~{a} & {rng.choice(_MASKS)})",
            f"min({a} & 255, {b} & 255)", f"min(max({a}, {rng.choice((0, -128))}), {rng.choice((127, 255))})",
            f"(({a} << {(k := rng.randrange(1, 32))} | ({a} & 0xffffffff) >> {32 - k}) & 0xffffffff)",
        ))  # fmt: skip

    def statement(self) -> list[str]:
        rng = self.rng
        m, k = rng.choice(_MASKS), rng.choice((3, 8, 12, 16, 32, 40))
        wrapped = rng.choice(("& 0xffffffff", "% 65536", "& 1023"))
        return rng.choice((
            [f"v = {self.term()}"],
            [f"r = {self.term()}"],
            [f"if {self.term(1)} > {rng.choice((0, 9, 127, 255))}: r = {self.term(1)}"],
            [f"v &= {m}", f"for k in range({k}):", "    r = (r << 1 & 0xffffffff) | (v & 1); v >>= 1"],
            [f"for k in range({k}):", "    t += (w >> k) & 1"],
            [f"for k in range({k}):", f"    if (v >> k) & 1: r ^= 1 << ({k} - 1 - k)"],
            ["for k in range(8):", f"    r = (r >> 1) ^ ({m} if (r ^ v) & 1 else 0); v >>= 1"],
            [f"k = 1 << {rng.randrange(12)}", "while k:",
             "    if v & k: r += k; v ^= k", f"    k >>= {rng.choice((1, 2))}"],
            [f"k = {rng.choice((1, 3))}", f"while k < {rng.choice((100, 5000))}:",
             f"    r ^= (w & k) * 5; k {rng.choice(('*= 2', '<<= 1', '= k * 3 + 0', '+= 700'))}"],
            [f"h = (h * {rng.randrange(1, 1 << 31)} + {rng.randrange(1 << 31)}) {wrapped}",
             rng.choice(("r ^= h", "t ^= h", "pass", "if h & 64: t += 1"))],
            ["t += (v & 255) - p; p = v & 255"],
            [f"h = (h * {rng.choice((33, 31, 5, 257, 65599))} {rng.choice('+-')} {rng.choice('vwi')}) {wrapped}",
             rng.choice(("pass", "r ^= h", "h += 7"))],
            ["r = (v & 0xff) << 24 | (v & 0xff00) << 8 | (v >> 8) & 0xff00 | (v >> 24) & 0xff"],
            ["v = v & 0xffffffff", "v = v - ((v >> 1) & 0x55555555)", "v = (v & 0x33333333) + ((v >> 2) & 0x33333333)",
             "v = (v + (v >> 4)) & 0x0f0f0f0f", "r = ((v * 0x01010101) & 0xffffffff) >> 24"],
            [f"if i + 3 < n: r = int(b[i]) {(j := rng.choice('|+^'))} (int(b[i + 1]) << 8) {j} "
             f"((int(b[i + 2]) << 16) + (int(b[i + {rng.choice((3, 3, 0))}]) << {rng.choice((24, 24, 32))}))"],
            ["r = int(a[4 * i % n]) & 255 | (int(a[(4 * i + 1) % n]) & 255) << 8"],
        ))  # fmt: skip

    def last(self) -> list[str]:
        size = np.iinfo(self.dtypes[2])
        return self.rng.choice((
            [f"c[i] = r & {size.max}"], [f"c[i] = v & {size.max}"], [f"c[i] = min(max(r, {size.min}), {size.max})"],
            [f"c[i] = min(max(v + w, {size.min}), {size.max})"], ["t ^= r"], [f"t += r & {self.rng.choice(_MASKS)}"],
        ))  # fmt: skip

    def arguments(self, number: int) -> list[Any]:
        """Arrays and a number."""
        rng = np.random.default_rng([self.seed, number])
        n = int(rng.choice([9, 40, 75, 150]))
        arrays = []
        for dtype in self.dtypes:
            info = np.iinfo(dtype)
            low, high = (info.min, info.max) if rng.random() < 0.7 else (max(info.min, -9), 99)
            arrays.append(rng.integers(low, high, n, dtype=dtype, endpoint=True))
        return [*arrays, int(rng.integers(0, 1 << 20))]
