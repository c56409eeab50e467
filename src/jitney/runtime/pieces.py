"""Entries put together from pieces of machine code, for the signatures that are common.

`assemble_entry` gets by without a back end: it lays pieces with fixed registers side by side and fills in addresses, in
a tenth of the time that `build_entry` takes. Where a signature has anything unusual it declines.
"""

from __future__ import annotations

import sys

from ..ir import context
from ..ir.types import F32, F64, I1
from ..pytypes import (
    BOOL,
    COMPLEX,
    COMPLEX128,
    FLOAT,
    INT,
    NONE,
    Array,
    Complex,
    Constant,
    NamedTuple,
    Object,
    Scalar,
    Tuple,
    Union,
    is_record,
    is_records,
)
from . import capi, pieces_x86_64, stubs
from .layouts import LAYOUT, array_class, array_flags, arrays, is_ndarray

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.types import Type
    from ..pytypes import PyType
    from .entry import Entry

# What an `@name` in a piece stands for: its size in bytes.
HOLES = {
    "@argument": 4, "@context": 4, "@frame": 4, "@place": 4, "@count": 4, "@flags": 4, "@mask": 4, "@offset": 1,
    "@small": 1, "@address": 8,
}  # fmt: skip
EXITS = ("@other", "@next", "@huge", "@deep", "@fail", "@release", "@nothing", "@skip")

# The frame, from rbp down: the parameters, one word, the context.
_CONTEXT = -(5 * 8 + context.SIZE + 15 & -16)
_PUSHED = 4 * 8
_INTS, _FLOATS = 5, 8
"""Registers for the leaves of arguments."""
_LOADS = {
    "b1": "LOAD_B1", "i8": "LOAD_I8", "i16": "LOAD_I16", "i32": "LOAD_I32", "i64": "WORD", "u8": "LOAD_U8",
    "u16": "LOAD_U16", "u32": "LOAD_U32",
}  # fmt: skip


class Unusual(Exception):
    """The signature is left to `build_entry`."""


class Piece:
    """Bytes, and the holes in them: (offset, size, name)."""

    __slots__ = ("code", "holes")

    def __init__(self, listing: str) -> None:
        first, *rest = stubs.text(listing).split("@")
        code = bytes.fromhex(first)
        self.holes: list[tuple[int, int, str]] = []
        for part in rest:
            name, _, more = part.partition(" ")
            hole = "@" + name
            size = HOLES.get(hole, 4)
            self.holes.append((len(code), size, hole))
            code += bytes(size) + bytes.fromhex(more)
        self.code = code


_pieces: dict[tuple[str, int], Piece] = {}


def piece(name: str, line: int = -1) -> Piece:
    """A listing of `pieces_x86_64`, or one line of a listing that has one for each register."""
    found = _pieces.get((name, line))
    if found is None:
        listing: str = getattr(pieces_x86_64, name)
        found = _pieces[name, line] = Piece(listing if line < 0 else listing.splitlines()[line + 1])
    return found


_USUAL = (
    "OTHER", "NEXT", "HUGE", "FAILED", "LEAVE", "START", "FRAME", "ARGUMENTS", "ARGUMENT", "TYPE_IS", "CALL",
    "BOX_FLOAT", "BOX_INT",
)  # fmt: skip
_USUAL_OF_ARRAYS = ("ARRAY", "WORD", "ROW", "LENGTH")


def prepare() -> None:
    """Have ready what most entries need."""
    piece("TAGGED_INT" if LAYOUT.int_tagged else "SIGNED_INT")
    for name in (*_USUAL, *(_USUAL_OF_ARRAYS if "numpy" in sys.modules else ())):
        piece(name)


