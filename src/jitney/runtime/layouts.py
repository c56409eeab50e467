"""Where CPython and NumPy keep things: offsets found by looking at live objects, never assumed.

`LAYOUT` is probed when this module is imported (a fraction of a millisecond). Every offset is the one place
where a known value was seen, checked on more objects afterwards. If anything disagrees, `LAYOUT.supported` is
False and `LAYOUT.reason` says why: then no generated code may run, and everything stays in CPython. All
offsets are in bytes from the object's address, which is its `id`.

`arrays()` does the same for NumPy, once the program has imported it.

Guards on names need the place of a dictionary entry: see `dict_entry`.
"""

from __future__ import annotations

import os
import sys
from ctypes import c_int64, string_at
from struct import pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_WORD = 8


class LayoutError(Exception):
    """A probe saw something else than any known layout."""


def _words(address: int, size: int) -> list[int]:
    return memoryview(string_at(address, size)).cast("Q").tolist()


def offset_of(address: int, size: int, value: bytes, what: str) -> int:
    """Where `value` lies in the `size` bytes at `address`: in one place, aligned to its length."""
    step = min(len(value), _WORD)
    memory = string_at(address, size)
    found = [at for at in range(0, size - len(value) + 1, step) if memory[at : at + len(value)] == value]
    if len(found) != 1:
        raise LayoutError(f"{what} was seen in {len(found)} places")
    return found[0]


class Layout:
    """Offsets inside Python's own objects.

    supported, reason
        Whether generated code may run at all; if not, why not, as a clause for a warning.
    type
        The pointer to the type.
    immortal
        Whether `None`, small ints and the like carry no real reference count (3.12+). The count is the word
        at 0. Then its low 32 bits are negative for an immortal object, and only they are counted.
    float_value, complex_value
        The double; the two doubles.
    int_size, int_digits, int_tagged
        The word that tells sign and number of digits, and the first 30-bit digit (4 bytes each, lowest
        first). Not tagged (3.10, 3.11): the word is the signed number of digits; digit 0 of a zero is not
        set. Tagged (3.12+): the word is number of digits << 3 | sign, where sign is 0 for positive, 1 for
        zero, 2 for negative, and bit 2 is to be masked; the int has at most one digit if the word is below
        16, and then digit 0 of a zero is 0.
    tuple_size, tuple_items
        The number of items, and the first of their pointers.
    cell_contents
        The pointer to what a closure's cell holds, or NULL.
    dict_size, dict_keys, dict_values
        The number of items, the pointer to the table of keys, and the pointer to separate values (NULL for a
        module's dictionary; where it is not NULL, entries hold no values).
    keys_used
        In the table of keys: the number of entries ever filled. A new key raises it by one or moves the
        table.
    """

    __slots__ = (
        "supported", "reason", "type", "immortal", "float_value", "complex_value", "int_size", "int_digits",
        "int_tagged", "tuple_size", "tuple_items", "cell_contents", "dict_size", "dict_keys", "dict_values",
        "keys_used",
    )  # fmt: skip

    supported: bool
    reason: str
    type: int
    immortal: bool
    float_value: int
    complex_value: int
    int_size: int
    int_digits: int
    int_tagged: bool
    tuple_size: int
    tuple_items: int
    cell_contents: int
    dict_size: int
    dict_keys: int
    dict_values: int
    keys_used: int

    def __init__(self) -> None:
        self.supported = False
        self.reason = _foreign()
        if self.reason:
            return
        try:
            for probe in (_probe_header, _probe_numbers, _probe_ints, _probe_containers, _probe_dicts):
                probe(self)
        except LayoutError as error:
            self.reason = f"the layout of this Python's objects is not known: {error}"
        else:
            self.supported = True


