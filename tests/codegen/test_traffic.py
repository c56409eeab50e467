"""What innermost loops read from the stack and write to it."""

import numpy as np
import pytest
from harness import TARGET
from test_checker import allocated

from jitney import jit
from jitney.codegen.checker import check
from jitney.codegen.machine import SLOT
from jitney.codegen.traffic import stack_traffic
from jitney.ir.parse import parse
from jitney.ir.verify import verify


def sums(carried, invariants=0):
    """A loop in which `carried` integers take turns, each with one of the invariants added."""
    values = [f"v{10 + k}" for k in range(carried)]
    fixed = [f"v{100 + k}" for k in range(invariants)]
    lines = [
        "func f(v0: ptr, v1: i64) -> i64 {",
        "loop L0: header b1 preheader b0 counter v2 step 1 stop v1",
        "b0(v0: ptr, v1: i64):",
        "    v3 = const i64 0 ; 1",
        "    v4 = const i64 1 ; 1",
        *[f"    v{300 + k} = load i64 [v0 + {8 * k}] region 1 ; 1" for k in range(carried)],
        *[f"    {v} = load i64 [v0 + {800 + 8 * k}] region 1 ; 1" for k, v in enumerate(fixed)],
        f"    jump b1({', '.join(['v3', *[f'v{300 + k}' for k in range(carried)]])}) ; 1",
        f"b1({', '.join(['v2: i64', *[f'{v}: i64' for v in values]])}) in L0:",
        *[f"    v{200 + k} = xor {v}, {fixed[k % invariants] if fixed else 'v2'} ; 7" for k, v in enumerate(values)],
        "    v5 = add v2, v4 ; 7",
        "    v6 = slt v5, v1 ; 7",
        f"    br v6, b1({', '.join(['v5', *[f'v{200 + k}' for k in range(carried)]])}), b2 ; 7",
        "b2:",
        *[f"    v{400 + k} = add v{399 + k if k else 200}, v{200 + k} ; 8" for k in range(carried)],
        f"    ret v{399 + carried} ; 8",
        "}",
    ]
    return "\n".join(lines) + "\n"


def turning(carried, invariants=0):
    function = parse(sums(carried, invariants))
    verify(function)
    m, allocation = allocated(function)
    check(m, allocation, TARGET)
    return stack_traffic(m, allocation, TARGET)


def test_few_values_need_no_stack():
    assert turning(6) == [] and turning(3, 6) == []


def test_what_is_carried_beyond_the_registers_is_loaded_and_stored():
    loop, = turning(20)
    assert loop.line == 7 and not loop.calls
    # One of each for a value: not again where it is only carried back.
    assert 0 < loop.loads <= 10 and 0 < loop.stores <= 10
    # The values, the counter and how far it goes.
    assert loop.wants[0] == 22 and not loop.avoidable


def test_invariants_beyond_the_registers_are_only_loaded():
    loop, = turning(8, 12)
    assert loop.loads and not loop.stores and loop.wants[0] == 18 and not loop.avoidable


def test_what_need_not_be_there_is_avoidable():
    function = parse(sums(4))
    verify(function)
    m, allocation = allocated(function)
    # As if the first value carried lay in a slot although there is room.
    loop = next(block for block in allocation.blocks if block.loop is not None)
    reads = {a for _, _, ins, _, _ in allocation.before[loop.start : loop.end] for a in ins}
    carried = {
        new for (_, _, ins, _, _), source in zip(allocation.code, allocation.source) if source >= 0
        for old, new in zip(allocation.before[source][2], ins) if old in reads
    }  # fmt: skip
    victim = min(carried)
    allocation.code = [
        (op, tuple([SLOT if o == victim else o for o in outs]), tuple([SLOT if a == victim else a for a in ins]), *rest)
        for op, outs, ins, *rest in allocation.code
    ]  # fmt: skip
    row, = stack_traffic(m, allocation, TARGET)
    assert row.avoidable == row.loads + row.stores > 0 and row.wants[0] <= 8


def test_constants_that_are_read_once_need_no_slots():
    def scan(a, b):
        x = a[0]
        for k in range(len(a)):
            x = ((((x * 1.5 - 2.5) * 3.5 - 4.5) * 5.5 - 6.5) * 7.5 - 8.5) * 9.5 - 10.5
            x = ((((x * 1.6 - 2.6) * 3.6 - 4.6) * 5.6 - 6.6) * 7.6 - 8.6) * 9.6 - 10.6
        return x

    f = jit(scan)
    f(np.linspace(0.0, 1.0, 40), np.zeros(40))
    assert f.explain().traffic == []


def dot(a, b):
    s = 0.0
    for i in range(len(a)):
        s += a[i] * b[i]
    return s


def smooth(a, b):
    for i in range(1, len(a) - 1):
        b[i] = 0.25 * a[i - 1] + 0.5 * a[i] + 0.25 * a[i + 1]


def histogram(a, b):
    for i in range(len(a)):
        b[int(a[i]) % len(b)] += 1.0


def ordered(a, b):
    for i in range(1, len(a)):
        x, j = a[i], i
        while j > 0 and a[j - 1] > x:
            a[j] = a[j - 1]
            j -= 1
        a[j] = x


def argmax(a, b):
    best = 0
    for i in range(1, len(a)):
        if a[i] > a[best]:
            best = i
    return best


def greatest(a, b):
    best, where = a[0], 0
    for i in range(len(a)):
        if a[i] > best:
            best, where = a[i], i
    return best, where


@pytest.mark.parametrize("function", [dot, smooth, histogram, ordered, argmax, greatest])
def test_usual_loops_have_none(function):
    f = jit(function)
    f(np.linspace(0.0, 1.0, 40), np.zeros(40))
    assert f.explain().traffic == []


def test_explain_says_where():
    @jit
    def many(n):
        a = b = c = d = e = f = g = h = i = j = k = m = 1
        o = p = q = r = s = t = 2
        while n:
            a, b, c, d, e, f, g, h, i = b ^ n, c, d, e, f, g, h, i, j
            j, k, m, o, p, q, r, s, t = k ^ n, m, o, p, q, r, s, t, a
            n -= 1
        return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j ^ k ^ m ^ o ^ p ^ q ^ r ^ s ^ t

    many(3)
    explanation = many.explain()
    loop, = explanation.traffic
    told = f"{loop.loads} loads and {loop.stores} stores of stack slots"
    assert told in str(explanation).splitlines()[1] and told in explanation._repr_html_()
