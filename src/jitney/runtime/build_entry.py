"""Entries as IR, compiled as functions are: for every signature that `pieces` declines."""

from __future__ import annotations

from ..ir import context
from ..ir.function import RECORD, Call
from ..ir.types import ACCESSES, I1, I64, NATURAL, PTR
from ..pytypes import Array, Object
from . import stubs
from .boxing import Misfit, box, unbox
from .writer import VECTORCALL, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function
    from .arguments import Binding
    from .entry import Entry


def build_entry(entry: Entry) -> Function:
    """The entry as IR of convention "c"."""
    b = Writer(entry.name, VECTORCALL)
    callable, args, nargsf, kwnames = b.params
    first = b.block
    other, huge = b.cold_block(), b.cold_block()
    count = len(entry.arg_types)
    binding = entry.binding

    # Exactly `count` positional arguments: the flag in the top bit of nargsf is shifted out.
    doubled = b.emit("xor", b.emit("shl", nargsf, b.const(I64, 1)), b.const(I64, 2 * count))
    unusual = b.emit("or", doubled, b.emit("p2i", kwnames))
    usual = b.emit("eq", unusual, b.const(I64, 0))
    argv = args
    if binding is not None:
        if binding.positional < count:
            # There are parameters that can only be given by keyword.
            usual = b.const(I1, False)
        argv = _bound_arguments(b, usual, binding, huge)
    else:
        ready = b.new_block()
        b.branch(usual, ready, other)
        b.start(ready, first)

    # Guards first, so that little is live across the call. Where one fails, the chain leads on to the slow entry.
    hidden = entry.guards.emit(b, other)
    misfit = Misfit(other, huge, entry.by_number)
    leaves: list[int] = []
    for k, type in enumerate(entry.arg_types):
        leaves.extend(unbox(b, b.word(argv, 8 * k), type, misfit))
    owned: list[int] = []
    for object, type in zip(hidden, entry.guards.hidden_types):
        leaves.extend(unbox(b, object, type, misfit))
        if isinstance(type, (Array, Object)):
            owned.append(object)
    record = b.space(context.SIZE)
    if entry.owns:
        _slots(b, "begin", record)
    _call(b, entry, record, tuple(leaves), owned)

    def go_on() -> None:
        call = Call("entry", entry.next, VECTORCALL, (PTR,))
        b.ret(b.call("ccall", call, (callable, args, nargsf, kwnames)))

    def run_plain() -> None:
        call = Call("plain", stubs.address("plain"), VECTORCALL, (PTR,))
        b.ret(b.call("ccall", call, (callable, args, nargsf, kwnames)))

    b.finish([(huge, run_plain), (other, go_on)])
    return b.function


def _bound_arguments(b: Writer, usual: int, binding: Binding, wrong: Block) -> int:
    """The address of the arguments in the order of the parameters, also where there are keywords or defaults."""
    _, args, nargsf, kwnames = b.params
    first, unusual, ready = b.block, b.cold_block(), b.new_block()
    argv = b.param(ready, PTR)
    b.branch(usual, ready, unusual, (args,), ())
    b.start(unusual, first)
    table, room = b.pointer(binding.address), b.space(8 * len(binding.names) + 8)
    call = Call("bind", stubs.address("bind"), (PTR, I64, PTR, PTR, PTR), (I64,))
    fits = b.call("ccall", call, (args, nargsf, kwnames, table, room))[0]
    b.branch(b.emit("ne", fits, b.const(I64, 0)), ready, wrong, (room,), ())
    b.start(ready, first)
    return argv


def _slots(b: Writer, stub: str, *args: int) -> None:
    """Call one of the stubs that look after the slots."""
    b.call("ccall", Call(stub, stubs.address(stub), (PTR,) * len(args), ()), args)


def _check_stack(b: Writer, entry: Entry, record: int, limit: int) -> None:
    """Go on if this frame, which the context is in, lies above the limit."""
    block, deep, after = b.block, b.cold_block(), b.new_block()
    b.branch(b.emit("ult", b.emit("p2i", record), b.emit("p2i", limit)), deep, after)
    b.start(deep, block)
    if entry.owns:
        _slots(b, "finish", record)
    b.ret(b.call("ccall", Call("deep", stubs.address("deep"), (), (PTR,)), ()))
    b.start(after, block)


def _call(b: Writer, entry: Entry, record: int, leaves: tuple[int, ...], owned: list[int]) -> None:
    """Call the compiled function and return its result, boxed. What names gave as hidden arguments is owned by the
    call: a thread that gets the GIL during a poll may rebind the name."""
    _, args, nargsf, kwnames = b.params
    count = ACCESSES["i64"]
    words = b.pointer(entry.words)
    b.store(count, b.emit("add", b.load(count, words, disp=stubs.CALLS), b.const(I64, 1)), words, disp=stubs.CALLS)
    zero = b.const(I64, 0)
    b.store(count, zero, record, disp=context.DIRTY, region=RECORD)
    b.store(count, zero, record, disp=context.TRACE_COUNT, region=RECORD)
    if entry.stack_limit:
        limit = b.call("ccall", Call("stack_limit", entry.stack_limit, (), (PTR,)), ())[0]
        b.store(ACCESSES["ptr"], limit, record, disp=context.STACK_LIMIT, region=RECORD)
        _check_stack(b, entry, record, limit)
    b.store(count, b.const(I64, context.FUEL_FULL), record, disp=context.FUEL, region=RECORD)
    for object in owned:
        b.api("Py_IncRef", None, object)
    types = b.function.types
    places = context.returned(entry.result.leaves)
    results = tuple([t for t, at in zip(entry.result.leaves, places) if at < 0]) + ((I1,) if entry.writes else ())
    call = Call(entry.name, entry.symbol, tuple([types[v] for v in leaves]), results)
    participant = b.space(16) if entry.free is not None else -1
    if entry.free is not None:
        b.call("ccall", Call("release", entry.free[0], (PTR,), ()), (participant,))
    values = b.call("invoke", call, (record, *leaves))
    if entry.free is not None:
        b.call("ccall", Call("retake", entry.free[1], (PTR,), ()), (participant,))
    block, failed, done = b.block, b.cold_block(), b.new_block()
    b.branch(values[-1], failed, done)

    b.start(failed, block)
    if entry.owns:
        # Before CPython runs the call again, which may need the memory.
        _slots(b, "release", record, b.word(record, context.OWNED_BLOCK))
        _slots(b, "finish", record)
    fail = Call("fail", stubs.address("fail"), (PTR, I64, PTR, PTR, PTR), (PTR,))
    outcome = b.call("ccall", fail, (args, nargsf, kwnames, record, words))[0]
    for object in owned:
        b.api("Py_DecRef", None, object)
    b.ret((outcome,))

    b.start(done, block)
    kept = iter(values)
    unboxed = [
        next(kept) if at < 0 else b.load(NATURAL[t], record, disp=at, region=RECORD)
        for t, at in zip(entry.result.leaves, places)
    ]
    boxed = box(b, entry.result, tuple(unboxed))
    for object in owned:
        b.api("Py_DecRef", None, object)
    if entry.owns:
        _slots(b, "finish", record)
    b.ret((boxed,))
