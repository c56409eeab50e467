"""The vector instructions for one round of a loop: `lanes` iterations at a time.

A value is a list of *parts*, each as many lanes as a register holds: 16 iterations of a float64 are 4 parts of v4f64.
So loops of mixed widths need no special care (16 bytes that become 16 doubles are one part that becomes four), and
loops of one width are interleaved by asking for more lanes than a register has.

    v2 = load u8 [a + k]        load v16i8 [a + k]
    v3 = i2f v2                 vzext to v16i16; low, high; vsext each to v8i32; low, high; i2f each: four v4f64

The instructions are first written down in a `Program`, which knows what the target can do and what a round costs, and
only then emitted: another number of lanes may be tried.
"""

from __future__ import annotations

import math

from ...ir.function import ArrayCall
from ...ir.ops import OPS
from ...ir.types import F64, I1, I8, I64, VOID, mask_of, vector
from ...lazy import lazy
from .body import Missing, NotVectorizable
from .carried import Carried
from .conversions import LEAST
from .parts import AS_UNSIGNED, CUTS
from .program import ACCUMULATOR, LEFT, SCALAR
from .serial import in_order
from .widths import round_up, signed_size, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.types import Type
    from .. import special
    from . import lookups, remainders, scans, strided
    from . import picks as last_values
    from . import shifted as neighbours
    from .body import Body, Inst
    from .lookups import Limit
    from .reductions import Reduction
    from .serial import Serial
    from .widths import Widths
else:
    special = lazy("jitney.opt", "special")
    last_values, scans, neighbours, strided = lazy("jitney.opt.vector", "picks", "scans", "shifted", "strided")
    lookups, remainders = lazy("jitney.opt.vector", "lookups", "remainders")

_CONST, _LOAD, _STORE, _SELECT, _B2I = OPS["const"], OPS["load"], OPS["store"], OPS["select"], OPS["b2i"]
_PARAM = OPS["param"]
_LOW = frozenset(("add", "sub", "mul", "neg", "and", "or", "xor", "not"))
_SIGNED = frozenset(AS_UNSIGNED)
_UNSIGNED = frozenset(("ult", "ule", "ugt", "uge", "umin", "umax"))
_SWAPPED = {"eq": "eq", "ne": "ne", "slt": "sgt", "sgt": "slt", "sle": "sge", "sge": "sle"}
# What a comparison with the nearest number is to be joined with: how, and the test of the number itself that says so.
_BEYOND = {
    "eq": ("and", "eq", "near"), "ne": ("or", "ne", "near"), "slt": ("or", "sgt", "hi"), "sgt": ("or", "slt", "lo"),
    "sle": ("and", "sge", "lo"), "sge": ("and", "sle", "hi"),
}  # fmt: skip
_AS_SIGNED = {name: "s" + name[1:] for name in _UNSIGNED}
_FLOATS = frozenset((
    "fadd", "fsub", "fmul", "fdiv", "fneg", "fabs", "fsqrt", "fpower", "fcopysign", "fmin", "fmax", "ffloor", "fceil",
    "ftrunc", "frint", "fma",
))  # fmt: skip


