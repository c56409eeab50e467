"""The compiler's encoder gives the bytes that `jitney.asm` gives for the same instruction."""

import itertools

import pytest

from jitney.asm import Assembler, Label, Mem
from jitney.asm.registers import GP8, GP16, GP32, GP64, XMM, YMM, ZMM, K
from jitney.targets.x86_64 import encode as enc
from jitney.targets.x86_64 import powers, rules_lanes, rules_order, rules_vector, vector_build
from jitney.targets.x86_64 import vectors as vectors_table
from jitney.targets.x86_64.emit import PTERNLOGD
from jitney.targets.x86_64.encode import RIP, Encoder, padding
from jitney.targets.x86_64.ops_vector import KXNOR
from jitney.targets.x86_64.rules_float import row_of

ALU_NAMES = ("add", "or", "adc", "sbb", "and", "sub", "xor", "cmp")
SHIFT_NAMES = {enc.SHL: "shl", enc.SHR: "shr", enc.SAR: "sar"}
UNARY_NAMES = {enc.NOT: "not", enc.NEG: "neg", enc.MUL: "mul", enc.IMUL: "imul", enc.DIV: "div", enc.IDIV: "idiv"}
INTS = range(16)
FEW = (0, 1, 4, 5, 7, 8, 12, 13, 15)
FLOATS = (16, 17, 23, 24, 31)
IMMEDIATES = (0, 1, -1, 127, -128, 128, 1000, -1000, 2**31 - 1, -(2**31))
SIZES = {1: GP8, 2: GP16, 4: GP32, 8: GP64}
ADDRESSES = [
    (base, index, shift, disp)
    for base in (-1, 0, 4, 5, 7, 8, 12, 13, 15)
    for index, shift in ((-1, 0), (0, 0), (1, 1), (5, 2), (12, 3), (13, 0))
    for disp in (0, 1, -128, 127, 128, -129, 2**31 - 1)
    if base >= 0 or index >= 0
]


def memory(m, size):
    base, index, shift, disp = m
    return Mem(GP64[base] if base >= 0 else None, GP64[index] if index >= 0 else None, 1 << shift, disp, size)


def agree(name, args, *instruction):
    """The encoder's method `name` with `args` against the assembler's instruction."""
    e = Encoder()
    getattr(e, name)(*args)
    a = Assembler()
    a.emit(*instruction)
    assert bytes(e.out) == bytes(a.finish()), (name, args, instruction)


def reg(r, size=8):
    return XMM[r - 16] if r >= 16 else SIZES[size][r]


@pytest.mark.parametrize("k", range(8))
def test_arithmetic(k):
    name = ALU_NAMES[k]
    for d, s in itertools.product(INTS, INTS):
        agree("alu_rr", (k, d, s), name, reg(d), reg(s))
        agree("alu_rr", (k, d, s, 0), name, reg(d, 4), reg(s, 4))
    for d, imm in itertools.product(INTS, IMMEDIATES):
        agree("alu_ri", (k, d, imm), name, reg(d), imm)
        agree("alu_ri", (k, d, imm, 0), name, reg(d, 4), imm)
    for m in ADDRESSES:
        agree("alu_rm", (k, 9, m), name, reg(9), memory(m, 8))
        agree("alu_rm", (k, 3, m), name, reg(3), memory(m, 8))
    for size, s, m in itertools.product(SIZES, FEW, ADDRESSES[::7]):
        agree("alu_mr", (k, m, s, size), name, memory(m, size), reg(s, size))
    for size, imm, m in itertools.product(SIZES, IMMEDIATES, ADDRESSES[::11]):
        if -(1 << 8 * size - 1) <= imm < 1 << 8 * size - 1:
            agree("alu_mi", (k, m, imm, size), name, memory(m, size), imm)


def test_prefetches():
    for m in ADDRESSES:
        if m[0] != RIP:
            agree("prefetch", (m,), "prefetcht0", memory(m, 1))


