"""What jitney itself raises and warns with. Whatever a jitted program raises is CPython's own.

    >>> print(UnsupportedError("`yield` is not supported", "prog.py", 3, 4, 11, "    yield x"))
    `yield` is not supported
      File "prog.py", line 3
        yield x
        ^^^^^^^
"""

from __future__ import annotations


class UnsupportedError(Exception):
    """A function, or this call of it, cannot be compiled; `str` shows the place with a caret under it.

    Args:
        message: what stood in the way, one line.
        file: the user's source file, "" if unknown.
        line: 1-based line number, 0 if unknown.
        col, end_col: 0-based columns in characters, end exclusive; no caret is drawn where end_col <= col.
        text: the source line; read from `file` when not given.
    """

    def __init__(
        self, message: str, file: str = "", line: int = 0, col: int = 0, end_col: int = 0, text: str | None = None
    ) -> None:
        super().__init__(message, file, line, col, end_col, text)
        self.message = message
        self.file = file
        self.line = line
        self.col = col
        self.end_col = end_col
        self.text = text

    def __str__(self) -> str:
        lines = [self.message]
        if self.file or self.line:
            lines.append(f'  File "{self.file or "<unknown>"}", line {self.line}')
            text = self.text if self.text is not None else _line_of(self.file, self.line)
            code = text.strip()
            if code:
                lines.append("    " + code)
                # A place that goes on in the next lines ends with this one.
                start = self.col - (len(text) - len(text.lstrip()))
                end = self.end_col - self.col + start
                if 0 <= start < end and start < len(code):
                    lines.append("    " + " " * start + "^" * (min(end, len(code)) - start))
        return "\n".join(lines)


class FallbackWarning(UserWarning):
    """A jitted function runs in CPython for these argument types; the text is `UnsupportedError`'s."""


def _line_of(file: str, line: int) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as source:
            for number, text in enumerate(source, 1):
                if number == line:
                    return text.rstrip("\n")
    except OSError:
        pass
    return ""
