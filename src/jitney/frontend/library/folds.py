"""`sum`, `min` and `max` of lists of numbers that are memory (`numeric.py`): loops over the items.

    sum(a)      v = 0; for x in a: v = v + x, checked where they are ints
    max(a)      v = a[0]; for x in a: v = x if x > v else v

From Python 3.12 on `sum` compensates for what is lost in adding floats: there a list is made for it.
"""

from __future__ import annotations

import sys

from ...pytypes import FLOAT, INT, SCALARS, Array
from .. import arrays
from ..arrays import is_own
from ..state import Val
from ..wholes.nests import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..state import Lowering

_FLOAT64, _INT64 = SCALARS["float64"], SCALARS["int64"]
_COMPENSATES = sys.version_info >= (3, 12)
_EMPTY = "{}() iterable argument is empty" if _COMPENSATES else "{}() arg is an empty sequence"
_ORDERED: tuple[Any, ...] = (INT, FLOAT, _FLOAT64)
_ADDED: tuple[Any, ...] = (INT, _FLOAT64, _INT64) if _COMPENSATES else (INT, FLOAT, _FLOAT64, _INT64)
_FOLDED: dict[Any, tuple[Any, ...]] = {sum: _ADDED, min: _ORDERED, max: _ORDERED}


def takes(function: Any, array: Val) -> bool:
    """Whether the function of a list is computed here."""
    type = array.type
    if not is_own(type):
        return False
    assert isinstance(type, Array)
    return type.ndim == 1 and any(function is f and type.item.loaded in _FOLDED[f] for f in _FOLDED)  # type: ignore[attr-defined]


def total(lw: Lowering, array: Val) -> Val:
    """``sum(array)``."""
    item = array.type.item.loaded  # type: ignore[attr-defined]
    emit = lw.b.emit
    if item is INT:
        return Val(INT, (_fold(lw, array, lw.int_const(0), lambda v, x: lw.checked("addo", v, x)),))

    def added() -> Val:
        start, op = (lw.int_const(0), "add") if item is _INT64 else (lw.float_const(0.0), "fadd")
        return Val(item, (_fold(lw, array, start, lambda v, x: emit(op, v, x)),))

    return lw.if_else(emit("ne", array.parts[2], lw.int_const(0)), added, lambda: lw.constant(0))


def extreme(lw: Lowering, name: str, machine: tuple[str, str], array: Val) -> Val:
    """``min(array)`` or ``max(array)``; `machine`: the operation on ints and on floats."""
    item = array.type.item.loaded  # type: ignore[attr-defined]
    op = machine[item is not INT]
    nonempty = lw.b.emit("ne", array.parts[2], lw.int_const(0))
    lw.check(nonempty, "raise", (ValueError, (_EMPTY.format(name),)))
    first = arrays.load_at(lw, array, [lw.int_const(0)]).parts[0]
    return Val(item, (_fold(lw, array, first, lambda v, x: lw.b.emit(op, x, v)),))


def _fold(lw: Lowering, array: Val, start: int, step: Callable[[int, int], int]) -> int:
    """What `step` makes of `start` and all items, one after the other."""
    count = array.parts[2]
    lw.charge(count)

    def one(i: int, carried: tuple[int, ...]) -> tuple[int, ...]:
        return (step(carried[0], arrays.load_at(lw, array, [i]).parts[0]),)

    return counted(lw, count, (start,), one)[0]
