"""How wide the lanes for each integer have to be.

    v2 = load u8 [a + k]            (0, 255)         8 bits
    v3 = load u8 [b + k]            (0, 255)         8
    v4 = add v2, v3                 (0, 510)         8: of the sum only the low bits are asked for
    v5 = zext8 v4                   (0, 255)         8
    store u8 v5, [c + k]

The IR holds every integer in 64 bits. A lane of n bits does where either the value always fits in n bits, signed or
unsigned, or nobody asks for more than the low n bits of it. Both are found in one sweep each: bounds forwards
(`analysis.intervals`), bits that are asked for backwards.
"""

from __future__ import annotations

from ...analysis.intervals import INTERVALS, MAX, MIN, Interval, access_range, clamped, magnitude_of, mean_of
from ...ir.ops import OPS
from ...ir.types import I1, I16, I32, I64, vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .body import Body, Inst
    from .reductions import Reduction
    from .serial import Serial

_LOAD, _STORE, _CONST, _SELECT, _B2I = OPS["load"], OPS["store"], OPS["const"], OPS["select"], OPS["b2i"]
_ADD, _SUB, _ULE = OPS["add"], OPS["sub"], OPS["ule"]
_SHL, _AND, _XOR, _LSHR, _MUL, _NE = OPS["shl"], OPS["and"], OPS["xor"], OPS["lshr"], OPS["mul"], OPS["ne"]
_SAR, _PARAM = OPS["sar"], OPS["param"]
_HALVES = ((16, vector(I16, 8)), (32, vector(I32, 4)))
_CUTS = {OPS[f"{kind}ext{n}"]: n for kind in "sz" for n in (8, 16, 32)}
# Their low bits depend on the same low bits of their arguments alone.
_LOW = frozenset(OPS[name] for name in ("add", "addo", "sub", "subo", "mul", "neg", "and", "or", "xor", "not"))
_SHIFTS = (OPS["shl"], OPS["lshr"], OPS["sar"])
_PAYS = 4  # operations on narrow lanes for each load that is cut for them
_UNSIGNED = frozenset(("ult", "ule", "ugt", "uge"))
_ORDERS = frozenset(("eq", "ne", "slt", "sle", "sgt", "sge"))
COUNTER_LIMIT = (1 << 31) - 2  # a counter that is computed with is tested to be within +-this before the loop


