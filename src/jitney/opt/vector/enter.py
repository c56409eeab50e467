"""The copy of a function with vector loops in front of the scalar ones: see the package's docstring for the picture.

The scalar loop stays as it was and does what is left over: the last iterations, all of them if there are too few for
one round, if arrays overlap, or if a sum may overflow (then again from the start). Tests are cheap ones first: the
number of iterations, then the rest.
"""

from __future__ import annotations

from ...ir.function import Edge, Loop, Memory
from ...ir.ops import OPS
from ...ir.types import ACCESSES, I1, I64, VOID
from ...lazy import lazy
from ..rebuild import InFront
from ..span import FIRST as FIRST_CHUNK
from .carried import BITS, SERIAL, SHIFTED
from .conditions import Tests
from .congruences import Congruence
from .extremes import CHANGES
from .nest import Nest
from .program import ACCUMULATOR, ELEMENT, FIRST, LEFT, MEMORY, SCALAR
from .reductions import Reduction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...ir.builder import Builder
    from ...ir.function import Block, Function
    from . import picks
    from .plan import Plan
    from .widen import Widen
else:
    picks = lazy("jitney.opt.vector", "picks")

_LOAD = OPS["load"]
_LOADS = ("load", "mload", ELEMENT)
_LINE, _AHEAD = 64, 8192  # bytes of a line of cache; and how far ahead of what is loaded lines are asked for
_BOUND = 12.0  # what may be computed of each line where memory is what such a loop waits for
_COMBINE = {"smin": "umin", "smax": "umax"}


