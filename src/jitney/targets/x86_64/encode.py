"""Encoding for the compiler's hot path: the instructions that selection uses, straight from register numbers to
bytes.

`jitney.asm` is complete and readable; this is the small, fast subset. The tests hold the two together: every method,
over all registers and shapes of addresses, must give the bytes that `jitney.asm` gives for the same instruction.

Registers are hardware numbers; 16-31 are xmm0-15. An address is a tuple ``(base, index, shift, disp)`` with -1 for an
absent register; a base of `RIP` means the byte `disp` of the function's constant pool. Jumps take labels, any
hashable object, and are not part of `out` until `finish` has chosen between their short and long forms.
"""

from __future__ import annotations

from itertools import accumulate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Address = tuple[int, int, int, int]
    Row = tuple[int, int, int, str]

RIP = -2
RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 = range(16)
XMM0 = 16

ADD, OR, ADC, SBB, AND, SUB, XOR, CMP = range(8)
SHL, SHR, SAR = 4, 5, 7
NOT, NEG, MUL, IMUL, DIV, IDIV = 2, 3, 4, 5, 6, 7
O, NO, B, AE, E, NE, BE, A, S, NS, P, NP, L, GE, LE, G = range(16)  # noqa: E741

CC_NAMES = ("o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g")

# Loads and extensions: (REX.W, opcode, mnemonic, memory width).
LOADS: dict[str, tuple[int, bytes, str, int]] = {
    "i8": (8, b"\x0f\xbe", "movsx", 1),
    "u8": (0, b"\x0f\xb6", "movzx", 1),
    "i16": (8, b"\x0f\xbf", "movsx", 2),
    "u16": (0, b"\x0f\xb7", "movzx", 2),
    "i32": (8, b"\x63", "movsxd", 4),
    "u32": (0, b"\x8b", "mov", 4),
    "i64": (8, b"\x8b", "mov", 8),
}

# SSE rows: (mandatory prefix 0 none, 1 66, 2 F3, 3 F2; opcode map; opcode; mnemonic without v). For VEX and EVEX, 4 is
# added to the prefix for 256 bits, 8 for 512 bits (EVEX alone), and 128 for W in the maps 2 and 3.
_PREFIX = (b"", b"\x66", b"\xf3", b"\xf2")
_ESCAPE = (b"", b"\x0f", b"\x0f\x38", b"\x0f\x3a")
# Prefix, map and opcode of what has W for lanes of 64 bits in its EVEX form, and ignores it in the VEX form.
_WIDE = frozenset(
    [(1, 1, opcode) for opcode in (*range(0x54, 0x5B), *range(0x5C, 0x60), 0x14, 0x15, 0x51, 0x6C, 0x6D, 0x73, 0xC2,
                                   0xC6, 0xD3, 0xD4, 0xE6, 0xF3, 0xF4, 0xFB)]
    + [(1, 2, 0x19), (1, 2, 0x59), (1, 3, 0x09)]
)  # fmt: skip
# Bytes that a 512-bit instruction reads or writes if not 64, by prefix, map and opcode: displacements count in them.
_UNITS = {
    (1, 2, 0x18): 4, (1, 2, 0x19): 8, (1, 2, 0x58): 4, (1, 2, 0x59): 8, (1, 2, 0x78): 1, (1, 2, 0x79): 2,
    (2, 1, 0xE6): 32, (0, 1, 0x5A): 32,
    **{(1, 2, opcode + signed): unit for signed in (0x20, 0x30)
       for opcode, unit in enumerate((32, 16, 8, 32, 16, 32))},
}  # fmt: skip
_GATHERS = range(0x90, 0x94)


