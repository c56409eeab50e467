"""Rules for floats and conversions."""

from __future__ import annotations

from ...codegen.machine import FIRST
from ...codegen.select import CONST
from ...ir.ops import OPS
from ...ir.types import F32
from . import ops
from . import ops_float as fops
from .select import X86Selector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .encode import Row

_FNEG = OPS["fneg"]
# op -> (opcode, mnemonic without sd/ss, whether its operands commute)
_BINARY = {
    "fadd": (0x58, "add", True), "fmul": (0x59, "mul", True), "fsub": (0x5C, "sub", False),
    "fdiv": (0x5E, "div", False), "fmin": (0x5D, "min", False), "fmax": (0x5F, "max", False),
}  # fmt: skip


def row_of(single: bool, opcode: int, name: str) -> Row:
    return (2, 1, opcode, name + "ss") if single else (3, 1, opcode, name + "sd")


def binary(s: X86Selector, v: int) -> None:
    opcode, name, commutes = _BINARY[s.ops[v].name]
    a, b = s.args[v]
    row = row_of(s.types[v] is F32, opcode, name)
    if a != b:
        found = s.float_memory(b)
        if found is None and commutes:
            found = s.float_memory(a)
            if found is not None:
                a = b
        if found is not None:
            ins, addr = found
            # the address was asked for first: the order of reads does not matter, the load is done here
            s.add(s.float_ops.any_rm, (v + FIRST,), (s.use(a), *ins), (row, addr))
            return
    op = s.float_ops.commuting_rr if commutes else s.float_ops.any_rr
    s.add(op, (v + FIRST,), (s.use(a), s.use(b)), row)


def fma(s: X86Selector, v: int) -> None:
    if "fma" not in s.features:
        raise LookupError("this processor has no instruction for `fma`")
    single = s.types[v] is F32
    fuse(s, v, (1, 2, 0xB9, "fmadd231ss") if single else (1 | 128, 2, 0xB9, "fmadd231sd"), s.float_memory)


def _negated(s: X86Selector, v: int) -> tuple[int, bool]:
    """What `v` is the negative of, if nobody else wants that; else itself."""
    return (s.args[v][0], True) if s.ops[v] is _FNEG and s.counts[v] == 1 else (v, False)


def fuse(s: X86Selector, v: int, row: Row, in_memory: Callable[[int], Any]) -> None:
    """fma a, b, c   ->   vfmadd231 c, a, b    where c is used up, or
                          vfmadd213 a, b, c    where c is wanted later, or is in memory, and a is not

    With `fneg c` it is vfmsub, with `fneg a` vfnmadd.

    row: of the first. in_memory: gives a value as an operand in memory, if it can be one.
    """
    (x, other), (y, another), (z, minus) = [_negated(s, a) for a in s.args[v]]
    if other ^ another or minus:
        name = ("fnm" if other ^ another else "fm") + ("sub" if minus else "add")
        row = (row[0], row[1], row[2] + 2 * minus + 4 * (other ^ another), row[3].replace("fmadd", name))
    stays = in_memory(z)
    if s.counts[x] > 1 or in_memory(x) is not None:
        x, y = y, x
    if s.counts[x] == 1 and in_memory(x) is None and (stays is not None or s.ops[z] is CONST or s.counts[z] > 1):
        row = (row[0], row[1], row[2] - 0x10, row[3].replace("231", "213"))
        first, second, third, found = x, y, z, stays
    else:
        found = in_memory(y)
        if found is None:
            x, y = y, x
            found = in_memory(y)
        first, second, third = z, x, y
    d, a, b = v + FIRST, s.use(first), s.use(second)
    if found is not None and third != first and third != second:
        ins, addr = found
        s.add(fops.FMA_M, (d,), (a, b, *ins), (row, addr))
    else:
        s.add(fops.FMA, (d,), (a, b, s.use(third)), row)


def sqrt(s: X86Selector, v: int) -> None:
    _unary(s, v, row_of(s.types[v] is F32, 0x51, "sqrt"))


