"""Nothing is left behind: not by calls, not by functions that were compiled and discarded."""

import gc

import numpy as np
import pytest

from jitney import jit
from jitney.asm import memory

pytestmark = pytest.mark.native  # what qemu has translated is resident, too


def resident():
    """Bytes of memory in use."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def make(k):
    @jit
    def twice(x):
        return x * 2.0

    @jit
    def kernel(a, n, *, scale=2.0):
        s = 0.0
        for i in range(n):
            s += twice(a[i]) * scale
        return s + k

    return kernel


def compile_and_discard(count):
    a = np.ones(10)
    for k in range(count):
        kernel = make(k)
        assert kernel(a, 4) == 16.0 + k
        assert kernel(a, 4, scale=3.0) == 24.0 + k
        if k % 20 == 0:
            gc.collect()
    gc.collect()


def test_functions_compiled_and_discarded_leave_nothing():
    compile_and_discard(20)
    chunks, objects, before = memory.usage(), len(gc.get_objects()), resident()
    compile_and_discard(60)
    after = memory.usage()
    assert all(after[kind] <= chunks[kind] for kind in after), (after, chunks)
    assert len(gc.get_objects()) < objects + 200
    assert resident() < before + (2 << 20)


def test_calls_leave_nothing():
    kernel = make(1)
    a = np.ones(10)
    kernel(a, 4)
    gc.collect()
    objects, before = len(gc.get_objects()), resident()
    for _ in range(50_000):
        kernel(a, 1)
        kernel(a, 1, scale=2.5)
    assert resident() < before + (1 << 20)
    gc.collect()
    assert len(gc.get_objects()) < objects + 50


def test_calls_that_bail_out_leave_nothing():
    @jit
    def grow(x, n):
        for _ in range(n):
            x = x * x
        return x

    assert grow(2, 3) == 256
    for _ in range(100):
        grow(3, 2)
    before = resident()
    for k in range(20_000):
        assert grow(3, 2) == 81
        if k % 4 == 0:
            assert grow(10, 6) == 10**64
    assert resident() < before + (1 << 20)
    assert not grow.specializations[0].reason
