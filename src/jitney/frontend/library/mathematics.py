"""The module `math`: C's functions as CPython calls them, with the checks of its wrappers.

Source: CPython `Modules/mathmodule.c`. A domain or range error is told in the running interpreter's own words: the
check's site evaluates a call that fails in the same way.
"""

from __future__ import annotations

import ctypes
import math
import sys

from ...ir.types import F64, PTR
from ...lazy import lazy
from ...pytypes import BOOL, FLOAT, INT, NONE, SCALARS, Array, Scalar, Union
from .. import operators
from ..operators import libm
from ..operators.errors import type_error
from ..operators.floats import check_divisor
from ..operators.integers import to_float
from ..operators.unions import converts, to_float64
from ..state import NONE_VAL, Val
from .builtins import positional, whole_float_to_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..operators import constants, power
    from ..state import Lowering
    from . import boxed, lengths
    from .builtins import Row
else:
    constants, power = lazy("jitney.frontend.operators", "constants", "power")
    boxed, lengths = lazy("jitney.frontend.library", "boxed", "lengths")

_MIN_NORMAL = 2.2250738585072014e-308


def _real(lw: Lowering, value: Val, name: str) -> int:
    """An argument as CPython makes it a double."""
    if converts(value.type):
        return to_float64(lw, value)
    if isinstance(value.type, Union):
        return lw.split(value, lambda v: Val(FLOAT, (_real(lw, v, name),))).parts[0]
    if constants.is_big(value):
        try:
            return lw.float_const(float(value.type.value))  # type: ignore[attr-defined]
        except OverflowError as error:
            lw.fail_with(OverflowError, *error.args)
    if isinstance(value.type, Array):
        lw.unsupported(f"math.{name} of {value.type} is not supported")
    type_error(lw, math.trunc if name == "trunc" else math.fabs, value)


def _check(lw: Lowering, cond: int, failing: str) -> None:
    """Leave unless `cond`, with what the call `failing` of a function of `math` raises."""
    lw.check(cond, "evaluate", f"import math\nmath.{failing}")


def _check_range(lw: Lowering, result: int, x: int, failing: str) -> None:
    """Leave where the result is infinite and the argument is not."""
    emit, inf = lw.b.emit, lw.float_const(math.inf)

    def endless() -> Val:
        lw.b.block.cold = True
        # inf - inf is NaN.
        _check(lw, emit("fne", emit("fsub", emit("fabs", result), emit("fabs", x)), inf), failing)
        return Val(FLOAT, (result,))

    lw.if_else(emit("flt", emit("fabs", result), inf), lambda: Val(FLOAT, (result,)), endless)


def _check_defined(lw: Lowering, result: int, args: tuple[int, ...], failing: str) -> None:
    """Leave where the result is NaN and no argument is."""
    emit = lw.b.emit
    fine = emit("feq", result, result)
    for x in args:
        fine = emit("or", fine, emit("fne", x, x))
    _check(lw, fine, failing)


# -- functions of one argument -----------------------------------------------------------------------------------------

# Per function the arguments outside its domain: op and bound, "|" before the op: of the magnitude; and one such
# argument for the message. Or the message's argument alone where the result may be beyond the range.
_DOMAINS: dict[str, tuple[str, float, str]] = {
    "sqrt": ("flt", 0.0, "-1.0"),
    "log": ("fle", 0.0, "0.0"),
    "log2": ("fle", 0.0, "0.0"),
    "log10": ("fle", 0.0, "0.0"),
    "log1p": ("fle", -1.0, "-1.0"),
    "acosh": ("flt", 1.0, "0.0"),
    "asin": ("|fgt", 1.0, "2.0"),
    "acos": ("|fgt", 1.0, "2.0"),
    "atanh": ("|fge", 1.0, "1.0"),
    "sin": ("|feq", math.inf, "math.inf"),
    "cos": ("|feq", math.inf, "math.inf"),
    "tan": ("|feq", math.inf, "math.inf"),
}
# Per function the greatest argument, "|" before the name: in magnitude, whose result is not infinite. A last place of
# it changes the result by hundreds of its own, so it does not depend on who computes the function.
_RANGES: dict[str, tuple[str, float]] = {
    "exp": ("", 709.782712893384),
    "exp2": ("", 1023.9999999999999),
    "expm1": ("", 709.782712893384),
    "sinh": ("|", 710.4758600739439),
    "cosh": ("|", 710.4758600739439),
}
_TOTAL = ("atan", "asinh", "tanh", "cbrt", "erf", "erfc")
_MACHINE = {"sqrt": "fsqrt", "fabs": "fabs"}


