"""Operators on Python's ints, floats and bools, against CPython, over edge values."""

from __future__ import annotations

import math
import operator

import pytest

from jitney.errors import UnsupportedError
from jitney.frontend import operators
from jitney.frontend.operators.python import FUNCTIONS, UNARY_FUNCTIONS
from jitney.frontend.state import CONFLICT
from jitney.pytypes import BOOL, FLOAT, INT, NONE, SCALARS, Tuple, tuple_type, union_type
from tests.frontend.harness import INTS, MAX, MIN, PYTHON, VALUES, Built, check

ARITHMETIC = ("+", "-", "*", "/", "//", "%", "divmod", "<<", ">>", "&", "|", "^", "**", "@")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def _bails(op):
    def bails(a, b):
        if op == "/":
            return max(abs(a), abs(b)) > 2**53
        return op == "**" and isinstance(b, int) and b < 0

    return bails


def _huge(op):
    """CPython would take forever."""
    if op == "<<":
        return lambda a, b: isinstance(a, int) and isinstance(b, int) and b > 10_000
    return lambda a, b: op == "**" and isinstance(a, int) and isinstance(b, int) and abs(a) > 1 and b > 10_000


@pytest.mark.parametrize("op", ARITHMETIC)
@pytest.mark.parametrize("a", PYTHON, ids=str)
@pytest.mark.parametrize("b", PYTHON, ids=str)
def test_binary(op, a, b):
    check((a, b), lambda lw, x, y: operators.binary(lw, op, x, y), FUNCTIONS[op], bails=_bails(op), skip=_huge(op))


@pytest.mark.parametrize("op", ARITHMETIC)
@pytest.mark.parametrize(
    "known", [2, 3, 0, -1, -2, 64, 2**53 + 1, 2**62, MIN, True, 1.0, 0.5, 2.0, -0.0, -1.0, 1e300], ids=str
)
@pytest.mark.parametrize("side", [0, 1])
def test_binary_with_a_constant(op, known, side):
    for t in PYTHON:
        types = (t, t) if side else (t, t)
        constants = (known, None) if side == 0 else (None, known)
        check(types, lambda lw, x, y: operators.binary(lw, op, x, y), FUNCTIONS[op],
              known=constants, bails=_bails(op), skip=_huge(op))  # fmt: skip


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("a", (*PYTHON, NONE), ids=str)
@pytest.mark.parametrize("b", (*PYTHON, NONE), ids=str)
def test_compare(op, a, b):
    check((a, b), lambda lw, x, y: operators.compare(lw, op, x, y), FUNCTIONS[op])


@pytest.mark.parametrize("op", ["-", "+", "~", "abs"])
@pytest.mark.parametrize("a", (*PYTHON, NONE), ids=str)
def test_unary(op, a):
    check((a,), lambda lw, x: operators.unary(lw, op, x), UNARY_FUNCTIONS[op])


@pytest.mark.parametrize(
    "a", (*PYTHON, NONE, *SCALARS.values(), union_type((FLOAT, SCALARS["float64"])), union_type((INT, NONE))), ids=str
)
def test_not(a):
    values = [[v for m in getattr(a, "members", (a,)) for v in VALUES[m]]]
    check((a,), lambda lw, x: operators.unary(lw, "not", x), operator.not_, values)


BIG = (2**63, 2**64, 2**64 - 1, -(2**63) - 1, 2**70 + 1, 10**400, -(10**400))


@pytest.mark.parametrize("op", COMPARISONS)
@pytest.mark.parametrize("big", BIG, ids=lambda b: hex(b)[:20])
def test_compare_with_a_big_int(op, big):
    for t in PYTHON:
        check((t, t), lambda lw, x, y: operators.compare(lw, op, x, y), FUNCTIONS[op], known=(None, big))
        check((t, t), lambda lw, x, y: operators.compare(lw, op, x, y), FUNCTIONS[op], known=(big, None))


@pytest.mark.parametrize("op", ARITHMETIC)
@pytest.mark.parametrize("big", BIG, ids=lambda b: hex(b)[:20])
def test_binary_with_a_big_int(op, big):
    def rare(a, b):
        return op in ("%", "//", "/", "divmod", "**", "-", "+", "*", ">>", "<<", "|", "^")

    def skip(a, b):
        return (op == "**" and isinstance(a, int) and isinstance(b, int)) or (
            op == "<<" and isinstance(b, int) and b > 1e4
        )

    for t in PYTHON:
        check(
            (t, t),
            lambda lw, x, y: operators.binary(lw, op, x, y),
            FUNCTIONS[op],
            known=(None, big),
            bails=rare,
            skip=skip,
        )
        check(
            (t, t),
            lambda lw, x, y: operators.binary(lw, op, x, y),
            FUNCTIONS[op],
            known=(big, None),
            bails=rare,
            skip=skip,
        )


