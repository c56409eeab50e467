"""Addresses of the C library's functions, for code that asks for them where the frontend did not."""

from __future__ import annotations

import ctypes


def address(name: str) -> int:
    """Of the one that Python calls: what the dynamic linker gives the whole process. 0: there is none."""
    for library in (None, "libm.so.6"):
        try:
            return ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(library), name))
        except (ValueError, OSError):
            continue
    return 0
