"""Every operation, natively against its meaning, on edge operands, with registers and with constants, on every CPU.
"""

import itertools
import math

import pytest
from harness import TARGETS, Native, compare, new_function

from jitney.ir.function import Loop
from jitney.ir.ops import OPS
from jitney.ir.types import F32, F64, I1, I64, PTR
from jitney.ir.verify import verify

INTS = [
    0, 1, -1, 2, -2, 3, 7, 10, -10, 63, 64, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32,
    2**32 - 1, 2**53 + 1, 2**62, 2**63 - 1, -(2**63), -(2**63) + 1, 0x123456789ABCDEF, 1000000007, -999999999,
]  # fmt: skip
FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.7, -3.7, 1e300, -1e300, 5e-324, math.inf, -math.inf,
    math.nan, 2.0**52, 2.0**52 - 0.5, 2.0**53 + 2, -(2.0**63), 2.0**63, 9007199254740993.0, 0.1, 4503599627370495.5,
]  # fmt: skip
SINGLES = [
    0.0, -0.0, 1.0, -1.5, 0.5, 2.5, 3.4028234663852886e38, math.inf, -math.inf, math.nan, 1.401298464324817e-45,
    0.10000000149011612, 8388608.0, 8388607.5, -(2.0**63),
]  # fmt: skip

VARIABLES = {"f": (F64, F32), "x": (I64, I1, PTR), "t": (I64, F64, F32, I1, PTR)}
NAMED = {"i1": I1, "i64": I64, "f32": F32, "f64": F64, "ptr": PTR}
VALUES = {I64: INTS, F64: FLOATS, F32: SINGLES, I1: [False, True], PTR: [0, 1, 2**63, 2**64 - 1, 4096]}
RESULTS = {"i2f": (F64, F32), "u2f": (F64, F32)}


def instances():
    for op in OPS.values():
        if op.meaning is None:
            continue
        letters = sorted({p for p in op.params if p in VARIABLES})
        for choice in itertools.product(*[VARIABLES[c] for c in letters]):
            assigned = dict(zip(letters, choice))
            params = [assigned.get(p) or NAMED[p] for p in op.params]
            for result in RESULTS.get(op.name, (None,)):
                yield op, params, result


INSTANCES = list(instances())
IDS = [f"{op.name}-{'-'.join(map(str, params))}{'-' + str(r) if r else ''}" for op, params, r in INSTANCES]


def defined(name, args):
    if name in ("floordiv", "floormod", "udiv", "urem") and args[1] == 0:
        return False
    return not (name == "floordiv" and args == (-(2**63), -1))


def build(op, params, result, constants=()):
    """A function that does one `op`, arguments at the positions in `constants` (position -> value) constant."""
    constants = dict(constants)
    free = [t for k, t in enumerate(params) if k not in constants]
    f, b, _, values = new_function(free, [None])
    values = iter(values)
    args = [b.const(t, constants[k]) if k in constants else next(values) for k, t in enumerate(params)]
    v = b.emit(op.name, *args, type=result)
    f.results = (f.types[v],)
    b.ret((v,))
    return f


@pytest.mark.parametrize("cpu", TARGETS)
@pytest.mark.parametrize("op, params, result", INSTANCES, ids=IDS)
def test_registers(op, params, result, cpu):
    native = Native(build(op, params, result), target=TARGETS[cpu])
    for args in itertools.product(*[VALUES[t] for t in params]):
        if defined(op.name, args):
            compare(native, *args)


@pytest.mark.parametrize("cpu", TARGETS)
@pytest.mark.parametrize("op, params, result", INSTANCES, ids=IDS)
def test_one_constant(op, params, result, cpu):
    if len(params) < 2:
        return
    for position in range(len(params)):
        for value in VALUES[params[position]]:
            if op.name in ("floordiv", "floormod", "udiv", "urem") and position == 1 and value == 0:
                continue
            native = Native(build(op, params, result, {position: value}), target=TARGETS[cpu])
            others = [VALUES[t] if k != position else [value] for k, t in enumerate(params)]
            for args in itertools.product(*others):
                if defined(op.name, args):
                    compare(native, *[a for k, a in enumerate(args) if k != position])


@pytest.mark.parametrize("cpu", TARGETS)
@pytest.mark.parametrize("type", [F64, F32], ids=str)
@pytest.mark.parametrize("name", ["feq", "fne", "flt", "fle", "fgt", "fge"])
def test_choices_by_one_comparison_of_floats(cpu, type, name):
    """What it compares, in both orders, other numbers, and integers."""
    function, b, _, (x, y, n) = new_function([type, type, I64], [type] * 5 + [I64, I1])
    test = b.emit(name, x, y)
    others = b.emit("fadd", x, y), b.emit("fsub", x, y)
    pairs = [(x, y), (y, x), others, others[::-1], (x, others[0])]
    chosen = [b.emit("select", test, *pair) for pair in pairs]
    b.ret((*chosen, b.emit("select", test, n, b.emit("neg", n)), test))
    verify(function)
    native = Native(function, target=TARGETS[cpu])
    for args in itertools.product(VALUES[type], VALUES[type]):
        compare(native, *args, 5)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["smin", "smax", "umin", "umax"])
@pytest.mark.parametrize("order", ["(c x) y", "(x c) y", "x (c y)", "x (y c)", "(x y) c", "(c x) c"])
def test_minimum_of_three_where_one_is_carried_around(target, name, order):
    """The operands change places, the result does not."""
    function, b, _, (start, x, y, n) = new_function([I64] * 4, [I64])
    loop = Loop(None)
    pre, header, after = b.new_block(), b.new_block(loop), b.new_block()
    loop.preheader, loop.header = pre, header
    entry = b.block
    b.jump(pre)
    b.start(pre, entry)
    b.jump(header, (b.const(I64, 0), start))
    b.start(header, pre)
    i, carried = b.param(header, I64), b.param(header, I64)
    values = {"c": b.emit("add", carried, b.const(I64, 1)), "x": b.emit("mul", x, i), "y": b.emit("xor", y, i)}
    p, q, r = order.replace("(", "").replace(")", "").split()
    if order[0] == "(":
        least = b.emit(name, b.emit(name, values[p], values[q]), values[r])
    else:
        least = b.emit(name, values[p], b.emit(name, values[q], values[r]))
    following = b.emit("add", i, b.const(I64, 1))
    b.branch(b.emit("slt", following, n), header, after, (following, least), (least,))
    b.start(after, header)
    b.ret((b.param(after, I64),))
    verify(function)
    native = Native(function, target=TARGETS[target])
    for args in ((5, 3, 9, 4), (-5, -3, 9, 3), (2**63 - 1, -1, 1, 5), (0, 7, -(2**63), 2)):
        compare(native, *args)
