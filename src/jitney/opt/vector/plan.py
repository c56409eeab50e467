"""Whether and how a loop is vectorised: what depends on what, what has to be tested before, how many lanes.

Accesses with the same base are compared here, by distance: `a[k + 1] = a[k]` moves on by one, so two iterations cannot
run at once; `a[k] = a[k + 1]` is no problem, as all loads of a round come before its stores. Other pairs are `tests`:
before the loop, the bytes that they cover in all its iterations are compared.
"""

from __future__ import annotations

import math

from ...analysis.dependence import distance
from ...analysis.memory import distinct
from ...ir.ops import OPS, wrap
from ...ir.types import PTR
from ...lazy import lazy
from ..rebuild import laid_out
from .body import Body, Missing, NotVectorizable
from .program import COSTS
from .reductions import find
from .rows import row_lengths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.dependence import Access
    from ...ir.function import Block, Function, Loop
    from . import congruences as steps
    from . import lookups as tables
    from . import picks as last_values
    from . import serial as chains
    from . import shifted as neighbours
    from . import strided as far
    from . import widen as wide
    from . import widths as sizes
    from .reductions import Reduction
    from .widen import Widen
    from .widths import Widths
else:
    # For what a first look at the body does not rule out.
    steps, last_values, chains, neighbours = lazy("jitney.opt.vector", "congruences", "picks", "serial", "shifted")
    far, tables, wide, sizes = lazy("jitney.opt.vector", "strided", "lookups", "widen", "widths")

_CONST, _STORE, _ADD, _FCALL, _SELECT = OPS["const"], OPS["store"], OPS["add"], OPS["fcall"], OPS["select"]
_MOST_LANES = 64
_LONG = 13  # instructions: their lanes need not be interleaved with further ones, unless they wait for each other
_DEEP = 28.0  # cycles of waiting that the processor does not fill with the next round
_ABREAST = 6.0  # instructions under way at a time, with their latencies: so many keep the units busy
_MOST_COPIED = 160, 64  # instructions that are interleaved twice, and four times
_MOST_LIVE = 14  # values of all copies that wait to be used: more than that are spilled
_USUAL = 32  # bytes of the registers that short rounds and what there is not for wider ones are computed in
_CONVERSIONS = ("vsext", "vzext", "vtrunc")
_MOST_CONVERSIONS = 2  # in a round, without asking whether lanes of one width would not be better
_MOST_TESTS = 24  # pairs of arrays that are told apart before a loop
_GAIN = 0.75  # of the scalar loop's cost: a round must cost no more
_SWITCH = 8.0  # to another round, and what is carried to where it is carried to
_OVERHEAD = 2.0  # counting and branching, in each iteration and each round
_SHARED = 0.5  # the same of short loops of which several iterations are done at a time
_ASSUMED_TRIPS = 1 << 14  # tested where it does not show; what `split` leaves at most
# Roughly in cycles of one unit, other than 1.
_SCALAR_COSTS = {
    "fcall": 40.0, "fdiv": 4.0, "fsqrt": 5.0, "fpower": 6.0, "load": 0.5, "param": 0.5, "const": 0.0, "ptradd": 0.0,
}  # fmt: skip
# For loops with a serial part: what works side by side, and what the divider takes of one number, of a register full.
_UNITS = 3.0
_DIVIDER = {"fdiv": (5.0, 8.0), "fsqrt": (6.0, 9.0)}


class Group:
    """Accesses whose addresses differ by numbers.

    Attributes:
        at: the address of the first of them. least, most: how far the others begin and end from there, in bytes.
        stores: whether there is one. size: of each of them, 0 if they differ.
        spans: of what is looked up, how far on it may be, see `lookups.Lookup`.
    """

    __slots__ = ("at", "least", "most", "size", "spans", "stores")

    def __init__(self, access: Access) -> None:
        self.at = access.at
        self.least, self.most = 0, access.memory.access.size
        self.stores = access.store
        self.size = access.memory.access.size
        self.spans: tuple[tuple[int, int, int], ...] = ()

    def add(self, access: Access) -> None:
        apart = wrap(access.at.const - self.at.const)
        self.least = min(self.least, apart)
        self.most = max(self.most, apart + access.memory.access.size)
        self.stores = self.stores or access.store
        if access.memory.access.size != self.size:
            self.size = 0


