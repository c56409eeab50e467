"""Kernels as IR, vectorised for pretended machines, through the interpreter."""

from __future__ import annotations

import ctypes
import math
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jitney.dispatcher import Dispatcher, _Hooks
from jitney.group import Group
from jitney.ir import context
from jitney.ir.function import Function
from jitney.ir.interp import run
from jitney.ir.types import Type
from jitney.ir.verify import verify
from jitney.opt import PASSES
from jitney.pytypes import SCALARS, PyType, array_type


class Machine:
    """A target with vectors of this size, and what AVX2, or AVX-512 for 64 bytes, has of masked accesses and byte
    arithmetic."""

    def __init__(self, vector_bytes: int) -> None:
        self.vector_bytes = vector_bytes

    def c_function(self, name: str) -> int:
        return 0

    def supports(self, name: str, type: Type) -> bool:
        if not 8 <= type.size <= self.vector_bytes:
            return False
        if name in ("mload", "mstore"):
            return type.element.size >= 4 or self.vector_bytes == 64
        return not (name in ("mul", "shl", "lshr", "sar") and type.element.size == 1)


def type_of(value: Any) -> PyType:
    if isinstance(value, np.ndarray):
        return array_type(SCALARS[value.dtype.name], value.ndim)
    return SCALARS[type(value).__name__]


def function_of(source: str, directory: Path) -> types.FunctionType:
    """The function `f` of a source text, in a file so that its source is found."""
    path = directory / f"kernel{abs(hash(source))}.py"
    path.write_text(source)
    names: dict[str, Any] = {"np": np, "math": math}
    exec(compile(source, str(path), "exec"), names)
    function: types.FunctionType = names["f"]
    return function


def lowered(function: types.FunctionType, args: Sequence[Any]) -> Function:
    unit = Group(function, tuple([type_of(a) for a in args]), _Hooks(Dispatcher(function, {}), keeps=True)).lower()[-1]
    assert unit.lowered is not None
    return unit.lowered.function


def optimized(function: Function, vector_bytes: int, without: tuple[str, ...] = ()) -> Function:
    """After all passes, verified after each, for a machine with vectors of this size; 0 for none."""
    for name, work in PASSES:
        function.target = Machine(vector_bytes) if vector_bytes else None
        if name not in without:
            function = work(function)
            verify(function)
    return function


def is_vectorized(function: Function) -> bool:
    return any(t.lanes > 1 for t in function.types)


def interpreted(function: Function, args: Sequence[Any]) -> str:
    """What the interpreter shows: results or failure. Only the arrays' own memory may be touched."""
    block = ctypes.create_string_buffer(context.SIZE + 16)
    at = (ctypes.addressof(block) + 15) & -16
    given: list[Any] = [at]
    memory = [(at, context.SIZE)]
    for a in args:
        if isinstance(a, np.ndarray):
            given += [id(a), a.ctypes.data, *a.shape]
            memory += [(a.ctypes.data, a.nbytes), (id(a), sys.getsizeof(np.empty(0)))]
        else:
            given.append(a)
    return repr(run(function, given, memory=memory))
