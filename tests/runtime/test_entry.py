"""Entries by themselves: a jit-convention function written in IR, called through the entry made for its types."""

import ctypes
import inspect
import itertools
import struct
import sys
import threading

import numpy as np
import pytest

from jitney import jit, pipeline
from jitney.asm import memory
from jitney.ir import context
from jitney.ir.builder import Builder
from jitney.ir.function import Function
from jitney.ir.ops import bits_of
from jitney.ir.types import F32, F64, I1, I64, NATURAL, PTR
from jitney.ir.verify import verify
from jitney.pytypes import (
    BOOL,
    FLOAT,
    INT,
    NONE,
    SCALARS,
    array_type,
    constant_type,
    tuple_type,
    union_type,
)
from jitney.runtime import arguments, callable, exceptions, stack, stubs
from jitney.runtime.build_entry import build_entry
from jitney.runtime.entry import Entry
from jitney.runtime.guards import GuardTable
from jitney.runtime.pieces import assemble_entry
from jitney.runtime.specialization import Words
from tests.support import bits

ABSENT = object()
KIND = callable.function_type()


class Harness:
    """A compiled function made of IR with an entry in front, as a Python callable; the plain function tells that it
    was called. The entry is assembled from pieces where that is asked for and possible."""

    assembled = False

    def __init__(self, arg_types, result, build, plain=None, writes=False):
        places = context.returned(result.leaves)
        returned = tuple(leaf for leaf, at in zip(result.leaves, places) if at < 0)
        function = Function("tested", returned + ((I1,) if writes else ()))
        b = Builder(function)
        entry = b.new_block()
        b.start(entry, None)
        b.param(entry, PTR)
        leaves = [b.param(entry, leaf) for t in arg_types for leaf in t.leaves]
        self.plain = plain or (lambda *args, **kwargs: ("plain", args, kwargs))
        build(b, leaves)
        verify(function)
        self.registration = exceptions.register(function, "tested", globals())
        guards = GuardTable([], [], ABSENT)
        assert guards.bind()
        self.words = Words(self.plain, lambda: None, None)
        self.owner = [pipeline.link([function]), guards]
        slow = callable.slow_entry()
        entry = Entry("entry", function.symbol, arg_types, result, writes, guards, self.words.address, slow)
        assembled = assemble_entry(entry) if self.assembled else None
        self.declined = self.assembled and assembled is None
        if assembled is not None:
            region = memory.publish(assembled[0])
            address = region.code_address + assembled[1]
            self.owner.append(region)
        else:
            made = build_entry(entry)
            verify(made)
            self.owner.append(pipeline.link([made]))
            address = made.symbol.address
        self.call = callable.new(KIND, self.plain, lambda *args, **kwargs: ("slow", args, kwargs))
        callable.set_entry(self.call, address, self.owner)

    def __call__(self, *args, **kwargs):
        return self.call(*args, **kwargs)


@pytest.fixture(autouse=True, params=[False, True], ids=["built", "assembled"])
def route(request, monkeypatch):
    monkeypatch.setattr(Harness, "assembled", request.param)


def identity(type):
    return Harness((type,), type, lambda b, leaves: b.ret(tuple(leaves)))


CONSTANT = constant_type(len)
SINGLE = [
    (INT, [0, -1, 2**30, -(2**62), 2**63 - 1, -(2**63)], [True, 1.0, None, "x", np.int64(1)]),
    (FLOAT, [0.0, -0.0, 1e300], [1, True, np.float64(1.0), None]),
    (BOOL, [True, False], [1, 0, None, np.True_]),
    (NONE, [None], [0, False, ()]),
    (CONSTANT, [len], [max, None]),
    (
        tuple_type((INT, tuple_type(()), FLOAT)), [(1, (), 2.0), (2**40, (), -0.0)],
        [(1, ()), (1, (), 2), [1, (), 2.0], (1, (1,), 2.0)],
    ),
    (SCALARS["float64"], [np.float64(2.5)], [2.5, np.float32(2.5)]),
    (SCALARS["float32"], [np.float32(0.1)], [0.1, np.float64(2.5), np.float16(1)]),
    (SCALARS["uint64"], [np.uint64(2**64 - 1)], [1, np.int64(1)]),
    (SCALARS["int8"], [np.int8(-128)], [1, np.uint8(1)]),
    (SCALARS["bool"], [np.True_, np.False_], [True, 1]),
]


