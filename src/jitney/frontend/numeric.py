"""Lists of plain numbers and small arrays that never leave the function: memory that nobody else knows.

    ways = [0] * (n + 1)      a bytes object of 8 * (n + 1) bytes, which nobody else knows, filled
    ways[i] += ways[i - c]    two loads and a store; the elements are Python's ints, not NumPy's
    return ways               a list is made here

A name is given such a list where the function's text shows that nothing else is done with it (`Usage`): its length
never changes, and it meets nothing but indices, `len`, loops, other such names, and `return`. The items' type is that
of the first: where another is stored the function is lowered again (`WantedObject`), with a tag beside each value
(`Union`), and with lists as objects where it is no number.

    d = np.empty(3)           24 bytes of the function's frame, where only its elements are asked for
    d[k] = x[i, k] - x[j, k]  no store of any array's elements touches them
"""

from __future__ import annotations

import _ast
import sys

from ..errors import UnsupportedError
from ..ir.function import FRAMES, LISTS
from ..ir.types import PTR
from ..lazy import lazy
from ..pytypes import BOOL, FLOAT, INT, SCALARS, Array, Scalar, Tuple, Union, array_type, join, tuple_like
from . import arrays, objects, source, usage, views
from .arrays import Own, is_own
from .library import creation
from .operators import to_index
from .plan import NO_NUMBERS, WantedObject
from .state import Val, constant_value, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from ..pytypes import PyType
    from . import filled
    from .library import folds
    from .state import Lowering
else:
    filled = lazy("jitney.frontend", "filled")
    folds = lazy("jitney.frontend.library", "folds")

_STORED = {INT: "int64", FLOAT: "float64", BOOL: "bool"}
_FORMATS = {INT: "q", FLOAT: "d", BOOL: "?"}
_HEADER = bytes.__basicsize__ - 1  # where a bytes object's bytes begin: the last one ends the string
_MOST = 1 << 56
_SMALL, _FEW = 256, 16  # bytes of an array in the frame; elements that are set one after the other
_FRAMED: dict[Any, Any] = {}
_LISTED: dict[PyType, Any] = {}
_TAKING = (len, enumerate, zip, reversed)
_READING = (list, max, min, sorted, sum, tuple)


# -- making ------------------------------------------------------------------------------------------------------------


def made(lw: Lowering, target: Any, node: Any) -> Val | None:
    """The list that an assignment of `node` gives the name `target`; None where that is any other object."""
    if lw.inlining or NO_NUMBERS in lw.as_objects:
        return None
    origin = usage.copied(node)
    if origin is not None:
        held = lw.env.get(usage.place(origin)[0])  # type: ignore[index]
        if held is None or not is_own(held.type):
            return None
    count = usage.depth(node)
    group = _usage(lw).lists.get(target.id) if count else None
    if group is None or (NO_NUMBERS, group) in lw.as_objects:
        return None
    if count == 2 and type(node) is _ast.List:
        return _rows(lw, node, group)
    if type(node) is _ast.List:
        return _items(lw, node.elts, group)
    found = usage.repeated(node)
    if found is None:
        return filled.made(lw, node, group)
    if found[1] is node.left:
        times = lw.expr(found[1])
        value = lw.expr(found[0])
    else:
        value = lw.expr(found[0])
        times = lw.expr(found[1])
    if not counts(times):
        refuse(group)
    item = item_for(lw, group, value)
    n = lw.b.emit("smax", to_index(lw, times), lw.int_const(0))
    array = _list(item, *allocated(lw, n, item.access.size), n)
    creation.fill(lw, array, *lw.coerce(value, item.loaded, lw.b.block))
    return array


def _items(lw: Lowering, nodes: list[Any], group: str) -> Val:
    values = [lw.expr(inner) for inner in nodes]
    item = item_for(lw, group, *values)
    count = lw.int_const(len(values))
    object, data = allocated(lw, count, item.access.size)
    for k, v in enumerate(values):
        put(lw, item, v, data, disp=k * item.access.size)
    return _list(item, object, data, count)


def _rows(lw: Lowering, node: Any, group: str) -> Val:
    """``[[a, b], [c, d]]``."""
    length = len(getattr(node.elts[0], "elts", ()))
    if any(type(row) is not _ast.List or len(row.elts) != length for row in node.elts):
        refuse(group)
    made = _items(lw, [inner for row in node.elts for inner in row.elts], group)
    assert isinstance(made.type, Array)
    return _list(made.type.item, *made.parts[:2], lw.int_const(len(node.elts)), lw.int_const(length))


