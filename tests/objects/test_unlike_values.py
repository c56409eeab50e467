"""Names that hold values of unlike types where paths join: objects then."""

import numpy as np
import pytest

from jitney import jit
from tests.objects.support import assert_nothing_leaks
from tests.support import check, outcome

A, M = np.arange(1.0, 5.0), np.arange(6.0).reshape(2, 3)


def texts(n):
    kind = "up" if n > 0 else "down"
    steps = 0
    for _ in range(n):
        if kind == "up":
            kind, steps = "down", steps + 1
        else:
            kind = "up"
    return kind, len(kind), steps


def maybe_array(n, a):
    best, found = -1.0, None
    for i in range(n):
        if a[i] > best:
            best, found = a[i], a[i:]
    if found is None:
        return best
    return best, found, found.sum() + found[0]


def choices(n, a):
    f = np.sin if n > 1 else np.cos
    t = np.float32 if n > 2 else np.int16
    return f(a[0]), np.zeros(2, dtype=t), np.array([n], t)


def number_then_array(m):
    total, product = 0, 1.5
    for i in range(m.shape[0]):
        total = total + m[i]
    for row in m:
        product *= row
    return total, product


def views_and_scalars(n, a):
    p = a[0] if n > 1 else a[1:]
    q = (n, a[0]) if n % 2 else a[::-1]
    r = a[1:] if n > 2 else None
    s = n if n > 1 else (a[2:], 1)
    for i in range(n):
        p, q = q, p
        r = r if i else (p, i)
        if i == 1:
            s = a[:i]
    return p, q, r, s


def carried(n, a):
    x, kept = a, []
    for i in range(n):
        kept.append(x)
        x = a[i:] if i % 2 else (i, a[i])
    while n > 0:
        n -= 1
        x = x if n else (x, None)
    return x, tuple(kept)


def arms(n, a):
    return (a[1:] if n else None), (a[0] if n > 1 else "none"), a[n:] if n > 2 else len(a)


@pytest.mark.parametrize("function", [maybe_array, choices, views_and_scalars, carried, arms], ids=lambda f: f.__name__)
def test_branches_and_loops(function):
    calls = [(n, A) for n in range(5)] + [(2, A[::-1]), (3, A.astype("f4"))]
    jitted = check(function, *calls)
    assert_nothing_leaks(lambda: [jitted(n, A) for n in range(4)], 30)


def test_texts_and_sums():
    check(texts, -1, 0, 1, 2, 5)
    check(number_then_array, M, M[:1], M[:0], M.astype("i4"))


def test_values_seen_before_and_after():
    def f(n, a):
        seen = []
        x = None
        for i in range(n):
            seen.append(x)
            x = (a, i) if x is None else None
        return seen, x

    for n in range(4):
        plain, (seen, x) = f(n, A), jit(strict=True)(f)(n, A)
        assert outcome(lambda a=plain: str(a), ()) == outcome(lambda a=(seen, x): str(a), ())
        assert all(v is None or v[0] is A for v in (*seen, x))


def test_no_value_yet_or_an_array_or_a_view():
    def f(n, a, seen):
        if n > 1:
            seen.append(n)
        else:
            q = np.zeros(2)
        if n % 2 == 0:
            for i in range(n):
                q = a[::-1]
        return q

    jitted = jit(strict=True)(f)
    for n in range(4):
        assert outcome(jitted, (n, A, [])) == outcome(f, (n, A, []))


def test_operands_of_and_with_nothing_in_common():
    def f(a, b, c):
        x = a < b < c
        y = b < c
        return x and y and a

    check(f, (np.array(1), 2, 3), (1, np.array(2), 3), (np.array([1]), 2, 3), (1, 2, np.array([3.0])), (1, 2, 3))


def test_object_or_number_or_nothing():
    def f(a, many, given):
        if many:
            b = a * 2
        else:
            x = a[0]
        s = 0.0
        for _ in range(4):
            if many:
                x = b[given.pop()]
            s += x
        return s

    check(f, (np.arange(5.0), True, [1, 2, 3, 4]), (np.arange(5.0), False, [1]))
    check(f, (np.arange(5.0), 1, [1, 2, 3, 4]), (np.arange(3.0), 1, [1]))
