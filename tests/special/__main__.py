"""The table of docs/parallel.md: ``python -m tests.special [points] [names]``."""

from __future__ import annotations

import sys

from tests.special.accuracy import FUNCTIONS, worst


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 2000
    print("| function | bound, ulp | measured | at | points |\n|---|---:|---:|---|---:|")
    for name in arguments[1:] or FUNCTIONS:
        most, where, tried = worst(name, 0, count)
        place = ", ".join([f"{x:.6g}" for x in where])
        print(f"| `{name}` | {FUNCTIONS[name][2]:g} | {most:.3f} | {place} | {tried} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