def _unary(s: X86Selector, v: int, row: Row) -> None:
    a = s.args[v][0]
    if s.sinks_as(a, "f64", "f32"):
        ins, addr = s.memory(a)
        s.add(fops.UNARY_XM, (v + FIRST,), ins, (row, addr))
    else:
        s.add(fops.UNARY_X, (v + FIRST,), (s.use(a),), row)


def _with_mask(s: X86Selector, d: int, a: int, row: Row, mask: bytes) -> None:
    s.add(s.float_ops.any_rm, (d,), (a,), (row, (3, 0, mask)))


def fneg(s: X86Selector, v: int) -> None:
    _with_mask(s, v + FIRST, s.use(s.args[v][0]), ops.XORPS, fops.SIGN32 if s.types[v] is F32 else fops.SIGN64)


def fabs(s: X86Selector, v: int) -> None:
    _with_mask(s, v + FIRST, s.use(s.args[v][0]), fops.ANDPS, fops.ABS32 if s.types[v] is F32 else fops.ABS64)


def fcopysign(s: X86Selector, v: int) -> None:
    a, b = s.args[v]
    single = s.types[v] is F32
    magnitude, sign = s.m.new(True), s.m.new(True)
    _with_mask(s, magnitude, s.use(a), fops.ANDPS, fops.ABS32 if single else fops.ABS64)
    _with_mask(s, sign, s.use(b), fops.ANDPS, fops.SIGN32 if single else fops.SIGN64)
    s.add(s.float_ops.commuting_rr, (v + FIRST,), (magnitude, sign), fops.ORPS)


_ROUNDING = {"ffloor": 9, "fceil": 10, "ftrunc": 11, "frint": 8}


def rounding(s: X86Selector, v: int) -> None:
    name = s.ops[v].name
    single = s.types[v] is F32
    d, a = v + FIRST, s.use(s.args[v][0])
    if "sse4_1" in s.features:
        row = (1, 3, 0x0A, "roundss") if single else (1, 3, 0x0B, "roundsd")
        s.add(fops.ROUND_X, (d,), (a,), (row, _ROUNDING[name]))
        return
    new = s.m.new
    if not single:
        s.add(fops.ROUND_FALLBACK, (d, new(True), new(False)), (a,), name)
        return
    wide, rounded = new(True), new(True)
    s.add(fops.UNARY_X, (wide,), (a,), fops.CVTSS2SD)
    s.add(fops.ROUND_FALLBACK, (rounded, new(True), new(False)), (wide,), name)
    s.add(fops.UNARY_X, (d,), (rounded,), fops.CVTSD2SS)


def i2f(s: X86Selector, v: int) -> None:
    a = s.args[v][0]
    single = s.types[v] is F32
    row = row_of(single, 0x2A, "cvtsi2")
    if s.sinks_as(a, "i64", "i32"):
        ins, addr = s.memory(a)
        s.add(fops.FROM_INT_M, (v + FIRST,), ins, (row, addr, s.imms[a].access.size))
    else:
        s.add(fops.FROM_INT, (v + FIRST,), (s.use(a),), row)


def u2f(s: X86Selector, v: int) -> None:
    single = s.types[v] is F32
    new = s.m.new
    imm = (row_of(single, 0x2A, "cvtsi2"), row_of(single, 0x58, "add"))
    s.add(fops.FROM_UNSIGNED, (v + FIRST, new(False), new(False)), (s.use(s.args[v][0]),), imm)


def f2i(s: X86Selector, v: int) -> None:
    a = s.args[v][0]
    row = (2, 1, 0x2C, "cvttss2si") if s.types[a] is F32 else fops.CVTTSD2SI
    s.add(fops.TO_INT, (v + FIRST,), (s.use(a),), row)


def fext(s: X86Selector, v: int) -> None:
    _unary(s, v, fops.CVTSS2SD)


def fround(s: X86Selector, v: int) -> None:
    _unary(s, v, fops.CVTSD2SS)


def bits(s: X86Selector, v: int) -> None:
    s.add(fops.MOVE_BITS, (v + FIRST,), (s.use(s.args[v][0]),))
