"""Random loops of the kinds that threads share, against CPython."""

from __future__ import annotations

import copy
import linecache
import math
import os
import random
import warnings

import numpy as np
import pytest

from jitney import jit, prange
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ_PARALLEL", "12"))
PIECES = 2
KINDS = ["+", "+", "+", "-", "*", "^", "|", "&", "min", "max", "best", "last"]
BOUNDS = ["n", "len(a)", "1, n", "n - 1, -1, -1", "0, n, 3", "m, n", "n, m, -2", "0, n, m % 5 + 1"]


class Loop:
    """A function with one or two `prange` loops that reduce into s0, s1... and store into b[i]."""

    def __init__(self, seed: int) -> None:
        self.random = r = random.Random(seed)
        self.sums = [f"s{k}" for k in range(r.randint(1, 3))]
        self.kind = {s: r.choice(KINDS) for s in self.sums}
        lines = ["def f(a, b, n, m):"]
        for s in self.sums:
            first = ["0", "1", "-1", "7", "m", "0.5" if self.kind[s] in ("min", "max") else "3"]
            lines.append(f"    {s} = {r.choice(first)}")
            if self.kind[s] == "best":
                lines.append(f"    at_{s} = -1")
        lines.append("    i = -1")
        for _ in range(r.randint(1, 2)):
            lines.append(f"    for i in prange({r.choice(BOUNDS)}):")
            lines += self.body(2)
        names = [*self.sums, *[f"at_{s}" for s in self.sums if self.kind[s] == "best"], "i"]
        lines.append(f"    return {', '.join(names)}")
        self.source = "\n".join(lines) + "\n"

    def body(self, indent: int) -> list[str]:
        r, pad = self.random, "    " * indent
        lines = [f"{pad}t = {self.value(0)}"]
        for _ in range(r.randint(1, 3)):
            kind = r.random()
            if kind < 0.3:
                test = f"{self.value(1)} {r.choice(['<', '>', '=='])} {self.value(1)}"
                lines += [f"{pad}if {test}:", *self.update(indent + 1)]
            elif kind < 0.45:
                lines += [f"{pad}for j in range({r.choice(['3', 'i % 4', 'm % 3'])}):", f"{pad}    t += j"]
            elif kind < 0.6:
                lines.append(f"{pad}b[i] = {r.choice(['t', 'i', 'b[i] + 1', 't * 0.5'])}")
            elif kind < 0.64:
                lines += [f"{pad}if t == {r.randint(0, 60)}:", f"{pad}    raise ValueError('t')"]
            else:
                lines += self.update(indent)
        return lines

    def update(self, indent: int) -> list[str]:
        r, pad = self.random, "    " * indent
        s = r.choice(self.sums)
        kind, value = self.kind[s], self.value(0)
        if kind in ("min", "max"):
            return [f"{pad}{s} = {kind}({s}, {value})"]
        if kind == "best":
            return [f"{pad}if {value} > {s}:", f"{pad}    {s} = {value}", f"{pad}    at_{s} = i"]
        if kind == "last":
            return [f"{pad}{s} = {value}"]
        return [f"{pad}{s} {kind}= {value}" + (" | 1" if kind == "*" and r.random() < 0.9 else "")]

    def value(self, depth: int) -> str:
        r = self.random
        kind = r.random()
        if depth > 1 or kind < 0.4:
            return r.choice(["i", "m", "int(a[i])", "int(a[i])", "int(a[m % len(a)])", "3", "-2", "i % 7"])
        return f"({self.value(depth + 1)} {r.choice(['+', '-', '*', '%', '^', '&', '//'])} {self.value(depth + 1)})"

    def arguments(self, k: int) -> tuple:
        r = np.random.default_rng(self.random.randrange(1 << 30))
        n = (0, 5, 40, 300)[k]
        a = r.integers(-9, 9, max(n, 1)).astype(self.random.choice(["int64", "float64", "int8"]))
        return a, np.zeros(max(n, 1)), n, int(r.integers(0, 6))


@pytest.mark.parametrize("piece", range(PIECES))
def test_random_loops(piece, sharing):
    shared = loops = 0
    for seed in range(piece, COUNT, PIECES):
        loop = Loop(seed)
        name = f"<loop {seed}>"
        namespace = {"math": math, "prange": prange}
        linecache.cache[name] = (len(loop.source), None, loop.source.splitlines(True), name)
        exec(compile(loop.source, name, "exec"), namespace)
        function = namespace["f"]
        jitted = jit(parallel=True)(function)
        for k in range(4):
            args = loop.arguments(k)
            plain, own = copy.deepcopy(args), copy.deepcopy(args)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted, got = outcome(function, plain), outcome(jitted, own)
            if got[0] == "raises" and got[1] is OverflowError and "64 bits" in got[2]:
                continue
            told = f"seed {seed}, {args}: jitted {got}, CPython {wanted}\n{loop.source}{jitted.specializations}"
            assert got == wanted, told
            # Behind an exception, later iterations may have stored already.
            assert got[0] == "raises" or bits(own[1]) == bits(plain[1]), told
        for record in jitted.specializations:
            loops += len(record.loops)
            shared += sum(note.endswith(": parallel") for note in record.loops)
        linecache.cache.pop(name)
    assert shared > loops // 4, f"{shared} of {loops} were shared"
