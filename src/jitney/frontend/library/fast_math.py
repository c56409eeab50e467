"""NumPy's functions of float64 under `fastmath`: computed in place, without branches, so that loops vectorise.

Errors are below one ulp over the whole range, subnormal results included; infinities, NaN and arguments outside the
domain give what IEEE says. `exp` reduces its argument by multiples of ln 2 in two parts (Cody and Waite) and sums
Taylor's series; `log` takes the exponent apart and sums the series of artanh:

    x = n ln 2 + r, |r| <= 0.347        exp x = 2**n (1 + r + r**2/2! + ... + r**13/13!)
    x = 2**n m, 0.7 < m < 1.42          log x = n ln 2 + 2 (s + s**3/3 + ... + s**23/23),  s = (m - 1) / (m + 1)
"""

from __future__ import annotations

from math import factorial, inf, nan, sqrt

from ...ir.types import F64, I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...ir.builder import Builder

# ln 2 in two parts: the first has 32 bits, so that its products with exponents are exact.
_LN2_HIGH = float.fromhex("0x1.62e42feep-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_PER_LN2 = 1.0 / (_LN2_HIGH + _LN2_LOW)
# Added to an integer n, it leaves 1023 + n, the exponent of 2**n, in the lowest bits.
_SHIFT = 1.5 * 2.0**52 + 1023.0
_FRACTION, _ONE = (1 << 52) - 1, 1023 << 52


def _exp(b: Builder, x: int) -> int:
    emit = b.emit

    def number(value: float) -> int:
        return b.const(F64, value)

    # Beyond these the result is infinite, or 0. The order of operands lets a NaN through.
    x = emit("fmax", number(-746.0), emit("fmin", number(710.0), x))
    n = emit("frint", emit("fmul", x, number(_PER_LN2)))
    r = emit("fsub", x, emit("fmul", n, number(_LN2_HIGH)))
    r = emit("fsub", r, emit("fmul", n, number(_LN2_LOW)))
    series = number(1.0 / factorial(13))
    for k in range(12, 1, -1):
        series = emit("fadd", emit("fmul", series, r), number(1.0 / factorial(k)))
    series = emit("fadd", r, emit("fmul", emit("fmul", r, r), series))
    series = emit("fadd", series, number(1.0))
    # 2**n by halves, since n may be beyond the exponents there are.
    half = emit("ffloor", emit("fmul", n, number(0.5)))
    for power in (half, emit("fsub", n, half)):
        bits = emit("f2bits", emit("fadd", power, number(_SHIFT)))
        series = emit("fmul", series, emit("bits2f", emit("shl", bits, b.const(I64, 52))))
    return series


def _log(b: Builder, x: int) -> int:
    emit = b.emit

    def number(value: float) -> int:
        return b.const(F64, value)

    subnormal = emit("flt", x, number(2.0**-1022))
    bits = emit("f2bits", emit("select", subnormal, emit("fmul", x, number(2.0**54)), x))
    m = emit("bits2f", emit("or", emit("and", bits, b.const(I64, _FRACTION)), b.const(I64, _ONE)))
    exponent = emit("and", emit("lshr", bits, b.const(I64, 52)), b.const(I64, 0x7FF))
    n = emit("i2f", exponent, type=F64)
    n = emit("fsub", n, emit("select", subnormal, number(1023.0 + 54.0), number(1023.0)))
    large = emit("fgt", m, number(sqrt(2.0)))
    m = emit("select", large, emit("fmul", m, number(0.5)), m)
    n = emit("select", large, emit("fadd", n, number(1.0)), n)
    f = emit("fsub", m, number(1.0))
    s = emit("fdiv", f, emit("fadd", f, number(2.0)))
    z = emit("fmul", s, s)
    series = number(2.0 / 23)
    for k in range(21, 2, -2):
        series = emit("fadd", emit("fmul", series, z), number(2.0 / k))
    series = emit("fmul", series, z)
    # log(1 + f) = f - (f*f/2 - s * (f*f/2 + series)): the large terms first, so that little is lost.
    half = emit("fmul", emit("fmul", f, f), number(0.5))
    rest = emit("fadd", emit("fmul", s, emit("fadd", half, series)), emit("fmul", n, number(_LN2_LOW)))
    rest = emit("fsub", emit("fsub", half, rest), f)
    result = emit("fsub", emit("fmul", n, number(_LN2_HIGH)), rest)
    result = emit("select", emit("feq", x, number(inf)), x, result)
    zero = emit("select", emit("feq", x, number(0.0)), number(-inf), number(nan))
    return emit("select", emit("fgt", x, number(0.0)), result, zero)


FAST: dict[str, Callable[[Builder, int], int]] = {"exp": _exp, "log": _log}
