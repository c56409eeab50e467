"""What has to hold for a nest of counted loops to be run without its checks and in another order: its indices are in
range, and what it stores is nobody else's. As polynomials of its counters; `conditions` makes code of it."""

from __future__ import annotations

from ...analysis.polynomials import Polynomials, add
from ...ir.ops import OPS
from ...ir.types import I64
from .fit import Unsuitable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.polynomials import Poly
    from ...ir.function import Block, Function, Loop

_ULT, _INDEX = OPS["ult"], OPS["index"]
LIMIT = 1 << 30  # values in products, and ways of counters, are tested to be within this
FAR = 1 << 56  # others
_MOST = 1 << 62
_INNER = 1 << 20  # iterations of an inner loop
_ROUND = 1 << 22  # of all inner loops


class Group:
    """Accesses whose addresses differ by numbers: from `least` to `most` bytes after `poly` at 0."""

    __slots__ = ("least", "most", "poly", "size")

    def __init__(self, poly: Poly, size: int) -> None:
        self.poly = {key: mult for key, mult in poly.items() if key}
        self.least = poly.get((), 0)
        self.most = self.least + size
        self.size = size

    def add(self, poly: Poly, size: int) -> None:
        at = poly.get((), 0)
        self.least, self.most = min(self.least, at), max(self.most, at + size)


class Nest:
    """A nest, as far as its addresses and checks go.

    Attributes:
        loop: the outermost loop of it; inner: those in it. blocks: all of theirs. counters: of all of them.
        inner_most: more iterations of an inner loop are better off otherwise.

        What must hold before: `conditions`, values; `ranges`: (polynomial, length) of indices; `bounded`: values within
        `LIMIT` or `FAR`; `apart`: pairs of groups of accesses that do not overlap; `spaced`: (stride, bytes that
        it does not fall short of); `rows`: (stride of an inner loop, bytes from lane to lane) where all lanes' places
        are to be in one row; `lines`: by the polynomials of rows that are the outer loop's iterations' own, what is
        touched of each: (bytes from its start, a counter or -1, its factor, how many bytes). `longest`: iterations of
        the inner loops at most in one of the outer one, as no signal is looked for meanwhile.
    """

    __slots__ = (
        "_polynomials", "apart", "blocks", "bounded", "conditions", "counters", "function", "groups", "inner",
        "inner_most", "lines", "longest", "loop", "ranges", "rows", "spaced",
    )  # fmt: skip

    def __init__(self, function: Function, loop: Loop) -> None:
        self.function = function
        self.loop = loop
        self.blocks: list[Block] = [b for b in function.blocks if b.loop is not None and b.loop.inside(loop)]
        self.inner = list({b.loop: None for b in self.blocks if b.loop is not None and b.loop is not loop})
        self.inner_most = _INNER
        self.counters = {loop.counter, *[inner.counter for inner in self.inner]}
        self._polynomials = Polynomials(function, self.outside, checked=True)
        self.conditions: list[int] = []
        self.ranges: list[tuple[Poly, int]] = []
        self.bounded: dict[int, int] = {}
        self.groups: dict[frozenset[tuple[tuple[int, ...], int]], Group] = {}
        self.apart: list[tuple[Group, Group]] = []
        self.spaced: list[tuple[Poly, int]] = []
        self.rows: list[tuple[Poly, int]] = []
        self.lines: dict[frozenset[tuple[tuple[int, ...], int]], list[tuple[int, int, int, int]]] = {}
        self.longest = _ROUND

    def wanted(self) -> set[int]:
        """The values computed in the nest that something outside it uses."""
        function, inside = self.function, set(self.blocks)
        homes, args = function.homes, function.args
        used: set[int] = set()
        for block in function.blocks:
            if block not in inside:
                for v in block.insts:
                    used.update(args[v])
                used.update(block.term_args)
            for edge in block.edges:
                if edge.target not in inside:
                    used.update(edge.args)
        return {v for v in used if homes[v] in inside}

    def outside(self, v: int) -> bool:
        home = self.function.homes[v].loop
        return home is None or not home.inside(self.loop)

    def poly(self, v: int) -> Poly:
        """Over counters and what is known before."""
        found = self._polynomials.of(v)
        if found is None or not all(a in self.counters or self.outside(a) for key in found for a in key):
            raise Unsuitable("a number that is no polynomial of the counters")
        for key in found:
            if sum([a in self.counters for a in key]) > 1:
                raise Unsuitable("a product of counters")
        return found

    def check(self, v: int) -> bool:
        """Note what has to hold for a check to pass always; False if it is one on data."""
        ops, args = self.function.ops, self.function.args
        if ops[v].base:
            self._bound(self.poly(v))
        elif ops[v] is _INDEX:
            self._in_range(args[v][0], args[v][1])
        else:
            cond = args[v][0]
            if self.outside(cond):
                self.conditions.append(cond)
            else:
                return ops[cond] is _ULT and self._try_range(*args[cond])
        return True

    def _bound(self, poly: Poly) -> None:
        """It is not only modulo 2**64."""
        most = abs(poly.get((), 0))
        for key, mult in poly.items():
            size = abs(mult)
            for v in key:
                if v in self.counters:
                    size *= 2 * LIMIT
                    continue
                limit = LIMIT if len(key) > 1 else FAR
                size *= limit
                self.bounded[v] = min(limit, self.bounded.get(v, limit))
            most += size if key else 0
        if most >= _MOST:
            raise Unsuitable("numbers that may be too large")

    def _in_range(self, index: int, length: int) -> None:
        if not self.outside(length):
            raise Unsuitable("a length that changes")
        poly = self.poly(index)
        self._bound(poly)
        if (poly, length) not in self.ranges:
            self.ranges.append((poly, length))

    def _try_range(self, index: int, length: int) -> bool:
        if self.function.types[index] is not I64:
            return False
        try:
            self._in_range(index, length)
        except Unsuitable:
            return False
        return True

    def address(self, v: int, args: tuple[int, ...]) -> Poly:
        """Of a load or store with these arguments but the value."""
        memory = self.function.imms[v]
        total = dict(self.poly(args[0]))
        if len(args) > 1:
            add(total, self.poly(args[1]), memory.scale)
        add(total, {(): memory.disp}, 1)
        return total

    def group(self, poly: Poly, size: int) -> Group:
        key = frozenset([item for item in poly.items() if item[0]])
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(poly, size)
        group.add(poly, size)
        return group


def start(loop: Loop) -> int:
    """What the counter begins with."""
    return loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]


def interleaved(poly: Poly, other: Poly, stride: Poly, first: int, second: int) -> bool:
    """Whether two accesses of so many bytes, whose addresses differ by a number and go on by `stride` with each
    iteration, touch the same place in the same iteration only, if at all."""
    if poly == other and first == second:
        return True
    by = abs(stride.get((), 0)) if len(stride) == 1 else 0
    apart = (other.get((), 0) - poly.get((), 0)) % by if by else 0
    return apart >= first and by - apart >= second
