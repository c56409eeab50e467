"""Mathematical functions under fastmath: within the documented bounds, wherever in a loop an element is."""

from __future__ import annotations

import math
import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

from jitney import jit
from jitney.frontend.operators import libm, ufunc_loops
from jitney.ir.builder import Builder
from jitney.ir.function import Call, Function
from jitney.ir.types import F32, F64
from jitney.opt import expand, special
from tests.special import coefficients
from tests.special.accuracy import FUNCTIONS, NUMPY, compiled, error, exact, loop, points, worst
from tests.support import bits, outcome

COUNT = 40
SPECIAL = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324,
    2.0**-1022,
    1.7976931348623157e308, -1.7976931348623157e308, 709.782712893384, 709.7827128933841, 710.0, 710.4758600739439,
    710.475860073944, 1023.9999999999999, 1024.0, -745.13, -745.14, -1074.0, -1075.1, 26.5, 27.3, 1e300, -1e300,
    2.0**20, 2.0**53, 2.0**53 + 2, 1e22, 1e-300,
]  # fmt: skip
TWO = ("atan2", "pow", "hypot")


def test_all_functions_are_measured():
    assert FUNCTIONS.keys() == special.FUNCTIONS.keys() == libm.IN_LANES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function(name):
    function = loop(name)
    within_the_bound(name, function)
    special_values_are_those_of_c(name, function)
    the_same_bits_wherever_an_element_stands(name, function)
    if name not in ("erf", "erfc"):  # which only `math` has, for float64
        single_precision(name, function)


def within_the_bound(name, function):
    most, where, tried = worst(name, 1, COUNT, function)
    assert most < FUNCTIONS[name][2] and tried >= 2 * COUNT, where
    code = str(function.explain())
    assert "fcall" not in code and "fmul v" in code


def special_values_are_those_of_c(name, function):
    for dtype in (np.float64, np.float32)[: 1 if name in ("erf", "erfc") else 2]:
        special_values_of(name, function, dtype)


def special_values_of(name, function, dtype):
    with np.errstate(all="ignore"):
        some = np.array(SPECIAL).astype(dtype)
    columns = [c.ravel() for c in np.meshgrid(some, some)] if name in TWO else [np.tile(some, 2)]
    got = np.zeros_like(columns[0])
    function(*columns, got)
    with np.errstate(all="ignore"):
        if name in ("erf", "erfc"):
            wanted = np.array([getattr(math, name)(x) for x in columns[0].tolist()])
        else:
            wanted = getattr(np, NUMPY.get(name, name))(*columns)
    ulps = np.abs(np.nextafter(wanted, dtype(0.0)) - wanted).tolist()
    wrong = []
    for *given, y, z, ulp in zip(*[c.tolist() for c in columns], got.tolist(), wanted.tolist(), ulps):
        if math.isnan(z) or math.isinf(z) or z == 0.0:
            good = bits(y) == bits(z)
        else:
            good = abs(y - z) <= 4 * ulp
        if not good:
            wrong.append((given, y, z))
    assert not wrong


def the_same_bits_wherever_an_element_stands(name, function):
    given = points(name, 2, 20)
    columns = [np.array(column) for column in zip(*given)]
    whole = np.zeros(len(given))
    function(*columns, whole)
    for start, stop in ((0, 1), (1, 3), (3, 10), (10, 33), (33, 34), (5, len(given)), (7, 29)):
        part = np.zeros(stop - start)
        function(*[c[start:stop] for c in columns], part)
        assert bits(part) == bits(whole[start:stop])


def single_precision(name, function):
    with np.errstate(all="ignore"):
        columns = [np.array(c).astype(np.float32) for c in zip(*points(name, 3, 10))]
    out = np.zeros_like(columns[0])
    function(*columns, out)
    for *given, y in zip(*[c.tolist() for c in columns], out.tolist()):
        # What became 0, 1 or infinite is a special value.
        if all(math.isfinite(x) and abs(x) not in (0.0, 1.0) for x in given) and math.isfinite(y):
            wanted = exact(name, tuple(given))
            ulp = float(np.spacing(np.abs(np.float32(float(wanted)))))
            with mpmath.workprec(100):
                assert abs(mpmath.mpf(y) - wanted) <= 0.51 * ulp, given


