"""Types of IR values.

Five machine types carry everything. Integers of every width live sign- or zero-extended in an ``i64``: a value in
range means the mathematical value, so one range analysis and one set of rules serve Python ints and NumPy's narrow
ones. Widths appear only in memory accesses and in the explicit ``sext``/``zext`` operations.
"""

from __future__ import annotations


class Type:
    """A machine type; compare by identity.

    Attributes:
        name: as printed.
        size: bytes in a register or stack slot.
        is_float: lives in a floating-point register.
        lanes: 1 for a scalar.
        element: the scalar type of one lane (itself for a scalar).
    """

    __slots__ = ("element", "is_float", "lanes", "name", "size")

    def __init__(self, name: str, size: int, is_float: bool, lanes: int = 1, element: Type | None = None) -> None:
        self.name = name
        self.size = size
        self.is_float = is_float
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

BY_NAME: dict[str, Type] = {t.name: t for t in (I1, I64, F32, F64, PTR, VOID)}


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


# The last column is the `struct` code of the same width, for the interpreter.
ACCESSES: dict[str, Access] = {
    a.name: a
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
}


NATURAL: dict[Type, Access] = {
    I1: ACCESSES["b1"], I64: ACCESSES["i64"], F32: ACCESSES["f32"], F64: ACCESSES["f64"], PTR: ACCESSES["ptr"],
}  # fmt: skip
"""How memory holds a value of each type as it is."""
