"""Executable memory: where machine code and its data live.

The promise: **no page is ever writable and executable at once**, and published code never changes.

How it is kept. All of it lives in one range of addresses, reserved without access rights and at most 2 GB
long, so that any piece of code reaches any other, and any data, with a 32-bit displacement. Two kinds of
*arena* are mapped into that range:

code arena
    Pages of a memfd, mapped twice: readable and executable inside the range, and a second time elsewhere as
    the *writer* view, which is writable only while bytes are being copied in. Neither mapping ever changes
    between writable and executable, so this also works under `PR_SET_MDWE`. Where memfds cannot be mapped
    executable, or an emulator does not notice what is written through the other mapping, a fresh private page
    is written first and then sealed read-execute (`mode="seal"`; whole pages per function then).
data arena
    Private anonymous pages, readable and writable, never executable: constants, and tables that change.

Arenas are cut into 64-byte granules and shared by many functions. Freed chunks are kept by size class; when
the arenas are used up, neighbours are merged before another arena is mapped.

Threads: every operation holds one lock. Signal handlers run between any two bytecodes of the thread that
holds it, and may need code of their own: such a nested call maps arenas of its own and leaves alone what
the interrupted one is working on. Only steps that Python does at once, such as a list's `pop`, are shared by
both. A collected `Region` only appends to a list (it may be collected anywhere, even inside `reserve`); the
next `reserve` does the work.

Fork: parent and child share the pages of a memfd. So after a fork the child never writes to the parent's
arenas and maps its own, and the parent never reuses a chunk that was live at the fork, which the child may
still run. An arena left without live chunks is then unmapped as a whole, which the other process does not
notice.
"""

from __future__ import annotations

import os
from _thread import RLock
from _weakref import ref
from ctypes import c_char

