"""What a function does with each of its names, as far as its text shows: which may hold memory of the function's own.

    a = [0] * n         made as a list: `lists`, if all else that is done with the name is to subscript it by one index,
    a[i] += 1           ask for its `len`, go through it, return it, or assign it to a name of which the same holds
    d = np.empty(3)     made as an array: `arrays`, if all else is to subscript it by as many indices as it has axes,
    d[k] = x[i, k]      and, where that is one, ask for its `len` and go through it
"""

from __future__ import annotations

import _ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PASSED = frozenset(("len", "enumerate", "zip", "reversed"))
_MAKING = frozenset(("empty", "zeros", "ones"))
_NO_INDEX = (_ast.Slice, _ast.Starred)


class Usage:
    """What is done with each name of a function.

    Attributes:
        lists: the names that may hold lists of numbers, and their groups: those assigned to each other share one.
        arrays: the names that may hold arrays which only this function knows.
    """

    def __init__(self, function: Any, body: list[Any]) -> None:
        code = function.__code__
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 0x04)]
        self._lists: set[str] = set()
        self._axes: dict[str, set[int]] = {}  # of the arrays that a name is given
        self._indices: dict[str, set[int]] = {}  # how many a name is subscripted by
        self._other: set[str] = set(parameters)  # more than can be followed is done with these
        self._leader: dict[str, str] = {}
        self._returned: list[list[str]] = []
        for node in body:
            self.visit(node)
        self.lists = self._groups()
        shared = {*self._leader, *self._leader.values(), *self._lists, *self._other}
        shared.update([name for names in self._returned for name in names])
        self.arrays = {
            name for name, axes in self._axes.items()
            if name not in shared and len(axes) == 1 and self._indices.get(name, axes) == axes
        }  # fmt: skip

    def _groups(self) -> dict[str, str]:
        bad = {self._find(name) for name in (*self._other, *self._axes)}
        bad.update([self._find(name) for name, counts in self._indices.items() if counts != {1}])
        for names in self._returned:
            leaders = [self._find(name) for name in names]
            # The same list twice is the same object.
            bad.update([leader for leader in leaders if leaders.count(leader) > 1])
        made = {self._find(name) for name in self._lists} - bad
        return {name: leader for name in (*self._leader, *made) if (leader := self._find(name)) in made}

    def _find(self, name: str) -> str:
        while name in self._leader:
            name = self._leader[name]
        return name

    def _same(self, a: str, b: str) -> None:
        a, b = self._find(a), self._find(b)
        if a != b:
            self._leader[a] = b

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

    def _gone_through(self, nodes: list[Any]) -> None:
        for node in nodes:
            if type(node) is _ast.Name:
                self._indices.setdefault(node.id, set()).add(1)
        self.but_names(nodes)

    def name(self, node: Any) -> bool:
        self._other.add(node.id)
        return True

    def named(self, node: Any) -> bool:
        self._other.update(node.names)
        return True

    def assign(self, node: Any) -> bool:
        if len(node.targets) != 1:
            return False
        target, value = node.targets[0], node.value
        if type(target) is _ast.Name:
            if maker(value) is not None:
                self._lists.add(target.id)
                self.rest(value)
                return True
            axes = made_axes(value)
            if axes is not None:
                self._axes.setdefault(target.id, set()).add(axes)
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
        if type(node.value) is not _ast.Name or type(node.ctx) is _ast.Del:
            return False
        indices: list[Any] = node.slice.elts if type(node.slice) is _ast.Tuple else [node.slice]
        if any(type(index) in _NO_INDEX for index in indices):
            return False
        self._indices.setdefault(node.value.id, set()).add(len(indices))
        self.visit(node.slice)
        return True

    def call(self, node: Any) -> bool:
        if type(node.func) is not _ast.Name or node.func.id not in _PASSED or node.keywords:
            return False
        self._gone_through(node.args)
        return True

    def loop(self, node: Any) -> bool:
        self._gone_through([node.iter])
        for inner in (node.target, *node.body, *node.orelse):
            self.visit(inner)
        return True

    def value(self, node: Any) -> bool:
        if node.value is None:
            return True
        given = node.value.elts if type(node.value) is _ast.Tuple else [node.value]
        self._returned.append([inner.id for inner in given if type(inner) is _ast.Name])
        self.but_names(given)
        return True

    def nested(self, node: Any) -> bool:
        """Another function: whatever it names."""
        if hasattr(node, "name"):
            self._other.add(node.name)
        work = [node]
        while work:
            inner = work.pop()
            if type(inner) is _ast.Name:
                self._other.add(inner.id)
            for value in inner.__dict__.values():
                work.extend([v for v in (value if type(value) is list else [value]) if isinstance(v, _ast.AST)])
        return True


_VISITS: dict[Any, Callable[[Usage, Any], bool]] = {
    _ast.Name: Usage.name,
    _ast.Global: Usage.named,
    _ast.Nonlocal: Usage.named,
    _ast.Assign: Usage.assign,
    _ast.Subscript: Usage.subscript,
    _ast.Call: Usage.call,
    _ast.For: Usage.loop,
    _ast.Return: Usage.value,
    _ast.FunctionDef: Usage.nested,
    _ast.ClassDef: Usage.nested,
    _ast.Lambda: Usage.nested,
}


def maker(node: Any) -> tuple[list[Any], Any] | None:
    """The elements of ``[a, b]`` and None, or of ``[a] * n`` and n; None for anything else."""
    if type(node) is _ast.List:
        return (node.elts, None) if node.elts and _ast.Starred not in map(type, node.elts) else None
    if type(node) is _ast.BinOp and type(node.op) is _ast.Mult:
        for display, count in ((node.left, node.right), (node.right, node.left)):
            if type(display) is _ast.List and type(count) is not _ast.List:
                if len(display.elts) == 1 and type(display.elts[0]) is not _ast.Starred:
                    return display.elts, count
    return None


def made_axes(node: Any) -> int | None:
    """How many axes an array has that ``np.empty(...)`` makes; None for anything else."""
    if type(node) is not _ast.Call or type(node.func) is not _ast.Attribute or node.func.attr not in _MAKING:
        return None
    if len(node.args) != 1 or type(node.args[0]) is _ast.Starred:
        return None
    return len(node.args[0].elts) if type(node.args[0]) is _ast.Tuple else 1
