"""What a function does with each of its names, as far as its text shows: which may hold memory of the function's own.

    a = [0] * n         made as a list: `lists`, if all else that is done with the name is to subscript it by one index,
    a[i] += 1           ask for its `len`, go through it, copy it, return it, or assign it to a name of which the same
                        holds
    t = [[0] * m for _ in range(n)]     made as a list of lists: all else is to do that with it and with its rows, of
    t[i][j] = t[i - 1][j]               which none is ever put in another's place
    q = [0]             made as a list that changes its length: `growing`, if no other name is ever given it
    q.append(i)
    d = np.empty(3)     made as an array: `arrays`, if all else is to subscript it by as many indices as it has axes,
    d[k] = x[i, k]      and, where that is one, ask for its `len` and go through it
"""

from __future__ import annotations

import _ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ..pytypes import PyType

METHODS = {"append": 1, "pop": 0, "clear": 0}
"""What changes a list's length, with how many arguments."""
_PASSED = frozenset(("enumerate", "zip", "reversed"))
_READERS = frozenset(("array", "asarray", "list", "max", "min", "sorted", "sum", "tuple"))
_ARRAYS = frozenset(("array", "asarray"))
_MAKING = frozenset(("empty", "zeros", "ones"))
_NO_INDEX = (_ast.Slice, _ast.Starred)
_MOST_ITEMS = 16  # of the display of a list that grows
_NOTHING = _ast.Tuple(elts=[], ctx=_ast.Store())


