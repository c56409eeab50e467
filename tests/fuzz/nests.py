"""Random nests of loops whose inner loops must go in order: sums, recurrences, windows, over arrays in any layout."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

_DTYPES = ("float64", "float64", "float64", "float32", "int64", "int32")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_NUMBERS = ("1.0", "2", "-0.5", "3.0", "0.25")


class Nest:
    """A function `f(a, b, c, d, x)`: `a` and `c` have two dimensions, `b` and `d` one, `x` is a number.

    Attributes:
        source: its text.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.dtypes = [rng.choice(_DTYPES[:1] if rng.random() < 0.6 else _DTYPES)] * 4
        if rng.random() < 0.2:
            self.dtypes[rng.randrange(4)] = rng.choice(_DTYPES)
        self.counters = ["i"]
        self.names: list[str] = []
        self.columns = rng.random() < 0.25
        around = rng.random() < 0.3
        indent = "    "
        text = "import math\ndef f(a, b, c, d, x):\n    n = len(b)\n    m = len(d)\n"
        if around:
            text += f"{indent}for r in range(0, n - 1):\n"
            indent += "    "
            self.counters = ["r", "i"]
        text += f"{indent}for i in range({self.bounds()}):\n"
        indent += "    "
        if rng.random() < 0.2:
            text += f"{indent}u = {self.element()}\n"
            self.names.append("u")
        for name in rng.choice(("s", "s", "st")):
            text += f"{indent}{name} = {rng.choice(('0.0', '0.0', '1.5', 'x', 'b[i]', 'd[0]'))}\n"
            self.names.append(name)
        for _ in range(rng.choice((1, 1, 1, 2))):
            text += self.loop(indent, 1)
        if rng.random() < 0.15:
            text += f"{indent}s = math.sqrt(s + {rng.choice(('1e6', '40.0'))})\n"
        elif rng.random() < 0.1:
            text += f"{indent}if {self.condition()}: s = {self.value()}\n"
        for _ in range(rng.choice((1, 1, 2))):
            place = rng.choice(("c[i, 0]", "c[0, i]", "d[i]", "d[i]", "c[1, i]", "b[i]", "a[i, 1]", "d[i + 1]"))
            if around and rng.random() < 0.6:
                place = rng.choice(("c[r, i]", "c[i, r]", "a[r, i]"))
            text += f"{indent}{place} {rng.choice(('=', '=', '=', '+='))} {self.value()}\n"
        self.source = text + f"    return {rng.choice(('None', 'None', 'None', 'i'))}\n"

    def bounds(self) -> str:
        choices = ("n - 1", "n - 1", "n - 1", "m - 1", "n", "1, n - 1", "2, n", "n + 1", "n - 3", "len(a) - 1")
        return self.rng.choice(choices)

    def loop(self, indent: str, depth: int) -> str:
        rng = self.rng
        k = "kq"[depth - 1]
        bounds = rng.choice((
            *("m - 1",) * 9, "n - 1", "n - 1", "1, m - 1", "3", "2, 19", "i", "0, n, 2", "int(x)", "m - 2, 0, -1",
            "m - 1, -1, -1", "min(n, m) - 1",
        ))  # fmt: skip
        text = f"{indent}for {k} in range({bounds}):\n"
        if depth == 1 and rng.random() < 0.2:
            return self.while_loop(indent, k)
        self.counters.append(k)
        inner = indent + "    "
        if depth == 1 and rng.random() < 0.25:
            text += self.loop(inner, 2)
        else:
            for _ in range(rng.choice((1, 1, 2))):
                text += self.statement(inner)
            if depth == 1 and rng.random() < 0.25:
                if rng.random() < 0.3 and "w" not in self.names:
                    text = f"{indent}w = 0.5\n{text}{inner}w = {self.element()} - {self.element()}\n"
                    self.names.append("w")
                text += f"{inner}if {self.condition()}: break\n"
                if rng.random() < 0.3:
                    text += self.statement(inner)
        self.counters.pop()
        return text

    def while_loop(self, indent: str, k: str) -> str:
        """One that counts and tests something else, too."""
        rng = self.rng
        text = f"{indent}{k} = {rng.choice('001')}\n"
        self.counters.append(k)
        inner = indent + "    "
        tests = [f"{k} < {rng.choice(('m - 1', 'n - 1', '7', '30'))}", self.condition()]
        rng.shuffle(tests)
        text += f"{indent}while {' and '.join(tests)}:\n" + "".join([self.statement(inner) for _ in range(2)])
        self.counters.pop()
        return text + f"{inner}{k} += 1\n"

    def statement(self, indent: str) -> str:
        rng = self.rng
        name = rng.choice([n for n in self.names if n != "u"])
        kind = rng.random()
        if kind < 0.1:
            place = rng.choice(("d[i]", "c[i, 0]", "c[0, i]", "d[i]", "c[i, 1]"))
            return f"{indent}{place} += {self.value()}\n"
        if kind < 0.16 or (self.columns and kind < 0.5):
            # Along a column, the counter of an inner loop.
            row = f"{self.counters[-1]}{rng.choice(('', '', '', ' + 1', ' - 1'))}"
            return f"{indent}{rng.choice('cca')}[{row}, i] {rng.choice(('=', '=', '+=', '-='))} {self.value()}\n"
        if kind < 0.2:
            return f"{indent}{name} = {name} * {self.element()} + {self.element()}\n"
        if kind < 0.3:
            return f"{indent}v = {self.element()} - {self.element()}\n{indent}{name} += v * v\n"
        if kind < 0.34:
            return f"{indent}if {self.condition()}: {name} {rng.choice(('=', '+='))} {self.value()}\n"
        if kind < 0.37:
            other, signs = rng.choice([n for n in self.names if n != "u"]), rng.choices(("+=", "+=", "-=", "="), k=2)
            first = f"{indent}if {self.condition()}: {name} {signs[0]} {self.value()}\n"
            return f"{first}{indent}else: {other} {signs[1]} {self.value()}\n"
        if kind < 0.4:
            return f"{indent}{name} = {rng.choice(('min', 'max'))}({name}, {self.value()})\n"
        return f"{indent}{name} {rng.choice(('+=', '+=', '-='))} {self.value()}\n"

    def element(self) -> str:
        rng = self.rng
        inner, outer = self.counters[-1], self.counters[max(0, len(self.counters) - 2)]
        i, k = (inner, outer) if rng.random() < 0.5 else (outer, inner)
        by = rng.choice(("", "", "", "", " + 1", " + 1", " - 1"))
        return rng.choice((
            f"a[{i}, {k}{by}]", f"a[{i}, {k}]", f"a[i, {inner}]", f"a[{inner}, i]", f"b[{i}]", f"b[i{by}]",
            f"b[{inner}]", f"b[{i} + {k}]", f"c[{i}, {k}]", "b[0]",
        ))  # fmt: skip

    def value(self, depth: int = 2) -> str:
        rng = self.rng
        kind = rng.random() * (1.0 if depth else 0.5)
        if kind < 0.3:
            return self.element()
        if kind < 0.4:
            return rng.choice((*_NUMBERS, "x", "i", self.counters[-1]))
        if kind < 0.5:
            return rng.choice(self.names)
        if kind < 0.9:
            return f"({self.value(depth - 1)} {rng.choice('+-**')} {self.value(depth - 1)})"
        if kind < 0.93:
            return f"abs({self.value(depth - 1)})"
        if kind < 0.96:
            powers = f"float({self.element()}) ** 2", f"({self.value(depth - 1)} * 0.125) ** {rng.choice((2, 3))}"
            return rng.choice(powers)
        return f"({self.value(0)} if {self.condition()} else {self.value(0)})"

    def condition(self) -> str:
        left = self.rng.choice((*self.names, self.element(), self.element()))
        return f"{left} {self.rng.choice(_COMPARISONS)} {self.rng.choice((self.element(), '0.5', 'x'))}"

    def arguments(self, number: int) -> list[Any]:
        """Arrays, which may overlap, in any layout, and a number."""
        rng = np.random.default_rng([self.seed, number])
        n, m = int(rng.choice([0, 3, 6, 10, 21])), int(rng.choice([2, 5, 9, 22]))
        size = max(n, m) + 2
        made: list[Any] = []
        for dtype, shape in zip(self.dtypes, ((size, size), (n,), (size, size), (m,))):
            values = rng.normal(size=shape) * 4
            if dtype.startswith("float") and values.size and rng.random() < 0.2:
                values.flat[rng.integers(0, values.size, 2)] = rng.choice([np.nan, np.inf, -0.0, 1e300], 2)
            with np.errstate(all="ignore"):
                values = values.astype(dtype)
            layout = rng.integers(0, 8)
            if layout == 0:
                values = np.asfortranarray(values)
            elif layout == 1:
                values = np.repeat(values, 2, axis=-1)[..., ::2]
            elif layout == 2:
                values = values[..., ::-1]
            made.append(values)
        a, b, c, d = made
        shared = rng.integers(0, 8)
        if shared == 0 and a.dtype == c.dtype:
            c = a
        elif shared == 1 and a.dtype == b.dtype:
            b = a[1, :n]
        elif shared == 2 and b.dtype == d.dtype:
            whole = np.concatenate([b, d, b])
            b, d = whole[:n], whole[int(rng.integers(0, n + 1)) :][:m]
        elif shared == 3 and c.dtype == d.dtype:
            d = c[:m, 1]
        elif shared == 4:
            # Rows that overlap.
            by = int(rng.integers(0, size + 1)) * c.itemsize
            c = np.lib.stride_tricks.as_strided(np.repeat(c, 2), (size, size), (by, c.itemsize))
        return [a, b, c, d, float(rng.integers(0, 12))]


