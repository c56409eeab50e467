"""Rotations: a word shifted to the left, with what it loses there on its right.

    v3 = shl v2, 13             0 <= v2 < 2**32
    v4 = sar v2, 19
    v5 = or v3, v4              v5 = rol32 v2, 13
    v6 = zext32 v5              (v6 is v5)

Of 32 bits where only so many are asked for, or where the left part has been cut to them; of 64 bits as they are. Late:
no other pass knows of rotations.
"""

from __future__ import annotations

from ..ir.ops import OPS
from ..ir.types import I64
from .inplace import substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_CONST, _SHL, _LSHR, _SAR, _ZEXT32 = OPS["const"], OPS["shl"], OPS["lshr"], OPS["sar"], OPS["zext32"]
_AND, _OR, _XOR, _PARAM, _LOAD, _STORE = OPS["and"], OPS["or"], OPS["xor"], OPS["param"], OPS["load"], OPS["store"]
_SELECT, _ROL32, _ROL64 = OPS["select"], OPS["rol32"], OPS["rol64"]
_JOINS = (_OR, _XOR, OPS["add"])
_SMALL = frozenset(OPS[name] for name in ("zext8", "zext16", "zext32", "b2i", "clz", "ctz", "popcnt", "rol32"))
# Their low bits depend on the same low bits of their arguments alone.
_LOW = frozenset(OPS[name] for name in ("add", "sub", "mul", "neg", "and", "or", "xor", "not"))
_WORD = (1 << 32) - 1
_DEEP = 8
_OTHER = -1  # stands for a use that is no instruction's


def rotate(function: Function) -> Function:
    """In place, turn pairs of shifts into rotations."""
    ops, args = function.ops, function.args
    words: _Words | None = None
    changed: set[int] = set()
    for block in function.blocks:
        for v in block.insts:
            if ops[v] not in _JOINS or function.types[v] is not I64:
                continue
            for left, right in (args[v], args[v][::-1]):
                if ops[right] is not _LSHR and ops[right] is not _SAR:
                    continue
                cut = ops[left] is _ZEXT32
                if cut:
                    (left,) = args[left]
                if ops[left] is not _SHL or args[left][0] != args[right][0]:
                    continue
                words = words or _Words(function)
                up, down = words.number(args[left][1]), words.number(args[right][1])
                if up + down == 64 and ops[right] is _LSHR and not cut and up > 0 < down:
                    ops[v], args[v] = _ROL64, args[left]
                elif up + down == 32 and up > 0 < down and words.fits(args[left][0]) and (cut or words.asked(v)):
                    ops[v], args[v] = _ROL32, args[left]
                    changed.add(v)
                else:
                    continue
                break
    if changed:
        same = {}
        for block in function.blocks:
            for v in block.insts:
                if ops[v] is _ZEXT32 and args[v][0] in changed:
                    same[v] = args[v][0]
        if same:
            substitute(function, same)
    return function


class _Words:
    """What fits into 32 bits, and of what no more is asked for."""

    __slots__ = ("_asked", "_params", "_users", "function")

    def __init__(self, function: Function) -> None:
        self.function = function
        self._asked: dict[int, bool] = {}
        self._params: set[int] | None = None
        users: dict[int, list[int]] = {}
        for block in function.blocks:
            for v in block.insts:
                for a in function.args[v]:
                    users.setdefault(a, []).append(v)
            for a in (*block.term_args, *[a for edge in block.edges for a in edge.args]):
                users.setdefault(a, []).append(_OTHER)
        self._users = users

    def number(self, v: int) -> int:
        """The constant `v`; a negative number where it is none."""
        return int(self.function.imms[v]) if self.function.ops[v] is _CONST else -(1 << 64)

    def fits(self, v: int, depth: int = _DEEP) -> bool:
        """Whether 0 <= v < 2**32."""
        function = self.function
        op, args = function.ops[v], function.args[v]
        if op is _CONST:
            return bool(0 <= function.imms[v] <= _WORD)
        if op in _SMALL:
            return True
        if op is _PARAM:
            if self._params is None:
                self._find_params()
            assert self._params is not None
            return v in self._params
        if op is _LOAD:
            access = function.imms[v].access
            return bool(access.size < 8 and not access.signed)
        if not depth:
            return False
        if op is _AND:
            return self.fits(args[0], depth - 1) or self.fits(args[1], depth - 1)
        if op is _OR or op is _XOR:
            return self.fits(args[0], depth - 1) and self.fits(args[1], depth - 1)
        if op is _SELECT:
            return self.fits(args[1], depth - 1) and self.fits(args[2], depth - 1)
        return (op is _LSHR or op is _SAR) and self.fits(args[0], depth - 1)

    def _find_params(self) -> None:
        """The parameters that fit: all of them, until something that they get does not, if they do."""
        incoming: dict[int, list[int]] = {}
        for block in self.function.blocks:
            for edge in block.edges:
                for p, a in zip(edge.target.params, edge.args):
                    incoming.setdefault(p, []).append(a)
        facts = self.function.facts
        known = {v for v, (low, high) in facts.items() if low >= 0 and high <= _WORD}
        self._params = {p for p in incoming if self.function.types[p] is I64} | known
        changed = True
        while changed:
            changed = False
            for p in self._params - known:
                if not all(self.fits(a) for a in incoming[p]):
                    self._params.discard(p)
                    changed = True

    def asked(self, v: int, depth: int = _DEEP) -> bool:
        """Whether nobody asks for more than the low 32 bits of `v`."""
        found = self._asked.get(v)
        if found is None:
            found = self._asked[v] = depth > 0 and all(self._asks(u, v, depth - 1) for u in self._users.get(v, ()))
        return found

    def _asks(self, user: int, v: int, depth: int) -> bool:
        if user == _OTHER:
            return False
        function = self.function
        op, args = function.ops[user], function.args[user]
        if op is _ZEXT32:
            return True
        if op is _STORE:
            return args[0] == v and v not in args[1:] and bool(function.imms[user].access.size <= 4)
        if op is _SHL or op is _ROL32:
            return args[1] != v and (op is _ROL32 or self.asked(user, depth))
        if op is _AND and any(0 <= self.number(a) <= _WORD for a in args):
            return True
        return op in _LOW and self.asked(user, depth)
