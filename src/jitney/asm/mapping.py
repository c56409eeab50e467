"""The system calls behind executable memory: mapping, protecting, sharing pages under two addresses. Linux.
"""

from __future__ import annotations

import os
from ctypes import CFUNCTYPE, PyDLL, c_int, c_long, c_size_t, c_void_p, get_errno, memmove
from errno import ENOMEM

PAGE = 4096
NONE, READ, READ_WRITE, READ_EXEC = 0, 1, 3, 5
SHARED, PRIVATE, FIXED, ANONYMOUS, NORESERVE = 0x1, 0x2, 0x10, 0x20, 0x4000
RESERVED = PRIVATE | ANONYMOUS | NORESERVE
_MFD_CLOEXEC, _MFD_NOEXEC_SEAL = 0x1, 0x8


class System:
    """The three system calls, bound at first use; they keep the GIL, being shorter than releasing it."""

    __slots__ = ("mmap", "mprotect", "munmap")

    def __init__(self) -> None:
        libc = PyDLL(None, use_errno=True)
        self.mmap = libc.mmap
        self.mmap.argtypes = (c_void_p, c_size_t, c_int, c_int, c_int, c_long)
        self.mmap.restype = c_void_p
        self.mprotect = libc.mprotect
        self.mprotect.argtypes = (c_void_p, c_size_t, c_int)
        self.munmap = libc.munmap
        self.munmap.argtypes = (c_void_p, c_size_t)

    def map(self, address: int, size: int, access: int, flags: int, fd: int = -1) -> int:
        """Map `size` bytes and return where they are. OSError where the system refuses, MemoryError if it is
        full.
        """
        result = self.mmap(address, size, access, flags, fd, 0)
        if result is None or result == (1 << 64) - 1:
            code = get_errno()
            if code == ENOMEM:
                raise MemoryError(f"no memory for {size} bytes of code or data")
            raise OSError(code, f"mmap of {size} bytes: {os.strerror(code)}")
        return int(result)

    def protect(self, address: int, size: int, access: int) -> None:
        """Change the access rights of whole pages. OSError where the system refuses."""
        if self.mprotect(address, size, access):
            code = get_errno()
            raise OSError(code, f"mprotect of {size} bytes: {os.strerror(code)}")


def share(system: System, start: int, size: int) -> tuple[int, int]:
    """Map fresh shared pages twice: executable at `start` (0: anywhere), and readable. Returns both
    addresses.
    """
    fd = _memfd()
    try:
        os.ftruncate(fd, size)
        writer = system.map(0, size, READ, SHARED, fd)
        try:
            return system.map(start, size, READ_EXEC, SHARED | (FIXED if start else 0), fd), writer
        except (OSError, MemoryError):
            system.munmap(writer, size)
            raise
    finally:
        os.close(fd)  # the mappings keep the pages


def sharing_works(system: System) -> bool:
    """Whether pages may be mapped twice here, and what is written at one address is run at the other, also where other
    code has been run there before. Emulators that translate code (qemu's user mode) miss such writes: they watch
    the addresses that the code was run at.
    """
    try:
        addresses = share(system, 0, PAGE)
    except OSError:
        return False
    code, writer = addresses
    run = CFUNCTYPE(c_int)(code)
    results = []
    for number in (1, 2):
        system.protect(writer, PAGE, READ_WRITE)
        memmove(writer, b"\xb8" + number.to_bytes(4, "little") + b"\xc3", 6)  # mov eax, number; ret
        system.protect(writer, PAGE, READ)
        results.append(run())
    for address in addresses:
        system.munmap(address, PAGE)
    return results == [1, 2]


def _memfd() -> int:
    """A file in memory without a name. It is mapped, never executed as a program, and says so if it can."""
    try:
        return os.memfd_create("jitney", _MFD_CLOEXEC | _MFD_NOEXEC_SEAL)
    except OSError:  # Linux before 6.3
        return os.memfd_create("jitney", _MFD_CLOEXEC)