class Assembly:
    """An entry on its way.

    Attributes:
        out: its bytes; exits first, so that the distance to them is known.
        exits: their offsets.
        ints, floats: registers in use for leaves.
        stack: bytes of leaves on the stack.
        owned: places of the objects that the call owns, from rbp.
        held: the place for the object at hand, if it is to be owned; else 0.
        finish: whether there are slots to be given back at the end.
    """

    __slots__ = ("exits", "finish", "floats", "held", "ints", "out", "owned", "stack")

    def __init__(self) -> None:
        self.out = bytearray()
        self.exits: dict[str, int] = {}
        self.ints = self.floats = self.stack = self.held = 0
        self.owned: list[int] = []
        self.finish = False

    def put(self, name: str, *values: int, line: int = -1) -> None:
        """Append a piece; the holes that are no exits get `values`, in order."""
        made = _pieces.get((name, line)) or piece(name, line)
        out = self.out
        start = len(out)
        out += made.code
        if not made.holes:
            return
        left = iter(values)
        for offset, size, hole in made.holes:
            at = start + offset
            target = self.exits.get(hole)
            value = next(left) if target is None else target - at - 4
            out[at : at + size] = value.to_bytes(size, "little", signed=value < 0)

    def leave(self) -> None:
        """Return what is in rax."""
        if self.owned or self.finish:
            self.put("RESULT")
            for place in self.owned:
                self.put("DISOWN", place)
            self.finish_slots()
            self.put("MADE")
        self.put("LEAVE")

    def finish_slots(self) -> None:
        """Give the block of slots back, if there is one."""
        if self.finish:
            self.put("FINISH", _CONTEXT, stubs.address("finish"))

    def value(self) -> None:
        """What is in rdi is the next leaf."""
        if self.ints < _INTS:
            self.put("TO_REGISTER", line=self.ints)
            self.ints += 1
        else:
            self._push()

    def _push(self) -> None:
        self.put("TO_STACK", self.stack)
        self.stack += 8

    def float(self, type: Type, offset: int) -> None:
        """The float at this offset from rax is the next leaf."""
        if self.floats < _FLOATS:
            self.put("LOAD_F64" if type is F64 else "LOAD_F32", offset, line=self.floats)
            self.floats += 1
        else:
            self.put("WORD" if type is F64 else "LOAD_U32", offset)
            self._push()


def assemble_entry(entry: Entry) -> tuple[bytes, int] | None:
    """The entry's code, which may lie anywhere, and the offset at which it begins; None if it is to be built as IR."""
    if entry.by_number or entry.free is not None:
        return None
    hidden = entry.guards.hidden_types
    a = Assembly()
    count, binding = len(entry.arg_types), entry.binding
    room = 8 * count if binding is not None else 0
    owned = sum(isinstance(t, (Array, Object)) for t in hidden)
    bottom = _CONTEXT - (room + 8 * owned + 15 & -16)
    a.finish = entry.owns
    a.owned = [bottom + room + 8 * k for k in range(owned)]
    try:
        _exits(a, entry)
        start = len(a.out)
        if binding is None:
            a.put("START", 2 * count)
        a.put("FRAME", 0)
        frame = len(a.out) - 4
        if entry.owns:
            a.put("BEGIN", _CONTEXT, stubs.address("begin"))
        if binding is not None:
            # Twice the number of arguments is never 1: where some come by keyword alone, no call is the usual one.
            a.put(
                "BIND", 2 * count if binding.positional == count else 1, binding.address, bottom,
                stubs.address("bind"),
            )  # fmt: skip
        if entry.guards.table:
            a.put("GUARDS", entry.guards.table, stubs.address("check"))
        if entry.stack_limit:
            a.put("LIMIT", entry.stack_limit, _CONTEXT)
            a.put("DEPTH")
        if entry.arg_types:
            a.put("ARGUMENTS" if binding is None else "BOUND_ARGUMENTS")
        for k, type in enumerate(entry.arg_types):
            a.put("ARGUMENT", 8 * k)
            _unbox(a, type)
        places = iter(a.owned)
        for (cell, address), type in zip(entry.guards.hidden_places(), hidden):
            a.put("HIDDEN_CELL" if cell else "HIDDEN_NAME", address)
            if isinstance(type, (Array, Object)):
                a.held = next(places)
            _unbox(a, type)
            a.held = 0
        for place in a.owned:
            a.put("OWN", place)
            a.put("COUNT_MORTAL" if LAYOUT.immortal else "COUNT")
        size = -bottom - _PUSHED + (a.stack + 15 & -16)
        a.out[frame : frame + 4] = size.to_bytes(4, "little")
        a.put("CALL", entry.words, _CONTEXT, entry.symbol.address)
        _return(a, entry.result)
    except Unusual:
        return None
    return bytes(a.out), start


