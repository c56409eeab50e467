"""What compiled code has to know of the process it runs in: addresses and offsets, for the frontend.

The frontend knows this module as `Hooks.host` only, since layers above must not be imported.
"""

from __future__ import annotations

from . import capi, numpy_api, stubs
from .layouts import LAYOUT, arrays, records

__all__ = ["LAYOUT", "arrays", "c_function", "numpy_function", "records", "stub"]

c_function = capi.address
stub = stubs.address
numpy_function = numpy_api.address
