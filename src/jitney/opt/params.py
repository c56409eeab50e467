"""Parameters that are not needed: unused ones, and those that always equal another value; blocks that are one.

    b1(v3: i64, v4: ptr, v5: i1):           b1(v3: i64):
        ...                                     ...
        jump b1(v6, v4, v7)                     jump b1(v6)         v4 is what the loop was entered with, v5 unused

In place: the instructions stay as they are, only their arguments change. `Rebuild` folds what can be folded now.
"""

from __future__ import annotations

from .dce import eliminate
from .inplace import join, substitute
from .rebuild import laid_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function


def clean(function: Function) -> Function:
    """In place, drop parameters on which nothing depends or that are copies; join blocks that follow each other."""
    same = copies(function)
    if same:
        substitute(function, same)
    join(function)
    laid_out(function)
    return eliminate(function)


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
