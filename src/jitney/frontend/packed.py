"""Lists of numbers that grow and shrink, without objects: those that only one name of the function ever knows.

    stack = [0]                  cells of a bytearray: 8 bytes for each number
    while stack:                 used != 0
        i = stack.pop()          load [data + used*8 - 8]
        stack.append(left[i])    store [data + used*8]; used + 1; PyByteArray_Resize where there is no room
    return stack                 [x for x in stack]: only now there is a list

As nobody else knows the list, the name *is* the list: where it lies, how many cells are used and how many there are
travel as the name's value. `usage.Usage` tells which names stand for such lists. What the items are is found out when
lowering: numbers, or tuples of numbers. Where another type comes than those before, the function is lowered again for
either (`Lists.items`), and where they are anything else, with lists of objects.
"""

from __future__ import annotations

import _ast
import sys

from ..ir.function import CELLS
from ..ir.types import ACCESSES, F64, I64, PTR
from ..pytypes import BOOL, FLOAT, INT, List, PyType, Scalar, Tuple, Union, join, list_type, members
from . import objects
from .operators import to_index
from .plan import WantedObject
from .state import NONE_VAL, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..ir.types import Access
    from .state import Lowering
    from .usage import Usage

_ROOM = 64
"""Cells of a new list."""
_ACCESSES = {INT: ACCESSES["i64"], FLOAT: ACCESSES["f64"], BOOL: ACCESSES["b1"]}


class Lists:
    """The names of a function that stand for such lists.

    Attributes:
        names: all of them.
        items: what the items of a name's list are, where they are not of one type.
        copies: places where a list of objects is made of one, and the comprehension that does it.
        slots: name -> the slot of its bytearray, in the lowering going on. seen: name -> what it was given first.
    """

    __slots__ = ("copies", "items", "names", "seen", "slots")

    def __init__(self, names: frozenset[str], copies: dict[Any, Any]) -> None:
        self.names = names
        self.copies = copies
        self.items: dict[str, PyType] = {}
        self.slots: dict[str, int] = {}
        self.seen: dict[str, PyType] = {}

    def begin(self) -> None:
        """A lowering begins."""
        self.slots.clear()
        self.seen.clear()

    @classmethod
    def of(cls, usage: Usage) -> Lists | None:
        """Those of a function; None if there are none."""
        copies = {node: _copy(node) for node in usage.reads}
        return cls(frozenset(usage.growing), copies) if usage.growing else None


def _copy(node: Any) -> Any:
    """The comprehension that makes a list of objects of a name's."""
    place = {"lineno": node.lineno, "col_offset": node.col_offset}
    item = _ast.Name(id="item", ctx=_ast.Load(), **place)
    target = _ast.Name(id="item", ctx=_ast.Store(), **place)
    source = _ast.Name(id=node.id, ctx=_ast.Load(), **place)
    generator = _ast.comprehension(target=target, iter=source, ifs=[], is_async=0)
    return _ast.ListComp(elt=item, generators=[generator], **place)


# -- lowering ----------------------------------------------------------------------------------------------------------


def is_packed(lw: Lowering, node: Any) -> bool:
    """Whether an expression is the name of such a list."""
    return type(node) is _ast.Name and node.id in lw.packed.names and not lw.inlining  # type: ignore[union-attr]


def make(lw: Lowering, name: str, display: Any) -> None:
    """``name = [a, b]``."""
    items = [lw.expr(n) for n in display.elts]
    lw.env[name] = _empty(lw, name)
    for item in items:
        _append(lw, name, lw.env[name], item)


