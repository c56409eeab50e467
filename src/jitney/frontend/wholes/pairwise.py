"""Sums of floats in NumPy's order, computed by code of our own.

    fewer than 8:      one after the other
    up to 128:         a[0] + a[8] + ...   a[1] + a[9] + ...   ...   a[7] + a[15] + ...   eight sums, then
                       ((0 + 1) + (2 + 3)) + ((4 + 5) + (6 + 7)), then what is left, one after the other
    more:              the sum of the left half, a multiple of 8, plus that of the right one

The eight sums stand in memory, in the order of the elements, so that the loop over them is one that `opt.vector` does
in lanes and `opt.promote` keeps in registers.
"""

from __future__ import annotations

import sys

from ...ir.function import BUFFERS
from ...pytypes import SCALARS
from .nests import counted, looped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...pytypes import Scalar
    from ..state import Lowering
    from .deferred import Node
    from .nests import Carried, Run

WIDTH = 8
_LEAF = 128  # elements that are not halved any more
_DEPTH = 64
_LINE = 64  # bytes
_WORD = SCALARS["int64"].access
_numpys: list[bool] = []


def is_numpys() -> bool:
    """Whether NumPy adds a row of up to `_LEAF` floats as said above, which is found out by doing it."""
    if not _numpys:
        numpy = sys.modules["numpy"]
        row = [3.0**k / 7.0 for k in range(-20, 7)]
        sums = [row[k] + row[k + 8] + row[k + 16] for k in range(WIDTH)]
        while len(sums) > 1:
            sums = [x + y for x, y in zip(sums[::2], sums[1::2])]
        wanted = sums[0] + row[24] + row[25] + row[26]
        _numpys.append(bool(numpy.add.reduce(numpy.array([row] * 2), axis=1)[1] == wanted))
    return _numpys[0]


def in_order(lw: Lowering, run: Run, node: Node, start: int) -> int:
    """`start` plus the elements of a run, fewer than `WIDTH`."""
    emit = lw.b.emit
    (result,) = run.go((start,), lambda point, c: (emit("fadd", c[0], point.value(node).parts[0]),))
    return result


def total(lw: Lowering, run: Run, node: Node, t: Scalar) -> int:
    """The sum of a run's elements, of type `t`, which no loop of NumPy's computes."""
    known = lw.b.constant(run.count)
    if known is not None and known < WIDTH:
        return in_order(lw, run, node, lw.b.const(t.access.type, -0.0))
    return tree(lw, run.count, t, _LEAF, lambda low, count: _leaf(lw, run, node, t, low, count))


def tree(lw: Lowering, n: int, t: Scalar, most: int, leaf: Callable[[int, int], int]) -> int:
    """The sum of `n` elements in NumPy's order; ``leaf(low, count)`` gives that of at most `most` elements.

    A stack holds, per subtree that has been begun, the sum of its left half and the size of its right one, 0 once
    that has been begun, too.
    """
    b, emit, access = lw.b, lw.b.emit, t.access
    zero, one = lw.int_const(0), lw.int_const(1)
    known = b.constant(n)
    if known is not None and known <= most:
        return leaf(zero, n)
    piece = lw.int_const(most)
    sums, sizes = emit("alloca", imm=8 * _DEPTH), emit("alloca", imm=8 * _DEPTH)
    b.store(_WORD, one, sizes)  # where the stack is empty nothing is left to be added up

    def descend(values: Carried) -> Carried:
        size, depth = values
        left = emit("sar", size, one)
        left = emit("sub", left, emit("and", left, lw.int_const(7)))
        depth = emit("add", depth, one)
        b.store(_WORD, emit("sub", size, left), sizes, depth, 8)
        return left, depth

    def finished(values: Carried) -> int:
        return emit("eq", b.load(_WORD, sizes, values[0], 8), zero)

    def ascend(values: Carried) -> Carried:
        depth, result = values
        left = b.load(access, sums, depth, 8)
        return emit("sub", depth, one), emit("fadd", left, result)

    def each(values: Carried) -> Carried:
        low, size, depth, _, _ = values
        size, depth = looped(lw, (size, depth), lambda v: emit("sgt", v[0], piece), descend)
        result = leaf(low, size)
        low = emit("add", low, size)
        depth, result = looped(lw, (depth, result), finished, ascend)
        b.store(access, result, sums, depth, 8)
        size = b.load(_WORD, sizes, depth, 8)
        b.store(_WORD, zero, sizes, depth, 8)
        return low, size, depth, result, emit("ne", depth, zero)

    start = (zero, n, zero, b.const(access.type, -0.0), lw.bool_const(True))
    return looped(lw, start, lambda v: v[4], each)[3]


def _leaf(lw: Lowering, run: Run, node: Node, t: Scalar, low: int, count: int) -> int:
    """The sum of `count` elements from `low` on, `_LEAF` at most."""
    b, emit, access = lw.b, lw.b.emit, t.access
    eight = lw.int_const(WIDTH)
    # Within one line of the cache: a load waits long for part of a store across two.
    room = emit("alloca", imm=WIDTH * access.size + _LINE - 16)
    sums = emit("i2p", emit("and", emit("add", emit("p2i", room), lw.int_const(_LINE - 1)), lw.int_const(-_LINE)))
    begin = b.const(access.type, -0.0)

    def clear(k: int, _: Carried) -> Carried:
        b.store(access, begin, sums, k, access.size, region=BUFFERS)
        return ()

    counted(lw, eight, (), clear, lanes=True)

    def row(i: int, _: Carried) -> Carried:
        at = emit("add", low, emit("mul", i, eight))

        def one(k: int, _: Carried) -> Carried:
            value = run.point(emit("add", at, k)).value(node).parts[0]
            so_far = b.load(access, sums, k, access.size, region=BUFFERS)
            b.store(access, emit("fadd", so_far, value), sums, k, access.size, region=BUFFERS)
            return ()

        counted(lw, eight, (), one, lanes=True)
        return ()

    counted(lw, emit("sar", count, lw.int_const(3)), (), row)
    parts = [b.load(access, sums, disp=k * access.size, region=BUFFERS) for k in range(WIDTH)]
    while len(parts) > 1:
        parts = [emit("fadd", x, y) for x, y in zip(parts[::2], parts[1::2])]
    rest = emit("and", count, lw.int_const(WIDTH - 1))
    from_ = emit("add", low, emit("sub", count, rest))

    def further(i: int, carried: Carried) -> Carried:
        return (emit("fadd", carried[0], run.point(emit("add", from_, i)).value(node).parts[0]),)

    return counted(lw, rest, (parts[0],), further)[0]
