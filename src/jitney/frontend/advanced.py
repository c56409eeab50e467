"""Index arrays and masks ("advanced indexing"): read into a new array, or stored into.

    out = a[idx, j]      check j; for k in range(len(idx)): out[k] = a[check(idx[k]), j]
    out = a[mask]        count the true ones; for i in range(n): if mask[i]: out[k] = a[i]; k += 1
    a[idx] = v           check all of idx; for k in range(len(idx)): a[idx[k]] = v[k]

The axes of the index arrays, broadcast, come first in the loops and in memory, then the axes that slices leave, as in
NumPy's own results; where they belong between these, the result is a view of the new array with its axes in that order.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..lazy import lazy
from ..pytypes import COMPLEX, INT, NONE, SCALARS, Array, Complex, Scalar, Slice, Tuple
from . import arrays, operators, slices
from .arrays import lengths, load_at, make_view, strides
from .library.creation import allocate
from .state import NONE_VAL, Val, constant_value
from .wholes import settled
from .wholes.nests import counted
from .wholes.overlap import apart, identical
from .wholes.shapes import check_shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .operators import object_operators
    from .state import Lowering
    from .wholes.nests import Carried

    At = tuple[int, ...]
else:
    object_operators = lazy("jitney.frontend.operators", "object_operators")

_STORE = OPS["store"]
_INT64, _BOOL = SCALARS["int64"], SCALARS["bool"]


def each(lw: Lowering, dims: list[int], carried: Carried, body: Callable[[At, Carried], Carried]) -> Carried:
    """Go over all indices of an array of these lengths, the last the fastest."""

    def along(at: At, carried: Carried) -> Carried:
        if len(at) == len(dims):
            return body(at, carried)
        return counted(lw, dims[len(at)], carried, lambda i, c: along((*at, i), c))

    return along((), carried)


# -- masks -------------------------------------------------------------------------------------------------------------


def true_ones(lw: Lowering, mask: Val, carried: Carried, body: Callable[[At, Carried], Carried]) -> Carried:
    """`body` for the indices of all elements of `mask` that are not zero, in their order."""

    def one(at: At, carried: Carried) -> Carried:
        cond = operators.truth(lw, load_at(lw, mask, at))
        b, types = lw.b, lw.function.types
        before = b.block
        then, out = b.new_block(before.loop), b.new_block(before.loop)
        results = tuple([b.param(out, types[v]) for v in carried])
        b.branch(cond, then, out, (), carried)
        b.start(then, before)
        b.jump(out, body(at, carried))
        b.start(out, before)
        return results

    return each(lw, lengths(mask), carried, one)


def count(lw: Lowering, mask: Val) -> int:
    """How many elements of `mask` are not zero."""
    lw.charge(*lengths(mask))

    def one(at: At, carried: Carried) -> Carried:
        cond = operators.truth(lw, load_at(lw, mask, at))
        return (lw.b.emit("add", carried[0], lw.b.emit("b2i", cond)),)

    return each(lw, lengths(mask), (lw.int_const(0),), one)[0]


def nonzero(lw: Lowering, mask: Val) -> list[Val]:
    """For each axis an array of the indices of the elements that are not zero: ``np.nonzero(mask)``."""
    items = [_INT64] * len(lengths(mask))
    return _packed(lw, mask, items, lambda at: [(i,) for i in at])


def _packed(lw: Lowering, mask: Val, items: list[Scalar], values: Callable[[At], list[At]]) -> list[Val]:
    """New arrays of the values that belong to the elements of `mask` that are not zero.

    Every element's values are stored, those of a zero are overwritten by the next one's: where branches cannot be
    foreseen that is several times as fast. So the memory has room for one more than the arrays have.
    """
    first, emit = len(lw.function.ops), lw.b.emit
    total = emit("smax", count(lw, mask), lw.int_const(0))
    room = emit("add", total, lw.int_const(1))
    made = [allocate(lw, item, [room], False) for item in items]

    def one(at: At, carried: Carried) -> Carried:
        cond = operators.truth(lw, load_at(lw, mask, at))
        for array, parts in zip(made, values(at)):
            _put(lw, array, carried, *parts)
        return (emit("add", carried[0], emit("b2i", cond)),)

    each(lw, lengths(mask), (lw.int_const(0),), one)
    _fresh(lw, first)
    return [make_view(lw, array, array.parts[1], [total], strides(lw, array)) for array in made]


def places(lw: Lowering, mask: Val) -> Val:
    """A row with the indices of each element that is not zero: ``np.argwhere(mask)``."""
    first = len(lw.function.ops)
    total = lw.b.emit("smax", count(lw, mask), lw.int_const(0))
    made = allocate(lw, _INT64, [total, lw.int_const(len(lengths(mask)))], False)

    def one(at: At, carried: Carried) -> Carried:
        for k, i in enumerate(at):
            arrays.store_at(lw, made, (*carried, lw.int_const(k)), Val(_INT64, (i,)), None)
        return (lw.b.emit("add", carried[0], lw.int_const(1)),)

    true_ones(lw, mask, (lw.int_const(0),), one)
    _fresh(lw, first)
    return made


def _fresh(lw: Lowering, first: int) -> None:
    """What was emitted since stores into new arrays only."""
    ops = lw.function.ops
    lw.fresh_stores.update([v for v in range(first, len(ops)) if ops[v] is _STORE])


def _check_mask(lw: Lowering, array: Val, mask: Val, axis: int) -> None:
    for k, n in enumerate(lengths(mask)):
        m = lengths(array)[axis + k]
        text = (
            "raise IndexError(f'boolean index did not match indexed array along axis "
            f"{axis + k}; size of axis is {{m}} but size of corresponding boolean axis is {{n}}')"
        )
        lw.check(lw.b.emit("eq", n, m), "evaluate", text, (n, m), ("n", "m"))


def _row(lw: Lowering, array: Val, at: At) -> Val:
    """The view that the first indices, which are in range, leave."""
    steps, data = strides(lw, array), array.parts[1]
    for i, step in zip(at, steps):
        data = lw.b.emit("ptradd", data, lw.b.emit("mul", i, step))
    return make_view(lw, array, data, lengths(array)[len(at) :], steps[len(at) :])


def _masked(lw: Lowering, array: Val, mask: Val) -> Val:
    """``array[mask]``."""
    _check_mask(lw, array, mask, 0)
    type = array.type
    assert isinstance(type, Array)
    if type.ndim == mask.type.ndim:  # type: ignore[attr-defined]
        return _packed(lw, mask, [type.item], lambda at: [load_at(lw, array, at).parts])[0]
    first = len(lw.function.ops)
    rest = lengths(array)[len(lengths(mask)) :]
    total = lw.b.emit("smax", count(lw, mask), lw.int_const(0))
    out = allocate(lw, type.item, [total, *rest], False)

    def one(at: At, carried: Carried) -> Carried:
        _copy(lw, _row(lw, out, carried), _row(lw, array, at))
        return (lw.b.emit("add", carried[0], lw.int_const(1)),)

    true_ones(lw, mask, (lw.int_const(0),), one)
    _fresh(lw, first)
    return out


def _copy(lw: Lowering, target: Val, source: Val) -> None:
    """Store an array's elements into another one's, which is apart from it, cast."""
    t = target.type
    assert isinstance(t, Array)

    def one(at: At, carried: Carried) -> Carried:
        _put(lw, target, at, *operators.cast(lw, load_at(lw, source, at), t.item))
        return ()

    each(lw, lengths(target), (), one)


def _put(lw: Lowering, target: Val, at: At, *parts: int) -> None:
    """Store the machine values of an element."""
    type = target.type
    assert isinstance(type, Array)
    base, index, scale = arrays.element_address(lw, target, at)
    arrays.store_item(lw, type.item, parts, base, index, scale)


# -- index arrays ------------------------------------------------------------------------------------------------------


class _Selection:
    """What a subscript with index arrays selects.

    Attributes:
        picked: (axis, its length, its stride, index) for each axis that an integer or an array indexes.
        shape: the index arrays' lengths, broadcast. rest: what slices leave, as a view.
        before: how many axes of `rest` come before those of `shape`.
    """

    def __init__(self, lw: Lowering, array: Val, items: list[Val]) -> None:
        self.lw = lw
        self.picked: list[tuple[int, int, int, Val]] = []
        emit, data = lw.b.emit, array.parts[1]
        axes = list(zip(lengths(array), strides(lw, array)))
        dims: list[int] = []
        steps: list[int] = []
        places: list[int] = []
        axis = self.before = 0
        for place, item in enumerate(items):
            if item.type is NONE:
                dims.append(lw.int_const(1))
                steps.append(lw.int_const(0))
                continue
            length, stride = axes[axis]
            if isinstance(item.type, Slice):
                first, step, number = slices.indices(lw, item, length)
                data = emit("ptradd", data, emit("mul", first, stride))
                dims.append(number)
                steps.append(emit("mul", stride, step))
            else:
                if not places:
                    self.before = len(dims)
                places.append(place)
                self.picked.append((axis, length, stride, item))
            axis += 1
        if places[-1] - places[0] != len(places) - 1:
            self.before = 0
        self.rest = make_view(lw, array, data, dims, steps)
        self.shape = self._broadcast()

    def _broadcast(self) -> list[int]:
        lw, emit = self.lw, self.lw.b.emit
        shapes = [tuple(lengths(v)) for *_, v in self.picked if isinstance(v.type, Array)]
        out: list[int] = []
        fits, one = lw.bool_const(True), lw.int_const(1)
        for shape in shapes:
            longer, shorter = (out, list(shape)) if len(out) >= len(shape) else (list(shape), out)
            start = len(longer) - len(shorter)
            joined = longer[:start]
            for n, m in zip(longer[start:], shorter):
                if n == m or lw.b.constant(m) == 1:
                    joined.append(n)
                elif lw.b.constant(n) == 1:
                    joined.append(m)
                else:
                    single = emit("eq", n, one)
                    fits = emit("and", fits, emit("or", emit("eq", n, m), emit("or", single, emit("eq", m, one))))
                    joined.append(emit("select", single, m, n))
            out = joined
        given = ", ".join(f"numpy.zeros({{{k}}}, int)" for k in range(len(shapes)))
        check_shapes(lw, fits, shapes, f"numpy.zeros({(1,) * len(shapes)})[{given}]")
        return out

    def _index(self, item: Val, at: At) -> int:
        """The index that an item has at a place of `shape`, as it is."""
        if not isinstance(item.type, Array):
            return operators.to_index(self.lw, item)
        emit, lw, own = self.lw.b.emit, self.lw, lengths(item)
        start = len(at) - len(own)
        place = []
        for n, m, i in zip(own, self.shape[start:], at[start:]):
            one = emit("eq", n, lw.int_const(1))
            place.append(i if n == m else emit("select", one, lw.int_const(0), i))
        return load_at(lw, item, place).parts[0]

    def check(self) -> None:
        """Leave where an index is out of range."""
        lw = self.lw
        for axis, length, _, item in self.picked:
            if not isinstance(item.type, Array):
                arrays.check_index(lw, operators.to_index(lw, item), length, axis)
                continue

            def one(at: At, carried: Carried, item: Val = item, length: int = length, axis: int = axis) -> Carried:
                arrays.check_index(lw, load_at(lw, item, at).parts[0], length, axis)
                return ()

            each(lw, lengths(item), (), one)

    def row(self, at: At, checked: bool) -> Val:
        """The view that the indices at a place of `shape` select."""
        lw, emit = self.lw, self.lw.b.emit
        data = self.rest.parts[1]
        for axis, length, stride, item in self.picked:
            i = self._index(item, at)
            if checked:
                i = emit("select", emit("slt", i, lw.int_const(0)), emit("add", i, length), i)
            else:
                i = arrays.check_index(lw, i, length, axis)
            data = emit("ptradd", data, emit("mul", i, stride))
        return make_view(lw, self.rest, data, lengths(self.rest), strides(lw, self.rest))

    def result_shape(self) -> list[int]:
        rest = lengths(self.rest)
        return [*rest[: self.before], *self.shape, *rest[self.before :]]

    def indices_first(self, value: Val) -> Val:
        """A value of the result's shape with the axes of the index arrays in front."""
        dims, steps = lengths(value), strides(self.lw, value)
        a, b = self.before, self.before + len(self.shape)
        order = [*range(a, b), *range(a), *range(b, len(dims))]
        return make_view(self.lw, value, value.parts[1], [dims[k] for k in order], [steps[k] for k in order])


