"""Signs of floats: what is never negative, and what is never zero. `math.sqrt(dx * dx + dy * dy)` needs no test of its
argument, and a division by `1.0 + x * x` none of its divisor. NaN is neither negative nor zero.

A value that a loop carries is never negative if it starts so and each step keeps it so: while it is asked about, it is
taken to be. (By induction over the steps that are executed.)
"""

from __future__ import annotations

from ..ir.ops import OPS
from .intervals import MIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function
    from .ranges import Ranges

_DEEP = 24  # how far definitions are followed
_CONST, _I2F, _LOAD, _PARAM, _SELECT = OPS["const"], OPS["i2f"], OPS["load"], OPS["param"], OPS["select"]
_FADD, _FSUB, _FMUL, _FDIV, _FNEG = OPS["fadd"], OPS["fsub"], OPS["fmul"], OPS["fdiv"], OPS["fneg"]
_MAGNITUDES = (OPS["fabs"], OPS["fsqrt"])
_FPOWER = OPS["fpower"]  # may be zero where its argument is not
_BOTH = (_FADD, _FMUL, OPS["fmin"], OPS["fmax"])
_SAME_SIGN = (OPS["fext"], OPS["fround"])


class Signs:
    """Answers to questions about one function, at the place where the sweep of `ranges` is."""

    __slots__ = ("_asked", "_earlier", "_function", "_incoming", "_left", "_ranges")

    def __init__(self, ranges: Ranges) -> None:
        self._ranges = ranges
        self._function = ranges.function
        self._asked: set[int] = set()
        self._left = 0  # definitions that may still be looked at
        # Whether the question has come to values as they were in another iteration, of which the conditions that hold
        # where it is asked say nothing.
        self._earlier = False
        self._incoming: dict[int, list[int]] | None = None

    def not_negative(self, v: int) -> bool:
        """Whether the float `v` is NaN or at least -0.0."""
        self._asked, self._left, self._earlier = set(), _DEEP, False
        return self._not_negative(v)

    def not_zero(self, v: int) -> bool:
        """Whether the float `v` is NaN or not zero."""
        self._asked, self._left, self._earlier = set(), _DEEP, False
        return self._not_zero(v)

    def _not_negative(self, v: int) -> bool:
        function = self._function
        op, args = function.ops[v], function.args[v]
        if op is _CONST:
            return bool(function.imms[v] >= 0.0)
        if op is _I2F:
            return self._low(args[0]) >= 0
        if op in _MAGNITUDES or self._low(v) >= 0:
            return True
        if op is _FPOWER and function.imms[v] % 2.0 in (0.0, 0.5, 1.5):
            # The exponent is known, and even, or a half.
            return True
        self._left -= 1
        if self._left < 0:
            return False
        if op is _FMUL and self._equal(args[0], args[1]):
            return True
        if op in _BOTH:
            return self._not_negative(args[0]) and self._not_negative(args[1])
        if op is _SELECT:
            return self._not_negative(args[1]) and self._not_negative(args[2])
        if op in _SAME_SIGN:
            return self._not_negative(args[0])
        if op is _FDIV:
            # By -0.0 it would be -inf.
            return self._not_negative(args[0]) and self._positive(args[1])
        if op is _PARAM:
            if v in self._asked:
                return True
            before = set(self._asked)
            self._asked.add(v)
            self._earlier = True
            given = self._given(v)
            if given and all(self._not_negative(a) for a in given):
                return True
            # Nor does what rests on that hold.
            self._asked = before
        return False

    def _low(self, v: int) -> int:
        """What is known of `v` here: of a float 0 if it is NaN or not negative, 1 if it is not zero, either."""
        return MIN if self._earlier else self._ranges.low[v]

    def _positive(self, v: int) -> bool:
        """Whether the float `v` is NaN or greater than -0.0."""
        function = self._function
        if function.ops[v] is _I2F:
            return self._low(function.args[v][0]) >= 0
        return self._not_negative(v) and self._not_zero(v)

    def _not_zero(self, v: int) -> bool:
        function = self._function
        op, args = function.ops[v], function.args[v]
        if op is _CONST:
            return bool(function.imms[v] != 0.0)
        if op is _I2F:
            return self._low(args[0]) > 0 or (not self._earlier and self._ranges.high[args[0]] < 0)
        if self._low(v) > 0:
            return True
        self._left -= 1
        if self._left < 0:
            return False
        if op is _FNEG or op in _MAGNITUDES:
            return self._not_zero(args[0])
        if op is _FADD:
            a, b = args
            return (self._not_zero(a) or self._not_zero(b)) and self._not_negative(a) and self._not_negative(b)
        return False

    def _given(self, p: int) -> list[int]:
        """What all edges give for a parameter of a block; nothing for one of the function."""
        found = self._incoming
        if found is None:
            found = self._incoming = {}
            for block in self._function.blocks:
                for edge in block.edges:
                    for q, a in zip(edge.target.params, edge.args):
                        found.setdefault(q, []).append(a)
        return found.get(p, [])

    def _equal(self, a: int, b: int) -> bool:
        """Whether both are the same float, maybe loaded twice."""
        if a == b:
            return True
        self._left -= 1
        function = self._function
        op = function.ops[a]
        if self._left < 0 or op is not function.ops[b]:
            return False
        if op in (_FSUB, _FADD, _FMUL):
            return all(self._equal(x, y) for x, y in zip(function.args[a], function.args[b]))
        if op is not _LOAD or function.args[a] != function.args[b] or function.imms[a] != function.imms[b]:
            return False
        return function.homes[a] is function.homes[b] and _nothing_written(function, a, b)


def _nothing_written(function: Function, a: int, b: int) -> bool:
    """Whether between two instructions of a block nothing writes."""
    insts = function.homes[a].insts
    first, last = sorted((insts.index(a), insts.index(b)))
    return not any(function.ops[v].writes for v in insts[first:last])
