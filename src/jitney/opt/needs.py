"""What a function must have for a pass to find anything to do: quick looks that keep modules from being loaded.

Loading a pass takes as long as many a pass takes to run, and most functions give nothing to do to most of these. Each
look may say yes for nothing, but never no where the pass would change something.
"""

from __future__ import annotations

from ..analysis.memory import array, place
from ..ir.ops import OPS
from ..ir.types import I64
from . import EXTENSIONS, MASKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..analysis.memory import Place
    from ..ir.function import Block, Edge, Function, Loop

_CONST, _CALL, _CCALL, _POLL = OPS["const"], OPS["call"], OPS["ccall"], OPS["poll"]
_LOAD, _STORE = OPS["load"], OPS["store"]
_ADD, _SUB, _MUL, _MULO = OPS["add"], OPS["sub"], OPS["mul"], OPS["mulo"]
_FPOWER, _F2BITS, _FCALL = OPS["fpower"], OPS["f2bits"], OPS["fcall"]
_LASTING = frozenset((OPS["fdiv"], OPS["fsqrt"], _FPOWER))
_SHL, _LSHR, _SAR = OPS["shl"], OPS["lshr"], OPS["sar"]
_GUARD, _INDEX = OPS["guard"], OPS["index"]
_TIGHT = 24
_SHORT_LATCH = 4
_SHIFTS = 8
_LARGE = 1 << 10  # a counter that may get there is none of a short loop
_NIBBLES = (0x0F0F0F0F, 0x0F0F0F0F0F0F0F0F)
_DIVISIONS = frozenset(OPS[name] for name in ("floordiv", "floormod", "udiv", "urem"))
_CALLS, _CCALLS = frozenset((_CALL,)), frozenset((_CCALL,))
_ACCESSES = frozenset((_LOAD, _STORE))
_EXTREMES = (OPS["smin"], OPS["smax"])
_SUMS = (OPS["fadd"], OPS["fsub"])


def self_calls(function: Function) -> bool:
    """For `tails` and `inline`: calls to itself."""
    if _CALLS.isdisjoint(function.ops):
        return False
    ops, imms = function.ops, function.imms
    return any(imms[v].target is function.symbol for v in range(len(ops)) if ops[v] is _CALL)


def payloads(function: Function) -> bool:
    """For `payloads`: bits of floats, in a function with loops."""
    return _F2BITS in function.ops and any(block.loop is not None for block in function.blocks)


def tests_on_top(function: Function) -> bool:
    """For `rotate`: a loop whose header decides whether to go on, and is not all of it."""
    for loop in function.loops():
        header = loop.header
        if header.term == "br":
            inside = [edge.target for edge in header.edges if _in(edge.target, loop)]
            if len(inside) == 1 and inside[0] is not header:
                return True
    return False


def counted(function: Function) -> bool:
    """For `split`: a counted loop."""
    return any(loop.counter >= 0 for loop in function.loops())


def nests(function: Function) -> bool:
    """For `outer`: a loop in a loop."""
    return any(block.loop is not None and block.loop.parent is not None for block in function.blocks)


def loads(function: Function) -> bool:
    """For `memory`: something that is loaded in a loop, or after another access."""
    ops = function.ops
    before = False
    for block in function.blocks:
        for v in block.insts:
            if ops[v] in _ACCESSES:
                if ops[v] is not _STORE and (before or block.loop is not None):
                    return True
                before = True
    return False


def accesses(function: Function) -> bool:
    """For `addresses`: something that is loaded or stored in a loop."""
    ops = function.ops
    return any(block.loop is not None and any(ops[v] in _ACCESSES for v in block.insts) for block in function.blocks)


def steady_loads(function: Function) -> bool:
    """For `sections`: a loop that stores something, and loads from where it always does."""
    ops, homes, args = function.ops, function.homes, function.args
    steady: set[Loop | None] = set()
    for block in function.blocks:
        if block.loop is not None:
            loop = block.loop
            for v in block.insts:
                if ops[v] is _STORE:
                    if loop in steady:
                        return True
                elif ops[v] is _LOAD and all(not _in(homes[a], loop) for a in args[v]):
                    steady.add(loop)
    return False


