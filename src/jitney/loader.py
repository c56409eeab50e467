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
    for code in codes:
        region = reserve(len(code.code), len(code.data))
        loaded.regions.append(region)
        code.symbol.address = region.code_address
    placed = {id(code.symbol) for code in codes}
    for code, region in zip(codes, loaded.regions):
        out = bytearray(code.code)
        base = region.code_address
        for offset, kind, target, addend in code.relocations:
            at = base + offset
            if kind == "call":
                # call [rip + address]: six bytes, room for an address-size prefix and a direct call
                distance = target - at - 4
                if -0x80000000 <= distance < 0x80000000:
                    out[offset - 2 : offset] = b"\x67\xe8"
                    out[offset : offset + 4] = distance.to_bytes(4, "little", signed=True)
                    continue
            if kind == "rel32" or kind == "abs64":
                if target.address == 0:
                    raise ValueError(f"{target} has no address")
                if target.owner is not None and id(target) not in placed:
                    loaded.needs.append(target.owner)
                if kind == "abs64":
                    out[offset : offset + 8] = (target.address + addend & (1 << 64) - 1).to_bytes(8, "little")
                    continue
                distance = target.address + addend - at
            else:
                distance = region.data_address + addend - at
            out[offset : offset + 4] = distance.to_bytes(4, "little", signed=True)
        region.write(bytes(out), code.data)
    for code in codes:
        code.symbol.owner = loaded
    return loaded