def subscript(lw: Lowering, array: Val, index: Val, node: Any) -> Val:
    """``array[index]`` with an index array or a mask: a new array."""
    items = _items(lw, array, index, node)
    if isinstance(items[0].type, Array) and items[0].type.item is _BOOL and _is_rest(items[1:]):
        return _masked(lw, array, items[0])
    selection = _Selection(lw, array, _without_masks(lw, array, items))
    type = array.type
    assert isinstance(type, Array)
    several = len(selection.picked) > 1
    if several:
        selection.check()
    first = len(lw.function.ops)
    rest = lengths(selection.rest)
    out = allocate(lw, type.item, [*selection.shape, *rest], False)

    def one(at: At, carried: Carried) -> Carried:
        _copy(lw, _row(lw, out, at), selection.row(at, several))
        return ()

    each(lw, selection.shape, (), one)
    _fresh(lw, first)
    if not selection.before:
        return out
    dims, steps, n, p = lengths(out), strides(lw, out), len(selection.shape), selection.before
    order = [*range(n, n + p), *range(n), *range(n + p, len(dims))]
    return make_view(lw, out, out.parts[1], [dims[k] for k in order], [steps[k] for k in order])


def _is_rest(items: list[Val]) -> bool:
    """Whether there are only whole axes."""
    return all(isinstance(v.type, Slice) and all(t is NONE for t in v.type.bounds) for v in items)