def known_trips(function: Function) -> bool:
    """For `unroll`: a counted loop up to a constant, or a loop that ends by what began as one."""
    ops = function.ops
    return any(
        ops[loop.stop] is _CONST if loop.counter >= 0
        else any(ops[a] is _CONST for edge in loop.preheader.edges for a in edge.args)
        for loop in function.loops()
    )  # fmt: skip


def masks(function: Function) -> bool:
    """For `modular`: something that asks for low bits."""
    return not MASKS.isdisjoint(function.ops)


def lone_tests(function: Function) -> bool:
    """For `between`: behind a branch a block that does nothing but compare the same value again, and branch."""
    args = function.args
    for block in function.blocks:
        if block.term == "br":
            compared = args[block.term_args[0]][:1]
            for edge in block.edges:
                arm = edge.target
                if arm.term == "br" and list(arm.term_args) == arm.insts and args[arm.insts[0]][:1] == compared:
                    return True
    return False


def counting(function: Function) -> bool:
    """For `closed`: a loop of one block that does nothing but compute, and no floats."""
    ops, types = function.ops, function.types
    return any(
        block.term == "br" and block.loop is not None and any(edge.target is block for edge in block.edges)
        and all((ops[v].pure or ops[v].base or ops[v] is _POLL) and not types[v].is_float for v in block.insts)
        for block in function.blocks
    )  # fmt: skip


def shifted_halves(function: Function) -> bool:
    """For `rotates`: shifts to both sides."""
    ops = function.ops
    return _SHL in ops and (_LSHR in ops or _SAR in ops)


def bits(function: Function) -> bool:
    """For `patterns`: shifts for eight bits at least, or masks for every fourth of them."""
    ops, imms = function.ops, function.imms
    if _SHL not in ops and _LSHR not in ops and _SAR not in ops:
        return False
    return ops.count(_LSHR) + ops.count(_SAR) + ops.count(_SHL) >= _SHIFTS or any(
        ops[v] is _CONST and imms[v] in _NIBBLES for v in range(len(ops))
    )


def extensions(function: Function) -> bool:
    """For `extensions`: one that is computed with, or carried around."""
    ops, args = function.ops, function.args
    return not EXTENSIONS.isdisjoint(ops) and any(
        any(ops[a] in EXTENSIONS for v in block.insts for a in args[v])
        or any(ops[a] in EXTENSIONS for edge in block.edges for a in edge.args)
        for block in function.blocks
    )


def choices(function: Function) -> bool:
    """For `select`: a branch in a loop whose ways meet again right away."""
    for block in function.blocks:
        if block.term == "br" and block.loop is not None:
            then, other = block.edges
            if not {then.target, _through(then, block)}.isdisjoint((other.target, _through(other, block))):
                return True
    return False


def arms(function: Function) -> bool:
    """For `merge`: a branch in a loop with something to do on both ways, or stores where two ways meet."""
    ops = function.ops
    met: set[Block] = set()
    for block in function.blocks:
        loop = block.loop
        if loop is None:
            continue
        if block.term == "br":
            ways = [edge.target for edge in block.edges]
            if all(way.insts and way.loop is loop and loop.header is not way for way in ways):
                return True
        elif block.term == "jump" and any(ops[v] is _STORE for v in block.insts):
            (edge,) = block.edges
            if edge.target in met:
                return True
            met.add(edge.target)
    return False


def invariants(function: Function) -> bool:
    """For `guards`: a check or a computation in a loop of what is computed outside of it."""
    ops, args, homes = function.ops, function.args, function.homes
    for block in function.blocks:
        loop = block.loop
        if loop is None:
            continue
        for v in block.insts:
            op = ops[v]
            if args[v] and (op.pure or (op.guard and not op.writes) or op is _CCALL or op in _DIVISIONS):
                home = homes[args[v][0]].loop
                if home is None or not home.inside(loop):
                    if op.guard or not any(_in(homes[a], loop) for a in args[v]):
                        return True
    return False