def _exits(a: Assembly, entry: Entry) -> None:
    a.exits["@other"] = 0
    a.finish_slots()
    a.put("OTHER")
    a.exits["@next"] = len(a.out)
    a.put("NEXT", entry.next)
    a.exits["@huge"] = len(a.out)
    a.finish_slots()
    a.put("HUGE", entry.words)
    if entry.stack_limit:
        a.exits["@deep"] = len(a.out)
        a.finish_slots()
        a.put("DEEP", stubs.address("deep"))
    a.exits["@fail"] = len(a.out)
    if entry.owns:
        # Before CPython runs the call again, which may need the memory.
        a.put("DROP", _CONTEXT, stubs.address("release"))
        a.finish_slots()
    a.put("FAILED", _CONTEXT, entry.words, stubs.address("fail"))
    a.finish = False
    a.leave()
    a.finish = entry.owns
    if isinstance(entry.result, Tuple):
        a.exits["@release"] = len(a.out)
        a.put("RELEASE")
        a.exits["@nothing"] = len(a.out)
        a.put("NOTHING")
        a.leave()
    a.out += b"\xcc" * (-len(a.out) % 16)


def _unbox(a: Assembly, type: PyType) -> None:
    """As `boxing.unbox`, of the object in rax."""
    if type is INT:
        a.put("TYPE_IS", id(int))
        convert = capi.address("PyLong_AsLongLongAndOverflow")
        a.put("TAGGED_INT" if LAYOUT.int_tagged else "SIGNED_INT", convert, stubs.address("long"))
        a.value()
    elif type is FLOAT:
        a.put("TYPE_IS", id(float))
        a.float(F64, LAYOUT.float_value)
    elif type is COMPLEX:
        a.put("TYPE_IS", id(complex))
        a.float(F64, LAYOUT.complex_value)
        a.float(F64, LAYOUT.complex_value + 8)
    elif type is BOOL:
        a.put("BOOLEAN", capi.TRUE, capi.FALSE)
        a.value()
    elif type is NONE:
        a.put("OBJECT_IS", capi.NONE)
    elif isinstance(type, Constant):
        a.put("OBJECT_IS", id(type.value))
    elif isinstance(type, Scalar):
        layout = arrays()
        assert layout is not None
        a.put("TYPE_IS", id(sys.modules["numpy"].dtype(type.dtype).type))
        if type.leaves[0].is_float:
            a.float(type.leaves[0], layout.scalar)
        else:
            a.put(_LOADS[type.access.name], layout.scalar)
            a.value()
    elif isinstance(type, Complex):
        layout = arrays()
        assert layout is not None
        a.put("TYPE_IS", id(sys.modules["numpy"].dtype(type.dtype).type))
        for k, leaf in enumerate(type.leaves):
            a.float(leaf, layout.scalar + k * leaf.size)
    elif isinstance(type, Array):
        _unbox_array(a, type)
    elif isinstance(type, Object) and not is_ndarray(type.kind):
        a.put("TYPE_IS", id(type.kind))
        a.put("MOVE")
        if a.held:
            a.put("HOLD", a.held)
        a.value()
    else:
        raise Unusual


def _unbox_array(a: Assembly, type: Array) -> None:
    layout = arrays()
    assert layout is not None
    if is_record(type) or (a.held and is_records(type)):
        # What a name holds may have a dtype that only looks the same.
        raise Unusual
    numpy = sys.modules["numpy"]
    mask, flags = array_flags(type.layout, type.writeable)
    a.put(
        "ARRAY", id(array_class(type)), LAYOUT.type, id(numpy.dtype(type.item.dtype)), layout.dtype, layout.flags, mask,
        flags, layout.ndim, type.ndim,
    )  # fmt: skip
    if a.held:
        a.put("HOLD", a.held)
    a.value()
    a.put("WORD", layout.data)
    a.value()
    for row in (layout.shape, layout.strides)[: 2 if type.layout == "A" else 1]:
        if type.ndim:
            a.put("ROW", row)
        for k in range(type.ndim):
            if row == layout.shape:
                a.put("LENGTH", 8 * k + 4, 8 * k)
            else:
                a.put("ITEM", 8 * k)
            a.value()


# -- results -----------------------------------------------------------------------------------------------------------


