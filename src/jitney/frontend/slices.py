"""Slices: which items of an axis one names, as Python's `slice.indices` has it.

    a[2:-1]      start = 2           length = max(n - 3, 0)
    a[i:j]       start = min(i, n)   stop = min(j, n)        length = max(stop - start, 0)   (where i and j are >= 0)
    a[::-1]      start = n - 1       stop = -1               length = start - stop
"""

from __future__ import annotations

from ..ir.types import PTR
from ..pytypes import BOOL, INT, NONE, Array, Object, Scalar, Slice, Union, slice_type
from .operators import to_index
from .state import NONE_VAL, Val, constant_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .state import Lowering

_MAX = (1 << 63) - 1
_SMALL = 1 << 30
_BOUND_ERROR = "slice indices must be integers or None or have an __index__ method"


def make(start: Val, stop: Val, step: Val) -> Val:
    """The slice object of three values."""
    bounds = (start, stop, step)
    return Val(slice_type(tuple([v.type for v in bounds])), tuple([p for v in bounds for p in v.parts]))


def lower_slice(lw: Lowering, node: Any) -> Val:
    """``start:stop:step`` in a subscript."""
    return make(*[NONE_VAL if n is None else lw.expr(n) for n in (node.lower, node.upper, node.step)])


def bounds(value: Val) -> list[Val]:
    """Start, stop and step of a slice."""
    assert isinstance(value.type, Slice)
    out, at = [], 0
    for type in value.type.bounds:
        n = len(type.leaves)
        out.append(Val(type, value.parts[at : at + n]))
        at += n
    return out


def known(lw: Lowering, value: Val, node: Any) -> slice:
    """The slice object that `value` is known to be when compiling."""
    parts = [None if v.type is NONE else lw.known(v) for v in bounds(value)]
    if any(p is None and v.type is not NONE for p, v in zip(parts, bounds(value))):
        lw.unsupported("a slice that is not known when compiling is not supported here", node)
    if parts[2] == 0:
        lw.fail_with(ValueError, "slice step cannot be zero")
    if any(isinstance(p, float) for p in parts):
        lw.fail_with(TypeError, _BOUND_ERROR)
    return slice(*parts)


def indices(lw: Lowering, value: Val, n: int) -> tuple[int, int, int]:
    """First index, step and number of the items that a slice names of `n`, which is not negative.

    All steps give a count that is not negative. Where it is 0 the first index may be anything.
    """
    emit = lw.b.emit
    start, stop, step = bounds(value)
    if step.type is NONE:
        place = _single(lw, start, stop)
        if place is not None:
            # Its length is seen to be 0 or 1: where it is stretched, no other stride than 0 is needed.
            back = place < 0
            there = emit("sle", lw.int_const(-place), n) if back else emit("slt", lw.int_const(place), n)
            first = emit("add", n, lw.int_const(place)) if back else lw.int_const(place)
            return first, lw.int_const(1), emit("b2i", there)
    front, end = _small(lw, start), _small(lw, stop, -1)
    if step.type is NONE and front is not None and end is not None:
        # One subtraction: so `a[1:-1]`, `a[2:]` and `a[:-2]` are seen to have the same length.
        left_out = lw.int_const(front + end)
        count = emit("smax", emit("sub", n, left_out), lw.int_const(0)) if front + end else n
        return lw.int_const(front), lw.int_const(1), count
    s = _bound(lw, step, lw.int_const(1))
    lw.check(emit("ne", s, lw.int_const(0)), "raise", (ValueError, ("slice step cannot be zero",)))
    s = emit("smax", s, lw.int_const(-_MAX))
    backward = emit("slt", s, lw.int_const(0))
    minus, zero = lw.int_const(-1), lw.int_const(0)
    low = emit("select", backward, minus, zero)
    high = emit("select", backward, emit("add", n, minus), n)
    first = _clipped(lw, start, emit("select", backward, high, low), n, low, high)
    end = _clipped(lw, stop, emit("select", backward, low, high), n, low, high)
    span = emit("select", backward, emit("sub", first, end), emit("sub", end, first))
    span = emit("smax", span, zero)
    one = lw.int_const(1)
    if lw.b.constant(s) in (1, -1):
        return first, s, span
    # The span may be as long as 64 bits allow: rounding up by way of span - 1 stays inside.
    count = emit("add", emit("floordiv", emit("add", span, minus), emit("iabs", s)), one)
    return first, s, count


def _single(lw: Lowering, start: Val, stop: Val) -> int | None:
    """The index of the only item that a slice such as ``k:k + 1`` names, as far as there is one."""
    first, last = [None if v.type is NONE else lw.known(v) if v.type is INT else v for v in (start, stop)]
    if first is None and start.type is NONE:
        first = 0
    if first.__class__ is not int or not -_SMALL < first < _SMALL:
        return None
    ends = stop.type is NONE if first == -1 else last.__class__ is int and last == first + 1
    return first if ends else None


def _small(lw: Lowering, bound: Val, sign: int = 1) -> int | None:
    """How many items at its side of the axis a bound leaves out: 0 where it is None, `sign` times the bound where that
    is known and small; None otherwise."""
    if bound.type is NONE:
        return 0
    known = lw.known(bound) if bound.type is INT else constant_value(bound)
    return known * sign if known.__class__ is int and 0 < known * sign < _SMALL else None


def _bound(lw: Lowering, bound: Val, default: int) -> int:
    """One of the three as an i64, or `default` where it is None."""
    type = bound.type
    if type is NONE:
        return default
    if isinstance(type, Union):
        return lw.split(bound, lambda v: Val(INT, (_bound(lw, v, default),))).parts[0]
    if isinstance(type, Object):
        return _unless_none(lw, bound, default, lambda: to_index(lw, bound))
    integer = type is INT or type is BOOL or (isinstance(type, Scalar) and type.kind in "iu")
    if not integer and not isinstance(constant_value(bound), int):
        if isinstance(type, Array):
            lw.unsupported(f"{type} as the bound of a slice is not supported")
        lw.fail_with(TypeError, _BOUND_ERROR)
    return to_index(lw, bound)


def _unless_none(lw: Lowering, bound: Val, default: int, other: Callable[[], int]) -> int:
    """`default` where an object is None, else what `other` says."""
    given = lw.b.emit("ne", bound.parts[0], lw.b.const(PTR, id(None)))
    return lw.if_else(given, lambda: Val(INT, (other(),)), lambda: Val(INT, (default,))).parts[0]


def _clipped(lw: Lowering, bound: Val, default: int, n: int, low: int, high: int) -> int:
    """A bound counted from the start and brought into [low, high]."""
    emit = lw.b.emit
    type = bound.type
    if type is NONE:
        return default
    if isinstance(type, Union):
        return lw.split(bound, lambda v: Val(INT, (_clipped(lw, v, default, n, low, high),))).parts[0]
    if isinstance(type, Object):
        return _unless_none(
            lw, bound, default, lambda: _clipped(lw, Val(INT, (to_index(lw, bound),)), default, n, low, high)
        )  # fmt: skip
    i = _bound(lw, bound, default)
    from_end = emit("smax", emit("add", n, i), low)
    return emit("select", emit("slt", i, lw.int_const(0)), from_end, emit("smin", i, high))
