"""Loops that do nothing but count and add up: what they end with is computed at once.

    pre: jump head(0, v1)                   pre: br n and v1 are small, sums, pre2
    head(k, s):                             sums: s' = add v1, n * (n - 1) / 2
        s' = addo s, k                            jump out(s')
        k' = add k, 1                       pre2: jump head(0, v1)
        br k' < n, head(k', s'), out(s')    head(k, s): ... as it was

A counted loop whose values are sums of polynomials of the counter, up to squares. What is tested before it keeps each
of its sums and products below 2**62, so that no check in it can fail; else the loop runs as it was written.

    head(x, c):                             n = popcnt x
        x' = and x, (add x, -1)             c' = add c, n
        c' = add c, 1                       jump out(0, c')
        br x' != 0, head(x', c'), out

A loop that drops the lowest bit, or shifts right by one, until nothing is left, runs as often as there are bits: those
that are set, or those up to the highest one. A test before it whether there are any is not made any more, if the way
around it leads to the same place: none add nothing.
"""

from __future__ import annotations

from ..analysis.polynomials import Polynomials
from ..ir.function import Block, Edge
from ..ir.ops import OPS
from ..ir.types import I1, I64
from .constants import Constants
from .params import clean
from .rebuild import lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..analysis.polynomials import Poly
    from ..ir.function import Function, Loop
    from ..ir.ops import Op

_CONST, _POLL, _AND, _ADD, _SAR, _LSHR = OPS["const"], OPS["poll"], OPS["and"], OPS["add"], OPS["sar"], OPS["lshr"]
_NE, _SGT = OPS["ne"], OPS["sgt"]
_ZEXT = {OPS["zext8"]: 8, OPS["zext16"]: 16, OPS["zext32"]: 32}
_DIFFERENCES = (OPS["xor"], OPS["sub"])
_SUMS = {OPS["add"]: 1, OPS["addo"]: 1, OPS["sub"]: -1, OPS["subo"]: -1}
_MEANING = {"mul": int.__mul__, "add": int.__add__, "sub": int.__sub__}
_MOST = 62  # bits of what is added up
_LEAST = 8  # bits that the loop's values must be allowed at least
_START = 61  # bits of what is added to
_THIRD = 0xAAAAAAAAAAAAAAAB  # 1 / 3 modulo 2**64


def close(function: Function) -> Function:
    """In place, replace the loops whose results can be computed."""
    done = False
    for loop in function.loops():
        header = loop.header
        if header.term != "br" or loop.parallel is not None or header not in (e.target for e in header.edges):
            continue
        try:
            (_Sums if loop.counter >= 0 else _Bits)(function, loop).replace()
        except _Open:
            continue
        done = True
    if not done:
        return function
    lay_out(function)
    return clean(function)


class _Open(Exception):
    """The loop has no closed form of ours."""


