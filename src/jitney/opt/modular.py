"""Sums and products of which only the low bits are wanted need no check: `(h * 33 + c) & 0xFFFFFFFF`.

    v4 = mulo v1, v2, v0, !0                v4 = mul v1, v2
    v5 = addo v4, v3, v0, !1                v5 = add v4, v3
    v6 = and v5, 4294967295                 v6 = and v5, 4294967295

What wraps differs from what Python computes by a multiple of 2**64, which no mask that is not negative lets through and
no remainder by a power of two. All uses must be such, or sums, products and bitwise operations all of whose uses are. A
left shift is checked by shifting back: that guard goes the same way. NumPy refuses Python's integers beyond 64 bits
before it wraps anything: the checks of what it is given stay (`NEEDED`).
"""

from __future__ import annotations

from ..ir.function import NEEDED
from ..ir.ops import OPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function

_CONST, _AND, _REMAINDER = OPS["const"], OPS["and"], OPS["floormod"]
_SHL, _SAR, _EQ, _GUARD = OPS["shl"], OPS["sar"], OPS["eq"], OPS["guard"]
_CHECKED = (OPS["addo"], OPS["subo"], OPS["mulo"])
_ARITHMETIC = (*_CHECKED, *[OPS[name] for name in ("add", "sub", "mul", "neg", "xor", "or", "not", "and", "shl")])
_NARROWING = tuple([OPS[name] for name in ("sext8", "sext16", "sext32", "zext8", "zext16", "zext32")])
_DEEP = 100  # operations between one and its mask
_OTHER = -1  # stands for a use that is no instruction's


def wrap(function: Function) -> Function:
    """In place, turn checked operations into wrapping ones where nobody can tell."""
    ops, args, imms = function.ops, function.args, function.imms
    roots = [
        v for block in function.blocks for v in block.insts
        if (ops[v] is _AND or ops[v] is _REMAINDER or ops[v] in _NARROWING)
        and ops[args[v][0]] in _ARITHMETIC and _masks(function, v)
    ]  # fmt: skip
    if not roots:
        return function
    wanted = _Wanted(function)
    work = [args[v][0] for v in roots]
    seen: set[int] = set()
    dropped: set[int] = set()
    while work:
        v = work.pop()
        op = ops[v]
        if v in seen or op not in _ARITHMETIC:
            continue
        seen.add(v)
        if not wanted.low_bits(v):
            continue
        if op is _SHL:
            dropped.update(wanted.checks(v))
        work += args[v][: 1 if op is _SHL else 2]
        if op in _CHECKED:
            ops[v], args[v], imms[v] = OPS[op.base], args[v][:2], None
    if dropped:
        for block in function.blocks:
            if not dropped.isdisjoint(block.insts):
                block.insts = [v for v in block.insts if v not in dropped]
    return function


def _masks(function: Function, v: int) -> bool:
    """Whether `v` depends on the low bits of its first argument only."""
    op = function.ops[v]
    if op is not _AND and op is not _REMAINDER:
        return op in _NARROWING
    by = function.args[v][1]
    k = function.imms[by] if function.ops[by] is _CONST else None
    if k.__class__ is not int:
        return False
    return k >= 0 if op is _AND else k > 0 and k & (k - 1) == 0


class _Wanted:
    """Which values matter modulo 2**64 only."""

    __slots__ = ("_known", "function", "users")

    def __init__(self, function: Function) -> None:
        self.function = function
        self._known: dict[int, bool] = {}
        users: dict[int, list[int]] = {}
        for block in function.blocks:
            for v in block.insts:
                for a in function.args[v]:
                    users.setdefault(a, []).append(v)
            others = [*block.term_args]
            for edge in block.edges:
                others += edge.args
            for a in others:
                users.setdefault(a, []).append(_OTHER)
        self.users = users

    def low_bits(self, v: int, depth: int = _DEEP) -> bool:
        """Whether all uses of `v` want its low bits only."""
        found = self._known.get(v)
        if found is None:
            found = self._known[v] = depth > 0 and not self._is_needed(v) and all(
                u != _OTHER and self._wants_low_bits(u, v, depth - 1) for u in self._uses(v, self.checks(v))
            )
        return found

    def _is_needed(self, v: int) -> bool:
        """Whether the operation itself says so."""
        function = self.function
        return function.ops[v] in _CHECKED and function.sites[function.imms[v]].detail == NEEDED

    def _uses(self, v: int, checks: set[int]) -> list[int]:
        """The users of `v`, but for what only shifts back to check it."""
        ops, users = self.function.ops, self.users

        def checks_only(e: int) -> bool:
            return e != _OTHER and ops[e].pure and all(g in checks for g in users.get(e, ()))

        return [
            u for u in users.get(v, ())
            if u == _OTHER or not (checks and ops[u] is _SAR and all(map(checks_only, users.get(u, ()))))
        ]  # fmt: skip

    def _wants_low_bits(self, user: int, v: int, depth: int) -> bool:
        function = self.function
        op, args = function.ops[user], function.args[user]
        if op in _ARITHMETIC:
            if op is _SHL and args[1] == v:
                return False
            return _masks(function, user) or self.low_bits(user, depth)
        return args[0] == v and _masks(function, user) and v not in args[1:]

    def checks(self, v: int) -> set[int]:
        """The guards that the left shift `v` by a constant, shifted back, is what was shifted."""
        function, users = self.function, self.users
        if function.ops[v] is not _SHL or function.ops[function.args[v][1]] is not _CONST:
            return set()
        x, by = function.args[v]
        found: set[int] = set()
        for back in users.get(v, ()):
            if back == _OTHER or function.ops[back] is not _SAR or function.args[back] != (v, by):
                continue
            for same in users.get(back, ()):
                if same == _OTHER or function.ops[same] is not _EQ or set(function.args[same]) != {x, back}:
                    return set()
                for guard in users.get(same, ()):
                    if guard == _OTHER or function.ops[guard] is not _GUARD or same in function.args[guard][1:]:
                        return set()
                    if function.sites[function.imms[guard]].detail == NEEDED:
                        return set()
                    found.add(guard)
        return found
