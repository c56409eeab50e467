"""Random programs over arrays of records: fields read and stored by every way there is, arrays that overlap.

Everything follows from the seed.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

_FLOATS = ["f8", "f8", "f4"]
_INTS = ["i4", "i8", "u1", "i2", "u4", "u8", "i1"]


class Records:
    """One random function `f` of two arrays of records, two ints and a float."""

    def __init__(self, seed: int) -> None:
        self.random = r = random.Random(seed)
        self.seed = seed
        inner = [("p", r.choice(_FLOATS)), ("q", r.choice(_INTS))]
        fields: list[Any] = [
            ("x", r.choice(_FLOATS)), ("y", r.choice(_FLOATS)), ("n", r.choice(_INTS)), ("m", r.choice(_INTS)),
            ("t", "?"), ("v", r.choice([*_FLOATS, *_INTS]), (3,)), ("i", np.dtype(inner, align=r.random() < 0.5)),
        ]  # fmt: skip
        r.shuffle(fields)
        if r.random() < 0.3:
            fields.insert(0, ("pad", "S3"))
        self.dtype = np.dtype(fields, align=r.random() < 0.5)
        if r.random() < 0.2:
            self.dtype = np.dtype((np.record, self.dtype))
        self.dotted = self.dtype.type is np.record
        lines = ["s = 0.0", "c = 0"]
        for _ in range(r.randint(1, 3)):
            lines += self.loop() if r.random() < 0.7 else [self.whole()]
        result = r.choice(["a", "a['x']", "a[0]", "b[::-1]['n']", "a['v'][:, 1]", "a['i']", "c"])
        lines.append(f"return s, {result}, {r.choice(['c', 'b', 's'])}")
        self.source = "def f(a, b, i, j, z):\n" + "".join(f"    {line}\n" for line in lines)

    def loop(self) -> list[str]:
        r = self.random
        head, record = r.choice([
            ("for k in range(min(len(a), len(b))):", None),
            ("for k in range(1, min(len(a), len(b))):", None),
            ("for k, r in enumerate(a):", "r"),
            ("for k, (r, q) in enumerate(zip(a, b)):", "r"),
            ("for k in range(len(b) - 1, -1, -1):", None),
        ])  # fmt: skip
        lines = []
        if record is None:
            lines.append(f"    r = {r.choice(['a', 'b'])}[k]")
        for _ in range(r.randint(1, 4)):
            kind = r.random()
            if kind < 0.55:
                lines.append(f"    {self.place()} {r.choice(['=', '=', '+=', '-=', '*='])} {self.value()}")
            elif kind < 0.75:
                lines.append(f"    s += {self.value()}")
            elif kind < 0.85:
                lines.append(f"    if {self.read()} > {self.read()}:\n            c += 1")
            elif kind < 0.92:
                lines.append(f"    r['v'][{r.choice(['1:', ':2', '::-1', ':'])}] = {self.value()}")
            elif kind < 0.96:
                lines.append(f"    {r.choice(['a[k]', 'b[i]', 'a[k - 1]'])} = {r.choice(['r', 'b[k]', 'a[i]'])}")
            else:
                lines.append("    r = b[k]")
        return [head, *lines]

    def whole(self) -> str:
        r = self.random
        field = r.choice(["['x']", "['n']", "['v'][:, 0]", "['i']['p']", "['y']", "['m']"])
        other = r.choice(["['x']", "['n']", "['v'][:, 1]", "['i']['q']"])
        return r.choice([
            f"a{field} = {r.choice(['1', 'z', '2.5'])}",
            f"a{field}[1:] = a{other}[:-1]",
            f"a{field}[:] = a{other}[::-1]",
            f"a{field}[i] = z",
            f"a{field} += 1",
            f"a{field}[1:] += a{field}[:-1]",
            f"s += a{field}.sum() + b{other}.max()",
            "a['v'][:, 1:] = a['v'][:, :-1]",
        ])  # fmt: skip

    def place(self) -> str:
        r = self.random
        array, k = r.choice(["a", "b"]), r.choice(["k", "k", "k", "i", "k - 1"])
        name = r.choice(["x", "y", "n", "m", "x", "t"])
        ways = [
            f"{array}[{k}]['{name}']", f"{array}['{name}'][{k}]", f"r['{name}']", "r['i']['p']",
            f"r['v'][{r.choice(['0', '2', '-1'])}]", f"{array}['v'][{k}, {r.choice(['1', 'j'])}]",
            f"{array}[{k}]['v'][j]", f"{array}['i'][{k}]['q']", f"{array}['i']['p'][{k}]",
        ]  # fmt: skip
        if self.dotted:
            ways += [f"r.{name}", f"{array}[{k}].{name}", "r.i.q", "r.v[1]"]
        return r.choice(ways)

    def read(self) -> str:
        r = self.random
        return r.choice([self.place(), self.place(), self.place(), "s", "z", "k", "1", "0.5"])

    def value(self) -> str:
        text = self.read()
        for _ in range(self.random.choice([0, 1, 1, 2])):
            text += f" {self.random.choice('+-*')} {self.read()}"
        return text

    def arguments(self, k: int) -> tuple[Any, ...]:
        """The arguments of call number `k`."""
        r = random.Random(self.seed * 1000 + k)
        length = r.choice([4, 7, 12, 33, 1, 0])
        start = r.choice([0, 0, 8, 1])
        raw = np.zeros(length * 2 * self.dtype.itemsize + 16, "u1")
        start = 0 if self.dtype.alignment > 1 else start
        whole = raw[start : start + length * 2 * self.dtype.itemsize].view(self.dtype)
        for name in "xynm":
            numbers = [0, 1, -2, 3.5, 7] if whole[name].dtype.kind == "f" else range(3)
            whole[name] = [r.choice(numbers) for _ in whole]
        whole["v"] = np.arange(6 * length).reshape(-1, 3) % 5
        whole["i"]["p"] = np.arange(2 * length) % 7
        a = r.choice([whole[:length], whole[::2], whole[length:][::-1]])
        b = r.choice([whole[length:], a, whole[1 : length + 1], a[::-1], a.copy()])
        if r.random() < 0.05:
            a.flags.writeable = False
        return a, b, r.choice([0, 1, -1, 3]), r.choice([0, 1, 2, -1, 3]), r.choice([1.5, -2.0, 0.0, 1e3, np.nan, 300.0])
