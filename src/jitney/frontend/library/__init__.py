"""What library functions mean: tables from function objects to rows that lower a call of them.

    builtins.py       abs min max int float bool round len range pow divmod isinstance
    mathematics.py    the module math, by the same C library as CPython's
    complex_mathematics.py    exp, sqrt and phase of the module cmath
    numpy_ufuncs.py   NumPy's functions on scalars, by NumPy's own loops
    creation.py       making arrays: np.zeros and its kin
    iterators.py      enumerate zip reversed, np.ndindex ndenumerate
    selecting.py      np.nonzero and its kin, np.take
    shaping.py        reshape transpose flip squeeze ...: views with other axes
    reductions.py     whole arrays to numbers: np.sum and its kin
    converting.py     array asarray: of numbers in tuples, of arrays
    drawing.py        numbers of np.random's functions and of generators
    twister.py        numbers of the module random
    written.py        searchsorted interp cross ...: what recipes.py says in Python
    elementwise.py    where clip astype copy round cumsum diff outer

A row is a function ``(lw, args, kwargs) -> Val | None``; None where it has no meaning for these arguments.
"""

from __future__ import annotations

import builtins as python_builtins
import math
import sys
from types import BuiltinFunctionType, MethodType

from ...lazy import lazy
from ...pytypes import Complex, Object, is_apart, is_record
from .. import wholes
from ..state import constant_value
from . import builtins
from .ranges import prange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..state import Lowering, Val
    from . import (
        complex_mathematics,
        converting,
        creation,
        drawing,
        elementwise,
        iterators,
        mathematics,
        numpy_ufuncs,
        reductions,
        selecting,
        shaping,
        twister,
        written,
    )

    Row = Callable[[Lowering, list[Val], dict[str, Val]], Val | None]

else:
    converting, creation, elementwise, iterators, mathematics, numpy_ufuncs, reductions, selecting, shaping = lazy(
        "jitney.frontend.library", "converting", "creation", "elementwise", "iterators", "mathematics", "numpy_ufuncs",
        "reductions", "selecting", "shaping",
    )  # fmt: skip
    complex_mathematics, drawing, twister = lazy("jitney.frontend.library", "complex_mathematics", "drawing", "twister")
    written = lazy("jitney.frontend.library", "written")

_BOUND = (MethodType, BuiltinFunctionType)
_DRAWS: dict[Any, Any] = {"random": twister, "numpy.random.mtrand": drawing, "numpy.random._generator": drawing}
_rows: dict[int, Row] = {}


def _fill_builtins() -> None:
    for name, row in builtins.ROWS.items():
        _rows[id(getattr(python_builtins, name))] = row
    _rows[id(prange)] = builtins.parallel_range


def _fill_math() -> None:
    for name, row in mathematics.ROWS.items():
        function = getattr(math, name, None)  # some came with later versions
        if function is not None:
            _rows[id(function)] = row


def _of_numpy(function: Any) -> Row | None:
    numpy = sys.modules["numpy"]
    name = getattr(function, "__name__", "")
    if vars(numpy).get(name) is not function:
        of_linalg = getattr(function, "__module__", None) == "numpy.linalg"
        if of_linalg and vars(numpy.linalg).get(name) is function:
            return written.find(function, f"linalg.{name}")
        return None
    found: Row | None = (
        creation.ROWS.get(name) or reductions.ROWS.get(name) or elementwise.ROWS.get(name)
        or shaping.NUMPY_ROWS.get(name) or iterators.NUMPY_ROWS.get(name) or selecting.NUMPY_ROWS.get(name)
        or converting.ROWS.get(name)
    )  # fmt: skip
    return found or written.find(function, name)


def method(lw: Lowering, name: str, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """The result of calling a method of an array, or array expression, ``args[0]``; None if that is in no table."""
    row = (
        shaping.METHODS.get(name) or reductions.METHODS.get(name) or elementwise.METHODS.get(name)
        or selecting.METHODS.get(name) or written.METHODS.get(name)
    )  # fmt: skip
    return _of_numbers(lw, row, args, kwargs) if row is not None else None


def drawn(lw: Lowering, owner: Val, name: str, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """The result of calling a method of one of NumPy's random generators; None if that is in no table."""
    random = sys.modules.get("numpy.random")
    kind = owner.type.kind if isinstance(owner.type, Object) else type(constant_value(owner))
    if random is None or kind not in (getattr(random, "Generator", random), getattr(random, "RandomState", random)):
        return None
    return drawing.method(lw, owner, name, args, kwargs)


def ufunc_method(lw: Lowering, function: Any, name: str, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """The result of ``function.name(...)`` where that is `outer` of a ufunc, such as ``np.add.outer(x, y)``."""
    numpy = sys.modules.get("numpy")
    if name != "outer" or numpy is None or not isinstance(function, numpy.ufunc):
        return None
    if (function.nin, function.nout) != (2, 1):
        return None
    return _of_numbers(lw, lambda lw, args, kwargs: elementwise.outer(lw, function, args, kwargs), args, kwargs)


def call(lw: Lowering, function: Any, args: list[Val], kwargs: dict[str, Val], node: Any) -> Val | None:
    """The result of calling `function`; None if that is in no table."""
    if not _rows:
        _fill_builtins()
    if type(function) is BuiltinFunctionType and id(function) not in _rows:
        if function.__module__ == "math":
            _fill_math()
        elif function.__module__ == "cmath":
            complex_mathematics.fill(_rows)
    row = _rows.get(id(function))
    if row is None and isinstance(function, _BOUND):
        draws = _DRAWS.get(type(function.__self__).__module__)
        if draws is not None:
            return draws.bound(lw, function, args, kwargs)  # type: ignore[no-any-return]
    # Jitted functions are in no table: NumPy's need not be loaded for them.
    if row is None and "numpy" in sys.modules and type(function).__module__ != "jitney":
        row = numpy_ufuncs.find(function) or _of_numpy(function)
        return _of_numbers(lw, row, args, kwargs) if row is not None else None
    return _called(lw, row, args, kwargs) if row is not None else None


def _of_numbers(lw: Lowering, row: Row, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """A row of NumPy's, which may not know of complex numbers."""
    if row not in builtins.OF_COMPLEX:
        for value in (*args, *kwargs.values()):
            if isinstance(wholes.item_of(value.type), Complex):
                return None
    return _called(lw, row, args, kwargs)


def _called(lw: Lowering, row: Row, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if row not in builtins.DEFERRING:
        args = [wholes.settled(lw, v) for v in args]
        kwargs = {name: wholes.settled(lw, v) for name, v in kwargs.items()}
    if any(is_apart(v.type) for v in (*args, *kwargs.values())):
        if row not in builtins.TRAVERSING or any(is_record(v.type) for v in args):
            return None
    return row(lw, args, kwargs)
