"""NumPy itself and any other Python callable, called from compiled code: plain against jitted, and without leaks."""

import collections
import random
import sys

import numpy as np
import pytest

from jitney import jit
from tests.objects.support import assert_nothing_leaks, quietly
from tests.support import check, outcome

A = np.array([3.0, 1.0, 2.0])
M = np.array([[2.0, 1.0], [1.0, 3.0]])


def sorted_ends(a):
    b = np.sort(a)
    return b[0] - b[-1], b


def solved(a, b):
    x = np.linalg.solve(a, b)
    s = 0.0
    for i in range(len(x)):
        s += x[i]
    return s, x


def spectrum(a):
    w, v = np.linalg.eigh(a)
    r = np.linalg.eigh(a)
    return w[0], v, r[0][1], r.eigenvectors[0, 1], r.eigenvalues


def keywords(a):
    return np.sum(a, axis=0, keepdims=True), np.concatenate((a, a), axis=1), np.percentile(a, 50), np.std(a, ddof=1)


def methods(a):
    b = a.copy()
    b.sort()
    c = a.astype(np.int32)
    return b, c, a.argsort(), a.tolist()[1], a.searchsorted(2.0), b.dtype == a.dtype, a.item(1), a.nonzero()[0]


def many(a):
    u, n = np.unique(a, return_counts=True)
    h, e = np.histogram(a, bins=3)
    return u, n, h, e, np.diff(a), np.cumsum(a), np.interp(1.5, a, a), np.digitize(a, u), np.append(a, 1), np.median(a)


def strings(n):
    s = "x" + str(n)
    return len(s), s, s.upper(), s[0], s == "x5", "5" in s, s < "y", f"{n}" if False else "-"


def lists(n):
    items = list(range(n))
    items.append(n * 2)
    items[0] = 5
    return items, items[1], len(items), sum(items), sorted(items), max(items), bool(items), n in items


def dictionaries(n):
    d = dict(a=n, b=2)
    d["c"] = n * 2
    d["a"] += 1
    return d["a"] + d["b"], d, d.get("x"), d.get("c", 0), len(d)


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y
        self.log = []

    def moved(self, by):
        self.log.append(by)
        return Point(self.x + by, self.y)

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)

    __hash__ = None


def instances(n):
    p = Point(n, 2.5)
    q = p.moved(3)
    p.x += 1
    p.y = q.x
    return p.x, p.y, q.x * 2, p.log, p == q, q is p


Pair = collections.namedtuple("Pair", "first second")


def named(n):
    p = Pair(n, n * 0.5)
    a, b = p
    return p, p.first, b, p[1], len(p)


def displays(n):
    a = [n, n + 1.5, "x"]
    c = {"a": n, "b": [n]}
    return a, {1, 2, n}, c, f"{n:>5}|{a[1]:.3f}|{a!r}", [], {}, (a, c)


def comprehensions(a, n):
    x = 5.0
    doubled = [x * 2 for x in a]
    pairs = [(i, j) for i in range(n) for j in range(i) if (i + j) % 2]
    squares = {str(i): i * i for i in range(n)}
    return doubled, pairs, {i % 3 for i in range(n)}, squares, x, np.array([i * 0.5 for i in range(n)])


def iterates(n):
    s = 0
    out = []
    for k in [n, 2, n + 1]:
        out.append(k)
    for key, value in {"a": 1, "b": 2}.items():
        out.append((key, value))
    for ch in str(n * 1000):
        out.append(ch)
    for q in reversed(out):
        if q == 2:
            break
        s = s + 1
    else:
        s = 100
    return out, s


FUNCTIONS = [
    (sorted_ends, (A,), (np.zeros(1),), (np.zeros(0),), (np.arange(5),)),
    (solved, (M, np.ones(2)), (np.zeros((2, 2)), np.ones(2)), (np.ones((2, 3)), np.ones(2))),
    (spectrum, (M,)),
    (keywords, (M,), (np.asfortranarray(M),), (np.ones((0, 2)),)),
    (methods, (A,), (A[::-1],), (np.array([4, 2, 9]),)),
    (many, (A,), (np.arange(7),), (np.arange(7)[::2],)),
    (strings, (5,), (12,)),
    (lists, (3,), (0,)),
    (dictionaries, (3,)),
    (instances, (3,), (2.5,)),
    (named, (3,)),
    (displays, (3,)),
    (comprehensions, (A, 6), (A[::2], 0)),
    (iterates, (3,), (2,)),
]  # fmt: skip


