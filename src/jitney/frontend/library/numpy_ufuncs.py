"""NumPy's functions on scalars: ufuncs by their own inner loops, the simplest ones as machine operations; and the
scalar types as conversions."""

from __future__ import annotations

import math
import sys

from ...ir.types import F64, I1
from ...lazy import lazy
from ...pytypes import COMPLEX, FLOAT, INT, ITEMS, NONE, SCALARS, Complex, Constant, Scalar, Union
from .. import operators, wholes
from ..operators import libm, ufunc_loops
from ..operators.numpy_scalars import NP_BOOL, convert, integer_power, wrap
from ..operators.unions import converts, to_float64
from ..state import Val, is_number
from .builtins import DEFERRING, OF_COMPLEX, positional, round_scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..operators import complexes, power
    from ..operators.ufunc_loops import UfuncLoop
    from ..state import Lowering
    from . import elementwise
    from .builtins import Row

    Direct = Callable[[Lowering, Scalar, tuple[int, ...]], int]
else:
    complexes = lazy("jitney.frontend.operators", "complexes")
    elementwise = lazy("jitney.frontend.library", "elementwise")
    power = lazy("jitney.frontend.operators", "power")

_FLOAT64 = SCALARS["float64"]
_rows: dict[int, Row | None] = {}


def find(function: Any) -> Row | None:
    """The row of a function of NumPy, None if it has no meaning here."""
    if not _rows:
        _fill()
    found = _rows.get(id(function), _fill)
    if found is _fill:
        known = isinstance(function, sys.modules["numpy"].ufunc) and function.nout == 1 and not function.signature
        found = _rows[id(function)] = _ufunc(function) if known else None
    return found  # type: ignore[return-value]


def _fill() -> None:
    numpy = sys.modules["numpy"]
    for name, t in ITEMS.items():
        _rows[id(getattr(numpy, name if name != "bool" else "bool_"))] = _constructor(t)
    for name in ("round", "around"):
        _rows[id(getattr(numpy, name))] = _round
    DEFERRING.add(_round)


# -- ufuncs ------------------------------------------------------------------------------------------------------------


def _by_kind(floating: str, integer: str = "", unsigned: str = "") -> dict[str, Direct]:
    """The machine operation for each kind of operands: integers wrap."""

    def integral(name: str) -> Direct:
        return lambda lw, t, parts: wrap(lw, lw.b.emit(name, *parts), t)

    rows: dict[str, Direct] = {"f": lambda lw, t, parts: lw.b.emit(floating, *parts)}
    if integer:
        rows["i"], rows["u"] = integral(integer), integral(unsigned or integer)
    return rows


def _rounding(floating: str) -> dict[str, Direct]:
    rows = _by_kind(floating)
    rows["i"] = rows["u"] = rows["b"] = lambda lw, t, parts: parts[0]
    return rows


def _of_itself(row: Direct) -> Direct:
    return lambda lw, t, parts: row(lw, t, (parts[0], parts[0]))


def _extreme(machine: str) -> dict[str, Direct]:
    def floating(lw: Lowering, t: Scalar, parts: tuple[int, ...]) -> int:
        # A NaN on either side is the result: the second comes out of the comparison by itself.
        a, b = parts
        return lw.b.emit("select", lw.b.emit("fne", a, a), a, lw.b.emit("f" + machine, a, b))

    return {
        "f": floating,
        "i": lambda lw, t, parts: lw.b.emit("s" + machine, *parts),
        "u": lambda lw, t, parts: lw.b.emit("u" + machine, *parts),
    }


def _of_magnitude(op: str) -> dict[str, Direct]:
    def floating(lw: Lowering, t: Scalar, parts: tuple[int, ...]) -> int:
        return lw.b.emit(op, lw.b.emit("fabs", parts[0]), lw.b.const(t.access.type, math.inf))

    return {"f": floating}


def _true(lw: Lowering, part: int) -> int:
    machine = lw.function.types[part]
    if machine is I1:
        return part
    return lw.b.emit("fne" if machine.is_float else "ne", part, lw.b.const(machine, 0))


def _logical(op: str) -> dict[str, Direct]:
    def row(lw: Lowering, t: Scalar, parts: tuple[int, ...]) -> int:
        return lw.b.emit(op, _true(lw, parts[0]), _true(lw, parts[1]))

    return dict.fromkeys("biuf", row)


def _sign(lw: Lowering, t: Scalar, parts: tuple[int, ...]) -> int:
    emit, machine, x = lw.b.emit, t.access.type, parts[0]
    zero, one, minus = [lw.b.const(machine, v) for v in (0, 1, -1)]
    if t.kind == "u":
        return emit("b2i", emit("ne", x, zero))
    if t.kind == "i":
        return emit("sub", emit("b2i", emit("sgt", x, zero)), emit("b2i", emit("slt", x, zero)))
    unordered = emit("select", emit("feq", x, zero), zero, x)
    return emit("select", emit("fgt", x, zero), one, emit("select", emit("flt", x, zero), minus, unordered))


