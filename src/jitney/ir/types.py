"""Types of IR values.

Five machine types carry every scalar. Integers of every width live sign- or zero-extended in an ``i64``: a value in
range means the mathematical value, so one range analysis and one set of rules serve Python ints and NumPy's narrow
ones. Widths appear only in memory accesses and in the explicit ``sext``/``zext`` operations.

Vectors, ``v4f64`` and so on, are made when first asked for, by `vector` or by looking up the name. Their integer lanes
have the width that the element says; whether a lane is signed is the operation's business.
"""

from __future__ import annotations


class Type:
    """A machine type; compare by identity.

    Attributes:
        name: as printed.
        size: bytes in a register or stack slot.
        is_float: lives in a floating-point register, as all vectors do.
        kind: 0 for a general register, 1 for a scalar in a floating-point register, 2 for a vector.
        lanes: 1 for a scalar.
        element: the scalar type of one lane (itself for a scalar).
    """

    __slots__ = ("element", "is_float", "kind", "lanes", "name", "size")

    def __init__(self, name: str, size: int, is_float: bool, lanes: int = 1, element: Type | None = None) -> None:
        self.name = name
        self.size = size
        self.is_float = is_float
        self.kind = (1 if lanes == 1 else 2) if is_float else 0
        self.lanes = lanes
        self.element: Type = element if element is not None else self

    def __repr__(self) -> str:
        return self.name


I1 = Type("i1", 1, False)
I64 = Type("i64", 8, False)
F32 = Type("f32", 4, True)
F64 = Type("f64", 8, True)
PTR = Type("ptr", 8, False)
VOID = Type("void", 0, False)
# Only as lanes of vectors.
I8 = Type("i8", 1, False)
I16 = Type("i16", 2, False)
I32 = Type("i32", 4, False)

_ELEMENTS = {t.name: t for t in (I8, I16, I32, I64, F32, F64)}
_MASKS = {1: I8, 2: I16, 4: I32, 8: I64}
_vectors: dict[tuple[Type, int], Type] = {}


def vector(element: Type, lanes: int) -> Type:
    """The type of `lanes` values of type `element` (f64, f32, i64, i32, i16 or i8); always the same object.

    Raises:
        ValueError: another element, or a number of lanes that is no power of two from 2 on, or more than 64 bytes.
    """
    key = element, lanes
    found = _vectors.get(key)
    if found is None:
        size = element.size * lanes
        if _ELEMENTS.get(element.name) is not element or lanes < 2 or lanes & (lanes - 1) or size > 64:
            raise ValueError(f"no vector of {lanes} {element}")
        found = _vectors[key] = Type(f"v{lanes}{element}", size, True, lanes, element)
    return found


def mask_of(type: Type) -> Type:
    """What comparing vectors of `type` gives: as many integers of the same width, each 0 or -1."""
    return vector(_MASKS[type.element.size], type.lanes)


def scalar_of(type: Type) -> Type:
    """The scalar that holds a lane of `type`."""
    return type.element if type.element.is_float else I64


class _Types(dict[str, Type]):
    """Types by name; those of vectors are made on demand."""

    def __missing__(self, name: str) -> Type:
        digits = name[1:].rstrip("0123456789")[:-1]
        if name[:1] != "v" or not digits.isdigit() or name[1 + len(digits) :] not in _ELEMENTS:
            raise KeyError(name)
        try:
            found = self[name] = vector(_ELEMENTS[name[1 + len(digits) :]], int(digits))
        except ValueError:
            raise KeyError(name) from None
        return found


BY_NAME: dict[str, Type] = _Types({t.name: t for t in (I1, I64, F32, F64, PTR, VOID)})


class Access:
    """How memory holds a value: the width in bytes, the type in a register, and the extension when loaded."""

    __slots__ = ("code", "name", "signed", "size", "type")

    def __init__(self, name: str, size: int, type: Type, signed: bool, code: str) -> None:
        self.name = name
        self.size = size
        self.type = type
        self.signed = signed
        self.code = code

    def __repr__(self) -> str:
        return self.name


class _Accesses(dict[str, Access]):
    """Accesses by name; those of vectors, whose lanes lie as they are, are made on demand."""

    def __missing__(self, name: str) -> Access:
        type = BY_NAME[name]
        if type.lanes == 1:
            raise KeyError(name)
        found = self[name] = Access(name, type.size, type, True, f"{type.lanes}{_CODES[type.element]}")
        return found


# The last column is the `struct` code of the same width, for the interpreter.
_CODES = {I8: "b", I16: "h", I32: "i", I64: "q", F32: "f", F64: "d"}
ACCESSES: dict[str, Access] = _Accesses(
    (a.name, a)
    for a in (
        Access("b1", 1, I1, False, "?"),
        Access("i8", 1, I64, True, "b"),
        Access("u8", 1, I64, False, "B"),
        Access("i16", 2, I64, True, "h"),
        Access("u16", 2, I64, False, "H"),
        Access("i32", 4, I64, True, "i"),
        Access("u32", 4, I64, False, "I"),
        Access("i64", 8, I64, True, "q"),
        Access("f32", 4, F32, True, "f"),
        Access("f64", 8, F64, True, "d"),
        Access("ptr", 8, PTR, False, "Q"),
    )
)


def gathered(access: str, lanes: int) -> Type | None:
    """The type of what a `gather` of so many lanes gives, by what it reads of each: f64, f32, i64 or i32."""
    element = _ELEMENTS.get(access)
    return vector(element, lanes) if element is not None and element.size >= 4 else None


class _Natural(dict[Type, Access]):
    def __missing__(self, type: Type) -> Access:
        found = self[type] = ACCESSES[type.name]
        return found


NATURAL: dict[Type, Access] = _Natural({
    I1: ACCESSES["b1"], I64: ACCESSES["i64"], F32: ACCESSES["f32"], F64: ACCESSES["f64"], PTR: ACCESSES["ptr"],
})  # fmt: skip
"""How memory holds a value of each type as it is."""
