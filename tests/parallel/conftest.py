"""Every test runs as users have it, and with loops shared however small they are."""

from __future__ import annotations

import pytest

import jitney
from jitney.opt import outline
from jitney.runtime import threads


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """What is known of each parallel loop that the test compiles, see `runtime/threads_x86_64.py`."""
    found = []
    make = threads.Pool.known

    def record(pool):
        symbol = make(pool)
        found.append(symbol.owner)
        return symbol

    monkeypatch.setattr(threads.Pool, "known", record)
    return found


@pytest.fixture(params=["measured", "eager"], autouse=True)
def sharing(request, monkeypatch):
    pool = threads.pool()
    words = ("THREADS", "WORTH", "NEAR", "TRUSTED", "TINY", "PIECE", "PENALTY", "DEBT")
    before = [pool[word] for word in words]
    pool["DEBT"] = 0
    if request.param == "eager":
        monkeypatch.setattr(outline, "_SMALL_WORK", 0.0)
        monkeypatch.setattr(outline, "_UNIT_WORK", 0.0)
        for word in words[1:-1]:
            pool[word] = 0
    jitney.set_num_threads(3)
    yield request.param
    for word, value in zip(words, before):
        pool[word] = value
