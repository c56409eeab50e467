"""Dominators of a control-flow graph, from its edges alone.

Everybody else reads `Block.idom`, which building keeps right; the verifier checks it against this, and the parser
fills it in from here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .function import Block


def reverse_postorder(entry: Block) -> list[Block]:
    """The blocks that `entry` reaches, each before its successors except along retreating edges."""
    seen = {entry}
    postorder: list[Block] = []
    stack = [(entry, iter(entry.edges))]
    while stack:
        block, edges = stack[-1]
        for edge in edges:
            if edge.target not in seen:
                seen.add(edge.target)
                stack.append((edge.target, iter(edge.target.edges)))
                break
        else:
            stack.pop()
            postorder.append(block)
    return postorder[::-1]


def immediate_dominators(entry: Block) -> dict[Block, Block | None]:
    """The immediate dominator of every reachable block, None for `entry`; in reverse postorder.

    Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm": on reducible graphs two sweeps.
    """
    order = reverse_postorder(entry)
    number = {block: k for k, block in enumerate(order)}
    preds: list[list[int]] = [[] for _ in order]
    for k, block in enumerate(order):
        for edge in block.edges:
            preds[number[edge.target]].append(k)

    idoms = [-1] * len(order)
    idoms[0] = 0
    changed = True
    while changed:
        changed = False
        for k in range(1, len(order)):
            found = -1
            for p in preds[k]:
                if idoms[p] < 0:
                    continue
                while found >= 0 and p != found:
                    if p > found:
                        p = idoms[p]
                    else:
                        found = idoms[found]
                found = p
            if idoms[k] != found:
                idoms[k] = found
                changed = True
    result: dict[Block, Block | None] = {block: order[idoms[k]] for k, block in enumerate(order)}
    result[entry] = None
    return result


def assign_idoms(blocks: list[Block]) -> None:
    """Set `Block.idom` from the edges: to the nearest dominator that keeps `blocks` a preorder of the idom tree.

    That is the immediate one, except after a block that alone reaches a join laid out further down.
    """
    idoms = immediate_dominators(blocks[0])
    open_: list[Block] = []
    for block in blocks:
        idom = idoms.get(block)
        while idom is not None and idom not in open_:
            idom = idoms[idom]
        while open_ and open_[-1] is not idom:
            open_.pop()
        block.idom = idom
        open_.append(block)


def dominates(a: Block, b: Block | None) -> bool:
    """Whether every way to `b` leads through `a`; of a function that is laid out (`Block.idom`)."""
    while b is not None and b is not a:
        b = b.idom
    return b is a
