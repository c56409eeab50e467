"""How deep compiled code may call itself: the limits of the threads' stacks."""

from __future__ import annotations

import os
from _thread import get_native_id
from ctypes import (
    PYFUNCTYPE,
    PyDLL,
    addressof,
    byref,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
    py_object,
    pythonapi,
)  # fmt: skip

from ..asm import memory
from . import capi, stubs
from .pieces import Assembly

_ROWS = 64
_MARGIN = 256 << 10
_DEEPEST = 64 << 20
_RLIMIT_STACK = 3
# Among the words behind the name in /proc/self/stat.
_START_STACK, _ENV_END = 25, 48

_forked: list[bool] = []
"""After a fork, in the child: its only thread may have the stack of any of its parent's."""
os.register_at_fork(after_in_child=lambda: _forked.append(True))


class StackLimits:
    """The lowest address that frames of recursive functions may begin at, by thread.

    A thread is known by its state's id, which is never used twice; the limit follows from the stack the thread was
    given, less a margin for what is called from there: libm, signal handlers.

    Compiled functions that call themselves look at it, and entries of those that run Python code, which may call them
    again. So does every call that goes on to CPython, as soon as somebody has asked for the limits: each one takes some
    of the machine's stack, which calls from one Python function to another do not from CPython 3.11 on.
    """

    __slots__ = ("_address", "_known", "_table", "ask")

    def __init__(self) -> None:
        self._table = (c_uint64 * (2 * _ROWS))(*(-1 & (1 << 64) - 1, 0) * _ROWS)
        self._known: dict[int, int] = {}
        # Kept, since machine code holds its address.
        self.ask = self.current
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
            pythonapi.Py_IncRef(py_object(self))  # machine code may outlive this module
            limit, checked = Assembly(), Assembly()
            limit.put("STACK_LIMIT", _ROWS - 1, addressof(self._table), id(self.ask))
            self._address = memory.publish(limit.out).keep().code_address
            checked.put("CHECKED_CALL", self._address, stubs.address("deep"))
            capi.PLAIN_CALL.value = memory.publish(checked.out).keep().code_address
        return self._address

    def prepare(self) -> None:
        """Have everything ready for the calling thread."""
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
    top, size = _first_stack(libc) or _stack_of_thread(libc)
    usable = min(size, _DEEPEST)
    return top - usable + min(_MARGIN, usable // 3)


def _first_stack(libc: PyDLL) -> tuple[int, int] | None:
    """The end and the size of the stack that the process was given; None in another thread, or if that is not known.

    As `pthread_getattr_np`, which reads the whole list of mappings to find the end: the environment lies there.
    """
    if _forked or get_native_id() != os.getpid():
        return None
    size = create_string_buffer(16)
    try:
        with open("/proc/self/stat", "rb") as stat:
            words = stat.read().rpartition(b")")[2].split()
        start, end = int(words[_START_STACK]), int(words[_ENV_END])
    except (OSError, LookupError, ValueError):
        return None
    if libc.getrlimit(_RLIMIT_STACK, size) or not 0 < start <= end < start + _DEEPEST:
        return None
    return end, c_uint64.from_buffer(size).value


def _stack_of_thread(libc: PyDLL) -> tuple[int, int]:
    attributes = create_string_buffer(256)
    lowest, size = c_void_p(), c_size_t()
    libc.pthread_self.restype = c_void_p
    if libc.pthread_getattr_np(c_void_p(libc.pthread_self()), attributes):
        raise OSError("the stack of this thread cannot be found")
    libc.pthread_attr_getstack(attributes, byref(lowest), byref(size))
    libc.pthread_attr_destroy(attributes)
    return (lowest.value or 0) + size.value, size.value
