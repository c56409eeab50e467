"""Vectorisation of innermost counted loops: several iterations at a time. See docs/loops.md.

    pre: jump main(k0, s0)              pre: br n >= 16, test, rest(k0, s0)
    main(k, s):                         test: br the stores' bytes are nobody else's, enter, rest(k0, s0)
        v = load i64 [a + k*8]          enter: jump four(k0, 0, 0, 0, 0)
        s' = add s, v                   four(k, s1: v4i64, ...):
        k' = k + 1                          v1 = load v4i64 [a + k*8] ...
        br k' < stop, main(k', s'), out     s1' = add s1, v1 ...
                                            k' = k + 16
                                            br k' <= stop - 16, four(k', s1', ...), done
                                        done: s = s0 + sum of the lanes
                                              br k' < stop, rest(k', s), out
                                        rest(k, s): jump main(k, s)
                                        main(k, s): as it was

The work is in modules that are loaded for the first loop that may gain: `body` (the loop as one straight line of
instructions, branches as masks), `reductions`, `widths` (how many bits of each integer matter), `widen` (the vector
instructions), `enter` (the copy of the function with both loops).
"""

from __future__ import annotations

from ...ir.ops import OPS
from ...lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.function import Block, Function, Loop
    from . import enter, plan
else:
    enter, plan = lazy("jitney.opt.vector", "enter", "plan")

_LONGEST = 200  # instructions of a loop that is looked at
_FEW = 10  # instructions, done by three units in the time of one addition, and counting
_GUARD, _INDEX, _STORE = OPS["guard"], OPS["index"], OPS["store"]
_SUMS = frozenset((OPS["fadd"], OPS["fsub"], OPS["fmul"]))
_LASTING = frozenset((OPS["fdiv"], OPS["fsqrt"], OPS["fpower"], OPS["fcall"]))


def vectorize(function: Function) -> Function:
    """Vectorise all innermost counted loops that allow it and gain."""
    target = function.target
    if target is None or not target.vector_bytes:
        return function
    loops = _candidates(function)
    if not loops:
        return function
    plans = plan.plans(function, loops)
    return enter.Entering(function, plans).run() if plans else function


def _candidates(function: Function) -> list[Loop]:
    """Innermost loops that count by one, with nothing in them that leaves the function but conditions and overflow."""
    loops = function.loops()
    outer = {loop.parent for loop in loops}
    counted = [loop for loop in loops if loop.counter >= 0 and abs(loop.step) == 1 and loop not in outer]
    if not counted:
        return []
    _leave(function, counted)
    types = function.types
    # Not those that go in lanes already.
    sizes = {loop: 0 for loop in counted if all(types[p].lanes == 1 for p in loop.header.params)}
    indices: set[int] = set()
    ops, args = function.ops, function.args
    for block in function.blocks:
        loop = block.loop
        if loop is None:
            continue
        if loop in sizes:
            size = sizes[loop] + len(block.insts)
            if block.term not in ("br", "jump"):
                size = _LONGEST + 1
            for v in block.insts:
                op = ops[v]
                if op is _INDEX:
                    # Perhaps `a[k]` beside ``k = i``, or a table; not where something is stored there.
                    indices.add(v)
                    continue
                if op is _STORE and not indices.isdisjoint(args[v]):
                    size = _LONGEST + 1
                    break
                if (op.guard and not op.base and op is not _GUARD) or (op.writes and op.name != "store"):
                    size = _LONGEST + 1
                    break
            sizes[loop] = size
    return [
        loop for loop, size in sizes.items()
        if size <= _LONGEST and (size > _FEW or function.fastmath or not _waits(function, loop))
    ]  # fmt: skip


def _waits(function: Function, loop: Loop) -> bool:
    """Whether a loop of few instructions carries a float sum around, in order, which takes as long as all the rest: so
    that `plan` need not be loaded to find that out."""
    header, ops, args = loop.header, function.ops, function.args
    for edge in header.edges:
        if edge.target is header:
            return _LASTING.isdisjoint([ops[v] for v in header.insts]) and any(
                ops[a] in _SUMS and (p in args[a] or any(ops[b] in _SUMS and p in args[b] for b in args[a]))
                for p, a in zip(header.params, edge.args)
            )
    return False


def _leave(function: Function, loops: list[Loop]) -> None:
    """Blocks of innermost loops that do not lead to the next iteration become the surrounding loops'."""
    bodies: dict[Loop, list[Block]] = {loop: [] for loop in loops}
    for block in function.blocks:
        if block.loop in bodies:
            bodies[block.loop].append(block)
    for loop, body in bodies.items():
        on = {loop.header}
        for block in reversed(body):
            if any(edge.target in on for edge in block.edges):
                on.add(block)
        for block in body:
            if block not in on:
                block.loop = loop.parent
