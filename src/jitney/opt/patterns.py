"""What is computed bit by bit, and has a shorter way: numbers of bits, and bits in the opposite order.

    v3 = lshr v1, 1; v4 = and v3, 0x55555555
    v5 = sub v1, v4
    ...                                             v2 = zext32 v1
    v9 = lshr (zext32 (mul v8, 0x01010101)), 24     v9 = popcnt v2

    v2 = and v1, 1; v3 = shl v2, 1                  v3 = or (shl (and v1, 0x5555), 1), (and (lshr v1, 1), 0x5555)
    v4 = and (lshr v1, 1), 1; v5 = or v3, v4        v5 = or (shl (and v3, 0x3333), 2), (and (lshr v3, 2), 0x3333)
    ...                                             ...

Where each bit of a value comes from is followed through shifts, masks and sums of what has no bit in common: a *map*,
of a source, says by how much its bits are shifted, and to which places. If bit d is always the source's bit t - d, the
source is turned round by exchanging neighbours, pairs of neighbours, and so on. (Warren, Hacker's Delight, 5-1, 7-1.)
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I64
from .rebuild import Rebuild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function
    from .rebuild import Edit

    # Source, {shift to the left: places in the result}, places of which this is known.
    Map = tuple[int, dict[int, int], int]

_CONST, _LOAD, _AND, _OR, _XOR = OPS["const"], OPS["load"], OPS["and"], OPS["or"], OPS["xor"]
_ADD, _SUB, _MUL, _SHL, _LSHR, _SAR = OPS["add"], OPS["sub"], OPS["mul"], OPS["shl"], OPS["lshr"], OPS["sar"]
_ZEXT32 = OPS["zext32"]
_ZEXTS = {OPS[f"zext{n}"]: (1 << n) - 1 for n in (8, 16, 32)}
_JOINS = (_OR, _XOR, _ADD)
_RIGHT = (_LSHR, _SAR)
_ALL = (1 << 64) - 1
_LEAST = 8  # bits that are worth turning round


def shorten(function: Function) -> Function:
    """Replace counts of bits, and bits put into the opposite order one by one."""
    edits: dict[int, Edit] = {}
    maps = _Maps(function)
    for block in function.blocks:
        if block.loop is None:
            continue
        for v in block.insts:
            if function.types[v] is not I64:
                continue
            if function.ops[v] in _RIGHT:
                x = _counted(function, v)
                if x is not None:
                    edits[v] = _count(*x)
            maps.follow(v)
    covered: set[int] = set()
    for block in reversed(function.blocks):
        for v in reversed(block.insts):
            if v in maps.joined and v not in covered:
                turned = _turned(maps.of(v))
                if turned is not None:
                    edits[v] = _turn(maps.of(v)[0], *turned)
                    maps.cover(v, covered)
    return Rebuild(function, edits).run() if edits else function


# -- bits in the opposite order ----------------------------------------------------------------------------------------


class _Maps:
    """Attributes:
    joined: values that have bits from several places of one source.
    """

    __slots__ = ("_known", "function", "joined")

    def __init__(self, function: Function) -> None:
        self.function = function
        self._known: dict[int, Map] = {}
        self.joined: set[int] = set()

    def of(self, v: int) -> Map:
        found = self._known.get(v)
        return found if found is not None else (v, {0: _ALL}, _ALL)

    def follow(self, v: int) -> None:
        """Note where the bits of `v` come from, if it is no source itself."""
        function = self.function
        op, args = function.ops[v], function.args[v]
        if op is _LOAD:
            access = function.imms[v].access
            if access.size < 8 and not access.signed:
                self._known[v] = v, {0: (1 << 8 * access.size) - 1}, _ALL
            return
        if op in _ZEXTS:
            self._known[v] = _masked(self.of(args[0]), _ZEXTS[op])
            return
        if len(args) != 2 or op not in (_AND, _SHL, _LSHR, _SAR, *_JOINS):
            return
        if function.ops[args[1]] is _CONST:
            number = int(function.imms[args[1]])
            if op is _AND:
                self._known[v] = _masked(self.of(args[0]), number & _ALL)
            elif op is _SHL and 0 <= number < 64:
                source, bits, known = self.of(args[0])
                moved = {s + number: (m << number) & _ALL for s, m in bits.items()}
                self._known[v] = source, moved, (known << number | (1 << number) - 1) & _ALL
            elif op in _RIGHT and 0 <= number < 64:
                source, bits, known = self.of(args[0])
                # What comes in from the left is 0, or not followed.
                above = _ALL ^ _ALL >> number if op is _LSHR else 0
                self._known[v] = source, {s - number: m >> number for s, m in bits.items()}, known >> number | above
        elif op in _JOINS:
            (source, bits, known), (other, more, sure) = self.of(args[0]), self.of(args[1])
            if source != other or known != _ALL or sure != _ALL or _places(bits) & _places(more):
                return
            both = dict(bits)
            for s, m in more.items():
                both[s] = both.get(s, 0) | m
            self._known[v] = source, both, _ALL
            if len(both) >= _LEAST:
                self.joined.add(v)

    def cover(self, v: int, covered: set[int]) -> None:
        """Add what leads from the source of `v` to it."""
        work = [v]
        while work:
            v = work.pop()
            if v in self._known and v not in covered:
                covered.add(v)
                work += self.function.args[v]


def _masked(found: Map, mask: int) -> Map:
    source, bits, known = found
    return source, {s: m & mask for s, m in bits.items() if m & mask}, known | (_ALL ^ mask)


def _places(bits: dict[int, int]) -> int:
    places = 0
    for m in bits.values():
        places |= m
    return places


def _turned(found: Map) -> tuple[int, int] | None:
    """(t, places) where each bit d of these places is the source's bit t - d, and all others are 0."""
    _, bits, known = found
    if known != _ALL:
        return None
    last = -1
    for s, m in bits.items():
        if m & m - 1:
            return None
        d = m.bit_length() - 1
        if last < 0:
            last = 2 * d - s
        if 2 * d - s != last:
            return None
    return (last, _places(bits)) if 0 <= last < 64 and _places(bits) >> last + 1 == 0 else None


