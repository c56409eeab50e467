"""Random IR functions that always terminate and never do anything undefined; what they leave by, sites included, is
checked.
"""

import ctypes
import random

from jitney.ir.builder import Builder
from jitney.ir.function import Call, Function, Loop
from jitney.ir.types import ACCESSES, F32, F64, I1, I64, PTR
from jitney.ir.verify import verify

INT_BINARY = "add sub mul smulh umulh smin smax umin umax and or xor shl lshr sar rol32 rol64".split()
INT_UNARY = ["neg", "iabs", "clz", "ctz", "popcnt", "not", "sext8", "sext16", "sext32", "zext8", "zext16", "zext32"]
INT_COMPARE = ["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"]
FLOAT_BINARY = ["fadd", "fsub", "fmul", "fdiv", "fmin", "fmax", "fcopysign"]
FLOAT_UNARY = ["fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "frint"]
FLOAT_COMPARE = ["feq", "fne", "flt", "fle", "fgt", "fge"]
CONSTANTS = [
    0, 1, -1, 2, 3, 5, 7, 8, 10, 100, 127, 128,
    255, 1 << 20, (1 << 31) - 1, 1 << 31, 1 << 40, -(1 << 63), (1 << 63) - 1,
]  # fmt: skip
FLOATS = [0.0, 1.0, -1.5, 0.1, 2.0, 1e10, -0.0]
WORDS = 16

# memory that every function may read and write: WORDS words for integers
BUFFER = (ctypes.c_int64 * WORDS)()
BUFFER_ADDRESS = ctypes.addressof(BUFFER)


class RandomFunction:
    """One function of `size` or so instructions; `callees` may be called."""

    def __init__(self, seed, size=40, params=4, name="f", callees=(), pressure=False):
        self.random = random.Random(seed)
        r = self.random
        self.pressure = pressure
        self.callees = callees
        types = [r.choice([I64, I64, F64, F32, I1]) if k else I64 for k in range(params)]
        results = [r.choice([I64, I64, F64, F32, I1, PTR]) for _ in range(r.choice([1, 1, 2, 3]))]
        self.function = f = Function(name, tuple(results))
        f.id = r.choice([7, 1 << 20]) + len(name) + ord(name[-1]) if name != "f" else r.choice([0, 1])
        self.b = b = Builder(f)
        entry = b.new_block()
        b.start(entry, None)
        context = b.param(entry, PTR)
        self.context = context
        # values in scope, by type, each list a stack: what is pushed inside a block is popped after it
        self.scope = {t: [] for t in (I64, F64, F32, I1, PTR)}
        for t in types:
            self.scope[t].append(b.param(entry, t))
        self.dirty = b.const(I1, False)
        self.buffer = b.const(PTR, BUFFER_ADDRESS)
        self.budget = size
        self.loop = None
        if r.random() < 0.3:
            b.emit("enter", context, self.dirty, imm=self.site())
        self.body(4)
        b.ret(tuple(self.pick(t) for t in results))
        verify(f)

    def site(self, captures=()):
        f = self.function
        return self.b.add_site("test", None, tuple(f.types[v] for v in captures), tuple("x" for _ in captures))

    def pick(self, t):
        r, b = self.random, self.b
        stack = self.scope[t]
        if stack and r.random() < (0.97 if self.pressure else 0.85):
            return r.choice(stack if self.pressure or r.random() < 0.5 else stack[-4:])
        if t is I64:
            return b.const(I64, r.choice(CONSTANTS))
        if t is I1:
            return b.const(I1, r.random() < 0.5)
        if t is PTR:
            return b.const(PTR, r.choice([0, 8, 1 << 40]))
        return b.const(t, r.choice([1.0, -1.5, 2.0, 0.0, -0.0, 0.25] if t is F32 else FLOATS))

    def push(self, v):
        self.scope[self.function.types[v]].append(v)

    def save(self):
        return {t: len(stack) for t, stack in self.scope.items()}, self.dirty

    def restore(self, state):
        for t, n in state[0].items():
            del self.scope[t][n:]
        self.dirty = state[1]

    def body(self, depth):
        """Some statements in a row."""
        r = self.random
        for _ in range(r.randint(2, 6) if not self.pressure else r.randint(6, 14)):
            if self.budget <= 0:
                return
            kind = r.random()
            if depth and kind < 0.12:
                self.branch(depth)
            elif depth and kind < 0.24:
                self.counted_loop(depth)
            elif depth and kind < 0.30:
                self.while_loop(depth)
            else:
                self.instruction()

    def number(self, t):
        """A float that is no NaN, whose sign and payload are not defined."""
        v = self.pick(t)
        return self.b.emit("select", self.b.emit("feq", v, v), v, self.b.const(t, 1.0))

    def instruction(self):
        r, b = self.random, self.b
        self.budget -= 1
        kind = r.random()
        pick, push = self.pick, self.push
        if kind < 0.22:
            push(b.emit(r.choice(INT_BINARY), pick(I64), pick(I64)))
        elif kind < 0.28:
            push(b.emit(r.choice(INT_UNARY), pick(I64)))
        elif kind < 0.36:
            push(b.emit(r.choice(INT_COMPARE), pick(I64), pick(I64)))
        elif kind < 0.46:
            t = r.choice([F64, F32])
            name = r.choice(FLOAT_BINARY)
            push(b.emit(name, pick(t), self.number(t) if name == "fcopysign" else pick(t)))
        elif kind < 0.50:
            push(b.emit(r.choice(FLOAT_UNARY), pick(r.choice([F64, F32]))))
        elif kind < 0.53:
            t = r.choice([F64, F32])
            push(b.emit(r.choice(FLOAT_COMPARE), pick(t), pick(t)))
        elif kind < 0.58:
            t = r.choice([I64, F64, F32, I1])
            push(b.emit("select", pick(I1), pick(t), pick(t)))
        elif kind < 0.60:
            push(b.emit(r.choice(["and", "or", "xor"]), pick(I1), pick(I1)))
        elif kind < 0.61:
            push(b.emit("not", pick(I1)))
        elif kind < 0.66:
            name, t = r.choice([("i2f", F64), ("i2f", F32), ("u2f", F64), ("b2i", I64), ("i2p", PTR), ("bits2f", F64)])
            push(b.emit(name, pick(I1 if name == "b2i" else I64), type=t))
        elif kind < 0.69:
            choices = [("f2i", F64), ("f2i", F32), ("fext", F32), ("fround", F64), ("f2bits", F64), ("p2i", PTR)]
            name, t = r.choice(choices)
            push(b.emit(name, self.number(t) if name == "f2bits" else pick(t)))
        elif kind < 0.74:
            args = (pick(I64), pick(I64), self.dirty)
            push(b.emit(r.choice(["addo", "subo", "mulo"]), *args, imm=self.site()))
        elif kind < 0.77:
            types = [r.choice([I64, F64, F32, I1, PTR]) for _ in range(r.randint(0, 4))]
            captures = tuple(self.number(t) if t.is_float else pick(t) for t in types)
            condition = pick(I1)
            if r.random() < 0.7:
                # mostly a guard that holds
                often = b.emit("ne", pick(I64), b.const(I64, 77))
                condition = b.emit("or", b.emit(r.choice(INT_COMPARE), pick(I64), pick(I64)), often)
            b.emit("guard", condition, self.dirty, *captures, imm=self.site(captures))
        elif kind < 0.80:
            n = b.emit("smax", b.emit("iabs", pick(I64)), b.const(I64, 1))
            most = b.const(I64, r.choice([1, 5, 1 << 33, 1 << 62]))
            n = b.emit("smin", n, b.const(I64, 1 << 40)) if r.random() < 0.5 else most
            push(b.emit("index", pick(I64), b.emit("smax", n, b.const(I64, 1)), self.dirty, imm=self.site()))
        elif kind < 0.83:
            self.division()
        elif kind < 0.89:
            self.load()
        elif kind < 0.94:
            self.store()
        elif self.callees and kind < 0.98:
            self.call()
        else:
            push(b.emit("ptradd", pick(PTR), pick(I64)))

    def division(self):
        r, b = self.random, self.b
        a, d = self.pick(I64), self.pick(I64)
        if r.random() < 0.5:
            d = b.const(I64, r.choice([1, 2, 3, 7, 8, 10, 60, 1000, 1 << 40, -1, -3]))
        else:
            d = b.emit("or", d, b.const(I64, 1))
        if r.random() < 0.3:
            self.push(b.emit("udiv", a, d))
            self.push(b.emit("urem", a, d))
            return
        # away from min // -1
        a = b.emit("smax", a, b.const(I64, -(1 << 63) + 1))
        for name in r.sample(["floordiv", "floormod"], r.randint(1, 2)):
            self.push(b.emit(name, a, d))

    def address(self, size):
        """(base, index, scale, disp) inside the buffer."""
        r, b = self.random, self.b
        mask = b.const(I64, 7)
        index = b.emit("and", self.pick(I64), mask)
        shape = r.randint(0, 3)
        if shape == 0:
            return self.buffer, index, 8, 8 * r.randint(0, 7)
        if shape == 1:
            return b.emit("ptradd", self.buffer, b.emit("shl", index, b.const(I64, 3))), None, 1, r.choice([0, 8, 56])
        if shape == 2:
            index = b.emit("add", index, b.const(I64, r.randint(0, 3)))
            return self.buffer, index, r.choice([1, 2, 4, 8]), r.choice([0, 16])
        return b.emit("ptradd", self.buffer, b.const(I64, 8 * r.randint(0, 7))), index, 8, 0

    def load(self):
        access = ACCESSES[self.random.choice([n for n, a in ACCESSES.items() if a.type.lanes == 1])]
        base, index, scale, disp = self.address(access.size)
        self.push(self.b.load(access, base, index, scale, disp))

    def store(self):
        access = ACCESSES[self.random.choice([n for n, a in ACCESSES.items() if a.type.lanes == 1])]
        base, index, scale, disp = self.address(access.size)
        value = self.number(access.type) if access.type.is_float else self.pick(access.type)
        self.b.store(access, value, base, index, scale, disp)
        if self.random.random() < 0.5:
            self.dirty = self.b.const(I1, True)

    def call(self):
        r, b = self.random, self.b
        callee = r.choice(self.callees)
        params = tuple(callee.types[p] for p in callee.params[1:])
        args = tuple(self.pick(t) for t in params)
        if r.random() < 0.6:
            call = Call(callee.name, callee.symbol, params, callee.results, site=self.site())
            for v in b.call("call", call, (self.context, *args, self.dirty)):
                self.push(v)
            return
        call = Call(callee.name, callee.symbol, params, callee.results)
        f_types = self.function.types
        *results, status = b.call("invoke", call, (self.context, *args))
        if r.random() < 0.5:
            for v in results:
                # what a failed callee leaves in its results is undefined
                t = f_types[v]
                self.push(b.emit("select", status, b.const(t, False if t is I1 else 1), v))
            self.push(status)
            return
        # branch on the status at once
        failed, good, after = b.new_block(self.loop), b.new_block(self.loop), b.new_block(self.loop)
        source = b.block
        b.branch(status, failed, good)
        b.start(failed, source)
        one = b.const(I64, 1)
        b.jump(after, (one,))
        b.start(good, source)
        state = self.save()
        for v in results:
            self.push(v)
        value = self.pick(I64)
        b.jump(after, (value,))
        self.restore(state)
        b.start(after, source)
        self.push(b.param(after, I64))

    def unknown(self, condition):
        """The condition, or another if the builder found it to be constant (it would drop a block then)."""
        if self.b.constant(condition) is None:
            return condition
        return self.b.load(ACCESSES["b1"], self.buffer, disp=self.random.randrange(8 * WORDS))

    def branch(self, depth):
        r, b = self.random, self.b
        self.budget -= 2
        condition = self.pick(I1)
        if r.random() < 0.4:
            condition = b.emit(r.choice(["and", "or"]), b.emit("slt", self.pick(I64), self.pick(I64)), self.pick(I1))
        elif r.random() < 0.3:
            condition = b.emit(r.choice(FLOAT_COMPARE), self.pick(F64), self.pick(F64))
        condition = self.unknown(condition)
        types = [r.choice([I64, F64, F32, I1]) for _ in range(r.randint(0, 3))]
        source = b.block
        after = b.new_block(self.loop)
        then = b.new_block(self.loop)
        other = b.new_block(self.loop)
        shape = r.random()
        dirty = self.dirty
        then.cold = r.random() < 0.1
        if shape < 0.25:
            # one arm: the other edge goes straight on
            args = tuple(self.pick(t) for t in types)
            b.branch(condition, then, after, (), (*args, dirty))
            arms = [then]
        elif shape < 0.35:
            # one arm leaves
            b.branch(condition, then, other)
            b.start(then, source)
            captures = tuple(self.pick(t) if t is I64 else self.number(t) for t in (I64, F64)[: r.randint(0, 2)])
            b.exit(self.site(captures), self.dirty, captures)
            arms = [other]
        else:
            b.branch(condition, then, other)
            arms = [then, other]
        for arm in arms:
            state = self.save()
            b.start(arm, source)
            self.body(depth - 1)
            args = tuple(self.pick(t) for t in types)
            b.jump(after, (*args, self.dirty))
            self.restore(state)
        b.start(after, source if len(arms) == 2 or shape < 0.25 else b.block)
        for t in types:
            self.push(b.param(after, t))
        self.dirty = b.param(after, I1)

    def counted_loop(self, depth):
        """Rotated: a zero-trip test, then the test at the bottom."""
        r, b = self.random, self.b
        self.budget -= 4
        outer = self.loop
        trips = r.randint(0, 5)
        stop = b.const(I64, trips) if r.random() < 0.5 else b.emit("and", self.pick(I64), b.const(I64, 3))
        most = (2, 8) if self.pressure else (0, 3)
        types = [r.choice([I64, I64, F64, I1]) for _ in range(r.randint(*most))]
        zero = b.const(I64, 0)
        source = b.block
        loop = Loop(outer)
        pre, exit_, header = b.new_block(outer), b.new_block(outer), b.new_block(loop)
        loop.preheader, loop.header = pre, header
        first = tuple(self.pick(t) for t in types)
        b.branch(self.unknown(b.emit("slt", zero, stop)), pre, exit_, (), (*first, self.dirty))
        b.start(pre, source)
        b.jump(header, (zero, *first, self.dirty))
        state = self.save()
        b.start(header, pre)
        self.loop = loop
        counter = b.param(header, I64)
        self.push(counter)
        for t in types:
            self.push(b.param(header, t))
        self.dirty = b.param(header, I1)
        fuel = r.random() < 0.3
        if fuel:
            b.emit("poll", b.const(I64, r.choice([0, 5])), self.dirty, imm=(self.site(), r.choice([1, 3])))
        if r.random() < 0.5:
            # the next value of the counter as an index, beside the counter itself (both below 7)
            following = b.emit("add", counter, b.const(I64, 1))
            self.push(b.load(ACCESSES["i64"], self.buffer, following, 8, r.choice([0, 8, 64])))
            if r.random() < 0.5:
                b.store(ACCESSES["i64"], self.pick(I64), self.buffer, following, 8, 8)
                self.push(b.load(ACCESSES["u16"], self.buffer, counter, 8))
            if r.random() < 0.2:
                self.push(following)
        self.body(depth - 1)
        following = b.emit("add", counter, b.const(I64, 1))
        values = tuple(self.pick(t) for t in types)
        latch = b.block
        b.branch(b.emit("slt", following, stop), header, exit_, (following, *values, self.dirty), (*values, self.dirty))
        self.restore(state)
        self.loop = outer
        b.start(exit_, source)
        for t in types:
            self.push(b.param(exit_, t))
        self.dirty = b.param(exit_, I1)
        assert latch.term

    def while_loop(self, depth):
        """The test at the top, and sometimes a break in the middle."""
        r, b = self.random, self.b
        self.budget -= 4
        outer = self.loop
        types = [r.choice([I64, F64]) for _ in range(r.randint(0, 2))]
        loop = Loop(outer)
        pre = b.new_block(outer)
        header, inside, exit_ = b.new_block(loop), b.new_block(loop), b.new_block(outer)
        loop.preheader, loop.header = pre, header
        source = b.block
        b.jump(pre)
        b.start(pre, source)
        first = tuple(self.pick(t) for t in types)
        b.jump(header, (b.const(I64, r.randint(0, 4)), *first, self.dirty))
        b.start(header, pre)
        state = self.save()
        self.loop = loop
        counter = b.param(header, I64)
        params = [b.param(header, t) for t in types]
        dirty = b.param(header, I1)
        self.dirty = dirty
        stay = b.emit("sgt", counter, b.const(I64, 0))
        b.branch(stay, inside, exit_, (), (*params, dirty))
        b.start(inside, header)
        self.push(counter)
        for p in params:
            self.push(p)
        self.body(depth - 1)
        if r.random() < 0.4:
            last = b.block
            on = b.new_block(loop)
            b.branch(self.unknown(self.pick(I1)), exit_, on, (*[self.pick(t) for t in types], self.dirty), ())
            b.start(on, last)
        b.jump(header, (b.emit("sub", counter, b.const(I64, 1)), *[self.pick(t) for t in types], self.dirty))
        self.restore(state)
        self.loop = outer
        b.start(exit_, header)
        for t in types:
            self.push(b.param(exit_, t))
        self.dirty = b.param(exit_, I1)


def random_arguments(function, r):
    out = []
    for p in function.params[1:]:
        t = function.types[p]
        if t is I64:
            out.append(r.choice([*CONSTANTS, r.getrandbits(64) - (1 << 63), r.randint(-50, 50)]))
        elif t is I1:
            out.append(r.random() < 0.5)
        elif t is F32:
            out.append(r.choice([1.5, -0.25, 0.0, -0.0, 65536.0, float("inf"), float("nan")]))
        else:
            out.append(r.choice([*FLOATS, r.gauss(0, 100), float("inf"), float("nan"), 1e300]))
    return out


