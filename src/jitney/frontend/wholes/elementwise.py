"""Operators and ufuncs on whole arrays: they make nodes, and check shapes and types, where they stand in the source.

An element is computed by the operators on NumPy's scalars (`operators.numpy_scalars`), so the rules of promotion are
the same. Where NumPy's scalars and arrays differ (powers, whatever has an inner loop of its own), it is computed as
arrays are.
"""

from __future__ import annotations

import sys

from ...lazy import lazy
from ...pytypes import BOOL, COMPLEX, FLOAT, INT, SCALARS, Array, Complex, Constant, PyType, Scalar, Union, is_apart
from .. import operators
from ..arrays import load_item
from ..library.numpy_ufuncs import BY_LAYOUT, COMPARISONS, DIRECT, own_code
from ..operators import ufunc_loops
from ..operators.errors import type_error
from ..operators.numpy_scalars import NP_BOOL, convert, result_type
from ..operators.python import FUNCTIONS, UNARY_FUNCTIONS
from ..operators.unions import converts, to_float64
from ..state import Lowering, Val
from .deferred import Inner, Map, Node, Number, Operand, Whole
from .making import settle
from .shapes import array_shape, broadcast, broadcast_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..operators import complexes
    from ..operators.ufunc_loops import UfuncLoop
    from . import products
    from .deferred import Element

    Check = Callable[[Scalar, list[Val]], None]
else:
    complexes = lazy("jitney.frontend.operators", "complexes")
    products = lazy("jitney.frontend.wholes", "products")

_FLOAT64 = SCALARS["float64"]


def element_type(value: Val) -> PyType:
    """The type of a value's elements: of an array, an expression, or a number that stands for all elements."""
    type = value.type
    return type.item if isinstance(type, (Array, Whole)) else type


def shape_of(value: Val) -> tuple[int, ...]:
    type = value.type
    if isinstance(type, Array):
        return array_shape(value)
    return type.shape if isinstance(type, Whole) else ()


def node_of(value: Val) -> Node:
    """How an element is computed."""
    type = value.type
    if isinstance(type, Array):
        return Operand(value)
    return type.node if isinstance(type, Whole) else Number(value)


def whole(item: Scalar, shape: tuple[int, ...], node: Node) -> Val:
    return Val(Whole(item, shape, node))


def without_axes(lw: Lowering, value: Val) -> Val:
    """An array without axes as the scalar that NumPy takes it for; other values as they are."""
    type = value.type
    if isinstance(type, Array) and type.ndim == 0:
        return load_item(lw, type.item, value.parts[1])
    return value


def settled_union(lw: Lowering, value: Val, t: Scalar) -> Val:
    """A number of one of several types as an operand of type `t`."""
    if t is _FLOAT64 and converts(value.type):
        return Val(t, (to_float64(lw, value),))
    return lw.split(value, lambda v: Val(t, _operand(lw, v, t)))


def _common(lw: Lowering, function: Any, a: Val, b: Val) -> Scalar:
    """The type of the result; leaves where NumPy refuses the operands."""
    kinds = []
    for v in (a, b):
        type = element_type(v)
        kinds.append(type.members if isinstance(type, Union) else (type,))
    # Python's complex on the left of an np.float64 would make one of its own.
    pairs = [(y, x) if x is COMPLEX else (x, y) for x in kinds[0] for y in kinds[1]]
    found = {result_type(function, x, y) for x, y in pairs}
    if found == {None} and not any(isinstance(x, Complex) for x in (*kinds[0], *kinds[1])):
        type_error(lw, function, *[Val(k[0]) for k in kinds])
    if len(found) > 1 or None in found:
        # Of complex arrays NumPy says in other words what it does not do than of scalars.
        lw.unsupported(f"an operation of {a.type} and {b.type} is not supported")
    (t,) = found
    assert t is not None
    return t


def number(lw: Lowering, value: Val, t: Scalar) -> Val:
    """A number beside an array, as an operand of type `t`: converted once, before the loop; what does not fit
    leaves."""
    if isinstance(value.type, Union):
        return settled_union(lw, value, t)
    return Val(t, _operand(lw, value, t))


def _operand(lw: Lowering, value: Val, t: Scalar) -> tuple[int, ...]:
    if isinstance(t, Complex):
        return complexes.convert(lw, value, t)
    if isinstance(value.type, Complex):
        lw.unsupported(f"{value.type} as {t} is not supported")
    return (convert(lw, value, t),)


def _is_number(type: PyType) -> bool:
    members = type.members if isinstance(type, Union) else (type,)
    return all(
        m is INT or m is FLOAT or m is BOOL or isinstance(m, (Scalar, Complex))
        or (isinstance(m, Constant) and m.value.__class__ is int)
        for m in members
    )  # fmt: skip


