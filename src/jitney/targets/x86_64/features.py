"""What this CPU can do."""

from __future__ import annotations

# Names as in /proc/cpuinfo's flags; `abm` is where lzcnt hides.
_WANTED = ("avx", "bmi1", "bmi2", "popcnt", "sse4_1", "avx2", "fma")


def detect() -> frozenset[str]:
    """The instruction sets that the kernel says this CPU has and it saves the registers of."""
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
