"""The generator of random IR keeps its promises, and its programs are worth running."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from jitney.ir.ops import OPS
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from tests.ir.harness import entry_function, observe_interpreted
from tests.ir.random_ir import FEATURES, generate


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("first", range(0, 100, 25))
def test_programs_are_valid_and_run(first: int, raw: bool) -> None:
    for seed in range(first, first + 25):
        program = generate(seed, 10 + seed % 60, raw=raw)
        for function in program.functions:
            verify(function)
            verify(entry_function(function))
        observe_interpreted(program, program.arguments(random.Random(seed)))


def test_a_seed_decides_everything() -> None:
    def text(seed: int) -> str:
        return "".join(to_text(f) for f in generate(seed, 60).functions)

    assert text(5) == text(5)
    assert text(5) != text(6)


def test_every_row_occurs() -> None:
    seen: Counter[str] = Counter()
    for seed in range(120):
        for function in generate(seed, 80, raw=True).functions:
            seen.update(op.name for op in function.ops)
    vectors = {name for name, op in OPS.items() if "v" in op.params} | {"splat", "fma", "fpower", "fcall"}
    assert set(OPS) - vectors - set(seen) == {"symbol"}


def test_most_programs_run_to_their_end() -> None:
    failed = 0
    for seed in range(100):
        program = generate(seed, 40)
        failed += observe_interpreted(program, program.arguments(random.Random(seed))).failure is not None
    assert 5 < failed < 50


def test_what_is_excluded_does_not_occur() -> None:
    plain = set(FEATURES) - {"if"}
    for seed in range(30):
        program = generate(seed, 60, raw=True, exclude=plain | {"fsqrt"})
        (function,) = program.functions
        names = {op.name for op in function.ops} | {block.term for block in function.blocks}
        assert not names & {"fsqrt", "load", "store", "guard", "addo", "call", "invoke", "poll", "floordiv", "exit"}
        assert not function.loops()
        assert not any(t.name == "f32" for t in function.types)
