"""Expressions: one function per node type, in the table at the end; and conditions, which branch."""

from __future__ import annotations

import _ast
from types import ModuleType, NoneType

from ..ir.types import PTR
from ..lazy import lazy
from ..pytypes import (
    BOOL,
    INT,
    UNBOUND,
    Array,
    Closure,
    Complex,
    Constant,
    Iterator,
    NamedTuple,
    Object,
    Scalar,
    Slice,
    Tuple,
    Union,
    is_records,
    needs_object,
    tuple_like,
)
from ..pytypes import join as join_types
from . import library, wholes
from .loops import as_tuple
from .operators import binary, compare, to_index, truth, unary
from .state import CONFLICT, NONE_VAL, DeadPath, Lowering, Open, Val, constant_value, is_number
from .statements import OPERATORS, describe
from .wholes.deferred import Whole, has_effects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .. import records
    from ..pytypes import PyType
    from . import arrays, closures, displays, fields, numeric, objects, packed, slices, views
    from .library import numpy_functions, python_calls
    from .operators import complexes, object_operators
else:
    arrays, closures, displays, fields, numeric, objects, packed, slices, views = lazy(
        "jitney.frontend", "arrays", "closures", "displays", "fields", "numeric", "objects", "packed", "slices", "views"
    )
    records = lazy("jitney", "records")
    numpy_functions, python_calls = lazy("jitney.frontend.library", "numpy_functions", "python_calls")
    complexes, object_operators = lazy("jitney.frontend.operators", "complexes", "object_operators")

_UNARY = {_ast.USub: "-", _ast.UAdd: "+", _ast.Invert: "~", _ast.Not: "not"}
_COMPARE = {
    _ast.Lt: "<",
    _ast.LtE: "<=",
    _ast.Gt: ">",
    _ast.GtE: ">=",
    _ast.Eq: "==",
    _ast.NotEq: "!=",
    _ast.Is: "is",
    _ast.IsNot: "is not",
}


def lower_expression(lw: Lowering, node: Any) -> Val:
    handler = EXPRESSIONS.get(type(node))
    if handler is None:
        if hasattr(node, "owner"):  # made by `displays` itself
            return displays.lower_add(lw, node)
        lw.unsupported(f"{describe(node)} is not supported", node)
    return handler(lw, node)


def _constant(lw: Lowering, node: Any) -> Val:
    return lw.constant(node.value)


def _name(lw: Lowering, node: Any) -> Val:
    if lw.packed is not None and node in lw.packed.copies:
        return displays.lower_comprehension(lw, lw.packed.copies[node])
    if node.id in lw.names.local and node.id not in lw.globals:
        return read_local(lw, node)
    return lw.names.lookup(lw, node.id, node)


def read_local(lw: Lowering, node: Any) -> Val:
    """A local variable; leaves with UnboundLocalError where it has no value."""
    value = lw.env.get(node.id)
    if value is None:
        lw.fail("unbound", node.id)
    type = value.type
    if type is CONFLICT:
        lw.unsupported(f"{node.id!r} has values of types that cannot share a variable here", node)
    if isinstance(type, (Array, Object)) and type.maybe:
        lw.check(lw.b.emit("ne", value.parts[0], lw.b.const(PTR, 0)), "unbound", node.id)
        value = lw.env[node.id] = Val(type.or_unbound(False), value.parts)
    if isinstance(type, Union) and UNBOUND in type.members:
        lw.check(lw.b.emit("ne", value.parts[0], lw.int_const(UNBOUND.tag)), "unbound", node.id)
        rest = type.without(UNBOUND)
        if isinstance(rest, Union):
            payload = value.parts[1]
            if rest.payload is not type.payload:
                payload = lw.b.emit("bits2f", payload)
            value = Val(rest, (value.parts[0], payload, *value.parts[2:]))
        else:
            value = lw.unpack(value, rest)
        lw.env[node.id] = value
    return value


