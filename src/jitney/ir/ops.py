"""The operations, one row each: name, signature, flags, meaning.

A signature reads ``argument types -> result``. Type variables: ``f`` is f32 or f64, ``x`` is i64, ptr or i1, ``t``
any type; a variable means the same type wherever it occurs in a row. ``*`` stands for any number of further
arguments (captures, call arguments), ``->`` without a type for no result, and ``?`` for a result type given with the
instruction. In the rows about vectors ``v`` is a vector, ``m`` the mask that comparing such vectors gives, ``e`` the
scalar that holds a lane, ``h`` a vector of half as many lanes and ``d`` of twice as many. The meaning is executable:
constant folding and the interpreter both call it, so they cannot disagree.
Integer meanings get signed Python ints in [-2**63, 2**63) and return any int, float meanings compute in double
precision: the caller passes the result through `hold`, which wraps, or rounds once more to single precision (exact
for every row here: a double has more than twice the digits of a single).

Flags:
    PURE      same arguments, same result; no trap: may be moved, merged, dropped and executed early.
    COMM      the first two arguments commute.
    GUARD     leaves the function when its test fails (see docs/ir.md); may be dropped only when proven to pass.
    READ      reads memory. WRITE: writes memory or has another visible effect.
    CHECKED   wraps a pure operation (``base``) whose overflow leaves the function.

Rows named in `_LANEWISE` serve vectors as well, lane by lane: then scalars in the signature stand for vectors of as
many lanes, ``i1`` for a mask, and ``i64`` for any integer lanes (`lanes.py` says it in full).
"""

from __future__ import annotations

import math
import struct

from .types import BY_NAME, F32, F64, I1, I64, PTR, VOID, mask_of, scalar_of, vector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .types import Type

PURE, COMM, GUARD, READ, WRITE = 1, 2, 4, 8, 16

_MASK = (1 << 64) - 1
_SIGN = 1 << 63


def wrap(value: int) -> int:
    """`value` modulo 2**64, as a signed 64-bit integer."""
    value &= _MASK
    return value - (1 << 64) if value & _SIGN else value


_SIGNATURES: dict[str, tuple[list[str], str]] = {}


class Op:
    """One operation. Instructions hold it directly; compare by identity.

    Attributes:
        name: as printed.
        params: type letters or names of the arguments, the last may be ``*``.
        result: type letter or name, ``?`` (given with the instruction) or ``""`` (none).
        pure, commutative, guard, reads, writes: see the flags above.
        lanewise: serves vectors as well.
        meaning: the executable meaning of a pure row, or None.
        base: for a checked row the name of the wrapping operation.
        doc: what it does.
    """

    __slots__ = (
        "base", "commutative", "doc", "guard", "lanewise", "meaning", "name", "params", "pure", "reads", "result",
        "writes",
    )  # fmt: skip

    def __init__(
        self, name: str, signature: str, flags: int, meaning: Callable[..., Any] | None, doc: str, base: str = ""
    ) -> None:
        known = _SIGNATURES.get(signature)
        if known is None:
            left, _, right = signature.partition("->")
            known = _SIGNATURES[signature] = (left.split(), right.strip())
        self.name = name
        self.params, self.result = known
        self.pure = bool(flags & PURE)
        self.commutative = bool(flags & COMM)
        self.guard = bool(flags & GUARD)
        self.reads = bool(flags & READ)
        self.writes = bool(flags & WRITE)
        self.lanewise = False  # see below the rows
        self.meaning = meaning
        self.base = base
        self.doc = doc

    def __repr__(self) -> str:
        return self.name


def _u(value: int) -> int:
    return value & _MASK


def _sext(bits: int) -> Callable[[int], int]:
    half, full = 1 << (bits - 1), 1 << bits
    return lambda a: ((a + half) & (full - 1)) - half


def _zext(bits: int) -> Callable[[int], int]:
    mask = (1 << bits) - 1
    return lambda a: a & mask


