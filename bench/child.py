"""What runs in a process of its own: `python -m bench.child MODE ...` measures one thing and prints JSON.

A crash or an endless compilation of one implementation thus costs one cell of the report, not the run.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import math
import os
import statistics
import sys
import timeit
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from bench import arrays, ctwins, threads
from bench.compare import difference
from bench.implementations import COPY, CPYTHON, GCC, JITNEY, NUMBA, decorator
from bench.kernels import calls
from bench.registry import KERNELS, Function, Kernel, decorate, fresh_module, load

BY_NAME = {kernel.name: kernel for kernel in KERNELS}
ARRAYS = {kernel.name: kernel for kernel in arrays.KERNELS}

# What else is compiled before a "second" call is timed; never the kernel itself.
WARM_UPS = ("horner", "collatz", "sieve")

FAST_TOLERANCE = 1e-6
# C contracts to FMA, Numba's and gcc's libm differ in the last place: they are compared to a tolerance.
TOLERANCE = {JITNEY: 0.0, NUMBA: 1e-9, GCC: 1e-7}


def _timed_first_call(kernel: Kernel, decorator_: Callable[[Function], Function]) -> tuple[float, Function]:
    module = fresh_module(kernel)
    args = kernel.make(kernel.tiny)
    start = perf_counter()
    function = decorate(kernel, module, decorator_)
    function(*args)
    return perf_counter() - start, function


def _timed_first_array_call(
    kernel: arrays.ArrayKernel, decorator_: Callable[[Function], Function]
) -> tuple[float, Function]:
    plain, args = arrays.load(kernel), kernel.make(kernel.tiny)
    start = perf_counter()
    function = decorator_(plain)
    function(*args)
    return perf_counter() - start, function


def first(implementation: str, name: str) -> dict[str, Any]:
    """Seconds from undecorated functions to the first result, the implementation being imported already; and those of
    the second call of the same function, which jitney compiles again."""
    kernel: Kernel | arrays.ArrayKernel
    if name in ARRAYS:
        kernel = ARRAYS[name]
        seconds, function = _timed_first_array_call(kernel, decorator(implementation))
    else:
        kernel = BY_NAME[name]
        seconds, function = _timed_first_call(kernel, decorator(implementation))
    stages = dict(_compile_record(function)["stages"]) if implementation == JITNEY else {}
    args = kernel.make(kernel.tiny)
    start = perf_counter()
    function(*args)
    return {"seconds": seconds, "again": perf_counter() - start, "stages": stages}


def second(implementation: str, name: str) -> dict[str, Any]:
    """The same after two other functions went through the compiler."""
    decorator_ = decorator(implementation)
    for warm_up in [w for w in WARM_UPS if w != name][:2]:
        _timed_first_call(BY_NAME[warm_up], decorator_)
    return {"seconds": _timed_first_call(BY_NAME[name], decorator_)[0]}


def _blocks(runs: dict[str, Callable[[], Any]], rounds: int, block: float, budget: float) -> dict[str, list[float]]:
    """Seconds per call, one number a round: the implementations alternate, starting with another one each round.
    A block repeats a call until it lasts `block` seconds; what takes longer than `budget` in all runs fewer rounds."""
    repeats: dict[str, int] = {}
    limit: dict[str, int] = {}
    for name, run in runs.items():
        run()
        start = perf_counter()
        run()
        once = max(perf_counter() - start, 1e-9)
        repeats[name] = max(1, math.ceil(block / once))
        limit[name] = max(1, min(rounds, int(budget / (once * repeats[name]))))
    times: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            if len(times[name]) >= limit[name]:
                continue
            run = runs[name]
            start = perf_counter()
            for _ in itertools.repeat(None, repeats[name]):
                run()
            times[name].append((perf_counter() - start) / repeats[name])
    return times


def _compile_record(function: Any) -> dict[str, Any]:
    """What jitney says of its own work: seconds by stage, bytes of code, bail-outs."""
    specializations = list(function.specializations)
    stages: dict[str, float] = {}
    for item in specializations:
        for stage, seconds in item.stages.items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    return {
        "stages": stages,
        "code_bytes": sum(item.code_size for item in specializations),
        "bailouts": sum(item.bailouts for item in specializations),
    }


def warm(name: str, implementations: str, rounds: str, block: str, library: str) -> dict[str, Any]:
    """Every implementation of one kernel, interleaved, results compared: on the tiny input with CPython's, on the
    large one with CPython's too."""
    kernel = BY_NAME[name]
    row: dict[str, Any] = {"errors": {}}
    plain = load(kernel)
    tiny_args, full_args = kernel.make(kernel.tiny), kernel.make(kernel.size)
    tiny_result, full_result = plain(*tiny_args), plain(*full_args)
    runs: dict[str, Callable[[], Any]] = {CPYTHON: lambda: plain(*full_args)}
    twins = ctwins.open_library(Path(library)) if library else None

    def prepare(implementation: str) -> None:
        """Compile, compare, and enter into `runs`; what goes wrong is entered into the errors."""
        def bound(size: int, result: object) -> tuple[Callable[[], Any], tuple[Any, ...]]:
            args = kernel.make(size)
            if implementation == GCC:
                assert twins is not None
                return ctwins.bind(twins, kernel, args, result), args
            return (lambda: function(*args)), args

        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                function = load(kernel, decorator(implementation)) if implementation != GCC else None
                for size, result, wanted in (
                    (kernel.tiny, tiny_result, tiny_args), (kernel.size, full_result, full_args)
                ):
                    run, args = bound(size, result)
                    wrong = difference(run(), args, result, wanted, TOLERANCE[implementation])
                    if wrong:
                        row["errors"][implementation] = f"size {size}: {wrong}"
            fallen = [str(w.message) for w in caught if w.category.__name__ == "FallbackWarning"]
            if fallen:
                row["errors"][implementation] = "fell back to CPython: " + fallen[0].splitlines()[0]
            runs[implementation] = run
            if implementation == JITNEY:
                row["compile"] = _compile_record(function)
                row["compile"]["traffic"] = [loop.row for loop in function.explain().traffic]
                if row["compile"]["bailouts"]:
                    row["errors"].setdefault(implementation, "bailed out to CPython")
        except Exception as error:  # the row says so
            row["errors"][implementation] = f"{type(error).__name__}: {error}".splitlines()[0]

    for implementation in implementations.split(","):
        prepare(implementation)
    if kernel.traffic is not None:
        # As many bytes moved by the C library, half of them read and half written.
        source = np.ones(max(1, int(kernel.traffic(kernel.size)) // 16))
        target = np.empty_like(source)
        runs[COPY] = lambda: np.copyto(target, source)
    gc.disable()
    row["rounds"] = _blocks(runs, int(rounds), float(block), budget=1.0)
    return row


def fastmath(name: str, implementations: str, rounds: str, block: str) -> dict[str, Any]:
    """The implementations with `fastmath=True`, interleaved; results compared with CPython's to a tolerance."""
    kernel = BY_NAME[name]
    row: dict[str, Any] = {"errors": {}}
    args = kernel.make(kernel.size)
    wanted = load(kernel)(*args)
    runs: dict[str, Callable[[], Any]] = {}
    for implementation in implementations.split(","):
        function = load(kernel, decorator(implementation, fastmath=True))
        own = kernel.make(kernel.size)
        runs[implementation] = lambda function=function, own=own: function(*own)
        wrong = difference(runs[implementation](), own, wanted, args, FAST_TOLERANCE)
        if wrong:
            row["errors"][implementation] = f"fastmath: {wrong}"
    gc.disable()
    row["rounds"] = _blocks(runs, int(rounds), float(block), budget=0.5)
    return row


def array_rounds(name: str, implementations: str, rounds: str) -> dict[str, Any]:
    """Every implementation of one array-style kernel, interleaved, results compared with NumPy's."""
    return arrays.rounds(ARRAYS[name], implementations.split(","), int(rounds))


def thread_rounds(name: str, implementations: str, rounds: str) -> dict[str, Any]:
    """One loop without and with threads, at several sizes."""
    return threads.rounds(name, implementations.split(","), int(rounds))


_PEAK = """
    mov rax, {times}
top:
    {operations}
    dec rax
    jnz top
    vzeroupper
    ret
"""


_CHAINS = {"vaddsd": "vaddsd xmm0, xmm0, xmm1", "add": "add rcx, rdx"}


def peak() -> dict[str, Any]:
    """What one core does per second at most: floating-point operations, by ten independent chains of fused
    multiply-adds of as many doubles as its registers hold; and additions, each of which waits for the one before."""
    with open("/proc/cpuinfo") as file:
        register, doubles = ("zmm", 8) if " avx512f " in file.read() else ("ymm", 4)
    multiply_adds = [f"vfmadd231pd {register}{k}, {register}14, {register}15" for k in range(10)]
    return {
        "flops": 2 * doubles * _per_second(multiply_adds),
        "chains": {name: _per_second([one] * 10) for name, one in _CHAINS.items()},
    }


def _per_second(operations: list[str]) -> float:
    """How many of the operations are done in a second, in a loop: the best of twenty runs."""
    times = 200_000
    asm = importlib.import_module("jitney.asm")
    code = _PEAK.format(times=times, operations="\n    ".join(operations))
    run = asm.function(asm.assemble(code), "void()")
    best = math.inf
    for _ in range(20):
        start = perf_counter()
        run()
        best = min(best, perf_counter() - start)
    return times * len(operations) / best


CALLS: tuple[tuple[str, str, tuple[Any, ...], Any], ...] = (
    # title, function of kernels/calls.py, arguments, a builtin of the same shape
    ("f(1.5)", "scale", (1.5,), math.sqrt),
    ("f(3, 4)", "add", (3, 4), math.gcd),
    ("f(array)", "length", (np.zeros(8),), len),
    ("f(4 arrays)", "four_lengths", tuple(np.zeros(8) for _ in range(4)), None),
)


def overhead(implementations: str, rounds: str) -> dict[str, Any]:
    """Nanoseconds per call of functions that do next to nothing, the empty loop subtracted."""
    table: dict[str, dict[str, float]] = {}
    for title, name, args, builtin in CALLS:
        functions: dict[str, Any] = {"def": getattr(calls, name)}
        if builtin is not None:
            functions[f"{builtin.__name__} (builtin)"] = builtin
        for implementation in implementations.split(","):
            functions[implementation] = decorator(implementation)(getattr(calls, name))
        names = [f"a{i}" for i in range(len(args))]
        number = 100_000
        timers: dict[str, timeit.Timer] = {"": timeit.Timer("pass")}
        for label, function in functions.items():
            function(*args)
            timers[label] = timeit.Timer(
                f"f({', '.join(names)})", globals={"f": function, **dict(zip(names, args, strict=True))}
            )
        samples: dict[str, list[float]] = {label: [] for label in timers}
        for _ in range(int(rounds)):
            for label, timer in timers.items():
                samples[label].append(timer.timeit(number) / number * 1e9)
        empty = statistics.median(samples.pop(""))
        table[title] = {label: statistics.median(values) - empty for label, values in samples.items()}
    return table


def _resident_kib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


def memory(implementation: str, compiles: str) -> dict[str, Any]:
    """KiB the process grows by over 100,000 calls, and per function compiled and dropped."""
    decorator_ = decorator(implementation)
    scale, length = decorator_(calls.scale), decorator_(calls.length)
    array = np.zeros(8)

    def call(times: int) -> None:
        for _ in range(times):
            scale(1.5)
            length(array)

    def compile_and_drop(times: int) -> None:
        for _ in range(times):
            copy = types.FunctionType(calls.scale.__code__, {"__name__": "discarded", "__builtins__": __builtins__})
            decorator_(copy)(1.5)

    call(10_000)
    before = _resident_kib()
    call(100_000)
    calls_growth = _resident_kib() - before
    compile_and_drop(max(10, int(compiles) // 10))
    before = _resident_kib()
    compile_and_drop(int(compiles))
    return {
        "calls_kib": calls_growth,
        "compiles": int(compiles),
        "compiles_kib": _resident_kib() - before,
    }


MODES: dict[str, Callable[..., dict[str, Any]]] = {
    "first": first, "second": second, "warm": warm, "fastmath": fastmath, "overhead": overhead, "memory": memory,
    "peak": peak, "arrays": array_rounds, "threads": thread_rounds,
}

if __name__ == "__main__":
    json.dump(MODES[sys.argv[1]](*sys.argv[2:]), sys.stdout)
