"""How far a value in a loop is from a parameter of the loop's header: the steps by which variables move."""

from __future__ import annotations

from ..ir.ops import OPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Loop
    from .ranges import Ranges

DEEP = 8  # how far definitions are followed for an estimate
_PARAM, _ADD, _ADDO, _SUB, _SUBO = OPS["param"], OPS["add"], OPS["addo"], OPS["sub"], OPS["subo"]
_SELECT = OPS["select"]


class Steps:
    """How far a value in a loop is from the loop's parameter `p` of the same iteration."""

    __slots__ = ("_memo", "loop", "p", "ranges", "reset")

    def __init__(self, ranges: Ranges, p: int, loop: Loop) -> None:
        self.ranges = ranges
        self.p = p
        self.loop = loop
        self._memo: dict[int, tuple[int, int, int, bool] | None] = {}
        self.reset = False  # whether some way round forgets p

    def from_param(self, v: int, depth: int) -> tuple[int, int, int, bool] | None:
        """``v - p`` as (least, greatest, longest step, whether every step is checked); None if v is not p moved."""
        if v == self.p:
            return 0, 0, 0, True
        if v not in self._memo:
            self._memo[v] = None
            self._memo[v] = self._moved(v, depth)
        return self._memo[v]

    def _moved(self, v: int, depth: int) -> tuple[int, int, int, bool] | None:
        ranges, function = self.ranges, self.ranges.function
        home = function.homes[v].loop
        if depth <= 0 or home is None or not home.inside(self.loop):
            return None
        op, args = function.ops[v], function.args[v]
        depth -= 1
        if op is _ADD or op is _ADDO:
            moved = self.from_param(args[0], depth)
            other = args[1]
            if moved is None:
                moved, other = self.from_param(args[1], depth), args[0]
            if moved is None:
                return None
            lo, hi = ranges.estimate(other, DEEP)
            unit = max(-lo, hi, moved[2])
            return moved[0] + lo, moved[1] + hi, unit, moved[3] and op is _ADDO
        if op is _SUB or op is _SUBO:
            moved = self.from_param(args[0], depth)
            if moved is None:
                return None
            lo, hi = ranges.estimate(args[1], DEEP)
            unit = max(-lo, hi, moved[2])
            return moved[0] - hi, moved[1] - lo, unit, moved[3] and op is _SUBO
        if op is _SELECT:
            return self._joined(args[1:], depth)
        if op is _PARAM:
            return self._through(v, depth)
        return None

    def _joined(self, values: tuple[int, ...] | list[int], depth: int) -> tuple[int, int, int, bool] | None:
        found = [self.from_param(a, depth) for a in values]
        known = [m for m in found if m is not None]
        if len(known) < len(found):
            return None
        return (min(m[0] for m in known), max(m[1] for m in known), max(m[2] for m in known), all(m[3] for m in known))

    def _through(self, v: int, depth: int) -> tuple[int, int, int, bool] | None:
        """`v` is the parameter of a join, or of a loop inside."""
        function = self.ranges.function
        block = function.homes[v]
        incoming = self.ranges.incoming.get(v)
        if incoming is None:
            return None
        if block.loop is None or block.loop.header is not block:
            return self._joined(incoming, depth)
        if block is self.loop.header:
            return None
        k = block.params.index(v)
        entry = block.loop.preheader.edges[0].args[k]
        first = self.from_param(entry, depth)
        inner = Steps(self.ranges, v, block.loop)
        turns = [inner.from_param(a, depth) for a in incoming if a != entry and a != v]
        if first is None or None in turns:
            return None
        lo, hi, unit, checked = first
        times = max(self.ranges.trips(block.loop) - 1, 0)
        for turn in turns:
            if turn is not None:
                lo, hi = lo + min(0, turn[0]) * times, hi + max(0, turn[1]) * times
                unit, checked = max(unit, turn[2]), checked and turn[3]
        return lo, hi, unit, checked
