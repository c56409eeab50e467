"""From allocated machine instructions to bytes: frame, blocks, cold stubs."""

from __future__ import annotations

from os import environ

from ...codegen.code import MachineCode
from ...codegen.machine import CONSTANT, INCOMING, LABEL, SLOT, VECTOR_SLOT
from .encode import ADD, RSP, SUB, Encoder
from .ops import (
    COPY,
    MOVAPS,
    MOVAPS_STORE,
    MOVES,
    MOVSD_LOAD,
    MOVSD_STORE,
    MOVUPS_LOAD,
    MOVUPS_STORE,
    XORPS,
)
from .ops_control import JUMP, LEAVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...codegen.allocate import Allocation
    from ...codegen.machine import MachineBlock, MachineFunction, MachineOp, Stub
    from .encode import Address, Row
    from .ops import Locs


PCMPEQD = (1, 1, 0x76, "pcmpeqd")
BROADCASTSS, BROADCASTSD = (1, 2, 0x18, "broadcastss"), (1, 2, 0x19, "broadcastsd")
PTERNLOGD = (9, 3, 0x25, "pternlogd")
_MASKS = frozenset(range(2, 8))  # k1 is for what a single instruction needs
WIDTH_BITS = {32: 4, 64: 8}  # what the prefix of a row needs, see encode.py