def _items(lw: Lowering, array: Val, index: Val, node: Any) -> list[Val]:
    """The items of a subscript, an ellipsis written out; together they take all axes."""
    given = lw.elements(index) if isinstance(index.type, Tuple) else [index]
    assert isinstance(array.type, Array)
    taken = dots = 0
    for item in given:
        type = item.type
        if constant_value(item) is Ellipsis:
            dots += 1
        elif isinstance(type, Array):
            if type.item.kind in "fc" or not type.ndim:
                lw.unsupported(f"indexing with {type} is not supported", node)
            taken += type.ndim if type.item is _BOOL else 1
        elif isinstance(type, Slice) or type is INT or (isinstance(type, Scalar) and type.kind in "iu"):
            taken += 1
        elif type is not NONE:
            lw.unsupported(f"indexing an array with {type} is not supported", node)
    ndim = array.type.ndim
    if taken > ndim:
        text = f"too many indices for array: array is {ndim}-dimensional, but {taken} were indexed"
        lw.fail_with(IndexError, text)
    if dots > 1:
        lw.fail_with(IndexError, "an index can only have a single ellipsis ('...')")
    if not dots:
        given = [*given, lw.constant(Ellipsis)]
    whole = slices.make(NONE_VAL, NONE_VAL, NONE_VAL)
    out: list[Val] = []
    for item in given:
        out.extend([whole] * (ndim - taken) if constant_value(item) is Ellipsis else [item])
    return out


