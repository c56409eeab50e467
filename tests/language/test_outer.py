"""Nests whose outer loop goes in lanes, plain against jitted: sizes around the lanes', arrays that are one another or
overlap, strides of all kinds, numbers that are none, and errors in the middle."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.opt.nests import NESTS, source
from tests.opt.vectors import function_of
from tests.support import bits, outcome

Array = np.ndarray[Any, Any]


def laid_out(values: Array, layout: int) -> Array:
    """The same values in another layout: C, Fortran, every other element, backwards, rows apart."""
    if layout == 1:
        return np.asfortranarray(values)
    if layout == 2:
        wide = np.zeros([2 * n for n in values.shape], values.dtype)
        view = wide[tuple([slice(None, None, 2)] * values.ndim)]
    elif layout == 3:
        view = values[tuple([slice(None, None, -1)] * values.ndim)].copy()[tuple([slice(None, None, -1)] * values.ndim)]
        return view
    elif layout == 4:
        view = np.zeros([n + 3 for n in values.shape], values.dtype)[tuple([slice(1, n + 1) for n in values.shape])]
    else:
        return values.copy()
    view[...] = values
    return view


def arrays(name: str, n: int, seed: int) -> list[Array]:
    """Arrays for a nest; which of them are one another and how they lie follows from the seed."""
    rng = np.random.default_rng([seed, n])
    inner = int(rng.integers(0, 7)) if seed % 2 else n
    made = []
    for k, dim in enumerate(NESTS[name][1]):
        shape: tuple[int, ...] = (n if k != 1 else inner,) if dim == "1" else (n, n)
        if dim == "2" and k < 2 and seed % 3 == 1:
            shape = (n, inner) if name in ("distances", "product by rows", "nearest", "rows into a column") else shape
        values = np.round(4 * rng.normal(size=shape)) / 2
        if values.size and seed % 4 == 3:
            values.flat[rng.integers(0, values.size, 3)] = rng.choice([np.nan, np.inf, -0.0, -np.inf, 1e300], 3)
        made.append(laid_out(values, int(rng.integers(0, 5)) if seed % 5 == 4 else 0))
    shared = seed % 7
    dims = NESTS[name][1]
    if shared == 1 and dims[0] == dims[2]:
        made[2] = made[0]
    elif shared == 2 and dims[1] == dims[2]:
        made[2] = made[1]
    elif shared == 3 and dims[0] == dims[2] == "1":
        whole = np.concatenate([made[0], made[0]])
        by = int(rng.integers(0, 6))
        made[0], made[2] = whole[by : by + n], whole[3 : 3 + n]
    elif shared == 4:
        made[1] = made[0] if dims[0] == dims[1] else made[1]
    elif shared == 5 and n:
        # All elements at one place.
        made[2] = np.lib.stride_tricks.as_strided(made[2], strides=(0,) * made[2].ndim)
    elif shared == 6 and n:
        made[0] = np.lib.stride_tricks.as_strided(made[0], strides=(0,) * made[0].ndim)
    return made


def plainly(values: Array) -> Array:
    """With one kind of NaN: its sign depends on the order of operands, in CPython, too."""
    return np.where(np.isnan(values), np.nan, values)


def compare(name: str, function: Any, jitted: Any, n: int, seed: int, dtype: str = "float64") -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        left = [x.astype(dtype) if dtype != "float64" else x for x in arrays(name, n, seed)]
        right = [x.astype(dtype) if dtype != "float64" else x for x in arrays(name, n, seed)]
        plain, got = outcome(function, tuple(left)), outcome(jitted, tuple(right))
    assert got == plain, (name, n, seed, dtype)
    assert [bits(plainly(x)) for x in left] == [bits(plainly(x)) for x in right], (name, n, seed, dtype)


@pytest.mark.parametrize("name", NESTS)
def test_same_as_plain(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    function = function_of(source(name), tmp_path)
    jitted = jit(function)
    cubic = "2" in NESTS[name][1]
    for seed in range(14):
        for n in (seed % 4, 4 + seed % 9) if cubic else (seed % 4, 4 + seed % 16, 70 - 3 * seed):
            compare(name, function, jitted, n, seed)
    for seed, dtype in enumerate(("float32", "int64", "int32", "float32")):
        for n in (5, 19):
            compare(name, function, jitted, n if cubic else 2 * n, 35 + 7 * seed, dtype)


@pytest.mark.parametrize("cpu", ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"])
def test_on_other_processors(cpu: str) -> None:
    program = (
        "from tests.language.test_outer import *; import tempfile\n"
        "for name in NESTS:\n"
        "    function = function_of(source(name), Path(tempfile.mkdtemp())); jitted = jit(function)\n"
        "    for seed in range(3):\n"
        "        compare(name, function, jitted, 5 + seed, seed)\n"
        "    compare(name, function, jitted, 21, 0, 'float32')\n"
    )
    environment = {"JITNEY_CPU": cpu, "JITNEY_TIERS": "0", "PYTHONPATH": ":".join(sys.path), "PATH": ""}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=Path(__file__).parents[2])


def test_a_root_fails_after_some_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    function = function_of(source("roots of what may be negative"), tmp_path)
    jitted = jit(function)
    for bad in range(24):
        a, b = np.ones((2, 3)), np.ones((24, 3))
        b[bad] = -4.0
        left, right = np.zeros((2, 24)), np.zeros((2, 24))
        assert outcome(function, (a, b, left)) == outcome(jitted, (a, b, right)) != ("returns", ("NoneType", None))
        assert left.tobytes() == right.tobytes() and np.count_nonzero(left) == bad
