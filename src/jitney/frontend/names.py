"""Names that are not local: globals, builtins, closure cells, attributes of modules; and the guards on them.

What a name means is decided when compiling and checked at every call (`runtime/guards.py`): the object found must
still be there. Numbers become constants; arrays, and numbers that have changed before, become hidden arguments, read
when the function is entered.
"""

from __future__ import annotations

import sys
from types import ModuleType

from ..pytypes import PyType
from .state import Lowering, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType
    from typing import Any


class Absent:
    """The type of ABSENT."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()
_MISSING = object()


class Guard:
    """`container[name]` (a dict's item, or a cell's content where `name` is None) must be `value`, or ABSENT."""

    __slots__ = ("container", "name", "value")

    def __init__(self, container: Any, name: str | None, value: Any) -> None:
        self.container = container
        self.name = name
        self.value = value

    def __repr__(self) -> str:
        return f"Guard({self.name!r} is {self.value!r})"


class Hidden:
    """`container[name]` is read at entry as a further argument of the given type."""

    __slots__ = ("container", "name", "type")

    def __init__(self, container: Any, name: str | None, type: PyType) -> None:
        self.container = container
        self.name = name
        self.type = type


class Names:
    """Non-local names of one function.

    Attributes:
        function: the plain Python function.
        local: names of its parameters and local variables.
        guards, hidden: what has been relied upon so far, each once.
    """

    def __init__(
        self, function: FunctionType, volatile: frozenset[str], type_of: Callable[[Any], PyType | None]
    ) -> None:
        code = function.__code__
        self.function = function
        self.local = frozenset(code.co_varnames) | frozenset(code.co_cellvars)
        self.cells = dict(zip(code.co_freevars, function.__closure__ or ()))
        self.volatile = volatile
        self.type_of = type_of
        self.guards: list[Guard] = []
        self.hidden: list[Hidden] = []
        self._seen: set[tuple[int, str | None]] = set()
        self._values: dict[tuple[int, str | None], Val] = {}

    def of(self, function: FunctionType, volatile: frozenset[str]) -> Names:
        """The names of an inlined function: what it relies on, its caller relies on."""
        inner = Names(function, volatile, self.type_of)
        inner.guards, inner.hidden, inner._seen, inner._values = self.guards, self.hidden, self._seen, self._values
        return inner

    def lookup(self, lw: Lowering, name: str, node: Any) -> Val:
        """The value of a global, builtin or closure name."""
        if name in self.cells:
            cell = self.cells[name]
            try:
                content = cell.cell_contents
            except ValueError:
                where = "where it is not associated with a value in enclosing scope"
                message = f"cannot access free variable {name!r} {where}"
                lw.fail_with(NameError, message)
            return self._value(lw, cell, None, name, content)
        namespace = self.function.__globals__
        found = namespace.get(name, _MISSING)
        if found is not _MISSING:
            return self._value(lw, namespace, name, name, found)
        builtins: dict[str, Any] = getattr(self.function, "__builtins__", {})
        found = builtins.get(name, _MISSING)
        self._guard(namespace, name, ABSENT)
        if found is _MISSING:
            lw.fail_with(NameError, f"name {name!r} is not defined")
        self._guard(builtins, name, found)
        return lw.constant(found)

    def attribute(self, lw: Lowering, module: ModuleType, name: str, node: Any) -> Val:
        """An attribute of a module."""
        namespace = vars(module)
        found = namespace.get(name, _MISSING)
        if found is _MISSING:
            if not hasattr(module, name):
                lw.fail_with(AttributeError, f"module {module.__name__!r} has no attribute {name!r}")
            lw.unsupported(f"{module.__name__}.{name} is made on demand by the module", node)
        return self._value(lw, namespace, name, name, found)

    def require(self, guard: Guard) -> None:
        """A callee relies on this."""
        self._guard(guard.container, guard.name, guard.value)

    def adopt(self, lw: Lowering, hidden: Hidden) -> Val:
        """A callee's hidden argument, to be handed on."""
        found = hidden.container.cell_contents if hidden.name is None else hidden.container[hidden.name]
        return self._hidden(lw, hidden.container, hidden.name, str(hidden.name), found)

    def _guard(self, container: Any, name: str | None, value: Any) -> None:
        key = (id(container), name)
        if key not in self._seen:
            self._seen.add(key)
            self.guards.append(Guard(container, name, value))

    def _value(self, lw: Lowering, container: Any, key: str | None, name: str, found: Any) -> Val:
        numpy = sys.modules.get("numpy")
        is_array = numpy is not None and isinstance(found, numpy.ndarray)
        if is_array or (name in self.volatile and isinstance(found, (int, float))):
            return self._hidden(lw, container, key, name, found)
        self._guard(container, key, found)
        return lw.constant(found)

    def _hidden(self, lw: Lowering, container: Any, key: str | None, name: str, found: Any) -> Val:
        known = self._values.get((id(container), key))
        if known is not None:
            return known
        type = self.type_of(found)
        if type is None:
            lw.unsupported(f"the type of {name!r} is not supported")
        value = lw.parameter(type)
        self._values[(id(container), key)] = value
        self.hidden.append(Hidden(container, key, type))
        return value
