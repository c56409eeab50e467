"""Branches around nothing in parallel loops, so that reductions show: not for speed, which `select` is for.

    b1: br v4, b2, b3(v5)               b1: v7 = select v4, v6, v5
    b2: jump b3(v6)
    b3(v7: f64): ...

Where both arms compute the same, that is done before the branch first.
"""

from __future__ import annotations

from ..ir.function import Edge
from ..ir.ops import OPS
from .rebuild import lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function


def choose(function: Function) -> Function:
    """Replace branches around nothing, in parallel loops, by the choice of a value: ``if x > m: m = x``."""
    preds = function.predecessors()
    parallel = [loop for loop in function.loops() if loop.parallel is not None]
    for block in function.blocks:
        if block.term != "br" or not any(block.loop is not None and block.loop.inside(loop) for loop in parallel):
            continue
        ends = []
        _merge_arms(function, block, preds)
        for edge in block.edges:
            arm = edge.target
            empty = arm.term == "jump" and not arm.insts and not arm.params and preds[arm] == [block]
            ends.append(arm.edges[0] if empty and arm.loop is block.loop else edge)
        then, other = ends
        join = then.target
        if join is not other.target or len(preds[join]) != 2 or (join.loop is not None and join.loop.header is join):
            continue
        (cond,) = block.term_args
        args = []
        for a, b in zip(then.args, other.args):
            if a != b:
                a = function.new_value(OPS["select"], function.types[a], (cond, a, b), None, block.line, block)
                block.insts.append(a)
            args.append(a)
        block.term, block.term_args, block.edges = "jump", (), [Edge(join, tuple(args))]
        preds[join] = [block]
    lay_out(function)
    return function


def _merge_arms(function: Function, block: Block, preds: dict[Block, list[Block]]) -> None:
    """Where both arms compute the same, by pure operations, compute it before the branch."""
    then, other = [edge.target for edge in block.edges]
    if any(arm.term != "jump" or arm.params or preds[arm] != [block] or arm.loop is not block.loop
           for arm in (then, other)) or len(then.insts) != len(other.insts):  # fmt: skip
        return
    ops, args, imms = function.ops, function.args, function.imms
    same: dict[int, int] = {}
    for v, w in zip(then.insts, other.insts):
        given = tuple([same.get(a, a) for a in args[w]])
        if ops[v] is not ops[w] or not ops[v].pure or args[v] != given or imms[v] != imms[w]:
            return
        same[w] = v
    for v in then.insts:
        function.homes[v] = block
    block.insts += then.insts
    then.insts, other.insts = [], []
    for edge in other.edges:
        edge.args = tuple([same.get(a, a) for a in edge.args])
