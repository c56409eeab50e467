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
from ..lazy import lazy
from .intervals import INTERVALS, MAX, MIN, access_range, clamped
from .steps import DEEP, NEGATED, SWAPPED, Steps, passed, ways
from .transfer import ABOVE, FLOAT_TESTS, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Edge, Function, Loop
    from ..ir.ops import Op
    from . import floats, signs
else:
    floats, signs = lazy("jitney.analysis", "floats", "signs")

_INFINITE = 1 << 200
_SMALL_STEP = 16
_NARROW = ("const", "load", "sext8", "sext16", "sext32", "zext8", "zext16", "zext32")
_MOST_BROUGHT = 16  # values that are looked at for what a parameter may be
_TIME_LIMIT = 1 << 57  # steps that no loop gets through while somebody waits
_SEARCH = 40  # facts looked at per question to `at_most`
_CHAIN = 40  # and for a step, where each is looked at once
_FEW_BOUNDS = 8  # that `bounds_of` looks behind
_FAR = 1 << 60  # a bound beyond this, of what a condition lets through, says nothing
_CONST, _PARAM, _AND, _OR, _XOR = OPS["const"], OPS["param"], OPS["and"], OPS["or"], OPS["xor"]
_ADDO = OPS["addo"]
_NOT, _SELECT, _LOAD, _SLT, _SLE = OPS["not"], OPS["select"], OPS["load"], OPS["slt"], OPS["sle"]
_SGT, _SGE, _ULT, _ULE, _UGT = OPS["sgt"], OPS["sge"], OPS["ult"], OPS["ule"], OPS["ugt"]
_UGE, _EQ, _NE, _INDEX, _F2I = OPS["uge"], OPS["eq"], OPS["ne"], OPS["index"], OPS["f2i"]
_FLOORDIV = OPS["floordiv"]
_ARITY = {_SELECT: 3}


