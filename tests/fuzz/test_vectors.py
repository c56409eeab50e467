"""Random loops over arrays: vectorised, with the vectoriser off, and in CPython, all the same bits."""

from __future__ import annotations

import linecache
import os
import warnings
from typing import Any

import pytest

from jitney import jit
from tests.fuzz import bits as of_bits
from tests.fuzz import lookups
from tests.fuzz.vectors import Loop
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "100"))
BATCH = 20
CALLS = 3


def run(
    loop: Loop | of_bits.Loop | lookups.Loop, monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...]
) -> str | None:
    """Compare one loop, with these passes off, too; the difference in words, None if there is none."""
    seed = loop.seed
    name = f"<loop {seed}>"
    linecache.cache[name] = (len(loop.source), None, loop.source.splitlines(True), name)
    names: dict[str, Any] = {}
    exec(compile(loop.source, name, "exec"), names)
    function = names["f"]
    for disabled in ("", *without):
        monkeypatch.setenv("JITNEY_DISABLE", disabled)
        jitted = jit(function)
        for k in range(CALLS):
            # A deep copy would not share memory as these do: they are made anew.
            plain_args, jit_args = loop.arguments(k), loop.arguments(k)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted, got = outcome(function, plain_args), outcome(jitted, jit_args)
            if got[0] == "raises" and "64 bits" in str(got):
                continue
            if got != wanted or any(bits(a) != bits(b) for a, b in zip(plain_args, jit_args)):
                where = f"seed {seed} call {k} without {disabled!r}, {loop.dtypes}"
                return f"{where}: {got}, CPython {wanted}\n{loop.source}"
    linecache.cache.pop(name, None)
    return None


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_random_loops(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    for seed in range(first, min(first + BATCH, COUNT)):
        problem = run(Loop(seed), monkeypatch, ("vector", "masks,hoist,untie"))
        assert problem is None, problem


@pytest.mark.parametrize("first", range(0, COUNT // 2, BATCH))
def test_random_bits(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    for seed in range(first, min(first + BATCH, COUNT // 2)):
        problem = run(of_bits.Loop(seed), monkeypatch, ())
        assert problem is None, problem


@pytest.mark.parametrize("first", range(0, COUNT // 2, BATCH))
def test_random_tables(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    for seed in range(first, min(first + BATCH, COUNT // 2)):
        problem = run(lookups.Loop(seed), monkeypatch, ())
        assert problem is None, problem
