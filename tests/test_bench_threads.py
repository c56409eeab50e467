"""The benchmark's loops for threads at their least size: compiled, and CPython's bits."""

from __future__ import annotations

import pytest

from bench.compare import difference
from bench.threads import LOOPS, load
from jitney import jit


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.function)
def test_jitted_equals_plain(loop):
    args, plain_args = loop.make(loop.sizes[0]), loop.make(loop.sizes[0])
    wanted = load(loop)(*plain_args)
    jitted = jit(parallel=True)(load(loop))
    assert difference(jitted(*args), args, wanted, plain_args) is None
    (specialization,) = jitted.specializations
    assert specialization.bailouts == 0 and [note.endswith(": parallel") for note in specialization.loops] == [True]
