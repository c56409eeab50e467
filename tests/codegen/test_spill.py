"""Where the allocator loads what found no register."""

import numpy as np
import pytest
from harness import TARGET
from test_checker import allocated

from jitney import jit
from jitney.codegen.checker import CheckError, check
from jitney.codegen.machine import CONSTANT
from jitney.ir.parse import parse
from jitney.ir.verify import verify


def nest(values, temporaries):
    """Loops in loops: the middle one reads `values` invariants, the inner one has a cold block with `temporaries`, of
    which three live at once, and then a long way to go."""
    numbers = range(20, 20 + temporaries)
    lines = [
        "func f(v0: ptr, v1: i64) -> i64 {",
        "loop L0: header b2 preheader b1 counter v4 step 1 stop v1",
        "loop L1: header b4 preheader b3 parent L0 counter v9 step 1 stop v1",
        "loop L2: header b6 preheader b5 parent L1 counter v12 step 1 stop v1",
        "b0(v0: ptr, v1: i64):",
        "    v2 = const i64 0",
        "    v3 = const i64 1",
        *[f"    v{100 + k} = load i64 [v0 + {8 * k}] region 1" for k in range(values)],
        "    jump b1",
        "b1:",
        "    jump b2(v2, v2)",
        "b2(v4: i64, v5: i64) in L0:",
        "    jump b3",
        "b3 in L0:",
        "    jump b4(v2, v5)",
        "b4(v9: i64, v10: i64) in L1:",
        *[f"    v{150 + k} = xor v{150 + k - 1 if k else 10}, v{100 + k}" for k in range(values)],
        f"    v11 = mul v{149 + values}, v9",
        "    jump b5",
        "b5 in L1:",
        "    jump b6(v2, v11)",
        "b6(v12: i64, v13: i64) in L2:",
        "    v14 = slt v13, v12",
        "    br v14, b7, b8(v13)",
        "b7 in L2 cold:",
        *[line for k, v in enumerate(numbers) for line in (
            f"    v{v} = load i64 [v0 + v12*8 + {8 * v}] region 1",
            f"    v{v + 30} = load i64 [v0 + v13*8 + {8 * v}] region 1",
            f"    v{200 + v} = mul v{v}, v{v + 30}",
            f"    v{80 + k} = xor v{80 + k - 1 if k else 13}, v{200 + v}",
        )],
        f"    jump b8(v{79 + temporaries})",
        "b8(v300: i64) in L2:",
        *[f"    v{v + 1} = add v{v}, v12" for v in range(300, 400)],
        "    v15 = neg v400",
        "    v16 = add v12, v3",
        "    v17 = slt v16, v1",
        "    br v17, b6(v16, v15), b9",
        "b9 in L1:",
        "    v180 = add v9, v3",
        "    v181 = slt v180, v1",
        "    br v181, b4(v180, v15), b10",
        "b10 in L0:",
        "    v182 = add v4, v3",
        "    v183 = slt v182, v1",
        "    br v183, b2(v182, v15), b11",
        "b11:",
        "    ret v15",
        "}",
    ]
    function = parse("\n".join(lines) + "\n")
    verify(function)
    return function


def test_cold_blocks_take_no_registers_from_the_loops_around_them():
    """The invariants are loaded once, in front of all loops, and not each time the loop in the middle is entered."""
    m, allocation = allocated(nest(9, 6))
    check(m, allocation, TARGET)
    block = {k: block for block in m.blocks for k in range(block.start, block.end)}
    source = allocation.source
    loads = [block[next(at for at in source[k:] if at >= 0)].name for k in allocation.moves]
    assert "b0" in loads and "b3" not in loads and "b5" not in loads


def test_what_found_no_register_even_so_is_right():
    for values, temporaries in ((12, 4), (16, 14), (20, 20)):
        check(*allocated(nest(values, temporaries)), TARGET)


def weighted(a, b):
    for i in range(len(a)):
        x = a[i]
        y = x * 1.5 + x * 2.5 + x * 3.5 + x * 4.5 + x * 5.5 + x * 6.5 + x * 7.5 + x * 8.5 + x * 9.5
        z = x * 1.25 + x * 2.25 + x * 3.25 + x * 4.25 + x * 5.25 + x * 6.25 + x * 7.25 + x * 8.25 + x * 9.25
        b[i] = y + z * (y * 1.5 + z * 1.25)


def constants(count):
    """A loop that multiplies by `count` constants."""
    lines = [
        "func f(v0: ptr, v1: i64) -> f64 {",
        "loop L0: header b1 preheader b0 counter v4 step 1 stop v1",
        "b0(v0: ptr, v1: i64):",
        "    v2 = const i64 0",
        "    v3 = const i64 1",
        "    v6 = const f64 0.0",
        *[f"    v{100 + k} = const f64 {k + 1.5}" for k in range(count)],
        "    jump b1(v2, v6)",
        "b1(v4: i64, v5: f64) in L0:",
        "    v7 = load f64 [v0 + v4*8] region 1",
        *[f"    v{200 + 2 * k} = fmul v{7 if k == 0 else 199 + 2 * k}, v{100 + k}\n"
          f"    v{201 + 2 * k} = fadd v{200 + 2 * k}, v{5 if k % 2 else 7}" for k in range(count)],
        "    v8 = add v4, v3",
        "    v9 = slt v8, v1",
        f"    br v9, b1(v8, v{199 + 2 * count}), b2",
        "b2:",
        *[f"    v{300 + k} = fadd v{299 + k if k else 199 + 2 * count}, v{100 + k}" for k in range(count)],
        f"    ret v{299 + count}",
        "}",
    ]  # fmt: skip
    function = parse("\n".join(lines) + "\n")
    verify(function)
    return function


def test_constants_beyond_the_registers_are_read_from_the_pool():
    m, allocation = allocated(constants(24))
    check(m, allocation, TARGET)
    read = [a for _, _, ins, _, _ in allocation.code for a in ins if a >= CONSTANT]
    assert read and all(len(allocation.constants[a - CONSTANT]) == 8 for a in read)
    # Another constant is not what the instruction wants.
    allocation.constants.reverse()
    with pytest.raises(CheckError, match="reads"):
        check(m, allocation, TARGET)


def test_constants_in_the_pool_have_the_right_bits():
    a = np.linspace(-3.0, 7.0, 37)
    expected, got = np.zeros(37), np.zeros(37)
    weighted(a, expected)
    f = jit(weighted)
    for _ in range(2):
        f(a, got)
        assert expected.tobytes() == got.tobytes()
    assert all(not loop.stores and not loop.avoidable for loop in f.explain().traffic)
