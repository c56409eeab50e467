"""What innermost loops read from the stack and write to it."""

import numpy as np
import pytest
from harness import TARGET
from test_checker import allocated

from jitney import jit
from jitney.codegen.checker import check
from jitney.codegen.traffic import stack_traffic
from jitney.ir.parse import parse
from jitney.ir.verify import verify


def turning(carried, invariants=0):
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
    function = parse("\n".join(lines) + "\n")
    verify(function)
    m, allocation = allocated(function)
    check(m, allocation, TARGET)
    return stack_traffic(allocation)


def test_few_values_need_no_stack():
    assert turning(6) == [] and turning(3, 6) == []


def test_what_is_carried_beyond_the_registers_is_loaded_and_stored():
    (line, loads, stores, calls), = turning(20)
    assert line == 7 and not calls
    # One of each for a value: not again where it is only carried back.
    assert 0 < loads <= 10 and 0 < stores <= 10


def test_invariants_beyond_the_registers_are_only_loaded():
    (_, loads, stores, _), = turning(8, 12)
    assert loads and not stores


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
    (_, loads, stores, _), = explanation.traffic
    told = f"{loads} loads and {stores} stores of stack slots"
    assert told in str(explanation).splitlines()[1] and told in explanation._repr_html_()