def test_moves():
    for d, s in itertools.product(INTS, INTS):
        agree("mov_rr", (d, s), "mov", reg(d), reg(s))
        agree("mov_rr32", (d, s), "mov", reg(d, 4), reg(s, 4))
        agree("test_rr", (d, s), "test", reg(d), reg(s))
        agree("test_rr", (d, s, 0), "test", reg(d, 4), reg(s, 4))
        if d and s and d != s:
            agree("xchg", (d, s), "xchg", reg(d), reg(s))
    for d in INTS:
        for imm in (0, 1, 2**31 - 1, 2**31, 2**32 - 1):
            agree("mov_ri", (d, imm), "mov", reg(d, 4), imm)
        for imm in (-1, -(2**31), 2**32, 2**63 - 1, -(2**63)):
            agree("mov_ri", (d, imm), "mov", reg(d), imm)
        for imm in (0, 1, 127):
            agree("test_ri8", (d, imm), "test", reg(d, 1), imm)
        agree("test_ri", (d, 1000), "test", reg(d), 1000)
        agree("test_ri", (d, 1000, 0), "test", reg(d, 4), 1000)
        agree("movabs", (d, 2**40), "movabs", reg(d), 2**40)
        agree("zero", (d,), "xor", reg(d, 4), reg(d, 4))
        agree("push", (d,), "push", reg(d))
        agree("pop", (d,), "pop", reg(d))
        agree("call_r", (d,), "call", reg(d))
    for m in ADDRESSES:
        agree("push_m", (m,), "push", memory(m, 8))
        agree("pop_m", (m,), "pop", memory(m, 8))
        agree("lea", (9, m), "lea", reg(9), memory(m, 0))
    for name in ("cqo", "ret", "clc", "stc", "ud2"):
        agree(name, (), name)


@pytest.mark.parametrize("kind", enc.LOADS)
def test_loads(kind):
    w, _, name, size = enc.LOADS[kind]
    for d, m in itertools.product((0, 3, 9, 15), ADDRESSES):
        agree("load", (kind, d, m), name, reg(d, 8 if w else 4), memory(m, size))
    if name != "mov":
        for d, s in itertools.product(INTS, INTS):
            agree("extend", (kind, d, s), name, reg(d, 8 if w else 4), reg(s, size))


@pytest.mark.parametrize("size", SIZES)
def test_stores(size):
    for s, m in itertools.product(INTS, ADDRESSES[::3]):
        agree("store", (size, m, s), "mov", memory(m, size), reg(s, size))
    for imm, m in itertools.product((0, 1, -1, 100), ADDRESSES):
        agree("store_i", (size, m, imm), "mov", memory(m, size), imm)


def test_multiply_and_shift():
    for d, s in itertools.product(INTS, INTS):
        agree("imul_rr", (d, s), "imul", reg(d), reg(s))
        for imm in IMMEDIATES:
            agree("imul_rri", (d, s, imm), "imul", reg(d), reg(s), imm)
        for opcode, name in ((0xB8, "popcnt"), (0xBC, "tzcnt"), (0xBD, "lzcnt")):
            agree("rep_rr", (opcode, d, s), name, reg(d), reg(s))
        for opcode, name in ((0xBC, "bsf"), (0xBD, "bsr")):
            agree("bit_scan", (opcode, d, s), name, reg(d), reg(s))
        for v in (0, 7, 8, 15):
            agree("bmi", ((0, 2, 0xF2, "andn"), d, v, s), "andn", reg(d), reg(v), reg(s))
            agree("bmi", ((3, 2, 0xF6, "mulx"), d, v, s), "mulx", reg(d), reg(v), reg(s))
            for pp, name in ((1, "shlx"), (2, "sarx"), (3, "shrx")):
                agree("bmi", ((pp, 2, 0xF7, name), d, v, s), name, reg(d), reg(s), reg(v))
    for m in ADDRESSES:
        agree("imul_rm", (9, m), "imul", reg(9), memory(m, 8))
        for k, name in UNARY_NAMES.items():
            agree("unary_m", (k, m), name, memory(m, 8))
    for d in INTS:
        for k, name in SHIFT_NAMES.items():
            for n in (1, 2, 63):
                agree("shift_ri", (k, d, n), name, reg(d), n)
            agree("shift_cl", (k, d), name, reg(d), GP8[1])
        for w, register in ((0, GP32[d]), (8, reg(d))):
            agree("rotate_ri", (w, d, 13), "rol", register, 13)
            agree("rotate_cl", (w, d), "rol", register, GP8[1])
        for k, name in UNARY_NAMES.items():
            agree("unary", (k, d), name, reg(d))


