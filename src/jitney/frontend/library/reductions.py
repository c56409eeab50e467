"""NumPy's reductions of whole arrays: functions and methods, one row each.

    np.sum(a)  a.sum()  np.mean((a - b) ** 2)  np.all(a == b)  a.argmax()  np.dot(a, b)
"""

from __future__ import annotations

import sys

from ...lazy import lazy
from ...pytypes import BOOL, INT, NONE, SCALARS, Array, Scalar, Tuple
from .. import operators, wholes
from ..operators.numpy_scalars import NP_BOOL, cast
from ..state import NONE_VAL, Val, constant_value
from ..wholes import pairwise, reducing, storing
from ..wholes.elementwise import binary, shape_of, ufunc
from ..wholes.reducing import Source, sum_type
from . import creation
from .builtins import DEFERRING
from .numpy_ufuncs import DIRECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering
    from ..wholes import axes
    from .builtins import Row

    Meaning = Callable[[Lowering, Val, dict[str, Val]], Val | None]
else:
    axes = lazy("jitney.frontend.wholes", "axes")

_FLOAT64 = SCALARS["float64"]


def _given(kwargs: dict[str, Val], name: str) -> Val | None:
    """An argument that is there, and not None."""
    value = kwargs.get(name, NONE_VAL)
    return None if value.type is NONE else value