def _tuple(lw: Lowering, node: Any) -> Val:
    return lw.make_tuple(_items(lw, node.elts))


def _items(lw: Lowering, nodes: list[Any]) -> list[Val]:
    """The values of expressions in a row, those after a `*` taken apart."""
    values: list[Val] = []
    for node in nodes:
        if type(node) is _ast.Starred:
            inner = lw.expr(node.value)
            if not isinstance(inner.type, Tuple):
                lw.unsupported(f"unpacking {inner.type} is not supported", node)
            values.extend(lw.elements(inner))
        else:
            values.append(lw.expr(node))
    return values


def _arguments(lw: Lowering, node: Any, owner: Val = NONE_VAL) -> tuple[list[Val], dict[str, Val]]:
    """Positional and keyword arguments of a call; array expressions as they are. The object whose method it is comes
    first where it is such an expression."""
    args: list[Val] = [owner] if isinstance(owner.type, Whole) else []
    kwargs: dict[str, Val] = {}
    for inner in node.args:
        if type(inner) is _ast.Starred:
            args.extend(_items(lw, [inner]))
        else:
            value = _after(lw, args, inner)
            args.append(value)
    for keyword in node.keywords:
        if keyword.arg is None:
            lw.unsupported("`**` in a call is not supported", node)
        kwargs[keyword.arg] = _after(lw, args, keyword.value)
    return args, kwargs


def _after(lw: Lowering, earlier: list[Val], node: Any) -> Val:
    """The next of several operands. Where its evaluation has effects, those before must not be deferred any more."""
    deferred = [k for k, v in enumerate(earlier) if isinstance(v.type, Whole)]
    if not deferred:
        return lw.operand(node)
    first = len(lw.function.ops)

    def together() -> Val:
        value = lw.operand(node)
        if has_effects(lw, first):
            lw.unsupported("an array expression beside something with effects is not supported", node)
        return value

    def following() -> Val:
        for k in deferred:
            earlier[k] = wholes.settled(lw, earlier[k])
        return lw.operand(node)

    return lw.otherwise(together, following)


def _binary(lw: Lowering, node: Any) -> Val:
    left, right = beside(lw, lw.operand(node.left), node.right)
    op = OPERATORS[type(node.op)]
    if is_number(left.type) and is_number(right.type):
        return binary(lw, op, left, right)
    return lw.otherwise(lambda: binary(lw, op, left, right), lambda: object_operators.binary(lw, op, left, right))


def beside(lw: Lowering, earlier: Val, node: Any) -> tuple[Val, Val]:
    """An operand and the next one."""
    both = [earlier]
    value = _after(lw, both, node)
    return both[0], value


def _unary(lw: Lowering, node: Any) -> Val:
    op, operand = _UNARY[type(node.op)], lw.operand(node.operand)
    if is_number(operand.type) or op == "not":
        return unary(lw, op, operand)
    return lw.otherwise(lambda: unary(lw, op, operand), lambda: object_operators.unary(lw, op, operand))


def _boolean(lw: Lowering, node: Any) -> Val:
    """``a and b``: the first operand that decides, with its own type."""
    is_and = type(node.op) is _ast.And
    place = node if node not in lw.as_objects else None

    def from_operand(k: int) -> Val:
        value = lw.expr(node.values[k])
        if k == len(node.values) - 1:
            return _here(lw, node, value)
        decided = truth(lw, value)
        then, other = lambda: from_operand(k + 1), lambda: _known(lw, node, value, decided, not is_and)
        return lw.if_else(decided, then, other, place) if is_and else lw.if_else(decided, other, then, place)

    return from_operand(0)


def _known(lw: Lowering, node: Any, value: Val, truth: int, holds: bool) -> Val:
    """As `_here`, of a value whose truth has just decided: a bool is known then."""
    return _here(lw, node, Val(value.type, (lw.bool_const(holds),)) if value.parts == (truth,) else value)