def by_names(value):
    """Objects of this file's classes as tuples."""
    if isinstance(value, tuple):
        return tuple([by_names(v) for v in value])
    return ("Point", value.x, value.y) if isinstance(value, Point) else value


@pytest.mark.parametrize("function, calls", [pytest.param(f, calls, id=f.__name__) for f, *calls in FUNCTIONS])
def test_same_as_plain_and_no_leak(function, calls):
    jitted = check(function, *calls, bails=False, strict=True)
    for args in calls:
        assert_nothing_leaks(lambda args=args: quietly(jitted, Exception)(*args))


def test_printing(capsys):
    def shows(x, n):
        print("value", x, n, sep=", ")
        for k in range(n):
            print(k, end=";")
        return n

    jit(strict=True)(shows)(1.5, 3)
    printed = capsys.readouterr().out
    shows(1.5, 3)
    assert capsys.readouterr().out == printed


def test_an_exception_comes_through_with_its_line():
    def fails(a):
        a[0] = 1.0
        return int("no number")

    jitted = jit(strict=True)(fails)
    a = np.zeros(2)
    with pytest.raises(ValueError, match="no number") as caught:
        jitted(a)
    assert a[0] == 1.0
    assert caught.traceback[-1].lineno == fails.__code__.co_firstlineno + 1
    check(fails, np.zeros(2))
    assert_nothing_leaks(lambda: quietly(jitted, ValueError)(a))


def test_effects_happen_once():
    seen = []

    def effects(n):
        seen.append(n)
        return n * n * n

    jitted = jit(strict=True)(effects)
    assert jitted(5) == 125
    assert seen == [5]
    # Beyond 64 bits after something visible has happened: refused, never done twice.
    with pytest.raises(OverflowError, match="beyond 64 bits"):
        jitted(2**40)
    assert seen == [5, 2**40]


def test_callbacks_into_compiled_code():
    @jit(strict=True)
    def inner(x):
        a = np.full(3, x)
        return a.sum() + sum([x, x])

    @jit(strict=True)
    def outer(n):
        s = []
        for v in map(inner, [1.0, 2.0]):
            s.append(v)
        return s, list(map(inner, (float(n), 2.0)))

    assert outer(3) == ([5.0, 10.0], [15.0, 10.0])
    assert_nothing_leaks(lambda: outer(3))


def test_what_was_given_is_let_go():
    class Thing:
        pass

    @jit(strict=True)
    def keeps(a):
        return len([a, a]), [a]

    a = np.zeros(3)
    count = sys.getrefcount(a)
    result = keeps(a)
    assert result[1][0] is a
    del result
    assert sys.getrefcount(a) == count


def test_loops_stay_fast_beside_calls():
    def mostly(a, verbose):
        s = 0.0
        for i in range(len(a)):
            if a[i] < 0:
                print("negative", i)
            s += a[i]
        if verbose:
            print(f"sum {s}")
        return s

    jitted = check(mostly, (np.arange(10.0), False), bails=False)
    assert "load f64" in str(jitted.explain())


def test_streams_of_random_numbers():
    def draws(n):
        s = 0.0
        for _ in range(n):
            s += random.random() + np.random.rand() + np.random.randint(10) + random.randint(1, 6)
        return s, np.random.normal(0.0, 1.0, 3), random.gauss(0.0, 1.0), np.random.permutation(5)

    jitted = jit(strict=True)(draws)
    for seed in range(3):
        results = []
        for function in (draws, jitted):
            random.seed(seed)
            np.random.seed(seed)
            results.append(outcome(function, (5,)))
            results.append((random.random(), np.random.rand()))
        assert results[0] == results[2] and results[1] == results[3]


class Counter:
    def __init__(self, step):
        self.step = step
        self.seen = []

    @jit(strict=True)
    def count(self, a, out):
        s = 0.0
        for i in range(len(a)):
            s += a[i] * self.step
        self.seen.append(s)
        out["sum"] = s
        self.step += 1
        return s, len(self.seen), self


