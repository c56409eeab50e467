"""Accesses that go on by several elements in each iteration: pairs, points, channels of pixels, every other one.

    v1 = load f64 [a + k*16]            w1, w2 = load v4f64 [a + k*16], [a + k*16 + 32]
    v2 = load f64 [a + k*16 + 8]        v1, v2 = shuffle w1, w2, [0, 2, 4, 6], [1, 3, 5, 7]
    store v1, [b + k*16]                shuffle v1, v2, [0, 4, 1, 5] ... store v4f64 ...
    store v2, [b + k*16 + 8]

Accesses whose places differ by less than what they go on by are a *cluster*. All that its loads want is loaded in whole
vectors, from the first element of the first iteration to the last one of the last iteration and no byte beyond: the
last vector begins earlier, if need be. What lies between two elements that are loaded may be loaded, as it is on the
pages of one or the other. Stores are done in whole vectors where the cluster has all elements; memory that the program
does not write is never written. Two by two where their number is even, so that n streams take n log n shuffles (the
method: Nuzman, Rosen, Zaks, "Auto-vectorization of interleaved data for SIMD", 2006).
"""

from __future__ import annotations

from ...analysis.dependence import distance
from ...ir.ops import wrap
from ...ir.types import VOID, mask_of
from .masks import NotVectorizable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...analysis.dependence import Access
    from ...ir.types import Type
    from .body import Body
    from .widen import Widen

    # A value of the program, and which element is in each of its lanes.
    Row = tuple[int, Sequence[int]]

_MOST = 8  # elements from one iteration to the next
_CHEAP, _DEAR = 1.0, 2.0  # what a shuffle of two vectors costs beyond another one: of one instruction, of several


class Cluster:
    """Attributes:
    accesses: the loads or stores, in order. first: the first of them; `least`, `most`: where the others begin from
        there at least and at most, in bytes.
    by: elements from one iteration to the next.
    """

    __slots__ = ("accesses", "by", "first", "least", "most")

    def __init__(self, access: Access) -> None:
        self.accesses = [access]
        self.first = access
        self.by = abs(access.at.coef) // access.memory.access.size
        self.least = self.most = 0

    def takes(self, access: Access) -> bool:
        first, size = self.first, access.memory.access.size
        if access.store is not first.store or access.at.key != first.at.key:
            return False
        apart = wrap(access.at.const - first.at.const)
        span = max(self.most, apart) - min(self.least, apart) + size
        same = access.memory.access is first.memory.access
        return same and apart % size == 0 and span <= abs(first.at.coef)

    def add(self, access: Access) -> None:
        apart = wrap(access.at.const - self.first.at.const)
        self.least, self.most = min(self.least, apart), max(self.most, apart)
        self.accesses.append(access)

    def place(self, access: Access) -> int:
        """Which element of an iteration's it is."""
        return (wrap(access.at.const - self.first.at.const) - self.least) // access.memory.access.size

    def distinct(self) -> bool:
        """Whether no element is accessed twice."""
        return len(self.accesses) == len({self.place(a) for a in self.accesses})


def is_strided(access: Access) -> bool:
    """Whether an access goes on by several elements.

    Raises:
        NotVectorizable: by too many, or by no whole number of them.
    """
    size, coef = access.memory.access.size, abs(access.at.coef)
    if coef == size:
        return False
    if coef % size or coef > _MOST * size:
        raise NotVectorizable("an access with a stride")
    return True


def clusters(body: Body, strided: list[Access]) -> dict[int, Cluster]:
    """The clusters of these accesses, by their instructions. Keys that are taken to be apart go to `body.elsewhere`."""
    found: dict[int, Cluster] = {}
    open_ones: list[Cluster] = []
    wanted = {a.value for a in strided}
    for at, access in enumerate(body.accesses):
        if access.value not in wanted:
            continue
        if body.insts[access.value].mask >= 0:
            raise NotVectorizable("a masked access with a stride")
        for cluster in open_ones:
            if cluster.takes(access) and _may_join(body, cluster, access, at):
                cluster.add(access)
                break
        else:
            cluster = Cluster(access)
            open_ones.append(cluster)
        found[access.value] = cluster
    for cluster in open_ones:
        if cluster.first.store and not cluster.distinct():
            # One by one, in their order.
            found.update({a.value: Cluster(a) for a in cluster.accesses})
    return found


