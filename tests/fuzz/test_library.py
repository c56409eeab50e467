"""Random programs that draw random numbers and call functions of NumPy's written in Python: the same results, arrays
and states of the generators as CPython's."""

from __future__ import annotations

import copy
import linecache
import os
import random
import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "100")) // 20
DRAWS = (
    "r.random()", "r.normal({x}, {y})", "r.integers({k}, {k} + 9)", "r.uniform({x}, {y})", "r.exponential({y})",
    "r.choice(a)", "r.poisson(abs({x}))", "np.random.rand()", "np.random.normal({x}, {y})",
    "np.random.randint({k}, 20)", "np.random.choice({k} + 1)", "random.random()", "random.randint(-{k}, {k})",
    "random.uniform({x}, {y})", "random.gauss({x}, {y})", "random.randrange({k} + 5)", "r.standard_normal()",
    "np.random.exponential()",
)  # fmt: skip
NUMBERS = (
    "np.searchsorted(a, {x})", "a.searchsorted({x}, 'right')", "np.digitize({x}, p)", "np.interp({x}, p, q)",
    "np.isclose({x}, {y})", "np.clip({x}, 0.0, {y})", "np.median(a)", "np.linalg.norm(a)", "np.nansum(a)",
    "np.nanmean(a)", "np.allclose(a, b)", "np.array_equal(a, b)",
)  # fmt: skip
ARRAYS = (
    "np.roll(a, {k})", "np.append(a, {x})", "np.append(b, a)", "np.concatenate((a, b))", "np.repeat(b, {k} % 3)",
    "np.linspace({x}, {y}, {k} + 1)", "np.interp(a, p, q)", "np.arange({k}) * {x}", "np.hstack((a, b, a))",
    "np.stack((a, a))[{k} % 2]", "np.column_stack((b, b))[:, 0]", "np.cross(p, q) + {x}", "np.eye({k} + 1)[0] * {x}",
    "np.histogram(a, {k} + 1, (-1.0, 2.0))[1]", "np.searchsorted(p, a) * 0.5",
)  # fmt: skip


class Program:
    """A function of a generator, arrays and numbers."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.lines: list[str] = []

    def number(self) -> str:
        return self.r.choice(("x", "y", "s", "1.5", "x - y", "s * 0.25", "0.0", "-1.0"))

    def call(self, texts: tuple[str, ...]) -> str:
        whole = self.r.choice(("k", "3", "i", "k + i"))
        return self.r.choice(texts).format(x=self.number(), y=self.number(), k=f"({whole})")

    def statement(self, indent: str) -> None:
        kind, add = self.r.random(), self.lines.append
        if kind < 0.4:
            add(f"{indent}s = s * 0.5 + {self.call(DRAWS)}")
        elif kind < 0.65:
            add(f"{indent}s = s * 0.5 - {self.call(NUMBERS)}")
        elif kind < 0.8:
            add(f"{indent}{self.r.choice('ab')} = ({self.call(ARRAYS)})[:40]")
        elif kind < 0.9:
            add(f"{indent}c[i % 3] = {self.call(DRAWS)} + s")
        else:
            add(f"{indent}if {self.number()} < {self.number()}:")
            self.statement(indent + "    ")

    def text(self) -> str:
        self.lines = ["def f(r, a, b, c, p, q, x, y, k):", "    s = 0.0", "    i = 1"]
        for _ in range(self.r.randint(1, 3)):
            self.statement("    ")
        self.lines.append("    for i in range(k + 3):")
        for _ in range(self.r.randint(2, 5)):
            self.statement("        ")
        return "\n".join([*self.lines, "    return s, a, b, c", ""])


@pytest.mark.parametrize("seed", range(COUNT))
def test_random_programs(seed: int) -> None:
    program = Program(seed)
    text, file, r = program.text(), f"<library {seed}>", program.r
    namespace: dict[str, Any] = {"np": np, "random": random}
    exec(compile(text, file, "exec"), namespace)
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    plain, jitted = namespace["f"], jit(namespace["f"])
    kind = r.choice((np.random.PCG64, np.random.MT19937))
    for call in range(3):
        line = np.array([r.choice((r.random(), 0.0, 1.0, -0.5)) for _ in range(r.randint(1, 9))])
        points = np.array([r.uniform(-2.0, 2.0) for _ in range(3)])
        args = (line, np.sort(line), np.zeros(3), points if r.random() < 0.2 else np.sort(points), points + 1.0)
        numbers = (r.choice((0.5, r.random(), np.float64(0.25))), r.choice((2.0, 1e-3, 0.75)), r.randint(0, 4))
        results = []
        for function in (plain, jitted):
            random.seed(call)
            np.random.seed(call)
            generator, given = np.random.Generator(kind(call)), copy.deepcopy(args)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                got = outcome(function, (generator, *given, *numbers))
            states = (generator.bit_generator.state, np.random.get_state(legacy=False), random.getstate())
            results.append((got, [bits(a) for a in given], repr(states)))
        # A call that CPython has run again, or could not run again, says so.
        assert results[0] == results[1], (text, numbers, results[0][0], results[1][0])
