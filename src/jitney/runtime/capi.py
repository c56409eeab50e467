"""Addresses of CPython's C functions and objects, and of the C library's mathematics, for generated code.

A Python object's address is its `id`: `capi.NONE`, `id(float)`, `id(ZeroDivisionError)`. Functions are looked
up by name, once, when they are first needed. Whoever bakes the address of an object into code keeps that
object alive.
"""

from __future__ import annotations

from ctypes import CDLL, addressof, c_char, c_uint64, py_object, pythonapi

from ..asm import memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NONE, TRUE, FALSE, NOT_IMPLEMENTED = id(None), id(True), id(False), id(NotImplemented)
"""Addresses of the singletons. They are counted references before CPython 3.12 and immortal from there on."""

POLL_HOOK = c_uint64()
"""What the stub POLL jumps to, unless it is 0."""
pythonapi.Py_IncRef(py_object(POLL_HOOK))  # code that polls may outlive this module

PLAIN_CALL = c_uint64()
"""The address of what stubs let CPython run a call by: `PyObject_Vectorcall`, or what looks at the stack first."""
pythonapi.Py_IncRef(py_object(PLAIN_CALL))

_functions: dict[str, int] = {"POLL_HOOK": addressof(POLL_HOOK), "PLAIN_CALL": addressof(PLAIN_CALL)}
_libm: dict[str, int] = {}
_libraries: list[CDLL] = []


def address(name: str) -> int:
    """The address of a function or static variable exported by the interpreter, as `PyFloat_FromDouble`.

    `PyObject_Vectorcall` exists in every version. LookupError if this CPython exports none of that name.
    """
    found = _functions.get(name)
    if found is None:
        try:
            found = addressof(c_char.in_dll(pythonapi, name))
        except ValueError:
            if name != "PyObject_Vectorcall":
                raise LookupError(f"this CPython exports no {name}") from None
            found = _inline_vectorcall()
        _functions[name] = found
    return found


def define(name: str, place: int) -> None:
    """Give a word of our own a name that listings can use."""
    _functions[name] = place


def words(numbers: Iterable[int]) -> tuple[bytearray, c_char]:
    """Unsigned numbers of eight bytes each in memory that machine code can read: the bytes, and what stands at their
    address (`addressof`) and keeps them there."""
    # Not by a type of arrays of this length: making one takes ten times as long.
    block = bytearray().join([number.to_bytes(8, "little") for number in numbers])
    return block, c_char.from_buffer(block)


def libm(name: str) -> int:
    """The address of a C function such as `sin` or `pow`, of the same libm that the module `math` calls.

    That is the symbol the dynamic linker finds for the whole process, in the order in which it binds
    extension modules. LookupError if there is none of that name.
    """
    found = _libm.get(name)
    if found is None:
        if not _libraries:
            _libraries.append(CDLL(None))
            _libraries.append(CDLL("libm.so.6"))
        for library in _libraries:
            try:
                found = _libm[name] = addressof(c_char.in_dll(library, name))
                return found
            except ValueError:
                continue
        raise LookupError(f"the C library has no function {name}")
    return found


def _inline_vectorcall() -> int:
    """`PyObject_Vectorcall` of 3.10, where it is an inline function of the headers: the same steps."""
    code = b"".join(
        (
            b"\x48\x8b\x47\x08",  # mov rax, [rdi+8]: the callable's type
            b"\xf6\x80\xa9\x00\x00\x00\x08",  # test byte ptr [rax+169], 8: Py_TPFLAGS_HAVE_VECTORCALL
            b"\x74\x0f",  # jz tp_call
            b"\x48\x8b\x40\x38",  # mov rax, [rax+56]: tp_vectorcall_offset
            b"\x48\x8b\x04\x07",  # mov rax, [rdi+rax]
            b"\x48\x85\xc0",  # test rax, rax
            b"\x74\x02",  # jz tp_call
            b"\xff\xe0",  # jmp rax
            # tp_call: _PyObject_MakeTpCall(PyThreadState_Get(), callable, args, nargsf without its flag,
            # kwnames)
            b"\x57\x56\x52\x51\x51",  # push rdi; push rsi; push rdx; push rcx; push rcx (to align the stack)
            b"\x48\xb8" + address("PyThreadState_Get").to_bytes(8, "little"),  # mov rax, imm64
            b"\xff\xd0",  # call rax
            b"\x41\x58\x41\x58\x59",  # pop r8; pop r8; pop rcx
            b"\x48\x0f\xba\xf1\x3f",  # btr rcx, 63
            b"\x5a\x5e",  # pop rdx; pop rsi
            b"\x48\x89\xc7",  # mov rdi, rax
            b"\x48\xb8" + address("_PyObject_MakeTpCall").to_bytes(8, "little"),  # mov rax, imm64
            b"\xff\xe0",  # jmp rax
        )
    )
    return memory.publish(code).keep().code_address
