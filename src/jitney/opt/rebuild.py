"""Copying a function through `Builder.emit`, with edits: how every pass changes anything.

The copy folds, numbers and places each instruction again, so an edit's consequences (a condition that became
constant, an equal value, an invariant that can leave its loop) are drawn in the same sweep. What the copy also does:

- a branch on a constant becomes a jump, and blocks that nothing reaches any more are left out;
- a block with one predecessor that jumps to it is appended to that predecessor;
- a parameter that gets the same value from every predecessor vanishes (of a loop's header: see `params`);
- a loop that lost its back edges is a loop no longer.

    b1:                                 b1:
        v3 = addo v1, v2, v0                v3 = add v1, v2      edits = {v3: unchecked}
        jump b2(v3)
    b2(v4: i64):
        ret v4                              ret v3
"""

from __future__ import annotations

from ..ir.builder import Builder
from ..ir.dominators import immediate_dominators
from ..ir.function import Block, Edge, Function, Loop
from ..ir.ops import OPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any


    # Emits what stands for an old instruction; gives the new value (-1 where there is none).
    Edit = Callable[["Rebuild", int], int]

_CONST = OPS["const"]
_LOAD = OPS["load"]


class Rebuild:
    """One copy of `old`; `run` gives the new function.

    Attributes:
        edits: what to emit for some instructions; all others are copied.
        verbatim: instructions are copied as they are, without edits: the last copy has folded them.
        same: parameters that are known to equal another value of the old function; they vanish.
        extra: old values that an old block gets as further parameters, because they come from several copies.
        value: new values by old ones (-1: not copied).
        blocks, loops: new blocks and loops by old ones.
    """

    __slots__ = (
        "_cut", "_pending", "_preheads", "_sources", "_waiting", "blocks", "builder", "edits", "extra", "loops", "new",
        "old", "same", "value", "verbatim",
    )  # fmt: skip

    def __init__(self, old: Function, edits: Mapping[int, Edit], same: Mapping[int, int] | None = None) -> None:
        new = Function(old.name, old.results, old.convention)
        new.id, new.file, new.symbol, new.fastmath = old.id, old.file, old.symbol, old.fastmath
        new.target = old.target
        new.sites = list(old.sites)
        self.old = old
        self.new = new
        self.builder = Builder(new)
        self.edits = edits
        self.verbatim = False
        self.same = same or {}
        self.extra: dict[Block, list[int]] = {}
        self.value: list[int] = [-1] * len(old.ops)
        self.blocks: dict[Block, Block] = {}
        self.loops: dict[Loop, Loop] = {}
        # Of new blocks: the (block, edge) pairs that lead there so far, and how many more the old function has.
        self._sources: dict[Block, list[tuple[Block, Edge]]] = {}
        self._waiting: dict[Block, int] = {}
        self._cut = False  # whether an edge of the old function has none in the new one
        self._pending: Edge | None = None  # the jump that ends the current block, while it may still vanish
        self._preheads: dict[Block, Loop] = {}  # old preheaders

    def run(self) -> Function:
        old, new = self.old, self.new
        entry = self.begin_copy(old.blocks)
        self.builder.start(entry, None)
        for p in old.params:
            self.value[p] = self._param(p, entry)
        self.instructions(old.blocks[0])
        self.terminator(old.blocks[0])
        for block in old.blocks[1:]:
            self.block(block)
        self.finish()
        return new

    # -- blocks --------------------------------------------------------------------------------------------------------

    def begin_copy(self, blocks: list[Block]) -> Block:
        """Expect copies of `blocks` (in place of earlier ones); gives the copy of the first."""
        counts = dict.fromkeys(blocks, 0)
        for block in blocks:
            for edge in block.edges:
                if edge.target in counts:
                    counts[edge.target] += 1
        for block in blocks:
            copy = self.builder.new_block(self.loop(block.loop))
            copy.cold = block.cold
            self.blocks[block] = copy
            self._waiting[copy] = counts[block]
            self._sources[copy] = []
        for block in blocks:
            loop = block.loop
            if loop in self.loops and loop.header is block:
                self.loops[loop].header = self.blocks[block]
                self.loops[loop].preheader = self.blocks[loop.preheader]
                self._preheads[loop.preheader] = loop
        return self.blocks[blocks[0]]

    def loop(self, loop: Loop | None) -> Loop | None:
        """The copy of `loop`."""
        if loop is None:
            return None
        copy = self.loops.get(loop)
        if copy is None:
            copy = self.loops[loop] = Loop(self.loop(loop.parent))
            copy.step = loop.step
            copy.parallel = loop.parallel
            copy.lanes = loop.lanes
            copy.apart = loop.apart
            copy.tail = loop.tail
            copy.checked = loop.checked
        return copy

    def block(self, block: Block) -> None:
        """Copy one block other than the entry, unless nothing leads to it."""
        copy = self.blocks[block]
        pending = self._pending
        if pending is not None and pending.target is block:
            self.go_on(pending)
        elif not self._sources[copy]:
            self.leave_out(block)
            return
        else:
            self.settle()
            self.start(copy, block)
        self.instructions(block)
        self.terminator(block)

    def start(self, copy: Block, block: Block) -> None:
        """Open `copy`, with the parameters of `block` that it needs."""
        sources = self._sources[copy]
        idom: Block | None = sources[0][0]
        for source, _ in sources:
            idom = common_dominator(idom, source)
        while not idom.open:  # type: ignore[union-attr]
            idom = idom.idom  # type: ignore[union-attr]
        self.builder.start(copy, idom)
        params = block.params
        if block in self.extra:
            params = params + self.extra[block]
        if not params:
            return
        loop = block.loop
        value = self.value
        if loop is not None and loop.header is block:
            kept = []
            for k, p in enumerate(params):
                twin = self.same.get(p)
                if twin is None:
                    value[p] = self._param(p, copy)
                    kept.append(k)
                else:
                    value[p] = value[twin]
            if loop.counter >= 0 and loop.counter not in self.same and loop.step:
                copied = self.loops[loop]
                copied.counter, copied.stop = value[loop.counter], value[loop.stop]
                if loop.parallel is not None:
                    copied.parallel = {value[p]: name for p, name in loop.parallel.items() if p in params}
        else:
            kept = []
            simple = not self._waiting[copy]
            for k, p in enumerate(params):
                first = sources[0][1].args[k]
                if simple:
                    for _, edge in sources:
                        if edge.args[k] != first:
                            break
                    else:
                        value[p] = first
                        continue
                value[p] = self._param(p, copy)
                kept.append(k)
        if len(kept) < len(params):
            for _, edge in sources:
                edge.args = tuple([edge.args[k] for k in kept])

    def _param(self, p: int, copy: Block) -> int:
        """The copy of a parameter, with what is known of it. (Of a value that takes its place that need not hold.)"""
        made = self.new.add_param(copy, self.old.types[p])
        fact = self.old.facts.get(p)
        if fact is not None:
            self.new.facts[made] = fact
        return made

    def leave_out(self, block: Block) -> None:
        """`block` is not copied: nobody waits for its edges."""
        self._cut = True
        for edge in block.edges:
            copy = self.blocks[edge.target]
            self._waiting[copy] -= 1

    def instructions(self, block: Block) -> None:
        """Copy the instructions of `block` to where the builder stands."""
        old, builder, value, edits = self.old, self.builder, self.value, self.edits
        ops, args, imms, types, lines = old.ops, old.args, old.imms, old.types, old.lines
        if self.verbatim:
            new_value, here = self.new.new_value, builder.block
            append = here.insts.append
            for v in block.insts:
                if ops[v] is _CONST:
                    value[v] = builder.const(types[v], imms[v])
                else:
                    given = tuple([value[a] for a in args[v]])
                    value[v] = new_value(ops[v], types[v], given, imms[v], lines[v], here)
                    append(value[v])
            return
        insert = builder.insert
        for v in block.insts:
            builder.line = lines[v]
            if v in edits:
                value[v] = edits[v](self, v)
                continue
            op = ops[v]
            if op is _CONST:
                value[v] = builder.const(types[v], imms[v])
            elif op is _LOAD and imms[v].invariant:
                value[v] = self.invariant_load(v)
            else:
                value[v] = insert(op, tuple([value[a] for a in args[v]]), imms[v], types[v])

    def invariant_load(self, v: int) -> int:
        memory = self.old.imms[v]
        base, *index = [self.value[a] for a in self.old.args[v]]
        return self.builder.load(memory.access, base, index[0] if index else None, memory.scale, memory.disp,
                                 memory.region, invariant=True)  # fmt: skip

    def terminator(self, block: Block) -> None:
        """Copy the terminator of `block`."""
        builder, value = self.builder, self.value
        builder.line = block.line
        term = block.term
        if term == "jump":
            self.jump(block.edges[0])
        elif term == "br":
            cond = value[block.term_args[0]]
            then, other = block.edges
            known = builder.constant(cond)
            if known is not None:
                taken, cut = (then, other) if known else (other, then)
                self._cut = True
                self._waiting[self.blocks[cut.target]] -= 1
                self.jump(taken)
            else:
                self.end("br", (cond,), [self.edge(then), self.edge(other)])
        else:
            self.end(term, tuple([value[a] for a in block.term_args]), [])
            builder.block.term_imm = block.term_imm

    def end(self, term: str, args: tuple[int, ...], edges: list[Edge]) -> None:
        """End the new block."""
        block = self.builder.block
        block.term, block.term_args, block.edges, block.line = term, args, edges, self.builder.line

    def jump(self, edge: Edge) -> None:
        """Go along `edge`, which nothing else ends in if it stays pending: then its target may come right here."""
        copy = self.blocks[edge.target]
        if self._waiting[copy] == 1 and not self._sources[copy] and self.builder.block.loop is copy.loop:
            self._pending = edge
        else:
            self.end("jump", (), [self.edge(edge)])

    def settle(self) -> None:
        """A pending jump becomes one."""
        if self._pending is not None:
            self.end("jump", (), [self.edge(self._pending)])
            self._pending = None

    def go_on(self, edge: Edge) -> None:
        """The target of the pending `edge` continues the new block."""
        self._pending = None
        target, here = edge.target, self.builder.block
        copy = self.blocks[target]
        # All at once: on a back edge (see `unroll`) an argument may be a parameter of the same block.
        for p, new in zip(target.params, [self.value[a] for a in edge.args]):
            self.value[p] = new
        self.blocks[target] = here
        here.cold = here.cold and copy.cold
        if target in self._preheads:
            self.loops[self._preheads[target]].preheader = here

    def edge(self, edge: Edge) -> Edge:
        """The copy of `edge`, known to its target."""
        target = edge.target
        copy = self.blocks[target]
        value = self.value
        same = self.same
        if copy.id >= 0 and same:
            # A back edge: what the header does without is known.
            result = Edge(copy, tuple([value[a] for a, p in zip(edge.args, target.params) if p not in same]))
        else:
            result = Edge(copy, tuple([value[a] for a in edge.args]))
            if target in self.extra:
                result.args += tuple([value[a] for a in self.extra[target]])
        self._sources[copy].append((self.builder.block, result))
        self._waiting[copy] -= 1
        return result

    def enter_loop(self, loop: Loop) -> None:
        """End the current block, its new preheader, by entering the copy of an old loop: with what the block gets as
        parameters, which are made here."""
        header, rest = loop.header, self.builder.block
        into = Edge(self.blocks[header], tuple([self.new.add_param(rest, self.old.types[p]) for p in header.params]))
        self.loops[loop].preheader = rest
        self._sources[into.target].append((rest, into))
        self._waiting[into.target] -= 1
        self.end("jump", (), [into])

    def pass_values(self, bodies: Iterable[Iterable[Block]]) -> None:
        """There will be two copies of the blocks of each of these bodies: pass their values on as parameters where they
        are used outside of it."""
        old = self.old
        copied: dict[Block, set[Block]] = {}
        for body in bodies:
            inside = set(body)
            copied.update(dict.fromkeys(inside, inside))
        homes, args = old.homes, old.args
        preds = old.predecessors()
        for block in old.blocks:
            used = [*block.term_args]
            for v in block.insts:
                used += args[v]
            for edge in block.edges:
                used += edge.args
            for a in used:
                home = homes[a]
                if home in copied:
                    inside = copied[home]
                    if block not in inside:
                        self._pass_to(block, a, inside, preds)

    def _pass_to(self, block: Block, a: int, inside: set[Block], preds: dict[Block, list[Block]]) -> None:
        while block.idom not in inside:
            block = block.idom  # type: ignore[assignment]
        passed = self.extra.setdefault(block, [])
        if a not in passed:
            passed.append(a)
            for pred in preds[block]:
                if pred not in inside:
                    self._pass_to(pred, a, inside, preds)

    # -- the end -------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Once all blocks are copied."""
        new = self.new
        if self._cut:
            for loop in self.loops.values():
                loop.parent = self._lasting(loop.parent)
            for block in new.blocks:
                block.loop = self._lasting(block.loop)
            for loop in new.loops():
                loop.depth = loop.parent.depth + 1 if loop.parent is not None else 1
            lay_out(new)

    def take_over(self, inner: Rebuild) -> None:
        """`inner` has copied a function into a block of this one's: finish it together with this one."""
        self._cut = self._cut or inner._cut
        self._sources.update(inner._sources)
        self.loops.update((loop, loop) for loop in inner.loops.values())

    def cut(self) -> None:
        """The current block has no predecessor."""
        self._cut = True

    def _lasting(self, loop: Loop | None) -> Loop | None:
        """`loop`, or the first around it that has a back edge."""
        while loop is not None and len(self._sources[loop.header]) < 2:
            loop = loop.parent
        return loop


