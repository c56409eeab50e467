"""Splitting the ranges that found no register.

A group that fits nowhere gets a stack slot as its home, and children: for each outermost loop that uses it a range of
its own, loaded in the preheader; where even that finds no register, one for the loop without its cold blocks, loaded
again where these go back; then one for each loop inside; then for stretches of straight code, halved where they are
not wanted for long; and what is left is loaded before the one instruction that reads it and stored after the one that
writes it. So a spill never sits in a loop that can do without, nor for the sake
of what is hardly ever executed. Constants are made again instead of loaded.
"""

from __future__ import annotations

from .machine import CONSTANT, INCOMING, SLOT, VECTOR, VECTOR_SLOT, located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Loop
    from .allocate import Allocation, Packer
    from .machine import Inst, MachineBlock

_TINY = 1e30
_SHARED = 64  # slots that are looked at for room
_BESIDE = 0.5  # of what a load before an instruction costs, where that reads memory itself


class _Region:
    """A loop as the splitter sees it: its positions, those of its cold blocks, and the places where it is entered and
    left."""

    __slots__ = ("blocks", "cold", "depth", "entry", "header", "innermost", "loop", "mask", "outside", "returns")

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.mask = self.cold = 0
        self.blocks: list[MachineBlock] = []
        self.depth = loop.depth
        self.innermost = True
        self.header: MachineBlock | None = None
        self.entry: MachineBlock | None = None
        # blocks outside that are entered from inside
        self.outside: list[MachineBlock] = []
        # the positions where cold blocks go back to others, and for each cold block its own
        self.returns: tuple[int, list[tuple[MachineBlock, int]]] | None = None

    def find_returns(self, power: list[int]) -> tuple[int, list[tuple[MachineBlock, int]]]:
        if self.returns is None:
            hot, every = self.mask & ~self.cold, 0
            rows: list[tuple[MachineBlock, int]] = []
            for block in self.blocks:
                places = 0
                for succ in block.succs if block.cold else ():
                    places |= power[succ.start] & hot
                if places:
                    rows.append((block, places))
                    every |= places
            self.returns = every, rows
        return self.returns


