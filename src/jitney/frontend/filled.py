"""Lists of numbers, and of such lists, that comprehensions make: memory that loops fill (see `numeric.py`).

    [f(i) for i in range(n)]              n items of 8 (or 16) bytes; data[k] = f(k), k counting the iterations
    [[0] * m for _ in range(n)]           n * m items: one array of two axes; data[k*m : k*m + m] = 0
    [[f(i, j) for j in range(m)] for i in range(n)]     data[k*m + l] = f(k, l)
    list(range(n)), a[:], [row[:] for row in t]         as comprehensions that do the same

Rows are all of one length where the text shows it: the length is computed before the loop, if there is an iteration.
What the items are is found out when the first is computed.
"""

from __future__ import annotations

import _ast

from ..errors import UnsupportedError
from ..ir.function import LISTS
from ..lazy import lazy
from ..pytypes import INT, Array, Object, Union, array_type
from . import arrays, displays, iteration
from .arrays import is_own
from .library import creation
from .library.ranges import Range
from .loops import Counter, Items, as_tuple, lower_items
from .operators import to_index
from .plan import WantedObject
from .state import NONE_VAL, Val, constant_value
from .usage import children, copied, depth, listed_range, repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import numeric
    from .state import Lowering
else:
    numeric = lazy("jitney.frontend", "numeric")

_SIMPLE = (_ast.Name, _ast.Constant, _ast.BinOp, _ast.UnaryOp, _ast.operator, _ast.unaryop, _ast.expr_context)
_TOTAL = (_ast.Add, _ast.Sub, _ast.Mult)


class Memory:
    """What is being filled.

    Attributes:
        group: of the name that is given the list. data: where the items lie. size: how much room there is for each.
        length: how many a row has, -1 where there are no rows. item: what they are; None before the first.
    """

    __slots__ = ("data", "group", "item", "length", "object", "size")

    def __init__(self, group: str, size: int, object: int, data: int, length: int) -> None:
        self.size = size
        self.group = group
        self.object = object
        self.data = data
        self.length = length
        self.item: Any = None


class Filling:
    """A loop that fills. Attributes: base: the number of the first item, -1 for 0. at: how many iterations are done."""

    __slots__ = ("at", "base", "memory")

    def __init__(self, memory: Memory, base: int) -> None:
        self.memory = memory
        self.base = base
        self.at = -1


def made(lw: Lowering, node: Any, group: str) -> Val:
    """The list that a comprehension, or what stands for one, makes."""
    node = _comprehension(lw, node, group)
    mark = len(lw.own.temporaries)
    loop, _, _, names = displays.as_loop(lw, node)
    element = loop.body[0].value.value[0]
    iterable, whole = _gone_through(lw, loop.iter, group)
    held = _pinned(lw, iterable, mark)
    total, dims, length = whole.count, [whole.count], -1
    if depth(element):
        length = _row_length(lw, element, names, iterable, whole.count, group)
        total = lw.checked("mulo", whole.count, length)
        dims.append(length)
    size = 16 if isinstance(lw.usage.items.get(group), Union) else 8
    memory = Memory(group, size, *numeric.allocated(lw, total, size), length)
    _run(lw, node, whole, held, Filling(memory, -1))
    if memory.item is None:
        numeric.refuse(group)
    return Val(array_type(memory.item, len(dims), "C", True, True, True, True), (memory.object, memory.data, *dims))


def _comprehension(lw: Lowering, node: Any, group: str) -> Any:
    """The comprehension that does the same."""
    if type(node) is _ast.ListComp:
        return node
    made = lw.loop_plans.get((node, "list"))
    if made is None:
        place = {"lineno": node.lineno, "col_offset": node.col_offset}
        name, target = _ast.Name("item", _ast.Load(), **place), _ast.Name("item", _ast.Store(), **place)
        source = listed_range(node) or copied(node)
        generator = _ast.comprehension(target=target, iter=source, ifs=[], is_async=0)
        made = lw.loop_plans[node, "list"] = _ast.ListComp(elt=name, generators=[generator], **place)
    if type(node) is _ast.Call and type(node.func) is _ast.Name and constant_value(lw.expr(node.func)) is not list:
        numeric.refuse(group)
    return made


def _gone_through(lw: Lowering, node: Any, group: str) -> tuple[Val, iteration.Sequence]:
    iterable = lw.expr(as_tuple(node))
    try:
        return iterable, iteration.sequence(lw, iterable, node)
    except UnsupportedError:
        numeric.refuse(group)


def _pinned(lw: Lowering, iterable: Val, mark: int) -> list[int]:
    if not isinstance(iterable.type, Range):
        lw.own.pin(iterable, mark)
    return lw.own.temporaries[mark:]


def _run(lw: Lowering, node: Any, whole: iteration.Sequence, held: list[int], filling: Filling) -> None:
    loop, live, owner, names = displays.as_loop(lw, node)

    def item(at: tuple[int, ...]) -> Val:
        filling.at = at[0]
        return whole.item(at[0])

    items = Items([Counter(lw.int_const(0), whole.count, 1)], item, whole.copies)
    if whole.copies > iteration.MOST_COPIES:
        numeric.refuse(filling.memory.group)
    items.held = held
    put = loop.body[0].value
    put.filling = filling
    try:
        displays.within(lw, live, owner, names, lambda: lower_items(lw, loop, items))
    finally:
        put.filling = None