class Emitter(Encoder):
    """An encoder that knows the function's frame and the CPU's instruction set.

    From the stack pointer up the frame holds: arguments of calls, slots, `alloca`s, padding, saved registers; then
    the return address and this function's own stack arguments.

    Attributes:
        avx: whether to use the VEX forms.
        vector_bytes: bytes of a `VECTOR_SLOT`, and of what moves between registers; `vector_bit` is the bit that says
            so in a row. With 32 or 64, the upper parts are cleared before what may use the legacy forms.
        masks: what the mask registers k2 to k7 hold: (instruction, its operands, predicate) -> register.
        shares: whether a mask serves more than one instruction; without `masks` in JITNEY_DISABLE.
        next: the block emitted after the current one.
        constants: the `Allocation`'s.
        floats: so many of the registers for floats, from the first one, hold whatever is in use anywhere.
        frame_size: bytes between the stack pointer and the return address, at the moment; `whole_frame` of them in a
            frame; `framed`: whether there is one.
        stubs: cold code to write, in the order it was asked for.
        tails: what is shared by stubs: key -> label.
    """

    __slots__ = ("adjust", "alias", "alloca_base", "avx", "constants", "floats", "frame_size", "framed", "function",
                 "masks", "next", "poll", "saved", "shares", "slot_base", "stubs", "tails", "vector_base", "vector_bit",
                 "vector_bytes", "whole_frame")  # fmt: skip

    def __init__(self, m: MachineFunction, allocation: Allocation, avx: bool, poll: Any) -> None:
        super().__init__()
        self.avx = avx
        self.poll = poll
        self.function = m.function
        self.saved = allocation.saved
        self.constants = allocation.constants
        self.floats = max([r - 15 for r, used in enumerate(allocation.occupied) if used and r >= 16], default=0)
        self.vector_bytes = max(m.vector_bytes, 16)
        self.vector_bit = WIDTH_BITS.get(m.vector_bytes, 0)
        self.vector_base = m.outgoing
        self.slot_base = m.outgoing + self.vector_bytes * allocation.vector_slots
        size = self.slot_base + 8 * allocation.slots
        self.alloca_base = (size + 15) & -16 if m.frame_bytes else 0
        if m.frame_bytes:
            size = self.alloca_base + m.frame_bytes
        pushed = 8 * len(self.saved)
        if m.calls or m.frame_bytes:
            # the return address and the saved registers count for the alignment
            size += -(size + pushed + 8) % 16
        self.adjust = size
        self.whole_frame = size + pushed
        self.framed = True
        self.frame_size = self.whole_frame
        self.alias: dict[Any, Any] = {}
        self.masks: dict[tuple[Row, int, int, int], int] = {}
        self.shares = "masks" not in environ.get("JITNEY_DISABLE", "").split(",")
        self.next: Any = None
        self.stubs: list[Stub] = []
        self.tails: dict[Any, Any] = {}

    def slot(self, loc: int) -> Address:
        if loc >= VECTOR_SLOT:
            if loc >= CONSTANT:
                # As much as any instruction reads.
                data = self.constants[loc - CONSTANT]
                return self.constant(data.ljust(self.vector_bytes if len(data) > 8 else 16, b"\0"))
            if loc >= INCOMING:
                return (RSP, -1, 0, self.frame_size + 8 + loc - INCOMING)
            return (RSP, -1, 0, self.vector_base + self.vector_bytes * (loc - VECTOR_SLOT))
        return (RSP, -1, 0, self.slot_base + 8 * (loc - SLOT))

    def slot_bytes(self, loc: int) -> int:
        return self.vector_bytes if VECTOR_SLOT <= loc < INCOMING else 8

    def slot_load(self, loc: int) -> Row:
        """The instruction that reads a slot into a float register."""
        if loc >= CONSTANT:
            whole = len(self.constants[loc - CONSTANT]) > 8
        else:
            whole = VECTOR_SLOT <= loc < INCOMING
        return (self.vector_bit, *MOVUPS_LOAD[1:]) if whole else MOVSD_LOAD

    def slot_store(self, loc: int) -> Row:
        return (self.vector_bit, *MOVUPS_STORE[1:]) if VECTOR_SLOT <= loc < INCOMING else MOVSD_STORE

    def leave_vectors(self) -> None:
        """Clear the upper halves of the vector registers, if this function may have filled them."""
        if self.vector_bit:
            self.vzeroupper()

    def prologue(self) -> None:
        for r in self.saved:
            self.push(r)
        if self.adjust:
            self.alu_ri(SUB, RSP, self.adjust)

    def frame(self, framed: bool) -> None:
        """Say whether the code to come has a frame."""
        self.framed = framed
        self.frame_size = self.whole_frame if framed else 0

    def epilogue(self, clear_carry: bool) -> None:
        """Undo the prologue. `clear_carry`: say that the function succeeded (adding to rsp says it already)."""
        self.leave_vectors()
        if not self.framed:
            if clear_carry:
                self.clc()
            return
        if self.adjust:
            self.alu_ri(ADD, RSP, self.adjust)
        elif clear_carry:
            self.clc()
        for r in reversed(self.saved):
            self.pop(r)

    def resolve(self, block: Any) -> Any:
        """The block that control really gets to by going to `block`: empty ones are passed through."""
        return self.alias.get(block, block)

    def call_c(self, address: int) -> None:
        self.leave_vectors()
        _, _, _, offset = self.constant(address.to_bytes(8, "little"))
        self.call_pool(offset)
        self._through("call", address)

    def jump_c(self, address: int) -> None:
        _, _, _, offset = self.constant(address.to_bytes(8, "little"))
        self.jump_pool(offset)
        self._through("jump", address)

    def _through(self, kind: str, address: int) -> None:
        at, jumps, _, _, addend = self.relocs[-1]
        self.relocs[-1] = (at, jumps, kind, address, addend)

    # -- mask registers ----------------------------------------------------------------------------

    def mask(self, row: Row, a: int, b: int, predicate: int = -1) -> int:
        """A mask register with what a comparison, or the sign bits of lanes, give. It stays for whoever asks for the
        same again, as long as neither operand changes:

            vcmppd k2, zmm1, zmm2, lt
            vmovupd zmm3{k2}{z}, [rdi]
            vmovupd zmm4{k2}{z}, [rsi]
        """
        key = row, a, b, predicate
        masks = self.masks
        k = masks.pop(key, 0)
        if not k:
            free = _MASKS.difference(masks.values())
            # The one that nobody has asked for for the longest time stands first.
            k = min(free) if free else masks.pop(next(iter(masks)))
            self.evex_rrr(row, k, a, b)
            if predicate >= 0:
                self.byte(predicate)
        masks[key] = k
        return k

    def forget(self, op: MachineOp, outs: Locs, stub: Stub | None) -> None:
        """Masks of what an instruction has changed are none; and what may call leaves none."""
        masks = self.masks
        if stub is not None or op.clobbers or not self.shares:
            masks.clear()
            return
        for key in [key for key in masks if key[1] in outs or key[2] in outs]:
            del masks[key]

    # -- floats in either encoding -----------------------------------------------------------------

    def zero_x(self, d: int) -> None:
        if self.avx:
            self.vex_rrr(XORPS, d, d, d)
        else:
            self.sse_rr(XORPS, d, d)

    def move_x(self, d: int, s: int) -> None:
        if d != s:
            if not self.avx:
                self.sse_rr(MOVAPS, d, s)
            elif s >= 24 and d < 24:
                # a high register needs a longer prefix only as the right operand
                self.vex_rrr((self.vector_bit, *MOVAPS_STORE[1:]), s, 0, d)
            else:
                self.vex_rrr((self.vector_bit, *MOVAPS[1:]), d, 0, s)

    def load_vector(self, d: int, data: bytes) -> None:
        """A constant of 16 or more bytes that are not all zero."""
        bit = WIDTH_BITS.get(len(data), 0)
        if data == b"\xff" * len(data):
            if bit == 8:
                self.evex_rrr(PTERNLOGD, d, d, d)
                self.byte(0xFF)
            else:
                self.op_x((1 | bit, *PCMPEQD[1:]), d, d, d)
        elif self.avx and data == data[:4] * (len(data) // 4):
            self.vex_rrm((1 | bit, *BROADCASTSS[1:]), d, 0, self.constant(data[:4]))
        elif bit and data == data[:8] * (len(data) // 8):
            self.vex_rrm((1 | bit, *BROADCASTSD[1:]), d, 0, self.constant(data[:8]))
        else:
            self.load_x((bit, *MOVUPS_LOAD[1:]), d, self.constant(data))

    def load_x(self, row: Row, d: int, m: Address, w: int = 0) -> None:
        if self.avx:
            self.vex_rrm(row, d, 0, m, w)
        else:
            self.sse_rm(row, d, m, w)

    def store_x(self, row: Row, m: Address, s: int) -> None:
        self.load_x(row, s, m)

    def move_q(self, row: Row, x: int, r: int) -> None:
        """Between a float register and a general one."""
        if self.avx:
            self.vex_rrr(row, x, 0, r, 8)
        else:
            self.sse_rr(row, x, r, 8)

    def convert(self, row: Row, d: int, s: int, w: int = 0) -> None:
        """An instruction with one source and no third operand."""
        if self.avx:
            self.vex_rrr(row, d, 0, s, w)
        else:
            self.sse_rr(row, d, s, w)

    def op_x(self, row: Row, d: int, a: int, b: int, w: int = 0) -> None:
        """d = a op b; without AVX b must not be d unless a is."""
        if self.avx:
            self.vex_rrr(row, d, a, b, w)
        else:
            self.move_x(d, a)
            self.sse_rr(row, d, b, w)

    def op_xm(self, row: Row, d: int, a: int, m: Address, w: int = 0) -> None:
        if self.avx:
            self.vex_rrm(row, d, a, m, w)
        else:
            self.move_x(d, a)
            self.sse_rm(row, d, m, w)

    def op_x1(self, row: Row, d: int, s: int) -> None:
        """d = op s for an instruction that takes its upper part from elsewhere."""
        if self.avx:
            self.vex_rrr(row, d, s, s)
        else:
            self.sse_rr(row, d, s)

    def ucomi(self, row: Row, a: int, b: int) -> None:
        if self.avx:
            self.vex_rrr(row, a, 0, b)
        else:
            self.sse_rr(row, a, b)

    def ucomi_m(self, row: Row, a: int, m: Address) -> None:
        if self.avx:
            self.vex_rrm(row, a, 0, m)
        else:
            self.sse_rm(row, a, m)


def _aliases(allocation: Allocation, known: dict[Any, Any]) -> dict[Any, Any]:
    """Blocks that do nothing but go elsewhere, and where."""
    alias: dict[Any, Any] = dict(known)
    code, source = allocation.code, allocation.source
    where = dict(zip(source, range(len(source))))
    for block in allocation.blocks:
        # A jump ends every block.
        for k in range(where[block.start] + 1, len(code)):
            op, outs, ins, imm, stub = code[k]
            if op is JUMP or op is LEAVE:
                alias[block] = imm if op is JUMP else stub
            elif (op is MOVES or op is COPY) and outs == ins:
                continue
            break
    for label in alias:
        goal, steps = alias[label], 0
        while goal in alias and steps < 100:
            goal = alias[goal]
            steps += 1
        alias[label] = label if steps == 100 else goal
    return {label: goal for label, goal in alias.items() if label is not goal}


def _unframed(m: MachineFunction, allocation: Allocation) -> set[Any]:
    """The blocks that can do without a frame: the head, if it uses neither slots nor preserved registers."""
    head = m.head
    if head:
        inside = False
        preserved = frozenset(allocation.saved)
        for op, outs, ins, imm, stub in allocation.code:
            if op is LABEL:
                inside = imm in head
            elif inside:
                for loc in (*outs, *ins, *(stub.locs if stub is not None else ())):
                    if SLOT <= loc < CONSTANT or loc in preserved:
                        return set()
    return head


def emit(m: MachineFunction, allocation: Allocation, avx: bool, poll: Any) -> MachineCode:
    """The bytes of an allocated function."""
    e = Emitter(m, allocation, avx, poll)
    code = allocation.code
    alias = e.alias = _aliases(allocation, m.alias)
    blocks = allocation.blocks
    entry = blocks[0]
    alias.pop(entry, None)
    order = [block for block in blocks if block not in alias]
    following: dict[MachineBlock, MachineBlock] = dict(zip(order, order[1:]))  # noqa: RUF007
    ends = _loop_ends(order)
    head = _unframed(m, allocation)
    if not head:
        e.prologue()
    skip = False
    stubs = e.stubs
    marks: list[tuple[int, int, int]] = []
    source, before, trace = allocation.source, allocation.before, m.trace
    for k, (op, outs, ins, imm, stub) in enumerate(code):
        if op is LABEL:
            skip = imm in alias
            framed = imm not in head
            if not skip:
                if imm in ends:
                    e.align(ends[imm])
                e.bind(imm)
                e.masks.clear()
                e.next = following.get(imm)
                if head:
                    e.frame(imm not in head)
                    if imm is m.body:
                        e.prologue()
        elif not skip:
            if trace is not None and source[k] >= 0:
                marks.append((len(e.out), len(e.jumps), trace.get(id(before[source[k]]), -1)))
            if stub is not None:
                stub.framed = e.framed
                stubs.append(stub)
            op.emit(e, outs, ins, imm, stub)
            if e.masks:
                e.forget(op, outs, stub)
        elif stub is not None:
            stub.framed = framed
            # an empty block that only leaves: others jump straight to its stub
            stubs.append(stub)
    hot = len(e.out), len(e.jumps)
    e.bind(None)
    for stub in stubs:
        e.frame(stub.framed)
        stub.emit(e, stub)
    for (write, framed, *key), label in e.tails.items():
        e.frame(framed)
        write(e, label, *key)
    return finish(e, m, allocation, hot, marks)


def _loop_ends(order: list[MachineBlock]) -> dict[MachineBlock, MachineBlock | None]:
    """What stands behind each loop whose first block is to be aligned; None for the end of the code in blocks."""
    ends: dict[MachineBlock, MachineBlock | None] = {}
    first = None
    for block in order:
        if first is not None and block.loop is not first.loop:
            ends[first] = block
            first = None
        if block.aligned:
            first = block
    if first is not None:
        ends[first] = None
    return ends


def finish(
    e: Emitter, m: MachineFunction | None, allocation: Allocation | None, hot: tuple[int, int],
    marks: list[tuple[int, int, int]],
) -> MachineCode:  # fmt: skip
    """Lay out what the encoder collected."""
    end = object()
    e.labels[end] = hot
    for n, (at, jumps, _) in enumerate(marks):
        e.labels[n] = (at, jumps)
    code, relocs, places = e.finish()
    result = MachineCode(bytes(code), bytes(e.pool), relocs)
    result.hot_size = places[end]
    if m is not None and allocation is not None:
        result.symbol = m.function.symbol
        result.name = m.function.name
        result.frame_size = e.whole_frame
        result.spills = allocation.spills
        result.marks = [(places[n], source) for n, (_, _, source) in enumerate(marks)]
    return result
