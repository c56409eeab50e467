"""Exact live sets of every register, as ints with one bit per position.

Per block one scan backwards; then each register read before it is written in a block is followed up through the predecessors
until its definitions (as in Boissinot et al., "Computing liveness sets for SSA-form programs", by variable), so the
cost is that of the result.
"""

from __future__ import annotations

from .machine import FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Inst, MachineBlock


class Liveness:
    """Attributes:
    live: for each register the positions after which its value is still wanted.
    weight: for each register how often it is read and written.
    pairs: (weight, out, in): registers that had better be one.
    powers: ``1 << i`` for every position.
    """

    __slots__ = ("live", "pairs", "powers", "weight")

    def __init__(self, blocks: list[MachineBlock], code: list[Inst], registers: int) -> None:
        self.live = live = [0] * registers
        self.weight = weight = [0.0] * registers
        self.pairs = pairs = []
        self.powers = power = [1 << i for i in range(len(code) + 1)]
        for block in blocks:
            last: dict[int, int] = {}
            defs: dict[int, int] = {}
            w = block.weight
            start = block.start
            for i in range(block.end - 1, start, -1):
                op, outs, ins, _, stub = code[i]
                bit = power[i]
                for o in outs:
                    end = last.pop(o, 0)
                    if end > i:
                        live[o] |= power[end] - bit
                    else:
                        live[o] |= bit
                    if o not in defs:
                        defs[o] = i
                    weight[o] += w
                if stub is not None:
                    for a in stub.uses:
                        if a not in last:
                            last[a] = i + 1
                if ins:
                    late = op.late
                    if late < len(ins):
                        for a in ins[late:]:
                            if a not in last:
                                last[a] = i + 1
                    for a in ins:
                        if a not in last:
                            last[a] = i
                        weight[a] += w
                    if op.move:
                        for o, a in zip(outs, ins):
                            pairs.append((w, o, a))
                    elif op.tie:
                        pairs.append((w * 0.9, outs[0], ins[0]))
                        if op.tie == 2 and ins[1] != ins[0]:
                            pairs.append((w * 0.8, outs[0], ins[1]))
                if op.clobbers:
                    for r in op.clobbers:
                        live[r] |= bit
            for a, end in last.items():
                live[a] |= power[end] - power[start]
                assert a >= FIRST or block is blocks[0], f"physical register {a} live into {block}"
            block.defs = defs
            block.upward = last
        self._propagate(blocks)

    def _propagate(self, blocks: list[MachineBlock]) -> None:
        live, power = self.live, self.powers
        for block in blocks:
            for v in block.upward:
                stack = [block]
                while stack:
                    for pred in stack.pop().preds:
                        at = pred.defs.get(v)
                        if at is not None:
                            live[v] |= power[pred.end] - power[at]
                        elif v in pred.upward:
                            live[v] |= power[pred.end] - power[pred.start]
                        elif not live[v] & power[pred.start]:
                            live[v] |= power[pred.end] - power[pred.start]
                            stack.append(pred)
