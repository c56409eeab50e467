"""Index set splitting: a loop that stores a row in which lies what it loads in each iteration runs in two sections, up
to the iteration that stores it and on from there.

    pre: jump main(j0)                          pre: jump next(j0)
                                                next(s): x' = load f64 [d + k*8]
                                                         w = sub k*8, s*8
                                                         e = select w <u (n - s)*8, s + w/8 + 1, n
                                                         jump main(s)
    main(j): x = load f64 [d + k*8]             main(j): y = load f64 [p + j*8]
             y = load f64 [p + j*8]                      store f64 fadd x', y, [d + j*8]
             store f64 fadd x, y, [d + j*8]              j' = j + 1
             j' = j + 1                                  br j' < e, main(j'), done
             br j' < n, main(j'), out           done: br j' < n, next(j'), out

Shortest paths between all points by rows do this (`d[i, j] = min(d[i, j], d[i, k] + d[k, j])`), whose inner loop can
then be vectorised. The iteration j = k is the last of the first section, and loads before it stores; so in either
section the load gives the same each time. (Banerjee 1979; Wolfe, "High Performance Compilers for Parallel Computing".)
"""

from __future__ import annotations

from ..analysis.polynomials import Polynomials, add, part
from ..ir.dominators import dominates
from ..ir.function import Block, Edge, Loop
from ..ir.ops import OPS
from ..ir.types import PTR
from . import aside
from .inplace import substitute
from .maker import Maker
from .rebuild import lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..analysis.polynomials import Poly
    from ..ir.function import Function

_LOAD, _STORE, _PARAM = OPS["load"], OPS["store"], OPS["param"]
_MOST = 2  # places that a loop is cut at


def cut(function: Function) -> Function:
    """Run loops in sections between which what they load in each iteration changes."""
    loops = function.loops()
    around = {loop.parent for loop in loops}
    bodies = function.bodies()
    same: dict[int, int] = {}
    for loop in loops:
        if loop not in around and loop.counter >= 0 and loop.step == 1:
            row = _Row(function, loop, bodies[loop])
            if row.possible():
                row.run(same)
    if same:
        substitute(function, same)
        lay_out(function)
    return function


