"""Functions that call each other, lowered together.

A callee that is not compiled yet is lowered when a caller asks for it; all of them become machine code and are linked
in one go. Where functions call each other in a circle, one asks for another that is still being lowered: its result
type is then the one of the round before, unknown (a path that ends) in the first; rounds are repeated until the types
settle.

    is_even calls is_odd calls is_even      round 1: is_even: bool (its other path), is_odd: bool; round 2: the same
"""

from __future__ import annotations

from .errors import UnsupportedError
from .frontend.calls import CalleeInfo, fast
from .frontend.lower import lower
from .ir.function import Call, Symbol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FunctionType
    from typing import Any, Protocol

    from .frontend.calls import Hooks, Host
    from .frontend.lower import Lowered
    from .pytypes import PyType

    class GroupHooks(Protocol):
        """What a group asks of the dispatcher of each function; the first three pass through to the frontend."""

        volatile: frozenset[str]
        options: dict[str, Any]
        host: Host

        def type_of(self, value: Any) -> PyType | None: ...

        def plain(self, callee: Any) -> FunctionType | None: ...

        def finished(self, callee: Any, types: tuple[PyType, ...]) -> CalleeInfo | None:
            """The callee's specialisation for these types, if it is compiled already."""

        def of(self, callee: Any) -> GroupHooks:
            """The callee's own hooks."""


_MAX_ROUNDS = 6


class Unit:
    """One function of the group, for one tuple of argument types.

    Attributes:
        callee: the object that was called; None for the first unit.
        symbol: its address, for callers lowered before it.
        result, writes: as found so far.
        lowered: of the current round; None if the round has not asked for it.
        recursive: it, or what it calls, checks the stack.
    """

    __slots__ = (
        "__weakref__", "_open", "asked", "callee", "error", "function", "hooks", "lowered", "result", "symbol", "types",
        "writes",
    )  # fmt: skip

    def __init__(self, callee: Any, function: FunctionType, types: tuple[PyType, ...], hooks: GroupHooks) -> None:
        self.callee = callee
        self.function = function
        self.types = types
        self.hooks = hooks
        self.symbol = Symbol(function.__name__)
        self.result: PyType | None = None
        self.writes = False
        self.lowered: Lowered | None = None
        self.error: UnsupportedError | None = None
        self._open = False
        self.asked = False

    @property
    def recursive(self) -> bool:
        lowered = self.lowered
        return lowered is not None and (lowered.recursive or any(info.owner.recursive for info in lowered.callees))

    @property
    def reenters(self) -> bool:
        """It, or what it calls, runs Python code, which may call it again."""
        lowered = self.lowered
        return lowered is not None and (lowered.reenters or any(info.owner.reenters for info in lowered.callees))

    @property
    def owns(self) -> bool:
        """It, or what it calls, holds references."""
        lowered = self.lowered
        return lowered is not None and (lowered.owns or any(info.owner.owns for info in lowered.callees))


class _UnitHooks:
    """What the frontend asks while it lowers one unit."""

    def __init__(self, group: Group, unit: Unit) -> None:
        self.group = group
        self.own = unit.hooks
        self.volatile = unit.hooks.volatile
        self.options = unit.hooks.options
        self.type_of = unit.hooks.type_of
        self.plain = unit.hooks.plain
        self.host = unit.hooks.host

    def of(self, callee: Any) -> GroupHooks:
        return self.own.of(callee)

    def callee(self, callee: Any, types: tuple[PyType, ...]) -> CalleeInfo | None:
        return self.group.callee(self.own, callee, types)


