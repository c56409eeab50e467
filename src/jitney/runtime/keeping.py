"""Arrays that compiled code has made and dropped, kept for the next call that needs one like it.

    def step(u):                    d is some dozens of new pages: the C library hands memory that is free at the heap's
        d = u[1:] - u[:-1]          end back to the system at once, and the system clears each page before it gives it
        return np.sum(d * d)        out again, which takes longer than the expression

The reference that compiled code drops is the last one, so nobody else knows the array: it stays what it is, an ordinary
array object made by NumPy, and is handed out where one of the same dtype, shape and order is to be made. It is not
kept if anything about it shows that it has been elsewhere: a subclass, a base, weak references, flags that a new array
does not have. What is returned or stored in an object has other references and is freed by whoever drops the last one.

At most 16 arrays of up to 4 MiB each are kept, so at most 64 MiB; where there is no room one goes, in turn. For small
ones it saves making the object, for large ones the pages; for even larger ones NumPy asks for huge pages. All of this
happens under the GIL.
"""

from __future__ import annotations

import sys
from ctypes import addressof, c_int32

from . import capi, layouts, stubs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLACES = 16
# What the listings in `numpy_x86_64` have as numbers.
_OFFSETS = {"data": 16, "ndim": 24, "shape": 32, "dtype": 56, "flags": 64}
_WEAK_REFERENCES, _OWNS_DATA = 72, 4
_NUMBERS = "?bBhHiIlLqQefdFD"
_made: list[Any] = []  # the words: which array goes next where there is no room; the arrays; dtypes with sizes, and 0


def address(name: str) -> int:
    """The address of `empty`, `discard` or `release arrays`; 0 where NumPy's arrays are not as these expect."""
    if not _made:
        _made.append(_make())
    return stubs.address(name) if _made[0] else 0


def _make() -> Any:
    numpy = sys.modules["numpy"]
    offsets = layouts.arrays()
    if offsets is None:
        return None
    array = numpy.zeros(1)
    flags = c_int32.from_address(id(array) + offsets.flags).value
    if any(getattr(offsets, name) != at for name, at in _OFFSETS.items()):
        return None
    if numpy.ndarray.__weakrefoffset__ != _WEAK_REFERENCES or flags != 0x503 | _OWNS_DATA:
        return None
    dtypes = [numpy.dtype(code) for code in _NUMBERS]
    table = [word for dtype in dtypes for word in (id(dtype), dtype.itemsize)]
    words = capi.words([0] * (1 + PLACES) + table + [0])
    capi.define("PoolOfArrays", addressof(words[1]))
    capi.define("PoolArray", stubs.address("discard"))
    return words, dtypes
