"""Counting work off the fuel, besides the back edges of loops (`loops.py`), so that polls come soon enough.

    a[:] = b * 2.0          fuel' = sub fuel, len(a)
    return                  context.FUEL -= 32768 - fuel'

A function counts on its own, from full; what it has used up it counts off the context's fuel where it returns, and
the next function with loops that starts after that is used up begins with a poll.
"""

from __future__ import annotations

from ..ir import context
from ..ir.function import Memory
from ..ir.ops import OPS
from ..ir.types import I64, NATURAL, VOID
from ..pytypes import INT
from .state import FUEL, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .state import Lowering

_LITTLE = 64  # iterations: not charged
_CONTEXT_FUEL = Memory(NATURAL[I64], 1, context.FUEL, context.REGION)


def charge(lw: Lowering, *counts: int) -> None:
    """Count work of as many iterations as the product of `counts`, i64 values, off the fuel: a loop that does it over
    and over polls as often as one that goes over the elements by itself."""
    work = lw.int_const(1)
    for count in counts:
        work = lw.b.emit("mul", work, count)
    known = lw.b.constant(work)
    if known is None or known > _LITTLE:
        lw.env[FUEL] = Val(INT, (lw.b.emit("sub", lw.env[FUEL].parts[0], work),))


def count(lw: Lowering) -> None:
    """Begin by polling where the work of calls before has come to a poll, and count off what is done.

    What no compiled code calls needs neither: the context of a call from Python is its own.
    """
    if count_off(lw):
        begin(lw)


def count_off(lw: Lowering) -> bool:
    """At each return, count what was used up of the function's own fuel off the context's, where its callers' work
    meets; whether there is such a return."""
    full, append, burned = lw.b.const(I64, context.FUEL_FULL), lw.b.append, False
    for end in lw.returns:
        left = end.env[FUEL].parts[0]
        if left != full:
            burned = True
            before = append(end.block, "load", (lw.context,), I64, _CONTEXT_FUEL)
            used = append(end.block, "sub", (full, left), I64)
            after = append(end.block, "sub", (before, used), I64)
            append(end.block, "store", (after, lw.context), VOID, _CONTEXT_FUEL)
    return burned


def begin(lw: Lowering) -> None:
    """Begin by polling, if what this and other functions have counted off the context's fuel has used it up."""
    function = lw.function
    no_effect = function.entry.insts[0]
    line = lw.source.node.lineno + lw.source.line_offset
    lw.b.line = line
    left = function.new_value(OPS["load"], I64, (lw.context,), _CONTEXT_FUEL, line, function.entry)
    poll = function.new_value(OPS["poll"], I64, (left, no_effect), (lw.b.add_site("poll"), 1), line, function.entry)
    store = function.new_value(OPS["store"], VOID, (poll, lw.context), _CONTEXT_FUEL, line, function.entry)
    function.entry.insts[1:1] = [left, poll, store]