@pytest.mark.parametrize("type, good, bad", SINGLE, ids=lambda x: str(x)[:30])
def test_unboxing_and_boxing(type, good, bad):
    harness = identity(type)
    for value in good:
        assert bits(harness(value)) == bits(value)
    assert harness.words.calls == len(good)
    for value in bad:
        assert harness(value) == ("slow", (value,), {})
    assert harness(*good[:1], *good[:1]) == ("slow", (good[0], good[0]), {})
    assert harness() == ("slow", (), {})
    assert harness(x=good[0]) == ("slow", (), {"x": good[0]})
    assert harness.words.calls == len(good)


def test_huge_int_goes_straight_to_the_plain_function():
    harness = identity(INT)
    for value in (2**63, -(2**63) - 1, 2**200):
        assert harness(value) == ("plain", (value,), {})
    assert harness.words.bails == 0


@pytest.mark.parametrize("layout", "CFA")
@pytest.mark.parametrize("writeable", [True, False])
def test_each_array_fits_one_layout(layout, writeable):
    type = array_type(SCALARS["int32"], 2, layout, writeable)
    harness = Harness((type,), tuple_type((INT,) * 4), lambda b, leaves: b.ret(tuple(leaves[-2:]) * 2))
    base = np.arange(24, dtype="i4").reshape(4, 6)
    arrays = {"C": base, "F": np.asfortranarray(base), "A": base[:, ::2]}
    for (name, array), flag in itertools.product(arrays.items(), (True, False)):
        array = array.view()
        array.flags.writeable = flag
        last = array.strides if layout == "A" else array.shape
        expected = (*last, *last) if (name, flag) == (layout, writeable) else "slow"
        got = harness(array)
        assert got == expected or got[0] == expected
    for other in (base.astype("i8"), base.astype("u4"), base[0], base.astype(">i4"), base.view(np.matrix), [1], None):
        assert harness(other)[0] == "slow"


def test_leaves_on_the_stack():
    """More of either kind than registers, with long ints after all that a call could change."""
    scalars = [SCALARS[n] for n in ("float32", "int8", "uint8", "int16", "uint16", "int32", "uint32", "bool")]
    array = array_type(SCALARS["float64"], 2, "A")
    types = (INT, FLOAT, BOOL, array, *scalars, *(FLOAT,) * 7, *scalars, INT, FLOAT, INT, NONE)
    kept = [k for k, t in enumerate(types) if t not in (NONE, array)]
    result = tuple_type(tuple(types[k] for k in kept))
    firsts = list(itertools.accumulate((len(t.leaves) for t in types), initial=0))

    def build(b, leaves):
        registers = []
        for k, at in zip(kept, context.returned(result.leaves)):
            if at < 0:
                registers.append(leaves[firsts[k]])
            else:
                access = NATURAL[result.leaves[kept.index(k)]]
                b.store(access, leaves[firsts[k]], b.function.blocks[0].params[0], disp=at, region=2)
        b.ret(tuple(registers))

    harness = Harness(types, result, build)
    assert not harness.declined
    values = itertools.count(3)

    def example(type):
        if type in (NONE, array):
            return None if type is NONE else np.zeros((3, 4))[::2, ::2]
        if type in scalars:
            return np.dtype(type.dtype).type(next(values))
        return True if type is BOOL else next(values) * (0.5 if type is FLOAT else 2**40)

    args = tuple(map(example, types))
    assert bits(harness(*args)) == bits(tuple(args[k] for k in kept))
    huge = (*args[:-2], 2**70, None)
    assert harness(*huge) == ("plain", huge, {})
    other = (*args[:-1], 1)
    assert harness(*other) == ("slow", other, {})


def test_counts_of_references_stay():
    array = np.zeros(3)
    result = tuple_type((BOOL, NONE, INT))
    harnesses = [
        (identity(array_type(SCALARS["float64"], 1)), array, array),
        (identity(BOOL), True, True),
        (identity(NONE), None, None),
        (Harness((BOOL,), result, lambda b, leaves: b.ret((leaves[0], b.const(I64, 7)))), True, (True, None, 7)),
    ]
    counted = [True, False, None, array]
    before = [sys.getrefcount(o) for o in counted]
    for harness, value, expected in harnesses:
        assert not harness.declined
        for _ in range(1000):
            assert harness(value) == expected if expected is not array else harness(value) is array
    assert all(abs(sys.getrefcount(o) - n) < 100 for o, n in zip(counted, before))


