"""Under fastmath: a product and a sum become one operation, rounded once.

    v3 = fmul v1, v2                v4 = fma v1, v2, v0
    v4 = fadd v3, v0

Where the product has no other use and stands in the same block, and where the target has the operation. After the
vectoriser, which knows sums but no such thing, so that vectors and the scalar rest of a loop are treated alike.

Not in a short loop that waits for its sum: there the product is ready before its turn, and the next iteration waits
longer for an `fma` than for an `fadd`.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_FADD, _FMUL, _FMA = OPS["fadd"], OPS["fmul"], OPS["fma"]
_SHORT = 12  # instructions of a loop that are done before the next sum can begin


def contract(function: Function) -> Function:
    """Replace what can be replaced, in place; the products are left for `dce`."""
    target = function.target
    if not function.fastmath or target is None:
        return function
    ops, args, types, homes = function.ops, function.args, function.types, function.homes
    sums = [v for block in function.blocks for v in block.insts if ops[v] is _FADD]
    if not sums:
        return function
    uses = [0] * len(ops)
    for a in function.uses():
        uses[a] += 1
    for v in sums:
        type = types[v]
        if not target.supports("fma", type if type.lanes > 1 else vector(type, 16 // type.size)):
            continue
        x, y = args[v]
        for product, other in ((y, x), (x, y)):
            if _waits(function, v, other):
                continue
            if ops[product] is _FMUL and uses[product] == 1 and homes[product] is homes[v] and product != other:
                ops[v], args[v] = _FMA, (*args[product], other)
                break
    return function


def _waits(function: Function, v: int, other: int) -> bool:
    """Whether `v` is what a short loop carries around in place of `other`."""
    home = function.homes[v]
    loop = home.loop
    if loop is None or home is not loop.header or other not in home.params or len(home.insts) > _SHORT:
        return False
    at = home.params.index(other)
    return any(edge.target is home and edge.args[at] == v for edge in home.edges)
