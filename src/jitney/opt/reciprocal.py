"""Under fastmath: many divisions by the same number are one division and many products.

    pre: jump head(0)                       pre: v9 = fdiv 1.0, v1
    head(v4):                                    jump head(0)
        v5 = load f64 [v2 + v4*8]           head(v4):
        v6 = fdiv v5, v1                        v5 = load f64 [v2 + v4*8]
        ...                                     v6 = fmul v5, v9

The number is the same in each iteration of a loop, or a constant. Two roundings in place of one; and where the
reciprocal of a number next to zero is infinite, so is the quotient.
"""

from __future__ import annotations

from ..ir.ops import OPS, hold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_CONST, _FDIV, _FMUL = OPS["const"], OPS["fdiv"], OPS["fmul"]


def multiply(function: Function) -> Function:
    """Replace what can be replaced, in place."""
    ops, args = function.ops, function.args
    quotients = [v for block in function.blocks for v in block.insts if ops[v] is _FDIV]
    made: dict[tuple[int, Block], int] = {}
    for v in quotients:
        x, by = args[v]
        place = _place(function, v)
        if place is None or ops[x] is _CONST:
            continue
        key = by, place
        if key not in made:
            made[key] = _reciprocal(function, by, place)
        ops[v], args[v] = _FMUL, (x, made[key])
    return function


def _place(function: Function, v: int) -> Block | None:
    """Where the reciprocal of the divisor of `v` can be computed so that it serves many; None: nowhere."""
    x, by = function.args[v]
    homes = function.homes
    if function.ops[by] is _CONST:
        return function.blocks[0] if function.imms[by] else None
    loop = homes[v].loop
    if loop is None or not _changes(homes[x], loop) or _changes(homes[by], loop):
        return None
    while loop.parent is not None and not _changes(homes[by], loop.parent):
        loop = loop.parent
    return loop.preheader


def _changes(home: Block, loop: Loop) -> bool:
    """Whether what is computed in `home` may differ between iterations of `loop`."""
    return home.loop is not None and home.loop.inside(loop)


def _reciprocal(function: Function, by: int, place: Block) -> int:
    type = function.types[by]
    entry = function.blocks[0]

    def const(value: float) -> int:
        v = function.new_value(_CONST, type, (), hold(type, value), place.line, entry)
        entry.insts.insert(0, v)
        return v

    if function.ops[by] is _CONST:
        return const(1.0 / function.imms[by])
    v = function.new_value(_FDIV, type, (const(1.0), by), None, place.line, place)
    place.insts.append(v)
    return v
