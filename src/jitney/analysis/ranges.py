"""Value ranges: what every i64 can be, as a mathematical integer, and which values never exceed which.

One sweep in layout order, which visits the dominators of a block before it. Two kinds of facts:

- numeric: ``low[v] <= v <= high[v]``, at the place the sweep has reached: narrowed by the conditions of the branches
  and guards that dominate it, restored when it leaves their scope;
- symbolic: ``v <= w + c``, from the same conditions and from definitions. `at_most` searches for a chain of them
  (difference constraints on demand; after ABCD: Bodik, Gupta, Sarkar 2000).

A loop's parameters need no iteration to a fixed point. Each is one of

- the counter of a range loop: from its start to just before its stop;
- a value that moves by steps: what it is entered with, moved by at most (iterations) x (step). Where the iterations
  are not bounded, the steps themselves are: a variable that moves by at most 16 each time would need 2**57 steps, over
  a year at one per cycle, to get further than 16 * 2**57 from where it began;
- reset in each iteration to something that can be bounded by itself (`x % 1000`, an element of a byte array);
- anything.

The facts hold for values as the function computes them, wrapping included: the result of an `add` that may wrap is
unbounded. Uses nothing but the IR; makes no change.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I1, I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.function import Block, Edge, Function, Loop

MIN, MAX = -(1 << 63), (1 << 63) - 1
_INFINITE = 1 << 200
_SMALL_STEP = 16
_TIME_LIMIT = 1 << 57  # steps that no loop gets through while somebody waits
_SEARCH = 40  # facts looked at per question to `at_most`
_DEEP = 8  # how far definitions are followed for an estimate
_CHAIN = 40  # and for a step, where each is looked at once

_CONST, _PARAM = OPS["const"], OPS["param"]
_ADD, _ADDO, _SUB, _SUBO = OPS["add"], OPS["addo"], OPS["sub"], OPS["subo"]
_AND, _OR, _XOR, _NOT, _SELECT = OPS["and"], OPS["or"], OPS["xor"], OPS["not"], OPS["select"]
_SMIN, _SMAX, _LOAD, _GUARD, _INDEX = OPS["smin"], OPS["smax"], OPS["load"], OPS["guard"], OPS["index"]
_SLT, _SLE, _SGT, _SGE = OPS["slt"], OPS["sle"], OPS["sgt"], OPS["sge"]
_ULT, _ULE, _UGT, _UGE = OPS["ult"], OPS["ule"], OPS["ugt"], OPS["uge"]
_EQ, _NE = OPS["eq"], OPS["ne"]


class Ranges:
    """The facts about one function. After `sweep`:

    Attributes:
        fits: checked operations that cannot overflow, and indices that are never negative.
        passes: guards that always hold, and indices that are always in [0, n).
        known: instructions whose result is always the same.
        same: instructions that always give one of their arguments.
        params: (low, high) of the parameters of loop headers.
    """

    __slots__ = (
        "_exact", "_incoming", "_joined", "_lower", "_sources", "_trail", "_upper", "fits", "function", "high", "known",
        "low", "params", "passes", "same",
    )  # fmt: skip

    def __init__(self, function: Function) -> None:
        self.function = function
        count = len(function.ops)
        self.low = [MIN] * count
        self.high = [MAX] * count
        self.fits: set[int] = set()
        self.passes: set[int] = set()
        self.known: dict[int, int] = {}
        self.same: dict[int, int] = {}
        self.params: dict[int, tuple[int, int]] = {}
        self._exact: dict[int, tuple[int, int]] = {}  # v -> (w, c) where v = w + c without wrapping
        self._upper: dict[int, list[tuple[int, int]]] = {}  # v -> (w, c) where v <= w + c here
        self._lower: dict[int, list[tuple[int, int]]] = {}  # v -> (w, c) where v >= w + c, by definition
        self._trail: list[tuple[int, int, int]] = []  # (v, low, high) to restore; (v, 0, -1): an `_upper` to drop
        self._joined: dict[int, tuple[int, int]] = {}  # of parameters: what the edges so far bring
        self._sources: dict[Block, list[tuple[Block, int]]] = {}  # of blocks: predecessors, which of their edges
        self._incoming: dict[int, list[int]] = {}  # of parameters: all arguments

    # -- the sweep -------------------------------------------------------------------------------------------------

    def sweep(self) -> Ranges:
        function = self.function
        types, low, high = function.types, self.low, self.high
        sources = self._sources = {block: [] for block in function.blocks}
        incoming = self._incoming
        for block in function.blocks:
            for k, edge in enumerate(block.edges):
                sources[edge.target].append((block, k))
                for p, a in zip(edge.target.params, edge.args):
                    if types[p] is I64:
                        if p in incoming:
                            incoming[p].append(a)
                        else:
                            incoming[p] = [a]
        for v, t in enumerate(types):
            if t is I1:
                low[v], high[v] = 0, 1
        for v, (lo, hi) in function.facts.items():
            low[v], high[v] = max(lo, MIN), min(hi, MAX)
        ops, args = function.ops, function.args
        imms = function.imms
        opened: list[tuple[Block, int]] = []
        trail = self._trail
        done: set[Block] = set()
        for block in function.blocks:
            while opened and opened[-1][0] is not block.idom:
                self._restore(opened.pop()[1])
            opened.append((block, len(trail)))
            came = sources[block]
            if len(came) == 1 and came[0][0].term == "br":
                self._assume(came[0][0].term_args[0], came[0][1] == 0)
            if block.params and block.idom is not None:
                self._parameters(block, all(source in done for source, _ in came))
            for v in block.insts:
                op = ops[v]
                rule = _RULES.get(op)
                if rule is not None:
                    rule(self, v, args[v])
                elif op is _CONST:
                    if types[v] is I64 or types[v] is I1:
                        low[v] = high[v] = int(imms[v])
            if block.edges:
                self._leave(block)
            done.add(block)
        return self

    def _restore(self, mark: int) -> None:
        trail, low, high, upper = self._trail, self.low, self.high, self._upper
        while len(trail) > mark:
            v, lo, hi = trail.pop()
            if lo > hi:
                upper[v].pop()
            else:
                low[v], high[v] = lo, hi

    def _leave(self, block: Block) -> None:
        """Tell the targets of `block` what their parameters get."""
        edges = block.edges
        if len(edges) == 1:
            self._bring(edges[0])
            return
        for k, edge in enumerate(edges):
            if edge.args:
                mark = len(self._trail)
                self._assume(block.term_args[0], k == 0)
                self._bring(edge)
                self._restore(mark)

    def _bring(self, edge: Edge) -> None:
        types, low, high, joined = self.function.types, self.low, self.high, self._joined
        for p, a in zip(edge.target.params, edge.args):
            if types[p] is I64:
                lo, hi = low[a], high[a]
                if p in joined:
                    lo0, hi0 = joined[p]
                    joined[p] = (lo if lo < lo0 else lo0, hi if hi > hi0 else hi0)
                else:
                    joined[p] = (lo, hi)

    def _parameters(self, block: Block, complete: bool) -> None:
        loop = block.loop
        types, low, high, joined = self.function.types, self.low, self.high, self._joined
        if loop is not None and loop.header is block:
            for k, p in enumerate(block.params):
                if types[p] is I64:
                    self._loop_parameter(loop, k, p)
            return
        if complete:
            for p in block.params:
                if types[p] is I64 and p in joined:
                    lo, hi = joined[p]
                    low[p], high[p] = max(lo, low[p]), min(hi, high[p])

    # -- narrowing -------------------------------------------------------------------------------------------------

    def narrow(self, v: int, lo: int, hi: int) -> None:
        """From here on ``lo <= v <= hi`` (and so for what `v` was computed from by adding a constant)."""
        low, high = self.low, self.high
        while True:
            old_lo, old_hi = low[v], high[v]
            if lo <= old_lo:
                if hi >= old_hi:
                    return
                lo = old_lo
            elif hi > old_hi:
                hi = old_hi
            if lo > hi:
                return
            self._trail.append((v, old_lo, old_hi))
            low[v], high[v] = lo, hi
            if v not in self._exact:
                return
            v, c = self._exact[v]
            lo, hi = lo - c, hi - c

    def _less(self, a: int, b: int, c: int) -> None:
        """From here on ``a <= b + c``."""
        self.narrow(a, MIN, self.high[b] + c)
        self.narrow(b, self.low[a] - c, MAX)
        ops = self.function.ops
        if ops[b] is _CONST:
            return
        while ops[a] is not _CONST:
            self._bound(a, b, c)
            if a not in self._exact:
                return
            a, k = self._exact[a]
            c -= k

    def _bound(self, a: int, b: int, c: int) -> None:
        if a in self._upper:
            self._upper[a].append((b, c))
        else:
            self._upper[a] = [(b, c)]
        self._trail.append((a, 0, -1))

    def _assume(self, cond: int, holds: bool) -> None:
        """From here on `cond` is `holds`."""
        function = self.function
        op, args = function.ops[cond], function.args[cond]
        if op is _AND or op is _OR:
            if (op is _AND) is holds:
                self._assume(args[0], holds)
                self._assume(args[1], holds)
            return
        if op is _NOT:
            self._assume(args[0], not holds)
            return
        if op is _XOR and function.ops[args[1]] is _CONST:
            self._assume(args[0], holds is not bool(function.imms[args[1]]))
            return
        if op not in _NEGATED:
            self.narrow(cond, int(holds), int(holds))
            return
        a, b = args
        if function.types[a] is not I64:
            return
        self.narrow(cond, int(holds), int(holds))
        if not holds:
            op = _NEGATED[op]
        if op is _SLT:
            self._less(a, b, -1)
        elif op is _SLE:
            self._less(a, b, 0)
        elif op is _SGT:
            self._less(b, a, -1)
        elif op is _SGE:
            self._less(b, a, 0)
        elif op is _EQ:
            self._less(a, b, 0)
            self._less(b, a, 0)
        elif op is _NE:
            self._differs(a, b)
            self._differs(b, a)
        elif op is _ULT or op is _ULE:
            if self.low[b] >= 0:
                self.narrow(a, 0, MAX)
                self._less(a, b, -1 if op is _ULT else 0)
        elif op is _UGT or op is _UGE:
            if self.low[a] >= 0:
                self.narrow(b, 0, MAX)
                self._less(b, a, -1 if op is _UGT else 0)

    def _differs(self, a: int, b: int) -> None:
        if self.low[b] == self.high[b]:
            k = self.low[b]
            if self.low[a] == k:
                self.narrow(a, k + 1, MAX)
            elif self.high[a] == k:
                self.narrow(a, MIN, k - 1)

    # -- questions -------------------------------------------------------------------------------------------------

    def at_most(self, v: int, w: int, c: int) -> bool:
        """Whether ``v <= w + c`` is known here."""
        self_low, self_high = self.low, self.high
        if self_high[v] <= self_low[w] + c:
            return True
        if v not in self._upper:
            return v == w and c >= 0
        # Values that bound v from above with a distance, and values that bound w from below.
        below = [(w, c)]
        for x, d in below:
            if len(below) < 4 and x in self._lower:
                below += [(y, d + e) for y, e in self._lower[x]]
        targets: dict[int, int] = {}
        for x, d in below:
            targets[x] = max(d, targets.get(x, d))
        seen = {v: 0}
        work = [v]
        left = _SEARCH
        while work:
            x = work.pop()
            d = seen[x]
            if x in targets and d <= targets[x]:
                return True
            if self_high[x] + d <= self_low[w] + c:
                return True
            for y, e in self._upper.get(x, ()):
                left -= 1
                if y not in seen or d + e < seen[y]:
                    seen[y] = d + e
                    if left > 0:
                        work.append(y)
        return False

    # -- parameters of loops ---------------------------------------------------------------------------------------

    def _loop_parameter(self, loop: Loop, k: int, p: int) -> None:
        incoming = self._incoming[p]
        entry = next(e for e in loop.preheader.edges if e.target is loop.header).args[k]
        lo, hi = self.low[entry], self.high[entry]
        if p == loop.counter:
            stop = loop.stop
            if loop.step > 0:
                hi = self.high[stop] - 1
                self._define_bound(p, stop, -1)
                self._define_lower(p, entry, 0)
            else:
                lo = self.low[stop] + 1
                self._define_bound(p, entry, 0)
                self._define_lower(p, stop, 1)
        else:
            down, up, unit, checked = 0, 0, 0, True
            least, most = lo, hi
            follow = _Steps(self, p, loop)
            for a in incoming:
                if a == entry or a == p:
                    continue
                moved = follow.from_param(a, _CHAIN)
                if moved is None:
                    base = self.estimate(a, _DEEP)
                    lo, hi = min(lo, base[0]), max(hi, base[1])
                    follow.reset = True
                    continue
                down, up = min(down, moved[0]), max(up, moved[1])
                tested = self._tested(loop, k, a)
                least, most = min(least, tested[0]), max(most, tested[1])
                unit = max(unit, moved[2])
                checked = checked and moved[3]
            if not follow.reset:
                if up <= 0:
                    self._define_bound(p, entry, 0)
                if down >= 0:
                    self._define_lower(p, entry, 0)
            times = self.trips(loop)
            lo, hi = self._moved(lo, down * times, unit, -1), self._moved(hi, up * times, unit, 1)
            if (lo < MIN or hi > MAX) and not checked:
                # A step that wraps may end up anywhere.
                lo, hi = MIN, MAX
            if not follow.reset:
                lo, hi = max(lo, least), min(hi, most)
        lo, hi = max(lo, MIN, self.low[p]), min(hi, MAX, self.high[p])
        if lo <= hi:
            self.low[p], self.high[p] = lo, hi
            if hi - lo < MAX - MIN:
                self.params[p] = (lo, hi)

    def _tested(self, loop: Loop, k: int, a: int) -> tuple[int, int]:
        """Bounds of what comes back for parameter number `k`, from the conditions of the edges it comes on."""
        function = self.function
        lo, hi = MAX, MIN
        for block, number in self._sources[loop.header]:
            if block is loop.preheader or block.edges[number].args[k] != a:
                continue
            one_lo, one_hi = MIN, MAX
            if block.term == "br":
                (cond,) = block.term_args
                op, args = function.ops[cond], function.args[cond]
                if op in _NEGATED and function.types[args[0]] is I64:
                    if number == 1:
                        op = _NEGATED[op]
                    if args[1] == a:
                        op, args = _SWAPPED[op], (args[1], args[0])
                    if args[0] == a:
                        other = self.estimate(args[1], _DEEP)
                        if op is _SLT or op is _SLE or op is _EQ:
                            one_hi = other[1] - (op is _SLT)
                        if op is _SGT or op is _SGE or op is _EQ:
                            one_lo = other[0] + (op is _SGT)
            lo, hi = min(lo, one_lo), max(hi, one_hi)
        return lo, hi

    def _moved(self, bound: int, distance: int, unit: int, sign: int) -> int:
        """`bound`, moved by `distance` over all iterations, each step no longer than `unit`."""
        if distance * sign <= 0:
            return bound
        if unit <= _SMALL_STEP:
            distance = sign * min(distance * sign, unit * _TIME_LIMIT)
        return bound + distance

    def _define_bound(self, v: int, w: int, c: int) -> None:
        """``v <= w + c`` wherever v is defined."""
        if v in self._upper:
            self._upper[v].insert(0, (w, c))
        else:
            self._upper[v] = [(w, c)]

    def _define_lower(self, v: int, w: int, c: int) -> None:
        self._lower.setdefault(v, []).append((w, c))

    def trips(self, loop: Loop) -> int:
        """A bound on how often the body of `loop` runs per entry."""
        if loop.counter < 0:
            return _INFINITE
        k = loop.header.params.index(loop.counter)
        start = self.estimate(loop.preheader.edges[0].args[k], _DEEP)
        stop = self.estimate(loop.stop, _DEEP)
        span = stop[1] - start[0] if loop.step > 0 else start[1] - stop[0]
        return max(0, -(-span // abs(loop.step)))

    def estimate(self, v: int, depth: int) -> tuple[int, int]:
        """Bounds of `v`, which the sweep may not have reached, from its definition alone."""
        lo, hi = self.low[v], self.high[v]
        if hi - lo < MAX - MIN or depth <= 0:
            return lo, hi
        function = self.function
        op, args = function.ops[v], function.args[v]
        if op is _CONST:
            return int(function.imms[v]), int(function.imms[v])
        if op is _LOAD:
            return access_range(function.imms[v])
        depth -= 1
        if op is _PARAM:
            loop = function.homes[v].loop
            if v not in self._incoming or (loop is not None and loop.header is function.homes[v]):
                return lo, hi
            found = [self.estimate(a, depth - 2) for a in self._incoming[v]]
            return min(lo for lo, _ in found), max(hi for _, hi in found)
        interval = INTERVALS.get(op)
        if interval is None:
            return lo, hi
        return _clamped(interval(*[self.estimate(a, depth) for a in args[: _ARITY.get(op, 2)]]))


class _Steps:
    """How far a value in a loop is from the loop's parameter `p` of the same iteration."""

    __slots__ = ("_memo", "loop", "p", "ranges", "reset")

    def __init__(self, ranges: Ranges, p: int, loop: Loop) -> None:
        self.ranges = ranges
        self.p = p
        self.loop = loop
        self._memo: dict[int, tuple[int, int, int, bool] | None] = {}
        self.reset = False  # whether some way round forgets p

    def from_param(self, v: int, depth: int) -> tuple[int, int, int, bool] | None:
        """``v - p`` as (least, greatest, longest step, whether every step is checked); None if v is not p moved."""
        if v == self.p:
            return 0, 0, 0, True
        if v not in self._memo:
            self._memo[v] = None
            self._memo[v] = self._moved(v, depth)
        return self._memo[v]

    def _moved(self, v: int, depth: int) -> tuple[int, int, int, bool] | None:
        ranges, function = self.ranges, self.ranges.function
        home = function.homes[v].loop
        if depth <= 0 or home is None or not home.inside(self.loop):
            return None
        op, args = function.ops[v], function.args[v]
        depth -= 1
        if op is _ADD or op is _ADDO:
            moved = self.from_param(args[0], depth)
            other = args[1]
            if moved is None:
                moved, other = self.from_param(args[1], depth), args[0]
            if moved is None:
                return None
            lo, hi = ranges.estimate(other, _DEEP)
            unit = max(-lo, hi, moved[2])
            return moved[0] + lo, moved[1] + hi, unit, moved[3] and op is _ADDO
        if op is _SUB or op is _SUBO:
            moved = self.from_param(args[0], depth)
            if moved is None:
                return None
            lo, hi = ranges.estimate(args[1], _DEEP)
            unit = max(-lo, hi, moved[2])
            return moved[0] - hi, moved[1] - lo, unit, moved[3] and op is _SUBO
        if op is _SELECT:
            return self._joined(args[1:], depth)
        if op is _PARAM:
            return self._through(v, depth)
        return None

    def _joined(self, values: tuple[int, ...] | list[int], depth: int) -> tuple[int, int, int, bool] | None:
        found = [self.from_param(a, depth) for a in values]
        known = [m for m in found if m is not None]
        if len(known) < len(found):
            return None
        return (min(m[0] for m in known), max(m[1] for m in known), max(m[2] for m in known), all(m[3] for m in known))

    def _through(self, v: int, depth: int) -> tuple[int, int, int, bool] | None:
        """`v` is the parameter of a join, or of a loop inside."""
        function = self.ranges.function
        block = function.homes[v]
        incoming = self.ranges._incoming.get(v)
        if incoming is None:
            return None
        if block.loop is None or block.loop.header is not block:
            return self._joined(incoming, depth)
        if block is self.loop.header:
            return None
        k = block.params.index(v)
        entry = block.loop.preheader.edges[0].args[k]
        first = self.from_param(entry, depth)
        inner = _Steps(self.ranges, v, block.loop)
        turns = [inner.from_param(a, depth) for a in incoming if a != entry and a != v]
        if first is None or None in turns:
            return None
        lo, hi, unit, checked = first
        times = self.ranges.trips(block.loop)
        for turn in turns:
            if turn is not None:
                lo, hi = lo + min(0, turn[0]) * times, hi + max(0, turn[1]) * times
                unit, checked = max(unit, turn[2]), checked and turn[3]
        return lo, hi, unit, checked


