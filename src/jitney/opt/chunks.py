"""The functions that a parallel loop becomes: the loop itself, and what runs some units of it. See `outline`."""

from __future__ import annotations

from ..ir.context import FUEL_FULL
from ..ir.function import Block, Edge, Function, Loop
from ..ir.ops import OPS
from ..ir.types import ACCESSES, I1, I64, NATURAL, PTR
from .maker import Maker
from .rebuild import lay_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..ir.types import Type
    from .outline import Shared

_CONST, _SYMBOL = OPS["const"], OPS["symbol"]
I64_ACCESS = ACCESSES["i64"]

# In env, by byte: whether anything visible has happened, the first value of the counter, iterations per unit and in
# all, how many parts there are; then inputs, then final values, then the units' parts.
DIRTY, START, SIZE, COUNT, PARTS, _INPUTS = 0, 8, 16, 24, 32, 40
UNITS_OF_PARTS = 256
_FIRST_POLL = 30_000.0  # nanoseconds, as a glance at the loop makes them out
_LEAST_FUEL = 64


# -- the loop itself -------------------------------------------------------------------------------------------------


def chunk_of(shared: Shared) -> Function:
    """``chunk(context, start, stop, initial values, inputs) -> results``."""
    old, loop = shared.function, shared.loop
    new = shared.new("chunk", shared.types)
    to = Maker(new, shared.line)
    entry = to.start()
    value: dict[int, int] = {}
    context, start, stop = new.add_param(entry, PTR), new.add_param(entry, I64), new.add_param(entry, I64)
    for role in shared.begins_with():
        value[-1 - role.param] = new.add_param(entry, old.types[role.param])
    for a in shared.inputs:
        if a == old.params[0]:
            value[a] = context
            continue
        value[a] = new.add_param(entry, old.types[a])
        if a in old.facts:
            new.facts[value[a]] = old.facts[a]

    def constant(a: int) -> None:
        if a not in value and (old.ops[a] is _CONST or old.ops[a] is _SYMBOL):
            value[a] = new.new_value(old.ops[a], old.types[a], (), old.imms[a], old.lines[a], entry)
            entry.insts.append(value[a])

    for block in shared.blocks:
        for v in block.insts:
            for a in old.args[v]:
                constant(a)
        for a in (*block.term_args, *[a for e in block.edges for a in e.args]):
            constant(a)
    constant(shared.start)
    constant(loop.stop)
    up = loop.step > 0
    # The same numbers, with bounds that can be seen.
    start = to.emit("smax" if up else "smin", start, value[shared.start])
    stop = to.emit("smin" if up else "smax", stop, value[loop.stop])
    # The first poll is soon, also where a step takes long: what is left of the loop may have to be shared.
    step = max(1.0, *shared.glance.own.values())
    fuel = to.const(max(_LEAST_FUEL, min(FUEL_FULL, int(_FIRST_POLL / step))))

    loops: dict[Loop, Loop] = {}

    def copy_of(inner: Loop | None) -> Loop | None:
        if inner is None or not inner.inside(loop):
            return None
        if inner not in loops:
            loops[inner] = Loop(copy_of(inner.parent))
        return loops[inner]

    blocks = {block: Block(k + 1, copy_of(block.loop)) for k, block in enumerate(shared.blocks)}
    leave = Block(len(blocks) + 1)
    for block, copy in blocks.items():
        copy.cold = block.cold
        for p in block.params:
            value[p] = new.add_param(copy, old.types[p])
        for v in block.insts:
            value[v] = new.new_value(old.ops[v], old.types[v], (), old.imms[v], old.lines[v], copy)
            copy.insts.append(value[v])
    for inner, made in loops.items():
        made.header = blocks[inner.header]
        made.preheader = entry if inner is loop else blocks[inner.preheader]
        if inner.counter >= 0:
            made.counter, made.step = value[inner.counter], inner.step
            made.stop = stop if inner is loop else value[inner.stop]
    for block, copy in blocks.items():
        for v in block.insts:
            new.args[value[v]] = tuple([value[a] for a in old.args[v]])
        copy.term, copy.term_imm, copy.line = block.term, block.term_imm, block.line
        copy.term_args = tuple([value[a] for a in block.term_args])
        copy.edges = [
            Edge(blocks[e.target], tuple([value[a] for a in e.args])) if e is not shared.out else Edge(leave)
            for e in block.edges
        ]
    latch = blocks[shared.latch]
    to.block = latch
    following = value[shared.back.args[loop.header.params.index(loop.counter)]]
    latch.term_args = (to.emit("slt" if up else "sgt", following, stop),)
    latch.edges = [Edge(blocks[loop.header], tuple([value[a] for a in shared.back.args])), Edge(leave)]

    to.block = entry
    given = {loop.counter: start}
    for role in shared.roles:
        type = old.types[role.param]
        if role.kind == "fuel":
            given[role.param] = fuel
        elif role.kind in ("same", "dirty"):
            given[role.param] = value[-1 - role.param]
        else:
            given[role.param] = to.const(_held(role.identity, type), type)
    to.jump(blocks[loop.header], *[given[p] for p in loop.header.params])
    new.blocks += [*blocks.values(), leave]
    to.block = leave
    to.end("ret", tuple([value[v] if v in value else constant_of(to, old, v) for v, _ in shared.results]))
    lay_out(new)
    return new


