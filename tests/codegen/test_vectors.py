"""Vectors: every operation, on every type and instruction set, gives natively what the interpreter says."""

import itertools
import random

import pytest
from lanes import (
    ALL,
    FLOAT_BINARY,
    FLOAT_COMPARE,
    FLOAT_REDUCTIONS,
    FLOAT_UNARY,
    INT_BINARY,
    INT_COMPARE,
    INT_REDUCTIONS,
    INT_UNARY,
    LEVELS,
    SMALL,
    TYPES,
    Case,
    each,
    emit,
    exercise,
    there,
)

from jitney.codegen.generate import generate
from jitney.ir.function import Memory
from jitney.ir.ops import hold
from jitney.ir.types import ACCESSES, F32, F64, I8, I16, I32, I64, NATURAL, mask_of, scalar_of, vector
from jitney.report.disassemble import disassemble


@each(TYPES + SMALL)
def test_lane_by_lane(cpu, type):
    case = Case()
    x, y, z = (case.argument(type) for _ in range(3))
    b = case.b
    floats = type.element.is_float
    for name in FLOAT_BINARY if floats else INT_BINARY:
        if name == "fcopysign":
            # the sign of a NaN is not defined
            y2 = b.emit("select", b.emit("feq", y, y), y, x)
            y2 = b.emit("select", b.emit("feq", y2, y2), y2, b.const(type, (1.0,) * type.lanes))
            emit(case, cpu, name, type, x, y2)
        else:
            emit(case, cpu, name, type, x, y)
        if name in ("fsub", "fmin", "sub"):
            emit(case, cpu, name, type, y, x)
    for name in FLOAT_UNARY if floats else INT_UNARY:
        emit(case, cpu, name, type, x)
    for name in FLOAT_COMPARE if floats else INT_COMPARE:
        emit(case, cpu, name, type, x, y)
        if there(cpu, name, type):
            case.result(b.emit("select", b.emit(name, x, y), y, z), f"select {name}")
    if floats:
        emit(case, cpu, "fma", type, x, y, z)
    else:
        # and not, and masks that are none
        case.result(b.emit("and", b.emit("not", x), z), "andnot")
        case.result(b.emit("select", z, x, y), "select by sign")
        one = b.const(type, tuple(hold(type.element, k * 37 - 5) for k in range(type.lanes)))
        emit(case, cpu, "mul", type, x, one, what="mul const")
        emit(case, cpu, "mul", type, x, b.const(type, (100,) * type.lanes), what="mul small const")
    exercise(case, cpu, str(type))


