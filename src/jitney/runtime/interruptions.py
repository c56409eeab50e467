"""Exceptions that come in the middle of our work, but are the program's own: a signal handler's, another thread's, or
those of a stack that was nearly used up before."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OUR = __name__.partition(".")[0]
_NUMBER_OF_SIGNALS = 65


def is_interruption(error: BaseException) -> bool:
    """Whether a signal handler has raised it, or `PyThreadState_SetAsyncExc` has put it where nothing of ours does.

    The latter is told by a class that is neither Python's, NumPy's nor ours, in a frame of ours.
    """
    handlers = _handlers()
    traceback = error.__traceback__
    namespace: dict[str, Any] = {}
    while traceback is not None:
        code, namespace = traceback.tb_frame.f_code, traceback.tb_frame.f_globals
        if (code.co_filename, code.co_name) in handlers:
            return True
        traceback = traceback.tb_next
    root = type(error).__module__.partition(".")[0]
    known = root in (_OUR, "numpy") or root in sys.stdlib_module_names
    return not known and str(namespace.get("__name__")).partition(".")[0] == _OUR


def is_shallow() -> bool:
    """Whether most of the interpreter's stack is left, so that running out of it was the function's doing."""
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth < sys.getrecursionlimit() // 2


def _handlers() -> set[tuple[str, str]]:
    """File and name of the code of each signal handler."""
    signals: Any = sys.modules.get("_signal")
    found: set[tuple[str, str]] = set()
    for number in range(1, _NUMBER_OF_SIGNALS) if signals is not None else ():
        try:
            handler = signals.getsignal(number)
        except ValueError:
            continue
        while hasattr(handler, "func"):  # of a partial
            handler = handler.func
        handler = getattr(handler, "__func__", handler)
        if not hasattr(handler, "__code__"):
            handler = vars(type(handler)).get("__call__")
        code = getattr(handler, "__code__", None)
        if code is not None:
            found.add((code.co_filename, code.co_name))
    return found
