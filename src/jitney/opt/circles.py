"""The sine and the cosine of a number, in one call.

    v3 = ccall sin at 0x.. pure (v1) : (f64) -> f64     v6 = alloca 16                      (in the entry)
    v4 = ccall cos at 0x.. pure (v1) : (f64) -> f64     v7 = ptradd v6, 8
                                                        ccall sincos at 0x.. free (v1, v6, v7) : (f64, ptr, ptr)
                                                        v3 = load f64 [v6]
                                                        v4 = load f64 [v6 + 8]

The C library's `sincos` reduces the argument once, and gives the bits that `sin` and `cos` give: it takes the same
steps after that (glibc, musl). Both calls must stand in one block: what is there is computed anyway.
"""

from __future__ import annotations

from ..ir.function import Call, Memory
from ..ir.ops import OPS
from ..ir.types import F64, I64, NATURAL, PTR, VOID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function

_ALLOCA, _CCALL, _CONST, _LOAD, _PTRADD = OPS["alloca"], OPS["ccall"], OPS["const"], OPS["load"], OPS["ptradd"]
_PLACES = {"sin": 0, "cos": 8}


def join(function: Function) -> Function:
    """Join such pairs, in place."""
    target = function.target
    if target is None:
        return function
    room: tuple[int, int] | None = None
    for block in function.blocks:
        for sine, cosine in _pairs(function, block):
            address = target.c_function("sincos")
            if not address:
                return function
            if room is None:
                room = _room(function)
            _joined(function, block, sine, cosine, room, address)
    return function


def _pairs(function: Function, block: Block) -> list[tuple[int, int]]:
    ops, args, imms = function.ops, function.args, function.imms
    found: dict[int, dict[str, int]] = {}
    for v in block.insts:
        if ops[v] is _CCALL and imms[v].name in _PLACES and imms[v].pure and function.types[v] is F64:
            found.setdefault(args[v][0], {}).setdefault(imms[v].name, v)
    return [(both["sin"], both["cos"]) for both in found.values() if len(both) == 2]


def _room(function: Function) -> tuple[int, int]:
    """Where the results are left: once for the function."""
    entry = function.entry
    new = function.new_value
    eight = new(_CONST, I64, (), 8, entry.line, entry)
    sine = new(_ALLOCA, PTR, (), 16, entry.line, entry)
    cosine = new(_PTRADD, PTR, (sine, eight), None, entry.line, entry)
    entry.insts[:0] = [eight, sine, cosine]
    return sine, cosine


def _joined(
    function: Function, block: Block, sine: int, cosine: int, room: tuple[int, int], address: int
) -> None:
    x = function.args[sine][0]
    call = Call("sincos", address, (F64, PTR, PTR), (), free=True)
    made = function.new_value(_CCALL, VOID, (x, *room), call, function.lines[sine], block)
    for v, disp in ((sine, 0), (cosine, 8)):
        function.ops[v], function.args[v] = _LOAD, (room[0],)
        function.imms[v] = Memory(NATURAL[F64], 1, disp)
    at = min(block.insts.index(sine), block.insts.index(cosine))
    rest = [v for v in block.insts[at:] if v not in (sine, cosine)]
    block.insts[at:] = [made, sine, cosine, *rest]
