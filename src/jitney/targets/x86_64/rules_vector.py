"""Rules for arithmetic, bits and comparisons lane by lane."""

from __future__ import annotations

from ...codegen.machine import FIRST
from ...codegen.select import CONST
from ...ir.ops import OPS
from . import ops_vector as vops
from .ops_float import BLEND as BLEND_OP
from .rules_float import fuse
from .vector_build import (
    AVX2,
    AVX512,
    BLEND,
    BLEND_MASK,
    CMP,
    FROM_MASK,
    LEFT,
    PADD,
    PAND,
    PANDN,
    PCMP,
    PCMPEQ,
    PCMPGT,
    PCMPU,
    PMULUDQ,
    POR,
    PSADBW,
    PSHUFB,
    PSHUFD,
    PSUB,
    PUNPCKL,
    PXOR,
    RIGHT,
    SIGNED,
    SSE41,
    SSE42,
    TO_MASK,
    Build,
    W,
    sized,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .encode import Row
    from .select import X86Selector

_NOT, _SPLAT = OPS["not"], OPS["splat"]
_PMULL = {2: (1, 1, 0xD5, "pmullw"), 4: (1, 2, 0x40, "pmulld")}
_PMULHUW = (1, 1, 0xE4, "pmulhuw")
_PMULLQ = (1 | W, 2, 0x40, "pmullq")
_LOGIC = {"and": PAND, "or": POR, "xor": PXOR}
# Element -> (row, level) of minimum and maximum; the others are made of a comparison and a blend.
_MIN_MAX: dict[str, dict[int, tuple[Row, int]]] = {
    "smin": {1: ((1, 2, 0x38, "pminsb"), SSE41), 2: ((1, 1, 0xEA, "pminsw"), 0), 4: ((1, 2, 0x39, "pminsd"), SSE41),
             8: ((1 | W, 2, 0x39, "pminsq"), AVX512)},
    "smax": {1: ((1, 2, 0x3C, "pmaxsb"), SSE41), 2: ((1, 1, 0xEE, "pmaxsw"), 0), 4: ((1, 2, 0x3D, "pmaxsd"), SSE41),
             8: ((1 | W, 2, 0x3D, "pmaxsq"), AVX512)},
    "umin": {1: ((1, 1, 0xDA, "pminub"), 0), 2: ((1, 2, 0x3A, "pminuw"), SSE41), 4: ((1, 2, 0x3B, "pminud"), SSE41),
             8: ((1 | W, 2, 0x3B, "pminuq"), AVX512)},
    "umax": {1: ((1, 1, 0xDE, "pmaxub"), 0), 2: ((1, 2, 0x3E, "pmaxuw"), SSE41), 4: ((1, 2, 0x3F, "pmaxud"), SSE41),
             8: ((1 | W, 2, 0x3F, "pmaxuq"), AVX512)},
}  # fmt: skip
_PABS = {1: (1, 2, 0x1C, "pabsb"), 2: (1, 2, 0x1D, "pabsw"), 4: (1, 2, 0x1E, "pabsd")}
_VPOPCNTQ = (1 | W, 2, 0x55, "popcntq")
_BITS_OF_NIBBLES = bytes([k.bit_count() for k in range(16)])
_PABSQ = (1 | W, 2, 0x1F, "pabsq")
# By a count in a register: element -> row, by whether left, right, or right with the sign.
_BY_REGISTER = {
    "shl": {2: (1, 1, 0xF1, "psllw"), 4: (1, 1, 0xF2, "pslld"), 8: (1, 1, 0xF3, "psllq")},
    "lshr": {2: (1, 1, 0xD1, "psrlw"), 4: (1, 1, 0xD2, "psrld"), 8: (1, 1, 0xD3, "psrlq")},
    "sar": {2: (1, 1, 0xE1, "psraw"), 4: (1, 1, 0xE2, "psrad")},
}  # fmt: skip
# By counts lane by lane.
_BY_LANES = {
    "shl": {4: (1, 2, 0x47, "psllvd"), 8: (1 | W, 2, 0x47, "psllvq")},
    "lshr": {4: (1, 2, 0x45, "psrlvd"), 8: (1 | W, 2, 0x45, "psrlvq")},
    "sar": {4: (1, 2, 0x46, "psravd")},
}
# Of AVX-512 alone.
_PSRAVQ = (1 | W, 2, 0x46, "psravq")
_WORDS_BY_LANES = {
    "shl": (1 | W, 2, 0x12, "psllvw"), "lshr": (1 | W, 2, 0x10, "psrlvw"), "sar": (1 | W, 2, 0x11, "psravw"),
}  # fmt: skip
_PSRAQ = (1 | W, 1, 0x72, "psraq")
_DIGITS = {"shl": LEFT, "lshr": RIGHT, "sar": SIGNED}
# Comparison -> (what is compared, whether the operands are exchanged, whether the result is the opposite)
_COMPARES = {
    "eq": ("eq", False, False), "ne": ("eq", False, True),
    "sgt": ("gt", False, False), "slt": ("gt", True, False), "sle": ("gt", False, True), "sge": ("gt", True, True),
    "ugt": ("above", False, False), "ult": ("above", True, False), "ule": ("above", False, True),
    "uge": ("above", True, True),
}  # fmt: skip
_OPPOSITE = {
    "ne": "eq", "sle": "sgt", "sge": "slt", "ule": "ugt", "uge": "ult",
}  # fmt: skip
# cmppd's predicates, and whether the operands are exchanged
_FLOAT_COMPARES = {
    "feq": (0, False), "fne": (4, False), "flt": (1, False), "fle": (2, False), "fgt": (1, True), "fge": (2, True),
}  # fmt: skip
_MASK_FLOAT = {"eq": 0, "ne": 4, "lt": 1, "le": 2, "gt": 14, "ge": 13}
_MASK_INTEGER = {"eq": 0, "ne": 4, "lt": 1, "le": 2, "gt": 6, "ge": 5}
_FLOAT = {
    "fadd": (0x58, "add", True), "fmul": (0x59, "mul", True), "fsub": (0x5C, "sub", False),
    "fdiv": (0x5E, "div", False), "fmin": (0x5D, "min", False), "fmax": (0x5F, "max", False),
}  # fmt: skip
_ROUNDING = {"ffloor": 9, "fceil": 10, "ftrunc": 11, "frint": 8}
_MASKS = frozenset(OPS[name] for name in (*_COMPARES, *_FLOAT_COMPARES))
_MASK_LOGIC = frozenset(OPS[name] for name in ("and", "or", "xor", "not"))


def packed(size: int, opcode: int, name: str) -> Row:
    """The row of a packed instruction on floats of `size` bytes."""
    return (0, 1, opcode, name + "ps") if size == 4 else (1, 1, opcode, name + "pd")


def sign(size: int) -> bytes:
    """The sign bit of an element."""
    return (1 << 8 * size - 1).to_bytes(size, "little")


def _build(s: X86Selector, v: int) -> tuple[Build, int]:
    """What builds for the first argument of `v`, and the size of its elements."""
    type = s.types[s.args[v][0]]
    return Build(s, sized(type)), type.element.size


# -- integers --------------------------------------------------------------------------------------


def add(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    b.values(PADD[size], v, True)


def sub(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    b.values(PSUB[size], v, False)


def logic(s: X86Selector, v: int) -> None:
    b, _ = _build(s, v)
    name = s.ops[v].name
    x, y = s.args[v]
    if name == "and":
        for p, q in ((x, y), (y, x)):
            if s.ops[p] is _NOT and s.single(p):
                b.op(PANDN, s.use(s.args[p][0]), s.use(q), v + FIRST)
                return
    b.values(_LOGIC[name], v, True)


def not_(s: X86Selector, v: int) -> None:
    b, _ = _build(s, v)
    b.complement(s.use(s.args[v][0]), v + FIRST)


def neg(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    b.op(PSUB[size], b.zero(), s.use(s.args[v][0]), v + FIRST)


def mul(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    x, y = s.args[v]
    if size == 8:
        narrow = s.ops[y] is CONST and min(s.imms[y]) >= 0 and max(s.imms[y]) < 1 << 32
        multiply(b, s.use(x), s.use(y), v + FIRST, narrow)
    elif size == 4 and b.level < SSE41:
        p, q = s.use(x), s.use(y)
        even = b.op(PMULUDQ, p, q, commutes=True)
        odd = b.op(PMULUDQ, b.shift(8, RIGHT, p, 32), b.shift(8, RIGHT, q, 32), commutes=True)
        b.op(PUNPCKL[4], b.unary_imm(PSHUFD, even, 0x08), b.unary_imm(PSHUFD, odd, 0x08), v + FIRST)
    else:
        b.values(_PMULL[size], v, True)


def multiply(b: Build, x: int, y: int, d: int = -1, narrow: bool = False) -> int:
    """The low 64 bits of products of 64-bit lanes; `narrow`: those of y are below 2**32.

    low(x) low(y) + (high(x) low(y) + low(x) high(y) << 32)
    """
    if b.level >= AVX512:
        return b.evex(_PMULLQ, x, y, d)
    cross = b.op(PMULUDQ, b.shift(8, RIGHT, x, 32), y)
    if not narrow:
        cross = b.op(PADD[8], cross, b.op(PMULUDQ, b.shift(8, RIGHT, y, 32), x))
    cross = b.shift(8, LEFT, cross, 32)
    return b.op(PADD[8], b.op(PMULUDQ, x, y), cross, d)


def umulh(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    if size == 2:
        b.values(_PMULHUW, v, True)
        return
    # of even lanes and of odd ones
    x, y = s.args[v]
    p, q = s.use(x), s.use(y)
    other = q if s.ops[y] is CONST and len(set(s.imms[y])) == 1 else b.shift(8, RIGHT, q, 32)
    even = b.op(PMULUDQ, p, q, commutes=True)
    odd = b.op(PMULUDQ, b.shift(8, RIGHT, p, 32), other, commutes=True)
    odd = b.with_constant(PAND, odd, bytes(4) + b"\xff" * 4)
    b.op(POR, b.shift(8, RIGHT, even, 32), odd, v + FIRST, commutes=True)


def min_max(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    name = s.ops[v].name
    row, level = _MIN_MAX[name][size]
    x, y = s.args[v]
    if b.level >= level and size < 8:
        b.values(row, v, True)
    else:
        least(b, name, size, s.use(x), s.use(y), v + FIRST)


def least(b: Build, name: str, size: int, x: int, y: int, d: int = -1) -> int:
    """Minimum or maximum of integers of `size` bytes, by `name`."""
    row, level = _MIN_MAX[name][size]
    if b.level >= level:
        return b.evex(row, x, y, d) if size == 8 else b.op(row, x, y, d, commutes=True)
    mask = greater(b, size, x, y, name[0] == "u")
    return blend(b, size, mask, y, x, d) if name[1:] == "min" else blend(b, size, mask, x, y, d)


def iabs(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    a = s.use(s.args[v][0])
    if size == 8 and b.level >= AVX512:
        s.add(vops.EVEX_UNARY, (v + FIRST,), (a,), b.row(_PABSQ))
    elif size < 8 and b.level >= SSE41:
        b.unary(_PABS[size], a, v + FIRST)
    else:
        mask = signs(b, size, a)
        b.op(PSUB[size], b.op(PXOR, a, mask), mask, v + FIRST)


def popcnt(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    a, d = s.use(s.args[v][0]), v + FIRST
    if size == 8 and b.level >= AVX512 and "avx512_vpopcntdq" in s.features:
        s.add(vops.EVEX_UNARY, (d,), (a,), b.row(_VPOPCNTQ))
        return
    # Half bytes by a table (Mula), and the bytes of a lane added up.
    table = b.constant(_BITS_OF_NIBBLES)
    low = b.op(PSHUFB, table, b.with_constant(PAND, a, b"\x0f"))
    high = b.op(PSHUFB, table, b.with_constant(PAND, b.shift(2, RIGHT, a, 4), b"\x0f"))
    found = b.op(PADD[1], low, high, d if size == 1 else -1, commutes=True)
    if size == 8:
        b.op(PSADBW, found, b.zero(), d)


def signs(b: Build, size: int, a: int, d: int = -1) -> int:
    """-1 where a lane is negative, else 0."""
    if size == 2 or size == 4:
        return b.shift(size, SIGNED, a, 8 * size - 1, d)
    if b.size == 64:
        if d < 0:
            d = b.new()
        b.s.add(vops.SIGN_MASK, (d,), (a,), (b.row(TO_MASK[size]), b.row(FROM_MASK[size])))
        return d
    if size == 8 and b.level < SSE42:
        return b.unary_imm(PSHUFD, b.shift(4, SIGNED, a, 31), 0xF5, d)
    return b.op(PCMPGT[size], b.zero(), a, d)


# -- shifts ----------------------------------------------------------------------------------------


def shift(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    name = s.ops[v].name
    x, count = s.args[v]
    d = v + FIRST
    if s.ops[count] is CONST:
        counts = [n % (8 * size) for n in s.imms[count]]
        if counts == counts[:1] * len(counts):
            shifted(b, name, size, s.use(x), counts[0], d)
            return
        lanes = b"".join([n.to_bytes(size, "little") for n in counts])
        by_lanes(b, name, size, s.use(x), b.constant(lanes.ljust(16, b"\0")), d)
    elif s.ops[count] is _SPLAT and b.level < AVX2 and size > 1:
        _shift_uniform(b, name, size, s.use(x), s.use(count), d)
    else:
        mask = (8 * size - 1).to_bytes(size, "little")
        by_lanes(b, name, size, s.use(x), b.with_constant(PAND, s.use(count), mask), d)


def shifted(b: Build, name: str, size: int, a: int, n: int, d: int = -1) -> int:
    """Each lane shifted by the constant n, below its width."""
    if size == 1:
        return _shift_bytes(b, name, a, n, d)
    if not n:
        return b.same(a, d)
    if size < 8 or name != "sar":
        return b.shift(size, _DIGITS[name], a, n, d)
    if b.level >= AVX512:
        if d < 0:
            d = b.new()
        b.s.add(vops.EVEX_SHIFT, (d,), (a,), (b.row(_PSRAQ), SIGNED, n))
        return d
    if n == 63:
        return signs(b, 8, a, d)
    return _sign_extended(b, 8, b.shift(8, RIGHT, a, n), (1 << 63 - n).to_bytes(8, "little"), d)


def _sign_extended(b: Build, size: int, a: int, bit: bytes, d: int) -> int:
    """Lanes whose sign is the one bit of `bit`, extended: (a ^ bit) - bit."""
    mask = b.constant(bit)
    return b.op(PSUB[size], b.op(PXOR, a, mask), mask, d)


def _shift_bytes(b: Build, name: str, a: int, n: int, d: int) -> int:
    if not n:
        return b.same(a, d)
    if name == "shl":
        return b.with_constant(PAND, b.shift(2, LEFT, a, n), bytes((0xFF << n & 0xFF,)), d)
    right = b.with_constant(PAND, b.shift(2, RIGHT, a, n), bytes((0xFF >> n,)), d if name == "lshr" else -1)
    return right if name == "lshr" else _sign_extended(b, 1, right, bytes((0x80 >> n,)), d)


def _shift_uniform(b: Build, name: str, size: int, a: int, counts: int, d: int) -> int:
    """By the first of `counts`, which are all the same, modulo the width."""
    count = b.with_constant(PAND, counts, (8 * size - 1).to_bytes(8, "little") + bytes(8))
    if name == "sar" and size == 8:
        # the sign travels along
        bit = b.op(_BY_REGISTER["lshr"][8], b.constant(sign(8)), count)
        return b.op(PSUB[8], b.op(PXOR, b.op(_BY_REGISTER["lshr"][8], a, count), bit), bit, d)
    return b.op(_BY_REGISTER[name][size], a, count, d)


def by_lanes(b: Build, name: str, size: int, a: int, counts: int, d: int = -1) -> int:
    """By counts below the width, lane by lane."""
    if size == 8 and name == "sar":
        if b.level >= AVX512:
            return b.evex(_PSRAVQ, a, counts, d)
        bit = b.op(_BY_LANES["lshr"][8], b.constant(sign(8)), counts)
        return b.op(PSUB[8], b.op(PXOR, b.op(_BY_LANES["lshr"][8], a, counts), bit), bit, d)
    if size >= 4:
        return b.op(_BY_LANES[name][size], a, counts, d)
    if size == 2 and b.level >= AVX512:
        return b.evex(_WORDS_BY_LANES[name], a, counts, d)
    # In lanes twice as wide, even and odd ones by themselves: odd ones have their bits above already.
    wide, bits = 2 * size, 8 * size
    low = (b"\xff" * size + bytes(size)) * (2 // size)
    even_counts = b.with_constant(PAND, counts, low)
    odd_counts = b.shift(wide, RIGHT, counts, bits)
    if name == "shl":
        even = by_lanes(b, name, wide, a, even_counts)
        odd = by_lanes(b, name, wide, b.op(PANDN, b.constant(low), a), odd_counts)
        return b.op(POR, b.with_constant(PAND, even, low), odd, d)
    if name == "lshr":
        even = by_lanes(b, name, wide, b.with_constant(PAND, a, low), even_counts)
        odd = by_lanes(b, name, wide, a, odd_counts)
    else:
        up = b.shift(wide, LEFT, a, bits)
        even = b.shift(wide, RIGHT, by_lanes(b, name, wide, up, even_counts), bits)
        odd = by_lanes(b, name, wide, a, odd_counts)
    return b.op(POR, even, b.op(PANDN, b.constant(low), odd), d)


# -- comparisons, blends ---------------------------------------------------------------------------


def compare(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    name = s.ops[v].name
    x, y = s.args[v]
    if b.size == 64:
        row, predicate = _into_mask(b, name, size)
        s.add(vops.COMPARE_MASK, (v + FIRST,), (s.use(x), s.use(y)), (row, predicate, b.row(FROM_MASK[size])))
        return
    if name in _FLOAT_COMPARES:
        predicate, exchange = _FLOAT_COMPARES[name]
        if exchange:
            x, y = y, x
        found = b.operand(y) if x != y and b.vex else None
        row = packed(size, 0xC2, "cmp")
        if found is not None:
            ins, addr = found
            s.add(vops.RM_BYTE, (v + FIRST,), (s.use(x), *ins), (b.row(row), predicate, addr))
        else:
            b.imm(row, s.use(x), s.use(y), predicate, v + FIRST)
        return
    comparison(b, name, size, s.use(x), s.use(y), v + FIRST)


def _into_mask(b: Build, name: str, size: int) -> tuple[Row, int]:
    """The comparison of 512 bits by `name`, and its predicate."""
    if name in _FLOAT_COMPARES:
        return b.row(CMP[size]), _MASK_FLOAT[name[1:]]
    return b.row((PCMPU if name[0] == "u" else PCMP)[size]), _MASK_INTEGER[name[-2:]]


def compared(s: X86Selector, mask: int) -> tuple[int, int, Row, int] | None:
    """Of a mask of 512 bits that is a comparison: what is compared, how, by which predicate."""
    if s.ops[mask] not in _MASKS:
        return None
    b, size = _build(s, mask)
    row, predicate = _into_mask(b, s.ops[mask].name, size)
    x, y = s.args[mask]
    return s.use(x), s.use(y), row, predicate


def comparison(b: Build, name: str, size: int, p: int, q: int, d: int = -1) -> int:
    """-1 where integers compare as `name` says, else 0."""
    what, exchange, opposite = _COMPARES[name]
    if exchange:
        p, q = q, p
    if what == "above" and size < 8 and b.level >= _MIN_MAX["umin"][size][1]:
        # not above: the minimum is the one itself
        found = b.op(PCMPEQ[size], least(b, "umin", size, p, q), p, d if opposite else -1)
        return found if opposite else b.complement(found, d)
    goal = -1 if opposite else d
    found = equal(b, size, p, q, goal) if what == "eq" else greater(b, size, p, q, what == "above", goal)
    return b.complement(found, d) if opposite else found


def equal(b: Build, size: int, x: int, y: int, d: int = -1) -> int:
    if size == 8 and b.level < SSE41:
        both = b.op(PCMPEQ[4], x, y, commutes=True)
        return b.op(PAND, both, b.unary_imm(PSHUFD, both, 0xB1), d, commutes=True)
    return b.op(PCMPEQ[size], x, y, d, commutes=True)


def greater(b: Build, size: int, x: int, y: int, unsigned: bool = False, d: int = -1) -> int:
    """-1 where x > y."""
    if unsigned:
        flip = sign(size)
        x, y = b.with_constant(PXOR, x, flip), b.with_constant(PXOR, y, flip)
    if size < 8 or b.level >= SSE42:
        return b.op(PCMPGT[size], x, y, d)
    # The upper halves decide, or where they are equal the borrow of the lower ones.
    borrow = b.op(PAND, b.op(PCMPEQ[4], x, y), b.op(PSUB[8], y, x))
    return b.unary_imm(PSHUFD, b.op(POR, borrow, b.op(PCMPGT[4], x, y)), 0xF5, d)


def blend(b: Build, size: int, mask: int, then: int, other: int, d: int = -1) -> int:
    """`then` where the mask is set, else `other`."""
    if b.vex:
        if d < 0:
            d = b.new()
        if b.size == 64:
            b.s.add(vops.CHOOSE, (d,), (other, then, mask), (b.row(TO_MASK[size]), b.row(BLEND_MASK[size])))
        else:
            b.s.add(BLEND_OP, (d,), (other, then, mask), b.row(BLEND[size]))
        return d
    return b.op(POR, b.op(PAND, then, mask), b.op(PANDN, mask, other), d, commutes=True)


def select(s: X86Selector, v: int) -> None:
    mask, then, other = s.args[v]
    size = s.types[v].element.size
    b = Build(s, sized(s.types[v]))
    p, q = s.use(then), s.use(other)
    if b.size == 64:
        found = compared(s, mask)
        if found is not None:
            x, y, row, predicate = found
            s.add(vops.COMPARE_CHOOSE, (v + FIRST,), (x, y, q, p), (row, predicate, b.row(BLEND_MASK[size])))
        else:
            blend(b, size, s.use(mask), p, q, v + FIRST)
        return
    better = _OPPOSITE.get(s.ops[mask].name)
    if better is not None and s.single(mask):
        x, y = s.args[mask]
        blend(b, size, comparison(b, better, size, s.use(x), s.use(y)), q, p, v + FIRST)
        return
    m = s.use(mask)
    if not is_mask(s, mask) and (not b.vex or size == 2):
        m = signs(b, size, m)
    blend(b, size, m, p, q, v + FIRST)


def is_mask(s: X86Selector, v: int) -> bool:
    """Whether all lanes are 0 or -1, by the operations that computed them."""
    op = s.ops[v]
    if op in _MASK_LOGIC:
        return all(is_mask(s, a) for a in s.args[v])
    return op in _MASKS or (op is CONST and all(lane in (0, -1) for lane in s.imms[v]))


# -- floats ----------------------------------------------------------------------------------------


def float_binary(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    opcode, name, commutes = _FLOAT[s.ops[v].name]
    b.values(packed(size, opcode, name), v, commutes)


def float_op(b: Build, name: str, size: int, x: int, y: int, d: int = -1) -> int:
    """`fadd`, `fmin`, ... on registers."""
    opcode, mnemonic, commutes = _FLOAT[name]
    return b.op(packed(size, opcode, mnemonic), x, y, d, commutes)


def sqrt(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    b.unary_value(packed(size, 0x51, "sqrt"), v, s.args[v][0])


def fneg(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    b.with_constant(packed(size, 0x57, "xor"), s.use(s.args[v][0]), sign(size), v + FIRST)


def _magnitude(size: int) -> bytes:
    return ((1 << 8 * size - 1) - 1).to_bytes(size, "little")


def fabs(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    b.with_constant(packed(size, 0x54, "and"), s.use(s.args[v][0]), _magnitude(size), v + FIRST)


def fcopysign(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    x, y = s.args[v]
    magnitude = b.with_constant(packed(size, 0x54, "and"), s.use(x), _magnitude(size))
    minus = b.with_constant(packed(size, 0x54, "and"), s.use(y), sign(size))
    b.op(packed(size, 0x56, "or"), magnitude, minus, v + FIRST, commutes=True)


def rounding(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    row = (1, 3, 0x08, "roundps") if size == 4 else (1, 3, 0x09, "roundpd")
    b.unary_imm(row, s.use(s.args[v][0]), _ROUNDING[s.ops[v].name], v + FIRST)


def fma(s: X86Selector, v: int) -> None:
    b, size = _build(s, v)
    fuse(s, v, b.row((1 | (0 if size == 4 else W), 2, 0xB8, "fmadd231p" + ("s" if size == 4 else "d"))), b.operand)
