"""Parallel loops: a loop whose iterations threads may share becomes functions of its own.

    pre: jump head(0, x)                    pre:      n = stop - start; br n is small, direct, ask
                                            ask:      br n is known to be tiny, direct, shared
    head(i, s) in L0 parallel:              direct:   s' = x + call chunk(context, start, stop, inputs)
        body                                          jump done(s')
        s' = addo s, v                      shared:   env <- inputs
        br i' < stop, head(i', s'), out               call parallel(context, part, env, units, work, known)
                                                      s' = x + the parts in env, in order
                                                      jump done(s')
                                            done(s'): jump out(s')

- ``chunk(context, start, stop, inputs) -> values`` is the loop itself, on some of its iterations. Reductions begin with
  their identity.
- ``part(context, env, lo, hi)`` runs the units lo...hi, whose size stands in env: it calls `chunk` for all of them at
  once and leaves what it has computed in env, as that of the first. Sums of floats are computed for each unit: so
  the result hangs on the number of iterations, not on who did them.
- `parallel` (runtime/threads.py) calls `part` until all units are done, from one thread or several.

A loop that cannot be shared stays as it is; a note tells why. See docs/parallel.md.
"""

from __future__ import annotations

from ..analysis.reductions import BETTER, Carried, Dependence, carried
from ..ir.context import REGISTERS
from ..ir.function import SLOTS, Block, Edge, Function, Loop, Site, Symbol
from ..ir.ops import OPS
from ..ir.types import I1, I64, NATURAL
from .arms import choose
from .chunks import (
    COUNT,
    DIRTY,
    I64_ACCESS,
    PARTS,
    SIZE,
    START,
    UNITS_OF_PARTS,
    chunk_of,
    constant_of,
    part_of,
    places,
)
from .glance import TENTHS, Glance
from .maker import Maker
from .memory import forward
from .params import clean
from .rebuild import lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.types import Type

_CONST, _SYMBOL, _ALLOCA = OPS["const"], OPS["symbol"], OPS["alloca"]

# What is known of a loop: how many more times it is run at once if it is tiny; from which work on it is not; how many
# polls there had been.
_TIMES, _TINY, _POLLS = 8, 16, 24
_UNITS = 1024
_MANY = 1 << 48
_MOST_COUNT = 1 << 32  # times the most work of an iteration: below 2 ** 63
_UNIT_WORK, _SMALL_WORK = 1000.0, 2000.0
"""Nanoseconds, as a glance at the loop makes them out: a unit takes at least, where that is certain, and a loop that is
not worth a look at the clock at most."""
_SURE = 5  # times as much is certain of a loop without loops in it: it takes no longer than it looks
_ROWS = 4  # at least, where there are many: inner loops may be done for several of them at a time
_FEW_POLLS = 4  # less than so many between two runs: a vectorised loop polls once or twice in some microseconds
_BALANCE = 64  # at least so many units, if there are as many iterations: one may take a thousand times what it seems to


class Cannot(Exception):
    """Why a loop stays serial."""


def outline(
    function: Function, driver: Symbol, polls: Symbol, known: Callable[[], Symbol]
) -> tuple[list[Function], list[str]]:
    """`function` and the functions made of its parallel loops; and a note on each of these.

    Args:
        polls: a word that counts polls.
        known: makes room for what the driver knows of one loop.
    """
    function = clean(choose(clean(forward(clean(function)))))
    lay_out(function)
    made, notes = [], []
    for loop in function.loops():
        if loop.parallel is None:
            continue
        line = loop.preheader.line
        try:
            shared = Shared(function, loop, driver, polls, known())
            made += shared.make()
            notes.append(f"line {line}: parallel")
            lay_out(function)
            for inner in shared.inner:
                inner.parallel = None
        except Cannot as reason:
            loop.parallel = None
            notes.append(f"line {line}: serial, {reason}")
    return [function, *made], notes


