"""Calling NumPy itself, or any other Python callable: with boxed arguments, through the C-API.

    np.sort(a)         result = PyObject_Vectorcall(sort, [a]); guard that it is a float64 array, 1-d, contiguous
    print(x)           result = PyObject_Vectorcall(print, [box(x)]): an object

The functions in `numpy_functions` are *pure*: they only compute, so that a call that fails later may be run again by
CPython; and the type of the result follows from those of the arguments: it is found out when compiling, by calling the
function on tiny arguments of the same types, and guarded when running. All other calls are taken to have effects, and
their result is any object, unless the table tells its type.
"""

from __future__ import annotations

import sys
import warnings
from types import ModuleType

from ...ir.types import I64, PTR
from ...pytypes import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    Apart,
    Array,
    Complex,
    Constant,
    Object,
    PyType,
    Scalar,
    Slice,
    Tuple,
    array_type,
    is_record,
    is_records,
    mapped,
    members,
    object_type,
    tuple_type,
)
from .. import lists, objects, wholes
from ..operators.errors import NoSample
from ..slices import bounds
from ..state import Val, constant_value
from ..wholes.deferred import Whole
from ..wholes.shapes import array_shape
from . import numpy_functions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..state import Lowering
    from .numpy_functions import Rule


# With how many arguments at most.
_OF_FRAMES: tuple[tuple[Any, int], ...] = (
    (eval, 1), (exec, 1), (globals, 0), (locals, 0), (vars, 0), (dir, 0), (breakpoint, 9), (sys._getframe, 1),
)  # fmt: skip
_WORK = 1 << 11  # iterations that a call counts as: it may be anything, but most take less than a microsecond


def _asks_for_frame(function: Any, given: int) -> bool:
    """Whether a builtin, given so many arguments, looks at the frame of its caller: compiled code has none."""
    most = next((most for f, most in _OF_FRAMES if f is function), -1)
    return given <= most


def call(lw: Lowering, function: Val, args: list[Val], kwargs: dict[str, Val], node: Any) -> Val:
    """``function(*args, **kwargs)``, whatever the function is."""
    known = constant_value(function)
    if _asks_for_frame(known, len(args) + len(kwargs)):
        lw.unsupported(f"`{known.__name__}`, which looks at the frame of its caller, is not supported", node)
    rule = numpy_functions.rule_of(known) if isinstance(function.type, Constant) else None
    learns = known if rule is not None and rule.learn else None
    if rule is not None and not _is_sure(lw, rule, args):
        learns = None
    if rule is None and known is not None:
        learns = numpy_functions.stand_in(type(getattr(known, "__self__", None)), getattr(known, "__name__", ""))
    guess = _learned(lw, learns, args, kwargs) if learns is not None else _RESULTS.get(id(known))
    if numpy_functions.is_ufunc(known):
        args = [wholes.settled(lw, v) for v in args]
        guess = _in_order(guess, args)
    callee = objects.box(lw, function).parts[0]
    boxed = [objects.box(lw, v).parts[0] for v in (*args, *kwargs.values())]
    lw.at(node)
    name = getattr(known, "__name__", "a call")
    told = rule is not None and _changes(name, numpy_functions.parameters(known), args, kwargs)
    if rule is None or not rule.pure or told or _of_objects(args, kwargs):
        lw.runs_python()
    result = objects.vectorcall(lw, callee, boxed, tuple(kwargs))
    charge(lw, *args, *kwargs.values())
    return _typed(lw, result, guess, name, None if told else rule)


def _is_sure(lw: Lowering, rule: Rule, args: list[Val]) -> bool:
    """Whether the type of a result may be relied on: while CPython can take over, or where it does not hang on values.
    Nobody knows whether of a read-only array with any strides a view is made, or a copy, which may be written to."""
    if lw.b.constant(lw.dirty) is False:
        return True
    types = [v.type for v in args]
    unclear = any(isinstance(t, Array) and t.layout == "A" and not t.writeable for t in types)
    return rule.sure and not (rule is numpy_functions.VIEW and unclear)


_RESULTS: dict[int, PyType] = {
    id(float): FLOAT, id(bool): BOOL, id(complex): COMPLEX, id(len): INT, id(hash): INT, id(id): INT,
}  # fmt: skip
"""What some functions return whatever they are given."""


