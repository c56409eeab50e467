"""Arrays as values: lengths, strides, elements and attributes.

An index is checked against its axis' length and wraps once when negative (`index`); the address is base + sum of
index * stride, where the innermost stride of a contiguous array becomes the scale of the addressing mode.
"""

from __future__ import annotations

import sys

from ..ir.function import ARRAY_DATA, LISTS
from ..ir.types import ACCESSES, NATURAL
from ..pytypes import (
    INT,
    Apart,
    Array,
    Complex,
    PairAccess,
    PyType,
    Scalar,
    Union,
    array_type,
    is_record,
    iterator_type,
)
from .operators import store_value
from .state import Lowering, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..ir.types import Access


_SCALES = (1, 2, 4, 8)


class Own(Apart):
    """An element of memory that nobody but the function itself knows (`frontend/numeric.py`).

    Attributes:
        region: see `ir.function.Memory`.
    """

    __slots__ = ("region",)

    def __init__(self, loaded: PyType, stored: Scalar, region: int) -> None:
        super().__init__(stored)
        self.name = f"{loaded.name}, {'list' if region == LISTS else 'frame'}"
        self.loaded = loaded  # type: ignore[assignment]
        self.region = region
        if isinstance(loaded, Union):
            self.access = PairAccess(ACCESSES["i64"])


def is_own(type: PyType) -> bool:
    """Whether it is the type of memory that nobody else knows."""
    return isinstance(type, Array) and isinstance(type.item, Own)


def lengths(value: Val) -> list[int]:
    """The lengths of an array's axes."""
    assert isinstance(value.type, Array)
    return list(value.parts[2 : 2 + value.type.ndim])


def strides(lw: Lowering, array: Val) -> list[int]:
    """The strides of an array's axes, in bytes."""
    type = array.type
    assert isinstance(type, Array)
    if type.layout == "A":
        return list(array.parts[2 + type.ndim :])
    dims = lengths(array)
    if type.layout == "C":
        return _packed(lw, type, dims)
    return _packed(lw, type, dims[::-1])[::-1]


def _packed(lw: Lowering, type: Array, dims: Sequence[int]) -> list[int]:
    """The strides of a contiguous array, last index fastest."""
    out, stride = [], lw.int_const(type.item.access.size)
    for length in reversed(dims):
        out.append(stride)
        stride = lw.b.emit("mul", stride, length)
    return out[::-1]


def make_view(
    lw: Lowering, array: Val, data: int, dims: Sequence[int], steps: Sequence[int], item: Scalar | None = None
) -> Val:
    """A view into the memory of `array`, with these lengths and strides, and elements of the same type or `item`.

    Its layout is "C" or "F" where the strides are those that a contiguous array of these lengths has: they are then
    the same values, since equal computations are.
    """
    type = array.type
    assert isinstance(type, Array)
    layout, item = "A", item if item is not None else type.item
    if _is_packed(lw, item, dims, steps):
        layout = "C"
    elif _is_packed(lw, item, dims[::-1], steps[::-1]):
        layout = "F"
    made = array_type(item, len(dims), layout, type.writeable, True, type.local, type.owned)
    return Val(made, (base_of(lw, array), data, *dims, *(steps if layout == "A" else ())))


def base_of(lw: Lowering, array: Val) -> int:
    """The object that keeps an array's memory alive."""
    assert isinstance(array.type, Array)
    base = array.parts[0]
    if array.type.mixed:
        base = lw.b.emit("i2p", lw.b.emit("and", lw.b.emit("p2i", base), lw.int_const(-2)))
    return base


def _is_packed(lw: Lowering, item: Scalar, dims: Sequence[int], steps: Sequence[int]) -> bool:
    expected = lw.int_const(item.access.size)
    for length, step in zip(reversed(dims), reversed(steps)):
        if lw.b.constant(length) == 1:
            continue
        if step != expected:
            return False
        expected = lw.b.emit("mul", expected, length)
    return True


# -- elements ----------------------------------------------------------------------------------------------------------


def check_index(lw: Lowering, i: int, length: int, axis: int) -> int:
    """The index `i` of an axis, checked and counted from its start."""
    return lw.b.emit("index", i, length, lw.dirty, imm=lw.b.add_site("index", axis))


