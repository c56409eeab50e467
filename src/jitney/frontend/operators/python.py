"""Operators on Python's own numbers: int, float, bool."""

from __future__ import annotations

import _operator as operator

from ...lazy import lazy
from ...pytypes import BOOL, FLOAT, INT
from ..state import Val
from . import floats, integers
from .errors import type_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...pytypes import PyType
    from ..state import Lowering
    from . import power
else:
    power = lazy("jitney.frontend.operators", "power")

NUMBERS = frozenset((INT, FLOAT, BOOL))
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "@": operator.matmul,
    "divmod": divmod,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
UNARY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
    "abs": abs,
}
_BITWISE = {"&": "and", "|": "or", "^": "xor"}


def as_int(lw: Lowering, a: Val) -> int:
    """An INT or BOOL as i64."""
    return lw.b.emit("b2i", a.parts[0]) if a.type is BOOL else a.parts[0]


def as_float(lw: Lowering, a: Val) -> int:
    """An INT, BOOL or FLOAT as f64."""
    return a.parts[0] if a.type is FLOAT else integers.to_float(lw, as_int(lw, a))


def binary(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    if a.type is FLOAT or b.type is FLOAT:
        row = floats.BINARY.get(op)
        if row is None:
            if op != "**":
                type_error(lw, FUNCTIONS[op], a, b)
            row = power.float_to_float
        return row(lw, as_float(lw, a), as_float(lw, b))
    if a.type is BOOL and b.type is BOOL and op in _BITWISE:
        return Val(BOOL, (lw.b.emit(_BITWISE[op], a.parts[0], b.parts[0]),))
    row = integers.BINARY.get(op)
    if row is None:
        if op != "**":
            type_error(lw, FUNCTIONS[op], a, b)
        row = power.int_to_int
    return row(lw, as_int(lw, a), as_int(lw, b))


def unary(lw: Lowering, op: str, a: Val) -> Val:
    if a.type is FLOAT:
        if op == "+":
            return a
        if op == "~":
            type_error(lw, operator.invert, a)
        return Val(FLOAT, (lw.b.emit("fneg" if op == "-" else "fabs", a.parts[0]),))
    value = as_int(lw, a)
    if op == "-":
        return integers.negate(lw, value)
    if op == "~":
        return Val(INT, (lw.b.emit("not", value),))
    return integers.absolute(lw, value) if op == "abs" else Val(INT, (value,))


_INT_COMPARE = {"<": "slt", "<=": "sle", ">": "sgt", ">=": "sge", "==": "eq", "!=": "ne"}
FLOAT_COMPARE = {"<": "flt", "<=": "fle", ">": "fgt", ">=": "fge", "==": "feq", "!=": "fne"}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def compare(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """One of the six orderings."""
    if a.type is FLOAT and b.type is FLOAT:
        result = lw.b.emit(FLOAT_COMPARE[op], a.parts[0], b.parts[0])
    elif a.type is FLOAT:
        result = _int_with_float(lw, MIRRORED[op], as_int(lw, b), a.parts[0])
    elif b.type is FLOAT:
        result = _int_with_float(lw, op, as_int(lw, a), b.parts[0])
    elif a.type is BOOL and b.type is BOOL and op in ("==", "!="):
        result = lw.b.emit(_INT_COMPARE[op], a.parts[0], b.parts[0])
    else:
        result = lw.b.emit(_INT_COMPARE[op], as_int(lw, a), as_int(lw, b))
    return Val(BOOL, (result,))


def _int_with_float(lw: Lowering, op: str, a: int, f: int) -> int:
    """Compare exactly: 2**53 + 1 is not float(2**53).

    Rounding is monotonous: where the rounded int differs from the float, it differs as the int does. Where it is
    equal, the float is a whole number less than 2**10 away, so the difference of the ints, modulo 2**64, has the sign.
    """
    emit = lw.b.emit
    rounded = integers.to_float(lw, a)
    known = lw.b.constant(a)
    exact = known is not None and abs(known) <= integers.EXACT
    if exact or lw.function.ops[a].name == "b2i":
        return emit(FLOAT_COMPARE[op], rounded, f)
    difference = emit("sub", a, emit("f2i", f))
    same = emit("and", emit("feq", rounded, f), emit(_INT_COMPARE[op], difference, lw.int_const(0)))
    if op == "==":
        return same
    if op == "!=":
        return emit("or", emit("fne", rounded, f), same)
    return emit("or", emit(FLOAT_COMPARE[op[0]], rounded, f), same)


def pair_type(a: PyType, b: PyType) -> bool:
    """Whether both are Python's own numbers."""
    return a in NUMBERS and b in NUMBERS
