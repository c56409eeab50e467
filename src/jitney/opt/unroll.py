"""Full unrolling: a short loop with a known number of iterations becomes that many copies of its body.

    b1: jump head(0, v2)                    b1: v3 = fmul v2, v1
    head(v4, v5):                               v6 = fmul v3, v1
        v6 = fmul v5, v1                        ...
        v7 = add v4, 1
        v8 = slt v7, 2
        br v8, head(v7, v6), out

The counter is a constant in each copy, so indices are, and tests of them are decided. From the inside out: a nest of
short loops unrolls as a whole.
"""

from __future__ import annotations

from ..ir.ops import OPS
from .rebuild import Rebuild, laid_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop
    from .rebuild import Edit

_MOST_TRIPS = 8
_MOST_IN_ORDER = 24  # of a loop that goes in order anyway
_MOST_WORK = 160  # instructions, of all copies, that do not depend on the counter alone
_CONST, _POLL = OPS["const"], OPS["poll"]
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
        if work[loop] <= _MOST_WORK:
            trips[loop] = times
    if not trips:
        return function
    return _Unrolling(function, {loop: bodies[loop] for loop in trips}, trips).run()


def _trips(function: Function, loop: Loop) -> int:
    """How often the loop runs, if that is known and not much; else 0."""
    if loop.counter < 0 or loop.lanes:
        return 0
    imms, ops = function.imms, function.ops
    start = loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]
    if ops[start] is not _CONST or ops[loop.stop] is not _CONST:
        return 0
    span = imms[loop.stop] - imms[start] if loop.step > 0 else imms[start] - imms[loop.stop]
    trips = -(-span // abs(loop.step))
    most = _MOST_TRIPS if trips <= _MOST_TRIPS or not _goes_in_order(function, loop) else _MOST_IN_ORDER
    return trips if 0 < trips <= most else 0


def _goes_in_order(function: Function, loop: Loop) -> bool:
    """Whether the loop would hardly become vectors: it carries a float around, or accesses no memory."""
    ops = function.ops
    return any(function.types[p].is_float for p in loop.header.params) or not any(
        (ops[v].reads or ops[v].writes) and ops[v] is not _POLL
        for block in function.blocks if block.loop is loop for v in block.insts
    )  # fmt: skip


def _work(function: Function, loop: Loop, body: list[Block]) -> int:
    """The instructions of the loop itself that are left in each copy: with the counter a constant, others are, too."""
    ops, args = function.ops, function.args
    constant = {loop.counter}
    left = 0
    for block in body:
        for v in block.insts:
            op = ops[v]
            given = args[v][:2] if op.base else args[v]
            if (op.pure or op.base) and all(a in constant or ops[a] is _CONST for a in given):
                constant.add(v)
            elif block.loop is loop and op is not _POLL:
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
