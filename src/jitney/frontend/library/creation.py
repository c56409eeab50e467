"""Making arrays: `np.zeros` and its kin, by NumPy's own C functions; and ndarray objects of views.

A new array is owned (its object is put into a slot at once) and local: what is stored into it is not seen from outside.
"""

from __future__ import annotations

import sys

from ...ir.function import HEADERS
from ...ir.types import ACCESSES, I64, PTR
from ...lazy import lazy
from ...pytypes import (
    BOOL,
    COMPLEX,
    COMPLEX128,
    FLOAT,
    INT,
    ITEMS,
    MAX_NDIM,
    NONE,
    SCALARS,
    Apart,
    Array,
    Complex,
    Constant,
    PyType,
    Scalar,
    Tuple,
    Union,
    array_type,
    is_record,
    tuple_like,
)
from .. import arrays, operators
from ..operators.numpy_scalars import convert
from ..state import Val, constant_value
from .builtins import OF_COMPLEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ... import records
    from ..state import Lowering
    from ..wholes import nests
    from .builtins import Row
else:
    nests = lazy("jitney.frontend.wholes", "nests")
    records = lazy("jitney", "records")

_INT64, _POINTER = ACCESSES["i64"], ACCESSES["ptr"]
_WRITEABLE = 0x400


def allocate(lw: Lowering, item: Scalar, shape: list[int], zero: bool, order: str = "C") -> Val:
    """A new array with elements of `item`, zeros or not initialised. `shape` are i64 values.

    Where NumPy refuses (negative lengths, no memory), its exception is raised.
    """
    lw.charge(*shape)
    dims = lw.b.emit("alloca", imm=8 * max(len(shape), 1))
    for k, length in enumerate(shape):
        lw.b.store(_INT64, length, dims, disp=8 * k)
    object = new_array(lw, item, shape, dims, order, zero)
    lw.own.hold(object)
    lw.check(lw.b.emit("ne", object, lw.b.const(PTR, 0)), "pending")
    type = array_type(item, len(shape), order if len(shape) > 1 else "C", local=True, owned=True)
    return Val(type, (object, field(lw, object, "data"), *shape))


def _make(lw: Lowering, name: str, *args: int) -> int:
    """Call a function of NumPy's that gives a new reference to an array, which is held."""
    return new_object(lw, name, *args, hold=True)


def new_array(lw: Lowering, item: Scalar, shape: Sequence[int], dims: int, order: str, zero: bool = False) -> int:
    """A new reference to an array of this shape, whose lengths stand at `dims`, or null and an exception. It may be one
    that was dropped and kept (`runtime/keeping.py`)."""
    name = "PyArray_Zeros" if zero else "PyArray_Empty"
    dtype = dtype_object(lw, item)
    args = lw.int_const(len(shape)), dims, dtype, lw.int_const(order == "F")
    address = lw.own.kept("empty")
    if not address:
        lw.own.once = lw.leaves is not None
        return _called(lw, name, args)
    lw.own.arrays = True
    itemsize = lw.int_const(sys.modules["numpy"].dtype(item.dtype).itemsize)
    return lw.ccall(name, address, (*args, itemsize, lw.int_const(zero)), PTR, pure=False)


def new_object(lw: Lowering, name: str, *args: int, hold: bool = False) -> int:
    """Call a function of NumPy's that gives a new reference to an array, or null and an exception.

    Args:
        hold: put it into a temporary's slot; else it is the caller's.
    """
    object = _called(lw, name, args)
    if hold:
        lw.own.hold(object)
    lw.check(lw.b.emit("ne", object, lw.b.const(PTR, 0)), "pending")
    return object


def _called(lw: Lowering, name: str, args: tuple[int, ...]) -> int:
    try:
        address = lw.hooks.host.numpy_function(name)
    except LookupError as error:
        lw.unsupported(f"{error} is not there, so that making arrays is not supported")
    return lw.ccall(name, address, args, PTR, pure=False)


def dtype_object(lw: Lowering, item: Scalar) -> int:
    """A new reference to NumPy's dtype object, which the function it is given to takes over."""
    dtype = lw.keep(sys.modules["numpy"].dtype(item.dtype))
    lw.own.keep(INT, 0, dtype)
    return dtype


def field(lw: Lowering, object: int, name: str) -> int:
    """The pointer that an ndarray object has in this place (see `runtime.layouts.ArrayLayout`)."""
    return lw.b.load(_POINTER, object, disp=getattr(lw.hooks.host.arrays(), name), region=HEADERS)


def fill(lw: Lowering, array: Val, *parts: int) -> None:
    """Store the machine values of an element into every one of a contiguous array."""
    type = array.type
    assert isinstance(type, Array) and type.layout != "A"
    total = lw.int_const(1)
    for length in array.parts[2:]:
        total = lw.b.emit("mul", total, length)

    def one(i: int, carried: tuple[int, ...]) -> tuple[int, ...]:
        arrays.store_item(lw, type.item, parts, *arrays.scaled(lw, array.parts[1], i, type.item.access.size))
        return ()

    nests.counted(lw, total, (), one)


