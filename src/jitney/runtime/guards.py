"""Guards: the names a specialisation relied upon, checked by machine code at every call.

A guarded dictionary (a module's, the builtins') is unchanged in what matters while its table of keys is where it was,
as many entries have ever been filled, and the entry holds the same two pointers (`layouts.dict_entry`). The first two
and the entry's place are *bound* at run time: they stand in words that the code reads. When a dictionary has grown or
moved, the check fails once, `bind` looks the names up again, and unless a value really differs nothing is compiled.
"""

from __future__ import annotations

from ctypes import addressof, c_uint64

from ..ir.types import ACCESSES
from .layouts import LAYOUT, dict_entry, dict_is_plain, dict_keys, dict_used
from .typeof import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from ..ir.function import Block
    from ..pytypes import PyType
    from .writer import Writer

    class Guard(Protocol):
        """`container[name]` (or the content of a cell, where `name` is None) must be `value`, or be absent."""

        container: Any
        name: str | None
        value: Any

    class Hidden(Protocol):
        """`container[name]` is an argument of the given type, read at entry."""

        container: Any
        name: str | None
        type: PyType


_MISSING = object()
_WORD = 8


class GuardTable:
    """The guards of one specialisation, those of the functions it calls included, and its hidden arguments.

    Attributes:
        changed: after `bind` has failed, what had another value, or one of another type: containers and names.
        moved: the last `bind` found something at another place.
    """

    __slots__ = ("_absent", "_cells", "_containers", "_entries", "_hidden", "_words", "changed", "moved")

    def __init__(self, guards: Sequence[Guard], hidden: Sequence[Hidden], absent: object) -> None:
        """
        Args:
            absent: the value of a guard on a name that must not be there.
        """
        self._absent = absent
        containers: dict[int, dict[Any, Any]] = {}
        for container, name in [*[(g.container, g.name) for g in guards], *[(h.container, h.name) for h in hidden]]:
            if name is not None:
                containers.setdefault(id(container), container)
        self._containers = list(containers.values())
        self._cells = [g for g in guards if g.name is None]
        self._entries = [g for g in guards if g.name is not None]
        self._hidden = list(hidden)
        self._words = (c_uint64 * (2 * len(self._containers) + len(self._entries) + len(hidden) + 1))()
        self.changed: list[tuple[Any, str | None]] = []
        self.moved = False

    @property
    def supported(self) -> bool:
        """Whether every container is one that can be guarded."""
        return all(map(dict_is_plain, self._containers))

    @property
    def hidden_types(self) -> tuple[PyType, ...]:
        """Types of the hidden arguments, in order."""
        return tuple([h.type for h in self._hidden])

    def bind(self) -> bool:
        """Look every name up again. False if the code may not run any more: a name has another value than when it was
        compiled, or a hidden argument another type."""
        self.changed = []
        for guard in (*self._cells, *self._entries):
            found = _current(guard.container, guard.name)
            if found is not (_MISSING if guard.value is self._absent else guard.value):
                self.changed.append((guard.container, guard.name))
        for hidden in self._hidden:
            found = _current(hidden.container, hidden.name)
            if found is _MISSING or type_of(found) is not hidden.type:
                self.changed.append((hidden.container, hidden.name))
        places: list[int] = []
        for container in self._containers:
            places += (dict_keys(container), dict_used(container))
        places += [dict_entry(g.container, g.name) for g in self._entries]
        places += [dict_entry(h.container, h.name) if h.name is not None else 0 for h in self._hidden]
        self.moved = places != self._words[: len(places)]
        for at, place in enumerate(places):
            self._words[at] = place
        return not self.changed

    def emit(self, b: Writer, stale: Block) -> list[int]:
        """Write the checks at the current block; control goes to `stale` where one fails. Bind first.

        Returns:
            the hidden arguments' objects: borrowed references, types not checked.
        """
        tables: list[int] = []
        word = addressof(self._words)
        for container in self._containers:
            row = b.pointer(word)
            keys = b.word(b.pointer(id(container)), LAYOUT.dict_keys)
            tables.append(b.emit("xor", keys, b.word(row, 0)))
            used = b.load(ACCESSES["ptr"], keys, disp=LAYOUT.keys_used)
            tables.append(b.emit("xor", used, b.word(row, _WORD)))
            word += 2 * _WORD
        _require(b, tables, stale)
        # From here on the tables are known to be where they were, so what the words point to is there.
        same: list[int] = []
        at = 2 * len(self._containers)
        for cell in self._cells:
            content = b.word(b.pointer(id(cell.container)), LAYOUT.cell_contents)
            same.append(b.emit("xor", content, b.pointer(id(cell.value))))
        for guard in self._entries:
            if guard.value is not self._absent:
                entry = b.word(b.pointer(word), 0)
                same.append(b.emit("xor", b.word(entry, 0), b.pointer(_key_at(self._words[at]))))
                same.append(b.emit("xor", b.word(entry, _WORD), b.pointer(id(guard.value))))
            word, at = word + _WORD, at + 1
        objects: list[int] = []
        for hidden in self._hidden:
            if hidden.name is None:
                objects.append(b.word(b.pointer(id(hidden.container)), LAYOUT.cell_contents))
            else:
                entry = b.word(b.pointer(word), 0)
                same.append(b.emit("xor", b.word(entry, 0), b.pointer(_key_at(self._words[at]))))
                objects.append(b.word(entry, _WORD))
            word, at = word + _WORD, at + 1
        _require(b, same, stale)
        for pointer in objects:
            _continue(b, b.null(pointer), stale)
        return objects


def _require(b: Writer, differences: list[int], stale: Block) -> None:
    """Go on only if all of these are null."""
    if differences:
        total = differences[0]
        for other in differences[1:]:
            total = b.emit("or", total, other)
        _continue(b, b.emit("ne", total, b.pointer(0)), stale)


def _continue(b: Writer, failed: int, stale: Block) -> None:
    block, after = b.block, b.new_block()
    b.branch(failed, stale, after)
    b.start(after, block)


def _key_at(entry: int) -> int:
    return c_uint64.from_address(entry).value if entry else 0


def _current(container: Any, name: str | None) -> Any:
    if name is not None:
        return container.get(name, _MISSING)
    try:
        return container.cell_contents
    except ValueError:
        return _MISSING
