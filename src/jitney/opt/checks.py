"""Checks that cannot fail, conditions that are known, divisions that are shifts or products: what `analysis.ranges`
proves.

    b1(v3: i64):        # counter, 0 <= v3 < v2             b1(v3: i64):
        v4 = index v3, v2, v0                                   v5 = load f64 [v1 + v3*8] region 1
        v5 = load f64 [v1 + v4*8] region 1                      v6 = add v3, v7
        v6 = addo v3, v7, v0                                    ...
        ...

Of what lies in [0, 2**31), `v8 = floordiv v7, 10` is `lshr(mul v7, 3435973837), 35`; of what lies in [0, 2**16) the
shift is no more than 31, so that lanes of 16 and 32 bits will do for the product's upper half. What may be negative is
divided by ``t ^ ((t ^ x) // c)`` with ``t = x >> 63``. Where only conditions say how small the dividend is, its low
bits are taken first, which say it, too.
"""

from __future__ import annotations

from ..analysis.ranges import Ranges
from ..ir.function import Site
from ..ir.magic import magic_63, magic_below
from ..ir.ops import OPS
from ..ir.types import I64
from .rebuild import Rebuild

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function
    from .rebuild import Edit

_INDEX = OPS["index"]
_CONST, _REMAINDERS, _UNSIGNED = OPS["const"], (OPS["floormod"], OPS["urem"]), (OPS["udiv"], OPS["urem"])
_DIVISIONS = {OPS["floordiv"]: "sar", OPS["floormod"]: "and", OPS["udiv"]: "lshr", OPS["urem"]: "and"}


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
                elif v in ranges.divided:
                    edit = _division(ranges, v)
                    if edit is not None:
                        edits[v] = edit
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


def _division(ranges: Ranges, v: int) -> Edit | None:
    """How to divide by what is positive, and no power of two; None: as it is."""
    function = ranges.function
    dividend, divisor = function.args[v]
    low, high = ranges.divided[v]
    if function.ops[v] in _UNSIGNED and (low < 0 or function.ops[divisor] is not _CONST):
        return None
    if function.ops[divisor] is not _CONST:
        return unsigned if low >= 0 else None
    most = max(~low, high)
    magic = magic_below(function.imms[divisor], most)
    if magic is None or (low < 0 and most >= 1 << 31):
        return multiplied if low >= 0 else None
    signed = low < 0
    bits = next(n for n in (16, 32, 64) if most >> n - signed == 0)
    least, greatest = ranges.anywhere(dividend)
    cut = bits < 64 and (max(~least, greatest) >> bits - signed != 0 or (least < 0 and not signed))
    return _scaled(signed, f"{'s' if signed else 'z'}ext{bits}" if cut else "", *magic)


def _scaled(signed: bool, cut: str, multiplier: int, shift: int) -> Edit:
    """Division of a small number by a product."""

    def edit(rebuild: Rebuild, v: int) -> int:
        old, builder = rebuild.old, rebuild.builder
        dividend, divisor = [rebuild.value[a] for a in old.args[v]]
        natural = builder.emit(cut, dividend) if cut else dividend
        sign = builder.emit("sar", natural, builder.const(I64, 63)) if signed else -1
        if signed:
            natural = builder.emit("xor", natural, sign)
        product = builder.emit("mul", natural, builder.const(I64, multiplier))
        quotient = builder.emit("lshr", product, builder.const(I64, shift))
        if signed:
            quotient = builder.emit("xor", quotient, sign)
        if old.ops[v] not in _REMAINDERS:
            return quotient
        return builder.emit("sub", dividend, builder.emit("mul", quotient, divisor))

    return edit


def multiplied(rebuild: Rebuild, v: int) -> int:
    """Division of what is not negative by a positive constant, which is no power of two."""
    old, builder = rebuild.old, rebuild.builder
    dividend, divisor = [rebuild.value[a] for a in old.args[v]]
    multiplier, shift = magic_63(old.imms[old.args[v][1]])
    high = builder.emit("umulh", dividend, builder.const(I64, multiplier))
    quotient = builder.emit("lshr", high, builder.const(I64, shift))
    if old.ops[v] not in _REMAINDERS:
        return quotient
    return builder.emit("sub", dividend, builder.emit("mul", quotient, divisor))


def unsigned(rebuild: Rebuild, v: int) -> int:
    """The same of what is not negative: nothing to round down."""
    old = rebuild.old
    name = "urem" if old.ops[v] in _REMAINDERS else "udiv"
    return rebuild.builder.emit(name, *[rebuild.value[a] for a in old.args[v]])


def _copy_of(w: int) -> Edit:
    return lambda rebuild, v: rebuild.value[w]


def _constant(k: int) -> Edit:
    return lambda rebuild, v: rebuild.builder.const(rebuild.old.types[v], k)
