"""The array-style kernels of the benchmark on tiny inputs: compiled, and NumPy's bits."""

from __future__ import annotations

import pytest

from bench.arrays import KERNELS, load
from bench.compare import difference
from jitney import jit


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.name)
def test_jitted_equals_numpy(kernel):
    args, plain_args = kernel.make(kernel.tiny), kernel.make(kernel.tiny)
    wanted = load(kernel)(*plain_args)
    jitted = jit(load(kernel))
    assert difference(jitted(*args), args, wanted, plain_args) is None
    assert [s.bailouts for s in jitted.specializations] == [0]
