"""New arrays whose order of axes shows when running only, where CPython could not take over any more.

    br sure, plain, cold
    plain: x = PyArray_Empty(shape)
    cold:  x = what NumPy makes for these operands, by calling back: the expression on arrays without elements' values
    go(x): the strides are read from x

NumPy's own iterator, which ufuncs use, says how a result is laid out.
"""

from __future__ import annotations

import ctypes
import sys

from ...ir.function import HEADERS
from ...ir.types import ACCESSES, PTR
from ...pytypes import SCALARS, array_type
from ..arrays import strides
from ..library import creation
from ..state import Val
from .deferred import Inner, Map, Node, Operand, walk
from .shapes import array_shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...pytypes import Scalar
    from ..state import Lowering

_WORD = SCALARS["int64"].access
_CALLBACK = ctypes.PYFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t)


class _Memory:
    """Bytes in memory, as NumPy takes them; nobody reads them."""

    def __init__(self, address: int, size: int, shape: list[int], steps: list[int]) -> None:
        self.__array_interface__ = {
            "data": (address, True), "shape": tuple(shape), "strides": tuple(steps), "typestr": f"|V{size}",
            "version": 3,
        }  # fmt: skip


def _result(numpy: Any, operands: list[Any], dtype: Any) -> Any:
    """What a ufunc makes of operands like these."""
    flags = [["readonly"]] * len(operands) + [["writeonly", "allocate"]]
    types = [*[x.dtype for x in operands], dtype]
    return numpy.nditer([*operands, None], ["zerosize_ok"], flags, types, casting="unsafe").operands[-1]


def _maker(node: Node, read: list[Operand], ndim: int, item: Scalar) -> Any:
    """A function from the address of a record to that of a new array. In the record are the lengths of the result, and
    of each operand the data pointer, lengths and strides."""
    numpy = sys.modules["numpy"]

    def make(address: int) -> int:
        arrays: dict[Node, Any] = {}
        shape = tuple((ctypes.c_int64 * ndim).from_address(address))
        address += 8 * ndim
        for x in read:
            n = x.array.type.ndim  # type: ignore[attr-defined]
            words = list((ctypes.c_int64 * (1 + 2 * n)).from_address(address))
            address += 8 * len(words)
            size = x.array.type.item.access.size  # type: ignore[attr-defined]
            arrays[x] = numpy.asarray(_Memory(words[0] or 1, size, words[1 : 1 + n], words[1 + n :]))
        try:
            for part in walk((node,))[:-1]:
                given = [arrays[p] for p in part.parts if p in arrays] if isinstance(part, (Map, Inner)) else []
                if given:
                    arrays[part] = _result(numpy, given, "V1")
            given = [arrays[p] for p in node.parts if p in arrays] if isinstance(node, (Map, Inner)) else [arrays[node]]
            # What has no strides has no vote.
            whole = numpy.broadcast_to(numpy.zeros((), "V1"), shape)
            made = _result(numpy, [*given, whole], item.dtype)
        except MemoryError:
            return 0
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
        return id(made)

    return _CALLBACK(make)


def allocate(lw: Lowering, item: Scalar, shape: tuple[int, ...], node: Node, layout: str, sure: int) -> Val:
    """A new array for the elements of `node`; where `sure`, its layout is the one given."""
    b, n = lw.b, len(shape)
    read = [x for x in walk((node,)) if isinstance(x, Operand)]
    before = b.block
    plain, cold, go = (b.new_block(before.loop) for _ in range(3))
    cold.cold = True
    object = b.param(go, PTR)
    b.branch(sure, plain, cold)
    b.start(plain, before)
    dims = b.emit("alloca", imm=8 * n)
    for k, length in enumerate(shape):
        b.store(_WORD, length, dims, disp=8 * k)
    own = creation.new_array(lw, item, shape, dims, layout)
    lw.check(b.emit("ne", own, b.const(PTR, 0)), "pending")
    b.jump(go, (own,))
    b.start(cold, before)
    words = list(shape)
    for x in read:
        words += [b.emit("p2i", x.array.parts[1]), *array_shape(x.array), *strides(lw, x.array)]
    record = b.emit("alloca", imm=8 * len(words))
    for k, word in enumerate(words):
        b.store(_WORD, word, record, disp=8 * k)
    callback = _maker(node, read, n, item)
    lw.kept.append(callback)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    assert address is not None
    other = lw.ccall("PyArray_like", address, (record,), PTR, pure=False)
    lw.check(b.emit("ne", other, b.const(PTR, 0)), "raise", (MemoryError, ()))
    b.jump(go, (other,))
    b.start(go, before)
    lw.own.hold(object)
    places = creation.field(lw, object, "strides")
    steps = [b.load(ACCESSES["i64"], places, disp=8 * k, region=HEADERS) for k in range(n)]
    type = array_type(item, n, "A", local=True, owned=True)
    return Val(type, (object, creation.field(lw, object, "data"), *shape, *steps))
