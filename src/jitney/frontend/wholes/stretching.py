"""Operands with an axis of length 1 that the other operands have longer, found out when running.

    br all lengths equal, go, cold
    cold: x' = a copy of x with all its elements, on the heap
    go(x): the loops
    ...                        # the copy is freed again

Rare where the length is not known to be 1 when compiling, so the copy is made by NumPy, called back from the code.
"""

from __future__ import annotations

import ctypes
import sys

from ...ir.function import Call
from ...ir.types import PTR
from ...pytypes import SCALARS, Array
from ..operators import libm
from ..state import Val
from .shapes import array_shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..state import Lowering

_WORD = SCALARS["int64"].access
_callbacks: list[Any] = []


class _Memory:
    """Bytes in memory, as NumPy takes them."""

    def __init__(self, address: int, size: int, shape: list[int], strides: list[int]) -> None:
        self.__array_interface__ = {
            "data": (address, False), "shape": tuple(shape), "strides": tuple(strides), "typestr": f"|V{size}",
            "version": 3,
        }  # fmt: skip


def _expand(address: int) -> int:
    """Copy an array with its axes of length 1 stretched. `address` is that of a record of words: the number of axes,
    the element size, 1 for Fortran order, data, lengths, strides, lengths wanted. Gives 0 without memory."""
    words = (ctypes.c_int64 * 64).from_address(address)
    n, size, fortran, data = words[:4]
    lengths, strides, wanted = words[4 : 4 + n], words[4 + n : 4 + 2 * n], words[4 + 2 * n : 4 + 3 * n]
    total, steps = size, [0] * n
    for axis in range(n) if fortran else reversed(range(n)):
        steps[axis] = total
        total *= wanted[axis]
    allocate = ctypes.pythonapi.PyMem_RawMalloc
    allocate.restype, allocate.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
    place: int = allocate(total) or 0
    if place:
        asarray = sys.modules["numpy"].asarray
        asarray(_Memory(place, size, wanted, steps))[...] = asarray(_Memory(data, size, lengths, strides))
    return place


def _callback() -> int:
    """The address of `_expand` for generated code."""
    if not _callbacks:
        _callbacks.append(ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t)(_expand))
    address = ctypes.cast(_callbacks[0], ctypes.c_void_p).value
    assert address is not None
    return address


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
            place, steps = self._expanded(self.arrays[k])
            copies.append(place)
            made += [place, *steps]
        b.jump(out, (*made, *copies))
        b.start(out, before)
        at = 0
        for k in moving:
            array = self.arrays[k]
            count = len(array.parts) - 2 - array.type.ndim  # type: ignore[attr-defined]
            self.arrays[k] = self._with(array, params[at], tuple(params[at + 1 : at + 1 + count]))
            at += 1 + count

    def _expanded(self, array: Val) -> tuple[int, list[int]]:
        """The address of the copy, and its strides where the type has some."""
        lw, b = self.lw, self.lw.b
        type = array.type
        assert isinstance(type, Array)
        n, size = type.ndim, lw.int_const(type.item.access.size)
        wanted = self._wanted(array)
        own = list(array.parts[2 + n :])
        if type.layout != "A":
            # The strides of a contiguous array follow from its lengths.
            own, stride = [], size
            lengths = array_shape(array)
            for length in lengths if type.layout == "F" else reversed(lengths):
                own.append(stride)
                stride = b.emit("mul", stride, length)
            own = own if type.layout == "F" else own[::-1]
        words = (
            lw.int_const(n), size, lw.int_const(type.layout == "F"), b.emit("p2i", array.parts[1]),
            *array_shape(array), *own, *wanted,
        )  # fmt: skip
        record = b.emit("alloca", imm=8 * len(words))
        for k, word in enumerate(words):
            b.store(_WORD, word, record, disp=8 * k)
        place = lw.ccall("expand", _callback(), (record,), PTR, pure=False)
        lw.check(b.emit("ne", place, b.const(PTR, 0)), "raise", (MemoryError, ()))
        if type.layout != "A":
            return place, []
        steps, stride = [], size
        for length in reversed(wanted):
            steps.append(stride)
            stride = b.emit("mul", stride, length)
        return place, steps[::-1]

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
            b.call("ccall", Call("PyMem_RawFree", libm.address(lw, "PyMem_RawFree"), (PTR,), ()), (copy,))
        b.jump(out)
        b.start(out, before)
