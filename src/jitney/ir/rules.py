"""Rewrite rules: equalities between pure operations, applied by `Builder.insert` to whatever is emitted.

A rule is a line ``name: pattern -> replacement [guard]``: where the pattern stands and the guard holds, the replacement
has the same value, bit by bit (of a float, all bits but a NaN's payload). That is the rule's law, and
`tests/ir/test_rules.py` proves it: integers and booleans with an SMT solver, floats on special values and random bits.

- Lower-case words are any values, single capitals are constants; the same name is the same value.
- ``0 1 -1 MIN MAX`` are i64 constants, ``true false`` i1, ``1.0 -0.0`` floats (-0.0 is not 0.0), and ``zeros`` and
  ``ones`` the i64, ptr or i1 with no bit set and with all.
- Several operations separated by ``|`` stand for one rule each.
- Operations that commute match both ways round. Constants stand on the right, where `Builder` puts them.
- In a replacement, operations on constants alone are folded. In a guard, they are evaluated; ``(fits x lo hi)`` says
  that by its operation alone `x` is known to lie between two numbers.

Every replacement is simpler by one measure: fewer operations, cheaper ones, or constants nearer the root; so rewriting
ends. Floats are never reassociated, and nothing is done that turns -0.0 into 0.0 or changes the sign of a NaN.
"""

from __future__ import annotations

import math

from .index import INDEX
from .ops import OPS, hold
from .types import I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .builder import Builder
    from .function import Function
    from .ops import Op
    from .types import Type

    # A pattern or replacement: a variable's name, a literal, or (operation, arguments...).
    Term = Any
    Rule = tuple[str, Term, Term, Term]  # name, pattern, replacement, guard

