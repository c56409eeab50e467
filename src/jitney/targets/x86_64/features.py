"""What this CPU can do, asked of itself by `cpuid`.

Not of /proc/cpuinfo: under an emulator that tells of the machine around it, and a container need not have it.
"""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_uint32, c_void_p
from os import environ

from ...asm.memory import publish

# Names as in /proc/cpuinfo, where lzcnt is called abm. Each level has those before it, too.
_LEVELS = {
    "x86-64": (),
    "x86-64-v2": ("popcnt", "sse4_1", "sse4_2", "ssse3"),
    "x86-64-v3": ("avx", "avx2", "bmi1", "bmi2", "fma", "lzcnt"),
    "x86-64-v4": ("avx512bw", "avx512dq", "avx512f", "avx512vl"),
}

# (leaf, which of eax, ebx, ecx and edx) -> names and bits there. Intel, Software Developer's Manual, volume 2, CPUID;
# lzcnt: AMD, Architecture Programmer's Manual, volume 3, appendix D.
_BITS = {
    (1, 2): {"ssse3": 9, "fma": 12, "sse4_1": 19, "sse4_2": 20, "popcnt": 23, "avx": 28},
    (7, 1): {"bmi1": 3, "avx2": 5, "bmi2": 8, "avx512f": 16, "avx512dq": 17, "avx512bw": 30, "avx512vl": 31},
    (7, 2): {"avx512vbmi": 1, "avx512_vpopcntdq": 14},
    (0x8000_0001, 2): {"lzcnt": 5},
}
_XGETBV = 1 << 27  # in leaf 1's ecx: the kernel lets programs ask what it saves
# What the kernel has to save for vectors of 256 and 512 bits: bits of XCR0. The first are SSE's and AVX's.
_SAVED = {"avx": 0x06, "avx2": 0x06, "fma": 0x06}
_SAVED_512 = 0xE6

# void cpuid(leaf, subleaf, words): what is in eax, ebx, ecx and edx then.
CPUID = """
53          push rbx
4989d0      mov r8, rdx
89f8        mov eax, edi
89f1        mov ecx, esi
0fa2        cpuid
418900      mov [r8], eax
41895804    mov [r8+4], ebx
41894808    mov [r8+8], ecx
4189500c    mov [r8+12], edx
5b          pop rbx
c3          ret
"""
# unsigned xgetbv(void): the low half of XCR0.
XGETBV = """
31c9        xor ecx, ecx
0f01d0      xgetbv
c3          ret
"""


def level(name: str) -> frozenset[str]:
    """The instruction sets of one of the psABI's levels, ``x86-64`` to ``x86-64-v4``.

    Raises:
        ValueError: there is no such level.
    """
    found: frozenset[str] = frozenset()
    for known, names in _LEVELS.items():
        found = found.union(names)
        if known == name:
            return found
    raise ValueError(f"no level {name!r}: {', '.join(_LEVELS)}")


def detect() -> frozenset[str]:
    """The instruction sets that this CPU has and the kernel saves the registers of; no more than those of the level
    that JITNEY_CPU names, if it does."""
    wanted = environ.get("JITNEY_CPU")
    return detected() & level(wanted) if wanted else detected()


_detected: list[frozenset[str]] = []


def detected() -> frozenset[str]:
    """What `detect` says without JITNEY_CPU."""
    if not _detected:
        _detected.append(_detect())
    return _detected[0]


def code(listing: str) -> bytes:
    """The bytes of a listing's left column."""
    return bytes.fromhex("".join([line.split()[0] for line in listing.split("\n") if line]))


def _detect() -> frozenset[str]:
    region = publish(code(CPUID))
    ask = CFUNCTYPE(None, c_uint32, c_uint32, c_void_p)(region.code_address)
    words = (c_uint32 * 4)()
    found: set[str] = set()
    for (leaf, word), bits in _BITS.items():
        # Beyond the last leaf of its kind some CPUs answer for another.
        ask(leaf & 0x8000_0000, 0, words)
        if words[0] >= leaf:
            ask(leaf, 0, words)
            found.update([name for name, bit in bits.items() if words[word] >> bit & 1])
    ask(1, 0, words)
    saved = 0
    if words[2] & _XGETBV:
        region = publish(code(XGETBV))
        saved = CFUNCTYPE(c_uint32)(region.code_address)()
    unsaved = {name for name in found if ~saved & _needs(name)}
    return frozenset(found - unsaved)


def _needs(name: str) -> int:
    """The bits of XCR0 without which no instruction of that set may be used."""
    return _SAVED_512 if name.startswith("avx512") else _SAVED.get(name, 0)
