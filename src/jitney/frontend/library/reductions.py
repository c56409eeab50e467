"""NumPy's reductions of whole arrays: functions and methods, one row each.

    np.sum(a)  a.sum()  np.mean((a - b) ** 2)  np.all(a == b)  a.argmax()  np.dot(a, b)
"""

from __future__ import annotations

import sys

from ...pytypes import INT, NONE, SCALARS, Scalar
from .. import operators, wholes
from ..state import NONE_VAL, Val, constant_value
from ..wholes import reducing
from ..wholes.elementwise import binary, ufunc
from ..wholes.reducing import Source, sum_type
from .builtins import DEFERRING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering
    from .builtins import Row

    Meaning = Callable[[Lowering, Val, dict[str, Val]], Val | None]

_FLOAT64 = SCALARS["float64"]


def _given(kwargs: dict[str, Val], name: str) -> Val | None:
    """An argument that is there, and not None."""
    value = kwargs.get(name, NONE_VAL)
    return None if value.type is NONE else value


def row(meaning: Meaning, *names: str) -> Row:
    """A row for ``function(a, *names)``: the array, and keywords that may also be positional."""

    def call(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        if not 1 <= len(args) <= 1 + len(names) or set(kwargs) - set(names):
            return None
        given = dict(zip(names, args[1:]))
        if set(given) & set(kwargs) or not wholes.is_whole(args[0].type):
            return None
        given.update(kwargs)
        return meaning(lw, args[0], given)

    return call


def scalar_type(value: Val | None) -> Scalar | None:
    """The element type that a `dtype` argument names; None where that is not known."""
    named = constant_value(value) if value is not None else None
    if named is None:
        return None
    try:
        return SCALARS.get(sys.modules["numpy"].dtype(named).name)
    except TypeError:
        return None


def _only(kwargs: dict[str, Val], *names: str) -> bool:
    """Whether no other arguments than these are given; an axis of None is none, and so is keepdims=False."""
    return all(name in names or value.type is NONE for name, value in kwargs.items())


def _in_type(function: Callable[[Lowering, Source, Scalar], Val]) -> Meaning:
    def meaning(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
        if not _only(kwargs, "dtype"):
            return None
        source = Source(lw, a)
        t = sum_type(source.item)
        if _given(kwargs, "dtype") is not None:
            wanted = scalar_type(kwargs["dtype"])
            if wanted is None:
                return None
            t = wanted
        return function(lw, source, t)

    return meaning


def _plain(function: Callable[[Lowering, Source], Val]) -> Meaning:
    def meaning(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
        return function(lw, Source(lw, a)) if _only(kwargs) else None

    return meaning


def _mean_type(lw: Lowering, source: Source, kwargs: dict[str, Val]) -> Scalar | None:
    if _given(kwargs, "dtype") is not None:
        return scalar_type(kwargs["dtype"])
    return source.item if source.item.kind == "f" else _FLOAT64


def _mean(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    source = Source(lw, a)
    t = _mean_type(lw, source, kwargs)
    if t is None or t.kind != "f" or not _only(kwargs, "dtype"):
        return None
    return operators.binary(lw, "/", reducing.total(lw, source, t), Val(INT, (source.count,)))


def _variance(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    """As NumPy's `_var`: the mean of squared distances from the mean, `ddof` less in the divisor."""
    if not _only(kwargs, "ddof"):
        return None
    ddof = kwargs.get("ddof", lw.constant(0))
    source = Source(lw, a)
    mean = _mean(lw, a, {})
    if mean is None or ddof.type is not INT:
        return None
    apart = binary(lw, "-", a, mean)
    squares = ufunc(lw, sys.modules["numpy"].multiply, [apart, apart])
    squared = Source(lw, squares)
    count = lw.b.emit("smax", lw.b.emit("sub", source.count, ddof.parts[0]), lw.int_const(0))
    return operators.binary(lw, "/", reducing.total(lw, squared, squared.item), Val(INT, (count,)))


def _deviation(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    variance = _variance(lw, a, kwargs)
    if variance is None:
        return None
    return Val(variance.type, (lw.b.emit("fsqrt", variance.parts[0]),))


def _range(lw: Lowering, a: Val, kwargs: dict[str, Val]) -> Val | None:
    if not _only(kwargs):
        return None
    source = Source(lw, a)
    high = reducing.extreme(lw, source, True)
    return operators.binary(lw, "-", high, reducing.extreme(lw, source, False))


_SUM = ("axis", "dtype", "out", "keepdims", "initial", "where")
_EXTREME = ("axis", "out", "keepdims", "initial", "where")
_TRUTH = ("axis", "out", "keepdims")
_POSITION = ("axis", "out")
_VARIANCE = ("axis", "dtype", "out", "ddof", "keepdims")

#: name -> meaning and parameters after the array; functions and methods alike.
BOTH: dict[str, tuple[Meaning, tuple[str, ...]]] = {
    "sum": (_in_type(reducing.total), _SUM),
    "prod": (_in_type(reducing.product), _SUM),
    "mean": (_mean, ("axis", "dtype", "out", "keepdims")),
    "var": (_variance, _VARIANCE),
    "std": (_deviation, _VARIANCE),
    "min": (_plain(lambda lw, s: reducing.extreme(lw, s, False)), _EXTREME),
    "max": (_plain(lambda lw, s: reducing.extreme(lw, s, True)), _EXTREME),
    "any": (_plain(lambda lw, s: reducing.holds(lw, s, False)), _TRUTH),
    "all": (_plain(lambda lw, s: reducing.holds(lw, s, True)), _TRUTH),
    "argmin": (_plain(lambda lw, s: reducing.position(lw, s, False)), _POSITION),
    "argmax": (_plain(lambda lw, s: reducing.position(lw, s, True)), _POSITION),
}
METHODS: dict[str, Row] = {name: row(meaning, *names) for name, (meaning, names) in BOTH.items()}
ROWS: dict[str, Row] = {
    **METHODS,
    "amin": METHODS["min"],
    "amax": METHODS["max"],
    "ptp": row(_range, "axis", "out", "keepdims"),
    "count_nonzero": row(_plain(reducing.count_true), "axis", "keepdims"),
}
DEFERRING.update(ROWS.values())
