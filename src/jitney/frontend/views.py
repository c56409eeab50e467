"""Subscripts of arrays: elements, and views by basic indexing.

    a[i, j]       the element                       a[i]        the row: a view with one axis less
    a[1:-1, ::2]  a view: data + start * stride     a[..., j]   the column        a[None]  a new axis of length 1

A view is an array value with a data pointer, lengths and strides of its own: making one costs a few additions and
allocates nothing.
"""

from __future__ import annotations

from ..lazy import lazy
from ..pytypes import (
    FLOAT,
    INT,
    NONE,
    Array,
    Iterator,
    Scalar,
    Slice,
    Tuple,
    Union,
    is_apart,
    is_record,
    is_records,
    iterator_type,
)
from . import slices, wholes
from .arrays import check_index, is_own, lengths, line, load_at, make_view, size, store_at, strides
from .operators import to_index
from .state import Lowering, Val, constant_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..pytypes import PyType
    from . import advanced, fields, numeric
else:
    advanced, fields, numeric = lazy("jitney.frontend", "advanced", "fields", "numeric")

KEPT_FLAT = "flat in a variable"  # may be subscripted, but gone through only once: that is not followed
_INDEX_ERROR = (
    "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid "
    "indices"
)


def _is_integer(t: PyType) -> bool:
    if isinstance(t, Union):
        return all(_is_integer(m) for m in t.members)
    return t is INT or (isinstance(t, Scalar) and t.kind in "iu")


def _is_ellipsis(item: Val) -> bool:
    return constant_value(item) is Ellipsis


def index_items(lw: Lowering, array: Val, index: Val, node: Any) -> list[Val]:
    """The items of a subscript, an ellipsis written out: integers, slices and None; at least one per axis."""
    given = lw.elements(index) if isinstance(index.type, Tuple) else [index]
    taken = ellipses = 0
    for item in given:
        type = item.type
        if _is_ellipsis(item):
            ellipses += 1
        elif isinstance(type, Slice) or _is_integer(type):
            taken += 1
        elif type is FLOAT or (isinstance(type, Scalar) and type.kind == "f"):
            lw.fail_with(IndexError, _INDEX_ERROR)
        elif type is not NONE:
            lw.unsupported(f"indexing an array with {type} is not supported", node)
    if ellipses > 1:
        lw.fail_with(IndexError, "an index can only have a single ellipsis ('...')")
    assert isinstance(array.type, Array)
    ndim = array.type.ndim
    if taken > ndim:
        text = f"too many indices for array: array is {ndim}-dimensional, but {taken} were indexed"
        lw.fail_with(IndexError, text)
    if not ellipses:
        given = [*given, lw.constant(Ellipsis)] if taken < ndim else given
    items: list[Val] = []
    whole = slices.make(*[lw.constant(None)] * 3)
    for item in given:
        if _is_ellipsis(item):
            items.extend([whole] * (ndim - taken))
        else:
            items.append(item)
    return items


def element_indices(lw: Lowering, array: Val, items: list[Val]) -> list[int]:
    """The checked indices of an element."""
    pairs = enumerate(zip(items, lengths(array)))
    return [check_index(lw, to_index(lw, item), length, axis) for axis, (item, length) in pairs]


def is_copy(array: Val, index: Val) -> bool:
    """Whether a subscript gives a new array, not a view."""
    return isinstance(array.type, Array) and _has_arrays(index)


def _has_arrays(index: Val) -> bool:
    return isinstance(index.type, Array) or (
        isinstance(index.type, Tuple) and any(isinstance(t, Array) for t in index.type.elements)
    )


def is_element(array: Val, index: Val) -> bool:
    """Whether it names one element, as a scalar: with an ellipsis it would be an array without dimensions."""
    types = index.type.elements if isinstance(index.type, Tuple) else (index.type,)
    assert isinstance(array.type, Array)
    return len(types) == array.type.ndim and all(_is_integer(t) for t in types)


def subscript(lw: Lowering, array: Val, index: Val, node: Any) -> Val:
    """``array[index]``: an element or a view; or an element of ``array.flat``."""
    if is_own(array.type):
        return numeric.subscript(lw, array, index, node)
    if isinstance(array.type, Iterator):
        whole, at = _flat_place(lw, array, index, node)
        return load_at(lw, whole, at)
    if is_apart(array.type):
        field = fields.selected(lw, array, index, node)
        if field is not None:
            return fields.load(lw, array, field)
    if _has_arrays(index):
        _check_plain(lw, array, index, node)
        return advanced.subscript(lw, array, index, node)
    items = index_items(lw, array, index, node)
    if is_element(array, index):
        return load_at(lw, array, element_indices(lw, array, items))
    found = view_of(lw, array, items)
    if is_record(found.type) or is_record(array.type):
        lw.unsupported("records without an array's axes are not supported here", node)
    return found


