"""Operators on tuples, which are taken apart at compile time."""

from __future__ import annotations

from ...ir.types import F64
from ...pytypes import BOOL, FLOAT, Tuple
from ..state import Val
from .errors import type_error
from .python import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering

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


def compare(lw: Lowering, op: str, a: Val, b: Val, holds: Callable[[Lowering, str, Val, Val], int]) -> Val:
    """Compare two tuples: the first elements that differ decide; `holds` compares those."""
    left, right = lw.elements(a), lw.elements(b)
    if op in ("==", "!=") and len(left) != len(right):
        return lw.constant(op == "!=")
    return _decide(lw, op, left, right, holds)


def _decide(
    lw: Lowering, op: str, left: list[Val], right: list[Val], holds: Callable[[Lowering, str, Val, Val], int]
) -> Val:
    if not left or not right:
        return lw.constant(FUNCTIONS[op](len(left), len(right)))
    x, y = left[0], right[0]
    _check_not_nan(lw, x, y)
    differ = lw.constant(op == "!=")
    ordered = op not in ("==", "!=")
    return lw.if_else(
        holds(lw, "==", x, y),
        lambda: _decide(lw, op, left[1:], right[1:], holds),
        lambda: Val(BOOL, (holds(lw, op, x, y),)) if ordered else differ,
    )


def _check_not_nan(lw: Lowering, x: Val, y: Val) -> None:
    """Two NaNs are equal here where they are the same object, which only CPython knows."""
    if x.type is FLOAT and y.type is FLOAT:
        one = lw.b.emit("feq", x.parts[0], x.parts[0])
        other = lw.b.emit("feq", y.parts[0], y.parts[0])
        lw.check(lw.b.emit("or", one, other), "overflow")
    elif F64 in x.type.leaves and F64 in y.type.leaves:
        lw.unsupported(f"comparing tuples with {x.type} inside is not supported")
