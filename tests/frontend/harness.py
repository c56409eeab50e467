"""Runs one operation as the frontend lowers it, through the IR interpreter, and compares with CPython and NumPy."""

from __future__ import annotations

import itertools
import math
import struct
import warnings
from types import SimpleNamespace

import numpy as np

from jitney.frontend.state import DIRTY, FUEL, DeadPath, Lowering, Val
from jitney.ir.interp import Context, run
from jitney.ir.types import I64, PTR
from jitney.ir.verify import verify
from jitney.pytypes import BOOL, FLOAT, INT, NONE, SCALARS, Constant, Scalar, Tuple, Union, constant_type
from jitney.runtime.exceptions import KINDS, _value

warnings.filterwarnings("ignore", category=RuntimeWarning)
warnings.filterwarnings("ignore", category=DeprecationWarning, message="Bitwise inversion")

MIN, MAX = -(1 << 63), (1 << 63) - 1
INTS = (0, 1, -1, 2, -2, 3, 7, -7, 10, 62, 63, 64, 65, 1000, 2**31, -(2**31), 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1,
        2**62, 2**62 + 2**8 + 1, MAX - 1, MAX, MIN, MIN + 1)  # fmt: skip
FLOATS = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.0, 2.5, -2.5, 3.0, -3.7, 1e-5, 0.1, 1 / 3, 70000.5, 3e9, 1e10, 1e16),
    *(-1e17, 2.0**53, 2.0**63, -(2.0**63), 9.3e18, 1e200, -1e200, 1.7976931348623157e308, 2.2250738585072014e-308),
    *(5e-324, -5e-324, math.inf, -math.inf, math.nan),
)
BOOLS = (False, True)


