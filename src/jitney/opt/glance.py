"""What an iteration of a parallel loop takes, at a glance in front of it.

    for i in prange(n):            4 + m * 9 tenths of a nanosecond, where m is known in front of the loop;
        for j in range(m):         not known for `while`, calls, and `range(i)`: then only the clock will tell
            s += a[i, j]

The costs are guesses for instructions one at a time, so a loop that is vectorised takes less.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop
    from .maker import Maker

_COSTS = {
    "call": 30.0, "ccall": 20.0, "floordiv": 8.0, "floormod": 8.0, "fdiv": 4.0, "fsqrt": 4.0, "fpower": 4.0,
    "const": 0.0,
}  # fmt: skip
_NANOSECONDS = 0.3  # of an instruction that is not in the table; the table counts these
_TRIPS = 8.0
TENTHS = 10
_MOST_TRIPS, _MOST_WORK = 1 << 20, 1 << 30  # so that no product is beyond 64 bits
_DEEP = 4
_ARITHMETIC = {
    "add": "add", "addo": "add", "sub": "sub", "subo": "sub", "mul": "mul", "mulo": "mul", "smin": "smin",
    "smax": "smax",
}  # fmt: skip


class Glance:
    """A look at one loop, whose blocks are `region`.

    Attributes:
        cost: nanoseconds per iteration, if inner loops run eight times each.
        nested: whether there are inner loops, or calls.
    """

    def __init__(self, function: Function, loop: Loop, region: set[Block]) -> None:
        self.function = function
        self.loop = loop
        self.region = region
        self.own: dict[Loop, float] = {loop: 0.0}
        self.nested = False
        for block in function.blocks:
            if block not in region or block.loop is None or block.cold:
                continue
            names = [function.ops[v].name for v in block.insts]
            cost = _NANOSECONDS * sum([_COSTS.get(name, 1.0) for name in names])
            self.own[block.loop] = self.own.get(block.loop, 0.0) + cost
            self.nested = self.nested or "call" in names or block.loop is not loop
        self.called = any(
            function.ops[v].name == "call" or (function.ops[v].name == "ccall" and not function.imms[v].pure)
            for block in region for v in block.insts
        )
        self.cost = max(0.3, sum([cost * _TRIPS ** (each.depth - loop.depth) for each, cost in self.own.items()]))

    def work(self, to: Maker) -> int | None:
        """Emit what computes tenths of a nanosecond per iteration; None if nothing in front of the loop tells."""
        if self.called:
            return None
        return self._work(to, self.loop)

    def _work(self, to: Maker, loop: Loop) -> int | None:
        total = to.const(max(1, int(TENTHS * self.own.get(loop, 0.0))))
        for inner in self.own:
            if inner.parent is not loop:
                continue
            trips, each = self._trips(to, inner), self._work(to, inner)
            if trips is None or each is None:
                return None
            total = to.emit("add", total, to.emit("mul", trips, each))
        return to.emit("umin", total, to.const(_MOST_WORK))

    def _trips(self, to: Maker, loop: Loop) -> int | None:
        if loop.counter < 0:
            return to.const(1) if loop.pieces else None
        edge = next(edge for edge in loop.preheader.edges if edge.target is loop.header)
        start = self._outside(to, edge.args[loop.header.params.index(loop.counter)])
        stop = self._outside(to, loop.stop)
        if start is None or stop is None:
            return None
        trips = to.emit("sub", stop, start) if loop.step > 0 else to.emit("sub", start, stop)
        trips = to.emit("smax", trips, to.const(0))
        if abs(loop.step) > 1:
            trips = to.emit("udiv", trips, to.const(abs(loop.step)))
        return to.emit("umin", trips, to.const(_MOST_TRIPS))

    def _outside(self, to: Maker, v: int, deep: int = _DEEP) -> int | None:
        """A value in front of the loop that is `v`, wherever that is computed; None if it changes in the loop."""
        function = self.function
        op = function.ops[v].name
        if op == "const":
            return to.const(function.imms[v])
        if function.homes[v] not in self.region:
            return v
        if op not in _ARITHMETIC or not deep:
            return None
        a, b = [self._outside(to, operand, deep - 1) for operand in function.args[v][:2]]
        return None if a is None or b is None else to.emit(_ARITHMETIC[op], a, b)
