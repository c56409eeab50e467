"""Vectors in the IR: types, what the operations mean, folding, text, and what the verifier rejects."""

from __future__ import annotations

import ctypes
import math
import random
import struct
from fractions import Fraction

import pytest

from jitney.ir.builder import Builder
from jitney.ir.function import Function, Memory
from jitney.ir.interp import Context, InterpError, run
from jitney.ir.lanes import evaluate, fused
from jitney.ir.ops import OPS, hold, result_of, round_f32
from jitney.ir.parse import ParseError, parse
from jitney.ir.print import to_text
from jitney.ir.types import (
    ACCESSES,
    BY_NAME,
    F32,
    F64,
    I1,
    I8,
    I16,
    I32,
    I64,
    NATURAL,
    PTR,
    gathered,
    mask_of,
    scalar_of,
    vector,
)
from jitney.ir.verify import VerifyError, verify

V4F64, V4I64, V4I32, V8I16, V2F64 = (BY_NAME[n] for n in ("v4f64", "v4i64", "v4i32", "v8i16", "v2f64"))
INF, NAN = math.inf, math.nan
MIN32, MIN64 = -(1 << 31), -(1 << 63)


def test_types_are_interned_and_named() -> None:
    assert vector(F64, 4) is V4F64 is BY_NAME["v4f64"]
    assert (V4F64.name, V4F64.size, V4F64.lanes, V4F64.element, V4F64.is_float) == ("v4f64", 32, 4, F64, True)
    assert mask_of(V4F64) is V4I64 and mask_of(vector(F32, 8)) is vector(I32, 8)
    assert scalar_of(V8I16) is I64 and scalar_of(V2F64) is F64
    assert NATURAL[V4F64] is ACCESSES["v4f64"] and ACCESSES["v4f64"].size == 32
    assert gathered("i32", 4) is V4I32 and gathered("u8", 4) is None


@pytest.mark.parametrize("name", ["v3f64", "v1i64", "v0i64", "v16f64", "v4ptr", "v4i1", "vf64", "v4", "v", "x", ""])
def test_there_are_no_other_types(name: str) -> None:
    with pytest.raises(KeyError):
        BY_NAME[name]
    with pytest.raises(KeyError):
        ACCESSES[name]


def test_impossible_vectors() -> None:
    for element, lanes in ((F64, 3), (F64, 1), (F64, 16), (PTR, 2), (I1, 8)):
        with pytest.raises(ValueError, match="no vector"):
            vector(element, lanes)


