"""Types of Python values as the compiler sees them, and how each lies in machine values.

The frontend infers them, the runtime checks and unboxes arguments by them. A value of a type is carried by the
machine values of its *leaves*, in order: a float by one f64, an array by its object, data pointer, lengths and
strides, a constant or None by nothing. Types are interned: equal types are the same object.
"""

from __future__ import annotations

from _weakref import ref

from .errors import UnsupportedError
from .ir.types import ACCESSES, F64, I1, I64, PTR, Access, Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Of a dimension of an array that has a type: so sums of lengths and indices fit without a test. NumPy makes longer
#: ones only where there are no elements, or where strides are 0 and elements shorter than 8 bytes.
MAX_LENGTH = (1 << 60) - 1
#: Of an array that has a type; those of more dimensions are objects like any other.
MAX_NDIM = 8


class PyType:
    """Base of all.

    Attributes:
        name: for messages.
        leaves: the machine types of a value, in order.
        tag: of a scalar type: the number that stands for it in the tag of a union; -1 where it cannot be a member.
    """

    __slots__ = ("__weakref__", "leaves", "name", "tag")

    def __init__(self, name: str, leaves: tuple[Type, ...], tag: int = -1) -> None:
        self.name = name
        self.leaves = leaves
        self.tag = tag

    def __repr__(self) -> str:
        return self.name


UNBOUND = PyType("unbound", (), 0)
INT = PyType("int", (I64,), 1)
FLOAT = PyType("float", (F64,), 2)
BOOL = PyType("bool", (I1,), 3)
NONE = PyType("None", (), 4)
# UNBOUND is the type of a local variable that has no value.


class Scalar(PyType):
    """A NumPy scalar: an array's element once read. One instance per dtype in `SCALARS`.

    Attributes:
        dtype: NumPy's name, "float64".
        kind: NumPy's kind letter: "b" bool, "i" signed, "u" unsigned, "f" float.
        bits: width.
        access: how an element lies in memory.
    """

    __slots__ = ("access", "bits", "dtype", "kind")

    def __init__(self, dtype: str, kind: str, bits: int, access: Access, tag: int) -> None:
        super().__init__("np." + dtype, (access.type,), tag)
        self.dtype = dtype
        self.kind = kind
        self.bits = bits
        self.access = access


SCALARS: dict[str, Scalar] = {
    name: Scalar(name, kind, bits, ACCESSES[access], tag)
    for tag, (name, kind, bits, access) in enumerate((
        ("bool", "b", 8, "b1"),
        ("int8", "i", 8, "i8"),
        ("int16", "i", 16, "i16"),
        ("int32", "i", 32, "i32"),
        ("int64", "i", 64, "i64"),
        ("uint8", "u", 8, "u8"),
        ("uint16", "u", 16, "u16"),
        ("uint32", "u", 32, "u32"),
        ("uint64", "u", 64, "i64"),  # the bits of a u64 travel in an i64
        ("float32", "f", 32, "f32"),
        ("float64", "f", 64, "f64"),
    ), 5)
}


class PairAccess(Access):
    """How elements of two parts lie in memory, such as complex ones: `size` is that of both parts. There is no machine
    type of both: code that asks for it knows nothing of such elements; what is being compiled is done another way."""

    __slots__ = ()

    def __init__(self, part: Access) -> None:
        self.name = "pair of " + part.name
        self.size = 2 * part.size

    @property
    def type(self) -> Type:  # type: ignore[override]
        raise UnsupportedError("this use of complex elements is not supported")


class Complex(PyType):
    """A complex number: Python's, or a NumPy scalar. Leaves: the real and the imaginary part.

    Attributes:
        dtype: NumPy's name, "complex128"; of Python's own the same.
        kind: NumPy's kind letter, "c". bits: the width of both parts.
        part: the type of the parts.
        access: see `PairAccess`.
    """

    __slots__ = ("access", "bits", "dtype", "kind", "part")

    def __init__(self, name: str, dtype: str, part: Scalar | PyType, access: Access, tag: int) -> None:
        super().__init__(name, part.leaves * 2, tag)
        self.dtype = dtype
        self.kind = "c"
        self.bits = 16 * access.size
        self.part = part
        self.access = PairAccess(access)


