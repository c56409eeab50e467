"""Least or greatest of all so far, of integers that the same is added to in each iteration: a prefix scan.

    main(k, c):                                 main(k, c: v4i64):           # what counts is in lane 3
        d = c + 1                                   r = load v4i64 [a + k*8]
        r = load i64 [a + k*8]                      r1 = smin r, ((shuffle r, [0, 0, 1, 2]) + [0, 1, 1, 1])
        m = smin d, r                               r2 = smin r1, ((shuffle r1, [0, 1, 0, 1]) + [0, 0, 2, 2])
        store i64 m, [p + k*8]                      m = smin r2, ((shuffle c, [3, 3, 3, 3]) + [1, 2, 3, 4])
                                                    store v4i64 m, [p + k*8]

Rows of edit distances, of alignments with a gap's price: the value of place i is the least of ``r[j] + (i - j) * step``
for all j up to i, and of what was carried around from the round before. Both sums and comparisons are exact as long as
nothing wraps: all that goes in has to lie within +-2**62 (2**30 for integers of 32 bits) where something is added, and
a step that is not a constant (the price of a gap that is an argument) within a 4096th of that, or the scalar loop does
the iterations of that round. (Hillis and Steele, "Data parallel algorithms", 1986.)
"""

from __future__ import annotations

from ...ir.ops import OPS
from ...ir.types import I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.types import Type
    from .body import Body
    from .serial import Serial
    from .widen import Widen

    Step = tuple[int, dict[int, int]]

_ADD, _SUB = OPS["add"], OPS["sub"]
_EXTREMES = (OPS["smin"], OPS["smax"])
_EXTENSIONS = {OPS["sext32"]: 32, OPS["sext16"]: 16}
_FAR = 1 << 62
_MOST_LANES = 64
_MOST_SUMS = 4  # invariants that are added
_STEPS_IN_FAR = 4096


class Scan:
    """Attributes:
        param, result: the header's parameter, and its next value.
        name: which extreme. step: what is added to the parameter before it is its next value, as a constant and
            invariants with their numbers.
        given: (value, what is added to it) of those that the parameter is compared with.
        far: within +-far no sum of a round wraps, at the width that it is cut to.
        same: the next value, and what it is cut from.
    """

    __slots__ = ("far", "given", "name", "param", "result", "same", "step")

    def __init__(self, param: int, result: int) -> None:
        self.param = param
        self.result = result
        self.name = ""
        self.step: Step = (0, {})
        self.far = _FAR
        self.same = [param]
        self.given: list[tuple[int, Step]] = []


def find(body: Body, serial: Serial) -> Scan | None:
    """What goes in order as a scan, if it is one."""
    if len(serial.carried) != 1 or body.type(serial.carried[0].param) is not I64:
        return None
    scan = Scan(serial.carried[0].param, serial.carried[0].result)
    now = scan.param
    most = summed = 0
    for v in serial.order:
        inst = body.insts[v]
        if inst.op in _EXTENSIONS and inst.args == (now,):
            scan.far = min(scan.far, 1 << _EXTENSIONS[inst.op] - 2)
            scan.same.append(v)
            now = v
            continue
        if inst.args.count(now) != 1 or len(inst.args) != 2:
            return None
        place = inst.args.index(now)
        other = inst.args[1 - place]
        if inst.op in _EXTREMES:
            if scan.name not in ("", inst.op.name) or other in serial.inside:
                return None
            scan.name = inst.op.name
            scan.given.append((other, (0, {})))
        else:
            number = body.constant(other)
            if inst.op not in (_ADD, _SUB) or (inst.op is _SUB and place):
                return None
            sign = 1 if inst.op is _ADD else -1
            if number is not None:
                most += abs(number)
                by: Step = (sign * number, {})
            elif not body.inside(other) or other in body.uniform:
                summed += 1
                by = (0, {other: sign})
            else:
                return None
            scan.step = _sum(scan.step, by)
            scan.given = [(a, _sum(added, by)) for a, added in scan.given]
        now = v
        scan.same = [v]
    if 2 * most * _MOST_LANES >= scan.far or summed > _MOST_SUMS:
        return None
    hidden = serial.inside - set(scan.same)
    if now != scan.result or not scan.given or not hidden.isdisjoint(map(body.resolve, body.live)):
        return None
    if any(body.insts[w].mask in hidden or not hidden.isdisjoint(body.insts[w].args) for w in serial.after):
        return None
    if any(a in hidden for p, a in body.carried.items() if p != scan.param):
        return None
    return scan


def _sum(step: Step, by: Step) -> Step:
    number, sums = step
    sums = dict(sums)
    for v, times in by[1].items():
        sums[v] = sums.get(v, 0) + times
    return number + by[0], sums


def _times(widen: Widen, type: Type, step: Step, lanes: list[int]) -> int:
    """In each lane the step as often as that says."""
    program = widen.program
    number, sums = step
    found = program.const(type, tuple([number * k for k in lanes]))
    for v, times in sums.items():
        factors = program.const(type, tuple([times * k for k in lanes]))
        product = program.emit("mul", (widen.splat(v, type), factors))
        found = program.emit("add", (found, product))
    return found


def compute(widen: Widen, scan: Scan, carried: int, beyond: list[int]) -> int:
    """Add a scan to the program. `carried`: the vector in whose last lane the parameter is.

    Returns the vector in whose last lane its next value is; masks of lanes in which sums might wrap go to `beyond`.
    """
    program = widen.program
    emit = program.emit
    type = widen.at(64)
    lanes = type.lanes
    none: Step = (0, {})
    added_up = [step for step in (scan.step, *[added for _, added in scan.given]) if step != none]
    summed = bool(added_up) or scan.far < _FAR
    columns: list[list[int]] = []
    unsure: list[int] = []
    for a, added in scan.given:
        parts = widen.ints(a, 64)
        lo, hi = widen.widths.bound(a)
        if summed and (lo < -scan.far or hi >= scan.far):
            unsure += parts
        if added != none:
            by_this = _times(widen, type, added, [1] * lanes)
            parts = [emit("add", (part, by_this)) for part in parts]
        columns.append(parts)
    parts = columns[0]
    for column in columns[1:]:
        parts = [emit(scan.name, pair) for pair in zip(parts, column)]
    ramp = _times(widen, type, scan.step, list(range(1, lanes + 1)))
    found = []
    for number, part in enumerate(parts):
        by = 1
        while by < lanes:
            moved = emit("shuffle", (part,), None, tuple([k - by if k >= by else k for k in range(lanes)]))
            if scan.step != none:
                steps = _times(widen, type, scan.step, [by if k >= by else 0 for k in range(lanes)])
                moved = emit("add", (moved, steps))
            part = emit(scan.name, (part, moved))
            by *= 2
        last = emit("shuffle", (carried,), None, (lanes - 1,) * lanes)
        if number == 0 and summed:
            unsure.append(last)
        if scan.step != none:
            last = emit("add", (last, ramp))
        carried = emit(scan.name, (part, last))
        found.append(carried)
    if summed:
        far, total = program.const(type, scan.far), -1
        for part in unsure:
            moved = emit("add", (part, far))
            total = moved if total < 0 else emit("or", (total, moved))
        beyond.append(emit("ugt", (total, program.const(type, 2 * scan.far - 1))))
    least = scan.far // _STEPS_IN_FAR
    for v in sorted({v for _, sums in added_up for v in sums}):
        moved = emit("add", (widen.splat(v, type), program.const(type, least)))
        beyond.append(emit("ugt", (moved, program.const(type, 2 * least))))
    for v in scan.same:
        widen.parts[v], widen.width[v] = found, 64
    return carried
