"""Random nests of loops: their outer loops in lanes or jammed, with that off, and in CPython, all the same bits but for
the sign of NaN, which depends on the order of operands, in CPython, too."""

from __future__ import annotations

import linecache
import os
import warnings
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.fuzz.nests import Nest, Rows
from tests.support import bits, outcome

COUNT = int(os.environ.get("JITNEY_FUZZ", "20"))
BATCH = 20
CALLS = 4


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.where(np.isnan(value), value.dtype.type(np.nan), value)
    return value


def run(nest: Nest, without: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Compare one nest, also without each of some passes; the difference in words, None if there is none."""
    name = f"<nest {nest.seed}>"
    linecache.cache[name] = (len(nest.source), None, nest.source.splitlines(True), name)
    names: dict[str, Any] = {}
    exec(compile(nest.source, name, "exec"), names)
    function = names["f"]
    for disabled in ("", *without):
        monkeypatch.setenv("JITNEY_DISABLE", disabled)
        jitted = jit(function)
        for k in range(CALLS):
            # A deep copy would not share memory as these do: they are made anew.
            plain_args, jit_args = nest.arguments(k), nest.arguments(k)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wanted, got = outcome(function, tuple(plain_args)), outcome(jitted, tuple(jit_args))
            if got[0] == "raises" and "64 bits" in str(got):
                continue
            if got != wanted or any(bits(plain(x)) != bits(plain(y)) for x, y in zip(plain_args, jit_args)):
                where = f"seed {nest.seed} call {k} without {disabled!r}, {nest.dtypes}"
                return f"{where}: {got}, CPython {wanted}\n{nest.source}"
    linecache.cache.pop(name, None)
    return None


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_random_nests(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    for seed in range(first, min(first + BATCH, COUNT)):
        problem = run(Nest(seed), ("outer",), monkeypatch)
        assert problem is None, problem


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_random_rows(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    for seed in range(first, min(first + BATCH, COUNT)):
        problem = run(Rows(seed), ("jam", "jam,sections"), monkeypatch)
        assert problem is None, problem


@pytest.mark.parametrize("seed", [141, 464, 817, 1065, 1163])
def test_found_before(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indices that may be negative, in loops that store: the compiler failed."""
    monkeypatch.setenv("JITNEY_TIERS", "0")
    assert run(Nest(seed), ("outer",), monkeypatch) is None
