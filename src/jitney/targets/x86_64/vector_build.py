"""What the rules about vectors are written with: instructions by row, for one width and one instruction set.

A row names an instruction as in `encode.py`, without its width: `Build` adds that. Rows with `W` have VEX.W set.
"""

from __future__ import annotations

from ...codegen.machine import FIRST, VECTOR
from ...codegen.select import CONST
from . import ops
from . import ops_vector as vops
from .emit import WIDTH_BITS
from .select import fits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...ir.types import Type
    from .encode import Row
    from .select import X86Selector

# Levels of instruction sets, each with all below: SSE2, SSSE3 and SSE4.1, SSE4.2, AVX, AVX2, AVX-512 (F, VL, DQ, BW).
SSE2, SSE41, SSE42, AVX, AVX2, AVX512 = range(6)
W = 128

_STEPS = (
    (AVX512, ("avx2", "avx512f", "avx512vl", "avx512dq", "avx512bw")),
    (AVX2, ("avx2",)),
    (AVX, ("avx",)),
    (SSE42, ("sse4_2", "sse4_1", "ssse3")),
    (SSE41, ("sse4_1", "ssse3")),
)
_levels: dict[frozenset[str], int] = {}

PAND, PANDN, POR, PXOR = (1, 1, 0xDB, "pand"), (1, 1, 0xDF, "pandn"), (1, 1, 0xEB, "por"), (1, 1, 0xEF, "pxor")
PADD = {1: (1, 1, 0xFC, "paddb"), 2: (1, 1, 0xFD, "paddw"), 4: (1, 1, 0xFE, "paddd"), 8: (1, 1, 0xD4, "paddq")}
PSUB = {1: (1, 1, 0xF8, "psubb"), 2: (1, 1, 0xF9, "psubw"), 4: (1, 1, 0xFA, "psubd"), 8: (1, 1, 0xFB, "psubq")}
PCMPEQ = {
    1: (1, 1, 0x74, "pcmpeqb"), 2: (1, 1, 0x75, "pcmpeqw"), 4: (1, 1, 0x76, "pcmpeqd"), 8: (1, 2, 0x29, "pcmpeqq"),
}  # fmt: skip
PCMPGT = {
    1: (1, 1, 0x64, "pcmpgtb"), 2: (1, 1, 0x65, "pcmpgtw"), 4: (1, 1, 0x66, "pcmpgtd"), 8: (1, 2, 0x37, "pcmpgtq"),
}  # fmt: skip
PSHUFD = (1, 1, 0x70, "pshufd")
PSHUFB, PSADBW = (1, 2, 0x00, "pshufb"), (1, 1, 0xF6, "psadbw")
PMULUDQ = (1, 1, 0xF4, "pmuludq")
PUNPCKL = {
    1: (1, 1, 0x60, "punpcklbw"), 2: (1, 1, 0x61, "punpcklwd"), 4: (1, 1, 0x62, "punpckldq"),
    8: (1, 1, 0x6C, "punpcklqdq"),
}  # fmt: skip
PUNPCKH = {
    1: (1, 1, 0x68, "punpckhbw"), 2: (1, 1, 0x69, "punpckhwd"), 4: (1, 1, 0x6A, "punpckhdq"),
    8: (1, 1, 0x6D, "punpckhqdq"),
}  # fmt: skip
PACKSSWB, PACKUSWB = (1, 1, 0x63, "packsswb"), (1, 1, 0x67, "packuswb")
PACKSSDW, PACKUSDW = (1, 1, 0x6B, "packssdw"), (1, 2, 0x2B, "packusdw")
# Halves of a register: its bytes -> row
EXTRACT = {32: (1, 3, 0x39, "extracti128"), 64: (1 | W, 3, 0x3B, "extracti64x4")}
INSERT = {32: (1, 3, 0x38, "inserti128"), 64: (1 | W, 3, 0x3A, "inserti64x4")}
# 512 bits. Element -> row: lanes' signs to a mask register and back, blends by one, comparisons into one.
TO_MASK = {1: (2, 2, 0x29, "pmovb2m"), 2: (2 | W, 2, 0x29, "pmovw2m"), 4: (2, 2, 0x39, "pmovd2m"),
           8: (2 | W, 2, 0x39, "pmovq2m")}  # fmt: skip