def _foreign() -> str:
    """Why this interpreter or machine is out of the question before any memory is looked at, or an empty
    string.
    """
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} is not CPython"
    if object.__basicsize__ != 2 * _WORD or sys.maxsize != (1 << 63) - 1:
        return "this is a free-threaded, tracing or 32-bit build of Python"
    if os.name != "posix" or os.uname().sysname != "Linux" or os.uname().machine != "x86_64":
        return "only Linux on x86-64 is supported so far"
    return ""


def _probe_header(layout: Layout) -> None:
    thing = object()
    layout.type = offset_of(id(thing), object.__basicsize__, pack("Q", id(object)), "the type pointer")
    count = c_int64.from_address(id(thing))
    before = count.value
    more = [thing] * 3
    if count.value - before != len(more):
        raise LayoutError("the reference count is not the first word")
    layout.immortal = _words(id(None), _WORD)[0] & 0x80000000 != 0
    if layout.immortal != (sys.version_info >= (3, 12)):
        raise LayoutError("the reference count of None is neither a count nor immortal")


def _probe_numbers(layout: Layout) -> None:
    value = -1.2345678e67
    layout.float_value = offset_of(id(value), float.__basicsize__, pack("d", value), "a float's value")
    number = complex(value, 3.25e-9)
    pair = pack("dd", number.real, number.imag)
    layout.complex_value = offset_of(id(number), complex.__basicsize__, pair, "a complex number's value")
    for other in (0.5, 1e300, -7.0):
        if string_at(id(other) + layout.float_value, 8) != pack("d", other):
            raise LayoutError("a float's value moves")


def _probe_ints(layout: Layout) -> None:
    if sys.int_info.bits_per_digit != 30 or sys.int_info.sizeof_digit != 4:
        raise LayoutError("ints are not made of 30-bit digits")
    low, high = 0x2ABCDEF1, 0x15A5A5A7
    value = low | high << 30
    layout.int_digits = offset_of(id(value), value.__sizeof__(), pack("II", low, high), "an int's digits")
    layout.int_size = layout.int_digits - _WORD
    size = _words(id(value) + layout.int_size, _WORD)[0]
    if size not in (2, 2 << 3):
        raise LayoutError(f"the size of an int reads {size:#x}")
    layout.int_tagged = size != 2
    top = 1 << 30
    for number in (0, 1, -1, 257, top - 1, -top, top, 1 - top, 1 << 60, -(1 << 62), (1 << 63) - 1, -(1 << 63)):
        if read_int(layout, id(number)) != number:
            raise LayoutError(f"the int {number} reads {read_int(layout, id(number))}")


def read_int(layout: Layout, address: int) -> int:
    """The value of the int object at an address, read as generated code reads it: the layout's meaning,
    spelled out.
    """
    size = c_int64.from_address(address + layout.int_size).value
    if layout.int_tagged:
        count, sign = size >> 3, 1 - (size & 3)
    else:
        count, sign = abs(size), (size > 0) - (size < 0)
    digits = memoryview(string_at(address + layout.int_digits, 4 * count)).cast("I").tolist()
    return sign * sum(digit << 30 * index for index, digit in enumerate(digits))


def _probe_containers(layout: Layout) -> None:
    first, second = object(), object()
    pair = (first, second, first)
    items = pack("QQQ", id(first), id(second), id(first))
    layout.tuple_items = offset_of(id(pair), pair.__sizeof__(), items, "a tuple's items")
    layout.tuple_size = layout.tuple_items - _WORD
    for other in ((), (first,), (first,) * 5):
        if _words(id(other) + layout.tuple_size, _WORD)[0] != len(other):
            raise LayoutError("a tuple's size is not before its items")
    cell = (lambda: first).__closure__[0]  # type: ignore[index]
    layout.cell_contents = offset_of(id(cell), type(cell).__basicsize__, pack("Q", id(first)), "a cell's contents")


