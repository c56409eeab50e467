"""Small pieces of code written by hand."""

from __future__ import annotations

from ...codegen.code import MachineCode
from ...ir.function import Symbol
from .encode import AND, NE, RAX, RBP, RSP, SUB, Encoder
from .ops_control import CALLER_SAVED

_MOVUPS_LOAD, _MOVUPS_STORE = (0, 1, 0x10, "movups"), (0, 1, 0x11, "movups")


def preserving_thunk(address: int, name: str = "poll") -> MachineCode:
    """A function that calls the C function ``int f(void)`` at `address` and keeps every register: the carry is set if
    the result is not zero. It may be called with the stack aligned in any way.
    """
    e = Encoder()
    ints = [r for r in CALLER_SAVED if r < 16]
    floats = [r for r in CALLER_SAVED if r >= 16]
    e.push(RBP)
    e.mov_rr(RBP, RSP)
    for r in ints:
        e.push(r)
    e.alu_ri(SUB, RSP, 16 * len(floats))
    e.alu_ri(AND, RSP, -16)
    for k, r in enumerate(floats):
        e.sse_rm(_MOVUPS_STORE, r, (RSP, -1, 0, 16 * k))
    e.mov_ri(RAX, address)
    e.call_r(RAX)
    for k, r in enumerate(floats):
        e.sse_rm(_MOVUPS_LOAD, r, (RSP, -1, 0, 16 * k))
    # test clears the carry
    e.test_rr(RAX, RAX, 0)
    good = object()
    e.jcc(NE ^ 1, good)
    e.stc()
    e.bind(good)
    for k, r in enumerate(ints):
        e.load("i64", r, (RBP, -1, 0, -8 * (k + 1)))
    e.lea(RSP, (RBP, -1, 0, 0))
    e.pop(RBP)
    e.ret()
    code, relocations, _ = e.finish()
    result = MachineCode(bytes(code), b"", relocations)
    result.name = name
    result.symbol = Symbol(name)
    return result


