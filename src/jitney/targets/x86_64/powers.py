"""`fpower`, of numbers and of lanes: what C's ``pow(x, exponent)``, or `powf`, gives, mostly without calling it.

    mov d, guess
    ucomi d, ...                            certain: least < |d| < greatest, of `ir.powers.bounds`, and above == below
    ucomi above, below; jne stub

`opt/powers.py` computes these three. What is not certain is left to `pow`, one call in fifty, by a thunk that keeps
all registers: so a power is an operation like others to whoever allocates registers. The square of zero is zero.

Loaded for the first function that has any. Needs FMA, and AVX2 for lanes.
"""

from __future__ import annotations

from struct import pack

from ...asm.memory import reserve
from ...codegen.machine import FIRST, VECTOR, MachineOp, Stub
from ...ir.powers import bounds
from ...ir.types import F32, F64
from . import libm
from .emit import WIDTH_BITS
from .encode import AE, AND, BE, NE, RAX, RBP, RBX, RCX, RSP, SUB, XOR, B, Encoder, P
from .ops import MOVSD_LOAD, MOVSD_STORE, MOVSS_LOAD, MOVSS_STORE, MOVUPS_LOAD, MOVUPS_STORE
from .ops_control import CALLER_SAVED
from .ops_float import ABS32, ABS64, ANDPS, ORPS
from .vector_build import CMP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...asm.memory import Region
    from ...ir.types import Type
    from .emit import Emitter
    from .encode import Row
    from .ops import Locs
    from .select import X86Selector

_EQ, _LT, _GT = 0, 17, 30
_K1, _K2 = 1, 2


class _Kind:
    """How numbers of one type are handled.

    Attributes:
        name: of the C function.
        code: for `struct.pack`. size: bytes. shift: its logarithm. magnitude: all bits but the sign.
        compare_two: of scalars. load, store: of one.
        compare: lanes, into a mask. test: whether a mask is all ones; by `kortest` for 512 bits, where `kor` joins two.
        signs, kmov: from a mask, lanes or bits, to bits in a general register.
    """

    __slots__ = (
        "code", "compare", "compare_two", "kmov", "kor", "kortest", "load", "magnitude", "name", "shift", "signs",
        "size", "store", "test",
    )  # fmt: skip

    def __init__(self, type: Type) -> None:
        prefix = int(type is F64)
        letter = "sd"[prefix]
        self.name, self.code, self.size, self.shift = ("pow", "<d", 8, 3) if prefix else ("powf", "<f", 4, 2)
        self.load, self.store = (MOVSD_LOAD, MOVSD_STORE) if prefix else (MOVSS_LOAD, MOVSS_STORE)
        self.magnitude = (ABS64 if prefix else ABS32)[: self.size]
        self.compare_two: Row = (prefix, 1, 0x2E, f"ucomis{letter}")
        self.compare = CMP[self.size]
        self.test: Row = (1, 2, 0x0E + prefix, f"testp{letter}")
        self.signs: Row = (prefix, 1, 0x50, f"movmskp{letter}")
        letter = "wb"[prefix]
        self.kor: Row = (4 | prefix, 1, 0x45, f"kor{letter}")
        self.kortest: Row = (prefix, 1, 0x98, f"kortest{letter}")
        self.kmov: Row = (prefix, 1, 0x93, f"kmov{letter}")

    def number(self, x: float) -> bytes:
        return pack(self.code, x)


_KINDS = {F32: _Kind(F32), F64: _Kind(F64)}
# What a stub hands to the thunk on the stack: up to sixteen lanes, their powers, a bit for each that is not certain, to
# which power; and what it keeps there.
_LANES, _POWERS, _BITS, _EXPONENT, _KEPT, _SIZE = 0, 64, 128, 136, 144, 160
_FLOATS = 16  # number of the first register for floats
_STEP = 4


def power(s: X86Selector, v: int) -> None:
    """fpower guess, above, below, x, exponent   ->   d = guess; ...; jne stub"""
    type, exponent = s.types[v], s.imms[v]
    imm = type, exponent
    ins = tuple([s.use(a) for a in s.args[v]])
    vector = type.lanes > 1
    scratch = 2 if vector else 1 if exponent % 2.0 == 1.0 or exponent != exponent else 0
    outs = (v + FIRST, *[s.m.new(VECTOR if vector else True) for _ in range(scratch)])
    op, stub = (_POWERS_OP, _powers_stub) if vector else (_POWER, _power_stub)
    s.add(op, outs, ins, imm, Stub(stub, (), data=imm))


