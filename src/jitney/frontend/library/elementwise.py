"""Functions and methods that make arrays element by element: np.where, clip, astype, copy, round, cumsum, diff, outer.

Most give expressions (`wholes.deferred`), which are computed where they are used.
"""

from __future__ import annotations

import sys

from ...lazy import lazy
from ...pytypes import BOOL, FLOAT, INT, NONE, SCALARS, Array, Scalar, Tuple
from .. import operators, wholes
from ..arrays import make_view, strides
from ..operators.errors import sample
from ..operators.numpy_scalars import NP_BOOL, bounds, cast
from ..state import NONE_VAL, Val, constant_value
from ..wholes import making, storing
from ..wholes.deferred import Map, Number, Operand, Whole
from ..wholes.elementwise import binary, converted, element_type, node_of, number, shape_of, ufunc, whole
from ..wholes.nests import Nest, Point, Run
from ..wholes.reducing import sum_type
from ..wholes.shapes import broadcast_all
from . import creation
from .builtins import DEFERRING, OF_COMPLEX, round_scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...pytypes import PyType
    from ..state import Lowering
    from ..wholes import products
    from ..wholes.nests import Carried
    from . import numpy_ufuncs, selecting
    from .builtins import Row
else:
    products = lazy("jitney.frontend.wholes", "products")
    numpy_ufuncs, selecting = lazy("jitney.frontend.library", "numpy_ufuncs", "selecting")


def _is_array(value: Val) -> bool:
    type = value.type
    return isinstance(type, (Array, Whole)) and type.ndim > 0


def _item(value: Val) -> Scalar:
    type: Scalar = element_type(value)  # type: ignore[assignment]
    return type


