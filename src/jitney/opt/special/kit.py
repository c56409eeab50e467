"""Formulas that emit IR: float64 values, scalar or in lanes, with Python's operators.

    x = Kit(builder, type).value(v)
    y = fma(x, x, 1.0) * 0.5            v2 = fma v1, v1, [1.0, ...]
                                        v3 = fmul v2, [0.5, ...]

A `Value` is a float, its bits (an integer), or a mask, by the type of what it stands for. Where the target has no fused
operation, `fma` rounds twice; formulas that rest on one rounding use `product`, which splits its arguments then (Dekker
1971). Sums of two parts are Knuth's and Dekker's.
"""

from __future__ import annotations

from ...ir.types import F64, I64, vector
from . import fused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...ir.builder import Builder
    from ...ir.types import Type

_SPLIT = 2.0**27 + 1.0


class Kit:
    """Attributes:
    builder: where everything is emitted.
    floats, ints: the types of float64 values and of their bits.
    fused: the target has `fma`.
    """

    __slots__ = ("builder", "floats", "fused", "ints")

    def __init__(self, builder: Builder, lanes: int) -> None:
        self.builder = builder
        self.floats = vector(F64, lanes) if lanes > 1 else F64
        self.ints = vector(I64, lanes) if lanes > 1 else I64
        self.fused = fused(builder.function.target)

    def value(self, v: int) -> Value:
        return Value(self, v)

    def number(self, x: float) -> Value:
        return Value(self, self._constant(self.floats, x))

    def integer(self, k: int) -> Value:
        return Value(self, self._constant(self.ints, k))

    def _constant(self, type: Type, x: float) -> int:
        return self.builder.const(type, (x,) * type.lanes if type.lanes > 1 else x)


class Value:
    """Attributes:
    kit: emits what operators ask for.
    v: the IR value.
    """

    __slots__ = ("kit", "v")

    def __init__(self, kit: Kit, v: int) -> None:
        self.kit = kit
        self.v = v

    def emit(self, name: str, *others: Value | float) -> Value:
        """The operation of this and further values; numbers are of the type of this one."""
        kit = self.kit
        return Value(kit, kit.builder.emit(name, self.v, *[self.like(x).v for x in others]))

    def like(self, x: Value | float) -> Value:
        if isinstance(x, Value):
            return x
        type = self.kit.builder.function.types[self.v]
        if type is self.kit.floats:
            return self.kit.number(x)
        return self.kit.integer(int(x))

    # -- floats --------------------------------------------------------------------------------------------------------

    def __add__(self, other: Value | float) -> Value:
        return self.emit("fadd", other)

    def __radd__(self, other: float) -> Value:
        return self.emit("fadd", other)

    def __sub__(self, other: Value | float) -> Value:
        return self.emit("fsub", other)

    def __rsub__(self, other: float) -> Value:
        return self.like(other) - self

    def __mul__(self, other: Value | float) -> Value:
        return self.emit("fmul", other)

    def __rmul__(self, other: float) -> Value:
        return self.emit("fmul", other)

    def __truediv__(self, other: Value | float) -> Value:
        return self.emit("fdiv", other)

    def __rtruediv__(self, other: float) -> Value:
        return self.like(other) / self

    def __neg__(self) -> Value:
        return self.emit("fneg")

    def __abs__(self) -> Value:
        return self.emit("fabs")

    def sqrt(self) -> Value:
        return self.emit("fsqrt")

    def least(self, other: Value | float) -> Value:
        """The lesser; a NaN in place of this one stays."""
        return self.like(other).emit("fmin", self)

    def greatest(self, other: Value | float) -> Value:
        """The greater; a NaN in place of this one stays."""
        return self.like(other).emit("fmax", self)

    def signed(self, other: Value) -> Value:
        """This magnitude with the sign of another."""
        return self.emit("fcopysign", other)

    # -- comparisons: masks --------------------------------------------------------------------------------------------

    def __lt__(self, other: Value | float) -> Value:
        return self.emit("flt", other)

    def __le__(self, other: Value | float) -> Value:
        return self.emit("fle", other)

    def __gt__(self, other: Value | float) -> Value:
        return self.emit("fgt", other)

    def __ge__(self, other: Value | float) -> Value:
        return self.emit("fge", other)

    def equals(self, other: Value | float) -> Value:
        return self.emit("feq", other)

    def choose(self, a: Value | float, b: Value | float) -> Value:
        """Where this mask is set `a`, else `b`."""
        kit = self.kit
        first, second = [x if isinstance(x, Value) else kit.number(x) for x in (a, b)]
        return Value(kit, kit.builder.emit("select", self.v, first.v, second.v))

    # -- bits and masks ------------------------------------------------------------------------------------------------

    def __and__(self, other: Value | int) -> Value:
        return self.emit("and", other)

    def __or__(self, other: Value | int) -> Value:
        return self.emit("or", other)

    def __xor__(self, other: Value | int) -> Value:
        return self.emit("xor", other)

    def __invert__(self) -> Value:
        return self.emit("not")

    def __lshift__(self, count: int) -> Value:
        return self.emit("shl", count)

    def __rshift__(self, count: int) -> Value:
        """Without sign."""
        return self.emit("lshr", count)

    def plus(self, other: Value | int) -> Value:
        """The sum of integers."""
        return self.emit("add", other)

    def minus(self, other: Value | int) -> Value:
        """The difference of integers."""
        return self.emit("sub", other)

    def bits(self) -> Value:
        return self.emit("f2bits")

    def float(self) -> Value:
        """The float of these bits."""
        return self.emit("bits2f")


def fma(a: Value, b: Value | float, c: Value | float) -> Value:
    """``a * b + c``, rounded once if the target can."""
    if a.kit.fused:
        return a.emit("fma", b, c)
    return a * b + c


def polynomial(x: Value, coefficients: Iterable[float], start: Value | None = None) -> Value:
    """``c[0] + c[1] * x + c[2] * x**2 ...`` by Horner's rule; `start` stands for what comes after the last one."""
    *rest, last = coefficients
    found = x.like(last) if start is None else fma(start, x, last)
    for c in reversed(rest):
        found = fma(found, x, c)
    return found


def product(a: Value, b: Value | float) -> tuple[Value, Value]:
    """``a * b``, and what rounding took from it."""
    p = a * b
    if a.kit.fused:
        return p, fma(a, b, -p)
    b = a.like(b)
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(x: Value) -> tuple[Value, Value]:
    scaled = x * _SPLIT
    high = scaled - (scaled - x)
    return high, x - high


def add(a: Value, b: Value | float) -> tuple[Value, Value]:
    """``a + b``, and what rounding took from it."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def add_ordered(a: Value, b: Value | float) -> tuple[Value, Value]:
    """`add` for ``abs(a) >= abs(b)`` or ``a == 0``."""
    total = a + b
    return total, b - (total - a)