def _power(e: Emitter, o: Locs, i: Locs, imm: tuple[Type, float], stub: Any) -> None:
    type, exponent = imm
    kind = _KINDS[type]
    limits = bounds(type, exponent)
    d = size = o[0]
    e.move_x(d, i[0])
    if len(o) > 1:
        # An odd power has a sign, and who knows of one that is not known.
        size = o[1]
        e.move_x(size, d)
        e.op_xm(ANDPS, size, size, e.constant(kind.magnitude * (16 // kind.size)))
    if limits is not None:
        # NaN is below as well as above, and what is neither has neighbours that are no NaN.
        least, greatest = [kind.number(x) for x in limits]
        e.ucomi_m(kind.compare_two, size, e.constant(least))
        e.jcc(BE, stub)
        e.ucomi_m(kind.compare_two, size, e.constant(greatest))
        e.jcc(AE, stub)
    # Where an end is NaN, flags are as for equal ones: the number is NaN or infinite, and so is its square.
    e.ucomi(kind.compare_two, i[1], i[2])
    e.jcc(NE, stub)
    stub.back = object()
    e.bind(stub.back)


def _power_stub(e: Emitter, stub: Stub) -> None:
    (d, *_), (_, _, _, x, *given) = stub.operands
    type, exponent = stub.data
    kind = _KINDS[type]
    e.bind(stub)
    if exponent == 2.0:
        asks = object()
        e.ucomi_m(kind.compare_two, x, e.constant(kind.number(0.0)))
        e.jcc(NE, asks)
        e.jcc(P, asks)
        e.jmp(stub.back)
        e.bind(asks)
    e.lea(RSP, (RSP, -1, 0, -_SIZE))
    e.store_x(kind.store, (RSP, -1, 0, _LANES), x)
    e.store_i(8, (RSP, -1, 0, _BITS), 1)
    y = given[0] if given else d
    if not given:
        e.load_x(kind.load, y, e.constant(kind.number(exponent)))
    _ask(e, kind, y)
    e.load_x(kind.load, d, (RSP, -1, 0, _POWERS))
    e.lea(RSP, (RSP, -1, 0, _SIZE))
    e.jmp(stub.back)


def _ask(e: Emitter, kind: _Kind, y: int) -> None:
    e.store_x(kind.store, (RSP, -1, 0, _EXPONENT), y)
    _, _, _, offset = e.constant(thunk(kind, e.vector_bytes, e.floats).to_bytes(8, "little"))
    e.call_pool(offset)


def _powers(e: Emitter, o: Locs, i: Locs, imm: tuple[Type, float], stub: Any) -> None:
    """outs: the powers, a mask of those that are certain, scratch. With 512 bits the mask is k1."""
    type, exponent = imm
    size, kind = type.size, _KINDS[type.element]
    limits = [kind.number(x) for x in bounds(type.element, exponent) or ()]
    d, t, u = o
    bit = WIDTH_BITS.get(size, 0)
    compare = (kind.compare[0] | bit, *kind.compare[1:])
    both = (ANDPS[0] | bit, *ANDPS[1:])

    def wide(data: bytes) -> Any:
        return e.constant(data * (size // len(data)))

    e.move_x(d, i[0])
    magnitude = d
    if exponent % 2.0 == 1.0:
        magnitude = t
        e.vex_rrm(both, t, d, wide(kind.magnitude))
    if size == 64:
        e.evex_rrr(compare, _K1, i[1], i[2])
        e.byte(_EQ)
        for predicate, bound in zip((_GT, _LT), limits):
            e.evex_rrm(compare, _K1, magnitude, wide(bound), _K1)
            e.byte(predicate)
        e.vex_rrr(kind.kortest, _K1, 0, _K1)
    else:
        equal = t
        if limits:
            equal = u
            for target, predicate, bound in zip((u, t), (_GT, _LT), limits):
                e.vex_rrm(compare, target, magnitude, wide(bound))
                e.byte(predicate)
            e.vex_rrr(both, t, t, u)
        e.vex_rrr(compare, equal, i[1], i[2])
        e.byte(_EQ)
        if limits:
            e.vex_rrr(both, t, t, u)
        e.vex_rrm((kind.test[0] | bit, *kind.test[1:]), t, 0, wide(b"\xff" * 8))
    e.jcc(AE, stub)
    stub.back = object()
    e.bind(stub.back)


def _powers_stub(e: Emitter, stub: Stub) -> None:
    (d, t, u), (_, _, _, x) = stub.operands
    type, exponent = stub.data
    size, kind = type.size, _KINDS[type.element]
    bit = WIDTH_BITS.get(size, 0)
    compare = (kind.compare[0] | bit, *kind.compare[1:])
    e.bind(stub)
    if exponent == 2.0:
        e.zero_x(u)
        if size == 64:
            e.evex_rrr(compare, _K2, x, u)
            e.byte(_EQ)
            e.vex_rrr(kind.kor, _K1, _K1, _K2)
            e.vex_rrr(kind.kortest, _K1, 0, _K1)
        else:
            e.vex_rrr(compare, u, x, u)
            e.byte(_EQ)
            e.vex_rrr((ORPS[0] | bit, *ORPS[1:]), t, t, u)
            e.vex_rrm((kind.test[0] | bit, *kind.test[1:]), t, 0, e.constant(b"\xff" * size))
        e.jcc(B, stub.back)
    store, load = (bit, *MOVUPS_STORE[1:]), (bit, *MOVUPS_LOAD[1:])
    e.lea(RSP, (RSP, -1, 0, -_SIZE))
    e.store(8, (RSP, -1, 0, _KEPT), RAX)
    for at, r in ((_LANES, x), (_POWERS, d)):
        e.store_x(store, (RSP, -1, 0, at), r)
    if size == 64:
        e.vex_rrr(kind.kmov, RAX, 0, _K1)
    else:
        e.vex_rrr((kind.signs[0] | bit, *kind.signs[1:]), RAX, 0, t)
    e.alu_ri(XOR, RAX, (1 << type.lanes) - 1)
    e.store(8, (RSP, -1, 0, _BITS), RAX)
    e.load_x(kind.load, d, e.constant(kind.number(exponent)))
    _ask(e, kind, d)
    e.load("i64", RAX, (RSP, -1, 0, _KEPT))
    e.load_x(load, d, (RSP, -1, 0, _POWERS))
    e.lea(RSP, (RSP, -1, 0, _SIZE))
    e.jmp(stub.back)


_POWER = MachineOp("power", _power, "c", tie=1, late=1)
_POWERS_OP = MachineOp("powers", _powers, "c", tie=1, late=1)

_kept: dict[tuple[str, int, int], Region] = {}


def thunk(kind: _Kind, size: int, floats: int) -> int:
    """The address of what asks `pow` for the lanes that are not certain and keeps every register; of those for floats
    the first ones, `size` bytes of each. Made once for some numbers of them."""
    floats = min(-(-floats // _STEP) * _STEP, 16)
    key = kind.name, size, floats
    if key not in _kept:
        code = _thunk(kind, libm.address(kind.name), size, range(_FLOATS, _FLOATS + floats))
        _kept[key] = reserve(len(code)).write(code)
    return _kept[key].code_address


def _thunk(kind: _Kind, address: int, size: int, floats: Sequence[int]) -> bytes:
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
        return (RBP, RCX, kind.shift, 16 + at)

    following = object()
    e.load("i64", RBX, (RBP, -1, 0, 16 + _BITS))
    e.bind(following)
    e.bit_scan(0xBC, RCX, RBX)
    e.vex_rrm(kind.load, _FLOATS, 0, lane(_LANES))
    e.vex_rrm(kind.load, _FLOATS + 1, 0, (RBP, -1, 0, 16 + _EXPONENT))
    e.mov_ri(RAX, address)
    e.call_r(RAX)
    e.bit_scan(0xBC, RCX, RBX)
    e.vex_rrm(kind.store, _FLOATS, 0, lane(_POWERS))
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