RULES = """
# sums
add-zero:           (add x 0) -> x
add-const:          (add (add x C) D) -> (add x (add C D))
add-sub-const:      (add (sub C x) D) -> (sub (add C D) x)
add-neg:            (add x (neg y)) -> (sub x y)
add-sub:            (add (sub x y) y) -> x
add-not:            (add (not x) 1) -> (neg x)
sub-const:          (sub x C) -> (add x (neg C))
sub-self:           (sub x x) -> 0
sub-from-zero:      (sub 0 x) -> (neg x)
sub-from-ones:      (sub -1 x) -> (not x)
sub-neg:            (sub x (neg y)) -> (add x y)
sub-from-const:     (sub C (add x D)) -> (sub (sub C D) x)
sub-const-sub:      (sub C (sub D x)) -> (add x (sub C D))
sub-add:            (sub (add x y) y) -> x
sub-of-add:         (sub x (add x y)) -> (neg y)
sub-of-sub:         (sub x (sub x y)) -> y
sub-sub:            (sub (sub x y) x) -> (neg y)
neg-neg:            (neg (neg x)) -> x
neg-sub:            (neg (sub x y)) -> (sub y x)
neg-add:            (neg (add x C)) -> (sub (neg C) x)

# products and quotients
mul-zero:           (mul x 0) -> 0
mul-one:            (mul x 1) -> x
mul-minus-one:      (mul x -1) -> (neg x)
mul-power:          (mul x C) -> (shl x (ctz C)) [(eq (popcnt C) 1)]
mul-const:          (mul (mul x C) D) -> (mul x (mul C D))
mul-shl:            (mul (shl x C) D) -> (mul x (shl D C))
mul-neg-const:      (mul (neg x) C) -> (mul x (neg C))
mul-neg:            (mul (neg x) (neg y)) -> (mul x y)
neg-mul:            (neg (mul x C)) -> (mul x (neg C))
floordiv-one:       (floordiv x 1) -> x
floordiv-power:     (floordiv x C) -> (sar x (ctz C)) [(and (eq (popcnt C) 1) (sgt C 0))]
floormod-power:     (floormod x C) -> (and x (add C -1)) [(and (eq (popcnt C) 1) (sgt C 0))]
floormod-minus-one: (floormod x -1) -> 0
udiv-power:         (udiv x C) -> (lshr x (ctz C)) [(eq (popcnt C) 1)]
urem-power:         (urem x C) -> (and x (add C -1)) [(eq (popcnt C) 1)]

# minimum, maximum, magnitude
min-self:           (smin|smax|umin|umax x x) -> x
smin-const:         (smin (smin x C) D) -> (smin x (smin C D))
smax-const:         (smax (smax x C) D) -> (smax x (smax C D))
smin-max:           (smin x MAX) -> x
smin-min:           (smin x MIN) -> MIN
smax-min:           (smax x MIN) -> x
smax-max:           (smax x MAX) -> MAX
umin-zero:          (umin x 0) -> 0
umax-zero:          (umax x 0) -> x
iabs-iabs:          (iabs (iabs x)) -> (iabs x)
iabs-neg:           (iabs (neg x)) -> (iabs x)

# bits
and-self:           (and|or x x) -> x
and-zeros:          (and x zeros) -> zeros
and-ones:           (and x ones) -> x
and-not:            (and x (not x)) -> zeros
and-or:             (and x (or x y)) -> x
and-and:            (and x (and x y)) -> (and x y)
and-const:          (and (and x C) D) -> (and x (and C D))
and-not-not:        (and (not x) (not y)) -> (not (or x y))
and-byte:           (and x 0xff) -> (zext8 x)
and-short:          (and x 0xffff) -> (zext16 x)
and-word:           (and x 0xffffffff) -> (zext32 x)
and-zext8:          (and (zext8 x) C) -> (and x (and C 0xff))
and-zext16:         (and (zext16 x) C) -> (and x (and C 0xffff))
and-zext32:         (and (zext32 x) C) -> (and x (and C 0xffffffff))
or-zeros:           (or x zeros) -> x
or-ones:            (or x ones) -> ones
or-not:             (or x (not x)) -> ones
or-and:             (or x (and x y)) -> x
or-or:              (or x (or x y)) -> (or x y)
or-const:           (or (or x C) D) -> (or x (or C D))
or-not-not:         (or (not x) (not y)) -> (not (and x y))
xor-self:           (xor x x) -> zeros
xor-zeros:          (xor x zeros) -> x
xor-ones:           (xor x ones) -> (not x)
xor-const:          (xor (xor x C) D) -> (xor x (xor C D))
xor-xor:            (xor (xor x y) y) -> x
xor-not-not:        (xor (not x) (not y)) -> (xor x y)
not-not:            (not (not x)) -> x

# shifts
shl-zero:           (shl|lshr|sar x 0) -> x
shl-of-zero:        (shl|lshr|sar 0 x) -> 0
sar-of-ones:        (sar -1 x) -> -1
shl-shl:            (shl (shl x C) D) -> (shl x (add C D)) [(and (and (ult C 64) (ult D 64)) (ult (add C D) 64))]
lshr-lshr:          (lshr (lshr x C) D) -> (lshr x (add C D)) [(and (and (ult C 64) (ult D 64)) (ult (add C D) 64))]
sar-sar:            (sar (sar x C) D) -> (sar x (smin (add C D) 63)) [(and (ult C 64) (ult D 64))]
shl-mul:            (shl (mul x C) D) -> (mul x (shl C D))
shl-lshr:           (shl (lshr x C) C) -> (and x (shl -1 C))
shl-sar:            (shl (sar x C) C) -> (and x (shl -1 C))
lshr-shl:           (lshr (shl x C) C) -> (and x (lshr -1 C))
sar-shl-32:         (sar (shl x 32) 32) -> (sext32 x)
sar-shl-48:         (sar (shl x 48) 48) -> (sext16 x)
sar-shl-56:         (sar (shl x 56) 56) -> (sext8 x)

# extensions
sext8-low:          (sext8 (sext16|sext32|zext8|zext16|zext32 x)) -> (sext8 x)
sext16-low:         (sext16 (sext32|zext16|zext32 x)) -> (sext16 x)
sext32-low:         (sext32 (zext32 x)) -> (sext32 x)
zext8-low:          (zext8 (zext16|zext32|sext8|sext16|sext32 x)) -> (zext8 x)
zext16-low:         (zext16 (zext32|sext16|sext32 x)) -> (zext16 x)
zext32-low:         (zext32 (sext32 x)) -> (zext32 x)
sext8-fits:         (sext8 x) -> x [(fits x -0x80 0x7f)]
sext16-fits:        (sext16 x) -> x [(fits x -0x8000 0x7fff)]
sext32-fits:        (sext32 x) -> x [(fits x -0x80000000 0x7fffffff)]
zext8-fits:         (zext8 x) -> x [(fits x 0 0xff)]
zext16-fits:        (zext16 x) -> x [(fits x 0 0xffff)]
zext32-fits:        (zext32 x) -> x [(fits x 0 0xffffffff)]

# comparisons
eq-self:            (eq|sle|sge|ule|uge x x) -> true
ne-self:            (ne|slt|sgt|ult|ugt x x) -> false
slt-const-left:     (slt C x) -> (sgt x C)
sle-const-left:     (sle C x) -> (sge x C)
sgt-const-left:     (sgt C x) -> (slt x C)
sge-const-left:     (sge C x) -> (sle x C)
ult-const-left:     (ult C x) -> (ugt x C)
ule-const-left:     (ule C x) -> (uge x C)
ugt-const-left:     (ugt C x) -> (ult x C)
uge-const-left:     (uge C x) -> (ule x C)
slt-min:            (slt x MIN) -> false
sge-min:            (sge x MIN) -> true
sgt-max:            (sgt x MAX) -> false
sle-max:            (sle x MAX) -> true
ult-zero:           (ult x zeros) -> false
uge-zero:           (uge x zeros) -> true
ule-zero:           (ule x zeros) -> (eq x zeros)
ugt-zero:           (ugt x zeros) -> (ne x zeros)
ult-one:            (ult x 1) -> (eq x 0)
uge-one:            (uge x 1) -> (ne x 0)
eq-add-const:       (eq (add x C) D) -> (eq x (sub D C))
ne-add-const:       (ne (add x C) D) -> (ne x (sub D C))
eq-sub-const:       (eq (sub C x) D) -> (eq x (sub C D))
ne-sub-const:       (ne (sub C x) D) -> (ne x (sub C D))
eq-sub:             (eq (sub x y) 0) -> (eq x y)
ne-sub:             (ne (sub x y) 0) -> (ne x y)
eq-xor:             (eq (xor x y) zeros) -> (eq x y)
ne-xor:             (ne (xor x y) zeros) -> (ne x y)
eq-neg:             (eq (neg x) C) -> (eq x (neg C))
ne-neg:             (ne (neg x) C) -> (ne x (neg C))
eq-true:            (eq x true) -> x
eq-false:           (eq x false) -> (not x)
ne-true:            (ne x true) -> (not x)
ne-false:           (ne x false) -> x
not-eq:             (not (eq x y)) -> (ne x y)
not-ne:             (not (ne x y)) -> (eq x y)
not-slt:            (not (slt x y)) -> (sge x y)
not-sle:            (not (sle x y)) -> (sgt x y)
not-sgt:            (not (sgt x y)) -> (sle x y)
not-sge:            (not (sge x y)) -> (slt x y)
not-ult:            (not (ult x y)) -> (uge x y)
not-ule:            (not (ule x y)) -> (ugt x y)
not-ugt:            (not (ugt x y)) -> (ule x y)
not-uge:            (not (uge x y)) -> (ult x y)
not-feq:            (not (feq x y)) -> (fne x y)
not-fne:            (not (fne x y)) -> (feq x y)
flt-const-left:     (flt C x) -> (fgt x C)
fle-const-left:     (fle C x) -> (fge x C)
fgt-const-left:     (fgt C x) -> (flt x C)
fge-const-left:     (fge C x) -> (fle x C)

# booleans as integers
b2i-eq-zero:        (eq (b2i c) 0) -> (not c)
b2i-ne-zero:        (ne (b2i c) 0) -> c
b2i-eq-one:         (eq (b2i c) 1) -> c
b2i-ne-one:         (ne (b2i c) 1) -> (not c)
b2i-sgt-zero:       (sgt (b2i c) 0) -> c
b2i-slt-one:        (slt (b2i c) 1) -> (not c)
b2i-eq-b2i:         (eq (b2i c) (b2i d)) -> (eq c d)
b2i-ne-b2i:         (ne (b2i c) (b2i d)) -> (ne c d)
b2i-and:            (and (b2i c) (b2i d)) -> (b2i (and c d))
b2i-or:             (or (b2i c) (b2i d)) -> (b2i (or c d))
b2i-xor:            (xor (b2i c) (b2i d)) -> (b2i (xor c d))
b2i-and-one:        (and (b2i c) 1) -> (b2i c)
b2i-xor-one:        (xor (b2i c) 1) -> (b2i (not c))

# selections
eq-select:          (eq (select c C D) E) -> c [(and (eq C E) (ne D E))]
eq-select-other:    (eq (select c C D) E) -> (not c) [(and (ne C E) (eq D E))]
ne-select:          (ne (select c C D) E) -> (not c) [(and (eq C E) (ne D E))]
ne-select-other:    (ne (select c C D) E) -> c [(and (ne C E) (eq D E))]
select-same:        (select c x x) -> x
select-true:        (select true x y) -> x
select-false:       (select false x y) -> y
select-not:         (select (not c) x y) -> (select c y x)
select-one-zero:    (select c 1 0) -> (b2i c)
select-zero-one:    (select c 0 1) -> (b2i (not c))
select-true-else:   (select c true x) -> (or c x)
select-false-else:  (select c false x) -> (and (not c) x)
select-else-false:  (select c x false) -> (and c x)
select-else-true:   (select c x true) -> (or (not c) x)
select-then-again:  (select c (select c x y) z) -> (select c x z)
select-else-again:  (select c x (select c y z)) -> (select c x z)
select-eq:          (select (eq x y) x y) -> y
select-ne:          (select (ne x y) x y) -> x
select-smin:        (select (slt|sle x y) x y) -> (smin x y)
select-smin-swap:   (select (sgt|sge x y) y x) -> (smin x y)
select-smax:        (select (sgt|sge x y) x y) -> (smax x y)
select-smax-swap:   (select (slt|sle x y) y x) -> (smax x y)
select-fmin:        (select (flt x y) x y) -> (fmin x y)
select-fmin-swap:   (select (fgt x y) y x) -> (fmin y x)
select-fmax:        (select (fgt x y) x y) -> (fmax x y)
select-fmax-swap:   (select (flt x y) y x) -> (fmax y x)
select-iabs:        (select (slt x 0) (neg x) x) -> (iabs x)
select-iabs-swap:   (select (sgt|sge x 0) x (neg x)) -> (iabs x)

# floats: exact ones only
fmul-one:           (fmul|fdiv x 1.0) -> x
fmul-two:           (fmul x 2.0) -> (fadd x x)
fadd-minus-zero:    (fadd x -0.0) -> x
fsub-zero:          (fsub x 0.0) -> x
fdiv-power:         (fdiv x C) -> (fmul x (fdiv 1.0 C)) [(and (eq (and (f2bits C) 0xfffffffffffff) 0) (ult (sub (and (lshr (f2bits C) 52) 0x7ff) 897) 253))]
fneg-fneg:          (fneg (fneg x)) -> x
fabs-sign:          (fabs (fneg|fabs x)) -> (fabs x)
fabs-copysign:      (fabs (fcopysign x y)) -> (fabs x)
copysign-sign:      (fcopysign (fneg|fabs x) y) -> (fcopysign x y)
copysign-self:      (fcopysign x x) -> x
fmin-self:          (fmin|fmax x x) -> x
fround-fext:        (fround (fext x)) -> x
f2bits-bits2f:      (f2bits (bits2f x)) -> x
bits2f-f2bits:      (bits2f (f2bits x)) -> x

# addresses
ptradd-zero:        (ptradd p 0) -> p
ptradd-const:       (ptradd (ptradd p C) D) -> (ptradd p (add C D))
p2i-i2p:            (p2i (i2p x)) -> x
i2p-p2i:            (i2p (p2i p)) -> p
"""  # noqa: E501  (one rule, one line)

