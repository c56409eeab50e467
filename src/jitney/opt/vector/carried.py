"""What a vector loop carries around: accumulators, of which each lane does a part. See `reductions`, and `widen`."""

from __future__ import annotations

from ...ir.ops import OPS
from ...ir.types import I1, I64
from .body import Missing, NotVectorizable
from .extremes import CHANGES
from .parts import AS_UNSIGNED, CUTS, Parts
from .program import ACCUMULATOR, SCALAR
from .reductions import Reduction
from .widths import round_up, signed_size, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.types import Type
    from .body import Body, Inst
    from .congruences import Congruence
    from .picks import Pick
    from .widths import Widths

_STORE, _SELECT, _B2I = OPS["store"], OPS["select"], OPS["b2i"]
# What a sum of no elements is, and so on.
_IDENTITY = {"add": 0, "or": 0, "xor": 0, "and": -1, "mul": 1}
# In place of a part's number, of accumulators that go along with a reduction: bits that were seen; where an extreme
# was found; what goes in order; what the next round's first iteration takes over; what was picked last.
BITS, PLACES, SERIAL, SHIFTED, PICKED = -1, -2, -3, -4, -5
SUM_LIMIT = 1 << 62  # checked sums are within this, and so is what they are added to


class Carried(Parts):
    """Attributes:
    accumulators: the parameters of the vector loop: (reduction, number of its part, or negative: see `BITS`);
        `identities`: of each the program's value to begin with; `results`: of each the program's value after the round.
    limits: of accumulators that collect bits: what these must be less than, or all has to be done again.
    sought: of a parameter that is the counter at an extreme: the accumulators.
    """

    __slots__ = ("accumulators", "identities", "limits", "reductions", "results", "sought", "trips")

    def __init__(
        self, body: Body, reductions: list[Reduction], widths: Widths, lanes: int, widest: int, forward: bool,
        trips: int
    ) -> None:
        """`forward`: lane 0 has the least counter; `trips`: the loop's iterations at most, 0 if that is not known."""
        super().__init__(body, widths, lanes, widest, forward)
        self.reductions = reductions
        self.trips = trips
        self.accumulators: list[tuple[Reduction | Congruence | Pick, int]] = []
        self.identities: list[int] = []
        self.results: list[int] = []
        self.limits: dict[int, int] = {}
        self.sought: dict[int, list[int]] = {}

    def _carried(self, serial: Reduction) -> int:
        """A parameter of the vector loop that is carried around in order."""
        type = self.body.type(serial.param)
        self.identities.append(self.program.leaf(SCALAR, serial.param, type))
        self.accumulators.append((serial, SERIAL))
        return self.program.leaf(ACCUMULATOR, len(self.accumulators) - 1, type)

    def _go_on(self, it: Congruence) -> None:
        """A parameter that each lane takes on by as many steps as there are lanes."""
        program = self.program
        width = self._supported("mul", round_up(it.bits))
        type = self.at(width)
        if it.signed and width != it.bits:
            raise NotVectorizable("a generator of narrow numbers with a sign")
        self.require("lane", type)
        steps = [(1, 0)]
        for _ in range(self.lanes):
            factor, term = steps[-1]
            steps.append((_wrapped(factor * it.factor, width), _wrapped(term * it.factor + it.term, width)))
        factor, term = [program.const(type, number) for number in steps.pop()]
        if not self.ascending:
            steps.reverse()
        begin = program.emit("splat", (program.leaf(SCALAR, it.param, I64),), type)
        parts: list[int] = []
        for first in range(0, self.lanes, type.lanes):
            factors, terms = [program.const(type, row) for row in zip(*steps[first : first + type.lanes])]
            x = program.leaf(ACCUMULATOR, len(self.accumulators), type)
            self.accumulators.append((it, len(parts)))
            self.identities.append(program.emit("add", (program.emit("mul", (begin, factors)), terms)))
            self.results.append(program.emit("add", (program.emit("mul", (x, factor)), term)))
            if it.bits < width:
                x = program.emit("and", (x, program.const(type, (1 << it.bits) - 1)))
            parts.append(x)
        self._set(it.param, width, parts)

    def _take_over(self, p: int, width: int = 0) -> int:
        """What a parameter takes over from the round before: the last lane of a vector (of such a width, if given)."""
        type = self.body.type(p)
        width = width or max(self.widths.whole(p), self.floor)
        lanes = self.of(type) if type.is_float else self.at(width)
        self.require("lane", lanes)
        self.identities.append(self.splat(p, lanes))
        self.accumulators.append((Reduction(p, self.body.carried[p]), SHIFTED))
        return self.program.leaf(ACCUMULATOR, len(self.accumulators) - 1, lanes)

    def _accumulate(self, reduction: Reduction) -> None:
        """The parameters of the vector loop."""
        program, param = self.program, reduction.param
        scalar = self.body.type(param)
        if scalar.is_float:
            width, type = 8 * scalar.size, self.of(scalar)
        else:
            width = self._accumulator_width(reduction, scalar)
            type = self.at(width)
        kind = reduction.kind
        if scalar is I1 or kind in _IDENTITY:
            begin = program.const(type, _IDENTITY[kind])
        elif kind in ("smin", "smax"):
            unsigned = width < 64 and self._natural_numbers(reduction)
            low, high = (0, -1) if unsigned else (-(1 << (width - 1)), (1 << (width - 1)) - 1)
            begin = program.const(type, high if kind == "smin" else low)
        elif kind in ("fadd", "fmul"):
            begin = program.const(type, -0.0 if kind == "fadd" else 1.0)
        else:
            begin = self.splat(param, type)
        if scalar is I1:
            self.require("anyset" if kind == "or" else "allset", type)
        elif kind == "mul":
            self.require("lane", type)
        else:
            unsigned = kind in ("smin", "smax") and width < 64 and self._natural_numbers(reduction)
            self.require("r" + (AS_UNSIGNED[kind] if unsigned else kind), type)
        parts = []
        for part in range(self.lanes // type.lanes):
            parts.append(program.leaf(ACCUMULATOR, len(self.accumulators), type))
            self.accumulators.append((reduction, part))
            self.identities.append(begin)
        self._set(param, width, parts)

    def _accumulator_width(self, reduction: Reduction, scalar: Type) -> int:
        widths = self.widths
        if scalar is I1:
            return max(min([widths.lane[a] for a in reduction.given if a in widths.lane], default=8), self.floor)
        bounds = [widths.bound(a) for a in reduction.given]
        kind = reduction.kind
        if reduction.narrow:
            width = CUTS[reduction.narrow]
        elif kind == "mul":
            width = 64
        elif kind == "add":
            if not self.trips:
                return 64
            # Each lane of a part, when its parts are added up, is the sum of so many elements.
            most = sum([max(-lo, hi) for lo, hi in bounds])
            width = max(min([self._lane_given(a) for a in reduction.given]), self.floor)
            while width < 64:
                lanes = self.at(width).lanes
                if most * -(-self.trips // lanes) < 1 << (width - 1):
                    break
                width *= 2
        elif kind in ("smin", "smax"):
            width = round_up(max([size(b) for b in bounds]) if min(bounds)[0] >= 0 else max(map(signed_size, bounds)))
            if any(self.body.flags[p][0] == reduction.param for p in self.body.seeks):
                width = max(width, 32)  # for the counter
        else:
            width = round_up(max([size(b) for b in bounds]))
            if min(bounds)[0] < 0:
                width = round_up(max(map(signed_size, bounds)))
        name = kind
        if kind in ("smin", "smax") and min(bounds)[0] >= 0 and width < 64:
            name = AS_UNSIGNED[kind]
        return self._supported(name, width)

    def _lane_given(self, v: int) -> int:
        """Bits of the lanes that `v` comes in; 8 for an invariant."""
        inst = self.body.insts.get(v)
        if inst is not None and inst.op is _B2I:
            v = inst.args[0]
        return self.widths.lane.get(v, 8)

    def unsigned(self, reduction: Reduction) -> bool:
        """Whether the lanes of a least or greatest, or of bits, hold numbers without sign."""
        return self.width[reduction.param] < 64 and self._natural_numbers(reduction)

    def _natural_numbers(self, reduction: Reduction) -> bool:
        return min([self.widths.bound(a)[0] for a in reduction.given]) >= 0

    def _chain(self, v: int, inst: Inst, reduction: Reduction) -> None:
        """An operation on the way from an accumulator to its next value."""
        scalar = self.body.type(reduction.param)
        width = self.width[reduction.param]
        name, args = inst.op.name, inst.args

        def column(a: int) -> list[int]:
            if scalar.is_float:
                return self.floats(a)
            if a in reduction.chain or a == reduction.param:
                return self.parts[a]
            return self.masks(a, width) if scalar is I1 else self.ints(a, width)

        if name in CUTS:
            parts = column(args[0])
        elif inst.op is _SELECT:
            parts = self._lanewise("select", self.masks(args[0], width), column(args[1]), column(args[2]))
        elif name in ("add", "addo") and self.body.op(args[1]) is _B2I and not self.invariant(args[1]):
            parts = self._lanewise("sub", column(args[0]), self._mask_of(args[1], width))
        elif name in ("smin", "smax") and scalar is I64 and self.unsigned(reduction):
            parts = self._lanewise(AS_UNSIGNED[name], column(args[0]), column(args[1]))
        else:
            name = inst.op.base or name
            parts = self._lanewise(name, *[column(a) for a in args[:2]])
        self._set(v, width, parts)

    def _collect(self, reduction: Reduction) -> None:
        """For a sum that must not overflow of elements that are not bounded: collect their bits."""
        if reduction.checked and self.unbounded(reduction):
            self._collect_bits(reduction, reduction.given, SUM_LIMIT // (self.trips * len(reduction.given)))

        if reduction.param in self.body.loose:
            (x,) = reduction.given
            columns = self.floats(x)
            self._collect_masks(reduction, self._lanewise("fne", columns, columns))

    def _collect_masks(self, reduction: Reduction, masks: list[int]) -> None:
        """Nothing of these may hold."""
        program, type = self.program, self.program.types[masks[0]]
        self.require("ror", type)
        number = len(self.accumulators)
        found = program.leaf(ACCUMULATOR, number, type)
        self.accumulators.append((reduction, BITS))
        self.identities.append(program.const(type, 0))
        self.limits[number] = 1
        for mask in masks:
            found = program.emit("or", (found, mask))
        self.results.append(found)

    def _collect_bits(self, reduction: Reduction, values: list[int], limit: int) -> None:
        program, type = self.program, self.at(64)
        zero = program.const(type, 0)
        number = len(self.accumulators)
        bits = program.leaf(ACCUMULATOR, number, type)
        self.require("ror", type)
        self.accumulators.append((reduction, BITS))
        self.identities.append(zero)
        self.limits[number] = limit
        for a in values:
            for part in self.ints(a, 64):
                magnitude = program.emit("xor", (part, program.emit("slt", (part, zero))))
                bits = program.emit("or", (bits, magnitude))
        self.results.append(bits)

    def _seek(self, p: int) -> None:
        """In each lane the counter where the lane's extreme was found."""
        program, body, m = self.program, self.body, self.body.flags[p][0]
        width = self.width[m]
        if width < 64 and any(a.store for a in body.accesses):
            raise NotVectorizable("the place of a narrow extreme, and stores")
        (reduction,) = [r for r in self.reductions if r.param == m]
        (given,) = reduction.given
        name = CHANGES[reduction.kind]
        if body.type(m).is_float:
            columns = self.floats(given), self.parts[m]
        else:
            columns = self.ints(given, width), self.parts[m]
            name = AS_UNSIGNED[name] if self.unsigned(reduction) else name
        type = self.at(width)
        begin = program.const(type, 0)
        self.require("rsmin" if body.loop.step > 0 else "rsmax", type)
        self.require("feq" if body.type(m).is_float else "eq", program.types[self.parts[m][0]])
        numbers = self.sought[p] = []
        for mask, k in zip(self._lanewise(name, *columns), self.ints(body.counter, width)):
            numbers.append(len(self.accumulators))
            before = program.leaf(ACCUMULATOR, numbers[-1], type)
            self.accumulators.append((reduction, PLACES))
            self.identities.append(begin)
            self.results.append(program.emit("select", (mask, k, before)))

    def remember(self, pick: Pick, begin: int) -> int:
        """An accumulator of what was picked last; gives its number."""
        self.accumulators.append((pick, PICKED))
        self.identities.append(begin)
        return len(self.accumulators) - 1

    def require(self, name: str, type: Type) -> None:
        if not self.target.supports(name, type):
            raise Missing(f"{name} of {type}")

    def unbounded(self, reduction: Reduction) -> bool:
        """Whether the elements of a checked sum may be so large that not every sum of `trips` of them fits."""
        most = sum([max(-lo, hi) for lo, hi in [self.widths.bound(a) for a in reduction.given]])
        return not self.trips or most * self.trips >= SUM_LIMIT


def _wrapped(number: int, width: int) -> int:
    """As a lane of `width` bits holds it."""
    half = 1 << width - 1
    return (number + half) % (2 * half) - half
