"""Operators on tuples, which are taken apart at compile time."""

from __future__ import annotations

from ...ir.types import F64
from ...pytypes import BOOL, FLOAT, SCALARS, Tuple
from ..state import Val
from .errors import type_error
from .python import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering

NP_BOOL = SCALARS["bool"]
_MAX_ELEMENTS = 64


def binary(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """``+`` of two tuples, ``*`` of a tuple and a known int."""
    if op == "+" and isinstance(a.type, Tuple) and isinstance(b.type, Tuple):
        return lw.make_tuple(lw.elements(a) + lw.elements(b))
    if op == "*":
        items, count = (a, b) if isinstance(a.type, Tuple) else (b, a)
        times = lw.known(count)
        if isinstance(items.type, Tuple) and isinstance(times, int):
            if max(times, 0) * len(items.type.elements) <= _MAX_ELEMENTS:
                return lw.make_tuple(lw.elements(items) * times)
            lw.unsupported("such a long tuple is not supported")
    type_error(lw, FUNCTIONS[op], a, b)


def compare(
    lw: Lowering, op: str, a: Val, b: Val, compared: Callable[..., Val], truth: Callable[[Lowering, Val], int]
) -> Val:
    """Compare two tuples: the first elements that differ decide, theirs is the answer. `compared` compares those."""
    left, right = lw.elements(a), lw.elements(b)
    if op in ("==", "!=") and len(left) != len(right):
        return lw.constant(op == "!=")

    def decided(k: int) -> Val:
        if k == len(left) or k == len(right):
            return lw.constant(FUNCTIONS[op](len(left), len(right)))
        x, y = left[k], right[k]
        _check_not_nan(lw, x, y)

        def by_these() -> Val:
            found = compared(lw, op, x, y) if op not in ("==", "!=") else lw.constant(op == "!=")
            if found.type is not BOOL and found.type is not NP_BOOL:
                lw.unsupported(f"comparing tuples with {x.type} inside is not supported")
            return found

        return lw.if_else(truth(lw, compared(lw, "==", x, y)), lambda: decided(k + 1), by_these)

    return decided(0)


def _check_not_nan(lw: Lowering, x: Val, y: Val) -> None:
    """Two NaNs are equal here where they are the same object, which only CPython knows."""
    if x.type is FLOAT and y.type is FLOAT:
        one = lw.b.emit("feq", x.parts[0], x.parts[0])
        other = lw.b.emit("feq", y.parts[0], y.parts[0])
        lw.check(lw.b.emit("or", one, other), "overflow")
    elif F64 in x.type.leaves and F64 in y.type.leaves:
        lw.unsupported(f"comparing tuples with {x.type} inside is not supported")
