"""Loads at places that come from data: `t[x[i]]`, a table that is interpolated, a permutation.

    v2 = load i64 [x + k*8]         v2 = load v4i64 [x + k*8]
    v3 = index v2, n                v3 = ugt v2, (n - 1 everywhere): leave the round if that is so in any lane
    v4 = load f64 [t + v3*8]        v4 = load f64 [t + (lane 0 of v2)*8]; load [t + (lane 1 of v2)*8]; ...

Lanes are put together of as many scalar loads: there are instructions that *gather*, but where they were measured they
gained nothing over that, and lost where several loads share an index, which is taken out of its lanes once. Two
neighbours (`t[j]`, `t[j + 1]`) are one load for each lane, taken apart by shuffles for all of them.

The checks come before the loads: a round looks at those conditions that no such load is needed for first. A negative
index counts as one that is out of range: the scalar loop knows what to do with it. What an index is checked against
also tells which bytes may be loaded, for telling stores apart from them.
"""

from __future__ import annotations

from ...analysis.dependence import Access, Addresses, Linear
from ...analysis.intervals import access_range
from ...ir.ops import OPS
from ...ir.types import F32, F64, I1, I32, I64, PTR, vector
from .early import by_data
from .masks import ALWAYS, NotVectorizable
from .program import ELEMENT, SCALAR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...ir.ops import Op
    from ...ir.types import Type
    from .body import Body
    from .masks import Mask
    from .plan import Group
    from .widen import Widen

_ADD, _SUB, _MUL, _SHL, _NEG, _PTRADD = (OPS[name] for name in ("add", "sub", "mul", "shl", "neg", "ptradd"))
_CONST, _LOAD, _ULT, _AND = OPS["const"], OPS["load"], OPS["ult"], OPS["and"]
_SUMS = frozenset((_ADD, _SUB, _PTRADD, _NEG, _CONST))
_SHORT = 255  # an index of no more is not looked at: tables are as long as that, which is tested before the loop
_WIDENED = vector(I32, 4)
_NEAR = 64  # how far apart numbers are, at most, that are checked together
_SCALES = (8, 4, 2, 1)


class Lookup:
    """One load.

    Attributes:
        value: the instruction. memory: its `Memory`.
        base: the address without what changes, with a coefficient of 0. leaves: what changes, in lanes, and what it is
            multiplied by, in bytes.
        at: where the first byte is that may be loaded. spans: how far on from there, for each index: (length,
            factor or -1, multiplier): (length - 1) * factor * multiplier bytes. reach: further bytes, for indices of
            which a bound is known.
    """

    __slots__ = ("at", "base", "leaves", "memory", "reach", "spans", "value")

    def __init__(
        self, value: int, memory: Any, base: Linear, leaves: dict[int, int], at: Linear,
        spans: list[tuple[int, int, int]], reach: int
    ) -> None:
        self.value = value
        self.memory = memory
        self.base = base
        self.leaves = leaves
        self.at = at
        self.spans = spans
        self.reach = reach

    @property
    def key(self) -> tuple[Any, ...]:
        """Of two with the same key the difference is a number."""
        return self.base.key, frozenset(self.leaves.items()), self.memory.access


class Limit:
    """``0 <= x + low`` and ``x + high < length``, which is longer than high - low."""

    __slots__ = ("high", "length", "low", "x")

    def __init__(self, x: int, length: int, apart: int) -> None:
        self.x = x
        self.length = length
        self.low = self.high = apart


