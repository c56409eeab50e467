"""Random subscripts, jitted against NumPy: the same view of the same memory, the same exception."""

from __future__ import annotations

import linecache
import math
import os
import warnings

import numpy as np
import pytest

from jitney import jit
from jitney.errors import FallbackWarning
from tests.fuzz.subscripts import Chain, Gather, Store
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "600")) // 12
BATCH = 25
CALLS = 5


def define(source, name):
    namespace = {"np": np}
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    exec(compile(source, name, "exec"), namespace)
    return namespace["f"]


def look(view):
    """All that tells a view from another; strides of axes shorter than 2 mean nothing."""
    if not isinstance(view, np.ndarray):
        return view
    address, flags = view.__array_interface__["data"][0], view.flags
    strides = [s for s, n in zip(view.strides, view.shape) if n > 1]
    place = (address, strides) if view.size else None
    return view.dtype.str, view.shape, place, flags.writeable, flags.c_contiguous, flags.f_contiguous


def run(seed: int) -> str | None:
    """The difference in words, None if there is none."""
    chain = Chain(seed)
    name = f"<subscript {seed}>"
    shape = "v.shape" if chain.ndim else "0"
    source = f"def f({', '.join(chain.params)}):\n    v = {chain.text}\n    return v, {shape}\n"
    function = define(source, name)
    jitted = jit(function)
    try:
        for k in range(CALLS):
            args = chain.arguments(k)
            with warnings.catch_warnings():
                warnings.simplefilter("error", FallbackWarning)
                wanted, got = outcome_of(function, args), outcome_of(jitted, args)
            if got != wanted:
                return f"seed {seed}{args}: jitted {got}, NumPy {wanted}\n{source}"
    finally:
        linecache.cache.pop(name, None)
    return None


def outcome_of(function, args):
    try:
        view, shape = function(*args)
    except Exception:
        return outcome(function, args)
    return look(view), shape


@pytest.mark.parametrize("batch", range(math.ceil(COUNT / BATCH)))
def test_random_subscripts(batch):
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        difference = run(seed)
        assert difference is None, difference


def run_stores(made) -> str | None:
    """Compare what a program gives and what it leaves in its arrays."""
    name = f"<store {made.seed}>"
    function = define(made.source, name)
    jitted = jit(function)
    try:
        for k in range(CALLS):
            plain_args, jit_args = made.arguments(k), made.arguments(k)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", FallbackWarning)
                wanted, got = outcome(function, plain_args), outcome(jitted, jit_args)
            if got[0] == "raises" and "is not supported" in got[2]:
                return "fallback"
            same = got == wanted and all(bits(a) == bits(b) for a, b in zip(plain_args, jit_args))
            if not same:
                left = f"jitted {got}, {jit_args[0]}, NumPy {wanted}, {plain_args[0]}"
                return f"seed {made.seed}.{k}{made.arguments(k)}: {left}\n{made.source}"
    finally:
        linecache.cache.pop(name, None)
    return None


# NumPy 2.5 runs Python code, such as a weak reference's callback, while it has set an exception itself.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("batch", range(math.ceil(COUNT / BATCH)))
@pytest.mark.parametrize("kind", [Store, Gather])
def test_random_stores(kind, batch):
    fallbacks = 0
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        difference = run_stores(kind(seed))
        if difference == "fallback":
            fallbacks += 1
        else:
            assert difference is None, difference
    assert fallbacks <= BATCH * 0.4, f"{fallbacks} of {BATCH} programs were not compiled"
