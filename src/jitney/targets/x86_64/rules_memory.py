"""Rules for loads, stores and frame memory."""

from __future__ import annotations

from ...codegen.machine import FIRST
from ...codegen.select import CONST
from ...ir.ops import OPS
from ...ir.types import I1
from . import ops
from .encode import ADD, AND, OR, SUB, XOR
from .select import X86Selector, fits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...ir.function import Memory

_NARROWING = {OPS[name]: int(name[4:]) // 8 for name in ("sext8", "sext16", "sext32", "zext8", "zext16", "zext32")}
_FLOAT_LOADS = {"f64": ops.MOVSD_LOAD, "f32": ops.MOVSS_LOAD}
_FLOAT_STORES = {"f64": ops.MOVSD_STORE, "f32": ops.MOVSS_STORE}

_MODIFY = {OPS["add"]: ADD, OPS["sub"]: SUB, OPS["and"]: AND, OPS["or"]: OR, OPS["xor"]: XOR}


def load(s: X86Selector, v: int) -> None:
    name = s.imms[v].access.name
    ins, addr = s.memory(v)
    d = (v + FIRST,)
    if name in _FLOAT_LOADS:
        s.add(ops.LOAD_X, d, ins, (_FLOAT_LOADS[name], addr))
    elif name == "b1":
        s.add(ops.LOAD_BOOL, d, ins, addr)
    else:
        s.add(ops.LOAD, d, ins, ("i64" if name == "ptr" else name, addr))


def store(s: X86Selector, v: int) -> None:
    value, base, *rest = s.args[v]
    memory = s.imms[v]
    access = memory.access
    size = access.size
    index = rest[0] if rest else None
    if _modify(s, value, base, index, memory):
        return
    if s.ops[value] is CONST:
        c = s.constant_imm(s.types[value], s.imms[value])
        if type(c) is bytes:
            c = int.from_bytes(c, "little", signed=True)
        if size < 8 or fits(c):
            ins, addr = s.address(base, index, memory)
            s.add(ops.STORE_I, (), ins, (size, c, addr))
            return
    if access.name in _FLOAT_STORES:
        r = s.use(value)
        ins, addr = s.address(base, index, memory)
        s.add(ops.STORE_X, (), (r, *ins), (_FLOAT_STORES[access.name], addr))
        return
    # the bits above those stored do not matter
    while _NARROWING.get(s.ops[value], 0) >= size and s.counts[value] == 1:
        value = s.args[value][0]
    r = s.use(value)
    ins, addr = s.address(base, index, memory)
    s.add(ops.STORE, (), (r, *ins), (size, addr))


def _modify(s: X86Selector, value: int, base: int, index: int | None, memory: Memory) -> bool:
    """store (op (load p), x), p   ->   op [p], x"""
    k = _MODIFY.get(s.ops[value])
    if k is None or s.counts[value] != 1 or s.function.homes[value] is not s.block or memory.access.type is I1:
        return False
    address = (base,) if index is None else (base, index)
    for load, other in (s.args[value], s.args[value][::-1]):
        if s.sinks(load) and s.args[load] == address and load != other:
            old = s.imms[load]
            if old.access.size == memory.access.size and (old.scale, old.disp) == (memory.scale, memory.disp):
                size = old.access.size
                c = s.integer(other)
                if c is not None and fits(c):
                    ins, addr = s.address(base, index, memory)
                    c = (c + (1 << 8 * size - 1)) % (1 << 8 * size) - (1 << 8 * size - 1)
                    s.add(ops.ALU_MI, (), ins, (k, size, c, addr))
                else:
                    r = s.use(other)
                    ins, addr = s.address(base, index, memory)
                    s.add(ops.ALU_MR, (), (r, *ins), (k, size, addr))
                return True
        if k == SUB:
            break
    return False


def alloca(s: X86Selector, v: int) -> None:
    s.add(ops.ALLOCA, (v + FIRST,), (), s.frame_offset(v))
