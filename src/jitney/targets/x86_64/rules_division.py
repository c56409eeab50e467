"""Rules for division: by constants with shifts and multiplications, otherwise by the divider, one for both results.
"""

from __future__ import annotations

from ...codegen.machine import FIRST, Stub
from ...ir.magic import magic_63, magic_64
from ...ir.ops import OPS
from . import ops
from .encode import AND, NEG, RAX, RDX, SAR, SHR, SUB, XOR
from .rules_integer import scaled, wide
from .select import X86Selector, fits
from .stubs import divide_stub

_SIBLINGS = {OPS["floordiv"]: OPS["floormod"], OPS["floormod"]: OPS["floordiv"],
             OPS["udiv"]: OPS["urem"], OPS["urem"]: OPS["udiv"]}  # fmt: skip


def floordiv(s: X86Selector, v: int) -> None:
    _divide(s, v, True, False)


def floormod(s: X86Selector, v: int) -> None:
    _divide(s, v, True, True)


def udiv(s: X86Selector, v: int) -> None:
    _divide(s, v, False, False)


def urem(s: X86Selector, v: int) -> None:
    _divide(s, v, False, True)


def _earlier_sibling(s: X86Selector, v: int) -> int | None:
    """The remainder to this quotient, or the other way round, if it stands before `v` in the block."""
    sibling, args = _SIBLINGS[s.ops[v]], s.args[v]
    for u in s.block.insts:
        if u == v:
            return None
        if s.ops[u] is sibling and s.args[u] == args:
            return u
    return None


def _divide(s: X86Selector, v: int, signed: bool, remainder: bool) -> None:
    """Quotient or remainder; with its sibling both, where the first of them stands."""
    a, b = s.args[v]
    sibling = _earlier_sibling(s, v)
    if sibling is not None:
        s.needed[sibling] = True
        s.twins[sibling] = v
        return
    later = s.twins.get(v)
    quotient = rest = -1 if later is None else later + FIRST
    if remainder:
        rest = v + FIRST
    else:
        quotient = v + FIRST
    c = s.integer(b)
    if c is not None and c != 0:
        by_constant = _signed_constant if signed else _unsigned_constant
        if by_constant(s, quotient, rest, s.use(a), c):
            return
    divisor = s.use(b)
    dividend = s.use(a)
    s.add(ops.MOVES, (RAX,), (dividend,), ())
    stub = Stub(divide_stub, (), data=signed and remainder and c is None)
    s.add(ops.DIVIDE, (RAX, RDX, s.m.new(False)) if signed else (RAX, RDX), (RAX, divisor), None, stub)
    pairs = [(d, r) for d, r in ((quotient, RAX), (rest, RDX)) if d >= 0]
    s.add(ops.MOVES, tuple([d for d, _ in pairs]), tuple([r for _, r in pairs]), ())


def _remainder(s: X86Selector, rest: int, a: int, quotient: int, c: int) -> None:
    """``rest = a - quotient * c``"""
    product = s.m.new(False)
    scaled(s, product, quotient, c)
    s.add(ops.SUB_RR, (rest,), (a, product), SUB)


def _mask(s: X86Selector, d: int, a: int, mask: int) -> None:
    if mask == 0xFFFFFFFF:
        s.add(ops.EXTEND, (d,), (a,), "u32")
    elif fits(mask):
        s.add(ops.LOGIC_RI, (d,), (a,), (AND, mask))
    else:
        t = s.m.new(False)
        s.add(ops.MOVI, (t,), (), mask)
        s.add(ops.LOGIC_RR, (d,), (a, t), AND)


def _power_of_two(s: X86Selector, quotient: int, rest: int, a: int, c: int, shift: int) -> None:
    n = c.bit_length() - 1
    if quotient >= 0:
        s.add(ops.SHIFT_RI if n else ops.COPY, (quotient,), (a,), (shift, n))
    if rest >= 0:
        _mask(s, rest, a, c - 1)


def _signed_constant(s: X86Selector, quotient: int, rest: int, a: int, c: int) -> bool:
    """Floored division by a positive constant. With t = a >> 63: floor(a / c) = t ^ ((t ^ a) // c), and t ^ a is
    below 2**63, so that one unsigned multiplication finds the quotient.
    """
    if c > 0 and c & (c - 1) == 0:
        _power_of_two(s, quotient, rest, a, c, SAR)
        return True
    if c == -1:
        if quotient >= 0:
            s.add(ops.UNARY, (quotient,), (a,), NEG)
        if rest >= 0:
            s.add(ops.MOVI, (rest,), (), 0)
        return True
    if c < 0:
        return False
    new = s.m.new
    multiplier, shift = magic_63(c)
    sign, magnitude, m, high, shifted = new(False), new(False), new(False), new(False), new(False)
    if quotient < 0:
        quotient = new(False)
    s.add(ops.MOVI, (m,), (), multiplier)
    s.add(ops.SHIFT_RI, (sign,), (a,), (SAR, 63))
    s.add(ops.LOGIC_RR, (magnitude,), (a, sign), XOR)
    wide(s, high, m, magnitude, False)
    s.add(ops.SHIFT_RI if shift else ops.COPY, (shifted,), (high,), (SHR, shift))
    s.add(ops.LOGIC_RR, (quotient,), (shifted, sign), XOR)
    if rest >= 0:
        _remainder(s, rest, a, quotient, c)
    return True


def _unsigned_constant(s: X86Selector, quotient: int, rest: int, a: int, c: int) -> bool:
    """By a multiplication with 65 significant bits, the top one added by hand (Granlund and Montgomery)."""
    c &= (1 << 64) - 1
    if c & (c - 1) == 0:
        _power_of_two(s, quotient, rest, a, c, SHR)
        return True
    if c >= 1 << 63:
        return False
    new = s.m.new
    multiplier, shift = magic_64(c)
    m, high, left, half, total = new(False), new(False), new(False), new(False), new(False)
    if quotient < 0:
        quotient = new(False)
    s.add(ops.MOVI, (m,), (), multiplier - (1 << 64) if multiplier >> 63 else multiplier)
    wide(s, high, m, a, False)
    s.add(ops.SUB_RR, (left,), (a, high), SUB)
    s.add(ops.SHIFT_RI, (half,), (left,), (SHR, 1))
    s.add(ops.ADD_RR, (total,), (half, high))
    s.add(ops.SHIFT_RI if shift > 1 else ops.COPY, (quotient,), (total,), (SHR, shift - 1))
    if rest >= 0:
        _remainder(s, rest, a, quotient, c)
    return True
