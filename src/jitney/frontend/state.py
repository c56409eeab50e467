"""The state of one lowering: the environment of typed values, sites, and how paths split and join.

Types are inferred in the same walk that emits IR. Where paths join, the joined type of a name decides the block
parameters; where a loop's back edge brings a type the header did not expect, the loop is lowered again (`loops.py`).
The dirty flag and the fuel for polls are two hidden names of the environment, so that they join like all others.
"""

from __future__ import annotations

import sys

from ..errors import UnsupportedError
from ..ir.builder import Builder
from ..ir.function import Block, Call, Edge, Function
from ..ir.types import F32, F64, I1, I64, PTR, Type
from ..lazy import lazy
from ..pytypes import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    ITEMS,
    MAX_LENGTH,
    NONE,
    UNBOUND,
    Array,
    Closure,
    Complex,
    Constant,
    List,
    Object,
    PyType,
    Scalar,
    Tuple,
    Union,
    constant_type,
    may_hold_object,
    needs_object,
    tuple_type,
)
from ..pytypes import join as join_types
from .ownership import Ownership
from .plan import WantedObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FunctionType
    from typing import Any, NoReturn

    from . import pins
    from .calls import CalleeInfo, Hooks
    from .liveness import Liveness
    from .loops import LoopFrame
    from .names import Names
    from .packed import Lists
    from .pins import Pins
    from .source import Source
else:
    pins = lazy("jitney.frontend", "pins")

DIRTY, FUEL = ".dirty", ".fuel"
HIDDEN = (DIRTY, FUEL)
CONFLICT = PyType("values of types that cannot share a variable", ())


class Val:
    """A typed value: the machine values of its type's leaves, in order."""

    __slots__ = ("parts", "type")

    def __init__(self, type: PyType, parts: tuple[int, ...] = ()) -> None:
        self.type = type
        self.parts = parts

    def __repr__(self) -> str:
        return f"Val({self.type}, {self.parts})"


UNBOUND_VAL = Val(UNBOUND)
NONE_VAL = Val(NONE)


class DeadPath(Exception):
    """The path being lowered has ended (it always leaves the function, or jumped away)."""


class Open:
    """The open end of a path, to be joined with others: its last block, its environment, and a value it yields.

    The end is either the whole block, still without terminator, or one `edge` of its branch, still without target.
    """

    __slots__ = ("block", "edge", "env", "value")

    def __init__(self, block: Block, env: dict[str, Val], value: Val | None = None, edge: Edge | None = None) -> None:
        self.block = block
        self.env = env
        self.value = value
        self.edge = edge


