"""Complex numbers: Python's, and NumPy's by its own rules.

    z * z + c       two products each, a sum and a difference: no call, no branch
    z / w           Smith's algorithm; its two cases are told apart by selects

Sources: CPython `Objects/complexobject.c` (`_Py_c_prod`, `_Py_c_quot`, `c_powu`, `_Py_c_abs`): the same steps, so the
same bits.
"""

from __future__ import annotations

import math
import sys

from ...lazy import lazy
from ...pytypes import BOOL, COMPLEX, COMPLEX128, FLOAT, INT, SCALARS, Complex, Scalar, Union
from ..state import Val, constant_value
from . import libm
from .errors import type_error
from .python import FUNCTIONS, NUMBERS, UNARY_FUNCTIONS, as_float
from .python import compare as compare_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...pytypes import PyType
    from ..state import Lowering
    from . import constants, numpy_scalars, object_operators

    Pair = tuple[int, int]
    """The machine values of the real and the imaginary part."""
else:
    constants, numpy_scalars, object_operators = lazy(
        "jitney.frontend.operators", "constants", "numpy_scalars", "object_operators"
    )

FLOAT64 = SCALARS["float64"]
_GREATEST_POWER = 100  # CPython multiplies up to this exponent, and goes by logarithms beyond


def pair(lw: Lowering, value: Val) -> Pair | None:
    """A number of Python's as the operand of a complex operation; None if it is none."""
    if value.type is COMPLEX:
        return value.parts[0], value.parts[1]
    if value.type in NUMBERS:
        return as_float(lw, value), lw.float_const(0.0)
    if constants.is_big(value):
        try:
            return lw.float_const(float(constant_value(value))), lw.float_const(0.0)
        except OverflowError as error:
            lw.fail_with(OverflowError, *error.args)
    return None


def convert(lw: Lowering, value: Val, t: Complex) -> Pair:
    """A number as an operand, or an array's element, of NumPy's type `t`."""
    type = value.type
    if isinstance(type, Scalar) or (isinstance(type, Complex) and type is not COMPLEX):
        return cast(lw, value, t)  # type: ignore[return-value]
    found = pair(lw, value)
    if found is None:
        lw.unsupported(f"{type} as a complex number is not supported")
    if t.part is FLOAT64:
        return found
    return lw.b.emit("fround", found[0]), lw.b.emit("fround", found[1])


def element(lw: Lowering, value: Val, t: Scalar | Complex) -> tuple[int, ...]:
    """A number as an operand of a function on elements of type `t`."""
    if isinstance(t, Complex):
        return convert(lw, value, t)
    return cast(lw, value, t) if isinstance(value.type, Complex) else (numpy_scalars.convert(lw, value, t),)


def cast(lw: Lowering, value: Val, t: Scalar | Complex) -> tuple[int, ...]:
    """The parts of a NumPy scalar as C converts it to `t`; one of the two types is complex."""
    type = value.type
    if not isinstance(t, Complex):
        if t.kind != "b":
            # With a warning.
            lw.unsupported(f"{type} as {t} is not supported")
        return (not_zero(lw, (value.parts[0], value.parts[1])),)
    part: Scalar = t.part  # type: ignore[assignment]
    if isinstance(type, Complex):
        return tuple([numpy_scalars.cast(lw, p, type.part, part) for p in value.parts])  # type: ignore[arg-type]
    assert isinstance(type, Scalar)
    return numpy_scalars.cast(lw, value.parts[0], type, part), lw.b.const(part.access.type, 0.0)


# -- arithmetic --------------------------------------------------------------------------------------------------------


def add(lw: Lowering, a: Pair, b: Pair) -> Pair:
    return lw.b.emit("fadd", a[0], b[0]), lw.b.emit("fadd", a[1], b[1])


def subtract(lw: Lowering, a: Pair, b: Pair) -> Pair:
    return lw.b.emit("fsub", a[0], b[0]), lw.b.emit("fsub", a[1], b[1])


