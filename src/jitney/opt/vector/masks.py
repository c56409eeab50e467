"""When an instruction of a loop's body is executed: a disjunction of paths, which are conjunctions of conditions."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    # (condition, whether it holds)
    Literal = tuple[int, bool]
    Mask = frozenset[frozenset[Literal]]

ALWAYS: Mask = frozenset((frozenset(),))
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