@pytest.mark.parametrize("cc", range(16))
def test_conditions(cc):
    name = enc.CC_NAMES[cc]
    for d in INTS:
        agree("setcc", (cc, d), "set" + name, reg(d, 1))
        for s in FEW:
            agree("cmov", (cc, d, s), "cmov" + name, reg(d), reg(s))
    for m in ADDRESSES:
        agree("cmov_m", (cc, 11, m), "cmov" + name, reg(11), memory(m, 8))


@pytest.mark.parametrize("single", (False, True))
@pytest.mark.parametrize("opcode, name", ((0x58, "add"), (0x5C, "sub"), (0x5E, "div"), (0x51, "sqrt"), (0x5D, "min")))
def test_floats(opcode, name, single):
    row = row_of(single, opcode, name)
    size = 4 if single else 8
    for d, s in itertools.product(FLOATS, FLOATS):
        agree("sse_rr", (row, d, s), row[3], reg(d), reg(s))
        for v in FLOATS:
            agree("vex_rrr", (row, d, v, s), "v" + row[3], reg(d), reg(v), reg(s))
    for d, m in itertools.product(FLOATS, ADDRESSES):
        agree("sse_rm", (row, d, m), row[3], reg(d), memory(m, size))
        agree("vex_rrm", (row, d, 18, m), "v" + row[3], reg(d), reg(18), memory(m, size))


def test_float_moves():
    to, from_ = (1, 1, 0x6E, "movq"), (1, 1, 0x7E, "movq")
    convert, back = (3, 1, 0x2A, "cvtsi2sd"), (3, 1, 0x2C, "cvttsd2si")
    aps = (0, 1, 0x28, "movaps")
    for x, r in itertools.product(FLOATS, INTS):
        agree("sse_rr", (to, x, r, 8), "movq", reg(x), reg(r))
        agree("vex_rrr", (to, x, 0, r, 8), "vmovq", reg(x), reg(r))
        agree("sse_rr", (from_, x, r, 8), "movq", reg(r), reg(x))
        agree("vex_rrr", (from_, x, 0, r, 8), "vmovq", reg(r), reg(x))
        agree("sse_rr", (convert, x, r, 8), "cvtsi2sd", reg(x), reg(r))
        agree("vex_rrr", (convert, x, x, r, 8), "vcvtsi2sd", reg(x), reg(x), reg(r))
        agree("sse_rr", (back, r, x, 8), "cvttsd2si", reg(r), reg(x))
        agree("vex_rrr", (back, r, 0, x, 8), "vcvttsd2si", reg(r), reg(x))
    for d, s in itertools.product(FLOATS, FLOATS):
        agree("sse_rr", (aps, d, s), "movaps", reg(d), reg(s))
        if s < 24 or d >= 24:
            # otherwise the other direction is shorter: `Emitter.move_x` sees to it
            agree("vex_rrr", (aps, d, 0, s), "vmovaps", reg(d), reg(s))
    for x, m in itertools.product(FLOATS, ADDRESSES):
        agree("vex_rrm", ((3, 1, 0x10, "movsd"), x, 0, m), "vmovsd", reg(x), memory(m, 8))
        agree("vex_rrm", ((3, 1, 0x11, "movsd"), x, 0, m), "vmovsd", memory(m, 8), reg(x))
        agree("sse_rm", ((2, 1, 0x11, "movss"), x, m), "movss", memory(m, 4), reg(x))


