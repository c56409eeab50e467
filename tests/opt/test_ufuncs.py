"""Calls of NumPy's inner loops as IR, before and after."""

from __future__ import annotations

import numpy as np

from jitney.frontend.operators import ufunc_loops
from jitney.ir.builder import Builder
from jitney.ir.function import ArrayCall, Function
from jitney.ir.interp import run
from jitney.ir.print import to_text
from jitney.ir.types import F64, vector
from jitney.ir.verify import verify
from jitney.opt import ufuncs
from jitney.pytypes import SCALARS

DOUBLE = SCALARS["float64"]


def called(lanes: int) -> tuple[Function, ufunc_loops.UfuncLoop]:
    loop = ufunc_loops.find(np.hypot, (DOUBLE, DOUBLE), DOUBLE)
    assert loop is not None
    type = vector(F64, lanes) if lanes > 1 else F64
    function = Function("f", (F64,), "c")
    builder = Builder(function)
    builder.start(builder.new_block(), None)
    args = [builder.param(builder.block, F64) for _ in range(2)]
    call = ArrayCall("np.hypot", loop.address, (F64, F64), loop)
    if lanes > 1:
        args = [builder.emit("splat", a, type=type) for a in args]
    found = builder.emit("fcall", *args, imm=call)
    builder.ret((found if lanes == 1 else builder.emit("lane", found, imm=0),))
    verify(function)
    return function, loop


def after(lanes: int) -> list[str]:
    function, loop = called(lanes)
    function = ufuncs.expand(function)
    verify(function)
    text = to_text(function).replace(hex(loop.address), "LOOP")
    for address, name in ((loop.dimensions, "ONE"), (loop.dimensions + 8, "STEPS"), (loop.data, "DATA")):
        text = text.replace(f"const ptr {address}\n", f"const ptr {name}\n")
    return [line.strip() for line in text.splitlines()[2:-1]]


def test_a_number() -> None:
    wanted = """
        v3 = alloca 272
        store f64 v0, [v3]
        store f64 v1, [v3 + 72]
        store ptr v3, [v3 + 216]
        v7 = const i64 72
        v8 = ptradd v3, v7
        store ptr v8, [v3 + 224]
        v10 = const i64 144
        v11 = ptradd v3, v10
        store ptr v11, [v3 + 232]
        v13 = const ptr ONE
        v14 = const ptr STEPS
        v15 = const i64 216
        v16 = ptradd v3, v15
        v17 = const ptr DATA
        ccall np.hypot at LOOP free (v16, v13, v14, v17) : (ptr, ptr, ptr, ptr)
        v2 = load f64 [v3 + 144]
        ret v2"""
    assert after(1) == [line.strip() for line in wanted.splitlines()[1:]]


def test_lanes() -> None:
    lines = after(4)
    assert "store v4f64 v3, [v6 + 96]" in lines and "v4 = load v4f64 [v6 + 192]" in lines
    assert "v16 = const i64 4" in lines and "store i64 v16, [v6 + 312]" in lines


def test_the_interpreter_calls_the_loop() -> None:
    function, _ = called(1)
    assert run(function, [3.0, 4.0]).results == (5.0,)


def test_the_same_side_by_side() -> None:
    loop = ufunc_loops.find(np.add, (DOUBLE, DOUBLE), DOUBLE)
    assert loop is not None and loop.in_lanes
    assert loop.value(1.5, 2.0) == 3.5
