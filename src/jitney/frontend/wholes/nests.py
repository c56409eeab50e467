"""The loops that run over the elements of expressions.

    flat: all operands are contiguous in one order          rows: otherwise

    for i in range(n0 * n1):                                for i in range(n0):        (outer axes)
        c[i] = a[i] * b[i]                                      for j in range(n1):
                                                                    c[i, j] = a[i, j] * b[j]

They are ordinary counted loops without checks. Where NumPy's own inner loops compute a part (`Inner`), the innermost
loop goes in pieces of `PIECE` elements: each such part is computed for a whole piece into a buffer on the stack.

    for k in range(0, n, PIECE):
        for j in range(m): x[j] = a[k + j] * 2.0
        exp(x, y, m)                              # NumPy's loop
        for j in range(m): c[k + j] = y[j] + 1.0
"""

from __future__ import annotations

from ...ir.function import BUFFERS, Call, Loop
from ...ir.types import I64, PTR
from ...pytypes import SCALARS, Array, Complex, Scalar
from ..arrays import load_item, scaled, store_item, strides
from ..operators.numpy_scalars import convert
from ..state import Val
from .deferred import Inner, Map, Node, Number, Operand, walk
from .shapes import array_shape, elements
from .stretching import Stretched, fitted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ..state import Lowering

    Carried = tuple[int, ...]

PIECE = 512
_WORD = SCALARS["int64"].access
_SCALES = (1, 2, 4, 8)
_NOTHING: dict[Operand, int] = {}


def counted(
    lw: Lowering, stop: int, carried: Carried, body: Callable[[int, Carried], Carried], lanes: bool = False
) -> Carried:
    """``for i in range(stop)``: `body` gets the counter and the carried values, gives their next ones. The iterations
    have been charged for, or will be, by who goes over them. `lanes`: see `ir.function.Loop`.

    Returns: the carried values after the loop.
    """
    b, types = lw.b, lw.function.types
    known = b.constant(stop)
    if known is not None and known <= 0:
        return carried
    if known == 1:
        return body(lw.int_const(0), carried)
    before, zero = b.block, lw.int_const(0)
    outer = before.loop
    pre, out = before, b.new_block(outer)
    results = tuple([b.param(out, types[v]) for v in carried])
    if known is None:
        pre = b.new_block(outer)
        b.branch(b.emit("slt", zero, stop), pre, out, (), carried)
        b.start(pre, before)
    loop = Loop(outer)
    loop.lanes = lanes
    header = b.new_block(loop)
    loop.preheader, loop.header = pre, header
    i = b.param(header, I64)
    loop.counter, loop.step, loop.stop = i, 1, stop
    params = tuple([b.param(header, types[v]) for v in carried])
    b.jump(header, (zero, *carried))
    b.start(header, pre)
    values = body(i, params)
    following = b.emit("add", i, lw.int_const(1))
    b.branch(b.emit("slt", following, stop), header, out, (following, *values), values)
    b.start(out, before)
    return results


def looped(
    lw: Lowering,
    carried: Carried,
    test: Callable[[Carried], int],
    body: Callable[[Carried], Carried],
) -> Carried:
    """``while test(carried): carried = body(carried)``, which goes piece by piece; gives the last ones."""
    b, types = lw.b, lw.function.types
    before = b.block
    loop = Loop(before.loop)
    loop.pieces = True
    loop.preheader, loop.header = before, b.new_block(loop)
    inside, out = b.new_block(loop), b.new_block(before.loop)
    params = tuple([b.param(loop.header, types[v]) for v in carried])
    b.jump(loop.header, carried)
    b.start(loop.header, before)
    b.branch(test(params), inside, out)
    b.start(inside, loop.header)
    b.jump(loop.header, body(params))
    b.start(out, loop.header)
    return params


class Row:
    """A run of elements: the first one's address, and the distance to the next in bytes (a value)."""

    __slots__ = ("base", "stride")

    def __init__(self, base: int, stride: int) -> None:
        self.base = base
        self.stride = stride

    def address(self, lw: Lowering, i: int) -> tuple[int, int | None, int]:
        """Base, index and scale of element `i`."""
        known = lw.b.constant(self.stride)
        if known == 0:
            return self.base, None, 1
        if known in _SCALES:
            return self.base, i, known
        return self.base, lw.b.emit("mul", i, self.stride), 1


