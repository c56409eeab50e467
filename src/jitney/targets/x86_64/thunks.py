"""Small pieces of code written by hand."""

from __future__ import annotations

from ...codegen.code import MachineCode
from ...ir.function import Symbol
from .emit import WIDTH_BITS
from .encode import AND, NE, RAX, RBP, RSP, SUB, Encoder
from .features import detect
from .ops import MOVUPS_LOAD, MOVUPS_STORE
from .ops_control import CALLER_SAVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .encode import Row


def preserving_thunk(address: int, name: str = "poll") -> MachineCode:
    """A function that calls the C function ``int f(void)`` at `address` and keeps every register: the carry is set if
    the result is not zero. It may be called with the stack aligned in any way.
    """
    e = Encoder()
    features = detect()
    size = 64 if "avx512f" in features else 32 if "avx" in features else 16
    ints = [r for r in CALLER_SAVED if r < 16]
    floats = [r for r in CALLER_SAVED if r >= 16]
    e.push(RBP)
    e.mov_rr(RBP, RSP)
    for r in ints:
        e.push(r)
    e.alu_ri(SUB, RSP, size * len(floats))
    e.alu_ri(AND, RSP, -16)
    _move(e, MOVUPS_STORE, floats, size)
    if size > 16:
        e.vzeroupper()
    e.mov_ri(RAX, address)
    e.call_r(RAX)
    _move(e, MOVUPS_LOAD, floats, size)
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


def _move(e: Encoder, row: Row, registers: list[int], size: int) -> None:
    """All of these registers, `size` bytes of them, to the stack or from there."""
    for k, r in enumerate(registers):
        if size > 16:
            e.vex_rrm((WIDTH_BITS[size], *row[1:]), r, 0, (RSP, -1, 0, size * k))
        else:
            e.sse_rm(row, r, (RSP, -1, 0, size * k))
