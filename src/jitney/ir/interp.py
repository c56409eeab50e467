"""The reference interpreter: what IR means, executed. Slow, plain, and the oracle of everything that compiles IR.

It works on the memory of this process, calls C functions at their addresses, and leaves the context record as
compiled code does, so that one function can be run both ways on the same arguments and the outcomes compared.

    context = Context()
    outcome = run(function, (context.address, 7))
    outcome.results            # (13,), or None if it failed
    outcome.failure            # None, or Failure(site=..., dirty=..., captures=..., trace=...)

Where `ops.OPS` leaves room, this is what holds:

- `poll` subtracts, and polls when the rest is negative; the fuel is then `context.FUEL_FULL`.
- `enter` leaves when calls are nested `depth` deep; it counts `context.FUEL` down by one and polls as `poll` does.
- `alloca` is one place per frame: running it again gives the same address.
- A failing site stores `SITE`, `DIRTY` and its captures (an f32 as its 32 bits, zero-extended) and zeroes nothing
  else. The results of an `invoke` that failed are zeros.
- `br`, `select` and friends see an i1 that is 0 or 1; a load of a `b1` gives 1 for every byte but 0.
"""

from __future__ import annotations

import ctypes
import struct

from . import context as layout
from .function import ArrayCall
from .lanes import evaluate
from .ops import OPS, hold, wrap
from .types import F32, F64, I1, I64, PTR, VOID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from .function import Block, Call, Function, Memory, Symbol
    from .types import Type

_C_TYPES: dict[Type, Any] = {
    I1: ctypes.c_bool,
    I64: ctypes.c_int64,
    F32: ctypes.c_float,
    F64: ctypes.c_double,
    PTR: ctypes.c_uint64,
    VOID: None,
}
_BY_CODE: dict[str, Any] = {
    "?": ctypes.c_bool,
    "b": ctypes.c_int8,
    "B": ctypes.c_uint8,
    "h": ctypes.c_int16,
    "H": ctypes.c_uint16,
    "i": ctypes.c_int32,
    "I": ctypes.c_uint32,
    "q": ctypes.c_int64,
    "Q": ctypes.c_uint64,
    "f": ctypes.c_float,
    "d": ctypes.c_double,
}
_INT64_MIN = -(1 << 63)
_FCALL = OPS["fcall"]


class InterpError(Exception):
    """The IR did something undefined: division by zero, memory out of `run`'s bounds, `unreachable`, ..."""


class StepLimit(Exception):
    """More instructions than `run` was allowed."""


class Context:
    """A context record in memory; see `ir.context` for its layout. Compiled code can be given the same one."""

    __slots__ = ("_buffer", "address")

    def __init__(self, fuel: int = layout.FUEL_FULL, stack_limit: int = 0) -> None:
        self._buffer = ctypes.create_string_buffer(layout.SIZE)
        self.address = ctypes.addressof(self._buffer)
        write_word(self.address + layout.FUEL, fuel)
        write_word(self.address + layout.STACK_LIMIT, stack_limit)


class Failure:
    """What a failed call left in its context.

    Attributes:
        function, site: which site failed: the function's id, and an index into its sites.
        dirty: whether anything visible had happened.
        captures: `CAPTURES_MAX` raw 64-bit words; how many count, the site knows.
        trace: the (function id, site) of each call passed, innermost first.
    """

    __slots__ = ("captures", "dirty", "function", "site", "trace")

    def __init__(self, context: int) -> None:
        """Read from the context at this address."""
        site = read_word(context + layout.SITE)
        count = min(read_word(context + layout.TRACE_COUNT), layout.TRACE_MAX)
        words = [read_word(context + layout.TRACE + 8 * k) for k in range(count)]
        self.function, self.site = site >> 32, site & 0xFFFFFFFF
        self.dirty = bool(read_word(context + layout.DIRTY))
        self.captures = tuple([read_word(context + layout.CAPTURES + 8 * k) for k in range(layout.CAPTURES_MAX)])
        self.trace = tuple([(word >> 32, word & 0xFFFFFFFF) for word in words])

    def key(self, captures: int = 0) -> tuple[Any, ...]:
        """For comparing two failures; with as many captures as the site has."""
        return (self.function, self.site, self.dirty, self.captures[:captures], self.trace)

    def __repr__(self) -> str:
        return f"Failure(function={self.function}, site={self.site}, dirty={self.dirty}, trace={self.trace})"


