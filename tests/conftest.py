"""Shared by all tests: FallbackWarning is an error unless a test expects it, since a silent fallback to CPython would
make every comparison with CPython pass."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator

import pytest

from jitney.errors import FallbackWarning

# The IR verifier between all passes and the register-allocation checker on every function compiled.
os.environ.setdefault("JITNEY_CHECK", "1")
# First calls are compiled with all passes: tests/test_jit_tiers.py and every other batch of the fuzzer test the rest.
os.environ.setdefault("JITNEY_TIERS", "0")


@pytest.fixture(autouse=True)
def fallback_is_an_error() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", FallbackWarning)
        yield
