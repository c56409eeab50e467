"""Records: fields of arrays with structured dtypes.

    a["x"]           a view: data + offset, the same lengths, the records' strides
    a[i]             one record, np.void: a view without axes
    a[i]["x"]        a load at data + i * size + offset
    a[i] = (1, 2.5)  one store after the other

Fields of types that are not taken apart (strings, dates, objects), and whole arrays of records, are left to NumPy
itself. Fields at places that are not multiples of their alignment are loaded and stored one by one; with a whole array
of them NumPy computes.
"""

from __future__ import annotations

import sys

from ..pytypes import INT, MAX_NDIM, Array, Tuple, is_record, is_records
from ..records import Record
from . import arrays, views, wholes
from .operators import store_value
from .state import Lowering, Val, constant_value, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..records import Field


def selected(lw: Lowering, array: Val, index: Val, node: Any) -> Field | None:
    """The field that a subscript of records names; None where it does not name one."""
    type = array.type
    if not is_records(type):
        return None
    name = constant_value(index)
    if isinstance(name, str):
        return _known(lw, array, name, node)
    if is_record(type) and index.type is INT:
        k, names = lw.known(index), _item(array).dtype.names
        if k is not None and -len(names) <= k < len(names):
            return _known(lw, array, names[k], node)
    return None


def _known(lw: Lowering, array: Val, name: str, node: Any) -> Field:
    type = array.type
    assert isinstance(type, Array)
    found = _item(array).field(name, type.ndim == 0)
    if found is None or type.ndim + len(found.shape) > MAX_NDIM:
        lw.unsupported(f"the field {name!r} of {type} is not supported", node)
    return found


def load(lw: Lowering, array: Val, field: Field) -> Val:
    """The field of a record: a scalar, a record, or an array; of an array of records the array of their fields."""
    type, item = array.type, field.item
    assert isinstance(type, Array)
    if not type.ndim and not field.shape and not isinstance(item, Record):
        return arrays.load_item(lw, item, array.parts[1], disp=field.offset)
    return view(lw, array, field)


def view(lw: Lowering, array: Val, field: Field) -> Val:
    """The array of a field."""
    dims = [*arrays.lengths(array), *map(lw.int_const, field.shape)]
    steps, inner = arrays.strides(lw, array), lw.int_const(field.item.access.size)
    packed: list[int] = []
    for length in reversed(field.shape):
        packed.append(inner)
        inner = lw.b.emit("mul", inner, lw.int_const(length))
    data = array.parts[1]
    if field.offset:
        data = lw.b.emit("ptradd", data, lw.int_const(field.offset))
    return arrays.make_view(lw, array, data, dims, [*steps, *packed[::-1]], field.item)


def store(lw: Lowering, array: Val, field: Field, value: Val, node: Any) -> None:
    """``array[name] = value``."""
    item = field.item
    assert isinstance(array.type, Array)
    if isinstance(item, Record):
        target = view(lw, array, field)
        if not is_record(target.type):
            lw.unsupported("storing arrays of records is not supported", node)
        store_record(lw, target, value, node)
        return
    if array.type.ndim or field.shape:
        wholes.storing.assign(lw, view(lw, array, field), value, node)
        return
    parts = store_value(lw, wholes.settled(lw, value), arrays.loaded(item), node)
    arrays.store_item(lw, item, parts, array.parts[1], disp=field.offset)
    if not array.type.local:
        lw.set_dirty()


def store_record(lw: Lowering, record: Val, value: Val, node: Any) -> None:
    """``array[i] = value``: a tuple with one number for each field, or another record of the same fields."""
    item = _item(record)
    if is_record(value.type):
        _copy(lw, record, value, node)
        return
    names = item.dtype.names
    values = lw.elements(value) if isinstance(value.type, Tuple) else []
    found = [item.field(name, True) for name in names]
    if len(values) != len(names) or not all(is_number(v.type) for v in values):
        lw.unsupported("storing whole records is not supported", node)
    if any(f is None or f.shape or isinstance(f.item, Record) for f in found):
        lw.unsupported("storing whole records is not supported", node)
    for field, v in zip(found, values):
        assert field is not None
        store(lw, record, field, v, node)


def _copy(lw: Lowering, record: Val, value: Val, node: Any) -> None:
    """Field by field, as NumPy does it: what lies between fields stays. All is read before the first store."""
    item, own = _item(record), _item(value)
    targets, sources = item.scalars(), own.scalars()
    if item.dtype != own.dtype or targets is None or sources is None:
        lw.unsupported(f"storing {value.type} into {record.type} is not supported", node)
    read = [arrays.load_item(lw, scalar, value.parts[1], disp=offset) for offset, scalar in sources]
    for (offset, scalar), v in zip(targets, read):
        arrays.store_item(lw, scalar, v.parts, record.parts[1], disp=offset)
    if not record.type.local:  # type: ignore[attr-defined]
        lw.set_dirty()


def all_of(lw: Lowering, record: Val, node: Any) -> Val:
    """The fields of one record, as a tuple."""
    names = _item(record).dtype.names
    return lw.make_tuple([load(lw, record, _known(lw, record, name, node)) for name in names])


def _item(array: Val) -> Record:
    type = array.type
    assert isinstance(type, Array) and isinstance(type.item, Record)
    return type.item


# -- attributes --------------------------------------------------------------------------------------------------------


def attribute(lw: Lowering, array: Val, name: str) -> Val | None:
    """``array.name`` where that is a field, else None."""
    field = named(array, name)
    return load(lw, array, field) if field is not None else None


def set_attribute(lw: Lowering, record: Val, name: str, value: Val, node: Any) -> None:
    """``record.name = value``."""
    field = named(record, name)
    if field is None:
        lw.unsupported(f"setting {name!r} of {record.type} is not supported", node)
    views.check_writeable(lw, record)
    store(lw, record, field, value, node)


def named(array: Val, name: str) -> Field | None:
    """The field that an attribute of an np.record or np.recarray is; None of all others."""
    type = array.type
    if not isinstance(type, Array) or not isinstance(type.item, Record):
        return None
    numpy = sys.modules["numpy"]
    kind = type.item.scalar_class if type.ndim == 0 else type.item.array_class
    if kind not in (numpy.record, numpy.recarray) or hasattr(kind, name):
        return None
    found = type.item.field(name, type.ndim == 0)
    return found if found is not None and type.ndim + len(found.shape) <= MAX_NDIM else None
