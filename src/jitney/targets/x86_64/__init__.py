"""The x86-64 target: `TARGET`, for this machine's CPU, and `target(features)` for any."""

from __future__ import annotations

from ...codegen.target import Target
from . import abi, ops
from .emit import emit
from .features import detect
from .rules import RULES
from .select import X86Selector
from .thunks import preserving_thunk as preserving_thunk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...codegen.allocate import Allocation
    from ...codegen.code import MachineCode
    from ...codegen.machine import MachineFunction
    from ...ir.function import Function, Symbol


def target(features: frozenset[str]) -> Target:
    """The target with exactly these features (names as in /proc/cpuinfo, and `lzcnt`)."""
    avx = "avx" in features

    def select(function: Function, poll: Symbol | None, listing: bool) -> MachineFunction:
        return X86Selector(function, listing, features, RULES).run()

    def emitted(m: MachineFunction, allocation: Allocation, poll: Symbol | None) -> MachineCode:
        return emit(m, allocation, avx, poll)

    return Target(
        name="x86_64",
        int_order=abi.INT_ORDER,
        int_saved=abi.INT_SAVED,
        float_order=abi.FLOAT_ORDER,
        float_saved=(),
        copy=ops.COPY,
        split=ops.SPLIT,
        select=select,
        emit=emitted,
        vector_bytes=0,
        supports=lambda name, type: False,
    )


TARGET = target(detect())
