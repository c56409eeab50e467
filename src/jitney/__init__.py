"""jitney: a JIT compiler for Python, written in pure Python."""

from __future__ import annotations

from .errors import FallbackWarning, UnsupportedError

__all__ = ["FallbackWarning", "UnsupportedError", "__version__"]
__version__ = "0.1.0"
