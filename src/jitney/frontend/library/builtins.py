"""Python's builtin functions on numbers and tuples."""

from __future__ import annotations

from ...lazy import lazy
from ...pytypes import BOOL, FLOAT, INT, NONE, SCALARS, Array, List, Object, Scalar, Tuple, Union
from ...pytypes import join as join_types
from .. import operators
from ..arrays import is_own
from ..operators import unions
from ..operators.errors import NoSample, sample, type_error
from ..operators.integers import MIN
from ..operators.python import NUMBERS, as_int
from ..state import NONE_VAL, Val, constant_value
from .ranges import PRANGE, RANGE, Range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .. import lists, packed, slices
    from ..operators import complexes, constants, power
    from ..state import Lowering
    from . import boxed, folds, iterators

    Row = Callable[[Lowering, list[Val], dict[str, Val]], Val | None]
else:
    complexes, constants, power = lazy("jitney.frontend.operators", "complexes", "constants", "power")
    boxed, folds, iterators = lazy("jitney.frontend.library", "boxed", "folds", "iterators")
    lists, packed, slices = lazy("jitney.frontend", "lists", "packed", "slices")

_NP_BOOL, _FLOAT64, _UINT64 = SCALARS["bool"], SCALARS["float64"], SCALARS["uint64"]

DEFERRING: set[Row] = set()
"""Rows that take array expressions as they are; all others get the arrays they compute."""
OF_COMPLEX: set[Row] = set()
"""Rows of NumPy's functions that take complex numbers, or arrays of them: for all others they have no meaning."""
BEYOND = "\nraise OverflowError('an int beyond 64 bits')"  # ends the text of a check that an int fits


def positional(low: int, high: int) -> Callable[[Callable[[Lowering, list[Val]], Val | None]], Row]:
    """A row that takes `low` to `high` arguments, none by keyword."""

    def decorate(function: Callable[[Lowering, list[Val]], Val | None]) -> Row:
        def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
            return function(lw, args) if not kwargs and low <= len(args) <= high else None

        return row

    return decorate


def whole_float_to_int(lw: Lowering, whole: int, given: int, text: str) -> Val:
    """A float, its fraction cut off, as an int. `text` is an expression of `given`, as x, that raises for NaN and
    inf."""
    result = lw.b.emit("f2i", whole)
    least = lw.b.emit("feq", whole, lw.float_const(float(MIN)))
    fits = lw.b.emit("or", lw.b.emit("ne", result, lw.int_const(MIN)), least)
    lw.check(fits, "evaluate", text + BEYOND, (given,), ("x",))
    return Val(INT, (result,))


@positional(1, 1)
def _abs(lw: Lowering, args: list[Val]) -> Val | None:
    return operators.unary(lw, "abs", args[0])


def _extreme(op: str) -> Row:
    machine = {"<": ("smin", "fmin"), ">": ("smax", "fmax")}[op]

    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        if len(args) == 1 and isinstance(args[0].type, Tuple):
            args = lw.elements(args[0])
        elif len(args) == 1 and not kwargs and is_own(args[0].type):
            return folds.extreme(lw, "min" if op == "<" else "max", machine, args[0])
        if kwargs or len(args) < 2:
            return None
        best = args[0]
        for item in args[1:]:
            best = _better(lw, op, machine, item, best)
        return best

    return row


def _better(lw: Lowering, op: str, machine: tuple[str, str], item: Val, best: Val) -> Val:
    """`item` if ``item op best`` holds, else `best`: objects, so each keeps its type."""
    if item.type is best.type and (item.type is INT or item.type is FLOAT or item.type is _FLOAT64):
        return Val(item.type, (lw.b.emit(machine[item.type is not INT], item.parts[0], best.parts[0]),))
    chosen = operators.truth(lw, operators.compare(lw, op, item, best))
    known = lw.b.constant(chosen)
    if known is not None:
        return item if known else best
    joined = join_types(item.type, best.type)
    if joined is None or isinstance(joined, Object):
        lw.unsupported(f"a value that is either {item.type} or {best.type} is not supported")
    block = lw.b.block
    pairs = zip(lw.coerce(item, joined, block), lw.coerce(best, joined, block))
    return Val(joined, tuple([lw.b.emit("select", chosen, x, y) for x, y in pairs]))


