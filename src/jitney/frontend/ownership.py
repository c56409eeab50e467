"""Who keeps objects alive: the slots of a function.

A function that holds references of its own reserves *slots* in the block that the outermost call has (`ir/context.py`).
A slot holds one reference or null:

- each owned *temporary*, such as the result of a call, has one until the end of its statement;
- each local name that is given an owned value has one (one per object in a tuple).

    b = f(a)        t0 = f(...)                  a new reference, put into the temporary's slot at once
                    exchange t0, b's slot        the name's slot gets it; the old value is dropped with the statement
    return b        incref b; release all slots

Slots are memory, so that paths need not agree on what they hold: releasing an empty one does nothing. When the function
fails it leaves them as they are; the outermost entry releases everything. Values that are borrowed take part in none of
this: somebody outside holds a reference for the whole call.
"""

from __future__ import annotations

import sys

from ..ir import context
from ..ir.function import SLOTS, Call, Memory
from ..ir.ops import OPS
from ..ir.types import ACCESSES, I1, I64, PTR, VOID
from ..pytypes import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    Array,
    Constant,
    PyType,
    Scalar,
    mapped,
    members,
    owned_leaves,
)
from .plan import WantedObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..ir.function import Block
    from .state import Lowering, Val

_POINTER = ACCESSES["ptr"]
_MAKERS = {INT: "PyLong_FromLongLong", FLOAT: "PyFloat_FromDouble", COMPLEX: "PyComplex_FromDoubles"}


