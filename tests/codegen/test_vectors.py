"""Vectors: every operation, on every type and instruction set, gives natively what the interpreter says."""

import contextlib
import ctypes
import itertools
import math
import random
import struct

import pytest
from harness import POLLS, Native, new_function

from jitney.codegen.allocate import Allocation, allocate
from jitney.codegen.checker import CheckError, check
from jitney.codegen.code import MachineCode
from jitney.codegen.layout import arrange
from jitney.codegen.machine import FIRST, INCOMING, SLOT, VECTOR_SLOT, MachineFunction
from jitney.codegen.shrink import shrink
from jitney.ir.function import Call, Function, Loop, Memory, Symbol
from jitney.ir.interp import Context, run
from jitney.ir.ops import OPS, hold
from jitney.ir.types import ACCESSES, F32, F64, I1, I8, I16, I32, I64, NATURAL, PTR, mask_of, scalar_of, vector
from jitney.ir.verify import verify
from jitney.loader import load
from jitney.targets.x86_64 import preserving_thunk, target
from jitney.targets.x86_64.emit import Emitter
from jitney.targets.x86_64.encode import RAX, RDI, Encoder
from jitney.targets.x86_64.features import _detected, level
from jitney.targets.x86_64.ops import MOVES, MOVUPS_LOAD, MOVUPS_STORE