# operation, types of the arguments, arguments, imm, result type or None if the row determines it, result
ROWS = [
    ("add", "v4i32 v4i32", ((2**31 - 1, -1, 5, 0), (1, -1, 6, 0)), None, None, (MIN32, -2, 11, 0)),
    ("mul", "v2i64 v2i64", ((1 << 62, -3), (2, 5)), None, None, (MIN64, -15)),
    ("neg", "v4i32", ((MIN32, 1, 0, -7),), None, None, (MIN32, -1, 0, 7)),
    ("not", "v4i32", ((0, -1, 5, MIN32),), None, None, (-1, 0, -6, 2**31 - 1)),
    ("shl", "v4i32 v4i32", ((1, 1, 1, -1), (31, 32, 33, 4)), None, None, (MIN32, 1, 2, -16)),
    ("lshr", "v4i32 v4i32", ((-1, -1, 8, MIN32), (4, 32, 33, 31)), None, None, (0x0FFFFFFF, -1, 4, 1)),
    ("sar", "v8i16 v8i16", ((-1, -256, 256, 1, 2, 3, 4, -5), (4, 8, 8, 16, 1, 1, 1, 17)), None, None,
     (-1, -1, 1, 1, 1, 1, 2, -3)),
    ("umin", "v4i32 v4i32", ((-1, 1, 5, 0), (1, -1, 6, 0)), None, None, (1, 1, 5, 0)),
    ("umax", "v4i32 v4i32", ((-1, 1, 5, 0), (1, -1, 6, 0)), None, None, (-1, -1, 6, 0)),
    ("iabs", "v4i32", ((MIN32, -1, 5, 0),), None, None, (MIN32, 1, 5, 0)),
    ("slt", "v4i32 v4i32", ((-1, 1, 5, 0), (1, -1, 6, 0)), None, "v4i32", (-1, 0, -1, 0)),
    ("ult", "v4i32 v4i32", ((-1, 1, 5, 0), (1, -1, 6, 0)), None, "v4i32", (0, -1, -1, 0)),
    ("flt", "v4f64 v4f64", ((1.0, NAN, -0.0, -INF), (2.0, 1.0, 0.0, INF)), None, "v4i64", (-1, 0, 0, -1)),
    ("fne", "v4f64 v4f64", ((1.0, NAN, -0.0, 1.0), (2.0, NAN, 0.0, 1.0)), None, "v4i64", (-1, -1, 0, 0)),
    ("fmin", "v4f64 v4f64", ((1.0, NAN, 0.0, -0.0), (NAN, 1.0, -0.0, 0.0)), None, None, (NAN, 1.0, -0.0, 0.0)),
    ("fadd", "v4f32 v4f32", ((3e38, 1.0, 0.1, -0.0), (3e38, 2.0**-30, 0.2, -0.0)), None, None,
     (INF, 1.0, round_f32(round_f32(0.1) + round_f32(0.2)), -0.0)),
    ("fsqrt", "v2f64", ((4.0, -1.0),), None, None, (2.0, NAN)),
    ("fpower", "v4f64 " * 4, ((9.0,) * 4, *[(0.0,) * 4] * 2, (3.0, -0.0, 1e200, NAN)), 2.0, None, (9.0, 0.0, INF, NAN)),
    ("fpower", "v4f32 " * 4, ((9.0,) * 4, *[(0.0,) * 4] * 2, (3.0, -0.0, 1e30, NAN)), 2.0, None, (9.0, 0.0, INF, NAN)),
    ("fpower", "v4f64 " * 4, ((9.0,) * 4, *[(0.0,) * 4] * 2, (4.0, -0.0, -1.0, INF)), -0.5, None, (0.5, INF, NAN, 0.0)),
    ("select", "v4i64 v4f64 v4f64", ((-1, 0, -1, 0), (1.0,) * 4, (2.0,) * 4), None, None, (1.0, 2.0, 1.0, 2.0)),
    ("i2f", "v4i32", ((MIN32, -1, 5, 2**31 - 1),), None, "v4f64", (-(2.0**31), -1.0, 5.0, 2.0**31 - 1)),
    ("i2f", "v4i64", ((MIN64, -1, 2**53 + 1, 2**63 - 1),), None, "v4f64", (-(2.0**63), -1.0, 2.0**53, 2.0**63)),
    ("f2i", "v4f64", ((NAN, -1.9, 2.0**63, INF),), None, "v4i64", (MIN64, -1, MIN64, MIN64)),
    ("vf2i", "v4f64", ((NAN, -1.9, 2.0**31, -(2.0**31) - 0.5),), None, "v4i32", (MIN32, -1, MIN32, MIN32)),
    ("vf2i", "v4f32", ((-INF, 1.5, 2.0**31 - 128, -(2.0**31)),), None, "v4i32", (MIN32, 1, 2**31 - 128, MIN32)),
    ("fext", "v2f32", ((0.5, NAN),), None, "v2f64", (0.5, NAN)),
    ("fround", "v2f64", ((0.1, 1e300),), None, "v2f32", (round_f32(0.1), INF)),
    ("f2bits", "v2f64", ((-0.0, 1.0),), None, "v2i64", (MIN64, 0x3FF0000000000000)),
    ("bits2f", "v2i64", ((MIN64, 0x3FF0000000000000),), None, "v2f64", (-0.0, 1.0)),
    ("splat", "i64", (300,), None, "v16i8", (44,) * 16),
    ("splat", "f64", (1.5,), None, "v4f64", (1.5,) * 4),
    ("lane", "v4i32", ((1, 2, -3, 4),), 2, "i64", -3),
    ("insert", "v4i32 i64", ((1, 2, 3, 4), 1 << 31), 1, None, (1, MIN32, 3, 4)),
    ("shuffle", "v4i32", ((1, 2, 3, 4),), (3, 0, 0, 1), None, (4, 1, 1, 2)),
    ("shuffle", "v4i32 v4i32", ((1, 2, 3, 4), (5, 6, 7, 8)), (7, 0, 4, 3), None, (8, 1, 5, 4)),
    ("low", "v4i32", ((1, 2, 3, 4),), None, "v2i32", (1, 2)),
    ("high", "v4i32", ((1, 2, 3, 4),), None, "v2i32", (3, 4)),
    ("join", "v2i32 v2i32", ((1, 2), (3, 4)), None, "v4i32", (1, 2, 3, 4)),
    ("vsext", "v4i32", ((-1, 2, MIN32, 4),), None, "v4i64", (-1, 2, MIN32, 4)),
    ("vzext", "v4i32", ((-1, 2, MIN32, 4),), None, "v4i64", (2**32 - 1, 2, 2**31, 4)),
    ("vtrunc", "v4i64", ((-1, 2**32 + 2, 2**31, 4),), None, "v4i32", (-1, 2, MIN32, 4)),
    ("radd", "v4i32", ((2**31 - 1, 2**31 - 1, -1, 3),), None, "i64", 2**32),
    ("radd", "v2i64", ((2**63 - 1, 1),), None, "i64", MIN64),
    ("rsmin", "v4i32", ((1, -5, MIN32, 7),), None, "i64", MIN32),
    ("rsmax", "v4i32", ((1, -5, MIN32, 7),), None, "i64", 7),
    ("rumin", "v4i32", ((-1, -5, MIN32, -7),), None, "i64", 2**31),
    ("rumax", "v4i32", ((1, -5, MIN32, 7),), None, "i64", 2**32 - 5),
    ("rand", "v4i32", ((7, 6, -1, 14),), None, "i64", 6),
    ("ror", "v4i32", ((1, 2, 4, MIN32),), None, "i64", MIN32 + 7),
    ("rxor", "v4i32", ((1, 2, 4, 7),), None, "i64", 0),
    ("rfadd", "v4f64", ((1e16, 1.0, -1e16, 1.0),), None, "f64", 2.0),
    ("rfmul", "v4f64", ((2.0, 3.0, 4.0, 5.0),), None, "f64", 120.0),
    ("rfmin", "v2f64", ((NAN, 1.0),), None, "f64", 1.0),
    ("rfmax", "v2f64", ((0.0, -0.0),), None, "f64", -0.0),
    ("movemask", "v4i32", ((-1, 0, MIN32, 1),), None, "i64", 5),
    ("anyset", "v4i32", ((0, 0, -1, 0),), None, "i1", True),
    ("anyset", "v4i32", ((0, 0, 0, 0),), None, "i1", False),
    ("allset", "v4i32", ((-1, -1, -1, 0),), None, "i1", False),
    ("allset", "v4i32", ((-1, -1, -1, -1),), None, "i1", True),
    ("fma", "v2f64 v2f64 v2f64", ((0.1, 1e308), (10.0, 10.0), (-1.0, -INF)), None, None,
     (float(Fraction(0.1) * 10 - 1), -INF)),
    ("fma", "f64 f64 f64", (0.1, 10.0, -1.0), None, "f64", float(Fraction(0.1) * 10 - 1)),
]  # fmt: skip


