"""Machine code plus a C signature is a Python callable.

>>> double = function(b"\\x48\\x8d\\x04\\x3f\\xc3", "int64(int64 value)")  # lea rax, [rdi+rdi]; ret
>>> double(21)
42

A signature is written as in C: `double(const double *values, size_t count)`. Names of parameters may be left
out.

| type                                                  | takes                                     | returns
|
|-------------------------------------------------------|-------------------------------------------|--------------|
| `int8` ... `int64`, `uint8` ... `uint64`              | an int that fits, else OverflowError      | int
| | `char short int long`, `unsigned` ones, `size_t` ...  | the same, in their sizes on x86-64 Linux  | int
| | `float` (`float32`), `double` (`float64`)             | a float or int                            | float
| | `bool`                                                | a bool                                    | bool
| | `T *`                                                 | a writable buffer, an address, None       | int,
0: NULL | | `const T *`                                           | any buffer, an address, None
| int          | | `object` (`PyObject *`; needs the GIL)                | any object
| the object   | | `void`, as result                                     |
| None         |

A buffer is any object with contiguous memory: bytes, bytearray, array, NumPy array. Its elements must be `T`,
or plain bytes; `void` stands for any. It is held during the call, so that it is neither freed nor resized.
"""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, byref, py_object

from . import memory
from .blob import Blob, link
from .errors import AsmError
from .memory import GRANULE, Region

__all__ = ["CFunction", "CType", "Signature", "SignatureError", "function"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any


class SignatureError(AsmError):
    """A signature that cannot be read; the message shows it with a caret under the place."""

    def __init__(self, message: str, text: str, column: int) -> None:
        super().__init__(f"{message}\n    {text}\n    {' ' * column}^")


class CType:
    """A C type: `name`, the ctypes type that passes it, and for a pointer what it points to.

    kind: "int", "float", "bool", "pointer", "object" or "void". size: in bytes. const: whether what a pointer
    points to is only read.
    """

    __slots__ = ("const", "ctype", "kind", "name", "size", "target")

    def __init__(
        self, name: str, kind: str, ctype: Any, target: CType | None = None, const: bool = False
    ) -> None:
        self.name = name
        self.kind = kind
        self.ctype = ctype
        self.size = ctypes.sizeof(ctype) if ctype else 0
        self.target = target
        self.const = const

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CType) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return self.name

    @property
    def signed(self) -> bool:
        """Whether this is an integer with a sign."""
        return self.name.startswith("int")


_TYPES = {
    name: CType(name, kind, ctype)
    for name, kind, ctype in (
        ("void", "void", None),
        ("bool", "bool", ctypes.c_bool),
        ("int8", "int", ctypes.c_int8),
        ("int16", "int", ctypes.c_int16),
        ("int32", "int", ctypes.c_int32),
        ("int64", "int", ctypes.c_int64),
        ("uint8", "int", ctypes.c_uint8),
        ("uint16", "int", ctypes.c_uint16),
        ("uint32", "int", ctypes.c_uint32),
        ("uint64", "int", ctypes.c_uint64),
        ("float", "float", ctypes.c_float),
        ("double", "float", ctypes.c_double),
        ("object", "object", py_object),
    )
}

