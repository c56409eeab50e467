"""Guards: the names a specialisation relied upon, checked by machine code at every call.

A guarded dictionary (a module's, the builtins') is unchanged in what matters while its table of keys is where it was
and of the same shape, as many entries have ever been filled, and the entry holds the same two pointers. All but the
value are *bound* at run time: they stand in words that the code reads. When a dictionary has grown or moved, the check
fails once, `bind` looks the names up again, and unless a value really differs nothing is compiled.

Threads: what is found of one dictionary is found in one call of machine code (`LOCATE`), and the words are
written in one go. A change in between makes the check fail, as any other does.
"""

from __future__ import annotations

from ctypes import PYFUNCTYPE, addressof, c_int64, c_void_p

from ..ir.function import Call
from ..ir.types import I64, PTR
from . import capi, stubs
from .layouts import LAYOUT, dict_is_plain
from .typeof import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
_ATTEMPTS = 20
_HEAD = 4
"""Words before the first row: the numbers of rows of each kind."""
# Rows, by kind: a dictionary with its table of keys, entries used, shape; a name's entry with its key and value; a
# hidden name's entry with its key; a cell with its content.
_TABLE, _NAME, _HIDDEN, _CELL = 4, 3, 2, 2


class GuardTable:
    """The guards of one specialisation, those of the functions it calls included, and its hidden arguments.

    Attributes:
        changed: after `bind` has failed, what had another value, or one of another type: containers and names.
        moved: the last `bind` found something at another place.
    """

    __slots__ = (
        "_absents", "_cells", "_containers", "_entries", "_hidden", "_keys", "_place", "_words", "changed",
        "moved",
    )  # fmt: skip

    def __init__(self, guards: Sequence[Guard], hidden: Sequence[Hidden], absent: object) -> None:
        """
        Args:
            absent: the value of a guard on a name that must not be there.
        """
        containers: dict[int, dict[Any, Any]] = {}
        for container, name in [*[(g.container, g.name) for g in guards], *[(h.container, h.name) for h in hidden]]:
            if name is not None:
                containers.setdefault(id(container), container)
        self._containers = list(containers.values())
        self._cells = [g for g in guards if g.name is None]
        self._absents = [g for g in guards if g.name is not None and g.value is absent]
        self._entries = [g for g in guards if g.name is not None and g.value is not absent]
        self._hidden = list(hidden)
        counts = (len(self._containers), len(self._entries), sum(h.name is not None for h in hidden), len(self._cells))
        sizes = (_TABLE, _NAME, _HIDDEN, _CELL)
        rows = sum([n * size for n, size in zip(counts, sizes)])
        self._words, self._place = capi.words([*counts, *[0] * rows])
        # The key objects whose addresses stand in the words.
        self._keys: list[Any] = []
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
        self.moved = False
        self.moved = False
        for _ in range(_ATTEMPTS):
            self.changed = []
            words = self._look_up()
            if self.changed:
                # The words stay: they point to what is there, while now there may be nothing.
                return False
            if words is not None:
                self.moved = words != self._words[8 * _HEAD :]
                # In one go: another thread may be about to read them.
                self._words[8 * _HEAD :] = words
                return True
        # Other threads change the dictionaries all the time: the check fails until they stop.
        return True

    def _look_up(self) -> bytes | None:
        """The rows as they lie in memory; None if something has changed while they were collected."""
        tables: dict[int, list[int]] = {}
        rows: list[int] = []
        self._keys = []
        consistent = True

        def entry(container: dict[Any, Any], name: str) -> int:
            """Add an entry and its key to the rows; the address of the value, 0 if there is none."""
            nonlocal consistent
            place, value, *table = _locate(container, name)
            if not place:
                name = next((key for key in list(container) if key == name), name)
                place, value, *table = _locate(container, name)
            self._keys.append(name)
            rows.extend((place, id(name)))
            consistent = consistent and tables.setdefault(id(container), table) == table
            return value

        for guard in self._entries:
            assert guard.name is not None
            value = entry(guard.container, guard.name)
            rows.append(value)
            if value != id(guard.value):
                self.changed.append((guard.container, guard.name))
        for hidden in self._hidden:
            if hidden.name is None:
                found = _content(hidden.container)
            else:
                entry(hidden.container, hidden.name)
                found = hidden.container.get(hidden.name, _MISSING)
            if found is _MISSING or type_of(found) is not hidden.type:
                self.changed.append((hidden.container, hidden.name))
        for guard in self._cells:
            rows += (id(guard.container), id(guard.value))
            if _content(guard.container) is not guard.value:
                self.changed.append((guard.container, None))
        for container in self._containers:
            table = _locate(container, None)[2:]
            consistent = consistent and tables.setdefault(id(container), table) == table
        # Only now, so that a name that appears later shows in the number of entries.
        self.changed += [(g.container, g.name) for g in self._absents if g.name in g.container]
        if not consistent:
            return None
        rows[:0] = [word for c in self._containers for word in (id(c), *tables[id(c)])]
        return b"".join([word.to_bytes(8, "little") for word in rows])

    @property
    def table(self) -> int:
        """The address of the words for `CHECK`; 0 if there is nothing to check."""
        return addressof(self._place) if len(self._words) > 8 * _HEAD else 0

    def hidden_places(self) -> list[tuple[bool, int]]:
        """For each hidden argument: whether a cell holds it, and the address of the cell or of the word in which the
        dictionary's entry stands."""
        at = addressof(self._place) + 8 * (_HEAD + _TABLE * len(self._containers) + _NAME * len(self._entries))
        places: list[tuple[bool, int]] = []
        for hidden in self._hidden:
            if hidden.name is None:
                places.append((True, id(hidden.container)))
            else:
                places.append((False, at))
                at += 8 * _HIDDEN
        return places

    def emit(self, b: Writer, stale: Block) -> list[int]:
        """Write the checks at the current block; control goes to `stale` where one fails.

        Returns:
            the hidden arguments' objects: borrowed references, types not checked.
        """
        if self.table:
            check = Call("check", stubs.address("check"), (PTR,), (I64,))
            good = b.call("ccall", check, (b.pointer(self.table),))[0]
            _continue(b, b.emit("eq", good, b.const(I64, 0)), stale)
        objects: list[int] = []
        for cell, address in self.hidden_places():
            if cell:
                objects.append(b.word(b.pointer(address), LAYOUT.cell_contents))
            else:
                objects.append(b.word(b.word(b.pointer(address), 0), 8))
        for pointer in objects:
            _continue(b, b.null(pointer), stale)
        return objects


def _continue(b: Writer, failed: int, stale: Block) -> None:
    block, after = b.block, b.new_block()
    b.branch(failed, stale, after)
    b.start(after, block)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _MISSING


_locator: list[Callable[..., int]] = []
_EMPTY = (0,) * 5


def prepare() -> None:
    """Have ready what every guard needs."""
    # Keeps the GIL.
    _locator.append(PYFUNCTYPE(c_int64, c_void_p, c_void_p, c_void_p)(stubs.address("locate")))


def _locate(container: dict[Any, Any], key: Any) -> list[int]:
    """See `LOCATE`: entry, value, table of keys, entries used, shape. Entry and value are 0 if there is none."""
    if not _locator:
        prepare()
    block, place = capi.words(_EMPTY)
    _locator[0](id(container), id(key), addressof(place))
    return memoryview(block).cast("Q").tolist()