def rows(*tables):
    """All rows in tables of tables."""
    for table in tables:
        if isinstance(table, dict):
            yield from rows(*table.values())
        elif isinstance(table, tuple):
            if len(table) == 4 and isinstance(table[3], str):
                yield table
            else:
                yield from rows(*table)


MASKS = {name: getattr(vector_build, name) for name in ("TO_MASK", "FROM_MASK", "PCMP", "PCMPU", "CMP")}
# those that are no d = a op b of one width
_OTHERS = {
    *rows(vector_build.SHIFTS, vector_build.BLEND, vector_build.PSHUFD, vector_build.EXTRACT),
    *rows(vector_build.INSERT, rules_vector._BY_REGISTER, rules_vector._PABS, rules_vector._PABSQ),
    *rows(rules_vector._PSRAQ, rules_vector._VPOPCNTQ),
    *rows(*MASKS.values(), vector_build.BLEND_MASK),
}
BINARY_ROWS = sorted({*rows(*vars(vector_build).values(), *vars(rules_vector).values())} - _OTHERS)
BINARY_ROWS += [rules_lanes._PMADDWD]
_AVX512 = ("pmullq", "pminsq", "pmaxsq", "pminuq", "pmaxuq", "psravq", "psllvw", "psrlvw", "psravw")
_BY_LANES = ("psllvd", "psllvq", "psrlvd", "psrlvq", "psravd")


def widened(row):
    return (row[0] | 4, *row[1:])


def vectors(*registers):
    return [XMM[r - 16] for r in registers], [YMM[r - 16] for r in registers]


@pytest.mark.parametrize("row", BINARY_ROWS, ids=lambda row: row[3])
def test_vector_arithmetic(row):
    method = "evex_rrr" if row[3] in _AVX512 else "vex_rrr"
    for d, v, s in itertools.product(FLOATS, FLOATS, FLOATS):
        x, y = vectors(d, v, s)
        agree(method, (row, d, v, s), "v" + row[3], *x)
        agree(method, (widened(row), d, v, s), "v" + row[3], *y)
        if row[3] not in _AVX512 + _BY_LANES:
            agree("sse_rr", (row, d, s), row[3], x[0], x[2])
    if row[3] not in _AVX512:
        for m in ADDRESSES[::5]:
            agree("vex_rrm", (widened(row), 18, 29, m), "v" + row[3], YMM[2], YMM[13], memory(m, 32))
            agree("vex_rrm", (row, 26, 17, m), "v" + row[3], XMM[10], XMM[1], memory(m, 16))


