"""Lists of plain numbers that never leave the function: memory of machine numbers, as of an array of one axis.

    ways = [0] * (n + 1)      a bytes object of 8 * (n + 1) bytes, which nobody else knows, filled
    ways[i] += ways[i - c]    two loads and a store; the elements are Python's ints, not NumPy's
    return ways               a list is made here

A name is given such a list where the function's text shows that nothing else is done with it (`find`): its length
never changes, and it meets nothing but indices, `len`, loops, other such names, and `return`. All elements have one
type, that of the first: where another is stored the function is lowered again (`WantedObject`), with lists as objects.
"""

from __future__ import annotations

import _ast

from ..ir.types import PTR
from ..pytypes import BOOL, FLOAT, INT, SCALARS, Array, Scalar, Tuple, array_type, tuple_like
from . import arrays, objects
from .arrays import Listed, is_listed
from .library import creation
from .operators import to_index
from .plan import NO_NUMBERS, WantedObject
from .state import Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from .state import Lowering

_LISTED = {t: Listed(t, SCALARS[stored]) for t, stored in ((INT, "int64"), (FLOAT, "float64"), (BOOL, "bool"))}
_FORMATS = {INT: "q", FLOAT: "d", BOOL: "?"}
_HEADER = bytes.__basicsize__ - 1  # where a bytes object's bytes begin: the last one ends the string
_MOST = 1 << 56
_PASSED = frozenset(("len", "enumerate", "zip", "reversed"))
_TAKING = (len, enumerate, zip, reversed)


# -- which names -------------------------------------------------------------------------------------------------------


def find(function: Any, body: list[Any]) -> dict[str, str]:
    """The names that may hold such lists. Names that are assigned to each other share one value."""
    code = function.__code__
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 0x04)]
    return _Names(body, parameters).groups()


class _Names:
    """What is done with each name of a function."""

    def __init__(self, body: list[Any], parameters: tuple[str, ...]) -> None:
        self.made: set[str] = set()
        self.other: set[str] = set(parameters)  # more than can be followed is done with these
        self.leader: dict[str, str] = {}
        self.returned: list[list[str]] = []
        for node in body:
            self.visit(node)

    def groups(self) -> dict[str, str]:
        bad = {self.find(name) for name in self.other}
        for names in self.returned:
            leaders = [self.find(name) for name in names]
            # The same list twice is the same object.
            bad.update([leader for leader in leaders if leaders.count(leader) > 1])
        made = {self.find(name) for name in self.made} - bad
        return {name: leader for name in (*self.leader, *self.made) if (leader := self.find(name)) in made}

    def find(self, name: str) -> str:
        while name in self.leader:
            name = self.leader[name]
        return name

    def _same(self, a: str, b: str) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            self.leader[a] = b

    def visit(self, node: Any) -> None:
        visit = _VISITS.get(type(node))
        if visit is None or not visit(self, node):
            self.rest(node)

    def rest(self, node: Any) -> None:
        """A node of no interest: what it has inside."""
        for value in node.__dict__.values():
            if type(value) is list:
                for inner in value:
                    if isinstance(inner, _ast.AST):
                        self.visit(inner)
            elif isinstance(value, _ast.AST):
                self.visit(value)

    def but_names(self, nodes: list[Any]) -> None:
        """Operands of something that names may be given to."""
        for node in nodes:
            if type(node) is not _ast.Name:
                self.visit(node)

    def name(self, node: Any) -> bool:
        self.other.add(node.id)
        return True

    def named(self, node: Any) -> bool:
        self.other.update(node.names)
        return True

    def assign(self, node: Any) -> bool:
        if len(node.targets) != 1:
            return False
        target, value = node.targets[0], node.value
        if type(target) is _ast.Name:
            if _maker(value) is not None:
                self.made.add(target.id)
                self.rest(value)
                return True
            if type(value) is _ast.Name:
                self._same(target.id, value.id)
                return True
        elif type(target) is _ast.Tuple and type(value) is _ast.Tuple and len(target.elts) == len(value.elts):
            nodes: list[Any] = [*target.elts, *value.elts]
            if all(type(inner) is _ast.Name for inner in nodes):
                for a, b in zip(nodes, nodes[len(target.elts) :]):
                    self._same(a.id, b.id)
                return True
        return False

    def subscript(self, node: Any) -> bool:
        if type(node.value) is not _ast.Name or type(node.ctx) is _ast.Del or type(node.slice) in _NO_INDEX:
            return False
        self.visit(node.slice)
        return True

    def call(self, node: Any) -> bool:
        if type(node.func) is not _ast.Name or node.func.id not in _PASSED or node.keywords:
            return False
        self.but_names(node.args)
        return True

    def loop(self, node: Any) -> bool:
        self.but_names([node.iter])
        for inner in (node.target, *node.body, *node.orelse):
            self.visit(inner)
        return True

    def value(self, node: Any) -> bool:
        if node.value is None:
            return True
        given = node.value.elts if type(node.value) is _ast.Tuple else [node.value]
        self.returned.append([inner.id for inner in given if type(inner) is _ast.Name])
        self.but_names(given)
        return True

    def nested(self, node: Any) -> bool:
        """Another function: whatever it names."""
        work = [node]
        while work:
            inner = work.pop()
            if type(inner) is _ast.Name:
                self.other.add(inner.id)
            for value in inner.__dict__.values():
                work.extend([v for v in (value if type(value) is list else [value]) if isinstance(v, _ast.AST)])
        return True


