"""`opt.doubts`: comparisons of sums of squares, decided by products where these leave no doubt."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jitney.ir.interp import run
from jitney.ir.parse import parse
from jitney.ir.print import to_text
from jitney.ir.verify import verify
from jitney.opt import dce, doubts
from tests.support import check

_TEXT = """
func f(v0: ptr, v1: f64, v2: f64, v3: f64) -> f64 {
b0(v0: ptr, v1: f64, v2: f64, v3: f64):
  v4 = const f64 1.03
  v5 = const f64 4.0
  v6 = fmul v1, v1
  v7 = fneg v6
  v8 = fma v1, v1, v7
  v9 = fma v8, v4, v6
  v10 = fpower v6, v6, v9, v1, 2.0
  v11 = fmul v2, v2
  v12 = fneg v11
  v13 = fma v2, v2, v12
  v14 = fma v13, v4, v11
  v15 = fpower v11, v11, v14, v2, 2.0
  v16 = fadd v10, v15
  v17 = flt v16, v3
  br v17, b1, b2
b1:
  ret v16
b2:
  ret v3
}
"""


def _doubted(text):
    function = doubts.doubt(parse(text))
    verify(function)
    function = dce.eliminate(function)
    verify(function)
    return function


def _names(function):
    return [[name for v in block.insts if (name := function.ops[v].name) != "const"] for block in function.blocks]


EXACT = ["fneg", "fma", "fma", "fpower"]
BACK = ("br v17, b1, b2\nb1:\n  ret v16", "br v17, b1, b2\nb1:\n  ret v1")


@pytest.mark.parametrize(("changes", "first", "decides"), [
    # The sum is wanted where it is the lesser, the greater, nowhere.
    ([], ["fmul", "fmul", "fadd"], ["fmin", "fma", "fge"]),
    ([("flt v16, v3", "fgt v16, v3")], ["fmul", "fmul", "fadd"], ["fma", "fle"]),
    ([("flt v16, v3", "fge v3, v16")], ["fmul", "fmul", "fadd"], ["fmin", "fma", "fge"]),
    ([("v17 = flt v16, v3", "v17 = fle v16, v5"), BACK], ["fmul", "fmul", "fadd"], ["fsub", "fabs", "fma", "fgt"]),
    ([("v17 = flt v16, v3", "v18 = fmin v3, v16\n  v17 = feq v18, v3"), BACK],
     ["fmul", "fmul", "fadd"], ["fmin", "fma", "fge"]),
    ([("v17 = flt v16, v3", "v18 = fsqrt v16\n  v17 = flt v18, v5"), BACK],
     ["fmul", "fmul", "fadd", "fsqrt"], ["fsub", "fabs", "fma", "fgt"]),
    ([("v16 = fadd v10, v15\n  v17 = flt v16, v3", "v17 = flt v10, v15"), BACK],
     ["fmul", "fmul"], ["fadd", "fsub", "fabs", "fma", "fgt"]),
])  # fmt: skip
def test_what_decides(changes, first, decides):
    text = _TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    function = _doubted(text)
    names = _names(function)
    assert names[0] == [*first, *decides]
    (slow,) = [block for block in function.blocks if block.cold]
    exact = [function.ops[v].name for v in slow.insts]
    assert exact[:8] == EXACT * 2
    assert sum(["fpower" in part for part in names]) == 1
    before = parse(text)
    for x in (0.3, 1.1, 1e200, 1e-200, 0.0, math.inf, math.nan):
        for limit in (0.5, 0.09 + 1.21, 4.0, math.inf, 0.0, math.nan, -1.0, 1e300):
            args = 0, x, 1.1, limit
            assert repr(run(function, args).results) == repr(run(before, args).results)


@pytest.mark.parametrize(("old", "new"), [
    ("v16 = fadd v10, v15", "v16 = fsub v10, v15"),
    ("v16 = fadd v10, v15", "v16 = fadd v10, v2"),  # may be negative
    ("ret v3", "ret v16"),  # wanted with either outcome
    ("ret v3", "ret v10"),
    ("flt v16, v3", "feq v16, v3"),
    ("v15, v2, 2.0", "v15, v2, 3.0"),
])  # fmt: skip
def test_left_alone(old, new):
    text = _TEXT.replace(old, new) if old in _TEXT else _TEXT.replace("v14, v2, 2.0", "v14, v2, 3.0")
    assert text != _TEXT
    function = parse(text)
    assert to_text(doubts.doubt(function)) == to_text(parse(text))


_SUM = """
func f(v0: ptr, v1: f64, v2: f64, v3: i64) -> f64 {
loop L0: header b1 preheader b0 counter v8 step 1 stop v3
b0(v0: ptr, v1: f64, v2: f64, v3: i64):
  v4 = const f64 1e-18
  v5 = const i64 0
  v6 = const i64 1
  v7 = const f64 0.0
  v22 = const f64 2.5e-57
  jump b1(v5, v7)
b1(v8: i64, v9: f64) in L0:
  v10 = i2f f64 v8
  v11 = fmul v10, v1
  v12 = fmul v11, v11
  v13 = fma v12, v4, v22
  v14 = fma v11, v11, v13
  v15 = fneg v13
  v16 = fma v11, v11, v15
  v17 = fpower v12, v14, v16, v11, 2.0
  v18 = fmul v17, v2
  v19 = fadd v9, v18
  v20 = add v8, v6
  v21 = slt v20, v3
  br v21, b1(v20, v19), b2
b2:
  ret v19
}
"""


@pytest.mark.parametrize(("changes", "decides"), [
    ([], ["fmax", "fmul", "fmul", "fadd", "fadd", "feq"]),
    ([("fmul v17, v2", "fsqrt v17")], ["fsqrt", "fsqrt", "fadd", "fadd", "feq"]),
    ([("fmul v17, v2", "fdiv v17, v2")], ["fmax", "fdiv", "fdiv", "fadd", "fadd", "feq"]),
    ([("fadd v9, v18", "fsub v9, v18")], ["fmax", "fmul", "fmul", "fsub", "fsub", "feq"]),
])  # fmt: skip
def test_sums(changes, decides):
    text = _SUM
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    function = _doubted(text)
    names = _names(function)
    assert names[1] == ["i2f", "fmul", "fmul", "fma", "fma", "fneg", "fma", *decides]
    (slow,) = [block for block in function.blocks if block.cold]
    assert "fpower" in [function.ops[v].name for v in slow.insts]
    assert sum(["fpower" in part for part in names]) == 1
    before = parse(text)
    for x in (0.3, -1.1, 1e200, 1e-200, 0.0, math.inf, math.nan):
        for factor in (0.5, -1.25, 1e300, 5e-324, -0.0, math.inf, math.nan):
            args = 0, x, factor, 9
            assert repr(run(function, args).results) == repr(run(before, args).results)


def test_sums_of_powers_that_have_bounds():
    function = _doubted(_SUM.replace("v11, 2.0", "v11, 4.0"))
    names = _names(function)
    assert names[1][-3:] == ["fadd", "fadd", "fgt"]
    assert names[2:4] == [["flt"], ["feq"]]


@pytest.mark.parametrize("changes", [
    [("v17, v2", "v17, v17")],
    [("v17 = fpower v12, v14, v16, v11, 2.0", "v17 = fpower v12, v14, v16, v11, 3.0")],
    [("fmul v17, v2", "fdiv v2, v17")],
    [("fadd v9, v18", "fadd v17, v18")],
    [("v19 = fadd v9, v18", "v19 = fsqrt v18")],  # next to nothing is rounded away
])
def test_sums_left_alone(changes):
    text = _SUM
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    assert to_text(doubts.doubt(parse(text))) == to_text(parse(text))


def moments(a, b, limits):
    n = len(a)
    m = a[0]
    s = w = t = 0.0
    for i in range(n):
        s += (a[i] - m) ** 2
    for i in range(n):
        w += b[i] * (a[i] - m) ** 2 - (b[i] * 0.5) ** 4 / 3.0
    for i in range(1, n):
        t += math.sqrt((a[i] - a[i - 1]) ** 2 + (b[i] - b[i - 1]) ** 2)
    for j in range(n):
        d = 1.0
        for i in range(3):
            d -= (a[(i + j) % n] - b[j]) ** 2
        limits[j % 2] = d
    return float(s), float(w), float(t)


def signs_of_zeros(a, b, limits):
    s = t = u = limits[0]
    for i in range(len(a)):
        s += b[0] * a[i] ** 2
        t -= b[0] * a[i] ** 2
        u -= a[i] ** 2 * b[0] + b[0] * (a[i] - limits[0]) ** 2
    limits[0] = u
    return float(s), float(t)


def differences(a, b, limits):
    t = 0.0
    for i in range(1, len(a)):
        t -= a[i] ** 2 / limits[0] - b[i] ** 2
    return float(t)


def test_scaled_squares_of_nan():
    calls = []
    for x in (math.nan, math.inf, -math.inf, 1e200, 0.0):
        a, b = np.linspace(0.3, 2.0, 40), np.ones(40)
        a[20] = x
        calls += [(a, b, np.full(1, limit)) for limit in (1.0, -1.0, 3.0, 0.0)]
    with np.errstate(all="ignore"):
        check(differences, *calls)


def scaled_pairs(a, b, limits):
    s = limits[0]
    for i in range(len(a)):
        s += a[i] ** 2 * b[i] + a[0] ** 2 * b[1]
    return float(s)


def quotient_pairs(a, b, limits):
    s = limits[0]
    for i in range(len(a)):
        s -= a[i] ** 2 / b[i] - b[i] ** 2 / a[i]
    return float(s)


def test_squares_times_what_makes_nan_of_infinite_ones():
    calls = []
    for n in (1, 8, 40):
        for x, y in ((1e200, 0.0), (math.inf, -0.0), (math.inf, math.inf), (1e-200, math.inf), (1e200, 1e200)):
            a, b = np.full((2, n), 1.5)
            a[n // 2], b[n // 2] = x, y
            calls += [(a, b, np.zeros(1)), (b, a, np.zeros(1)), (np.full(n, x), np.full(n, y), np.ones(1))]
    with np.errstate(all="ignore"):
        check(scaled_pairs, *calls)
        check(quotient_pairs, *calls)


def test_squares_that_are_scaled_down_to_zero():
    calls = []
    for dtype, small in ((np.float64, 1e-300), (np.float32, 1e-9)):
        for factor in (small, -small, 0.0, -0.0, small * small):
            for start in (0.0, -0.0):
                for n in (1, 20):
                    for x in (0.0, -0.0, small, math.inf, math.nan):
                        calls.append(tuple([np.full(n, c).astype(dtype) for c in (x, factor, start)]))
    with np.errstate(all="ignore"):
        check(signs_of_zeros, *calls)


def test_the_bits_of_sums():
    rng = np.random.default_rng(6)
    calls = []
    for n in (1, 7, 500, 4000):
        for a, b in ((rng.random(n), rng.random(n)), (rng.integers(-3, 4, n) * 1.0, rng.integers(-3, 4, n) * 0.5),
                     (np.ldexp(rng.random(n), rng.integers(-90, 90, n)), rng.standard_normal(n)),
                     (rng.choice([0.0, -0.0, 1.0, 1e-170, 5e-324, 1e100], n), rng.random(n))):  # fmt: skip
            calls.append((a, b, np.zeros(2)))
    calls.append((np.array([1.0, math.inf, math.nan, 2.0]), np.ones(4), np.zeros(2)))
    with np.errstate(all="ignore"):
        check(moments, *calls)


def test_ends_in_lanes():
    text = _TEXT.replace("f64", "v4f64")
    lines = []
    for line in text.split("\n"):
        if "const v4f64" in line:
            name, number = line.split(" = const v4f64 ")
            line = f"{name} = const v4f64 [{', '.join([number] * 4)}]"  # noqa: PLW2901
        lines.append(line)
    text = "\n".join(lines)
    text = text.replace("v1: v4f64, v2: v4f64, v3: v4f64) -> v4f64", "v40: f64, v41: f64, v42: f64) -> f64")
    text = text.replace("b0(v0: ptr, v1: v4f64, v2: v4f64, v3: v4f64):", """b0(v0: ptr, v40: f64, v41: f64, v42: f64):
  v1 = splat v4f64 v40
  v2 = splat v4f64 v41
  v3 = splat v4f64 v42""")
    head, _ = text.split("  v17 = flt")
    text = head + "  v17 = fmin v3, v16\n  v18 = lane v17, 1\n  ret v18\n}\n"
    function = _doubted(text)
    names = _names(function)
    assert names[0][-2:] == ["or", "allset"]
    assert names[0].count("feq") == 1  # of the ends
    before = parse(text)
    for x in (0.3, 1.1, 1e200, 1e-200, 0.0, math.inf, math.nan):
        for limit in (0.5, 0.09 + 1.21, math.inf, 0.0, math.nan, 1e300):
            args = 0, x, 1.1, limit
            assert repr(run(function, args).results) == repr(run(before, args).results)


def count_near(a, b, limits):
    n = 0
    for i in range(len(a)):
        x = float(a[i])
        y = float(b[i])
        if x**2 < limits[0]:
            n += 1
        if a[i] ** 2 + b[i] ** 2 <= limits[1]:
            n += 2
        if limits[2] > math.sqrt(x**2 + y**2):
            n += 4
        if x**2 >= y**2:
            n += 8
    return n


def in_lanes(a, b, limits):
    n = 0
    for i in range(len(a)):
        if a[i] ** 2 + b[i] ** 2 < limits[1]:
            n += 1
    m = 0
    for i in range(len(a)):
        if a[i] ** 2 >= b[i] ** 2:
            m += 1
    return n, m


def nearest(a, b, limits):
    best = limits[0]
    where = -1
    most = -1.0
    for i in range(len(a)):
        d = (a[i] - limits[1]) ** 2 + (b[i] - limits[2]) ** 2
        if d < best:
            best = d
            where = i
        e = a[i] ** 2
        if e > most:
            most = e
    return best, where, most


def pairs(a, b, limits):
    best = math.inf
    found = (0, 0)
    for i in range(0, len(a), 40):
        for j in range(i + 1, len(a)):
            d = (float(a[i]) - float(a[j])) ** 2 + (float(b[i]) - float(b[j])) ** 2
            if d < best:
                best = d
                found = i, j
    return best, found


def test_ties_and_limits():
    rng = np.random.default_rng(8)
    n = 400
    near = 1.0 + rng.random(20000)
    powers = np.array([math.pow(x, 2.0) for x in near])
    differ = near[powers != near * near]
    assert len(differ) < len(near)
    grid = rng.integers(-4, 5, (2, n)).astype(float)
    special = np.array([0.0, -0.0, 5e-324, 1e-170, 1e154, 1.3407807929942597e154, 1.34078079299426e154, 1e200, -1.0])
    sets = [
        (rng.random(n), rng.random(n)), tuple(grid), (rng.permutation(special), special),
        (np.full(n, near[0]), np.full(n, -near[0])), (np.array([math.nan, 1.0, math.inf]), np.array([1.0, 0.5, 1.0])),
    ]  # fmt: skip
    calls = [
        (a, b, limits) for a, b in sets
        for limits in ((0.5, 1.0, 1.0), (4.0, 8.0, 2.0), (math.inf,) * 3, (1e308, 1.7976931348623157e308, 0.0))
    ]  # fmt: skip
    for x in map(float, [*differ[:12], *near[:4]]):
        for limit in (math.pow(x, 2.0), x * x, math.nextafter(x * x, 9.0), math.nextafter(x * x, 0.0)):
            calls.append((np.array([x, -x, 0.0, x]), np.zeros(4), (limit, limit, math.sqrt(limit))))
    with np.errstate(all="ignore"):
        for function in (in_lanes, nearest):
            check(function, *calls)
        usual = [(a, b, limits) for a, b, limits in calls if np.all(np.isfinite(a)) and max(abs(a)) < 1e150]
        for function in (pairs, count_near):
            check(function, *usual)


def distances(a, b, limits):
    best, n, m = limits[0], -1, 0
    for i in range(len(a)):
        d = math.sqrt(a[i] ** 2 + b[i] ** 2)
        if d < best:
            best, n = d, i
        if math.sqrt(math.sqrt(a[i] ** 2)) < limits[1]:
            m += 1
        if math.sqrt(a[i] ** 2 + b[i] ** 2) < limits[0]:
            m += 100
    return float(best), n, m


def test_roots_of_sums_that_are_lost_to_underflow_or_overflow():
    # Squares that `pow` rounds to another float: next to zero that is half a root's size, and next to the greatest
    # number the sum is infinite or is not.
    tiny = [float.fromhex(x) for x in ("0x1.b211b1c70d023p-536", "0x1.5f744159f7e5fp-533", "0x1.f6f387bbedf67p-532")]
    calls = []
    for x in tiny:
        limit = (math.sqrt(x * x) + math.sqrt(math.pow(x, 2.0))) / 2
        calls.append((np.full(9, x), np.zeros(9), np.array([limit, math.sqrt(limit)])))
    large = [(9.827287461277802e153, 9.121059951543113e153), (1.1169560002304858e154, 7.41688902715573e153)]
    for x, y in large:
        calls += [(np.full(9, x), np.full(9, y), np.array([limit, limit])) for limit in (1e155, 1e160, 1e290)]
    with np.errstate(all="ignore"):
        check(distances, *calls)


def twice(x, out):
    for i in range(x.shape[0]):
        w = x[i] ** 2
        out[i] = out[i] + (w * -2 - w)


def twice_floats(x, out):
    for i in range(x.shape[0]):
        w = float(x[i]) ** 2
        out[i] = w * -1.0 - w


@pytest.mark.parametrize("function", [twice, twice_floats])
def test_one_power_used_twice(function):
    x = np.random.default_rng(1).random(20000) + 0.5
    check(function, (x[:3], np.zeros(3)), (x, np.zeros(len(x))), (x.astype("f4"), np.zeros(len(x), "f4")))