def method(lw: Lowering, owner: Val, name: str, args: list[Val], kwargs: dict[str, Val], node: Any) -> Val:
    """``owner.name(*args, **kwargs)``."""
    if isinstance(owner.type, Array) and name in ("resize", "setflags"):
        lw.unsupported(f"the method {name!r}, which changes an array in place, is not supported", node)
    if lists.is_list(owner) and name == "append" and len(args) == 1 and not kwargs:
        return lists.append(lw, owner, args[0], node)
    rule = numpy_functions.method_rule(owner.type, name)
    guess = None
    if rule is not None and rule.learn and _is_sure(lw, rule, [owner]):
        guess = _learned(lw, numpy_functions.unbound(owner.type, name), [owner, *args], kwargs)
    elif isinstance(owner.type, Object) and owner.type.kind is not None:
        alike = numpy_functions.stand_in(owner.type.kind, name)
        guess = _learned(lw, alike, args, kwargs) if alike is not None else None
    boxed = [objects.box(lw, v).parts[0] for v in (owner, *args, *kwargs.values())]
    lw.at(node)
    told = _changes(name, numpy_functions.parameters_of_method(name), args, kwargs)
    if rule is None or not rule.pure or told or _of_objects([owner, *args], kwargs):
        own = rule is not None and rule.own and isinstance(owner.type, Array) and owner.type.local
        if not (own or (name == "pop" and lists.is_local(owner))):
            lw.runs_python()
    result = objects.method_call(lw, name, boxed, tuple(kwargs))
    charge(lw, owner, *args, *kwargs.values())
    return _typed(lw, result, guess, name, None if told else rule)


_CLASSES: dict[PyType, type] = {INT: int, FLOAT: float, BOOL: bool, NONE: type(None)}


def has_method(type: PyType, name: str) -> bool:
    """Whether objects of the type have an attribute of this name for sure, and looking it up runs no code."""
    kind = _CLASSES.get(type)
    if isinstance(type, Object):
        kind = type.kind
    elif isinstance(type, Scalar):
        kind = sys.modules["numpy"].dtype(type.dtype).type
    elif isinstance(type, Constant):
        kind = type.value.__class__
    elif isinstance(type, Tuple):
        kind = getattr(type, "kind", tuple)
    elif isinstance(type, (Array, Whole)):
        kind = sys.modules["numpy"].ndarray
    # Attributes of built-in classes stay; objects of others may have their own.
    if isinstance(type, Constant) and _is_ufunc(kind):
        return hasattr(kind, name) and name not in getattr(type.value, "__dict__", ())
    return kind is not None and not kind.__flags__ & _HEAP_TYPE and not kind.__dictoffset__ and hasattr(kind, name)


def _is_ufunc(kind: type | None) -> bool:
    """Ufuncs can be given attributes since NumPy 2.2, but nobody does so while a function runs."""
    return kind is not None and kind is getattr(sys.modules.get("numpy"), "ufunc", None)


_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def operation(
    lw: Lowering, function: Any, name: str, *operands: Val, extra: int = -1, rule: Any = numpy_functions.FRESH
) -> Val:  # fmt: skip
    """A Python operator by the C-API function of this name; `function` is the same in Python.

    Args:
        extra: a last argument of the C function's.
        rule: whether a resulting array is new.
    """
    pure = all(is_plain(v.type) for v in operands)
    operands = tuple([wholes.settled(lw, v) for v in operands])
    guess = _in_order(_learned(lw, function, list(operands), {}), list(operands)) if pure else None
    boxed = [objects.box(lw, v).parts[0] for v in operands]
    if not pure:
        lw.runs_python()
    if name.endswith("Power"):
        boxed.append(lw.b.const(PTR, id(None)))
    elif extra >= 0:
        boxed.append(lw.int_const(extra))
    result = objects.new(lw, name, *boxed)
    charge(lw, *operands)
    return _typed(lw, result, guess, function.__name__, rule)


def _in_order(guess: PyType | None, operands: list[Val]) -> PyType | None:
    """What an operator or ufunc gives: its axes have the order of the operands', which shows when running only where
    they differ, or have any strides."""
    if not isinstance(guess, Array) or guess.ndim < 2:
        return guess
    types = [v.type for v in operands]
    layouts = {t.layout for t in types if isinstance(t, Array) and t.ndim > 1}
    known = layouts <= {"C"} or layouts == {"F"}
    return guess if known else array_type(guess.item, guess.ndim, "A", guess.writeable)