def _here(lw: Lowering, node: Any, value: Val) -> Val:
    """One of the values that meet in an expression: an object where they have nothing in common."""
    return objects.box(lw, value) if node in lw.as_objects else value


def _compare(lw: Lowering, node: Any) -> Val:
    place = node if node not in lw.as_objects else None

    def from_link(left: Val, k: int) -> Val:
        left, right = beside(lw, left, _comparator(node, k))
        value = _compared(lw, node, k, left, right)
        if k == len(node.ops) - 1:
            return _here(lw, node, value)
        holds = truth(lw, value)
        return lw.if_else(holds, lambda: from_link(right, k + 1), lambda: _known(lw, node, value, holds, False), place)

    return from_link(lw.operand(node.left), 0)


def _comparator(node: Any, k: int) -> Any:
    """The right-hand side of a comparison; of `in`, a list that is only looked through is as good as a tuple."""
    right = node.comparators[k]
    return as_tuple(right) if type(node.ops[k]) in (_ast.In, _ast.NotIn) else right


def _compared(lw: Lowering, node: Any, k: int, left: Val, right: Val) -> Val:
    op = type(node.ops[k])
    if op is _ast.In or op is _ast.NotIn:
        return _membership(lw, node, left, right, op is _ast.In)
    if is_number(left.type) and is_number(right.type):
        return compare(lw, _COMPARE[op], left, right)
    name = _COMPARE[op]
    return lw.otherwise(
        lambda: compare(lw, name, left, right), lambda: object_operators.compare(lw, name, left, right)
    )  # fmt: skip


def _membership(lw: Lowering, node: Any, left: Val, right: Val, wanted: bool) -> Val:
    if not isinstance(right.type, Tuple) or any(isinstance(t, Object) for t in (left.type, *right.type.elements)):
        value = object_operators.contains(lw, right, left)
        return value if wanted else Val(BOOL, (lw.b.emit("not", value.parts[0]),))
    found = lw.bool_const(False)
    for item in lw.elements(right):
        found = lw.b.emit("or", found, truth(lw, compare(lw, "==", left, item)))
    return Val(BOOL, (found if wanted else lw.b.emit("not", found),))


def _conditional(lw: Lowering, node: Any) -> Val:
    idom = lw.b.block
    ends: list[Open] = []
    for side, arm in zip(condition(lw, node.test), (node.body, node.orelse)):
        if not side:
            continue
        try:
            lw.join(side, lw.env_names(side), idom, idom.loop)
            chosen = lw.expr(arm)
            ends.append(lw.open_end(_here(lw, node, chosen)))
        except DeadPath:
            pass
    if len(ends) == 2 and ends[0].value is not None and ends[1].value is not None:
        types = ends[0].value.type, ends[1].value.type
        if isinstance(join_types(*types), Object) and any(map(needs_object, types)):
            raise lw.wanted_object(node)
    value = lw.join(ends, lw.env_names(ends), idom, idom.loop)
    assert value is not None
    if value.type is CONFLICT:
        lw.unsupported("the two values have types that cannot share a variable", node)
    return value


def _named(lw: Lowering, node: Any) -> Val:
    value = lw.expr(node.value)
    lw.assign(node.target, value)
    return value


def _is_one_of(value: Val, of_kind: Callable[[PyType], bool]) -> bool:
    """Whether a value is of one of several types, all of a kind."""
    return isinstance(value.type, Union) and all(map(of_kind, value.type.members))


def _is_complex(type: PyType) -> bool:
    return isinstance(type, Complex)


def _attribute(lw: Lowering, node: Any) -> Val:
    return _attribute_of(lw, lw.expr(node.value), node)


