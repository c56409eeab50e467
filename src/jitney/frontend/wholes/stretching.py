"""Operands that cannot be read as they are, found out when running: an axis of length 1 that the other operands have
longer, or an overlap with what is stored into.

    br all lengths equal and no overlap, go, cold
    cold: x' = a copy of x with all its elements
    go(x): the loops
    ...                        # the copy is freed again

Rare where the length is not known to be 1 when compiling, so the copy is made by NumPy's own C functions, of an array
object made for this (`runtime.numpy_x86_64`).
"""

from __future__ import annotations

import sys

from ...ir.types import PTR
from ...pytypes import SCALARS, Array
from ..arrays import strides
from ..library import creation
from ..state import Val
from .shapes import array_shape, is_single

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state import Lowering

_WORD = SCALARS["int64"].access


def fitted(lw: Lowering, array: Val, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths that an array stretched to `shape` has: those of the shape but where it is known to be stretched."""
    lengths = array_shape(array)
    return tuple([n if is_single(lw, n) else m for n, m in zip(lengths, shape[len(shape) - len(lengths) :])])


class Stretched:
    """Arrays made to fit `shape`, in `arrays`, those that are not `safe` (an i1 each) copied. To be followed by `free`
    when they have been read."""

    def __init__(self, lw: Lowering, shape: tuple[int, ...], arrays: list[Val], safe: list[int]) -> None:
        self.lw = lw
        self.shape = shape
        self.arrays = arrays
        self._same = lw.bool_const(True)
        self._copies: list[int] = []
        # What the copying function is given: the address, and the words that stand there
        self._record = -1
        self._words: dict[int, int] = {}
        constant, emit = lw.b.constant, lw.b.emit
        moving = []
        for k, (array, fine) in enumerate(zip(arrays, safe)):
            lengths = array_shape(array)
            wanted = fitted(lw, array, shape)
            if lengths != wanted or constant(fine) is not True:
                moving.append(k)
                self._same = emit("and", self._same, fine)
                for n, m in zip(lengths, wanted):
                    if n != m:
                        self._same = emit("and", self._same, emit("eq", n, m))
        if moving and constant(self._same) is not True:
            self._copy(moving)
        elif moving:
            for k in moving:
                self.arrays[k] = self._with(self.arrays[k], self.arrays[k].parts[1], ())

    def _with(self, array: Val, data: int, steps: tuple[int, ...]) -> Val:
        n = array.type.ndim  # type: ignore[attr-defined]
        rest = steps or array.parts[2 + n :]
        return Val(array.type, (array.parts[0], data, *fitted(self.lw, array, self.shape), *rest))

    def _copy(self, moving: list[int]) -> None:
        lw, b = self.lw, self.lw.b
        before = b.block
        cold, out = b.new_block(before.loop), b.new_block(before.loop)
        cold.cold = True
        types = lw.function.types
        kept: list[int] = []
        for k in moving:
            array = self.arrays[k]
            kept += [array.parts[1], *array.parts[2 + array.type.ndim :]]  # type: ignore[attr-defined]
        null = b.const(PTR, 0)
        params = [b.param(out, types[v]) for v in kept]
        self._copies = [b.param(out, PTR) for _ in moving]
        b.branch(self._same, out, cold, (*kept, *[null for _ in moving]))
        b.start(cold, before)
        most = max([len(array_shape(array)) for array in self.arrays])
        self._record = b.emit("alloca", imm=24 * max(most, 1))
        made: list[int] = []
        copies: list[int] = []
        for k in moving:
            copy, place, steps = self._expanded(self.arrays[k])
            copies.append(copy)
            made += [place, *steps]
        b.jump(out, (*made, *copies))
        b.start(out, before)
        at = 0
        for k in moving:
            array = self.arrays[k]
            count = len(array.parts) - 2 - array.type.ndim  # type: ignore[attr-defined]
            self.arrays[k] = self._with(array, params[at], tuple(params[at + 1 : at + 1 + count]))
            at += 1 + count

    def _expanded(self, array: Val) -> tuple[int, int, list[int]]:
        """The array object that is the copy, the address of its elements, and its strides where the type has some."""
        lw, b = self.lw, self.lw.b
        type = array.type
        assert isinstance(type, Array)
        n, wanted = type.ndim, fitted(lw, array, self.shape)
        for k, word in enumerate((*array_shape(array), *strides(lw, array), *wanted)):
            if self._words.get(k) != word:
                self._words[k] = word
                b.store(_WORD, word, self._record, disp=8 * k)
        dtype = b.const(PTR, id(sys.modules["numpy"].dtype(type.item.dtype)))
        try:
            address = lw.hooks.host.stub("stretch")
        except LookupError as error:
            lw.unsupported(f"{error} is not there, so that copying arrays is not supported")
        args = (self._record, array.parts[1], dtype, lw.int_const(n), lw.int_const(type.layout == "F"))
        copy = lw.ccall("PyArray_stretch", address, args, PTR, pure=False)
        lw.check(b.emit("ne", copy, b.const(PTR, 0)), "pending")
        place = creation.field(lw, copy, "data")
        if type.layout != "A":
            return copy, place, []
        packed, stride = [], lw.int_const(type.item.access.size)
        for length in reversed(wanted):
            packed.append(stride)
            stride = b.emit("mul", stride, length)
        return copy, place, packed[::-1]

    def free(self) -> None:
        """Free what was copied."""
        if not self._copies:
            return
        lw, b = self.lw, self.lw.b
        before = b.block
        cold, out = b.new_block(before.loop), b.new_block(before.loop)
        cold.cold = True
        b.branch(self._same, out, cold)
        b.start(cold, before)
        for copy in self._copies:
            lw.own.drop(copy)
        b.jump(out)
        b.start(out, before)
