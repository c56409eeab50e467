"""Machine functions: the target's own instructions over virtual registers, before and after allocation.

An instruction is a tuple ``(op, outs, ins, imm, stub)``:

    op    a `MachineOp`
    outs  registers written; ins  registers read
    imm   whatever the op's emitter wants: constants, condition codes, shapes of addresses, labels
    stub  the `Stub` it may jump to, or None

Registers are ints: below `FIRST` a physical register, from there on a virtual one; the virtual register of IR value v
is ``v + FIRST``. After allocation the same tuples hold *locations*: physical registers, from `SLOT` on stack slots of
8 bytes, from `VECTOR_SLOT` on slots that hold a whole vector register of this function, from `INCOMING` on the
bytes of this function's own stack arguments, and from `CONSTANT` on constants that are read from the pool.

Every instruction has a position. A register is *live at* a position when its value is still wanted after the
instruction there; sets of positions are Python ints (one bit each). An instruction reads before it writes, so a
result may share the register of an argument that dies there, unless that argument is *late* (`MachineOp.late`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..ir.function import Block, Function, Loop

    Inst = tuple["MachineOp", tuple[int, ...], tuple[int, ...], Any, "Stub | None"]

FIRST = 64
SLOT = 1 << 20
VECTOR_SLOT = 1 << 22
INCOMING = 1 << 24
CONSTANT = 1 << 28
NO_LATE = 99
GENERAL, FLOAT, VECTOR = 0, 1, 2


class MachineOp:
    """One kind of machine instruction.

    Attributes:
        name: for the reader of dumps.
        emit: ``emit(encoder, outs, ins, imm, stub)``, with locations.
        tie: emission is shortest when outs[0] and ins[0] share a register (2: or ins[1]); -1: outs are to be other
            registers than ins, which end here.
        late: ins[late:] must survive the writing of outs.
        slots: ins[slots] may be a stack slot; -1 none, -2 any operand may, outs too.
        move: outs are copies of ins, pairwise (those beyond the length of ins come from imm).
        clobbers: physical registers destroyed besides outs.
        remat: for a constant: the op that makes it again anywhere without touching the flags. Where imm is bytes, what
            may read a slot may read it from the pool.
        incoming: loads a stack argument of this function, from offset imm: that may stay its home.
        special: whether any of `late`, `move`, `tie`, `clobbers` says something.
        flags: "" leaves the flags alone, "w" sets them for a reader to come, "c" destroys them, "r" reads them,
            "m" may destroy them (treated as "c").
    """

    __slots__ = ("clobbers", "emit", "flags", "incoming", "late", "move", "name", "remat", "slots", "special",
                 "tie")  # fmt: skip

    def __init__(
        self,
        name: str,
        emit: Callable[..., None],
        flags: str = "",
        tie: int = 0,
        late: int = NO_LATE,
        slots: int = -1,
        move: bool = False,
        clobbers: tuple[int, ...] = (),
        remat: MachineOp | None = None,
        incoming: bool = False,
    ) -> None:
        self.name = name
        self.emit = emit
        self.flags = flags
        self.tie = tie
        self.late = late
        self.slots = slots
        self.move = move
        self.clobbers = clobbers
        self.remat = remat
        self.incoming = incoming
        self.special = late != NO_LATE or move or tie != 0 or clobbers != ()

    def __repr__(self) -> str:
        return self.name


class Stub:
    """Code off the hot path that an instruction may jump to: a failing exit, a slow case that jumps back.

    Attributes:
        emit: ``emit(encoder, frame, stub, outs, ins)`` writes it after all other code; outs and ins are the
            instruction's, located.
        uses: registers it reads besides: they may be anywhere and weigh nothing.
        locs: where `uses` are, after allocation.
        site: the site it leaves through, or -1.
        dirty: the dirty flag: a bool, or None when it is the last of `uses`.
        kinds: for each capture in `uses` (after the context) its kind, for the target.
        data: whatever else its emitter needs.
        back: label of the place to go on at.
        operands: (outs, ins) of its instruction, located.
        framed: whether the function's frame stands when it is jumped to.
    """

    __slots__ = ("back", "data", "dirty", "emit", "framed", "kinds", "locs", "operands", "site", "uses")

    def __init__(
        self, emit: Callable[..., None], uses: tuple[int, ...], site: int = -1, dirty: bool | None = False,
        kinds: tuple[Any, ...] = (), data: Any = None,
    ) -> None:  # fmt: skip
        self.emit = emit
        self.uses = uses
        self.locs: tuple[int, ...] = ()
        self.site = site
        self.dirty = dirty
        self.kinds = kinds
        self.data = data
        self.back: Any = None
        self.operands: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
        self.framed = True


class MachineBlock:
    """A basic block of machine instructions. Serves as its own label.

    Attributes:
        insts: in order; the last is the terminator.
        succs: successors.
        loop: the innermost IR loop it lies in.
        weight: how often it runs, as far as one can tell: 8 ** loop depth; 0.01 when cold.
        aligned: whether it is the first block of a loop that should lie well in the instruction cache.
        start, end: positions of its label and one past its last instruction, once laid out.
        mask: its positions; calls: those where registers are destroyed.
        defs: register -> position of its last definition here; upward: registers read before any definition here.
    """

    __slots__ = (
        "aligned", "calls", "cold", "defs", "end", "insts", "loop", "mask", "name", "preds", "source", "start", "succs",
        "upward", "weight",
    )  # fmt: skip

    def __init__(self, name: str, loop: Loop | None, cold: bool, source: Block | None = None) -> None:
        self.name = name
        self.insts: list[Inst] = []
        self.succs: list[MachineBlock] = []
        self.preds: list[MachineBlock] = []
        self.loop = loop
        self.cold = cold
        self.source = source
        depth = loop.depth if loop is not None else 0
        self.weight = 8.0 ** min(depth, 8) * (0.002 if cold else 1.0)
        self.aligned = False
        self.calls: list[int] = []
        self.start = 0
        self.end = 0
        self.mask = 0
        self.defs: dict[int, int] = {}
        self.upward: dict[int, int] = {}

    def __repr__(self) -> str:
        return self.name


class MachineFunction:
    """A function after selection.

    Attributes:
        function: the IR it came from.
        blocks: in layout order once laid out; blocks[0] is the entry.
        kinds: for each register `GENERAL`, `FLOAT`, or `VECTOR`: these live in the same registers as floats, but are
            moved and spilled whole.
        vector_bytes: size of the largest vector, 0 without any.
        trace: for listings, else None: identity of an instruction -> the IR value it was selected for.
        frame_bytes: bytes of the frame used by `alloca`, and `outgoing` by stack arguments of calls.
        alias: blocks left out because they only lead to another.
        head, body: blocks that run before the frame is made, and the one that makes it (`shrink.py`).
        calls: whether it calls anything (the stack must be aligned then).
    """

    __slots__ = (
        "alias", "blocks", "body", "calls", "frame_bytes", "function", "head", "kinds", "outgoing", "trace",
        "vector_bytes",
    )  # fmt: skip

    def __init__(self, function: Function, kinds: list[int]) -> None:
        self.function = function
        self.blocks: list[MachineBlock] = []
        self.kinds = kinds
        self.vector_bytes = 0
        self.frame_bytes = 0
        self.outgoing = 0
        self.calls = False
        self.head: set[MachineBlock] = set()
        self.body: MachineBlock | None = None
        self.alias: dict[MachineBlock, MachineBlock] = {}
        self.trace: dict[int, int] | None = None

    def new(self, kind: int) -> int:
        """A fresh virtual register."""
        self.kinds.append(kind)
        return len(self.kinds) - 1


def _no_bytes(*_: Any) -> None:
    """Emits nothing."""


LABEL = MachineOp("label", _no_bytes)
# Stands after every instruction that destroys registers: there what it destroyed is free again, so that there is room
# to reload.
PAUSE = MachineOp("pause", _no_bytes)


def located(inst: Inst, place: list[int]) -> Inst:
    """The instruction with the location of each register."""
    op, outs, ins, imm, stub = inst
    n = len(outs)
    if n == 1:
        outs = (place[outs[0]],)
    elif n:
        outs = tuple([place[o] for o in outs])
    n = len(ins)
    if n == 2:
        a, b = ins
        ins = (place[a], place[b])
    elif n == 1:
        ins = (place[ins[0]],)
    elif n:
        ins = tuple([place[a] for a in ins])
    if stub is not None:
        stub.locs = tuple([place[a] for a in stub.uses])
        stub.operands = (outs, ins)
    elif not outs and not ins:
        return inst
    return (op, outs, ins, imm, stub)
