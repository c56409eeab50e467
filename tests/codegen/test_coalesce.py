"""Which registers become one."""

from harness import TARGET
from test_checker import allocated

from jitney.codegen.checker import check
from jitney.codegen.machine import LABEL
from jitney.ir.parse import parse
from jitney.ir.verify import verify

EXTREME = """
func f(v0: ptr, v1: i64) -> f64, i64 {
loop L0: header b1 preheader b0 counter v5 step 1 stop v1
b0(v0: ptr, v1: i64):
    v2 = const i64 0
    v3 = const i64 1
    v4 = load f64 [v0] region 1
    jump b1(v2, v4, v2)
b1(v5: i64, v6: f64, v7: i64) in L0:
    v8 = load f64 [v0 + v5*8] region 1
    v9 = fgt v6, v8
    br v9, b2, b3
b2 in L0:
    jump b4(v8, v5)
b3 in L0:
    jump b4(v6, v7)
b4(v10: f64, v11: i64) in L0:
    v12 = add v5, v3
    v13 = slt v12, v1
    br v13, b1(v12, v10, v11), b5
b5:
    ret v10, v11
}
"""


def test_what_the_next_iteration_gets_has_the_register_of_what_this_one_got():
    """Only the arm that has found a new extreme moves it; the other one and the back edge move nothing."""
    function = parse(EXTREME)
    verify(function)
    m, allocation = allocated(function)
    check(m, allocation, TARGET)
    moving, block = [], None
    for op, outs, ins, imm, _ in allocation.code:
        if op is LABEL:
            block = imm
        elif op.move and outs != ins and block.loop is not None:
            moving.append(block.name)
    assert moving == ["b2"]
