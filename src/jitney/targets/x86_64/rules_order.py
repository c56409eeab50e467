"""Rules that bring lanes into another order: of one vector, or of two.

    shuffle v, w, [0, 2, 4, 6]   ->   vpermt2q                      AVX-512 (of bytes with VBMI)
                                      vshufpd; vpermq [0, 2, 1, 3]  AVX2
    shuffle v, w, [1, 3]         ->   shufpd
"""

from __future__ import annotations

from ...codegen.machine import FIRST
from . import ops_vector as vops
from .rules_vector import blend
from .vector_build import AVX512, POR, PSHUFB, PSHUFD, PUNPCKH, PUNPCKL, Build, W, sized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .select import X86Selector

_SHUFPS, _SHUFPD = (0, 1, 0xC6, "shufps"), (1, 1, 0xC6, "shufpd")
_PERMQ, _PERMD = (1 | W, 3, 0x00, "permq"), (1, 2, 0x36, "permd")
_BYTES = "avx512vbmi"
_PERMUTE = {1: (1, 2, 0x8D, "permb"), 2: (1 | W, 2, 0x8D, "permw"), 4: _PERMD, 8: (1 | W, 2, 0x36, "permq")}
_PERMUTE_TWO = {
    1: (1, 2, 0x7D, "permt2b"), 2: (1 | W, 2, 0x7D, "permt2w"), 4: (1, 2, 0x7E, "permt2d"),
    8: (1 | W, 2, 0x7E, "permt2q"),
}  # fmt: skip
_BLEND = {4: (1, 3, 0x0C, "blendps"), 8: (1, 3, 0x0D, "blendpd")}
_CROSS = (0, 2, 1, 3)  # quarters of 256 bits: the way there and back
_CROSS_BYTE = 0xD8


def shuffle(s: X86Selector, v: int) -> None:
    args, type = s.args[v], s.types[v]
    b, size, lanes = Build(s, sized(type)), type.element.size, type.lanes
    x, d = s.use(args[0]), v + FIRST
    order = list(s.imms[v])
    if len(args) == 1 or max(order) < lanes:
        _one(b, size, x, order, d)
    elif min(order) >= lanes:
        _one(b, size, s.use(args[1]), [k - lanes for k in order], d)
    else:
        _two(b, size, x, s.use(args[1]), order, d)


def _one(b: Build, size: int, x: int, order: Sequence[int], d: int = -1) -> int:
    if b.size == 64:
        return b.op(_PERMUTE[size], b.constant(_numbers(size, order)), x, d)
    if size == 8 and b.size == 32:
        return b.unary_imm(_PERMQ, x, sum([k << 2 * n for n, k in enumerate(order)]), d)
    if size >= 4 and b.size == 16:
        words = order if size == 4 else [2 * k + n for k in order for n in (0, 1)]
        return b.unary_imm(PSHUFD, x, sum([k << 2 * n for n, k in enumerate(words)]), d)
    if size == 4:
        return b.op(_PERMD, b.constant(_numbers(4, order)), x, d)
    # By bytes: of each half of the register, and then of the other half.
    sources = [k * size + n for k in order for n in range(size)]
    same, other = bytearray(), bytearray()
    for at, source in enumerate(sources):
        here = source // 16 == at // 16
        same.append(source % 16 if here else 0x80)
        other.append(0x80 if here else source % 16)
    crossed = any(k != 0x80 for k in other)
    if crossed and size == 1 and _BYTES in b.s.features:
        return b.evex(_PERMUTE[1], b.constant(_numbers(1, order)), x, d)
    found = b.with_constant(PSHUFB, x, bytes(same), -1 if crossed else d)
    if crossed:
        exchanged = b.unary_imm(_PERMQ, x, 0x4E)
        found = b.op(POR, found, b.with_constant(PSHUFB, exchanged, bytes(other)), d)
    return found


def _numbers(size: int, order: Sequence[int]) -> bytes:
    return b"".join([k.to_bytes(size, "little") for k in order])


def _two(b: Build, size: int, x: int, y: int, order: list[int], d: int) -> None:
    """Lanes of both x and y."""
    lanes = b.size // size
    wide = b.level >= AVX512 and (size > 1 or _BYTES in b.s.features)
    if _halves(b, size, x, y, order, d, not wide) >= 0:
        return
    if wide:
        index = b.constant(_numbers(size, order).ljust(16, b"\0"))
        b.s.add(vops.PERMUTE_TWO, (d,), (x, index, y), b.row(_PERMUTE_TWO[size]))
        return
    if b.size == 32:
        per = 8 // size
        found = _halves(b, size, x, y, [k for q in _CROSS for k in order[q * per : q * per + per]], -1, True)
        if found >= 0:
            b.unary_imm(_PERMQ, found, _CROSS_BYTE, d)
            return
        crossed = [k // lanes * lanes + _CROSS[k % lanes // per] * per + k % per for k in order]
        if _fits(lanes, size, crossed):
            p, q = b.unary_imm(_PERMQ, x, _CROSS_BYTE), b.unary_imm(_PERMQ, y, _CROSS_BYTE)
            if _halves(b, size, p, q, crossed, d, True) >= 0:
                return
    p, q = [_one(b, size, a, [k % lanes for k in order]) for a in (x, y)]
    second = [k >= lanes for k in order]
    if b.vex and size >= 4:
        b.imm(_BLEND[size], p, q, sum([1 << n for n, k in enumerate(second) if k]), d)
    else:
        mask = b"".join([(b"\xff" if k else b"\0") * size for k in second])
        blend(b, size, b.constant(mask), q, p, d)


def _fits(lanes: int, size: int, order: list[int]) -> bool:
    """Whether no lane leaves its half of 256 bits."""
    per = 16 // size
    return all(k % lanes // per == n // per for n, k in enumerate(order))


def _halves(b: Build, size: int, x: int, y: int, order: list[int], d: int, by_bytes: bool) -> int:
    """If no lane leaves its half: by one instruction, or, `by_bytes`, lanes of 1 or 2 bytes by three; else -1."""
    lanes, per = b.size // size, 16 // size
    if b.size > 32 or not _fits(lanes, size, order):
        return -1
    columns = [{k // lanes for k in order[n::per]} for n in range(per)]  # which of both, by place in a half
    places = [{k % per for k in order[n::per]} for n in range(per)]
    if all(len(c) == 1 for c in columns):
        from_y = [1 in c for c in columns]
        first, last = (y, x) if from_y[0] else (x, y)
        same = all(len(p) == 1 for p in places)
        if size == 8 and from_y[0] is not from_y[1]:
            return b.imm(_SHUFPD, first, last, sum([(k & 1) << n for n, k in enumerate(order)]), d)
        if same:
            at = [min(p) for p in places]
            if size == 4 and from_y[0] is from_y[1] is not from_y[2] is from_y[3]:
                return b.imm(_SHUFPS, first, last, sum([k << 2 * n for n, k in enumerate(at)]), d)
            if all(from_y[n] is not from_y[n + 1] is from_y[1] for n in range(0, per, 2)):
                for rows, start in ((PUNPCKL, 0), (PUNPCKH, per // 2)):
                    if at == [start + n // 2 for n in range(per)]:
                        return b.op(rows[size], first, last, d)
    if size > 2 or not by_bytes:
        return -1
    parts = []
    for a, of in ((x, 0), (y, 1)):
        pick = [k % per * size + n if k // lanes == of else 0x80 for k in order for n in range(size)]
        parts.append(b.with_constant(PSHUFB, a, bytes(pick)))
    return b.op(POR, parts[0], parts[1], d)
