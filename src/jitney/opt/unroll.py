"""Full unrolling: a short loop with a known number of iterations becomes that many copies of its body.

    b1: jump head(0, v2)                    b1: v3 = fmul v2, v1
    head(v4, v5):                               v6 = fmul v3, v1
        v6 = fmul v5, v1                        ...
        v7 = add v4, 1
        v8 = slt v7, 2
        br v8, head(v7, v6), out

The counter is a constant in each copy, so indices are, and tests of them are decided. From the inside out: a nest of
short loops unrolls as a whole. A loop that does not count, but ends by a number that it alone makes, is one of these,
too: ``b = 64; while b: ...; b >>= 2`` runs four times. Four iterations in another loop may do much: they are too few to
go in lanes. Bits that are dealt with one by one (up to 64, in a loop around) become straight code, which that loop may
do in lanes.
"""

from __future__ import annotations

from ..ir.ops import OPS, wrap
from ..ir.types import I64
from .rebuild import Rebuild, laid_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop
    from .rebuild import Edit

_MOST_TRIPS = 8
_MOST_IN_ORDER = 24  # of a loop that goes in order anyway
_MOST_BITS = 64  # of such a loop of integers in another loop
_MOST_WORK = 160  # instructions, of all copies, that do not depend on the counter alone
_MOST_WORK_ON_BITS = 288
_FEW_TRIPS = 4  # too few for lanes
_MOST_WORK_OF_FEW = 360  # in another loop
_MOST_WORK_OF_WINDOWS = 320  # of short loops in each other, in another loop
_CONST, _POLL, _GUARD = OPS["const"], OPS["poll"], OPS["guard"]
_FLOORDIV = OPS["floordiv"]
_STEPS = frozenset(OPS[name] for name in ("mul", "mulo", "shl", "sar", "floordiv", "add", "addo", "sub", "subo"))
_SUMS = (OPS["add"], OPS["addo"], OPS["sub"], OPS["subo"])


def unroll(function: Function) -> Function:
    """Unroll all short counted loops."""
    if not any(_trips(function, loop) for loop in function.loops()):
        return function
    laid_out(function)
    bodies: dict[Loop, list[Block]] = {loop: [] for loop in function.loops()}
    for block in function.blocks:
        loop = block.loop
        while loop is not None:
            bodies[loop].append(block)
            loop = loop.parent
    trips: dict[Loop, int] = {}
    work: dict[Loop, int] = {}
    for loop in sorted(bodies, key=lambda loop: -loop.depth):
        body = bodies[loop]
        times = _trips(function, loop)
        inner = [other for other in bodies if other.parent is loop]
        if not times or not _is_plain(function, loop, body) or any(other not in trips for other in inner):
            continue
        own = _work(function, loop, body)
        work[loop] = times * (own + sum(work[other] for other in inner))
        most = _MOST_WORK if loop.parent is None else _MOST_WORK_OF_WINDOWS
        if not inner:
            most = _MOST_WORK_ON_BITS if _is_of_bits(function, loop) else _MOST_WORK
            if times <= _FEW_TRIPS and loop.parent is not None:
                most = _MOST_WORK_OF_FEW
        if work[loop] <= most:
            trips[loop] = times
    if not trips:
        return function
    return _Unrolling(function, {loop: bodies[loop] for loop in trips}, trips).run()


