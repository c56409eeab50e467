"""The interpreter: answers, and what it leaves behind where a function fails."""

from __future__ import annotations

import ctypes
import math

import pytest

from jitney.ir import context as layout
from jitney.ir.builder import Builder
from jitney.ir.function import Call, Function
from jitney.ir.interp import Context, Failure, InterpError, StepLimit, raw_word, read_word, run
from jitney.ir.parse import parse
from jitney.ir.types import F32, F64, I1, I64, PTR, Type
from jitney.ir.verify import verify

FIB = """\
func fib(v0: ptr, v1: i64) -> i64 id 5 {
site 0: line 2 overflow
site 1: line 3 call
b0(v0: ptr, v1: i64):
    v2 = const i64 2
    v3 = const i64 1
    v4 = const i1 false
    v5 = slt v1, v2
    br v5, b1, b2
b1:
    ret v1
b2:
    v6 = sub v1, v3
    v7 = call fib at @fib !1 (v0, v6, v4) : (i64) -> i64
    v8 = sub v1, v2
    v9 = call fib at @fib !1 (v0, v8, v4) : (i64) -> i64
    v10 = addo v7, v9, v4, !0
    ret v10
}
"""


def function(text: str) -> Function:
    parsed = parse(text)
    verify(parsed)
    return parsed


def body(lines: str, results: str = "i64", params: str = "v1: i64, v2: i64", sites: str = "") -> Function:
    """A `jit` function of one block; v3, v4 are the constants false and true."""
    return function(
        f"func f(v0: ptr, {params}) -> {results} id 9 {{\n{sites}\nb0(v0: ptr, {params}):\n"
        f"v3 = const i1 false\nv4 = const i1 true\n{lines}\n}}"
    )


def call(f: Function, *args: object, **options: object):
    context = Context()
    outcome = run(f, (context.address, *args), **options)
    return outcome.results if outcome.failure is None else outcome.failure


def test_recursion() -> None:
    assert call(function(FIB), 12) == (144,)


def test_results_are_python_values() -> None:
    f = body("v5 = slt v1, v2\nv6 = i2f f64 v1\nret v1, v5, v6, v0", "i64, i1, f64, ptr")
    one, two, three, four = call(f, 2**63, 3)
    assert (one, two, three) == (-(2**63), True, -(2.0**63)) and two.__class__ is bool and four > 0


@pytest.mark.parametrize(
    ("name", "a", "b", "expected"),
    [
        ("add", 2**63 - 1, 1, -(2**63)),
        ("mul", 3037000500, 3037000500, 3037000500**2 - 2**64),
        ("floordiv", 7, -2, -4),
        ("floormod", 7, -2, -1),
        ("floormod", -(2**63), -1, 0),
        ("urem", -1, 10, (2**64 - 1) % 10),
        ("sar", -5, 1, -3),
        ("shl", 1, 64, 1),
    ],
)
def test_integers(name: str, a: int, b: int, expected: int) -> None:
    assert call(body(f"v5 = {name} v1, v2\nret v5"), a, b) == (expected,)


def test_singles_are_rounded_at_every_step() -> None:
    f = body("v5 = fadd v1, v2\nv6 = fsub v5, v1\nret v6", "f32", "v1: f32, v2: f32")
    assert call(f, 2.0**24, 1.0) == (0.0,)
    f = body("v5 = fmul v1, v2\nret v5", "f32", "v1: f32, v2: f32")
    assert call(f, 3e38, 2.0) == (math.inf,)
    assert call(f, 0.1, 1.0) == (0.10000000149011612,)


@pytest.mark.parametrize(("a", "b"), [(1, 0), (-(2**63), -1)])
def test_undefined_divisions_are_errors(a: int, b: int) -> None:
    with pytest.raises(InterpError, match="floordiv"):
        call(body("v5 = floordiv v1, v2\nret v5"), a, b)


