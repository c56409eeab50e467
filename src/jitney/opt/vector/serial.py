"""What a loop carries around in order: computed one iteration after the other, between what lanes compute at once.

    main(k, s: f64):                        main(k, s: f64):
        v = load f64 [a + k*8]                  v = load v4f64 [a + k*8]
        t = fdiv v3, v                          t = fdiv v3, v
        s' = fadd s, t                          s1 = fadd s, (lane 0 of t)
        k' = k + 1                              s2 = fadd s1, (lane 1 of t) ...
                                                k' = k + 4

A float sum depends on its order, a recurrence even more. But only what leads from a carried value to its next one, the
*serial* part, has to wait for the iteration before; it is pure and costs little where the rest is divisions. What
depends on it without leading back, the quotients of a moving average, comes after it, in lanes again.

    iteration by iteration   |-- term --|-- sum --|-- term --|-- sum --| ...
    a round                  |-- four terms --|-- sum --|-- sum --|-- sum --|-- sum --|
"""

from __future__ import annotations

from ...ir.types import I1, I64, vector
from ...lazy import lazy
from .body import NotVectorizable
from .program import FIRST, SCALAR
from .reductions import Reduction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import scans
    from .body import Body
    from .widen import Widen
else:
    scans = lazy("jitney.opt.vector", "scans")

_MOST = 8  # instructions of the serial part of one iteration
# Cycles from an operation's arguments to its result, other than 1.
LATENCIES = {
    "fcall": 40, "fadd": 3, "fsub": 3, "fmul": 3, "fma": 4, "fdiv": 13, "fsqrt": 18, "fpower": 1, "mul": 3,
    "i2f": 5, "f2i": 6, "select": 2, "fmin": 2, "fmax": 2, "fround": 4, "fext": 4,
    "ffloor": 6, "fceil": 6, "ftrunc": 6, "frint": 6,
}  # fmt: skip
_EXTREMES = frozenset(("smin", "smax"))
_SCANNED = _EXTREMES | {"add", "sub", "sext16", "sext32"}


class Serial:
    """The serial part of a loop, and what depends on it.

    Attributes:
        carried: the parameters with their next values, as reductions without a kind.
        order: the serial instructions. inside: the same and the parameters.
        before, after: all others, in order: those that depend on none of them, or may wait for them.
        latency: cycles that one iteration waits for the one before.
        scan: what it is if lanes can do it.
    """

    __slots__ = ("after", "before", "carried", "inside", "latency", "order", "scan")

    def __init__(self, body: Body, params: list[int]) -> None:
        self.carried = [Reduction(p, body.carried[p]) for p in params]
        insts = body.insts
        depends = set(params)
        for v in body.order:
            if insts[v].mask in depends or depends.intersection(insts[v].args):
                depends.add(v)
        leads = {body.carried[p] for p in params}
        for v in reversed(body.order):
            if v in leads:
                leads.update(insts[v].args)
        self.order = [v for v in body.order if v in depends and v in leads]
        self.inside = {*self.order, *params}
        self.before: list[int] = []
        self.after: list[int] = []
        self._part(body, depends)
        if not 0 < len(self.order) <= _MOST:
            raise NotVectorizable("too much that goes in order")
        if not leads.isdisjoint(self.after):
            raise NotVectorizable("carried around through memory")
        for v in self.order:
            if not insts[v].op.pure:
                raise NotVectorizable(f"{insts[v].op} of what is carried around")
        for v in self.inside:
            type = body.type(v)
            if type not in (I1, I64) and not type.is_float:
                raise NotVectorizable("a pointer that is carried around")
        self.latency = self._latency(body)
        names = {insts[v].op.name for v in self.order}
        self.scan = scans.find(body, self) if names <= _SCANNED and names & _EXTREMES else None

    def _part(self, body: Body, depends: set[int]) -> None:
        """Before or after; accesses keep their order."""
        late: set[int] = set()
        accessed = False
        for v in body.order:
            inst = body.insts[v]
            waits = inst.mask in late or not late.isdisjoint(inst.args)
            if v in self.inside:
                if waits:
                    raise NotVectorizable("what goes in order waits for a store")
                continue
            access = inst.op.reads or inst.op.writes
            if waits or v in depends or (access and accessed):
                late.add(v)
                accessed = accessed or access
            (self.after if v in late else self.before).append(v)

    def _latency(self, body: Body) -> int:
        """The longest way from a parameter through one iteration."""
        ready: dict[int, int] = {}
        for v in self.order:
            inst = body.insts[v]
            ready[v] = max([ready.get(a, 0) for a in inst.args]) + LATENCIES.get(inst.op.name, 1)
        return max([ready.get(r.result, 0) for r in self.carried])


