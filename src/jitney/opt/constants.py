"""Integer constants for changes in place, where no builder numbers values."""

from __future__ import annotations

from ..ir.ops import OPS, wrap
from ..ir.types import I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_CONST = OPS["const"]


class Constants:
    """A function's i64 constants by value, those of its entry first of all; one that is missing is added there."""

    __slots__ = ("_function", "_known")

    def __init__(self, function: Function) -> None:
        self._function = function
        self._known: dict[int, int] = {}

    def __call__(self, k: int) -> int:
        """The value that is `k` modulo 2**64."""
        function, known = self._function, self._known
        entry = function.entry
        if not known:
            known.update(
                (function.imms[v], v) for v in entry.insts if function.ops[v] is _CONST and function.types[v] is I64
            )
        k = wrap(k)
        if k not in known:
            known[k] = function.new_value(_CONST, I64, (), k, 0, entry)
            entry.insts.insert(0, known[k])
        return known[k]
