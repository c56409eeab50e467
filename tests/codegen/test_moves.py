"""Parallel moves and the multipliers that divide."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitney.codegen.moves import schedule
from jitney.ir.magic import magic_63, magic_64, magic_below


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


@pytest.mark.parametrize("c", [2, 3, 7, 26, 100, 641, 65535, 65537, 2**31 - 1, 10**12])
def test_multipliers_of_small_numbers(c):
    r = random.Random(c)
    for bits in (1, 5, 8, 15, 16, 17, 31, 32, 33, 40):
        most = r.choice(((1 << bits) - 1, 1 << bits - 1, r.getrandbits(bits)))
        found = magic_below(c, most)
        if found is None:
            assert bits > 31 or c > most
            continue
        m, s = found
        assert most * m < 2**64
        near = [k * c + e for k in (0, 1, 2, r.randrange(most // c + 1), most // c) for e in (-1, 0, 1)]
        for x in [*near, most, *[r.randrange(most + 1) for _ in range(200)]]:
            if 0 <= x <= most:
                assert x * m >> s == x // c, (x, m, s)
