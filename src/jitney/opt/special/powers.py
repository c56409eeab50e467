"""pow, cbrt, hypot.

pow is exp(y log x) with the logarithm in two parts: log x = n ln 2 + 2 artanh s as in `logarithms`, with s, s**2 and
the first terms of the series in two parts each. cbrt: a polynomial, then one step of Halley's iteration and one of
Newton's with an exact residual. hypot: scaled by a power of two, squares in two parts, one Newton step on the root.
"""

from __future__ import annotations

from math import inf, nan

from . import coefficients as c
from .exponentials import exp, exp_of, nearest, power_of_two
from .kit import add, add_ordered, fma, polynomial, product
from .logarithms import log, parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kit import Value

_SIGN = -(1 << 63)


def _log(x: Value) -> tuple[Value, Value]:
    """In two parts, for a positive finite x."""
    n, m = parts(x)
    f = m - 1.0
    below = m + 1.0
    lost = f - (below - 2.0)
    reciprocal = 1.0 / below
    s = f * reciprocal
    p, error = product(s, below)
    s_low = (((f - p) - error) - s * lost) * reciprocal
    z, z_low = product(s, s)
    z_low = fma(s + s, s_low, z_low)
    # z (2/3 + z polynomial), in two parts
    tail = z * polynomial(z, c.LOG_FINE)
    first, first_low = add_ordered(x.like(c.TWO_THIRDS), tail)
    first_low = first_low + c.TWO_THIRDS_LOW
    cube, cube_low = product(first, z)
    cube_low = fma(first, z_low, fma(first_low, z, cube_low))
    # times s, and 2 s
    extra, extra_low = product(cube, s)
    extra_low = fma(cube, s_low, fma(cube_low, s, extra_low))
    whole, rest = add_ordered(s + s, extra)
    rest = rest + fma(s_low, 2.0, extra_low)
    total, lost = add_ordered(n * c.LN2_LONG, whole)
    return add_ordered(total, lost + fma(n, c.LN2_LONG_REST, rest))


def pow(x: Value, y: Value) -> Value:
    size = abs(x)
    high, low = _log(size)
    high = size.equals(0.0).choose(-inf, (size < inf).choose(high, size))
    # Beyond that the result is 0, 1 or infinite; products by halves would overflow.
    times = y.least(2.0**900).greatest(-(2.0**900))
    p, rest = product(high, times)
    rest = fma(low, times, rest)
    # Far beyond the range the low part has no meaning.
    return _with_sign(exp_of(p, (abs(p) < 2.0**20).choose(rest, 0.0)), x, y)


def pow_of_singles(x: Value, y: Value) -> Value:
    """`pow` where the result is rounded to single precision: one part will do."""
    return _with_sign(exp(log(abs(x)) * y.least(2.0**900).greatest(-(2.0**900))), x, y)


def _with_sign(found: Value, x: Value, y: Value) -> Value:
    """The power of x, given that of its magnitude."""
    steps = abs(y)
    whole = (steps >= 2.0**52) | nearest(steps).equals(steps)
    odd = whole & ~((steps >= 2.0**53) | nearest(steps * 0.5).equals(steps * 0.5))
    sign = odd.choose(x, 0.0).bits() & _SIGN
    found = (found.bits() ^ sign).float()
    undefined = (x < 0.0) & ~(abs(x).equals(inf) | whole | ~y.equals(y))
    found = undefined.choose(nan, found)
    return (x.equals(1.0) | y.equals(0.0)).choose(1.0, found)


def cbrt(x: Value) -> Value:
    size = abs(x)
    n, m = parts(size)
    # 8**thirds times m, which is 1, 2 or 4 times what it was
    thirds = nearest(fma(n, 1.0 / 3.0, x.like(-1.0 / 3.0)))
    m = m * power_of_two(n - thirds * 3.0)
    t = polynomial(m, c.CBRT)
    cube = t * t * t
    t = t * ((cube + (m + m)) / ((cube + cube) + m))
    square, square_low = product(t, t)
    cube, cube_low = product(square, t)
    excess = (cube - m) + fma(square_low, t, cube_low)
    found = (t - excess / (square * 3.0)) * power_of_two(thirds)
    return ((size > 0.0) & (size < inf)).choose(found.signed(x), x)


def hypot(x: Value, y: Value) -> Value:
    largest = abs(x).greatest(abs(y))
    high, low = largest > 2.0**500, largest < 2.0**-500
    scale = high.choose(2.0**-600, low.choose(2.0**600, 1.0))
    back = high.choose(2.0**600, low.choose(2.0**-600, 1.0))
    p, p_low = product(x * scale, x * scale)
    q, q_low = product(y * scale, y * scale)
    total, rest = add(p, q)
    root = total.sqrt()
    square, square_low = product(root, root)
    lacking = ((total - square) - square_low) + ((p_low + q_low) + rest)
    found = (root + lacking / (root + root).greatest(2.0**-1000)) * back
    return (abs(x).equals(inf) | abs(y).equals(inf)).choose(inf, found)
