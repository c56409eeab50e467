"""Addresses in innermost loops: what is the same in each iteration is added up before the loop, and an address that
moves by steps no instruction can scale is carried along, instead of being multiplied out each time.

    pre: jump head(0)                           pre: v9 = shl v1, 3
                                                     jump head(0, v2)
    head(v4):                                   head(v4, v10):
        v5 = mul v1, v4
        v6 = shl v5, 3
        v7 = ptradd v2, v6
        v8 = load f64 [v7]                          v8 = load f64 [v10]
        ...                                         ...
                                                    v11 = ptradd v10, v9
        br ..., head(v12), out                      br ..., head(v12, v11), out

        v5 = add v1, v4                         pre: v9 = shl v1, 3; v10 = ptradd v2, v9
        v8 = load f64 [v2 + v5*8]                   v8 = load f64 [v10 + v4*8]

An address is taken apart into a pointer from outside of the loop and a polynomial in integers, one of which may move
by steps: modulo 2**64, as the operations are, so nothing has to be known of its size. (Strength reduction; Allen, Cocke
and Kennedy 1981.)
"""

from __future__ import annotations

from ..ir.function import Memory
from ..ir.ops import OPS, wrap
from ..ir.types import I64, PTR
from .constants import Constants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop
    from ..ir.ops import Op
    from ..ir.types import Type

    # Products of values, in order, with their factors; () is the constant.
    Poly = dict[tuple[int, ...], int]

_LOAD, _STORE, _CONST, _PARAM = OPS["load"], OPS["store"], OPS["const"], OPS["param"]
_ADD, _SUB, _MUL, _SHL, _PTRADD = OPS["add"], OPS["sub"], OPS["mul"], OPS["shl"], OPS["ptradd"]
_SUMS = {_ADD: 1, OPS["addo"]: 1, _SUB: -1, OPS["subo"]: -1}
_PRODUCTS = (_MUL, OPS["mulo"])
_KEPT = (_PARAM, _LOAD, OPS["index"], *(op for op in _SUMS if op.guard))  # not worth taking apart: they stay
_SCALES = (1, 2, 4, 8)
_DEEP = 12  # how far definitions are followed
_MOST_TERMS = 6
_MOST_CARRIED = 4  # addresses that a loop carries along: each takes a register


def reduce(function: Function) -> Function:
    """Take apart the addresses of all innermost loops."""
    loops = function.loops()
    outer = {loop.parent for loop in loops}
    bodies: dict[Loop, list[Block]] = {loop: [] for loop in loops if loop not in outer}
    for block in function.blocks:
        if block.loop in bodies:
            bodies[block.loop].append(block)
    constant = Constants(function)
    for loop, body in bodies.items():
        accesses = [v for block in body for v in block.insts if _computed(function, v, loop)]
        if accesses:
            LoopAddresses(function, loop, body, constant).reduce(accesses)
    return function


def _address(function: Function, v: int) -> tuple[int, ...]:
    """Base and, if any, index of a load or store."""
    return function.args[v] if function.ops[v] is _LOAD else function.args[v][1:]


def _computed(function: Function, v: int, loop: Loop) -> bool:
    """Whether `v` is an access whose address the loop computes."""
    op = function.ops[v]
    if op is not _LOAD and op is not _STORE:
        return False
    return any(function.homes[a].loop is loop and function.ops[a] not in _KEPT for a in _address(function, v))


