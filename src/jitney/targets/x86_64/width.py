"""Which width of vectors this CPU gains from, where it has more than one: measured once in a process that compiles a
loop for vectors, in a tenth of a millisecond.

CPUs that do 512 bits at a time halve the time of loops in the first cache; others do them as two halves, for nothing,
or at a lower frequency.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_long, c_void_p
from time import perf_counter_ns

from ...asm.memory import reserve
from .emit import WIDTH_BITS
from .encode import NE, RDI, RSI, SUB, XMM0, Encoder
from .ops import MOVUPS_LOAD, MOVUPS_STORE

_BYTES = 2048  # the array that the loops go over: long enough that no load waits for a store before
_ROUNDS = 200  # over all of it, in each measurement
_TRIES = 5
_GAIN = 0.8  # of the time of the narrower loop: no more is a gain
_ADDPD = (1, 1, 0x58, "addpd")


def _loop(size: int) -> bytes:
    """``void f(double *array, long rounds)`` that doubles the elements of an array, `size` bytes at a time."""
    e = Encoder()
    bit = WIDTH_BITS[size]
    again = object()
    e.bind(again)
    for k in range(0, _BYTES, size):
        place = (RDI, -1, 0, k)
        e.vex_rrm((bit, *MOVUPS_LOAD[1:]), XMM0, 0, place)
        e.vex_rrm((bit | _ADDPD[0], *_ADDPD[1:]), XMM0, XMM0, place)
        e.vex_rrm((bit, *MOVUPS_STORE[1:]), XMM0, 0, place)
    e.alu_ri(SUB, RSI, 1)
    e.jcc(NE, again)
    e.vzeroupper()
    e.ret()
    return bytes(e.finish()[0])


def measured() -> int:
    """64 if vectors of 64 bytes gain over those of 32, else 32."""
    codes = {size: _loop(size) for size in (32, 64)}
    prototype = CFUNCTYPE(None, c_void_p, c_long)
    regions = {size: reserve(len(code), _BYTES).write(code) for size, code in codes.items()}
    best: dict[int, int] = {}
    for _ in range(_TRIES):
        for size, region in regions.items():
            call = prototype(region.code_address)
            start = perf_counter_ns()
            call(region.data_address, _ROUNDS)
            best[size] = min(best.get(size, 1 << 62), perf_counter_ns() - start)
    return 64 if best[64] <= _GAIN * best[32] else 32
