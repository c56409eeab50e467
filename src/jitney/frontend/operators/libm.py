"""Addresses of C functions, for calls from generated code: of the C library's mathematics and of CPython's C-API.

They are what the dynamic linker gives the whole process: the functions that CPython's `float` and `math` call.
"""

from __future__ import annotations

import ctypes

from ...ir.types import F32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state import Lowering

_addresses: dict[str, int] = {}
_libraries: list[ctypes.CDLL] = []


def address(lw: Lowering, name: str) -> int:
    """The address of a C function such as ``fmod``; where there is none of that name, the function being lowered is
    not supported."""
    found = _addresses.get(name)
    if found is None:
        if not _libraries:
            _libraries.extend((ctypes.CDLL(None), ctypes.CDLL("libm.so.6")))
        found = 0
        for library in _libraries:
            try:
                found = ctypes.addressof(ctypes.c_char.in_dll(library, name))
                break
            except ValueError:
                continue
        _addresses[name] = found
    if not found:
        lw.unsupported(f"the C function {name}, which does not exist here, is not supported")
    return found


def call(lw: Lowering, name: str, *args: int) -> int:
    """Call a function of floating-point arguments and result, all of one type: for f32 the one named with an ``f``
    at its end."""
    type = lw.function.types[args[0]]
    if type is F32:
        name += "f"
    return lw.ccall(name, address(lw, name), args, type)
