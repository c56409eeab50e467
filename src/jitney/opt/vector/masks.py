"""When an instruction of a loop's body is executed: a disjunction of paths, which are conjunctions of conditions."""

from __future__ import annotations

from ...ir.ops import OPS, wrap
from ...ir.types import I1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .body import Body

    # (condition, whether it holds)
    Literal = tuple[int, bool]
    Mask = frozenset[frozenset[Literal]]

ALWAYS: Mask = frozenset((frozenset(),))
_AND, _OR, _NOT = OPS["and"], OPS["or"], OPS["not"]
_MOST_PATHS = 12


class NotVectorizable(Exception):
    """The loop stays as it is. Says why."""


class Missing(NotVectorizable):
    """The target does not have an operation for vectors as long as these."""


def exclusive(a: Mask, b: Mask) -> bool:
    """Whether no path of one can be one of the other."""
    return all(any((cond, not holds) in q for cond, holds in p) for p in a for q in b)


def simplified(mask: Mask) -> Mask:
    """The same disjunction with fewer literals."""
    paths = set(mask)
    if len(paths) > _MOST_PATHS:
        raise NotVectorizable("too many ways through the loop")
    changed = True
    while changed and len(paths) > 1:
        changed = False
        for p in sorted(paths, key=lambda path: (len(path), sorted(path))):
            for q in paths:
                if p is not q and p <= q:
                    paths.discard(q)
                    changed = True
                    break
                # p = r and x, q = r and not x and s: the union is (r and x) or (r and s).
                opposite = [(cond, holds) for cond, holds in p if (cond, not holds) in q]
                if len(opposite) == 1 and p - set(opposite) <= q:
                    cond, holds = opposite[0]
                    paths.discard(q)
                    paths.add(q - {(cond, not holds)})
                    changed = True
                    break
            if changed:
                break
    return frozenset(paths)


def condition(body: Body, mask: Mask) -> int:
    """The i1 that says whether `mask` holds; -1 for always."""
    if mask == ALWAYS:
        return -1
    whole = -1
    for path in sorted(mask, key=sorted):
        part = none = -1
        for cond, holds in sorted(path):
            if holds:
                part = cond if part < 0 else body.make(_AND, (part, cond), I1)
            else:
                none = cond if none < 0 else body.make(_OR, (none, cond), I1)
        if none >= 0:
            none = body.make(_NOT, (none,), I1)
            part = none if part < 0 else body.make(_AND, (part, none), I1)
        whole = part if whole < 0 else body.make(_OR, (whole, part), I1)
    return whole


def unmask(body: Body, paths: dict[int, Mask]) -> None:
    """Loads in arms whose address is good anyway are executed always.

    Args:
        paths: when each access is executed.
    """
    always = [a for a in body.accesses if paths[a.value] == ALWAYS]
    for access in body.accesses:
        if access.store or paths[access.value] == ALWAYS:
            continue
        near = [wrap(a.at.const - access.at.const) for a in always
                if a.at.key == access.at.key and a.memory.access.size >= access.memory.access.size]  # fmt: skip
        if near and min(near) <= 0 <= max(near):
            body.insts[access.value].mask = -1
