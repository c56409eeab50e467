"""How much work a call promises: a guess at the instructions it will execute, from its arguments.

    for i in range(a.shape[0]):        a.shape == (200, 300)
        for j in range(1, a.shape[1] - 1):
            ...                        200 * 298 times what stands there

The bounds of counting loops are computed from the arguments where they follow from them. Elsewhere, and for an
outermost ``while``, the largest number among the arguments stands for them; ``while`` loops inside others (searching,
converging, scanning) count 100 iterations in all.
"""

from __future__ import annotations

import _operator as operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..ir.function import Function, Loop, Symbol

_DEEP = 8
_INNER_WHILE = 100
LEAST = 100
_MOST = 1 << 62
_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "add": operator.add, "addo": operator.add, "sub": operator.sub, "subo": operator.sub,
    "mul": operator.mul, "mulo": operator.mul, "smin": min, "smax": max,
    "sar": lambda a, b: a >> (b & 63), "and": operator.and_,
    "floordiv": lambda a, b: a // b if b else a,
}  # fmt: skip


class _Numbers:
    """The values that follow from the arguments."""

    def __init__(self, function: Function, known: Mapping[int, int], largest: int) -> None:
        self.function = function
        self.known = dict(known)
        self.largest = max(largest, *known.values()) if known else largest

    def value(self, v: int, deep: int = _DEEP) -> int | None:
        """What `v` is, or about; None where that does not follow."""
        found = self.known.get(v)
        if found is not None or not deep:
            return found
        function = self.function
        op, args = function.ops[v].name, function.args[v]
        if op == "const":
            imm = function.imms[v]
            return imm if type(imm) is int else None
        if op == "select":
            return self.value(args[1], deep - 1)
        compute = _ARITHMETIC.get(op)
        if compute is None:
            return None
        a, b = self.value(args[0], deep - 1), self.value(args[1], deep - 1)
        return compute(a, b) if a is not None and b is not None else None

    def begin(self, loop: Loop) -> None:
        """What a loop begins with that goes piece by piece: those in it count as if there were one piece."""
        for edge in loop.preheader.edges:
            for p, a in zip(edge.target.params, edge.args):
                found = self.value(a)
                if found is not None and edge.target is loop.header:
                    self.known[p] = found

    def iterations(self, loop: Loop) -> float:
        """How often a loop runs each time it is entered."""
        if loop.pieces:
            return 1
        if loop.counter < 0:
            if loop.parent is None:
                return self.largest
            return 1 if _in_while(loop.parent) else _INNER_WHILE
        stop, start = self.value(loop.stop), None
        for edge in loop.preheader.edges:
            if edge.target is loop.header:
                start = self.value(edge.args[loop.header.params.index(loop.counter)])
        if stop is None or start is None:
            # Such as `for j in range(i)`, or a length that was computed.
            return self.largest
        # Inner loops whose bounds depend on the counter find its last value.
        self.known[loop.counter] = stop
        return float(min(max(1, (stop - start) // loop.step), _MOST))


def _in_while(loop: Loop | None) -> bool:
    while loop is not None:
        if loop.counter < 0:
            return True
        loop = loop.parent
    return False


def work(
    function: Function, known: Mapping[int, int], callee: Callable[[Symbol, int], float], largest: int = LEAST
) -> float:
    """A guess at the number of instructions that a call executes, those of the functions it calls included.

    Args:
        known: values of parameters: integers, lengths of arrays.
        callee: the same for a function that is called, whose arguments are not known; its second argument is
        largest: what stands for numbers that are not known, if there is no larger one among those that are.
    """
    numbers = _Numbers(function, known, largest)
    times: dict[Loop | None, float] = {None: 1.0}
    for loop in function.loops():
        times[loop] = times[loop.parent] * numbers.iterations(loop)
        if loop.pieces:
            numbers.begin(loop)
    total = 0.0
    for block in function.blocks:
        if not block.cold:
            count = times[block.loop]
            total += len(block.insts) * count
            for v in block.insts:
                if function.ops[v].name == "call":
                    total += count * callee(function.imms[v].target, numbers.largest)
    return total
