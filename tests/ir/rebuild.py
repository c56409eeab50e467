"""A plain copy of a function through a builder, block by block: what the builder does by itself, and nothing else."""

from __future__ import annotations

from jitney.ir.builder import Builder
from jitney.ir.function import Block, Edge, Function, Loop
from jitney.ir.ops import OPS


def rebuilt(old: Function) -> Function:
    """`old`, every instruction emitted again; branches stay, also on constants."""
    new = Function(old.name, old.results, old.convention)
    new.id, new.sites, new.symbol, new.file = old.id, old.sites, old.symbol, old.file
    builder = Builder(new)
    loops: dict[Loop | None, Loop | None] = {None: None}
    for loop in old.loops():
        loops[loop] = Loop(loops[loop.parent])
    blocks = {block: Block(-1, loops[block.loop]) for block in old.blocks}
    value: dict[int, int] = {}
    for block in old.blocks:
        builder.start(blocks[block], blocks[block.idom] if block.idom is not None else None)
        if block.loop is not None and block.loop.header is block:
            loop = loops[block.loop]
            loop.header, loop.preheader = blocks[block], blocks[block.loop.preheader]
        for p in block.params:
            value[p] = builder.param(blocks[block], old.types[p])
        for v in block.insts:
            op, args = old.ops[v], tuple(value[a] for a in old.args[v])
            builder.line = old.lines[v]
            if op is OPS["const"]:
                value[v] = builder.const(old.types[v], old.imms[v])
            elif op is OPS["result"]:
                value[v] = builder._append(op, args, old.imms[v], old.types[v])
            elif op is OPS["load"]:
                m = old.imms[v]
                value[v] = builder.load(m.access, *args, **_place(m, args), invariant=m.invariant)
            else:
                value[v] = builder.insert(op, args, old.imms[v], old.types[v])
        builder.line = block.line
        copy = blocks[block]
        copy.term, copy.term_imm, copy.line, copy.cold = block.term, block.term_imm, block.line, block.cold
    for block, copy in blocks.items():
        copy.term_args = tuple(value[a] for a in block.term_args)
        copy.edges = [Edge(blocks[e.target], tuple(value[a] for a in e.args)) for e in block.edges]
    for old_loop, loop in loops.items():
        if loop is not None and old_loop.counter >= 0:
            loop.counter, loop.step, loop.stop = value[old_loop.counter], old_loop.step, value[old_loop.stop]
    return new


def _place(memory, args):
    index = {} if len(args) > 1 else {"index": None}
    return {**index, "scale": memory.scale, "disp": memory.disp, "region": memory.region}
