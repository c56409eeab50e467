"""exp, exp2, expm1, sinh, cosh, tanh.

The argument is reduced by multiples of ln 2 in two parts (Cody and Waite 1980), x = n ln 2 + r, |r| <= ln 2 / 2, and
exp r is 1 + r + r**2 (a polynomial); 2**n goes in by two factors, since n may be beyond the exponents there are.
"""

from __future__ import annotations

from . import coefficients as c
from .kit import add, add_ordered, fma, polynomial, product

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kit import Value

# Added to a number below 2**51, it leaves the nearest integer in the lowest bits.
ROUND = 1.5 * 2.0**52
_BIASED = ROUND + 1023.0


def nearest(x: Value) -> Value:
    """The integer nearest to x, to be below 2**51."""
    return (x + ROUND) - ROUND


def power_of_two(n: Value) -> Value:
    """2**n for an integer -1023 < n < 1024."""
    return ((n + _BIASED).bits() << 52).float()


def scaled(x: Value, n: Value) -> Value:
    """x * 2**n, rounded once."""
    half = nearest(n * 0.5)
    return x * power_of_two(half) * power_of_two(n - half)


def reduced(x: Value) -> tuple[Value, Value, Value]:
    """n, r and what r lacks: x = n ln 2 + r + rest."""
    n = fma(x, c.PER_LN2, ROUND) - ROUND
    r = fma(n, -c.LN2_HIGH, x)
    low = n * -c.LN2_LOW
    whole, rest = add_ordered(r, low)
    return n, whole, rest


def less_one(r: Value, rest: Value | None = None) -> tuple[Value, Value]:
    """exp(r + rest) - 1 in two parts, for a reduced r."""
    square = r * r
    tail = square * polynomial(r, c.EXP)
    if rest is not None:
        tail = tail + fma(rest, r, rest)
    return add_ordered(r, tail)


def exp_of(x: Value, low: Value) -> Value:
    """exp(x + low), for a small `low`."""
    x = x.least(710.0).greatest(-746.0)
    n, r, rest = reduced(x)
    high, tail = less_one(*add_ordered(r, rest + low))
    return scaled((high + tail) + 1.0, n)


def exp(x: Value) -> Value:
    # Beyond these the result is infinite, or 0.
    x = x.least(710.0).greatest(-746.0)
    n = fma(x, c.PER_LN2, ROUND) - ROUND
    r = fma(n, -c.LN2_LOW, fma(n, -c.LN2_HIGH, x))
    one = r + 1.0
    return scaled(one + fma(r * r, polynomial(r, c.EXP), r - (one - 1.0)), n)


def exp2(x: Value) -> Value:
    x = x.least(1025.0).greatest(-1076.0)
    n = nearest(x)
    r, rest = product(x - n, c.LN2)
    high, tail = less_one(r, fma(x - n, c.LN2_REST, rest))
    return scaled((high + tail) + 1.0, n)


def expm1(x: Value) -> Value:
    bounded = x.least(710.0).greatest(-40.0)
    n, r, rest = reduced(bounded)
    high, tail = less_one(r, rest)
    # 2**n (e**r - 1) + (2**n - 1), all halved, so that 2**1024 does not occur.
    power = power_of_two(n - 1.0)
    whole, lost = add_ordered(power - 0.5, power * high)
    near = n.equals(0.0)
    whole = near.choose(high * 0.5, whole)
    found = ((whole + near.choose(tail * 0.5, fma(power, tail, lost))) * 2.0).signed(x)
    return (abs(x) < 2.0**-60).choose(x, found)


def sinh(x: Value) -> Value:
    size = abs(x)
    square = size * size
    small = fma(size * square, polynomial(square, c.SINH), size)
    grown, shrunk = _halves(size)
    return (size < 1.0).choose(small, grown[0] + (grown[1] - shrunk)).signed(x)


def cosh(x: Value) -> Value:
    grown, shrunk = _halves(abs(x))
    return grown[0] + (grown[1] + shrunk)


def _halves(size: Value) -> tuple[tuple[Value, Value], Value]:
    """exp(size) / 2, in two parts, and exp(-size) / 2."""
    n, r, rest = reduced(size.least(712.0))
    high, tail = less_one(r, rest)
    one, low = add_ordered(size.like(1.0), high)
    low = low + tail
    half = n - 1.0
    first = nearest(half * 0.5)
    powers = power_of_two(first), power_of_two(half - first)
    whole = one * powers[0] * powers[1]
    return (whole, low * powers[0] * powers[1]), 0.25 / whole


def tanh(x: Value) -> Value:
    size = abs(x).least(20.0)
    n, r, rest = reduced(size + size)
    high, tail = less_one(r, rest)
    # e**2x - 1 in two parts, and its quotient by itself and 2.
    power = power_of_two(n)
    whole, lost = add_ordered(power - 1.0, power * high)
    near = n.equals(0.0)
    whole, lost = near.choose(high, whole), near.choose(tail, fma(power, tail, lost))
    below, beyond = add(whole, 2.0)
    beyond = beyond + lost
    reciprocal = 1.0 / below
    quotient = whole * reciprocal
    p, error = product(quotient, below)
    lacking = (((whole - p) - error) + lost) - quotient * beyond
    return fma(lacking, reciprocal, quotient).signed(x)
