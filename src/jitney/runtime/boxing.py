"""Unboxing arguments and boxing results, as machine code: one row per kind of type."""

from __future__ import annotations

import sys

from ..ir.function import Call
from ..ir.types import ACCESSES, F32, F64, I1, I64, NATURAL, PTR
from ..pytypes import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    ITEMS,
    MAX_LENGTH,
    MAX_NDIM,
    NONE,
    Apart,
    Array,
    Complex,
    Constant,
    NamedTuple,
    Object,
    PyType,
    Scalar,
    Tuple,
    Union,
)
from . import capi, layouts, numpy_api
from .layouts import LAYOUT, ArrayLayout, array_class, array_flags, arrays, is_ndarray

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..ir.function import Block
    from .writer import Writer

_ALIGNED, _WRITEABLE = 0x100, 0x400
_SWAPPED = ord(">") if sys.byteorder == "little" else ord("<")


class Misfit:
    """Where control goes when an argument does not fit.

    Attributes:
        other: it is of another type: perhaps another specialisation takes it.
        huge: it is an int beyond 64 bits: CPython runs the call.
        by_number: accept arrays by the number of their dtype where its object is not NumPy's own.
    """

    __slots__ = ("by_number", "huge", "other")

    def __init__(self, other: Block, huge: Block, by_number: bool) -> None:
        self.other = other
        self.huge = huge
        self.by_number = by_number


def unbox(b: Writer, object: int, type: PyType, misfit: Misfit) -> tuple[int, ...]:
    """Check that `object` is of `type` and take it apart into the type's leaves."""
    if type is INT:
        _exact(b, object, id(int), misfit.other)
        return (_int(b, object, misfit.huge),)
    if type is FLOAT:
        _exact(b, object, id(float), misfit.other)
        return (b.load(ACCESSES["f64"], object, disp=LAYOUT.float_value),)
    if type is COMPLEX:
        _exact(b, object, id(complex), misfit.other)
        at = LAYOUT.complex_value
        return b.load(ACCESSES["f64"], object, disp=at), b.load(ACCESSES["f64"], object, disp=at + 8)
    if type is BOOL:
        value = b.emit("eq", object, b.pointer(capi.TRUE))
        _unless(b, b.emit("or", value, b.emit("eq", object, b.pointer(capi.FALSE))), misfit.other)
        return (value,)
    if type is NONE:
        _unless(b, b.emit("eq", object, b.pointer(capi.NONE)), misfit.other)
        return ()
    if isinstance(type, Constant):
        _unless(b, b.emit("eq", object, b.pointer(id(type.value))), misfit.other)
        return ()
    if isinstance(type, Tuple):
        return _tuple(b, object, type, misfit)
    if isinstance(type, Object):
        _exact(b, object, id(type.kind), misfit.other)
        if is_ndarray(type.kind):
            _unless(b, b.emit("not", _has_form(b, object, *_numpy())), misfit.other)
        return (object,)
    layout, numpy = _numpy()
    if isinstance(type, Scalar):
        _exact(b, object, id(numpy.dtype(type.dtype).type), misfit.other)
        return (b.load(type.access, object, disp=layout.scalar),)
    if isinstance(type, Complex):
        _exact(b, object, id(numpy.dtype(type.dtype).type), misfit.other)
        access = NATURAL[type.leaves[0]]
        return tuple([b.load(access, object, disp=layout.scalar + k * access.size) for k in range(2)])
    assert isinstance(type, Array), type
    if isinstance(type.item, Apart) and type.ndim == 0:
        return _record(b, object, type, misfit)
    return _array(b, object, type, layout, numpy, misfit)


