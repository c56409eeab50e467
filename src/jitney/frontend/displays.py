"""Displays, comprehensions and f-strings: Python objects that the function makes.

    [x * x for x in a]      .0 = []                  a list made by the C-API
                            for .x in a:             an ordinary loop, with a name of its own
                                .0.append(.x * .x)   PyList_Append: nobody outside sees it
"""

from __future__ import annotations

import _ast
from copy import copy

from ..ir.types import I64, PTR
from ..lazy import lazy
from ..pytypes import Object, object_type
from . import objects
from .liveness import Liveness
from .loops import lower_for
from .state import NONE_VAL, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import filled
    from .state import Lowering
else:
    filled = lazy("jitney.frontend", "filled")


def lower_list(lw: Lowering, node: Any) -> Val:
    """``[a, b]``."""
    whole = _tuple(lw, node.elts)
    return _local(objects.new(lw, "PySequence_List", whole.parts[0], kind=list))


def _local(made: Val) -> Val:
    """A list that nobody else knows."""
    return Val(object_type(list, True, local=True), made.parts)


def lower_set(lw: Lowering, node: Any) -> Val:
    """``{a, b}``."""
    whole = _tuple(lw, node.elts)
    _hashes(lw, whole)
    return objects.new(lw, "PySet_New", whole.parts[0], kind=set)


def lower_dict(lw: Lowering, node: Any) -> Val:
    """``{a: b}``."""
    made = objects.new(lw, "PyDict_New", kind=dict)
    for key, value in zip(node.keys, node.values):
        if key is None:
            lw.unsupported("`**` in a dict display is not supported", node)
        pair = [objects.box(lw, lw.expr(n)) for n in (key, value)]
        _hashes(lw, pair[0])
        parts = [v.parts[0] for v in pair]
        status = objects.api(lw, "PyDict_SetItem", made.parts[0], *parts, result=I64)
        objects.check_status(lw, status)
    return made


def _tuple(lw: Lowering, nodes: list[Any]) -> Val:
    for node in nodes:
        if type(node) is _ast.Starred:
            lw.unsupported("`*` in a display is not supported", node)
    return objects.box(lw, lw.make_tuple([lw.expr(n) for n in nodes]))


def _hashes(lw: Lowering, value: Val) -> None:
    """Hashing objects that are not plain may run anything."""
    if isinstance(value.type, Object) and value.type.kind not in objects.PLAIN:
        lw.runs_python()


# -- f-strings -------------------------------------------------------------------------------------------------------

_CONVERSIONS = {ord("r"): "PyObject_Repr", ord("s"): "PyObject_Str", ord("a"): "PyObject_ASCII"}


def lower_string(lw: Lowering, node: Any) -> Val:
    """``f"{x:.2f} ..."``."""
    parts = [lw.constant(n.value) if type(n) is _ast.Constant else _formatted(lw, n) for n in node.values]
    whole = objects.box(lw, lw.make_tuple(parts))
    return objects.new(lw, "PyUnicode_Join", lw.keep(""), whole.parts[0], kind=str)


def _formatted(lw: Lowering, node: Any) -> Val:
    value = lw.expr(node.value)
    boxed = objects.box(lw, value)
    assert isinstance(boxed.type, Object)
    if boxed.type.kind not in objects.PLAIN and isinstance(value.type, Object):
        lw.runs_python()
    if node.conversion in _CONVERSIONS:
        boxed = objects.new(lw, _CONVERSIONS[node.conversion], boxed.parts[0], kind=str)
    form = lower_string(lw, node.format_spec).parts[0] if node.format_spec is not None else lw.keep("")
    return objects.new(lw, "PyObject_Format", boxed.parts[0], form, kind=str)


# -- comprehensions ----------------------------------------------------------------------------------------------------


class Put(_ast.expr):
    """Put the values (of a dict: a key and a value) into the collection that the name `owner` holds; or, where there is
    a `filling` (`filled.py`), into its memory."""

    owner: Any
    value: list[Any]
    filling: Any


_KINDS = {_ast.ListComp: list, _ast.SetComp: set, _ast.DictComp: dict, _ast.GeneratorExp: list}


def lower_comprehension(lw: Lowering, node: Any) -> Val:
    """A comprehension; of a generator expression the list of what it gives."""
    kind = _KINDS[type(node)]
    loop, live, owner, names = as_loop(lw, node)
    if kind is list:
        collection = _local(objects.new(lw, "PyList_New", lw.int_const(0), kind=list))
    elif kind is set:
        collection = objects.new(lw, "PySet_New", lw.b.const(PTR, 0), kind=set)
    else:
        collection = objects.new(lw, "PyDict_New", kind=dict)
    lw.env[owner] = lw.own.bind(owner, collection)
    within(lw, live, owner, names, lambda: lower_for(lw, loop))
    return lw.env.pop(owner)


