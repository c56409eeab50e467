"""Chains of products and sums from one iteration to the next: what does not wait is computed beside.

Behind `partial`, four steps of ``h = h * 33 + b[i]``, of which only low bits are wanted, are

    b1(v5: i64):                        b1(v5: i64):
        v10 = mul v5, 33                    v20 = mul v6, 33
        v11 = add v10, v6           ->      v21 = add v20, v7
        v12 = mul v11, 33                   v22 = mul v5, 1089
        v13 = add v12, v7                   v13 = add v22, v21
        ... b1(v13)                         ... b1(v13)

Sums and products modulo 2**64 may be distributed, so the next round waits for one product and one sum instead of four
of each. A value in between that is used elsewhere is computed from the carried one, too: v5 * 33 + v6. One step by
2**k + 1 or 2**k - 1 is a shift and a sum that waits beside it: v5 * 33 + v6 is (v5 << 5) + (v5 + v6).

(Horner's rule backwards; of linear congruences, Brown, "Random number generation with arbitrary strides", 1994.)
"""

from __future__ import annotations

from ..ir.ops import OPS, wrap
from ..ir.types import I64
from .constants import Constants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function
    from ..ir.ops import Op

_CONST, _ADD, _SUB, _MUL, _SHL = OPS["const"], OPS["add"], OPS["sub"], OPS["mul"], OPS["shl"]
_SUMS = (_ADD, _SUB)
_LEA = 3  # left shifts up to this take no instruction of their own before a sum


def shorten(function: Function) -> Function:
    """In place, change all loops of one block that wait for products."""
    constant: Constants | None = None
    for block in function.blocks:
        if any(edge.target is block for edge in block.edges) and any(function.ops[v] is _MUL for v in block.insts):
            if constant is None:
                constant = Constants(function)
            _Chains(function, block, constant).run()
    return function


class _Chains:
    """The chains of one loop."""

    __slots__ = ("block", "constant", "function", "out", "uses")

    def __init__(self, function: Function, block: Block, constant: Constants) -> None:
        self.function = function
        self.block = block
        self.constant = constant
        self.uses: dict[int, int] = {}
        for a in function.uses():
            self.uses[a] = self.uses.get(a, 0) + 1
        # what is to stand in front of an instruction
        self.out: dict[int, list[int]] = {}

    def run(self) -> None:
        block, types = self.block, self.function.types
        back = next(edge for edge in block.edges if edge.target is block)
        for p, result in zip(block.params, back.args):
            if types[p] is I64:
                chain = self._chain(p, result)
                factors = [k for k in map(self._factor, chain) if k & (k - 1)]
                if len(factors) > 1:
                    self._distribute(p, chain)
                elif factors and len(chain) == 2:
                    self._shift(p, chain)
        if self.out:
            block.insts = [w for v in block.insts for w in (*self.out.get(v, ()), v)]

    def _chain(self, p: int, result: int) -> list[int]:
        """The products by constants and the sums that lead from `p` to `result`, if they alone do."""
        ops, args = self.function.ops, self.function.args
        waits = {p}
        for v in self.block.insts:
            if not waits.isdisjoint(args[v]):
                waits.add(v)
        chain = []
        while result != p:
            if result not in waits or self.function.homes[result] is not self.block:
                return []
            op, given = ops[result], args[result]
            following = [a for a in given if a in waits]
            if len(following) != 1 or (op is not _ADD and following[0] != given[0]):
                return []
            if op not in _SUMS and not ((op is _MUL or op is _SHL) and ops[given[1]] is _CONST):
                return []
            chain.append(result)
            (result,) = following
        return chain[::-1]

    def _factor(self, v: int) -> int:
        """What a link multiplies by; 1 for a sum."""
        op = self.function.ops[v]
        if op in _SUMS:
            return 1
        k = self.function.imms[self.function.args[v][1]]
        return int(k) if op is _MUL else 1 << (k & 63)

    def _distribute(self, p: int, chain: list[int]) -> None:
        ops, args = self.function.ops, self.function.args
        factor, products, before = 1, 0, p
        beside = -1  # what is added to p * factor, if anything
        for k, v in enumerate(chain):
            op, given = ops[v], args[v]
            if op in _SUMS:
                other = given[1] if given[0] == before else given[0]
                if beside < 0 and op is _ADD:
                    beside = other
                else:
                    beside = self._emit(v, op, self.constant(0) if beside < 0 else beside, other)
            else:
                by = self._factor(v)
                factor = wrap(factor * by)
                products += bool(by & (by - 1))
                if beside >= 0:
                    beside = self._emit(v, op, beside, given[1])
            before = v
            if products > 1 and (k + 1 == len(chain) or self.uses[v] > 1):
                if beside < 0:
                    ops[v], args[v] = _MUL, (p, self.constant(factor))
                else:
                    ops[v], args[v] = _ADD, (self._emit(v, _MUL, p, self.constant(factor)), beside)

    def _shift(self, p: int, chain: list[int]) -> None:
        """One product and one sum."""
        ops, args = self.function.ops, self.function.args
        product, v = chain
        factor = self._factor(product)
        if ops[product] is not _MUL or ops[v] is not _ADD or self.uses[product] > 1:
            return
        more = not (factor - 1) & (factor - 2)
        power = factor - 1 if more else factor + 1
        if factor < 0 or power & (power - 1) or power.bit_length() - 1 <= _LEA:
            return
        other = args[v][1] if args[v][0] == product else args[v][0]
        sum = self._emit(v, _ADD, p, other) if more else self._emit(v, _SUB, other, p)
        ops[product], args[product] = _SHL, (p, self.constant(power.bit_length() - 1))
        args[v] = product, sum

    def _emit(self, at: int, op: Op, a: int, b: int) -> int:
        """A new instruction in front of `at`; constants are folded."""
        ops, imms = self.function.ops, self.function.imms
        if ops[a] is _CONST and ops[b] is _CONST:
            x, y = imms[a], imms[b]
            k = x + y if op is _ADD else x - y if op is _SUB else x * y if op is _MUL else x << (y & 63)
            return self.constant(k)
        v = self.function.new_value(op, I64, (a, b), None, self.function.lines[at], self.block)
        self.out.setdefault(at, []).append(v)
        return v
