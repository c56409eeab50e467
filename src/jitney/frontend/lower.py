"""Lowering a Python function for given argument types: the frontend's entrance."""

from __future__ import annotations

import _ast

from ..errors import UnsupportedError
from ..ir import context
from ..ir.function import Block, Function, Memory
from ..ir.ops import OPS
from ..ir.types import NATURAL, PTR, VOID
from ..lazy import lazy
from ..pytypes import BOOL, INT, NONE, Array, Closure, Iterator, Object, PyType, Slice, mapped, members, object_type
from ..pytypes import join as join_types
from . import calls, expressions, polls, source, statements, wholes
from .arrays import is_own
from .library.ranges import Range
from .liveness import Liveness
from .names import Guard, Hidden, Names, Tracked
from .plan import Plan, WantedObject
from .state import DIRTY, FUEL, NONE_VAL, DeadPath, Lowering, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from functools import partial
    from types import CodeType, FunctionType
    from typing import Any

    from ..ir.function import Symbol
    from . import packed, usage
    from .calls import CalleeInfo, Hooks
    from .source import Source
else:
    packed, usage = lazy("jitney.frontend", "packed", "usage")
    # `functools` itself would be imported for this alone.
    from _functools import partial


_GENERATOR, _COROUTINE, _ASYNC_GENERATOR, _STAR, _STAR_NAMES = 0x20, 0x80, 0x200, 0x04, 0x08
_MAX_ROUNDS = 5
_GROWING = frozenset(("append", "pop"))
_MAX_OBJECTS = 12
OBJECT = object_type()


class Lowered:
    """The result of lowering.

    Attributes:
        function: jit convention; parameters: context, the leaves of all arguments, the leaves of hidden arguments.
        result: the type of what it returns; None where that hangs on a callee whose own is not known yet.
        writes: it may have effects; then its last result is the final dirty flag.
        guards, hidden: what was relied upon, and what is read at entry.
        callees: specialisations called directly, to be kept alive.
        recursive: it calls itself.
        reenters: it runs Python code.
        owns: it holds references.
        kept: objects to be kept alive with the code.
        pinned: it is for one call only. general: it is what would have been made for any call.
        rest: what is still to be done if compiled code calls it, or for more than one call; None if nothing is.
    """

    __slots__ = (
        "callees", "function", "general", "guards", "hidden", "kept", "owns", "pinned", "recursive", "reenters", "rest",
        "result", "source", "writes",
    )  # fmt: skip

    def __init__(
        self,
        function: Function,
        result: PyType | None,
        writes: bool,
        guards: list[Guard],
        hidden: list[Hidden],
        callees: list[CalleeInfo],
        recursive: bool,
        reenters: bool,
        owns: bool,
        kept: list[Any],
        source: Source,
        pinned: bool,
        general: bool,
        rest: Callable[[], None] | None,
    ) -> None:
        self.function = function
        self.result = result
        self.writes = writes
        self.guards = guards
        self.hidden = hidden
        self.callees = callees
        self.recursive = recursive
        self.reenters = reenters
        self.owns = owns
        self.kept = kept
        self.source = source
        self.pinned = pinned
        self.general = general
        self.rest = rest

    def complete(self) -> None:
        """Do the rest."""
        if self.rest is not None:
            self.rest()
            self.rest = None


