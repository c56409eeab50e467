"""The module `cmath`: for ordinary arguments by CPython's own steps; else, and all other functions, by CPython itself.

    exp(z) where Re z <= 700     exp(Re z) * cos(Im z), exp(Re z) * sin(Im z)

Source: CPython `Modules/cmathmodule.c`.
"""

from __future__ import annotations

import cmath
import math

from ...pytypes import COMPLEX, COMPLEX128, FLOAT, Complex
from ..operators import complexes, libm
from ..operators.unions import converts, to_float64
from ..state import Val
from . import python_calls
from .builtins import positional

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..operators.complexes import Pair
    from ..state import Lowering
    from .builtins import Row

    Steps = Callable[[Lowering, Pair], tuple[int, Callable[[], Val]]]
    """From an argument to whether it is ordinary, and the result for ordinary ones."""

_LARGEST = 700.0  # CPython scales from the logarithm of a quarter of the greatest float on
_MIN_NORMAL = 2.2250738585072014e-308


def _pair(lw: Lowering, value: Val) -> Pair | None:
    """An argument as CPython takes it for a complex number."""
    if isinstance(value.type, Complex):
        return complexes.convert(lw, value, COMPLEX128)
    return (to_float64(lw, value), lw.float_const(0.0)) if converts(value.type) else None


def _finite(lw: Lowering, *parts: int) -> int:
    emit, inf = lw.b.emit, lw.float_const(math.inf)
    finite = lw.bool_const(True)
    for part in parts:
        finite = emit("and", finite, emit("flt", emit("fabs", part), inf))
    return finite


def _row(name: str, steps: Steps) -> Row:
    """A function of one complex number."""

    @positional(1, 1)
    def row(lw: Lowering, args: list[Val]) -> Val | None:
        z = _pair(lw, args[0])
        if z is None:
            return None
        ordinary, result = steps(lw, z)

        def by_python() -> Val:
            lw.b.block.cold = True
            function = lw.constant(getattr(cmath, name))
            return python_calls.call(lw, function, [Val(COMPLEX, z)], {}, lw.node)

        return lw.if_else(ordinary, result, by_python)

    return row


def _exp(lw: Lowering, z: Pair) -> tuple[int, Callable[[], Val]]:
    emit, (x, y) = lw.b.emit, z

    def result() -> Val:
        length = libm.call(lw, "exp", x)
        parts = [emit("fmul", length, libm.call(lw, name, y)) for name in ("cos", "sin")]
        return Val(COMPLEX, tuple(parts))

    return emit("and", _finite(lw, x, y), emit("fle", x, lw.float_const(_LARGEST))), result


def _sqrt(lw: Lowering, z: Pair) -> tuple[int, Callable[[], Val]]:
    emit, (x, y) = lw.b.emit, z
    a, b = emit("fabs", x), emit("fabs", y)
    least, eight, two = [lw.float_const(v) for v in (_MIN_NORMAL, 8.0, 2.0)]
    normal = emit("or", emit("fge", a, least), emit("fge", b, least))

    def result() -> Val:
        scaled = emit("fdiv", a, eight)
        length = libm.call(lw, "hypot", scaled, emit("fdiv", b, eight))
        s = emit("fmul", two, emit("fsqrt", emit("fadd", scaled, length)))
        d = emit("fdiv", b, emit("fmul", two, s))
        right = emit("fge", x, lw.float_const(0.0))
        return Val(COMPLEX, (emit("select", right, s, d), emit("fcopysign", emit("select", right, d, s), y)))

    return emit("and", _finite(lw, x, y), normal), result


def _phase(lw: Lowering, z: Pair) -> tuple[int, Callable[[], Val]]:
    emit, angle = lw.b.emit, libm.call(lw, "atan2", z[1], z[0])
    # CPython takes for an overflow what the C library reports of results that are too small.
    normal = emit("fge", emit("fabs", angle), lw.float_const(_MIN_NORMAL))
    normal = emit("or", normal, emit("feq", z[1], lw.float_const(0.0)))
    return emit("and", _finite(lw, *z), normal), lambda: Val(FLOAT, (angle,))


ROWS: dict[str, Row] = {"exp": _row("exp", _exp), "sqrt": _row("sqrt", _sqrt), "phase": _row("phase", _phase)}


def fill(rows: dict[int, Row]) -> None:
    """Add the rows, by their functions' ids."""
    rows.update({id(getattr(cmath, name)): row for name, row in ROWS.items()})
