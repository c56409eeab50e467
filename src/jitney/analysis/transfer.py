"""What `analysis.ranges` learns at each operation: bounds of its result, and what holds after it."""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I1, I64
from ..lazy import lazy
from .intervals import INTERVALS, MAX, MIN, TERMS, access_range, clamped, magnitude_of, mean_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from . import multiples
    from .ranges import Ranges
else:
    multiples = lazy("jitney.analysis", "multiples")

_CONST, _ADD, _ADDO, _SUB, _SUBO = OPS["const"], OPS["add"], OPS["addo"], OPS["sub"], OPS["subo"]
_AND, _OR, _XOR, _NOT, _SMIN = OPS["and"], OPS["or"], OPS["xor"], OPS["not"], OPS["smin"]
_SMAX, _LOAD, _GUARD, _INDEX, _SLT = OPS["smax"], OPS["load"], OPS["guard"], OPS["index"], OPS["slt"]
_SLE, _SGT, _SGE, _ULT, _ULE = OPS["sle"], OPS["sgt"], OPS["sge"], OPS["ult"], OPS["ule"]
_UGT, _UGE, _EQ, _NE, _FEQ, _FNE = OPS["ugt"], OPS["uge"], OPS["eq"], OPS["ne"], OPS["feq"], OPS["fne"]
_FLT, _FLE, _FGT, _FGE = OPS["flt"], OPS["fle"], OPS["fgt"], OPS["fge"]
# What is asked about x: by `x op 0.0`, and by `0.0 op x`.
_ZERO_SECOND = {_FLT: _FLT, _FLE: _FLE, _FEQ: _FEQ, _FNE: _FNE}
_ZERO_FIRST = {_FGT: _FLT, _FGE: _FLE, _FEQ: _FEQ, _FNE: _FNE}
_SHL, _SAR = OPS["shl"], OPS["sar"]
_ANY_SIGN = (_LOAD, OPS["fsub"], OPS["ccall"])


