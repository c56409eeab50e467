"""Python's int: 64 bits, checked. Each row takes machine values and gives what CPython's operator gives.

Whatever does not fit leaves through a site of kind "overflow": CPython then computes the call with its big ints.
"""

from __future__ import annotations

from ...ir.function import NEEDED
from ...ir.types import F64
from ...pytypes import FLOAT, INT
from ..state import Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering

MIN, MAX = -(1 << 63), (1 << 63) - 1
EXACT = 1 << 53  # every int up to here is a float, too


def _add(lw: Lowering, a: int, b: int) -> Val:
    return Val(INT, (lw.checked("addo", a, b),))


def _subtract(lw: Lowering, a: int, b: int) -> Val:
    return Val(INT, (lw.checked("subo", a, b),))


def _multiply(lw: Lowering, a: int, b: int) -> Val:
    return Val(INT, (lw.checked("mulo", a, b),))


def check_divisor(lw: Lowering, b: int, text: str) -> None:
    """Leave where an int divisor is 0, as `text` does in CPython."""
    lw.check(lw.b.emit("ne", b, lw.int_const(0)), "zerodivision", text)


def quotient(lw: Lowering, a: int, b: int) -> int:
    """``a // b`` of a divisor that is not 0; the one quotient beyond 64 bits overflows."""
    known_a, known_b = lw.b.constant(a), lw.b.constant(b)
    if known_a in (None, MIN) and known_b in (None, -1):
        safe = lw.b.emit("or", lw.b.emit("ne", b, lw.int_const(-1)), lw.b.emit("ne", a, lw.int_const(MIN)))
        lw.check(safe, "overflow")
    return lw.b.emit("floordiv", a, b)


def _floor_divide(lw: Lowering, a: int, b: int) -> Val:
    check_divisor(lw, b, "1 // 0")
    return Val(INT, (quotient(lw, a, b),))


def _remainder(lw: Lowering, a: int, b: int) -> Val:
    check_divisor(lw, b, "1 % 0")
    return Val(INT, (lw.b.emit("floormod", a, b),))


def divide_with_remainder(lw: Lowering, a: int, b: int) -> Val:
    """``divmod(a, b)``."""
    check_divisor(lw, b, "divmod(1, 0)")
    return lw.make_tuple([Val(INT, (quotient(lw, a, b),)), Val(INT, (lw.b.emit("floormod", a, b),))])


def to_float(lw: Lowering, a: int) -> int:
    """The nearest float, as CPython's conversion gives it."""
    return lw.b.emit("i2f", a, type=F64)


def _exact_float(lw: Lowering, a: int) -> int:
    """The float equal to `a`; leaves where it might not exist."""
    known = lw.b.constant(a)
    if known is None:
        within = lw.b.emit("ule", lw.b.emit("add", a, lw.int_const(EXACT)), lw.int_const(2 * EXACT))
        lw.check(within, "overflow")
    elif int(float(known)) != known:
        lw.fail("overflow")
    return to_float(lw, a)


def _true_divide(lw: Lowering, a: int, b: int) -> Val:
    # The quotient of two floats is rounded once, so it is exact where both conversions are. Dividing by a power of
    # two only moves the exponent: there the one rounding is that of the dividend's conversion.
    check_divisor(lw, b, "1 / 0")
    known = lw.b.constant(b)
    power_of_two = known is not None and abs(known) & (abs(known) - 1) == 0
    x = to_float(lw, a) if power_of_two else _exact_float(lw, a)
    return Val(FLOAT, (lw.b.emit("fdiv", x, _exact_float(lw, b)),))


def _check_count(lw: Lowering, count: int) -> None:
    not_negative = lw.b.emit("sge", count, lw.int_const(0))
    lw.check(not_negative, "raise", (ValueError, ("negative shift count",)))


def _left_shift(lw: Lowering, a: int, count: int) -> Val:
    _check_count(lw, count)
    b, zero = lw.b, lw.int_const(0)
    known = b.constant(a)
    if known is not None and known > 0:
        fits = b.emit("ule", count, lw.int_const(63 - known.bit_length()))
        lw.check(fits, "overflow")
        return Val(INT, (b.emit("shl", a, count),))
    lw.check(b.emit("or", b.emit("ult", count, lw.int_const(64)), b.emit("eq", a, zero)), "overflow")
    shifted = b.emit("shl", a, count)
    lw.check(b.emit("eq", b.emit("sar", shifted, count), a), "overflow")
    return Val(INT, (shifted,))


def _right_shift(lw: Lowering, a: int, count: int) -> Val:
    _check_count(lw, count)
    return Val(INT, (lw.b.emit("sar", a, lw.b.emit("smin", count, lw.int_const(63))),))


def _plain(op: str) -> Callable[[Lowering, int, int], Val]:
    return lambda lw, a, b: Val(INT, (lw.b.emit(op, a, b),))


BINARY: dict[str, Callable[[Lowering, int, int], Val]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "//": _floor_divide,
    "%": _remainder,
    "/": _true_divide,
    "<<": _left_shift,
    ">>": _right_shift,
    "&": _plain("and"),
    "|": _plain("or"),
    "^": _plain("xor"),
    "divmod": divide_with_remainder,
}


_BITWISE = frozenset(("and", "or", "xor", "not"))


def exact(lw: Lowering, v: int) -> int:
    """An int that NumPy is given: it must fit 64 bits also where no more than its low bits come to anything."""
    function = lw.function
    ops, args, imms = function.ops, function.args, function.imms
    work = [v]
    while work:
        w = work.pop()
        op = ops[w]
        if op.base:
            function.sites[imms[w]].detail = NEEDED
        elif op.name in _BITWISE:
            work.extend(args[w])
        elif op.name == "shl":
            for guard in function.homes[w].insts:
                if ops[guard].name == "guard" and any(args[e][:1] == (w,) for e in args[args[guard][0]]):
                    function.sites[imms[guard]].detail = NEEDED
    return v


def negate(lw: Lowering, a: int) -> Val:
    return Val(INT, (lw.checked("subo", lw.int_const(0), a),))


def absolute(lw: Lowering, a: int) -> Val:
    lw.check(lw.b.emit("ne", a, lw.int_const(MIN)), "overflow")
    return Val(INT, (lw.b.emit("iabs", a),))