def test_vector_conversions():
    for d, s in itertools.product(FLOATS, FLOATS):
        (x, xs), (y, ys) = vectors(d, s)
        for (wide, narrow), opcode in rules_lanes._TRUNCATE.items():
            name = f"pmov{rules_lanes._LETTERS[wide]}{rules_lanes._LETTERS[narrow]}"
            agree("evex_rrr", ((2 | 4, 2, opcode, name), s, 0, d), "v" + name, x, ys)
        for row in (rules_lanes._CVTTPD2QQ, rules_lanes._CVTQQ2PD, rules_vector._PABSQ, rules_vector._VPOPCNTQ):
            agree("evex_rrr", (widened(row), d, 0, s), "v" + row[3], y, ys)
            agree("evex_rrr", (row, d, 0, s), "v" + row[3], x, xs)
        agree("evex_rrr", (widened(rules_lanes._CVTQQ2PS), d, 0, s), "vcvtqq2ps", x, ys)
        for narrow, wide in rules_lanes._SIGN_EXTEND:
            for signed in (False, True):
                row = rules_lanes._widening(narrow, wide, signed)
                agree("vex_rrr", (widened(row), d, 0, s), "v" + row[3], y, xs)
                agree("sse_rr", (row, d, s), row[3], x, xs)
        for row in (*rules_lanes._BROADCAST.values(), *rules_lanes._BROADCAST_FLOAT.values()):
            agree("vex_rrr", (widened(row), d, 0, s), "v" + row[3], y, xs)
        for row in (rules_lanes._CVTPS2PD, rules_lanes._CVTDQ2PD):
            agree("vex_rrr", (widened(row), d, 0, s), "v" + row[3], y, xs)
        agree("vex_rrr", (widened(rules_lanes._CVTPD2PS), d, 0, s), "vcvtpd2ps", x, ys)
        for row in rows(rules_vector._PABS):
            agree("vex_rrr", (widened(row), d, 0, s), "v" + row[3], y, ys)
        for row in rows(rules_vector._BY_REGISTER):
            agree("vex_rrr", (widened(row), d, 20, s), "v" + row[3], y, YMM[4], xs)
        agree("vex_rrr", (widened(rules_order._PERMD), d, 20, s), "vpermd", y, YMM[4], ys)
        for element, digit, n in ((2, 2, 3), (4, 4, 31), (8, 6, 63), (16, 3, 5)):
            row = vector_build.SHIFTS[element]
            name = {2: "psrlw", 4: "psrad", 8: "psllq", 16: "psrldq"}[element]
            agree_with_byte(("vex_rrr", widened(row), digit, d, s), n, "v" + name, y, ys, n)
            agree_with_byte(("sse_rr", row, digit, d), n, name, x, n)
        agree_with_byte(("evex_rrr", widened(rules_vector._PSRAQ), 4, d, s), 9, "vpsraq", y, ys, 9)
        agree_with_byte(("vex_rrr", widened(vector_build.EXTRACT[32]), s, 0, d), 1, "vextracti128", x, ys, 1)
        agree_with_byte(("vex_rrr", widened(vector_build.INSERT[32]), d, 21, s), 1, "vinserti128", y, YMM[5], xs, 1)
        agree_with_byte(("vex_rrr", widened(rules_order._PERMQ), d, 0, s), 0x4E, "vpermq", y, ys, 0x4E)
        for row in rows(rules_order._PERMUTE_TWO):
            agree("evex_rrr", (row, d, 20, s), "v" + row[3], x, XMM[4], xs)
            agree("evex_rrr", (widened(row), d, 20, s), "v" + row[3], y, YMM[4], ys)
        agree("evex_rrr", (widened(rules_order._PERMUTE[1]), d, 20, s), "vpermb", y, YMM[4], ys)
        for row in (rules_order._SHUFPS, rules_order._SHUFPD, *rows(rules_order._BLEND)):
            agree_with_byte(("vex_rrr", widened(row), d, 20, s), 9, "v" + row[3], y, YMM[4], ys, 9)
    agree("vzeroupper", (), "vzeroupper")


def wide(row):
    return (row[0] | 8, *row[1:])


_FLOAT_PAIRS = [(rules_vector.packed(size, *row[:2])) for row in rules_vector._FLOAT.values() for size in (4, 8)]
# `d = a op b` of 512 bits that are spelled otherwise, for want of masks or with the width of their lanes
_SPELLED = {"pand": "pandd", "pandn": "pandnd", "por": "pord", "pxor": "pxord"}


@pytest.mark.parametrize(
    "row", [r for r in BINARY_ROWS if not r[3].startswith("pcmp")] + _FLOAT_PAIRS, ids=lambda row: row[3]
)
def test_512_bits(row):
    name = "v" + _SPELLED.get(row[3], row[3])
    for d, v, s in itertools.product(FLOATS, FLOATS, FLOATS):
        agree("vex_rrr", (wide(row), d, v, s), name, ZMM[d - 16], ZMM[v - 16], ZMM[s - 16])
    for m in [*ADDRESSES[::5], (3, -1, 0, 64), (3, 9, 3, -128 * 64), (12, 2, 0, 127 * 64), (5, -1, 0, 128 * 64)]:
        agree("vex_rrm", (wide(row), 18, 29, m), name, ZMM[2], ZMM[13], memory(m, 64))


