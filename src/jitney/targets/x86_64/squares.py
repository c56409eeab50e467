"""`fsquare`, of numbers and of lanes: C's ``pow(x, 2.0)``, by a product where that certainly is the same.

    mul d, x, x                             t = x * x - d, exactly
    mov t, d                                t = t * 1.03 + d
    fmsub231 t, x, x                        certain: 2**-200 < d < 2**200 and t == d
    fmadd132 t, d, [1.03]
    ucomi d, ...; ucomi t, d; jne stub

`pow` is not exact: where the square lies near the middle between two floats, it may give either. Its error is less than
0.52 units in the last place while the result's logarithm is small (the C library's documentation says so, and that of
others derived from the same code: 0.509, and 2**-15 times the logarithm). So where the product is known to be rounded
by less than 0.48 units, both agree: rounding the product plus a bit more than its error gives the product again (Ziv's
test). Everything else is left to `pow`, one call in thirty, by a thunk that keeps all registers: so a square is an
operation like others to whoever allocates registers. The square of zero is zero.

Loaded for the first function that has any. Needs FMA, and AVX2 for lanes.
"""

from __future__ import annotations

import ctypes
from struct import pack

from ...asm.memory import reserve
from ...codegen.machine import FIRST, VECTOR, MachineOp, Stub
from ...ir.types import F64
from .emit import WIDTH_BITS
from .encode import AE, AND, BE, CMP, NE, RAX, RBP, RBX, RSP, SUB, B, Encoder, L, P, S
from .ops import MOVQ_TO, MOVSD_LOAD, MOVSD_STORE, MOVUPS_LOAD, MOVUPS_STORE
from .ops_control import CALLER_SAVED
from .ops_float import ANDPS, ORPS, UCOMISD
from .vector_build import FROM_MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...asm.memory import Region
    from .emit import Emitter
    from .encode import Row
    from .ops import Locs
    from .select import X86Selector

_W = 128
_MORE, _LEAST, _MOST, _ZERO = [pack("<d", x) for x in (1.0 + 2.0**-5, 2.0**-200, 2.0**200, 0.0)]
# Scalar, packed.
_MUL = (3, 1, 0x59, "mulsd"), (1, 1, 0x59, "mulpd")
_FMSUB = (1 | _W, 2, 0xBB, "fmsub231sd"), (1 | _W, 2, 0xBA, "fmsub231pd")
_FMADD = (1 | _W, 2, 0x99, "fmadd132sd"), (1 | _W, 2, 0x98, "fmadd132pd")
_CMPPD, _TESTPD = (1, 1, 0xC2, "cmppd"), (1, 2, 0x0F, "testpd")
_EQ, _LT, _GT = 0, 17, 30
_KORB, _KORTESTB = (5, 1, 0x45, "korb"), (1, 1, 0x98, "kortestb")
_K1, _K2 = 1, 2
# What a stub hands to the thunk on the stack: eight lanes, their squares, masks of what is certain, how many.
_LANES, _SQUARES, _MASKS, _COUNT, _SIZE = 0, 64, 128, 192, 208


def square(s: X86Selector, v: int) -> None:
    """fsquare x   ->   mul d, x, x; ...; jne stub"""
    x = s.args[v][0]
    type = s.types[v]
    if type is F64:
        s.add(_SQUARE, (v + FIRST, s.m.new(True)), (s.use(x),), None, Stub(_square_stub, ()))
    else:
        outs = (v + FIRST, s.m.new(VECTOR), s.m.new(VECTOR))
        s.add(_SQUARES_OP, outs, (s.use(x),), type.size, Stub(_squares_stub, (), data=type.size))


def _square(e: Emitter, o: Locs, i: Locs, imm: Any, stub: Any) -> None:
    d, t = o
    x = i[0]
    e.vex_rrr(_MUL[0], d, x, x)
    e.move_x(t, d)
    e.vex_rrr(_FMSUB[0], t, x, x)
    e.vex_rrm(_FMADD[0], t, d, e.constant(_MORE))
    # NaN is below as well as above.
    e.ucomi_m(UCOMISD, d, e.constant(_LEAST))
    e.jcc(BE, stub)
    e.ucomi_m(UCOMISD, d, e.constant(_MOST))
    e.jcc(AE, stub)
    e.ucomi(UCOMISD, t, d)
    e.jcc(NE, stub)
    stub.back = object()
    e.bind(stub.back)


def _square_stub(e: Emitter, stub: Stub) -> None:
    (d, _), (x,) = stub.operands
    e.bind(stub)
    asks = object()
    e.ucomi_m(UCOMISD, x, e.constant(_ZERO))
    e.jcc(NE, asks)
    e.jcc(P, asks)
    e.jmp(stub.back)
    e.bind(asks)
    e.lea(RSP, (RSP, -1, 0, -_SIZE))
    e.store_x(MOVSD_STORE, (RSP, -1, 0, _LANES), x)
    e.store_i(8, (RSP, -1, 0, _MASKS), 0)
    _ask(e, 1)
    e.load_x(MOVSD_LOAD, d, (RSP, -1, 0, _SQUARES))
    e.lea(RSP, (RSP, -1, 0, _SIZE))
    e.jmp(stub.back)


