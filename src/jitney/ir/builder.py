"""Building SSA: the one `emit` that folds, simplifies, numbers and places every instruction.

Emitting a pure operation

- on constants gives a constant (the operation's own meaning, `ops.Op.meaning`);
- that a rewrite rule simplifies gives what the rule says (`rules.simplify`);
- that an open block already computed gives that value (value numbering; an *open* block dominates the current one);
- otherwise places it in the outermost loop its arguments allow (loop-invariant motion), else here.

A guard whose twin already stands in an open block is dropped, and so is one on a true constant; the result of
`index` is the index where that is a constant from 0 on. Frontend and passes
build through here, so that a pass which copies a function optimises it again for free (LuaJIT's `lj_opt_fold`).

    v1 = const 2            emit(add, v1, v1)  ->  const 4
    v3 = add p, v1          emit(add, p, v1)   ->  v3
    in a loop               emit(mul, p, v1)   ->  placed in the preheader
"""

from __future__ import annotations

from ..lazy import lazy
from .function import Block, Edge, Function, Loop, Memory, Site
from .ops import OPS, bits_of, hold, result_of, wrap
from .rules import simplify
from .types import F32, F64, I1, I64, PTR, VOID, Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import lanes
    from .function import Call
    from .ops import Op
    from .types import Access
else:
    lanes = lazy("jitney.ir", "lanes")

_CONST = OPS["const"]
_GUARD, _INDEX = OPS["guard"], OPS["index"]
_SELECT = OPS["select"]
_FCALL = OPS["fcall"]
_RESULT_TYPES = {"i1": I1, "i64": I64, "f32": F32, "f64": F64, "ptr": PTR}
# Pure but not worth computing on a path that may not need it: these stay in their block unless the loop always runs.
_EXPENSIVE = frozenset(("fdiv", "fsqrt"))


