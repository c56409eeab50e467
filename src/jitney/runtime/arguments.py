"""Which argument is which parameter: keywords and defaults.

That is told by machine code, the stub BIND, and for the first call by Python. Both give up wherever anything is
unusual. Then the plain function is called, which either knows better (a keyword that is equal to a parameter's name
without being the same string) or raises CPython's own TypeError.
"""

from __future__ import annotations

from ctypes import addressof

from ..pytypes import Constant, PyType, object_type
from .capi import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FunctionType
    from typing import Any


_MOST_CONSTANTS = 6


class Variety:
    """Functions, classes and texts as arguments: code is compiled for the first few that are given for a parameter,
    and for any object once there are more."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[int, set[PyType]] = {}

    def limited(self, types: list[PyType]) -> tuple[PyType, ...]:
        """The types that a call's arguments are compiled for."""
        out = list(types)
        for k, type in enumerate(types):
            if isinstance(type, Constant):
                seen = self._seen.setdefault(k, set())
                if type in seen or len(seen) < _MOST_CONSTANTS:
                    seen.add(type)
                else:
                    out[k] = object_type()
        return tuple(out)


class Binding:
    """A function's parameters, as the stub BIND reads them.

    Attributes:
        names: of all parameters but ``*args`` and ``**kwargs``, in order.
        address: of the words: number of parameters, of those that may be given by position, of the first that may
            be given by keyword; the function; the names.
    """

    __slots__ = ("_words", "address", "function", "names", "positional", "positional_only")

    def __init__(self, function: FunctionType) -> None:
        code = function.__code__
        self.function = function
        self.positional = code.co_argcount
        self.positional_only = code.co_posonlyargcount
        self.names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        rows = [len(self.names), self.positional, self.positional_only, id(function), *map(id, self.names)]
        _, self._words = words(rows)
        self.address = addressof(self._words)

    def arrange(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
        """The arguments of a call in the order of the parameters, defaults filled in; None if the call is wrong."""
        if len(args) > self.positional:
            return None
        values = dict(zip(self.names, args))
        for name, value in kwargs.items():
            if name in values or name not in self.names[self.positional_only :]:
                return None
            values[name] = value
        defaults = self.function.__defaults__ or ()
        optional = self.names[self.positional - len(defaults) : self.positional]
        for name, value in (*zip(optional, defaults), *(self.function.__kwdefaults__ or {}).items()):
            values.setdefault(name, value)
        if any(name not in values for name in self.names):
            return None
        return tuple([values[name] for name in self.names])