# -- leaving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "a", "b", "expected"),
    [
        ("addo", 2**62, 2**62 - 1, 2**63 - 1),
        ("addo", 2**62, 2**62, None),
        ("subo", -2, 2**63 - 1, None),
        ("mulo", 2**32, 2**31, None),
        ("mulo", -(2**32), 2**31, -(2**63)),
        ("index", 4, 5, 4),
        ("index", -5, 5, 0),
        ("index", 5, 5, None),
        ("index", -6, 5, None),
        ("index", 0, 0, None),
    ],
)
def test_checks(name: str, a: int, b: int, expected: int | None) -> None:
    f = body(f"v5 = {name} v1, v2, v3, !1\nret v5", sites="site 0: line 1 a\nsite 1: line 2 b")
    outcome = call(f, a, b)
    if expected is not None:
        assert outcome == (expected,)
    else:
        assert (outcome.function, outcome.site, outcome.dirty, outcome.trace) == (9, 1, False, ())


def test_captures_and_dirty() -> None:
    f = body(
        "v5 = slt v1, v2\nv6 = i2f f64 v1\nv7 = i2f f32 v2\nguard v5, v4, v1, v6, v7, v4, !0\nret v1",
        sites="site 0: line 3 guard captures(i64, f64, f32, i1)",
    )
    assert call(f, 1, 2) == (1,)
    failure = call(f, -3, -3)
    assert failure.dirty
    assert failure.captures[:4] == (-3, raw_word(F64, -3.0), 0xC0400000, 1)


def test_exit_leaves() -> None:
    f = body("exit v4, v2, !0", sites="site 0: line 3 raise captures(i64)")
    assert call(f, 1, 8).key(1) == (9, 0, True, (8,), ())


def test_failures_collect_their_callers() -> None:
    """Each caller adds its call site, innermost first, and its own dirty flag."""
    inner = function("""\
        func g(v0: ptr, v1: i64) -> i64 id 3 {
        site 0: line 1 raise
        b0(v0: ptr, v1: i64):
            v2 = const i1 false
            exit v2, !0
        }""")
    sites = "site 0: line 1 x\nsite 1: line 2 call"
    outer = body("v5 = call g at @g !1 (v0, v1, v4) : (i64) -> i64\nret v5", sites=sites)
    failure = call(outer, 1, 2, symbols={"g": inner})
    assert failure.key() == (3, 0, True, (), ((9, 1),))


def test_long_traces_are_cut_but_counted() -> None:
    text = FIB.replace("    ret v1\n", "    exit v4, !0\n")
    context = Context()
    failure = run(function(text), (context.address, 40), depth=50).failure
    assert failure.trace == ((5, 1),) * layout.TRACE_MAX
    assert read_word(context.address + layout.TRACE_COUNT) == 39


def test_invoke_tells() -> None:
    inner = function("""\
        func g(v0: ptr, v1: i64) -> i64, f64 id 3 {
        site 0: line 1 raise
        b0(v0: ptr, v1: i64):
            v2 = const i1 false
            v3 = const i64 5
            v4 = slt v1, v3
            guard v4, v2, !0
            v5 = i2f f64 v1
            ret v1, v5
        }""")
    outer = body(
        "v5 = invoke g at @g (v0, v1) : (i64) -> i64, f64\nv6 = result f64 v5, 1\nv7 = result i1 v5, 2\nret v5, v6, v7",
        "i64, f64, i1",
    )
    assert call(outer, 4, 0, symbols={"g": inner}) == (4, 4.0, False)
    assert call(outer, 5, 0, symbols={"g": inner}) == (0, 0.0, True)


def test_invoke_without_results() -> None:
    inner = parse("func g(v0: ptr) id 3 {\nb0(v0: ptr):\nret\n}")
    outer = body("v5 = invoke g at @g (v0) : ()\nret v5", "i1")
    assert call(outer, 4, 0, symbols={"g": inner}) == (False,)


POLL = "v5 = poll v1, v3, !0, 4\nret v5"


def test_poll_counts_down_and_refills() -> None:
    f = body(POLL, sites="site 0: line 1 poll")
    assert call(f, 4, 0) == (0,)
    assert call(f, 3, 0) == (layout.FUEL_FULL,)
    polls = []
    assert call(f, 3, 0, handlers=lambda: bool(polls.append(1))) == (layout.FUEL_FULL,)
    assert polls == [1]
    assert call(f, 3, 0, handlers=lambda: True).site == 0


