"""A builder for the C functions that stand between CPython and compiled code."""

from __future__ import annotations

from ..ir.builder import Builder
from ..ir.function import Call, Function
from ..ir.types import ACCESSES, I64, PTR, Type
from . import capi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.function import Block

_PTR = ACCESSES["ptr"]


class Writer(Builder):
    """Builds one function of convention "c"; starts in its entry block.

    Attributes:
        params: the function's parameters.
    """

    __slots__ = ("params",)

    def __init__(self, name: str, params: tuple[Type, ...], result: Type = PTR) -> None:
        super().__init__(Function(name, (result,), "c"))
        entry = self.new_block()
        self.start(entry, None)
        self.params = [self.param(entry, t) for t in params]

    def pointer(self, address: int) -> int:
        """A constant address; of an object, whoever owns the code keeps it alive."""
        return self.const(PTR, address)

    def null(self, pointer: int) -> int:
        """Whether `pointer` is null."""
        return self.emit("eq", pointer, self.pointer(0))

    def word(self, base: int, disp: int) -> int:
        """The pointer at `base + disp`."""
        return self.load(_PTR, base, disp=disp)

    def set_word(self, base: int, disp: int, value: int) -> None:
        """Store a pointer at `base + disp`."""
        self.store(_PTR, value, base, disp=disp)

    def space(self, size: int) -> int:
        """The address of `size` bytes on the stack."""
        return self.emit("alloca", imm=size)

    def api(self, name: str, result: Type | None, *args: int) -> int:
        """Call a function of CPython's C interface."""
        types = self.function.types
        results = (result,) if result is not None else ()
        call = Call(name, capi.address(name), tuple([types[a] for a in args]), results)
        values = self.call("ccall", call, args)
        return values[0] if values else -1

    def vectorcall(self, callable: int, args: int, nargsf: int, kwnames: int) -> int:
        return self.api("PyObject_Vectorcall", PTR, callable, args, nargsf, kwnames)

    def finish(self, exits: list[tuple[Block, Callable[[], None]]]) -> None:
        """Write the blocks that many others lead to, each by its function; those that nobody leads to are dropped."""
        for target, write in exits:
            idom: Block | None = None
            for block in self.function.blocks:
                if any(edge.target is target for edge in block.edges):
                    idom = block if idom is None else _common(idom, block)
            if idom is not None:
                self.start(target, idom)
                write()
        self._lay_out()

    def _lay_out(self) -> None:
        """Put the blocks into a preorder of the dominator tree."""
        blocks = self.function.blocks
        below: dict[Block | None, list[Block]] = {}
        for block in blocks:
            below.setdefault(block.idom, []).append(block)
        order: list[Block] = []
        work = [blocks[0]]
        while work:
            block = work.pop()
            block.id = len(order)
            order.append(block)
            work.extend(reversed(below.get(block, ())))
        self.function.blocks = order

    def cold_block(self) -> Block:
        block = self.new_block()
        block.cold = True
        return block

    def when(self, cond: int, idom: Block, expected: bool = False) -> Block:
        """Branch on `cond` and continue in the block where it holds; returns the other one, still to be started.

        The block for the case that is not expected is cold.
        """
        then, other = self.new_block(), self.new_block()
        (other if expected else then).cold = True
        self.branch(cond, then, other)
        self.start(then, idom)
        return other


def _common(a: Block, b: Block) -> Block:
    """The nearest block that dominates both; ids grow from each block to those it dominates."""
    while a is not b:
        if a.id > b.id:
            a, b = b, a
        assert b.idom is not None
        b = b.idom
    return a


VECTORCALL = (PTR, PTR, I64, PTR)
"""Parameters of a vectorcall entry: the callable, its arguments, their number and a flag, the keyword names."""
