"""Products of indices of blocks and the blocks' length: what `analysis.ranges` learns of pooling windows.

    for i in range(n // k):         i <= n // k - 1, so i * k <= n - k
        for p in range(k):          p <= k - 1, so i * k + p <= n - 1
            x[i * k + p]
    for i in range((n - f) // s + 1):
        for p in range(f):          i * s <= n - f, so i * s + p <= n - 1
            x[i * s + p]

Where i is not negative, n is not and i < n // k, k is positive: nobody has to know it.
"""

from __future__ import annotations

from ..ir.ops import OPS
from .intervals import MAX, MIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ranges import Ranges

_CONST, _FLOORDIV = OPS["const"], OPS["floordiv"]
_SUB, _SUBO = OPS["sub"], OPS["subo"]


def visit_product(r: Ranges, v: int, a: int, b: int) -> bool:
    """Bounds of the product `v` of `a` and `b`, if one counts parts as long as the other; false if not."""
    for i, k in ((a, b), (b, a)):
        if r.low[i] >= 0:
            for quotient, c in r.bounds_of(i):
                if c <= 0 and _is_quotient(r, quotient, k):
                    n = r.function.args[quotient][0]
                    if r.low[n] >= 0 or r.low[k] > 0:
                        _at_most(r, v, n, k, c)
                        return True
    return False


def _is_quotient(r: Ranges, v: int, k: int) -> bool:
    """Whether `v` is something divided by `k`."""
    ops, imms = r.function.ops, r.function.imms
    if ops[v] is not _FLOORDIV:
        return False
    by = r.function.args[v][1]
    return by == k or (ops[by] is _CONST and ops[k] is _CONST and bool(imms[by] == imms[k]))


def _at_most(r: Ranges, v: int, n: int, k: int, c: int) -> None:
    """``0 <= v <= n + c * k``, where `c` is not positive."""
    assert r.rooms is not None
    ops, args = r.function.ops, r.function.args
    # If there is any room, k is positive.
    distance = c * max(r.low[k], 1)
    _narrow(r, v, 0, r.high[n] + distance)
    r.define_bound(v, n, distance)
    rooms = r.rooms[v] = []
    if c < 0:
        rooms.append((n, k))
    if ops[n] is _SUBO or ops[n] is _SUB:
        h, f = args[n][:2]
        if ops[n] is _SUBO or (r.low[h] - r.high[f] >= MIN and r.high[h] - r.low[f] <= MAX):
            rooms.append((h, f))


def _narrow(r: Ranges, v: int, low: int, high: int) -> None:
    low, high = max(r.low[v], low), min(r.high[v], high)
    if low <= high:
        r.low[v], r.high[v] = low, high


def visit_sum(r: Ranges, v: int, a: int, b: int) -> bool:
    """Bounds of a sum of such a product and a place within the part; false if it is none."""
    assert r.rooms is not None
    for x, y in ((a, b), (b, a)):
        for n, k in r.rooms.get(x, ()):
            if r.low[y] >= 0 and r.at_most(y, k, -1):
                _narrow(r, v, r.low[x] + r.low[y], r.high[n] - 1)
                r.define_bound(v, n, -1)
                r.define_lower(v, x, r.low[y])
                r.define_lower(v, y, r.low[x])
                return True
    return False
