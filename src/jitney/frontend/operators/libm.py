"""Addresses of C functions, for calls from generated code: of the C library's mathematics and of CPython's C-API.

They are what the dynamic linker gives the whole process: the functions that CPython's `float` and `math` call.
"""

from __future__ import annotations

import ctypes

from ...ir.function import Call
from ...ir.types import F32
from ...lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state import Lowering
    from . import power
else:
    power = lazy("jitney.frontend.operators", "power")

#: Functions that loops may compute in lanes under fastmath: `opt.special` has them. C's remainder, which is exact, goes
#: in lanes always.
IN_LANES = frozenset((
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "atan2",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "cbrt", "pow", "hypot",
))  # fmt: skip

_addresses: dict[str, int] = {}


def address(lw: Lowering, name: str) -> int:
    """The address of a C function such as ``fmod``; where there is none of that name, the function being lowered is
    not supported."""
    found = _addresses.get(name)
    if found is None:
        # The interpreter's own handle is that of the whole process.
        found = _symbol(ctypes.pythonapi, name) or _symbol(ctypes.CDLL("libm.so.6"), name)
        _addresses[name] = found
    if not found:
        lw.unsupported(f"the C function {name}, which does not exist here, is not supported")
    return found


def _symbol(library: ctypes.CDLL, name: str) -> int:
    try:
        return ctypes.addressof(ctypes.c_char.in_dll(library, name))
    except ValueError:
        return 0


def call(lw: Lowering, name: str, *args: int) -> int:
    """Call a function of floating-point arguments and result, all of one type: for f32 the one named with an ``f``
    at its end."""
    type = lw.function.types[args[0]]
    whole = name + "f" if type is F32 else name
    if lw.function.fastmath and name in IN_LANES:
        known = lw.b.constant(args[1]) if name == "pow" else None
        simple = power.by_products(lw, args[0], known) if known is not None else None
        if simple is not None:
            return simple
    elif name != "fmod" or lw.b.block.loop is None:
        return lw.ccall(whole, address(lw, whole), args, type)
    call = Call(whole, address(lw, whole), (type,) * len(args), (type,), pure=True)
    return lw.b.emit("fcall", *args, imm=call)