# C's words for integers, without `int` and `signed`: the size in bits.
_INTEGER_SIZES = {(): 32, ("char",): 8, ("short",): 16, ("long",): 64, ("long", "long"): 64}
_INTEGER_WORDS = {"char", "short", "int", "long", "signed", "unsigned"}
_ALIASES = {
    "_Bool": "bool", "float32": "float", "float64": "double", "size_t": "uint64", "ssize_t": "int64",
    "ptrdiff_t": "int64", "intptr_t": "int64", "uintptr_t": "uint64",
}  # fmt: skip
_ALIASES |= {f"{sign}int{bits}_t": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def _pointer(target: CType, const: bool) -> CType:
    name = f"{'const ' if const else ''}{target.name}{'' if target.kind == 'pointer' else ' '}*"
    return CType(name, "pointer", ctypes.c_void_p, target, const)


class Signature:
    """The types of a C function: of its result and of its parameters, in order, with their names or "".

    `Signature.parse("double(double x)")` reads one; equal signatures are equal whatever their parameters are
    called.
    """

    __slots__ = ("names", "parameters", "result")

    def __init__(self, result: CType, parameters: Sequence[CType], names: Sequence[str] = ()) -> None:
        self.result = result
        self.parameters = tuple(parameters)
        self.names = tuple(names) or ("",) * len(self.parameters)

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read a signature. SignatureError if it is not one."""
        return _Parser(text).signature()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signature) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return f"{self.result}({', '.join(parameter.name for parameter in self.parameters)})"

    def __repr__(self) -> str:
        return f"Signature.parse({str(self)!r})"


class _Parser:
    """Recursive descent over words and the marks `( ) , *`, each with its column."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, int]] = []
        self.next = 0
        column = 0
        while column < len(text):
            end = column + 1
            if text[column].isidentifier():
                while end < len(text) and text[column : end + 1].isidentifier():
                    end += 1
            elif not text[column].isspace() and text[column] not in "(),*":
                raise SignatureError(f"a signature has no {text[column]!r}", text, column)
            if not text[column].isspace():
                self.tokens.append((text[column:end], column))
            column = end
        self.tokens.append(("", len(text)))

    def fail(self, message: str, token: int | None = None) -> SignatureError:
        return SignatureError(message, self.text, self.tokens[self.next if token is None else token][1])

    def take(self, *expected: str) -> bool:
        if self.tokens[self.next][0] in expected:
            self.next += 1
            return True
        return False

    def signature(self) -> Signature:
        result = self.type()
        if not self.take("("):
            raise self.fail("'(' and the types of the parameters belong here")
        types: list[CType] = []
        names: list[str] = []
        empty = self.take(")")
        while not empty:
            start = self.next
            parameter = self.type()
            word = self.tokens[self.next][0]
            name = word if word.isidentifier() else ""
            self.next += bool(name)
            if self.take(")"):
                empty = True
            elif not self.take(","):
                raise self.fail("',' or ')' belongs here")
            if parameter.kind == "void":
                if types or name or not empty:
                    raise self.fail("void is no type of a parameter", start)
                break
            types.append(parameter)
            names.append(name)
        if self.tokens[self.next][0]:
            raise self.fail("nothing belongs after the ')'")
        return Signature(result, types, names)

    def type(self) -> CType:
        const = self.take("const")
        start = self.next
        word = self.tokens[start][0]
        if word in _INTEGER_WORDS:
            found = self.integer()
        elif word == "PyObject" and self.tokens[start + 1][0] == "*":
            self.next += 2
            found = _TYPES["object"]
        elif _ALIASES.get(word, word) in _TYPES:
            self.next += 1
            found = _TYPES[_ALIASES.get(word, word)]
        else:
            raise self.fail(f"{word!r} is no C type known here" if word else "a type is missing here")
        const |= self.take("const")
        while self.take("*"):
            found = _pointer(found, const)
            const = self.take("const")
        return found

    def integer(self) -> CType:
        start = self.next
        while self.tokens[self.next][0] in _INTEGER_WORDS:
            self.next += 1
        words = [token[0] for token in self.tokens[start : self.next]]
        size = _INTEGER_SIZES.get(tuple(word for word in words if word not in ("int", "signed", "unsigned")))
        signs = words.count("signed") + words.count("unsigned")
        if size is None or signs > 1 or words.count("int") > ("char" not in words):
            raise self.fail(f"'{' '.join(words)}' is no C type", start)
        return _TYPES[f"{'u' if 'unsigned' in words else ''}int{size}"]


class _Buffer(Structure):
    """CPython's `Py_buffer`."""

    _fields_ = [
        ("address", ctypes.c_void_p),
        ("owner", ctypes.c_void_p),
        ("length", ctypes.c_ssize_t),
        ("item_size", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


_WRITABLE, _FORMAT, _ANY_CONTIGUOUS = 0x1, 0x4, 0x98
_get_buffer = PYFUNCTYPE(ctypes.c_int, py_object, POINTER(_Buffer), ctypes.c_int)(
    ("PyObject_GetBuffer", ctypes.pythonapi)
)
_release_buffer = PYFUNCTYPE(None, POINTER(_Buffer))(("PyBuffer_Release", ctypes.pythonapi))

_FORMATS = {"int": "bhilqn", "uint": "BHILQNc", "bool": "?", "float": "fd"}


def _holds(buffer: _Buffer, target: CType) -> bool:
    """Whether the elements of a buffer are of this type, or are plain bytes."""
    form = (buffer.format or b"B").decode()
    form = form[1:] if form[0] in "@=<" else form
    if target.kind in ("void", "pointer") or form in "Bbc":
        return True
    kind = "uint" if target.kind == "int" and not target.signed else target.kind
    return form in _FORMATS.get(kind, "") and buffer.item_size == target.size


def _pass_int(value: object, kind: CType, place: str, held: list[_Buffer]) -> int:
    try:
        number = value.__index__()  # type: ignore[attr-defined]
    except AttributeError:
        raise TypeError(f"{place} must be an int for {kind}, not {type(value).__name__}") from None
    bits = 8 * kind.size
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind.signed else (0, (1 << bits) - 1)
    if not low <= number <= high:
        raise OverflowError(f"{place}: {number} does not fit {kind} ({low} to {high})")
    return int(number)


def _pass_float(value: object, kind: CType, place: str, held: list[_Buffer]) -> float:
    if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
        raise TypeError(f"{place} must be a float for {kind}, not {type(value).__name__}")
    return float(value)  # type: ignore[arg-type]


def _pass_bool(value: object, kind: CType, place: str, held: list[_Buffer]) -> bool:
    if value is not True and value is not False and type(value).__name__ not in ("bool_", "bool"):
        raise TypeError(f"{place} must be a bool, not {type(value).__name__}")
    return bool(value)


def _pass_object(value: object, kind: CType, place: str, held: list[_Buffer]) -> object:
    return value


def _pass_pointer(value: object, kind: CType, place: str, held: list[_Buffer]) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return _pass_int(value, _TYPES["uint64"], place, held)
    buffer = _Buffer()
    flags = _FORMAT | _ANY_CONTIGUOUS | (0 if kind.const else _WRITABLE)
    try:
        _get_buffer(value, byref(buffer), flags)
    except TypeError:
        given = type(value).__name__
        raise TypeError(f"{place} must be a buffer, an address or None for {kind}, not {given}") from None
    except (BufferError, ValueError) as error:
        raise type(error)(f"{place}: {error} (the parameter is {kind})") from None
    held.append(buffer)
    assert kind.target is not None
    if not _holds(buffer, kind.target):
        form = (buffer.format or b"B").decode()
        raise TypeError(f"{place}: a buffer of format {form!r} is no {kind}")
    return buffer.address  # type: ignore[no-any-return]


_PASS: dict[str, Callable[[Any, CType, str, list[_Buffer]], Any]] = {
    "int": _pass_int,
    "float": _pass_float,
    "bool": _pass_bool,
    "pointer": _pass_pointer,
    "object": _pass_object,
}

_prototypes: dict[tuple[Any, ...], Any] = {}


class CFunction:
    """A Python callable over machine code. It owns the code, which is freed with it.

    name: for messages. signature: a `Signature`. address: of the first instruction, an int. nogil: whether
    other threads run Python meanwhile. region: the memory the code lies in; None if it is not ours.
    """

    __slots__ = ("__weakref__", "_call", "_passes", "address", "name", "nogil", "region", "signature")

    def __init__(
        self, address: int, signature: Signature, name: str, nogil: bool, region: Region | None
    ) -> None:
        types = (signature.result, *signature.parameters)
        if nogil and any(kind.kind == "object" for kind in types):
            raise ValueError(f"{signature} is about Python objects and cannot run without the GIL")
        self.address = address
        self.signature = signature
        self.name = name
        self.nogil = nogil
        self.region = region
        key = (nogil, *(kind.ctype for kind in types))
        prototype = _prototypes.get(key)
        if prototype is None:
            prototype = _prototypes[key] = (CFUNCTYPE if nogil else PYFUNCTYPE)(*key[1:])
        self._call = prototype(address)
        self._passes = [
            (_PASS[kind.kind], kind, f"{name}() argument {index}{f' ({label})' if label else ''}")
            for index, (kind, label) in enumerate(zip(signature.parameters, signature.names), 1)
        ]

    def __call__(self, *args: Any) -> Any:
        if len(args) != len(self._passes):
            count = len(self._passes)
            raise TypeError(
                f"{self.name}() takes {count} argument{'s' * (count != 1)} ({len(args)} given): {self.signature}"
            )
        held: list[_Buffer] = []
        try:
            values = [take(value, kind, place, held) for (take, kind, place), value in zip(self._passes, args)]
            result = self._call(*values)
        finally:
            for buffer in held:
                _release_buffer(byref(buffer))
        return result or 0 if self.signature.result.kind == "pointer" else result

    def __repr__(self) -> str:
        size = f", {self.region.code_size} bytes" if self.region else ""
        gil = ", without the GIL" if self.nogil else ""
        return f"<CFunction {self.name}: {self.signature} at {self.address:#x}{size}{gil}>"


def function(
    code: bytes | bytearray | Blob | Sequence[Blob] | Region | int,
    signature: str | Signature,
    *,
    name: str = "function",
    nogil: bool = False,
    symbols: Mapping[str, int] | None = None,
) -> CFunction:
    """A Python callable that runs machine code under the C calling convention of System V.

    code: bytes that do not depend on their address; a blob, or several that are linked together and entered
    at the first; a region that was written; or the address of a function that is already there and stays.
    symbols: addresses of names the blobs leave open. nogil: let other Python threads run during calls; the
    code must then not use Python.

    SignatureError for a bad signature, LabelError and RangeError from linking, OSError if the system permits
    no executable memory. What the code does is the caller's affair: wrong code crashes the process.
    """
    if isinstance(signature, str):
        signature = Signature.parse(signature)
    elif not isinstance(signature, Signature):
        raise TypeError(f"a signature is text or a Signature, not {type(signature).__name__}")
    if isinstance(code, int):
        return CFunction(code, signature, name, nogil, None)
    if isinstance(code, (bytes, bytearray)):
        region = memory.publish(code)
    elif isinstance(code, Region):
        region = code
    else:
        region = _place([code] if isinstance(code, Blob) else list(code), symbols)
    if not region.written or not region.code_size:
        raise ValueError("there is no code")
    return CFunction(region.code_address, signature, name, nogil, region)


def _place(blobs: list[Blob], symbols: Mapping[str, int] | None) -> Region:
    """Link blobs one after the other, each at a multiple of the granule."""
    offsets: list[int] = []
    size = 0
    for blob in blobs:
        if blob.align > GRANULE:
            raise ValueError(f"a blob aligned to {blob.align} bytes; memory is aligned to {GRANULE}")
        offsets.append(size)
        size += -(-blob.size // GRANULE) * GRANULE
    region = memory.reserve(size)
    image = bytearray()
    for offset, part in zip(offsets, link(blobs, [region.code_address + at for at in offsets], symbols)):
        image += bytes(offset - len(image)) + part
    return region.write(image)
