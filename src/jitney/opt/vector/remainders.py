"""Remainders of floats in lanes, as C's `fmod` gives them.

    v3 = fcall fmod at 0x.. pure (v1, v2)       q = ftrunc(|v1| / |v2|)
                                                r = fma(-q, |v2|, |v1|)
                                                v3 = fcopysign(r + |v2| if r < 0 else r, v1)

The quotient rounds to an integer q that is the whole part of the true one or, just below it, one more. While q is
exact, so is r, which is rounded once: it is the remainder, a multiple of the smaller last place and less than `v2`, or
lies between -|v2| / 2 and 0, and then the sum is exact as well. Lanes leave where q is not exact, or an operand not
finite.
"""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .program import Program

_EXACT = {4: 2.0**24, 8: 2.0**53}  # by the size of a float: integers below are floats


def compute(program: Program, a: int, b: int) -> tuple[int, int]:
    """Emit the remainders of `a` by `b`, and the lanes for which they are not right."""
    emit, type = program.emit, program.types[a]
    x, y = emit("fabs", (a,)), emit("fabs", (b,))
    quotient = emit("fdiv", (x, y))
    exact = emit("flt", (quotient, program.const(type, _EXACT[type.element.size])))
    finite = emit("flt", (y, program.const(type, math.inf)))
    rest = emit("fma", (emit("fneg", (emit("ftrunc", (quotient,)),)), y, x))
    negative = emit("flt", (rest, program.const(type, 0.0)))
    rest = emit("select", (negative, emit("fadd", (rest, y)), rest))
    return emit("fcopysign", (rest, a)), program.opposite(emit("and", (exact, finite)))