def numpy_values(dtype: str) -> tuple:
    kind = getattr(np, dtype if dtype != "bool" else "bool_")
    if dtype == "bool":
        return (kind(0), kind(1))
    if dtype.startswith("float"):
        return tuple(kind(x) for x in FLOATS)
    info = np.iinfo(kind)
    picks = {0, 1, 2, 3, 7, 8, 31, 63, 64, 100, info.max, info.max - 1, info.min, info.min + 1, info.max // 2 + 1}
    picks |= {-1, -2, -7} if info.min < 0 else set()
    picks |= {2**53 + 1} if info.max > 2**53 else set()
    return tuple(kind(x) for x in sorted(picks))


VALUES = {INT: INTS, FLOAT: FLOATS, BOOL: BOOLS, NONE: (None,)}
for _name, _scalar in SCALARS.items():
    VALUES[_scalar] = numpy_values(_name)
PYTHON = (INT, FLOAT, BOOL)
NUMPY = tuple(SCALARS.values())


def lowering() -> Lowering:
    source = SimpleNamespace(node=SimpleNamespace(name="operation", lineno=1), file="", line_offset=0)
    lw = Lowering(source, None, None, None)
    lw.b.start(lw.b.new_block(), None)
    lw.context = lw.b.param(lw.b.block, PTR)
    lw.env = {DIRTY: Val(BOOL, (lw.bool_const(False),)), FUEL: Val(INT, (lw.int_const(1000),))}
    return lw


class Built:
    """A function of the given argument types made by ``make(lw, *values)``."""

    def __init__(self, types, make, known=None):
        self.types = types
        lw = lowering()
        self.function = lw.function
        args = []
        for k, t in enumerate(types):
            if known is not None and known[k] is not None:
                args.append(lw.constant(known[k]))
            else:
                args.append(Val(t, tuple(lw.b.param(lw.function.entry, leaf) for leaf in t.leaves)))
        self.known = known
        self.result = NONE
        try:
            value = make(lw, *args)
            self.result = value.type
            lw.function.results = value.type.leaves
            lw.b.ret(value.parts)
        except DeadPath:
            pass
        verify(lw.function)

    def __call__(self, *values):
        """The value, or an exception instance; `Bailed` where CPython would take over."""
        words = []
        for k, (t, v) in enumerate(zip(self.types, values)):
            if self.known is None or self.known[k] is None:
                words.extend(encode(t, v))
        context = Context()
        outcome = run(self.function, (context.address, *words), steps=100_000)
        if outcome.failure is not None:
            site = self.function.sites[outcome.failure.site]
            if site.kind == "overflow":
                return Bailed()
            names = site.names or tuple(str(k) for k in range(len(site.captures)))
            captured = {n: _value(w, t) for n, w, t in zip(names, outcome.failure.captures, site.captures)}
            error = KINDS[site.kind](SimpleNamespace(name="f"), site, captured)
            return Bailed() if str(error) == "an int beyond 64 bits" else error
        return decode(self.result, list(outcome.results))


class Bailed(Exception):
    pass


def encode(t, value) -> list:
    if isinstance(t, Union):
        member = type_of(value)
        assert member in t.members, (value, t)
        inner = encode(member, value)
        word = inner[0] if inner else 0
        if t.payload is I64 and isinstance(word, float):
            word = struct.unpack("<q", struct.pack("<d", word))[0]
        return [member.tag, word if not isinstance(word, bool) else int(word)]
    if isinstance(t, Tuple):
        return [w for e, v in zip(t.elements, value) for w in encode(e, v)]
    if t is NONE or isinstance(t, Constant):
        return []
    if isinstance(t, Scalar):
        value = value.item()
        return [value - (1 << 64) if t.dtype == "uint64" and value > MAX else value]
    return [value]


def decode(t, words):
    if isinstance(t, Tuple):
        return tuple(decode(e, words) for e in t.elements)
    if isinstance(t, Union):
        tag, word = words.pop(0), words.pop(0)
        member = next(m for m in t.members if m.tag == tag)
        if member is NONE:
            return None
        if t.payload is I64 and member.leaves[0].is_float:
            word = struct.unpack("<d", struct.pack("<q", word))[0]
        return decode(member, [word])
    if t is NONE:
        return None
    if isinstance(t, Constant):
        return t.value
    word = words.pop(0)
    if isinstance(t, Scalar):
        kind = getattr(np, t.dtype if t.kind != "b" else "bool_")
        return kind(word % (1 << 64) if t.dtype == "uint64" else word)
    return {INT: int, FLOAT: float, BOOL: bool}[t](word)


def type_of(value):
    if value is None:
        return NONE
    found = {int: INT, float: FLOAT, bool: BOOL}.get(type(value))
    if found is not None:
        return found
    if isinstance(value, np.generic):
        return SCALARS[value.dtype.name]
    return constant_type(value)


def same(a, b) -> bool:
    """Same type and bits; any NaN is any other."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if type(a) is not type(b):
        return False
    if isinstance(a, (float, np.floating)):
        return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return bool(a == b)


def representable(value) -> bool:
    if isinstance(value, tuple):
        return all(representable(v) for v in value)
    if type(value) is int:
        return MIN <= value <= MAX
    return type(value) is not complex


def reference(function, values):
    try:
        with np.errstate(all="ignore"):
            return function(*values)
    except Exception as error:
        return error


def agrees(got, expected) -> bool:
    """Whether what compiled code does is what CPython does, or leaves it to CPython where it must."""
    if isinstance(expected, Exception):
        if isinstance(got, Bailed):
            return isinstance(expected, (OverflowError, MemoryError))
        return type(expected) is type(got) and str(got) == str(expected)
    if isinstance(got, Bailed):
        return not representable(expected)
    return same(got, expected)


def check(
    types, make, function, values=None, known=None, bails=lambda *values: False, skip=lambda *values: False
) -> None:
    """Compare on all combinations of values; `bails` says where CPython may take over needlessly."""
    built = Built(types, make, known)
    columns = [VALUES[t] for t in types] if values is None else values
    if known is not None:
        columns = [c if k is None else (k,) for c, k in zip(columns, known)]
    wrong = []
    for row in itertools.product(*columns):
        if skip(*row):
            continue
        expected = reference(function, row)
        got = built(*row)
        if not agrees(got, expected) and not (isinstance(got, Bailed) and bails(*row)):
            wrong.append(f"{row!r}: got {got!r}, expected {expected!r}"[:200])
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong[:12])