class Usage:
    """What is done with each name of a function.

    Attributes:
        lists: the names that may hold lists of numbers, or of such lists, and their groups: those assigned to each
            other share one.
        rows: the names that may hold rows of such lists of lists, and their lists' groups.
        growing: the names of lists that change their length.
        reads: where such names stand for lists of objects.
        given: the parameters that may be given such lists of numbers: nothing else is done with them.
        arrays: the names that may hold arrays which only this function knows.
        items: what the items of a group's lists are, as far as it was lowered.
    """

    def __init__(self, function: Any, body: list[Any]) -> None:
        code = function.__code__
        starred = bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
        parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + starred]
        self._made: dict[str, set[int]] = {}  # how deep the lists are that a name is given
        self._axes: dict[str, set[int]] = {}  # of the arrays that a name is given
        self._indices: dict[str, set[int]] = {}  # how many a name is subscripted by
        self._globals = function.__globals__
        self._other: set[str] = set()  # more than can be followed is done with these
        self._displayed: set[str] = set()  # given displays of lists
        self._changed: set[str] = set()  # their lists' length changes
        self._tested: set[str] = set()  # for their truth
        self._handed: set[str] = set()  # to functions of Python's
        self._arrayed: set[str] = set()  # to what makes arrays, or gives an array itself
        self._lasting: set[str] = set()  # used as only lists can be that keep their length
        self._leader: dict[str, str] = {}
        self._items: list[tuple[str, str]] = []  # a name, "" for any other use, and whose item it is given
        self._copies: list[tuple[str, tuple[str, bool]]] = []  # a name and what it is given a copy of, see `place`
        self._returned: list[list[tuple[str, bool]]] = []
        self._loops: list[tuple[list[str], Any]] = []  # names that are gone through, and where
        self._listed: list[Any] = []  # where a name is copied, returned, or given to what only reads it
        for node in body:
            self.visit(node)
        self.given = self._given_lists().intersection(parameters)
        self._other.update(parameters)
        self.items: dict[str, PyType] = {}
        self.rows: dict[str, list[str]] = {}
        self.lists = self._settled()
        self.growing = self._displayed & self._changed - self._other - self._lasting
        rebound = {name for names, node in self._loops for name in _bound(node).intersection(names)}
        self.growing -= rebound
        self.reads = [node for node in self._listed if node.id in self.growing]
        shared = {*self._leader, *self._leader.values(), *self._made, *self._other, *self._handed, *self._arrayed}
        shared.update([name for name, _ in self._items])
        shared.update([name for names in self._returned for name, row in names if not row])
        # The array gone through is another than the one that the name is given meanwhile.
        shared |= rebound
        self.arrays = {
            name for name, axes in self._axes.items()
            if name not in shared and len(axes) == 1 and self._indices.get(name, axes) == axes
        }  # fmt: skip

    # -- what follows from it --------------------------------------------------------------------------------------

    def _given_lists(self) -> set[str]:
        """The names that are only used as lists are which the function is given."""
        bad = {*self._other, *self._made, *self._axes, *self._changed, *self._tested}
        bad.update((*self._leader, *self._leader.values()), [name for name, _ in self._items])
        bad.update([place[0] for _, place in self._copies])
        bad.update([name for names in self._returned for name, row in names if not row])
        used = {**{name: {1} for name in self._handed}, **self._indices}
        return {name for name, counts in used.items() if counts == {1}} - bad

    def _settled(self) -> dict[str, str]:
        """`lists`; sets `rows`."""
        find = self._find
        bad = {find(name) for name in (*self._other, *self._axes, *self._changed, *self._tested)}
        bad.update([find(name) for name, counts in self._indices.items() if counts != {1}])
        depths: dict[str, set[int]] = {}
        for name, found in self._made.items():
            depths.setdefault(find(name), set()).update(found)
        bad.update([leader for leader, found in depths.items() if len(found) > 1])
        # What is no list makes others none, until nothing changes.
        known = -1
        while known < len(bad):
            known = len(bad)
            nested = {leader for leader, found in depths.items() if found == {2} and leader not in bad}
            rows = self._given_rows(nested, depths, bad)
            for name, (source, row) in self._copies:
                leader = find(source)
                if leader in bad or (leader not in nested if row else leader in nested):
                    bad.add(find(name))
            for returned in self._returned:
                roots = [root for name, row in returned for root in self._roots(name, row, nested, rows)]
                # The same list twice is the same object.
                bad.update([root for root in roots if roots.count(root) > 1])
        made = depths.keys() - bad
        names = {*self._leader, *self._made, *[name for name, _ in self._items]}
        self.rows = {name: sorted(rows[find(name)]) for name in names if find(name) in rows}
        return {name: leader for name in names if (leader := find(name)) in made}

    def _given_rows(self, nested: set[str], depths: Any, bad: set[str]) -> dict[str, set[str]]:
        """Groups of names that are given rows, and of which lists; what this shows to be no list gets `bad`."""
        rows: dict[str, set[str]] = {}
        for name, source in self._items:
            leader, target = self._find(source), self._find(name)
            if leader not in nested:
                if name:
                    bad.add(target)
            elif not name or target in bad or target in depths:
                bad.add(leader)
            else:
                rows.setdefault(target, set()).add(leader)
        return rows

    def _roots(self, name: str, row: bool, nested: set[str], rows: dict[str, set[str]]) -> Iterable[str]:
        leader = self._find(name)
        if row and leader not in nested:
            return ()
        return rows.get(leader, (leader,))

    def _find(self, name: str) -> str:
        while name in self._leader:
            name = self._leader[name]
        return name

    def _same(self, a: str, b: str) -> None:
        self._lasting.update((a, b))
        a, b = self._find(a), self._find(b)
        if a != b:
            self._leader[a] = b

    # -- reading the text ----------------------------------------------------------------------------------------------

    def visit(self, node: Any) -> None:
        visit = _VISITS.get(type(node))
        if visit is None or not visit(self, node):
            self.all(children(node))

    def all(self, nodes: Iterable[Any]) -> None:
        for node in nodes:
            self.visit(node)

    def name(self, node: Any) -> bool:
        self._other.add(node.id)
        return True

    def named(self, node: Any) -> bool:
        self._other.update(node.names)
        return True

    def _place(self, node: Any) -> tuple[str, bool] | None:
        """`place`; what else is in the expression is looked at."""
        found = place(node)
        if found is not None and found[1]:
            self._indices.setdefault(found[0], set()).add(1)
            self.visit(node.slice)
        return found

    def _whole(self, node: Any, count: bool = True) -> tuple[str, bool] | None:
        """An operand that may be a list, or a row of one. `count`: it is subscripted, as it were."""
        found = self._place(node)
        if found is None:
            self.visit(node)
        elif count and not found[1]:
            self._indices.setdefault(found[0], set()).add(1)
        return found

    def _given(self, target: Any, source: tuple[str, bool] | None) -> None:
        """A target is given an item of each in turn."""
        if source is not None and not source[1]:
            name = target.id if type(target) is _ast.Name else ""
            self._items.append((name, source[0]))
            if name:
                return
        self.visit(target)

    def assign(self, node: Any) -> bool:
        if len(node.targets) != 1:
            return False
        target, value = node.targets[0], node.value
        if type(target) is _ast.Name:
            return self._named_value(target, value)
        if type(target) is _ast.Tuple and type(value) is _ast.Tuple and len(target.elts) == len(value.elts):
            if _ast.Starred not in map(type, (*target.elts, *value.elts)):
                for one, given in zip(target.elts, value.elts):
                    if type(one) is _ast.Name:
                        self._lasting.add(one.id)
                    if type(one) is not _ast.Name or not self._named_value(one, given):
                        self.all((one, given))
                return True
        return False

    def annotated(self, node: Any) -> bool:
        return type(node.target) is _ast.Name and node.value is not None and self._named_value(node.target, node.value)

    def _named_value(self, target: Any, value: Any) -> bool:
        name = target.id
        if type(value) is _ast.List and len(value.elts) < _MOST_ITEMS and _ast.Starred not in map(type, value.elts):
            self._displayed.add(name)
            if not value.elts:
                return True
        elif type(value) is not _ast.Name:
            self._lasting.add(name)
        found = copied(value)
        if found is not None:
            self._copies.append((name, self._place(found)))  # type: ignore[arg-type]
            self._made.setdefault(name, set()).add(1)
            if type(found) is _ast.Name:
                if type(value) is _ast.Call and value.args:
                    self._listed.append(found)
                else:
                    self._lasting.add(found.id)
            return True
        count = depth(value)
        if count:
            self._made.setdefault(name, set()).add(count)
            self._elements(value)
            return True
        axes = made_axes(value)
        if axes is not None:
            self._axes.setdefault(name, set()).add(axes)
            return self._visited(value)
        if type(value) is _ast.Name:
            self._same(name, value.id)
            return True
        found = self._place(value)
        if found is not None:
            self._items.append((name, found[0]))
        return found is not None

    def _visited(self, node: Any) -> bool:
        self.all(children(node))
        return True

    def _elements(self, node: Any) -> None:
        """What there is in an expression that makes a list."""
        found = copied(node)
        if found is not None:
            self._copies.append(("", self._place(found)))  # type: ignore[arg-type]
        elif type(node) is _ast.ListComp and depth(node):
            self._through(node.generators[0].target, node.generators[0].iter, node)
            self._elements(node.elt)
            self._lasting.update(names_in(node))
        elif depth(node) == 2:
            for inner in node.elts:
                self._elements(inner)
        elif depth(node):
            self.all(children(node))
        else:
            self.visit(node)

    def subscript(self, node: Any) -> bool:
        if type(node.ctx) is _ast.Del:
            return False
        if self._place(node.value) is not None and type(node.value) is _ast.Subscript:
            self.visit(node.slice)
            return type(node.slice) not in _NO_INDEX or self.name(node.value.value)
        found = self._place(node)
        if found is not None:
            self._items.append(("", found[0]))
            return True
        if type(node.value) is not _ast.Name or type(node.slice) is not _ast.Tuple:
            return False
        if any(type(index) in _NO_INDEX for index in node.slice.elts):
            return False
        self._indices.setdefault(node.value.id, set()).add(len(node.slice.elts))
        self.visit(node.slice)
        return True

    def call(self, node: Any) -> bool:
        function = node.func
        changed = changes(node)
        if changed and not node.keywords and len(node.args) == METHODS[function.attr]:
            self._changed.add(changed)
            self.all(node.args)
            return True
        name = function.attr if type(function) is _ast.Attribute else getattr(function, "id", "")
        if node.keywords:
            return False
        if name == "len" and len(node.args) == 1:
            self._whole(node.args[0])
            return True
        if name in _PASSED and type(function) is _ast.Name:
            # Where it is gone through, `_through` has seen it.
            for argument in node.args:
                self._given_any(self._whole(argument))
            return True
        if type(function) is _ast.Name and hasattr(self._globals.get(name), "__code__"):
            # A function of Python's: what it does with a list is looked at when it is called (`numeric.passed`).
            for argument in node.args:
                if type(argument) is _ast.Name:
                    self._handed.add(argument.id)
                    self._given_any((argument.id, False))
                else:
                    self.visit(argument)
            self.visit(function)
            return True
        if name not in _READERS or len(node.args) != 1:
            return False
        source = self._whole(node.args[0])
        if type(node.args[0]) is _ast.Name:
            self._listed.append(node.args[0])
            if name in _ARRAYS:
                self._arrayed.add(node.args[0].id)
        if source is not None and not source[1]:
            self._items.append(("", source[0]))
        self.visit(function)
        return True

    def _given_any(self, source: tuple[str, bool] | None) -> None:
        if source is not None:
            self._lasting.add(source[0])
            if not source[1]:
                self._items.append(("", source[0]))

    def loop(self, node: Any) -> bool:
        self._through(node.target, node.iter, node)
        self.all(node.body)
        self.all(node.orelse)
        return True

    def _through(self, target: Any, iterable: Any, node: Any) -> None:
        """`target` is given the items of an iterable in turn."""
        call = iterable if type(iterable) is _ast.Call else None
        passed = getattr(call.func, "id", "") if call is not None else ""
        if call is None or passed not in _PASSED or call.keywords or not call.args:
            sources = [self._whole(iterable)]
            self._given(target, sources[0])
        else:
            sources = [self._whole(argument) for argument in call.args]
            targets = [target] if passed == "reversed" else getattr(target, "elts", [])
            if passed == "enumerate" and len(targets) == 2:
                self.visit(targets[0])
                targets = targets[1:]
                sources[1:] = []
            if len(targets) == len(sources):
                for one, source in zip(targets, sources):
                    self._given(one, source)
            else:
                self.visit(target)
                for source in sources:
                    self._given(_NOTHING, source)
        if any(source is not None for source in sources):
            self._loops.append(([source[0] for source in sources if source is not None], node))

    def comprehension(self, node: Any) -> bool:
        for generator in node.generators:
            self._through(generator.target, generator.iter, node)
            self.all(generator.ifs)
        self.all([node.key, node.value] if type(node) is _ast.DictComp else [node.elt])
        self._lasting.update(names_in(node))
        return True

    def test(self, node: Any) -> bool:
        self._truth(node.test)
        for inner in children(node):
            if inner is not node.test:
                self.visit(inner)
        return True

    def _truth(self, node: Any) -> None:
        if type(node) is _ast.BoolOp:
            for value in node.values:
                self._truth(value)
        elif type(node) is _ast.UnaryOp and type(node.op) is _ast.Not:
            self._truth(node.operand)
        elif type(node) is _ast.Name:
            self._tested.add(node.id)
        else:
            self.visit(node)

    def value(self, node: Any) -> bool:
        if node.value is None:
            return True
        given = node.value.elts if type(node.value) is _ast.Tuple else [node.value]
        found = [self._whole(inner, count=False) for inner in given]
        self._returned.append([one for one in found if one is not None])
        names = [inner.id for inner in given if type(inner) is _ast.Name]
        # A list is copied where it stands: what follows it may change it.
        self._lasting.update(_bound(node.value).intersection(names))
        for inner in given:
            if type(inner) is _ast.Name:
                if names.count(inner.id) > 1:
                    self._other.add(inner.id)
                self._listed.append(inner)
        return True

    def nested(self, node: Any) -> bool:
        """Another function: whatever it names."""
        if hasattr(node, "name"):
            self._other.add(node.name)
        self._other.update(names_in(node))
        return True