def constant_of(to: Maker, old: Function, v: int) -> int:
    return to.emit(old.ops[v].name, imm=old.imms[v], type=old.types[v])


# -- some units of it ------------------------------------------------------------------------------------------------


def places(shared: Shared) -> tuple[dict[int, int], list[int], int]:
    """Where in env each input is, and each result: its final value, or its parts; and the size of env."""
    at = _INPUTS
    inputs = {}
    for a in shared.inputs:
        if a != shared.function.params[0]:
            inputs[a] = at
            at += 8
    results = []
    for _, role in shared.results:
        results.append(at)
        at += 8 * UNITS_OF_PARTS if role is not None and role.kind != "dirty" else 8
    return inputs, results, at


def part_of(shared: Shared, chunk: Function) -> Function:
    """``part(context, env, lo, hi)``; where there is nothing between lo and hi it polls."""
    old, loop = shared.function, shared.loop
    new = shared.new("part", ())
    to = Maker(new, shared.line)
    entry = to.start()
    context, env, lo, hi = [new.add_param(entry, t) for t in (PTR, PTR, I64, I64)]
    polls, pre, head, more, store, rest, fill, done = [Block(k + 1) for k in range(8)]
    to.branch(to.emit("slt", lo, hi), Edge(pre), Edge(polls))
    polls.cold = True
    new.blocks += [pre, head, store, more, rest, fill, done, polls]

    to.block = pre
    inputs, results, _ = places(shared)
    value = {a: to.load(NATURAL[old.types[a]], env, at) for a, at in inputs.items()}
    value[old.params[0]] = context
    first, size, count = [to.load(I64_ACCESS, env, at) for at in (START, SIZE, COUNT)]
    step = to.const(loop.step)
    never = to.const(False, I1)
    initial = []
    for role in shared.begins_with():
        a = shared.initial[role.param]
        initial.append(value[a] if a in value else constant_of(to, old, a))
    by = to.const(1)
    to.jump(head, lo)

    to.block = head
    u = new.add_param(head, I64)
    following = to.emit("add", u, by) if shared.by_units else hi
    end = to.emit("smin", to.emit("mul", following, size), count)
    begin = to.emit("add", first, to.emit("mul", to.emit("mul", u, size), step))
    stop = to.emit("add", first, to.emit("mul", end, step))
    given = [value[a] for a in shared.inputs if a != old.params[0]]
    values = to.call(chunk.symbol, (context, begin, stop, *initial, *given), shared.types, shared.site, never)
    final: list[tuple[int, int]] = []
    for (_, result), at, v in zip(shared.results, results, values):
        if result is None:
            final.append((at, v))
        elif result.kind != "dirty":
            to.store(NATURAL[new.types[v]], v, env, at, (u,))
    _store_dirty(shared, to, env, values)
    to.branch(to.emit("eq", end, count), Edge(store), Edge(more))

    to.block = store
    for at, v in final:
        to.store(NATURAL[new.types[v]], v, env, at)
    to.jump(more)
    to.block = more
    if shared.by_units:
        again = Loop(None)
        again.header, again.preheader = head, pre
        head.loop = store.loop = more.loop = again
        to.branch(to.emit("slt", following, hi), Edge(head, (following,)), Edge(done))
    elif shared.parts:
        second = to.emit("add", lo, by)
        # One call for all of them leaves a single part.
        whole = to.emit("and", to.emit("eq", lo, to.const(0)), to.emit("eq", end, count))
        to.store(I64_ACCESS, to.emit("select", whole, by, to.load(I64_ACCESS, env, PARTS)), env, PARTS)
        to.branch(to.emit("slt", second, to.emit("select", whole, second, hi)), Edge(rest), Edge(done))
        to.block = rest
        neutral = [
            (at, to.const(_held(result.identity, t), t))
            for (_, result), at, t in zip(shared.results, results, shared.types) if result in shared.parts
        ]  # fmt: skip
        to.jump(fill, second)
        to.block = fill
        fill.loop = Loop(None)
        fill.loop.header, fill.loop.preheader = fill, rest
        k = new.add_param(fill, I64)
        for at, v in neutral:
            to.store(NATURAL[new.types[v]], v, env, at, (k,))
        after = to.emit("add", k, by)
        to.branch(to.emit("slt", after, hi), Edge(fill, (after,)), Edge(done))
    else:
        to.jump(done)
    to.block = done
    to.end("ret")
    to.block = polls
    to.emit("poll", to.const(0), to.const(False, I1), imm=(shared.poll, 1))
    to.end("ret")
    lay_out(new)
    return new


def _store_dirty(shared: Shared, to: Maker, env: int, values: list[int]) -> None:
    old = shared.function
    for role in shared.roles:
        if role.kind == "dirty":
            back = [v for v, (a, _) in zip(values, shared.results) if a == role.back]
            flag = back[0] if back else constant_of(to, old, role.back)
            # Other threads only ever set it, too.
            known = to.emit("b2i", flag)
            to.store(I64_ACCESS, to.emit("or", to.load(I64_ACCESS, env, DIRTY), known), env, DIRTY)


def _held(value: Any, type: Type) -> Any:
    return float(value) if type.is_float else bool(value) if type is I1 else value
