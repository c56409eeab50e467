"""Arrays made and held by compiled code: values, and that every reference is dropped on every path."""

import _thread
import sys
import threading
import weakref

import numpy as np
import pytest

from jitney import jit
from tests.objects.support import assert_nothing_leaks, quietly
from tests.support import check


def filled(n):
    a = np.zeros(n)
    for i in range(n):
        a[i] = i * 0.5
    return a


def swaps(n, k):
    a = np.zeros(n)
    b = np.ones(n)
    for i in range(k):
        a, b = b, a
        a[0] += i
    return a, b, k


def either(c, x):
    if c:
        a = np.zeros(3)
    else:
        a = x
    a[0] = 5.0
    return a


def rebound(x, k):
    a = x
    for i in range(k):
        b = np.zeros(len(a))
        for j in range(len(a)):
            b[j] = a[j] + i
        a = b
    return a


def row_of_new(n, i):
    a = np.full((n, n), 3)
    a[1, 1] = 7
    return a[i]


def rows_change(a, k):
    r = a[0]
    for i in range(k):
        r[0] += 1.0
        r = a[i]
    return r


def array_or_view(a, c):
    x = a
    if c:
        x = a[1:]
    x[0] = 9.0
    return x


def shrinks(n):
    a = np.ones(n)
    while len(a) > 2:
        a = a[1:]
    return a


def returned_twice(n):
    a = np.ones(n)
    return a, a, a[0:1]


def deleted(n):
    a = np.ones(n)
    del a
    a = np.zeros(n)
    return a


def early(n):
    for i in range(n):
        t = np.zeros(i + 1)
        t[i] = i
        if i == 3:
            return t
    return np.ones(1)


def breaks(n):
    t = np.zeros(1)
    for i in range(n):
        t = np.full(i + 1, 0.5)
        if i == 3:
            break
        if i == 1:
            continue
        t[0] = 7
    return t


FUNCTIONS = [
    (filled, (0,), (1,), (7,)),
    (swaps, (3, 0), (3, 1), (3, 6)),
    (either, (True, np.ones(3)), (False, np.ones(3))),
    (rebound, (np.arange(3.0), 0), (np.arange(3.0), 1), (np.arange(3.0), 4)),
    (row_of_new, (3, 0), (3, 1), (3, -1)),
    (rows_change, (np.ones((3, 2)), 0), (np.ones((3, 2)), 3)),
    (array_or_view, (np.ones(3), True), (np.ones(3), False)),
    (shrinks, (1,), (5,)),
    (returned_twice, (3,)),
    (deleted, (2,)),
    (early, (2,), (9,)),
    (breaks, (1,), (2,), (9,)),
]  # fmt: skip


@pytest.mark.parametrize("function, calls", [pytest.param(f, calls, id=f.__name__) for f, *calls in FUNCTIONS])
def test_same_as_plain_and_no_leak(function, calls):
    jitted = check(function, *calls, bails=False)
    for args in calls:
        assert_nothing_leaks(lambda args=args: jitted(*args))


def test_the_very_object_is_returned():
    same = jit(strict=True)(lambda a: a)
    a = np.ones(3)
    count = sys.getrefcount(a)
    assert same(a) is a
    assert sys.getrefcount(a) == count
    assert jit(strict=True)(array_or_view)(a, False) is a
    assert sys.getrefcount(a) == count


def test_a_returned_view_keeps_its_base():
    jitted = jit(strict=True)(lambda a: a[1:])
    a = np.arange(4.0)
    count = sys.getrefcount(a)
    view = jitted(a)
    assert view.base is a and not view.flags.owndata and view.flags.writeable
    assert sys.getrefcount(a) == count + 1
    view[0] = 8.0
    assert a[1] == 8.0
    del view
    assert sys.getrefcount(a) == count
    of_new = jit(strict=True)(row_of_new)(3, 0)
    died = weakref.ref(of_new.base)
    assert died() is not None
    del of_new
    assert died() is None


def test_flags_and_strides_of_what_is_returned():
    def views(a):
        return a[::2, ::-1], a[:, 1], a[1], a[0:0]

    a = np.arange(12.0).reshape(3, 4)
    for plain, got in zip(views(a), jit(strict=True)(views)(a)):
        assert (plain.strides, plain.shape, str(plain.flags)) == (got.strides, got.shape, str(got.flags))
        assert plain.ctypes.data == got.ctypes.data
    frozen = a.copy()
    frozen.flags.writeable = False
    assert not any(v.flags.writeable for v in jit(strict=True)(views)(frozen))


def raises_late(n, i):
    a = np.zeros(n)
    b = np.ones((n, n))
    t = a
    b[0, 0] = t[i]
    return b


def bails_late(n, k):
    a = np.zeros(n)
    a[0] = 1.0
    return k * k, a


def raises_after_store(x, n):
    a = np.zeros(n)
    x[0] = 1.0
    a[n] = 2.0
    return a


