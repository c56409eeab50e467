"""What an iteration stores and the next one loads, or the one after that, goes from one to the other in a register.

    pre: jump main(v3)                          pre: v9 = load f64 [v1 + v3*8 - 8]
                                                     jump main(v3, v9)
    main(v8): v6 = load f64 [v1 + v8*8 - 8]     main(v8, v6):
              v7 = fadd v6, v4                            v7 = fadd v6, v4
              store f64 v7, [v1 + v8*8]                   store f64 v7, [v1 + v8*8]
              v5 = add v8, 1                              v5 = add v8, 1
              br ..., main(v5), out                       br ..., main(v5, v7), out

The way through memory takes longer than most operations, and a loop that has a value instead of a load may run in
vectors (`vector/shifted.py`). An address is a pointer and a polynomial in integers; a store is so many iterations in
front of a load if their difference is so many times that by which both move in an iteration. (Scalar replacement;
Callahan, Carr, Kennedy 1990.) Stores stay where they are, so memory is at any time as it was.

An element that each iteration updates, ``out[i] += a[j]``, stands in a register as well. (`promote` takes the store out
of the loop, too, but only where nothing in it can fail.)

What is loaded in an arm of a branch is no different, but that its first address may be bad: the very first iteration is
left to the copy with checks (`aside`), and then an iteration before has stored there.

Other stores of the loop must not write there. Where that is not plain it is tested before the loop, by the ranges of
bytes that the accesses cover in it; so is that a column's elements are apart. A copy of the loop as it was serves the
other case.
"""

from __future__ import annotations

from ..analysis.memory import overlap, place
from ..ir.dominators import dominates
from ..ir.function import Memory
from ..ir.ops import OPS, wrap
from ..ir.types import I1, I64
from . import aside
from .addresses import LoopAddresses, combined
from .constants import Constants
from .inplace import substitute
from .memory import EXTENSIONS, WHOLE
from .rebuild import lay_out
from .versions import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop
    from .addresses import Poly

_LOAD, _STORE, _CCALL = OPS["load"], OPS["store"], OPS["ccall"]
_ADD, _AND, _OR, _P2I = OPS["add"], OPS["and"], OPS["or"], OPS["p2i"]
_CARRIED = frozenset((*WHOLE, *EXTENSIONS))
_FARTHEST = 2  # iterations that a value is carried on
_MOST_CARRIED = 6  # values: each takes a register
_MOST_TESTS = 6  # pairs of accesses that are told apart before a loop
_MOST_ACCESSES = 40  # of a loop that is looked at


def carry(function: Function) -> Function:
    """Carry around what innermost counted loops store for their next iterations."""
    constant = Constants(function)
    loops = function.loops()
    outer = {loop.parent for loop in loops}
    bodies: dict[Loop, list[Block]] = {
        loop: [] for loop in loops if loop.counter >= 0 and loop not in outer
    }  # fmt: skip
    for block in function.blocks:
        if block.loop in bodies:
            bodies[block.loop].append(block)
    changed = False
    for loop, body in bodies.items():
        found = _Carrying(function, loop, body, constant)
        if found.plan():
            substitute(function, found.run())
            changed = True
    if changed:
        lay_out(function)
    return function


class _Access:
    """A load or store: where, and its number in the order of execution."""

    __slots__ = ("block", "number", "pointer", "poly", "size", "value")

    def __init__(self, value: int, block: Block, number: int, pointer: int, poly: Poly, size: int) -> None:
        self.value = value
        self.block = block
        self.number = number
        self.pointer = pointer
        self.poly = poly
        self.size = size


