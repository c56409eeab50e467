"""How deep compiled code may call itself: the limits of the threads' stacks."""

from __future__ import annotations

from ctypes import PYFUNCTYPE, PyDLL, addressof, byref, c_size_t, c_uint64, c_void_p, create_string_buffer

from ..ir.types import ACCESSES, I64, PTR
from . import capi
from .writer import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_ROWS = 64
_MARGIN = 256 << 10
_DEEPEST = 64 << 20


class StackLimits:
    """The lowest address that frames of recursive functions may begin at, by thread.

    A thread is known by its state's id, which is never used twice; the limit follows from the stack the thread was
    given (`pthread_getattr_np`), less a margin for what is called from there: libm, signal handlers.
    """

    __slots__ = ("_known", "_table", "ask")

    def __init__(self) -> None:
        self._table = (c_uint64 * (2 * _ROWS))(*(-1 & (1 << 64) - 1, 0) * _ROWS)
        self._known: dict[int, int] = {}
        # Kept, since machine code holds its address.
        self.ask = self.current

    def current(self) -> int:
        """The calling thread's limit; also put where `function` finds it."""
        thread = _thread_id()
        limit = self._known.get(thread)
        if limit is None:
            if len(self._known) >= 4 * _ROWS:
                self._known.clear()
            limit = self._known[thread] = _limit()
        row = 2 * (thread % _ROWS)
        self._table[row], self._table[row + 1] = thread, limit
        return limit

    def function(self) -> Function:
        """``ptr stack_limit(void)``. No limit at all (so that CPython takes the call) if it cannot be told."""
        b = Writer("stack_limit", ())
        first = b.block
        thread = b.api("PyThreadState_GetID", I64, b.api("PyThreadState_Get", PTR))
        slot = b.emit("shl", b.emit("and", thread, b.const(I64, _ROWS - 1)), b.const(I64, 4))
        row = b.emit("ptradd", b.pointer(addressof(self._table)), slot)
        count = ACCESSES["i64"]
        unknown = b.when(b.emit("eq", b.load(count, row), thread), first, expected=True)
        b.ret((b.word(row, 8),))
        b.start(unknown, first)
        answer = b.vectorcall(b.pointer(id(self.ask)), row, b.const(I64, 0), b.pointer(0))
        told = b.when(b.null(answer), unknown)
        b.api("PyErr_Clear", None)
        b.ret((b.pointer((1 << 64) - 1),))
        b.start(told, unknown)
        limit = b.api("PyLong_AsVoidPtr", PTR, answer)
        b.api("Py_DecRef", None, answer)
        b.ret((limit,))
        return b.function


def _thread_id() -> int:
    state = PYFUNCTYPE(c_void_p)(capi.address("PyThreadState_Get"))()
    return int(PYFUNCTYPE(c_uint64, c_void_p)(capi.address("PyThreadState_GetID"))(state))


def _limit() -> int:
    libc = PyDLL(None)
    attributes = create_string_buffer(256)
    lowest, size = c_void_p(), c_size_t()
    libc.pthread_self.restype = c_void_p
    if libc.pthread_getattr_np(c_void_p(libc.pthread_self()), attributes):
        raise OSError("the stack of this thread cannot be found")
    libc.pthread_attr_getstack(attributes, byref(lowest), byref(size))
    libc.pthread_attr_destroy(attributes)
    top = (lowest.value or 0) + size.value
    usable = min(size.value, _DEEPEST)
    return top - usable + min(_MARGIN, usable // 3)
