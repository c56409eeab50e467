"""Operators on NumPy scalars, by the rules of NumPy 2 (NEP 50).

The type of a result is what NumPy itself gives for a sample, once per operator and pair of types; both operands are
converted to it and the operation is done there. Python's int and float are *weak*: they take the type of the NumPy
operand of their kind, and an int that does not fit it raises. Integers wrap; dividing by zero gives 0, inf or NaN.
"""

from __future__ import annotations

import sys

from ...ir.types import F64
from ...lazy import lazy
from ...pytypes import BOOL, FLOAT, INT, ITEMS, SCALARS, Constant, Scalar
from ..state import Val, constant_value
from . import floats
from .errors import sample, type_error
from .integers import exact
from .python import FLOAT_COMPARE, FUNCTIONS, NUMBERS, UNARY_FUNCTIONS, as_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...pytypes import PyType
    from ..state import Lowering
    from . import libm, power, ufunc_loops
else:
    libm, power, ufunc_loops = lazy("jitney.frontend.operators", "libm", "power", "ufunc_loops")

NP_BOOL, FLOAT64, INT64, UINT64 = SCALARS["bool"], SCALARS["float64"], SCALARS["int64"], SCALARS["uint64"]
_results: dict[Any, Scalar | None] = {}


def takes(a: PyType, b: PyType) -> bool:
    """Whether both are numbers, and NumPy's rules hold."""
    return (isinstance(a, Scalar) and _number(b)) or (isinstance(b, Scalar) and _number(a))


def _number(t: PyType) -> bool:
    return t in NUMBERS or isinstance(t, Scalar) or (isinstance(t, Constant) and type(t.value) is int)


def result_type(function: Callable[..., Any], *types: PyType) -> Scalar | None:
    """The type of NumPy's result for operands of these types; None where it raises, or gives no scalar we know."""
    key = (function, *types)
    found = _results.get(key, key)
    if found is key:
        numpy = sys.modules["numpy"]
        try:
            with numpy.errstate(all="ignore"):
                result = function(*[sample(t) for t in types])
        except Exception:
            found = None
        else:
            found = ITEMS.get(result.dtype.name) if isinstance(result, numpy.generic) else None
        _results[key] = found
    return found  # type: ignore[return-value]


# -- conversions -------------------------------------------------------------------------------------------------------


def bounds(t: Scalar) -> tuple[int, int]:
    """The least and the greatest integer of an integer type."""
    return (-(1 << t.bits - 1), (1 << t.bits - 1) - 1) if t.kind == "i" else (0, (1 << t.bits) - 1)


def wrap(lw: Lowering, value: int, t: Scalar) -> int:
    """The low bits of an i64 as the integer type holds them."""
    return value if t.bits == 64 else lw.b.emit(("sext" if t.kind == "i" else "zext") + str(t.bits), value)


def check_fits(lw: Lowering, value: int, t: Scalar, statement: str) -> None:
    """Leave where a signed i64 is not in the range of the integer type, with what `statement` on `x` raises."""
    low, high = bounds(t)
    if t is INT64:
        return
    if t is UINT64:
        fits = lw.b.emit("sge", value, lw.int_const(0))
    else:
        offset = lw.b.emit("sub", value, lw.int_const(low))
        fits = lw.b.emit("ule", offset, lw.int_const(high - low))
    lw.check(fits, "evaluate", statement, (value,), ("x",))


def float_to_uint64(lw: Lowering, a: int) -> int:
    """C's conversion of a float to uint64, as x86 compilers do it: also for what is out of range."""
    emit, limit = lw.b.emit, lw.b.const(lw.function.types[a], 2.0**63)
    high = emit("xor", emit("f2i", emit("fsub", a, limit)), lw.int_const(-(1 << 63)))
    return emit("select", emit("fge", a, limit), high, emit("f2i", a))


def _float_to_integer(lw: Lowering, part: int, t: Scalar) -> int:
    if t is UINT64:
        return float_to_uint64(lw, part)
    emit = lw.b.emit
    whole = emit("f2i", part)
    if t.bits < 32 or t.dtype == "int32":
        # By a conversion to 32 bits, which gives the least number for what is out of range.
        low = emit("sext32", whole)
        whole = emit("select", emit("eq", low, whole), low, lw.int_const(-(1 << 31)))
    return wrap(lw, whole, t)


def cast(lw: Lowering, part: int, source: Scalar, t: Scalar) -> int:
    """A value of one NumPy type as another, converted as C does (`astype`)."""
    emit = lw.b.emit
    if source is t:
        return part
    if t.kind == "b":
        zero = lw.b.const(lw.function.types[part], 0)
        return emit("fne" if source.kind == "f" else "ne", part, zero)
    if source.kind == "b":
        part = emit("b2i", part)
    if t.kind == "f":
        machine = t.access.type
        if source.kind != "f":
            return emit("u2f" if source is UINT64 else "i2f", part, type=machine)
        return emit("fext", part) if machine is F64 else emit("fround", part)
    if source.kind == "f":
        return _float_to_integer(lw, part, t)
    low, high = bounds(t)
    own_low, own_high = bounds(source) if source.kind != "b" else (0, 1)
    return part if low <= own_low and own_high <= high else wrap(lw, part, t)