class Group:
    """The functions to be compiled together with one.

    Attributes:
        units: callees before callers except in a circle. Of those lowered only what is called: a loop that is lowered
            again for other types calls others.
    """

    def __init__(
        self,
        function: FunctionType,
        types: tuple[PyType, ...],
        hooks: GroupHooks,
        leaves: Sequence[int | None] | None = None,
    ) -> None:
        """Args: leaves: of the function's arguments, as for `lower`."""
        self.first = Unit(None, function, types, hooks)
        self._leaves = leaves
        self._by_key: dict[Any, Unit] = {(function, types, fast(hooks)): self.first}
        self._circular = False
        self._changed = False
        self.units: list[Unit] = []

    def lower(self) -> list[Unit]:
        """Lower everything that is reached.

        Raises: UnsupportedError, of the first function; a callee that fails makes its caller's call unsupported.
        """
        for number in range(_MAX_ROUNDS):
            self._changed = False
            for unit in self._by_key.values():
                if number or self._circular or unit is self.first:
                    unit.lowered, unit.asked = None, False
            self._lower(self.first)
            if not self._changed:
                break
        else:
            raise UnsupportedError("the types that these functions return to each other do not settle")
        self.units = self._reached()
        if self._circular:
            self._share_guards()
        return self.units

    def lower_for_all(self) -> list[Unit]:
        """As `lower`, for code that serves other calls, too; what the first function calls is lowered already."""
        self._leaves = None
        return self.lower()

    def _reached(self) -> list[Unit]:
        """The first unit and what it calls, directly or not."""
        if len(self._by_key) == 1:
            return [self.first]
        by_symbol = {unit.symbol: unit for unit in self._by_key.values() if unit.lowered is not None}
        found: dict[Unit, None] = {}
        waiting: list[tuple[Unit, list[Unit]]] = [(self.first, _called(self.first, by_symbol))]
        begun = {self.first}
        while waiting:
            unit, callees = waiting[-1]
            if not callees:
                found[unit] = None
                waiting.pop()
                continue
            callee = callees.pop()
            if callee not in begun:
                begun.add(callee)
                waiting.append((callee, _called(callee, by_symbol)))
        return list(found)

    def _lower(self, unit: Unit) -> None:
        unit._open = True
        hooks: Hooks = _UnitHooks(self, unit)
        try:
            leaves = self._leaves if unit is self.first else None
            lowered = lower(unit.function, unit.types, hooks, unit.symbol, leaves)
        finally:
            unit._open = False
        if (lowered.result, lowered.writes) != (unit.result, unit.writes):
            unit.result, unit.writes = lowered.result, lowered.writes
            self._changed = self._changed or unit.asked
        unit.lowered = lowered

    def callee(self, asking: GroupHooks, callee: Any, types: tuple[PyType, ...]) -> CalleeInfo | None:
        plain = asking.plain(callee)
        assert plain is not None
        own = asking.of(callee)
        key = (plain, types, fast(own))
        unit = self._by_key.get(key)
        if unit is None:
            done = asking.finished(callee, types)
            if done is not None:
                return done
            unit = self._by_key[key] = Unit(callee, plain, types, own)
        if unit._open:
            unit.asked = self._circular = True
            return CalleeInfo(unit.symbol, unit.result, unit.writes, [], [], unit, open=True)
        if unit.lowered is None and unit.error is None:
            try:
                self._lower(unit)
            except UnsupportedError as error:
                unit.error = error
        if unit.lowered is None:
            return None
        lowered = unit.lowered
        return CalleeInfo(unit.symbol, lowered.result, lowered.writes, lowered.hidden, lowered.guards, unit)

    def _share_guards(self) -> None:
        """In a circle each function relies on what any of them relies on, and may hold what any of them holds."""
        guards = {}
        gil = any(unit.symbol.gil for unit in self.units)
        for unit in self.units:
            assert unit.lowered is not None
            unit.symbol.gil = gil
            if unit.lowered.hidden:
                raise UnsupportedError("functions that call each other and read global arrays are not supported")
            guards.update({(id(g.container), g.name): g for g in unit.lowered.guards})
        owns = any(unit.owns for unit in self.units)
        for unit in self.units:
            assert unit.lowered is not None
            unit.lowered.guards[:] = guards.values()
            unit.lowered.owns = owns


def _called(unit: Unit, by_symbol: dict[Symbol, Unit]) -> list[Unit]:
    """The units of the group that the code of this one calls."""
    assert unit.lowered is not None
    function = unit.lowered.function
    calls = [imm.target for block in function.blocks for imm in map(function.imms.__getitem__, block.insts)
             if type(imm) is Call]  # fmt: skip
    return [by_symbol[target] for target in calls if target in by_symbol]
