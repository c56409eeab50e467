"""`fpower`, of numbers and of lanes: what C's ``pow(x, exponent)`` gives, mostly without calling it.

    mov d, guess
    ucomi d, ...                            certain: 2**-128 < |d| < 2**128 and above == below
    ucomi above, below; jne stub

`opt/powers.py` computes these three. What is not certain is left to `pow`, one call in fifty, by a thunk that keeps
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
from .encode import AE, AND, BE, NE, RAX, RBP, RBX, RCX, RSP, SUB, XOR, B, Encoder, P
from .ops import MOVSD_LOAD, MOVSD_STORE, MOVUPS_LOAD, MOVUPS_STORE
from .ops_control import CALLER_SAVED
from .ops_float import ABS64, ANDPS, ORPS, UCOMISD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...asm.memory import Region
    from .emit import Emitter
    from .encode import Row
    from .ops import Locs
    from .select import X86Selector

_LEAST, _MOST, _ZERO = [pack("<d", x) for x in (2.0**-128, 2.0**128, 0.0)]
_CMPPD, _TESTPD = (1, 1, 0xC2, "cmppd"), (1, 2, 0x0F, "testpd")
_EQ, _LT, _GT = 0, 17, 30
_KORB, _KORTESTB = (5, 1, 0x45, "korb"), (1, 1, 0x98, "kortestb")
_K1, _K2 = 1, 2
_MOVMSKPD, _KMOVB = (1, 1, 0x50, "movmskpd"), (1, 1, 0x93, "kmovb")
# What a stub hands to the thunk on the stack: eight lanes, their powers, a bit for each that is not certain, to which
# power; and what it keeps there.
_LANES, _POWERS, _BITS, _EXPONENT, _KEPT, _SIZE = 0, 64, 128, 136, 144, 160
_FLOATS = 16  # number of the first register for floats
_STEP = 4


def power(s: X86Selector, v: int) -> None:
    """fpower guess, above, below, x, exponent   ->   d = guess; ...; jne stub"""
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
    e.move_x(d, i[0])
    if len(o) > 1:
        # An odd power has a sign.
        size = o[1]
        e.move_x(size, d)
        e.op_xm(ANDPS, size, size, e.constant(ABS64))
    # NaN is below as well as above, and what is neither has neighbours that are no NaN.
    e.ucomi_m(UCOMISD, size, e.constant(_LEAST))
    e.jcc(BE, stub)
    e.ucomi_m(UCOMISD, size, e.constant(_MOST))
    e.jcc(AE, stub)
    e.ucomi(UCOMISD, i[1], i[2])
    e.jcc(NE, stub)
    stub.back = object()
    e.bind(stub.back)


def _power_stub(e: Emitter, stub: Stub) -> None:
    (d, *_), (_, _, _, x) = stub.operands
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
    e.store_i(8, (RSP, -1, 0, _BITS), 1)
    _ask(e, stub.data, d)
    e.load_x(MOVSD_LOAD, d, (RSP, -1, 0, _POWERS))
    e.lea(RSP, (RSP, -1, 0, _SIZE))
    e.jmp(stub.back)


def _ask(e: Emitter, exponent: float, scratch: int) -> None:
    e.load_x(MOVSD_LOAD, scratch, e.constant(pack("<d", exponent)))
    e.store_x(MOVSD_STORE, (RSP, -1, 0, _EXPONENT), scratch)
    _, _, _, offset = e.constant(thunk(e.vector_bytes, e.floats).to_bytes(8, "little"))
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
        e.evex_rrr(compare, _K1, i[1], i[2])
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
        e.vex_rrr(compare, u, i[1], i[2])
        e.byte(_EQ)
        e.vex_rrr(both, t, t, u)
        e.vex_rrm((_TESTPD[0] | bit, *_TESTPD[1:]), t, 0, wide(b"\xff" * 8))
    e.jcc(AE, stub)
    stub.back = object()
    e.bind(stub.back)


def _powers_stub(e: Emitter, stub: Stub) -> None:
    (d, t, u), (_, _, _, x) = stub.operands
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
    store, load = (bit, *MOVUPS_STORE[1:]), (bit, *MOVUPS_LOAD[1:])
    e.lea(RSP, (RSP, -1, 0, -_SIZE))
    e.store(8, (RSP, -1, 0, _KEPT), RAX)
    for at, r in ((_LANES, x), (_POWERS, d)):
        e.store_x(store, (RSP, -1, 0, at), r)
    if size == 64:
        e.vex_rrr(_KMOVB, RAX, 0, _K1)
    else:
        e.vex_rrr((_MOVMSKPD[0] | bit, *_MOVMSKPD[1:]), RAX, 0, t)
    e.alu_ri(XOR, RAX, (1 << size // 8) - 1)
    e.store(8, (RSP, -1, 0, _BITS), RAX)
    _ask(e, exponent, d)
    e.load("i64", RAX, (RSP, -1, 0, _KEPT))
    e.load_x(load, d, (RSP, -1, 0, _POWERS))
    e.lea(RSP, (RSP, -1, 0, _SIZE))
    e.jmp(stub.back)


_POWER = MachineOp("power", _power, "c", tie=1, late=1)
_POWERS_OP = MachineOp("powers", _powers, "c", tie=1, late=1)

_kept: dict[tuple[int, int], Region] = {}


def thunk(size: int, floats: int) -> int:
    """The address of what asks `pow` for the lanes that are not certain and keeps every register; of those for floats
    the first ones, `size` bytes of each. Made once for some numbers of them."""
    floats = min(-(-floats // _STEP) * _STEP, 16)
    key = size, floats
    if key not in _kept:
        code = _thunk(libm.address("pow"), size, range(_FLOATS, _FLOATS + floats))
        _kept[key] = reserve(len(code)).write(code)
    return _kept[key].code_address


def _thunk(address: int, size: int, floats: Sequence[int]) -> bytes:
    e = Encoder()
    ints = [*[r for r in CALLER_SAVED if r < _FLOATS], RBX]

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
        return (RBP, RCX, 3, 16 + at)

    following = object()
    e.load("i64", RBX, (RBP, -1, 0, 16 + _BITS))
    e.bind(following)
    e.bit_scan(0xBC, RCX, RBX)
    e.vex_rrm(MOVSD_LOAD, _FLOATS, 0, lane(_LANES))
    e.vex_rrm(MOVSD_LOAD, _FLOATS + 1, 0, (RBP, -1, 0, 16 + _EXPONENT))
    e.mov_ri(RAX, address)
    e.call_r(RAX)
    e.bit_scan(0xBC, RCX, RBX)
    e.vex_rrm(MOVSD_STORE, _FLOATS, 0, lane(_POWERS))
    e.lea(RAX, (RBX, -1, 0, -1))
    e.alu_rr(AND, RBX, RAX)
    e.jcc(NE, following)
    move_all(MOVUPS_LOAD)
    for k, r in enumerate(ints):
        e.load("i64", r, (RBP, -1, 0, -8 * (k + 1)))
    e.lea(RSP, (RBP, -1, 0, 0))
    e.pop(RBP)
    e.ret()
    code, _, _ = e.finish()
    return bytes(code)
