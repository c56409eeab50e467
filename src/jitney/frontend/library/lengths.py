"""``math.hypot`` of two or three numbers without a call, with CPython's bits.

CPython sums the squares in several parts and mends the root by one step of Newton's iteration with an exact rest: it
gives the float that is next to the root of the sum, but where the root lies within some 2**-45 units in the last place
of the middle between two floats. So does this, with other steps (Dekker's, Knuth's); where the root may lie so near to
a middle, and for magnitudes whose squares lose bits, infinities and NaN, CPython itself is called.

    h = sqrt(s)                  s + t: the sum of the squares in two parts
    c = (s - h * h + t) / 2h     h + c: the root in two parts

Source: CPython `Modules/mathmodule.c`, vector_norm.
"""

from __future__ import annotations

from ...ir.types import I64
from ...pytypes import FLOAT
from ..state import Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering

_MORE = 1.0 + 2.0**-30  # times what may be half a unit
_LEAST, _SPAN = (1023 - 400) << 52, 800 << 52  # from 2**-400 up to 2**400, as bits


def hypot(lw: Lowering, parts: tuple[int, ...], by_python: Callable[[], Val]) -> Val:
    """The length of a vector of two or more f64."""
    emit, const = lw.b.emit, lw.float_const
    total, rest = _square(lw, parts[0])
    for part in parts[1:]:
        square, low = _square(lw, part)
        sum = emit("fadd", total, square)
        other = emit("fsub", sum, total)
        lost = emit("fadd", emit("fsub", total, emit("fsub", sum, other)), emit("fsub", square, other))
        total, rest = sum, emit("fadd", rest, emit("fadd", lost, low))
    root = emit("fsqrt", total)
    more = emit("fadd", emit("fma", emit("fneg", root), root, total), rest)
    more = emit("fdiv", more, emit("fadd", root, root))
    length = emit("fadd", root, more)
    low = emit("fsub", more, emit("fsub", length, root))
    sure = emit("feq", emit("fma", low, const(_MORE), length), length)
    bits = emit("sub", emit("f2bits", length), lw.b.const(I64, _LEAST))
    sure = emit("and", sure, emit("ult", bits, lw.b.const(I64, _SPAN)))

    def unusual() -> Val:
        zero = lw.bool_const(True)
        for part in parts:
            zero = emit("and", zero, emit("feq", part, const(0.0)))
        return lw.if_else(zero, lambda: Val(FLOAT, (const(0.0),)), by_python)

    return lw.if_else(sure, lambda: Val(FLOAT, (length,)), unusual)


def _square(lw: Lowering, part: int) -> tuple[int, int]:
    square = lw.b.emit("fmul", part, part)
    return square, lw.b.emit("fma", part, part, lw.b.emit("fneg", square))
