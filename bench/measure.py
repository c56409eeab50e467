"""The run: which processes are started, how often, and what becomes of their numbers."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bench import ctwins
from bench.implementations import COPY, CPYTHON, GCC, JITNEY, NUMBA, NUMBA_ALONE
from bench.registry import Kernel

if TYPE_CHECKING:
    from bench.arrays import ArrayKernel
    from bench.threads import SharedLoop

TIMEOUT = 120  # seconds for one child; the slowest takes about five


@dataclass(frozen=True)
class Effort:
    """How often things are repeated. Processes of jitney are short, so there are more of them."""

    rounds: int
    block: float  # seconds
    first_calls: dict[str, int]
    imports: int
    compiles: dict[str, int]


FULL = Effort(11, 0.005, {JITNEY: 5, NUMBA: 1, NUMBA_ALONE: 1}, 15, {JITNEY: 1000, NUMBA: 30})
QUICK = Effort(5, 0.002, {JITNEY: 3, NUMBA: 1, NUMBA_ALONE: 1}, 10, {JITNEY: 200, NUMBA: 20})


class ChildFailed(Exception):
    """A child crashed, raised or did not end; the text is what the report shows."""


def _child(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.child", *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise ChildFailed(f"did not end within {TIMEOUT} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise ChildFailed(lines[-1] if lines and done.returncode > 0 else f"exit status {done.returncode}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _first_calls(
    mode: str, kernel: Kernel | ArrayKernel, implementation: str, times: int, row: dict[str, Any]
) -> None:
    """Medians of several processes, into the row."""
    found = [_child(mode, implementation, kernel.name) for _ in range(times)]
    row[mode][implementation] = statistics.median(f["seconds"] for f in found)
    if mode == "first":
        row["again"][implementation] = statistics.median(f["again"] for f in found)
        if implementation == JITNEY:
            row["first_stages"] = {s: statistics.median(f["stages"][s] for f in found) for s in found[0]["stages"]}


def measure_kernel(kernel: Kernel, decorators: Sequence[str], library: Path | None, effort: Effort) -> dict[str, Any]:
    """One row: warm medians, ratios to jitney round by round, first and second calls, what went wrong."""
    row: dict[str, Any] = {
        "kernel": kernel.name, "first": {}, "again": {}, "second": {}, "errors": {}, "warm": {}, "ratio": {},
    }
    against = [*decorators, *([GCC] if library else [])]
    try:
        warm = _child("warm", kernel.name, ",".join(against), effort.rounds, effort.block, library or "")
        row["errors"].update(warm["errors"])
        row["compile"] = warm.get("compile")
        rounds = warm["rounds"]
        row["warm"] = {name: statistics.median(times) for name, times in rounds.items() if name != COPY}
        if JITNEY in rounds:
            row["ratio"] = {
                name: statistics.median(other / own for other, own in zip(times, rounds[JITNEY], strict=False))
                for name, times in rounds.items() if name not in (JITNEY, COPY)
            }
        own = row["warm"].get(JITNEY)
        if kernel.traffic is not None and own:
            row["bytes"] = kernel.traffic(kernel.size)
            row["copy"] = statistics.median(c / o for c, o in zip(rounds[COPY], rounds[JITNEY], strict=False))
        if kernel.flops is not None and own:
            row["flops"] = kernel.flops(kernel.size) / own
        if kernel.chain is not None and own:
            name, links = kernel.chain
            row["chain"] = [name, links(kernel.size) / own]
    except ChildFailed as error:
        row["errors"]["warm"] = str(error)
    if kernel.floats:
        try:
            fast = _child("fastmath", kernel.name, ",".join(decorators), effort.rounds, effort.block)
            row["errors"].update({f"{name} with fastmath": text for name, text in fast["errors"].items()})
            row["fastmath"] = {name: statistics.median(times) for name, times in fast["rounds"].items()}
        except ChildFailed as error:
            row["errors"]["fastmath"] = str(error)
    for mode in ("first", "second"):
        alone = [NUMBA_ALONE] if mode == "first" and NUMBA in decorators and _version("scipy") else []
        for implementation in (*decorators, *alone):
            try:
                times = effort.first_calls[implementation]
                _first_calls(mode, kernel, implementation, times, row)
            except ChildFailed as error:
                row["errors"].setdefault(implementation, f"{mode} call: {error}")
    return row


def measure_arrays(kernel: ArrayKernel, decorators: Sequence[str], effort: Effort) -> dict[str, Any]:
    """The row of an array-style kernel: warm medians, first calls, what went wrong."""
    row: dict[str, Any] = {"kernel": kernel.name, "first": {}, "again": {}, "warm": {}, "errors": {}}
    try:
        found = _child("arrays", kernel.name, ",".join(decorators), effort.rounds)
        row["warm"] = {name: statistics.median(times) for name, times in found["rounds"].items()}
        row["errors"].update(found["errors"])
        for implementation in [d for d in decorators if d not in row["errors"]]:
            _first_calls("first", kernel, implementation, effort.first_calls[implementation], row)
    except ChildFailed as error:
        row["errors"]["jitney"] = str(error)
    return row


def measure_threads(loop: str, decorators: Sequence[str], effort: Effort) -> dict[str, Any]:
    """The row of a loop that threads share."""
    try:
        row = _child("threads", loop, JITNEY, effort.rounds)
    except ChildFailed as error:
        return {"loop": loop, "sizes": [], "errors": {JITNEY: str(error)}}
    for name in decorators:
        if name != JITNEY:
            try:
                other = _child("threads", loop, name, effort.rounds)
            except ChildFailed as error:
                row["errors"][name] = str(error)
                continue
            row["errors"].update(other["errors"])
            for mine, its in zip(row["sizes"], other["sizes"], strict=True):
                for kind in ("best", "median"):
                    mine[kind][name] = its[kind][name]
    return row


def import_times(modules: Sequence[str], times: int) -> dict[str, float]:
    """Median seconds of a whole process that does nothing (""), or imports one module; interleaved."""
    samples: dict[str, list[float]] = {name: [] for name in ("", *modules)}
    for _ in range(times):
        for name, values in samples.items():
            start = perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}" if name else "pass"], check=True)
            values.append(perf_counter() - start)
    return {name: statistics.median(values) for name, values in samples.items()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """What the numbers were measured on; no host names."""
    gcc = None
    if shutil.which("gcc"):
        gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "gcc": gcc,
        **{package: _version(package) for package in ("jitney", "numba", "llvmlite", "numpy", "scipy")},
    }


def measure(
    kernels: Iterable[Kernel],
    array_kernels: Iterable[ArrayKernel],
    loops: Iterable[SharedLoop],
    decorators: Sequence[str],
    effort: Effort,
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """The whole run as one JSON-able record; `folder` receives the C library."""
    start = perf_counter()
    library = ctwins.build(folder)
    implementations = [*decorators, *([GCC] if library else []), CPYTHON]
    record: dict[str, Any] = {"machine": machine(), "implementations": implementations}
    for key, name, task in (
        ("imports", "import times", lambda: import_times(["numpy", *decorators], effort.imports)),
        ("overhead", "call overhead", lambda: _child("overhead", ",".join(decorators), effort.rounds)),
        ("peak", "peak arithmetic", lambda: _child("peak")),
        ("memory", "memory", lambda: {d: _child("memory", d, effort.compiles[d]) for d in decorators}),
    ):
        say(name)
        try:
            record[key] = task()
        except (ChildFailed, subprocess.CalledProcessError) as error:
            record[key] = None
            say(f"  {name} failed: {error}")
    record["arrays"] = [measure_arrays(kernel, decorators, effort) for kernel in array_kernels]
    say("threads")
    record["threads"] = [measure_threads(loop.function, decorators, effort) for loop in loops]
    record["kernels"] = []
    for kernel in kernels:
        row = measure_kernel(kernel, decorators, library, effort)
        record["kernels"].append(row)
        say(describe(row))
    record["seconds"] = perf_counter() - start
    return record


def describe(row: dict[str, Any]) -> str:
    """One line of progress."""
    cells = [f"{row['kernel']:18}"]
    cells += [f"{name} {seconds * 1e3:9.3f} ms" for name, seconds in row["warm"].items()]
    cells += [f"first {name} {seconds * 1e3:7.1f} ms" for name, seconds in row["first"].items()]
    cells += [f"!! {name}: {text}" for name, text in row["errors"].items()]
    return "  ".join(cells)
