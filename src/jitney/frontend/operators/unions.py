"""Operators on values of one of several types, without branches where all members share a recipe.

`float | np.float64` is what ``s = 0.0; s += a[i]`` makes of `s`: the same machine operation for both, and the tag goes
along. Everything else is split: one arm per member (`Lowering.split`).
"""

from __future__ import annotations

from ...ir.types import F64
from ...pytypes import BOOL, FLOAT, INT, SCALARS, Scalar, Union, union_type
from ..state import Val
from . import floats
from .integers import exact
from .python import FLOAT_COMPARE, as_float, as_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...pytypes import PyType
    from ..state import Lowering

_FLOAT64, _INT64, _NP_BOOL = SCALARS["float64"], SCALARS["int64"], SCALARS["bool"]
_EITHER_FLOAT = frozenset((FLOAT, _FLOAT64))
_FLOAT_OPS = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
_WRAPPING_OPS = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor"}


def _members(type: PyType) -> tuple[PyType, ...]:
    return type.members if isinstance(type, Union) else (type,)


def either_float(type: PyType) -> bool:
    """Whether it is the union of float and np.float64, exactly."""
    return isinstance(type, Union) and _EITHER_FLOAT.issuperset(type.members)


def converts(type: PyType) -> bool:
    """Whether each member becomes a float64 by itself, as an operand beside an np.float64."""
    return all(m is INT or m is FLOAT or m is BOOL or isinstance(m, Scalar) for m in _members(type))


def _signed(m: PyType) -> bool:
    return m is INT or m is BOOL or (isinstance(m, Scalar) and m.kind in "bi")


def to_float64(lw: Lowering, a: Val) -> int:
    """A number of any type, known or not, as a float64."""
    type, emit = a.type, lw.b.emit
    if isinstance(type, Scalar):
        part = a.parts[0]
        if type.kind == "f":
            return part if type is _FLOAT64 else emit("fext", part)
        part = emit("b2i", part) if type.kind == "b" else part
        return emit("u2f" if type.dtype == "uint64" else "i2f", part, type=F64)
    if not isinstance(type, Union):
        return as_float(lw, a)
    if type.payload is F64:
        return a.parts[1]
    # A union's payload is an integer's value or a float's bits (`Union`): one conversion for all members of a kind.
    payload = a.parts[1]
    choices: dict[str, list[PyType]] = {}
    for m in type.members:
        unsigned = isinstance(m, Scalar) and m.dtype == "uint64"
        choices.setdefault("u2f" if unsigned else "bits2f" if m.leaves[0].is_float else "i2f", []).append(m)
    result = -1
    for op, members in choices.items():
        value = emit(op, payload) if op == "bits2f" else emit(op, payload, type=F64)
        if result < 0:
            result = value
            continue
        is_member = lw.has_tag(a, members[0])
        for m in members[1:]:
            is_member = emit("or", is_member, lw.has_tag(a, m))
        result = emit("select", is_member, value, result)
    return result


def _is_float64(lw: Lowering, a: Val) -> int:
    return lw.bool_const(a.type is _FLOAT64) if not isinstance(a.type, Union) else lw.has_tag(a, _FLOAT64)


def binary(lw: Lowering, op: str, a: Val, b: Val) -> Val | None:
    """Where an operand is a union, without branches; None if that is not possible."""
    members = (*_members(a.type), *_members(b.type))
    machine = _FLOAT_OPS.get(op)
    if machine is not None:
        if a.type is _FLOAT64 or b.type is _FLOAT64:
            if converts(a.type) and converts(b.type):
                return Val(_FLOAT64, (lw.b.emit(machine, to_float64(lw, a), to_float64(lw, b)),))
        elif either_float(a.type) or either_float(b.type):
            if all(m is FLOAT or m is _FLOAT64 or m is INT or m is BOOL for m in members) and all(
                either_float(t) or not isinstance(t, Union) for t in (a.type, b.type)
            ):
                return _either(lw, op, machine, a, b)
    machine = _WRAPPING_OPS.get(op)
    if machine is not None and (a.type is _INT64 or b.type is _INT64) and all(_signed(m) for m in members):
        return Val(_INT64, (lw.b.emit(machine, _word(lw, a), _word(lw, b)),))
    return None


def _word(lw: Lowering, a: Val) -> int:
    """A signed integer or bool of any type, known or not, as an i64."""
    if isinstance(a.type, Union):
        return a.parts[1]
    if isinstance(a.type, Scalar):
        return lw.b.emit("b2i", a.parts[0]) if a.type.kind == "b" else a.parts[0]
    return exact(lw, as_int(lw, a))


def _either(lw: Lowering, op: str, machine: str, a: Val, b: Val) -> Val:
    """An operation whose result is an np.float64 where an operand is one, and else a float."""
    x, y = to_float64(lw, a), to_float64(lw, b)
    union = a.type if isinstance(a.type, Union) else b.type
    if op == "/":
        either = lw.b.emit("or", _is_float64(lw, a), _is_float64(lw, b))
        floats.check_divisor(lw, y, "1.0 / 0.0", either)
    tags = [v.parts[0] for v in (a, b) if isinstance(v.type, Union)]
    # np.float64 has the greater tag of the two.
    tag = tags[0] if len(tags) == 1 else lw.b.emit("smax", *tags)
    return Val(union, (tag, lw.b.emit(machine, x, y)))


def unary(lw: Lowering, op: str, a: Val) -> Val | None:
    """As `binary`."""
    if not either_float(a.type) or op == "~":
        return None
    tag, value = a.parts
    return Val(a.type, (tag, value if op == "+" else lw.b.emit("fneg" if op == "-" else "fabs", value)))


def compare(lw: Lowering, op: str, a: Val, b: Val) -> Val | None:
    """As `binary`, for the six orderings: an np.bool where an operand is an np.float64, else a bool."""
    types = (a.type, b.type)
    certain = _FLOAT64 in types
    if certain:
        if not all(converts(t) for t in types):
            return None
    elif not all(t is FLOAT or either_float(t) for t in types):
        return None
    holds = lw.b.emit(FLOAT_COMPARE[op], to_float64(lw, a), to_float64(lw, b))
    if certain:
        return Val(_NP_BOOL, (holds,))
    of_numpy = lw.b.emit("or", _is_float64(lw, a), _is_float64(lw, b))
    tag = lw.b.emit("select", of_numpy, lw.int_const(_NP_BOOL.tag), lw.int_const(BOOL.tag))
    return Val(union_type((BOOL, _NP_BOOL)), (tag, lw.b.emit("b2i", holds)))


def truth(lw: Lowering, a: Val) -> int | None:
    """As `binary`: whether the value is true."""
    assert isinstance(a.type, Union)
    if len(a.parts) > 2:
        return None
    if a.type.payload is F64:
        zero = lw.float_const(0.0)
        return lw.b.emit("fne", a.parts[1], zero) if all(m.leaves for m in a.type.members) else None
    if any(m.leaves and m.leaves[0].is_float for m in a.type.members):
        return None
    # None is held as 0.
    return lw.b.emit("ne", a.parts[1], lw.int_const(0))
