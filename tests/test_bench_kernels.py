"""Every kernel of the benchmark on its tiny input: compiled, and the bits of plain CPython."""

from __future__ import annotations

import pytest

from bench.compare import difference
from bench.registry import KERNELS, load
from jitney import jit


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.name)
def test_jitted_equals_plain(kernel):
    args, plain_args = kernel.make(kernel.tiny), kernel.make(kernel.tiny)
    wanted = load(kernel)(*plain_args)
    jitted = load(kernel, jit)
    assert difference(jitted(*args), args, wanted, plain_args) is None
    # Once more, now compiled: the kernels do not depend on what an earlier call left.
    assert difference(jitted(*args), args, wanted, plain_args) is None
    # A fallback would have been an error (conftest); a bail-out would have run the call in CPython unnoticed.
    assert [s.bailouts for s in jitted.specializations] == [0]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.name)
def test_difference_sees_a_wrong_result(kernel):
    args, plain_args = kernel.make(kernel.tiny), kernel.make(kernel.tiny)
    plain = load(kernel)
    wanted = plain(*plain_args)
    result = plain(*args)
    assert difference(result, args, wanted, plain_args) is None
    arrays = [a for a in args if hasattr(a, "dtype")]
    if arrays:
        arrays[-1].flat[0] += 1
        assert difference(result, args, wanted, plain_args) is not None
    else:
        assert difference(result + 1, args, wanted, plain_args) is not None


def test_names_are_unique():
    assert len({k.name for k in KERNELS}) == len(KERNELS) >= 36
