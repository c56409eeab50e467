"""Accesses with a stride, plain against jitted, in arrays that end, or begin, where no memory is."""

from __future__ import annotations

import ctypes
import mmap
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.opt.test_vector_strided import KERNELS, TYPES, arrays
from tests.opt.vectors import function_of
from tests.support import bits, outcome

_PAGE = mmap.PAGESIZE


class Fenced:
    """Memory between pages that must not be touched."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 3 * _PAGE)
        self.at = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        self.protect(0)

    def protect(self, how: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        for page in (0, 2):
            assert libc.mprotect(ctypes.c_void_p(self.at + page * _PAGE), ctypes.c_size_t(_PAGE), how) == 0

    def copy(self, values: np.ndarray[Any, Any], last: bool) -> np.ndarray[Any, Any]:
        """An array at the end, or the beginning."""
        start = 2 * _PAGE - values.nbytes if last else _PAGE
        made = np.frombuffer(self.memory, values.dtype, values.size, start).reshape(values.shape)
        made[...] = values
        return made


@pytest.mark.parametrize("name", KERNELS)
def test_same_as_plain(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITNEY_TIERS", "0")
    shape, _, body = KERNELS[name]
    function = function_of("def f(a, b, c):\n " + body.replace("\n", "\n "), tmp_path)
    jitted = jit(function)
    fences = [Fenced() for _ in "abc"]
    for number, dtype in enumerate(TYPES):
        if (number + len(name)) % 2:
            continue
        for n in (37 + number, 102):
            seed = n + number
            left, right = arrays(shape, dtype, n, seed), arrays(shape, dtype, n, seed)
            fenced = [f.copy(x, bool(seed % 2)) for f, x in zip(fences, right)]
            if left[0] is left[1]:
                fenced[1] = fenced[0]
            elif np.shares_memory(left[0], left[2]):
                fenced = right
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                plain, got = outcome(function, left), outcome(jitted, fenced)
            assert got == plain, (dtype, n)
            assert [bits(x) for x in left] == [bits(x) for x in fenced], (dtype, n)
