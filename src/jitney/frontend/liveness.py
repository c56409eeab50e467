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
_NODES = (_ast.expr, _ast.stmt, _ast.comprehension, _ast.arguments, _ast.keyword)


class Liveness:
    """Results of the walk over one function body.

    Attributes:
        after: statement node -> set of names live after it (for `if`, loops).
        head: loop node -> set of names live where an iteration begins.
        assigned: loop node -> set of names assigned in it.
        stores: loop nodes whose bodies store into something or call something that may.
    """

    __slots__ = ("_bits", "_body_nodes", "_memo", "_stored", "after", "assigned", "head", "names", "stores")

    def __init__(self, body: list[Any], after: tuple[str, ...] = (), always: tuple[str, ...] = ()) -> None:
        """`after` are the names that live on behind the body, `always` those that nested functions may read."""
        self._bits: dict[str, int] = {}
        self._body_nodes = body
        self._stored: dict[str, int] | None = None
        self._memo: dict[Any, tuple[int, int, bool]] = {}
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
        kind = type(node)
        if kind is _ast.If:
            self.after[node] = live
            joined = self._body(node.body, live, on_break, on_continue)
            joined |= self._body(node.orelse, live, on_break, on_continue)
            reads, writes = self._access(node.test)
            return (joined & ~writes) | reads
        if kind is _ast.While or kind is _ast.For:
            return self._loop(node, live, on_break, on_continue)
        if kind is _ast.Try:
            # Handlers are not compiled.
            live = self._body(node.finalbody, live, on_break, on_continue)
            live = self._body(node.orelse, live, on_break, on_continue)
            return self._body(node.body, live, on_break, on_continue)
        if kind is _ast.With:
            live = self._body(node.body, live, on_break, on_continue)
            for item in node.items:
                live |= self._access(item.context_expr)[0]
            return live
        if kind is _ast.Return or kind is _ast.Raise:
            return self._access(node)[0]
        if kind is _ast.Break:
            return on_break
        if kind is _ast.Continue:
            return on_continue
        reads, writes = self._access(node)
        return (live & ~writes) | reads

    def _loop(self, node: Any, live: int, on_break: int, on_continue: int) -> int:
        self.after[node] = live
        done = self._body(node.orelse, live, on_break, on_continue) if node.orelse else live
        if type(node) is _ast.While:
            reads, writes = self._access(node.test)
            entry = 0
        else:
            reads, writes = 0, self._access(node.target)[1]
            entry = self._access(node.iter)[0]
        head = done | reads
        while True:
            begin = self._body(node.body, head, live, head)
            wider = head | reads | (begin & ~writes)
            if wider == head:
                break
            head = wider
        self.head[node] = head
        if node not in self.assigned:
            assigned, effects = writes, False
            for inner in node.body:
                _, inner_writes, inner_effects = self._summary(inner)
                assigned |= inner_writes
                effects = effects or inner_effects
            self.assigned[node] = assigned
            if effects:
                self.stores.add(node)
        return head | entry

    def _access(self, tree: Any) -> tuple[int, int]:
        """Names read and names written anywhere in `tree`."""
        reads, writes, _ = self._summary(tree)
        return reads, writes

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
                if type(node.ctx) is _ast.Load:
                    reads |= self.bit(node.id)
                else:
                    writes |= self.bit(node.id)
                continue
            if kind is _ast.Constant:
                continue
            if kind is _ast.Call or (kind in _EFFECTS and type(node.ctx) is not _ast.Load):
                effects = True
            elif kind is _ast.AugAssign and type(node.target) is _ast.Name:
                reads |= self.bit(node.target.id)
            elif kind is _ast.FunctionDef:
                # What it reads of its surroundings lives always.
                writes |= self.bit(node.name)
                work.append(node.args)
                continue
            elif kind in _COMPOUND and node is not tree:
                # A statement of its own: looked at once, whatever it stands in.
                r, w, e = self._summary(node)
                reads, writes, effects = reads | r, writes | w, effects or e
                continue
            for value in node.__dict__.values():
                if type(value) is list:
                    work.extend([v for v in value if isinstance(v, _ast.AST)])
                elif isinstance(value, _NODES):
                    work.append(value)
        self._memo[tree] = result = (reads, writes, effects)
        return result
