"""Which argument is which parameter: keywords and defaults, in machine code and, for the first call, in Python.

Both give up wherever anything is unusual. Then the plain function is called, which either knows better (a keyword that
is equal to a parameter's name without being the same string) or raises CPython's own TypeError.
"""

from __future__ import annotations

from ctypes import addressof, c_uint64

from ..ir.function import Loop
from ..ir.types import ACCESSES, I64, PTR
from .layouts import LAYOUT
from .writer import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType
    from typing import Any

    from ..ir.function import Function

_COUNT, _POSITIONAL, _KEYWORD, _FUNCTION, _NAMES = 0, 8, 16, 24, 32


class Binding:
    """A function's parameters, as `bind` reads them.

    Attributes:
        names: of all parameters but ``*args`` and ``**kwargs``, in order.
        address: of the words: number of parameters, of those that may be given by position, of the first that may
            be given by keyword; the function; the names.
    """

    __slots__ = ("_words", "address", "function", "names", "positional", "positional_only")

    def __init__(self, function: FunctionType) -> None:
        code = function.__code__
        self.function = function
        self.positional = code.co_argcount
        self.positional_only = code.co_posonlyargcount
        self.names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        rows = [len(self.names), self.positional, self.positional_only, id(function), *map(id, self.names)]
        self._words = (c_uint64 * len(rows))(*rows)
        self.address = addressof(self._words)

    def arrange(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
        """The arguments of a call in the order of the parameters, defaults filled in; None if the call is wrong."""
        if len(args) > self.positional:
            return None
        values = dict(zip(self.names, args))
        for name, value in kwargs.items():
            if name in values or name not in self.names[self.positional_only :]:
                return None
            values[name] = value
        defaults = self.function.__defaults__ or ()
        optional = self.names[self.positional - len(defaults) : self.positional]
        for name, value in (*zip(optional, defaults), *(self.function.__kwdefaults__ or {}).items()):
            values.setdefault(name, value)
        if any(name not in values for name in self.names):
            return None
        return tuple([values[name] for name in self.names])


def bind() -> Function:
    """``i64 bind(args, nargsf, kwnames, table, out)``: 1 after writing borrowed references to all arguments to `out`,
    in the order of the parameters; 0 if the call is unusual. Keyword names are compared by identity."""
    b = Writer("bind", (PTR, I64, PTR, PTR, PTR), I64)
    args, nargsf, kwnames, table, out = b.params
    word, number = ACCESSES["ptr"], ACCESSES["i64"]
    zero, one, null = b.const(I64, 0), b.const(I64, 1), b.pointer(0)
    given = b.emit("lshr", b.emit("shl", nargsf, one), one)
    count, positional, keyword = (b.load(number, table, disp=d) for d in (_COUNT, _POSITIONAL, _KEYWORD))
    function = b.word(table, _FUNCTION)
    wrong = b.cold_block()

    def require(cond: int) -> None:
        block, after = b.block, b.new_block(b.block.loop)
        b.branch(cond, after, wrong)
        b.start(after, block)

    def copy(i: int, _: int) -> int:
        b.store(word, b.load(word, args, i, 8), out, i, 8)
        return zero

    def clear(i: int, _: int) -> int:
        b.store(word, null, out, i, 8)
        return zero

    require(b.emit("ule", given, positional))
    _count(b, zero, given, zero, copy)
    _count(b, given, count, zero, clear)

    def place(k: int, _: int) -> int:
        name = b.load(word, kwnames, k, 8, LAYOUT.tuple_items)

        def matching(j: int, at: int) -> int:
            return b.emit("select", b.emit("eq", b.load(word, table, j, 8, _NAMES), name), j, at)

        at = _count(b, keyword, count, b.const(I64, -1), matching)
        require(b.emit("sge", at, zero))
        require(b.null(b.load(word, out, at, 8)))
        b.store(word, b.load(word, args, b.emit("add", given, k), 8), out, at, 8)
        return zero

    before, keywords, fill = b.block, b.new_block(), b.new_block()
    b.branch(b.null(kwnames), fill, keywords)
    b.start(keywords, before)
    _count(b, zero, b.load(number, kwnames, disp=LAYOUT.tuple_size), zero, place)
    b.jump(fill)

    b.start(fill, before)
    defaults = b.api("PyFunction_GetDefaults", PTR, function)
    optional = _size_or_zero(b, defaults)
    by_name = b.api("PyFunction_GetKwDefaults", PTR, function)

    def default(i: int, _: int) -> int:
        block, loop = b.block, b.block.loop
        missing, done = b.new_block(loop), b.new_block(loop)
        b.branch(b.null(b.load(word, out, i, 8)), missing, done)
        b.start(missing, block)
        by_position, by_keyword, found = (b.new_block(loop) for _ in range(3))
        value = b.param(found, PTR)
        b.branch(b.emit("slt", i, positional), by_position, by_keyword)
        b.start(by_position, missing)
        at = b.emit("sub", i, b.emit("sub", positional, optional))
        require(b.emit("sge", at, zero))
        b.jump(found, (b.load(word, defaults, at, 8, LAYOUT.tuple_items),))
        b.start(by_keyword, missing)
        require(b.emit("ne", by_name, null))
        own = b.api("PyDict_GetItem", PTR, by_name, b.load(word, table, i, 8, _NAMES))
        require(b.emit("ne", own, null))
        b.jump(found, (own,))
        b.start(found, missing)
        b.store(word, value, out, i, 8)
        b.jump(done)
        b.start(done, block)
        return zero

    _count(b, given, count, zero, default)
    b.ret((one,))
    b.finish([(wrong, lambda: b.ret((zero,)))])
    return b.function


def _count(b: Writer, start: int, stop: int, carried: int, body: Callable[[int, int], int]) -> int:
    """A loop over ``range(start, stop)``: `body` gets the counter and the carried value, and returns its next one.

    Returns: the carried value after the loop.
    """
    before = b.block
    loop = Loop(before.loop)
    header = b.new_block(loop)
    i, value = b.param(header, I64), b.param(header, I64)
    loop.preheader, loop.header = before, header
    b.jump(header, (start, carried))
    b.start(header, before)
    inside, after = b.new_block(loop), b.new_block(before.loop)
    b.branch(b.emit("slt", i, stop), inside, after)
    b.start(inside, header)
    carried = body(i, value)
    b.jump(header, (b.emit("add", i, b.const(I64, 1)), carried))
    b.start(after, header)
    return value


def _size_or_zero(b: Writer, items: int) -> int:
    """The length of a tuple, 0 for a null pointer."""
    before, there, join = b.block, b.new_block(), b.new_block()
    size = b.param(join, I64)
    b.branch(b.null(items), join, there, (b.const(I64, 0),), ())
    b.start(there, before)
    b.jump(join, (b.load(ACCESSES["i64"], items, disp=LAYOUT.tuple_size),))
    b.start(join, before)
    return size