# -- views as objects --------------------------------------------------------------------------------------------------


def as_objects(lw: Lowering, value: Val) -> Val:
    """The value with an ndarray object for each view in it."""
    type = value.type
    if isinstance(type, Tuple):
        elements = lw.elements(value)
        made = [as_objects(lw, v) for v in elements]
        if made == elements:
            return value
        return Val(tuple_like(type, tuple([v.type for v in made])), tuple([p for v in made for p in v.parts]))
    if not isinstance(type, Array) or not type.view:
        return value
    if not type.mixed:
        return _object_of_view(lw, value)
    b = lw.b
    address = b.emit("p2i", value.parts[0])
    base = b.emit("i2p", b.emit("and", address, lw.int_const(-2)))
    plain = Val(_viewed(type, True), (base, *value.parts[1:]))
    own = Val(_viewed(type, False), plain.parts)
    is_object = b.emit("ne", b.emit("and", address, lw.int_const(1)), lw.int_const(0))
    return lw.if_else(is_object, lambda: own, lambda: _object_of_view(lw, plain))


def _viewed(type: Array, view: bool) -> Array:
    return array_type(type.item, type.ndim, type.layout, type.writeable, view, type.local, type.owned)


def _object_of_view(lw: Lowering, value: Val) -> Val:
    type = value.type
    assert isinstance(type, Array)
    b, n = lw.b, type.ndim
    frame = b.emit("alloca", imm=16 * max(n, 1))
    strided = lw.coerce(value, array_type(type.item, n, "A", type.writeable, True), b.block)
    for k, word in enumerate(strided[2:]):
        b.store(_INT64, word, frame, disp=8 * k)
    numpy = sys.modules["numpy"]
    flags = lw.int_const(_WRITEABLE if type.writeable else 0)
    null, strides = b.const(PTR, 0), b.emit("ptradd", frame, lw.int_const(8 * n))
    array_class = lw.keep((getattr(type.item, "array_class", None) if n else None) or numpy.ndarray)
    dtype = dtype_object(lw, type.item)
    object = _make(
        lw, "PyArray_NewFromDescr", array_class, dtype, lw.int_const(n), frame, strides, value.parts[1], flags, null
    )  # fmt: skip
    # Takes the reference over, also where it fails.
    lw.own.keep(type, 0, value.parts[0])
    address = lw.hooks.host.numpy_function("PyArray_SetBaseObject")
    status = lw.ccall("PyArray_SetBaseObject", address, (object, value.parts[0]), I64, pure=False)
    lw.check(b.emit("eq", b.emit("sext32", status), lw.int_const(0)), "pending")
    own = array_type(type.item, n, type.layout, type.writeable, False, type.local, True)
    if is_record(type):
        # One record: NumPy's scalar that looks into the array without axes which was made of it.
        dtype = lw.keep(type.item.dtype)
        object = new_object(lw, "PyArray_Scalar", value.parts[1], dtype, object, hold=True)
    return Val(own, (object, *value.parts[1:]))


# -- rows --------------------------------------------------------------------------------------------------------------


def arguments(
    args: list[Val], kwargs: dict[str, Val], names: tuple[str, ...], required: int = 1
) -> dict[str, Val] | None:
    """Arguments by the names of the parameters; None where they do not fit or one has another name."""
    given = dict(zip(names, args))
    for name, value in kwargs.items():
        if name not in names or name in given:
            return None
        given[name] = value
    if len(args) > len(names) or any(name not in given for name in names[:required]):
        return None
    return given


def shape_of(lw: Lowering, value: Val) -> list[int] | None:
    """The lengths that a `shape` argument tells; None where it is something unusual."""
    if isinstance(value.type, Tuple):
        return lengths_of(lw, lw.elements(value))
    # An object may be a list of lengths; and of one that is none NumPy speaks in other words.
    return [operators.to_index(lw, value)] if is_integer(value.type) else None


def is_integer(type: PyType) -> bool:
    """Whether values of the type are ints, NumPy's included; bools are none."""
    if isinstance(type, Union):
        return all(is_integer(member) for member in type.members)
    return type is INT or (isinstance(type, Scalar) and type.kind in "iu")


def lengths_of(lw: Lowering, values: list[Val]) -> list[int] | None:
    """The same of several arguments, or of the elements of a tuple."""
    for v in values:
        if isinstance(v.type, (Array, Constant, Tuple)) or v.type is NONE or v.type is BOOL:
            return None
    return [operators.to_index(lw, v) for v in values]


def item_of(value: Val | None, default: Scalar | None = None, apart: bool = False) -> Scalar | None:
    """The element type that a `dtype` argument tells; None where it is none of ours. `apart`: records are."""
    if value is None or value.type is NONE:
        return default
    known = constant_value(value)
    numpy = sys.modules["numpy"]
    if known is None or not isinstance(known, (str, type, numpy.dtype)):
        return None
    try:
        dtype = numpy.dtype(known)
    except TypeError:
        return None
    if dtype.names is not None and apart:
        return records.record_type(dtype, True, numpy.ndarray)
    item = ITEMS.get(dtype.name)
    return item if item is not None and dtype is numpy.dtype(item.dtype) else None