@each([t for t in TYPES if not t.element.is_float])
def test_shifts(cpu, type):
    case = Case()
    b, bits = case.b, 8 * type.element.size
    x, counts, scalar = case.argument(type), case.argument(type), case.argument(I64)
    for name in ("shl", "lshr", "sar"):
        for n in {0, 1, 3, bits // 2, bits - 1, bits, bits + 1, -1}:
            case.result(b.emit(name, x, b.const(type, (n,) * type.lanes)), f"{name} {n}")
        if type.element is not I8 or there(cpu, name + "v", type):
            splat = b.emit("splat", scalar, type=type)
            case.result(b.emit(name, x, splat), f"{name} splat")
        if there(cpu, name + "v", type):
            case.result(b.emit(name, x, counts), f"{name} by lanes")
            each = b.const(type, tuple(k * 5 + 1 for k in range(type.lanes)))
            case.result(b.emit(name, x, each), f"{name} by constants")
    exercise(case, cpu, str(type))


@each(TYPES + SMALL)
def test_in_and_out(cpu, type):
    case = Case()
    b = case.b
    x, y = case.argument(type), case.argument(type)
    scalar = case.argument(scalar_of(type))
    for k in {0, 1, type.lanes // 2 - 1, type.lanes // 2, type.lanes - 1}:
        emit(case, cpu, "lane", type, x, imm=k, what=f"lane {k}")
        emit(case, cpu, "insert", type, x, scalar, imm=k, what=f"insert {k}")
    emit(case, cpu, "splat", type, scalar, result=type)
    narrow = (
        NATURAL[type.element]
        if type.element.is_float
        else ACCESSES[{1: "i8", 2: "u16", 4: "i32", 8: "i64"}[type.element.size]]
    )
    loaded = b.load(narrow, case.source, disp=case.arguments[1][0])
    emit(case, cpu, "splat", type, loaded, result=type, what="splat of load")
    for k in {0, 1, type.lanes - 1}:
        at = b.load(narrow, case.source, disp=case.arguments[1][0])
        emit(case, cpu, "insert", type, x, at, imm=k, what=f"insert {k} from memory")
    if type.element is I64:
        for name in ("i8", "u16", "i32", "u32"):
            at = b.load(ACCESSES[name], case.source, disp=case.arguments[1][0])
            emit(case, cpu, "insert", type, x, at, imm=1, what=f"insert {name}")
            at = b.load(ACCESSES[name], case.source, disp=case.arguments[1][0])
            emit(case, cpu, "splat", type, at, result=type, what=f"splat {name}")
    if type.size < LEVELS[cpu].vector_bytes:
        half = b.load(NATURAL[type], case.source, disp=case.arguments[1][0])
        emit(case, cpu, "join", type, x, half, what="join from memory")
    if type.lanes > 2:
        emit(case, cpu, "low", type, x)
        emit(case, cpu, "high", type, x)
    if type.size < LEVELS[cpu].vector_bytes:
        emit(case, cpu, "join", type, x, y)
    r = random.Random(5)
    reverse = tuple(range(type.lanes - 1, -1, -1))
    for order in (reverse, tuple(r.randrange(type.lanes) for _ in reverse), reverse[1:] + reverse[:1]):
        emit(case, cpu, "shuffle", type, x, imm=order, what=f"shuffle {order}")
    n = type.lanes
    both = [k for pair in zip(range(n), range(n, 2 * n)) for k in pair]
    orders = [both[:n], both[n:], list(range(0, 2 * n, 2)), list(range(1, 2 * n, 2)), list(range(n - 1, 2 * n - 1)),
              [r.randrange(2 * n) for _ in range(n)], [k + n * (k % 3 == 1) for k in range(n)],
              [k ^ 1 | n * (k & 1) for k in range(n)], [k + n * (k >= n // 2) for k in range(n)]]  # fmt: skip
    for order in orders:
        emit(case, cpu, "shuffle", type, x, y, imm=tuple(order), what=f"shuffle both {order}")
        if order[0] < n:
            emit(case, cpu, "shuffle", type, y, x, imm=tuple(order), what=f"shuffle both {order} the other way")
    exercise(case, cpu, str(type), 10)


@ALL
@pytest.mark.parametrize("size", (2, 4, 8, 16, 32, 64))
def test_width(cpu, size):
    if size > LEVELS[cpu].vector_bytes:
        return
    case = Case()
    b = case.b
    integers = (I8, I16, I32, I64)
    for narrow, wide in itertools.combinations(integers, 2):
        n = size // wide.size
        if n > 1:
            large, small = vector(wide, n), vector(narrow, n)
            x = case.argument(small)
            emit(case, cpu, "vsext", small, x, result=large)
            emit(case, cpu, "vzext", small, x, result=large)
            if there(cpu, "vzext", small):
                # from memory, nothing else wants it
                case.result(b.emit("vzext", b.load(NATURAL[small], case.source), type=large), "vzext of load")
            emit(case, cpu, "vtrunc", large, case.argument(large), result=small, what=f"vtrunc {large} to {small}")
    exercise(case, cpu, size)


@ALL
@pytest.mark.parametrize("n", (2, 4, 8))
def test_conversions(cpu, n):
    case = Case()
    b = case.b
    if 8 * n <= LEVELS[cpu].vector_bytes:
        doubles = case.argument(vector(F64, n))
        longs = case.argument(vector(I64, n))
        emit(case, cpu, "f2i", vector(F64, n), doubles)
        emit(case, cpu, "vf2i", vector(F64, n), doubles, result=vector(I32, n))
        emit(case, cpu, "fround", vector(F64, n), doubles)
        emit(case, cpu, "i2f", vector(I64, n), longs, result=vector(F64, n))
        emit(case, cpu, "i2f", vector(I64, n), longs, result=vector(F32, n))
        emit(case, cpu, "bits2f", vector(I64, n), longs)
        number = b.emit("select", b.emit("feq", doubles, doubles), doubles, b.const(vector(F64, n), (1.0,) * n))
        emit(case, cpu, "f2bits", vector(F64, n), number)
        singles = case.argument(vector(F32, n))
        emit(case, cpu, "fext", vector(F32, n), singles)
        emit(case, cpu, "f2i", vector(F32, n), singles)
        emit(case, cpu, "i2f", vector(I32, n), case.argument(vector(I32, n)), result=vector(F64, n))
        emit(case, cpu, "i2f", vector(I16, n), case.argument(vector(I16, n)), result=vector(F64, n))
    for e in (I8, I16, I32):
        if 4 * n <= LEVELS[cpu].vector_bytes:
            emit(case, cpu, "i2f", vector(e, n), case.argument(vector(e, n)), result=vector(F32, n))
    if 4 * n <= LEVELS[cpu].vector_bytes:
        singles = case.argument(vector(F32, n))
        emit(case, cpu, "vf2i", vector(F32, n), singles, result=vector(I32, n))
    exercise(case, cpu, n, 40)


@each(TYPES)
def test_reductions_and_masks(cpu, type):
    case = Case()
    b = case.b
    x = case.argument(type)
    for name in FLOAT_REDUCTIONS if type.element.is_float else INT_REDUCTIONS:
        emit(case, cpu, name, type, x)
    y = case.argument(type)
    mask = b.emit("fle" if type.element.is_float else "sle", x, y)
    emit(case, cpu, "movemask", mask_of(type), mask)
    for name, m in (("allset", mask), ("anyset", mask), ("always", b.emit("or", mask, b.emit("not", mask)))):
        if there(cpu, "anyset", mask_of(type)):
            flag = b.emit("allset" if name == "always" else name, m)
            case.result(b.emit("b2i", flag), name)
            chosen = b.emit(
                "select", b.emit("anyset" if name == "allset" else "allset", m), b.const(I64, 3), b.const(I64, 5)
            )
            case.result(chosen, f"{name} chooses")
    exercise(case, cpu, str(type), 20)


@each(TYPES)
def test_masked_and_gathered(cpu, type):
    if not there(cpu, "mload", type):
        return
    case = Case()
    b = case.b
    name = type.element.name
    access = ACCESSES[name]
    mask = case.argument(mask_of(type))
    value = case.argument(type)
    index_types = [vector(e, type.lanes) for e in (I32, I64) if e.size * type.lanes <= LEVELS[cpu].vector_bytes]
    index_types = index_types if there(cpu, "gather", type) else []
    for index_type in index_types:
        index = b.emit("and", case.argument(index_type), b.const(index_type, (31,) * type.lanes))
        memory = Memory(access, 4, 8)
        case.result(b.emit("gather", case.source, index, imm=memory, type=type), "gather")
        case.result(b.emit("gather", case.source, index, mask, imm=memory, type=type), "gather by mask")
    memory = Memory(NATURAL[type], 8, 16)
    v = b.emit("mload", mask, case.source, b.const(I64, 3), imm=memory, type=type)
    case.result(v, "mload")
    case.result(value, "before mstore")
    b.emit("mstore", value, mask, case.goal, imm=Memory(NATURAL[type], 1, case.made - type.size))
    # by a comparison, of so many lanes, as where a loop ends
    masks = mask_of(type)
    count = b.emit("splat", b.emit("and", case.argument(I64), b.const(I64, 15)), type=masks)
    left = b.emit("slt", b.const(masks, tuple(range(type.lanes))), count)
    case.result(b.emit("mload", left, case.source, imm=Memory(NATURAL[type], 1, 24), type=type), "mload of some")
    compared = b.emit("fle" if type.element.is_float else "ule", value, case.argument(type))
    case.result(b.emit("mload", compared, case.source, imm=Memory(NATURAL[type], 1, 72), type=type), "mload compared")
    for test in (left, compared):
        case.result(value, "before mstore")
        b.emit("mstore", value, test, case.goal, imm=Memory(NATURAL[type], 1, case.made - type.size))
        case.result(b.emit("select", test, value, case.argument(type)), "select")
    exercise(case, cpu, str(type), 20)


@each(TYPES)
def test_masks_asked_for_again(cpu, type):
    """More of them than there are mask registers, in changing order, by operands that end meanwhile."""
    case = Case()
    b = case.b
    x, y = case.argument(type), case.argument(type)
    names = FLOAT_COMPARE if type.element.is_float else INT_COMPARE
    names = [name for name in names if there(cpu, name, type)]
    masks = [b.emit(name, *pair) for name in names for pair in ((x, y), (y, x))]
    order = random.Random(str(type))
    found = y
    for _ in range(2):
        for mask in order.sample(masks, len(masks)):
            found = b.emit("select", mask, found, x)
            case.result(found, "select")
    if there(cpu, "mload", type):
        for mask in order.sample(masks, 8):
            v = b.emit("mload", mask, case.source, imm=Memory(NATURAL[type], 1, 8), type=type)
            case.result(v, "mload")
            masks.append(b.emit("and", mask, b.emit(names[0], v, x)))
            case.result(b.emit("select", masks[-1], v, y), "select what was loaded")
    exercise(case, cpu, str(type), 20)


@pytest.mark.parametrize("disabled", ["", "masks"])
def test_one_comparison_does_for_all_that_want_its_mask(disabled, monkeypatch):
    monkeypatch.setenv("JITNEY_DISABLE", disabled)
    case = Case()
    b, type = case.b, vector(F64, 8)
    mask = b.emit("flt", case.argument(type), case.argument(type))
    for at in (0, 64, 128):
        v = b.emit("mload", mask, case.source, imm=Memory(NATURAL[type], 1, at), type=type)
        case.result(b.emit("select", mask, v, b.emit("fadd", v, v)), "select")
    b.ret(())
    wide = [target for target in LEVELS.values() if target.vector_bytes == 64]
    code = generate(case.function, wide[0]).code if wide else b""
    compared = sum(i.text.startswith("vcmppd") for i in disassemble(code))
    assert compared == (6 if disabled else 1) * len(wide[:1])


@each(TYPES)
def test_operands_from_memory(cpu, type):
    """Loads that their only user may do itself, on either side."""
    case = Case()
    b = case.b
    x = case.argument(type)
    place = case.arguments[0][0]

    def loaded():
        return b.load(NATURAL[type], case.source, disp=place + 16)

    case.argument(type)
    floats = type.element.is_float
    for name in [*FLOAT_BINARY[:-1], *FLOAT_COMPARE] if floats else [*INT_BINARY, *INT_COMPARE]:
        emit(case, cpu, name, type, x, loaded(), what=f"{name} right")
        emit(case, cpu, name, type, loaded(), x, what=f"{name} left")
        constant = b.const(type, tuple([hold(type.element, k - 1) for k in range(type.lanes)]))
        emit(case, cpu, name, type, x, constant, what=f"{name} constant")
    if floats:
        emit(case, cpu, "fsqrt", type, loaded())
        emit(case, cpu, "fma", type, x, loaded(), loaded())
    exercise(case, cpu, str(type), 8)
