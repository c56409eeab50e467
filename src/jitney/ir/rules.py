"""Rewrite rules applied by `Builder.emit` to pure operations. (Being filled.)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .builder import Builder
    from .ops import Op
    from .types import Type


def simplify(builder: Builder, op: Op, args: tuple[int, ...], type: Type) -> int | None:
    """A value equal to ``op(args)`` that is simpler, or None."""
    return None