def lower(
    function: FunctionType,
    arg_types: tuple[PyType, ...],
    hooks: Hooks,
    symbol: Symbol | None = None,
    leaves: Sequence[int | None] | None = None,
) -> Lowered:
    """Lower `function` for arguments of the given types, one per parameter (keyword-only ones included).

    Args:
        symbol: of the result, where calls to it are lowered already.
        leaves: for code that runs one call only: what is known of its arguments' leaves (`pins.py`).

    Raises:
        UnsupportedError: with the place that stood in the way.
    """
    tree = source.find(function)
    _check_kind(function, tree)
    body = tree.node.body
    if isinstance(tree.node, _ast.Lambda):
        body = [_ast.Return(value=body, lineno=body.lineno, col_offset=body.col_offset)]
    code = function.__code__
    owns = any(map(is_own, arg_types))
    use = usage.Usage(function, body) if owns or _GROWING.intersection(code.co_names) else None
    lists = packed.Lists.of(use) if use is not None else None
    live = Liveness(body, (), _captured(code), lists.names if lists is not None else frozenset())
    result: PyType | None = None
    writes = boxed = False
    tracked: dict[Any, Tracked] = {}
    as_objects: set[Any] = set()
    plans: dict[Any, Any] = {}
    guesses = True
    rounds = 0
    while rounds < _MAX_ROUNDS:
        rounds += 1
        lw = _prepared(function, arg_types, hooks, tree, live, result, writes)
        lw.as_objects, lw.loop_plans, lw.usage = as_objects, plans, use
        plans = {}
        lw.names.track(lw, tracked)
        if leaves is not None and any(isinstance(t, Array) for t in arg_types):
            lw.leaves = leaves, lw.b.add_site("overflow")
        lw.boxes_result = boxed
        if guesses:
            lw.result_so_far = partial(_result_so_far, lw, boxed)
        if symbol is not None:
            lw.function.symbol = symbol
        if lists is not None:
            lw.packed = lists
            lists.begin()
        try:
            for name in as_objects.intersection(lw.env):
                lw.assign(_ast.Name(id=name, ctx=_ast.Store()), lw.env[name])
            lw.body(body)
            lw.returns.append(lw.open_end(NONE_VAL))
        except DeadPath:
            pass
        except WantedObject as again:
            use = lw.usage
            if again.wanted is use or again.wanted is lists:
                rounds -= 1
                continue
            if again.wanted in as_objects or len(as_objects) >= _MAX_OBJECTS:
                lw.unsupported("values of types that cannot share a variable are not supported")
            as_objects.add(again.wanted)
            rounds -= 1
            continue
        except UnsupportedError as error:
            if lw.result is not result:
                # It may be for the guess.
                guesses = False
                continue
            if lists is not None:
                # Lists of objects may do.
                lists, live = None, Liveness(body, (), _captured(code))
                result, writes, boxed, guesses, rounds = None, False, False, True, 0
                tracked, plans = {}, {}
                as_objects.clear()
                continue
            if not error.line:
                lw.unsupported(error.message)
            raise
        found = _joined_result(lw, boxed)
        if found is OBJECT:
            # Values that have no type in common are returned as objects.
            boxed = True
            continue
        if lw.names.fixed.ran_python and lw.names.fixed.values and not tracked:
            tracked = lw.names.fixed.values
            # The types are the same, but not what is known of values.
            plans = {key: plan for key, plan in lw.loop_plans.items() if isinstance(plan, Plan) and not plan.once}
            continue
        if lw.awaited and found is None:
            return _finish(lw, None, leaves is not None)
        if lw.recursive and found is None:
            lw.unsupported("this function calls itself on every path", tree.node)
        if not lw.recursive or (found is lw.result and lw.writes == writes):
            return _finish(lw, found if found is not None else NONE, leaves is not None)
        result, writes = found, lw.writes
    lw.unsupported("the type this function returns does not settle", tree.node)


def _check_kind(function: FunctionType, tree: Source) -> None:
    flags = function.__code__.co_flags
    reason = ""
    if flags & (_COROUTINE | _ASYNC_GENERATOR):
        reason = "an `async` function is not supported"
    elif flags & _GENERATOR:
        reason = "a generator is not supported"
    elif flags & _STAR_NAMES or (flags & _STAR and function.__code__.co_kwonlyargcount):
        reason = "`*args` with keywords, and `**kwargs`, are not supported"
    if reason:
        raise UnsupportedError(reason, tree.file, tree.node.lineno + tree.line_offset, tree.node.col_offset)


_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


def _captured(code: CodeType, within: CodeType | None = None) -> tuple[str, ...]:
    """The locals that nested functions use; before Python 3.12 a comprehension is one, which does not count."""
    found: tuple[str, ...] = ()
    if code.co_cellvars:
        for inner in (within or code).co_consts:
            if isinstance(inner, type(code)):
                if inner.co_name in _COMPREHENSIONS:
                    found += _captured(code, inner)
                else:
                    found += tuple([name for name in inner.co_freevars if name in code.co_cellvars])
    return found


def _prepared(
    function: FunctionType,
    arg_types: tuple[PyType, ...],
    hooks: Hooks,
    tree: Source,
    live: Liveness,
    result: PyType | None,
    writes: bool,
) -> Lowering:
    """A lowering at the start of the function: parameters bound, hidden names set."""
    names = Names(function, hooks.volatile, hooks.type_of)
    lw = Lowering(tree, names, live, result)
    lw.hooks = hooks
    lw.function.fastmath = calls.fast(hooks)
    lw.root = function
    lw.arg_types = arg_types
    lw.assumed_writes = writes
    lw.operand = partial(expressions.lower_expression, lw)
    lw.expr = lambda node: wholes.settled(lw, expressions.lower_expression(lw, node))
    lw.body = partial(statements.lower_body, lw)
    lw.assign = partial(statements.assign, lw)
    lw.condition = partial(expressions.condition, lw)
    lw.read_local = partial(expressions.read_local, lw)
    lw.call = partial(calls.lower_call, lw)
    lw.charge = partial(polls.charge, lw)
    entry = lw.b.new_block()
    lw.b.start(entry, None)
    lw.b.line = tree.node.lineno + tree.line_offset
    lw.env[DIRTY] = Val(BOOL, (lw.bool_const(False),))
    lw.env[FUEL] = Val(INT, (lw.int_const(context.FUEL_FULL),))
    lw.context = lw.b.param(entry, PTR)
    code = function.__code__
    for name, type in zip(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], arg_types):
        lw.env[name] = lw.parameter(type)
    if code.co_flags & _STAR:
        # Compiled for each number of them.
        lw.env[code.co_varnames[code.co_argcount]] = lw.make_tuple(
            [lw.parameter(type) for type in arg_types[code.co_argcount :]]
        )
    return lw


