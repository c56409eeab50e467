"""Python objects as values: boxing and unboxing in compiled code.

    box(np.float64)      PyArray_Scalar(&value, dtype)      -> an object, owned
    box(array)           the array object itself; of a view, one made now
    unbox(o, float)      guard type(o) is float; load the value

`box` never fails but for lack of memory; `unbox` checks the exact type by guards.
"""

from __future__ import annotations

import sys

from ..ir.function import HEADERS, Call
from ..ir.types import ACCESSES, I64, PTR
from ..lazy import lazy
from ..pytypes import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    Apart,
    Array,
    Closure,
    Complex,
    Constant,
    Iterator,
    NamedTuple,
    Object,
    PyType,
    Scalar,
    Slice,
    Tuple,
    Union,
    array_type,
    has_view,
    is_record,
    is_records,
    object_type,
)
from . import arrays, wholes
from .library import creation, numpy_functions
from .library.iterators import parts_of
from .library.ranges import REVERSED, Range
from .plan import NO_NUMBERS, WantedObject
from .slices import bounds
from .state import Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import closures
    from .state import Lowering
else:
    closures = lazy("jitney.frontend", "closures")

_INT64, _INT32, _POINTER = ACCESSES["i64"], ACCESSES["u32"], ACCESSES["ptr"]
_C, _F, _ALIGNED, _WRITEABLE = 0x1, 0x2, 0x100, 0x400
_LAYOUTS = {"C": _C, "F": _F, "A": 0}
OBJECT = object_type()
PLAIN = numpy_functions.PLAIN


# -- calls into the C-API ----------------------------------------------------------------------------------------------


def api(lw: Lowering, name: str, *args: int, result: Any = PTR) -> int:
    """Call a function of CPython's C-API, as it is."""
    return lw.ccall(name, lw.hooks.host.c_function(name), args, result, pure=False)


def effect(lw: Lowering, name: str, *args: int) -> None:
    """Call a function without result."""
    types = lw.function.types
    call = Call(name, lw.hooks.host.c_function(name), tuple([types[a] for a in args]), ())
    lw.b.call("ccall", call, args)


def new(lw: Lowering, name: str, *args: int, kind: type | None = None) -> Val:
    """Call a function that gives a new reference, or null and an exception, which is then raised."""
    return received(lw, api(lw, name, *args), kind)


def received(lw: Lowering, object: int, kind: type | None = None) -> Val:
    """A new reference, or null with an exception set."""
    lw.own.hold(object)
    lw.check(lw.b.emit("ne", object, lw.b.const(PTR, 0)), "pending")
    settle(lw)
    return Val(object_type(kind, True), (object,))


def check_status(lw: Lowering, status: int) -> None:
    """Raise the pending exception where an int result is negative."""
    lw.check(lw.b.emit("sge", lw.b.emit("sext32", status), lw.int_const(0)), "pending")
    settle(lw)


def settle(lw: Lowering) -> None:
    """After Python code has run: leave the function if it gave an array that a name holds another shape, type or place,
    as `a.resize` does. What is held of an array in registers would no longer be true."""
    if not lw.unsettled:
        return
    lw.unsettled = False
    seen: set[int] = set()
    # Hidden names are looked up again below.
    values = [value for name, value in lw.env.items() if name not in lw.hidden]
    while values:
        value = values.pop()
        type = value.type
        if isinstance(type, (Tuple, Closure)):
            values.extend(lw.elements(value))
        elif isinstance(type, Iterator):
            values.extend(parts_of(value))
        elif is_record(type):
            continue  # nothing moves what it looks at
        elif isinstance(type, Array) and not (type.view or type.maybe) and value.parts[0] not in seen:
            seen.add(value.parts[0])
            _check_same(lw, value, type)
    lw.names.refresh(lw)


