"""The last value for which a condition holds: of the counter, of something loaded or computed, or an invariant.

    main(k, j):                             main(k, j: v4i64):             # from the least number
        v = load f64 [a + k*8]                  v = load v4f64 [a + k*8]
        c = flt v, t                            c = flt v, t
        j' = select c, k, j                     j' = select c, (k, k + 1, k + 2, k + 3), j
                                            behind it: m = the greatest lane; m if any was found, else j0

Each lane remembers where it found the condition to hold last, and what was to be taken there; that of the lane with the
last place of all counts. Of an invariant it is enough to know whether it was taken at all. (As LLVM's vectoriser does
it: "find last index", "any of".)
"""

from __future__ import annotations

from ...ir.ops import OPS
from ...ir.types import I1, I64
from .program import ACCUMULATOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.types import Type
    from .body import Body
    from .enter import _Totals
    from .widen import Widen

_SELECT, _CONST, _NOT, _AND, _OR = OPS["select"], OPS["const"], OPS["not"], OPS["and"], OPS["or"]
_DEEP = 4  # choices of one value


class Pick:
    """Attributes:
    param, result: the header's parameter, and its next value: `value` if `cond` is `holds`, else the parameter.
    inner: choices on the way from the parameter to the result, which nothing else looks at.
    """

    __slots__ = ("cond", "holds", "inner", "param", "result", "value")

    def __init__(self, param: int, result: int, inner: set[int], cond: int, holds: bool, value: int) -> None:
        self.param = param
        self.result = result
        self.inner = inner
        self.cond = cond
        self.holds = holds
        self.value = value


class Places:
    """What lanes remember of one parameter, as numbers of accumulators: where it was taken, and what; of an invariant
    masks: whether."""

    __slots__ = ("masks", "numbers", "values")

    def __init__(self) -> None:
        self.masks: list[int] = []
        self.numbers: list[int] = []
        self.values: list[int] = []


def find(body: Body) -> dict[int, Pick]:
    """The parameters that are picked so."""
    users: dict[int, int] = {}
    for v in body.order:
        for a in (*body.insts[v].args, body.insts[v].mask):
            users[a] = users.get(a, 0) + 1
    for a in (*body.guards, *body.passed.values(), *[r for p, r in body.carried.items()]):
        users[a] = users.get(a, 0) + 1
    found = {}
    for p, result in body.carried.items():
        inst = body.insts.get(result)
        if (
            inst is None or inst.op is not _SELECT or p in body.passed or p in body.flags or p in body.elements
            or (inst.type is not I64 and not inst.type.is_float)
        ):  # fmt: skip
            continue
        inner: set[int] = set()
        times = _leads(body, result, p, inner, _DEEP)
        if times and users.get(p) == times and all(users.get(v) == 1 for v in inner):
            found[p] = Pick(p, result, inner, *_taken(body, result, p, inner))
    return found


def _leads(body: Body, v: int, p: int, inner: set[int], deep: int) -> int:
    """How often `p` is to be chosen from for `v`, through choices alone; these go to `inner`."""
    inst = body.insts.get(v)
    if v == p:
        return 1
    if inst is None or inst.op is not _SELECT or not deep:
        return 0
    times = sum([_leads(body, a, p, inner, deep - 1) for a in inst.args[1:]])
    if times:
        inner.add(v)
    return times


def _taken(body: Body, v: int, p: int, inner: set[int]) -> tuple[int, bool, int]:
    """The condition that another value than `p` is taken, whether it has to hold, and that value."""
    cond, *sides = body.insts[v].args
    opposite = cond if p in sides and not inner.intersection(sides) else body.make(_NOT, (cond,), I1)
    tests: list[int] = []
    values: list[int] = []
    for side, here in zip(sides, (cond, opposite)):
        if side == p:
            continue
        if side in inner:
            test, holds, value = _taken(body, side, p, inner)
            here = body.make(_AND, (here, test if holds else body.make(_NOT, (test,), I1)), I1)
            values.append(value)
        else:
            values.append(side)
        tests.append(here)
    if len(tests) == 1:
        return tests[0], opposite != cond or sides[0] != p, values[0]
    return body.make(_OR, (tests[0], tests[1]), I1), True, body.make(_SELECT, (cond, *values), body.type(v))


def invariant(body: Body, pick: Pick) -> bool:
    """Whether the same is taken each time."""
    return not body.inside(pick.value) or body.op(pick.value) is _CONST


def remember(widen: Widen) -> dict[int, Places]:
    """The accumulators; what they begin with, and what they are after a round, goes to `widen`. Parameters that are
    picked by the same condition share their places."""
    picked: dict[int, Places] = {}
    shared: dict[tuple[int, bool], list[tuple[int, list[int]]]] = {}
    body = widen.body
    for pick in sorted(body.picks.values(), key=lambda pick: (invariant(body, pick), pick.value == body.counter)):
        picked[pick.param] = _remember(widen, pick, shared.setdefault((pick.cond, pick.holds), []))
    return picked