def item_for(lw: Lowering, group: str, *values: Val) -> Any:
    """What an item is of lists of a group that get such values, among others. Where that is more than was known, the
    function is lowered again."""
    items = _usage(lw).items
    known = joined = items.get(group)
    for v in values:
        joined = v.type if joined is None else join(joined, v.type)
        if joined is None or not _is_listed(joined):
            refuse(group)
    if joined is not known:
        items[group] = joined  # type: ignore[assignment]
        if known is not None:
            raise WantedObject(lw.usage)
    return _listed(joined)  # type: ignore[arg-type]


def _is_listed(type: PyType) -> bool:
    if isinstance(type, Union):
        return all(map(_is_listed, type.members))
    return type in _STORED or (isinstance(type, Scalar) and type.tag >= 0)


def _listed(type: PyType) -> Own:
    """The item of such a list."""
    found: Own | None = _LISTED.get(type)
    if found is None:
        stored = type if isinstance(type, Scalar) else SCALARS[_STORED.get(type, "int64")]
        found = _LISTED[type] = Own(type, stored, LISTS)
    return found


def put(
    lw: Lowering, item: Any, value: Val, base: int, index: int | None = None, scale: int = 1, disp: int = 0
) -> None:
    """Store an item to an address."""
    arrays.store_item(lw, item, lw.coerce(value, item.loaded, lw.b.block), base, index, scale, disp)


def refuse(group: str) -> NoReturn:
    """Lower the function again, with the lists of a group of names as objects."""
    raise WantedObject((NO_NUMBERS, group))


def _usage(lw: Lowering) -> usage.Usage:
    found: usage.Usage | None = lw.usage
    if found is None:
        found = lw.usage = usage.Usage(lw.root, lw.source.node.body)
    return found


def counts(value: Val) -> bool:
    """Whether it is an integer."""
    return value.type is INT or (isinstance(value.type, Scalar) and value.type.kind in "iu")


def _list(item: Any, object: int, data: int, *dims: int) -> Val:
    return Val(array_type(item, len(dims), "C", True, True, True, True), (object, data, *dims))


def allocated(lw: Lowering, count: int, size: int) -> tuple[int, int]:
    """Memory for so many items of `size` bytes, which are not set: whose it is, and where."""
    b = lw.b
    lw.charge(count)
    lw.check(b.emit("ult", count, lw.int_const(_MOST)), "raise", (MemoryError, ()))
    object = objects.api(lw, "PyBytes_FromStringAndSize", b.const(PTR, 0), b.emit("mul", count, lw.int_const(size)))
    lw.own.hold(object)
    lw.check(b.emit("ne", object, b.const(PTR, 0)), "pending")
    return object, b.emit("ptradd", object, lw.int_const(_HEADER))


# -- small arrays ------------------------------------------------------------------------------------------------------


def small(lw: Lowering, target: Any, call: Any, dims: list[int]) -> Val | None:
    """The array in the function's frame that ``name = np.empty(3)`` gives its name; None where it has to be another.
    `dims`: its shape."""
    name, numpy = target.id, sys.modules.get("numpy")
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
    for group in _groups(lw, node):
        if (NO_NUMBERS, group) not in lw.as_objects:
            refuse(group)
    raise WantedObject(NO_NUMBERS)


def _groups(lw: Lowering, node: Any) -> list[str]:
    """The groups of the lists that an expression may give, or a row of."""
    if lw.inlining:
        return []
    found, names = usage.place(node), _usage(lw)
    return names.rows.get(found[0]) or [names.lists.get(found[0], found[0])] if found is not None else []


def passed(lw: Lowering, function: Any, args: list[Val], nodes: list[Any]) -> list[Val]:
    """What a function is given for such arguments: the memory, where it takes that, or a list, where it only reads."""
    if not any(is_own(v.type) for v in args) or function in _TAKING:
        return args
    numpy = sys.modules.get("numpy")
    makers = (numpy.array, numpy.asarray) if numpy is not None else ()
    if any(function is reader for reader in (*_READING, *makers)) and len(args) == 1:
        return args if folds.takes(function, args[0]) else [returned(lw, args[0])]
    plain = lw.hooks.plain(function)
    given = _given(lw, plain) if plain is not None and len(nodes) == len(args) else ()
    for k, v in enumerate(args):
        if is_own(v.type) and (v.type.ndim > 1 or k >= len(given) or not given[k]):  # type: ignore[attr-defined]
            as_objects(lw, nodes[k] if k < len(nodes) else None)
    return args


