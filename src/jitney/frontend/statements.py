"""Statements: one function per node type, in the table at the end."""

from __future__ import annotations

import _ast

from ..lazy import lazy
from ..pytypes import Array, Iterator, Object, Tuple, can_box, has_view, is_record
from . import wholes
from .loops import lower_for, lower_while
from .operators import binary
from .state import NONE_VAL, DeadPath, Lowering, Open, Val, constant_value, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import closures, fields, iteration, numeric, objects, packed, views
    from .library import creation, python_calls
    from .operators import object_operators
else:
    closures, fields, iteration, numeric, objects, packed, views = lazy(
        "jitney.frontend", "closures", "fields", "iteration", "numeric", "objects", "packed", "views"
    )
    creation, python_calls = lazy("jitney.frontend.library", "creation", "python_calls")
    object_operators = lazy("jitney.frontend.operators", "object_operators")

OPERATORS = {
    _ast.Add: "+",
    _ast.Sub: "-",
    _ast.Mult: "*",
    _ast.Div: "/",
    _ast.FloorDiv: "//",
    _ast.Mod: "%",
    _ast.Pow: "**",
    _ast.LShift: "<<",
    _ast.RShift: ">>",
    _ast.BitAnd: "&",
    _ast.BitOr: "|",
    _ast.BitXor: "^",
    _ast.MatMult: "@",
}


def lower_body(lw: Lowering, body: list[Any]) -> None:
    """Statements in order. Raises DeadPath when the path ends before the last."""
    own = lw.own
    for node in body:
        lw.at(node)
        handler = STATEMENTS.get(type(node))
        if handler is None:
            lw.unsupported(f"{describe(node)} is not supported")
        mark = len(own.temporaries)
        try:
            handler(lw, node)
        except DeadPath:
            own.abandon(mark)
            raise
        own.end_statement(mark)


def describe(node: Any) -> str:
    """What a node is, in the user's words."""
    return _WORDS.get(type(node)) or f"`{type(node).__name__.lower()}`"


_WORDS: dict[Any, str] = {
    _ast.AsyncFunctionDef: "a nested function",
    _ast.ClassDef: "a nested class",
    _ast.ListComp: "a list comprehension",
    _ast.SetComp: "a set comprehension",
    _ast.DictComp: "a dict comprehension",
    _ast.GeneratorExp: "a generator expression",
    _ast.JoinedStr: "an f-string",
    _ast.List: "a list",
    _ast.Dict: "a dict",
    _ast.Set: "a set",
    _ast.Starred: "`*` unpacking",
    _ast.Import: "`import` inside a function",
    _ast.ImportFrom: "`import` inside a function",
}


def _assign(lw: Lowering, node: Any) -> None:
    _assign_all(lw, node.targets, node.value)


def _assign_all(lw: Lowering, targets: list[Any], node: Any) -> None:
    """``target = ... = node``."""
    if lw.packed is not None and packed.is_packed(lw, targets[0]):
        packed.make(lw, targets[0].id, node)
        return
    if len(targets) == 1 and type(targets[0]) is _ast.Subscript:
        # An array expression is computed where it is stored.
        assign(lw, targets[0], lw.operand(node))
        return
    if len(targets) == 1:
        value = _given(lw, targets[0], node)
    else:
        value = lw.expr(node)
    for target in targets:
        assign(lw, target, value, len(targets) == 1)


def _given(lw: Lowering, target: Any, node: Any) -> Val:
    """What `target` alone is given."""
    if type(target) is _ast.Tuple and type(node) is _ast.Tuple and len(target.elts) == len(node.elts):
        if _ast.Starred not in map(type, (*target.elts, *node.elts)):
            return lw.make_tuple([_given(lw, one, inner) for one, inner in zip(target.elts, node.elts)])
    value = _own_memory(lw, target, node) if type(target) is _ast.Name else None
    return value if value is not None else lw.expr(node)


def _own_memory(lw: Lowering, target: Any, node: Any) -> Val | None:
    """A list of numbers or a small array that nobody else knows (`numeric.py`); None for anything else."""
    kind = type(node)
    if kind is _ast.Call and type(node.func) is _ast.Attribute and node.func.attr in ("empty", "zeros", "ones"):
        dims = _known_lengths(lw, node.args)
        return numeric.small(lw, target, node, dims) if dims is not None else None
    if kind is _ast.List or kind is _ast.ListComp or (kind is _ast.Subscript and type(node.slice) is _ast.Slice):
        return numeric.made(lw, target, node)
    if kind is _ast.BinOp and (type(node.left) is _ast.List or type(node.right) is _ast.List):
        return numeric.made(lw, target, node)
    if kind is _ast.Call and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("list", "copy"):
        return numeric.made(lw, target, node)
    return None


