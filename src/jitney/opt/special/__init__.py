"""Mathematical functions as straight-line code of float operations, for vectors and for the scalars beside them.

Under fastmath the frontend emits `fcall`, with the C function's address. The vectoriser makes lanes of it if the
function has a row in `FUNCTIONS`; after all other passes, `expand` writes the code in place. Where no loop has become
vectors, an `fcall` is a call of the C function: that is faster for one number at a time.

The functions are written with `kit.Value`, as formulas. None has a branch; arguments beyond `Function.limit` are the
C function's business. Coefficients are made by ``python -m tests.special.coefficients``, and the greatest errors are
measured by ``python -m tests.special``.
"""

from __future__ import annotations

from ...ir.types import F32, F64, vector
from ...lazy import lazy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...codegen.target import Target
    from ...ir.function import Call
    from ...ir.types import Type
    from . import circular, errors, exponentials, logarithms, powers
    from .kit import Value
else:
    circular, errors, exponentials, logarithms, powers = lazy(
        "jitney.opt.special", "circular", "errors", "exponentials", "logarithms", "powers"
    )


class Function:
    """Attributes:
    compute: from the argument or two to the result.
    limit: greatest magnitude of a finite argument, 0 for any.
    single: the same where arguments and result are of single precision.
    """

    __slots__ = ("compute", "limit", "single")

    def __init__(
        self, compute: Callable[..., Value], limit: float = 0.0, single: Callable[..., Value] | None = None
    ) -> None:
        self.compute = compute
        self.limit = limit
        self.single = single or compute


LIMIT = 2.0**20  # of what n pi / 2 is taken off, see circular.py
FUNCTIONS: dict[str, Function] = {
    "exp": Function(lambda x: exponentials.exp(x)),
    "exp2": Function(lambda x: exponentials.exp2(x)),
    "expm1": Function(lambda x: exponentials.expm1(x)),
    "sinh": Function(lambda x: exponentials.sinh(x)),
    "cosh": Function(lambda x: exponentials.cosh(x)),
    "tanh": Function(lambda x: exponentials.tanh(x)),
    "log": Function(lambda x: logarithms.log(x)),
    "log2": Function(lambda x: logarithms.log2(x)),
    "log10": Function(lambda x: logarithms.log10(x)),
    "log1p": Function(lambda x: logarithms.log1p(x)),
    "asinh": Function(lambda x: logarithms.asinh(x)),
    "acosh": Function(lambda x: logarithms.acosh(x)),
    "atanh": Function(lambda x: logarithms.atanh(x)),
    "sin": Function(lambda x: circular.sin(x), LIMIT),
    "cos": Function(lambda x: circular.cos(x), LIMIT),
    "tan": Function(lambda x: circular.tan(x), LIMIT),
    "asin": Function(lambda x: circular.asin(x)),
    "acos": Function(lambda x: circular.acos(x)),
    "atan": Function(lambda x: circular.atan(x)),
    "atan2": Function(lambda y, x: circular.atan2(y, x)),
    "erf": Function(lambda x: errors.erf(x)),
    "erfc": Function(lambda x: errors.erfc(x)),
    "cbrt": Function(lambda x: powers.cbrt(x)),
    "pow": Function(lambda x, y: powers.pow(x, y), single=lambda x, y: powers.pow_of_singles(x, y)),
    "hypot": Function(lambda x, y: powers.hypot(x, y)),
}
"""By the name of the C function for doubles."""


def name_of(call: Call) -> str:
    """The name of the C function for doubles that is the same but for the type."""
    return call.name[:-1] if call.params[0] is F32 else call.name


def find(call: Call) -> Function | None:
    return FUNCTIONS.get(name_of(call))


def supported(target: Target, type: Type) -> bool:
    """Whether there is all that the functions need for vectors of `type`."""
    wide = vector(F64, 16 // F64.size)
    if type.lanes < 2 or not target.supports("select", wide):
        return False
    return type.element is F64 or (type.size >= 16 and target.supports("fext", vector(F32, 2)))


def fused(target: Any) -> bool:
    """Whether the target has fused multiplication and addition."""
    return target is not None and bool(target.supports("fma", vector(F64, 2)))