def test_array_result_is_the_argument():
    type = array_type(SCALARS["float64"], 1)
    harness = identity(type)
    array = np.zeros(3)
    assert harness(array) is array


UNIONS = [
    (INT, FLOAT), (FLOAT, SCALARS["float64"]), (INT, NONE), (BOOL, NONE, INT, FLOAT),
    (SCALARS["float32"], NONE), (FLOAT, SCALARS["float32"]), (INT, SCALARS["uint64"]), (BOOL, SCALARS["bool"]),
]  # fmt: skip
VALUES = {INT: [-3, 2**40], FLOAT: [-0.0, 2.5], BOOL: [True, False], NONE: [None]}


@pytest.mark.parametrize("members", UNIONS, ids=str)
def test_boxing_a_union(members):
    type = union_type(members)
    for member in members:
        values = VALUES.get(member)
        if values is None:
            dtype = np.dtype(member.dtype).type
            values = [dtype(1), dtype(0)] if member.kind != "u" else [dtype(2**64 - 1)]
        for value in values:
            raw = float(value) if isinstance(value, (float, np.floating)) else int(value or 0)

            def build(b, leaves, raw=raw, member=member):
                if type.payload is F64:
                    payload = b.const(F64, raw)
                else:
                    payload = b.const(I64, bits_of(raw) if isinstance(raw, float) else raw)
                b.ret((b.const(I64, member.tag), payload))

            assert bits(Harness((), type, build)()) == bits(value)


def test_failure_without_effects_runs_the_plain_function():
    def build(b, leaves):
        site = b.add_site("overflow")
        b.ret((b.emit("addo", leaves[0], leaves[1], b.const(I1, False), imm=site),))

    harness = Harness((INT, INT), INT, build)
    assert harness(2, 3) == 5
    assert harness(2**62, 2**62) == ("plain", (2**62, 2**62), {})
    assert (harness.words.calls, harness.words.bails) == (2, 1)


@pytest.mark.parametrize("kind, detail, captures, expected", [
    ("overflow", None, (), OverflowError("an int beyond 64 bits in line 7 of tested()")),
    ("index", 1, (9, 4), IndexError("index 9 is out of bounds for axis 1 with size 4")),
    ("zerodivision", "a // b", (7, 0), ZeroDivisionError("integer division or modulo by zero")),
    ("zerodivision", "float(a) / b", (7, 0), ZeroDivisionError("float division by zero")),
    ("raise", (KeyError, ("k", 2)), (), KeyError("k", 2)),
    ("raise", (UnicodeDecodeError, ()), (), TypeError("function takes exactly 5 arguments (0 given)")),
    ("assert", ("no",), (), AssertionError("no")),
    ("assert", None, (), AssertionError()),
    ("recursion", None, (), RecursionError("maximum recursion depth exceeded")),
    ("value", None, (), ValueError("math domain error")),
    ("value", "something else", (), ValueError("something else")),
    ("readonly", None, (), ValueError("assignment destination is read-only")),
    ("nobody knows", None, (), OverflowError("an int beyond 64 bits in line 7 of tested()")),
])  # fmt: skip
def test_failure_after_effects_raises(kind, detail, captures, expected):
    def build(b, leaves):
        b.line = 7
        site = b.add_site(kind, detail, (I64,) * len(captures), ("a", "b")[: len(captures)])
        values = tuple(b.const(I64, c) for c in captures)
        b.emit("guard", leaves[0], b.const(I1, True), *values, imm=site)
        b.ret((leaves[0],))

    harness = Harness((BOOL,), BOOL, build)
    assert harness(True) is True
    with pytest.raises(type(expected)) as caught:
        harness(False)
    assert caught.value.args == expected.args or str(expected) in str(caught.value)
    last = caught.value.__traceback__
    while last.tb_next is not None:
        last = last.tb_next
    assert (last.tb_lineno, last.tb_frame.f_code.co_name) == (7, "tested")


