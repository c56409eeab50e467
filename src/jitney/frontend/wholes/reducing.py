"""All elements of an array, or of an expression, to one number.

Integers are added in any order; floats in NumPy's: its own inner loop adds contiguous elements pairwise (in a tree that
halves the number of elements and ends in blocks). An expression is computed piece by piece into a buffer on the stack,
each piece being one subtree, which NumPy's loop adds up; the pieces' sums are added as in the tree:

    n elements: (a[0:n/2] + a[n/2:n]), each half in the same way, down to PIECE elements

Before 2.3, NumPy gives its loop 8192 elements at a time; elements that it has to convert it adds like this to this day.
"""

from __future__ import annotations

import sys

from ...ir.function import BUFFERS, Call
from ...ir.types import PTR
from ...pytypes import INT, SCALARS, Array, Scalar
from ..operators import libm, truth, ufunc_loops
from ..operators.numpy_scalars import NP_BOOL, bounds, cast
from ..state import Val
from . import pairwise
from .deferred import Map, Node, Operand, Whole, arrays_of
from .elementwise import converted, node_of, shape_of
from .making import compute
from .nests import Nest, Point, is_flat, looped
from .shapes import elements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..operators.ufunc_loops import UfuncLoop
    from ..state import Lowering
    from .nests import Carried, Run

_PIECE = 1024  # elements of a subtree that is computed into a buffer
_CASTING = 8192  # elements that NumPy converts, or before 2.3 takes as they are, and adds at a time
_WORD = SCALARS["int64"].access
_INT64, _UINT64 = SCALARS["int64"], SCALARS["uint64"]
_adds_at_once: list[bool] = []


class Source:
    """What is reduced: an array or an expression.

    Attributes:
        array: the array, if it is one whose elements stand in a row in memory in the order NumPy goes over them.
    """

    def __init__(self, lw: Lowering, value: Val) -> None:
        value = lw.pinned(value)
        type = value.type
        assert isinstance(type, (Array, Whole))
        self.lw = lw
        self.item = type.item
        self.shape = shape_of(value)
        lw.charge(*self.shape)
        self.node = node_of(value)
        self.array: Val | None = None
        if isinstance(type, Array) and (type.layout != "A" or type.ndim == 1):
            self.array = value

    @property
    def count(self) -> int:
        """The number of elements."""
        return elements(self.lw, self.shape)

    def nest(self) -> Nest:
        return Nest(self.lw, self.shape, (self.node,))

    def flat_nest(self) -> Nest:
        """A nest that goes over the elements as NumPy would go over the array."""
        nest = self.nest()
        assert nest.flat, "made so by `in_a_row`"
        return nest

    def in_a_row(self) -> Source:
        """The same, with elements that stand in a row in memory, in NumPy's order."""
        lw, node = self.lw, self.node
        if self.array is not None or is_flat(lw, self.shape, arrays_of(node)):
            return self
        made = compute(lw, self.item, self.shape, node)
        if isinstance(node, Operand):
            # NumPy copies such an array, too, but only so many elements at a time, not always the same number.
            if lw.b.constant(lw.dirty) is not False:
                lw.unsupported("a reduction in floats of a strided array is not supported after a store")
            lw.check(lw.b.emit("sle", self.count, lw.int_const(_CASTING)), "overflow")
        if made.type.layout == "A" and len(self.shape) > 1:  # type: ignore[attr-defined]
            lw.unsupported("a reduction in floats of arrays of unknown order is not supported after a store")
        return Source(lw, made)

    def not_empty(self, message: str) -> None:
        """Leave with ValueError where there are no elements."""
        lw = self.lw
        lw.check(lw.b.emit("ne", self.count, lw.int_const(0)), "raise", (ValueError, (message,)))