def _attribute_of(lw: Lowering, owner: Val, node: Any) -> Val:
    if isinstance(owner.type, Array):
        value = arrays.attribute(lw, owner, node.attr, node)
        if value is None and is_records(owner.type):
            value = fields.attribute(lw, owner, node.attr)
        if value is not None:
            return value
    elif is_number(owner.type):
        value = complexes.attribute(lw, owner, node.attr)
        if value is not None:
            return value
    elif node.attr in ("real", "imag") and _is_one_of(owner, is_number):
        return lw.split(owner, lambda v: complexes.attribute(lw, v, node.attr))  # type: ignore[arg-type,return-value]
    elif isinstance(owner.type, NamedTuple) and node.attr in owner.type.kind._fields:
        at: int = owner.type.kind._fields.index(node.attr)
        return lw.elements(owner)[at]
    held = constant_value(owner)
    if isinstance(held, ModuleType):
        return lw.names.attribute(lw, held, node.attr, node)
    if _is_named(type(held)) and node.attr in held._fields:
        field = getattr(held, node.attr)
        if isinstance(field, (int, float, str, complex, NoneType)) or callable(field):
            return lw.constant(field)
    return python_calls.attribute(lw, owner, node.attr)


def _subscript(lw: Lowering, node: Any) -> Val:
    if lw.packed is not None and packed.is_packed(lw, node.value):
        return packed.item(lw, node)
    owner, index = lw.expr(node.value), lw.expr(node.slice)
    if isinstance(owner.type, (Array, Iterator)):
        return lw.otherwise(
            lambda: views.subscript(lw, owner, index, node), lambda: object_operators.subscript(lw, owner, index)
        )  # fmt: skip
    if isinstance(owner.type, Tuple):
        return lw.otherwise(
            lambda: _tuple_item(lw, owner, index, node), lambda: object_operators.subscript(lw, owner, index)
        )  # fmt: skip
    return object_operators.subscript(lw, owner, index)


def _tuple_item(lw: Lowering, owner: Val, index: Val, node: Any) -> Val:
    values = lw.elements(owner)
    if isinstance(index.type, Slice):
        return lw.make_tuple(values[slices.known(lw, index, node)])
    k = lw.known(index)
    whole = index.type is INT or index.type is BOOL or (isinstance(index.type, Scalar) and index.type.kind in "iu")
    if k is None and whole and values:
        # Not known when compiling: one arm per element.
        size = lw.int_const(len(values))
        site = lw.b.add_site("raise", (IndexError, ("tuple index out of range",)))
        i = lw.b.emit("index", to_index(lw, index), size, lw.dirty, imm=site)

        def pick(k: int) -> Val:
            if k == len(values) - 1:
                return values[k]
            return lw.if_else(lw.b.emit("eq", i, lw.int_const(k)), lambda: values[k], lambda: pick(k + 1))

        return pick(0)
    if not isinstance(k, int):
        lw.unsupported(f"indexing a tuple with {index.type} is not supported", node)
    if not -len(values) <= k < len(values):
        lw.fail_with(IndexError, "tuple index out of range")
    return values[k]


def _call(lw: Lowering, node: Any) -> Val:
    if type(node.func) is _ast.Attribute:
        if lw.packed is not None and packed.is_packed(lw, node.func.value):
            return packed.method(lw, node)
        owner = lw.operand(node.func.value)
        held = constant_value(owner)
        if isinstance(held, ModuleType):
            function = lw.names.attribute(lw, held, node.func.attr, node.func)
        elif _found_any_time(lw, owner, node):
            return _method(lw, owner, node)
        else:
            function = python_calls.attribute(lw, owner, node.func.attr)
    else:
        function = lw.expr(node.func)
    callee = constant_value(function)
    if lw.packed is not None:
        packed.check_call(lw, callee, node)
    args, kwargs = _arguments(lw, _with_tuples(node) if _takes_tuples(callee, node) else node)
    if lw.usage is not None:
        args = numeric.passed(lw, callee, args, node.args)
    lw.at(node)
    if isinstance(function.type, Closure):
        settled = {name: wholes.settled(lw, v) for name, v in kwargs.items()}
        return closures.call(lw, function, [wholes.settled(lw, v) for v in args], settled, node)

    if _is_named(callee):
        named = _named_tuple(lw, callee, args, kwargs)
        if named is not None:
            return named

    def compiled() -> Val:
        value = library.call(lw, callee, args, kwargs, node)
        if value is None:
            given = [wholes.settled(lw, v) for v in args]
            value = lw.call(callee, given, {name: wholes.settled(lw, v) for name, v in kwargs.items()}, node)
        return value

    def by_python() -> Val:
        return python_calls.call(lw, function, args, kwargs, node)

    return lw.otherwise(compiled, by_python) if isinstance(function.type, Constant) else by_python()


