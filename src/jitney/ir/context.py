"""The context record: what a running call and the runtime tell each other. One per outermost call, on its stack.

Every function of the ``jit`` convention receives its address as first parameter. Compiled code writes it only on
the way out (a failing guard), reads ``STACK_LIMIT`` where a function is recursive, and counts ``FUEL`` down where it
has loops or is recursive. Offsets are in bytes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .types import Type

SITE = 0  # i64: the failing site, (function id << 32) | site index
DIRTY = 8  # i64: 1 when something visible from outside had happened
STACK_LIMIT = 16  # ptr: no frame may begin below this address
FUEL = 24  # i64: counts down between polls of all functions
TRACE_COUNT = 32  # i64: number of call sites recorded in TRACE (may exceed TRACE_MAX: then the rest is lost)
OWNED_TOP = 40  # ptr: the end of the slots in use, of functions that hold references (see runtime/ownership.py)
OWNED_LIMIT = 48  # ptr: no slot at or above this address
OWNED_BLOCK = 56  # ptr: the first slot, 0 where there are none
CAPTURES = 64  # 8 x 8 bytes: values captured by the failing site, each as 64 bits
TRACE = 128  # TRACE_MAX x i64: call sites passed while unwinding, innermost first
CAPTURES_MAX = 8
TRACE_MAX = 24
RESULTS = TRACE + 8 * TRACE_MAX  # 8 bytes each: results that no register is left for, written just before the return
RESULTS_MAX = 64
SIZE = RESULTS + 8 * RESULTS_MAX
REGION = 2  # `Memory.region` of the record
FUEL_FULL = 1 << 15  # back edges between two polls
REGISTERS = 7  # results of either kind in registers, on every target; the dirty flag comes on top


def returned(types: tuple[Type, ...]) -> list[int]:
    """Where each result of a jit function travels: -1 in a register, else its offset in the context."""
    left = {True: REGISTERS, False: REGISTERS}
    offsets, next = [], RESULTS
    for t in types:
        if left[t.is_float]:
            left[t.is_float] -= 1
            offsets.append(-1)
        else:
            offsets.append(next)
            next += 8
    return offsets
