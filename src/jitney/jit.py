"""The decorator `jit`, and what it returns."""

from __future__ import annotations

from sys import modules
from types import FunctionType

from . import pipeline
from .dispatcher import Dispatcher, compile_lock, dispatcher_of, expect_recursion, warn
from .errors import UnsupportedError
from .lazy import load
from .runtime import guards, pieces, stubs
from .runtime.callable import Callable, function_of, function_type, new
from .runtime.layouts import LAYOUT, arrays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import report
    from .pytypes import PyType
    from .runtime.specialization import Specialization

OPTIONS = ("strict", "fastmath", "nogil", "parallel", "cache")
NUMBA_OPTIONS = frozenset((
    "nopython", "forceobj", "inline", "error_model", "boundscheck", "locals", "debug", "looplift", "forceinline",
    "no_cpython_wrapper", "no_cfunc_wrapper", "no_rewrites",
))  # fmt: skip
"""Accepted, without effect: none of them could change what the plain function does."""
_LIBERTIES = frozenset(("reassoc", "contract"))
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200


class JitFunction(Callable):
    """A compiled function. It behaves as the Python function it was made from.

    Attributes:
        __wrapped__: that function.
    """

    __slots__ = ()

    @property
    def py_func(self) -> FunctionType:
        """The Python function it was made from."""
        return function_of(self)

    @property
    def specializations(self) -> tuple[Specialization, ...]:
        """What became of the argument types seen so far: types, seconds per stage, code size, bailouts, and why
        CPython runs a call where it does."""
        return tuple(dispatcher_of(self).records.values())

    def explain(self, *types: PyType) -> report.Explanation:
        """Source, IR and machine code side by side, of the last specialisation or of the one for the given types.

        What is shown is compiled anew, by the same steps.
        """
        return dispatcher_of(self).explain(types)


_kinds: list[type[JitFunction]] = []


def _kind() -> type[JitFunction]:
    """The type of jitted functions."""
    if not _kinds:
        with compile_lock():
            if not _kinds:
                made: Any = function_type(JitFunction, entry=stubs.slow_region())
                # What most first calls need is ready before them.
                pipeline.poll_thunk()
                guards.prepare()
                pieces.prepare()
                arrays()
                _kinds.append(made)
    return _kinds[0]


_ARRAYS = ("frontend.arrays", "frontend.views", "frontend.operators.numpy_scalars", "frontend.operators.storing")


def prepare() -> None:
    """Have ready what the first decoration needs; it will try again, and tell, where that is not possible. And what
    the first call will need, where the program uses NumPy."""
    if "numpy" in modules:
        for name in _ARRAYS:
            load(f"{__package__}.{name}")
    if LAYOUT.supported:
        try:
            _kind()
        except (OSError, MemoryError):
            pass


_unsupported: list[str] = []


def jit(function: Any = None, /, **options: Any) -> Any:
    """Compile a function when it is called: ``@jit``, or ``@jit(option=value, ...)``.

    It is compiled for the types of the arguments it is called with. What cannot be compiled runs in CPython, and a
    FallbackWarning tells; nothing else differs from the plain function but speed.

    Args:
        strict: raise UnsupportedError instead of the warning.
        fastmath: let floating-point sums be reordered, products and sums be rounded once, mathematical functions
            be computed in vectors within documented bounds. A set of Numba's (LLVM's) flags counts as True where
            "fast", or "reassoc" and "contract", are in it.
        parallel: let threads share the iterations of `prange` loops.
        nogil: let other Python threads run while compiled code does.
        cache: accepted; without effect so far.

    Signatures, ``@jit("f8(f8[:])")``, and Numba's other options (NUMBA_OPTIONS) are accepted and have no effect: types
    are those of the arguments, and answers those of the plain function.

    Raises:
        TypeError: an unknown option, or not a function.
    """
    for name in options:
        if name not in OPTIONS and name not in NUMBA_OPTIONS:
            raise TypeError(f"jit() got an unexpected option {name!r} (it knows {', '.join(OPTIONS)})")
    flags = options.get("fastmath")
    if isinstance(flags, (set, frozenset, list, tuple)):
        options["fastmath"] = "fast" in flags or _LIBERTIES.issubset(flags)
    if function is None or _is_signature(function):
        return lambda decorated: _decorate(decorated, options)
    return _decorate(function, options)


def _is_signature(value: Any) -> bool:
    """Whether it is what Numba takes for a signature: text, an object of Numba's own, a row of these."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_signature, value))
    return isinstance(value, str) or type(value).__module__.startswith("numba.core.typ")


def _decorate(function: Any, options: dict[str, Any]) -> Any:
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(_decorate(function.__func__, options))
    if isinstance(function, JitFunction):
        function = function_of(function)
    if not isinstance(function, FunctionType):
        if not callable(function):
            raise TypeError(f"jit() takes a function, not {type(function).__name__} {function!r}")
        return _undecorated(function, "only functions written in Python can be compiled", options)
    flags = function.__code__.co_flags
    if flags & (_COROUTINE | _ASYNC_GENERATOR):
        return _undecorated(function, "an `async` function is not supported", options)
    if flags & _GENERATOR:
        return _undecorated(function, "a generator is not supported", options)
    if not LAYOUT.supported:
        # Of every function the same could be said: say it of the first.
        told = bool(_unsupported)
        _unsupported.append(LAYOUT.reason)
        return function if told and not options.get("strict") else _undecorated(function, LAYOUT.reason, options)
    if function.__name__ in function.__code__.co_names:
        # Probably recursive.
        expect_recursion()
    dispatcher = Dispatcher(function, options)
    jitted = new(_kind(), function, dispatcher.slow)
    dispatcher.bind(jitted)
    return jitted


def _undecorated(function: Any, reason: str, options: dict[str, Any]) -> Any:
    """The function itself: as a jitted function it would not pass for what it is."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", None) or repr(function)
    place = (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)
    error = UnsupportedError(f"{name} runs in CPython: {reason}", *place)
    if options.get("strict"):
        raise error
    warn(error)
    return function