def multiply(lw: Lowering, a: Pair, b: Pair) -> Pair:
    emit = lw.b.emit
    real = emit("fsub", emit("fmul", a[0], b[0]), emit("fmul", a[1], b[1]))
    return real, emit("fadd", emit("fmul", a[0], b[1]), emit("fmul", a[1], b[0]))


def not_zero(lw: Lowering, a: Pair) -> int:
    """``bool(a)`` as an i1."""
    zero = lw.b.const(lw.function.types[a[0]], 0.0)
    return lw.b.emit("or", lw.b.emit("fne", a[0], zero), lw.b.emit("fne", a[1], zero))


def _quotient(lw: Lowering, a: Pair, b: Pair) -> Pair:
    """``a / b`` for a divisor other than zero: both are divided by the part of `b` with the greater magnitude. A NaN
    in `b` makes everything NaN either way."""
    emit = lw.b.emit
    if lw.b.constant(b[1]) == 0.0:
        ratio = emit("fdiv", b[1], b[0])
        denominator = emit("fadd", b[0], emit("fmul", b[1], ratio))
        real = emit("fadd", a[0], emit("fmul", a[1], ratio))
        imaginary = emit("fsub", a[1], emit("fmul", a[0], ratio))
        return emit("fdiv", real, denominator), emit("fdiv", imaginary, denominator)
    first = emit("fge", emit("fabs", b[0]), emit("fabs", b[1]))
    great, small = emit("select", first, b[0], b[1]), emit("select", first, b[1], b[0])
    ratio = emit("fdiv", small, great)
    denominator = emit("fadd", great, emit("fmul", small, ratio))
    p, q = emit("select", first, a[0], a[1]), emit("select", first, a[1], a[0])
    real, scaled = emit("fadd", p, emit("fmul", q, ratio)), emit("fmul", p, ratio)
    imaginary = emit("select", first, emit("fsub", q, scaled), emit("fsub", scaled, q))
    return emit("fdiv", real, denominator), emit("fdiv", imaginary, denominator)


def _fused(lw: Lowering, a: Pair, b: Pair) -> Pair:
    """``a * b`` with one of the two products in each part not rounded."""
    emit = lw.b.emit
    real = emit("fma", a[0], b[0], emit("fneg", emit("fmul", a[1], b[1])))
    return real, emit("fma", a[0], b[1], emit("fmul", a[1], b[0]))


_products: dict[Complex, Callable[[Lowering, Pair, Pair], Pair] | None] = {}


def array_product(lw: Lowering, t: Complex) -> Callable[[Lowering, Pair, Pair], Pair] | None:
    """How NumPy multiplies the elements of arrays: it depends on its version and on the processor, and is found out by
    doing it. None if it is neither way, or one that code here cannot go."""
    if t not in _products:
        found = _product_of(sys.modules["numpy"], t)
        _products[t] = None if found is _fused and not lw.hooks.host.fuses else found
    return _products[t]


def _product_of(numpy: Any, t: Complex) -> Callable[[Lowering, Pair, Pair], Pair] | None:
    a = (numpy.arange(1, 42) * (0.7 - 0.37j) + 0.1j).astype(t.dtype)
    b = (numpy.arange(43, 2, -1) * (0.3 + 0.9j) - 1.3).astype(t.dtype)
    number, reals = complex(b[3]), b.imag.copy()
    # The results in several situations, and the operands of each.
    trials = (
        (a * b, a, b), (a[::2] * b[::-2], a[::2], b[::-2]), (a * number, a, b[3:4]), (number * a, b[3:4], a),
        (a[5:6] * b[7:8], a[5:6], b[7:8]), (reals * a, reals + 0j, a), (a * reals, a, reals + 0j),
    )  # fmt: skip
    for product, way in ((_rounded, multiply), (_unrounded, _fused)):
        for result, x, y in trials:
            real, imaginary = product(x.real, y.real, -(x.imag * y.imag)), product(x.real, y.imag, x.imag * y.real)
            if not (numpy.array_equal(result.real, real) and numpy.array_equal(result.imag, imaginary)):
                break
        else:
            return way
    return None


