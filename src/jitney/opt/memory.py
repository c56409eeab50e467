"""Loads of what is known, and of what stays the same in a loop.

    store f64 v5, [v1 + v3*8] region 1          store f64 v5, [v1 + v3*8] region 1
    v6 = load f64 [v1 + v3*8] region 1
    v7 = fadd v6, v4                            v7 = fadd v5, v4

    pre: jump main(v3)                          pre: v6 = load f64 [v1] region 1
                                                     jump main(v3)
    main(v8): v6 = load f64 [v1] region 1       main(v8):
              ...                                    ...

What is known of memory holds along the dominator tree, until something that may write there stands between. A load
leaves a loop that does not write there if it is executed whenever the loop is entered, and before any check: then its
address is good.
"""

from __future__ import annotations

from ..analysis.memory import Place, Writes, overlap, place
from ..ir.ops import OPS
from .rebuild import Rebuild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop
    from .rebuild import Edit

_LOAD, _STORE, _CCALL = OPS["load"], OPS["store"], OPS["ccall"]
_EXTENSIONS = {"i8": "sext8", "u8": "zext8", "i16": "sext16", "u16": "zext16", "i32": "sext32", "u32": "zext32"}

# (place, access name) -> (access that knows, value there)
Known = dict[tuple[Place, str], tuple[int, int]]


def forward(function: Function) -> Function:
    """Without loads whose value is known, and with those moved out of loops that can be."""
    sweep = _Sweep(function)
    sweep.run()
    if not sweep.edits:
        return function
    return _Hoisting(function, sweep.edits, sweep.hoisted).run()


class _Sweep:
    __slots__ = ("edits", "function", "hoisted", "known")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.edits: dict[int, Edit] = {}
        self.hoisted: dict[Block, list[int]] = {}  # by loop header
        self.known: dict[Block, Known] = {}  # at the end of blocks

    def run(self) -> None:
        function = self.function
        blocks = function.blocks
        if not any(function.ops[v] is _LOAD for block in blocks for v in block.insts):
            return
        preds = function.predecessors()
        number = {block: k for k, block in enumerate(blocks)}
        for k, block in enumerate(blocks):
            idom, loop = block.idom, block.loop
            known: Known = dict(self.known[idom]) if idom is not None else {}
            if loop is not None and loop.header is block:
                body = [b for b in blocks[k:] if b.loop is not None and b.loop.inside(loop)]
                writes = Writes(function, body)
                _forget(known, writes)
                self._leave_loop(loop, body, writes, known)
            elif idom is not None and preds[block] != [idom]:
                _forget(known, Writes(function, blocks[number[idom] + 1 : k]))
            self._block(block, known)
            self.known[block] = known

    def _block(self, block: Block, known: Known) -> None:
        function = self.function
        ops, imms = function.ops, function.imms
        for v in block.insts:
            op = ops[v]
            if op is _LOAD:
                if v in self.edits:
                    continue
                key = (place(function, v), imms[v].access.name)
                found = known.get(key)
                if found is None:
                    known[key] = (v, v)
                else:
                    self.edits[v] = _same_as(found[1], _EXTENSIONS.get(key[1]) if ops[found[0]] is _STORE else None)
            elif op is _STORE:
                at = place(function, v)
                for key, (w, _) in list(known.items()):
                    if not imms[w].invariant and overlap(function, v, at, w, key[0]):
                        del known[key]
                known[at, imms[v].access.name] = (v, function.args[v][0])
            elif op.writes and not (op is _CCALL and imms[v].pure):
                for key, (w, _) in list(known.items()):
                    if not imms[w].invariant:
                        del known[key]

    def _leave_loop(self, loop: Loop, body: list[Block], writes: Writes, known: Known) -> None:
        """Loads that the loop executes first of all, of what it does not write."""
        function = self.function
        ops, homes = function.ops, function.homes
        block = loop.header
        while True:
            for v in block.insts:
                op = ops[v]
                if op.guard:
                    return
                if op is not _LOAD or any(homes[a].loop is not None and homes[a].loop.inside(loop)  # type: ignore[union-attr]
                                          for a in function.args[v]):  # fmt: skip
                    continue
                at = place(function, v)
                key = (at, function.imms[v].access.name)
                if key not in known and not writes.touch(v, at):
                    self.hoisted.setdefault(loop.header, []).append(v)
                    self.edits[v] = _stays
                    known[key] = (v, v)
            if block.term != "jump" or block.edges[0].target not in body:
                return
            block = block.edges[0].target
            if block is loop.header:
                return


def _forget(known: Known, writes: Writes) -> None:
    for key, (v, _) in list(known.items()):
        if writes.touch(v, key[0]):
            del known[key]


def _same_as(w: int, extension: str | None) -> Edit:
    if extension is None:
        return lambda rebuild, v: rebuild.value[w]
    return lambda rebuild, v: rebuild.builder.emit(extension, rebuild.value[w])


def _stays(rebuild: Rebuild, v: int) -> int:
    return rebuild.value[v]


class _Hoisting(Rebuild):
    """The copy that puts `hoisted` loads, by the header of their loop, into its preheader."""

    __slots__ = ("hoisted",)

    def __init__(self, old: Function, edits: dict[int, Edit], hoisted: dict[Block, list[int]]) -> None:
        super().__init__(old, edits)
        self.hoisted = hoisted

    def start(self, copy: Block, block: Block) -> None:
        if block in self.hoisted:
            old, builder, value = self.old, self.builder, self.value
            builder.block = copy.loop.preheader  # type: ignore[union-attr]
            for v in self.hoisted[block]:
                builder.line = old.lines[v]
                value[v] = builder.insert(_LOAD, tuple([value[a] for a in old.args[v]]), old.imms[v], old.types[v])
        super().start(copy, block)
