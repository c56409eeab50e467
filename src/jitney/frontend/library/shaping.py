"""Arrays seen with other axes: `reshape`, `ravel`, `transpose`, `swapaxes`, `flip`, `expand_dims`, `broadcast_to`, ...

What only puts axes in another order, turns them round or adds some is *learned*: NumPy's function is called when
compiling on a small array whose strides tell its axes apart, and the view that it gives is read off. So the functions
need no more than their names here, and wrong axes raise NumPy's own exceptions.

    np.moveaxis(empty((2, 3, 5), "b"), 0, 2)     strides (5, 1, 15): axes 1, 2, 0 of the operand
"""

from __future__ import annotations

import sys

from ...pytypes import INT, NONE, Array, Constant, Scalar, Tuple, array_type
from .. import arrays
from ..state import Val
from ..wholes.shapes import check_shapes
from . import creation
from .builtins import OF_COMPLEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..state import Lowering

    Row = Callable[[Lowering, list[Val], dict[str, Val]], Val | None]

_LENGTHS = (2, 3, 5, 7, 11, 13, 17, 19)


class _Unknown(Exception):
    """An argument is not known when compiling."""


def _plain(lw: Lowering, value: Val) -> Any:
    """The int, None or tuple of these that `value` is known to be. Raises _Unknown."""
    if isinstance(value.type, Tuple):
        return tuple([_plain(lw, v) for v in lw.elements(value)])
    if value.type is NONE:
        return None
    known = lw.known(value) if not isinstance(value.type, Scalar) or value.type.kind in "iu" else None
    if known is None:
        raise _Unknown
    return known


# -- axes in another order ---------------------------------------------------------------------------------------------


def _learned(name: str, method: bool = False) -> Row:
    """The row of a function whose result is a view that depends on nothing but the number of axes."""

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        if not args or not isinstance(args[0].type, Array):
            return None
        try:
            plain = [_plain(lw, v) for v in args[1:]]
            named = {key: _plain(lw, v) for key, v in kwargs.items()}
        except _Unknown:
            return None
        numpy = sys.modules["numpy"]
        sample = numpy.empty(_LENGTHS[: args[0].type.ndim], "b")
        function = getattr(sample, name) if method else getattr(numpy, name)
        try:
            result = function(*plain, **named) if method else function(sample, *plain, **named)
        except Exception:
            lw.fail("evaluate", _call_text(name, sample.shape, plain, named, method))
        return _alike(lw, args[0], sample, result)

    return row


def _call_text(name: str, shape: tuple[int, ...], args: list[Any], kwargs: dict[str, Any], method: bool) -> str:
    given = [repr(a) for a in args] + [f"{key}={value!r}" for key, value in kwargs.items()]
    sample = f"numpy.empty({shape}, 'b')"
    if method:
        return f"import numpy\n{sample}.{name}({', '.join(given)})"
    return f"import numpy\nnumpy.{name}({', '.join([sample, *given])})"


def _alike(lw: Lowering, array: Val, sample: Any, result: Any) -> Val | None:
    """The view of `array` that `result` is of `sample`."""
    if result is sample:
        return array
    if type(result) is not type(sample) or result.base is not sample:
        return None
    emit, axes = lw.b.emit, {stride: k for k, stride in enumerate(sample.strides)}
    dims, steps, data = arrays.lengths(array), arrays.strides(lw, array), array.parts[1]
    new_dims, new_steps = [], []
    for length, stride in zip(result.shape, result.strides):
        if length == 1:
            new_dims.append(lw.int_const(1))
            new_steps.append(lw.int_const(0))
            continue
        axis = axes.get(abs(stride), -1)
        if axis < 0 or sample.shape[axis] != length:
            return None
        step = steps[axis]
        if stride < 0:
            last = emit("add", dims[axis], lw.int_const(-1))
            data = emit("ptradd", data, emit("mul", last, step))
            step = emit("neg", step)
        new_dims.append(dims[axis])
        new_steps.append(step)
    return arrays.make_view(lw, array, data, new_dims, new_steps)