def common_dominator(a: Block | None, b: Block | None) -> Block | None:
    """The nearest block that dominates both; ids must be in layout order."""
    while a is not b:
        if a.id > b.id:  # type: ignore[union-attr]
            a = a.idom  # type: ignore[union-attr]
        else:
            b = b.idom  # type: ignore[union-attr]
    return a


def laid_out(function: Function) -> None:
    """`lay_out`, unless each `idom` is the immediate dominator already and the layout a preorder."""
    idoms: dict[Block, Block | None] = {}
    blocks = function.blocks
    for k, block in enumerate(blocks):
        block.id = k
    opened = blocks[:1]
    for block in blocks:
        if block is not blocks[0]:
            while opened and opened[-1] is not block.idom:
                opened.pop()
            if not opened or block.idom is not idoms.get(block):
                lay_out(function)
                return
            opened.append(block)
        for edge in block.edges:
            target = edge.target
            if target.id > block.id:
                idoms[target] = common_dominator(idoms[target], block) if target in idoms else block


def lay_out(function: Function) -> None:
    """Drop unreachable blocks, set `idom` and `id`, and put the blocks in a preorder of the dominator tree, siblings
    in their present order."""
    idoms = immediate_dominators(function.entry)
    children: dict[Block, list[Block]] = {block: [] for block in idoms}
    for block in reversed(function.blocks):
        if block in idoms:
            idom = block.idom = idoms[block]
            if idom is not None:
                children[idom].append(block)
    order: list[Block] = []
    stack = [function.entry]
    while stack:
        block = stack.pop()
        block.id = len(order)
        order.append(block)
        stack += children[block]
    function.blocks = order