class Bare:
    """A target without fused operations."""

    vector_bytes = 16

    def supports(self, name, type):
        return name != "fma"


def folded(name, given):
    """The result for constants, of which everything is computed while it is emitted."""
    function = Function("f", (F64,), "c")
    function.target = Bare()
    builder = Builder(function)
    builder.start(builder.new_block(), None)
    call = Call(name, 0, (F64,) * len(given), (F64,), pure=True)
    return builder.constant(expand.compute(builder, call, [builder.const(F64, x) for x in given]))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.any_python
def test_without_fused_operations(name):
    limit = special.FUNCTIONS[name].limit or math.inf
    for given in points(name, 4, 4):
        if abs(given[0]) <= limit:
            assert error(folded(name, given), exact(name, given)) < FUNCTIONS[name][2], given
    some = [0.0, -0.0, -1.0, 2.0, 3.0, math.inf, -math.inf, math.nan, 5e-324, 1e300, -1.7976931348623157e308]
    cases = [(x, y) for x in some for y in some[::2]] if name in TWO else [(x,) for x in some]
    for given in cases:
        if abs(given[0]) <= limit or not math.isfinite(given[0]):
            with np.errstate(all="ignore"):
                wanted = getattr(math if name in ("erf", "erfc") else np, NUMPY.get(name, name))(*given)
            got = folded(name, given)
            assert bits(got) == bits(float(wanted)) or abs(got - wanted) <= 4 * math.ulp(wanted), given


def test_the_scalar_twin_of_single_precision():
    call = Call("expf", 0, (F32,), (F32,), pure=True)
    function = expand.scalar(call, Bare())
    assert [function.types[v] for v in function.params] == [F32] and function.results == (F32,)


def test_the_coefficients_are_what_the_program_makes():
    assert coefficients.FILE.read_text() == coefficients.text()


@pytest.mark.parametrize("name, bad", [
    ("log", -1.0), ("log", 0.0), ("exp", 1000.0), ("sqrt", -1.0), ("log10", -0.0), ("log1p", -1.0), ("sin", math.inf),
    ("cos", -math.inf), ("tan", math.inf), ("asin", 1.5), ("acos", -2.0), ("sinh", 800.0), ("cosh", -800.0),
    ("expm1", 1000.0), ("exp", math.nan), ("sin", math.nan), ("log", math.inf), ("atan", math.inf), ("tanh", -math.inf),
    ("acosh", 0.5), ("atanh", 1.0), ("atanh", -2.0), ("asinh", -math.inf),
])  # fmt: skip
def test_exceptions_are_cpythons(name, bad):
    names = {"math": math}
    exec(f"def f(x, out):\n    for i in range(len(x)):\n        out[i] = math.{name}(x[i])\n", names)
    jitted = loop(name, "math")
    for place in (0, 3, 4, 21, 39):
        x = np.random.default_rng(place).uniform(0.1, 0.9, 40)
        x[place] = bad
        left, right = np.zeros(40), np.zeros(40)
        wanted, got = outcome(names["f"], (x, left)), outcome(jitted, (x, right))
        assert wanted == got
        assert (np.isnan(left) == np.isnan(right)).all() and np.allclose(left, right, 1e-15, 0, equal_nan=True)
        assert bits(left[left == 0]) == bits(right[right == 0])


def test_powers_raise_as_cpythons():
    def f(x, y, out):
        for i in range(len(x)):
            out[i] = math.pow(x[i], y[i])

    def g(x, y, out):
        for i in range(len(x)):
            out[i] = float(x[i]) ** float(y[i])

    for function in (f, g):
        jitted = jit(fastmath=True)(function)
        for base, exponent in ((0.0, -1.0), (1e300, 2.0), (-8.0, 1 / 3), (-2.0, 3.0), (2.0, 0.5), (0.0, 0.0)):
            x, y = np.full(20, 2.0), np.linspace(-3, 3, 20)
            x[11], y[11] = base, exponent
            left, right = np.zeros(20), np.zeros(20)
            wanted, got = outcome(function, (x, y, left)), outcome(jitted, (x, y, right))
            if isinstance(exponent, float) and exponent == 1 / 3 and function is g:
                continue  # a complex number, which no element holds: after the stores, told as such
            assert wanted == got, (base, exponent)
            assert np.allclose(left, right, 1e-15, 0)


