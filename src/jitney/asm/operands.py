"""Memory operands and labels.

>>> from jitney.asm.registers import rax, rcx
>>> qword_ptr(rax, rcx, 8, -16)
qword ptr [rax+rcx*8-16]
>>> Mem(label=Label("table"))
[rip+table]
"""

from __future__ import annotations

from _operator import itemgetter  # `operator` itself is not loaded by a bare interpreter

__all__ = [
    "Label", "Mem", "ptr", "byte_ptr", "word_ptr", "dword_ptr", "qword_ptr",
    "xmmword_ptr", "ymmword_ptr", "zmmword_ptr",
]  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jitney.asm.registers import Reg


class Label:
    """A place in code or data, or a symbol defined elsewhere; compared and hashed by identity.

    A label says nothing about where it is: `Assembler.bind` decides that, or `link` does, by `name`.
    """

    __slots__ = ("name",)

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name or f".L{id(self) & 0xFFFFFF:x}"


class Decor:
    """The rare attributes of a memory operand, kept out of the common path.

    segment: `"fs"`, `"gs"` or `""`. broadcast: 0, or how many times one element is repeated (AVX-512
    `{1to8}`). mask, zero: write mask of a stored vector.
    """

    __slots__ = ("broadcast", "mask", "segment", "zero")

    def __init__(self, segment: str, broadcast: int, mask: Reg | None, zero: bool) -> None:
        self.segment = segment
        self.broadcast = broadcast
        self.mask = mask
        self.zero = zero

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Decor) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, int, Reg | None, bool]:
        return self.segment, self.broadcast, self.mask, self.zero


_tuple_new = tuple.__new__


class Mem(tuple):  # type: ignore[type-arg]  # a plain tuple hashes and compares in C: the encoder's memo needs that
    """A memory operand: `[base + index*scale + disp]`, or `[rip + label + disp]` when `label` is given.

    base: a 64- or 32-bit general register, `rip` or None. index: the same (not rsp), or a vector register for
    gathers. scale: 1, 2, 4 or 8. disp: signed 32 bits. size: bytes accessed, 0 where another operand tells.
    Immutable and hashed by value. A malformed operand is refused by the encoder (`OperandError`), not here.
    """

    __slots__ = ()

    def __new__(
        cls,
        base: Reg | None = None,
        index: Reg | None = None,
        scale: int = 1,
        disp: int = 0,
        size: int = 0,
        label: Label | None = None,
        decor: Decor | None = None,
    ) -> Mem:
        return _tuple_new(cls, (base, index, scale, disp, size, label, decor))

    if TYPE_CHECKING:
        base: Reg | None
        index: Reg | None  # type: ignore[assignment]  # hides tuple.index
        scale: int
        disp: int
        size: int
        label: Label | None
        decor: Decor | None
    else:
        base = property(itemgetter(0))
        index = property(itemgetter(1))
        scale = property(itemgetter(2))
        disp = property(itemgetter(3))
        size = property(itemgetter(4))
        label = property(itemgetter(5))
        decor = property(itemgetter(6))

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def _decorated(self, **changes: Any) -> Mem:
        old = self.decor
        fields = {"segment": "", "broadcast": 0, "mask": None, "zero": False}
        if old is not None:
            fields = {name: getattr(old, name) for name in fields}
        base, index, scale, disp, size, label, _ = self
        return Mem(base, index, scale, disp, size, label, Decor(**{**fields, **changes}))

    def at(self, label: Label) -> Mem:
        """The same access at another label."""
        base, index, scale, disp, size, _, decor = self
        return Mem(base, index, scale, disp, size, label, decor)

    def with_segment(self, segment: str) -> Mem:
        """The same place relative to the `fs` or `gs` base."""
        return self._decorated(segment=segment)

    def broadcast(self, times: int) -> Mem:
        """One element (of `size` bytes) repeated `times` times: AVX-512 `{1toN}`."""
        return self._decorated(broadcast=times)

    def masked(self, mask: Reg, zero: bool = False) -> Mem:
        """This destination under the write mask `mask` (AVX-512)."""
        return self._decorated(mask=mask, zero=zero)

    def __repr__(self) -> str:
        base, index, scale, disp, size, label, decor = self
        terms = [str(base)] if base is not None else ["rip"] if label is not None else []
        if label is not None:
            terms.append(str(label))
        if index is not None:
            terms.append(f"{index}*{scale}" if scale != 1 or base is None else str(index))
        text = "+".join(terms)
        if disp or not terms:
            text += f"{disp:+}" if terms else str(disp)
        prefix = f"{_SIZE_NAMES[size]} " if size in _SIZE_NAMES else ""
        if decor is None:
            return f"{prefix}[{text}]"
        suffix = f"{{1to{decor.broadcast}}}" if decor.broadcast else ""
        suffix += f"{{{decor.mask}}}" if decor.mask is not None else ""
        suffix += "{z}" if decor.zero else ""
        segment = f"{decor.segment}:" if decor.segment else ""
        return f"{prefix}{segment}[{text}]{suffix}"


_SIZE_NAMES = {
    1: "byte ptr",
    2: "word ptr",
    4: "dword ptr",
    6: "fword ptr",
    8: "qword ptr",
    10: "tbyte ptr",
    16: "xmmword ptr",
    32: "ymmword ptr",
    64: "zmmword ptr",
}


def ptr(
    base: Reg | Label | None = None, index: Reg | None = None, scale: int = 1, disp: int = 0, size: int = 0
) -> Mem:
    """A memory operand of unstated size; a `Label` as base means rip-relative."""
    if isinstance(base, Label):
        return _tuple_new(Mem, (None, index, scale, disp, size, base, None))
    return _tuple_new(Mem, (base, index, scale, disp, size, None, None))


def byte_ptr(base: Reg | Label | None = None, index: Reg | None = None, scale: int = 1, disp: int = 0) -> Mem:
    """1 byte at `[base+index*scale+disp]`."""
    return ptr(base, index, scale, disp, 1)


def word_ptr(base: Reg | Label | None = None, index: Reg | None = None, scale: int = 1, disp: int = 0) -> Mem:
    """2 bytes at `[base+index*scale+disp]`."""
    return ptr(base, index, scale, disp, 2)


def dword_ptr(base: Reg | Label | None = None, index: Reg | None = None, scale: int = 1, disp: int = 0) -> Mem:
    """4 bytes at `[base+index*scale+disp]`."""
    return ptr(base, index, scale, disp, 4)


def qword_ptr(base: Reg | Label | None = None, index: Reg | None = None, scale: int = 1, disp: int = 0) -> Mem:
    """8 bytes at `[base+index*scale+disp]`."""
    return ptr(base, index, scale, disp, 8)


def xmmword_ptr(base: Reg | Label | None = None, index: Reg | None = None, scale: int = 1, disp: int = 0) -> Mem:
    """16 bytes at `[base+index*scale+disp]`."""
    return ptr(base, index, scale, disp, 16)


def ymmword_ptr(base: Reg | Label | None = None, index: Reg | None = None, scale: int = 1, disp: int = 0) -> Mem:
    """32 bytes at `[base+index*scale+disp]`."""
    return ptr(base, index, scale, disp, 32)


def zmmword_ptr(base: Reg | Label | None = None, index: Reg | None = None, scale: int = 1, disp: int = 0) -> Mem:
    """64 bytes at `[base+index*scale+disp]`."""
    return ptr(base, index, scale, disp, 64)
