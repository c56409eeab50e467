"""Rows of an array that are as long as the loop shows: `p[i, 0]`, `p[i, 1]` and `p[i, 2]` are three to a row, mostly.

    v2 = mul v1, k                      v1 == 3, tested before the loop: by three elements from point to point
    v3 = load f64 [p + v2*8]
    v4 = load f64 [p + v2*8 + 16]

So are strides that are a number unless something unusual has happened: a slice with a step, or a copy of it.
"""

from __future__ import annotations

from ...analysis.dependence import Addresses
from ...ir.ops import OPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ...ir.function import Block, Function, Loop
    from ...ir.ops import Op

_MUL, _CONST, _LOAD, _STORE = (OPS[name] for name in ("mul", "const", "load", "store"))
_MOST = 8  # elements of a row
_LONG = 1 << 40  # stands for the length: no number of elements between two accesses in a row


def row_lengths(function: Function, loop: Loop, blocks: list[Block]) -> dict[int, int]:
    """Invariants that the counter is multiplied by, and what they are if rows end with the last element accessed, or
    where all paths but cold ones give the same number."""
    homes, ops, args = function.homes, function.ops, function.args
    lengths: dict[int, None] = {}
    accesses: list[int] = []
    for block in blocks:
        for v in block.insts:
            if ops[v] is _MUL:
                outside = [a for a in args[v] if homes[a].loop is not loop and ops[a] is not _CONST]
                if len(outside) == 1:
                    lengths[outside[0]] = None
            elif ops[v] is _LOAD or ops[v] is _STORE:
                accesses.append(v)
    found = {n: _length(function, loop, accesses, n) for n in lengths}
    likely = {n: length for n, length in found.items() if 1 < length <= _MOST}
    for n in found.keys() - likely.keys():
        given = _given(function, n)
        if given:
            likely[n] = given
    return likely


def _given(function: Function, n: int) -> int:
    """The number that a block's parameter is on all ways there but cold ones; 0 if there is none."""
    home, ops = function.homes[n], function.ops
    if n not in home.params:
        return 0
    at = home.params.index(n)
    given = {e.args[at] for block in function.blocks if not block.cold for e in block.edges if e.target is home}
    if len(given) != 1 or ops[next(iter(given))] is not _CONST:
        return 0
    return int(function.imms[given.pop()])


def _length(function: Function, loop: Loop, accesses: Iterable[int], n: int) -> int:
    ops, args, imms, homes = function.ops, function.args, function.imms, function.homes

    def definition(v: int) -> tuple[Op, tuple[int, ...], Any] | None:
        if v == n:
            return _CONST, (), _LONG
        return (ops[v], args[v], imms[v]) if ops[v] is _CONST or homes[v].loop is loop else None

    addresses = Addresses(loop.counter, definition)
    length = 0
    for v in accesses:
        base, *index = args[v] if ops[v] is _LOAD else args[v][1:]
        memory = imms[v]
        size, at = memory.access.size, addresses.of(base, index[0] if index else None, memory)
        if at is not None and abs(at.coef) == _LONG * size and not at.const % size:
            length = max(length, at.const // size % _LONG + 1)
    return length