class _Row:
    """One loop.

    Attributes:
        loads: that give the same in all iterations of a section. places: how many bytes they are behind what is stored
            where the counter is 0, and how many each iteration stores.
        before: the branch in front of the loop. stored: those places that must be stored in one of its iterations.
    """

    __slots__ = ("_polynomials", "before", "blocks", "function", "latch", "loads", "loop", "places", "stored")

    def __init__(self, function: Function, loop: Loop, blocks: list[Block]) -> None:
        self.function = function
        self.loop = loop
        self.blocks = blocks
        self.loads: dict[int, tuple[object, ...]] = {}
        self.places: list[tuple[Poly, int]] = []
        self.before: aside.Aside | None = None
        self.stored: list[tuple[Poly, int]] = []
        self._polynomials = Polynomials(function, lambda v: v == loop.counter or self._outside(v))

    def _outside(self, v: int) -> bool:
        home = self.function.homes[v].loop
        return home is None or not home.inside(self.loop)

    def possible(self) -> bool:
        """Whether it is such a loop."""
        function, loop = self.function, self.loop
        stores = [v for b in self.blocks for v in b.insts if function.ops[v] is _STORE]
        latches = [b for b in self.blocks if any(e.target is loop.header for e in b.edges)]
        if not stores or len(latches) != 1 or latches[0].term != "br" or loop.parallel is not None:
            return False
        self.latch = latch = latches[0]
        following = self._back().args[loop.header.params.index(loop.counter)]
        test = function.ops[latch.term_args[0]].name, function.args[latch.term_args[0]]
        if test != ("slt", (following, loop.stop)) or latch.edges[0] is not self._back():
            return False
        rows = [self._address(v, function.args[v][1:]) for v in stores]
        for v in self._at_first():
            places = [self._place(v, s, row) for s, row in zip(stores, rows)]
            if all(place is not None for place in places):
                self.loads[v] = (function.args[v], function.imms[v].key())
                for s, place in zip(stores, places):
                    found = place, function.imms[s].access.size
                    if place and found not in self.places:
                        self.places.append((place, found[1]))
        header = {self.loads[v] for v in loop.header.insts if v in self.loads}
        # Others may be at addresses that are good only where a branch leads there.
        kept = {key for v, key in self.loads.items() if key in header or self._is_stored(v, stores, rows)}
        self.loads = {v: key for v, key in self.loads.items() if key in kept}
        return bool(self.loads) and 0 < len(self.places) <= _MOST

    def _is_stored(self, v: int, stores: list[int], rows: list[Poly | None]) -> bool:
        """Whether `v` loads what some iteration stores, if that is tested before the loop."""
        function, loop = self.function, self.loop
        self.before = self.before or aside.find(function, loop)
        if self.before is None or not dominates(function.homes[loop.stop], self.before.head):
            return False
        if any(
            not b.edges or any(edge.target not in self.blocks for edge in b.edges)
            for b in self.blocks if b is not self.latch
        ):  # fmt: skip
            return False
        for s, row in zip(stores, rows):
            place = self._place(v, s, row)
            if place and dominates(function.homes[s], self.latch) and all(
                dominates(function.homes[x], self.before.head) for key in place for x in key
            ):  # fmt: skip
                found = place, function.imms[s].access.size
                if found not in self.stored:
                    self.stored.append(found)
                return True
        return False

    def _back(self) -> Edge:
        return next(e for e in self.latch.edges if e.target is self.loop.header)

    def _at_first(self) -> list[int]:
        """Loads from where the loop always loads that no store of the same iteration comes before."""
        function = self.function
        found: list[int] = []
        behind: set[Block] = set()
        work = [b for b in self.blocks if any(function.ops[v] is _STORE for v in b.insts)]
        while work:
            for edge in work.pop().edges:
                if edge.target is not self.loop.header and edge.target in self.blocks and edge.target not in behind:
                    behind.add(edge.target)
                    work.append(edge.target)
        for block in self.blocks:
            stored = block in behind
            for v in block.insts:
                op = function.ops[v]
                if op is _STORE:
                    stored = True
                elif op.writes or op.guard:
                    return []
                elif op is _LOAD and not stored and all(map(self._outside, function.args[v])):
                    found.append(v)
        return found

    def _address(self, v: int, args: tuple[int, ...], polynomials: Polynomials | None = None) -> Poly | None:
        """Of a load or store with these arguments but the value."""
        memory = self.function.imms[v]
        total: Poly = {}
        for a, mult in zip(args, (1, memory.scale)):
            poly = (polynomials or self._polynomials).of(a)
            if poly is None:
                return None
            add(total, poly, mult)
        add(total, {(): memory.disp}, 1)
        return total

    def _place(self, v: int, s: int, row: Poly | None) -> Poly | None:
        """How many bytes `v` loads behind where the store `s` is at 0; nothing if they never meet; None if that is not
        known."""
        function, counter = self.function, self.loop.counter
        a, b = function.imms[v], function.imms[s]
        if a.region != b.region and a.region and b.region:
            return {}
        size = b.access.size
        apart = self._address(v, function.args[v])
        if apart is None or row is None or a.access.size != size or part(row, (counter,), counter) != {(): size}:
            return None
        add(apart, part(row, (counter,)), -1)
        if any(function.types[x] is PTR or not self._outside(x) for key in apart for x in key):
            return None
        if any(mult % size for mult in apart.values()) or self._begins_behind(v, s):
            return None
        return apart or {(): 0}

    def _begins_behind(self, v: int, s: int) -> bool:
        """Whether the loop plainly begins behind that iteration: `vector` sees to it that they do not meet."""
        function, loop = self.function, self.loop
        first = loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]
        home = function.homes[first]
        if function.ops[first] is _PARAM and home.loop is not None and home is home.loop.header:
            # Of a loop from poll to poll.
            first = home.loop.preheader.edges[0].args[home.params.index(first)]
        whole = Polynomials(function, lambda v: False)
        loaded, stored = self._address(v, function.args[v], whole), self._address(s, function.args[s][1:], whole)
        start = whole.of(first)
        if loaded is None or stored is None or start is None:
            return False
        way = part(stored, (loop.counter,))
        add(way, start, function.imms[s].access.size)
        add(way, loaded, -1)
        return list(way) == [()] and way[()] > 0

    def run(self, same: dict[int, int]) -> None:
        """Make the change; `same`: what is to be substituted for loads that are gone."""
        function, loop, latch = self.function, self.loop, self.latch
        self._require()
        pieces = Loop(loop.parent)
        pieces.pieces = True
        pieces.preheader = loop.preheader
        maker = Maker(function, loop.header.line)
        head = pieces.header = maker.start(pieces)
        params = [function.add_param(head, function.types[p]) for p in loop.header.params]
        for p, new in zip(loop.header.params, params):
            if p in function.facts:
                function.facts[new] = function.facts[p]
        first = params[loop.header.params.index(loop.counter)]
        found: dict[tuple[object, ...], int] = {}
        for v, key in self.loads.items():
            if key not in found:
                maker.line = function.lines[v]
                found[key] = maker.emit("load", *function.args[v], imm=function.imms[v], type=function.types[v])
            same[v] = found[key]
        maker.line = head.line = loop.header.line
        left = maker.emit("sub", loop.stop, first)
        end = loop.stop
        for place, size in self.places:
            scale = maker.const(size.bit_length() - 1)
            way = maker.emit("sub", self._value(maker, place), maker.emit("shl", first, scale))
            meets = maker.emit("ult", way, maker.emit("shl", left, scale))
            on = maker.emit("add", maker.emit("add", first, maker.emit("lshr", way, scale)), maker.const(1))
            on = maker.emit("select", meets, on, loop.stop)
            end = on if end == loop.stop else maker.emit("smin", end, on)
        maker.jump(loop.header, *params)
        (entry,) = loop.preheader.edges
        loop.preheader.edges = [Edge(head, entry.args)]
        done = maker.start(pieces)
        leave = next(e for e in latch.edges if e.target is not loop.header)
        back = self._back()
        following = back.args[loop.header.params.index(loop.counter)]
        maker.line = latch.line
        maker.branch(latch.term_args[0], Edge(head, back.args), Edge(leave.target, leave.args))
        maker.block = latch
        latch.term_args = (maker.emit("slt", following, end),)
        leave.target, leave.args = done, ()
        loop.parent, loop.preheader, loop.stop = pieces, head, end
        function.blocks.insert(function.blocks.index(loop.header), function.blocks.pop(function.blocks.index(head)))
        function.blocks.insert(function.blocks.index(latch) + 1, function.blocks.pop(function.blocks.index(done)))
        gone = set(self.loads)
        for block in self.blocks:
            if not gone.isdisjoint(block.insts):
                block.insts = [v for v in block.insts if v not in gone]
        for inner in function.loops():
            inner.depth = inner.parent.depth + 1 if inner.parent is not None else 1

    def _require(self) -> None:
        """Test what must be stored."""
        before = self.before
        if before is None:
            return
        for place, size in self.stored:
            maker = Maker(self.function, self.loop.header.line)
            maker.block = before.head
            scale = maker.const(size.bit_length() - 1)
            first = maker.emit("shl", before.first, scale)
            all = maker.emit("sub", maker.emit("shl", self.loop.stop, scale), first)
            before.require("ult", maker.emit("sub", self._value(maker, place), first), all)

    def _value(self, maker: Maker, poly: Poly) -> int:
        total = -1
        for key, mult in sorted(poly.items(), reverse=True):
            term = -1
            for v in key:
                term = v if term < 0 else maker.emit("mul", term, v)
            if term < 0:
                term = maker.const(mult)
            elif mult != 1:
                term = maker.emit("mul", term, maker.const(mult))
            total = term if total < 0 else maker.emit("add", total, term)
        return total
