"""Tail calls of a function to itself become a loop.

    b0(v0, v1, v2): enter v0, false             b0(v0, v1, v2): enter v0, false
                    v3 = eq v2, 0                               jump b4(v1, v2, 0)
                    br v3, b1, b2               b4(v5, v6, v7): v3 = eq v6, 0
                                                                br v3, b1, b2
    b1: ret v1                                  b1: v10 = load [v0 + FUEL]
                                                    v11 = sub v10, v7
                                                    store v11, [v0 + FUEL]
                                                    ret v5
    b2: v4 = floormod v1, v2                    b2: v4 = floormod v5, v6
        v8 = call f (v0, v2, v4, false)             v9 = add v7, 1
        ret v8                                      guard v9 < 2**20, false
                                                    jump b4(v6, v4, v9)

Recursion that does not end has to end in a `RecursionError`: so the loop counts, and leaves where compiled recursion
would have used up a stack. Being that short it needs no poll; what it counted it counts off the context's fuel, as the
calls would have done. It is for functions that do nothing visible before they return: what fails in them is run again
in CPython, with all the frames that its traceback tells of. A function that calls itself elsewhere, too, is left to
`inline`.
"""

from __future__ import annotations

from ..ir import context
from ..ir.function import Edge, Loop, Memory
from ..ir.ops import OPS
from ..ir.types import I1, I64, NATURAL, VOID
from .inplace import substitute
from .rebuild import lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function

_DEEPEST = 1 << 20
_FUEL = Memory(NATURAL[I64], 1, context.FUEL, context.REGION)
_CALL, _CCALL, _ENTER, _RESULT = OPS["call"], OPS["ccall"], OPS["enter"], OPS["result"]
_GUARD, _CONST, _ALLOCA = OPS["guard"], OPS["const"], OPS["alloca"]
_SECOND = (_GUARD, _ENTER, OPS["poll"])


def loop(function: Function) -> Function:
    """In place, make a loop of a function's calls to itself, if it returns what each of them returns."""
    found = [block for block in function.blocks if _ends_in_call(function, block)]
    if not found or not _is_harmless(function, len(found)):
        return function
    _Looping(function, found).run()
    return function


def _ends_in_call(function: Function, block: Block) -> bool:
    """Whether the block returns exactly what the function itself gives, called at the block's end."""
    ops, insts, given = function.ops, block.insts, block.term_args
    many = len(given)
    if block.term != "ret" or not 0 < many <= len(insts) or tuple(insts[-many:]) != given:
        return False
    call = given[0]
    return ops[call] is _CALL and function.imms[call].target is function.symbol and all(
        ops[v] is _RESULT and function.imms[v] == k for k, v in enumerate(given[1:], 1)
    )  # fmt: skip


def _is_harmless(function: Function, calls: int) -> bool:
    """Whether nothing visible happens, and there are no more than so many calls to itself."""
    ops, args, imms = function.ops, function.args, function.imms
    for block in function.blocks:
        if block.term == "exit" and not _is_false(function, block.term_args[0]):
            return False
        for v in block.insts:
            op = ops[v]
            if op.guard:
                flag = 1 if op in _SECOND else len(args[v]) - 1 if op is _CALL else 2
                if not _is_false(function, args[v][flag]):
                    return False
                calls -= op is _CALL and imms[v].target is function.symbol
            elif op is _ALLOCA or (op.writes and not (op is _CCALL and imms[v].pure)):
                return False
    return calls == 0


def _is_false(function: Function, v: int) -> bool:
    return function.ops[v] is _CONST and not function.imms[v]


class _Looping:
    __slots__ = ("_blocks", "_function")

    def __init__(self, function: Function, blocks: list[Block]) -> None:
        self._function = function
        self._blocks = blocks

    def run(self) -> None:
        function, entry = self._function, self._function.entry
        # Constants stay, so that they need not be made in each iteration.
        first = [v for v in entry.insts if function.ops[v] is _CONST]
        enters = [v for v in entry.insts if function.ops[v] is _ENTER]
        header = self._header(entry, [v for v in entry.insts if v not in {*first, *enters}])
        params = function.params[1:]
        known = {p: function.add_param(header, function.types[p]) for p in params}
        depth = function.add_param(header, I64)
        substitute(function, known)
        site = function.imms[enters[0]]
        entry.insts = first
        zero = self._constant(I64, 0)
        entry.term, entry.term_args, entry.edges = "jump", (), [Edge(header, (*params, zero))]
        made = header.loop = Loop(None)
        made.header, made.preheader = header, entry
        self._surround(made)
        entry.insts += enters
        for block in function.blocks:
            if block.term == "ret" and block not in self._blocks:
                left = self._emit(block, "load", I64, (function.params[0],), _FUEL)
                left = self._emit(block, "sub", I64, (left, depth), None)
                self._emit(block, "store", VOID, (left, function.params[0]), _FUEL)
        one, most, clean = self._constant(I64, 1), self._constant(I64, _DEEPEST), self._constant(I1, False)
        for block in self._blocks:
            call = block.term_args[0]
            del block.insts[-len(block.term_args) :]
            further = self._emit(block, "add", I64, (depth, one), None)
            allowed = self._emit(block, "slt", I1, (further, most), None)
            self._emit(block, "guard", VOID, (allowed, clean), site)
            given = function.args[call][1:-1]
            block.term, block.term_args, block.edges = "jump", (), [Edge(header, (*given, further))]
        lay_out(function)

    def _header(self, entry: Block, insts: list[int]) -> Block:
        """A block after the entry that does what that did."""
        function = self._function
        header = type(entry)(-1)
        header.insts = insts
        for v in insts:
            function.homes[v] = header
        header.term, header.term_args, header.term_imm = entry.term, entry.term_args, entry.term_imm
        header.edges, header.line = entry.edges, entry.line
        for inner in function.loops():
            if inner.preheader is entry:
                inner.preheader = header
        function.blocks.insert(1, header)
        return header

    def _surround(self, made: Loop) -> None:
        """Put all into the loop from where its end is reached."""
        function = self._function
        preds = function.predecessors()
        inside = {made.header}
        todo = [b for b in self._blocks if b not in inside]
        while todo:
            block = todo.pop()
            if block not in inside:
                inside.add(block)
                todo += preds[block]
        for inner in function.loops():
            if inner is not made and inner.header in inside:
                if inner.parent is None:
                    inner.parent = made
                inner.depth += 1
        for block in inside:
            if block.loop is None:
                block.loop = made
        # What follows a loop stands behind it.
        function.blocks.sort(key=lambda block: block is not made.preheader and block not in inside)

    def _constant(self, type: object, number: int | bool) -> int:
        entry = self._function.entry
        v = self._function.new_value(_CONST, type, (), number, entry.line, entry)  # type: ignore[arg-type]
        entry.insts.append(v)
        return v

    def _emit(self, block: Block, name: str, type: object, args: tuple[int, ...], imm: object) -> int:
        v = self._function.new_value(OPS[name], type, args, imm, block.line, block)  # type: ignore[arg-type]
        block.insts.append(v)
        return v
