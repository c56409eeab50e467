"""What both arms of a branch do is done once: computed or loaded before the branch, stored after it.

    b1: br v4, b2, b3                           b1: v5 = load f64 [v1 + v3*8]
                                                    br v4, b2, b3
    b2: v5 = load f64 [v1 + v3*8]               b2: v6 = fmul v5, v7
        v6 = fmul v5, v7                            jump b4(v6)
        store f64 v6, [v2 + v3*8]
        jump b4
    b3: v8 = load f64 [v1 + v3*8]               b3: jump b4(v5)
        store f64 v8, [v2 + v3*8]
        jump b4
    b4: ...                                     b4(v9): store f64 v9, [v2 + v3*8]
                                                        ...

In loops only. Then one store in lanes does instead of a masked one for each arm, which the next could not read from
quickly; and where nothing but the choice of a value is left, `select` makes it one. (Rosen, Wegman, Zadeck 1988, and
LLVM's merged load and store motion do as much for scalar code.)
"""

from __future__ import annotations

from ..ir.dominators import dominates
from ..ir.ops import OPS
from ..ir.types import I1
from .inplace import substitute
from .params import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..ir.function import Block, Function

_CONST, _LOAD, _SELECT, _STORE = OPS["const"], OPS["load"], OPS["select"], OPS["store"]
_MOST = 64  # instructions of an arm that are looked at


def merge(function: Function) -> Function:
    """In place, do once what both arms of branches in loops do."""
    preds = function.predecessors()
    same: dict[int, int] = {}
    # Inner branches first: what is common to their arms may be common to the outer arms then.
    for block in reversed(function.blocks):
        if block.term == "br" and block.loop is not None:
            then, other = [edge.target for edge in block.edges]
            # What a cold copy of the other arm computes again is better computed where it is used.
            if then.cold is not other.cold:
                continue
            if preds[then] == preds[other] == [block] and then.loop is other.loop is block.loop:
                _raise(function, block, then, other, same)
    if same:
        substitute(function, _resolved(same))
    changed = bool(same)
    for block in function.blocks:
        if block.loop is not None and block.loop.header is not block and len(preds[block]) == 2:
            then, other = preds[block]
            if then.term == other.term == "jump" and then.loop is other.loop is block.loop:
                changed = _sink(function, block, then, other) or changed
    return clean(function) if changed else function


def _resolved(same: dict[int, int]) -> dict[int, int]:
    """With the last of a chain as what each is replaced by."""
    return {v: _last(same, v) for v in same}


def _last(same: dict[int, int], v: int) -> int:
    while v in same:
        v = same[v]
    return v


def _raise(function: Function, block: Block, then: Block, other: Block, same: dict[int, int]) -> None:
    """Compute and load at the end of `block` what both arms compute, and load before they check or write anything.
    Not conditions: next to what they decide they cost nothing."""
    ops, imms, types, homes = function.ops, function.imms, function.types, function.homes
    args = function.args
    found: dict[object, int] = {}
    for arm in (then, other):
        loads = True
        for v in arm.insts[:_MOST]:
            op = ops[v]
            loads = loads and not (op.guard or op.writes)
            if op in (_CONST, _SELECT) or types[v] is I1 or not (op.pure or (op is _LOAD and loads)):
                continue
            given = tuple([_last(same, a) for a in args[v]])
            key = (op, given, imms[v], types[v])
            if arm is then:
                found.setdefault(key, v)
            else:
                twin = found.get(key)
                if twin is not None and all(homes[a] not in (then, other) for a in given):
                    if homes[twin] is then:
                        then.insts.remove(twin)
                        args[twin] = given
                        homes[twin] = block
                        block.insts.append(twin)
                    same[v] = twin
    if same:
        other.insts = [v for v in other.insts if v not in same]


def _sink(function: Function, join: Block, then: Block, other: Block) -> bool:
    """Store at the beginning of `join` what both of the blocks before it store to the same place at their end; whether
    there is such."""
    args, imms, types, homes = function.args, function.imms, function.types, function.homes
    changed = False
    while True:
        v, w = _last_store(function, then), _last_store(function, other)
        if v < 0 or w < 0 or args[v][1:] != args[w][1:] or imms[v] != imms[w]:
            return changed
        value, twin = args[v][0], args[w][0]
        if types[value] is not types[twin] or not all(dominates(homes[a], join) for a in args[v][1:]):
            return changed
        changed = True
        if value != twin:
            given, value = value, function.add_param(join, types[value])
            then.edges[0].args += (given,)
            other.edges[0].args += (twin,)
        then.insts.remove(v)
        other.insts.remove(w)
        args[v] = (value, *args[v][1:])
        homes[v] = join
        join.insts.insert(0, v)


def _last_store(function: Function, block: Block) -> int:
    """The store of a block behind which it only computes, or -1."""
    ops = function.ops
    for v in reversed(block.insts):
        if ops[v] is _STORE:
            return v
        if not ops[v].pure:
            break
    return -1