class Point:
    """One element of the iteration, where nodes have values."""

    __slots__ = ("_values", "buffers", "i", "j", "lw", "rows")

    def __init__(self, lw: Lowering, rows: dict[Operand, Row], buffers: dict[Node, int], i: int, j: int) -> None:
        self.lw = lw
        self.rows = rows
        self.buffers = buffers
        self.i = i
        self.j = j
        self._values: dict[Node | Row, Val] = {}

    def value(self, node: Node) -> Val:
        """The node's value for this element."""
        if isinstance(node, Number):
            return node.value
        found = self._values.get(node)
        if found is None:
            found = self._values[node] = self._compute(node)
        return found

    def _compute(self, node: Node) -> Val:
        lw = self.lw
        if isinstance(node, Map):
            return node.function(lw, [self.value(part) for part in node.parts])
        type = node.type
        assert isinstance(type, (Scalar, Complex))
        if isinstance(node, Operand):
            row = self.rows[node]
            found = self._values.get(row)
            if found is None:
                found = self._values[row] = load_item(lw, type, *row.address(lw, self.i))
            return found
        buffer = self.buffers[node]
        return load_item(lw, type, *scaled(lw, buffer, self.j, type.access.size), region=BUFFERS)

    def store(self, target: Operand, *parts: int) -> None:
        """Store the machine values of an element into the target's."""
        type = target.type
        assert isinstance(type, (Scalar, Complex))
        base, index, scale = self.rows[target].address(self.lw, self.i)
        store_item(self.lw, type, parts, base, index, scale)


def is_flat(lw: Lowering, shape: tuple[int, ...], arrays: list[Val], in_order: bool = False) -> bool:
    """Whether all arrays, stretched to `shape`, lie in memory in one order, without gaps."""
    if len(shape) == 1:
        return True
    layouts = {x.type.layout if fitted(lw, x, shape) == shape else "stretched" for x in arrays}  # type: ignore[attr-defined]
    return layouts == {"C"} or (layouts == {"F"} and not in_order)


