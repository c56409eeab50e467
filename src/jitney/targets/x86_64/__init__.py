"""The x86-64 target: `TARGET`, for this machine's CPU, and `target(features)` for any."""

from __future__ import annotations

from os import environ

from ...codegen.target import Target
from ...lazy import lazy
from . import abi, ops
from .emit import emit
from .features import detect
from .rules import RULES
from .select import X86Selector
from .thunks import preserving_thunk as preserving_thunk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...codegen.allocate import Allocation
    from ...codegen.code import MachineCode
    from ...codegen.machine import MachineFunction
    from ...ir.function import Function, Symbol
    from ...ir.types import Type
    from . import libm, vectors, width
else:
    libm, vectors, width = lazy("jitney.targets.x86_64", "libm", "vectors", "width")


def _gainful() -> int:
    """The width of vectors, in bytes, that this machine gains from, or JITNEY_VECTOR_BITS in bytes."""
    widest = _longest(detect())
    wanted = environ.get("JITNEY_VECTOR_BITS")
    if wanted:
        return min(widest, int(wanted) // 8)
    return width.measured() if widest > 32 else widest


def _longest(features: frozenset[str]) -> int:
    return 64 if "avx512bw" in features else 32 if "avx2" in features else 16


def target(features: frozenset[str], widest: int | Callable[[], int] = 0) -> Target:
    """The target with exactly these features (names as in /proc/cpuinfo, and `lzcnt`), and with vectors as long as they
    allow or, if that is given, of `widest` bytes."""
    avx = "avx" in features

    def select(function: Function, poll: Symbol | None, listing: bool) -> MachineFunction:
        widest = max({t.size for t in {*function.types} if t.lanes > 1}, default=0)
        if not widest:
            return X86Selector(function, listing, features, RULES, {}).run()
        selector = X86Selector(function, listing, features, vectors.RULES, vectors.CONDITIONS)
        selector.m.vector_bytes = widest
        return selector.run()

    def supports(name: str, type: Type) -> bool:
        return bool(vectors.supports(name, type, features))

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
        widest=widest or _longest(features),
        supports=supports,
        c_function=lambda name: libm.address(name),
    )


TARGET = target(detect(), _gainful)
