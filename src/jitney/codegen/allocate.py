"""Register allocation: priority bin-packing on exact live sets.

1. Registers joined by moves and ties become one *group* where their live sets are disjoint (coalescing).
2. Groups are packed, densest use first, each into the first register whose occupied positions it does not touch:
   its hints, then the target's order. A register that a call must preserve is taken only by who gains from it.
3. A group that fits nowhere is split (`spill.py`): loop by loop, then into ranges of one instruction, which may evict
   what is less dense.

After AsmJit's bin-packing pass and regalloc2's `ion`, with Python's big ints as live sets.
"""

from __future__ import annotations

from _heapq import heapify, heappop, heappush

from .liveness import Liveness
from .machine import FIRST, LABEL, PAUSE, located
from .spill import Splitter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Inst, MachineBlock, MachineFunction
    from .target import Target

TINY = 1e30
_MANY = 6
# what a range must weigh to be worth saving a register for the caller
_SAVING = 2.5
# From so many instructions on a register's ranges are also kept by stretches of 256 positions, so that what lies far
# from a range that wants room is not looked at; but for ranges of more than eight such stretches.
_LONG = 4000
_STRETCH = 8
_WIDE = 8


class Allocation:
    """The result.

    Attributes:
        code: instructions in layout order with locations for registers, spill code included.
        source: for each of them the position of the instruction it came from, or -1 for one inserted.
        before: the instructions as they were, by position.
        constants: those that instructions read from the pool, by location.
        moves: index in `code` of an inserted instruction -> the register whose value it moves.
        occupied: for each physical register the positions where it is in use.
        slots: stack slots of 8 bytes used, and `vector_slots` for whole vectors.
        saved: registers used that must be preserved for the caller, in the target's order.
        spills: instructions inserted.
    """

    __slots__ = ("before", "blocks", "code", "constants", "moves", "occupied", "saved", "slots", "source", "spills",
                 "vector_slots")  # fmt: skip

    def __init__(self) -> None:
        self.code: list[Inst] = []
        self.source: list[int] = []
        self.before: list[Inst] = []
        self.blocks: list[MachineBlock] = []
        self.constants: list[bytes] = []
        self.moves: dict[int, int] = {}
        self.occupied: list[int] = []
        self.slots = 0
        self.vector_slots = 0
        self.saved: tuple[int, ...] = ()
        self.spills = 0


