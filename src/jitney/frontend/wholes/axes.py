"""Reductions along axes: ``a.sum(axis=0)``, ``np.max(a, axis=(1, 2), keepdims=True)``.

    innermost axis kept                 innermost axis reduced

    for i in range(n0):                 for i in range(n0):
        for j in range(n1):                 out[i] = all elements a[i, :], one after the other or pairwise
            out[j] = step(out[j], a[i, j])

As NumPy does it, the elements are gone over as they lie in memory: floats are added one after the other unless the
innermost axis is reduced. Then its elements, with those of further axes that make one run with it, are added pairwise.
"""

from __future__ import annotations

from ...ir.function import ARRAY_DATA
from ...pytypes import SCALARS, Array, Scalar, array_type
from ..arrays import make_view, strides
from ..library import creation
from ..state import NONE_VAL, Val
from . import pairwise, settled
from .deferred import Operand, Whole
from .elementwise import node_of, shape_of
from .making import operands_of, order
from .nests import Nest, Point, Run
from .reducing import position_start
from .shapes import array_shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...pytypes import PyType
    from ..state import Lowering
    from .nests import Carried

    Step = Callable[[int, Val], int]
    OfRun = Callable[[int, Run, Operand], int]


class Recipe:
    """How elements are combined.

    Attributes:
        item: the type of the results. start: what they start with (a machine value).
        step: from the result so far and an element to the next result.
        of_run: from `start` and a whole run, where NumPy does that in a way of its own; then the order matters, and
            only arrays are reduced, or expressions if `fused`. of_few: that for fewer than `pairwise.WIDTH` elements
            that need no loop of NumPy's.
    """

    def __init__(
        self, item: Scalar, start: int, step: Step, of_run: OfRun | None = None, fused: bool = False,
        of_few: OfRun | None = None
    ) -> None:
        self.item = item
        self.start = start
        self.step = step
        self.of_run = of_run
        self.fused = fused
        self.of_few = of_few


def reduce(lw: Lowering, value: Val, axes: tuple[int, ...], keepdims: bool, recipe: Recipe) -> Val:
    """A new array: `value` reduced along `axes`, some but not all of its axes."""
    value = lw.pinned(value)
    shape = shape_of(value)
    ndim = len(shape)
    layout = order(lw, shape, operands_of(value))
    merges = recipe.of_run is not None and _trailing(ndim, axes, layout) > 1
    if isinstance(value.type, Whole) and (layout == "F" or merges or (recipe.of_run is not None and not recipe.fused)):
        value = settled(lw, value)
    one, zero = lw.int_const(1), lw.int_const(0)
    kept = [one if axis in axes else n for axis, n in enumerate(shape) if keepdims or axis not in axes]
    result = creation.allocate(lw, recipe.item, kept, False, layout)
    if recipe.of_run is None or (ndim - 1 if layout == "C" else 0) not in axes:
        # Else each is one run's.
        creation.fill(lw, result, recipe.start)
    # The results as an array with the source's axes.
    steps = strides(lw, result)
    if not keepdims:
        rest = iter(steps)
        steps = [zero if axis in axes else next(rest) for axis in range(ndim)]
    lengths = [one if axis in axes else n for axis, n in enumerate(shape)]
    if layout == "F":
        value = _reversed(lw, value)
        lengths.reverse()
        steps.reverse()
        axes = tuple(ndim - 1 - axis for axis in axes)
    _into(lw, value, axes, _strided(result, lengths, steps), recipe)
    return result


def _trailing(ndim: int, axes: tuple[int, ...], layout: str) -> int:
    """How many axes are reduced from the innermost one on."""
    count = 0
    while count < ndim and (ndim - 1 - count if layout == "C" else count) in axes:
        count += 1
    return count


def _merged(lw: Lowering, value: Val, result: Val, count: int) -> tuple[Val, Val]:
    """Source and results with the last `count` axes of the source, which are reduced and make one run, as one."""
    if value.type.layout != "C":  # type: ignore[attr-defined]
        lw.unsupported("a reduction in floats along several axes that are not contiguous is not supported")
    dims, steps = list(array_shape(value)), strides(lw, value)
    total = lw.int_const(1)
    for n in dims[-count:]:
        total = lw.b.emit("mul", total, n)
    source = make_view(lw, value, value.parts[1], [*dims[:-count], total], [*steps[:-count], steps[-1]])
    kept = 1 - count
    return source, _strided(result, list(array_shape(result))[:kept], strides(lw, result)[:kept])


def _reversed(lw: Lowering, array: Val) -> Val:
    dims, steps = list(array_shape(array)), strides(lw, array)
    return make_view(lw, array, array.parts[1], dims[::-1], steps[::-1])


def _strided(array: Val, lengths: list[int], steps: list[int]) -> Val:
    type = array.type
    assert isinstance(type, Array)
    view = array_type(type.item, len(lengths), "A", True, True, type.local, type.owned)
    return Val(view, (array.parts[0], array.parts[1], *lengths, *steps))


