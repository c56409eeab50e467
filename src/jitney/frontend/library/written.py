"""Functions of NumPy's whose meaning is written in Python (`recipes.py`): for which arguments, and how they are called.

    np.searchsorted(a, x)    a: float64, one axis; x: a number          search(a, x, False), an np.int64
                             anything else                              NumPy itself

A row looks at the types of the arguments only. What must be known of their values besides is tested when running, and
where it does not hold NumPy itself is called there.
"""

from __future__ import annotations

import math

from ...lazy import lazy
from ...pytypes import BOOL, FLOAT, INT, NONE, SCALARS, Array, Object, PyType, Scalar, Tuple
from .. import arrays
from ..operators.unions import converts, to_float64
from ..state import NONE_VAL, Val, constant_value, is_number
from . import creation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .. import objects
    from ..state import Lowering
    from . import python_calls, recipes
    from .builtins import Row

    Meaning = Callable[[Lowering, dict[str, Val], "Itself"], Val | None]
else:
    objects = lazy("jitney.frontend", "objects")
    python_calls, recipes = lazy("jitney.frontend.library", "python_calls", "recipes")

_FLOAT64, _INT64, _BOOL = SCALARS["float64"], SCALARS["int64"], SCALARS["bool"]
_MOST_PARTS = 4  # arrays put together by code of our own
_MOST_SORTED = 128  # elements, by insertion
_SAFE = 1 << 40  # quotients of smaller ints are computed in floats as they are


class Itself:
    """NumPy's own function with the call's own arguments."""

    def __init__(self, lw: Lowering, function: Any, args: list[Val], kwargs: dict[str, Val]) -> None:
        self.lw = lw
        self.function = function
        self.given = args, kwargs

    def unless(self, fine: int, make: Callable[[], Val]) -> Val:
        """What `make` gives if `fine`, else what NumPy gives, which is taken to be of the same type."""
        lw = self.lw
        made: list[PyType] = []

        def compiled() -> Val:
            value = make()
            made.append(value.type)
            return value

        def by_numpy() -> Val:
            lw.b.block.cold = True
            args, kwargs = self.given
            value = python_calls.call(lw, lw.constant(self.function), args, kwargs, lw.node)
            if isinstance(value.type, Object) and made and value.type is not made[0]:
                return objects.unbox(lw, value, made[0], self.function.__name__, local=True)
            return value

        return lw.if_else(fine, compiled, by_numpy)


def _is_line(value: Val | None, *items: Scalar) -> bool:
    """Whether a value is an array with one axis of one of these types of elements."""
    return value is not None and isinstance(value.type, Array) and value.type.ndim == 1 and value.type.item in items


def _is_double(type: PyType) -> bool:
    """Whether NumPy computes in float64 with such a number beside Python's numbers."""
    return is_number(type) and converts(type) and type is not SCALARS["float32"]


def _axis(lw: Lowering, given: dict[str, Val]) -> int | None:
    """The `axis` argument, 0 if there is none; None where it is no int that is known."""
    axis = given.get("axis", lw.constant(0))
    return lw.known(axis) if axis.type is INT else None


def _as_float64(lw: Lowering, value: Val) -> Val:
    return Val(_FLOAT64, (to_float64(lw, value),))


def _recipe(lw: Lowering, function: Any, *args: Val, type: Scalar | None = None) -> Val:
    """Call a function of `recipes`; `type` is what its int or bool result is called by NumPy."""
    value = lw.call(function, list(args), {}, lw.node)
    return Val(type, value.parts) if type is not None else value


def _key(lw: Lowering, a: Val | None, key: Val | None) -> Val | None:
    """A number as it is compared with elements of `a`; None where NumPy converts both to something else."""
    if key is None or not _is_line(a, _FLOAT64, _INT64) or not is_number(key.type):
        return None
    assert a is not None and isinstance(a.type, Array)
    if a.type.item is _FLOAT64:
        return _as_float64(lw, key) if converts(key.type) else None
    return Val(_INT64, key.parts) if key.type is INT or key.type is _INT64 else None