def _operands(lw: Lowering, op: str, *values: Val) -> list[Val]:
    out = []
    for v in values:
        if is_apart(v.type):
            lw.unsupported(f"`{op}` of {v.type} is not supported")
        v = without_axes(lw, lw.pinned(v))
        if not isinstance(v.type, (Array, Whole)) and not _is_number(v.type):
            lw.unsupported(f"`{op}` of {' and '.join(str(x.type) for x in values)} is not supported")
        out.append(v)
    return out


def _has_axes(*values: Val) -> bool:
    return any(isinstance(v.type, (Array, Whole)) for v in values)


def binary(lw: Lowering, op: str, a: Val, b: Val, before: Check | None = None) -> Val:
    """``a op b`` where one is an array or a deferred expression. `before` is told the result's type before the shapes
    are looked at."""
    if op in ("//", "%", "divmod") and any(isinstance(element_type(v), Complex) for v in (a, b)):
        lw.unsupported(f"`{op}` of {a.type} and {b.type} is not supported")
    a, b = _operands(lw, op, a, b)
    if op == "divmod" and _has_axes(a, b):
        return lw.make_tuple([settle(lw, binary(lw, "//", a, b)), settle(lw, binary(lw, "%", a, b))])
    if op == "@":
        return products.matmul(lw, a, b, "matmul")
    if not _has_axes(a, b):
        return operators.binary(lw, op, a, b)
    if op == "**":
        return _power(lw, a, b, before)
    t = _common(lw, FUNCTIONS[op], a, b)
    product = None
    if isinstance(t, Complex) and op not in _COMPLEX_OPERATORS:
        # Arrays of one element NumPy multiplies in another way than others where it is done in place, or where they
        # have several axes.
        simple = op == "*" and before is None and max(len(shape_of(a)), len(shape_of(b))) == 1
        product = complexes.array_product(lw, t) if simple else None
        if product is None:
            lw.unsupported(f"`{op}` of {a.type} and {b.type} is not supported")
    if before is not None:
        before(t, [a, b])
    shape = broadcast(lw, shape_of(a), shape_of(b))
    parts = [node_of(v if _has_axes(v) else number(lw, v, t)) for v in (a, b)]

    def element(lw: Lowering, values: list[Val]) -> Val:
        if product is not None:
            assert isinstance(t, Complex)
            return Val(t, product(lw, complexes.convert(lw, values[0], t), complexes.convert(lw, values[1], t)))
        return operators.binary(lw, op, values[0], values[1])

    return whole(t, shape, Map(t, op, element, tuple(parts)))


_COMPLEX_OPERATORS = ("+", "-", "/")
"""Where NumPy's loops do what its scalars do. They multiply in another way: see `complexes.array_product`."""


def _power(lw: Lowering, a: Val, b: Val, before: Check | None) -> Val:
    """``a ** b``: NumPy's array operator has ways of its own for some exponents that are Python numbers."""
    numpy = sys.modules["numpy"]
    exponent = lw.known(b) if not _has_axes(b) and b.type in (INT, FLOAT) else None
    item = element_type(a)
    if isinstance(item, Complex) or isinstance(element_type(b), Complex):
        lw.unsupported(f"`**` of {a.type} and {b.type} is not supported")
    if item is NP_BOOL and b.type is INT:
        lw.unsupported("`**` of an array of bools and an int, whose type hangs on the exponent, is not supported")
    if exponent == 2 and isinstance(item, Scalar) and item.kind in "iuf":
        if b.type is INT or item.kind == "f":
            return ufunc(lw, numpy.square, [a], before)
    if isinstance(item, Scalar) and item.kind == "f" and exponent is not None:
        if exponent == 0.5:
            return ufunc(lw, numpy.sqrt, [a], before)
        if exponent == -1:
            return ufunc(lw, numpy.reciprocal, [a], before)
    unknown = exponent is None and not _has_axes(b)
    if unknown and isinstance(item, Scalar) and item.kind == "f" and _looks_at_exponents():
        lw.unsupported("`**` of an array and a number that is not known when compiling is not supported")
    return ufunc(lw, numpy.power, [a, b], before)


def _looks_at_exponents() -> bool:
    """Whether NumPy's operator, but not np.power, goes other ways by the value of a number: older versions' do."""
    numpy = sys.modules["numpy"]
    return bool(numpy.signbit(numpy.array([-0.0]) ** 0.5)[0] and not numpy.signbit(numpy.power([-0.0], 0.5))[0])


def unary(lw: Lowering, op: str, a: Val) -> Val:
    """``-a``, ``+a``, ``~a``, ``abs(a)``."""
    (a,) = _operands(lw, op, a)
    if not _has_axes(a):
        return operators.unary(lw, op, a)
    item = element_type(a)
    t = result_type(UNARY_FUNCTIONS[op], item)
    if isinstance(item, Complex) and op not in ("-", "+"):
        lw.unsupported(f"`{op}` of {a.type} is not supported")
    if t is None:
        type_error(lw, UNARY_FUNCTIONS[op], Val(item))
    return whole(t, shape_of(a), Map(t, op, lambda lw, v: operators.unary(lw, op, v[0]), (node_of(a),)))


