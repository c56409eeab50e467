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

import gc

from .importing import begin as _begin
from .importing import end as _end

# Importing makes many objects and no garbage: looking for it in between is a fifth of the time.
_collecting = gc.isenabled()
gc.disable()
_begin()
try:
    from .errors import FallbackWarning, UnsupportedError
    from .frontend.library.ranges import prange
    from .jit import jit, prepare
    from .lazy import settle
    from .parallel import get_num_threads, set_num_threads

    prepare()
    settle()
finally:
    _end()
    if _collecting:
        gc.enable()

__all__ = [
    "jit", "prange", "set_num_threads", "get_num_threads", "FallbackWarning", "UnsupportedError", "__version__",
]  # fmt: skip
__version__ = "0.1.0"