def _check_same(lw: Lowering, array: Val, type: Array) -> None:
    """Leave the function where the array object is no longer as the value says. Strides are not looked at: axes of one
    element may have any."""
    b, (object, data) = lw.b, array.parts[:2]
    needed = _ALIGNED | _LAYOUTS[type.layout] | (_WRITEABLE if type.writeable else 0)
    wrong = _differs(lw, object, type, needed, needed)
    wrong = b.emit("or", wrong, b.emit("xor", b.emit("p2i", creation.field(lw, object, "data")), b.emit("p2i", data)))
    lw.check(b.emit("eq", wrong, lw.int_const(0)), "changed")
    # Only now are there as many lengths to look at.
    at, wrong = creation.field(lw, object, "shape"), lw.int_const(0)
    for k, length in enumerate(array.parts[2 : 2 + type.ndim]):
        wrong = b.emit("or", wrong, b.emit("xor", b.load(_INT64, at, disp=8 * k, region=HEADERS), length))
    lw.check(b.emit("eq", wrong, lw.int_const(0)), "changed")


def _differs(lw: Lowering, object: int, type: Array, flags: int, mask: int) -> int:
    """An i64 that is 0 for an ndarray of the type's dtype and number of axes, and with these flags."""
    b, layout = lw.b, lw.hooks.host.arrays()
    found = b.emit("and", b.load(_INT32, object, disp=layout.flags, region=HEADERS), lw.int_const(mask))
    wrong = b.emit("xor", found, lw.int_const(flags))
    ndim = b.load(_INT32, object, disp=layout.ndim, region=HEADERS)
    wrong = b.emit("or", wrong, b.emit("xor", ndim, lw.int_const(type.ndim)))
    dtype, expected = creation.field(lw, object, "dtype"), lw.keep(sys.modules["numpy"].dtype(type.item.dtype))
    if is_records(type):
        return b.emit("or", wrong, b.emit("b2i", b.emit("not", _same_dtype(lw, dtype, expected))))
    return b.emit("or", wrong, b.emit("xor", b.emit("p2i", dtype), b.emit("p2i", expected)))


def _same_dtype(lw: Lowering, dtype: int, expected: int) -> int:
    """Whether a dtype object is the one expected, or looks the same."""

    def looks_the_same() -> Val:
        address = lw.hooks.host.numpy_function("PyArray_EquivTypes")
        found = lw.ccall("PyArray_EquivTypes", address, (dtype, expected), I64, pure=False)
        return Val(BOOL, (lw.b.emit("ne", lw.b.emit("zext8", found), lw.int_const(0)),))

    same = lw.b.emit("eq", dtype, expected)
    return lw.if_else(same, lambda: Val(BOOL, (lw.bool_const(True),)), looks_the_same).parts[0]


# -- boxing ------------------------------------------------------------------------------------------------------------


def box(lw: Lowering, value: Val) -> Val:
    """The Python object of a value. Gives a Val of an Object type."""
    value = wholes.settled(lw, value)
    type = value.type
    if isinstance(type, Object):
        return value
    if isinstance(type, Array):
        if arrays.is_own(type):
            raise WantedObject(NO_NUMBERS)
        if has_view(type):
            value = creation.as_objects(lw, value)
            type = value.type
        assert isinstance(type, Array)
        return Val(object_type(class_of(type), type.owned), value.parts[:1])
    if type is NONE:
        return Val(OBJECT, (lw.b.const(PTR, id(None)),))
    if isinstance(type, Constant):
        return Val(object_type(_class_of(type.value)), (lw.keep(type.value),))
    if type is BOOL:
        true, false = lw.b.const(PTR, id(True)), lw.b.const(PTR, id(False))
        return Val(object_type(bool), (lw.b.emit("select", value.parts[0], true, false),))
    known = lw.known(value) if type is INT or type is FLOAT else None
    if known is not None:
        return Val(object_type(_class_of(known)), (lw.keep(known),))
    if type is INT:
        return new(lw, "PyLong_FromLongLong", value.parts[0], kind=int)
    if type is FLOAT:
        return new(lw, "PyFloat_FromDouble", value.parts[0], kind=float)
    if type is COMPLEX:
        return new(lw, "PyComplex_FromDoubles", *value.parts, kind=complex)
    if isinstance(type, (Scalar, Complex)):
        return _box_scalar(lw, value, type)
    if isinstance(type, Tuple):
        return _box_tuple(lw, lw.elements(value), type)
    if isinstance(type, Slice):
        parts = [box(lw, v).parts[0] for v in bounds(value)]
        return new(lw, "PySlice_New", *parts, kind=slice)
    if isinstance(type, Union):
        return lw.split(value, lambda v: box(lw, v))
    if isinstance(type, Closure):
        return closures.box(lw, value)
    if isinstance(type, Range) and type is not REVERSED:
        ints = [box(lw, Val(INT, (p,))).parts[0] for p in value.parts]
        return vectorcall(lw, lw.keep(range), ints, kind=range)
    lw.unsupported(f"{type} as a Python object is not supported")


