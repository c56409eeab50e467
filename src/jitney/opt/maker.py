"""Writing IR just as it is given, without folding: for code that the passes will see anyway."""

from __future__ import annotations

from ..ir.context import REGION
from ..ir.function import Block, Call, Edge, Memory
from ..ir.ops import OPS
from ..ir.types import I1, I64, PTR, VOID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..ir.function import Function, Loop, Symbol
    from ..ir.types import Access, Type


class Maker:
    """Appends instructions to blocks of one function, as they are given."""

    def __init__(self, function: Function, line: int) -> None:
        self.function = function
        self.line = line
        self.block: Block

    def start(self, loop: Loop | None = None) -> Block:
        block = Block(len(self.function.blocks), loop)
        self.function.blocks.append(block)
        self.block = block
        return block

    def emit(self, name: str, *args: int, imm: Any = None, type: Type | None = None) -> int:
        types = self.function.types
        if type is None:
            result = OPS[name].result
            type = I1 if result == "i1" else I64 if result == "i64" else PTR if result == "ptr" else types[args[-1]]
        v = self.function.new_value(OPS[name], type, args, imm, self.line, self.block)
        self.block.insts.append(v)
        return v

    def const(self, value: Any, type: Type = I64) -> int:
        return self.emit("const", imm=value, type=type)

    def load(self, access: Access, base: int, disp: int, index: tuple[int, ...] = ()) -> int:
        memory = Memory(access, 8 if index else 1, disp, REGION)
        return self.emit("load", base, *index, imm=memory, type=access.type)

    def store(self, access: Access, value: int, base: int, disp: int, index: tuple[int, ...] = ()) -> None:
        self.emit("store", value, base, *index, imm=Memory(access, 8 if index else 1, disp, REGION), type=VOID)

    def call(
        self, target: Symbol, args: tuple[int, ...], results: tuple[Type, ...], site: int, dirty: int
    ) -> list[int]:
        types = self.function.types
        call = Call(target.name, target, tuple([types[a] for a in args[1:]]), results, False, site)
        first = self.emit("call", *args, dirty, imm=call, type=results[0] if results else VOID)
        return [first, *[self.emit("result", first, imm=k, type=t) for k, t in enumerate(results) if k]][: len(results)]

    def jump(self, target: Block, *args: int) -> None:
        self.end("jump", (), [Edge(target, args)])

    def branch(self, cond: int, then: Edge, other: Edge) -> None:
        self.end("br", (cond,), [then, other])

    def end(self, term: str, args: tuple[int, ...] = (), edges: list[Edge] | None = None) -> None:
        self.block.term, self.block.term_args, self.block.edges = term, args, edges or []
        self.block.line = self.line
