"""What compiled code has to know of the process it runs in: addresses and offsets, for the frontend.

The frontend knows this module as `Hooks.host` only, since layers above must not be imported.
"""

from __future__ import annotations

from ..lazy import lazy
from . import capi, numpy_api, stubs
from .layouts import LAYOUT, arrays, records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import generators as _generators
    from . import keeping as _keeping
else:
    _generators, _keeping = lazy("jitney.runtime", "generators", "keeping")

__all__ = [
    "LAYOUT", "arrays", "c_function", "draws", "fuses", "generators", "kept", "numpy_function", "records", "stub",
    "twister",
]  # fmt: skip

c_function = capi.address
fuses = True
"""Whether the processor rounds a product and a sum once; `pipeline` says so."""
_keeps = False
stub = stubs.address
numpy_function = numpy_api.address


def generators(kind: type) -> _generators.GeneratorLayout | None:
    """The layout of a class of NumPy's random generators; None for all other classes."""
    return _generators.layout(kind)


def kept(name: str, load: bool) -> int:
    """The address of one of the functions that keep arrays (`keeping.py`); 0 where there is none, and unless `load`
    where none has been asked for yet."""
    global _keeps
    if not load and not _keeps:
        return 0
    _keeps = True
    return _keeping.address(name)


def draws(name: str) -> int:
    """The address of one of NumPy's functions that draw random numbers; 0 if there is none of this name."""
    return _generators.function(name)


def twister() -> int:
    """Where a `random.Random` keeps its index and words; -1 if that is not known."""
    return _generators.twister()
