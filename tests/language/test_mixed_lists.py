"""Lists of numbers of more types than one, of NumPy's too, as memory (frontend/numeric.py), plain against jitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.support import check


def distances(start: Any, end: Any, weight: Any, n: int) -> Any:
    distance = [float("inf")] * n
    distance[0] = 0
    for _ in range(n):
        for k in range(len(start)):
            if distance[start[k]] + weight[k] < distance[end[k]]:
                distance[end[k]] = distance[start[k]] + weight[k]
    return distance, distance[-1]


def joined(n: int, x: Any, y: Any) -> Any:
    parent = list(range(n))
    size = [1] * n
    count = n
    for i in range(len(x)):
        a, b = x[i], y[i]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            b = parent[b]
        if a != b:
            if size[a] < size[b]:
                a, b = b, a
            parent[b] = a
            size[a] += size[b]
            count -= 1
    return count, parent, size


def histogram(a: Any) -> Any:
    counts = [0] * 10
    greatest = [0.0] * 10
    for v in a:
        counts[int(v) % 10] += 1
        if v > greatest[int(v) % 10]:
            greatest[int(v) % 10] = v
    return counts, greatest, sum(greatest), max(greatest)


def of_elements(a: Any) -> Any:
    x = [v * 2 for v in a]
    y = [v for v in a]
    z = [[v + w for v in a] for w in a]
    y[0] = y[-1]
    t = 0
    for v in x:
        t += v
    return x, y, z, t, type(y[0]).__name__


def divided(a: Any, k: int) -> Any:
    x = [0.0] * 4
    x[1] = a[0]
    return 1.0 / x[k]


def mixed(n: int) -> Any:
    a = [1, 2.5, True]
    b = [i if i < 2 else 0.5 for i in range(n)]
    c = [v for v in (1, 2.5, True)]
    d = [[1, 2.5], [True, 4]]
    e = [0] * n
    e[0] = 0.5
    e[-1] = True
    e[1] += 2
    d[1][0] = 7
    for row in d:
        row[1] = n
        row[0] = row[0] + 0.5
    return a, b, c, d, e, a[n % 3], b[0], e[-1], max(a), b[1] // 1, a[0] == a[2]


def indices(n: int, a: Any) -> Any:
    at = [0] * n
    at[1] = a[0]
    at[2] = True
    x = [k * k for k in range(n)]
    x[at[1]] = 50
    x[at[2]] += 3
    return x, x[at[0]], at


def groups(n: int) -> Any:
    a = [0] * n
    b = [0.5] * n
    for _ in range(3):
        a, b = b, a
        a[0] += 1
    return a


def second_kind(n: int) -> Any:
    a = [1] * 3
    if n:
        a = [1.5] * 3
    return a[n], a


def with_objects(n: int, a: Any) -> Any:
    x = [0] * n
    x[1] = a[0]
    x[2] = "text"  # type: ignore[call-overload]
    y = [None] * n
    y[0] = n  # type: ignore[call-overload]
    z = [1j] * n
    z[0] = 2
    return x, y, z


def of_rows(n: int, a: Any) -> Any:
    t = [[0] * n for _ in range(n)]
    u = [[True] * n for _ in range(n)]
    for i in range(n):
        row = t[i]
        row[0] = a[i]
        row = u[i]
        row[1] = 2
    s = 0
    for row in t:
        for v in row:
            s += v
    return s, t, u


def folded(a: Any, n: int) -> Any:
    x = [i * i % 7 - 3 for i in range(n)]
    y = [i * 0.1 - 0.5 for i in range(n)]
    z = [v for v in a]
    w = [-0.0] * n
    t = [[i - j for j in range(3)] for i in range(3)]
    s = 0
    for row in t:
        s += sum(row) * max(row) - min(row)
    return sum(x) + 1, sum(y), sum(z), sum(w), s, sum(t[1]), [sum(row) for row in t]


def extremes(a: Any, n: int) -> Any:
    x = [i * i % 7 - 3 for i in range(n)]
    y = [0.5 - i * 0.1 for i in range(n)]
    z = [v for v in a]
    w = [0.0, -0.0] if n % 2 else [-0.0, 0.0]
    v = [float("nan")] * 2
    v[n % 2] = 1.0
    return max(x), min(x), max(y), min(y), max(z), min(z), max(w), min(w), max(v), min(v), max(x) * 0.5


def folded_big(a: Any, n: int) -> Any:
    x = [1 << 60] * n
    if n % 2:
        a[0] = 5
    return sum(x)


INTS = np.array([3, 1, 2, 0])
KINDS = [
    np.array([3, 1, 2, 0], dtype)
    for dtype in (np.int64, np.int32, np.uint8, np.uint64, np.float64, np.float32, np.bool_, np.complex128)
]


def test_algorithms() -> None:
    for weight in (INTS, INTS * 0.5):
        check(distances, (INTS, INTS[::-1].copy(), weight, 5))
    check(distances, (INTS, INTS, INTS, 3))
    check(joined, (6, INTS, np.array([1, 2, 2, 5])))
    check(joined, (2, INTS, np.array([1, 2, 2, 5])))
    for a in (KINDS[1], KINDS[4]):
        check(histogram, a)
        check(divided, (a, 1), (a, 0))
    check(mixed, 3)
    check(mixed, 5)
    check(mixed, 1)
    check(indices, (4, INTS))
    check(indices, (3, INTS))
    check(groups, 3)
    for a in (KINDS[0], KINDS[4]):
        check(folded, (a, 5), (a[:0], 0), (a, 1))
        check(extremes, (a, 5), (a, 2), (a[:0], 3), (a, 0))
    check(folded_big, (INTS, 2), (INTS, 3), (INTS, 20))
    check(second_kind, 0)
    check(second_kind, 1)
    check(with_objects, (4, INTS))


@pytest.mark.parametrize("a", KINDS[::2] + KINDS[-1:], ids=lambda a: str(a.dtype))
def test_kinds(a: Any) -> None:
    check(of_elements, a)
    check(of_elements, a[:0])
    check(of_rows, (3, a))


def test_types_are_kept() -> None:
    found, _ = jit(distances)(INTS, INTS[::-1].copy(), INTS * 0.5, 6)
    wanted, _ = distances(INTS, INTS[::-1].copy(), INTS * 0.5, 6)
    assert [type(v) for v in found] == [type(v) for v in wanted]
    for a in (KINDS[3], KINDS[5], KINDS[6]):
        found, wanted = jit(of_elements)(a), of_elements(a)
        assert [type(v) for v in (*found[0], *found[1])] == [type(v) for v in (*wanted[0], *wanted[1])]
