"""Functions of Python's own C code that we cannot do as well: called as Python calls them, with boxed numbers.

For `math.gamma`, ``round(x, n)``, `math.hypot` in doubt: CPython computes them in its own way, only its code has its
bits.
Slower than a C function (some 50 ns), and never wrong.

    frame:  | arguments' objects |
            result = PyObject_VectorcallDict(function, frame, n, NULL)
            NULL -> clear the exception, leave; the site evaluates the same call
"""

from __future__ import annotations

from ...ir.function import Call
from ...ir.types import F64, I64, PTR
from ...pytypes import FLOAT, INT, SCALARS
from ..operators import libm
from ..state import Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..state import Lowering

_BOXES = {F64: "PyFloat_FromDouble", I64: "PyLong_FromLongLong"}
_kept: dict[int, Any] = {}


def _call(lw: Lowering, name: str, *args: int) -> int:
    return lw.ccall(name, libm.address(lw, name), args, PTR, pure=False)


def _effect(lw: Lowering, name: str, *args: int) -> None:
    types = lw.function.types
    lw.b.call("ccall", Call(name, libm.address(lw, name), tuple([types[a] for a in args]), ()), args)


def call(lw: Lowering, function: Any, parts: tuple[int, ...], text: str, as_int: bool = False) -> Val:
    """Call a builtin function that runs no Python code.

    Args:
        parts: the arguments: f64 become floats, i64 ints.
        text: an expression of the arguments x, y, z that raises as the call does.
        as_int: the result is an int, else a float.
    """
    b, null = lw.b, lw.b.const(PTR, 0)
    _kept[id(function)] = function
    frame = b.emit("alloca", imm=8 * len(parts))
    boxed = [_call(lw, _BOXES[lw.function.types[part]], part) for part in parts]
    made = lw.bool_const(True)
    for k, item in enumerate(boxed):
        b.store(SCALARS["int64"].access, b.emit("p2i", item), frame, disp=8 * k)
        made = b.emit("and", made, b.emit("ne", item, null))

    def attempt() -> Val:
        result = _call(lw, "PyObject_VectorcallDict", b.const(PTR, id(function)), frame, lw.int_const(len(parts)), null)
        for item in boxed:
            _effect(lw, "Py_DecRef", item)
        return lw.if_else(b.emit("ne", result, null), lambda: _unbox(lw, result, as_int), raised)

    def raised() -> Val:
        _effect(lw, "PyErr_Clear")
        return lw.fail("evaluate", text, parts, ("x", "y", "z")[: len(parts)])

    def no_memory() -> Val:
        _effect(lw, "PyErr_Clear")
        return lw.fail("raise", (MemoryError, ()))

    return lw.if_else(made, attempt, no_memory)


def _unbox(lw: Lowering, result: int, as_int: bool) -> Val:
    if not as_int:
        number = lw.ccall("PyFloat_AsDouble", libm.address(lw, "PyFloat_AsDouble"), (result,), F64, pure=False)
        _effect(lw, "Py_DecRef", result)
        return Val(FLOAT, (number,))
    b = lw.b
    number = lw.ccall("PyLong_AsLongLong", libm.address(lw, "PyLong_AsLongLong"), (result,), I64, pure=False)
    _effect(lw, "Py_DecRef", result)

    def beyond() -> Val:
        error = _call(lw, "PyErr_Occurred")
        _effect(lw, "PyErr_Clear")
        lw.check(b.emit("eq", error, b.const(PTR, 0)), "overflow")
        return Val(INT, (number,))

    return lw.if_else(b.emit("eq", number, lw.int_const(-1)), beyond, lambda: Val(INT, (number,)))
