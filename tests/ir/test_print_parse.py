"""`to_text` and `parse` are inverses, for every function and every odd name, float and detail."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jitney.ir.builder import Builder
from jitney.ir.function import Call, Function, Memory, Site, Symbol
from jitney.ir.ops import bits_of
from jitney.ir.parse import ParseError, parse
from jitney.ir.print import Opaque, to_text
from jitney.ir.types import ACCESSES, F32, F64, I1, I64, PTR
from jitney.ir.verify import verify
from jitney.opt.rebuild import Rebuild
from tests.ir.random_ir import generate

EXAMPLE = """\
func sum(v0: ptr, v1: ptr, v2: i64) -> f64, i1 id 7 {
file "/a b/kernels.py"
fact v2 0 9223372036854775807
site 0: line 4 index captures(i64, f64) names("i", "x") detail "out of \\xdcange"
site 1: line 5 raise detail (ValueError, ("no", 1, -2.5, None, True))
loop L0: header b2 preheader b1 counter v5 step 1 stop v2
b0(v0: ptr, v1: ptr, v2: i64):
    v3 = const i64 0 ; 2
    v4 = const f64 -0.0
    v11 = const i1 false
    v17 = const i64 1
    v12 = slt v3, v2
    br v12, b1, b3(v4)
b1:
    jump b2(v3, v4)
b2(v5: i64, v6: f64) in L0:
    v7 = load f64 [v1 + v5*8 + 16] region 1 ; 4
    v8 = ccall sin at 0x7f00 pure (v7) : (f64) -> f64
    guard v12, v11, v5, v7, !0
    store f64 v8, [v1 - 8]
    v9 = fadd v6, v8
    v10 = poll v5, v11, !1, 4
    v13 = call f at @f !1 (v0, v5, v11) : (i64) -> i64, i1
    v14 = result i1 v13, 1
    v16 = add v5, v17
    v15 = slt v16, v2
    br v15, b2(v16, v9), b3(v9)
b3(v18: f64) cold:
    ret v18, v11 ; 9
}
"""


def test_the_example_is_valid_and_comes_back() -> None:
    function = parse(EXAMPLE)
    verify(function)
    assert to_text(function) == EXAMPLE
    assert function.id == 7
    assert function.sites[1].detail == (ValueError, ("no", 1, -2.5, None, True))
    loop = function.blocks[2].loop
    assert loop is not None and loop.header is function.blocks[2] and (loop.counter, loop.step, loop.stop) == (5, 1, 2)
    assert function.imms[7] == Memory(ACCESSES["f64"], 8, 16, 1)
    assert function.imms[8] == Call("sin", 0x7F00, (F64,), (F64,), pure=True)


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 30), st.booleans())
def test_random_functions_come_back(rng, size, raw) -> None:
    for function in generate(rng, size, raw=raw).functions:
        text = to_text(function)
        again = parse(text)
        assert to_text(again) == text
        verify(again)
        for v, op in enumerate(function.ops):
            if function.types[v].name != "void" and op.name != "param":
                assert again.ops[v] is op and again.types[v] is function.types[v] and again.args[v] == function.args[v]


def test_fastmath_comes_back() -> None:
    for head in ("func f(v0: ptr) fastmath {", "func f(v0: ptr) c fastmath id 3 {", "func f(v0: ptr) c {"):
        text = f"{head}\nb0(v0: ptr):\n    ret\n}}\n"
        function = parse(text)
        assert to_text(function) == text
        assert function.fastmath == ("fastmath" in head)
        assert Rebuild(function, {}).run().fastmath == function.fastmath


_DETAILS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    | st.sampled_from([ValueError, int]),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
)  # fmt: skip


@given(st.text(min_size=1), st.text(), _DETAILS, st.text(min_size=1), st.lists(st.text(), max_size=2))
def test_any_text_survives(name, file, detail, kind, names) -> None:
    function = Function(name, (), "jit")
    function.file = file
    function.sites.append(Site(3, kind, detail, (I64,) * len(names), tuple(names)))
    builder = Builder(function)
    entry = builder.new_block()
    builder.start(entry, None)
    builder.param(entry, PTR)
    builder.emit("symbol", imm=Symbol(kind))
    builder.ret(())
    again = parse(to_text(function))
    assert to_text(again) == to_text(function)
    assert (again.name, again.file) == (name, file)
    site = again.sites[0]
    assert (site.kind, site.detail, site.names) == (kind, detail, tuple(names))


@given(st.floats(width=32), st.floats(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1))
def test_constants_survive_bit_by_bit(single, double, integer, address) -> None:
    function = Function("f", ())
    builder = Builder(function)
    entry = builder.new_block()
    builder.start(entry, None)
    builder.param(entry, PTR)
    constants = ((F32, single), (F64, double), (I64, integer), (PTR, address), (I1, True))
    values = [builder.const(t, x) for t, x in constants]
    builder.ret(())
    again = parse(to_text(function))
    for v in values[:2]:
        assert bits_of(again.imms[v]) == bits_of(function.imms[v])
    assert [again.imms[v] for v in values[2:]] == [integer, address, True]


def test_nans_keep_sign_and_payload() -> None:
    function = parse("func f(v0: ptr) {\nb0(v0: ptr):\n    v1 = const f64 nan:0xfff8000000000123\n    ret\n}\n")
    assert bits_of(function.imms[1]) == 0xFFF8000000000123 - 2**64
    assert "nan:0xfff8000000000123" in to_text(function)


def test_what_has_no_literal_comes_back_as_its_text() -> None:
    function = Function("f", ())
    function.sites.append(Site(1, "raise", {"a": math.inf}))
    builder = Builder(function)
    entry = builder.new_block()
    builder.start(entry, None)
    builder.param(entry, PTR)
    builder.ret(())
    again = parse(to_text(function))
    assert again.sites[0].detail == Opaque("{'a': inf}")


def test_functions_share_symbols() -> None:
    symbols: dict[str, Symbol] = {}
    callee = parse("func g(v0: ptr) -> i64 {\nb0(v0: ptr):\n    v1 = const i64 4\n    ret v1\n}\n", symbols)
    caller = parse("func f(v0: ptr) {\nb0(v0: ptr):\n    v1 = invoke g at @g (v0) : () -> i64\n    ret\n}\n", symbols)
    assert caller.imms[1].target is callee.symbol


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("func f(v0: ptr) {\nb0(v0: ptr):\n    v1 = const i64 1 2\n    ret\n}", "line 3"),
        ("func f(v0: ptr) {\nb0(v0: ptr):\n    v1 = bogus v0\n    ret\n}", "line 3.*bogus"),
        ("func f(v0: ptr) {\nb0(v0: ptr):\n    v0 = const i64 1\n    ret\n}", "line 3.*v0 again"),
        ("func f(v0: ptr) {\nb0(v0: ptr):\n    ret\n    ret\n}", "line 4.*second terminator"),
        ("func f(v0: ptr) {\nb0(v0: ptr):\n    ret", "inside the function"),
        ("func f(v0: ptr) {\n}\nmore", "line 3"),
        ("func f(v0: i65) {\n}", "line 1.*i65"),
        ("nonsense", "line 1"),
    ],
)
def test_errors_name_the_line(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        parse(text)