def plans(function: Function, loops: list[Loop]) -> dict[Block, Plan]:
    """Plans for those of `loops` that can be vectorised and gain, by their preheaders."""
    found: dict[Block, Plan] = {}
    laid_out(function)
    around = Surroundings(function)
    for loop in loops:
        try:
            found[loop.preheader] = Plan(function, loop, around)
        except NotVectorizable:
            continue
    return found


class Surroundings:
    """What all loops ask of their function, found in one sweep.

    Attributes:
        blocks: of each loop those that belong to no loop inside, in order.
        used: values made in these blocks of a loop that others use, and where.
    """

    __slots__ = ("blocks", "used")

    def __init__(self, function: Function) -> None:
        self.blocks: dict[Loop, list[Block]] = {}
        self.used: dict[Loop, list[tuple[int, Block]]] = {}
        homes, args = function.homes, function.args
        for block in function.blocks:
            loop = block.loop
            if loop is not None:
                self.blocks.setdefault(loop, []).append(block)
            here = [a for v in block.insts for a in args[v]]
            here += block.term_args
            for edge in block.edges:
                here += edge.args
            for a in here:
                home = homes[a].loop
                if home is not loop and home is not None:
                    self.used.setdefault(home, []).append((a, block))


class Plan:
    """How one loop is vectorised.

    Attributes:
        widens: the vector instructions, for most lanes first. forward: lane 0 has the least counter.
        groups: of accesses; `tests`: pairs of them that must not overlap. orders: of such pairs, by how many bytes the
            first must be in front of the second, the way they move, so that what comes first in a round may: (at least
            that for some accesses, at most that for others).
        serial: what is carried around in order, None without.
        trips: iterations at most, 0 if unknown; `short`: this has to be tested.
        last: values of which the last one is used behind the loop.
    """

    __slots__ = (
        "body", "forward", "groups", "last", "orders", "reductions", "serial", "short", "tests", "trips", "widens",
    )  # fmt: skip

    def __init__(self, function: Function, loop: Loop, around: Surroundings) -> None:
        try:
            body = self.body = Body(function, loop, around)
        except NotVectorizable:
            rows = row_lengths(function, loop, around.blocks[loop])
            if not rows:
                raise
            body = self.body = Body(function, loop, around, rows)
        if any(body.op(result) is _SELECT for result in body.carried.values()):
            body.picks = last_values.find(body)
        self.reductions, ordered = find(body)
        if ordered:
            body.congruences = steps.find(body, ordered)
            ordered = [p for p in ordered if p not in body.congruences]
            ordered = neighbours.find(body, ordered)
        self._advance_loads()
        serial = self.serial = chains.Serial(body, ordered) if ordered else None
        scan = serial.scan if serial is not None else None
        waits = serial.latency if serial is not None and scan is None else 0
        if waits and waits >= _GAIN * _cycles(*self._iteration(), waits):
            raise NotVectorizable("bound by what goes in order")
        chained = {v for r in self.reductions for v in r.chain}
        if any(body.insts[v].op.base and v not in chained for v in body.order):
            raise NotVectorizable("a check in the loop")
        self.trips = _trips(function, loop)
        self.short = self.trips == 0 and any(r.checked for r in self.reductions)
        if self.short:
            self.trips = _ASSUMED_TRIPS
        self.forward = True
        least, strided = self._strides()
        if scan is not None and not (self.forward and body.loop.step > 0):
            raise NotVectorizable("a scan the other way round")
        self.groups: dict[tuple[object, ...], Group] = {}
        self.tests: list[tuple[Group, Group]] = []
        self.orders: dict[tuple[Group, Group], tuple[list[int], list[int]]] = {}
        reach = self._depend()
        if strided:
            body.strided = far.clusters(body, strided)
        if body.guards or scan is not None or any(body.insts[v].op is _FCALL for v in body.order):
            self._defer_stores()
        wanted = [*map(body.resolve, body.live), *body.passed.values()]
        ends = {body.carried[p] for p in body.carried if p not in body.passed and p not in body.shifted}
        self.last = {v for v in wanted if not body.derived(v, ends)}
        widths = sizes.Widths(body, self.reductions, self.last, serial)
        if self.reductions and any(a.store for a in body.accesses) and any(map(self._may_replay, self.reductions)):
            self._repeat_stores()
        self.widens = self._programs(widths, reach, least)

    def _strides(self) -> tuple[int, list[Access]]:
        """Lanes go with most of the accesses. Gives the least size, 8 where there is none, and those accesses that go
        on by more than their size."""
        least = 8
        strided = []
        body = self.body
        ways = 0
        for access in body.accesses:
            size, coef = access.memory.access.size, access.at.coef
            if coef == 0:
                if access.store:
                    raise NotVectorizable("a store to the same place each time")
                if access.value not in body.uniform:
                    raise NotVectorizable("a load from the same place, not in each iteration")
                continue
            if abs(coef) != size and far.is_strided(access):
                strided.append(access)
            ways += 1 if coef > 0 else -1
            least = min(least, size)
        self.forward = ways >= 0
        return least, strided

    def _advance_loads(self) -> None:
        """Loads of what a store before them writes in one of the next iterations go before that store: else a round
        would load what it has stored itself."""
        body, step = self.body, self.body.loop.step
        accesses = body.accesses
        if not any(a.store for a in accesses):
            return
        for k, load in enumerate(accesses):
            if load.store or load.memory.invariant:
                continue
            stores = [(j, a) for j, a in enumerate(accesses[:k]) if a.store]
            try:
                met = {j: distance(a, load, step) for j, a in stores if a.at.key == load.at.key and load.at.coef}
            except ValueError:
                continue
            begin = min([j for j, apart in met.items() if apart is not None and -_MOST_LANES < apart < 0], default=k)
            passed = [a for j, a in stores if j >= begin]
            if begin == k or any(apart is not None and apart >= 0 for j, apart in met.items() if j >= begin):
                continue
            place = body.order.index(accesses[begin].value)
            inst = body.insts[load.value]
            if not {*inst.args, inst.mask}.isdisjoint(body.order[place:]):
                continue
            body.elsewhere.update([(a.at.key, load.at.key) for a in passed if a.at.key != load.at.key])
            body.order.remove(load.value)
            body.order.insert(place, load.value)
            accesses.insert(begin, accesses.pop(k))

    def _depend(self) -> int:
        """How many iterations may run at a time, as far as accesses with the same base are concerned; all other pairs
        with a store must be tested."""
        accesses, step = self.body.accesses, self.body.loop.step
        if not any(a.store for a in accesses):
            return _MOST_LANES
        reach = _MOST_LANES
        for access in accesses:
            if access.memory.invariant:
                continue
            key = access.at.key
            if key in self.groups:
                self.groups[key].add(access)
            else:
                self.groups[key] = Group(access)
        for k, later in enumerate(accesses):
            for first in accesses[:k]:
                if not (first.store or later.store) or first.memory.invariant or later.memory.invariant:
                    continue
                a, b = first.memory.region, later.memory.region
                if a != b and a and b:
                    continue
                if first.at.key != later.at.key:
                    if self.body.loop.apart or self._distinct(first, later):
                        continue
                    pair = self.groups[first.at.key], self.groups[later.at.key]
                    if pair not in self.tests and pair[::-1] not in self.tests:
                        self.tests.append(pair)
                    self._order(pair, wrap(first.at.const - pair[0].at.const), wrap(later.at.const - pair[1].at.const))
                    continue
                try:
                    apart = distance(first, later, step)
                except ValueError as problem:
                    raise NotVectorizable(str(problem)) from None
                # What comes first in an iteration comes first in a round: wrong where it is of a later iteration.
                if apart is not None and apart < 0:
                    reach = min(reach, -apart)
        if self.body.lookups:
            self.tests += tables.tests(self.body, [g for g in self.groups.values() if g.stores])
        if len(self.tests) > _MOST_TESTS:
            raise NotVectorizable("too many arrays to tell apart")
        return reach

    def _distinct(self, a: Access, b: Access) -> bool:
        function = self.body.function
        bases = [[v for v in access.at.terms if function.types[v] is PTR] for access in (a, b)]
        return len(bases[0]) == len(bases[1]) == 1 and distinct(function, bases[0][0], bases[1][0])

    def _order(self, pair: tuple[Group, Group], first: int, later: int) -> None:
        """Note an access of each group, so many bytes from it, of which one comes first in an iteration. The other must
        not have touched the same bytes in an earlier one."""
        way = 1 if pair[0].at.coef * self.body.loop.step > 0 else -1
        if pair[::-1] in self.orders:
            self.orders[pair[::-1]][1].append(way * (first - later))
        else:
            self.orders.setdefault(pair, ([], []))[0].append(way * (later - first))

    def ordered(self, a: Group, b: Group) -> tuple[int | None, int | None] | None:
        """By how many bytes `a` must be in front of `b` at least, and at most, that no lane of a round does too early
        what comes first in an iteration; None if that alone is not enough."""
        keys = a.at.key, b.at.key
        if not (a.at.coef == b.at.coef and a.size == b.size == abs(a.at.coef)) or (a, b) not in self.orders:
            return None
        if keys in self.body.elsewhere or keys[::-1] in self.body.elsewhere:
            return None
        least, most = self.orders[a, b]
        return max(least, default=None), min(most, default=None)

    def _defer_stores(self) -> None:
        """A round that may be left has its stores at its end: no load behind a store may want what that writes."""
        stores: list[Access] = []
        for access in self.body.accesses:
            if access.store:
                stores.append(access)
                continue
            for store in stores:
                if access.memory.invariant or (access.memory.region != store.memory.region
                                               and access.memory.region and store.memory.region):  # fmt: skip
                    continue
                if access.at.key != store.at.key:
                    self.body.elsewhere.add((store.at.key, access.at.key))
                    continue
                apart = distance(store, access, self.body.loop.step)
                if apart is not None and apart >= 0:
                    raise NotVectorizable("a load of what is stored before, and a check")

    def _repeat_stores(self) -> None:
        """Where all may have to be done again by the scalar loop, its stores write the same once more: nothing that
        they write is loaded, not even by the iteration itself."""
        body = self.body
        if body.guards or body.early or body.loop.apart:
            raise NotVectorizable("a reduction that may have to be done again, and stores")
        for store in body.accesses:
            if not store.store:
                continue
            a = store.memory.region
            for load in body.accesses:
                b = load.memory.region
                if load.store or load.memory.invariant or (a != b and a and b):
                    continue
                if load.at.key == store.at.key:
                    raise NotVectorizable("a reduction that may have to be done again, and stores to what is loaded")
                body.elsewhere.add((store.at.key, load.at.key))

    def may_coincide(self, a: Group, b: Group) -> bool:
        """Whether it does no harm if both are the same array: each iteration touches one element of it, in order."""
        keys = a.at.key, b.at.key
        return (
            a.at.coef == b.at.coef != 0 and a.least == b.least == 0 and a.most == b.most == abs(a.at.coef)
            and keys not in self.body.elsewhere and keys[::-1] not in self.body.elsewhere
        )  # fmt: skip

    def _iteration(self) -> tuple[float, float]:
        """The scalar loop's work: of ordinary units, and of the divider."""
        names = [self.body.insts[v].op.name for v in self.body.order]
        units = sum([_SCALAR_COSTS.get(name, 1.0) for name in names if name not in _DIVIDER])
        return units + _OVERHEAD, sum([_DIVIDER[name][0] for name in names if name in _DIVIDER])

    def _round(self, widen: Widen, lanes: int) -> float:
        """The cycles of a round with a serial part."""
        assert self.serial is not None
        program = widen.program
        rare = [k for k, name in enumerate(program.ops) if name in _DIVIDER and program.varying[k]]
        divider = sum([_DIVIDER[program.ops[k]][program.types[k].lanes > 1] for k in rare])
        units = program.cost - sum([COSTS[program.ops[k]] for k in rare])
        return _cycles(units + _OVERHEAD, divider, lanes * self.serial.latency)

    def _may_replay(self, reduction: Reduction) -> bool:
        return reduction.kind in ("fmin", "fmax") or reduction.checked

    def _programs(self, widths: Widths, reach: int, least: int) -> list[Widen]:
        """The rounds, the longest first: several registers per value, and then one for what is left."""
        body, target = self.body, self.body.function.target
        lane = [widths.lane[v] for v in body.order if v in widths.lane]
        count = sum([_LONG if body.insts[v].op is _FCALL else 1 for v in body.order if v in widths.needed])
        count += 2 * len(body.picks)
        widest = target.vector_bytes
        register = 8 * min(widest, _USUAL) // max(lane, default=64)
        single = max(16 // least, register if register <= 8 else register // 2)
        longest = 8 * widest // max(lane, default=64)
        copies = 4 if count <= 4 else 2 if count < _LONG else 1
        if _LONG <= count <= _MOST_COPIED[0] and self._waits():
            copies = 4 if count <= _MOST_COPIED[1] else 2
            while copies > 1 and copies * self._live(widths) > _MOST_LIVE:
                copies //= 2
        if body.lookups:
            copies = 1
        lanes = max(single, longest * copies)
        scalar = sum([_SCALAR_COSTS.get(body.insts[v].op.name, 1.0) for v in body.order
                      if v in widths.needed or body.insts[v].op is _STORE])  # fmt: skip
        lanes, single = min(lanes, _MOST_LANES), min(single, _MOST_LANES)
        while lanes > reach or lanes > self.trips > 0:
            lanes //= 2
        if lanes < 2:
            raise NotVectorizable("iterations depend on each other")
        ordered = self.serial if self.serial is not None and self.serial.scan is None else None
        if self.serial is not None:
            # One register of each value is enough to keep the units busy beside what goes in order.
            fewest = widest // 8 if any(body.insts[v].op is _FCALL for v in body.order) else single
            lanes = min(lanes, fewest if ordered is not None else max(single, widest // 8))
        programs: list[Widen] = []
        for n in sorted({lanes, min(lanes, single)}, reverse=True):
            try:
                widen = self._widened(widths, n, widest)
            except NotVectorizable:
                if not programs:
                    raise
                break
            if ordered is not None:
                if self._round(widen, n) > _GAIN * n * _cycles(*self._iteration(), ordered.latency):
                    break
            elif widen.program.cost + _OVERHEAD > _GAIN * n * (scalar + self._overhead()):
                break
            programs.append(widen)
        if not programs:
            raise NotVectorizable("no gain")
        if widest > _USUAL and longest <= reach and self._may_mask():
            self._end_masked(programs, widths, longest, widest, scalar)
        return programs

    def _overhead(self) -> float:
        """What an iteration of the scalar loop counts and branches, besides what it does."""
        body = self.body
        short = body.lookups and not any(body.insts[v].op.name in _DIVIDER for v in body.order)
        return _SHARED if short else _OVERHEAD

    def _live(self, widths: Widths) -> int:
        """How many values in lanes wait to be used at a time, at most."""
        body = self.body
        last = {body.resolve(a): k for k, v in enumerate(body.order) for a in body.insts[v].args}
        ends = [0] * (len(body.order) + 1)
        live = most = 1
        for k, v in enumerate(body.order):
            live -= ends[k]
            if v in widths.needed and v in last:
                live += 1
                ends[last[v]] += 1
            most = max(most, live)
        return most

    def _waits(self) -> bool:
        """Whether an iteration is a chain so long that a round mostly waits: `s = (s * 5 + 7) & m`, again and again."""
        body = self.body
        if self.serial is not None:
            return False
        depths: dict[int, float] = {}
        work = deepest = 0.0
        for v in body.order:
            inst = body.insts[v]
            takes = chains.LATENCIES.get(inst.op.name, 1)
            work += takes
            depths[v] = takes + max([depths.get(body.resolve(a), 0.0) for a in inst.args], default=0.0)
            deepest = max(deepest, depths[v])
        return deepest >= _DEEP and work < _ABREAST * deepest

    def _end_masked(self, programs: list[Widen], widths: Widths, lanes: int, widest: int, scalar: float) -> None:
        """A last round for some of the lanes, instead of single iterations, from so many on that it gains."""
        short = programs[-1]
        if short.program.cost + _OVERHEAD + _SWITCH >= short.lanes * (scalar + _OVERHEAD):
            return
        try:
            floor = programs[0].floor if lanes == programs[0].lanes else 8
            masked = wide.Widen(self.body, self.reductions, widths, lanes, widest, True, self.trips, None, True, floor)
        except NotVectorizable:
            return
        cost = masked.program.cost + _OVERHEAD + _SWITCH * (1 + len(masked.accumulators))
        masked.least = math.ceil(cost / (scalar + _OVERHEAD))
        if masked.least < short.lanes:
            programs.append(masked)

    def _may_mask(self) -> bool:
        """Whether the last round may have fewer iterations than lanes. Not where elements are loaded that a round has
        stored not long ago: what a masked store writes is not there at once. Extremes of floats take too long to bring
        from one round's lanes to the next one's."""
        stores = {a.at.key for a in self.body.accesses if a.store}
        return (
            self.serial is None and self.forward and self.body.loop.step > 0
            and not self.last and not self.body.congruences
            and not self.body.shifted
            and not any(a.at.key in stores for a in self.body.accesses if not a.store)
            and not any(self.body.type(r.param).is_float for r in self.reductions)
        )  # fmt: skip

    def _widened(self, widths: Widths, lanes: int, widest: int) -> Widen:
        """The program for so many lanes, in registers as long as there are all operations for. Where lanes of several
        widths meet again and again, the widest of them may be better for all."""
        given = self.body, self.reductions, widths, lanes, widest, self.forward, self.trips, self.serial
        try:
            widen = wide.Widen(*given)
        except Missing:
            if widest <= _USUAL:
                raise
            return self._widened(widths, lanes, _USUAL)
        full = max([widths.lane[v] for v in self.body.order if v in widths.lane], default=64)
        if widen.floor < full and sum(map(widen.program.ops.count, _CONVERSIONS)) >= _MOST_CONVERSIONS:
            try:
                uniform = wide.Widen(*given, floor=full)
            except NotVectorizable:
                uniform = widen
            if uniform.program.cost < widen.program.cost:
                widen = uniform
        widen.require_last(self.last)
        return widen


def _cycles(units: float, divider: float, latency: int) -> float:
    """What a piece of work takes: whatever of this is most."""
    return max(units / _UNITS, divider, latency)


def _trips(function: Function, loop: Loop) -> int:
    """Iterations at most, if that shows; else 0."""
    start = loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]
    stop, home = loop.stop, function.homes[loop.stop]
    if stop not in home.params or start not in home.params:
        return _apart(function, start, stop, loop.step)
    # As `split` leaves it: both are parameters of the loop around, which goes on by so many at a time.
    first, last = home.params.index(start), home.params.index(stop)
    edges = [e for block in function.blocks for e in block.edges if e.target is home]
    most = [_apart(function, e.args[first], e.args[last], loop.step) for e in edges]
    return max(most) if most and min(most) > 0 else 0


def _apart(function: Function, start: int, stop: int, step: int) -> int:
    """How many steps it is at most from one to the other, if that shows; else 0."""
    ops, args, imms = function.ops, function.args, function.imms
    name = ops[stop].name
    if name in ("add", "sub") and start in args[stop]:
        # The start and at most so many.
        a, b = args[stop]
        stop = b if a == start else a
        name, start = ops[stop].name, -1
    if name == "umin":
        known = [int(imms[limit]) for limit in args[stop] if ops[limit] is _CONST and imms[limit] >= 0]
        return known[0] if known and (start < 0 or (ops[start] is _CONST and imms[start] == 0)) else 0
    for limit in args[stop] if name == ("smin" if step > 0 else "smax") else (stop,):
        if start >= 0 and ops[limit] is _CONST and ops[start] is _CONST:
            return max(0, int(imms[limit] - imms[start]) * step)
        if start >= 0 and ops[limit] is _ADD and args[limit][0] == start and ops[args[limit][1]] is _CONST:
            return max(0, int(imms[args[limit][1]]) * step)
    return 0