class _Closed:
    """A loop of one block and what becomes of its values.

    Attributes:
        function, loop, header: the loop.
        back, out: the edges to the next iteration and out.
        entry, following: what each parameter is first, and next.
        block: where new instructions go.
    """

    __slots__ = ("_constant", "back", "block", "entry", "following", "function", "header", "loop", "out")

    def __init__(self, function: Function, loop: Loop) -> None:
        self.function, self.loop = function, loop
        header = self.header = loop.header
        first, second = header.edges
        self.back, self.out = (first, second) if first.target is header else (second, first)
        if self.out.target is header:
            raise _Open
        params = header.params
        ops = function.ops
        if not all(ops[v].pure or ops[v].base or ops[v] is _POLL for v in header.insts):
            raise _Open
        self.entry = dict(zip(params, loop.preheader.edges[0].args))
        self.following = dict(zip(params, self.back.args))
        self._constant = Constants(function)
        self.block = header

    def fuel(self, p: int) -> bool:
        """Whether parameter `p` only serves polls."""
        a = self.following[p]
        return self.function.ops[a] is _POLL and self.function.args[a][0] == p

    def made(self, name: str, a: int, b: int) -> int:
        """``a name b``, folded where that is easy."""
        function = self.function
        ops, imms = function.ops, function.imms
        if name in _MEANING:
            if ops[a] is _CONST and ops[b] is _CONST:
                return self._constant(_MEANING[name](int(imms[a]), int(imms[b])))
            if ops[a] is _CONST and name != "sub":
                a, b = b, a
            if ops[b] is _CONST and imms[b] == (1 if name == "mul" else 0):
                return a
            if ops[b] is _CONST and imms[b] == 0:
                return b
        return self.put(name, a, b)

    def put(self, name: str, *args: int) -> int:
        op = OPS[name]
        type = I1 if op.result == "i1" or self.function.types[args[0]] is I1 else I64
        v = self.function.new_value(op, type, args, None, self.header.line, self.block)
        self.block.insts.append(v)
        return v

    def number(self, k: int) -> int:
        return self._constant(k)

    def used_outside(self) -> set[int]:
        """What other blocks use of the loop's values."""
        function, header = self.function, self.header
        homes, args = function.homes, function.args
        used: set[int] = set()
        for block in function.blocks:
            if block is header:
                continue
            for v in block.insts:
                used.update(args[v])
            used.update(block.term_args)
            for edge in block.edges:
                used.update(edge.args)
        used.update([loop.stop for loop in function.loops() if loop.stop >= 0 and loop is not self.loop])
        return {v for v in used if homes[v] is header}

    def substitute(self, same: dict[int, int]) -> None:
        """Use ``same[v]`` for `v` wherever that is used outside of the loop."""
        function = self.function
        args = function.args
        for block in function.blocks:
            if block is self.header:
                continue
            for v in block.insts:
                if not same.keys().isdisjoint(args[v]):
                    args[v] = tuple([same.get(a, a) for a in args[v]])
            block.term_args = tuple([same.get(a, a) for a in block.term_args])
            for edge in block.edges:
                edge.args = tuple([same.get(a, a) for a in edge.args])
        for loop in function.loops():
            if loop is not self.loop:
                loop.stop = same.get(loop.stop, loop.stop)


class _Bits(_Closed):
    """A loop that runs as often as a number has bits."""

    __slots__ = ()

    def replace(self) -> None:
        function, header = self.function, self.header
        ops, args = function.ops, function.args
        (cond,) = header.term_args
        number = next((p for p, a in self.following.items() if self._uses_up(p, a, cond)), -1)
        if number < 0:
            raise _Open
        counts: dict[int, int] = {}
        for p, a in self.following.items():
            if p == number or self.fuel(p):
                continue
            if ops[a] is not _ADD or args[a][0] != p or ops[args[a][1]] is not _CONST:
                raise _Open
            counts[p] = args[a][1]
        if any(ops[v].base for v in header.insts):
            raise _Open
        if not self.used_outside().union(self.out.args).isdisjoint(
            {*header.insts, *header.params} - {*self.following.values()}
        ):
            raise _Open
        header.insts = []
        times = self.put("popcnt", number)
        if ops[self.following[number]] is not _AND:
            times = self.put("sub", self.number(64), self.put("clz", number))
        if not self._tested(number, ops[cond]):
            # Of nothing the first iteration leaves nothing.
            times = self.put("smax", times, self.number(1))
        same = {}
        for p, a in self.following.items():
            if p == number:
                same[a] = self.number(0)
            elif p in counts:
                same[a] = self.made("add", p, self.made("mul", times, counts[p]))
            else:
                same[a] = p
        self.substitute(same)
        self._always(number, same)
        self.out.args = tuple([same.get(a, a) for a in self.out.args])
        header.term, header.term_args, header.edges = "jump", (), [self.out]
        header.loop = self.loop.parent

    def _always(self, number: int, same: dict[int, int]) -> None:
        """Drop the test before the loop, where it only leads around it, with what the loop gives of nothing."""
        function, before = self.function, self.loop.preheader
        test = self._test(number, _NE)
        if test is None or before.insts or test.edges[1].target is not self.out.target:
            return
        unchanged = {a: self.entry[p] for p, a in self.following.items()}
        for a, around in zip(self.out.args, test.edges[1].args):
            given = unchanged.get(a, a)
            if a == self.following[number]:
                if not self._is(around, 0) and (around != given or function.args[test.term_args[0]][0] != given):
                    return
            elif around != given:
                return
        test.term, test.term_args, test.edges = "jump", (), [test.edges[0]]

    def _uses_up(self, p: int, x: int, cond: int) -> bool:
        """Whether `x`, the next value of `p`, has a bit less, and the loop goes on while there are any."""
        function = self.function
        ops, args = function.ops, function.args
        again = ops[cond]
        if (again is not _NE and again is not _SGT) or self.back is not self.header.edges[0]:
            return False
        if args[cond][0] != x or not self._is(args[cond][1], 0):
            return False
        if ops[x] is _AND:
            if not any(a == p and self._one_less(b, p) for a, b in (args[x], args[x][::-1])):
                return False
        elif ops[x] is not (_LSHR if again is _NE else _SAR) or args[x][0] != p or not self._is(args[x][1], 1):
            return False
        return again is _NE or self._tested(p, again)

    def _one_less(self, v: int, p: int) -> bool:
        """Whether `v` is ``p - 1``, or of a `p` that has no more bits than are kept, its low bits."""
        function = self.function
        bits = _ZEXT.get(function.ops[v])
        if bits is not None:
            low, high = function.facts.get(p, (-1, 0))
            if low < 0 or high >> bits:
                return False
            (v,) = function.args[v]
        return function.ops[v] is _ADD and function.args[v][0] == p and self._is(function.args[v][1], -1)

    def _tested(self, p: int, again: Op) -> bool:
        """Whether there is the same test before the loop, of what it is entered with."""
        return self._test(p, again) is not None

    def _test(self, p: int, again: Op) -> Block | None:
        """The block that ends in that test."""
        function = self.function
        before = self.loop.preheader
        sources = [block for block in function.blocks for edge in block.edges if edge.target is before]
        if len(sources) != 1 or sources[0].term != "br" or sources[0].edges[0].target is not before:
            return None
        (test,) = sources[0].term_args
        first, given = self.entry[p], function.args[test]
        if function.ops[test] is not again:
            return None
        if again is _NE and function.ops[first] in _DIFFERENCES and {*function.args[first]} == {*given}:
            return sources[0]
        return sources[0] if given[0] == first and self._is(given[1], 0) else None

    def _is(self, v: int, k: int) -> bool:
        return self.function.ops[v] is _CONST and bool(self.function.imms[v] == k)


