"""How far the functions of `opt.special` are from the exact results, in units in the last place.

An *ulp* is the distance between the two doubles around the exact result (of the least normal number, where the result
is below that): ``math.ulp`` of the result rounded towards zero.
"""

from __future__ import annotations

import linecache
import math
import random
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from jitney import jit

Points = list[tuple[float, ...]]
TINY = 2.0**-1074


def _spread(rng: random.Random, low: float, high: float, count: int) -> list[float]:
    """Numbers whose exponents are spread evenly."""
    a, b = math.log2(low), math.log2(high)
    found = [2.0 ** rng.uniform(a, b) for _ in range(count)]
    return [math.ldexp(rng.uniform(1.0, 2.0), math.frexp(x)[1] - 1) if x > 1e-300 else x for x in found]


def _signed(rng: random.Random, values: list[float]) -> list[float]:
    return [x if rng.random() < 0.5 else -x for x in values]


def _near(rng: random.Random, places: list[float], count: int) -> list[float]:
    """Neighbours, near and not so near, of some places."""
    return [rng.choice(places) * (1.0 + rng.choice((-1, 1)) * 2.0 ** -rng.randrange(3, 53)) for _ in range(count)]


def _between(rng: random.Random, low: float, high: float, count: int) -> list[float]:
    return [rng.uniform(low, high) for _ in range(count)]


_LN2, _QUARTER = math.log(2.0), math.pi / 4