def _joined_result(lw: Lowering, boxed: bool) -> PyType | None:
    """The type that covers everything returned; None if nothing is; OBJECT if there is none."""
    result: PyType | None = None
    for end in lw.returns:
        assert end.value is not None
        type = end.value.type
        if not boxed and _is_transient(type):
            return OBJECT
        joined = type if result is None else join_types(result, type)
        if not boxed and (joined is None or (isinstance(joined, Object) and not isinstance(result, Object))):
            return OBJECT
        if joined is None:
            lw.unsupported(f"a function that returns {result} as well as {type} is not supported", lw.source.node)
        result = joined
    return mapped(result, lambda t: t.returned) if result is not None else None


def _result_so_far(lw: Lowering, boxed: bool) -> PyType | None:
    """The type of what the paths lowered so far return, if there is one."""
    found = _joined_result(lw, boxed)
    return None if found is OBJECT and not boxed else found


def _is_transient(type: PyType) -> bool:
    """Whether nobody outside knows what such a value is: it is returned as an object, if at all."""
    return isinstance(type, (Range, Slice, Iterator, Closure)) or any(map(_is_transient, members(type)))


def _finish(lw: Lowering, result: PyType | None, once: bool) -> Lowered:
    function = lw.function
    if lw.writes and lw.unharmed is not None:
        message = "`try` around or after what changes something that is seen outside is not supported"
        lw.unsupported(message, lw.unharmed)
    dirty = (BOOL.leaves[0],) if lw.writes else ()
    leaves = result.leaves if result is not None else ()
    places = context.returned(leaves)
    if len(leaves) > context.RESULTS_MAX:
        lw.unsupported(f"returning {len(leaves)} values is not supported", lw.source.node)
    function.results = tuple([t for t, at in zip(leaves, places) if at < 0]) + dirty
    for end in lw.returns:
        assert end.value is not None and result is not None
        values = lw.coerce(end.value, result, end.block)
        lw.own.keep_results(end.block, result, values)
        for v, at in zip(values, places):
            if at >= 0:
                _store_result(lw, end.block, v, at)
        end.block.term = "ret"
        kept = tuple([v for v, at in zip(values, places) if at < 0])
        end.block.term_args = kept + (end.env[DIRTY].parts if lw.writes else ())
    if lw.owns:
        lw.own.finish()
    rest: Callable[[], None] | None = None
    if lw.recursive:
        polls.count_off(lw)
        _close_recursion(lw)
    elif once:
        rest = partial(polls.count, lw)
    else:
        polls.count(lw)
    serves = lw.leaves is None or (lw.pins is None and not lw.own.once)
    return Lowered(
        function, result, lw.writes, lw.names.guards, lw.names.hidden, lw.callees, lw.recursive,
        lw.names.fixed.ran_python, lw.owns, lw.kept, lw.source, lw.pins is not None and bool(lw.pins.constants), serves,
        rest,
    )  # fmt: skip


def _store_result(lw: Lowering, block: Block, v: int, offset: int) -> None:
    function = lw.function
    memory = Memory(NATURAL[function.types[v]], 1, offset, context.REGION)
    block.insts.append(function.new_value(OPS["store"], VOID, (v, lw.context), memory, lw.b.line, block))


def _close_recursion(lw: Lowering) -> None:
    """Begin with the stack check, and hand hidden arguments on in the calls to itself."""
    function = lw.function
    no_effect = function.entry.insts[0]
    line = function.sites[0].line if function.sites else 0
    lw.b.line = lw.source.node.lineno + lw.source.line_offset
    site = lw.b.add_site("recursion")
    v = function.new_value(OPS["enter"], VOID, (lw.context, no_effect), site, line, function.entry)
    function.entry.insts.insert(1, v)
    hidden = function.params[1 + sum(len(t.leaves) for t in lw.arg_types) :]
    if not hidden:
        return
    types = tuple(function.types[h] for h in hidden)
    for block in function.blocks:
        for v in block.insts:
            call = function.imms[v]
            if function.ops[v] is OPS["call"] and call.target is function.symbol:
                args = function.args[v]
                function.args[v] = (*args[:-1], *hidden, args[-1])
                call.params += types
