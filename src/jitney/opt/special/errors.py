"""erf, erfc.

erf x is x times a polynomial in x**2 up to 1 (for erfc: 1/2), and 1 - erfc x beyond. erfc x = exp(-x**2) / (1 + 2 x)
times a polynomial in (x - 3) / (x + 3), over the whole half-line (Shepherd and Laframboise 1981); erf needs less of it.
"""

from __future__ import annotations

from . import coefficients as c
from .exponentials import exp_of, less_one, power_of_two, reduced
from .kit import add_ordered, fma, polynomial, product

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .kit import Value


def _near(size: Value, series: Iterable[float]) -> tuple[Value, Value]:
    """erf in two parts."""
    square = size * size
    whole, rest = product(size, c.ERF_1)
    return whole, fma(size, fma(square, polynomial(square, series), c.ERF_1_LOW), rest)


def erf(x: Value) -> Value:
    size = abs(x)
    whole, rest = _near(size, c.ERF)
    # From 6 on it is 1. What is taken from 1 is small: its last bits do not count.
    bounded = size.least(6.0)
    n, r, _ = reduced(-(bounded * bounded))
    high, _ = less_one(r)
    u = (bounded - c.FAR) / (bounded + c.FAR)
    far = fma((high + 1.0) * power_of_two(n), -polynomial(u, c.ERF_FAR), 1.0)
    return (size < 1.0).choose(whole + rest, far).signed(x)


def erfc(x: Value) -> Value:
    size = abs(x)
    bounded = size.least(28.0)
    u = (bounded - c.FAR) / (bounded + c.FAR)
    square, lost = product(bounded, bounded)
    far = exp_of(-square, -lost) * (polynomial(u, c.ERFC) / fma(bounded, 2.0, 1.0))
    whole, rest = _near(x, c.ERF_SHORT)
    one, lost = add_ordered(x.like(1.0), -whole)
    return (size < 0.5).choose(one + (lost - rest), (x < 0.0).choose(2.0 - far, far))
