"""Who competes: the decorators under one name each, imported only where they are measured."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from typing import Any

from bench.registry import Function

JITNEY, NUMBA, GCC, CPYTHON = "jitney", "numba", "gcc", "cpython"
# Numba where SciPy is not installed: where it is, Numba imports it when it first compiles.
NUMBA_ALONE = "numba-alone"
NUMPY = "numpy"  # the plain function, of array-style kernels
COPY = "copy"  # no competitor: the C library copying as many bytes as a kernel moves

_DECORATORS = {JITNEY: ("jitney", "jit"), NUMBA: ("numba", "njit"), NUMBA_ALONE: ("numba", "njit")}


def decorator(name: str, fastmath: bool = False) -> Callable[[Function], Function]:
    """The decorator of an implementation; plain Python for CPYTHON."""
    if name == CPYTHON:
        return lambda function: function
    module, attribute = _DECORATORS[name]
    if name == NUMBA_ALONE:
        sys.modules["scipy"] = None  # type: ignore[assignment]
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found(fastmath=True) if fastmath else found


def installed(name: str) -> bool:
    return importlib.util.find_spec(_DECORATORS[name][0]) is not None