def fold(lw: Lowering, source: Source, start: Val, step: Callable[[int, Val], int]) -> Val:
    """Start with `start`, go on with ``step(accumulated, element)``, in any order."""

    def one(point: Point, carried: Carried) -> Carried:
        return (step(carried[0], point.value(source.node)),)

    return Val(start.type, source.nest().run(start.parts, one))


# -- NumPy's own loops -------------------------------------------------------------------------------------------------


def loop_of(lw: Lowering, name: str, t: Scalar, output: Scalar | None = None) -> UfuncLoop:
    found = ufunc_loops.find(getattr(sys.modules["numpy"], name), (t, t), output or t)
    if found is None:
        lw.unsupported(f"reducing np.{t.dtype} by np.{name} is not supported")
    return found


class Accumulator:
    """A place on the stack that NumPy's inner loop of a binary ufunc accumulates into.

    | value | addresses: value, elements, value | count | steps: 0, stride, 0 |
    """

    def __init__(self, lw: Lowering, loop: UfuncLoop) -> None:
        self.lw = lw
        self.loop = loop
        self.frame = lw.b.emit("alloca", imm=8 * 8)

    def reduce(self, start: int, base: int, count: int, stride: int) -> int:
        """``start`` combined with `count` elements from the address `base` on, `stride` bytes apart."""
        lw, b, loop = self.lw, self.lw.b, self.loop
        access = loop.output.access
        b.store(access, start, self.frame)
        own, zero = b.emit("p2i", self.frame), lw.int_const(0)
        for k, word in enumerate((own, b.emit("p2i", base), own, count, zero, stride, zero)):
            b.store(_WORD, word, self.frame, disp=8 + 8 * k)
        at = [b.emit("ptradd", self.frame, lw.int_const(offset)) for offset in (8, 32, 40)]
        call = Call("np." + loop.name, loop.address, (PTR,) * 4, ())
        b.call("ccall", call, (*at, b.const(PTR, loop.data)))
        return b.load(access, self.frame)


def _stride(lw: Lowering, array: Val) -> int:
    type = array.type
    assert isinstance(type, Array)
    return array.parts[-1] if type.layout == "A" else lw.int_const(type.item.access.size)


# -- sums --------------------------------------------------------------------------------------------------------------


def sum_type(item: Scalar) -> Scalar:
    """The type in which NumPy adds, or multiplies, elements of `item`."""
    if item.kind == "f":
        return item
    return _UINT64 if item.kind == "u" else _INT64


def adds_at_once() -> bool:
    """Whether NumPy adds all elements of a row of floats pairwise (2.3 and newer), not `_CASTING` at a time."""
    if not _adds_at_once:
        numpy = sys.modules["numpy"]
        # In blocks the large elements meet in the first one; else the last one gets lost in the right half before.
        probe = numpy.zeros(2 * _CASTING - 8)
        probe[0], probe[_CASTING - 4], probe[-1] = 1e20, -1e20, 1.0
        _adds_at_once.append(not numpy.add.reduce(probe))
    return _adds_at_once[0]


def total(lw: Lowering, source: Source, t: Scalar) -> Val:
    """The sum, computed in type `t`."""
    if t.kind != "f":
        def step(acc: int, x: Val) -> int:
            assert isinstance(x.type, Scalar)
            return lw.b.emit("add", acc, cast(lw, x.parts[0], x.type, t))

        if t not in (_INT64, _UINT64) or source.item.kind == "f":
            lw.unsupported(f"a sum of np.{source.item.dtype} in np.{t.dtype} is not supported")
        return fold(lw, source, Val(t, (lw.int_const(0),)), step)
    zero = lw.b.const(t.access.type, 0.0)
    source = source.in_a_row()
    if source.item is t and source.array is not None:
        array = source.array
        accumulator = Accumulator(lw, loop_of(lw, "add", t))
        return Val(t, (_add_row(lw, accumulator, zero, array.parts[1], source.count, _stride(lw, array)),))
    nest = source.flat_nest()
    result = add_run(lw, nest.flat_run(), source.node, t, zero)
    nest.free()
    return Val(t, (result,))


