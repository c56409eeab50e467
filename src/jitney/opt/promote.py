"""Scalar replacement: an element that a loop updates in each iteration stays in a register meanwhile.

    pre: jump main(v3)                          pre: v9 = load f64 [v1] region 1
                                                     jump main(v3, v9)
    main(v8): v5 = load f64 [v1] region 1       main(v8, v10):
              v6 = load f64 [v2 + v8*8]                   v6 = load f64 [v2 + v8*8]
              v7 = fadd v5, v6                            v7 = fadd v10, v6
              store f64 v7, [v1] region 1
              ...                                         ...
              br v4, main(v11), out                       br v4, main(v11, v7), done
                                                done: store f64 v7, [v1] region 1
                                                      jump out

In loops of one block that nothing leaves but their end, which is what `split` makes of the common ones: so nobody sees
that memory lags behind. What else the loop loads must not be the element. Where that is not plain it is tested before
the loop, by the two addresses between which each load moves; a copy of the loop as it was serves the other case.
Several elements (`w[0] -= e; w[1] -= e * x[i]`) that are plainly apart from each other are tested all at once.
"""

from __future__ import annotations

from ..analysis.memory import overlap, place
from ..ir.function import Edge
from ..ir.ops import OPS
from ..ir.types import I1, I64, PTR
from .addresses import LoopAddresses
from .constants import Constants
from .inplace import substitute
from .rebuild import lay_out
from .versions import choose, new_block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function, Loop

_LOAD, _STORE, _PTRADD, _AND = OPS["load"], OPS["store"], OPS["ptradd"], OPS["and"]
_WHOLE = ("i64", "f64", "f32")
_MOST_LOADS = 3  # that are tested before the loop
_MOST_STORES = 4  # of lanes that are several registers
_MOST_CHOICES = 16  # loops that are copied: each takes a look at the whole function


def promote(function: Function) -> Function:
    """Keep elements in registers in all loops of one block that allow it."""
    ops, args, homes = function.ops, function.args, function.homes
    found: list[list[_Promotion]] = []  # those of a loop whose tests are one
    for block in function.blocks:
        loop = block.loop
        if loop is None or loop.header is not block or all(e.target is not block for e in block.edges):
            continue
        stores = [v for v in block.insts if ops[v] is _STORE]
        if 0 < len(stores) <= _MOST_STORES and all(homes[a] is not block for v in stores for a in args[v][1:]):
            plans = [plan for v in stores if (plan := _plan(function, loop, block, v)) is not None]
            if not any(plan.tested for plan in plans):
                found += [[plan] for plan in plans]
            elif len(plans) == len(stores):
                found.append(plans)
    same: dict[int, int] = {}
    choices = 0
    for plans in found:
        tested = [plan for plan in plans if plan.tested]
        if tested:
            choices += 1
            if choices > _MOST_CHOICES:
                continue
            _choose(function, tested)
        for plan in plans:
            known = plan.run()
            same.update(known)
            if choices and known:
                # The next one may be copied, and wants to know what is used.
                substitute(function, known)
    if same:
        for v, known_as in same.items():
            while known_as in same:
                known_as = same[known_as]
            same[v] = known_as
        substitute(function, same)
    if found:
        lay_out(function)
    return function


def _plan(function: Function, loop: Loop, block: Block, store: int) -> _Promotion | None:
    """What to do about a store of the loop `block`, if anything."""
    imms = function.imms
    memory = imms[store]
    whole = memory.access.name in _WHOLE or memory.access.type.lanes > 1
    if not whole or block.term != "br" or block.edges[0].target is block.edges[1].target:
        return None
    at = place(function, store)
    same: list[int] = []
    tested: list[int] = []
    seen: set[object] = set()
    for v in block.insts:
        op = function.ops[v]
        if op is _LOAD:
            to = place(function, v)
            if to == at and imms[v].access is memory.access:
                same.append(v)
            elif not imms[v].invariant and overlap(function, store, at, v, to):
                if to[:3] == at[:3]:
                    return None
                if (to, imms[v].access.size) not in seen:
                    seen.add((to, imms[v].access.size))
                    tested.append(v)
        elif op is _STORE:
            if v != store and overlap(function, store, at, v, place(function, v)):
                return None
        elif op.guard or op.writes or op.reads:
            return None
    if len(tested) > _MOST_LOADS or (tested and loop.counter < 0):
        return None
    plan = _Promotion(function, loop, block, store, same, tested)
    return plan if plan.possible() else None