def item_of_value(type: PyType) -> Scalar | None:
    """The dtype that NumPy gives an array made of such a scalar."""
    if isinstance(type, (Scalar, Complex)) and type is not COMPLEX:
        return type  # type: ignore[return-value]
    if type is COMPLEX:
        return COMPLEX128  # type: ignore[return-value]
    names = {INT: "int64", FLOAT: "float64", BOOL: "bool"}
    return SCALARS[names[type]] if type in names else None


def _order(lw: Lowering, value: Val | None, like: Array | None = None) -> str | None:
    """The layout that an `order` argument asks for."""
    known = constant_value(value) if value is not None else ("C" if like is None else "K")
    if known == "C" or known == "F":
        return str(known)
    if like is not None and known in ("K", "A") and like.layout != "A":
        return like.layout
    return None


def _making(value: float | None) -> Row:
    """`np.empty`, `np.zeros`, `np.ones`."""

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        given = arguments(args, kwargs, ("shape", "dtype", "order"))
        if given is None:
            return None
        item, order = item_of(given.get("dtype"), SCALARS["float64"], not value), _order(lw, given.get("order"))
        shape = shape_of(lw, given["shape"])
        if item is None or order is None or shape is None or len(shape) > MAX_NDIM:
            return None
        if isinstance(item, Apart) and not shape:
            return None  # no record, but an array without axes
        return _filled(lw, item, shape, value, order)

    return row


def _making_like(value: float | None) -> Row:
    """`np.empty_like`, `np.zeros_like`, `np.ones_like`."""

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        names = ("prototype" if value is None else "a", "dtype", "order", "subok", "shape")
        given = arguments(args, kwargs, names)
        if given is None or "subok" in given:
            return None
        like = given[names[0]]
        return _like(lw, like, given, value)

    return row


def _like(lw: Lowering, like: Val, given: dict[str, Val], value: Any) -> Val | None:
    type = like.type
    if not isinstance(type, Array):
        return None
    item, order = item_of(given.get("dtype"), type.item), _order(lw, given.get("order"), type)
    shape: list[int] | None = list(like.parts[2 : 2 + type.ndim])
    if "shape" in given and given["shape"].type is not NONE:
        shape = shape_of(lw, given["shape"])
        if shape is not None and len(shape) != type.ndim:
            return None
    if item is None or order is None or shape is None:
        return None
    return _filled(lw, item, shape, value, order)


def _filled(lw: Lowering, item: Scalar, shape: list[int], value: Any, order: str) -> Val:
    array = allocate(lw, item, shape, value == 0, order)
    if value:
        values = (value, 0.0) if item.kind == "c" else (leaf_value(item, value),)
        fill(lw, array, *[lw.b.const(leaf, v) for leaf, v in zip(item.leaves, values)])
    return array


def leaf_value(item: Scalar, value: float) -> Any:
    return bool(value) if item.kind == "b" else float(value) if item.kind == "f" else int(value)


def _full(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = arguments(args, kwargs, ("shape", "fill_value", "dtype", "order"), 2)
    if given is None:
        return None
    value = given["fill_value"]
    item, order = item_of(given.get("dtype"), item_of_value(value.type)), _order(lw, given.get("order"))
    shape = shape_of(lw, given["shape"])
    if order is None or shape is None or len(shape) > MAX_NDIM:
        return None
    parts = _converted(lw, value, item)
    if parts is None or item is None:
        return None
    array = allocate(lw, item, shape, False, order)
    fill(lw, array, *parts)
    return array


def _full_like(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = arguments(args, kwargs, ("a", "fill_value", "dtype", "order", "subok", "shape"), 2)
    if given is None or "subok" in given or not isinstance(given["a"].type, Array):
        return None
    item = item_of(given.get("dtype"), given["a"].type.item)
    parts = _converted(lw, given["fill_value"], item)
    array = _like(lw, given["a"], given, None) if parts is not None else None
    if array is not None and parts is not None:
        fill(lw, array, *parts)
    return array


def _converted(lw: Lowering, value: Val, item: Scalar | None) -> tuple[int, ...] | None:
    """`value` as an element, where NumPy's unchecked conversion is plain: to the same type, to a float, or complex."""
    own = item_of_value(value.type)
    if item is None or own is None:
        return None
    if own is item:
        return value.parts
    if item.kind == "c":
        return operators.store_value(lw, value, item, None)
    if item.kind == "f" and own.kind != "c":
        return (convert(lw, Val(own, value.parts), item),)
    return None


ROWS: dict[str, Row] = {
    "empty": _making(None),
    "zeros": _making(0),
    "ones": _making(1),
    "full": _full,
    "empty_like": _making_like(None),
    "zeros_like": _making_like(0),
    "ones_like": _making_like(1),
    "full_like": _full_like,
}
OF_COMPLEX.update(ROWS.values())
