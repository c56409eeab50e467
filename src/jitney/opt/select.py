"""If-conversion: a branch around next to nothing becomes a choice between two values.

    b1: br v4, b2, b3(v5)               b1: v6 = add v5, v1
    b2: v6 = add v5, v1                     v7 = select v4, v6, v5
        jump b3(v6)
    b3(v7: i64): ...

In loops only, where the branch is taken anew each time and may be guessed wrong; for integers only: a float that is
chosen waits for the comparison, while a branch that is guessed right waits for nothing.
"""

from __future__ import annotations

from ..ir.function import Edge
from ..ir.ops import OPS
from .params import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function

_SELECT = OPS["select"]
_MOST_WORK = 2  # instructions that are then always executed
_MOST_CHOICES = 2
_CHEAP = frozenset((
    "add", "sub", "neg", "and", "or", "xor", "not", "shl", "sar", "lshr", "smin", "smax", "eq", "ne", "slt", "sle",
    "sgt", "sge", "b2i", "select",
))  # fmt: skip


def convert(function: Function) -> Function:
    """Replace small branches in loops by `select`."""
    preds = function.predecessors()
    gone: set[Block] = set()
    for block in function.blocks:
        if block.term == "br" and block.loop is not None and block not in gone:
            edges = _edges_to_join(function, block, preds)
            if edges is not None:
                _choose(function, block, edges, preds, gone)
    if not gone:
        return function
    function.blocks = [block for block in function.blocks if block not in gone]
    return clean(function)


def _choose(
    function: Function, block: Block, edges: tuple[Edge, Edge], preds: dict[Block, list[Block]], gone: set[Block]
) -> None:
    """`block` does the work of both arms, chooses, and jumps to the join."""
    then, other = edges
    types = function.types
    join = then.target
    (cond,) = block.term_args
    for edge in block.edges:
        arm = edge.target
        if arm is not join:
            for v in arm.insts:
                function.homes[v] = block
            block.insts += arm.insts
            gone.add(arm)
    chosen = []
    for a, b in zip(then.args, other.args):
        if a != b:
            a = function.new_value(_SELECT, types[a], (cond, a, b), None, block.line, block)
            block.insts.append(a)
        chosen.append(a)
    block.term, block.term_args, block.edges = "jump", (), [Edge(join, tuple(chosen))]
    join.idom = block
    preds[join] = [block]


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
