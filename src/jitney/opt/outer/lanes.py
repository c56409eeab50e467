"""The copy of a nest in which each lane does one iteration of the outer loop: see the package's docstring.

Old values become scalars (what is uniform; and of numbers and addresses that go on evenly from lane to lane the first
lane's) or *parts*, vectors, as many as are computed side by side to hide how long an addition takes.
"""

from __future__ import annotations

from ...analysis.polynomials import part
from ...ir.function import Edge, Loop, Memory
from ...ir.ops import OPS
from ...ir.types import ACCESSES, I1, I32, I64, PTR, VOID, vector
from .fit import narrowing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.builder import Builder
    from ...ir.function import Block
    from ...ir.types import Access, Type
    from ..rebuild import Rebuild
    from .conditions import Conditions
    from .plan import Plan

_LOAD, _STORE, _POLL, _GUARD = (OPS[name] for name in ("load", "store", "poll", "guard"))
_FPOWER, _INDEX = OPS["fpower"], OPS["index"]
_FAR = 1 << 30  # bytes: displacements


class Lanes:
    """One copy.

    Attributes:
        lanes: how many iterations of the outer loop a round does.
        scalar, parts: new values by old ones.
    """

    __slots__ = (
        "_before", "_blocks", "_builder", "_conditions", "_ends", "_header", "_lane_values", "_last", "_loops",
        "_parts", "_per", "_plan", "_waiting", "_rebuild", "_rest", "lanes", "parts", "scalar",
    )  # fmt: skip

    def __init__(self, rebuild: Rebuild, plan: Plan, conditions: Conditions, parts: int, rest: Block) -> None:
        """`rest`: the block that goes on with the scalar nest, with the header's parameters."""
        self._rebuild = rebuild
        self._plan = plan
        self._builder: Builder = rebuild.builder
        self._conditions = conditions
        self._parts = parts
        self._per = 8 * plan.function.target.vector_bytes // plan.width
        self.lanes = parts * self._per
        self._rest = rest
        self._lane_values = set(plan.in_lanes())
        self._header: list[int] = []  # the new counter, and then the new header's parameters
        self._blocks: dict[Block, Block] = {}
        self._ends: dict[Block, Block] = {}  # what a block's copy ends in: checks on data cut it
        self._loops: dict[Loop, Loop] = {}
        self._before: dict[Loop, list[list[int]]] = {}  # the same of lanes that need not enter them
        self._waiting: dict[Loop, list[list[int]]] = {}  # of loops that lanes leave: what has the types of `_waits`
        self._last: dict[int, int] = {}  # of values used behind the loop: those of the last iteration
        self.scalar: dict[int, int] = {}
        self.parts: dict[int, list[int]] = {}

    def run(self, start: list[int]) -> list[int]:
        """Emit the loop from the current block on, entered with these values of the header's parameters; gives their
        values for the iterations that are left, and leaves the builder in the block behind the loop."""
        plan, builder, value = self._plan, self._builder, self._rebuild.value
        entered = builder.block
        outer = self._loops[plan.loop] = Loop(entered.loop)
        outer.step = self.lanes
        outer.stop = builder.emit("sub", value[plan.loop.stop], builder.const(I64, self.lanes - 1))
        outer.preheader = entered
        for inner in plan.inner:
            assert inner.parent is not None
            copy = self._loops[inner] = Loop(self._loops[inner.parent])
            copy.step, copy.stop = inner.step, value[inner.stop]
        for block in plan.blocks:
            assert block.loop is not None
            copied = self._blocks[block] = builder.new_block(self._loops[block.loop])
            copied.cold = block.cold
        for loop, copy in self._loops.items():
            copy.header = self._blocks[loop.header]
            self._rebuild._sources[copy.header] = []
        into = Edge(outer.header, tuple(start))
        self._end("jump", (), [into])
        idom = entered
        arms = [arm for _, _, arm in plan.breaks.values()]
        for block in plan.blocks:
            if block in arms:
                continue
            if block is not plan.loop.header:
                assert block.idom is not None
                idom = self._ends[block.idom]
            builder.start(self._blocks[block], idom)
            self._params(block)
            self._instructions(block)
            self._ends[block] = builder.block
            if block is not plan.latch:
                self._terminator(block)
            for inner in plan.inner:
                if inner.preheader is block:
                    self._loops[inner].preheader = self._ends[block]
        return self._again(outer)

    def _terminator(self, block: Block) -> None:
        plan = self._plan
        parted = plan.breaks.get(block.loop) if block.loop is not None else None
        if parted is not None and parted[0] is block:
            self._part_ways(block, *parted[1:])
            return
        for target, (first, loop, _) in plan.skips.items():
            if first is block:
                self._skip(block, target, loop)
                return
        edges = [self._edge(edge, block) for edge in block.edges if parted is None or edge.target is not parted[1]]
        args = tuple([self._scalar(a) for a in block.term_args])
        if len(edges) == len(block.edges):
            self._end(block.term, args, edges)
        else:
            self._end_together(block, args, edges)

    def _part_ways(self, block: Block, target: Block, arm: Block | None) -> None:
        """Some lanes leave an inner loop: what they take along is kept until all have left."""
        builder, loop = self._builder, block.loop
        emit = builder.emit
        assert loop is not None
        done, *kept = self._waiting[loop]
        (stay,) = [edge for edge in block.edges if edge.target is not (arm or target)]
        if arm is not None:
            self._instructions(arm)
        (leave,) = [edge for edge in (arm or block).edges if edge.target is target]
        leaving = self._vectors(block.term_args[0])
        if stay is block.edges[0]:
            leaving = [emit("not", mask) for mask in leaving]
        newly = [emit("and", mask, emit("not", before)) for mask, before in zip(leaving, done)]
        done = [emit("or", before, mask) for before, mask in zip(done, leaving)]
        taken = [
            [emit("select", *row) for row in zip(newly, new, old)] for new, old in zip(self._taken(leave), kept)
        ]  # fmt: skip
        self._waiting[loop] = [done, *taken]
        every = done[0]
        for mask in done[1:]:
            every = emit("and", every, mask)
        out = Edge(self._blocks[target], tuple([v for parts in taken for v in parts]))
        self._end("br", (emit("allset", every),), [out, self._edge(stay)])

    def _skip(self, block: Block, target: Block, loop: Loop) -> None:
        """Some lanes need not enter an inner loop that they would leave at their time."""
        emit = self._builder.emit
        (stay,) = [edge for edge in block.edges if edge.target is not target]
        (leave,) = [edge for edge in block.edges if edge.target is target]
        leaving = self._vectors(block.term_args[0])
        if stay is block.edges[0]:
            leaving = [emit("not", mask) for mask in leaving]
        taken = self._taken(leave)
        self._before[loop] = [leaving, *taken]
        every = leaving[0]
        for mask in leaving[1:]:
            every = emit("and", every, mask)
        out = Edge(self._blocks[target], tuple([v for parts in taken for v in parts]))
        self._end("br", (emit("allset", every),), [out, self._edge(stay)])

    def _end_together(self, block: Block, args: tuple[int, ...], again: list[Edge]) -> None:
        """The end of the last iteration of a loop that some lanes have left before."""
        builder, loop = self._builder, block.loop
        assert loop is not None and loop.parent is not None
        (leave,) = [edge for edge in block.edges if edge.target is self._plan.breaks[loop][1]]
        here, behind = builder.block, builder.new_block(self._loops[loop.parent])
        first = leave is block.edges[0]
        self._end(block.term, args, [Edge(behind), *again] if first else [*again, Edge(behind)])
        builder.start(behind, here)
        done, *kept = self._waiting[loop]
        taken = [
            builder.emit("select", *row)
            for new, old in zip(self._taken(leave), kept) for row in zip(done, old, new)
        ]  # fmt: skip
        self._end("jump", (), [Edge(self._blocks[leave.target], tuple(taken))])

    def _taken(self, edge: Edge) -> list[list[int]]:
        """The parts of what lanes take along when they leave a loop."""
        kept = set(self._kept(edge.target))
        values = [a for p, a in zip(edge.target.params, edge.args) if p in kept]
        return [self._vectors(a) for a in (*values, *self._carried_along(edge.target))]

    def _carried_along(self, target: Block) -> list[int]:
        """Values of a loop that lanes leave that are used behind it, besides the parameters of the block behind."""
        plan = self._plan
        loops = [loop for loop, parted in plan.breaks.items() if parted[1] is target]
        return [v for loop in loops for v in plan.taken[loop] if v in plan.needed]

    def _waits(self, loop: Loop) -> list[Type]:
        """The types of what a loop carries around that lanes leave: which have, and what they take along."""
        old, target = self._plan.function, self._plan.breaks[loop][1]
        values = (*self._kept(target), *self._carried_along(target))
        return [self.of(I1), *[self.of(old.types[v]) for v in values]]

    def _again(self, loop: Loop) -> list[int]:
        """The end of a round."""
        plan, builder = self._plan, self._builder
        latch = builder.block
        self._in_order()
        self._last = {v: self._lane(v, self.lanes - 1) for v in plan.last()}
        k = self.scalar[plan.following] = builder.emit("add", self._header[0], builder.const(I64, self.lanes))
        self._last[plan.loop.counter] = builder.emit("sub", k, builder.const(I64, 1))
        left = []
        for p, a in zip(plan.loop.header.params, plan.latch.edges[0].args):
            left.append(k if p == plan.loop.counter else self._scalar(a))
        done = builder.new_block(loop.parent)
        again = builder.emit("slt", k, loop.stop)
        back = Edge(loop.header, tuple(left))
        self._rebuild._sources[loop.header].append((latch, back))
        self._end("br", (again,), [back, Edge(done)])
        builder.start(done, latch)
        return left

    def _in_order(self) -> None:
        """What is carried around from iteration to iteration, for one lane after the other."""
        plan, builder, old = self._plan, self._builder, self._plan.function
        if not plan.carried:
            return
        now = {p: self.scalar[p] for p in plan.carried}
        given = plan.given()
        for lane in range(self.lanes):
            made = {**now, **{v: self._lane(v, lane) for v in given}}
            for v in plan.serial:
                args = tuple([made[a] if a in made else self._scalar(a) for a in old.args[v]])
                made[v] = builder.insert(old.ops[v], args, old.imms[v], old.types[v])
            now = {p: made[a] if a in made else self._scalar(a) for p, a in plan.carried.items()}
        for p, a in plan.carried.items():
            self.scalar[a] = now[p]

    def _lane(self, v: int, lane: int) -> int:
        """What `v` is in one lane."""
        plan, emit = self._plan, self._builder.emit
        if v not in plan.varying:
            return self._scalar(v)
        if plan.linear(v) and v not in plan.strides:
            by = part(plan.poly(v), plan.counters, plan.loop.counter)[()]
            return emit("add", self._scalar(v), self._builder.const(I64, by * lane))
        part_of = self._vectors(v)[lane // self._per]
        found = emit("lane", part_of, imm=lane % self._per)
        return emit("ne", found, self._builder.const(I64, 0)) if plan.function.types[v] is I1 else found

    def last(self, v: int) -> int:
        """Behind the loop: what `v` was in the last iteration."""
        found = self._last.get(v)
        return found if found is not None else self._scalar(self._plan.poll if v in self._plan.fuel else v)

    def _end(self, term: str, args: tuple[int, ...], edges: list[Edge]) -> None:
        """End the current block."""
        sources = self._rebuild._sources
        for edge in edges:
            if edge.target in sources:
                sources[edge.target].append((self._builder.block, edge))
        self._rebuild.end(term, args, edges)

    # -- parameters ----------------------------------------------------------------------------------------------------

    def _kept(self, block: Block) -> list[int]:
        """The parameters that the copy of a block has; those of the outer header are all there, as scalars."""
        plan = self._plan
        if block is plan.loop.header:
            return block.params
        return [p for p in block.params if p in plan.needed and p not in plan.fuel]

    def _params(self, block: Block) -> None:
        plan, builder, old = self._plan, self._builder, self._plan.function
        for p in self._kept(block):
            type = old.types[p]
            if p in plan.varying and block is not plan.loop.header:
                self.parts[p] = [builder.param(builder.block, self.of(type)) for _ in range(self._parts)]
                continue
            new = self.scalar[p] = builder.param(builder.block, type)
            if p in old.facts:
                builder.function.facts[new] = old.facts[p]
        for v in self._carried_along(block):
            # From here on it is what each lane has taken along.
            self.parts[v] = [builder.param(builder.block, self.of(old.types[v])) for _ in range(self._parts)]
        if block.loop in plan.breaks and block.loop.header is block:
            self._waiting[block.loop] = [
                [builder.param(builder.block, type) for _ in range(self._parts)] for type in self._waits(block.loop)
            ]
        if block is plan.loop.header:
            self._loops[plan.loop].counter = self.scalar[plan.loop.counter]
            # The counter first: `_again` counts on from it.
            self._header = [self.scalar[plan.loop.counter], *[self.scalar[p] for p in block.params]]
        for inner in plan.inner:
            if inner.header is block:
                self._loops[inner].counter = self.scalar[inner.counter]

    def _edge(self, edge: Edge, block: Block | None = None) -> Edge:
        """The copy of an edge, from `block`."""
        given: list[int] = []
        kept = set(self._kept(edge.target))
        loop = edge.target.loop
        waiting = self._waiting.get(loop) if loop is not None and loop.header is edge.target else None
        for p, a in zip(edge.target.params, edge.args):
            if p in kept:
                parts = self._vectors(a) if p in self._plan.varying else [self._scalar(a)]
                if waiting is not None and p in self._plan.varying and self._asks(loop, p):
                    parts = [self._at_rest(done, x) for done, x in zip(waiting[0], parts)]
                given += parts
        if loop in self._plan.breaks and loop.header is edge.target:
            inside = loop in self._waiting
            for n, type in enumerate(self._waits(loop)):
                none = (0.0 if type.element.is_float else 0,) * type.lanes
                before = [self._builder.const(type, none)] * self._parts
                if loop in self._before:
                    before = self._before[loop][n]
                given += self._waiting[loop][n] if inside else before
        skipped = self._plan.skips.get(edge.target)
        if skipped is not None and block in skipped[2]:
            # Around the loop, uniformly, but for lanes that have gone before.
            done, *taken = self._before[skipped[1]]
            old, mask = [part for parts in taken for part in parts], done * len(taken)
            given = [self._builder.emit("select", *row) for row in zip(mask, old, given)]
        return Edge(self._blocks[edge.target], tuple(given))

    def _asks(self, loop: Loop | None, p: int) -> bool:
        """Whether a loop carries a number around and computes powers: lanes that have left it would ask C's `pow` each
        time, once theirs are infinite."""
        old = self._plan.function
        return old.types[p].is_float and any(
            old.ops[v] is _FPOWER and v in self._plan.varying
            for block in self._plan.blocks if block.loop is loop for v in block.insts
        )  # fmt: skip

    def _at_rest(self, done: int, x: int) -> int:
        """One in lanes that are done: all its powers are known."""
        builder = self._builder
        type = builder.function.types[x]
        return builder.emit("select", done, builder.const(type, (1.0,) * type.lanes), x)

    # -- values --------------------------------------------------------------------------------------------------------

    def of(self, type: Type) -> Type:
        """The type of a part."""
        if type.is_float:
            return vector(type, self._per)
        return vector(I64 if self._plan.width == 64 else I32, self._per)

    def _scalar(self, v: int) -> int:
        plan = self._plan
        if v in plan.fuel and v not in self.scalar:
            (fuel,) = [p for p in plan.loop.header.params if p in plan.fuel]
            return self.scalar[fuel]
        return self._rebuild.value[v] if plan.outside(v) else self.scalar[v]

    def _vectors(self, v: int) -> list[int]:
        """The parts of a value."""
        found = self.parts.get(v)
        if found is not None:
            return found
        builder, plan = self._builder, self._plan
        emit, type, first = builder.emit, self.of(plan.function.types[v]), self._scalar(v)
        if plan.function.types[v] is I1:
            first = emit("neg", emit("b2i", first))
        whole = emit("splat", first, type=type)
        if v not in plan.varying or v in plan.strides:
            return [whole] * self._parts
        by = part(plan.poly(v), plan.counters, plan.loop.counter)[()]
        per = self._per
        return [
            emit("add", whole, builder.const(type, tuple([by * (n * per + k) for k in range(per)])))
            for n in range(self._parts)
        ]  # fmt: skip

    # -- instructions --------------------------------------------------------------------------------------------------

    def _instructions(self, block: Block) -> None:
        plan, builder, old = self._plan, self._builder, self._plan.function
        ops, args, imms, types = old.ops, old.args, old.imms, old.types

        def given(v: int) -> tuple[int, ...]:
            """The operands of what stands for `v` where its check is known to pass."""
            return args[v][: 1 if ops[v] is _INDEX else 2 if ops[v].base else None]

        for v in block.insts:
            builder.line = old.lines[v]
            op = ops[v]
            if op is _POLL:
                if v == plan.poll:
                    fuel = builder.emit("sub", self._scalar(args[v][0]), self._conditions.total)
                    self.scalar[v] = builder.insert(op, (fuel, self._scalar(args[v][1])), imms[v], I64)
            elif op is _GUARD:
                if v in plan.exits:
                    self._leave_unless(args[v][0])
            elif op is _STORE:
                self._store(v)
            elif v not in plan.needed:
                continue
            elif op is _LOAD and plan.strides[v]:
                self._load(v)
            elif v not in plan.varying or op is _LOAD or (types[v] in (I64, PTR) and self._all_scalar(given(v))):
                if op is _INDEX:
                    self.scalar[v] = self._scalar(args[v][0])
                else:
                    self.scalar[v] = builder.insert(
                        OPS[op.base] if op.base else op, tuple([self._scalar(a) for a in given(v)]), imms[v], types[v]
                    )
            if v in self._lane_values and v not in self.parts and op is not _LOAD and not plan.linear(v):
                columns = [self._vectors(a) for a in args[v]]
                result = self.of(types[v])
                self.parts[v] = [builder.insert(op, row, imms[v], result) for row in zip(*columns)]

    def _all_scalar(self, args: tuple[int, ...]) -> bool:
        return all(a in self.scalar or self._plan.outside(a) for a in args)

    def _leave_unless(self, cond: int) -> None:
        """Where a check fails in any lane, the scalar nest does this round."""
        builder = self._builder
        if cond in self._plan.varying:
            every = -1
            for mask in self._vectors(cond):
                every = mask if every < 0 else builder.emit("and", every, mask)
            good = builder.emit("allset", every)
        else:
            good = self._scalar(cond)
        here = builder.block
        on = builder.new_block(here.loop)
        self._end("br", (good,), [Edge(on), Edge(self._rest, tuple(self._header[1:]))])
        builder.start(on, here)

    # -- memory --------------------------------------------------------------------------------------------------------

    def _place(self, args: tuple[int, ...]) -> list[int]:
        return [self._scalar(a) for a in args]

    def _load(self, v: int) -> None:
        plan, builder = self._plan, self._builder
        memory, type = plan.function.imms[v], self.of(plan.function.types[v])
        where = self._place(plan.function.args[v])
        size = memory.access.size * self._per
        if plan.unit(v):
            narrow = narrowing(type, memory.access)[-1]
            found = []
            for n in range(self._parts):
                one = builder.insert(_LOAD, tuple(where), _at(memory, ACCESSES[narrow.name], n * size), narrow)
                if narrow is not type:
                    one = builder.emit("vsext" if memory.access.signed else "vzext", one, type=type)
                found.append(one)
            self.parts[v] = found
            return
        lanes = self._each(plan.strides[v], memory, where)
        given = [builder.insert(_LOAD, at, imm, plan.function.types[v]) for at, imm in lanes]
        self.parts[v] = [
            self._gathered(given[n * self._per : (n + 1) * self._per], type.element) for n in range(self._parts)
        ]  # fmt: skip

    def _gathered(self, given: list[int], element: Type) -> int:
        """Scalars as a vector."""
        emit = self._builder.emit
        half = len(given) // 2
        if len(given) * element.size > 16:
            return emit("join", self._gathered(given[:half], element), self._gathered(given[half:], element))
        made = emit("splat", given[0], type=vector(element, len(given)))
        for k, x in enumerate(given[1:], 1):
            made = emit("insert", made, x, imm=k)
        return made

    def _store(self, v: int) -> None:
        plan, builder, old = self._plan, self._builder, self._plan.function
        value, *place = old.args[v]
        memory, parts, where = old.imms[v], self._vectors(value), self._place(tuple(place))
        size = memory.access.size * self._per
        if plan.unit(v):
            types = narrowing(builder.function.types[parts[0]], memory.access)
            access = ACCESSES[types[-1].name]
            for n, one in enumerate(parts):
                for narrow in types[1:]:
                    one = builder.emit("vtrunc", one, type=narrow)
                builder.insert(_STORE, (one, *where), _at(memory, access, n * size), VOID)
            return
        for k, (at, imm) in enumerate(self._each(plan.strides[v], memory, where)):
            one = builder.emit("lane", parts[k // self._per], imm=k % self._per)
            builder.insert(_STORE, (one, *at), imm, VOID)

    def _each(
        self, stride: dict[tuple[int, ...], int], memory: Memory, where: list[int]
    ) -> list[tuple[tuple[int, ...], Memory]]:
        """Where the lanes of an access lie that are not next to each other."""
        emit = self._builder.emit
        if list(stride) == [()]:
            by = stride[()]
            if abs(by) * self.lanes + abs(memory.disp) < _FAR:
                return [(tuple(where), _at(memory, memory.access, k * by)) for k in range(self.lanes)]
        by = self._conditions.value(stride)
        offset = emit("mul", where[1], self._builder.const(I64, memory.scale)) if len(where) > 1 else -1
        found: list[tuple[tuple[int, ...], Memory]] = []
        for k in range(self.lanes):
            # Four lanes share a base: it, and once, twice, three times the stride from there.
            base = emit("ptradd", where[0], emit("mul", by, self._builder.const(I64, k & -4)))
            if offset >= 0:
                base = emit("ptradd", base, offset)
            if k & 3 == 0:
                found.append(((base,), _at(memory, memory.access, 0)))
            else:
                once = emit("mul", by, self._builder.const(I64, 3)) if k & 3 == 3 else by
                imm = Memory(memory.access, 2 if k & 3 == 2 else 1, memory.disp, memory.region, memory.invariant)
                found.append(((base, once), imm))
        return found


def _at(memory: Memory, access: Access, further: int) -> Memory:
    """The same place, so many bytes further on, as another type."""
    return Memory(access, memory.scale, memory.disp + further, memory.region, memory.invariant)