def _check_domain(lw: Lowering, name: str, x: int) -> None:
    op, bound, failing = _DOMAINS[name]
    if op[0] == "|":
        x, op = lw.b.emit("fabs", x), op[1:]
    _check(lw, lw.b.emit("not", lw.b.emit(op, x, lw.float_const(bound))), f"{name}({failing})")


def _check_finite(lw: Lowering, name: str, x: int) -> None:
    """Leave where the result is infinite and the argument is not. By the argument, which need not outlive the call."""
    size, greatest = _RANGES[name]
    if size:
        x = lw.b.emit("fabs", x)

    def endless() -> Val:
        lw.b.block.cold = True
        _check(lw, lw.b.emit("feq", x, lw.float_const(math.inf)), f"{name}(1e10)")
        return NONE_VAL

    lw.if_else(lw.b.emit("fgt", x, lw.float_const(greatest)), endless, lambda: NONE_VAL)


def _compute(lw: Lowering, name: str, x: int) -> int:
    if name in _DOMAINS:
        _check_domain(lw, name, x)
    if name in _RANGES:
        _check_finite(lw, name, x)
    machine = _MACHINE.get(name)
    if machine is not None:
        return lw.b.emit(machine, x)
    return libm.call(lw, name, x)


def _unary(name: str) -> Row:
    @positional(1, 1)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        return Val(FLOAT, (_compute(lw, name, _real(lw, args[0], name)),))

    return row


@positional(1, 2)
def _log(lw: Lowering, args: list[Val]) -> Val | None:
    logs = [_compute(lw, "log", _real(lw, v, "log")) for v in args]
    if len(logs) == 1:
        return Val(FLOAT, (logs[0],))
    check_divisor(lw, logs[1], "1.0 / 0.0")
    return Val(FLOAT, (lw.b.emit("fdiv", logs[0], logs[1]),))


def _scaled(factor: float) -> Row:
    @positional(1, 1)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        return Val(FLOAT, (lw.b.emit("fmul", _real(lw, args[0], "degrees"), lw.float_const(factor)),))

    return row


def _test(op: str, *, of_nan: bool = False) -> Row:
    @positional(1, 1)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        x = _real(lw, args[0], "isnan")
        if of_nan:
            return Val(BOOL, (lw.b.emit(op, x, x),))
        return Val(BOOL, (lw.b.emit(op, lw.b.emit("fabs", x), lw.float_const(math.inf)),))

    return row


def _integral(name: str, machine: str) -> Row:
    @positional(1, 1)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        return lw.split(args[0], lambda v: one(lw, v))

    def one(lw: Lowering, value: Val) -> Val:
        if value.type is INT or value.type is BOOL:
            return operators.unary(lw, "+", value)
        if name == "trunc" and isinstance(value.type, Scalar) and value.type is not SCALARS["float64"]:
            type_error(lw, math.trunc, value)
        x = _real(lw, value, name)
        return whole_float_to_int(lw, lw.b.emit(machine, x), x, f"import math\nmath.{name}(x)")

    return row


@positional(1, 1)
def _modf(lw: Lowering, args: list[Val]) -> Val | None:
    emit, x = lw.b.emit, _real(lw, args[0], "modf")
    whole = emit("ftrunc", x)
    infinite = emit("feq", emit("fabs", x), lw.float_const(math.inf))
    fraction = emit("select", infinite, lw.float_const(0.0), emit("fsub", x, whole))
    return lw.make_tuple([Val(FLOAT, (emit("fcopysign", fraction, x),)), Val(FLOAT, (whole,))])