def same(a: object, b: object) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("<d", a) == struct.pack("<d", b) or (a != a and b != b)
    return a == b and a.__class__ is b.__class__


def holder(type):
    """A function in progress that has constants, and stores its result of `type` to the buffer in v1."""
    function = Function("f", ())
    b = Builder(function)
    entry = b.new_block()
    b.start(entry, None)
    b.param(entry, PTR)
    b.param(entry, PTR)
    return function, b


@pytest.mark.parametrize("row", ROWS, ids=[f"{k}-{row[0]}" for k, row in enumerate(ROWS)])
def test_meaning_folding_and_text(row) -> None:
    name, types, given, imm, result, expected = row
    types = [BY_NAME[t] for t in types.split()]
    given = [hold(t, a) for t, a in zip(types, given)]
    type = BY_NAME[result] if result else result_of(OPS[name], types)
    if OPS[name].result != "?":
        assert result_of(OPS[name], types) is type
    expected = hold(type, expected)
    assert same(evaluate(OPS[name], type, types, given, imm), expected)
    # the builder folds to the same, and the interpreter does so without folding
    function, b = holder(type)
    values = [b.const(t, a) for t, a in zip(types, given)]
    if name != "fma" or type.lanes > 1:
        assert same(b.constant(b.emit(name, *values, imm=imm, type=type)), expected)
    v = function.new_value(OPS[name], type, tuple(values), imm, 0, b.block)
    b.block.insts.append(v)
    b.store(NATURAL[type], v, function.params[1])
    b.ret(())
    verify(function)
    assert to_text(parse(to_text(function))) == to_text(function)
    verify(parse(to_text(function)))
    buffer = ctypes.create_string_buffer(64)
    run(function, (Context().address, ctypes.addressof(buffer)))
    code = NATURAL[type].code
    got = struct.unpack(f"<{code}", buffer.raw[: struct.calcsize(code)])
    assert same(got if type.lanes > 1 else got[0], expected)