def _without_masks(lw: Lowering, array: Val, items: list[Val]) -> list[Val]:
    """Index arrays in place of masks."""
    out: list[Val] = []
    axis = 0
    for item in items:
        if isinstance(item.type, Array) and item.type.item is _BOOL:
            _check_mask(lw, array, item, axis)
            made = nonzero(lw, item)
            out.extend(made)
            axis += len(made)
        else:
            out.append(item)
            axis += item.type is not NONE
    return out


# -- stores ------------------------------------------------------------------------------------------------------------


def store(lw: Lowering, array: Val, index: Val, value: Val, node: Any) -> None:
    """``array[index] = value`` with an index array or a mask. Where what is read overlaps the array NumPy does it
    itself: in what order it reads and stores hangs on its version."""
    type = array.type
    assert isinstance(type, Array)
    items = _items(lw, array, index, node)
    given = value = settled(lw, value)
    if isinstance(value.type, (Scalar, Complex)) and value.type is not COMPLEX:
        value = Val(type.item, operators.cast(lw, value, type.item))
    elif not isinstance(value.type, Array):
        value = Val(type.item, operators.store_value(lw, value, type.item, node))
    mask = items[0]
    masked = isinstance(mask.type, Array) and mask.type.item is _BOOL and _is_rest(items[1:])
    masked = masked and not (isinstance(value.type, Array) and mask.type.ndim != type.ndim)  # type: ignore[attr-defined]
    safe = apart(lw, value, array) if isinstance(value.type, Array) else lw.bool_const(True)
    if masked:
        # It may be what is stored into, element by element.
        safe = lw.b.emit("and", safe, lw.b.emit("or", apart(lw, mask, array), identical(lw, mask, array)))
    else:
        for v in items:
            if isinstance(v.type, Array) and v.type.item is not _BOOL:
                safe = lw.b.emit("and", safe, apart(lw, v, array))

    def plainly() -> Val:
        if not masked:
            _store_selected(lw, array, items, value)
        elif isinstance(value.type, Array):
            _store_masked(lw, array, mask, value)
        else:
            _fill_masked(lw, array, mask, value)
        return NONE_VAL

    def numpys() -> Val:
        lw.b.block.cold = True
        object_operators.store(lw, array, index, given, only_numpy=True)
        return NONE_VAL

    lw.if_else(safe, plainly, numpys)