FROM_MASK = {1: (2, 2, 0x28, "pmovm2b"), 2: (2 | W, 2, 0x28, "pmovm2w"), 4: (2, 2, 0x38, "pmovm2d"),
             8: (2 | W, 2, 0x38, "pmovm2q")}  # fmt: skip
BLEND_MASK = {1: (1, 2, 0x66, "pblendmb"), 2: (1 | W, 2, 0x66, "pblendmw"), 4: (1, 2, 0x64, "pblendmd"),
              8: (1 | W, 2, 0x64, "pblendmq")}  # fmt: skip
PCMP = {1: (1, 3, 0x3F, "pcmpb"), 2: (1 | W, 3, 0x3F, "pcmpw"), 4: (1, 3, 0x1F, "pcmpd"), 8: (1 | W, 3, 0x1F, "pcmpq")}
PCMPU = {1: (1, 3, 0x3E, "pcmpub"), 2: (1 | W, 3, 0x3E, "pcmpuw"), 4: (1, 3, 0x1E, "pcmpud"),
         8: (1 | W, 3, 0x1E, "pcmpuq")}  # fmt: skip
CMP = {4: (0, 1, 0xC2, "cmpps"), 8: (1, 1, 0xC2, "cmppd")}
BLEND = {1: (1, 3, 0x4C, "pblendvb"), 2: (1, 3, 0x4C, "pblendvb"), 4: (1, 3, 0x4A, "blendvps"),
         8: (1, 3, 0x4B, "blendvpd")}  # fmt: skip
# By immediate: element -> row; the digit says which way: 2 right, 4 right with the sign, 6 left, 3 right by bytes.
SHIFTS = {2: (1, 1, 0x71, "psllw"), 4: (1, 1, 0x72, "pslld"), 8: (1, 1, 0x73, "psllq"), 16: (1, 1, 0x73, "pslldq")}
RIGHT, SIGNED, BYTES, LEFT = 2, 4, 3, 6


def level_of(features: frozenset[str]) -> int:
    """The highest level that is there in full."""
    found = _levels.get(features)
    if found is None:
        full = (level for level, names in _STEPS if features.issuperset(names))
        found = _levels[features] = next(full, SSE2)
    return found