def _exponential(rng: random.Random, n: int) -> list[float]:
    steps = [(k + half) * _LN2 for k in (-1021, -300, -54, -2, -1, 0, 1, 2, 3, 50, 1000) for half in (0.5, 1.0)]
    return [*_between(rng, -745.0, 709.7, n), *_between(rng, -2.0, 2.0, n), *_between(rng, -745.1, -707.0, n // 4),
            *_signed(rng, _spread(rng, TINY, 1.0, n // 2)), *_near(rng, steps, n // 2)]  # fmt: skip


def _logarithmic(rng: random.Random, n: int) -> list[float]:
    return [*_spread(rng, TINY, 1.7e308, n), *_between(rng, 0.5, 2.5, n), *_spread(rng, TINY, 2.3e-308, n // 4),
            *_near(rng, [1.0, math.sqrt(2.0), math.sqrt(0.5), 2.0, 10.0, 1e100], n)]  # fmt: skip


def _circular(rng: random.Random, n: int) -> list[float]:
    turns = [k * _QUARTER for k in (1, 2, 3, 4, 5, 6, 8, 10, 100, 101, 1000, 355 * 4, 100000, 1000000)]
    return _signed(rng, [*_between(rng, 0.0, 7.0, n), *_spread(rng, TINY, 1.0, n // 2), *_near(rng, turns, n),
                         *_between(rng, 7.0, 2.0**20, n // 2), *_spread(rng, 2.0**20, 1.7e308, n // 8)])  # fmt: skip


def _bounded(rng: random.Random, n: int) -> list[float]:
    return _signed(rng, [*_between(rng, 0.0, 1.0, 2 * n), *_spread(rng, TINY, 1.0, n // 2),
                         *[min(x, 1.0) for x in _near(rng, [0.5, 1.0], n // 2)]])  # fmt: skip


def _any(*places: float, most: float = 1.7e308) -> Callable[[random.Random, int], list[float]]:
    def points(rng: random.Random, n: int) -> list[float]:
        large = _spread(rng, 1.0, most, n // 2)
        return _signed(rng, [*_between(rng, 0.0, 2.0, n), *_between(rng, 0.0, min(30.0, most), n), *large,
                             *_spread(rng, TINY, 1.0, n // 2), *_near(rng, [1.0, *places], n // 2)])  # fmt: skip

    return points


def _expm1(rng: random.Random, n: int) -> list[float]:
    return [x for x in (*_exponential(rng, n), *_between(rng, -1.5, 1.5, n)) if x > -50.0]


def _log1p(rng: random.Random, n: int) -> list[float]:
    places = [-1.0, -0.2928932188134525, 0.4142135623730951, 1.0]
    found = [*_signed(rng, _spread(rng, TINY, 0.99, n)), *_spread(rng, 1.0, 1.7e308, n // 2),
             *_between(rng, -1.0, 3.0, n), *_near(rng, places, n // 2)]  # fmt: skip
    return [x for x in found if x > -1.0]


def _above_one(rng: random.Random, n: int) -> list[float]:
    return [1.0 + x for x in _spread(rng, 2.0**-52, 1.7e308, 2 * n)] + _between(rng, 1.0, 4.0, n)


def _one(points: Callable[[random.Random, int], list[float]]) -> Callable[[random.Random, int], Points]:
    return lambda rng, n: [(x,) for x in points(rng, n)]


def _pairs(rng: random.Random, n: int) -> Points:
    wide = _signed(rng, _spread(rng, TINY, 1.7e308, n))
    near = [(x, x * y) for x, y in zip(_signed(rng, _spread(rng, 1e-200, 1e200, n)), _between(rng, -3.0, 3.0, n))]
    return [*zip(wide, _signed(rng, _spread(rng, TINY, 1.7e308, n))), *near,
            *zip(_between(rng, -5.0, 5.0, n), _between(rng, -5.0, 5.0, n))]  # fmt: skip


def _powers(rng: random.Random, n: int) -> Points:
    found: Points = []
    for _ in range(n):
        x = rng.choice((rng.uniform(0.0, 3.0), *_spread(rng, TINY, 1.7e308, 1), *_near(rng, [1.0], 1)))
        # From underflow to overflow, subnormal results too.
        most = min(1075.0 / abs(math.log2(x)), 1e300) if x not in (0.0, 1.0) else 10.0
        found.append((x, rng.uniform(-most, most)))
    found += [(rng.uniform(0.1, 10.0), rng.uniform(-5.0, 5.0)) for _ in range(n)]
    found += [(rng.uniform(-10.0, 10.0), float(rng.randrange(-9, 10))) for _ in range(n)]
    return found


# name -> (points, the exact function, the bound in ulps that the documentation gives)
FUNCTIONS: dict[str, tuple[Callable[[random.Random, int], Points], Any, float]] = {
    "exp": (_one(_exponential), mpmath.exp, 1.0),
    "exp2": (_one(lambda rng, n: [x / _LN2 for x in _exponential(rng, n)]), lambda x: mpmath.power(2, x), 1.0),
    "expm1": (_one(_expm1), mpmath.expm1, 1.0),
    "log": (_one(_logarithmic), mpmath.log, 1.0),
    "log2": (_one(_logarithmic), lambda x: mpmath.log(x, 2), 1.0),
    "log10": (_one(_logarithmic), mpmath.log10, 1.0),
    "log1p": (_one(_log1p), mpmath.log1p, 1.0),
    "sin": (_one(_circular), mpmath.sin, 1.0),
    "cos": (_one(_circular), mpmath.cos, 1.0),
    "tan": (_one(_circular), mpmath.tan, 2.0),
    "asin": (_one(_bounded), mpmath.asin, 1.0),
    "acos": (_one(_bounded), mpmath.acos, 1.0),
    "atan": (_one(_any(math.tan(math.pi / 8), 2.414213562373095)), mpmath.atan, 1.0),
    "atan2": (_pairs, mpmath.atan2, 1.0),
    "sinh": (_one(_any(most=710.0)), mpmath.sinh, 1.0),
    "cosh": (_one(_any(most=710.0)), mpmath.cosh, 1.0),
    "tanh": (_one(_any(0.2, 0.5)), mpmath.tanh, 1.0),
    "asinh": (_one(_any(2.0**28)), mpmath.asinh, 2.5),
    "acosh": (_one(_above_one), mpmath.acosh, 2.5),
    "atanh": (_one(_bounded), mpmath.atanh, 2.5),
    "erf": (_one(_any()), mpmath.erf, 1.5),
    "erfc": (_one(_any(most=27.3)), mpmath.erfc, 4.0),
    "cbrt": (_one(_any()), lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), 1.0),
    "pow": (_powers, mpmath.power, 1.0),
    "hypot": (_pairs, mpmath.hypot, 1.0),
}  # fmt: skip
NUMPY = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "pow": "power",
}  # fmt: skip


def points(name: str, seed: int, count: int) -> Points:
    """Some hundred arguments per `count` of hundred, all over the range."""
    return FUNCTIONS[name][0](random.Random(f"{name} {seed}"), count)


def loop(name: str, spelling: str = "np") -> Any:
    """A jitted loop ``f(x, out)`` or ``f(x, y, out)`` that computes a function of arrays in lanes."""
    if spelling == "np" and name in ("erf", "erfc"):
        spelling = "math"
    called = f"math.{name}" if spelling == "math" else f"np.{NUMPY.get(name, name)}"
    two = name in ("atan2", "pow", "hypot")
    given, names = ("x[i], y[i]", "x, y, out") if two else ("x[i]", "x, out")
    source = f"def f({names}):\n    for i in range(len(x)):\n        out[i] = {called}({given})\n"
    return compiled(source, f"<{called}>")


def compiled(source: str, where: str) -> Any:
    """The function `f` of a source text, jitted."""
    linecache.cache[where] = (len(source), None, source.splitlines(True), where)
    names: dict[str, Any] = {"np": np, "math": math}
    exec(compile(source, where, "exec"), names)
    return jit(fastmath=True)(names["f"])


def exact(name: str, arguments: tuple[float, ...]) -> Any:
    """With so many digits that its rounding does not count."""
    with mpmath.workprec(1200 if name in ("sin", "cos", "tan") and abs(arguments[0]) > 1e6 else 160):
        return FUNCTIONS[name][1](*[mpmath.mpf(x) for x in arguments])


def error(result: float, wanted: Any) -> float:
    """The distance of a result from the exact one in ulps; of an overflow 0."""
    nearest = float(wanted)
    if math.isinf(nearest) or math.isinf(result):
        return 0.0 if nearest == result or abs(wanted) > 1.7976931348623157e308 else math.inf
    with mpmath.workprec(160):
        return float(abs(mpmath.mpf(result) - wanted) / mpmath.mpf(math.ulp(nearest)))


def worst(name: str, seed: int, count: int, function: Any = None) -> tuple[float, tuple[float, ...], int]:
    """The greatest error of a loop in ulps, where it is, and how many points were tried."""
    given = points(name, seed, count)
    columns = [np.array(column) for column in zip(*given)]
    out = np.zeros(len(given))
    (function or loop(name))(*columns, out)
    errors = [error(y, exact(name, x)) for x, y in zip(given, out.tolist())]
    most = max(errors)
    return most, given[errors.index(most)], len(given)