class Entering(InFront):
    """The copy in which the loops behind the preheaders in `plans` have a vector loop in front."""

    __slots__ = ("_gone",)

    def __init__(self, old: Function, plans: dict[Block, Plan]) -> None:
        super().__init__(old, plans, [plan.body.blocks for plan in plans.values()])
        self._gone: set[Block] = set()

    def block(self, block: Block) -> None:
        if block not in self._gone:
            super().block(block)

    def _once(self, plan: Plan, widen: Widen, start: dict[int, int]) -> None:
        """All iterations as one round, in place of the loop."""
        body = plan.body
        invariant = _Scalars(self, plan)
        round = _Round(self, widen, invariant, start)
        round.identities()
        k = start[body.counter]
        round.emit(k, [])
        following = self.builder.emit("add", k, self.builder.const(I64, widen.lanes * body.loop.step))
        totals = _Totals(self, plan, round, [], start)
        live = self._live(plan, round, totals, following)
        for v in body.live:
            self.value[v] = live[body.resolve(v)]
        header = self.blocks[body.loop.header]
        self._waiting[header] -= 1
        self._waiting[self.blocks[body.exit.target]] += 1
        for block in body.blocks:
            self._gone.add(block)
            self.leave_out(block)
        self.jump(body.exit)

    def enter(self, plan: Plan, edge: Edge) -> None:
        """The vector loops, and a new preheader for the scalar one."""
        body, builder, new = plan.body, self.builder, self.new
        header, emit = body.loop.header, builder.emit
        before, outer = builder.block, builder.block.loop
        up = body.loop.step > 0
        start = dict(zip(header.params, [self.value[a] for a in edge.args]))
        k, stop = start[body.counter], self.value[body.loop.stop]
        count = emit("sub", stop, k) if up else emit("sub", k, stop)
        widen = plan.widens[0]
        plain = not (
            plan.tests or plan.reductions or plan.serial or body.guards or body.carried or body.longer or body.assumed
            or widen.counted or max(widen.bounded, widen.failing) >= 0
        )  # fmt: skip
        if plain and builder.constant(count) == widen.lanes:
            self._once(plan, widen, start)
            return
        rest = builder.new_block(outer)

        def enough(widen: Widen) -> int:
            return emit("uge", count, builder.const(I64, widen.least))

        def leading(target: Block, values: dict[int, int]) -> Edge:
            return Edge(target, tuple([values[p] for p in header.params]))

        def unless(cond: int) -> None:
            """Go on if `cond` holds, else to the scalar loop as if nothing had been done."""
            if cond >= 0:
                self.unless(cond, rest, [start[p] for p in header.params])

        if body.early:
            # Short ways are the scalar loop's: they cost less than a round that is left.
            unless(emit("uge", count, builder.const(I64, max(plan.widens[-1].lanes, 2 * FIRST_CHUNK))))
        else:
            unless(enough(plan.widens[-1]))
        tests = Tests(self, plan, start, count)
        tests.entry()
        nest = Nest(self, plan)
        if nest.gains:
            tests.apart([pair for pair in plan.tests if pair not in nest.pairs])
            unless(tests.every())
            whole, here = nest.apart(), builder.block
            on, row = builder.new_block(outer), builder.new_block(outer)
            row.cold = True
            self.end("br", (whole,), [Edge(on), Edge(row)])
            builder.start(row, here)
            tests = Tests(self, plan, start, count)
            tests.apart(nest.pairs)
            self.end("br", (tests.every(),), [Edge(on), leading(rest, start)])
            builder.start(on, here)
        else:
            tests.apart(plan.tests)
            unless(tests.every())
        self._elements(plan, start)
        if body.early and not any(body.insts[v].mask >= 0 for v in body.order):
            # Many loops are left at once.
            first = _Scalars(self, plan)
            first.made.update(start)
            unless(tests.every_of([first.value(cond) for cond in body.guards]))
        invariant = _Scalars(self, plan)
        for widen in plan.widens:
            # All that is the same in each round, in front of all of them.
            _Round(self, widen, invariant, start).identities()
        values = start
        for widen, following_widen in zip(plan.widens, (*plan.widens[1:], None)):
            here, after = builder.block, builder.new_block(outer)
            if following_widen is not None:
                on = builder.new_block(outer)
                self.end("br", (enough(widen),), [Edge(on), leading(after, values)])
                builder.start(on, here)
            k, totals, live, leave = self._rounds(plan, _Round(self, widen, invariant, values), values)
            unless(totals.good())
            values = {**values, **totals.by_param, body.counter: k}
            for p, result in body.passed.items():
                values[p] = live[result]
            if following_widen is not None:
                last = builder.new_block(outer)
                far = emit("sub" if up else "add", stop, builder.const(I64, following_widen.least))
                more = emit("sle" if up else "sge", k, far)
                self.end("br", (more,), [leading(after, values), Edge(last)])
                builder.start(last, builder.block)
            for v in body.live:
                self.value[v] = live[body.resolve(v)]
            self._waiting[self.blocks[body.exit.target]] += 1
            if widen.masked:
                self.end("jump", (), [self.edge(body.exit)])
            else:
                more = emit("slt" if up else "sgt", k, stop)
                self.end("br", (more,), [leading(rest, values), self.edge(body.exit)])
            leave(rest)
            if following_widen is not None:
                builder.start(after, here)
                values = {p: new.add_param(after, self.old.types[p]) for p in header.params}
                self._elements(plan, values)

        builder.start(rest, before)
        self.enter_loop(body.loop)
        self.loops[body.loop].tail = True

    def _elements(self, plan: Plan, values: dict[int, int]) -> None:
        """Load what is at the places that parameters begin with."""
        for m, (p, _, base, memory) in plan.body.elements.items():
            values[m] = self.builder.insert(_LOAD, (self.value[base], values[p]), memory, memory.access.type)

    def _rounds(
        self, plan: Plan, round: _Round, values: dict[int, int]
    ) -> tuple[int, _Totals, dict[int, int], Callable[[Block], None]]:
        """One vector loop, from the current block on. Gives the counter behind it, what reductions come to, what
        its last iteration leaves for those behind the loop, and what emits the way from it to the scalar loop, to be
        called when all that its regular end dominates is there."""
        body, builder, new = plan.body, self.builder, self.new
        emit, lanes, up = builder.emit, round.widen.lanes, body.loop.step > 0
        entered = builder.block
        outer = entered.loop
        far = builder.const(I64, lanes - 1)
        loop = Loop(outer)
        loop.step = body.loop.step * lanes
        stop, masked = self.value[body.loop.stop], round.widen.masked
        loop.stop = stop if masked else emit("sub" if up else "add", stop, far)
        loop.preheader = entered
        main = loop.header = builder.new_block(loop)
        into = Edge(main, (values[body.counter], *round.identities()))
        self.end("jump", (), [into])
        builder.start(main, entered)
        k = loop.counter = new.add_param(main, I64)
        fact = self.old.facts.get(body.counter)
        if fact is not None:
            new.facts[k] = fact
        accumulators = [new.add_param(main, new.types[v]) for v in into.args[1:]]
        place = k if plan.forward is up else emit("add" if up else "sub", k, far)
        stores: list[int] = []
        left: Block | None = None
        for late, failing in enumerate((round.widen.bounded, round.widen.failing)):
            if late or round.widen.late:
                ahead = emit("sub", stop, k) if masked else -1
                stores += round.emit(place, accumulators, ahead, bool(late) if round.widen.late else None)
            if failing >= 0:
                if left is None:
                    left = builder.new_block(outer)
                    left.cold = True
                here, on = builder.block, builder.new_block(loop)
                self.end("br", (round.new[failing],), [Edge(left), Edge(on)])
                builder.start(on, here)
        for n in stores:
            round.access(n, place)
        results = [round.new[n] for n in round.widen.results]
        following = emit("add" if up else "sub", k, builder.const(I64, lanes))
        again = emit("slt" if up else "sgt", following, loop.stop)
        done = builder.new_block(outer)
        back = Edge(main, (following, *results))
        self.end("br", (again,), [back, Edge(done)])
        self._sources[main] = [(entered, into), (builder.block, back)]
        builder.start(done, builder.block)
        following = stop if masked else following
        totals = _Totals(self, plan, round, results, values)

        def leave(rest: Block) -> None:
            """Where a round was left before anything was stored: the scalar loop goes on with its first iteration."""
            if left is None:
                return
            builder.start(left, main)
            so_far = _Totals(self, plan, round, accumulators, values)
            here = {**values, **so_far.by_param, body.counter: k}
            first = emit("eq", k, values[body.counter])
            for p, result in body.passed.items():
                # Nothing in the loop looks at it but a check's dirty flag: false or true for good.
                if body.op(result).name == "const" or not body.inside(result):
                    here[p] = emit("select", first, values[p], _Scalars(self, plan).value(result))
            again, onward = [Edge(rest, tuple([v[p] for p in body.loop.header.params])) for v in (values, here)]
            good = so_far.good()
            self.end("jump" if good < 0 else "br", () if good < 0 else (good,), [onward, again][: 1 if good < 0 else 2])

        return following, totals, self._live(plan, round, totals, following), leave

    def _live(self, plan: Plan, round: _Round, totals: _Totals, following: int) -> dict[int, int]:
        """What the rounds give for values that are used behind the loop, by the values."""
        body = plan.body
        scalars = _Scalars(self, plan)
        found = scalars.made
        ordered = plan.serial.carried if plan.serial is not None else ()
        for reduction in (*plan.reductions, *ordered, *body.congruences.values(), *body.picks.values()):
            found[reduction.result] = totals.by_param[reduction.param]
        for p in body.flags:
            found[body.carried[p]] = totals.by_param[p]
        found[body.following] = following
        found[body.counter] = self.builder.emit("sub", following, self.builder.const(I64, body.loop.step))
        for v in plan.last:
            found[v] = round.last(v)
        for v in {*map(body.resolve, body.live), *body.passed.values()}:
            found[v] = scalars.value(v)
        return found