def convert(lw: Lowering, a: Val, t: Scalar) -> int:
    """A NumPy scalar, or a weak Python number, as an operand of type `t`."""
    type = a.type
    if isinstance(type, Scalar):
        return cast(lw, a.parts[0], type, t)
    if type is BOOL:
        return cast(lw, a.parts[0], NP_BOOL, t)
    if type is FLOAT:
        return cast(lw, a.parts[0], FLOAT64, t)
    if type is INT:
        if t.kind == "f":
            # By way of a double, as NumPy does it: for float32 that rounds twice.
            return cast(lw, cast(lw, a.parts[0], INT64, FLOAT64), FLOAT64, t)
        if t.kind == "b":
            return lw.b.emit("ne", a.parts[0], lw.int_const(0))
        check_fits(lw, a.parts[0], t, f"import numpy\nnumpy.{t.dtype}(1) + x")
        return exact(lw, a.parts[0])
    big = constant_value(a)
    if t.kind == "f":
        return lw.b.const(t.access.type, float(big))
    return lw.int_const(big)


# -- integers ----------------------------------------------------------------------------------------------------------


def _floor_divide(lw: Lowering, a: int, b: int, t: Scalar) -> int:
    emit, zero, one = lw.b.emit, lw.int_const(0), lw.int_const(1)
    is_zero = emit("eq", b, zero)
    if t.kind == "u":
        divisor = emit("select", is_zero, one, b)
        return emit("select", is_zero, zero, emit("udiv", a, divisor))
    if t is not INT64:
        divisor = emit("select", is_zero, one, b)
        return emit("select", is_zero, zero, wrap(lw, emit("floordiv", a, divisor), t))
    known = lw.b.constant(b)
    if known is not None and known not in (0, -1):
        return emit("floordiv", a, b)
    minus = emit("eq", b, lw.int_const(-1))
    divisor = emit("select", emit("or", is_zero, minus), one, b)
    divided = emit("select", minus, emit("neg", a), emit("floordiv", a, divisor))
    return emit("select", is_zero, zero, divided)


def _remainder(lw: Lowering, a: int, b: int, t: Scalar) -> int:
    emit, zero = lw.b.emit, lw.int_const(0)
    is_zero = emit("eq", b, zero)
    divisor = emit("select", is_zero, lw.int_const(1), b)
    # Modulo 1 gives 0: what NumPy gives for a zero divisor.
    return emit("urem" if t.kind == "u" else "floormod", a, divisor)


def _left_shift(lw: Lowering, a: int, b: int, t: Scalar) -> int:
    emit = lw.b.emit
    shifted = wrap(lw, emit("shl", a, b), t)
    return emit("select", emit("ult", b, lw.int_const(64)), shifted, lw.int_const(0))


def _right_shift(lw: Lowering, a: int, b: int, t: Scalar) -> int:
    emit = lw.b.emit
    if t.kind == "i":
        return emit("sar", a, emit("umin", b, lw.int_const(63)))
    return emit("select", emit("ult", b, lw.int_const(64)), emit("lshr", a, b), lw.int_const(0))


def integer_power(lw: Lowering, a: int, b: int, t: Scalar) -> int:
    """``a ** b`` of an integer type."""
    if t.kind == "i":
        error = (ValueError, ("Integers to negative integer powers are not allowed.",))
        positive = lw.b.emit("sge", b, lw.int_const(0))
        if lw.b.constant(positive) is not True:
            # Not `check`, which would end the path: this may be an element's in a loop over none.
            lw.b.emit("guard", positive, lw.dirty, imm=lw.b.add_site("raise", error))
    return wrap(lw, power.int_power(lw, a, b, lambda x, y: lw.b.emit("mul", x, y)), t)


def _wrapping(op: str) -> Callable[[Lowering, int, int, Scalar], int]:
    return lambda lw, a, b, t: wrap(lw, lw.b.emit(op, a, b), t)


def _plain(op: str) -> Callable[[Lowering, int, int, Scalar], int]:
    return lambda lw, a, b, t: lw.b.emit(op, a, b)


_INTEGER: dict[str, Callable[[Lowering, int, int, Scalar], int]] = {
    "+": _wrapping("add"),
    "-": _wrapping("sub"),
    "*": _wrapping("mul"),
    "//": _floor_divide,
    "%": _remainder,
    "**": integer_power,
    "<<": _left_shift,
    ">>": _right_shift,
    "&": _plain("and"),
    "|": _plain("or"),
    "^": _plain("xor"),
}
_BOOLEAN = {"+": _plain("or"), "*": _plain("and"), "&": _plain("and"), "|": _plain("or"), "^": _plain("xor")}


# -- floats ------------------------------------------------------------------------------------------------------------


def _float_floor_divide(lw: Lowering, a: int, b: int, t: Scalar) -> int:
    is_zero = lw.b.emit("feq", b, lw.b.const(t.access.type, 0.0))
    quotient = floats.divide_with_remainder(lw, a, b)[0]
    return lw.b.emit("select", is_zero, lw.b.emit("fdiv", a, b), quotient)


