"""Assembled code that can be placed at an address: blobs, their relocations, and the linker.

A blob is position-independent up to its relocations. `link` gives each blob its address, resolves what they refer to in
each other or outside, and returns the final bytes.
"""

from __future__ import annotations

from jitney.asm.errors import LabelError, RangeError
from jitney.asm.operands import Label, Mem

__all__ = ["Blob", "Relocation", "link"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIZES = {"rel32": 4, "abs64": 8}


class Relocation:
    """A field that depends on where things end up.

    offset: of the field in the blob. kind: `rel32` (4 bytes: target + addend - address of the field) or `abs64`
    (8 bytes: target + addend). target: a label, or an absolute address.
    """

    __slots__ = ("addend", "kind", "offset", "target")

    def __init__(self, offset: int, kind: str, target: Label | int, addend: int) -> None:
        self.offset = offset
        self.kind = kind
        self.target = target
        self.addend = addend

    def __repr__(self) -> str:
        return f"Relocation({self.offset:#x}, {self.kind}, {self.target}{self.addend:+d})"


class Blob:
    """What `Assembler.finish` returns. Immutable.

    code: instructions and the data written between them. data: the pool of constants, which starts at `data_offset`.
    image: both, with the padding between them; the fields of relocations hold zero. size: bytes of the image.
    align: what the image's address must be a multiple of. labels: offset of every bound label.
    relocations: the fields `link` has yet to fill in.
    """

    __slots__ = ("_pieces", "align", "code", "data", "data_offset", "labels", "relocations")

    def __init__(
        self,
        code: bytes,
        data: bytes,
        data_offset: int,
        align: int,
        labels: dict[Label, int],
        relocations: tuple[Relocation, ...],
        pieces: tuple[Sequence[int], Sequence[tuple[object, ...]]],
    ) -> None:
        self.code = code
        self.data = data
        self.data_offset = data_offset
        self.align = align
        self.labels = labels
        self.relocations = relocations
        self._pieces = pieces

    @property
    def image(self) -> bytes:
        if not self.data:
            return self.code
        return self.code + bytes(self.data_offset - len(self.code)) + self.data

    @property
    def size(self) -> int:
        return self.data_offset + len(self.data)

    @property
    def symbols(self) -> dict[str, int]:
        """Offset of every named label. Where several share a name, the first."""
        table: dict[str, int] = {}
        for label, offset in self.labels.items():
            if label.name:
                table.setdefault(label.name, offset)
        return table

    def __bytes__(self) -> bytes:
        """The image; LabelError where relocations are open, as the bytes then depend on an address."""
        if self.relocations:
            first = self.relocations[0]
            raise LabelError(
                f"{_undefined(first)}: the bytes depend on an address; use link()"
                if isinstance(first.target, Label) and first.target not in self.labels
                else f"the field at {first.offset:#x} depends on the address of the code; use link()"
            )
        return self.image

    def __len__(self) -> int:
        return self.size

    def lines(self) -> list[tuple[int, bytes, str]]:
        """The listing: (offset, bytes, text) of every label (no bytes), instruction, datum and constant, in order."""
        offsets, instructions = self._pieces
        names: dict[Label, str] = {}
        at: dict[int, list[str]] = {}
        for label, offset in sorted(self.labels.items(), key=lambda item: item[1]):
            name = names[label] = label.name or f".L{len(names)}"
            at.setdefault(offset, []).append(name + ":")
        image = self.image
        lines: list[tuple[int, bytes, str]] = []
        for start, end, instruction in zip(offsets, offsets[1:], instructions):
            lines += [(start, b"", name) for name in at.pop(start, ())]
            if end > start:
                lines.append((start, image[start:end], _text(instruction, names)))
        constants = sorted(at)
        for start, end in zip(constants, [*constants[1:], self.size]):
            lines += [(start, b"", name) for name in at[start]]
            if end > start:
                lines.append((start, image[start:end], _text((".byte", image[start:end]), names)))
        return lines

    def listing(self) -> str:
        """The listing as a table of offset, bytes and instruction."""
        rows = []
        for offset, code, text in self.lines():
            if not code:
                rows.append(f"{'':28}{text}")
                continue
            for at in range(0, len(code), 10):
                part = code[at : at + 10].hex()
                rows.append(f"{offset + at:4x}  {part:20}      {text if at == 0 else ''}".rstrip())
        return "\n".join(rows)


def _text(instruction: tuple[object, ...], names: Mapping[Label, str]) -> str:
    mnemonic, *operands = instruction
    if mnemonic in (".byte", ".ascii"):
        data = operands[0]
        assert isinstance(data, bytes)
        if mnemonic == ".ascii":
            return '.ascii "' + repr(data + b"'")[2:-2].replace('"', '\\"') + '"'
        return ".byte " + ", ".join(f"{b:#04x}" for b in data)
    for i, operand in enumerate(operands):
        if isinstance(operand, Label):
            operands[i] = names.get(operand, operand)
        elif isinstance(operand, Mem) and operand.label is not None:
            operands[i] = operand.at(Label(names.get(operand.label, str(operand.label))))
    return f"{mnemonic} {', '.join(map(str, operands))}" if operands else str(mnemonic)


def _undefined(relocation: Relocation) -> str:
    return f"undefined label '{relocation.target}' (used at offset {relocation.offset:#x})"


def link(
    blobs: Sequence[Blob], base_addresses: Sequence[int], symbols: Mapping[str, int] | None = None
) -> list[bytes]:
    """The final bytes of each blob, placed at the given addresses.

    A reference is resolved by the label itself, in whichever blob it is bound; or else by its name, among the named
    labels of all blobs; or else by `symbols` (name -> absolute address).

    Raises LabelError for an undefined or ambiguous label, RangeError where a distance exceeds 32 bits, and ValueError
    where an address does not have its blob's alignment.
    """
    if len(blobs) != len(base_addresses):
        raise ValueError(f"{len(blobs)} blobs but {len(base_addresses)} addresses")
    addresses: dict[Label, int] = {}
    named: dict[str, set[int]] = {}
    for blob, base in zip(blobs, base_addresses):
        if base % blob.align:
            raise ValueError(f"address {base:#x} is not a multiple of {blob.align}")
        for label, offset in blob.labels.items():
            addresses[label] = base + offset
            if label.name:
                named.setdefault(label.name, set()).add(base + offset)
    images = []
    for blob, base in zip(blobs, base_addresses):
        if not blob.relocations:
            images.append(blob.image)
            continue
        image = bytearray(blob.image)
        for relocation in blob.relocations:
            target = relocation.target
            if isinstance(target, Label):
                target = _resolve(relocation, target, addresses, named, symbols or {})
            value = target + relocation.addend
            size = _SIZES[relocation.kind]
            if relocation.kind == "rel32":
                value -= base + relocation.offset
                if not -(1 << 31) <= value < 1 << 31:
                    raise RangeError(
                        f"'{relocation.target}' at {target:#x} is out of the reach of the 32-bit distance "
                        f"at {base + relocation.offset:#x}"
                    )
            image[relocation.offset : relocation.offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        images.append(bytes(image))
    return images


def _resolve(
    relocation: Relocation,
    label: Label,
    addresses: Mapping[Label, int],
    named: Mapping[str, set[int]],
    symbols: Mapping[str, int],
) -> int:
    address = addresses.get(label)
    if address is not None:
        return address
    found = named.get(label.name, set())
    if len(found) > 1:
        places = ", ".join(f"{a:#x}" for a in sorted(found))
        raise LabelError(f"'{label.name}' is defined more than once (at {places})")
    if found:
        return next(iter(found))
    if label.name in symbols:
        return symbols[label.name]
    raise LabelError(_undefined(relocation))
