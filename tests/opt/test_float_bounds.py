"""Bounds of floats hold for all values within the bounds of the arguments."""

from __future__ import annotations

import math
import random

import pytest

from jitney.analysis import bounds
from jitney.analysis.bounds import Bounds
from jitney.ir.ops import OPS, round_f32
from jitney.ir.types import F32, F64, Type

NAN, INF = math.nan, math.inf
SPECIAL = (
    0.0, -0.0, 1.0, -1.0, 0.5, 255.0, 256.0, -128.0, 2.0**31, -(2.0**31), 2.0**63, -(2.0**63), 5e-324, 1e308, -1e308,
    INF, -INF, math.nextafter(255.0, INF), math.nextafter(2.0**63, 0.0), 1e-300, 3.5, 2.5, -2.5,
)  # fmt: skip
COMPARISONS = ("flt", "fle", "fgt", "fge", "feq", "fne")


def number(rng: random.Random, type: Type) -> float:
    x = rng.choice(SPECIAL) if rng.random() < 0.7 else rng.uniform(-300.0, 300.0)
    return round_f32(x) if type is F32 else x


def some_bounds(rng: random.Random, type: Type) -> Bounds:
    low, high = sorted((number(rng, type), number(rng, type)))
    return low, high, rng.random() < 0.3


def inside(rng: random.Random, of: Bounds, type: Type) -> float:
    low, high, nan = of
    if nan and rng.random() < 0.2:
        return NAN
    x = rng.choice((low, high, number(rng, type)))
    if not low <= x <= high:
        x = low + (high - low) * rng.random() if high - low < 1e300 else low
        x = min(max(round_f32(x) if type is F32 else x, low), high)
    return -x if x == 0.0 and rng.random() < 0.5 else x


def holds(of: Bounds, x: float) -> bool:
    return of[2] if x != x else of[0] <= x <= of[1]


@pytest.mark.parametrize("type", (F64, F32))
def test_operations(type: Type) -> None:
    rng = random.Random(str(type))
    for op in bounds.OPERATIONS:
        if op.name in ("fext", "fround"):
            continue
        arity = 2 if op.name in ("fadd", "fsub", "fmul", "fdiv", "fmin", "fmax") else 1
        for _ in range(400):
            given = [some_bounds(rng, type) for _ in range(arity)]
            found = bounds.of(op, type, given)
            for _ in range(4):
                args = [inside(rng, b, type) for b in given]
                result = op.meaning(*args)
                result = round_f32(result) if type is F32 else result
                assert holds(found, result), (op, given, args, result, found)


def test_rounding_to_single() -> None:
    rng = random.Random(5)
    for _ in range(1000):
        given = some_bounds(rng, F64)
        assert holds(bounds.of(OPS["fround"], F32, [given]), round_f32(inside(rng, given, F64)))


@pytest.mark.parametrize("type", (F64, F32))
def test_integers(type: Type) -> None:
    rng = random.Random(7)
    for _ in range(1000):
        low, high = sorted(rng.choice((1, -1)) * rng.getrandbits(rng.randrange(64)) for _ in "ab")
        x = rng.randint(low, high)
        value = round_f32(x) if type is F32 else float(x)
        found = bounds.of_int(low, high, type)
        assert holds(found, value)
        whole = bounds.whole(found)
        if whole is not None:
            assert whole[0] <= OPS["f2i"].meaning(value) <= whole[1]
            assert -(2.0**63) <= value < 2.0**63


def test_conversions_at_the_limits() -> None:
    below = math.nextafter(2.0**63, 0.0)
    assert bounds.whole((-(2.0**63), below, False)) == (-(2**63), 2**63 - 1024)
    assert bounds.whole((0.0, 2.0**63, False)) is None
    assert bounds.whole((math.nextafter(-(2.0**63), -INF), 0.0, False)) is None
    assert bounds.whole((-0.5, 0.9, False)) == (0, 0)
    assert bounds.whole(bounds.ANYTHING) is None


def test_comparisons() -> None:
    rng = random.Random(11)
    for name in COMPARISONS:
        meaning = OPS[name].meaning
        for _ in range(1000):
            a, b = some_bounds(rng, F64), some_bounds(rng, F64)
            decided = bounds.decided(name, a, b)
            x, y = inside(rng, a, F64), inside(rng, b, F64)
            result = bool(meaning(x, y))
            assert decided is None or decided is result, (name, a, b, x, y)
            first, second = bounds.compared(name, result, a, b)
            assert holds(first, x) and holds(second, y), (name, a, b, x, y, first, second)


def test_a_comparison_that_holds_is_not_of_nan() -> None:
    a, b = bounds.compared("fge", True, bounds.ANYTHING, (0.0, 0.0, False))
    assert a == (0.0, INF, False) and b == (0.0, 0.0, False)
    assert bounds.compared("flt", False, bounds.ANYTHING, (0.0, 0.0, False))[0] == (0.0, INF, True)
    assert bounds.compared("flt", False, bounds.ANYTHING, bounds.ANYTHING)[0] == bounds.ANYTHING
