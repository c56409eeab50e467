"""Products of vectors and matrices, ``a @ b`` and `np.dot`: by the inner loop of NumPy's matmul, which calls BLAS.

    | addresses: a, b, result | 1, m, n, p | steps: 0, 0, 0, a's two, b's two, the result's two |

An operand with one axis counts as a matrix of one row (on the left) or one column (on the right).
"""

from __future__ import annotations

import ctypes
import sys

from ...ir.function import ARRAY_DATA, BUFFERS, Call
from ...ir.types import I64, PTR
from ...pytypes import SCALARS, Array, Scalar
from ..arrays import strides
from ..library import creation
from ..operators import libm, ufunc_loops
from ..operators.numpy_scalars import result_type
from ..operators.python import FUNCTIONS
from ..state import Val
from . import settled
from .deferred import Whole
from .elementwise import converted, element_type, node_of, shape_of
from .making import compute
from .nests import counted
from .shapes import check_shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..state import Lowering
    from .nests import Carried

_WORD = SCALARS["int64"].access
_found: dict[Scalar, tuple[int, int] | None] = {}


def _loop(t: Scalar) -> tuple[int, int] | None:
    """The address of the inner loop for matrices of `t`, and of its data; None if it does not do what matmul does."""
    if t not in _found:
        found = ufunc_loops.entry(sys.modules["numpy"].matmul, (t, t), t)
        _found[t] = found if found is not None and _repeats(t, *found) else None
    return _found[t]


def _repeats(t: Scalar, address: int, data: int) -> bool:
    numpy = sys.modules["numpy"]
    a, b = numpy.arange(6).reshape(2, 3).astype(t.dtype), numpy.arange(12).reshape(3, 4).astype(t.dtype)
    got, size = numpy.zeros((2, 4), t.dtype), t.access.size
    pointers = (ctypes.c_void_p * 3)(a.ctypes.data, b.ctypes.data, got.ctypes.data)
    shape = (ctypes.c_int64 * 4)(1, 2, 3, 4)
    steps = (ctypes.c_int64 * 9)(0, 0, 0, 3 * size, size, 4 * size, size, 4 * size, size)
    prototype = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)
    prototype(address)(*[ctypes.addressof(x) for x in (pointers, shape, steps)], data)
    return bool(got.tobytes() == (a @ b).tobytes())


def _as(lw: Lowering, value: Val, t: Scalar) -> Val:
    """An operand as an array of type `t`."""
    if element_type(value) is t and not isinstance(value.type, Whole):
        return value
    if element_type(value) is t:
        return settled(lw, value)
    return compute(lw, t, shape_of(value), converted(lw, node_of(value), t))


