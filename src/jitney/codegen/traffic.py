"""What innermost loops read from the stack and write to it: what register allocation could not keep out of them.

    for i in range(n):            hot code of the loop          traffic
        s += a[i] * k      ->     vmovsd xmm0, [rsp+8]     ->   line 4: 1 load, 0 stores
                                  vmulsd xmm0, [rcx+rdx*8]

A loop that calls functions has to keep floats there, since calls preserve no float register; that it calls is told.

Counted are the operands of instructions, the copies of back edges among them, that lie in slots of the frame or among
the stack arguments; not what cold blocks and stubs do, and not arrays.

What is counted is *avoidable* where the values that the loop's hot code uses never need more registers of their kind at
once than there are: any others could lie in memory while the loop runs. A loop *wants* the most values that it uses and
that are alive at one place of its hot code, registers that a call destroys there among them. For stores constants count
where they are read alone: they can be loaded anew, which costs less than a store.
"""

from __future__ import annotations

from .liveness import Liveness
from .machine import CONSTANT, FIRST, GENERAL, LABEL, SLOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Loop
    from .allocate import Allocation
    from .machine import Inst, MachineBlock, MachineFunction
    from .target import Target

    Wanted = tuple[tuple[int, int], tuple[int, int]]


class Traffic:
    """One innermost loop that uses the stack.

    Attributes:
        line: of the source.
        loads, stores: operands in hot code that are slots.
        calls: whether it calls functions.
        wants: how many general registers and how many for floats and vectors its hot code wants at once.
        avoidable: how many of the loads and stores are of a kind of which there are enough.
    """

    __slots__ = ("avoidable", "calls", "line", "loads", "stores", "wants")

    def __init__(self, line: int) -> None:
        self.line = line
        self.loads = self.stores = self.avoidable = 0
        self.calls = False
        self.wants = (0, 0)

    def __repr__(self) -> str:
        return (
            f"Traffic(line {self.line}: {self.loads} loads, {self.stores} stores, calls {self.calls}, "
            f"wants {self.wants}, avoidable {self.avoidable})"
        )

    @property
    def row(self) -> tuple[int, int, int, bool, int, int, int]:
        """All of it, as plain data."""
        return (self.line, self.loads, self.stores, self.calls, *self.wants, self.avoidable)


def stack_traffic(m: MachineFunction, allocation: Allocation, target: Target) -> list[Traffic]:
    """Of each innermost loop that has any, in the order of the code."""
    around = {block.loop.parent for block in allocation.blocks if block.loop is not None}
    found: dict[Loop, Traffic] = {}
    # for each loop its loads of general values and of floats or vectors, then its stores
    counts: dict[Loop, list[int]] = {}
    here: Traffic | None = None
    count = [0, 0, 0, 0]
    before, moves = allocation.before, allocation.moves
    for k, (inst, source) in enumerate(zip(allocation.code, allocation.source)):
        if inst[0] is LABEL:
            block, here = inst[3], None
            if block.loop is not None and block.loop not in around and not block.cold:
                here = found.setdefault(block.loop, Traffic(block.loop.header.line))
                count = counts.setdefault(block.loop, [0, 0, 0, 0])
        elif here is not None:
            written, read = _operands(inst)
            _, outs, ins, _, _ = before[source] if source >= 0 else (None, (moves[k],), (moves[k],), None, None)
            for j in written:
                count[2 + (m.kinds[outs[j]] != GENERAL)] += 1
            for j in read:
                count[m.kinds[ins[j]] != GENERAL] += 1
            here.stores += len(written)
            here.loads += len(read)
            here.calls |= bool(inst[0].clobbers)
    found = {loop: row for loop, row in found.items() if row.loads or row.stores}
    if not found:
        return []
    registers = (target.int_order + target.int_saved, target.float_order + target.float_saved)
    facts = Liveness(m.blocks, before, len(m.kinds))
    constants = _constants(before)
    for loop, row in found.items():
        hot = [block for block in allocation.blocks if block.loop is loop and not block.cold]
        general, floats = row.wants = _wanted(hot, before, facts.live, m.kinds, registers, set())
        wants = (general, floats, *_wanted(hot, before, facts.live, m.kinds, registers, constants))
        row.avoidable = sum(n for n, most, there in zip(counts[loop], wants, registers * 2) if most <= len(there))
    return list(found.values())


def _operands(inst: Inst) -> tuple[list[int], list[int]]:
    """Which of an instruction's results are slots, and which of its arguments; a copy of a place to itself is none."""
    op, outs, ins, _, _ = inst
    same = {k for k, (o, a) in enumerate(zip(outs, ins)) if o == a} if op.move else set()
    return (
        [k for k, o in enumerate(outs) if o >= SLOT and k not in same],
        [k for k, a in enumerate(ins) if SLOT <= a < CONSTANT and k not in same],
    )


def _wanted(
    hot: list[MachineBlock], code: list[Inst], live: list[int], kinds: list[int],
    registers: tuple[tuple[int, ...], ...], constants: set[int],
) -> tuple[int, int]:  # fmt: skip
    """The most values of each kind that these blocks use and that are alive at one place in them; `constants` are alive
    where they are read."""
    # register -> where it counts
    used: dict[int, int] = {}
    for block in hot:
        for i, (op, outs, ins, _, _) in enumerate(code[block.start : block.end], block.start):
            for o in outs:
                used[o] = live[o]
            for k, a in enumerate(ins):
                read = 3 << i - 1 if k >= op.late else 1 << i - 1
                used[a] = used.get(a, 0) | read if a in constants else live[a]
    most = []
    for kind, physical in enumerate(registers):
        lives = [where for v, where in used.items() if v >= FIRST and (kinds[v] != GENERAL) == kind]
        lives += [live[r] for r in physical if live[r]]
        most.append(max(
            sum(1 for where in lives if where >> i & 1) for block in hot for i in range(block.start, block.end)
        ))  # fmt: skip
    return most[0], most[1]


def _constants(code: list[Inst]) -> set[int]:
    """The registers that one instruction alone writes, which can be done again anywhere."""
    written: dict[int, int] = {}
    for op, outs, _, _, _ in code:
        for o in outs:
            written[o] = written.get(o, 0) + (1 if op.remat is not None else 2)
    return {v for v, times in written.items() if times == 1}
