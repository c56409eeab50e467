"""The machine operations that set and read flags, jump, check and call; see `ops.py` for how an emitter is called.

Condition codes are the hardware's 0-15, and two for the equality of floats, where "unordered" needs a second look:
`EQ_ORD` equal and ordered, `NE_UNORD` its opposite; ``cc ^ 1`` is the opposite of every one.
"""

from __future__ import annotations

from ...codegen.machine import SLOT, MachineOp
from .encode import AE, AND, CMP, NE, NP, OR, RSP, SUB, B, E, P, S
from .ops import mem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .emit import Emitter
    from .ops import Locs

EQ_ORD, NE_UNORD = 16, 17

CALLER_SAVED = (0, 1, 2, 6, 7, 8, 9, 10, 11, *range(16, 32))

# -- flags -----------------------------------------------------------------------------------------


def _cmp_rr(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    if i[1] >= SLOT:
        e.alu_rm(CMP, i[0], e.slot(i[1]))
    else:
        e.alu_rr(CMP, i[0], i[1])


def _cmp_ri(e: Emitter, o: Locs, i: Locs, value: int, stub: Any) -> None:
    if i[0] >= SLOT:
        e.alu_mi(CMP, e.slot(i[0]), value)
    elif value == 0:
        e.test_rr(i[0], i[0])
    else:
        e.alu_ri(CMP, i[0], value)


def _cmp_rm(e: Emitter, o: Locs, i: Locs, addr: Any, stub: Any) -> None:
    e.alu_rm(CMP, i[0], mem(e, i, 1, addr))


def _cmp_mr(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.alu_mr(CMP, mem(e, i, 1, imm[1]), i[0], imm[0])


def _cmp_mi(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    size, value, addr = imm
    e.alu_mi(CMP, mem(e, i, 0, addr), value, size)


def _test_rr(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.test_rr(i[0], i[1])


def _test_ri(e: Emitter, o: Locs, i: Locs, value: int, stub: Any) -> None:
    if 0 <= value < 128:
        e.test_ri8(i[0], value)
    else:
        e.test_ri(i[0], value, 0 if value >= 0 else 8)


CMP_RR = MachineOp("cmp", _cmp_rr, "w", slots=1)
CMP_RI = MachineOp("cmp", _cmp_ri, "w", slots=0)
CMP_RM = MachineOp("cmp", _cmp_rm, "w")
CMP_MR = MachineOp("cmp", _cmp_mr, "w")
CMP_MI = MachineOp("cmp", _cmp_mi, "w")
TEST_RR = MachineOp("test", _test_rr, "w")
TEST_RI = MachineOp("test", _test_ri, "w")


def _set(e: Emitter, o: Locs, i: Locs, cc: int, stub: Any) -> None:
    # ``setcc`` keeps the other bytes, and waits for them: first a move, which leaves the flags alone.
    d = o[0]
    e.mov_ri(d, 0)
    if cc < 16:
        e.setcc(cc, d)
        return
    # two conditions: equal and not unordered, or its opposite
    t = o[1]
    e.mov_ri(t, 0)
    e.setcc(cc - EQ_ORD + E, d)
    e.setcc(NP if cc == EQ_ORD else P, t)
    e.alu_rr(AND if cc == EQ_ORD else OR, d, t, 0)


SET = MachineOp("set", _set, "r")


def _cmov(e: Emitter, o: Locs, i: Locs, cc: int, stub: Any) -> None:
    """d = ins[1] if cc else ins[0]."""
    d = o[0]
    a, b = i
    if d != a:
        e.mov_rr(d, a)
    for code in (cc,) if cc < 16 else (NE, P):
        if b >= SLOT:
            e.cmov_m(code, d, e.slot(b))
        else:
            e.cmov(code, d, b)


CMOV = MachineOp("cmov", _cmov, "r", tie=1, late=1, slots=1)


def jump_if(e: Emitter, cc: int, label: Any) -> None:
    """Jump to `label` if `cc` holds, one of the float equalities included."""
    if cc < 16:
        e.jcc(cc, label)
    elif cc == NE_UNORD:
        e.jcc(NE, label)
        e.jcc(P, label)
    else:
        over = object()
        e.jcc(P, over)
        e.jcc(E, label)
        e.bind(over)


def _jump_stub(e: Emitter, o: Locs, i: Locs, cc: int, stub: Any) -> None:
    jump_if(e, cc, stub)


JUMP_STUB = MachineOp("jump to stub", _jump_stub, "r")


def _retry(e: Emitter, o: Locs, i: Locs, cc: int, stub: Any) -> None:
    jump_if(e, cc, stub)
    back = stub.back = object()
    e.bind(back)


# the stub may find another reason to go on, for which it reads ins
RETRY = MachineOp("jump to stub", _retry, "r")


def _jump(e: Emitter, o: Locs, i: Locs, goal: Any, stub: Any) -> None:
    goal = e.resolve(goal)
    if goal is not e.next:
        e.jmp(goal)


def _branch(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    cc, then, other = imm
    then, other = e.resolve(then), e.resolve(other)
    if then is other:
        if then is not e.next:
            e.jmp(then)
    elif then is e.next:
        jump_if(e, cc ^ 1, other)
    else:
        jump_if(e, cc, then)
        if other is not e.next:
            e.jmp(other)


def _leave(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.jmp(stub)


def _return(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.epilogue(imm)
    e.ret()


def _trap(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    e.ud2()


JUMP = MachineOp("jump", _jump)
BRANCH = MachineOp("branch", _branch, "r")
LEAVE = MachineOp("leave", _leave)
RETURN = MachineOp("return", _return)
TRAP = MachineOp("trap", _trap)
ENTRY = MachineOp("entry", lambda e, o, i, imm, stub: None)

# -- checks with a way back ------------------------------------------------------------------------


def _index(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    d = o[0]
    if d != i[0]:
        e.mov_rr(d, i[0])
    if imm is not None:
        e.alu_ri(CMP, d, imm)
    elif i[1] >= SLOT:
        e.alu_rm(CMP, d, e.slot(i[1]))
    else:
        e.alu_rr(CMP, d, i[1])
    e.jcc(AE, stub)
    back = stub.back = object()
    e.bind(back)


INDEX = MachineOp("index", _index, "c", tie=1, late=1, slots=1)


def _poll(e: Emitter, o: Locs, i: Locs, step: int, stub: Any) -> None:
    if o[0] != i[0]:
        e.mov_rr(o[0], i[0])
    e.alu_ri(SUB, o[0], step)
    e.jcc(S, stub)
    back = stub.back = object()
    e.bind(back)


POLL = MachineOp("poll", _poll, "c", tie=1)


def _enter_stack(e: Emitter, o: Locs, i: Locs, disp: int, stub: Any) -> None:
    e.alu_rm(CMP, RSP, (i[0], -1, 0, disp))
    e.jcc(B, stub)


def _enter_fuel(e: Emitter, o: Locs, i: Locs, disp: int, stub: Any) -> None:
    e.alu_mi(SUB, (i[0], -1, 0, disp), 1)
    e.jcc(S, stub)
    back = stub.back = object()
    e.bind(back)


ENTER_STACK = MachineOp("enter", _enter_stack, "c")
ENTER_FUEL = MachineOp("enter", _enter_fuel, "c")

# -- calls -----------------------------------------------------------------------------------------


def _call_jit(e: Emitter, o: Locs, i: Locs, target: Any, stub: Any) -> None:
    e.leave_vectors()
    e.call_symbol(target)
    if stub is not None:
        e.jcc(B, stub)


def _call_c(e: Emitter, o: Locs, i: Locs, target: Any, stub: Any) -> None:
    e.call_c(target)


CALL_JIT = MachineOp("call", _call_jit, "w", clobbers=CALLER_SAVED)
CALL_C = MachineOp("call", _call_c, "c", clobbers=CALLER_SAVED)


def _tail(e: Emitter, o: Locs, i: Locs, target: Any, stub: Any) -> None:
    e.epilogue(False)
    e.jump_c(target)


TAIL = MachineOp("tail call", _tail)
