"""Broadcasting: the shape of an operation's result, and operands stretched to it.

Lengths are values known when running. That two operands fit is checked where the operation stands in the source. That
an axis of length 1 has to be stretched is found out by one test in front of the loop; the operand is then copied to
its full shape, away from the fast path: the loop itself sees operands of the same lengths only.
"""

from __future__ import annotations

import ctypes

from ...ir.ops import OPS
from ...ir.types import ACCESSES, PTR
from ..state import NONE_VAL, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from ..state import Lowering

_WORD = ACCESSES["i64"]
_B2I = OPS["b2i"]
_OF_THREE = "numpy.where(numpy.broadcast_to(0, {0}), numpy.broadcast_to(0, {1}), numpy.broadcast_to(0, {2}))"
_MOST_CAPTURES = 6  # a failing check holds them in registers


def broadcast_all(lw: Lowering, shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of the result of operands with all these shapes; leaves with NumPy's words if they do not fit."""
    told = (shapes, _OF_THREE) if len(shapes) == 3 else None
    out = shapes[0]
    for shape in shapes[1:]:
        out = broadcast(lw, out, shape, told)
    return out


def broadcast(
    lw: Lowering, a: tuple[int, ...], b: tuple[int, ...], told: tuple[list[tuple[int, ...]], str] | None = None
) -> tuple[int, ...]:
    """The shape of the result of operands with the shapes `a` and `b`; leaves with NumPy's words if they do not fit.

    Args:
        told: all operands' shapes, where there are more, and what raises (see `check_shapes`).
    """
    if len(a) < len(b):
        longer, shorter = b, a
    else:
        longer, shorter = a, b
    start = len(longer) - len(shorter)
    out = list(longer[:start])
    emit, one = lw.b.emit, lw.int_const(1)
    fits = lw.bool_const(True)
    for x, y in zip(longer[start:], shorter):
        if x == y or lw.b.constant(y) == 1:
            out.append(x)
        elif lw.b.constant(x) == 1:
            out.append(y)
        else:
            stretch, same = emit("eq", x, one), emit("eq", x, y)
            fits = emit("and", fits, emit("or", emit("or", same, stretch), emit("eq", y, one)))
            out.append(emit("select", stretch, y, x))
    shapes, text = told or ([a, b], "numpy.broadcast_to(0, {0}) + numpy.broadcast_to(0, {1})")
    check_shapes(lw, fits, shapes, text)
    return tuple(out)


def check_into(
    lw: Lowering, target: tuple[int, ...], shapes: list[tuple[int, ...]], text: str, leading: bool = False
) -> None:
    """Leave unless values of all `shapes` can be broadcast into `target`, with what `text` raises ({0} stands for the
    target, {1} ... for the others). `leading`: they may have further axes of length 1 in front."""
    emit, one = lw.b.emit, lw.int_const(1)
    fits = lw.bool_const(True)
    for shape in shapes:
        for x in shape[: max(0, len(shape) - len(target))]:
            fits = emit("and", fits, emit("eq", x, one) if leading else lw.bool_const(False))
        for x, y in zip(reversed(target), reversed(shape)):
            if x != y and lw.b.constant(y) != 1:
                fits = emit("and", fits, emit("or", emit("eq", x, y), emit("eq", y, one)))
    check_shapes(lw, fits, [target, *shapes], text)


def check_shapes(lw: Lowering, fits: int, shapes: list[tuple[int, ...]], text: str) -> None:
    """Leave unless `fits`, with what `text` raises ({0}, {1} ... stand for the shapes)."""
    if lw.b.constant(fits) is True:
        return
    captures = tuple(dict.fromkeys(v for shape in shapes for v in shape if lw.b.constant(v) is None))
    few = len(captures) <= _MOST_CAPTURES
    names = {v: f"n{k}" if few else f"n[{k}]" for k, v in enumerate(captures)}
    given = ["(" + "".join(f"{names.get(v, lw.b.constant(v))}, " for v in shape) + ")" for shape in shapes]
    text = "import numpy\n" + text.format(*given)
    if few:
        lw.check(fits, "evaluate", text, captures, tuple(names.values()))
        return

    def fail() -> NoReturn:
        record = (ctypes.c_int64 * len(captures))()
        lw.kept.append(record)
        place = ctypes.addressof(record)
        for k, v in enumerate(captures):
            lw.b.store(_WORD, v, lw.b.const(PTR, place), disp=8 * k)
        lw.fail("evaluate", f"import ctypes\nn = (ctypes.c_int64 * {len(captures)}).from_address({place})\n{text}")

    lw.if_else(fits, lambda: NONE_VAL, fail)


def elements(lw: Lowering, shape: tuple[int, ...]) -> int:
    """The number of elements."""
    total = lw.int_const(1)
    for length in shape:
        total = lw.b.emit("mul", total, length)
    return total


def is_single(lw: Lowering, length: int) -> bool:
    """Whether an axis is known to have one element, or none (where all loops are over at once): stride 0 is right for
    it, however long the other operands are."""
    return lw.b.constant(length) == 1 or lw.function.ops[length] is _B2I


def array_shape(array: Val) -> tuple[int, ...]:
    """The lengths of an array's axes."""
    return array.parts[2 : 2 + array.type.ndim]  # type: ignore[attr-defined]