def to_int(lw: Lowering, value: Val) -> Val | None:
    """``int(value)``."""
    type = value.type
    if type is INT or type is BOOL:
        return Val(INT, (as_int(lw, value),))
    if type is FLOAT or (isinstance(type, Scalar) and type.kind == "f"):
        x = unions.to_float64(lw, value)
        return whole_float_to_int(lw, x, x, "int(x)")
    if type is _NP_BOOL:
        return Val(INT, (lw.b.emit("b2i", value.parts[0]),))
    if isinstance(type, Scalar):
        if type is _UINT64:
            lw.check(lw.b.emit("sge", value.parts[0], lw.int_const(0)), "overflow")
        return Val(INT, value.parts)
    if isinstance(type, Union):
        return _split(lw, value, to_int)
    return _evaluated(lw, int, value)


def _split(lw: Lowering, value: Val, function: Callable[[Lowering, Val], Val | None]) -> Val:
    def one(v: Val) -> Val:
        result = function(lw, v)
        if result is None:
            lw.unsupported(f"converting {v.type} is not supported")
        return result

    return lw.split(value, one)


def _evaluated(lw: Lowering, function: Callable[[Any], Any], value: Val) -> Val | None:
    """The function done when compiling: on a string, on None (which raises), ..."""
    if isinstance(value.type, (Array, Range)):
        return None
    known = constants.plain_value(lw, value) if value.type is not NONE else None
    if isinstance(known, (str, bytes, int)):
        try:
            return lw.constant(function(known))
        except Exception as error:
            lw.fail_with(type(error), *error.args)
    type_error(lw, function, value)


def to_float(lw: Lowering, value: Val) -> Val | None:
    """``float(value)``."""
    if unions.converts(value.type):
        return Val(FLOAT, (unions.to_float64(lw, value),))
    if isinstance(value.type, Union):
        return _split(lw, value, to_float)
    return _evaluated(lw, float, value)


@positional(1, 1)
def _sum(lw: Lowering, args: list[Val]) -> Val | None:
    return folds.total(lw, args[0]) if is_own(args[0].type) else None


@positional(0, 1)
def _int(lw: Lowering, args: list[Val]) -> Val | None:
    return to_int(lw, args[0]) if args else lw.constant(0)


@positional(0, 1)
def _float(lw: Lowering, args: list[Val]) -> Val | None:
    return to_float(lw, args[0]) if args else lw.constant(0.0)


@positional(0, 1)
def _bool(lw: Lowering, args: list[Val]) -> Val | None:
    return Val(BOOL, (operators.truth(lw, args[0]),)) if args else lw.constant(False)


@positional(0, 2)
def _complex(lw: Lowering, args: list[Val]) -> Val | None:
    return complexes.construct(lw, args)


