"""Vectors: loads and stores, which rule serves which operation, and what there is for which type.

Loaded for the first function that has vectors.
"""

from __future__ import annotations

from ...codegen.machine import FIRST, VECTOR
from ...ir.ops import OPS
from . import ops
from . import ops_vector as vops
from . import rules_lanes as lanes
from . import rules_order as order
from . import rules_vector as vector
from .emit import WIDTH_BITS
from .rules import RULES as SCALAR
from .vector_build import AVX2, AVX512, SSE2, SSE41, TO_MASK, Build, W, level_of, memory, sized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...codegen.select import Rule
    from ...ir.ops import Op
    from ...ir.types import Type
    from .encode import Row
    from .select import X86Selector

_MOVUPS, _MOVUPS_STORE = ops.MOVUPS_LOAD, ops.MOVUPS_STORE
# Parts of a register: bytes -> row
_LOADS: dict[int, Row] = {4: ops.MOVSS_LOAD, 8: ops.MOVSD_LOAD, 16: _MOVUPS}
_LOADS.update((size, (bit, *_MOVUPS[1:])) for size, bit in WIDTH_BITS.items())
_STORES: dict[int, Row] = {4: ops.MOVSS_STORE, 8: ops.MOVSD_STORE, 16: _MOVUPS_STORE}
_STORES.update((size, (bit, *_MOVUPS_STORE[1:])) for size, bit in WIDTH_BITS.items())
_PINSRW = (1, 1, 0xC4, "pinsrw")
# Element -> row, for floats and integers
_MASKED_LOAD = {(4, True): (1, 2, 0x2C, "maskmovps"), (8, True): (1, 2, 0x2D, "maskmovpd"),
                (4, False): (1, 2, 0x8C, "pmaskmovd"), (8, False): (1 | W, 2, 0x8C, "pmaskmovq")}  # fmt: skip
_MASKED_STORE = {(4, True): (1, 2, 0x2E, "maskmovps"), (8, True): (1, 2, 0x2F, "maskmovpd"),
                 (4, False): (1, 2, 0x8E, "pmaskmovd"), (8, False): (1 | W, 2, 0x8E, "pmaskmovq")}  # fmt: skip


# Element -> row to load by a mask register, and its opcode to store
_MOVE_WHERE = {1: (3, 1, 0x6F, "movdqu8"), 2: (3 | W, 1, 0x6F, "movdqu16"), 4: (0, 1, 0x10, "movups"),
               8: (1 | W, 1, 0x10, "movupd")}  # fmt: skip
_STORE_WHERE = {1: 0x7F, 2: 0x7F, 4: 0x11, 8: 0x11}


def load(s: X86Selector, v: int) -> None:
    type = s.types[v]
    if type.lanes == 1:
        SCALAR[s.ops[v]](s, v)
        return
    ins, addr = memory(s, v)
    if type.size == 2:
        b = Build(s, 16)
        s.add(vops.LOAD_WORD, (v + FIRST,), (b.zero(), *ins), (_PINSRW, addr))
    else:
        s.add(ops.LOAD_X, (v + FIRST,), ins, (_LOADS[type.size], addr))


def store(s: X86Selector, v: int) -> None:
    value, *place = s.args[v]
    type = s.types[value]
    if type.lanes == 1:
        SCALAR[s.ops[v]](s, v)
        return
    r = s.use(value)
    ins, addr = s.address(place[0], place[1] if len(place) > 1 else None, s.imms[v])
    if type.size == 2:
        t = s.m.new(0)
        s.add(vops.MOVE_OUT, (t,), (r,), (lanes.MOVD_OUT, 0))
        s.add(ops.STORE, (), (t, *ins), (2, addr))
    else:
        s.add(ops.STORE_X, (), (r, *ins), (_STORES[type.size], addr))


def masked_load(s: X86Selector, v: int) -> None:
    mask, *place = s.args[v]
    type = s.types[v]
    b = Build(s, type.size)
    ins, addr = s.address(place[0], place[1] if len(place) > 1 else None, s.imms[v])
    size = type.element.size
    compared = vector.compared(s, mask) if b.size == 64 else None
    if compared is not None:
        x, y, *compare = compared
        s.add(vops.LOAD_IF, (v + FIRST,), (x, y, *ins), (*compare, b.row(_MOVE_WHERE[size]), addr))
        return
    m = s.use(mask)
    if b.size == 64 or size < 4:
        s.add(vops.LOAD_WHERE, (v + FIRST,), (m, *ins), (b.row(TO_MASK[size]), b.row(_MOVE_WHERE[size]), addr))
        return
    row = b.row(_MASKED_LOAD[size, type.element.is_float])
    s.add(b.ops.rm, (v + FIRST,), (m, *ins), (row, addr))


