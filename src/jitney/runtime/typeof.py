"""The type of an argument, as the compiler sees it."""

from __future__ import annotations

import sys
from types import BuiltinFunctionType, FunctionType

from ..lazy import lazy
from ..pytypes import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    ITEMS,
    MAX_LENGTH,
    MAX_NDIM,
    NONE,
    Array,
    PyType,
    Scalar,
    array_type,
    constant_type,
    object_type,
    tuple_like,
    tuple_type,
)
from . import layouts
from .callable import Callable
from .layouts import arrays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .. import records
else:
    records = lazy("jitney", "records")

_MOST_FIELDS = 32
_ITEMS: dict[Any, Scalar] = {}
_CODES = {f"{'|' if t.bits == 8 else '<'}{t.kind}{t.bits // 8}": t for t in ITEMS.values()}
_PLAIN: dict[type, PyType] = {int: INT, float: FLOAT, bool: BOOL, type(None): NONE, complex: COMPLEX}
_CONSTANTS = (FunctionType, BuiltinFunctionType, Callable, str, type)


def type_of(value: Any) -> PyType | None:
    """The type of a Python object as an argument or as what a global name holds; None where there is none.

    Exact types only: an instance of a subclass of int, float or ndarray may behave differently. Two arrays of the
    same type agree in dtype, number of dimensions, contiguity and writeability; arrays of other elements than
    `ITEMS` and records, unaligned and byte-swapped ones, and those of more dimensions than `MAX_NDIM` are objects like
    any other; longer ones than `MAX_LENGTH` have no type. A string, function or class is its own type; of any other
    object the class is.
    """
    kind = type(value)
    known = _PLAIN.get(kind)
    if known is not None:
        return known
    if kind is tuple:
        elements = [type_of(v) for v in value] if len(value) <= 16 else [None]
        if None in elements:
            return None
        return tuple_type(tuple(elements))  # type: ignore[arg-type]
    if kind.__bases__ == (tuple,) and records.is_named_class(kind) and len(value) <= _MOST_FIELDS:
        fields = [_field_type(v) for v in value]
        if None not in fields:
            return tuple_like(kind, tuple(fields))  # type: ignore[arg-type]
    numpy = sys.modules.get("numpy")
    if numpy is not None and arrays() is not None:
        if kind is numpy.ndarray:
            return _array_type(value)
        if isinstance(value, (numpy.ufunc, numpy.dtype, type(numpy.sum))):
            return constant_type(value)
        if isinstance(value, numpy.generic):
            if kind in (numpy.void, numpy.record):
                return _record_type(value, numpy.ndarray) or object_type(kind)
            scalar = _item_of(value.dtype)
            return scalar if scalar is not None and kind is numpy.dtype(scalar.dtype).type else object_type(kind)
        if kind is numpy.recarray and value.ndim:
            return _record_type(value, kind) or object_type(kind)
    if isinstance(value, _CONSTANTS):
        return constant_type(value)
    if numpy is not None and kind is numpy.ndarray:
        return None
    return object_type(kind)


def _field_type(value: Any) -> PyType | None:
    """The type of a field of a tuple with names: texts are any texts there."""
    return object_type(str) if type(value) is str else type_of(value)


def _array_type(array: Any) -> PyType | None:
    dtype, flags = array.dtype, array.flags
    item = _ITEMS.get(dtype)
    if item is None:
        item = _item_of(dtype)
        if item is not None:
            _ITEMS[dtype] = item
    if dtype.names is not None and array.ndim:
        return _record_type(array, type(array)) or object_type(type(array))
    if item is None or not dtype.isnative or not flags.aligned or array.ndim > MAX_NDIM:
        return object_type(type(array))
    if max(array.shape, default=0) > MAX_LENGTH:
        return None
    return array_type(item, array.ndim, _layout(flags), flags.writeable)


def _item_of(dtype: Any) -> Any:
    """The one of ITEMS that elements with this dtype are, of whatever byte order; None if there is none."""
    # To tell its name takes NumPy ten times as long.
    return _CODES.get(dtype.str) if dtype.isbuiltin == 1 else ITEMS.get(dtype.name)


def _layout(flags: Any) -> str:
    return "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"


def _record_type(value: Any, array_class: Any) -> PyType | None:
    """The type of an array of records, or of one record; None where it is an object like any other."""
    dtype, flags = value.dtype, value.flags
    item = records.record_type(dtype, True, array_class) if layouts.records() is not None else None
    if item is None or value.ndim > MAX_NDIM or max(value.shape, default=0) > MAX_LENGTH:
        return None
    if value.__array_interface__["data"][0] % dtype.alignment or not flags.aligned:
        return None
    return array_type(item, value.ndim, _layout(flags) if value.ndim else "C", flags.writeable)


def description(value: Any) -> str:
    """What an object without a type is, in words."""
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        long = ", too long" if max(value.shape, default=0) > MAX_LENGTH else ""
        return f"a {value.ndim}-dimensional {name} of {value.dtype.str}{long}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def unusual_dtypes(types: tuple[PyType, ...], values: tuple[Any, ...]) -> bool:
    """Whether some array's dtype, though equal to one of NumPy's own, is another object."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and any(
        isinstance(t, Array) and v.dtype is not numpy.dtype(t.item.dtype) for t, v in zip(types, values)
    )