class _Sums(_Closed):
    """A counted loop that adds up polynomials of its counter."""

    __slots__ = ("_factors", "_polynomials", "_weight")

    def replace(self) -> None:
        function, loop, header = self.function, self.loop, self.header
        ops, args = function.ops, function.args
        counter, stop = loop.counter, loop.stop
        (cond,) = header.term_args
        test = "slt" if loop.step > 0 else "sgt"
        if self.back is not header.edges[0] or ops[cond].name != test or args[cond] != (self.following[counter], stop):
            raise _Open
        self._polynomials = Polynomials(function, lambda v: function.homes[v] is not header, True)
        self._factors, self._weight = 1, 1
        known = {cond, self.following[counter]}
        terms: dict[int, tuple[Poly, int]] = {}
        checked = []
        for p, a in self.following.items():
            if p == counter:
                continue
            if not self.fuel(p):
                sign = _SUMS.get(ops[a])
                x, t, *rest = args[a] if sign is not None else (-1, -1)
                if sign == 1 and t == p:
                    x, t = p, x
                if x != p or sign is None:
                    raise _Open
                terms[p] = self._polynomial(t), sign
                if rest:
                    checked.append(p)
            known.add(a)
        for v in header.insts:
            if v not in known:
                self._polynomial(v)
        used = self.used_outside()
        allowed = {counter, *self.following.values()}
        if not (used | {a for a in self.out.args if function.homes[a] is header}) <= allowed:
            raise _Open
        self._build(terms, checked, sorted(used))

    def _polynomial(self, v: int) -> Poly:
        """`v` as a polynomial of the counter and invariants, whose size counts."""
        function, header, counter = self.function, self.header, self.loop.counter
        if function.types[v] is not I64:
            raise _Open
        found = self._polynomials.of(v)
        if found is None:
            raise _Open
        for key, times in found.items():
            if any(x != counter and function.homes[x] is header for x in key) or key.count(counter) > 2:
                raise _Open
            self._factors = max(self._factors, len(key))
            self._weight = max(self._weight, abs(times) * len(found))
        return found

    # -- the sums -----------------------------------------------------------------------------------------------------

    def _build(self, terms: dict[int, tuple[Poly, int]], checked: list[int], used: list[int]) -> None:
        function, loop, header = self.function, self.loop, self.header
        counter, stop, step = loop.counter, loop.stop, loop.step
        start = self.entry[counter]
        bits = (_MOST - self._weight.bit_length() - abs(step).bit_length()) // (self._factors + 1)
        leaves = {start, stop}.union(*[key for poly, _ in terms.values() for key in poly]) - {counter}
        leaves |= {x for v in header.insts if v not in self.following.values() and function.types[v] is I64
                   for key in self._polynomials.of(v) or () for x in key} - {counter}  # fmt: skip
        limits = dict.fromkeys(sorted(leaves), bits)
        for p in checked:
            limits[self.entry[p]] = min(_START, limits.get(self.entry[p], _START))
        outside = Block(0, loop.parent)
        before, again = loop.preheader, Block(0, loop.parent)
        for block in (outside, again):
            block.cold, block.line = before.cold, before.line
        self.block = before
        small = self._small(limits) if bits >= _LEAST else -1
        if small < 0:
            raise _Open
        self.block = outside
        times = self._trips(start, stop)
        moved = self.made("add", start, self.made("mul", times, self.number(step)))
        same = {counter: self.made("sub", moved, self.number(step)), self.following[counter]: moved}
        powers = self._powers(start, times, max([key.count(counter) for poly, _ in terms.values() for key in poly],
                                                default=0))  # fmt: skip
        for p, a in self.following.items():
            if p in terms:
                poly, sign = terms[p]
                same[a] = self.made("add" if sign > 0 else "sub", self.entry[p], self._total(poly, powers))
            elif p != counter:
                same[a] = self.entry[p]
        # Both ways meet where the loop is left.
        target = self.out.target
        passed = [self.function.add_param(target, I64) for _ in used]
        outside.term, outside.edges = "jump", [
            Edge(target, (*[same.get(a, a) for a in self.out.args], *[same[v] for v in used]))
        ]  # fmt: skip
        self.substitute(dict(zip(used, passed)))
        self.out.args += tuple(used)
        again.term, again.edges = "jump", before.edges
        before.term, before.term_args, before.edges = "br", (small,), [Edge(outside), Edge(again)]
        loop.preheader = again
        at = function.blocks.index(before) + 1
        function.blocks[at:at] = [outside, again]

    def _small(self, limits: dict[int, int]) -> int:
        """Whether each of these is within +-2**bits; -1 if one that is known is not."""
        function = self.function
        for v, bits in limits.items():
            if function.ops[v] is _CONST and abs(function.imms[v]) >> bits:
                return -1
        all = -1
        for v, bits in limits.items():
            if function.ops[v] is _CONST:
                continue
            moved = self.made("add", v, self.number(1 << bits))
            test = self.put("ule", moved, self.number(2 << bits))
            all = test if all < 0 else self.put("and", all, test)
        return all

    def _trips(self, start: int, stop: int) -> int:
        """How often the loop runs: at least once."""
        step = self.loop.step
        span = self.made("sub", stop, start) if step > 0 else self.made("sub", start, stop)
        size = abs(step)
        if size > 1:
            span = self.made("smax", self.made("add", span, self.number(size - 1)), self.number(0))
            span = self.put("udiv", span, self.number(size))
        return self.put("smax", span, self.number(1))

    def _powers(self, start: int, times: int, most: int) -> list[int]:
        """The sums of the counter's powers, from the one to `most`: k counts the iterations."""
        made, number = self.made, self.number
        step = number(self.loop.step)
        sums = [times]
        if most > 0:
            # k: n * (n - 1) / 2
            first = self.put("lshr", made("mul", times, made("sub", times, number(1))), number(1))
            moved = made("mul", first, step)
            sums.append(made("add", made("mul", times, start), moved))
        if most > 1:
            # k ** 2: n * (n - 1) / 2 * (2 * n - 1) / 3
            odd = made("sub", made("add", times, times), number(1))
            second = made("mul", made("mul", first, odd), number(_THIRD))
            square = made("mul", times, made("mul", start, start))
            twice = made("mul", made("add", start, start), moved)
            sums.append(made("add", made("add", square, twice), made("mul", second, made("mul", step, step))))
        return sums

    def _total(self, poly: Poly, powers: list[int]) -> int:
        """The sum of a polynomial over all iterations."""
        counter = self.loop.counter
        total = self.number(0)
        for key, times in poly.items():
            term = self.made("mul", powers[key.count(counter)], self.number(times))
            for x in key:
                if x != counter:
                    term = self.made("mul", term, x)
            total = self.made("add", total, term)
        return total
