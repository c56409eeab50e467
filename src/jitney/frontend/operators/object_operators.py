"""Operators on Python objects, and on whatever only NumPy itself can do: through the C-API, as CPython does them.

    object + value       PyNumber_Add(object, box(value)): an object
    array + array        the same, where nothing better is known; the result's type is learned when compiling
"""

from __future__ import annotations

import _operator as operator
import sys

from ...ir.types import ACCESSES, I64, PTR
from ...pytypes import BOOL, INT, NONE, Array, Iterator, Object, PyType, Slice, Tuple, object_type
from .. import lists, objects
from ..library import numpy_functions, python_calls
from ..library.iterators import parts_of
from ..library.ranges import Range
from ..state import Val
from .python import FUNCTIONS, UNARY_FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..state import Lowering

_INT64 = ACCESSES["i64"]
_BINARY = {
    "+": "Add", "-": "Subtract", "*": "Multiply", "/": "TrueDivide", "//": "FloorDivide", "%": "Remainder",
    "**": "Power", "<<": "Lshift", ">>": "Rshift", "&": "And", "|": "Or", "^": "Xor", "@": "MatrixMultiply",
    "divmod": "Divmod",
}  # fmt: skip
_UNARY = {"-": "Negative", "+": "Positive", "~": "Invert", "abs": "Absolute"}
_COMPARE = {
    "<": (0, operator.lt), "<=": (1, operator.le), "==": (2, operator.eq), "!=": (3, operator.ne),
    ">": (4, operator.gt), ">=": (5, operator.ge),
}  # fmt: skip


