"""Vectorisation of a loop around others: each lane does one of its iterations, inner loops and all. See docs/loops.md.

    pre: jump row(j0)                       pre: br n - j0 >= 4 and no check fails, no store is read, enter, rest(j0)
    row(j): jump main(0, 0.0)               enter: jump four(j0)
    main(k, s):                             four(j): jump main4(0, {0.0, 0.0, 0.0, 0.0})
        x = load f64 [a + k*8]              main4(k, s: v4f64):
        p = r * k                               x = splat v4f64 (load f64 [a + k*8])
        q = b + p                               q = b + r * k
        y = load f64 [q + j*8]                  y = load v4f64 [q + j*8]
        s' = fadd s, fmul x, y                  s' = fadd s, fmul x, y
        k' = k + 1                              k' = k + 1
        br k' < m, main(k', s'), done           br k' < m, main4(k', s'), done4
    done: store f64 s', [c + j*8]           done4: store v4f64 s', [c + j*8]
        j' = j + 1                              j' = j + 4
        br j' < n, row(j'), out                 br j' <= n - 4, four(j'), more
                                            more: br j' < n, rest(j'), out
                                            rest(j): jump row(j)
                                            row(j): as it was

Where the inner loop is no candidate for `vector`: what it carries around has an order, or its accesses have strides.
Lanes that leave an inner loop early wait for the others:

    main(k, x):                             main4(k, x: v4f64, left: v4i64, y: v4f64):
        c = fgt x, b                            c = fgt x, b
        br c, out(x), next                      new = c and not left
                                                y' = select new, x, y
                                                left' = left or c
                                                br allset left', out(y'), next4
    next: ...                               next4: ...
        br k' < m, main(k', x'), out(x')        br k' < m, main4(k', x', left', y'), last
                                            last: y'' = select left', y', x'
                                                jump out(y'')

The modules that do the work are loaded for the first candidate: `plan` (what is the same in all lanes, and what has to
hold), `fit` (whether lanes can do it and gain), `conditions` (what has to hold, as code), `lanes` (the copy of the
nest), `enter` (the copy of the function with both).
"""

from __future__ import annotations

from ...ir.ops import OPS
from ...lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.function import Function, Loop
    from . import enter
else:
    enter = lazy("jitney.opt.outer", "enter")

_STORE = OPS["store"]
_FAR = 3  # loops around an innermost one that are looked at


def vectorize_outer(function: Function) -> Function:
    """Vectorise loops around innermost counted ones that allow it and gain."""
    target = function.target
    if target is None or not target.vector_bytes:
        return function
    nests = _candidates(function)
    if not nests:
        return function
    return enter.vectorized(function, nests)


def _candidates(function: Function) -> list[list[Loop]]:
    """Of innermost counted loops that carry something around besides counter and fuel, if only in memory, the loops
    around, from the inside."""
    loops = function.loops()
    outer = {loop.parent for loop in loops}
    if len(outer) < 2:
        return []
    types = function.types
    found = []
    for loop in loops:
        around = loop.parent
        if loop in outer or loop.counter < 0 or around is None or around.counter < 0:
            continue
        params = loop.header.params
        if len(params) > 2 or any(types[p].is_float for p in params) or _updates(function, loop):
            nest: list[Loop] = []
            home = function.homes[loop.stop].loop
            far = 0
            while around is not None and around.counter >= 0 and far < _FAR:
                # Else the inner loop has another number of iterations each time.
                if home is None or not home.inside(around):
                    nest.append(around)
                around = around.parent
                far += 1
            if nest:
                found.append(nest)
    return found


def _updates(function: Function, loop: Loop) -> bool:
    """Whether a store writes to the same place in each iteration."""
    homes, args = function.homes, function.args
    return any(
        function.ops[v] is _STORE and all(homes[a].loop is not loop for a in args[v][1:])
        for block in function.blocks if block.loop is loop for v in block.insts
    )  # fmt: skip