def steady(function: Function) -> bool:
    """For `guards` once more: what takes long, in a loop, of what is computed outside of it (loads, by now)."""
    ops, args, homes = function.ops, function.args, function.homes
    return any(
        (ops[v] in _LASTING or (ops[v] is _CCALL and function.imms[v].pure))
        and not any(_in(homes[a], block.loop) for a in args[v])
        for block in function.blocks if block.loop is not None for v in block.insts
    )  # fmt: skip


def moving(function: Function) -> bool:
    """For `inductions`: what a counted loop carries, plus or minus a constant."""
    carried = {
        p for loop in function.loops() if loop.counter >= 0 and loop.parallel is None
        for p in loop.header.params if p != loop.counter
    }  # fmt: skip
    ops, args = function.ops, function.args
    if function.fastmath and any(function.types[p].is_float for p in carried):
        return True
    return bool(carried) and any(
        (ops[v] is _ADD or ops[v] is _SUB) and args[v][0] in carried and ops[args[v][1]] is _CONST
        for block in function.blocks if block.loop is not None for v in block.insts
    )  # fmt: skip


def short_loops(function: Function) -> bool:
    """For `polls`: a loop that is not counted, or up to a constant, or whose counter is small."""
    ops, facts = function.ops, function.facts
    return any(
        loop.counter < 0 or ops[loop.stop] is _CONST or facts.get(loop.counter, (0, _LARGE))[1] < _LARGE
        for loop in function.loops()
    )


def invariant_branches(function: Function) -> bool:
    """For `unswitch`: a branch in an innermost loop on what is computed outside of it."""
    homes, ops = function.homes, function.ops
    found: set[Loop] = set()
    for block in function.blocks:
        loop = block.loop
        if block.term == "br" and loop is not None:
            (cond,) = block.term_args
            home = homes[cond].loop
            if ops[cond] is not _CONST and (home is None or not home.inside(loop)):
                found.add(loop)
    return bool(found) and not found.issubset([loop.parent for loop in function.loops()])


def updates(function: Function) -> bool:
    """For `promote`: a loop of one block that stores where it always does."""
    ops, homes, args = function.ops, function.homes, function.args
    for block in function.blocks:
        loop = block.loop
        if loop is not None and loop.header is block and any(edge.target is block for edge in block.edges):
            stores = [v for v in block.insts if ops[v] is _STORE]
            if 0 < len(stores) <= 4 and all(homes[a] is not block for v in stores for a in args[v][1:]):
                return True
    return False


def recurrences(function: Function) -> bool:
    """For `carry`: a counted loop that loads and stores in one array, at two places or always at the same one."""
    ops = function.ops
    stored: dict[tuple[Loop, int], set[Place]] = {}
    loaded: dict[tuple[Loop, int], set[Place]] = {}
    for block in function.blocks:
        loop = block.loop
        if loop is not None and loop.counter >= 0:
            for v in block.insts:
                if ops[v] in _ACCESSES:
                    at = place(function, v)
                    found = stored if ops[v] is _STORE else loaded
                    found.setdefault((loop, array(function, at[0])), set()).add(at)
    return any(
        key in loaded
        and (len(loaded[key] | places) > 1 or any(at[1] < 0 or not _in(function.homes[at[1]], key[0]) for at in places))
        for key, places in stored.items()
    )


def powers(function: Function) -> bool:
    """For `powers`: calls of C's `pow` and `powf`."""
    ops, imms = function.ops, function.imms
    if _CCALLS.isdisjoint(ops):
        return False
    return any(imms[v].name in ("pow", "powf") for v in range(len(ops)) if ops[v] is _CCALL)


def squares(function: Function) -> bool:
    """For `doubts`: powers in place of calls."""
    return _FPOWER in function.ops


