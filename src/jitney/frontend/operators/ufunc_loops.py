"""NumPy's own inner loops, called from generated code for one element: its bits, whatever it computes them with.

A ufunc's record holds, per signature such as ``d->d``, a C function ``(char **args, intp *dimensions, intp *steps, void
*data)``. Where the record is not laid out as expected, or a loop does not repeat what the ufunc says on a sample, there
is no loop and the function counts as unknown.

    frame: | inputs and output, 16 bytes each | their addresses |
"""

from __future__ import annotations

import ctypes
import math
import struct
import sys

from ...ir.function import ArrayCall, Call
from ...ir.types import NATURAL, PTR
from ...pytypes import BOOL, COMPLEX, FLOAT, INT, ITEMS, SCALARS, Complex, Scalar
from .errors import sample

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from ...ir.types import Access
    from ...pytypes import PyType
    from ..state import Lowering

_POINTER = SCALARS["int64"].access
# nin, nout, nargs, identity; functions, data; ntypes, reserved; name, types
_RECORD = "<4i2Q2i2Q"
_TRIED = 480  # numbers
_BY_STEP = frozenset(("power", "float_power"))  # with ways of their own for one exponent for all, such as 2
_SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 5e-324, 1e300, -1e300, 745.0, -745.0)


class UfuncLoop:
    """One inner loop.

    Attributes:
        inputs, output: the types of its operands.
        address, data: the function, and what it gets as last argument.
    """

    __slots__ = ("_in_lanes", "_shape", "address", "data", "inputs", "name", "output")

    def __init__(self, name: str, inputs: tuple[Scalar, ...], output: Scalar, address: int, data: int) -> None:
        self.name = name
        self.inputs = inputs
        self.output = output
        self.address = address
        self.data = data
        # Steps of 0, as for NumPy's own scalars: loops take other ways, with other bits, for contiguous arrays.
        self._shape = (ctypes.c_int64 * (2 + len(inputs)))(1)
        self._in_lanes: bool | None = None

    @property
    def dimensions(self) -> int:
        """The address of the number of elements, 1; the steps follow it. They live as long as this object."""
        return ctypes.addressof(self._shape)

    def repeats(self, ufunc: Any) -> bool:
        """Whether the loop, called here and now, gives what the ufunc gives."""
        numpy = sys.modules["numpy"]
        arrays = [numpy.array(sample(t), t.dtype) for t in self.inputs]
        with numpy.errstate(all="ignore"):
            expected = numpy.asarray(ufunc(*arrays))
        got = numpy.zeros_like(expected)
        self._caller()([a.ctypes.data for a in (*arrays, got)])
        return bool(got.tobytes() == expected.tobytes())

    def _caller(self) -> Callable[..., None]:
        """What calls the loop here and now: with the operands' addresses, and the count and steps where these are not
        one element's."""
        run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(self.address)
        pointers = (ctypes.c_void_p * (len(self.inputs) + 1))()

        def call(places: list[Any], shape: ctypes.Array[ctypes.c_int64] = self._shape) -> None:
            pointers[:] = places
            where = ctypes.addressof(shape)
            run(ctypes.addressof(pointers), where, where + 8, self.data)

        return call

    def value(self, *numbers: float) -> float:
        """What the loop gives, called here and now."""
        numpy = sys.modules["numpy"]
        arrays = [numpy.array(x, self.output.dtype) for x in (*numbers, 0.0)]
        self._caller()([a.ctypes.data for a in arrays])
        return float(arrays[-1])

    @property
    def in_lanes(self) -> bool:
        """Whether the loop gives for a few numbers that lie side by side what it gives for each of them alone: not
        where it goes another way then, which shows in some of these."""
        if self._in_lanes is None:
            self._in_lanes = self.name not in _BY_STEP and self._same_in_lanes()
        return self._in_lanes

    def _same_in_lanes(self) -> bool:
        numpy = sys.modules["numpy"]
        width, count = self.output.access.size, len(self.inputs) + 1
        numbers = numpy.arange(1, _TRIED + 1) * 2654435761 % 2**32 / 2.0**32 - 0.25
        numbers *= numpy.resize((1.0, 4.0, 30.0, 1e-3, 1e3, 1.0, 1e6, 1e-30), _TRIED)
        mixed = numbers[_TRIED // 2 :: 7]  # in one half; each in several lanes
        mixed[:] = numpy.resize(_SPECIAL, len(mixed))
        with numpy.errstate(all="ignore"):
            given = [numpy.roll(numbers, 7 * k) for k in range(count)]
            if count == 3:
                # Ordinary numbers beside special ones, for which there may be ways of their own; pairs of special ones,
                # an odd number of them, so that each comes to lie in several lanes.
                special = numpy.array((*_SPECIAL, 0.5, 2.0, -2.0))
                given[1][::2] = numpy.resize(special, _TRIED // 2)
                pairs = numpy.repeat(special, len(special)), special
                given[:2] = [numpy.append(x, numpy.resize(pair, _TRIED)) for x, pair in zip(given, pairs)]
                given[2] = numpy.zeros(len(given[0]))
            arrays = [x.astype(self.output.dtype) for x in given]
        call = self._caller()
        addresses = [a.ctypes.data for a in arrays]
        seen = set()
        for size in (0, 16, 32, 64):
            shape = (ctypes.c_int64 * (1 + count))(size // width, *[width] * count) if size else self._shape
            for k in range(0, arrays[0].nbytes, size or width):
                call([a + k for a in addresses], shape)
            seen.add(arrays[-1].tobytes())
        return len(seen) == 1


_loops: dict[Any, UfuncLoop | None] = {}
_resolved: dict[Any, UfuncLoop | None] = {}


def resolve(ufunc: Any, types: tuple[PyType, ...]) -> UfuncLoop | None:
    """The loop that NumPy chooses for operands of these types; None if there is none that we can call."""
    key = (ufunc, types)
    found = _resolved.get(key, key)
    if found is key:
        found = _resolved[key] = _resolve(ufunc, types)
    return found  # type: ignore[return-value]


def _resolve(ufunc: Any, types: tuple[PyType, ...]) -> UfuncLoop | None:
    numpy = sys.modules["numpy"]
    given: list[Any] = []
    for t in types:
        if t is INT or t is FLOAT:
            given.append(int if t is INT else float)
        elif t is COMPLEX:
            given.append(complex)
        elif t is BOOL or isinstance(t, (Scalar, Complex)):
            given.append(numpy.dtype(t.dtype if isinstance(t, (Scalar, Complex)) else "bool"))
        else:
            return None
    try:
        dtypes = ufunc.resolve_dtypes((*given, None))
    except TypeError:
        return None
    scalars = [ITEMS.get(d.name) for d in dtypes]
    if None in scalars:
        return None
    return find(ufunc, tuple(scalars[:-1]), scalars[-1])  # type: ignore[arg-type]


def cpu_has(feature: str) -> bool:
    """Whether NumPy has found this feature of the CPU, by NumPy's name for it, and uses it."""
    modules = sys.modules
    found = modules.get("numpy._core._multiarray_umath") or modules.get("numpy.core._multiarray_umath")
    return bool(getattr(found, "__cpu_features__", {}).get(feature))


def find(ufunc: Any, inputs: tuple[Scalar, ...], output: Scalar) -> UfuncLoop | None:
    """The loop of exactly these types."""
    key = (ufunc, inputs)
    found = _loops.get(key, key)
    if found is key:
        found = _loops[key] = _find(ufunc, inputs, output)
    return found  # type: ignore[return-value]


def _find(ufunc: Any, inputs: tuple[Scalar, ...], output: Scalar) -> UfuncLoop | None:
    found = entry(ufunc, inputs, output)
    if found is None:
        return None
    loop = UfuncLoop(ufunc.__name__, inputs, output, *found)
    return loop if loop.repeats(ufunc) else None


def entry(ufunc: Any, inputs: tuple[Scalar, ...], output: Scalar) -> tuple[int, int] | None:
    """The addresses of the loop of exactly these types and of its data, as the ufunc's record tells; not tried out."""
    start = object.__basicsize__
    if type(ufunc).__basicsize__ < start + struct.calcsize(_RECORD):
        return None
    record = ctypes.string_at(id(ufunc) + start, struct.calcsize(_RECORD))
    nin, nout, nargs, _, functions, data, ntypes, _, name, types = struct.unpack(_RECORD, record)
    if (nin, nout, nargs, ntypes) != (ufunc.nin, ufunc.nout, ufunc.nargs, ufunc.ntypes) or not functions or not types:
        return None
    if ctypes.string_at(name) != ufunc.__name__.encode():
        return None
    numbers = [sys.modules["numpy"].dtype(t.dtype).num for t in (*inputs, output)]
    wanted = bytes(numbers)
    table = ctypes.string_at(types, ntypes * nargs)
    for k in range(ntypes):
        if table[k * nargs : (k + 1) * nargs] == wanted:
            address = ctypes.c_uint64.from_address(functions + 8 * k).value
            extra = ctypes.c_uint64.from_address(data + 8 * k).value if data else 0
            return (address, extra) if address else None
    return None


def call(lw: Lowering, loop: UfuncLoop, inputs: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Call the loop on the machine values of elements of its input types; gives the output's."""
    type = loop.output.leaves[0]
    if type.is_float and len(loop.output.leaves) == 1 and all(t is loop.output for t in loop.inputs):
        imm = ArrayCall("np." + loop.name, loop.address, (type,) * len(inputs), loop)
        return (lw.b.emit("fcall", *[part for (part,) in inputs], imm=imm),)
    b, count = lw.b, len(inputs) + 1
    frame = b.emit("alloca", imm=24 * count)
    for k, (parts, t) in enumerate(zip(inputs, loop.inputs)):
        access = _access(t)
        for n, part in enumerate(parts):
            b.store(access, part, frame, disp=16 * k + n * access.size)
    for k in range(count):
        place = b.emit("p2i", b.emit("ptradd", frame, lw.int_const(16 * k)))
        b.store(_POINTER, place, frame, disp=16 * count + 8 * k)
    arguments = b.emit("ptradd", frame, lw.int_const(16 * count))
    shape = [b.const(PTR, a) for a in (loop.dimensions, loop.dimensions + 8, loop.data)]
    b.call("ccall", Call("np." + loop.name, loop.address, (PTR,) * 4, (), free=True), (arguments, *shape))
    access, place = _access(loop.output), 16 * (count - 1)
    return tuple([b.load(access, frame, disp=place + n * access.size) for n in range(len(loop.output.leaves))])


def _access(t: Scalar | Complex) -> Access:
    return NATURAL[t.leaves[0]] if isinstance(t, Complex) else t.access

