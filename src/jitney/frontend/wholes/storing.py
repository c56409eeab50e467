"""Whole expressions stored into arrays: augmented assignment, `out=`, assignment to a slice.

What is stored is computed as if all of it were computed first. An element may be computed just before it is stored
where no operand overlaps the target, or where it is the target itself, element by element; that is found out when
running, if it is not plain (`overlap.py`). An operand that does overlap, of another array it seems, is copied before
(`stretching.py`). Where it is of the target's own array, which is nothing unusual, the elements go to a temporary on
the heap:

    br safe, go, cold              # one test per operand: same elements, or apart in memory
    cold: t = malloc(bytes)
    go(d = target or t): the loops store to d
    br safe, done, copy            # copy: memcpy(target, d); free(d)
"""

from __future__ import annotations

from ...ir.function import Call
from ...ir.types import I64, PTR
from ...pytypes import BOOL, COMPLEX, FLOAT, INT, NONE, Array, Complex, Scalar, Tuple, is_apart
from .. import operators
from ..arrays import element_address, load_at, make_view, store_at, store_item, strides
from ..operators import libm
from ..state import NONE_VAL, Lowering, Val, is_number
from . import is_whole, overlap, settled
from .deferred import Inner, Node, Number, Operand, Whole, walk
from .elementwise import binary, element_type, node_of, shape_of, ufunc
from .making import leave_unless
from .nests import Nest, Point, counted
from .shapes import array_shape, check_into, elements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .nests import Carried


def augment(lw: Lowering, op: str, a: Val, b: Val) -> None:
    """``a op= b`` of an array, in place."""
    a, b = lw.pinned(a), lw.pinned(b)
    type = a.type
    assert isinstance(type, Array)
    if type.ndim == 0 or is_apart(type):
        lw.unsupported(f"`{op}=` of an array without dimensions is not supported")

    def check(item: Scalar, args: list[Val]) -> None:
        own = f"import numpy\nx = numpy.ones(1, {type.item.dtype!r})\n"
        if not _same_kind(item, type.item):
            lw.fail("evaluate", f"{own}x {op}= {_sample_text(b)}")
        if not type.writeable:
            lw.fail("evaluate", f"{own}x.flags.writeable = False\nx {op}= {_sample_text(b)}")
        text = "x = numpy.zeros({0}, 'b')\nx += numpy.broadcast_to(numpy.int8(0), {1})"
        check_into(lw, array_shape(a), [shape_of(b)], text)

    result = binary(lw, op, a, b, check)
    if not isinstance(result.type, Whole):
        lw.unsupported(f"`{op}=` of {type} and {b.type} is not supported")
    store(lw, a, result.type.node)


def assign(lw: Lowering, target: Val, value: Val, node: Any) -> None:
    """``target[...] = value``: a number, a tuple of numbers, an array or an expression, broadcast and cast."""
    target, value = lw.pinned(target), lw.pinned(value)
    type = target.type
    assert isinstance(type, Array)
    if is_apart(type) or is_apart(value.type):
        lw.unsupported(f"storing {value.type} into {type} is not supported", node)
    text = "x = numpy.zeros({0}, 'b')\nx[...] = numpy.broadcast_to(numpy.int8(0), {1})"
    if isinstance(value.type, Tuple):
        _assign_tuple(lw, target, lw.elements(value), text, node)
        return
    if not is_whole(value.type):
        store(lw, target, Number(Val(type.item, operators.store_value(lw, value, type.item, node))))
        return
    check_into(lw, array_shape(target), [shape_of(value)], text, leading=True)
    extra = len(shape_of(value)) - type.ndim
    if extra > 0:
        value = settled(lw, value)
        value = make_view(lw, value, value.parts[1], array_shape(value)[extra:], strides(lw, value)[extra:])
    if isinstance(value.type, Array) and type.ndim == value.type.ndim == 1:
        _assign_line(lw, target, value)
    else:
        store(lw, target, node_of(value))


