"""Names that are not local: globals, builtins, closure cells, attributes of modules; and the guards on them.

What a name means is decided when compiling and checked at every call (`runtime/guards.py`): the object found must
still be there. Numbers become constants; arrays, and numbers that have changed before, become hidden arguments, read
when the function is entered.
"""

from __future__ import annotations

import sys
from types import ModuleType

from ..ir.types import PTR
from ..lazy import lazy
from ..pytypes import PyType
from .state import Lowering, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType
    from typing import Any

    from . import objects
else:
    objects = lazy("jitney.frontend", "objects")

_NUMBERS = (int, float, complex)


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


class Tracked:
    """A global or a cell that holds a number or an array, in a function that calls what may give it another.

    Attributes:
        container, key: where it stands. name: as the source calls it. type: of what it held when compiling.
        tag: its name in the environment.
    """

    __slots__ = ("container", "key", "name", "tag", "type")

    def __init__(self, container: Any, key: str | None, name: str, type: PyType | None) -> None:
        self.container = container
        self.key = key
        self.name = name
        self.type = type
        self.tag = f".{name} of {id(container)}"

    def read(self, lw: Lowering) -> Val:
        """Its value at this moment; the function is left if that is of another type than when compiling."""
        place, null = lw.keep(self.container), lw.b.const(PTR, 0)
        if self.key is None:
            object = objects.api(lw, "PyCell_Get", place)
        else:
            object = objects.api(lw, "PyDict_GetItemWithError", place, lw.keep(sys.intern(self.key)))
        lw.check(lw.b.emit("ne", object, null), "raise", (NameError, (f"name {self.name!r} is not defined",)))
        if self.key is not None:
            objects.effect(lw, "Py_IncRef", object)
        value = objects.received(lw, object)
        return objects.unbox(lw, value, self.type, repr(self.name)) if self.type is not None else value


class Fixed:
    """What the first walk over a function finds of names that hold data, and whether it calls what may change them.

    Attributes:
        looked_up: how often they were looked up again so far.
    """

    __slots__ = ("looked_up", "ran_python", "values")

    def __init__(self) -> None:
        self.values: dict[tuple[int, str | None], Tracked] = {}
        self.ran_python = False
        self.looked_up = 0


def _is_data(found: Any) -> bool:
    """Whether it is a number or an array, which names often get others of."""
    numpy = sys.modules.get("numpy")
    return isinstance(found, _NUMBERS) or (numpy is not None and isinstance(found, (numpy.ndarray, numpy.generic)))


class Names:
    """Non-local names of one function.

    Attributes:
        function: the plain Python function.
        local: names of its parameters and local variables.
        guards, hidden: what has been relied upon so far, each once.
        fixed: names of data that were taken to stay as they are from entry on.
        live: names of data that are looked up again after each call that may run Python code.
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
        self.fixed = Fixed()
        self.live: dict[tuple[int, str | None], Tracked] = {}
        self._seen: set[tuple[int, str | None]] = set()
        self._values: dict[tuple[int, str | None], Val] = {}

    def of(self, function: FunctionType, volatile: frozenset[str]) -> Names:
        """The names of an inlined function: what it relies on, its caller relies on."""
        inner = Names(function, volatile, self.type_of)
        inner.guards, inner.hidden, inner._seen, inner._values = self.guards, self.hidden, self._seen, self._values
        inner.fixed, inner.live = self.fixed, self.live
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
            # Modules such as `np.random` are imported when they are first asked for, and are there from then on.
            found = namespace.get(name, _MISSING)
        if found is _MISSING:
            lw.unsupported(f"{module.__name__}.{name} is made on demand by the module", node)
        return self._value(lw, namespace, name, name, found)

    def changing(self, reliance: Guard | Hidden) -> bool:
        """Whether a name of data that a callee relies on may have another value by now than on entry."""
        return (id(reliance.container), reliance.name) in self.live

    def require(self, guard: Guard) -> None:
        """A callee relies on this."""
        if _is_data(guard.value):
            tracked = Tracked(guard.container, guard.name, str(guard.name), self.type_of(guard.value))
            self.fixed.values.setdefault((id(guard.container), guard.name), tracked)
        self._guard(guard.container, guard.name, guard.value)

    def adopt(self, lw: Lowering, hidden: Hidden) -> Val:
        """A callee's hidden argument, to be handed on."""
        found = hidden.container.cell_contents if hidden.name is None else hidden.container[hidden.name]
        tracked = Tracked(hidden.container, hidden.name, str(hidden.name), hidden.type)
        self.fixed.values.setdefault((id(hidden.container), hidden.name), tracked)
        return self._hidden(lw, hidden.container, hidden.name, str(hidden.name), found)

    def _guard(self, container: Any, name: str | None, value: Any) -> None:
        key = (id(container), name)
        if key not in self._seen:
            self._seen.add(key)
            self.guards.append(Guard(container, name, value))

    def _value(self, lw: Lowering, container: Any, key: str | None, name: str, found: Any) -> Val:
        numpy = sys.modules.get("numpy")
        is_array = numpy is not None and isinstance(found, (numpy.ndarray, numpy.void))
        if _is_data(found):
            tracked = self.live.get((id(container), key))
            if tracked is not None and tracked.tag in lw.env:
                return lw.env[tracked.tag]
            self.fixed.values.setdefault((id(container), key), Tracked(container, key, name, self.type_of(found)))
        if is_array or (name in self.volatile and isinstance(found, (int, float))):
            return self._hidden(lw, container, key, name, found)
        self._guard(container, key, found)
        return lw.constant(found)

    def track(self, lw: Lowering, names: dict[tuple[int, str | None], Tracked]) -> None:
        """Keep these up to date from here, the function's start, on: as hidden variables."""
        for name in names.values():
            found = name.container.cell_contents if name.key is None else name.container[name.key]
            lw.env[name.tag] = self._value(lw, name.container, name.key, name.name, found)
        lw.hidden += tuple([name.tag for name in names.values()])
        self.live = names

    def refresh(self, lw: Lowering) -> None:
        """Look up again what is tracked: after a call that may have given it another value."""
        self.fixed.looked_up += 1
        for name in self.live.values():
            lw.env[name.tag] = lw.own.bind(name.tag, name.read(lw))

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
