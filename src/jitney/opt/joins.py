"""Numbers put together of bytes that lie side by side are one load: ``b[i] | b[i + 1] << 8``.

    v4 = load u8 [v0 + v1]              v8 = load u16 [v0 + v1]
    v5 = load u8 [v0 + v1 + 1]
    v6 = shl v5, 8                ->
    v8 = or v4, v6

Least significant byte first, as the processor has it; two, four or eight of them, in any order of the operations, by
`or`, `add` or `xor`. The load takes the place of the last operation, behind all loads of single bytes and what checked
these; nothing may write in between. In front of the vectoriser, which loads lanes of any width.
"""

from __future__ import annotations

from ..analysis.memory import place
from ..ir.function import Memory
from ..ir.ops import OPS
from ..ir.types import ACCESSES, I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..analysis.memory import Place
    from ..ir.function import Block, Function

_CONST, _LOAD, _SHL, _CCALL = OPS["const"], OPS["load"], OPS["shl"], OPS["ccall"]
_JOINING = (OPS["or"], OPS["add"], OPS["xor"])
_WIDE = {2: "u16", 4: "u32", 8: "i64"}


class _Part:
    """A value that is so many bytes from memory, shifted to the left.

    Attributes:
        at: where the first of them lies. size: how many. shift: in bits. epoch: how many writes of the block were
        before the loads. memory: the record of one of the loads.
    """

    __slots__ = ("at", "epoch", "memory", "shift", "size")

    def __init__(self, at: Place, size: int, shift: int, epoch: int, memory: Memory) -> None:
        self.at = at
        self.size = size
        self.shift = shift
        self.epoch = epoch
        self.memory = memory


def join(function: Function) -> Function:
    """In place, load together what is put together."""
    changed = False
    for block in function.blocks:
        changed = _join(function, block) or changed
    if changed:
        _drop(function)
    return function


def _join(function: Function, block: Block) -> bool:
    ops, args, imms = function.ops, function.args, function.imms
    parts: dict[int, _Part] = {}
    found: list[tuple[int, _Part]] = []
    epoch = 0
    for v in block.insts:
        op = ops[v]
        if op is _LOAD:
            memory = imms[v]
            if function.types[v] is I64 and memory.access.size < 8 and not memory.access.signed:
                parts[v] = _Part(place(function, v), memory.access.size, 0, epoch, memory)
        elif op is _SHL:
            x, by = args[v]
            if x in parts and ops[by] is _CONST:
                part = parts[x]
                shift = part.shift + imms[by]
                if 0 <= imms[by] and shift % 8 == 0 and shift + 8 * part.size <= 64:
                    parts[v] = _Part(part.at, part.size, shift, part.epoch, part.memory)
        elif op in _JOINING:
            a, b = args[v]
            if a in parts and b in parts:
                whole = _joined(parts[a], parts[b])
                if whole is not None and whole.epoch == epoch:
                    parts[v] = whole
                    if whole.size in _WIDE and not whole.shift:
                        found.append((v, whole))
        elif op.writes and not (op is _CCALL and imms[v].pure):
            epoch += 1
    for v, whole in found:
        base, index, scale, disp = whole.at
        old = whole.memory
        ops[v] = _LOAD
        args[v] = (base,) if index < 0 else (base, index)
        imms[v] = Memory(ACCESSES[_WIDE[whole.size]], scale, disp, old.region, old.invariant)
    return bool(found)


def _joined(a: _Part, b: _Part) -> _Part | None:
    """Both in one, where one follows the other in memory and in the number."""
    if a.shift > b.shift:
        a, b = b, a
    same = a.at[:3] == b.at[:3] and a.epoch == b.epoch and a.memory.region == b.memory.region
    if not same or b.at[3] != a.at[3] + a.size or b.shift != a.shift + 8 * a.size:
        return None
    if a.memory.invariant != b.memory.invariant or not -(1 << 31) <= a.at[3] < 1 << 31:
        return None
    return _Part(a.at, a.size + b.size, a.shift, a.epoch, a.memory)


def _drop(function: Function) -> None:
    """Leave out single loads and shifts that nobody wants any more: the next passes had to look at them."""
    ops, args = function.ops, function.args
    uses = [0] * len(ops)
    for a in function.uses():
        uses[a] += 1
    for loop in function.loops():
        if loop.counter >= 0:
            uses[loop.stop] += 1
    for block in reversed(function.blocks):
        kept = []
        for v in reversed(block.insts):
            if not uses[v] and (ops[v] is _LOAD or ops[v] is _SHL or ops[v] in _JOINING):
                for a in args[v]:
                    uses[a] -= 1
            else:
                kept.append(v)
        block.insts = kept[::-1]
