"""Functions, blocks, loops, and the records that instructions carry.

Values are small ints. What is known of value `v` stands in columns of its function: ``ops[v]``, ``types[v]``,
``args[v]`` (a tuple of values), ``imms[v]``, ``lines[v]``, and the block it stands in, ``homes[v]``. A block lists
its parameters and instructions by value number and ends in a terminator whose edges carry the arguments for the
successors' parameters.
"""

from __future__ import annotations

from .ops import OPS
from .types import Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .ops import Op
    from .types import Access


#: `Memory.region` of array elements, the record of a call, objects' heads, slots of what is owned, buffers in
#: the frame, lists of numbers, arrays in the frame, and lists of numbers that grow.
ARRAY_DATA, RECORD, HEADERS, SLOTS, BUFFERS, LISTS, FRAMES, CELLS = range(1, 9)


class Memory:
    """The `imm` of a load or store: address = base + index * scale + disp.

    `region` names what is accessed: accesses of two different regions never overlap, except that region 0 may be
    anything. Array data has one region per NumPy item kind *only where the frontend has shown distinctness*;
    otherwise all array data is region 1. `invariant` marks memory that nothing writes while the function runs.
    A load with `ahead` says that what lies so many bytes further on is wanted soon, if there is anything.
    """

    __slots__ = ("access", "ahead", "disp", "invariant", "region", "scale")

    def __init__(
        self, access: Access, scale: int = 1, disp: int = 0, region: int = 0, invariant: bool = False, ahead: int = 0
    ) -> None:
        self.access = access
        self.scale = scale
        self.disp = disp
        self.region = region
        self.invariant = invariant
        self.ahead = ahead

    def key(self) -> tuple[Any, ...]:
        return (self.access.name, self.scale, self.disp, self.region, self.invariant, self.ahead)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Memory) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())


#: C functions that give an object with memory of its own, which nothing points into that was there before.
MAKERS = frozenset(("PyArray_Empty", "PyArray_NewCopy", "PyArray_NewLikeArray", "PyArray_Zeros"))


class Call:
    """The `imm` of a call.

    Attributes:
        name: for the reader.
        target: the address of a C function, or the `Symbol` of a jit function.
        params, results: machine types, without context, dirty flag and failure status.
        pure: a C function without effects whose result depends on its arguments alone.
        free: a C function with effects that does not touch Python: it may be called without the GIL, as pure ones may.
        site: of a `call`: the site recorded when the callee leaves.
    """

    __slots__ = ("free", "name", "params", "pure", "results", "site", "target")

    def __init__(
        self,
        name: str,
        target: Any,
        params: tuple[Type, ...],
        results: tuple[Type, ...],
        pure: bool = False,
        site: int = -1,
        free: bool = False,
    ) -> None:
        self.name = name
        self.target = target
        self.params = params
        self.results = results
        self.pure = pure
        self.site = site
        self.free = free

    def key(self) -> tuple[Any, ...]:
        target = self.target if isinstance(self.target, int) else id(self.target)
        return (self.name, target, self.params, self.results, self.pure, self.site, self.free)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())


class ArrayCall(Call):
    """The `imm` of an `fcall` of an inner loop of NumPy's: ``(char **args, intp *dimensions, intp *steps, void *)``.

    Attributes:
        loop: what is known of it: the addresses `dimensions` (of 1, with steps of 0 behind it) and `data`; `value`,
            which computes it here and now; and `in_lanes`, whether it gives the same for numbers side by side.
    """

    __slots__ = ("loop",)

    def __init__(self, name: str, target: int, params: tuple[Type, ...], loop: Any) -> None:
        super().__init__(name, target, params, params[:1], pure=True)
        self.loop = loop


NEEDED = "needed"
"""The detail of a site of kind "overflow": also where only low bits seem to be wanted, the integer itself is."""


