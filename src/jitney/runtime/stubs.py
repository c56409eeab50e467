"""The C functions every entry shares: the slow path, and what happens when compiled code has failed.

No Python frame of jitney's may show in a user's traceback. So Python code here never calls the user's function: it
*returns* what machine code is to call with the same arguments, or the exception that machine code is to raise.
"""

from __future__ import annotations

from ..ir.context import DIRTY
from ..ir.types import ACCESSES, I64, PTR
from . import capi
from .callable import FUNCTION, SLOW
from .layouts import LAYOUT
from .writer import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

# The words of a specialisation that its code reads and writes, by byte offset.
CALLS = 0  # how often it was entered
BAILS = 8  # how often it left without having done anything
PLAIN = 16  # the plain function (a borrowed reference)
HANDLER = 24  # called with the context's address and the pending exception or None, see `fail`
REVIEW = 32  # the handler is asked once in REVIEW + 1 bail-outs (one less than a power of two)
WORDS = 5

KEYS_SHAPE = 8
"""In a dictionary's table of keys: four bytes of which the low three tell how it is laid out: its size, and from
3.11 on the sizes of its parts. A table with the same ones is as long."""

_EXCEPTION_CLASS = 1 << 30  # Py_TPFLAGS_BASE_EXC_SUBCLASS


def slow() -> bytes:
    """Machine code of an entry for every call that no specialisation takes: it calls ``self.slow`` with the
    arguments, then what that returned with the same arguments.

    Written as bytes, so that decorating a function needs nothing of the compiler.
    """
    vectorcall = b"\x48\xb8" + capi.address("PyObject_Vectorcall").to_bytes(8, "little") + b"\xff\xd0"
    release = b"\x48\xb8" + capi.address("Py_DecRef").to_bytes(8, "little") + b"\xff\xd0"
    found = b"".join(
        (
            b"\x48\x89\xc3",  # mov rbx, rax
            b"\x48\x89\xc7\x4c\x89\xe6\x4c\x89\xea\x4c\x89\xf1",  # mov rdi, rax; mov rsi, r12; rdx, r13; rcx, r14
            vectorcall,  # mov rax, imm64; call rax
            b"\x48\x89\xdf\x48\x89\xc3",  # mov rdi, rbx; mov rbx, rax
            release,
            b"\x48\x89\xd8",  # mov rax, rbx
        )
    )
    return b"".join(
        (
            b"\x53\x41\x54\x41\x55\x41\x56\x50",  # push rbx; push r12; push r13; push r14; push rax (alignment)
            b"\x49\x89\xf4\x49\x89\xd5\x49\x89\xce",  # mov r12, rsi; mov r13, rdx; mov r14, rcx
            b"\x48\x8b\x7f" + bytes((SLOW,)),  # mov rdi, [rdi+SLOW]
            vectorcall,
            b"\x48\x85\xc0\x74" + bytes((len(found),)),  # test rax, rax; jz over what follows
            found,
            b"\x41\x5b\x41\x5e\x41\x5d\x41\x5c\x5b\xc3",  # pop r11; pop r14; pop r13; pop r12; pop rbx; ret
        )
    )


def plain() -> bytes:
    """Machine code of an entry that lets CPython run every call."""
    return b"".join(
        (
            b"\x48\x8b\x7f" + bytes((FUNCTION,)),  # mov rdi, [rdi+FUNCTION]
            b"\x48\xb8" + capi.address("PyObject_Vectorcall").to_bytes(8, "little"),  # mov rax, imm64
            b"\xff\xe0",  # jmp rax
        )
    )


