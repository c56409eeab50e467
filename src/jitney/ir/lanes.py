"""What operations on vectors mean, lane by lane. A vector's value is a tuple of its lanes as `ops.hold` gives them.

Rows that serve scalars and vectors (`Op.lanewise`) have their scalar meaning in every lane, at the lane's width:

- integers wrap at the width; `umulh` gives the upper half of products twice as wide;
  a shift's count, a lane of its own, is taken modulo the width; `lshr` and the unsigned
  comparisons see the lane's bits;
- a comparison gives -1 for true, 0 for false; `select` looks at the sign bit of its mask's lanes;
- `i2f`, `f2i`, `fext`, `fround` convert as many lanes; the widths may differ.
"""

from __future__ import annotations

import math

from ..lazy import lazy
from .ops import OPS, bits_of, hold, round_f32
from .types import F32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from . import powers
    from .ops import Op
    from .types import Type

    Lanes = tuple[Any, ...]
    # result type, argument types, arguments, imm -> the value, not yet held
    Meaning = Callable[[Type, Sequence[Type], Sequence[Any], Any], Any]
else:
    powers = lazy("jitney.ir", "powers")


def evaluate(op: Op, type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any = None) -> Any:
    """The value of a pure operation on vectors, or that makes a vector or needs more than its scalar meaning (`fma`).

    Args:
        type: of the result. types: of the arguments.
        given: the arguments, held.
    """
    meaning = _MEANINGS.get(op.name)
    if meaning is not None:
        return hold(type, meaning(type, types, given, imm))
    scalar = op.meaning
    if scalar is None or not op.lanewise:
        raise ValueError(f"{op} of vectors has no meaning")
    if op.result == "i1":
        return tuple([-1 if scalar(*lanes) else 0 for lanes in zip(*given)])
    element = type.element
    return tuple([hold(element, scalar(*lanes)) for lanes in zip(*given)])


def fused(type: Type, a: float, b: float, c: float) -> float:
    """a * b + c rounded once, to `type`."""
    product = a * b
    if not math.isfinite(a) or not math.isfinite(b) or not math.isfinite(c):
        # What is not finite comes from an argument: a product that only overflows must not meet c's infinity.
        return c if math.isfinite(a) and math.isfinite(b) else product + c
    (n, d), (m, e), (k, f) = a.as_integer_ratio(), b.as_integer_ratio(), c.as_integer_ratio()
    numerator, denominator = n * m * f + k * d * e, d * e * f
    if not numerator:
        # -0.0 only if both terms are.
        both = math.copysign(1.0, a) * math.copysign(1.0, b) < 0.0 and math.copysign(1.0, c) < 0.0
        return -0.0 if both and not n * m else 0.0
    try:
        nearest = numerator / denominator  # correctly rounded, as division of ints is
    except OverflowError:
        return math.copysign(math.inf, numerator)
    if type is not F32 or not math.isfinite(nearest):
        return nearest
    # Rounding twice is exact if the first one is to odd: an inexact result whose last bit is 0 gives way to its
    # neighbour on the true value's side.
    there, over = nearest.as_integer_ratio()
    error = numerator * over - there * denominator
    if error and not bits_of(nearest) & 1:
        nearest = math.nextafter(nearest, math.copysign(math.inf, error))
    return round_f32(nearest)


def _select(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
    return tuple([a if m < 0 else b for m, a, b in zip(*given)])


def _shift(name: str) -> Meaning:
    scalar = OPS[name].meaning
    assert scalar is not None

    def meaning(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
        bits = 8 * type.element.size
        mask = (1 << bits) - 1
        a = [lane & mask for lane in given[0]] if name == "lshr" else given[0]
        return tuple([scalar(lane, count % bits) for lane, count in zip(a, given[1])])

    return meaning


def _umulh(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
    bits = 8 * type.element.size
    mask = (1 << bits) - 1
    return tuple([(a & mask) * (b & mask) >> bits for a, b in zip(*given)])


def _popcnt(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
    return tuple([lane.bit_count() for lane in _unsigned(types, given)])


def _vf2i(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
    limit = 1 << 31
    return tuple([int(lane) if -limit - 1 < lane < limit else -limit for lane in given[0]])


def _fma(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Any:
    if type.lanes == 1:
        return fused(type, *given)
    return tuple([fused(type.element, *lanes) for lanes in zip(*given)])


def _fpower(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Any:
    if type.lanes == 1:
        return powers.power(type, given[3], given[4] if len(given) > 4 else imm)
    return tuple([powers.power(type.element, x, imm) for x in given[3]])


def _splat(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
    return (given[0],) * type.lanes


def _lane(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Any:
    return given[0][imm]


def _insert(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
    vector, value = given
    return (*vector[:imm], value, *vector[imm + 1 :])


def _shuffle(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
    lanes = given[0] if len(given) == 1 else given[0] + given[1]
    return tuple([lanes[k] for k in imm])


def _low(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Any:
    return given[0][: type.lanes]


def _high(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Any:
    return given[0][type.lanes :]


def _join(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Lanes:
    return (*given[0], *given[1])


def _same(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Any:
    return given[0]


def _unsigned(types: Sequence[Type], given: Sequence[Any]) -> list[int]:
    """The lanes of the first argument, zero-extended."""
    mask = (1 << 8 * types[0].element.size) - 1
    return [lane & mask for lane in given[0]]


def _vzext(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Any:
    return _unsigned(types, given)


def _halving(name: str) -> Meaning:
    """A reduction: first half op second half, until one lane is left."""
    op = OPS[name]
    scalar = op.meaning
    assert scalar is not None

    def meaning(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> Any:
        lanes = list(given[0])
        while len(lanes) > 1:
            half = len(lanes) // 2
            lanes = [hold(type, scalar(a, b)) for a, b in zip(lanes[:half], lanes[half:])]
        return lanes[0]

    return meaning


def _least(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> int:
    return min(_unsigned(types, given))


def _greatest(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> int:
    return max(_unsigned(types, given))


def _movemask(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> int:
    return sum([1 << k for k, lane in enumerate(given[0]) if lane < 0])


def _anyset(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> bool:
    return bool(min(given[0]) < 0)


def _allset(type: Type, types: Sequence[Type], given: Sequence[Any], imm: Any) -> bool:
    return bool(max(given[0]) < 0)


_MEANINGS: dict[str, Meaning] = {
    "select": _select,
    "shl": _shift("shl"),
    "lshr": _shift("lshr"),
    "sar": _shift("sar"),
    "umulh": _umulh,
    "popcnt": _popcnt,
    "fma": _fma,
    "fpower": _fpower,
    "vf2i": _vf2i,
    "splat": _splat,
    "lane": _lane,
    "insert": _insert,
    "shuffle": _shuffle,
    "low": _low,
    "high": _high,
    "join": _join,
    "vsext": _same,
    "vzext": _vzext,
    "vtrunc": _same,
    "radd": _halving("add"),
    "rsmin": _halving("smin"),
    "rsmax": _halving("smax"),
    "rumin": _least,
    "rumax": _greatest,
    "rand": _halving("and"),
    "ror": _halving("or"),
    "rxor": _halving("xor"),
    "rfadd": _halving("fadd"),
    "rfmul": _halving("fmul"),
    "rfmin": _halving("fmin"),
    "rfmax": _halving("fmax"),
    "movemask": _movemask,
    "anyset": _anyset,
    "allset": _allset,
}
