"""Moves of a loop's back edge, done before the branch: one jump per iteration instead of two.

    cmp i, n                 mov r, 1
    jge out           ->     cmp i, n
    mov r, 1                 jl  head
    jmp head

After allocation, where it is known which moves are left. Allowed where nothing that the other way out of the branch
wants lives in the registers written.
"""

from __future__ import annotations

from .machine import SLOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .allocate import Allocation
    from .machine import Inst, MachineOp


def hoist(allocation: Allocation, split: MachineOp) -> None:
    """Change `allocation` in place. `split` does moves without touching the flags."""
    candidates = [block for block in allocation.blocks if block.source is None and block.loop is not None]
    if not candidates:
        return
    code, source = allocation.code, allocation.source
    # block -> indices of its label and one past its last instruction
    where = dict(zip(source, range(len(source))))
    starts = [where[block.start] for block in allocation.blocks]
    ranges = dict(zip(allocation.blocks, zip(starts, [*starts[1:], len(code)])))
    # index of an instruction -> what is to stand before it; and what goes
    arriving: dict[int, list[int]] = {}
    gone: set[int] = set()
    for block in candidates:
        first, end = ranges[block]
        pred = block.preds[0]
        loop = block.loop
        if end - first != 3 or len(pred.succs) != 2 or loop is None or block.succs[0].source is not loop.header:
            continue
        moves: Inst = code[first + 1]
        other = pred.succs[0] if pred.succs[1] is block else pred.succs[1]
        written = [o for o, a in zip(moves[1], (*moves[2], *[-1] * len(moves[1]))) if o != a]
        if not moves[0].move or any(o >= SLOT or allocation.occupied[o] >> other.start & 1 for o in written):
            continue
        at = ranges[pred][1] - 1
        _, outs, ins, _, _ = code[at - 1]
        if code[at - 1][0].flags == "w" and not outs and not set(written) & set(ins):
            # not between a compare and its jump, which the processor takes as one
            at -= 1
        arriving.setdefault(at, []).append(first + 1)
        gone.add(first + 1)
    if not gone:
        return
    order: list[int] = []
    done = 0
    for k in sorted({*arriving, *gone}):
        order += range(done, k)
        order += arriving.get(k, ())
        done = k + 1 if k in gone else k
    order += range(done, len(code))
    for k in gone:
        code[k] = (split, *code[k][1:])
    allocation.code = [code[k] for k in order]
    allocation.source = [source[k] for k in order]
    if allocation.moves:
        new = dict(zip(order, range(len(order))))
        allocation.moves = {new[k]: group for k, group in allocation.moves.items()}
