"""Operators where an operand is known only when compiling: a string, None, an int beyond 64 bits, any object.

An int beyond 64 bits keeps its place in expressions such as ``x & 0xFFFFFFFFFFFFFFFF``, ``x % 2**64`` or
``x < 2**70``; where the result is beyond 64 bits, too, CPython takes over.
"""

from __future__ import annotations

import sys

from ...pytypes import BOOL, FLOAT, INT, Constant
from ..state import Val, constant_value
from . import floats, integers
from .errors import PLAIN, type_error
from .integers import MAX, to_float
from .python import FLOAT_COMPARE, FUNCTIONS, MIRRORED, NUMBERS, as_int
from .python import binary as python_binary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..state import Lowering

_UNKNOWN = object()
_MAX_BITS = 1 << 16


def plain_value(lw: Lowering, a: Val) -> Any:
    """The object that `a` is known to be, if it is of a plain type; else `_UNKNOWN`."""
    if isinstance(a.type, Constant):
        return a.type.value if type(a.type.value) in PLAIN else _UNKNOWN
    if a.type in NUMBERS:
        known = lw.known(a)
        return known if known is not None else _UNKNOWN
    return _UNKNOWN


def is_big(a: Val) -> bool:
    """Whether `a` is an int beyond 64 bits."""
    return type(constant_value(a)) is int


def _small(lw: Lowering, a: Val) -> Val:
    """An operand beside a float: a big int as float."""
    if a.type in NUMBERS:
        return a
    try:
        return lw.constant(float(constant_value(a)))
    except OverflowError as error:
        lw.fail_with(OverflowError, *error.args)


def binary(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """Where at least one operand is a Constant."""
    x, y = plain_value(lw, a), plain_value(lw, b)
    if x is not _UNKNOWN and y is not _UNKNOWN:
        return _evaluate(lw, op, x, y, a, b)
    one_is_big = (is_big(a) and b.type in NUMBERS) or (is_big(b) and a.type in NUMBERS)
    if one_is_big and (a.type is FLOAT or b.type is FLOAT):
        if op in floats.BINARY or op == "**":
            return python_binary(lw, op, _small(lw, a), _small(lw, b))
    elif one_is_big and (op in integers.BINARY or op == "**"):
        if is_big(b):
            return _with_big(lw, op, as_int(lw, a), constant_value(b))
        if op == "&":
            return _with_big(lw, op, as_int(lw, b), constant_value(a))
        lw.fail("overflow")
    type_error(lw, FUNCTIONS[op], a, b)


def _evaluate(lw: Lowering, op: str, x: Any, y: Any, a: Val, b: Val) -> Val:
    """The operation done when compiling, unless its result would be huge."""
    if type(x) is int and type(y) is int and op in ("**", "<<"):
        if (x.bit_length() if op == "**" else 1) * abs(y) > _MAX_BITS:
            lw.fail("overflow")
    elif op == "*" and not (isinstance(x, (int, float, complex)) and isinstance(y, (int, float, complex))):
        lw.unsupported("repeating a sequence is not supported")
    try:
        return lw.constant(FUNCTIONS[op](x, y))
    except Exception:
        type_error(lw, FUNCTIONS[op], a, b)


def _with_big(lw: Lowering, op: str, a: int, big: int) -> Val:
    """``a op big`` for an int `a` that is not known."""
    not_negative = lw.b.emit("sge", a, lw.int_const(0))
    if op == "&":
        # Of a negative number the result has the bits of `big` beyond 63.
        lw.check(not_negative, "overflow")
        return Val(INT, (lw.b.emit("and", a, lw.int_const(big & MAX)),))
    if op == "%" and big > 0:
        lw.check(not_negative, "overflow")
        return Val(INT, (a,))
    if op == "//" and big > 0:
        return Val(INT, (lw.b.emit("select", not_negative, lw.int_const(0), lw.int_const(-1)),))
    if op == "/" and abs(big) & (abs(big) - 1) == 0 and abs(big) < 1 << 900:
        # Dividing by a power of two moves the exponent: the one rounding is that of the conversion.
        return Val(FLOAT, (lw.b.emit("fdiv", to_float(lw, a), lw.float_const(float(big))),))
    lw.fail("overflow")


def compare(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """One of the six orderings where at least one operand is a Constant."""
    x, y = plain_value(lw, a), plain_value(lw, b)
    if x is not _UNKNOWN and y is not _UNKNOWN:
        try:
            return lw.constant(FUNCTIONS[op](x, y))
        except TypeError:
            type_error(lw, FUNCTIONS[op], a, b)
    if is_big(a):
        a, b, op = b, a, MIRRORED[op]
    if is_big(b) and a.type in NUMBERS:
        big = constant_value(b)
        return _float_with_big(lw, op, a.parts[0], big) if a.type is FLOAT else lw.constant(FUNCTIONS[op](0, big))
    if op in ("==", "!="):
        equal = _equal_constants(a, b)
        if equal is not None:
            return lw.constant(equal == (op == "=="))
    type_error(lw, FUNCTIONS[op], a, b)


def _equal_constants(a: Val, b: Val) -> bool | None:
    """Whether two values are equal, at least one of them a Constant; None where that is not known."""
    x, y = constant_value(a), constant_value(b)
    if isinstance(a.type, Constant) and isinstance(b.type, Constant):
        if x is y:
            return True
        numpy = sys.modules.get("numpy")
        if numpy is not None and (isinstance(x, numpy.dtype) or isinstance(y, numpy.dtype)):
            return bool(x == y)
        plain = all(type(v) in PLAIN or getattr(type(v), "__eq__", None) is object.__eq__ for v in (x, y))
        return False if plain else None
    if not isinstance(a.type, Constant) and not isinstance(b.type, Constant):
        return None
    constant = x if isinstance(a.type, Constant) else y
    return False if type(constant) in PLAIN and type(constant) is not complex else None


def _float_with_big(lw: Lowering, op: str, f: int, big: int) -> Val:
    """Compare exactly with the float next to `big`: whatever lies beyond that float lies beyond `big`."""
    try:
        near = float(big)
    except OverflowError:
        near = sys.float_info.max if big > 0 else -sys.float_info.max
    if near != big and op in ("==", "!="):
        return lw.constant(op == "!=")
    if near < big:
        op = {"<": "<=", ">=": ">"}.get(op, op)
    elif near > big:
        op = {"<=": "<", ">": ">="}.get(op, op)
    return Val(BOOL, (lw.b.emit(FLOAT_COMPARE[op], f, lw.float_const(near)),))


def constant_truth(lw: Lowering, value: Any) -> bool:
    """``bool(value)`` of an object whose type computes it without side effects."""
    kind = type(value)
    if kind not in PLAIN and (hasattr(kind, "__bool__") or hasattr(kind, "__len__")):
        lw.unsupported(f"the truth of a {kind.__name__} is not supported")
    return bool(value)
