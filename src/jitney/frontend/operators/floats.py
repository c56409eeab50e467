"""Python's float, and the division algorithms that NumPy's floats share with it.

Sources: CPython `Objects/floatobject.c` (`float_rem`, `_float_div_mod`), NumPy `npy_math` (`npy_divmod`): the same
steps, so the same bits; NumPy's gives a / b and NaN where CPython raises.
"""

from __future__ import annotations

from ...lazy import lazy
from ...pytypes import FLOAT
from ..state import Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering
    from . import libm
else:
    libm = lazy("jitney.frontend.operators", "libm")


def _plain(op: str) -> Callable[[Lowering, int, int], Val]:
    return lambda lw, a, b: Val(FLOAT, (lw.b.emit(op, a, b),))


def check_divisor(lw: Lowering, b: int, text: str, allowed: int = -1) -> None:
    """Leave where a float divisor is zero, as `text` does in CPython; unless `allowed`, an i1, holds."""
    fine = lw.b.emit("fne", b, lw.float_const(0.0))
    if allowed >= 0:
        fine = lw.b.emit("or", fine, allowed)
    lw.check(fine, "zerodivision", text)


def _true_divide(lw: Lowering, a: int, b: int) -> Val:
    check_divisor(lw, b, "1.0 / 0.0")
    return Val(FLOAT, (lw.b.emit("fdiv", a, b),))


def _adjusted_fmod(lw: Lowering, a: int, b: int) -> tuple[int, int, int]:
    """C's remainder, whether the divisor must be added for Python's, and Python's."""
    emit, zero = lw.b.emit, lw.b.const(lw.function.types[a], 0.0)
    mod = libm.call(lw, "fmod", a, b)
    opposite = emit("xor", emit("flt", b, zero), emit("flt", mod, zero))
    adjust = emit("and", emit("fne", mod, zero), opposite)
    adjusted = emit("select", adjust, emit("fadd", mod, b), mod)
    return mod, adjust, emit("select", emit("feq", mod, zero), emit("fcopysign", zero, b), adjusted)


def remainder(lw: Lowering, a: int, b: int) -> int:
    """``a % b`` in f32 or f64; NaN for a zero divisor."""
    if lw.b.constant(b) == 1.0:
        return lw.b.emit("fsub", a, lw.b.emit("ffloor", a))
    return _adjusted_fmod(lw, a, b)[2]


def divide_with_remainder(lw: Lowering, a: int, b: int) -> tuple[int, int]:
    """``divmod(a, b)`` in f32 or f64 for a divisor other than zero."""
    emit, type = lw.b.emit, lw.function.types[a]
    zero, one, half = lw.b.const(type, 0.0), lw.b.const(type, 1.0), lw.b.const(type, 0.5)
    mod, adjust, result = _adjusted_fmod(lw, a, b)
    div = emit("fdiv", emit("fsub", a, mod), b)
    div = emit("select", adjust, emit("fsub", div, one), div)
    floor = emit("ffloor", div)
    floor = emit("select", emit("fgt", emit("fsub", div, floor), half), emit("fadd", floor, one), floor)
    signed_zero = emit("fcopysign", zero, emit("fdiv", a, b))
    return emit("select", emit("fne", div, zero), floor, signed_zero), result


def _remainder(lw: Lowering, a: int, b: int) -> Val:
    check_divisor(lw, b, "1.0 % 0.0")
    return Val(FLOAT, (remainder(lw, a, b),))


def _floor_divide(lw: Lowering, a: int, b: int) -> Val:
    check_divisor(lw, b, "1.0 // 0.0")
    return Val(FLOAT, (divide_with_remainder(lw, a, b)[0],))


def _divmod(lw: Lowering, a: int, b: int) -> Val:
    check_divisor(lw, b, "divmod(1.0, 0.0)")
    div, mod = divide_with_remainder(lw, a, b)
    return lw.make_tuple([Val(FLOAT, (div,)), Val(FLOAT, (mod,))])


BINARY: dict[str, Callable[[Lowering, int, int], Val]] = {
    "+": _plain("fadd"),
    "-": _plain("fsub"),
    "*": _plain("fmul"),
    "/": _true_divide,
    "//": _floor_divide,
    "%": _remainder,
    "divmod": _divmod,
}
