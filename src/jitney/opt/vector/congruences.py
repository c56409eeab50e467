"""Numbers that go on by ``x = (a * x + c) & mask``: linear congruential generators, hashes of a counter, and so on.

    main(k, x):                             main(k, x: v8i32):          # from x0 * (1, a, ...) + (0, c, ...)
        x' = zext32 (x * a + c)                 x' = x * a**8 + (a**7 + ... + a + 1) * c
        store u32 x', [p + k*4]                 store v8i32 (x * a + c), [p + k*4]

The low bits of such a number depend on the low bits of the one before, and so do several steps at a time: each lane
goes on by as many steps as there are lanes. One iteration may have several steps. What it begins with may have more
bits than the mask lets through: then nothing but the next step may look at it.
"""

from __future__ import annotations

from ...analysis.intervals import MAX, MIN
from ...ir.types import I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .body import Body

_MOST = 16  # operations of one iteration
_WIDTHS = {f"{kind}ext{n}": n for kind in "sz" for n in (8, 16, 32)}


class Congruence:
    """Attributes:
    param, result: the header's parameter, and its next value: factor * param + term, modulo 2**bits.
    signed: its sign is the highest of these bits.
    """

    __slots__ = ("bits", "factor", "param", "result", "signed", "term")

    def __init__(self, param: int, result: int) -> None:
        self.param = param
        self.result = result
        self.factor, self.term = 1, 0
        self.bits, self.signed = 64, False

    @property
    def bounds(self) -> tuple[int, int]:
        """What the number is within, but for the first."""
        if self.bits == 64:
            return MIN, MAX
        half = 1 << self.bits - 1
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)


def find(body: Body, params: list[int]) -> dict[int, Congruence]:
    """Those of the parameters that go on so."""
    found = {}
    for p in params:
        congruence = Congruence(p, body.carried[p])
        if body.type(p) is I64 and _follow(body, congruence):
            found[p] = congruence
    return found


def _follow(body: Body, it: Congruence) -> bool:
    """Fill in what leads from the parameter to its next value, if it is what it has to be."""
    v = it.result
    way: list[int] = []
    reduced = {v}
    while v != it.param:
        inst = body.insts.get(v)
        if inst is None or len(way) == _MOST:
            return False
        way.append(v)
        name, args = inst.op.name, inst.args
        known = [body.constant(a) for a in args]
        if name in _WIDTHS:
            bits = _WIDTHS[name]
        elif name == "and" and known[1] is not None and known[1] > 0 and known[1] & known[1] + 1 == 0:
            bits = known[1].bit_length()
        else:
            bits = 0
        if bits:
            if v == it.result:
                it.bits, it.signed = bits, name.startswith("s")
            elif bits < it.bits:
                return False
            reduced.add(v)
            v = args[0]
            continue
        place = 0 if known[-1] is not None else 1
        if len(args) != 2 or known[1 - place] is None or (place and name == "shl"):
            return False
        number = known[1 - place]
        if name == "add":
            it.term += it.factor * number
        elif name == "sub":
            it.term += it.factor * (number if place else -number)
            it.factor = -it.factor if place else it.factor
        elif name in ("mul", "shl"):
            it.factor *= 1 << (number & 63) if name == "shl" else number
        else:
            return False
        v = args[place]
    return len(way) > 1 and (_begins_within(body, it) or not _looked_at(body, it, way, reduced))


def _begins_within(body: Body, it: Congruence) -> bool:
    lo, hi = body.function.facts.get(it.param, (MIN, MAX))
    least, greatest = it.bounds
    return least <= lo and hi <= greatest


def _looked_at(body: Body, it: Congruence, way: list[int], reduced: set[int]) -> bool:
    """Whether more than the next step looks at a number that may have too many bits."""
    hidden = {it.param, *way} - reduced
    if not hidden.isdisjoint(map(body.resolve, body.live)) or not hidden.isdisjoint(body.carried.values()):
        return True
    return any(v not in way and not hidden.isdisjoint(body.insts[v].args) for v in body.order)
