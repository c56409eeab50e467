"""Parallel moves put in order: every destination gets its source's old value."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def schedule(outs: Sequence[int], ins: Sequence[int]) -> list[tuple[bool, int, int]]:
    """Moves and swaps that do the moves ``outs[i] <- ins[i]``, all at once; destinations are distinct.

    Returns:
        (swap, a, b) in order: ``a <- b``, or when `swap` is true a and b exchanged. A cycle of n takes n - 1 swaps.
        E.g. Rideau, Serpette, Leroy: "Tilting at windmills with Coq".
    """
    source = {d: s for d, s in zip(outs, ins) if d != s}
    if len(source) < 2:
        return [(False, d, s) for d, s in source.items()]
    readers: dict[int, int] = {}
    for s in source.values():
        readers[s] = readers.get(s, 0) + 1
    order: list[tuple[bool, int, int]] = []
    ready = [d for d in source if d not in readers]
    while ready:
        d = ready.pop()
        s = source.pop(d)
        order.append((False, d, s))
        readers[s] -= 1
        if not readers[s] and s in source:
            ready.append(s)
    # What is left are disjoint cycles.
    while source:
        d, s = next(iter(source.items()))
        del source[d]
        while s in source:
            order.append((True, d, s))
            d, s = s, source.pop(s)
    return order
