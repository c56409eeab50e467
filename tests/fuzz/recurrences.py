"""Random loops that load what earlier iterations store, or carry values of earlier iterations around."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

_DTYPES = ("float64", "float64", "float64", "float32", "int64", "int32", "int16", "uint8", "uint32")
_HEADERS = (
    ("for i in range(3, n - 3):", 1), ("for i in range(n - 4, 2, -1):", -1), ("for i in range(3, n - 4, 2):", 2),
    ("for i in range(n - 5, 3, -2):", -2), ("for i in range(3, n):", 1), ("for i in range(0, n - 3):", 1),
    ("for i in range(3, n + x - 3):", 1),
    ("for i in range(3, n - x):", 1), ("for i in range(x + 2, n - 2):", 1), ("for i in range(n - 3, x + 2, -1):", -1),
)  # fmt: skip


class Recurrence:
    """A function `f(a, b, c, d, x)` of three arrays, one of two dimensions, and a number.

    Attributes:
        source: its text.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        first = rng.choice(_DTYPES)
        self.dtypes = [first if rng.random() < 0.6 else rng.choice(_DTYPES) for _ in "abcd"]
        header, self.step = rng.choice(_HEADERS)
        self.before: list[str] = []
        self.after: list[str] = []
        rows = rng.random() < 0.35
        self.arrays = rng.choice(("pq", "pa", "pqa")) if rows else "aabc"
        body = "".join([self.statement() for _ in range(rng.randrange(1, 4))])
        source = "import math\n\ndef f(a, b, c, d, x):\n"
        source += "    n = min(len(a), len(b), len(c), len(d))\n    r = x\n    s = t = u = a[0]\n    w = -1\n"
        inner = "".join([f"        {line}\n" for line in (*self.before, *body.splitlines(), *self.after)])
        if rows:
            # p and q are columns or rows of `d`.
            for name, at in zip("pq", (("i{}", "j"), ("i{}", "j + 1")) if rng.random() < 0.7 else
                                (("j", "i{}"), ("j + 1", "i{}"))):  # fmt: skip
                for by in ("", *[f"{k:+}" for k in range(-6, 7)]):
                    inner = inner.replace(f"{name}[i{by}]", f"d[{at[0].format(by)}, {at[1].format(by)}]")
            inner = "".join([f"    {line}\n" for line in inner.splitlines()])
            source += f"    for j in range(d.shape[1] - 1):\n        {header}\n{inner}"
        else:
            source += f"    {header}\n{inner}"
        self.source = f"{source}    return s, t, u, w\n"

    def element(self, nearby: bool = True) -> str:
        rng = self.rng
        by = rng.choice((0, 0, -self.step, -self.step, -2 * self.step, self.step, -1, -3)) if nearby else 0
        by = max(-3, min(3, by))
        if "p" not in self.arrays and rng.random() < 0.1:
            return f"{rng.choice(self.arrays)}[i {rng.choice('++-')} x]"
        if "p" not in self.arrays and rng.random() < 0.1:
            return f"{rng.choice(self.arrays)}[{rng.choice(('2', 'x + 3'))}]"
        return f"{rng.choice(self.arrays)}[i{f'{by:+}' if by else ''}]"

    def expression(self, depth: int = 2) -> str:
        rng = self.rng
        kind = rng.random()
        if depth == 0 or kind < 0.3:
            return rng.choice((self.element(), self.element(), self.element(), "s", "t", "2", "x"))
        a, b = self.expression(depth - 1), self.expression(depth - 1)
        if kind < 0.85:
            return f"({a} {rng.choice('+-*+-')} {b})"
        if kind < 0.9:
            return f"math.sqrt({a})" if rng.random() < 0.3 else f"abs({a})"
        if kind < 0.95:
            return f"max({a}, {b})"
        return f"({a} if {self.condition()} else {b})"

    def condition(self) -> str:
        return f"{self.expression(1)} {self.rng.choice(('<', '>=', '==', '!='))} {self.expression(1)}"

    def statement(self) -> str:
        rng = self.rng
        kind = rng.random()
        if kind < 0.48:
            by = rng.choice((0, 0, 0, 0, self.step, -1))
            target = f"{rng.choice(self.arrays)}[i{f'{by:+}' if by else ''}]"
            return f"{target} {rng.choice(('=', '=', '+='))} {self.expression()}\n"
        if kind < 0.55:
            # The least or the greatest so far, and a price for each step.
            name, least, by = rng.choice("st"), rng.choice(("min", "max")), rng.choice((
                " + 1", " - 3", "", " + 70000", " + x", " - x",
            ))  # fmt: skip
            given = [f"{name}{by}", *[self.element() for _ in range(rng.randrange(1, 3))]]
            rng.shuffle(given)
            self.after.append(f"{name} = {least}({', '.join(given)})")
            self.after.append(f"{rng.choice(self.arrays)}[i] = {name}")
            return ""
        if kind < 0.6:
            name = rng.choice("st")
            self.after.append(f"{name} = {self.element(False)}")
            return f"{rng.choice(self.arrays)}[i] = {self.expression(1)} + {name}\n"
        if kind < 0.7:
            # The last value, and the one before.
            self.after += ["t = s", f"s = {self.expression(1)}"]
            return f"{rng.choice(self.arrays)}[i] = {self.expression(1)} * s + t\n"
        if kind < 0.85:
            last = "w = i", "w = i", f"u = {self.element()}", "w = i; u = s", "w = 7", f"w = i; u = {self.element()}"
            text = f"if {self.condition()}: {rng.choice(last)}\n"
            return text + (f"elif {self.condition()}: {rng.choice(last)}\n" if rng.random() < 0.3 else "")
        if kind < 0.9:
            return f"if {self.condition()}: {rng.choice(self.arrays)}[i] = {self.expression(1)}\n"
        if kind < 0.95:
            self.after.append("r = i")
            return f"{rng.choice('abc')}[i] = {rng.choice('abc')}[r]\n"
        arm = f" if {self.condition()} else {self.expression(1)}" if rng.random() < 0.5 else ""
        return f"{rng.choice('abc')}[i] = {rng.choice('abc')}[{rng.choice(('0', 'x', 'n - 1'))}]{arm}\n"

    def arguments(self, number: int) -> list[Any]:
        """Arrays, which may overlap, and a number."""
        rng = np.random.default_rng([self.seed, number])
        n = int(rng.choice([4, 9, 12, 25, 40, 75]))
        arrays = []
        for dtype, shape in zip(self.dtypes, ((n + 8,), (n + 8,), (n + 8,), (n, 5))):
            if dtype.startswith("float"):
                values = (rng.normal(size=shape) * 2).astype(dtype)
                values.flat[rng.integers(0, n, 3)] = rng.choice([0.0, -0.0, np.nan, np.inf, 3.0], 3)
            else:
                values = rng.integers(max(np.iinfo(dtype).min, -9), 9, shape, dtype=dtype, endpoint=True)
            arrays.append(values)
        a, b, c, d = arrays
        if a.dtype == c.dtype and rng.random() < 0.4:
            c = a
        if a.dtype == b.dtype and rng.random() < 0.2:
            b = d.reshape(-1)[: n + 8] if d.dtype == a.dtype else a
        start = int(rng.integers(0, 8))
        if rng.random() < 0.2:
            d = d.T.copy().T
        elif rng.random() < 0.2:
            d = d[::-1]
        return [a[:n], b[start : start + n], c[int(rng.integers(0, 8)) :][:n], d, int(rng.choice([0, 1, 2, 3, 16, 33]))]