def _probe_dicts(layout: Layout) -> None:
    """A dictionary is (count, type, size, ..., keys, values).

    Empty ones share one table of keys, others have their own. What else differs between dictionaries (a
    version tag) differs between empty ones too, or is zero.
    """
    size = dict.__basicsize__
    empty: dict[str, int] = {}
    also_empty: dict[str, int] = {}
    table = {"a": 1, "b": 2, "c": 3}
    other = {"a": 1, "b": 2, "c": 3}
    header = range(2, size // _WORD)
    rows = list(zip(*(_words(id(mapping), size) for mapping in (empty, also_empty, table, other))))
    sizes = [at for at in header if rows[at] == (0, 0, 3, 3)]
    keys = [at for at in header if len(set(rows[at])) == 3 and rows[at][0] == rows[at][1] > 1 << 16]
    values = [at for at in header if rows[at][2:] == (0, 0)]
    if len(sizes) != 1 or len(keys) != 1 or keys[0] + 1 not in values:
        raise LayoutError("a dictionary's table of keys was not found")
    layout.dict_size, layout.dict_keys, layout.dict_values = (_WORD * at for at in (sizes[0], keys[0], keys[0] + 1))
    head = 5 * _WORD
    before = _words(dict_keys(table, layout), head)
    table["d"] = 4
    after = _words(dict_keys(table, layout), head)
    del table["a"]
    later = _words(dict_keys(table, layout), head)
    used = [at for at in range(head // _WORD) if (before[at], after[at], later[at]) == (3, 4, 4)]
    if len(used) != 1:
        raise LayoutError("the number of a dictionary's entries was not found")
    layout.keys_used = _WORD * used[0]
    for key, value in table.items():
        if not dict_entry(table, key, layout):
            raise LayoutError(f"a dictionary's entry was not found ({key}: {value})")


def dict_keys(mapping: dict[Any, Any], layout: Layout | None = None) -> int:
    """The address of a dictionary's table of keys. It changes whenever the table is moved or made anew."""
    return _words(id(mapping) + (layout or LAYOUT).dict_keys, _WORD)[0]


def dict_used(mapping: dict[Any, Any]) -> int:
    """The number of entries ever filled in a dictionary's present table of keys, deleted ones included."""
    return _words(dict_keys(mapping) + LAYOUT.keys_used, _WORD)[0]


def dict_is_plain(mapping: object, layout: Layout | None = None) -> bool:
    """Whether this is a `dict` whose keys are its own, as a module's is; an instance's `__dict__` may share
    them.

    Only then can names in it be guarded: a dictionary that shares its keys gains one without any change to
    them.
    """
    if type(mapping) is not dict:
        return False
    return not mapping or not _words(id(mapping) + (layout or LAYOUT).dict_values, _WORD)[0]


def dict_entry(mapping: dict[Any, Any], key: object, layout: Layout | None = None) -> int:
    """The address of the two words (pointer to key, pointer to value) of an entry.

    0 if the key is absent or the dictionary is not a plain one. Every version keeps the two pointers side by
    side, inside a table whose length `dict.__sizeof__` tells; they are looked for there. The key is found by
    identity if it can be, and by equality otherwise, as CPython would.

    A guard on a name of a plain dictionary then holds these facts, and keeps dictionary, key and value alive:

    - present: the table is still at `dict_keys`, `dict_used` is unchanged, and the entry's words are the
      same two;
    - absent: the table is still at `dict_keys` and `dict_used` is unchanged, as a new key would raise it.
    """
    layout = layout or LAYOUT
    if key not in mapping or not dict_is_plain(mapping, layout):
        return 0
    value = mapping[key]
    start = dict_keys(mapping, layout)
    table = string_at(start, mapping.__sizeof__() - dict.__basicsize__)
    at = _find_pair(table, id(key), id(value))
    if at < 0:
        key = next(own for own in mapping if own == key)
        at = _find_pair(table, id(key), id(value))
    return start + at if at >= 0 else 0


def _find_pair(table: bytes, first: int, second: int) -> int:
    pair = pack("QQ", first, second)
    at = table.find(pair)
    while at >= 0 and at % _WORD:
        at = table.find(pair, at + 1)
    return at


_C, _F, _ALIGNED, _WRITEABLE = 0x1, 0x2, 0x100, 0x400
# The flags that tell layouts apart, so that no array fits two types, and what they must be.
_FLAGS = {"C": (_C, _C), "F": (_C | _F, _F), "A": (_C | _F, 0)}


def array_flags(layout: str, writeable: bool) -> tuple[int, int]:
    """Which flags of an array matter, and what they must be, for "C", "F" or any other ("A") layout in memory."""
    mask, flags = _FLAGS[layout]
    return mask | _ALIGNED | _WRITEABLE, flags | _ALIGNED | (_WRITEABLE if writeable else 0)


class ArrayLayout:
    """Offsets inside NumPy's arrays, dtypes and scalars.

    data, ndim, shape, strides, dtype, flags
        In an array: the pointer to the first element, the number of dimensions (int32), the pointers to its
        lengths and to its strides in bytes (int64 each), the pointer to the dtype, and the flags (int32):
        C-contiguous 1, Fortran-contiguous 2, aligned 0x100, writeable 0x400.
    type_number, byte_order
        In a dtype: its number (int32) and a character, "=" for this machine's order, "|" for none, else
        swapped.
    scalar
        In a scalar such as `numpy.float64(1)`: the value, of as many bytes as its dtype has.
    """

    __slots__ = (
        "array_type", "data", "ndim", "shape", "strides", "dtype", "flags", "type_number", "byte_order", "scalar",
    )  # fmt: skip

    def __init__(self, numpy: Any) -> None:
        self.array_type: Callable[..., Any] = numpy.ndarray
        grid = numpy.zeros((3, 5, 7, 11), "i2")[::2, 1:, ::-3, ::4]
        size = numpy.ndarray.__basicsize__

        def at(value: bytes, what: str) -> int:
            return offset_of(id(grid), size, value, what)

        self.data = at(pack("Q", grid.__array_interface__["data"][0]), "an array's data")
        self.ndim = at(pack("Q", 4), "an array's number of dimensions")
        self.dtype = at(pack("Q", id(grid.dtype)), "an array's dtype")
        self.shape = self.ndim + 8
        self.strides = self.shape + 8
        self.flags = self.dtype + 8
        # Only now, with everything around them in place, are the two pointers followed.
        if at(pack("Q", id(grid.base)), "an array's base") != self.strides + 8:
            raise LayoutError("an array's base is not after its strides")
        if self._int64s(id(grid), self.shape, 4) != grid.shape:
            raise LayoutError("an array's shape reads differently")
        if self._int64s(id(grid), self.strides, 4) != grid.strides:
            raise LayoutError("an array's strides read differently")
        frozen = numpy.zeros((2, 3), order="F")
        frozen.flags.writeable = False
        for array in (grid, numpy.zeros(3), numpy.zeros((2, 2)), frozen):
            expected = (
                array.flags.c_contiguous * 1 | array.flags.f_contiguous * 2 | array.flags.aligned * 0x100
                | array.flags.writeable * 0x400
            )  # fmt: skip
            if self._int32(id(array) + self.flags) & 0x503 != expected:
                raise LayoutError("an array's flags read differently")
            if self._int32(id(array) + self.ndim) != array.ndim:
                raise LayoutError("an array's number of dimensions reads differently")
        self._probe_dtypes(numpy)

    def _probe_dtypes(self, numpy: Any) -> None:
        names = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "c16", ">f8", ">i2")
        dtypes = [numpy.dtype(name) for name in names]
        memory = [string_at(id(dtype), 5 * _WORD) for dtype in dtypes]

        def common(values: list[bytes], what: str) -> int:
            step = len(values[0])
            for at in range(2 * _WORD, 5 * _WORD, step):
                if all(image[at : at + step] == value for image, value in zip(memory, values)):
                    return at
            raise LayoutError(f"{what} was not found")

        self.type_number = common([pack("i", dtype.num) for dtype in dtypes], "a dtype's number")
        self.byte_order = common([dtype.byteorder.encode() for dtype in dtypes], "a dtype's byte order")
        value = numpy.float64(-1.2345678e67)
        self.scalar = offset_of(id(value), type(value).__basicsize__, value.tobytes(), "a scalar's value")
        for name in names[:-3]:
            number = numpy.dtype(name).type(1)
            if string_at(id(number) + self.scalar, number.itemsize) != number.tobytes():
                raise LayoutError(f"the value of a scalar of type {name} reads differently")

    @staticmethod
    def _int32(address: int) -> int:
        return int.from_bytes(string_at(address, 4), "little", signed=True)

    @staticmethod
    def _int64s(address: int, offset: int, count: int) -> tuple[int, ...]:
        pointer = _words(address + offset, _WORD)[0]
        return tuple(memoryview(string_at(pointer, 8 * count)).cast("q"))


_arrays: dict[object, ArrayLayout | None] = {}


def arrays() -> ArrayLayout | None:
    """NumPy's layout, probed at the first call after the program has imported NumPy.

    None if NumPy is not imported, if its layout is not one we know, or if it is older than 2.0, whose scalars
    follow other rules (NEP 50): then functions of arrays run in CPython.
    """
    numpy = sys.modules.get("numpy")
    array_type = getattr(numpy, "ndarray", None)
    if array_type is None or not LAYOUT.supported or getattr(numpy, "__version__", "2").startswith(("0.", "1.")):
        return None
    if array_type not in _arrays:
        try:
            _arrays[array_type] = ArrayLayout(numpy)
        except LayoutError:
            _arrays[array_type] = None
    return _arrays[array_type]


class RecordLayout:
    """Offsets of what only records need.

    data, dtype, flags
        In an np.void: the pointer to the record, the pointer to the dtype, and the flags (int32) as in an array.
    names, scalar_class
        In a dtype: the pointer to the tuple of the fields' names, or null; and the pointer to the class of scalars.
    """

    __slots__ = ("data", "dtype", "flags", "names", "scalar_class")

    def __init__(self, numpy: Any) -> None:
        dtype = numpy.dtype([("first", "i4"), ("second", "f8")])
        records = numpy.zeros(3, dtype)
        frozen = records[1:]
        frozen.flags.writeable = False
        record, other = records[2], frozen[0]
        size = numpy.void.__basicsize__
        place = pack("Q", records.__array_interface__["data"][0] + 2 * dtype.itemsize)
        self.data = offset_of(id(record), size, place, "a record's data")
        self.dtype = offset_of(id(record), size, pack("Q", id(dtype)), "a record's dtype")
        self.flags = self.dtype + _WORD
        found = [memoryview(string_at(id(r) + self.flags, 4)).cast("i")[0] & _WRITEABLE for r in (record, other)]
        if found != [_WRITEABLE, 0]:
            raise LayoutError("a record's flags read differently")
        size = type(dtype).__basicsize__
        self.names = offset_of(id(dtype), size, pack("Q", id(dtype.names)), "the names of fields")
        self.scalar_class = offset_of(id(dtype), size, pack("Q", id(numpy.void)), "a dtype's class of scalars")


_records: dict[object, RecordLayout | None] = {}


def records() -> RecordLayout | None:
    """NumPy's layout of records, probed at the first call; None where it is not one we know."""
    numpy = sys.modules["numpy"]
    if numpy.ndarray not in _records:
        try:
            _records[numpy.ndarray] = RecordLayout(numpy)
        except LayoutError:
            _records[numpy.ndarray] = None
    return _records[numpy.ndarray]


def array_class(type: Any) -> Any:
    """The class of the arrays of an array type."""
    return getattr(type.item, "array_class", None) or sys.modules["numpy"].ndarray


def is_ndarray(kind: object) -> bool:
    """Whether a class is NumPy's ndarray."""
    return kind is not None and kind is getattr(sys.modules.get("numpy"), "ndarray", None)


LAYOUT = Layout()
