"""Random valid IR, and a harness that runs it: the interpreter says what is right, whatever else runs it must agree.

    from tests.ir.harness import observe_interpreted, observe_native
    program = generate(seed=7, size=60)          # deterministic
    args = program.arguments(random.Random(1))
    expected = observe_interpreted(program, args)
    got = observe_native(program, args, native)  # native(context, args, out) -> int, made from program.entry()
    assert got == expected                       # after passes that move guards: assert got.refines(expected)

A program is one `jit` function with at most a few callees. All its functions take the context, the scratch buffer and
some scalars, and return some scalars and the dirty flag. Every loop is bounded, every access lies in the buffer or in
an alloca, every division is defined, and nothing depends on the payload or sign of a NaN, which IR leaves open, nor on
the address of anything but the buffer. `raw` programs come as written: constants not folded, nothing shared.
"""

from __future__ import annotations

import ctypes
import math
import random
from collections.abc import Callable, Iterable

from jitney.ir import context as layout
from jitney.ir.builder import Builder
from jitney.ir.function import Block, Call, Edge, Function, Loop
from jitney.ir.ops import OPS, Op, hold
from jitney.ir.types import ACCESSES, BY_NAME, F32, F64, I1, I64, PTR, VOID, Type
from tests.ir.harness import BOOLS, DATA, Program, constant

_CONSTANT_REGION, _BUFFER_REGION, _ALLOCA_REGION = 7, 1, 5

# All that `generate` can leave out: rows of `ops.OPS`, and these.
FEATURES = ("if", "loop", "while", "return", "exit", "guard", "load", "store", "alloca", "invariant", "ccall", "call",
            "invoke", "poll", "enter", "checked", "index", "division", "f32")  # fmt: skip


def _c_mix(a: int, b: float, c: int, d: float, e: int, f: int, g: int, h: int, i: int, j: float, k: int) -> int:
    floats = sum(int(x) % 1000 if math.isfinite(x) else 5 for x in (b, d, j))
    return hold(I64, a + 3 * c + 5 * e + 7 * f + 11 * g + 13 * h + 17 * i + 19 * k + floats)


def _c_pick(flag: bool, a: float, b: float) -> float:
    return a if flag else b


def _c_half(a: float) -> float:
    return a / 2.0


def _c_function(python: Callable[..., object], signature: str) -> tuple[Call, object]:
    """A pure C function as the record that calls it, and what has to stay alive."""
    params, _, result = signature.partition("->")
    types = tuple(BY_NAME[t] for t in params.split())
    c_types = {"i1": ctypes.c_bool, "i64": ctypes.c_int64, "f32": ctypes.c_float, "f64": ctypes.c_double}
    callback = ctypes.CFUNCTYPE(c_types[result.strip()], *[c_types[t.name] for t in types])(python)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    name = python.__name__.strip("_")
    return Call(name, address, types, (BY_NAME[result.strip()],), pure=True), callback


_C_FUNCTIONS = [
    _c_function(_c_mix, "i64 f64 i64 f64 i64 i64 i64 i64 i64 f64 i64 -> i64"),
    _c_function(_c_pick, "i1 f32 f32 -> f32"),
    _c_function(_c_half, "f64 -> f64"),
]


class RawBuilder(Builder):
    """Puts everything where and as it is said: no folding, no numbering, no motion."""

    def insert(self, op: Op, args: tuple[int, ...], imm: object = None, type: Type | None = None) -> int:
        return self._append(op, args, imm, self._result_type(op, args) if type is None else type)

    def _numbered(self, op: Op, args: tuple[int, ...], imm: object, type: Type, hoist: bool = True) -> int:
        return self._append(op, args, imm, type)

    def branch(
        self, cond: int, then: Block, other: Block, then_args: tuple[int, ...] = (), other_args: tuple[int, ...] = ()
    ) -> None:
        self._terminate("br", (cond,), [Edge(then, then_args), Edge(other, other_args)])


