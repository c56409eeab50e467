"""Better IR from IR: the passes in order, each a function from `Function` to `Function`. See docs/opt.md."""

from __future__ import annotations

import os

from ..ir.ops import OPS
from ..lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.function import Function
    from . import (
        addresses,
        between,
        carry,
        chains,
        checks,
        circles,
        closed,
        contract,
        dce,
        digits,
        doubts,
        either,
        extensions,
        geometric,
        guards,
        inductions,
        inline,
        jam,
        joins,
        latches,
        memory,
        merge,
        modular,
        needs,
        outer,
        params,
        partial,
        patterns,
        payloads,
        polls,
        powers,
        promote,
        reciprocal,
        rotate,
        rotates,
        sections,
        select,
        split,
        tails,
        unroll,
        unswitch,
        vector,
    )
else:
    chains, digits, either, geometric, joins = lazy(
        "jitney.opt", "chains", "digits", "either", "geometric", "joins"
    )
    addresses, between, carry, checks, closed, contract, dce, guards, inductions, inline, jam, memory, modular = lazy(
        "jitney.opt", "addresses", "between", "carry", "checks", "closed", "contract", "dce", "guards", "inductions",
        "inline", "jam", "memory", "modular",
    )
    circles, doubts, extensions, merge, needs = lazy("jitney.opt", "circles", "doubts", "extensions", "merge", "needs")
    patterns, payloads = lazy("jitney.opt", "patterns", "payloads")
    outer, params, polls, powers, promote, reciprocal, rotate, rotates, sections, select, split, tails, unroll = lazy(
        "jitney.opt", "outer", "params", "polls", "powers", "promote", "reciprocal", "rotate", "rotates", "sections",
        "select", "split", "tails", "unroll",
    )
    latches, partial, unswitch, vector = lazy("jitney.opt", "latches", "partial", "unswitch", "vector")

#: What `optimize` runs, in this order, and the names under which JITNEY_DISABLE leaves them out. A pass that most
#: functions give nothing to do is not even loaded unless a look at the function says so (`needs.py`).
PASSES: tuple[tuple[str, Callable[[Function], Function]], ...] = (
    ("params", lambda function: params.clean(function)),
    ("tails", lambda function: tails.loop(function) if needs.self_calls(function) else function),
    ("inline", lambda function: inline.inline(function) if needs.self_calls(function) else function),
    ("payloads", lambda function: payloads.carry_floats(function) if needs.payloads(function) else function),
    ("powers", lambda function: powers.multiply(function) if needs.powers(function) else function),
    ("rotate", lambda function: rotate.rotate(function) if needs.tests_on_top(function) else function),
    ("unroll", lambda function: unroll.unroll(function) if needs.known_trips(function) else function),
    ("modular", lambda function: modular.wrap(function) if needs.masks(function) else function),
    ("checks", lambda function: checks.drop_checks(function)),
    ("between", lambda function: between.join(function) if needs.lone_tests(function) else function),
    ("closed", lambda function: closed.close(function) if needs.counting(function) else function),
    ("merge", lambda function: merge.merge(function) if needs.arms(function) else function),
    ("select", lambda function: select.convert(function) if needs.choices(function) else function),
    ("patterns", lambda function: patterns.shorten(function) if needs.bits(function) else function),
    ("guards", lambda function: guards.hoist(function) if needs.invariants(function) else function),
    ("inductions", lambda function: inductions.derive(function) if needs.moving(function) else function),
    ("reciprocal", lambda function: reciprocal.multiply(function) if function.fastmath else function),
    ("outer", lambda function: outer.vectorize_outer(function) if needs.nests(function) else function),
    ("jam", lambda function: jam.jam(function) if needs.nests(function) else function),
    ("unswitch", lambda function: unswitch.unswitch(function) if needs.invariant_branches(function) else function),
    ("polls", lambda function: polls.drop(function) if needs.short_loops(function) else function),
    ("split", lambda function: split.split_loops(function) if needs.counted(function) else function),
    ("sections", lambda function: sections.cut(function) if needs.steady_loads(function) else function),
    ("merge", lambda function: merge.merge(function) if needs.arms(function) else function),
    ("select", lambda function: select.convert(function) if needs.choices(function) else function),
    ("joins", lambda function: joins.join(function) if needs.narrow_loads(function) else function),
    ("carry", lambda function: carry.carry(function) if needs.recurrences(function) else function),
    ("promote", lambda function: promote.promote(function) if _sums_in_memory(function) else function),
    ("vector", lambda function: vector.vectorize(function)),
    ("between", lambda function: between.join(function, True) if needs.lone_tests(function) else function),
    ("promote", lambda function: promote.promote(function) if needs.updates(function) else function),
    ("memory", lambda function: memory.forward(function) if needs.loads(function) else function),
    ("steady", lambda function: guards.hoist(function) if needs.steady(function) else function),
    ("addresses", lambda function: addresses.reduce(function) if needs.accesses(function) else function),
    ("geometric", lambda function: geometric.carry(function) if needs.powers(function) else function),
    ("either", lambda function: either.divide(function) if needs.squares(function) else function),
    ("doubts", lambda function: doubts.doubt(function) if needs.squares(function) else function),
    ("partial", lambda function: partial.unroll(function) if needs.tight(function) else function),
    ("circles", lambda function: circles.join(function) if needs.circles(function) else function),
    ("contract", lambda function: contract.contract(function) if function.fastmath else function),
    ("rotates", lambda function: rotates.rotate(function) if needs.shifted_halves(function) else function),
    ("extensions", lambda function: extensions.drop(function) if needs.extensions(function) else function),
    ("digits", lambda function: digits.split(function) if needs.checked_products(function) else function),
    ("chains", lambda function: chains.shorten(function) if needs.products(function) else function),
    ("dce", lambda function: dce.eliminate(function)),
    ("latches", lambda function: latches.copy(function) if needs.ends_of_arms(function) else function),
)


