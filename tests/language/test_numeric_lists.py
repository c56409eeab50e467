"""Lists of plain numbers that never leave the function (frontend/numeric.py), plain against jitted."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest

from jitney import jit
from tests.support import check


def sums(n: int, at: int) -> tuple[list[int], int]:
    a = [0] * n
    for i in range(n):
        a[i] = i * i
    for i in range(1, n):
        a[i] += a[i - 1]
    return a, a[at]


@pytest.mark.parametrize(("n", "at"), [(5, 2), (5, -5), (5, 5), (5, -6), (0, 0), (-3, 0), (1, -1), (300, 299)])
def test_sums(n: int, at: int) -> None:
    check(sums, (n, at))
    check(sums, (np.int64(n), at))
    check(sums, (n, np.int32(at)))


def stored_at(n: int, at: int) -> list[float]:
    a = n * [0.5]
    a[at] = 2.5
    return a


@pytest.mark.parametrize("at", [0, 3, -4, 4, -5])
def test_store(at: int) -> None:
    check(stored_at, (4, at))


def after_a_store(out: Any, n: int, at: int) -> int:
    out[0] = 7
    a = [1] * n
    return a[at]


@pytest.mark.parametrize("at", [0, -3, 3])
def test_after_a_store(at: int) -> None:
    check(after_a_store, (np.zeros(2), 3, at))


def assigned_after_a_store(out: Any, n: int, at: int) -> list[int]:
    out[0] = 7
    a = [1] * n
    a[at] = 3
    return a


@pytest.mark.parametrize("at", [2, 3])
def test_assigned_after_a_store(at: int) -> None:
    check(assigned_after_a_store, (np.zeros(2), 3, at))


def flags(n: int) -> tuple[int, list[bool]]:
    seen = [False] * n
    k, steps = 1, 0
    while not seen[k % n]:
        seen[k % n] = True
        k = k * 7 + 3
        steps += 1
    return steps, seen


def literals(k: int) -> tuple[int, float]:
    dx, w = [1, 0, -1, 0], [0.25, 0.5, 0.25]
    s = 0.0
    for x in w:
        s += x
    for i, x in enumerate(dx):
        k += i * x
    for x, y in zip(dx, reversed(w)):
        s += x * y
    return k + dx[k % 4] + len(w), s


def rows(n: int, m: int) -> int:
    previous = [0] * (m + 1)
    current = [0] * (m + 1)
    for i in range(n):
        current[0] = i
        for j in range(m):
            current[j + 1] = max(previous[j] + (i * j) % 3, current[j])
        previous, current = current, previous
    return previous[m]


def renewed(n: int, m: int) -> list[int]:
    total = [0] * m
    for i in range(n):
        row = [i] * m
        for j in range(m):
            row[j] += j
        for j in range(m):
            total[j] += row[m - 1 - j]
    return total


def alias(n: int) -> tuple[int, int]:
    a = [0] * n
    b = a
    b[1] = 5
    return a[1], len(b)


def chosen(n: int) -> int:
    if n > 3:
        a = [1] * n
    else:
        a = [2] * 7
    a[0] = n
    return a[0] + a[-1] + len(a)


def big(n: int) -> list[int]:
    a = [1] * n
    for i in range(1, n):
        a[i] = a[i - 1] * 3
    return a


def in_comprehension(n: int) -> list[int]:
    a = [3] * n
    return [a[i] + i for i in range(n)]


def searched(a: Any) -> tuple[int, int]:
    longest = [1] * len(a)
    best = 1
    for i in range(len(a)):
        for j in range(i):
            if a[j] < a[i] and longest[j] + 1 > longest[i]:
                longest[i] = longest[j] + 1
        best = max(best, longest[i])
    return best, longest[-1]


def test_algorithms() -> None:
    check(flags, 30)
    check(flags, 0)
    check(literals, 5)
    check(rows, (9, 8))
    check(rows, (0, 0))
    check(renewed, (6, 7))
    check(alias, 3)
    check(alias, 1)
    check(chosen, 5)
    check(chosen, 2)
    check(big, 30)
    check(big, 50)
    check(in_comprehension, 5)
    check(searched, (np.array([3, 1, 4, 1, 5, 9, 2, 6])))
    check(searched, np.zeros(0))


# -- what is no such list ---------------------------------------------------------------------------------------------


def other_type(x: float) -> list[Any]:
    a = [0] * 3
    a[1] = x
    return a


def of_numpy(x: Any) -> Any:
    a = [0.0] * 3
    a[1] = x[0]
    return type(a[1]) is float


def mixed(n: int) -> list[Any]:
    a = [1, 2.5] * n
    return a


def mixed_display(k: int) -> float:
    a = [1, 2.5, True]
    return a[k]


def appended(n: int) -> list[int]:
    a = [0] * n
    a.append(4)
    return a


def twice(n: int) -> bool:
    a = [0] * n
    both = (a, a)
    return both[0] is both[1]


def returned_twice(n: int) -> Any:
    a = [0] * n
    return a, a


def given(n: int) -> int:
    a = [2] * n
    return sum(a) + max(a) + sorted(a)[0]


def sliced(n: int) -> list[int]:
    a = [2] * n
    a[1:2] = [5]
    return a[1:]


def compared(n: int) -> bool:
    a, b = [1] * n, [1] * n
    return a == b and bool(a) and 1 in a


def captured(n: int) -> int:
    a = [1] * n

    def inner(i: int) -> int:
        return a[i]

    a[0] = 4
    return inner(0)



def repeated(n: int) -> list[int]:
    a = [1] * n
    a *= 2
    return a


def second_kind(n: int) -> Any:
    a = [1] * 3
    if n:
        a = [1.5] * 3
    return a[n]


def parameter(a: Any, n: int) -> int:
    if n:
        a = [1] * n
    return a[0]


def float_index(n: int) -> int:
    a = [1] * 3
    return a[n / 1]  # type: ignore[call-overload, no-any-return]


def bool_index(n: int) -> int:
    a = [4, 5]
    return a[n > 2]


def empty() -> tuple[list[int], list[float], int]:
    n = -1
    a = [1] * 0
    b = [2.5] * n
    return a, b, len(a) + len(b)


def first(a: Any) -> int:
    return a[0]  # type: ignore[no-any-return]


def helper(n: int) -> int:
    a = [6] * n
    return first(a)


jitted_first = jit(first)


def jitted_helper(n: int) -> int:
    a = [6] * n
    return jitted_first(a) + a[1]


def float_times(n: float) -> list[int]:
    a = [1] * n  # type: ignore[operator]
    return a


def unbound(n: int) -> int:
    if n > 3:
        a = [1] * n
    return a[0]


def test_others() -> None:
    check(other_type, 2.5)
    check(other_type, True)
    check(of_numpy, np.ones(1))
    check(mixed, 2)
    check(mixed_display, 1)
    check(appended, 2)
    check(twice, 2)
    check(given, 3)
    check(sliced, 3)
    check(compared, 3)
    check(captured, 3)
    check(repeated, 2)
    check(second_kind, 0)
    check(second_kind, 1)
    check(parameter, ((3, 4), 0))
    check(parameter, ((3, 4), 2))
    check(float_index, 1)
    check(bool_index, 3)
    check(empty, ())
    check(helper, 2)
    check(jitted_helper, 2)
    check(float_times, 2.0)
    check(float_times, True)
    check(unbound, 2)
    check(unbound, 5)
    a, b = jit(returned_twice)(2)
    assert a is b


def test_too_long() -> None:
    check(stored_at, (1 << 60, 0))
    check(stored_at, (1 << 50, 0))


@pytest.mark.parametrize("function", [in_comprehension, renewed, sums])
def test_items_are_python_s_own(function: Any) -> None:
    value = jit(function)(4, 2) if function is not in_comprehension else jit(function)(4)
    items = value[0] if function is sums else value
    assert type(items) is list
    assert {type(x) for x in items} == {int}


def test_no_leak() -> None:
    f = jit(renewed, strict=True)
    f(3, 1000)
    f(3, 1000)
    gc.collect()
    tracemalloc.start()
    for _ in range(20):
        f(30, 1000)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 20_000
