"""The assembler: instructions, labels and data in, a `Blob` out.

>>> from jitney.asm.registers import rax, rdi
>>> a = Assembler()
>>> a.emit("mov", rax, rdi)
>>> a.emit("add", rax, 1)
>>> a.emit("ret")
>>> bytes(a.finish()).hex()
'4889f84883c001c3'

`emit` is the fast way in; `a.mov(rax, rdi)` says the same more readably. Python's own words take an underscore
(`a.and_(rax, 1)`), and prefixes are written before the mnemonic: `a.emit("lock add", mem, rax)` or
`a.lock_add(mem, rax)`.
"""

from __future__ import annotations

from _bisect import bisect_left
from itertools import accumulate

from jitney.asm.blob import Blob, Relocation
from jitney.asm.errors import AsmError, LabelError, OperandError, RangeError
from jitney.asm.operands import Label
from jitney.asm.x86_64.encode import PREFIXES, branch, instruction, nops

__all__ = ["Assembler"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    _Variable = tuple[int, int, int, int]
    """A piece whose size depends on the layout: (piece, target's piece, short size, long size) of a jump, or
    (piece, -1, alignment, most bytes of padding)."""

_memo: dict[tuple[Any, ...], bytes] = {}
"""Instruction as given -> its bytes, for all instructions that mention no label."""

_MEMO_LIMIT = 1 << 15

_DIRECTIVES = {1: ".byte", 2: ".word", 4: ".long", 8: ".quad"}


class Assembler:
    """Collects instructions and data; `finish` lays them out.

    Jumps to labels start short (rel8) and grow to rel32 where they must. Errors in operands are raised by the call
    that gives them, errors about labels and distances by `finish` or `link`.
    """

    __slots__ = ("_aligns", "_bound", "_codes", "_differences", "_fixups", "_instructions", "_jumps", "_names", "_pool")

    def __init__(self) -> None:
        self._codes: list[bytes] = []
        self._instructions: list[tuple[Any, ...]] = []
        self._bound: dict[Label, int] = {}
        # (piece, opcode of the rel8 form, opcode of the rel32 form, target)
        self._jumps: list[tuple[int, bytes, bytes, Label | int]] = []
        # (piece, bytes from the field's start to the piece's end, field's kind, target, addend)
        self._fixups: list[tuple[int, int, str, Label, int]] = []
        # (piece, label, base, addend)
        self._differences: list[tuple[int, Label, Label, int]] = []
        # (piece, alignment, most bytes of padding, fill byte or None for nops)
        self._aligns: list[tuple[int, int, int, int | None]] = []
        self._names: dict[str, Label] = {}
        self._pool: dict[bytes | tuple[Label, int], tuple[Label, int]] = {}

    def emit(self, *instruction: Any) -> None:
        """Append one instruction: `emit(mnemonic, *operands)`.

        Operands are registers, `Mem`, `int` and `Label`, in Intel order. A label as the operand of a jump or call is
        its target, and so is an int there, as an absolute address; a label in place of a 64-bit immediate is its
        absolute address. Raises OperandError (with the forms there are) and RangeError.
        """
        try:
            code = _memo.get(instruction)
        except TypeError:
            raise OperandError(f"{instruction[1:]} has something that is no operand") from None
        if code is None:
            code = self._encode(instruction)
        self._codes.append(code)
        self._instructions.append(instruction)

    def _encode(self, given: tuple[Any, ...]) -> bytes:
        mnemonic = given[0]
        operands = given[1:]
        if len(operands) == 1:
            target = operands[0]
            if type(target) is Label or type(target) is int:
                opcodes = branch(mnemonic)
                if opcodes is not None:
                    short, long = opcodes
                    self._jumps.append((len(self._codes), short, long, target))
                    return short + b"\0" if short else long + bytes(4)
        code, trailing, label, addend = instruction(mnemonic, operands)
        if label is None:
            if len(_memo) >= _MEMO_LIMIT:
                _memo.clear()
            _memo[given] = code
        elif trailing < 0:
            self._fixups.append((len(self._codes), 8, "abs64", label, addend))
        else:
            self._fixups.append((len(self._codes), 4 + trailing, "rel32", label, addend - trailing - 4))
        return code

    def __getattr__(self, name: str) -> Callable[..., None]:
        """`a.mov`: defined on first use, for all assemblers, as a method that calls `emit`."""
        if name.startswith("_"):
            raise AttributeError(name)
        prefix, _, rest = name.partition("_")
        mnemonic = f"{prefix} {rest}" if rest and prefix in PREFIXES else name.rstrip("_")

        def method(self: Assembler, *operands: Any) -> None:
            self.emit(mnemonic, *operands)

        method.__name__ = name
        setattr(Assembler, name, method)
        return getattr(self, name)  # type: ignore[no-any-return]

    # labels

    def label(self, name: str) -> Label:
        """The label of this name in this assembler, made on first mention (and not bound by that)."""
        label = self._names.get(name)
        if label is None:
            label = self._names[name] = Label(name)
        return label

    def bind(self, label: Label | None = None) -> Label:
        """Say that the label (a new one if none is given) is here. Returns it. LabelError if it is bound already."""
        if label is None:
            label = Label()
        if label in self._bound:
            raise LabelError(f"label '{label}' is bound twice")
        self._bound[label] = len(self._codes)
        return label

    @property
    def pieces(self) -> int:
        """How many pieces (instructions, data, alignments) there are so far."""
        return len(self._codes)

    def distance(self, start: Label, end: Label) -> int | None:
        """Bytes from one bound label to another, or None where that is not settled before `finish`."""
        first, last = self._bound.get(start), self._bound.get(end)
        if first is None or last is None:
            return None
        if first > last:
            backwards = self.distance(end, start)
            return None if backwards is None else -backwards
        if any(first <= jump[0] < last and jump[1] for jump in self._jumps):
            return None
        if any(first <= align[0] < last for align in self._aligns):
            return None
        return sum(map(len, self._codes[first:last]))

    # data

    def _data(self, data: bytes, directive: str = ".byte") -> None:
        self._codes.append(data)
        self._instructions.append((directive, data))

    def db(self, *values: int | bytes) -> None:
        """Bytes: integers from -128 to 255, or bytes objects."""
        self._integers(values, 1)

    def dw(self, *values: int) -> None:
        """16-bit integers."""
        self._integers(values, 2)

    def dd(self, *values: int) -> None:
        """32-bit integers."""
        self._integers(values, 4)

    def dq(self, *values: int | Label) -> None:
        """64-bit integers, or the absolute addresses of labels."""
        for value in values:
            if isinstance(value, Label):
                self._fixups.append((len(self._codes), 8, "abs64", value, 0))
                self._codes.append(bytes(8))
                self._instructions.append((".quad", value))
            else:
                self._integers((value,), 8)

    def _integers(self, values: tuple[int | bytes, ...], size: int) -> None:
        parts = []
        for value in values:
            if isinstance(value, bytes):
                parts.append(value)
                continue
            if not -(1 << 8 * size - 1) <= value < 1 << 8 * size:
                raise RangeError(f"{value} does not fit in {size} byte{'s' if size > 1 else ''}")
            parts.append((value & (1 << 8 * size) - 1).to_bytes(size, "little"))
        self._data(b"".join(parts))

    def difference(self, label: Label, base: Label, addend: int = 0, size: int = 4) -> None:
        """An integer of `size` bytes: `label - base + addend`. Tables of jump distances are made of these."""
        self._differences.append((len(self._codes), label, base, addend))
        self._codes.append(bytes(size))
        self._instructions.append((_DIRECTIVES[size], f"{label}-{base}{f'{addend:+}' if addend else ''}"))

    def string(self, text: str | bytes) -> None:
        """Text in UTF-8, without a terminator."""
        self._data(text.encode() if isinstance(text, str) else text, ".ascii")

    def align(self, n: int, fill: int | None = None, limit: int | None = None) -> None:
        """Pad to a multiple of `n` (a power of two), or not at all where that takes more than `limit` bytes: with long
        nops, or with the byte `fill`."""
        if n <= 0 or n & n - 1:
            raise ValueError(f"alignment {n} is not a power of two")
        self._aligns.append((len(self._codes), n, n if limit is None else limit, fill))
        self._codes.append(b"")
        self._instructions.append((".balign", n))

    def const(self, data: bytes, align: int = 1) -> Label:
        """The label of a constant in the pool after the code; equal constants are stored once."""
        label, old = self._pool.get(data, (None, 1))
        if label is None:
            label = Label()
        self._pool[data] = label, max(align, old)
        return label

    def address(self, target: Label, addend: int = 0) -> Label:
        """The label of 8 bytes in the pool that hold the absolute address of `target` (+ addend)."""
        label, _ = self._pool.setdefault((target, addend), (Label(), 8))
        return label

    # layout

    def finish(self) -> Blob:
        """Lay everything out. The assembler may be used further, and finished again.

        Labels not bound here become relocations. Raises RangeError where a jump that has only a rel8 form is too far.
        """
        codes = list(self._codes)
        sizes = list(map(len, codes))
        long = self._relax(sizes)
        offsets = self._offsets(sizes)
        size = offsets[-1]
        labels = {label: offsets[piece] for label, piece in self._bound.items()}
        relocations: list[Relocation] = []
        align = max((n for _, n, _, _ in self._aligns), default=16)

        data = b""
        data_offset = size
        if self._pool:
            entries = sorted(self._pool.items(), key=lambda entry: -entry[1][1])
            align = max(align, entries[0][1][1])
            data_offset = -(-size // entries[0][1][1]) * entries[0][1][1]
            parts: list[bytes] = []
            at = data_offset
            for content, (label, n) in entries:
                padding = -at % n
                at += padding
                labels[label] = at
                if isinstance(content, tuple):
                    relocations.append(Relocation(at, "abs64", *content))
                    content = bytes(8)
                parts += bytes(padding), content
                at += len(content)
            data = b"".join(parts)

        for piece, _, _, fill in self._aligns:
            padding = offsets[piece + 1] - offsets[piece]
            codes[piece] = nops(padding) if fill is None else bytes((fill,)) * padding
        for piece, short_opcode, long_opcode, target in self._jumps:
            end = offsets[piece + 1]
            goal = labels.get(target) if type(target) is Label else None
            if piece not in long:
                assert goal is not None
                if not -128 <= goal - end <= 127:
                    name = self._instructions[piece][0]
                    message = f"'{name}' reaches 127 bytes, not {goal - end} (to '{target}')"
                    raise _at(piece, RangeError(message))
                codes[piece] = short_opcode + (goal - end).to_bytes(1, "little", signed=True)
            elif goal is not None:
                codes[piece] = long_opcode + (goal - end).to_bytes(4, "little", signed=True)
            else:
                codes[piece] = long_opcode + bytes(4)
                relocations.append(Relocation(end - 4, "rel32", target, -4))
        for piece, back, kind, label, addend in self._fixups:
            field = offsets[piece + 1] - back
            goal = labels.get(label)
            if kind == "rel32" and goal is not None:
                code = codes[piece]
                at = len(code) - back
                distance = (goal + addend - field).to_bytes(4, "little", signed=True)
                codes[piece] = code[:at] + distance + code[at + 4 :]
            else:
                relocations.append(Relocation(field, kind, label, addend))
        for piece, label, base, addend in self._differences:
            for known in (label, base):
                if known not in labels:
                    raise _at(piece, LabelError(f"undefined label '{known}' (used at offset {offsets[piece]:#x})"))
            size = len(codes[piece])
            try:
                codes[piece] = (labels[label] - labels[base] + addend).to_bytes(size, "little", signed=True)
            except OverflowError:
                message = f"the distance from '{base}' to '{label}' does not fit in {size} bytes"
                raise _at(piece, RangeError(message)) from None
        return Blob(
            b"".join(codes), data, data_offset, align, labels, tuple(relocations), (offsets, tuple(self._instructions))
        )

    def _offsets(self, sizes: list[int]) -> list[int]:
        """The offset of every piece, and of the end; sets the sizes of alignments on the way."""
        if not self._aligns:
            return list(accumulate(sizes, initial=0))
        offsets: list[int] = []
        start = position = 0
        for piece, n, limit, _ in self._aligns:
            offsets += accumulate(sizes[start:piece], initial=position)
            position = offsets.pop()
            sizes[piece] = _padding(position, n, limit)
            start = piece
        offsets += accumulate(sizes[start:], initial=position)
        return offsets

    def _relax(self, sizes: list[int]) -> set[int]:
        """Choose between the forms of jumps: all short at first, then those out of reach grow until none is.

        Returns the pieces in their long form and leaves their sizes in `sizes`.
        """
        long: set[int] = set()
        variable: list[_Variable] = []
        for piece, short_opcode, long_opcode, target in self._jumps:
            goal = self._bound.get(target) if type(target) is Label else None
            if goal is None or not short_opcode:
                if not long_opcode:
                    name = self._instructions[piece][0]
                    raise _at(piece, LabelError(f"'{name}' to '{target}', which is not bound here"))
                long.add(piece)
                sizes[piece] = len(long_opcode) + 4
            elif long_opcode:
                variable.append((piece, goal, len(short_opcode) + 1, len(long_opcode) + 4))
        if variable:
            variable += [(piece, -1, n, limit) for piece, n, limit, _ in self._aligns]
            variable.sort()
            for piece, _, _, _ in variable:
                sizes[piece] = 0
            chosen = _settle(variable, list(accumulate(sizes, initial=0)))
            for (piece, goal, _, long_size), size in zip(variable, chosen):
                sizes[piece] = size
                if goal >= 0 and size == long_size:
                    long.add(piece)
        return long


def _settle(variable: list[_Variable], fixed: list[int]) -> list[int]:
    """The size of every piece whose size depends on the layout.

    fixed: the offset of every piece if these had no size. Jumps never shrink, so this ends. Passes go through the
    pieces in order, as those of GNU as do, so that the outcome is the same: what lies behind is where this pass has put
    it; what lies ahead is taken to move as far as the jump itself has, unless an alignment in between may absorb that.
    """
    pieces = [piece for piece, _, _, _ in variable]
    # how many of these pieces lie before each target, and how many alignments lie before each of these pieces
    before = [bisect_left(pieces, goal) for _, goal, _, _ in variable]
    aligns = list(accumulate([goal < 0 for _, goal, _, _ in variable], initial=0))
    chosen = []
    shift = 0
    for piece, goal, size, limit in variable:
        chosen.append(_padding(fixed[piece] + shift, size, limit) if goal < 0 else size)
        shift += chosen[-1]
    moving = True
    while moving:
        moving = False
        shifts = list(accumulate(chosen, initial=0))
        stretch = 0
        for k, (piece, goal, size, long_size) in enumerate(variable):
            shifts[k] += stretch
            here = fixed[piece] + shifts[k]
            if goal < 0:
                grown = _padding(here, size, long_size)
            elif chosen[k] == long_size:
                continue
            else:
                ahead = before[k]
                there = fixed[goal] + shifts[ahead]
                if ahead > k and stretch:
                    if stretch < 0 or aligns[ahead] == aligns[k]:
                        there += stretch
                    elif there < here:
                        continue
                if -128 <= there - here - size <= 127:
                    continue
                grown = long_size
            if grown != chosen[k]:
                stretch += grown - chosen[k]
                chosen[k] = grown
                moving = True
    return chosen


def _padding(offset: int, n: int, limit: int) -> int:
    padding = -offset % n
    return padding if padding <= limit else 0


def _at(piece: int, error: AsmError) -> AsmError:
    error.piece = piece
    return error