def binary(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """``a op b``."""
    if lw.augmenting:
        return in_place(lw, op, a, b)
    return python_calls.operation(lw, FUNCTIONS.get(op, operator.matmul), "PyNumber_" + _BINARY[op], a, b)


def in_place(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """``a op= b``: what is to be bound to the name."""
    if not isinstance(a.type, (Object, Array)):
        return python_calls.operation(lw, FUNCTIONS.get(op, operator.matmul), "PyNumber_InPlace" + _BINARY[op], a, b)
    boxed = [objects.box(lw, v).parts[0] for v in (a, b)]
    if not (isinstance(a.type, Array) and a.type.local and python_calls.is_plain(b.type)):
        lw.runs_python()
    extra = [lw.b.const(PTR, id(None))] if op == "**" else []
    result = objects.new(lw, "PyNumber_InPlace" + _BINARY[op], *boxed, *extra)
    python_calls.charge(lw, a, b)
    if isinstance(a.type, Array):
        same = lw.b.emit("eq", result.parts[0], boxed[0])
        lw.check(same, "guess", "an in-place operation")
        return a
    return result


def unary(lw: Lowering, op: str, a: Val) -> Val:
    """``-a``, ``+a``, ``~a``, ``abs(a)``."""
    return python_calls.operation(lw, UNARY_FUNCTIONS[op], "PyNumber_" + _UNARY[op], a)


def compare(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """``a < b`` and the like."""
    if op == "is":
        return identical(lw, a, b)
    if op == "is not":
        return Val(BOOL, (lw.b.emit("not", identical(lw, a, b).parts[0]),))
    number, function = _COMPARE[op]
    return python_calls.operation(lw, function, "PyObject_RichCompare", a, b, extra=number)


def identical(lw: Lowering, a: Val, b: Val) -> Val:
    """``a is b``. Numbers are made anew where they are needed, and so are like no object."""
    for v in (a, b):
        if not (isinstance(v.type, Object) or v.type is NONE or v.type is BOOL or not v.type.leaves):
            if isinstance(v.type, Array) and not v.type.view:
                continue
            lw.unsupported(f"`is` between {a.type} and {b.type} is not supported")
    first, second = objects.box(lw, a), objects.box(lw, b)
    return Val(BOOL, (lw.b.emit("eq", first.parts[0], second.parts[0]),))


def truth(lw: Lowering, a: Val) -> int:
    """``bool(a)`` as an i1."""
    boxed = objects.box(lw, a)
    if isinstance(a.type, Object) and not python_calls.is_plain(a.type):
        lw.runs_python()
    status = lw.b.emit("sext32", objects.api(lw, "PyObject_IsTrue", boxed.parts[0], result=I64))
    objects.check_status(lw, status)
    return lw.b.emit("ne", status, lw.int_const(0))


def index(lw: Lowering, value: Val) -> int:
    """``operator.index(value)`` as an i64; one that does not fit leaves the function."""
    whole = objects.new(lw, "PyNumber_Index", objects.box(lw, value).parts[0], kind=int)
    return objects.unbox(lw, whole, INT, "an index").parts[0]


def contains(lw: Lowering, container: Val, item: Val) -> Val:
    """``item in container``."""
    boxed = [objects.box(lw, v).parts[0] for v in (container, item)]
    if not (python_calls.is_plain(container.type) and python_calls.is_plain(item.type)):
        lw.runs_python()
    status = lw.b.emit("sext32", objects.api(lw, "PySequence_Contains", *boxed, result=I64))
    objects.check_status(lw, status)
    python_calls.charge(lw)
    return Val(BOOL, (lw.b.emit("ne", status, lw.int_const(0)),))


def subscript(lw: Lowering, container: Val, index: Val) -> Val:
    """``container[index]``."""
    if index.type is INT and lists.is_list(container):
        return lists.item(lw, container, index)
    container, _ = _flat(lw, container)
    if isinstance(container.type, Tuple) and (isinstance(index.type, Slice) or len({*container.type.elements}) > 1):
        # How long it is hangs on the ends' values; which item it is, on the index.
        return objects.new(lw, "PyObject_GetItem", *[objects.box(lw, v).parts[0] for v in (container, index)])
    return python_calls.operation(
        lw, operator.getitem, "PyObject_GetItem", container, index, rule=numpy_functions.VIEW
    )  # fmt: skip


def _flat(lw: Lowering, container: Val) -> tuple[Val, Val]:
    """What is subscripted, of ``array.flat`` a new such object; and what holds the elements."""
    type = container.type
    if not isinstance(type, Iterator) or "flat" not in type.kind:
        return container, container
    array = Val(type.inner[0], container.parts)
    return python_calls.attribute(lw, array, "flat"), array


def store(lw: Lowering, container: Val, index: Val, value: Val, only_numpy: bool = False) -> None:
    """``container[index] = value``. `only_numpy`: of numbers and arrays, so that no code runs but NumPy's own."""
    container, owner = _flat(lw, container)
    boxed = [objects.box(lw, v).parts[0] for v in (container, index, value)]
    if not only_numpy:
        _changed(lw, owner)
    elif not owner.type.local:  # type: ignore[attr-defined]
        lw.set_dirty()
    objects.check_status(lw, objects.api(lw, "PyObject_SetItem", *boxed, result=I64))
    python_calls.charge(lw, container, value)


_HEADER = frozenset(("shape", "strides", "dtype", "data"))
"""Attributes of arrays that compiled code takes to stay as they are."""


def set_attribute(lw: Lowering, owner: Val, name: str, value: Val) -> None:
    """``owner.name = value``."""
    if (isinstance(owner.type, Array) and name in _HEADER) or name == "writeable":
        lw.unsupported(f"changing the {name} of an array in place is not supported")
    boxed = [objects.box(lw, v).parts[0] for v in (owner, value)]
    _changed(lw, owner)
    arguments = (boxed[0], lw.keep(sys.intern(name)), boxed[1])
    objects.check_status(lw, objects.api(lw, "PyObject_SetAttr", *arguments, result=I64))


def _changed(lw: Lowering, container: Val) -> None:
    """Something outside may have changed, unless it is an array that nobody else knows."""
    type: Any = container.type
    if not ((isinstance(type, Array) and type.local) or lists.is_local(container)):
        lw.runs_python()


class Fetch:
    """Going through an object, or `enumerate` or `zip` of objects: ``iter(iterable)`` is kept until the end of the
    statement.

    Attributes:
        plain: no code of the user's is run.
    """

    def __init__(self, lw: Lowering, iterable: Val) -> None:
        self.plain = isinstance(iterable.type, Object) and iterable.type.kind in _COLLECTIONS
        if not self.plain:
            lw.runs_python()
        self.iterator = objects.new(lw, "PyObject_GetIter", iterable.parts[0]).parts[0]

    def following(self, lw: Lowering) -> int:
        """``next()``: an object, null at the end."""
        if not self.plain:
            lw.runs_python()
        item = objects.api(lw, "PyIter_Next", self.iterator)
        lw.own.hold(item)
        error = objects.api(lw, "PyErr_Occurred")
        lw.check(lw.b.emit("eq", error, lw.b.const(PTR, 0)), "pending")
        objects.settle(lw)
        return item

    def bound(self, lw: Lowering, item: int) -> Val:
        """What the target is bound to for an item, which is not null."""
        return Val(object_type(None, True), (item,))


class _Enumerated(Fetch):
    """``enumerate(iterable, start)``: the number is in memory."""

    def __init__(self, lw: Lowering, iterable: Val, start: int) -> None:
        self.inner = fetch(lw, iterable)
        self.number = lw.b.emit("alloca", imm=8)
        lw.b.store(_INT64, start, self.number)

    def following(self, lw: Lowering) -> int:
        return self.inner.following(lw)

    def bound(self, lw: Lowering, item: int) -> Val:
        number = lw.b.load(_INT64, self.number)
        lw.b.store(_INT64, lw.checked("addo", number, lw.int_const(1)), self.number)
        return lw.make_tuple([Val(INT, (number,)), self.inner.bound(lw, item)])


class _Zipped(Fetch):
    """``zip(a, b, ...)``, by Python's own."""

    def __init__(self, lw: Lowering, iterables: list[Val]) -> None:
        boxed = [objects.box(lw, v).parts[0] for v in iterables]
        super().__init__(lw, objects.vectorcall(lw, lw.keep(zip), boxed))
        self.types = tuple([_item_of(v.type) for v in iterables])

    def bound(self, lw: Lowering, item: int) -> Val:
        return Val(object_type(tuple, True, self.types), (item,))


def _item_of(type: PyType) -> PyType:
    """What going through a value gives, where that is known."""
    if isinstance(type, Array) and type.ndim == 1:
        return type.item
    return INT if isinstance(type, Range) else object_type()


def fetch(lw: Lowering, iterable: Val) -> Fetch:
    """What goes through `iterable`, for which `goes_through` holds."""
    type = iterable.type
    if not isinstance(type, Iterator):
        return Fetch(lw, iterable)
    inner = parts_of(iterable)
    return _Enumerated(lw, inner[0], inner[1].parts[0]) if type.kind == "enumerate" else _Zipped(lw, inner)


def goes_through(type: PyType) -> bool:
    """Whether items of an iterable of this type are fetched as objects."""
    if isinstance(type, Iterator):
        return type.kind in ("enumerate", "zip") and any(map(goes_through, type.inner))
    return isinstance(type, Object)


_COLLECTIONS = frozenset((list, tuple, dict, set, frozenset, str, bytes, range))
