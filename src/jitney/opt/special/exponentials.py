"""exp and log. See the package."""

from __future__ import annotations

from math import factorial, inf, nan, sqrt

from .kit import fma, polynomial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kit import Value

# ln 2 in two parts: the first has 32 bits, so that its products with exponents are exact.
_LN2_HIGH = float.fromhex("0x1.62e42feep-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_PER_LN2 = 1.0 / (_LN2_HIGH + _LN2_LOW)
# Added to an integer n, it leaves 1023 + n, the exponent of 2**n, in the lowest bits.
_ROUND = 1.5 * 2.0**52
_SHIFT = _ROUND + 1023.0
_FRACTION, _ONE = (1 << 52) - 1, 1023 << 52


def exp(x: Value) -> Value:
    # Beyond these the result is infinite, or 0.
    x = x.least(710.0).greatest(-746.0)
    n = fma(x, _PER_LN2, _ROUND) - _ROUND
    r = fma(n, -_LN2_LOW, fma(n, -_LN2_HIGH, x))
    series = polynomial(r, [1.0 / factorial(k) for k in range(2, 14)])
    series = fma(r * r, series, r) + 1.0
    # 2**n by halves, since n may be beyond the exponents there are.
    shifted = fma(n, 0.5, _SHIFT)
    rest = n - (shifted - _SHIFT)
    return series * (shifted.bits() << 52).float() * ((rest + _SHIFT).bits() << 52).float()


def log(x: Value) -> Value:
    subnormal = x < 2.0**-1022
    bits = subnormal.choose(x * 2.0**54, x).bits()
    m = ((bits & _FRACTION) | _ONE).float()
    n = ((bits >> 52) | (0x433 << 52)).float() - subnormal.choose(2.0**52 + 1023.0 + 54.0, 2.0**52 + 1023.0)
    large = m > sqrt(2.0)
    m = large.choose(m * 0.5, m)
    n = large.choose(n + 1.0, n)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    series = polynomial(z, [0.0] + [2.0 / k for k in range(3, 24, 2)])
    half = f * f * 0.5
    rest = fma(s, half + series, n * _LN2_LOW)
    result = fma(n, _LN2_HIGH, f - (half - rest))
    result = x.equals(inf).choose(x, result)
    return (x > 0.0).choose(result, x.equals(0.0).choose(-inf, nan))
