"""``x ** 2`` and ``x ** 3`` of floats, with the bits that the C library's `pow` gives, mostly without calling it.

    v3 = ccall pow (v1, 2.0)                v3 = fsquare v1

    v3 = ccall pow (v1, 3.0)                v4 = fmul v1, v1
                                            v6 = fma v1, v1, -v4          what rounding has cost
                                            v7 = fmul v4, v1
                                            v8 = fma v4, v1, -v7
                                            v9 = fma v6, v1, v8
                                            v10 = fadd v7, v9
                                            v12 = v9 - (v10 - v7)
                                            v13 = fma v12, 1.03, v10
                                            br v13 == v10, ..., slow
                                            br 2**-200 < |v10| < 2**200, on(v10), slow
                                    slow:   br v1 == 0.0, on(v1), call
                                    call:   v3 = ccall pow (v1, 3.0)
                                            jump on(v3)
                                    on(v8): ...

A square is an operation: it may be moved, and be computed in lanes. Why products may stand for `pow`, and when, is told
in `targets/x86_64/squares.py`; a cube's error has that of the square in it. In one case of thirty `pow` is called.
"""

from __future__ import annotations

from ..ir.function import Block, Edge
from ..ir.ops import OPS
from ..ir.types import F64, I1, vector
from .inplace import substitute
from .rebuild import Rebuild, lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_CCALL, _CONST, _FSQUARE = OPS["ccall"], OPS["const"], OPS["fsquare"]
_MORE = 1.0 + 2.0**-5  # times what may be half a unit
_LEAST, _MOST = 2.0**-200, 2.0**200
_MOST_CALLS = 16


def square(function: Function) -> Function:
    """Replace calls of `pow` with an exponent of 2."""
    found = _powers(function, 2.0, "fsquare")
    return Rebuild(function, dict.fromkeys(found, _squared)).run() if found else function


def _squared(rebuild: Rebuild, v: int) -> int:
    return rebuild.builder.insert(_FSQUARE, (rebuild.value[rebuild.old.args[v][0]],), None, F64)


def _powers(function: Function, exponent: float, needed: str) -> list[int]:
    """The calls of `pow` with this exponent, if the target has the operation `needed`."""
    target = function.target
    ops, args, imms = function.ops, function.args, function.imms
    found = []
    for block in function.blocks:
        for v in block.insts:
            if ops[v] is _CCALL and imms[v].name == "pow" and function.types[v] is F64:
                by = args[v][1]
                if ops[by] is _CONST and imms[by] == exponent:
                    found.append(v)
    return found if target is not None and target.supports(needed, vector(F64, 2)) else []


def multiply(function: Function) -> Function:
    """Replace calls of `pow` with an exponent of 3 by products, where they give the same."""
    found = _powers(function, 3.0, "fma")
    if not found or len(found) > _MOST_CALLS:
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
        x = function.args[v][0]
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
        power, same = self._cube(x)
        size = self._emit("fabs", power)
        self._branch(same, Edge(inner), Edge(slow))
        self._open(inner)
        self._branch(self._emit("fgt", size, self._number(_LEAST), type=I1), Edge(outer), Edge(slow))
        self._open(outer)
        self._branch(self._emit("flt", size, self._number(_MOST), type=I1), Edge(on, (power,)), Edge(slow))
        self._open(slow)
        self._branch(self._emit("feq", x, self._number(0.0), type=I1), Edge(on, (x,)), Edge(call))
        self._open(call)
        call.insts.append(v)
        function.homes[v] = call
        call.term, call.edges = "jump", [Edge(on, (result,))]
        self.kept.append((call, v))
        place = function.blocks.index(block) + 1
        function.blocks[place:place] = [inner, outer, slow, call, on]

    def _cube(self, x: int) -> tuple[int, int]:
        """The cube, and whether it is certain. The square's error counts as well; the sum of both may change the last
        place."""
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
