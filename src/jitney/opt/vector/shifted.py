"""What an iteration takes over from the one before, and that one has computed from nothing that is carried around.

    main(k, t: f64):                        main(k, t: v4f64):             # in lane 3 what t began with
        s = load f64 [b + k*8]                  s = load v4f64 [b + k*8]
        v = fadd s, t                           t' = shuffle t, s, [3, 4, 5, 6]
        store f64 v, [a + k*8]                  v = fadd s, t'
        br ..., main(k', s), out(t)             store v4f64 v, [a + k*8]
                                                br ..., main(k', s), out(lane 3 of s)

Lanes have what their neighbours compute, and the first one has what the last one of the round before did. In the body
such a parameter becomes an instruction behind the value that it takes over; what depends on it follows, and loads that
this needs go in front of stores. (First-order recurrences of LLVM's and GCC's vectorisers.)
"""

from __future__ import annotations

from ...ir.ops import OPS
from ...ir.types import I1, I64
from .body import Inst, NotVectorizable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...analysis.dependence import Access
    from .body import Body
    from .widen import Widen

_PARAM, _LOAD, _STORE = OPS["param"], OPS["load"], OPS["store"]


def find(body: Body, params: list[int]) -> list[int]:
    """Make those of these parameters that do not depend on themselves instructions of the body; gives the others."""
    reached = {p: _reached(body, p, params) for p in params}
    # What depends on itself only through others goes in order with these.
    apart = [p for p in params if p not in reached[p] and p not in body.elements]
    shifted = body.shifted = [p for p in apart if body.type(p) in (I64, I1) or body.type(p).is_float]
    if shifted:
        for p in shifted:
            body.insts[p] = Inst(_PARAM, (body.carried[p],), None, body.type(p))
        _reorder(body, shifted)
    return [p for p in params if p not in shifted]


def _reached(body: Body, p: int, params: list[int]) -> set[int]:
    """The parameters that the next value of `p` depends on, through any number of iterations."""
    seen: set[int] = set()
    found: set[int] = set()
    work = [body.carried[p]]
    while work:
        v = work.pop()
        if v in seen:
            continue
        seen.add(v)
        if v in params:
            found.add(v)
            work.append(body.carried[v])
        elif v in body.insts:
            inst = body.insts[v]
            work += inst.args
            if inst.mask >= 0:
                work.append(inst.mask)
    return found


def _reorder(body: Body, shifted: list[int]) -> None:
    """Each parameter behind what it takes over, and in front of what needs it."""
    insts, order = body.insts, [*body.order, *shifted]
    wanted = set(order)
    placed: dict[int, int] = {}
    for v in order:
        work = [v]
        while work:
            v = work[-1]
            inst = insts[v]
            before = [a for a in (*inst.args, inst.mask) if a in wanted and a not in placed]
            if before:
                work += before
                continue
            work.pop()
            placed.setdefault(v, len(placed))
    body.order = list(placed)
    accesses = sorted(body.accesses, key=lambda access: placed[access.value])
    for k, load in enumerate(body.accesses):
        if not load.store:
            _pass(body, load, [a for a in body.accesses[:k] if a.store and placed[a.value] > placed[load.value]])
    body.accesses = accesses


def _pass(body: Body, load: Access, stores: list[Access]) -> None:
    """A load goes in front of stores that were in front of it."""
    for store in stores:
        if store.at.key != load.at.key:
            body.elsewhere.add((store.at.key, load.at.key))
        elif store.at.const == load.at.const:
            raise NotVectorizable("a load of what is stored before")


def shift(widen: Widen, p: int, before: int) -> tuple[list[int], int]:
    """The parts of parameter `p` from those of the value it takes over.

    Args:
        before: the program's vector of which the last lane is what `p` was taken over from in the round before.

    Returns:
        The parts, and the vector that is `before` for the next round.
    """
    program, body = widen.program, widen.body
    (v,) = body.insts[p].args
    if body.type(p).is_float:
        parts = widen.floats(v)
    else:
        width = max(widen.widths.whole(p), widen.floor)
        parts = widen.masks(v, width) if body.type(p) is I1 else widen.ints(v, width)
    lanes = program.types[parts[0]].lanes
    if widen.ascending:
        picked = tuple(range(lanes - 1, 2 * lanes - 1))
        return [program.emit("shuffle", pair, None, picked) for pair in zip([before, *parts], parts)], parts[-1]
    picked = tuple(range(1, lanes + 1))
    return [program.emit("shuffle", pair, None, picked) for pair in zip(parts, [*parts[1:], before])], parts[0]