def _store_selected(lw: Lowering, array: Val, items: list[Val], value: Val) -> None:
    selection = _Selection(lw, array, _without_masks(lw, array, items))
    if isinstance(value.type, Array):
        value = selection.indices_first(_broadcast(lw, value, selection.result_shape()))
    selection.check()
    lw.charge(*selection.result_shape())
    _dirty(lw, array)

    def one(at: At, carried: Carried) -> Carried:
        row = selection.row(at, True)
        if isinstance(value.type, Array):
            _copy(lw, row, _row(lw, value, at))
        else:
            _fill(lw, row, value)
        return ()

    each(lw, selection.shape, (), one)


def _dirty(lw: Lowering, array: Val) -> None:
    if not array.type.local:  # type: ignore[attr-defined]
        lw.set_dirty()


def _fill(lw: Lowering, target: Val, value: Val) -> None:
    def one(at: At, carried: Carried) -> Carried:
        _put(lw, target, at, *value.parts)
        return ()

    each(lw, lengths(target), (), one)


def _fill_masked(lw: Lowering, array: Val, mask: Val, value: Val) -> None:
    _check_mask(lw, array, mask, 0)
    lw.charge(*lengths(array))
    _dirty(lw, array)

    def one(at: At, carried: Carried) -> Carried:
        _fill(lw, _row(lw, array, at), value)
        return ()

    true_ones(lw, mask, (), one)


def _store_masked(lw: Lowering, array: Val, mask: Val, value: Val) -> None:
    own, type = value.type, array.type
    assert isinstance(own, Array) and isinstance(type, Array)
    if own.ndim > 1:
        text = f"requires a 0 or 1-dimensional input, input has {own.ndim} dimensions"
        lw.fail_with(TypeError, f"NumPy boolean array indexing assignment {text}")
    if not own.ndim:
        _fill_masked(lw, array, mask, Val(type.item, operators.cast(lw, load_at(lw, value, ()), type.item)))
        return
    _check_mask(lw, array, mask, 0)
    emit, one_, zero = lw.b.emit, lw.int_const(1), lw.int_const(0)
    (given,), total = lengths(value), count(lw, mask)
    text = (
        "raise ValueError(f'NumPy boolean array indexing assignment cannot assign {given} input values to the {total} "
        "output values where the mask is true')"
    )
    fits = emit("or", emit("eq", given, total), emit("eq", given, one_))
    lw.check(fits, "evaluate", text, (given, total), ("given", "total"))
    step = emit("select", emit("eq", given, one_), zero, one_)
    _dirty(lw, array)

    def one(at: At, carried: Carried) -> Carried:
        _put(lw, array, at, *operators.cast(lw, load_at(lw, value, carried), type.item))
        return (emit("add", carried[0], step),)

    true_ones(lw, mask, (zero,), one)


def _broadcast(lw: Lowering, value: Val, shape: list[int]) -> Val:
    """A value to be stored, stretched to the shape of what is selected."""
    emit, one, zero = lw.b.emit, lw.int_const(1), lw.int_const(0)
    dims, steps = lengths(value), strides(lw, value)
    extra = len(dims) - len(shape)
    fits = lw.bool_const(True)
    for n in dims[: max(extra, 0)]:
        fits = emit("and", fits, emit("eq", n, one))
    dims, steps = dims[max(extra, 0) :], steps[max(extra, 0) :]
    out = [zero] * (len(shape) - len(dims))
    for n, m, step in zip(dims, shape[len(out) :], steps):
        single = emit("eq", n, one)
        fits = emit("and", fits, emit("or", single, emit("eq", n, m)))
        out.append(step if n == m else emit("select", single, zero, step))
    text = (
        "a, b = str({0}).replace(' ', ''), str({1}).replace(' ', '')\n"
        "raise ValueError('shape mismatch: value array of shape ' + a + ' could not be broadcast to indexing result of "
        "shape ' + b)"
    )
    check_shapes(lw, fits, [tuple(lengths(value)), tuple(shape)], text)
    return make_view(lw, value, value.parts[1], shape, out)
