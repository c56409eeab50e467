"""Leaving functions, polling, calling, placing: what random functions do not reach."""

import ctypes
import gc
import weakref

import pytest
from harness import POLLS, TARGET, Native, caller, compare, new_function

from jitney.codegen.generate import generate
from jitney.ir import context as layout
from jitney.ir.builder import Builder
from jitney.ir.function import Call, Function, Loop, Symbol
from jitney.ir.interp import Context, read_word, write_word
from jitney.ir.types import ACCESSES, F64, I1, I64, PTR
from jitney.loader import load


@pytest.fixture
def raising():
    POLLS.raises = True
    yield
    POLLS.raises = False


def count_down():
    """A loop of n iterations that polls in each; returns the sum of 0 .. n - 1."""
    f, b, _, (n,) = new_function((I64,), (I64,))
    loop = Loop(None)
    entry, pre, header, exit_ = b.block, b.new_block(), b.new_block(loop), b.new_block()
    loop.preheader, loop.header = pre, header
    zero, one, false = b.const(I64, 0), b.const(I64, 1), b.const(I1, False)
    b.branch(b.emit("slt", zero, n), pre, exit_, (), (zero,))
    b.start(pre, entry)
    b.jump(header, (zero, zero, b.const(I64, 100)))
    b.start(header, pre)
    i, total, fuel = (b.param(header, I64) for _ in range(3))
    total = b.emit("add", total, i)
    fuel = b.emit("poll", fuel, false, imm=(b.add_site("poll"), 1))
    i = b.emit("add", i, one)
    b.branch(b.emit("slt", i, n), header, exit_, (i, total, fuel), (total,))
    b.start(exit_, entry)
    b.ret((b.param(exit_, I64),))
    return f