class Widen(Carried):
    """The program for one loop, for a number of lanes.

    Attributes:
        apart: parts of accesses with a stride, which whole vectors were taken apart into, or will be put together of.
        picked: of parameters that are the last value for which a condition holds: what lanes remember.
        serial_values: what goes in order: the program's scalars, one per iteration.
        masked: see `__init__`. least: iterations that it is there for; `lanes` mostly.
        _before: of a parameter that takes over, see `shifted`: what comes from the round before, and then, what goes to
            the next one.
        bounded, failing: the program's value, an i1, that tells that the round must not be done; -1: never. The former
            is known before anything is looked up.
        late: of each of the program's values, whether it has to wait for `bounded`; empty if nothing has.
    """

    __slots__ = (
        "_before", "_beyond", "apart", "bounded", "failing", "late", "least", "masked", "picked", "serial_values",
    )  # fmt: skip

    def __init__(
        self, body: Body, reductions: list[Reduction], widths: Widths, lanes: int, widest: int, forward: bool,
        trips: int, serial: Serial | None = None, masked: bool = False, floor: int = 8
    ) -> None:
        """`forward`: lane 0 has the least counter; `trips`: the loop's iterations at most, 0 if that is not known.
        `masked`: there may be fewer iterations left than lanes: the others touch no memory and change nothing.
        `floor`: bits of the narrowest lanes that are computed with."""
        super().__init__(body, reductions, widths, lanes, widest, forward, trips)
        self.floor = max(self.floor, floor)
        self.masked = masked
        self.least = lanes
        self._beyond: list[int] = []
        self.apart: dict[int, list[int]] = {}
        chained = {}
        for congruence in body.congruences.values():
            self._go_on(congruence)
        scan = serial.scan if serial is not None else None
        if scan is not None:
            begin = [self._take_over(scan.param, 64)]
        else:
            begin = [self._carried(r) for r in serial.carried] if serial is not None else []
        for reduction in reductions:
            self._accumulate(reduction)
            for v in reduction.chain:
                chained[v] = reduction
        self._before = {p: self._take_over(p) for p in body.shifted}
        self.serial_values: dict[int, list[int]] = {}
        if serial is None:
            self._compute_all(body.order, chained)
        else:
            self._compute_all(serial.before, chained)
            if scan is not None:
                self.results.append(scans.compute(self, scan, begin[0], self._beyond))
            else:
                self.serial_values, following = in_order(self, serial, begin)
                self.results += following
            self._compute_all(serial.after, chained)
        for reduction in reductions:
            self.results += self.parts[reduction.result]
        self.results += [self._before[p] for p in body.shifted]
        for reduction in reductions:
            self._collect(reduction)
        for p in body.seeks:
            self._seek(p)
        self.picked = last_values.remember(self) if body.picks else {}
        assert len(self.results) == len(self.accumulators)
        self.bounded, self.failing = self._find_failing()
        self.late = self.program.late() if body.lookups and self.bounded >= 0 else []
        if masked:
            if self.failing >= 0 or body.lookups:
                raise NotVectorizable("a round that may be left")
            for number, result in enumerate(self.results):
                type = self.program.types[result]
                before = self.program.leaf(ACCUMULATOR, number, type)
                self.results[number] = self.program.emit("select", (self._lanes_left(type), result, before))

    def _compute_all(self, order: list[int], chained: dict[int, Reduction]) -> None:
        body, widths = self.body, self.widths
        tests = body.tests()
        for v in order:
            inst = body.insts[v]
            if inst.op is _STORE:
                if body_store_moves(body, v):
                    self._store(v, inst)
            elif v in widths.needed and v not in body.uniform and v not in tests:
                if v in chained:
                    self._chain(v, inst, chained[v])
                else:
                    self._compute(v, inst)

    # -- instructions -------------------------------------------------------------------------------------------------

    def _compute(self, v: int, inst: Inst) -> None:
        if inst.op is _CONST:
            return
        if inst.op is _PARAM:
            parts, self._before[v] = neighbours.shift(self, v, self._before[v])
            self._set(v, 8 * self.program.types[parts[0]].element.size, parts)
        elif v in self.body.lookups:
            lookups.load(self, v)
        elif inst.op is _LOAD:
            self._load(v, inst)
        elif inst.type is I1:
            self._condition(v, inst)
        elif inst.type is I64:
            self._integer(v, inst)
        elif inst.type.is_float:
            self._float(v, inst)
        else:
            raise NotVectorizable(f"{inst.op} of {inst.type} in lanes")

    def _exact(self, v: int, width: int) -> bool:
        """Whether lanes of `width` bits can hold these bits of `v` as they are, not only those asked for."""
        return v not in self.width or self.width[v] >= width or size(self.widths.bound(v)) <= self.width[v]

    def _set_low(self, v: int, inst: Inst, width: int, parts: list[int]) -> None:
        """The result of an operation that is there for wider lanes only is cut to the bits that are right."""
        if not all(self._exact(a, width) for a in inst.args if self.body.type(a) is I64):
            parts, width = self.resized(parts, width, self.widths.fitting(v), "vzext"), self.widths.fitting(v)
        self._set(v, width, parts)

    def _natural(self, v: int, inst: Inst) -> int:
        """The lane width for an operation of which only low bits count: what is asked for, or what its arguments have
        already if that is more."""
        given = [self.width[a] for a in inst.args if a in self.width and self.body.type(a) is I64]
        return max(self.widths.fitting(v), min(given, default=8), self.floor)

    def _integer(self, v: int, inst: Inst) -> None:
        name, args, emit = inst.op.name, inst.args, self.program.emit
        body, widths = self.body, self.widths
        if name in CUTS:
            self._cut(v, inst, CUTS[name])
        elif name in _LOW:
            width = self._supported(name, self._natural(v, inst))
            if name == "add" and body.op(args[1]) is _B2I and not self.invariant(args[1]):
                # Adding a condition is subtracting its mask.
                parts = self._lanewise("sub", self.ints(args[0], width), self._mask_of(args[1], width))
            else:
                parts = self._lanewise(name, *[self.ints(a, width) for a in args])
            self._set_low(v, inst, width, parts)
        elif inst.op is _SELECT:
            width = self._natural(v, inst)
            parts = self._lanewise(
                "select", self.masks(args[0], width), self.ints(args[1], width), self.ints(args[2], width)
            )
            self._set(v, width, parts)
        elif inst.op is _B2I:
            return  # computed where it is used, at the width that is asked for
        elif name in ("shl", "lshr", "sar"):
            self._shift(v, inst)
        elif name in _SIGNED or name in _UNSIGNED:
            width, name, columns = self._compared(name, args)
            self._set(v, width, self._lanewise(name, *columns))
        elif name == "iabs":
            width = self._supported(name, round_up(signed_size(widths.bound(args[0]))))
            self._set(v, width, self._lanewise(name, self.ints(args[0], width)))
        elif name == "popcnt":
            # As it is: of a negative number all 64 bits count.
            lo, hi = widths.bound(args[0])
            width = self._supported(name, round_up(hi.bit_length()) if lo >= 0 else 64)
            self._set(v, width, self._lanewise(name, self.ints(args[0], width)))
        elif name == "f2i" and v in body.short:
            self._set(v, 32, self.converted(self.floats(args[0]), self.at(32), "vf2i"))
        elif name in ("f2i", "f2bits") and body.type(args[0]) is F64:
            type = self.of(F64)
            self._set(v, 64, [emit(name, (part,), vector(I64, type.lanes)) for part in self.floats(args[0])])
        else:
            raise NotVectorizable(f"{name} in lanes")

    def _cut(self, v: int, inst: Inst, bits: int) -> None:
        """`bits` low bits, extended."""
        (value,) = inst.args
        wide = self.width.get(value, 0)
        if inst.op.name.startswith("z") and bits < wide <= self.widths.needed[v]:
            # Who asks for it asks for lanes as wide as it has.
            masks = [self.splat_number((1 << bits) - 1, wide)] * self.count(wide)
            self._set(v, wide, self._lanewise("and", self.ints(value, wide), masks))
            return
        if bits >= self.floor:
            width = bits if self._exact(value, bits) else max(self.widths.fitting(v), self.floor)
            self._set(v, width, self.ints(value, width))
            return
        # Lanes of that width would be too few bytes.
        width = self.floor
        parts = self.ints(value, width)
        if inst.op.name.startswith("z"):
            parts = self._lanewise("and", parts, [self.splat_number((1 << bits) - 1, width)] * len(parts))
        else:
            counts = [self.splat_number(width - bits, width)] * len(parts)
            parts = self._lanewise("sar", self._lanewise("shl", parts, counts), counts)
        self._set(v, width, parts)

    def _shift(self, v: int, inst: Inst) -> None:
        name, (value, by) = inst.op.name, inst.args
        half = self.widths.upper_half(inst)
        if half is not None:
            self._upper_half(v, *half)
            return
        widths = self.widths
        lo, hi = widths.bound(value)
        if name == "shl":
            width = self._natural(v, inst)
        elif lo >= 0:
            name, width = "lshr", round_up(hi.bit_length())
        elif name == "lshr":
            width = 64
        else:
            width = round_up(signed_size((lo, hi)))
        if name != "shl" and widths.low_bits(v) + widths.farthest(by) <= width // 2:
            # What comes in from the left is not asked for.
            name, width = "lshr", round_up(widths.low_bits(v) + widths.farthest(by))
        count = self.body.constant(by)
        if count is None:
            # In lanes that no count leaves; of bytes there are no such shifts.
            if not 0 <= widths.bound(by)[0] <= widths.bound(by)[1] < 64:
                raise NotVectorizable("a shift by any number")
            width = self._supported(f"{name}v", max(width, 16, round_up(widths.farthest(by) + 1)))
            counts = self.ints(by, width)
        else:
            count &= 63
            width = self._supported(name, width)
            if count >= width:
                if name != "sar":
                    self._set(v, width, [self.splat_number(0, width)] * self.count(width))
                    return
                count = width - 1
            counts = [self.splat_number(count, width)] * self.count(width)
        parts = self._lanewise(name, self.ints(value, width), counts)
        if name == "shl":
            self._set_low(v, inst, width, parts)
        else:
            self._set(v, width, parts)

    def _upper_half(self, v: int, x: int, by: int, shift: int, bits: int) -> None:
        """The upper half of a product, shifted: as such, or from the product if only wider lanes fill a register."""
        name, width = "umulh", bits
        if width < self.floor:
            name, width, shift = "mul", self._supported("mul", 2 * bits), shift + bits
        else:
            by -= by >> bits - 1 << bits
        parts = self._lanewise(name, self.ints(x, width), [self.splat_number(by, width)] * self.count(width))
        if shift:
            parts = self._lanewise("lshr", parts, [self.splat_number(shift, width)] * len(parts))
        self._set(v, width, parts)

    def _compared(self, name: str, args: tuple[int, ...]) -> tuple[int, str, list[list[int]]]:
        """Lanes that hold both arguments, and the operation on such lanes."""
        width, signed = self.widths.comparing(args)
        folded = self.widths.folded(name, args)
        if folded:
            width = self._supported(name, folded)
            columns = [self.ints(a, width) for a in args]
            if width > folded:
                low = [self.splat_number((1 << folded) - 1, width)] * self.count(width)
                columns = [self._lanewise("and", column, low) for column in columns]
            return width, name, columns
        if name in _UNSIGNED:
            # Bits of 64 are compared: those of negative numbers are greater, and so they are in lanes that hold them.
            if min([self.widths.bound(a)[0] for a in args]) >= 0:
                name = _AS_SIGNED[name]
        width = max(width, min([self.width[a] for a in args if a in self.width], default=8), self.floor)
        if name in _SIGNED and not signed:
            fits = max([self.widths.bound(a)[1] for a in args]).bit_length() < width
            name = name if fits else AS_UNSIGNED[name]
        width = self._supported(name, width)
        return width, name, [self.ints(a, width) for a in args]

    def _condition(self, v: int, inst: Inst) -> None:
        name, args, body = inst.op.name, inst.args, self.body
        types = [body.type(a) for a in args]
        if types[0] is I1:
            width = max(min([self.width[a] for a in args if a in self.width], default=8), self.floor)
            if name in ("eq", "ne"):
                columns = [self.masks(a, width) for a in args]
                parts = self._lanewise("xor", *columns)
                self._set(v, width, parts if name == "ne" else self._lanewise("not", parts))
            elif name in ("and", "or", "xor", "not"):
                self._set(v, width, self._lanewise(name, *[self.masks(a, width) for a in args]))
            else:
                raise NotVectorizable(f"{name} of conditions")
        elif v in body.limits:
            self._limit(v, body.limits[v])
        elif types[0].is_float:
            self._set(v, 8 * types[0].size, self._lanewise(name, *[self.floats(a) for a in args]))
        elif self.widths.tells_short(inst):
            least = [self.splat_number(LEAST, 32)] * self.count(32)
            self._set(v, 32, self._lanewise(name, self.ints(args[0], 32), least))
        elif self.widths.moves_short(inst):
            self._set(v, 32, self._lanewise(name, *[self.ints(a, 32) for a in args]))
        elif types[0] is I64 and (name in _SIGNED or name in _UNSIGNED):
            side = self.widths.beyond(name, args)
            if side >= 0 and self.floor < 64:
                self._against(v, name if side else _SWAPPED[name], args[1 - side], args[side])
                return
            width, name, columns = self._compared(name, args)
            self._set(v, width, self._lanewise(name, *columns))
        else:
            raise NotVectorizable(f"{name} of {types[0]}")

    def _limit(self, v: int, limit: Limit) -> None:
        """Whether x + low is below a length, less what `high` is more, as an unsigned number that may have wrapped."""
        emit, const = self.program.emit, self.program.const
        width, signed = self.widths.comparing((limit.x,))
        if limit.low > 0 and not signed:
            width, signed = 2 * width, True  # so that it does not wrap
        width = self._supported("ule", max(width, self.width.get(limit.x, 8)))
        most = emit("sub", (self.program.leaf(SCALAR, limit.length, I64), const(I64, 1 + limit.high - limit.low)))
        if width < 64:
            most = emit("smin", (most, const(I64, (1 << width - signed) - 1 - abs(limit.low))))
        parts, all = self.ints(limit.x, width), emit("splat", (most,), self.at(width))
        if limit.low:
            parts = self._lanewise("add", parts, [self.splat_number(limit.low, width)] * len(parts))
        self._set(v, width, [emit("ule", (part, all)) for part in parts])

    def _against(self, v: int, name: str, x: int, limit: int) -> None:
        """`x` compared with an invariant that lanes as wide as those of `x` need not hold: with the nearest number that
        `x` can be, and what is then wrong for all lanes put right."""
        program, widths = self.program, self.widths
        emit = program.emit
        lo, hi = [program.const(I64, bound) for bound in widths.bound(x)]
        scalar = program.leaf(SCALAR, limit, I64)
        near = emit("smin", (emit("smax", (scalar, lo)), hi))
        join, test, other = _BEYOND[name]
        flag = emit(test, (scalar, {"lo": lo, "hi": hi, "near": near}[other]))
        width, signed = widths.comparing((x,))
        width = self._supported(name, max(width, self.width.get(x, 8)))
        if not signed and widths.bound(x)[1] >> width - 1:
            name = AS_UNSIGNED[name]
        parts = self.ints(x, width)
        all = [emit("splat", (near,), self.at(width))] * len(parts)
        mask = [emit("splat", (emit("neg", (emit("b2i", (flag,)),)),), self.at(width))] * len(parts)
        self._set(v, width, self._lanewise(join, self._lanewise(name, parts, all), mask))

    def _float(self, v: int, inst: Inst) -> None:
        name, args, emit = inst.op.name, inst.args, self.program.emit
        width = 8 * inst.type.size
        if name in _FLOATS:
            parts = self._lanewise(name, *[self.floats(a) for a in args], imm=inst.imm)
        elif inst.op is _SELECT:
            parts = self._lanewise("select", self.masks(args[0], width), self.floats(args[1]), self.floats(args[2]))
        elif name in ("fext", "fround"):
            parts = self.converted(self.floats(args[0]), self.of(inst.type), name)
        elif name in ("i2f", "u2f"):
            lo, hi = self.widths.bound(args[0])
            narrow = -(1 << 31) <= lo and hi < 1 << 31
            if not narrow and (name == "u2f" or inst.type is not F64):
                raise NotVectorizable("a wide integer as float")
            given = self.ints(args[0], 32 if narrow else 64)
            type = self.of(inst.type)
            if narrow and inst.type is F64:
                parts = self.converted(given, type, "i2f")
            else:
                parts = [emit("i2f", (part,), type) for part in given]
        elif name == "fcall":
            parts = self._function(inst)
        elif name == "bits2f":
            parts = [emit(name, (part,), self.of(F64)) for part in self.ints(args[0], 64)]
        else:
            raise NotVectorizable(f"{name} in lanes")
        self._set(v, width, parts)

    # -- what may make a round impossible ------------------------------------------------------------------------------

    def _function(self, inst: Inst) -> list[int]:
        """A mathematical function by code of our own; where its argument is beyond what that is for, lanes are told to
        leave. Or by an inner loop of NumPy's, if that does the same for numbers side by side."""
        if inst.imm.__class__ is ArrayCall:
            if not inst.imm.loop.in_lanes:
                raise NotVectorizable(f"{inst.imm.name} of numbers side by side is another one")
            columns = [self.floats(a) for a in inst.args]
            return [self.program.emit("fcall", row, self.of(inst.type), inst.imm) for row in zip(*columns)]
        if inst.imm.name in ("fmod", "fmodf"):
            parts = [remainders.compute(self.program, *pair) for pair in zip(*map(self.floats, inst.args))]
            self._beyond += [beyond for _, beyond in parts]
            return [rest for rest, _ in parts]
        known = special.find(inst.imm)
        if known is None or not special.supported(self.target, self.of(inst.type)):
            raise Missing(f"{inst.imm.name} in lanes")
        emit, type = self.program.emit, self.of(inst.type)
        columns = [self.floats(a) for a in inst.args]
        if known.limit:
            for part in columns[0]:
                size = emit("fabs", (part,))
                beyond = emit("fgt", (size, self.program.const(type, known.limit)))
                finite = emit("flt", (size, self.program.const(type, math.inf)))
                self._beyond.append(emit("and", (beyond, finite)))
        return [emit("fcall", row, type, inst.imm) for row in zip(*columns)]

    def _find_failing(self) -> tuple[int, int]:
        """Whether a check fails, or an argument is beyond its limit, in any lane: of those that need nothing that is
        looked up, if something is, and all others."""
        program = self.program
        masks = list(self._beyond)
        for cond in self.body.guards:
            if cond in self.serial_values:
                raise NotVectorizable("a check of what goes in order")
            masks += [program.opposite(mask) for mask in self.masks(cond, self.width.get(cond, 64))]
        if not self.body.lookups:
            return -1, self._any(masks)
        late = program.late()
        if any(late[mask] for cond in self.body.limits for mask in self.parts[cond]):
            raise NotVectorizable("an index that is looked up")
        if self.body.early and any(late[mask] for mask in masks):
            raise NotVectorizable("left early by what is looked up")
        return self._any([m for m in masks if not late[m]]), self._any([m for m in masks if late[m]])

    def _any(self, masks: list[int]) -> int:
        """Whether any lane of any of these is set, -1 if there are none."""
        program = self.program
        emit, types = program.emit, program.types
        joined: dict[Type, int] = {}
        for mask in masks:
            before = joined.get(types[mask])
            joined[types[mask]] = mask if before is None else emit("or", (before, mask))
        failing = -1
        for mask in joined.values():
            some = emit("anyset", (mask,))
            failing = some if failing < 0 else emit("or", (failing, some), I1)
        return failing

    # -- memory -------------------------------------------------------------------------------------------------------

    def _lanes_left(self, type: Type) -> int:
        """The mask of lanes that there are iterations for; only whole registers of the longest kind have one."""
        if type.size < 64 or type.lanes != self.lanes:
            raise NotVectorizable("masks of several widths")
        masks = mask_of(type)
        number = self.program.const(masks, tuple(range(type.lanes)))
        return self.program.emit("slt", (number, self.program.emit("splat", (self.program.leaf(LEFT, 0, I64),), masks)))

    def _where(self, v: int, type: Type, width: int) -> list[int]:
        """The masks of an access; none if it is done in all lanes."""
        mask = self.body.insts[v].mask
        masks = self.masks(mask, width) if mask >= 0 else []
        if self.masked:
            left = self._lanes_left(type)
            masks = [self.program.emit("and", (left, masks[0])) if masks else left]
        if masks and (v in self.body.strided or self.turned(v)):
            raise NotVectorizable("a masked access the other way round")
        return masks

    def _load(self, v: int, inst: Inst) -> None:
        access = inst.imm.access
        width = 8 * access.size
        type = self.of(inst.type) if inst.type.is_float else self.at(width)
        places = self._places(v, type)
        cluster = self.body.strided.get(v)
        masks = self._where(v, type, width)
        if cluster is not None:
            parts = strided.load(self, cluster, v, type)
        elif self.turned(v):
            parts = [self._turn(self.program.emit("load", (), type, place)) for place in places]
        elif masks:
            parts = [self.program.emit("mload", (mask,), type, place) for mask, place in zip(masks, places)]
        else:
            parts = [self.program.emit("load", (), type, place) for place in places]
        if inst.type is I1:
            zero = self.splat_number(0, width)
            parts = [self.program.emit("ne", (part, zero)) for part in parts]
        elif inst.type is not I64 and not inst.type.is_float:
            raise NotVectorizable(f"a load of {inst.type}")
        if v in self.widths.cut:
            least = max(round_up(self.widths.needed[v]), self.floor)
            parts, width = self.resized(parts, width, least, ""), least
        self._set(v, width, parts)

    def turned(self, v: int) -> bool:
        """Whether the addresses of an access fall from lane to lane."""
        return any(a.value == v and (a.at.coef > 0) is not self.forward for a in self.body.accesses)

    def cheap_shuffle(self, type: Type) -> bool:
        """Whether a shuffle of two vectors of this type is one instruction, mostly."""
        whole = vector(I64, 8) if type.element.size > 1 else vector(I8, 64)
        return type.size <= 16 or self.target.supports("shuffle", whole)

    def _turn(self, part: int) -> int:
        lanes = self.program.types[part].lanes
        return self.program.emit("shuffle", (part,), None, tuple(range(lanes - 1, -1, -1)))

    def _places(self, v: int, type: Type) -> list[tuple[int, int]]:
        """Where the parts of an access lie: it, and bytes from lane 0."""
        starts = range(0, self.lanes, type.lanes)
        size = type.element.size
        if self.turned(v):
            return [(v, -(lane + type.lanes - 1) * size) for lane in starts]
        return [(v, lane * size) for lane in starts]

    def _store(self, v: int, inst: Inst) -> None:
        value, access = inst.args[0], inst.imm.access
        width = 8 * access.size
        type = self.body.type(value)
        if type.is_float:
            parts = self.floats(value)
        elif type is I1:
            one = self.splat_number(1, width)
            parts = self._lanewise("and", self.masks(value, width), [one] * self.count(width))
        elif type is I64:
            parts = self.ints(value, width)
        else:
            raise NotVectorizable(f"a store of {type}")
        cluster = self.body.strided.get(v)
        masks = self._where(v, self.program.types[parts[0]], width)
        if cluster is not None:
            strided.store(self, cluster, v, parts)
            return
        places = self._places(v, self.program.types[parts[0]])
        if self.turned(v):
            parts = [self._turn(part) for part in parts]
        for k, part in enumerate(parts):
            if masks:
                self.program.emit("mstore", (part, masks[k]), VOID, places[k])
            else:
                self.program.emit("store", (part,), VOID, places[k])

    def require_last(self, values: set[int]) -> None:
        """Each of these must have a lane that can be taken out."""
        for v in values - self.serial_values.keys():
            if self.body.op(v) is _B2I and v not in self.parts:
                width = self.width.get(self.body.insts[v].args[0], 64)
                self._set(v, width, self._ones(v, width))
            if not self.invariant(v):
                if v not in self.parts:
                    raise NotVectorizable("a last value that nothing in the loop needs")
                self.require("lane", self.program.types[self.parts[v][0]])


def body_store_moves(body: Body, v: int) -> bool:
    """Whether a store writes elsewhere in each iteration."""
    return any(a.value == v and a.at.coef for a in body.accesses)
