"""Assembly text in Intel syntax, the dialect GNU as reads after `.intel_syntax noprefix`.

>>> assemble("xor eax, eax; ret").hex()
'31c0c3'

A statement ends at the end of its line or at `;`. Comments are `# ...` and `/* ... */`. Labels are names, or
numbers that may be reused (`1:`, `jmp 1b`, `jz 1f`). Memory: `qword ptr [rax+rcx*8-16]`, `[rip+label]`, `label[rip]`,
`fs:[40]`. AVX-512: `zmm1{k1}{z}`, `dword ptr [rax]{1to16}`, `{rn-sae}`. Where several encodings are legal the one
GNU as chooses is taken.

There is one section. What compilers write about symbols (`.globl`, `.type`, `.size`, ...), `.text` and `.intel_syntax`
are accepted and change nothing.
"""

from __future__ import annotations

import struct

from jitney.asm.assembler import Assembler
from jitney.asm.errors import AsmError, OperandError, TextError
from jitney.asm.expression import Cursor, Value, tokenize
from jitney.asm.operands import Label, Mem
from jitney.asm.registers import REGISTERS, Rounding, rd_sae, rip, rn_sae, ru_sae, rz_sae, sae
from jitney.asm.x86_64.encode import PREFIXES

__all__ = ["assemble", "parse"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from jitney.asm.registers import Reg

_SIZES = {
    "byte": 1, "word": 2, "dword": 4, "qword": 8, "mmword": 8, "fword": 6, "tbyte": 10, "oword": 16, "xmmword": 16,
    "ymmword": 32, "zmmword": 64,
}  # fmt: skip
_ROUNDING = {str(r)[1:-1]: r for r in (rn_sae, rd_sae, ru_sae, rz_sae, sae)}
_INTEGERS = {
    ".byte": 1, ".word": 2, ".short": 2, ".value": 2, ".hword": 2, ".2byte": 2, ".long": 4, ".int": 4, ".4byte": 4,
    ".quad": 8, ".8byte": 8,
}  # fmt: skip
_OPERATORS = ("+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "[", ":")
_IGNORED = (
    ".globl", ".global", ".local", ".weak", ".hidden", ".type", ".size", ".text", ".intel_syntax", ".code64", ".file",
    ".ident",
)  # fmt: skip


def assemble(text: str, arch: str = "x86_64") -> bytes:
    """The machine code of assembly text.

    Raises TextError, which names the line and shows a caret under the place, for what cannot be read or encoded, and
    for labels that are not defined; LabelError where the bytes would depend on the address of the code.
    """
    if arch != "x86_64":
        raise ValueError(f"unknown architecture '{arch}': there is x86_64")
    reader = _Reader(text, Assembler())
    reader.read()
    try:
        blob = reader.assembler.finish()
    except AsmError as error:
        raise reader.locate(error) from None
    for relocation in blob.relocations:
        label = relocation.target
        if isinstance(label, Label) and label not in blob.labels:
            raise TextError(f"undefined label '{label}'", *reader.uses[label])
    return bytes(blob)


def parse(text: str, assembler: Assembler) -> None:
    """Append assembly text to what an assembler holds. Named labels are those of `assembler.label(name)`.

    Raises TextError.
    """
    _Reader(text, assembler).read()


class _Reader:
    """Reads statements into an assembler. uses: where each label is first used: (line, column, source)."""

    def __init__(self, text: str, assembler: Assembler) -> None:
        self.text = text
        self.assembler = assembler
        self.uses: dict[Label, tuple[int, int, str]] = {}
        self.constants: dict[str, int] = {}
        self.line = 0
        self.source = ""
        # local labels by number: the last one bound, and the one that is to come
        self._behind: dict[str, Label] = {}
        self._ahead: dict[str, Label] = {}
        self._pieces: list[tuple[int, int, str]] = []

    def read(self) -> None:
        in_comment = False
        for number, source in enumerate(self.text.split("\n"), 1):
            self.line, self.source = number, source.rstrip("\r")
            tokens, in_comment = tokenize(self.source, in_comment, self.error)
            cursor = Cursor(tokens, len(self.source) + 1, self)
            while not cursor.at_end():
                if not cursor.take(";") and not self._label(cursor):
                    self._statement(cursor)
                    self._end(cursor)
        for name, label in self._ahead.items():
            raise TextError(f"no label '{name}:' follows", *self.uses[label])

    def error(self, message: str, column: int) -> TextError:
        return TextError(message, self.line, column, self.source)

    def locate(self, error: AsmError) -> AsmError:
        """An error of the layout, at the statement whose piece it names."""
        places = [(line, source) for piece, line, source in self._pieces if piece <= error.piece]
        if error.piece < 0 or not places:
            return error
        line, source = places[-1]
        return TextError(str(error), line, len(source) - len(source.lstrip()) + 1, source)

    # symbols

    def symbol(self, name: str, column: int) -> Value:
        """What a name or a local label's `1f`, `1b` stands for in an expression."""
        if name in self.constants:
            return Value(self.constants[name])
        if name == ".":
            return Value(0, self.assembler.bind())
        if name[0].isdigit():
            number, direction = name[:-1], name[-1]
            label = self._behind.get(number) if direction == "b" else self._ahead.setdefault(number, Label(number))
            if label is None:
                raise self.error(f"no label '{number}:' before this", column)
        else:
            label = self.assembler.label(name)
        self.uses.setdefault(label, (self.line, column, self.source))
        return Value(0, label)

    def constant(self, cursor: Cursor) -> int:
        """An expression whose value is known now; a distance is, when nothing in between can still grow."""
        column = cursor.column
        value = cursor.expression()
        if value.label is None and value.base is None:
            return value.number
        if value.label is not None and value.base is not None:
            distance = self.assembler.distance(value.base, value.label)
            if distance is not None:
                return distance + value.number
        raise self.error("this must be a number that is known here", column)

    # statements

    def _end(self, cursor: Cursor) -> None:
        if not cursor.at_statement_end():
            raise self.error(f"unexpected '{cursor.text}'", cursor.column)

    def _statement(self, cursor: Cursor) -> None:
        column = cursor.column
        if cursor.kind not in ("name", "number"):
            raise self.error(f"an instruction, a directive or a label cannot begin with '{cursor.text}'", column)
        word = cursor.next()
        if cursor.take("="):
            self.constants[word] = self.constant(cursor)
            return
        self._pieces.append((self.assembler.pieces, self.line, self.source))
        name = word.lower()
        if name[0] == ".":
            try:
                self._directive(name, column, cursor)
            except (AsmError, ValueError) as error:
                raise error if isinstance(error, TextError) else self.error(str(error), column) from None
            return
        while name.split()[-1] in PREFIXES and cursor.kind == "name":
            name += " " + cursor.next().lower()
        operands_column = cursor.column
        operands: list[object] = []
        if not cursor.at_statement_end():
            operands.append(self._operand(cursor))
            while cursor.take(","):
                operands.append(self._operand(cursor))
        self._end(cursor)
        try:
            self.assembler.emit(name, *operands)
        except OperandError as error:
            unknown = str(error).startswith("unknown")
            raise self.error(str(error), column if unknown or not operands else operands_column) from None
        except AsmError as error:
            raise self.error(str(error), operands_column) from None

    def _label(self, cursor: Cursor) -> bool:
        """Bind the label that stands here, if one does."""
        if cursor.kind not in ("name", "number") or cursor.peek(1) != ":":
            return False
        column = cursor.column
        word = cursor.next()
        cursor.next()
        try:
            if word.isdigit():
                self._behind[word] = self.assembler.bind(self._ahead.pop(word, Label(word)))
            else:
                self.assembler.bind(self.assembler.label(word))
        except AsmError as error:
            raise self.error(str(error), column) from None
        return True

    # operands

    def _operand(self, cursor: Cursor) -> object:
        column = cursor.column
        if cursor.take("{"):
            name = cursor.next()
            while cursor.take("-"):
                name += "-" + cursor.next()
            cursor.expect("}")
            return self._rounding(name, column)
        if cursor.kind == "name" and cursor.text.lower() in REGISTERS and cursor.peek(1) not in _OPERATORS:
            return self._masked(REGISTERS[cursor.next().lower()], cursor)
        size = 0
        if cursor.kind == "name" and cursor.text.lower() in _SIZES and cursor.peek(1).lower() == "ptr":
            size = _SIZES[cursor.next().lower()]
            cursor.next()
        segment = ""
        if cursor.kind == "name" and cursor.peek(1) == ":":
            segment = cursor.next().lower()
            cursor.next()
            if segment not in ("fs", "gs", "ds", "ss", "cs", "es"):
                raise self.error(f"'{segment}' is not a segment register", column)
        if cursor.kind == "name" and cursor.text.lower() == "offset":
            cursor.next()
        total = Value(0)
        bracketed = bool(size or segment)
        if cursor.text != "[":
            total = cursor.expression()
        while cursor.take("["):
            bracketed = True
            total = cursor.add(total, cursor.expression(), column)
            cursor.expect("]")
        if bracketed:
            return self._memory(total, size, segment if segment in ("fs", "gs") else "", cursor, column)
        if total.registers:
            raise self.error("an address is written in brackets", column)
        if total.label is None:
            return total.number
        if total.base is not None:
            distance = self.assembler.distance(total.base, total.label)
            if distance is None:
                message = "this distance is not known here: one between labels above, with no jump in between, would be"
                raise self.error(message, column)
            return distance + total.number
        if total.number:
            raise self.error("a label with an addend cannot be an operand outside memory", column)
        return total.label

    def _rounding(self, name: str, column: int) -> Rounding:
        if name.lower() not in _ROUNDING:
            raise self.error(f"'{{{name}}}' is not a rounding mode: {', '.join(_ROUNDING)} are", column)
        return _ROUNDING[name.lower()]

    def _decorations(self, cursor: Cursor) -> tuple[Reg | None, bool, int]:
        """(mask, zeroing, broadcast) from `{k1}{z}{1to8}`."""
        mask, zero, broadcast = None, False, 0
        while cursor.take("{"):
            column = cursor.column
            word = cursor.next().lower()
            if word == "z":
                zero = True
            elif word.startswith("1to") and word[3:].isdigit():
                broadcast = int(word[3:])
            elif word in REGISTERS and REGISTERS[word].kind == "k":
                mask = REGISTERS[word]
            else:
                raise self.error(f"'{{{word}}}' is neither a mask, nor z, nor a broadcast", column)
            cursor.expect("}")
        return mask, zero, broadcast

    def _masked(self, register: Reg, cursor: Cursor) -> object:
        column = cursor.column
        mask, zero, _ = self._decorations(cursor)
        if mask is None:
            return register
        try:
            return register.masked(mask, zero)
        except ValueError as error:
            raise self.error(str(error), column) from None

    def _memory(self, total: Value, size: int, segment: str, cursor: Cursor, column: int) -> Mem:
        base: Reg | None = None
        index: Reg | None = None
        scale = 1
        for register, factor in total.registers:
            if factor == 1 and base is None and register.size <= 8:
                base = register
            elif index is None:
                index, scale = register, factor
            else:
                raise self.error("an address has at most a base and an index", column)
        if index is not None and index.id == 4 and index.size <= 8 and scale == 1:
            base, index = index, base
        if index is not None and index.id == 4 and index.size <= 8:
            raise self.error(f"{index} cannot be an index register", column)
        label = total.label
        if total.base is not None:
            raise self.error("a distance cannot be part of an address", column)
        if label is not None:
            if base is not rip or index is not None:
                raise self.error(f"a label is addressed relative to rip: [rip+{label}]", column)
            base = None
        mem = Mem(base, index, scale, total.number, size, label)
        mask, zero, broadcast = self._decorations(cursor)
        if segment:
            mem = mem.with_segment(segment)
        if broadcast:
            mem = mem.broadcast(broadcast)
        if mask is not None:
            mem = mem.masked(mask, zero)
        return mem

    # directives

    def _directive(self, name: str, column: int, cursor: Cursor) -> None:
        a = self.assembler
        if name in _INTEGERS:
            size = _INTEGERS[name]
            self._list(cursor, lambda: self._integer(size, cursor))
        elif name in (".ascii", ".asciz", ".string"):
            end = b"" if name == ".ascii" else b"\0"
            self._list(cursor, lambda: a.string(cursor.string() + end))
        elif name in (".float", ".single", ".double"):
            code = "<d" if name == ".double" else "<f"
            self._list(cursor, lambda: a.db(struct.pack(code, cursor.float())))
        elif name in (".align", ".balign", ".p2align"):
            n = self.constant(cursor)
            fill = limit = None
            if cursor.take(",") and cursor.text != ",":
                fill = self.constant(cursor) & 0xFF
            if cursor.take(","):
                limit = self.constant(cursor)
            a.align(1 << n if name == ".p2align" else n, fill, limit)
        elif name in (".zero", ".skip", ".space"):
            count = self.constant(cursor)
            value = self.constant(cursor) & 0xFF if cursor.take(",") else 0
            a.db(bytes((value,)) * count)
        elif name in (".equ", ".set"):
            symbol = cursor.next()
            cursor.expect(",")
            self.constants[symbol] = self.constant(cursor)
        elif name in _IGNORED or name.startswith(".cfi_"):
            cursor.skip_statement()
        else:
            raise self.error(f"unknown directive '{name}'", column)

    def _list(self, cursor: Cursor, item: Callable[[], Any]) -> None:
        if cursor.at_statement_end():
            return
        item()
        while cursor.take(","):
            item()

    def _integer(self, size: int, cursor: Cursor) -> None:
        column = cursor.column
        value = cursor.expression()
        a = self.assembler
        if value.label is None:
            (a.db, a.dw, None, a.dd, None, None, None, a.dq)[size - 1](value.number)  # type: ignore[misc]
        elif value.base is not None:
            a.difference(value.label, value.base, value.number, size)
        elif size == 8:
            a.dq(value.label)
        else:
            raise self.error("the address of a label takes 8 bytes: .quad", column)
