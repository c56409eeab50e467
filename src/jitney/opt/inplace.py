"""Changes that make no new instruction, in place: a copy of the function would change nothing else.

They cost a tenth of a `Rebuild`. What they make possible (a condition that is decided now) the next copy finds.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from ..ir.function import Block, Function


def substitute(function: Function, same: Mapping[int, int], but: Container[Block] = ()) -> None:
    """Use ``same[v]`` wherever `v` is used, but in some blocks; what is substituted must not be so itself."""
    args = function.args
    get, apart = same.get, same.keys().isdisjoint
    for block in function.blocks:
        if block in but:
            continue
        for v in block.insts:
            if not apart(args[v]):
                args[v] = tuple([get(a, a) for a in args[v]])
        if not apart(block.term_args):
            block.term_args = tuple([get(a, a) for a in block.term_args])
        for edge in block.edges:
            if not apart(edge.args):
                edge.args = tuple([get(a, a) for a in edge.args])
    for loop in function.loops():
        loop.stop = get(loop.stop, loop.stop)


def move(function: Function, values: list[int], block: Block) -> None:
    """Move instructions to the end of `block`, in this order."""
    homes = function.homes
    gone = set(values)
    for home in {homes[v] for v in values}:
        home.insts = [v for v in home.insts if v not in gone]
    for v in values:
        homes[v] = block
    block.insts += values


def join(function: Function) -> None:
    """Append blocks with one predecessor, which ends in a jump to it, to that predecessor. The parameters of such a
    block must have been substituted."""
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
