"""The order of a round's instructions: where registers are short, result after result."""

from __future__ import annotations

from jitney.ir.types import F64, I64, vector
from jitney.opt.vector.program import ACCUMULATOR, FIRST, Program

NUMBERS, PLACES = vector(F64, 8), vector(I64, 8)


class Anything:
    """A target that has every operation."""

    def supports(self, name: str, type: object) -> bool:
        return True


def greatest(copies: int) -> tuple[Program, list[int]]:
    """The greatest and where it is, all loads first, then all maxima, and so on; the program and its results."""
    program = Program(Anything())
    most = [program.leaf(ACCUMULATOR, k, NUMBERS) for k in range(copies)]
    where = [program.leaf(ACCUMULATOR, copies + k, PLACES) for k in range(copies)]
    k = program.emit("splat", (program.leaf(FIRST, 0, I64),), PLACES)
    loads = [program.emit("load", (), NUMBERS, (0, 64 * n)) for n in range(copies)]
    maxima = [program.emit("fmax", pair) for pair in zip(loads, most)]
    greater = [program.emit("fgt", pair, PLACES) for pair in zip(loads, most)]
    places = [program.emit("add", (k, program.const(PLACES, n))) for n in range(copies)]
    chosen = [program.emit("select", row) for row in zip(greater, places, where)]
    return program, maxima + chosen


def test_few_copies_stay_as_they_are() -> None:
    program, results = greatest(2)
    order = program.order(results)
    assert order == sorted(order)


def test_copies_that_need_too_many_registers_follow_each_other() -> None:
    program, results = greatest(4)
    order = program.order(results)
    assert sorted(order) == [n for n, varying in enumerate(program.varying) if varying]
    place = {n: k for k, n in enumerate(order)}
    assert all(place[a] < place[n] for n in order for a in program.args[n] if a in place)
    names = [program.ops[n] for n in order if program.ops[n] in ("load", "fmax", "fgt", "select")]
    assert [names.index("select"), *[sorted(names[k : k + 4]) for k in range(0, 16, 4)]] == [
        3, *[["fgt", "fmax", "load", "select"]] * 4
    ]  # fmt: skip


def test_what_is_stored_stays_in_order() -> None:
    program, results = greatest(6)
    program.emit("store", (results[0],), NUMBERS, (1, 0))
    order = program.order(results)
    assert order == sorted(order)