class Nest:
    """The loops over all elements of `shape`, for the nodes `roots` and perhaps a `target` to be stored into.

    Operands are stretched to `shape` where an axis of theirs is missing or has length 1; the target has that shape.
    After `run` the nest is used up. `in_order`: to go over them in the order of the axes, whatever the layout;
    `runs`: and with the last axis as the runs. `safe`: for operands that might overlap the target an i1: they do not,
    or element by element; else they are copied before.
    """

    def __init__(
        self,
        lw: Lowering,
        shape: tuple[int, ...],
        roots: tuple[Node, ...],
        target: Operand | None = None,
        in_order: bool = False,
        runs: bool = False,
        safe: Mapping[Operand, int] = _NOTHING,
    ) -> None:
        self.lw = lw
        self.shape = shape
        self.nodes = walk(roots)
        # An array that is read in several places is read once.
        first: dict[Any, Operand] = {}
        self._twins: dict[Operand, Operand] = {}
        for n in self.nodes:
            if isinstance(n, Operand):
                twin = first.setdefault((n.array.type, n.array.parts), n)
                if twin is not n:
                    self._twins[n] = twin
        read = list(first.values())
        true = lw.bool_const(True)
        self.inners = [n for n in self.nodes if isinstance(n, Inner)]
        self.reversed = not runs and target is not None and target.array.type.layout == "F"  # type: ignore[attr-defined]
        fine = [safe.get(x, true) for x in read]
        if self.inners and len(shape) > 1:
            direct = {self._twins.get(part, part) for n in self.inners for part in n.parts if isinstance(part, Operand)}
            fine = [lw.b.emit("and", ok, self._is_forward(x.array)) if x in direct else ok for x, ok in zip(read, fine)]
        self._stretched = Stretched(lw, shape, [x.array for x in read], fine)
        self.arrays = dict(zip(read, self._stretched.arrays))
        if target is not None:
            self.arrays[target] = target.array
        self.flat = len(shape) == 1 or (not runs and is_flat(lw, shape, list(self.arrays.values()), in_order))

    def _is_forward(self, x: Val) -> int:
        """An i1: NumPy gives its inner loop steps of the same sign for this operand of several axes as the runs have.
        Some of its loops compute other last bits where a step is negative. It buffers what has several axes; but axes
        that make one run, whose elements it goes over as they are.
        """
        lw, emit = self.lw, self.lw.b.emit
        if x.type.layout != "A":  # type: ignore[attr-defined]
            return lw.bool_const(True)
        steps, lengths = strides(lw, x), array_shape(x)
        forward = emit("sge", steps[0 if self.reversed else -1], lw.int_const(0))
        if lw.b.constant(forward) is True or len(lengths) < len(self.shape):
            return forward
        single = lw.bool_const(True)
        for k, n in enumerate(lengths[:-1]):
            joined = emit("eq", steps[k], emit("mul", steps[k + 1], lengths[k + 1]))
            single = emit("and", single, emit("or", joined, emit("eq", n, lw.int_const(1))))
        return emit("or", forward, single)

    def run(self, carried: Carried, body: Callable[[Point, Carried], Carried]) -> Carried:
        """Go over all elements; in the order of the shape's axes, or if flat as they lie in memory."""
        carried = self._run(carried, body)
        self.free()
        return carried

    def free(self) -> None:
        """What follows `run`, for whoever does not call it but `runs` or `flat_run`."""
        self._stretched.free()

    def flat_run(self) -> Run:
        """All elements, of a flat nest."""
        lw = self.lw
        rows = {x: self._flat_row(array) for x, array in self.arrays.items()}
        return self._run_of(rows, elements(lw, self.shape))

    def _run_of(self, rows: dict[Operand, Row], count: int) -> Run:
        for x, twin in self._twins.items():
            rows[x] = rows[twin]
        return Run(self.lw, self.inners, rows, count)

    def _run(self, carried: Carried, body: Callable[[Point, Carried], Carried]) -> Carried:
        return self.runs(carried, lambda run, c: run.go(c, body))

    def runs(self, carried: Carried, each: Callable[[Run, Carried], Carried]) -> Carried:
        """Go over all runs along the innermost axis; there is only one if the nest is flat."""
        lw = self.lw
        if self.flat:
            return each(self.flat_run(), carried)
        axes = list(range(len(self.shape)))
        if self.reversed:
            axes.reverse()
        steps = {x: self._steps(array) for x, array in self.arrays.items()}

        def along(k: int, bases: dict[Operand, int], carried: Carried) -> Carried:
            axis = axes[k]
            if k == len(axes) - 1:
                rows = {x: Row(base, steps[x][axis]) for x, base in bases.items()}
                return each(self._run_of(rows, self.shape[axis]), carried)

            def outer(i: int, carried: Carried) -> Carried:
                moved = {}
                for x, base in bases.items():
                    offset = lw.b.emit("mul", i, steps[x][axis])
                    moved[x] = lw.b.emit("ptradd", base, offset)
                return along(k + 1, moved, carried)

            return counted(lw, self.shape[axis], carried, outer)

        return along(0, {x: array.parts[1] for x, array in self.arrays.items()}, carried)

    def _flat_row(self, x: Val) -> Row:
        lw, type = self.lw, x.type
        assert isinstance(type, Array)
        if array_shape(x) != self.shape:
            # One axis, of length 1.
            return Row(x.parts[1], lw.int_const(0))
        if type.layout == "A":
            return Row(x.parts[1], x.parts[-1])
        return Row(x.parts[1], lw.int_const(type.item.access.size))

    def _steps(self, x: Val) -> list[int]:
        """The stride of each axis of the shape, 0 where the operand is stretched."""
        lw = self.lw
        lengths = array_shape(x)
        missing = len(self.shape) - len(lengths)
        zero = lw.int_const(0)
        out = [zero] * missing
        for n, m, stride in zip(lengths, self.shape[missing:], strides(lw, x)):
            out.append(stride if n == m else zero)
        return out