def put(lw: Lowering, filling: Filling, node: Any) -> Val:
    """Put what the expression gives into the list."""
    memory, at = filling.memory, filling.at
    if memory.length < 0 or filling.base >= 0:
        _store(lw, memory, lw.expr(node), lw.b.emit("add", filling.base, at) if filling.base >= 0 else at)
        return NONE_VAL
    base = lw.b.emit("mul", at, memory.length)
    found = repeated(node)
    if type(node) is _ast.List:
        for k, value in enumerate([lw.expr(element) for element in node.elts]):
            _store(lw, memory, value, lw.b.emit("add", base, lw.int_const(k)))
    elif found is not None:
        value = lw.expr(found[0])
        own = _item(lw, memory, value)
        data = lw.b.emit("ptradd", memory.data, lw.b.emit("mul", base, lw.int_const(own.access.size)))
        row = Val(array_type(own, 1, "C", True, True, True, True), (memory.object, data, memory.length))
        creation.fill(lw, row, *lw.coerce(value, own.loaded, lw.b.block))
    else:
        # Not so of `list(a)`, which is a list of anything.
        sliced = copied(node) is not None and not (type(node) is _ast.Call and type(node.func) is _ast.Name)
        node = _comprehension(lw, node, memory.group)
        mark = len(lw.own.temporaries)
        iterable, whole = _gone_through(lw, displays.as_loop(lw, node)[0].iter, memory.group)
        if sliced and not _is_list(iterable):
            numeric.refuse(memory.group)
        lw.check(lw.b.emit("eq", whole.count, memory.length), "overflow")
        _run(lw, node, whole, _pinned(lw, iterable, mark), Filling(memory, base))
    return NONE_VAL


def _is_list(value: Val) -> bool:
    """Whether a slice of it is a list: no view, no tuple."""
    if isinstance(value.type, Object):
        return value.type.kind is list
    return is_own(value.type) and value.type.item.region == LISTS  # type: ignore[attr-defined]


def _item(lw: Lowering, memory: Memory, value: Val) -> Any:
    memory.item = found = numeric.item_for(lw, memory.group, value)
    if found.access.size > memory.size:
        # Known now.
        raise WantedObject(lw.usage)
    return found


def _store(lw: Lowering, memory: Memory, value: Val, at: int) -> None:
    own = _item(lw, memory, value)
    numeric.put(lw, own, value, *arrays.scaled(lw, memory.data, at, own.access.size))


# -- rows --------------------------------------------------------------------------------------------------------------


def _row_length(lw: Lowering, node: Any, names: frozenset[str], iterable: Val, count: int, group: str) -> int:
    """How long all rows are that an expression gives, in a loop through `iterable` that binds these names."""
    if type(node) is _ast.List:
        return lw.int_const(len(node.elts))
    found = repeated(node)
    if found is not None:
        source = found[1]
    elif type(node) is _ast.ListComp:
        source = node.generators[0].iter
    else:
        source = listed_range(node) or copied(node)
    if type(source) is _ast.Name and source.id in names:
        # Rows of one array are of one length.
        if not isinstance(iterable.type, Array) or iterable.type.ndim != 2:
            numeric.refuse(group)
        return iterable.parts[3]
    if not _is_fixed(lw, source, node, names):
        numeric.refuse(group)

    def length() -> Val:
        if found is None:
            return Val(INT, (_gone_through(lw, source, group)[1].count,))
        value = lw.expr(source)
        if not numeric.counts(value):
            numeric.refuse(group)
        return Val(INT, (lw.b.emit("smax", to_index(lw, value), lw.int_const(0)),))

    zero = lw.int_const(0)
    return lw.if_else(lw.b.emit("slt", zero, count), length, lambda: Val(INT, (zero,))).parts[0]


def _is_fixed(lw: Lowering, source: Any, node: Any, names: frozenset[str]) -> bool:
    """Whether an expression gives the same in each iteration, in which `node` is evaluated."""
    work, known, called = [source], True, False
    while work:
        inner = work.pop()
        if _is_size(inner):
            work.extend(inner.args)
        elif isinstance(inner, _SIMPLE):
            if isinstance(inner, _ast.BinOp) and not isinstance(inner.op, _TOTAL) and (
                not getattr(inner.right, "value", 0) and lw.b.constant(lw.dirty) is not False
            ):  # fmt: skip
                return False  # what it raises would come before what the items raise, and CPython could not take over
            if type(inner) is _ast.Name:
                if inner.id in names or (inner.id in lw.env and isinstance(lw.env[inner.id].type, Object)):
                    return False
                known = known and inner.id in lw.env
            work.extend(children(inner))
        else:
            return False
    work = [node]
    while work:
        inner = work.pop()
        called = called or (type(inner) is _ast.Call and not _is_size(inner))
        if type(inner) is _ast.NamedExpr:
            return False
        work.extend(children(inner))
    return known or not called


def _is_size(node: Any) -> bool:
    """``len(...)`` and ``range(...)``."""
    return (
        type(node) is _ast.Call and type(node.func) is _ast.Name and node.func.id in ("len", "range")
        and not node.keywords
    )  # fmt: skip
