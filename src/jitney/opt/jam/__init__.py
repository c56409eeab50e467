"""Unroll and jam: a loop around an innermost one that updates the same row each time does several of its iterations at
once, so that the row is loaded and stored once for all of them. See docs/loops.md.

    pre: jump row(k0)                       pre: br n - k0 >= 4 and no check fails, the row is nobody else's, four, rest
    row(k):                                 four(k):
        x = load f64 [a + k*8]                  x0 = load f64 [a + k*8] ... x3 = load f64 [a + k*8 + 24]
        p = b + k*w                             p0 = b + k*w ... p3 = b + (k + 3)*w
        jump main(0)                            jump main4(0)
    main(j):                                main4(j):
        y = load f64 [p + j*8]                  s = load f64 [c + j*8]
        s = load f64 [c + j*8]                  s0 = fadd s, fmul x0, load f64 [p0 + j*8]
        t = fadd s, fmul x, y                   s1 = fadd s0, fmul x1, load f64 [p1 + j*8] ...
        store f64 t, [c + j*8]                  store f64 s3, [c + j*8]
        j' = j + 1                              j' = j + 1
        br j' < m, main(j'), done               br j' < m, main4(j'), done4
    done: k' = k + 1                        done4: k' = k + 4
        br k' < n, row(k'), out                 br k' <= n - 4, four(k'), more
                                            more: br k' < n, rest(k'), out
                                            rest(k): jump row(k)
                                            row(k): as it was

Each element is updated in the same order as before, so the result is the same to the last bit. (The transformation is
old: Callahan, Cocke and Kennedy, "Estimating interlock and improving balance for pipelined architectures", 1988; legal
here as no other iteration touches what one of the inner loop's stores, which is tested.) `vector` goes on from there.

`plan` says what has to hold, `enter` makes the copy of the function with both; `pairs` does two iterations at once of
the loop around that, before, where that allows it. Then two of these are done at once, not four: a block of two by two.
"""

from __future__ import annotations

from ...ir.ops import OPS
from ...lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.function import Block, Function, Loop
    from . import enter
else:
    enter = lazy("jitney.opt.jam", "enter")

_INDEX, _LOAD, _STORE = OPS["index"], OPS["load"], OPS["store"]
_LONGEST = 40  # instructions of an inner loop
_DEEPEST = 6  # operations between a row's address and what is outside


def jam(function: Function) -> Function:
    """Unroll and jam all loops that allow it and gain."""
    if function.target is None or not function.target.vector_bytes:
        return function
    rows = [block for block in function.blocks if updates_a_row(function, block)]
    return enter.jammed(function, rows) if rows else function


def updates_a_row(function: Function, block: Block) -> bool:
    """Whether a block is a counted loop in a counted one and stores relative to what is the same in both."""
    loop = block.loop
    if loop is None or loop.header is not block or loop.counter < 0 or loop.lanes or len(block.insts) > _LONGEST:
        return False
    around = loop.parent
    if around is None or around.counter < 0 or all(edge.target is not block for edge in block.edges):
        return False
    ops = function.ops
    bases = [function.args[v][1] for v in block.insts if ops[v] is _STORE]
    return any(ops[v] is _LOAD for v in block.insts) and any(_is_the_same(function, v, around) for v in bases)


def _is_the_same(function: Function, v: int, loop: Loop, depth: int = 0) -> bool:
    """Whether `v` is the same in each iteration of `loop`, where the checks pass that it stands behind."""
    home = function.homes[v].loop
    if home is None or not home.inside(loop):
        return True
    op = function.ops[v]
    if depth == _DEEPEST or not (op.pure or op is _INDEX):
        return False
    numbers = function.args[v][:2] if op is _INDEX else function.args[v]
    return all(_is_the_same(function, a, loop, depth + 1) for a in numbers)
