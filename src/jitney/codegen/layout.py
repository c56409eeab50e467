"""The order of blocks in memory.

- A loop's blocks stand together; what leaves it stands behind it.
- A loop whose header decides whether to go on is rotated: the header goes to the bottom, so that one branch per
  iteration is left; who enters the loop jumps there.
- Cold blocks stand at the end.
- A block that only does the moves of an edge stands before the block it leads to, or after the one it comes from if
  it leads back.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Loop
    from .machine import MachineBlock, MachineFunction

    Items = list["MachineBlock | Loop"]

def arrange(m: MachineFunction) -> None:
    """Put `m.blocks` in order and choose what is aligned."""
    blocks = m.blocks
    if len(blocks) == 1:
        return
    blocks = _thread(m)
    cold: list[MachineBlock] = []
    splits: list[tuple[MachineBlock, MachineBlock]] = []
    items: dict[Loop | None, Items] = {None: []}
    innermost: set[Loop] = set()
    last = blocks[0]
    for block in blocks:
        if block.cold and block is not blocks[0]:
            cold.append(block)
        elif block.source is None:
            splits.append((block, last))
        else:
            last = block
            loop = block.loop
            if loop not in items:
                _open(items, loop, innermost)
            items[loop].append(block)
    order: list[MachineBlock] = []
    _flatten(items, None, innermost, order)
    if splits:
        order = _insert(order, splits)
    m.blocks = order + cold


def _thread(m: MachineFunction) -> list[MachineBlock]:
    """Lead around blocks that only jump: not around headers, nor around preheaders, where spill code may have to go.
    Returns the blocks that are left."""
    alias = m.alias
    for block in m.blocks:
        if len(block.insts) == 1 and len(block.succs) == 1 and block is not m.blocks[0]:
            goal = block.succs[0]
            if _heads(block) or (_heads(goal) and goal.loop is not block.loop):
                continue
            # what it leads to may have been found to lead on, and in the end back here: an endless loop
            while goal in alias:
                goal = alias[goal]
            if goal is not block:
                alias[block] = goal
    if not alias:
        return m.blocks
    for block, goal in alias.items():
        while goal in alias:
            goal = alias[goal]
        alias[block] = goal
    rest = [block for block in m.blocks if block not in alias]
    for block in rest:
        for k, succ in enumerate(block.succs):
            if succ in alias:
                block.succs[k] = alias[succ]
    return rest


def _heads(block: MachineBlock) -> bool:
    return block.loop is not None and block.source is block.loop.header


def _open(items: dict[Loop | None, Items], loop: Loop | None, innermost: set[Loop]) -> None:
    """Make room for a loop in the loop around it."""
    assert loop is not None
    if loop.parent not in items:
        _open(items, loop.parent, innermost)
    if loop.parent is not None:
        innermost.discard(loop.parent)
    items[loop] = []
    innermost.add(loop)
    items[loop.parent].append(loop)


def _flatten(
    items: dict[Loop | None, Items], region: Loop | None, innermost: set[Loop], order: list[MachineBlock]
) -> None:
    first = len(order)
    for item in items[region]:
        if item in items:
            _flatten(items, item, innermost, order)
        else:
            order.append(item)  # type: ignore[arg-type]
    if region is None or len(order) == first:
        return
    header = order[first]
    if header.source is region.header and len(order) - first > 1 and _leaves(header, region):
        latch = order[-1]
        if len(latch.succs) == 1 and latch.succs[0] is header:
            del order[first]
            order.append(header)
    if region in innermost:
        order[first].aligned = True


def _leaves(header: MachineBlock, loop: Loop) -> bool:
    """Whether the header ends in a branch with one way into the loop and one out of it."""
    if len(header.succs) != 2:
        return False
    inside = [succ.loop is not None and succ.loop.inside(loop) and not succ.cold for succ in header.succs]
    return inside[0] != inside[1]


def _insert(order: list[MachineBlock], splits: list[tuple[MachineBlock, MachineBlock]]) -> list[MachineBlock]:
    position = {block: k for k, block in enumerate(order)}
    before: dict[MachineBlock, list[MachineBlock]] = {}
    after: dict[MachineBlock, list[MachineBlock]] = {}
    for split, source in splits:
        goal = split.succs[0]
        # a cold source or goal is not among them
        if position.get(goal, -1) > position.get(source, 0):
            before.setdefault(goal, []).append(split)
        else:
            after.setdefault(source if source in position else order[-1], []).append(split)
    result: list[MachineBlock] = []
    for block in order:
        result += before.get(block, ())
        result.append(block)
        result += after.get(block, ())
    return result
