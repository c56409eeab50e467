"""Machine code as it comes out of the compiler: bytes, constants, and what has to be filled in when it is placed."""

from __future__ import annotations

from ..ir.function import Symbol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .traffic import Traffic

    Relocation = tuple[int, str, Any, int]


class MachineCode:
    """One compiled function, not yet placed.

    Attributes:
        code: the instructions; the entry is at offset 0.
        data: constants, to be placed at an address aligned to 16.
        relocations: (offset in `code`, kind, target, addend). The field at `offset` gets, by kind:

            rel32   the 32-bit distance from the field to the target (a `Symbol`), plus addend
            abs64   the 64-bit address of the target (a `Symbol`)
            data    the 32-bit distance from the field to the start of `data`, plus addend
            call    as data, for an indirect call through an address (`target`) in `data`; may be made direct
            jump    the same for a jump

        symbol: what it defines.
        hot_size: bytes before the first cold stub.
        frame_size: bytes of stack used besides the return address.
        spills: loads and stores that register allocation added.
        traffic: for listings: what innermost loops do with the stack, see `traffic.py`.
        times: seconds spent by stage.
        marks: for listings: (offset, IR value it was made for or -1) of each machine instruction.
    """

    __slots__ = ("code", "data", "frame_size", "hot_size", "marks", "name", "relocations", "spills", "symbol", "times",
                 "traffic")  # fmt: skip

    def __init__(self, code: bytes, data: bytes, relocations: list[Relocation]) -> None:
        self.code = code
        self.data = data
        self.relocations = relocations
        self.symbol: Symbol = Symbol("")
        self.name = ""
        self.hot_size = len(code)
        self.frame_size = 0
        self.spills = 0
        self.traffic: list[Traffic] = []
        self.times: dict[str, float] = {}
        self.marks: list[tuple[int, int]] = []

    def __repr__(self) -> str:
        return f"<MachineCode {self.name}: {len(self.code)} bytes>"
