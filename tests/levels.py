"""That machine code asks for no more than a processor has, read by iced's decoder: what an emulator would stop at."""

from __future__ import annotations

from functools import cache
from typing import Any

import iced_x86

from jitney.codegen.code import MachineCode
from jitney.codegen.generate import generate
from jitney.targets.x86_64.features import detect

# What every x86-64 processor has, and `pause`, `lfence`-like hints that older ones ignore.
_ALWAYS = {
    "INTEL8086", "INTEL186", "INTEL286", "INTEL386", "INTEL486", "X64", "CMOV", "CPUID", "CX8", "MULTIBYTENOP", "PAUSE",
    "SSE", "SSE2", "SYSCALL", "TSC",
}  # fmt: skip


@cache
def _named() -> dict[int, str]:
    known = vars(iced_x86.CpuidFeature)
    return {number: name for name, number in known.items() if isinstance(number, int)}


def lacking(code: bytes, features: frozenset[str]) -> list[str]:
    """The instructions of `code` that a processor with `features` (names as in /proc/cpuinfo) does not have."""
    there = _ALWAYS | {name.replace("avx512vbmi", "avx512_vbmi").upper() for name in features}
    return [
        str(instruction)
        for instruction in iced_x86.Decoder(64, code)
        if not there.issuperset(_named()[f] for f in instruction.cpuid_features())
    ]


def checked(*args: Any, **options: Any) -> MachineCode:
    """`generate`, failing where the processor that JITNEY_CPU names lacks an instruction of what was made."""
    made = generate(*args, **options)
    assert not (found := lacking(made.code, detect())), found
    return made