def _return(a: Assembly, type: PyType) -> None:
    """As `boxing.box`, of the results in their registers; then leave."""
    if isinstance(type, Tuple):
        _tuple(a, type)
    elif isinstance(type, Union) and len({_boxed_as(m) for m in type.members}) > 1:
        _union(a, type)
        return
    elif isinstance(type, (Array, Object)):
        if not type.owned:
            a.put("BOX_OBJECT")
    else:
        if isinstance(type, Union) and type.payload is not F64:
            a.put("VALUE")
        _box(a, _boxed_as(type))
    a.leave()


def _boxed_as(type: PyType) -> str:
    """The way in which an object is made of the value in rax or xmm0."""
    if isinstance(type, Union):
        ways = {_boxed_as(m) for m in type.members}
        if len(ways) > 1 or (ways == {"float"} and type.payload is not F64) or "complex" in ways:
            raise Unusual
        return ways.pop()
    if type is NONE:
        return "none"
    if isinstance(type, (Array, Object)) and type.owned:
        return "object"
    if type is COMPLEX or type is COMPLEX128:
        return "complex"
    if not isinstance(type, Scalar) and type not in (INT, FLOAT, BOOL):
        raise Unusual
    machine = type.leaves[0]
    if machine is I1:
        return "bool"
    if machine.is_float:
        return "float32" if machine is F32 else "float"
    return "unsigned" if isinstance(type, Scalar) and type.kind == "u" and type.bits == 64 else "int"


def _box(a: Assembly, way: str) -> None:
    if way == "float" or way == "float32":
        if way == "float32":
            a.put("WIDEN")
        a.put("BOX_FLOAT")
    elif way == "complex":
        a.put("BOX_COMPLEX")
    elif way == "int":
        a.put("BOX_INT", capi.address("PyLong_FromLongLong"))
    elif way == "unsigned":
        a.put("BOX_INT", capi.address("PyLong_FromUnsignedLongLong"))
    elif way != "object":
        if way == "bool":
            a.put("BOX_BOOL", capi.TRUE, capi.FALSE)
        else:
            a.put("BOX_NONE")
        if not LAYOUT.immortal:
            a.put("COUNT")


def _union(a: Assembly, type: Union) -> None:
    """Each member leaves by itself."""
    if len(type.leaves) > 2:
        raise Unusual
    for k, member in enumerate(type.members):
        skip = 0
        if k < len(type.members) - 1:
            a.put("MEMBER", member.tag, 0)
            skip = len(a.out)
        way = _boxed_as(member)
        if type.payload is not F64:
            # In 64 bits a float32 is a float64 already.
            way = "float" if way == "float32" else way
            a.put("BITS" if way == "float" else "VALUE")
        _box(a, way)
        a.leave()
        if skip:
            a.out[skip - 4 : skip] = (len(a.out) - skip).to_bytes(4, "little")


def _tuple(a: Assembly, type: Tuple) -> None:
    """All leaves into memory, then one item after the other."""
    if isinstance(type, NamedTuple):
        raise Unusual
    ways = [_boxed_as(element) for element in type.elements]
    ints = floats = 0
    places: list[int] = []
    for k, (leaf, at) in enumerate(zip(type.leaves, context.returned(type.leaves))):
        place = at
        if at < 0:
            # Where a call that succeeds leaves nothing.
            place = context.CAPTURES + 8 * k
            if leaf.is_float:
                a.put("KEEP_FLOAT", _CONTEXT + place, line=floats)
                floats += 1
            else:
                a.put("KEEP", _CONTEXT + place, line=ints)
                ints += 1
            if place >= context.RESULTS:
                raise Unusual
        places.append(_CONTEXT + place)
    a.put("TUPLE", len(ways))
    left = iter(places)
    for k, (way, element) in enumerate(zip(ways, type.elements)):
        mine = [next(left) for _ in element.leaves]
        if way == "complex":
            a.put("KEPT_SECOND", mine.pop())
        for place in mine[:1] if way == "object" else mine[-1:]:
            a.put("KEPT_FLOAT" if way in ("float", "float32", "complex") else "KEPT", place)
        _box(a, way)
        a.put("SET_ITEM", LAYOUT.tuple_items + 8 * k)
    a.put("MADE")
