"""Single numbers from NumPy's generators: calls of the C functions that the methods of `Generator` and `RandomState`
call, on the generator's own state.

    rng.normal(0.0, s)    the lock is free, 0 < s < inf: random_normal(rng + 24, 0.0, s)
                          else:                          rng.normal(0.0, s), boxed

So the stream is one, whoever draws next. The GIL is held from the test of the lock to the end of the draw, so that the
lock need not be taken. Everything unusual is left to the method itself: it waits for other threads and raises NumPy's
exceptions. Numbers of NumPy's generators that are older than `Generator` come from algorithms of their own:

- normal numbers by Marsaglia's polar method, which gives two at a time; the second one is kept in the object
- exponential numbers are -log(1 - U)
"""

from __future__ import annotations

import math

from ...ir.function import Call
from ...ir.types import ACCESSES, F64
from ...lazy import lazy
from ...pytypes import FLOAT, INT, NONE, SCALARS, Array, Constant, Object, Scalar
from .. import operators
from ..operators import libm
from ..operators.unions import converts, to_float64
from ..state import Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...ir.types import Type
    from ...pytypes import PyType
    from .. import arrays, objects
    from ..operators import power
    from ..state import Lowering

    Prepared = tuple[int, Callable[[], int]]
    Prepare = Callable[[Lowering, "Source", dict[str, Val]], Prepared | None]
else:
    arrays, objects = lazy("jitney.frontend", "arrays", "objects")
    power = lazy("jitney.frontend.operators", "power")

_F64, _I32, _WORD, _POINTER = ACCESSES["f64"], ACCESSES["i32"], ACCESSES["i64"], ACCESSES["ptr"]
_MOST = 1e9  # for counts: far from where functions go other ways


class Source:
    """A generator: the object, its layout, and where in it the record of its bit generator is."""

    def __init__(self, lw: Lowering, owner: Val, layout: Any) -> None:
        self.lw = lw
        self.layout = layout
        self.object = objects.box(lw, owner).parts[0]
        self.bits = lw.b.emit("ptradd", self.object, lw.int_const(layout.bitgen))

    def is_free(self) -> int:
        """Whether nobody holds the generator's lock."""
        b, layout = self.lw.b, self.layout
        lock = b.load(_POINTER, self.object, disp=layout.lock)
        expected = b.load(_POINTER, lock, disp=self.lw.hooks.host.LAYOUT.type)
        same = b.emit("eq", expected, self.lw.keep(layout.lock_type))
        access = ACCESSES["i64" if layout.held_size == 8 else "u8"]

        def nobody() -> Val:
            return Val(INT, (b.load(access, lock, disp=layout.held),))

        held = self.lw.if_else(same, nobody, lambda: Val(INT, (self.lw.int_const(1),))).parts[0]
        return b.emit("eq", held, self.lw.int_const(0))

    def function(self, name: str) -> int:
        """The address of one of NumPy's functions that draw."""
        address = self.lw.hooks.host.draws(name)
        if not address:
            self.lw.unsupported(f"the function {name}, which this NumPy does not have, is not supported")
        return address

    def call(self, name: str, *args: int, result: Type = F64) -> int:
        """Call one of them on the generator's record."""
        return self.lw.ccall(name, self.function(name), (self.bits, *args), result, pure=False)

    def whole(self, start: int, width: int) -> int:
        """From `start` to `start + width`, inclusive."""
        lw, name = self.lw, "random_bounded_uint64_fill"
        room = lw.b.emit("alloca", imm=8)
        # Old generators discard numbers beyond the range, new ones multiply.
        masked = lw.int_const(int(self.layout.gauss >= 0))
        args = (self.bits, start, width, lw.int_const(1), masked, room)
        types = tuple([lw.function.types[a] for a in args])
        lw.b.call("ccall", Call(name, self.function(name), types, ()), args)
        return lw.b.load(_WORD, room)

    def uniform(self) -> int:
        """From [0, 1)."""
        return self.call("random_standard_uniform")


