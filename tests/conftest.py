"""Shared by all tests: FallbackWarning is an error unless a test expects it, since a silent fallback to CPython would
make every comparison with CPython pass."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from jitney import pipeline
from jitney.errors import FallbackWarning
from tests.levels import checked

# Machines are slow at times: that is no failure.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

# The IR verifier between all passes and the register-allocation checker on every function compiled.
os.environ.setdefault("JITNEY_CHECK", "1")
# First calls are compiled with all passes: tests/test_jit_tiers.py and every other batch of the fuzzer test the rest.
os.environ.setdefault("JITNEY_TIERS", "0")
os.environ.setdefault("JITNEY_VECTOR_BITS", "512")  # where the CPU has them: not what was measured

if "JITNEY_CPU" in os.environ:
    pipeline.generate = checked

# A shell starts what runs in the background with Ctrl-C ignored: then nothing can interrupt the tests' endless loops.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What behaves alike on every Python: encodings against tables and decoders, IR and passes against the interpreter and
# proofs, machine code against the interpreter, the reading of sources and reports. All else meets CPython or NumPy.
ANY_PYTHON = (
    "asm/test_assembler.py", "asm/test_compiled.py", "asm/test_forms.py", "asm/test_text.py", "codegen/", "ir/", "opt/",
    "test_bench_report.py", "test_layers.py",
)  # fmt: skip
HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests as `any_python`, all but the first of each test function: `make test-others` runs just those first."""
    seen = set()
    for item in items:
        function = item.nodeid.partition("[")[0]
        if item.path.relative_to(HERE).as_posix().startswith(ANY_PYTHON) and function in seen:
            item.add_marker("any_python")
        seen.add(function)


@pytest.fixture(autouse=True)
def fallback_is_an_error() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", FallbackWarning)
        yield
