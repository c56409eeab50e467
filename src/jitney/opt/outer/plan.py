"""Whether and how a nest of loops is vectorised along its outermost one: what is the same in all lanes (*uniform*) and
what is not (*varying*), and what has to hold for a copy without checks to do what the nest does.

Control flow must be uniform; so lanes go through the inner loops side by side (the idea is old: outer-loop or "strip
mine and interchange" vectorisation, Nuzman and Zaks 2008; uniform values as in Karrenberg and Hack 2011).
"""

from __future__ import annotations

from ...analysis.polynomials import part, rows_apart
from ...ir.ops import OPS
from ...ir.types import F32, F64, I1, I64, PTR
from . import fit
from .fit import Unsuitable
from .nest import Nest, interleaved, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.polynomials import Poly
    from ...ir.function import Block, Function, Loop

_LOAD, _STORE, _POLL, _GUARD = (OPS[name] for name in ("load", "store", "poll", "guard"))
_INDEX, _PARAM = OPS["index"], OPS["param"]
_LONGEST = 240  # instructions
_MOST_TESTS = 10  # pairs of arrays that are told apart
_MOST_CHECKS = 12
_MOST_SERIAL = 6  # instructions
_SUB = OPS["sub"]


class Plan(Nest):
    """How one nest is vectorised.

    Attributes:
        latch: the block that ends in the only way back, and out by `exit`.
        following: the counter's next value.
        poll: the check for signals at the end of each iteration, -1 if there is none. fuel: all values that are the
            fuel it counts, in this loop.
        states: header parameters other than counter and fuel: after one iteration they stay as they are.
        carried: those that do not. serial: what depends on them, nothing else in the loop does: done lane by lane.
        varying: values that lanes have each their own of.
        breaks: of inner loops that each lane may leave at its time: the block where, the one where they go, and
            one that they pass through on their way. taken: values of such a loop that are used behind it as they are.
        skips: by the block behind such a loop: the block in front of it from which some lanes go there at once, the
            loop, and the blocks between.
        needed: values that stores, branches and `exits` depend on.
        strides: of loads and stores: the polynomial by which the address goes on from lane to lane.
        width: bits per lane.
        parts: how many registers per value, the most first.
        live: values that are used behind the loop.
        stores: whether it stores anything.
        exits: checks on data; where one fails, the scalar nest goes on.
    """

    __slots__ = (
        "_incoming", "breaks", "carried", "exit", "exits", "following", "fuel", "lanes", "latch", "live", "needed",
        "parts", "poll", "serial", "skips", "states", "stores", "strides", "taken", "varying", "width",
    )  # fmt: skip

    def __init__(self, function: Function, loop: Loop) -> None:
        super().__init__(function, loop)
        self._find_shape()
        self._incoming: dict[int, list[int]] = {}
        for block in self.blocks:
            for edge in block.edges:
                if edge.target.loop is not None and edge.target.loop.inside(loop):
                    for p, a in zip(edge.target.params, edge.args):
                        self._incoming.setdefault(p, []).append(a)
        self.varying: set[int] = set()
        self.breaks: dict[Loop, tuple[Block, Block, Block | None]] = {}
        self.taken: dict[Loop, list[int]] = {}
        self.skips: dict[Block, tuple[Block, Loop, list[Block]]] = {}
        self._spread()
        if not self.varying.issuperset([v for taken in self.taken.values() for v in taken]):
            raise Unsuitable("what is the same in all lanes until they part")
        self.poll = -1
        self.fuel: set[int] = set()
        self.states: list[int] = []
        self.carried: dict[int, int] = {}  # with their next values
        self._find_states()
        self.serial = self._find_serial()
        self.exits: set[int] = set()
        self._collect_checks()
        self.live = self._live()
        self.needed = self._needed()
        self.strides: dict[int, Poly] = {}
        self._find_accesses()
        self._fit()

    def _fit(self) -> None:
        self.width = fit.width(self)
        self.lanes = 8 * self.function.target.vector_bytes // self.width
        self.parts = fit.parts(self)

    # -- the shape -----------------------------------------------------------------------------------------------------

    def _find_shape(self) -> None:
        function, loop, blocks = self.function, self.loop, self.blocks
        inside = set(blocks)
        latches = [b for b in blocks if any(e.target is loop.header for e in b.edges)]
        if len(latches) != 1 or latches[0].term != "br" or latches[0].loop is not loop:
            raise Unsuitable("more than one way to the next iteration")
        (self.latch,) = latches
        back, self.exit = self.latch.edges
        whole = blocks[0] is loop.header and blocks[-1] is self.latch
        if loop.step != 1 or back.target is not loop.header or self.exit.target in inside or not whole:
            raise Unsuitable("not a plain loop")
        if sum([len(b.insts) for b in blocks]) > _LONGEST:
            raise Unsuitable("a long loop")
        for block in blocks:
            if block.term not in ("br", "jump"):
                raise Unsuitable("a way out of the function")
            if block is not self.latch and any(e.target not in inside for e in block.edges):
                raise Unsuitable("left early")
        self.following = back.args[loop.header.params.index(loop.counter)]
        (cond,) = self.latch.term_args
        if function.ops[cond].name != "slt" or function.args[cond] != (self.following, loop.stop):
            raise Unsuitable("another test than the counter's")
        for inner in self.inner:
            if inner.counter < 0 or abs(inner.step) != 1 or not all(map(self.outside, (inner.stop, start(inner)))):
                raise Unsuitable("an inner loop of another number of iterations each time")

    # -- what is the same in all lanes ---------------------------------------------------------------------------------

    def _spread(self) -> None:
        """Whatever depends on the counter is varying."""
        function, varying = self.function, self.varying
        varying.add(self.loop.counter)
        args, ops = function.args, function.ops
        size = -1
        while size < len(varying):
            size = len(varying)
            parting: list[Block] = []
            for block in self.blocks:
                if block is not self.loop.header:
                    for p in block.params:
                        if not varying.isdisjoint(self._incoming[p]):
                            varying.add(p)
                for v in block.insts:
                    if ops[v] is not _POLL and not varying.isdisjoint(args[v]):
                        varying.add(v)
                if block is not self.latch and not varying.isdisjoint(block.term_args):
                    parting.append(block)
            # What lies further in comes first.
            for block in reversed(parting):
                self._part_ways(block)

    def _skips(self, block: Block) -> bool:
        """Whether lanes part at `block` because some need not enter a loop that they leave each at its time: all that
        lies between is for that loop."""
        for loop, (_, target, _) in self.breaks.items():
            into = [e.target for e in block.edges if e.target is not target]
            if len(into) != 1 or block.loop is not loop.parent or target.idom is not block:
                continue
            (stay,) = into
            between = [b for b in self.blocks if below(b, stay) and not below(b, target)]
            if loop.header in between and all(
                e.target in between or e.target is target for b in between for e in b.edges
            ) and stay.idom is block and all(b.loop in (loop, loop.parent) for b in between):
                if self.skips.setdefault(target, (block, loop, between))[0] is block:
                    return True
        return False

    def _part_ways(self, block: Block) -> None:
        """Lanes may leave an inner loop at one place in different iterations: those that have wait for the others."""
        loop = block.loop
        if self._skips(block):
            return
        if loop is not None and loop in self.breaks:
            if self.breaks[loop][0] is not block:
                raise Unsuitable("two ways out of a loop for each lane")
            return
        if loop is None or loop is self.loop or any(inner.parent is loop for inner in self.inner):
            raise Unsuitable("lanes that go different ways")
        blocks = [b for b in self.blocks if b.loop is loop]
        (latch,) = [b for b in blocks if any(e.target is loop.header for e in b.edges)]
        leaving = [e.target for b in blocks for e in b.edges if e.target not in blocks]
        # On its way out a lane may pass through a block of its own.
        arms = [e.target for e in block.edges if e.target.edges and e.target.edges[0].target not in blocks]
        arm = arms[0] if len(arms) == 1 and arms[0].term == "jump" and arms[0] in blocks else None
        out = [b for b in blocks if any(e.target not in blocks for e in b.edges)]
        if latch not in out or (arm or block) not in out or (arm is not None and self._entries(arm) > 1):
            raise Unsuitable("lanes that go different ways")
        if len(leaving) != 2 or leaving[0] is not leaving[1] or not below(latch, block) or latch is block:
            raise Unsuitable("lanes that go different ways")
        if leaving[0].loop is not loop.parent:
            raise Unsuitable("lanes that go different ways")
        self.breaks[loop] = block, leaving[0], arm
        self.taken[loop] = []
        self.varying.update(leaving[0].params)
        function, own = self.function, {v for b in blocks for v in (*b.params, *b.insts)}
        for b in function.blocks:
            if b not in blocks:
                used = [function.args[v] for v in b.insts] + [e.args for e in b.edges] + [b.term_args]
                for v in own.intersection([a for args in used for a in args]):
                    if v not in self.taken[loop]:
                        self.taken[loop].append(v)

    def _entries(self, block: Block) -> int:
        return sum([e.target is block for b in self.blocks for e in b.edges])

    def _find_states(self) -> None:
        """What the loop carries around must be its counter, fuel, or be settled after the first iteration."""
        function, header = self.function, self.loop.header
        fuel = -1
        for p, a in zip(header.params, self.latch.edges[0].args):
            if p == self.loop.counter:
                continue
            if function.ops[a] is _POLL and function.homes[a] is self.latch and fuel < 0:
                self.poll, fuel = a, p
            elif self._settles(a, p, set()):
                self.states.append(p)
            else:
                self.carried[p] = a
        self.fuel = {fuel}
        changed = True
        while changed and fuel >= 0:
            changed = False
            for block in self.blocks:
                for v in block.insts:
                    if function.ops[v] in (_POLL, _SUB) and v not in self.fuel and function.args[v][0] in self.fuel:
                        self.fuel.add(v)
                        changed = True
                for p in block.params:
                    if p not in self.fuel and not self.fuel.isdisjoint(self._incoming[p]):
                        self.fuel.add(p)
                        changed = True
        for v in self.fuel - {fuel}:
            if function.ops[v] is _PARAM and not self.fuel.issuperset(self._incoming[v]):
                raise Unsuitable("fuel from elsewhere")

    def _find_serial(self) -> list[int]:
        """What depends on carried values, in order. All of it must be pure, outside of inner loops, and for itself."""
        function, carried = self.function, self.carried
        found: dict[int, None] = {}
        if not carried:
            return []
        for block in self.blocks:
            for v in block.insts:
                op = function.ops[v]
                if any(a in carried or a in found for a in function.args[v]):
                    if not op.pure or block.loop is not self.loop or function.types[v] not in (F64, F32, I64, I1):
                        raise Unsuitable("what is carried around is looked at")
                    found[v] = None
            passed = [a for e in block.edges if block is not self.latch for a in e.args]
            if any(a in carried or a in found for a in (*passed, *block.term_args)):
                raise Unsuitable("what is carried around is looked at")
        if len(found) > _MOST_SERIAL or any(self.function.types[p] not in (F64, F32, I64, I1) for p in carried):
            raise Unsuitable("much that goes in order")
        return list(found)

    def given(self) -> list[int]:
        """What the serial part takes from the rest of the loop."""
        args = [a for v in self.serial for a in self.function.args[v]]
        own = {*self.serial, *self.carried}
        return [a for a in dict.fromkeys((*args, *self.carried.values())) if a not in own and not self.outside(a)]

    def _settles(self, v: int, p: int, seen: set[int]) -> bool:
        """Whether `v` is `p` or something from outside of the loop, chosen in the same way in each iteration."""
        if v == p or v in seen or self.outside(v):
            return True
        if self.function.ops[v] is not _PARAM or v in self.loop.header.params or v in self.varying:
            return False
        seen.add(v)
        return all(self._settles(a, p, seen) for a in self._incoming[v])

    def _live(self) -> set[int]:
        live = self.wanted()
        serial = {*self.serial, *self.carried, *self.states} - {*self.latch.edges[0].args}
        if not serial.isdisjoint(live):
            raise Unsuitable("what is carried around is used behind the loop")
        return live

    # -- checks --------------------------------------------------------------------------------------------------------

    def _collect_checks(self) -> None:
        function = self.function
        ops = function.ops
        for block in self.blocks:
            for v in block.insts:
                op = ops[v]
                if op.base or op is _INDEX or op is _GUARD:
                    if not self.check(v):
                        self._keep(v, block)
                elif op is _POLL:
                    if v != self.poll and block.loop is self.loop:
                        raise Unsuitable("a second check for signals")
                elif not (op.pure or op is _LOAD or op is _STORE):
                    raise Unsuitable(f"{op} in the loop")
        parted = [b for _, _, blocks in self.skips.values() for b in blocks]
        for block in (*parted, *[b for b in self.blocks if b.loop in self.breaks]):
            if any(ops[v] is _STORE or v in self.exits for v in block.insts):
                raise Unsuitable("a store or check in a loop that lanes leave")
        if len(self.ranges) + len(self.conditions) > _MOST_CHECKS:
            raise Unsuitable("too many checks")

    def _keep(self, v: int, block: Block) -> None:
        """A check on data: nothing in the same iteration may have been stored before."""
        ops = self.function.ops
        at = self.blocks.index(block)
        before = [b for k, b in enumerate(self.blocks) if k < at or (block.loop is not self.loop and b.loop is not
                  self.loop)]  # fmt: skip
        if any(ops[w] is _STORE for b in before for w in b.insts):
            raise Unsuitable("a check after a store")
        if any(ops[w] is _STORE for w in block.insts[: block.insts.index(v)]):
            raise Unsuitable("a check after a store")
        self.exits.add(v)

    # -- what is needed ------------------------------------------------------------------------------------------------

    def _needed(self) -> set[int]:
        function = self.function
        ops, args = function.ops, function.args
        work: list[int] = []
        for block in self.blocks:
            if block is not self.latch:
                work += block.term_args
            for v in block.insts:
                if ops[v] is _STORE:
                    work += args[v]
                elif v in self.exits:
                    work.append(args[v][0])
        work += [*self.given(), *self.last()]
        found = self._reach(work, set())
        if not found.isdisjoint((*self.states, *self.carried, *self.fuel)):
            raise Unsuitable("what is carried around is looked at")
        if self.poll >= 0:
            work.append(args[self.poll][1])
        done = {*self.fuel, *self.carried.values()}
        work += [a for a in (*self.latch.edges[0].args, *self.live) if a not in done]
        return self._reach(work, found)

    def last(self) -> list[int]:
        """Values of the last iteration that are used behind the loop, other than what is carried around."""
        others = {*self.fuel, *self.latch.edges[0].args, self.loop.counter}
        return [v for v in self.live if v not in others]

    def _reach(self, work: list[int], found: set[int]) -> set[int]:
        function = self.function
        while work:
            v = work.pop()
            if v in found or self.outside(v):
                continue
            found.add(v)
            if v in self._incoming:
                if v not in self.loop.header.params:
                    work += self._incoming[v]
            elif v not in self.fuel:
                op = function.ops[v]
                work += function.args[v][: 1 if op is _INDEX else 2 if op.base else None]
        return found

    # -- memory --------------------------------------------------------------------------------------------------------

    def _find_accesses(self) -> None:
        """Strides, and which accesses must be told apart."""
        function = self.function
        accesses = []
        for block in self.blocks:
            for v in block.insts:
                op = function.ops[v]
                if op is _STORE or (op is _LOAD and v in self.needed):
                    args = function.args[v]
                    poly = self.address(v, args[1:] if op is _STORE else args)
                    accesses.append((v, op is _STORE, poly))
                    stride = self.strides[v] = part(poly, self.counters, self.loop.counter)
                    if any(a in self.counters for key in stride for a in key):
                        raise Unsuitable("a stride that changes")
                    if op is _STORE:
                        self._check_store(v, poly, stride)
        stores = [access for access in accesses if access[1]]
        self.stores = bool(stores)
        if not stores and not self.carried:
            raise Unsuitable("nothing is stored")
        for s, _, poly in stores:
            for v, store, other in accesses:
                if v != s and not (store and v < s):
                    self._tell_apart(s, poly, v, other)
        if len(self.apart) > _MOST_TESTS:
            raise Unsuitable("too many arrays to tell apart")

    def _check_store(self, v: int, poly: Poly, stride: Poly) -> None:
        """Each iteration writes to its own places."""
        size = self.function.imms[v].access.size
        inner = {a for key in poly for a in key if a in self.counters} - {self.loop.counter}
        if inner:
            # Along a column: rows are as long as that lanes' places in one are in no other.
            if len(inner) > 1 or stride != {(): size}:
                raise Unsuitable("a store that moves in an inner loop")
            row = part(poly, self.counters, inner.pop())
            if any(a in self.counters for key in row for a in key):
                raise Unsuitable("a stride that changes")
            if (row, size) not in self.rows:
                self.rows.append((row, size))
            return
        if list(stride) != [()]:
            if not stride:
                raise Unsuitable("a store to the same place each time")
            self.spaced.append((stride, size))
        elif abs(stride[()]) < size:
            raise Unsuitable("stores that overlap")

    def _tell_apart(self, s: int, poly: Poly, v: int, other: Poly) -> None:
        imms = self.function.imms
        a, b = imms[s], imms[v]
        if b.invariant or (a.region != b.region and a.region and b.region):
            return
        first, second = a.access.size, b.access.size
        between = rows_apart(poly, other, self.counters - {self.loop.counter}, self.counters)
        if between == {} and first == second:
            return  # no lane touches another one's places
        if between is not None and not between.keys() - {()}:
            raise Unsuitable("iterations depend on each other")
        if {k: m for k, m in poly.items() if k} == {k: m for k, m in other.items() if k}:
            if not interleaved(poly, other, self.strides[s], first, second):
                raise Unsuitable("iterations depend on each other")
            return
        pair = self.group(poly, first), self.group(other, second)
        if pair not in self.apart and pair[::-1] not in self.apart:
            self.apart.append(pair)

    # -- lanes ---------------------------------------------------------------------------------------------------------

    def linear(self, v: int) -> bool:
        """Whether a varying integer or pointer goes on by the same from lane to lane, and a number is known."""
        if self.function.types[v] not in (I64, PTR):
            return False
        try:
            return list(part(self.poly(v), self.counters, self.loop.counter)) == [()]
        except Unsuitable:
            return False

    def in_lanes(self) -> list[int]:
        """Varying values that are needed as vectors."""
        function = self.function
        work = [v for v in (*self.given(), *self.last()) if not self.linear(v)]
        parting = [block for block, _, _ in (*self.breaks.values(), *self.skips.values())]
        work += [v for block in parting for v in block.term_args]
        for block in self.blocks:
            for v in block.insts:
                if function.ops[v] is _STORE or v in self.exits:
                    work.append(function.args[v][0])
        found: dict[int, None] = {}
        while work:
            v = work.pop()
            if v in found or v not in self.varying:
                continue
            found[v] = None
            if v in self._incoming:
                if v != self.loop.counter:
                    work += self._incoming[v]
            elif function.ops[v] is not _LOAD and not self.linear(v):
                work += function.args[v]
        return list(found)

    def unit(self, v: int) -> bool:
        """Whether the lanes of an access lie next to each other, in order."""
        return self.strides[v] == {(): self.function.imms[v].access.size}


def below(block: Block, top: Block) -> bool:
    """Whether `top` dominates `block`."""
    at: Block | None = block
    while at is not None and at is not top:
        at = at.idom
    return at is top