def locate() -> bytes:
    """Machine code of ``i64 locate(dict, key, u64 out[5])``: where a plain dictionary holds `key` (this very object).

    Fills in: the address of the entry (key, value), the value, the table of keys, how many entries of it have ever been
    filled, and its shape. 0 if the key is not there; then the first two are not set. One call, because no other thread
    may change the dictionary in between.
    """
    head = b"".join(
        (
            b"\x53\x41\x54\x41\x55\x48\x83\xec\x20",  # push rbx; push r12; push r13; sub rsp, 32
            b"\x48\x89\xfb\x49\x89\xf4\x49\x89\xd5",  # mov rbx, rdi; mov r12, rsi; mov r13, rdx
            b"\x48\x8b\x47" + bytes((LAYOUT.dict_keys,)),  # mov rax, [rdi+dict_keys]
            b"\x49\x89\x45\x10",  # mov [r13+16], rax
            b"\x48\x8b\x48" + bytes((LAYOUT.keys_used,)),  # mov rcx, [rax+keys_used]
            b"\x49\x89\x4d\x18",  # mov [r13+24], rcx
            b"\x8b\x48" + bytes((KEYS_SHAPE,)),  # mov ecx, [rax+KEYS_SHAPE]
            b"\x49\x89\x4d\x20",  # mov [r13+32], rcx
            b"\x48\xc7\x04\x24\x00\x00\x00\x00",  # mov qword ptr [rsp], 0
        )
    )
    ask = b"".join(
        (
            b"\x48\x89\xdf\x48\x89\xe6",  # mov rdi, rbx; mov rsi, rsp
            b"\x48\x8d\x54\x24\x08\x48\x8d\x4c\x24\x10",  # lea rdx, [rsp+8]; lea rcx, [rsp+16]
            b"\x48\xb8" + capi.address("PyDict_Next").to_bytes(8, "little") + b"\xff\xd0",  # mov rax, imm64; call rax
            b"\x85\xc0",  # test eax, eax
        )
    )
    compare = b"\x4c\x39\x64\x24\x08"  # cmp [rsp+8], r12
    again = b"\x75" + bytes((256 - len(ask) - len(compare) - 4,))  # jne to where the next entry is asked for
    # Key and value are there, side by side: a search for the two from the table's start ends inside the table.
    found = b"".join(
        (
            b"\x48\x8b\x54\x24\x10\x49\x89\x55\x08",  # mov rdx, [rsp+16]; mov [r13+8], rdx
            b"\x49\x8b\x4d\x10",  # mov rcx, [r13+16]
            b"\x4c\x39\x21\x75\x06",  # search: cmp [rcx], r12; jne next
            b"\x48\x39\x51\x08\x74\x06",  # cmp [rcx+8], rdx; je done
            b"\x48\x83\xc1\x08\xeb\xef",  # next: add rcx, 8; jmp search
            b"\x49\x89\x4d\x00\xb8\x01\x00\x00\x00",  # done: mov [r13], rcx; mov eax, 1
        )
    )
    end = b"\x74" + bytes((len(compare) + len(again) + len(found),))  # jz to the end, with rax = 0
    out = b"\x48\x83\xc4\x20\x41\x5d\x41\x5c\x5b\xc3"  # add rsp, 32; pop r13; pop r12; pop rbx; ret
    return head + ask + end + compare + again + found + out


def fail() -> Function:
    """What an entry returns after compiled code has failed.

    Parameters: the call's arguments, their number and flag, the keyword names; the address of the context; the
    address of the specialisation's words. Where nothing had happened, CPython runs the call again, from its start.
    Otherwise, and now and then so that somebody watches (REVIEW), HANDLER decides: it returns an exception to raise
    or something to call.
    """
    b = Writer("fail", (PTR, I64, PTR, PTR, PTR))
    args, nargsf, kwnames, context, words = b.params
    first = b.block
    count = ACCESSES["i64"]
    pending = b.api("PyErr_Occurred", PTR)
    happened = b.emit("or", b.load(count, context, disp=DIRTY), b.emit("p2i", pending))
    handled = b.cold_block()
    undone = b.new_block()
    b.branch(b.emit("ne", happened, b.const(I64, 0)), handled, undone)

    b.start(undone, first)
    bails = b.emit("add", b.load(count, words, disp=BAILS), b.const(I64, 1))
    b.store(count, bails, words, disp=BAILS)
    replay = b.new_block()
    b.branch(b.emit("eq", b.emit("and", bails, b.load(count, words, disp=REVIEW)), b.const(I64, 0)), handled, replay)
    b.start(replay, undone)
    b.ret((b.vectorcall(b.word(words, PLAIN), args, nargsf, kwnames),))

    b.start(handled, first)
    # The pending exception as type, value, traceback; then room for the handler's two arguments.
    frame = b.space(48)
    for disp in (0, 8, 16):
        b.set_word(frame, disp, b.pointer(0))
    b.set_word(frame, 32, b.pointer(capi.NONE))
    ask = b.new_block()
    fetch = b.cold_block()
    b.branch(b.null(pending), ask, fetch)
    b.start(fetch, handled)
    parts = [b.emit("ptradd", frame, b.const(I64, disp)) for disp in (0, 8, 16)]
    b.api("PyErr_Fetch", None, *parts)
    b.api("PyErr_NormalizeException", None, *parts)
    value, traceback = b.word(frame, 8), b.word(frame, 16)
    b.set_word(frame, 32, value)
    attach = b.new_block()
    b.branch(b.null(traceback), ask, attach)
    b.start(attach, fetch)
    b.api("PyException_SetTraceback", I64, value, traceback)
    b.jump(ask)

    b.start(ask, handled)
    boxed = b.api("PyLong_FromVoidPtr", PTR, context)
    b.set_word(frame, 24, boxed)
    arguments = b.emit("ptradd", frame, b.const(I64, 24))
    decided = b.vectorcall(b.word(words, HANDLER), arguments, b.const(I64, 2), b.pointer(0))
    for disp in (0, 8, 16, 24):
        b.api("Py_DecRef", None, b.word(frame, disp))
    known = b.when(b.null(decided), ask)
    b.ret((b.pointer(0),))
    b.start(known, ask)
    kind = b.word(decided, LAYOUT.type)
    flags = b.api("PyType_GetFlags", I64, kind)
    target = b.when(b.emit("ne", b.emit("and", flags, b.const(I64, _EXCEPTION_CLASS)), b.const(I64, 0)), known)
    b.api("PyErr_SetObject", None, kind, decided)
    b.api("Py_DecRef", None, decided)
    b.ret((b.pointer(0),))
    b.start(target, known)
    result = b.vectorcall(decided, args, nargsf, kwnames)
    b.api("Py_DecRef", None, decided)
    b.ret((result,))
    return b.function