def test_captured_values_of_each_type():
    seen = []

    class Seen(Exception):
        def __init__(self, *values):
            seen.append(values)

    def build(b, leaves):
        site = b.add_site("evaluate", "raise Seen(a, b, c, d)", (I64, F64, I1, F32), tuple("abcd"))
        narrow = b.emit("fround", leaves[1])
        b.exit(site, b.const(I1, True), (leaves[0], leaves[1], leaves[2], narrow))

    harness = Harness((INT, FLOAT, BOOL), NONE, build)
    with pytest.raises(NameError):
        harness(-5, -0.0, True)
    sites = harness.registration.sites
    sites[0].detail = "seen.append((a, b, c, d))"
    with pytest.raises(NameError):
        harness(-5, 0.1, True)
    sites[0].names = ("a", "b", "c", "d")
    sites[0].detail = "raise KeyError(a, b, c, d)"
    with pytest.raises(KeyError) as caught:
        harness(-5, 0.1, True)
    assert caught.value.args == (-5, 0.1, True, struct.unpack("f", struct.pack("f", 0.1))[0])


PARAMETERS = [
    (lambda a, b: 0), (lambda a, b=2: 0), (lambda a=1, b=2: 0), (lambda a, *, b: 0), (lambda a, *, b=2: 0),
    (lambda a, /, b=3: 0), (lambda a=5, /, b=3, *, c=8, d=9: 0), (lambda: 0), (lambda *, a=1: 0),
]  # fmt: skip


@pytest.mark.parametrize("function", PARAMETERS)
def test_binding_arguments(function):
    """Machine code and Python agree with CPython on calls with up to three positional and two keyword arguments."""
    names = function.__code__.co_varnames
    binding = arguments.Binding(function)
    rebuilt = {}
    exec(f"def reference{_signature(function)}: return ({' '.join(n + ',' for n in names)})", {}, rebuilt)
    reference = rebuilt["reference"]

    def slot(args, kwargs):
        given = [*args, *kwargs.values()]
        array = (ctypes.c_uint64 * (len(given) + 1))(*map(id, given))
        out = (ctypes.c_uint64 * (len(names) + 1))()
        keys = tuple(kwargs)
        call = ctypes.PYFUNCTYPE(ctypes.c_int64, *[ctypes.c_uint64] * 5)(stubs.address("bind"))
        fits = call(
            ctypes.addressof(array), len(args) | 1 << 63, id(keys) if keys else 0, binding.address,
            ctypes.addressof(out),
        )
        return list(out[: len(names)]) if fits else None

    tried = 0
    for count in range(4):
        for keys in itertools.chain.from_iterable(itertools.permutations(map(sys.intern, "abcd"), r) for r in range(3)):
            args, kwargs = tuple(range(100, 100 + count)), {k: 200 + ord(k) for k in keys}
            try:
                expected = reference(*args, **kwargs)
            except TypeError:
                expected = None
            assert binding.arrange(args, kwargs) == expected
            got = slot(args, kwargs)
            assert got == (None if expected is None else list(map(id, expected))), (args, kwargs)
            tried += 1
    assert tried > 50


def _signature(function):
    return str(inspect.signature(function))


def test_stack_limit_is_below_and_by_thread():
    limits = stack.StackLimits()
    call = ctypes.PYFUNCTYPE(ctypes.c_uint64)(limits.address())
    found = []

    def run():
        here = ctypes.c_int64()
        found.append((call(), call(), limits.current(), ctypes.addressof(here)))

    run()
    for size in (64 << 10, 1 << 20):
        threading.stack_size(size)
        try:
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
        finally:
            threading.stack_size(0)
    assert len({row[0] for row in found}) == 3
    assert all(first == second == third for first, second, third, _ in found)


TABLE = np.arange(6.0).reshape(2, 3)


def test_arrays_behind_names_are_given_back():
    """On every way out: a float, the array itself, a tuple, one of several types, an exception, a call of CPython's."""

    def item(i, j=1):
        return TABLE[i, j]

    def whole(i):
        return TABLE

    def several(i):
        return TABLE[i, 0], i, TABLE[i, 1]

    def either(i):
        if i > 0:
            return TABLE[i, 2]
        return 7

    calls = [(item, (1,)), (item, (0, 2)), (whole, (1,)), (several, (1,)), (either, (0,)), (either, (1,))]
    before = sys.getrefcount(TABLE)
    for function, args in calls:
        jitted = jit(function, strict=True)
        for _ in range(50):
            result = jitted(*args)
            assert result is TABLE if function is whole else result == function(*args)
            with pytest.raises(IndexError):
                jit_item(100)
            assert jit_item(0) == TABLE[0, 1]
        del result, jitted
    assert sys.getrefcount(TABLE) == before


@jit
def jit_item(i):
    return TABLE[i, 1]