def _round(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    if len(args) == 1 and set(kwargs) == {"ndigits"}:
        args = [args[0], kwargs["ndigits"]]
    elif kwargs:
        return None
    if len(args) == 1 or (len(args) == 2 and args[1].type is NONE):
        return _round_to_int(lw, args[0])
    if len(args) != 2:
        return None
    if args[0].type is FLOAT and args[1].type is INT:
        return boxed.call(lw, round, (args[0].parts[0], args[1].parts[0]), "round(x, y)")
    digits = lw.known(args[1])
    return _round_to_digits(lw, args[0], digits) if type(digits) is int else None


def _round_to_int(lw: Lowering, value: Val) -> Val | None:
    type = value.type
    if isinstance(type, Union):
        return _split(lw, value, _round_to_int)
    if type is FLOAT or (isinstance(type, Scalar) and type.kind == "f"):
        x = unions.to_float64(lw, value)
        return whole_float_to_int(lw, lw.b.emit("frint", x), x, "round(x)")
    if type in NUMBERS or (isinstance(type, Scalar) and type is not _NP_BOOL):
        return to_int(lw, value)
    return None if isinstance(type, Array) else _evaluated(lw, round, value)


def _round_to_digits(lw: Lowering, value: Val, digits: int) -> Val | None:
    type = value.type
    if (type is INT or type is BOOL) and digits >= 0:
        return Val(INT, (as_int(lw, value),))
    return round_scalar(lw, value, digits)


def round_scalar(lw: Lowering, value: Val, digits: int) -> Val | None:
    """`np.round` of an np.float32 or np.float64: scale, round to even, scale back."""
    type = value.type
    if not isinstance(type, Scalar) or type.kind != "f" or abs(digits) > 22:
        return None
    if digits == 0:
        return Val(type, (lw.b.emit("frint", value.parts[0]),))
    scale = lw.b.const(type.access.type, 10.0 ** abs(digits))
    there, back = ("fmul", "fdiv") if digits > 0 else ("fdiv", "fmul")
    scaled = lw.b.emit("frint", lw.b.emit(there, value.parts[0], scale))
    return Val(type, (lw.b.emit(back, scaled, scale),))


@positional(1, 1)
def _len(lw: Lowering, args: list[Val]) -> Val | None:
    value = args[0]
    if isinstance(value.type, Tuple):
        return lw.constant(len(value.type.elements))
    if isinstance(value.type, Array):
        if value.type.ndim == 0:
            lw.fail_with(TypeError, "len() of unsized object")
        return Val(INT, (value.parts[2],))
    if isinstance(value.type, Range):
        return None
    if isinstance(value.type, List):
        return Val(INT, (packed.length(lw, value),))
    if isinstance(value.type, Object):
        return lists.length(lw, value)
    known = constant_value(value)
    if type(known) is str or type(known) is bytes:
        return lw.constant(len(known))
    type_error(lw, len, value)


@positional(1, 3)
def _range(lw: Lowering, args: list[Val]) -> Val | None:
    parts = [operators.to_index(lw, v) for v in args]
    if len(parts) == 1:
        parts.insert(0, lw.int_const(0))
    if len(parts) == 2:
        parts.append(lw.int_const(1))
    return Val(RANGE, tuple(parts))


def parallel_range(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """`prange`: what it is a range of, threads may share."""
    found = _range(lw, args, kwargs)
    return Val(PRANGE, found.parts) if found is not None else None


@positional(1, 3)
def _slice(lw: Lowering, args: list[Val]) -> Val | None:
    if len(args) == 1:
        args.insert(0, NONE_VAL)
    return slices.make(*args, *[NONE_VAL] * (3 - len(args)))


@positional(2, 3)
def _pow(lw: Lowering, args: list[Val]) -> Val | None:
    if len(args) == 2:
        return operators.binary(lw, "**", *args)
    if not all(v.type is INT or v.type is BOOL for v in args):
        return type_error(lw, pow, *args) if all(v.type in NUMBERS for v in args) else None
    return _modular_power(lw, *[as_int(lw, v) for v in args])


def _modular_power(lw: Lowering, base: int, exponent: int, modulus: int) -> Val:
    """By squaring, for moduli whose square fits; a negative exponent (an inverse) is CPython's."""
    emit, zero, one = lw.b.emit, lw.int_const(0), lw.int_const(1)
    lw.check(emit("ne", modulus, zero), "raise", (ValueError, ("pow() 3rd argument cannot be 0",)))
    lw.check(emit("sge", exponent, zero), "overflow")
    limit = lw.int_const(1 << 31)
    lw.check(emit("ule", emit("add", modulus, limit), emit("add", limit, limit)), "overflow")

    def step(values: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        result, square, left = values
        odd = emit("ne", emit("and", left, one), zero)
        result = emit("floormod", emit("mul", result, emit("select", odd, square, one)), modulus)
        left = emit("lshr", left, one)
        return emit("ne", left, zero), (result, emit("floormod", emit("mul", square, square), modulus), left)

    start = (emit("floormod", one, modulus), emit("floormod", base, modulus), exponent)
    return Val(INT, (power.repeat(lw, start, step)[0],))


@positional(2, 2)
def _divmod(lw: Lowering, args: list[Val]) -> Val | None:
    return operators.binary(lw, "divmod", *args)


@positional(2, 2)
def _isinstance(lw: Lowering, args: list[Val]) -> Val | None:
    value, classes = args
    given = lw.elements(classes) if isinstance(classes.type, Tuple) else [classes]
    allowed = tuple([constant_value(c) for c in given])
    # A class of another metaclass may decide as it likes.
    if not all(type(c) is type for c in allowed):
        return None

    def test(v: Val) -> Val:
        try:
            return lw.constant(isinstance(sample(v.type), allowed))
        except NoSample:
            lw.unsupported(f"isinstance of {v.type} is not supported")

    return lw.split(value, test)


def _iterator(name: str) -> Row:
    def row(lw: Lowering, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
        made: Val | None = getattr(iterators, name)(lw, args, kwargs)
        return made

    return row


DEFERRING.add(_abs)
ROWS: dict[str, Row] = {
    "abs": _abs,
    "min": _extreme("<"),
    "max": _extreme(">"),
    "sum": _sum,
    "int": _int,
    "float": _float,
    "complex": _complex,
    "bool": _bool,
    "round": _round,
    "len": _len,
    "range": _range,
    "slice": _slice,
    "pow": _pow,
    "divmod": _divmod,
    "isinstance": _isinstance,
    "enumerate": _iterator("enumerate_"),
    "zip": _iterator("zip_"),
    "reversed": _iterator("reversed_"),
}
TRAVERSING: frozenset[Row] = frozenset([ROWS[name] for name in ("len", "enumerate", "zip", "reversed")])
"""Rows that do not look at the elements of arrays."""
