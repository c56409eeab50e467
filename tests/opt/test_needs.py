"""The quick looks that keep passes from being loaded never say no where the pass would change something."""

from __future__ import annotations

import pytest

from jitney.ir.print import to_text
from jitney.opt import (
    PASSES,
    addresses,
    between,
    carry,
    chains,
    circles,
    closed,
    digits,
    doubts,
    extensions,
    guards,
    inductions,
    inline,
    joins,
    latches,
    memory,
    merge,
    modular,
    needs,
    outer,
    partial,
    patterns,
    polls,
    powers,
    promote,
    rotate,
    rotates,
    sections,
    select,
    split,
    tails,
    unroll,
    unswitch,
)
from tests.ir.random_ir import generate
from tests.opt import loops

LOOKS = {
    "tails": (needs.self_calls, tails.loop),
    "inline": (needs.self_calls, inline.inline),
    "rotate": (needs.tests_on_top, rotate.rotate),
    "unroll": (needs.known_trips, unroll.unroll),
    "carry": (needs.recurrences, carry.carry),
    "modular": (needs.masks, modular.wrap),
    "between": (needs.lone_tests, between.join),
    "closed": (needs.counting, closed.close),
    "merge": (needs.arms, merge.merge),
    "select": (needs.choices, select.convert),
    "guards": (needs.invariants, guards.hoist),
    "inductions": (needs.moving, inductions.derive),
    "polls": (needs.short_loops, polls.drop),
    "unswitch": (needs.invariant_branches, unswitch.unswitch),
    "outer": (needs.nests, outer.vectorize_outer),
    "split": (needs.counted, split.split_loops),
    "sections": (needs.steady_loads, sections.cut),
    "promote": (needs.updates, promote.promote),
    "memory": (needs.loads, memory.forward),
    "addresses": (needs.accesses, addresses.reduce),
    "powers": (needs.powers, powers.multiply),
    "doubts": (needs.squares, doubts.doubt),
    "partial": (needs.tight, partial.unroll),
    "chains": (needs.products, chains.shorten),
    "digits": (needs.checked_products, digits.split),
    "latches": (needs.ends_of_arms, latches.copy),
    "circles": (needs.circles, circles.join),
    "patterns": (needs.bits, patterns.shorten),
    "extensions": (needs.extensions, extensions.drop),
    "joins": (needs.narrow_loads, joins.join),
    "rotates": (needs.shifted_halves, rotates.rotate),
}


@pytest.mark.parametrize("first", range(0, 120, 30))
def test_what_is_left_out_would_change_nothing(first: int) -> None:
    for seed in range(first, first + 60):
        program = loops.generate(seed) if seed % 3 else generate(seed, 10 + seed % 60, raw=seed % 2 == 0)
        function = program.function
        for name, run in PASSES:
            look, change = LOOKS.get(name, (None, None))
            if look is not None and not look(function):
                before = to_text(function)
                changed = change(function)
                assert changed is function and to_text(function) == before, f"{name}, seed {seed}"
            function = run(function)