def _choose(function: Function, plans: list[_Promotion]) -> None:
    """Go where the loop is to be changed only if all that these plans test holds."""
    apart = [plan.apart() for plan in plans]
    every = apart[0]
    for other in apart[1:]:
        every = plans[0].addresses.make(_AND, I1, every, other)
    choose(function, plans[0].loop, every)


class _Promotion:
    """One loop: `same` are the loads of the element that `store` writes, `tested` those that must not be."""

    __slots__ = ("addresses", "block", "function", "loop", "ranges", "same", "store", "tested", "where")

    def __init__(
        self, function: Function, loop: Loop, block: Block, store: int, same: list[int], tested: list[int]
    ) -> None:
        self.function = function
        self.loop = loop
        self.block = block
        self.store = store
        self.same = same
        self.tested = tested
        if tested:
            self.addresses = LoopAddresses(function, loop, [block], Constants(function))
            self.ranges = [self.addresses.apart(v) for v in tested]
            self.where = self.addresses.apart(store)

    def possible(self) -> bool:
        """Whether the addresses that are to be tested are known as functions of the counter."""
        if not self.tested:
            return True
        steps = self.addresses.steps
        return self.where is not None and all(
            found is not None and all(a == self.loop.counter or a not in steps for term in found[1] for a in term)
            for found in self.ranges
        )

    def run(self) -> dict[int, int]:
        """Make the change; gives what is to be substituted for loads that are gone."""
        function, block = self.function, self.block
        out = next(e for e in block.edges if e.target is not block)
        done = new_block(function, block, self.loop.parent)
        done.term, done.edges = "jump", [Edge(out.target, out.args)]
        out.target, out.args = done, ()
        return self._keep(self.loop.preheader, done)

    def apart(self) -> int:
        """Whether no load of the loop touches the element: for each, both ends lie on the same side of it."""
        function, loop, make = self.function, self.loop, self.addresses.make
        assert self.where is not None
        start = loop.preheader.edges[0].args[loop.header.params.index(loop.counter)]
        one = self.addresses.constant(1 if loop.step > 0 else -1)
        last = make(OPS["sub"], I64, loop.stop, one)
        first = self.addresses.value(*self.where)
        beyond = make(_PTRADD, PTR, first, self.addresses.constant(function.imms[self.store].access.size))
        every = -1
        for v, found in zip(self.tested, self.ranges):
            assert found is not None
            size = self.addresses.constant(function.imms[v].access.size)
            above = below = -1
            for k in (start, last) if any(loop.counter in term for term in found[1]) else (start,):
                x = self.addresses.value(*found, {loop.counter: k})
                over = make(OPS["uge"], I1, x, beyond)
                under = make(OPS["ule"], I1, make(_PTRADD, PTR, x, size), first)
                above = over if above < 0 else make(_AND, I1, above, over)
                below = under if below < 0 else make(_AND, I1, below, under)
            apart = make(OPS["or"], I1, above, below)
            every = apart if every < 0 else make(_AND, I1, every, apart)
        return every

    def _keep(self, before: Block, done: Block) -> dict[int, int]:
        """The element in a parameter: loaded before the loop, stored after it."""
        function, block, store = self.function, self.block, self.store
        memory, (value, *at) = function.imms[store], function.args[store]
        position = block.insts.index(store)
        known: dict[int, int] = {}
        done.insts.append(store)
        function.homes[store] = done
        if self.same:
            first = function.new_value(_LOAD, memory.access.type, tuple(at), memory, function.lines[store], before)
            before.insts.append(first)
            p = function.add_param(block, memory.access.type)
            after = set(block.insts[position:])
            known = {v: p for v in self.same if v not in after}
            value = known.get(value, value)
            known.update((v, value) for v in self.same if v in after)
            for edge, a in ((before.edges[0], first), (next(e for e in block.edges if e.target is block), value)):
                edge.args += (a,)
        gone = {store, *self.same}
        block.insts = [v for v in block.insts if v not in gone]
        return known