def circles(function: Function) -> bool:
    """For `circles`: calls of C's `sin` and `cos`."""
    ops, imms = function.ops, function.imms
    if _CCALLS.isdisjoint(ops):
        return False
    names = {imms[v].name for v in range(len(ops)) if ops[v] is _CCALL}
    return "sin" in names and "cos" in names


def narrow_loads(function: Function) -> bool:
    """For `joins`: narrow loads, and shifts to the left."""
    ops, imms = function.ops, function.imms
    return _SHL in ops and any(
        ops[v] is _LOAD and function.types[v] is I64 and imms[v].access.size < 8 and not imms[v].access.signed
        for v in range(len(ops))
    )


def products(function: Function) -> bool:
    """For `chains`: a product in a loop of one block."""
    ops = function.ops
    return _MUL in ops and any(
        any(edge.target is block for edge in block.edges) and any(ops[v] is _MUL for v in block.insts)
        for block in function.blocks
    )


def checked_products(function: Function) -> bool:
    """For `digits`: a product in a loop that may overflow."""
    ops = function.ops
    return _MULO in ops and any(
        block.loop is not None and any(ops[v] is _MULO for v in block.insts) for block in function.blocks
    )


def tight(function: Function) -> bool:
    """For `partial`: a tight loop."""
    return any(is_tight(function, block) for block in function.blocks)


def is_tight(function: Function, block: Block) -> bool:
    """Whether a block is a loop that counts, of a few instructions, some of them accesses, and carries no float and no
    extreme of integers: that is what such a loop waits for. Sums of floats in a loop around may be carried: where a
    processor guesses the end of one, which takes fewer branches, it goes on with the next one meanwhile. A loop that
    hands integers on from one variable to another (``a, b = b, a + b``) needs no accesses: it gains by needing no moves
    but for each fourth time."""
    loop = block.loop
    if (
        loop is None or loop.header is not block or loop.counter < 0 or block.term != "br" or block.cold or loop.tail
        or loop.parallel is not None or len(block.insts) > _TIGHT
        or all(edge.target is not block for edge in block.edges)
    ):  # fmt: skip
        return False
    ops, types = function.ops, function.types
    back = block.edges[block.edges[0].target is not block]
    for p, a in zip(block.params, back.args):
        if types[p].lanes > 1 or ops[a] in _EXTREMES:
            return False
        if types[p].is_float and (loop.parent is None or ops[a] not in _SUMS or p not in function.args[a]):
            return False
    found = [ops[v] for v in block.insts]
    handed = any(a in block.params and a != p for p, a in zip(block.params, back.args))
    return (handed or not _ACCESSES.isdisjoint(found)) and all(
        (op.pure and op is not _FCALL) or op.base or op in _ACCESSES or op is _GUARD or op is _INDEX for op in found
    )


def ends_of_arms(function: Function) -> bool:
    """For `latches`: two arms of a loop that jump to where it ends."""
    met: set[Block] = set()
    for block in function.blocks:
        if block.term == "jump" and block.loop is not None:
            latch = block.edges[0].target
            if latch in met and latch.loop is block.loop and is_latch(function, latch):
                return True
            met.add(latch)
    return False


def is_latch(function: Function, block: Block) -> bool:
    """Whether a block of a loop does next to nothing but to test for the next iteration."""
    loop = block.loop
    if (
        loop is None or block.term != "br" or block.cold or block is loop.header or loop.parallel is not None
        or len(block.insts) > _SHORT_LATCH
    ):  # fmt: skip
        return False
    back = [edge.target is loop.header for edge in block.edges]
    behind = block.edges[back[0]].target
    return back[0] != back[1] and behind.loop is not loop and all(function.ops[v].pure for v in block.insts)


def _in(block: Block, loop: Loop) -> bool:
    return block.loop is not None and block.loop.inside(loop)


def _through(edge: Edge, block: Block) -> Block:
    """Where an edge leads to, or what that block jumps to."""
    arm = edge.target
    return arm.edges[0].target if arm.term == "jump" and arm.loop is block.loop else arm