def _known_lengths(lw: Lowering, args: list[Any]) -> list[int] | None:
    """The shape that the one argument gives, where it is written in numbers and names of numbers that are known."""
    if len(args) != 1:
        return None
    nodes = args[0].elts if type(args[0]) is _ast.Tuple else args
    dims = []
    for node in nodes:
        found = lw.known(lw.expr(node)) if type(node) is _ast.Constant or type(node) is _ast.Name else None
        if type(found) is not int:
            return None
        dims.append(found)
    return dims


def assign(lw: Lowering, target: Any, value: Val, ends: bool = False) -> None:
    """Bind `value` to a name, an element, or a tuple of targets. `ends`: the statement is over with this."""
    kind = type(target)
    if kind is _ast.Name:
        _check_local(lw, target)
        if isinstance(value.type, Iterator):
            value = views.kept_flat(value)
        if isinstance(value.type, Iterator) and value.type.kind != views.KEPT_FLAT:
            lw.unsupported(f"keeping what `{value.type.kind}` gives in a variable is not supported", target)
        if target.id in lw.as_objects and not lw.inlining and can_box(value.type):
            value = objects.box(lw, value)
        lw.env[target.id] = lw.own.bind(target.id, value, ends)
    elif kind is _ast.Subscript:
        _assign_item(lw, target, value)
    elif kind is _ast.Attribute:
        _set_attribute(lw, lw.expr(target.value), target, value)
    elif kind is _ast.Tuple or kind is _ast.List:
        _unpack(lw, target, value)
    else:
        lw.unsupported(f"assignment to {describe(target)} is not supported", target)


def _check_local(lw: Lowering, target: Any) -> None:
    if target.id in lw.globals:
        lw.unsupported(f"assignment to the global {target.id!r} is not supported", target)


def _set_attribute(lw: Lowering, owner: Val, target: Any, value: Val) -> None:
    def as_object() -> Val:
        object_operators.set_attribute(lw, owner, target.attr, value)
        return NONE_VAL

    def as_field() -> Val:
        fields.set_attribute(lw, owner, target.attr, value, target)
        return NONE_VAL

    if is_record(owner.type):
        lw.otherwise(as_field, as_object)
    else:
        as_object()


def _assign_item(lw: Lowering, target: Any, value: Val) -> None:
    if lw.packed is not None and packed.is_packed(lw, target.value):
        packed.store(lw, target, wholes.settled(lw, value))
        return

    def store(value: Val, deferred: bool) -> Val:
        first = len(lw.function.ops)
        container, index = lw.expr(target.value), lw.expr(target.slice)
        if deferred and wholes.has_effects(lw, first):
            lw.unsupported("an array expression beside something with effects is not supported", target)
        _store(lw, container, index, value, target)
        return NONE_VAL

    if isinstance(value.type, wholes.Whole):
        lw.otherwise(lambda: store(value, True), lambda: store(wholes.settled(lw, value), False))
    else:
        store(value, False)


def _store(lw: Lowering, container: Val, index: Val, value: Val, target: Any) -> None:
    def as_object() -> Val:
        object_operators.store(lw, container, index, value)
        return NONE_VAL

    def as_array() -> Val:
        views.store(lw, container, index, value, target)
        return NONE_VAL

    if isinstance(container.type, (Array, Iterator)):
        lw.otherwise(as_array, as_object)
    else:
        as_object()


def _unpack(lw: Lowering, target: Any, value: Val) -> None:
    names = target.elts
    if any(type(n) is _ast.Starred for n in names):
        at = next(k for k, n in enumerate(names) if type(n) is _ast.Starred)
        lw.unsupported("`*` in an assignment makes a list, which is not supported", names[at])
    if isinstance(value.type, Object):
        values = objects.items(lw, value, len(names))
    else:
        known = isinstance(value.type, Tuple)
        values = lw.elements(value) if known else iteration.unpacked(lw, value, len(names), target)
    if len(values) > len(names):
        lw.fail_with(ValueError, f"too many values to unpack (expected {len(names)})")
    if len(values) < len(names):
        lw.fail_with(ValueError, f"not enough values to unpack (expected {len(names)}, got {len(values)})")
    for name, v in zip(names, values):
        assign(lw, name, v)