def _remember(widen: Widen, pick: Pick, shared: list[tuple[int, list[int]]]) -> Places:
    """Of one parameter; `shared` are places by the width of the lanes."""
    body, program, places = widen.body, widen.program, Places()
    least = widen.width.get(pick.cond, 64)
    if shared and (invariant(body, pick) or pick.value == body.counter):
        places.numbers = shared[0][1]
        return places
    if invariant(body, pick):
        masks = widen.masks(pick.cond, least)
        widen.require("anyset", program.types[masks[0]])
        for mask in masks:
            taken = mask if pick.holds else program.emit("not", (mask,))
            before = _accumulator(widen, pick, places.masks, program.types[mask], program.const(program.types[mask], 0))
            widen.results.append(program.emit("or", (before, taken)))
        return places
    scalar, width = body.type(pick.value), max(32, least)
    if pick.value != body.counter:
        width = 8 * scalar.size if scalar.is_float else max(width, widen.widths.lane.get(pick.value, 64))
    masks, lanes = widen.masks(pick.cond, width), widen.at(width)
    widen.require("rsmax" if body.loop.step > 0 else "rsmin", lanes)
    widen.require("eq", lanes)
    places.numbers = next((numbers for bits, numbers in shared if bits == width), [])
    if not places.numbers:
        shared.append((width, places.numbers))
        least_number = -(1 << width - 1)
        nowhere = program.const(lanes, least_number if body.loop.step > 0 else ~least_number)
        for mask, k in zip(masks, widen.ints(body.counter, width)):
            before = _accumulator(widen, pick, places.numbers, lanes, nowhere)
            widen.results.append(_chosen(widen, pick, mask, k, before))
    if pick.value == body.counter:
        return places
    values = widen.floats(pick.value) if scalar.is_float else widen.ints(pick.value, width)
    kind = widen.of(scalar) if scalar.is_float else lanes
    widen.require("rfadd" if scalar.is_float else "ror", kind)
    nothing = program.const(kind, -0.0 if scalar.is_float else 0)
    for mask, value in zip(masks, values):
        before = _accumulator(widen, pick, places.values, kind, nothing)
        widen.results.append(_chosen(widen, pick, mask, value, before))
    return places


def _accumulator(widen: Widen, pick: Pick, numbers: list[int], type: Type, begin: int) -> int:
    number = widen.remember(pick, begin)
    numbers.append(number)
    return widen.program.leaf(ACCUMULATOR, number, type)


def _chosen(widen: Widen, pick: Pick, mask: int, value: int, before: int) -> int:
    return widen.program.emit("select", (mask, value, before) if pick.holds else (mask, before, value))


def total(totals: _Totals, pick: Pick, places: Places, results: list[int], first: int, known: int) -> int:
    """What the parameter is after the rounds.

    Args:
        results: what the accumulators came to. first: what the parameter began with.
        known: the invariant that it may be, -1 for others.
    """
    builder, body = totals.builder, totals.plan.body
    emit, types = builder.emit, builder.function.types
    if places.masks:
        found = -1
        for n in places.masks:
            found = results[n] if found < 0 else emit("or", found, results[n])
        return emit("select", emit("anyset", found), known, first)
    up = body.loop.step > 0
    parts = [results[n] for n in places.numbers]
    lanes = types[parts[0]]
    last = -1
    for part in parts:
        one = emit("rsmax" if up else "rsmin", part)
        last = one if last < 0 else emit("smax" if up else "smin", last, one)
    least = -(1 << 8 * lanes.element.size - 1)
    some = emit("ne", last, builder.const(I64, least if up else ~least))
    if not places.values:
        return emit("select", some, known if known >= 0 else last, first)
    every, value = emit("splat", last, type=lanes), -1
    scalar = body.type(pick.value)
    kind = types[results[places.values[0]]]
    nothing = builder.const(kind, (-0.0 if scalar.is_float else 0,) * kind.lanes)
    for part, n in zip(parts, places.values):
        # One lane has it; what is added to it changes nothing.
        one = emit("rfadd" if scalar.is_float else "ror", emit("select", emit("eq", part, every), results[n], nothing))
        value = one if value < 0 else emit("fadd" if scalar.is_float else "or", value, one)
    if not scalar.is_float and lanes.element is not I64 and totals.widen.widths.bound(pick.value)[0] >= 0:
        value = emit(f"zext{8 * lanes.element.size}", value)
    return emit("select", some, value, first)
