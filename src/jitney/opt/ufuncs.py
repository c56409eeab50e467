"""Calls of NumPy's inner loops become code, and those of C functions calls: the last pass.

    v3 = fcall np.exp at 0x.. pure (v2) : (f64) -> f64      store v8f64 v2, [v4]
                                                            store ptr v4, [v4 + 256]
                                                            store ptr v4 + 128, [v4 + 264] ...
                                                            ccall np.exp at 0x.. (v4 + 256, dimensions, steps, data)
                                                            v3 = load v8f64 [v4 + 128]

    v3 = fcall fmod at 0x.. pure (v1, v2) : (f64, f64) -> f64    v3 = ccall fmod at 0x.. pure (v1, v2)

`v2` being a vector or a number (under fastmath `expand` does the latter). The frame `v4` holds the operands, the
addresses of these, and how many they are.
"""

from __future__ import annotations

from ..ir.function import ArrayCall, Call, Memory
from ..ir.ops import OPS
from ..ir.types import I64, NATURAL, PTR, VOID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..ir.function import Block, Function
    from ..ir.types import Access, Type

_FCALL, _CCALL, _CONST, _LOAD, _STORE = OPS["fcall"], OPS["ccall"], OPS["const"], OPS["load"], OPS["store"]
_PTRADD, _ALLOCA = OPS["ptradd"], OPS["alloca"]
_WORD = 8
_GAP = 64  # bytes: loops take operands for one that lie closer together


def expand(function: Function) -> Function:
    """Replace every `fcall` of an inner loop, and without fastmath all others, in place."""
    ops, imms = function.ops, function.imms
    frames: dict[int, int] = {}
    for block in list(function.blocks):
        if any(ops[v] is _FCALL for v in block.insts):
            given, block.insts = block.insts, []
            for v in given:
                if ops[v] is _FCALL:
                    if imms[v].__class__ is ArrayCall:
                        _Expansion(function, block, v, frames).run()
                    elif not function.fastmath:
                        ops[v] = _CCALL
                block.insts.append(v)
    function.entry.insts[:0] = frames.values()
    return function


class _Expansion:
    """One call, at the end of what a block holds so far. `frames`: the frames that are there, by their size."""

    __slots__ = ("block", "frames", "function", "v")

    def __init__(self, function: Function, block: Block, v: int, frames: dict[int, int]) -> None:
        self.function = function
        self.block = block
        self.v = v
        self.frames = frames

    def run(self) -> None:
        function, v = self.function, self.v
        call, type, args = function.imms[v], function.types[v], function.args[v]
        count, access = len(args) + 1, NATURAL[type]
        each = (access.size + _GAP + 7) & -8
        pointers = each * count
        size = pointers + 2 * _WORD * count + _WORD
        frame = self.frames.get(size)
        if frame is None:
            frame = self.frames[size] = self._new(_ALLOCA, PTR, (), size, function.entry)
        for k, a in enumerate(args):
            self._store(access, a, frame, each * k)
        for k in range(count):
            self._store(NATURAL[PTR], self._at(frame, each * k), frame, pointers + _WORD * k)
        if type.lanes == 1:
            shape = [self._const(PTR, call.loop.dimensions + at) for at in (0, _WORD)]
        else:
            numbers = pointers + _WORD * count
            self._store(NATURAL[I64], self._const(I64, type.lanes), frame, numbers)
            for k in range(count):
                self._store(NATURAL[I64], self._const(I64, type.element.size), frame, numbers + _WORD * (k + 1))
            shape = [self._at(frame, numbers + at) for at in (0, _WORD)]
        passed = (self._at(frame, pointers), *shape, self._const(PTR, call.loop.data))
        self._add(_CCALL, VOID, passed, Call(call.name, call.target, (PTR,) * 4, (), free=True))
        # The call's own number is what it gives.
        function.ops[v], function.args[v] = _LOAD, (frame,)
        function.imms[v] = Memory(access, 1, each * (count - 1), 0)

    def _new(self, op: Any, type: Type, args: tuple[int, ...], imm: Any, home: Block) -> int:
        return self.function.new_value(op, type, args, imm, self.function.lines[self.v], home)

    def _add(self, op: Any, type: Type, args: tuple[int, ...], imm: Any = None) -> int:
        v = self._new(op, type, args, imm, self.block)
        self.block.insts.append(v)
        return v

    def _const(self, type: Type, number: int) -> int:
        return self._add(_CONST, type, (), number)

    def _at(self, frame: int, disp: int) -> int:
        return self._add(_PTRADD, PTR, (frame, self._const(I64, disp))) if disp else frame

    def _store(self, access: Access, value: int, frame: int, disp: int) -> None:
        self._add(_STORE, VOID, (value, frame), Memory(access, 1, disp, 0))