def test_masks_and_moduli_of_64_bits_stay_in_registers():
    for op, big in (("&", 2**64 - 1), ("%", 2**64), ("//", 2**64), ("/", 2**64)):
        built = Built((INT, INT), lambda lw, x, y: operators.binary(lw, op, x, y), (None, big))
        assert built(MAX, big) == FUNCTIONS[op](MAX, big)


UNIONS = [
    (union_type((FLOAT, SCALARS["float64"])), FLOAT),
    (union_type((FLOAT, SCALARS["float64"])), INT),
    (union_type((FLOAT, SCALARS["float64"])), SCALARS["float64"]),
    (union_type((FLOAT, SCALARS["float64"])), union_type((FLOAT, SCALARS["float64"]))),
    (union_type((INT, SCALARS["int64"])), SCALARS["int64"]),
    (union_type((INT, SCALARS["int64"])), INT),
    (union_type((INT, SCALARS["float64"])), SCALARS["float64"]),
    (union_type((INT, SCALARS["float32"])), SCALARS["float64"]),
    (union_type((SCALARS["uint64"], INT)), SCALARS["float64"]),
    (union_type((INT, FLOAT)), BOOL),
    (union_type((INT, NONE)), INT),
    (union_type((FLOAT, NONE)), FLOAT),
]


def _few(t):
    return [v for m in getattr(t, "members", (t,)) for v in VALUES[m][::3]]


@pytest.mark.parametrize("op", [*ARITHMETIC, *COMPARISONS])
@pytest.mark.parametrize("types", UNIONS, ids=str)
def test_unions(op, types):
    apply = operators.compare if op in COMPARISONS else operators.binary

    def rare(a, b):
        return a is not None and b is not None and _bails(op)(a, b)

    def make(lw, x, y):
        return apply(lw, op, x, y)

    for a, b in (types, types[::-1]):
        check((a, b), make, FUNCTIONS[op], [_few(a), _few(b)], bails=rare, skip=_huge(op))


@pytest.mark.parametrize("op", COMPARISONS)
def test_tuples(op):
    pair = tuple_type((INT, FLOAT))
    values = [(i, f) for i in (1, 2, MAX) for f in (0.0, -0.0, 1.5, math.inf)]
    check((pair, pair), lambda lw, x, y: operators.compare(lw, op, x, y), FUNCTIONS[op], [values, values])
    mixed = tuple_type((INT, NONE))
    check(
        (mixed, pair), lambda lw, x, y: operators.compare(lw, op, x, y), FUNCTIONS[op], [[(1, None), (3, None)], values]
    )
    longer = tuple_type((INT, FLOAT, BOOL))
    check(
        (pair, longer),
        lambda lw, x, y: operators.compare(lw, op, x, y),
        FUNCTIONS[op],
        [values, [(1, 1.5, True), (2, 0.0, False)]],
    )


def test_tuples_join():
    pair, single = tuple_type((INT, FLOAT)), tuple_type((BOOL,))
    built = Built((pair, single), lambda lw, x, y: operators.binary(lw, "+", x, y))
    assert isinstance(built.result, Tuple)
    assert built((1, 2.5), (True,)) == (1, 2.5, True)


@pytest.mark.parametrize("op", ["is", "is not"])
def test_identity(op):
    function = operator.is_ if op == "is" else operator.is_not
    union = union_type((INT, NONE))
    check((union, NONE), lambda lw, x, y: operators.compare(lw, op, x, y), function, [[1, None], [None]])
    check((BOOL, BOOL), lambda lw, x, y: operators.compare(lw, op, x, y), function)
    check((INT, FLOAT), lambda lw, x, y: operators.compare(lw, op, x, y), function)


def test_index():
    for t in (INT, BOOL, SCALARS["int8"], SCALARS["uint64"], FLOAT, SCALARS["float64"], NONE):
        check((t,), lambda lw, x: operators.Val(INT, (operators.to_index(lw, x),)), operator.index)


def test_a_power_is_unrolled():
    built = Built((INT, INT), lambda lw, x, y: operators.binary(lw, "**", x, y), (None, 3))
    assert [op.name for op in built.function.ops].count("mulo") == 2
    assert [built(x, 3) for x in INTS[:4]] == [x**3 for x in INTS[:4]]


@pytest.mark.parametrize("op", [*COMPARISONS, "is", "is not"])
def test_what_has_no_type_is_not_compared(op):
    for other in (INT, NONE, FLOAT):
        for swap in (False, True):
            with pytest.raises(UnsupportedError, match="comparing"):

                def make(lw, x):
                    pair = (operators.Val(CONFLICT), x)
                    return operators.compare(lw, op, *(pair[::-1] if swap else pair))

                Built((other,), make)