def _is_named(kind: Any) -> bool:
    # The class's bases are asked first: `records` is not loaded for others.
    return type(kind) is type and kind.__bases__ == (tuple,) and records.is_named_class(kind)


def _named_tuple(lw: Lowering, kind: Any, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """``kind(*args, **kwargs)`` of a class of `namedtuple`, taken apart; None where the call does not fit."""
    fields, defaults = kind._fields, kind.__new__.__defaults__ or ()
    values = dict(zip(fields, args))
    given = len(args) <= len(fields) and not any(name in values or name not in fields for name in kwargs)
    values.update(kwargs)
    for name, default in zip(fields[len(fields) - len(defaults) :], defaults):
        if name not in values:
            values[name] = lw.constant(default)
    if not given or len(values) < len(fields):
        return None
    made = lw.make_tuple([wholes.settled(lw, values[name]) for name in fields])
    return Val(tuple_like(kind, made.type.elements), made.parts)  # type: ignore[attr-defined]


_PLAIN_TYPES = frozenset("""
    float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 intp float int bool bool_ float_ int_
""".split())  # fmt: skip


def _takes_tuples(callee: Any, node: Any) -> bool:
    """Whether displays of lists among the arguments may be made as tuples. To a dtype with fields that is not the
    same."""
    for keyword in node.keywords:
        name = getattr(keyword.value, "attr", getattr(keyword.value, "id", ""))
        if keyword.arg == "dtype" and name not in _PLAIN_TYPES:
            return False
    lists = [a for a in node.args[:1] if type(a) is _ast.List]
    return bool(lists) and len(node.args) < 3 and numpy_functions.takes_sequences(callee)


def _with_tuples(node: Any) -> Any:
    """The call with the first argument, lists within lists, as tuples."""
    first = _tuples(node.args[0])
    place = {"lineno": node.lineno, "col_offset": node.col_offset}
    return _ast.Call(func=node.func, args=[first, *node.args[1:]], keywords=node.keywords, **place)


def _tuples(node: Any) -> Any:
    if type(node) is not _ast.List:
        return node
    place = {"lineno": node.lineno, "col_offset": node.col_offset}
    return _ast.Tuple(elts=[_tuples(n) for n in node.elts], ctx=node.ctx, **place)


def _found_any_time(lw: Lowering, owner: Val, node: Any) -> bool:
    """Whether it makes no difference that a method is looked up after the arguments, not before them as Python does."""
    inner = [*node.args, *[keyword.value for keyword in node.keywords]]
    if all(type(a) is _ast.Constant or type(a) is _ast.Name for a in inner):
        return True
    return python_calls.has_method(owner.type, node.func.attr)


def _method(lw: Lowering, owner: Val, node: Any) -> Val:
    """``owner.name(...)``."""
    args, kwargs = _arguments(lw, node, owner)
    if isinstance(owner.type, Whole):
        owner = args.pop(0)
    lw.at(node)
    name = node.func.attr

    def compiled() -> Val:
        value = None
        if wholes.is_whole(owner.type):
            value = library.method(lw, name, [owner, *args], kwargs)
        elif isinstance(owner.type, Complex) and name == "conjugate" and not args and not kwargs:
            value = complexes.conjugate(lw, owner)
        elif name == "conjugate" and not args and not kwargs and _is_one_of(owner, _is_complex):
            value = lw.split(owner, lambda v: complexes.conjugate(lw, v))
        elif isinstance(owner.type, Constant):
            value = library.ufunc_method(lw, owner.type.value, name, args, kwargs)
        if value is None and isinstance(owner.type, (Constant, Object)):
            value = library.drawn(lw, owner, name, args, kwargs)
        if value is None:
            lw.unsupported(f"this call of the method {name!r} of {owner.type} is not supported", node)
        return value

    return lw.otherwise(compiled, lambda: python_calls.method(lw, owner, name, args, kwargs, node))


# -- conditions ----------------------------------------------------------------------------------------------------


def condition(lw: Lowering, node: Any) -> tuple[list[Open], list[Open]]:
    """Evaluate `node` as a truth value and end the path: the ends where it is true, and those where it is false."""
    kind = type(node)
    if kind is _ast.BoolOp:
        return _short_circuit(lw, node.values, type(node.op) is _ast.And)
    if kind is _ast.UnaryOp and type(node.op) is _ast.Not:
        yes, no = condition(lw, node.operand)
        return no, yes
    if kind is _ast.Compare and len(node.ops) > 1:
        return _chain(lw, node)
    return lw.branch(truth(lw, lw.expr(node)))


def _short_circuit(lw: Lowering, nodes: list[Any], is_and: bool) -> tuple[list[Open], list[Open]]:
    decided: list[Open] = []
    for k, node in enumerate(nodes):
        start = lw.b.block
        try:
            yes, no = condition(lw, node)
        except DeadPath:
            if not decided:
                raise
            yes, no = [], []
        go, stop = (yes, no) if is_and else (no, yes)
        decided.extend(stop)
        if k == len(nodes) - 1 or not go:
            return (go, decided) if is_and else (decided, go)
        lw.join(go, lw.env_names(go), start, start.loop)
    raise AssertionError("a boolean operation has operands")


def _chain(lw: Lowering, node: Any) -> tuple[list[Open], list[Open]]:
    left = lw.expr(node.left)
    no: list[Open] = []
    for k in range(len(node.comparators)):
        start = lw.b.block
        try:
            right = lw.expr(_comparator(node, k))
            go, stop = lw.branch(truth(lw, _compared(lw, node, k, left, right)))
        except DeadPath:
            if not no:
                raise
            return [], no
        no.extend(stop)
        if k == len(node.ops) - 1 or not go:
            return go, no
        lw.join(go, lw.env_names(go), start, start.loop)
        left = right
    raise AssertionError("a comparison has operands")


EXPRESSIONS: dict[Any, Callable[[Lowering, Any], Val]] = {
    _ast.Constant: _constant,
    _ast.Name: _name,
    _ast.Tuple: _tuple,
    _ast.BinOp: _binary,
    _ast.UnaryOp: _unary,
    _ast.BoolOp: _boolean,
    _ast.Compare: _compare,
    _ast.IfExp: _conditional,
    _ast.NamedExpr: _named,
    _ast.Attribute: _attribute,
    _ast.Subscript: _subscript,
    _ast.Slice: lambda lw, node: slices.lower_slice(lw, node),
    _ast.Call: _call,
    _ast.List: lambda lw, node: displays.lower_list(lw, node),
    _ast.Set: lambda lw, node: displays.lower_set(lw, node),
    _ast.Dict: lambda lw, node: displays.lower_dict(lw, node),
    _ast.Lambda: lambda lw, node: closures.lower_lambda(lw, node),
    _ast.JoinedStr: lambda lw, node: displays.lower_string(lw, node),
    _ast.ListComp: lambda lw, node: displays.lower_comprehension(lw, node),
    _ast.SetComp: lambda lw, node: displays.lower_comprehension(lw, node),
    _ast.DictComp: lambda lw, node: displays.lower_comprehension(lw, node),
}
