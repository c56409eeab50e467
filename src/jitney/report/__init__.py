"""What the compiler made of a function, for people to read."""

from __future__ import annotations

from ..lazy import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .explain import Explanation as Explanation


def __getattr__(name: str) -> Any:
    """`Explanation`, imported when somebody wants one (PEP 562)."""
    if name != "Explanation":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return load(f"{__name__}.explain").Explanation