def test_nothing_leaks_where_it_raises_or_bails_out():
    check(raises_late, (3, 0), (3, 5))
    check(bails_late, (3, 4), (3, 2**40))
    check(raises_after_store, (np.zeros(2), 3))
    for function, args in ((raises_late, (3, 5)), (raises_after_store, (np.zeros(2), 3))):
        jitted = jit(strict=True)(function)

        def call(jitted=jitted, args=args):
            try:
                jitted(*args)
            except IndexError:
                pass

        assert_nothing_leaks(call)
    jitted = jit(strict=True)(bails_late)
    assert_nothing_leaks(lambda: jitted(3, 2**40))


def test_nothing_leaks_where_it_is_interrupted():
    @jit(strict=True)
    def spins(n, endless):
        a = np.zeros(n)
        b = a
        while endless or a[0] < 3.0:
            b = np.zeros(n)
            a[0] += 1.0
        return b

    spins(1000, False)

    def call():
        timer = threading.Timer(0.01, _thread.interrupt_main)
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            spins(1000, True)
        timer.join()

    assert_nothing_leaks(call, 40)


def test_recursion_holds_and_releases():
    @jit(strict=True)
    def deep(n):
        a = np.zeros(3)
        if n == 0:
            return a
        b = deep(n - 1)
        a[0] = b[0] + 1.0
        return a

    assert deep(500)[0] == 500.0
    assert_nothing_leaks(lambda: deep(50), 50)
    with pytest.raises(RecursionError):
        deep(10**7)
    assert deep(500)[0] == 500.0


def test_callees_borrow_and_return_references():
    @jit
    def make(n):
        a = np.zeros(n)
        for i in range(n):
            a[i] = 1.0
        return a

    @jit
    def add(a, b):
        out = np.empty(len(a))
        for i in range(len(a)):
            out[i] = a[i] + b[i]
        return out

    def caller(n, k):
        s = make(n)
        for _ in range(k):
            s = add(s, make(n))
        return add(add(s, s), make(n)[::1])

    jitted = check(caller, (3, 0), (3, 4))
    assert_nothing_leaks(lambda: jitted(3, 3))


def test_a_name_read_while_it_is_rebound():
    def walrus(n):
        a = np.zeros(n)
        t = (a, (a := np.ones(n)), a)
        return t

    jitted = check(walrus, 3)
    assert_nothing_leaks(lambda: jitted(3))


def test_calls_inside_calls_have_slots_of_their_own():
    @jit(strict=True)
    def outer(n):
        a = np.zeros(n)
        return a

    results = []

    def run():
        for _ in range(200):
            results.append(outer(3).sum())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [0.0] * 800


@jit
def doubled(a):
    out = np.empty(len(a))
    for i in range(len(a)):
        out[i] = a[i] * 2.0
    return out


@jit
def through(a):
    b = doubled(a)
    c = b
    b = doubled(c)
    return c, b


def test_names_of_inlined_functions_hold_until_the_end_of_the_statement():
    def caller(n):
        s = 0.0
        b = c = t = np.zeros(3)
        for k in range(n):
            c, b = through(np.full(3, k + 0.5))
            t = doubled(through(c)[1])
            s += c[0] + b[1] + t[2]
        return s, c, b, t

    jitted = check(caller, 1, 5, 50, strict=True)
    assert_nothing_leaks(lambda: jitted(5))


def perhaps(n, c):
    for i in range(n):
        t = np.full(2, i + 0.5)
        r = t[1:]
        o = [i, "x"]
    if c:
        a = np.ones(3)
    if n > 2:
        a = t
    if c or n > 2:
        return a, t, r, o
    return t


def late(n):
    s = 0.0
    for i in range(n):
        if i > 0:
            s += best[0]  # noqa: F821
        best = np.full(2, i + 1.0)
    return s, best


def test_variables_that_may_have_no_array():
    jitted = check(perhaps, (3, True), (3, False), (1, True), (1, False), (0, True), (0, False), strict=True)
    other = check(late, 0, 1, 5, strict=True)
    assert_nothing_leaks(lambda: (jitted(3, True), other(5), quietly(jitted, UnboundLocalError)(0, True)))


def test_names_given_one_value_once():
    """A first and only value is not exchanged for what was there before: nothing leaks, whatever way is taken."""

    def f(a, n):
        b = a + 1.0
        c = (d := a * 2.0) if n else (e := a - 1.0)
        g = h = b + c
        if n > 1:
            return g
        k = (b, h)
        for _ in range(n):
            b = b * 2.0
        if n < 0:
            raise ValueError("few")
        return k[0] + b + (d if n else e)

    def failing(a, b):
        c = a * 2.0
        d = c + b
        return d

    a = np.arange(5.0)
    check(f, (a, 0), (a, 1), (a, 2))
    check(failing, (a, a), (a, a[:2].copy()))
    function, other = jit(f), quietly(jit(failing), ValueError)
    for n in (0, 1, 2, -1):
        assert_nothing_leaks(lambda n=n: quietly(function, ValueError)(a, n))
    assert_nothing_leaks(lambda: other(a, a[:2].copy()))