def divided(function: Function, block: Block, at: int) -> Block:
    """The block that goes on with what `block` does from its instruction number `at` on, and ends as it did. `block`
    is left without an end; the new one is not among the function's yet."""
    rest = Block(-1, block.loop)
    rest.cold, rest.line = block.cold, block.line
    rest.insts = block.insts[at:]
    del block.insts[at:]
    rest.term, rest.term_args, rest.term_imm, rest.edges = block.term, block.term_args, block.term_imm, block.edges
    block.edges = []
    for v in rest.insts:
        function.homes[v] = rest
    for loop in function.loops():
        if loop.preheader is block:
            loop.preheader = rest
    return rest


class InFront(Rebuild):
    """The copy in which the loops behind some preheaders have other loops in front, which do a part of the iterations:

        b1:                    b1:
            jump b2(v1)            br v5, b4, b3(v1)    ; whether they may
                               b4: ...                  ; what `enter` makes; it leaves with the values for
                               b3(v1'):                 ; the iterations that are left: the loop's new preheader
        b2(v2): ...                jump b2(v1')

    Attributes:
        plans: what is known of such a loop, by its preheader.
    """

    __slots__ = ("plans",)

    def __init__(self, old: Function, plans: Mapping[Block, Any], bodies: Iterable[Iterable[Block]]) -> None:
        super().__init__(old, {})
        self.plans = plans
        self.verbatim = True
        self.pass_values(bodies)

    def terminator(self, block: Block) -> None:
        plan = self.plans.get(block)
        if plan is None:
            super().terminator(block)
        else:
            self.builder.line = block.edges[0].target.line
            self.enter(plan, block.edges[0])

    def enter(self, plan: Any, edge: Edge) -> None:
        """Emit the loops in front of the one that `edge` leads to, and end with its new preheader."""
        raise NotImplementedError

    def unless(self, cond: int, target: Block, values: Iterable[int]) -> None:
        """Go on if `cond` holds, else with `target` and these values of its parameters."""
        if self.builder.constant(cond):
            return
        here = self.builder.block
        on = self.builder.new_block(here.loop)
        self.end("br", (cond,), [Edge(on), Edge(target, tuple(values))])
        self.builder.start(on, here)
