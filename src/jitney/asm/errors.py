"""The errors of the assembler. All derive from `AsmError`, itself a `ValueError`."""

from __future__ import annotations

__all__ = ["AsmError", "LabelError", "OperandError", "RangeError", "TextError"]


class AsmError(ValueError):
    """Something that cannot be assembled or linked. piece: which piece of an assembler it concerns, -1 if unknown."""

    piece = -1


class OperandError(AsmError):
    """No form of the mnemonic takes these operands, or an operand is malformed."""


class LabelError(AsmError):
    """A label bound twice, never bound, or ambiguous between blobs."""


class RangeError(AsmError):
    """A distance or value does not fit the field that must hold it."""


class TextError(AsmError):
    """A mistake in assembly text; `str()` shows the line with a caret under the place.

    Attributes: `message`, `line` (1-based), `column` (1-based), `source` (the line's text).
    """

    def __init__(self, message: str, line: int, column: int, source: str) -> None:
        caret = "".join("\t" if c == "\t" else " " for c in source[: column - 1]) + "^"
        super().__init__(f"line {line}: {message}\n    {source}\n    {caret}")
        self.message = message
        self.line = line
        self.column = column
        self.source = source