COMPLEX = Complex("complex", "complex128", FLOAT, ACCESSES["f64"], 32)
COMPLEX64 = Complex("np.complex64", "complex64", SCALARS["float32"], ACCESSES["f32"], 33)
COMPLEX128 = Complex("np.complex128", "complex128", SCALARS["float64"], ACCESSES["f64"], 34)
ITEMS: dict[str, Any] = {**SCALARS, "complex64": COMPLEX64, "complex128": COMPLEX128}
"""The types that elements of arrays have. Where an annotation says `Scalar` of an array's item, it may be `Complex`:
what does not ask by `isinstance` finds no machine type in `access`."""
class Apart(Scalar):
    """The element of an array that is taken apart one element at a time, while NumPy itself computes with the whole: it
    may be unaligned, or is a record (`records.Record`).

    Attributes:
        loaded: the type of an element once read.
    """

    __slots__ = ("loaded",)

    dtype: Any

    def __init__(self, loaded: Scalar) -> None:
        super().__init__(loaded.dtype, loaded.kind, loaded.bits, loaded.access, -1)
        self.loaded = loaded


class Array(PyType):
    """A NumPy array of `ndim` dimensions with elements of `item`. Make with `array_type`.

    `layout` is "C" (contiguous, last index fastest), "F" (first index fastest) or "A" (any strides). Leaves: the
    object, the data pointer, the `ndim` lengths, and for layout "A" the `ndim` strides in bytes.

    Attributes:
        view: the object is only what keeps the memory alive: there is no ndarray of its own for this value (yet).
        mixed: of a view: it may be an ndarray of its own after all; then the lowest bit of the object's address is set.
        local: made in this very call, so that nobody outside sees what is stored into it.
        maybe: of a variable: it may be unbound; then the object is null.
        owned: whoever keeps such a value beyond the statement has to hold a reference to the object. Others are
            *borrowed*: somebody outside holds one for the whole call.
    """

    __slots__ = ("item", "layout", "local", "maybe", "mixed", "ndim", "owned", "view", "writeable")

    def __init__(self, item: Scalar, ndim: int, layout: str, writeable: bool, *flags: bool) -> None:
        self.view, self.local, self.owned, self.mixed, self.maybe = flags
        strides = ndim if layout == "A" else 0
        suffix = "" if writeable else ", read-only"
        words = ("view", "local", "owned", "mixed", "maybe")
        suffix += "".join([f", {word}" for word, flag in zip(words, flags) if flag])
        name = f"array({item.name.removeprefix('np.')}, {ndim}d, {layout}{suffix})"
        super().__init__(name, (PTR, PTR) + (I64,) * (ndim + strides))
        self.item = item
        self.ndim = ndim
        self.layout = layout
        self.writeable = writeable

    def or_unbound(self, maybe: bool) -> Array:
        """The type of a variable that has such a value, or (with `maybe`) none."""
        flags = (self.view, self.local, self.owned, self.mixed, maybe)
        return array_type(self.item, self.ndim, self.layout, self.writeable, *flags)

    @property
    def borrowed(self) -> Array:
        """The type as a callee sees it, and with it whoever need not keep it alive."""
        return array_type(self.item, self.ndim, self.layout, self.writeable, self.view, mixed=self.mixed)

    @property
    def kept(self) -> Array:
        """The type of a value that somebody keeps alive until the function returns."""
        return array_type(
            self.item, self.ndim, self.layout, self.writeable, self.view, self.local, mixed=self.mixed
        )  # fmt: skip

    @property
    def returned(self) -> Array:
        """The type of a value as a new reference to an ndarray."""
        return array_type(self.item, self.ndim, self.layout, self.writeable, False, self.local, True)


class Object(PyType):
    """Any Python object, whatever it is. Leaf: its address. Make with `object_type`.

    Attributes:
        kind: its exact class, None where that is not known.
        owned: see `Array`.
        maybe: see `Array`.
        elements: of a kind of tuple, what its items should be; () where that is not known.
        local: of a list: see `Array`.
    """

    __slots__ = ("elements", "kind", "local", "maybe", "owned")

    def __init__(self, kind: type | None, owned: bool, elements: tuple[PyType, ...], maybe: bool, local: bool) -> None:
        self.maybe = maybe
        self.local = local
        self.elements = elements
        name = "object" if kind is None else kind.__qualname__
        super().__init__(f"{name}, owned" if owned else name, (PTR,))
        self.kind = kind
        self.owned = owned

    def or_unbound(self, maybe: bool) -> Object:
        """See `Array.or_unbound`."""
        return object_type(self.kind, self.owned, self.elements, maybe, self.local)

    @property
    def borrowed(self) -> Object:
        return object_type(self.kind, False, self.elements)

    @property
    def kept(self) -> Object:
        return object_type(self.kind, False, self.elements, local=self.local)

    @property
    def returned(self) -> Object:
        return object_type(self.kind, True, self.elements)


