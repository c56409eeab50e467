"""What library functions mean."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..state import Lowering, Val


def call(lw: Lowering, function: Any, args: list[Val], kwargs: dict[str, Val], node: Any) -> Val | None:
    """The result of calling `function`; None if it is in no table."""
    return None
