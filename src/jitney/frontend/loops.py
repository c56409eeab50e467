"""Loops: `for`, counted and rotated, and `while`, with the types their variables settle to.

A loop is lowered with the types its variables have on entry. If an iteration brings back another type, it is lowered
again by another *plan*: either the joined type is carried around (`None | float` costs a tag), or, where the machine
types differ (`s = 0` before `s += a[i]`), the first iteration is peeled off, so that the loop itself starts with the
type that things settle to.

    range(start, stop), step 1            while test

    b0:  br start < stop, pre, zero       pre:    jump head(entry values)
    pre: jump head(start, entry values)   head:   br test, body, out
    head(i, ...): body                    body:   ...; poll; jump head(new values)
         i' = i + 1; poll                 out:
         br i' < stop, head(i', ...), out
    zero, out: -> else clause, then after
"""

from __future__ import annotations

import _ast

from ..ir.function import Block, Loop
from ..ir.types import I64, PTR
from ..lazy import lazy
from ..pytypes import (
    COMPLEX,
    FLOAT,
    INT,
    UNBOUND,
    Array,
    Complex,
    Iterator,
    Object,
    PyType,
    Union,
    may_hold_object,
    needs_object,
)
from ..pytypes import join as join_types
from .foresight import foresee
from .library.ranges import PRANGE, Range
from .plan import Plan
from .state import CONFLICT, DIRTY, FUEL, HIDDEN, UNBOUND_VAL, DeadPath, Lowering, Open, Val

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import iteration
    from .operators import object_operators
else:
    iteration = lazy("jitney.frontend", "iteration")
    object_operators = lazy("jitney.frontend.operators", "object_operators")

_MAX_PLANS = 12


class LoopFrame:
    """The loop being lowered: where `break` and `continue` lead."""

    __slots__ = ("breaks", "continues")

    def __init__(self, breaks: list[Open]) -> None:
        self.breaks = breaks
        self.continues: list[Open] = []


class Replan(Exception):
    """The plan did not hold; a better one stands in `Lowering.loop_plans`."""


class Counter:
    """The hidden counting of a range loop: from `start`, while it is on the near side of `stop`, by constant `step`;
    `parallel` if threads may share the iterations."""

    __slots__ = ("parallel", "start", "step", "stop")

    def __init__(self, start: int, stop: int, step: int, parallel: bool = False) -> None:
        self.start = start
        self.stop = stop
        self.step = step
        self.parallel = parallel

    def test(self, lw: Lowering, i: int) -> int:
        return lw.b.emit("slt" if self.step > 0 else "sgt", i, self.stop)

    def next(self, lw: Lowering, i: int) -> int:
        return lw.b.emit("add", i, lw.int_const(self.step))


class Items:
    """What a `for` loop goes through.

    Attributes:
        levels: how it is counted: by a nest of counters, the last the fastest; mostly by one.
        item: from the counters' values to what the target is bound to.
        copies: -1; else there are at most so many items, one counter, and `item` takes constants only.
        held: slots of temporaries that live as long as the loop.
    """

    __slots__ = ("copies", "held", "item", "levels")

    def __init__(self, levels: list[Counter], item: Callable[[tuple[int, ...]], Val], copies: int = -1) -> None:
        self.levels = levels
        self.item = item
        self.copies = copies
        self.held: list[int] = []


def lower_for(lw: Lowering, node: Any) -> None:
    mark = len(lw.own.temporaries)
    iterable = lw.expr(as_tuple(node.iter))
    if isinstance(iterable.type, (Object, Iterator)) and object_operators.goes_through(iterable.type):
        fetch = object_operators.fetch(lw, iterable)
        _retry(lw, node, node, lambda plan: _Attempt(lw, node, plan, None, fetch=fetch).lower())
        return
    if isinstance(iterable.type, Range):
        items = _range_items(lw, iterable)
    else:
        items = iteration.items(lw, iterable, node.iter)
        lw.own.pin(iterable, mark)
    items.held = lw.own.temporaries[mark:]
    lower_items(lw, node, items)


