"""Elements and attributes of NumPy arrays.

An index is checked against its axis' length and wraps once when negative (`index`); the address is base + sum of
index * stride, where the innermost stride of a contiguous array becomes the scale of the addressing mode.
"""

from __future__ import annotations

from ..pytypes import BOOL, INT, Array, Scalar, Tuple, Union
from .operators import store_value, to_index
from .state import Lowering, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ARRAY_DATA = 1  # Memory.region of array elements
_SCALES = (1, 2, 4, 8)


def lengths(value: Val) -> list[Val]:
    """The lengths of an array's axes."""
    assert isinstance(value.type, Array)
    return [Val(INT, (p,)) for p in value.parts[2 : 2 + value.type.ndim]]


def _indices(lw: Lowering, array: Val, index: Val, node: Any) -> list[int]:
    """One checked index per axis."""
    type = array.type
    assert isinstance(type, Array)
    given = lw.elements(index) if isinstance(index.type, Tuple) else [index]
    for v in given:
        members = v.type.members if isinstance(v.type, Union) else (v.type,)
        for m in members:
            if m is BOOL or not (m is INT or (isinstance(m, Scalar) and m.kind in "iu")):
                lw.unsupported(f"indexing an array with {v.type} is not supported", node)
    if len(given) > type.ndim:
        text = f"too many indices for array: array is {type.ndim}-dimensional, but {len(given)} were indexed"
        lw.fail_with(IndexError, text)
    if len(given) < type.ndim:
        lw.unsupported(f"{len(given)} of {type.ndim} indices: taking a row or view is not supported", node)
    out = []
    for axis, (v, length) in enumerate(zip(given, lengths(array))):
        site = lw.b.add_site("index", axis)
        out.append(lw.b.emit("index", to_index(lw, v), length.parts[0], lw.dirty, imm=site))
    return out


def _address(lw: Lowering, array: Val, index: Val, node: Any) -> tuple[int, int, int]:
    """Base pointer, index value and scale of an element's address."""
    type = array.type
    assert isinstance(type, Array)
    b, size, n = lw.b, type.item.access.size, type.ndim
    indices = _indices(lw, array, index, node)
    base = array.parts[1]
    if type.layout == "A":
        offset = -1
        for i, stride in zip(indices, array.parts[2 + n :]):
            term = b.emit("mul", i, stride)
            offset = term if offset < 0 else b.emit("add", offset, term)
        return base, offset, 1
    dims = list(array.parts[2 : 2 + n])
    if type.layout == "F":
        indices.reverse()
        dims.reverse()
    # Row-major now: the last index is the fastest. The outer ones give a row's base, so that it moves out of an
    # inner loop by itself.
    if n > 1:
        row = indices[0]
        for i, length in zip(indices[1:-1], dims[1:-1]):
            row = b.emit("add", b.emit("mul", row, length), i)
        base = b.emit("ptradd", base, b.emit("mul", b.emit("mul", row, dims[-1]), lw.int_const(size)))
    assert size in _SCALES
    return base, indices[-1], size


def load_element(lw: Lowering, array: Val, index: Val, node: Any) -> Val:
    """``array[index]`` as a NumPy scalar."""
    type = array.type
    assert isinstance(type, Array)
    base, i, scale = _address(lw, array, index, node)
    return Val(type.item, (lw.b.load(type.item.access, base, i, scale, 0, ARRAY_DATA),))


def store_element(lw: Lowering, array: Val, index: Val, value: Val, node: Any) -> None:
    """``array[index] = value``, converted as NumPy does."""
    type = array.type
    assert isinstance(type, Array)
    if not type.writeable:
        lw.fail_with(ValueError, "assignment destination is read-only")
    base, i, scale = _address(lw, array, index, node)
    machine = store_value(lw, value, type.item, node)
    lw.b.store(type.item.access, machine, base, i, scale, 0, ARRAY_DATA)
    lw.set_dirty()


def attribute(lw: Lowering, array: Val, name: str, node: Any) -> Val | None:
    """``array.name`` where it is known, else None."""
    type = array.type
    assert isinstance(type, Array)
    if name == "shape":
        return lw.make_tuple(lengths(array))
    if name == "ndim":
        return lw.constant(type.ndim)
    if name == "itemsize":
        return lw.constant(type.item.access.size)
    if name == "size" or name == "nbytes":
        total = lw.int_const(type.item.access.size if name == "nbytes" else 1)
        for length in lengths(array):
            total = lw.b.emit("mul", total, length.parts[0])
        return Val(INT, (total,))
    if name == "strides":
        return lw.make_tuple([Val(INT, (s,)) for s in _strides(lw, array)])
    return None


def _strides(lw: Lowering, array: Val) -> list[int]:
    type = array.type
    assert isinstance(type, Array)
    n = type.ndim
    if type.layout == "A":
        return list(array.parts[2 + n :])
    dims = list(array.parts[2 : 2 + n])
    if type.layout == "F":
        dims.reverse()
    out, stride = [], lw.int_const(type.item.access.size)
    for length in reversed(dims):
        out.append(stride)
        stride = lw.b.emit("mul", stride, length)
    return out if type.layout == "F" else out[::-1]