def _has_form(b: Writer, object: int, layout: ArrayLayout, numpy: Any) -> int:
    """Whether another specialisation takes this ndarray apart."""
    zero, one = b.const(I64, 0), b.const(I64, 1)
    dtype = b.word(object, layout.dtype)
    ndim = b.load(ACCESSES["u32"], object, disp=layout.ndim)
    known = b.emit("ule", ndim, b.const(I64, MAX_NDIM))
    flags = b.load(ACCESSES["u32"], object, disp=layout.flags)
    known = b.emit("and", known, b.emit("ne", b.emit("and", flags, b.const(I64, _ALIGNED)), zero))
    order = b.load(ACCESSES["u8"], dtype, disp=layout.byte_order)
    known = b.emit("and", known, b.emit("ne", order, b.const(I64, _SWAPPED)))
    number = b.load(ACCESSES["u32"], dtype, disp=layout.type_number)
    numbers = {n for name in ITEMS for n in _numbers(numpy, numpy.dtype(name))}
    listed = b.emit("lshr", b.const(I64, sum(1 << n for n in numbers)), number)
    listed = b.emit("and", b.emit("ne", b.emit("and", listed, one), zero), b.emit("ult", number, b.const(I64, 64)))
    records = layouts.records()
    if records is not None:
        # Only dtypes with fields have names.
        fields = b.emit("eq", number, b.const(I64, numpy.dtype("V1").num))
        named = b.emit("not", b.null(b.word(dtype, records.names)))
        named = b.emit("and", named, b.emit("ne", ndim, zero))
        listed = b.emit("or", listed, b.emit("and", fields, named))
    return b.emit("and", known, listed)


def _numpy() -> tuple[ArrayLayout, Any]:
    layout = arrays()
    assert layout is not None, "a NumPy type without a known layout"
    return layout, sys.modules["numpy"]


def _exact(b: Writer, object: int, kind: int, other: Block) -> None:
    _unless(b, b.emit("eq", b.word(object, LAYOUT.type), b.pointer(kind)), other)


def _unless(b: Writer, cond: int, other: Block) -> None:
    """Go on if the condition holds, else to `other`."""
    block, after = b.block, b.new_block()
    b.branch(cond, after, other)
    b.start(after, block)


def _int(b: Writer, object: int, huge: Block) -> int:
    """The value of an int object: at once where it has one digit, by a call where it has more."""
    size = b.load(ACCESSES["i64"], object, disp=LAYOUT.int_size)
    digit = b.load(ACCESSES["u32"], object, disp=LAYOUT.int_digits)
    if LAYOUT.int_tagged:
        compact = b.emit("ult", size, b.const(I64, 16))
        sign = b.emit("sub", b.const(I64, 1), b.emit("and", size, b.const(I64, 3)))
    else:
        compact = b.emit("ult", b.emit("add", size, b.const(I64, 1)), b.const(I64, 3))
        sign = size
    small = b.emit("mul", sign, digit)
    block, long, join = b.block, b.cold_block(), b.new_block()
    value = b.param(join, I64)
    b.branch(compact, join, long, (small,), ())
    b.start(long, block)
    overflow = b.space(16)
    converted = b.api("PyLong_AsLongLongAndOverflow", I64, object, overflow)
    fits = b.emit("eq", b.load(ACCESSES["i32"], overflow), b.const(I64, 0))
    b.branch(fits, join, huge, (converted,), ())
    b.start(join, block)
    return value


def _tuple(b: Writer, object: int, type: Tuple, misfit: Misfit) -> tuple[int, ...]:
    _exact(b, object, id(getattr(type, "kind", tuple)), misfit.other)
    size = b.load(ACCESSES["i64"], object, disp=LAYOUT.tuple_size)
    _unless(b, b.emit("eq", size, b.const(I64, len(type.elements))), misfit.other)
    leaves: list[int] = []
    for k, element in enumerate(type.elements):
        leaves.extend(unbox(b, b.word(object, LAYOUT.tuple_items + 8 * k), element, misfit))
    return tuple(leaves)