class _Scalars:
    """Copies of scalar instructions of the loop, for one value of the counter, where the builder stands.

    Attributes:
        made: new values by old ones; to be given the counter's, unless only invariants are asked for.
    """

    __slots__ = ("builder", "made", "plan", "rebuild")

    def __init__(self, rebuild: Entering, plan: Plan) -> None:
        self.rebuild = rebuild
        self.builder: Builder = rebuild.builder
        self.plan = plan
        self.made: dict[int, int] = {}

    def value(self, v: int) -> int:
        found = self.made.get(v)
        if found is not None:
            return found
        body = self.plan.body
        inst = body.insts.get(v)
        if inst is None:
            return self.rebuild.value[v]
        if inst.op.name == "const":
            return self.builder.const(inst.type, inst.imm)
        args = tuple([self.value(a) for a in inst.args])
        found = self.made[v] = self.builder.insert(inst.op, args, inst.imm, inst.type)
        return found


class _Round:
    """The program of one loop as instructions.

    Attributes:
        new: values by the program's numbers.
    """

    __slots__ = ("_ahead", "_invariant", "builder", "new", "plan", "rebuild", "widen")

    def __init__(self, rebuild: Entering, widen: Widen, invariant: _Scalars, values: dict[int, int]) -> None:
        self.rebuild = rebuild
        self.builder: Builder = rebuild.builder
        self.plan = invariant.plan
        self.widen = widen
        self.new = [-1] * len(widen.program.ops)
        self._invariant = invariant
        self._ahead = _ahead(self.plan, widen)
        invariant.made.update(values)

    def identities(self) -> list[int]:
        """What accumulators begin with; emits everything that is the same in each round."""
        program = self.widen.program
        for n, varying in enumerate(program.varying):
            if not varying:
                self.new[n] = self._same(n)
        return [self.new[n] for n in self.widen.identities]

    def _same(self, n: int) -> int:
        program, builder = self.widen.program, self.builder
        name, type, imm = program.ops[n], program.types[n], program.imms[n]
        if name == "const":
            return builder.const(type, imm)
        if name == SCALAR:
            return self._invariant.value(imm)
        return builder.insert(OPS[name], tuple([self.new[a] for a in program.args[n]]), imm, type)

    def emit(self, first: int, accumulators: list[int], left: int = -1, late: bool | None = None) -> list[int]:
        """One round; `first` is the counter in lane 0, `left` how many iterations there are left, if that matters;
        `late`: of it what is computed from what is looked up, or the rest. Gives the program's numbers of stores that
        are left to do."""
        widen, builder, new = self.widen, self.builder, self.new
        program = widen.program
        scalars = _Scalars(self.rebuild, self.plan)
        scalars.made[self.plan.body.counter] = first
        deferred: list[int] = []
        for n in program.order(widen.results):
            if late is not None and widen.late[n] is not late:
                continue
            name, imm, type = program.ops[n], program.imms[n], program.types[n]
            if name == FIRST:
                new[n] = scalars.value(imm)
            elif name == LEFT:
                new[n] = left
            elif name == ACCUMULATOR:
                new[n] = accumulators[imm]
            elif name in MEMORY:
                if max(widen.bounded, widen.failing) >= 0 and name not in _LOADS:
                    deferred.append(n)
                else:
                    self._access(n, scalars)
            else:
                new[n] = builder.insert(OPS[name], tuple([new[a] for a in program.args[n]]), imm, type)
        return deferred

    def access(self, n: int, first: int) -> None:
        """One access that was left to do."""
        scalars = _Scalars(self.rebuild, self.plan)
        scalars.made[self.plan.body.counter] = first
        self._access(n, scalars)

    def _access(self, n: int, scalars: _Scalars) -> None:
        program, body = self.widen.program, self.plan.body
        if program.ops[n] == ELEMENT:
            v, disp, scale = program.imms[n]
            access, type = body.insts[v].imm, program.types[n]
            place = Memory(ACCESSES[type.name] if type.lanes > 1 else access.access, scale, disp, access.region)
            self.new[n] = self.builder.insert(_LOAD, tuple([self.new[a] for a in program.args[n]]), place, type)
            return
        name, (v, offset) = program.ops[n], program.imms[n]
        given = tuple([self.new[a] for a in program.args[n]])
        inst = body.insts[v]
        base, *index = inst.args if inst.op is _LOAD else inst.args[1:]
        memory = inst.imm
        disp = memory.disp + offset
        type = program.types[n] if name in _LOADS else program.types[program.args[n][0]]
        where = [scalars.value(base)]
        if index:
            at = body.addresses.linear(index[0])
            moved = disp + at.const * memory.scale if at is not None else 0
            if at is not None and not at.terms and at.coef == 1 and -(1 << 31) <= moved < 1 << 31:
                where.append(scalars.value(body.counter))
                disp = moved
            else:
                where.append(scalars.value(index[0]))
        access = ACCESSES[type.name] if type.lanes > 1 else memory.access
        if access.type is I1 and type is I64:
            access = ACCESSES["u8"]  # a lane of a bool's bytes
        ahead = 0 if offset % _LINE else self._ahead.get(v, 0)
        vector = Memory(access, memory.scale, disp, memory.region, memory.invariant, ahead)
        result = type if name in _LOADS else VOID
        self.new[n] = self.builder.insert(OPS[name], (*given, *where), vector, result)

    def last(self, v: int) -> int:
        """The scalar that `v` is in the last iteration of a round."""
        widen, body, emit = self.widen, self.plan.body, self.builder.emit
        if v in widen.serial_values:
            return self.new[widen.serial_values[v][-1]]
        if widen.invariant(v):
            # Emitted here, where other rounds' ways out do not pass.
            here = _Scalars(self.rebuild, self.plan)
            here.made.update(self._invariant.made)
            return here.value(v)
        parts = widen.parts[v]
        ascending = self.plan.forward is (body.loop.step > 0)
        part = self.new[parts[-1 if ascending else 0]]
        scalar = body.type(v)
        found = emit("lane", part, imm=self.rebuild.new.types[part].lanes - 1 if ascending else 0)
        if scalar is I1:
            return emit("ne", found, self.builder.const(I64, 0))
        if scalar is I64 and widen.width[v] < 64 and widen.widths.bound(v)[0] >= 0:
            return emit(f"zext{widen.width[v]}", found)
        return found