class Shared:
    """One loop that becomes functions.

    Attributes:
        inner: the loops in it.
        glance: what it takes.
    """

    def __init__(self, function: Function, loop: Loop, driver: Symbol, polls: Symbol, known: Symbol) -> None:
        self.function = function
        self.loop = loop
        self.driver = driver
        self.polls = polls
        self.known = known
        self.line = loop.preheader.line
        if loop.counter < 0:
            raise Cannot("it does not count")
        self._find_region()
        self._check()
        names = loop.parallel or {}
        try:
            self.roles = carried(function, loop, self.region, self.latch)
        except Dependence as error:
            name = names.get(error.param, "a value")
            raise Cannot(f"{name!r} goes from one iteration to the next: {error}") from None
        self._find_values()
        self.glance = Glance(function, loop, self.region)

    # -- what there is -----------------------------------------------------------------------------------------------

    def _find_region(self) -> None:
        function, loop = self.function, self.loop
        latches = [b for b in function.predecessors()[loop.header] if b is not loop.preheader]
        if len(latches) != 1 or latches[0].term != "br":
            raise Cannot("its end is not simple")
        (self.latch,) = latches
        first, second = self.latch.edges
        self.back, self.out = (first, second) if first.target is loop.header else (second, first)
        self.region: set[Block] = set()
        work = [loop.header]
        while work:
            block = work.pop()
            if block in self.region:
                continue
            self.region.add(block)
            if block.term == "ret" or block is self.out.target:
                raise Cannot("`break` or `return` ends it early")
            work += [edge.target for edge in block.edges if edge is not self.out]
        self.blocks = [block for block in function.blocks if block in self.region]
        self.inner = {block.loop for block in self.blocks if block.loop is not None and block.loop.inside(loop)}

    def _check(self) -> None:
        ops, imms = self.function.ops, self.function.imms
        for block in self.blocks:
            for v in block.insts:
                name = ops[v].name
                if name == "ccall" and not (imms[v].pure or imms[v].free):
                    raise Cannot(f"it needs Python ({imms[v].name} in line {self.function.lines[v]})")
                if name == "call" and imms[v].target.gil:
                    raise Cannot(f"{imms[v].name}() needs Python")
                if name in ("load", "store") and imms[v].region == SLOTS:
                    raise Cannot("it holds references to Python objects")

    def _find_values(self) -> None:
        """Inputs: what the loop reads of the function around it. Outputs: what the function reads of the loop."""
        function, region = self.function, self.region
        homes, ops, args = function.homes, function.ops, function.args
        header = self.loop.header
        self.initial = dict(zip(header.params, self.loop.preheader.edges[0].args))
        self.start = self.initial[self.loop.counter]
        inputs: dict[int, None] = {self.start: None, self.loop.stop: None}
        outputs: dict[int, None] = {}
        for block in function.blocks:
            inside = block in region
            used = [a for v in block.insts for a in args[v]]
            used += block.term_args
            used += [a for e in block.edges if not inside or e is not self.out for a in e.args]
            for a in used:
                if (homes[a] in region) != inside:
                    (inputs if inside else outputs)[a] = None
        outputs.update((a, None) for a in self.out.args if homes[a] in region)
        inputs.update((self.initial[role.param], None) for role in self.begins_with())
        self.inputs = [a for a in inputs if ops[a] is not _CONST and ops[a] is not _SYMBOL]
        if any(ops[a] is _ALLOCA for a in self.inputs):
            raise Cannot("its iterations share a buffer")
        self._find_outputs(list(outputs))

    def _find_outputs(self, outputs: list[int]) -> None:
        """Which of the chunk's results each output is; `replaced` are those that the loop does not change."""
        function, homes = self.function, self.function.homes
        params = {role.param: role for role in self.roles}
        backs = {role.back: role for role in self.roles if role.kind not in ("same", "last")}
        chained = {v for role in self.roles if role.kind not in ("same", "last", "fuel", "dirty") for v in role.chain}
        self.replaced: dict[int, int] = {}
        self.results: list[tuple[int, Carried | None]] = []
        for v in outputs:
            role = backs.get(v)
            if role is not None:
                if role.kind == "fuel":
                    self.replaced[v] = self.initial[role.param]
                else:
                    self.results.append((v, role))
            elif v in params and params[v].kind in ("same", "fuel"):
                self.replaced[v] = self.initial[v]
            elif (v in params or v in chained) and v != self.loop.counter:
                raise Cannot("what an iteration gets from the one before is used after the loop")
            else:
                self.results.append((v, None))
        wanted = {v for v, _ in self.results}
        for role in self.roles:
            keyed = any(other.key == role.param and other.back in wanted for other in self.roles)
            if role.back not in wanted and ((role.kind == "dirty" and homes[role.back] in self.region) or keyed):
                self.results.append((role.back, role))
                wanted.add(role.back)
        self.parts = [role for _, role in self.results if role is not None and role.kind != "dirty"]
        self.by_units = any(role.kind in ("fadd", "fmul") for role in self.parts)
        self.types = tuple([function.types[v] for v, _ in self.results])
        if max(sum(t.is_float is kind for t in self.types) for kind in (True, False)) > REGISTERS:
            raise Cannot(f"it computes more than {REGISTERS} values")

    def make(self) -> list[Function]:
        """Make the functions, and change the one around the loop."""
        site = len(self.function.sites)
        self.function.sites.append(Site(self.line, "chunk"))
        self.site, self.poll = site, site + 1
        self.function.sites.append(Site(self.line, "poll"))
        chunk = chunk_of(self)
        part = part_of(self, chunk)
        _share(self, chunk, part)
        return [chunk, part]

    def new(self, suffix: str, results: tuple[Type, ...]) -> Function:
        old = self.function
        made = Function(f"{old.name}.{suffix}", results)
        made.file, made.fastmath, made.target, made.sites = old.file, old.fastmath, old.target, list(old.sites)
        return made

    def begins_with(self) -> list[Carried]:
        """The roles whose initial value is given to a chunk. Reductions begin with their identity."""
        return [role for role in self.roles if role.kind in ("same", "dirty")]


