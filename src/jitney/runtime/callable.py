"""The type of compiled functions: instances that CPython calls straight into machine code.

`function_type` makes it through the C-API: a heap type whose instances hold a *vectorcall* pointer, so that a
call `f(x)` jumps to `PyObject *entry(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject
*kwnames)` without a Python frame or a tuple of arguments in between. In every other respect an instance is to
be taken for the function it wraps: see `Callable`.

An instance, by offset in bytes:

    0   reference count and type
    16  ENTRY     the machine code that a call jumps to
    24  SLOW      the Python callable that the *slow entry* passes the call on to
    32  FUNCTION  the Python function it stands for
    40  OWNED     a list of what must live as long as it does: its code's memory, what guards compare with
    48  `__dict__`
    56  weak references

Until `set_entry`, the entry is that of the type, or `slow_entry()`: a few shared instructions that pass the
call, arguments untouched, to `SLOW`. Generated code may jump there too when it gives up before anything has
happened.

What is running stays alive: whoever calls an object holds a reference to it, and an object keeps every owner
ever given to `set_entry` and every callable given to `set_slow` until it is collected itself. So an entry may
be replaced while old calls of it go on, in this thread or in others; the price is the memory of the old
entries, which whoever replaces them must bound. When the garbage collector breaks a cycle, the entry is the
slow one again before the owners go, and `SLOW` is then empty: such a call raises `ReferenceError`.

The type's traverse and dealloc are those CPython gives to every Python class. They know the three references
by the type's table of members (`T_OBJECT_EX`), as they know `__slots__`. No Python code can reach them by name:
they are taken out of the type's dictionary.
"""

from __future__ import annotations

from ctypes import (
    POINTER,
    PYFUNCTYPE,
    Structure,
    addressof,
    c_char_p,
    c_int,
    c_size_t,
    c_ssize_t,
    c_uint,
    c_void_p,
    pointer,
    py_object,
)  # fmt: skip
from types import FunctionType

from ..asm import memory
from . import capi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ..asm.memory import Region

ENTRY, SLOW, FUNCTION, OWNED = 16, 24, 32, 40
"""Offsets in bytes, for generated code. Between a call's start and its end these three references never go
away.
"""

_DICT, _WEAK, _SIZE = 48, 56, 64

_T_OBJECT_EX, _T_PYSSIZET, _READONLY = 16, 19, 1
_TP_CALL, _TP_CLEAR, _TP_DEALLOC, _TP_DESCR_GET, _TP_TRAVERSE, _TP_MEMBERS, _TP_GETSET = 50, 51, 52, 54, 71, 72, 73
_DISALLOW_INSTANTIATION, _HAVE_VECTORCALL, _HAVE_GC, _METHOD_DESCRIPTOR = 1 << 7, 1 << 11, 1 << 14, 1 << 17


_CLASS_METHODS = ("__init_subclass__", "__class_getitem__")


