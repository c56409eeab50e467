"""Random subscripts of arrays: chains of basic indices, written out or by variables.

Everything follows from the seed. Ends of slices lie around and far beyond the axes, steps are of both signs.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

ENDS = [0, 1, 2, 3, 4, 5, -1, -2, -3, -4, -6, 9, -9, 2**62, -(2**63), 2**63 - 1]
STEPS = [1, 1, 1, 2, 3, -1, -1, -2, -5, 2**40, -(2**63)]
DTYPES = ["float64", "float64", "float32", "int64", "int32", "uint8", "int16", "bool", "uint64"]
SHAPES = ["T", "transpose()", "swapaxes(0, -1)", "reshape(-1)", "ravel()"]


class Chain:
    """One random function `f` of an array and some ints: a view of a view ..., and an array for it."""

    def __init__(self, seed: int) -> None:
        self.random = r = random.Random(seed)
        self.seed = seed
        self.variables: list[str] = []
        ndim = r.choice([1, 1, 2, 2, 2, 3, 4])
        self.ndim = ndim
        self.dtype = r.choice(DTYPES)
        text = "a"
        for _ in range(r.choice([1, 1, 2, 3])):
            if not self.ndim:
                break
            if r.random() < 0.15:
                text += f".{r.choice(SHAPES[:3])}"
                continue
            text += f"[{self.index()}]"
        self.text = text
        self.params = ["a", *self.variables]
        self.first_ndim = ndim

    def index(self) -> str:
        r = self.random
        items: list[str] = []
        left = self.ndim
        while left and r.random() < 0.75:
            items.append(self.item())
            left -= 1
        ndim = left + sum(":" in item for item in items)
        if r.random() < 0.2:
            items.insert(r.randint(0, len(items)), r.choice(["None", "np.newaxis"]))
            ndim += 1
        if not items or r.random() < 0.2:
            items.insert(r.randint(0, len(items)), "...")
        self.ndim = ndim
        return ", ".join(items)

    def item(self) -> str:
        r = self.random
        if r.random() < 0.3:
            return self.number([0, 0, 1, -1, -2, 2, 3, 7, -8])
        start = "" if r.random() < 0.3 else self.number(ENDS)
        stop = "" if r.random() < 0.3 else self.number(ENDS)
        step = "" if r.random() < 0.5 else ":" + self.number(STEPS)
        return f"{start}:{stop}{step}"

    def number(self, values: list[int]) -> str:
        """A number, or a variable that will be one of `values`."""
        if self.random.random() < 0.6:
            return str(self.random.choice(values))
        self.variables.append(f"{'s' if values is STEPS else 'n'}{len(self.variables)}")
        return self.variables[-1]

    def arguments(self, k: int) -> tuple[Any, ...]:
        """The arguments of call number `k`."""
        r = random.Random(self.seed * 1000 + k)
        numbers = [r.choice(STEPS if name[0] == "s" else ENDS[:11] if r.random() < 0.9 else ENDS)
                   for name in self.variables]  # fmt: skip
        return (self.array(r), *numbers)

    def array(self, r: random.Random) -> Any:
        shape = [r.choice([3, 4, 4, 5, 5, 6, 1, 0]) for _ in range(self.first_ndim)]
        kind = r.random()
        if kind < 0.5:
            array = np.arange(int(np.prod(shape))).reshape(shape)
            array = array.astype(self.dtype)
            return array if kind < 0.35 else np.asfortranarray(array)
        if kind < 0.6:
            return np.broadcast_to(np.arange(5).astype(self.dtype)[: shape[-1]], [*shape[:-1], min(shape[-1], 5)])
        wide = np.arange(int(np.prod([2 * n for n in shape]))).reshape([2 * n for n in shape]).astype(self.dtype)
        return wide[tuple(r.choice([slice(None, None, 2), slice(None, None, -2), slice(1, None, 2)]) for _ in shape)]


class Store(Chain):
    """A random store: a number, an array of a shape that fits (or does not), or a part of the same array."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        if not self.text.endswith("]"):
            self.text += "[...]"
        self.operator = self.random.choice(["=", "=", "=", "=", "+=", "*="])
        self.params = ["a", "v", *self.variables]
        self.source = f"def f({', '.join(self.params)}):\n    {self.text} {self.operator} v\n"

    def arguments(self, k: int) -> tuple[Any, ...]:
        array, *numbers = super().arguments(k)
        r = random.Random(self.seed * 7919 + k)
        if not array.flags.writeable and r.random() < 0.8:
            array = array.copy()
        try:
            part = eval(self.text, {"a": array, "np": np, **dict(zip(self.variables, numbers))})
        except Exception:
            part = np.zeros(2)
        return (array, self.value(r, np.asarray(part)), *numbers)

    def value(self, r: random.Random, part: Any) -> Any:
        kind = r.random()
        if kind < 0.25 or not part.ndim:
            return r.choice([0, 1, -3, 2.5, True, np.float64(7.25), np.int64(9), 300, -0.0])
        if kind < 0.55:
            turned = part[tuple(r.choice([slice(None), slice(None, None, -1)]) for _ in part.shape)]
            return turned.T if r.random() < 0.15 else turned[1:] if r.random() < 0.15 else turned
        shape = [1 if r.random() < 0.2 else n for n in part.shape]
        if r.random() < 0.2:
            shape = shape[r.randint(0, len(shape)) :]
        if r.random() < 0.1:
            shape.append(r.choice([1, 2]))
        made = np.arange(int(np.prod(shape))).reshape(shape)
        return made.astype(r.choice(DTYPES if part.dtype.kind in "fb" else ["int64", "int32", "uint8", "bool"]))