# -- intervals: bounds of a result from bounds of the arguments --------------------------------------------------------

Interval = tuple[int, int]


def _clamped(interval: Interval) -> Interval:
    """What a wrapping operation with these exact bounds can give."""
    return interval if interval[0] >= MIN and interval[1] <= MAX else (MIN, MAX)


def _mul(a: Interval, b: Interval) -> Interval:
    products = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return min(products), max(products)


def _floordiv(a: Interval, b: Interval) -> Interval:
    if b[0] <= 0 <= b[1]:
        return MIN, MAX
    quotients = (a[0] // b[0], a[0] // b[1], a[1] // b[0], a[1] // b[1])
    return min(quotients), max(quotients)


def _floormod(a: Interval, b: Interval) -> Interval:
    if b[0] >= 0:
        return (0, max(0, b[1] - 1) if a[0] < 0 else min(max(0, b[1] - 1), a[1]))
    if b[1] <= 0:
        return min(0, b[0] + 1), 0
    return min(0, b[0] + 1), max(0, b[1] - 1)


def _udiv(a: Interval, b: Interval) -> Interval:
    return _floordiv(a, b) if a[0] >= 0 and b[0] > 0 else (MIN, MAX)


def _urem(a: Interval, b: Interval) -> Interval:
    return _floormod(a, b) if a[0] >= 0 and b[0] > 0 else (MIN, MAX)


def _and(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0:
        return 0, min(a[1], b[1]) if b[0] >= 0 else a[1]
    return (0, b[1]) if b[0] >= 0 else (MIN, MAX)


def _or(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0 and b[0] >= 0:
        return max(a[0], b[0]), (1 << max(a[1], b[1]).bit_length()) - 1
    return MIN, MAX


def _xor(a: Interval, b: Interval) -> Interval:
    if a[0] >= 0 and b[0] >= 0:
        return 0, (1 << max(a[1], b[1]).bit_length()) - 1
    return MIN, MAX


def _shl(a: Interval, b: Interval) -> Interval:
    if 0 <= b[0] and b[1] < 63:
        return _mul(a, (1 << b[0], 1 << b[1]))
    return MIN, MAX


def _lshr(a: Interval, b: Interval) -> Interval:
    if not (0 <= b[0] and b[1] < 64):
        return MIN, MAX
    if a[0] >= 0:
        return a[0] >> b[1], a[1] >> b[0]
    return (0, ((1 << 64) - 1) >> b[0]) if b[0] > 0 else (MIN, MAX)


def _sar(a: Interval, b: Interval) -> Interval:
    if not (0 <= b[0] and b[1] < 64):
        return min(a[0], 0), max(a[1], 0)
    return min(a[0] >> b[0], a[0] >> b[1]), max(a[1] >> b[0], a[1] >> b[1])


def _absolute(a: Interval) -> Interval:
    if a[0] == MIN:
        return MIN, MAX
    return (0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))), max(abs(a[0]), abs(a[1]))


def _narrowed(bits: int, signed: bool) -> Callable[[Interval], Interval]:
    lo, hi = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return lambda a: a if lo <= a[0] and a[1] <= hi else (lo, hi)


def access_range(memory: object) -> Interval:
    access = memory.access  # type: ignore[attr-defined]
    if access.size == 8:
        return MIN, MAX
    bits = 8 * access.size
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if access.signed else (0, (1 << bits) - 1)


INTERVALS: dict[object, Callable[..., Interval]] = {
    OPS[name]: rule
    for name, rule in (
        ("add", lambda a, b: (a[0] + b[0], a[1] + b[1])),
        ("sub", lambda a, b: (a[0] - b[1], a[1] - b[0])),
        ("mul", _mul),
        ("addo", lambda a, b: (max(MIN, a[0] + b[0]), min(MAX, a[1] + b[1]))),
        ("subo", lambda a, b: (max(MIN, a[0] - b[1]), min(MAX, a[1] - b[0]))),
        ("mulo", lambda a, b: (max(MIN, _mul(a, b)[0]), min(MAX, _mul(a, b)[1]))),
        ("neg", lambda a: (-a[1], -a[0])),
        ("floordiv", _floordiv),
        ("floormod", _floormod),
        ("udiv", _udiv),
        ("urem", _urem),
        ("smin", lambda a, b: (min(a[0], b[0]), min(a[1], b[1]))),
        ("smax", lambda a, b: (max(a[0], b[0]), max(a[1], b[1]))),
        ("select", lambda c, a, b: (min(a[0], b[0]), max(a[1], b[1]))),
        ("iabs", _absolute),
        ("clz", lambda a: (0, 64)),
        ("ctz", lambda a: (0, 64)),
        ("popcnt", lambda a: (0, 64)),
        ("and", _and),
        ("or", _or),
        ("xor", _xor),
        ("not", lambda a: (~a[1], ~a[0])),
        ("shl", _shl),
        ("lshr", _lshr),
        ("sar", _sar),
        ("sext8", _narrowed(8, True)),
        ("sext16", _narrowed(16, True)),
        ("sext32", _narrowed(32, True)),
        ("zext8", _narrowed(8, False)),
        ("zext16", _narrowed(16, False)),
        ("zext32", _narrowed(32, False)),
        ("b2i", lambda a: a),
        ("index", lambda i, n: (0, max(0, n[1] - 1))),
    )
}
_ARITY = {_SELECT: 3}
_NEGATED = {
    _SLT: _SGE, _SGE: _SLT, _SGT: _SLE, _SLE: _SGT, _EQ: _NE, _NE: _EQ, _ULT: _UGE, _UGE: _ULT, _UGT: _ULE, _ULE: _UGT,
}  # fmt: skip
_SWAPPED = {
    _SLT: _SGT, _SGT: _SLT, _SLE: _SGE, _SGE: _SLE, _EQ: _EQ, _NE: _NE, _ULT: _UGT, _UGT: _ULT, _ULE: _UGE, _UGE: _ULE,
}  # fmt: skip


# -- what the sweep does at each operation -------------------------------------------------------------------------


def _visit_pure(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    """Bounds of an integer result."""
    function = r.function
    if function.types[v] is not I64:
        if function.types[v] is I1:
            _visit_flag(r, v, args)
        return
    low, high = r.low, r.high
    lo, hi = INTERVALS[function.ops[v]](*[(low[a], high[a]) for a in args])
    if lo >= MIN and hi <= MAX:
        low[v], high[v] = lo, hi
        if lo == hi:
            r.known[v] = lo


def _visit_flag(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    op = r.function.ops[v]
    if op is _AND or op is _OR or op is _XOR:
        a, b = args
        lo, hi = r.low[a], r.high[a]
        if op is _AND:
            lo, hi = lo & r.low[b], hi & r.high[b]
        elif op is _OR:
            lo, hi = lo | r.low[b], hi | r.high[b]
        elif lo == hi and r.low[b] == r.high[b]:
            lo = hi = lo ^ r.low[b]
        else:
            lo, hi = 0, 1
    elif op is _NOT:
        lo, hi = 1 - r.high[args[0]], 1 - r.low[args[0]]
    else:
        return
    if lo == hi:
        r.low[v] = r.high[v] = r.known[v] = lo


def _visit_sum(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    """`add` and `sub`: also remembered as a distance where a constant is added."""
    a, b = args
    low, high = r.low, r.high
    if r.function.ops[v] is _ADD:
        lo, hi = low[a] + low[b], high[a] + high[b]
    else:
        lo, hi = low[a] - high[b], high[a] - low[b]
    if lo < MIN or hi > MAX:
        return
    _sum_facts(r, v, a, b, lo, hi)


def _sum_facts(r: Ranges, v: int, a: int, b: int, lo: int, hi: int) -> None:
    low, high = r.low, r.high
    low[v], high[v] = lo, hi
    if lo == hi:
        r.known[v] = lo
        return
    op = r.function.ops[v]
    down = op is _SUB or op is _SUBO
    if low[b] == high[b]:
        c = -low[b] if down else low[b]
        r._exact[v] = (a, c)
        r._define_bound(v, a, c)
        r._define_lower(v, a, c)
    elif low[a] == high[a] and not down:
        r._exact[v] = (b, low[a])
        r._define_bound(v, b, low[a])
        r._define_lower(v, b, low[a])
    elif down:
        if low[b] >= 0:
            r._define_bound(v, a, -low[b])
        elif high[b] <= 0:
            r._define_lower(v, a, -high[b])
    else:
        for x, y in ((a, b), (b, a)):
            if high[y] <= 0:
                r._define_bound(v, x, high[y])
            elif low[y] >= 0:
                r._define_lower(v, x, low[y])


def _visit_checked(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    op = r.function.ops[v]
    a, b = args[0], args[1]
    low, high = r.low, r.high
    interval = INTERVALS[OPS[op.base]]
    lo, hi = interval((low[a], high[a]), (low[b], high[b]))
    if lo >= MIN and hi <= MAX:
        r.fits.add(v)
    else:
        lo, hi = max(lo, MIN), min(hi, MAX)
        if lo > hi:
            return
    if op.base == "mul":
        low[v], high[v] = lo, hi
    else:
        _sum_facts(r, v, a, b, lo, hi)


def _visit_index(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    i, n = args[0], args[1]
    low = r.low
    if low[i] >= 0:
        r.fits.add(v)
        if r.at_most(i, n, -1):
            r.passes.add(v)
    r.narrow(n, 1, MAX)
    r.narrow(i, -r.high[n], MAX)
    r._less(i, n, -1)
    r.low[v], r.high[v] = max(0, low[i]), max(0, r.high[n] - 1)
    r._define_bound(v, n, -1)
    if low[i] >= 0:
        r._exact[v] = (i, 0)
        r._define_bound(v, i, 0)
        r._define_lower(v, i, 0)
        r.high[v] = min(r.high[v], r.high[i])


def _visit_guard(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    if r.low[args[0]] == 1:
        r.passes.add(v)
    else:
        r._assume(args[0], True)


def _visit_compare(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    a, b = args
    function = r.function
    if function.types[a] is not I64:
        return
    op = function.ops[v]
    low, high = r.low, r.high
    if op is _ULT or op is _ULE or op is _UGT or op is _UGE:
        if low[a] < 0 or low[b] < 0:
            return
        op = _SIGNED[op]
    if op is _SGT:
        op, a, b = _SLT, b, a
    elif op is _SGE:
        op, a, b = _SLE, b, a
    result = -1
    if op is _SLT:
        result = 1 if r.at_most(a, b, -1) else 0 if r.at_most(b, a, 0) else -1
    elif op is _SLE:
        result = 1 if r.at_most(a, b, 0) else 0 if r.at_most(b, a, -1) else -1
    elif high[a] < low[b] or high[b] < low[a]:
        result = int(op is _NE)
    elif r.at_most(a, b, -1) or r.at_most(b, a, -1):
        result = int(op is _NE)
    elif low[a] == high[a] == low[b] == high[b]:
        result = int(op is _EQ)
    if result >= 0:
        low[v] = high[v] = r.known[v] = result


def _visit_remainder(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    a, b = args
    _visit_pure(r, v, args)
    if r.low[a] >= 0 and r.high[a] < r.low[b]:
        r.same[v] = a
    if r.low[b] > 0:
        r._define_bound(v, b, -1)
        if r.low[a] >= 0:
            r._define_bound(v, a, 0)


def _visit_quotient(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    if r.low[args[0]] >= 0 and r.low[args[1]] > 0:
        r._define_bound(v, args[0], 0)


def _visit_shift_right(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    if r.low[args[0]] >= 0:
        r._define_bound(v, args[0], 0)


def _visit_and(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    if r.function.types[v] is I64:
        for a in args:
            if r.low[a] >= 0:
                r._define_bound(v, a, 0)


def _visit_extension(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    a = args[0]
    if r.low[v] == r.low[a] and r.high[v] == r.high[a] and r.high[a] - r.low[a] < 1 << 32:
        r.same[v] = a


def _visit_absolute(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    if r.low[args[0]] >= 0:
        r.same[v] = args[0]


def _visit_extreme(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    """`smin` and `smax`."""
    _visit_pure(r, v, args)
    a, b = args
    least = r.function.ops[v] is _SMIN
    for x, y in ((a, b), (b, a)):
        if r.at_most(x, y, 0):
            r.same[v] = x if least else y
    for x in args:
        if least:
            r._define_bound(v, x, 0)
        else:
            r._define_lower(v, x, 0)


def _visit_load(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    if r.function.types[v] is I64:
        r.low[v], r.high[v] = access_range(r.function.imms[v])


_SIGNED = {_ULT: _SLT, _ULE: _SLE, _UGT: _SGT, _UGE: _SGE}
_RULES: dict[object, Callable[[Ranges, int, tuple[int, ...]], None]] = {
    **dict.fromkeys(INTERVALS, _visit_pure),
    _ADD: _visit_sum,
    _SUB: _visit_sum,
    _ADDO: _visit_checked,
    _SUBO: _visit_checked,
    OPS["mulo"]: _visit_checked,
    _INDEX: _visit_index,
    _GUARD: _visit_guard,
    _LOAD: _visit_load,
    _SMIN: _visit_extreme,
    _SMAX: _visit_extreme,
    _AND: _visit_and,
    OPS["iabs"]: _visit_absolute,
    OPS["lshr"]: _visit_shift_right,
    OPS["sar"]: _visit_shift_right,
    OPS["floordiv"]: _visit_quotient,
    OPS["udiv"]: _visit_quotient,
    OPS["floormod"]: _visit_remainder,
    OPS["urem"]: _visit_remainder,
    **{OPS[name]: _visit_extension for name in ("sext8", "sext16", "sext32", "zext8", "zext16", "zext32")},
    **{OPS[name]: _visit_compare for name in (
        "eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")},
}  # fmt: skip
