"""Comprehensions and lists of lists as memory (frontend/filled.py, frontend/usage.py), plain against jitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from jitney import jit
from jitney.frontend.source import find
from jitney.frontend.usage import Usage
from tests.support import check


def table(n: int, m: int, at: int) -> Any:
    t = [[0] * (m + 1) for _ in range(n)]
    for i in range(1, n):
        for j in range(m):
            t[i][j + 1] = t[i - 1][j] + i * j
            t[i][j] += 1
    return t[at][at], len(t), len(t[0]), t


@pytest.mark.parametrize(
    ("n", "m", "at"), [(4, 3, 2), (4, 3, -3), (4, 3, 4), (4, 3, -5), (0, 3, 0), (2, -4, 0), (3, 0, 2)]
)
def test_tables(n: int, m: int, at: int) -> None:
    check(table, (n, m, at))
    check(table, (np.int64(n), m, np.int8(at)))


def computed(n: int, m: int) -> Any:
    a = [[i * 0.5 - j for j in range(m)] for i in range(n)]
    b = [i * i for i in range(n, -n, -2)]
    c = [[i, i + 1, -i] for i in b]
    d = [x > 3 for x in b]
    e = [[i % (j + 1) == 0 for j in range(m)] for i in range(n)]
    f = list(range(m))
    g = [(x if x else -1) for x in (1, 0, 3)]
    h = [[7] * m for i in range(3)]
    s = 0.0
    for i, row in enumerate(a):
        for j in range(len(row)):
            s += row[j] * c[i][j % 3] + f[j]
    for row, other in zip(a, h):
        for x, y in zip(row, other):
            s += x * y
    for row in reversed(c):
        s -= row[-1]
    return s, a, b, c, d, e, f, g, h


def test_comprehensions() -> None:
    for n, m in ((4, 5), (1, 1), (0, 3), (3, 0), (2, 9)):
        check(computed, (n, m))


def copies(n: int) -> Any:
    t = [[i + j for j in range(n)] for i in range(n)]
    a = [row[:] for row in t]
    b = [list(row) for row in t]
    r = t[1][:]
    q = t[0].copy()
    w = list(q)
    r[0], q[-1] = 50, 60
    w[0] = 9
    a[0][1] = 70
    row = t[-1]
    row[0] = 80
    b[1][1] = row[0]
    return t, a, b, r, q, w


def kernel(a: Any) -> Any:
    k = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    out = [[0] * (len(a) - 2) for _ in range(len(a) - 2)]
    for i in range(1, len(a) - 1):
        for j in range(1, len(a) - 1):
            s = 0
            for u in range(3):
                for v in range(3):
                    s += k[u][v] * int(a[i + u - 1, j + v - 1])
            out[i - 1][j - 1] = s
    return out


def swapped(n: int, m: int) -> Any:
    old: list[list[int]] = [[i * j for j in range(m)] for i in range(n)]
    new: list[list[int]] = [[0] * m for _ in range(n)]
    for _ in range(3):
        for i in range(n):
            here, above = old[i], old[i - 1]
            for j in range(m):
                new[i][j] = here[j] + above[j - 1]
        old, new = new, old
    last = old[-1]
    return last


def rolling(a: Any, b: Any) -> int:
    previous, current = [j for j in range(len(b) + 1)], [1]
    for i in range(1, len(a) + 1):
        current, k = [0] * (len(b) + 1), 1
        current[0] = i * k
        for j in range(1, len(b) + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
        previous = current
    return previous[len(b)]


def read(n: int) -> Any:
    a = [i * 3 % 7 for i in range(n)]
    t = [[i * j % 5 for j in range(n)] for i in range(n)]
    sums = 0
    for row in t:
        sums += max(row) - sum(row)
    return sum(a), max(a), min(a), sorted(a), tuple(a), np.array(a), sums, sum(t[1]), np.array(a).sum()


def dead_row(n: int) -> Any:
    t = [[i] * n for i in range(n)]
    row = t[0]
    t = [[5] * n for i in range(n)]
    row[1] = 4
    return sum(row), t


def test_algorithms() -> None:
    check(copies, 4)
    check(copies, 1)
    check(kernel, np.arange(30).reshape(5, 6) % 7)
    check(swapped, (4, 5))
    check(rolling, (np.array([1, 2, 3, 4]), np.array([2, 2, 4])))
    check(rolling, (np.zeros(0), np.zeros(0)))
    check(read, 5)
    check(read, 1)
    check(dead_row, 3)
    check(dead_row, 1)


NATIVE = [
    (table, {"t"}), (computed, {"a", "b", "c", "d", "e", "f", "g", "h"}), (copies, {"t", "a", "b", "r", "q", "w"}),
    (kernel, {"k", "out"}), (swapped, {"new", "old"}), (rolling, {"previous", "current"}), (read, {"a", "t"}),
    (dead_row, {"t"}),
]  # fmt: skip


@pytest.mark.parametrize(("function", "names"), NATIVE)
def test_which_names(function: Any, names: set[str]) -> None:
    assert names <= set(Usage(function, find(function).node.body).lists)


# -- what is no such list ---------------------------------------------------------------------------------------------


def same_rows(n: int) -> Any:
    t = [[0] * n] * n
    t[0][1] = 5
    return t


def ragged(n: int) -> Any:
    t = [[1] * (i + 1) for i in range(n)]
    u = [[j for j in range(i)] for i in range(n)]
    v = [[1, 2], [3]]
    return t, u, v, len(t[0]), v[1][0]


def ragged_after_a_store(a: Any, n: int) -> Any:
    a[0] = 5
    t = [[j for j in range(i)] for i in range(n)]
    return t


def new_rows(n: int) -> Any:
    t = [[0] * n for _ in range(n)]
    t[1] = [1] * n
    t[0], t[1] = t[1], t[0]
    return t


def kept_row(n: int) -> Any:
    t = [[0] * n for _ in range(n)]
    row = t[0]
    both = (row, t)
    row[0] = 5
    return both[1]


def same_row(n: int) -> Any:
    t = [[0] * n for _ in range(n)]
    row = t[0]
    return row, t


def a_row_is_a_list(n: int) -> Any:
    t = [[0] * n for _ in range(n)]
    row = [1] * n
    if n > 2:
        row = t[1]
    row[0] = 7
    return row[0] + t[1][0]


def row_appended(n: int) -> Any:
    t = [[0] * n for _ in range(n)]
    for row in t:
        row.append(4)
    t[0].append(5)
    return t


def shallow(n: int) -> Any:
    t = [[0] * n for _ in range(n)]
    u = t[:]
    u[0][0] = 5
    return t


def greatest_row(n: int) -> Any:
    t = [[i] * n for i in range(n)]
    return max(t), sorted(t), sum(t[0])


def of_numpy(a: Any) -> Any:
    x = [v for v in a]
    y = [int(v) for v in a]
    z = a[:]
    z[0] = 40
    w = a.copy()
    w[1] = 9
    return x, y, w, type(x[0]).__name__


def filtered(n: int) -> Any:
    x = [i for i in range(n) if i % 3]
    y = [i * j for i in range(n) for j in range(i)]
    return x, y, x[0], len(y)


def mixed(n: int) -> Any:
    x = [i if i < 2 else 0.5 for i in range(n)]
    y = [(i, i) for i in range(n)]
    z = [v for v in (1, 2.5, True)]
    w = ["a" for i in range(n)]
    return x, y, z, w, [str(v) for v in range(n)]


def big(n: int) -> Any:
    x = [3**i for i in range(n)]
    return x[-1], x


def deep(n: int) -> Any:
    t = [[[0] * 2 for _ in range(n)] for _ in range(n)]
    t[0][1][1] = 4
    return t


def failing(n: int, k: int) -> Any:
    x = [10 // (i - k) for i in range(n)]
    return x


def failing_after_a_store(a: Any, n: int, k: int) -> Any:
    a[0] = 6
    x = [[10 // (i - k) for i in range(n)] for _ in range(2)]
    return x


def late_size(a: Any, n: int) -> Any:
    a[0] = 3
    if n > 5:
        m = 2
    t = [[1] * m for _ in range(n - 3)]  # type: ignore[possibly-undefined]
    return t


def row_indices(n: int, at: int, to: int) -> Any:
    t = [[i * j for j in range(n)] for i in range(n)]
    t[at][to] = t[to][at] + 1
    return t


def float_index(n: int) -> Any:
    t = [[i * j for j in range(n)] for i in range(n)]
    return t[n / 2][0]


def too_deep(n: int) -> Any:
    t = [1] * n
    return t[0][0]


def emptied(n: int) -> Any:
    t = [[] for _ in range(n)]
    for i in range(n):
        t[i].append(i)
    return t


def named_alike(n: int) -> Any:
    x = [5] * n
    y = [x for x in range(n)]
    for x in range(2):
        y[0] += x
    return x, y


def named_alike_before(n: int) -> Any:
    i, s = 7, 0
    for x in (0.5, 1.5):
        s += x  # type: ignore[assignment]
    y = [i + 0.5 for i in range(n)]
    z = {i: i for i in range(n)}
    return [[i] * n for j in range(n)], s, y, z, [i for i in (i, i) for i in (i, n)], i


def inner(n: int) -> Any:
    y = [z := i for i in range(n)]
    return y, z


def doubled(n: int) -> int:
    return n * 2


def called(n: int) -> Any:
    t = [[doubled(j) for j in range(n)] for i in range(n)]
    return t, [doubled(row[0]) for row in t]


OTHERS: list[tuple[Callable[..., Any], Any]] = [
    (same_rows, 3), (ragged, 3), (ragged_after_a_store, (np.zeros(2), 3)), (new_rows, 3), (kept_row, 2),
    (a_row_is_a_list, 2), (a_row_is_a_list, 3), (row_appended, 2), (shallow, 2), (greatest_row, 3),
    (of_numpy, np.array([3, 1])), (of_numpy, np.array([3.5, 1.0])), (filtered, 5), (mixed, 4), (big, 30), (big, 50),
    (deep, 3), (failing, (5, 9)), (failing, (5, 3)), (failing_after_a_store, (np.zeros(2), 3, 5)),
    (failing_after_a_store, (np.zeros(2), 3, 1)), (late_size, (np.zeros(2), 3)), (late_size, (np.zeros(2), 6)),
    (row_indices, (3, 1, -1)), (row_indices, (3, 3, 0)), (row_indices, (3, 0, -4)),
    (row_indices, (3, -4, 9)), (float_index, 2), (too_deep, 2), (emptied, 3), (named_alike, 3), (named_alike_before, 3),
    (inner, 3), (called, 3),
]  # fmt: skip


@pytest.mark.parametrize(("function", "args"), OTHERS, ids=lambda x: getattr(x, "__name__", ""))
def test_others(function: Any, args: Any) -> None:
    check(function, args)


def test_identity() -> None:
    row, t = jit(same_row)(3)
    assert row is t[0]