def _into(lw: Lowering, value: Val, axes: tuple[int, ...], result: Val, recipe: Recipe) -> None:
    """Combine all elements with those of `result`, which has the same axes, the reduced ones of length 1."""
    shape = shape_of(value)
    last = len(shape) - 1
    if recipe.of_run is not None and last in axes:
        count = _trailing(last + 1, axes, "C")
        if count < len(axes):
            # They make one run after all where what lies between has length 1.
            lw.unsupported("a reduction in floats along axes that are not neighbours is not supported")
        if count > 1:
            value, result = _merged(lw, value, result, count)
    if recipe.of_run is None or last in axes:
        _loops(lw, value, last in axes, result, recipe)
        return
    # An innermost axis of length 1 does not count as one: what lies further out is then reduced as one run.
    count = 0
    while last - count not in axes:
        count += 1
    single = lw.bool_const(True)
    for n in shape[-count:]:
        single = lw.b.emit("and", single, lw.b.emit("eq", n, lw.int_const(1)))

    def without() -> Val:
        own = settled(lw, value)
        packed = own.type.layout == "C"  # type: ignore[attr-defined]
        view = make_view(lw, own, own.parts[1], list(array_shape(own))[:-count], strides(lw, own)[:-count])
        if packed:
            view = Val(_as_packed(view.type), view.parts[: 2 + last + 1 - count])
        target = _strided(result, list(array_shape(result))[:-count], strides(lw, result)[:-count])
        _into(lw, view, axes, target, recipe)
        return NONE_VAL

    def plain() -> Val:
        _loops(lw, value, False, result, recipe)
        return NONE_VAL

    lw.if_else(single, without, plain)


def _as_packed(type: PyType) -> Array:
    assert isinstance(type, Array)
    return array_type(type.item, type.ndim, "C", type.writeable, True, type.local, type.owned, type.mixed)


def _loops(lw: Lowering, value: Val, inner: bool, result: Val, recipe: Recipe) -> None:
    node, target = node_of(value), Operand(result)
    lw.charge(*shape_of(value))
    nest = Nest(lw, shape_of(value), (node,), target)
    access = recipe.item.access

    def one(point: Point, carried: Carried) -> Carried:
        point.store(target, recipe.step(point.value(target).parts[0], point.value(node)))
        return ()

    def each(run: Run, carried: Carried) -> Carried:
        place = run.rows[target].base
        so_far = lw.b.load(access, place, region=ARRAY_DATA)
        (combined,) = run.go((so_far,), lambda point, c: (recipe.step(c[0], point.value(node)),))
        lw.b.store(access, combined, place, region=ARRAY_DATA)
        return ()

    def of(combine: OfRun) -> Val:
        def each(run: Run, carried: Carried) -> Carried:
            lw.b.store(access, combine(recipe.start, run, node), run.rows[target].base, region=ARRAY_DATA)  # type: ignore[arg-type]
            return ()

        nest.runs((), each)
        return NONE_VAL

    if not inner:
        nest.run((), one)
        return
    of_run, of_few = recipe.of_run, recipe.of_few
    if of_run is None:
        nest.runs((), each)
    elif of_few is None or nest.inners or lw.leaves is not None:
        # Code for one call is short: where the number is known `of_run` finds out, else it does for few as well.
        of(of_run)
    else:
        few = lw.b.emit("slt", shape_of(value)[-1], lw.int_const(pairwise.WIDTH))
        lw.if_else(few, lambda: of(of_few), lambda: of(of_run))
    nest.free()


def positions(lw: Lowering, value: Val, axis: int, keepdims: bool, greatest: bool) -> Val:
    """``np.argmax`` and ``np.argmin`` along an axis."""
    value = lw.pinned(value)
    value = settled(lw, value)
    type = value.type
    assert isinstance(type, Array)
    dims, steps = list(array_shape(value)), strides(lw, value)
    zero, one = lw.int_const(0), lw.int_const(1)
    lw.check(
        lw.b.emit("ne", dims[axis], zero), "raise",
        (ValueError, (f"attempt to get {'argmax' if greatest else 'argmin'} of an empty sequence",)),
    )  # fmt: skip
    kept = [one if k == axis else n for k, n in enumerate(dims) if keepdims or k != axis]
    result = creation.allocate(lw, SCALARS["int64"], kept, False, "C")
    own = strides(lw, result)
    if keepdims:
        del own[axis]
    moved = [k for k in range(type.ndim) if k != axis] + [axis]
    source = make_view(lw, value, value.parts[1], [dims[k] for k in moved], [steps[k] for k in moved])
    places = _strided(result, [dims[k] for k in moved[:-1]] + [one], [*own, zero])
    node, target = Operand(source), Operand(places)
    start, better = position_start(lw, type.item, greatest)
    lw.charge(*dims)

    def each(run: Run, carried: Carried) -> Carried:
        found = run.go((start, zero, zero), lambda point, c: better(point.value(node).parts[0], c))
        lw.b.store(SCALARS["int64"].access, found[1], run.rows[target].base, region=ARRAY_DATA)
        return ()

    nest = Nest(lw, array_shape(source), (node,), target, in_order=True)
    nest.runs((), each)
    nest.free()
    return result
