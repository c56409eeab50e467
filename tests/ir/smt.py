"""The integer and boolean rows of `ops.OPS` in the language of an SMT solver, at any width.

An i1 is one bit; an i64 and a ptr are `width` bits, so that what needs a multiplier can be proved at fewer than 64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3


def _bool(condition: Any) -> Any:
    return z3.If(condition, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1))


def _shift(apply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: apply(a, b & (a.size() - 1))


def _popcnt(a: Any) -> Any:
    n = a.size()
    return sum((z3.ZeroExt(n - 1, z3.Extract(k, k, a)) for k in range(n)), z3.BitVecVal(0, n))


def _ctz(a: Any) -> Any:
    n = a.size()
    found = z3.BitVecVal(n, n)
    for k in reversed(range(n)):
        found = z3.If(z3.Extract(k, k, a) == 1, z3.BitVecVal(k, n), found)
    return found


def _clz(a: Any) -> Any:
    n = a.size()
    found = z3.BitVecVal(n, n)
    for k in range(n):
        found = z3.If(z3.Extract(k, k, a) == 1, z3.BitVecVal(n - 1 - k, n), found)
    return found


def _floormod(a: Any, b: Any) -> Any:
    rest = z3.SRem(a, b)  # the sign of a
    return z3.If(z3.And(rest != 0, (rest < 0) != (b < 0)), rest + b, rest)


def _floordiv(a: Any, b: Any) -> Any:
    quotient = a / b  # toward zero
    return z3.If(_floormod(a, b) != z3.SRem(a, b), quotient - 1, quotient)


def _extend(bits: int, signed: bool) -> Callable[[Any], Any]:
    extend = z3.SignExt if signed else z3.ZeroExt
    return lambda a: extend(a.size() - bits, z3.Extract(bits - 1, 0, a))


def _high(extend: Callable[[int, Any], Any]) -> Callable[[Any, Any], Any]:
    def high(a: Any, b: Any) -> Any:
        n = a.size()
        return z3.Extract(2 * n - 1, n, extend(n, a) * extend(n, b))

    return high


SEMANTICS: dict[str, Callable[..., Any]] = {
    "select": lambda c, a, b: z3.If(c == 1, a, b),
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "neg": lambda a: -a,
    "smulh": _high(z3.SignExt),
    "umulh": _high(z3.ZeroExt),
    "floordiv": _floordiv,
    "floormod": _floormod,
    "udiv": z3.UDiv,
    "urem": z3.URem,
    "smin": lambda a, b: z3.If(a < b, a, b),
    "smax": lambda a, b: z3.If(a > b, a, b),
    "umin": lambda a, b: z3.If(z3.ULT(a, b), a, b),
    "umax": lambda a, b: z3.If(z3.UGT(a, b), a, b),
    "iabs": lambda a: z3.If(a < 0, -a, a),
    "clz": _clz,
    "ctz": _ctz,
    "popcnt": _popcnt,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "not": lambda a: ~a,
    "shl": _shift(lambda a, b: a << b),
    "lshr": _shift(z3.LShR),
    "sar": _shift(lambda a, b: a >> b),
    "rol32": lambda a, b: z3.ZeroExt(32, z3.RotateLeft(z3.Extract(31, 0, a), z3.Extract(31, 0, b))),
    "rol64": z3.RotateLeft,
    "sext8": _extend(8, True),
    "sext16": _extend(16, True),
    "sext32": _extend(32, True),
    "zext8": _extend(8, False),
    "zext16": _extend(16, False),
    "zext32": _extend(32, False),
    "eq": lambda a, b: _bool(a == b),
    "ne": lambda a, b: _bool(a != b),
    "slt": lambda a, b: _bool(a < b),
    "sle": lambda a, b: _bool(a <= b),
    "sgt": lambda a, b: _bool(a > b),
    "sge": lambda a, b: _bool(a >= b),
    "ult": lambda a, b: _bool(z3.ULT(a, b)),
    "ule": lambda a, b: _bool(z3.ULE(a, b)),
    "ugt": lambda a, b: _bool(z3.UGT(a, b)),
    "uge": lambda a, b: _bool(z3.UGE(a, b)),
    "p2i": lambda a: a,
    "i2p": lambda a: a,
    "ptradd": lambda a, b: a + b,
}


def semantics(name: str, width: int) -> Callable[..., Any]:
    if name == "b2i":
        return lambda a: z3.ZeroExt(width - 1, a)
    return SEMANTICS[name]
