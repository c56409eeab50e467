"""The record a target fills in: everything the shared code generator asks of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..ir.function import Function, Symbol
    from ..ir.types import Type
    from .allocate import Allocation
    from .code import MachineCode
    from .machine import MachineFunction, MachineOp


class Target:
    """Attributes:
    name: of the architecture.
    int_order, float_order: registers to allocate, best first, that calls destroy.
    int_saved, float_saved: registers that a function must leave as it found them.
    copy: the op that moves one value between any two locations, leaving the flags alone; split: many
        at once, that are to part ranges.
    select: ``select(function, poll, listing) -> MachineFunction``; poll names the register-preserving poll thunk.
    emit: ``emit(machine function, allocation, poll) -> MachineCode``.
    vector_bytes: the width of vectors that code gains from: 64, 32, 16, or 0 for none; found out when first asked for.
    supports: ``supports(name of an operation, type)``: whether it is there for vectors of that type: the type of its
        first vector argument, or of its result where it has none.
    c_function: ``c_function(name)``: the address of a function of the C library, 0 if there is none.
    """

    __slots__ = (
        "c_function", "copy", "emit", "float_order", "float_saved", "int_order", "int_saved", "name", "select", "split",
        "supports", "_widest",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        int_order: tuple[int, ...],
        int_saved: tuple[int, ...],
        float_order: tuple[int, ...],
        float_saved: tuple[int, ...],
        copy: MachineOp,
        split: MachineOp,
        select: Callable[[Function, Symbol | None, bool], MachineFunction],
        emit: Callable[[MachineFunction, Allocation, Symbol | None], MachineCode],
        widest: int | Callable[[], int],
        supports: Callable[[str, Type], bool],
        c_function: Callable[[str], int],
    ) -> None:
        self.name = name
        self.int_order = int_order
        self.int_saved = int_saved
        self.float_order = float_order
        self.float_saved = float_saved
        self.copy = copy
        self.split = split
        self.select = select
        self.emit = emit
        self._widest = widest
        self.supports = supports
        self.c_function = c_function

    @property
    def vector_bytes(self) -> int:
        if not isinstance(self._widest, int):
            self._widest = self._widest()
        return self._widest
