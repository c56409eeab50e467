"""Lists of plain numbers and small arrays that never leave the function: memory that nobody else knows.

    ways = [0] * (n + 1)      a bytes object of 8 * (n + 1) bytes, which nobody else knows, filled
    ways[i] += ways[i - c]    two loads and a store; the elements are Python's ints, not NumPy's
    return ways               a list is made here

A name is given such a list where the function's text shows that nothing else is done with it (`Usage`): its length
never changes, and it meets nothing but indices, `len`, loops, other such names, and `return`. All elements have one
type, that of the first: where another is stored the function is lowered again (`WantedObject`), with lists as objects.

    d = np.empty(3)           24 bytes of the function's frame, where only its elements are asked for
    d[k] = x[i, k] - x[j, k]  no store of any array's elements touches them
"""

from __future__ import annotations

import _ast
import sys

from ..ir.function import FRAMES, LISTS
from ..ir.types import PTR
from ..pytypes import BOOL, FLOAT, INT, SCALARS, Array, Scalar, Tuple, array_type, tuple_like
from . import arrays, objects, views
from .arrays import Own, is_own
from .library import creation
from .operators import to_index
from .plan import NO_NUMBERS, WantedObject
from .state import Val, constant_value, is_number
from .usage import Usage, maker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .state import Lowering

_LISTED = {t: Own(t, SCALARS[stored], LISTS) for t, stored in ((INT, "int64"), (FLOAT, "float64"), (BOOL, "bool"))}
_FORMATS = {INT: "q", FLOAT: "d", BOOL: "?"}
_HEADER = bytes.__basicsize__ - 1  # where a bytes object's bytes begin: the last one ends the string
_MOST = 1 << 56
_SMALL, _FEW = 256, 16  # bytes of an array in the frame; elements that are set one after the other
_FRAMED: dict[Any, Any] = {}
_TAKING = (len, enumerate, zip, reversed)


# -- making ------------------------------------------------------------------------------------------------------------


def made(lw: Lowering, node: Any) -> Val | None:
    """The list that an assignment gives its name; None where that is any other object."""
    if lw.inlining or NO_NUMBERS in lw.as_objects:
        return None
    (target,) = node.targets
    group = _usage(lw).lists.get(target.id)
    found = maker(node.value)
    if group is None or found is None or (NO_NUMBERS, group) in lw.as_objects:
        return None
    elements, times = found
    if times is not None and times is node.value.left:
        count: Val | None = lw.expr(times)
        values = [lw.expr(inner) for inner in elements]
    else:
        values = [lw.expr(inner) for inner in elements]
        count = lw.expr(times) if times is not None else None
    item = _LISTED.get(values[0].type)
    if item is None or any(v.type is not values[0].type for v in values) or not (count is None or _counts(count)):
        raise WantedObject((NO_NUMBERS, group))
    if count is None:
        array = _allocated(lw, item, lw.int_const(len(values)))
        for k, v in enumerate(values):
            arrays.store_item(lw, item, v.parts, array.parts[1], lw.int_const(k), item.access.size)
        return array
    n = lw.b.emit("smax", to_index(lw, count), lw.int_const(0))
    array = _allocated(lw, item, n)
    creation.fill(lw, array, *values[0].parts)
    return array


def _usage(lw: Lowering) -> Usage:
    found: Usage | None = lw.usage
    if found is None:
        found = lw.usage = Usage(lw.root, lw.source.node.body)
    return found


def _counts(value: Val) -> bool:
    return value.type is INT or (isinstance(value.type, Scalar) and value.type.kind in "iu")


def _allocated(lw: Lowering, item: Any, count: int) -> Val:
    """A list of so many elements, which are not set."""
    b = lw.b
    lw.charge(count)
    lw.check(b.emit("ult", count, lw.int_const(_MOST)), "raise", (MemoryError, ()))
    size = b.emit("mul", count, lw.int_const(item.access.size))
    object = objects.api(lw, "PyBytes_FromStringAndSize", b.const(PTR, 0), size)
    lw.own.hold(object)
    lw.check(b.emit("ne", object, b.const(PTR, 0)), "pending")
    data = b.emit("ptradd", object, lw.int_const(_HEADER))
    return Val(array_type(item, 1, "C", True, True, True, True), (object, data, count))


# -- small arrays ------------------------------------------------------------------------------------------------------