def _augmented(lw: Lowering, node: Any) -> None:
    op = OPERATORS[type(node.op)]
    target = node.target
    if type(target) is _ast.Name:
        _check_local(lw, target)
        old, value = lw.read_local(target), lw.operand(node.value)
        if isinstance(old.type, Array):
            _augment_array(lw, op, old, value)
        elif isinstance(old.type, Object) or isinstance(value.type, Object):
            assign(lw, target, object_operators.in_place(lw, op, old, value))
        else:
            assign(lw, target, wholes.settled(lw, _changed(lw, op, old, value)))
    elif type(target) is _ast.Subscript:
        if lw.packed is not None and packed.is_packed(lw, target.value):
            packed.augment(lw, target, lambda old: _changed(lw, op, old, lw.expr(node.value)))
            return
        container, index = lw.expr(target.value), lw.expr(target.slice)
        if isinstance(container.type, (Array, Iterator)):
            old = lw.otherwise(
                lambda: views.subscript(lw, container, index, target),
                lambda: object_operators.subscript(lw, container, index),
            )  # fmt: skip
        else:
            old = object_operators.subscript(lw, container, index)
        copy = views.is_copy(container, index)
        if isinstance(old.type, Array) and isinstance(container.type, Array) and (old.type.view or copy):
            _augment_array(lw, op, old, lw.operand(node.value))
            if copy:
                _store(lw, container, index, old, target)
        else:
            _store(lw, container, index, _changed(lw, op, old, lw.expr(node.value)), target)
    elif type(target) is _ast.Attribute:
        owner = lw.expr(target.value)
        found = fields.attribute(lw, owner, target.attr) if is_record(owner.type) else None
        if found is None or isinstance(found.type, Array):
            found = python_calls.attribute(lw, owner, target.attr)
        old = found
        _set_attribute(lw, owner, target, _changed(lw, op, old, lw.expr(node.value)))
    else:
        lw.unsupported(f"assignment to {describe(target)} is not supported", target)


def _augment_array(lw: Lowering, op: str, old: Val, value: Val) -> None:
    """``old op= value``, in place."""

    def whole() -> Val:
        wholes.storing.augment(lw, op, old, value)
        return NONE_VAL

    lw.otherwise(whole, lambda: object_operators.in_place(lw, op, old, value))


def _changed(lw: Lowering, op: str, old: Val, value: Val) -> Val:
    """What is to be stored for ``old op= value``."""
    if isinstance(old.type, (Array, Object)) or isinstance(value.type, Object):
        return object_operators.in_place(lw, op, old, value)
    if is_number(old.type) and is_number(value.type):
        return _augmented_value(lw, op, old, value)
    return lw.otherwise(
        lambda: _augmented_value(lw, op, old, value), lambda: object_operators.in_place(lw, op, old, value)
    )  # fmt: skip


def _augmented_value(lw: Lowering, op: str, old: Val, value: Val) -> Val:
    lw.augmenting = True
    try:
        return binary(lw, op, old, value)
    finally:
        lw.augmenting = False


def _annotated(lw: Lowering, node: Any) -> None:
    if node.value is not None:
        _assign_all(lw, [node.target], node.value)


def _if(lw: Lowering, node: Any) -> None:
    idom = lw.b.block
    ends: list[Open] = []
    mark = len(lw.own.temporaries)
    sides = lw.condition(node.test)
    tested = lw.own.taken(mark)
    # A test known when compiling leaves one arm, which goes on in place.
    for side, body in zip(sides, (node.body, node.orelse)):
        if not side:
            continue
        try:
            lw.join(side, lw.env_names(side), idom, idom.loop)
            lw.own.release(tested)
            lower_body(lw, body)
            ends.append(lw.open_end())
        except DeadPath:
            pass
    lw.join(ends, lw.live.select(lw.live.after[node]), idom, idom.loop)


def _return(lw: Lowering, node: Any) -> None:
    value = lw.expr(node.value) if node.value is not None else NONE_VAL
    if lw.usage is not None:
        value = numeric.returned(lw, value)
    if not lw.inlining and lw.boxes_result:
        value = objects.box(lw, value)
    elif not lw.inlining and has_view(value.type):
        value = creation.as_objects(lw, value)
    lw.returns.append(lw.open_end(value))
    raise DeadPath


def _try(lw: Lowering, node: Any) -> None:
    """``try``: as long as nothing visible has happened, CPython runs the call again where something raises. So all
    there is to compile is what happens where nothing does."""
    if node.finalbody and any(_jumps(inner) for inner in (*node.body, *node.orelse)):
        lw.unsupported("`return`, `break` or `continue` within `try ... finally` is not supported")
    # Nor may a caller have changed anything.
    lw.function.symbol.leaves = True
    clean = lw.b.constant(lw.dirty) is False
    writes, lw.writes = lw.writes, False
    try:
        lower_body(lw, node.body)
    finally:
        wrote, lw.writes = lw.writes, lw.writes or writes
        if wrote or not clean:
            # Unless it turns out that the function changes nothing at all.
            lw.unharmed = lw.unharmed or node
    lower_body(lw, node.orelse)
    lower_body(lw, node.finalbody)


