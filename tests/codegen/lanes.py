"""Vectors under test: values lane by lane, and functions that load, compute and store them on each instruction set."""

import contextlib
import ctypes
import math
import random
import struct

import pytest
from harness import Native, new_function

from jitney.ir.interp import Context, run
from jitney.ir.ops import hold
from jitney.ir.types import F32, F64, I8, I16, I32, I64, NATURAL, PTR, vector
from jitney.ir.verify import verify
from jitney.targets.x86_64 import target
from jitney.targets.x86_64.encode import Encoder
from jitney.targets.x86_64.features import detected, level

HERE = detected()
LEVELS = {name: level(name) for name in ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")}
LEVELS["avx"] = LEVELS["x86-64-v2"] | {"avx"}
LEVELS["here"] = HERE | LEVELS["x86-64-v4"]  # beyond the levels: permutations of bytes, bits counted in lanes
LEVELS = {name: target(features) for name, features in LEVELS.items() if features <= HERE}
ALL = pytest.mark.parametrize("cpu", LEVELS)

INT_BINARY = "add sub mul umulh and or xor smin smax umin umax".split()
INT_UNARY = "neg not iabs popcnt".split()
INT_COMPARE = "eq ne slt sle sgt sge ult ule ugt uge".split()
FLOAT_BINARY = "fadd fsub fmul fdiv fmin fmax fcopysign".split()
FLOAT_UNARY = "fneg fabs fsqrt ffloor fceil ftrunc frint".split()
FLOAT_COMPARE = "feq fne flt fle fgt fge".split()
INT_REDUCTIONS = "radd rsmin rsmax rumin rumax rand ror rxor".split()
FLOAT_REDUCTIONS = "rfadd rfmul rfmin rfmax".split()
TYPES = [vector(e, size // e.size) for size in (16, 32, 64) for e in (I8, I16, I32, I64, F32, F64)]
SMALL = [vector(e, size // e.size) for size in (2, 4, 8) for e in (I8, I16, I32, F32) if size > e.size]

IN, OUT = 1024, 16384


@contextlib.contextmanager
def only(cpu):
    """Let the encoder refuse what this instruction set does not have."""
    if cpu in ("x86-64-v4", "here"):
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
