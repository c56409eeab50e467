"""What the tests of objects share."""

from __future__ import annotations

import gc
import sys
from typing import Any


def used_blocks() -> int:
    """Blocks of memory that Python objects are in, with nothing left to be collected."""
    gc.collect()
    return sys.getallocatedblocks()


def assert_nothing_leaks(call: Any, times: int = 100) -> None:
    for _ in range(50):
        call()
    # Caches of the interpreter's own may grow for a while: a leak grows in every round.
    grown = []
    for _ in range(6):
        before = used_blocks()
        for _ in range(times):
            call()
        grown.append(used_blocks() - before)
        if grown[-1] < times // 4:
            return
    raise AssertionError(f"blocks of memory more than before, after {times} calls each: {grown}")


def quietly(function: Any, *errors: type[BaseException]) -> Any:
    """The function with these exceptions swallowed."""

    def call(*args: Any) -> None:
        try:
            function(*args)
        except errors:
            pass

    return call
