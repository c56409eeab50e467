"""Random nests of counted loops over small arrays, built as the frontend builds them: what the loop passes live on."""

from __future__ import annotations

import random

from jitney.ir.builder import Builder
from jitney.ir.function import Block, Function, Loop
from jitney.ir.types import ACCESSES, F64, I1, I64, PTR
from tests.ir.harness import DATA, Program

_ACCESSES = ("i64", "i64", "f64", "u8", "i32")
_MAX = (1 << 63) - 1


class _Nest:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.function = Function("main", (I64, F64, I1))
        self.function.id = 1
        self.b = Builder(self.function)
        self.counters: list[int] = []

    def build(self, size: int) -> Function:
        b, rng = self.b, self.rng
        entry = b.new_block()
        b.start(entry, None)
        b.param(entry, PTR)
        self.buffer = b.param(entry, PTR)
        self.scalars = [b.param(entry, I64) for _ in range(3)]
        self.lengths = [b.param(entry, I64) for _ in range(2)]
        for length in self.lengths:
            self.function.facts[length] = (0, 16 if rng.random() < 0.3 else _MAX)
        self.acc, self.old, self.facc = b.const(I64, 0), b.const(I64, 5), b.const(F64, 0.0)
        self.dirty, self.fuel = b.const(I1, False), b.const(I64, rng.choice((5, 1 << 15)))
        b.line = 1
        for _ in range(rng.choice((1, 1, 2))):
            rng.choice((self.loop, self.loop, self.while_loop))(size, 1)
        b.ret((self.acc, self.facc, self.dirty))
        return self.function

    # -- state carried around --------------------------------------------------------------------------------------

    def get(self) -> tuple[int, ...]:
        return (self.acc, self.old, self.facc, self.dirty, self.fuel)

    def put(self, values: tuple[int, ...]) -> None:
        self.acc, self.old, self.facc, self.dirty, self.fuel = values

    def joined(self, block: Block) -> None:
        self.put(tuple(self.b.param(block, t) for t in (I64, I64, F64, I1, I64)))

    # -- loops -------------------------------------------------------------------------------------------------------

    def bound(self, low: bool) -> int:
        rng, b = self.rng, self.b
        kind = rng.random()
        if kind < 0.4:
            return b.const(I64, rng.choice((0, 0, 0, 1, 2, -2)) if low else rng.choice((3, 7, 12, 16)))
        base = rng.choice(self.lengths if not low else self.scalars + self.counters)
        if kind < 0.6:
            return b.emit("addo", base, b.const(I64, rng.choice((-1, 1, 2))), self.dirty, imm=b.add_site("overflow"))
        return base

    def loop(self, size: int, depth: int) -> None:
        rng, b = self.rng, self.b
        outer = b.block.loop
        step = rng.choice((1, 1, 1, 1, 2, 3, -1, -1, -2))
        start, stop = self.bound(step > 0), self.bound(step < 0)
        if rng.random() < 0.25:
            start, stop = b.const(I64, rng.choice((0, 1))), b.const(I64, rng.choice((2, 3)))
            step = abs(step)
        test = "slt" if step > 0 else "sgt"
        first = b.block
        before = self.get()
        pre, after = b.new_block(outer), b.new_block(outer)
        loop = Loop(outer)
        header = b.new_block(loop)
        loop.preheader, loop.header = pre, header
        loop.step, loop.stop = step, stop
        b.branch(b.emit(test, start, stop), pre, after, (), before)
        if not any(e.target is pre for e in first.edges):
            b.start(after, first)
            self.joined(after)
            return
        b.start(pre, first)
        loop.counter = b.param(header, I64)
        self.joined(header)
        b.jump(header, (start, *before))
        b.start(header, pre)
        self.counters.append(loop.counter)
        for _ in range(rng.randrange(1, size)):
            b.line += 1
            self.statement(size, depth, after)
        self.counters.pop()
        self.fuel = b.emit("poll", self.fuel, self.dirty, imm=(b.add_site("poll"), 1))
        following = b.emit("add", loop.counter, b.const(I64, step))
        again = b.emit(test, following, stop)
        b.branch(again, header, after, (following, *self.get()), self.get())
        b.start(after, first)
        self.joined(after)

    def while_loop(self, size: int, depth: int) -> None:
        """``while i < stop: ...; i += step``, or with a condition that does not count."""
        rng, b = self.rng, self.b
        outer = b.block.loop
        step = rng.choice((1, 1, 2, -1))
        start, stop = self.bound(step > 0), self.bound(step < 0)
        if step < 0 and rng.random() < 0.5:
            start, stop = self.bound(False), b.const(I64, 0)
        first = b.block
        pre, after = b.new_block(outer), b.new_block(outer)
        loop = Loop(outer)
        header, body = b.new_block(loop), b.new_block(loop)
        loop.preheader, loop.header = pre, header
        b.jump(pre)
        b.start(pre, first)
        i = b.param(header, I64)
        before = self.get()
        self.joined(header)
        b.jump(header, (start, *before))
        b.start(header, pre)
        # Whatever else it tests, it ends.
        cond = b.emit(rng.choice(("slt", "sle") if step > 0 else ("sgt", "sge")), i, stop)
        kind = rng.random()
        if kind < 0.1:
            cond = b.emit("and", cond, b.emit("slt", self.acc, b.const(I64, 100)))
        elif kind < 0.2:
            cond = b.emit("and", cond, b.emit("sge", self.checked("addo", self.acc, i), b.const(I64, -50)))
        b.branch(cond, body, after, (), self.get())
        b.start(body, header)
        self.counters.append(i)
        for _ in range(rng.randrange(1, size)):
            b.line += 1
            self.statement(size, depth, after)
        self.counters.pop()
        add = rng.random() < 0.7
        i = self.checked("addo" if add else "subo", i, b.const(I64, step if add else -step))
        self.fuel = b.emit("poll", self.fuel, self.dirty, imm=(b.add_site("poll"), 1))
        b.jump(header, (i, *self.get()))
        b.start(after, header)
        self.joined(after)

    def branch(self, size: int, depth: int, after: Block) -> None:
        b, rng = self.b, self.rng
        cond = b.emit(rng.choice(("slt", "sgt", "eq", "ne")), self.integer(), self.integer())
        if b.constant(cond) is not None:
            return
        first, before = b.block, self.get()
        then, other = b.new_block(first.loop), b.new_block(first.loop)
        kind = rng.random()
        b.branch(cond, then, other, (), before if kind > 0.3 else ())
        b.start(then, first)
        if kind < 0.2:
            b.jump(after, self.get())
        elif kind < 0.3:
            b.ret((self.acc, self.facc, self.dirty))
        else:
            self.statement(size, depth, after)
            b.jump(other, self.get())
        b.start(other, first)
        if kind > 0.3:
            self.joined(other)

    # -- statements ----------------------------------------------------------------------------------------------------

    def integer(self) -> int:
        rng, b = self.rng, self.b
        kind = rng.random()
        if kind < 0.5:
            return rng.choice(self.counters)
        if kind < 0.7:
            return rng.choice(self.scalars)
        if kind < 0.8:
            return self.acc
        return b.const(I64, rng.choice((-1, 0, 1, 2, 3, 5)))

    def checked(self, name: str, x: int, y: int) -> int:
        return self.b.emit(name, x, y, self.dirty, imm=self.b.add_site("overflow"))

    def place(self) -> int:
        """A checked index into one of the arrays."""
        rng, b = self.rng, self.b
        x = rng.choice(self.counters[-2:] + self.counters[-1:])
        kind = rng.random()
        if kind < 0.3:
            x = self.checked("addo", x, b.const(I64, rng.choice((-2, -1, 1, 2))))
        elif kind < 0.45:
            x = self.checked("subo", rng.choice(self.scalars + self.lengths), x)
        elif kind < 0.6:
            x = self.checked("addo", x, self.integer())
        elif kind < 0.7:
            x = self.checked("mulo", x, b.const(I64, rng.choice((2, 3, -1))))
        elif kind < 0.8:
            x = self.checked("addo", self.checked("mulo", x, rng.choice(self.scalars)), self.integer())
        elif kind < 0.85:
            x = self.checked("addo", self.checked("mulo", self.integer(), rng.choice(self.lengths)), x)
        return b.emit("index", x, rng.choice(self.lengths), self.dirty, imm=b.add_site("index"))

    def statement(self, size: int, depth: int, after: Block) -> None:
        rng, b = self.rng, self.b
        kind = rng.random()
        if kind < 0.12 and depth < 3:
            rng.choice((self.loop, self.loop, self.while_loop))(max(2, size // 2), depth + 1)
        elif kind < 0.25 and depth < 6:
            self.branch(size, depth + 3, after)
        elif kind < 0.3:
            cond = b.emit(rng.choice(("sle", "ne")), self.integer(), rng.choice(self.scalars))
            b.emit("guard", cond, self.dirty, imm=b.add_site("guard"))
        elif kind < 0.45:
            self.acc = self.checked(rng.choice(("addo", "addo", "subo", "mulo")), self.acc, self.integer())
        elif kind < 0.48:
            self.acc = self.checked("mulo", self.integer(), self.integer())
        elif kind < 0.56:
            self.acc, self.old = self.old, rng.choice((self.acc, self.acc, self.integer()))
        else:
            access = ACCESSES[rng.choice(_ACCESSES)]
            i = self.place()
            disp = DATA + rng.choice((0, 0, 0, 8, 64))
            if kind < 0.8:
                v = b.load(access, self.buffer, i, access.size, disp, 1)
                if access.type is F64:
                    term = b.emit("i2f", b.emit("f2i", v), type=F64)
                    if kind < 0.7:
                        # Dear enough to be computed in lanes.
                        term = b.emit("fdiv", term, b.emit("fadd", b.emit("fmul", v, v), b.const(F64, 1.5)))
                    self.facc = b.emit("fadd", self.facc, term)
                else:
                    self.acc = b.emit("add", self.acc, v)
            else:
                value = b.emit("i2f", self.acc, type=F64) if access.type is F64 else self.acc
                b.store(access, value, self.buffer, i, access.size, disp, 1)
                self.dirty = b.const(I1, True)


def generate(seed: int, size: int = 6) -> Program:
    """A program as `tests.ir.random_ir.generate` makes, but all loops."""
    return Program(_Nest(random.Random(seed)).build(size), [])


def arguments(rng: random.Random) -> tuple[int, ...]:
    """Mostly small numbers: the lengths are at most 16, as the arrays are."""
    scalars = [rng.choice((0, 1, 2, 3, 5, -1, -4, 9, 16, 1 << 31, -(1 << 62), _MAX)) for _ in range(3)]
    scalars = [s if rng.random() < 0.3 else rng.randrange(-3, 17) for s in scalars]
    return (*scalars, rng.choice((0, 1, 5, 12, 16)), rng.choice((3, 12, 16)))
