"""What this CPU can do."""

from __future__ import annotations

from os import environ

# Names as in /proc/cpuinfo's flags; `abm` is where lzcnt hides. Each level has those before it, too.
_LEVELS = {
    "x86-64": (),
    "x86-64-v2": ("popcnt", "sse4_1", "sse4_2", "ssse3"),
    "x86-64-v3": ("avx", "avx2", "bmi1", "bmi2", "fma", "lzcnt"),
    "x86-64-v4": ("avx512bw", "avx512dq", "avx512f", "avx512vl"),
}
_WANTED = tuple(name for names in _LEVELS.values() for name in names)


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
    """The instruction sets that the kernel says this CPU has and it saves the registers of; no more than those of the
    level that JITNEY_CPU names, if it does."""
    wanted = environ.get("JITNEY_CPU")
    return _detected() & level(wanted) if wanted else _detected()


def _detected() -> frozenset[str]:
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("flags"):
                    flags = set(line.split())
                    found = {name for name in _WANTED if name in flags}
                    if "abm" in flags:
                        found.add("lzcnt")
                    return frozenset(found)
    except OSError:
        pass
    return frozenset()
