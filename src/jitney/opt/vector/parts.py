"""The values of a round of a vectorised loop: what they are as lists of parts, at which width. See `widen`."""

from __future__ import annotations

from ...ir.ops import OPS
from ...ir.types import I1, I8, I16, I32, I64, vector
from .body import NotVectorizable
from .program import FIRST, SCALAR, Program
from .widths import round_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...codegen.target import Target
    from ...ir.types import Type
    from .body import Body
    from .widths import Widths

CUTS = {f"{kind}ext{n}": n for kind in "sz" for n in (8, 16, 32)}
_COMPARISONS = ("slt", "sle", "sgt", "sge", "smin", "smax")
AS_UNSIGNED = {"eq": "eq", "ne": "ne", **{name: "u" + name[1:] for name in _COMPARISONS}}
_ELEMENTS = {8: I8, 16: I16, 32: I32, 64: I64}
_CONST = OPS["const"]


class Parts:
    """Old values as parts of `lanes` lanes.

    Attributes:
        program: what is computed in a round.
        parts: of old values: the program's values, at the lane width `width` (0 for what is invariant).
        widest: bytes of the longest vectors.
        floor: no narrower lanes are computed with: they would not fill the least register.
        forward: lane 0 has the least counter.
        counted: whether the counter is computed with, so that it must be within `widths.COUNTER_LIMIT`.
    """

    __slots__ = ("body", "counted", "floor", "forward", "lanes", "parts", "program", "target", "widest", "width",
                 "widths")  # fmt: skip

    def __init__(self, body: Body, widths: Widths, lanes: int, widest: int, forward: bool) -> None:
        self.body = body
        self.widths = widths
        target = body.function.target
        assert target is not None
        self.target: Target = target
        self.widest = widest
        self.lanes = lanes
        self.floor = max(8, 128 // lanes)
        self.forward = forward
        self.program = Program(target)
        self.parts: dict[int, list[int]] = {}
        self.width: dict[int, int] = {}
        self.counted = body.counter in widths.needed

    @property
    def ascending(self) -> bool:
        """Whether lane 0 is the first iteration of a round."""
        return self.forward is (self.body.loop.step > 0)

    # -- types --------------------------------------------------------------------------------------------------------

    def at(self, width: int, element: Type | None = None) -> Type:
        """The type of a part, for lanes of `width` bits."""
        count = min(self.lanes, 8 * self.widest // width)
        return vector(element or _ELEMENTS[width], count)

    def of(self, type: Type) -> Type:
        """The type of a part, for floats."""
        return self.at(8 * type.size, type)

    def count(self, width: int) -> int:
        """How many parts there are, for lanes of `width` bits."""
        return self.lanes // self.at(width).lanes

    # -- arguments ----------------------------------------------------------------------------------------------------

    def invariant(self, v: int) -> bool:
        body = self.body
        return v not in self.parts and (v in body.uniform or not body.inside(v) or body.op(v) is _CONST)

    def splat(self, v: int, type: Type) -> int:
        """An invariant in all lanes."""
        known = self.body.constant(v)
        program = self.program
        if known is not None:
            if self.body.type(v) is I1:
                known = -1 if known else 0
            elif not type.element.is_float:
                half = 1 << (8 * type.element.size - 1)
                known = ((known + half) & (2 * half - 1)) - half
            return program.const(type, known)
        scalar = program.leaf(SCALAR, v, self.body.type(v))
        if self.body.type(v) is I1:
            scalar = program.emit("neg", (program.emit("b2i", (scalar,)),))
        return program.emit("splat", (scalar,), type)

    def ints(self, v: int, width: int) -> list[int]:
        """The parts of an i64 with lanes of `width` bits; the low bits, if those are fewer than it has."""
        if self.invariant(v):
            return [self.splat(v, self.at(width))] * self.count(width)
        if v == self.body.counter:
            return self._count(v, width)
        if v not in self.parts:
            return self._ones(v, width)
        lo, _ = self.widths.bound(v)
        return self.resized(self.parts[v], self.width[v], width, "vzext" if lo >= 0 else "vsext")

    def _ones(self, v: int, width: int) -> list[int]:
        """1 where a condition holds."""
        ones = [self.splat_number(1, width)] * self.count(width)
        return self._lanewise("and", self._mask_of(v, width), ones)

    def masks(self, v: int, width: int) -> list[int]:
        if self.invariant(v):
            return [self.splat(v, self.at(width))] * self.count(width)
        return self.resized(self.parts[v], self.width[v], width, "vsext")

    def floats(self, v: int) -> list[int]:
        type = self.body.type(v)
        if self.invariant(v):
            return [self.splat(v, self.of(type))] * self.count(8 * type.size)
        return self.parts[v]

    def resized(self, parts: list[int], width: int, wanted: int, widening: str) -> list[int]:
        while width < wanted:
            # At once, as far as what becomes one register is eight bytes at least.
            wide = [n for n in (8, 4) if width * n <= wanted and self.at(width * n).lanes * width >= 64]
            times = wide[0] if wide else 2
            width *= times
            parts = self.converted(parts, self.at(width), widening)
        while width > wanted:
            # Only AVX-512 cuts to a quarter in one instruction.
            part = 4 if self.widest == 64 and width >= 4 * wanted and self.at(width).lanes * width >= 256 else 2
            width //= part
            parts = self.converted(parts, self.at(width), "vtrunc")
        return parts

    def converted(self, parts: list[int], type: Type, name: str) -> list[int]:
        """Parts of another width, by an operation that keeps the number of lanes."""
        emit, types = self.program.emit, self.program.types
        if len(parts) * types[parts[0]].lanes != self.lanes:
            raise AssertionError("not all lanes")
        while types[parts[0]].lanes > type.lanes:
            parts = [emit(name, (part,)) for whole in parts for name in ("low", "high") for part in (whole,)]
        made = [emit(name, (part,), vector(type.element, types[part].lanes)) for part in parts]
        while types[made[0]].lanes < type.lanes:
            made = [emit("join", (made[k], made[k + 1])) for k in range(0, len(made), 2)]
        return made

    def _count(self, v: int, wanted: int) -> list[int]:
        """The counter in each lane: in wide ones at once, if wide ones are wanted."""
        self.counted = True
        bits = self.widths.needed.get(v, 64)
        width = max(wanted, max(round_up(bits), 16) if bits <= 16 else 32)
        emit, type = self.program.emit, self.at(width)
        first = emit("splat", (self.program.leaf(FIRST, v, I64),), type)
        sign = 1 if self.forward else -1
        parts = [
            emit("add", (first, self.program.const(type, tuple([sign * (part * type.lanes + k) for k in
            range(type.lanes)])))) for part in range(self.count(width))
        ]  # fmt: skip
        if v not in self.parts or width < self.width[v]:
            self.parts[v], self.width[v] = parts, width
        return self.resized(parts, width, wanted, "")

    def _lanewise(self, name: str, *columns: list[int], imm: Any = None) -> list[int]:
        return [self.program.emit(name, tuple(row), imm=imm) for row in zip(*columns)]

    def _mask_of(self, v: int, width: int) -> list[int]:
        """The mask of what a `b2i` converts."""
        return self.masks(self.body.insts[v].args[0], width)

    def splat_number(self, number: int, width: int) -> int:
        return self.program.const(self.at(width), number)

    def put(self, v: int, width: int, parts: list[int]) -> None:
        """These are the parts of `v`."""
        self._set(v, width, parts)

    def _set(self, v: int, width: int, parts: list[int]) -> None:
        self.parts[v] = parts
        self.width[v] = width

    def _supported(self, name: str, width: int) -> int:
        """The least width from `width` on at which the target has an operation."""
        width = max(width, self.floor)
        while not self.target.supports(name, self.at(width)):
            width *= 2
            if width > 64:
                raise NotVectorizable(f"{name} of integers")
        return width