_NO_INDEX = (_ast.Slice, _ast.Tuple)
_VISITS: dict[Any, Callable[[_Names, Any], bool]] = {
    _ast.Name: _Names.name,
    _ast.Global: _Names.named,
    _ast.Nonlocal: _Names.named,
    _ast.Assign: _Names.assign,
    _ast.Subscript: _Names.subscript,
    _ast.Call: _Names.call,
    _ast.For: _Names.loop,
    _ast.Return: _Names.value,
    _ast.FunctionDef: _Names.nested,
    _ast.ClassDef: _Names.nested,
    _ast.Lambda: _Names.nested,
}


def _maker(node: Any) -> tuple[list[Any], Any] | None:
    """The elements of ``[a, b]`` and None, or of ``[a] * n`` and n; None for anything else."""
    if type(node) is _ast.List:
        return (node.elts, None) if node.elts and _ast.Starred not in map(type, node.elts) else None
    if type(node) is _ast.BinOp and type(node.op) is _ast.Mult:
        for display, count in ((node.left, node.right), (node.right, node.left)):
            if type(display) is _ast.List and type(count) is not _ast.List:
                if len(display.elts) == 1 and type(display.elts[0]) is not _ast.Starred:
                    return display.elts, count
    return None


# -- making ------------------------------------------------------------------------------------------------------------


def made(lw: Lowering, node: Any) -> Val | None:
    """The list that an assignment gives its name; None where that is any other object."""
    if lw.inlining or NO_NUMBERS in lw.as_objects:
        return None
    if lw.lists is None:
        lw.lists = find(lw.root, lw.source.node.body)
    (target,) = node.targets
    group = lw.lists.get(target.id)
    found = _maker(node.value)
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


# -- using -------------------------------------------------------------------------------------------------------------


def as_objects(lw: Lowering, node: Any = None) -> NoReturn:
    """Lower the function again, with the list that the expression `node` gives, or all, as objects."""
    group = (lw.lists or {}).get(node.id) if type(node) is _ast.Name else None
    raise WantedObject((NO_NUMBERS, group) if group is not None else NO_NUMBERS)


def check_call(lw: Lowering, function: Any, args: list[Val]) -> None:
    """Only what goes through lists is given one."""
    if function not in _TAKING and any(is_listed(v.type) for v in args):
        as_objects(lw)


def _place(lw: Lowering, array: Val, index: Val, node: Any, message: str) -> int:
    if not (_counts(index) or index.type is BOOL):
        as_objects(lw, node.value)
    site = lw.b.add_site("raise", (IndexError, (message,)))
    return lw.b.emit("index", to_index(lw, index), array.parts[2], lw.dirty, imm=site)


def subscript(lw: Lowering, array: Val, index: Val, node: Any) -> Val:
    """``array[index]``."""
    return arrays.load_at(lw, array, [_place(lw, array, index, node, "list index out of range")])


def store(lw: Lowering, array: Val, index: Val, value: Val, node: Any) -> None:
    """``array[index] = value``."""
    type = array.type
    assert isinstance(type, Array)
    if value.type is not type.item.loaded:  # type: ignore[attr-defined]
        as_objects(lw, node.value)
    i = _place(lw, array, index, node, "list assignment index out of range")
    arrays.store_item(lw, type.item, value.parts, *arrays.element_address(lw, array, [i]))


def returned(lw: Lowering, value: Val) -> Val:
    """What a function returns, with lists made of such lists."""
    type = value.type
    if isinstance(type, Tuple):
        values = [returned(lw, v) for v in lw.elements(value)]
        made = tuple_like(type, tuple([v.type for v in values]))
        return Val(made, tuple([p for v in values for p in v.parts]))
    if not is_listed(type):
        return value
    assert isinstance(type, Array)
    function = lw.keep(_AS_LISTS[type.item.loaded])  # type: ignore[attr-defined]
    end = lw.b.const(PTR, 0)
    return objects.new(lw, "PyObject_CallFunctionObjArgs", function, value.parts[0], end, kind=list)


def _as_list(format: str) -> Callable[[bytes], list[Any]]:
    return lambda data: memoryview(data).cast(format).tolist()  # type: ignore[call-overload]


_AS_LISTS = {type: _as_list(format) for type, format in _FORMATS.items()}
