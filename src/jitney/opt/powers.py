"""``x ** 2``, ``x ** -1.5`` and the like with the bits that the C library's `pow` gives, mostly without calling it.

    v3 = ccall pow (v1, 2.0)                v4 = fmul v1, v1
                                            v6 = fma v1, v1, -v4          what rounding has cost
                                            v7 = fma v6, 1.03, v4
                                            v3 = fpower v4, v7, v1, 2.0

    v3 = ccall pow (v1, -3.0)               v4 = fmul v1, v1
                                            v6 = fma v1, v1, -v4
                                            v7 = fmul v4, v1
                                            v8 = fma v4, v1, -v7
                                            v9 = fma v6, v1, v8           the cube is v7 + v9
                                            v10 = fdiv 1.0, v7
                                            v11 = fma -v10, v7, 1.0
                                            v12 = fma -v10, v9, v11
                                            v13 = fmul v12, v10           its reciprocal v10 + v13
                                            v14 = fadd v10, v13
                                            v15 = v13 - (v14 - v10)
                                            v16 = fma v15, 1.03, v14
                                            v3 = fpower v14, v16, v1, -3.0

`pow` is not exact: where the power lies near the middle between two floats, it may give either. Its error is less than
0.52 units in the last place while the result's logarithm is small (the C library's documentation says so, and that of
others derived from the same code: 0.509, and 2**-15 times the logarithm). So where the float next to the power is known
to differ from it by less than 0.48 units, `pow` gives that float: it plus a bit more than the difference is rounded to
it again (Ziv's test). The power is known as a sum of two floats, to some 2**-100 (Dekker's arithmetic, with `fma`).

`fpower` is an operation: it may be moved, and be computed in lanes. It gives its first argument where that equals the
second and lies between 2**-200 and 2**200 in magnitude, and otherwise asks `pow`: once in thirty times.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import F64, vector
from .rebuild import Rebuild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.builder import Builder
    from ..ir.function import Function

    # A number as the sum of two floats; -1: the second is zero.
    Sum = tuple[int, int]

_CCALL, _CONST = OPS["ccall"], OPS["const"]
_MORE = 1.0 + 2.0**-5  # times what may be half a unit
_MOST = 16.0  # greatest exponent
_MOST_CALLS = 64


def known(exponent: float) -> bool:
    """Whether there are products for this exponent: a multiple of 1/2, not too large, neither 0 nor 1."""
    return 0.0 < abs(exponent) <= _MOST and not exponent * 2.0 % 1.0 and exponent != 1.0


def multiply(function: Function) -> Function:
    """Replace calls of `pow` with such exponents."""
    target = function.target
    if target is None or not target.supports("fpower", vector(F64, 2)):
        return function
    ops, args, imms = function.ops, function.args, function.imms
    found = []
    for block in function.blocks:
        for v in block.insts:
            if ops[v] is _CCALL and imms[v].name == "pow" and function.types[v] is F64:
                by = args[v][1]
                if ops[by] is _CONST and known(imms[by]):
                    found.append(v)
    return Rebuild(function, dict.fromkeys(found[:_MOST_CALLS], _power)).run() if found else function


def _power(rebuild: Rebuild, v: int) -> int:
    old, builder = rebuild.old, rebuild.builder
    x, by = old.args[v]
    exponent = old.imms[by]
    x = rebuild.value[x]
    size = abs(exponent)
    whole = int(size)
    square: Sum = (x, -1)
    power: Sum | None = None
    while whole:
        if whole & 1:
            power = square if power is None else _product(builder, power, square)
        whole >>= 1
        if whole:
            square = _product(builder, square, square)
    if size % 1.0:
        root = _root(builder, x)
        power = root if power is None else _product(builder, power, root)
    assert power is not None
    nearest = size in (0.5, 2.0) or exponent == -1.0
    if exponent < 0.0:
        nearest = power[1] < 0
        power = _reciprocal(builder, power)
    guess, low = power
    emit = builder.emit
    if not nearest:
        high, guess = guess, emit("fadd", guess, low)
        low = emit("fsub", low, emit("fsub", guess, high))
    test = emit("fma", low, builder.const(F64, _MORE), guess)
    return emit("fpower", guess, test, x, imm=exponent)


def _product(builder: Builder, a: Sum, b: Sum) -> Sum:
    emit = builder.emit
    product = emit("fmul", a[0], b[0])
    low = emit("fma", a[0], b[0], emit("fneg", product))
    if a == b and a[1] >= 0:
        low = emit("fma", emit("fadd", a[0], a[0]), a[1], low)
    else:
        for x, y in ((a[0], b[1]), (b[0], a[1])):
            if y >= 0:
                low = emit("fma", x, y, low)
    return product, low


def _root(builder: Builder, x: int) -> Sum:
    """By one step of Newton's iteration from the nearest float."""
    emit = builder.emit
    root = emit("fsqrt", x)
    rest = emit("fma", emit("fneg", root), root, x)
    return root, emit("fdiv", rest, emit("fadd", root, root))


def _reciprocal(builder: Builder, a: Sum) -> Sum:
    emit = builder.emit
    one = builder.const(F64, 1.0)
    quotient = emit("fdiv", one, a[0])
    minus = emit("fneg", quotient)
    rest = emit("fma", minus, a[0], one)
    if a[1] >= 0:
        rest = emit("fma", minus, a[1], rest)
    return quotient, emit("fmul", rest, quotient)
