"""The operators of Python, by the types of their operands.

    binary(lw, "+", INT, INT)            checked 64-bit addition; CPython takes over where it does not fit
    binary(lw, "+", np.int8, INT)        NumPy's rules: wraps in 8 bits; a Python int beyond int8 raises
    binary(lw, "+", FLOAT | NONE, INT)   one arm per member; None + 1 raises TypeError

One module per family of types: `python` (with `integers`, `floats`, `power`), `numpy_scalars`, `constants`, `tuples`,
`unions`. Operands that CPython refuses leave with CPython's own exception (`errors`).
"""

from __future__ import annotations

import _operator as operator

from ...lazy import lazy
from ...pytypes import BOOL, FLOAT, INT, NONE, Array, Complex, Constant, List, Object, Scalar, Tuple, Union
from .. import wholes
from ..state import CONFLICT, Val
from . import python, unions
from .errors import type_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..state import Lowering
    from . import complexes, constants, numpy_scalars, object_operators, storing, tuples
else:
    complexes, constants, numpy_scalars, object_operators, storing, tuples = lazy(
        "jitney.frontend.operators", "complexes", "constants", "numpy_scalars", "object_operators", "storing", "tuples"
    )

__all__ = ["binary", "unary", "compare", "truth", "store_value", "cast", "to_index"]


