"""Shrink-wrapping: a function that returns early needs no frame until it knows that it goes on.

    entry: cmp n, 2          entry: cmp n, 2
           jl  early    ->          jl  early
           ...                      (frame made here)
    early: ret               early: ret

Done before allocation: the blocks up to the last early return form the *head*; what they compute and the rest wants
is copied into registers of its own where the rest begins, so that values that must survive calls do not occupy
preserved registers in the head.
"""

from __future__ import annotations

from .machine import FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Inst, MachineBlock, MachineFunction, MachineOp


def shrink(m: MachineFunction, split: MachineOp) -> None:
    """Find the head of a function that calls and returns early: fills in `m.head` and `m.body`."""
    if not m.calls or m.frame_bytes:
        return
    entries: dict[MachineBlock, int] = {}
    for block in m.blocks:
        for succ in block.succs:
            entries[succ] = entries.get(succ, 0) + 1
    head: set[MachineBlock] = set()
    block = m.blocks[0]
    while len(block.succs) == 2 and block.loop is None and not _calls(block):
        for early, other in (block.succs, block.succs[::-1]):
            if _returns(early) and not _calls(early) and entries[early] == 1 and entries[other] == 1:
                break
        else:
            break
        head.update((block, early))
        block = other
    if not head or block in head:
        return
    m.head, m.body = head, block
    _copy(m, head, block, split)


def _calls(block: MachineBlock) -> bool:
    return any(inst[0].clobbers for inst in block.insts)


def _returns(block: MachineBlock) -> bool:
    return block.source is not None and block.source.term == "ret"


def _copy(m: MachineFunction, head: set[MachineBlock], body: MachineBlock, split: MachineOp) -> None:
    defined = {o for block in head for inst in block.insts for o in inst[1] if o >= FIRST}
    names: dict[int, int] = {}

    def renamed(registers: tuple[int, ...]) -> tuple[int, ...]:
        if defined.isdisjoint(registers):
            return registers
        out = []
        for v in registers:
            if v in defined and v not in names:
                names[v] = m.new(m.kinds[v])
            out.append(names.get(v, v))
        return tuple(out)

    for block in m.blocks:
        if block in head:
            continue
        insts: list[Inst] = []
        for op, outs, ins, imm, stub in block.insts:
            if stub is not None:
                stub.uses = renamed(stub.uses)
            insts.append((op, outs, renamed(ins), imm, stub))
        if m.trace is not None:
            for old, new in zip(block.insts, insts):
                m.trace[id(new)] = m.trace.get(id(old), -1)
        block.insts = insts
    if names:
        body.insts.insert(0, (split, tuple(names.values()), tuple(names), (), None))