_CONST, _GUARD, _MULO, _SHL = OPS["const"], OPS["guard"], OPS["mulo"], OPS["shl"]
_WRAPPING = frozenset((_MULO, _SHL))
EXTENSIONS = frozenset(OPS[f"{kind}ext{n}"] for kind in "sz" for n in (8, 16, 32))
MASKS = EXTENSIONS | {OPS["and"], OPS["floormod"]}
"""Operations that ask for low bits."""


def required(function: Function) -> list[tuple[str, Callable[[Function], Function]]]:
    """The rows that serve code without optimisation, too: else hashes would fail there, after a store, on their way to
    the bits that are wanted."""
    ops = function.ops
    if _WRAPPING.isdisjoint(ops) or MASKS.isdisjoint(ops) or not _overflows_late(function):
        # Most first calls need not even load `needs`.
        return []
    return [("modular", modular.wrap)] if needs.masks(function) else []


def _overflows_late(function: Function) -> bool:
    """Whether a product or a shift may overflow after something visible has happened, so that CPython cannot take
    over."""
    ops, args, imms = function.ops, function.args, function.imms
    shifts = _SHL in ops
    for block in function.blocks:
        for v in block.insts:
            if ops[v] is _MULO or (shifts and ops[v] is _GUARD):
                flag = args[v][2 if ops[v] is _MULO else 1]
                if ops[flag] is not _CONST or imms[flag]:
                    return True
    return False


def _sums_in_memory(function: Function) -> bool:
    """Whether a loop may update an element and go in lanes nevertheless, once a register holds it."""
    return function.fastmath and needs.updates(function)


def enabled() -> list[tuple[str, Callable[[Function], Function]]]:
    """The rows of `PASSES` that the environment variable JITNEY_DISABLE (names, comma-separated) leaves on."""
    disabled = os.environ.get("JITNEY_DISABLE", "").split(",")
    return [row for row in PASSES if row[0] not in disabled]


def optimize(function: Function) -> Function:
    """A function that does the same, faster. The argument is used up."""
    for _, run in enabled():
        function = run(function)
    return function