def test_fused_rounds_once() -> None:
    r = random.Random(1)
    for _ in range(300):
        a, b, c = (round_f32(r.uniform(-2, 2) * 2.0 ** r.randint(-30, 30)) for _ in range(3))
        exact = Fraction(a) * Fraction(b) + Fraction(c)
        got = fused(F32, a, b, c)
        low, high = (round_f32(math.nextafter(got, d) + math.copysign(abs(got) * 2.0**-25, d)) for d in (-INF, INF))
        assert abs(Fraction(got) - exact) <= min(abs(Fraction(low) - exact), abs(Fraction(high) - exact))
        assert fused(F64, a, b, c) == float(exact)
    # a double halfway between two singles, but for a term that it has no digits for
    assert fused(F32, 1.0 + 2.0**-23, 1.0 + 2.0**-1, 2.0**-60) == 1.5 + 2.0**-22
    tie = 1.0 + 2.0**-24
    assert fused(F32, 2.0**-12, 2.0**-12, 1.0) == round_f32(tie) == 1.0
    assert fused(F32, 2.0**-12 * (1 + 2.0**-23), 2.0**-12 * (1 + 2.0**-23), 1.0) > 1.0
    assert math.copysign(1.0, fused(F64, -0.0, 1.0, -0.0)) == -1.0
    assert math.copysign(1.0, fused(F64, 1.0, -1.0, 1.0)) == 1.0
    assert fused(F64, 1e308, 10.0, -INF) == -INF and math.isnan(fused(F64, INF, 0.0, 1.0))


def test_numbering_and_placing() -> None:
    function, b = holder(V4I32)
    x = b.load(ACCESSES["v4i32"], 1)
    y = b.load(ACCESSES["v4i32"], 1, disp=16)
    assert b.emit("add", x, y) == b.emit("add", y, x)
    assert b.emit("sub", x, y) != b.emit("sub", y, x)
    assert b.const(V4F64, (0.0,) * 4) != b.const(V4F64, (-0.0,) * 4)
    assert b.const(V4F64, (NAN,) * 4) == b.const(V4F64, (NAN,) * 4)
    mask = b.emit("slt", x, y)
    assert function.types[mask] is V4I32 and b.emit("select", mask, x, x) == x
    assert b.emit("splat", b.const(I64, 7), type=V4I32) == b.const(V4I32, (7, 7, 7, 7))


MEMORY = """\
func f(v0: ptr, v1: ptr, v2: i64) {
b0(v0: ptr, v1: ptr, v2: i64):
    v3 = const v4i64 [0, -1, 3, 2] ; 7
    v4 = const v4f64 [1.0, -0.0, nan:0x7ff8000000000000, inf]
    v5 = const v4i64 [-1, 0, 0, -1]
    v14 = const v4i32 [6, 4, 0, 1]
    v15 = const v4i32 [-1, 0, -1, -1]
    v6 = load v4f64 [v1 + v2*8 + 32] region 1
    store v4f64 v6, [v1 + 128]
    v8 = mload v4f64 v5, [v1 + v2*8 - 8] region 1 ; 9
    store v4f64 v8, [v1 + 160]
    mstore v4f64 v4, v5, [v1 + 192]
    v11 = gather f64 [v1 + v3*8 + 8]
    store v4f64 v11, [v1 + 224]
    v13 = gather i32 [v1 + v14*4], v15
    store v4i32 v13, [v1 + 256]
    ret
}
"""


def test_memory() -> None:
    function = parse(MEMORY)
    verify(function)
    assert to_text(function) == MEMORY
    buffer = (ctypes.c_double * 40)(*range(40))
    address = ctypes.addressof(buffer)
    run(function, (Context().address, address, 1), memory=[(address, 320)])
    assert buffer[16:20] == [5.0, 6.0, 7.0, 8.0]
    assert buffer[20:24] == [0.0 + 0.0, 0.0, 0.0, 3.0]
    assert buffer[24:28] == [1.0, 25.0, 26.0, INF]
    assert buffer[28:32] == [1.0, 0.0, 4.0, 3.0]
    assert struct.unpack("<4i", bytes(buffer)[256:272]) == (0, 0, 0, 0)
    # what the mask leaves out is not touched: only the first and the last lane lie within
    run(function, (Context().address, address, 1), memory=[(address, 320)])
    with pytest.raises(InterpError):
        run(function, (Context().address, address, 30), memory=[(address, 200)])