def test_poll_runs_when_the_fuel_is_used_up():
    native = Native(count_down())
    before = POLLS.calls
    assert native(100) == ((4950,), None)
    assert POLLS.calls == before
    n = 101 + layout.FUEL_FULL
    assert native(n) == ((n * (n - 1) // 2,), None)
    assert POLLS.calls == before + 1


def test_poll_leaves_when_a_handler_raises(raising):
    results, failure = Native(count_down())(200)
    assert results is None and failure.site == 0 and not failure.dirty


def recursive(site_kind="recursion"):
    """depth(n) = 0 if n == 0 else depth(n - 1) + 1"""
    f, b, context, (n,) = new_function((I64,), (I64,), "depth")
    f.id = 9
    false, zero, one = b.const(I1, False), b.const(I64, 0), b.const(I64, 1)
    b.emit("enter", context, false, imm=b.add_site(site_kind))
    entry, base, step = b.block, b.new_block(), b.new_block()
    b.branch(b.emit("eq", n, zero), base, step)
    b.start(base, entry)
    b.ret((zero,))
    b.start(step, entry)
    call = Call("depth", f.symbol, (I64,), (I64,), site=b.add_site("call"))
    (below,) = b.call("call", call, (context, b.emit("sub", n, one), false))
    b.ret((b.emit("add", below, one),))
    return f


def test_enter_polls_and_refills():
    native = Native(recursive())
    context = Context(fuel=50)
    before = POLLS.calls
    assert native(120, context=context) == ((120,), None)
    assert POLLS.calls == before + 1
    assert read_word(context.address + layout.FUEL) == layout.FUEL_FULL - (121 - 51)


def test_enter_leaves_where_the_stack_ends():
    native = Native(recursive())
    context = Context(stack_limit=1 << 47)  # above every address a process has
    results, failure = native(10, context=context)
    assert results is None and failure.site == 0 and failure.trace == ()
    # found by a callee: every call on the way adds itself to the trace, as far as there is room
    context = Context(fuel=0)
    POLLS.raises = True
    try:
        results, failure = native(3, context=context)
        assert results is None and failure.trace == ()
        write_word(context.address + layout.FUEL, 40)
        results, failure = native(100, context=context)
    finally:
        POLLS.raises = False
    assert failure.function == 9 and failure.site == 0
    assert read_word(context.address + layout.TRACE_COUNT) == 40
    assert failure.trace == ((9, 1),) * layout.TRACE_MAX


def test_arguments_and_results_of_every_kind_in_numbers():
    """Twelve integers and twelve floats through a jit call, in another order."""
    types = [I64, F64] * 12
    inner, b, _, params = new_function(types, (I64,) * 8 + (F64,) * 8, "inner")
    b.ret((*params[0:16:2], *params[1:17:2]))
    outer, b, context, params = new_function(types, (I64,) * 8 + (F64,) * 8, "outer")
    ints, floats = params[::2], params[1::2]
    mixed = [v for pair in zip(reversed(ints), reversed(floats)) for v in pair]
    call = Call("inner", inner.symbol, tuple(types), inner.results, site=b.add_site("call"))
    b.ret(b.call("call", call, (context, *mixed, b.const(I1, False))))
    native = Native(outer, inner)
    args = [k if k % 2 == 0 else k / 4 for k in range(24)]
    compare(native, *args, symbols={"inner": inner})


def test_more_results_than_registers():
    f, b, _, params = new_function((I64,) * 9, (I64,) * 9)
    b.ret(tuple(params))
    with pytest.raises(ValueError, match="more than the jit convention"):
        generate(f, TARGET)


@pytest.mark.parametrize("far", (False, True))
def test_c_functions(far):
    """A C function with arguments on the stack, near (a direct call) and far (through the constant pool)."""
    prototype = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_int64] * 8, *[ctypes.c_double] * 10)
    callback = prototype(lambda *args: sum(k * a for k, a in enumerate(args, 1)))
    address = ctypes.cast(callback, ctypes.c_void_p).value
    if not far:
        # a jump to it from our own memory
        thunk = Function("jump", (F64,), "c")
        types = (I64,) * 8 + (F64,) * 10
        b = Builder(thunk)
        b.start(b.new_block(), None)
        params = tuple(b.param(b.block, t) for t in types)
        b.ret(b.call("ccall", Call("callback", address, types, (F64,)), params))
        code = generate(thunk, TARGET)
        owner = load([code])
        address = code.symbol.address
        assert owner
    types = (I64,) * 8 + (F64,) * 10
    f, b, _, params = new_function(types, (F64,))
    b.ret(b.call("ccall", Call("callback", address, types, (F64,)), tuple(params)))
    args = [*range(8), *[k / 2 for k in range(10)]]
    native = Native(f)
    assert native(*args) == ((sum(k * a for k, a in enumerate(args, 1)),), None)


def test_a_c_function_returning_a_boolean_defines_only_its_low_byte():
    f, b, _, (x,) = new_function((I64,), (I1, I64))
    source = Function("low", (I64,), "c")
    inner = Builder(source)
    inner.start(inner.new_block(), None)
    inner.ret((inner.param(inner.block, I64),))
    code = generate(source, TARGET)
    owner = load([code])
    (bit,) = b.call("ccall", Call("low", code.symbol.address, (I64,), (I1,)), (x,))
    b.ret((bit, b.emit("b2i", bit)))
    native = Native(f)
    assert native(0x1200) == ((False, 0), None)
    assert native(0x1201) == ((True, 1), None)
    assert owner


def even_odd():
    made = []
    for name in ("even", "odd"):
        made.append(new_function((I64,), (I1,), name))
    for k, (f, b, context, (n,)) in enumerate(made):
        other = made[1 - k][0]
        false, one = b.const(I1, False), b.const(I64, 1)
        entry, base, step = b.block, b.new_block(), b.new_block()
        b.branch(b.emit("eq", n, b.const(I64, 0)), base, step)
        b.start(base, entry)
        b.ret((b.const(I1, k == 0),))
        b.start(step, entry)
        call = Call(other.name, other.symbol, (I64,), (I1,), site=b.add_site("call"))
        b.ret(b.call("call", call, (context, b.emit("sub", n, one), false)))
    return [f for f, *_ in made]


