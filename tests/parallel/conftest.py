"""Every test runs as users have it, and with loops shared however small they are."""

from __future__ import annotations

import pytest

import jitney
from jitney.opt import outline
from jitney.runtime import threads


@pytest.fixture(params=["measured", "eager"], autouse=True)
def sharing(request, monkeypatch):
    pool = threads.pool()
    before = pool["THREADS"], pool["WORTH"], pool["TRUSTED"]
    if request.param == "eager":
        monkeypatch.setattr(outline, "_SMALL_WORK", 0.0)
        monkeypatch.setattr(outline, "_UNIT_WORK", 0.0)
        pool["WORTH"] = pool["TRUSTED"] = 0
    jitney.set_num_threads(3)
    yield request.param
    pool["THREADS"], pool["WORTH"], pool["TRUSTED"] = before
