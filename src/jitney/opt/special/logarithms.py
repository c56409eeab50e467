"""log, log2, log10, log1p, and asinh, acosh, atanh, which are logarithms.

x = 2**n m with m near 1, f = m - 1, s = f / (2 + f): log m = 2 artanh s, by a polynomial in s**2. Its large terms come
first: log m = f - (f**2 / 2 - s (f**2 / 2 + s**2 polynomial)).
"""

from __future__ import annotations

from math import inf, nan, sqrt

from . import coefficients as c
from .kit import add_ordered, fma, polynomial, product

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kit import Value

_FRACTION, _ONE = (1 << 52) - 1, 1023 << 52


def parts(x: Value) -> tuple[Value, Value]:
    """n and m of x = 2**n m, m between sqrt(1/2) and sqrt(2), for a positive finite x."""
    subnormal = x < 2.0**-1022
    bits = subnormal.choose(x * 2.0**54, x).bits()
    m = ((bits & _FRACTION) | _ONE).float()
    n = ((bits >> 52) | (0x433 << 52)).float() - subnormal.choose(2.0**52 + 1023.0 + 54.0, 2.0**52 + 1023.0)
    large = m > sqrt(2.0)
    return large.choose(n + 1.0, n), large.choose(m * 0.5, m)


def _series(f: Value) -> tuple[Value, Value]:
    """s, and what s is multiplied by beside f**2 / 2."""
    s = f / (f + 2.0)
    z = s * s
    return s, z * polynomial(z, c.LOG)


def _edges(x: Value, result: Value, zero: Value | float | None = None) -> Value:
    """The result of a logarithm where x is positive and finite, else what it is there."""
    result = x.equals(inf).choose(x, result)
    return (x > 0.0).choose(result, x.equals(0.0).choose(-inf, nan))


def log(x: Value) -> Value:
    n, m = parts(x)
    f = m - 1.0
    s, series = _series(f)
    half = f * f * 0.5
    rest = fma(s, half + series, n * c.LN2_LOW)
    return _edges(x, fma(n, c.LN2_HIGH, f - (half - rest)))


def log1p(x: Value) -> Value:
    u = x + 1.0
    n, m = parts(u)
    whole = n.equals(0.0)
    f = whole.choose(x, m - 1.0)
    # What rounding took from u; where n is 0, f has it.
    big = x > 1.0
    lost = big.choose(1.0 - (u - x), x - (u - 1.0))
    s, series = _series(f)
    half = f * f * 0.5
    rest = fma(s, half + series, fma(n, c.LN2_LOW, whole.choose(0.0, lost / u)))
    found = _edges(u, fma(n, c.LN2_HIGH, f - (half - rest)))
    return (x.equals(0.0)).choose(x, found)


def _in_two(f: Value) -> tuple[Value, Value]:
    """log(1 + f) in two parts."""
    s, series = _series(f)
    half, low = product(f * 0.5, f)
    whole, rest = add_ordered(f, -half)
    return add_ordered(whole, fma(s, half + series, rest - low))


def log2(x: Value) -> Value:
    n, m = parts(x)
    high, low = _in_two(m - 1.0)
    p, rest = product(high, c.PER_LN2)
    rest = fma(low, c.PER_LN2, fma(high, c.PER_LN2_LOW, rest))
    whole, lost = add_ordered(n, p)
    return _edges(x, whole + (lost + rest))


def log10(x: Value) -> Value:
    n, m = parts(x)
    high, low = _in_two(m - 1.0)
    p, rest = product(high, c.PER_LN10)
    rest = fma(low, c.PER_LN10, fma(high, c.PER_LN10_LOW, rest))
    rest = fma(n, c.LOG10_2_LOW, rest)
    whole, lost = add_ordered(n * c.LOG10_2_HIGH, p)
    return _edges(x, whole + (lost + rest))


_FAR = 2.0**28
"""Beyond, x + sqrt(x**2 + 1) is 2 x."""


def asinh(x: Value) -> Value:
    size = abs(x)
    far = size > _FAR
    square = size * size
    near = size + square / ((square + 1.0).sqrt() + 1.0)
    return (log1p(far.choose(size - 1.0, near)) + far.choose(c.LN2, 0.0)).signed(x)


def acosh(x: Value) -> Value:
    far = x > _FAR
    above = x - 1.0
    near = above + fma(above, above, above + above).sqrt()
    found = log1p(far.choose(above, near)) + far.choose(c.LN2, 0.0)
    return (x >= 1.0).choose(found, nan)


def atanh(x: Value) -> Value:
    size = abs(x)
    twice = size + size
    # 2 x / (1 - x), of which the first term is exact for small ones
    near = fma(twice, size / (1.0 - size), twice)
    found = log1p((size < 0.5).choose(near, twice / (1.0 - size))) * 0.5
    return (size <= 1.0).choose(found, nan).signed(x)
