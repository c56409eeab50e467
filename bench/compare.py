"""Are two runs of a kernel the same? The result and every array argument count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bench.registry import Args


def _same_number(a: Any, b: Any, tolerance: float) -> bool:
    if a is None or b is None:
        return a is b
    if tolerance == 0.0:
        if isinstance(a, (float, np.floating)) != isinstance(b, (float, np.floating)):
            return False
        return bool(a == b and math.copysign(1, a) == math.copysign(1, b)) or bool(a != a and b != b)
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def _same_array(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if tolerance == 0.0:
        return a.tobytes() == b.tobytes()
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance))


def difference(result: Any, args: Args, wanted: Any, wanted_args: Args, tolerance: float = 0.0) -> str | None:
    """None where both runs agree, else where they differ. Tolerance 0 compares bits; C and Numba contract and
    reassociate in places, so they are compared with a tolerance."""
    if not _same_number(result, wanted, tolerance):
        return f"returned {result!r}, wanted {wanted!r}"
    for number, (a, b) in enumerate(zip(args, wanted_args, strict=True)):
        if isinstance(a, np.ndarray) and not _same_array(a, b, tolerance):
            return f"array argument {number} differs"
    return None