def row(meaning: Meaning, *names: str) -> Row:
    """A row for ``function(a, *names)``: the array, and keywords, positional too but for those after "*"."""
    places = names[: names.index("*")] if "*" in names else names

    def call(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        if not 1 <= len(args) <= 1 + len(places) or set(kwargs) - set(names):
            return None
        given = dict(zip(places, args[1:]))
        if set(given) & set(kwargs) or not wholes.is_whole(args[0].type):
            return None
        given.update(kwargs)
        return meaning(lw, args[0], given)

    return call


def element_type(a: Val) -> Scalar:
    item = wholes.elementwise.element_type(a)
    assert isinstance(item, Scalar)
    return item


def scalar_type(value: Val | None) -> Scalar | None:
    """The element type that a `dtype` argument names; None where that is not known."""
    named = constant_value(value) if value is not None else None
    if named is None:
        return None
    try:
        return SCALARS.get(sys.modules["numpy"].dtype(named).name)
    except TypeError:
        return None


_BY_NONE = ("dtype", "out")
"""Parameters for which None is as good as nothing."""


class Way:
    """Which axes a call reduces, and how: `axes` is None for all of them."""

    def __init__(self, axes: tuple[int, ...] | None, keepdims: bool) -> None:
        self.axes = axes
        self.keepdims = keepdims


def way(lw: Lowering, a: Val, kwargs: dict[str, Val], name: str, *others: str) -> Way | None:
    """What `axis` and `keepdims` say; None where they are not known, or an argument but `others` is given besides."""
    for key, value in kwargs.items():
        if key not in ("axis", "keepdims") and key not in others and (key not in _BY_NONE or value.type is not NONE):
            return None
    keepdims = kwargs.get("keepdims", lw.constant(False))
    known = lw.known(keepdims)
    axes = _axes(lw, kwargs.get("axis", NONE_VAL))
    if keepdims.type is not BOOL or known is None or axes is False:
        return None
    ndim = len(shape_of(a))
    if axes is None:
        return Way(None, known)
    if not ndim:
        return None  # some functions take 0 for an axis of a number
    assert isinstance(axes, tuple)
    found = tuple(sorted({axis + ndim if axis < 0 else axis for axis in axes}))
    if len(found) != len(axes) or any(not 0 <= axis < ndim for axis in found):
        given = axes if len(axes) != 1 else axes[0]
        lw.fail("evaluate", f"import numpy\nnumpy.{name}(numpy.zeros({(1,) * ndim}), axis={given})")
    return Way(None if len(found) == ndim else found, known)


def _axes(lw: Lowering, value: Val) -> tuple[int, ...] | bool | None:
    """The axes that an `axis` argument names; None for all, False where that is not known."""
    if value.type is NONE:
        return None
    values = lw.elements(value) if isinstance(value.type, Tuple) else [value]
    known = [lw.known(v) for v in values]
    return tuple(known) if all(v.type is INT for v in values) and None not in known else False


def _shaped(lw: Lowering, result: Val, a: Val, way: Way) -> Val:
    """A scalar result as an array of the source's dimensions where they are to be kept."""
    if not way.keepdims:
        return result
    item = result.type
    assert isinstance(item, Scalar)
    array = creation.allocate(lw, item, [lw.int_const(1)] * len(shape_of(a)), False)
    creation.fill(lw, array, result.parts[0])
    return array


def _sum_like(name: str) -> Meaning:
    """`sum` and `prod`."""

    def meaning(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
        how = way(lw, a, kwargs, name, "dtype")
        t = scalar_type(kwargs["dtype"]) if _given(kwargs, "dtype") is not None else sum_type(element_type(a))
        return _added(lw, a, how, t, name) if how is not None and t is not None else None

    return meaning


def _added(lw: Lowering, a: Val, how: Way, t: Scalar, name: str = "sum") -> Val | None:
    """The sum or product in type `t`."""
    if how.axes is None:
        source = Source(lw, a)
        function = reducing.total if name == "sum" else reducing.product
        return _shaped(lw, function(lw, source, t), a, how)
    item = element_type(a)
    if t.kind != "f" and (t.bits != 64 or item.kind == "f"):
        return None
    if t.kind == "f" and (item is not t if name == "prod" else not reducing.adds_at_once()):
        return None
    op = ("f" if t.kind == "f" else "") + ("add" if name == "sum" else "mul")

    def step(acc: int, x: Val) -> int:
        assert isinstance(x.type, Scalar)
        return lw.b.emit(op, acc, cast(lw, x.parts[0], x.type, t))

    start = lw.b.const(t.access.type, 0 if name == "sum" else 1)
    of_run = of_few = None
    if t.kind == "f" and name == "sum":
        of_run = lambda acc, run, node: reducing.add_run(lw, run, node, t, acc)  # noqa: E731
        if item is t and pairwise.is_numpys():
            of_few = lambda acc, run, node: pairwise.in_order(lw, run, node, acc)  # noqa: E731
    return axes.reduce(lw, a, how.axes, how.keepdims, axes.Recipe(t, start, step, of_run, True, of_few))


def _truth(all_of: bool) -> Meaning:
    def meaning(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
        how = way(lw, a, kwargs, "all" if all_of else "any")
        if how is None:
            return None
        if how.axes is None:
            return _shaped(lw, reducing.holds(lw, Source(lw, a), all_of), a, how)
        op = "and" if all_of else "or"
        recipe = axes.Recipe(
            NP_BOOL, lw.bool_const(all_of), lambda acc, x: lw.b.emit(op, acc, operators.truth(lw, x))
        )  # fmt: skip
        return axes.reduce(lw, a, how.axes, how.keepdims, recipe)

    return meaning


def _count_nonzero(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    how = way(lw, a, kwargs, "count_nonzero")
    if how is None:
        return None
    if how.axes is None:
        if how.keepdims:
            return None
        count = reducing.count_true(lw, Source(lw, a))
        # An int before NumPy 2.4, where no axis is named.
        plain = type(sys.modules["numpy"].count_nonzero(())) is int and _given(kwargs, "axis") is None
        return count if plain else Val(SCALARS["int64"], count.parts)

    def step(acc: int, x: Val) -> int:
        return lw.b.emit("add", acc, lw.b.emit("b2i", operators.truth(lw, x)))

    return axes.reduce(lw, a, how.axes, how.keepdims, axes.Recipe(SCALARS["int64"], lw.int_const(0), step))


def _extreme(greatest: bool) -> Meaning:
    name = "maximum" if greatest else "minimum"

    def meaning(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
        how = way(lw, a, kwargs, "max" if greatest else "min")
        if how is None:
            return None
        if how.axes is None:
            return _shaped(lw, reducing.extreme(lw, Source(lw, a), greatest), a, how)
        item = element_type(a)
        text = f"zero-size array to reduction operation {name} which has no identity"
        for axis in how.axes:
            empty = lw.b.emit("eq", shape_of(a)[axis], lw.int_const(0))
            lw.check(lw.b.emit("not", empty), "raise", (ValueError, (text,)))
        if item is NP_BOOL:
            return _truth(not greatest)(lw, a, kwargs)
        row = DIRECT[name][item.kind]
        of_run = None
        if item.kind == "f":
            if len(how.axes) > 1:
                return None
            of_run = lambda acc, run, node: reducing.extreme_run(lw, run, node, name)  # noqa: E731
        start = reducing.extreme_start(lw, item, greatest)
        recipe = axes.Recipe(item, start, lambda acc, x: row(lw, item, (acc, x.parts[0])), of_run)
        return axes.reduce(lw, a, how.axes, how.keepdims, recipe)

    return meaning


def _position(greatest: bool) -> Meaning:
    def meaning(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
        how = way(lw, a, kwargs, "argmax" if greatest else "argmin")
        if how is None or isinstance(kwargs.get("axis", NONE_VAL).type, Tuple):
            return None
        if how.axes is None:
            return _shaped(lw, reducing.position(lw, Source(lw, a), greatest), a, how)
        return axes.positions(lw, a, how.axes[0], how.keepdims, greatest)

    return meaning


def _length(lw: Lowering, a: Val, how: Way) -> int:
    """The number of elements that go into one result."""
    count = lw.int_const(1)
    for axis, n in enumerate(shape_of(a)):
        if how.axes is None or axis in how.axes:
            count = lw.b.emit("mul", count, n)
    return count


def _mean(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    """As NumPy's `_mean`: the sum, of integers in float64, divided by the number."""
    how = way(lw, a, kwargs, "mean", "dtype")
    item = element_type(a)
    t = scalar_type(kwargs["dtype"]) if _given(kwargs, "dtype") is not None else item if item.kind == "f" else _FLOAT64
    if how is None or t is None or t.kind != "f":
        return None
    result = _added(lw, a, how, t)
    return _divided(lw, result, Val(INT, (_length(lw, a, how),))) if result is not None else None


def _divided(lw: Lowering, result: Val, count: Val) -> Val:
    """In place, if it is an array."""
    if not isinstance(result.type, Array):
        return operators.binary(lw, "/", result, count)
    storing.augment(lw, "/", result, count)
    return result


def _variance(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    """As NumPy's `_var`: the mean of squared distances from the mean, `ddof` less in the divisor."""
    how = way(lw, a, kwargs, "var", "ddof")
    ddof = kwargs.get("ddof", lw.constant(0))
    if how is None or ddof.type is not INT:
        return None
    a = wholes.settled(lw, a)
    kept = {name: value for name, value in kwargs.items() if name == "axis"}
    mean = _mean(lw, a, {**kept, "keepdims": lw.constant(True)} if how.axes is not None else {})
    if mean is None:
        return None
    apart = binary(lw, "-", a, mean)
    squares = ufunc(lw, sys.modules["numpy"].multiply, [apart, apart])
    result = _added(lw, squares, how, element_type(squares))
    count = lw.b.emit("smax", lw.b.emit("sub", _length(lw, a, how), ddof.parts[0]), lw.int_const(0))
    return _divided(lw, result, Val(INT, (count,))) if result is not None else None


def _deviation(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    variance = _variance(lw, a, kwargs)
    if variance is None:
        return None
    root = sys.modules["numpy"].sqrt
    if isinstance(variance.type, Array):
        return storing.ufunc_call(lw, root, [variance], {"out": variance})
    return Val(variance.type, (lw.b.emit("fsqrt", variance.parts[0]),))


def _range(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    a = wholes.settled(lw, a)
    high, low = _extreme(True)(lw, a, kwargs), _extreme(False)(lw, a, kwargs)
    return operators.binary(lw, "-", high, low) if high is not None and low is not None else None


_SUM = ("axis", "dtype", "out", "keepdims", "initial", "where")
_EXTREME = ("axis", "out", "keepdims", "initial", "where")
_TRUTH = ("axis", "out", "keepdims")
_POSITION = ("axis", "out", "*", "keepdims")
_VARIANCE = ("axis", "dtype", "out", "ddof", "keepdims")

#: name -> meaning and parameters after the array; functions and methods alike.
BOTH: dict[str, tuple[Meaning, tuple[str, ...]]] = {
    "sum": (_sum_like("sum"), _SUM),
    "prod": (_sum_like("prod"), _SUM),
    "mean": (_mean, ("axis", "dtype", "out", "keepdims")),
    "var": (_variance, _VARIANCE),
    "std": (_deviation, _VARIANCE),
    "min": (_extreme(False), _EXTREME),
    "max": (_extreme(True), _EXTREME),
    "any": (_truth(False), _TRUTH),
    "all": (_truth(True), _TRUTH),
    "argmin": (_position(False), _POSITION),
    "argmax": (_position(True), _POSITION),
}
METHODS: dict[str, Row] = {name: row(meaning, *names) for name, (meaning, names) in BOTH.items()}
ROWS: dict[str, Row] = {
    **METHODS,
    "amin": METHODS["min"],
    "amax": METHODS["max"],
    "ptp": row(_range, "axis", "out", "keepdims"),
    "count_nonzero": row(_count_nonzero, "axis", "*", "keepdims"),
}
DEFERRING.update(ROWS.values())