def lower_items(lw: Lowering, node: Any, items: Items) -> None:
    """The loop of a `for` through these items."""
    if items.copies >= 0:
        _Attempt(lw, node, Plan(), None).unrolled(items)
    else:
        _lower_level(lw, node, items, ())


def as_tuple(node: Any) -> Any:
    """The display of a list that is only gone through as that of a tuple."""
    if type(node) is not _ast.List:
        return node
    return _ast.Tuple(elts=node.elts, ctx=node.ctx, lineno=node.lineno, col_offset=node.col_offset)


def _lower_level(lw: Lowering, node: Any, items: Items, at: tuple[int, ...]) -> None:
    """The loop of one counter. `at` are the values of the counters outside."""
    level = len(at)

    def step(i: int) -> None:
        here = (*at, i)
        if len(here) < len(items.levels):
            _lower_level(lw, node, items, here)
        else:
            _run_with(lw, node, items.item(here))

    def attempt(plan: Plan) -> None:
        made = _Attempt(lw, node, plan, items.levels[level], step, level > 0)
        made.held = items.held
        made.lower()

    _retry(lw, node, (node, level) if level else node, attempt)


def _run_with(lw: Lowering, node: Any, item: Val) -> None:
    """Bind the target and run the body."""
    mark = len(lw.own.temporaries)
    try:
        lw.assign(node.target, item)
    except DeadPath:
        lw.own.abandon(mark)
        raise
    lw.own.end_statement(mark)
    lw.body(node.body)


def _range_items(lw: Lowering, iterable: Val) -> Items:
    start, stop, step = iterable.parts
    parallel = iterable.type is PRANGE and not lw.inlining and bool(lw.hooks.options.get("parallel"))
    known = lw.b.constant(step)
    if known == 0:
        lw.fail_with(ValueError, "range() arg 3 must not be zero")
    if known is not None:
        counter = Counter(start, _reachable_stop(lw, stop, known), known, parallel)
        return Items([counter], lambda at: Val(INT, at))
    # The direction is not known: count the iterations, and step the visible variable beside.
    counter = Counter(lw.int_const(0), iteration_count(lw, start, stop, step), 1, parallel)
    return Items([counter], lambda at: Val(INT, (lw.b.emit("add", start, lw.b.emit("mul", at[0], step)),)))


def lower_while(lw: Lowering, node: Any) -> None:
    _retry(lw, node, node, lambda plan: _Attempt(lw, node, plan, None).lower())


def _reachable_stop(lw: Lowering, stop: int, step: int) -> int:
    """`stop`, checked so that counting up to it cannot pass the end of 64 bits."""
    if step > 1:
        lw.checked("addo", stop, lw.int_const(step - 1))
    elif step < -1:
        lw.checked("addo", stop, lw.int_const(step + 1))
    return stop


def iteration_count(lw: Lowering, start: int, stop: int, step: int) -> int:
    """How many ints ``range(start, stop, step)`` has; leaves where that is more than 64 bits hold."""
    b, zero, one = lw.b, lw.int_const(0), lw.int_const(1)
    lw.check(b.emit("ne", step, zero), "raise", (ValueError, ("range() arg 3 must not be zero",)))
    lw.check(b.emit("ne", step, lw.int_const(-(1 << 63))), "overflow")
    up = b.emit("sgt", step, zero)
    low, high = b.emit("select", up, start, stop), b.emit("select", up, stop, start)
    empty = b.emit("sge", low, high)
    span = lw.checked("subo", high, b.emit("select", empty, high, low))
    size = b.emit("iabs", step)
    return b.emit("floordiv", lw.checked("addo", span, b.emit("sub", size, one)), size)