class Gather:
    """A random subscript with index arrays and masks, read or stored into: `f` gives what it read."""

    def __init__(self, seed: int) -> None:
        self.random = r = random.Random(seed)
        self.seed = seed
        self.ndim = r.choice([1, 1, 2, 2, 3])
        self.dtype = r.choice(DTYPES)
        choices = [":", "1:", "::-1", "i", "i", "j", "m", "-1", "0", "n"]
        items = [r.choice(choices) for _ in range(r.randint(1, self.ndim))]
        if not {"i", "j", "m"} & {*items}:
            items[r.randrange(len(items))] = r.choice("ijm")
        if r.random() < 0.1:
            items.insert(r.randint(0, len(items)), "None")
        if r.random() < 0.15:
            items.insert(r.randint(0, len(items)), "...")
        text = f"a[{', '.join(items)}]"
        lines = [f"    b = {text}"]
        if r.random() < 0.5:
            lines.append(f"    {text} {r.choice(['=', '=', '+='])} {r.choice(['v', 'v', 'b', 'b[::-1]', 'b + b'])}")
        self.source = "def f(a, i, j, m, n, v):\n" + "\n".join(lines) + "\n    return b\n"

    def arguments(self, k: int) -> tuple[Any, ...]:
        """The arguments of call number `k`."""
        r = random.Random(self.seed * 1000 + k)
        n = r.choice([3, 4, 4, 5, 1])
        shape = [n if r.random() < 0.9 else r.choice([0, 1, 6]) for _ in range(self.ndim)]
        array = np.arange(int(np.prod(shape))).reshape(shape).astype(self.dtype)
        if r.random() < 0.3:
            array = np.asfortranarray(array)
        low, high = (-n, n) if r.random() < 0.85 else (-n - 1, n + 1)
        count = r.choice([0, 1, 2, 3])
        i = np.array([r.randrange(low, high) for _ in range(count)], r.choice(["int64", "int64", "int32"]))
        j = np.array([r.randrange(-n, n) for _ in range(count if r.random() < 0.8 else 1)], "int64")
        if r.random() < 0.15:
            j = j[:, None]
        m = np.array([r.random() < 0.6 for _ in range(n)], bool)
        v = r.choice([1, -2.5, np.arange(count), np.float64(300.5), np.ones(1)])
        return array, i, j, m, r.randrange(-n, n), v