def binary(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """``a op b`` for the operators of `python.FUNCTIONS`, `divmod` among them."""
    ta, tb = a.type, b.type
    if ta in python.NUMBERS and tb in python.NUMBERS:
        return python.binary(lw, op, a, b)
    if isinstance(ta, Object) or isinstance(tb, Object):
        return object_operators.binary(lw, op, a, b)
    if wholes.is_whole(ta) or wholes.is_whole(tb):
        return wholes.elementwise.binary(lw, op, a, b)
    if isinstance(ta, Union) or isinstance(tb, Union):
        result = unions.binary(lw, op, a, b)
        if result is None:
            return lw.split(a, lambda x: lw.split(b, lambda y: binary(lw, op, x, y)))
        return result
    if isinstance(ta, Complex) or isinstance(tb, Complex):
        return complexes.binary(lw, op, a, b)
    if numpy_scalars.takes(ta, tb):
        return numpy_scalars.binary(lw, op, a, b)
    if isinstance(ta, Tuple) or isinstance(tb, Tuple):
        return tuples.binary(lw, op, a, b)
    return constants.binary(lw, op, a, b)


def unary(lw: Lowering, op: str, a: Val) -> Val:
    """``-a``, ``+a``, ``~a``, ``not a``, and ``abs(a)`` for `op` "abs"."""
    if op == "not":
        return Val(BOOL, (lw.b.emit("not", truth(lw, a)),))
    type = a.type
    if type in python.NUMBERS:
        return python.unary(lw, op, a)
    if wholes.is_whole(type):
        return wholes.elementwise.unary(lw, op, a)
    if isinstance(type, Union):
        result = unions.unary(lw, op, a)
        return result if result is not None else lw.split(a, lambda x: unary(lw, op, x))
    if isinstance(type, Scalar):
        return numpy_scalars.unary(lw, op, a)
    if isinstance(type, Complex):
        return complexes.unary(lw, op, a)
    if isinstance(type, Object):
        return object_operators.unary(lw, op, a)
    if constants.is_big(a):
        return lw.constant(python.UNARY_FUNCTIONS[op](constants.plain_value(lw, a)))
    type_error(lw, python.UNARY_FUNCTIONS[op], a)


def compare(lw: Lowering, op: str, a: Val, b: Val) -> Val:
    """One comparison: ``< <= > >= == !=``, ``is``, ``is not``."""
    ta, tb = a.type, b.type
    if ta is CONFLICT or tb is CONFLICT:
        lw.unsupported(f"comparing {CONFLICT} is not supported")
    if op == "is":
        return _identical(lw, a, b)
    if op == "is not":
        return Val(BOOL, (lw.b.emit("not", _identical(lw, a, b).parts[0]),))
    if ta in python.NUMBERS and tb in python.NUMBERS:
        return python.compare(lw, op, a, b)
    if isinstance(ta, Object) or isinstance(tb, Object):
        return object_operators.compare(lw, op, a, b)
    if wholes.is_whole(ta) or wholes.is_whole(tb):
        return wholes.elementwise.compare(lw, op, a, b)
    if isinstance(ta, Union) or isinstance(tb, Union):
        result = unions.compare(lw, op, a, b)
        if result is None:
            return lw.split(a, lambda x: lw.split(b, lambda y: compare(lw, op, x, y)))
        return result
    if isinstance(ta, Complex) or isinstance(tb, Complex):
        return complexes.compare(lw, op, a, b)
    if numpy_scalars.takes(ta, tb):
        return numpy_scalars.compare(lw, op, a, b)
    if isinstance(ta, Tuple) and isinstance(tb, Tuple):
        return tuples.compare(lw, op, a, b, compare, truth)
    if (isinstance(ta, Tuple) and isinstance(tb, Scalar)) or (isinstance(ta, Scalar) and isinstance(tb, Tuple)):
        # An array of the elements' own answers.
        return object_operators.compare(lw, op, a, b)
    if ta is NONE or tb is NONE or isinstance(ta, Tuple) or isinstance(tb, Tuple):
        # Each is equal to its own kind only.
        if op == "==" or op == "!=":
            return lw.constant((ta is tb) == (op == "=="))
        type_error(lw, python.FUNCTIONS[op], a, b)
    return constants.compare(lw, op, a, b)


def _identical(lw: Lowering, a: Val, b: Val) -> Val:
    """``a is b``, where that does not depend on which objects CPython happens to share."""
    if isinstance(a.type, Object) or isinstance(b.type, Object):
        return object_operators.identical(lw, a, b)
    for x, y in ((a, b), (b, a)):
        if y.type is NONE:
            if isinstance(x.type, Union) and NONE in x.type.members:
                return Val(BOOL, (lw.has_tag(x, NONE),))
            return lw.constant(x.type is NONE)
    if isinstance(a.type, Union) or isinstance(b.type, Union):
        return lw.split(a, lambda x: lw.split(b, lambda y: _identical(lw, x, y)))
    if a.type is not b.type:
        opaque = isinstance(a.type, (Array, Tuple)) and isinstance(b.type, (Array, Tuple))
        if not opaque or isinstance(a.type, Array) != isinstance(b.type, Array):
            return lw.constant(False)
    elif a.type is BOOL:
        return Val(BOOL, (lw.b.emit("eq", a.parts[0], b.parts[0]),))
    elif isinstance(a.type, Constant):
        return lw.constant(True)
    if isinstance(a.type, Array) and isinstance(b.type, Array) and a.type.view is b.type.view:
        if a.type.view:
            lw.unsupported("`is` between views is not supported")
        return Val(BOOL, (lw.b.emit("eq", a.parts[0], b.parts[0]),))
    if isinstance(a.type, Array) and isinstance(b.type, Array):
        # A view is made anew, wherever it is made.
        return lw.constant(False)
    lw.unsupported(f"`is` between values of type {a.type} is not supported")


def truth(lw: Lowering, a: Val) -> int:
    """``bool(a)`` as an i1."""
    type = a.type
    if type is BOOL:
        return a.parts[0]
    if type is INT:
        return lw.b.emit("ne", a.parts[0], lw.int_const(0))
    if type is FLOAT or isinstance(type, Scalar):
        return _not_zero(lw, a.parts[0])
    if isinstance(type, Union):
        part = unions.truth(lw, a)
        if part is not None:
            return part
        return lw.split(a, lambda x: Val(BOOL, (truth(lw, x),))).parts[0]
    if type is NONE:
        return lw.bool_const(False)
    if isinstance(type, Complex):
        return complexes.not_zero(lw, (a.parts[0], a.parts[1]))
    if isinstance(type, Tuple):
        return lw.bool_const(bool(type.elements))
    if isinstance(type, List):
        return _not_zero(lw, a.parts[1])
    if isinstance(type, Object) or wholes.is_whole(type):
        return object_operators.truth(lw, a)
    if isinstance(type, Constant):
        return lw.bool_const(constants.constant_truth(lw, type.value))
    lw.unsupported(f"the truth of {type} is not supported")


def _not_zero(lw: Lowering, part: int) -> int:
    machine = lw.function.types[part]
    if machine is BOOL.leaves[0]:
        return part
    return lw.b.emit("fne" if machine.is_float else "ne", part, lw.b.const(machine, 0))


def store_value(lw: Lowering, value: Val, item: Scalar | Complex, node: Any) -> tuple[int, ...]:
    """The machine values to store into an array's element of type `item`."""
    return storing.store_value(lw, value, item, node, truth)


def cast(lw: Lowering, value: Val, item: Scalar | Complex) -> tuple[int, ...]:
    """The machine values of a NumPy scalar as an element of type `item`, converted as C does (`astype`)."""
    type = value.type
    if type is item:
        return value.parts
    if isinstance(type, Scalar) and isinstance(item, Scalar):
        return (numpy_scalars.cast(lw, value.parts[0], type, item),)
    return complexes.cast(lw, value, item)


def to_index(lw: Lowering, value: Val) -> int:
    """``operator.index(value)`` as an i64: ints, bools, and NumPy's integers."""
    type = value.type
    if type is INT or type is BOOL:
        return python.as_int(lw, value)
    if isinstance(type, Union):
        return lw.split(value, lambda x: Val(INT, (to_index(lw, x),))).parts[0]
    if isinstance(type, Scalar) and type.kind in "iu":
        if type.dtype == "uint64":
            lw.check(lw.b.emit("sge", value.parts[0], lw.int_const(0)), "overflow")
        return value.parts[0]
    if isinstance(type, Object):
        return object_operators.index(lw, value)
    if constants.is_big(value):
        lw.fail("overflow")
    type_error(lw, operator.index, value)
