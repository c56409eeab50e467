"""Random recurrences, flags that are carried, scanners of bytes: optimised, with passes left out, and in CPython: all
the same bits."""

from __future__ import annotations

import linecache
import os
import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.fuzz.flags import Flags
from tests.fuzz.recurrences import Recurrence
from tests.fuzz.scanners import Scanner
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "60"))
BATCH = 20
CALLS = 3


def held(array: Any) -> Any:
    """The bits of an array; which of two NaNs a sum is, hangs on the processor."""
    if getattr(array, "dtype", None) is not None and array.dtype.kind == "f":
        array = np.where(np.isnan(array), np.nan, array)
    return bits(array)


def run(seed: int, loop: Recurrence | Flags | Scanner, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Compare one loop; the difference in words, None if there is none."""
    name = f"<{type(loop).__name__} {seed}>"
    linecache.cache[name] = (len(loop.source), None, loop.source.splitlines(True), name)
    names: dict[str, Any] = {}
    exec(compile(loop.source, name, "exec"), names)
    function = names["f"]
    for disabled in ("", "vector", "carry,memory"):
        monkeypatch.setenv("JITNEY_DISABLE", disabled)
        jitted = jit(function)
        for k in range(CALLS):
            plain_args, jit_args = loop.arguments(k), loop.arguments(k)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted, got = outcome(function, plain_args), outcome(jitted, jit_args)
            if got[0] == "raises" and "64 bits" in str(got):
                continue
            if got != wanted or any(held(a) != held(b) for a, b in zip(plain_args, jit_args)):
                where = f"seed {seed} call {k} without {disabled!r}, {loop.dtypes}"
                return f"{where}: {got}, CPython {wanted}\n{loop.source}"
    linecache.cache.pop(name, None)
    return None


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_random_recurrences(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    for seed in range(first, min(first + BATCH, COUNT)):
        problem = run(seed, Recurrence(seed), monkeypatch)
        if problem is None and seed % 4 == 0:
            problem = run(seed, Flags(seed), monkeypatch)
        assert problem is None, problem


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_random_scanners(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    for seed in range(first, min(first + BATCH, COUNT)):
        problem = run(seed, Scanner(seed), monkeypatch)
        assert problem is None, problem
