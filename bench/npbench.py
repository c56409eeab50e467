"""`python -m bench.npbench FOLDER`: the kernels of NPBench, a public project, of which FOLDER is a checkout.

Each kernel runs in a process of its own, as four variants, interleaved: `numpy` (its NumPy source in CPython), `numba`
(its Numba source, where Numba is installed), `jitney` (the NumPy source, every function of it jitted) and `jitney-n`
(the Numba source with jitney in Numba's place). A variant is *whole* if no function of it fell back to CPython, *right*
if it gives the bits that its source gives in CPython, *close* if it differs by rounding only.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import jitney
from bench.implementations import NUMBA, installed

ROOT = Path(__file__).parent.parent
VARIANTS = ("numpy", "numba", "jitney", "jitney-n")
ROUNDS, BUDGET = 7, 3.0


def _jitney_as_numba(options: bool) -> types.ModuleType:
    """A module that stands for Numba; `options` hands its options on, else they are dropped."""
    module = types.ModuleType("numba")

    def decorator(function: Any = None, **given: Any) -> Any:
        kept = {k: v for k, v in given.items() if k in ("fastmath",)} if options else {}
        return jitney.jit(function, **kept) if callable(function) else jitney.jit(**kept)

    def plain(function: Any = None, **_: Any) -> Any:
        return function if callable(function) else lambda f: f

    module.jit = module.njit = decorator if options else plain  # type: ignore[attr-defined]
    module.prange = range  # type: ignore[attr-defined]
    return module


def _load(path: Path, folder: Path, stand_in: types.ModuleType | None = None) -> types.ModuleType:
    """The module in `path`, executed anew, with `stand_in` in the place of Numba."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get("numba")
    if stand_in is not None:
        sys.modules["numba"] = stand_in
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
        if stand_in is not None:
            sys.modules.pop("numba")
            if before is not None:
                sys.modules["numba"] = before
    return module


class Case:
    """One kernel with its data."""

    def __init__(self, folder: Path, name: str, preset: str) -> None:
        self.info = json.loads((folder / "bench_info" / f"{name}.json").read_text())["benchmark"]
        self.folder = folder
        self.place = folder / "npbench" / "benchmarks" / self.info["relative_path"]
        self.data = dict(self.info["parameters"][preset])
        init = self.info.get("init")
        if init:
            module = _load(self.place / f"{self.info['module_name']}.py", folder)
            made = getattr(module, init["func_name"])(*[self.data[a] for a in init["input_args"]])
            outputs = init["output_args"]
            self.data.update(zip(outputs, made if len(outputs) > 1 else (made,), strict=True))

    def arguments(self) -> list[Any]:
        return [copy.deepcopy(self.data[a]) for a in self.info["input_args"]]

    def source(self, suffix: str) -> Path:
        return self.place / f"{self.info['module_name']}_{suffix}.py"

    def function(self, variant: str) -> Callable[..., Any]:
        """The kernel as `variant` runs it; `numpy-n` is the Numba source in CPython, what `jitney-n` is compared to."""
        name = self.info["func_name"]
        if variant == "numba":
            return getattr(_load(self.source("numba_n"), self.folder), name)  # type: ignore[no-any-return]
        if variant in ("jitney-n", "numpy-n"):
            module = _load(self.source("numba_n"), self.folder, _jitney_as_numba(variant == "jitney-n"))
            return getattr(module, name)  # type: ignore[no-any-return]
        module = _load(self.source("numpy"), self.folder)
        if variant == "jitney":
            for key, value in list(vars(module).items()):
                if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                    setattr(module, key, jitney.jit(value))
        return getattr(module, name)  # type: ignore[no-any-return]


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [leaf for v in value for leaf in _leaves(v)]
    return [value]


def _agreement(got: list[Any], wanted: list[Any]) -> str:
    """"right", "close" or what differs."""
    verdict = "right"
    if len(got) != len(wanted):
        return "another number of results"
    for a, b in zip(got, wanted, strict=True):
        if a is None or b is None:
            if a is not b:
                return "None"
            continue
        x, y = np.asarray(a), np.asarray(b)
        if x.dtype == object or y.dtype == object:
            continue
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"{x.dtype}{x.shape} for {y.dtype}{y.shape}"
        if x.tobytes() != y.tobytes() and not np.array_equal(x, y, equal_nan=x.dtype.kind in "fc"):
            if not np.allclose(x, y, rtol=1e-6, atol=1e-9, equal_nan=True):
                return "wrong"
            verdict = "close"
    return verdict


