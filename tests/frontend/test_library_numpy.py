"""NumPy's functions on scalars, against NumPy itself."""

from __future__ import annotations

import random

import numpy as np
import pytest

from jitney.frontend import library
from jitney.frontend.operators import ufunc_loops
from jitney.pytypes import FLOAT, INT, NONE, SCALARS, union_type
from tests.frontend.harness import PYTHON, VALUES, Built, check
from tests.frontend.test_library import applied, calls

FLOAT32, FLOAT64 = SCALARS["float32"], SCALARS["float64"]
TYPES = (*PYTHON, *[SCALARS[name] for name in "bool int32 int64 uint64 float32 float64".split()])
ONE = (
    "sqrt absolute fabs exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh "
    "arccosh arctanh floor ceil trunc rint square reciprocal negative positive sign isnan isinf isfinite signbit cbrt "
    "deg2rad rad2deg degrees radians logical_not invert spacing"
).split()
TWO = (
    "add subtract multiply divide floor_divide remainder fmod power float_power arctan2 hypot copysign minimum maximum "
    "fmin fmax nextafter heaviside logaddexp less less_equal greater equal not_equal logical_and logical_or "
    "bitwise_and left_shift gcd"
).split()


def resolved(function, *types):
    return ufunc_loops.resolve(function, types) is not None


def random_floats(count):
    rng = random.Random(7)
    return [rng.choice((rng.uniform(-1, 1), rng.uniform(-700, 700), rng.lognormvariate(0, 9))) for _ in range(count)]


@pytest.mark.parametrize("name", ONE)
def test_one_operand(name):
    function = getattr(np, name)
    tested = 0
    for t in TYPES:
        if resolved(function, t):
            tested += 1
            check((t,), calls(function), function)
    assert tested
    if resolved(function, FLOAT64):
        check((FLOAT64,), calls(function), function, [[np.float64(x) for x in random_floats(100)]])
        check((FLOAT32,), calls(function), function, [[np.float32(x) for x in random_floats(100)]])


@pytest.mark.parametrize("name", TWO)
def test_two_operands(name):
    function = getattr(np, name)
    tested = 0
    for a in TYPES:
        for b in (FLOAT64, FLOAT, INT, SCALARS["int32"]):
            comparison = name.startswith(("less", "greater", "equal", "not_equal"))
            if resolved(function, a, b) and not (comparison and a in PYTHON and b in PYTHON):
                tested += 1
                # The shift of an int by itself: NumPy's C code leaves it to the machine.
                values = [VALUES[a][::2], VALUES[b][1::3]]
                if name == "left_shift":
                    values[1] = [v for v in values[1] if 0 <= v < 31]
                check((a, b), calls(function), function, values)
    assert tested


def test_a_union_of_floats_does_not_branch():
    either = union_type((FLOAT, FLOAT64))
    check((either,), calls(np.exp), np.exp, [[1.5, np.float64(1.5), -0.0]])
    assert len(Built((either,), calls(np.sqrt)).function.blocks) == 1
    mixed = union_type((FLOAT32, FLOAT64))
    check((mixed,), calls(np.exp), np.exp, [[np.float32(1.5), np.float64(1.5)]])


@pytest.mark.parametrize("name", [*SCALARS], ids=str)
def test_scalar_types(name):
    kind = getattr(np, name if name != "bool" else "bool_")
    assert Built((), calls(kind))() == kind()
    for t in (*PYTHON, NONE, *SCALARS.values()):
        check((t,), calls(kind), kind)
    check((union_type((INT, FLOAT)),), calls(kind), kind, [[1, 1.5, 0, 100]])


@pytest.mark.parametrize("digits", [0, 1, 3, -1])
def test_round(digits):
    for t in (FLOAT, FLOAT32, FLOAT64):
        check((t,), calls(np.round, digits), applied(np.round, digits))
        check((t,), calls(np.around, decimals=digits), applied(np.round, digits))
    if digits >= 0:
        check((INT,), calls(np.round, digits), applied(np.round, digits))
        check((SCALARS["uint8"],), calls(np.round, digits), applied(np.round, digits))


def test_what_is_not_known():
    found = []
    Built((FLOAT,), lambda lw, x: found.append(library.call(lw, np.mean, [x], {}, None)) or x)
    Built((FLOAT,), lambda lw, x: found.append(library.call(lw, np.divmod, [x, x], {}, None)) or x)
    Built((SCALARS["int8"],), lambda lw, x: found.append(library.call(lw, np.sqrt, [x], {}, None)) or x)
    assert found == [None, None, None]
