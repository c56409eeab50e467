"""The invariants of the IR, and the check that a function keeps them.

Control flow
  C1  There is at least one block; ids are unique; every edge leads to a block of the function.
  C2  Every block ends in one terminator of `ops.TERMINATORS`: `jump` has one edge and `br` two, the others none;
      `br` takes one i1; `exit` only stands in a `jit` function.
  C3  The entry has no predecessors; every block is reachable.
  C4  An edge passes one value per parameter of its target, of that parameter's type.
  C5  `Block.idom` dominates its block, and layout is a preorder of the tree that the idoms make. (The immediate
      dominator wherever structure shows it; where an arm turned out not to reach a join, an earlier one serves.)

Values
  V1  Every parameter and instruction stands in exactly one place, and `homes` names that block; parameters (and
      only they) are `param` rows.
  V2  A value is defined before it is used: earlier in the same block, or in a block that dominates the user's. What
      an edge passes is used at the end of the block it leaves.
  V3  Arguments and results have the types of the row in `ops.OPS`; type variables agree; no argument is void.
  V4  Immediates: the constant as `ops.hold` gives it; a `Memory` whose access has the type of the value, with scale
      1, 2, 4 or 8 and a 32-bit displacement; a positive size (`alloca`); a `Symbol`; a `Call`.
  V5  `facts` bound i64 parameters.
  V6  Vectors stay inside: they are no parameters or results of functions, nor are they captured.

Loops
  L1  `depth` counts from 1 for a loop without `parent`.
  L2  The preheader is the header's `idom`, belongs to the loop's parent, and ends in a jump to the header.
  L3  The header belongs to its loop. Any other block belongs to the loop of its immediate dominator (the true one) or
      to one around it.
  L4  A loop is entered through its header alone, from its preheader alone; an edge to a block that dominates its
      source is a back edge: its target heads a loop that the source lies in. (So the graph is reducible.)
  L5  `counter` is an i64 parameter of the header, `step` an int other than 0, and `stop` an i64 known in the preheader.

Leaving
  S1  The imm of a check, and of `exit`, is the index of a site (of `poll`, followed by a positive int); guards and
      exits pass the values its `captures` name, at most `CAPTURES_MAX`. Only a `jit` function has checks.

Functions and calls
  F1  The convention is `jit`, with the context's address (a ptr) as first parameter, or `c`, with one result at most.
  F2  `ret` passes values of the function's result types.
  F3  A call passes what its record's `params` say, a `call` and `invoke` with the context before, a `call` with the
      dirty flag after. Its own type is that of its first result (an `invoke` has one more, an i1, last). The target of
      a `call` or `invoke` is a `Symbol`, of a `ccall` an address or `Symbol`; a `ccall` has one result at most.
  F4  The further results, `result k` with 1 <= k and growing, directly follow their call.
"""

from __future__ import annotations

from .context import CAPTURES_MAX
from .dominators import immediate_dominators
from .function import Call, Loop, Memory, Symbol
from .ops import OPS, TERMINATORS, bits_of, hold, result_of
from .print import instruction_text, terminator_text
from .types import F32, F64, I1, I32, I64, PTR, VOID, gathered, mask_of, scalar_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .function import Block, Function
    from .ops import Op
    from .types import Type

_PARAM = OPS["param"]
_EDGES = {"jump": 1, "br": 2}


class VerifyError(Exception):
    """An invariant is broken. The message names the invariant, the function, the block, and the instruction."""


def verify(function: Function) -> None:
    """Check every invariant above, in time near-linear in the size of the function.

    Raises:
        VerifyError: at the first one that does not hold.
    """
    checker = _Verifier(function)
    checker.convention()
    checker.edges()
    checker.dominance()
    checker.loops()
    checker.placement()
    for block in function.blocks:
        checker.block(block)


