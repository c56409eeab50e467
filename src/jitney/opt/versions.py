"""Two versions of a loop of one block: one for where a condition holds, and the loop as it was.

    pre: jump main(v3)                          pre: br v9, fast, slow
                                                fast: jump main(v3)
    main(v8): ...                               main(v8): ...
              br v4, main(v11), out(v7)                   br v4, main(v11), meet(v7)
                                                slow: jump main'(v3)
                                                main'(v8'): ...
                                                          br v4', main'(v11'), meet(v7')
                                                meet(v12): jump out(v12)

The versions are for passes that change the first one: where accesses that cannot be told apart when compiling are.
"""

from __future__ import annotations

from ..ir.function import Block, Edge, Loop
from .inplace import substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Function


def choose(function: Function, loop: Loop, cond: int) -> Block:
    """Run `loop`, of one block, where `cond` holds, and a copy of it elsewhere. Gives its new preheader; the function
    has to be laid out after that."""
    block, before = loop.header, loop.preheader
    out = next(e for e in block.edges if e.target is not block)
    entry = before.edges[0]
    values = _copied(function, loop)
    copy = function.homes[values[block.insts[0]]]
    used = _used_outside(function, block, out)
    meet = new_block(function, block, loop.parent)
    fast, slow = new_block(function, before, loop.parent), new_block(function, before, loop.parent)
    for b in (meet, fast, slow):
        b.line = block.line
    slow.cold = copy.cold = True
    slow.term, slow.edges = "jump", [Edge(copy, entry.args)]
    fast.term, fast.edges = "jump", [Edge(block, entry.args)]
    assert copy.loop is not None
    copy.loop.preheader, loop.preheader = slow, fast
    before.term, before.term_args, before.edges = "br", (cond,), [Edge(fast), Edge(slow)]
    outside = {v: function.add_param(meet, function.types[v]) for v in used}
    if outside:
        substitute(function, outside, (block, copy))
    meet.term, meet.edges = "jump", [Edge(out.target, tuple([outside.get(a, a) for a in out.args]))]
    out.target, out.args = meet, tuple(used)
    for edge in copy.edges:
        if edge.target is not copy:
            edge.target, edge.args = meet, tuple([values[v] for v in used])
    return fast


def new_block(function: Function, after: Block, loop: Loop | None) -> Block:
    """An empty block of `loop`, behind another one."""
    new = Block(-1, loop)
    new.line = after.line
    function.blocks.insert(function.blocks.index(after) + 1, new)
    return new


def _copied(function: Function, old: Loop) -> dict[int, int]:
    """A copy of the loop behind it; gives the new values by the old ones."""
    block = old.header
    loop = Loop(old.parent)
    copy = loop.header = new_block(function, block, loop)
    values = {p: function.add_param(copy, function.types[p]) for p in block.params}
    for v in block.insts:
        given = tuple([values.get(a, a) for a in function.args[v]])
        values[v] = function.new_value(function.ops[v], function.types[v], given, function.imms[v],
                                       function.lines[v], copy)  # fmt: skip
        copy.insts.append(values[v])
    copy.term, copy.line = "br", block.line
    copy.term_args = tuple([values.get(a, a) for a in block.term_args])
    for e in block.edges:
        args = tuple([values.get(a, a) for a in e.args])
        copy.edges.append(Edge(copy if e.target is block else e.target, args))
    loop.counter, loop.step, loop.stop = values.get(old.counter, -1), old.step, old.stop
    for p in block.params:
        if p in function.facts:
            function.facts[values[p]] = function.facts[p]
    return values


def _used_outside(function: Function, block: Block, out: Edge) -> list[int]:
    """The loop's values that other blocks use, or that it passes on where it ends."""
    args = function.args
    own = {*block.params, *block.insts}
    apart = own.isdisjoint
    used = [a for a in out.args if a in own]
    for other in function.blocks:
        if other is block:
            continue
        for given in (*[args[v] for v in other.insts], other.term_args, *[edge.args for edge in other.edges]):
            if not apart(given):
                used += [a for a in given if a in own]
    return list(dict.fromkeys(used))