class Build:
    """Emits instructions on vectors of `size` bytes for a selector; each method gives the register of its result.

    Attributes:
        level: of the instruction set.
        vex: whether instructions have three operands; `ops` is the set that is used.
        bit: what a row's prefix needs for the width.
    """

    __slots__ = ("bit", "level", "ops", "s", "size", "vex")

    def __init__(self, s: X86Selector, size: int) -> None:
        self.s = s
        self.size = size
        self.bit = WIDTH_BITS.get(size, 0)
        self.level = level_of(s.features)
        self.vex = self.level >= AVX
        self.ops = vops.VEX if self.vex else vops.SSE

    def new(self) -> int:
        return self.s.m.new(VECTOR)

    def row(self, row: Row) -> Row:
        return (row[0] | self.bit, *row[1:]) if self.bit else row

    def op(self, row: Row, a: int, b: int, d: int = -1, commutes: bool = False) -> int:
        """d = a op b"""
        if d < 0:
            d = self.new()
        self.s.add(self.ops.commuting_rr if commutes else self.ops.rr, (d,), (a, b), self.row(row))
        return d

    def with_constant(self, row: Row, a: int, data: bytes, d: int = -1) -> int:
        """d = a op constant; `data` is repeated to the width."""
        if d < 0:
            d = self.new()
        self.s.add(self.ops.rm, (d,), (a,), (self.row(row), (3, 0, self.wide(data))))
        return d

    def wide(self, data: bytes) -> bytes:
        return data * (max(self.size, 16) // len(data))

    def constant(self, data: bytes, d: int = -1) -> int:
        """d = data, repeated to the width."""
        return self._kept(self.wide(data), d)

    def _kept(self, data: bytes, d: int) -> int:
        if d < 0:
            return self.s.once(data, VECTOR)
        self.s.add(ops.MOVI, (d,), (), data)
        return d

    def operand(self, v: int) -> tuple[tuple[int, ...], Any] | None:
        """`v` as a memory operand: a load that may sink here, or a constant outside loops."""
        s = self.s
        if s.types[v].size >= 16:
            if s.ops[v] is CONST and s.block.loop is None:
                return (), (3, 0, s.constant_imm(s.types[v], s.imms[v]))
            if self.vex and s.sinks(v):
                return memory(s, v)
        return None

    def values(self, row: Row, v: int, commutes: bool) -> None:
        """Value v, one of its two arguments from memory where that can be."""
        s = self.s
        a, b = s.args[v]
        if a != b:
            found = self.operand(b)
            if found is None and commutes:
                found = self.operand(a)
                if found is not None:
                    a = b
            if found is not None:
                ins, addr = found
                s.add(self.ops.rm, (v + FIRST,), (s.use(a), *ins), (self.row(row), addr))
                return
        self.op(row, s.use(a), s.use(b), v + FIRST, commutes)

    def imm(self, row: Row, a: int, b: int, byte: int, d: int = -1) -> int:
        """d = a op b, byte"""
        if d < 0:
            d = self.new()
        self.s.add(self.ops.rr_byte, (d,), (a, b), (self.row(row), byte))
        return d

    def unary(self, row: Row, a: int, d: int = -1) -> int:
        if d < 0:
            d = self.new()
        self.s.add(vops.UNARY, (d,), (a,), self.row(row))
        return d

    def unary_value(self, row: Row, v: int, a: int) -> None:
        """Value v = op value a, from memory where that can be."""
        s = self.s
        if self.vex and s.sinks(a):
            ins, addr = memory(s, a)
            s.add(vops.UNARY_M, (v + FIRST,), ins, (self.row(row), addr))
        else:
            self.unary(row, s.use(a), v + FIRST)

    def unary_imm(self, row: Row, a: int, byte: int, d: int = -1) -> int:
        if d < 0:
            d = self.new()
        self.s.add(vops.UNARY_BYTE, (d,), (a,), (self.row(row), byte))
        return d

    def reversed_imm(self, row: Row, a: int, byte: int, d: int = -1) -> int:
        """d = op a, byte, where the instruction has its result on the right."""
        if d < 0:
            d = self.new()
        self.s.add(vops.REVERSED_BYTE, (d,), (a,), (self.row(row), byte, 0))
        return d

    def shift(self, element: int, digit: int, a: int, n: int, d: int = -1) -> int:
        """Shift each element by a constant; `SIGNED` not for 8 bytes."""
        if d < 0:
            d = self.new()
        self.s.add(self.ops.shift, (d,), (a,), (self.row(SHIFTS[element]), digit, n))
        return d

    def same(self, a: int, d: int = -1) -> int:
        if d < 0:
            d = self.new()
        self.s.add(vops.SAME, (d,), (a,))
        return d

    def evex(self, row: Row, a: int, b: int, d: int = -1) -> int:
        if d < 0:
            d = self.new()
        self.s.add(vops.EVEX_RR, (d,), (a, b), self.row(row))
        return d

    def zero(self, d: int = -1) -> int:
        return self._kept(bytes(max(self.size, 16)), d)

    def complement(self, a: int, d: int = -1) -> int:
        return self.with_constant(PXOR, a, b"\xff", d)

    def half(self) -> Build:
        """The same for vectors of half the size, 128 bits at least."""
        return Build(self.s, max(self.size // 2, 16))

    def high(self, a: int, d: int = -1) -> int:
        """The upper half, 128 bits at least."""
        return self.reversed_imm(EXTRACT[self.size], a, 1, d)

    def joined(self, a: int, b: int, d: int = -1) -> int:
        """The lower half from a, the upper one from b."""
        return self.imm(INSERT[self.size], a, b, 1, d)


def memory(s: X86Selector, v: int) -> tuple[tuple[int, ...], Any]:
    """Registers and shape of the address of load `v`, which is done here: what lies ahead is asked for, too."""
    ins, addr = s.memory(v)
    ahead = s.imms[v].ahead
    if ahead and addr[0] < 2 and fits(addr[2] + ahead):
        s.add(vops.PREFETCH, (), ins, (*addr[:2], addr[2] + ahead))
    return ins, addr


def sized(type: Type) -> int:
    """Bytes of the register that operations on `type` work on."""
    return max(type.size, 16)
