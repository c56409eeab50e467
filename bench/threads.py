"""Loops shared by threads: jitney with and without `parallel=True`, and Numba with it where it is installed.

    python -m bench.threads
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time, sleep, thread_time
from typing import Any

import numpy as np

from bench.compare import difference
from bench.implementations import JITNEY, NUMBA, installed
from bench.measure import FULL, measure_threads
from bench.registry import FOLDER, Args, Function
from bench.report import rested_table, thread_table

SERIAL, SHARED = "serial", "shared"  # jitney without and with `parallel=True`
BLOCK = 0.002  # seconds: what a round repeats a call for
BUDGET = 0.4  # seconds for one loop of one size
PAUSES = {0.001: 20, 0.005: 20, 0.02: 20, 0.1: 10}  # seconds in which threads fall asleep; how often


@dataclass(frozen=True)
class SharedLoop:
    """`sizes`: a few iterations; microseconds; some hundred of them, so that what it costs to share shows; more than a
    millisecond on one processor. `compute`: arithmetic bounds it, so that two processors should take half the time."""

    function: str
    make: Callable[[int], Args]
    sizes: tuple[int, int, int, int]
    compute: bool = True


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).random(shape)


LOOPS = (
    SharedLoop("primes", lambda n: (n,), (60, 1000, 9_000, 60_000)),
    SharedLoop("collatz", lambda n: (n,), (20, 500, 3_000, 40_000)),
    SharedLoop("mandelbrot", lambda n: (np.zeros((n, n), np.int64), 100), (5, 30, 150, 500)),
    SharedLoop("forces", lambda n: (_random(n, 3), np.zeros((n, 3))), (10, 80, 300, 1000)),
    SharedLoop("monte_carlo", lambda n: (n,), (50, 5000, 100_000, 1_000_000)),
    SharedLoop("matmul", lambda n: (_random(n, n), _random(n, n), np.zeros((n, n))), (6, 50, 150, 300)),
    SharedLoop("axpy", lambda n: (0.5, _random(n), _random(n)), (100, 20_000, 300_000, 3_000_000), compute=False),
    SharedLoop("total", lambda n: (np.arange(n),), (100, 100_000, 1_000_000, 3_000_000), compute=False),
)


def load(loop: SharedLoop, prange: object = None) -> Function:
    """The loop's function, in a module of its own, with that `prange` in place of jitney's."""
    spec = importlib.util.spec_from_file_location(f"bench.kernels.threads_{loop.function}", FOLDER / "threads.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if prange is not None:
        vars(module)["prange"] = prange
    function: Function = getattr(module, loop.function)
    return function


def _ways(loop: SharedLoop, implementations: Sequence[str]) -> dict[str, Function]:
    """jitney's serial code and either its shared loops or Numba's: the threads of one go on spinning while it is the
    other's turn, so they are measured in processes of their own."""
    jit = importlib.import_module("jitney").jit
    ways: dict[str, Function] = {SERIAL: jit(load(loop))}
    if JITNEY in implementations:
        ways[SHARED] = jit(parallel=True)(load(loop))
    if NUMBA in implementations:
        numba = importlib.import_module("numba")
        ways[NUMBA] = numba.njit(parallel=True)(load(loop, numba.prange))
    return ways


def rounds(name: str, implementations: Sequence[str], count: int) -> dict[str, Any]:
    """Seconds per call by size and implementation, interleaved; what went wrong; how many threads there are."""
    loop = next(one for one in LOOPS if one.function == name)
    ways = _ways(loop, implementations)
    sizes, errors = [], {}
    for size in loop.sizes:
        args = loop.make(size)
        repeats: dict[str, int] = {}
        for way, function in ways.items():
            wanted_args, own = loop.make(size), loop.make(size)
            wanted, got = ways[SERIAL](*wanted_args), function(*own)
            wrong = difference(got, own, wanted, wanted_args, 1e-9 if way == NUMBA else 0.0)
            if wrong:
                errors[way] = f"size {size}: {wrong}"
            for _ in range(3):
                function(*args)
            start = perf_counter()
            function(*args)
            repeats[way] = max(1, math.ceil(BLOCK / (perf_counter() - start)))
        times: dict[str, list[float]] = {way: [] for way in ways}
        begin = perf_counter()
        # Each starts the round in its turn: whoever comes after threads finds the processors as they have left them.
        order = list(ways)
        while len(times[SERIAL]) < count or perf_counter() - begin < BUDGET:
            order = order[1:] + order[:1]
            for way in order:
                function = ways[way]
                start = perf_counter()
                for _ in range(repeats[way]):
                    function(*args)
                times[way].append((perf_counter() - start) / repeats[way])
        rested = _rested(ways, args) if size == loop.sizes[-1] and loop.compute and SHARED in ways else []
        sizes.append({"size": size, "rested": rested, "best": {way: min(found) for way, found in times.items()},
                      "median": {way: statistics.median(found) for way, found in times.items()}})
    threads = importlib.import_module("jitney").get_num_threads()
    return {"loop": name, "compute": loop.compute, "threads": threads, "sizes": sizes, "errors": errors}


def _rested(ways: dict[str, Function], args: Args) -> list[dict[str, float]]:
    """Single calls after pauses in which the threads have fallen asleep: medians in seconds, without and with threads;
    how many of these calls were shared; what the loop's own thread has spent on waking others and on waiting for
    them; what the others have not worked of the time, most of it since they had to wake up."""
    pool = importlib.import_module("jitney.runtime.threads").pool()
    others = importlib.import_module("jitney").get_num_threads() - 1
    found = []
    for pause, count in PAUSES.items():
        taken: dict[str, list[float]] = {SERIAL: [], SHARED: [], "lost": [], "late": []}
        for _ in range(count):
            sleep(pause)
            start = perf_counter()
            ways[SERIAL](*args)
            taken[SERIAL].append(perf_counter() - start)
            sleep(pause)
            loops, all_of_them, own = pool["EPOCH"], process_time(), thread_time()
            start = perf_counter()
            ways[SHARED](*args)
            taken[SHARED].append(perf_counter() - start)
            helped = (process_time() - all_of_them) - (thread_time() - own)
            if pool["EPOCH"] != loops:
                taken["lost"].append(pool["LOST"] / 1e9)
                taken["late"].append(max(0.0, taken[SHARED][-1] - helped / max(1, others)))
        medians = {name: statistics.median(values) for name, values in taken.items() if values}
        found.append({"pause": pause, "calls": count, "calls shared": len(taken["lost"]), **medians})
    return found


def main() -> None:
    """Measure and print as `make bench` does."""
    implementations = [name for name in (JITNEY, NUMBA) if installed(name)]
    rows = [measure_threads(loop.function, implementations, FULL) for loop in LOOPS]
    print(thread_table(rows), rested_table(rows), sep="\n\n")


if __name__ == "__main__":
    main()
