"""How far a value in a loop is from a parameter of the loop's header: the steps by which variables move."""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I64
from .intervals import MAX, MIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Loop
    from .ranges import Ranges

DEEP = 8  # how far definitions are followed for an estimate
_PARAM, _ADD, _ADDO, _SUB, _SUBO = OPS["param"], OPS["add"], OPS["addo"], OPS["sub"], OPS["subo"]
_SELECT = OPS["select"]
_NEAR = 4  # joins, their ways in, and blocks in front of them, that are looked at
_SLT, _SLE, _SGT, _SGE = OPS["slt"], OPS["sle"], OPS["sgt"], OPS["sge"]
_ULT, _ULE, _UGT, _UGE, _EQ, _NE = OPS["ult"], OPS["ule"], OPS["ugt"], OPS["uge"], OPS["eq"], OPS["ne"]
NEGATED = {
    _SLT: _SGE, _SGE: _SLT, _SGT: _SLE, _SLE: _SGT, _EQ: _NE, _NE: _EQ, _ULT: _UGE, _UGE: _ULT, _UGT: _ULE, _ULE: _UGT,
}  # fmt: skip
SWAPPED = {
    _SLT: _SGT, _SGT: _SLT, _SLE: _SGE, _SGE: _SLE, _EQ: _EQ, _NE: _NE, _ULT: _UGT, _UGT: _ULT, _ULE: _UGE, _UGE: _ULE,
}  # fmt: skip


def passed(ranges: Ranges, block: Block, number: int, a: int) -> tuple[int, int]:
    """Bounds of `a` where `block` is left by that edge, from its own condition."""
    if block.term != "br":
        return MIN, MAX
    return _held(ranges, block.term_args[0], number == 0, a)


def _held(ranges: Ranges, cond: int, holds: bool, a: int) -> tuple[int, int]:
    """Bounds of `a` where the comparison `cond` is `holds`."""
    function = ranges.function
    op, args = function.ops[cond], function.args[cond]
    lo, hi = MIN, MAX
    if op in NEGATED and function.types[args[0]] is I64:
        if not holds:
            op = NEGATED[op]
        if args[1] == a:
            op, args = SWAPPED[op], (args[1], args[0])
        if args[0] == a:
            other = ranges.estimate(args[1], DEEP)
            if op is _SLT or op is _SLE or op is _EQ:
                hi = other[1] - (op is _SLT)
            if op is _SGT or op is _SGE or op is _EQ:
                lo = other[0] + (op is _SGT)
    return lo, hi


def ways(ranges: Ranges, a: int, depth: int = _NEAR, lo: int = MIN, hi: int = MAX) -> list[tuple[int, int, int]]:
    """What `a` may be where paths of a loop have met: (value, bounds by conditions on its way), each."""
    function = ranges.function
    home = function.homes[a]
    found: list[tuple[int, int, int]] = []
    if depth > 0 and function.ops[a] is _SELECT:
        cond, x, y = function.args[a]
        for v, holds in ((x, True), (y, False)):
            one = _held(ranges, cond, holds, v)
            found += ways(ranges, v, depth - 1, max(lo, one[0]), min(hi, one[1]))
        return found
    sources = ranges.sources.get(home, ())
    if depth <= 0 or a not in ranges.incoming or len(sources) > _NEAR or (
        home.loop is None or home.loop.header is home
    ):  # fmt: skip
        return [(a, lo, hi)]
    k = home.params.index(a)
    for block, number in sources:
        v = block.edges[number].args[k]
        least, most = passed(ranges, block, number, v)
        for _ in range(_NEAR):
            above = ranges.sources[block]
            if len(above) != 1:
                break
            ((block, number),) = above
            one = passed(ranges, block, number, v)
            least, most = max(least, one[0]), min(most, one[1])
        found += ways(ranges, v, depth - 1, max(lo, least), min(hi, most))
    return found


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
