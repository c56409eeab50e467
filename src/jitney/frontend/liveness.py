"""Which local names are still needed where paths meet: a backward walk over the syntax tree.

Only names that are live at a join become block parameters; without it every temporary of a loop body would be
carried around the loop, with the type "maybe unbound". Sets of names are ints, one bit per name.

    for i in range(n):      head: {s, n}   (t is assigned before it is read)
        t = a[i]
        s += t              after the loop: {s}
    return s
"""

from __future__ import annotations

import _ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_EFFECTS = (_ast.Subscript, _ast.Attribute)
_COMPOUND = (_ast.If, _ast.For, _ast.While)
_COMPREHENSIONS = (_ast.ListComp, _ast.SetComp, _ast.DictComp, _ast.GeneratorExp)
# Fields of nodes that hold names, numbers and the like.
_NO_NODES = frozenset(("arg", "attr", "conversion", "ctx", "id", "kind", "level", "names", "op", "ops", "type_comment"))
_children: dict[type, tuple[str, ...]] = {}


class Liveness:
    """Results of the walk over one function body.

    Attributes:
        after: statement node -> set of names live after it (for `if`, loops).
        head: loop node -> set of names live where an iteration begins.
        assigned: loop node -> set of names assigned in it.
        stores: loop nodes whose bodies store into something or call something that may.
    """

    __slots__ = ("_bits", "_body_nodes", "_flows", "_memo", "_packed", "_stored", "after", "assigned", "head", "names",
        "stores")  # fmt: skip

    def __init__(
        self, body: list[Any], after: tuple[str, ...] = (), always: tuple[str, ...] = (),
        packed: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        """`after` are the names that live on behind the body, `always` those that nested functions may read. Calls of
        methods of `packed` names bind these again (`packed.py`)."""
        self._packed = packed
        self._bits: dict[str, int] = {}
        self._body_nodes = body
        self._stored: dict[str, int] | None = None
        self._memo: dict[Any, tuple[int, int, bool]] = {}
        self._flows: dict[Any, tuple[int, int, int, int]] = {}
        self.names: list[str] = []
        self.after: dict[Any, int] = {}
        self.head: dict[Any, int] = {}
        self.assigned: dict[Any, int] = {}
        self.stores: set[Any] = set()
        live = 0
        for name in after:
            live |= self.bit(name)
        self._body(body, live, 0, 0)
        if always:
            live = 0
            for name in always:
                live |= self.bit(name)
            for table in (self.after, self.head):
                for node in table:
                    table[node] |= live

    def bit(self, name: str) -> int:
        found = self._bits.get(name)
        if found is None:
            found = self._bits[name] = 1 << len(self.names)
            self.names.append(name)
        return found

    def select(self, bits: int) -> list[str]:
        """The names of a set."""
        out = []
        while bits:
            low = bits & -bits
            out.append(self.names[low.bit_length() - 1])
            bits ^= low
        return out

    def stores_to(self, name: str) -> int:
        """How many places of the body bind or delete the name."""
        if self._stored is None:
            self._stored = {}
            work = list(self._body_nodes)
            while work:
                node = work.pop()
                if type(node) is _ast.Name:
                    if type(node.ctx) is not _ast.Load:
                        self._stored[node.id] = self._stored.get(node.id, 0) + 1
                    continue
                for value in node.__dict__.values():
                    if type(value) is list:
                        work.extend([v for v in value if isinstance(v, _ast.AST)])
                    elif isinstance(value, _ast.AST):
                        work.append(value)
        return self._stored.get(name, 0)

    def _body(self, body: list[Any], live: int, on_break: int, on_continue: int) -> int:
        for node in reversed(body):
            live = self._statement(node, live, on_break, on_continue)
        return live

    def _statement(self, node: Any, live: int, on_break: int, on_continue: int) -> int:
        """What is live before a statement; notes what is live in and after it."""
        kind = type(node)
        if kind is _ast.If:
            self.after[node] = live
            joined = self._body(node.body, live, on_break, on_continue)
            joined |= self._body(node.orelse, live, on_break, on_continue)
            reads, writes, _ = self._summary(node.test)
            return (joined & ~writes) | reads
        if kind is _ast.While or kind is _ast.For:
            return self._loop(node, live, on_break, on_continue)
        if kind is _ast.Try or kind is _ast.With:
            live = self._body(_parts(node), live, on_break, on_continue)
            return live | self._given(node)
        read, through, broken, continued = self._flow(node)
        return read | (live & through) | (on_break & broken) | (on_continue & continued)

    def _loop(self, node: Any, live: int, on_break: int, on_continue: int) -> int:
        self.after[node] = live
        done = self._body(node.orelse, live, on_break, on_continue) if node.orelse else live
        entry, reads, writes = self._ends(node)
        # What an iteration leaves to the next is live at its beginning already.
        read, _, broken, _ = self._sequence(node.body)
        self.head[node] = head = done | reads | (read | (live & broken)) & ~writes
        self._body(node.body, head, live, head)
        assigned, effects = writes, False
        for inner in node.body:
            _, inner_writes, inner_effects = self._summary(inner)
            assigned |= inner_writes
            effects = effects or inner_effects
        self.assigned[node] = assigned
        if effects:
            self.stores.add(node)
        return head | entry

    def _given(self, node: Any) -> int:
        """The names that a `with` reads before its body."""
        reads = 0
        for item in node.items if type(node) is _ast.With else ():
            reads |= self._summary(item.context_expr)[0]
        return reads

    def _ends(self, node: Any) -> tuple[int, int, int]:
        """Of a loop: names read when it is entered, and names read and written where an iteration begins."""
        if type(node) is _ast.While:
            reads, writes, _ = self._summary(node.test)
            return 0, reads, writes
        return self._summary(node.iter)[0], 0, self._summary(node.target)[1]

    def _sequence(self, body: list[Any]) -> tuple[int, int, int, int]:
        """As `_flow`, of statements in order."""
        read, through, broken, continued = 0, -1, 0, 0
        for node in reversed(body):
            r, t, b, c = self._flow(node)
            read, through = r | (read & t), through & t
            broken, continued = b | (broken & t), c | (continued & t)
        return read, through, broken, continued

    def _flow(self, node: Any) -> tuple[int, int, int, int]:
        """What is live before a statement: what it reads, and of what is live after it, where a `break` leads, and
        where a `continue` leads, those names."""
        kind = type(node)
        if kind is _ast.Try or kind is _ast.With:
            read, through, broken, continued = self._sequence(_parts(node))
            return read | self._given(node), through, broken, continued
        if kind not in _COMPOUND:
            if kind is _ast.Break:
                return 0, 0, -1, 0
            if kind is _ast.Continue:
                return 0, 0, 0, -1
            reads, writes, _ = self._summary(node)
            return reads, 0 if kind is _ast.Return or kind is _ast.Raise else ~writes, 0, 0
        found = self._flows.get(node)
        if found is None:
            read, through, broken, continued = self._sequence(node.body)
            r, t, b, c = self._sequence(node.orelse)
            if kind is _ast.If:
                reads, writes, _ = self._summary(node.test)
                found = (
                    reads | (read | r) & ~writes, (through | t) & ~writes, (broken | b) & ~writes,
                    (continued | c) & ~writes,
                )  # fmt: skip
            else:
                entry, reads, writes = self._ends(node)
                found = entry | reads | r | read & ~writes, t | broken & ~writes, b, c
            self._flows[node] = found
        return found

    def _summary(self, tree: Any) -> tuple[int, int, bool]:
        """Names read and written anywhere in `tree`, and whether it stores into something or calls something."""
        found = self._memo.get(tree)
        if found is not None:
            return found
        reads = writes = 0
        effects = False
        work = [tree]
        while work:
            node = work.pop()
            kind = type(node)
            if kind is _ast.Name:
                # `del` needs the value that it takes away.
                if type(node.ctx) is not _ast.Store:
                    reads |= self.bit(node.id)
                if type(node.ctx) is not _ast.Load:
                    writes |= self.bit(node.id)
                continue
            if kind is _ast.Constant:
                continue
            if kind is _ast.Call or (kind in _EFFECTS and type(node.ctx) is not _ast.Load):
                effects = True
                if self._packed and kind is _ast.Call:
                    value = getattr(node.func, "value", None)
                    if type(value) is _ast.Name and value.id in self._packed:
                        writes |= self.bit(value.id)
            elif kind is _ast.AugAssign and type(node.target) is _ast.Name:
                reads |= self.bit(node.target.id)
            elif kind is _ast.FunctionDef:
                # What it reads of its surroundings lives always.
                writes |= self.bit(node.name)
                work.append(node.args)
                continue
            elif kind in _COMPOUND:
                # Each statement is looked at once, whatever it stands in.
                heads = [node.target, node.iter] if kind is _ast.For else [node.test]
                for part in (*heads, *node.body, *node.orelse):
                    r, w, e = self._summary(part)
                    reads, writes, effects = reads | r, writes | w, effects or e
                continue
            elif kind in _COMPREHENSIONS:
                # The names of its targets are its own.
                first, *parts = [part for g in node.generators for part in (g.iter, *g.ifs)]
                parts += [node.key, node.value] if kind is _ast.DictComp else [node.elt]
                bound = 0
                for generator in node.generators:
                    r, w, e = self._summary(generator.target)
                    reads, bound, effects = reads | r, bound | w, effects or e
                for part in parts:
                    # It may not run at all.
                    r, w, e = self._summary(part)
                    reads, writes, effects = reads | (r | w) & ~bound, writes | w & ~bound, effects or e
                work.append(first)
                continue
            elif kind is _ast.BoolOp or kind is _ast.IfExp or (kind is _ast.Compare and len(node.ops) > 1):
                certain, perhaps = _operands(node)
                work.extend(certain)
                for part in perhaps:
                    # What it binds by `:=` may as well keep its value, which has to be there then.
                    r, w, e = self._summary(part)
                    reads, writes, effects = reads | r | w, writes | w, effects or e
                continue
            elif kind is _ast.Lambda:
                # What it binds is its own.
                reads |= self._summary(node.body)[0]
                work.append(node.args)
                continue
            fields = _children.get(kind)
            if fields is None:
                fields = _children[kind] = tuple([name for name in kind._fields if name not in _NO_NODES])
            for name in fields:
                value = getattr(node, name)
                if type(value) is list:
                    work.extend([v for v in value if isinstance(v, _ast.AST)])
                elif isinstance(value, _ast.AST):
                    work.append(value)
        self._memo[tree] = result = (reads, writes, effects)
        return result


def _operands(node: Any) -> tuple[list[Any], list[Any]]:
    """The parts of an expression that are evaluated always, and those that may not be."""
    if type(node) is _ast.IfExp:
        return [node.test], [node.body, node.orelse]
    values = [node.left, *node.comparators] if type(node) is _ast.Compare else node.values
    certain = 2 if type(node) is _ast.Compare else 1
    return values[:certain], values[certain:]


def _parts(node: Any) -> list[Any]:
    """The statements of a `with`, or of a `try`, whose handlers are not compiled."""
    return [*node.body, *node.orelse, *node.finalbody] if type(node) is _ast.Try else list(node.body)
