"""placeholder"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .allocate import Allocation
    from .machine import MachineFunction


def check(m: MachineFunction, allocation: Allocation) -> None:
    return