_VISITS: dict[Any, Callable[[Usage, Any], bool]] = {
    _ast.Name: Usage.name,
    _ast.Global: Usage.named,
    _ast.Nonlocal: Usage.named,
    _ast.Assign: Usage.assign,
    _ast.AnnAssign: Usage.annotated,
    _ast.Subscript: Usage.subscript,
    _ast.Call: Usage.call,
    _ast.For: Usage.loop,
    _ast.If: Usage.test,
    _ast.IfExp: Usage.test,
    _ast.While: Usage.test,
    _ast.Return: Usage.value,
    _ast.ListComp: Usage.comprehension,
    _ast.SetComp: Usage.comprehension,
    _ast.DictComp: Usage.comprehension,
    _ast.GeneratorExp: Usage.comprehension,
    _ast.FunctionDef: Usage.nested,
    _ast.ClassDef: Usage.nested,
    _ast.Lambda: Usage.nested,
}


# -- expressions -------------------------------------------------------------------------------------------------------


def children(node: Any) -> list[Any]:
    """The nodes right below one."""
    found = []
    for value in node.__dict__.values():
        if type(value) is list:
            found.extend([v for v in value if isinstance(v, _ast.AST)])
        elif isinstance(value, _ast.AST):
            found.append(value)
    return found


def names_in(node: Any) -> set[str]:
    """All names in a tree."""
    found, work = set(), [node]
    while work:
        inner = work.pop()
        if type(inner) is _ast.Name:
            found.add(inner.id)
        work.extend(children(inner))
    return found


