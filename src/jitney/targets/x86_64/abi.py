"""Where arguments and results travel, and which registers a call keeps."""

from __future__ import annotations

from .encode import R8, R9, R10, R11, R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI, XMM0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...ir.types import Type

INT_ORDER = (RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11)
INT_SAVED = (RBX, RBP, R12, R13, R14, R15)
FLOAT_ORDER = tuple(range(XMM0, XMM0 + 16))

INT_ARGUMENTS = (RDI, RSI, RDX, RCX, R8, R9)
FLOAT_ARGUMENTS = tuple(range(XMM0, XMM0 + 8))

# By convention: System V returns one value, the jit's own convention many.
INT_RESULTS = {"c": (RAX, RDX), "jit": (RAX, RDX, RCX, RSI, RDI, R8, R9, R10)}
FLOAT_RESULTS = {"c": (XMM0, XMM0 + 1), "jit": tuple(range(XMM0, XMM0 + 8))}


def arguments(types: Sequence[Type]) -> tuple[list[int], int]:
    """For each argument its register, or ``-1 - offset`` in the caller's outgoing area; and that area's size in
    bytes.
    """
    ints, floats, offset = 0, 0, 0
    places: list[int] = []
    for type in types:
        if type.is_float and floats < len(FLOAT_ARGUMENTS):
            places.append(FLOAT_ARGUMENTS[floats])
            floats += 1
        elif not type.is_float and ints < len(INT_ARGUMENTS):
            places.append(INT_ARGUMENTS[ints])
            ints += 1
        else:
            places.append(-1 - offset)
            offset += 8
    return places, offset


def results(types: Sequence[Type], convention: str) -> tuple[int, ...]:
    """For each result its register.

    Raises:
        ValueError: more results than there are registers for them.
    """
    ints, floats = iter(INT_RESULTS[convention]), iter(FLOAT_RESULTS[convention])
    places = tuple([next(floats if type.is_float else ints, -1) for type in types])
    if -1 in places:
        raise ValueError(f"{len(types)} results are more than the {convention} convention has registers for")
    return places
