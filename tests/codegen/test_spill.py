"""Where the allocator loads what found no register."""

from harness import TARGET
from test_checker import allocated

from jitney.codegen.checker import check
from jitney.codegen.machine import SLOT
from jitney.ir.parse import parse
from jitney.ir.verify import verify


def loop(values, temporaries):
    """A loop that reads `values` invariants, with a cold block for which many `temporaries` live at once."""
    numbers = range(20, 20 + temporaries)
    lines = [
        "func f(v0: ptr, v1: i64) -> i64 {",
        "loop L0: header b2 preheader b1 counter v4 step 1 stop v1",
        "b0(v0: ptr, v1: i64):",
        "    v2 = const i64 0",
        "    v3 = const i64 1",
        *[f"    v{100 + k} = load i64 [v0 + {8 * k}] region 1" for k in range(values)],
        "    jump b1",
        "b1:",
        "    jump b2(v2, v2)",
        "b2(v4: i64, v5: i64) in L0:",
        *[f"    v{150 + k} = add v{150 + k - 1 if k else 5}, v{100 + k}" for k in range(values)],
        f"    v10 = slt v{149 + values}, v2",
        f"    br v10, b3, b4(v{149 + values})",
        "b3 in L0 cold:",
        *[f"    v{v} = load i64 [v0 + v4*8 + {8 * v}] region 1" for v in numbers],
        *[f"    v{v + 30} = mul v{v}, v{numbers[-1 - k]}" for k, v in enumerate(numbers)],
        *[f"    v{80 + k} = xor v{80 + k - 1 if k else 5}, v{v + 30}" for k, v in enumerate(numbers)],
        f"    jump b4(v{79 + temporaries})",
        "b4(v6: i64) in L0:",
        "    v7 = add v4, v3",
        "    v8 = slt v7, v1",
        "    br v8, b2(v7, v6), b5",
        "b5:",
        "    ret v6",
        "}",
    ]
    function = parse("\n".join(lines) + "\n")
    verify(function)
    return function


def test_cold_blocks_take_no_registers_from_the_loop_around_them():
    m, allocation = allocated(loop(8, 14))
    check(m, allocation, TARGET)
    hot = [k for block in m.blocks if block.loop is not None and not block.cold for k in range(block.start, block.end)]
    for inst, source in zip(allocation.code, allocation.source):
        if source in hot:
            assert all(loc < SLOT for loc in (*inst[1], *inst[2])), inst
    first, last = min(hot), max(hot)
    places = [k for k, source in enumerate(allocation.source) if first <= source <= last]
    inserted = [k for k in allocation.moves if places[0] < k < places[-1]]
    assert allocation.moves and not inserted


def test_what_found_no_register_even_so_is_right():
    for values, temporaries in ((12, 4), (16, 14), (20, 20)):
        check(*allocated(loop(values, temporaries)), TARGET)
