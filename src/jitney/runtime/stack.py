"""How deep compiled code may call itself: the limits of the threads' stacks."""

from __future__ import annotations

from ctypes import PYFUNCTYPE, PyDLL, addressof, byref, c_size_t, c_uint64, c_void_p, create_string_buffer

from ..asm import memory
from . import capi
from .pieces import Assembly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..asm.memory import Region

_ROWS = 64
_MARGIN = 256 << 10
_DEEPEST = 64 << 20


class StackLimits:
    """The lowest address that frames of recursive functions may begin at, by thread.

    A thread is known by its state's id, which is never used twice; the limit follows from the stack the thread was
    given (`pthread_getattr_np`), less a margin for what is called from there: libm, signal handlers.
    """

    __slots__ = ("_address", "_code", "_known", "_table", "ask")

    def __init__(self) -> None:
        self._table = (c_uint64 * (2 * _ROWS))(*(-1 & (1 << 64) - 1, 0) * _ROWS)
        self._known: dict[int, int] = {}
        # Kept, since machine code holds its address.
        self.ask = self.current
        self._code: Region | None = None
        self._address = 0

    def current(self) -> int:
        """The calling thread's limit; also put where the machine code finds it."""
        thread = _thread_id()
        limit = self._known.get(thread)
        if limit is None:
            if len(self._known) >= 4 * _ROWS:
                self._known.clear()
            limit = self._known[thread] = _limit()
        row = 2 * (thread % _ROWS)
        self._table[row], self._table[row + 1] = thread, limit
        return limit

    def address(self) -> int:
        """Of machine code for ``ptr stack_limit(void)``, made at the first request and kept for good."""
        if not self._address:
            a = Assembly()
            a.put("STACK_LIMIT", _ROWS - 1, addressof(self._table), id(self.ask))
            code = memory.publish(a.out)
            self._code, self._address = code, code.code_address
        return self._address

    def prepare(self) -> None:
        """Have everything ready for the calling thread: finding its stack takes the C library half a millisecond."""
        self.address()
        try:
            self.current()
        except OSError:
            return


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