class Packer:
    """The state of packing. Ranges are ints: a virtual register that leads a group, or a child made by splitting."""

    def __init__(self, m: MachineFunction, target: Target, code: list[Inst]) -> None:
        self.m = m
        self.target = target
        self.code = code
        self.kinds = m.kinds
        facts = Liveness(m.blocks, code, len(m.kinds))
        self.powers = facts.powers
        self.live = facts.live
        self.weight = facts.weight
        self.touched = facts.touched
        self.parent = list(range(len(self.live)))
        self.hints: dict[int, list[int]] = {}
        self.partners: dict[int, list[int]] = {}
        self.reg: list[int] = [-1] * len(self.live)
        self.fixed = self.live[:FIRST]
        self.occupied = self.live[:FIRST]
        # where a register is not occupied but somebody would like it: better taken by nobody else
        self.wanted = self.live[:FIRST]
        self.assigned: list[list[int]] = [[] for _ in range(FIRST)]
        self._near: list[dict[int, list[int]]] = [{} for _ in range(FIRST)] if len(code) > _LONG else []
        self.used: set[int] = set()
        self.density: dict[int, float] = {}
        self._coalesce(facts.pairs)
        # register -> its group
        parent, find = self.parent, self.find
        self.lead = [p if parent[p] == p else find(p) for p in parent]

    def find(self, v: int) -> int:
        parent = self.parent
        while parent[v] != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    def _coalesce(self, pairs: list[tuple[float, int, int]]) -> None:
        pairs.sort(key=_first, reverse=True)
        parent, live, weight, kinds = self.parent, self.live, self.weight, self.kinds
        find = self.find
        fixed: list[tuple[int, int]] = []
        apart: list[tuple[int, int]] = []
        for _, o, a in pairs:
            if o < FIRST:
                if a >= FIRST:
                    fixed.append((a, o))
                continue
            if a < FIRST:
                fixed.append((o, a))
                continue
            o = find(o)
            a = find(a)
            if o == a or kinds[o] != kinds[a]:
                continue
            if live[o] & live[a]:
                apart.append((o, a))
                continue
            parent[a] = o
            live[o] |= live[a]
            weight[o] += weight[a]
        hints, partners, wanted = self.hints, self.partners, self.wanted
        for v, r in fixed:
            v = find(v)
            known = hints.setdefault(v, [])
            if r not in known:
                known.append(r)
                wanted[r] |= live[v]
        for o, a in apart:
            o = find(o)
            a = find(a)
            if o != a:
                known = partners.setdefault(o, [])
                if len(known) < _MANY and a not in known:
                    known.append(a)
                    partners.setdefault(a, []).append(o)

    def run(self) -> None:
        """Give every group a register, splitting where needed."""
        live, weight, lead, density = self.live, self.weight, self.lead, self.density
        heap: list[tuple[float, int]] = []
        for v in range(FIRST, len(live)):
            if lead[v] == v and live[v]:
                density[v] = d = weight[v] / live[v].bit_count()
                heap.append((-d, v))
        heap.sort()
        self.heap: list[tuple[float, int]] = []
        splitter: Splitter | None = None
        tried = set()
        for _, v in heap:
            if not self.place(v):
                self.heap.append((-density[v], v))
                tried.add(v)
        heapify(self.heap)
        while self.heap:
            _, v = heappop(self.heap)
            if v in tried:
                # all that stood in its way came first, being denser: there is nothing to evict
                tried.remove(v)
            elif self.place(v) or self.evict(v):
                continue
            if splitter is None:
                splitter = Splitter(self)
            splitter.split(v)
        self.splitter = splitter

    def push(self, v: int) -> None:
        heappush(self.heap, (-self.density[v], v))

    def place(self, v: int) -> bool:
        """Put range `v` into a free register, if there is one worth it."""
        live, occupied = self.live[v], self.occupied
        hints = self.hints.get(v)
        if hints is not None:
            for r in hints:
                if not occupied[r] & live:
                    self.take(v, r, live)
                    return True
        partners = self.partners.get(v)
        if partners is not None:
            for p in partners:
                r = self.reg[p]
                if r >= 0 and not occupied[r] & live:
                    self.take(v, r, live)
                    return True
        target = self.target
        if self.kinds[v]:
            free, kept = target.float_order, target.float_saved
        else:
            free, kept = target.int_order, target.int_saved
        wanted = self.wanted
        second = -1
        for r in free:
            if not occupied[r] & live:
                if not wanted[r] & live:
                    self.take(v, r, live)
                    return True
                if second < 0:
                    second = r
        if second >= 0:
            self.take(v, second, live)
            return True
        used = self.used
        for r in kept:
            if r in used and not occupied[r] & live:
                self.take(v, r, live)
                return True
        if self.weight[v] > _SAVING:
            for r in kept:
                if r not in used and not occupied[r] & live:
                    self.take(v, r, live)
                    return True
        return False

    def order(self, v: int) -> tuple[int, ...]:
        """The registers worth having for range `v`: saving one for the caller costs more than some ranges gain."""
        target = self.target
        if self.kinds[v]:
            free, kept = target.float_order, target.float_saved
        else:
            free, kept = target.int_order, target.int_saved
        if self.weight[v] > _SAVING:
            return free + kept
        return free + tuple([r for r in kept if r in self.used])

    def take(self, v: int, r: int, live: int) -> None:
        self.occupied[r] |= live
        self.reg[v] = r
        self.used.add(r)
        self.assigned[r].append(v)
        if self._near:
            near = self._near[r]
            for stretch in _stretches(live):
                near.setdefault(stretch, []).append(v)

    def leave(self, v: int, r: int) -> None:
        self.occupied[r] &= ~self.live[v]
        self.assigned[r].remove(v)
        self.reg[v] = -1
        if self._near:
            for stretch in _stretches(self.live[v]):
                self._near[r][stretch].remove(v)

    def beside(self, r: int, live: int) -> list[int]:
        """The ranges in register `r`; not all of those that lie far from the positions `live`."""
        if not self._near:
            return self.assigned[r]
        stretches = _stretches(live)
        if stretches[0] < 0:
            return self.assigned[r]
        near = self._near[r]
        found = list(near.get(-1, ()))
        for stretch in stretches:
            found += near.get(stretch, ())
        return found if len(stretches) == 1 else list(dict.fromkeys(found))

    def evict(self, v: int) -> bool:
        """Make room for `v` by taking a register from ranges that are all less dense."""
        live, density = self.live[v], self.density[v]
        best: list[int] | None = None
        best_cost = density
        best_reg = -1
        lives, densities, fixed = self.live, self.density, self.fixed
        for r in self.order(v):
            if fixed[r] & live:
                continue
            conflicts = []
            cost = 0.0
            for u in self.beside(r, live):
                if lives[u] & live:
                    d = densities[u]
                    if d >= best_cost:
                        break
                    if d > cost:
                        cost = d
                    conflicts.append(u)
            else:
                best, best_cost, best_reg = conflicts, cost, r
        if best is None:
            assert density < TINY, "no register left for one instruction"
            return False
        for u in best:
            self.leave(u, best_reg)
            self.push(u)
        self.take(v, best_reg, live)
        return True


def _first(pair: tuple[float, int, int]) -> float:
    return pair[0]


def _stretches(live: int) -> tuple[int, ...]:
    """The numbers of the stretches that a range lies in, -1 for many."""
    found: list[int] = []
    base = 0
    while live:
        first = (live & -live).bit_length() - 1 >> _STRETCH
        found.append(base + first)
        if len(found) > _WIDE:
            return (-1,)
        # Loops have cold blocks at the end of the code.
        live >>= first + 1 << _STRETCH
        base += first + 1
    return tuple(found)


def flatten(m: MachineFunction) -> list[Inst]:
    """Number the positions: every block begins with its label."""
    code: list[Inst] = []
    for block in m.blocks:
        block.start = len(code)
        code.append((LABEL, (), (), block, None))
        insts, done = block.insts, 0
        for k in [k for k, inst in enumerate(insts, 1) if inst[0].clobbers]:
            code += insts[done:k]
            done = k
            block.calls.append(len(code) - 1)
            code.append((PAUSE, (), (), None, None))
        code += insts[done:] if done else insts
        block.end = len(code)
    for block in m.blocks:
        for succ in block.succs:
            succ.preds.append(block)
    return code


def allocate(m: MachineFunction, target: Target) -> Allocation:
    """Allocate registers for a function whose blocks are in layout order."""
    code = flatten(m)
    packer = Packer(m, target, code)
    packer.run()
    result = Allocation()
    result.before = code
    result.blocks = m.blocks
    result.occupied = packer.occupied
    # the location of every register
    reg, lead = packer.reg, packer.lead
    place = list(range(FIRST)) + [reg[v] for v in lead[FIRST:]]
    splitter = packer.splitter
    if splitter is None:
        result.code = [located(inst, place) for inst in code]
        result.source = list(range(len(code)))
    else:
        splitter.rewrite(result, place)
    kept = target.int_saved + target.float_saved
    result.saved = tuple([r for r in kept if r in packer.used])
    return result
