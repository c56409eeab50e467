"""The registers of x86-64, one object each, compared and hashed by identity.

>>> rax.name, rax.kind, rax.id, rax.size
('rax', 'gp64', 0, 8)
>>> GP32[rax.id]
eax

Registers of one kind are found by number in the tuples `GP64`, `GP32`, `GP16`, `GP8`, `XMM`, `YMM`,
`ZMM` and `K`. `GP8[4:8]` are `spl bpl sil dil`; the legacy high bytes `ah ch dh bh` have the kind
`gp8h` and the numbers the hardware gives them (4 to 7).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class Reg:
    """One register.

    name: as the assembler prints it. kind: `gp64 gp32 gp16 gp8 gp8h xmm ymm zmm k` or `rip`.
    id: hardware number, 0-31. size: bytes.
    shape: what the form matcher sees: the kind, with `+` appended for vector registers 16-31, which
    only EVEX instructions can name.
    """

    __slots__ = ("id", "kind", "name", "shape", "size")

    name: Final[str]
    kind: Final[str]
    id: Final[int]
    size: Final[int]
    shape: Final[str]

    def __init__(self, name: str, kind: str, id: int, size: int) -> None:
        self.name = name
        self.kind = kind
        self.id = id
        self.size = size
        self.shape = kind + "+" if id > 15 else kind

    def __repr__(self) -> str:
        return self.name

    def masked(self, mask: Reg, zero: bool = False) -> Masked:
        """This vector (or k) register under the write mask `mask`: `zmm1{k2}`, with `zero` `zmm1{k2}{z}`."""
        key = (self, mask, zero)
        masked = _MASKED.get(key)
        if masked is None:
            if mask.kind != "k" or mask.id == 0:
                raise ValueError(f"{mask} cannot be a write mask: k1 to k7 can")
            masked = _MASKED[key] = Masked(self, mask, zero)
        return masked

    def __reduce__(self) -> str:
        """Pickle and copy by name, so that identity survives."""
        return self.name


class Masked:
    """A register with an AVX-512 write mask; made by `Reg.masked`, one object per combination."""

    __slots__ = ("mask", "reg", "shape", "zero")

    def __init__(self, reg: Reg, mask: Reg, zero: bool) -> None:
        self.reg = reg
        self.mask = mask
        self.zero = zero
        self.shape = reg.kind + ("{k}{z}" if zero else "{k}")

    def __repr__(self) -> str:
        return f"{self.reg}{{{self.mask}}}" + ("{z}" if self.zero else "")


class Rounding:
    """An AVX-512 rounding or exception-suppression operand: `rn_sae rd_sae ru_sae rz_sae sae`."""

    __slots__ = ("code", "name", "shape")

    def __init__(self, name: str, code: int) -> None:
        self.name = name
        self.code = code
        self.shape = "{sae}" if name == "sae" else "{er}"

    def __repr__(self) -> str:
        return "{" + self.name.replace("_", "-") + "}"


_MASKED: dict[tuple[Reg, Reg, bool], Masked] = {}


def _row(names: str, kind: str, size: int, first: int = 0) -> tuple[Reg, ...]:
    return tuple(Reg(name, kind, first + i, size) for i, name in enumerate(names.split()))


GP64 = _row("rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15", "gp64", 8)
GP32 = _row("eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d", "gp32", 4)
GP16 = _row("ax cx dx bx sp bp si di r8w r9w r10w r11w r12w r13w r14w r15w", "gp16", 2)
GP8 = _row("al cl dl bl spl bpl sil dil r8b r9b r10b r11b r12b r13b r14b r15b", "gp8", 1)
GP8H = _row("ah ch dh bh", "gp8h", 1, 4)
XMM = tuple(Reg(f"xmm{i}", "xmm", i, 16) for i in range(32))
YMM = tuple(Reg(f"ymm{i}", "ymm", i, 32) for i in range(32))
ZMM = tuple(Reg(f"zmm{i}", "zmm", i, 64) for i in range(32))
K = tuple(Reg(f"k{i}", "k", i, 8) for i in range(8))
rip = Reg("rip", "rip", 5, 8)

rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 = GP64
eax, ecx, edx, ebx, esp, ebp, esi, edi, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d = GP32
ax, cx, dx, bx, sp, bp, si, di, r8w, r9w, r10w, r11w, r12w, r13w, r14w, r15w = GP16
al, cl, dl, bl, spl, bpl, sil, dil, r8b, r9b, r10b, r11b, r12b, r13b, r14b, r15b = GP8
ah, ch, dh, bh = GP8H
xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15 = XMM[:16]
xmm16, xmm17, xmm18, xmm19, xmm20, xmm21, xmm22, xmm23 = XMM[16:24]
xmm24, xmm25, xmm26, xmm27, xmm28, xmm29, xmm30, xmm31 = XMM[24:]
ymm0, ymm1, ymm2, ymm3, ymm4, ymm5, ymm6, ymm7, ymm8, ymm9, ymm10, ymm11, ymm12, ymm13, ymm14, ymm15 = YMM[:16]
ymm16, ymm17, ymm18, ymm19, ymm20, ymm21, ymm22, ymm23 = YMM[16:24]
ymm24, ymm25, ymm26, ymm27, ymm28, ymm29, ymm30, ymm31 = YMM[24:]
zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15 = ZMM[:16]
zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23 = ZMM[16:24]
zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31 = ZMM[24:]
k0, k1, k2, k3, k4, k5, k6, k7 = K
rn_sae, rd_sae, ru_sae, rz_sae = (Rounding(n, i) for i, n in enumerate(("rn_sae", "rd_sae", "ru_sae", "rz_sae")))
sae = Rounding("sae", 0)

REGISTERS: dict[str, Reg] = {r.name: r for row in (GP64, GP32, GP16, GP8, GP8H, XMM, YMM, ZMM, K) for r in row}
"""Every register by name (`rip`, which is no operand by itself, is not among them)."""