class List(PyType):
    """A list of numbers that only one name of the function knows (`frontend/packed.py`). Make with `list_type`.

    Leaves: where its cells lie, how many of them are used, and how many there are.

    Attributes:
        item: the type of its items; None of one that is empty.
    """

    __slots__ = ("item",)

    def __init__(self, item: PyType | None) -> None:
        super().__init__("empty list" if item is None else f"list of {item}", (PTR, I64, I64))
        self.item = item


class Tuple(PyType):
    """A tuple taken apart at compile time. Leaves: those of all elements in order. Make with `tuple_type`."""

    __slots__ = ("elements",)

    def __init__(self, elements: tuple[PyType, ...]) -> None:
        inner = ", ".join(e.name for e in elements) + ("," if len(elements) == 1 else "")
        super().__init__(f"({inner})", tuple(leaf for e in elements for leaf in e.leaves))
        self.elements = elements


class NamedTuple(Tuple):
    """A tuple of a class of `collections.namedtuple`, taken apart in the same way. Make with `tuple_like`.

    Attributes:
        kind: the class.
    """

    __slots__ = ("kind",)

    def __init__(self, kind: Any, elements: tuple[PyType, ...]) -> None:
        super().__init__(elements)
        self.name = kind.__qualname__ + self.name
        self.kind = kind


class Closure(PyType):
    """A function that the function being compiled makes. Leaves: those of what it captures, in order. Make with
    `closure_type`.

    Attributes:
        lifted: the function, with what it captures as its first parameters.
        captured: their names.
        elements: the types of their values, of a function that carries them along.
        bound: it does; else they are looked for by their names, where it was made.
    """

    __slots__ = ("bound", "captured", "elements", "lifted")

    def __init__(self, lifted: Any, captured: tuple[str, ...], elements: tuple[PyType, ...] | None) -> None:
        super().__init__(lifted.__name__, tuple(leaf for e in elements or () for leaf in e.leaves))
        self.lifted = lifted
        self.captured = captured
        self.elements = elements or ()
        self.bound = elements is not None


class Slice(PyType):
    """A slice object taken apart. Leaves: those of start, stop and step in order. Make with `slice_type`."""

    __slots__ = ("bounds",)

    def __init__(self, bounds: tuple[PyType, ...]) -> None:
        super().__init__("slice", tuple(leaf for bound in bounds for leaf in bound.leaves))
        self.bounds = bounds


class Iterator(PyType):
    """What `enumerate`, `zip` and others give: gone through once, by whoever takes it where it is made.

    `kind` is the function's name; leaves: those of what it goes through, `inner`, in order. Make with `iterator_type`.
    """

    __slots__ = ("inner", "kind")

    def __init__(self, kind: str, inner: tuple[PyType, ...]) -> None:
        super().__init__(f"{kind} object", tuple(leaf for t in inner for leaf in t.leaves))
        self.kind = kind
        self.inner = inner


class Union(PyType):
    """One of several scalar types, known when running. Make with `union_type`.

    Leaves: an i64, the `tag` of the member that it is; and the value. Where all members that have a value share one
    machine type among i64 and f64, the value is of that type (so that `float | np.float64` costs nothing); else it
    is an i64: a float64 by its bits, a float32 widened to float64 first, a bool as 0 or 1, None and unbound as 0.
    Where a member is complex that is its real part, and the imaginary one follows as an f64, which is 0 for others.
    """

    __slots__ = ("members", "payload")

    def __init__(self, members: tuple[PyType, ...]) -> None:
        kinds = {m.leaves[0] for m in members if m.leaves}
        self.payload = F64 if kinds == {F64} else I64
        second = (F64,) if any(isinstance(m, Complex) for m in members) else ()
        super().__init__(" | ".join(m.name for m in members), (I64, self.payload, *second))
        self.members = members

    def without(self, member: PyType) -> PyType:
        """The type when it is known not to be `member`."""
        rest = tuple(m for m in self.members if m is not member)
        return rest[0] if len(rest) == 1 else union_type(rest)


class Constant(PyType):
    """A Python object known when compiling: a module, a function, a dtype, a string. Make with `constant_type`."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        super().__init__(f"constant {value!r}"[:80], ())
        self.value = value


_interned: dict[Any, ref[PyType]] = {}
"""Held weakly: a constant's type holds the object, which may be a function that is to be collected one day."""


