"""If-conversion: a branch around next to nothing becomes a choice between two values.

    b1: br v4, b2, b3(v5)               b1: v6 = add v5, v1
    b2: v6 = add v5, v1                     v7 = select v4, v6, v5
        jump b3(v6)
    b3(v7: i64): ...

In loops only, where the branch is taken anew each time and may be guessed wrong; for integers only: a float that is
chosen waits for the comparison, while a branch that is guessed right waits for nothing.
"""

from __future__ import annotations

from .rebuild import Rebuild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Edge, Function

_MOST_WORK = 2  # instructions that are then always executed
_MOST_CHOICES = 2
_CHEAP = frozenset((
    "add", "sub", "neg", "and", "or", "xor", "not", "shl", "sar", "lshr", "smin", "smax", "eq", "ne", "slt", "sle",
    "sgt", "sge", "b2i", "select",
))  # fmt: skip


def convert(function: Function) -> Function:
    """Replace small branches in loops by `select`."""
    preds = function.predecessors()
    found: dict[Block, tuple[Edge, Edge]] = {}
    for block in function.blocks:
        if block.term == "br" and block.loop is not None:
            edges = _edges_to_join(function, block, preds)
            if edges is not None:
                found[block] = edges
    if not found:
        return function
    return _Conversion(function, found).run()


def _edges_to_join(function: Function, block: Block, preds: dict[Block, list[Block]]) -> tuple[Edge, Edge] | None:
    """The edges, for true and for false, by which both ways meet right again; None if there is too much on them."""
    work = 0
    ends = []
    for edge in block.edges:
        arm = edge.target
        if arm.term == "jump" and preds[arm] == [block] and arm.loop is block.loop and not arm.params:
            work += len(arm.insts)
            if any(function.ops[v].name not in _CHEAP or function.types[v].is_float for v in arm.insts):
                return None
            ends.append(arm.edges[0])
        else:
            ends.append(edge)
    then, other = ends
    join = then.target
    if other.target is not join or work > _MOST_WORK or join.loop is not block.loop or len(preds[join]) != 2:
        return None
    if join.loop is not None and join.loop.header is join:
        return None
    chosen = [p for p, a, b in zip(join.params, then.args, other.args) if a != b]
    if not chosen or len(chosen) > _MOST_CHOICES or any(function.types[p].is_float for p in chosen):
        return None
    return then, other


class _Conversion(Rebuild):
    __slots__ = ("_chosen", "_gone", "found")

    def __init__(self, old: Function, found: dict[Block, tuple[Edge, Edge]]) -> None:
        super().__init__(old, {})
        self.found = found
        self._gone: set[Block] = set()
        self._chosen: dict[Block, list[int]] = {}  # new values of a join's parameters

    def block(self, block: Block) -> None:
        if block not in self._gone:
            super().block(block)

    def terminator(self, block: Block) -> None:
        edges = self.found.get(block)
        if edges is None:
            super().terminator(block)
            return
        then, other = edges
        join = then.target
        for edge in block.edges:
            if edge.target is not join:
                self.instructions(edge.target)
                self._gone.add(edge.target)
        builder, value = self.builder, self.value
        builder.line = block.line
        cond = value[block.term_args[0]]
        self._chosen[join] = [
            value[a] if a == b else builder.emit("select", cond, value[a], value[b])
            for a, b in zip(then.args, other.args)
        ]
        self._waiting[self.blocks[join]] = 1
        self.jump(then)

    def go_on(self, edge: Edge) -> None:
        super().go_on(edge)
        for p, new in zip(edge.target.params, self._chosen.get(edge.target, ())):
            self.value[p] = new
