"""sin, cos, tan, atan, atan2, asin, acos.

sin, cos, tan: x = n pi/2 + r in two parts, with pi/2 in three parts (Cody and Waite 1980), the first difference being
exact where there is a fused operation; where there is none, in four shorter ones. Then polynomials in r**2, and n's
lowest bits choose. Beyond the limit the C library takes over.

atan: arguments beyond tan(pi/8) are turned by pi/4, those beyond its inverse by pi/2. asin: beyond 1/2 it is pi/2 -
2 asin(sqrt((1 - x) / 2)).
"""

from __future__ import annotations

from math import inf, nan, pi
from math import tan as exact_tan

from . import coefficients as c
from .exponentials import ROUND
from .kit import add, add_ordered, fma, polynomial, product

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kit import Value

_TURN = exact_tan(pi / 8)


def _turned(x: Value) -> tuple[Value, Value, Value]:
    """The bits that end in n, and r in two parts."""
    shifted = fma(x, c.PER_HALF_PI, ROUND)
    n = shifted - ROUND
    if x.kit.fused:
        first = fma(n, -c.HALF_PI_1, x)
        p, error = product(n, -c.HALF_PI_2)
        r, rest = add(first, p)
        rest = fma(n, -c.HALF_PI_3, rest + error)
    else:
        one, two, three, four = c.HALF_PI_SHORT
        first, rest = add(x - n * one, n * -two)
        r, lost = add(first, n * -three)
        rest = (rest + lost) - n * four
    return shifted.bits(), *add_ordered(r, rest)


def _sin_cos(r: Value, rest: Value) -> tuple[Value, Value]:
    """Of a reduced argument."""
    z = r * r
    cube = z * r
    sine = r + fma(cube, polynomial(z, c.SIN), fma(z * -0.5, rest, rest))
    half = z * 0.5
    one, lost = add_ordered(r.like(1.0), -half)
    cosine = one + fma(z * z, polynomial(z, c.COS), lost - r * rest)
    return sine, cosine


def _odd(bits: Value) -> Value:
    """Where the lowest bit is set: a mask."""
    return ((bits & 1) << 62).float() > 1.0


def _sign(bits: Value) -> Value:
    """The second bit as that of a sign."""
    return (bits & 2) << 62


def sin(x: Value) -> Value:
    bits, r, rest = _turned(x)
    sine, cosine = _sin_cos(r, rest)
    found = (_odd(bits).choose(cosine, sine).bits() ^ _sign(bits)).float()
    return x.equals(0.0).choose(x, found)


def cos(x: Value) -> Value:
    bits, r, rest = _turned(x)
    sine, cosine = _sin_cos(r, rest)
    return (_odd(bits).choose(sine, cosine).bits() ^ _sign(bits.plus(1))).float()


def tan(x: Value) -> Value:
    bits, r, rest = _turned(x)
    sine, cosine = _sin_cos(r, rest)
    odd = _odd(bits)
    over, under = odd.choose(-cosine, sine), odd.choose(sine, cosine)
    return x.equals(0.0).choose(x, over / under)


def _atan_of(over: Value, under: Value) -> tuple[Value, Value]:
    """The angle, in two parts, of a point with neither coordinate negative or infinite, and not both 0."""
    steep = over > under * (1.0 / _TURN)
    middle = over > under * _TURN
    less, less_low = add(over, -under)
    more, more_low = add(over, under)
    top = steep.choose(-under, middle.choose(less, over))
    bottom = steep.choose(over, middle.choose(more, under))
    middle = middle & ~steep
    reciprocal = 1.0 / bottom
    t = top * reciprocal
    z = t * t
    turned = steep.choose(c.HALF_PI, middle.choose(c.HALF_PI * 0.5, 0.0))
    low = steep.choose(c.HALF_PI_LOW, middle.choose(c.HALF_PI_LOW * 0.5, 0.0))
    # What the quotient lacks.
    p, error = product(t, bottom)
    lost = fma(t, -more_low, less_low)
    low = fma(((top - p) - error) + middle.choose(lost, 0.0), reciprocal, low)
    whole, lost = add_ordered(turned, t)
    return whole, fma(t * z, polynomial(z, c.ATAN), low) + lost


def atan(x: Value) -> Value:
    whole, rest = _atan_of(abs(x).least(2.0**60), x.like(1.0))
    return (whole + rest).signed(x)


def atan2(y: Value, x: Value) -> Value:
    over, under = abs(y), abs(x)
    high, wide = over.equals(inf), under.equals(inf)
    # Neither sums of the coordinates nor the reciprocal of one may overflow.
    largest = over.greatest(under)
    scale = (largest > 2.0**900).choose(2.0**-200, (largest < 2.0**-900).choose(2.0**200, 1.0))
    whole, rest = _atan_of(
        high.choose(1.0, wide.choose(0.0, over * scale)), wide.choose(1.0, high.choose(0.0, under * scale))
    )
    zero = over.equals(0.0)
    whole, rest = zero.choose(0.0, whole), zero.choose(0.0, rest)
    back, lost = add_ordered(x.like(c.HALF_PI * 2.0), -whole)
    back = back + (lost - (rest - c.HALF_PI_LOW * 2.0))
    found = (x.like(1.0).signed(x) < 0.0).choose(back, whole + rest).signed(y)
    return (x.equals(x) & y.equals(y)).choose(found, nan)


def _asin_series(size: Value) -> tuple[Value, Value, Value, Value]:
    """Whether it is large; t, what t lacks, and asin t - t."""
    large = size > 0.5
    half = (1.0 - size) * 0.5
    z = large.choose(half, size * size)
    root = half.sqrt()
    p, error = product(root, root)
    lost = ((half - p) - error) / (root + root).greatest(2.0**-1000)
    t = large.choose(root, size)
    return large, t, large.choose(lost, 0.0), t * z * polynomial(z, c.ASIN)


def asin(x: Value) -> Value:
    size = abs(x)
    large, t, lost, series = _asin_series(size)
    whole, low = add_ordered(x.like(c.HALF_PI), t * -2.0)
    far = whole + (low + fma(series + lost, -2.0, x.like(c.HALF_PI_LOW)))
    found = large.choose(far, t + series)
    return (size <= 1.0).choose(found, nan).signed(x)


def acos(x: Value) -> Value:
    size = abs(x)
    large, t, lost, series = _asin_series(size)
    # 2 asin, or pi less that, or pi/2 less asin
    negative = x < 0.0
    base = large.choose(negative.choose(2.0 * c.HALF_PI, 0.0), c.HALF_PI)
    base_low = large.choose(negative.choose(2.0 * c.HALF_PI_LOW, 0.0), c.HALF_PI_LOW)
    times = large.choose(2.0, -1.0).signed(large.choose(x, -x))
    whole, low = add_ordered(base, t * times)
    found = whole + (low + fma(series + lost, times, base_low))
    return (size <= 1.0).choose(found, nan)