def test_512_bits_by_masks():
    for x, y in itertools.product(FLOATS, FLOATS):
        for row in rules_order._PERMUTE.values():
            agree("vex_rrr", (wide(row), x, 20, y), "v" + row[3], ZMM[x - 16], ZMM[4], ZMM[y - 16])
        a, b = ZMM[x - 16], ZMM[y - 16]
        for row in rows(vector_build.TO_MASK):
            agree("evex_rrr", (wide(row), 1, 0, x), "v" + row[3], K[1], a)
        for row in rows(vector_build.FROM_MASK):
            agree("evex_rrr", (wide(row), x, 0, 1), "v" + row[3], a, K[1])
        for row in rows(vector_build.PCMP, vector_build.PCMPU, vector_build.CMP):
            agree_with_byte(("evex_rrr", wide(row), 1, x, y), 5, "v" + row[3], K[1], a, b, 5)
        for row in rows(vector_build.BLEND_MASK):
            agree("evex_rrr", (wide(row), x, y, 20, 1), "v" + row[3], a.masked(K[1]), b, ZMM[4])
        agree_with_byte(("evex_rrr", wide(vector_build.EXTRACT[64]), y, 0, x), 1, "vextracti64x4", YMM[x - 16], b, 1)
        agree_with_byte(("evex_rrr", wide(vector_build.INSERT[64]), x, 21, y), 1, "vinserti64x4", a, ZMM[5],
                        YMM[y - 16], 1)  # fmt: skip
        for row in rows(rules_order._PERMUTE, rules_order._PERMUTE_TWO):
            agree("evex_rrr", (wide(row), x, 20, y), "v" + row[3], a, ZMM[4], b)
        agree_with_byte(("evex_rrr", PTERNLOGD, x, y, 17), 255, "vpternlogd", a, b, ZMM[1], 255)
        for row in ((1, 3, 0x08, "rndscaleps"), (1, 3, 0x09, "rndscalepd")):
            agree_with_byte(("vex_rrr", wide(row), x, 0, y), 9, "v" + row[3], a, b, 9)
        for element, digit, n in ((2, 2, 3), (4, 4, 31), (8, 6, 63)):
            name = {2: "vpsrlw", 4: "vpsrad", 8: "vpsllq"}[element]
            agree_with_byte(("vex_rrr", wide(vector_build.SHIFTS[element]), digit, x, y), n, name, a, b, n)
        for narrow, wider in rules_lanes._SIGN_EXTEND:
            row = rules_lanes._widening(narrow, wider, True)
            half = YMM[y - 16] if wider == 2 * narrow else XMM[y - 16]
            agree("vex_rrr", (wide(row), x, 0, y), "v" + row[3], a, half)
        for row in (rules_lanes._CVTPS2PD, rules_lanes._CVTDQ2PD):
            agree("vex_rrr", (wide(row), x, 0, y), "v" + row[3], a, YMM[y - 16])
        agree("vex_rrr", (wide(rules_lanes._CVTPD2PS), x, 0, y), "vcvtpd2ps", YMM[x - 16], b)
        for kind in powers._KINDS.values():
            compare = ("evex_rrm", wide(kind.compare), 1, x, (3, -1, 0, 64), 1)
            agree_with_byte(compare, 17, "v" + kind.compare[3], K[1].masked(K[1]), a, memory((3, -1, 0, 64), 64), 17)
    agree("vex_rrr", (KXNOR, 1, 1, 1), "kxnorw", K[1], K[1], K[1])
    for kind in powers._KINDS.values():
        agree("vex_rrr", (kind.kor, 1, 1, 2), kind.kor[3], K[1], K[1], K[2])
        agree("vex_rrr", (kind.kortest, 1, 0, 1), kind.kortest[3], K[1], K[1])
        agree("vex_rrr", (kind.kmov, 0, 0, 1), kind.kmov[3], GP32[0], K[1])
        for bit, registers in ((0, XMM), (4, YMM)):
            signs, test = [(row[0] | bit, *row[1:]) for row in (kind.signs, kind.test)]
            agree("vex_rrr", (signs, 0, 0, 1), "v" + signs[3], GP32[0], registers[1])
            agree("vex_rrr", (test, 2, 0, 1), "v" + test[3], registers[2], registers[1])
    for r in range(16):
        agree("vex_rrr", (rules_lanes._KMOV[0], r, 0, 1), "kmovd", GP32[r], K[1])
        agree("vex_rrr", (rules_lanes._KMOVQ[0], r, 0, 1, 8), "kmovq", GP64[r], K[1])


