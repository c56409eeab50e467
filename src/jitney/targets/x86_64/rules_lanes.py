"""Rules that make vectors, take them apart, change their lanes' width or order, and reduce them."""

from __future__ import annotations

import struct

from ...codegen.machine import FIRST, FLOAT, GENERAL
from ...ir.types import F32, F64, I32, I64
from . import ops
from . import ops_control as control
from . import ops_float as fops
from . import ops_vector as vops
from .encode import NE, SHR, E
from .rules_vector import blend, compared, float_op, least, packed
from .vector_build import (
    AVX2,
    AVX512,
    BYTES,
    INSERT,
    PACKSSWB,
    PACKUSDW,
    PACKUSWB,
    PADD,
    PAND,
    POR,
    PSADBW,
    PSHUFD,
    PUNPCKH,
    PUNPCKL,
    PXOR,
    SIGNED,
    SSE41,
    TO_MASK,
    Build,
    W,
    memory,
    sized,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.types import Type
    from .encode import Row
    from .select import X86Selector

MOVD_IN, MOVD_OUT = (1, 1, 0x6E, "movd"), (1, 1, 0x7E, "movd")
_PINSRW, _PEXTRW = (1, 1, 0xC4, "pinsrw"), (1, 1, 0xC5, "pextrw")
_BROADCAST = {1: (1, 2, 0x78, "pbroadcastb"), 2: (1, 2, 0x79, "pbroadcastw"), 4: (1, 2, 0x58, "pbroadcastd"),
              8: (1, 2, 0x59, "pbroadcastq")}  # fmt: skip
_BROADCAST_FLOAT = {4: (1, 2, 0x18, "broadcastss"), 8: (1, 2, 0x19, "broadcastsd")}
_PSHUFLW = (3, 1, 0x70, "pshuflw")
MOVHPD, INSERTPS = (1, 1, 0x16, "movhpd"), (1, 3, 0x21, "insertps")
_PALIGNR = (1, 3, 0x0F, "palignr")
_SHUFPS = (0, 1, 0xC6, "shufps")
_PMADDWD = (1, 1, 0xF5, "pmaddwd")
_SIGN_EXTEND = {(1, 2): 0x20, (1, 4): 0x21, (1, 8): 0x22, (2, 4): 0x23, (2, 8): 0x24, (4, 8): 0x25}
_LETTERS = {1: "b", 2: "w", 4: "d", 8: "q"}
# Truncations of AVX-512: (from, to) -> opcode
_TRUNCATE = {(2, 1): 0x30, (4, 1): 0x31, (8, 1): 0x32, (4, 2): 0x33, (8, 2): 0x34, (8, 4): 0x35}
_CVTDQ2PD, _CVTDQ2PS = (2, 1, 0xE6, "cvtdq2pd"), (0, 1, 0x5B, "cvtdq2ps")
_CVTPS2PD, _CVTPD2PS = (0, 1, 0x5A, "cvtps2pd"), (1, 1, 0x5A, "cvtpd2ps")
_CVTQQ2PD, _CVTQQ2PS = (2 | W, 1, 0xE6, "cvtqq2pd"), (0 | W, 1, 0x5B, "cvtqq2ps")
_CVTTPD2QQ = (1 | W, 1, 0x7A, "cvttpd2qq")
_CVTTPD2DQ, _CVTTPS2DQ = (1, 1, 0xE6, "cvttpd2dq"), (2, 1, 0x5B, "cvttps2dq")
_MOVMSK = {4: (0, 1, 0x50, "movmskps"), 8: (1, 1, 0x50, "movmskpd"), 1: (1, 1, 0xD7, "pmovmskb")}
_KMOV, _KMOVQ = ((3, 1, 0x93, "kmovd"), 0), ((3, 1, 0x93, "kmovq"), 8)
_EXTENDED = {1: ("i8", "u8"), 2: ("i16", "u16"), 4: ("i32", "u32")}
_REDUCTIONS = {
    "rsmin": "smin", "rsmax": "smax", "rumin": "umin", "rumax": "umax",
    "rfadd": "fadd", "rfmul": "fmul", "rfmin": "fmin", "rfmax": "fmax",
}  # fmt: skip


# -- scalars in and out ----------------------------------------------------------------------------


def splat(s: X86Selector, v: int) -> None:
    type = s.types[v]
    b, size = Build(s, sized(type)), type.element.size
    (a,) = s.args[v]
    d = v + FIRST
    rows = _BROADCAST_FLOAT if type.element.is_float else _BROADCAST
    if b.level >= AVX2:
        row = b.row(rows[size] if b.size > 16 or size < 8 else _BROADCAST[size])
        if s.sinks(a) and s.imms[a].access.size >= size:
            ins, addr = s.memory(a)
            s.add(vops.UNARY_M, (d,), ins, (row, addr))
        else:
            s.add(vops.UNARY, (d,), (_in_vector(s, a, size),), row)
        return
    spread(b, size, _in_vector(s, a, size), d)


def _in_vector(s: X86Selector, a: int, size: int) -> int:
    """Scalar `a` in a register of the vectors' kind."""
    r = s.use(a)
    if s.types[a].is_float:
        return r
    t = s.m.new(FLOAT)
    s.add(vops.MOVE_IN, (t,), (r,), (MOVD_IN, 8 if size == 8 else 0))
    return t


def spread(b: Build, size: int, a: int, d: int = -1) -> int:
    """The first lane in every lane of 128 bits, without AVX2."""
    if size == 8:
        return b.op(PUNPCKL[8], a, a, d)
    if size < 4:
        if size == 1:
            a = b.op(PUNPCKL[1], a, a)
        a = b.unary_imm(_PSHUFLW, a, 0)
    return b.unary_imm(PSHUFD, a, 0, d)


def lane(s: X86Selector, v: int) -> None:
    (a,) = s.args[v]
    take(s, s.types[a], s.use(a), s.imms[v], v + FIRST)


def take(s: X86Selector, type: Type, a: int, k: int, d: int) -> None:
    """Lane k of vector `a` as a scalar, sign-extended."""
    b, size = Build(s, sized(type)), type.element.size
    while b.size > 16:
        half = b.half()
        if k >= half.size // size:
            a = b.high(a)
            k -= half.size // size
        b = half
    if type.element.is_float:
        lane_to_front(b, size, a, k, d)
        return
    if size == 8 or size == 4:
        if k:
            a = lane_to_front(b, size, a, k)
        _out(s, a, size, True, d)
    else:
        word = s.m.new(GENERAL)
        s.add(vops.EXTRACT, (word,), (a,), (_PEXTRW, k * size // 2))
        if size == 1 and k % 2:
            both, word = word, s.m.new(GENERAL)
            s.add(ops.SHIFT_RI, (word,), (both,), (SHR, 8))
        s.add(ops.EXTEND, (d,), (word,), _EXTENDED[size][0])


def lane_to_front(b: Build, size: int, a: int, k: int, d: int = -1) -> int:
    """Lane k of 128 bits, of 4 or 8 bytes, as the first."""
    if not k:
        return b.same(a, d)
    if size == 8:
        return b.op(PUNPCKH[8], a, a, d)
    return b.unary_imm(PSHUFD, a, k, d)


def _out(s: X86Selector, a: int, size: int, signed: bool, d: int) -> None:
    """The first lane of `a` in general register d, extended."""
    if size == 8:
        s.add(vops.MOVE_OUT, (d,), (a,), (MOVD_OUT, 8))
        return
    t = s.m.new(GENERAL)
    s.add(vops.MOVE_OUT, (t,), (a,), (MOVD_OUT, 0))
    s.add(ops.EXTEND, (d,), (t,), _EXTENDED[size][0 if signed else 1])


def insert(s: X86Selector, v: int) -> None:
    """From memory where that can be, as vectors put together of what is scattered are; else, but for lanes of 4 or 8
    bytes in 16, by a blend with the splat: rare enough."""
    vector, a = s.args[v]
    type = s.types[v]
    b, size, k = Build(s, sized(type)), type.element.size, s.imms[v]
    if type.size == 16 and size == 8 and k:
        if s.sinks(a) and s.imms[a].access.size == size:
            ins, addr = s.memory(a)
            s.add(b.ops.rm, (v + FIRST,), (s.use(vector), *ins), (MOVHPD, addr))
        else:
            b.op(PUNPCKL[8], s.use(vector), _in_vector(s, a, size), v + FIRST)
        return
    if type.size == 16 and size == 4 and b.level >= SSE41:
        if b.vex and s.sinks(a) and s.imms[a].access.size >= size:
            ins, addr = s.memory(a)
            s.add(vops.RM_BYTE, (v + FIRST,), (s.use(vector), *ins), (INSERTPS, k << 4, addr))
        else:
            b.imm(INSERTPS, s.use(vector), _in_vector(s, a, size), k << 4, v + FIRST)
        return
    rows = _BROADCAST_FLOAT if type.element.is_float else _BROADCAST
    x = _in_vector(s, a, size)
    if b.level >= AVX2:
        x = b.unary(rows[size] if b.size > 16 or size < 8 else _BROADCAST[size], x)
    else:
        x = spread(b, size, x)
    mask = bytes(k * size) + b"\xff" * size
    blend(b, size, b.constant(mask.ljust(b.size, b"\0")), x, s.use(vector), v + FIRST)


# -- halves, order, width --------------------------------------------------------------------------


def low(s: X86Selector, v: int) -> None:
    Build(s, 16).same(s.use(s.args[v][0]), v + FIRST)


def high(s: X86Selector, v: int) -> None:
    (a,) = s.args[v]
    size = s.types[a].size
    if size > 16:
        Build(s, size).high(s.use(a), v + FIRST)
    else:
        _bytes_right(Build(s, 16), s.use(a), size // 2, v + FIRST)


def _bytes_right(b: Build, a: int, n: int, d: int = -1) -> int:
    return b.shift(16, BYTES, a, n, d)


def join(s: X86Selector, v: int) -> None:
    x, y = s.args[v]
    size = s.types[x].size
    if size == 16 and s.sinks(y):
        ins, addr = memory(s, y)
        s.add(vops.RM_BYTE, (v + FIRST,), (s.use(x), *ins), (Build(s, 32).row(INSERT[32]), 1, addr))
    elif size == 8 and s.sinks(y):
        ins, addr = memory(s, y)
        s.add(Build(s, 16).ops.rm, (v + FIRST,), (s.use(x), *ins), (MOVHPD, addr))
    elif size >= 16:
        Build(s, 2 * size).joined(s.use(x), s.use(y), v + FIRST)
    else:
        Build(s, 16).op(PUNPCKL[size], s.use(x), s.use(y), v + FIRST)


def widen(s: X86Selector, v: int) -> None:
    """vsext, vzext   ->   pmovsx, pmovzx, from memory where that can be"""
    (a,) = s.args[v]
    type = s.types[v]
    Build(s, sized(type)).unary_value(_widening(s.types[a].element.size, type.element.size, s.ops[v].name == "vsext"),
                                      v, a)  # fmt: skip


def _widening(narrow: int, wide: int, signed: bool) -> Row:
    name = f"pmov{'s' if signed else 'z'}x{_LETTERS[narrow]}{_LETTERS[wide]}"
    return (1, 2, _SIGN_EXTEND[narrow, wide] + (0 if signed else 0x10), name)


def narrow(s: X86Selector, v: int) -> None:
    """vtrunc   ->   the low parts shuffled or packed together, one width after the other"""
    (a,) = s.args[v]
    size, goal = s.types[a].element.size, s.types[v].element.size
    total = s.types[a].size
    x, d = s.use(a), v + FIRST
    b = Build(s, sized(s.types[a]))
    if b.level >= AVX512:
        row = (2, 2, _TRUNCATE[size, goal], f"pmov{_LETTERS[size]}{_LETTERS[goal]}")
        s.add(vops.EVEX_REVERSED, (d,), (x,), b.row(row))
        return
    while size > goal:
        size //= 2
        x = _halved(s, x, size, total, d if size == goal else -1)
        total //= 2


def _halved(s: X86Selector, a: int, size: int, total: int, d: int) -> int:
    """The lanes of `a`, `total` bytes, cut to `size` bytes, half of what they have."""
    b = Build(s, max(total, 16))
    half = Build(s, 16)
    if size == 4:
        if total == 32:
            return half.imm(_SHUFPS, a, b.high(a), 0x88, d)
        return half.unary_imm(PSHUFD, a, 0x08, d)
    cut = b.with_constant(PAND, a, b"\xff" * size + bytes(size))
    pack = PACKUSDW if size == 2 else PACKUSWB
    return half.op(pack, cut, b.high(cut) if total == 32 else cut, d)


# -- conversions -----------------------------------------------------------------------------------


def i2f(s: X86Selector, v: int) -> None:
    (a,) = s.args[v]
    source, type = s.types[a].element, s.types[v].element
    b = Build(s, max(sized(s.types[v]), sized(s.types[a])))
    d = v + FIRST
    if source is I32:
        whole = Build(s, sized(s.types[v]))
        whole.unary_value(_CVTDQ2PD if type is F64 else _CVTDQ2PS, v, a)
    elif source is not I64:
        wide = Build(s, max(4 * s.types[v].lanes, 16))
        t = wide.unary(_widening(source.size, 4, True), s.use(a))
        Build(s, sized(s.types[v])).unary(_CVTDQ2PD if type is F64 else _CVTDQ2PS, t, d)
    elif b.level >= AVX512:
        s.add(vops.EVEX_UNARY, (d,), (s.use(a),), b.row(_CVTQQ2PD if type is F64 else _CVTQQ2PS))
    elif type is F64:
        long_to_double(b, s.use(a), d)
    else:
        _lane_by_lane(s, v, a)


def long_to_double(b: Build, a: int, d: int) -> None:
    """Signed 64-bit integers to doubles, rounded once: the upper 16 bits above 3 * 2**67, the others above 2**52, as
    mantissas of doubles whose difference from there is exact; only the last sum rounds.
    (The method is Mysticial's, "How to efficiently perform double/int64 conversions with SSE/AVX".)
    """
    top = b.with_constant(PAND, b.shift(4, SIGNED, a, 16), bytes(4) + b"\xff" * 4)
    top = b.with_constant(PADD[8], top, _double(3.0 * 2.0**67))
    rest = b.with_constant(PAND, a, b"\xff" * 6 + bytes(2))
    rest = b.with_constant(POR, rest, _double(2.0**52))
    top = b.with_constant(packed(8, 0x5C, "sub"), top, _double(3.0 * 2.0**67 + 2.0**52))
    b.op(packed(8, 0x58, "add"), top, rest, d)


def f2i(s: X86Selector, v: int) -> None:
    (a,) = s.args[v]
    b = Build(s, sized(s.types[v]))
    if b.level < AVX512:
        _lane_by_lane(s, v, a)
        return
    x = s.use(a)
    if s.types[a].element is F32:
        x = b.unary(_CVTPS2PD, x)
    s.add(vops.EVEX_UNARY, (v + FIRST,), (x,), b.row(_CVTTPD2QQ))


def vf2i(s: X86Selector, v: int) -> None:
    """To lanes of 32 bits."""
    (a,) = s.args[v]
    row = _CVTTPD2DQ if s.types[a].element is F64 else _CVTTPS2DQ
    Build(s, sized(s.types[a])).unary_value(row, v, a)


def _lane_by_lane(s: X86Selector, v: int, a: int) -> None:
    """A conversion that is there only for scalars."""
    source, goal = s.types[a], s.types[v]
    x = s.use(a)
    lanes = []
    for k in range(goal.lanes):
        if goal.element.is_float:
            t, r = s.m.new(GENERAL), s.m.new(FLOAT)
            take(s, source, x, k, t)
            s.add(fops.FROM_INT, (r,), (t,), (2, 1, 0x2A, "cvtsi2ss"))
        else:
            f, t, r = s.m.new(FLOAT), s.m.new(GENERAL), s.m.new(FLOAT)
            take(s, source, x, k, f)
            s.add(fops.TO_INT, (t,), (f,), (2, 1, 0x2C, "cvttss2si") if source.element is F32 else fops.CVTTSD2SI)
            s.add(vops.MOVE_IN, (r,), (t,), (MOVD_IN, 8))
        lanes.append(r)
    b = Build(s, 16)
    size = goal.element.size
    while len(lanes) > 1:
        d = v + FIRST if len(lanes) == 2 else -1
        if size == 16:
            lanes = [Build(s, 32).joined(lanes[0], lanes[1], d)]
        else:
            lanes = [b.op(PUNPCKL[size], p, q, d) for p, q in zip(lanes[::2], lanes[1::2])]
        size *= 2


def fext(s: X86Selector, v: int) -> None:
    Build(s, sized(s.types[v])).unary_value(_CVTPS2PD, v, s.args[v][0])


def fround(s: X86Selector, v: int) -> None:
    (a,) = s.args[v]
    b = Build(s, sized(s.types[a]))
    b.unary(_CVTPD2PS, s.use(a), v + FIRST)


def bits(s: X86Selector, v: int) -> None:
    Build(s, sized(s.types[v])).same(s.use(s.args[v][0]), v + FIRST)


# -- reductions ------------------------------------------------------------------------------------


def radd(s: X86Selector, v: int) -> None:
    (a,) = s.args[v]
    type = s.types[a]
    b, size = Build(s, type.size), type.element.size
    x = s.use(a)
    if size == 1:
        # sums of eight bytes each, with 128 too much in every byte
        total = b.op(PSADBW, b.with_constant(PXOR, x, b"\x80"), b.zero())
        t = s.m.new(GENERAL)
        _out(s, _folded(b, "add", 8, total, 8), 8, True, t)
        s.add(ops.ADD_RI, (v + FIRST,), (t,), -128 * type.lanes)
        return
    if size == 2:
        x = b.with_constant(_PMADDWD, x, b"\1\0")
        size = 4
    if size == 4:
        upper = b.high(x) if b.size > 16 else _bytes_right(b, x, 8)
        x = b.op(PADD[8], b.unary(_widening(4, 8, True), x), b.unary(_widening(4, 8, True), upper))
    _out(s, _folded(b, "add", 8, x, 8), 8, True, v + FIRST)


def reduce(s: X86Selector, v: int) -> None:
    (a,) = s.args[v]
    type = s.types[a]
    size = type.element.size
    name = s.ops[v].name
    op = _REDUCTIONS.get(name, name[1:])
    found = _folded(Build(s, type.size), op, size, s.use(a), size)
    if type.element.is_float:
        Build(s, 16).same(found, v + FIRST)
    else:
        _out(s, found, size, name[1] != "u", v + FIRST)


def _folded(b: Build, op: str, size: int, a: int, last: int) -> int:
    """First half op second half, until one lane of `last` bytes is left, the first."""
    while b.size > 16:
        upper = b.high(a)
        b = b.half()
        a = _combine(b, op, size, a, upper)
    width = 8
    while width >= last:
        if width >= 4:
            upper = lane_to_front(b, width, a, 1)
        else:
            upper = _bytes_right(b, a, width)
        a = _combine(b, op, size, a, upper)
        width //= 2
    return a


_BITWISE = {"and": PAND, "or": POR, "xor": PXOR}


def _combine(b: Build, op: str, size: int, x: int, y: int) -> int:
    if op == "add":
        return b.op(PADD[size], x, y)
    if op in _BITWISE:
        return b.op(_BITWISE[op], x, y)
    if op[0] == "f":
        return float_op(b, op, size, x, y)
    return least(b, op, size, x, y)


# -- masks -----------------------------------------------------------------------------------------


def movemask(s: X86Selector, v: int) -> None:
    _mask_bits(s, s.args[v][0], v + FIRST)


def _mask_bits(s: X86Selector, a: int, d: int) -> None:
    """The sign bits of value a's lanes in general register d."""
    type = s.types[a]
    b, size = Build(s, type.size), type.element.size
    row, w = _KMOV if size > 1 else _KMOVQ
    found = compared(s, a) if b.size == 64 else None
    if found is not None:
        p, q, compare, predicate = found
        s.add(vops.COMPARE_BITS, (d,), (p, q), (compare, predicate, row, w))
        return
    x = s.use(a)
    if b.size == 64:
        s.add(vops.SIGN_BITS, (d,), (x,), (b.row(TO_MASK[size]), row, w))
        return
    if size == 2:
        half = Build(s, 16)
        x = half.op(PACKSSWB, x, b.high(x) if b.size == 32 else half.zero())
        b, size = half, 1
    s.add(vops.EXTRACT, (d,), (x,), (b.row(_MOVMSK[size]), None))


def test_mask(s: X86Selector, v: int) -> int:
    """Set the flags for `anyset` or `allset`; the condition under which they say true."""
    (a,) = s.args[v]
    t = s.m.new(GENERAL)
    _mask_bits(s, a, t)
    if s.ops[v].name == "anyset":
        s.add(control.TEST_RR, (), (t, t))
        return NE
    full = (1 << s.types[a].lanes) - 1
    if full >= 1 << 31:
        # 32 lanes or more
        wide = s.m.new(GENERAL)
        s.add(ops.MOVI, (wide,), (), full)
        s.add(control.CMP_RR, (), (t, wide))
    else:
        s.add(control.CMP_RI, (), (t,), full)
    return E


def mask_value(s: X86Selector, v: int) -> None:
    s.add(control.SET, (v + FIRST,), (), test_mask(s, v))


def _double(value: float) -> bytes:
    return struct.pack("<d", value)
