"""What CPython says to operands that do not fit: found out by doing it, on small samples of the same types.

    type_error(lw, operator.add, a, b)      None + 1 -> TypeError: unsupported operand type(s) for +: ...
"""

from __future__ import annotations

import _operator as operator
import sys

from ...pytypes import BOOL, COMPLEX, FLOAT, INT, NONE, Complex, Constant, Scalar, Tuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from ...pytypes import PyType
    from ..state import Lowering, Val

_SAMPLES: dict[PyType, Any] = {INT: 1, FLOAT: 1.0, BOOL: True, NONE: None, COMPLEX: 1 + 1j}
# Constants of these exact types have operators without side effects.
PLAIN = frozenset((int, float, bool, complex, str, bytes, type(None), type(Ellipsis), type(len), type(sys)))


class NoSample(Exception):
    """No object of the type can be made safely."""


def sample(type_: PyType) -> Any:
    """A small object of the type. Raises NoSample."""
    found = _SAMPLES.get(type_, NoSample)
    if found is not NoSample:
        return found
    if isinstance(type_, Scalar):
        found = _SAMPLES[type_] = getattr(sys.modules["numpy"], type_.dtype if type_.kind != "b" else "bool_")(1)
        return found
    if isinstance(type_, Complex):
        found = _SAMPLES[type_] = getattr(sys.modules["numpy"], type_.dtype)(1 + 1j)
        return found
    if isinstance(type_, Tuple):
        return tuple.__new__(getattr(type_, "kind", tuple), [sample(t) for t in type_.elements])
    if isinstance(type_, Constant) and type(type_.value) in PLAIN:
        return type_.value
    raise NoSample


def type_error(lw: Lowering, function: Callable[..., Any], *operands: Val) -> NoReturn:
    """Leave with the exception that ``function(*operands)`` raises for any operands of these types."""
    if lw.augmenting:
        # The message names another operator: `|=`.
        function = getattr(operator, "i" + function.__name__.strip("_"), function)
    try:
        function(*[sample(v.type) for v in operands])
    except NoSample:
        pass
    except Exception as error:
        lw.fail_with(type(error), *error.args)
    names = " and ".join(str(v.type) for v in operands)
    lw.unsupported(f"{getattr(function, '__name__', function)} of {names} is not supported")