def _empty(lw: Lowering, name: str) -> Val:
    """An empty list; the cells that the name had before serve again."""
    assert lw.packed is not None
    slot = lw.packed.slots.get(name)
    if slot is None:
        slot = lw.packed.slots[name] = lw.own.reserve()
    b, zero, null = lw.b, lw.int_const(0), lw.b.const(PTR, 0)
    type = list_type(lw.packed.items.get(name))

    def new() -> Val:
        made = objects.api(lw, "PyByteArray_FromStringAndSize", null, lw.int_const(8 * _ROOM))
        lw.own.put(slot, made)
        lw.check(b.emit("ne", made, null), "pending")
        return Val(type, (objects.api(lw, "PyByteArray_AsString", made), zero, lw.int_const(_ROOM)))

    def again() -> Val:
        size = objects.api(lw, "PyByteArray_Size", held, result=I64)
        room = b.emit("sar", size, lw.int_const(3))
        return Val(type, (objects.api(lw, "PyByteArray_AsString", held), zero, room))

    if b.block.loop is None and lw.live.stores_to(name) == 1:
        return new()
    held = lw.own.get(slot)
    return lw.if_else(b.emit("eq", held, null), new, again)


def method(lw: Lowering, node: Any) -> Val:
    """``name.append(x)``, ``name.pop()``, ``name.clear()``."""
    args = [lw.expr(n) for n in node.args]
    lw.at(node)
    owner, which = node.func.value, node.func.attr
    value = lw.read_local(owner)
    if which == "append":
        _append(lw, owner.id, value, args[0])
        return NONE_VAL
    data, used, room = value.parts
    if which == "clear":
        assert lw.packed is not None
        lw.env[owner.id] = Val(list_type(lw.packed.items.get(owner.id)), (data, lw.int_const(0), room))
        return NONE_VAL
    item = _item_type(value)
    if item is None:
        lw.fail_with(IndexError, "pop from empty list")
    lw.check(lw.b.emit("ne", used, lw.int_const(0)), "raise", (IndexError, ("pop from empty list",)))
    rest = lw.b.emit("sub", used, lw.int_const(1 << _shift(item)))
    lw.env[owner.id] = Val(value.type, (data, rest, room))
    return _load(lw, item, data, rest)


def _append(lw: Lowering, name: str, value: Val, item: Val) -> None:
    """Put an item behind the others."""
    b = lw.b
    item = _as_item(lw, name, _item_type(value), item)
    type = list_type(item.type)
    data, used, room = value.parts
    after = b.emit("add", used, lw.int_const(1 << _shift(item.type)))

    def grown() -> Val:
        assert lw.packed is not None
        b.block.cold = True
        wider = b.emit("shl", room, lw.int_const(1))
        held = lw.own.get(lw.packed.slots[name])
        size = b.emit("shl", wider, lw.int_const(3))
        objects.check_status(lw, objects.api(lw, "PyByteArray_Resize", held, size, result=I64))
        return Val(type, (objects.api(lw, "PyByteArray_AsString", held), used, wider))

    value = lw.if_else(b.emit("sle", after, room), lambda: Val(type, (data, used, room)), grown)
    _store(lw, item, value.parts[0], used)
    lw.env[name] = Val(type, (value.parts[0], after, value.parts[2]))


def length(lw: Lowering, value: Val) -> int:
    """How many items there are."""
    item = _item_type(value)
    return lw.b.emit("sar", value.parts[1], lw.int_const(_shift(item))) if item is not None else value.parts[1]


def item(lw: Lowering, node: Any) -> Val:
    """``name[i]``."""
    index = lw.expr(node.slice)
    value = lw.read_local(node.value)
    type = _item_type(value)
    message = "list index out of range"
    if type is None:
        _integer(lw, index)
        lw.fail_with(IndexError, message)
    return _load(lw, type, value.parts[0], _place(lw, value, index, message))


def item_at(lw: Lowering, value: Val, i: int) -> Val:
    """The item of a number, which is in range."""
    type = _item_type(value)
    if type is None:
        lw.unsupported("an empty list is not gone through")
    return _load(lw, type, value.parts[0], lw.b.emit("shl", i, lw.int_const(_shift(type))))


def store(lw: Lowering, node: Any, item: Val) -> None:
    """``name[i] = item``."""
    index = lw.expr(node.slice)
    value = lw.read_local(node.value)
    type = _item_type(value)
    message = "list assignment index out of range"
    if type is None:
        _integer(lw, index)
        lw.fail_with(IndexError, message)
    item = _as_item(lw, node.value.id, type, item)
    _store(lw, item, value.parts[0], _place(lw, value, index, message))