def _turn(source: int, last: int, places: int) -> Edit:
    def edit(rebuild: Rebuild, v: int) -> int:
        builder = rebuild.builder
        emit, const = builder.emit, builder.const
        x = rebuild.value[source]
        width = 1 << last.bit_length()
        step = 1
        while step < width:
            # Bits of each pair of groups of `step` bits, of the lower one.
            low = sum([((1 << step) - 1) << at for at in range(0, width, 2 * step)])
            mask = const(I64, low)
            up = emit("shl", emit("and", x, mask), const(I64, step))
            x = emit("or", up, emit("and", emit("lshr", x, const(I64, step)), mask))
            step *= 2
        x = emit("lshr", x, const(I64, width - 1 - last))
        if places != (1 << last + 1) - 1:
            x = emit("and", x, const(I64, places - (places >> 63 << 64)))
        return x

    return edit


# -- numbers of bits ---------------------------------------------------------------------------------------------------


def _count(x: int, bits: int) -> Edit:
    def edit(rebuild: Rebuild, v: int) -> int:
        emit = rebuild.builder.emit
        value = rebuild.value[x]
        return emit("popcnt", emit("zext32", value) if bits == 32 else value)

    return edit


def _counted(function: Function, v: int) -> tuple[int, int] | None:
    """(x, how many of its bits) if `v` is their number, added up in pairs, in fours, in bytes, and by a product."""
    ops, args, imms = function.ops, function.args, function.imms

    def by(u: int, op: object, number: int) -> int:
        """The first argument of `u` if it is `op` with this number, else -1."""
        return args[u][0] if ops[u] is op and ops[args[u][1]] is _CONST and imms[args[u][1]] == number else -1

    def shifted(u: int, number: int) -> int:
        return max(by(u, _LSHR, number), by(u, _SAR, number))

    def halves(u: int, mask: int, step: int) -> int:
        """x where `u` is ``(x & mask) + (x >> step & mask)``."""
        if u < 0 or ops[u] is not _ADD:
            return -1
        for a, b in (args[u], args[u][::-1]):
            x = by(a, _AND, mask)
            if x >= 0 and by(b, _AND, mask) >= 0 and shifted(by(b, _AND, mask), step) == x:
                return x
        return -1

    bits = 64 if shifted(v, 56) >= 0 else 32
    ones = 0x0101010101010101 >> 64 - bits
    product = shifted(v, bits - 8)
    if product >= 0 and bits == 32:
        product = args[product][0] if ops[product] is _ZEXT32 else -1
    z = by(product, _MUL, ones) if product >= 0 else -1
    if z < 0:
        return None
    y = halves(z, 15 * ones, 4)
    total = by(z, _AND, 15 * ones)
    if total >= 0 and ops[total] is _ADD:
        for a, b in (args[total], args[total][::-1]):
            if shifted(b, 4) == a:
                y = a
    w = halves(y, 0x33 * ones, 2)
    if w < 0:
        return None
    x = halves(w, 0x55 * ones, 1)
    if ops[w] is _SUB:
        odd = by(args[w][1], _AND, 0x55 * ones)
        if odd >= 0 and shifted(odd, 1) == args[w][0]:
            x = args[w][0]
    return (x, bits) if x >= 0 else None
