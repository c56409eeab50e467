"""Mathematical functions become code: the last pass under fastmath.

    v3 = fcall exp at 0x.. pure (v2) : (f64) -> f64     v3 = fmul ..., after all that `special` emits for v4f64
    v5 = fcall exp at 0x.. pure (v4) : (f64) -> f64     v5 = ccall exp at (code of ours) pure (v4)
    v7 = fcall sin at 0x.. pure (v6) : (f64) -> f64     v7 = ccall sin at (the C library's) pure (v6)

`v2` being a vector. What is left of a loop whose iterations became lanes has to give the same bits as they do: so where
a function has lanes somewhere, scalars call the same code. Elsewhere the C library's is faster.
"""

from __future__ import annotations

from ..ir.builder import Builder
from ..ir.function import Call, Function
from ..ir.ops import OPS
from ..ir.types import F32
from . import special
from .rebuild import Rebuild
from .special.kit import Kit, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .rebuild import Edit

    # The address of the scalar code for a function, see `scalar`.
    Routine = Callable[[Call], int]

_FCALL, _CCALL = OPS["fcall"], OPS["ccall"]


def expand(function: Function, routine: Routine) -> Function:
    """Replace every `fcall`."""
    calls = [v for block in function.blocks for v in block.insts if function.ops[v] is _FCALL]
    if not calls:
        return function
    in_lanes = {function.imms[v] for v in calls if function.types[v].lanes > 1}
    edits: dict[int, Edit] = {}
    for v in calls:
        if function.types[v].lanes > 1:
            edits[v] = _lanes
        else:
            call = function.imms[v]
            edits[v] = _called(_own(call, routine) if call in in_lanes else call)
    return Rebuild(function, edits).run()


def _own(call: Call, routine: Routine) -> Call:
    return Call(call.name, routine(call), call.params, call.results, pure=True)


def _called(call: Call) -> Edit:
    def edit(rebuild: Rebuild, v: int) -> int:
        args = tuple([rebuild.value[a] for a in rebuild.old.args[v]])
        return rebuild.builder.insert(_CCALL, args, call, rebuild.old.types[v])

    return edit


def _lanes(rebuild: Rebuild, v: int) -> int:
    args = [rebuild.value[a] for a in rebuild.old.args[v]]
    return compute(rebuild.builder, rebuild.old.imms[v], args)


def compute(builder: Builder, call: Call, args: list[int]) -> int:
    """Emit the code of a function; a scalar's is right up to the limit only."""
    types = builder.function.types
    type = types[args[0]]
    if type.element is F32 and 2 * type.size > max(16, builder.function.target.vector_bytes):
        # What is twice as wide has no vector: by halves.
        halves = [compute(builder, call, [builder.emit(half, a) for a in args]) for half in ("low", "high")]
        return builder.emit("join", *halves)
    single = type.element is F32 or type is F32
    kit = Kit(builder, type.lanes)
    if single:
        args = [builder.emit("fext", a, type=kit.floats) for a in args]
    known = special.find(call)
    assert known is not None
    found: Value = (known.single if single else known.compute)(*map(kit.value, args))
    return builder.emit("fround", found.v, type=type) if single else found.v


def scalar(call: Call, target: object) -> Function:
    """A C function with the same arguments and results as `call`: our code up to the limit, and `call` beyond."""
    function = Function(call.name, call.results, "c")
    function.target = target
    builder = Builder(function)
    entry = builder.new_block()
    builder.start(entry, None)
    args = [builder.param(entry, t) for t in call.params]
    known = special.find(call)
    assert known is not None
    if known.limit:
        ours, theirs = builder.new_block(), builder.new_block()
        theirs.cold = True
        limit = builder.const(call.params[0], known.limit)
        builder.branch(builder.emit("fgt", builder.emit("fabs", args[0]), limit), theirs, ours)
        builder.start(ours, entry)
        builder.ret((compute(builder, call, args),))
        builder.start(theirs, entry)
        builder.ret((builder.insert(_CCALL, tuple(args), call, call.results[0]),))
    else:
        builder.ret((compute(builder, call, args),))
    return function