class Outcome:
    """`results`, a tuple, or None with a `failure`. `steps` is the number of instructions executed."""

    __slots__ = ("failure", "results", "steps")

    def __init__(self, results: tuple[Any, ...] | None, failure: Failure | None, steps: int) -> None:
        self.results = results
        self.failure = failure
        self.steps = steps

    def __repr__(self) -> str:
        return f"Outcome({self.results if self.failure is None else self.failure})"


def run(
    function: Function,
    args: Sequence[Any],
    *,
    symbols: Mapping[str, Function | int] | None = None,
    memory: Sequence[tuple[int, int]] | None = None,
    steps: int | None = None,
    depth: int = 100,
    handlers: Callable[[], bool] | None = None,
) -> Outcome:
    """Execute `function`.

    Args:
        function: any function that `verify` accepts.
        args: one Python value per parameter. For a `jit` function that is the address of a `Context` first.
        symbols: what symbols stand for, by name: a function to interpret, or an address. A symbol not named here
            stands for `function` if it is its own, or else for its `address`.
        memory: the only places that may be accessed, as (address, size); the contexts and allocas count in. Default:
            anywhere, and a wrong address crashes the process.
        steps: at most so many instructions.
        depth: at most so many nested frames (see `enter`).
        handlers: called by polls; gives whether a signal handler raised.

    Raises:
        InterpError: something undefined happened.
        StepLimit: too many steps.
    """
    machine = _Machine(symbols or {}, steps, depth, handlers)
    machine.functions[id(function.symbol)] = function
    values = tuple([hold(function.types[p], a) for p, a in zip(function.params, args)])
    if len(values) != len(function.params) or len(values) != len(args):
        raise InterpError(f"{function.name} takes {len(function.params)} arguments, not {len(args)}")
    if memory is not None:
        machine.memory = list(memory)
        if function.convention == "jit":
            machine.memory.append((values[0], layout.SIZE))
    results = machine.execute(function, values)
    failure = Failure(values[0]) if results is None else None
    return Outcome(results, failure, machine.steps)


def read_word(address: int) -> int:
    """The signed 64-bit integer at `address`."""
    return int(ctypes.c_int64.from_address(address).value)


def write_word(address: int, value: int) -> None:
    ctypes.c_int64.from_address(address).value = wrap(value)


def raw_word(type: Type, value: Any) -> int:
    """A captured value as the 64 bits, signed, that the context holds it in."""
    if type is F64:
        return int(struct.unpack("<q", struct.pack("<d", value))[0])
    if type is F32:
        return int(struct.unpack("<I", struct.pack("<f", value))[0])
    return wrap(int(value))


class _Leave(Exception):
    """The current function fails; the context says why."""


class _Frame:
    """One activation: values by number, further results of calls, and the memory of its allocas."""

    __slots__ = ("allocas", "context", "function", "results", "values")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.values: list[Any] = [None] * len(function.ops)
        self.results: dict[int, tuple[Any, ...]] = {}
        self.allocas: dict[int, Any] = {}
        self.context = 0


