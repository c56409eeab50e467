"""Assignment to an array's element: ``a[i] = value``, as NumPy converts it.

Python's numbers, and everything stored into signed integers, must fit (`OverflowError`; `ValueError` for NaN); NumPy's
scalars stored into unsigned integers wrap; a float's fraction is cut off; None is NaN to a float and False to a bool.
"""

from __future__ import annotations

import math
import sys

from ...ir.types import F64
from ...lazy import lazy
from ...pytypes import BOOL, FLOAT, INT, NONE, Complex, Constant, Scalar, Union
from ..state import Val, is_number
from .errors import sample
from .numpy_scalars import FLOAT64, INT64, NP_BOOL, UINT64, bounds, cast, check_fits, convert, float_to_uint64
from .unions import converts, to_float64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...pytypes import PyType
    from ..state import Lowering
    from . import complexes
else:
    complexes = lazy("jitney.frontend.operators", "complexes")


def store_value(
    lw: Lowering, value: Val, item: Scalar | Complex, node: Any, truth: Callable[[Lowering, Val], int]
) -> tuple[int, ...]:
    """The machine values to store into an element of type `item` for `value`."""
    if isinstance(item, Complex):
        if isinstance(value.type, Union):
            return lw.split(value, lambda v: Val(item, store_value(lw, v, item, node, truth))).parts
        return complexes.convert(lw, value, item)
    return (_machine_value(lw, value, item, node, truth),)


def _machine_value(lw: Lowering, value: Val, scalar: Scalar, node: Any, truth: Callable[[Lowering, Val], int]) -> int:
    type = value.type
    if type is scalar:
        return value.parts[0]
    if scalar.kind == "b" and _is_plain(type):
        return truth(lw, value)
    if scalar is FLOAT64 and converts(type):
        return to_float64(lw, value)
    if isinstance(type, Union):
        return lw.split(value, lambda v: Val(scalar, (_machine_value(lw, v, scalar, node, truth),))).parts[0]
    if type is BOOL or type is NP_BOOL:
        return cast(lw, value.parts[0], NP_BOOL, scalar)
    if scalar.kind == "f":
        if type is NONE:
            return lw.b.const(scalar.access.type, math.nan)
        if type is INT or type is FLOAT or isinstance(type, Scalar):
            return convert(lw, value, scalar)
    elif type is INT or type is FLOAT or isinstance(type, Scalar):
        if isinstance(type, Scalar) and scalar.kind == "u":
            return cast(lw, value.parts[0], type, scalar)
        if type is FLOAT or (isinstance(type, Scalar) and type.kind == "f"):
            return _whole_part(lw, value.parts[0], scalar)
        return _integer(lw, value, scalar)
    return _constant(lw, value, scalar, node)


def _is_plain(type: PyType) -> bool:
    """Whether values of the type are single numbers or None: no sequences, which make many elements or none."""
    if isinstance(type, Union):
        return all(_is_plain(m) for m in type.members)
    return is_number(type) or type is NONE or (isinstance(type, Constant) and type.value.__class__ is int)


def _statement(t: Scalar, x: str = "x") -> str:
    """Python text that raises what NumPy raises when `x` is stored."""
    return f"import numpy\nnumpy.zeros(1, {t.dtype!r})[0] = {x}"


def _integer(lw: Lowering, value: Val, t: Scalar) -> int:
    part = value.parts[0]
    if value.type is UINT64:
        fits = lw.b.emit("ule", part, lw.int_const(bounds(t)[1]))
        lw.check(fits, "evaluate", _statement(t, f"x & {(1 << 64) - 1}"), (part,), ("x",))
        return part
    if isinstance(value.type, Scalar) and value.type.bits <= t.bits - (value.type.kind == "u"):
        return part
    check_fits(lw, part, t, _statement(t))
    return part


def _whole_part(lw: Lowering, part: int, t: Scalar) -> int:
    """A float, its fraction cut off, which must fit."""
    emit = lw.b.emit
    if lw.function.types[part] is not F64:
        part = emit("fext", part)
    if t is UINT64:
        whole = float_to_uint64(lw, part)
        above, below = emit("fgt", part, lw.float_const(-1.0)), emit("flt", part, lw.float_const(2.0**64))
        fits = emit("and", above, below)
    else:
        # Out of range and NaN give the least i64, which is out of all smaller types' range.
        whole = emit("f2i", part)
        low, high = bounds(t)
        if t is INT64:
            fits = emit("or", emit("ne", whole, lw.int_const(low)), emit("feq", part, lw.float_const(low)))
        else:
            fits = emit("ule", emit("sub", whole, lw.int_const(low)), lw.int_const(high - low))
    lw.check(fits, "evaluate", _statement(t), (part,), ("x",))
    return whole


def _constant(lw: Lowering, value: Val, t: Scalar, node: Any) -> int:
    """Whatever else is known when compiling: stored once, into an array of one element."""
    if value.type is not NONE and not (isinstance(value.type, Constant) and type(value.type.value) is int):
        lw.unsupported(f"storing {value.type} into an array of {t.dtype} is not supported", node)
    array = sys.modules["numpy"].zeros(1, t.dtype)
    try:
        array[0] = sample(value.type)
    except Exception as error:
        lw.fail_with(type(error), *error.args)
    return lw.b.const(t.access.type, array[0].item())