class Lowering:
    """What every part of the frontend works on.

    Attributes:
        b: the builder. env: names to values, at the current point. loop: the innermost loop being lowered.
        context: the context parameter. returns: open ends that return their value.
        result: the assumed type of the result, for calls to itself; None while unknown. result_so_far: guesses it.
        own: the references held (`ownership.py`). owns: this function or one it calls holds any.
        boxes_result: the function returns objects, whatever they are.
        unchecked: objects made where paths are about to join.
        hidden: names in the environment that are not the function's own.
        augmenting: what is being lowered is the operator of an augmented assignment.
        unsettled: Python code has run, and arrays have not been looked at again (`objects.settle`).
        packed: the names that stand for lists of numbers without objects, if any do.
        kept: objects whose addresses stand in the code. unharmed: a `try` that takes a function without effects.
        root: the function; names, source, live are those of the function being inlined, if any (`inlining`).
        recursive: it calls itself, or one that is being lowered. awaited: one whose result is not known yet.
    """

    def __init__(self, source: Source, names: Names, live: Liveness, result: PyType | None) -> None:
        self.source = source
        self.names = names
        self.live = live
        self.result = result
        self.result_so_far: Callable[[], PyType | None] | None = None
        self.function = Function(source.node.name if hasattr(source.node, "name") else "<lambda>")
        self.function.file = source.file
        self.b = Builder(self.function)
        self.env: dict[str, Val] = {}
        self.loop: LoopFrame | None = None
        self.loop_plans: dict[Any, Any] = {}
        self.returns: list[Open] = []
        self.context = -1
        self.recursive = self.awaited = self.writes = self.assumed_writes = False
        self.globals: set[str] = set()
        self.callees: list[CalleeInfo] = []
        self.inlining: list[Names] = []
        self.as_objects: set[Any] = set()  # see WantedObject
        self.usage: Any = None  # once asked for: see numeric.py
        self.inlinable: dict[Any, Any] = {}
        self.inlined_size = 0
        self.fresh_stores: set[int] = set()  # into arrays that only now have been made, for values computed there
        self.node: Any = source.node
        self.own = Ownership(self)
        self.owns = self.unsettled = self.augmenting = self.boxes_result = False
        self.unharmed: Any = None
        self.packed: Lists | None = None
        self.kept: list[Any] = []
        self.unchecked: list[int] = []
        # In code for one call, what is known of the arguments' leaves, and a site; and who uses it.
        self.leaves: tuple[Sequence[int | None], int] | None = None
        self.pins: Pins | None = None
        self.hidden: tuple[str, ...] = HIDDEN
        # Set by `lower`, which knows all parts: they reach each other through it, so that none imports another.
        self.hooks: Hooks
        self.root: FunctionType
        self.arg_types: tuple[PyType, ...]
        # `expr` gives values as they are in memory; `operand` also array expressions that are still to be computed.
        self.expr: Callable[[Any], Val]
        self.operand: Callable[[Any], Val]
        self.body: Callable[[list[Any]], None]
        self.assign: Callable[[Any, Val], None]
        self.condition: Callable[[Any], tuple[list[Open], list[Open]]]
        self.read_local: Callable[[Any], Val]
        self.call: Callable[[Any, list[Val], dict[str, Val], Any], Val]
        self.charge: Callable[..., None]

    # -- places ------------------------------------------------------------------------------------------------------

    def at(self, node: Any) -> None:
        """Give what follows the source position of `node`."""
        self.node = node
        self.b.line = node.lineno + self.source.line_offset

    def unsupported(self, message: str, node: Any = None) -> NoReturn:
        """Give up compiling, with the place of `node` (or of the statement being lowered)."""
        node = node if node is not None else self.node
        line, col = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end = getattr(node, "end_col_offset", col) if getattr(node, "end_lineno", line) == line else col + 1
        raise UnsupportedError(message, self.source.file, line + self.source.line_offset, col, end)

    # -- constants -----------------------------------------------------------------------------------------------------

    def int_const(self, value: int) -> int:
        return self.b.const(I64, value)

    def keep(self, value: Any) -> int:
        """The address of an object, which lives as long as the code."""
        self.kept.append(value)
        return self.b.const(PTR, id(value))

    def float_const(self, value: float) -> int:
        return self.b.const(F64, value)

    def bool_const(self, value: bool) -> int:
        return self.b.const(I1, value)

    def constant(self, value: Any) -> Val:
        """A Val for a Python object known at compile time. Ints beyond 64 bits are not numbers here but opaque."""
        kind = type(value)
        if kind is bool:
            return Val(BOOL, (self.bool_const(value),))
        if kind is int and -(1 << 63) <= value < 1 << 63:
            return Val(INT, (self.int_const(value),))
        if kind is float:
            return Val(FLOAT, (self.float_const(value),))
        if kind is complex:
            return Val(COMPLEX, (self.float_const(value.real), self.float_const(value.imag)))
        if value is None:
            return NONE_VAL
        if kind is tuple:
            return self.make_tuple([self.constant(v) for v in value])
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.generic):
            item = ITEMS.get(value.dtype.name)
            if item is not None and kind is numpy.dtype(item.dtype).type:
                plain = value.item()
                parts = (plain.real, plain.imag) if item.kind == "c" else (plain,)
                return Val(item, tuple([self.b.const(leaf, part) for leaf, part in zip(item.leaves, parts)]))
        return Val(constant_type(value))

    def known(self, value: Val) -> Any:
        """The Python int, float or bool that `value` is known to be when compiling, else None."""
        if len(value.parts) != 1 or isinstance(value.type, (Union, Array, Object)):
            return None
        return self.b.constant(value.parts[0])

    def pinned(self, value: Val) -> Val:
        """An array, with constants for what is known of it in code for one call."""
        if self.leaves is None or not isinstance(value.type, Array):
            return value
        if self.pins is None:
            self.pins = pins.Pins(self, *self.leaves)
        return self.pins.of(value)

    # -- tuples ------------------------------------------------------------------------------------------------------

    def make_tuple(self, values: Sequence[Val]) -> Val:
        """A tuple of values, kept apart."""
        return Val(tuple_type(tuple([v.type for v in values])), tuple([p for v in values for p in v.parts]))

    def elements(self, value: Val) -> list[Val]:
        """The elements of a tuple value; what a closure carries along."""
        assert isinstance(value.type, (Tuple, Closure))
        out, at = [], 0
        for t in value.type.elements:
            n = len(t.leaves)
            out.append(Val(t, value.parts[at : at + n]))
            at += n
        return out

    def parameter(self, type: PyType, block: Block | None = None) -> Val:
        """Further parameters of `block` (if None: of the function), for the leaves of a value of `type`."""
        if isinstance(type, (Tuple, Closure)):
            return Val(type, tuple([p for t in type.elements for p in self.parameter(t, block).parts]))
        own, block = block is None, block if block is not None else self.function.entry
        value = Val(type, tuple([self.b.param(block, leaf) for leaf in type.leaves]))
        if isinstance(type, (Array, List)):
            for length in value.parts[2 : 2 + type.ndim] if isinstance(type, Array) else value.parts[1:]:
                self.function.facts[length] = (0, MAX_LENGTH if own or isinstance(type, List) else (1 << 63) - 1)
        return value

    # -- leaving -------------------------------------------------------------------------------------------------------

    @property
    def dirty(self) -> int:
        return self.env[DIRTY].parts[0]

    def set_dirty(self) -> None:
        """Something visible from outside has happened."""
        self.writes = True
        self.env[DIRTY] = Val(BOOL, (self.bool_const(True),))

    def runs_python(self) -> None:
        """What is called next may run any code: it is seen from outside, and may give arrays another shape."""
        self.set_dirty()
        self.ran_python()

    def ran_python(self) -> None:
        """Any code may have run: arrays and names of numbers and arrays have to be looked at again (`settle`)."""
        self.unsettled = self.names.fixed.ran_python = True

    def check(self, cond: int, kind: str, detail: Any = None, captures: tuple[int, ...] = (),
              names: tuple[str, ...] = ()) -> None:  # fmt: skip
        """Leave the function unless `cond` holds: in CPython's words at a site of `kind` (runtime/exceptions.py)."""
        known = self.b.constant(cond)
        if known is False:
            self.fail(kind, detail, captures, names)
        if known is None:
            types = self.function.types
            site = self.b.add_site(kind, detail, tuple(types[c] for c in captures), names)
            self.b.emit("guard", cond, self.dirty, *captures, imm=site)

    def checked(self, op: str, a: int, b: int) -> int:
        """`addo`, `subo` or `mulo`: an int result that must fit 64 bits."""
        return self.b.emit(op, a, b, self.dirty, imm=self.b.add_site("overflow"))

    def fail(self, kind: str, detail: Any = None, captures: tuple[int, ...] = (),
             names: tuple[str, ...] = ()) -> NoReturn:  # fmt: skip
        """Leave the function here, always. Raises DeadPath."""
        types = self.function.types
        site = self.b.add_site(kind, detail, tuple(types[c] for c in captures), names)
        self.b.exit(site, self.dirty, captures)
        self.b.block.cold = True
        raise DeadPath

    def fail_with(self, exception: type[BaseException], *args: Any) -> NoReturn:
        """What CPython does here is raise `exception(*args)`, always."""
        self.fail("raise", (exception, args))

    # -- joining paths -------------------------------------------------------------------------------------------------

    def open_end(self, value: Val | None = None) -> Open:
        """The current path, to be joined; the caller goes on elsewhere."""
        return Open(self.b.block, dict(self.env), value)

    def join(self, ends: list[Open], names: list[str], idom: Block, loop: Any, place: Any = None) -> Val | None:
        """Go on in one path where `ends` meet, with the environment reduced to `names` (and the hidden ones).

        Returns: the joined value, if the ends yield values; `place` is the expression that may give objects instead.
        Raises: DeadPath when there is no end to join.
        """
        if not ends:
            raise DeadPath
        if len(ends) == 1 and ends[0].block is self.b.block and not self.b.block.term:
            self.env = ends[0].env
            return ends[0].value
        target = self.b.new_block(loop)
        self.env, value, params = self.join_env(ends, names, target)
        if value is not None and value.type is CONFLICT:
            if place is not None:
                raise self.wanted_object(place)
            self.unsupported("the values that meet here have types that cannot share a variable")
        for end, args in zip(ends, params):
            self.link(end, target, args)
        self.b.start(target, idom)
        self.check_made()
        return value

    def check_made(self) -> None:
        """Raise the pending exception where there was no memory for an object that a join needed."""
        while self.unchecked:
            self.check(self.b.emit("ne", self.unchecked.pop(), self.b.const(PTR, 0)), "pending")

    def link(self, end: Open, target: Block, args: tuple[int, ...]) -> None:
        """Lead an open end to `target`."""
        if end.edge is not None:
            end.edge.target, end.edge.args = target, args
        else:
            end.block.term = "jump"
            end.block.edges = [Edge(target, args)]
            end.block.line = self.b.line

    def branch(self, cond: int) -> tuple[list[Open], list[Open]]:
        """End the path by `cond`: the open ends where it holds, and those where it does not."""
        known = self.b.constant(cond)
        if known is not None:
            end = [self.open_end()]
            return (end, []) if known else ([], end)
        block, env = self.b.block, dict(self.env)
        self.b.branch(cond, block, block)  # both targets are set by `link`
        then, other = block.edges
        return [Open(block, env, None, then)], [Open(block, env, None, other)]

    def env_names(self, ends: list[Open]) -> list[str]:
        """All names that any of the ends has a value for."""
        names: dict[str, None] = {}
        for end in ends:
            names.update(dict.fromkeys(end.env))
        return [n for n in names if n not in self.hidden]

    def join_env(
        self, ends: list[Open], names: list[str], target: Block
    ) -> tuple[dict[str, Val], Val | None, list[tuple[int, ...]]]:
        """Parameters of `target` for what differs between `ends`: the environment, the value, and each end's
        arguments."""
        env: dict[str, Val] = {}
        args: list[list[int]] = [[] for _ in ends]
        first, *others = [end.env for end in ends]
        for name in (*names, *self.hidden):
            joined = first.get(name, UNBOUND_VAL)
            for other in others:
                if other.get(name, UNBOUND_VAL) is not joined:
                    values = [end.env.get(name, UNBOUND_VAL) for end in ends]
                    joined = self._join_values(values, ends, target, args, name)
                    break
            if joined.type is not UNBOUND:
                env[name] = joined
        value = None
        if ends[0].value is not None:
            yielded = [end.value for end in ends if end.value is not None]
            value = self._join_values(yielded, ends, target, args)
        return env, value, [tuple(a) for a in args]

    def _join_values(
        self, values: list[Val], ends: list[Open], target: Block, args: list[list[int]], name: str = ""
    ) -> Val:
        first = values[0]
        type: PyType | None = first.type
        for v in values:
            if v.type is not type or v.parts != first.parts:
                break
        else:
            return first
        for v in values[1:]:
            type = join_types(type, v.type) if type is not None else None
        if isinstance(type, Object) and any(needs_object(v.type) for v in values):
            if name:
                raise self.wanted_object(name)
            type = None
        if type is None:
            if name and name not in self.as_objects and all(may_hold_object(v.type) for v in values):
                raise self.wanted_object(name)
            return Val(CONFLICT)
        for v, end, out in zip(values, ends, args):
            out.extend(self.coerce(v, type, end.block))
        joined = self.parameter(type, target)
        if isinstance(type, Object) and not type.maybe and any(not isinstance(v.type, Object) for v in values):
            self.unchecked.append(joined.parts[0])
        return joined

    def wanted_object(self, place: Any) -> WantedObject:
        """What to raise where a name, or an expression, is to give objects from the start."""
        return WantedObject(self.inlining[-1].function.__code__ if self.inlining else place)

    def coerce(self, value: Val, type: PyType, block: Block) -> tuple[int, ...]:
        """The parts of `value` as `type`, which includes its own; conversions go to the end of `block`."""
        if value.type is type or isinstance(type, List):
            return value.parts
        if isinstance(type, Tuple):
            parts: list[int] = []
            for v, t in zip(self.elements(value), type.elements):
                parts.extend(self.coerce(v, t, block))
            return tuple(parts)
        if value.type is UNBOUND and isinstance(type, (Array, Object)):
            return tuple([self.b.const(leaf, 0) for leaf in type.leaves])
        if isinstance(type, Array):
            return self._coerce_array(value, type, block)
        if isinstance(type, Object):
            if not isinstance(value.type, Object):
                return (self.own.boxed_at(block, value),)
            return value.parts
        assert isinstance(type, Union), (value, type)
        if isinstance(value.type, Union):
            tag, payload, *second = value.parts
            if type.payload is not value.type.payload:
                payload = self.b.append(block, "f2bits", (payload,), I64)
            return tag, payload, *(second or self._imaginary(value, type, block))
        payload = self._payload(value, type.payload, block)
        return self.int_const(value.type.tag), payload, *self._imaginary(value, type, block)

    def _imaginary(self, value: Val, type: Union, block: Block) -> tuple[int, ...]:
        """What follows the payload of a union that has complex members."""
        if len(type.leaves) == 2:
            return ()
        if not isinstance(value.type, Complex):
            return (self.float_const(0.0),)
        part = value.parts[1]
        return (part if self.function.types[part] is F64 else self.b.append(block, "fext", (part,), F64),)

    def _coerce_array(self, value: Val, type: Array, block: Block) -> tuple[int, ...]:
        """An array's parts as those of a type with any strides, or of one that may be a view."""
        own = value.type
        assert isinstance(own, Array), (value, type)
        parts = list(value.parts)
        if type.mixed and not own.view:
            address = self.b.append(block, "p2i", (parts[0],), I64)
            bound = self.b.append(block, "ne", (address, self.int_const(0)), I1)
            bit = self.b.append(block, "select", (bound, self.int_const(1), self.int_const(0)), I64)
            parts[0] = self.b.append(block, "i2p", (self.b.append(block, "or", (address, bit), I64),), PTR)
        if own.layout != type.layout:
            stride = self.int_const(own.item.access.size)
            strides = []
            for length in parts[2:] if own.layout == "F" else parts[:1:-1]:
                strides.append(stride)
                stride = self.b.append(block, "mul", (stride, length), I64)
            parts.extend(strides if own.layout == "F" else strides[::-1])
        return tuple(parts)

    def _payload(self, value: Val, payload: Type, block: Block) -> int:
        if not value.parts:
            return self.b.const(payload, 0)
        part = value.parts[0]
        own = self.function.types[part]
        if own is payload:
            return part
        if own is I1:
            return self.b.append(block, "b2i", (part,), I64)
        if own is F32:
            part = self.b.append(block, "fext", (part,), F64)
        return self.b.append(block, "f2bits", (part,), I64)

    def unpack(self, value: Val, member: PyType) -> Val:
        """A union value as the member it is known to be."""
        if not member.leaves:
            return Val(member)
        assert isinstance(value.type, Union)
        part, leaf = value.parts[1], member.leaves[0]
        if value.type.payload is not leaf:
            part = self.b.emit("ne", part, self.int_const(0)) if leaf is I1 else self.b.emit("bits2f", part)
        parts = (part, *value.parts[2:]) if isinstance(member, Complex) else (part,)
        if leaf is F32:
            parts = tuple([self.b.emit("fround", p) for p in parts])
        return Val(member, parts)

    def has_tag(self, value: Val, member: PyType) -> int:
        """Whether a union value is of type `member`."""
        return self.b.emit("eq", value.parts[0], self.int_const(member.tag))

    # -- splitting paths -----------------------------------------------------------------------------------------------

    def if_else(self, cond: int, then: Callable[[], Val], other: Callable[[], Val], place: Any = None) -> Val:
        """The value of one of two arms; it may change the environment, leave, or end its path. `place`: see `join`."""
        known = self.b.constant(cond)
        if known is not None:
            return then() if known else other()
        idom = self.b.block
        ends = []
        for side, arm in zip(self.branch(cond), (then, other)):
            self.join(side, self.env_names(side), idom, idom.loop)
            try:
                ends.append(self.open_end(arm()))
            except DeadPath:
                pass
        value = self.join(ends, self.env_names(ends), idom, idom.loop, place)
        assert value is not None
        return value

    def attempt(self, make: Callable[[], Val]) -> Val | UnsupportedError:
        """What `make` lowers; where that is not supported, the error, and nothing has been lowered."""
        b = self.b
        mark, count, block, frame = b.mark(), len(b.block.insts), b.block, self.own.frame
        loop, env, slots = self.loop, dict(self.env), self.own.snapshot()
        lists = (self.returns, self.callees, *((loop.breaks, loop.continues) if loop is not None else ()))
        lengths = [len(each) for each in lists]
        flags = self.writes, self.awaited, self.recursive
        pinned = self.pins.checks if self.pins is not None else 0
        try:
            return make()
        except UnsupportedError as error:
            b.rewind(mark)
            if block is self.function.entry:
                # What stands at the function's start stays.
                count += (self.own.frame != frame) + (self.pins.checks - pinned if self.pins is not None else 0)
            b.forget(block, count)
            self.env, self.loop = env, loop
            self.own.restore(slots)
            for each, length in zip(lists, lengths):
                del each[length:]
            self.writes, self.awaited, self.recursive = flags
            # Its traceback leads to the arguments of the call that is waiting.
            error.__traceback__ = error.__context__ = None
            return error

    def otherwise(self, make: Callable[[], Val], other: Callable[[], Val]) -> Val:
        """What `make` lowers; where that is not supported, what `other` does. If neither, the first one's reason."""
        made = self.attempt(make)
        if not isinstance(made, UnsupportedError):
            return made
        second = self.attempt(other)
        if isinstance(second, UnsupportedError):
            raise made
        return second

    def split(self, value: Val, each: Callable[[Val], Val]) -> Val:
        """Apply `each` to `value`, once per member where it is a union."""
        if not isinstance(value.type, Union):
            return each(value)
        members = value.type.members

        def from_member(k: int) -> Val:
            one = members[k]
            if k == len(members) - 1:
                return each(self.unpack(value, one))
            return self.if_else(
                self.has_tag(value, one), lambda: each(self.unpack(value, one)), lambda: from_member(k + 1)
            )

        return from_member(0)

    # -- calls into C --------------------------------------------------------------------------------------------------

    def ccall(self, name: str, address: int, args: tuple[int, ...], result: Type, pure: bool = True) -> int:
        """Call a C function; parameter types are those of the arguments."""
        types = self.function.types
        call = Call(name, address, tuple(types[a] for a in args), (result,), pure)
        return self.b.call("ccall", call, args)[0]


def is_number(t: PyType) -> bool:
    """Whether values of the type are plain or NumPy numbers (bool included)."""
    return t is INT or t is FLOAT or t is BOOL or isinstance(t, (Scalar, Complex))


def constant_value(value: Val) -> Any:
    """The object of a Constant, else None."""
    return value.type.value if isinstance(value.type, Constant) else None