def masked_store(s: X86Selector, v: int) -> None:
    value, mask, *place = s.args[v]
    type = s.types[value]
    b = Build(s, type.size)
    r = s.use(value)
    ins, addr = s.address(place[0], place[1] if len(place) > 1 else None, s.imms[v])
    size = type.element.size
    row = b.row((*_MOVE_WHERE[size][:2], _STORE_WHERE[size], _MOVE_WHERE[size][3]))
    compared = vector.compared(s, mask) if b.size == 64 else None
    if compared is not None:
        x, y, *compare = compared
        s.add(vops.STORE_IF, (), (r, x, y, *ins), (*compare, row, addr))
        return
    m = s.use(mask)
    if b.size == 64 or size < 4:
        s.add(vops.STORE_WHERE, (), (r, m, *ins), (b.row(TO_MASK[size]), row, addr))
        return
    row = b.row(_MASKED_STORE[size, type.element.is_float])
    s.add(vops.MASKED_STORE, (), (r, m, *ins), (row, addr))


def gather(s: X86Selector, v: int) -> None:
    base, index, *mask = s.args[v]
    type, indices = s.types[v], s.types[index]
    long = indices.element.size == 8
    # the width is that of the larger of indices and result
    b = Build(s, max(sized(type), sized(indices)))
    size = type.element.size
    opcode = (0x92 if type.element.is_float else 0x90) + long
    name = f"{'' if type.element.is_float else 'p'}gather{'q' if long else 'd'}"
    row = b.row((1 | (W if size == 8 else 0), 2, opcode, name))
    memory = s.imms[v]
    ins = (*[s.use(m) for m in mask], s.use(base), s.use(index))
    place = ({1: 0, 2: 1, 4: 2, 8: 3}[memory.scale], memory.disp)
    if b.size == 64:
        # one bit of the mask for each lane: what has as many lanes says where they are
        to_mask = Build(s, sized(type)).row(TO_MASK[size]) if mask else None
        s.add(vops.GATHER_WHERE, (v + FIRST,), ins, (row, to_mask, *place))
    else:
        s.add(vops.GATHER, (v + FIRST, s.m.new(VECTOR)), ins, (row, bool(mask), *place))


def _lanewise(scalar: Rule, rule: Rule) -> Rule:
    def either(s: X86Selector, v: int) -> None:
        (rule if s.types[s.args[v][0]].lanes > 1 else scalar)(s, v)

    return either  # type: ignore[return-value]


