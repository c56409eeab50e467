"""How a loop is lowered, see loops.py; and what a function is lowered again for, see lower.py."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..pytypes import PyType


NO_NUMBERS = "lists"  # wanted: no list is one of numbers, see numeric.py


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


class WantedObject(Exception):
    """The function is to be lowered again, with what is `wanted` as objects: what a name, or an expression, is given.
    Or it is code that is not to be inlined, or lists whose items are of more types than was known."""

    def __init__(self, wanted: Any) -> None:
        self.wanted = wanted