class Site:
    """A place where compiled code may leave: what to tell when it does.

    Attributes:
        line: in the user's file.
        kind: "overflow", "index", "zerodivision", ... a row of `runtime.exceptions`, or "raise", "call", "poll".
        detail: for the kind: the message, the exception class and arguments, ...
        captures: types of the captured values, in order.
        names: what the captured values are, for the kind.
        inlined: where in inlined functions it is, innermost first: (function, file, line). `line` is then the line
            of the call.
    """

    __slots__ = ("captures", "detail", "inlined", "kind", "line", "names")

    def __init__(
        self,
        line: int,
        kind: str,
        detail: Any = None,
        captures: tuple[Type, ...] = (),
        names: tuple[str, ...] = (),
        inlined: tuple[tuple[str, str, int], ...] = (),
    ) -> None:
        self.line = line
        self.kind = kind
        self.detail = detail
        self.captures = captures
        self.names = names
        self.inlined = inlined


class Loop:
    """A natural loop. `preheader` dominates it and jumps only to `header`; `depth` is 1 for an outermost loop.

    `counter` is the header parameter that a ``range`` loop counts with, or -1; then `step` is its constant step and
    the value of `stop` the bound (exclusive), both in the preheader's scope. `parallel` is not None where the user
    allows threads to share the iterations: names of variables by the header's parameters that carry them.
    `pieces` says of a loop without a counter that it goes piece by piece over what the loops in it count; `lanes`, of
    one that counts up to a constant, that it is meant for lanes, not to be unrolled; `apart`, that addresses in it that
    differ by more than a number, one of them a store's, are never the same place: it is known before the loop; `tail`,
    that it only does what longer rounds leave; `checked`, of a loop that chooses in its header, that its second way
    does one iteration of the loop inside, as that was written.
    """

    __slots__ = (
        "apart", "checked", "counter", "depth", "header", "lanes", "parallel", "parent", "pieces", "preheader", "step",
        "stop", "tail",
    )  # fmt: skip

    def __init__(self, parent: Loop | None) -> None:
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent is not None else 1
        self.header: Block
        self.preheader: Block
        self.counter = -1
        self.step = 0
        self.stop = -1
        self.parallel: dict[int, str] | None = None
        self.pieces = False
        self.lanes = False
        self.apart = False
        self.tail = False
        self.checked = False

    def inside(self, outer: Loop | None) -> bool:
        """Whether this loop is `outer` or lies in it (every loop lies in None, the whole function)."""
        loop: Loop | None = self
        while loop is not outer and loop is not None:
            loop = loop.parent
        return loop is outer


class Block:
    """A basic block: `params`, `insts` (value numbers in order), and a terminator.

    Attributes:
        id: its number, for printing; unique in the function.
        term: a name in `ops.TERMINATORS`, "" while the block is open.
        term_args: values the terminator uses itself.
        term_imm: the site of an `exit`.
        edges: successors with the arguments for their parameters.
        loop: the innermost loop it belongs to. A preheader belongs to the loop outside.
        cold: not expected to run; laid out at the end.
        line: the source line of the terminator.
    """

    __slots__ = (
        "cold", "edges", "id", "idom", "insts", "line", "loop", "open", "params", "term", "term_args", "term_imm",
    )  # fmt: skip

    def __init__(self, id: int, loop: Loop | None = None) -> None:
        self.id = id
        self.params: list[int] = []
        self.insts: list[int] = []
        self.term = ""
        self.term_args: tuple[int, ...] = ()
        self.term_imm: Any = None
        self.edges: list[Edge] = []
        self.loop = loop
        self.cold = False
        self.line = 0
        self.idom: Block | None = None
        self.open = False

    def __repr__(self) -> str:
        return f"b{self.id}"


class Edge:
    """A control-flow edge: the block it leads to and the values for its parameters."""

    __slots__ = ("args", "target")

    def __init__(self, target: Block, args: tuple[int, ...] = ()) -> None:
        self.target = target
        self.args = args