def matmul(lw: Lowering, a: Val, b: Val, name: str) -> Val:
    """``np.matmul(a, b)`` or `np.dot`, of operands with one or two axes."""
    x, y = element_type(a), element_type(b)
    a, b = lw.pinned(a), lw.pinned(b)
    dims = [len(shape_of(v)) for v in (a, b)]
    t = result_type(FUNCTIONS["*"], x, y)
    loop = _loop(t) if t is not None else None
    if t is None or loop is None or not all(1 <= n <= 2 for n in dims):
        lw.unsupported(f"np.{name} of {a.type} and {b.type} is not supported")
    emit, one, zero = lw.b.emit, lw.int_const(1), lw.int_const(0)
    inner, other = shape_of(a)[-1], shape_of(b)[0]
    fits = lw.bool_const(True) if inner == other else emit("eq", inner, other)
    text = f"numpy.{name}(numpy.broadcast_to(1.0, {{0}}), numpy.broadcast_to(1.0, {{1}}))"
    check_shapes(lw, fits, [shape_of(a), shape_of(b)], text)
    a, b = _as(lw, a, t), _as(lw, b, t)
    if name == "dot" and max(dims) == 2:
        # Unlike matmul it copies some of what BLAS does not take.
        if "A" in (a.type.layout, b.type.layout):  # type: ignore[attr-defined]
            lw.unsupported("np.dot of a matrix and strided arrays is not supported")
    turned: list[tuple[int, int]] = []
    if name == "dot" and max(dims) == 1:
        a, b = _forward(lw, a, turned), _forward(lw, b, turned)
    m = shape_of(a)[0] if dims[0] == 2 else one
    p = shape_of(b)[1] if dims[1] == 2 else one
    left, right = strides(lw, a), strides(lw, b)
    left = left if dims[0] == 2 else [zero, left[0]]
    right = right if dims[1] == 2 else [right[0], zero]
    shape = ([m] if dims[0] == 2 else []) + ([p] if dims[1] == 2 else [])
    lw.charge(m, inner, p)
    record = emit("alloca", imm=8 * 17)
    result: Val | None = None
    if shape:
        result = creation.allocate(lw, t, shape, False)
        place, size = result.parts[1], lw.int_const(t.access.size)
        own = [emit("mul", p, size) if dims[0] == 2 else zero, size if dims[1] == 2 else zero]
    else:
        place, own = emit("ptradd", record, lw.int_const(8 * 16)), [zero, zero]
    pointers = [emit("p2i", v) for v in (a.parts[1], b.parts[1], place)]
    words = (*pointers, one, m, inner, p, zero, zero, zero, *left, *right, *own)
    for k, word in enumerate(words):
        lw.b.store(_WORD, word, record, disp=8 * k)
    at = [emit("ptradd", record, lw.int_const(8 * k)) for k in (3, 7)]
    lw.b.call("ccall", Call("np.matmul", loop[0], (PTR,) * 4, ()), (record, *at, lw.b.const(PTR, loop[1])))
    if result is not None:
        return result
    value = Val(t, (lw.b.load(t.access, place),))
    _free(lw, turned)
    return value


def _forward(lw: Lowering, array: Val, turned: list[tuple[int, int]]) -> Val:
    """The array; a copy on the heap unless its stride is positive: np.dot makes one, so that BLAS goes another way than
    matmul's. `turned` gets (whether there is a copy, its address)."""
    type = array.type
    assert isinstance(type, Array)
    if type.layout != "A":
        return array
    b, access = lw.b, type.item.access
    object, data, n, stride = array.parts
    size = lw.int_const(access.size)

    def copied() -> int:
        allocator = libm.address(lw, "PyMem_RawMalloc")
        copy = lw.ccall("PyMem_RawMalloc", allocator, (b.emit("mul", n, size),), PTR, pure=False)
        lw.check(b.emit("ne", copy, b.const(PTR, 0)), "raise", (MemoryError, ()))

        def one(i: int, carried: Carried) -> Carried:
            x = b.load(access, data, b.emit("mul", i, stride), 1, 0, ARRAY_DATA)
            b.store(access, x, copy, i, access.size, 0, BUFFERS)
            return ()

        counted(lw, n, (), one)
        return copy

    copying = b.emit("sle", stride, lw.int_const(0))
    known = b.constant(copying)
    if known is not None:
        if not known:
            return array
        place, step = copied(), size
    else:
        before = b.block
        cold, go = b.new_block(before.loop), b.new_block(before.loop)
        cold.cold = True
        place, step = b.param(go, PTR), b.param(go, I64)
        b.branch(copying, cold, go, (), (data, stride))
        b.start(cold, before)
        b.jump(go, (copied(), size))
        b.start(go, before)
    turned.append((copying, place))
    return Val(type, (object, place, n, step))


def _free(lw: Lowering, turned: list[tuple[int, int]]) -> None:
    b = lw.b

    def free(place: int) -> None:
        b.call("ccall", Call("PyMem_RawFree", libm.address(lw, "PyMem_RawFree"), (PTR,), ()), (place,))

    for copied, place in turned:
        if b.constant(copied) is not None:
            free(place)
            continue
        before = b.block
        cold, go = b.new_block(before.loop), b.new_block(before.loop)
        cold.cold = True
        b.branch(copied, cold, go)
        b.start(cold, before)
        free(place)
        b.jump(go)
        b.start(go, before)


def is_vector_or_matrix(value: Val) -> bool:
    return isinstance(value.type, (Array, Whole)) and 1 <= len(shape_of(value)) <= 2