def changes(node: Any) -> str:
    """The name whose list a call changes, if it is one; else ""."""
    function = node.func
    if type(function) is _ast.Attribute and type(function.value) is _ast.Name and function.attr in METHODS:
        name: str = function.value.id
        return name
    return ""


def _bound(node: Any) -> set[str]:
    """The names that a loop binds, or whose lists it changes the length of."""
    found, work = set(), [node]
    while work:
        inner = work.pop()
        if type(inner) is _ast.Name and type(inner.ctx) is not _ast.Load:
            found.add(inner.id)
        elif type(inner) is _ast.Call:
            found.add(changes(inner))
        work.extend(children(inner))
    return found


def place(node: Any) -> tuple[str, bool] | None:
    """``name`` or ``name[i]``: the name, and whether it is subscripted; None for anything else."""
    if type(node) is _ast.Name:
        return node.id, False
    if type(node) is _ast.Subscript and type(node.value) is _ast.Name and type(node.slice) is not _ast.Tuple:
        if type(node.slice) not in _NO_INDEX:
            return node.value.id, True
    return None


def copied(node: Any) -> Any:
    """The `place` of which ``a[:]``, ``list(a)`` or ``a.copy()`` gives a copy; None for anything else."""
    source = None
    if type(node) is _ast.Subscript and type(node.slice) is _ast.Slice:
        if node.slice.lower is node.slice.upper is node.slice.step is None:
            source = node.value
    elif type(node) is _ast.Call and not node.keywords:
        if type(node.func) is _ast.Name and node.func.id == "list" and len(node.args) == 1:
            source = node.args[0]
        elif type(node.func) is _ast.Attribute and node.func.attr == "copy" and not node.args:
            source = node.func.value
    return source if source is not None and place(source) is not None else None


