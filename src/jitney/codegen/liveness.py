"""Exact live sets of every register, as ints with one bit per position.

Per block one scan backwards; then each register read before it is written in a block is followed up through the
predecessors until its definitions (as in Boissinot et al., "Computing liveness sets for SSA-form programs", by
variable), so the cost is that of the result.
"""

from __future__ import annotations

from .machine import FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Loop
    from .machine import Inst, MachineBlock


_CARRIED = 3.0  # reads: a value that the next iteration waits for had better not go through memory
_EACH_TIME = 1.5  # how much oftener a back edge is gone along than what stands in an arm

# Powers of two, kept for functions of usual length.
_MOST_KEPT = 2048
_powers: list[int] = []


class Liveness:
    """Attributes:
    live: for each register the positions after which its value is still wanted.
    touched: for each register where it is read (1), written (2), read by a stub (4), as ``position << 3 | how``.
    weight: for each register how often it is read and written.
    pairs: (weight, out, in): registers that had better be one.
    powers: ``1 << i`` for every position.
    """

    __slots__ = ("_headers", "live", "pairs", "powers", "touched", "weight")

    def __init__(self, blocks: list[MachineBlock], code: list[Inst], registers: int) -> None:
        self.live = live = [0] * registers
        self.touched: list[list[int]] = [[] for _ in range(registers)]
        touched = self.touched
        self.weight = weight = [0.0] * registers
        self.pairs: list[tuple[float, int, int]] = []
        pairs = self.pairs
        self.powers = power = _powers_up_to(len(code) + 1)
        # register -> the block it is written in, None if there are several
        homes: dict[int, MachineBlock | None] = {}
        self._headers: dict[Loop, MachineBlock] = {}
        for block in blocks:
            if block.loop is not None and block.source is block.loop.header:
                self._headers[block.loop] = block
            back = block.loop is not None and any(s.source is block.loop.header for s in block.succs)
            last: dict[int, int] = {}
            defs: dict[int, int] = {}
            w = block.weight
            start = block.start
            for i in range(block.end - 1, start, -1):
                op, outs, ins, _, stub = code[i]
                bit = power[i]
                here = i << 3
                for o in outs:
                    end = last.pop(o, 0)
                    if end > i:
                        live[o] |= power[end] - bit
                    else:
                        live[o] |= bit
                    if o not in defs:
                        defs[o] = i
                        homes[o] = None if o in homes else block
                    weight[o] += w
                    touched[o].append(here | 2)
                if stub is not None:
                    for a in stub.uses:
                        touched[a].append(here | 4)
                        if a not in last:
                            last[a] = i + 1
                if not op.special:
                    for a in ins:
                        if a not in last:
                            last[a] = i
                        weight[a] += w
                        touched[a].append(here | 1)
                    continue
                for a in ins[op.late :]:
                    if a not in last:
                        last[a] = i + 1
                for a in ins:
                    if a not in last:
                        last[a] = i
                    weight[a] += w
                    touched[a].append(here | 1)
                if op.move and ins:
                    if back:
                        for o in outs:
                            weight[o] += _CARRIED * w
                    if op.tie >= 0:
                        for o, a in zip(outs, ins):
                            pairs.append((w * _EACH_TIME if back else w, o, a))
                elif op.tie and ins:
                    pairs.append((w * 0.9, outs[0], ins[0]))
                    if op.tie == 2 and ins[1] != ins[0]:
                        pairs.append((w * 0.8, outs[0], ins[1]))
                for r in op.clobbers:
                    live[r] |= bit
            for a, end in last.items():
                live[a] |= power[end] - power[start]
                assert a >= FIRST or block is blocks[0], f"physical register {a} live into {block}"
            block.defs = defs
            block.upward = last
        self._propagate(blocks, homes)

    def _propagate(self, blocks: list[MachineBlock], homes: dict[int, MachineBlock | None]) -> None:
        """Follow what is read in a block but not written before, up to where it is written.

        A register written once, outside a loop, and wanted in the loop is wanted throughout the loop: one step.
        """
        live, power = self.live, self.powers
        masks: dict[Loop, int] = {}
        chains: dict[Loop | None, tuple[Loop, ...]] = {None: ()}
        for block in blocks:
            chain = chains.get(block.loop)
            if chain is None:
                chain = chains[block.loop] = _chain(block.loop)
            block.mask = mask = power[block.end] - power[block.start]
            for loop in chain:
                masks[loop] = masks.get(loop, 0) | mask
        # (loop of a read, loop of the write) -> the outermost loop around the read but not the write
        between: dict[tuple[Loop | None, Loop | None], Loop | None] = {}
        for block in blocks:
            for v in block.upward:
                have = live[v]
                home = homes.get(v)
                stack = [block]
                while stack:
                    at = stack.pop()
                    preds = at.preds
                    if home is not None and at.loop is not home.loop:
                        key = at.loop, home.loop
                        if key in between:
                            around = between[key]
                        else:
                            around = between[key] = _between(chains[key[0]], chains[key[1]])
                        if around is not None:
                            mask = masks[around]
                            if have & mask == mask:
                                # another read in the loop has been followed up already
                                continue
                            have |= mask
                            preds = [pred for pred in self._headers[around].preds if not power[pred.start] & mask]
                    for pred in preds:
                        written = pred.defs.get(v)
                        if written is not None:
                            have |= power[pred.end] - power[written]
                        elif not have & power[pred.end - 1]:
                            # not yet known to be wanted at its end
                            have |= pred.mask
                            if v not in pred.upward:
                                stack.append(pred)
                live[v] = have


def _powers_up_to(count: int) -> list[int]:
    """``1 << i`` for at least so many positions."""
    if count > _MOST_KEPT:
        return [1 << i for i in range(count)]
    if len(_powers) < count:
        _powers.extend([1 << i for i in range(len(_powers), count)])
    return _powers


def _between(read: tuple[Loop, ...], write: tuple[Loop, ...]) -> Loop | None:
    for loop, other in zip(read, write):
        if loop is not other:
            return loop
    return read[len(write)] if len(read) > len(write) else None


def _chain(loop: Loop | None) -> tuple[Loop, ...]:
    """The loops around a place, outermost first."""
    chain = []
    while loop is not None:
        chain.append(loop)
        loop = loop.parent
    return tuple(reversed(chain))