def element_address(lw: Lowering, array: Val, indices: Sequence[int]) -> tuple[int, int | None, int]:
    """Base pointer, index value and scale of the address of the element at checked indices, one per axis."""
    type = array.type
    assert isinstance(type, Array)
    b, scale = lw.b, type.item.access.size
    base = array.parts[1]
    if not indices:
        return base, None, 1
    if type.layout == "A":
        return _strided_address(lw, base, indices, array.parts[2 + type.ndim :])
    dims = lengths(array)
    order = list(indices)
    if type.layout == "F":
        order.reverse()
        dims.reverse()
    # Row-major now: the last index is the fastest. The outer ones give a row's base, so that it moves out of an
    # inner loop by itself.
    if type.ndim > 1:
        row = order[0]
        for i, length in zip(order[1:-1], dims[1:-1]):
            row = b.emit("add", b.emit("mul", row, length), i)
        base = b.emit("ptradd", base, b.emit("mul", b.emit("mul", row, dims[-1]), lw.int_const(scale)))
    return scaled(lw, base, order[-1], scale)


def _strided_address(
    lw: Lowering, base: int, indices: Sequence[int], steps: Sequence[int]
) -> tuple[int, int | None, int]:
    """Indices that do not change in the innermost loop first, so that they move out of it; a known stride last."""
    b, homes = lw.b, lw.function.homes

    def order(term: tuple[int, int]) -> tuple[int, bool]:
        loop = homes[term[0]].loop
        return loop.depth if loop is not None else 0, b.constant(term[1]) in _SCALES

    *outer, (last, step) = sorted(zip(indices, steps), key=order)
    for i, other in outer:
        base = b.emit("ptradd", base, b.emit("mul", i, other))
    known = b.constant(step)
    if known in _SCALES:
        return base, last, known
    return base, b.emit("mul", last, step), 1


def scaled(lw: Lowering, base: int, index: int, size: int) -> tuple[int, int, int]:
    """Base, index and scale of element `index` of so many bytes; no addressing mode has the scale of a complex128."""
    return (base, index, size) if size in _SCALES else (base, lw.b.emit("mul", index, lw.int_const(size)), 1)


def _region(item: Scalar | Complex) -> int:
    return item.region if isinstance(item, Own) else ARRAY_DATA


def _places(item: Scalar | Complex) -> tuple[tuple[Access, int], ...]:
    """How, and where, the machine values of an element lie."""
    if isinstance(item, Complex):
        access = NATURAL[item.leaves[0]]
        return (access, 0), (access, access.size)
    if isinstance(item, Own) and isinstance(item.loaded, Union):
        return (ACCESSES["i64"], 0), (NATURAL[item.loaded.payload], 8)
    return ((item.access, 0),)


def load_item(
    lw: Lowering, item: Scalar | Complex, base: int, index: int | None = None, scale: int = 1, disp: int = 0,
    region: int | None = None,
) -> Val:  # fmt: skip
    """The element of type `item` at an address. `region`: where it is not the one of such items."""
    region = _region(item) if region is None else region
    parts = [lw.b.load(access, base, index, scale, disp + at, region) for access, at in _places(item)]
    return Val(loaded(item), tuple(parts))  # type: ignore[arg-type]


def store_item(
    lw: Lowering, item: Scalar | Complex, parts: Sequence[int], base: int, index: int | None = None, scale: int = 1,
    disp: int = 0, region: int | None = None,
) -> None:  # fmt: skip
    """Store the machine values of an element of type `item` to an address. `region`: see `load_item`."""
    region = _region(item) if region is None else region
    for part, (access, at) in zip(parts, _places(item)):
        lw.b.store(access, part, base, index, scale, disp + at, region)


def load_at(lw: Lowering, array: Val, indices: Sequence[int]) -> Val:
    """The element at checked indices, one per axis, as a NumPy scalar; a record is a view."""
    type = array.type
    assert isinstance(type, Array)
    if isinstance(type.item, Apart) and type.item.loaded is type.item:
        return make_view(lw, array, _element_pointer(lw, array, indices), [], [])
    base, i, scale = element_address(lw, array, indices)
    return load_item(lw, type.item, base, i, scale)