def _rounded(x: Any, y: Any, z: Any) -> Any:
    return x * y + z


def _unrounded(x: Any, y: Any, z: Any) -> Any:
    """x * y + z, the product not rounded, for arrays of ordinary numbers.

    Source: T. J. Dekker, "A floating-point technique for extending the available precision" (1971).
    """
    if x.itemsize == 4:
        return (x.astype("d") * y + z).astype(x.dtype)

    def halves(v: Any) -> Any:
        scaled = v * 134217729.0
        high = scaled - (scaled - v)
        return high, v - high

    (a, b), (c, d) = halves(x), halves(y)
    product = x * y
    rest = ((a * c - product) + a * d + b * c) + b * d
    total = product + z
    own = total - product
    return total + (rest + ((product - (total - own)) + (z - own)))


def _divide(lw: Lowering, a: Pair, b: Pair) -> Pair:
    lw.check(not_zero(lw, b), "zerodivision", "1j / 0j")
    return _quotient(lw, a, b)


def _numpy_quotient(lw: Lowering, a: Pair, b: Pair) -> Pair:
    """``a / b`` of NumPy, which multiplies by a reciprocal; by zero both parts are divided."""
    emit, machine = lw.b.emit, lw.function.types[b[0]]
    zero, one = lw.b.const(machine, 0.0), lw.b.const(machine, 1.0)
    x, y = emit("fabs", b[0]), emit("fabs", b[1])
    first = emit("fge", x, y)
    great, small = emit("select", first, b[0], b[1]), emit("select", first, b[1], b[0])
    ratio = emit("fdiv", small, great)
    scale = emit("fdiv", one, emit("fadd", great, emit("fmul", small, ratio)))
    p, q = emit("select", first, a[0], a[1]), emit("select", first, a[1], a[0])
    real, scaled = emit("fadd", p, emit("fmul", q, ratio)), emit("fmul", p, ratio)
    imaginary = emit("select", first, emit("fsub", q, scaled), emit("fsub", scaled, q))
    by_zero = emit("and", emit("feq", x, zero), emit("feq", y, zero))
    parts = zip((emit("fmul", real, scale), emit("fmul", imaginary, scale)), a)
    real, imaginary = [emit("select", by_zero, emit("fdiv", own, x), part) for part, own in parts]
    return real, imaginary


_BINARY: dict[str, Callable[[Lowering, Pair, Pair], Pair]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": _divide,
}
_NUMPY = {**_BINARY, "/": _numpy_quotient}


