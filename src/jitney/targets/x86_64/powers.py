"""`fpower`, of numbers and of lanes: what C's ``pow(x, exponent)`` gives, mostly without calling it.

    mov d, guess
    ucomi d, ...                            certain: 2**-200 < |d| < 2**200 and test == d
    ucomi test, d; jne stub

`opt/powers.py` computes guess and test. What is not certain is left to `pow`, one call in thirty, by a thunk that keeps
all registers: so a power is an operation like others to whoever allocates registers. The square of zero is zero.

Loaded for the first function that has any. Needs FMA, and AVX2 for lanes.
"""

from __future__ import annotations

from struct import pack

from ...asm.memory import reserve
from ...codegen.machine import FIRST, VECTOR, MachineOp, Stub
from ...ir.types import F64
from . import libm
from .emit import WIDTH_BITS
from .encode import AE, AND, BE, CMP, NE, RAX, RBP, RBX, RSP, SUB, B, Encoder, L, P, S
from .ops import MOVSD_LOAD, MOVSD_STORE, MOVUPS_LOAD, MOVUPS_STORE
from .ops_control import CALLER_SAVED
from .ops_float import ABS64, ANDPS, ORPS, UCOMISD
from .vector_build import FROM_MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...asm.memory import Region
    from .emit import Emitter
    from .encode import Row
    from .ops import Locs
    from .select import X86Selector

_LEAST, _MOST, _ZERO = [pack("<d", x) for x in (2.0**-200, 2.0**200, 0.0)]
_CMPPD, _TESTPD = (1, 1, 0xC2, "cmppd"), (1, 2, 0x0F, "testpd")
_EQ, _LT, _GT = 0, 17, 30
_KORB, _KORTESTB = (5, 1, 0x45, "korb"), (1, 1, 0x98, "kortestb")
_K1, _K2 = 1, 2
# What a stub hands to the thunk on the stack: eight lanes, their powers, masks of what is certain, how many, to which
# power.
_LANES, _POWERS, _MASKS, _COUNT, _EXPONENT, _SIZE = 0, 64, 128, 192, 200, 208


def power(s: X86Selector, v: int) -> None:
    """fpower guess, test, x, exponent   ->   d = guess; ...; jne stub"""
    type, exponent = s.types[v], s.imms[v]
    ins = tuple([s.use(a) for a in s.args[v]])
    kind = True if type is F64 else VECTOR
    scratch = 2 if type.lanes > 1 else 1 if exponent % 2.0 == 1.0 else 0
    outs = (v + FIRST, *[s.m.new(kind) for _ in range(scratch)])
    if type is F64:
        s.add(_POWER, outs, ins, exponent, Stub(_power_stub, (), data=exponent))
    else:
        s.add(_POWERS_OP, outs, ins, (type.size, exponent), Stub(_powers_stub, (), data=(type.size, exponent)))


def _power(e: Emitter, o: Locs, i: Locs, exponent: float, stub: Any) -> None:
    d = size = o[0]
    test = i[1]
    e.move_x(d, i[0])
    if len(o) > 1:
        # An odd power has a sign.
        size = o[1]
        e.move_x(size, d)
        e.op_xm(ANDPS, size, size, e.constant(ABS64))
    # NaN is below as well as above, and what is neither has a test that is no NaN.
    e.ucomi_m(UCOMISD, size, e.constant(_LEAST))
    e.jcc(BE, stub)
    e.ucomi_m(UCOMISD, size, e.constant(_MOST))
    e.jcc(AE, stub)
    e.ucomi(UCOMISD, test, d)
    e.jcc(NE, stub)
    stub.back = object()
    e.bind(stub.back)


def _power_stub(e: Emitter, stub: Stub) -> None:
    (d, *_), (_, _, x) = stub.operands
    e.bind(stub)
    if stub.data == 2.0:
        asks = object()
        e.ucomi_m(UCOMISD, x, e.constant(_ZERO))
        e.jcc(NE, asks)
        e.jcc(P, asks)
        e.jmp(stub.back)
        e.bind(asks)
    e.lea(RSP, (RSP, -1, 0, -_SIZE))
    e.store_x(MOVSD_STORE, (RSP, -1, 0, _LANES), x)
    e.store_i(8, (RSP, -1, 0, _MASKS), 0)
    _ask(e, 1, stub.data, d)
    e.load_x(MOVSD_LOAD, d, (RSP, -1, 0, _POWERS))
    e.lea(RSP, (RSP, -1, 0, _SIZE))
    e.jmp(stub.back)


def _ask(e: Emitter, lanes: int, exponent: float, scratch: int) -> None:
    e.store_i(8, (RSP, -1, 0, _COUNT), lanes)
    e.load_x(MOVSD_LOAD, scratch, e.constant(pack("<d", exponent)))
    e.store_x(MOVSD_STORE, (RSP, -1, 0, _EXPONENT), scratch)
    _, _, _, offset = e.constant(thunk(e.vector_bytes).to_bytes(8, "little"))
    e.call_pool(offset)


