"""Makes src/jitney/opt/special/coefficients.py: ``python -m tests.special.coefficients``.

Each series is the polynomial that interpolates a function in the Chebyshev nodes of an interval, which is worse than
the best one by a small factor at most (Trefethen, Approximation Theory and Practice, 2013, theorem 16.1); of the least
degree whose error is below the bound in the row. It is computed with 60 digits: the interpolant's Chebyshev
coefficients by the discrete cosine transform, then powers by the recurrence of the Chebyshev polynomials. Constants in
parts are the first digits of a number, and of what is left of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath
from mpmath import mpf

FILE = Path(__file__).parents[2] / "src/jitney/opt/special/coefficients.py"
DIGITS = 60
HEAD = '''"""Coefficients and constants, made by ``python -m tests.special.coefficients``, which says how."""

from __future__ import annotations

# fmt: off
'''


def _odd(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Of an odd function f(x) = x + x**3 g(x**2), g."""
    return lambda z: (function(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1) / z


def _logarithm(z: Any) -> Any:
    s = mpmath.sqrt(z)
    return (mpmath.log((1 + s) / (1 - s)) / s - 2) / z


def _erf(z: Any) -> Any:
    x = mpmath.sqrt(z)
    return (mpmath.erf(x) / x - 2 / mpmath.sqrt(mpmath.pi)) / z


def _x(u: Any) -> Any:
    return FAR * (1 + u) / (1 - u)


def _far_erfc(u: Any) -> Any:
    x = _x(u)
    return (1 + 2 * x) * mpmath.exp(x * x) * mpmath.erfc(x)


FAR = mpf(3)
_R = mpmath.log(2) / 2 * mpf("1.0001")
_S = (mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1) * mpf("1.0001")
_Q = mpmath.pi / 4 * mpf("1.0001")
_T = mpmath.tan(mpmath.pi / 8) * mpf("1.0001")

# name -> (what it is, function, interval, greatest error as a power of two)
SERIES: dict[str, tuple[str, Callable[[Any], Any], tuple[Any, Any], int]] = {
    "EXP": ("(exp r - 1 - r) / r**2", lambda r: (mpmath.exp(r) - 1 - r) / (r * r), (-_R, _R), -56),
    "LOG": ("(log((1 + s) / (1 - s)) / s - 2) / z, z = s**2", _logarithm, (mpf(0), _S**2), -52),
    "LOG_FINE": ("the same less 2/3, over z",
                 lambda z: (_logarithm(z) - mpf(2) / 3) / z, (mpf(0), _S**2), -52),
    "SIN": ("(sin r / r - 1) / z, z = r**2", _odd(mpmath.sin), (mpf(0), _Q**2), -56),
    "COS": ("(cos r - 1 + z / 2) / z**2, z = r**2",
            lambda z: (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2, (mpf(0), _Q**2), -55),
    "ATAN": ("(atan t / t - 1) / z, z = t**2", _odd(mpmath.atan), (mpf(0), _T**2), -54),
    "ASIN": ("(asin t / t - 1) / z, z = t**2", _odd(mpmath.asin), (mpf(0), mpf("0.2501")), -55),
    "SINH": ("(sinh x / x - 1) / z, z = x**2", _odd(mpmath.sinh), (mpf(0), mpf("1.001")), -55),
    "ERF": ("(erf x / x - 2 / sqrt(pi)) / z, z = x**2", _erf, (mpf(0), mpf("1.001")), -56),
    "ERF_SHORT": ("the same, up to 1/2", _erf, (mpf(0), mpf("0.251")), -56),
    "ERF_FAR": (f"exp(x**2) erfc(x), u = (x - {int(FAR)}) / (x + {int(FAR)}), for 1 <= x <= 6",
                lambda u: _far_erfc(u) / (1 + 2 * _x(u)), (mpf("-0.501"), mpf("0.334")), -55),
    "ERFC": (f"(1 + 2 x) exp(x**2) erfc(x), u = (x - {int(FAR)}) / (x + {int(FAR)})",
             _far_erfc, (mpf(-1), mpf("0.85")), -56),
    "CBRT": ("m**(1/3)", lambda m: mpmath.cbrt(m), (mpf("0.707"), mpf("5.66")), -14),
}  # fmt: skip


def _parts(value: Any, *bits: int) -> list[float]:
    """A number as a sum of doubles, of so many bits each."""
    found = []
    for n in bits:
        with mpmath.workprec(n):
            part = +value
        found.append(float(part))
        value -= part
    return found


def constants() -> Iterator[tuple[str, list[float]]]:
    """(names, values)"""
    ln2 = mpmath.log(2)
    yield "PER_LN2, PER_LN2_LOW", _parts(1 / ln2, 53, 53)
    yield "LN2_HIGH, LN2_LOW", _parts(ln2, 32, 53)
    yield "LN2, LN2_REST", _parts(ln2, 53, 53)
    yield "LN2_LONG, LN2_LONG_REST", _parts(ln2, 42, 53)
    yield "PER_LN10, PER_LN10_LOW", _parts(1 / mpmath.log(10), 53, 53)
    yield "LOG10_2_HIGH, LOG10_2_LOW", _parts(mpmath.log(2, 10), 42, 53)
    yield "TWO_THIRDS, TWO_THIRDS_LOW", _parts(mpf(2) / 3, 53, 53)
    yield "PER_HALF_PI", _parts(2 / mpmath.pi, 53)
    yield "HALF_PI_1, HALF_PI_2, HALF_PI_3", _parts(mpmath.pi / 2, 53, 53, 53)
    yield "HALF_PI_SHORT", _parts(mpmath.pi / 2, 33, 33, 33, 53)
    yield "ERF_1, ERF_1_LOW", _parts(2 / mpmath.sqrt(mpmath.pi), 53, 53)
    yield "FAR", [float(FAR)]
    yield "HALF_PI, HALF_PI_LOW", _parts(mpmath.pi / 2, 53, 53)


def interpolant(function: Callable[[Any], Any], low: Any, high: Any, count: int) -> list[Any]:
    """The coefficients, of powers, of the polynomial that agrees with `function` in `count` Chebyshev nodes."""
    middle, half = (low + high) / 2, (high - low) / 2
    angles = [mpmath.pi * (2 * k + 1) / (2 * count) for k in range(count)]
    values = [function(middle + half * mpmath.cos(a)) for a in angles]
    series = [2 * mpmath.fsum([y * mpmath.cos(n * a) for y, a in zip(values, angles)]) / count for n in range(count)]
    series[0] /= 2
    # Clenshaw's recurrence on polynomials in x, where t = (x - middle) / half.
    later: list[Any] = []
    last: list[Any] = []
    for c in reversed(series[1:]):
        later, last = last, _plus(_times_t(last, middle, half, 2), [-a for a in later], c)
    return _plus(_times_t(last, middle, half, 1), [-a for a in later], series[0])


def _times_t(p: list[Any], middle: Any, half: Any, factor: int) -> list[Any]:
    shifted = [mpf(0), *p]
    return [factor * (a - middle * b) / half for a, b in zip(shifted, [*p, mpf(0)])] if p else []


def _plus(p: list[Any], q: list[Any], c: Any) -> list[Any]:
    size = max(len(p), len(q), 1)
    found = [(p[k] if k < len(p) else 0) + (q[k] if k < len(q) else 0) for k in range(size)]
    found[0] += c
    return found


def error(function: Callable[[Any], Any], low: Any, high: Any, coefficients: list[Any], points: int = 97) -> Any:
    """The greatest difference between a polynomial and the function, in points between the nodes."""
    worst = mpf(0)
    for k in range(points):
        x = low + (high - low) * (k + mpf(1) / 3) / points
        value = mpf(0)
        for c in reversed(coefficients):
            value = value * x + c
        worst = max(worst, abs(value - function(x)))
    return worst


def series(name: str) -> list[Any]:
    """The coefficients of a row."""
    _, function, (low, high), bound = SERIES[name]
    count = 3
    while True:
        found = interpolant(function, low, high, count)
        if error(function, low, high, found, 4 * count) < mpf(2) ** bound:
            return found
        count += 1


def text() -> str:
    """The whole file."""
    with mpmath.workdps(DIGITS):
        lines = [f"{names} = {', '.join(map(repr, values))}" for names, values in constants()]
        for name, (what, *_) in SERIES.items():
            lines.append(f"\n# {what}\n{name} = (")
            lines += [f"    {float(c)!r}," for c in series(name)]
            lines.append(")")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
