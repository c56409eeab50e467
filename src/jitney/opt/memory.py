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
from .inplace import move, substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_LOAD, _STORE, _CCALL = OPS["load"], OPS["store"], OPS["ccall"]
WHOLE = ("i64", "f64", "f32")  # accesses whose loads give what was stored; others give
EXTENSIONS = {
    access: OPS[name]
    for access, name in (
        ("i8", "sext8"), ("u8", "zext8"), ("i16", "sext16"), ("u16", "zext16"), ("i32", "sext32"), ("u32", "zext32"),
    )
}  # fmt: skip

# (place, access name) -> (access that knows, value there)
Known = dict[tuple[Place, str], tuple[int, int]]


def forward(function: Function) -> Function:
    """Without loads whose value is known, and with those moved out of loops that can be."""
    sweep = _Sweep(function)
    sweep.run()
    for header, moved in sweep.hoisted.items():
        move(function, moved, header.loop.preheader)  # type: ignore[union-attr]
    if sweep.same:
        substitute(function, sweep.same)
    return function


class _Sweep:
    __slots__ = ("function", "hoisted", "known", "moved", "same")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.same: dict[int, int] = {}  # loads, and the values they give
        self.hoisted: dict[Block, list[int]] = {}  # by loop header
        self.moved: set[int] = set()  # the hoisted ones
        self.known: dict[Block, Known] = {}  # at the end of blocks

    def run(self) -> None:
        function = self.function
        blocks = function.blocks
        if not any(function.ops[v] is _LOAD for block in blocks for v in block.insts):
            return
        preds, bodies = function.predecessors(), function.bodies()
        number = {block: k for k, block in enumerate(blocks)}
        for k, block in enumerate(blocks):
            idom, loop = block.idom, block.loop
            known: Known = dict(self.known[idom]) if idom is not None else {}
            if loop is not None and loop.header is block:
                self._loop(loop, bodies[loop], known)
            elif idom is not None and preds[block] != [idom]:
                _forget(known, Writes(function, blocks[number[idom] + 1 : k]))
            self._block(block, known)
            self.known[block] = known

    def _block(self, block: Block, known: Known) -> None:
        function = self.function
        ops, imms, moved = function.ops, function.imms, self.moved
        for v in block.insts:
            op = ops[v]
            if op is _LOAD:
                if v in self.same or v in moved:
                    continue
                key = (place(function, v), imms[v].access.name)
                found = known.get(key)
                if found is None:
                    known[key] = (v, v)
                elif ops[found[0]] is _STORE and key[1] in EXTENSIONS:
                    ops[v], function.args[v], imms[v] = EXTENSIONS[key[1]], (found[1],), None
                else:
                    self.same[v] = found[1]
            elif op is _STORE:
                at = place(function, v)
                for key, (w, _) in list(known.items()):
                    if not imms[w].invariant and overlap(function, v, at, w, key[0]):
                        del known[key]
                stored = function.args[v][0]
                known[at, imms[v].access.name] = (v, self.same.get(stored, stored))
            elif op.writes and not (op is _CCALL and imms[v].pure):
                for key, (w, _) in list(known.items()):
                    if not imms[w].invariant:
                        del known[key]

    def _loop(self, loop: Loop, body: list[Block], known: Known) -> None:
        """Loads that the loop executes first of all, of what it does not write."""
        function = self.function
        homes = function.homes
        writes = Writes(function, body)
        _forget(known, writes)
        loads = [v for v in self._first_loads(loop, body) if not function.imms[v].invariant]
        for v in loads:
            at = place(function, v)
            key = (at, function.imms[v].access.name)
            if key in known:
                continue
            if all(homes[a] not in body for a in function.args[v]):
                if not writes.touch(v, at):
                    self.hoisted.setdefault(loop.header, []).append(v)
                    self.moved.add(v)
                    known[key] = (v, v)

    def _first_loads(self, loop: Loop, body: list[Block]) -> list[int]:
        """Loads that each entry of the loop executes, before any check."""
        function = self.function
        found: list[int] = []
        block = loop.header
        while True:
            for v in block.insts:
                op = function.ops[v]
                if op.guard:
                    return found
                if op is _LOAD:
                    found.append(v)
            if block.term != "jump" or block.edges[0].target not in body or block.edges[0].target is loop.header:
                return found
            block = block.edges[0].target


def _forget(known: Known, writes: Writes) -> None:
    for key, (v, _) in list(known.items()):
        if writes.touch(v, key[0]):
            del known[key]