def _ahead(plan: Plan, widen: Widen) -> dict[int, int]:
    """Where loads of a round go on to, in bytes, if it had better ask for what it will load.

    What the processor fetches by itself does not keep up with a loop that only reads, where little is done with each
    line. Where a loop stores, asking gains nothing.
    """
    program, step = widen.program, plan.body.loop.step
    if widen is not plan.widens[0] or widen.masked or plan.serial is not None or not plan.body.accesses:
        return {}
    moving = [a for a in plan.body.accesses if a.at.coef]
    lines = sum([widen.lanes * abs(a.at.coef) for a in moving]) / _LINE
    if any(a.store or widen.lanes * abs(a.at.coef) < _LINE for a in moving) or program.cost > _BOUND * lines:
        return {}
    return {a.value: _AHEAD if a.at.coef * step > 0 else -_AHEAD for a in moving}


class _Totals:
    """What the reductions give after the rounds, as scalars.

    Attributes:
        by_param: by the old header's parameters.
    """

    __slots__ = ("_replays", "builder", "by_param", "plan", "widen")

    def __init__(
        self, rebuild: Entering, plan: Plan, round: _Round, results: list[int], start: dict[int, int]
    ) -> None:
        self.widen = round.widen
        self.builder: Builder = rebuild.builder
        self.plan = plan
        self.by_param: dict[int, int] = {}
        self._replays: list[int] = []  # conditions for that nothing has to be done again
        by_reduction: dict[Reduction, list[int]] = {}
        for number, (reduction, part) in enumerate(round.widen.accumulators):
            result = results[number]
            if isinstance(reduction, Congruence):
                if part == 0 or not self.widen.ascending:
                    self.by_param[reduction.param] = self._next(reduction, result)
            elif part >= 0 and isinstance(reduction, Reduction):
                by_reduction.setdefault(reduction, []).append(result)
            elif part == BITS:
                bits = self.builder.emit("ror", result)
                limit = self.builder.const(I64, round.widen.limits[number])
                self._replays.append(self.builder.emit("ult", bits, limit))
            elif part == SERIAL:
                self.by_param[reduction.param] = result
            elif part == SHIFTED:
                last = self.builder.function.types[result].lanes - 1 if self.widen.ascending else 0
                taken = self.builder.emit("lane", result, imm=last)
                width = 8 * self.builder.function.types[result].element.size
                if plan.body.type(reduction.param) is I1:
                    taken = self.builder.emit("ne", taken, self.builder.const(I64, 0))
                elif width < 64 and self.builder.function.types[taken] is I64:
                    if self.widen.widths.bound(reduction.param)[0] >= 0:
                        taken = self.builder.emit(f"zext{width}", taken)
                self.by_param[reduction.param] = taken
        for reduction, parts in by_reduction.items():
            self.by_param[reduction.param] = self._total(reduction, parts, start[reduction.param])

        for p, (m, chosen) in plan.body.flags.items():
            reduction = next(r for r in plan.reductions if r.param == m)
            if p in self.widen.sought:
                places = [results[n] for n in self.widen.sought[p]]
                new = self._place(by_reduction[reduction], places, self.by_param[m])
            else:
                new = _Scalars(rebuild, plan).value(chosen)
            changed = self.builder.emit(CHANGES[reduction.kind], self.by_param[m], start[m])
            self.by_param[p] = self.builder.emit("select", changed, new, start[p])
        for p, pick in plan.body.picks.items():
            known = _Scalars(rebuild, plan).value(pick.value) if picks.invariant(plan.body, pick) else -1
            self.by_param[p] = picks.total(self, pick, self.widen.picked[p], results, start[p], known)

    def _place(self, extremes: list[int], places: list[int], extreme: int) -> int:
        """The counter where the extreme was found first, from the lanes' extremes and where those were found."""
        builder = self.builder
        emit, types = builder.emit, builder.function.types
        up = self.plan.body.loop.step > 0
        type, lanes = types[extremes[0]], types[places[0]]
        most = (1 << (8 * lanes.element.size - 1)) - 1
        nowhere = builder.const(lanes, (most if up else ~most,) * lanes.lanes)
        all_lanes = emit("splat", extreme, type=type)
        found = -1
        for part, place in zip(extremes, places):
            here = emit("feq" if type.element.is_float else "eq", part, all_lanes)
            first = emit("rsmin" if up else "rsmax", emit("select", here, place, nowhere))
            found = first if found < 0 else emit("smin" if up else "smax", found, first)
        return found

    def good(self) -> int:
        """Whether the totals are right, as one condition; -1: they are."""
        good = -1
        for cond in self._replays:
            good = cond if good < 0 else self.builder.emit("and", good, cond)
        return good

    def _next(self, it: Congruence, part: int) -> int:
        """The number of the next iteration."""
        builder = self.builder
        lanes = builder.function.types[part].lanes
        x = builder.emit("lane", part, imm=0 if self.widen.ascending else lanes - 1)
        if it.signed or it.bits == 64:
            return x
        return builder.emit("and", x, builder.const(I64, (1 << it.bits) - 1))

    def _total(self, reduction: Reduction, parts: list[int], first: int) -> int:
        emit, widen, plan = self.builder.emit, self.widen, self.plan
        kind, scalar = reduction.kind, self.plan.body.type(reduction.param)
        unsigned = scalar is I64 and widen.unsigned(reduction)
        joined = _COMBINE.get(kind, kind) if unsigned else kind
        whole = parts[0]
        for part in parts[1:]:
            whole = emit(joined, whole, part)
        if scalar is I1:
            return emit(kind, first, emit("anyset" if kind == "or" else "allset", whole))
        if kind == "mul":
            total = first
            for k in range(self.builder.function.types[whole].lanes):
                total = emit("mul", total, emit("lane", whole, imm=k))
            return emit(reduction.narrow, total) if reduction.narrow else total
        total = emit("r" + joined, whole)
        if kind in ("fmin", "fmax"):
            # It began with the first value. Which zero it is depends on the order.
            zero = self.builder.const(scalar, 0.0)
            if reduction.result in map(plan.body.resolve, plan.body.live):
                self._replays.append(emit("fne", total, zero))
            if reduction.param in plan.body.loose:
                self._replays.append(emit("feq", total, total))
            return total
        width = widen.width[reduction.param]
        if width < 64 and any(plan.body.flags[p][0] == reduction.param for p in widen.sought):
            # A lane that still has what it began with has no place.
            begin = widen.program.imms[widen.identities[widen.accumulators.index((reduction, 0))]][0]
            begin &= (1 << width) - 1 if unsigned else -1
            self._replays.append(emit("ne", total, self.builder.const(I64, begin)))
        if unsigned and kind in ("and", "or", "xor"):
            total = emit(f"zext{width}", total)
        total = emit(kind, first, total)
        return emit(reduction.narrow, total) if reduction.narrow else total
