"""Whether a nest of two loops can be jammed: what has to hold for it. See the package's docstring.

Where iterations (k, j) and (k', j') touch the same place and one of them stores it, jamming keeps their order if j = j'
(a row, which each k updates) or k = k' (an element of each k's own). All other pairs of accesses must be apart.
"""

from __future__ import annotations

from ...analysis.polynomials import part
from ...ir.ops import OPS
from ..outer.fit import Unsuitable
from ..outer.nest import Nest, interleaved, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.polynomials import Poly
    from ...ir.function import Block, Edge, Function

_CONST, _LOAD, _STORE, _POLL, _GUARD = (OPS[name] for name in ("const", "load", "store", "poll", "guard"))
_INDEX, _PARAM = OPS["index"], OPS["param"]
_LONGEST = 80  # instructions
_MOST_TESTS = 10  # pairs of arrays that are told apart
_MOST_CHECKS = 12
_WHOLE = ("f64", "f32", "i64")  # what a register holds as memory does


class Plan(Nest):
    """How one nest is jammed.

    Attributes:
        before: the blocks in front of the inner loop, in order. body: the inner loop. after: the block behind it, which
            ends in the way back and in `exit`.
        following: the outer counter's next value. poll: the check for signals in `after`, -1 if there is none.
        needed: values that stores depend on, and whether the inner loop goes on.
        places: of loads and stores at the same place in each iteration of the outer loop: its number.
        last: of the stores there those that no further one follows.
        live: values that are used behind the nest.
        at_once: how many iterations are to be done at once.
    """

    __slots__ = ("after", "at_once", "before", "body", "exit", "following", "last", "live", "needed", "places", "poll")

    def __init__(self, function: Function, body: Block) -> None:
        inner = body.loop
        assert inner is not None and inner.parent is not None
        super().__init__(function, inner.parent)
        self.body = body
        self.at_once = 1
        self.before: list[Block] = []
        self._find_shape()
        self.poll = -1
        self._collect_checks()
        self.needed = self._needed()
        self.places: dict[int, int] = {}
        self.last: set[int] = set()
        self._find_accesses()
        self.live = self._live()

    def _find_shape(self) -> None:
        function, loop, body = self.function, self.loop, self.body
        inner = self.inner[0]
        if len(self.inner) > 1 or loop.step != 1 or loop.parallel is not None or abs(inner.step) != 1:
            raise Unsuitable("not two plain loops")
        if not all(map(self.outside, (inner.stop, start(inner), loop.stop))):
            raise Unsuitable("an inner loop of another number of iterations each time")
        if sum([len(b.insts) for b in self.blocks]) > _LONGEST:
            raise Unsuitable("a long loop")
        block = loop.header
        while block is not body:
            self.before.append(block)
            if block.term == "br" and self.outside(block.term_args[0]):
                self.conditions.append(block.term_args[0])
            elif block.term != "jump":
                raise Unsuitable("a branch")
            block = block.edges[0].target
            if block not in self.blocks or block in self.before:
                raise Unsuitable("not a way to the inner loop")
        if body.term != "br" or not self.before or all(e.target is body for e in body.edges):
            raise Unsuitable("not two plain loops")
        (after,) = [e.target for e in body.edges if e.target is not body]
        self.after = after
        if set(self.blocks) != {*self.before, body, after} or after.loop is not loop or after.term != "br":
            raise Unsuitable("not two plain loops")
        back, self.exit = after.edges
        if back.target is not loop.header or self.exit.target in self.blocks:
            raise Unsuitable("not two plain loops")
        self.following = back.args[loop.header.params.index(loop.counter)]
        (cond,) = after.term_args
        if function.ops[cond].name != "slt" or function.args[cond] != (self.following, loop.stop):
            raise Unsuitable("another test than the counter's")

    # -- checks --------------------------------------------------------------------------------------------------------

    def _collect_checks(self) -> None:
        function = self.function
        for block in self.blocks:
            for v in block.insts:
                op = function.ops[v]
                if op.base or op is _INDEX or op is _GUARD:
                    if not self.check(v):
                        raise Unsuitable("a check on data")
                elif op is _POLL:
                    if block is self.after and self.poll >= 0:
                        raise Unsuitable("a second check for signals")
                    if block is self.after:
                        self.poll = v
                elif not (op.pure or op is _LOAD or (op is _STORE and block is self.body)):
                    raise Unsuitable(f"{op} in the loop")
        if len(self.ranges) + len(self.conditions) > _MOST_CHECKS:
            raise Unsuitable("too many checks")

    # -- what is needed ------------------------------------------------------------------------------------------------

    def operands(self, v: int) -> tuple[int, ...]:
        """Those of what stands for `v` where its check is known to pass."""
        op, args = self.function.ops[v], self.function.args[v]
        return args[: 1 if op is _INDEX else 2 if op.base else None]

    def _needed(self) -> set[int]:
        function, body = self.function, self.body
        counter = self.inner[0].counter
        (back,) = [e for e in body.edges if e.target is body]
        work = [*body.term_args, back.args[body.params.index(counter)]]
        for v in body.insts:
            if function.ops[v] is _STORE:
                work += function.args[v]
        found: set[int] = set()
        while work:
            v = work.pop()
            if v in found or v in self.counters or self.outside(v):
                continue
            if function.ops[v] is _PARAM or function.ops[v] is _POLL or function.homes[v] is self.after:
                raise Unsuitable("what is carried around is stored")
            found.add(v)
            work += self.operands(v)
        return found

    # -- memory --------------------------------------------------------------------------------------------------------

    def _find_accesses(self) -> None:
        function = self.function
        accesses: list[tuple[int, bool, Poly]] = []
        for block in (*self.before, self.body):
            for v in block.insts:
                store = function.ops[v] is _STORE
                if store or (function.ops[v] is _LOAD and v in self.needed):
                    poly = self.address(v, function.args[v][1:] if store else function.args[v])
                    accesses.append((v, store, poly))
        numbers: list[Poly] = []
        loaded = False
        for s, store, poly in accesses:
            if not store:
                continue
            moves = {v for key in poly for v in key if v in self.counters}
            if len(moves) != 1:
                raise Unsuitable("a store that is no row's and no element of its own")
            stride = part(poly, self.counters, *moves)
            access = function.imms[s].access
            self._check_stride(stride, access.size)
            for v, other_store, other in accesses:
                if v != s and not (other_store and v < s):
                    self._tell_apart(s, poly, stride, v, other)
            if moves == {self.loop.counter}:
                continue
            if poly not in numbers:
                numbers.append(poly)
            for v, other_store, other in accesses:
                if other == poly:
                    if function.imms[v].access is not access or access.name not in _WHOLE:
                        raise Unsuitable("a row of narrow numbers")
                    self.places[v] = numbers.index(poly)
                    loaded = loaded or not other_store
            self.last.add([v for v, other_store, other in accesses if other_store and other == poly][-1])
        if not loaded:
            raise Unsuitable("no row is updated")
        if len(self.apart) > _MOST_TESTS:
            raise Unsuitable("too many arrays to tell apart")

    def _check_stride(self, stride: Poly, size: int) -> None:
        if list(stride) != [()]:
            self.spaced.append((stride, size))
        elif abs(stride[()]) < size:
            raise Unsuitable("stores that overlap")

    def _tell_apart(self, s: int, poly: Poly, stride: Poly, v: int, other: Poly) -> None:
        a, b = self.function.imms[s], self.function.imms[v]
        if b.invariant or (a.region != b.region and a.region and b.region):
            return
        if {key: m for key, m in poly.items() if key} == {key: m for key, m in other.items() if key}:
            if not interleaved(poly, other, stride, a.access.size, b.access.size):
                raise Unsuitable("iterations depend on each other")
            return
        pair = self.group(poly, a.access.size), self.group(other, b.access.size)
        if pair not in self.apart and pair[::-1] not in self.apart:
            self.apart.append(pair)

    # -- what is behind it ---------------------------------------------------------------------------------------------

    def _live(self) -> set[int]:
        live = {v for v in self.wanted() if self.function.ops[v] is not _CONST}
        own = (self.following, self.loop.counter, self.poll)
        for v in live:
            if v not in own:
                self.settled(v)
        for p, a in zip(self.loop.header.params, self.after.edges[0].args):
            if a not in own and self.settled(a) != p and not self.outside(self.settled(a)):
                raise Unsuitable("what is carried around")
        if self.poll >= 0:
            for a in self.function.args[self.poll]:
                self.settled(a)
        return live

    def settled(self, v: int) -> int:
        """What `v` is behind the inner loop: a parameter of the outer one's header (fuel: what was there at its start),
        or a value from outside."""
        function, body = self.function, self.body
        while not self.outside(v) and function.ops[v] is not _CONST:
            home = function.homes[v]
            edge: Edge | None = None
            if function.ops[v] is _POLL and home is not self.after:
                v = function.args[v][0]
                continue
            if function.ops[v] is _PARAM and home is self.loop.header and v != self.loop.counter:
                back = self.after.edges[0].args[home.params.index(v)]
                if back == self.poll or back == v:
                    return v
            elif function.ops[v] is _PARAM and home is self.after:
                (edge,) = [e for e in body.edges if e.target is home]
            elif function.ops[v] is _PARAM and home is body and v not in self.counters:
                (back_edge,) = [e for e in body.edges if e.target is body]
                again = back_edge.args[body.params.index(v)]
                if again == v or (function.ops[again] is _POLL and function.args[again][0] == v):
                    edge = self.before[-1].edges[0]
            if edge is None:
                raise Unsuitable("what is carried around")
            v = edge.args[home.params.index(v)]
        return v
