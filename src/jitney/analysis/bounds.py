"""Bounds of a float operation's result from bounds of its arguments.

Bounds are (least, greatest, whether it may be NaN): what is not NaN lies between the two, which may be infinite. Zeros
are not told apart. Rounding is monotonous, so what the operation itself gives for the ends bounds what it gives
between them; rounded to 32 bits by way of a double, too.
"""

from __future__ import annotations

import math

from ..ir.ops import OPS, round_f32
from ..ir.types import F32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.types import Type

Bounds = tuple[float, float, bool]
_INF = math.inf
ANYTHING: Bounds = (-_INF, _INF, True)
_LIMIT = 2.0**63


def _fadd(a: Bounds, b: Bounds) -> Bounds:
    low, high = a[0] + b[0], a[1] + b[1]
    if low != low or high != high:
        return ANYTHING
    opposite = (a[1] == _INF and b[0] == -_INF) or (a[0] == -_INF and b[1] == _INF)
    return low, high, a[2] or b[2] or opposite


def _fneg(a: Bounds) -> Bounds:
    return -a[1], -a[0], a[2]


def _fmul(a: Bounds, b: Bounds) -> Bounds:
    # What is bounded times what is not: 0 times something arbitrarily great is 0; infinity itself gives NaN.
    ends = [x * y if x and y else 0.0 for x in a[:2] for y in b[:2]]
    endless = (_infinite(a) and b[0] <= 0.0 <= b[1]) or (_infinite(b) and a[0] <= 0.0 <= a[1])
    return min(ends), max(ends), a[2] or b[2] or endless


def _infinite(a: Bounds) -> bool:
    return a[0] == -_INF or a[1] == _INF


def _fdiv(a: Bounds, b: Bounds) -> Bounds:
    if b[0] <= 0.0 <= b[1] or (_infinite(a) and _infinite(b)):
        return ANYTHING
    ends = [x / y for x in a[:2] for y in b[:2]]
    return min(ends), max(ends), a[2] or b[2]


def _fmin(a: Bounds, b: Bounds) -> Bounds:
    # The second one where either is NaN.
    return min(a[0], b[0]), b[1] if a[2] else min(a[1], b[1]), b[2]


def _fmax(a: Bounds, b: Bounds) -> Bounds:
    return b[0] if a[2] else max(a[0], b[0]), max(a[1], b[1]), b[2]


def _fabs(a: Bounds) -> Bounds:
    return 0.0 if a[0] <= 0.0 <= a[1] else min(abs(a[0]), abs(a[1])), max(abs(a[0]), abs(a[1])), a[2]


def _fsqrt(a: Bounds) -> Bounds:
    return math.sqrt(max(a[0], 0.0)), math.sqrt(max(a[1], 0.0)), a[2] or a[0] < 0.0


def _rounded(to_whole: Callable[[float], int]) -> Callable[[Bounds], Bounds]:
    def rule(a: Bounds) -> Bounds:
        low, high = [float(to_whole(x)) if math.isfinite(x) else x for x in a[:2]]
        return low, high, a[2]

    return rule


def hull(a: Bounds, b: Bounds) -> Bounds:
    """Of what is one or the other."""
    return min(a[0], b[0]), max(a[1], b[1]), a[2] or b[2]


# Operations whose result is one of their arguments, or a whole number of no more bits: they round nothing.
_EXACT: dict[object, Callable[..., Bounds]] = {
    OPS["fneg"]: _fneg,
    OPS["fmin"]: _fmin,
    OPS["fmax"]: _fmax,
    OPS["fabs"]: _fabs,
    OPS["ffloor"]: _rounded(math.floor),
    OPS["fceil"]: _rounded(math.ceil),
    OPS["ftrunc"]: _rounded(math.trunc),
    OPS["frint"]: _rounded(round),
    OPS["fext"]: lambda a: a,
}
_ROUNDING: dict[object, Callable[..., Bounds]] = {
    OPS["fadd"]: _fadd,
    OPS["fsub"]: lambda a, b: _fadd(a, _fneg(b)),
    OPS["fmul"]: _fmul,
    OPS["fdiv"]: _fdiv,
    OPS["fsqrt"]: _fsqrt,
    OPS["fround"]: lambda a: a,
}
OPERATIONS = (*_EXACT, *_ROUNDING)


def of(op: object, type: Type, given: list[Bounds]) -> Bounds:
    """Bounds of what `op`, an operation on floats, gives; `ANYTHING` of other operations."""
    rule = _EXACT.get(op)
    if rule is not None:
        found: Bounds = rule(*given)
        return found
    rule = _ROUNDING.get(op)
    if rule is None:
        return ANYTHING
    low, high, nan = rule(*given)
    return (round_f32(low), round_f32(high), nan) if type is F32 else (low, high, nan)


def of_int(low: int, high: int, type: Type) -> Bounds:
    """Bounds of an integer as a float."""
    to_float = round_f32 if type is F32 else float
    return to_float(low), to_float(high), False


def whole(a: Bounds) -> tuple[int, int] | None:
    """Bounds of `f2i` of what is not NaN; None where it may not fit."""
    low, high, _ = a
    return (math.trunc(low), math.trunc(high)) if -_LIMIT <= low and high < _LIMIT else None


def compared(name: str, holds: bool, a: Bounds, b: Bounds) -> tuple[Bounds, Bounds]:
    """Bounds of `a` and `b` where the comparison `name` of them is `holds`."""
    if name in ("feq", "fne"):
        if (name == "feq") is not holds:
            return a, b
        low, high = max(a[0], b[0]), min(a[1], b[1])
        return ((low, high, False),) * 2 if low <= high else (a, b)
    if name in ("fgt", "fge"):
        second, first = compared({"fgt": "flt", "fge": "fle"}[name], holds, b, a)
        return first, second
    if holds:
        # Neither is NaN.
        most, least = b[1], a[0]
        if name == "flt":
            most, least = math.nextafter(most, -_INF), math.nextafter(least, _INF)
        return _at_most((*a[:2], False), most), _at_least((*b[:2], False), least)
    # ``a >= b``, or ``a > b``, or one is NaN.
    least, most = b[0], a[1]
    if name == "fle":
        least, most = math.nextafter(least, _INF), math.nextafter(most, -_INF)
    return a if b[2] else _at_least(a, least), b if a[2] else _at_most(b, most)


def _at_most(a: Bounds, high: float) -> Bounds:
    return (a[0], high, a[2]) if a[0] <= high < a[1] else a


def _at_least(a: Bounds, low: float) -> Bounds:
    return (low, a[1], a[2]) if a[0] < low <= a[1] else a


def decided(name: str, a: Bounds, b: Bounds) -> bool | None:
    """What the comparison `name` always gives; None where that is not known."""
    if name in ("fgt", "fge"):
        return decided({"fgt": "flt", "fge": "fle"}[name], b, a)
    if name in ("feq", "fne"):
        return name == "fne" if a[1] < b[0] or b[1] < a[0] else None
    if a[0] > b[1] or (name == "flt" and a[0] == b[1]):
        return False
    if a[2] or b[2] or not (a[1] < b[0] or (name == "fle" and a[1] == b[0])):
        return None
    return True
