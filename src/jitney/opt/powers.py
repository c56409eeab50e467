"""``x ** 2``, ``x ** -1.5`` and the like with the bits that the C library's `pow` gives, mostly without calling it.

    v3 = ccall pow (v1, 2.0)                v4 = fmul v1, v1
                                            v8 = fma v4, 2**-188, 2**-59
                                            v5 = fma v4, v8, 2**-188      more than `pow` is off by
                                            v6 = fma v1, v1, v5
                                            v7 = fma v1, v1, -v5
                                            v3 = fpower v4, v6, v7, v1, 2.0

    v3 = ccall pow (v1, -3.0)               v4 = fmul v1, v1
                                            v6 = fma v1, v1, -v4
                                            v7 = fmul v4, v1
                                            v8 = fma v4, v1, -v7
                                            v9 = fma v6, v1, v8           the cube is v7 + v9
                                            v10 = fdiv 1.0, v7
                                            v11 = fma -v10, v7, 1.0
                                            v12 = fma -v10, v9, v11
                                            v13 = fmul v12, v10           its reciprocal v10 + v13
                                            v14 = fma v10, 2**-59, v13
                                            v15 = fma v10, -2**-59, v13
                                            v16 = fadd v10, v14
                                            v17 = fadd v10, v15
                                            v3 = fpower v16, v16, v17, v1, -3.0

`pow` is not exact: where the power lies near the middle between two floats, it may give either. But it rounds once,
at its end, what is no further from the power than some part of it, `slack`. So if the power plus and minus that is
rounded to the same float, `pow` gives that one (Ziv's test). The power is known as a sum of two floats, to some 2**-100
(Dekker's arithmetic, with `fma`).

`fpower` is an operation: it may be moved, and be computed in lanes. It gives its first argument where the next two
are equal and it lies between 2**-128 and 2**128 in magnitude, and otherwise asks `pow`: once in fifty times. The ends
of a square are apart by themselves beyond these bounds, so they are not looked at.

Numbers of single precision likewise, with `powf`: that computes with doubles and is off by far less, before it rounds,
than a float's last place. It is asked once in three hundred times.
"""

from __future__ import annotations

import math

from ..ir.ops import OPS, round_f32
from ..ir.powers import single
from ..ir.types import F32, F64, vector
from .rebuild import Rebuild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.builder import Builder
    from ..ir.function import Function
    from ..ir.types import Type

    # A number as the sum of two floats; -1: the second is zero.
    Sum = tuple[int, int]
    # Emits an operation of floats.
    Emit = Callable[..., int]

_CCALL, _CONST = OPS["ccall"], OPS["const"]
_NAMES = {"pow": F64, "powf": F32}
# The least `pow` that was documented as good to 0.52 units in the last place, while the power's logarithm is small.
_DOCUMENTED = 1.5 * 2.0**-58
# That of glibc since 2.28 where it uses FMA: exp(r) with |r| < 2**-8 is made with five roundings of at most 2**-62 and
# a polynomial good to 2**-65, from a logarithm good to 1.3 * 2**-68, relative to itself, which is less than 89.
_KNOWN = 7.05 * 2.0**-62
# Numbers times 2**-52 whose squares it rounds to the further float, with FMA but not without; and the other way round.
_FURTHER = (
    0x177458F9F45F8A, 0x1AA875813996D0, 0x1DF0AF852A0BC6, 0x108AC77BF84B75, 0x1E0E343CA04865, 0x11245EB1BE4D3B,
    0x149CF7E58440AF, 0x1E33BBC3C156EE, 0x11C40163F71A29, 0x10AD7A877988A6, 0x1D51368D005A69, 0x1788F024F7ACC7,
)  # fmt: skip
_NEARER = (
    0x128B093DCDB856, 0x1090C773DFC87C, 0x12740FC9F79AA9, 0x1FCAA10DBB0E6A, 0x1F6F02CAD26009, 0x18AFB200C565E4,
    0x14842F95BBFB89, 0x1A7FE201460AF5, 0x19A58A121C82FF, 0x188CF532FD344B, 0x1ED564F348A5AE, 0x1EB01EDF9E2382,
)  # fmt: skip
# glibc's `powf` since 2.28, with FMA or without: the exponential is good to 1.69 * 2**-34, and the logarithm to less
# than 1.75e-11, by what all floats from 1 to 4, which stand for all others, are rounded to for each exponent.
_SINGLE, _SINGLE_PER_POWER = 1e-10, 1.75e-11
# Numbers times 2**-23, as above: their squares are 2**-33.5 to 2**-33.2 from the middle.
_FURTHER_SINGLE = (
    0x8AFC8E, 0xADE552, 0xB65295, 0xEBA978, 0xBA4D47, 0xD8EFB3, 0xB9A713, 0xEBA163, 0xE4DC82, 0xE3E883, 0xDF43B4,
)  # fmt: skip
_NEARER_SINGLE = (
    0xFE711F, 0x8F7710, 0xD901EE, 0xAE7A8A, 0xAE75C3, 0x89EAA6, 0xA05A28, 0x8031F6, 0xE7B975, 0xE058B9, 0xD08080,
)  # fmt: skip
# What brings the ends of a square apart that is very small, or very large: there `pow` is off by more. Squares of
# single precision need that only where they are lost to underflow.
_FAR = {F64: 2.0**-188, F32: 2.0**-126}
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
            if ops[v] is _CCALL and imms[v].name in _NAMES and function.types[v] is _NAMES[imms[v].name]:
                by = args[v][1]
                if ops[by] is _CONST and known(imms[by]) and slack(function.types[v], imms[by]):
                    found.append(v)
    return Rebuild(function, dict.fromkeys(found[:_MOST_CALLS], _power)).run() if found else function