class Splitter:
    def __init__(self, packer: Packer) -> None:
        self.packer = packer
        self._slot_live: list[int] = []
        self._vector_slot_live: list[int] = []
        # group -> its home: a slot, the place of a constant in the pool, -1 for other constants
        self.home: dict[int, int] = {}
        self.constants: list[bytes] = []
        self.remat: dict[int, Inst] = {}
        # register -> its group; group -> its registers, if it has more than one
        self._lead = lead = packer.lead
        self._members: dict[int, list[int]] = {}
        for v, leader in enumerate(lead):
            if v != leader:
                self._members.setdefault(leader, [leader]).append(v)
        # position -> how often it is executed
        self._weights: list[float] = []
        # position -> the end of its block
        self._ends: list[int] = []
        # position -> number of the stretch of code it lies in: blocks that only follow each other, up to a call
        self._stretches: list[int] = []
        stretch = 0
        previous = packer.m.blocks[0]
        for block in packer.m.blocks:
            start = block.start
            self._weights += [block.weight] * (block.end - start)
            self._ends += [block.end] * (block.end - start)
            if len(block.preds) != 1 or block.preds[0] is not previous or block.loop is not previous.loop:
                stretch += 1
            previous = block
            for call in block.calls:
                self._stretches += [stretch] * (call + 1 - start)
                start = call + 1
                stretch += 1
            self._stretches += [stretch] * (block.end - start)
        # child -> (group, region or None, positions, cold blocks that load it again if it does not live in such)
        self._children: dict[int, tuple[int, _Region | None, dict[int, int], list[MachineBlock] | None]] = {}
        self._removed: set[int] = set()
        # what others made room for, once: it may be evicted again
        self._eased: set[int] = set()
        # group -> where one of its members is copied to another
        self._kept: dict[int, list[int]] = {}
        # for each loop depth from 1 on: position -> the loop of that depth it lies in
        self._levels: list[list[_Region | None]] = []
        self._find_regions()

    # -- what is where -----------------------------------------------------------------------------

    def _positions(self, group: int) -> dict[int, int]:
        """Where the members of `group` are touched, and how: not where one is only copied to another, which changes
        nothing wherever it is (`_kept`)."""
        positions: dict[int, int] = {}
        for v in self._members.get(group, (group,)):
            for touch in self.packer.touched[v]:
                positions[touch >> 3] = positions.get(touch >> 3, 0) | touch & 7
        code, lead = self.packer.code, self._lead
        for i in [i for i, how in positions.items() if how == 3 and code[i][0].move]:
            _, outs, ins, _, _ = code[i]
            into = [k for k, o in enumerate(outs) if lead[o] == group]
            if into == [k for k, a in enumerate(ins) if lead[a] == group]:
                del positions[i]
                self._kept.setdefault(group, []).append(i)
        return positions

    def _find_regions(self) -> None:
        regions: dict[Loop, _Region] = {}
        levels = self._levels
        n = len(self._weights)
        for block in self.packer.m.blocks:
            loop = block.loop
            while loop is not None:
                region = regions.get(loop)
                if region is None:
                    region = regions[loop] = _Region(loop)
                    while len(levels) < region.depth:
                        levels.append([None] * n)
                region.mask |= block.mask
                if block.cold:
                    region.cold |= block.mask
                region.blocks.append(block)
                levels[region.depth - 1][block.start : block.end] = [region] * (block.end - block.start)
                loop = loop.parent
        for region in regions.values():
            if region.loop.parent is not None:
                regions[region.loop.parent].innermost = False
            inside = set(region.blocks)
            for block in region.blocks:
                if block.source is region.loop.header:
                    region.header = block
                    entries = [pred for pred in block.preds if pred not in inside]
                    if len(entries) == 1 and len(entries[0].succs) == 1:
                        region.entry = entries[0]
                for succ in block.succs:
                    if succ not in inside and succ not in region.outside:
                        region.outside.append(succ)

    def _innermost(self, i: int) -> _Region | None:
        """The innermost loop that position `i` lies in; None in a loop around others, too."""
        for level in reversed(self._levels):
            region = level[i]
            if region is not None:
                return region if region.innermost else None
        return None

    # -- splitting ---------------------------------------------------------------------------------

    def split(self, v: int) -> None:
        """Give range `v` a home in memory and push its parts."""
        child = self._children.get(v)
        if child is not None:
            group, region, positions, back = child
            if region is not None:
                if region.innermost and back is None and v not in self._eased:
                    self._eased.add(v)
                    if self._displace(v, region, positions):
                        return
                if back is not None or not self._hot_child(group, region, positions):
                    self._cut(group, positions, region.depth)
            else:
                self._part(group, positions)
            return
        positions = self._positions(v)
        remat = self._constant(v, positions)
        argument = self._argument(positions)
        if remat is not None:
            self.remat[v] = remat
            self.home[v] = self._pooled(remat[3])
        elif argument >= 0:
            self.home[v] = INCOMING + argument
        else:
            self.home[v] = self._slot(v)
        self._cut(v, positions, 0)

    def _constant(self, v: int, positions: dict[int, int]) -> Inst | None:
        """The instruction that defines `v`, if that is all there is and it can be done again anywhere."""
        inst: Inst | None = None
        if v in self._kept:
            # These copies need a place.
            return None
        for i, how in positions.items():
            if how & 4:
                return None
            if how & 2:
                if inst is not None:
                    return None
                inst = self.packer.code[i]
                if inst[0].remat is None:
                    return None
        assert inst is not None
        for i, how in positions.items():
            if how & 2:
                self._removed.add(i)
        return inst

    def _pooled(self, imm: object) -> int:
        """Where instructions can read a constant in memory, -1 for one that they cannot: zero costs less."""
        if type(imm) is not bytes or not any(imm):
            return -1
        self.constants.append(imm)
        return CONSTANT + len(self.constants) - 1

    def _argument(self, positions: dict[int, int]) -> int:
        """The offset of the stack argument that the register is, and only is; else -1."""
        writes = [i for i, how in positions.items() if how & 2]
        op, _, _, imm, _ = self.packer.code[writes[0]]
        if len(writes) > 1 or not op.incoming:
            return -1
        self._removed.add(writes[0])
        return int(imm)

    def _slot(self, group: int) -> int:
        if self.packer.kinds[group] == VECTOR:
            return VECTOR_SLOT + self._share(self._vector_slot_live, self.packer.live[group])
        return SLOT + self._share(self._slot_live, self.packer.live[group])

    @staticmethod
    def _share(slots: list[int], live: int) -> int:
        """The number of a slot that is free for the positions `live`: of the newest, where there are many."""
        for k in range(max(0, len(slots) - _SHARED), len(slots)):
            if not slots[k] & live:
                slots[k] |= live
                return k
        slots.append(live)
        return len(slots) - 1

    def _cut(self, group: int, positions: dict[int, int], depth: int) -> None:
        """Children of `group` for the given reads and writes: one for each loop in depth `depth` that can have one,
        else tiny ones."""
        rest = positions
        if depth < len(self._levels):
            level = self._levels[depth]
            rest = {}
            loops: dict[_Region, dict[int, int]] = {}
            for i, how in positions.items():
                region = level[i]
                if region is None:
                    rest[i] = how
                else:
                    loops.setdefault(region, {})[i] = how
            for region, inside in loops.items():
                if not any(how & 3 for how in inside.values()):
                    continue
                if not self.packer.live[group] & ~region.mask:
                    # it lives in this loop alone: only a loop inside can help
                    self._cut(group, inside, depth + 1)
                elif not self._loop_child(group, region, inside):
                    rest.update(inside)
        self._cut_blocks(group, rest)

    def _cut_blocks(self, group: int, positions: dict[int, int]) -> None:
        """Children of `group` for reads and writes outside loops of their own: one for those that no call and no end of
        a block parts."""
        stretches: dict[int, dict[int, int]] = {}
        stretch_of = self._stretches
        for i, how in positions.items():
            if i not in self._removed:
                stretches.setdefault(stretch_of[i], {})[i] = how
        for touched in stretches.values():
            hot = [i for i, how in touched.items() if how & 3]
            if len(hot) < 2 or not self._stretch(group, min(hot), max(hot), touched):
                self._part(group, touched)

    def _part(self, group: int, positions: dict[int, int]) -> None:
        """Two children of `group` for a stretch that found no register: before and after the longest time in which it
        is not wanted."""
        hot = sorted([i for i, how in positions.items() if how & 3])
        if not hot:
            return
        cut, longest = 0, 0
        for k in range(1, len(hot)):
            if hot[k] - hot[k - 1] > longest:
                cut, longest = k, hot[k] - hot[k - 1]
        for part in (hot[:cut], hot[cut:]):
            if len(part) == 1:
                self._single(group, part[0], positions[part[0]])
            elif part and not self._stretch(group, part[0], part[-1], positions):
                for i in part:
                    self._single(group, i, positions[i])

    def _stretch(self, group: int, first: int, last: int, touched: dict[int, int]) -> bool:
        """One child for the positions from `first` to `last`."""
        power = self.packer.powers
        start = first if touched[first] == 2 else first - 1
        end = last + 1 if touched[last] & 2 or self._late(group, last) else last
        live = power[end] - power[start]
        if not self.packer.live[group] & ~live:
            # that is all of it, which found no register
            return False
        inside = {i: how for i, how in touched.items() if first <= i <= last}
        # What it saves: not the load before a first read.
        weight = self._weight(group, inside)
        if touched[first] & 1:
            weight -= self._weights[first]
            if weight <= 0.0:
                return False
        self._new(group, None, inside, live, weight / (end - start))
        return True

    def _single(self, group: int, i: int, how: int) -> None:
        if not self._in_memory(group, i, how):
            self._tiny(group, i, how)

    def _in_memory(self, group: int, i: int, how: int) -> bool:
        """Whether the instruction at `i` can use the slot, or the constant in the pool, itself."""
        home = self.home[group]
        if home < 0:
            return False
        op, _, ins, _, _ = self.packer.code[i]
        if op.slots == -2:
            return home < CONSTANT
        if op.slots < 0 or how & 2 or op.slots >= len(ins):
            return False
        lead = self._lead
        return [k for k, a in enumerate(ins) if lead[a] == group] == [op.slots]

    def _tiny(self, group: int, i: int, how: int) -> None:
        packer = self.packer
        power = packer.powers
        live = 0
        if how & 1:
            live |= power[i - 1]
        if how & 2 or self._late(group, i):
            live |= power[i]
        self._new(group, None, {i: how}, live, _TINY)

    def _late(self, group: int, i: int) -> bool:
        """Whether the instruction at `i` reads the group late."""
        op, _, ins, _, _ = self.packer.code[i]
        return any(self._lead[a] == group for a in ins[op.late :])

    def _loop_child(self, group: int, region: _Region, positions: dict[int, int]) -> bool:
        packer = self.packer
        power = packer.powers
        header, entry = region.header, region.entry
        if header is None or entry is None:
            return False
        mine = packer.live[group]
        live = mine & region.mask
        if mine & power[header.start]:
            if group not in self.remat and not mine & power[entry.end - 1]:
                return False
            live |= power[entry.end - 1] | power[entry.end - 2]
        writes = any(how & 2 for how in positions.values())
        if writes:
            for block in region.outside:
                if mine & power[block.start]:
                    for pred in block.preds:
                        if not power[pred.start] & region.mask:
                            return False
                    live |= power[block.start]
        self._new(group, region, positions, live, self._weight(group, positions) / live.bit_count())
        return True

    def _weight(self, group: int, positions: dict[int, int]) -> float:
        """What reads and writes weigh: less where the instruction can read the slot itself, later in the pipeline."""
        weights, in_memory = self._weights, self._in_memory
        return sum([
            weights[i] * (_BESIDE if in_memory(group, i, how) else 1.0) for i, how in positions.items() if how & 3
        ])  # fmt: skip

    def _displace(self, child: int, region: _Region, positions: dict[int, int]) -> bool:
        """Split instead what is not used in the hot code of the loop, but lives through it in a register because it is
        used more elsewhere: where loading it for the loops that use it costs less than having `child` in memory."""
        packer = self.packer
        live, lives = packer.live[child], packer.live
        best: list[int] = []
        best_reg, best_cost = -1, sum([self._weights[i] for i, how in positions.items() if how & 3])
        for r in packer.order(child):
            if packer.fixed[r] & live:
                continue
            conflicts, cost = [], 0.0
            for u in packer.beside(r, live):
                if lives[u] & live:
                    cost += self._cost(u, region)
                    if cost >= best_cost:
                        break
                    conflicts.append(u)
            else:
                best, best_reg, best_cost = conflicts, r, cost
        if best_reg < 0:
            return False
        for u in best:
            packer.leave(u, best_reg)
        packer.take(child, best_reg, live)
        for u in best:
            self.split(u)
        return True

    def _cost(self, v: int, region: _Region) -> float:
        """What it costs to split range `v`: a load for each innermost loop that uses it, and its reads and writes
        elsewhere; more than anything where the hot code of `region` uses it."""
        child = self._children.get(v)
        if child is not None:
            touches = [i << 3 | how for i, how in child[2].items()]
        else:
            touches = [touch for u in self._members.get(v, (v,)) for touch in self.packer.touched[u]]
        weights = self._weights
        cost = 0.0
        seen: set[tuple[_Region, int]] = set()
        for touch in touches:
            i = touch >> 3
            if not touch & 3:
                continue
            inner = self._innermost(i)
            if inner is None or inner.entry is None:
                cost += weights[i]
            elif inner is region:
                if not region.cold >> i & 1:
                    return _TINY
            elif (inner, touch & 2) not in seen:
                seen.add((inner, touch & 2))
                cost += weights[inner.entry.start]
        return cost

    def _hot_child(self, group: int, region: _Region, positions: dict[int, int]) -> bool:
        """A child for the loop without its cold blocks, of what is only read there."""
        packer = self.packer
        power, mine = packer.powers, packer.live[group]
        header, entry = region.header, region.entry
        assert header is not None and entry is not None
        if not mine & region.cold or header.cold or any(how & 2 for how in positions.values()):
            return False
        cold = region.cold
        hot = {i: how for i, how in positions.items() if not power[i] & cold}
        live = mine & region.mask & ~cold
        if not hot or not live:
            return False
        live |= power[entry.end - 1] | power[entry.end - 2]
        back = []
        every, rows = region.find_returns(power)
        wanted = mine & every
        for block, places in rows if wanted else ():
            if wanted & places:
                back.append(block)
                live |= power[block.end - 1] | power[block.end - 2]
        self._new(group, region, hot, live, self._weight(group, hot) / live.bit_count(), back)
        self._cut_blocks(group, {i: how for i, how in positions.items() if i not in hot})
        return True

    def _new(
        self, group: int, region: _Region | None, positions: dict[int, int], live: int, density: float,
        back: list[MachineBlock] | None = None
    ) -> None:
        packer = self.packer
        child = len(packer.live)
        packer.live.append(live)
        packer.weight.append(density)
        packer.reg.append(-1)
        packer.kinds.append(packer.kinds[group])
        packer.density[child] = density
        hints = packer.hints.get(group)
        if hints is not None:
            packer.hints[child] = hints
        self._children[child] = (group, region, positions, back)
        packer.push(child)

    def _stored(self, group: int, positions: dict[int, int]) -> list[int]:
        """The writes of a stretch that must reach the slot. A stretch has all reads between its first and last place;
        so a value that is written over, or wanted no more, before its block ends stays in the register alone:

            r1 = add r2, r3           r1 = add r2, r3
            store slot, r1      ->    r1 = add r1, r4
            r1 = add r1, r4           store slot, r1
            store slot, r1
        """
        ends, order = self._ends, sorted(positions)
        last = order[-1]
        over = -1 if self.packer.live[group] & self.packer.powers[last] else last
        stored = []
        for i in reversed(order):
            if positions[i] & 2:
                if over < 0 or ends[over] != ends[i]:
                    stored.append(i)
                over = i
        return stored

    # -- the new code ------------------------------------------------------------------------------

    def rewrite(self, result: Allocation, place: list[int]) -> None:
        """Fill in locations, and insert loads, stores and remade constants."""
        packer = self.packer
        target = packer.target
        # position -> group -> register
        at: dict[int, dict[int, int]] = {}
        before: dict[int, list[tuple[Inst, int]]] = {}
        after: dict[int, list[tuple[Inst, int]]] = {}
        for child, (group, region, positions, back) in self._children.items():
            r = packer.reg[child]
            if r < 0:
                continue
            home = self.home[group]
            live, power = packer.live[child], packer.powers
            kept = [i for i in self._kept.get(group, ()) if live & power[i] and live & power[i - 1]]
            for i in (*positions, *kept):
                at.setdefault(i, {})[group] = r
            if group in self.remat:
                op, _, _, imm, _ = self.remat[group]
                assert op.remat is not None
                reload: Inst = (op.remat, (r,), (), imm, None)
            else:
                reload = (target.copy, (r,), (home,), None, None)
            store: Inst = (target.copy, (home,), (r,), None, None)
            if region is None:
                first = min(positions)
                if positions[first] & 1:
                    before.setdefault(first, []).append((reload, group))
                for i in self._stored(group, positions):
                    after.setdefault(i, []).append((store, group))
                continue
            assert region.header is not None and region.entry is not None
            mine = packer.live[group]
            if mine & power[region.header.start]:
                before.setdefault(region.entry.end - 1, []).append((reload, group))
            for block in back or ():
                before.setdefault(block.end - 1, []).append((reload, group))
            if any(how & 2 for how in positions.values()):
                for block in region.outside:
                    if mine & power[block.start]:
                        after.setdefault(block.start, []).append((store, group))
        for group, home in self.home.items():
            for v in self._members.get(group, (group,)):
                place[v] = home
        lead = self._lead
        removed = self._removed
        busy = {*at, *before, *after, *removed}
        new, source, moves = result.code, result.source, result.moves
        for i, inst in enumerate(packer.code):
            if i not in busy:
                new.append(located(inst, place))
                source.append(i)
                continue
            for extra, group in before.get(i, ()):
                moves[len(new)] = group
                new.append(extra)
                source.append(-1)
            if i not in removed:
                op, outs, ins, imm, stub = inst
                here = at.get(i, {})
                outs = tuple([here.get(lead[o], place[o]) for o in outs])
                ins = tuple([here.get(lead[a], place[a]) for a in ins])
                if stub is not None:
                    stub.locs = tuple([here.get(lead[a], place[a]) for a in stub.uses])
                    stub.operands = (outs, ins)
                new.append((op, outs, ins, imm, stub))
                source.append(i)
            for extra, group in after.get(i, ()):
                moves[len(new)] = group
                new.append(extra)
                source.append(-1)
        result.spills = len(moves)
        result.constants = self.constants
        result.slots, result.vector_slots = len(self._slot_live), len(self._vector_slot_live)
