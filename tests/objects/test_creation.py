"""`np.zeros` and its kin, plain against jitted."""

import numpy as np
import pytest

from jitney import jit
from tests.support import bits, check

CALLS = [
    ("np.zeros(n)", 3),
    ("np.zeros((n, 2))", 3),
    ("np.zeros((n,), np.int32)", 3),
    ("np.zeros(shape=n, dtype=bool)", 3),
    ("np.zeros((2, n), order='F')", 3),
    ("np.zeros((n, n, 2), 'f4')", 2),
    ("np.zeros(())", 2),
    ("np.zeros(n, dtype=float)", 0),
    ("np.ones(n)", 3),
    ("np.ones((n, 2), np.uint8)", 3),
    ("np.ones(n, bool)", 3),
    ("np.full(n, 2.5)", 3),
    ("np.full((n, 2), 7)", 3),
    ("np.full(n, True)", 3),
    ("np.full(n, np.float32(0.1))", 3),
    ("np.full(n, 1, dtype=np.float32)", 3),
    ("np.full(n, np.nan)", 3),
    ("np.full(n, -0.0)", 3),
    ("np.zeros(-1)", 3),
    ("np.zeros((n, -2))", 3),
    ("np.zeros(n, dtype=np.int64)", 2**62),
    ("np.ones((n, n, n))", 2**30),
    ("np.zeros(2.0)", 3),
    ("np.zeros(np.int8(n))", 3),
]


def made(tmp_path, parameter, expression):
    """A function of one parameter that returns the expression; its source is in a file, as the compiler needs it."""
    path = tmp_path / "made.py"
    path.write_text(f"import numpy as np\ndef function({parameter}):\n    return {expression}\n")
    namespace: dict = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    return namespace["function"]


@pytest.mark.parametrize("expression, n", CALLS)
def test_creation(expression, n, tmp_path):
    check(made(tmp_path, "n", expression), n)


LIKE = [
    "np.zeros_like(a)", "np.ones_like(a)", "np.full_like(a, 3)", "np.zeros_like(a, dtype=np.int16)",
    "np.zeros_like(a, order='F')", "np.ones_like(a, shape=a.shape)",
]  # fmt: skip
MODELS = [np.zeros(3), np.zeros((2, 3)), np.zeros((2, 3), order="F"), np.zeros((2, 3), np.float32), np.zeros((0, 3))]


@pytest.mark.parametrize("expression", LIKE)
def test_like(expression, tmp_path):
    function = made(tmp_path, "a", expression)
    check(function, *MODELS)
    for model in MODELS:
        plain, got = function(model), jit(strict=True)(function)(model)
        assert plain.strides == got.strides and str(plain.flags) == str(got.flags) and bits(plain) == bits(got)


def of_lengths(n):
    return np.zeros(n), np.ones((n, 2))


def shaped(a, n):
    return a.reshape(n, 1)


def test_bools_are_no_lengths():
    check(of_lengths, 2, True, False, 0)
    check(shaped, (np.ones(1), 1), (np.ones(1), True))