def test_arguments_of_any_class():
    counter, out, a = Counter(2), {}, np.arange(4.0)
    assert counter.count(a, out) == (12.0, 1, counter)
    assert counter.count(a, out) == (18.0, 2, counter)
    assert out == {"sum": 18.0} and counter.seen == [12.0, 18.0] and counter.step == 4
    count = sys.getrefcount(counter)
    counter.count(a, out)
    assert sys.getrefcount(counter) == count


def helper(x):
    t = 0
    for i in range(3):
        t += i * x
    return t


def test_undecorated_functions_are_compiled_with_their_caller():
    def caller(n, f):
        return helper(n) + helper(n * 0.5), f(np.arange(4.0))

    jitted = check(caller, (3, np.mean), (3, np.max), bails=False, strict=True)
    assert not [s.reason for s in jitted.specializations if s.reason]


def joined(n, x):
    s = 0.0
    for v in [1, 2.5, x]:
        s = s + v
    t = n if n > 2 else x
    u = None
    for k in range(n):
        u = x if k % 2 else k
    if n > 3:
        w = 7
    else:
        w = [n]
    if n > 4:
        return s, t, u, w
    return "few", s, u, w


def returns_any(n):
    if n == 0:
        return "none"
    if n == 1:
        return np.zeros(2)
    if n == 2:
        return n
    return n * 0.5 if n > 3 else None


def test_objects_where_paths_join():
    jitted = check(joined, *[(n, x) for n in (0, 1, 3, 4, 5) for x in ("x", 2, 3.5) if x != "x"], strict=True)
    other = check(returns_any, 0, 1, 2, 3, 4, bails=False, strict=True)
    for n in range(5):
        assert_nothing_leaks(lambda n=n: (jitted(n, 2.5), other(n)))


def object_numbers(a, n):
    items = [n, 1, None]
    lo, hi, none = items
    t = (1.5, "x", n)
    a[hi:lo] = 7.0
    return a[hi:lo], a[:none], a[hi], float(lo) / 2, t[lo], t[hi:], lo in t, range(lo)[hi], np.zeros(lo), max(lo, 1)


def test_objects_as_indices_and_bounds():
    check(object_numbers, (np.arange(6.0), 2), (np.arange(6.0), 0), (np.arange(6.0), 5))


def test_compiling_keeps_no_arguments():
    @jit(strict=True)
    def pairs(a):
        x = (a, a)
        return str(len(x))

    a = np.zeros(3)
    count = sys.getrefcount(a)
    pairs(a)
    assert sys.getrefcount(a) == count


class Missing:
    """Has no attributes, and keeps a record of what it is asked for."""

    def __init__(self):
        self.asked = []

    def __getattr__(self, name):
        self.asked.append(name)
        raise AttributeError(name)


def note(thing, text):
    thing.asked.append(text)
    return text


def test_methods_are_looked_up_before_arguments():
    def by_object(thing):
        return thing.put(note(thing, "argument"))

    def by_keyword(thing):
        return thing.put(item=note(thing, "argument"))

    def of_another_type(x):
        return x.reshape(x.shape[0], 1)

    def of_an_array(a, thing):
        return a.nothing(note(thing, "argument"))

    for function in (by_object, by_keyword):
        thing, other = Missing(), Missing()
        assert outcome(jit(function), (thing,)) == outcome(function, (other,))
        assert thing.asked == other.asked
    check(of_another_type, 1, 2.5, np.arange(3.0), (None,))
    check(of_an_array, (A, 1))


def test_augmented_assignment_of_objects():
    def plus(x, y):
        x += y
        return x

    def element(a, y):
        a[0] += y
        return a

    class Right:
        def __radd__(self, x):
            return 5

    for value in (object(), Right(), "b", [1], None, (2,)):
        for number in (1, 2.5, True, np.float64(2), "s", (1,)):
            assert outcome(jit(plus), (number, value)) == outcome(plus, (number, value))
        assert outcome(jit(element), (A.copy(), value)) == outcome(element, (A.copy(), value))


def test_results_whose_dimensions_hang_on_lengths():
    def after_a_store(a, shape, out):
        out[0] = 1.0
        c = np.cross(a, a[::-1])
        return c, np.zeros(shape), np.full(shape, 2), np.squeeze(out[:1]), np.tile(a, shape), out

    check(after_a_store, (A, np.array([2, 1, 2]), A.copy()), (A, np.array([3]), A.copy()))