def _array(
    b: Writer, object: int, type: Array, layout: ArrayLayout, numpy: Any, misfit: Misfit
) -> tuple[int, ...]:
    """Layout and dtype in one test: the bits in which the object differs from what it should be, or-ed together."""
    _exact(b, object, id(array_class(type)), misfit.other)
    mask, flags = array_flags(type.layout, type.writeable)
    found = b.emit("and", b.load(ACCESSES["u32"], object, disp=layout.flags), b.const(I64, mask))
    wrong = b.emit("xor", found, b.const(I64, flags))
    ndim = b.load(ACCESSES["u32"], object, disp=layout.ndim)
    wrong = b.emit("or", wrong, b.emit("xor", ndim, b.const(I64, type.ndim)))
    dtype = b.word(object, layout.dtype)
    expected = numpy.dtype(type.item.dtype)
    if isinstance(type.item, Apart):
        _unless_same_records(b, dtype, type, misfit.other)
    elif misfit.by_number:
        number = b.load(ACCESSES["u32"], dtype, disp=layout.type_number)
        order = b.load(ACCESSES["u8"], dtype, disp=layout.byte_order)
        known = b.emit("ne", order, b.const(I64, _SWAPPED))
        # Two of C's types may be the same to us: long and long long.
        same_item = [b.emit("eq", number, b.const(I64, n)) for n in _numbers(numpy, expected)]
        for other in same_item[1:]:
            same_item[0] = b.emit("or", same_item[0], other)
        _unless(b, b.emit("and", known, same_item[0]), misfit.other)
    else:
        same = b.emit("xor", dtype, b.pointer(id(expected)))
        wrong = b.emit("or", wrong, b.emit("p2i", same))
    _unless(b, b.emit("eq", wrong, b.const(I64, 0)), misfit.other)
    leaves = [object, b.word(object, layout.data)]
    shape = b.word(object, layout.shape)
    lengths = [b.load(ACCESSES["i64"], shape, disp=8 * k) for k in range(type.ndim)]
    for length in lengths:
        _unless(b, b.emit("ule", length, b.const(I64, MAX_LENGTH)), misfit.other)
    leaves.extend(lengths)
    if type.layout == "A":
        strides = b.word(object, layout.strides)
        leaves.extend([b.load(ACCESSES["i64"], strides, disp=8 * k) for k in range(type.ndim)])
    return tuple(leaves)


def _unless_same_records(b: Writer, dtype: int, type: Array, other: Block) -> None:
    """Go on if a dtype object is that of the type's elements, or one that looks the same, else to `other`."""
    layout = layouts.records()
    assert layout is not None
    expected = b.pointer(id(type.item.dtype))
    block, another, join = b.block, b.cold_block(), b.new_block()
    b.branch(b.emit("eq", dtype, expected), join, another)
    b.start(another, block)
    call = Call("PyArray_EquivTypes", numpy_api.address("PyArray_EquivTypes"), (PTR, PTR), (I64,))
    same = b.emit("ne", b.emit("zext8", b.call("ccall", call, (dtype, expected))[0]), b.const(I64, 0))
    classes = b.word(dtype, layout.scalar_class), b.word(expected, layout.scalar_class)
    b.branch(b.emit("and", same, b.emit("eq", *classes)), join, other)
    b.start(join, block)


def _record(b: Writer, object: int, type: Array, misfit: Misfit) -> tuple[int, ...]:
    """One record: the object and where its memory is."""
    layout = layouts.records()
    assert layout is not None and isinstance(type.item, Apart)
    dtype = type.item.dtype
    _exact(b, object, id(dtype.type), misfit.other)
    _unless_same_records(b, b.word(object, layout.dtype), type, misfit.other)
    flags = b.emit("and", b.load(ACCESSES["u32"], object, disp=layout.flags), b.const(I64, _WRITEABLE))
    data = b.word(object, layout.data)
    wrong = b.emit("xor", flags, b.const(I64, _WRITEABLE if type.writeable else 0))
    wrong = b.emit("or", wrong, b.emit("and", b.emit("p2i", data), b.const(I64, dtype.alignment - 1)))
    _unless(b, b.emit("eq", wrong, b.const(I64, 0)), misfit.other)
    return object, data


def _numbers(numpy: Any, dtype: Any) -> list[int]:
    """The type numbers of all dtypes that are equal to this one."""
    return [d.num for d in map(numpy.dtype, "?bhilqBHILQfdFD") if d == dtype]


# -- results -----------------------------------------------------------------------------------------------------------


