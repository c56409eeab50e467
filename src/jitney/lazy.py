"""Modules of ours that are loaded when something of them is first needed.

Most first calls need a third of the compiler. What they do not need costs `import jitney` nothing:

    if TYPE_CHECKING:
        from . import split, unroll
    else:
        split, unroll = lazy("jitney.opt", "split", "unroll")

No fork comes in the middle of a load, which would leave the child an import that nobody finishes.
"""

from __future__ import annotations

import gc
import os
from _thread import RLock
from sys import modules

from .importing import begin, end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PATIENCE = 10.0

_can_freeze = hasattr(gc, "unfreeze")
_lock = RLock()
_held: list[RLock] = []


def _before_fork() -> None:
    lock = _lock
    # Not for ever: whoever loads may wait for what the forking thread holds.
    if lock.acquire(timeout=_PATIENCE):
        _held.append(lock)


def _after_fork() -> None:
    if _held:
        _held.pop().release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


def settle() -> None:
    """Move all objects to the garbage collector's oldest generation, unseen: looking through those that an import has
    made, none of them garbage, would take as long as a tenth of the import."""
    if _can_freeze and not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()


def load(name: str) -> Any:
    """The module of this full name."""
    module = modules.get(name)
    if module is None or getattr(module.__spec__, "_initializing", False):
        with _lock:
            begin()
            try:
                # Not by `importlib`, which would be imported for this alone.
                __import__(name)
            finally:
                end()
        module = modules[name]
        settle()
    return module


class _Lazy:
    """Stands for a module; what has been asked for once is an attribute."""

    def __init__(self, name: str) -> None:
        self._module_name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(load(self._module_name), name)
        setattr(self, name, value)
        return value


def lazy(package: str, *names: str) -> Any:
    """What stands for modules of a package until they are used: one, or a list of them."""
    found = [_Lazy(f"{package}.{name}") for name in names]
    return found if len(found) > 1 else found[0]
