"""What innermost loops read from the stack and write to it: what register allocation could not keep out of them.

    for i in range(n):            hot code of the loop          traffic
        s += a[i] * k      ->     vmovsd xmm0, [rsp+8]     ->   line 4: 1 load, 0 stores
                                  vmulsd xmm0, [rcx+rdx*8]

A loop that calls functions has to keep floats there, since calls preserve no float register; that it calls is told.

Counted are the operands of instructions, the copies of back edges among them, that lie in slots of the frame or among
the stack arguments; not what cold blocks and stubs do, and not arrays.
"""

from __future__ import annotations

from .machine import LABEL, SLOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Loop
    from .allocate import Allocation
    from .machine import Inst


def stack_traffic(allocation: Allocation) -> list[tuple[int, int, int, bool]]:
    """Of each innermost loop that has any: (source line, loads, stores, whether it calls), in the order of the code."""
    around = {block.loop.parent for block in allocation.blocks if block.loop is not None}
    found: dict[Loop, list[int]] = {}
    counts: list[int] | None = None
    for inst in allocation.code:
        if inst[0] is LABEL:
            block = inst[3]
            counts = None
            if block.loop is not None and block.loop not in around and not block.cold:
                counts = found.setdefault(block.loop, [0, 0, 0])
        elif counts is not None:
            loads, stores = _operands(inst)
            counts[0] += loads
            counts[1] += stores
            counts[2] += bool(inst[0].clobbers)
    return [
        (loop.header.line, loads, stores, calls > 0)
        for loop, (loads, stores, calls) in found.items() if loads or stores
    ]  # fmt: skip


def _operands(inst: Inst) -> tuple[int, int]:
    """How many slots an instruction reads, and writes; a copy from a place to itself is none."""
    op, outs, ins, _, _ = inst
    if op.move:
        changed = [(o, a) for o, a in zip(outs, ins) if o != a]
        more = outs[len(ins) :]
        return sum(a >= SLOT for _, a in changed), sum(o >= SLOT for o, _ in changed) + sum(o >= SLOT for o in more)
    return sum(a >= SLOT for a in ins), sum(o >= SLOT for o in outs)
