"""Calls from compiled code to compiled functions: direct machine calls with unboxed arguments.

The callee's specialisation for the argument types is compiled first (`Hooks.callee`). Its hidden arguments become
hidden arguments of the caller. A call to the function being lowered itself uses the result type assumed for this
round, in the first one that of the paths lowered so far; while none is known the path ends there, and the other paths
tell.
"""

from __future__ import annotations

from ..ir import context
from ..ir.function import Call
from ..ir.types import NATURAL
from ..lazy import lazy
from ..pytypes import BOOL, MAX_LENGTH, Array, Closure, Iterator, PyType, Tuple, has_closure, mapped
from .names import Guard, Hidden
from .state import DIRTY, DeadPath, Lowering, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FunctionType
    from typing import Any, NoReturn, Protocol

    from ..ir.function import Symbol
    from . import closures, inline, objects

    class Settings(Protocol):
        """How a function is compiled: names whose value has changed before, and the decorator's options."""

        volatile: frozenset[str]
        options: dict[str, Any]

    class Host(Protocol):
        """What there is to know of the process: `runtime/host.py`."""

        LAYOUT: Any
        fuses: bool

        def arrays(self) -> Any: ...

        def records(self) -> Any: ...

        def stub(self, name: str) -> int: ...

        def c_function(self, name: str) -> int: ...

        def numpy_function(self, name: str) -> int: ...

        def kept(self, name: str, load: bool) -> int: ...

        def generators(self, kind: type) -> Any: ...

        def draws(self, name: str) -> int: ...

        def twister(self) -> int: ...

    class Hooks(Settings, Protocol):
        """What the frontend asks of the layers above it."""

        host: Host

        def type_of(self, value: Any) -> PyType | None:
            """The type of an object, None if it has none here."""

        def plain(self, callee: Any) -> FunctionType | None:
            """The Python function behind a callable that could be compiled, else None."""

        def of(self, callee: Any) -> Settings:
            """What is to be known of how a callee is compiled."""

        def callee(self, callee: Any, types: tuple[PyType, ...]) -> CalleeInfo | None:
            """A specialisation of it, compiled; None if that is not possible."""

else:
    closures, inline, objects = lazy("jitney.frontend", "closures", "inline", "objects")


def fast(settings: Settings) -> bool:
    """Whether floats may be computed in another order."""
    return bool(settings.options.get("fastmath"))


MOST_ARGUMENTS = 24  # of a function that takes any number of them


class CalleeInfo:
    """What a caller has to know of a specialisation.

    Attributes:
        symbol: where it is, or will be.
        result: the type of what it returns; None while that is not known, of a function being lowered.
        writes: it may have effects.
        hidden, guards: what it relies on.
        owner: whatever keeps it alive.
        open: it is being lowered itself: the call closes a cycle.
    """

    __slots__ = ("guards", "hidden", "open", "owner", "result", "symbol", "writes")

    def __init__(
        self,
        symbol: Symbol,
        result: PyType | None,
        writes: bool,
        hidden: list[Hidden],
        guards: list[Guard],
        owner: Any,
        open: bool = False,
    ) -> None:
        self.symbol = symbol
        self.result = result
        self.writes = writes
        self.hidden = hidden
        self.guards = guards
        self.owner = owner
        self.open = open


def lower_call(lw: Lowering, callee: Any, args: list[Val], kwargs: dict[str, Val], node: Any) -> Val:
    """Call a Python function that is, or can be, compiled."""
    plain = lw.hooks.plain(callee)
    if plain is None:
        name = getattr(callee, "__qualname__", None) or repr(callee)
        lw.unsupported(f"calling {name} is not supported", node)
    bound = _bind(lw, plain, args, kwargs, node)
    if any(has_closure(v.type) for v in bound):
        bound = [closures.passed(lw, v, plain, node) for v in bound]
    types = tuple(mapped(v.type, lambda t: t.borrowed) for v in bound)
    for t in types:
        if isinstance(t, Iterator):
            lw.unsupported(f"passing on what `{t.kind}` gives is not supported", node)
    alike = fast(lw.hooks.of(callee)) == lw.function.fastmath
    if plain is lw.root and types == lw.arg_types and alike:
        return _call_self(lw, bound, node)
    small = inline.find(lw, callee, plain)
    if small is not None and alike:
        return inline.lower(lw, callee, plain, small, bound, node)
    info = lw.hooks.callee(callee, types)
    if info is None:
        lw.unsupported(f"{plain.__qualname__} cannot be compiled for ({', '.join(t.name for t in types)})", node)
    if info.symbol.leaves:
        if lw.b.constant(lw.dirty) is not False:
            lw.unsupported(f"calling {plain.__qualname__} is not supported here: CPython could not take over", node)
        lw.function.symbol.leaves = True
    if any(lw.names.changing(g) for g in info.guards) or any(lw.names.changing(h) for h in info.hidden):
        lw.unsupported(f"calling {plain.__qualname__} is not supported here: what it reads may have changed", node)
    if info.open:
        lw.recursive = True
    else:
        lw.callees.append(info)
    if info.result is None:
        lw.awaited = True
        _unknown_yet(lw)
    parts = _passed(lw, bound)
    for hidden in info.hidden:
        parts.extend(lw.names.adopt(lw, hidden).parts)
    for guard in info.guards:
        lw.names.require(guard)
    return _emit(lw, info.symbol, plain.__name__, parts, info.result, info.writes)


