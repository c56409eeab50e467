"""Every pass on random programs: what the interpreter shows must not change, and the IR must stay valid."""

from __future__ import annotations

import random

import pytest

from jitney.ir.interp import InterpError
from jitney.ir.print import to_text
from jitney.ir.verify import VerifyError, verify
from jitney.opt import PASSES
from tests.ir.harness import Program, observe_interpreted
from tests.ir.random_ir import generate

_ROUNDS = 3


def check(program: Program, seed: int, names: tuple[str, ...]) -> None:
    function = program.function
    before = to_text(function)
    rng = random.Random(seed)
    runs = [program.arguments(rng) for _ in range(_ROUNDS)]
    expected = [observe_interpreted(program, args) for args in runs]
    for name, run in PASSES:
        if name not in names:
            continue
        was = to_text(function)
        function = run(function)
        try:
            verify(function)
            for args, right in zip(runs, expected):
                got = observe_interpreted(program, args, function)
                assert got.refines(right), (args, got, right)
        except (AssertionError, VerifyError, InterpError) as problem:
            raise AssertionError(f"{name}: {problem}\n--- start\n{before}\n--- before\n{was}\n--- after\n"
                                 f"{to_text(function)}") from problem  # fmt: skip


ALL = tuple(name for name, _ in PASSES)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("first", range(0, 200, 25))
def test_all_passes_in_order(first: int, raw: bool) -> None:
    for seed in range(first, first + 25):
        check(generate(seed, 10 + seed % 70, raw=raw), seed, ALL)


@pytest.mark.parametrize("name", ALL)
def test_each_pass_alone(name: str) -> None:
    for seed in range(1000, 1040):
        check(generate(seed, 10 + seed % 60, raw=seed % 2 == 0), seed, (name,))