def _scaled(numerator: float, denominator: float) -> dict[str, Direct]:
    """Times a quotient, which is rounded as a number of the argument's type."""

    def row(lw: Lowering, t: Scalar, parts: tuple[int, ...]) -> int:
        emit, machine = lw.b.emit, t.access.type
        return emit("fmul", parts[0], emit("fdiv", lw.b.const(machine, numerator), lw.b.const(machine, denominator)))

    return {"f": row}


def _reciprocal(lw: Lowering, t: Scalar, parts: tuple[int, ...]) -> int:
    return lw.b.emit("fdiv", lw.b.const(t.access.type, 1.0), parts[0])


def _signbit(lw: Lowering, t: Scalar, parts: tuple[int, ...]) -> int:
    x = parts[0] if t.access.type is F64 else lw.b.emit("fext", parts[0], type=F64)
    return lw.b.emit("slt", lw.b.emit("f2bits", x), lw.int_const(0))


def _identity(lw: Lowering, t: Scalar, parts: tuple[int, ...]) -> int:
    return parts[0]


DIRECT: dict[str, dict[str, Direct]] = {
    "add": _by_kind("fadd", "add"),
    "subtract": _by_kind("fsub", "sub"),
    "multiply": _by_kind("fmul", "mul"),
    "divide": _by_kind("fdiv"),
    "square": {kind: _of_itself(row) for kind, row in _by_kind("fmul", "mul").items()},
    "negative": _by_kind("fneg", "neg"),
    "sqrt": _by_kind("fsqrt"),
    "fabs": _by_kind("fabs"),
    "absolute": {**_by_kind("fabs", "iabs"), "u": _identity, "b": _identity},
    "floor": _rounding("ffloor"),
    "ceil": _rounding("fceil"),
    "trunc": _rounding("ftrunc"),
    "rint": _by_kind("frint"),
    "copysign": _by_kind("fcopysign"),
    "minimum": _extreme("min"),
    "maximum": _extreme("max"),
    # NumPy's own loop sets an exception for a negative exponent.
    "power": dict.fromkeys("iu", lambda lw, t, parts: integer_power(lw, parts[0], parts[1], t)),
    "sign": dict.fromkeys("fiu", _sign),
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_xor": _logical("xor"),
    "logical_not": dict.fromkeys("biuf", lambda lw, t, parts: lw.b.emit("not", _true(lw, parts[0]))),
    **dict.fromkeys(("deg2rad", "radians"), _scaled(math.pi, 180.0)),
    **dict.fromkeys(("rad2deg", "degrees"), _scaled(180.0, math.pi)),
    "reciprocal": {"f": _reciprocal},
    "positive": dict.fromkeys("fiu", _identity),
    "signbit": {"f": _signbit},
    "isnan": {"f": lambda lw, t, parts: lw.b.emit("fne", parts[0], parts[0])},
    "isinf": _of_magnitude("feq"),
    "isfinite": _of_magnitude("flt"),
}
# What C calls them, where that differs.
_C_NAMES = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "power": "pow",
}  # fmt: skip
BY_LAYOUT = ("absolute", "multiply", "square")
"""Ufuncs whose loops on complex numbers round at other places for some layouts of arrays."""
COMPARISONS = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
}  # fmt: skip


# Those for which NumPy has no vectors of float64, whatever the CPU has.
_SLOW_IN_NUMPY = frozenset(("sin", "cos", "hypot"))


def own_code(lw: Lowering, loop: UfuncLoop, exponent: Any) -> Direct | None:
    """Under fastmath, what computes an element of an array in the function's own code where that is faster than NumPy's
    loop. `exponent`: the second argument, if it is known."""
    name = _C_NAMES.get(loop.name, loop.name)
    if not lw.function.fastmath or name not in libm.IN_LANES or any(t is not _FLOAT64 for t in loop.inputs):
        return None
    simple = loop.name == "power" and isinstance(exponent, (int, float)) and power.is_simple(float(exponent))
    if name not in _SLOW_IN_NUMPY and not simple and ufunc_loops.cpu_has("AVX512_SKX"):
        return None
    return lambda lw, t, parts: libm.call(lw, name, *parts)