def _squeeze(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = [*args[1:], *kwargs.values()]
    array = args[0]
    if set(kwargs) - {"axis"} or len(given) > 1 or not isinstance(array.type, Array):
        return None
    dims, steps = arrays.lengths(array), arrays.strides(lw, array)
    ones = [lw.b.constant(n) == 1 for n in dims]
    if given and given[0].type is not NONE:
        try:
            axes = _plain(lw, given[0])
        except _Unknown:
            return None
        axes = axes if isinstance(axes, tuple) else (axes,)
        ndim = len(dims)
        if any(type(axis) is not int or not -ndim <= axis < ndim for axis in axes):
            return None
        if len({axis % ndim for axis in axes}) != len(axes):
            return None
        text = "cannot select an axis to squeeze out which has size not equal to one"
        gone = {axis % ndim for axis in axes}
        for axis in sorted(gone):
            lw.check(lw.b.emit("eq", dims[axis], lw.int_const(1)), "raise", (ValueError, (text,)))
    elif all(lw.b.constant(n) is not None for n in dims):
        gone = {axis for axis, one in enumerate(ones) if one}
    else:
        return None
    kept = [k for k in range(len(dims)) if k not in gone]
    return arrays.make_view(lw, array, array.parts[1], [dims[k] for k in kept], [steps[k] for k in kept])


# -- axes of other lengths ---------------------------------------------------------------------------------------------


def _shape(lw: Lowering, values: list[Val]) -> list[int] | None:
    """The lengths that a shape argument tells, or several arguments."""
    return creation.shape_of(lw, values[0]) if len(values) == 1 else creation.lengths_of(lw, values)


def new_lengths(lw: Lowering, shape: list[int], total: int) -> list[int]:
    """The lengths that `reshape` of so many elements gives: a negative one is found from the others."""
    emit, one, zero = lw.b.emit, lw.int_const(1), lw.int_const(0)
    known, unknown = one, zero
    for length in shape:
        negative = emit("slt", length, zero)
        known = lw.checked("mulo", known, emit("select", negative, one, length))
        unknown = emit("add", unknown, emit("b2i", negative))
    found = total
    fits = emit("eq", known, total)
    if lw.b.constant(unknown) != 0:
        nothing = emit("eq", known, zero)
        divisor = emit("select", nothing, one, known)
        found = emit("floordiv", total, divisor)
        whole = emit("and", emit("eq", emit("mul", found, divisor), total), emit("not", nothing))
        fits = emit("select", emit("eq", unknown, zero), fits, whole)
        fits = emit("and", fits, emit("sle", unknown, one))
    text = "numpy.broadcast_to(numpy.int8(0), {0}).reshape({1})"
    check_shapes(lw, fits, [(total,), tuple(shape)], text)
    return [emit("smax", emit("select", emit("slt", n, zero), found, n), zero) for n in shape]


def _reshaped(lw: Lowering, array: Val, shape: list[int]) -> Val | None:
    array = lw.pinned(array)
    type = array.type
    assert isinstance(type, Array)
    if type.layout != "C" and type.ndim != 1:
        return None
    dims = new_lengths(lw, shape, arrays.size(lw, array))
    step = arrays.strides(lw, array)[-1] if type.ndim else lw.int_const(type.item.access.size)
    steps = []
    for length in reversed(dims):
        steps.append(step)
        step = lw.b.emit("mul", step, length)
    return arrays.make_view(lw, array, array.parts[1], dims, steps[::-1])


def _in_c_order(lw: Lowering, kwargs: dict[str, Val]) -> bool:
    """Whether an `order` argument, if there is one, asks for C order; no other keywords are there."""
    return all(
        key == "order" and isinstance(v.type, Constant) and v.type.value == "C" for key, v in kwargs.items()
    )  # fmt: skip


def _reshape(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if len(args) < 2 or not isinstance(args[0].type, Array) or not _in_c_order(lw, kwargs):
        return None
    shape = _shape(lw, args[1:])
    return _reshaped(lw, args[0], shape) if shape is not None else None


def _np_reshape(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if "shape" in kwargs and len(args) == 1:
        kwargs = dict(kwargs)
        args = [*args, kwargs.pop("shape")]
    return _reshape(lw, args, kwargs) if len(args) == 2 else None


def _ravel(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if len(args) != 1 or not isinstance(args[0].type, Array) or not _in_c_order(lw, kwargs):
        return None
    if args[0].type.layout != "C":
        return None
    return _reshaped(lw, args[0], [arrays.size(lw, args[0])])


def _broadcast_to(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = [*args, *kwargs.values()]
    if set(kwargs) - {"shape"} or len(given) != 2 or not isinstance(given[0].type, Array):
        return None
    shape = _shape(lw, [given[1]])
    array, type = given[0], given[0].type
    if shape is None:
        return None
    emit, one = lw.b.emit, lw.int_const(1)
    own, missing = arrays.lengths(array), len(shape) - type.ndim
    fits = lw.bool_const(missing >= 0)
    for length in shape:
        fits = emit("and", fits, emit("sge", length, lw.int_const(0)))
    steps = [lw.int_const(0)] * max(missing, 0)
    for n, m, step in zip(own, shape[max(missing, 0) :], arrays.strides(lw, array)):
        stretched = emit("eq", n, one)
        fits = emit("and", fits, emit("or", stretched, emit("eq", n, m)))
        steps.append(emit("select", stretched, lw.int_const(0), step))
    text = "numpy.broadcast_to(numpy.broadcast_to(numpy.int8(0), {0}), {1})"
    check_shapes(lw, fits, [tuple(own), tuple(shape)], text)
    fixed = array_type(type.item, type.ndim, type.layout, False, type.view, type.local, type.owned, type.mixed)
    dims = [emit("smax", m, lw.int_const(0)) for m in shape]
    return arrays.make_view(lw, Val(fixed, array.parts), array.parts[1], dims, steps)


def _diagonal(name: str) -> Row:
    """``a.diagonal(offset)`` of an array with two axes: a read-only view. `name`: the offset's."""

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        given = [*args[1:], *kwargs.values()]
        type = args[0].type if args else NONE
        if set(kwargs) - {name} or len(given) > 1 or not isinstance(type, Array) or type.ndim != 2:
            return None
        if given and given[0].type is not INT:
            return None
        return _diagonal_at(lw, args[0], type, given[0].parts[0] if given else lw.int_const(0))

    return row


def _diagonal_at(lw: Lowering, array: Val, type: Array, offset: int) -> Val:
    emit, zero = lw.b.emit, lw.int_const(0)
    text = "import numpy\nnumpy.diagonal(numpy.zeros((1, 1)), x)"
    lw.check(emit("eq", emit("sext32", offset), offset), "evaluate", text, (offset,), ("x",))  # an `int` of C
    (n, m), (down, across) = arrays.lengths(array), arrays.strides(lw, array)
    above, below = emit("smax", offset, zero), emit("smax", emit("sub", zero, offset), zero)
    count = emit("smax", emit("smin", emit("sub", n, below), emit("sub", m, above)), zero)
    data = emit("ptradd", array.parts[1], emit("add", emit("mul", below, down), emit("mul", above, across)))
    fixed = array_type(type.item, 2, type.layout, False, type.view, type.local, type.owned, type.mixed)
    return arrays.make_view(lw, Val(fixed, array.parts), data, [count], [emit("add", down, across)])


_AXES = (
    "transpose", "permute_dims", "matrix_transpose", "swapaxes", "moveaxis", "rollaxis", "expand_dims",
    "flip", "fliplr", "flipud", "rot90", "atleast_1d", "atleast_2d", "atleast_3d",
)  # fmt: skip
NUMPY_ROWS: dict[str, Row] = {
    **{name: _learned(name) for name in _AXES},
    "squeeze": _squeeze,
    "reshape": _np_reshape,
    "ravel": _ravel,
    "broadcast_to": _broadcast_to,
    "diagonal": _diagonal("offset"),
    "diag": _diagonal("k"),
}
METHODS: dict[str, Row] = {
    "transpose": _learned("transpose", True),
    "swapaxes": _learned("swapaxes", True),
    "squeeze": _squeeze,
    "reshape": _reshape,
    "ravel": _ravel,
    "diagonal": _diagonal("offset"),
}
OF_COMPLEX.update(NUMPY_ROWS.values(), METHODS.values())
