"""Checks that cannot fail, conditions that are known, divisions that are shifts: what `analysis.ranges` proves.

    b1(v3: i64):        # counter, 0 <= v3 < v2             b1(v3: i64):
        v4 = index v3, v2, v0                                   v5 = load f64 [v1 + v3*8] region 1
        v5 = load f64 [v1 + v4*8] region 1                      v6 = add v3, v7
        v6 = addo v3, v7, v0                                    ...
        ...
"""

from __future__ import annotations

from ..analysis.ranges import Ranges
from ..ir.function import Site
from ..ir.magic import magic_63
from ..ir.ops import OPS
from ..ir.types import I64
from .rebuild import Rebuild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function
    from .rebuild import Edit

_INDEX = OPS["index"]
_CONST, _REMAINDER = OPS["const"], OPS["floormod"]
_DIVISIONS = {OPS["floordiv"]: "sar", OPS["floormod"]: "and"}


def drop_checks(function: Function) -> Function:
    """Without the checks that always pass, and with what is always the same replaced by it."""
    ranges = Ranges(function).sweep()
    function.facts.update(ranges.params)
    ops = function.ops
    edits: dict[int, Edit] = {}
    alone = [0] * len(function.sites)  # how many indices have each site
    for block in function.blocks:
        for v in block.insts:
            if ops[v] is _INDEX:
                alone[function.imms[v]] += 1
    for v in ranges.fits:
        if ops[v] is not _INDEX:
            edits[v] = unchecked
        elif v not in ranges.passes and alone[function.imms[v]] == 1:
            edits[v] = bounded
    for v in ranges.passes:
        edits[v] = first_argument if ops[v] is _INDEX else drop
    for v, w in ranges.same.items():
        edits[v] = _copy_of(w)
    for v, k in ranges.known.items():
        if not ops[v].guard or v in ranges.fits:
            edits[v] = _constant(k)
    for block in function.blocks:
        for v in block.insts:
            if ops[v] in _DIVISIONS and v not in edits:
                (_, divisor) = function.args[v]
                by = ranges.low[divisor]
                if ops[divisor] is _CONST and by > 0 and by & (by - 1) == 0:
                    edits[v] = shifted
                elif v in ranges.natural:
                    edits[v] = multiplied if ops[divisor] is _CONST else unsigned
    if not edits:
        return function
    return Rebuild(function, edits).run()


def unchecked(rebuild: Rebuild, v: int) -> int:
    """The wrapping operation for a checked one."""
    old = rebuild.old
    a, b = old.args[v][:2]
    return rebuild.builder.emit(old.ops[v].base, rebuild.value[a], rebuild.value[b])


def bounded(rebuild: Rebuild, v: int) -> int:
    """A guard for an `index` that is never negative, so that the index itself is used from here on."""
    old, value, sites = rebuild.old, rebuild.value, rebuild.new.sites
    i, n, dirty = [value[a] for a in old.args[v][:3]]
    # An `index` captures both implicitly, a guard by name.
    number = old.imms[v]
    site = old.sites[number]
    sites[number] = Site(site.line, site.kind, site.detail, (I64, I64), site.names, site.inlined)
    rebuild.builder.emit("guard", rebuild.builder.emit("ult", i, n), dirty, i, n, imm=number)
    return i


def first_argument(rebuild: Rebuild, v: int) -> int:
    return rebuild.value[rebuild.old.args[v][0]]


def drop(rebuild: Rebuild, v: int) -> int:
    return -1


def shifted(rebuild: Rebuild, v: int) -> int:
    """Floor division by a positive power of two."""
    old, builder = rebuild.old, rebuild.builder
    dividend, divisor = old.args[v]
    power = old.imms[divisor]
    name = _DIVISIONS[old.ops[v]]
    amount = power - 1 if name == "and" else power.bit_length() - 1
    return builder.emit(name, rebuild.value[dividend], builder.const(I64, amount))


def multiplied(rebuild: Rebuild, v: int) -> int:
    """Division of what is not negative by a positive constant, which is no power of two."""
    old, builder = rebuild.old, rebuild.builder
    dividend, divisor = [rebuild.value[a] for a in old.args[v]]
    multiplier, shift = magic_63(old.imms[old.args[v][1]])
    high = builder.emit("umulh", dividend, builder.const(I64, multiplier))
    quotient = builder.emit("lshr", high, builder.const(I64, shift))
    if old.ops[v] is not _REMAINDER:
        return quotient
    return builder.emit("sub", dividend, builder.emit("mul", quotient, divisor))


def unsigned(rebuild: Rebuild, v: int) -> int:
    """The same of what is not negative: nothing to round down."""
    old = rebuild.old
    name = "urem" if old.ops[v] is _REMAINDER else "udiv"
    return rebuild.builder.emit(name, *[rebuild.value[a] for a in old.args[v]])


def _copy_of(w: int) -> Edit:
    return lambda rebuild, v: rebuild.value[w]


def _constant(k: int) -> Edit:
    return lambda rebuild, v: rebuild.builder.const(rebuild.old.types[v], k)
