"""Powers of what does not change in a loop, to whole exponents that move evenly: each is a product with the one before.

    head(k):                                pre:  h0, l0 = v1 ** first, as a sum of two floats: by squaring, in a loop
        v2 = add k, v9                      head(k, h, l):
        v3 = i2f v2                             h' = fmul h, v1
        v4 = ccall pow (v1, v3)                 l' = fma l, v1, (fma h, v1, -h')
        ...                                     v3 = i2f (add k, v9)
        k' = add k, 1                           a = fadd h, (fma h, 2**-59, l)
        br k' < n, head(k'), out                b = fadd h, (fma h, -2**-59, l)
                                                v4 = fpower a, a, b, v1, v3
                                                ...
                                                br k' < n, head(k', h', l'), out

The sum is good to 2**-80, relative to itself, for 2**20 iterations; `powers` says why the bits are those of `pow`. Of
powers whose sizes grow or shrink evenly, those behind the first one out of bounds are out of bounds, too. Where the
first is, or exponents may be larger than 2**24, the sum begins with NaN, and `pow` is asked each time.
"""

from __future__ import annotations

import math

from ..ir.function import Block, Edge, Loop
from ..ir.ops import OPS, result_of
from ..ir.powers import bounds
from ..ir.types import F64, I64, vector
from . import powers
from .rebuild import divided, lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..ir.function import Function
    from ..ir.types import Type

    Sum = tuple[int, int]

_CCALL, _CONST, _I2F, _FPOWER = (OPS[name] for name in ("ccall", "const", "i2f", "fpower"))
_LINEAR = frozenset(OPS[name] for name in ("add", "sub", "mul", "shl", "neg"))
_MOST_STEP = 8
_LONGEST = 1 << 20  # iterations; and the first exponent
_DEEP = 8
_MOST = 8  # powers in a function


def carry(function: Function) -> Function:
    """Change what can be changed, in place."""
    target = function.target
    if target is None or not target.supports("fpower", vector(F64, 2)):
        return function
    ops, args, imms = function.ops, function.args, function.imms
    found = [
        (block, v) for block in function.blocks if block.loop is not None and not block.cold for v in block.insts
        if ops[v] is _CCALL and imms[v].name == "pow" and ops[args[v][1]] is _I2F
    ]  # fmt: skip
    changed = False
    for block, v in found[:_MOST]:
        assert block.loop is not None
        step = _step(function, block.loop, v)
        if step:
            _Power(function, block.loop).carry(v, step)
            changed = True
    if changed:
        lay_out(function)
    return function


def _step(function: Function, loop: Loop, v: int) -> int:
    """By what the exponent of `v` moves in an iteration; 0 if it may move in another way, or what is raised does."""
    x, y = function.args[v]
    (exponent,) = function.args[y]
    if loop.counter < 0 or _changes(function, loop, x):
        return 0
    step = _times(function, loop, exponent, _DEEP) * loop.step
    return step if 0 < abs(step) <= _MOST_STEP else 0


def _changes(function: Function, loop: Loop, v: int) -> bool:
    home = function.homes[v].loop
    return home is not None and home.inside(loop)


def _times(function: Function, loop: Loop, v: int, deep: int) -> int:
    """How often the counter is in `v`, a polynomial of the first degree; 0: it is none, or it does not move."""
    if v == loop.counter:
        return 1
    op, args = function.ops[v], function.args[v]
    if not _changes(function, loop, v) or op not in _LINEAR or not deep:
        return 0
    if any(_changes(function, loop, a) and not _times(function, loop, a, deep - 1) for a in args):
        return 0
    a, *rest = [_times(function, loop, a, deep - 1) for a in args]
    if op.name == "neg":
        return -a
    (b,) = rest
    if op.name == "add" or op.name == "sub":
        return a + b if op.name == "add" else a - b
    # A product with a constant.
    known = [function.imms[c] for c in args if function.ops[c] is _CONST]
    if len(known) != 1 or (op.name == "shl" and b):
        return 0
    return (a or b) * known[0] if op.name == "mul" else a << known[0] if 0 <= known[0] < _MOST_STEP else 0


