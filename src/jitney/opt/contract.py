"""Under fastmath: a product and a sum become one operation, rounded once.

    v3 = fmul v1, v2                v4 = fma v1, v2, v0
    v4 = fadd v3, v0

Where the product has no other use and stands in the same block, and where the target has the operation. After the
vectoriser, which knows sums but no such thing, so that vectors and the scalar rest of a loop are treated alike.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_FADD, _FMUL, _FMA = OPS["fadd"], OPS["fmul"], OPS["fma"]


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
            if ops[product] is _FMUL and uses[product] == 1 and homes[product] is homes[v] and product != other:
                ops[v], args[v] = _FMA, (*args[product], other)
                break
    return function