class LoopAddresses:
    """The addresses in one innermost loop.

    Attributes:
        steps: header parameters that move by the same step each time, with the step: (value, sign).
        latch: the only block that leads back.
        constant: the function's constants, by value.
        made: values made so far, by what they compute; carried: the parameters made, by (pointer, polynomial).
    """

    __slots__ = ("body", "carried", "constant", "function", "latch", "loop", "made", "steps", "uses")

    def __init__(self, function: Function, loop: Loop, body: list[Block], constant: Constants) -> None:
        self.function = function
        self.constant = constant
        self.loop = loop
        self.body = body
        self.made: dict[tuple[object, ...], int] = {}
        self.carried: dict[object, int] = {}
        self.steps: dict[int, tuple[int, int]] = {}
        self.latch: Block | None = None
        latches = [b for b in body if any(e.target is loop.header for e in b.edges)]
        edges = [e for b in latches for e in b.edges if e.target is loop.header]
        if len(edges) == 1:
            (self.latch,) = latches
            for p, a in zip(loop.header.params, edges[0].args):
                sign = _SUMS.get(function.ops[a], 0)
                if sign and function.types[p] is I64:
                    x, y = function.args[a][:2]
                    if x != p and sign > 0:
                        x, y = y, x
                    if x == p and self.outside(y):
                        self.steps[p] = (y, sign)
        self.uses: dict[int, int] = {}
        for block in body:
            for v in block.insts:
                for a in function.args[v]:
                    self.uses[a] = self.uses.get(a, 0) + 1
            for a in block.term_args:
                self.uses[a] = self.uses.get(a, 0) + 1
            for edge in block.edges:
                for a in edge.args:
                    self.uses[a] = self.uses.get(a, 0) + 1

    def outside(self, v: int) -> bool:
        return self.function.homes[v].loop is not self.loop

    def reduce(self, accesses: list[int]) -> None:
        users: dict[int, int] = {}
        for v in accesses:
            for a in _address(self.function, v):
                users[a] = users.get(a, 0) + 1
        for v in accesses:
            # Nothing is gained where the loop needs what the address is computed from for something else, too.
            if all(self.uses[a] == n for a, n in users.items() if a in _address(self.function, v) and self._gone(a)):
                self._reduce(v)

    def _gone(self, a: int) -> bool:
        return not self.outside(a) and self.function.ops[a] not in _KEPT

    # -- taking apart --------------------------------------------------------------------------------------------------

    def apart(self, v: int) -> tuple[int, Poly] | None:
        """The address of the load or store `v`: a pointer from outside, and a polynomial of at most so many terms."""
        function = self.function
        memory = function.imms[v]
        base, *index = _address(function, v)
        found = self._pointer(base)
        if found is None:
            return None
        pointer, poly = found
        if index:
            scaled = self._integer(index[0], _DEEP)
            if scaled is None:
                return None
            poly = combined(poly, scaled, memory.scale)
        if memory.disp:
            poly = combined(poly, {(): memory.disp}, 1)
        return (pointer, poly) if len(poly) <= _MOST_TERMS else None

    def value(self, pointer: int, poly: Poly, at: dict[int, int] | None = None) -> int:
        """An address, computed before the loop, where the parameters that move have the values `at`."""
        for p, value in (at or {}).items():
            total: Poly = {}
            for term, k in poly.items():
                rest = tuple([a for a in term if a != p])
                total = combined(total, {term: 1} if len(rest) == len(term) else self._times(rest, value), k)
            poly = total
        return self._plus(pointer, poly)

    def _reduce(self, v: int) -> None:
        function = self.function
        memory = function.imms[v]
        found = self.apart(v)
        if found is None:
            return
        pointer, poly = found
        at: tuple[int, ...]
        disp = wrap(poly.pop((), 0))
        if not -(1 << 31) <= disp < 1 << 31:
            return
        moving = {term: k for term, k in poly.items() if any(a in self.steps for a in term)}
        fixed = {term: k for term, k in poly.items() if term not in moving}
        if any(not self.outside(a) for term in fixed for a in term):
            return
        if len(moving) == 1 and (term := next(iter(moving))) and len(term) == 1 and moving[term] in _SCALES:
            at = (self._plus(pointer, fixed), term[0])
            scale = moving[term]
        elif moving:
            carried = self._carried(pointer, fixed, moving)
            if carried < 0:
                return
            at, scale = (carried,), 1
        else:
            at, scale = (self._plus(pointer, fixed),), 1
        function.args[v] = at if function.ops[v] is _LOAD else (function.args[v][0], *at)
        function.imms[v] = Memory(memory.access, scale, disp, memory.region, memory.invariant, memory.ahead)

    def _pointer(self, v: int) -> tuple[int, Poly] | None:
        """`v` as a pointer from outside plus a polynomial."""
        function = self.function
        poly: Poly = {}
        while not self.outside(v):
            if function.ops[v] is not _PTRADD:
                return None
            v, offset = function.args[v]
            found = self._integer(offset, _DEEP)
            if found is None:
                return None
            poly = combined(poly, found, 1)
        return v, poly

    def _integer(self, v: int, depth: int) -> Poly | None:
        """`v` as a polynomial in values from outside and parameters that move by steps, at most one in a term."""
        function = self.function
        op, args = function.ops[v], function.args[v]
        if op is _CONST:
            return {(): int(function.imms[v])}
        if self.outside(v) or v in self.steps:
            return {(v,): 1}
        if depth <= 0:
            return None
        if op in _SUMS or op in _PRODUCTS:
            a, b = self._integer(args[0], depth - 1), self._integer(args[1], depth - 1)
            if a is None or b is None:
                return None
            return combined(a, b, _SUMS[op]) if op in _SUMS else self._product(a, b)
        if op is _SHL and function.ops[args[1]] is _CONST and 0 <= function.imms[args[1]] < 32:
            a = self._integer(args[0], depth - 1)
            return None if a is None else combined({}, a, 1 << function.imms[args[1]])
        return None

    def _product(self, a: Poly, b: Poly) -> Poly | None:
        if len(a) * len(b) > _MOST_TERMS:
            return None
        result: Poly = {}
        for s, k in a.items():
            for t, m in b.items():
                term = tuple(sorted(s + t))
                if sum(x in self.steps for x in term) > 1:
                    return None
                result = combined(result, {term: k * m}, 1)
        return result

    def moves(self, poly: Poly) -> Poly:
        """By what it grows in each iteration."""
        by: Poly = {}
        for term, k in poly.items():
            for p in term:
                if p in self.steps:
                    step, sign = self.steps[p]
                    by = combined(by, self._times(tuple([a for a in term if a != p]), step), sign * k)
        return by

    # -- putting together ----------------------------------------------------------------------------------------------

    def _carried(self, pointer: int, fixed: Poly, moving: Poly) -> int:
        """A parameter that is ``pointer + fixed + moving`` in each iteration; -1 if there are too many."""
        key = (pointer, frozenset(fixed.items()), frozenset(moving.items()))
        found = self.carried.get(key)
        if found is not None:
            return found
        if len(self.carried) == _MOST_CARRIED or self.latch is None:
            return -1
        function, loop = self.function, self.loop
        header, before = loop.header, loop.preheader
        entry = before.edges[0]
        starts: Poly = {}
        for term, k in moving.items():
            (p,) = [a for a in term if a in self.steps]
            rest = tuple([a for a in term if a != p])
            start = entry.args[header.params.index(p)]
            starts = combined(starts, self._times(rest, start), k)
        first = self._plus(self._plus(pointer, fixed), starts)
        step = self.total(self.moves(moving))
        p = self.carried[key] = function.add_param(header, PTR)
        entry.args += (first,)
        assert self.latch is not None
        following = function.new_value(_PTRADD, PTR, (p, step), None, self.latch.line, self.latch)
        self.latch.insts.append(following)
        for edge in self.latch.edges:
            if edge.target is header:
                edge.args += (following,)
        return p

    def _times(self, term: tuple[int, ...], v: int) -> Poly:
        function = self.function
        if function.ops[v] is _CONST:
            return {term: int(function.imms[v])}
        return {tuple(sorted((*term, v))): 1}

    def _plus(self, pointer: int, poly: Poly) -> int:
        if not poly or not any(poly.values()):
            return pointer
        return self.make(_PTRADD, PTR, pointer, self.total(poly))

    def total(self, poly: Poly) -> int:
        """The value of a polynomial, computed before the loop."""
        total = -1
        # What outer loops do not change comes first, so that its sum leaves them, too.
        homes = self.function.homes
        for term, k in sorted(poly.items(), key=lambda item: max([_depth(homes[a].loop) for a in item[0]], default=0)):
            value = -1
            for a in sorted(term, key=lambda a: _depth(homes[a].loop)):
                value = a if value < 0 else self.make(_MUL, I64, value, a)
            if value < 0:
                value = self.constant(k)
            elif k > 0 and k & (k - 1) == 0:
                value = value if k == 1 else self.make(_SHL, I64, value, self.constant(k.bit_length() - 1))
            else:
                value = self.make(_MUL, I64, value, self.constant(k))
            total = value if total < 0 else self.make(_ADD, I64, total, value)
        return self.constant(0) if total < 0 else total

    def make(self, op: Op, type: Type, *args: int) -> int:
        """A pure operation, in front of the outermost loop that allows it."""
        key = (op, args)
        found = self.made.get(key)
        if found is not None:
            return found
        function, loop = self.function, self.loop
        while loop.parent is not None and not any(
            home is not None and home.inside(loop.parent) for home in [function.homes[a].loop for a in args]
        ):
            loop = loop.parent
        block = loop.preheader
        v = self.made[key] = function.new_value(op, type, args, None, block.line, block)
        block.insts.append(v)
        return v


def _depth(loop: Loop | None) -> int:
    return loop.depth if loop is not None else 0


def combined(a: Poly, b: Poly, factor: int) -> Poly:
    """``a + factor * b``"""
    result = dict(a)
    for term, k in b.items():
        k = result.get(term, 0) + factor * k
        if k:
            result[term] = k
        else:
            result.pop(term, None)
    return result