class _Verifier:
    __slots__ = ("first", "function", "idoms", "known", "last", "position", "value", "where")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.where: Block | Loop | None = None  # what is being checked, for the message
        self.value = -1  # and which instruction of the block; -1 for none
        self.idoms: dict[Block, Block | None] = {}  # the true ones
        # Numbers of a walk through the dominator tree: `a` dominates `b` when b's number is in [first[a], last[a]].
        self.first: dict[Block, int] = {}
        self.last: dict[Block, int] = {}
        self.position: dict[int, int] = {}  # of every placed value, in its block; parameters at -1
        self.known: set[int] = set()  # loops checked

    def require(self, holds: object, rule: str, message: str) -> None:
        if not holds:
            raise VerifyError(f"{rule}: {self.function.name}: {self.place_text()}{message}")

    def place_text(self) -> str:
        where = self.where
        if where is None:
            return ""
        if isinstance(where, Loop):
            return f"loop at {where.header}: "
        if self.value >= 0:
            function, v = self.function, self.value
            try:
                return f"{where}: {instruction_text(function, v)}: "
            except (AttributeError, IndexError, TypeError):  # not even printable
                return f"{where}: v{v} = {function.ops[v]} {function.args[v]} {function.imms[v]!r}: "
        return f"{where}: {terminator_text(where)}: " if where.term in TERMINATORS else f"{where}: "

    # -- control flow --------------------------------------------------------------------------------------------------

    def convention(self) -> None:
        function = self.function
        self.require(function.blocks, "C1", "no blocks")
        self.require(function.convention in ("jit", "c"), "F1", f"unknown convention {function.convention!r}")
        if function.convention == "jit":
            params = function.params
            self.require(params and function.types[params[0]] is PTR, "F1", "the first parameter is not the context")
        else:
            self.require(len(function.results) <= 1, "F1", "a c function with several results")
        outside = [*[function.types[p] for p in function.params], *function.results]
        self.require(_scalars(outside), "V6", "a vector as parameter or result")

    def edges(self) -> None:
        function = self.function
        blocks = set(function.blocks)
        self.require(len({block.id for block in blocks}) == len(function.blocks), "C1", "two blocks share an id")
        for block in function.blocks:
            self.where = block
            self.require(block.term in TERMINATORS, "C2", f"terminator {block.term!r}")
            self.require(len(block.edges) == _EDGES.get(block.term, 0), "C2", f"{len(block.edges)} edges: {block.term}")
            for edge in block.edges:
                self.require(edge.target in blocks, "C1", f"edge to {edge.target}, which is not in the function")
                self.require(edge.target is not function.entry, "C3", "edge to the entry")

    def dominance(self) -> None:
        function = self.function
        self.idoms = immediate_dominators(function.entry)
        self.number_tree()
        open_: list[Block] = []
        for number, block in enumerate(function.blocks):
            self.where = block
            self.require(block in self.idoms, "C3", "unreachable")
            idom = block.idom
            if number:
                above = idom is not None and idom is not block and idom in self.first
                self.require(above and self.dominates(idom, block), "C5", f"its idom {idom} does not dominate it")  # type: ignore[arg-type]
                while open_ and open_[-1] is not idom:
                    open_.pop()
                self.require(open_, "C5", f"layout is no preorder: the subtree of its idom {idom} is over")
            else:
                self.require(idom is None, "C5", f"the entry has an idom, {idom}")
            open_.append(block)

    def number_tree(self) -> None:
        children: dict[Block, list[Block]] = {block: [] for block in self.idoms}
        for block, idom in self.idoms.items():
            if idom is not None:
                children[idom].append(block)
        stack = [(self.function.entry, False)]
        number = 0
        while stack:
            block, done = stack.pop()
            if done:
                self.last[block] = number
                continue
            number += 1
            self.first[block] = number
            stack.append((block, True))
            stack += [(child, False) for child in children[block]]

    def dominates(self, a: Block, b: Block) -> bool:
        return self.first[a] <= self.first[b] <= self.last[a]

    # -- loops ---------------------------------------------------------------------------------------------------------

    def loops(self) -> None:
        for block in self.function.blocks:
            loop = block.loop
            while loop is not None and id(loop) not in self.known:
                self.known.add(id(loop))
                self.loop(loop)
                loop = loop.parent
        for block in self.function.blocks:
            self.where = block
            self.membership(block)
        for block in self.function.blocks:
            self.where = block
            self.loop_edges(block)

    def loop(self, loop: Loop) -> None:
        header, preheader = loop.header, loop.preheader
        self.where = loop
        self.require(header in self.first and preheader in self.first, "L2", "header or preheader not in the function")
        self.require(loop.depth == (loop.parent.depth if loop.parent is not None else 0) + 1, "L1", "wrong depth")
        self.require(header.loop is loop, "L3", "the header belongs to another loop")
        self.require(header.idom is preheader, "L2", f"preheader {preheader} is not its immediate dominator")
        self.require(preheader.loop is loop.parent, "L2", f"preheader {preheader} does not belong to the parent")
        self.require(preheader.term == "jump", "L2", f"preheader {preheader} ends in {preheader.term}")
        if loop.counter >= 0:
            types = self.function.types
            self.require(loop.counter in header.params, "L5", f"counter v{loop.counter} is no parameter of the header")
            self.require(types[loop.counter] is I64, "L5", f"counter v{loop.counter} is no i64")
            self.require(loop.step.__class__ is int and loop.step, "L5", f"step {loop.step!r}")
            self.require(0 <= loop.stop < len(types) and types[loop.stop] is I64, "L5", f"stop v{loop.stop} is no i64")
            home = self.function.homes[loop.stop]
            self.require(home in self.first and self.dominates(home, preheader), "L5", f"stop v{loop.stop} not known")

    def membership(self, block: Block) -> None:
        loop, idom = block.loop, self.idoms[block]
        heads = loop is not None and loop.header is block
        if idom is not None:
            around = idom.loop
            inside = loop is around or (around is not None and around.inside(loop))
            self.require(heads or inside, "L3",
                         f"in the loop at {loop.header if loop else None}, unlike its dominator {idom}")  # fmt: skip
        else:
            self.require(loop is None, "L3", "the entry belongs to a loop")

    def loop_edges(self, block: Block) -> None:
        loop = block.loop
        for edge in block.edges:
            target = edge.target
            inner = target.loop
            if self.dominates(target, block):
                self.require(inner is not None and inner.header is target and loop is not None and loop.inside(inner),
                             "L4", f"edge back to {target}, which heads no loop around")  # fmt: skip
            elif inner is not None and inner.header is target:
                self.require(inner.preheader is block, "L4", f"enters the loop at {target}, not from its preheader")
            else:
                self.require(inner is None or (loop is not None and loop.inside(inner)),
                             "L4", f"edge into a loop past its header, to {target}")  # fmt: skip

    # -- values --------------------------------------------------------------------------------------------------------

    def placement(self) -> None:
        function, position = self.function, self.position
        for block in function.blocks:
            self.where = block
            for v in block.params:
                self.place(v, block, -1)
                self.require(function.ops[v] is _PARAM and function.types[v] is not VOID, "V1", f"parameter v{v}")
            for k, v in enumerate(block.insts):
                self.place(v, block, k)
                self.require(function.ops[v] is not _PARAM, "V1", f"parameter v{v} among the instructions")
        self.where = None
        for v, (low, high) in function.facts.items():
            bounded = position.get(v) == -1 and function.types[v] is I64 and low <= high
            self.require(bounded, "V5", f"fact about v{v}: {low} to {high}")

    def place(self, v: int, block: Block, position: int) -> None:
        self.require(0 <= v < len(self.function.ops), "V1", f"no value v{v}")
        self.require(v not in self.position, "V1", f"v{v} stands in two places")
        home = self.function.homes[v]
        self.require(home is block, "V1", f"v{v} has home {home}")
        self.position[v] = position

    def used(self, args: tuple[int, ...], block: Block, position: int) -> None:
        homes, positions = self.function.homes, self.position
        for a in args:
            self.require(a in positions, "V2", f"v{a} stands nowhere")
            if homes[a] is block:
                self.require(positions[a] < position, "V2", f"v{a} is used before it is defined")
            else:
                self.require(self.dominates(homes[a], block), "V2", f"v{a}, of {homes[a]}, does not dominate its use")

    def block(self, block: Block) -> None:
        function = self.function
        self.where = block
        for k, v in enumerate(block.insts):
            op = function.ops[v]
            self.value = v
            self.used(function.args[v], block, k)
            self.row(op, function.types[v], [function.types[a] for a in function.args[v]])
            self.require(not op.guard or function.convention == "jit", "S1", "a check in a c function")
            check = _IMMEDIATES.get(op.name)
            if check is not None:
                check(self, v)
        self.value = -1
        self.used(block.term_args, block, len(block.insts))
        self.terminator(block, tuple([function.types[a] for a in block.term_args]))
        for edge in block.edges:
            self.used(edge.args, block, len(block.insts))
            passed = [function.types[a] for a in edge.args]
            wanted = [function.types[p] for p in edge.target.params]
            self.require(passed == wanted, "C4", f"passes {passed} to {edge.target}, which takes {wanted}")

    def row(self, op: Op, type: Type, given: list[Type]) -> None:
        params = op.params
        if op.lanewise and given and given[0].lanes > 1:
            self.lanewise(op, type, given)
            return
        self.require(not op.lanewise or _scalars(given), "V3", f"scalars and vectors: {given}")
        if params and params[-1] == "*":
            params = params[:-1]
            self.require(len(given) >= len(params), "V3", f"{len(given)} arguments")
        else:
            self.require(len(given) == len(params), "V3", f"{len(given)} arguments for {len(params)}")
        bound: dict[str, Type] = {}
        if "v" in params:
            first = given[params.index("v")]
            self.require(first.lanes > 1, "V3", f"{first} where a vector is due")
            bound = {"e": scalar_of(first), "m": mask_of(first)}
        for letter, t in zip(params, given):
            self.require(_fits(letter, t) and bound.setdefault(letter, t) is t, "V3", f"{t} where {letter} is due")
        self.require(VOID not in given, "V3", "a void argument")
        if op.result == "":
            self.require(type is VOID, "V3", f"result {type} of a row without result")
        elif op.result == "h" or op.result == "d":
            self.require(_half(type, given[0]) if op.result == "h" else _half(given[0], type), "V3", f"result {type}")
        elif op.result != "?":
            self.require(_fits(op.result, type) and bound.get(op.result, type) is type, "V3", f"result {type}")

    def lanewise(self, op: Op, type: Type, given: list[Type]) -> None:
        """A row that serves scalars and vectors, on vectors."""
        params = op.params
        if params[-1] == "*":
            params = params[:1] * len(given)  # further ones like the first
        self.require(len(given) == len(params), "V3", f"{len(given)} arguments for {len(params)}")
        lanes = given[-1].lanes
        bound: dict[str, Type] = {}
        for letter, t in zip(params, given):
            due = t is mask_of(given[-1]) if letter == "i1" and given[-1].lanes > 1 else _lane_fits(letter, t)
            agree = t.lanes == lanes and bound.setdefault(letter, t) is t
            self.require(due and agree, "V3", f"{t} where lanes of {letter} are due")
        if op.result == "?":
            self.require(type.lanes == lanes and type.element.is_float, "V3", f"result {type}")
        else:
            self.require(type is result_of(op, given), "V3", f"result {type}")

    def terminator(self, block: Block, given: tuple[Type, ...]) -> None:
        function, term = self.function, block.term
        if term == "br":
            self.require(given == (I1,), "C2", "br takes one i1")
        elif term == "ret":
            self.require(given == tuple(function.results), "F2", f"returns {given}, not {function.results}")
        elif term == "exit":
            self.require(function.convention == "jit", "C2", "exit in a c function")
            self.require(given and given[0] is I1, "S1", "exit takes the dirty flag first")
            self.site(block.term_imm, given[1:])
        else:
            self.require(not given, "C2", f"{term} takes no values")

    # -- immediates ----------------------------------------------------------------------------------------------------

    def site(self, number: Any, captured: tuple[Type, ...] = ()) -> None:
        sites = self.function.sites
        self.require(number.__class__ is int and 0 <= number < len(sites), "S1", f"no site {number!r}")
        wanted = tuple(sites[number].captures)
        self.require(captured == wanted, "S1", f"captures {captured}, the site has {wanted}")
        self.require(len(wanted) <= CAPTURES_MAX, "S1", f"{len(wanted)} captures")
        self.require(_scalars(wanted), "V6", "a captured vector")

    def guard(self, v: int) -> None:
        types = self.function.types
        self.site(self.function.imms[v], tuple([types[a] for a in self.function.args[v][2:]]))

    def check(self, v: int) -> None:
        self.site(self.function.imms[v])

    def poll(self, v: int) -> None:
        imm = self.function.imms[v]
        self.require(imm.__class__ is tuple and len(imm) == 2, "S1", f"imm {imm!r}")
        self.site(imm[0])
        self.require(imm[1].__class__ is int and imm[1] > 0, "S1", f"counts down by {imm[1]!r}")

    def const(self, v: int) -> None:
        type, imm = self.function.types[v], self.function.imms[v]
        if type.lanes > 1:
            self.require(imm.__class__ is tuple and len(imm) == type.lanes, "V4", f"{imm!r} as {type}")
        element = type.element
        kind = float if element.is_float else bool if type is I1 else int
        for lane in imm if type.lanes > 1 else (imm,):
            self.require(type is not VOID and lane.__class__ is kind, "V4", f"{imm!r} as {type}")
            held = hold(element, lane)
            same = bits_of(held) == bits_of(lane) if kind is float else held == lane
            self.require(same or lane != lane, "V4", f"{imm!r} does not fit {type}")

    def conversion(self, v: int) -> None:
        self.require(self.function.types[v].is_float, "V3", f"conversion to {self.function.types[v]}")

    def splat(self, v: int) -> None:
        type, given = self.function.types[v], self.function.types[self.function.args[v][0]]
        self.require(type.lanes > 1 and given is scalar_of(type), "V3", f"{type} of {given}")

    def lane_number(self, v: int) -> None:
        imm, type = self.function.imms[v], self.function.types[self.function.args[v][0]]
        self.require(imm.__class__ is int and 0 <= imm < type.lanes, "V4", f"lane {imm!r} of {type}")

    def exponent(self, v: int) -> None:
        imm, args, types = self.function.imms[v], self.function.args[v], self.function.types
        if imm != imm:
            given = len(args) == 5 and types[args[4]] is F64 and types[v] is F64
            self.require(given, "V3", "the exponent")
        else:
            good = imm.__class__ is float and not imm * 2.0 % 1.0 and len(args) == 4
            self.require(good, "V4", f"to the power {imm!r}")

    def shuffle(self, v: int) -> None:
        imm, type, args = self.function.imms[v], self.function.types[v], self.function.args[v]
        alike = len(args) < 3 and all(self.function.types[a] is type for a in args)
        self.require(alike, "V3", "what is shuffled")
        whole = imm.__class__ is tuple and len(imm) == type.lanes
        most = len(args) * type.lanes
        self.require(whole and all(k.__class__ is int and 0 <= k < most for k in imm), "V4", f"lanes {imm!r}")

    def resize(self, v: int) -> None:
        """Lanes made wider or narrower."""
        wide, narrow = self.function.types[v], self.function.types[self.function.args[v][0]]
        if self.function.ops[v].name == "vtrunc":
            wide, narrow = narrow, wide
        integers = not wide.element.is_float and not narrow.element.is_float
        self.require(integers and wide.lanes == narrow.lanes and narrow.size < wide.size, "V3", f"{wide} and {narrow}")

    def short_conversion(self, v: int) -> None:
        given, made = self.function.types[self.function.args[v][0]], self.function.types[v]
        fine = given.element.is_float and made.element is I32 and given.lanes == made.lanes > 1
        self.require(fine, "V3", f"{made} of {given}")

    def integer_lanes(self, v: int) -> None:
        type = self.function.types[self.function.args[v][0]]
        self.require(not type.element.is_float, "V3", f"{type} where integer lanes are due")

    def float_lanes(self, v: int) -> None:
        type = self.function.types[self.function.args[v][0]]
        self.require(type.element.is_float, "V3", f"{type} where float lanes are due")

    def masked_load(self, v: int) -> None:
        args, type = self.function.args[v], self.function.types[v]
        mask = self.function.types[args[0]]
        self.require(type.lanes > 1 and mask is mask_of(type), "V3", f"a mask {mask} for {type}")
        self.memory(v, type, args[1:])

    def masked_store(self, v: int) -> None:
        args = self.function.args[v]
        self.memory(v, self.function.types[args[0]], args[2:])

    def gather(self, v: int) -> None:
        function = self.function
        type, given = function.types[v], [function.types[a] for a in function.args[v]]
        memory = function.imms[v]
        self.require(isinstance(memory, Memory) and memory.access.type.lanes == 1, "V4", f"imm {memory!r}")
        self.require(type is gathered(memory.access.name, given[1].lanes), "V4", f"lanes {memory.access} as {type}")
        self.require(not given[1].element.is_float and given[1].element.size >= 4, "V3", f"indices {given[1]}")
        self.require(given[2:] in ([], [mask_of(type)]), "V3", f"a mask {given[2:]} for {type}")
        self.address_mode(memory)

    def alloca(self, v: int) -> None:
        imm = self.function.imms[v]
        self.require(imm.__class__ is int and imm > 0, "V4", f"alloca of {imm!r} bytes")

    def symbol(self, v: int) -> None:
        self.require(isinstance(self.function.imms[v], Symbol), "V4", f"imm {self.function.imms[v]!r}")

    def load(self, v: int) -> None:
        self.memory(v, self.function.types[v], self.function.args[v])

    def store(self, v: int) -> None:
        args = self.function.args[v]
        self.memory(v, self.function.types[args[0]], args[1:])

    def memory(self, v: int, type: Type, address: tuple[int, ...]) -> None:
        memory = self.function.imms[v]
        self.require(isinstance(memory, Memory), "V4", f"imm {memory!r}")
        self.require(memory.access.type is type, "V4", f"access {memory.access} of a value of type {type}")
        self.address_mode(memory)
        types = self.function.types
        self.require(len(address) <= 2 and all(types[a] is I64 for a in address[1:]), "V3", "base[, i64 index] is due")

    def address_mode(self, memory: Memory) -> None:
        self.require(memory.scale in (1, 2, 4, 8), "V4", f"scale {memory.scale}")
        self.require(-(1 << 31) <= memory.disp < 1 << 31, "V4", f"displacement {memory.disp}")

    def call(self, v: int) -> None:
        function = self.function
        name, call, type = function.ops[v].name, function.imms[v], function.types[v]
        self.require(isinstance(call, Call), "F3", f"imm {call!r}")
        self.require(_scalars([*call.params, *call.results]), "V6", "a call with vectors")
        jit = name != "ccall"
        self.require(isinstance(call.target, Symbol) or (not jit and call.target.__class__ is int),
                     "F3", f"target {call.target!r}")  # fmt: skip
        self.require(jit or len(call.results) <= 1, "F3", "a C function with several results")
        passed = tuple([function.types[a] for a in function.args[v]])
        wanted = ((PTR,) if jit else ()) + tuple(call.params) + ((I1,) if name == "call" else ())
        self.require(passed == wanted, "F3", f"passes {passed}, the record has {wanted}")
        results = _call_results(name, call)
        self.require(type is (results[0] if results else VOID), "F3", f"type {type} of a call giving {results}")
        if name == "call":
            self.site(call.site)

    def lane_call(self, v: int) -> None:
        function = self.function
        call, type = function.imms[v], function.types[v]
        self.require(isinstance(call, Call), "F3", f"imm {call!r}")
        self.require(call.pure and call.target.__class__ is int, "F3", f"target {call.target!r}")
        wanted = tuple([t.element if t.lanes > 1 else t for t in [function.types[a] for a in function.args[v]]])
        element = type.element if type.lanes > 1 else type
        self.require(wanted == call.params and call.results == (element,) == call.params[:1], "F3",
                     f"passes {wanted}, the record has {call.params}")  # fmt: skip

    def result(self, v: int) -> None:
        function = self.function
        insts, k = function.homes[v].insts, self.position[v]
        (call,) = function.args[v]
        number = function.imms[v]
        before = insts[k - 1]
        follows = before == call or (function.ops[before] is function.ops[v] and function.args[before] == (call,)
                                     and function.imms[before] < number)  # fmt: skip
        self.require(k > 0 and follows, "F4", "does not directly follow its call")
        name = function.ops[call].name
        self.require(name in ("call", "invoke"), "F4", f"result of {name}")
        results = _call_results(name, function.imms[call])
        self.require(number.__class__ is int and 0 < number < len(results), "F4", f"result {number} of {results}")
        self.require(function.types[v] is results[number], "F4", f"type {function.types[v]} for {results[number]}")