class Builder:
    """Appends to `function` at the end of `block`. `line` is given to whatever is emitted next.

    `callers` tells of the inlined functions that it is in, outermost first: (name, file, line of the call).
    """

    __slots__ = ("_open", "_table", "block", "callers", "function", "line")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.block: Block = None  # type: ignore[assignment]
        self.line = 0
        self.callers: list[tuple[str, str, int]] = []
        self._open: list[Block] = []
        # (op, args, imm, type) -> value; valid while the block the value stands in is open
        self._table: dict[Any, int] = {}

    # -- blocks and control flow ---------------------------------------------------------------------------------

    def new_block(self, loop: Loop | None = None) -> Block:
        """A fresh block, not yet in the layout (`start` puts it there)."""
        return Block(-1, loop)

    def start(self, block: Block, idom: Block | None) -> None:
        """Continue in `block`, which `idom` dominates. Blocks must be started in a preorder of the dominator tree:
        whatever is open below `idom` is closed, its values are no longer reused."""
        opened = self._open
        while opened and opened[-1] is not idom:
            opened.pop().open = False
        block.id = len(self.function.blocks)
        block.idom = idom
        block.open = True
        opened.append(block)
        self.function.blocks.append(block)
        self.block = block

    def mark(self) -> tuple[Any, ...]:
        """The current state, for `rewind`; the current block must be left alone until then."""
        function = self.function
        return len(function.blocks), len(function.sites), list(self._open), self.block

    def rewind(self, mark: tuple[Any, ...]) -> None:
        """Forget all blocks and sites begun since `mark` was taken; pure values placed in older blocks may stay."""
        blocks, sites, opened, self.block = mark
        for block in self.function.blocks[blocks:]:
            block.open = False
            for p in block.params:
                self.function.facts.pop(p, None)
        del self.function.blocks[blocks:]
        del self.function.sites[sites:]
        self._open = list(opened)
        for block in opened:
            block.open = True
        self.block.term, self.block.edges = "", []

    def forget(self, block: Block, count: int) -> None:
        """Drop the instructions of an open block after the first `count`; nothing may use them any more."""
        gone = Block(-1)
        for v in block.insts[count:]:
            if self.function.ops[v] is not _CONST:
                self.function.homes[v] = gone
            else:
                block.insts.insert(count, v)
                count += 1
        del block.insts[count:]

    def jump(self, target: Block, args: tuple[int, ...] = ()) -> None:
        self._terminate("jump", (), [Edge(target, args)])

    def branch(
        self, cond: int, then: Block, other: Block, then_args: tuple[int, ...] = (), other_args: tuple[int, ...] = ()
    ) -> None:
        """Two-way branch; on a constant condition a jump."""
        if self.function.ops[cond] is _CONST:
            if self.function.imms[cond]:
                self.jump(then, then_args)
            else:
                self.jump(other, other_args)
        else:
            self._terminate("br", (cond,), [Edge(then, then_args), Edge(other, other_args)])

    def ret(self, values: tuple[int, ...]) -> None:
        self._terminate("ret", values, [])

    def exit(self, site: int, dirty: int, captures: tuple[int, ...] = ()) -> None:
        """Leave the function through `site`, unconditionally."""
        self._terminate("exit", (dirty, *captures), [])
        self.block.term_imm = site

    def unreachable(self) -> None:
        self._terminate("unreachable", (), [])

    def _terminate(self, term: str, args: tuple[int, ...], edges: list[Edge]) -> None:
        block = self.block
        assert not block.term, f"{block} already ends in {block.term}"
        block.term = term
        block.term_args = args
        block.edges = edges
        block.line = self.line

    def param(self, block: Block, type: Type) -> int:
        """A new parameter of `block`."""
        return self.function.add_param(block, type)

    def add_site(
        self, kind: str, detail: Any = None, captures: tuple[Type, ...] = (), names: tuple[str, ...] = ()
    ) -> int:
        """A new site at the current line."""
        sites = self.function.sites
        line = self.line
        inlined: tuple[tuple[str, str, int], ...] = ()
        if self.callers:
            # The place of the outermost call is the function's own; the others lie in inlined functions.
            name, file, _ = self.callers[-1]
            frames = [(name, file, line)]
            for k in range(len(self.callers) - 1, 0, -1):
                frames.append((*self.callers[k - 1][:2], self.callers[k][2]))
            line, inlined = self.callers[0][2], tuple(frames)
        sites.append(Site(line, kind, detail, captures, names, inlined))
        return len(sites) - 1

    # -- values ------------------------------------------------------------------------------------------------------

    def const(self, type: Type, value: Any) -> int:
        """The constant `value`; placed in the entry block so that the whole function shares it."""
        value = hold(type, value)
        # -0.0 and 0.0 are equal and NaNs are not: the bits tell them apart.
        key: Any
        if not type.is_float:
            key = ("const", type, value)
        elif type.lanes == 1:
            key = ("const", type, bits_of(value))
        else:
            key = ("const", type, tuple(map(bits_of, value)) if type.element.is_float else value)
        found = self._table.get(key)
        if found is not None:
            return found
        entry = self.function.blocks[0]
        v = self.function.new_value(_CONST, type, (), value, self.line, entry)
        entry.insts.append(v)
        self._table[key] = v
        return v

    def emit(self, name: str, *args: int, imm: Any = None, type: Type | None = None) -> int:
        """One operation by name; its result type may be omitted where the signature determines it.

        Returns:
            the value that holds the result, new or old; for a row without result its number, or -1 if dropped.
        """
        return self.insert(OPS[name], args, imm, type)

    def insert(self, op: Op, args: tuple[int, ...], imm: Any = None, type: Type | None = None) -> int:
        """`emit` with the operation looked up already."""
        function = self.function
        if type is None:
            type = self._result_type(op, args)
        if args and function.types[args[0]].lanes > 1 and op.pure:
            return self._vector(op, args, imm, type)
        if op.meaning is not None:
            ops = function.ops
            for a in args:
                if ops[a] is not _CONST:
                    break
            else:
                # Divisions are not pure: 0 and -1 may be errors that a check in front keeps from being reached.
                if op.pure or function.imms[args[1]] not in (0, -1):
                    return self._folded(op, type, args)
            if op.commutative:
                args = self._ordered(args)
            simpler = simplify(self, op, args, type)
            if simpler is not None:
                return simpler
            hoist = op.pure or (function.ops[args[1]] is _CONST and function.imms[args[1]] not in (0, -1))
            return self._numbered(op, args, imm, type, hoist)
        if op.pure:
            if type.lanes > 1:
                return self._vector(op, args, imm, type)
            return self._numbered(op, args, imm, type)
        if op.guard:
            return self._guard(op, args, imm, type)
        if op.name == "ccall" and imm.pure:
            return self._numbered(op, args, imm, type, hoist=False)
        return self._append(op, args, imm, type)

    def constant(self, v: int) -> Any:
        """The Python value of `v` if it is a constant, else None."""
        return self.function.imms[v] if self.function.ops[v] is _CONST else None

    def load(self, access: Access, base: int, index: int | None = None, scale: int = 1, disp: int = 0,
             region: int = 0, invariant: bool = False) -> int:  # fmt: skip
        memory = Memory(access, scale, disp, region, invariant)
        args = (base,) if index is None else (base, index)
        if invariant:
            return self._numbered(OPS["load"], args, memory, access.type, hoist=False)
        return self._append(OPS["load"], args, memory, access.type)

    def store(self, access: Access, value: int, base: int, index: int | None = None, scale: int = 1, disp: int = 0,
              region: int = 0) -> None:  # fmt: skip
        args = (value, base) if index is None else (value, base, index)
        self._append(OPS["store"], args, Memory(access, scale, disp, region), VOID)

    def call(self, op: str, call: Call, args: tuple[int, ...]) -> tuple[int, ...]:
        """A `ccall`, `call` or `invoke`; gives all its results, for an `invoke` with the failure status last."""
        types = call.results + ((I1,) if op == "invoke" else ())
        if call.target.gil if op != "ccall" else not (call.pure or call.free):
            self.function.symbol.gil = True
        first = self.insert(OPS[op], args, call, types[0] if types else VOID)
        out = [first] if types else []
        for k, t in enumerate(types[1:], 1):
            out.append(self._append(OPS["result"], (first,), k, t))
        return tuple(out)

    def append(self, block: Block, name: str, args: tuple[int, ...], type: Type, imm: Any = None) -> int:
        """A pure operation at the end of `block`, whose values need not be open: folded on constants, nothing more.
        For conversions on an edge, once both sides of a join are known."""
        op = OPS[name]
        if type.lanes == 1 and all(self.function.ops[a] is _CONST for a in args):
            return self._folded(op, type, args)
        v = self.function.new_value(op, type, args, imm, self.line, block)
        block.insts.append(v)
        return v

    # -- the parts of emit ---------------------------------------------------------------------------------------------

    def _result_type(self, op: Op, args: tuple[int, ...]) -> Type:
        result = op.result
        if not result:
            return VOID
        types = self.function.types
        if args and types[args[0]].lanes > 1:
            return result_of(op, [types[a] for a in args])
        known = _RESULT_TYPES.get(result)
        if known is not None:
            return known
        # A type variable: the type of the argument that has the same letter.
        return types[args[op.params.index(result)]]

    def _folded(self, op: Op, type: Type, args: tuple[int, ...]) -> int:
        imms = self.function.imms
        return self.const(type, op.meaning(*[imms[a] for a in args]))  # type: ignore[misc]

    def _vector(self, op: Op, args: tuple[int, ...], imm: Any, type: Type) -> int:
        """A pure operation that takes or makes vectors: folded on constants, numbered and placed."""
        ops, imms, types = self.function.ops, self.function.imms, self.function.types
        for a in args:
            if ops[a] is not _CONST or op is _FCALL:
                break
        else:
            return self.const(type, lanes.evaluate(op, type, [types[a] for a in args], [imms[a] for a in args], imm))
        if op.commutative:
            args = self._ordered(args)
        elif op is _SELECT and args[1] == args[2]:
            return args[1]
        return self._numbered(op, args, imm, type)

    def _numbered(self, op: Op, args: tuple[int, ...], imm: Any, type: Type, hoist: bool = True) -> int:
        key = (op, args, imm, type)
        found = self._table.get(key)
        if found is not None and self.function.homes[found].open:
            return found
        block = self._place(op, args) if hoist else self.block
        v = self.function.new_value(op, type, args, imm, self.line, block)
        block.insts.append(v)
        self._table[key] = v
        return v

    def _place(self, op: Op, args: tuple[int, ...]) -> Block:
        """The preheader of the outermost loop that the arguments allow, or the current block."""
        block = self.block
        loop = block.loop
        if loop is None or op.name in _EXPENSIVE:
            return block
        homes = self.function.homes
        depth = 0
        for a in args:
            home = homes[a].loop
            if home is loop:
                return block
            while not loop.inside(home):
                # Defined in a loop that is over: what counts is the loop around both.
                home = home.parent  # type: ignore[union-attr]
            if home is not None and home.depth > depth:
                depth = home.depth
        if depth >= loop.depth:
            return block
        while loop.parent is not None and loop.depth > depth + 1:
            loop = loop.parent
        return loop.preheader

    def _guard(self, op: Op, args: tuple[int, ...], imm: Any, type: Type) -> int:
        """A check: dropped when it must pass, shared with an equal one in an open block."""
        if op.writes:
            return self._append(op, args, imm, type)
        imms, ops = self.function.imms, self.function.ops
        if op is _GUARD:
            tested = args[:1]
            if ops[args[0]] is _CONST and imms[args[0]]:
                return -1
        else:
            tested = args[:2]
            if op.base:
                if OPS[op.base].commutative:
                    tested = self._ordered(tested)
                    args = (*tested, *args[2:])
                value = self._unchecked(op, tested)
                if value is not None:
                    return value
        key = (op, tested)
        v = self._table.get(key)
        if v is None or not self.function.homes[v].open:
            v = self._table[key] = self._append(op, args, imm, type)
        # Counted from the start: the result is known.
        return args[0] if op is _INDEX and ops[args[0]] is _CONST and imms[args[0]] >= 0 else v

    def _unchecked(self, op: Op, tested: tuple[int, ...]) -> int | None:
        """What a checked operation gives where it plainly cannot overflow: on constants that fit, and on a neutral
        element."""
        wrapping = OPS[op.base]
        constants = [self.constant(a) for a in tested]
        if None not in constants:
            exact = wrapping.meaning(*constants)  # type: ignore[misc]
            return self.const(I64, exact) if exact == wrap(exact) else None
        if constants[1] == (1 if op.base == "mul" else 0) or (op.base == "mul" and constants[1] == 0):
            return self.insert(wrapping, tested)
        return None

    def _ordered(self, args: tuple[int, ...]) -> tuple[int, ...]:
        """The arguments of an operation that commutes, as all its twins have them: a constant on the right."""
        ops = self.function.ops
        a, b = args
        return (b, a) if ops[a] is _CONST or (a > b and ops[b] is not _CONST) else args

    def _append(self, op: Op, args: tuple[int, ...], imm: Any, type: Type) -> int:
        v = self.function.new_value(op, type, args, imm, self.line, self.block)
        self.block.insts.append(v)
        return v
