"""Types of records: elements of arrays with named fields; and which classes are tuples with named fields.

    np.dtype([("x", "f8"), ("n", "i4")], align=True)  ->  Record: x float64 at 0, n int32 at 8, 16 bytes in all

A record once read (`a[i]`, NumPy's np.void) is a view of the array's memory. Its type is that of an array without
dimensions whose element is the record; arrays without dimensions that hold records are objects like any other.
"""

from __future__ import annotations

import sys

from .errors import UnsupportedError
from .ir.types import PTR, Access, Type
from .pytypes import ITEMS, SCALARS, Apart, PyType, Scalar, interned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UNALIGNED = {item: Apart(item) for item in SCALARS.values()}
"""Elements that may lie anywhere."""


class Field:
    """One field: its distance from the record's start in bytes, the type of its elements, its axes' lengths."""

    __slots__ = ("item", "offset", "shape")

    def __init__(self, offset: int, item: Scalar, shape: tuple[int, ...]) -> None:
        self.offset = offset
        self.item = item
        self.shape = shape


class _RecordAccess(Access):
    """How memory holds a record: there is no machine type of it. Code that asks for one knows nothing of records, and
    what is being compiled is done another way."""

    __slots__ = ()

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size

    @property
    def type(self) -> Type:  # type: ignore[override]
        raise UnsupportedError("this use of records is not supported")


class Record(Apart):
    """An element with named fields. Make with `record_type`.

    Attributes:
        dtype: NumPy's dtype object, which the type keeps alive.
        aligned: the memory is aligned as the dtype asks for.
        array_class: of the arrays: np.ndarray or np.recarray.
    """

    __slots__ = ("_fields", "aligned", "array_class")

    def __init__(self, dtype: Any, aligned: bool, array_class: Any) -> None:
        size = dtype.itemsize
        access = _RecordAccess(f"record{size}", size)
        names = ", ".join(dtype.names)
        short = names if len(names) <= _MOST_LETTERS else names[:_MOST_LETTERS] + "..."
        PyType.__init__(self, f"record({short})", (PTR,))
        self.kind, self.bits, self.access = "V", 8 * size, access
        self.loaded = self
        self.dtype = dtype
        self.aligned = aligned
        self.array_class = array_class
        self._fields: dict[tuple[str, bool], Field | None] = {}

    @property
    def scalar_class(self) -> type:
        """np.void or np.record."""
        found: type = self.dtype.type
        return found

    def field(self, name: str, single: bool) -> Field | None:
        """The field of this name; None where there is none, or none of a type that is taken apart. `single`: of one
        record, not of an array of them."""
        key = (name, single)
        if key not in self._fields:
            self._fields[key] = self._field(name, single)
        return self._fields[key]

    def _field(self, name: str, single: bool) -> Field | None:
        own = self.dtype
        if name not in own.fields:
            return None
        dtype, offset = own.fields[name][:2]
        shape: tuple[int, ...] = ()
        if dtype.subdtype is not None:
            dtype, shape = dtype.subdtype
        aligned = self.aligned and all(n % dtype.alignment == 0 for n in (own.alignment, offset, own.itemsize))
        if dtype.names is not None:
            numpy = sys.modules["numpy"]
            if single and shape and self.scalar_class is numpy.record:
                return None
            if self.array_class is numpy.recarray or (single and not shape and self.scalar_class is numpy.record):
                # np.record and np.recarray make more of their kind of what is inside.
                dtype = numpy.dtype((numpy.record, dtype))
            inner = record_type(dtype, aligned, self.array_class)
            return Field(offset, inner, shape) if inner is not None else None
        item = ITEMS.get(dtype.name)
        if item is None or not dtype.isnative:
            return None
        if not aligned:
            item = _UNALIGNED.get(item)  # no complex numbers
        return Field(offset, item, shape) if item is not None else None


    def scalars(self) -> list[tuple[int, Scalar]] | None:
        """All that a record consists of, and where it lies; None where some of it is not taken apart, or it is much."""
        out: list[tuple[int, Scalar]] = []
        for name in self.dtype.names:
            field = self.field(name, False)
            if field is None:
                return None
            inner = field.item.scalars() if isinstance(field.item, Record) else [(0, field.item)]
            count = 1
            for length in field.shape:
                count *= length
            if inner is None or len(out) + count * len(inner) > _MOST_SCALARS:
                return None
            size = field.item.access.size
            out += [(field.offset + k * size + at, scalar) for k in range(count) for at, scalar in inner]
        return out


def record_type(dtype: Any, aligned: bool, array_class: Any) -> Record | None:
    """The type of such elements, None where they are not taken apart: dtypes that look the same, of whatever identity,
    are one type."""
    numpy = sys.modules["numpy"]
    if dtype.names is None or dtype.type not in (numpy.void, numpy.record) or dtype.metadata or dtype.itemsize > _MOST:
        return None
    found: Record = interned(("record", aligned, array_class, *_looks(dtype)), Record, dtype, aligned, array_class)
    return found


_MOST_SCALARS = 64
_MOST_LETTERS = 40
_MOST = 1 << 30  # bytes: offsets are displacements of machine instructions


def _looks(dtype: Any) -> tuple[Any, ...]:
    """All that tells one dtype from another."""
    if dtype.subdtype is not None:
        return (dtype.shape, *_looks(dtype.base))
    own = (dtype.str, dtype.type, dtype.alignment, dtype.isalignedstruct)
    if dtype.names is None:
        return own
    return (*own, tuple([(name, *dtype.fields[name][1:], _looks(dtype.fields[name][0])) for name in dtype.names]))


# -- tuples with names ------------------------------------------------------------------------------------------------

_named: dict[int, tuple[Any, bool]] = {}
_NAMED_OWN = ("__new__", "__repr__", "__getnewargs__", "__replace__", "__doc__", "__slots__", "__module__",
    "__match_args__", "__annotations__", "__orig_bases__", "__annotate__", "__annotate_func__",
    "__annotations_cache__", "__static_attributes__", "__firstlineno__", "__slotnames__")  # fmt: skip


def is_named_class(kind: Any) -> bool:
    """Whether a class is one of `collections.namedtuple`, or of `typing.NamedTuple`, whose instances are tuples in all
    respects but for the names."""
    if type(kind) is not type or kind.__bases__ != (tuple,):
        return False
    known = _named.get(id(kind))
    if known is None:
        space = getattr(kind.__new__, "__globals__", {}).get("__name__")
        getters = [type(vars(kind).get(name)).__name__ for name in getattr(kind, "_fields", ())]
        special = [name for name in vars(kind) if name.startswith("__") and name not in _NAMED_OWN]
        plain = space == "namedtuple_" + kind.__name__ and not special and not kind.__dictoffset__
        # Held for good: few programs make such classes without end.
        plain = plain and set(getters) == {"_tuplegetter"} and len(_named) < 1000
        known = _named[id(kind)] = kind, plain
    return known[1]