_CONST = OPS["const"]
_MAX, _MIN = (1 << 63) - 1, -(1 << 63)


class _Bits:
    """The literals `zeros` and `ones`: a constant of whatever bits type is due."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def of(self, type: Type) -> Any:
        return hold(type, 0 if self is ZEROS else -1)


ZEROS, ONES = _Bits("zeros"), _Bits("ones")
_LITERALS: dict[str, Any] = {"true": True, "false": False, "MIN": _MIN, "MAX": _MAX, "zeros": ZEROS, "ones": ONES}
# What an operation's result lies between, whatever its arguments; see `fits`.
_RANGES = {
    "sext8": (-0x80, 0x7F),
    "sext16": (-0x8000, 0x7FFF),
    "sext32": (-0x80000000, 0x7FFFFFFF),
    "zext8": (0, 0xFF),
    "zext16": (0, 0xFFFF),
    "zext32": (0, 0xFFFFFFFF),
    "b2i": (0, 1),
    "clz": (0, 64),
    "ctz": (0, 64),
    "popcnt": (0, 64),
}

# The lines of RULES, once needed, and what has been read of them.
_lines: list[str] = []
_read: dict[int, list[tuple[list[tuple[int, str]], Rule]]] = {}


def simplify(builder: Builder, op: Op, args: tuple[int, ...], type: Type) -> int | None:
    """A value equal to ``op(args)`` that is simpler, or None.

    Only those rules are tried, and even read, whose pattern has below the root the operation or the constant that an
    argument is (`INDEX`).
    """
    function = builder.function
    ops = function.ops
    for k, buckets in INDEX.get(op.name, ()):
        if k < 0:
            if args[-1] != args[-2] and len(args) == 2:
                continue
            key: Any = None
        else:
            key = ops[args[k]].name
            if key == "const":
                imm = function.imms[args[k]]
                if imm in buckets:
                    found = _first(builder, _rules(op, k, buckets, imm), args, type)
                    if found is not None:
                        return found
        if key in buckets:
            found = _first(builder, _rules(op, k, buckets, key), args, type)
            if found is not None:
                return found
    return None


def read(line: str) -> Iterator[Rule]:
    """The rules of one line: one per combination of alternatives, each with ``|`` resolved."""
    name, _, rest = line.partition(":")
    left, _, right = rest.partition("->")
    right, _, guard = right.partition("[")
    pattern = _term(left)
    replacement = _term(right)
    condition = _term(guard[: guard.rindex("]")]) if guard else None
    for variant in _alternatives(pattern) if "|" in left else (pattern,):
        yield (name, variant, replacement, condition)


def fits(function: Function, v: int, low: int, high: int) -> bool:
    """Whether the operation that computes the i64 `v` shows that it lies between `low` and `high`, both inclusive."""
    op = function.ops[v]
    known = _RANGES.get(op.name)
    if known is None:
        if op.name == "load":
            access = function.imms[v].access
            if access.size == 8:
                return False
            half = 1 << (8 * access.size - 1)
            known = (-half, half - 1) if access.signed else (0, 2 * half - 1)
        elif op.name == "and" and function.ops[function.args[v][1]] is _CONST:
            known = (0, function.imms[function.args[v][1]])
        else:
            return False
    return low <= known[0] <= known[1] <= high


# -- matching and building -------------------------------------------------------------------------------------------


def _first(builder: Builder, rules: list[Rule], args: tuple[int, ...], type: Type) -> int | None:
    function = builder.function
    for _, pattern, replacement, guard in rules:
        bound: dict[str, int] = {}
        for term, a in zip(pattern[1:], args):
            if not _match(function, term, a, bound):
                break
        else:
            if guard is None or _holds(function, guard, bound):
                return _build(builder, replacement, bound, type)
    return None


def _match(function: Function, term: Term, v: int, bound: dict[str, int]) -> bool:
    kind = term.__class__
    if kind is str:
        old = bound.get(term)
        if old is not None:
            return old == v
        if term < "a" and function.ops[v] is not _CONST:
            return False
        bound[term] = v
        return True
    if kind is tuple:
        if function.ops[v] is not term[0]:
            return False
        for k, a in enumerate(function.args[v], 1):
            if not _match(function, term[k], a, bound):
                return False
        return True
    if function.ops[v] is not _CONST:
        return False
    type, imm = function.types[v], function.imms[v]
    if kind is int:
        return type is I64 and bool(imm == term)
    if kind is bool:
        return imm is term
    if kind is float:
        return type.is_float and imm == term and math.copysign(1.0, imm) == math.copysign(1.0, term)
    return not type.is_float and bool(imm == term.of(type))


def _holds(function: Function, guard: Term, bound: dict[str, int]) -> bool:
    if guard[0] == "fits":
        return fits(function, bound[guard[1]], guard[2], guard[3])
    return bool(_evaluated(function, guard, bound))


def _evaluated(function: Function, term: Term, bound: dict[str, int]) -> Any:
    if term.__class__ is str:
        return function.imms[bound[term]]
    if term.__class__ is tuple:
        return term[0].meaning(*[_evaluated(function, t, bound) for t in term[1:]])
    return term


def _build(builder: Builder, term: Term, bound: dict[str, int], type: Type) -> int:
    """The value of a replacement; literals in it have the type that their place asks for, the root's has `type`."""
    kind = term.__class__
    if kind is str:
        return bound[term]
    if kind is tuple:
        op = term[0]
        args = [0] * len(op.params)
        for k, t in enumerate(term[1:]):
            if t.__class__ is tuple or t.__class__ is str:
                args[k] = _build(builder, t, bound, type)
        for k, t in enumerate(term[1:]):
            if t.__class__ is not tuple and t.__class__ is not str:
                args[k] = _build(builder, t, bound, I64 if op.params[k] == "i64" else _sibling(builder, term, args))
        return builder.insert(op, tuple(args))
    return builder.const(type, term.of(type) if kind is _Bits else term)


