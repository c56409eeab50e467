"""Code for less than this machine's processor has no instruction that such a processor lacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jitney.asm import assemble
from jitney.targets.x86_64.features import level
from tests.levels import lacking

LEVELS = ("x86-64", "x86-64-v2", "x86-64-v3")
HERE = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("add rax, [rsi]", "x86-64"), ("mulsd xmm0, xmm1", "x86-64"), ("pextrw eax, xmm1, 2", "x86-64"),
        ("popcnt rax, rsi", "x86-64-v2"), ("roundsd xmm0, xmm1, 3", "x86-64-v2"), ("pminsd xmm0, xmm1", "x86-64-v2"),
        ("shlx rax, rsi, rcx", "x86-64-v3"), ("vaddsd xmm0, xmm0, xmm1", "x86-64-v3"),
        ("vfmadd231sd xmm0, xmm1, xmm2", "x86-64-v3"), ("lzcnt rax, rsi", "x86-64-v3"),
        ("vpaddd zmm0, zmm1, zmm2", "x86-64-v4"),
    ],
)  # fmt: skip
def test_the_decoder_tells_the_level(text: str, first: str) -> None:
    assert [bool(lacking(assemble(text), level(name))) for name in LEVELS] == [name < first for name in LEVELS]


@pytest.mark.parametrize("cpu", LEVELS)
def test_code_for(cpu: str) -> None:
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider"]
    files = ("test_bench_kernels.py", "frontend/test_library_boxed.py", "language/test_numbers.py")
    tests = [*(f"tests/{name}" for name in files), "-k", "not difference"]
    done = subprocess.run(
        [*pytest_, *tests], env={**os.environ, "JITNEY_CPU": cpu}, cwd=HERE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:]
