"""`np.array`, `np.asarray` and their kin: of numbers in tuples, and of arrays.

    np.array([[x, 0.0], [0.0, y]])     c = PyArray_Empty((2, 2)); c[0, 0] = x; c[0, 1] = 0.0; ...
    np.asarray(a)                      a, where that is an array of this dtype already

Displays of lists arrive as tuples (`numpy_functions.takes_sequences`).
"""

from __future__ import annotations

import sys

from ...pytypes import BOOL, FLOAT, INT, ITEMS, MAX_NDIM, Array, Complex, Scalar, Tuple
from .. import arrays, operators
from ..operators.errors import sample
from ..state import Val
from . import creation, elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state import Lowering
    from .builtins import Row

_MOST_STORES = 64


def _nested(lw: Lowering, value: Val) -> tuple[list[int], list[Val]] | None:
    """Lengths and numbers of tuples within tuples; None where they are uneven or hold something else."""
    type = value.type
    if type is INT or type is FLOAT or type is BOOL or isinstance(type, (Scalar, Complex)):
        return [], [value]
    if not isinstance(type, Tuple) or not type.elements:
        return None
    inner = [_nested(lw, v) for v in lw.elements(value)]
    lengths: list[int] | None = None
    leaves: list[Val] = []
    for found in inner:
        if found is None or (lengths is not None and found[0] != lengths):
            return None
        lengths = found[0]
        leaves.extend(found[1])
    assert lengths is not None
    return [len(inner), *lengths], leaves


def _from_tuple(lw: Lowering, value: Val, dtype: Val | None) -> Val | None:
    nested = _nested(lw, value)
    if nested is None or not nested[0] or len(nested[1]) > _MOST_STORES:
        return None
    lengths, leaves = nested
    found = sys.modules["numpy"].array([sample(v.type) for v in leaves]).dtype
    item = creation.item_of(dtype, ITEMS.get(found.name))
    if item is None or len(lengths) > MAX_NDIM:
        return None
    stored = [operators.store_value(lw, v, item, None) for v in leaves]
    array = creation.allocate(lw, item, [lw.int_const(n) for n in lengths], False)
    for k, parts in enumerate(stored):
        arrays.store_item(lw, item, parts, *arrays.scaled(lw, array.parts[1], lw.int_const(k), item.access.size))
    return array


def _array(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = creation.arguments(args, kwargs, ("object", "dtype"))
    if given is None or not args:
        return None
    value, dtype = args[0], given.get("dtype")
    if not isinstance(value.type, Array):
        return _from_tuple(lw, value, dtype)
    item = creation.item_of(dtype, value.type.item)
    if item is value.type.item:
        return elementwise.ROWS["copy"](lw, [value], {})
    return elementwise.METHODS["astype"](lw, [value, dtype], {}) if item is not None and dtype is not None else None


def _asarray(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if not args or not isinstance(args[0].type, Array):
        return _array(lw, args, kwargs)
    given = creation.arguments(args, kwargs, ("a", "dtype"))
    item = creation.item_of(given.get("dtype"), args[0].type.item) if given is not None else None
    if item is args[0].type.item:
        return args[0]
    return _array(lw, args, kwargs)


def _ascontiguousarray(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if args and isinstance(args[0].type, Array) and (args[0].type.layout != "C" or not args[0].type.ndim):
        return None
    return _asarray(lw, args, kwargs)


ROWS: dict[str, Row] = {
    "array": _array,
    "asarray": _asarray,
    "asanyarray": _asarray,
    "ascontiguousarray": _ascontiguousarray,
}