def test_scalars_apart_from_loops_are_the_c_librarys():
    @jit(fastmath=True)
    def f(x):
        return math.sin(x), math.exp(x), math.pow(x, 0.3)

    for x in np.random.default_rng(4).uniform(0.1, 100, 50).tolist():
        assert f(x) == (math.sin(x), math.exp(x), math.pow(x, 0.3))


def test_without_fastmath_the_bits_are_numpys():
    @jit
    def f(x):
        return np.exp(x), np.log(x)

    for x in np.random.default_rng(4).uniform(0.1, 100, 300):
        assert bits(f(x)) == bits((np.exp(x), np.log(x)))


def test_the_documented_bounds():
    text = (Path(__file__).parents[2] / "docs" / "parallel.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", text, re.M))
    assert {name: float(bound) for name, bound in rows.items()} == {n: row[2] for n, row in FUNCTIONS.items()}


def test_errors_are_measured_right():
    assert error(1.0, mpmath.mpf(1)) == 0.0
    assert error(math.nextafter(1.0, 2.0), mpmath.mpf(1)) == 1.0
    assert error(math.inf, mpmath.mpf(10) ** 400) == 0.0 and math.isinf(error(math.inf, mpmath.mpf(1)))


@pytest.mark.parametrize("exponent", [-4.0, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0.5, 1.5, 2, 2.5, 3, 3.5, 4.0])
def test_powers_by_products(exponent):
    source = f"def f(x, out):\n    for i in range(len(x)):\n        out[i] = x[i] ** {exponent}\n"
    jitted = compiled(source, f"<power {exponent}>")
    values = np.array([x for x in SPECIAL if not 0.0 < abs(x) < 1e-70 and (abs(x) < 1e70 or math.isinf(x))])
    values = np.concatenate([values, np.random.default_rng(5).uniform(0.01, 50.0, 100)])
    out = np.zeros_like(values)
    jitted(values, out)
    with np.errstate(all="ignore"):
        wanted = values**exponent
    for x, y, z in zip(values.tolist(), out.tolist(), wanted.tolist()):
        good = bits(y) == bits(z) if z == 0.0 or not math.isfinite(z) else abs(y - z) <= 4 * math.ulp(z)
        # `**` of arrays takes the root for 1/2, which is -0.0 of that, and NaN of -inf.
        assert good or (exponent == 0.5 and x in (0.0, -math.inf)), (x, y, z)


def test_python_s_powers_raise_by_products_too():
    def f(x):
        s = 0.0
        for y in (x, -x):
            s += float(y) ** -1.5 + float(x) ** -2.0
        return s

    for x in (0.0, 1e300, 1e-300, 2.0):
        wanted, got = outcome(f, (x,)), outcome(jit(fastmath=True)(f), (x,))
        assert wanted[:2] == got[:2] or x == 2.0


@pytest.mark.parametrize("vectors_in_numpy", [True, False])
def test_whole_arrays(vectors_in_numpy, monkeypatch):
    monkeypatch.setattr(ufunc_loops, "cpu_has", lambda feature: vectors_in_numpy)

    def f(x, y):
        return np.exp(x), np.sin(x), np.hypot(x, y), np.power(x, y), x**-1.5, np.arctan2(y, x), x**y

    jitted = jit(fastmath=True)(f)
    for n in (0, 1, 5, 100):
        x, y = np.random.default_rng(n).uniform(0.1, 9.0, (2, n))
        for a, b in zip(f(x, y), jitted(x, y)):
            assert a.dtype == b.dtype and (np.abs(a - b) <= 4 * np.spacing(np.abs(a))).all()
    code = "\n".join([ir for _, ir, _ in jitted.explain().rows])
    assert ("np.exp" in code) is vectors_in_numpy and "np.sin" not in code and "np.hypot" not in code
    assert bits(jitted(x, y)[0]) == bits(np.exp(x)) or not vectors_in_numpy
