"""Random expressions over whole arrays: operators, ufuncs, reductions, stores, on arrays of all types and layouts.

Everything follows from the seed. Values provoke: the ends of the integers, signed zeros, NaN, equal elements.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

DTYPES = ["float64", "float64", "float64", "float32", "int64", "int32", "uint8", "int8", "uint16", "int16", "uint32",
          "uint64", "bool"]  # fmt: skip
UFUNCS = ["np.sqrt", "np.exp", "np.sin", "np.tanh", "np.abs", "abs", "np.floor", "np.sign", "np.square", "np.isnan",
          "np.negative", "np.log1p"]  # fmt: skip
BINARY_UFUNCS = ["np.maximum", "np.minimum", "np.add", "np.multiply", "np.arctan2", "np.hypot", "np.logical_and",
                 "np.greater", "np.fmax"]  # fmt: skip
OPERATORS = ["+", "+", "-", "-", "*", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]
REDUCTIONS = ["sum", "sum", "mean", "max", "min", "any", "all", "argmax", "argmin", "prod", "var", "std"]
SIZES = [0, 1, 2, 3, 5, 8, 9, 17, 130, 1030]


class Program:
    """One function `f` over arrays: `source`, and `arguments(k)` for its calls."""

    def __init__(self, seed: int) -> None:
        self.random = r = random.Random(seed)
        self.seed = seed
        self.ndim = r.choice([1, 1, 1, 2, 2, 3])
        self.arrays: dict[str, tuple[str, int, str]] = {}
        for k in range(r.randint(1, 4)):
            ndim = self.ndim if r.random() < 0.8 else r.randint(1, self.ndim)
            self.arrays[f"a{k}"] = (r.choice(DTYPES), ndim, r.choice(["C", "C", "C", "F", "strided", "reversed"]))
        chance = random.Random(-seed - 1)
        self.complex = chance.random() < 0.2
        if self.complex:
            kinds = ["complex128", "complex128", "complex64", ""]
            self.arrays = {name: (chance.choice(kinds) or own[0], *own[1:]) for name, own in self.arrays.items()}
        self.params = [*self.arrays, "x", "n"]
        body = [f"    {line}" for line in self.statements()]
        self.source = f"def f({', '.join(self.params)}):\n" + "\n".join(body) + "\n"

    def statements(self) -> list[str]:
        r = self.random
        lines = []
        names = list(self.arrays)
        for k in range(r.randint(0, 2)):
            kind = r.random()
            if kind < 0.35:
                name = r.choice(names)
                lines.append(f"{name} {r.choice(['+', '-', '*', '/', '//'])}= {self.expression(1)}")
            elif kind < 0.5:
                lines.append(f"{r.choice(['np.add', 'np.multiply'])}({self.expression(2)}, {self.expression(2)}, "
                             f"out={r.choice(names)})")  # fmt: skip
            else:
                lines.append(f"t{k} = {self.expression(0)}")
                self.params.append(f"t{k}")
        results = [self.result() for _ in range(r.randint(1, 2))]
        self.params = [p for p in self.params if p[0] != "t"]
        lines.append("return " + ", ".join(results))
        return lines

    def result(self) -> str:
        r = self.random
        if r.random() < 0.4:
            return self.expression(0)
        name = r.choice(REDUCTIONS)
        text = f"({self.expression(0)}).{name}()" if r.random() < 0.5 else f"np.{name}({self.expression(0)})"
        return text if r.random() < 0.9 else f"np.count_nonzero({self.expression(0)})"

    def expression(self, depth: int) -> str:
        """Mostly an array."""
        r = self.random
        kind = r.random()
        if depth >= 3 or kind < 0.2 + 0.1 * depth:
            return r.choice([p for p in self.params if p[0] in "at"])
        if kind < 0.7:
            op = r.choice(OPERATORS if r.random() < 0.8 else COMPARISONS)
            left, right = self.expression(depth + 1), self.operand(depth + 1)
            if op == "**":
                right = r.choice(["2", "0.5", "3", "-1", "2.0", "x", right])
            if r.random() < 0.3:
                left, right = right, left
            return f"({left} {op} {right})"
        if kind < 0.76:
            return f"({r.choice('-~+-')}{self.expression(depth + 1)})"
        if kind < 0.9:
            return f"{r.choice(UFUNCS)}({self.expression(depth + 1)})"
        return f"{r.choice(BINARY_UFUNCS)}({self.expression(depth + 1)}, {self.operand(depth + 1)})"

    def operand(self, depth: int) -> str:
        r = self.random
        if r.random() < 0.35:
            return r.choice(["x", "n", "2", "0.5", "1", "3.0", "True", "1.5j" if self.complex else "-1", "300"])
        return self.expression(depth)

    # -- arguments ---------------------------------------------------------------------------------------------------

    def arguments(self, k: int) -> tuple[Any, ...]:
        """The arguments of call number `k`: the same each time."""
        r = random.Random(self.seed * 1000 + k)
        shape = tuple(r.choice(SIZES if self.ndim == 1 else SIZES[:8]) for _ in range(self.ndim))
        out: list[Any] = []
        for dtype, ndim, layout in self.arrays.values():
            own = shape[self.ndim - ndim :]
            if r.random() < 0.1:
                own = tuple(1 if r.random() < 0.5 else n for n in own)
            if r.random() < 0.03:
                own = tuple(n + 1 for n in own)
            out.append(self.array(r, dtype, own, layout))
        return (*out, r.choice([0.0, 1.0, -2.5, 3.0, float("nan")]), r.choice([0, 1, 2, 3, -1, 7]))

    @staticmethod
    def array(r: random.Random, dtype: str, shape: tuple[int, ...], layout: str) -> Any:
        rng = np.random.default_rng(r.randrange(1 << 30))
        if dtype.startswith("complex"):
            values = np.zeros(shape, complex)
            values.real, values.imag = [Program.array(r, "float64", shape, "C") for _ in range(2)]
        elif dtype.startswith("float"):
            values = rng.uniform(-5, 5, shape)
            special = rng.choice([0.0, -0.0, 1.0, np.nan, np.inf, 2.0], shape)
            values = np.where(rng.random(shape) < r.choice([0.0, 0.05, 0.5]), special, values)
            if r.random() < 0.3:
                values = np.where(rng.random(shape) < 0.5, 0.0, -0.0)
        elif dtype == "bool":
            values = rng.random(shape) < 0.5
        else:
            info = np.iinfo(dtype)
            values = rng.integers(max(info.min, -9), 9, shape, endpoint=True)
            if r.random() < 0.3:
                values = np.where(rng.random(shape) < 0.3, rng.choice([info.min, info.max], shape), values)
        array = np.asarray(values).astype(dtype)
        if layout == "F":
            return np.asfortranarray(array)
        if layout == "strided":
            wide = np.zeros((*shape[:-1], shape[-1] * 2), dtype)
            wide[..., ::2] = array
            return wide[..., ::2]
        return array[::-1] if layout == "reversed" else array
