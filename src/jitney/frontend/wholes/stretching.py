"""Operands with an axis of length 1 that the other operands have longer, found out when running.

    br all lengths equal, go, cold
    cold: x' = a copy of x with all its elements
    go(x): the loops
    ...                        # the copy is freed again

Rare where the length is not known to be 1 when compiling, so the copy is made by NumPy's own C function, of an array
object made for this.
"""

from __future__ import annotations

import sys

from ...ir.function import Call
from ...ir.types import PTR
from ...pytypes import INT, SCALARS, Array
from ..arrays import strides
from ..library import creation
from ..state import Val
from .shapes import array_shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state import Lowering

_WORD = SCALARS["int64"].access


class Stretched:
    """Arrays made to fit `shape`, in `arrays`. To be followed by `free` when they have been read."""

    def __init__(self, lw: Lowering, shape: tuple[int, ...], arrays: list[Val]) -> None:
        self.lw = lw
        self.shape = shape
        self.arrays = arrays
        self._same = lw.bool_const(True)
        self._copies: list[int] = []
        constant, emit = lw.b.constant, lw.b.emit
        moving = []
        for k, array in enumerate(arrays):
            lengths = array_shape(array)
            wanted = self._wanted(array)
            if lengths != wanted:
                moving.append(k)
                for n, m in zip(lengths, wanted):
                    if n != m:
                        self._same = emit("and", self._same, emit("eq", n, m))
        if moving and constant(self._same) is not True:
            self._copy(moving)
        elif moving:
            for k in moving:
                self.arrays[k] = self._with(self.arrays[k], self.arrays[k].parts[1], ())

    def _wanted(self, array: Val) -> tuple[int, ...]:
        """The lengths it should have: those of the shape but where it is known to be stretched."""
        lengths, constant = array_shape(array), self.lw.b.constant
        return tuple([n if constant(n) == 1 else m for n, m in zip(lengths, self.shape[-len(lengths) :])])

    def _with(self, array: Val, data: int, steps: tuple[int, ...]) -> Val:
        n = array.type.ndim  # type: ignore[attr-defined]
        rest = steps or array.parts[2 + n :]
        return Val(array.type, (array.parts[0], data, *self._wanted(array), *rest))

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
        n, null, wanted = type.ndim, b.const(PTR, 0), self._wanted(array)
        words = (*array_shape(array), *strides(lw, array), *wanted)
        record = b.emit("alloca", imm=8 * len(words))
        for k, word in enumerate(words):
            b.store(_WORD, word, record, disp=8 * k)
        steps, shape = (b.emit("ptradd", record, lw.int_const(8 * n * k)) for k in (1, 2))
        count, fortran = lw.int_const(n), lw.int_const(type.layout == "F")
        dtype = creation.dtype_object(lw, type.item)
        copy = creation.new_object(lw, "PyArray_Empty", count, shape, dtype, fortran)
        # The function takes the reference over.
        lw.own.keep(INT, 0, dtype)
        ndarray = b.const(PTR, id(sys.modules["numpy"].ndarray))
        source = creation.new_object(
            lw, "PyArray_NewFromDescr", ndarray, dtype, count, record, steps, array.parts[1], lw.int_const(0), null
        )  # fmt: skip
        address = lw.hooks.host.numpy_function("PyArray_CopyInto")
        b.call("ccall", Call("PyArray_CopyInto", address, (PTR, PTR), ()), (copy, source))
        lw.own.drop(source)
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
