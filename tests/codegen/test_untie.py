"""Cycles of moves between float registers."""

import pytest
from harness import TARGET

from jitney import jit
from jitney.codegen.allocate import allocate
from jitney.codegen.checker import check
from jitney.codegen.hoist import hoist
from jitney.codegen.layout import arrange
from jitney.codegen.untie import untie
from jitney.ir.parse import parse
from jitney.ir.verify import verify


def rotating(count):
    """What becomes of a loop in which `count` floats take turns: the moves of floats, and the copies before them."""
    values = [f"v{10 + k}" for k in range(count)]
    typed = ", ".join(["v2: i64", *[f"{v}: f64" for v in values]])
    lines = [
        "func f(v0: ptr, v1: i64) -> f64 {",
        "loop L0: header b1 preheader b0 counter v2 step 1 stop v1",
        "b0(v0: ptr, v1: i64):",
        "    v3 = const i64 0 ; 1",
        "    v4 = const i64 1 ; 1",
        *[f"    v{300 + k} = load f64 [v0 + {8 * k}] region 1 ; 1" for k in range(count)],
        f"    jump b1({', '.join(['v3', *[f'v{300 + k}' for k in range(count)]])}) ; 1",
        f"b1({typed}) in L0:",
        "    store f64 v10, [v0] region 1 ; 2",
        "    v5 = add v2, v4 ; 7",
        "    v6 = slt v5, v1 ; 7",
        f"    br v6, b1({', '.join(['v5', *values[1:], values[0]])}), b2 ; 7",
        "b2:",
        *[f"    v{400 + k} = fadd v{399 + k if k else 10}, v{10 + k} ; 8" for k in range(count)],
        f"    ret v{399 + count} ; 8",
        "}",
    ]
    function = parse("\n".join(lines) + "\n")
    verify(function)
    m = TARGET.select(function, None, False)
    arrange(m)
    allocation = allocate(m, TARGET)
    hoist(allocation, TARGET.split)
    before = len(allocation.code)
    untie(allocation, TARGET)
    check(m, allocation, TARGET)
    assert len(allocation.code) == len(allocation.source)
    return len(allocation.code) - before


@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_a_cycle_goes_through_a_free_register(count):
    assert rotating(count) == 1


@pytest.mark.parametrize("count", [1, 16, 20])
def test_nothing_is_done_without_a_cycle_or_a_free_register(count):
    assert not rotating(count)


def turns(n, a, b, c):
    for i in range(n):
        if i % 3 == 1:
            a, b = b, a
        elif i % 5:
            a, b, c = c, a, b + 1.0
        else:
            c = c * 0.5
    return a, b, c


def test_values():
    f = jit(turns)
    for n in range(20):
        assert f(n, 1.0, 2.0, 3.0) == turns(n, 1.0, 2.0, 3.0)