_FLOATING: dict[str, Callable[[Lowering, int, int, Scalar], int]] = {
    "+": _plain("fadd"),
    "-": _plain("fsub"),
    "*": _plain("fmul"),
    "/": _plain("fdiv"),
    "//": _float_floor_divide,
    "%": lambda lw, a, b, t: floats.remainder(lw, a, b),
    "**": lambda lw, a, b, t: libm.call(lw, "pow", a, b),
}
_BY_KIND = {"b": _BOOLEAN, "i": _INTEGER, "u": _INTEGER, "f": _FLOATING}


def binary(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """``a op b`` where at least one is a NumPy scalar and both are numbers."""
    if op == "divmod":
        quotient, remainder = binary(lw, "//", a, b), binary(lw, "%", a, b)
        return lw.make_tuple([quotient, remainder])
    t = result_type(FUNCTIONS[op], a.type, b.type)
    if t is None:
        type_error(lw, FUNCTIONS[op], a, b)
    if op == "**" and t.kind == "f" and a.type is not t and b.type is not t:
        # Neither operand is of the result's type: NumPy leaves its scalar code for the ufunc, which has its own pow.
        loop = ufunc_loops.find(sys.modules["numpy"].power, (t, t), t)
        if loop is None:
            lw.unsupported(f"`**` of {a.type} and {b.type} is not supported")
        return Val(t, ufunc_loops.call(lw, loop, ((convert(lw, a, t),), (convert(lw, b, t),))))
    row = _BY_KIND[t.kind][op]
    return Val(t, (row(lw, convert(lw, a, t), convert(lw, b, t), t),))


def unary(lw: Lowering, op: str, a: Val) -> Val:
    """``-a``, ``+a``, ``~a``, ``abs(a)``."""
    t = result_type(UNARY_FUNCTIONS[op], a.type)
    if t is None:
        type_error(lw, UNARY_FUNCTIONS[op], a)
    part = a.parts[0]
    if t.kind == "f":
        if op != "+":
            part = lw.b.emit("fneg" if op == "-" else "fabs", part)
    elif op == "~":
        part = lw.b.emit("not", part)
        part = part if t.kind == "b" else wrap(lw, part, t)
    elif op == "-":
        part = wrap(lw, lw.b.emit("neg", part), t)
    elif op == "abs" and t.kind == "i":
        part = wrap(lw, lw.b.emit("iabs", part), t)
    return Val(t, (part,))


# -- comparisons -------------------------------------------------------------------------------------------------------

_SIGNED = {"<": "slt", "<=": "sle", ">": "sgt", ">=": "sge", "==": "eq", "!=": "ne"}
_UNSIGNED = {"<": "ult", "<=": "ule", ">": "ugt", ">=": "uge", "==": "eq", "!=": "ne"}


def compare(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """One of the six orderings: exact between integers of any types, else in the common float type."""
    if _integral(a) and _integral(b):
        return Val(NP_BOOL, (_compare_integers(lw, op, a, b),))
    t = result_type(FUNCTIONS["+"], a.type, b.type)
    if t is None:
        type_error(lw, FUNCTIONS[op], a, b)
    return Val(NP_BOOL, (lw.b.emit(FLOAT_COMPARE[op], convert(lw, a, t), convert(lw, b, t)),))


def _integral(a: Val) -> bool:
    return a.type is not FLOAT and not (isinstance(a.type, Scalar) and a.type.kind == "f")


def _compare_integers(lw: Lowering, op: str, a: Val, b: Val) -> int:
    for big, other, sign in ((a, b, 1), (b, a, -1)):
        if isinstance(big.type, Constant) and other.type is NP_BOOL:
            type_error(lw, FUNCTIONS[op], a, b)
        if isinstance(big.type, Constant) and not (other.type is UINT64 and 0 <= big.type.value < 1 << 64):
            return lw.bool_const(FUNCTIONS[op](sign if big.type.value > 0 else -sign, 0))
    x, y = _word(lw, a), _word(lw, b)
    left, right = _beyond_signed(a), _beyond_signed(b)
    if not left and not right:
        return lw.b.emit(_SIGNED[op], x, y)
    result = lw.b.emit(_UNSIGNED[op], x, y)
    if left and right:
        return result
    # A negative number is less than every unsigned one.
    negative = lw.b.emit("slt", y if left else x, lw.int_const(0))
    outcome = FUNCTIONS[op](0, -1) if left else FUNCTIONS[op](-1, 0)
    return lw.b.emit("select", negative, lw.bool_const(outcome), result)


def _beyond_signed(a: Val) -> bool:
    return a.type is UINT64 or isinstance(a.type, Constant)


def _word(lw: Lowering, a: Val) -> int:
    if isinstance(a.type, Constant):
        return lw.int_const(a.type.value)
    if a.type is NP_BOOL:
        return lw.b.emit("b2i", a.parts[0])
    return as_int(lw, a)