def class_of(type: Array) -> Any:
    """The class of an array's object."""
    item, numpy = type.item, sys.modules["numpy"]
    if not is_records(type):
        return numpy.ndarray
    return getattr(item, "array_class" if type.ndim else "scalar_class")


def _class_of(value: Any) -> type:
    return value.__class__ if isinstance(value.__class__, type) else type(value)


def _box_scalar(lw: Lowering, value: Val, type: Scalar | Complex) -> Val:
    numpy = sys.modules["numpy"]
    dtype = numpy.dtype(type.dtype)
    if type.kind == "b":
        true, false = lw.keep(numpy.True_), lw.keep(numpy.False_)
        return Val(object_type(dtype.type), (lw.b.emit("select", value.parts[0], true, false),))
    room = lw.b.emit("alloca", imm=16)
    arrays.store_item(lw, type, value.parts, room, region=0)
    address = lw.hooks.host.numpy_function("PyArray_Scalar")
    args = (room, lw.b.const(PTR, id(dtype)), lw.b.const(PTR, 0))
    return received(lw, lw.ccall("PyArray_Scalar", address, args, PTR, pure=False), dtype.type)


def _box_tuple(lw: Lowering, elements: list[Val], type: Tuple) -> Val:
    if not elements:
        return Val(object_type(tuple), (lw.keep(()),))
    boxed = [box(lw, v) for v in elements]
    count, first = lw.int_const(len(boxed)), lw.hooks.host.LAYOUT.tuple_items
    if isinstance(type, NamedTuple):
        made = new(lw, "PyType_GenericAlloc", lw.keep(type.kind), count, kind=type.kind)
    else:
        made = new(lw, "PyTuple_New", count, kind=tuple)
    for k, item in enumerate(boxed):
        lw.own.keep(item.type, 0, item.parts[0])
        lw.b.store(_POINTER, item.parts[0], made.parts[0], disp=first + 8 * k, region=HEADERS)
    return made


def pointers(lw: Lowering, objects: list[int]) -> int:
    """The address of a row of pointers, with one word of room before it."""
    frame = lw.b.emit("alloca", imm=8 * (len(objects) + 1))
    for k, object in enumerate(objects):
        lw.b.store(_POINTER, object, frame, disp=8 + 8 * k)
    return lw.b.emit("ptradd", frame, lw.int_const(8))


_OFFSET = -(1 << 63)  # PY_VECTORCALL_ARGUMENTS_OFFSET: the word before the arguments may be used


def vectorcall(lw: Lowering, function: int, args: list[int], names: tuple[str, ...] = (), kind: Any = None) -> Val:
    """Call a Python object; the last arguments are keywords of these names."""
    row = pointers(lw, args)
    count = lw.int_const(_OFFSET | len(args) - len(names))
    keywords = lw.keep(names) if names else lw.b.const(PTR, 0)
    return new(lw, "PyObject_Vectorcall", function, row, count, keywords, kind=kind)


def method_call(lw: Lowering, name: str, args: list[int], names: tuple[str, ...] = ()) -> Val:
    """Call a method of the first argument."""
    row = pointers(lw, args)
    count = lw.int_const(_OFFSET | len(args) - len(names))
    keywords = lw.keep(names) if names else lw.b.const(PTR, 0)
    return new(lw, "PyObject_VectorcallMethod", lw.keep(sys.intern(name)), row, count, keywords)


