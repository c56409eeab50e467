"""Lists of numbers handed to other functions (frontend/numeric.py), plain against jitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.frontend.source import find as source_of
from jitney.frontend.usage import Usage
from tests.support import check


def root(parent: Any, x: int) -> int:
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


jitted_root = jit(root)


def unite(parent: Any, size: Any, a: int, b: int) -> bool:
    a, b = jitted_root(parent, a), root(parent, b)
    if a == b:
        return False
    if size[a] < size[b]:
        a, b = b, a
    parent[b] = a
    size[a] += size[b]
    return True


def components(n: int, m: int) -> Any:
    parent = list(range(n))
    size = [1] * n
    count, x = n, 7
    for _ in range(m):
        x = (x * 75 + 74) % 65537
        if unite(parent, size, x % n, x // n % n):
            count -= 1
    return count, parent, size, item(parent, 0), item(size, -1)


def item(a: Any, i: int) -> Any:
    return a[i]


@jit
def sift(heap: Any, n: int, i: int) -> None:
    while 2 * i + 1 < n:
        k = 2 * i + 1
        if k + 1 < n and heap[k + 1] > heap[k]:
            k += 1
        if heap[k] <= heap[i]:
            return
        heap[i], heap[k] = heap[k], heap[i]
        i = k


def sorted_by_heap(n: int, scale: float) -> Any:
    a = [(i * 7919) % 107 * scale for i in range(n)]
    for i in range(n // 2 - 1, -1, -1):
        sift(a, n, i)
    for i in range(n - 1, 0, -1):
        a[0], a[i] = a[i], a[0]
        sift(a, i, 0)
    return a


@jit
def queens(columns: Any, up: Any, down: Any, r: int, n: int) -> int:
    if r == n:
        return 1
    total = 0
    for c in range(n):
        if not columns[c] and not up[r + c] and not down[r - c + n]:
            columns[c] = up[r + c] = down[r - c + n] = True
            total += queens(columns, up, down, r + 1, n)
            columns[c] = up[r + c] = down[r - c + n] = False
    return total


def placed(n: int) -> int:
    return queens([False] * n, [False] * (2 * n), [False] * (2 * n), 0, n)  # type: ignore[no-any-return]


def placed_in_lists(n: int) -> Any:
    columns, up, down = [False] * n, [False] * (2 * n), [False] * (2 * n)
    return queens(columns, up, down, 0, n), columns


def both(a: Any, b: Any) -> None:
    a[0] += 1
    b[0] += a[0]


jitted_both = jit(both)


def alias(n: int) -> Any:
    a = [n] * 3
    jitted_both(a, a)
    both(a, a)
    b = [0.5] * 3
    jitted_both(b, a)
    return a, b


def of_rows(n: int) -> Any:
    t = [[i * j % 5 for j in range(n)] for i in range(n)]
    s = 0
    for i in range(n):
        row = t[i]
        s += total(row) + jitted_total(row)
    return s, t


def total(a: Any) -> Any:
    s = 0
    for x in a:
        s += x
    return s + sum(a) + len(a)


jitted_total = jit(total)


def test_algorithms() -> None:
    check(components, (50, 30))
    check(components, (1, 3))
    check(sorted_by_heap, (40, 1.0))
    check(sorted_by_heap, (40, 2))
    check(placed, 5)
    check(placed_in_lists, 5)
    check(alias, 4)
    check(of_rows, 4)
    check(of_rows, 0)
    assert [sift([1, 5, 2], 3, 0), jitted_root([0, 0, 1], 2)] == [None, 0]
    assert jitted_root(np.array([0, 0, 1]), 2) == 0


@pytest.mark.parametrize(("function", "names"), [
    (root, {"parent"}), (unite, {"parent", "size"}), (item, {"a"}), (both, {"a", "b"}), (total, {"a"}),
])  # fmt: skip
def test_which_parameters(function: Any, names: set[str]) -> None:
    assert Usage(function, source_of(function).node.body).given == names


# -- what cannot be handed on ----------------------------------------------------------------------------------------


def same(a: Any) -> Any:
    return a


def grown(a: Any) -> None:
    a.append(4)


def rebound(a: Any) -> Any:
    a = [5] * 3
    a[0] = 4
    return a[0]


def other_item(a: Any, x: Any) -> None:
    a[0] = x


def wrong_item(a: Any) -> None:
    a[1] = "text"


def failing(a: Any, k: int) -> int:
    a[0] = 5
    return 10 // k + a[k]


def sliced(a: Any) -> Any:
    return a[1:]


def kept(a: Any) -> Any:
    return [a, a]


def captured(a: Any) -> Any:
    def inner() -> Any:
        return a[0]

    return inner()


def truth(a: Any) -> int:
    return 1 if a else 0


def with_default(a: Any, k: int = 1) -> Any:
    return a[k]


def of_any_number(*a: Any) -> Any:
    return a[0][0]


def nested(t: Any) -> Any:
    return t[0][1]


jitted = [jit(f) for f in (same, grown, rebound, other_item, wrong_item, failing, sliced, kept, captured, truth)]
jit_same, jit_grown, jit_rebound, jit_other, jit_wrong, jit_failing, jit_sliced, jit_kept, jit_captured = jitted[:9]
jit_truth = jitted[9]


def others(n: int, which: int) -> Any:
    a = [n] * 3
    r: Any = None
    if which == 0:
        r = jit_same(a)
        r[0] = 7
    elif which == 1:
        jit_grown(a)
        grown(a)
    elif which == 2:
        r = jit_rebound(a), rebound(a)
    elif which == 3:
        jit_other(a, 0.5)
        other_item(a, 2.5)
    elif which == 4:
        jit_wrong(a)
    elif which == 5:
        r = jit_sliced(a), sliced(a)
    elif which == 6:
        r = jit_kept(a)
        a[0] = 9
    elif which == 7:
        r = jit_captured(a), captured(a)
    elif which == 8:
        r = jit_truth(a), truth(a)
    return a, r


def only(n: int, f: int) -> Any:
    a, b, c, d = [n] * 3, [n] * 4, [n] * 3, [n] * 3
    other_item(a, 0.5)
    jit_other(b, 0.5)
    x = with_default(c) + with_default(c, 2) + with_default(k=0, a=d) + of_any_number(c, d)
    return a, b, x


def raised(out: Any, k: int) -> Any:
    a = [3] * 3
    if out[0] > 0:
        out[0] = 9
    return jit_failing(a, k), failing(a, k), a


def of_nested(n: int) -> Any:
    t = [[i + j for j in range(n)] for i in range(n)]
    return nested(t), t


def with_numpy(a: Any) -> Any:
    b = [0] * 4
    for i in range(len(a)):
        other_item(b, a[i])
        jit_other(b, a[i])
    return b, item(b, 0) + 1


@pytest.mark.parametrize("which", range(9))
def test_others(which: int) -> None:
    check(others, (4, which))


def test_other_calls() -> None:
    check(only, (2, 1))
    check(of_nested, 3)
    check(with_numpy, np.arange(3))
    for first in (0.0, 1.0):
        for k in (0, 1, 2, 3, -4):
            check(raised, (np.array([first]), k))
