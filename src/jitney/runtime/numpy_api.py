"""Addresses of NumPy's C functions, from the table that it publishes for extension modules.

Places in the table never change within NumPy's ABI. Source: NumPy's `numpy/_core/code_generators/numpy_api.py`.
"""

from __future__ import annotations

import sys
from ctypes import PYFUNCTYPE, c_char_p, c_uint64, c_void_p, py_object

from . import capi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ARRAY_TYPE, _DTYPE_TYPE = 2, 3
_PLACES = {
    "PyArray_Type": _ARRAY_TYPE,
    "PyArray_CopyInto": 50,
    "PyArray_Scalar": 60,
    "PyArray_NewCopy": 85,
    "PyArray_NewFromDescr": 94,
    "PyArray_EquivTypes": 182,
    "PyArray_Zeros": 183,
    "PyArray_Empty": 184,
    "PyArray_NewLikeArray": 277,
    "PyArray_SetBaseObject": 282,
}
_tables: dict[Any, int] = {}


def address(name: str) -> int:
    """The address of a function or object of NumPy's C-API.

    Raises LookupError if this NumPy has no table, or another one than expected.
    """
    numpy = sys.modules["numpy"]
    table = _tables.get(numpy)
    if table is None:
        table = _tables[numpy] = _table(numpy)
    if not table:
        raise LookupError(f"NumPy's C function {name}")
    return int(c_uint64.from_address(table + 8 * _PLACES[name]).value)


def _table(numpy: Any) -> int:
    capsule = getattr(sys.modules.get("numpy._core._multiarray_umath"), "_ARRAY_API", None)
    if capsule is None:
        return 0
    pointer = PYFUNCTYPE(c_void_p, py_object, c_char_p)(capi.address("PyCapsule_GetPointer"))
    try:
        table = int(pointer(capsule, None))
    except ValueError:
        return 0
    known = ((_ARRAY_TYPE, numpy.ndarray), (_DTYPE_TYPE, numpy.dtype))
    same = all(c_uint64.from_address(table + 8 * k).value == id(thing) for k, thing in known)
    return table if same else 0
