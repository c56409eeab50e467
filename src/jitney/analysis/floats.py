"""What floats can be at each place, as part of the sweep of `ranges`: so that `int(v)` of a clipped `v` fits.

    v3 = fmin(fmax(v2, 0.0), 255.0)     0.0 <= v3 <= 255.0, and it is not NaN if the second arguments are not
    v4 = f2i v3                         0 <= v4 <= 255: not the number that stands for "does not fit"

For functions with conversions to integers only: `RULES` are `ranges`' own and those for floats. Bounds hold at the
place that the sweep has reached: narrowed by the comparisons that dominate it.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I64
from . import bounds
from .intervals import MAX, MIN
from .transfer import RULES as INTEGER_RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.function import Block, Edge, Function
    from ..ir.ops import Op
    from .bounds import Bounds
    from .ranges import Ranges

_CONST, _F2I, _I2F, _SELECT = OPS["const"], OPS["f2i"], OPS["i2f"], OPS["select"]
COMPARISONS = tuple([OPS[name] for name in ("flt", "fle", "fgt", "fge", "feq", "fne")])


class Floats:
    """Bounds of the floats of one function, at the place where the sweep is."""

    __slots__ = ("_earlier", "_function", "_incoming", "_known", "_ranges")

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._function: Function = ranges.function
        self._known: dict[int, Bounds] = {}
        self._earlier: list[tuple[int, Bounds]] = []  # to restore
        self._incoming: dict[int, Bounds] = {}  # of parameters: what the edges so far bring

    def of(self, v: int) -> Bounds:
        """Bounds of the float `v`."""
        found = self._known.get(v)
        if found is None:
            function = self._function
            if function.ops[v] is not _CONST or function.imms[v] != function.imms[v]:
                return bounds.ANYTHING
            number = float(function.imms[v])
            found = self._known[v] = number, number, False
        return found

    def define(self, v: int, found: Bounds) -> None:
        if found is not bounds.ANYTHING:
            self._known[v] = found

    def undo(self) -> None:
        """Forget what was last narrowed."""
        v, found = self._earlier.pop()
        self._known[v] = found

    def assume(self, op: Op, args: tuple[int, ...], holds: bool) -> None:
        """From here on a comparison is `holds`."""
        a, b = args
        before = self.of(a), self.of(b)
        after = bounds.compared(op.name, holds, *before)
        for v, old, new in zip(args, before, after):
            if new != old:
                self._narrow(v, old, new)

    def converted(self, v: int) -> None:
        """From here on `v`, an `f2i`, is not the number that stands for "does not fit" but may be an int: what it
        converts is not NaN."""
        (x,) = self._function.args[v]
        low, high, nan = self.of(x)
        if nan:
            self._narrow(x, (low, high, nan), (low, high, False))
        fits = bounds.whole((low, high, False))
        if fits is not None:
            self._ranges.narrow(v, *fits)

    def _narrow(self, v: int, old: Bounds, new: Bounds) -> None:
        self._earlier.append((v, old))
        self._known[v] = new
        self._ranges.will_undo()

    def bring(self, edge: Edge) -> None:
        """What an edge gives for parameters that are floats."""
        types, incoming = self._function.types, self._incoming
        for p, a in zip(edge.target.params, edge.args):
            if types[p].is_float:
                found = self.of(a)
                incoming[p] = bounds.hull(incoming[p], found) if p in incoming else found

    def join(self, block: Block) -> None:
        """All edges to `block` have been seen."""
        for p in block.params:
            if p in self._incoming:
                self.define(p, self._incoming[p])


def _visit_operation(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    floats, function = r.floats, r.function
    assert floats is not None
    floats.define(v, bounds.of(function.ops[v], function.types[v], [floats.of(a) for a in args]))


def _visit_select(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    floats, function = r.floats, r.function
    cond, a, b = args
    if not function.types[v].is_float:
        INTEGER_RULES[_SELECT](r, v, args)
        return
    assert floats is not None
    found = []
    for chosen, holds in ((a, True), (b, False)):
        mark = r.mark()
        r.assume(cond, holds)
        found.append(floats.of(chosen))
        r.restore(mark)
    floats.define(v, bounds.hull(*found))


def _visit_from_int(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    assert r.floats is not None
    r.floats.define(v, bounds.of_int(r.low[args[0]], r.high[args[0]], r.function.types[v]))


def _visit_to_int(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    assert r.floats is not None
    found = r.floats.of(args[0])
    fits = bounds.whole(found)
    if fits is not None and r.function.types[v] is I64:
        low, high = fits
        r.low[v], r.high[v] = MIN if found[2] else low, min(high, MAX)
        if low == high and not found[2]:
            r.known[v] = low


def _visit_comparison(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    assert r.floats is not None
    known = bounds.decided(r.function.ops[v].name, r.floats.of(args[0]), r.floats.of(args[1]))
    if known is None:
        INTEGER_RULES[r.function.ops[v]](r, v, args)
    else:
        r.low[v] = r.high[v] = r.known[v] = int(known)


RULES: dict[object, Callable[[Ranges, int, tuple[int, ...]], None]] = {
    **INTEGER_RULES,
    **dict.fromkeys(bounds.OPERATIONS, _visit_operation),
    **dict.fromkeys(COMPARISONS, _visit_comparison),
    _SELECT: _visit_select,
    _I2F: _visit_from_int,
    _F2I: _visit_to_int,
}