class Rows(Nest):
    """Nests whose innermost loop goes along a row that the loop around updates again and again."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        self.dtypes = [rng.choice(_DTYPES[:1] if rng.random() < 0.6 else _DTYPES)] * 4
        if rng.random() < 0.2:
            self.dtypes[rng.randrange(4)] = rng.choice(_DTYPES)
        self.names = ["x"]
        self.columns = False
        self.counters = ["i", "k"]
        indent = "    "
        text = "def f(a, b, c, d, x):\n    n = len(b)\n    m = len(d)\n    i = 1\n"
        product = rng.random() < 0.4
        if product or rng.random() < 0.7:
            text += f"{indent}for i in range({self.bounds()}):\n"
            indent += "    "
            if rng.random() < 0.3:
                text += f"{indent}for j in range({self.bounds()}): c[i, j] = {rng.choice(('0', 'x', 'b[0]'))}\n"
        ways = ("m", "m", "m - 1", "n", "i", "1, m", "9", "m - 1, -1, -1", "0, m, 2", "i + 1, m", "m + 2")
        text += f"{indent}for k in range({rng.choice(ways[:4] if product else ways)}):\n"
        inner = indent + "    "
        if rng.random() < 0.5:
            text += f"{inner}u = {self.value()}\n"
            self.names.append("u")
        if rng.random() < 0.1:
            text += f"{inner}if u == 0: continue\n" if "u" in self.names else f"{inner}d[k] = x\n"
        ways = ("n", "n", "m", "m - 1", "i + 1", "i, m", "k, m", "1, n - 1", "n - 1, -1, -1", "19", "m + 2")
        text += f"{inner}for j in range({rng.choice(ways[:4] if product else ways)}):\n"
        self.counters.append("j")
        deep = inner + "    "
        rows = ("d[j]", "d[j]", "b[j]", "c[0, j]", "c[j, i]", "c[i, j + 1]", "a[i, j]", "c[k, j]", "d[k]")
        rows += ("c[i, j]",) * 6
        row = rng.choice(rows)
        if product:
            row = rng.choice(("c[i, j]", "c[i, j]", "c[i, j + 1]", "c[i + 1, j]", "a[i, j]"))
            factor = rng.choice(("a[i, k]", "a[k, i]", "c[i, k]", "b[k]", self.value()))
            text += f"{deep}{row} {rng.choice(('+=', '-='))} {factor} * {rng.choice(('a[k, j]', 'd[j]', 'c[k, j]'))}\n"
        for _ in range(rng.choice((0, 0, 1) if product else (1, 1, 1, 2))):
            text += f"{deep}{row} {rng.choice(('+=', '+=', '+=', '-=', '='))} {self.value()}\n"
            row = rng.choice((row, "d[k]", rng.choice(rows)))
        if rng.random() < 0.1:
            text += f"{inner}d[0] = x\n"
        self.source = text + f"    return {rng.choice(('None', 'None', 'i', 'd[0]'))}\n"

    def element(self) -> str:
        if "j" in self.counters and self.rng.random() < 0.3:
            # Of one of the rows, perhaps, the same for each j.
            return self.rng.choice(("c[i, k]", "c[i, k]", "d[k]", "a[i, k]", "d[0]", "c[i, 2]", "b[k - 1]", "c[0, k]"))
        return super().element()
