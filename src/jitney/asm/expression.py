"""Tokens and expressions of assembly text."""

from __future__ import annotations

from jitney.asm.registers import REGISTERS, rip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from jitney.asm.errors import TextError
    from jitney.asm.operands import Label
    from jitney.asm.registers import Reg

    Token = tuple[str, str, int]

    class Scope(Protocol):
        """Where names are looked up and errors are given their line."""

        def error(self, message: str, column: int) -> TextError: ...

        def symbol(self, name: str, column: int) -> Value: ...


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", '"': '"', "'": "'"}
_PUNCTUATION = frozenset("[](){}+-*/%&|^~,:;=<>!")
_BINARY: tuple[tuple[str, ...], ...] = (("+", "-"), ("|", "^", "&"), ("*", "/", "%", "<<", ">>"))


def _is_name(c: str) -> bool:
    return c.isalnum() or c in "._$@"


def tokenize(
    source: str, in_comment: bool, error: Callable[[str, int], TextError]
) -> tuple[list[Token], bool]:
    """The tokens of a line as (kind, text, column), and whether it ends inside a `/*` comment.

    kind: `name`, `number` (a numeral, or a local label's `1f`, `1b`), `string` (its content, as Latin-1), or the
    punctuation itself.
    """
    tokens: list[Token] = []
    at = 0
    end = len(source)
    while at < end:
        c = source[at]
        if in_comment or source.startswith("/*", at):
            close = source.find("*/", at if in_comment else at + 2)
            in_comment = close < 0
            at = end if in_comment else close + 2
        elif c == "#":
            break
        elif c.isspace():
            at += 1
        elif c == '"' or c == "'":
            text, after = _quoted(source, at, error)
            tokens.append(("string" if c == '"' else "number", text if c == '"' else str(ord(text[0])), at + 1))
            at = after
        elif _is_name(c):
            start = at
            while at < end and _is_name(source[at]):
                at += 1
            if c.isdigit() and source[at - 1] in "eE" and "." in source[start:at]:
                at += 1
                while at < end and source[at].isdigit():
                    at += 1
            tokens.append(("number" if c.isdigit() else "name", source[start:at], start + 1))
        elif source[at : at + 2] in ("<<", ">>"):
            tokens.append(("punctuation", source[at : at + 2], at + 1))
            at += 2
        elif c in _PUNCTUATION:
            tokens.append(("punctuation", c, at + 1))
            at += 1
        else:
            raise error(f"unexpected character {c!r}", at + 1)
    return tokens, in_comment


def _quoted(source: str, at: int, error: Callable[[str, int], TextError]) -> tuple[str, int]:
    """The content of the string or character that starts here, as one Latin-1 character per byte, and its end."""
    quote = source[at]
    start = at
    content: list[str] = []
    at += 1
    while at < len(source):
        c = source[at]
        at += 1
        if c == quote and (content or quote == '"'):
            return "".join(content), at
        if c != "\\":
            content += map(chr, c.encode())
            if quote == "'" and source[at : at + 1] != "'":
                return "".join(content), at
            continue
        escape = source[at : at + 1]
        at += 1
        if escape in _ESCAPES:
            content.append(_ESCAPES[escape])
        elif escape in "xX" and escape:
            digits = at
            while at < len(source) and source[at] in "0123456789abcdefABCDEF":
                at += 1
            if digits == at:
                raise error("\\x needs hexadecimal digits", at)
            content.append(chr(int(source[digits:at], 16) & 0xFF))
        elif escape.isdigit():
            digits = at - 1
            while at < len(source) and at < digits + 3 and source[at] in "01234567":
                at += 1
            content.append(chr(int(source[digits:at], 8) & 0xFF))
        else:
            raise error(f"unknown escape '\\{escape}'", at - 1)
    raise error("this string has no end", start + 1)


class Value:
    """What an expression is: number + label - base + registers times factors."""

    __slots__ = ("base", "label", "number", "registers")

    def __init__(
        self,
        number: int,
        label: Label | None = None,
        base: Label | None = None,
        registers: tuple[tuple[Reg, int], ...] = (),
    ) -> None:
        self.number = number
        self.label = label
        self.base = base
        self.registers = registers

    @property
    def plain(self) -> bool:
        return self.label is None and self.base is None and not self.registers


