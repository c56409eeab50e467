"""`python -m bench`: measure, print, write bench/results/ and, after a whole run, docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from bench import arrays, threads
from bench.implementations import JITNEY, NUMBA, installed
from bench.measure import FULL, QUICK, measure
from bench.plot import draw
from bench.registry import KERNELS
from bench.report import markdown

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only kernels whose name contains one of these")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and processes (noisier)")
    parser.add_argument("--no-numba", action="store_true", help="leave Numba out")
    options = parser.parse_args()

    def wanted(name: str) -> bool:
        return not options.only or any(part in name for part in options.only)

    kernels = [k for k in KERNELS if wanted(k.name)]
    array_kernels = [k for k in arrays.KERNELS if wanted(k.name)]
    loops = [loop for loop in threads.LOOPS if wanted(loop.function)]
    if not kernels and not array_kernels and not loops:
        names = [k.name for k in (*KERNELS, *arrays.KERNELS)] + [loop.function for loop in threads.LOOPS]
        parser.error("no kernel of that name; there are: " + ", ".join(names))
    decorators = [d for d in (JITNEY, NUMBA) if installed(d) and not (d == NUMBA and options.no_numba)]
    os.chdir(ROOT)  # children run `-m bench.child`
    RESULTS.mkdir(parents=True, exist_ok=True)
    effort = QUICK if options.quick else FULL
    record = measure(kernels, array_kernels, loops, decorators, effort, RESULTS, lambda line: print(line, flush=True))
    (RESULTS / "benchmarks.json").write_text(json.dumps(record, indent=1))

    # Only a whole run may replace the published page.
    whole = not options.only and not options.quick and NUMBA in decorators
    folder = ROOT / "docs" if whole else RESULTS
    plot = None
    if NUMBA in decorators:
        plot = "benchmarks.svg" if draw(record, folder / "benchmarks.svg") else None
    page = markdown(record, plot)
    (folder / "benchmarks.md").write_text(page)
    print("\n" + page)


if __name__ == "__main__":
    main()