def _sibling(builder: Builder, term: Term, args: list[int]) -> Type:
    """The type of the arguments that are no literals, which is the literals' too."""
    return next(builder.function.types[a] for a, t in zip(args, term[1:]) if t.__class__ in (tuple, str))


# -- reading the rules -----------------------------------------------------------------------------------------------


def _rules(op: Op, k: int, buckets: dict[Any, tuple[int, ...] | list[Rule]], key: Any) -> list[Rule]:
    """The rules of a bucket, read when first needed."""
    found = buckets[key]
    if found.__class__ is tuple:
        rules = []
        for number in found:
            for inner, rule in _read.get(number) or _variants(number):
                if rule[1][0] is op and (not inner or (k, key) in inner):
                    rules.append(rule)
        buckets[key] = found = rules
    return found  # type: ignore[return-value]


def _variants(number: int) -> list[tuple[list[tuple[int, str]], Rule]]:
    """The rules of a line, all ways round, each with where it has an operation below the root, and which."""
    if not _lines:
        _lines.extend(RULES.splitlines())
    found = _read[number] = []
    for name, pattern, replacement, guard in read(_lines[number]):
        for variant in _commuted(pattern, _names(pattern, {})):
            inner = [(i, term[0].name) for i, term in enumerate(variant[1:]) if term.__class__ is tuple]
            found.append((inner, (name, variant, replacement, guard)))
    return found