def _with(lw: Lowering, node: Any) -> None:
    """``with objmode(...)`` of Numba's, which does nothing in Python."""
    for item in node.items:
        call = item.context_expr
        held = constant_value(lw.expr(call.func if type(call) is _ast.Call else call))
        name = (type(held).__module__.partition(".")[0], type(held).__name__)
        if name != ("numba", "_ObjModeContextType") or item.optional_vars is not None:
            lw.unsupported("`with` is not supported", node)
    lower_body(lw, node.body)


def _jumps(node: Any) -> bool:
    """Whether a statement may lead elsewhere."""
    if isinstance(node, (_ast.Return, _ast.Break, _ast.Continue)):
        return True
    parts = [*getattr(node, "body", ()), *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
    parts += [inner for handler in getattr(node, "handlers", ()) for inner in handler.body]
    return not isinstance(node, _ast.FunctionDef) and any(map(_jumps, parts))


def _break(lw: Lowering, node: Any) -> None:
    assert lw.loop is not None
    lw.loop.breaks.append(lw.open_end())
    raise DeadPath


def _continue(lw: Lowering, node: Any) -> None:
    assert lw.loop is not None
    lw.loop.continues.append(lw.open_end())
    raise DeadPath


def _expression(lw: Lowering, node: Any) -> None:
    if type(node.value) is not _ast.Constant:
        lw.expr(node.value)


def _pass(lw: Lowering, node: Any) -> None:
    pass


def _assert(lw: Lowering, node: Any) -> None:
    if not __debug__:
        return
    idom = lw.b.block
    good, bad = lw.condition(node.test)
    if bad:
        env = lw.env
        try:
            lw.join(bad, lw.env_names(bad), idom, idom.loop)
            args = () if node.msg is None else _literals(lw, [node.msg])
            lw.at(node)
            _raise_site(lw, AssertionError, args)
        except DeadPath:
            pass
        lw.env = env
    lw.join(good, lw.env_names(good), idom, idom.loop)


def _literals(lw: Lowering, nodes: list[Any]) -> tuple[Any, ...] | None:
    """The values of literal expressions; None if one has to be computed."""
    values = []
    for node in nodes:
        if type(node) is not _ast.Constant:
            return None
        values.append(node.value)
    return tuple(values)


def _raise_site(lw: Lowering, exception: type[BaseException], args: tuple[Any, ...] | None) -> None:
    """Leave by raising. While nothing visible has happened CPython raises, with whatever message it computes; after
    a store the message must be a literal."""
    if args is None:
        if lw.b.constant(lw.dirty) is not False:
            lw.unsupported("raising with a computed message after a store is not supported")
        args = ()
    lw.fail("raise", (exception, args))


def _raise(lw: Lowering, node: Any) -> None:
    if node.exc is None or node.cause is not None:
        if lw.b.constant(lw.dirty) is not False:
            lw.unsupported("this form of `raise` after a store is not supported")
        lw.fail("raise", (RuntimeError, ("No active exception to reraise",)))
    args: tuple[Any, ...] | None = ()
    thing = node.exc
    if type(thing) is _ast.Call:
        args = _literals(lw, thing.args) if not thing.keywords else None
        thing = thing.func
    if type(thing) not in (_ast.Name, _ast.Attribute):
        lw.unsupported("this form of `raise` is not supported", thing)
    exception = constant_value(lw.expr(thing))
    if not (isinstance(exception, type) and issubclass(exception, BaseException)):
        lw.unsupported("raising something that is not an exception class is not supported", thing)
    lw.at(node)
    _raise_site(lw, exception, args)


def _global(lw: Lowering, node: Any) -> None:
    lw.globals.update(node.names)


def _delete(lw: Lowering, node: Any) -> None:
    for target in node.targets:
        if type(target) is not _ast.Name:
            lw.unsupported(f"`del` of {describe(target)} is not supported", target)
        _check_local(lw, target)
        lw.read_local(target)
        lw.own.unbind(target.id)
        del lw.env[target.id]


STATEMENTS: dict[Any, Callable[[Lowering, Any], None]] = {
    _ast.Assign: _assign,
    _ast.AugAssign: _augmented,
    _ast.AnnAssign: _annotated,
    _ast.If: _if,
    _ast.For: lower_for,
    _ast.While: lower_while,
    _ast.Return: _return,
    _ast.Break: _break,
    _ast.Continue: _continue,
    _ast.Expr: _expression,
    _ast.Pass: _pass,
    _ast.Assert: _assert,
    _ast.Raise: _raise,
    _ast.Global: _global,
    _ast.Nonlocal: _global,
    _ast.Delete: _delete,
    _ast.Try: _try,
    _ast.With: _with,
    _ast.FunctionDef: lambda lw, node: closures.lower_definition(lw, node),
}
