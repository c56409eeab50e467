"""Random programs with functions of their own, `try`, tuples with names and lists, jitted against CPython."""

from __future__ import annotations

import copy
import linecache
import math
import os
import warnings
from collections import namedtuple

import numpy as np
import pytest

from jitney import jit
from jitney.errors import FallbackWarning, UnsupportedError
from tests.fuzz.bindings import BindingProgram
from tests.fuzz.language import LanguageProgram
from tests.fuzz.programs import HELPERS
from tests.fuzz.test_programs import canonical
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "60"))
BATCH = 20
Pair = namedtuple("Pair", "a b")
APPLY = HELPERS + "\ndef apply(f, x):\n    return f(x)\n"


def define(program, decorate=lambda function: function):
    namespace = {"math": math, "Pair": Pair}
    for name, source in (("<applied>", APPLY), (f"<language {program.seed}>", program.source)):
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        exec(compile(source, name, "exec"), namespace)
    for name in ("h0", "h1", "h2", "h3", "h4", "apply", "f"):
        namespace[name] = decorate(namespace[name])
    return namespace["f"]


def run(seed: int, kind: type[LanguageProgram] = LanguageProgram) -> str | None:
    program = kind(seed)
    function, jitted = define(program), define(program, jit)
    try:
        for k in range(3):
            args = program.arguments(k)
            plain_args, jit_args = copy.deepcopy(args), copy.deepcopy(args)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", FallbackWarning)
                wanted, got = outcome(function, plain_args), outcome(jitted, jit_args)
            if got[0] == "raises" and got[1] is UnsupportedError and "bug in jitney" not in got[2]:
                return "fallback"
            if got != wanted:
                if got[0] == "raises" and got[1] is OverflowError and "64 bits" in got[2]:
                    continue
                return f"seed {seed}{args}: jitted {got}, CPython {wanted}\n{program.source}"
            for a, b in zip(plain_args, jit_args):
                if isinstance(a, np.ndarray) and bits(canonical(a)) != bits(canonical(b)):
                    return f"seed {seed}{args}: arrays differ: jitted {b!r}, CPython {a!r}\n{program.source}"
    finally:
        linecache.cache.pop(f"<language {seed}>", None)
    return None


@pytest.mark.parametrize("batch", range(math.ceil(COUNT / BATCH)))
def test_random_programs(batch, monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", str(batch % 2))
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        difference = run(seed)
        assert difference in (None, "fallback"), difference


@pytest.mark.parametrize("batch", range(math.ceil(COUNT / BATCH)))
def test_random_bindings(batch, monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", str(batch % 2))
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        difference = run(seed, BindingProgram)
        assert difference in (None, "fallback"), difference