HERE = _detected()
LEVELS = {name: level(name) for name in ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")}
LEVELS["avx"] = LEVELS["x86-64-v2"] | {"avx"}
LEVELS = {name: target(features) for name, features in LEVELS.items() if features <= HERE}
ALL = pytest.mark.parametrize("cpu", LEVELS)

INT_BINARY = "add sub mul and or xor smin smax umin umax".split()
INT_UNARY = "neg not iabs".split()
INT_COMPARE = "eq ne slt sle sgt sge ult ule ugt uge".split()
FLOAT_BINARY = "fadd fsub fmul fdiv fmin fmax fcopysign".split()
FLOAT_UNARY = "fneg fabs fsqrt ffloor fceil ftrunc frint".split()
FLOAT_COMPARE = "feq fne flt fle fgt fge".split()
INT_REDUCTIONS = "radd rsmin rsmax rumin rumax rand ror rxor".split()
FLOAT_REDUCTIONS = "rfadd rfmul rfmin rfmax".split()
TYPES = [vector(e, size // e.size) for size in (16, 32) for e in (I8, I16, I32, I64, F32, F64)]
SMALL = [vector(e, size // e.size) for size in (2, 4, 8) for e in (I8, I16, I32, F32) if size > e.size]

IN, OUT = 512, 8192


@contextlib.contextmanager
def only(cpu):
    """Let the encoder refuse what this instruction set does not have."""
    if cpu == "x86-64-v4":
        yield
        return
    rank = ["x86-64", "x86-64-v2", "avx", "x86-64-v3"].index(cpu)
    original = {name: getattr(Encoder, name) for name in ("sse_rr", "sse_rm", "vex_rrr", "vex_rrm", "evex_rrr")}

    def guarded(name):
        def method(self, row, *args):
            assert name != "evex_rrr", row
            if name[:3] == "sse":
                assert rank <= 1 and (row[1] == 1 or rank == 1), row
            else:
                assert rank >= 2 and (not row[0] & 4 or rank == 3), row
            return original[name](self, row, *args)

        return method

    for name in original:
        setattr(Encoder, name, guarded(name))
    try:
        yield
    finally:
        for name, method in original.items():
            setattr(Encoder, name, method)


def each(types):
    """For every instruction set and what it has of these types."""
    pairs = [(cpu, t) for cpu in LEVELS for t in types if t.size <= LEVELS[cpu].vector_bytes]
    return pytest.mark.parametrize("cpu, type", pairs, ids=str)


def specials(element):
    if element.is_float:
        tiny = 5e-324 if element is F64 else 1e-45
        return [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, math.inf, -math.inf, math.nan, tiny, -tiny, 2.0**31,
                -(2.0**31),
                2.0**52 + 0.5, 2.0**53, 2.0**63, -(2.0**63), 2.0**64, 1e30, -1e30, 3e38, 0.1, 123456.789]  # fmt: skip
    bits = 8 * element.size
    return [0, 1, -1, 2, 3, -2, 5, 7, 1 << bits - 2, (1 << bits - 1) - 1, -(1 << bits - 1), -(1 << bits - 1) + 1,
            1 << bits // 2, (1 << bits // 2) - 1, -(1 << bits // 2)]  # fmt: skip


def some(r, element):
    """A lane's value."""
    if r.random() < 0.5:
        return hold(element, r.choice(specials(element)))
    if element.is_float:
        return hold(element, r.uniform(-100, 100) * 10.0 ** r.randint(-6, 6))
    return hold(element, r.getrandbits(64) >> r.choice([0, 0, 8 * (8 - element.size) + r.randrange(8 * element.size)]))


def lanes(r, type):
    return tuple([some(r, type.element) for _ in range(type.lanes)])


def packed(type, value):
    code = NATURAL[type].code
    return struct.pack(f"<{code}", *(value if type.lanes > 1 else (value,)))


def unpacked(type, data):
    code = NATURAL[type].code
    got = struct.unpack(f"<{code}", data[: struct.calcsize(f"<{code}")])
    return got if type.lanes > 1 else got[0]


def same(a, b):
    if isinstance(a, tuple):
        return all(map(same, a, b))
    if isinstance(a, float):
        return (a != a and b != b) or struct.pack("<d", a) == struct.pack("<d", b)
    return a == b


class Case:
    """A function that loads arguments from one buffer and stores results to another."""

    def __init__(self, name="vectors"):
        self.function, self.b, self.context, (self.source, self.goal) = new_function([PTR, PTR], [], name)
        self.arguments = []  # (offset, type)
        self.results = []  # (offset, type, what)
        self.used = self.made = 0

    def argument(self, type):
        self.arguments.append((self.used, type))
        v = self.b.load(NATURAL[type], self.source, disp=self.used)
        self.used += max(type.size, 8)
        return v

    def result(self, v, what):
        type = self.function.types[v]
        self.b.store(NATURAL[type], v, self.goal, disp=self.made)
        self.results.append((self.made, type, what))
        self.made += max(type.size, 8)

    def compile(self, cpu):
        self.b.ret(())
        verify(self.function)
        assert self.used <= IN and self.made <= OUT
        with only(cpu):
            self.native = Native(self.function, target=LEVELS[cpu])
        self.source_buffer = ctypes.create_string_buffer(IN)
        self.goal_buffer = ctypes.create_string_buffer(OUT)

    def run(self, values, symbols=None):
        data = bytearray(IN)
        for (offset, type), value in zip(self.arguments, values):
            piece = packed(type, value)
            data[offset : offset + len(piece)] = piece
        self.source_buffer.raw = bytes(data)
        args = ctypes.addressof(self.source_buffer), ctypes.addressof(self.goal_buffer)
        ctypes.memset(self.goal_buffer, 0x55, OUT)
        results, failure = self.native(*args)
        assert failure is None
        native = self.goal_buffer.raw
        ctypes.memset(self.goal_buffer, 0x55, OUT)
        run(self.function, (Context().address, *args), symbols=symbols)
        expected = self.goal_buffer.raw
        if native == expected:
            return
        for offset, type, what in self.results:
            a, b = unpacked(type, native[offset:]), unpacked(type, expected[offset:])
            assert same(a, b), (what, type, values, "native", a, "expected", b)
        end = self.made
        assert native[end:] == expected[end:]


def there(cpu, name, type):
    return LEVELS[cpu].supports(name, type)


def exercise(case, cpu, seed, rounds=12):
    r = random.Random(seed)
    case.compile(cpu)
    first = [specials(t.element) for _, t in case.arguments]
    for k in range(rounds):
        if k < 6:
            # pairs of special values, in turn
            values = []
            for n, (_, t) in enumerate(case.arguments):
                row = [
                    hold(t.element, first[n][(lane * (n + 1) + k * (n + 3)) % len(first[n])]) for lane in range(t.lanes)
                ]
                values.append(tuple(row) if t.lanes > 1 else row[0])
        else:
            values = [lanes(r, t) if t.lanes > 1 else some(r, t) for _, t in case.arguments]
        case.run(values)


def emit(case, cpu, name, type, *args, imm=None, result=None, what=None):
    """The operation and a store of its result, if the machine has it."""
    if there(cpu, name, type):
        case.result(case.b.emit(name, *args, imm=imm, type=result), what or name)


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
    if type.lanes > 2:
        emit(case, cpu, "low", type, x)
        emit(case, cpu, "high", type, x)
    if type.size <= 16:
        emit(case, cpu, "join", type, x, y)
    r = random.Random(5)
    reverse = tuple(range(type.lanes - 1, -1, -1))
    for order in (reverse, tuple(r.randrange(type.lanes) for _ in reverse), reverse[1:] + reverse[:1]):
        emit(case, cpu, "shuffle", type, x, imm=order, what=f"shuffle {order}")
    exercise(case, cpu, str(type), 10)


@ALL
@pytest.mark.parametrize("size", (2, 4, 8, 16, 32))
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


@each([t for t in TYPES if t.element.size >= 4])
def test_masked_and_gathered(cpu, type):
    if not there(cpu, "gather", type):
        return
    case = Case()
    b = case.b
    name = type.element.name
    access = ACCESSES[name]
    mask = case.argument(mask_of(type))
    value = case.argument(type)
    index_types = [vector(e, type.lanes) for e in (I32, I64) if e.size * type.lanes <= 32]
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
    exercise(case, cpu, str(type), 20)


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


class RandomVectors(Case):
    """Many live vectors, loops whose values change places, calls and polls between."""

    def __init__(self, seed, cpu, callee):
        super().__init__()
        r = self.random = random.Random(seed)
        self.cpu, self.callee = cpu, callee
        width = r.choice([w for w in (16, 32) if w <= LEVELS[cpu].vector_bytes])
        elements = r.sample([I8, I16, I32, I64, F32, F64], 3)
        self.types = [vector(e, width // e.size) for e in elements]
        self.loop = None
        self.values = [self.argument(self.types[k % 3]) for k in range(12)]
        self.scalars = [self.b.const(F64, 0.5), self.argument(F64), self.argument(F64)]
        self.words = [self.argument(I64), self.b.const(I64, 3)]
        self.dirty = self.b.const(I1, False)
        for _ in range(3):
            self.straight(r.randint(8, 25))
            if r.random() < 0.6:
                self.counted()
            if r.random() < 0.6:
                self.leave()
        for v in self.values:
            self.result(v, "value")
        for v in (*self.scalars, *self.words):
            self.result(v, "scalar")

    def pick(self, type):
        known = [v for v in self.values if self.function.types[v] is type]
        return self.random.choice(known)

    def straight(self, n):
        r, b = self.random, self.b
        for _ in range(n):
            type = r.choice(self.types)
            if type.element.is_float:
                name = r.choice("fadd fsub fmul fmin fmax fneg fabs select".split())
            else:
                name = r.choice("add sub mul and or xor smin umax neg not shl select select sar".split())
            if not there(self.cpu, name, type) or (type.element is I8 and name in ("shl", "sar")):
                continue
            if name == "select":
                mask = b.emit("flt" if type.element.is_float else "slt", self.pick(type), self.pick(type))
                self.values.append(b.emit(name, mask, self.pick(type), self.pick(type)))
            elif name in ("shl", "sar"):
                self.values.append(b.emit(name, self.pick(type), b.const(type, (r.randrange(20),) * type.lanes)))
            else:
                self.values.append(b.emit(name, *[self.pick(type) for _ in OPS[name].params]))
            if r.random() < 0.2:
                s = b.emit("lane", self.pick(type), imm=r.randrange(type.lanes))
                (
                    self.scalars
                    if self.function.types[s] is F64
                    else self.words
                    if self.function.types[s] is I64
                    else []
                ).append(s)
            if r.random() < 0.1:
                self.scalars.append(b.emit("fadd", r.choice(self.scalars), r.choice(self.scalars)))
            if r.random() < 0.1 and type.element in (F64, I64):
                self.values.append(
                    b.emit("splat", r.choice(self.scalars if type.element is F64 else self.words), type=type)
                )
            while len(self.values) > 26:
                # enough of each type stay
                self.values.pop(r.randrange(3, 23))
                for t in self.types:
                    if not any(self.function.types[v] is t for v in self.values):
                        self.values.append(b.const(t, (1,) * t.lanes))

    def leave(self):
        r, b = self.random, self.b
        site = b.add_site("test")
        if r.random() < 0.5:
            call = Call("g", self.callee.symbol, (F64,), (F64,), site=site)
            self.scalars += b.call("call", call, (self.context, r.choice(self.scalars), self.dirty))
        else:
            b.emit("poll", b.const(I64, 0), self.dirty, imm=(site, 1))

    def counted(self):
        r, b = self.random, self.b
        loop = Loop(None)
        pre, header, after = b.new_block(), b.new_block(loop), b.new_block()
        loop.preheader, loop.header = pre, header
        source = b.block
        b.jump(pre)
        b.start(pre, source)
        carried = r.sample(self.values, min(len(self.values), r.randint(2, 10)))
        b.jump(header, (b.const(I64, 0), *carried))
        b.start(header, pre)
        counter = b.param(header, I64)
        params = [b.param(header, self.function.types[v]) for v in carried]
        outside = list(self.values)
        self.values = [v for v in self.values if v not in carried] + params
        state = len(self.scalars), len(self.words)
        self.straight(r.randint(4, 20))
        if r.random() < 0.4:
            self.leave()
        following = []
        for p in params:
            # some change places without being computed
            same_type = [v for v in self.values if self.function.types[v] is self.function.types[p]]
            following.append(r.choice(same_type))
        i = b.emit("add", counter, b.const(I64, 1))
        b.branch(b.emit("slt", i, b.const(I64, r.randint(2, 4))), header, after, (i, *following), tuple(following))
        b.start(after, header)
        self.values = [v for v in outside if v not in carried]
        self.values += [b.param(after, self.function.types[v]) for v in following]
        del self.scalars[state[0] :], self.words[state[1] :]


def callee():
    """A function of doubles that has everything clobbered."""
    function, b, _, (x,) = new_function([F64], [F64], "g")
    function.id = 77
    y = b.call("ccall", Call("fmod", MATH, (F64, F64), (F64,)), (x, b.const(F64, 7.25)))[0]
    b.ret((b.emit("fadd", y, b.const(F64, 1.0)),))
    return function


MATH = ctypes.cast(ctypes.CDLL("libm.so.6").fmod, ctypes.c_void_p).value


@ALL
@pytest.mark.parametrize("seed", range(12))
def test_pressure(cpu, seed):
    g = callee()
    case = RandomVectors(seed, cpu, g)
    case.b.ret(())
    verify(case.function)
    case.native = Native(case.function, g, target=LEVELS[cpu])
    case.source_buffer, case.goal_buffer = ctypes.create_string_buffer(IN), ctypes.create_string_buffer(OUT)
    r = random.Random(seed)
    assert case.used <= IN and case.made <= OUT
    for _ in range(3):
        case.run([lanes(r, t) if t.lanes > 1 else some(r, t) for _, t in case.arguments], {"g": g})


REGISTERS, SLOTS, VECTOR_SLOTS = range(16, 32), range(SLOT, SLOT + 4), range(VECTOR_SLOT, VECTOR_SLOT + 4)


def state_code(cpu, size, body):
    """Machine code of a c function (state): loads all locations from `state`, runs `body`, stores them back. Vectors
    take `size` bytes each: those of the registers, then those of the slots."""
    m = MachineFunction(Function("f", (), "c"), [0] * FIRST)
    m.vector_bytes = size
    allocation = Allocation()
    allocation.slots, allocation.vector_slots = 4, 4
    e = Emitter(m, allocation, cpu != "x86-64" and cpu != "x86-64-v2", None)
    e.prologue()
    places = [(loc, size * k) for k, loc in enumerate((*REGISTERS, *VECTOR_SLOTS))]

    def transfer(inward):
        for loc, at in places:
            if loc >= SLOT:
                base, _, _, disp = e.slot(loc)
                for k in range(0, size, 8):
                    state, slot = (RDI, -1, 0, at + k), (base, -1, 0, disp + k)
                    e.load("i64", RAX, state if inward else slot)
                    e.store(8, slot if inward else state, RAX)
            elif inward:
                e.load_x((e.vector_bit, *MOVUPS_LOAD[1:]), loc, (RDI, -1, 0, at))
            else:
                e.store_x((e.vector_bit, *MOVUPS_STORE[1:]), (RDI, -1, 0, at), loc)

    transfer(True)
    body(e)
    transfer(False)
    e.epilogue(False)
    e.ret()
    code, relocations, _ = e.finish()
    made = MachineCode(bytes(code), bytes(e.pool), relocations)
    made.symbol = Symbol("f")
    return made


@ALL
@pytest.mark.parametrize("seed", range(8))
def test_parallel_moves_of_whole_vectors(cpu, seed):
    r = random.Random(seed)
    size = LEVELS[cpu].vector_bytes
    places = [*r.sample(REGISTERS, 5), *VECTOR_SLOTS]
    outs = r.sample(places, 8)
    ins = r.sample(places, 6) if seed % 2 else [*outs[1:6], outs[0]]
    constants = [b"\xff" * size, bytes(range(size))]
    code = state_code(cpu, size, lambda e: MOVES.emit(e, tuple(outs), tuple(ins), constants, None))
    loaded = load([code])
    state = bytearray(r.getrandbits(8) for _ in range(size * 20))
    buffer = ctypes.create_string_buffer(bytes(state), len(state))
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(code.symbol.address)(ctypes.addressof(buffer))
    assert loaded
    at = {loc: size * k for k, loc in enumerate((*REGISTERS, *VECTOR_SLOTS))}
    expected = bytearray(state)
    for d, s in zip(outs, ins):
        expected[at[d] : at[d] + size] = state[at[s] : at[s] + size]
    for d, value in zip(outs[6:], constants):
        expected[at[d] : at[d] + size] = value
    assert buffer.raw == bytes(expected)


@ALL
def test_polls_keep_whole_vectors(cpu):
    """The thunk around a C function that destroys every register it may."""
    e = Encoder()
    for r in REGISTERS:
        if "avx" in HERE:
            e.vex_rrr((4, 1, 0x57, "xorps"), r, r, r)
        else:
            e.sse_rr((0, 1, 0x57, "xorps"), r, r)
    e.zero(RAX)
    e.ret()
    wipe = MachineCode(bytes(e.finish()[0]), b"", [])
    wipe.symbol = Symbol("wipe")
    loaded = [load([wipe])]
    thunk = preserving_thunk(wipe.symbol.address)
    loaded.append(load([thunk]))
    size = LEVELS[cpu].vector_bytes
    code = state_code(cpu, size, lambda e: e.call_symbol(thunk.symbol))
    loaded.append(load([code]))
    data = random.Random(1).randbytes(size * 20)
    buffer = ctypes.create_string_buffer(data, len(data))
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(code.symbol.address)(ctypes.addressof(buffer))
    assert buffer.raw == data


def test_the_checker_wants_vectors_whole():
    """A vector that was spilled to a slot of 8 bytes is found."""
    g = callee()
    case = RandomVectors(0, "x86-64", g)
    case.b.ret(())
    cpu = LEVELS["x86-64"]
    m = cpu.select(case.function, POLLS.symbol, False)
    shrink(m, cpu.split)
    arrange(m)
    allocation = allocate(m, cpu)
    check(m, allocation, cpu)
    assert allocation.vector_slots > 2

    def small(locs):
        return tuple([loc - VECTOR_SLOT + SLOT + 100 if VECTOR_SLOT <= loc < INCOMING else loc for loc in locs])

    allocation.code = [(op, small(outs), small(ins), imm, stub) for op, outs, ins, imm, stub in allocation.code]
    for inst in allocation.code:
        if inst[4] is not None:
            inst[4].operands = inst[1:3]
    with pytest.raises(CheckError, match="does not fit"):
        check(m, allocation, cpu)


@pytest.mark.parametrize("type", [F64, F32, vector(F64, 4), vector(F32, 4)], ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_fused_products(type, seed):
    """Operands that are wanted again, that are not, constants and loads, in every place; scalars alone, too."""
    if "fma" not in HERE:
        return
    r = random.Random(seed)
    case = Case()
    b = case.b
    shared = [case.argument(type) for _ in range(3)]
    one = 1.5 if type.lanes == 1 else (1.5,) * type.lanes

    def operand():
        kind = r.randrange(5)
        if kind == 0:
            return b.const(type, one)
        if kind == 1:
            return b.load(NATURAL[type], case.source, disp=case.arguments[r.randrange(3)][0])
        if kind == 2:
            return b.emit("fadd", r.choice(shared), r.choice(shared))
        return r.choice(shared)

    for k in range(12):
        v = b.emit("fma", operand(), operand(), operand())
        case.result(v, f"fma {k}")
        if r.random() < 0.5:
            shared.append(v)
    case.compile("x86-64-v3")
    for _ in range(10):
        case.run([lanes(r, t) if t.lanes > 1 else some(r, t) for _, t in case.arguments])
