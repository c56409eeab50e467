"""What is known of a call's own arrays by code that runs this one call only (see "Two tiers" in docs/architecture.md).

Expressions over whole arrays, and slices, use the addresses, lengths and strides of arguments as constants: shapes are
compared, bounds clipped and overlaps found while lowering, a third of the instructions. The function begins with a
check of each constant that is used; where one fails, CPython runs the call.

    f(a) called with 6 elements:      guard len == 6          a[1:-1] + a[2:]      4 and 4 elements from data + 8 ...
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I1, VOID
from ..pytypes import Array
from .state import Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .state import Lowering

_CONST, _EQ, _GUARD = OPS["const"], OPS["eq"], OPS["guard"]


class Pins:
    """Of the function that `lw` lowers.

    Attributes:
        constants: parameter -> its constant, of those that are used.
    """

    __slots__ = ("_known", "_lw", "_site", "constants")

    def __init__(self, lw: Lowering, leaves: Sequence[int | None], site: int) -> None:
        """Args: leaves: of all arguments what is known of them; site: through which a failing check leaves."""
        self._lw = lw
        self._known: dict[int, int] = {}
        self._site = site
        self.constants: dict[int, int] = {}
        params, at = lw.function.params[1:], 0
        for type in lw.arg_types:
            end = at + len(type.leaves)
            if isinstance(type, Array):
                self._known.update({p: n for p, n in zip(params[at:end], leaves[at:end]) if n is not None})
            at = end

    @property
    def checks(self) -> int:
        """The number of instructions at the start of the function."""
        return 3 * len(self.constants)

    def of(self, value: Val) -> Val:
        """An array with constants for what is known of it; any other value as it is."""
        known = self._known
        if not isinstance(value.type, Array) or known.keys().isdisjoint(value.parts):
            return value
        return Val(value.type, tuple([self._constant(p) if p in known else p for p in value.parts]))

    def _constant(self, p: int) -> int:
        found = self.constants.get(p)
        if found is None:
            function, number = self._lw.function, self._known[p]
            type = function.types[p]
            entry = function.entry
            # Behind the first instruction, the flag that nothing has happened yet: what follows may have effects.
            rest = (self._lw.b.line, entry)
            expected = function.new_value(_CONST, type, (), number, *rest)
            same = function.new_value(_EQ, I1, (p, expected), None, *rest)
            check = function.new_value(_GUARD, VOID, (same, entry.insts[0]), self._site, *rest)
            entry.insts[1:1] = (expected, same, check)
            found = self.constants[p] = self._lw.b.const(type, number)
        return found