class _Carrying:
    """One loop.

    Attributes:
        found: (load, store, by how many iterations the store is earlier).
        ends: blocks that an iteration ends with, or the loop is left from.
        before: the branch in front of the loop; `second`: whether the first iteration must go the other way.
        tested: pairs of accesses that must not meet. wide: bytes by which loads move, where that is not a number, and
            their size.
    """

    __slots__ = ("addresses", "before", "body", "ends", "found", "function", "loop", "second", "tested", "wide")

    def __init__(self, function: Function, loop: Loop, body: list[Block], constant: Constants) -> None:
        self.function = function
        self.loop = loop
        self.body = body
        self.addresses = LoopAddresses(function, loop, body, constant)
        self.found: list[tuple[_Access, _Access, int]] = []
        self.ends: list[Block] = []
        self.before: aside.Aside | None = None
        self.second = False
        self.tested: list[tuple[_Access, _Access]] = []
        self.wide: list[tuple[Poly, int]] = []

    # -- looking -------------------------------------------------------------------------------------------------------

    def plan(self) -> bool:
        """Whether there is something to do."""
        function = self.function
        ops, imms = function.ops, function.imms
        latch = self.addresses.latch
        if latch is None:
            return False
        loads: list[_Access] = []
        maybe: list[_Access] = []  # in arms
        stores: list[_Access] = []
        accesses = [v for block in self.body for v in block.insts if ops[v] is _LOAD or ops[v] is _STORE]
        if len(accesses) > _MOST_ACCESSES:
            return False
        number, first_check, checked = 0, -1, False
        self.ends = [
            b for b in self.body
            if b is latch or not b.edges or any(edge.target not in self.body for edge in b.edges)
        ]  # fmt: skip
        for block in self.body:
            always = self._is_certain(block)
            for v in block.insts:
                op = ops[v]
                number += 1
                if op.guard and first_check < 0:
                    first_check = number
                checked = checked or (op.guard and not op.base)
                if op is _LOAD or op is _STORE:
                    apart = self.addresses.apart(v)
                    if apart is None:
                        if op is _STORE:
                            return False
                        continue
                    access = _Access(v, block, number, *apart, imms[v].access.size)
                    if op is _STORE:
                        stores.append(access)
                    elif first_check < 0 and not imms[v].invariant:
                        (loads if always else maybe).append(access)
                elif op.writes and not (op is _CCALL and imms[v].pure):
                    return False
        plain = first_check < 0 and len(self.body) == 1
        for load in loads:
            if imms[load.value].access.name in _CARRIED:
                if self.addresses.moves(load.poly):
                    self._look(load, stores, first_check, latch)
                elif not plain:
                    self._look_at_one(load, stores, latch)
        if maybe and stores:
            self._look_into_arms(maybe, stores, latch)
        if self.tested or self.wide:
            # With a check of an index in the loop nobody knows how far it gets.
            return not checked and len(self.body) == 1 and len(self.tested) <= _MOST_TESTS
        return bool(self.found)

    def _is_certain(self, block: Block) -> bool:
        """Whether the first iteration does what is in `block`, wherever it ends."""
        return all(dominates(block, end) for end in self.ends)

    def _look_into_arms(self, loads: list[_Access], stores: list[_Access], latch: Block) -> None:
        """Add loads in arms of what the iteration before stores."""
        if self.tested or self.wide or not any(dominates(store.block, latch) for store in stores):
            return
        self.before = aside.find(self.function, self.loop)
        for load in loads if self.before is not None else ():
            if self.function.imms[load.value].access.name in _CARRIED:
                known = len(self.found)
                self._look(load, stores, -1, latch)
                if self.found[known:] and (self.found[-1][2] > 1 or self.tested or self.wide):
                    del self.found[known:]
                    self.tested, self.wide = [], []
                self.second = self.second or len(self.found) > known

    def _look(self, load: _Access, stores: list[_Access], first_check: int, latch: Block) -> None:
        """Add the load to `found` if it is of what an earlier iteration stores."""
        imms = self.function.imms
        memory = imms[load.value]
        by = self.addresses.moves(load.poly)
        steps = self.addresses.steps
        if not by or any(a in steps and a != self.loop.counter for term in load.poly for a in term):
            return
        number = by.get(()) if set(by) == {()} else None
        earlier: list[tuple[int, _Access]] = []
        others: list[_Access] = []
        for store in stores:
            region = imms[store.value].region
            if region != memory.region and region and memory.region:
                continue
            if store.pointer != load.pointer or self.addresses.moves(store.poly) != by:
                others.append(store)
                continue
            apart = combined(store.poly, load.poly, -1)
            times = _times(apart, by)
            if times is not None:
                if store.size != load.size or (number is not None and abs(number) < load.size):
                    return
                earlier.append((times, store))
            elif number is None or set(apart) != {()}:
                if number is None:
                    return
                others.append(store)
            else:
                rest = wrap(apart[()]) % abs(number)
                if rest < load.size or abs(number) - rest < store.size:
                    return
        earlier = [(n, store) for n, store in earlier if n > 0 or (not n and store.number < load.number)]
        if not earlier:
            return
        times = min([n for n, _ in earlier])
        store = [store for n, store in earlier if n == times][-1]
        if (
            not 0 < times <= _FARTHEST or store.number < load.number or not dominates(store.block, latch)
            or imms[store.value].access is not memory.access
            or (times > 1 and (0 <= first_check < store.number or not self._is_certain(store.block)))
            or any(not self._known(other) for other in others) or len(self.found) == _MOST_CARRIED
        ):  # fmt: skip
            return
        self.found.append((load, store, times))
        self.tested += [(load, other) for other in others]
        if number is None and (by, load.size) not in self.wide:
            self.wide.append((by, load.size))

    def _look_at_one(self, load: _Access, stores: list[_Access], latch: Block) -> None:
        """Add the load to `found` if it is of an element that each iteration updates, and nobody else."""
        function = self.function
        imms = function.imms
        if not all(self.addresses.outside(a) for term in load.poly for a in term):
            return
        last = None
        at = place(function, load.value)
        for store in stores:
            if store.pointer == load.pointer and store.poly == load.poly and store.size == load.size:
                last = store
                if store.number < load.number:
                    return
            elif overlap(function, load.value, at, store.value, place(function, store.value)):
                return
        if (
            last is not None and dominates(last.block, latch) and len(self.found) < _MOST_CARRIED
            and imms[last.value].access is imms[load.value].access
        ):  # fmt: skip
            self.found.append((load, last, 1))

    def _known(self, access: _Access) -> bool:
        """Whether the address is known before the loop as a function of the counter."""
        steps = self.addresses.steps
        outside = self.addresses.outside
        return all(a == self.loop.counter or (a not in steps and outside(a)) for term in access.poly for a in term)

    # -- changing ------------------------------------------------------------------------------------------------------

    def run(self) -> dict[int, int]:
        """Make the change; gives what is to be substituted for loads that are gone."""
        function, loop, addresses = self.function, self.loop, self.addresses
        header, latch = loop.header, addresses.latch
        assert latch is not None
        back = next(e for e in latch.edges if e.target is header)
        start = loop.preheader.edges[0].args[header.params.index(loop.counter)]
        firsts: dict[int, list[int]] = {}
        for load, _, times in self.found:
            # Where the load is in the first iterations.
            by = addresses.moves(load.poly)
            poly, places = load.poly, []
            for _ in range(times):
                places.append(addresses.value(load.pointer, poly, {loop.counter: start}))
                poly = combined(poly, by, 1)
            firsts[load.value] = places
        if self.tested or self.wide:
            choose(function, loop, self._apart(start))
        if self.before is not None and self.second:
            self.before.require("ne", self.before.counter, self.before.first)
        before, same = loop.preheader, {}
        carried: dict[tuple[int, int], int] = {}
        stored: dict[int, int] = {}
        for load, store, _ in self.found:
            v = load.value
            memory = Memory(function.imms[v].access, 1, 0, function.imms[v].region)
            following = stored[store.value] if store.value in stored else self._stored(store, latch)
            stored[store.value] = following
            for n, at in enumerate(reversed(firsts[v]), 1):
                p = carried.get((store.value, n), -1)
                if p < 0:
                    type = memory.access.type
                    first = function.new_value(_LOAD, type, (at,), memory, function.lines[v], before)
                    before.insts.append(first)
                    p = carried[store.value, n] = function.add_param(header, type)
                    before.edges[0].args += (first,)
                    back.args += (following,)
                following = p
            same[v] = following
        for block in self.body:
            block.insts = [v for v in block.insts if v not in same]
        for v, known in same.items():
            while known in same:
                known = same[known]
            same[v] = known
        return same

    def _stored(self, store: _Access, latch: Block) -> int:
        """What a load gives of what is stored."""
        function = self.function
        value, extend = function.args[store.value][0], EXTENSIONS.get(function.imms[store.value].access.name)
        if extend is None or function.ops[value] is extend:
            return value
        value = function.new_value(extend, I64, (value,), None, function.lines[store.value], latch)
        latch.insts.append(value)
        return value

    def _apart(self, start: int) -> int:
        """Whether the pairs in `tested` touch no common byte in the whole loop, and what moves moves far enough."""
        loop, addresses = self.loop, self.addresses
        make, constant = addresses.make, addresses.constant
        last = make(OPS["sub"], I64, loop.stop, constant(1 if loop.step > 0 else -1))
        every = -1
        for by, size in self.wide:
            more = make(_ADD, I64, addresses.total(by), constant(size - 1))
            cond = make(OPS["uge"], I1, more, constant(2 * size - 1))
            every = cond if every < 0 else make(_AND, I1, every, cond)
        for load, other in self.tested:
            (a, b), (c, d) = self._range(load, start, last), self._range(other, start, last)
            over = make(OPS["uge"], I1, a, make(_ADD, I64, d, constant(other.size)))
            under = make(OPS["ule"], I1, make(_ADD, I64, b, constant(load.size)), c)
            cond = make(_OR, I1, over, under)
            every = cond if every < 0 else make(_AND, I1, every, cond)
        return every

    def _range(self, access: _Access, start: int, last: int) -> tuple[int, int]:
        """The least and the greatest address of an access."""
        loop, addresses = self.loop, self.addresses
        make = addresses.make
        moving = any(loop.counter in term for term in access.poly)
        ends = [
            make(_P2I, I64, addresses.value(access.pointer, access.poly, {loop.counter: k}))
            for k in ((start, last) if moving else (start,))
        ]  # fmt: skip
        if not moving:
            return ends[0], ends[0]
        by = addresses.moves(access.poly)
        if set(by) == {()}:
            return (ends[0], ends[1]) if by[()] > 0 else (ends[1], ends[0])
        return make(OPS["umin"], I64, *ends), make(OPS["umax"], I64, *ends)


def _times(apart: Poly, by: Poly) -> int | None:
    """The number n for that ``apart = n * by``, if there is one."""
    if not apart:
        return 0
    if apart.keys() != by.keys():
        return None
    term = next(iter(by))
    n, rest = divmod(apart[term], by[term])
    return n if not rest and all(apart[term] == n * k for term, k in by.items()) else None