def _where(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """``np.where(condition, x, y)``, and ``np.where(condition)``, which is `np.nonzero`."""
    if len(args) == 1 and not kwargs:
        found: Val | None = selecting.NUMPY_ROWS["nonzero"](lw, [wholes.settled(lw, args[0])], {})
        return found
    if len(args) != 3 or kwargs or not any(_is_array(v) for v in args):
        return None
    if any(wholes.is_whole(v.type) and not _is_array(v) for v in args):
        return None
    numpy = sys.modules["numpy"]
    args = [lw.pinned(v) for v in args]
    types = [element_type(v) for v in args]
    if not all(t is INT or t is FLOAT or t is BOOL or isinstance(t, Scalar) for t in types):
        return None
    samples = [numpy.ones(1, t.dtype) if isinstance(t, Scalar) else sample(t) for t in types[1:]]
    t = SCALARS.get(numpy.where(True, *samples).dtype.name)
    if t is None:
        return None
    shape = broadcast_all(lw, [shape_of(v) for v in args])
    parts = [node_of(args[0])]
    for v in args[1:]:
        parts.append(converted(lw, node_of(v), t) if _is_array(v) else Number(_cast_number(lw, v, t)))

    def element(lw: Lowering, values: list[Val]) -> Val:
        chosen, x, y = values
        return Val(t, (lw.b.emit("select", operators.truth(lw, chosen), x.parts[0], y.parts[0]),))

    return whole(t, shape, Map(t, "where", element, tuple(parts)))


_OWN = {INT: SCALARS["int64"], FLOAT: SCALARS["float64"], BOOL: NP_BOOL}


def _cast_number(lw: Lowering, value: Val, t: Scalar) -> Val:
    """A number as np.where takes it: Python's are elements of their own type's arrays, and cast as these are; since
    NumPy 2.5 ints are converted as in `a + 1`, and must fit."""
    if value.type is INT and not _wraps():
        return number(lw, value, t)
    own: PyType = _OWN.get(value.type, value.type)
    return Val(t, operators.cast(lw, Val(own, value.parts), t))


def _wraps() -> bool:
    """Whether np.where cuts off the digits of an int that do not fit."""
    numpy = sys.modules["numpy"]
    try:
        return bool(numpy.where((True,), 257, numpy.zeros(1, "i1"))[0] == 1)
    except OverflowError:
        return False


_CLIPPED = {INT, FLOAT, SCALARS["float64"]}


def _np_clip(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """``np.clip(a, low, high)``; with bounds by the names `min` and `max` one of them may be missing."""
    given = creation.arguments(args, kwargs, ("a", "a_min", "a_max"), 3)
    if given is not None:
        return _clipped(lw, *given.values())
    return _clip(lw, args, kwargs) if len(args) == 1 else None


def _clip(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """``a.clip(low, high)``."""
    given = creation.arguments(args, kwargs, ("a", "min", "max"))
    if given is None:
        return None
    return _clipped(lw, given["a"], given.get("min", NONE_VAL), given.get("max", NONE_VAL))


def _clipped(lw: Lowering, a: Val, low: Val, high: Val) -> Val | None:
    numpy = sys.modules["numpy"]
    if {a.type, low.type, high.type} <= _CLIPPED:
        # As an array without axes: no plain number of Python's.
        item = SCALARS["int64" if a.type is INT else "float64"]
        row = numpy_ufuncs.find(getattr(numpy, "_core", numpy).umath.clip)
        return row(lw, [Val(item, a.parts), low, high], {}) if row is not None else None
    if not _is_array(a):
        return None
    item = _item(a)
    if item is NP_BOOL:
        return None
    for v in (low, high):
        if v.type is INT and item.kind in "iu":
            known = lw.known(v)
            least, most = bounds(item)
            # Bounds beyond the type are none; those not known are left to the type that holds them all.
            if known is None and item.dtype != "int64":
                return None
            if known is not None and not least <= known <= most:
                return None
    if low.type is NONE or high.type is NONE:
        if low.type is high.type:
            return None
        return ufunc(lw, numpy.maximum, [a, low]) if high.type is NONE else ufunc(lw, numpy.minimum, [a, high])
    clip = getattr(numpy, "_core", numpy).umath.clip
    return ufunc(lw, clip, [a, low, high])


def _astype(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = creation.arguments(args, kwargs, ("a", "dtype", "order", "casting", "subok", "copy"), 2)
    if given is None or set(given) - {"a", "dtype", "copy"}:
        return None
    a, t = given["a"], creation.item_of(given["dtype"])
    if "copy" in given and lw.known(given["copy"]) is not True:
        return None
    if t is None or not _is_array(a):
        return None
    node = node_of(a)
    item = _item(a)
    if item is t:
        # A copy.
        return whole(t, shape_of(a), Map(t, "astype", lambda lw, v: v[0], (node,)))
    return whole(t, shape_of(a), converted(lw, node, t))


def _copy(default: str) -> Row:
    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        given = creation.arguments(args, kwargs, ("a", "order"))
        if given is None or not _is_array(given["a"]):
            return None
        a = given["a"]
        order = constant_value(given["order"]) if "order" in given else default
        item, shape = _item(a), shape_of(a)
        if order == "K":
            return making.compute(lw, item, shape, node_of(a))
        if order not in ("C", "F"):
            return None
        array = creation.allocate(lw, item, list(shape), False, order)
        making.fill(lw, array, node_of(a))
        return array

    return row


def _flatten(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if len(args) != 1 or kwargs or not _is_array(args[0]):
        return None
    a = wholes.settled(lw, args[0])
    shape = shape_of(a)
    total = lw.int_const(1)
    for n in shape:
        total = lw.b.emit("mul", total, n)
    flat = creation.allocate(lw, _item(a), [total], False)
    steps: list[int] = []
    stride = lw.int_const(_item(a).access.size)
    for n in reversed(shape):
        steps.insert(0, stride)
        stride = lw.b.emit("mul", stride, n)
    making.fill(lw, make_view(lw, flat, flat.parts[1], list(shape), steps), node_of(a))
    return flat


def _fill(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if len(args) != 2 or kwargs or not isinstance(args[0].type, Array) or wholes.is_whole(args[1].type):
        return None
    if not args[0].type.writeable or isinstance(args[1].type, Tuple):
        return None
    storing.assign(lw, args[0], args[1], None)
    return NONE_VAL


def _round(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = creation.arguments(args, kwargs, ("a", "decimals"))
    if given is None or not _is_array(given["a"]):
        return None
    a = given["a"]
    digits = lw.known(given["decimals"]) if "decimals" in given else 0
    item = _item(a)
    if type(digits) is not int or abs(digits) > 22 or (item.kind != "f" and (digits < 0 or item is NP_BOOL)):
        return None
    if item.kind == "f" and digits and any(v.type.layout == "A" for v in making.operands_of(a) if v.type.ndim > 1):  # type: ignore[attr-defined]
        return None  # NumPy puts the axes of these in C order, and those of no others

    def element(lw: Lowering, values: list[Val]) -> Val:
        rounded = round_scalar(lw, values[0], digits) if item.kind == "f" else values[0]
        assert rounded is not None
        return rounded

    return whole(item, shape_of(a), Map(item, "round", element, (node_of(a),)))


# -- along an axis -----------------------------------------------------------------------------------------------------


def _known_axis(lw: Lowering, value: Val | None, ndim: int) -> int | None:
    """An `axis` argument, counted from the first; None where it is not known, or there is no such axis."""
    if value is None or value.type is NONE:
        return 0 if ndim == 1 else None
    known = lw.known(value) if value.type is INT else None
    if known is None or not -ndim <= known < ndim:
        return None
    return int(known) % ndim


def _accumulated(op: str) -> Row:
    """`cumsum` and `cumprod`: one after the other."""

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        given = creation.arguments(args, kwargs, ("a", "axis", "dtype"))
        if given is None or not _is_array(given["a"]):
            return None
        a = given["a"]
        axis = _known_axis(lw, given.get("axis"), len(shape_of(a)))
        t = sum_type(_item(a))
        if "dtype" in given and given["dtype"].type is not NONE:
            wanted = creation.item_of(given["dtype"])
            if wanted is None or (wanted.kind != "f" and (wanted.bits != 64 or _item(a).kind == "f")):
                return None
            t = wanted
        return _along(lw, a, axis, t, op) if axis is not None else None

    return row


def _along(lw: Lowering, a: Val, axis: int, t: Scalar, op: str) -> Val:
    floating = t.kind == "f"
    machine = ("f" if floating else "") + op
    neutral = lw.b.const(t.access.type, (-0.0 if floating else 0) if op == "add" else 1)
    shape = shape_of(a)
    order = making.order(lw, shape, making.operands_of(a))
    result = creation.allocate(lw, t, list(shape), False, order)
    # The axis last: each run is one accumulation.
    moved = [k for k in range(len(shape)) if k != axis] + [axis]

    def turned(array: Val) -> Val:
        dims, steps = shape_of(array), strides(lw, array)
        return make_view(lw, array, array.parts[1], [dims[k] for k in moved], [steps[k] for k in moved])

    source = a if axis == len(shape) - 1 else turned(wholes.settled(lw, a))
    node, target = node_of(source), Operand(turned(result) if axis != len(shape) - 1 else result)

    def each(run: Run, carried: Carried) -> Carried:
        def one(point: Point, c: Carried) -> Carried:
            x = point.value(node)
            assert isinstance(x.type, Scalar)
            total = lw.b.emit(machine, c[0], cast(lw, x.parts[0], x.type, t))
            point.store(target, total)
            return (total,)

        run.go((neutral,), one)
        return ()

    nest = Nest(lw, shape_of(source), (node,), target, runs=True)
    nest.runs((), each)
    nest.free()
    return result


def _diff(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """``np.diff(a)``: each element less the one before it."""
    given = creation.arguments(args, kwargs, ("a", "n", "axis"))
    if given is None or not _is_array(given["a"]):
        return None
    times, along = given.get("n", lw.constant(1)), given.get("axis", lw.constant(-1))
    if times.type is not INT or lw.known(times) != 1 or along.type is NONE:
        return None
    a = wholes.settled(lw, given["a"])
    ndim = len(shape_of(a))
    axis = _known_axis(lw, along, ndim)
    if axis is None:
        return None
    dims, steps = list(shape_of(a)), strides(lw, a)
    emit = lw.b.emit
    dims[axis] = emit("smax", emit("sub", dims[axis], lw.int_const(1)), lw.int_const(0))
    before = make_view(lw, a, a.parts[1], dims, steps)
    after = make_view(lw, a, emit("ptradd", a.parts[1], steps[axis]), dims, steps)
    if _item(a) is NP_BOOL:
        return wholes.elementwise.compare(lw, "!=", after, before)
    return binary(lw, "-", after, before)


def _outer(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    return outer(lw, sys.modules["numpy"].multiply, args, kwargs)


def outer(lw: Lowering, function: Any, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """``function.outer(x, y)`` of a ufunc and arrays of one axis."""
    if len(args) != 2 or kwargs or not all(_is_array(v) and len(shape_of(v)) == 1 for v in args):
        return None
    x, y = [wholes.settled(lw, v) for v in args]
    one, zero = lw.int_const(1), lw.int_const(0)
    column = make_view(lw, x, x.parts[1], [x.parts[2], one], [strides(lw, x)[0], zero])
    row = make_view(lw, y, y.parts[1], [one, y.parts[2]], [zero, strides(lw, y)[0]])
    return ufunc(lw, function, [column, row])


def _product(name: str) -> Row:
    """`np.dot`, `np.matmul`."""

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        if len(args) != 2 or kwargs or not all(products.is_vector_or_matrix(v) for v in args):
            return None
        return products.matmul(lw, args[0], args[1], name)

    return row


ROWS: dict[str, Row] = {
    "dot": _product("dot"),
    "matmul": _product("matmul"),
    "where": _where,
    "clip": _np_clip,
    "copy": _copy("K"),
    "round": _round,
    "around": _round,
    "cumsum": _accumulated("add"),
    "cumprod": _accumulated("mul"),
    "diff": _diff,
    "outer": _outer,
}
METHODS: dict[str, Row] = {
    "dot": ROWS["dot"],
    "clip": _clip,
    "astype": _astype,
    "copy": _copy("C"),
    "flatten": _flatten,
    "fill": _fill,
    "round": _round,
    "cumsum": ROWS["cumsum"],
    "cumprod": ROWS["cumprod"],
}
DEFERRING.update(ROWS.values(), METHODS.values())
OF_COMPLEX.update((_astype, _flatten, _fill, ROWS["copy"], METHODS["copy"]))