class Lookups:
    """What is looked up in a loop.

    Attributes:
        lengths: of what is checked, an invariant it is less than, or the round is left.
    """

    __slots__ = ("_addresses", "_body", "_places", "lengths")

    def __init__(self, body: Body) -> None:
        self._body = body
        self.lengths: dict[int, int] = {}
        self._addresses = Addresses(body.counter, self._linear)
        self._places = Addresses(body.counter, self._checked)

    def check(self, x: int, length: int, mask: Mask) -> list[int]:
        """`x` must be less than `length`, and not negative: new conditions, none if that is tested before the loop, or
        by the condition of a number not far from `x`."""
        body = self._body
        if mask != ALWAYS or body.inside(length) or not body.inside(x):
            raise NotVectorizable("an index that hangs on the data")
        self.lengths[x] = length
        most = self._short(x)
        body.longer[length] = max(most, 0, body.longer.get(length, 0))
        if most >= 0:
            return []
        apart, at = 0, self._addresses.linear(x)
        if at is not None and list(at.terms.values()) == [1] and not at.coef and abs(at.const) <= _NEAR:
            (x,), apart = at.terms, at.const
        cond = body.make(_ULT, (x, length), I1, own="limit")
        limit = body.limits.get(cond)
        if limit is not None:
            limit.low, limit.high = min(limit.low, apart), max(limit.high, apart)
            body.longer[length] = max(limit.high - limit.low, body.longer[length])
            return []
        if not by_data(body, cond):
            raise NotVectorizable("an index that hangs on the counter")
        body.limits[cond] = Limit(x, length, apart)
        return [cond]

    def add(self, v: int, given: tuple[int, ...], memory: Any, mask: Mask) -> None:
        """The place of load `v` comes from data: it, or one before it of the same place, goes to `Body.lookups`."""
        body = self._body
        index = given[1] if len(given) > 1 else None
        whole, at = self._addresses.of(given[0], index, memory), self._places.of(given[0], index, memory)
        if mask != ALWAYS or whole is None or at is None or whole.coef or memory.access.type not in (I64, F32, F64):
            raise NotVectorizable("an address that hangs on the data")
        leaves = {x: mult for x, mult in whole.terms.items() if body.inside(x)}
        base = Linear({x: mult for x, mult in whole.terms.items() if x not in leaves}, 0, whole.const)
        pointers = [x for x in base.terms if body.type(x) is PTR]
        if len(pointers) != 1 or base.terms[pointers[0]] != 1 or any(body.type(x) is not I64 for x in leaves):
            raise NotVectorizable("an address that hangs on the data")
        if any(mult <= 0 for x, mult in at.terms.items() if body.inside(x)):
            raise NotVectorizable("an index that goes down")
        known = {x: self._short(x) for x in at.terms if body.inside(x) and x not in self.lengths}
        reach = sum([most * at.terms[x] for x, most in known.items() if most > 0])
        spans = [self._span(x, mult) for x, mult in at.terms.items() if body.inside(x) and known.get(x, -1) < 0]
        low = Linear({x: mult for x, mult in at.terms.items() if not body.inside(x)}, 0, at.const)
        lookup = Lookup(v, memory, base, leaves, low, spans, reach)
        same = (o for o in body.lookups.values() if o.key == lookup.key and o.base.const == base.const)
        body.lookups[v] = next(same, lookup)

    def _linear(self, v: int) -> tuple[Op, tuple[int, ...], Any] | None:
        """A definition that sums are made of; anything else is a leaf."""
        body = self._body
        defined = body.definition(v)
        if defined is None or defined[0] in _SUMS:
            return defined
        op, args, _ = defined
        if op is _MUL and any(body.constant(a) is not None for a in args):
            return defined
        return defined if op is _SHL and body.constant(args[1]) is not None else None

    def _checked(self, v: int) -> tuple[Op, tuple[int, ...], Any] | None:
        """The same, but what is checked is a leaf."""
        return None if v in self.lengths else self._linear(v)

    def _short(self, x: int) -> int:
        """What `x` is at most, if that is little, and never negative; else -1."""
        inst = self._body.insts.get(x)
        if inst is None:
            raise NotVectorizable("an index that an iteration leaves to the next")
        low, high = -1, -1
        if inst.op is _LOAD:
            low, high = access_range(inst.imm)
        elif inst.op is _AND:
            known = self._body.constant(inst.args[1])
            low, high = (0, known) if known is not None else (-1, -1)
        return high if low == 0 and 0 <= high <= _SHORT else -1

    def _span(self, x: int, mult: int) -> tuple[int, int, int]:
        body, factor = self._body, -1
        if x not in self.lengths:
            inst = body.insts[x]
            checked = [a for a in inst.args if a in self.lengths]
            others = [a for a in inst.args if not body.inside(a)]
            if inst.op is not _MUL or len(checked) != 1 or len(others) != 1:
                raise NotVectorizable("an index that nothing is known of")
            x, factor = checked[0], others[0]
        return self.lengths[x], factor, mult


def tests(body: Body, stores: list[Group]) -> list[tuple[Group, Group]]:
    """What stores must not overlap with."""
    groups: dict[tuple[Any, ...], Group] = {}
    reach: dict[Group, int] = {}
    kind = stores[0].__class__
    for lookup in body.lookups.values():
        key = lookup.at.key, lookup.reach, *lookup.spans
        access = Access(lookup.value, lookup.memory, False, lookup.at)
        if key in groups:
            groups[key].add(access)
        else:
            groups[key] = kind(access)
            groups[key].spans = tuple(lookup.spans)
            reach[groups[key]] = lookup.reach
    for group, further in reach.items():
        group.most += further
    for store in stores:
        for group in groups.values():
            if any(body.type(x) is PTR and x in group.at.terms for x in store.at.terms):
                raise NotVectorizable("a store to what is looked up")
    return [(store, group) for store in stores for group in groups.values()]