# -- the function around it ------------------------------------------------------------------------------------------


def _share(shared: Shared, chunk: Function, part: Function) -> None:
    """Replace the loop by calls."""
    function, loop = shared.function, shared.loop
    types = function.types
    to = Maker(function, shared.line)
    pre, outer = loop.preheader, loop.parent
    ask, direct, spread, done = [Block(len(function.blocks) + k, outer) for k in range(4)]
    dirty = _dirty_before(shared, to, pre)
    initial = [shared.initial[role.param] for role in shared.begins_with()]
    given = [a for a in shared.inputs if a != function.params[0]]

    # How many iterations there are.
    to.block = pre
    start, stop, size = shared.start, loop.stop, abs(loop.step)
    count = to.emit("sub", stop, start) if loop.step > 0 else to.emit("sub", start, stop)
    if size > 1:
        count = to.emit("udiv", to.emit("add", count, to.const(size - 1)), to.const(size))
    glance = shared.glance
    small = 2 if glance.nested else max(2, int(_SURE * _SMALL_WORK / glance.cost))
    large = to.emit("ult", to.emit("sub", count, to.const(small)), to.const(_MANY))
    work = glance.work(to) if glance.nested else None
    each = work if work is not None else to.const(max(1, int(TENTHS * glance.cost)))
    whole = to.emit("mul", to.emit("umin", count, to.const(_MOST_COUNT)), each)
    if work is not None:
        large = to.emit("and", large, to.emit("sle", to.const(int(TENTHS * _SMALL_WORK)), whole))
    to.branch(large, Edge(ask), Edge(direct))

    to.block = ask
    record = to.emit("symbol", imm=shared.known)
    left = to.emit("sub", to.load(I64_ACCESS, record, _TIMES), to.const(1))
    to.store(I64_ACCESS, left, record, _TIMES)
    polls, before = to.load(I64_ACCESS, to.emit("symbol", imm=shared.polls), 0), to.load(I64_ACCESS, record, _POLLS)
    to.store(I64_ACCESS, polls, record, _POLLS)
    tiny = to.emit("slt", whole, to.load(I64_ACCESS, record, _TINY))
    quiet = to.emit("ult", to.emit("sub", polls, before), to.const(_FEW_POLLS))
    trusted = to.emit("and", to.emit("sge", left, to.const(0)), quiet)
    to.branch(to.emit("and", tiny, trusted), Edge(direct), Edge(spread))

    to.block = direct
    values = to.call(
        chunk.symbol, (function.params[0], start, stop, *initial, *given), shared.types, shared.site, dirty
    )
    happened = _dirty_after(shared, to, dirty)
    for (_, role), v in zip(shared.results, values):
        happened = v if role is not None and role.kind == "dirty" else happened
    parts = {role.param: v for (_, role), v in zip(shared.results, values) if role in shared.parts}
    combined = _combine(shared, to, parts, shared.initial, happened)
    to.jump(done, *[combined.get(role, v) if role is not None else v for (_, role), v in zip(shared.results, values)])

    to.block = spread
    inputs, results, room = places(shared)
    most = UNITS_OF_PARTS if shared.parts else _UNITS
    env = to.emit("alloca", imm=room)
    least = to.const(max(1, int(_UNIT_WORK / glance.cost)))
    if work is not None:
        rows = to.emit("umin", to.const(_ROWS), _quotient(to, count, _BALANCE))
        least = to.emit("umax", rows, to.emit("udiv", to.const(int(TENTHS * _UNIT_WORK)), work))
    elif glance.nested:
        least = to.emit("umin", least, _quotient(to, count, _BALANCE))
    unit = to.emit("umax", _quotient(to, count, most), least)
    units = to.emit("udiv", to.emit("sub", to.emit("add", count, unit), to.const(1)), unit)
    for at, v in ((DIRTY, to.const(0)), (START, start), (SIZE, unit), (COUNT, count), (PARTS, units)):
        to.store(I64_ACCESS, v, env, at)
    for a, at in inputs.items():
        to.store(NATURAL[types[a]], a, env, at)
    symbol = to.emit("symbol", imm=part.symbol)
    to.call(shared.driver, (function.params[0], symbol, env, units, whole, record), (), shared.site, dirty)
    values = []
    dirty = _dirty_after(shared, to, dirty)
    for (_, role), at, t in zip(shared.results, results, shared.types):
        if role is None:
            values.append(to.load(NATURAL[t], env, at))
        elif role.kind == "dirty":
            happened = to.emit("ne", to.load(I64_ACCESS, env, DIRTY), to.const(0))
            values.append(to.emit("or", shared.initial[role.param], happened))
            dirty = values[-1]
        else:
            values.append(-1)
    if shared.parts:
        head = Block(len(function.blocks) + 4)
        head.loop = Loop(outer)
        head.loop.header, head.loop.preheader = head, spread
        made = to.load(I64_ACCESS, env, PARTS)
        to.jump(head, to.const(0), *[shared.initial[role.param] for role in shared.parts])
        to.block = head
        u = function.add_param(head, I64)
        params = {role.param: function.add_param(head, types[role.param]) for role in shared.parts}
        parts = {
            role.param: to.load(NATURAL[types[role.param]], env, at, (u,))
            for (_, role), at in zip(shared.results, results) if role in shared.parts
        }  # fmt: skip
        combined = _combine(shared, to, parts, params, dirty)
        values = [combined.get(role, v) if role is not None else v for (_, role), v in zip(shared.results, values)]
        following = to.emit("add", u, to.const(1))
        back = Edge(head, (following, *[combined[role] for role in shared.parts]))
        to.branch(to.emit("slt", following, made), back, Edge(done, tuple(values)))
    else:
        to.jump(done, *values)

    to.block = done
    known = dict(shared.replaced)
    known.update((v, function.add_param(done, t)) for (v, _), t in zip(shared.results, shared.types))
    to.end("jump", (), [Edge(shared.out.target, tuple([known.get(a, a) for a in shared.out.args]))])
    blocks = [b for b in function.blocks if b not in shared.region]
    for block in blocks:
        for v in block.insts:
            function.args[v] = tuple([known.get(a, a) for a in function.args[v]])
        block.term_args = tuple([known.get(a, a) for a in block.term_args])
        for edge in block.edges:
            edge.args = tuple([known.get(a, a) for a in edge.args])
    function.blocks = [*blocks, ask, direct, spread, *([head] if shared.parts else []), done]


