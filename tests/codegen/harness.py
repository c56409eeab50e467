"""Running IR natively: a function is compiled, checked, loaded, and called through a `c` function that invokes it."""

import ctypes

from jitney.codegen.generate import generate
from jitney.ir.builder import Builder
from jitney.ir.function import Call, Function, Symbol
from jitney.ir.interp import Context, Failure, raw_word, run
from jitney.ir.types import ACCESSES, F32, F64, I1, I64, PTR
from jitney.loader import load
from jitney.targets.x86_64 import TARGET, preserving_thunk, target

BASE = target(frozenset())
TARGETS = {"native": TARGET, "sse2": BASE}

_ACCESS = {I1: "u8", I64: "i64", F32: "f32", F64: "f64", PTR: "ptr"}


class Polls:
    """What the poll thunk calls: counts, and says whether a handler raised."""

    def __init__(self):
        self.calls = 0
        self.raises = False
        self.callback = ctypes.CFUNCTYPE(ctypes.c_int)(self.poll)
        address = ctypes.cast(self.callback, ctypes.c_void_p).value
        self.thunk = preserving_thunk(address)
        self.loaded = load([self.thunk])
        self.symbol = self.thunk.symbol

    def poll(self):
        self.calls += 1
        return int(self.raises)


POLLS = Polls()


def caller(function):
    """IR of a c function (context, args*, results*) -> status that invokes `function`, everything through memory."""
    entry = Function("call_" + function.name, (I64,), "c")
    b = Builder(entry)
    block = b.new_block()
    b.start(block, None)
    context, args, results = (b.param(block, PTR) for _ in range(3))
    types = [function.types[p] for p in function.params[1:]]
    values = []
    for k, t in enumerate(types):
        name = _ACCESS[t]
        v = b.load(ACCESSES[name], args, disp=8 * k)
        if t is I1:
            zero = b.const(I64, 0)
            v = b.emit("ne", v, zero)
        values.append(v)
    call = Call(function.name, function.symbol, tuple(types), function.results)
    *out, status = b.call("invoke", call, (context, *values))
    for k, (v, t) in enumerate(zip(out, function.results)):
        if t is I1:
            v, t = b.emit("b2i", v), I64
        b.store(ACCESSES[_ACCESS[t]], v, results, disp=8 * k)
    b.ret((b.emit("b2i", status),))
    return entry


class Native:
    """Functions compiled together; the first is what calling this object calls."""

    prototype = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)

    def __init__(self, *functions, target=TARGET):
        self.function = functions[0]
        self.entry = caller(self.function)
        self.codes = [generate(f, target, POLLS.symbol) for f in functions]
        entry_code = generate(self.entry, target)
        self.loaded = load([*self.codes, entry_code])
        self.call = self.prototype(entry_code.symbol.address)

    def __call__(self, *args, context=None):
        """(results, failure): one of them None."""
        context = context or Context()
        words = (ctypes.c_int64 * max(len(args), 1))()
        types = [self.function.types[p] for p in self.function.params[1:]]
        assert len(types) == len(args)
        for k, (t, a) in enumerate(zip(types, args)):
            words[k] = raw_word(t, a)
        results = (ctypes.c_int64 * max(len(self.function.results), 1))()
        status = self.call(context.address, ctypes.addressof(words), ctypes.addressof(results))
        assert status in (0, 1)
        if status:
            return None, Failure(context.address)
        out = []
        for k, t in enumerate(self.function.results):
            address = ctypes.addressof(results) + 8 * k
            if t is F64:
                out.append(ctypes.c_double.from_address(address).value)
            elif t is F32:
                out.append(ctypes.c_float.from_address(address).value)
            elif t is I1:
                assert results[k] in (0, 1)
                out.append(bool(results[k]))
            else:
                out.append(results[k])
        return tuple(out), None


def same(t, a, b):
    """Equal bits, all NaNs being one."""
    if t.is_float:
        return (a != a and b != b) or raw_word(t, a) == raw_word(t, b)
    if t is PTR:
        return (a - b) % (1 << 64) == 0
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def compare(native, *args, symbols=None, fuel=None):
    """Run natively and by the interpreter on fresh contexts; both must agree. Returns the interpreter's outcome."""
    function = native.function
    keep = [Context(), Context()]
    expected = run(function, (keep[0].address, *args), symbols=symbols)
    results, failure = native(*args, context=keep[1])
    if expected.failure is not None:
        assert failure is not None, (function.name, args, results, expected)
        own = expected.failure.function == function.id
        n = len(function.sites[expected.failure.site].captures) if own else 0
        captures = failure.captures, expected.failure.captures
        assert failure.key(n) == expected.failure.key(n), (function.name, args, captures)
        return expected
    assert failure is None, (function.name, args, failure, expected)
    for t, a, b in zip(function.results, results, expected.results):
        assert same(t, a, b), (function.name, args, results, expected.results)
    return expected


def new_function(params, results, name="f"):
    """(function, builder in its entry block, context, parameters)."""
    function = Function(name, tuple(results))
    b = Builder(function)
    block = b.new_block()
    b.start(block, None)
    context = b.param(block, PTR)
    return function, b, context, [b.param(block, t) for t in params]


def symbol_of(address, name="c"):
    return Symbol(name, address)
