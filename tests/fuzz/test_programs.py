"""Random programs, jitted against CPython: same value and bits, same exception, same array contents."""

from __future__ import annotations

import copy
import linecache
import math
import os
import warnings

import numpy as np
import pytest

from jitney import jit
from jitney.errors import FallbackWarning, UnsupportedError
from tests.fuzz.programs import HELPERS, Program
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "300"))
BATCH = 50
CALLS = 4


def define(program: Program, decorate=lambda function: function):
    """The function of a program, decorated like its helpers, with its source where the compiler finds it."""
    namespace = {"math": math}
    for name, source in (("<helpers>", HELPERS), (f"<program {program.seed}>", program.source)):
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        exec(compile(source, name, "exec"), namespace)
    for name in ("h0", "h1", "h2", "h3", "h4", "f"):
        namespace[name] = decorate(namespace[name])
    return namespace["f"]


def canonical(array):
    """The array with all NaN alike: of several NaN in a sum or a product any may be the result."""
    return np.where(np.isnan(array), np.nan, array).astype(array.dtype) if array.dtype.kind == "f" else array


def run(seed: int) -> str | None:
    """Compare one program; the difference in words, None if there is none; "fallback" if it was not compiled."""
    program = Program(seed)
    function, jitted = define(program), define(program, jit)
    try:
        for k in range(CALLS):
            args = program.arguments(k)
            plain_args, jit_args = copy.deepcopy(args), copy.deepcopy(args)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", FallbackWarning)
                wanted = outcome(function, plain_args)
                got = outcome(jitted, jit_args)
            if got[0] == "raises" and got[1] is UnsupportedError and "bug in jitney" not in got[2]:
                return "fallback"
            if got != wanted:
                # After a store, an int that leaves 64 bits is an OverflowError that says so (contract, point 4).
                if got[0] == "raises" and got[1] is OverflowError and "64 bits" in got[2]:
                    continue
                return f"seed {seed}{args}: jitted {got}, CPython {wanted}\n{program.source}"
            for a, b in zip(plain_args, jit_args):
                if isinstance(a, np.ndarray) and bits(canonical(a)) != bits(canonical(b)):
                    return f"seed {seed}{args}: arrays differ: jitted {b!r}, CPython {a!r}\n{program.source}"
    finally:
        linecache.cache.pop(f"<program {seed}>", None)
    return None


@pytest.mark.parametrize("batch", range(math.ceil(COUNT / BATCH)))
def test_random_programs(batch, monkeypatch):
    # Every other batch in two tiers: the first call by unoptimised code, the next ones by optimised code.
    monkeypatch.setenv("JITNEY_TIERS", str(batch % 2))
    fallbacks = 0
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        difference = run(seed)
        if difference == "fallback":
            fallbacks += 1
        else:
            assert difference is None, difference
    assert fallbacks <= BATCH * 0.4, f"{fallbacks} of {BATCH} programs were not compiled"