def test_functions_that_call_each_other():
    native = Native(*even_odd())
    assert native(10) == ((True,), None)
    assert native(7) == ((False,), None)


def test_what_is_called_stays_as_long_as_its_caller():
    even, odd = even_odd()
    codes = [generate(f, TARGET) for f in (even, odd)]
    callees = load(codes)
    gone = weakref.ref(callees)
    entry = generate(caller(even), TARGET)
    owner = load([entry])
    del callees, codes, even, odd
    gc.collect()
    assert gone() is not None
    call = Native.prototype(entry.symbol.address)
    n, result = ctypes.c_int64(4), ctypes.c_int64()
    context = Context()
    assert call(context.address, ctypes.addressof(n), ctypes.addressof(result)) == 0 and result.value == 1
    del owner, entry
    gc.collect()
    assert gone() is None


def test_a_symbol_without_an_address():
    f, b, context, _ = new_function((), ())
    call = Call("nowhere", Symbol("nowhere"), (), (), site=b.add_site("call"))
    b.call("call", call, (context, b.const(I1, False)))
    b.ret(())
    with pytest.raises(ValueError, match="nowhere"):
        load([generate(f, TARGET)])
    assert f.symbol.address == 0


def test_symbols_and_allocas():
    target = Symbol("table", 0x123456789ABC)
    f, b, _, (x,) = new_function((I64,), (PTR, I64, I64))
    first, second = b.emit("alloca", imm=24), b.emit("alloca", imm=8)
    b.store(ACCESSES["i64"], x, first)
    b.store(ACCESSES["i64"], b.emit("add", x, b.const(I64, 1)), second)
    distance = b.emit("sub", b.emit("p2i", second), b.emit("p2i", first))
    aligned = b.emit("and", b.emit("or", b.emit("p2i", first), b.emit("p2i", second)), b.const(I64, 15))
    total = b.emit("add", b.load(ACCESSES["i64"], first), b.load(ACCESSES["i64"], second))
    wrong = b.emit("or", aligned, b.emit("b2i", b.emit("eq", distance, b.const(I64, 0))))
    b.ret((b.emit("symbol", imm=target), wrong, total))
    assert Native(f)(20) == ((0x123456789ABC, 0, 41), None)




@pytest.mark.parametrize("early", (False, True))
def test_the_next_counter_as_an_index_behind_the_latch(early):
    """A block that stands behind the latch reads a[i + 1] too: the addition must not be moved away from it."""
    f, b, _, (n, base) = new_function((I64, PTR), (I64,))
    loop = Loop(None)
    i64 = ACCESSES["i64"]
    entry, pre, header = b.block, b.new_block(), b.new_block(loop)
    latch, other, exit_ = b.new_block(loop), b.new_block(loop), b.new_block()
    loop.preheader, loop.header = pre, header
    zero, one = b.const(I64, 0), b.const(I64, 1)
    b.jump(pre)
    b.start(pre, entry)
    b.jump(header, (zero, zero))
    b.start(header, pre)
    i, total = b.param(header, I64), b.param(header, I64)
    following = b.emit("add", i, one)
    if early:
        total = b.emit("add", total, b.load(i64, base, following, 8))
    b.branch(b.emit("slt", i, b.const(I64, 5)), latch, other)
    b.start(latch, header)
    latched = b.emit("add", total, b.load(i64, base, i, 8))
    b.branch(b.emit("slt", following, n), header, exit_, (following, latched), (latched,))
    b.start(other, header)
    behind = b.emit("add", total, b.load(i64, base, following, 8))
    b.jump(exit_, (behind,))
    b.start(exit_, header)
    b.ret((b.param(exit_, I64),))
    data = (ctypes.c_int64 * 12)(*[1 << k for k in range(12)])
    native = Native(f)
    for count in range(10):
        compare(native, count, ctypes.addressof(data))
