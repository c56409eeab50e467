"""Operators on NumPy scalars, and stores into elements, against NumPy itself, over edge values."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from jitney.errors import UnsupportedError
from jitney.frontend import operators
from jitney.frontend.operators.python import FUNCTIONS, UNARY_FUNCTIONS
from jitney.pytypes import BOOL, FLOAT, INT, NONE, SCALARS, union_type
from tests.frontend.harness import NUMPY, PYTHON, VALUES, Built, check

THIN = {t: [v for k, v in enumerate(VALUES[t]) if len(VALUES[t]) < 8 or k % 3 == 0 or v != v] for t in VALUES}

ARITHMETIC = ("+", "-", "*", "/", "//", "%", "divmod", "<<", ">>", "&", "|", "^", "**")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
OTHERS = (*PYTHON, *[SCALARS[name] for name in "bool int8 uint8 int32 int64 uint64 float32 float64".split()])


@pytest.mark.parametrize("op", ARITHMETIC)
@pytest.mark.parametrize("a", NUMPY, ids=str)
def test_binary(op, a):
    for b in OTHERS:
        for types in ((a, b), (b, a)):
            check(types, lambda lw, x, y: operators.binary(lw, op, x, y), FUNCTIONS[op], [THIN[t] for t in types])


@pytest.mark.parametrize("op", ARITHMETIC)
@pytest.mark.parametrize("a", NUMPY, ids=str)
def test_binary_with_a_constant(op, a):
    for known in (0, 1, -1, 2, 3, 300, True, 0.5, 2.0, 1.0):
        check((a, a), lambda lw, x, y: operators.binary(lw, op, x, y), FUNCTIONS[op], known=(None, known))
        check((a, a), lambda lw, x, y: operators.binary(lw, op, x, y), FUNCTIONS[op], known=(known, None))


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("a", NUMPY, ids=str)
def test_compare(op, a):
    for b in OTHERS:
        for types in ((a, b), (b, a)):
            check(types, lambda lw, x, y: operators.compare(lw, op, x, y), FUNCTIONS[op], [THIN[t] for t in types])


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("a", NUMPY, ids=str)
def test_compare_with_a_big_int(op, a):
    for big in (2**63, 2**64 - 1, 2**64, -(2**63) - 1, 2**70):
        check((a, a), lambda lw, x, y: operators.compare(lw, op, x, y), FUNCTIONS[op], known=(None, big))
        check((a, a), lambda lw, x, y: operators.compare(lw, op, x, y), FUNCTIONS[op], known=(big, None))


@pytest.mark.parametrize("op", ARITHMETIC)
def test_binary_with_a_big_int(op):
    for a in (SCALARS["int64"], SCALARS["uint64"], SCALARS["float64"], SCALARS["bool"]):
        for big in (2**63, 2**64 - 1, 2**70):
            try:
                check((a, a), lambda lw, x, y: operators.binary(lw, op, x, y), FUNCTIONS[op], known=(None, big))
            except UnsupportedError:
                assert a.kind == "b"


@pytest.mark.parametrize("op", ["-", "+", "~", "abs"])
@pytest.mark.parametrize("a", NUMPY, ids=str)
def test_unary(op, a):
    check((a,), lambda lw, x: operators.unary(lw, op, x), UNARY_FUNCTIONS[op])


SOURCES = (
    *NUMPY,
    *PYTHON,
    NONE,
    union_type((INT, SCALARS["int64"])),
    union_type((FLOAT, SCALARS["float64"])),
    union_type((INT, FLOAT)),
    union_type((FLOAT, NONE)),
)


def _stored(dtype):
    def store(value):
        array = np.zeros(1, dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array[0] = value
        return array[0]

    return store


@pytest.mark.parametrize("target", NUMPY, ids=str)
@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_store(target, source):
    values = [[v for m in getattr(source, "members", (source,)) for v in VALUES[m]]]

    def make(lw, x):
        return operators.Val(target, operators.store_value(lw, x, target, None))

    check((source,), make, _stored(target.dtype), values)


@pytest.mark.parametrize("target", NUMPY, ids=str)
def test_store_a_constant(target):
    for known in (
        0,
        1,
        -1,
        127,
        128,
        255,
        256,
        2**31,
        2**63 - 1,
        2**63,
        2**64,
        -(2**63) - 1,
        2**100,
        1.5,
        -1.5,
        1e300,
        True,
    ):
        make = lambda lw, x: operators.Val(target, operators.store_value(lw, x, target, None))
        check((INT,), make, _stored(target.dtype), known=(known,))


def test_storing_a_string_is_not_supported():
    with pytest.raises(UnsupportedError, match="storing"):
        Built((INT,), lambda lw, x: operators.Val(INT, operators.store_value(lw, x, SCALARS["int8"], None)), ("1",))


def test_a_loop_sum_keeps_one_register():
    """The union of float and np.float64 is one f64 and a tag: adding to it must not branch."""
    types = (union_type((FLOAT, SCALARS["float64"])), SCALARS["float64"])
    assert len(Built(types, lambda lw, x, y: operators.binary(lw, "+", x, y)).function.blocks) == 1
    types = (union_type((INT, SCALARS["int64"])), SCALARS["int64"])
    assert len(Built(types, lambda lw, x, y: operators.binary(lw, "+", x, y)).function.blocks) == 1
    assert Built((BOOL, BOOL), lambda lw, x, y: operators.binary(lw, "&", x, y)).result is BOOL
