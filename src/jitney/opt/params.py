"""Parameters that are not needed, branches on constants, blocks that are not reached, blocks that are one.

    b1(v3: i64, v4: ptr, v5: i1):           b1(v3: i64):
        ...                                     ...
        jump b1(v6, v4, v7)                     jump b1(v6)         v4 is what the loop was entered with, v5 unused
"""

from __future__ import annotations

from .dce import eliminate
from .rebuild import Rebuild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function


def clean(function: Function) -> Function:
    """Without parameters that always equal another value, unreachable blocks, and jumps to a block's only successor."""
    eliminate(function)
    same = copies(function)
    if not same and not _untidy(function):
        return function
    return Rebuild(function, {}, same).run()


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


def _untidy(function: Function) -> bool:
    """Whether a branch is decided, or a block could be appended to its only predecessor."""
    ops = function.ops
    preds = function.predecessors()
    for block in function.blocks:
        if block.term == "jump":
            target = block.edges[0].target
            if len(preds[target]) == 1 and target.loop is block.loop:
                return True
        elif block.term == "br" and ops[block.term_args[0]].name == "const":
            return True
        if not preds[block] and block is not function.entry:
            return True
    return False
