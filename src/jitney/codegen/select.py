"""Instruction selection: what all targets share.

Blocks and the instructions in them are visited last to first, so that every use is seen before its definition: what
nobody needs is never selected, and a value whose only user has swallowed it (an address, a compare, a load) is not
selected again. A rule is a function ``rule(selector, value)`` that appends the value's machine instructions, in
order, to `Selector.out`; it asks for its arguments with `Selector.use`.
"""

from __future__ import annotations

from ..ir.ops import OPS
from .machine import FIRST, MachineBlock, MachineFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..ir.function import Block, Edge, Function, Loop
    from ..ir.ops import Op
    from ..ir.types import Type
    from .machine import Inst, MachineOp

    Rule = Callable[["Selector", int], None]

CONST = OPS["const"]
LOAD, STORE = OPS["load"], OPS["store"]
ALLOCA, SYMBOL = OPS["alloca"], OPS["symbol"]
# what needs no arguments and can be made anywhere
MADE = frozenset((CONST, ALLOCA, SYMBOL))


class Selector:
    """One function being selected.

    Attributes:
        counts: how often each value is read.
        needed: whether a register for the value has been asked for.
        color: for each load a number that changes with every write to memory and every block: a load may sink to a
            user with the same number.
        block: the IR block being selected, and `machine` its machine block.
    """

    # Filled in by the target's subclass: how constants are made and moved, and how blocks jump.
    moves_op: MachineOp
    jump_op: MachineOp
    rules: dict[Op, Rule]
    terminators: dict[str, Any]

    def __init__(self, function: Function, listing: bool) -> None:
        self.function = function
        self.ops = function.ops
        self.args = function.args
        self.imms = function.imms
        self.types = function.types
        n = len(function.ops)
        self.counts = [0] * n
        self.needed = [False] * n
        self.color = [0] * n
        self.now = 0
        self.out: list[Inst] = []
        self.m = MachineFunction(function, [0] * FIRST + [t.kind for t in function.types])
        if listing:
            self.m.trace = {}
        self.machines: dict[Block, MachineBlock] = {}
        self.splits: dict[MachineBlock, list[MachineBlock]] = {}
        self._pending: dict[Block, list[Inst]] = {}
        # (value, or the bytes of a constant that is none) and loop -> the register made before it
        self._constants: dict[tuple[int | bytes, Loop], int] = {}
        # value -> the earlier value whose instruction computes both (quotient and remainder)
        self.twins: dict[int, int] = {}
        # how often a value is the base or index of a load or store
        self.address_uses: dict[int, int] = {}
        self._count()

    def _count(self) -> None:
        counts, args, ops, color = self.counts, self.args, self.ops, self.color
        address = self.address_uses
        number = 0
        colors: dict[Block, int] = {}
        machines = self.machines
        for block in self.function.blocks:
            machines[block] = MachineBlock(f"b{block.id}", block.loop, block.cold or block.term == "exit", block)
            number += 1
            for v in block.insts:
                for a in args[v]:
                    counts[a] += 1
                op = ops[v]
                if op is LOAD:
                    color[v] = number
                    for a in args[v]:
                        address[a] = address.get(a, 0) + 1
                elif op.writes:
                    number += 1
                    if op is STORE:
                        for a in args[v][1:]:
                            address[a] = address.get(a, 0) + 1
            for a in block.term_args:
                counts[a] += 1
            for edge in block.edges:
                for a in edge.args:
                    counts[a] += 1
            colors[block] = number
        self._colors = colors

    # -- the walk ----------------------------------------------------------------------------------

    def run(self) -> MachineFunction:
        ops, needed, rules, out = self.ops, self.needed, self.rules, self.out
        blocks = self.function.blocks
        trace = self.m.trace
        for block in reversed(blocks):
            self.block = block
            machine = self.machine = self.machines[block]
            self.now = self._colors[block]
            out.clear()
            self.terminators[block.term](self, block)
            pending = self._pending.get(block)
            if pending is not None:
                # before the jump, which reads no flags
                out[-1:-1] = pending
            if len(out) > 1:
                out.reverse()
            for v in reversed(block.insts):
                op = ops[v]
                if op.writes:
                    self.now -= 1
                elif not op.guard and not needed[v]:
                    continue
                start = len(out)
                self.value = v
                rules[op](self, v)
                if len(out) - start > 1:
                    out[start:] = out[: start - 1 if start else None : -1]
                if trace is not None:
                    for inst in out[start:]:
                        trace[id(inst)] = v
            if block is blocks[0]:
                start = len(out)
                self.enter(block)
                out[start:] = out[: start - 1 if start else None : -1]
            out.reverse()
            machine.insts = list(out)
        m = self.m
        for block in blocks:
            machine = self.machines[block]
            m.blocks.append(machine)
            m.blocks += self.splits.get(machine, ())
        return m

    def enter(self, block: Block) -> None:
        """Instructions that receive the function's parameters."""
        raise NotImplementedError

    # -- what rules ask for ------------------------------------------------------------------------

    def add(
        self, op: MachineOp, outs: tuple[int, ...], ins: tuple[int, ...], imm: Any = None, stub: Any = None
    ) -> None:
        self.out.append((op, outs, ins, imm, stub))

    def use(self, v: int) -> int:
        """The register that holds `v` here."""
        if self.ops[v] in MADE:
            return self.constant(v)
        self.needed[v] = True
        return v + FIRST

    def constant(self, v: int) -> int:
        """A register holding `v`, one of `MADE`: made on the spot, or once before the outermost loop around here."""
        return self.once(v, self.types[v].kind)

    def once(self, what: int | bytes, kind: int) -> int:
        """The same for a value, or the bytes of a constant that is none."""
        loop = self.block.loop
        if loop is None:
            t = self.m.new(kind)
            op, imm = self.make(what)
            self.out.append((op, (t,), (), imm, None))
            return t
        while loop.parent is not None:
            loop = loop.parent
        key = (what, loop)
        found = self._constants.get(key)
        if found is None:
            found = self._constants[key] = self.m.new(kind)
            op, imm = self.make(what)
            self._pending.setdefault(loop.preheader, []).append((op, (found,), (), imm, None))
        return found

    def make(self, v: int | bytes) -> tuple[MachineOp, Any]:
        """The op and its imm that make `v`, one of `MADE` or bytes."""
        raise NotImplementedError

    def constant_imm(self, type: Type, value: Any) -> Any:
        """What `constant_op` and the constant part of moves carry: an int, or the bytes of a float."""
        raise NotImplementedError

    def integer(self, v: int) -> int | None:
        """The value of an integer constant (signed 64 bits), else None."""
        if self.ops[v] is not CONST:
            return None
        value = self.imms[v]
        if self.types[v].is_float:
            return None
        value = int(value)
        return value - (1 << 64) if value >= 1 << 63 else value

    def sinks(self, v: int) -> bool:
        """Whether load `v` may be done by the instruction being selected: nobody else wants it, and nothing may have
        written in between."""
        return self.ops[v] is LOAD and self.counts[v] == 1 and self.color[v] == self.now

    def single(self, v: int) -> bool:
        """Whether `v` has one user and is pure, so that it can be computed as part of that user."""
        return self.counts[v] == 1 and self.ops[v].pure

    # -- edges -------------------------------------------------------------------------------------

    def moves(self, edge: Edge) -> Inst | None:
        """The parallel move that passes the edge's arguments, or None."""
        counts, ops = self.counts, self.ops
        outs: list[int] = []
        ins: list[int] = []
        made: list[int] = []
        values: list[Any] = []
        for p, a in zip(edge.target.params, edge.args):
            if not counts[p] or p == a:
                continue
            if ops[a] is CONST:
                made.append(p + FIRST)
                values.append(self.constant_imm(self.types[a], self.imms[a]))
            else:
                outs.append(p + FIRST)
                ins.append(self.use(a))
        if not outs and not made:
            return None
        return (self.moves_op, (*outs, *made), tuple(ins), values, None)

    def target(self, block: Block, edge: Edge) -> MachineBlock:
        """The machine block that an edge of a two-way branch leads to: the target's, or one that does the edge's
        moves.
        """
        goal = self.machines[edge.target]
        source = self.machines[block]
        moves = self.moves(edge) if edge.args else None
        if moves is not None:
            loop = block.loop
            # a split of an edge that leaves a loop lies outside
            while loop is not None and not (edge.target.loop is not None and edge.target.loop.inside(loop)):
                loop = loop.parent
            inner = MachineBlock(f"b{block.id}_{edge.target.id}", loop, goal.cold or source.cold)
            inner.insts = [moves, (self.jump_op, (), (), goal, None)]
            inner.succs = [goal]
            self.splits.setdefault(source, []).append(inner)
            goal = inner
        source.succs.append(goal)
        return goal

    def jump(self, block: Block) -> None:
        """Select a ``jump``."""
        edge = block.edges[0]
        goal = self.machines[edge.target]
        if edge.args:
            moves = self.moves(edge)
            if moves is not None:
                self.out.append(moves)
        self.out.append((self.jump_op, (), (), goal, None))
        self.machine.succs.append(goal)
