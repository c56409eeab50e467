"""The verifier accepts a function that shows every invariant, and each invariant, once broken, is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jitney.ir.builder import Builder
from jitney.ir.function import Function
from jitney.ir.ops import OPS
from jitney.ir.parse import parse
from jitney.ir.types import F32, I1, PTR
from jitney.ir.verify import VerifyError, verify

GOOD = """\
func f(v0: ptr, v1: i64, v2: f64) -> i64, f64 {
fact v1 0 100
site 0: line 4 index captures(i64, f64) names("i", "x")
site 1: line 5 overflow
loop L0: header b2 preheader b1 counter v10 step 1 stop v1
loop L1: header b4 preheader b3 parent L0
b0(v0: ptr, v1: i64, v2: f64):
    v3 = const i64 0
    v4 = const f64 1.5
    v5 = const i1 false
    v6 = const i64 1
    v7 = alloca 16
    v8 = symbol @table
    v9 = slt v3, v1
    br v9, b1, b7(v3)
b1:
    jump b2(v3, v3)
b2(v10: i64, v11: i64) in L0:
    v12 = load f64 [v8 + v10*8 + 16] region 1
    guard v9, v5, v10, v12, !0
    store i64 v11, [v7 + 8]
    v13 = addo v10, v11, v5, !1
    v14 = poll v13, v5, !1, 4
    jump b3
b3 in L0:
    jump b4(v13)
b4(v15: i64) in L1:
    v16 = sub v15, v6
    v17 = sgt v16, v3
    br v17, b4(v16), b5
b5 in L0:
    v18 = add v10, v6
    v19 = slt v18, v1
    br v19, b2(v18, v16), b6
b6:
    jump b7(v13)
b7(v20: i64):
    v21 = ccall sin at 0x7f00 pure (v4) : (f64) -> f64
    v22 = call f at @f !1 (v0, v20, v21, v5) : (i64, f64) -> i64, f64
    v23 = result f64 v22, 1
    v24 = invoke f at @f (v0, v20, v21) : (i64, f64) -> i64, f64
    v25 = result f64 v24, 1
    v26 = result i1 v24, 2
    br v26, b8, b9
b8 cold:
    exit v5, v20, v21, !0
b9:
    ret v22, v23
}
"""


def test_the_good_function_is_good() -> None:
    verify(parse(GOOD))


BROKEN_TEXT = [
    ("C1", "    br v26, b8, b9", "    br v26, b8, b77"),
    ("C2", "    jump b3\n", ""),
    ("C2", "    br v26, b8, b9", "    jump b8, b9"),
    ("C2", "    br v26, b8, b9", "    br v25, b8, b9"),
    ("C2", "    jump b3\n", "    jump v3, b3\n"),
    ("C3", "    jump b7(v13)", "    jump b0"),
    ("C3", "    br v26, b8, b9", "    br v26, b8, b8"),
    ("C4", "    jump b2(v3, v3)", "    jump b2(v3)"),
    ("C4", "    jump b2(v3, v3)", "    jump b2(v3, v4)"),
    ("V1", "    ret v22, v23", "    v99 = param i64\n    ret v22, v23"),
    ("V2", "    v16 = sub v15, v6", "    v16 = sub v15, v17"),
    ("V2", "    v16 = sub v15, v6", "    v16 = sub v15, v19"),
    ("V2", "    jump b7(v13)\n", "    jump b7(v20)\n"),
    ("V2", "    br v9, b1, b7(v3)", "    br v9, b1, b7(v10)"),
    ("V2", "    v16 = sub v15, v6", "    v16 = sub v15, v77"),
    ("V3", "    v16 = sub v15, v6", "    v16 = sub v15, v4"),
    ("V3", "    v16 = sub v15, v6", "    v16 = sub v15"),
    ("V3", "    v16 = sub v15, v6", "    v16 = sub v15, v6, v6"),
    ("V3", "    v16 = sub v15, v6", "    v16 = sub v15, v6\n    v30 = eq v16, v5"),
    ("V3", "    v16 = sub v15, v6", "    v16 = sub v15, v6\n    v30 = eq v4, v4"),
    ("V3", "    v16 = sub v15, v6", "    v16 = sub v15, v6\n    v30 = i2f ptr v15"),
    ("V3", "[v8 + v10*8 + 16]", "[v8 + v4*8 + 16]"),
    ("V4", "v3 = const i64 0", "v3 = const i64 9223372036854775808"),
    ("V4", "v5 = const i1 false", "v5 = const i1 0"),
    ("V4", "[v8 + v10*8 + 16]", "[v8 + v10*3 + 16]"),
    ("V4", "[v8 + v10*8 + 16]", "[v8 + v10*8 + 2147483648]"),
    ("V4", "store i64 v11", "store f64 v11"),
    ("V4", "alloca 16", "alloca 0"),
    ("V5", "fact v1 0 100", "fact v2 0 100"),
    ("V5", "fact v1 0 100", "fact v1 100 0"),
    ("L2", "loop L0: header b2 preheader b1", "loop L0: header b2 preheader b0"),
    ("L3", "b2(v10: i64, v11: i64) in L0:", "b2(v10: i64, v11: i64):"),
    ("L3", "b6:", "b6 in L1:"),
    ("L3", "b0(v0: ptr, v1: i64, v2: f64):", "b0(v0: ptr, v1: i64, v2: f64) in L0:"),
    ("L4", "    jump b7(v13)\n", "    jump b6\n"),
    ("L4", "    jump b7(v13)\n", "    jump b3\n"),
    ("L5", "counter v10", "counter v1"),
    ("L5", "step 1", "step 0"),
    ("L5", "stop v1\n", "stop v13\n"),
    ("L5", "stop v1\n", "stop v4\n"),
    ("S1", "    guard v9, v5, v10, v12, !0", "    guard v9, v5, v10, v12, !2"),
    ("S1", "    guard v9, v5, v10, v12, !0", "    guard v9, v5, v12, v10, !0"),
    ("S1", "    guard v9, v5, v10, v12, !0", "    guard v9, v5, v10, !0"),
    ("S1", "v13 = addo v10, v11, v5, !1", "v13 = addo v10, v11, v5, !0"),
    ("S1", "v14 = poll v13, v5, !1, 4", "v14 = poll v13, v5, !1, 0"),
    ("S1", "v14 = poll v13, v5, !1, 4", "v14 = poll v13, v5, !1"),
    ("S1", "    exit v5, v20, v21, !0", "    exit v5, v20, !0"),
    ("S1", "    exit v5, v20, v21, !0", "    exit v20, v20, v21, !0"),
    ("S1", "call f at @f !1", "call f at @f !5"),
    ("F1", "func f(v0: ptr, v1: i64, v2: f64) -> i64, f64 {", "func f(v0: ptr, v1: i64, v2: f64) -> i64, f64 c {"),
    ("F1", "func f(v0: ptr, v1: i64, v2: f64) -> i64, f64 {", "func f(v0: ptr, v1: i64, v2: f64) -> i64, f64 x {"),
    ("F2", "    ret v22, v23", "    ret v22"),
    ("F2", "    ret v22, v23", "    ret v23, v22"),
    ("F3", "(v4) : (f64) -> f64", "(v4) : (i64) -> f64"),
    ("F3", "(v4) : (f64) -> f64", "(v4) : (f64) -> f64, f64"),
    ("F3", "!1 (v0, v20, v21, v5) :", "!1 (v0, v20, v21) :"),
    ("F3", "invoke f at @f (v0, v20", "invoke f at @f (v0, v21"),
    ("F3", "invoke f at @f (v0,", "invoke f at 0x88 (v0,"),
    ("F4", "    v23 = result f64 v22, 1\n", "    v40 = add v1, v1\n    v23 = result f64 v22, 1\n"),
    ("F4", "    v23 = result f64 v22, 1\n", "    v23 = result f64 v22, 0\n"),
    ("F4", "    v23 = result f64 v22, 1\n", "    v23 = result f64 v22, 2\n"),
    ("F4", "    v26 = result i1 v24, 2\n", "    v26 = result i64 v24, 2\n"),
    ("F4", "v25 = result f64 v24, 1\n    v26", "v27 = result i1 v24, 2\n    v25 = result f64 v24, 1\n    v26"),
]


@pytest.mark.parametrize(("rule", "good", "bad"), BROKEN_TEXT)
def test_broken_text(rule: str, good: str, bad: str) -> None:
    assert GOOD.count(good) == 1
    with pytest.raises(VerifyError, match=f"^{rule}: f: "):
        verify(parse(GOOD.replace(good, bad)))


def _swap_layout(f: Function) -> None:
    f.blocks[6], f.blocks[5] = f.blocks[5], f.blocks[6]


def _wrong_idom(f: Function) -> None:
    f.blocks[7].idom = f.blocks[6]


def _entry_idom(f: Function) -> None:
    f.blocks[0].idom = f.blocks[1]


def _same_id(f: Function) -> None:
    f.blocks[3].id = 2


def _twice(f: Function) -> None:
    f.blocks[2].insts.append(f.blocks[2].insts[0])


def _wrong_home(f: Function) -> None:
    f.homes[16] = f.blocks[0]


def _depth(f: Function) -> None:
    f.blocks[4].loop.depth = 1


def _rounding(f: Function) -> None:
    f.types[4], f.imms[4] = F32, 0.1


def _void(f: Function) -> None:
    store = next(v for v in f.blocks[2].insts if f.ops[v] is OPS["store"])
    f.args[store] = (store, f.args[store][1])


def _bool_for_int(f: Function) -> None:
    f.imms[3] = False


def _imm(f: Function) -> None:
    f.imms[12] = None


def _too_many_captures(f: Function) -> None:
    f.sites[0].captures = (I1,) * 9
    guard = next(v for v in f.blocks[2].insts if f.ops[v] is OPS["guard"])
    f.args[guard] = (9, *[5] * 10)


def _no_blocks(f: Function) -> None:
    f.blocks = []


@pytest.mark.parametrize(
    ("rule", "damage"),
    [
        ("C1", _no_blocks), ("C1", _same_id), ("C5", _swap_layout), ("C5", _wrong_idom), ("C5", _entry_idom),
        ("V1", _twice), ("V1", _wrong_home), ("V2|V3", _void), ("V4", _rounding), ("V4", _bool_for_int), ("V4", _imm),
        ("L1", _depth), ("S1", _too_many_captures),
    ],
)  # fmt: skip
def test_broken_records(rule: str, damage: Callable[[Function], None]) -> None:
    function = parse(GOOD)
    damage(function)
    with pytest.raises(VerifyError, match=f"^({rule}): f: "):
        verify(function)


def test_the_message_shows_the_instruction() -> None:
    text = GOOD.replace("    v16 = sub v15, v6", "    v16 = sub v15, v4 ; 12")
    with pytest.raises(VerifyError, match=r"V3: f: b4: v16 = sub v15, v4 ; 12: f64 where i64 is due"):
        verify(parse(text))


def test_c_functions_do_not_leave() -> None:
    text = "func f(v0: i64) c {\nsite 0: line 1 x\nb0(v0: i64):\n    v1 = const i1 true\n    X\n}\n"
    with pytest.raises(VerifyError, match="S1"):
        verify(parse(text.replace("X", "guard v1, v1, !0\n    ret")))
    with pytest.raises(VerifyError, match="C2"):
        verify(parse(text.replace("X", "exit v1, !0")))
    verify(parse(text.replace("X", "ret")))


def test_an_earlier_dominator_serves_as_idom() -> None:
    """`if a: x` `else: raise`, then a join: only x's block reaches it, but the other arm is laid out in between."""
    function = Function("f", ())
    builder = Builder(function)
    head, arm, other, join = (builder.new_block() for _ in range(4))
    builder.start(head, None)
    builder.param(head, PTR)
    builder.branch(builder.param(head, I1), arm, other)
    builder.start(arm, head)
    builder.jump(join)
    builder.start(other, head)
    builder.unreachable()
    builder.start(join, head)
    builder.ret(())
    verify(function)
    join.idom = other
    with pytest.raises(VerifyError, match="C5"):
        verify(function)
