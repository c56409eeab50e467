"""``x ** 2`` and ``x ** 3`` of floats, with the bits that the C library's `pow` gives, mostly without calling it.

    v3 = ccall pow (v1, 2.0)                v4 = fmul v1, v1
                                            v6 = fma v1, v1, -v4          what rounding has cost
                                            v7 = fma v6, 1.03, v4
                                            br v7 == v4, ..., slow
                                            br 2**-200 < v4 < 2**200, on(v4), slow
                                    slow:   br v1 == 0.0, on(v4), call
                                    call:   v3 = ccall pow (v1, 2.0)
                                            jump on(v3)
                                    on(v8): ...

`pow` is not exact: where the square lies near the middle between two floats, it may give either. Its error is less than
0.52 units in the last place while the result's logarithm is small (the C library's documentation says so, and that of
others derived from the same code: 0.509, and 2**-15 times the logarithm). So where the product is known to be rounded
by less than 0.48 units, both agree: rounding the product plus a bit more than its error gives the product again (Ziv's
test). Everything else is left to `pow`: one call in thirty.
"""

from __future__ import annotations

from ..ir.function import Block, Edge
from ..ir.ops import OPS
from ..ir.types import F64, I1, vector
from .inplace import substitute
from .rebuild import lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_CCALL, _CONST = OPS["ccall"], OPS["const"]
_MORE = 1.0 + 2.0**-5  # times what may be half a unit
_LEAST, _MOST = 2.0**-200, 2.0**200
_MOST_CALLS = 16


def multiply(function: Function) -> Function:
    """Replace calls of `pow` with an exponent of 2 or 3 by products, where they give the same."""
    target = function.target
    ops, args, imms = function.ops, function.args, function.imms
    found = []
    for block in function.blocks:
        for v in block.insts:
            if ops[v] is _CCALL and imms[v].name == "pow" and function.types[v] is F64:
                by = args[v][1]
                if ops[by] is _CONST and imms[by] in (2.0, 3.0):
                    found.append(v)
    if not found or len(found) > _MOST_CALLS or target is None or not target.supports("fma", vector(F64, 2)):
        return function
    expansion = _Expansion(function)
    for v in found:
        expansion.expand(v)
    substitute(function, expansion.same)
    for before, call in expansion.kept:
        before.edges = [Edge(before.edges[0].target, (call,))]
    lay_out(function)
    return function


class _Expansion:
    """Attributes:
    same: calls, with the parameters that take their place.
    kept: blocks that jump with a call's own result.
    """

    __slots__ = ("_block", "_constants", "_function", "_line", "kept", "same")

    def __init__(self, function: Function) -> None:
        self._function = function
        self._constants: dict[float, int] = {}
        self._block = function.entry
        self._line = 0
        self.same: dict[int, int] = {}
        self.kept: list[tuple[Block, int]] = []

    def expand(self, v: int) -> None:
        function = self._function
        block = self._block = function.homes[v]
        self._line = function.lines[v]
        x, by = function.args[v]
        at = block.insts.index(v)
        rest = block.insts[at + 1 :]
        del block.insts[at:]
        inner, outer, slow, call, on = [Block(-1, block.loop) for _ in range(5)]
        slow.cold = call.cold = True
        on.cold = block.cold
        on.term, on.term_args, on.term_imm, on.edges, on.line = (
            block.term, block.term_args, block.term_imm, block.edges, block.line)  # fmt: skip
        on.insts = rest
        for w in rest:
            function.homes[w] = on
        for loop in function.loops():
            if loop.preheader is block:
                loop.preheader = on
        self.same[v] = result = function.add_param(on, F64)
        odd = function.imms[by] == 3.0
        power, same = self._cube(x) if odd else self._square(x)
        size = self._emit("fabs", power)
        self._branch(same, Edge(inner), Edge(slow))
        self._open(inner)
        self._branch(self._emit("fgt", size, self._number(_LEAST), type=I1), Edge(outer), Edge(slow))
        self._open(outer)
        self._branch(self._emit("flt", size, self._number(_MOST), type=I1), Edge(on, (power,)), Edge(slow))
        self._open(slow)
        self._branch(self._emit("feq", x, self._number(0.0), type=I1), Edge(on, (x if odd else power,)), Edge(call))
        self._open(call)
        call.insts.append(v)
        function.homes[v] = call
        call.term, call.edges = "jump", [Edge(on, (result,))]
        self.kept.append((call, v))
        place = function.blocks.index(block) + 1
        function.blocks[place:place] = [inner, outer, slow, call, on]

    def _square(self, x: int) -> tuple[int, int]:
        """The square, and whether it is certain."""
        square, error = self._product(x, x)
        return square, self._emit("feq", self._emit("fma", error, self._number(_MORE), square), square, type=I1)

    def _cube(self, x: int) -> tuple[int, int]:
        """The square's error counts as well; the sum of both may change the last place."""
        square, lost = self._product(x, x)
        product, error = self._product(square, x)
        error = self._emit("fma", lost, x, error)
        cube = self._emit("fadd", product, error)
        left = self._emit("fsub", error, self._emit("fsub", cube, product))
        return cube, self._emit("feq", self._emit("fma", left, self._number(_MORE), cube), cube, type=I1)

    def _product(self, a: int, b: int) -> tuple[int, int]:
        """A product and what rounding it has cost, exactly."""
        product = self._emit("fmul", a, b)
        return product, self._emit("fma", a, b, self._emit("fneg", product))

    def _emit(self, name: str, *args: int, type: object = F64) -> int:
        v = self._function.new_value(OPS[name], type, args, None, self._line, self._block)  # type: ignore[arg-type]
        self._block.insts.append(v)
        return v

    def _number(self, number: float) -> int:
        found = self._constants.get(number)
        if found is None:
            entry = self._function.entry
            found = self._constants[number] = self._function.new_value(_CONST, F64, (), number, 0, entry)
            entry.insts.insert(0, found)
        return found

    def _branch(self, cond: int, then: Edge, other: Edge) -> None:
        block = self._block
        block.term, block.term_args, block.term_imm, block.edges = "br", (cond,), None, [then, other]

    def _open(self, block: Block) -> None:
        block.line = self._line
        self._block = block