def add_run(lw: Lowering, run: Run, node: Node, t: Scalar, start: int) -> int:
    """`start` plus the sum of a run's elements in float type `t`."""
    if node.type is t and not run.inners and adds_at_once() and pairwise.is_numpys():
        return lw.b.emit("fadd", start, pairwise.total(lw, run, node, t))
    accumulator = Accumulator(lw, loop_of(lw, "add", t))
    if isinstance(node, Operand) and node.type is t:
        row = run.rows[node]
        return _add_row(lw, accumulator, start, row.base, run.count, row.stride)
    if node.type is t and adds_at_once():
        fill = _Filling(lw, run, node, t)
        leaf = lambda low, count: fill.reduce(accumulator, low, count)  # noqa: E731
        return lw.b.emit("fadd", start, pairwise.tree(lw, run.count, t, _PIECE, leaf))
    return _cast_sum(lw, run, converted(lw, node, t), t, accumulator, start)


def _add_row(lw: Lowering, accumulator: Accumulator, start: int, base: int, count: int, stride: int) -> int:
    """`start` plus `count` floats from the address `base` on, `stride` bytes apart."""
    if adds_at_once():
        return accumulator.reduce(start, base, count, stride)

    def add(so_far: int, low: int, size: int) -> int:
        at = lw.b.emit("ptradd", base, lw.b.emit("mul", low, stride))
        return accumulator.reduce(so_far, at, size, stride)

    return _in_blocks(lw, count, start, add)


class _Filling:
    """A buffer on the stack for pieces of an expression."""

    def __init__(self, lw: Lowering, run: Run, node: Node, t: Scalar, size: int = _PIECE) -> None:
        self.lw = lw
        self.run = run
        self.node = node
        self.type = t
        self.buffer = lw.b.emit("alloca", imm=size * t.access.size)

    def fill(self, low: int, count: int) -> None:
        """Compute `count` elements from `low` on."""
        lw, access = self.lw, self.type.access

        def one(point: Point, carried: Carried) -> Carried:
            value = point.value(self.node).parts[0]
            at = lw.b.emit("sub", point.i, low)
            lw.b.store(access, value, self.buffer, at, access.size, 0, BUFFERS)
            return ()

        self.run.span(low, count, (), one)

    def reduce(self, accumulator: Accumulator, low: int, count: int) -> int:
        """Their combination, starting with minus zero."""
        lw, access = self.lw, self.type.access
        self.fill(low, count)
        return accumulator.reduce(lw.b.const(access.type, -0.0), self.buffer, count, lw.int_const(access.size))


def _cast_sum(lw: Lowering, run: Run, node: Node, t: Scalar, accumulator: Accumulator, start: int) -> int:
    """A sum of what is computed, or converted, and added `_CASTING` elements at a time."""
    fill = _Filling(lw, run, node, t, _CASTING)
    stride = lw.int_const(t.access.size)

    def add(so_far: int, low: int, size: int) -> int:
        fill.fill(low, size)
        return accumulator.reduce(so_far, fill.buffer, size, stride)

    return _in_blocks(lw, run.count, start, add)


def _in_blocks(lw: Lowering, count: int, start: int, add: Callable[[int, int, int], int]) -> int:
    """Begin with `start` and go over `count` elements by ``add(so far, low, size)``, `_CASTING` at a time."""
    emit, block = lw.b.emit, lw.int_const(_CASTING)

    def each(values: Carried) -> Carried:
        low, so_far = values
        size = emit("smin", block, emit("sub", count, low))
        return emit("add", low, size), add(so_far, low, size)

    return looped(lw, (lw.int_const(0), start), lambda v: emit("slt", v[0], count), each)[1]


