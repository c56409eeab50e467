"""Arrays without axes: as arguments, and where NumPy makes scalars of them."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

from jitney import jit
from tests.objects.support import assert_nothing_leaks
from tests.support import check

EXPRESSIONS = """
x + 1, x * 2.5, x + x, -x | x + a, x < a, np.zeros(3) + x | x > 1, x == x, not x, 1 if x else 2 | x[()], x[...], x[None]
float(x), int(x), bool(x), x.item(), x.tolist() | x.shape, x.ndim, x.size, x.dtype, x.nbytes, x.T | len(x) | x[0] | a[x]
x.sum(), x.max(), x.mean(), np.sum(x) | np.sqrt(x), np.exp(x), np.maximum(x, 2), np.isnan(x), np.power(x, 2)
x ** 2, x // 2, x % 3, divmod(x, 2) | x and 3 | x.copy(), x.astype(np.float32), x.reshape(1), x.ravel() | range(x)
min(x, 2), max(1, x), abs(x), round(x) | np.where(x > 1, x, 0), np.dot(x, a), np.atleast_1d(x), np.full(3, x)
np.add(x, 1, out=x) | x, (x, x) | x | x is x | list(x) | x.nope | x + None | np.broadcast_to(x, (2, 3)), x.flat[0]
a[x:], a.take(x) | np.zeros(x) | ~x | x @ x | np.zeros_like(x), np.ones_like(x) | helper(x)
""".strip().replace("\n", " | ").split(" | ")
STATEMENTS = """
x[()] = 5 | x[...] = 2.5 | x += 1 | x *= 2.5 | x[()] += 1 | x[...] = a | x[0] = 1 | a[0] = x | a[x] = 1 | a += x
a[:] = x | x -= a | x = x + 1 | x /= 2 | y = 0.0; y += x; x = y | y = x; y += 1 | for i in range(3): x = x + i
for i in range(3): x += i | a[a > x] = x | x = a[0] if x > 1 else x
""".strip().replace("\n", " | ").split(" | ")
VALUES = [np.array(2.0), np.array(3), np.array(True), np.array(1.5, "f4"), np.array(2, "u1"), np.array(1 + 2j)]


def helper(x):
    return x + 1


def function_of(body):
    source = f"def f(x, a):\n    {body}\n"
    name = f"<without axes: {body}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    namespace = {"np": np, "helper": helper}
    exec(compile(source, name, "exec"), namespace)
    return namespace["f"]


@pytest.mark.parametrize("number", range(6))
def test_expressions(number):
    for k, text in enumerate(EXPRESSIONS):
        values = VALUES if k % 6 == number else VALUES[number : number + 1]
        check(function_of(f"return {text}"), *[(x, np.arange(4.0)) for x in values])


@pytest.mark.parametrize("number", range(5))
def test_statements(number):
    frozen = np.array(2.0)
    frozen.flags.writeable = False
    for text in STATEMENTS:
        body = text.replace("; ", "\n    ") + "\n    return x, a"
        check(function_of(body), *[(x, np.arange(4.0)) for x in (VALUES[number], frozen)])


def test_loops_are_compiled():
    def f(x, n):
        s = 0.0
        for i in range(n):
            s += x * i
        return s

    check(f, (np.array(2.5), 10), (np.array(3), 10), bails=False)


def test_an_object_or_a_scalar():
    def f(a, b, n):
        s = a[0]
        t = b[0]
        for i in range(n):
            s = s + b[i]
            t = t if i < 2 else b[i]
            u = a[0] if i % 2 else s
        return s, t, u

    a, b = np.arange(4.0), np.array([1, 2, 3], np.float16)
    check(f, (a, b, 3), (a, b, 0), (a > 1, b, 2))
    jitted = jit(f)
    assert_nothing_leaks(lambda: jitted(a, b, 3))
