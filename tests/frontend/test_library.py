"""Builtins and the module math, against CPython, over edge values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jitney.frontend import library
from jitney.pytypes import BOOL, FLOAT, INT, NONE, SCALARS, Tuple, tuple_type, union_type
from tests.frontend.harness import FLOATS, INTS, MAX, MIN, PYTHON, VALUES, Built, check

FLOAT64 = SCALARS["float64"]
NUMBERS = (*PYTHON, SCALARS["bool"], SCALARS["int8"], SCALARS["int64"], SCALARS["uint64"], SCALARS["float32"], FLOAT64)


def calls(function, *constants, **options):
    """How the frontend lowers ``function(*values, *constants, **options)``."""

    def make(lw, *values):
        given = {name: lw.constant(v) for name, v in options.items()}
        result = library.call(lw, function, [*values, *[lw.constant(c) for c in constants]], given, None)
        assert result is not None
        return result

    return make


def applied(function, *constants, **options):
    return lambda *values: function(*values, *constants, **options)


MORE_FLOATS = (
    *(0.7, -0.7, 1.25, 9.0, 10.0, 100.0, 709.7, 709.8, -745.0, -746.0, 20.5, 171.5, 1e-300, 6.02e23, 2.0**52 + 0.5),
    *(2.0**62, math.pi, 123456.789, 1e308, 4.9e-320),
    # The last arguments whose exp, sinh and exp2 are finite, and the next ones.
    *(709.782712893384, 709.7827128933841, 710.4758600739439, 710.475860073944, 1023.9999999999999, 1024.0),
)
ONE_REAL = (
    "sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc "
    "floor ceil trunc fabs isnan isinf isfinite degrees radians cbrt modf frexp ulp"
).split()


@pytest.mark.parametrize("name", [name for name in ONE_REAL if hasattr(math, name)])
def test_math_of_one_argument(name):
    function = getattr(math, name)
    for t in (*NUMBERS, NONE):
        check((t,), calls(function), function)
    check((FLOAT,), calls(function), function, [[s * x for x in MORE_FLOATS for s in (1, -1)]])
    either = union_type((FLOAT, FLOAT64))
    check((either,), calls(function), function, [[1.5, np.float64(1.5), -0.0]])
    if name not in ("floor", "ceil", "trunc"):
        check((union_type((INT, NONE)),), calls(function), function, [[0, 1, None]])


TWO_REALS = [name for name in "atan2 copysign fmod remainder nextafter pow".split() if hasattr(math, name)]


@pytest.mark.parametrize("name", TWO_REALS)
def test_math_of_two_arguments(name):
    function = getattr(math, name)
    for types in ((FLOAT, FLOAT), (INT, FLOAT), (FLOAT, INT), (FLOAT64, INT)):
        check(types, calls(function), function)
    for known in (0.5, 2.0, -1.0, 3, 0.0):
        check((FLOAT, FLOAT), calls(function), function, known=(None, known))


def test_log_to_a_base():
    for types in ((FLOAT, FLOAT), (INT, INT), (FLOAT, INT)):
        check(types, calls(math.log), math.log)


def test_ldexp():
    check((FLOAT, INT), calls(math.ldexp), math.ldexp)
    check(
        (FLOAT, INT), calls(math.ldexp), math.ldexp, [FLOATS, (-1074, -1022, -100, 51, 52, 100, 971, 1023, 1024, 2000)]
    )
    check((FLOAT, FLOAT64), calls(math.ldexp), math.ldexp)


@pytest.mark.skipif(not hasattr(math, "fma"), reason="came with 3.13")
def test_fma():
    few = FLOATS[::2]
    check((FLOAT, FLOAT, FLOAT), calls(math.fma), math.fma, [few, few, few])


@pytest.mark.parametrize(
    "options", [{}, {"rel_tol": 0.1}, {"abs_tol": 1.0}, {"rel_tol": -1.0}, {"rel_tol": 0.0, "abs_tol": 0.0}], ids=str
)
def test_isclose(options):
    check((FLOAT, FLOAT), calls(math.isclose, **options), applied(math.isclose, **options))


def test_gcd_and_lcm():
    for function in (math.gcd, math.lcm):
        check((INT, INT), calls(function), function, bails=lambda a, b: a == MIN and b == 0)
        check((SCALARS["int8"], BOOL, INT), calls(function), function, [VALUES[SCALARS["int8"]], (True,), INTS])
        check((INT,), calls(function), function)
        check((), calls(function), function)


def test_isqrt():
    check((INT,), calls(math.isqrt), math.isqrt)
    squares = [
        k * k + d
        for k in (1, 2, 1000, 94906265, 94906266, 94906267, 2**30 - 1, 2**31, 3037000498, 3037000499)
        for d in (-1, 0, 1)
    ]
    check((INT,), calls(math.isqrt), math.isqrt, [squares])


def test_factorial():
    check((INT,), calls(math.factorial), math.factorial, [[*range(-2, 30)]])
    check((FLOAT,), calls(math.factorial), math.factorial)


# -- builtins ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [abs, int, float, bool, round], ids=lambda f: f.__name__)
def test_conversions(function):
    for t in (*NUMBERS, NONE):
        if function is round and t is SCALARS["bool"]:
            continue
        check((t,), calls(function), function)
    either = union_type((INT, FLOAT))
    check((either,), calls(function), function, [[*INTS[:-2], *FLOATS]])


def test_conversions_of_nothing():
    for function in (int, float, bool):
        assert Built((), calls(function))() == function()


def test_numbers_in_strings():
    for function in (int, float):
        for text in ("12", " 7 ", "x", "1e5"):
            check((INT,), calls(function), function, known=(text,))


@pytest.mark.parametrize("digits", [None, 0, 1, 3, -1, -2])
def test_round_to_digits(digits):
    if digits is None or digits >= 0:
        check((INT,), calls(round, digits), applied(round, digits))
    check((FLOAT,), calls(round, digits), applied(round, digits))
    check((FLOAT64,), calls(round, digits), applied(round, digits))
    check((SCALARS["float32"],), calls(round, digits), applied(round, digits))
    check((FLOAT64,), calls(round, ndigits=digits), applied(round, digits))


@pytest.mark.parametrize("function", [min, max], ids=lambda f: f.__name__)
def test_extremes(function):
    for a in PYTHON:
        for b in (*PYTHON, FLOAT64, SCALARS["int8"], NONE):
            check((a, b), calls(function), function)
            check((b, a), calls(function), function)
    check((FLOAT, INT, FLOAT), calls(function), function, [FLOATS[::2], INTS[::3], FLOATS[::3]])
    pair = tuple_type((INT, INT))
    pairs = [(x, y) for x in (0, 1) for y in (MIN, 5)]
    check((pair, pair), calls(function), function, [pairs, pairs])
    check(
        (tuple_type((FLOAT, FLOAT, INT)),),
        calls(function),
        function,
        [[(1.0, 2.0, 3), (math.nan, 1.0, 0), (3.0, 1.0, 1)]],
    )


def test_extremes_of_one_type_do_not_branch():
    for t in (INT, FLOAT, FLOAT64):
        assert len(Built((t, t, t), calls(min)).function.blocks) == 1


def test_len_and_isinstance():
    pair = tuple_type((INT, FLOAT))
    check((pair,), calls(len), len, [[(1, 2.0)]])
    check((INT,), calls(len), len)
    assert isinstance(Built((pair,), lambda lw, x: x).result, Tuple)
    for t in (*NUMBERS, NONE, union_type((INT, NONE))):
        for classes in (int, float, bool, (int, float), object, np.float64):
            values = [[v for m in getattr(t, "members", (t,)) for v in VALUES[m][:2]]]
            check((t,), calls(isinstance, classes), applied(isinstance, classes), values)


def test_range():
    for types in ((INT,), (INT, INT), (INT, INT, INT)):
        built = Built(types, lambda lw, *v: lw.make_tuple([type(v[0])(INT, (p,)) for p in calls(range)(lw, *v).parts]))
        values = (3, 9, 2)[: len(types)]
        r = range(*values)
        assert built(*values) == (r.start, r.stop, r.step)
    check((FLOAT,), calls(range), range)


def test_pow_and_divmod():
    small = (0, 1, 2, 3, 62, 63, 64, -1)
    check((INT, INT), calls(pow), pow, [INTS, small], bails=lambda a, b: b < 0)
    check((INT, INT), calls(divmod), divmod)
    values = [
        (0, 1, 2, -3, 12345, MAX, MIN),
        (0, 1, 2, 5, 1000, MAX),
        (1, -1, 2, -5, 7, 10**9 + 7, 2**31, 2**31 - 1, 0, -(2**31)),
    ]
    check((INT, INT, INT), calls(pow), pow, values)
    check((INT, INT, INT), calls(pow), pow, [(3, 10), (-1, -5), (7,)], bails=lambda *v: True)
    check((FLOAT, INT, INT), calls(pow), pow, [(1.0,), (2,), (3,)])


def test_what_is_in_no_table():
    lw_calls = []
    Built((INT,), lambda lw, x: lw_calls.append(library.call(lw, print, [x], {}, None)) or x)
    Built((INT,), lambda lw, x: lw_calls.append(library.call(lw, abs, [x, x], {}, None)) or x)
    assert lw_calls == [None, None]


def test_isinstance_of_a_class_with_its_own_rules_is_not_known():
    class Meta(type):
        def __instancecheck__(cls, instance):
            return True

    class Strange(metaclass=Meta):
        pass

    found = []
    Built((INT,), lambda lw, x: found.append(library.call(lw, isinstance, [x, lw.constant(Strange)], {}, None)) or x)
    assert found == [None]
