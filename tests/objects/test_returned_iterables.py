"""Ranges, slices and iterators returned from compiled functions: as objects, or by CPython."""

from __future__ import annotations

import linecache
import warnings

import numpy as np
import pytest

from jitney import jit

SOURCES = [
    "range(n)", "range(1, n, 2)", "(range(n), 3)", "slice(1, n)", "(slice(n), (1, slice(1, n, 2)))", "enumerate(a)",
    "zip(a, a)", "(zip(a, a), n)", "reversed(a)", "a.flat", "a.T.flat", "np.ndindex(n)", "np.ndenumerate(a)",
    "range(n) if n > 1 else n", "reversed(range(n))",
]  # fmt: skip


def listed(value):
    if isinstance(value, tuple):
        return tuple([listed(v) for v in value])
    if isinstance(value, (int, slice)):
        return value
    return type(value), list(value)


def define(source):
    text, name = f"def f(a, n):\n    return {source}\n", f"<returns {source}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), namespace := {"np": np})
    return namespace["f"]


@pytest.mark.parametrize("source", SOURCES)
def test_returned(source):
    function = define(source)
    compiled = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in (3, 3, 5, 0):
            assert listed(compiled(np.arange(3.0), n)) == listed(function(np.arange(3.0), n))