def _visit_pure(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    """Bounds of an integer result."""
    function = r.function
    if function.types[v] is not I64:
        if function.types[v] is I1:
            _visit_flag(r, v, args)
        return
    low, high = r.low, r.high
    lo, hi = INTERVALS[function.ops[v]](*[(low[a], high[a]) for a in args])
    if lo >= MIN and hi <= MAX:
        low[v], high[v] = lo, hi
        if lo == hi:
            r.known[v] = lo


def _visit_flag(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    op = r.function.ops[v]
    if op is _AND or op is _OR or op is _XOR:
        (lo, hi), (lo2, hi2) = [(max(r.low[a], 0), min(r.high[a], 1)) for a in args]
        if op is _AND:
            lo, hi = lo & lo2, hi & hi2
        elif op is _OR:
            lo, hi = lo | lo2, hi | hi2
        elif lo == hi and lo2 == hi2:
            lo = hi = lo ^ lo2
        else:
            lo, hi = 0, 1
    elif op is _NOT:
        lo, hi = 1 - min(r.high[args[0]], 1), 1 - max(r.low[args[0]], 0)
    else:
        return
    if lo == hi:
        r.low[v] = r.high[v] = r.known[v] = lo


def _visit_sum(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    """`add` and `sub`: also remembered as a distance where a constant is added."""
    a, b = args
    low, high = r.low, r.high
    if r.function.ops[v] is _ADD:
        lo, hi = low[a] + low[b], high[a] + high[b]
        if r.function.ops[b] in TERMS or r.function.ops[a] in TERMS:
            lo, hi = _mean(r, args, lo, hi)
    else:
        lo, hi = low[a] - high[b], high[a] - low[b]
    if lo >= MIN and hi <= MAX:
        _sum_facts(r, v, a, b, lo, hi)
    if r.rooms and r.function.ops[v] is _ADD:
        multiples.visit_sum(r, v, a, b)


def _visit_product(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    if r.rooms is not None:
        multiples.visit_product(r, v, *args)


def _mean(r: Ranges, args: tuple[int, ...], lo: int, hi: int) -> tuple[int, int]:
    """Bounds of a sum, narrower than `lo` and `hi` if it is a weighted mean."""
    ops, given, imms = r.function.ops, r.function.args, r.function.imms
    found = mean_of(args, lambda a: (ops[a], given[a], imms[a]), lambda a: (r.low[a], r.high[a]))
    return (max(lo, found[0]), min(hi, found[1])) if found is not None and clamped(found) == found else (lo, hi)


def _sum_facts(r: Ranges, v: int, a: int, b: int, lo: int, hi: int) -> None:
    low, high = r.low, r.high
    low[v], high[v] = lo, hi
    if lo == hi:
        r.known[v] = lo
        return
    op = r.function.ops[v]
    down = op is _SUB or op is _SUBO
    if low[b] == high[b]:
        c = -low[b] if down else low[b]
        r.exact[v] = (a, c)
        r.define_bound(v, a, c)
        r.define_lower(v, a, c)
    elif low[a] == high[a] and not down:
        r.exact[v] = (b, low[a])
        r.define_bound(v, b, low[a])
        r.define_lower(v, b, low[a])
    elif down:
        if low[b] >= 0:
            r.define_bound(v, a, -low[b])
        elif high[b] <= 0:
            r.define_lower(v, a, -high[b])
    else:
        for x, y in ((a, b), (b, a)):
            if high[y] <= 0:
                r.define_bound(v, x, high[y])
            elif low[y] >= 0:
                r.define_lower(v, x, low[y])


def _visit_checked(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    op = r.function.ops[v]
    a, b = args[0], args[1]
    low, high = r.low, r.high
    interval = INTERVALS[OPS[op.base]]
    lo, hi = interval((low[a], high[a]), (low[b], high[b]))
    if op is _ADDO and (r.function.ops[b] in TERMS or r.function.ops[a] in TERMS):
        lo, hi = _mean(r, args[:2], lo, hi)
    if lo >= MIN and hi <= MAX:
        r.fits.add(v)
    else:
        lo, hi = max(lo, MIN), min(hi, MAX)
        if lo > hi:
            return
    if op.base == "mul":
        low[v], high[v] = lo, hi
        if r.rooms is not None and multiples.visit_product(r, v, a, b):
            r.fits.add(v)
    else:
        _sum_facts(r, v, a, b, lo, hi)
        if r.rooms and op is _ADDO and multiples.visit_sum(r, v, a, b):
            r.fits.add(v)


def _visit_index(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    i, n = args[0], args[1]
    low = r.low
    if low[i] >= 0:
        r.fits.add(v)
        if r.at_most(i, n, -1):
            r.passes.add(v)
    r.narrow(n, 1, MAX)
    r.narrow(i, -r.high[n], MAX)
    r.less(i, n, -1)
    r.low[v], r.high[v] = max(0, low[i]), max(0, r.high[n] - 1)
    r.define_bound(v, n, -1)
    if low[i] >= 0:
        r.exact[v] = (i, 0)
        r.define_bound(v, i, 0)
        r.define_lower(v, i, 0)
        r.high[v] = min(r.high[v], r.high[i])


def _visit_guard(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    if r.low[args[0]] == 1:
        r.passes.add(v)
    else:
        r.assume(args[0], True)


def _visit_compare(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    a, b = [r.same.get(a, a) for a in args]
    function = r.function
    if function.types[a] is not I64:
        return
    op = function.ops[v]
    low, high = r.low, r.high
    if op is _ULT or op is _ULE or op is _UGT or op is _UGE:
        if low[a] < 0 or low[b] < 0:
            return
        op = _SIGNED[op]
    if op is _SGT:
        op, a, b = _SLT, b, a
    elif op is _SGE:
        op, a, b = _SLE, b, a
    result = -1
    if op is _SLT:
        result = 1 if r.at_most(a, b, -1) else 0 if r.at_most(b, a, 0) else -1
    elif op is _SLE:
        result = 1 if r.at_most(a, b, 0) else 0 if r.at_most(b, a, -1) else -1
    elif high[a] < low[b] or high[b] < low[a]:
        result = int(op is _NE)
    elif r.at_most(a, b, -1) or r.at_most(b, a, -1):
        result = int(op is _NE)
    elif a == b or low[a] == high[a] == low[b] == high[b]:
        result = int(op is _EQ)
    if result >= 0:
        low[v] = high[v] = r.known[v] = result


def _visit_float_compare(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    """``x != 0.0``, the test before a division, and ``x < 0.0``, the one before a root."""
    function = r.function
    a, b = args
    if function.ops[a] is _CONST:
        op, a, b = _ZERO_FIRST.get(function.ops[v]), b, a
    else:
        op = _ZERO_SECOND.get(function.ops[v])
    if op is None or function.ops[b] is not _CONST or function.imms[b] != 0.0 or (
        function.ops[a] in _ANY_SIGN and r.low[a] < 0
    ):
        return
    if op is _FLT:
        found = r.signs.not_negative(a)
    elif op is _FLE:
        found = r.signs.not_negative(a) and r.signs.not_zero(a)
    else:
        found = r.signs.not_zero(a)
    if found:
        r.low[v] = r.high[v] = r.known[v] = int(op is _FNE)


def _visit_remainder(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    a, b = args
    _visit_pure(r, v, args)
    if r.low[a] >= 0 and r.high[a] < r.low[b]:
        r.same[v] = a
    if r.low[b] > 0:
        r.define_bound(v, b, -1)
        r.divided[v] = r.low[a], r.high[a]
        if r.low[a] >= 0:
            r.define_bound(v, a, 0)


def _visit_quotient(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    if r.low[args[1]] > 0:
        r.divided[v] = r.low[args[0]], r.high[args[0]]
        if r.low[args[0]] >= 0:
            r.define_bound(v, args[0], 0)


def _visit_shift_right(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    function = r.function
    if function.ops[args[0]] is _SHL and function.ops[v] is _SAR and function.args[args[0]][1] == args[1]:
        # There and back, as checks of left shifts do.
        x = function.args[args[0]][0]
        by = r.high[args[1]]
        if 0 <= r.low[args[1]] and by < 64 and r.low[x] << by >= MIN and r.high[x] << by <= MAX:
            r.same[v] = x
    if r.low[args[0]] >= 0:
        r.define_bound(v, args[0], 0)


def _visit_xor(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    function = r.function
    if r.low[v] < 0 and function.types[v] is I64:
        x = magnitude_of(args, lambda a: (function.ops[a], function.args[a], function.imms[a]))
        if x >= 0:
            r.low[v], r.high[v] = 0, max(~r.low[x], r.high[x])


def _visit_and(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    if r.function.types[v] is I64:
        for a in args:
            if r.low[a] >= 0:
                r.define_bound(v, a, 0)


def _visit_extension(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    a = args[0]
    if r.low[v] == r.low[a] and r.high[v] == r.high[a] and r.high[a] - r.low[a] < 1 << 32:
        r.same[v] = a


def _visit_absolute(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    _visit_pure(r, v, args)
    if r.low[args[0]] >= 0:
        r.same[v] = args[0]


def _visit_extreme(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    """`smin` and `smax`."""
    _visit_pure(r, v, args)
    a, b = args
    least = r.function.ops[v] is _SMIN
    for x, y in ((a, b), (b, a)):
        if r.at_most(x, y, 0):
            r.same[v] = x if least else y
    for x in args:
        if least:
            r.define_bound(v, x, 0)
        else:
            r.define_lower(v, x, 0)


def _visit_unsigned_least(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    """`umin`: of a count of a shift, mostly."""
    _visit_pure(r, v, args)
    for x, y in (args, args[::-1]):
        if 0 <= r.low[x] <= r.high[x] <= r.low[y]:
            r.same[v] = x


def _visit_load(r: Ranges, v: int, args: tuple[int, ...]) -> None:
    if r.function.types[v] is I64:
        r.low[v], r.high[v] = access_range(r.function.imms[v])


# Comparisons of floats, with what they are the other way round.
FLOAT_TESTS = {_FLT: _FGT, _FGT: _FLT, _FLE: _FGE, _FGE: _FLE}
# Of "x op 0.0", and whether it holds, those that say that x is NaN or not below zero (0), or above it (1).
ABOVE = {(_FGT, True): 1, (_FGE, True): 0, (_FLT, False): 0, (_FLE, False): 1}
_SIGNED = {_ULT: _SLT, _ULE: _SLE, _UGT: _SGT, _UGE: _SGE}
RULES: dict[object, Callable[[Ranges, int, tuple[int, ...]], None]] = {
    **dict.fromkeys(INTERVALS, _visit_pure),
    OPS["mul"]: _visit_product,
    _ADD: _visit_sum,
    _SUB: _visit_sum,
    _ADDO: _visit_checked,
    _SUBO: _visit_checked,
    OPS["mulo"]: _visit_checked,
    _INDEX: _visit_index,
    _GUARD: _visit_guard,
    _LOAD: _visit_load,
    _SMIN: _visit_extreme,
    _SMAX: _visit_extreme,
    OPS["umin"]: _visit_unsigned_least,
    _AND: _visit_and,
    _XOR: _visit_xor,
    OPS["iabs"]: _visit_absolute,
    _FEQ: _visit_float_compare,
    _FNE: _visit_float_compare,
    _FLT: _visit_float_compare,
    _FLE: _visit_float_compare,
    _FGT: _visit_float_compare,
    _FGE: _visit_float_compare,
    OPS["lshr"]: _visit_shift_right,
    OPS["sar"]: _visit_shift_right,
    OPS["floordiv"]: _visit_quotient,
    OPS["udiv"]: _visit_quotient,
    OPS["floormod"]: _visit_remainder,
    OPS["urem"]: _visit_remainder,
    **{OPS[name]: _visit_extension for name in ("sext8", "sext16", "sext32", "zext8", "zext16", "zext32")},
    **{OPS[name]: _visit_compare for name in (
        "eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")},
}  # fmt: skip