def interned(key: Any, make: Any, *args: Any) -> Any:
    """The type with this key, made of `args` where there is none."""
    known = _interned.get(key)
    found = known() if known is not None else None
    if found is None:
        found = make(*args)
        forget = _interned.pop
        _interned[key] = ref(found, lambda _: forget(key, None))
    return found


def array_type(
    item: Scalar, ndim: int, layout: str = "C", writeable: bool = True, view: bool = False, local: bool = False,
    owned: bool = False, mixed: bool = False, maybe: bool = False,
) -> Array:  # fmt: skip
    shape = (item, ndim, layout, writeable, view, local, owned, mixed, maybe)
    result: Array = interned(("array", *shape), Array, *shape)
    return result


def object_type(
    kind: type | None = None, owned: bool = False, elements: tuple[PyType, ...] = (), maybe: bool = False,
    local: bool = False,
) -> Object:  # fmt: skip
    shape = (kind, owned, elements, maybe, local)
    result: Object = interned(("object", *shape), Object, *shape)
    return result


def list_type(item: PyType | None) -> List:
    result: List = interned(("list", item), List, item)
    return result


def tuple_type(elements: tuple[PyType, ...]) -> Tuple:
    result: Tuple = interned(("tuple", *elements), Tuple, elements)
    return result


def tuple_like(like: Any, elements: tuple[PyType, ...]) -> Tuple:
    """The type of such a tuple as `like`, the type of one or a class, with elements of these types."""
    kind = like.kind if isinstance(like, NamedTuple) else like
    if kind is tuple or isinstance(kind, Tuple):
        return tuple_type(elements)
    result: NamedTuple = interned(("named", id(kind), *elements), NamedTuple, kind, elements)
    return result


def closure_type(lifted: Any, captured: tuple[str, ...], elements: tuple[PyType, ...] | None) -> Closure:
    """`elements` None: of one that is called where it was made."""
    result: Closure = interned(("closure", id(lifted), elements), Closure, lifted, captured, elements)
    return result


def slice_type(bounds: tuple[PyType, ...]) -> Slice:
    """The type of slices whose start, stop and step are of these types."""
    result: Slice = interned(("slice", *bounds), Slice, bounds)
    return result


def iterator_type(kind: str, inner: tuple[PyType, ...]) -> Iterator:
    """The type of what the function `kind` makes of values of these types."""
    result: Iterator = interned(("iterator", kind, *inner), Iterator, kind, inner)
    return result


def union_type(members: tuple[PyType, ...]) -> Union:
    """The union of two or more different scalar types, in a fixed order."""
    ordered = tuple(sorted(members, key=lambda m: m.tag))
    result: Union = interned(("union", *ordered), Union, ordered)
    return result


def constant_type(value: Any) -> Constant:
    """The type of exactly `value`; two constants are the same type when they are the same object."""
    result: Constant = interned(("constant", id(value)), Constant, value)
    return result


def join(a: PyType, b: PyType) -> PyType | None:
    """The type of a value that is either; an object where nothing better is; None where the two cannot share a
    variable."""
    if a is b:
        return a
    joined = _join_alike(a, b)
    if joined is None and can_box(a) and can_box(b):
        maybe = any(isinstance(t, (Array, Object)) and t.maybe for t in (a, b))
        return object_type(None, True, maybe=maybe)
    return joined


def _join_alike(a: PyType, b: PyType) -> PyType | None:
    """`join` without becoming an object."""
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.elements) == len(b.elements) and _same_class(a, b):
        elements = []
        for x, y in zip(a.elements, b.elements):
            joined = _join_alike(x, y)
            if joined is None and is_boxable(x) and is_boxable(y):
                joined = object_type(None, True)
            if joined is None:
                return None
            elements.append(joined)
        return tuple_like(a, tuple(elements))
    if isinstance(a, Array) and isinstance(b, Array):
        return _join_arrays(a, b)
    if isinstance(a, List) and isinstance(b, List):
        return a if b.item is None else b if a.item is None else None
    if isinstance(a, Object) and isinstance(b, Object):
        items = a.elements if a.elements == b.elements else ()
        kind, local = a.kind if a.kind is b.kind else None, a.local and b.local
        return object_type(kind, a.owned or b.owned, items, a.maybe or b.maybe, local)
    for one, other in ((a, b), (b, a)):
        if one is UNBOUND and isinstance(other, (Array, Object)):
            return other.or_unbound(True)
    if isinstance(a, Object) or isinstance(b, Object):
        known, other = (a, b) if isinstance(a, Object) else (b, a)
        maybe = any(isinstance(t, (Array, Object)) and t.maybe for t in (known, other))
        return object_type(None, True, maybe=maybe) if is_boxable(other) else None
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Array) and one.ndim == 0 and not isinstance(other, (Array, Tuple, Iterator)):
            # NumPy makes scalars of most arrays without axes it computes.
            return object_type(None, True, maybe=one.maybe) if is_boxable(one) and is_boxable(other) else None
    members: list[PyType] = []
    for t in (a, b):
        for m in t.members if isinstance(t, Union) else (t,):
            if m.tag < 0:
                return None
            if m not in members:
                members.append(m)
    return union_type(tuple(members)) if len(members) <= 4 else None