def _powers(e: Emitter, o: Locs, i: Locs, imm: tuple[int, float], stub: Any) -> None:
    """outs: the powers, a mask of those that are certain, scratch. With 512 bits the mask is k1."""
    size, exponent = imm
    d, t, u = o
    bit = WIDTH_BITS.get(size, 0)
    compare = (_CMPPD[0] | bit, *_CMPPD[1:])
    both = (ANDPS[0] | bit, *ANDPS[1:])

    def wide(data: bytes) -> Any:
        return e.constant(data * (size // 8))

    e.move_x(d, i[0])
    magnitude = d
    if exponent % 2.0 == 1.0:
        magnitude = t
        e.vex_rrm(both, t, d, wide(ABS64[:8]))
    ranges = (_GT, _LEAST), (_LT, _MOST)
    if size == 64:
        e.evex_rrr(compare, _K1, i[1], d)
        e.byte(_EQ)
        for predicate, bound in ranges:
            e.evex_rrm(compare, _K1, magnitude, wide(bound), _K1)
            e.byte(predicate)
        e.vex_rrr(_KORTESTB, _K1, 0, _K1)
    else:
        e.vex_rrm(compare, u, magnitude, wide(_LEAST))
        e.byte(_GT)
        e.vex_rrm(compare, t, magnitude, wide(_MOST))
        e.byte(_LT)
        e.vex_rrr(both, t, t, u)
        e.vex_rrr(compare, u, i[1], d)
        e.byte(_EQ)
        e.vex_rrr(both, t, t, u)
        e.vex_rrm((_TESTPD[0] | bit, *_TESTPD[1:]), t, 0, wide(b"\xff" * 8))
    e.jcc(AE, stub)
    stub.back = object()
    e.bind(stub.back)


def _powers_stub(e: Emitter, stub: Stub) -> None:
    (d, t, u), (_, _, x) = stub.operands
    size, exponent = stub.data
    bit = WIDTH_BITS.get(size, 0)
    compare = (_CMPPD[0] | bit, *_CMPPD[1:])
    e.bind(stub)
    if exponent == 2.0:
        e.zero_x(u)
        if size == 64:
            e.evex_rrr(compare, _K2, x, u)
            e.byte(_EQ)
            e.vex_rrr(_KORB, _K1, _K1, _K2)
            e.vex_rrr(_KORTESTB, _K1, 0, _K1)
        else:
            e.vex_rrr(compare, u, x, u)
            e.byte(_EQ)
            e.vex_rrr((ORPS[0] | bit, *ORPS[1:]), t, t, u)
            e.vex_rrm((_TESTPD[0] | bit, *_TESTPD[1:]), t, 0, e.constant(b"\xff" * size))
        e.jcc(B, stub.back)
    if size == 64:
        e.evex_rrr((FROM_MASK[8][0] | bit, *FROM_MASK[8][1:]), t, 0, _K1)
    store, load = (bit, *MOVUPS_STORE[1:]), (bit, *MOVUPS_LOAD[1:])
    e.lea(RSP, (RSP, -1, 0, -_SIZE))
    for at, r in ((_LANES, x), (_POWERS, d), (_MASKS, t)):
        e.store_x(store, (RSP, -1, 0, at), r)
    _ask(e, size // 8, exponent, d)
    e.load_x(load, d, (RSP, -1, 0, _POWERS))
    e.lea(RSP, (RSP, -1, 0, _SIZE))
    e.jmp(stub.back)


_POWER = MachineOp("power", _power, "c", tie=1, late=1)
_POWERS_OP = MachineOp("powers", _powers, "c", tie=1, late=1)

_kept: dict[int, Region] = {}


def thunk(size: int) -> int:
    """The address of what asks `pow` for the lanes that are not certain and keeps every register, `size` bytes of
    those for floats. Made once."""
    if size not in _kept:
        code = _thunk(libm.address("pow"), size)
        _kept[size] = reserve(len(code)).write(code)
    return _kept[size].code_address


def _thunk(address: int, size: int) -> bytes:
    e = Encoder()
    ints = [*[r for r in CALLER_SAVED if r < 16], RBX]
    floats = [r for r in CALLER_SAVED if r >= 16]
    def move_all(row: Row) -> None:
        for k, r in enumerate(floats):
            e.vex_rrm((WIDTH_BITS.get(size, 0), *row[1:]), r, 0, (RSP, -1, 0, size * k))

    e.push(RBP)
    e.mov_rr(RBP, RSP)
    for r in ints:
        e.push(r)
    e.alu_ri(SUB, RSP, size * len(floats))
    e.alu_ri(AND, RSP, -16)
    move_all(MOVUPS_STORE)
    if size > 16:
        e.vzeroupper()

    def lane(at: int) -> tuple[int, int, int, int]:
        return (RBP, RBX, 3, 16 + at)

    following, done = object(), object()
    e.load("i64", RBX, (RBP, -1, 0, 16 + _COUNT))
    e.bind(following)
    e.alu_ri(SUB, RBX, 1)
    e.jcc(S, done)
    e.alu_mi(CMP, lane(_MASKS), 0)
    e.jcc(L, following)
    e.vex_rrm(MOVSD_LOAD, 16, 0, lane(_LANES))
    e.vex_rrm(MOVSD_LOAD, 17, 0, (RBP, -1, 0, 16 + _EXPONENT))
    e.mov_ri(RAX, address)
    e.call_r(RAX)
    e.vex_rrm(MOVSD_STORE, 16, 0, lane(_POWERS))
    e.jmp(following)
    e.bind(done)
    move_all(MOVUPS_LOAD)
    for k, r in enumerate(ints):
        e.load("i64", r, (RBP, -1, 0, -8 * (k + 1)))
    e.lea(RSP, (RBP, -1, 0, 0))
    e.pop(RBP)
    e.ret()
    code, _, _ = e.finish()
    return bytes(code)