def _fits(letter: str, type: Type) -> bool:
    if letter == "t":
        return type is not VOID
    if letter == "x":
        return type is I64 or type is PTR or type is I1
    if letter == "f":
        return type is F64 or type is F32
    return type.lanes > 1 if letter == "v" else letter in ("e", "m") or type.name == letter


def _lane_fits(letter: str, type: Type) -> bool:
    """Whether a vector's lanes serve where a row names a scalar."""
    element = type.element
    if letter == "t":
        return True
    if letter == "x" or letter == "i64":
        return not element.is_float
    return element.is_float if letter == "f" else element.name == letter


def _half(small: Type, large: Type) -> bool:
    return small.element is large.element and 2 * small.lanes == large.lanes


def _scalars(types: Iterable[Type]) -> bool:
    return all(t.lanes == 1 for t in types)


def _call_results(name: str, call: Call) -> tuple[Type, ...]:
    """Types of what a call gives, the failure status of an `invoke` included."""
    return tuple(call.results) + ((I1,) if name == "invoke" else ())


_IMMEDIATES: dict[str, Callable[[_Verifier, int], None]] = {
    "const": _Verifier.const,
    "symbol": _Verifier.symbol,
    "i2f": _Verifier.conversion,
    "u2f": _Verifier.conversion,
    "splat": _Verifier.splat,
    "lane": _Verifier.lane_number,
    "insert": _Verifier.lane_number,
    "shuffle": _Verifier.shuffle,
    "fpower": _Verifier.exponent,
    "vf2i": _Verifier.short_conversion,
    **dict.fromkeys(("vsext", "vzext", "vtrunc"), _Verifier.resize),
    **dict.fromkeys(("radd", "rsmin", "rsmax", "rumin", "rumax", "rand", "ror", "rxor"), _Verifier.integer_lanes),
    **dict.fromkeys(("movemask", "anyset", "allset"), _Verifier.integer_lanes),
    **dict.fromkeys(("rfadd", "rfmul", "rfmin", "rfmax"), _Verifier.float_lanes),
    "mload": _Verifier.masked_load,
    "mstore": _Verifier.masked_store,
    "gather": _Verifier.gather,
    "alloca": _Verifier.alloca,
    "load": _Verifier.load,
    "store": _Verifier.store,
    "guard": _Verifier.guard,
    "addo": _Verifier.check,
    "subo": _Verifier.check,
    "mulo": _Verifier.check,
    "index": _Verifier.check,
    "enter": _Verifier.check,
    "poll": _Verifier.poll,
    "ccall": _Verifier.call,
    "fcall": _Verifier.lane_call,
    "call": _Verifier.call,
    "invoke": _Verifier.call,
    "result": _Verifier.result,
}