def _check_plain(lw: Lowering, array: Val, index: Val, node: Any) -> None:
    if is_apart(array.type) or is_apart(index.type):
        lw.unsupported(f"indexing {array.type} with {index.type} is not supported", node)


def view_of(lw: Lowering, array: Val, items: list[Val]) -> Val:
    """The view that basic indexing gives."""
    emit = lw.b.emit
    if any(isinstance(item.type, Slice) for item in items):
        array = lw.pinned(array)
    data = array.parts[1]
    axes = list(zip(lengths(array), strides(lw, array)))
    dims: list[int] = []
    steps: list[int] = []
    axis = 0
    for item in items:
        if item.type is NONE:
            dims.append(lw.int_const(1))
            steps.append(lw.int_const(0))
            continue
        length, stride = axes[axis]
        if isinstance(item.type, Slice):
            if not item.parts and all(t is NONE for t in item.type.bounds):
                dims.append(length)
                steps.append(stride)
            else:
                first, step, count = slices.indices(lw, item, length)
                data = emit("ptradd", data, emit("mul", first, stride))
                dims.append(count)
                steps.append(emit("mul", stride, step))
        else:
            i = check_index(lw, to_index(lw, item), length, axis)
            data = emit("ptradd", data, emit("mul", i, stride))
        axis += 1
    return make_view(lw, array, data, dims, steps)


def store(lw: Lowering, array: Val, index: Val, value: Val, node: Any) -> None:
    """``array[index] = value``."""
    if is_own(array.type):
        numeric.store(lw, array, index, wholes.settled(lw, value), node)
        return
    if isinstance(array.type, Iterator):
        held = array.type.inner[0]
        if isinstance(held, Array) and not held.writeable:
            lw.fail_with(ValueError, "underlying array is read-only")
        whole, at = _flat_place(lw, array, index, node)
        store_at(lw, whole, at, wholes.settled(lw, value), node)
        return
    check_writeable(lw, array)
    if is_apart(array.type):
        field = fields.selected(lw, array, index, node)
        if field is not None:
            fields.store(lw, array, field, value, node)
            return
    if _has_arrays(index):
        _check_plain(lw, array, index, node)
        advanced.store(lw, array, index, value, node)
        return
    items = index_items(lw, array, index, node)
    if is_element(array, index):
        at = element_indices(lw, array, items)
        if is_records(array.type):
            fields.store_record(lw, load_at(lw, array, at), value, node)
        else:
            store_at(lw, array, at, wholes.settled(lw, value), node)
    else:
        wholes.storing.assign(lw, view_of(lw, array, items), value, node)


def check_writeable(lw: Lowering, array: Val) -> None:
    """Leave where an array is read-only."""
    assert isinstance(array.type, Array)
    if not array.type.writeable:
        lw.fail_with(ValueError, "assignment destination is read-only")


def kept_flat(value: Val) -> Val:
    """What a variable holds that is given ``array.flat``; other iterators as they are."""
    type = value.type
    assert isinstance(type, Iterator)
    return Val(iterator_type(KEPT_FLAT, type.inner), value.parts) if type.kind == "flat" else value


def _flat_place(lw: Lowering, flat: Val, index: Val, node: Any) -> tuple[Val, list[int]]:
    """The array and the checked indices of the element that an index of its `flat` names."""
    type = flat.type
    assert isinstance(type, Iterator)
    if type.kind not in ("flat", KEPT_FLAT) or not _is_integer(index.type):
        lw.unsupported(f"subscripting {type} with {index.type} is not supported", node)
    array = Val(type.inner[0], flat.parts)
    emit = lw.b.emit
    i, n = to_index(lw, index), size(lw, array)
    place = emit("select", emit("slt", i, lw.int_const(0)), emit("add", i, n), i)
    text = "raise IndexError(f'index {i} is out of bounds for size {n}')"
    lw.check(emit("ult", place, n), "evaluate", text, (i, n), ("i", "n"))
    whole = line(lw, array)
    if whole is not None:
        return whole, [place]
    at = []
    for length in lengths(array)[:0:-1]:
        at.append(emit("floormod", place, length))
        place = emit("floordiv", place, length)
    return array, [place, *at[::-1]]