# -- unboxing ----------------------------------------------------------------------------------------------------------


def is_unboxable(type: PyType | None) -> bool:
    """Whether an object of the type can be taken apart."""
    if isinstance(type, Tuple):
        return all(is_unboxable(t) for t in type.elements)
    return type in (INT, FLOAT, BOOL, NONE, COMPLEX) or isinstance(type, (Scalar, Complex, Array, Object))


def unbox(lw: Lowering, value: Val, type: PyType, what: str, local: bool = False) -> Val:
    """The value of an object that should be of `type`; leaves the function where it is not.

    Args:
        what: that gave the object, for the message.
        local: an array that nobody else knows.
    """
    object, b = value.parts[0], lw.b
    assert isinstance(value.type, Object)
    if isinstance(type, Object):
        if type.kind is not None and type.kind is not value.type.kind:
            _check_class(lw, object, type.kind, what)
        return Val(object_type(type.kind, value.type.owned, type.elements), value.parts)
    if type is NONE:
        lw.check(b.emit("eq", object, b.const(PTR, id(None))), "guess", what)
        return Val(NONE)
    if type is BOOL:
        true = b.emit("eq", object, b.const(PTR, id(True)))
        lw.check(b.emit("or", true, b.emit("eq", object, b.const(PTR, id(False)))), "guess", what)
        return Val(BOOL, (true,))
    numpy = sys.modules.get("numpy")
    if type is INT:
        _check_class(lw, object, int, what)
        return _unbox_int(lw, object)
    layout = lw.hooks.host.LAYOUT
    if type is FLOAT:
        _check_class(lw, object, float, what)
        return Val(FLOAT, (b.load(ACCESSES["f64"], object, disp=layout.float_value, region=HEADERS),))
    if type is COMPLEX:
        _check_class(lw, object, complex, what)
        places = (layout.complex_value, layout.complex_value + 8)
        return Val(COMPLEX, tuple([b.load(ACCESSES["f64"], object, disp=at, region=HEADERS) for at in places]))
    if isinstance(type, Tuple):
        _check_class(lw, object, tuple, what)
        size = b.load(_INT64, object, disp=layout.tuple_size, region=HEADERS)
        lw.check(b.emit("eq", size, lw.int_const(len(type.elements))), "guess", what)
        return lw.make_tuple(_tuple_items(lw, value, type.elements, what, local))
    assert numpy is not None
    if isinstance(type, (Scalar, Complex)):
        _check_class(lw, object, numpy.dtype(type.dtype).type, what)
        at = lw.hooks.host.arrays().scalar
        return arrays.load_item(lw, type, object, disp=at, region=HEADERS)
    assert isinstance(type, Array), type
    _check_class(lw, object, class_of(type), what)
    if is_record(type):
        return _unbox_record(lw, value, type, what)
    return _unbox_array(lw, value, type, what, local)


def items(lw: Lowering, value: Val, count: int) -> list[Val]:
    """The items of an iterable object, as in ``a, b = value``; `count` are expected."""
    type = value.type
    assert isinstance(type, Object)
    if len(type.elements) == count:
        return _tuple_items(lw, value, type.elements, str(type.kind))
    untyped = (OBJECT,) * count

    def taken() -> Val:
        return lw.make_tuple(_tuple_items(lw, value, untyped, "unpacking"))

    def by_python() -> Val:
        # Python's own words for all that can go wrong.
        whole = vectorcall(lw, lw.keep(_unpacker(count)), [value.parts[0]])
        return lw.make_tuple(_tuple_items(lw, whole, untyped, "unpacking"))

    if type.kind not in (None, tuple):
        return lw.elements(by_python())
    b, layout, object = lw.b, lw.hooks.host.LAYOUT, value.parts[0]
    fits = b.emit("eq", b.load(_POINTER, object, disp=layout.type, region=HEADERS), b.const(PTR, id(tuple)))
    known = b.emit("select", fits, object, lw.keep(()))
    size = b.load(_INT64, known, disp=layout.tuple_size, region=HEADERS)
    return lw.elements(lw.if_else(b.emit("and", fits, b.emit("eq", size, lw.int_const(count))), taken, by_python))