@positional(1, 1)
def _frexp(lw: Lowering, args: list[Val]) -> Val | None:
    emit, x = lw.b.emit, _real(lw, args[0], "frexp")
    zero, magnitude = lw.int_const(0), lw.b.emit("fabs", x)
    finite = emit("flt", magnitude, lw.float_const(math.inf))
    special = emit("or", emit("feq", x, lw.float_const(0.0)), emit("not", finite))
    tiny = emit("flt", magnitude, lw.float_const(_MIN_NORMAL))
    normal = emit("select", tiny, emit("fmul", x, lw.float_const(2.0**54)), x)
    bits = emit("f2bits", normal)
    biased = emit("and", emit("lshr", bits, lw.int_const(52)), lw.int_const(0x7FF))
    exponent = emit("sub", biased, emit("select", tiny, lw.int_const(1022 + 54), lw.int_const(1022)))
    half = emit("or", emit("and", bits, lw.int_const(~(0x7FF << 52))), lw.int_const(1022 << 52))
    mantissa = emit("select", special, x, emit("bits2f", half))
    return lw.make_tuple([Val(FLOAT, (mantissa,)), Val(INT, (emit("select", special, zero, exponent),))])


@positional(1, 1)
def _ulp(lw: Lowering, args: list[Val]) -> Val | None:
    emit, inf = lw.b.emit, lw.float_const(math.inf)
    x = emit("fabs", _real(lw, args[0], "ulp"))
    above = emit("fsub", libm.call(lw, "nextafter", x, inf), x)
    below = emit("fsub", x, libm.call(lw, "nextafter", x, lw.float_const(-math.inf)))
    result = emit("select", emit("feq", above, inf), below, above)
    return Val(FLOAT, (emit("select", emit("feq", x, inf), inf, result),))


# -- functions of several arguments ------------------------------------------------------------------------------------


def _binary(name: str, machine: str = "", failing: str = "") -> Row:
    """By an operation or C function; `failing` is a call where the result is NaN though no argument is."""

    @positional(2, 2)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        x, y = _real(lw, args[0], name), _real(lw, args[1], name)
        result = lw.b.emit(machine, x, y) if machine else libm.call(lw, name, x, y)
        if failing:
            _check_defined(lw, result, (x, y), failing)
        return Val(FLOAT, (result,))

    return row


@positional(2, 2)
def _pow(lw: Lowering, args: list[Val]) -> Val | None:
    x, y = _real(lw, args[0], "pow"), _real(lw, args[1], "pow")
    pole, undefined, beyond = [
        ("evaluate", f"import math\nmath.pow({a})") for a in ("0.0, -1.0", "-1.0, 0.5", "1e300, 2.0")
    ]
    return Val(FLOAT, (power.checked_pow(lw, x, y, sys.version_info >= (3, 11), pole, undefined, beyond),))


@positional(2, 2)
def _ldexp(lw: Lowering, args: list[Val]) -> Val | None:
    if args[1].type is not INT and args[1].type is not BOOL:
        return None if isinstance(args[1].type, Union) else type_error(lw, math.ldexp, *args)
    emit, x = lw.b.emit, _real(lw, args[0], "ldexp")
    exponent = operators.to_index(lw, args[1])
    # Far beyond the range of exponents, and still an `int` of C.
    exponent = emit("smin", emit("smax", exponent, lw.int_const(-10000)), lw.int_const(10000))
    result = lw.ccall("ldexp", libm.address(lw, "ldexp"), (x, exponent), F64)
    _check_range(lw, result, x, "ldexp(1.0, 10000)")
    return Val(FLOAT, (result,))