def compare(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """One of the six orderings."""
    a, b = _operands(lw, op, a, b)
    if not _has_axes(a, b):
        return operators.compare(lw, op, a, b)
    parts = []
    for v in (a, b):
        if isinstance(v.type, Union):
            v = settled_union(lw, v, _common(lw, FUNCTIONS["+"], a, b))
        elif isinstance(v.type, Complex):
            v = number(lw, v, _common(lw, FUNCTIONS["+"], a, b))
        parts.append(node_of(v))
    if op not in ("==", "!=") and any(isinstance(part.type, Complex) for part in parts):
        lw.unsupported(f"`{op}` of {a.type} and {b.type} is not supported")
    shape = broadcast(lw, shape_of(a), shape_of(b))

    def element(lw: Lowering, values: list[Val]) -> Val:
        return operators.compare(lw, op, values[0], values[1])

    return whole(NP_BOOL, shape, Map(NP_BOOL, op, element, tuple(parts)))


# -- ufuncs ------------------------------------------------------------------------------------------------------------


_BY_PLACE = ("fmax", "fmin")
"""Which of two zeros NumPy's loop gives hangs on where in a row they stand, and what it takes for a row on the strides
of all operands."""


def ufunc(lw: Lowering, function: Any, args: list[Val], before: Check | None = None) -> Val:
    """A ufunc with one output on arrays, expressions and numbers. `before`: as for `binary`."""
    args = _operands(lw, function.__name__, *args)
    if not _has_axes(*args):
        lw.unsupported(f"np.{function.__name__} of arrays without axes is not supported here")
    comparison = COMPARISONS.get(function.__name__)
    if comparison is not None:
        if before is not None:
            before(NP_BOOL, args)
        return compare(lw, comparison, *args)
    types = []
    for v in args:
        type = element_type(v)
        if isinstance(type, Union):
            type = _FLOAT64 if converts(type) else type
        types.append(type)
    loop = ufunc_loops.resolve(function, tuple(types))
    if loop is None:
        lw.unsupported(f"np.{function.__name__} of {', '.join(str(t) for t in types)} is not supported")
    if isinstance(loop.inputs[0], Complex) and loop.name in BY_LAYOUT:
        lw.unsupported(f"np.{loop.name} of {types[0]} is not supported")
    if loop.name == "power" and loop.output.kind != "f" and not _has_axes(args[1]) and (lw.known(args[1]) or 0) < 0:
        # It raises for the first element: no loop.
        lw.unsupported("an integer to a negative power is not supported")
    known = lw.known(args[1]) if len(args) > 1 and not _has_axes(args[1]) else None
    raises = loop.name == "power" and loop.inputs[1].kind == "i" and known is None
    if raises and before is not None and lw.b.constant(lw.dirty) is not False:
        lw.unsupported("powers of integers, of which NumPy stores some before it raises, are not supported in place")
    if before is not None:
        before(loop.output, args)
    shape = broadcast_all(lw, [shape_of(v) for v in args])
    if loop.name in _BY_PLACE and len(shape) > 1 and loop.output.kind == "f":
        lw.unsupported(f"np.{loop.name} of arrays of several axes is not supported")
    parts = []
    for v, t in zip(args, loop.inputs):
        parts.append(converted(lw, node_of(v), t) if _has_axes(v) else Number(number(lw, v, t)))
    direct = DIRECT.get(function.__name__, {}).get(loop.inputs[0].kind)
    if direct is None:
        direct = own_code(lw, loop, known)
    if direct is None:
        return whole(loop.output, shape, Inner(loop, tuple(parts)))
    made = whole(loop.output, shape, Map(loop.output, loop.name, _direct(loop, direct), tuple(parts)))
    if raises:
        # It may raise: here, and before anything is stored.
        return whole(loop.output, shape, Operand(settle(lw, made)))
    return made


def _direct(loop: UfuncLoop, direct: Any) -> Element:
    def element(lw: Lowering, values: list[Val]) -> Val:
        return Val(loop.output, (direct(lw, loop.inputs[0], tuple([v.parts[0] for v in values])),))

    return element


def converted(lw: Lowering, node: Node, t: Scalar) -> Node:
    """The node's value cast to `t` as `astype` does it."""
    source = node.type
    if source is t:
        return node
    if source.kind == "c" and t.kind not in "cb":  # type: ignore[attr-defined]
        lw.unsupported(f"{source} as {t} is not supported")
    return Map(t, "astype", lambda lw, v: Val(t, operators.cast(lw, v[0], t)), (node,))
