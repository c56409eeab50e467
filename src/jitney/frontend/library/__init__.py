"""What library functions mean: tables from function objects to rows that lower a call of them.

    builtins.py       abs min max int float bool round len range pow divmod isinstance
    mathematics.py    the module math, by the same C library as CPython's
    numpy_ufuncs.py   NumPy's functions on scalars, by NumPy's own loops

A row is a function ``(lw, args, kwargs) -> Val | None``; None where it has no meaning for these arguments.
"""

from __future__ import annotations

import builtins as python_builtins
import math
import sys

from . import builtins, mathematics, numpy_ufuncs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..state import Lowering, Val

    Row = Callable[[Lowering, list[Val], dict[str, Val]], Val | None]

_rows: dict[int, Row] = {}


def _fill() -> None:
    for name, row in builtins.ROWS.items():
        _rows[id(getattr(python_builtins, name))] = row
    for name, row in mathematics.ROWS.items():
        function = getattr(math, name, None)  # some came with later versions
        if function is not None:
            _rows[id(function)] = row


def call(lw: Lowering, function: Any, args: list[Val], kwargs: dict[str, Val], node: Any) -> Val | None:
    """The result of calling `function`; None if that is in no table."""
    if not _rows:
        _fill()
    row = _rows.get(id(function))
    if row is None and "numpy" in sys.modules:
        row = numpy_ufuncs.find(function)
    return row(lw, args, kwargs) if row is not None else None