class Widths:
    """Attributes:
    bounds: (least, greatest) of integers in the loop, and of invariants.
    needed: bits that are asked for, of values that are computed in lanes; missing where nothing is.
    lane: bits per lane: of integers, floats, and conditions (of the mask).
    cut: loads whose lanes are cut to the bits that are asked for at once.
    """

    __slots__ = ("body", "bounds", "cut", "lane", "needed")

    def __init__(self, body: Body, reductions: list[Reduction], last: set[int], serial: Serial | None = None) -> None:
        """`last` are the values whose last one is used behind the loop."""
        self.body = body
        self.bounds: dict[int, Interval] = {}
        self.needed: dict[int, int] = {}
        self.lane: dict[int, int] = {}
        chained = {v for r in reductions for v in r.chain} | {r.param for r in reductions}
        for v in body.order:
            inst = body.insts[v]
            if inst.type is I64 and v not in chained:
                self.bounds[v] = body.short.get(v) or self._bounds_of(inst)
                if inst.op is _PARAM:
                    # What it takes over, and what it begins with.
                    start = body.loop.preheader.edges[0].args[body.loop.header.params.index(v)]
                    pairs = zip(self.bound(start), self.bound(inst.args[0]))
                    self.bounds[v] = min(next(pairs)), max(next(pairs))
        if serial is not None:
            chained |= serial.inside
            for r in serial.carried:
                self._need(r.result, 64)
        for v in last:
            self._need(v, 64)
        for r in reductions:
            self._need(r.result, 64)
        for pick in body.picks.values():
            self._need(pick.cond, 1)
            self._need(pick.value, 64)
        for v in (*body.tests(), *body.guards):
            self._need(v, 1)
        for v in reversed(body.order):
            self._ask(v, body.insts[v], v in chained)
        for v in body.order:
            if v in self.needed and v not in chained:
                self.lane[v] = self._lane_of(v, body.insts[v])
        self.cut = self._too_wide()
        for v in self.cut:
            self.lane[v] = round_up(self.needed[v])

    # -- bounds -------------------------------------------------------------------------------------------------------

    def bound(self, v: int) -> Interval:
        """Bounds of an i64."""
        found = self.bounds.get(v)
        if found is None:
            body = self.body
            known = body.constant(v)
            if known is not None:
                found = (known, known)
            elif v in body.congruences:
                found = body.congruences[v].bounds
            elif v == body.counter:
                lo, hi = body.function.facts.get(v, (MIN, MAX))
                found = max(lo, -COUNTER_LIMIT), min(hi, COUNTER_LIMIT)
            elif v not in body.insts and body.function.ops[v] is _LOAD:
                found = access_range(body.function.imms[v])
            else:
                found = body.function.facts.get(v, (MIN, MAX))
            self.bounds[v] = found
        return found

    def _bounds_of(self, inst: Inst) -> Interval:
        op = inst.op
        if op is _LOAD:
            return access_range(inst.imm)
        if op is _B2I:
            return 0, 1
        if op is _CONST:
            return inst.imm, inst.imm
        rule = INTERVALS.get(op)
        if rule is None:
            return MIN, MAX
        if op is _XOR:
            x = magnitude_of(inst.args, self.body.definition)
            if x >= 0:
                lo, hi = self.bound(x)
                return 0, max(~lo, hi)
        given = inst.args[1:] if op is _SELECT else inst.args
        if op is _ADD:
            mean = mean_of(inst.args, self.body.definition, self.bound)
            if mean is not None and clamped(mean) == mean:
                return mean
        found = [self.bound(a) if self.body.type(a) is I64 else (0, 1) for a in given]
        return clamped(rule((0, 1), *found) if op is _SELECT else rule(*found))

    def whole(self, v: int) -> int:
        """Bits of lanes that hold all that a parameter takes over, an integer or the mask of a condition."""
        if self.body.type(v) is I1:
            return self.lane.get(self.body.insts[v].args[0], 8)
        return round_up(size(self.bound(v)))

    def upper_half(self, inst: Inst) -> tuple[int, int, int, int] | None:
        """(x, m, s, n) if ``lshr`` `inst` is ``(x * m) >> s``, where lanes of n bits hold x and m and the upper half of
        the product, but not the product."""
        body = self.body
        product, by = inst.args
        shift, made = body.constant(by), body.insts.get(product)
        if inst.op is not _LSHR or shift is None or made is None or made.op is not _MUL:
            return None
        x, m = made.args[0], body.constant(made.args[1])
        lo, hi = self.bound(x)
        if m is None or m < 0 or lo < 0 or hi * m >> 64:
            return None
        target = body.function.target
        for bits, type in _HALVES:
            missing = max(0, bits - shift)
            if hi >> bits == 0 == m << missing >> bits and hi * m >> bits and target.supports("umulh", type):
                return x, m << missing, shift + missing - bits, bits
        return None

    def _too_wide(self) -> set[int]:
        """Loads whose lanes are better cut at once to those bits that are asked for: enough is computed with them."""
        insts, needed = self.body.insts, self.needed
        loads = {v for v, bits in needed.items() if v in insts and insts[v].op is _LOAD and insts[v].type is I64
                 and v not in self.body.uniform and v not in self.body.lookups
                 and round_up(bits) < self.lane.get(v, 0)}  # fmt: skip
        if not loads:
            return loads
        work = [v for v in self.body.order if v in self.lane and (insts[v].op in _LOW or insts[v].op in _SHIFTS)]
        wide = max(self.lane[v] for v in loads)
        return loads if sum(self.lane[v] < wide for v in work) >= _PAYS * len(loads) else set()

    # -- bits that are asked for --------------------------------------------------------------------------------------

    def _need(self, v: int, bits: int) -> None:
        if bits > self.needed.get(v, 0):
            self.needed[v] = bits

    def _ask(self, v: int, inst: Inst, chained: bool) -> None:
        """Ask for what `v` is computed from, if it is asked for itself."""
        op = inst.op
        if op is _STORE:
            # The address is the scalar instructions' business.
            self._need(inst.args[0], 8 * inst.imm.access.size)
            if inst.mask >= 0:
                self._need(inst.mask, 1)
            return
        bits = self.needed.get(v, 0)
        if op is _LOAD and bits and inst.mask >= 0:
            self._need(inst.mask, 1)
        if bits and v in self.body.lookups:
            for leaf in self.body.lookups[v].leaves:
                self._need(leaf, 64)
        if not bits or op is _LOAD or op is _CONST:
            return
        if inst.type is I64 and not chained:
            bits = min(bits, size(self.bounds[v]))
        elif chained:
            bits = 64
        args = inst.args
        if op in _CUTS:
            bits = min(bits, _CUTS[op])
        elif op is _AND and inst.type is I64:
            mask = self.body.constant(args[1])
            if mask is not None and mask >= 0:
                bits = min(bits, mask.bit_length())
        elif op is _SELECT:
            self._need(args[0], 1)
            args = args[1:]
        elif op is _SHL:
            count = self.body.constant(args[1])
            if count is None:
                self._need(args[1], 64)
            else:
                bits = max(1, bits - count)
            args = args[:1]
        elif op is _LSHR or op is _SAR:
            half = self.upper_half(inst)
            if half is not None:
                self._need(half[0], half[3])
                return
            if self.body.constant(args[1]) is None:
                self._need(args[1], 64)
            bits = min(64, self.low_bits(v) + self.farthest(args[1]))
            args = args[:1]
        elif v in self.body.limits:
            args, bits = args[:1], 64
        elif op.name in _UNSIGNED:
            bits = 32 if op is _ULE and self.moves_short(inst) else self.folded(op.name, args) or 64
        elif op not in _LOW:
            bits = 64
        for a in args[: 2 if op.base else None]:
            self._need(a, bits)

    # -- lanes --------------------------------------------------------------------------------------------------------

    def _lane_of(self, v: int, inst: Inst) -> int:
        if inst.type.is_float:
            return 8 * inst.type.size
        if inst.type is I1:
            return self.comparing(inst.args[:1])[0] if v in self.body.limits else self._mask_lane(inst)
        if inst.op is _LOAD:
            return max(8 * int(inst.imm.access.size), 32 if v in self.body.lookups else 8)
        return self.fitting(v)

    def _mask_lane(self, inst: Inst) -> int:
        if inst.op is _LOAD:
            return 8
        types = [self.body.type(a) for a in inst.args]
        if types and types[0] is I1:
            return min([self.lane[a] for a in inst.args if a in self.lane], default=8)
        if types and types[0].is_float:
            return 8 * types[0].size
        if not types or types[0] is not I64:
            return 64
        if self.tells_short(inst) or self.moves_short(inst):
            return 32
        folded = self.folded(inst.op.name, inst.args)
        if folded:
            return folded
        side = self.beyond(inst.op.name, inst.args)
        return self.comparing(inst.args if side < 0 else (inst.args[1 - side],))[0]

    def tells_short(self, inst: Inst) -> bool:
        """Whether a condition tells that a conversion to 32 bits fitted: of 32 bits it is compared with the least."""
        return inst.op is _NE and inst.args[0] in self.body.short and self.body.constant(inst.args[1]) == MIN

    def moves_short(self, inst: Inst) -> bool:
        """Whether a condition asks a conversion to 32 bits, moved by a constant, to lie in an interval: their
        difference may wrap."""
        body = self.body
        made = body.insts.get(inst.args[0]) if inst.op is _ULE else None
        if made is None or made.op not in (_ADD, _SUB) or made.args[0] not in body.short:
            return False
        numbers = body.constant(inst.args[1]), body.constant(made.args[1])
        return all(number is not None and abs(number) < 1 << 31 for number in numbers)

    def folded(self, name: str, args: tuple[int, ...]) -> int:
        """Bits of lanes in which an unsigned comparison is the same although one argument may be negative: modulo their
        range it still is above all that the other one can be, as in ``ule (x - 97), 25``. 0: there are none."""
        if name not in _UNSIGNED:
            return 0
        (least, most), (low, high) = sorted([self.bound(a) for a in args])
        if least >= 0 or low < 0:
            return 0
        return next((n for n in (8, 16, 32) if most < 1 << n and high < (1 << n) + least), 0)

    def beyond(self, name: str, args: tuple[int, ...]) -> int:
        """Which argument of a comparison is an invariant that may be far from all that the other one can be; or -1."""
        body = self.body
        for k, a in enumerate(args):
            if name in _ORDERS and body.constant(a) is None and (not body.inside(a) or a in body.uniform):
                width = self.comparing((args[1 - k],))[0]
                if width < 64 and self.comparing(args)[0] > width:
                    return k
        return -1

    def low_bits(self, v: int) -> int:
        """Bits of an i64 that are asked for, where that is less than it may have; else 64."""
        bits = self.needed.get(v, 64)
        return bits if bits < size(self.bound(v)) else 64

    def farthest(self, by: int) -> int:
        """How far at most a shift by `by` goes."""
        lo, hi = self.bound(by)
        return hi if 0 <= lo and hi < 64 else lo & 63 if lo == hi else 63

    def fitting(self, v: int) -> int:
        """Bits of the narrowest lane for an i64."""
        return round_up(min(self.needed.get(v, 64), size(self.bound(v))))

    def comparing(self, args: tuple[int, ...]) -> tuple[int, bool]:
        """The narrowest lanes that hold all of `args`, and whether as signed numbers."""
        bounds = [self.bound(a) for a in args]
        lo, hi = min([b[0] for b in bounds]), max([b[1] for b in bounds])
        signed = round_up(signed_size((lo, hi)))
        if lo >= 0 and round_up(hi.bit_length()) < signed:
            return round_up(hi.bit_length()), False
        return signed, True


def signed_size(bounds: Interval) -> int:
    """Bits for all numbers within `bounds` in two's complement."""
    return max((~bounds[0] if bounds[0] < 0 else bounds[0]).bit_length(), (~bounds[1] if bounds[1] < 0 else
               bounds[1]).bit_length()) + 1  # fmt: skip


def size(bounds: Interval) -> int:
    """Bits for all numbers within `bounds`, unsigned if none is negative."""
    return max(1, bounds[1].bit_length()) if bounds[0] >= 0 else signed_size(bounds)


def round_up(bits: int) -> int:
    for width in (8, 16, 32):
        if bits <= width:
            return width
    return 64