def product(lw: Lowering, source: Source, t: Scalar) -> Val:
    """The product, computed in type `t`: one after the other."""
    one = lw.b.const(t.access.type, 1)
    if t.kind == "f":
        if source.item is not t:
            lw.unsupported(f"a product of np.{source.item.dtype} in np.{t.dtype} is not supported")
        source = source.in_a_row()
        nest = source.flat_nest()

        def step(point: Point, carried: Carried) -> Carried:
            return (lw.b.emit("fmul", carried[0], point.value(source.node).parts[0]),)

        return Val(t, nest.run((one,), step))

    def multiply(acc: int, x: Val) -> int:
        assert isinstance(x.type, Scalar)
        return lw.b.emit("mul", acc, cast(lw, x.parts[0], x.type, t))

    if t not in (_INT64, _UINT64) or source.item.kind == "f":
        lw.unsupported(f"a product of np.{source.item.dtype} in np.{t.dtype} is not supported")
    return fold(lw, source, Val(t, (one,)), multiply)


# -- truth -------------------------------------------------------------------------------------------------------------


def holds(lw: Lowering, source: Source, all_of: bool) -> Val:
    """Whether any or all elements are true."""
    op = "and" if all_of else "or"
    if source.array is not None and source.item is NP_BOOL:
        # NumPy's own loop ends where the answer is known.
        loop = Accumulator(lw, loop_of(lw, "logical_" + op, NP_BOOL))
        array = source.array
        part = loop.reduce(lw.bool_const(all_of), array.parts[1], source.count, _stride(lw, array))
        return Val(NP_BOOL, (part,))
    start = Val(NP_BOOL, (lw.bool_const(all_of),))
    return fold(lw, source, start, lambda acc, x: lw.b.emit(op, acc, truth(lw, x)))


def count_true(lw: Lowering, source: Source) -> Val:
    """The number of true elements, an int."""
    start = Val(INT, (lw.int_const(0),))
    return fold(lw, source, start, lambda acc, x: lw.b.emit("add", acc, lw.b.emit("b2i", truth(lw, x))))


# -- the least and the greatest ----------------------------------------------------------------------------------------


def extreme(lw: Lowering, source: Source, greatest: bool) -> Val:
    """The least or the greatest element, NaN where there is one."""
    name, item = "maximum" if greatest else "minimum", source.item
    source.not_empty(f"zero-size array to reduction operation {name} which has no identity")
    if item.kind == "f":
        return Val(item, (float_extreme(lw, source, name),))
    if item is NP_BOOL:
        return holds(lw, source, not greatest)
    sign = "u" if item.kind == "u" else "s"
    op = sign + ("max" if greatest else "min")
    start = Val(item, (extreme_start(lw, item, greatest),))
    return fold(lw, source, start, lambda acc, x: lw.b.emit(op, acc, x.parts[0]))


def extreme_start(lw: Lowering, item: Scalar, greatest: bool) -> int:
    """What every element is at least, or at most."""
    if item.kind == "f":
        return lw.b.const(item.access.type, float("-inf" if greatest else "inf"))
    low, high = bounds(item)
    return lw.int_const(low if greatest else high)