class _Power:
    """The change for one call in `loop`."""

    __slots__ = ("_block", "_function", "_line", "_loop", "_made")

    def __init__(self, function: Function, loop: Loop) -> None:
        self._function = function
        self._loop = loop
        self._block = loop.preheader
        self._line = 0
        self._made: list[int] = []

    def carry(self, v: int, step: int) -> None:
        function, loop = self._function, self._loop
        x, y = function.args[v]
        self._line = function.lines[v]
        by = self._power(x, step)
        first = self._first(function.args[y][0])
        start = self._start(x, first)
        self._flush()
        before = loop.preheader
        header = loop.header
        high, low = function.add_param(header, F64), function.add_param(header, F64)
        following = self._in_header(high, low, by)
        for block in function.blocks:
            for edge in block.edges:
                if edge.target is header:
                    edge.args += start if block is before else following
        # In place of the call.
        home = self._block = function.homes[v]
        slack = powers.slack(F64, 2.0) * (1.0 + 2.0**-6)
        above, below = [
            self._emit("fadd", high, self._emit("fma", high, self._number(part), low)) for part in (slack, -slack)
        ]  # fmt: skip
        at = home.insts.index(v)
        home.insts[at:at] = self._made
        function.ops[v], function.args[v], function.imms[v] = _FPOWER, (above, above, below, x, y), math.nan

    def _in_header(self, high: int, low: int, by: Sum) -> Sum:
        """The next sum, computed at the top of the loop."""
        header = self._block = self._loop.header
        found = self._product((high, low), by)
        header.insts[:0] = self._made
        self._made = []
        return found

    # -- the first power -----------------------------------------------------------------------------------------------

    def _first(self, v: int) -> int:
        """The exponent of the first iteration, in front of the loop."""
        function, loop = self._function, self._loop
        if v == loop.counter:
            (entry,) = [edge.args for edge in loop.preheader.edges if edge.target is loop.header]
            return entry[loop.header.params.index(v)]
        if not _changes(function, loop, v):
            return v
        return self._emit(function.ops[v].name, *[self._first(a) for a in function.args[v]])

    def _start(self, x: int, first: int) -> Sum:
        """`x` to the power `first`; NaN if that, or what comes of it in the loop, is none of ours."""
        function, loop, emit, number = self._function, self._loop, self._emit, self._number
        one, zero = number(1.0), number(0.0)
        limits = bounds(F64, math.nan)
        assert limits is not None
        counter = self._first(loop.counter)
        nil, longest = self._integer(0), self._integer(_LONGEST)
        way = emit("sub", loop.stop, counter)
        size = emit("iabs", first)
        fits = emit("and", emit("ult", size, longest), emit("ult", emit("iabs", way), longest))
        negative = emit("slt", first, nil)
        turned = self._reciprocal(x)
        base = emit("select", negative, turned[0], x), emit("select", negative, turned[1], zero)
        most = emit("select", fits, size, nil)
        # By squaring, in a loop of its own.
        entry, inner = loop.preheader, Loop(loop.parent)
        self._flush()
        behind, again = divided(function, entry, len(entry.insts)), Block(-1, inner)
        again.cold, again.line = entry.cold, entry.line
        entry.term, entry.term_args, entry.term_imm = "jump", (), None
        entry.edges = [Edge(again, (one, zero, *base, most))]
        inner.preheader, inner.header = entry, again
        high, low, sh, sl = [function.add_param(again, F64) for _ in range(4)]
        left = function.add_param(again, I64)
        self._block = again
        odd = emit("ne", emit("and", left, self._integer(1)), nil)
        power = self._exact((high, low), (emit("select", odd, sh, one), emit("select", odd, sl, zero)))
        half = emit("lshr", left, self._integer(1))
        more = emit("ne", half, nil)
        # No square is computed that is not part of the power.
        root = emit("select", more, sh, one), emit("select", more, sl, zero)
        again.term, again.term_args = "br", (more,)
        again.edges = [Edge(again, (*power, *self._exact(root, root), half)), Edge(behind, power)]
        self._flush()
        found = function.add_param(behind, F64), function.add_param(behind, F64)
        self._block = behind
        place = function.blocks.index(entry) + 1
        function.blocks[place:place] = [again, behind]
        magnitude = emit("fabs", found[0])
        good = emit("and", emit("fgt", magnitude, number(limits[0])), emit("flt", magnitude, number(limits[1])))
        return emit("select", emit("and", good, fits), found[0], number(math.nan)), found[1]

    def _power(self, x: int, exponent: int) -> Sum:
        base = (x, self._number(0.0)) if exponent > 0 else self._reciprocal(x)
        power = base
        for _ in range(abs(exponent) - 1):
            power = self._exact(power, base)
        return power

    def _exact(self, a: Sum, b: Sum) -> Sum:
        """The product, its second part less than the last place of the first."""
        high, low = self._product(a, b)
        total = self._emit("fadd", high, low)
        return total, self._emit("fsub", low, self._emit("fsub", total, high))

    def _product(self, a: Sum, b: Sum) -> Sum:
        return powers.product(self._emit, self._known(a), self._known(b))

    def _reciprocal(self, x: int) -> Sum:
        return powers.reciprocal(self._emit, self._number(1.0), (x, -1))

    def _known(self, a: Sum) -> Sum:
        """As `powers` has it where the second part is a constant: that is zero."""
        return (a[0], -1) if self._function.ops[a[1]] is _CONST else a

    # -- emitting ------------------------------------------------------------------------------------------------------

    def _emit(self, name: str, *args: int) -> int:
        function = self._function
        op = OPS[name]
        type: Type = F64 if name == "i2f" else result_of(op, [function.types[a] for a in args])
        v = function.new_value(op, type, args, None, self._line, self._block)
        self._made.append(v)
        return v

    def _flush(self) -> None:
        self._block.insts += self._made
        self._made = []

    def _number(self, x: float) -> int:
        return self._constant(F64, x)

    def _integer(self, k: int) -> int:
        return self._constant(I64, k)

    def _constant(self, type: Type, imm: Any) -> int:
        entry = self._function.entry
        v = self._function.new_value(_CONST, type, (), imm, 0, entry)
        entry.insts.insert(0, v)
        return v