@positional(3, 3)
def _fma(lw: Lowering, args: list[Val]) -> Val | None:
    x, y, z = [_real(lw, v, "fma") for v in args]
    emit, inf = lw.b.emit, lw.float_const(math.inf)
    result = libm.call(lw, "fma", x, y, z)
    _check_defined(lw, result, (x, y, z), "fma(math.inf, 0.0, 0.0)")
    zero = lw.float_const(0.0)
    # Zero where all arguments are finite, else NaN.
    finite = emit("fmul", emit("fmul", emit("fmul", x, zero), y), z)
    _check(lw, emit("fne", emit("fadd", emit("fabs", result), finite), inf), "fma(1e300, 1e300, 0.0)")
    return Val(FLOAT, (result,))


def _isclose(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if len(args) != 2 or not set(kwargs) <= {"rel_tol", "abs_tol"}:
        return None
    emit, zero, inf = lw.b.emit, lw.float_const(0.0), lw.float_const(math.inf)
    a, b = [_real(lw, v, "isclose") for v in args]
    relative = _real(lw, kwargs.get("rel_tol", lw.constant(1e-09)), "isclose")
    absolute = _real(lw, kwargs.get("abs_tol", lw.constant(0.0)), "isclose")
    negative = emit("or", emit("flt", relative, zero), emit("flt", absolute, zero))
    _check(lw, emit("not", negative), "isclose(1.0, 1.0, rel_tol=-1.0)")
    difference = emit("fabs", emit("fsub", b, a))
    near = emit("fle", difference, absolute)
    for x in (a, b):
        near = emit("or", near, emit("fle", difference, emit("fabs", emit("fmul", relative, x))))
    finite = emit("and", emit("fne", emit("fabs", a), inf), emit("fne", emit("fabs", b), inf))
    return Val(BOOL, (emit("or", emit("feq", a, b), emit("and", finite, near)),))


# -- functions of ints -------------------------------------------------------------------------------------------------


def _integers(lw: Lowering, args: list[Val]) -> list[int] | None:
    """The arguments by `operator.index`; None if one is an array, of several types, or None, which may be a default."""
    if any(isinstance(v.type, (Array, Union)) or v.type is NONE for v in args):
        return None
    return [operators.to_index(lw, v) for v in args]


def _magnitude(lw: Lowering, a: int, b: int) -> int:
    """The greatest common divisor, unsigned, by Euclid."""
    emit, zero, one = lw.b.emit, lw.int_const(0), lw.int_const(1)

    def step(values: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        x, y = values
        done = emit("eq", y, zero)
        rest = emit("urem", x, emit("select", done, one, y))
        rest = emit("select", done, zero, rest)
        return emit("ne", rest, zero), (emit("select", done, x, y), rest)

    return power.repeat(lw, (emit("iabs", a), emit("iabs", b)), step)[0]


def _gcd(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    parts = _integers(lw, args)
    if parts is None or kwargs:
        return None
    result = parts[0] if parts else lw.int_const(0)
    for part in parts[1:] or [lw.int_const(0)]:
        result = _magnitude(lw, result, part)
    lw.check(lw.b.emit("sge", result, lw.int_const(0)), "overflow")
    return Val(INT, (result,))


def _lcm(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    parts = _integers(lw, args)
    if parts is None or kwargs:
        return None
    emit, zero, one = lw.b.emit, lw.int_const(0), lw.int_const(1)
    result = one
    for part in parts:
        divisor = _magnitude(lw, result, part)
        factor = emit("udiv", emit("iabs", result), emit("select", emit("eq", divisor, zero), one, divisor))
        result = lw.checked("mulo", factor, part)
        lw.check(emit("ne", result, lw.int_const(-(1 << 63))), "overflow")
        result = emit("iabs", result)
    return Val(INT, (result,))


@positional(1, 1)
def _isqrt(lw: Lowering, args: list[Val]) -> Val | None:
    parts = _integers(lw, args)
    if parts is None:
        return None
    n, emit, one = parts[0], lw.b.emit, lw.int_const(1)
    _check(lw, emit("sge", n, lw.int_const(0)), "isqrt(-1)")
    # The float square root is off by one at most; the greatest root of 64 bits bounds what is squared.
    root = emit("smin", emit("f2i", emit("fsqrt", to_float(lw, n))), lw.int_const(3037000499))
    root = emit("sub", root, emit("b2i", emit("sgt", emit("mul", root, root), n)))
    above = emit("add", root, one)
    return Val(INT, (emit("add", root, emit("b2i", emit("ule", emit("mul", above, above), n))),))


_factorials: list[ctypes.Array[ctypes.c_int64]] = []


@positional(1, 1)
def _factorial(lw: Lowering, args: list[Val]) -> Val | None:
    parts = _integers(lw, args)
    if parts is None:
        return None
    if not _factorials:
        _factorials.append((ctypes.c_int64 * 21)(*[math.factorial(k) for k in range(21)]))
    n = parts[0]
    _check(lw, lw.b.emit("sge", n, lw.int_const(0)), "factorial(-1)")
    lw.check(lw.b.emit("sle", n, lw.int_const(20)), "overflow")
    table = lw.b.const(PTR, ctypes.addressof(_factorials[0]))
    return Val(INT, (lw.b.load(SCALARS["int64"].access, table, n, 8),))


# -- functions that CPython computes in its own way --------------------------------------------------------------------

_VARIABLES = ("x", "y", "z")


def _boxed(name: str) -> Row:
    @positional(1, 1)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        return boxed.call(lw, getattr(math, name), (_real(lw, args[0], name),), f"import math\nmath.{name}(x)")

    return row


@positional(1, 3)
def _hypot(lw: Lowering, args: list[Val]) -> Val | None:
    parts = tuple([_real(lw, v, "hypot") for v in args])
    if lw.function.fastmath and len(parts) == 2:
        return Val(FLOAT, (libm.call(lw, "hypot", *parts),))

    def by_python() -> Val:
        return boxed.call(lw, math.hypot, parts, f"import math\nmath.hypot({', '.join(_VARIABLES[: len(parts)])})")

    whole = len(parts) == 1 or not lw.hooks.host.fuses
    return by_python() if whole else lengths.hypot(lw, parts, by_python)


def _boxed_of_ints(name: str) -> Row:
    @positional(2, 2)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        parts = _integers(lw, args)
        if parts is None:
            return None
        text = f"import math\nmath.{name}(x, y)"
        return boxed.call(lw, getattr(math, name), tuple(parts), text, as_int=True)

    return row


ROWS: dict[str, Row] = {
    **{name: _unary(name) for name in (*_DOMAINS, *_RANGES, *_TOTAL, *_MACHINE)},
    "log": _log,
    "degrees": _scaled(180.0 / math.pi),
    "radians": _scaled(math.pi / 180.0),
    "isnan": _test("fne", of_nan=True),
    "isinf": _test("feq"),
    "isfinite": _test("flt"),
    "floor": _integral("floor", "ffloor"),
    "ceil": _integral("ceil", "fceil"),
    "trunc": _integral("trunc", "ftrunc"),
    "modf": _modf,
    "frexp": _frexp,
    "ulp": _ulp,
    "pow": _pow,
    "atan2": _binary("atan2"),
    "copysign": _binary("copysign", "fcopysign"),
    "fmod": _binary("fmod", failing="fmod(1.0, 0.0)"),
    "remainder": _binary("remainder", failing="remainder(1.0, 0.0)"),
    "nextafter": _binary("nextafter"),
    "ldexp": _ldexp,
    "fma": _fma,
    "isclose": _isclose,
    "gcd": _gcd,
    "lcm": _lcm,
    "isqrt": _isqrt,
    "factorial": _factorial,
    "gamma": _boxed("gamma"),
    "lgamma": _boxed("lgamma"),
    "hypot": _hypot,
    "comb": _boxed_of_ints("comb"),
    "perm": _boxed_of_ints("perm"),
}