def _power(rebuild: Rebuild, v: int) -> int:
    old, emit = rebuild.old, rebuild.builder.emit
    x, by = old.args[v]
    exponent = old.imms[by]
    x = rebuild.value[x]
    type = old.types[v]
    off_by = slack(type, exponent)
    part = rebuild.builder.const(type, off_by)
    if exponent == 2.0:
        # The product is there early, for who waits for it.
        guess = emit("fmul", x, x)
        far = rebuild.builder.const(type, _FAR[type])
        if type is F64:
            part = emit("fma", guess, far, part)
        off = emit("fma", guess, part, far)
        above, below = emit("fma", x, x, off), emit("fma", x, x, emit("fneg", off))
    else:
        high, low = _sum(rebuild.builder, x, exponent)
        guess = above = emit("fadd", high, emit("fma", high, part, low))
        below = emit("fadd", high, emit("fma", high, rebuild.builder.const(type, -off_by), low))
    return emit("fpower", guess, above, below, x, imm=exponent)


def _sum(builder: Builder, x: int, exponent: float) -> Sum:
    """The power; its second part is not zero for sure."""
    emit = builder.emit
    size = abs(exponent)
    whole = int(size)
    square: Sum = (x, -1)
    power: Sum | None = None
    while whole:
        if whole & 1:
            power = square if power is None else product(emit, power, square)
        whole >>= 1
        if whole:
            square = product(emit, square, square)
    if size % 1.0:
        root = _root(builder, x)
        power = root if power is None else product(emit, power, root)
    assert power is not None
    if exponent > 0.0:
        return power
    return reciprocal(emit, builder.const(builder.function.types[x], 1.0), power)


_slacks: dict[Type, float] = {}


def slack(type: Type, exponent: float) -> float:
    """What `pow`, or `powf`, may be off by before it rounds, relative to the power. 0.0: nothing is known about it."""
    if type not in _slacks:
        _slacks[type] = _found_out(type)
    found = _slacks[type]
    return round_f32(found * (_SINGLE + abs(exponent) * _SINGLE_PER_POWER)) if type is F32 else found


def _found_out(type: Type) -> float:
    """By how some squares are rounded: the slack of `pow`; whether `powf` is known."""
    if type is F32:
        rounds = [single(x, 2.0) == round_f32(x * x) for x in _numbers(_FURTHER_SINGLE + _NEARER_SINGLE, -23)]
        return float(rounds == [k >= len(_FURTHER_SINGLE) for k in range(len(rounds))])
    rounds = [math.pow(x, 2.0) == x * x for x in _numbers(_FURTHER + _NEARER, -52)]
    return _KNOWN if rounds == [k >= len(_FURTHER) for k in range(len(rounds))] else _DOCUMENTED


def _numbers(mantissas: tuple[int, ...], scale: int) -> list[float]:
    return [math.ldexp(n, scale) for n in mantissas]


def product(emit: Emit, a: Sum, b: Sum) -> Sum:
    """By Dekker's arithmetic."""
    high = emit("fmul", a[0], b[0])
    low = emit("fma", a[0], b[0], emit("fneg", high))
    if a == b and a[1] >= 0:
        low = emit("fma", emit("fadd", a[0], a[0]), a[1], low)
    else:
        for x, y in ((a[0], b[1]), (b[0], a[1])):
            if y >= 0:
                low = emit("fma", x, y, low)
    return high, low


def _root(builder: Builder, x: int) -> Sum:
    """By one step of Newton's iteration from the nearest float."""
    emit = builder.emit
    root = emit("fsqrt", x)
    rest = emit("fma", emit("fneg", root), root, x)
    return root, emit("fdiv", rest, emit("fadd", root, root))


def reciprocal(emit: Emit, one: int, a: Sum) -> Sum:
    """By one step of Newton's iteration; `one` is 1.0."""
    quotient = emit("fdiv", one, a[0])
    minus = emit("fneg", quotient)
    rest = emit("fma", minus, a[0], one)
    if a[1] >= 0:
        rest = emit("fma", minus, a[1], rest)
    return quotient, emit("fmul", rest, quotient)