def _passed(lw: Lowering, values: list[Val]) -> list[int]:
    """The leaves of arguments, with lengths of arrays within what the callee takes for granted."""
    facts = lw.function.facts
    for value in values:
        if isinstance(value.type, (Tuple, Closure)):
            _passed(lw, lw.elements(value))
        elif isinstance(value.type, Array):
            for length in value.parts[2 : 2 + value.type.ndim]:
                if facts.get(length, (0, MAX_LENGTH + 1))[1] > MAX_LENGTH:
                    lw.check(lw.b.emit("ule", length, lw.int_const(MAX_LENGTH)), "overflow")
    return [p for v in values for p in v.parts]


def _call_self(lw: Lowering, bound: list[Val], node: Any) -> Val:
    lw.recursive = True
    if lw.result is None and lw.result_so_far is not None and lw.returns and not lw.inlining:
        # Most functions return on all paths what they return where they end; else there is another round.
        lw.result = lw.result_so_far()
    if lw.result is None:
        _unknown_yet(lw)
    parts = _passed(lw, bound)
    return _emit(lw, lw.function.symbol, lw.function.name, parts, lw.result, lw.assumed_writes)


def _unknown_yet(lw: Lowering) -> NoReturn:
    """The callee's result type will be known once other paths have told; this one is lowered in the next round."""
    lw.b.unreachable()
    raise DeadPath


def _emit(lw: Lowering, symbol: Symbol, name: str, parts: list[int], result: PyType, writes: bool) -> Val:
    types = lw.function.types
    places = context.returned(result.leaves)
    leaves = tuple([t for t, at in zip(result.leaves, places) if at < 0]) + (BOOL.leaves if writes else ())
    call = Call(name, symbol, tuple(types[p] for p in parts), leaves, False, lw.b.add_site("call", name))
    values = lw.b.call("call", call, (lw.context, *parts, lw.dirty))
    if writes:
        lw.writes = True
        lw.env[DIRTY] = Val(BOOL, (lw.b.emit("or", lw.dirty, values[-1]),))
        if symbol.gil or lw.names.live:
            lw.ran_python()
            objects.settle(lw)
    kept = iter(values)
    out = [
        next(kept) if at < 0 else lw.b.load(NATURAL[t], lw.context, disp=at, region=context.REGION)
        for t, at in zip(result.leaves, places)
    ]
    return lw.own.hold_value(Val(result, tuple(out)))


def _bind(lw: Lowering, plain: FunctionType, args: list[Val], kwargs: dict[str, Val], node: Any) -> list[Val]:
    """Arguments in the order of the callee's parameters, defaults filled in."""
    code = plain.__code__
    count, keyword_only, star = code.co_argcount, code.co_kwonlyargcount, code.co_flags & 0x04
    if code.co_flags & 0x08 or (star and keyword_only):
        lw.unsupported(f"{plain.__qualname__} takes `**kwargs`, or keywords with `*args`, which is not supported", node)
    names = code.co_varnames[: count + keyword_only]
    if len(args) > max(count, MOST_ARGUMENTS):
        # A function that calls itself with more and more of them would be compiled without end.
        lw.unsupported(f"a call of {plain.__qualname__} with {len(args)} arguments is not supported", node)
    values: dict[str, Val] = dict(zip(names[:count], args))
    wrong = len(args) > count and not star
    for name, value in kwargs.items():
        if name not in names or name in values or names.index(name) < code.co_posonlyargcount:
            wrong = True
        values[name] = value
    defaults = plain.__defaults__ or ()
    for name, default in zip(names[count - len(defaults) : count], defaults):
        values.setdefault(name, lw.constant(default))
    for name, default in (plain.__kwdefaults__ or {}).items():
        values.setdefault(name, lw.constant(default))
    if wrong or any(name not in values for name in names):
        lw.unsupported(f"this call does not fit the parameters of {plain.__qualname__}", node)
    return [*[values[name] for name in names], *args[count:]]