def augment(lw: Lowering, node: Any, changed: Callable[[Val], Val]) -> None:
    """``name[i] op= x``."""
    index = lw.expr(node.slice)
    value = lw.read_local(node.value)
    type = _item_type(value)
    message = "list index out of range"
    if type is None:
        _integer(lw, index)
        lw.fail_with(IndexError, message)
    item = changed(_load(lw, type, value.parts[0], _place(lw, value, index, message)))
    item = _as_item(lw, node.value.id, type, item)
    value = lw.read_local(node.value)
    _store(lw, item, value.parts[0], _place(lw, value, index, "list assignment index out of range"))


def check_call(lw: Lowering, callee: Any, node: Any) -> None:
    """Make sure that a call with such a list, or a copy of one, among its arguments only reads it."""
    assert lw.packed is not None
    for argument in node.args:
        readers: tuple[Any, ...] = ()
        if argument in lw.packed.copies:
            numpy = sys.modules.get("numpy")
            arrays = (numpy.array, numpy.asarray) if numpy is not None else ()
            readers = (*arrays, list, max, min, sorted, sum, tuple)
        elif is_packed(lw, argument):
            readers = (len, enumerate, zip, reversed)
        if readers and not any(callee is reader for reader in readers):
            lw.unsupported("a list of numbers is handed on", node)


def _place(lw: Lowering, value: Val, index: Val, message: str) -> int:
    """The first cell of the item with a number, which is tested."""
    item = _item_type(value)
    assert item is not None
    site = lw.b.add_site("raise", (IndexError, (message,)))
    i = lw.b.emit("index", _integer(lw, index), length(lw, value), lw.dirty, imm=site)
    return lw.b.emit("shl", i, lw.int_const(_shift(item)))


def _integer(lw: Lowering, index: Val) -> int:
    if index.type is not INT and not (isinstance(index.type, Scalar) and index.type.kind in "iu"):
        lw.unsupported(f"a list's index that is {index.type} is not supported")
    return to_index(lw, index)


def _shift(type: PyType) -> int:
    """The binary logarithm of the number of cells of an item."""
    return (len(type.leaves) - 1).bit_length()


def _item_type(value: Val) -> PyType | None:
    assert isinstance(value.type, List)
    return value.type.item


def _load(lw: Lowering, type: PyType, data: int, at: int) -> Val:
    return Val(type, tuple([
        lw.b.load(access, data, at, 8, 8 * k, region=CELLS) for k, access in enumerate(_accesses(lw, type))
    ]))  # fmt: skip


def _store(lw: Lowering, item: Val, data: int, at: int) -> None:
    for k, (access, part) in enumerate(zip(_accesses(lw, item.type), item.parts)):
        lw.b.store(access, part, data, at, 8, 8 * k, region=CELLS)


def _accesses(lw: Lowering, type: PyType) -> list[Access]:
    """How the leaves of an item lie in their cells."""
    if isinstance(type, Tuple) and type.elements:
        return [access for element in members(type) for access in _accesses(lw, element)]
    if isinstance(type, Union) and all(isinstance(m, Scalar) or m in _ACCESSES for m in type.members):
        return [ACCESSES["i64"], ACCESSES["f64" if type.payload is F64 else "i64"]]
    if isinstance(type, Scalar) and type.tag >= 0:
        return [type.access]
    if type not in _ACCESSES:
        lw.unsupported(f"a list of numbers that holds {type}")
    return [_ACCESSES[type]]


def _as_item(lw: Lowering, name: str, type: PyType | None, item: Val) -> Val:
    """What is put into a list whose items are of a type so far."""
    if type is None:
        _accesses(lw, item.type)
        # On another path it may have got something else.
        type = lw.packed.seen.setdefault(name, item.type)  # type: ignore[union-attr]
        if type is item.type:
            return item
    joined = join(type, item.type)
    if joined is None:
        lw.unsupported(f"a list of numbers that holds {type} and {item.type}")
    if joined is not type:
        _accesses(lw, joined)
        lw.packed.items[name] = joined  # type: ignore[union-attr]
        raise WantedObject(lw.packed)
    return Val(type, lw.coerce(item, type, lw.b.block))
