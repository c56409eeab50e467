"""What a `for` loop goes through, if not a range: arrays, tuples, and what `enumerate`, `zip`, ... make of them.

    for row in a:                   one counter i; row is the view a[i], or the element where a has one axis
    for i, x in enumerate(a):       one counter; (i, a[i])
    for x, y in zip(a, b):          one counter up to the shorter length
    for x in (a, 2.5, None):        one copy of the body per item, each with types of its own
    for i, j in np.ndindex(n, m):   a nest of two counted loops, which `break` leaves together
"""

from __future__ import annotations

from ..lazy import lazy
from ..pytypes import INT, Array, Iterator, List, Tuple, is_record
from . import arrays
from .library.iterators import parts_of
from .library.ranges import Range
from .loops import Counter, Items, iteration_count
from .state import Val, constant_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import fields, packed
    from .state import Lowering
else:
    fields, packed = lazy("jitney.frontend", "fields", "packed")

MOST_COPIES = 32


class Sequence:
    """Items by number.

    Attributes:
        count: how many, an i64. item: the item of a number, which is in range.
        copies: -1; else there are at most so many, and `item` takes constants only.
    """

    __slots__ = ("copies", "count", "item")

    def __init__(self, count: int, item: Callable[[int], Val], copies: int = -1) -> None:
        self.count = count
        self.item = item
        self.copies = copies


def items(lw: Lowering, iterable: Val, node: Any) -> Items:
    """What a loop over `iterable` goes through."""
    found = _nest(lw, iterable)
    if found is not None:
        return found
    whole = sequence(lw, iterable, node)
    if whole.copies > MOST_COPIES:
        lw.unsupported(f"a loop over a tuple of {whole.copies} items is not supported", node)
    return Items([_up_to(lw, whole.count)], lambda at: whole.item(at[0]), whole.copies)


def _up_to(lw: Lowering, count: int) -> Counter:
    return Counter(lw.int_const(0), count, 1)


# -- items by number ---------------------------------------------------------------------------------------------------


def sequence(lw: Lowering, iterable: Val, node: Any) -> Sequence:
    """The items of `iterable` by number."""
    type = iterable.type
    if isinstance(type, Array):
        if is_record(type):
            return sequence(lw, fields.all_of(lw, iterable, node), node)
        if not type.ndim:
            lw.fail_with(TypeError, "iteration over a 0-d array")
        return Sequence(arrays.lengths(iterable)[0], lambda i: arrays.item(lw, iterable, i))
    if isinstance(type, Range):
        return _of_range(lw, iterable)
    if isinstance(type, Iterator):
        row = _SEQUENCES.get(type.kind)
        if row is not None:
            return row(lw, parts_of(iterable), node)
    if isinstance(type, List):
        return Sequence(packed.length(lw, iterable), lambda i: packed.item_at(lw, iterable, i))
    text = constant_value(iterable)
    if isinstance(text, str):
        iterable = lw.make_tuple([lw.constant(c) for c in text])
    if isinstance(iterable.type, Tuple):
        values = lw.elements(iterable)
        return Sequence(lw.int_const(len(values)), lambda k: values[lw.b.constant(k)], len(values))
    lw.unsupported(f"going through {type} is not supported", node)


def unpacked(lw: Lowering, value: Val, count: int, node: Any) -> list[Val]:
    """The `count` items of `value`, which must have so many."""
    whole = sequence(lw, value, node)
    text = f"[{'_, ' * count}] = iter([0] * min(n, {count + 1}))"
    lw.check(lw.b.emit("eq", whole.count, lw.int_const(count)), "evaluate", text, (whole.count,), ("n",))
    return [whole.item(lw.int_const(k)) for k in range(count)]


def _of_range(lw: Lowering, iterable: Val) -> Sequence:
    start, stop, step = iterable.parts
    emit = lw.b.emit
    if lw.b.constant(step) == 1:
        count = emit("smax", lw.checked("subo", stop, start), lw.int_const(0))
    else:
        count = iteration_count(lw, start, stop, step)
    return Sequence(count, lambda i: Val(INT, (emit("add", start, emit("mul", i, step)),)))


def _enumerate(lw: Lowering, inner: list[Val], node: Any) -> Sequence:
    whole, start = sequence(lw, inner[0], node), inner[1].parts[0]

    def item(i: int) -> Val:
        return lw.make_tuple([Val(INT, (lw.checked("addo", start, i),)), whole.item(i)])

    return Sequence(whole.count, item, whole.copies)


def _zip(lw: Lowering, inner: list[Val], node: Any) -> Sequence:
    wholes = [sequence(lw, v, node) for v in inner]
    count = wholes[0].count
    for whole in wholes[1:]:
        count = lw.b.emit("smin", count, whole.count)
    copies = [whole.copies for whole in wholes if whole.copies >= 0]
    return Sequence(count, lambda i: lw.make_tuple([w.item(i) for w in wholes]), min(copies, default=-1))


def _reversed(lw: Lowering, inner: list[Val], node: Any) -> Sequence:
    whole = sequence(lw, inner[0], node)
    emit = lw.b.emit
    last = emit("add", whole.count, lw.int_const(-1))
    return Sequence(whole.count, lambda i: whole.item(emit("sub", last, i)), whole.copies)


def _flat(lw: Lowering, inner: list[Val], node: Any) -> Sequence:
    line = arrays.line(lw, inner[0])
    if line is None:
        lw.unsupported("`.flat` of an array that is not contiguous is not supported here", node)
    return sequence(lw, line, node)


_SEQUENCES: dict[str, Callable[[Lowering, list[Val], Any], Sequence]] = {
    "enumerate": _enumerate,
    "zip": _zip,
    "reversed": _reversed,
    "flat": _flat,
}


# -- nests of counters -------------------------------------------------------------------------------------------------


def _nest(lw: Lowering, iterable: Val) -> Items | None:
    """What is counted by several counters; None where it is not."""
    type = iterable.type
    if not isinstance(type, Iterator):
        return None
    inner = parts_of(iterable)
    if type.kind == "ndindex":
        lengths = [v.parts[0] for v in inner]
        return _counted(lw, lengths, lambda at: lw.make_tuple([Val(INT, (i,)) for i in at]))
    if type.kind == "ndenumerate":
        lengths = arrays.lengths(inner[0])

        def place_and_element(at: tuple[int, ...]) -> Val:
            return lw.make_tuple([lw.make_tuple([Val(INT, (i,)) for i in at]), arrays.load_at(lw, inner[0], at)])

        return _counted(lw, lengths, place_and_element)
    if type.kind == "flat" and arrays.line(lw, inner[0]) is None:
        return _counted(lw, arrays.lengths(inner[0]), lambda at: arrays.load_at(lw, inner[0], at))
    if type.kind == "enumerate":
        found = _nest(lw, inner[0])
        if found is not None:
            return _numbered(lw, found, inner[1].parts[0])
    return None


def _counted(lw: Lowering, lengths: list[int], item: Callable[[tuple[int, ...]], Val]) -> Items:
    return Items([_up_to(lw, length) for length in lengths], item)


def _numbered(lw: Lowering, nest: Items, start: int) -> Items:
    """The items of a nest, and before each its number."""

    def item(at: tuple[int, ...]) -> Val:
        number = at[0]
        for i, level in zip(at[1:], nest.levels[1:]):
            number = lw.b.emit("add", lw.b.emit("mul", number, level.stop), i)
        return lw.make_tuple([Val(INT, (lw.checked("addo", start, number),)), nest.item(at)])

    return Items(nest.levels, item)
