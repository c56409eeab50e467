"""The table of kernels: one row says what is called, with which helpers, on which data.

`make(size)` builds the arguments anew; a row's `size` is for timing (about a millisecond of machine code), `tiny` for
first calls and for comparing against CPython. Every kernel has a C twin of the name of its entry in kernels.c.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

Function = Callable[..., Any]
Args = tuple[Any, ...]

FOLDER = Path(__file__).parent / "kernels"


@dataclass(frozen=True)
class Kernel:
    name: str
    entry: str  # "family.function"
    make: Callable[[int], Args]
    size: int
    tiny: int
    helpers: tuple[str, ...] = ()  # functions of the same module the entry calls; decorated too
    # What one run must do at least, by size: bytes read and written, for kernels that memory bounds; floating-point
    # operations, for those that arithmetic bounds.
    traffic: Callable[[int], float] | None = None
    flops: Callable[[int], float] | None = None
    # Where each step waits for the one before: the instruction, and how many of them by size.
    chain: tuple[str, Callable[[int], float]] | None = None
    # Has floating-point arithmetic that `fastmath` may change.
    floats: bool = False

    @property
    def family(self) -> str:
        return self.entry.partition(".")[0]

    @property
    def function(self) -> str:
        return self.entry.partition(".")[2]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.family}.py"


_copies = count()


def fresh_module(kernel: Kernel) -> ModuleType:
    """The kernel's module, executed anew: decorating its functions touches no other copy."""
    name = f"bench.kernels.{kernel.family}__{next(_copies)}"
    spec = importlib.util.spec_from_file_location(name, kernel.path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def decorate(kernel: Kernel, module: ModuleType, decorator: Callable[[Function], Function]) -> Function:
    """Decorate the kernel's functions where they stand and return the entry."""
    for name in (*kernel.helpers, kernel.function):
        setattr(module, name, decorator(getattr(module, name)))
    entry: Function = getattr(module, kernel.function)
    return entry


def load(kernel: Kernel, decorator: Callable[[Function], Function] = lambda f: f) -> Function:
    """The entry of a kernel in a module of its own, its functions decorated (by default: plain Python)."""
    return decorate(kernel, fresh_module(kernel), decorator)


def _rng(size: int) -> np.random.Generator:
    return np.random.default_rng(size)


def _floats(size: int) -> np.ndarray:
    return _rng(size).random(size)


def _matrix(rows: int, cols: int) -> np.ndarray:
    return _rng(rows * cols).random((rows, cols))


def _knapsack(size: int) -> Args:
    rng = _rng(size)
    return rng.integers(1, 60, size), rng.integers(1, 500, size), np.zeros(10 * size + 1, np.int64)


def _options(size: int) -> Args:
    rng = _rng(size)
    spot, strike = rng.uniform(10, 100, size), rng.uniform(10, 100, size)
    return spot, strike, rng.uniform(0.1, 3, size), 0.02, 0.3, np.zeros(size), np.zeros(size)


def _bodies(steps: int) -> Args:
    rng = _rng(5)
    return (rng.normal(size=(5, 3)) * 10, rng.normal(size=(5, 3)), rng.random(5) + 0.1,
            np.zeros((5, 3)), np.zeros((5, 3)), steps, 0.001)


def _dominant(size: int) -> np.ndarray:
    return _matrix(size, size) + size * np.eye(size)


def _words(size: int) -> Args:
    rng = _rng(size)
    a, b = (rng.integers(97, 101, n).astype(np.uint8) for n in (size, size + 3))
    return a, b, np.zeros(len(b) + 1, np.int64), np.zeros(len(b) + 1, np.int64)


def _source(size: int) -> Args:
    text = (FOLDER / "sequences.py").read_bytes()
    data = np.frombuffer((text * (size // len(text) + 1))[:size], np.uint8).copy()
    return data, np.zeros(size, np.int32), np.zeros(size, np.uint8)


KERNELS: tuple[Kernel, ...] = (
    Kernel("fib", "integers.fib", lambda n: (n,), 24, 10),
    Kernel("collatz", "integers.collatz", lambda n: (n,), 5000, 60),
    Kernel("gcd", "integers.coprime_pairs", lambda n: (n,), 250, 12, ("gcd",)),
    Kernel("count primes", "integers.count_primes", lambda n: (n,), 20000, 100, ("is_prime",)),
    Kernel("sieve", "integers.sieve", lambda n: (np.zeros(n, np.uint8),), 300_000, 100),
    Kernel("modular power", "integers.fermat_liars", lambda n: (n,), 8911, 91, ("pow_mod",)),
    Kernel("knapsack", "integers.knapsack", _knapsack, 250, 8),
    Kernel("helper chain", "integers.helper_chain", lambda n: (n,), 200_000, 50, ("clamp", "mix", "step")),
    Kernel("mandelbrot", "floats.mandelbrot", lambda n: (np.zeros((n, n), np.int32), 100), 64, 6, floats=True),
    Kernel("horner", "floats.horner", lambda n: (_floats(16), _floats(n), np.zeros(n)), 40_000, 10,
           flops=lambda n: 32.0 * n, floats=True),
    Kernel("black-scholes", "floats.black_scholes", _options, 20_000, 10, ("normal_cdf",), floats=True),
    Kernel("trapezoid", "floats.trapezoid", lambda n: (0.0, 1.0, n), 300_000, 50, flops=lambda n: 6.0 * n,
           floats=True),
    Kernel("LCG Monte Carlo", "floats.monte_carlo_pi", lambda n: (n, 12345), 200_000, 50),
    Kernel("rk4", "floats.rk4", lambda n: (n, 0.001), 20_000, 10, ("pendulum",), floats=True),
    Kernel("newton roots", "floats.newton_roots", lambda n: (_floats(n) + 0.5, np.zeros(n)), 20_000, 10, floats=True),
    Kernel("nbody", "floats.nbody", _bodies, 5000, 4, floats=True),
    Kernel("sum float", "vectors.sum_float", lambda n: (_floats(n),), 1_000_000, 50, traffic=lambda n: 8.0 * n,
           chain=("vaddsd", lambda n: n), floats=True),
    Kernel("sum int", "vectors.sum_int", lambda n: (_rng(n).integers(-1000, 1000, n),), 1_000_000, 50,
           traffic=lambda n: 8.0 * n),
    Kernel("dot", "vectors.dot", lambda n: (_floats(n), _floats(n) - 0.5), 1_000_000, 50,
           traffic=lambda n: 16.0 * n, chain=("vaddsd", lambda n: n), floats=True),
    Kernel("saxpy", "vectors.saxpy", lambda n: (1.5, _floats(n), _floats(n), np.zeros(n)), 100_000, 50,
           traffic=lambda n: 24.0 * n, floats=True),
    Kernel("argmax", "vectors.argmax", lambda n: (_floats(n),), 1_000_000, 50),
    Kernel("prefix sum", "vectors.prefix_sum",
           lambda n: (_rng(n).integers(-9, 9, n), np.zeros(n, np.int64)), 500_000, 50, traffic=lambda n: 16.0 * n,
           chain=("add", lambda n: n)),
    Kernel("moving average", "vectors.moving_average", lambda n: (_floats(n), 7, np.zeros(n - 6)), 200_000, 30,
           traffic=lambda n: 24.0 * n, chain=("vaddsd", lambda n: n), floats=True),
    Kernel("histogram", "vectors.histogram",
           lambda n: (_rng(n).normal(size=n), -3.0, 3.0, np.zeros(64, np.int64)), 300_000, 50),
    Kernel("variance", "vectors.variance", lambda n: (_floats(n),), 200_000, 30, floats=True),
    Kernel("matmul ijk", "matrices.matmul_ijk",
           lambda n: (_matrix(n, n), _matrix(n, n) - 0.5, np.zeros((n, n))), 100, 5, flops=lambda n: 2.0 * n**3,
           floats=True),
    Kernel("matmul ikj", "matrices.matmul_ikj",
           lambda n: (_matrix(n, n), _matrix(n, n) - 0.5, np.zeros((n, n))), 160, 5, flops=lambda n: 2.0 * n**3,
           floats=True),
    Kernel("LU", "matrices.lu", lambda n: (_dominant(n), np.zeros((n, n))), 128, 5,
           flops=lambda n: 2.0 / 3.0 * n**3, floats=True),
    Kernel("spectral norm", "matrices.spectral_norm", lambda n: (np.zeros(n), np.zeros(n), np.zeros(n), 2), 200, 6,
           ("a_element", "times", "times_transposed"), floats=True),
    Kernel("pairwise distance", "matrices.pairwise", lambda n: (_matrix(n, 3), np.zeros((n, n))), 400, 6,
           flops=lambda n: 10.0 * n * n, floats=True),
    Kernel("k-means assign", "matrices.kmeans_assign",
           lambda n: (_matrix(n, 4), _matrix(12, 4), np.zeros(n, np.int32)), 20_000, 8,
           flops=lambda n: 12 * 12.0 * n, floats=True),
    Kernel("Floyd-Warshall", "matrices.floyd_warshall", lambda n: (_matrix(n, n), np.zeros((n, n))), 128, 6,
           flops=lambda n: 2.0 * n**3, floats=True),
    Kernel("heat stencil", "grids.heat",
           lambda n: (_matrix(n, n), np.zeros((n, n)), np.zeros((n, n)), 10, 0.1), 200, 6,
           flops=lambda n: 70.0 * n * n, floats=True),
    Kernel("life", "grids.life",
           lambda n: (_rng(n).integers(0, 2, (n, n)).astype(np.uint8), np.zeros((n, n), np.uint8)), 400, 8),
    Kernel("convolution 2-d", "grids.convolve2d",
           lambda n: (_matrix(n, n), _matrix(5, 5), np.zeros((n - 4, n - 4))), 200, 8,
           flops=lambda n: 50.0 * (n - 4) ** 2, floats=True),
    Kernel("bilinear", "grids.bilinear", lambda n: (_matrix(64, 48), np.zeros((n, n))), 300, 8, floats=True),
    Kernel("insertion sort", "sequences.insertion_sort", lambda n: (_floats(n), np.zeros(n)), 2000, 20),
    Kernel("quicksort", "sequences.quicksort", lambda n: (_floats(n), np.zeros(n)), 30_000, 30, ("sort_between",)),
    Kernel("binary search", "sequences.binary_search",
           lambda n: (np.sort(_floats(n)), _floats(n)[::2].copy(), np.zeros((n + 1) // 2, np.int64)), 30_000, 30),
    Kernel("levenshtein", "sequences.levenshtein", _words, 800, 8),
    Kernel("crc32", "sequences.crc32",
           lambda n: (_rng(n).integers(0, 256, n).astype(np.uint8), np.zeros(256, np.uint32)), 500_000, 40),
    Kernel("tokenizer", "sequences.tokenizer", _source, 400_000, 400),
)