def float_extreme(lw: Lowering, source: Source, name: str) -> int:
    emit, t = lw.b.emit, source.item
    access = t.access
    source = source.in_a_row()
    accumulator = Accumulator(lw, loop_of(lw, name, t))
    if source.array is not None:
        stride = _stride(lw, source.array)
        return rest(lw, accumulator, source.array.parts[1], source.count, stride)
    nest = source.flat_nest()
    run = nest.flat_run()
    fill = _Filling(lw, run, source.node, t)
    block, count, size = lw.int_const(_PIECE), source.count, lw.int_const(access.size)

    def each(values: Carried) -> Carried:
        low, result = values
        here = emit("smin", block, emit("sub", count, low))
        fill.fill(low, here)
        return emit("add", low, here), accumulator.reduce(result, fill.buffer, here, size)

    start = extreme_start(lw, t, name == "maximum")
    result = looped(lw, (lw.int_const(0), start), lambda v: emit("slt", v[0], count), each)[1]
    if not _may_be_minus_zero(source.node):
        nest.free()
        return result

    # Which of 0.0 and -0.0 comes out depends on where in the whole they stand.
    def exactly() -> Val:
        place = lw.ccall(
            "PyMem_RawMalloc", libm.address(lw, "PyMem_RawMalloc"), (emit("mul", count, size),), PTR, pure=False
        )
        lw.check(emit("ne", place, lw.b.const(PTR, 0)), "raise", (MemoryError, ()))

        def copy(point: Point, carried: Carried) -> Carried:
            value = point.value(source.node).parts[0]
            lw.b.store(access, value, place, point.i, access.size, 0, BUFFERS)
            return ()

        run.go((), copy)
        exact = rest(lw, accumulator, place, count, size)
        lw.b.call("ccall", Call("PyMem_RawFree", libm.address(lw, "PyMem_RawFree"), (PTR,), ()), (place,))
        return Val(t, (exact,))

    is_zero = emit("feq", result, lw.b.const(access.type, 0.0))
    result = lw.if_else(is_zero, exactly, lambda: Val(t, (result,))).parts[0]
    nest.free()
    return result


def extreme_run(lw: Lowering, run: Run, node: Operand, name: str) -> int:
    """The least or greatest of a run of floats, at least one."""
    t = node.type
    assert isinstance(t, Scalar)
    row = run.rows[node]
    return rest(lw, Accumulator(lw, loop_of(lw, name, t)), row.base, run.count, row.stride)


def rest(lw: Lowering, accumulator: Accumulator, base: int, count: int, stride: int) -> int:
    """Start with the first element, combine with the others."""
    emit = lw.b.emit
    first = lw.b.load(accumulator.loop.output.access, base)
    return accumulator.reduce(first, emit("ptradd", base, stride), emit("sub", count, lw.int_const(1)), stride)


def _may_be_minus_zero(node: Node) -> bool:
    return not (isinstance(node, Map) and node.name in ("abs", "absolute", "fabs", "square"))


def position(lw: Lowering, source: Source, greatest: bool) -> Val:
    """The index of the first least or greatest element in C order, of the first NaN if there is one."""
    item = source.item
    name = "argmax" if greatest else "argmin"
    source.not_empty(f"attempt to get {name} of an empty sequence")
    nest = Nest(lw, source.shape, (source.node,), in_order=True)
    start, better = position_start(lw, item, greatest)
    zero = lw.int_const(0)
    found = nest.run((start, zero, zero), lambda point, c: better(point.value(source.node).parts[0], c))
    return Val(_INT64, (found[1],))


def position_start(
    lw: Lowering, item: Scalar, greatest: bool
) -> tuple[int, Callable[[int, Carried], Carried]]:
    """What a search for the least or greatest element starts with; and its step, from the next element and (best so
    far, its index, index of the element) to the same of the next one."""
    emit = lw.b.emit
    if item.kind == "f":
        worst, beyond = (float("-inf"), "fle") if greatest else (float("inf"), "fge")
        start = lw.b.const(item.access.type, worst)
    elif item is NP_BOOL:
        start, beyond = lw.int_const(-1 if greatest else 2), "sle" if greatest else "sge"
    else:
        unsigned = item.kind == "u"
        start = lw.int_const((0 if unsigned else -(1 << 63)) if greatest else (-1 if unsigned else (1 << 63) - 1))
        beyond = ("u" if unsigned else "s") + ("le" if greatest else "ge")

    def better(x: int, carried: Carried) -> Carried:
        best, at, k = carried
        if item is NP_BOOL:
            x = emit("b2i", x)
        take = emit("not", emit(beyond, x, best))
        if item.kind == "f":
            take = emit("and", take, emit("feq", best, best))
        return emit("select", take, x, best), emit("select", take, k, at), emit("add", k, lw.int_const(1))

    return start, better
