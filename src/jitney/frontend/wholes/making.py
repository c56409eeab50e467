"""New arrays for what expressions compute, laid out as NumPy's would be.

NumPy gives the result the order of axes that its operands have (`K`): row-major if one of them has all axes and is, or
if none tells; column-major if all that tell are.
"""

from __future__ import annotations

from itertools import pairwise

from ...ir.ops import OPS
from ...lazy import lazy
from ...pytypes import Array
from .. import operators
from ..arrays import strides
from ..library.creation import allocate
from ..state import Val
from .deferred import Node, Operand, Whole, arrays_of
from .nests import Nest, Point
from .shapes import array_shape, is_single

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...pytypes import Scalar
    from ..state import Lowering
    from . import ordering
    from .nests import Carried
else:
    ordering = lazy("jitney.frontend.wholes", "ordering")

_MUL, _SHL, _STORE = OPS["mul"], OPS["shl"], OPS["store"]


def settle(lw: Lowering, value: Val) -> Val:
    """The array that an expression over arrays computes."""
    type = value.type
    assert isinstance(type, Whole)
    return compute(lw, type.item, type.shape, type.node)


def compute(lw: Lowering, item: Scalar, shape: tuple[int, ...], node: Node) -> Val:
    """A new array of `shape`, its elements computed by `node` and cast to `item`."""
    layout, sure = _order(lw, shape, arrays_of(node))
    if lw.b.constant(sure) is True or lw.b.constant(lw.dirty) is False:
        leave_unless(lw, sure)
        array = allocate(lw, item, list(shape), False, layout)
    else:
        array = ordering.allocate(lw, item, shape, node, layout, sure)
    fill(lw, array, node)
    return array


def fill(lw: Lowering, array: Val, node: Node) -> None:
    """Compute the elements of an array that is new, so that nothing read can overlap it."""
    first = len(lw.function.ops)
    type = array.type
    assert isinstance(type, Array)
    item = type.item
    target = Operand(array)

    def one(point: Point, carried: Carried) -> Carried:
        point.store(target, *operators.cast(lw, point.value(node), item))
        return ()

    Nest(lw, array_shape(array), (node,), target).run((), one)
    ops = lw.function.ops
    lw.fresh_stores.update([v for v in range(first, len(ops)) if ops[v] is _STORE])


def operands_of(value: Val) -> list[Val]:
    """The arrays that an array or expression reads."""
    return arrays_of(value.type.node) if isinstance(value.type, Whole) else [value]


def order(lw: Lowering, shape: tuple[int, ...], operands: list[Val]) -> str:
    """The layout of NumPy's result, "C" or "F"; where that shows when running only, other orders leave."""
    layout, sure = _order(lw, shape, operands)
    leave_unless(lw, sure)
    return layout


def _order(lw: Lowering, shape: tuple[int, ...], operands: list[Val]) -> tuple[str, int]:
    """The layout that NumPy's result has, "C" or "F", and an i1: it has that one indeed."""
    sure = lw.bool_const(True)
    if len(shape) < 2:
        return "C", sure
    # An operand votes on the order of two axes where both are longer than 1 and its strides are not zero.
    voting = [x for x in operands if sum(not is_single(lw, n) for n in array_shape(x)) >= 2]
    others = [x for x in voting if not is_row_major(lw, x)]
    if not others:
        return "C", sure
    full = [x for x in voting if x.type.ndim == len(shape) and x not in others]  # type: ignore[attr-defined]
    if full:
        return "C", lw.b.emit("or", _any_full(lw, shape, full), _row_major(lw, others))
    if all(_is_column_major(lw, x) and x.type.ndim == len(shape) for x in voting):  # type: ignore[attr-defined]
        return "F", _any_full(lw, shape, voting)
    return "C", _row_major(lw, others)


def _any_full(lw: Lowering, shape: tuple[int, ...], arrays: list[Val]) -> int:
    """An i1: one of the arrays has all the elements of the shape."""
    emit = lw.b.emit
    found = lw.bool_const(False)
    for x in arrays:
        same = lw.bool_const(True)
        for n, m in zip(array_shape(x), shape):
            same = emit("and", same, emit("eq", n, m)) if n != m else same
        found = emit("or", found, same)
    return found


def leave_unless(lw: Lowering, holds: int) -> None:
    """CPython takes over, where it still can, unless `holds`; else NumPy computes the expression."""
    if lw.b.constant(holds) is not True:
        if lw.b.constant(lw.dirty) is not False:
            lw.unsupported("an expression over arrays of unknown order is not supported after a store")
        # Callers that have had effects must not call this function directly.
        lw.function.symbol.leaves = True
        lw.check(holds, "overflow")


def is_row_major(lw: Lowering, x: Val) -> bool:
    """Whether it is plain that strides grow from the last axis to the first: each is a multiple of the next."""
    if x.type.layout == "C":  # type: ignore[attr-defined]
        return True
    return _grow(lw, _counting(lw, x)[::-1])


def _counting(lw: Lowering, x: Val) -> list[int]:
    """The strides of the axes that are longer than 1, as far as is known, and not repeated."""
    counting = zip(array_shape(x), strides(lw, x))
    return [s for n, s in counting if not is_single(lw, n) and lw.b.constant(s) != 0]


def _is_column_major(lw: Lowering, x: Val) -> bool:
    return x.type.layout == "F" or _grow(lw, _counting(lw, x))  # type: ignore[attr-defined]


def _grow(lw: Lowering, steps: list[int]) -> bool:
    return all(_is_multiple(lw, outer, inner) for inner, outer in pairwise(steps))


def _is_multiple(lw: Lowering, outer: int, inner: int) -> bool:
    """Whether ``outer`` is a length times at least ``inner``, or a constant that is."""
    function, constant = lw.function, lw.b.constant
    x, y = constant(outer), constant(inner)
    if x is not None and y is not None:
        return abs(int(x)) >= abs(int(y)) > 0
    op = function.ops[outer]
    if op is not _MUL and op is not _SHL:
        # A length: elements of one byte.
        return y == 1 and function.facts.get(outer, (-1, 0))[0] >= 0
    a, b = function.args[outer]
    if inner == a or (inner == b and op is _MUL):
        return True
    factor = constant(b)
    if factor is None or y is None:
        return False
    return (1 << int(factor) if op is _SHL else abs(int(factor))) >= abs(int(y)) > 0


def _row_major(lw: Lowering, arrays: list[Val]) -> int:
    """An i1: none of the arrays votes for another order than row-major."""
    emit, one, zero = lw.b.emit, lw.int_const(1), lw.int_const(0)
    fits = lw.bool_const(True)
    for x in arrays:
        lengths, steps = array_shape(x), strides(lw, x)
        for k in range(len(steps) - 1):
            for m in range(k + 1, len(steps)):
                outer, inner = steps[k], steps[m]
                good = emit("ule", emit("iabs", inner), emit("iabs", outer))
                for n, s in ((lengths[k], outer), (lengths[m], inner)):
                    good = emit("or", good, emit("or", emit("sle", n, one), emit("eq", s, zero)))
                fits = emit("and", fits, good)
    return fits