class _Machine:
    __slots__ = ("depth", "functions", "handlers", "limit", "max_depth", "memory", "steps", "symbols")

    def __init__(
        self,
        symbols: Mapping[str, Function | int],
        limit: int | None,
        max_depth: int,
        handlers: Callable[[], bool] | None,
    ) -> None:
        self.symbols = symbols
        self.functions: dict[int, Function] = {}  # by the identity of their symbol
        self.memory: list[tuple[int, int]] | None = None
        self.limit = limit
        self.max_depth = max_depth
        self.handlers = handlers
        self.steps = 0
        self.depth = 0

    def execute(self, function: Function, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The results, or None when it failed."""
        frame = _Frame(function)
        for p, a in zip(function.params, args):
            frame.values[p] = a
        frame.context = args[0] if function.convention == "jit" else 0
        self.depth += 1
        regions = len(self.memory) if self.memory is not None else 0
        try:
            return self.walk(frame, function.entry)
        except _Leave:
            return None
        finally:
            self.depth -= 1
            if self.memory is not None:
                del self.memory[regions:]

    def walk(self, frame: _Frame, block: Block) -> tuple[Any, ...]:
        function, values = frame.function, frame.values
        ops, types, args = function.ops, function.types, function.args
        while True:
            self.count(len(block.insts) + 1)
            for v in block.insts:
                op = ops[v]
                if op is _FCALL:
                    values[v] = self.lane_calls(frame, v, [values[a] for a in args[v]])
                elif op.pure and (op.name in _VECTOR_ROWS or (args[v] and types[args[v][0]].lanes > 1)):
                    operands = [values[a] for a in args[v]]
                    values[v] = evaluate(op, types[v], [types[a] for a in args[v]], operands, function.imms[v])
                elif op.meaning is None:
                    values[v] = _STEPS[op.name](self, frame, v, [values[a] for a in args[v]])
                else:
                    operands = [values[a] for a in args[v]]
                    if not op.pure:
                        _check_division(op.name, operands)
                    values[v] = hold(types[v], op.meaning(*operands))
            given = [values[a] for a in block.term_args]
            term = block.term
            if term == "ret":
                return tuple(given)
            if term == "exit":
                raise self.leave(frame, block.term_imm, given[0], block.term_args[1:])
            if term == "unreachable":
                raise InterpError(f"{function.name}: {block} reached its unreachable end")
            edge = block.edges[0 if term == "jump" or given[0] else 1]
            passed = [values[a] for a in edge.args]
            block = edge.target
            for p, value in zip(block.params, passed):
                values[p] = value

    def count(self, steps: int) -> None:
        self.steps += steps
        if self.limit is not None and self.steps > self.limit:
            raise StepLimit(f"more than {self.limit} steps")

    # -- leaving -------------------------------------------------------------------------------------------------------

    def leave(self, frame: _Frame, site: int, dirty: bool, captures: tuple[int, ...] = ()) -> _Leave:
        """Fill in the context; the caller raises what this gives."""
        context = frame.context
        write_word(context + layout.SITE, frame.function.id << 32 | site)
        write_word(context + layout.DIRTY, dirty)
        for k, v in enumerate(captures):
            write_word(context + layout.CAPTURES + 8 * k, raw_word(frame.function.types[v], frame.values[v]))
        return _Leave()

    def guard(self, frame: _Frame, v: int, operands: list[Any]) -> None:
        if not operands[0]:
            raise self.leave(frame, frame.function.imms[v], operands[1], frame.function.args[v][2:])

    def checked(self, frame: _Frame, v: int, operands: list[Any]) -> int:
        exact = OPS[frame.function.ops[v].base].meaning(*operands[:2])  # type: ignore[misc]
        if exact != wrap(exact):
            raise self.leave(frame, frame.function.imms[v], operands[2])
        return int(exact)

    def index(self, frame: _Frame, v: int, operands: list[Any]) -> int:
        i, n, dirty = operands
        if not -n <= i < n:
            raise self.leave(frame, frame.function.imms[v], dirty)
        return int(i if i >= 0 else i + n)

    def poll(self, frame: _Frame, v: int, operands: list[Any]) -> int:
        site, amount = frame.function.imms[v]
        return self.burn(frame, operands[0], amount, site, operands[1])

    def enter(self, frame: _Frame, v: int, operands: list[Any]) -> None:
        site = frame.function.imms[v]
        if self.depth > self.max_depth:
            raise self.leave(frame, site, operands[1])
        fuel = read_word(frame.context + layout.FUEL)
        write_word(frame.context + layout.FUEL, self.burn(frame, fuel, 1, site, operands[1]))

    def burn(self, frame: _Frame, fuel: int, amount: int, site: int, dirty: bool) -> int:
        """The fuel after counting down by `amount`, and after a poll if that uses it up."""
        rest = wrap(fuel - amount)
        if rest >= 0:
            return rest
        if self.handlers is not None and self.handlers():
            raise self.leave(frame, site, dirty)
        return layout.FUEL_FULL

    # -- values and memory ---------------------------------------------------------------------------------------------

    def const(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        return frame.function.imms[v]

    def symbol(self, frame: _Frame, v: int, operands: list[Any]) -> int:
        symbol = frame.function.imms[v]
        found = self.symbols.get(symbol.name, symbol.address)
        if not isinstance(found, int) or not found:
            raise InterpError(f"{symbol} has no address")
        return found

    def alloca(self, frame: _Frame, v: int, operands: list[Any]) -> int:
        buffer = frame.allocas.get(v)
        size = frame.function.imms[v]
        if buffer is None:
            buffer = frame.allocas[v] = ctypes.create_string_buffer(size + 15)
        address = (ctypes.addressof(buffer) + 15) & -16
        if self.memory is not None:
            self.memory.append((address, size))
        return address

    def load(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        memory = frame.function.imms[v]
        address, access = self.address(memory, operands), memory.access
        if access.type.lanes > 1:
            return struct.unpack(f"<{access.code}", ctypes.string_at(address, access.size))
        return _BY_CODE[access.code].from_address(address).value

    def store(self, frame: _Frame, v: int, operands: list[Any]) -> None:
        memory = frame.function.imms[v]
        address, access = self.address(memory, operands[1:]), memory.access
        if access.type.lanes > 1:
            ctypes.memmove(address, struct.pack(f"<{access.code}", *operands[0]), access.size)
        else:
            _BY_CODE[access.code].from_address(address).value = operands[0]

    def mload(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        memory = frame.function.imms[v]
        mask, *place = operands
        lane = _BY_CODE[memory.access.code[-1]]
        return tuple([
            lane.from_address(address).value if m < 0 else lane().value
            for m, address in zip(mask, self.lanes(memory, mask, place))
        ])  # fmt: skip

    def mstore(self, frame: _Frame, v: int, operands: list[Any]) -> None:
        memory = frame.function.imms[v]
        value, mask, *place = operands
        lane = _BY_CODE[memory.access.code[-1]]
        for x, m, address in zip(value, mask, self.lanes(memory, mask, place)):
            if m < 0:
                lane.from_address(address).value = x

    def lanes(self, memory: Memory, mask: tuple[int, ...], operands: list[Any]) -> list[int]:
        """Where the lanes of a masked access lie, 0 for those that are not accessed."""
        size = memory.access.size // len(mask)
        base, index = operands[0], operands[1] if len(operands) > 1 else 0
        start = base + index * memory.scale + memory.disp
        return [self.at(start + k * size, size) if m < 0 else 0 for k, m in enumerate(mask)]

    def gather(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        memory = frame.function.imms[v]
        base, indices, *masks = operands
        access = memory.access
        lane = _BY_CODE[access.code]
        found = []
        for index, m in zip(indices, masks[0] if masks else (-1,) * len(indices)):
            address = base + index * memory.scale + memory.disp
            found.append(lane.from_address(self.at(address, access.size)).value if m < 0 else 0)
        return hold(frame.function.types[v], found)

    def address(self, memory: Memory, operands: list[Any]) -> int:
        index = operands[1] if len(operands) > 1 else 0
        return self.at(operands[0] + index * memory.scale + memory.disp, memory.access.size)

    def at(self, address: int, size: int) -> int:
        """The address modulo 2**64, once it is known that `size` bytes may be accessed there."""
        address &= (1 << 64) - 1
        if self.memory is not None:
            end = address + size
            if not any(start <= address and end <= start + size for start, size in self.memory):
                raise InterpError(f"access of {size} bytes at {address:#x}, out of the given memory")
        return int(address)

    # -- calls ---------------------------------------------------------------------------------------------------------

    def ccall(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        call = frame.function.imms[v]
        target = call.target
        if not isinstance(target, int):
            target = self.symbols.get(target.name, target.address)
        if not isinstance(target, int):
            raise InterpError(f"C function {call.name} has no address")
        result = call.results[0] if call.results else VOID
        prototype = ctypes.PYFUNCTYPE(_C_TYPES[result], *[_C_TYPES[t] for t in call.params])
        value = prototype(target)(*operands)
        return hold(result, value) if result is not VOID else None

    def lane_calls(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        call = frame.function.imms[v]
        if call.__class__ is ArrayCall:
            if frame.function.types[v].lanes == 1:
                return call.loop.value(*operands)
            return tuple([call.loop.value(*lanes) for lanes in zip(*operands)])
        if frame.function.types[v].lanes == 1:
            return self.ccall(frame, v, operands)
        return tuple([self.ccall(frame, v, list(lanes)) for lanes in zip(*operands)])

    def call(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        call = frame.function.imms[v]
        results = self.execute(self.callee(call), tuple(operands[:-1]))
        if results is None:
            context = frame.context
            count = read_word(context + layout.TRACE_COUNT)
            if count < layout.TRACE_MAX:
                write_word(context + layout.TRACE + 8 * count, frame.function.id << 32 | call.site)
            write_word(context + layout.TRACE_COUNT, count + 1)
            write_word(context + layout.DIRTY, read_word(context + layout.DIRTY) | operands[-1])
            raise _Leave
        frame.results[v] = results
        return results[0] if results else None

    def invoke(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        call = frame.function.imms[v]
        results = self.execute(self.callee(call), tuple(operands))
        if results is None:
            frame.results[v] = (*[hold(t, 0) for t in call.results], True)
        else:
            frame.results[v] = (*results, False)
        return frame.results[v][0]

    def result(self, frame: _Frame, v: int, operands: list[Any]) -> Any:
        return frame.results[frame.function.args[v][0]][frame.function.imms[v]]

    def callee(self, call: Call) -> Function:
        symbol: Symbol = call.target
        found = self.functions.get(id(symbol)) or self.symbols.get(symbol.name)
        if found is None or isinstance(found, int):
            raise InterpError(f"no function for {symbol}")
        if found.convention != "jit" or tuple(found.results) != tuple(call.results):
            raise InterpError(f"{symbol} does not have the results that the call of {call.name} expects")
        return found


# Pure rows without vectors among their arguments, or without a scalar meaning.
_VECTOR_ROWS = frozenset(("splat", "fma", "fpower"))


def _check_division(name: str, operands: list[int]) -> None:
    dividend, divisor = operands
    if not divisor or (name == "floordiv" and divisor == -1 and dividend == _INT64_MIN):
        raise InterpError(f"{name} of {dividend} by {divisor}")


_STEPS: dict[str, Callable[[_Machine, _Frame, int, list[Any]], Any]] = {
    "const": _Machine.const,
    "symbol": _Machine.symbol,
    "guard": _Machine.guard,
    "addo": _Machine.checked,
    "subo": _Machine.checked,
    "mulo": _Machine.checked,
    "index": _Machine.index,
    "poll": _Machine.poll,
    "enter": _Machine.enter,
    "load": _Machine.load,
    "store": _Machine.store,
    "mload": _Machine.mload,
    "mstore": _Machine.mstore,
    "gather": _Machine.gather,
    "alloca": _Machine.alloca,
    "ccall": _Machine.ccall,
    "call": _Machine.call,
    "invoke": _Machine.invoke,
    "result": _Machine.result,
}
