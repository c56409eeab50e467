"""A proof, for one function, that register allocation kept its meaning.

Abstract interpretation of the allocated code: for every location the set of virtual registers whose current value it
holds. An instruction that reads register v must find v in the set of the location it was given; where paths meet,
sets are intersected. (The idea of regalloc2's `checker.rs`.) The checker knows the code before allocation and trusts
nothing that the allocator says but which inserted instruction copies what.
"""

from __future__ import annotations

from .machine import CONSTANT, FIRST, INCOMING, LABEL, SLOT, VECTOR, VECTOR_SLOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .allocate import Allocation
    from .machine import Inst, MachineBlock, MachineFunction
    from .target import Target

    State = dict[int, frozenset[int]]

_NOTHING: frozenset[int] = frozenset()


class CheckError(AssertionError):
    """The allocated code does not do what the code before allocation does."""


class _Checker:
    def __init__(self, m: MachineFunction, allocation: Allocation, target: Target) -> None:
        self.m = m
        self.allocation = allocation
        self.target = target
        self.floats = frozenset(target.float_order + target.float_saved)
        self.preserved = frozenset(target.int_saved + target.float_saved)
        self.arguments: State = {}
        # block -> indices of its instructions in the allocated code
        self.ranges: dict[MachineBlock, tuple[int, int]] = {}
        starts = [(k, inst[3]) for k, inst in enumerate(allocation.code) if inst[0] is LABEL]
        for (k, block), end in zip(starts, [k for k, _ in starts[1:]] + [len(allocation.code)]):
            self.ranges[block] = (k, end)

    def fail(self, k: int, message: str) -> None:
        op, outs, ins, _, _ = self.allocation.code[k]
        name = self.m.function.name
        raise CheckError(f"{name}: instruction {k} ({op} {outs} <- {ins}): {message}")

    def run(self) -> None:
        self._complete()
        blocks = self.allocation.blocks
        inside: dict[MachineBlock, State] = {blocks[0]: dict(self.arguments)}
        work = [blocks[0]]
        while work:
            block = work.pop()
            state = dict(inside[block])
            for k in range(*self.ranges[block]):
                self.step(k, state, False)
            for succ in block.succs:
                old = inside.get(succ)
                if old is None:
                    new = dict(state)
                else:
                    new = {loc: held & state[loc] for loc, held in old.items() if loc in state}
                    new = {loc: held for loc, held in new.items() if held}
                if new != old:
                    inside[succ] = new
                    work.append(succ)
        for block, state in inside.items():
            state = dict(state)
            for k in range(*self.ranges[block]):
                self.step(k, state, True)
            self._flags(block)

    def _complete(self) -> None:
        """All instructions are there, in order but for moves; only constants made again elsewhere may be missing."""
        allocation = self.allocation
        kept = [i for i in allocation.source if i >= 0]
        fixed = [i for i in kept if not allocation.before[i][0].move]
        if fixed != sorted(fixed) or len(kept) != len(set(kept)):
            raise CheckError("instructions out of order")
        missing = set(range(len(allocation.before))) - set(kept)
        for i in missing:
            op, outs, _, imm, _ = allocation.before[i]
            if op.incoming:
                # a stack argument that stays where it came
                self.arguments[INCOMING + imm] = frozenset(outs)
            elif op.remat is None:
                raise CheckError(f"instruction {i} is gone: {allocation.before[i]}")
        for k, i in enumerate(allocation.source):
            if i >= 0:
                new, old = allocation.code[k], allocation.before[i]
                same = new[0] is old[0] or (old[0].move and new[0] is self.target.split)
                if not same or new[3] is not old[3] or new[4] is not old[4]:
                    raise CheckError(f"instruction {i} has changed: {old} -> {new}")

    def step(self, k: int, state: State, verify: bool) -> None:
        """Execute instruction k on `state`; with `verify` complain about what it reads."""
        op, outs, ins, _, stub = self.allocation.code[k]
        i = self.allocation.source[k]
        if i < 0:
            self._inserted(k, state, verify)
            return
        _, old_outs, old_ins, _, _ = self.allocation.before[i]
        if verify:
            self._operands(k, op, old_outs, outs)
            self._operands(k, op, old_ins, ins)
            for v, loc in zip(old_ins, ins):
                if v not in state.get(loc, _NOTHING) and not self._pooled(v, loc):
                    self.fail(k, f"reads {v} in {loc}, which holds {sorted(state.get(loc, _NOTHING))}")
            if len(set(outs)) != len(outs):
                self.fail(k, "two results in one place")
            for loc in ins[op.late :]:
                if loc in outs and not (loc < FIRST and loc in old_outs and loc in old_ins):
                    self.fail(k, f"overwrites its late argument in {loc}")
            for loc in outs:
                if loc in self.preserved and loc not in self.allocation.saved:
                    self.fail(k, f"{loc} belongs to the caller")
        held: list[frozenset[int]] = [_NOTHING] * len(outs)
        more: State = {}
        if op.move:
            gone = frozenset(old_outs)
            for n, loc in enumerate(ins):
                held[n] = state.get(loc, _NOTHING) - gone
            # What else holds the value that is copied holds that of the copy, too.
            read = frozenset(old_ins)
            more = {
                loc: frozenset([v for v, a in zip(old_outs, old_ins) if a in values])
                for loc, values in state.items() if values & read
            }  # fmt: skip
        for r in op.clobbers:
            state.pop(r, None)
        if outs:
            gone = frozenset(old_outs)
            for loc, values in list(state.items()):
                if values & gone or loc in more:
                    state[loc] = values - gone | more.get(loc, _NOTHING)
            for v, loc, copied in zip(old_outs, outs, held):
                state[loc] = copied | {v}
        if verify and stub is not None:
            if len(stub.locs) != len(stub.uses):
                self.fail(k, "the stub's places are missing")
            if stub.operands != (outs, ins):
                self.fail(k, "the stub's operands are not the instruction's")
            for v, loc in zip(stub.uses, stub.locs):
                if v not in state.get(loc, _NOTHING):
                    self.fail(k, f"its stub reads {v} in {loc}, which holds {sorted(state.get(loc, _NOTHING))}")

    def _operands(self, k: int, op: object, old: tuple[int, ...], new: tuple[int, ...]) -> None:
        if len(old) != len(new):
            self.fail(k, "operands lost")
        for v, loc in zip(old, new):
            if loc < 0:
                self.fail(k, f"{v} has no place")
            if v < FIRST and loc != v:
                self.fail(k, f"{v} is a register of its own, not {loc}")
            if self.m.kinds[v] == VECTOR and SLOT <= loc < CONSTANT and not VECTOR_SLOT <= loc < INCOMING:
                self.fail(k, f"vector {v} does not fit into {loc}")
            if v >= FIRST and loc < FIRST and (loc in self.floats) != (self.m.kinds[v] > 0):
                self.fail(k, f"{v} is in a register of the wrong kind, {loc}")

    def _inserted(self, k: int, state: State, verify: bool) -> None:
        op, (d,), ins, imm, _ = self.allocation.code[k]
        group = self.allocation.moves[k]
        if verify and d in self.preserved and d not in self.allocation.saved:
            self.fail(k, f"{d} belongs to the caller")
        if verify and ins:
            # what it moves is whole only if neither place is smaller
            self._operands(k, op, (group, group), (d, ins[0]))
        if ins:
            state[d] = state.get(ins[0], _NOTHING)
            return
        if verify and not any(self._makes(inst, op, group, imm) for inst in self.allocation.before):
            self.fail(k, f"is not the constant that {group} is")
        state[d] = frozenset((group,))

    def _pooled(self, v: int, loc: int) -> bool:
        """Whether `loc` is the constant in the pool that `v` always is."""
        if loc < CONSTANT:
            return False
        constant = self.allocation.constants[loc - CONSTANT]
        writes = [inst for inst in self.allocation.before if v in inst[1]]
        return len(writes) == 1 and writes[0][0].remat is not None and writes[0][3] is constant

    @staticmethod
    def _makes(inst: Inst, op: object, group: int, imm: object) -> bool:
        return inst[1] == (group,) and inst[0].remat is op and inst[3] is imm

    def _flags(self, block: MachineBlock) -> None:
        """Who reads the flags finds those of the compare before it."""
        good = False
        for k in range(*self.ranges[block]):
            op, _, _, imm, _ = self.allocation.code[k]
            if op.flags == "w":
                good = True
            elif op.flags == "r":
                if not good:
                    self.fail(k, "reads flags that were destroyed")
            elif op.flags == "c" or (op.flags == "m" and (imm or not op.move)):
                good = False


def check(m: MachineFunction, allocation: Allocation, target: Target) -> None:
    """Raises:
    CheckError: the allocation is wrong.
    """
    _Checker(m, allocation, target).run()
