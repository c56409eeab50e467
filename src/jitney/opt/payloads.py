"""Floats that are carried around as their bits: a variable that is a Python float on some ways and an `np.float32` on
others is a tag and 64 bits to the frontend.

    b1(v1: i64):                            b1(v1: f32):
        v2 = bits2f v1
        v3 = fround v2
        v4 = fadd v3, v9                        v4 = fadd v1, v9
        v5 = fext v4
        v6 = f2bits v5
        br v7, b1(v6), b2(v6)                   br v7, b1(v4), b2(v4)
    b2(v8: i64):                            b2(v8: f32):
                                                v10 = fext v8
                                                v11 = f2bits v10
        ret v8                                  ret v11

Parameters that hand each other nothing but the bits of floats become floats: of 32 bits, if all of them are results of
operations on such (which no conversion changes), else of 64. So sums over rows do not wait for conversions. In place.
"""

from __future__ import annotations

from ..ir.ops import OPS, hold
from ..ir.types import F32, F64, I64
from .dce import eliminate
from .inplace import substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function
    from ..ir.types import Type

_CONST, _BITS2F, _F2BITS = OPS["const"], OPS["bits2f"], OPS["f2bits"]
_FEXT, _FROUND = OPS["fext"], OPS["fround"]
# What gives no signalling NaN.
_QUIET = frozenset(OPS[name] for name in ("fadd", "fsub", "fmul", "fdiv", "fsqrt", "fround", "i2f"))


def carry_floats(function: Function) -> Function:
    """Make floats of the parameters that are bits of some."""
    webs = _Webs(function).found()
    if not webs:
        return function
    for web, type in webs:
        _retype(function, web, type)
    return eliminate(function)


class _Webs:
    """Parameters of type i64 that are handed to each other; `incoming`: what each is given."""

    __slots__ = ("_fixed", "_leader", "_singles", "function", "incoming")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.incoming: dict[int, list[int]] = {}
        self._leader: dict[int, int] = {}
        self._fixed: set[int] = set()
        self._singles: dict[int, list[int]] = {}  # what parameters of type f32 are given

    def _find(self, p: int) -> int:
        while p in self._leader:
            p = self._leader[p]
        return p

    def found(self) -> list[tuple[list[int], Type]]:
        """The webs that are floats: parameters, and the type they can have."""
        function, incoming = self.function, self.incoming
        ops, types = function.ops, function.types
        for block in function.blocks:
            for edge in block.edges:
                for p, a in zip(edge.target.params, edge.args):
                    if types[p] is I64:
                        incoming.setdefault(p, []).append(a)
                    elif types[p] is F32:
                        self._singles.setdefault(p, []).append(a)
        for p, given in incoming.items():
            for a in given:
                if a in incoming and self._find(a) != self._find(p):
                    self._leader[self._find(a)] = self._find(p)
        begun = {self._find(p) for p, given in incoming.items() if any(ops[a] is _F2BITS for a in given)}
        if not begun:
            return []
        self._look_at_uses()
        begun -= {self._find(p) for p in self._fixed}
        members: dict[int, list[int]] = {leader: [] for leader in begun}
        for p in incoming:
            if self._find(p) in members:
                members[self._find(p)].append(p)
        found = []
        for web in members.values():
            type = self._type(web)
            if type is not None:
                found.append((web, type))
        return found

    def _look_at_uses(self) -> None:
        """Find the parameters that have to be integers in each iteration of a loop."""
        function, incoming, fixed = self.function, self.incoming, self._fixed
        ops, args, homes = function.ops, function.args, function.homes
        for loop in function.loops():
            fixed.update((loop.counter, loop.stop))
            if loop.parallel is not None:
                fixed.update(loop.header.params)
        headers = {loop.header for loop in function.loops()}
        for block in function.blocks:
            for v in block.insts:
                if ops[v] is not _BITS2F:
                    fixed.update([a for a in args[v] if a in incoming and homes[a] in headers])
            fixed.update([a for a in block.term_args if a in incoming and homes[a] in headers])
        fixed.intersection_update(incoming)

    def _type(self, web: list[int]) -> Type | None:
        """What the parameters of a web can be, None if they have to be integers."""
        function, incoming = self.function, self.incoming
        ops, args, types = function.ops, function.args, function.types
        narrow = True
        for p in web:
            for a in incoming[p]:
                if a in incoming:
                    continue
                if ops[a] is _CONST:
                    value = _float_of(function.imms[a])
                    if value != value:
                        return None
                    narrow = narrow and hold(F32, value) == value
                elif ops[a] is _F2BITS and types[args[a][0]] is F64:
                    (x,) = args[a]
                    if ops[x] is _CONST:
                        narrow = narrow and hold(F32, function.imms[x]) == function.imms[x]
                    else:
                        narrow = narrow and ops[x] is _FEXT and self._is_quiet(args[x][0])
                else:
                    return None
        return F32 if narrow else F64

    def _is_quiet(self, x: int) -> bool:
        """Whether an f32 is what operations give, on all ways: no signalling NaN."""
        ops, imms, given = self.function.ops, self.function.imms, self._singles
        seen, work = {x}, [x]
        while work:
            v = work.pop()
            if v in given:
                work += [a for a in given[v] if a not in seen]
                seen.update(given[v])
            elif ops[v] not in _QUIET and (ops[v] is not _CONST or imms[v] != imms[v]):
                return False
        return True