def test_enter_limits_the_depth() -> None:
    text = FIB.replace("v2 = const", "v20 = const i1 true\nenter v0, v20, !0\nv2 = const")
    assert call(function(text), 10) == (55,)
    failure = call(function(text), 10, depth=5)
    assert (failure.site, failure.dirty, len(failure.trace)) == (0, True, 5)


def test_enter_counts_fuel_in_the_context() -> None:
    text = FIB.replace("v2 = const", "enter v0, v4, !0\nv2 = const").replace("    v4 = const i1 false\n", "")
    text = text.replace("enter", "v4 = const i1 false\nenter")
    context = Context(fuel=100)
    run(function(text), (context.address, 5))
    assert read_word(context.address + layout.FUEL) == 100 - 15


def test_limits() -> None:
    with pytest.raises(StepLimit):
        call(function(FIB), 20, steps=1000)
    with pytest.raises(InterpError, match="unreachable"):
        call(body("unreachable"), 1, 2)
    with pytest.raises(InterpError, match="2 arguments"):
        run(function(FIB), (0, 1, 2))
    with pytest.raises(InterpError, match="no function for @g"):
        call(body("v5 = invoke g at @g (v0) : ()\nret v5", "i1"), 1, 2)


# -- memory and calls --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("access", "type", "raw", "value"),
    [
        ("i8", "i64", b"\xff", -1), ("u8", "i64", b"\xff", 255), ("i16", "i64", b"\x00\x80", -32768),
        ("u16", "i64", b"\x00\x80", 32768), ("i32", "i64", b"\xfe\xff\xff\xff", -2),
        ("u32", "i64", b"\xfe\xff\xff\xff", 2**32 - 2), ("i64", "i64", b"\xff" * 8, -1),
        ("ptr", "ptr", b"\xff" * 8, 2**64 - 1), ("f32", "f32", b"\x00\x00\x80\x3f", 1.0),
        ("f64", "f64", b"\0\0\0\0\0\0\0\x80", -0.0), ("b1", "i1", b"\x01", True),
    ],
)  # fmt: skip
def test_memory(access: str, type: str, raw: bytes, value: object) -> None:
    buffer = ctypes.create_string_buffer(raw + b"\xaa" * 8, 16)
    address = ctypes.addressof(buffer)
    f = body(f"v5 = load {access} [v1 + v2*8 - 8]\nstore {access} v5, [v1 + 8]\nret v5", type, "v1: ptr, v2: i64")
    (loaded,) = call(f, address, 1, memory=[(address, 16)])
    assert loaded == value and loaded.__class__ is value.__class__
    assert math.copysign(1, loaded) == math.copysign(1, value)
    assert buffer.raw[8 : 8 + len(raw)] == raw
    assert buffer.raw[8 + len(raw) :] == (raw + b"\xaa" * 8).ljust(16, b"\0")[8 + len(raw) : 16]


def test_narrow_stores_cut() -> None:
    buffer = ctypes.create_string_buffer(8)
    f = body("store u8 v2, [v1]\nret v2", params="v1: ptr, v2: i64")
    call(f, ctypes.addressof(buffer), 0x1FE)
    assert buffer.raw == b"\xfe" + bytes(7)


def test_access_outside_the_given_memory_is_an_error() -> None:
    buffer = ctypes.create_string_buffer(16)
    address = ctypes.addressof(buffer)
    f = body("v5 = load i64 [v1 + v2*1]\nret v5", params="v1: ptr, v2: i64")
    assert call(f, address, 8, memory=[(address, 16)]) == (0,)
    for offset in (9, -1, 2**63):
        with pytest.raises(InterpError, match="out of the given memory"):
            call(f, address, offset, memory=[(address, 16)])


def test_numpy_arrays() -> None:
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(6, dtype=numpy.float32)
    square = "v5 = load f32 [v1 + v2*4]\nv6 = fmul v5, v5\nstore f32 v6, [v1 + v2*4]\nret v6"
    f = body(square, "f32", "v1: ptr, v2: i64")
    assert call(f, array.ctypes.data, 3) == (9.0,)
    assert array.tolist() == [0, 1, 2, 9, 4, 5]


