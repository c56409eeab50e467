"""Loops that are left early, and checks: what the conditions may hang on."""

from __future__ import annotations

from ...analysis.intervals import MAX
from ...ir.ops import OPS
from ...ir.types import I1, I64
from ..span import FIRST as FIRST_CHUNK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .body import Body

_CONST, _LOAD = OPS["const"], OPS["load"]


def scans(body: Body) -> bool:
    """Whether the loop around is one that does not count: it goes on from where this one is left, soon."""
    around = body.loop.parent
    if around is not None and around.counter < 0:
        around = around.parent  # a split loop has another one around it, which runs once
    return around is not None and around.counter < 0


def short(body: Body) -> bool:
    """Whether the loop has so few iterations that all of them are the scalar loop's, see `enter`."""
    first, last = body.function.facts.get(body.counter, (0, MAX))
    return last - first < 2 * FIRST_CHUNK


def by_data(body: Body, cond: int) -> bool:
    """Whether a condition of leaving compares no integers but such that come from memory with others that do not
    come from the counter. Then no index was found to be good because the loop had not been left: what the next
    iterations load may be loaded."""
    inst = body.insts.get(cond)
    if inst is None or inst.type is not I1:
        return False
    if inst.op is _LOAD:
        return True
    types = [body.type(a) for a in inst.args]
    if types[0] is I1:
        return all(by_data(body, a) or body.constant(a) is not None for a in inst.args)
    if types[0].is_float:
        return True
    sources = [_sources(body, a) for a in inst.args]
    return types[0] is I64 and any("memory" in s for s in sources) and not any("counter" in s for s in sources)


def _sources(body: Body, v: int) -> set[str]:
    """Whether an integer comes from memory, from what changes from iteration to iteration, or neither."""
    found: set[str] = set()
    work, seen = [v], {v}
    while work:
        v = work.pop()
        inst = body.insts.get(v)
        if inst is None:
            if body.inside(v) and body.op(v) is not _CONST:
                found.add("counter")
        elif inst.op is _LOAD or inst.type.is_float:
            found.add("memory")
        else:
            work += [a for a in inst.args if a not in seen]
            seen.update(inst.args)
    return found