def generate(
    seed: int | random.Random, size: int = 40, *, raw: bool = False, exclude: Iterable[str] = ()
) -> Program:
    """A random program.

    Args:
        seed: decides everything; or the source of randomness itself (`hypothesis.strategies.randoms()` shrinks).
        size: about how many statements; each makes a few instructions.
        raw: whether constants stay unfolded and equal values apart.
        exclude: what must not occur: names of operations, or of `FEATURES`.
    """
    rng = seed if isinstance(seed, random.Random) else random.Random(seed)
    left_out = frozenset(exclude)
    callees: list[Function] = []
    if size >= 8 and not {"call", "invoke"} <= left_out:
        for k in range(rng.randrange(3)):
            callees.append(_Generator(rng, f"callee{k}", k + 1, raw, left_out, list(callees)).build(size // 4))
    return Program(_Generator(rng, "main", len(callees) + 1, raw, left_out, callees).build(size), callees)


_VARIABLES: dict[str, tuple[Type, ...]] = {
    "f": (F32, F64), "x": (I64, I64, I64, PTR, I1), "t": (I64, F64, I1, PTR, F32),
}  # fmt: skip
_UNSTABLE = {"f2bits": (0,), "fcopysign": (1,)}  # arguments whose NaN would show


class _Generator:
    """Builds one function, statement by statement, from variables that are assigned and merged."""

    def __init__(
        self, rng: random.Random, name: str, number: int, raw: bool, exclude: frozenset[str], callees: list[Function]
    ) -> None:
        self.rng = rng
        self.exclude = exclude
        self.callees = callees
        self.scalars: tuple[Type, ...] = (I64, F64, I1) if "f32" in exclude else (I64, F64, I1, F32)
        results = tuple(rng.choice(self.scalars) for _ in range(rng.choice((0, 1, 1, 2, 3, 6))))
        self.function = Function(name, (*results, I1))
        self.function.id = number
        self.builder = (RawBuilder if raw else Builder)(self.function)
        self.pool: list[int] = []  # values to choose from, newest last
        self.vars: list[int] = []  # variables hold a value each; 0 is the dirty flag, 1 the fuel
        self.assignable: list[int] = []
        self.loop: Loop | None = None
        self.depth = 0
        self.budget = 0
        self.allocas: list[tuple[int, int]] = []
        self.rows = [
            op for op in OPS.values()
            if op.pure and op.meaning is not None and op.name not in exclude
            and not (op.name in ("fext", "fround") and "f32" in exclude)
        ]  # fmt: skip

    def build(self, size: int) -> Function:
        rng, b = self.rng, self.builder
        entry = b.new_block()
        b.start(entry, None)
        self.context, self.buffer = b.param(entry, PTR), b.param(entry, PTR)
        count = rng.choice((0, 1, 2, 3, 4, 12))
        self.pool = [b.param(entry, rng.choice(self.scalars)) for _ in range(count)]
        self.pool.append(b.param(entry, I1))
        b.line = 1
        if "enter" not in self.exclude and rng.random() < 0.2:
            b.emit("enter", self.context, b.const(I1, False), imm=b.add_site("recursion"))
        if "alloca" not in self.exclude and rng.random() < 0.3:
            size_of = rng.choice((8, 24, 64))
            slot = b.emit("alloca", imm=size_of)
            for k in range(0, size_of, 8):
                b.store(ACCESSES["i64"], self.pick(I64), slot, disp=k, region=_ALLOCA_REGION)
            self.allocas.append((slot, size_of))
        fuel = rng.choice((layout.FUEL_FULL, 3, 0))
        self.vars = [b.const(I1, False), b.const(I64, fuel)]
        self.vars += [self.pick(rng.choice(self.scalars)) for _ in range(rng.randrange(1, 5))]
        self.assignable = list(range(2, len(self.vars)))
        self.budget = size
        self.statements(size)
        self.ret()
        return self.function

    # -- values --------------------------------------------------------------------------------------------------------

    def allowed(self, feature: str) -> bool:
        return feature not in self.exclude

    def visible(self, v: int) -> bool:
        return self.function.homes[v].open

    def pick(self, type: Type) -> int:
        """A value of this type: an old one, or a constant."""
        function = self.function
        if self.rng.random() < 0.8:
            found = [v for v in self.pool[-40:] + self.vars[2:] if function.types[v] is type and self.visible(v)]
            if found:
                return self.rng.choice(found)
        if type is PTR:
            return self.buffer
        return self.builder.const(type, constant(self.rng, type))

    def solid(self, v: int) -> int:
        """The float `v`, or 0.0 for NaN: its bits may be looked at."""
        b, type = self.builder, self.function.types[v]
        return b.emit("select", b.emit("feq", v, v), v, b.const(type, 0.0))

    def push(self, v: int) -> int:
        if v >= 0 and self.function.types[v] is not VOID:
            self.pool.append(v)
        return v

    def pure(self) -> int:
        rng = self.rng
        op = rng.choice(self.rows)
        letters: dict[str, Type] = {}
        types: list[Type] = []
        for letter in op.params:
            choices = [t for t in _VARIABLES.get(letter, ()) if t is not F32 or self.allowed("f32")]
            types.append(letters.setdefault(letter, rng.choice(choices)) if choices else BY_NAME[letter])
        args = [self.pick(t) for t in types]
        for k in _UNSTABLE.get(op.name, ()):
            args[k] = self.solid(args[k])
        given = rng.choice((F32, F64) if self.allowed("f32") else (F64,)) if op.result == "?" else None
        return self.push(self.builder.emit(op.name, *args, type=given))

    def condition(self) -> int:
        """An i1; mostly a comparison of variables, so that loops change it."""
        if self.rng.random() < 0.5:
            return self.pick(I1)
        name = self.rng.choice(("slt", "sge", "eq", "ne", "ult", "flt", "fle", "feq", "fne", "fgt"))
        type = F64 if name.startswith("f") else I64
        return self.push(self.builder.emit(name, self.pick(type), self.pick(type)))

    def assign(self, v: int) -> None:
        """Put `v` into a variable of its type, if there is one."""
        same = [k for k in self.assignable if self.function.types[self.vars[k]] is self.function.types[v]]
        if same:
            self.vars[self.rng.choice(same)] = v

    # -- statements ----------------------------------------------------------------------------------------------------

    def statements(self, count: int) -> None:
        """Up to `count` statements; stops early where control ends."""
        table = self.TABLE
        for _ in range(count):
            if self.budget <= 0 or self.builder.block.term:
                return
            self.budget -= 1
            self.builder.line += 1
            feature, weight, method = self.rng.choice(table)
            if self.allowed(feature) and self.rng.random() < weight:
                method(self)
            else:
                self.assign(self.pure())

    def checked(self) -> None:
        b = self.builder
        name = self.rng.choice(("addo", "subo", "mulo"))
        if self.allowed(name):
            a, c = self.pick(I64), self.pick(I64)
            if self.rng.random() < 0.7:
                a, c = b.emit("sext16", a), b.emit("sext8", c)
            self.assign(self.push(b.emit(name, a, c, self.vars[0], imm=b.add_site("overflow"))))

    def index(self) -> None:
        b, rng = self.builder, self.rng
        length = 16 if rng.random() < 0.9 else 8
        i = b.emit("sub", b.emit("and", self.pick(I64), b.const(I64, 31)), b.const(I64, 16))
        n = b.const(I64, length)
        if rng.random() < 0.1:
            n = b.emit("umin", n, b.emit("and", self.pick(I64), b.const(I64, 63)))
        self.assign(self.push(b.emit("index", i, n, self.vars[0], imm=b.add_site("index"))))

    def guard(self) -> None:
        b, rng = self.builder, self.rng
        if rng.random() < 0.2:
            cond = self.condition()
        else:
            cond = b.emit("ne", self.pick(I64), b.const(I64, constant(rng, I64)))
        captured = [self.pick(rng.choice(self.scalars)) for _ in range(rng.choice((0, 0, 1, 3, 8)))]
        site = b.add_site("guard", captures=tuple(self.function.types[v] for v in captured))
        b.emit("guard", cond, self.vars[0], *captured, imm=site)

    def division(self) -> None:
        b = self.builder
        divisor = b.emit("or", self.pick(I64), b.const(I64, 1))
        divisor = b.emit("select", b.emit("eq", divisor, b.const(I64, -1)), b.const(I64, 3), divisor)
        name = self.rng.choice(("floordiv", "floormod", "udiv", "urem"))
        if self.allowed(name):
            self.assign(self.push(b.emit(name, self.pick(I64), divisor)))

    def place(self, size: int) -> tuple[int, int | None, int, int]:
        """Base, index, scale and displacement of somewhere in the data part of the buffer."""
        b, rng = self.builder, self.rng
        base, middle = self.buffer, DATA
        if rng.random() < 0.4:
            base = b.emit("ptradd", self.buffer, b.emit("and", self.pick(I64), b.const(I64, 63)))
        if rng.random() < 0.3:
            base, middle = b.emit("ptradd", base, b.const(I64, DATA)), 0
        disp = middle + rng.randrange(-64, 57)
        if rng.random() < 0.3:
            return base, None, 1, disp
        i = b.emit("and", self.pick(I64), b.const(I64, 15))
        return base, i, rng.choice((size, 1, 2, 4, 8)), disp

    def access(self) -> str:
        scalars = [n for n, a in ACCESSES.items() if a.type.lanes == 1]
        names = [n for n in scalars if n != "b1" and not (n == "f32" and not self.allowed("f32"))]
        return self.rng.choice(names)

    def region(self) -> int:
        return self.rng.choice((0, _BUFFER_REGION))

    def load(self) -> None:
        b, rng = self.builder, self.rng
        kind = rng.random()
        if kind < 0.15:
            v = b.load(ACCESSES["b1"], self.buffer, disp=BOOLS + rng.randrange(64), region=self.region())
        elif kind < 0.3 and self.allowed("invariant"):
            access = ACCESSES[self.access()]
            i = b.emit("and", self.pick(I64), b.const(I64, 7))
            v = b.load(access, self.buffer, i, access.size, region=_CONSTANT_REGION, invariant=True)
        elif kind < 0.45 and self.allocas:
            slot, size = rng.choice(self.allocas)
            v = b.load(ACCESSES["i64"], slot, disp=rng.randrange(0, size, 8), region=_ALLOCA_REGION)
        else:
            access = ACCESSES[self.access()]
            base, i, scale, disp = self.place(access.size)
            v = b.load(access, base, i, scale, disp, self.region())
        self.assign(self.push(v))

    def store(self) -> None:
        b, rng = self.builder, self.rng
        kind = rng.random()
        if kind < 0.15:
            i = b.emit("and", self.pick(I64), b.const(I64, 63))
            b.store(ACCESSES["b1"], self.pick(I1), self.buffer, i, disp=BOOLS, region=self.region())
        elif kind < 0.4 and self.allocas:
            slot, size = rng.choice(self.allocas)
            b.store(ACCESSES["i64"], self.pick(I64), slot, disp=rng.randrange(0, size, 8), region=_ALLOCA_REGION)
            return
        else:
            access = ACCESSES[self.access()]
            value = self.pick(access.type)
            base, i, scale, disp = self.place(access.size)
            b.store(access, self.solid(value) if access.type.is_float else value, base, i, scale, disp, self.region())
        self.vars[0] = b.const(I1, True)

    def ccall(self) -> None:
        call, _ = self.rng.choice(_C_FUNCTIONS)
        if F32 not in call.params or self.allowed("f32"):
            (v,) = self.builder.call("ccall", call, tuple(self.pick(t) for t in call.params))
            self.assign(self.push(v))

    def call(self) -> None:
        self.call_jit("call")

    def invoke(self) -> None:
        self.call_jit("invoke")

    def call_jit(self, name: str) -> None:
        if not self.callees or self.depth > 1:
            return
        b, callee = self.builder, self.rng.choice(self.callees)
        types = tuple(callee.types[p] for p in callee.params[1:])
        args = (self.context, self.buffer, *[self.pick(t) for t in types[1:]])
        site = b.add_site("call") if name == "call" else -1
        call = Call(callee.name, callee.symbol, types, tuple(callee.results), site=site)
        if name == "call":
            *results, dirty = b.call("call", call, (*args, self.vars[0]))
            self.vars[0] = b.emit("or", self.vars[0], dirty)
        else:
            *results, dirty, failed = b.call("invoke", call, args)
            zeros = [b.const(self.function.types[v], 0) for v in results]
            results = [b.emit("select", failed, zero, v) for zero, v in zip(zeros, results)]
            dirty = b.emit("select", failed, b.const(I1, True), dirty)
            self.vars[0] = b.emit("or", self.vars[0], dirty)
            self.push(failed)
        for v in results:
            self.assign(self.push(v))

    def ret(self) -> None:
        if not self.builder.block.term:
            self.builder.ret((*[self.pick(t) for t in self.function.results[:-1]], self.vars[0]))

    def exit(self) -> None:
        b = self.builder
        captured = [self.pick(self.rng.choice(self.scalars)) for _ in range(self.rng.choice((0, 1, 2)))]
        site = b.add_site("raise", captures=tuple(self.function.types[v] for v in captured))
        b.exit(site, self.vars[0], tuple(captured))
        b.block.cold = True

    # -- control flow --------------------------------------------------------------------------------------------------

    def branch_condition(self) -> int | None:
        """An i1 that is no constant (on which the builder would not branch), or None."""
        for _ in range(4):
            cond = self.condition()
            if self.function.ops[cond] is not OPS["const"]:
                return cond
        return None

    def join(self, block: Block, ends: list[tuple[Block, list[int]]]) -> None:
        """Jump from each end (a block, and the variables there) to `block`, and go on there."""
        idom = ends[0][0]
        for end, _ in ends[1:]:
            idom = _common(idom, end)
        while not idom.open:
            idom = idom.idom
        self.builder.start(block, idom)
        values = list(ends[0][1])
        merged = [k for k, v in enumerate(values) if not self.visible(v) or any(vs[k] != v for _, vs in ends)]
        for end, variables in ends:
            passed = tuple(variables[k] for k in merged)
            for edge in end.edges:
                if edge.target is block and not edge.args:
                    edge.args = passed
        b = self.builder
        for k in merged:
            values[k] = b.param(block, self.function.types[values[k]])
        self.vars = values

    def if_(self) -> None:
        b, rng = self.builder, self.rng
        cond = self.branch_condition()
        if cond is None or self.depth >= 5:
            return
        head, before, loop = b.block, list(self.vars), self.loop
        after = b.new_block(loop)
        arms = [b.new_block(loop)]
        two = rng.random() < 0.6
        arms.append(b.new_block(loop) if two else after)
        ends: list[tuple[Block, list[int]]] = [] if two else [(head, before)]
        if rng.random() < 0.5:
            arms.reverse()
        b.branch(cond, arms[0], arms[1])
        self.depth += 1
        for arm in arms:
            if arm is after:
                continue
            b.start(arm, head)
            self.vars = list(before)
            self.statements(rng.randrange(1, 6))
            last = rng.random()
            if not b.block.term and last < 0.08 and self.allowed("return"):
                self.ret()
            elif not b.block.term and last < 0.16 and self.allowed("exit"):
                self.exit()
            if not b.block.term:
                b.jump(after)
                ends.append((b.block, list(self.vars)))
        self.depth -= 1
        if ends:
            self.join(after, ends)

    def open_loop(self) -> tuple[Loop, list[int]]:
        """A new loop around what follows, and the variables that it may change (the dirty flag and fuel always)."""
        loop = Loop(self.loop)
        changed = [0, 1] + [k for k in self.assignable if self.rng.random() < 0.6]
        return loop, changed

    def body(self, changed: list[int]) -> None:
        """Statements that change only those variables, then perhaps a poll."""
        b, kept = self.builder, self.assignable
        self.assignable = [k for k in changed if k > 1]
        self.depth += 1
        self.statements(self.rng.randrange(1, 9))
        self.depth -= 1
        self.assignable = kept
        if not b.block.term and self.allowed("poll") and self.rng.random() < 0.5:
            site = b.add_site("poll")
            self.vars[1] = b.emit("poll", self.vars[1], self.vars[0], imm=(site, self.rng.choice((1, 1, 4))), type=I64)

    def loop_(self) -> None:
        """A rotated `range` loop, as `Loop.counter` describes it."""
        b, rng = self.builder, self.rng
        if self.depth >= 3:
            return
        step = rng.choice((1, 1, 2, -1))
        start = b.const(I64, rng.choice((0, 0, 3, -2)))
        stop = b.emit("add", start, b.const(I64, step * rng.randrange(6)))
        if rng.random() < 0.5:
            trips = b.emit("and", self.pick(I64), b.const(I64, 3))
            stop = b.emit("add", start, b.emit("mul", trips, b.const(I64, step)))
        test = "slt" if step > 0 else "sgt"
        loop, changed = self.open_loop()
        head, outer, before = b.block, self.loop, list(self.vars)
        after, preheader, header = b.new_block(outer), b.new_block(outer), b.new_block(loop)
        enters = b.emit(test, start, stop)
        ends: list[tuple[Block, list[int]]] = []
        if b.constant(enters) is None or isinstance(b, RawBuilder):
            b.branch(enters, preheader, after)
            ends.append((head, before))
        elif b.constant(enters):
            b.jump(preheader)
        else:
            return
        b.start(preheader, head)
        loop.header, loop.preheader = header, preheader
        b.jump(header, (start, *[before[k] for k in changed]))
        b.start(header, preheader)
        i = self.push(b.param(header, I64))
        loop.counter, loop.step, loop.stop = i, step, stop
        for k in changed:
            self.vars[k] = b.param(header, self.function.types[before[k]])
        self.loop = loop
        self.body(changed)
        if not b.block.term:
            following = b.emit("add", i, b.const(I64, step))
            again = b.emit(test, following, stop)
            b.branch(again, header, after, (following, *[self.vars[k] for k in changed]))
            ends.append((b.block, list(self.vars)))
        self.loop = outer
        if ends:
            self.join(after, ends)

    def while_(self) -> None:
        """A loop tested at the top, with a `continue` and a `break` now and then."""
        b, rng = self.builder, self.rng
        if self.depth >= 3:
            return
        loop, changed = self.open_loop()
        head, outer, before = b.block, self.loop, list(self.vars)
        left = b.emit("and", self.pick(I64), b.const(I64, 3))
        preheader, header = b.new_block(outer), b.new_block(loop)
        b.jump(preheader)
        b.start(preheader, head)
        loop.header, loop.preheader = header, preheader
        b.jump(header, (left, *[before[k] for k in changed]))
        b.start(header, preheader)
        left = b.param(header, I64)
        for k in changed:
            self.vars[k] = b.param(header, self.function.types[before[k]])
        cond = b.emit("sgt", left, b.const(I64, 0))
        left = b.emit("sub", left, b.const(I64, 1))
        inner, after = b.new_block(loop), b.new_block(outer)
        b.branch(cond, inner, after)
        ends = [(header, list(self.vars))]
        b.start(inner, header)
        self.loop = loop
        self.body(changed)
        for leaves in (False, True):
            cond = None if b.block.term or rng.random() < 0.6 else self.branch_condition()
            if cond is None:
                continue
            rest = b.new_block(loop)
            here, values = b.block, (left, *[self.vars[k] for k in changed])
            if leaves:
                b.branch(cond, after, rest)
                ends.append((here, list(self.vars)))
            else:
                b.branch(cond, header, rest, values)
            b.start(rest, here)
            self.body(changed)
        if not b.block.term:
            b.jump(header, (left, *[self.vars[k] for k in changed]))
        self.loop = outer
        self.join(after, ends)

    # What a statement may be: the feature, how often it is taken when drawn, how to make it.
    TABLE: list[tuple[str, float, Callable[[_Generator], None]]] = [
        ("checked", 1.0, checked), ("index", 0.5, index), ("guard", 0.5, guard), ("division", 1.0, division),
        ("load", 1.0, load), ("load", 1.0, load), ("store", 1.0, store), ("ccall", 0.6, ccall), ("call", 0.7, call),
        ("invoke", 0.4, invoke), ("if", 1.0, if_), ("if", 1.0, if_), ("loop", 1.0, loop_), ("while", 0.7, while_),
        ("", 0.0, guard), ("", 0.0, guard), ("", 0.0, guard), ("", 0.0, guard),
    ]  # fmt: skip


def _common(a: Block, b: Block) -> Block:
    """The nearest block that dominates both (ids count up in a preorder of the dominator tree)."""
    while a is not b:
        if a.id > b.id:
            a = a.idom
        else:
            b = b.idom
    return a