def child(folder: Path, name: str, preset: str, variants: list[str]) -> dict[str, Any]:
    """Run one kernel, all variants."""
    case = Case(folder, name, preset)
    out: dict[str, Any] = {}
    wanted: dict[str, list[Any]] = {}
    for variant in ("numpy", "numpy-n"):
        args = case.arguments()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                result = case.function(variant)(*args)
                wanted[variant] = _leaves(result) + _leaves(args)
            except Exception as error:
                wanted[variant] = [repr(error)]
    runs: dict[str, Callable[..., Any]] = {}
    for variant in variants:
        entry: dict[str, Any] = {}
        out[variant] = entry
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                function = case.function(variant)
                args = case.arguments()
                start = perf_counter()
                result = function(*args)
                entry["first"] = perf_counter() - start
                args = case.arguments()
                result = function(*args)
            except Exception as error:
                entry["error"] = f"{type(error).__name__}: {error}"[:300]
                continue
        told = [str(w.message) for w in caught if issubclass(w.category, jitney.FallbackWarning)]
        entry["fallbacks"] = [t.splitlines()[0][:200] for t in told]
        source = "numpy-n" if variant in ("jitney-n", "numba") else "numpy"
        entry["answer"] = _agreement(_leaves(result) + _leaves(args), wanted[source])
        runs[variant] = function
    times: dict[str, list[float]] = {v: [] for v in runs}
    spent = dict.fromkeys(runs, 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(ROUNDS):
            for variant, function in runs.items():
                while spent[variant] < BUDGET:
                    args = case.arguments()
                    start = perf_counter()
                    function(*args)
                    times[variant].append(perf_counter() - start)
                    spent[variant] += times[variant][-1]
                    if times[variant][-1] > 0.001 or len(times[variant]) % 20 == 0:
                        break
    for variant, samples in times.items():
        out[variant]["warm"] = statistics.median(samples)
    return out


def _run(folder: Path, name: str, preset: str, variants: list[str], patience: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.npbench", str(folder), "--child", name, "--preset", preset]
    command += ["--variants", *variants]
    try:
        # Byte code may be kept: first calls are not to pay for compiling the compiler's own source.
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience, cwd=ROOT, env=env)
    except subprocess.TimeoutExpired:
        return {v: {"error": "no end"} for v in variants}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        return {v: {"error": f"process ended with {done.returncode}: {last}"[:300]} for v in variants}
    record: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return record


def _mean(ratios: list[float]) -> str:
    return f"{math.exp(statistics.fmean(map(math.log, ratios))):.2f} over {len(ratios)}" if ratios else "-"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.npbench", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--preset", default="S")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds a kernel may take in all")
    parser.add_argument("--variants", nargs="+", default=[v for v in VARIANTS if v != "numba" or installed(NUMBA)])
    parser.add_argument("--child", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.child:
        print(json.dumps(child(folder, options.child, options.preset, options.variants)))
        return
    names = sorted(p.stem for p in (folder / "bench_info").glob("*.json"))
    records: dict[str, Any] = {}
    for name in names:
        if options.only and not any(part in name for part in options.only):
            continue
        records[name] = record = _run(folder, name, options.preset, options.variants, options.patience)
        cells = []
        for variant in options.variants:
            r = record[variant]
            if "error" in r:
                cells.append(f"{variant}: {r['error']}")
                continue
            state = f" {r['answer']}{'' if not r['fallbacks'] else ', fell back'}" if variant != "numpy" else ""
            cells.append(f"{variant} {1e3 * r.get('warm', math.nan):.3f} ms (first {1e3 * r['first']:.0f}){state}")
        print(f"{name}: " + " | ".join(cells), flush=True)
        for variant in options.variants:
            for text in record[variant].get("fallbacks", []):
                print(f"    {variant}: {text}", flush=True)
    for variant in ("jitney", "jitney-n"):
        good = {n: r[variant] for n, r in records.items() if variant in r and "warm" in r[variant]}
        whole = [n for n, r in good.items() if not r["fallbacks"]]
        exact = [n for n, r in good.items() if r["answer"] == "right"]
        print(f"{variant}: {len(records)} kernels, {len(good)} ran, {len(whole)} whole, {len(exact)} right")
        for other in ("numpy", "numba"):
            beside = {n: r for n, r in good.items() if "warm" in records[n].get(other, {})}
            ratios = [records[n][other]["warm"] / r["warm"] for n, r in beside.items()]
            print(f"    speed against {other}, geometric mean: {_mean(ratios)}")


if __name__ == "__main__":
    main()
