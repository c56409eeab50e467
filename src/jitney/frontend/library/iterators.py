"""`enumerate`, `zip`, `reversed`, `np.ndindex`, `np.ndenumerate`: what they go through, put together."""

from __future__ import annotations

from ...pytypes import BOOL, INT, Array, Iterator, List, Scalar, Tuple, iterator_type
from ..operators import to_index
from ..state import Val
from .builtins import OF_COMPLEX
from .ranges import REVERSED, Range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..state import Lowering

    Row = Callable[[Lowering, list[Val], dict[str, Val]], Val | None]


def make(kind: str, inner: list[Val]) -> Val:
    """The iterator of a kind over these values."""
    return Val(iterator_type(kind, tuple([v.type for v in inner])), tuple([p for v in inner for p in v.parts]))


def parts_of(iterable: Val) -> list[Val]:
    """The values that an iterator was made of."""
    assert isinstance(iterable.type, Iterator)
    out, at = [], 0
    for type in iterable.type.inner:
        out.append(Val(type, iterable.parts[at : at + len(type.leaves)]))
        at += len(type.leaves)
    return out


def enumerate_(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    given = [*args, *kwargs.values()]
    if set(kwargs) - {"start"} or not args or len(given) > 2:
        return None
    start = to_index(lw, given[1]) if len(given) == 2 else lw.int_const(0)
    return make("enumerate", [args[0], Val(INT, (start,))])


def zip_(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if not args or any(name != "strict" or lw.known(v) is not False for name, v in kwargs.items()):
        return None
    return make("zip", args)


def reversed_(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if kwargs or len(args) != 1:
        return None
    (value,) = args
    if isinstance(value.type, Array) and not value.type.ndim:
        lw.fail_with(TypeError, "len() of unsized object")
    if isinstance(value.type, Range):
        start, stop, step = value.parts
        if lw.b.constant(step) == 1:
            # Down to start, which is the one before the stop.
            one = lw.int_const(1)
            return Val(REVERSED, (lw.checked("subo", stop, one), lw.checked("subo", start, one), lw.int_const(-1)))
    if isinstance(value.type, (Array, List, Tuple, Range)):
        return make("reversed", [value])
    return None


def _ndindex(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if len(args) == 1 and isinstance(args[0].type, Tuple):
        args = lw.elements(args[0])
    if kwargs or not args:
        return None
    lengths = []
    for v in args:
        if not (v.type is INT or v.type is BOOL or (isinstance(v.type, Scalar) and v.type.kind in "iu")):
            return None
        length = to_index(lw, v)
        lw.check(
            lw.b.emit("sge", length, lw.int_const(0)), "raise", (ValueError, ("negative dimensions are not allowed",))
        )  # fmt: skip
        lengths.append(Val(INT, (length,)))
    return make("ndindex", lengths)


def _ndenumerate(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if kwargs or len(args) != 1 or not isinstance(args[0].type, Array) or not args[0].type.ndim:
        return None
    return make("ndenumerate", args)


NUMPY_ROWS: dict[str, Row] = {"ndindex": _ndindex, "ndenumerate": _ndenumerate}
OF_COMPLEX.update(NUMPY_ROWS.values())
