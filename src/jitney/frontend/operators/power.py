"""``a ** b`` of Python's ints and floats. Sources: CPython `Objects/longobject.c`, `Objects/floatobject.c`."""

from __future__ import annotations

import math

from ...ir.function import Loop
from ...pytypes import FLOAT, INT
from ..state import Val
from . import libm
from .integers import to_float

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..state import Lowering

    Leaving = tuple[str, Any]

_UNROLLED = 64
_MOST_FACTORS = 4
RANGE_ERROR = (OverflowError, (34, "Numerical result out of range"))


def repeat(
    lw: Lowering, start: tuple[int, ...], step: Callable[[tuple[int, ...]], tuple[int, tuple[int, ...]]]
) -> tuple[int, ...]:
    """A loop that runs `step` once and as long as it says so.

    Args:
        start: the values on entry.
        step: from the values to whether to go on, and the next values. Must stay in one block.
    Returns:
        the last values.
    """
    b, types = lw.b, lw.function.types
    loop = Loop(b.block.loop)
    loop.preheader = b.block
    loop.header = header = b.new_block(loop)
    params = tuple([b.param(header, types[v]) for v in start])
    b.jump(header, start)
    b.start(header, loop.preheader)
    again, values = step(params)
    out = b.new_block(loop.parent)
    results = tuple([b.param(out, types[v]) for v in values])
    b.branch(again, header, out, values, values)
    b.start(out, header)
    return results


def int_power(lw: Lowering, a: int, b: int, multiply: Callable[[int, int], int]) -> int:
    """`a` to the power `b`, unsigned, by squaring. No square is computed that is not part of the result, so that a
    checked `multiply` overflows only where the power itself does."""
    known = lw.b.constant(b)
    if known is not None and 0 <= known < _UNROLLED:
        result, square = -1, a
        while known:
            if known & 1:
                result = square if result < 0 else multiply(result, square)
            known >>= 1
            if known:
                square = multiply(square, square)
        return result if result >= 0 else lw.int_const(1)
    emit, zero, one = lw.b.emit, lw.int_const(0), lw.int_const(1)

    def step(values: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        result, square, exponent = values
        odd = emit("ne", emit("and", exponent, one), zero)
        result = multiply(result, emit("select", odd, square, one))
        exponent = emit("lshr", exponent, one)
        more = emit("ne", exponent, zero)
        factor = emit("select", more, square, one)
        return more, (result, multiply(factor, factor), exponent)

    return repeat(lw, (one, a, b), step)[0]


def int_to_int(lw: Lowering, a: int, b: int) -> Val:
    """``int ** int``. A negative exponent gives a float; where it is not known when compiling, CPython takes over."""
    known = lw.b.constant(b)
    if known is not None and known < 0:
        return float_to_float(lw, to_float(lw, a), to_float(lw, b))
    lw.check(lw.b.emit("sge", b, lw.int_const(0)), "overflow")
    return Val(INT, (int_power(lw, a, b, lambda x, y: lw.checked("mulo", x, y)),))


def is_simple(exponent: float) -> bool:
    """Whether `by_products` is for this exponent."""
    return 0.0 < abs(exponent) <= _MOST_FACTORS and not 2.0 * exponent % 1.0


def by_products(lw: Lowering, x: int, exponent: float) -> int | None:
    """``x ** exponent`` for multiples of 1/2 up to `_MOST_FACTORS`, by products, a root and a quotient: under fastmath.
    None for other exponents."""
    if not is_simple(exponent):
        return None
    size = abs(exponent)
    b, emit = lw.b, lw.b.emit
    type = lw.function.types[x]
    known = int(size)
    result, square = -1, x
    while known:
        if known & 1:
            result = square if result < 0 else emit("fmul", result, square)
        known >>= 1
        if known:
            square = emit("fmul", square, square)
    if size % 1.0:
        # A power of -0.0 is 0.0, of -inf it is inf.
        zero, inf = b.const(type, 0.0), b.const(type, math.inf)
        base = emit("select", emit("feq", x, b.const(type, -math.inf)), inf, emit("fadd", x, zero))
        root = emit("fsqrt", base)
        result = root if result < 0 else emit("fmul", emit("fabs", result), root)
    return result if exponent > 0.0 else emit("fdiv", b.const(type, 1.0), result)


def float_to_float(lw: Lowering, a: int, b: int) -> Val:
    """``float ** float``: zero to a negative power raises, a fractional power of a negative number is complex (there
    CPython takes over), and a result beyond the range raises."""
    known = lw.b.constant(b)
    if known == 0.0:
        return Val(FLOAT, (lw.float_const(1.0),))
    if known == 1.0:
        return Val(FLOAT, (a,))
    result = checked_pow(lw, a, b, True, ("zerodivision", "0.0 ** -1.0"), ("overflow", None), ("raise", RANGE_ERROR))
    return Val(FLOAT, (result,))


def checked_pow(
    lw: Lowering, a: int, b: int, infinity: bool, pole: Leaving, undefined: Leaving, beyond: Leaving
) -> int:
    """C's `pow`, which (by IEEE 754) agrees with CPython's own handling of special cases, and three checks.

    Args:
        infinity: whether zero to the power -inf is inf, rather than a pole.
        pole, undefined, beyond: kind and detail of the sites for zero to a negative power, a fractional power of a
            negative number, a result too large.
    """
    emit, zero, inf = lw.b.emit, lw.float_const(0.0), lw.float_const(math.inf)
    result = libm.call(lw, "pow", a, b)
    known = lw.b.constant(b)
    if known is not None and known * 2.0 % 1.0 == 0.0:
        if known < 0.0:
            lw.check(emit("fne", a, zero), *pole)
        if known % 1.0:
            lw.check(emit("or", emit("feq", result, result), emit("fne", a, a)), *undefined)
        if not 0.0 < known < 1.0:
            # Only numbers that are too large are left, and NaN, which is not infinite. The square of the float below
            # 2**512 is less than the greatest by its last place.
            if known == 2.0:
                fits = emit("flt", emit("fabs", a), lw.float_const(2.0**512))
            else:
                fits = emit("flt", result if known % 2.0 == 0.0 else emit("fabs", result), inf)
            lw.check(emit("or", fits, emit("not", emit("flt", emit("fabs", a), inf))), *beyond)
        return result

    def endless() -> Val:
        """The result is infinite or NaN: it may be one of the three cases."""
        lw.b.block.cold = True
        if known is None or known < 0.0:
            negative = emit("flt", b, zero)
            if infinity:
                negative = emit("and", negative, emit("fne", b, lw.float_const(-math.inf)))
            lw.check(emit("or", emit("fne", a, zero), emit("not", negative)), *pole)
        if known is None or not known.is_integer():
            numbers = emit("and", emit("feq", a, a), emit("feq", b, b))
            lw.check(emit("or", emit("feq", result, result), emit("not", numbers)), *undefined)
        # 0 * a * b is zero for finite operands and otherwise NaN, which is not infinite whatever is added.
        finite = emit("fmul", emit("fmul", a, zero), b)
        lw.check(emit("fne", emit("fadd", emit("fabs", result), finite), inf), *beyond)
        return Val(FLOAT, (result,))

    lw.if_else(emit("flt", emit("fabs", result), inf), lambda: Val(FLOAT, (result,)), endless)
    return result
