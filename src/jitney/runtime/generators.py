"""Where random generators keep their state, and the C functions of NumPy's that draw from it: for generated code.

A `Generator` holds a copy of its bit generator's record `bitgen_t` (state and functions that give the next bits), and
the lock that its methods take; a `RandomState` also the second normal number of each pair. NumPy publishes the
functions of this record that draw ("Extending", "C API for random" in its documentation).
"""

from __future__ import annotations

import sys
from _thread import LockType, RLock, allocate_lock
from ctypes import CDLL, PYFUNCTYPE, addressof, c_char, c_char_p, c_void_p, py_object, string_at
from struct import error as StructError
from struct import pack, unpack

from . import capi
from .layouts import LAYOUT, LayoutError, offset_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BITGEN_SIZE = 40  # state, next_uint64, next_uint32, next_double, next_raw


class GeneratorLayout:
    """Offsets in objects of `kind`, a class of generators.

    bitgen, lock
        The record, and the pointer to the lock.
    gauss
        Of `RandomState`: an int that says whether there is a number left, and, 8 bytes on, the number. -1 elsewhere.
    lock_type, held, held_size
        The class of all such locks; where one says that somebody holds it, and in how many bytes.
    """

    def __init__(self, kind: Any, bits: Any) -> None:
        generator = kind(bits)
        size, start = kind.__basicsize__, id(generator)
        bit_generator = getattr(generator, "_bit_generator", None) or generator.bit_generator
        pointer = PYFUNCTYPE(c_void_p, py_object, c_char_p)(capi.address("PyCapsule_GetPointer"))
        record = string_at(pointer(bit_generator.capsule, b"BitGenerator"), _BITGEN_SIZE)
        self.kind = kind
        self.bitgen = offset_of(start, size, record[:8], "a generator's state")
        if string_at(start + self.bitgen, _BITGEN_SIZE) != record:
            raise LayoutError("a generator's record is not its bit generator's")
        lock = bit_generator.lock
        self.lock = offset_of(start, size, pack("Q", id(lock)), "a generator's lock")
        self.lock_type = type(lock)
        self.held, self.held_size = _held(type(lock))
        self.gauss = -1
        if hasattr(generator, "get_state"):
            itself = pack("Q", start + self.bitgen)
            self.gauss = 8 + offset_of(start, size, itself, "a generator's pointer to its record")
            generator.standard_normal()
            left, number = unpack("i4xd", string_at(start + self.gauss, 16))
            state = generator.get_state(legacy=False)
            if (left, number) != (1, state["gauss"]) or state["has_gauss"] != 1:
                raise LayoutError("a generator's second number is elsewhere")


def _held(kind: Any) -> tuple[int, int]:
    """Where a lock of this class says that somebody holds it, and in how many bytes."""
    if kind not in (RLock, LockType):
        raise LayoutError("locks are not Python's own")
    again = kind is RLock
    lock, size = RLock() if again else allocate_lock(), kind.__basicsize__
    states = [string_at(id(lock), size)]
    for _ in range(2 if again else 1):
        lock.acquire()
        states.append(string_at(id(lock), size))
    for _ in range(2 if again else 1):
        lock.release()
    states.append(string_at(id(lock), size))
    # An RLock counts; a lock has a byte, with anything behind it.
    width = 8 if again else 1
    wanted = [n.to_bytes(width, "little") for n in ((0, 1, 2, 0) if again else (0, 1, 0))]
    found = [at for at in range(16, size, width) if [s[at : at + width] for s in states] == wanted]
    if len(found) != 1:
        raise LayoutError(f"a lock's count was seen in {len(found)} places")
    return found[0], width


def twister() -> int:
    """Where a `random.Random` keeps its index, an int of C, and, 4 bytes on, its 624 words; -1 if that is not known."""
    random = sys.modules.get("random")
    kind = getattr(random, "Random", None)
    if kind not in _twisters:
        _twisters[kind] = -1
        try:
            generator = kind(1)  # type: ignore[misc]
            generator.random()
            *words, index = generator.getstate()[1]
            state = pack("i624I", index, *words)
            _twisters[kind] = offset_of(id(generator), kind.__base__.__basicsize__, state, "a generator's words")  # type: ignore[union-attr]
        except (LayoutError, LookupError, AttributeError, TypeError, ValueError, StructError):
            pass
    return _twisters[kind]


_twisters: dict[Any, int] = {}
_layouts: dict[Any, GeneratorLayout | None] = {}
_libraries: dict[Any, CDLL | None] = {}


def layout(kind: Any) -> GeneratorLayout | None:
    """The layout of `numpy.random.Generator` or `RandomState`, probed at the first call; None if it is not known, and
    for all other classes."""
    random = sys.modules.get("numpy.random")
    if random is None or kind not in (getattr(random, "Generator", None), getattr(random, "RandomState", None)):
        return None
    if kind not in _layouts:
        try:
            _layouts[kind] = GeneratorLayout(kind, random.MT19937(1)) if LAYOUT.supported else None
        except (LayoutError, LookupError, AttributeError, ValueError):
            _layouts[kind] = None
    return _layouts[kind]


def function(name: str) -> int:
    """The address of one of NumPy's functions that draw, such as ``random_standard_normal``; 0 if there is none."""
    module = sys.modules.get("numpy.random._generator")
    if module not in _libraries:
        try:
            _libraries[module] = CDLL(module.__file__)  # type: ignore[union-attr]
        except (OSError, AttributeError, TypeError):
            _libraries[module] = None
    library = _libraries[module]
    try:
        return addressof(c_char.in_dll(library, name)) if library is not None else 0
    except ValueError:
        return 0
