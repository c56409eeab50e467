"""Parameters that are not needed: unused ones, and those that always equal another value; blocks that are one.

    b1(v3: i64, v4: ptr, v5: i1):           b1(v3: i64):
        ...                                     ...
        jump b1(v6, v4, v7)                     jump b1(v6)         v4 is what the loop was entered with, v5 unused

In place: the instructions stay as they are, only their arguments change. `Rebuild` folds what can be folded now.
"""

from __future__ import annotations

from .dce import eliminate
from .rebuild import laid_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function


def clean(function: Function) -> Function:
    """In place, drop parameters on which nothing depends or that are copies; join blocks that follow each other."""
    same = copies(function)
    if same:
        _substitute(function, same)
    _join(function)
    laid_out(function)
    return eliminate(function)


def _substitute(function: Function, same: dict[int, int]) -> None:
    args = function.args
    for block in function.blocks:
        for v in block.insts:
            for a in args[v]:
                if a in same:
                    args[v] = tuple([same.get(a, a) for a in args[v]])
                    break
        if block.term_args:
            block.term_args = tuple([same.get(a, a) for a in block.term_args])
        for edge in block.edges:
            if edge.args:
                edge.args = tuple([same.get(a, a) for a in edge.args])
    for loop in function.loops():
        loop.stop = same.get(loop.stop, loop.stop)


def _join(function: Function) -> None:
    """Append blocks with one predecessor, which ends in a jump to it, to that predecessor."""
    homes = function.homes
    preds = function.predecessors()
    into: dict[Block, Block] = {}
    for block in function.blocks:
        if block in into:
            continue
        while block.term == "jump":
            target = block.edges[0].target
            if len(preds[target]) != 1 or target.loop is not block.loop:
                break
            for v in target.insts:
                homes[v] = block
            block.insts += target.insts
            block.term, block.term_args, block.term_imm = target.term, target.term_args, target.term_imm
            block.edges, block.line = target.edges, target.line
            block.cold = block.cold and target.cold
            into[target] = block
    if not into:
        return
    function.blocks = [block for block in function.blocks if block not in into]
    for block in function.blocks:
        if block.idom in into:
            block.idom = into[block.idom]
    for loop in function.loops():
        loop.preheader = into.get(loop.preheader, loop.preheader)


def copies(function: Function) -> dict[int, int]:
    """Parameters that always equal one other value, with that value.

    Optimistic copy propagation: every parameter is taken for a copy of the first thing it is seen to get, until two
    of its edges disagree. (The meet of constant propagation, on values; Wegman and Zadeck 1991, section 3.)
    """
    params: dict[int, list[int]] = {}
    for block in function.blocks:
        for edge in block.edges:
            for p, a in zip(edge.target.params, edge.args):
                if p in params:
                    params[p].append(a)
                else:
                    params[p] = [a]
    known: dict[int, int] = {}
    changed = True
    while changed:
        changed = False
        for p, incoming in params.items():
            now = known.get(p, -1)
            if now == p:
                continue
            found = -1
            for a in incoming:
                a = known.get(a, -1) if a in params else a
                if a < 0 or a == found or a == p:
                    continue
                if found >= 0:
                    found = p
                    break
                found = a
            if found != now:
                known[p] = found
                changed = True
    return {p: a for p, a in known.items() if a != p and a >= 0}