def _searchsorted(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a, keys, side = given.get("a"), given.get("v"), constant_value(given.get("side", lw.constant("left")))
    if keys is None or side not in ("left", "right") or given.get("sorter", NONE_VAL).type is not NONE:
        return None
    if not recipes.KNOWN_WAY:
        return None
    return _found(lw, a, keys, lw.constant(side == "right"), recipes.search, recipes.search_all)


def _found(lw: Lowering, a: Val | None, keys: Val, right: Val, one: Any, several: Any) -> Val | None:
    if a is not None and _is_line(a, _FLOAT64, _INT64) and _is_line(keys, a.type.item):  # type: ignore[attr-defined]
        return _recipe(lw, several, a, keys, right)
    key = _key(lw, a, keys)
    if key is None or a is None:
        return None
    return _recipe(lw, one, a, key, right, type=_INT64)


def _digitize(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    x, bins, right = given.get("x"), given.get("bins"), given.get("right", lw.constant(False))
    known = lw.known(right)
    if x is None or bins is None or right.type is not BOOL or known is None or not recipes.KNOWN_WAY:
        return None

    if _is_line(bins, _FLOAT64, _INT64) and _is_line(x, bins.type.item):  # type: ignore[attr-defined]
        return _recipe(lw, recipes.digitize_all, x, bins, right)
    key = _key(lw, bins, x)
    return _recipe(lw, recipes.digitize, key, bins, right, type=_INT64) if key is not None else None


def _interp(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    x, xp, fp = [given.get(name) for name in ("x", "xp", "fp")]
    if any(given.get(name, NONE_VAL).type is not NONE for name in ("left", "right", "period")):
        return None
    if x is None or xp is None or fp is None or not _is_line(xp, _FLOAT64) or not _is_line(fp, _FLOAT64):
        return None
    points, values = arrays.lengths(xp)[0], arrays.lengths(fp)[0]
    emit = lw.b.emit
    fine = emit("and", emit("eq", points, values), emit("ne", points, lw.int_const(0)))
    if _is_line(x, _FLOAT64):
        return itself.unless(fine, lambda: _recipe(lw, recipes.interp_all, x, xp, fp))
    if not is_number(x.type) or not converts(x.type):
        return None
    key = _as_float64(lw, x)
    return itself.unless(fine, lambda: _recipe(lw, recipes.interp, key, xp, fp))


def _arange(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    start, stop, step = [given.get(name, NONE_VAL) for name in ("start", "stop", "step")]
    if given.get("dtype", NONE_VAL).type is not NONE or "start" in itself.given[1]:
        return None
    if stop.type is NONE:
        start, stop = lw.constant(0), start
    step = lw.constant(1) if step.type is NONE else step
    if any(v.type is not INT for v in (start, stop, step)):
        return None
    emit = lw.b.emit
    fine = emit("ne", step.parts[0], lw.int_const(0))
    for v in (start, stop, step):
        fine = emit("and", fine, emit("ult", emit("add", v.parts[0], lw.int_const(_SAFE)), lw.int_const(2 * _SAFE)))
    return itself.unless(fine, lambda: _recipe(lw, recipes.count_up, start, stop, step))


def _linspace(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    start, stop, num = given.get("start"), given.get("stop"), given.get("num", lw.constant(50))
    endpoint = given.get("endpoint", lw.constant(True))
    if start is None or stop is None or num.type is not INT or endpoint.type is not BOOL:
        return None
    if not all(_is_double(v.type) for v in (start, stop)):
        return None
    known = lw.known(endpoint)
    if known is None:
        return None
    first, last = _as_float64(lw, start), _as_float64(lw, stop)
    emit = lw.b.emit
    width = emit("fsub", last.parts[0], first.parts[0])
    fine = emit(
        "and", emit("flt", emit("fabs", width), lw.float_const(math.inf)), emit("sgt", num.parts[0], lw.int_const(0))
    )
    return itself.unless(fine, lambda: _recipe(lw, recipes.linspace, first, last, num, endpoint))


def _eye(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    size = next(iter(given.values())) if len(given) == 1 else None
    return _recipe(lw, recipes.eye, size) if size is not None and size.type is INT else None


def _lines(lw: Lowering, given: dict[str, Val], name: str) -> list[Val] | None:
    """Arrays in a tuple, each with one axis, of one type of plain elements."""
    rows = given.get(name)
    if rows is None or not isinstance(rows.type, Tuple) or not 0 < len(rows.type.elements) <= _MOST_PARTS:
        return None
    parts = lw.elements(rows)
    items = {v.type.item for v in parts if isinstance(v.type, Array) and _is_line(v, *_PLAIN)}
    return parts if len(items) == 1 and all(isinstance(v.type, Array) and v.type.ndim == 1 for v in parts) else None


def _concatenate(name: str) -> Meaning:
    """`concatenate` and `hstack`."""

    def meaning(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
        parts = _lines(lw, given, name)
        if parts is None or _axis(lw, given) != 0:
            return None
        return _recipe(lw, recipes.joined, *parts)

    return meaning


def _stack(name: str, recipe: str) -> Meaning:
    """`vstack`, `stack` and `column_stack` of arrays with one axis."""

    def meaning(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
        parts = _lines(lw, given, name)
        axis = _axis(lw, given)
        if parts is None or axis not in (0, 1):
            return None
        fine, emit = lw.bool_const(True), lw.b.emit
        for part in parts[1:]:
            fine = emit("and", fine, emit("eq", arrays.lengths(part)[0], arrays.lengths(parts[0])[0]))
        function = recipes.beside if axis == 1 else getattr(recipes, recipe)
        return itself.unless(fine, lambda: _recipe(lw, function, *parts))

    return meaning


def _repeat(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a, count = given.get("a"), given.get("repeats")
    if a is None or count is None or count.type is not INT or not _is_line(a, *_PLAIN):
        return None
    fine = lw.b.emit("ult", count.parts[0], lw.int_const(_SAFE))
    return itself.unless(fine, lambda: _recipe(lw, recipes.repeated, a, count))


def _allclose(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a, b = given.get("a"), given.get("b")
    limits = [given.get("rtol", lw.constant(1e-05)), given.get("atol", lw.constant(1e-08))]
    if a is None or b is None or not _is_line(a, _FLOAT64) or not _is_line(b, _FLOAT64):
        return None
    if any(v.type is not FLOAT and v.type is not _FLOAT64 for v in limits):
        return None
    fine = lw.b.emit("eq", arrays.lengths(a)[0], arrays.lengths(b)[0])
    values = [_as_float64(lw, v) for v in limits]
    return itself.unless(fine, lambda: _recipe(lw, recipes.allclose, a, b, *values))


def _array_equal(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a, b = given.get("a1"), given.get("a2")
    if a is None or b is None or not _is_line(a, _FLOAT64, _INT64) or not _is_line(b, a.type.item):  # type: ignore[attr-defined]
        return None
    return _recipe(lw, recipes.array_equal, a, b)


def _median(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a = given.get("a")
    if a is None or not _is_line(a, _FLOAT64):
        return None
    emit, zero = lw.b.emit, lw.float_const(0.0)
    few = emit("ult", emit("sub", arrays.lengths(a)[0], lw.int_const(1)), lw.int_const(_MOST_SORTED))

    def nothing() -> Val:
        return Val(_FLOAT64, (zero,))

    found = lw.if_else(few, lambda: _recipe(lw, recipes.median, a), nothing)
    magnitude = emit("fabs", found.parts[0])
    return itself.unless(emit("fgt", magnitude, zero), lambda: found)


def _append(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a, values = given.get("arr"), given.get("values")
    if a is None or values is None or not _is_line(a, _FLOAT64, _INT64) or given.get("axis", NONE_VAL).type is not NONE:
        return None
    if _is_line(values, a.type.item):  # type: ignore[attr-defined]
        return _recipe(lw, recipes.joined, a, values)
    item = a.type.item  # type: ignore[attr-defined]
    same = values.type is item or values.type is (FLOAT if item is _FLOAT64 else INT)
    return _recipe(lw, recipes.extended, a, values) if same else None


def _roll(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a, shift = given.get("a"), given.get("shift")
    if a is None or shift is None or shift.type is not INT or not _is_line(a, *_PLAIN):
        return None
    if given.get("axis", NONE_VAL).type is not NONE and _axis(lw, given) not in (0, -1):
        return None
    return _recipe(lw, recipes.roll, a, shift)


_PLAIN = tuple([t for name, t in SCALARS.items() if name != "float16"])


def _norm(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a = given.get("x")
    if a is None or len(given) != 1 or not isinstance(a.type, Array) or a.type.item is not _FLOAT64:
        return None
    line = arrays.line(lw, a) if a.type.ndim in (1, 2) else None
    return _recipe(lw, recipes.norm, line) if line is not None else None


def _of_one(recipe: str, ndim: int) -> Meaning:
    """A function of one array of floats."""

    def meaning(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
        a = given.get("a")
        if a is None or len(given) != 1 or not isinstance(a.type, Array):
            return None
        if a.type.item is not _FLOAT64 or a.type.ndim != ndim:
            return None
        return _recipe(lw, getattr(recipes, recipe), a)

    return meaning


def _cross(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a, b = given.get("a"), given.get("b")
    if a is None or b is None or len(given) != 2 or not _is_line(a, _FLOAT64) or not _is_line(b, _FLOAT64):
        return None
    emit, three = lw.b.emit, lw.int_const(3)
    fine = emit("and", emit("eq", arrays.lengths(a)[0], three), emit("eq", arrays.lengths(b)[0], three))
    return itself.unless(fine, lambda: _recipe(lw, recipes.cross, a, b))


def _isclose(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    x, y = given.get("a"), given.get("b")
    if x is None or y is None or set(given) - {"a", "b", "rtol", "atol"}:
        return None
    limits = [given.get("rtol", lw.constant(1e-05)), given.get("atol", lw.constant(1e-08))]
    if any(v.type is not FLOAT and v.type is not _FLOAT64 for v in (x, y, *limits)):
        return None
    values = [_as_float64(lw, v) for v in (x, y, *limits)]
    return _recipe(lw, recipes.isclose, *values, type=_BOOL)


def _histogram(lw: Lowering, given: dict[str, Val], itself: Itself) -> Val | None:
    a, bins, ends = given.get("a"), given.get("bins", lw.constant(10)), given.get("range", NONE_VAL)
    weights = given.get("weights", NONE_VAL)
    if a is None or set(given) - {"a", "bins", "range", "weights"} or not _is_line(a, _FLOAT64):
        return None
    if bins.type is not INT or not (weights.type is NONE or _is_line(weights, _FLOAT64)):
        return None
    if ends.type is NONE:
        ends = _recipe(lw, recipes.outer_edges, a)
    elif not isinstance(ends.type, Tuple) or len(ends.type.elements) != 2:
        return None
    elif not all(_is_double(t) for t in ends.type.elements):
        return None
    first, last = [_as_float64(lw, v) for v in lw.elements(ends)]
    emit, width = lw.b.emit, lw.b.emit("fsub", last.parts[0], first.parts[0])
    fine = emit("and", emit("flt", lw.float_const(0.0), width), emit("flt", width, lw.float_const(math.inf)))
    fine = emit("and", fine, emit("sgt", bins.parts[0], lw.int_const(0)))
    if weights.type is NONE:
        return itself.unless(fine, lambda: _recipe(lw, recipes.histogram, a, bins, first, last))
    fine = emit("and", fine, emit("eq", arrays.lengths(a)[0], arrays.lengths(weights)[0]))
    return itself.unless(fine, lambda: _recipe(lw, recipes.histogram_of_weights, a, bins, first, last, weights))


def _row(name: str, names: str, meaning: Meaning) -> tuple[str, tuple[tuple[str, ...], Meaning]]:
    return name, (tuple(names.split()), meaning)


TABLE: dict[str, tuple[tuple[str, ...], Meaning]] = dict([
    _row("searchsorted", "a v side sorter", _searchsorted),
    _row("digitize", "x bins right", _digitize),
    _row("interp", "x xp fp left right period", _interp),
    _row("arange", "start stop step dtype", _arange),
    _row("linspace", "start stop num endpoint", _linspace),
    _row("eye", "N", _eye),
    _row("identity", "n", _eye),
    _row("concatenate", "arrays axis", _concatenate("arrays")),
    _row("hstack", "tup", _concatenate("tup")),
    _row("vstack", "tup", _stack("tup", "piled")),
    _row("stack", "arrays axis", _stack("arrays", "piled")),
    _row("column_stack", "tup", _stack("tup", "beside")),
    _row("repeat", "a repeats", _repeat),
    _row("allclose", "a b rtol atol", _allclose),
    _row("array_equal", "a1 a2", _array_equal),
    _row("median", "a", _median),
    _row("append", "arr values axis", _append),
    _row("roll", "a shift axis", _roll),
    _row("linalg.norm", "x", _norm),
    _row("trace", "a", _of_one("trace", 2)),
    _row("nansum", "a", _of_one("nansum", 1)),
    _row("nanmean", "a", _of_one("nanmean", 1)),
    _row("cross", "a b", _cross),
    _row("isclose", "a b rtol atol", _isclose),
    _row("histogram", "a bins range density weights", _histogram),
])  # fmt: skip
"""Per function the names of its parameters, and what it means for arguments under these names."""


def _method(name: str) -> Row:
    names, meaning = TABLE[name]

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        given = creation.arguments(args, kwargs, names)
        return meaning(lw, given, Itself(lw, None, args, kwargs)) if given is not None else None

    return row


def find(function: Any, name: str) -> Row | None:
    """The row of NumPy's function of this name."""
    found = TABLE.get(name)
    if found is None:
        return None
    names, meaning = found

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        given = creation.arguments(args, kwargs, names)
        return meaning(lw, given, Itself(lw, function, args, kwargs)) if given is not None else None

    return row


METHODS: dict[str, Row] = {name: _method(name) for name in ("searchsorted", "trace")}
