"""Random loops over tables: indices from arrays and from numbers, with neighbours, two axes, bad ones now and then."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

_INDICES = ("int64", "int64", "int32", "int16", "uint8", "uint32", "int8")
_ELEMENTS = ("float64", "float64", "float32", "int64", "int32", "int16", "uint8", "uint32")


class Loop:
    """A function `f(x, t, g, w, c)` of indices, a table of one axis and one of two, numbers, and what goes out.

    Attributes:
        source: its text.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.dtypes = [rng.choice(_INDICES), rng.choice(_ELEMENTS), rng.choice(_ELEMENTS), "float64", "float64"]
        self.indices = ["x[i]"]
        lines = []
        for name in "jk"[: rng.randrange(3)]:
            lines.append(f"{name} = {self.index()}")
            if rng.random() < 0.3:
                lines.append(f"if {name} < {rng.choice(('0', '1', '-2'))}: {name} = {rng.choice('013')}")
            if rng.random() < 0.3:
                lines.append(f"if {name} > len(t) - 2: {name} = len(t) - 2")
            self.indices.append(name)
        if rng.random() < 0.1:
            lines.append(f"if {rng.choice(('w[i]', self.lookup()))} > {rng.choice(('0.9', '5', '300'))}: break")
        if rng.random() < 0.15:
            lines.append("w[i] = x[i]")
        kind = rng.random()
        if kind < 0.8:
            lines.append(f"c[i] = {self.expression(3)}")
        elif kind < 0.9:
            lines.append(f"v = {self.expression(2)}\n        if v < s: s = v")
        else:
            lines.append(f"s += int({self.expression(2)})")
        header = rng.choice(("range(len(x))", "range(len(x))", "range(len(x) - 1, -1, -1)", "range(1, len(x) - 2)"))
        body = "".join(f"        {line}\n" for line in lines)
        self.source = f"import math\n\ndef f(x, t, g, w, c):\n    s = 9\n    for i in {header}:\n{body}    return s\n"

    def index(self) -> str:
        return self.rng.choice((
            "x[i]", "x[i] + 1", "x[i] - 1", "x[i] & 7", "x[i] % 5", "int(w[i] * 8.0)", "int(w[i] * (len(t) - 1))",
            "int(w[i])", "x[i] >> 1", "i", "i // 2",
            "(i * 5 & 255) >> 4", "(i & 7) + 1", "(i * 77 & 65535) >> 13",
        ))  # fmt: skip

    def lookup(self) -> str:
        rng = self.rng
        at = rng.choice(self.indices) + rng.choice(("", "", "", " + 1", " + 2", " - 1"))
        if rng.random() < 0.65:
            return f"t[{at}]"
        other = rng.choice((*self.indices, "1", "0", "-1"))
        return f"g[{other}, {at}]" if rng.random() < 0.7 else f"g[{at}, {other}]"

    def expression(self, depth: int) -> str:
        rng = self.rng
        kind = rng.random()
        if depth == 0 or kind < 0.2:
            return rng.choice((self.lookup(), self.lookup(), self.lookup(), "w[i]", "0.5", "3"))
        if kind < 0.3:
            return f"math.sqrt({self.expression(depth - 1)})"
        if kind < 0.4:
            return f"abs({self.expression(depth - 1)})"
        if kind < 0.5:
            return f"({self.expression(depth - 1)} / (1.0 + {self.expression(depth - 1)}))"
        return f"({self.expression(depth - 1)} {rng.choice('+-*')} {self.expression(depth - 1)})"

    def arguments(self, call: int) -> tuple[Any, ...]:
        """New arrays, the same each time; the later calls have bad indices, or tables that are short or stored to."""
        rng = random.Random(self.seed * 8 + call)
        n, rows = rng.choice((0, 5, 33, 50)), rng.choice((2, 9, 12))
        size = rng.choice((6, 40, 300)) if call else 300
        index, element, other, *_ = self.dtypes
        x = np.array([rng.randrange(min(size, 6)) for _ in range(n)]).astype(index)
        w = np.array([rng.random() * 0.7 for _ in range(n)])
        t = np.array([rng.randrange(1, 99) for _ in range(size)]).astype(element)
        g = np.array([rng.randrange(1, 99) for _ in range(12 * rows)]).astype(other).reshape(12, rows)
        if n and call:
            at = rng.randrange(n)
            x[at] = np.array(rng.choice((size, -1, -size - 1, 10**6, 0))).astype(index)
            w[at] = rng.choice((1.0, -0.1, 5.0, 2.0**40, float("nan"), 0.95))
        shape = rng.random()
        if shape < 0.1:
            t, g = t[::-1], g[:, ::-1]
        elif shape < 0.2:
            t, g = t[::2], g.T
        c = np.zeros(n)
        if call == 2 and element == "float64":
            whole = np.array([rng.randrange(1, 99) for _ in range(100)], float)
            t, c = whole[rng.randrange(60) :][:40], whole[rng.randrange(50) :][:n]
        return x, t, g, w, c