def _same_class(a: Tuple, b: Tuple) -> bool:
    return getattr(a, "kind", tuple) is getattr(b, "kind", tuple)


def can_box(type: PyType) -> bool:
    """Whether a value can become an object where paths join."""
    if isinstance(type, Tuple):
        return all(map(can_box, type.elements))
    if isinstance(type, Union):
        return UNBOUND not in type.members
    return is_boxable(type) or isinstance(type, (Object, Scalar, Array, Complex))


def is_boxable(type: PyType) -> bool:
    """Whether that takes one call at most."""
    if isinstance(type, Array):
        return not type.view
    return type in (INT, FLOAT, BOOL, NONE, COMPLEX) or isinstance(type, (Constant, Scalar))


def needs_object(type: PyType) -> bool:
    """Whether such a value cannot become an object just where paths join."""
    return not (isinstance(type, Object) or type is UNBOUND or is_boxable(type))


def may_hold_object(type: PyType) -> bool:
    """Whether a name with such a value, or none, can be given objects from the start instead."""
    if isinstance(type, Union):
        return all(m is UNBOUND or can_box(m) for m in type.members)
    return type is UNBOUND or can_box(type)


def _join_arrays(a: Array, b: Array) -> Array | None:
    if a.item is not b.item or a.ndim != b.ndim or a.writeable != b.writeable:
        return None
    layout = a.layout if a.layout == b.layout else "A"
    view, mixed = a.view or b.view, a.view != b.view or a.mixed or b.mixed
    local, owned, maybe = a.local and b.local, a.owned or b.owned, a.maybe or b.maybe
    return array_type(a.item, a.ndim, layout, a.writeable, view, local, owned, mixed, maybe)


def members(type: PyType) -> tuple[PyType, ...]:
    """The types of the values that a tuple, an iterator or a closure consists of, in the order of their leaves."""
    if isinstance(type, (Tuple, Closure)):
        return type.elements
    return type.inner if isinstance(type, Iterator) else ()


def owned_leaves(type: PyType) -> list[int]:
    """Which leaves of a value are objects that somebody has to hold a reference to."""
    if isinstance(type, (Array, Object)):
        return [0] if type.owned else []
    out, at = [], 0
    for element in members(type):
        out.extend([at + k for k in owned_leaves(element)])
        at += len(element.leaves)
    return out


def mapped(type: PyType, change: Callable[[Any], PyType]) -> PyType:
    """The type with every array and object in it changed."""
    if isinstance(type, (Array, Object)):
        return change(type)
    if isinstance(type, Tuple):
        elements = tuple([mapped(t, change) for t in type.elements])
        return tuple_like(type, elements) if elements != type.elements else type
    if isinstance(type, Closure) and type.elements:
        return closure_type(type.lifted, type.captured, tuple([mapped(t, change) for t in type.elements]))
    return type


def is_apart(type: PyType) -> bool:
    """Whether there is an array in a value whose elements are taken one by one."""
    if isinstance(type, Array):
        return isinstance(type.item, Apart)
    return any(is_apart(t) for t in members(type))


def is_records(type: PyType) -> bool:
    """Whether it is an array of records, or one record."""
    return isinstance(type, Array) and isinstance(type.item, Apart) and type.item.loaded is type.item


def is_record(type: PyType) -> bool:
    """Whether it is one record, which NumPy calls np.void or np.record: a view without axes."""
    return is_records(type) and not type.ndim  # type: ignore[attr-defined]


def has_closure(type: PyType) -> bool:
    """Whether there is a function made when running in a value."""
    return isinstance(type, Closure) or any(has_closure(t) for t in members(type))


def has_view(type: PyType) -> bool:
    """Whether there is a view in a value."""
    if isinstance(type, Tuple):
        return any(has_view(t) for t in type.elements)
    return isinstance(type, Array) and type.view