def _ufunc(ufunc: Any) -> Row:
    count = ufunc.nin
    direct = DIRECT.get(ufunc.__name__, {})
    comparison = COMPARISONS.get(ufunc.__name__)
    c_name = _C_NAMES.get(ufunc.__name__, ufunc.__name__)
    in_lanes = c_name if c_name in libm.IN_LANES else ""

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        if not kwargs:
            args = [wholes.elementwise.without_axes(lw, v) for v in args]
        if any(wholes.is_whole(v.type) for v in args):
            return wholes.storing.ufunc_call(lw, ufunc, args, kwargs)
        return of_scalars(lw, args, kwargs)

    @positional(count, count)
    def of_scalars(lw: Lowering, args: list[Val]) -> Val | None:
        if comparison is not None:
            if any(isinstance(v.type, Scalar) for v in args) and all(converts(v.type) for v in args):
                return operators.compare(lw, comparison, *args)
            return None
        loops = _loops_of(ufunc, args)
        if loops is None:
            return None
        if len(loops) == 1:
            return one(lw, loops[0], args)
        return _split(lw, args, lambda values: one(lw, (_loops_of(ufunc, values) or loops)[0], values))

    DEFERRING.add(row)
    OF_COMPLEX.add(row)

    def one(lw: Lowering, loop: UfuncLoop, args: list[Val]) -> Val:
        if any(isinstance(t, Complex) for t in (*loop.inputs, *[v.type for v in args])):
            if loop.name in BY_LAYOUT and loop.name != "absolute":
                lw.unsupported(f"np.{loop.name} of complex numbers is not supported")
            inputs = [complexes.element(lw, v, t) for v, t in zip(args, loop.inputs)]
            if loop.name == "conjugate":
                return complexes.conjugate(lw, Val(loop.output, inputs[0]))
            return Val(loop.output, ufunc_loops.call(lw, loop, inputs))
        parts = tuple([to_float64(lw, v) if t is _FLOAT64 else convert(lw, v, t) for v, t in zip(args, loop.inputs)])
        if in_lanes and lw.function.fastmath and loop.output.kind == "f":
            return Val(loop.output, (libm.call(lw, in_lanes, *parts),))
        machine = direct.get(loop.inputs[0].kind)
        if machine is not None:
            return Val(loop.output, (machine(lw, loop.inputs[0], parts),))
        return Val(loop.output, ufunc_loops.call(lw, loop, [(part,) for part in parts]))

    return row


def _loops_of(ufunc: Any, args: list[Val]) -> list[UfuncLoop] | None:
    """The different loops for all combinations of types that the arguments may have; one, for conversion without
    branches, if it is on float64. None if a combination has none."""
    rows: list[tuple[Any, ...]] = [()]
    for v in args:
        members = v.type.members if isinstance(v.type, Union) else (v.type,)
        rows = [(*row, m) for row in rows for m in members]
    loops = [ufunc_loops.resolve(ufunc, row) for row in rows]
    if None in loops:
        return None
    unique = list(dict.fromkeys(loops))
    branches = len(unique) > 1 or (len(rows) > 1 and any(t is not _FLOAT64 for t in unique[0].inputs))  # type: ignore[union-attr]
    return loops if branches else unique  # type: ignore[return-value]


def _split(lw: Lowering, args: list[Val], each: Callable[[list[Val]], Val]) -> Val:
    def at(k: int, values: list[Val]) -> Val:
        return each(values) if k == len(args) else lw.split(args[k], lambda v: at(k + 1, [*values, v]))

    return at(0, [])


# -- scalar types and other functions ----------------------------------------------------------------------------------


def _constructor(t: Scalar) -> Row:
    """``np.float32(x)``: NumPy's scalars are cast as C does, Python's numbers must fit as in an assignment."""

    def one(lw: Lowering, value: Val) -> Val:
        if isinstance(value.type, (Scalar, Complex)) and value.type is not COMPLEX:
            return Val(t, operators.cast(lw, value, t))
        return Val(t, operators.store_value(lw, value, t, None))

    @positional(0, 1)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        if not args:
            return Val(t, tuple([lw.b.const(leaf, 0) for leaf in t.leaves]))
        value = args[0]
        if t is _FLOAT64 and converts(value.type):
            return Val(t, (to_float64(lw, value),))
        if isinstance(value.type, Constant):
            # An int beyond 64 bits with a sign, as constants of generators are.
            if type(value.type.value) is not int or t is NP_BOOL:
                return None
        elif not is_number(value.type) and value.type is not NONE and not isinstance(value.type, Union):
            return None
        return lw.split(value, lambda v: one(lw, v))

    OF_COMPLEX.add(row)
    return row


def _round(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if any(wholes.is_whole(v.type) for v in args):
        return elementwise.ROWS["round"](lw, args, kwargs)
    if len(args) == 1 and set(kwargs) == {"decimals"}:
        args = [args[0], kwargs["decimals"]]
    elif kwargs or not 1 <= len(args) <= 2:
        return None
    digits = lw.known(args[1]) if len(args) == 2 else 0
    if type(digits) is not int or not converts(args[0].type):
        return None

    def one(v: Val) -> Val:
        default = {INT: "int64", FLOAT: "float64"}.get(v.type)
        v = Val(SCALARS[default], v.parts) if default is not None else v
        if isinstance(v.type, Scalar) and v.type.kind in "iu" and digits >= 0:
            return v
        rounded = round_scalar(lw, v, digits)
        if rounded is None:
            lw.unsupported(f"np.round of {v.type} is not supported")
        return rounded

    return lw.split(args[0], one)