class Cursor:
    """Walks over the tokens of a line; `expression` parses by precedence, as GNU as has it."""

    __slots__ = ("_end", "_tokens", "at", "scope")

    def __init__(self, tokens: list[Token], end: int, scope: Scope) -> None:
        self._tokens = tokens
        self._end = end
        self.scope = scope
        self.at = 0

    @property
    def kind(self) -> str:
        return self._tokens[self.at][0] if self.at < len(self._tokens) else "end"

    @property
    def text(self) -> str:
        return self.peek(0)

    @property
    def column(self) -> int:
        return self._tokens[self.at][2] if self.at < len(self._tokens) else self._end

    def peek(self, ahead: int) -> str:
        at = self.at + ahead
        return self._tokens[at][1] if at < len(self._tokens) else ""

    def at_end(self) -> bool:
        return self.at >= len(self._tokens)

    def at_statement_end(self) -> bool:
        return self.at_end() or self.text == ";"

    def next(self) -> str:
        if self.at_end():
            raise self.scope.error("something is missing at the end of the line", self._end)
        self.at += 1
        return self._tokens[self.at - 1][1]

    def take(self, text: str) -> bool:
        """Step over this punctuation if it is next."""
        if self.kind == "punctuation" and self.text == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            found = f"'{self.text}'" if self.text else "the end of the line"
            raise self.scope.error(f"expected '{text}', not {found}", self.column)

    def skip_statement(self) -> None:
        while not self.at_statement_end():
            self.at += 1

    def string(self) -> bytes:
        if self.kind != "string":
            raise self.scope.error("expected a string in double quotes", self.column)
        return self.next().encode("latin-1")

    def float(self) -> float:
        column = self.column
        sign = -1.0 if self.take("-") else 1.0
        try:
            return sign * float(self.next())
        except ValueError:
            raise self.scope.error("expected a floating-point number", column) from None

    def expression(self, level: int = 0) -> Value:
        if level == len(_BINARY):
            return self._unary()
        value = self.expression(level + 1)
        while self.kind == "punctuation" and self.text in _BINARY[level]:
            column = self.column
            operator = self.next()
            right = self.expression(level + 1)
            if operator == "+":
                value = self.add(value, right, column)
            elif operator == "-":
                value = self.add(value, self._negate(right, column), column)
            elif operator == "*":
                value = self._multiply(value, right, column)
            else:
                value = self._combine(operator, value, right, column)
        return value

    def add(self, a: Value, b: Value, column: int) -> Value:
        if (a.label and b.label) or (a.base and b.base):
            raise self.scope.error("labels cannot be added", column)
        return Value(a.number + b.number, a.label or b.label, a.base or b.base, a.registers + b.registers)

    def _negate(self, value: Value, column: int) -> Value:
        if value.registers:
            raise self.scope.error("a register cannot be subtracted", column)
        return Value(-value.number, value.base, value.label)

    def _multiply(self, a: Value, b: Value, column: int) -> Value:
        if a.plain:
            a, b = b, a
        if not b.plain or a.label is not None or a.base is not None:
            raise self.scope.error("only a number or a register can be multiplied, by a number", column)
        return Value(a.number * b.number, registers=tuple((r, factor * b.number) for r, factor in a.registers))

    def _combine(self, operator: str, a: Value, b: Value, column: int) -> Value:
        if not (a.plain and b.plain):
            raise self.scope.error(f"'{operator}' takes numbers", column)
        x, y = a.number, b.number
        if operator in ("/", "%"):
            if y == 0:
                raise self.scope.error("division by zero", column)
            quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
            return Value(quotient if operator == "/" else x - quotient * y)
        if operator in ("<<", ">>"):
            if not 0 <= y < 64:
                raise self.scope.error("a shift count is 0 to 63", column)
            return Value(x << y if operator == "<<" else x >> y)
        return Value(x | y if operator == "|" else x ^ y if operator == "^" else x & y)

    def _unary(self) -> Value:
        column = self.column
        if self.take("-"):
            return self._negate(self._unary(), column)
        if self.take("+"):
            return self._unary()
        if self.take("~"):
            value = self._unary()
            if not value.plain:
                raise self.scope.error("'~' takes a number", column)
            return Value(~value.number)
        if self.take("("):
            value = self.expression()
            self.expect(")")
            return value
        if self.kind == "number":
            return self._number(self.next(), column)
        if self.kind == "name":
            name = self.next()
            register = rip if name.lower() == "rip" else REGISTERS.get(name.lower())
            if register is not None:
                return Value(0, registers=((register, 1),))
            return self.scope.symbol(name, column)
        found = f"'{self.text}'" if self.text else "the end of the line"
        raise self.scope.error(f"expected a value, not {found}", column)

    def _number(self, text: str, column: int) -> Value:
        if text[-1] in "fb" and text[:-1].isdigit():
            return self.scope.symbol(text, column)
        lower = text.lower()
        try:
            if lower.startswith(("0x", "0b")):
                return Value(int(lower, 0))
            if lower[-1] == "h":
                return Value(int(lower[:-1], 16))
            return Value(int(lower, 8 if lower[0] == "0" and lower != "0" else 10))
        except ValueError:
            raise self.scope.error(f"'{text}' is not a number", column) from None
