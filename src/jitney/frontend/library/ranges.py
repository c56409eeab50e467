"""The type of a `range` object, taken apart at compile time."""

from __future__ import annotations

from ...ir.types import I64
from ...pytypes import PyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Range(PyType):
    """A range; leaves: start, stop and step, each an int of 64 bits. The step is not checked to be other than 0."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(name, (I64, I64, I64))


RANGE = Range("range")
PRANGE = Range("prange")
REVERSED = Range("reversed range")


def prange(*bounds: Any) -> range:
    """A `range` whose iterations do not depend on each other: in a ``for`` loop of a function compiled with
    ``@jit(parallel=True)`` several threads may share them. Everywhere else it is `range`.
    """
    return range(*bounds)


prange.__module__ = "jitney"