def _rotated(bits: int) -> Callable[[int, int], int]:
    mask = (1 << bits) - 1
    return lambda a, b: ((a & mask) << (b & bits - 1) | (a & mask) >> (-b & bits - 1)) & mask


def _trunc_to_int(a: float) -> int:
    # What cvttsd2si does: everything out of range, and NaN, gives the most negative number.
    if a != a or not -(2.0**63) <= a < 2.0**63:
        return -(1 << 63)
    return int(a)


def _fdiv(a: float, b: float) -> float:
    if b == 0.0:
        if a == 0.0 or a != a:
            return math.nan
        return math.copysign(math.inf, math.copysign(1.0, a) * math.copysign(1.0, b))
    return a / b


def _sqrt(a: float) -> float:
    return math.sqrt(a) if a >= 0.0 or a != a else math.nan


def _rounded(function: Callable[[float], int]) -> Callable[[float], float]:
    def meaning(a: float) -> float:
        if a != a or math.isinf(a) or a == 0.0:
            return a
        return math.copysign(float(function(a)), a)

    return meaning


def round_f32(a: float) -> float:
    """`a` (an int, too) rounded to the nearest single-precision value, overflow to infinity."""
    if a.__class__ is int and not -(1 << 53) <= a <= 1 << 53:
        # On its way through a double it must not be rounded twice: fold the bits that do not fit into a sticky one.
        a = (int(a) >> 11 | bool(int(a) & 2047)) << 11
    try:
        return float(struct.unpack("<f", struct.pack("<f", a))[0])
    except OverflowError:
        return math.copysign(math.inf, a)


def hold(type: Type, value: Any) -> Any:
    """`value` as a register of `type` holds it: an int in range (signed; for a `ptr` unsigned), a bool, a float;
    of a vector a tuple of its lanes."""
    if type is I64:
        return wrap(value)
    if type is I1:
        return bool(value)
    if type is PTR:
        return value & _MASK
    if type is F32:
        return round_f32(value)
    if type is F64:
        return float(value)
    if type.lanes > 1:
        element = type.element
        return tuple([hold(element, lane) for lane in value])
    half = 1 << (8 * type.size - 1)
    return ((value + half) & (2 * half - 1)) - half


def bits_of(a: float) -> int:
    """The 64 bits of a double, as a signed integer."""
    return int(struct.unpack("<q", struct.pack("<d", a))[0])