def store_at(lw: Lowering, array: Val, indices: Sequence[int], value: Val, node: Any) -> None:
    """Store into the element at checked indices, one per axis, what NumPy converts `value` to."""
    type = array.type
    assert isinstance(type, Array)
    base, i, scale = element_address(lw, array, indices)
    store_item(lw, type.item, store_value(lw, value, loaded(type.item), node), base, i, scale)
    if not type.local:
        lw.set_dirty()


def loaded(item: Scalar) -> Scalar:
    """The type of an element once read."""
    return item.loaded if isinstance(item, Apart) else item


def _element_pointer(lw: Lowering, array: Val, indices: Sequence[int]) -> int:
    data = array.parts[1]
    for i, step in zip(indices, strides(lw, array)):
        data = lw.b.emit("ptradd", data, lw.b.emit("mul", i, step))
    return data


def item(lw: Lowering, array: Val, i: int) -> Val:
    """``array[i]`` for an index known to be in range: an element, or the view of a row."""
    type = array.type
    assert isinstance(type, Array)
    if type.ndim == 1:
        return load_at(lw, array, [i])
    steps = strides(lw, array)
    data = lw.b.emit("ptradd", array.parts[1], lw.b.emit("mul", i, steps[0]))
    return make_view(lw, array, data, lengths(array)[1:], steps[1:])


def line(lw: Lowering, array: Val) -> Val | None:
    """All elements in the order of their indices as an array of one axis; None where they do not lie so."""
    type = array.type
    assert isinstance(type, Array)
    if type.ndim == 1:
        return array
    if type.layout != "C":
        return None
    return make_view(lw, array, array.parts[1], [size(lw, array)], [lw.int_const(type.item.access.size)])


def size(lw: Lowering, array: Val) -> int:
    """The number of elements."""
    total = lw.int_const(1)
    for length in lengths(array):
        total = lw.b.emit("mul", total, length)
    return total


# -- attributes --------------------------------------------------------------------------------------------------------


def _part(lw: Lowering, array: Val, item: Complex, imaginary: bool) -> Val:
    """The view of the real or imaginary parts of an array of complex numbers."""
    type = array.type
    assert isinstance(type, Array)
    part: Scalar = item.part  # type: ignore[assignment]
    data = lw.b.emit("ptradd", array.parts[1], lw.int_const(part.access.size if imaginary else 0))
    dims, steps = lengths(array), strides(lw, array)
    plain = array_type(part, type.ndim, "A", type.writeable, type.view, type.local, type.owned, type.mixed)
    return make_view(lw, Val(plain, (array.parts[0], data, *dims, *steps)), data, dims, steps)


def attribute(lw: Lowering, array: Val, name: str, node: Any) -> Val | None:
    """``array.name`` where it is known, else None."""
    type = array.type
    assert isinstance(type, Array)
    if name == "shape":
        return lw.make_tuple([Val(INT, (length,)) for length in lengths(array)])
    if name == "dtype":
        return lw.constant(sys.modules["numpy"].dtype(type.item.dtype))
    if name == "ndim":
        return lw.constant(type.ndim)
    if name == "itemsize":
        return lw.constant(type.item.access.size)
    if name == "size":
        return Val(INT, (size(lw, array),))
    if name == "nbytes":
        return Val(INT, (lw.b.emit("mul", size(lw, array), lw.int_const(type.item.access.size)),))
    if is_record(type):
        return None
    if name == "T":
        return make_view(lw, array, array.parts[1], lengths(array)[::-1], strides(lw, array)[::-1])
    if name in ("real", "imag") and isinstance(type.item, Complex) and type.ndim:
        return _part(lw, array, type.item, name == "imag")
    if name == "flat":
        return Val(iterator_type("flat", (type,)), array.parts)
    if name == "strides":
        # NumPy does not look at strides of axes shorter than 2, nor of empty arrays: there they may be anything.
        for length in lengths(array):
            long = lw.b.emit("sgt", length, lw.int_const(1))
            if lw.b.constant(long) is not True:
                if lw.b.constant(lw.dirty) is not False:
                    return None
                # Callers that have had effects must not call this function directly.
                lw.function.symbol.leaves = True
                lw.check(long, "overflow")
        return lw.make_tuple([Val(INT, (s,)) for s in strides(lw, array)])
    return None
