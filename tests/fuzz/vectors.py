"""Random loops that vectorise, mostly: maps, stencils, branches, reductions over arrays of all element types."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

_DTYPES = (
    "float64", "float64", "float32", "int64", "int32", "int32", "int16", "int8", "uint8", "uint8", "uint16", "uint32",
    "uint64", "bool",
)  # fmt: skip
_LARGE = (2.0**31, -(2.0**31), 2.0**31 - 1, -(2.0**31) - 1, 2.0**63, -(2.0**63), 2.0**62, -np.inf, 255.5, 256.0)
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_LIMITS = ("0.0", "-0.0", "1.0", "-128.0", "127.0", "255.0", "255.5", "0", "255", "2147483647.0", "-2147483648.0",
           "2147483648.0", "9223372036854774784.0", "9223372036854775808.0", "-9223372036854775808.0")  # fmt: skip
_OF_TWO = ("min", "max", "min", "max", "np.minimum", "np.maximum", "np.fmax", "np.subtract", "np.greater")
_OF_ONE = ("abs", "abs", "np.abs", "np.sign", "np.negative", "np.square", "np.floor")
_NUMBERS = ("1", "2", "3", "-1", "7", "100", "0.5", "2.0")


class Loop:
    """A function `f(a, b, c, x)` of three arrays and a number, with one or two loops over them.

    Attributes:
        source: its text.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = rng = random.Random(seed)
        same = rng.random() < 0.5
        first = rng.choice(_DTYPES)
        self.dtypes = [first if same else rng.choice(_DTYPES) for _ in "abc"]
        self.accumulators: list[str] = []
        # By so many elements in each iteration, of most accesses.
        self.by = rng.choice((1, 1, 1, 1, 1, 2, 2, 3, 4, 6))
        body = self.statements(rng.randrange(1, 4), "    ")
        if not body.strip():
            body = "        c[i] = a[i]\n"
        header = rng.choice((
            "for i in range(4, n - 4):", "for i in range(4, n - 4):", "for i in range(n - 5, 3, -1):",
            "for i in range(4, n // 2):", "for i in range(5, n - 6):",
        ))  # fmt: skip
        if self.by > 1:
            stop = f"n // {self.by}"
            header = rng.choice((f"for i in range(2, {stop} - 2):", f"for i in range({stop} - 3, 1, -1):"))
        start = "".join(f"    {name} = {value}\n" for name, value in self.starts())
        results = ", ".join(self.accumulators) or "None"
        first = "    n = min(len(a), len(b), len(c))\n"
        head = "import math\nimport numpy as np\n\ndef f(a, b, c, x):"
        self.source = f"{head}\n{first}{start}    {header}\n{body}    return {results}\n"

    def starts(self) -> list[tuple[str, str]]:
        choices = {
            "s": ("0", "0", "x"), "m": ("a[0]", "int(b[0])", "0"), "t": ("False",), "u": ("a[0]", "0"), "k": ("-1",),
        }  # fmt: skip
        return [(name, self.rng.choice(choices[name])) for name in self.accumulators]

    def element(self) -> str:
        name = self.rng.choice("aabc")
        by = self.rng.choice((0, 0, 0, 0, 1, -1, 2, -3))
        if self.rng.random() < 0.06:
            return f"{name}[n - 1 - i]"
        if self.by > 1 and self.rng.random() < 0.8:
            element = f"{name}[{self.by} * i + {self.rng.randrange(self.by + 1)}]"
        else:
            element = f"{name}[i]" if not by else f"{name}[i {'+' if by > 0 else '-'} {abs(by)}]"
        return f"int({element})" if self.rng.random() < 0.15 else element

    def expression(self, depth: int = 2) -> str:
        rng = self.rng
        kind = rng.random()
        if depth == 0 or kind < 0.25:
            return rng.choice((self.element(), self.element(), self.element(), rng.choice(_NUMBERS), "x", "i"))
        a, b = self.expression(depth - 1), self.expression(depth - 1)
        if kind < 0.75:
            return f"({a} {rng.choice('+-*+-*')} {b})"
        if kind < 0.85:
            return f"{rng.choice(_OF_TWO)}({a}, {b})"
        if kind < 0.87:
            return f"{rng.choice(_OF_ONE)}({a})"
        if kind > 0.98:
            return self.clipped(a)
        if kind < 0.88:
            return f"float({a}) ** {rng.choice((2, 2, 3, 4))}"
        if kind < 0.905:
            roots = f"math.sqrt({a})", f"math.sqrt(abs({a}))"
            by = rng.choice(("2.5", "-0.7", "24", "x", f"(abs({b}) + 0.5)"))
            rest = f"(float({a}) {rng.choice(('%', '%', '//'))} {by})"
            return rng.choice((f"(x / ({a} * {a} + 1.5))", f"(1.5 / float({a}))", *roots, rest, rest))
        if kind < 0.915:
            return f"({a} {rng.choice(('//', '%'))} {rng.choice((3, 7, 10, 26, 255, 1000, 65521))})"
        if kind < 0.95:
            return f"(int({a}) {rng.choice(('>> 1', '& 15', '<< 2', '| 1', '^ 3'))})"
        return f"({a} if {self.condition()} else {b})"

    def clipped(self, a: str) -> str:
        """An int of a float within bounds, or beyond them."""
        rng = self.rng
        low, high = rng.choice(_LIMITS), rng.choice(_LIMITS)
        a = rng.choice((a, f"({a} * {rng.choice(_LIMITS)})", f"({a} / {rng.choice(('3.0', 'x'))})"))
        return rng.choice((
            f"int(min(max({a}, {low}), {high}))", f"int(max({low}, min({high}, {a})))", f"min(int({a}), 255)",
            f"(int({a}) if {low} <= {a} < {high} else 0)", f"(0 if {a} < {low} else int({a}))",
            f"max(-128, min(127, round({a})))",
        ))  # fmt: skip

    def condition(self) -> str:
        rng = self.rng
        one = f"{self.expression(1)} {rng.choice(_COMPARISONS)} {self.expression(1)}"
        if rng.random() < 0.2:
            return f"{one} {rng.choice(('and', 'or'))} {self.element()} {rng.choice(_COMPARISONS)} 3"
        return one

    def statements(self, count: int, indent: str) -> str:
        return "".join([self.statement(indent) for _ in range(count)])

    def statement(self, indent: str) -> str:
        rng = self.rng
        kind = rng.random()
        inner = indent + "    "
        if kind < 0.05:
            return f"{inner}if {self.condition()}: {rng.choice(('break', 'break', 'return i', 'return None'))}\n"
        if kind < 0.45:
            by = rng.choice((0, 0, 0, 0, 1, -2))
            target = f"{rng.choice('ccb')}[i{f' {by:+}' if by else ''}]"
            if self.by > 1 and rng.random() < 0.5:
                # The elements of an iteration, all of them or some.
                places = rng.sample(range(self.by), rng.choice((self.by, self.by, 1)))
                name = rng.choice("cb")
                return "".join([f"{inner}{name}[{self.by} * i + {k}] = {self.expression()}\n" for k in places])
            return f"{inner}{target} {rng.choice(('=', '=', '=', '+='))} {self.expression()}\n"
        if kind < 0.7:
            return f"{inner}{self.reduction()}\n"
        text = f"{inner}if {self.condition()}:\n{self.statement(inner)}"
        if rng.random() < 0.5:
            text += f"{inner}else:\n{self.statement(inner)}"
        return text

    def reduction(self) -> str:
        rng = self.rng
        name = rng.choice("ssmtu")
        if name not in self.accumulators:
            self.accumulators.append(name)
        if name == "s":
            return f"s {rng.choice(('+=', '+=', '-='))} {self.expression(1)}"
        if name == "m" and rng.random() < 0.4:
            if "k" not in self.accumulators:
                self.accumulators.append("k")
            x = self.element()
            test = rng.choice((f"{x} < m", f"m < {x}", f"{x} > m"))
            return f"if {test}: m = {x}; k = {rng.choice(('i', 'i', '7'))}"
        if name == "m":
            return f"m = {rng.choice(('min', 'max'))}({rng.choice((f'm, {self.element()}', f'{self.element()}, m'))})"
        if name == "t":
            return f"t = t or {self.condition()}" if rng.random() < 0.5 else f"t = {self.condition()}"
        return f"u {rng.choice(('^', '|', '&'))}= int({self.element()})"

    def arguments(self, number: int) -> list[Any]:
        """Arrays, which may overlap, and a number."""
        rng = np.random.default_rng([self.seed, number])
        n = int(rng.choice([9, 12, 25, 40, 41, 75, 150]))
        arrays = []
        for dtype in self.dtypes:
            if dtype == "bool":
                values = rng.integers(0, 2, n + 8).astype(bool)
            elif dtype.startswith("float"):
                values = (rng.normal(size=n + 8) * 4).astype(dtype)
                values[rng.integers(0, n, 3)] = rng.choice([0.0, -0.0, np.nan, np.inf, 3.0], 3)
                if rng.random() < 0.2:
                    values[rng.integers(0, n, 3)] = rng.choice(_LARGE, 3)
            else:
                info = np.iinfo(dtype)
                wide = rng.random() < 0.3
                low, high = (info.min, info.max) if wide else (max(info.min, -9), 9)
                values = rng.integers(low, high, n + 8, dtype=dtype, endpoint=True)
            arrays.append(values)
        a, b, c = arrays
        if a.dtype == c.dtype and rng.random() < 0.4:
            c = a
        start = int(rng.integers(0, 8))
        return [a[:n], b[start : start + n], c[int(rng.integers(0, 8)) :][:n], int(rng.integers(-3, 9))]
