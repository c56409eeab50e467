"""What `for` loops go through: arrays and their rows, enumerate, zip, reversed, tuples, np.ndindex, .flat."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from jitney import FallbackWarning, jit
from tests.language.test_arrays import DTYPES
from tests.language.test_views import BASE, LAYOUTS
from tests.support import arr, check

LINES = [arr(range(6)), arr([]), arr([np.nan, -0.0, np.inf]), arr(range(9))[::-2], np.broadcast_to(np.float64(3), (4,))]


@pytest.mark.parametrize("dtype", DTYPES)
def test_elements_of_every_dtype(dtype):
    def f(a):
        last = a[0]
        n = 0
        for x in a:
            last = x
            n += 1
        return last, n

    check(f, arr([1, 0, 3, 120], dtype), bails=False)


def test_elements_and_rows():
    def f(a):
        s = 0.0
        for x in a:
            s = s * 0.5 + x
        return s

    def g(a):
        s = 0.0
        for row in a:
            for x in row:
                s = s * 0.5 + x
            s -= row.shape[0]
        return s

    check(f, *LINES, bails=False)
    check(g, *LAYOUTS, bails=False)


def test_rows_are_views():
    def f(a):
        for row in a:
            row[0] = row[-1] * 2
        for x, y in a:
            a[-1, 0] += x - y

    check(f, np.arange(6.0).reshape(3, 2), np.asfortranarray(np.arange(6.0).reshape(3, 2)), np.zeros((0, 2)))


def test_the_array_is_read_as_it_is_gone_through():
    def f(a):
        s = 0.0
        for x in a:
            a[-1] += 1
            s += x
            a = a[1:]
            if len(a) == 1:
                break
        return s, len(a)

    check(f, arr([1, 2, 3, 4]), bails=False)


def test_break_continue_else():
    def f(a, stop):
        n = 0
        for i, x in enumerate(a):
            if x < 0:
                continue
            if i == stop:
                break
            n += i
        else:
            n += 1000
        return n

    check(f, *[(arr([1, -1, 2, 5]), k) for k in (-1, 0, 1, 2, 3)], (arr([]), 0), bails=False)


def test_enumerate():
    def f(a, n):
        s = 0
        for i, x in enumerate(a, n):
            s += i * int(x)
        for i, k in enumerate(range(3, 12, 4), start=2):
            s = s * 7 + i * k
        for i, row in enumerate(a[:, None]):
            s += i * int(row[0])
        for pair in enumerate((5, 6)):
            s += pair[0] * pair[1]
        return s

    check(f, (arr([1, 2, 3]), 0), (arr([4, 5]), -3), (arr([]), 1), bails=False)
    check(f, (arr([1, 2]), 2**63 - 1))


def test_zip():
    def f(a, b, n):
        s = 0.0
        for x, y in zip(a, b):
            s = s * 0.5 + x * y
        for x, k, j in zip(a, range(n), range(7, -9, -3)):
            s = s * 0.5 + x * k - j
        for i, (x, y) in enumerate(zip(a, a[1:])):
            s += i * (y - x)
        for (x,) in zip(b):
            s -= x
        return s

    lines = [arr(range(5)), arr(range(3)), arr([]), arr(range(8))[::-1]]
    check(f, *[(a, b, n) for a in lines for b in lines for n in (0, 2, 9, -1)], bails=False)


def test_reversed():
    def f(a, n, m):
        s = 0
        for x in reversed(a):
            s = s * 3 + int(x)
        for i in reversed(range(n)):
            s = s * 3 + i
        for i in reversed(range(n, m)):
            s = s * 3 - i
        for i in reversed(range(n, m, 3)):
            s = s * 3 - i
        for i in reversed(range(m, n, -2)):
            s = s * 3 + i
        for i, x in enumerate(reversed((1, 2, 3))):
            s += i * x
        for i in reversed(range(3, 0, -1)):
            s = s * 2 + i
        return s

    check(f, *[(arr([1, 2, 3]), n, m) for n in (0, 1, 4, -2) for m in (0, 3, 7, -5)], bails=False)

    def far(n):
        c = 0
        for i in reversed(range(n, n + 3)):
            c += 1
        return c, i

    check(far, -(2**63), 2**62)


def test_steps_that_are_not_known():
    def f(n, k):
        s = 0
        for i, j in zip(range(0, n, k), range(3)):
            s += i * j + 1
        for i in reversed(range(0, n, k)):
            s = s * 2 + i
        return s

    check(f, (10, 3), (10, -1), (-9, -4), (0, 1), (5, 0))


def test_tuples_are_written_out():
    def f(a, n):
        s = 0.0
        for x in (1, 2.5, a[0], n, True):
            s = s * 0.5 + x
        for name, k in (("a", 1), ("b", 2)):
            if name == "b":
                s += k
        for part in (a[1:], a[::2]):
            for x in part:
                s += x
            s *= 0.5
        for k in [3, n, 4]:
            if k == 7:
                break
            if k == 5:
                continue
            s += k
        else:
            s -= 0.25
        for _ in ():
            s = None
        for x, y in zip((1, 2, 3), a):
            s += x * y
        return s

    check(f, *[(arr(range(m)), n) for n in (5, 7, 8) for m in (1, 2, 5)], bails=False)


def test_loops_in_copies_have_types_of_their_own():
    def f(n):
        out = ()
        for start in (0, 0.5, 1, True):
            s = start
            for i in range(n):
                s = s + i
            out = (*out, s)
        return out

    check(f, 0, 1, 5, bails=False)


def test_every_copy_leaves():
    def f(n):
        for k in (1, 2, 3):
            if k == n:
                return k * 10
        return -1

    def g(n):
        for k in (1, 2):
            return k + n

    check(f, 1, 2, 3, 4, bails=False)
    check(g, 1, bails=False)


def test_letters():
    def f(n):
        k = 0
        for i, c in enumerate("abc"):
            if c == "b":
                k = i + n
        return k

    check(f, 1, bails=False)


def test_ndindex():
    def f(a):
        s = 0.0
        for i, j in np.ndindex(a.shape):
            s = s * 0.5 + a[i, j]
        for place in np.ndindex(a.shape[1], 2):
            s = s * 0.5 + a[0, place[0]] * place[1]
        for (i,) in np.ndindex(3):
            s += i
        return s

    check(f, *[a for a in LAYOUTS if len(a)], bails=False)


def test_nests_break_and_continue():
    def f(a, n):
        s = 0.0
        for i, j in np.ndindex(*a.shape):
            if j == 2:
                continue
            if i * j == n:
                break
            s = s * 0.5 + a[i, j]
        else:
            s += 1000
        return s, i, j

    check(f, *[(a, n) for a in LAYOUTS for n in (-1, 0, 1, 3)])


def test_nests_carry_types():
    def f(a, n):
        s = 0
        t = None
        for i, x in enumerate(a.flat):
            s += x
            if i == n:
                t = x
        for place, x in np.ndenumerate(a):
            s = s * 0.5 + x * place[0] - place[1]
        for i, (place, x) in enumerate(np.ndenumerate(a), 1):
            s += i * place[1]
        return s, t

    check(f, *[(a, n) for a in LAYOUTS for n in (0, 100)], bails=False)


def test_nests_that_always_leave():
    def f(a):
        for x in a.T.flat:
            return x
        return None

    def g(a):
        for x in a.flat:
            for y in a.T.flat:
                if y > x:
                    break
        return x, y

    check(f, *LAYOUTS[:6])
    check(g, *LAYOUTS)


def test_negative_ndindex():
    def f(n):
        k = 0
        for _ in np.ndindex(2, n):
            k += 1
        return k

    check(f, 3, 0, -1)


def test_flat_items():
    def f(a, i):
        a.flat[i] = 7
        a.flat[0] += 2
        return a.flat[i], a.flat[-1]

    writeable = [a for a in LAYOUTS[:8] if a.size]
    check(f, *[(a.copy() if a.flags.c_contiguous else a, i) for a in writeable for i in (0, 3, -1, 7, -8)], bails=False)
    check(f, (BASE, 20), (BASE, -21), (BASE.T, 20), (BASE[:0], 0))
    fixed = BASE.copy()
    fixed.flags.writeable = False
    check(f, (fixed, 0))


def test_flat_in_a_variable():
    def f(a):
        flat = a.flat
        s = 0.0
        for i in range(a.size):
            s = s * 0.5 + flat[i]
        flat[0] = s
        return s

    check(f, *[a.copy() for a in LAYOUTS if a.size], BASE.copy().T, bails=False)

    def g(a):
        flat = a.flat
        s = 0.0
        for x in flat:
            s += x
        for x in flat:
            s += x
        return s

    with pytest.warns(FallbackWarning, match="flat in a variable"):
        assert jit(g)(arr([1, 2])) == 3.0


def test_unpacking():
    def f(a):
        x, y = a
        return x, y

    def g(a):
        (x, y), z = a
        a[0, 0], a[1, 1] = z
        return x, y, z[0]

    def h(n):
        a, b, c = range(n)
        return a, b, c

    def k(a):
        (i, x), (j, y) = enumerate(a)
        return i, x, j, y

    check(f, arr([1, 2]), arr([1]), arr([1, 2, 3]), arr([]), arr(range(4))[::-2])
    check(g, arr([[1, 2], [3, 4]]), np.zeros((2, 3)))
    check(h, 3, 2, 4)
    check(k, arr([1, 2]), arr([1]))


def test_tuple_slices():
    def f(a):
        t = (1, 2.5, a[0], 4)
        s = a.shape[1:]
        return t[1:], t[::-1], t[:-1], t[5:], s, a.shape[::-1], len(t[::2]), t[-3:][0]

    check(f, arr([1]), arr(range(3)), bails=False)


def test_lists_that_are_looked_through():
    def f(n):
        return n in [1, 2, 5], n not in [3, n + 1], n in (4,)

    check(f, 1, 4, 5, bails=False)


def test_what_is_gone_through_once_is_not_kept():
    def f(a):
        z = zip(a, a)
        s = 0.0
        for x, y in z:
            s += x
        for x, y in z:
            s += x
        return s

    with pytest.warns(FallbackWarning, match="keeping what `zip` gives"):
        assert jit(f)(arr([1, 2])) == 3.0


def test_what_has_no_length():
    def f(a):
        n = 0
        for _ in a[0, ...]:
            n += 1
        return n

    check(f, arr([1, 2]))


def test_what_is_gone_through_stays_alive():
    def f(n, stop):
        a = np.ones((n, 3))
        b = np.zeros(n)
        s = 0.0
        for k in range(3):
            for i, row in enumerate(a):
                a = np.full((n + 1, 3), 2.0)
                s = s * 0.5 + row[i % 3]
                b = row
                if i == stop:
                    break
            else:
                if k == 1:
                    break
                continue
            s += b[0]
        return s, b, a

    def g(n):
        s = 0.0
        for part in (np.ones(n), np.zeros(n), np.ones((n, n))[0]):
            for x in part:
                s = s * 0.5 + x
                part = np.zeros(1)
        for x, y in zip(np.ones(n), np.full(n, 2.5)):
            s += x * y
        for x in np.ones((n, n)).T.flat:
            s += x
        x, y = np.ones(2)
        return s + x, part

    check(f, *[(n, stop) for n in (0, 1, 5) for stop in (-1, 0, 3)], bails=False)
    check(g, 0, 1, 4, bails=False)


def test_references_are_released():
    @jit
    def f(a, n):
        s = 0.0
        b = np.ones(3)
        for k in range(n):
            for row in np.ones((4, 2)):
                b = row
                if k == 2:
                    break
            else:
                for x in (np.ones(2), b, np.zeros(k)):
                    if k == 3:
                        break
                    b = x[1:]
                else:
                    continue
            s += a[k]
        return s + a[n - 1]

    gc.collect()
    a = arr(range(6))
    f(a, 6)
    tracemalloc.start()
    f(a, 6)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(50):
        f(a, 6)
        with pytest.raises(IndexError):
            f(a, 7)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 4000


def test_items_of_flat_by_other_than_numbers():
    def f(a, k, v):
        a.flat[k] = v
        return a.flat[k], a.flat[1:3]

    def g(a, values):
        out = np.zeros(a.shape)
        for k in range(a.size):
            out.flat[k] = values[a.flat[k]]
        return out

    grid = np.arange(6.0).reshape(2, 3)
    check(f, (grid, 2, 5.0), (grid[:, ::2], 2, 5.0), (np.arange(6), np.array([1, 2]), 7))
    check(g, (np.arange(4).reshape(2, 2), {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}), (np.arange(2), [1, 2]))
