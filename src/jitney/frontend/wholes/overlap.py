"""Whether arrays overlap in memory: known when compiling, or tested by their first and last bytes when running."""

from __future__ import annotations

from ...ir.function import MAKERS
from ...ir.ops import OPS
from ...pytypes import Array
from ..arrays import strides
from ..state import Val
from .shapes import array_shape, elements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state import Lowering

_CCALL = OPS["ccall"]


def safe(lw: Lowering, target: Val, read: list[Val]) -> int:
    """An i1: no element of the arrays read is overwritten before it is read, whatever the order."""
    emit = lw.b.emit
    found = lw.bool_const(True)
    for array in read:
        if not _same_values(array, target):
            found = emit("and", found, _safe(lw, target, array))
    return found


def others_safe(lw: Lowering, target: Val, array: Val) -> int:
    """The same of an array that need not belong to the target's. Of views of two arguments it is asked whether the
    arguments are apart: one test for all of them."""
    whole, other = _argument(lw, target), _argument(lw, array)
    if whole is not None and other is not None and not _same_values(array, other):
        return apart(lw, whole, other)
    return _safe(lw, target, array)


def _safe(lw: Lowering, target: Val, array: Val) -> int:
    found = apart(lw, target, array)
    return found if lw.b.constant(found) is True else lw.b.emit("or", found, identical(lw, target, array))


def _same_values(a: Val, b: Val) -> bool:
    x, y = a.type, b.type
    assert isinstance(x, Array) and isinstance(y, Array)
    return a.parts[1:] == b.parts[1:] and x.item is y.item and x.layout == y.layout


def _argument(lw: Lowering, array: Val) -> Val | None:
    """The argument of the function that an array is or belongs to."""
    at, params = 1, lw.function.params
    for type in lw.arg_types:
        count = len(type.leaves)
        if isinstance(type, Array) and params[at] == array.parts[0]:
            return lw.pinned(Val(type, tuple(params[at : at + count])))
        at += count
    return None


def _distinct(lw: Lowering, a: Val, b: Val) -> bool:
    """Whether it is plain that they belong to different arrays: one of them is made here, the other one as well, by
    another call, or it is an argument, which was there before."""
    (x, own), (y, other) = ((v.parts[0], _is_new(lw, v)) for v in (a, b))
    return x != y and ((own and other) or (own and y in lw.function.params) or (other and x in lw.function.params))


def _is_new(lw: Lowering, array: Val) -> bool:
    v = array.parts[0]
    return lw.function.ops[v] is _CCALL and lw.function.imms[v].name in MAKERS


def apart(lw: Lowering, a: Val, b: Val) -> int:
    """An i1: no byte belongs to both arrays."""
    if _distinct(lw, a, b):
        return lw.bool_const(True)
    (low, high), (start, end) = _extent(lw, a), _extent(lw, b)
    return lw.b.emit("or", lw.b.emit("ule", high, start), lw.b.emit("ule", end, low))


def identical(lw: Lowering, a: Val, b: Val) -> int:
    """An i1: both have the same elements at the same places."""
    emit, x, y = lw.b.emit, a.type, b.type
    assert isinstance(x, Array) and isinstance(y, Array)
    if x.ndim != y.ndim or x.item is not y.item:
        return lw.bool_const(False)
    same = lw.bool_const(True)
    for n, m in zip(array_shape(a), array_shape(b)):
        same = emit("and", same, emit("eq", n, m))
    if x.layout != y.layout or x.layout == "A":
        for s, t in zip(strides(lw, a), strides(lw, b)):
            same = emit("and", same, emit("eq", s, t))
    return emit("and", same, emit("eq", a.parts[1], b.parts[1]))


def _extent(lw: Lowering, array: Val) -> tuple[int, int]:
    """The addresses of the first byte and after the last one."""
    emit, type = lw.b.emit, array.type
    assert isinstance(type, Array)
    size = lw.int_const(type.item.access.size)
    if type.layout != "A":
        return array.parts[1], emit("ptradd", array.parts[1], emit("mul", elements(lw, array_shape(array)), size))
    zero, one = lw.int_const(0), lw.int_const(1)
    low, high = zero, size
    for n, stride in zip(array_shape(array), strides(lw, array)):
        reach = emit("mul", emit("sub", n, one), stride)
        low = emit("add", low, emit("smin", reach, zero))
        high = emit("add", high, emit("smax", reach, zero))
    return emit("ptradd", array.parts[1], low), emit("ptradd", array.parts[1], high)