# rule, names, the level it needs by the size of the elements (1, 2, 4, 8; -1: not at all), whether floats or integers
_ANY, _NO = (SSE2,) * 4, -1
_FLOATS = (_NO, _NO, SSE2, SSE2)
_TABLE: tuple[tuple[Any, str, tuple[int, int, int, int], str], ...] = (
    (vector.add, "add", _ANY, "i"),
    (vector.sub, "sub", _ANY, "i"),
    (vector.neg, "neg", _ANY, "i"),
    (vector.mul, "mul", (_NO, SSE2, SSE2, SSE2), "i"),
    (vector.umulh, "umulh", (_NO, SSE2, SSE2, _NO), "i"),
    (vector.popcnt, "popcnt", (SSE41, _NO, _NO, SSE41), "i"),
    (vector.logic, "and or xor", _ANY, "i"),
    (vector.not_, "not", _ANY, "i"),
    (vector.shift, "shl lshr sar", _ANY, "i"),
    (vector.min_max, "smin smax umin umax", _ANY, "i"),
    (vector.iabs, "iabs", _ANY, "i"),
    (vector.compare, "eq ne slt sle sgt sge ult ule ugt uge", _ANY, "i"),
    (vector.compare, "feq fne flt fle fgt fge", _FLOATS, "f"),
    (vector.select, "select", _ANY, "if"),
    (vector.float_binary, "fadd fsub fmul fdiv fmin fmax", _FLOATS, "f"),
    (vector.sqrt, "fsqrt", _FLOATS, "f"),
    (SCALAR[OPS["fpower"]], "fpower", (_NO, _NO, AVX2, AVX2), "f"),
    (vector.fneg, "fneg", _FLOATS, "f"),
    (vector.fabs, "fabs", _FLOATS, "f"),
    (vector.fcopysign, "fcopysign", _FLOATS, "f"),
    (vector.rounding, "ffloor fceil ftrunc frint", (_NO, _NO, SSE41, SSE41), "f"),
    (vector.fma, "fma", (_NO, _NO, AVX2, AVX2), "f"),
    (lanes.splat, "splat", _ANY, "if"),
    (lanes.lane, "lane", _ANY, "if"),
    (lanes.insert, "insert", _ANY, "if"),
    (order.shuffle, "shuffle", (SSE41, SSE41, SSE2, SSE2), "if"),
    (lanes.low, "low", _ANY, "if"),
    (lanes.high, "high", _ANY, "if"),
    (lanes.join, "join", _ANY, "if"),
    (lanes.widen, "vsext vzext", (SSE41, SSE41, SSE41, _NO), "i"),
    (lanes.narrow, "vtrunc", (_NO, SSE41, SSE41, SSE41), "i"),
    (lanes.i2f, "i2f", (SSE41, SSE41, SSE2, SSE2), "i"),
    (lanes.f2i, "f2i", _FLOATS, "f"),
    (lanes.vf2i, "vf2i", _FLOATS, "f"),
    (lanes.fext, "fext", (_NO, _NO, SSE2, _NO), "f"),
    (lanes.fround, "fround", (_NO, _NO, _NO, SSE2), "f"),
    (lanes.bits, "f2bits", (_NO, _NO, _NO, SSE2), "f"),
    (lanes.bits, "bits2f", (_NO, _NO, _NO, SSE2), "i"),
    (lanes.radd, "radd", (SSE2, SSE41, SSE41, SSE2), "i"),
    (lanes.reduce, "rsmin rsmax rumin rumax rand ror rxor", _ANY, "i"),
    (lanes.reduce, "rfadd rfmul rfmin rfmax", _FLOATS, "f"),
    (lanes.movemask, "movemask", _ANY, "i"),
    (lanes.mask_value, "anyset allset", _ANY, "i"),
    (load, "load", _ANY, "if"),
    (store, "store", _ANY, "if"),
    (masked_load, "mload", (AVX512, AVX512, AVX2, AVX2), "if"),
    (masked_store, "mstore", (AVX512, AVX512, AVX2, AVX2), "if"),
    (gather, "gather", (_NO, _NO, AVX2, AVX2), "if"),
)
# Rows about whole registers: not for vectors of less than 16 bytes.
_WHOLE = frozenset(
    "insert shuffle radd rsmin rsmax rumin rumax rand ror rxor rfadd rfmul rfmin rfmax movemask anyset allset mload "
    "mstore gather fpower".split()
)
_FUSED = ("fma", "fpower")
_BY_LANES = {"shlv": "shl", "lshrv": "lshr", "sarv": "sar"}

RULES: dict[Op, Rule] = dict(SCALAR)
_LEVELS: dict[str, tuple[tuple[int, int, int, int], str]] = {}
for _rule, _names, _needs, _kinds in _TABLE:
    for _name in _names.split():
        _op = OPS[_name]
        RULES[_op] = _lanewise(SCALAR[_op], _rule) if _op.lanewise and _op in SCALAR else _rule
        _LEVELS[_name] = _needs, _kinds

CONDITIONS: dict[Op, Callable[[X86Selector, int], int]] = {
    OPS["anyset"]: lanes.test_mask, OPS["allset"]: lanes.test_mask,
}  # fmt: skip
"""What sets the flags by itself where it is branched on."""


def supports(name: str, type: Type, features: frozenset[str]) -> bool:
    """Whether there is operation `name` for vectors of `type`: that of the first vector among its arguments, or of the
    result. `shlv`, `lshrv`, `sarv` ask for shifts whose counts are no splat."""
    level = level_of(features)
    whole = _BY_LANES.get(name)
    found = _LEVELS.get(whole or name)
    if found is None or type.lanes == 1 or type.size > 64:
        return False
    needs, kinds = found
    need = needs[type.element.size.bit_length() - 1]
    if need < 0 or ("f" if type.element.is_float else "i") not in kinds:
        return False
    if (name in _FUSED and "fma" not in features) or (type.size < 16 and name in _WHOLE):
        return False
    size = 2 * type.size if name == "join" else type.size
    if size == 64:
        bytewise = name == "shuffle" and type.element.size == 1 and "avx512vbmi" not in features
        need = AVX512 + 1 if bytewise else AVX512
    elif whole or size == 32:
        need = max(need, AVX2)
    return level >= need