class Symbol:
    """A name for an address that is known when linking: a compiled function, a table, a stub.

    Attributes:
        name: for listings and messages.
        address: 0 until placed.
        owner: whatever has to live as long as somebody refers to the address.
        gil: the jit function there may touch Python objects: it has to be called with the GIL.
        leaves: it may leave a call to CPython for another reason than the limits of machine numbers.
    """

    __slots__ = ("address", "gil", "leaves", "name", "owner")

    def __init__(self, name: str, address: int = 0, owner: Any = None) -> None:
        self.name = name
        self.address = address
        self.owner = owner
        self.gil = False
        self.leaves = False

    def __repr__(self) -> str:
        return f"@{self.name}"


class Function:
    """One function in SSA form.

    Attributes:
        name: for the reader and the symbol table.
        convention: "jit" (first parameter the context; several results; may fail) or "c" (the platform's).
        results: machine types of what it returns.
        blocks: in layout order, which is a preorder of the dominator tree; blocks[0] is the entry and its parameters
            are the function's.
        sites: places to leave from; checks hold indices into it.
        id: number under which the runtime finds `sites` again.
        file: the user's source file.
        symbol: its address once linked; calls to it name this.
        facts: parameter -> (low, high), bounds known of an i64 parameter (an array's length is not negative).
        fastmath: its float operations may be reordered and contracted, as docs/parallel.md says.
        target: what it will run on, for passes that make vectors (`codegen.target.Target`); None: they make none.
    """

    __slots__ = (
        "args", "blocks", "convention", "facts", "fastmath", "file", "homes", "id", "imms", "lines", "name", "ops",
        "results", "sites", "symbol", "target", "types",
    )  # fmt: skip

    def __init__(self, name: str, results: tuple[Type, ...] = (), convention: str = "jit") -> None:
        self.name = name
        self.results = results
        self.convention = convention
        self.ops: list[Op] = []
        self.types: list[Type] = []
        self.args: list[tuple[int, ...]] = []
        self.imms: list[Any] = []
        self.lines: list[int] = []
        self.homes: list[Block] = []
        self.blocks: list[Block] = []
        self.sites: list[Site] = []
        self.id = 0
        self.file = ""
        self.symbol = Symbol(name)
        self.facts: dict[int, tuple[int, int]] = {}
        self.fastmath = False
        self.target: Any = None

    @property
    def entry(self) -> Block:
        return self.blocks[0]

    @property
    def params(self) -> list[int]:
        return self.blocks[0].params

    def new_value(self, op: Op, type: Type, args: tuple[int, ...], imm: Any, line: int, home: Block) -> int:
        """A new row in the columns; the caller puts it into `home`."""
        v = len(self.ops)
        self.ops.append(op)
        self.types.append(type)
        self.args.append(args)
        self.imms.append(imm)
        self.lines.append(line)
        self.homes.append(home)
        return v

    def add_param(self, block: Block, type: Type) -> int:
        v = self.new_value(OPS["param"], type, (), None, 0, block)
        block.params.append(v)
        return v

    def loops(self) -> list[Loop]:
        """All loops, outer before inner, in layout order of their headers."""
        seen: dict[int, Loop] = {}
        for block in self.blocks:
            chain = []
            loop = block.loop
            while loop is not None and id(loop) not in seen:
                chain.append(loop)
                loop = loop.parent
            for loop in reversed(chain):
                seen[id(loop)] = loop
        return list(seen.values())

    def bodies(self) -> dict[Loop, list[Block]]:
        """The blocks of each loop, those of loops inside included, in layout order."""
        found: dict[Loop, list[Block]] = {}
        for block in self.blocks:
            loop = block.loop
            while loop is not None:
                if loop in found:
                    found[loop].append(block)
                else:
                    found[loop] = [block]
                loop = loop.parent
        return found

    def predecessors(self) -> dict[Block, list[Block]]:
        """Blocks that lead to each block, once per edge."""
        preds: dict[Block, list[Block]] = {block: [] for block in self.blocks}
        for block in self.blocks:
            for edge in block.edges:
                preds[edge.target].append(block)
        return preds

    def uses(self) -> Iterator[int]:
        """Every use of a value, by instructions, terminators and edges, with repetitions."""
        args = self.args
        for block in self.blocks:
            for v in block.insts:
                yield from args[v]
            yield from block.term_args
            for edge in block.edges:
                yield from edge.args
