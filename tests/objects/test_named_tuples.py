"""Tuples of classes of `collections.namedtuple`: taken apart like tuples, and made again where they become objects."""

from collections import namedtuple
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

from jitney import jit
from tests.objects.support import assert_nothing_leaks
from tests.support import check, outcome

P = namedtuple("P", "a b n")
D = namedtuple("D", "x y z", defaults=(2, "s"))
Q = namedtuple("Q", "p name f")
G = P(1.5, 2, "x")
A = np.arange(1.0, 6.0)


class WithMethod(NamedTuple):
    a: np.ndarray
    k: int = 3

    def total(self):
        return self.a.sum() * self.k


class Odd(namedtuple("Odd", "a b")):
    @property
    def a(self):
        return 7


def dot(p, x):
    s = 0.0
    for i in range(p.n):
        s += p.a[i] * p.b * x
    return s


def same(p):
    return p


def as_a_tuple(p):
    a, b, n = p
    return p[0], p[-1], len(p), a, b + n, p == (1, 2, 3), p[1:], (*p, 1), [v for v in p], 2 in p


def as_an_object(p):
    return p._replace(b=9), p._asdict(), str(p), p._fields, isinstance(p, P), isinstance(p, tuple), hash(p), {p: 1}


def made(x, y):
    return D(x), D(x, y), D(x, z=y), D(z=1, x=2, y=x), P(x, y, D(1)).n.y


def carried(x):
    d = D(x)
    for i in range(5):
        d = D(d.x + i, d.y * 2)
    return d


def method(t):
    return t.total(), t.k, t.a[0]


def nested(q):
    return q.f(q.p.a[1]), q.name, q.name == "abc", q.p, q


def of_a_global():
    return G.a + G.b, G.n, G


def either(p, q):
    return p if q else (1, 2, 3)


@jit
def inner(p, k):
    return D(p.a[k], k)


def by_a_callee(p):
    s = 0.0
    for k in range(p.n):
        d = inner(p, k)
        s += d.x * d.y
    return s, inner(p, 0)


def views(p):
    return P(p.a[1:], p.a[::2], p.a + 1), P(p.a.T, 1, 2)


def stored(p):
    p.a[0] = 5
    return p.zz


def gathered(n):
    seen = []
    for i in range(n):
        seen.append(P(i, i * 0.5, None))
    return seen


CASES = [
    (dot, (P(A, 2.0, 5), 3.0), (P(A, 2, 5), 3), (P(A.astype("f4"), 2, 6), 3), ((1, 2), 3)),
    (same, (P(1, 2, 3),), (P(A, None, "x"),), (P((1, 2), P(1, 2, 3), [1]),), (Odd(1, 2),)),
    (as_a_tuple, (P(1, 2, 3),), (P(1.5, 2, 3),), ((1, 2, 3),)),
    (as_an_object, (P(1, 2, 3),)),
    (made, (1, 2), (1.5, "a")),
    (carried, (1,), (1.5,)),
    (method, (WithMethod(A),), (WithMethod(A, 5),)),
    (nested, (Q(P(A, 1, 2), "abc", abs),), (Q(P(A, 1, 2), "abd", np.sin),)),
    (of_a_global, ()),
    (either, (P(1, 2, 3), 1), (P(1, 2, 3), 0)),
    (by_a_callee, (P(A, 2, 5),), (P(A, 2, 6),)),
    (views, (P(A, 1, 2),), (P(A.reshape(5, 1), 1, 2),)),
    (stored, (P(A, 1, 2),)),
    (gathered, (3,)),
    (lambda x: D(x, 1, 2, 3), (1,)),
    (lambda x: D(x, x=1), (1,)),
    (lambda x: D(y=x), (1,)),
    (lambda p: p.a, (Odd(1, 2),), (P(1, 2, 3),)),
]


def classes(value):
    if isinstance(value, (tuple, list)):
        return type(value), [classes(v) for v in value]
    return None


@pytest.mark.parametrize("case", CASES, ids=[case[0].__name__ for case in CASES])
def test_like_python(case):
    function, *calls = case
    jitted = check(function, *[(call,) if type(call) is not tuple else call for call in calls])
    for call in calls:
        if outcome(function, call)[0] == "returns":
            assert classes(jitted(*call)) == classes(function(*call))


def test_loops_over_fields_are_native():
    check(dot, (P(A, 2.0, 5), 3.0), bails=False)


def test_nothing_leaks():
    for function, args in ((same, (P(A, 1.5, "x"),)), (views, (P(A, 1, 2),)), (carried, (1.5,)), (gathered, (9,))):
        assert_nothing_leaks(partial(jit(function), *args))