def _trips(function: Function, loop: Loop) -> int:
    """How often the loop runs, if that is known and not much; else 0."""
    if loop.lanes:
        return 0
    if loop.counter < 0:
        return _turns(function, loop)
    imms, ops = function.imms, function.ops
    start = loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]
    if ops[start] is not _CONST or ops[loop.stop] is not _CONST:
        return 0
    span = imms[loop.stop] - imms[start] if loop.step > 0 else imms[start] - imms[loop.stop]
    trips = -(-span // abs(loop.step))
    return trips if 0 < trips <= _MOST_TRIPS or (trips > 0 and trips <= _most(function, loop)) else 0


def _most(function: Function, loop: Loop) -> int:
    """Iterations that are worth a copy each."""
    if _is_of_bits(function, loop):
        return _MOST_BITS
    return _MOST_IN_ORDER if _goes_in_order(function, loop) else _MOST_TRIPS


def _goes_in_order(function: Function, loop: Loop) -> bool:
    """Whether the loop would hardly become vectors: it carries a float around, or accesses no memory."""
    return any(function.types[p].is_float for p in loop.header.params) or not _accesses(function, loop)


def _accesses(function: Function, loop: Loop) -> bool:
    ops = function.ops
    return any(
        (ops[v].reads or ops[v].writes) and ops[v] is not _POLL
        for block in function.blocks if block.loop is loop for v in block.insts
    )  # fmt: skip


def _is_of_bits(function: Function, loop: Loop) -> bool:
    """Whether the loop is in another one, and all that it does is to compute with integers."""
    types = function.types
    return loop.parent is not None and not _accesses(function, loop) and not any(
        types[v].is_float for block in function.blocks if block.loop is loop for v in (*block.params, *block.insts)
    )  # fmt: skip


def _only(function: Function, loop: Loop) -> tuple[int, int, int] | None:
    """(parameter, its next value, the test) where a loop that does not count goes on as long as a parameter, or its
    next value, passes a comparison with a constant, and that value is the parameter and a constant."""
    ops, args = function.ops, function.args
    header = loop.header
    latch = next((b for b in function.blocks if b.term == "br" and b.edges[0].target is header), None)
    if latch is None or loop.preheader.term != "jump":
        return None
    (test,) = latch.term_args
    for p, start, following in zip(header.params, loop.preheader.edges[0].args, latch.edges[0].args):
        if (
            function.types[p] is I64 and ops[start] is _CONST and ops[test].meaning is not None
            and len(args[test]) == 2
            and all(a in (p, following) or ops[a] is _CONST for a in args[test])
            and ops[following] in _STEPS and all(a == p or ops[a] is _CONST for a in args[following][:2])
            and (ops[following] is not _FLOORDIV or function.imms[args[following][1]])
        ):  # fmt: skip
            return p, following, test
    return None


def _turns(function: Function, loop: Loop) -> int:
    """How often a loop runs that does not count, by trying; 0 if that does not show, or is too often."""
    found = _only(function, loop)
    if found is None:
        return 0
    p, following, test = found
    ops, args, imms = function.ops, function.args, function.imms

    def of(v: int, now: int, then: int) -> int:
        return now if v == p else then if v == following else int(imms[v])

    checked = ops[following].base
    step, passes = (OPS[checked] if checked else ops[following]).meaning, ops[test].meaning
    assert step is not None and passes is not None
    now = int(imms[loop.preheader.edges[0].args[loop.header.params.index(p)]])
    for turn in range(1, _most(function, loop) + 1):
        then = step(*[of(a, now, 0) for a in args[following][:2]])
        if checked and then != wrap(then):
            return 0  # it overflows
        then = wrap(then)
        if not passes(*[of(a, now, then) for a in args[test]]):
            return turn
        now = then
    return 0


def _work(function: Function, loop: Loop, body: list[Block]) -> int:
    """The instructions of the loop itself that are left in each copy: with the counter a constant, others are, too."""
    ops, args = function.ops, function.args
    found = _only(function, loop) if loop.counter < 0 else None
    constant = {found[0] if found else loop.counter}
    left = 0
    for block in body:
        for v in block.insts:
            op = ops[v]
            given = args[v][:2] if op.base else args[v]
            if (op.pure or op.base) and all(a in constant or ops[a] is _CONST for a in given):
                constant.add(v)
            elif block.loop is loop and op is not _POLL and op is not _GUARD:
                left += 1
    return left


def _is_plain(function: Function, loop: Loop, body: list[Block]) -> bool:
    """Whether the only way to the next iteration, and out but for leaving the function, is the last block's test of the
    counter."""
    header, latch = loop.header, body[-1]
    if body[0] is not header or latch.id - header.id != len(body) - 1 or latch.term != "br":
        return False
    inside = set(body)
    if any(e.target is header or e.target not in inside for b in body[:-1] for e in b.edges):
        return False
    if latch.edges[0].target is not header:
        return False
    if loop.counter < 0:
        return True
    ops, args = function.ops, function.args
    following = latch.edges[0].args[header.params.index(loop.counter)]
    known = (loop.counter, following)
    return (
        ops[following] in _SUMS and all(a == loop.counter or ops[a] is _CONST for a in args[following][:2])
        and all(a in known or ops[a] is _CONST for a in args[latch.term_args[0]])
    )  # fmt: skip


def _unpolled(rebuild: Rebuild, v: int) -> int:
    return rebuild.value[rebuild.old.args[v][0]]


class _Unrolling(Rebuild):
    """The copy in which `loops`, with their blocks, are unrolled."""

    __slots__ = ("_inside", "loops_gone", "trips")

    def __init__(self, old: Function, loops: dict[Loop, list[Block]], trips: dict[Loop, int]) -> None:
        edits: dict[int, Edit] = {
            v: _unpolled for body in loops.values() for block in body for v in block.insts if old.ops[v] is _POLL
        }
        super().__init__(old, edits)
        self.loops_gone = loops
        self.trips = trips
        self._inside: set[Loop] = set()

    def loop(self, loop: Loop | None) -> Loop | None:
        while loop in self.loops_gone:
            loop = loop.parent
        return super().loop(loop)

    def begin_copy(self, blocks: list[Block]) -> Block:
        first = super().begin_copy(blocks)
        for block in blocks:
            if block.loop in self.loops_gone and block.loop.header is block:
                # Each copy is entered once, from the one before it.
                self._waiting[self.blocks[block]] = 1
        return first

    def block(self, block: Block) -> None:
        loop = block.loop
        gone = loop
        while gone is not None and (gone not in self.loops_gone or gone in self._inside):
            gone = gone.parent
        if gone is None:
            super().block(block)
        elif block is gone.header and block.loop is gone:
            self._unrolled(gone)

    def _unrolled(self, loop: Loop) -> None:
        header, body = loop.header, self.loops_gone[loop]
        self._inside.add(loop)
        for turn in range(self.trips[loop]):
            if self._pending is None or self._pending.target is not header:
                # The end of the iteration before is not reached.
                break
            if turn:
                entered = self.blocks[header]
                self._waiting[self.blocks[body[-1].edges[1].target]] += 1
                self.begin_copy(body)
                self.blocks[header] = entered
            self.go_on(self._pending)
            # Where the end of this iteration leads.
            following = self.blocks[header] = self.builder.new_block(self.builder.block.loop)
            self._waiting[following], self._sources[following] = 1, []
            self.instructions(header)
            self.terminator(header)
            for block in body[1:]:
                self.block(block)
        self._inside.discard(loop)
