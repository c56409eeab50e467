"""Cycles of moves between float registers go through one that is free, if there is one.

    moves x3, x5 <- x5, x3        copy x2 <- x3;  moves x3, x5 <- x5, x2

Without it each exchange takes three operations that wait for each other, where copies cost no time on most processors.
(Integers have an instruction for it.) After allocation, where it is known which registers are free.
"""

from __future__ import annotations

from .machine import FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .allocate import Allocation
    from .machine import Inst
    from .target import Target


def untie(allocation: Allocation, target: Target) -> None:
    """Change `allocation` in place."""
    tied = [
        (k, n, t)
        for k, (op, outs, ins, _, _) in enumerate(allocation.code)
        if len(ins) > 1 and op.move and (n := _in_cycle(outs, ins, target.float_order)) >= 0
        and (t := _free(allocation, k, target)) >= 0
    ]  # fmt: skip
    if not tied:
        return
    code, source, moves = allocation.code, allocation.source, allocation.moves
    new: list[Inst] = []
    origins: list[int] = []
    moved: dict[int, int] = {}
    allocation.code, allocation.source, allocation.moves = new, origins, moved
    done = 0
    for k, n, t in [*tied, (len(code), -1, -1)]:
        for at in range(done, k):
            if at in moves:
                moved[len(new)] = moves[at]
            new.append(code[at])
            origins.append(source[at])
        done = k
        if n >= 0:
            op, outs, ins, imm, stub = code[k]
            moved[len(new)] = allocation.before[source[k]][2][n]
            copy: Inst = (target.split, (t,), (ins[n],), None, None)
            new += [copy, (op, outs, (*ins[:n], t, *ins[n + 1 :]), imm, stub)]
            origins += [-1, source[k]]
            done = k + 1


def _in_cycle(outs: Sequence[int], ins: Sequence[int], floats: Sequence[int]) -> int:
    """The number of a move that is one of a cycle of floats; -1 if there is none."""
    to = {d: s for d, s in zip(outs, ins) if d != s and d in floats}
    for n, d in enumerate(outs[: len(ins)]):
        s = to.get(d, -1)
        for _ in range(len(to)):
            if s == d:
                return n
            s = to.get(s, -1)
    return -1


def _free(allocation: Allocation, k: int, target: Target) -> int:
    """A register for floats that nobody uses around instruction `k`, nor has to preserve; -1 if there is none, or where
    the instruction puts values into registers of a call."""
    at = allocation.source[k]
    if at < 0 or any(v < FIRST for v in (*allocation.before[at][1], *allocation.before[at][2])):
        return -1
    around = 0
    for at in allocation.source[max(k - 2, 0) : k + 3]:
        if at >= 0:
            around |= 7 << at >> 1
    touched = {r for _, outs, ins, _, _ in allocation.code[max(k - 2, 0) : k + 3] for r in (*outs, *ins)}
    for r in target.float_order:
        if not allocation.occupied[r] & around and r not in touched and r not in target.float_saved:
            return r
    return -1