def test_allocas_are_aligned_apart_and_stay() -> None:
    f = body("v5 = alloca 24\nv6 = alloca 8\nstore i64 v1, [v5 + 16]\nstore i64 v2, [v6]\nv7 = load i64 [v5 + 16]\n"
             "ret v5, v6, v7", "ptr, ptr, i64")  # fmt: skip
    one, two, value = call(f, 11, 22, memory=[])
    assert one % 16 == two % 16 == 0 and abs(one - two) >= 16 and value == 11


def test_an_alloca_is_one_place_per_frame() -> None:
    f = function("""\
        func f(v0: ptr, v1: i64) -> i1 {
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64):
            v2 = const i64 0
            v3 = const i1 true
            v7 = const i64 1
            v9 = i2p v2
            jump b1
        b1:
            jump b2(v1, v9, v3)
        b2(v4: i64, v10: ptr, v5: i1) in L0:
            v6 = alloca 8
            v11 = eq v6, v10
            v8 = sub v4, v7
            v12 = sgt v8, v2
            br v12, b2(v8, v6, v11), b3
        b3:
            ret v11
        }""")
    assert call(f, 1) == (False,)
    assert call(f, 4) == (True,)


C_TYPES = {I1: ctypes.c_bool, I64: ctypes.c_int64, F32: ctypes.c_float, F64: ctypes.c_double, PTR: ctypes.c_void_p}


@pytest.mark.parametrize(
    ("types", "values"),
    [
        ((I64,), (-5,)), ((F64,), (2.5,)), ((F32,), (0.5,)), ((I1,), (True,)), ((PTR,), (2**63 + 1,)),
        ((I64,) * 9 + (F64,) * 10, (*range(9), *map(float, range(10)))),
    ],
)  # fmt: skip
def test_c_calls(types: tuple[Type, ...], values: tuple) -> None:
    seen = []
    callback = ctypes.CFUNCTYPE(C_TYPES[types[-1]], *[C_TYPES[t] for t in types])(lambda *a: seen.append(a) or a[-1])
    f = Function("f", (types[-1],))
    b = Builder(f)
    entry = b.new_block()
    b.start(entry, None)
    b.param(entry, PTR)
    params = tuple(b.param(entry, t) for t in types)
    b.ret(b.call("ccall", Call("callback", ctypes.cast(callback, ctypes.c_void_p).value, types, (types[-1],)), params))
    verify(f)
    assert call(f, *values) == values[-1:]
    assert seen == [values]


def test_c_functions_without_result_and_by_symbol() -> None:
    seen = []
    callback = ctypes.CFUNCTYPE(None, ctypes.c_int64)(seen.append)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    f = body("ccall note at @note (v1) : (i64)\nv5 = symbol @note\nret v5", "ptr")
    assert call(f, 7, 0, symbols={"note": address}) == (address,)
    assert seen == [7]
    with pytest.raises(InterpError, match="no address"):
        call(body("v5 = symbol @note\nret v5", "ptr"), 1, 2)


def test_c_convention() -> None:
    f = function("""\
        func f(v0: i64, v1: f64) -> f64 c {
        b0(v0: i64, v1: f64):
            v2 = i2f f64 v0
            v3 = fadd v1, v2
            ret v3
        }""")
    assert run(f, (3, 0.5)).results == (3.5,)


def test_parameters_of_blocks_change_at_once() -> None:
    f = function("""\
        func f(v0: ptr, v1: i64, v2: i64) -> i64, i64 {
        loop L0: header b2 preheader b1
        b0(v0: ptr, v1: i64, v2: i64):
            v3 = const i64 1
            v4 = const i64 3
            jump b1
        b1:
            jump b2(v1, v2, v4)
        b2(v5: i64, v6: i64, v7: i64) in L0:
            v8 = sub v7, v3
            v9 = sgt v8, v3
            br v9, b2(v6, v5, v8), b3
        b3:
            ret v5, v6
        }""")
    assert call(f, 10, 20) == (20, 10)


def test_failure_reads_a_context() -> None:
    context = Context()
    ctypes.c_int64.from_address(context.address + layout.SITE).value = 7 << 32 | 3
    failure = Failure(context.address)
    assert (failure.function, failure.site, failure.dirty, failure.trace) == (7, 3, False, ())
