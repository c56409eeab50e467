"""The back end in one call."""

from __future__ import annotations

from os import environ
from time import perf_counter

from ..lazy import lazy
from .allocate import allocate
from .hoist import hoist
from .layout import arrange
from .shrink import shrink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function, Symbol
    from . import checker, traffic, untie
    from .allocate import Allocation
    from .code import MachineCode
    from .target import Target
else:
    checker, traffic, untie = lazy("jitney.codegen", "checker", "traffic", "untie")


def generate(
    function: Function, target: Target, poll: Symbol | None = None, listing: bool = False, hasty: bool = False
) -> MachineCode:
    """Compile a verified function.

    Args:
        poll: the thunk that `poll` and `enter` call; needed if the function has any.
        listing: also record where each instruction came from, and what innermost loops do with the stack.
        hasty: leave out what only makes the code faster, after allocation.

    With JITNEY_CHECK=1 in the environment the register allocation is proven on the spot (`checker.py`). JITNEY_DISABLE
    leaves out what it names of `hoist`, `untie` and `masks` (masks that serve more than one instruction).
    """
    t0 = perf_counter()
    m = target.select(function, poll, listing)
    shrink(m, target.split)
    arrange(m)
    t1 = perf_counter()
    allocation = allocate(m, target)
    if not hasty:
        _polish(allocation, target, environ.get("JITNEY_DISABLE", "").split(","))
    t2 = perf_counter()
    if environ.get("JITNEY_CHECK") == "1":
        checker.check(m, allocation, target)
    t3 = perf_counter()
    code = target.emit(m, allocation, poll)
    if listing:
        code.traffic = traffic.stack_traffic(m, allocation, target)
    code.times = {"select": t1 - t0, "allocate": t2 - t1, "check": t3 - t2, "emit": perf_counter() - t3}
    return code


def _polish(allocation: Allocation, target: Target, disabled: list[str]) -> None:
    if "hoist" not in disabled:
        hoist(allocation, target.split)
    floats = target.float_order
    if "untie" not in disabled and any(
        d != s and d in ins and d in floats
        for op, outs, ins, _, _ in allocation.code if len(ins) > 1 and op.move for d, s in zip(outs, ins)
    ):  # fmt: skip
        untie.untie(allocation, target)