HEAD = "func f(v0: ptr, v1: ptr) {\nb0(v0: ptr, v1: ptr):\n"
OPENING = """\
    v2 = const v4i32 [1, 2, 3, 4]
    v3 = const v4f32 [1.0, 2.0, 3.0, 4.0]
    v4 = const v4i64 [1, 2, 3, 4]
    v5 = const v4f64 [1.0, 2.0, 3.0, 4.0]
    v6 = const i64 1
    v7 = const i1 true
"""


@pytest.mark.parametrize(
    "line",
    ["v9 = add v2, v4", "v9 = add v3, v3", "v9 = fadd v2, v2", "v9 = add v2, v6", "v9 = select v7, v5, v5",
     "v9 = select v2, v5, v5", "v9 = i2f v8f32 v2", "v9 = i2f v4i32 v2", "v9 = fext v5", "v9 = splat v4i32 v2",
     "v9 = splat f64 v6", "v9 = lane v2, 4", "v9 = insert v5, v6, 1", "v9 = shuffle v2, [0, 1]",
     "v9 = shuffle v2, [0, 1, 2, 4]", "v9 = shuffle v2, v3, [0, 1, 2, 3]",
     "v9 = shuffle v4, v4, [0, 1, 2, 8]", "v9 = shuffle v2, v5, [0, 1, 2, 4]",
     "v9 = vsext v8i64 v2", "v9 = vsext v4i16 v2", "v9 = vtrunc v4i64 v2",
     "v9 = vf2i v4i64 v5", "v9 = vf2i v4i32 v2", "v9 = vf2i v8i32 v5",
     "v9 = vsext v4i64 v3", "v9 = radd v3", "v9 = rfadd v2", "v9 = anyset v5", "v9 = low v6", "v9 = smulh v2, v2",
     "v9 = clz v2", "v9 = join v2, v4", "v9 = const v4i32 [1, 2, 3]", "v9 = const v4i32 [1, 2, 3, 4294967296]",
     "v9 = const v4i8 [1.0, 2.0, 3.0, 4.0]", "v9 = mload v4f64 v2, [v1]", "v9 = load v4f64 [v1 + v2*8]",
     "mstore v4f64 v5, v2, [v1]", "v9 = gather u8 [v1 + v4*1]", "v9 = gather f64 [v1 + v4*8], v2",
     "v9 = gather f64 [v1 + v6*8]", "guard v7, v7, v5, !0", "v9 = poll v4, v7, !0, 1"],
)  # fmt: skip
def test_the_verifier_rejects(line: str) -> None:
    text = HEAD.replace("{\n", "{\nsite 0: line 1 x captures(v4f64)\n") + OPENING + f"    {line}\n    ret\n}}\n"
    with pytest.raises((VerifyError, ParseError)):
        verify(parse(text))


def test_vectors_stay_inside() -> None:
    for text in (
        "func f(v0: ptr, v1: v4f64) {\nb0(v0: ptr, v1: v4f64):\n    ret\n}\n",
        f"func f(v0: ptr, v1: ptr) -> v4f64 {{\n{HEAD.splitlines()[1]}\n{OPENING}    ret v5\n}}\n",
        HEAD + OPENING + "    v9 = call f at @f !0 (v0, v5, v7) : (v4f64) -> i64\n    ret\n}\n",
    ):
        with pytest.raises(VerifyError, match="V6"):
            verify(parse(text))


def test_block_parameters_may_be_vectors() -> None:
    text = HEAD + OPENING + "    jump b1(v5)\nb1(v8: v4f64):\n    store v4f64 v8, [v1]\n    ret\n}\n"
    verify(parse(text))
    buffer = (ctypes.c_double * 4)()
    run(parse(text), (Context().address, ctypes.addressof(buffer)))
    assert list(buffer) == [1.0, 2.0, 3.0, 4.0]


def test_memory_records_of_vectors() -> None:
    assert Memory(ACCESSES["v8i32"], 4) == Memory(ACCESSES["v8i32"], 4) != Memory(ACCESSES["v4i32"], 4)
    assert vector(I8, 32).size == vector(I16, 16).size == vector(I32, 8).size == 32