def attribute(lw: Lowering, owner: Val, name: str) -> Val:
    """``owner.name``."""
    pure = is_plain(owner.type)
    guess = _learned(lw, lambda x: getattr(x, name), [owner], {}) if pure else None
    boxed = objects.box(lw, owner).parts[0]
    if not pure and not _reads_only(owner.type):
        lw.runs_python()
    result = objects.new(lw, "PyObject_GetAttr", boxed, lw.keep(sys.intern(name)))
    return _typed(lw, result, guess, name, numpy_functions.VIEW)


def _changes(name: str, parameters: tuple[str, ...], args: list[Val], kwargs: dict[str, Val]) -> bool:
    """Whether a call that has no effects otherwise stores into one of its arguments, as it may be told to."""
    given = {**dict(zip(parameters, args)), **kwargs}
    telling = ("copy",) if name == "nan_to_num" else ("out", "overwrite_input")
    return any(word in given and given[word].type is not NONE for word in telling)


def _of_objects(args: list[Val], kwargs: dict[str, Val]) -> bool:
    """Whether the elements of an array among the arguments may be objects, whose operators may be the user's."""
    types = [v.type for v in (*args, *kwargs.values())]
    return any(
        (isinstance(t, Object) and t.kind is not None and t.kind is numpy_functions.ndarray())
        or (is_records(t) and t.item.dtype.hasobject)  # type: ignore[attr-defined]
        for t in types
    )


def is_plain(type: PyType) -> bool:
    """Whether operators on such values run no code of the user's."""
    if isinstance(type, Tuple):
        return all(is_plain(t) for t in type.elements)
    if isinstance(type, Object):
        return type.kind in numpy_functions.PLAIN
    return not isinstance(type, Constant) or type.value.__class__ in numpy_functions.PLAIN


def _reads_only(type: PyType) -> bool:
    """Whether reading an attribute can be taken to have no effects: properties are not meant to."""
    return isinstance(type, Constant) and isinstance(type.value, ModuleType)


def _typed(lw: Lowering, result: Val, guess: PyType | None, name: str, rule: Any) -> Val:
    if guess is None:
        return result
    made = objects.unbox(lw, result, guess, name, local=rule is not None and rule.fresh)
    if isinstance(made.type, Array):
        lw.charge(*array_shape(made))
    return made


def charge(lw: Lowering, *values: Val) -> None:
    """After a call: handle signals, since nobody knows how long it took; and count it off the fuel, for the polls that
    let other threads run: a fixed part, and the elements of the arrays it is given."""
    objects.check_status(lw, objects.api(lw, "PyErr_CheckSignals", result=I64))
    lw.charge(lw.int_const(_WORK))
    for value in values:
        if isinstance(value.type, Array):
            lw.charge(*array_shape(value))


# -- learning ----------------------------------------------------------------------------------------------------------


def _learned(lw: Lowering, function: Callable[..., Any], args: list[Val], kwargs: dict[str, Val]) -> PyType | None:
    """The type of what `function` returns for arguments of these types, None if that cannot be told."""
    if _of_objects(args, kwargs):
        return None
    results = [_tried(lw, function, args, kwargs, length) for length in _LENGTHS]
    found = [t for t in results if t is not None]
    # That it hangs on lengths (np.cross, np.squeeze, np.zeros(array)) cannot be told from one of them.
    if not found or any(_kind(t) != _kind(found[0]) for t in found):
        return None
    orders = {order for v in (*args, *kwargs.values()) for order in _orders(v.type)}
    # What is column-major may give results that are or not, by lengths which samples do not have.
    unsure = "A" in orders or ("F" in orders and any(t is None or _orders(t) - {"F"} for t in results[:2]))
    if unsure or any(t is not found[0] for t in found):
        return mapped(found[0], _in_any_order)
    return found[0]


_LENGTHS = 2, 3, 1


def _kind(type: PyType) -> Any:
    """What must not hang on lengths: all but the order of axes."""
    if isinstance(type, Array):
        return type.item, type.ndim, type.writeable
    return tuple([_kind(t) for t in members(type)]) if isinstance(type, Tuple) else type


