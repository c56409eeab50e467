"""`np.nonzero` and its kin: where the elements are that are not zero; `np.take`."""

from __future__ import annotations

from ...lazy import lazy
from ...pytypes import INT, NONE, SCALARS, Array, Scalar
from .. import advanced, arrays, slices
from ..state import NONE_VAL, Val
from .builtins import OF_COMPLEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering
    from . import elementwise

    Row = Callable[[Lowering, list[Val], dict[str, Val]], Val | None]
else:
    elementwise = lazy("jitney.frontend.library", "elementwise")


def _array(args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """The only argument, if it is an array with axes."""
    if kwargs or len(args) != 1 or not isinstance(args[0].type, Array) or not args[0].type.ndim:
        return None
    return args[0]


def _nonzero(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    array = _array(args, kwargs)
    return lw.make_tuple(advanced.nonzero(lw, array)) if array is not None else None


def _flatnonzero(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    array = _array(args, kwargs)
    line = arrays.line(lw, array) if array is not None else None
    return advanced.nonzero(lw, line)[0] if line is not None else None


def _argwhere(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    array = _array(args, kwargs)
    return advanced.places(lw, array) if array is not None else None


def _take(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = dict(zip(("a", "indices", "axis"), args))
    if len(args) > 3 or any(name in given or name not in ("indices", "axis") for name in kwargs):
        return None
    given.update(kwargs)
    array, index, axis = given["a"], given.get("indices"), given.get("axis", NONE_VAL)
    if index is None or not isinstance(array.type, Array) or not array.type.ndim:
        return None
    own = index.type.item if isinstance(index.type, Array) else index.type
    if not (own is INT or (isinstance(own, Scalar) and own.kind in "iu" and own is not SCALARS["uint64"])):
        return None
    if axis.type is NONE:
        line = arrays.line(lw, array)
        return _along(lw, line, index, 0) if line is not None else None
    known = lw.known(axis)
    ndim = array.type.ndim
    if axis.type is not INT or known is None or not -ndim <= known < ndim:
        return None
    return _along(lw, array, index, known % ndim)


def _along(lw: Lowering, array: Val, index: Val, axis: int) -> Val | None:
    if not isinstance(index.type, Array):
        return None
    emit, zero = lw.b.emit, lw.int_const(0)
    fine = emit("or", emit("ne", arrays.lengths(array)[axis], zero), emit("eq", arrays.size(lw, index), zero))
    lw.check(fine, "raise", (IndexError, ("cannot do a non-empty take from an empty axes.",)))
    whole = slices.make(NONE_VAL, NONE_VAL, NONE_VAL)
    taken = advanced.subscript(lw, array, lw.make_tuple([whole] * axis + [index]), None)
    # Indexing keeps the order of axes in memory, this does not.
    source, made = array.type, taken.type
    assert isinstance(source, Array)
    in_order = isinstance(made, Array) and (made.ndim == 1 or (not axis and source.layout == "C"))
    return taken if in_order else elementwise.ROWS["copy"](lw, [taken], {"order": lw.constant("C")})


NUMPY_ROWS: dict[str, Row] = {
    "nonzero": _nonzero,
    "flatnonzero": _flatnonzero,
    "argwhere": _argwhere,
    "take": _take,
}
METHODS: dict[str, Row] = {"nonzero": _nonzero, "take": _take}
OF_COMPLEX.update(NUMPY_ROWS.values(), METHODS.values())
