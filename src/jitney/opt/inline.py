"""Partial inlining of recursion: a small function's calls to itself become copies of it, one level or a few.

    b0(v0, v1): v2 = slt v1, 2              b0(v0, v1): v2 = slt v1, 2
                br v2, b1, b2                           br v2, b1, b2
    b1: ret v1                              b1: ret v1
    b2: v3 = sub v1, 1                      b2: v3 = sub v1, 1
        v4 = call f (v0, v3, false)             v5 = slt v3, 2
        ret v4                                  br v5, b5(v3), b4
                                            b4: v6 = sub v3, 1
                                                v7 = call f (v0, v6, false)
                                                jump b5(v7)
                                            b5(v4): ret v4

A level fewer of calls for each level of copies, and what a copy begins with, the tests that end the recursion, is
folded with what the caller knows. The copies' sites say where they were called from, as those of other inlined
functions do.
"""

from __future__ import annotations

from ..ir.function import Call, Edge, Site
from ..ir.ops import OPS
from .rebuild import Rebuild, common_dominator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_MOST_WORK = 160  # instructions of all copies
_MOST_LEVELS = 3
_CALL, _ENTER, _RESULT = OPS["call"], OPS["enter"], OPS["result"]
_GUARD, _POLL = OPS["guard"], OPS["poll"]


def inline(function: Function) -> Function:
    """Replace a small function's calls to itself by copies of it."""
    ops, imms = function.ops, function.imms
    calls = size = 0
    for block in function.blocks:
        if block.loop is not None:
            return function
        size += len(block.insts) + 1
        for v in block.insts:
            if ops[v] is _CALL and imms[v].target is function.symbol:
                calls += 1
    if not calls:
        return function
    levels, copies, work = 0, calls, calls * size
    while work <= _MOST_WORK and levels < _MOST_LEVELS:
        levels += 1
        copies *= calls
        work += copies * size
    if not levels:
        return function
    return _Inlining(function, levels).run()


class _Inlining(Rebuild):
    """A copy of a function in which calls to itself are copies, so many levels deep."""

    __slots__ = ("levels",)

    def __init__(self, old: Function, levels: int) -> None:
        super().__init__(old, {})
        self.levels = levels

    def inlined(self, v: int) -> bool:
        """Whether `v` is a call that a copy stands for."""
        return bool(self.levels) and self.old.ops[v] is _CALL and self.old.imms[v].target is self.old.symbol

    def site(self, number: int) -> Site:
        """What a site of the old function becomes."""
        return self.old.sites[number]

    def dirty(self, flag: int) -> int:
        """What a dirty flag, a new value, becomes."""
        return flag

    def instructions(self, block: Block) -> None:
        old, value = self.old, self.value
        whole = rest = block.insts
        for k, v in enumerate(whole):
            if not self.inlined(v):
                continue
            block.insts = rest[: len(rest) - len(whole) + k]
            super().instructions(block)
            block.insts = whole
            results = _Copy(self, v).run_here()
            if results:
                value[v] = results[0]
            rest = whole[k + 1 :]
            while rest and old.ops[rest[0]] is _RESULT:
                value[rest[0]] = results[old.imms[rest[0]]]
                rest = rest[1:]
        block.insts = rest
        super().instructions(block)
        block.insts = whole


class _Copy(_Inlining):
    """The copy that stands for one call in `around`."""

    __slots__ = ("_around", "_call", "_dirty", "_known", "_returns")

    def __init__(self, around: _Inlining, call: int) -> None:
        old = around.old
        super().__init__(old, around.levels - 1)
        self.edits = {
            v: _checked for block in old.blocks for v in block.insts if old.ops[v].guard and not self.inlined(v)
        }
        self.new, self.builder = around.new, around.builder
        self._around = around
        self._call = around.site(old.imms[call].site)
        *given, dirty = [around.value[a] for a in old.args[call]]
        for p, a in zip(old.params, given):
            self.value[p] = a
        self._dirty = around.dirty(dirty)
        self._known: dict[int, int] = {}
        self._returns: list[tuple[Block, tuple[int, ...]]] = []

    def run_here(self) -> list[int]:
        """Copy the function to where the builder stands; gives what it returns."""
        old, builder, here = self.old, self.builder, self.builder.block
        line = builder.line
        self.begin_copy(old.blocks)
        self.blocks[old.entry] = here
        self.instructions(old.entry)
        self.terminator(old.entry)
        for block in old.blocks[1:]:
            self.block(block)
        self.settle()
        self._around.take_over(self)
        return self._go_on(here, line)

    def loop(self, loop: Loop | None) -> Loop | None:
        return super().loop(loop) if loop is not None else self.builder.block.loop

    def site(self, number: int) -> Site:
        old, call = self.old.sites[number], self._call
        inlined = (*old.inlined, (self.old.name, self.old.file, old.line), *call.inlined)
        return Site(call.line, old.kind, old.detail, old.captures, old.names, inlined)

    def number(self, number: int) -> int:
        """The number of what a site of the old function becomes."""
        if number not in self._known:
            self._known[number] = len(self.new.sites)
            self.new.sites.append(self.site(number))
        return self._known[number]

    def dirty(self, flag: int) -> int:
        return self.builder.emit("or", self._dirty, flag)

    def terminator(self, block: Block) -> None:
        if block.term == "ret":
            self._returns.append((self.builder.block, tuple([self.value[a] for a in block.term_args])))
            return
        super().terminator(block)
        if block.term == "exit":
            copy = self.builder.block
            copy.term_args = (self.dirty(copy.term_args[0]), *copy.term_args[1:])
            copy.term_imm = self.number(block.term_imm)

    def _go_on(self, here: Block, line: int) -> list[int]:
        """Open the block in which the copy's returns meet."""
        builder, new, returns = self.builder, self.new, self._returns
        builder.line = line
        if len(returns) == 1 and returns[0][0] is builder.block:
            return list(returns[0][1])
        after = builder.new_block(here.loop)
        idom: Block | None = returns[0][0] if returns else here
        for block, values in returns:
            block.term, block.edges, block.line = "jump", [Edge(after, values)], line
            idom = common_dominator(idom, block)
        while not idom.open:  # type: ignore[union-attr]
            idom = idom.idom  # type: ignore[union-attr]
        builder.start(after, idom)
        if not returns:
            # Nothing leads here: `finish` will leave it out.
            self._around.cut()
        return [new.add_param(after, t) for t in self.old.results]


def _checked(rebuild: Rebuild, v: int) -> int:
    """A check of the copy: with its own site, and dirty where the caller is."""
    assert isinstance(rebuild, _Copy)
    old, builder = rebuild.old, rebuild.builder
    op, imm = old.ops[v], old.imms[v]
    if op is _ENTER:
        return -1
    args = [rebuild.value[a] for a in old.args[v]]
    flag = len(args) - 1 if op is _CALL else 1 if op is _GUARD or op is _POLL else 2
    args[flag] = rebuild.dirty(args[flag])
    if op is _CALL:
        imm = Call(imm.name, imm.target, imm.params, imm.results, imm.pure, rebuild.number(imm.site))
    elif op is _POLL:
        imm = (rebuild.number(imm[0]), imm[1])
    else:
        imm = rebuild.number(imm)
    return builder.insert(op, tuple(args), imm, old.types[v])