def within(lw: Lowering, live: Liveness, owner: str, names: frozenset[str], lower: Callable[[], None]) -> None:
    """Lower the loop of a comprehension, see `as_loop`."""
    outer, local = lw.live, lw.names.local
    lw.live, lw.names.local = live, local | names | {owner}
    try:
        lower()
    finally:
        lw.live, lw.names.local = outer, local
    for name in names:
        lw.env.pop(name, None)


def as_loop(lw: Lowering, node: Any) -> tuple[Any, Liveness, str, frozenset[str]]:
    """The loop that does the same as a comprehension, with names of its own; what lives on, the name of what is made,
    the other names."""
    made: Any = lw.loop_plans.get((node, "comprehension"))
    if made is None:
        made = lw.loop_plans[node, "comprehension"] = _as_loop(lw, node)
    return made  # type: ignore[no-any-return]


def _as_loop(lw: Lowering, node: Any) -> tuple[Any, Liveness, str, frozenset[str]]:
    prefix = f".{len(lw.loop_plans)}."
    names = {
        n.id for g in node.generators for n in _walk(g.target) if type(n) is _ast.Name and type(n.ctx) is not _ast.Load
    }
    owner = prefix
    # The first iterable is evaluated outside, where the names mean what they do there.
    value = [node.key, node.value] if type(node) is _ast.DictComp else [node.elt]
    place = {"lineno": node.lineno, "col_offset": node.col_offset}
    add = Put(**place)
    add.filling = None
    add.owner = _ast.Name(id=owner, ctx=_ast.Load(), **place)
    add.value = [_renamed(v, names, prefix) for v in value]
    body: list[Any] = [_ast.Expr(value=add, **place)]
    for k in range(len(node.generators) - 1, -1, -1):
        generator = node.generators[k]
        if generator.is_async:
            lw.unsupported("an asynchronous comprehension is not supported", node)
        for test in reversed(generator.ifs):
            body = [_ast.If(test=_renamed(test, names, prefix), body=body, orelse=[], **place)]
        iterable = generator.iter if k == 0 else _renamed(generator.iter, names, prefix)
        target = _renamed(generator.target, names, prefix)
        body = [_ast.For(target=target, iter=iterable, body=body, orelse=[], **place)]
    bound = [n.target.id for v in body for n in _walk(v) if type(n) is _ast.NamedExpr]
    live = Liveness(body, (*lw.env, *bound, owner))
    return body[0], live, owner, frozenset([prefix + name for name in names])


def _walk(node: Any) -> list[Any]:
    out = [node]
    for value in node.__dict__.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, _ast.AST):
                out.extend(_walk(inner))
    return out


def _renamed(node: Any, names: set[str], prefix: str) -> Any:
    """The tree with these names under a prefix."""
    made = copy(node)
    if type(node) is _ast.Name:
        if node.id in names:
            made.id = prefix + node.id
        return made
    if type(node) is _ast.Lambda:
        made.args = _renamed(node.args, names, prefix)
        own = {a.arg for a in _walk(node.args) if type(a) is _ast.arg}
        made.body = _renamed(node.body, names - own, prefix)
        return made
    for field, value in node.__dict__.items():
        if isinstance(value, _ast.AST):
            setattr(made, field, _renamed(value, names, prefix))
        elif isinstance(value, list):
            setattr(made, field, [_renamed(v, names, prefix) if isinstance(v, _ast.AST) else v for v in value])
    return made


def lower_add(lw: Lowering, node: Any) -> Val:
    """`Put`."""
    if node.filling is not None:
        return filled.put(lw, node.filling, node.value[0])
    owner = lw.read_local(node.owner)
    assert isinstance(owner.type, Object)
    values = [objects.box(lw, lw.expr(v)) for v in node.value]
    kind = owner.type.kind
    name = {list: "PyList_Append", set: "PySet_Add", dict: "PyDict_SetItem"}[kind]  # type: ignore[index]
    if kind is not list:
        _hashes(lw, values[0])
    status = objects.api(lw, name, owner.parts[0], *[v.parts[0] for v in values], result=I64)
    objects.check_status(lw, status)
    return NONE_VAL