def listed_range(node: Any) -> Any:
    """The call of `range` in ``list(range(n))``; None for anything else."""
    if type(node) is _ast.Call and type(node.func) is _ast.Name and node.func.id == "list" and len(node.args) == 1:
        inner = node.args[0]
        if type(inner) is _ast.Call and type(inner.func) is _ast.Name and inner.func.id == "range":
            return inner if not inner.keywords and not node.keywords else None
    return None


def repeated(node: Any) -> tuple[Any, Any] | None:
    """x and n of ``[x] * n``; None for anything else."""
    if type(node) is _ast.BinOp and type(node.op) is _ast.Mult:
        for display, count in ((node.left, node.right), (node.right, node.left)):
            if type(display) is _ast.List and type(count) is not _ast.List:
                if len(display.elts) == 1 and type(display.elts[0]) is not _ast.Starred:
                    return display.elts[0], count
    return None


def depth(node: Any) -> int:
    """2 for what makes a list of new lists, 1 for what makes one of anything else, 0 for anything else."""
    if type(node) is _ast.List:
        if not node.elts or _ast.Starred in map(type, node.elts):
            return 0
        return _deeper({depth(inner) for inner in node.elts})
    if type(node) is _ast.ListComp:
        if len(node.generators) != 1 or node.generators[0].ifs or node.generators[0].is_async:
            return 0
        return _deeper({depth(node.elt)})
    found = repeated(node)
    if found is not None:
        return 0 if depth(found[0]) else 1
    return 1 if copied(node) is not None or listed_range(node) is not None else 0


def _deeper(inner: set[int]) -> int:
    return 1 if inner == {0} else 2 if inner == {1} else 0


def made_axes(node: Any) -> int | None:
    """How many axes an array has that ``np.empty(...)`` makes; None for anything else."""
    if type(node) is not _ast.Call or type(node.func) is not _ast.Attribute or node.func.attr not in _MAKING:
        return None
    if len(node.args) != 1 or type(node.args[0]) is _ast.Starred:
        return None
    return len(node.args[0].elts) if type(node.args[0]) is _ast.Tuple else 1