def _address(reg: int, m: Address) -> tuple[int, bytes]:
    """(REX.X and REX.B, ModRM + SIB + displacement) of an address beside `reg`."""
    base, index, shift, disp = m
    reg = (reg & 7) << 3
    if index < 0:
        if base >= 0:
            low = base & 7
            if low == 4:
                if disp == 0:
                    return base >> 3, bytes((4 | reg, 0x24))
                if -128 <= disp < 128:
                    return base >> 3, bytes((0x44 | reg, 0x24, disp & 0xFF))
                return base >> 3, bytes((0x84 | reg, 0x24)) + disp.to_bytes(4, "little", signed=True)
            if disp == 0 and low != 5:
                return base >> 3, bytes((low | reg,))
            if -128 <= disp < 128:
                return base >> 3, bytes((0x40 | low | reg, disp & 0xFF))
            return base >> 3, bytes((0x80 | low | reg,)) + disp.to_bytes(4, "little", signed=True)
        if base == RIP:
            return 0, bytes((5 | reg,)) + disp.to_bytes(4, "little", signed=True)
        return 0, bytes((4 | reg, 0x25)) + disp.to_bytes(4, "little", signed=True)
    sib = shift << 6 | (index & 7) << 3
    if base < 0:
        return (index & 8) >> 2, bytes((4 | reg, sib | 5)) + disp.to_bytes(4, "little", signed=True)
    low = base & 7
    bits = (index & 8) >> 2 | base >> 3
    if disp == 0 and low != 5:
        return bits, bytes((4 | reg, sib | low))
    if -128 <= disp < 128:
        return bits, bytes((0x44 | reg, sib | low, disp & 0xFF))
    return bits, bytes((0x84 | reg, sib | low)) + disp.to_bytes(4, "little", signed=True)


