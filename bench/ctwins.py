"""The C twins: kernels.c built once for this machine and bound through ctypes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.registry import FOLDER, Args, Kernel

COMMAND = ("gcc", "-O3", "-march=native", "-shared", "-fPIC")


def build(folder: Path) -> Path | None:
    """Compile kernels.c into `folder` and return the library; None where there is no gcc."""
    if shutil.which(COMMAND[0]) is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "kernels.so"
    subprocess.run([*COMMAND, "-o", str(library), str(FOLDER / "kernels.c"), "-lm"], check=True)
    return library


def open_library(library: Path) -> ctypes.CDLL:
    return ctypes.CDLL(str(library))


def bind(library: ctypes.CDLL, kernel: Kernel, args: Args, result: object) -> Callable[[], Any]:
    """A call of the kernel's twin on `args`, all converted beforehand: what remains is one ctypes call
    (under a microsecond, against kernels of a millisecond). `result` is what the Python function returned and
    gives the return type."""
    function = library[kernel.function]
    function.restype = (
        None if result is None else ctypes.c_double if isinstance(result, (float, np.floating)) else ctypes.c_int64
    )
    converted: list[Any] = []
    for value in args:
        if isinstance(value, np.ndarray):
            assert value.flags.c_contiguous
            converted.append(ctypes.c_void_p(value.ctypes.data))
            converted.extend(ctypes.c_int64(n) for n in value.shape)
        elif isinstance(value, float):
            converted.append(ctypes.c_double(value))
        else:
            converted.append(ctypes.c_int64(value))
    # The default keeps the arrays alive: C holds bare addresses.
    return lambda _owners=args: function(*converted)
