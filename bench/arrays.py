"""Array-style kernels: NumPy, Numba (where it is installed, and takes them) and jitney, in one process, interleaved.

    python -m bench.arrays
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from bench.compare import difference
from bench.implementations import JITNEY, NUMBA, decorator, installed
from bench.registry import FOLDER, Args, Function

ROUNDS = 15


@dataclass(frozen=True)
class ArrayKernel:
    name: str
    function: str
    make: Callable[[int], Args]
    size: int
    tiny: int


def _points(n: int, dimensions: int) -> np.ndarray:
    return np.random.default_rng(n).random((n, dimensions))


KERNELS = (
    ArrayKernel("finite differences", "diffusion", lambda n: (_points(n, n), np.zeros((n, n)), 10), 500, 6),
    ArrayKernel("softmax", "softmax", lambda n: (_points(n, 100), np.zeros((n, 100))), 1000, 3),
    ArrayKernel("pairwise distances", "distances",
                lambda n: (_points(n, 8), _points(n + 1, 8), np.zeros((n, n + 1))), 300, 4),
    ArrayKernel("masked mean", "masked_mean", lambda n: (_points(n, 1)[:, 0], _points(n + 1, 1)[1:, 0] > 0.5),
                200_000, 20),
    ArrayKernel("k-means step", "kmeans_step", lambda n: (_points(n, 4), _points(8, 4), np.zeros((8, 4))), 5000, 20),
)  # fmt: skip


def load(kernel: ArrayKernel) -> Function:
    """The kernel's function, in a module of its own."""
    spec = importlib.util.spec_from_file_location(f"bench.kernels.arrays_{kernel.function}", FOLDER / "arrays.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Function = getattr(module, kernel.function)
    return function


def main() -> None:
    """Print a table: milliseconds of each, after all have compiled."""
    print(f"{'kernel':20} {'numpy':>9} {'numba':>9} {'jitney':>9}   ms")
    for kernel in KERNELS:
        ways = {"numpy": load(kernel)}
        for name in (NUMBA, JITNEY):
            if installed(name):
                ways[name] = decorator(name)(load(kernel))
        wanted_args = kernel.make(kernel.size)
        wanted = load(kernel)(*wanted_args)
        times: dict[str, list[float]] = {}
        for name, function in list(ways.items()):
            args = kernel.make(kernel.size)
            try:
                result = function(*args)
            except Exception:  # Numba has its own, and not all of NumPy
                del ways[name]
                continue
            wrong = difference(result, args, wanted, wanted_args, 0.0 if name == JITNEY else 1e-9)
            assert wrong is None, f"{name} {kernel.name}: {wrong}"
        for _ in range(ROUNDS):
            for name, function in ways.items():
                args = kernel.make(kernel.size)
                start = perf_counter()
                function(*args)
                times.setdefault(name, []).append((perf_counter() - start) * 1e3)
        cells = [f"{median(times[n]):9.3f}" if n in times else f"{'-':>9}" for n in ("numpy", NUMBA, JITNEY)]
        print(f"{kernel.name:20}", *cells)


if __name__ == "__main__":
    main()
