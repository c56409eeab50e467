"""Dead code: instructions and parameters on which nothing depends that can be seen.

    b1(v2: i64, v3: i1):        b1(v2: i64):
        v4 = fmul v0, v0            v5 = add v2, v1
        v5 = add v2, v1             jump b1(v5)
        jump b1(v5, v3)
"""

from __future__ import annotations

from ..ir.ops import OPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_CCALL = OPS["ccall"]


def eliminate(function: Function) -> Function:
    """Drop what is dead, in place: nothing else changes, so there is nothing to fold again."""
    ops, args, imms = function.ops, function.args, function.imms
    live = bytearray(len(ops))
    incoming: dict[int, list[int]] = {}
    work: list[int] = list(function.params)
    for block in function.blocks:
        for v in block.insts:
            op = ops[v]
            if op.guard or (op.writes and not (op is _CCALL and imms[v].pure)):
                live[v] = 1
                work += args[v]
        work += block.term_args
        for edge in block.edges:
            for p, a in zip(edge.target.params, edge.args):
                if p in incoming:
                    incoming[p].append(a)
                else:
                    incoming[p] = [a]
    while work:
        v = work.pop()
        if not live[v]:
            live[v] = 1
            work += incoming.get(v, ()) or args[v]
    for loop in function.loops():
        if loop.counter >= 0 and not (live[loop.counter] and live[loop.stop]):
            loop.counter = loop.stop = -1
    for p in [p for p in function.facts if not live[p]]:
        del function.facts[p]
    for block in function.blocks:
        block.insts = [v for v in block.insts if live[v]]
        for edge in block.edges:
            params = edge.target.params
            for p in params:
                if not live[p]:
                    edge.args = tuple([a for p, a in zip(params, edge.args) if live[p]])
                    break
    for block in function.blocks:
        for p in block.params:
            if not live[p]:
                block.params = [p for p in block.params if live[p]]
                break
    return function
