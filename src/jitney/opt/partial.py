"""Partial unrolling: a tight loop does four iterations before it goes back.

    pre: jump main(0)                       pre: br n - 0 >= 4, enter, rest(0)
    main(k, d):                             enter: jump four(0, ...)
        x = load u8 [a + k]                 four(k, d):
        guard x < m, d                          x0 = load u8 [a + k] ... guard x0 < m, d ...
        y = load u8 [t + x]                     x1 = load u8 [a + k + 1] ... guard x1 < m, true ...
        store u8 y, [b + k]                     x2 ..., x3 ...
        k' = k + 1                              k' = k + 4
        br k' < n, main(k', true), out          br k' < n - 3, four(k', true), done
                                            done: br k' < n, rest(k', true), out
                                            rest(k, d): jump main(k, d)
                                            main(k, d): as it was

What is done, and in which order, stays the same. A processor takes one branch per cycle, and many an iteration of a
lookup or a scattered update is hardly longer. Loops that wait for a float of the iteration before, or for an extreme of
integers (edit distance), those that are what vector rounds leave, and those that do not touch memory gain nothing; but
for sums of floats in a loop around (a row times a vector): with a quarter of the branches their ends are guessed, and
the next sum begins while this one is waited for. And but for loops that hand integers on from one variable to another,
``a, b = b, a + b``: every fourth time is enough to put them back in their places.
"""

from __future__ import annotations

from ..ir.function import Edge, Loop, Memory
from ..ir.ops import OPS
from ..ir.types import I64
from . import needs
from .rebuild import InFront, laid_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function

_CONST, _LOAD, _STORE = OPS["const"], OPS["load"], OPS["store"]
_ROUND = 4  # iterations at once


def unroll(function: Function) -> Function:
    """Unroll all tight loops of one block."""
    found = {}
    for block in function.blocks:
        loop = block.loop
        if loop is not None and needs.is_tight(function, block) and _is_plain(function, block, loop):
            found[loop.preheader] = loop
    if not found:
        return function
    laid_out(function)
    return _Entering(function, found, [[loop.header] for loop in found.values()]).run()


def _is_plain(function: Function, block: Block, loop: Loop) -> bool:
    """Whether the loop goes on by one while the counter is less than the stop."""
    back, leave = block.edges
    (cond,) = block.term_args
    if back.target is not block or leave.target is block or loop.step != 1 or function.ops[cond].name != "slt":
        return False
    following = back.args[block.params.index(loop.counter)]
    return function.args[cond] == (following, loop.stop) and loop.preheader.term == "jump"


class _Entering(InFront):
    """The copy in which each of the loops behind these preheaders has one of whole rounds in front."""

    __slots__ = ()

    def enter(self, loop: Loop, edge: Edge) -> None:
        """The loop of rounds, and a new preheader for the loop."""
        builder, old, value = self.builder, self.old, self.value
        emit, header = builder.emit, loop.header
        before, around = builder.block, builder.block.loop
        at = header.params.index(loop.counter)
        start, stop = [value[a] for a in edge.args], value[loop.stop]
        rest, enter = builder.new_block(around), builder.new_block(around)
        enough = emit("uge", emit("sub", stop, start[at]), builder.const(I64, _ROUND))
        self.end("br", (enough,), [Edge(enter), Edge(rest, tuple(start))])
        builder.start(enter, before)
        limit = emit("sub", stop, builder.const(I64, _ROUND - 1))

        rounds = Loop(around)
        rounds.preheader, rounds.header = enter, builder.new_block(rounds)
        into = Edge(rounds.header, tuple(start))
        self._sources[rounds.header] = [(enter, into)]
        self.end("jump", (), [into])
        builder.start(rounds.header, enter)
        now = []
        for p in header.params:
            now.append(builder.param(rounds.header, old.types[p]))
            if p in old.facts:
                self.new.facts[now[-1]] = old.facts[p]
        rounds.counter, rounds.step, rounds.stop = now[at], _ROUND, limit
        back, leave = header.edges
        for n in range(_ROUND):
            for p, a in zip(header.params, now):
                value[p] = a
            self._iteration(loop, rounds.counter, n, back.args[at])
            now = [value[a] for a in back.args]
        here, done = builder.block, builder.new_block(around)
        again = Edge(rounds.header, tuple(now))
        self._sources[rounds.header].append((here, again))
        self.end("br", (emit("slt", now[at], limit),), [again, Edge(done)])
        builder.start(done, here)
        more = emit("slt", now[at], stop)
        self._waiting[self.blocks[leave.target]] += 1
        self.end("br", (more,), [Edge(rest, tuple(now)), self.edge(leave)])
        builder.start(rest, before)
        self.enter_loop(loop)

    def _iteration(self, loop: Loop, counter: int, n: int, following: int) -> None:
        """Number `n` of a round whose first has the new value `counter`."""
        builder, old, value = self.builder, self.old, self.value
        for v in loop.header.insts:
            op, memory = old.ops[v], old.imms[v]
            builder.line = old.lines[v]
            given = tuple([value[a] for a in old.args[v]])
            if op is _CONST:
                value[v] = builder.const(old.types[v], memory)
            elif v == following:
                value[v] = builder.emit("add", counter, builder.const(I64, n + 1))
            elif v != loop.header.term_args[0]:
                if n and (op is _LOAD or op is _STORE) and old.args[v][-1] == loop.counter:
                    # By its own distance from the first.
                    given = (*given[:-1], counter)
                    disp = memory.disp + n * memory.scale
                    memory = Memory(memory.access, memory.scale, disp, memory.region, memory.invariant)
                value[v] = builder.insert(op, given, memory, old.types[v])
