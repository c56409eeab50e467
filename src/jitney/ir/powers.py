"""`fpower`: what it gives, and between which bounds it may do without asking C's `pow`."""

from __future__ import annotations

import ctypes
import math

from .types import F32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .types import Type

_singles: list[Callable[[float, float], float]] = []


def bounds(element: Type, exponent: float) -> tuple[float, float] | None:
    """A power whose magnitude lies between these, as a sum of two floats, loses nothing by underflow: its parts, and
    the rests of products and roots that it is made of, are far above the least number. None: the ends of what it may
    be are right for every size, as those of a square are."""
    if exponent == 2.0:
        return None
    if element is F32:
        size = 2.0**50 if abs(exponent) < 1.0 else 2.0**90
        return 1.0 / size, size
    return 2.0**-128, 2.0**128


def power(element: Type, x: float, exponent: float) -> float:
    """What the C library's `pow`, or `powf`, gives."""
    if element is F32:
        return single(x, exponent)
    try:
        return math.pow(x, exponent)
    except OverflowError:
        return math.copysign(math.inf, x) if exponent % 2.0 == 1.0 else math.inf
    except ValueError:
        # Zero to a negative power; a fractional one of a negative number.
        return math.nan if x else math.copysign(math.inf, x) if exponent % 2.0 == 1.0 else math.inf


def single(x: float, exponent: float) -> float:
    """`powf`. Both are of single precision."""
    if not _singles:
        prototype = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_float, ctypes.c_float)
        for library in (None, "libm.so.6"):
            try:
                _singles.append(prototype(("powf", ctypes.CDLL(library))))
                break
            except (AttributeError, OSError):
                continue
    return _singles[0](x, exponent) if _singles else math.nan