def in_order(widen: Widen, serial: Serial, begin: list[int]) -> tuple[dict[int, list[int]], list[int]]:
    """Add the serial part of all lanes to the program, which holds what goes into it already.

    Args:
        begin: the program's values of `serial.carried` before the round.

    Returns:
        Of the serial instructions and parameters the program's scalars, one per iteration, in order; and of
        `serial.carried` the program's values after the round.
    """
    body, program = widen.body, widen.program
    ascending = widen.forward is (body.loop.step > 0)
    lanes = range(widen.lanes) if ascending else range(widen.lanes - 1, -1, -1)
    values: dict[int, list[int]] = {v: [] for v in serial.inside}
    taken: dict[int, list[int]] = {}

    def argument(a: int, lane: int) -> int:
        if a in values:
            return values[a][-1]
        if widen.invariant(a):
            return program.leaf(SCALAR, a, body.type(a))
        if a == body.counter:
            first = program.leaf(FIRST, a, I64)
            return program.emit("add", (first, program.const(I64, lane if widen.forward else -lane)))
        if a not in taken:
            taken[a] = _taken(widen, a)
        return taken[a][lane]

    following = begin
    for lane in lanes:
        for r, value in zip(serial.carried, following):
            values[r.param].append(value)
        for v in serial.order:
            inst = body.insts[v]
            given = tuple([argument(a, lane) for a in inst.args])
            values[v].append(program.emit(inst.op.name, given, inst.type, inst.imm))
        following = [argument(r.result, lane) for r in serial.carried]
    for v in serial.inside:
        if any(v in body.insts[w].args or v == body.insts[w].mask for w in serial.after):
            _put_together(widen, v, values[v] if ascending else values[v][::-1])
    return values, following


def _taken(widen: Widen, a: int) -> list[int]:
    """The lanes of `a` as scalars."""
    program, type = widen.program, widen.body.type(a)
    if type is I1:
        columns = widen.masks(a, widen.width.get(a, 64))
    else:
        columns = widen.floats(a) if type.is_float else widen.ints(a, widen.width.get(a, 64))
    scalars = []
    while columns:
        part, *columns = columns
        lanes = program.types[part]
        if lanes.size > 16:
            columns = [program.emit("low", (part,)), program.emit("high", (part,)), *columns]
            continue
        for k in range(lanes.lanes):
            x = program.emit("lane", (part,), None, k)
            if type is I1:
                x = program.emit("ne", (x, program.const(I64, 0)))
            elif type is I64 and lanes.element is not I64 and widen.widths.bound(a)[0] >= 0:
                x = program.emit(f"zext{8 * lanes.element.size}", (x,))
            scalars.append(x)
    return scalars


def _put_together(widen: Widen, v: int, scalars: list[int]) -> None:
    """The parts of `v` from its lanes."""
    program, type = widen.program, widen.body.type(v)
    if type is I1:
        raise NotVectorizable("a condition that goes in order")
    whole = widen.at(8 * type.size, type).lanes
    per = 16 // type.size
    if widen.lanes < per:
        raise NotVectorizable("less than a register that is put together")
    parts = []
    for start in range(0, widen.lanes, per):
        part = program.emit("splat", (scalars[start],), vector(type, per))
        for k in range(1, per):
            part = program.emit("insert", (part, scalars[start + k]), None, k)
        parts.append(part)
    while widen.lanes // len(parts) < whole:
        parts = [program.emit("join", pair) for pair in zip(parts[::2], parts[1::2])]
    widen.parts[v], widen.width[v] = parts, 8 * type.size