def test_lanes_from_memory():
    for m in ADDRESSES:
        agree("sse_rm", (rules_lanes.MOVHPD, 19, m), "movhpd", XMM[3], memory(m, 8))
        agree("vex_rrm", (rules_lanes.MOVHPD, 30, 17, m), "vmovhpd", XMM[14], XMM[1], memory(m, 8))
        insert = vector_build.INSERT[32]
        agree_with_byte(("vex_rrm", (4 | insert[0], *insert[1:]), 30, 17, m), 1, "v" + insert[3], YMM[14], YMM[1],
                        memory(m, 16), 1)  # fmt: skip
        agree_with_byte(("vex_rrm", rules_lanes.INSERTPS, 30, 17, m), 0x20, "vinsertps", XMM[14], XMM[1], memory(m, 4),
                        0x20)  # fmt: skip
    for x, y in ((16, 31), (25, 18)):
        a, b = XMM[x - 16], XMM[y - 16]
        agree_with_byte(("sse_rr", rules_lanes.INSERTPS, x, y), 0x30, "insertps", a, b, 0x30)
        agree_with_byte(("vex_rrr", rules_lanes.INSERTPS, x, y, x), 0x10, "vinsertps", a, b, a, 0x10)


def test_512_bits_in_memory():
    for m in [*ADDRESSES, *[(3, -1, 0, 8 * k) for k in (-1024, -129, -128, -7, 1, 3, 4, 127, 128, 1016, 1024)]]:
        for narrow, wider in rules_lanes._SIGN_EXTEND:
            row = rules_lanes._widening(narrow, wider, False)
            agree("vex_rrm", (wide(row), 18, 0, m), "v" + row[3], ZMM[2], memory(m, 64 * narrow // wider))
        for size, row in (*rules_lanes._BROADCAST.items(), *rules_lanes._BROADCAST_FLOAT.items()):
            agree("vex_rrm", (wide(row), 31, 0, m), "v" + row[3], ZMM[15], memory(m, size))
        for row in (rules_lanes._CVTPS2PD, rules_lanes._CVTDQ2PD):
            agree("vex_rrm", (wide(row), 31, 0, m), "v" + row[3], ZMM[15], memory(m, 32))
        for size, row in vectors_table._MOVE_WHERE.items():
            agree("evex_rrm", (wide(row), 24, 0, m, 0x81), "v" + row[3], ZMM[8].masked(K[1], True), memory(m, 64))
            for bit, register, bytes in ((0, XMM, 16), (4, YMM, 32)):
                agree("evex_rrm", ((row[0] | bit, *row[1:]), 24, 0, m, 0x81), "v" + row[3],
                      register[8].masked(K[1], True), memory(m, bytes))  # fmt: skip
            out = *row[:2], vectors_table._STORE_WHERE[size], row[3]
            agree("evex_rrm", (wide(out), 24, 0, m, 1), "v" + row[3], memory(m, 64).masked(K[1]), ZMM[8])
        if m[1] >= 0:
            base, index, shift, disp = m
            place = Mem(GP64[base] if base >= 0 else None, ZMM[index], 1 << shift, disp, 8)
            row = (1 | 128, 2, 0x93, "gatherqpd")
            agree("evex_rrm", (wide(row), 24, 0, m, 1), "v" + row[3], ZMM[8].masked(K[1]), place)


def agree_with_byte(call, byte, *instruction):
    """As `agree`, of an instruction with an immediate byte."""
    e = Encoder()
    getattr(e, call[0])(*call[1:])
    e.byte(byte)
    a = Assembler()
    a.emit(*instruction)
    assert bytes(e.out) == bytes(a.finish()), (call, instruction)


@pytest.mark.parametrize("aligned", (False, True))
def test_jumps_of_both_sizes(aligned):
    labels = [Label(f"l{k}") for k in range(7)]

    def both(e, a, pads):
        for k in range(6):
            if aligned and k % 2:
                e.bind(f"before {k}")
                e.align(labels[k + 1])
                for _ in range(pads.get(k, 0)):
                    a.emit("nop")
            e.bind(labels[k])
            a.bind(labels[k])
            for goal in range(6):
                for name, args, *instruction in (
                    ("jcc", (goal, labels[goal]), "j" + enc.CC_NAMES[goal], labels[goal]),
                    ("jmp", (labels[-2 - goal],), "jmp", labels[-2 - goal]),
                ):
                    getattr(e, name)(*args)
                    a.emit(*instruction)
            for _ in range(9 * (k % 3)):
                e.mov_ri(1, 2**40)
                a.emit("movabs", GP64[1], 2**40)
        e.bind(labels[6])
        return e.finish()

    _, _, first = both(Encoder(), Assembler(), {})
    pads = {k: first[labels[k]] - first[f"before {k}"] for k in (1, 3, 5)} if aligned else {}
    a = Assembler()
    code, relocations, places = both(Encoder(), a, pads)
    blob = a.finish()
    assert not relocations
    assert all(places[label] == blob.labels[label] for label in labels[:6])
    # the two pad with different nops
    assert len(code) == len(bytes(blob)) and (aligned or code == bytes(blob))
    for k in pads:
        size = places[labels[k + 1]] - places[labels[k]]
        assert crossed(places[labels[k]], size) == min(crossed(start, size) for start in range(64))


def crossed(start, size):
    return (start + size - 1) // 64 - start // 64


@pytest.mark.parametrize("size", (1, 28, 32, 33, 63, 64, 65, 97, 128, 129, 300))
def test_padding_of_loops(size):
    for start in range(130):
        pad = padding(start, size)
        assert 0 <= pad < 64 and crossed(start + pad, size) == min(crossed(k, size) for k in range(64))
        if pad:
            # in more lines, or halves of lines, without it
            assert any(crossed(k * start, k * size) > crossed(k * (start + pad), k * size) for k in (1, 2))


def test_constants_are_shared_and_addressed_from_the_end_of_the_instruction():
    e = Encoder()
    one, two = (1).to_bytes(8, "little"), (2).to_bytes(8, "little")
    assert e.constant(one) == e.constant(one) == (RIP, -1, 0, 0)
    assert e.constant(two) == (RIP, -1, 0, 8)
    mask = bytes(range(16))
    assert e.constant(mask)[3] == 16 and len(e.pool) == 32
    e.alu_rm(0, 1, e.constant(two))
    e.alu_mi(7, e.constant(two), 5)
    e.vex_rrm((1, 3, 0x0B, "roundsd"), 16, 16, e.constant(mask))
    e.byte(9)
    code, relocations, _ = e.finish()
    # field at offset, measured from the data: data + 8 is reached from the instruction's end
    assert [(offset, addend) for offset, _, _, addend in relocations] == [
        (3, 8 - 4), (10, 8 - 5), (len(code) - 5, 16 - 5)
    ]  # fmt: skip
    assert code[-1] == 9
