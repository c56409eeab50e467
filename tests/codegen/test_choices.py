"""Several values chosen by one comparison."""

import random

import pytest
from harness import TARGET, Native, compare
from test_checker import allocated

from jitney.codegen.checker import check
from jitney.ir.parse import parse
from jitney.ir.verify import verify

CHOICES = """
func f(v0: ptr, v1: {0}, v2: {0}, v3: i64, v4: i64) -> i64, i64, i64 {{
b0(v0: ptr, v1: {0}, v2: {0}, v3: i64, v4: i64):
    v7 = {1} v1, v2
    v8 = add v3, v4
    v9 = select v7, v3, v8
    v10 = select v7, v4, v3
    v11 = select v7, v4, v8
    br v7, b1, b2(v11)
b1:
    v12 = sub v9, v10
    jump b2(v12)
b2(v13: i64):
    ret v9, v10, v13
}}
"""


@pytest.mark.parametrize("op", ["slt", "eq", "ule", "ne", "flt", "feq", "fne", "fge"])
def test_one_comparison_for_all(op):
    kind = "f64" if op[0] == "f" else "i64"
    function = parse(CHOICES.format(kind, op))
    verify(function)
    m, allocation = allocated(function)
    check(m, allocation, TARGET)
    # One for the choices, one for the branch.
    assert sum(inst[0].flags == "w" for inst in allocation.code) == 2
    native = Native(function)
    r = random.Random(op)
    some = [0, 1, -1, 2**63 - 1, -(2**63)] if kind == "i64" else [0.0, -0.0, 1.5, float("nan"), float("inf")]
    for _ in range(40):
        compare(native, r.choice(some), r.choice(some), r.getrandbits(20), r.getrandbits(20))