def _retry(lw: Lowering, node: Any, key: Any, attempt: Callable[[Plan], None]) -> None:
    """Lower a loop, by another plan where one did not hold. `key` is that of its plan."""
    outer, env = lw.loop, dict(lw.env)
    breaks = (len(outer.breaks), len(outer.continues)) if outer is not None else (0, 0)
    returns, callees, writes, inlined = len(lw.returns), len(lw.callees), lw.writes, lw.inlined_size
    mark, slots = lw.b.mark(), lw.own.snapshot()
    for _ in range(_MAX_PLANS):
        plan = lw.loop_plans.get(key)
        if plan is None:
            plan = lw.loop_plans[key] = Plan()
            foresee(lw, node, plan)
        try:
            attempt(plan)
        except Replan:
            lw.b.rewind(mark)
            lw.own.restore(slots)
            lw.env, lw.loop, lw.writes, lw.inlined_size = dict(env), outer, writes, inlined
            del lw.returns[returns:], lw.callees[callees:]
            if outer is not None:
                del outer.breaks[breaks[0] :]
                del outer.continues[breaks[1] :]
        else:
            return
        finally:
            lw.loop = outer
    lw.unsupported("the types of this loop's variables do not settle", node)


class _Attempt:
    """One lowering of a loop by one plan.

    `step` lowers what is done for a counter's value; `fetch` goes through an object. A
    `nested` loop is one of a nest that one `for` makes: `break` leaves them all.
    """

    def __init__(
        self, lw: Lowering, node: Any, plan: Plan, counter: Counter | None, step: Callable[[int], None] | None = None,
        nested: bool = False, fetch: object_operators.Fetch | None = None,
    ) -> None:  # fmt: skip
        self.lw = lw
        self.node = node
        self.plan = plan
        self.counter = counter
        self.step = step
        self.nested = nested
        self.fetch = fetch
        self.outer = lw.b.block.loop
        self.frame = LoopFrame(lw.loop.breaks if nested and lw.loop is not None else [])
        self.entry_dirty = lw.env[DIRTY]
        self.exits: list[Open] = []
        self.tested: list[int] = []  # slots that the test's temporaries used
        self.held: list[int] = []  # slots of what is gone through
        live = lw.live
        self.carried = live.select(live.head[node] & live.assigned[node])
        self.kept = live.select(live.head[node])

    def lower(self) -> None:
        lw = self.lw
        outer_frame, lw.loop = lw.loop, self.frame
        first = self._first_block()
        i = self.counter.start if self.counter is not None else -1
        zero: list[Open] = []
        looping = True
        if self.counter is not None:
            looping, zero = self._enter_if(self.counter.test(lw, i))
        if looping and (self.plan.peel or self.plan.once):
            looping, i = self._peeled(i)
        if looping:
            if self.counter is not None:
                self._range_loop(self.counter, i)
            else:
                self._while_loop()
        lw.loop = outer_frame
        self.exits.extend(zero)
        self._finish(first)

    def unrolled(self, items: Items) -> None:
        """One copy of the body for each item."""
        lw, node = self.lw, self.node
        outer_frame, lw.loop = lw.loop, self.frame
        first = self._first_block()
        self.held = items.held
        plans = lw.loop_plans
        reached = True
        for k in range(items.copies):
            i = lw.int_const(k)
            reached, done = self._enter_if(items.levels[0].test(lw, i))
            self.exits.extend(done)
            if not reached:
                break
            self.step = lambda i: _run_with(lw, node, items.item((i,)))
            # A loop in the body has another plan in each copy: types may differ.
            lw.loop_plans = plans.setdefault((node, k), {})
            try:
                reached = self._iteration(i)
            finally:
                lw.loop_plans = plans
            if not reached:
                break
        if reached:
            self.exits.append(lw.open_end())
        lw.loop = outer_frame
        self._finish(first)

    def _first_block(self) -> Block:
        """Go on in a block of the loop's own."""
        b = self.lw.b
        first, idom = b.new_block(self.outer), b.block
        b.jump(first)
        b.start(first, idom)
        return first

    def _enter_if(self, cond: int) -> tuple[bool, list[Open]]:
        """Go on where `cond` holds; whether anything goes on, and the ends where it does not."""
        lw = self.lw
        go, stay = lw.branch(cond)
        if go:
            lw.join(go, lw.env_names(go), lw.b.block, self.outer)
        return bool(go), stay

    def _peeled(self, i: int) -> tuple[bool, int]:
        """The first iteration on its own; whether a second may follow, and its counter."""
        lw, node = self.lw, self.node
        if self.counter is None:
            looping = self._test_while()
            if not looping:
                return False, i
        reached = self._iteration(i)
        if not reached:
            return False, i
        if self.plan.once:
            raise _settled(lw, node, self.plan)
        if self.counter is not None:
            i = self.counter.next(lw, i)
            more, done = self._enter_if(self.counter.test(lw, i))
            self.exits.extend(done)
            return more, i
        return True, i

    def _iteration(self, i: int) -> bool:
        """One pass through the body, `continue`s joined; whether its end is reached."""
        lw = self.lw
        idom = lw.b.block
        self.frame.continues = []
        ends = self.frame.continues
        try:
            if self.step is not None:
                self.step(i)
            else:
                lw.body(self.node.body)
            ends.append(lw.open_end())
        except DeadPath:
            pass
        if not ends:
            return False
        lw.join(ends, self.kept, idom, idom.loop)
        return True

    def _test_while(self) -> bool:
        """The test of a `while`: goes on where it holds, records the end where it does not."""
        lw = self.lw
        idom = lw.b.block
        lw.at(self.node)
        mark = len(lw.own.temporaries)
        try:
            item = self.fetch.following(lw) if self.fetch is not None else -1
            if item < 0:
                go, done = lw.condition(self.node.test)
            else:
                go, done = lw.branch(lw.b.emit("ne", item, lw.b.const(PTR, 0)))
        except DeadPath:
            lw.own.abandon(mark)
            return False
        if self.fetch is not None and go:
            lw.join(go, lw.env_names(go), idom, idom.loop)
            self.exits.extend(done)
            lw.assign(self.node.target, self.fetch.bound(lw, item))
            lw.own.end_statement(mark)
            return True
        tested = lw.own.taken(mark)
        self.tested.extend(tested)
        self.exits.extend(done)
        if not go:
            return False
        lw.join(go, lw.env_names(go), idom, idom.loop)
        lw.own.release(tested)
        return True

    # -- the loop itself ---------------------------------------------------------------------------------------------

    def _begin(self, counter: int) -> tuple[Loop, list[int], list[tuple[str, PyType]]]:
        """Preheader and header; gives the loop, the header's parameters, and what is carried with which type."""
        lw, b = self.lw, self.lw.b
        pre = b.new_block(self.outer)
        idom = b.block
        b.jump(pre)
        b.start(pre, idom)
        loop = Loop(self.outer)
        header = b.new_block(loop)
        loop.preheader, loop.header = pre, header
        carried: list[tuple[str, PyType]] = []
        args: list[int] = []
        if self.counter is not None:
            b.param(header, I64)
            args.append(counter)
        env = dict(lw.env)
        dirty = (DIRTY,) if self.node in lw.live.stores else ()
        for name in (*self.carried, FUEL, *dirty, *lw.hidden[len(HIDDEN) :]):
            entry = lw.env.get(name, UNBOUND_VAL)
            type = self.plan.types.get(name, entry.type)
            args.extend(self._coerced(name, entry, type))
            env[name] = lw.parameter(type, header)
            if isinstance(type, Object) and not type.maybe and not isinstance(entry.type, Object):
                lw.unchecked.append(env[name].parts[0])
            carried.append((name, type))
        for name in self.carried:
            if env[name].type is UNBOUND:
                del env[name]
        b.jump(header, tuple(args))
        b.start(header, pre)
        lw.env = env
        lw.check_made()
        return loop, args, carried

    def _coerced(self, name: str, value: Val, type: PyType) -> tuple[int, ...]:
        """The parts of `value` as the carried type; asks for another plan where it does not fit."""
        if value.type is type:
            return value.parts
        if type is CONFLICT:
            return ()
        joined = join_types(type, value.type) if value.type is not CONFLICT else None
        if joined is type:
            if isinstance(type, Object) and needs_object(value.type):
                raise self.lw.wanted_object(name)
            return self.lw.coerce(value, type, self.lw.b.block)
        if joined is None:
            if name not in self.lw.as_objects and may_hold_object(type) and may_hold_object(value.type):
                raise self.lw.wanted_object(name)
            self.plan.types[name] = CONFLICT
        elif self._needs_peeling(type, value.type):
            self.plan.peel = True
            self.plan.types[name] = value.type
        else:
            self.plan.types[name] = joined
        raise Replan

    def _needs_peeling(self, at_head: PyType, back: PyType) -> bool:
        """Whether to peel rather than to carry a union: the machine types differ, and both are plain values."""
        if self.plan.peel or (isinstance(at_head, Union) and at_head.payload is I64 and back.leaves == (I64,)):
            return False
        if isinstance(back, Array) and at_head in (INT, FLOAT, COMPLEX):
            return True
        if isinstance(back, (Union, Array)) or not back.leaves or at_head is UNBOUND:
            return False
        before = {m.leaves for m in (at_head.members if isinstance(at_head, Union) else (at_head,))} - {()}
        return bool(before) and (before != {back.leaves} or isinstance(back, Complex))

    def _back_edge(self, loop: Loop, carried: list[tuple[str, PyType]]) -> tuple[int, ...]:
        """Poll, and the arguments of the jump back."""
        lw, b = self.lw, self.lw.b
        b.line = self.node.lineno + lw.source.line_offset
        fuel = b.emit("poll", lw.env[FUEL].parts[0], lw.dirty, imm=(b.add_site("poll"), 1))
        lw.env[FUEL] = Val(INT, (fuel,))
        args: list[int] = []
        for name, type in carried:
            args.extend(self._coerced(name, lw.env.get(name, UNBOUND_VAL), type))
        if DIRTY not in dict(carried) and lw.env[DIRTY].parts != self.entry_dirty.parts:
            lw.live.stores.add(self.node)
            raise Replan
        return tuple(args)

    def _range_loop(self, counter: Counter, start: int) -> None:
        lw = self.lw
        loop, _, carried = self._begin(start)
        i = loop.header.params[0]
        loop.counter, loop.step, loop.stop = i, counter.step, counter.stop
        if counter.parallel:
            names = [name for name, type in carried for _ in type.leaves]
            loop.parallel = dict(zip(loop.header.params[1:], names))
        self.entry_dirty = lw.env[DIRTY]
        if not self._iteration(i):
            raise _only_once(self.plan)
        args = self._back_edge(loop, carried)
        following = counter.next(lw, i)
        again, done = lw.branch(counter.test(lw, following))
        for end in again:
            lw.link(end, loop.header, (following, *args))
        if not again:
            raise _only_once(self.plan)
        self.exits.extend(done)

    def _while_loop(self) -> None:
        lw = self.lw
        loop, _, carried = self._begin(-1)
        self.entry_dirty = lw.env[DIRTY]
        if self._test_while() and self._iteration(-1):
            args = self._back_edge(loop, carried)
            lw.link(lw.open_end(), loop.header, args)
        else:
            raise _only_once(self.plan)

    # -- after the loop ----------------------------------------------------------------------------------------------

    def _finish(self, first: Block) -> None:
        """The else clause where the loop ran to its end, then the join with the `break`s."""
        lw, node = self.lw, self.node
        ends = self.exits
        if self.nested:
            lw.join(ends, self.kept, first, self.outer)
            return
        if node.orelse and ends:
            lw.join(ends, self.kept, first, self.outer)
            lw.own.release(self.tested + self.held)
            ends = []
            try:
                lw.body(node.orelse)
                ends.append(lw.open_end())
            except DeadPath:
                pass
        lw.join(ends + self.frame.breaks, lw.live.select(lw.live.after[node]), first, self.outer)
        lw.own.release(self.tested)


def _only_once(plan: Plan) -> Replan:
    plan.once = True
    return Replan()


def _settled(lw: Lowering, node: Any, plan: Plan) -> Exception:
    """An iteration does come back after all, with the types of the first one: loop with what it brings."""
    plan.once = False
    plan.peel = True
    return Replan()
