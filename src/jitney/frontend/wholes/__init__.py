"""Whole arrays in expressions, statements and reductions.

    deferred.py      the expressions: trees of nodes
    shapes.py        broadcasting
    stretching.py    operands with an axis of length 1 that others have longer
    elementwise.py   operators and ufuncs: trees of trees
    nests.py         the loops that run over a tree
    storing.py       into an array: `out=`, augmented assignment, slices
    making.py        into a new array
    ordering.py      whose order of axes shows when running only
    reducing.py      to one number
"""

from __future__ import annotations

from ...lazy import lazy
from ...pytypes import Array
from .deferred import Whole, has_effects

__all__ = ["Whole", "elementwise", "has_effects", "is_whole", "item_of", "making", "settled", "storing"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...pytypes import PyType
    from ..state import Lowering, Val
    from . import elementwise, making, storing

else:
    elementwise, making, storing = lazy("jitney.frontend.wholes", "elementwise", "making", "storing")


def is_whole(type: PyType) -> bool:
    """Whether it is an array or an expression over arrays."""
    return isinstance(type, (Array, Whole))


def item_of(type: PyType) -> PyType:
    """The type of the elements of an array or expression; a number's is its own."""
    return type.item if isinstance(type, (Array, Whole)) else type


def settled(lw: Lowering, value: Val) -> Val:
    """The value; of an expression over arrays the array that it computes."""
    return making.settle(lw, value) if isinstance(value.type, Whole) else value