def _from_bits(a: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", a))[0])


def _count_leading(a: int) -> int:
    return 64 - _u(a).bit_length()


def _count_trailing(a: int) -> int:
    a = _u(a)
    return (a & -a).bit_length() - 1 if a else 64


# fmt: off
_ROWS: tuple[tuple[str, str, int, Callable[..., Any] | None, str], ...] = (
    # -- values -------------------------------------------------------------------------------------------------
    ("const",    "-> ?",           PURE,        None, "the constant `imm`: int, float, or bool by the type"),
    ("symbol",   "-> ptr",         PURE,        None, "the address, known when linking, of the object `imm`"),
    ("param",    "-> ?",           0,           None, "a block parameter; of the entry block: a function parameter"),
    ("select",   "i1 t t -> t",    PURE,        lambda c, a, b: a if c else b, "a if c else b, both computed"),
    # -- integers: wrapping ---------------------------------------------------------------------------------------
    ("add",      "i64 i64 -> i64", PURE | COMM, lambda a, b: a + b, "sum"),
    ("sub",      "i64 i64 -> i64", PURE,        lambda a, b: a - b, "difference"),
    ("mul",      "i64 i64 -> i64", PURE | COMM, lambda a, b: a * b, "product"),
    ("neg",      "i64 -> i64",     PURE,        lambda a: -a, "negative"),
    ("smulh",    "i64 i64 -> i64", PURE | COMM, lambda a, b: (a * b) >> 64, "high half, signed"),
    ("umulh",    "i64 i64 -> i64", PURE | COMM, lambda a, b: (_u(a) * _u(b)) >> 64, "high half, unsigned"),
    ("floordiv", "i64 i64 -> i64", 0,           lambda a, b: a // b, "Python's //; not by 0, not (min, -1): guard"),
    ("floormod", "i64 i64 -> i64", 0,           lambda a, b: a % b, "Python's %; b != 0; (min, -1) gives 0"),
    ("udiv",     "i64 i64 -> i64", 0,           lambda a, b: _u(a) // _u(b), "unsigned quotient; b != 0"),
    ("urem",     "i64 i64 -> i64", 0,           lambda a, b: _u(a) % _u(b), "unsigned remainder; b != 0"),
    ("smin",     "i64 i64 -> i64", PURE | COMM, min, "signed minimum"),
    ("smax",     "i64 i64 -> i64", PURE | COMM, max, "signed maximum"),
    ("umin",     "i64 i64 -> i64", PURE | COMM, lambda a, b: a if _u(a) <= _u(b) else b, "unsigned minimum"),
    ("umax",     "i64 i64 -> i64", PURE | COMM, lambda a, b: a if _u(a) >= _u(b) else b, "unsigned maximum"),
    ("iabs",     "i64 -> i64",     PURE,        abs, "absolute value; of the minimum itself"),
    ("clz",      "i64 -> i64",     PURE,        _count_leading, "leading zero bits, 64 for 0"),
    ("ctz",      "i64 -> i64",     PURE,        _count_trailing, "trailing zero bits, 64 for 0"),
    ("popcnt",   "i64 -> i64",     PURE,        lambda a: bin(_u(a)).count("1"), "number of one bits"),
    # -- bits (and i1: the same rows serve booleans) ---------------------------------------------------------------
    ("and",      "x x -> x",       PURE | COMM, lambda a, b: a & b, "bitwise and"),
    ("or",       "x x -> x",       PURE | COMM, lambda a, b: a | b, "bitwise or"),
    ("xor",      "x x -> x",       PURE | COMM, lambda a, b: a ^ b, "bitwise exclusive or"),
    ("not",      "x -> x",         PURE,        lambda a: (not a) if isinstance(a, bool) else ~a, "complement"),
    ("shl",      "i64 i64 -> i64", PURE,        lambda a, b: a << (b & 63), "left shift by b mod 64"),
    ("lshr",     "i64 i64 -> i64", PURE,        lambda a, b: _u(a) >> (b & 63), "logical right shift by b mod 64"),
    ("sar",      "i64 i64 -> i64", PURE,        lambda a, b: a >> (b & 63), "arithmetic right shift by b mod 64"),
    ("rol32",    "i64 i64 -> i64", PURE,        _rotated(32), "low 32 bits rotated left by b mod 32, zero-extended"),
    ("rol64",    "i64 i64 -> i64", PURE,        _rotated(64), "rotated left by b mod 64"),
    ("sext8",    "i64 -> i64",     PURE,        _sext(8), "the low 8 bits, sign-extended"),
    ("sext16",   "i64 -> i64",     PURE,        _sext(16), "the low 16 bits, sign-extended"),
    ("sext32",   "i64 -> i64",     PURE,        _sext(32), "the low 32 bits, sign-extended"),
    ("zext8",    "i64 -> i64",     PURE,        _zext(8), "the low 8 bits, zero-extended"),
    ("zext16",   "i64 -> i64",     PURE,        _zext(16), "the low 16 bits, zero-extended"),
    ("zext32",   "i64 -> i64",     PURE,        _zext(32), "the low 32 bits, zero-extended"),
    # -- comparisons ----------------------------------------------------------------------------------------------
    ("eq",       "x x -> i1",      PURE | COMM, lambda a, b: a == b, "equal"),
    ("ne",       "x x -> i1",      PURE | COMM, lambda a, b: a != b, "not equal"),
    ("slt",      "i64 i64 -> i1",  PURE,        lambda a, b: a < b, "signed <"),
    ("sle",      "i64 i64 -> i1",  PURE,        lambda a, b: a <= b, "signed <="),
    ("sgt",      "i64 i64 -> i1",  PURE,        lambda a, b: a > b, "signed >"),
    ("sge",      "i64 i64 -> i1",  PURE,        lambda a, b: a >= b, "signed >="),
    ("ult",      "x x -> i1",      PURE,        lambda a, b: _u(a) < _u(b), "unsigned <"),
    ("ule",      "x x -> i1",      PURE,        lambda a, b: _u(a) <= _u(b), "unsigned <="),
    ("ugt",      "x x -> i1",      PURE,        lambda a, b: _u(a) > _u(b), "unsigned >"),
    ("uge",      "x x -> i1",      PURE,        lambda a, b: _u(a) >= _u(b), "unsigned >="),
    ("feq",      "f f -> i1",      PURE | COMM, lambda a, b: a == b, "equal; false for NaN"),
    ("fne",      "f f -> i1",      PURE | COMM, lambda a, b: a != b, "not equal; true for NaN"),
    ("flt",      "f f -> i1",      PURE,        lambda a, b: a < b, "<; false for NaN"),
    ("fle",      "f f -> i1",      PURE,        lambda a, b: a <= b, "<=; false for NaN"),
    ("fgt",      "f f -> i1",      PURE,        lambda a, b: a > b, ">; false for NaN"),
    ("fge",      "f f -> i1",      PURE,        lambda a, b: a >= b, ">=; false for NaN"),
    # -- floats ---------------------------------------------------------------------------------------------------
    ("fadd",     "f f -> f",       PURE | COMM, lambda a, b: a + b, "sum"),
    ("fsub",     "f f -> f",       PURE,        lambda a, b: a - b, "difference"),
    ("fmul",     "f f -> f",       PURE | COMM, lambda a, b: a * b, "product"),
    ("fdiv",     "f f -> f",       PURE,        _fdiv, "IEEE quotient"),
    ("fneg",     "f -> f",         PURE,        lambda a: -a, "sign flipped, of NaN too"),
    ("fabs",     "f -> f",         PURE,        math.fabs, "sign cleared"),
    ("fsqrt",    "f -> f",         PURE,        _sqrt, "IEEE square root, NaN below zero"),
    ("fcopysign", "f f -> f",      PURE,        math.copysign, "magnitude of the first, sign of the second"),
    ("fmin",     "f f -> f",       PURE,        lambda a, b: a if a < b else b, "a if a < b else b (as minsd)"),
    ("fmax",     "f f -> f",       PURE,        lambda a, b: a if a > b else b, "a if a > b else b (as maxsd)"),
    ("ffloor",   "f -> f",         PURE,        _rounded(math.floor), "toward minus infinity"),
    ("fceil",    "f -> f",         PURE,        _rounded(math.ceil), "toward plus infinity"),
    ("ftrunc",   "f -> f",         PURE,        _rounded(math.trunc), "toward zero"),
    ("frint",    "f -> f",         PURE,        _rounded(round), "to nearest, ties to even"),
    # -- conversions ----------------------------------------------------------------------------------------------
    ("i2f",      "i64 -> ?",       PURE,        lambda a: a, "signed integer to float, rounded to nearest even"),
    ("u2f",      "i64 -> ?",       PURE,        _u, "unsigned integer to float"),
    ("f2i",      "f -> i64",       PURE,        _trunc_to_int, "toward zero; the minimum when out of range or NaN"),
    ("fext",     "f32 -> f64",     PURE,        lambda a: a, "single to double"),
    ("fround",   "f64 -> f32",     PURE,        round_f32, "double to single"),
    ("f2bits",   "f64 -> i64",     PURE,        bits_of, "the 64 bits of a double"),
    ("bits2f",   "i64 -> f64",     PURE,        _from_bits, "the double of 64 bits"),
    ("b2i",      "i1 -> i64",      PURE,        int, "false 0, true 1"),
    ("p2i",      "ptr -> i64",     PURE,        lambda a: a, "address as integer"),
    ("i2p",      "i64 -> ptr",     PURE,        lambda a: a, "integer as address"),
    ("ptradd",   "ptr i64 -> ptr", PURE,        lambda a, b: _u(a + b), "address plus bytes"),
    ("fma",      "f f f -> f",     PURE,        None, "product plus the third, rounded once"),
    ("fpower",   "f f f f * -> f", PURE,        None,
     "C's pow, or powf, of the fourth and imm, or the fifth: the first, where the next are equal and it is in bounds"),
    ("fcall",    "f * -> f",       PURE,        None,
     "the mathematical function that the Call record `imm` names and, for scalars, has the address of; under fastmath"),
    # -- vectors (what they mean stands in lanes.py) ------------------------------------------------------------------
    ("splat",    "t -> ?",         PURE,        None, "the scalar in every lane, cut to its width"),
    ("lane",     "v -> e",         PURE,        None, "lane number imm, an integer sign-extended"),
    ("insert",   "v e -> v",       PURE,        None, "the vector with lane number imm replaced, cut to its width"),
    ("shuffle",  "v * -> v",       PURE,        None,
     "lane k is lane imm[k] of the argument, or of both, the second one's counted on"),
    ("low",      "v -> h",         PURE,        None, "the first half of the lanes"),
    ("high",     "v -> h",         PURE,        None, "the second half of the lanes"),
    ("join",     "v v -> d",       PURE,        None, "the lanes of the first, then those of the second"),
    ("vsext",    "v -> ?",         PURE,        None, "as many wider lanes, sign-extended"),
    ("vzext",    "v -> ?",         PURE,        None, "as many wider lanes, zero-extended"),
    ("vtrunc",   "v -> ?",         PURE,        None, "as many narrower lanes, the low bits"),
    ("vf2i",     "v -> ?",         PURE,        None,
     "as many i32 lanes, toward zero; the least i32 when out of its range or NaN"),
    ("radd",     "v -> e",         PURE,        None, "sum of integer lanes, sign-extended to 64 bits before"),
    ("rsmin",    "v -> e",         PURE,        None, "least of signed lanes"),
    ("rsmax",    "v -> e",         PURE,        None, "greatest of signed lanes"),
    ("rumin",    "v -> e",         PURE,        None, "least of unsigned lanes, zero-extended"),
    ("rumax",    "v -> e",         PURE,        None, "greatest of unsigned lanes, zero-extended"),
    ("rand",     "v -> e",         PURE,        None, "bitwise and of the lanes, sign-extended"),
    ("ror",      "v -> e",         PURE,        None, "bitwise or of the lanes, sign-extended"),
    ("rxor",     "v -> e",         PURE,        None, "bitwise exclusive or of the lanes, sign-extended"),
    ("rfadd",    "v -> e",         PURE,        None, "sum of float lanes, first half plus second half at each step"),
    ("rfmul",    "v -> e",         PURE,        None, "product of float lanes, by halves likewise"),
    ("rfmin",    "v -> e",         PURE,        None, "fmin of float lanes, by halves likewise"),
    ("rfmax",    "v -> e",         PURE,        None, "fmax of float lanes, by halves likewise"),
    ("movemask", "v -> i64",       PURE,        None, "the sign bits of integer lanes, the first lane's as bit 0"),
    ("anyset",   "v -> i1",        PURE,        None, "whether the sign bit of any integer lane is set"),
    ("allset",   "v -> i1",        PURE,        None, "whether the sign bit of every integer lane is set"),
    # -- checks: each leaves the function through its site; `imm` is the site index -----------------------------------
    ("guard",    "i1 i1 * ->",        GUARD,    None, "leave unless the first holds; args: condition, dirty, captures"),
    ("addo",     "i64 i64 i1 -> i64", GUARD,    None, "sum; leave when it does not fit"),
    ("subo",     "i64 i64 i1 -> i64", GUARD,    None, "difference; leave when it does not fit"),
    ("mulo",     "i64 i64 i1 -> i64", GUARD,    None, "product; leave when it does not fit"),
    ("index",    "i64 i64 i1 -> i64", GUARD,    None, "i if 0 <= i < n, i + n if -n <= i < 0; leave otherwise"),
    ("poll",     "i64 i1 -> i64",     GUARD | WRITE, None,
     "count fuel down by imm[1]; below zero run signal handlers (leave through imm[0] if one raises) and refill"),
    ("enter",    "ptr i1 ->",         GUARD | WRITE, None,
     "at the start of a recursive function: leave when the stack is used up; counts fuel in the context and polls"),
    # -- memory: imm is a Memory record ------------------------------------------------------------------------------
    ("load",     "ptr * -> ?",     READ,        None, "args: base[, index]; the value at base + index * scale + disp"),
    ("store",    "t ptr * ->",     WRITE,       None, "args: value, base[, index]"),
    ("mload",    "v ptr * -> ?",   READ,        None, "args: mask, base[, index]; lanes whose mask is 0 are 0, unread"),
    ("mstore",   "v m ptr * ->",   WRITE,       None, "args: value, mask, base[, index]; lanes whose mask is 0 stay"),
    ("gather",   "ptr v * -> ?",   READ,        None,
     "args: base, indices[, mask]; lane k is loaded from base + index[k] * scale + disp, or 0, unread, by the mask"),
    ("alloca",   "-> ptr",         0,           None, "imm bytes in this frame, 16-byte aligned"),
    # -- calls: imm is a Call record ---------------------------------------------------------------------------------
    ("ccall",    "* -> ?",         READ | WRITE, None, "call a C function; pure ones are marked in the Call record"),
    ("call",     "ptr * -> ?",     READ | WRITE | GUARD, None,
     "call a jit function; args: context, arguments..., dirty; a callee that leaves makes this one leave too"),
    ("invoke",   "ptr * -> ?",     READ | WRITE, None,
     "call a jit function; args: context, arguments...; its failure is the last result, an i1"),
    ("result",   "t -> ?",         PURE,        None, "result number imm (>= 1) of the call; directly follows it"),
)
# fmt: on

OPS: dict[str, Op] = {row[0]: Op(*row) for row in _ROWS}
for _name, _base in (("addo", "add"), ("subo", "sub"), ("mulo", "mul")):
    OPS[_name].base = _base

_LANEWISE = (
    "select add sub mul umulh neg smin smax umin umax iabs popcnt and or xor not shl lshr sar eq ne slt sle sgt sge "
    "ult ule ugt uge feq fne flt fle fgt fge fadd fsub fmul fdiv fneg fabs fsqrt fcopysign fmin fmax ffloor "
    "fceil ftrunc frint fma fpower i2f f2i fext fround f2bits bits2f fcall"
)
for _name in _LANEWISE.split():
    OPS[_name].lanewise = True


def result_of(op: Op, given: Sequence[Type]) -> Type:
    """The type of the result of a row that determines it, for arguments of these types.

    Raises:
        ValueError: there is no such vector.
    """
    result = op.result
    if not result:
        return VOID
    if given and given[0].lanes > 1:
        first = given[0]
        if op.lanewise and result == "i1":
            return mask_of(first)
        if op.lanewise and result not in op.params:
            return vector(BY_NAME[result], first.lanes)
        if result == "e":
            return scalar_of(first)
        if result == "h" or result == "d":
            return vector(first.element, first.lanes // 2 if result == "h" else 2 * first.lanes)
    return given[op.params.index(result)] if result in op.params else BY_NAME[result]


# Terminators are not values: a block holds one of these names with its arguments and edges.
#   jump   one edge                        br    args (condition,), edges (then, else)
#   ret    args = results                  exit  args (dirty, captures...), imm = site index: leave the function
#   unreachable  control never gets here
TERMINATORS = ("jump", "br", "ret", "exit", "unreachable")