class Run:
    """The elements along one axis: where each operand's begin, and how many there are."""

    def __init__(self, lw: Lowering, inners: list[Inner], rows: dict[Operand, Row], count: int) -> None:
        self.lw = lw
        self.inners = inners
        self.rows = rows
        self.count = count

    def point(self, i: int) -> Point:
        """One element, where no inner loop of NumPy is needed to compute it."""
        return Point(self.lw, self.rows, {}, i, i)

    def go(self, carried: Carried, body: Callable[[Point, Carried], Carried]) -> Carried:
        """Go over all elements."""
        return self.span(self.lw.int_const(0), self.count, carried, body)

    def span(self, start: int, n: int, carried: Carried, body: Callable[[Point, Carried], Carried]) -> Carried:
        """Go over the `n` elements from `start` on."""
        lw, emit, rows = self.lw, self.lw.b.emit, self.rows
        if not self.inners:

            def plain(i: int, carried: Carried) -> Carried:
                at = emit("add", start, i)
                return body(self.point(at), carried)

            return counted(lw, n, carried, plain)
        piece = lw.int_const(PIECE)
        frames = {inner: _Frame(lw, inner) for inner in self.inners}
        pieces = emit("sar", emit("add", n, lw.int_const(PIECE - 1)), lw.int_const(PIECE.bit_length() - 1))

        def each(k: int, carried: Carried) -> Carried:
            done = emit("mul", k, piece)
            low, count = emit("add", start, done), emit("smin", piece, emit("sub", n, done))
            buffers: dict[Node, int] = {}
            for inner in self.inners:
                buffers[inner] = frames[inner].fill(rows, buffers, low, count)

            def one(j: int, carried: Carried) -> Carried:
                return body(Point(lw, rows, buffers, emit("add", low, j), j), carried)

            return counted(lw, count, carried, one)

        return counted(lw, pieces, carried, each)


class _Frame:
    """What a call of NumPy's inner loop needs on the stack: buffers, and the addresses, count and steps.

        | operand addresses | count | steps |
    """

    def __init__(self, lw: Lowering, inner: Inner) -> None:
        self.lw = lw
        self.inner = inner
        b, loop = lw.b, inner.loop
        self.count = len(inner.parts) + 1
        self.record = b.emit("alloca", imm=8 * (2 * self.count + 1))
        self.result = b.emit("alloca", imm=PIECE * loop.output.access.size)
        self.numbers: dict[Number, int] = {}
        self.buffers: dict[Node, int] = {}
        for part, type in zip(inner.parts, loop.inputs):
            if isinstance(part, Number):
                self.numbers[part] = place = b.emit("alloca", imm=16)
                parts = part.value.parts if isinstance(type, Complex) else (convert(lw, part.value, type),)
                store_item(lw, type, parts, place, region=0)
            elif isinstance(part, Map):
                self.buffers[part] = b.emit("alloca", imm=PIECE * type.access.size)

    def fill(self, rows: dict[Operand, Row], buffers: dict[Node, int], low: int, count: int) -> int:
        """Compute elements `low` to ``low + count`` into the result's buffer, which is given."""
        lw, b, loop = self.lw, self.lw.b, self.inner.loop
        places, steps = [], []
        for part, type in zip(self.inner.parts, loop.inputs):
            size = lw.int_const(type.access.size)
            if isinstance(part, Number):
                places.append(self.numbers[part])
                steps.append(lw.int_const(0))
            elif isinstance(part, Operand):
                row = rows[part]
                places.append(b.emit("ptradd", row.base, b.emit("mul", low, row.stride)))
                steps.append(row.stride)
            elif isinstance(part, Inner):
                places.append(buffers[part])
                steps.append(size)
            else:
                places.append(self._computed(part, type, rows, buffers, low, count))
                steps.append(size)
        places.append(self.result)
        steps.append(lw.int_const(loop.output.access.size))
        words = [*[b.emit("p2i", p) for p in places], count, *steps]
        for k, word in enumerate(words):
            b.store(_WORD, word, self.record, disp=8 * k)
        shape = b.emit("ptradd", self.record, lw.int_const(8 * self.count))
        stride = b.emit("ptradd", self.record, lw.int_const(8 * self.count + 8))
        call = Call("np." + loop.name, loop.address, (PTR,) * 4, ())
        b.call("ccall", call, (self.record, shape, stride, b.const(PTR, loop.data)))
        return self.result

    def _computed(
        self, part: Node, type: Scalar, rows: dict[Operand, Row], buffers: dict[Node, int], low: int, count: int
    ) -> int:
        lw, buffer = self.lw, self.buffers[part]

        def one(j: int, _: Carried) -> Carried:
            point = Point(lw, rows, buffers, lw.b.emit("add", low, j), j)
            store_item(lw, type, point.value(part).parts, *scaled(lw, buffer, j, type.access.size), region=BUFFERS)
            return ()

        counted(lw, count, (), one)
        return buffer
