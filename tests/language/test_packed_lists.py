"""Lists of numbers that grow and shrink (frontend/packed.py), plain against jitted."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jitney
from jitney import jit
from jitney.frontend.source import find
from jitney.frontend.usage import Usage
from tests.support import check


def names(function: Any) -> set[str]:
    """The names that stand for lists without objects."""
    return Usage(function, find(function).node.body).growing


def collected(n: int) -> list[int]:
    xs = []
    for i in range(n):
        if i % 3:
            xs.append(i * i)
    return xs


def stack_of_pairs(n: int) -> int:
    stack = [(n, 0)]
    total = 0
    while stack:
        k, depth = stack.pop()
        total += depth
        if k > 0:
            stack.append((k - 1, depth + 1))
            if k % 2:
                stack.append((k // 2, depth))
    return total


def renewed(n: int) -> tuple[list[int], int]:
    out = []
    for i in range(n):
        row = []
        for j in range(i):
            row.append(j * 0.5)
        out.append(len(row))
        s = 0.0
        for v in row:
            s += v
        out[-1] += int(s)
    return out, len(out)


def elements(a: Any) -> Any:
    xs = []
    for v in a:
        xs.append(v)
    return np.array(xs), xs[-1], xs[0], min(xs), sum(xs), sorted(xs), list(xs), tuple(xs)


def subscripts(n: int, at: int) -> tuple[list[int], int]:
    q = []
    for i in range(n):
        q.append(i)
    q[at] = 7
    q[at] += 2
    return q, q[at - 1]


def popped(n: int) -> Any:
    q = []
    if n > 1:
        q.append(n)
    first = q.pop()
    return first, q[3] if n > 2 else len(q)


def mixed(n: int) -> Any:
    xs = [0]
    xs.append(1.5)
    xs.append(True)
    pairs = [(1, 2.0)]
    pairs.append((n * 0.5, n))
    return xs, pairs, max(xs), sum(xs)


def mixed_elements(a: Any) -> Any:
    out = []
    for v in a:
        if v > 2:
            out.append(-v)
        else:
            out.append(7)
    s = 0
    for v in out:
        s += v
    return s, out


def of_either_arm(a: Any) -> Any:
    out = []
    for v in a:
        if v > 2:
            out.append(-v)
        elif v > 1:
            out.append(99)
    return out, len(out)


def gone_through(n: int) -> Any:
    xs = [1, 2, 3]
    xs[1] = 2.5
    xs[0] += 0.25
    xs[-1] = xs[0]
    ys = []
    for i, x in enumerate(xs):
        ys.append((i, x, i == 1))
    for x, y in zip(xs, ys):
        if y[0] == n:
            continue
        s = x
    for x in reversed(ys):
        s += x[0]
    xs.append(n)
    return xs, ys, s


def emptied(n: int) -> tuple[int, int]:
    xs = []
    while len(xs) < n:
        xs.append(len(xs) * 2)
    xs.pop()
    xs.append(5)
    k = 0
    while xs and k < 3:
        k += xs.pop() & 1
    if not xs:
        k += 100
    return k, len(xs)


def cleared(n: int) -> Any:
    xs = []
    for i in range(n):
        xs.append(i)
    xs.clear()
    size = len(xs)
    xs.append(2.5)
    return xs, size, [x + 1 for x in range(n)]


def after_a_store(a: Any, n: int) -> Any:
    xs = []
    for i in range(n):
        xs.append(a[i])
    a[0] = 99
    return xs[n]


def maybe_unbound(n: int) -> Any:
    for i in range(n):
        if i == 1:
            xs = []
        if i > 2:
            xs.append(i)
    return xs


def nested(n: int) -> int:
    xs = [3, 1, 2]
    xs.append(xs[xs.pop() - 1])
    xs[xs.pop() - 1] = n
    return xs[0] + len(xs) * 100


def either(n: int) -> int:
    xs = []
    xs.append(n)
    last = xs.pop() if n else -1
    return last + (1 if xs else 0) + (2 if not xs and n > 1 else 0)


# -- not such lists ------------------------------------------------------------------------------------------------


def growing(n: int) -> list[int]:
    xs = [1]
    for x in xs:
        if x < n:
            xs.append(x + 1)
    return xs


def shared(n: int) -> list[int]:
    xs = [1]
    ys = xs
    ys.append(n)
    return xs


def twice(n: int) -> Any:
    xs = [1]
    xs.append(n)
    return xs, xs


def rows(n: int) -> Any:
    out = []
    for i in range(n):
        row = []
        for j in range(i):
            row.append(j)
        out.append(row)
    return out


def strings(n: int) -> Any:
    xs = []
    xs.append("a" * n)
    return xs


def handed_on(n: int) -> Any:
    xs = []
    xs.append(n)
    grow(xs)
    return xs


def grow(xs: Any) -> None:
    xs.append(1)


def captured(n: int) -> Any:
    xs = []
    xs.append(n)
    return [xs[0] for _ in range(2)], xs


def sum_of(xs: Any) -> int:
    xs.append(1)
    return len(xs)


_own_sum: Callable[[Any], int] = sum_of


def shadowed(n: int) -> Any:
    sum = _own_sum  # noqa: A001
    xs = []
    xs.append(n)
    return sum(xs), xs


PACKED = [
    collected, stack_of_pairs, renewed, subscripts, popped, mixed, mixed_elements, gone_through, emptied, cleared,
    after_a_store, nested, either,
]  # fmt: skip
OBJECTS = [growing, shared, twice, handed_on, captured]


def test_names() -> None:
    for function in PACKED:
        assert names(function), function
    for function in OBJECTS:
        assert not names(function), function


@pytest.mark.parametrize("function", [
    collected, stack_of_pairs, renewed, popped, mixed, gone_through, emptied, cleared, maybe_unbound, nested, either,
    *OBJECTS, rows, strings, shadowed,
])  # fmt: skip
def test_counts(function: Any) -> None:
    check(function, *range(9))


def test_growing() -> None:
    check(collected, 1000)
    check(emptied, 1000)
    check(renewed, 150)


@pytest.mark.parametrize("at", [0, 3, -4, 4, -5, 1 << 40, np.int64(2), np.uint8(1), np.int16(-1), True, 1.0])
def test_places(at: Any) -> None:
    check(subscripts, (4, at), (0, at))


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "int8", "float64", "float32", "bool", "uint64"])
def test_elements(dtype: str) -> None:
    a = np.arange(5).astype(dtype)
    check(elements, a, np.arange(300).astype(dtype))
    if dtype != "bool":
        check(mixed_elements, a)
        check(of_either_arm, a)
        assert "PyList_Append" not in str(jit_of(of_either_arm, a).explain()).partition("return out")[0]


def jit_of(function: Any, *args: Any) -> Any:
    f = jit(function)
    f(*args)
    return f


def test_after_a_store() -> None:
    check(after_a_store, (np.arange(4), 4), (np.arange(4), 5))


def test_no_object_is_made() -> None:
    """Nothing but the call's result asks for an object."""
    f = jit(stack_of_pairs, strict=True)
    f(9)
    f(9)
    text = str(f.explain())
    assert "PyByteArray_Resize" in text
    assert "PyLong_" not in text and "PyList_" not in text and "PyTuple_" not in text


def test_no_leak() -> None:
    f = jit(renewed, strict=True)
    g = jit(popped)

    def calls() -> None:
        f(200)
        for n in (1, 5):
            with pytest.raises(IndexError):
                g(n)

    for _ in range(3):
        calls()
    gc.collect()
    tracemalloc.start()
    for _ in range(20):
        calls()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 20_000


def in_parallel(n: int) -> Any:
    xs = []
    for i in jitney.prange(n):
        xs.append(i)
    return xs


def test_a_loop_that_appends_is_not_shared() -> None:
    assert jit(in_parallel, parallel=True)(100_000) == list(range(100_000))


def backwards(a: Any, n: int) -> Any:
    k = 0
    xs = []
    for v in a:
        xs.append(v)
    while xs and k < n:
        k += int(xs.pop()) & 1
    return k, len(xs)


@pytest.mark.parametrize("n", range(5))
def test_a_counter_that_is_an_index_and_lives_on_behind_another_exit(n: int) -> None:
    for size in range(4):
        check(backwards, (np.array([1, 2, 1][:size]), n))