def _term(text: str) -> Term:
    """The term that a text says; a root or inner node with alternatives keeps them as a list."""
    outer: list[list[Term]] = []
    items: list[Term] = []
    for token in text.replace("(", "( ").replace(")", " )").split():
        if token == "(":
            outer.append(items)
            items = []
        elif token == ")":
            inner = tuple(items)
            items = outer.pop()
            items.append(inner)
        elif items or not outer:
            items.append(_atom(token))
        else:
            items.append(_head(token))
    return items[0]


def _head(token: str) -> Any:
    """The operation with this name; a list where there are several."""
    if token in OPS or token == "fits":
        return OPS.get(token, token)
    return [OPS[name] for name in token.split("|")]


def _atom(token: str) -> Term:
    """A variable's name or a literal."""
    if token in _LITERALS:
        return _LITERALS[token]
    if token[-1].isdigit() or token[:2] == "0x":
        return float(token) if "." in token else int(token, 0)
    return token


def _alternatives(term: Term) -> Iterator[Term]:
    if term.__class__ is not tuple:
        yield term
        return
    heads = term[0] if term[0].__class__ is list else [term[0]]
    rests: list[tuple[Term, ...]] = [()]
    for child in term[1:]:
        rests = [(*rest, variant) for rest in rests for variant in _alternatives(child)]
    for head in heads:
        for rest in rests:
            yield (head, *rest)


def _names(term: Term, counts: dict[str, int]) -> dict[str, int]:
    """How often each variable occurs."""
    if term.__class__ is str:
        counts[term] = counts.get(term, 0) + 1
    elif term.__class__ is tuple:
        for child in term[1:]:
            _names(child, counts)
    return counts


def _commuted(term: Term, counts: dict[str, int]) -> list[Term]:
    """The pattern with the arguments of operations that commute both ways round, where that makes a difference."""
    rests: list[tuple[Term, ...]] = [()]
    for child in term[1:]:
        variants = _commuted(child, counts) if child.__class__ is tuple else (child,)
        rests = [(*rest, variant) for rest in rests for variant in variants]
    if term[0].commutative:
        rests += [(b, a) for a, b in rests if _order_matters(a, b, counts)]
    return [(term[0], *rest) for rest in rests]


def _order_matters(a: Term, b: Term, counts: dict[str, int]) -> bool:
    for term in (a, b):
        if term.__class__ is not tuple and (term.__class__ is not str or term < "a"):
            return False  # a constant stands on the right
    if a.__class__ is str and b.__class__ is str:
        return a != b and (counts[a] > 1 or counts[b] > 1)
    return True
