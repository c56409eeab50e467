"""Run a program of IR functions and show what came of it, interpreted or compiled, in a form that can be compared."""

from __future__ import annotations

import ctypes
import functools
import math
import random
import struct
from collections.abc import Callable, Iterable

from jitney.ir.builder import Builder
from jitney.ir.function import Call, Function
from jitney.ir.interp import Context, Failure, Outcome, run
from jitney.ir.ops import bits_of, hold, round_f32
from jitney.ir.types import ACCESSES, F32, F64, I1, I64, PTR, Type

BUFFER_SIZE = 512
# The buffer: [0, 64) is never written, [64, 128) holds booleans, the rest anything.
BOOLS, DATA = 64, 256

_INTS = [0, 1, -1, 2, 3, 7, 8, 10, 63, 64, 127, 128, 255, 256, 65535, 2**31 - 1, -(2**31), 2**32 - 1, 2**32, 2**53 + 1,
         2**62, 2**63 - 1, -(2**63)]  # fmt: skip
_FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 1e10, 1e-10, 2.0**53, -(2.0**63), 2.0**63, 1e308, 5e-324, math.inf,
           -math.inf, math.nan, 3.4e38, 1e-45, 0.1]  # fmt: skip


def constant(rng: random.Random, type: Type) -> object:
    """A random value, often an odd one."""
    if type is I1:
        return rng.random() < 0.5
    if type.is_float:
        value = rng.choice(_FLOATS) if rng.random() < 0.5 else rng.uniform(-100.0, 100.0)
        return round_f32(value) if type is F32 else value
    kind = rng.random()
    value = rng.randrange(-20, 100) if kind < 0.6 else rng.choice(_INTS) if kind < 0.9 else rng.getrandbits(64)
    return hold(type, value)


class Program:
    """`function` with the functions it calls, all with ids and symbols."""

    def __init__(self, function: Function, callees: list[Function]) -> None:
        self.function = function
        self.callees = callees

    @property
    def functions(self) -> list[Function]:
        return [*self.callees, self.function]

    def arguments(self, rng: random.Random) -> tuple[object, ...]:
        """Values for the parameters after context and buffer."""
        function = self.function
        return tuple(constant(rng, function.types[p]) for p in function.params[2:])

    def entry(self) -> Function:
        """The same program for C: ``i64 entry(ptr context, ptr args, ptr out)``; see `entry_function`."""
        return entry_function(self.function)


class Observation:
    """What a run shows. Equal ones agree on results or failure and on the buffer; all NaNs are one NaN."""

    def __init__(self, results: tuple[object, ...] | None, failure: tuple[object, ...] | None, buffer: bytes) -> None:
        self.results = results
        self.failure = failure
        self.buffer = buffer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Observation) and vars(self) == vars(other)

    def refines(self, reference: Observation) -> bool:
        """Whether this may be shown in place of `reference`: the same, or it left before anything had happened."""
        untouched = self.failure is not None and not self.failure[2] and self.buffer == initial_buffer()
        return untouched or self == reference

    def __repr__(self) -> str:
        return f"results {self.results} failure {self.failure} buffer {self.buffer.hex()}"


_buffer = ctypes.create_string_buffer(BUFFER_SIZE + 16)
_buffer_address = (ctypes.addressof(_buffer) + 15) & -16


@functools.cache
def initial_buffer() -> bytes:
    rng = random.Random(0)
    data = bytearray(rng.choice((0, 1, 0x40, 0x7F, 0xFF, rng.randrange(256))) for _ in range(BUFFER_SIZE))
    data[BOOLS : BOOLS + 64] = bytes(b & 1 for b in data[BOOLS : BOOLS + 64])
    return bytes(data)


def _fill_buffer() -> None:
    ctypes.memmove(_buffer_address, initial_buffer(), BUFFER_SIZE)


def _shown(type: Type, word: int) -> object:
    """A result or captured value from its 64 bits (signed); NaNs as text, other floats by their bits."""
    if type is F64:
        value = struct.unpack("<d", struct.pack("<q", word))[0]
        return "nan" if value != value else word
    if type is F32:
        value = struct.unpack("<f", struct.pack("<I", word & 0xFFFFFFFF))[0]
        return "nan" if value != value else word & 0xFFFFFFFF
    return bool(word & 0xFF) if type is I1 else word