# -- the algorithms of RandomState -------------------------------------------------------------------------------------


def _log(lw: Lowering, x: int) -> int:
    return lw.ccall("log", libm.address(lw, "log"), (x,), F64)


def _polar(source: Source) -> int:
    """A normal number: the one kept, or a new pair of which one is kept."""
    lw, b, at = source.lw, source.lw.b, source.layout.gauss
    emit, one, two, zero = b.emit, lw.float_const(1.0), lw.float_const(2.0), lw.float_const(0.0)

    def kept() -> Val:
        number = b.load(_F64, source.object, disp=at + 8)
        b.store(_I32, lw.int_const(0), source.object, disp=at)
        b.store(_F64, zero, source.object, disp=at + 8)
        return Val(FLOAT, (number,))

    def step(values: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        x, y = [emit("fsub", emit("fmul", two, source.uniform()), one) for _ in range(2)]
        square = emit("fadd", emit("fmul", x, x), emit("fmul", y, y))
        outside = emit("or", emit("fge", square, one), emit("feq", square, zero))
        return outside, (x, y, square)

    def pair() -> Val:
        x, y, square = power.repeat(lw, (zero, zero, zero), step)
        scale = emit("fdiv", emit("fmul", lw.float_const(-2.0), _log(lw, square)), square)
        scale = emit("fsqrt", scale)
        b.store(_F64, emit("fmul", scale, x), source.object, disp=at + 8)
        b.store(_I32, lw.int_const(1), source.object, disp=at)
        return Val(FLOAT, (emit("fmul", scale, y),))

    left = emit("ne", b.load(_I32, source.object, disp=at), lw.int_const(0))
    return lw.if_else(left, kept, pair).parts[0]


def _inverted(source: Source) -> int:
    """An exponential number."""
    lw, emit = source.lw, source.lw.b.emit
    return emit("fneg", _log(lw, emit("fsub", lw.float_const(1.0), source.uniform())))


def _polar_scaled(source: Source, loc: int, scale: int) -> int:
    emit = source.lw.b.emit
    return emit("fadd", loc, emit("fmul", scale, _polar(source)))


def _polar_power(source: Source, loc: int, scale: int) -> int:
    lw, x = source.lw, _polar_scaled(source, loc, scale)
    return lw.ccall("exp", libm.address(lw, "exp"), (x,), F64)


def _inverted_scaled(source: Source, scale: int) -> int:
    return source.lw.b.emit("fmul", scale, _inverted(source))


# -- rows --------------------------------------------------------------------------------------------------------------


class Row:
    """A method that draws a number.

    Attributes:
        draw: the C function's name, or what makes the draw of the source and the parameters.
        parameters: their names, their defaults or None, and what is usual: "f" a finite number, "p" a positive one,
            "u" one between 0 and 1, "n" one up to a billion.
        result: the type of the number.
        prepare: what looks at the arguments, where that is not as the parameters say: gives whether they are usual, and
            what draws then; or None.
    """

    __slots__ = ("draw", "parameters", "prepare", "result")

    def __init__(
        self,
        draw: str | Callable[..., int],
        *parameters: tuple[str, float | None, str],
        result: PyType = FLOAT,
        prepare: Prepare | None = None,
    ) -> None:
        self.draw = draw
        self.parameters = parameters
        self.result = result
        self.prepare = prepare if prepare is not None else self._prepare

    def _prepare(self, lw: Lowering, source: Source, given: dict[str, Val]) -> Prepared | None:
        usual, parts = lw.bool_const(True), []
        for name, default, kind in self.parameters:
            value = given.get(name)
            if value is None:
                if default is None:
                    return None
                parts.append(lw.float_const(default))
                continue
            if not converts(value.type):
                return None
            parts.append(to_float64(lw, value))
            usual = lw.b.emit("and", usual, _is_usual(lw, parts[-1], kind))
        draw, machine = self.draw, self.result.leaves[0]
        if isinstance(draw, str):
            return usual, lambda: source.call(draw, *parts, result=machine)
        return usual, lambda: draw(source, *parts)


def _is_usual(lw: Lowering, x: int, kind: str) -> int:
    """Whether a parameter has no need of NumPy's tests."""
    emit = lw.b.emit
    if kind == "f":
        return emit("flt", emit("fabs", x), lw.float_const(math.inf))
    bound = {"p": math.inf, "u": 1.0, "n": _MOST}[kind]
    return emit("and", emit("flt", lw.float_const(0.0), x), emit("flt", x, lw.float_const(bound)))


def _between(lw: Lowering, source: Source, given: dict[str, Val]) -> Prepared | None:
    """``uniform(low, high)``."""
    low, high = given.get("low", lw.constant(0.0)), given.get("high", lw.constant(1.0))
    if not converts(low.type) or not converts(high.type):
        return None
    start = to_float64(lw, low)
    width = lw.b.emit("fsub", to_float64(lw, high), start)
    usual = lw.b.emit("and", _is_usual(lw, start, "f"), _is_usual(lw, width, "p"))
    return usual, lambda: source.call("random_uniform", start, width)


def _whole(lw: Lowering, source: Source, given: dict[str, Val]) -> Prepared | None:
    """``integers(low, high)`` and ``randint(low, high)``, of their default dtype."""
    low, high = given.get("low"), given.get("high")
    if low is None:
        return None
    if high is None or high.type is NONE:
        low, high = lw.constant(0), low
    for v in (low, high):
        if v.type is not INT and not (isinstance(v.type, Scalar) and v.type.kind == "i"):
            return None
    emit, start, stop = lw.b.emit, operators.to_index(lw, low), operators.to_index(lw, high)
    width = emit("sub", emit("sub", stop, lw.int_const(1)), start)

    return emit("slt", start, stop), lambda: source.whole(start, width)


def _is_line(value: Val) -> bool:
    """Whether it is an array of plain numbers with one axis."""
    type = value.type
    return isinstance(type, Array) and type.ndim == 1 and type.item in SCALARS.values()


def _chosen(lw: Lowering, source: Source, given: dict[str, Val]) -> Prepared | None:
    """``choice(n)`` and ``choice(array)``, as an index."""
    a = given.get("a")
    if a is None or not (a.type is INT or _is_line(a)):
        return None
    count = a.parts[0] if a.type is INT else arrays.lengths(a)[0]
    zero, one = lw.int_const(0), lw.int_const(1)
    return lw.b.emit("sgt", count, zero), lambda: source.whole(zero, lw.b.emit("sub", count, one))


_LOC, _SCALE = ("loc", 0.0, "f"), ("scale", 1.0, "p")
_RANGE = ("low", None, ""), ("high", None, "")
_SHARED = {
    "random": Row("random_standard_uniform"),
    "uniform": Row("", *_RANGE, prepare=_between),
    "choice": Row("", ("a", None, ""), result=INT, prepare=_chosen),
    "laplace": Row("random_laplace", _LOC, _SCALE),
    "gumbel": Row("random_gumbel", _LOC, _SCALE),
    "logistic": Row("random_logistic", _LOC, _SCALE),
    "poisson": Row("random_poisson", ("lam", 1.0, "n"), result=INT),
}
LEGACY = {
    **_SHARED,
    "random_sample": Row("random_standard_uniform"),
    "randint": Row("", *_RANGE, result=INT, prepare=_whole),
    "rand": Row("random_standard_uniform"),
    "randn": Row(_polar),
    "standard_normal": Row(_polar),
    "normal": Row(_polar_scaled, _LOC, _SCALE),
    "lognormal": Row(_polar_power, ("mean", 0.0, "f"), ("sigma", 1.0, "p")),
    "standard_exponential": Row(_inverted),
    "exponential": Row(_inverted_scaled, _SCALE),
}
NEW = {
    **_SHARED,
    "standard_normal": Row("random_standard_normal"),
    "normal": Row("random_normal", _LOC, _SCALE),
    "lognormal": Row("random_lognormal", ("mean", 0.0, "f"), ("sigma", 1.0, "p")),
    "standard_exponential": Row("random_standard_exponential"),
    "exponential": Row("random_exponential", _SCALE),
    "integers": Row("", *_RANGE, result=SCALARS["int64"], prepare=_whole),
    "standard_gamma": Row("random_standard_gamma", ("shape", None, "p")),
    "gamma": Row("random_gamma", ("shape", None, "p"), _SCALE),
    "beta": Row("random_beta", ("a", None, "p"), ("b", None, "p")),
    "chisquare": Row("random_chisquare", ("df", None, "p")),
    "f": Row("random_f", ("dfnum", None, "p"), ("dfden", None, "p")),
    "standard_t": Row("random_standard_t", ("df", None, "p")),
    "standard_cauchy": Row("random_standard_cauchy"),
    "pareto": Row("random_pareto", ("a", None, "p")),
    "weibull": Row("random_weibull", ("a", None, "p")),
    "power": Row("random_power", ("a", None, "p")),
    "rayleigh": Row("random_rayleigh", _SCALE),
    "wald": Row("random_wald", ("mean", None, "p"), ("scale", None, "p")),
    "geometric": Row("random_geometric", ("p", None, "u"), result=INT),
}


def _given(args: list[Val], kwargs: dict[str, Val], names: tuple[str, ...]) -> dict[str, Val] | None:
    """The arguments by the parameters' names; None where an array is wanted, or the call does not fit."""
    if len(args) > len(names) + 1 or any(name in kwargs for name in (*names, "size")[: len(args)]):
        return None
    given = {**dict(zip((*names, "size"), args)), **kwargs}
    size = given.pop("size", None)
    return given if (size is None or size.type is NONE) and set(given) <= set(names) else None


def _layout_of(lw: Lowering, owner: Val) -> Any:
    """The layout of a generator; None of all else."""
    type = owner.type
    kind = type.value.__class__ if isinstance(type, Constant) else type.kind if isinstance(type, Object) else None
    return lw.hooks.host.generators(kind) if kind is not None else None


def method(lw: Lowering, owner: Val, name: str, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """A number that a method of a generator draws; None for all other methods, objects and arguments."""
    layout = _layout_of(lw, owner)
    row = (LEGACY if layout.gauss >= 0 else NEW).get(name) if layout is not None else None
    if row is None or (name in ("rand", "randn") and (args or kwargs)):
        return None
    given = _given(args, kwargs, tuple([p[0] for p in row.parameters]))
    source = Source(lw, owner, layout)
    prepared = row.prepare(lw, source, given) if given is not None else None
    if prepared is None:
        return None
    usual, draw = prepared
    lw.set_dirty()
    line = given["a"] if name == "choice" and given is not None and _is_line(given["a"]) else None
    result = row.result if line is None else line.type.item  # type: ignore[attr-defined]

    def compiled() -> Val:
        number = draw()
        return Val(row.result, (number,)) if line is None else arrays.load_at(lw, line, [number])

    def by_numpy() -> Val:
        lw.b.block.cold = True
        boxed = [objects.box(lw, v).parts[0] for v in (owner, *args, *kwargs.values())]
        return objects.unbox(lw, objects.method_call(lw, name, boxed, tuple(kwargs)), result, name)

    return lw.if_else(lw.b.emit("and", usual, source.is_free()), compiled, by_numpy)


def bound(lw: Lowering, function: Any, args: list[Val], kwargs: dict[str, Val]) -> Val | None:
    """A number that a bound method, such as `np.random.normal`, draws."""
    name = getattr(function, "__name__", "")
    if name not in LEGACY and name not in NEW:
        return None
    return method(lw, lw.constant(function.__self__), name, args, kwargs)