def _given(lw: Lowering, plain: Any) -> list[bool]:
    """Which parameters of a function may be given lists of numbers."""
    code = plain.__code__
    found: list[bool] | None = lw.inlinable.get((code, "lists"))
    if found is None:
        try:
            tree = source.find(plain)
        except UnsupportedError:
            return []
        # What a lambda does is not looked at.
        given = usage.Usage(plain, tree.node.body).given if type(tree.node) is _ast.FunctionDef else ()
        found = [name in given for name in code.co_varnames[: code.co_argcount]]
        lw.inlinable[code, "lists"] = found
    return found


def _place(lw: Lowering, array: Val, index: Val, node: Any, message: str) -> int:
    members = index.type.members if isinstance(index.type, Union) else (index.type,)
    if not all(m is BOOL or counts(Val(m)) for m in members):
        as_objects(lw, node.value)
    site = lw.b.add_site("raise", (IndexError, (message,)))
    return lw.b.emit("index", to_index(lw, index), array.parts[2], lw.dirty, imm=site)


def subscript(lw: Lowering, array: Val, index: Val, node: Any) -> Val:
    """``array[index]``; a row, of a list of lists."""
    type = array.type
    assert isinstance(type, Array)
    if type.item.region == LISTS and type.ndim == 2:  # type: ignore[attr-defined]
        return arrays.item(lw, array, _place(lw, array, index, node, "list index out of range"))
    return arrays.load_at(lw, array, _indices(lw, array, index, node, "list index out of range"))


def store(lw: Lowering, array: Val, index: Val, value: Val, node: Any) -> None:
    """``array[index] = value``."""
    assert isinstance(array.type, Array)
    item: Any = array.type.item
    if item.region == LISTS:
        if array.type.ndim == 2:
            as_objects(lw, node.value)
        if value.type is not item.loaded and join(item.loaded, value.type) is not item.loaded:
            for group in _groups(lw, node.value):
                item_for(lw, group, value)
            as_objects(lw, node.value)
    elif not is_number(value.type):
        as_objects(lw, node.value)
    at = _indices(lw, array, index, node, "list assignment index out of range")
    if item.region == FRAMES:
        arrays.store_at(lw, array, at, value, node)
    else:
        put(lw, item, value, *arrays.element_address(lw, array, at))


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
    length = lw.b.emit("mul", arrays.size(lw, value), lw.int_const(type.item.access.size))
    # 0x100: to read.
    memory = objects.new(lw, "PyMemoryView_FromMemory", value.parts[1], length, lw.int_const(0x100))
    dims = [objects.box(lw, Val(INT, (dim,))).parts[0] for dim in arrays.lengths(value)]
    function = lw.keep(_converter(type.item.loaded, type.ndim))  # type: ignore[attr-defined]
    end = lw.b.const(PTR, 0)
    return objects.new(lw, "PyObject_CallFunctionObjArgs", function, memory.parts[0], *dims, end, kind=list)


def _converter(type: PyType, ndim: int) -> Callable[..., list[Any]]:
    """What makes a list of memory and its lengths."""

    def rows(memory: memoryview, count: int, length: int) -> list[list[Any]]:
        found = _as_items(type, memory)
        return [found[k * length : (k + 1) * length] for k in range(count)]

    return rows if ndim == 2 else lambda memory, count: _as_items(type, memory)


def _as_items(type: PyType, memory: memoryview) -> list[Any]:
    if type in _FORMATS:
        return memory.cast(_FORMATS[type]).tolist()  # type: ignore[call-overload, no-any-return]
    numpy = sys.modules["numpy"]
    if isinstance(type, Scalar):
        return list(numpy.frombuffer(memory, type.dtype)) if len(memory) else []
    assert isinstance(type, Union)
    makers = {m.tag: _maker(numpy, m) for m in type.members}
    words, floats = memory.cast("q").tolist(), memory.cast("d").tolist()
    found = []
    for k in range(0, len(words), 2):
        make, is_float = makers[words[k]]
        found.append(make(floats[k + 1] if is_float else words[k + 1]))
    return found


def _maker(numpy: Any, type: PyType) -> tuple[Any, bool]:
    """What makes an object of a payload (see `Union`), and whether that is a float."""
    if isinstance(type, Scalar):
        kind = numpy.dtype(type.dtype).type
        return (lambda word: kind(word % 2**64)) if type.kind == "u" else kind, type.kind == "f"
    return {INT: (int, False), FLOAT: (float, True), BOOL: (bool, False)}[type]