from .mapping import (
    ANONYMOUS,
    FIXED,
    NONE,
    PAGE,
    PRIVATE,
    READ,
    READ_EXEC,
    READ_WRITE,
    RESERVED,
    System,
    share,
    sharing_works,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    _Claim = tuple[object, "_Arena | None", int, int, "_Arena | None", int, int]
    """What a region holds: its epoch; arena, address and chunk size of its code; and the same of its data."""

GRANULE = 64
"""Alignment of code and of data, in bytes, and the unit in which both are handed out."""

_ARENA = 256 << 10
_REACH = (1 << 31) - (1 << 20)
_RESERVE_SIZES = tuple(size << 20 for size in (1024, 256, 64, 16, 2))

_INT3 = b"\xcc"
_NO_VIEW = memoryview(b"")


class _Operation:
    """Held by what works on the shared lists; `Memory._busy` is a weak reference to it, so it ends with the
    operation, whatever exception a signal handler raises and wherever."""

    __slots__ = ("__weakref__",)


def _idle() -> None:
    """A reference to no operation."""


class _Arena:
    """One mapping that chunks are cut from.

    `writer` is where its bytes are written (for data, and in mode "seal": the arena itself), `view` a
    memoryview of that place. `live` counts the chunks in use; `pinned` says that some chunk was freed after a
    fork and may not be used again; `retired` that another process owns the contents.
    """

    __slots__ = ("live", "pinned", "retired", "size", "start", "view", "writer", "writers")

    def __init__(self, start: int, size: int, writer: int) -> None:
        self.start = start
        self.size = size
        self.writer = writer
        self.view = memoryview((c_char * size).from_address(writer)).cast("B")
        self.live = 0
        self.writers = 0
        self.pinned = False
        self.retired = False


class _Pool:
    """Chunks of one kind (code or data): free ones by size, and spans never used or merged again.

    Only the operation that has set `Memory._busy` works on them; a nested call does no more than append.
    """

    __slots__ = ("arenas", "free", "spans", "unit")

    def __init__(self) -> None:
        self.unit = GRANULE
        self.arenas: list[_Arena] = []
        self.clear()

    def clear(self) -> None:
        """Forget what is free, so that nothing is handed out from the arenas there are."""
        self.free: dict[int, list[tuple[_Arena, int]]] = {}
        self.spans: list[tuple[_Arena, int, int]] = []

    def size_of(self, size: int) -> int:
        """The size of the chunk for `size` bytes: small steps up to 1 KB, then eight per power of two."""
        step = self.unit
        if size > 1024:
            step = max(step, 1 << (size.bit_length() - 4))
        return -(-size // step) * step

    def take(self, size: int) -> tuple[_Arena, int] | None:
        """A free chunk of just this size, as (arena, address); else one cut from a span; else None."""
        chunks = self.free.get(size)
        if chunks:
            return chunks.pop()
        return self.cut(size)

    def cut(self, size: int) -> tuple[_Arena, int] | None:
        """Cut a chunk from one of the last few spans (the largest are last after a merge), or None."""
        for span in self.spans[:-9:-1]:
            arena, start, end = span
            if end - start >= size and not arena.retired:
                self.spans.remove(span)
                if end - start > size:
                    self.spans.append((arena, start + size, end))
                return arena, start
        return None

    def merge(self, size: int) -> tuple[_Arena, int] | None:
        """Merge free neighbours into spans, then cut `size` bytes; None if that does not suffice.

        Sorts all free chunks. Worth it, and tried, only when they hold a quarter of an arena.
        """
        if sum(size * len(chunks) for size, chunks in self.free.items()) < _ARENA // 4:
            return None
        free, spans = self.free, self.spans
        self.clear()
        parts = [(start, start + size, arena) for size, chunks in free.items() for arena, start in chunks]
        parts += [(start, end, arena) for arena, start, end in spans]
        parts.sort(key=lambda part: part[0])
        merged: list[tuple[_Arena, int, int]] = []
        for start, end, arena in parts:
            if merged and merged[-1][0] is arena and merged[-1][2] == start:
                merged[-1] = (arena, merged[-1][1], end)
            else:
                merged.append((arena, start, end))
        merged.sort(key=lambda span: span[2] - span[1])
        self.spans[:0] = merged
        return self.cut(size)

    def add(self, arena: _Arena) -> None:
        """Hand out from this new arena too."""
        self.arenas.append(arena)
        self.spans.append((arena, arena.start, arena.start + arena.size))

    def give(self, arena: _Arena, address: int, size: int) -> None:
        """Take a chunk back."""
        self.free.setdefault(size, []).append((arena, address))

    def drop(self, arena: _Arena) -> None:
        """Hand out nothing from this arena any more."""
        self.arenas = [other for other in self.arenas if other is not arena]
        self.spans = [span for span in self.spans if span[0] is not arena]
        for size, chunks in self.free.items():
            self.free[size] = [chunk for chunk in chunks if chunk[0] is not arena]


class Region:
    """Room for one function: `code_size` bytes at `code_address` and `data_size` bytes at `data_address`.

    Made by `Memory.reserve`. The code is written once, by `write`; the data may be changed at any time
    through `data`. Both are freed when the region is collected, so whoever may still run the code must hold
    the region.
    """

    __slots__ = ("_claim", "_memory", "code_address", "code_size", "data_address", "data_size", "written")

    def __init__(self, memory: Memory, claim: _Claim, code_size: int, data_size: int) -> None:
        self._memory = memory
        self._claim = claim
        self.code_address = claim[2]
        self.code_size = code_size
        self.data_address = claim[5]
        self.data_size = data_size
        self.written = False

    def write(self, code: bytes | bytearray, data: bytes | bytearray = b"") -> Region:
        """Copy the data in, then the code; what is left of the code's room is filled with `int3`.

        ValueError if either is too long or the code was written before; RuntimeError in a child of `fork` for
        a region reserved before the fork; OSError if the system permits no executable memory.
        """
        if len(code) > self.code_size or len(data) > self.data_size:
            raise ValueError(
                f"{len(code)} bytes of code and {len(data)} of data do not fit "
                f"into the {self.code_size} and {self.data_size} reserved"
            )
        if self.written:
            raise ValueError("published code is never changed")
        self.written = True
        if data:
            self.data[: len(data)] = data
        _, arena, address, chunk, _, _, _ = self._claim
        if arena is not None:
            self._memory._write(arena, address, bytes(code) + _INT3 * (chunk - len(code)))
        return self

    @property
    def data(self) -> memoryview:
        """The data as writable bytes, at no copy. Such a view must not be used once the region is gone."""
        arena = self._claim[4]
        if arena is None:
            return memoryview(bytearray())
        offset = self.data_address - arena.start
        return arena.view[offset : offset + self.data_size]

    def keep(self) -> Region:
        """Never free it: for code that C structures point to, which may outlive every module."""
        self._memory._kept.append(self)
        return self

    def __del__(self) -> None:
        # Appending is all that is safe here: a collection may start anywhere, with the memory's lock held
        # too.
        try:
            self._memory._dropped.append(self._claim)
        except AttributeError:
            pass  # a signal handler raised while it was being made

    def __reduce__(self) -> str:
        raise TypeError("a region of memory has one owner: it can be neither copied nor pickled")

    def __repr__(self) -> str:
        data = f", {self.data_size} of data at {self.data_address:#x}" if self.data_size else ""
        return f"<Region: {self.code_size} bytes of code at {self.code_address:#x}{data}>"


class Memory:
    """An allocator of executable memory and of the data beside it. Nearly all use the one made in this
    module.

    `mode` is "memfd" (two mappings of the same pages), "seal" (a page is written, then made executable for
    good), or "auto": the first of them that this system permits, found at the first `reserve`.
    """

    __slots__ = (
        "_busy", "_code", "_data", "_dropped", "_epoch", "_forking", "_fresh", "_kept", "_lock", "_ranges",
        "_rooms", "_slots", "_system", "mode",
    )  # fmt: skip

    def __init__(self, mode: str = "auto") -> None:
        if mode not in ("auto", "memfd", "seal"):
            raise ValueError(f"mode is 'auto', 'memfd' or 'seal', not {mode!r}")
        self.mode = mode
        self._lock = RLock()
        self._system: System | None = None
        self._code = _Pool()
        self._data = _Pool()
        self._dropped: list[_Claim] = []
        self._kept: list[Region] = []
        self._slots: list[int] = []
        self._fresh: list[Iterator[int]] = []
        self._rooms: list[tuple[int, int]] = []
        self._ranges: list[tuple[int, int]] = []
        self._busy: Callable[[], object] = _idle
        self._epoch = object()
        self._forking: list[None] = []
        # From the start: a fork while another thread makes the first reservation leaves the child its lock.
        os.register_at_fork(
            before=self._before_fork,
            after_in_parent=self._after_fork_in_parent,
            after_in_child=self._after_fork_in_child,
        )

    def reserve(self, code_size: int, data_size: int = 0) -> Region:
        """Room for `code_size` bytes of code and `data_size` bytes of zeroed data, each aligned to 64 bytes.

        The addresses are final and within 2 GB of those of every other region, so that code can be linked to
        them before it is written. OSError if the system permits no executable memory, MemoryError if none is
        left.
        """
        if code_size < 0 or data_size < 0:
            raise ValueError("a size is never negative")
        with self._lock:
            if self._busy() is not None:
                return self._reserve_apart(code_size, data_size)
            operation = _Operation()
            self._busy = ref(operation)
            try:
                return self._reserve(code_size, data_size)
            finally:
                self._busy = _idle

    def publish(self, code: bytes | bytearray, data: bytes | bytearray = b"") -> Region:
        """Reserve and write in one step, for code that does not depend on where it lies."""
        return self.reserve(len(code), len(data)).write(code, data)

    def contains(self, address: int) -> bool:
        """Whether `address` lies in an arena of code, so that an instruction there is one of ours."""
        return any(arena.start <= address < arena.start + arena.size for arena in self._code.arenas)

    def usage(self) -> dict[str, int]:
        """Bytes mapped for code and for data, and the number of chunks of each in use by live regions."""
        with self._lock:
            if self._busy() is None:
                operation = _Operation()
                self._busy = ref(operation)
                try:
                    self._collect()
                finally:
                    self._busy = _idle
            code, data = self._code.arenas, self._data.arenas
            return {
                "code_bytes": sum(arena.size for arena in code),
                "code_chunks": sum(arena.live for arena in code),
                "data_bytes": sum(arena.size for arena in data),
                "data_chunks": sum(arena.live for arena in data),
            }

    def _reserve(self, code_size: int, data_size: int) -> Region:
        if self._dropped:
            self._collect()
        if self._system is None:
            self._start()
        code: _Arena | None = None
        data: _Arena | None = None
        code_address = code_chunk = data_address = data_chunk = 0
        if code_size:
            code_chunk = self._code.size_of(code_size)
            code, code_address = self._code.take(code_chunk) or self._grow(self._code, code_chunk)
            code.live += 1
        if data_size:
            data_chunk = self._data.size_of(data_size)
            data, data_address = self._data.take(data_chunk) or self._grow(self._data, data_chunk)
            data.live += 1
            offset = data_address - data.start
            data.view[offset : offset + data_chunk] = bytes(data_chunk)
        claim = (self._epoch, code, code_address, code_chunk, data, data_address, data_chunk)
        return Region(self, claim, code_size, data_size)

    def _reserve_apart(self, code_size: int, data_size: int) -> Region:
        """Room in arenas of its own, for a signal handler that has interrupted an operation of its thread."""
        if self._system is None:
            self._start()
        arenas: list[_Arena | None] = [None, None]
        chunks = [0, 0]
        kinds = ((self._code, code_size, self._map_code), (self._data, data_size, self._map_data))
        for index, (pool, size, make) in enumerate(kinds):
            if size:
                chunks[index] = chunk = pool.size_of(size)
                length = -(-max(chunk, _ARENA) // PAGE) * PAGE
                arena = arenas[index] = make(length)
                arena.live = 1
                pool.arenas.append(arena)
                pool.spans.append((arena, arena.start + chunk, arena.start + length))
        code, data = arenas
        addresses = [arena.start if arena else 0 for arena in arenas]
        claim = (self._epoch, code, addresses[0], chunks[0], data, addresses[1], chunks[1])
        return Region(self, claim, code_size, data_size)

    # -- mapping

    def _start(self) -> None:
        """First use: bind the system calls, find the mode that works. Harmless if done twice."""
        system = System()
        if self.mode == "auto":
            self.mode = "memfd" if sharing_works(system) else "seal"
        if self.mode == "seal":
            self._code.unit = PAGE
        self._system = system

    def _grow(self, pool: _Pool, size: int) -> tuple[_Arena, int]:
        """A chunk from merged neighbours or, failing that, from a new arena."""
        chunk = pool.merge(size)
        while chunk is None:
            length = -(-max(size, _ARENA) // PAGE) * PAGE
            pool.add(self._map_code(length) if pool is self._code else self._map_data(length))
            chunk = pool.cut(size)
        return chunk

    def _map_code(self, size: int) -> _Arena:
        start = self._room(size)
        if self.mode == "seal":
            return _Arena(start, size, start)
        try:
            _, writer = share(self._bound(), start, size)
        except (OSError, MemoryError):
            self._give_room(start, size)
            raise
        return _Arena(start, size, writer)

    def _map_data(self, size: int) -> _Arena:
        start = self._room(size)
        try:
            self._bound().map(start, size, READ_WRITE, PRIVATE | ANONYMOUS | FIXED)
        except (OSError, MemoryError):
            self._give_room(start, size)
            raise
        return _Arena(start, size, start)

    def _room(self, size: int) -> int:
        """Take reserved addresses for an arena of `size` bytes, reserving more where none are left.

        Those of the usual size are *slots*, taken in one step that no signal handler can come between: so
        there are some for a nested call too, whatever the interrupted one is doing. Larger ones are rare.
        """
        if size <= _ARENA:
            try:
                return self._slots.pop()
            except IndexError:
                pass
            for fresh in self._fresh[::-1]:
                start = next(fresh, 0)
                if start:
                    return start
        else:
            for room in self._rooms[::-1]:
                start, end = room
                if end - start >= size:
                    try:
                        self._rooms.remove(room)
                    except ValueError:  # a nested call took it
                        continue
                    self._rooms.append((start + size, end))
                    return start
        start, length = self._reserve_addresses(max(size, _ARENA))
        taken = start + max(size, _ARENA)
        middle = taken + (start + length - taken) * 3 // 4 // _ARENA * _ARENA
        self._fresh.append(iter(range(taken, middle, _ARENA)))
        self._rooms.append((middle, start + length))
        return start

    def _give_room(self, start: int, size: int) -> None:
        """Take back the addresses of an arena."""
        if size <= _ARENA:
            self._slots.append(start)
        else:
            self._rooms.append((start, start + size))

    def _reserve_addresses(self, size: int) -> tuple[int, int]:
        """Reserve `size` bytes of addresses in reach of all others, and more if the address limit permits."""
        system = self._bound()
        for length in (*(length for length in _RESERVE_SIZES if length > size), size):
            low = min((start for start, _ in self._ranges), default=0)
            high = max((end for _, end in self._ranges), default=0)
            for hint in (low - length, high) if high else (0,):
                try:
                    start = system.map(hint, length, NONE, RESERVED)
                except (OSError, MemoryError):
                    continue
                found = start, start + length
                self._ranges.append(found)
                if max(end for _, end in self._ranges) - min(start for start, _ in self._ranges) <= _REACH:
                    return start, length
                self._ranges.remove(found)
                system.munmap(start, length)
        raise MemoryError(f"no address space is left for {size} bytes of code within 2 GB of the rest")

    def _bound(self) -> System:
        assert self._system is not None
        return self._system

    def _write(self, arena: _Arena, address: int, code: bytes) -> None:
        """Copy whole chunks of code into an arena."""
        system = self._bound()
        offset = address - arena.start
        with self._lock:
            if arena.retired:
                raise RuntimeError("this memory was reserved before a fork and is the parent's")
            if self.mode == "seal":
                system.protect(address, len(code), READ_WRITE)
                arena.view[offset : offset + len(code)] = code
                system.protect(address, len(code), READ_EXEC)
                return
            # Counted, because a signal handler may write code of its own in the middle of this.
            arena.writers += 1
            try:
                system.protect(arena.writer, arena.size, READ_WRITE)
                arena.view[offset : offset + len(code)] = code
            finally:
                arena.writers -= 1
                if not arena.writers:
                    system.protect(arena.writer, arena.size, READ)

    # -- freeing

    def _collect(self) -> None:
        """Free what the collected regions held."""
        if self._forking:
            return
        dropped = self._dropped
        while dropped:
            epoch, code, code_address, code_chunk, data, data_address, data_chunk = dropped.pop()
            if data is not None:
                data.live -= 1
                self._data.give(data, data_address, data_chunk)
            if code is not None:
                code.live -= 1
                if epoch is not self._epoch or code.retired:
                    code.pinned = True
                elif self.mode == "seal":
                    self._bound().map(code_address, code_chunk, NONE, RESERVED | FIXED)
                    self._code.give(code, code_address, code_chunk)
                else:
                    self._code.give(code, code_address, code_chunk)
                if code.pinned and not code.live:
                    self._unmap(code)

    def _unmap(self, arena: _Arena) -> None:
        """Give a whole code arena back to the system, and its addresses back to the reserved ones."""
        self._code.drop(arena)
        system = self._bound()
        if not arena.retired:
            arena.view = _NO_VIEW
            system.munmap(arena.writer, arena.size)
        system.map(arena.start, arena.size, NONE, RESERVED | FIXED)
        self._give_room(arena.start, arena.size)

    # -- fork

    def _before_fork(self) -> None:
        # Nothing is freed until the epoch has changed: it might be alive in the child and free in the parent.
        self._forking.append(None)

    def _after_fork_in_parent(self) -> None:
        self._epoch = object()
        self._forking.pop()

    def _after_fork_in_child(self) -> None:
        # The other threads are gone, and with them whatever they held or were in the middle of.
        self._lock = RLock()
        self._busy = _idle
        self._forking.clear()
        if self.mode == "seal":
            # Private pages: the child has its own.
            return
        self._epoch = object()
        self._code.clear()
        for arena in self._code.arenas:
            if not arena.retired:
                arena.retired = True
                arena.view = _NO_VIEW
                self._bound().munmap(arena.writer, arena.size)


_memory = Memory()
reserve = _memory.reserve
publish = _memory.publish
contains = _memory.contains
usage = _memory.usage
