"""jitney: a JIT compiler for Python, written in pure Python.

    from jitney import jit

    @jit
    def dot(a, b):
        total = 0.0
        for i in range(len(a)):
            total += a[i] * b[i]
        return total

Adding ``@jit`` never changes what a program does, only how fast it does it.
"""

from __future__ import annotations

from .errors import FallbackWarning, UnsupportedError
from .jit import jit

__all__ = ["jit", "FallbackWarning", "UnsupportedError", "__version__"]
__version__ = "0.1.0"
