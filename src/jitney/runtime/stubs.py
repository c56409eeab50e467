"""The machine code that all entries share, made at the first decoration and kept for good.

See `listings_x86_64.py` for what each stub does.
"""

from __future__ import annotations

from ctypes import addressof, c_uint64, create_string_buffer

from ..asm import memory
from ..ir.context import DIRTY, FUEL, OWNED_BLOCK, OWNED_LIMIT, OWNED_TOP, STACK_LIMIT, TRACE_COUNT
from ..lazy import lazy
from . import capi, listings_x86_64, numpy_api
from .callable import FUNCTION, SLOW
from .layouts import LAYOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..asm.memory import Region
    from . import numpy_x86_64
else:
    numpy_x86_64 = lazy("jitney.runtime", "numpy_x86_64")

# The words of a specialisation that its code reads and writes, by byte offset.
CALLS = 0  # how often it was entered
BAILS = 8  # how often it left without having done anything
PLAIN = 16  # the plain function
HANDLER = 24  # what is asked when it has failed
REVIEW = 32  # it is also asked once in REVIEW + 1 bail-outs (one less than a power of two)
WORDS = 5

# In a dictionary's table of keys: four bytes of which the low three tell how it is laid out: its size, and from 3.11 on
# the sizes of its parts. A table with the same ones is as long.
KEYS_SHAPE = 8

LISTINGS = {
    "slow": listings_x86_64.SLOW,
    "plain": listings_x86_64.PLAIN,
    "deep": listings_x86_64.DEEP,
    "fail": listings_x86_64.FAIL,
    "locate": listings_x86_64.LOCATE,
    "check": listings_x86_64.CHECK,
    "poll": listings_x86_64.POLL,
    "long": listings_x86_64.LONG,
    "bind": listings_x86_64.BIND,
    "begin": listings_x86_64.BEGIN,
    "release": listings_x86_64.RELEASE,
    "finish": listings_x86_64.FINISH,
}
# Names in `numpy_x86_64`: these call NumPy, and are made at the first need.
NUMPY_LISTINGS = {
    "stretch": "STRETCH", "empty": "EMPTY", "discard": "DISCARD", "release arrays": "RELEASE_ARRAYS",
}  # fmt: skip


_pool = c_uint64(0)
# The one block of slots that calls take turns with (see `listings_x86_64.BEGIN`), 0 while one has it.
capi.define("PoolOfSlots", addressof(_pool))
_message = create_string_buffer(b"maximum recursion depth exceeded")
capi.define("PassedLimit", addressof(_message))


def offsets() -> dict[str, int]:
    """The offsets that listings name: each fits one byte."""
    return {
        "SLOW": SLOW, "FUNCTION": FUNCTION, "DIRTY": DIRTY, "BAILS": BAILS, "PLAIN": PLAIN, "HANDLER": HANDLER,
        "REVIEW": REVIEW, "TYPE": LAYOUT.type, "DICT_KEYS": LAYOUT.dict_keys, "KEYS_USED": LAYOUT.keys_used,
        "KEYS_SHAPE": KEYS_SHAPE, "CELL_CONTENTS": LAYOUT.cell_contents, "FLOAT_VALUE": LAYOUT.float_value,
        "INT_SIZE": LAYOUT.int_size, "INT_DIGITS": LAYOUT.int_digits, "STACK_LIMIT": STACK_LIMIT, "FUEL": FUEL,
        "TRACE_COUNT": TRACE_COUNT, "TUPLE_SIZE": LAYOUT.tuple_size, "TUPLE_ITEMS": LAYOUT.tuple_items,
        "OWNED_TOP": OWNED_TOP, "OWNED_LIMIT": OWNED_LIMIT, "OWNED_BLOCK": OWNED_BLOCK,
    }  # fmt: skip


_names: dict[str, str] = {}


def text(listing: str) -> str:
    """The left side of a listing, offsets and addresses in place of their names: bytes in hexadecimal, and the holes of
    pieces (`@name`), with blanks in between."""
    if not _names:
        _names.update({name: f"{offset:02x}" for name, offset in offsets().items()})
        _names["None"] = capi.NONE.to_bytes(8, "little").hex()
        _names["POOL"] = "POOL"
    words = " ".join([line[:30] for line in listing.splitlines()]).split()
    found = " ".join(map(_names.get, words, words))
    if "P" in found:
        for word in words:
            if word[0] == "P" and word not in _names:
                _names[word] = _address(word)
        found = " ".join(map(_names.get, words, words))
    return found


def _address(function: str) -> str:
    where = numpy_api.address if function.startswith("PyArray_") else capi.address
    return where(function).to_bytes(8, "little").hex()


def code(listing: str, pool: int = 0) -> bytes:
    """The bytes of a listing's left side; `pool` is what POOL stands for."""
    return bytes.fromhex(text(listing).replace("POOL", pool.to_bytes(8, "little").hex()))


_region: list[Region] = []
_addresses: dict[str, int] = {}


def address(name: str) -> int:
    """The address of one of `LISTINGS` or `NUMPY_LISTINGS`.

    Raises LookupError where NumPy's functions are not to be found.
    """
    if not _region:
        _make()
    if name not in _addresses:
        _addresses[name] = memory.publish(code(getattr(numpy_x86_64, NUMPY_LISTINGS[name]))).keep().code_address
    return _addresses[name]


def slow_region() -> Region:
    """The memory of all stubs; it begins with the slow entry."""
    if not _region:
        _make()
    return _region[0]


def _make() -> None:
    capi.PLAIN_CALL.value = capi.address("PyObject_Vectorcall")
    whole = bytearray()
    starts: dict[str, int] = {}
    for name, listing in LISTINGS.items():
        whole += b"\xcc" * (-len(whole) % 16)
        starts[name] = len(whole)
        whole += code(listing)
    region = memory.publish(bytes(whole)).keep()
    _addresses.update({name: region.code_address + start for name, start in starts.items()})
    _region.append(region)