def _word(type: Type, value: object) -> int:
    if type is F64:
        return bits_of(value)
    if type is F32:
        return struct.unpack("<I", struct.pack("<f", value))[0]
    return hold(I64, int(value))


def _observation(program: Program, words: Iterable[int] | None, failure: Failure | None) -> Observation:
    buffer = ctypes.string_at(_buffer_address, BUFFER_SIZE)
    if failure is None:
        results = tuple(_shown(t, w) for t, w in zip(program.function.results, words))
        return Observation(results, None, buffer)
    failed = next(f for f in program.functions if f.id == failure.function)
    captured = failed.sites[failure.site].captures
    captures = tuple(_shown(t, w) for t, w in zip(captured, failure.captures))
    shown = (failed.name, failure.site, failure.dirty, captures, failure.trace)
    return Observation(None, shown, buffer)


def interpret(program: Program, args: tuple[object, ...], function: Function | None = None) -> Outcome:
    """Run `function` (default: the program's) on the refilled buffer."""
    _fill_buffer()
    context = Context()
    return run(
        function or program.function,
        (context.address, _buffer_address, *args),
        symbols={f.name: f for f in program.callees},
        memory=[(_buffer_address, BUFFER_SIZE)],
        steps=1_000_000,
    )


def observe_interpreted(program: Program, args: tuple[object, ...], function: Function | None = None) -> Observation:
    """What the interpreter shows; with `function` in place of the program's main function if given."""
    outcome = interpret(program, args, function)
    if outcome.results is None:
        return _observation(program, None, outcome.failure)
    words = [_word(t, v) for t, v in zip(program.function.results, outcome.results)]
    return _observation(program, words, None)


def observe_native(
    program: Program, args: tuple[object, ...], native: Callable[[int, int, int], int]
) -> Observation:
    """What compiled code shows: `native(context, args, out)` is `program.entry()`, compiled."""
    _fill_buffer()
    types = [program.function.types[p] for p in program.function.params[1:]]
    words = [_word(t, a) for t, a in zip(types, (_buffer_address, *args))]
    packed = struct.pack(f"<{len(words)}q", *[hold(I64, w) for w in words])
    given = ctypes.create_string_buffer(packed, len(packed))
    out = ctypes.create_string_buffer(8 * len(program.function.results))
    context = Context()
    if native(context.address, ctypes.addressof(given), ctypes.addressof(out)):
        return _observation(program, None, Failure(context.address))
    return _observation(program, struct.unpack(f"<{len(program.function.results)}q", out.raw), None)


_WORD_ACCESS = {I64: "i64", I1: "b1", PTR: "ptr", F32: "f32", F64: "f64"}


def entry_function(function: Function) -> Function:
    """A `c` function (context, args, out) -> i64: loads one 8-byte word per parameter after the context from `args`,
    invokes `function`, stores one word per result to `out`; gives 1 if it failed."""
    entry = Function(f"entry.{function.name}", (I64,), "c")
    builder = Builder(entry)
    first = builder.new_block()
    builder.start(first, None)
    context, args, out = (builder.param(first, PTR) for _ in range(3))
    types = tuple(function.types[p] for p in function.params[1:])
    given = [builder.load(ACCESSES[_WORD_ACCESS[t]], args, disp=8 * k) for k, t in enumerate(types)]
    call = Call(function.name, function.symbol, types, tuple(function.results))
    *results, failed = builder.call("invoke", call, (context, *given))
    bad, good = builder.new_block(), builder.new_block()
    builder.branch(failed, bad, good)
    builder.start(bad, first)
    builder.ret((builder.const(I64, 1),))
    builder.start(good, first)
    for k, (t, v) in enumerate(zip(function.results, results)):
        builder.store(ACCESSES[_WORD_ACCESS[t]], v, out, disp=8 * k)
    builder.ret((builder.const(I64, 0),))
    return entry