class Callable:
    """The Python side of a compiled function: what makes it pass for the function it wraps.

    Names, doc string, annotations and attributes are copied into its `__dict__`, as `functools.wraps` does;
    code and defaults are those of the function. It pickles by its qualified name and copies as itself, as
    functions do. Its type makes a method of it where it is found on a class. Derive from this, with
    `__slots__ = ()`, to add methods.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        __name__: str
        __qualname__: str

        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def __repr__(self) -> str:
        return f"<jit function {self.__qualname__} at {id(self):#x}>"

    def __reduce__(self) -> str:
        return self.__qualname__

    def __set_name__(self, owner: type, name: str) -> None:
        # When Python makes a class it makes class methods of plain functions with these names.
        if name in _CLASS_METHODS:
            setattr(owner, name, classmethod(self))


def _forward(name: str) -> property:
    """An attribute of the wrapped function. Setting it puts the slow entry back, so that the change is seen.
    """

    def read(self: Callable) -> Any:
        return getattr(function_of(self), name)

    def write(self: Callable, value: Any) -> None:
        setattr(function_of(self), name, value)
        reset_entry(self)

    return property(read, write)


for _name in ("__code__", "__defaults__", "__kwdefaults__", "__closure__", "__globals__", "__builtins__"):
    setattr(Callable, _name, _forward(_name))


class _Member(Structure):
    _fields_ = [
        ("name", c_char_p), ("type", c_int), ("offset", c_ssize_t), ("flags", c_int), ("doc", c_char_p),
    ]  # fmt: skip


class _GetSet(Structure):
    _fields_ = [
        ("name", c_char_p), ("get", c_void_p), ("set", c_void_p), ("doc", c_char_p), ("closure", c_void_p),
    ]  # fmt: skip


class _Slot(Structure):
    _fields_ = [("slot", c_int), ("value", c_void_p)]


class _Spec(Structure):
    _fields_ = [
        ("name", c_char_p), ("size", c_int), ("itemsize", c_int), ("flags", c_uint), ("slots", POINTER(_Slot)),
    ]  # fmt: skip


class _Ordinary:
    """A Python class, for its slots."""


class _Factory:
    """What all types share: the C functions, and the stubs of machine code. Made with the first type."""

    __slots__ = ("allocate", "clear", "dead", "from_spec", "slot", "slow")

    def __init__(self) -> None:
        self.from_spec = PYFUNCTYPE(py_object, POINTER(_Spec), py_object)(capi.address("PyType_FromSpecWithBases"))
        self.allocate = PYFUNCTYPE(py_object, py_object, c_ssize_t)(capi.address("PyType_GenericAlloc"))
        self.slot = PYFUNCTYPE(c_void_p, py_object, c_int)(capi.address("PyType_GetSlot"))
        self.dead = _being_collected
        slow = b"".join(
            (
                b"\x48\x8b\x7f" + bytes([SLOW]),  # mov rdi, [rdi+SLOW]
                b"\x48\x85\xff",  # test rdi, rdi
                b"\x75\x0a",  # jnz over the next instruction
                b"\x48\xbf" + id(self.dead).to_bytes(8, "little"),  # mov rdi, imm64
                b"\x48\xb8" + capi.address("PyObject_Vectorcall").to_bytes(8, "little"),  # mov rax, imm64
                b"\xff\xe0",  # jmp rax
            )
        )
        self.slow = memory.publish(slow).keep().code_address
        release = capi.address("Py_DecRef").to_bytes(8, "little")
        clear = [
            b"\x53\x48\x89\xfb",  # push rbx; mov rbx, rdi
            b"\x48\xb8" + self.slow.to_bytes(8, "little"),  # mov rax, imm64
            b"\x48\x89\x43" + bytes([ENTRY]),  # mov [rbx+ENTRY], rax
        ]
        for offset in (SLOW, FUNCTION, OWNED, _DICT):
            clear += (
                b"\x48\x8b\x7b" + bytes([offset]),  # mov rdi, [rbx+offset]
                b"\x48\xc7\x43" + bytes([offset]) + bytes(4),  # mov qword ptr [rbx+offset], 0
                b"\x48\xb8" + release + b"\xff\xd0",  # mov rax, imm64; call rax
            )
        clear.append(b"\x31\xc0\x5b\xc3")  # xor eax, eax; pop rbx; ret
        self.clear = memory.publish(b"".join(clear)).keep().code_address


def _being_collected(*args: object, **kwargs: object) -> NoReturn:
    raise ReferenceError("this function is being collected as garbage and cannot be called any more")


_factory: list[_Factory] = []
_hidden: dict[type, tuple[Any, Any, Any, int]] = {}
"""The types made, and of each the descriptors of SLOW, FUNCTION and OWNED, and the first entry of its instances."""

_forever: list[object] = [_factory, _hidden]
"""What the types point to in C. Never freed, not even when the interpreter ends: instances may outlive this
module.
"""

PYFUNCTYPE(None, py_object)(capi.address("Py_IncRef"))(_forever)


def function_type(
    base: type[Callable] = Callable, name: str = "jitney.function", entry: Region | None = None
) -> type[Callable]:
    """Make a type of compiled functions from a class with `__slots__ = ()` that is or extends `Callable`.

    `entry` is the code that calls of its instances run until they are given their own, and again after
    `reset_entry`; by default it is the slow entry. Types are never freed. They cannot be derived from, nor
    instantiated but by `new`. TypeError if `base` has instance attributes of its own.
    """
    stateful = base.__basicsize__ != object.__basicsize__ or base.__dictoffset__ or base.__weakrefoffset__
    if stateful or not issubclass(base, Callable):
        raise TypeError(f"{base.__qualname__} must derive from Callable and have __slots__ = ()")
    factory = _shared()
    members = (_Member * 7)(
        _Member(b"__vectorcalloffset__", _T_PYSSIZET, ENTRY, _READONLY),
        _Member(b"__dictoffset__", _T_PYSSIZET, _DICT, _READONLY),
        _Member(b"__weaklistoffset__", _T_PYSSIZET, _WEAK, _READONLY),
        _Member(b"slow", _T_OBJECT_EX, SLOW),
        _Member(b"function", _T_OBJECT_EX, FUNCTION),
        _Member(b"owned", _T_OBJECT_EX, OWNED),
    )
    attributes = (_GetSet * 2)(
        _GetSet(b"__dict__", capi.address("PyObject_GenericGetDict"), capi.address("PyObject_GenericSetDict")),
    )
    slots = (_Slot * 8)(
        _Slot(_TP_CALL, capi.address("PyVectorcall_Call")),
        _Slot(_TP_DESCR_GET, factory.slot(FunctionType, _TP_DESCR_GET)),
        _Slot(_TP_TRAVERSE, factory.slot(_Ordinary, _TP_TRAVERSE)),
        _Slot(_TP_DEALLOC, factory.slot(_Ordinary, _TP_DEALLOC)),
        _Slot(_TP_CLEAR, factory.clear),
        _Slot(_TP_MEMBERS, addressof(members)),
        _Slot(_TP_GETSET, addressof(attributes)),
    )
    flags = _DISALLOW_INSTANTIATION | _HAVE_VECTORCALL | _HAVE_GC | _METHOD_DESCRIPTOR
    spec = _Spec(name.encode(), _SIZE, 0, flags, slots)
    made: type[Callable] = factory.from_spec(pointer(spec), (base,))
    _forever.append((made, spec, slots, members, attributes, entry))
    names = ("slow", "function", "owned")
    slow, function, owned = (made.__dict__[name] for name in names)
    _hidden[made] = (slow, function, owned, entry.code_address if entry else factory.slow)
    for name in names:
        delattr(made, name)
    return made


def new(kind: type[Callable], function: FunctionType, slow: Any) -> Callable:
    """A compiled function of a type made by `function_type`, for a Python function, not compiled yet.

    Until it is given an entry, a call of it is a call of `slow` with the same arguments.
    """
    self = bare(kind, function, slow)
    attributes = self.__dict__
    attributes.update(function.__dict__)
    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__", "__type_params__"):
        if hasattr(function, name):
            attributes[name] = getattr(function, name)
    attributes["__wrapped__"] = function
    return self


def bare(kind: type[Callable], function: FunctionType, slow: Any) -> Callable:
    """As `new`, but nobody will look at it: without names and attributes."""
    slow_member, function_member, owned_member, _ = _members(kind)
    self: Callable = _factory[0].allocate(kind, 0)
    slow_member.__set__(self, slow)
    function_member.__set__(self, function)
    owned_member.__set__(self, [])
    reset_entry(self)
    return self


def slow_entry() -> int:
    """The address of the slow entry, in reach of all generated code: jump there with a call's four arguments.
    """
    return _factory[0].slow


def entry_of(self: Callable) -> int:
    """The address of the machine code that a call of this function jumps to."""
    _members(type(self))
    address: int = c_size_t.from_address(id(self) + ENTRY).value
    return address


def set_entry(self: Callable, address: int, owner: object) -> None:
    """Let calls jump to the machine code at `address`, which must have the signature of a vectorcall.

    `owner`, such as the code's `Region`, is kept for as long as the function is: calls of it may be under way
    when the entry is replaced again.
    """
    _members(type(self))[2].__get__(self).append(owner)
    c_size_t.from_address(id(self) + ENTRY).value = address


def reset_entry(self: Callable) -> None:
    """Let calls run the first entry of the type again."""
    c_size_t.from_address(id(self) + ENTRY).value = _members(type(self))[3]


def function_of(self: Callable) -> FunctionType:
    """The Python function that this one stands for."""
    function: FunctionType = _members(type(self))[1].__get__(self)
    return function


def slow_of(self: Callable) -> Any:
    """What the slow entry calls."""
    return _members(type(self))[0].__get__(self)


def set_slow(self: Callable, slow: Any) -> None:
    """Let the slow entry call `slow`. What it called before is kept, since it may be running."""
    slow_member, _, owned_member, _ = _members(type(self))
    owned_member.__get__(self).append(slow_member.__get__(self))
    slow_member.__set__(self, slow)


def owned_by(self: Callable) -> tuple[object, ...]:
    """What is kept alive with this function."""
    return tuple(_members(type(self))[2].__get__(self))


def _shared() -> _Factory:
    if not _factory:
        _factory.append(_Factory())
    return _factory[0]


def _members(kind: type) -> tuple[Any, Any, Any, int]:
    try:
        return _hidden[kind]
    except KeyError:
        raise TypeError(f"{kind.__qualname__} was not made by function_type") from None
