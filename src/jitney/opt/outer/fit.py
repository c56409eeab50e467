"""Whether lanes can do what a nest does, on this machine, and whether that is faster: see `plan`."""

from __future__ import annotations

from ...analysis.polynomials import part
from ...ir.ops import OPS
from ...ir.types import F32, F64, I1, I8, I16, I32, I64, vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.function import Block, Loop
    from ...ir.types import Access, Type
    from .plan import Plan

_CONST, _LOAD, _STORE, _PARAM, _SELECT = (OPS[name] for name in ("const", "load", "store", "param", "select"))
_SHORT = 16  # iterations of an inner loop
_REGISTERS = 12  # for what inner loops carry around
_OPS = frozenset((
    "fadd", "fsub", "fmul", "fdiv", "fneg", "fabs", "fsqrt", "fma", "fpower", "fcopysign", "fmin", "fmax", "ffloor",
    "fceil", "ftrunc", "frint", "feq", "fne", "flt", "fle", "fgt", "fge", "add", "sub", "mul", "neg", "and", "or",
    "xor", "not", "eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge", "smin", "smax", "umin", "umax",
    "iabs", "select", "i2f",
))  # fmt: skip
_HALVES = {I64: I32, I32: I16, I16: I8}
_EXTREMES = ("fmin", "fmax", "smin", "smax")
_COSTS = {"fdiv": 4.0, "fsqrt": 5.0, "fpower": 6.0}  # other than 1, scalar or vector


class Unsuitable(Exception):
    """The nest stays as it is. Says why."""


def width(plan: Plan) -> int:
    """Of all lanes; all that is done with them can be done."""
    function, target = plan.function, plan.function.target
    lanes = plan.in_lanes()
    types = {function.types[v] for v in lanes} | {
        function.types[a] for v in lanes if function.ops[v] is not _LOAD and not plan.linear(v)
        for a in function.args[v]
    }  # fmt: skip
    for block in plan.blocks:
        types |= {function.types[function.args[v][0]] for v in block.insts if function.ops[v] is _STORE}
    width = 32 if F32 in types else 64
    if types - {F32 if width == 32 else F64, I1, *((I64,) if width == 64 else ())}:
        raise Unsuitable("lanes of several widths")
    count = 8 * target.vector_bytes // width
    for v in lanes:
        _check_op(plan, v, width)
    for v in (*plan.given(), *plan.last()):
        if v in plan.varying:
            type = plan.function.types[v]
            _require(plan, "lane", vector(type if type.is_float else I64, 8 * target.vector_bytes // width))
    for block in plan.blocks:
        for v in block.insts:
            if function.ops[v] is _STORE:
                type, access = function.types[function.args[v][0]], function.imms[v].access
                if type is I1:
                    raise Unsuitable("a store of a condition")
                if plan.unit(v):
                    for wide in narrowing(vector(type, count), access)[:-1]:
                        _require(plan, "vtrunc", wide)
    if plan.breaks or any(function.args[v][0] in plan.varying for v in plan.exits):
        _require(plan, "allset", vector(I64 if width == 64 else I32, count))
    return width


def _require(plan: Plan, name: str, type: Type) -> None:
    if not plan.function.target.supports(name, type):
        raise Unsuitable(f"{name} of {type}")


def _check_op(plan: Plan, v: int, width: int) -> None:
    function = plan.function
    op, type = function.ops[v], function.types[v]
    count = 8 * function.target.vector_bytes // width

    def widened(type: Type) -> Type:
        return vector(type if type.is_float else I64 if width == 64 else I32, count)

    if op is _PARAM and not plan.linear(v):
        return
    if op is _LOAD:
        if type is I1:
            raise Unsuitable("a load of a condition")
        _require(plan, "insert", widened(type))
        narrow = narrowing(widened(type), function.imms[v].access)[-1]
        _require(plan, "load", narrow)
        if narrow is not widened(type):
            _require(plan, "vsext", narrow)
    elif plan.linear(v):
        _require(plan, "add", widened(type))
        _require(plan, "splat", widened(type))
    elif op.name in _OPS and function.args[v]:
        first = function.args[v][1 if op is _SELECT else 0]
        _require(plan, op.name, widened(function.types[first]))
    else:
        raise Unsuitable(f"{op} in lanes")


def parts(plan: Plan) -> list[int]:
    """How many registers per value, the most first; may lower `Plan.inner_most`."""
    function = plan.function
    lanes = 8 * function.target.vector_bytes // plan.width
    outer = {loop.parent for loop in plan.inner}
    blocks: dict[Loop, list[Block]] = {loop: [] for loop in plan.inner if loop not in outer}
    for block in plan.blocks:
        if block.loop in blocks:
            blocks[block.loop].append(block)
    strided = any(_strided(plan, loop, inside) for loop, inside in blocks.items())
    if not strided and not any(_ordered(plan, loop, inside) for loop, inside in blocks.items()):
        raise Unsuitable("the inner loop is a better candidate")
    scalar, wide, scattered, carried = 0.0, 0.0, False, 0
    for loop, inside in blocks.items():
        carried = max(carried, len([p for p in loop.header.params if p in plan.varying and p in plan.needed]))
        for block in inside:
            for v in block.insts:
                cost = _COSTS.get(function.ops[v].name, 1.0)
                if function.ops[v].guard or function.ops[v] is _CONST:
                    continue
                scalar += cost
                if v in plan.strides and plan.strides[v] and not plan.unit(v):
                    scattered = True
                    wide += 1.5 * lanes
                else:
                    wide += 2 * cost if cost > 1.0 else cost
    if wide > 0.7 * lanes * max(scalar, 4.0):
        raise Unsuitable("no gain")
    if function.fastmath and scattered and not strided:
        # A long inner loop is vectorised itself.
        plan.inner_most = _SHORT
    most = 2 if scattered or plan.breaks else 4
    while most > 1 and (most * carried > _REGISTERS or most * wide > 80):
        most //= 2
    return [most, 1] if most > 1 else [1]


def _ordered(plan: Plan, loop: Loop, blocks: list[Block]) -> bool:
    """Whether an innermost loop carries around floats in order, or that `vector` would have to put in order."""
    function = plan.function
    back = next(e for b in blocks for e in b.edges if e.target is loop.header)
    return any(
        function.types[p].is_float and p in plan.needed and function.ops[a].name not in _EXTREMES
        for p, a in zip(loop.header.params, back.args)
    )


def _strided(plan: Plan, loop: Loop, blocks: list[Block]) -> bool:
    """Whether accesses keep an innermost loop from being vectorised."""
    function = plan.function
    for block in blocks:
        for v in block.insts:
            if v in plan.strides:
                args = function.args[v]
                poly = plan.address(v, args[1:] if function.ops[v] is _STORE else args)
                step = part(poly, plan.counters, loop.counter)
                if step and step != {(): function.imms[v].access.size}:
                    return True
    return False


def narrowing(type: Type, access: Access) -> list[Type]:
    """A type of lanes and those of half their width each, down to what memory holds."""
    types = [type]
    if not type.element.is_float:
        while types[-1].element.size > access.size:
            types.append(vector(_HALVES[types[-1].element], type.lanes))
    return types
