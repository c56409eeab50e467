"""Plain against jitted: the one comparison that every construct is tested by."""

from __future__ import annotations

import copy
import ctypes
import math
import struct
import warnings
from typing import Any

import numpy as np

from jitney import jit
from jitney.errors import FallbackWarning

byte_bounds = getattr(np.lib, "array_utils", np).byte_bounds  # moved in NumPy 2


def outcome(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> tuple[Any, ...]:
    """What a call does: ("returns", value) or ("raises", type, message), in a form that == compares by bits."""
    try:
        with np.errstate(all="ignore"):
            value = function(*args, **(kwargs or {}))
    except Exception as error:
        return ("raises", type(error), str(error))
    return ("returns", bits(value))


def bits(value: Any) -> Any:
    """A value by type and bits. NumPy scalars count as Python's own numbers (contract, point 2)."""
    if isinstance(value, (np.ndarray, np.void)) and value.dtype.names:
        # What lies between fields is nobody's.
        own = (type(value).__name__, str(value.dtype), value.shape)
        return (*own, *[bits(np.asarray(value[name])) for name in value.dtype.names])
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return ("array", value.dtype.str, value.shape, repr(value))
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "c":
            # Which NaN comes of several depends on the order of operands in machine code, as for Python's numbers.
            parts = np.ascontiguousarray(value).view(value.real.dtype)
            value = np.where(np.isnan(parts), parts.dtype.type(np.nan), parts).view(value.dtype).reshape(value.shape)
        return ("array", value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, np.generic):
        value = float(value) if isinstance(value, np.floating) else value.item()
    if isinstance(value, float):
        return ("float", "nan" if math.isnan(value) else struct.pack("<d", value))
    if isinstance(value, complex):
        return ("complex", bits(value.real), bits(value.imag))
    if isinstance(value, tuple):
        return ("tuple", *[bits(v) for v in value])
    return (type(value).__name__, value)


def copied(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """A deep copy in which views have the same strides and overlap in the same way: `copy.deepcopy` alone would make
    contiguous arrays of them."""
    memo: dict[int, Any] = {}
    memories: dict[int, Any] = {}
    for value in args:
        for array in value if isinstance(value, (tuple, list)) else (value,):
            if type(array) is not np.ndarray or not isinstance(array.base, np.ndarray) or array.dtype.hasobject:
                continue
            base = array.base
            low, high = byte_bounds(base)
            if id(base) not in memories:
                memories[id(base)] = np.empty(high - low + 64, np.uint8)
                start = (low - address(memories[id(base)])) % 64
                memories[id(base)] = memories[id(base)][start : start + high - low]
                ctypes.memmove(address(memories[id(base)]), low, high - low)
            memory, offset = memories[id(base)], address(array) - low
            memo[id(array)] = np.ndarray(array.shape, array.dtype, memory, offset, array.strides)
            memo[id(array)].flags.writeable = array.flags.writeable
    return copy.deepcopy(args, memo)


def address(array: Any) -> int:
    """Of an array's first element."""
    return int(array.__array_interface__["data"][0])


def check(function: Any, *calls: Any, bails: bool = True, **options: Any) -> Any:
    """Call `function` plain and jitted with each of `calls` (a tuple of arguments, or one argument) and compare
    value, type, bits, exception and message, and what arrays hold afterwards.

    Args:
        bails: whether a call that returns normally may have been run by CPython after all.

    Returns: the jitted function.
    """
    jitted = jit(**options)(function) if options else jit(function)
    for call in calls:
        args = call if isinstance(call, tuple) else (call,)
        plain_args, jit_args = copied(args), copied(args)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", FallbackWarning)
            wanted = outcome(function, plain_args)
            before = sum(s.bailouts for s in jitted.specializations)
            got = outcome(jitted, jit_args)
        assert got == wanted, f"{function.__name__}{args}: jitted {got}, CPython {wanted}"
        for a, b in zip(plain_args, jit_args):
            assert bits(a) == bits(b), f"{function.__name__}{args}: arrays differ: jitted {b!r}, CPython {a!r}"
        if not bails and wanted[0] == "returns":
            after = sum(s.bailouts for s in jitted.specializations)
            assert after == before, f"{function.__name__}{args} bailed out"
    assert jitted.specializations, "nothing was compiled"
    return jitted


def arr(values: Any, dtype: Any = float) -> Any:
    return np.array(values, dtype=dtype)