class Ranges:
    """The facts about one function. After `sweep`:

    Attributes:
        fits: checked operations that cannot overflow, and indices that are never negative.
        passes: guards that always hold, and indices that are always in [0, n).
        known: instructions whose result is always the same.
        same: instructions that always give one of their arguments.
        divided: divisions by what is positive: bounds of what they divide.
        params: (low, high) of the parameters of loop headers.
        signs: of floats; made when first asked for.
        floats: bounds of floats, in a function that converts some to integers; else None.
        rooms: (n, k) of products that are at most n - k (`multiples.py`); None in a function that does not divide.
    """

    __slots__ = (
        "exact", "incoming", "_joined", "_lower", "_signs", "_trail", "_upper", "fits", "floats",
        "function", "high", "divided", "known", "low", "params", "passes", "rooms", "same", "sources",
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
        self.divided: dict[int, tuple[int, int]] = {}
        self.params: dict[int, tuple[int, int]] = {}
        self.exact: dict[int, tuple[int, int]] = {}  # v -> (w, c) where v = w + c without wrapping
        self._upper: dict[int, list[tuple[int, int]]] = {}  # v -> (w, c) where v <= w + c here
        self._lower: dict[int, list[tuple[int, int]]] = {}  # v -> (w, c) where v >= w + c, by definition
        self._trail: list[tuple[int, int, int]] = []  # (v, low, high) to restore; (v, 0, -1): an `_upper` to drop
        self._joined: dict[int, tuple[int, int]] = {}  # of parameters: what the edges so far bring
        self.sources: dict[Block, list[tuple[Block, int]]] = {}  # of blocks: predecessors, which of their edges
        self.incoming: dict[int, list[int]] = {}  # of parameters: all arguments
        self._signs: signs.Signs | None = None
        self.floats = floats.Floats(self) if _F2I in function.ops else None
        divides = _FLOORDIV in function.ops
        self.rooms: dict[int, list[tuple[int, int]]] | None = {} if divides else None

    # -- the sweep -------------------------------------------------------------------------------------------------

    def sweep(self) -> Ranges:
        function = self.function
        types, low, high = function.types, self.low, self.high
        sources = self.sources = {block: [] for block in function.blocks}
        incoming = self.incoming
        for block in function.blocks:
            for k, edge in enumerate(block.edges):
                sources[edge.target].append((block, k))
                for p, a in zip(edge.target.params, edge.args):
                    if types[p] is I64:
                        if p in incoming:
                            incoming[p].append(a)
                        else:
                            incoming[p] = [a]
        for v, (lo, hi) in function.facts.items():
            low[v], high[v] = max(lo, MIN), min(hi, MAX)
        ops, args = function.ops, function.args
        imms = function.imms
        rules = RULES if self.floats is None else floats.RULES
        opened: list[tuple[Block, int]] = []
        trail = self._trail
        done: set[Block] = set()
        for block in function.blocks:
            while opened and opened[-1][0] is not block.idom:
                self.restore(opened.pop()[1])
            opened.append((block, len(trail)))
            came = sources[block]
            if len(came) == 1 and came[0][0].term == "br":
                self.assume(came[0][0].term_args[0], came[0][1] == 0)
            if block.params and block.idom is not None:
                self._parameters(block, all(source in done for source, _ in came))
            for v in block.insts:
                op = ops[v]
                rule = rules.get(op)
                if rule is not None:
                    rule(self, v, args[v])
                elif op is _CONST:
                    if types[v] is I64 or types[v] is I1:
                        low[v] = high[v] = int(imms[v])
            if block.edges:
                self._leave(block)
            done.add(block)
        return self

    def mark(self) -> int:
        """Where to go back to by `restore`."""
        return len(self._trail)

    def will_undo(self) -> None:
        """What `floats` has narrowed is to be restored with all the rest."""
        self._trail.append((-1, 0, 0))

    def restore(self, mark: int) -> None:
        """Forget what was narrowed since `mark`."""
        trail = self._trail
        if len(trail) == mark:
            return
        low, high, upper = self.low, self.high, self._upper
        while len(trail) > mark:
            v, lo, hi = trail.pop()
            if lo > hi:
                upper[v].pop()
            elif v >= 0:
                low[v], high[v] = lo, hi
            elif self.floats is not None:
                self.floats.undo()

    def _leave(self, block: Block) -> None:
        """Tell the targets of `block` what their parameters get."""
        edges = block.edges
        if len(edges) == 1:
            self._bring(edges[0])
            return
        for k, edge in enumerate(edges):
            if edge.args:
                mark = self.mark()
                self.assume(block.term_args[0], k == 0)
                self._bring(edge)
                self.restore(mark)

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
        if self.floats is not None:
            self.floats.bring(edge)

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
            if self.floats is not None:
                self.floats.join(block)

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
            if v not in self.exact:
                return
            v, c = self.exact[v]
            lo, hi = lo - c, hi - c

    def less(self, a: int, b: int, c: int) -> None:
        """From here on ``a <= b + c``."""
        self.narrow(a, MIN, self.high[b] + c)
        self.narrow(b, self.low[a] - c, MAX)
        ops = self.function.ops
        if ops[b] is _CONST:
            return
        while ops[a] is not _CONST:
            self._bound(a, b, c)
            if a not in self.exact:
                return
            a, k = self.exact[a]
            c -= k

    def _bound(self, a: int, b: int, c: int) -> None:
        if a in self._upper:
            self._upper[a].append((b, c))
        else:
            self._upper[a] = [(b, c)]
        self._trail.append((a, 0, -1))

    def assume(self, cond: int, holds: bool) -> None:
        """From here on `cond` is `holds`."""
        function = self.function
        op, args = function.ops[cond], function.args[cond]
        if op is _AND or op is _OR:
            decided = int(op is _AND)  # what of one argument leaves it to the other
            for a, b in (args, args[::-1]):
                if (op is _AND) is holds or self.low[b] == self.high[b] == decided:
                    self.assume(a, holds)
            return
        if op is _NOT:
            self.assume(args[0], not holds)
            return
        if op is _XOR and function.ops[args[1]] is _CONST:
            self.assume(args[0], holds is not bool(function.imms[args[1]]))
            return
        if op not in NEGATED:
            self.narrow(cond, int(holds), int(holds))
            if op in FLOAT_TESTS:
                self._assume_sign(op, args, holds)
            if self.floats is not None and op in floats.COMPARISONS:
                self.floats.assume(op, args, holds)
            return
        a, b = args
        if function.types[a] is not I64:
            return
        self.narrow(cond, int(holds), int(holds))
        if not holds:
            op = NEGATED[op]
        if op is _SLT:
            self.less(a, b, -1)
        elif op is _SLE:
            self.less(a, b, 0)
        elif op is _SGT:
            self.less(b, a, -1)
        elif op is _SGE:
            self.less(b, a, 0)
        elif op is _EQ:
            self.less(a, b, 0)
            self.less(b, a, 0)
        elif op is _NE:
            self._differs(a, b)
            self._differs(b, a)
            if function.ops[a] is _F2I and self.floats is not None and self.low[b] == self.high[b] == MIN:
                self.floats.converted(a)
        elif op is _ULT or op is _ULE:
            if self.low[b] >= 0:
                self.narrow(a, 0, MAX)
                self.less(a, b, -1 if op is _ULT else 0)
        elif op is _UGT or op is _UGE:
            if self.low[a] >= 0:
                self.narrow(b, 0, MAX)
                self.less(b, a, -1 if op is _UGT else 0)

    def _assume_sign(self, op: Op, args: tuple[int, ...], holds: bool) -> None:
        """From here on the comparison of a float with a constant is `holds`. What `low` says of a float: 0 if it is
        NaN or not negative, 1 if it is not zero either."""
        a, b = args
        function = self.function
        if function.ops[a] is _CONST:
            op, a, b = FLOAT_TESTS[op], b, a
        low = ABOVE.get((op, holds))
        if low is not None and function.ops[b] is _CONST and function.imms[b] >= 0.0:
            self.narrow(a, 1 if function.imms[b] else low, MAX)

    def _differs(self, a: int, b: int) -> None:
        if self.low[b] == self.high[b]:
            k = self.low[b]
            if self.low[a] == k:
                self.narrow(a, k + 1, MAX)
            elif self.high[a] == k:
                self.narrow(a, MIN, k - 1)

    @property
    def signs(self) -> signs.Signs:
        if self._signs is None:
            self._signs = signs.Signs(self)
        return self._signs

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
        incoming = self.incoming[p]
        entry = next(e for e in loop.preheader.edges if e.target is loop.header).args[k]
        lo, hi = self.low[entry], self.high[entry]
        if p == loop.counter:
            stop = loop.stop
            if loop.step > 0:
                hi = self.high[stop] - 1
                self.define_bound(p, stop, -1)
                self.define_lower(p, entry, 0)
            else:
                lo = self.low[stop] + 1
                self.define_bound(p, entry, 0)
                self.define_lower(p, stop, 1)
        else:
            down, up, unit, far, checked = 0, 0, 0, 0, True
            least, most = lo, hi
            follow = Steps(self, p, loop)
            for a in incoming:
                if a == entry or a == p:
                    continue
                moved = follow.from_param(a, _CHAIN)
                first, last = self._tested(loop, k, a)
                if moved is None:
                    follow.reset = True
                    found = ways(self, a)
                    if all(v == p or v == loop.counter for v, _, _ in found):
                        # A place that the loop has picked: the vectoriser wants to see its index tested.
                        found = [(a, MIN, MAX)]
                    for v, from_, to in found:
                        moved = follow.from_param(v, _CHAIN)
                        if moved is None:
                            base = self.estimate(v, DEEP)
                            from_, to = max(from_, base[0]), min(to, base[1])
                            lo, hi = min(lo, from_), max(hi, to)
                            continue
                        if moved[0] < 0 and from_ > -_FAR:
                            lo = min(lo, from_)
                        else:
                            down = min(down, moved[0])
                        if moved[1] > 0 and to < _FAR:
                            hi = max(hi, to)
                        else:
                            up = max(up, moved[1])
                        unit, far = max(unit, moved[2]), max(far, -moved[0], moved[1])
                        checked = checked and moved[3]
                else:
                    down, up = min(down, moved[0]), max(up, moved[1])
                    unit = max(unit, moved[2])
                    checked = checked and moved[3]
                least, most = min(least, first), max(most, last)
            self._always_tested(loop, k, p, entry)
            if not follow.reset:
                if up <= 0:
                    self.define_bound(p, entry, 0)
                if down >= 0:
                    self.define_lower(p, entry, 0)
            times = max(self.trips(loop) - 1, 0)  # the last iteration's steps are not seen here
            lo, hi = self._moved(lo, down * times, unit, -1), self._moved(hi, up * times, unit, 1)
            if (lo - far < MIN or hi + far > MAX) and not checked:
                # A step that wraps may end up anywhere.
                lo, hi = MIN, MAX
            # Whatever comes back has passed the test of the edge it comes on.
            lo, hi = max(lo, least), min(hi, most)
        lo, hi = max(lo, MIN, self.low[p]), min(hi, MAX, self.high[p])
        if lo <= hi:
            self.low[p], self.high[p] = lo, hi
            if hi - lo < MAX - MIN:
                self.params[p] = (lo, hi)

    def _tested(self, loop: Loop, k: int, a: int) -> tuple[int, int]:
        """Bounds of what comes back for parameter number `k`, from the conditions of the edges it comes on."""
        lo, hi = MAX, MIN
        for block, number in self.sources[loop.header]:
            if block is not loop.preheader and block.edges[number].args[k] == a:
                one_lo, one_hi = passed(self, block, number, a)
                lo, hi = min(lo, one_lo), max(hi, one_hi)
        return lo, hi

    def _always_tested(self, loop: Loop, k: int, p: int, entry: int) -> None:
        """``p < n`` holds in all of a loop that is entered with less, and goes on only if the next value is less than
        the same `n`: ``while i < n: ...; i += some``."""
        function = self.function
        below: tuple[int, int] | None = None
        for block, number in self.sources[loop.header]:
            if block is loop.preheader:
                continue
            if block.term != "br":
                return
            (cond,) = block.term_args
            op, args = function.ops[cond], function.args[cond]
            if number == 1:
                op = NEGATED.get(op, op)
            a = block.edges[number].args[k]
            if op is _SGT or op is _SGE:
                op, args = SWAPPED[op], args[::-1]
            if (op is not _SLT and op is not _SLE) or function.types[args[0]] is not I64:
                return
            v, w = args
            c = -1 if op is _SLT else 0
            if v != a and function.ops[v] is _ADDO and a in function.args[v][:2]:
                # i + 4 <= n
                (ahead,) = [x for x in function.args[v][:2] if x != a] or [a]
                if function.ops[ahead] is not _CONST:
                    return
                v, c = a, c - function.imms[ahead]
            home = function.homes[w].loop
            if v != a or (home is not None and home.inside(loop)) or below not in (None, (w, c)):
                return
            below = w, c
        if below is not None and self.at_most(entry, *below):
            self.define_bound(p, *below)

    def _moved(self, bound: int, distance: int, unit: int, sign: int) -> int:
        """`bound`, moved by `distance` over all iterations, each step no longer than `unit`."""
        if distance * sign <= 0:
            return bound
        if unit <= _SMALL_STEP:
            distance = sign * min(distance * sign, unit * _TIME_LIMIT)
        return bound + distance

    def define_bound(self, v: int, w: int, c: int) -> None:
        """``v <= w + c`` wherever v is defined."""
        if v in self._upper:
            self._upper[v].insert(0, (w, c))
        else:
            self._upper[v] = [(w, c)]

    def bounds_of(self, v: int) -> list[tuple[int, int]]:
        """Some (w, c) of which ``v <= w + c`` holds here."""
        found = [(v, 0)]
        for w, c in found:
            if len(found) > _FEW_BOUNDS:
                break
            found += [(x, c + d) for x, d in self._upper.get(w, ())]
        return found

    def define_lower(self, v: int, w: int, c: int) -> None:
        self._lower.setdefault(v, []).append((w, c))

    def trips(self, loop: Loop) -> int:
        """A bound on how often the body of `loop` runs per entry."""
        if loop.counter < 0:
            return _INFINITE
        k = loop.header.params.index(loop.counter)
        start = self.estimate(loop.preheader.edges[0].args[k], DEEP)
        stop = self.estimate(loop.stop, DEEP)
        span = stop[1] - start[0] if loop.step > 0 else start[1] - stop[0]
        return max(0, -(-span // abs(loop.step)))

    def anywhere(self, v: int, depth: int = DEEP) -> tuple[int, int]:
        """Bounds of `v` that no condition narrows: they hold wherever its operation is executed, early too."""
        function = self.function
        op = function.ops[v]
        if op is _CONST:
            return int(function.imms[v]), int(function.imms[v])
        if op is _LOAD:
            return access_range(function.imms[v])
        # A check may have been found to pass by what a condition says.
        interval = INTERVALS.get(OPS[op.base] if op.base else op)
        if interval is None or op is _INDEX or depth <= 0:
            return self.params.get(v) or function.facts.get(v, (MIN, MAX))
        types = function.types
        given = [self.anywhere(a, depth - 1) if types[a] is I64 else (0, 1) for a in
                 function.args[v][: _ARITY.get(op, 2)]]  # fmt: skip
        return clamped(interval(*given))

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
            brought = self._brought(v)
            if not brought:
                loop = function.homes[v].loop
                if v not in self.incoming or (loop is not None and loop.header is function.homes[v]):
                    return lo, hi
                brought = self.incoming[v]
            found = [self.estimate(a, depth - 2) for a in brought]
            return min(lo for lo, _ in found), max(hi for _, hi in found)
        interval = INTERVALS.get(op)
        if interval is None:
            return lo, hi
        return clamped(interval(*[self.estimate(a, depth) for a in args[: _ARITY.get(op, 2)]]))

    def _brought(self, p: int) -> list[int]:
        """What parameter `p` may be, where parameters hand each other around what is cut to a width (a sum over rows,
        by an inner loop): what they are brought by others; nothing where that is too much to look at."""
        ops = self.function.ops
        low, high, incoming = self.low, self.high, self.incoming
        found: list[int] = []
        seen = {p}
        work = [p]
        while work:
            v = work.pop()
            if v != p and (v not in incoming or high[v] - low[v] < MAX - MIN):
                if ops[v].name not in _NARROW:
                    return []
                found.append(v)
                continue
            for a in incoming.get(v, ()):
                if a not in seen:
                    seen.add(a)
                    work.append(a)
            if len(seen) > _MOST_BROUGHT:
                return []
        return found
