"""Rules for integers: arithmetic, bits, comparisons as values."""

from __future__ import annotations

from ...codegen.machine import FIRST
from ...codegen.select import CONST
from ...ir.ops import OPS
from ...ir.types import F32, I1, I64
from . import ops
from . import ops_control as control
from .encode import ADD, AND, CC_NAMES, IMUL, MUL, NEG, NOT, OR, RAX, RCX, RDX, SAR, SHL, SHR, SUB, XOR
from .ops_float import BLEND, COMPARE_VEX, MOVE_BITS, SELECT_X
from .select import X86Selector, fits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.ops import Op

_SHL, _NOT, _ADD, _PARAM = OPS["shl"], OPS["not"], OPS["add"], OPS["param"]
_AND, _MUL = OPS["and"], OPS["mul"]
_EXTENDING = frozenset(OPS[f"{kind}ext{n}"] for kind in "sz" for n in (8, 16, 32))
_ANDN = (0, 2, 0xF2, "andn")
_SHIFT_X = {SHL: (1, 2, 0xF7, "shlx"), SAR: (2, 2, 0xF7, "sarx"), SHR: (3, 2, 0xF7, "shrx")}
_MULX = (3, 2, 0xF6, "mulx")
# What one or two sums of shifted numbers make sooner than a multiplication: the shift in the first, and the rest.
_BY_SUMS = {((1 << k) + 1) * rest: (k, rest) for k in (1, 2, 3) for rest in (1, 2, 3, 4, 5, 8, 9, 16, 32, 64)}
# 3, 5 or 9 times 2, 4 or 8: the shifts of both.
_BY_TWO_SUMS = {((1 << by) + 1) << k: (by, k) for by in (1, 2, 3) for k in (1, 2, 3)}
_CC = {name: code for code, name in enumerate(CC_NAMES)}