def _assign_line(lw: Lowering, target: Val, value: Val) -> None:
    """``target[:] = value`` of arrays of one axis. Where they overlap and their strides have the same sign, NumPy makes
    no copy but goes from the end that the order of their addresses tells: one may then read what was stored."""
    emit, b = lw.b.emit, lw.b
    safe = overlap.safe(lw, target, [value])
    if b.constant(safe) is True:
        store(lw, target, Operand(value))
        return
    (n,), (step,) = array_shape(target), strides(lw, target)
    (m,), (own,) = array_shape(value), strides(lw, value)
    zero, one = lw.int_const(0), lw.int_const(1)
    opposite = emit("slt", emit("xor", step, own), zero)
    opposite = emit("and", opposite, emit("and", emit("ne", step, zero), emit("ne", own, zero)))

    def one_by_one() -> Val:
        b.block.cold = True
        lw.charge(n)
        stride = emit("select", emit("eq", m, one), zero, own)
        last = emit("sub", n, one)
        back = emit("slt", step, zero)
        low = emit("select", back, emit("ptradd", target.parts[1], emit("mul", last, step)), target.parts[1])
        read = emit("select", back, emit("ptradd", value.parts[1], emit("mul", last, stride)), value.parts[1])
        reach = emit("mul", n, emit("select", back, emit("neg", stride), stride))
        ahead = emit("and", emit("ult", read, low), emit("ugt", emit("ptradd", read, reach), low))
        back = emit("xor", back, ahead)
        place = make_view(lw, value, value.parts[1], [n], [stride])

        def copy(k: int, carried: Carried) -> Carried:
            i = emit("select", back, emit("sub", last, k), k)
            _store_cast(lw, target, i, load_at(lw, place, [i]))
            return ()

        counted(lw, n, (), copy)
        _stored(lw, target)
        return NONE_VAL

    def copied() -> Val:
        store(lw, target, Operand(value))
        return NONE_VAL

    lw.if_else(emit("or", safe, opposite), copied, one_by_one)


def _store_cast(lw: Lowering, target: Val, i: int, value: Val) -> None:
    """Store an element into an array of one axis, cast as `astype` does; that something was stored is said later."""
    type = target.type
    assert isinstance(type, Array)
    base, index, scale = element_address(lw, target, [i])
    store_item(lw, type.item, _as_item(lw, value, type.item), base, index, scale)


def _stored(lw: Lowering, target: Val) -> None:
    if not target.type.local:  # type: ignore[attr-defined]
        lw.set_dirty()


def _assign_tuple(lw: Lowering, target: Val, values: list[Val], text: str, node: Any) -> None:
    type = target.type
    assert isinstance(type, Array)
    if not type.ndim or not all(is_number(v.type) for v in values):
        lw.unsupported("storing such a tuple is not supported", node)
    if len(values) == 1:
        assign(lw, target, values[0], node)
        return
    check_into(lw, array_shape(target), [(lw.int_const(len(values)),)], text)
    places = [lw.int_const(k) for k in range(len(values))]
    if type.ndim == 1:
        for k, v in zip(places, values):
            store_at(lw, target, [k], v, node)
        return
    # Where it has to be stretched, all of it is converted before anything is stored.
    numbers = [Number(Val(type.item, operators.store_value(lw, v, type.item, node))) for v in values]
    dims, steps = array_shape(target), strides(lw, target)
    for k, number in zip(places, numbers):
        data = lw.b.emit("ptradd", target.parts[1], lw.b.emit("mul", k, steps[-1]))
        store(lw, make_view(lw, target, data, dims[:-1], steps[:-1]), number)


def ufunc_call(lw: Lowering, function: Any, args: list[Val], kwargs: dict[str, Val]) -> Val:
    """``np.function(*args)``, perhaps with an array as `out`."""
    name, count = function.__name__, function.nin
    if len(args) == count + 1 and "out" not in kwargs:
        kwargs = {**kwargs, "out": args[-1]}
        args = args[:-1]
    if len(args) != count or set(kwargs) - {"out"}:
        lw.unsupported(f"this call of np.{name} is not supported")
    out = kwargs.get("out", NONE_VAL)
    if isinstance(out.type, Tuple) and len(out.type.elements) == 1:
        (out,) = lw.elements(out)
    if out.type is NONE:
        return ufunc(lw, function, args)
    out = lw.pinned(out)
    type = out.type
    if not isinstance(type, Array) or type.ndim == 0:
        lw.unsupported(f"`out` of type {type} is not supported")

    def check(item: Scalar, args: list[Val]) -> None:
        given = ", ".join(_sample_text(v) for v in args)
        own = f"import numpy\nx = numpy.ones(1, {type.item.dtype!r})\n"
        if not _same_kind(item, type.item):
            lw.fail("evaluate", f"{own}numpy.{name}({given}, out=x)")
        if not type.writeable:
            lw.fail("evaluate", f"{own}x.flags.writeable = False\nnumpy.{name}({given}, out=x)")
        samples = [_sample_text(v, "()") for v in args]
        shaped = "".join(f"numpy.broadcast_to({x}, {{{k}}}), " for k, x in enumerate(samples, 1))
        text = f"numpy.{name}({shaped}out=numpy.zeros({{0}}, {type.item.dtype!r}))"
        check_into(lw, array_shape(out), [shape_of(v) for v in args], text)

    node = node_of(ufunc(lw, function, args, check))
    if isinstance(node, Inner) and type.layout == "A":
        # Some of NumPy's loops compute other last bits where a step is negative.
        leave_unless(lw, lw.b.emit("sge", strides(lw, out)[-1], lw.int_const(0)))
    store(lw, out, node)
    return out