def _float_of(bits: int) -> float:
    meaning = _BITS2F.meaning
    assert meaning is not None
    return float(meaning(bits))


def _retype(function: Function, web: list[int], type: Type) -> None:
    """Let the parameters of a web be floats."""
    ops, args, types, homes = function.ops, function.args, function.types, function.homes
    members = set(web)
    for p in web:
        types[p] = type
        function.facts.pop(p, None)
    consts: dict[int, int] = {}

    def given(a: int) -> int:
        """What is handed on now."""
        if a in members:
            return a
        x = args[a][0] if ops[a] is _F2BITS else a
        if ops[x] is not _CONST:
            return args[x][0] if type is F32 else x
        if a not in consts:
            entry, number = function.entry, function.imms[x]
            if x == a:
                number = _float_of(number)
            consts[a] = function.new_value(_CONST, type, (), number, 0, entry)
            entry.insts.insert(0, consts[a])
        return consts[a]

    for block in function.blocks:
        for edge in block.edges:
            if not members.isdisjoint(edge.target.params):
                edge.args = tuple([given(a) if p in members else a for p, a in zip(edge.target.params, edge.args)])
    same: dict[int, int] = {}
    bits: dict[int, int] = {}
    for block in function.blocks:
        for v in block.insts:
            if ops[v] is _BITS2F and args[v][0] in members:
                if type is F32:
                    ops[v] = _FEXT
                else:
                    same[v] = args[v][0]
            elif ops[v] is _FROUND and type is F32 and ops[args[v][0]] in (_FEXT, _BITS2F):
                (inner,) = args[args[v][0]]
                if inner in members:
                    same[v] = inner
            elif not members.isdisjoint(args[v]):
                args[v] = tuple([_bits(function, a, bits) if a in members else a for a in args[v]])
        if not members.isdisjoint(block.term_args):
            block.term_args = tuple([_bits(function, a, bits) if a in members else a for a in block.term_args])
    if same:
        substitute(function, same)
    for p, v in bits.items():
        home: Block = homes[p]
        first = [v] if type is F64 else [args[v][0], v]
        home.insts[:0] = first


def _bits(function: Function, p: int, made: dict[int, int]) -> int:
    """The bits of a parameter that is a float now; put in front of its block's instructions later."""
    if p not in made:
        home, line = function.homes[p], function.homes[p].line
        x = p
        if function.types[p] is F32:
            x = function.new_value(_FEXT, F64, (p,), None, line, home)
        made[p] = function.new_value(_F2BITS, I64, (x,), None, line, home)
    return made[p]
