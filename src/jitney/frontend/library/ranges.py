"""The type of a `range` object, taken apart at compile time."""

from __future__ import annotations

from ...ir.types import I64
from ...pytypes import PyType


class Range(PyType):
    """A range; leaves: start, stop and step, each an int of 64 bits. The step is not checked to be other than 0."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("range", (I64, I64, I64))


RANGE = Range()