def _may_join(body: Body, cluster: Cluster, access: Access, at: int) -> bool:
    """Whether nothing between keeps a load from being done where the cluster's first one is, or the cluster's stores
    from being done where `access`, number `at`, is."""
    moved = cluster.accesses if access.store else [access]
    begin = body.accesses.index(cluster.accesses[-1 if access.store else 0])
    for between in body.accesses[begin + 1 : at]:
        if between in cluster.accesses or not (between.store or access.store):
            continue
        a, b = between.memory.region, access.memory.region
        if (a != b and a and b) or between.memory.invariant or access.memory.invariant:
            continue
        if between.at.key != access.at.key:
            body.elsewhere.add((between.at.key, access.at.key))
            continue
        for one in moved:
            try:
                apart = distance(one, between, body.loop.step) if access.store else distance(
                    between, one, body.loop.step)  # fmt: skip
            except ValueError:
                return False
            # Later iterations' elements are not what this is about: they are known not to be in the same round.
            if apart is not None and (apart >= 0 or (access.store and between.store)):
                return False
    return True


# -- in lanes ---------------------------------------------------------------------------------------------------------


def load(widen: Widen, cluster: Cluster, v: int, type: Type) -> list[int]:
    """The parts of the load `v`."""
    if v not in widen.apart:
        wanted = [a for a in cluster.accesses if a.value in widen.widths.needed]
        widen.apart.update({a.value: [] for a in wanted})
        for part in range(widen.lanes // type.lanes):
            rows = _loaded(widen, cluster, wanted, type, part)
            _separate(widen, cluster, rows, 0, 1, wanted)
    return widen.apart[v]


def _place(widen: Widen, cluster: Cluster, part: int, lanes: int, element: int) -> tuple[int, int]:
    """Where an element lies, from the first one of those that the lanes of `part` access."""
    coef, first = abs(cluster.first.at.coef), cluster.first
    lane = -((part + 1) * lanes - 1) if widen.turned(first.value) else part * lanes
    return first.value, cluster.least + lane * coef + element * first.memory.access.size


def _loaded(widen: Widen, cluster: Cluster, wanted: list[Access], type: Type, part: int) -> list[Row | None]:
    """Whole vectors; None for one that has nothing that is wanted."""
    lanes, by = type.lanes, cluster.by
    places = [cluster.place(a) for a in wanted]
    end = (lanes - 1) * by + cluster.place(max(cluster.accesses, key=cluster.place)) + 1
    rows: list[Row | None] = []
    for start in range(0, lanes * by, lanes):
        if not any((k - p) % by == 0 for k in range(start, start + lanes) for p in places):
            rows.append(None)
            continue
        start = min(start, end - lanes)
        value = widen.program.emit("load", (), type, _place(widen, cluster, part, lanes, start))
        rows.append((value, range(start, start + lanes)))
    return rows


def _separate(
    widen: Widen, cluster: Cluster, rows: list[Row | None], base: int, step: int, wanted: list[Access]
) -> None:
    """Rows hold the elements base, base + step, ...: give each access that is among `wanted` its own."""
    here = [a for a in wanted if (cluster.place(a) - base) % step == 0]
    if not here:
        return
    by, lanes = cluster.by, len(next(row for row in rows if row is not None)[1])
    turned = widen.turned(cluster.first.value)
    if len(rows) % 2 or len(rows) == 2:
        for access in here:
            order = [cluster.place(access) + by * k for k in range(lanes)]
            widen.apart[access.value].append(_picked(widen, rows, order[::-1] if turned else order))
        return
    for first in (base, base + step):
        if any((cluster.place(a) - first) % (2 * step) == 0 for a in here):
            halves: list[Row | None] = []
            for n in range(0, len(rows), 2):
                order = [first + step * (n * lanes + 2 * k) for k in range(lanes)]
                pair = rows[n : n + 2]
                halves.append((_picked(widen, pair, order), order) if any(pair) else None)
            _separate(widen, cluster, halves, first, 2 * step, here)


def _picked(widen: Widen, rows: Sequence[Row | None], order: Sequence[int]) -> int:
    """The elements `order` from these rows; whatever there is for those that none of them has."""
    program, lanes = widen.program, len(order)
    found, placed = -1, [False] * lanes
    before: Sequence[int] = ()
    for row in rows:
        if row is None:
            continue
        value, elements = row
        at = {e: n for n, e in enumerate(elements)}
        new = [not done and e in at for done, e in zip(placed, order)]
        if not any(new):
            continue
        if found < 0:
            found, before = value, elements
            placed = new
            continue
        places = {e: n for n, e in enumerate(before)}
        numbers = tuple([lanes + at[e] if fresh else places.get(e, 0) for fresh, e in zip(new, order)])
        found = program.emit("shuffle", (found, value), None, numbers)
        program.cost += _CHEAP if widen.cheap_shuffle(program.types[found]) else _DEAR
        placed = [a or b for a, b in zip(placed, new)]
        before = order
    if list(before) != list(order):
        places = {e: n for n, e in enumerate(before)}
        found = program.emit("shuffle", (found,), None, tuple([places.get(e, 0) for e in order]))
    return found


def store(widen: Widen, cluster: Cluster, v: int, parts: list[int]) -> None:
    """Store the cluster once all its values are known."""
    widen.apart[v] = parts
    if not all(a.value in widen.apart for a in cluster.accesses):
        return
    program, by = widen.program, cluster.by
    type, turned = program.types[parts[0]], widen.turned(cluster.first.value)
    lanes = type.lanes
    if len(cluster.accesses) < by and not _masks(widen, type):
        for access in cluster.accesses:
            _scatter(widen, cluster, access, type)
        return
    for part in range(len(parts)):
        streams: dict[int, list[Row]] = {}
        for access in cluster.accesses:
            elements = [cluster.place(access) + by * k for k in range(lanes)]
            value = widen.apart[access.value][part]
            streams[cluster.place(access)] = [(value, elements[::-1] if turned else elements)]
        for n, value in enumerate(_joined(widen, streams, by, lanes)):
            place = _place(widen, cluster, part, lanes, n * lanes)
            mask = tuple([-1 if k % by in streams else 0 for k in range(n * lanes, (n + 1) * lanes)])
            if all(mask):
                program.emit("store", (value,), VOID, place)
            elif any(mask):
                program.emit("mstore", (value, program.const(mask_of(type), mask)), VOID, place)


def _masks(widen: Widen, type: Type) -> bool:
    """Whether some lanes of long vectors can be stored."""
    return type.size > 32 and widen.target.supports("mstore", type)


def _scatter(widen: Widen, cluster: Cluster, access: Access, type: Type) -> None:
    """Store lane by lane."""
    program, coef = widen.program, abs(access.at.coef)
    rows = list(widen.apart[access.value])
    lane = 0
    while rows:
        row = rows.pop(0)
        held = program.types[row]
        if held.size > 16:
            rows = [program.emit("low", (row,)), program.emit("high", (row,)), *rows]
            continue
        for k in range(held.lanes):
            x = program.emit("lane", (row,), None, k)
            way = -lane if widen.turned(access.value) else lane
            program.emit("store", (x,), VOID, (access.value, way * coef))
            lane += 1


def _joined(widen: Widen, streams: dict[int, list[Row]], by: int, lanes: int) -> list[int]:
    """Streams hold the elements k, k + by, ... each: all there are, in order; -1 for a vector without any."""
    step = by
    while step > 2 and step % 2 == 0:
        step //= 2
        merged: dict[int, list[Row]] = {}
        for k in range(step):
            both = [streams[n] for n in (k, k + step) if n in streams]
            rows: list[Row] = []
            for n, pair in enumerate(zip(*both)):
                for half in (2 * n, 2 * n + 1):
                    order = [k + step * (half * lanes + m) for m in range(lanes)]
                    rows.append((_picked(widen, pair, order), order))
            if rows:
                merged[k] = rows
        streams = merged
    every = [row for rows in streams.values() for row in rows]
    return [_picked(widen, every, range(n, n + lanes)) for n in range(0, lanes * by, lanes)]
