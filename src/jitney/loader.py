"""Placing compiled functions in memory, linked to each other and to C."""

from __future__ import annotations

from .asm.memory import reserve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .asm.memory import Region
    from .codegen.code import MachineCode


class Loaded:
    """Functions in executable memory: whoever may still run them holds this.

    Attributes:
        regions: where they lie; freed with this object.
        needs: the owners of other symbols they refer to.
    """

    __slots__ = ("__weakref__", "needs", "regions")

    def __init__(self) -> None:
        self.regions: list[Region] = []
        self.needs: list[Any] = []


def load(codes: Sequence[MachineCode]) -> Loaded:
    """Place functions that may call each other; sets the address of each one's symbol.

    Raises:
        ValueError: a symbol that they refer to has no address.
        OSError, MemoryError: as `asm.memory`.
    """
    loaded = Loaded()
    regions = loaded.regions
    try:
        for code in codes:
            region = reserve(len(code.code), len(code.data))
            regions.append(region)
            code.symbol.address = region.code_address
        own = {id(code.symbol) for code in codes}
        for code, region in zip(codes, regions):
            region.write(_linked(code, region, own, loaded.needs), code.data)
    except BaseException:
        for code in codes:
            code.symbol.address = 0
        raise
    for code in codes:
        code.symbol.owner = loaded
    return loaded


def _linked(code: MachineCode, region: Region, own: set[int], needs: list[Any]) -> bytes:
    """The code with its fields filled in, see `MachineCode`; the owners of what it refers to go to `needs`."""
    out = bytearray(code.code)
    base = region.code_address
    for offset, kind, target, addend in code.relocations:
        at = base + offset
        distance = region.data_address + addend - at
        if kind == "call" or kind == "jump":
            direct = target - at - 4
            if -0x80000000 <= direct < 0x80000000:
                # call [rip + d] and call target: the latter is a byte shorter, which a prefix without effect fills
                out[offset - 2 : offset] = b"\x67\xe8" if kind == "call" else b"\x67\xe9"
                distance = direct
        elif kind != "data":
            if target.address == 0:
                raise ValueError(f"{target} has no address")
            if target.owner is not None and id(target) not in own:
                needs.append(target.owner)
            if kind == "abs64":
                out[offset : offset + 8] = (target.address + addend & (1 << 64) - 1).to_bytes(8, "little")
                continue
            distance = target.address + addend - at
        out[offset : offset + 4] = distance.to_bytes(4, "little", signed=True)
    return bytes(out)
