"""Random expressions over whole arrays, jitted against NumPy: the same bits, exceptions and array contents."""

from __future__ import annotations

import linecache
import math
import os
import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.errors import FallbackWarning, UnsupportedError
from tests.fuzz.wholes import Program
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "200"))
BATCH = 50
CALLS = 3


def define(program: Program) -> Any:
    namespace = {"np": np}
    name = f"<expression {program.seed}>"
    linecache.cache[name] = (len(program.source), None, program.source.splitlines(True), name)
    exec(compile(program.source, name, "exec"), namespace)
    return namespace["f"]


def canonical(value: Any) -> Any:
    """Arrays with all NaN alike: which of two NaN an addition gives is up to the compiler of NumPy."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        value = value.copy(order="K")
        value[np.isnan(value)] = np.nan
    return value


def comparable(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(comparable(v) for v in value)
    if isinstance(value, np.ndarray):
        return bits(canonical(value)), order(value)
    return value


def order(array: Any) -> Any:
    return (array.flags.c_contiguous, array.flags.f_contiguous)


def run(seed: int) -> str | None:
    """Compare one program; the difference in words, None if there is none; "fallback" if it was not compiled."""
    program = Program(seed)
    function, jitted = define(program), jit(define(program))
    try:
        for k in range(CALLS):
            plain_args, jit_args = program.arguments(k), program.arguments(k)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", FallbackWarning)
                wanted = outcome(lambda *args: comparable(function(*args)), plain_args)
                got = outcome(lambda *args: comparable(jitted(*args)), jit_args)
            if got[0] == "raises" and issubclass(got[1], UnsupportedError) and "bug in jitney" not in got[2]:
                return "fallback"
            if got != wanted:
                return f"seed {seed}{plain_args}: jitted {got}, NumPy {wanted}\n{program.source}"
            for a, b in zip(plain_args, jit_args):
                if isinstance(a, np.ndarray) and bits(canonical(a)) != bits(canonical(b)):
                    return f"seed {seed}: arrays differ: jitted {b!r}, NumPy {a!r}\n{program.source}"
    finally:
        linecache.cache.pop(f"<expression {seed}>", None)
    return None


@pytest.mark.parametrize("batch", range(math.ceil(COUNT / BATCH)))
def test_random_expressions(batch):
    fallbacks = 0
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        difference = run(seed)
        if difference == "fallback":
            fallbacks += 1
        else:
            assert difference is None, difference
    assert fallbacks <= BATCH * 0.5, f"{fallbacks} of {BATCH} expressions were not compiled"
