"""Array-style kernels: NumPy, Numba (where it is installed, and takes them) and jitney.

    python -m bench.arrays
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from bench.compare import difference
from bench.implementations import JITNEY, NUMBA, NUMPY, decorator, installed
from bench.measure import FULL, measure_arrays
from bench.registry import FOLDER, Args, Function
from bench.report import array_table

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
    ArrayKernel("model step", "model_step",
                lambda n: (*(_points(n + k, n)[:n] for k in range(3)), _points(n, n) > 0.5, 0.1, 0.3), 300, 6),
)  # fmt: skip


def load(kernel: ArrayKernel) -> Function:
    """The kernel's function, in a module of its own."""
    spec = importlib.util.spec_from_file_location(f"bench.kernels.arrays_{kernel.function}", FOLDER / "arrays.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Function = getattr(module, kernel.function)
    return function


def rounds(kernel: ArrayKernel, implementations: Sequence[str], count: int) -> dict[str, Any]:
    """Seconds of each call on the large input, after all have compiled, interleaved; and what went wrong."""
    ways = {NUMPY: load(kernel), **{name: decorator(name)(load(kernel)) for name in implementations}}
    errors: dict[str, str] = {}
    wanted_args = kernel.make(kernel.size)
    wanted = load(kernel)(*wanted_args)
    for name, function in list(ways.items()):
        args = kernel.make(kernel.size)
        try:
            wrong = difference(function(*args), args, wanted, wanted_args, 0.0 if name == JITNEY else 1e-9)
        except Exception as error:  # Numba has its own, and not all of NumPy
            wrong = f"{type(error).__name__}: {error}".splitlines()[0]
            del ways[name]
        if wrong:
            errors[name] = wrong
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(count):
        for name, function in ways.items():
            args = kernel.make(kernel.size)
            start = perf_counter()
            function(*args)
            times[name].append(perf_counter() - start)
    return {"rounds": times, "errors": errors}


def main() -> None:
    """Measure and print as `make bench` does."""
    decorators = [name for name in (JITNEY, NUMBA) if installed(name)]
    print(array_table([measure_arrays(kernel, decorators, FULL) for kernel in KERNELS]))


if __name__ == "__main__":
    main()
