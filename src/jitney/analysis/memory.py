"""Memory accesses: where they go, whether two can overlap, what a block may write.

A poll runs signal handlers, which may write anything: a loop that waits for a flag in an array sees it change.
"""

from __future__ import annotations

from ..ir.function import MAKERS
from ..ir.ops import OPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..ir.function import Block, Function

_CONST, _ADD, _PTRADD = OPS["const"], OPS["add"], OPS["ptradd"]
_LOAD, _STORE, _CCALL = OPS["load"], OPS["store"], OPS["ccall"]

# base value, index value (-1: none), scale, displacement; equal addresses have equal ones
Place = tuple[int, int, int, int]


def place(function: Function, v: int) -> Place:
    """The address that a load or store accesses, constants added up."""
    ops, args, imms = function.ops, function.args, function.imms
    memory = imms[v]
    base, *rest = args[v] if ops[v] is _LOAD else args[v][1:]
    disp = memory.disp
    while ops[base] is _PTRADD and ops[args[base][1]] is _CONST:
        disp += imms[args[base][1]]
        base = args[base][0]
    if not rest:
        return base, -1, 1, disp
    (index,) = rest
    while ops[index] is _ADD:
        a, b = args[index]
        if ops[a] is _CONST:
            a, b = b, a
        if ops[b] is not _CONST:
            break
        disp += imms[b] * memory.scale
        index = a
    if ops[index] is _CONST:
        return base, -1, 1, disp + imms[index] * memory.scale
    return base, index, memory.scale, disp


def array(function: Function, base: int) -> int:
    """What `base` points into: the pointer that offsets were added to."""
    while function.ops[base] is _PTRADD:
        base = function.args[base][0]
    return base


def distinct(function: Function, a: int, b: int) -> bool:
    """Whether two addresses are plainly in different arrays: one of them is made here, the other one is made by another
    call, or belongs to an argument, which was there before."""
    first, second = _maker(function, a), _maker(function, b)
    if first >= 0 and second >= 0:
        return first != second
    return (first >= 0 and array(function, b) in function.params) or (
        second >= 0 and array(function, a) in function.params
    )


def _maker(function: Function, base: int) -> int:
    """The call that makes the array that an address is in; -1 where that is not plain."""
    base = array(function, base)
    if function.ops[base] is not _LOAD or len(function.args[base]) > 1:
        return -1
    (object,) = function.args[base]
    return object if function.ops[object] is _CCALL and function.imms[object].name in MAKERS else -1


def overlap(function: Function, v: int, at: Place, w: int, to: Place) -> bool:
    """Whether the accesses `v` and `w`, at these places, can touch the same byte."""
    a, b = function.imms[v], function.imms[w]
    if a.region != b.region and a.region and b.region:
        return False
    if at[:3] != to[:3]:
        return not distinct(function, at[0], to[0])
    return bool(at[3] < to[3] + b.access.size and to[3] < at[3] + a.access.size)


class Writes:
    """What some blocks may write: the stores, and whether anything else."""

    __slots__ = ("anything", "function", "stores")

    def __init__(self, function: Function, blocks: Iterable[Block]) -> None:
        self.function = function
        self.anything = False
        self.stores: list[tuple[int, Place]] = []
        ops = function.ops
        for block in blocks:
            for v in block.insts:
                op = ops[v]
                if op is _STORE:
                    self.stores.append((v, place(function, v)))
                elif op.writes and not (op is _CCALL and function.imms[v].pure):
                    self.anything = True

    def touch(self, v: int, at: Place) -> bool:
        """Whether they may write what the access `v` touches."""
        if self.function.imms[v].invariant:
            return False
        return self.anything or any(overlap(self.function, v, at, w, to) for w, to in self.stores)
