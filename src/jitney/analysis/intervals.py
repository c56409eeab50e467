"""Bounds of an integer operation's result from bounds of its arguments, as mathematical integers.

An interval is (least, greatest). What an operation that wraps gives may lie outside of 64 bits: then it may wrap, and
nothing is known (`clamped`).
"""

from __future__ import annotations

from ..ir.ops import OPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SAR, _CONST, _FLOORDIV = OPS["sar"], OPS["const"], OPS["floordiv"]
# What a sum that `mean_of` knows consists of.
TERMS = frozenset(OPS[name] for name in ("mul", "mulo", "sar", "floordiv"))
_PRODUCTS, _DIFFERENCES = (OPS["mul"], OPS["mulo"]), (OPS["sub"], OPS["subo"])
MIN, MAX = -(1 << 63), (1 << 63) - 1

Interval = tuple[int, int]


def clamped(interval: Interval) -> Interval:
    """What a wrapping operation with these exact bounds can give."""
    return interval if interval[0] >= MIN and interval[1] <= MAX else (MIN, MAX)


def _mul(a: Interval, b: Interval) -> Interval:
    products = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(products), max(products)


def _floordiv(a: Interval, b: Interval) -> Interval:
    if b[0] <= 0 <= b[1]:
        return MIN, MAX
    quotients = (a[0] // b[0], a[0] // b[1], a[1] // b[0], a[1] // b[1])
    return min(quotients), max(quotients)


def _floormod(a: Interval, b: Interval) -> Interval:
    if b[0] >= 0:
        return (0, max(0, b[1] - 1) if a[0] < 0 else min(max(0, b[1] - 1), a[1]))
    if b[1] <= 0:
        return min(0, b[0] + 1), 0
    return min(0, b[0] + 1), max(0, b[1] - 1)


def _udiv(a: Interval, b: Interval) -> Interval:
    return _floordiv(a, b) if a[0] >= 0 and b[0] > 0 else (MIN, MAX)


def _urem(a: Interval, b: Interval) -> Interval:
    return _floormod(a, b) if a[0] >= 0 and b[0] > 0 else (MIN, MAX)


def _and(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0:
        return 0, min(a[1], b[1]) if b[0] >= 0 else a[1]
    return (0, b[1]) if b[0] >= 0 else _as_wide(a, b)


def _or(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0 and b[0] >= 0:
        return max(a[0], b[0]), (1 << max(a[1], b[1]).bit_length()) - 1
    return _as_wide(a, b)


def _xor(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0 and b[0] >= 0:
        return 0, (1 << max(a[1], b[1]).bit_length()) - 1
    return _as_wide(a, b)


def _as_wide(a: Interval, b: Interval) -> Interval:
    """What as many bits as the wider one of two signed numbers has can hold."""
    beyond = 1 << max(~a[0], a[1], ~b[0], b[1]).bit_length()
    return -beyond, beyond - 1


def magnitude_of(args: tuple[int, ...], definition: Callable[[int], tuple[Any, tuple[int, ...], Any] | None]) -> int:
    """The x of ``x ^ (x >> 63)``, which is x or -1 - x and never negative, from the arguments of the `xor`; else -1.
    `definition` gives the operation, arguments and imm of a value."""
    for x, sign in (args, args[::-1]):
        defined = definition(sign)
        if defined is not None and defined[0] is _SAR and defined[1][0] == x:
            count = definition(defined[1][1])
            if count is not None and count[0] is _CONST and count[2] == 63:
                return x
    return -1


def mean_of(
    args: tuple[int, ...], definition: Callable[[int], tuple[Any, tuple[int, ...], Any] | None],
    bound: Callable[[int], Interval],
) -> Interval | None:
    """Bounds of a sum that is a weighted mean, or a multiple of one: ``x * t + y * (c - t)``, ``x + (y - x) * t // c``,
    ``>> k``, where 0 <= t <= c. Its arguments alone say less. None if it is nothing of the kind."""
    for p, q in (args, args[::-1]):
        first, second = definition(p), definition(q)
        if second is None:
            return None
        if first is not None and first[0] in _PRODUCTS and second[0] in _PRODUCTS:
            for x, t in (first[1][:2], first[1][1::-1]):
                for y, rest in (second[1][:2], second[1][1::-1]):
                    whole = _complement(rest, t, definition)
                    lo, hi = bound(t)
                    if whole is not None and 0 <= lo and hi <= whole:
                        (a, b), (c, d) = bound(x), bound(y)
                        return min(a, c) * whole, max(b, d) * whole
        elif second[0] is _SAR or second[0] is _FLOORDIV:
            by, product = definition(second[1][1]), definition(second[1][0])
            if by is None or by[0] is not _CONST or product is None or product[0] not in _PRODUCTS:
                continue
            whole = by[2] if second[0] is _FLOORDIV else 1 << by[2] if 0 <= by[2] < 63 else 0
            for t, difference in (product[1][:2], product[1][1::-1]):
                made, (lo, hi) = definition(difference), bound(t)
                if made is not None and made[0] in _DIFFERENCES and made[1][1] == p and 0 <= lo and hi <= whole > 0:
                    (a, b), (c, d) = bound(p), bound(made[1][0])
                    if max(d - a, b - c) * whole <= MAX:
                        return min(a, c), max(b, d)
    return None


def _complement(v: int, t: int, definition: Callable[[int], tuple[Any, tuple[int, ...], Any] | None]) -> int | None:
    """The c of ``v = c - t``."""
    made = definition(v)
    if made is None or made[0] not in _DIFFERENCES or made[1][1] != t:
        return None
    whole = definition(made[1][0])
    return int(whole[2]) if whole is not None and whole[0] is _CONST else None


def _shl(a: Interval, b: Interval) -> Interval:
    if 0 <= b[0] and b[1] < 63:
        return _mul(a, (1 << b[0], 1 << b[1]))
    return MIN, MAX


def _lshr(a: Interval, b: Interval) -> Interval:
    if not (0 <= b[0] and b[1] < 64):
        return MIN, MAX
    if a[0] >= 0:
        return a[0] >> b[1], a[1] >> b[0]
    return (0, ((1 << 64) - 1) >> b[0]) if b[0] > 0 else (MIN, MAX)


def _sar(a: Interval, b: Interval) -> Interval:
    if not (0 <= b[0] and b[1] < 64):
        return min(a[0], 0), max(a[1], 0)
    return min(a[0] >> b[0], a[0] >> b[1]), max(a[1] >> b[0], a[1] >> b[1])


def _absolute(a: Interval) -> Interval:
    if a[0] == MIN:
        return MIN, MAX
    return (0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))), max(abs(a[0]), abs(a[1]))


def _narrowed(bits: int, signed: bool) -> Callable[[Interval], Interval]:
    lo, hi = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return lambda a: a if lo <= a[0] and a[1] <= hi else (lo, hi)


def access_range(memory: object) -> Interval:
    access = memory.access  # type: ignore[attr-defined]
    if access.size == 8:
        return MIN, MAX
    bits = 8 * access.size
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if access.signed else (0, (1 << bits) - 1)


def _umin(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0 and b[0] >= 0:
        return min(a[0], b[0]), min(a[1], b[1])
    # What is negative is above all that is not.
    return (0, b[1]) if b[0] >= 0 else (0, a[1]) if a[0] >= 0 else (MIN, MAX)


def _umax(a: Interval, b: Interval) -> Interval:
    return (max(a[0], b[0]), max(a[1], b[1])) if a[0] >= 0 and b[0] >= 0 else (MIN, MAX)


INTERVALS: dict[object, Callable[..., Interval]] = {
    OPS[name]: rule
    for name, rule in (
        ("add", lambda a, b: (a[0] + b[0], a[1] + b[1])),
        ("sub", lambda a, b: (a[0] - b[1], a[1] - b[0])),
        ("mul", _mul),
        ("addo", lambda a, b: (max(MIN, a[0] + b[0]), min(MAX, a[1] + b[1]))),
        ("subo", lambda a, b: (max(MIN, a[0] - b[1]), min(MAX, a[1] - b[0]))),
        ("mulo", lambda a, b: (max(MIN, _mul(a, b)[0]), min(MAX, _mul(a, b)[1]))),
        ("neg", lambda a: (-a[1], -a[0])),
        ("floordiv", _floordiv),
        ("floormod", _floormod),
        ("udiv", _udiv),
        ("urem", _urem),
        ("smin", lambda a, b: (min(a[0], b[0]), min(a[1], b[1]))),
        ("smax", lambda a, b: (max(a[0], b[0]), max(a[1], b[1]))),
        ("umin", _umin),
        ("umax", _umax),
        ("select", lambda c, a, b: (min(a[0], b[0]), max(a[1], b[1]))),
        ("iabs", _absolute),
        ("clz", lambda a: (0, 64)),
        ("ctz", lambda a: (0, 64)),
        ("popcnt", lambda a: (0, 64)),
        ("and", _and),
        ("or", _or),
        ("xor", _xor),
        ("not", lambda a: (~a[1], ~a[0])),
        ("shl", _shl),
        ("lshr", _lshr),
        ("sar", _sar),
        ("rol32", lambda a, b: (0, 0xFFFFFFFF)),
        ("sext8", _narrowed(8, True)),
        ("sext16", _narrowed(16, True)),
        ("sext32", _narrowed(32, True)),
        ("zext8", _narrowed(8, False)),
        ("zext16", _narrowed(16, False)),
        ("zext32", _narrowed(32, False)),
        ("b2i", lambda a: (max(a[0], 0), min(a[1], 1))),
        ("index", lambda i, n: (0, max(0, n[1] - 1))),
    )
}