def _tuple_items(
    lw: Lowering, value: Val, types: tuple[PyType, ...], what: str, local: bool = False
) -> list[Val]:  # fmt: skip
    first = lw.hooks.host.LAYOUT.tuple_items
    out = []
    for k, element in enumerate(types):
        item = lw.b.load(_POINTER, value.parts[0], disp=first + 8 * k, region=HEADERS)
        out.append(unbox(lw, Val(object_type(None, True), (item,)), element, what, local))
    return out


def _unpacker(count: int) -> Any:
    names = "".join([f"v{k}, " for k in range(count)]) or "()"
    namespace: dict[str, Any] = {}
    exec(f"def unpack(value):\n    {names} = value\n    return ({names})" if count else _EMPTY, namespace)
    return namespace["unpack"]


_EMPTY = "def unpack(value):\n    [] = value\n    return ()"


def _check_class(lw: Lowering, object: int, kind: type, what: str) -> None:
    found = lw.b.load(_POINTER, object, disp=lw.hooks.host.LAYOUT.type, region=HEADERS)
    lw.check(lw.b.emit("eq", found, lw.b.const(PTR, id(kind))), "guess", what)


def _unbox_int(lw: Lowering, object: int) -> Val:
    overflow = lw.b.emit("alloca", imm=8)
    result = api(lw, "PyLong_AsLongLongAndOverflow", object, overflow, result=I64)
    lw.check(lw.b.emit("eq", lw.b.load(_INT32, overflow), lw.int_const(0)), "overflow")
    return Val(INT, (result,))


def _unbox_record(lw: Lowering, value: Val, type: Array, what: str) -> Val:
    """One record: where its memory is."""
    b, object, layout = lw.b, value.parts[0], lw.hooks.host.records()
    assert isinstance(value.type, Object) and isinstance(type.item, Apart)
    dtype = b.load(_POINTER, object, disp=layout.dtype, region=HEADERS)
    lw.check(_same_dtype(lw, dtype, lw.keep(type.item.dtype)), "guess", what)
    flags = b.emit("and", b.load(_INT32, object, disp=layout.flags, region=HEADERS), lw.int_const(_WRITEABLE))
    data = b.load(_POINTER, object, disp=layout.data, region=HEADERS)
    wrong = b.emit("xor", flags, lw.int_const(_WRITEABLE if type.writeable else 0))
    wrong = b.emit("or", wrong, b.emit("and", b.emit("p2i", data), lw.int_const(type.item.dtype.alignment - 1)))
    lw.check(b.emit("eq", wrong, lw.int_const(0)), "guess", what)
    return Val(array_type(type.item, 0, "C", type.writeable, owned=value.type.owned), (object, data))


def _unbox_array(lw: Lowering, value: Val, type: Array, what: str, local: bool) -> Val:
    """Layout and dtype in one test. A layout other than "C" is taken for any strides, which need no test."""
    b, object = lw.b, value.parts[0]
    assert isinstance(value.type, Object)
    flags = _ALIGNED | (_C if type.layout == "C" else 0)
    mask = flags | _WRITEABLE
    flags |= _WRITEABLE if type.writeable else 0
    wrong = _differs(lw, object, type, flags, mask)
    lw.check(b.emit("eq", wrong, lw.int_const(0)), "guess", what)
    parts = [object, creation.field(lw, object, "data")]
    for row in ("shape",) if type.layout == "C" else ("shape", "strides"):
        at = creation.field(lw, object, row)
        parts.extend([b.load(_INT64, at, disp=8 * k, region=HEADERS) for k in range(type.ndim)])
    kind = "C" if type.layout == "C" else "A"
    made = array_type(type.item, type.ndim, kind, type.writeable, local=local, owned=value.type.owned)
    return Val(made, tuple(parts))


