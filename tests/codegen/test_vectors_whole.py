"""Whole vectors through the back end: many of them live at once, moves, polls, the checker, fused products."""

import ctypes
import math
import random

import pytest
from harness import POLLS, Native, new_function
from lanes import ALL, HERE, IN, LEVELS, OUT, Case, lanes, some, there

from jitney.codegen.allocate import Allocation, allocate
from jitney.codegen.checker import CheckError, check
from jitney.codegen.code import MachineCode
from jitney.codegen.layout import arrange
from jitney.codegen.machine import FIRST, INCOMING, SLOT, VECTOR_SLOT, MachineFunction
from jitney.codegen.shrink import shrink
from jitney.ir.function import Call, Function, Loop, Symbol
from jitney.ir.ops import OPS, hold
from jitney.ir.types import F32, F64, I1, I8, I16, I32, I64, NATURAL, vector
from jitney.ir.verify import verify
from jitney.loader import load
from jitney.targets.x86_64 import preserving_thunk
from jitney.targets.x86_64.emit import Emitter
from jitney.targets.x86_64.encode import RAX, RDI, Encoder
from jitney.targets.x86_64.ops import MOVES, MOVUPS_LOAD, MOVUPS_STORE


class RandomVectors(Case):
    """Many live vectors, loops whose values change places, calls and polls between."""

    def __init__(self, seed, cpu, callee):
        super().__init__()
        r = self.random = random.Random(seed)
        self.cpu, self.callee = cpu, callee
        width = r.choice([w for w in (16, 32, 64) if w <= LEVELS[cpu].vector_bytes])
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


@pytest.mark.parametrize("type", [
    F64, vector(F64, 2), vector(F64, 4), vector(F64, 8), F32, vector(F32, 4), vector(F32, 8), vector(F32, 16),
], ids=str)  # fmt: skip
def test_powers(type):
    """Guesses that are certain, that are not, and numbers that are too large or small."""
    cpu = "x86-64-v4" if type.size == 64 else "x86-64-v3"
    if cpu not in LEVELS:
        return
    r = random.Random(7)
    case = Case()
    b = case.b
    x = case.argument(type)
    one, more = [b.const(type, c if type.lanes == 1 else (c,) * type.lanes) for c in (1.0, 1.03125)]
    for exponent in (2.0, -1.0, 0.5):
        square = b.emit("fmul", x, x)
        if exponent == 2.0:
            guess, low = square, b.emit("fma", x, x, b.emit("fneg", square))
        elif exponent == 0.5:
            guess = b.emit("fsqrt", x)
            low = b.emit("fma", b.emit("fneg", guess), guess, x)
            low = b.emit("fdiv", low, b.emit("fadd", guess, guess))
        else:
            guess = b.emit("fdiv", one, x)
            low = b.emit("fmul", guess, b.emit("fma", b.emit("fneg", guess), x, one))
        test = b.emit("fma", low, more, guess)
        case.result(b.emit("fpower", guess, guess, test, x, imm=exponent), f"power {exponent}")
        # nothing is certain, and the guess is wanted again
        asked = b.emit("fpower", guess, guess, more, x, imm=exponent)
        case.result(b.emit("fadd", asked, guess), f"power {exponent}, asked")
    case.compile(cpu)
    for k in range(40):
        scales = (0, 0, 0, 3, 99, -99, 900, -900) if type.element is F64 else (0, 0, 0, 3, 20, -20, 99, -99)
        values = [hold(type.element, math.ldexp(r.uniform(-1, 1), r.choice(scales))) for _ in range(type.lanes)]
        values[0] = r.choice((0.0, -0.0, math.inf, math.nan, 1.0, values[0]))
        case.run([tuple(values) if type.lanes > 1 else values[0]])


@pytest.mark.parametrize("type", [F64, F32, vector(F64, 4), vector(F32, 4)], ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_fused_products(type, seed):
    """Operands wanted again or not, constants, loads and what is negated, in every place; scalars alone, too."""
    if "fma" not in HERE:
        return
    r = random.Random(seed)
    case = Case()
    b = case.b
    shared = [case.argument(type) for _ in range(3)]
    one = 1.5 if type.lanes == 1 else (1.5,) * type.lanes

    def operand():
        kind = r.randrange(6)
        if kind == 0:
            return b.const(type, one)
        if kind == 5:
            return b.emit("fneg", operand())
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
