"""Random programs compiled, as they are and optimised, against the interpreter."""

from __future__ import annotations

import ctypes
import random

import pytest

from jitney.codegen.generate import generate as compiled
from jitney.ir.verify import verify
from jitney.loader import load
from jitney.opt import optimize
from tests.codegen.harness import POLLS, TARGETS
from tests.ir.harness import Program, observe_interpreted, observe_native
from tests.ir.random_ir import generate

PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def loaded(functions: list, program: Program, target) -> tuple[object, object]:
    """The C function that runs the program, and what keeps its code alive."""
    codes = [compiled(f, target, POLLS.symbol) for f in (*functions, program.entry())]
    handle = load(codes)
    return PROTOTYPE(codes[-1].symbol.address), handle


def programs(first: int, count: int):
    for seed in range(first, first + count):
        yield generate(seed, random.Random(seed).choice((5, 20, 50, 90)), raw=seed % 2 == 1)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("first", range(0, 120, 30))
def test_compiled_programs_do_the_same(first: int, target) -> None:
    for program in programs(first, 30):
        native, _handle = loaded(program.functions, program, target)
        for k in range(4):
            args = program.arguments(random.Random(k))
            assert observe_native(program, args, native) == observe_interpreted(program, args)


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_optimised_programs_refine_them(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the passes make of a program may leave earlier, while nothing has happened; else it does the same. (But for
    `modular`, after which fewer programs overflow.)"""
    monkeypatch.setenv("JITNEY_DISABLE", "modular")
    for program in programs(first, 30):
        functions = [optimize(f) for f in program.functions]
        for function in functions:
            verify(function)
        native, _handle = loaded(functions, program, TARGETS["native"])
        for k in range(4):
            args = program.arguments(random.Random(k))
            assert observe_native(program, args, native).refines(observe_interpreted(program, args))