def _sample_text(b: Val, shape: str = "1") -> str:
    """Python text of something of the type of `b`'s elements; an array's has this shape."""
    item = element_type(b)
    if isinstance(item, (Scalar, Complex)) and item is not COMPLEX:
        return f"numpy.ones({shape}, {item.dtype!r})"
    return {INT: "1", FLOAT: "1.0", BOOL: "True", COMPLEX: "1j"}.get(item, "1.0")


_ORDER = "biufc"


def _same_kind(source: Scalar, t: Scalar) -> bool:
    """NumPy's rule for what a ufunc may store: not to a lesser kind."""
    if source.kind == "i" and t.kind == "u":
        return False
    return _ORDER.index(source.kind) <= _ORDER.index(t.kind) or (source.kind == "u" and t.kind == "i")


def store(lw: Lowering, array: Val, node: Node) -> None:
    """Store the elements that `node` computes into an array, cast to its type as `astype` does; the shape has been
    checked (`check_into`) and all that may leave has been done."""
    type = array.type
    assert isinstance(type, Array)
    lw.charge(*array_shape(array))
    target = Operand(array)
    read = [n for n in walk((node,)) if isinstance(n, Operand)]
    safe = overlap.safe(lw, array, [x.array for x in read if x.array.parts[0] == array.parts[0]])
    if lw.b.constant(safe) is not True:
        target = Operand(_redirected(lw, array, safe))
    _stored(lw, array)
    others = {x: overlap.others_safe(lw, array, x.array) for x in read if x.array.parts[0] != array.parts[0]}
    nest = Nest(lw, array_shape(array), (node,), target, safe=others)

    def one(point: Point, carried: Carried) -> Carried:
        point.store(target, *_as_item(lw, point.value(node), type.item))
        return ()

    nest.run((), one)
    if lw.b.constant(safe) is not True:
        _copy_back(lw, array, target.array, safe)


def _as_item(lw: Lowering, value: Val, t: Scalar) -> tuple[int, ...]:
    if isinstance(value.type, (Scalar, Complex)):
        return operators.cast(lw, value, t)
    return operators.store_value(lw, value, t, None)


def _redirected(lw: Lowering, array: Val, safe: int) -> Val:
    """The array if `safe`, else a temporary of its shape, in C order if the array is not contiguous."""
    b, type = lw.b, array.type
    assert isinstance(type, Array)
    size = lw.int_const(type.item.access.size)
    packed, stride = [], size
    for n in reversed(array_shape(array)):
        packed.append(stride)
        stride = b.emit("mul", stride, n)
    packed.reverse()
    before = b.block
    cold, go = b.new_block(before.loop), b.new_block(before.loop)
    cold.cold = True
    place = b.param(go, PTR)
    own = list(array.parts[2 + type.ndim :])
    # Strides that are the same in both, such as the innermost axis' of most arrays, stay known.
    steps = [s if s == t else b.param(go, I64) for s, t in zip(own, packed)]
    moving = [k for k, s in enumerate(own) if s != packed[k]]
    b.branch(safe, go, cold, (array.parts[1], *[own[k] for k in moving]))
    b.start(cold, before)
    temporary = lw.ccall("PyMem_RawMalloc", libm.address(lw, "PyMem_RawMalloc"), (stride,), PTR, pure=False)
    lw.check(b.emit("ne", temporary, b.const(PTR, 0)), "raise", (MemoryError, ()))
    b.jump(go, (temporary, *[packed[k] for k in moving]))
    b.start(go, before)
    return Val(type, (array.parts[0], place, *array_shape(array), *steps))


def _copy_back(lw: Lowering, array: Val, written: Val, safe: int) -> None:
    b, type = lw.b, array.type
    assert isinstance(type, Array)
    before = b.block
    cold, out = b.new_block(before.loop), b.new_block(before.loop)
    cold.cold = True
    b.branch(safe, out, cold)
    b.start(cold, before)
    if type.layout == "A":
        source, target = Operand(written), Operand(array)

        def one(point: Point, carried: Carried) -> Carried:
            point.store(target, *point.value(source).parts)
            return ()

        Nest(lw, array_shape(array), (source,), target).run((), one)
    else:
        size = lw.int_const(type.item.access.size)
        count = b.emit("mul", elements(lw, array_shape(array)), size)
        copy = Call("memcpy", libm.address(lw, "memcpy"), (PTR, PTR, I64), ())
        b.call("ccall", copy, (array.parts[1], written.parts[1], count))
    b.call("ccall", Call("PyMem_RawFree", libm.address(lw, "PyMem_RawFree"), (PTR,), ()), (written.parts[1],))
    b.jump(out)
    b.start(out, before)
