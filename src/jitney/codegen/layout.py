"""The order of blocks in memory: loops contiguous with their test at the bottom, cold code at the end."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Loop
    from .machine import MachineBlock, MachineFunction


def arrange(m: MachineFunction) -> None:
    """Put `m.blocks` in order and choose alignments."""
    hot = [block for block in m.blocks if not block.cold]
    cold = [block for block in m.blocks if block.cold]
    if m.blocks[0].cold:
        hot.insert(0, m.blocks[0])
        cold.remove(m.blocks[0])
    m.blocks = hot + cold


