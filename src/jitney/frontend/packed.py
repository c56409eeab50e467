"""Lists of numbers that grow and shrink, without objects: those that only one name of the function ever knows.

    stack = [0]                  cells of a bytearray: 8 bytes for each number
    while stack:                 used != 0
        i = stack.pop()          load [data + used*8 - 8]
        stack.append(left[i])    store [data + used*8]; used + 1; PyByteArray_Resize where there is no room
    return stack                 [x for x in stack]: only now there is a list

As nobody else knows the list, the name *is* the list: where it lies, how many cells are used and how many there are
travel as the name's value. `find` reads the function once: a name stands for such a list where it is only given
displays of lists and used as `_Use` allows. What the items are is found out when lowering: numbers, or
tuples of numbers. Where another type comes than those before, the function is lowered again for either (`Lists.items`),
and where they are anything else, with lists of objects.
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
    from collections.abc import Callable, Iterable
    from typing import Any

    from ..ir.types import Access
    from .state import Lowering

_ROOM = 64
"""Cells of a new list."""
_METHODS = {"append": 1, "pop": 0, "clear": 0}
"""What may be called, with how many arguments."""
_THROUGH = frozenset(("enumerate", "zip", "reversed"))
_READERS = frozenset(("array", "asarray", "len", "list", "max", "min", "sorted", "sum", "tuple"))
_SCOPES = (_ast.FunctionDef, _ast.Lambda, _ast.ListComp, _ast.SetComp, _ast.DictComp, _ast.GeneratorExp, _ast.ClassDef)
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


# -- which names -------------------------------------------------------------------------------------------------------


def find(body: list[Any], parameters: tuple[str, ...]) -> Lists | None:
    """The names whose every use is one that needs no list object; None if there are none."""
    use = _Use()
    for node in body:
        use.visit(node)
    names = use.made & use.changed - use.other - set(parameters)
    if not names:
        return None
    return Lists(frozenset(names), {node: copy for node, copy in use.copies.items() if node.id in names})


def changed(node: Any) -> str:
    """The name whose list a call changes, if it is one; else ""."""
    function = node.func
    if type(function) is _ast.Attribute and type(function.value) is _ast.Name and function.attr in _METHODS:
        name: str = function.value.id
        return name
    return ""


class _Use:
    """How names are used: those given displays of lists, those whose lists change, and those used in any other way than
    is allowed. (Lists that keep their length are `numeric.py`'s.)"""

    def __init__(self) -> None:
        self.made: set[str] = set()
        self.changed: set[str] = set()
        self.other: set[str] = set()
        self.copies: dict[Any, Any] = {}

    def visit(self, node: Any) -> None:
        kind = type(node)
        if kind is _ast.Name:
            self.other.add(node.id)
        elif kind is _ast.Assign and len(node.targets) == 1 and _is_display(node.value):
            self._target(node.targets[0])
            self._all(node.value.elts)
        elif kind is _ast.Call:
            self._call(node)
        elif kind is _ast.Subscript and type(node.value) is _ast.Name and type(node.slice) is not _ast.Slice:
            self.visit(node.slice)
        elif kind is _ast.For:
            self._for(node)
        elif kind is _ast.If or kind is _ast.While or kind is _ast.IfExp:
            self._test(node.test)
            self._all(node.body if kind is not _ast.IfExp else [node.body])
            self._all(node.orelse if kind is not _ast.IfExp else [node.orelse])
        elif kind is _ast.Return and node.value is not None:
            elements = node.value.elts if type(node.value) is _ast.Tuple else [node.value]
            names = [n.id for n in elements if type(n) is _ast.Name]
            for element in elements:
                if type(element) is _ast.Name and names.count(element.id) == 1:
                    self._copy(element)
                else:
                    self.visit(element)
        elif kind is _ast.Global or kind is _ast.Nonlocal:
            self.other.update(node.names)
        else:
            for inner in _children(node):
                if isinstance(node, _SCOPES):
                    self.other.update(_names(inner))
                else:
                    self.visit(inner)

    def _all(self, nodes: Iterable[Any]) -> None:
        for node in nodes:
            self.visit(node)

    def _target(self, node: Any) -> None:
        if type(node) is _ast.Name:
            self.made.add(node.id)
        else:
            self.visit(node)

    def _call(self, node: Any) -> None:
        function = node.func
        owner = changed(node)
        if owner and not node.keywords and len(node.args) == _METHODS[function.attr]:
            self.changed.add(owner)
            self._all(node.args)
            return
        name = function.attr if type(function) is _ast.Attribute else getattr(function, "id", "")
        if name not in _READERS or node.keywords or len(node.args) != 1:
            self._all(_children(node))
            return
        self.visit(function)
        argument = node.args[0]
        if type(argument) is not _ast.Name:
            self.visit(argument)
        elif name != "len":
            self._copy(argument)

    def _for(self, node: Any) -> None:
        through = [node.iter]
        if type(node.iter) is _ast.Call and getattr(node.iter.func, "id", "") in _THROUGH and not node.iter.keywords:
            through = node.iter.args
        names = [n.id for n in through if type(n) is _ast.Name]
        self._all([n for n in through if type(n) is not _ast.Name])
        if names:
            inside = _Changes()
            inside.visit(node)
            self.other.update(inside.names.intersection(names))
        self.visit(node.target)
        self._all(node.body)
        self._all(node.orelse)

    def _test(self, node: Any) -> None:
        if type(node) is _ast.BoolOp:
            for value in node.values:
                self._test(value)
        elif type(node) is _ast.UnaryOp and type(node.op) is _ast.Not:
            self._test(node.operand)
        elif type(node) is not _ast.Name:
            self.visit(node)

    def _copy(self, node: Any) -> None:
        """A place where a list of objects is made of a name's."""
        place = {"lineno": node.lineno, "col_offset": node.col_offset}
        item = _ast.Name(id="item", ctx=_ast.Load(), **place)
        target = _ast.Name(id="item", ctx=_ast.Store(), **place)
        source = _ast.Name(id=node.id, ctx=_ast.Load(), **place)
        generator = _ast.comprehension(target=target, iter=source, ifs=[], is_async=0)
        self.copies[node] = _ast.ListComp(elt=item, generators=[generator], **place)


class _Changes:
    """The names that a loop's body binds, or whose lists it changes the length of."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit(self, node: Any) -> None:
        if type(node) is _ast.Name and type(node.ctx) is not _ast.Load:
            self.names.add(node.id)
        elif type(node) is _ast.Call:
            self.names.add(changed(node))
        for inner in _children(node):
            self.visit(inner)


def _is_display(node: Any) -> bool:
    return type(node) is _ast.List and not any(type(n) is _ast.Starred for n in node.elts) and len(node.elts) < 16


def _children(node: Any) -> list[Any]:
    out = []
    for value in node.__dict__.values():
        out.extend([v for v in (value if type(value) is list else [value]) if isinstance(v, _ast.AST)])
    return out


def _names(node: Any) -> list[str]:
    found = [node.id] if type(node) is _ast.Name else []
    for inner in _children(node):
        found.extend(_names(inner))
    return found


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