def _quotient(to: Maker, count: int, by: int) -> int:
    """Rounded up."""
    return to.emit("udiv", to.emit("add", count, to.const(by - 1)), to.const(by))


def _combine(
    shared: Shared, to: Maker, parts: dict[int, int], params: dict[int, int], dirty: int
) -> dict[Carried, int]:
    """The reductions, of what `params` hold and of `parts`, which come after that; both by the header's parameters."""
    lines = shared.function.lines
    found: dict[Carried, int] = {}
    for role in shared.parts:
        part, held = parts[role.param], params[role.param]
        if role.key >= 0:
            (kind,) = [other.kind for other in shared.parts if other.param == role.key]
            better = to.emit(BETTER[kind][0], parts[role.key], params[role.key])
            v = to.emit("select", better, part, held)
        elif role.kind in ("addo", "mulo"):
            shared.function.sites.append(Site(lines[role.back] or shared.line, "overflow"))
            v = to.emit(role.kind, part, held, dirty, imm=len(shared.function.sites) - 1)
        else:
            v = to.emit(role.kind, part, held)
        found[role] = to.emit(role.narrow, v) if role.narrow else v
    return found


def _dirty_before(shared: Shared, to: Maker, pre: Block) -> int:
    """Whether anything visible has happened when the loop begins; true where nothing in it asks."""
    for role in shared.roles:
        if role.kind == "dirty":
            return shared.initial[role.param]
    function = shared.function
    for block in shared.blocks:
        for v in block.insts:
            if function.ops[v].name == "poll" and function.homes[function.args[v][1]] not in shared.region:
                return function.args[v][1]
    to.block = pre
    return to.const(True, I1)


def _dirty_after(shared: Shared, to: Maker, before: int) -> int:
    """The flag after the loop where that is known: constant, or unchanged."""
    for role in shared.roles:
        if role.kind == "dirty" and shared.function.ops[role.back] is _CONST:
            return constant_of(to, shared.function, role.back)
    return before