class Encoder:
    """Collects the code of one function.

    Attributes:
        out: the bytes so far, without those of jumps and alignment.
        relocs: (offset in `out`, number of jumps before it, kind, target, addend): fields to fill when linking.
        pool: the function's constants.
    """

    __slots__ = ("_floats", "jumps", "labels", "out", "pool", "relocs")

    def __init__(self) -> None:
        self.out = bytearray()
        # (offset in `out`, -1 for jmp, 0-15 for jcc, label) or (offset, -16, the label where a loop ends)
        self.jumps: list[tuple[int, int, Any]] = []
        self.labels: dict[Any, tuple[int, int]] = {}
        self.relocs: list[tuple[int, int, str, Any, int]] = []
        self.pool = bytearray()
        self._floats: dict[bytes, int] = {}

    # -- the constant pool -------------------------------------------------------------------------

    def constant(self, data: bytes) -> Address:
        """The address of these 4, 8, 16, 32 or 64 bytes in the constant pool, aligned to their size."""
        offset = self._floats.get(data)
        if offset is None:
            pool = self.pool
            pool += bytes(-len(pool) % len(data))
            offset = self._floats[data] = len(pool)
            pool += data
        return (RIP, -1, 0, offset)

    def _rip(self, trailing: int) -> None:
        """Turn the displacement just emitted, `trailing` bytes before the end, into a reference to the pool."""
        out = self.out
        at = len(out) - 4 - trailing
        offset = int.from_bytes(out[at : at + 4], "little")
        self.relocs.append((at, len(self.jumps), "data", None, offset - 4 - trailing))

    # -- integers ----------------------------------------------------------------------------------

    def alu_rr(self, k: int, d: int, s: int, w: int = 8) -> None:
        rex = 0x40 | w | (s & 8) >> 1 | d >> 3
        if rex != 0x40:
            self.out += bytes((rex, k << 3 | 1, 0xC0 | (s & 7) << 3 | d & 7))
        else:
            self.out += bytes((k << 3 | 1, 0xC0 | (s & 7) << 3 | d & 7))

    def alu_ri(self, k: int, d: int, imm: int, w: int = 8) -> None:
        rex = 0x40 | w | d >> 3
        head = bytes((rex,)) if rex != 0x40 else b""
        if -128 <= imm < 128:
            self.out += head + bytes((0x83, 0xC0 | k << 3 | d & 7, imm & 0xFF))
        elif d == 0:
            self.out += head + bytes((k << 3 | 5,)) + (imm & 0xFFFFFFFF).to_bytes(4, "little")
        else:
            self.out += head + bytes((0x81, 0xC0 | k << 3 | d & 7)) + (imm & 0xFFFFFFFF).to_bytes(4, "little")

    def alu_rm(self, k: int, d: int, m: Address, w: int = 8) -> None:
        bits, tail = _address(d, m)
        rex = 0x40 | w | (d & 8) >> 1 | bits
        self.out += (bytes((rex, k << 3 | 3)) if rex != 0x40 else bytes((k << 3 | 3,))) + tail
        if m[0] == RIP:
            self._rip(0)

    def alu_mr(self, k: int, m: Address, s: int, size: int = 8) -> None:
        bits, tail = _address(s, m)
        rex = 0x40 | (8 if size == 8 else 0) | (s & 8) >> 1 | bits
        head = b"\x66" if size == 2 else b""
        if rex != 0x40 or (size == 1 and 4 <= s < 8):
            head += bytes((rex,))
        self.out += head + bytes((k << 3 | (0 if size == 1 else 1),)) + tail
        if m[0] == RIP:
            self._rip(0)

    def alu_mi(self, k: int, m: Address, imm: int, size: int = 8) -> None:
        bits, tail = _address(k, m)
        rex = 0x40 | (8 if size == 8 else 0) | bits
        head = b"\x66" if size == 2 else b""
        if rex != 0x40:
            head += bytes((rex,))
        if size == 1:
            self.out += head + b"\x80" + tail + bytes((imm & 0xFF,))
            trailing = 1
        elif -128 <= imm < 128:
            self.out += head + b"\x83" + tail + bytes((imm & 0xFF,))
            trailing = 1
        else:
            trailing = min(size, 4)
            self.out += head + b"\x81" + tail + (imm & (1 << 8 * trailing) - 1).to_bytes(trailing, "little")
        if m[0] == RIP:
            self._rip(trailing)

    def prefetch(self, m: Address) -> None:
        """The line into the first level of cache; an address that is not good does nothing."""
        bits, tail = _address(1, m)
        self.out += (bytes((0x40 | bits,)) if bits else b"") + b"\x0f\x18" + tail

    def test_rr(self, d: int, s: int, w: int = 8) -> None:
        rex = 0x40 | w | (s & 8) >> 1 | d >> 3
        self.out += (bytes((rex, 0x85)) if rex != 0x40 else b"\x85") + bytes((0xC0 | (s & 7) << 3 | d & 7,))

    def test_ri(self, d: int, imm: int, w: int = 8) -> None:
        rex = 0x40 | w | d >> 3
        head = bytes((rex,)) if rex != 0x40 else b""
        head += b"\xa9" if d == 0 else bytes((0xF7, 0xC0 | d & 7))
        self.out += head + (imm & 0xFFFFFFFF).to_bytes(4, "little")

    def test_ri8(self, d: int, imm: int) -> None:
        """The low byte alone, for masks below 128."""
        if d == 0:
            self.out += bytes((0xA8, imm))
        elif d >= 4:
            self.out += bytes((0x40 | d >> 3, 0xF6, 0xC0 | d & 7, imm))
        else:
            self.out += bytes((0xF6, 0xC0 | d, imm))

    def mov_rr(self, d: int, s: int) -> None:
        self.out += bytes((0x48 | (s & 8) >> 1 | d >> 3, 0x89, 0xC0 | (s & 7) << 3 | d & 7))

    def mov_rr32(self, d: int, s: int) -> None:
        rex = 0x40 | (s & 8) >> 1 | d >> 3
        self.out += (bytes((rex, 0x89)) if rex != 0x40 else b"\x89") + bytes((0xC0 | (s & 7) << 3 | d & 7,))

    def mov_ri(self, d: int, imm: int) -> None:
        """The shortest form that leaves the flags alone."""
        if 0 <= imm <= 0xFFFFFFFF:
            self.out += (b"\x41" if d & 8 else b"") + bytes((0xB8 | d & 7,)) + imm.to_bytes(4, "little")
        elif -0x80000000 <= imm < 0:
            self.out += bytes((0x48 | d >> 3, 0xC7, 0xC0 | d & 7)) + imm.to_bytes(4, "little", signed=True)
        else:
            self.movabs(d, imm)

    def movabs(self, d: int, imm: int) -> None:
        self.out += bytes((0x48 | d >> 3, 0xB8 | d & 7)) + (imm & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")

    def movabs_symbol(self, d: int, target: Any) -> None:
        self.movabs(d, 0)
        self.relocs.append((len(self.out) - 8, len(self.jumps), "abs64", target, 0))

    def zero(self, d: int) -> None:
        """``xor d, d``: writes the flags."""
        self.alu_rr(XOR, d, d, 0)

    def load(self, kind: str, d: int, m: Address) -> None:
        w, opcode, _, _ = LOADS[kind]
        bits, tail = _address(d, m)
        rex = 0x40 | w | (d & 8) >> 1 | bits
        self.out += (bytes((rex,)) + opcode if rex != 0x40 else opcode) + tail
        if m[0] == RIP:
            self._rip(0)

    def extend(self, kind: str, d: int, s: int) -> None:
        w, opcode, _, size = LOADS[kind]
        rex = 0x40 | w | (d & 8) >> 1 | s >> 3
        if rex != 0x40 or (size == 1 and 4 <= s < 8):
            opcode = bytes((rex,)) + opcode
        self.out += opcode + bytes((0xC0 | (d & 7) << 3 | s & 7,))

    def store(self, size: int, m: Address, s: int) -> None:
        bits, tail = _address(s, m)
        rex = 0x40 | (8 if size == 8 else 0) | (s & 8) >> 1 | bits
        head = b"\x66" if size == 2 else b""
        if rex != 0x40 or (size == 1 and 4 <= s < 8):
            head += bytes((rex,))
        self.out += head + (b"\x88" if size == 1 else b"\x89") + tail

    def store_i(self, size: int, m: Address, imm: int) -> None:
        bits, tail = _address(0, m)
        rex = 0x40 | (8 if size == 8 else 0) | bits
        head = b"\x66" if size == 2 else b""
        if rex != 0x40:
            head += bytes((rex,))
        n = min(size, 4)
        self.out += head + (b"\xc6" if size == 1 else b"\xc7") + tail + (imm & (1 << 8 * n) - 1).to_bytes(n, "little")

    def lea(self, d: int, m: Address) -> None:
        bits, tail = _address(d, m)
        self.out += bytes((0x48 | (d & 8) >> 1 | bits, 0x8D)) + tail

    def imul_rr(self, d: int, s: int) -> None:
        self.out += bytes((0x48 | (d & 8) >> 1 | s >> 3, 0x0F, 0xAF, 0xC0 | (d & 7) << 3 | s & 7))

    def imul_rm(self, d: int, m: Address) -> None:
        bits, tail = _address(d, m)
        self.out += bytes((0x48 | (d & 8) >> 1 | bits, 0x0F, 0xAF)) + tail
        if m[0] == RIP:
            self._rip(0)

    def imul_rri(self, d: int, s: int, imm: int) -> None:
        head = 0x48 | (d & 8) >> 1 | s >> 3
        modrm = 0xC0 | (d & 7) << 3 | s & 7
        if -128 <= imm < 128:
            self.out += bytes((head, 0x6B, modrm, imm & 0xFF))
        else:
            self.out += bytes((head, 0x69, modrm)) + (imm & 0xFFFFFFFF).to_bytes(4, "little")

    def rotate_ri(self, w: int, d: int, n: int) -> None:
        """``rol`` of 32 (w = 0) or 64 bits (8)."""
        rex = 0x40 | w | d >> 3
        self.out += (bytes((rex,)) if rex != 0x40 else b"") + bytes((0xC1, 0xC0 | d & 7, n))

    def rotate_cl(self, w: int, d: int) -> None:
        rex = 0x40 | w | d >> 3
        self.out += (bytes((rex,)) if rex != 0x40 else b"") + bytes((0xD3, 0xC0 | d & 7))

    def shift_ri(self, k: int, d: int, n: int) -> None:
        if n == 1:
            self.out += bytes((0x48 | d >> 3, 0xD1, 0xC0 | k << 3 | d & 7))
        else:
            self.out += bytes((0x48 | d >> 3, 0xC1, 0xC0 | k << 3 | d & 7, n))

    def shift_cl(self, k: int, d: int) -> None:
        self.out += bytes((0x48 | d >> 3, 0xD3, 0xC0 | k << 3 | d & 7))

    def unary(self, k: int, d: int, w: int = 8) -> None:
        rex = 0x40 | w | d >> 3
        self.out += (bytes((rex, 0xF7)) if rex != 0x40 else b"\xf7") + bytes((0xC0 | k << 3 | d & 7,))

    def unary_m(self, k: int, m: Address) -> None:
        bits, tail = _address(k, m)
        self.out += bytes((0x48 | bits, 0xF7)) + tail

    def rep_rr(self, opcode: int, d: int, s: int) -> None:
        """F3-prefixed ``popcnt`` (B8), ``tzcnt`` (BC), ``lzcnt`` (BD)."""
        self.out += bytes((0xF3, 0x48 | (d & 8) >> 1 | s >> 3, 0x0F, opcode, 0xC0 | (d & 7) << 3 | s & 7))

    def bit_scan(self, opcode: int, d: int, s: int) -> None:
        """``bsf`` (BC), ``bsr`` (BD)."""
        self.out += bytes((0x48 | (d & 8) >> 1 | s >> 3, 0x0F, opcode, 0xC0 | (d & 7) << 3 | s & 7))

    def setcc(self, cc: int, d: int) -> None:
        rex = 0x40 | d >> 3
        self.out += (bytes((rex,)) if d >= 4 else b"") + bytes((0x0F, 0x90 | cc, 0xC0 | d & 7))

    def cmov(self, cc: int, d: int, s: int) -> None:
        self.out += bytes((0x48 | (d & 8) >> 1 | s >> 3, 0x0F, 0x40 | cc, 0xC0 | (d & 7) << 3 | s & 7))

    def cmov_m(self, cc: int, d: int, m: Address) -> None:
        bits, tail = _address(d, m)
        self.out += bytes((0x48 | (d & 8) >> 1 | bits, 0x0F, 0x40 | cc)) + tail

    def bmi(self, row: Row, d: int, v: int, rm: int) -> None:
        """A 64-bit VEX instruction on general registers."""
        pp, map, opcode, _ = row
        not_rxb = (0x80 if d < 8 else 0) | 0x40 | (0x20 if rm < 8 else 0)
        self.out += bytes((0xC4, not_rxb | map, 0x80 | (~v & 15) << 3 | pp, opcode, 0xC0 | (d & 7) << 3 | rm & 7))

    def xchg(self, d: int, s: int) -> None:
        self.out += bytes((0x48 | (s & 8) >> 1 | d >> 3, 0x87, 0xC0 | (s & 7) << 3 | d & 7))

    def cqo(self) -> None:
        self.out += b"\x48\x99"

    def push(self, d: int) -> None:
        self.out += bytes((0x41, 0x50 | d & 7)) if d & 8 else bytes((0x50 | d,))

    def pop(self, d: int) -> None:
        self.out += bytes((0x41, 0x58 | d & 7)) if d & 8 else bytes((0x58 | d,))

    def push_m(self, m: Address) -> None:
        bits, tail = _address(6, m)
        self.out += (bytes((0x40 | bits, 0xFF)) if bits else b"\xff") + tail

    def pop_m(self, m: Address) -> None:
        bits, tail = _address(0, m)
        self.out += (bytes((0x40 | bits, 0x8F)) if bits else b"\x8f") + tail

    # -- floats ------------------------------------------------------------------------------------

    def sse_rr(self, row: Row, d: int, s: int, w: int = 0) -> None:
        """``op d, s``; either may also be a general register where the instruction has one."""
        pp, map, opcode, _ = row
        rex = 0x40 | w | (d & 8) >> 1 | s >> 3 & 1
        head = _PREFIX[pp] + bytes((rex,)) if rex != 0x40 else _PREFIX[pp]
        self.out += head + _ESCAPE[map] + bytes((opcode, 0xC0 | (d & 7) << 3 | s & 7))

    def sse_rm(self, row: Row, d: int, m: Address, w: int = 0) -> None:
        """``op d, m``, or ``op m, d`` for a store."""
        pp, map, opcode, _ = row
        bits, tail = _address(d, m)
        rex = 0x40 | w | (d & 8) >> 1 | bits
        head = _PREFIX[pp] + bytes((rex,)) if rex != 0x40 else _PREFIX[pp]
        self.out += head + _ESCAPE[map] + bytes((opcode,)) + tail
        if m[0] == RIP:
            self._rip(0)

    def vex_rrr(self, row: Row, d: int, v: int, s: int, w: int = 0) -> None:
        """``op d, v, s``; v is 0 where there is no second operand."""
        pp, map, opcode, _ = row
        if pp & 8:
            self.evex_rrr(row, d, v, s)
            return
        last = (~v & 15) << 3 | pp
        not_r = 0x80 if not d & 8 else 0
        modrm = 0xC0 | (d & 7) << 3 | s & 7
        if map == 1 and not w and not s & 8:
            self.out += bytes((0xC5, not_r | last, opcode, modrm))
        else:
            self.out += bytes((0xC4, not_r | 0x40 | (0x20 if not s & 8 else 0) | map, w << 4 | last, opcode, modrm))

    def vex_rrm(self, row: Row, d: int, v: int, m: Address, w: int = 0) -> None:
        pp, map, opcode, _ = row
        if pp & 8:
            self.evex_rrm(row, d, v, m)
            return
        bits, tail = _address(d, m)
        last = (~v & 15) << 3 | pp
        not_r = 0x80 if not d & 8 else 0
        if map == 1 and not w and not bits:
            self.out += bytes((0xC5, not_r | last, opcode)) + tail
        else:
            self.out += bytes((0xC4, not_r | (~bits & 3) << 5 | map, w << 4 | last, opcode)) + tail
        if m[0] == RIP:
            self._rip(0)

    def evex_rrr(self, row: Row, d: int, v: int, s: int, mask: int = 0) -> None:
        """``op d, v, s`` in the AVX-512 form, of registers 0-15 alone; v is 0 where there is no second operand.

        mask: k1 to k7, with 0x80 if lanes that it leaves out become zero.
        """
        pp, map, opcode, _ = row
        not_rxb = (0x80 if not d & 8 else 0) | 0x40 | (0x20 if not s & 8 else 0)
        w = pp & 0x80 or (0x80 if pp & 8 and (pp & 3, map, opcode) in _WIDE else 0)
        self.out += bytes((
            0x62, not_rxb | 0x10 | map, w | (~v & 15) << 3 | 4 | pp & 3, (pp & 12) << 3 | 8 | mask, opcode,
            0xC0 | (d & 7) << 3 | s & 7,
        ))  # fmt: skip

    def evex_rrm(self, row: Row, d: int, v: int, m: Address, mask: int = 0) -> None:
        """As `evex_rrr`. A displacement of 8 bits counts in what the instruction reads or writes."""
        pp, map, opcode, _ = row
        w = pp & 0x80 or (0x80 if (pp & 3, map, opcode) in _WIDE else 0)
        if map == 2 and opcode in _GATHERS:
            unit = 8 if w else 4
        else:
            unit = _UNITS.get((pp & 3, map, opcode)) or 16 << (pp >> 2 & 3)
        base, index, shift, disp = m
        if base < 0:
            bits, tail = _address(d, m)
        elif disp % unit == 0 and -128 <= disp // unit < 128:
            bits, tail = _address(d, (base, index, shift, disp // unit))
        else:
            bits, tail = _address(d, (base, index, shift, 1 << 30))
            tail = tail[:-4] + disp.to_bytes(4, "little", signed=True)
        not_rxb = (0x80 if not d & 8 else 0) | (~bits & 3) << 5
        self.out += bytes((
            0x62, not_rxb | 0x10 | map, w | (~v & 15) << 3 | 4 | pp & 3, (pp & 12) << 3 | 8 | mask, opcode,
        )) + tail  # fmt: skip
        if base == RIP:
            self._rip(0)

    def byte(self, value: int) -> None:
        """The immediate byte of the instruction just emitted."""
        self.out.append(value & 0xFF)
        if self.relocs:
            at, jumps, kind, target, addend = self.relocs[-1]
            if at + 5 == len(self.out) and kind == "data":
                self.relocs[-1] = (at, jumps, kind, target, addend - 1)

    # -- control -----------------------------------------------------------------------------------

    def bind(self, label: Any) -> None:
        self.labels[label] = (len(self.out), len(self.jumps))

    def jmp(self, label: Any) -> None:
        self.jumps.append((len(self.out), -1, label))

    def jcc(self, cc: int, label: Any) -> None:
        self.jumps.append((len(self.out), cc, label))

    def align(self, end: Any) -> None:
        """Padding, so that what lies between here and the label `end` is in few lines, see `padding`."""
        self.jumps.append((len(self.out), -16, end))

    def call_symbol(self, target: Any) -> None:
        self.out += b"\xe8\0\0\0\0"
        self.relocs.append((len(self.out) - 4, len(self.jumps), "rel32", target, -4))

    def call_pool(self, offset: int) -> None:
        """Call the address in the constant pool at `offset`. The linker makes it a direct call where it can."""
        self.out += b"\xff\x15" + offset.to_bytes(4, "little")
        self._rip(0)

    def jump_pool(self, offset: int) -> None:
        """Jump to the address in the constant pool at `offset`."""
        self.out += b"\xff\x25" + offset.to_bytes(4, "little")
        self._rip(0)

    def call_r(self, s: int) -> None:
        self.out += (b"\x41\xff" if s & 8 else b"\xff") + bytes((0xD0 | s & 7,))

    def vzeroupper(self) -> None:
        self.out += b"\xc5\xf8\x77"

    def ret(self) -> None:
        self.out += b"\xc3"

    def clc(self) -> None:
        self.out += b"\xf8"

    def stc(self) -> None:
        self.out += b"\xf9"

    def ud2(self) -> None:
        self.out += b"\x0f\x0b"

    # -- layout ------------------------------------------------------------------------------------

    def finish(self) -> tuple[bytearray, list[tuple[int, str, Any, int]], dict[Any, int]]:
        """Choose the jumps' forms and put everything together.

        All jumps start short; those out of reach grow until none is (growing never brings another into reach).

        Returns:
            the code; its relocations as (offset, kind, target, addend); the offset of every label.
        """
        jumps, labels = self.jumps, self.labels
        goals = [labels[label] for _, _, label in jumps]
        sizes = [2] * len(jumps)
        aligned = [i for i, (_, kind, _) in enumerate(jumps) if kind == -16]
        # Of each short jump: its number, the distance if nothing grew, the number of jumps before its goal.
        short = [
            (i, goal - at - 2, before)
            for i, ((at, kind, _), (goal, before)) in enumerate(zip(jumps, goals)) if kind > -16
        ]  # fmt: skip
        for i in aligned:
            sizes[i] = 0
        while True:
            total = done = 0
            for i in aligned:
                total += sum(sizes[done:i])
                done = i
                start, (end, before) = jumps[i][0], goals[i]
                sizes[i] = padding(start + total, end - start + sum(sizes[i + 1 : before]))
            shifts = [0, *accumulate(sizes)]
            far = [
                i for i, distance, before in short if not -128 <= distance + shifts[before] - shifts[i] < 128
            ]  # fmt: skip
            if not far:
                break
            for i in far:
                sizes[i] = 5 if jumps[i][1] < 0 else 6
            gone = set(far)
            short = [row for row in short if row[0] not in gone]
        out = self.out
        code = bytearray()
        previous = 0
        for (offset, kind, _), (goal, before), size, shift in zip(jumps, goals, sizes, shifts):
            code += out[previous:offset]
            previous = offset
            distance = goal + shifts[before] - offset - shift - size
            if kind == -16:
                code += nops(size)
            elif size == 2:
                code += bytes((0xEB if kind < 0 else 0x70 | kind, distance & 0xFF))
            elif kind < 0:
                code += b"\xe9" + distance.to_bytes(4, "little", signed=True)
            else:
                code += bytes((0x0F, 0x80 | kind)) + distance.to_bytes(4, "little", signed=True)
        code += out[previous:]
        relocs = [(at + shifts[before], kind, target, addend) for at, before, kind, target, addend in self.relocs]
        places = {label: at + shifts[before] for label, (at, before) in labels.items()}
        return code, relocs, places


_NOPS = tuple(
    bytes.fromhex(code)
    for code in (
        "", "90", "6690", "0f1f00", "0f1f4000", "0f1f440000", "660f1f440000", "0f1f8000000000", "0f1f840000000000",
        "660f1f840000000000",
    )
)  # fmt: skip


def padding(start: int, size: int) -> int:
    """How far to move a loop of this size up so that it lies in as few 64-byte lines of the instruction cache as can
    be, and then in as few halves of lines: what is decoded, and kept decoded, at a time. With one border more in it an
    iteration took two cycles instead of one (Zen 5, 33 bytes)."""
    best, least = 0, (9, 9)
    for pad in (0, -start % 32, -start % 64):
        first = start + pad
        last = first + size - 1
        crossed = ((last >> 6) - (first >> 6), (last >> 5) - (first >> 5))
        if pad == 0 or crossed < least:
            best, least = pad, crossed
    return best


def nops(size: int) -> bytes:
    """Padding that executes as few instructions as possible."""
    return _NOPS[9] * (size // 9) + _NOPS[size % 9]