def box(b: Writer, type: PyType, leaves: tuple[int, ...]) -> int:
    """A new reference to the Python object of a value; null, with MemoryError set, where there is no memory."""
    if type is NONE:
        return _shared(b, b.pointer(capi.NONE))
    if isinstance(type, Constant):
        return _counted(b, b.pointer(id(type.value)))
    if isinstance(type, (Array, Object)):
        return leaves[0] if type.owned else _counted(b, leaves[0])
    if isinstance(type, Tuple):
        return _box_tuple(b, type, leaves)
    if isinstance(type, Union):
        return _box_union(b, type, leaves)
    if isinstance(type, Complex):
        return b.api("PyComplex_FromDoubles", PTR, *[b.emit("fext", p) if type.leaves[0] is F32 else p for p in leaves])
    leaf = leaves[0]
    machine = type.leaves[0]
    if machine is I1:
        return _shared(b, b.emit("select", leaf, b.pointer(capi.TRUE), b.pointer(capi.FALSE)))
    if machine.is_float:
        return b.api("PyFloat_FromDouble", PTR, b.emit("fext", leaf) if machine is F32 else leaf)
    unsigned = isinstance(type, Scalar) and type.kind == "u" and type.bits == 64
    return b.api("PyLong_FromUnsignedLongLong" if unsigned else "PyLong_FromLongLong", PTR, leaf)


def _shared(b: Writer, object: int) -> int:
    """One more reference to None, True or False."""
    if not LAYOUT.immortal:
        count = b.emit("add", b.load(ACCESSES["i64"], object), b.const(I64, 1))
        b.store(ACCESSES["i64"], count, object)
    return object


def _counted(b: Writer, object: int) -> int:
    b.api("Py_IncRef", None, object)
    return object


def _box_tuple(b: Writer, type: Tuple, leaves: tuple[int, ...]) -> int:
    """All items, or null. The tuple is made first: as long as items are missing, releasing it releases the others."""
    first = b.block
    join = b.new_block()
    result = b.param(join, PTR)
    count = b.const(I64, len(type.elements))
    if isinstance(type, NamedTuple):
        made = b.api("PyType_GenericAlloc", PTR, b.pointer(id(type.kind)), count)
    else:
        made = b.api("PyTuple_New", PTR, count)
    null = b.pointer(0)
    filled = b.new_block()
    b.branch(b.null(made), join, filled, (null,), ())
    b.start(filled, first)
    failed, checked = b.cold_block(), None
    at = 0
    for k, element in enumerate(type.elements):
        item = box(b, element, leaves[at : at + len(element.leaves)])
        at += len(element.leaves)
        b.set_word(made, LAYOUT.tuple_items + 8 * k, item)
        checked = checked or b.block
        _unless(b, b.emit("ne", item, null), failed)
    b.jump(join, (made,))
    if checked is not None:
        b.start(failed, checked)
        b.api("Py_DecRef", None, made)
        b.jump(join, (null,))
    b.start(join, first)
    return result


def _box_union(b: Writer, type: Union, leaves: tuple[int, ...]) -> int:
    tag, payload, *second = leaves
    first = b.block
    join = b.new_block()
    result = b.param(join, PTR)
    idom = first
    for k, member in enumerate(type.members):
        after = None
        if k < len(type.members) - 1:
            here, after = b.new_block(), b.new_block()
            b.branch(b.emit("eq", tag, b.const(I64, member.tag)), here, after)
            b.start(here, idom)
        parts = _unpacked(b, type, member, payload)
        if isinstance(member, Complex):
            parts += tuple([b.emit("fround", p) for p in second] if member.leaves[0] is F32 else second)
        b.jump(join, (box(b, member, parts),))
        if after is not None:
            b.start(after, idom)
            idom = after
    b.start(join, first)
    return result


def _unpacked(b: Writer, type: Union, member: PyType, payload: int) -> tuple[int, ...]:
    """The leaf of a union's member, from its 64 bits."""
    if not member.leaves:
        return ()
    leaf = member.leaves[0]
    if leaf is type.payload:
        return (payload,)
    if leaf is I1:
        return (b.emit("ne", payload, b.const(I64, 0)),)
    value = payload if type.payload is F64 else b.emit("bits2f", payload)
    return (b.emit("fround", value),) if leaf is F32 else (value,)
