"""How a loop is lowered; see loops.py."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..pytypes import PyType


class Plan:
    """How a loop is lowered.

    Attributes:
        types: of the carried names at the loop's head, where they are not those on entry.
        peel: the first iteration is lowered apart.
        once: no iteration comes back: there is no loop, only what would be the first iteration.
    """

    __slots__ = ("once", "peel", "types")

    def __init__(self) -> None:
        self.types: dict[str, PyType] = {}
        self.peel = False
        self.once = False