def load(widen: Widen, v: int) -> None:
    """Set the lanes of the load `v`, and of a neighbour that is loaded with it."""
    lookup, found = widen.body.lookups[v], widen.apart.pop(v, None)
    width = max(32, 8 * lookup.memory.access.size)
    if found is None:
        other = _neighbour(widen, lookup)
        first = lookup if other is None or other.base.const > lookup.base.const else other
        loaded = _elements(widen, first, other is not None)
        element, per = _element(lookup.memory.access), min(widen.lanes, 8 * widen.widest // width)
        type = vector(element, per)
        rows = [loaded[k : k + per] for k in range(0, widen.lanes, per)]
        if other is None:
            found = [_together(widen, row, type) for row in rows]
        else:
            columns = [list(column) for column in zip(*[_columns(widen, row, type) for row in rows])]
            mine = 0 if first is lookup else 1
            found, widen.apart[other.value] = columns[mine], columns[1 - mine]
    widen.put(v, width, found)


def _element(access: Any) -> Type:
    """What lanes of so many bytes are of."""
    if access.type is not I64:
        return access.type  # type: ignore[no-any-return]
    return I64 if access.size == 8 else I32


def _neighbour(widen: Widen, lookup: Lookup) -> Lookup | None:
    """The load of the element beside, if that is wanted, too."""
    size = lookup.memory.access.size
    if size < 4 or widen.lanes * size < 16:
        return None
    for other in widen.body.lookups.values():
        if (
            other.key == lookup.key and abs(other.base.const - lookup.base.const) == size
            and other.value in widen.widths.needed and other.value not in widen.parts and other.value not in widen.apart
        ):  # fmt: skip
            return other
    return None


def _elements(widen: Widen, lookup: Lookup, two: bool) -> list[int]:
    """For each lane the element, as a scalar, or it and the one behind it, as a vector."""
    program, emit = widen.program, widen.program.emit
    scale = next(n for n in _SCALES if not any(mult % n for mult in lookup.leaves.values()))
    base, const = -1, lookup.base.const
    for x, mult in sorted(lookup.base.terms.items(), key=lambda term: widen.body.type(term[0]) is not PTR):
        scalar = program.leaf(SCALAR, x, widen.body.type(x))
        if base < 0:
            base = scalar
        else:
            base = emit("ptradd", (base, emit("mul", (scalar, program.const(I64, mult)))))
    if not -(1 << 30) < const < 1 << 30:
        raise NotVectorizable("an address that hangs on the data, far away")
    access = lookup.memory.access
    type = vector(_element(access), 2) if two else access.type
    where = lookup.value, const, scale
    return [emit(ELEMENT, (base, k), type, where) for part in _index(widen, lookup, scale) for k in _lanes(widen, part)]


def _index(widen: Widen, lookup: Lookup, scale: int) -> list[int]:
    """The sum of what changes, in lanes that hold it."""
    leaves = [(x, mult // scale) for x, mult in lookup.leaves.items()]
    if len(leaves) == 1 and leaves[0][1] == 1:
        x = leaves[0][0]
        low, high = widen.widths.bound(x)
        short = -(1 << 31) <= low and high < 1 << 31
        # Of 64 bits they are taken out of lanes by fewer instructions.
        return widen.ints(x, 64 if not short or widen.target.supports("vsext", _WIDENED) else 32)
    total: list[int] = []
    for x, times in leaves:
        term = widen.ints(x, 64)
        if times != 1:
            by = widen.splat_number(times, 64)
            term = [widen.program.emit("mul", (part, by)) for part in term]
        total = [widen.program.emit("add", row) for row in zip(total, term)] if total else term
    return total


def _lanes(widen: Widen, part: int) -> list[int]:
    """Each lane as a scalar."""
    emit, type = widen.program.emit, widen.program.types[part]
    if type.size > 16:
        return [lane for half in ("low", "high") for lane in _lanes(widen, emit(half, (part,)))]
    return [emit("lane", (part,), None, k) for k in range(type.lanes)]


def _together(widen: Widen, given: list[int], type: Type) -> int:
    """Scalars, or smaller vectors, as one vector."""
    emit, types = widen.program.emit, widen.program.types
    element, lanes = type.element, types[given[0]].lanes
    if len(given) == 1 and lanes > 1:
        return given[0]
    if lanes > 1 or len(given) * element.size > 16:
        half = len(given) // 2
        low, high = [_together(widen, row, vector(element, half * lanes)) for row in (given[:half], given[half:])]
        return emit("join", (low, high))
    made = emit("splat", (given[0],), type)
    for k, x in enumerate(given[1:], 1):
        made = emit("insert", (made, x), None, k)
    return made


def _columns(widen: Widen, given: list[int], type: Type) -> tuple[int, int]:
    """The first elements of pairs, and the second ones."""
    n = type.lanes
    unit = 16 // type.element.size // 2  # pairs in 128 bits
    halves = [[x for k, x in enumerate(given) if k // unit % 2 == half] for half in (0, 1)]
    low, high = [_together(widen, half, type) for half in halves]
    order = [2 * (k // 2 // unit * unit + k % unit) + (n if k // unit % 2 else 0) for k in range(n)]
    first, second = [
        widen.program.emit("shuffle", (low, high), None, tuple([k + column for k in order])) for column in (0, 1)
    ]
    return first, second