def small(lw: Lowering, node: Any, dims: list[int]) -> Val | None:
    """The array in the function's frame that ``name = np.empty(3)`` gives its name; None where it has to be another.
    `dims`: its shape."""
    name, call, numpy = node.targets[0].id, node.value, sys.modules.get("numpy")
    if lw.inlining or numpy is None or NO_NUMBERS in lw.as_objects or (NO_NUMBERS, name) in lw.as_objects:
        return None
    if not all(0 <= n <= _SMALL for n in dims) or name not in _usage(lw).arrays:
        return None
    function = constant_value(lw.expr(call.func))
    value = next((k for k, name in enumerate(("zeros", "ones", "empty")) if function is getattr(numpy, name)), None)
    stored: Any = SCALARS["float64"]
    for keyword in call.keywords:
        stored = creation.item_of(lw.expr(keyword.value), stored) if keyword.arg == "dtype" else None
    if value is None or type(stored) is not Scalar:
        return None
    count = 1
    for n in dims:
        count *= n
    if count * stored.access.size > _SMALL:
        return None
    item = _FRAMED.get(stored)
    if item is None:
        item = _FRAMED[stored] = Own(stored, stored, FRAMES)
    data = lw.b.emit("alloca", imm=max(count * stored.access.size, 1))
    own = array_type(item, len(dims), "C", True, True, True)
    array = Val(own, (lw.b.const(PTR, id(None)), data, *[lw.int_const(n) for n in dims]))
    if value < 2:
        part = lw.b.const(stored.leaves[0], creation.leaf_value(stored, value))
        if count > _FEW:
            creation.fill(lw, array, part)
        else:
            for k in range(count):
                arrays.store_item(lw, item, (part,), data, disp=k * stored.access.size)
    return array


# -- using -------------------------------------------------------------------------------------------------------------


def as_objects(lw: Lowering, node: Any = None) -> NoReturn:
    """Lower the function again, with the list that the expression `node` gives, or all, as objects."""
    group = _usage(lw).lists.get(node.id, node.id) if type(node) is _ast.Name else None
    raise WantedObject((NO_NUMBERS, group) if group is not None else NO_NUMBERS)


def check_call(lw: Lowering, function: Any, args: list[Val]) -> None:
    """Only what goes through lists is given one."""
    if function not in _TAKING and any(is_own(v.type) for v in args):
        as_objects(lw)


def _place(lw: Lowering, array: Val, index: Val, node: Any, message: str) -> int:
    if not (_counts(index) or index.type is BOOL):
        as_objects(lw, node.value)
    site = lw.b.add_site("raise", (IndexError, (message,)))
    return lw.b.emit("index", to_index(lw, index), array.parts[2], lw.dirty, imm=site)


def subscript(lw: Lowering, array: Val, index: Val, node: Any) -> Val:
    """``array[index]``."""
    return arrays.load_at(lw, array, _indices(lw, array, index, node, "list index out of range"))


def store(lw: Lowering, array: Val, index: Val, value: Val, node: Any) -> None:
    """``array[index] = value``."""
    item = array.type.item  # type: ignore[attr-defined]
    if value.type is not item.loaded and (item.region == LISTS or not is_number(value.type)):
        as_objects(lw, node.value)
    at = _indices(lw, array, index, node, "list assignment index out of range")
    if item.region == FRAMES:
        arrays.store_at(lw, array, at, value, node)
    else:
        arrays.store_item(lw, item, value.parts, *arrays.element_address(lw, array, at))


def _indices(lw: Lowering, array: Val, index: Val, node: Any, message: str) -> list[int]:
    if array.type.item.region == LISTS:  # type: ignore[attr-defined]
        return [_place(lw, array, index, node, message)]
    if not views.is_element(array, index):
        as_objects(lw, node.value)
    return views.element_indices(lw, array, views.index_items(lw, array, index, node))


def returned(lw: Lowering, value: Val) -> Val:
    """What a function returns, with lists made of such lists."""
    type = value.type
    if isinstance(type, Tuple):
        values = [returned(lw, v) for v in lw.elements(value)]
        made = tuple_like(type, tuple([v.type for v in values]))
        return Val(made, tuple([p for v in values for p in v.parts]))
    if not is_own(type):
        return value
    assert isinstance(type, Array)
    function = lw.keep(_AS_LISTS[type.item.loaded])  # type: ignore[attr-defined]
    end = lw.b.const(PTR, 0)
    return objects.new(lw, "PyObject_CallFunctionObjArgs", function, value.parts[0], end, kind=list)


def _as_list(format: str) -> Callable[[bytes], list[Any]]:
    return lambda data: memoryview(data).cast(format).tolist()  # type: ignore[call-overload]


_AS_LISTS = {type: _as_list(format) for type, format in _FORMATS.items()}