def _tried(
    lw: Lowering, function: Callable[..., Any], args: list[Val], kwargs: dict[str, Val], length: int
) -> PyType | None:  # fmt: skip
    """The type of what `function` returns for arrays of this length, None if that cannot be told."""
    numpy = sys.modules.get("numpy")
    try:
        values = [_sample(lw, v, length) for v in args]
        named = {name: _sample(lw, v, length) for name, v in kwargs.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if numpy is None:
                result = function(*values, **named)
            else:
                with numpy.errstate(all="ignore"):
                    result = function(*values, **named)
    except Exception:
        # CPython's own call tells, when it comes to it.
        return None
    return _told(lw, result)


def _orders(type: PyType) -> set[str]:
    """The layouts of the arrays in a value: of their axes where there are several, "A" where these may lie in any
    order."""
    if isinstance(type, (Array, Whole)):
        return set() if type.ndim < 2 else {"A" if isinstance(type, Whole) else type.layout}
    return {order for t in members(type) for order in _orders(t)}


def _in_any_order(type: Array | Object) -> PyType:
    return array_type(type.item, type.ndim, "A", type.writeable) if isinstance(type, Array) else type


def _told(lw: Lowering, result: Any) -> PyType | None:
    if type(result) is tuple and len(result) <= 16:
        from_elements = [_told(lw, v) for v in result]
        if None in from_elements:
            return None
        return tuple_type(tuple(from_elements))  # type: ignore[arg-type]
    if isinstance(result, tuple) and type(result).__itemsize__ == tuple.__itemsize__ and len(result) <= 16:
        # A tuple with names.
        items = [_told(lw, v) for v in result]
        return object_type(type(result), False, tuple([t for t in items if t is not None]))
    found = lw.hooks.type_of(result)
    if found in (INT, FLOAT, BOOL, NONE, COMPLEX) or isinstance(found, (Scalar, Complex, Array)):
        return found
    return None


def _sample(lw: Lowering, value: Val, length: int) -> Any:
    """A small object of the value's type, arrays of this length; the object itself where known. Raises NoSample."""
    type = value.type
    known = lw.known(value)
    if known is not None:
        return sys.modules["numpy"].dtype(type.dtype).type(known) if isinstance(type, Scalar) else known
    if isinstance(type, Whole):
        return _sample_array(array_type(type.item, type.ndim), length)
    if isinstance(type, Array):
        return _sample_array(type, length)
    if isinstance(type, Tuple):
        return tuple.__new__(getattr(type, "kind", tuple), [_sample(lw, v, length) for v in lw.elements(value)])
    if isinstance(type, Slice):
        return slice(*[_sample(lw, v, length) for v in bounds(value)])
    if isinstance(type, (Scalar, Complex)) and type is not COMPLEX:
        return sys.modules["numpy"].dtype(type.dtype).type(1)
    if isinstance(type, Constant):
        return type.value
    samples: dict[PyType, Any] = {INT: 1, FLOAT: 1.0, BOOL: True, NONE: None, COMPLEX: 1 + 1j}
    if type in samples:
        return samples[type]
    raise NoSample


def _sample_array(type: Array, length: int) -> Any:
    """Of one length in all dimensions; as a matrix regular."""
    numpy = sys.modules["numpy"]
    if isinstance(type.item, Apart):
        return _sample_apart(type, length)
    array = numpy.ones((length,) * type.ndim, type.item.dtype)
    if type.ndim == 2:
        array = numpy.eye(length, dtype=type.item.dtype)
    elif type.ndim == 1:
        array[:] = range(length)
    if type.layout == "F":
        array = numpy.asfortranarray(array)
    elif type.layout == "A":
        wide = numpy.zeros((2 * length,) * type.ndim, type.item.dtype)[(slice(None, None, 2),) * type.ndim]
        wide[...] = array
        array = wide
    array.flags.writeable = type.writeable
    return array


def _sample_apart(type: Array, length: int) -> Any:
    """As `_sample_array`, of records, or unaligned."""
    numpy = sys.modules["numpy"]
    if is_record(type):
        found = numpy.zeros(1, type.item.dtype)
    elif is_records(type):
        zeros = numpy.zeros((length,) * type.ndim, type.item.dtype)
        found = zeros.view(type.item.array_class)  # type: ignore[attr-defined]
    else:
        plain = _sample_array(array_type(type.item.loaded, type.ndim, type.layout), length)  # type: ignore[attr-defined]
        # The same numbers, one byte further on from each other and from the start.
        packed = [("byte", "i1"), ("number", plain.dtype)]
        found = numpy.zeros(plain.shape, packed, "F" if type.layout == "F" else "C")["number"]
        found[...] = plain
    found.flags.writeable = type.writeable
    return found[0] if is_record(type) else found
