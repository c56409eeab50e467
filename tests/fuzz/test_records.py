"""Random programs over records, jitted against CPython."""

from __future__ import annotations

import math
import os

import pytest

from tests.fuzz.records import Records
from tests.fuzz.test_subscripts import run_stores

COUNT = int(os.environ.get("JITNEY_FUZZ", "600")) // 24
BATCH = 25


@pytest.mark.parametrize("batch", range(math.ceil(COUNT / BATCH)))
def test_random_programs(batch):
    fallbacks = 0
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        difference = run_stores(Records(seed))
        if difference == "fallback":
            fallbacks += 1
        else:
            assert difference is None, difference
    assert fallbacks <= BATCH * 0.2, f"{fallbacks} of {BATCH} programs were not compiled"