def binary(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """``a op b`` where at least one is complex."""
    b = _as_float(op, a, b)
    if _is_numpy(a.type) or _is_numpy(b.type):
        return _numpy_binary(lw, op, a, b)
    x, y = pair(lw, a), pair(lw, b)
    if x is None or y is None:
        type_error(lw, FUNCTIONS[op], a, b)
    if op == "**":
        return _power(lw, a, b, x, y)
    row = _BINARY.get(op)
    if row is None:
        type_error(lw, FUNCTIONS[op], a, b)
    return Val(COMPLEX, row(lw, x, y))


def _is_numpy(type: PyType) -> bool:
    return isinstance(type, Scalar) or (isinstance(type, Complex) and type is not COMPLEX)


def _as_float(op: str, a: Val, b: Val) -> Val:
    """`b` as Python's complex on its left takes it, if it has the operator: an np.float64 is a float."""
    own = op in _BINARY or op in ("**", "==", "!=")
    return Val(FLOAT, b.parts) if own and a.type is COMPLEX and b.type is FLOAT64 else b


def _numpy_binary(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """By NumPy's rules, in the type that it gives the result."""
    row = _NUMPY.get(op)
    if op == "**" and isinstance(a.type, Complex) and a.type is not COMPLEX:
        row = _numpy_power(lw.known(b))
    if row is None:
        return object_operators.binary(lw, op, a, b)
    t = numpy_scalars.result_type(FUNCTIONS[op], a.type, b.type)
    if not isinstance(t, Complex):
        return object_operators.binary(lw, op, a, b)
    if op == "*" and a.type is not t and b.type is not t:
        # NumPy leaves its scalar code for the ufunc, which may round otherwise.
        row = array_product(lw, t)
        if row is None:
            return object_operators.binary(lw, op, a, b)
    return Val(t, row(lw, convert(lw, a, t), convert(lw, b, t)))


def _numpy_power(exponent: Any) -> Callable[[Lowering, Pair, Pair], Pair] | None:
    """``a ** exponent`` by NumPy's first steps; None where it takes others. Zeros lose their signs.

    Source: NumPy `npymath/npy_math_complex.c.src` (`npy_cpow`).
    """
    if type(exponent) not in (int, float) or exponent not in (1, 2, 3):
        return None

    def row(lw: Lowering, a: Pair, b: Pair) -> Pair:
        result, zero = a, lw.b.const(lw.function.types[a[0]], 0.0)
        for _ in range(int(exponent) - 1):
            result = multiply(lw, a, result)
        nonzero = not_zero(lw, a)
        return lw.b.emit("select", nonzero, result[0], zero), lw.b.emit("select", nonzero, result[1], zero)

    return row


def _power(lw: Lowering, a: Val, b: Val, x: Pair, y: Pair) -> Val:
    """``a ** b``: by multiplying where the exponent is a small integer known when compiling, else by CPython itself."""
    exponent, imaginary = lw.b.constant(y[0]), lw.b.constant(y[1])
    if exponent is None or imaginary != 0.0 or not float(exponent).is_integer() or abs(exponent) > _GREATEST_POWER:
        return object_operators.binary(lw, "**", a, b)
    one: Pair = (lw.float_const(1.0), lw.float_const(0.0))
    result, square, left = one, x, abs(int(exponent))
    while left:
        if left & 1:
            result = multiply(lw, result, square)
        left >>= 1
        if left:
            square = multiply(lw, square, square)
    if exponent <= 0:
        lw.check(not_zero(lw, result), "zerodivision", "0j ** -1")
        result = _quotient(lw, one, result)
    emit, inf = lw.b.emit, lw.float_const(math.inf)
    finite = [emit("fne", emit("fabs", part), inf) for part in result]
    lw.check(emit("and", *finite), "raise", (OverflowError, ("complex exponentiation",)))
    return Val(COMPLEX, result)


def unary(lw: Lowering, op: str, a: Val) -> Val:
    """``-a``, ``+a``, ``abs(a)``; ``~a`` raises."""
    if op == "+":
        return a
    if op == "-":
        return Val(a.type, tuple([lw.b.emit("fneg", part) for part in a.parts]))
    if op == "abs":
        if isinstance(a.type, Complex) and a.type is not COMPLEX:
            return Val(a.type.part, (libm.call(lw, "hypot", *a.parts),))
        return Val(FLOAT, (_magnitude(lw, (a.parts[0], a.parts[1])),))
    type_error(lw, UNARY_FUNCTIONS[op], a)


def _magnitude(lw: Lowering, a: Pair) -> int:
    emit, inf = lw.b.emit, lw.float_const(math.inf)
    result = libm.call(lw, "hypot", *a)

    def endless() -> Val:
        """Infinite or NaN."""
        lw.b.block.cold = True
        infinite = [emit("feq", emit("fabs", part), inf) for part in a]
        fine = emit("or", emit("fne", result, inf), emit("or", *infinite))
        lw.check(fine, "raise", (OverflowError, ("absolute value too large",)))
        return Val(FLOAT, (result,))

    lw.if_else(emit("flt", result, inf), lambda: Val(FLOAT, (result,)), endless)
    return result


# -- comparisons -------------------------------------------------------------------------------------------------------


def compare(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """``a == b`` and ``a != b``; others raise."""
    b = _as_float(op, a, b)
    if _is_numpy(a.type) or _is_numpy(b.type):
        return _numpy_compare(lw, op, a, b)
    if op not in ("==", "!="):
        type_error(lw, FUNCTIONS[op], a, b)
    if a.type is not COMPLEX:
        a, b = b, a
    real = Val(FLOAT, a.parts[:1])
    if b.type is COMPLEX:
        same = compare_numbers(lw, "==", real, Val(FLOAT, b.parts[:1])).parts[0]
        imaginary = b.parts[1]
    elif b.type in NUMBERS or constants.is_big(b):
        other = compare_numbers if b.type in NUMBERS else constants.compare
        same = other(lw, "==", real, b).parts[0]
        imaginary = lw.float_const(0.0)
    else:
        return constants.compare(lw, op, a, b)
    same = lw.b.emit("and", same, lw.b.emit("feq", a.parts[1], imaginary))
    return Val(BOOL, (same if op == "==" else lw.b.emit("not", same),))


def _numpy_compare(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    t = numpy_scalars.result_type(FUNCTIONS["+"], a.type, b.type)
    if op not in ("==", "!=") or not isinstance(t, Complex):
        return object_operators.compare(lw, op, a, b)
    x, y = convert(lw, a, t), convert(lw, b, t)
    same = lw.b.emit("and", lw.b.emit("feq", x[0], y[0]), lw.b.emit("feq", x[1], y[1]))
    return Val(numpy_scalars.NP_BOOL, (same if op == "==" else lw.b.emit("not", same),))


# -- attributes --------------------------------------------------------------------------------------------------------


def attribute(lw: Lowering, value: Val, name: str) -> Val | None:
    """``value.real`` and ``value.imag`` of a number; None for others."""
    type = value.type
    if isinstance(type, Complex):
        if name in ("real", "imag"):
            return Val(type.part, (value.parts[name == "imag"],))
    elif isinstance(type, Scalar) and name in ("real", "imag"):
        return value if name == "real" else Val(type, (lw.b.const(type.access.type, 0),))
    elif type in NUMBERS and name in ("real", "imag"):
        own = FLOAT if type is FLOAT else INT
        if name == "imag":
            return lw.constant(0.0 if own is FLOAT else 0)
        return value if type is own else Val(INT, (lw.b.emit("b2i", value.parts[0]),))
    return None


def conjugate(lw: Lowering, value: Val) -> Val:
    """``value.conjugate()`` of a complex number."""
    return Val(value.type, (value.parts[0], lw.b.emit("fneg", value.parts[1])))


def _is_real(type: PyType) -> bool:
    """Whether `float` of such a number, which may be NumPy's, is the double nearest to it."""
    if isinstance(type, Union):
        return all(map(_is_real, type.members))
    return type in NUMBERS or (isinstance(type, Scalar) and type.kind in "fiu")


def _to_float(lw: Lowering, value: Val) -> Val:
    type = value.type
    if isinstance(type, Scalar):
        return Val(FLOAT, (numpy_scalars.cast(lw, value.parts[0], type, FLOAT64),))
    return Val(FLOAT, (as_float(lw, value),))


def construct(lw: Lowering, args: list[Val]) -> Val | None:
    """``complex(*args)`` of Python's own numbers, of one of NumPy's, or of two that are real; None for others."""
    if len(args) == 1 and _is_numpy(args[0].type):
        return Val(COMPLEX, convert(lw, args[0], COMPLEX128))
    args = [lw.split(v, lambda x: _to_float(lw, x)) if _is_real(v.type) else v for v in args]
    pairs = [pair(lw, v) for v in args]
    if None in pairs:
        return None
    if len(args) < 2:
        return Val(COMPLEX, pairs[0]) if pairs else lw.constant(0j)  # type: ignore[arg-type]
    (real, of_first), (imaginary, of_second) = pairs  # type: ignore[misc]
    # Each may be complex itself, and is only then added.
    if args[1].type is COMPLEX:
        real = lw.b.emit("fsub", real, of_second)
    if args[0].type is COMPLEX:
        imaginary = lw.b.emit("fadd", imaginary, of_first)
    return Val(COMPLEX, (real, imaginary))
