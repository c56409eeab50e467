"""Parallel moves and the multipliers that divide."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitney.codegen.moves import schedule
from jitney.ir.magic import magic_63, magic_64


@given(st.permutations(range(8)), st.lists(st.integers(0, 11), min_size=8, max_size=8))
def test_moves_happen_all_at_once(outs, ins):
    state = {loc: loc for loc in range(12)}
    for swap, a, b in schedule(outs, ins):
        if swap:
            state[a], state[b] = state[b], state[a]
        else:
            state[a] = state[b]
    assert [state[d] for d in outs] == ins


@given(st.permutations(range(10)))
def test_a_cycle_takes_one_swap_less_than_its_length(ins):
    steps = schedule(range(10), ins)
    assert len(steps) <= 9 and all(swap for swap, _, _ in steps)


DIVISORS = [3, 5, 6, 7, 9, 10, 11, 60, 641, 1000, 2**31 - 1, 2**32 + 1, 2**61 - 1, 2**62 + 1, 2**63 - 1, 10**18, 3**39]


@pytest.mark.parametrize("c", DIVISORS)
def test_multipliers(c):
    r = random.Random(c)
    near = [k * c + e for k in (0, 1, 2, 3, (2**63 - 1) // c, (2**64 - 1) // c) for e in (-1, 0, 1)]
    for x in [*near, 2**63 - 1, *[r.getrandbits(63) for _ in range(300)]]:
        if 0 <= x < 2**63:
            m, s = magic_63(c)
            assert ((x * (m % 2**64)) >> 64) >> s == x // c
    for x in [*near, 2**64 - 1, *[r.getrandbits(64) for _ in range(300)]]:
        if 0 <= x < 2**64:
            m, s = magic_64(c)
            t = x * m >> 64
            assert (((x - t) >> 1) + t) >> (s - 1) == x // c