class Ownership:
    """The slots of one function.

    Attributes:
        temporaries: slots of the statements being lowered, outer ones first.
        frame: the address of the first slot, -1 while there is none.
        once: arrays are made as suits code that runs one call.
        arrays: slots may hold arrays, which are kept for later calls (`runtime/keeping.py`).
    """

    def __init__(self, lw: Lowering) -> None:
        self.lw = lw
        self.temporaries: list[int] = []
        self._names: dict[str, list[int]] = {}
        self._inlined: list[int] = []  # slots of the names of the function being inlined
        self._looping: Any = None  # the outermost function being inlined that has loops
        self._free: list[int] = []
        self._count = 0
        self.frame = -1
        self.arrays = self.once = False
        # object -> the temporary's slot that holds a reference to it
        self._held: dict[int, int] = {}
        # Temporaries' slots that hold null at the end of this statement, as a name has taken over what they held.
        self._empty: set[int] = set()

    # -- slots -------------------------------------------------------------------------------------------------------

    def _slot(self, index: int) -> tuple[int, int]:
        """Base and displacement of a slot."""
        if self.frame < 0:
            function = self.lw.function
            entry = function.entry
            memory = Memory(_POINTER, 1, context.OWNED_TOP, context.REGION)
            self.frame = function.new_value(OPS["load"], PTR, (self.lw.context,), memory, self.lw.b.line, entry)
            entry.insts.insert(1, self.frame)
            self.lw.owns = True
        return self.frame, 8 * index

    def reserve(self) -> int:
        """A slot for whoever asks, null at first, whose object lives until another takes its place or the function
        returns: see `get` and `put`."""
        return self._fresh()

    def put(self, index: int, object: int) -> None:
        base, disp = self._slot(index)
        self.lw.b.store(_POINTER, object, base, disp=disp, region=SLOTS)

    def get(self, index: int) -> int:
        base, disp = self._slot(index)
        return self.lw.b.load(_POINTER, base, disp=disp, region=SLOTS)

    def _fresh(self) -> int:
        self._count += 1
        return self._count - 1

    def hold(self, object: int) -> None:
        """Keep a new reference until the end of the statement. To be called before anything else can fail; the
        object may be null."""
        self._check_loops()
        index = self._free.pop() if self._free else self._fresh()
        self.temporaries.append(index)
        self._empty.discard(index)
        self._held[object] = index
        self.put(index, object)

    def boxed_at(self, block: Block, value: Val) -> int:
        """The object of a value, made at the end of `block` and kept until the function returns; null where there is
        no memory."""
        lw, type = self.lw, value.type
        if isinstance(type, Array):
            return value.parts[0]
        if type is NONE or isinstance(type, Constant):
            return lw.keep(type.value if isinstance(type, Constant) else None)
        if type in _MAKERS:
            return self._made_at(block, _MAKERS[type], lw.hooks.host.c_function(_MAKERS[type]), *value.parts)
        if type is BOOL or (isinstance(type, Scalar) and type.kind == "b"):
            numpy = sys.modules.get("numpy")
            true, false = (True, False) if type is BOOL else (numpy.True_, numpy.False_)  # type: ignore[union-attr]
            return lw.b.append(block, "select", (value.parts[0], lw.keep(true), lw.keep(false)), PTR)
        assert isinstance(type, Scalar), type
        new, line = lw.function.new_value, lw.b.line
        room = new(OPS["alloca"], PTR, (), 8, line, block)
        block.insts += [room, new(OPS["store"], VOID, (value.parts[0], room), Memory(type.access), line, block)]
        dtype = lw.keep(sys.modules["numpy"].dtype(type.dtype))
        address = lw.hooks.host.numpy_function("PyArray_Scalar")
        return self._made_at(block, "PyArray_Scalar", address, room, dtype, lw.b.const(PTR, 0))

    def _made_at(self, block: Block, name: str, address: int, *parts: int) -> int:
        """A new object made by a C function at the end of `block`; it has a slot of its own, where the next one made
        in this place replaces it."""
        function = self.lw.function
        base, disp = self._slot(self._fresh())
        slot = Memory(_POINTER, 1, disp, SLOTS)

        def emit(op: str, type: Any, args: tuple[int, ...], imm: Any) -> int:
            v = function.new_value(OPS[op], type, args, imm, self.lw.b.line, block)
            block.insts.append(v)
            return v

        old = emit("load", PTR, (base,), slot)
        made = emit("ccall", PTR, parts, Call(name, address, tuple([function.types[p] for p in parts]), (PTR,)))
        emit("store", VOID, (made, base), slot)
        emit("ccall", VOID, (old,), Call("Py_DecRef", self.lw.hooks.host.c_function("Py_DecRef"), (PTR,), ()))
        return made

    def hold_value(self, value: Val) -> Val:
        """`hold` all objects of a value that came as new references."""
        for k in owned_leaves(value.type):
            self.hold(value.parts[k])
        self.arrays = self.arrays or isinstance(value.type, Array)
        return value

    def pin(self, value: Val, mark: int) -> list[int]:
        """Keep all objects of `value` until the end of the statement whose temporaries begin at `mark`, whatever
        happens to names meanwhile. Gives its slots."""
        for k in owned_leaves(value.type):
            held = self._held.get(value.parts[k], -1)
            if held not in self.temporaries[mark:]:
                self.hold(self.keep(value.type, k, value.parts[k]))
        slots = self.temporaries[mark:]
        # Nor does a name take one over: what is pinned may be given to names many times.
        self._held = {object: index for object, index in self._held.items() if index not in slots}
        return slots

    # -- statements ----------------------------------------------------------------------------------------------------

    def taken(self, mark: int) -> list[int]:
        """The temporaries' slots since `mark`, to be released on every path that goes on from here."""
        slots = self.temporaries[mark:]
        del self.temporaries[mark:]
        self._free.extend(slots)
        return slots

    def release(self, slots: list[int]) -> None:
        """Drop the references in these slots."""
        if slots:
            null = self.lw.b.const(PTR, 0)
            for index in slots:
                if index in self._empty:
                    self._empty.discard(index)
                    continue
                object = self.get(index)
                self.put(index, null)
                self.drop(object)

    def end_statement(self, mark: int) -> None:
        """Release the temporaries since `mark`."""
        if len(self.temporaries) > mark:
            self.release(self.taken(mark))

    def abandon(self, mark: int) -> None:
        """The path has ended within a statement: whoever is responsible further out releases what it held."""
        if len(self.temporaries) > mark and not self.lw.inlining:
            self.taken(mark)

    def snapshot(self) -> tuple[Any, ...]:
        """For `restore`: what is lowered meanwhile is forgotten."""
        return list(self.temporaries), list(self._free), set(self._empty)

    def restore(self, state: tuple[Any, ...]) -> None:
        self.temporaries, self._free, self._empty = list(state[0]), list(state[1]), set(state[2])

    # -- names -------------------------------------------------------------------------------------------------------

    def bind(self, name: str, value: Val, ends: bool = False) -> Val:
        """Let a name hold `value` and nothing else any more. Gives what to put into the environment. `ends`: the
        statement is over with this."""
        owned = owned_leaves(value.type)
        slots = self._names.get(name)
        if not owned and slots is None:
            return value
        if slots is None:
            slots = self._names[name] = []
            if ends and self._forever(name):
                return self._bind_once(slots, value, owned)
        while len(slots) < len(owned):
            slots.append(self._name_slot())
        for k, index in enumerate(slots):
            old = self.get(index)
            if k >= len(owned):
                self.put(index, self.lw.b.const(PTR, 0))
                self.hold(old)
                continue
            object = value.parts[owned[k]]
            self.put(index, self._reference(value.type, owned[k], object, old))
        if owned and self._forever(name):
            return type(value)(mapped(value.type, lambda t: t.kept), value.parts)
        return value

    def _bind_once(self, slots: list[int], value: Val, owned: Sequence[int]) -> Val:
        """`bind` where the name's slots have never held anything."""
        for k in owned:
            slots.append(self._fresh())
            object = value.parts[k]
            held = self._held.pop(object, None)
            if held is not None and held in self.temporaries:
                self.put(held, self.lw.b.const(PTR, 0))
                self._empty.add(held)
            else:
                object = self.keep(value.type, k, object)
            self.put(slots[-1], object)
        return type(value)(mapped(value.type, lambda t: t.kept), value.parts)

    def _name_slot(self) -> int:
        """One that nobody else uses. In an inlined function it is the calling statement's."""
        if not self.lw.inlining:
            return self._fresh()
        self._check_loops()
        index = self._free.pop() if self._free else self._fresh()
        self._empty.discard(index)
        self._inlined.append(index)
        return index

    def _reference(self, type: PyType, leaf: int, object: int, old: int) -> int:
        """A reference to put into a name's slot in place of `old`, which is dropped with the statement."""
        held = self._held.pop(object, None)
        if held is not None and held in self.temporaries:
            self.put(held, old)
            return object
        object = self.keep(type, leaf, object)
        self.hold(old)
        return object

    def _forever(self, name: str) -> bool:
        """Whether a name that was just bound keeps its value until the function returns."""
        lw = self.lw
        return not lw.inlining and lw.b.block.loop is None and lw.live.stores_to(name) == 1

    def unbind(self, name: str) -> None:
        """``del name``."""
        if name in self._names:
            self.release(self._names[name])

    def enter_inlined(self, looping: Any) -> Any:
        """Names of an inlined function begin; to be handed to `leave_inlined`. `looping`: its code, if it has loops.

        Slots of inlined functions are released where the calling statement ends, which is too late for what each
        iteration makes: a function with loops that holds anything is called instead.
        """
        outer = self._names, self._inlined, self._looping
        self._names, self._inlined = {}, []
        self._looping = self._looping or looping
        return outer

    def _check_loops(self) -> None:
        if self._looping is not None:
            raise WantedObject(self._looping)

    def leave_inlined(self, outer: Any) -> None:
        # What the names hold may be the value of the call: it lives until the end of the calling statement.
        self.temporaries.extend(self._inlined)
        self._names, self._inlined, self._looping = outer

    # -- references ----------------------------------------------------------------------------------------------------

    def keep(self, type: PyType, leaf: int, object: int) -> int:
        """One more reference to the object at a leaf of a value; gives its address."""
        if _is_mixed(type, leaf):
            b = self.lw.b
            object = b.emit("i2p", b.emit("and", b.emit("p2i", object), self.lw.int_const(-2)))
        self._effect("Py_IncRef", object)
        return object

    def drop(self, object: int) -> None:
        discard = self.kept("discard") if self.arrays else 0
        if discard:
            self.lw.b.call("ccall", Call("discard", discard, (PTR,), ()), (object,))
        else:
            self._effect("Py_DecRef", object)

    def kept(self, name: str) -> int:
        """`Host.kept`, where it is worth loading: not for code that runs one call."""
        return self.lw.hooks.host.kept(name, self.lw.leaves is None)

    def _effect(self, name: str, object: int) -> None:
        self.lw.b.call("ccall", Call(name, self.lw.hooks.host.c_function(name), (PTR,), ()), (object,))

    # -- the ends of the function -----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Reserve the slots at the start, and release them where the function returns. The returns are complete but
        for their terminators' effects."""
        if self.frame < 0:
            return
        lw, function = self.lw, self.lw.function
        entry = function.entry
        line = lw.source.node.lineno + lw.source.line_offset
        at = entry.insts.index(self.frame) + 1

        def new(op: str, type: Any, args: tuple[int, ...], imm: Any = None) -> int:
            return function.new_value(OPS[op], type, args, imm, line, entry)

        limit = Memory(_POINTER, 1, context.OWNED_LIMIT, context.REGION)
        top = Memory(_POINTER, 1, context.OWNED_TOP, context.REGION)
        size = new("const", I64, (), 8 * self._count)
        end = new("ptradd", PTR, (self.frame, size))
        bound = new("load", PTR, (lw.context,), limit)
        fits = new("ule", I1, (end, bound))
        lw.b.line = line
        guard = new("guard", VOID, (fits, entry.insts[0]), lw.b.add_site("recursion"))
        store = new("store", VOID, (end, lw.context), top)
        entry.insts[at:at] = [size, end, bound, fits, guard, store]
        release = (self.kept("release arrays") if self.arrays else 0) or lw.hooks.host.stub("release")
        call = Call("release", release, (PTR, PTR), ())
        for exit in lw.returns:
            self._append(exit.block, "ccall", (lw.context, self.frame), call)

    def _append(self, block: Block, op: str, args: tuple[int, ...], imm: Any) -> None:
        function = self.lw.function
        block.insts.append(function.new_value(OPS[op], VOID, args, imm, self.lw.b.line, block))

    def keep_results(self, block: Block, type: PyType, parts: tuple[int, ...]) -> None:
        """What a function returns are new references."""
        for k in owned_leaves(type):
            call = Call("Py_IncRef", self.lw.hooks.host.c_function("Py_IncRef"), (PTR,), ())
            self._append(block, "ccall", (parts[k],), call)


def _is_mixed(type: PyType, leaf: int) -> bool:
    if not isinstance(type, Array):
        at = 0
        for element in members(type):
            if leaf < at + len(element.leaves):
                return _is_mixed(element, leaf - at)
            at += len(element.leaves)
    return isinstance(type, Array) and type.mixed