def add(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    d = v + FIRST
    c = s.integer(b)
    if c is not None:
        if fits(c):
            if s.ops[a] is _ADD and s.single(a) and s.integer(s.args[a][1]) is None:
                x, y = s.args[a]
                if s.ops[x] is not CONST:
                    s.add(ops.LEA, (d,), (s.use(x), s.use(y)), (1, 0, c))
                    return
            s.add(ops.ADD_RI, (d,), (s.use(a),), c)
            return
    elif s.sinks_as(b, "i64"):
        _from_memory(s, d, a, b, ADD)
        return
    elif s.sinks_as(a, "i64"):
        _from_memory(s, d, b, a, ADD)
        return
    for x, y in ((a, b), (b, a)):
        if s.ops[y] is _SHL and s.single(y):
            k = s.integer(s.args[y][1])
            if k is not None and 0 < k <= 3:
                s.add(ops.LEA, (d,), (s.use(x), s.use(s.args[y][0])), (1, k, 0))
                return
        elif s.ops[y] is _MUL and s.single(y):
            # x + 10 * z, two sums of shifted numbers
            c = s.integer(s.args[y][1])
            if c in _BY_TWO_SUMS:
                by, k = _BY_TWO_SUMS[c]
                z, t = s.use(s.args[y][0]), s.m.new(False)
                s.add(ops.LEA, (t,), (z, z), (1, by, 0))
                s.add(ops.LEA, (d,), (s.use(x), t), (1, k, 0))
                return
    s.add(ops.ADD_RR, (d,), (s.use(a), s.use(b)))


def _from_memory(s: X86Selector, d: int, a: int, load: int, k: int) -> None:
    r = s.use(a)
    ins, addr = s.memory(load)
    s.add(ops.ADD_RM if k == ADD else ops.SUB_RM if k == SUB else ops.LOGIC_RM, (d,), (r, *ins), (k, addr))


def sub(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    d = v + FIRST
    c = s.integer(b)
    if c is not None and fits(-c):
        s.add(ops.ADD_RI, (d,), (s.use(a),), -c)
    elif s.integer(a) == 0:
        s.add(ops.UNARY, (d,), (s.use(b),), NEG)
    elif s.sinks_as(b, "i64") and a != b:
        _from_memory(s, d, a, b, SUB)
    else:
        s.add(ops.SUB_RR, (d,), (s.use(a), s.use(b)), SUB)


def ptradd(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    d = v + FIRST
    c = s.integer(b)
    if c is not None and fits(c):
        s.add(ops.ADD_RI, (d,), (s.use(a),), c)
        return
    if s.ops[b] is _SHL and s.single(b):
        k = s.integer(s.args[b][1])
        if k is not None and 0 < k <= 3:
            s.add(ops.LEA, (d,), (s.use(a), s.use(s.args[b][0])), (1, k, 0))
            return
    s.add(ops.ADD_RR, (d,), (s.use(a), s.use(b)))


def scaled(s: X86Selector, d: int, a: int, c: int) -> None:
    """``d = a * c`` for a constant."""
    if not fits(c):
        t = s.m.new(False)
        s.add(ops.MOVI, (t,), (), c)
        s.add(ops.IMUL_RR, (d,), (a, t))
    elif c > 0 and c & (c - 1) == 0:
        if c == 1:
            s.add(ops.COPY, (d,), (a,))
        else:
            s.add(ops.SHIFT_RI, (d,), (a,), (SHL, c.bit_length() - 1))
    elif c in _BY_SUMS:
        shift, rest = _BY_SUMS[c]
        t = s.m.new(False)
        s.add(ops.LEA, (t,), (a, a), (1, shift, 0))
        scaled(s, d, t, rest)
    elif c == -1:
        s.add(ops.UNARY, (d,), (a,), NEG)
    else:
        s.add(ops.IMUL_RI, (d,), (a,), c)


def mul(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    d = v + FIRST
    if s.ops[a] is CONST:
        a, b = b, a
    c = s.integer(b)
    if c is not None:
        scaled(s, d, s.use(a), c)
    elif s.sinks_as(b, "i64") and a != b:
        r = s.use(a)
        ins, addr = s.memory(b)
        s.add(ops.IMUL_RM, (d,), (r, *ins), addr)
    else:
        s.add(ops.IMUL_RR, (d,), (s.use(a), s.use(b)))


def neg(s: X86Selector, v: int) -> None:
    s.add(ops.UNARY, (v + FIRST,), (s.use(s.args[v][0]),), NEG)


def not_(s: X86Selector, v: int) -> None:
    r = s.use(s.args[v][0])
    if s.types[v] is I1:
        s.add(ops.LOGIC_RI, (v + FIRST,), (r,), (XOR, 1))
    else:
        s.add(ops.UNARY, (v + FIRST,), (r,), NOT)


def wide(s: X86Selector, d: int, a: int, b: int, signed: bool) -> None:
    """``d`` = the high half of the product of registers a and b."""
    if not signed and "bmi2" in s.features:
        low = s.m.new(False)
        s.add(ops.MOVES, (RDX,), (a,), ())
        s.add(ops.MULX, (d, low), (RDX, b), _MULX)
        return
    s.add(ops.MOVES, (RAX,), (a,), ())
    s.add(ops.MULTIPLY_WIDE, (RAX, RDX), (RAX, b), IMUL if signed else MUL)
    s.add(ops.MOVES, (d,), (RDX,), ())


def smulh(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    wide(s, v + FIRST, s.use(a), s.use(b), True)


def umulh(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    wide(s, v + FIRST, s.use(a), s.use(b), False)


def min_max(s: X86Selector, v: int) -> None:
    """Of three values, the one that the loop's last iteration computed comes last: the others need not wait for it.

    min (min x, late), y   ->   min (min x, y), late
    """
    a, b = s.args[v]
    op = s.ops[v]
    cc = _CC[{"smin": "g", "smax": "l", "umin": "a", "umax": "b"}[op.name]]
    if s.block.loop is not None:
        for inner, other in ((a, b), (b, a)):
            if s.ops[inner] is op and s.counts[inner] == 1 and s.function.homes[inner] is s.block:
                x, y = s.args[inner]
                if _is_carried(s, x):
                    x, y = y, x
                if _is_carried(s, y) and not _is_carried(s, other) and not _is_carried(s, x):
                    t = s.m.new(0)
                    s.add(ops.MIN_MAX, (t,), (s.use(x), s.use(other)), cc)
                    s.add(ops.MIN_MAX, (v + FIRST,), (t, s.use(y)), cc)
                    return
    s.add(ops.MIN_MAX, (v + FIRST,), (s.use(a), s.use(b)), cc)


def _is_carried(s: X86Selector, v: int) -> bool:
    """Whether `v` is a parameter of the header of the loop around, or that and a constant."""
    if s.ops[v] is _ADD and s.ops[s.args[v][1]] is CONST:
        v = s.args[v][0]
    loop = s.block.loop
    return s.ops[v] is _PARAM and loop is not None and s.function.homes[v] is loop.header


def iabs(s: X86Selector, v: int) -> None:
    s.add(ops.IABS, (v + FIRST,), (s.use(s.args[v][0]),))


# op -> (feature, opcode with it, opcode of the bit scan, result for 0 before the flip, flip)
_COUNTS = {"clz": ("lzcnt", 0xBD, 0xBD, 127, 63), "ctz": ("bmi1", 0xBC, 0xBC, 64, 0)}


def count(s: X86Selector, v: int) -> None:
    feature, opcode, scan, empty, flip = _COUNTS[s.ops[v].name]
    r = s.use(s.args[v][0])
    if feature in s.features:
        s.add(ops.COUNT, (v + FIRST,), (r,), opcode)
    else:
        s.add(ops.COUNT_SCAN, (v + FIRST, s.m.new(False)), (r,), (scan, empty, flip))


def popcnt(s: X86Selector, v: int) -> None:
    r = s.use(s.args[v][0])
    if "popcnt" in s.features:
        s.add(ops.COUNT, (v + FIRST,), (r,), 0xB8)
    else:
        s.add(ops.POPCOUNT, (v + FIRST, s.m.new(False), s.m.new(False)), (r,))


_LOGIC = {"and": AND, "or": OR, "xor": XOR}
_EXTENSIONS = {0xFF: "u8", 0xFFFF: "u16", 0xFFFFFFFF: "u32"}


def logic(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    d = v + FIRST
    name = s.ops[v].name
    k = _LOGIC[name]
    if s.ops[a] is CONST:
        a, b = b, a
    c = s.integer(b)
    if c is not None:
        if k == AND and c in _EXTENSIONS:
            s.add(ops.EXTEND, (d,), (s.use(a),), _EXTENSIONS[c])
            return
        if fits(c):
            s.add(ops.LOGIC_RI, (d,), (s.use(a),), (k, c))
            return
    elif s.sinks_as(b, "i64") and a != b:
        _from_memory(s, d, a, b, k)
        return
    elif s.sinks_as(a, "i64") and a != b:
        _from_memory(s, d, b, a, k)
        return
    if k == AND and "bmi1" in s.features and s.types[v] is not I1:
        for x, y in ((a, b), (b, a)):
            if s.ops[x] is _NOT and s.single(x):
                s.add(ops.ANDN, (d,), (s.use(s.args[x][0]), s.use(y)), _ANDN)
                return
    s.add(ops.LOGIC_RR, (d,), (s.use(a), s.use(b)), k)


def _count(s: X86Selector, n: int) -> int:
    """The value whose low six bits are those of the shift count `n`: they are all that the processor looks at."""
    while s.single(n):
        if s.ops[n] is _AND and (s.integer(s.args[n][1]) or 0) & 63 == 63:
            n = s.args[n][0]
        elif s.ops[n] in _EXTENDING:
            n = s.args[n][0]
        else:
            break
    return n


def _shift(s: X86Selector, v: int, k: int) -> None:
    a, b = s.args[v]
    d = v + FIRST
    n = s.integer(b)
    if n is not None:
        n &= 63
        r = s.use(a)
        if n:
            s.add(ops.SHIFT_RI, (d,), (r,), (k, n))
        else:
            s.add(ops.COPY, (d,), (r,))
    elif "bmi2" in s.features:
        s.add(ops.SHIFT_X, (d,), (s.use(a), s.use(_count(s, b))), _SHIFT_X[k])
    else:
        r = s.use(a)
        s.add(ops.MOVES, (RCX,), (s.use(_count(s, b)),), ())
        s.add(ops.SHIFT_CL, (d,), (r, RCX), k)


def shl(s: X86Selector, v: int) -> None:
    _shift(s, v, SHL)


def lshr(s: X86Selector, v: int) -> None:
    _shift(s, v, SHR)


def sar(s: X86Selector, v: int) -> None:
    _shift(s, v, SAR)


def rotate(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    d = v + FIRST
    w = 8 if s.ops[v].name == "rol64" else 0
    n = s.integer(b)
    r = s.use(a)
    if n is None:
        s.add(ops.MOVES, (RCX,), (s.use(b),), ())
        s.add(ops.ROTATE_CL, (d,), (r, RCX), w)
    elif n & (63 if w else 31):
        s.add(ops.ROTATE_RI, (d,), (r,), (w, n & (63 if w else 31)))
    else:
        s.add(ops.COPY, (d,), (r,)) if w else s.add(ops.EXTEND, (d,), (r,), "u32")


_KINDS = {"sext8": "i8", "sext16": "i16", "sext32": "i32", "zext8": "u8", "zext16": "u16", "zext32": "u32"}


def extend(s: X86Selector, v: int) -> None:
    s.add(ops.EXTEND, (v + FIRST,), (s.use(s.args[v][0]),), _KINDS[s.ops[v].name])


def compare(s: X86Selector, v: int) -> None:
    """A comparison wanted as 0 or 1."""
    op: Op = s.ops[v]
    args = s.args[v]
    shared = s.counts[v] > 1
    if s.types[args[0]].is_float:
        cc = s.float_compare(op, args, shared)
    else:
        cc = s.compare(op, args, shared)
    if cc < 16:
        s.add(control.SET, (v + FIRST,), (), cc)
    else:
        s.add(control.SET, (v + FIRST, s.m.new(False)), (), cc)


def copy(s: X86Selector, v: int) -> None:
    s.add(ops.COPY, (v + FIRST,), (s.use(s.args[v][0]),))


def symbol(s: X86Selector, v: int) -> None:
    s.add(ops.MOVI, (v + FIRST,), (), s.imms[v])




def select(s: X86Selector, v: int) -> None:
    """select c, a, b   ->   cmp; cmov (integers), min/max, a masked blend, or (no AVX) a jump around a move (floats)"""
    c, a, b = s.args[v]
    d = v + FIRST
    if not s.types[v].is_float:
        then, other = s.use(a), s.use(b)
        start = len(s.out)
        cc = s.condition(c)
        if cc == control.EQ_ORD:
            cc, then, other = control.NE_UNORD, other, then
        s.add(control.CMOV, (d,), (other, then), cc)
        following, out = start - 1, s.out
        if (
            following > 0 and len(out) == start + 2 and out[following - 1][0] is control.CMOV
            and out[following] == out[start] and out[start][0].flags == "w"
        ):  # fmt: skip
            # The choice that comes next is by the same comparison: it stands before this one, once.
            out[following] = moved = out.pop()
            if s.m.trace is not None:
                s.m.trace[id(moved)] = v
        return
    op, args = s.ops[c], s.args[c]
    if op.name in ("flt", "fgt") and s.types[args[0]] is s.types[v]:
        single = s.types[v] is F32
        pp = 2 if single else 3
        less = op.name == "flt"
        if args == (a, b) or args == (b, a):
            x, y = (a, b) if args == (a, b) else (b, a)
            take_first = args == (a, b)
            # x < y ? x : y is min(x, y);  x < y ? y : x is y > x ? y : x, which is max(y, x)
            if less:
                opcode, left, right = (0x5D, x, y) if take_first else (0x5F, y, x)
            else:
                opcode, left, right = (0x5F, x, y) if take_first else (0x5D, y, x)
            s.add(s.float_ops.any_rr, (d,), (s.use(left), s.use(right)), (pp, 1, opcode, _minmax_name(opcode, single)))
            return
    # Whoever else wants to know compares again: that is cheaper than a mask from a condition.
    here = s.counts[c] == 1 or s.function.homes[c] is s.block
    if "avx" in s.features and op.name in _PREDICATES and here and s.types[args[0]] is s.types[v]:
        predicate, swap = _PREDICATES[op.name]
        x, y = (args[1], args[0]) if swap else args
        single = s.types[v] is F32
        then, other = s.use(a), s.use(b)
        mask = s.m.new(True)
        row = (2, 1, 0xC2, "cmpss") if single else (3, 1, 0xC2, "cmpsd")
        s.add(COMPARE_VEX, (mask,), (s.use(x), s.use(y)), (row, predicate))
        s.add(BLEND, (d,), (other, then, mask), _BLENDS[single])
        return
    then, other = s.use(a), s.use(b)
    if "avx" not in s.features:
        s.add(SELECT_X, (d,), (other, then), s.condition(c))
        return
    mask = s.m.new(True)
    if op.name in _IN_LANES and s.types[args[0]] is I64:
        row, swap, opposite = _IN_LANES[op.name]
        x, y = [_in_lane(s, arg, s.counts[c] == 1) for arg in (args[::-1] if swap else args)]
        s.add(s.float_ops.any_rr, (mask,), (x, y), row)
        if opposite:
            then, other = other, then
    else:
        cc = s.condition(c)
        bit, bits = s.m.new(False), s.m.new(False)
        s.add(control.SET, (bit,) if cc < 16 else (bit, s.m.new(False)), (), cc)
        s.add(ops.UNARY, (bits,), (bit,), NEG)
        s.add(MOVE_BITS, (mask,), (bits,))
    s.add(BLEND, (d,), (other, then, mask), _BLENDS[s.types[v] is F32])


def _in_lane(s: X86Selector, v: int, sinks: bool) -> int:
    """The float register that holds an integer; it comes there from memory if `sinks`."""
    t = s.m.new(True)
    if sinks and s.sinks_as(v, "i64"):
        ins, addr = s.memory(v)
        s.add(ops.LOAD_X, (t,), ins, (ops.MOVSD_LOAD, addr))
    else:
        s.add(MOVE_BITS, (t,), (s.use(v),))
    return t


_BLENDS = (1, 3, 0x4B, "blendvpd"), (1, 3, 0x4A, "blendvps")
# Comparison -> (what is compared in a lane, whether the operands are exchanged, whether the result is the opposite)
_PCMPEQQ, _PCMPGTQ = (1, 2, 0x29, "pcmpeqq"), (1, 2, 0x37, "pcmpgtq")
_IN_LANES = {
    "eq": (_PCMPEQQ, False, False), "ne": (_PCMPEQQ, False, True), "sgt": (_PCMPGTQ, False, False),
    "slt": (_PCMPGTQ, True, False), "sle": (_PCMPGTQ, False, True), "sge": (_PCMPGTQ, True, True),
}  # fmt: skip


# vcmpsd's predicates that compare quietly as the IR does: false (or true, for fne) when unordered
_PREDICATES = {
    "feq": (0, False), "fne": (4, False), "flt": (1, False), "fle": (2, False), "fgt": (1, True), "fge": (2, True),
}  # fmt: skip


def _minmax_name(opcode: int, single: bool) -> str:
    return ("min" if opcode == 0x5D else "max") + ("ss" if single else "sd")