def _ask(e: Emitter, lanes: int) -> None:
    e.store_i(8, (RSP, -1, 0, _COUNT), lanes)
    _, _, _, offset = e.constant(thunk(e.vector_bytes).to_bytes(8, "little"))
    e.call_pool(offset)


def _squares(e: Emitter, o: Locs, i: Locs, size: int, stub: Any) -> None:
    """outs: the squares, a mask of those that are certain, scratch. With 512 bits the mask is k1."""
    d, t, u = o
    x = i[0]
    bit = WIDTH_BITS.get(size, 0)
    compare = (_CMPPD[0] | bit, *_CMPPD[1:])

    def wide(data: bytes) -> Any:
        return e.constant(data * (size // 8))

    e.vex_rrr((_MUL[1][0] | bit, *_MUL[1][1:]), d, x, x)
    e.move_x(t, d)
    e.vex_rrr((_FMSUB[1][0] | bit, *_FMSUB[1][1:]), t, x, x)
    e.vex_rrm((_FMADD[1][0] | bit, *_FMADD[1][1:]), t, d, wide(_MORE))
    if size == 64:
        e.evex_rrr(compare, _K1, t, d)
        e.byte(_EQ)
        for predicate, bound in ((_GT, _LEAST), (_LT, _MOST)):
            e.evex_rrm(compare, _K1, d, wide(bound), _K1)
            e.byte(predicate)
        e.vex_rrr(_KORTESTB, _K1, 0, _K1)
    else:
        both = (ANDPS[0] | bit, *ANDPS[1:])
        e.vex_rrr(compare, t, t, d)
        e.byte(_EQ)
        for predicate, bound in ((_GT, _LEAST), (_LT, _MOST)):
            e.vex_rrm(compare, u, d, wide(bound))
            e.byte(predicate)
            e.vex_rrr(both, t, t, u)
        e.vex_rrm((_TESTPD[0] | bit, *_TESTPD[1:]), t, 0, wide(b"\xff" * 8))
    e.jcc(AE, stub)
    stub.back = object()
    e.bind(stub.back)


def _squares_stub(e: Emitter, stub: Stub) -> None:
    (d, t, u), (x,) = stub.operands
    size = stub.data
    bit = WIDTH_BITS.get(size, 0)
    compare = (_CMPPD[0] | bit, *_CMPPD[1:])
    e.bind(stub)
    e.zero_x(u)
    if size == 64:
        e.evex_rrr(compare, _K2, x, u)
        e.byte(_EQ)
        e.vex_rrr(_KORB, _K1, _K1, _K2)
        e.vex_rrr(_KORTESTB, _K1, 0, _K1)
        e.jcc(B, stub.back)
        e.evex_rrr((FROM_MASK[8][0] | bit, *FROM_MASK[8][1:]), t, 0, _K1)
    else:
        e.vex_rrr(compare, u, x, u)
        e.byte(_EQ)
        e.vex_rrr((ORPS[0] | bit, *ORPS[1:]), t, t, u)
        e.vex_rrm((_TESTPD[0] | bit, *_TESTPD[1:]), t, 0, e.constant(b"\xff" * size))
        e.jcc(B, stub.back)
    store, load = (bit, *MOVUPS_STORE[1:]), (bit, *MOVUPS_LOAD[1:])
    e.lea(RSP, (RSP, -1, 0, -_SIZE))
    for at, r in ((_LANES, x), (_SQUARES, d), (_MASKS, t)):
        e.store_x(store, (RSP, -1, 0, at), r)
    _ask(e, size // 8)
    e.load_x(load, d, (RSP, -1, 0, _SQUARES))
    e.lea(RSP, (RSP, -1, 0, _SIZE))
    e.jmp(stub.back)


_SQUARE = MachineOp("square", _square, "c", late=0)
_SQUARES_OP = MachineOp("squares", _squares, "c", late=0)

_kept: dict[int, Region] = {}


def thunk(size: int) -> int:
    """The address of what asks `pow` for the lanes that are not certain and keeps every register, `size` bytes of
    those for floats. Made once."""
    if size not in _kept:
        code = _thunk(_address_of_pow(), size)
        _kept[size] = reserve(len(code)).write(code)
    return _kept[size].code_address


def _address_of_pow() -> int:
    """Of the one that Python calls: what the dynamic linker gives the whole process."""
    for library in (None, "libm.so.6"):
        try:
            return ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(library), "pow"))
        except ValueError:
            continue
    raise OSError("there is no pow")


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
    e.mov_ri(RAX, int.from_bytes(pack("<d", 2.0), "little"))
    e.vex_rrr(MOVQ_TO, 17, 0, RAX, 8)
    e.mov_ri(RAX, address)
    e.call_r(RAX)
    e.vex_rrm(MOVSD_STORE, 16, 0, lane(_SQUARES))
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
