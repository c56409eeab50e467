"""Integers and addresses in a nest of loops as polynomials: sums of multiples of products of values.

    v21 = mul v4, v18           {(v4, v18): 1}
    v22 = shl v21, 3            {(v4, v18): 8}
    v23 = ptradd v2, v22        {(v2,): 1, (v4, v18): 8}

Address arithmetic wraps, so the polynomial is the value modulo 2**64. Where the products are small it is the value.
"""

from __future__ import annotations

from ..ir.ops import OPS, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from ..ir.function import Function

    # Multiples of products of values, which are sorted.
    Poly = dict[tuple[int, ...], int]

_MOST_TERMS, _MOST_FACTORS, _DEEP = 6, 3, 12
_CONST = OPS["const"]
_SUM, _DIFFERENCE, _PRODUCT, _SHIFT, _FIRST = range(5)
_PLAIN = {
    OPS["add"]: _SUM, OPS["sub"]: _DIFFERENCE, OPS["ptradd"]: _SUM, OPS["mul"]: _PRODUCT, OPS["shl"]: _SHIFT,
}  # fmt: skip
_CHECKED = {OPS["addo"]: _SUM, OPS["subo"]: _DIFFERENCE, OPS["mulo"]: _PRODUCT, OPS["index"]: _FIRST}


class Polynomials:
    """Polynomials of the values of a function over those for which `leaf` holds, and over what is no sum or product.

    `checked`: look through checks, too; the polynomials are those of values where all checks pass at once.
    """

    __slots__ = ("_function", "_leaf", "_rules")

    def __init__(self, function: Function, leaf: Callable[[int], bool], checked: bool = False) -> None:
        self._function = function
        self._leaf = leaf
        self._rules = {**_PLAIN, **_CHECKED} if checked else _PLAIN

    def of(self, v: int, deep: int = _DEEP) -> Poly | None:
        """None if it gets too long."""
        function = self._function
        op = function.ops[v]
        if op is _CONST:
            return {(): function.imms[v]}
        rule = self._rules.get(op)
        if rule is None or not deep or self._leaf(v):
            return {(v,): 1}
        a = self.of(function.args[v][0], deep - 1)
        if rule == _FIRST or a is None:
            return a
        b = self.of(function.args[v][1], deep - 1)
        if b is None:
            return None
        if rule == _SHIFT:
            if list(b) != [()]:
                return {(v,): 1}
            b = {(): wrap(1 << (b[()] & 63))}
        if rule == _PRODUCT or rule == _SHIFT:
            found: Poly = {}
            for x, m in a.items():
                for y, n in b.items():
                    add(found, {tuple(sorted(x + y)): m * n}, 1)
        else:
            found = dict(a)
            add(found, b, -1 if rule == _DIFFERENCE else 1)
        if len(found) > _MOST_TERMS or any(len(key) > _MOST_FACTORS for key in found):
            return None
        return found


def add(total: Poly, other: Poly, mult: int) -> None:
    """Add `mult` times `other` to `total`."""
    for key, m in other.items():
        total[key] = wrap(total.get(key, 0) + mult * m)
        if not total[key]:
            del total[key]


def part(poly: Poly, counters: Container[int], counter: int = -1) -> Poly:
    """The coefficient of one of the counters; what does without all of them for -1."""
    found: Poly = {}
    for key, mult in poly.items():
        if counter in key:
            at = key.index(counter)
            found[key[:at] + key[at + 1 :]] = mult
        elif counter < 0 and not any(v in counters for v in key):
            found[key] = mult
    return found


def rows_apart(poly: Poly, other: Poly, inner: Container[int], counters: Container[int]) -> Poly | None:
    """What `other` is beyond `poly` but for a multiple of what the latter goes on by with one of the `inner` counters;
    None if it goes on with none of them, or the difference is not the same always."""
    moved = [v for key in poly for v in key if v in inner]
    apart = dict(other)
    add(apart, poly, -1)
    if not moved or any(v in counters for key in apart for v in key):
        return None
    row = part(poly, counters, moved[0])
    key, mult = next(iter(row.items()))
    add(apart, row, -(apart.get(key, 0) // mult))
    return apart
