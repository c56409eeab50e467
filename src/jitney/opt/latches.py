"""Tail duplication: what the arms of a loop jump to, to test for the next iteration, is done at the end of each.

    b2: v5 = add v3, v4                     b2: v5 = add v3, v4
        jump b4(v5)                             v10 = add v1, 1; v11 = slt v10, v2
                                                br v11, b1(v10, v5), b5(v5)
    b3: v6 = xor v3, v4                     b3: v6 = xor v3, v4
        jump b4(v6)                             jump b4(v6)
    b4(v7): v8 = add v1, 1                  b4(v7): v8 = add v1, 1
        v9 = slt v8, v2                         v9 = slt v8, v2
        br v9, b1(v8, v7), b5                   br v9, b1(v8, v7), b5(v7)
    b5: ... v7 ...                          b5(v12): ... v12 ...

An iteration has a jump less, and the processor guesses the way of the next one by fewer branches. In place, for
innermost loops, at the very end: other passes look for one way back. Only what is pure is copied.
"""

from __future__ import annotations

from ..ir.function import Edge
from ..ir.ops import OPS
from . import needs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function

_PARAM = OPS["param"]
_MOST_COPIES = 12


def copy(function: Function) -> Function:
    """In place, copy the ends of innermost loops into the arms that lead there, but for the last one."""
    preds = function.predecessors()
    around = {loop.parent for loop in function.loops()}
    for block in function.blocks:
        if needs.is_latch(function, block) and block.loop not in around:
            arms = [p for p in preds[block] if p.term == "jump" and p.loop is block.loop and not p.cold][:-1]
            if 0 < len(arms) <= _MOST_COPIES and _pass_on(function, block, preds):
                for arm in arms:
                    _copy(function, block, arm)
    return function


def _pass_on(function: Function, block: Block, preds: dict[Block, list[Block]]) -> bool:
    """Make what others use of `block` parameters of the block behind the loop; false if that does not go."""
    assert block.loop is not None
    header = block.loop.header
    (out,) = [edge for edge in block.edges if edge.target is not header]
    behind = out.target
    if any(b.idom is block and b is not behind for b in function.blocks):
        return False
    own = {*block.params, *block.insts}
    args = function.args
    others = [b for b in function.blocks if b is not block]
    used: set[int] = set()
    for b in others:
        for v in b.insts:
            used.update(own.intersection(args[v]))
        used.update(own.intersection(b.term_args), *[own.intersection(e.args) for e in b.edges])
    if used:
        if preds[behind] != [block]:
            return False
        passed = sorted(used)
        new = {v: function.new_value(_PARAM, function.types[v], (), None, behind.line, behind) for v in passed}
        for b in others:
            for v in b.insts:
                if not own.isdisjoint(args[v]):
                    args[v] = tuple([new.get(a, a) for a in args[v]])
            b.term_args = tuple([new.get(a, a) for a in b.term_args])
            for e in b.edges:
                e.args = tuple([new.get(a, a) for a in e.args])
        for v in passed:
            if v in function.facts:
                function.facts[new[v]] = function.facts[v]
        behind.params = [*behind.params, *new.values()]
        out.args = (*out.args, *passed)
    if behind.idom is block:
        behind.idom = block.idom
    return True


def _copy(function: Function, block: Block, arm: Block) -> None:
    """End `arm` as `block` does, to which it jumps."""
    ops, types, args, imms, lines = function.ops, function.types, function.args, function.imms, function.lines
    value = dict(zip(block.params, arm.edges[0].args))
    insts = list(arm.insts)
    for v in block.insts:
        given = tuple([value.get(a, a) for a in args[v]])
        value[v] = function.new_value(ops[v], types[v], given, imms[v], lines[v], arm)
        insts.append(value[v])
    arm.insts = insts
    arm.term, arm.line = "br", block.line
    arm.term_args = tuple([value.get(a, a) for a in block.term_args])
    arm.edges = [Edge(e.target, tuple([value.get(a, a) for a in e.args])) for e in block.edges]
