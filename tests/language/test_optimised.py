"""Programs that the optimiser changes much, plain against jitted, at the values where its assumptions end."""

from __future__ import annotations

import copy
from types import FunctionType

import numpy as np
import pytest

from jitney import jit
from tests.support import bits, check, outcome

_EDGES = [s * (2**k + d) for k in (0, 30, 61, 62, 63) for d in (-1, 0, 1) for s in (1, -1)]
_INTS = [n for n in _EDGES if -(2**63) <= n < 2**63]


def odd_or_even(n, turns):
    for _ in range(turns):
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
    return n


def falling(n, turns):
    for _ in range(turns):
        if n > 7:
            n = 5 - n * 2
        else:
            n = n - 3
    return n


def test_checks_in_arms_of_a_choice():
    third = (2**63 - 2) // 3
    starts = [*_INTS, third, third + 1, third + 2, -third - 1, -third, -third - 2, 2**62 + 2, 2**62 + 3, -(2**63) + 2]
    for function in (odd_or_even, falling):
        check(function, *[(n, turns) for n in starts for turns in (1, 2, 5)])


def nearest(points, centers, labels):
    total = 0.0
    for i in range(len(points)):
        best = -1
        least = float("inf")
        for c in range(len(centers)):
            distance = 0.0
            for k in range(2):
                distance += (points[i] - centers[c]) ** 2
            if distance < least:
                least = distance
                best = c
        labels[i] = best
        total += least
    return total


def test_least_of_a_long_iteration():
    values = np.array([0.5, -0.0, 0.0, np.nan, np.inf, -np.inf, 1e308])
    check(nearest, (values, values[:4].copy(), np.zeros(7, np.int32)), (values, values[::-1], np.zeros(7, np.int32)),
          (values[:3], values[:0], np.zeros(3, np.int64)))  # fmt: skip


def columns(a, w, out):
    total = 0
    for j in range(w):
        for i in range(a.shape[0]):
            out[i, j] = a[i, j] * 2 + a[i, w - 1 - j]
            total += a[i, j]
    return total


def test_walks_down_columns():
    a = np.arange(24).reshape(6, 4)
    for view in (a, a[::-1], a[::2, ::-1], np.asfortranarray(a), a.T, a[:0], a[:, 1:3]):
        rows, cols = view.shape
        check(columns, *[(view, w, np.zeros((rows, cols), np.int64)) for w in (0, 1, cols, cols + 1)])


def divisions(n, step):
    quotients = remainders = 0
    for i in range(n, n + 40 * step, step):
        quotients += i // 7 + i // 1000003 + i // 12
        remainders += i % 7 * 3 + i % 1000003 + i % 12 + i % (step + 9)
    return quotients, remainders


@pytest.mark.parametrize("step", [1, 977])
def test_divisions_by_constants(step):
    check(divisions, *[(n, step) for n in (0, 1, 5, 2**31, 2**60, 2**63 - 90, -20, -(2**62))])


def walk(n):
    total = 0
    i = n
    while i > 0:
        total += i // 10 * 7 + i % 10
        i //= 3
    return total


def test_divisions_of_what_is_not_negative():
    check(walk, *_INTS)


def _torus(a, out):
    rows, cols = a.shape
    for i in range(rows):
        below = (i + 1) % rows
        for j in range(cols):
            out[i, j] = a[i, (j + 1) % cols] + a[below, j] - a[i - 1, (j - 1) % cols]


def _wrapped_counter(a, start, n):
    total = 0
    for k in range(start, n):
        total = 3 * total % 1000003 + a[(k + 2) % n] + a[k % n - n]
    return total


def test_remainders_by_the_length() -> None:
    for shape in ((1, 1), (1, 2), (3, 1), (2, 5), (4, 37)):
        a = np.arange(shape[0] * shape[1], dtype=np.float64).reshape(shape)
        check(_torus, (a, np.zeros(shape)), (a[:, ::-1], np.zeros(shape)))
    values = np.arange(9)
    check(_wrapped_counter, *[(values, start, n) for start in (-9, -1, 0, 2, 7) for n in (-3, 0, 1, 2, 7, 9, 10)])


def recursive(function):
    """The function, jitted under the name by which it calls itself."""
    names = dict(function.__globals__)
    jitted = names[function.__name__] = jit(FunctionType(function.__code__, names, function.__name__))
    return jitted


def check_recursive(function, *calls):
    jitted = recursive(function)
    for call in calls:
        args = call if isinstance(call, tuple) else (call,)
        plain_args, jit_args = copy.deepcopy(args), copy.deepcopy(args)
        assert outcome(jitted, jit_args) == outcome(function, plain_args), (function, call)
        assert bits(jit_args) == bits(plain_args), (function, call)
    assert not any("supported" in s.reason for s in jitted.specializations if s.reason)


def trace(function, *args):
    """What a call gives, and how the traceback goes: (function, line) of each entry below the caller's."""
    try:
        return function(*args)
    except Exception as error:
        entries, tb = [], error.__traceback__.tb_next
        while tb is not None:
            entries.append((tb.tb_frame.f_code.co_name, tb.tb_lineno))
            tb = tb.tb_next
        return type(error), str(error), entries


def tribonacci(n):
    if n < 2:
        return n
    if n % 5 == 4:
        return tribonacci(n - 1) - tribonacci(n - 3)
    return tribonacci(n - 1) + tribonacci(n - 2) * 3 - tribonacci(n - 3)


def powers(x, n):
    if n < 2:
        return x if n == 0 else x * x
    return powers(x, n - 1) * powers(x, n - 2)


def count_down(n):
    return 0 if n == 0 else 1 + count_down(n - 1)


def fill(a, i, n):
    if n == 0:
        return i
    a[i] = n * 10 + i
    i = fill(a, i + 1, n - 1)
    if n > 3:
        i = fill(a, i + 1, n - 3)
    return i


def dig(a, i):
    a[i] = a[i] + 1
    if a[i] > 2:
        raise ValueError("deep enough")
    if i == 5:
        return i
    return dig(a, i + 1) + dig(a, i + 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def average(x, n):
    if n <= 0:
        return x
    return average(x + 0.5, n - 1) / average(x - 1.0, n - 2)


def gcd(a, b):
    if b == 0:
        return a
    return gcd(b, a % b)


def exchange(a, b, n):
    if n <= 0:
        return a, b
    return exchange(b, a + n, n - 1)


def collatz(n, steps):
    if n == 1:
        return steps
    if n % 2 == 0:
        return collatz(n // 2, steps + 1)
    return collatz(3 * n + 1, steps + 1)


def search(a, x, low, high):
    if low >= high:
        return -1
    middle = (low + high) // 2
    if a[middle] == x:
        return middle
    if a[middle] < x:
        return search(a, x, middle + 1, high)
    return search(a, x, low, middle)


def scan(a, x, i):
    for k in range(i, i + 3):
        if a[k] == x:
            return k
        if a[k] < 0:
            return scan(a, x, k + 2)
    s = 0
    while s < 5:
        s += 2
    return scan(a, x, i + s - 3)


def newton(x, a, n):
    if n == 0 or abs(x * x - a) < 1e-12:
        return x
    return newton(0.5 * (x + a / x), a, n - 1)


def grow(x, n):
    return x if n == 0 else grow(x * 1000 + n, n - 1)


def test_tail_calls():
    check_recursive(gcd, *[(a, b) for a in (0, 1, -12, 360, 2**62, -(2**63)) for b in (0, 1, -1, 9, -84, 2**61 + 5)])
    check_recursive(exchange, *[(a, b, n) for a in (1, -5) for b in (0, 2**62) for n in (0, 1, 2, 7)])
    check_recursive(collatz, *[(n, 0) for n in (1, 2, 3, 7, 27)], (3, 2**63 - 3))
    check_recursive(search, *[(np.arange(0, 40, 3), x, 0, 14) for x in (-1, 0, 3, 20, 39, 40)], (np.zeros(3), 9, 0, 9))
    array = np.array([5, 6, 7, -1, 0, 3, 3, 3, 4, 8])
    check_recursive(scan, *[(array, x, i) for x in (5, 3, 4, 8, 9) for i in (0, 1, 4)])
    check_recursive(newton, *[(x, a, n) for x in (1.0, 0.0, -3.0) for a in (2.0, 0.0, 1e300, -1.0) for n in (0, 3, 20)])
    check_recursive(grow, *[(x, n) for x in (0, 1, -1) for n in (0, 1, 5, 6, 7, 30)])


def test_tracebacks_of_tail_calls():
    for args in ((np.zeros(3), 9.0, 0, 9), (np.zeros(0), 1.0, 0, 1)):
        assert trace(recursive(search), *args)[2][-3:] == trace(search, *args)[2][-3:]


def test_recursion():
    check_recursive(tribonacci, *range(-1, 14))
    check_recursive(powers, *[(x, n) for x in (1, 2, -3, 10, 2**40) for n in (0, 1, 2, 3, 6, 7)])
    check_recursive(count_down, *range(12))
    check_recursive(ackermann, (0, 0), (1, 3), (2, 3), (2, 4))
    check_recursive(average, *[(x, n) for x in (0.0, 1.0, 0.5, -2.5, 1e300) for n in range(8)])
    for size in (0, 1, 5, 9, 30):
        check_recursive(fill, *[(np.zeros(size, np.int64), i, n) for i in (0, -2) for n in (0, 1, 3, 5, 6)])


@pytest.mark.parametrize("size", range(7))
def test_tracebacks_of_recursion(size):
    compiled = recursive(dig)
    for values in (np.zeros(size), np.arange(float(size)), np.zeros(size, np.int8)):
        a, b = values.copy(), values.copy()
        plain, jitted = trace(dig, a, 0), trace(compiled, b, 0)
        assert (a.tobytes(), plain[:2]) == (b.tobytes(), jitted[:2])
        assert jitted[2][-len(plain[2]) :] == plain[2]


def test_endless_recursion_is_an_error():
    with pytest.raises(RecursionError):
        recursive(count_down)(-1)
    with pytest.raises(RecursionError):
        recursive(newton)(1.0, -2.0, -1)


def hashes(h, c, turns):
    a = b = d = e = h
    for _ in range(turns):
        a = (a * 31 + c) & 0xFFFFFFFF
        b = (b * 6364136223846793005 - c * b) % 2**62
        d ^= (d << 13) & 0x7FFFFFFFFFFFFFFF
        d ^= d >> 7
        d ^= ((d << 17) + (c << 40)) & 0x7FFFFFFFFFFFFFFF
        e = -((e * e ^ c * 3) + (e << 62)) & 0x7FFFFFFFFFFFFFFF
    return a, b, d, e


def partly(x, y):
    p = x * y
    q = x * y + 1
    return p & 255, (p + y) & 0xFFFF, q, (x << 60) & 0xF000000000000000, (x << 3) & 7, (x - y) & -2


def test_sums_under_a_mask():
    starts = (0, 1, 2**31, 2**62 - 1, -5, -(2**62))
    calls = [(h, c, turns) for h in starts for c in (0, 7, -(2**40)) for turns in (1, 9)]
    check(hashes, *calls)
    check(partly, *[(x, y) for x in _INTS for y in (0, 1, -1, 2**32, -(2**62))])
    jitted = jit(hashes)
    for call in calls:
        jitted(*call)
    before = sum(s.bailouts for s in jitted.specializations)
    for h in range(5):
        assert jitted(h, 12345, 20) == hashes(h, 12345, 20)
    assert sum(s.bailouts for s in jitted.specializations) == before


def accumulate(a, b, c):
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]


def onto_one(a, b, at, step):
    for k in range(0, len(b), step):
        a[at] = a[at] * 0.5 + b[k]
    for k in range(len(b) - 1, -1, -1):
        a[at] -= b[k]
        if a[at] > 1e6:
            break
    return a[at]


def last_of(a, b):
    for k in range(len(b)):
        a[1] = b[k]
        a[0] = a[1]
    for k in range(len(b)):
        a[2] = b[k] + k


def test_elements_that_loops_add_to():
    values = np.arange(1.0, 26.0).reshape(5, 5) / 8
    jitted = jit(accumulate)
    for a, b, c in ((0, 1, 2), (0, 1, 0), (0, 1, 1), (0, 0, 0), (0, 1, 3), (3, 1, 0), (4, 0, 4), (0, 4, 5), (5, 5, 4)):
        for _ in range(2):
            results = []
            for function in (accumulate, jitted):
                x, y, z = values.copy(), values[::-1].copy(), np.zeros((5, 5))
                arrays = (x, y, z, x[1:, :4], y.T, z[::-1, ::-1])
                with np.errstate(all="ignore"):
                    function(arrays[a], arrays[b], arrays[c][: len(arrays[a])])
                results.append((x.tobytes(), y.tobytes(), z.tobytes()))
            assert results[0] == results[1], (a, b, c)
    for function in (onto_one, last_of):
        compiled = jit(function)
        for offset in range(4):
            for at, step in ((0, 1), (1, 2), (3, 1), (-1, 3)):
                more = (at, step) if function is onto_one else ()
                x, y = np.arange(9.0), np.arange(9.0)
                for whole, run in ((x, function), (y, compiled)):
                    run(whole[:4], whole[offset:], *more)
                    run(whole[5:], whole[offset::-1], *more)
                    run(whole[5:], whole[2:5], *more)
                assert x.tobytes() == y.tobytes(), (function, offset, at, step)


def classes(values, out):
    for i in range(len(values)):
        c = values[i]
        kind = 0
        if 97 <= c <= 122 or 65 <= c <= 90 or c == 95:
            kind = 1
        elif c > 47 and not c > 57:
            kind = 2
        elif -3 < c < 4 or not (c < 1000 or c >= 1003):
            kind = 3
        if c >= 200 and c <= 100:
            kind = 4
        if c > 2**63 - 2 or c < -(2**63) + 1:
            kind += 10
        out[i] = kind


def test_ranges_of_integers():
    marks = (97, 122, 65, 90, 95, 47, 57, -3, 4, 1000, 1003, 200, 100)
    values = np.array([*_INTS, *[m + d for m in marks for d in (-1, 0, 1)]])
    check(classes, *[(values, np.zeros(len(values), np.int64))] * 2)
    small = np.arange(256).astype(np.uint8)
    check(classes, *[(small, np.zeros(256, np.int64))] * 2)


def neighbours(grid, out):
    rows, columns = grid.shape
    for i in range(rows):
        for j in range(columns):
            count = 0
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    if di != 0 or dj != 0:
                        count += grid[(i + di) % rows, (j + dj) % columns]
            out[i, j] = count


def polynomials(n, x):
    total = 0.0
    for _ in range(n):
        a, b = 1.0, x
        for k in range(2, 22):
            a, b = b, ((2 * k - 1) * x * b - (k - 1) * a) / k
            if b > 1e6:
                break
        total += b
        x += 0.25
    return total


def test_nests_with_known_numbers_of_iterations():
    rng = np.random.default_rng(2)
    shapes = [(0, 0), (1, 1), (2, 1), (3, 4), (7, 6)]
    grids = [rng.integers(-9, 9, shape) for shape in shapes]
    grids.append(np.full((3, 3), 2**61))
    check(neighbours, *[(grid, np.zeros(grid.shape, np.int64)) for grid in grids])
    check(polynomials, (0, 0.5), (5, -0.75), (9, 0.5))


def local_alignment(a, b, scores):
    best = 0
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            v = scores[i - 1, j - 1] + (2 if a[i - 1] == b[j - 1] else -1)
            if scores[i - 1, j] - 1 > v:
                v = scores[i - 1, j] - 1
            if scores[i, j - 1] - 1 > v:
                v = scores[i, j - 1] - 1
            if v < 0:
                v = 0
            scores[i, j] = v
            if v > best:
                best = v
    return best


def stored_between(a):
    m = 0
    for i in range(len(a)):
        if a[i] > m:
            a[0] += 1
            m = a[i]
        a[i] = m
    return m


def test_choices_of_what_is_loaded_already():
    rng = np.random.default_rng(4)
    pairs = [(rng.integers(0, 3, n), rng.integers(0, 3, m)) for n, m in ((0, 0), (1, 1), (5, 9), (20, 20))]
    for dtype in (np.int64, np.int8, np.float64):
        check(local_alignment, *[(a, b, np.zeros((len(a) + 1, len(b) + 1), dtype)) for a, b in pairs])
    check(stored_between, *[rng.integers(-9, 9, n) for n in (1, 2, 9, 30)])


def by_mode(a, out, mode, flag, t):
    found = -1
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            x = a[i, j]
            if mode == 0:
                out[i, j] = x if x > t else 0
            elif mode == 1:
                out[i, j] = 10 // x
            elif mode == 2:
                if x == t:
                    found = i * 100 + j
                    break
            else:
                out[i, j + 1] = x
            if flag:
                out[i, 0] = j
    return found


def endless_or_not(a, stop):
    n = 0
    while True:
        n += a[n % len(a)] + 1
        if stop:
            return n
        if n > 40:
            break
    return -n


def test_loops_that_branch_on_invariants():
    rng = np.random.default_rng(5)
    for dtype in (np.int64, np.uint8, np.float64):
        for shape in ((0, 3), (2, 0), (3, 5), (2, 40)):
            a = rng.integers(1, 9, shape).astype(dtype)
            out = np.zeros((shape[0], shape[1] + 1), dtype)
            check(by_mode, *[(a, out, mode, flag, 5) for mode in range(4) for flag in (False, True)])
            check(by_mode, (a * 0, out, 1, True, 5), (a, out[:, :-1], 3, False, 1))
    check(endless_or_not, *[(rng.integers(0, 5, 7), stop) for stop in (False, True)])


def two_sums(a, b):
    s, t = 0.0, -0.0
    for i in range(len(a)):
        if a[i] < b[i]:
            s += a[i]
        else:
            t += b[i]
    return s, t


def up_and_down(a, b):
    s = -0.0
    for i in range(len(a)):
        if a[i] > 0.25:
            s += b[i]
        else:
            s -= b[i]
    return s


def nested_sums(a, b):
    s, t = -0.0, a[0]
    for i in range(len(b)):
        if a[i] != b[i]:
            s = s - a[i]
        else:
            t = b[i] + t
        if s > 3.0:
            s -= a[i]
        else:
            s -= b[i]
    return s, t


def one_sided(a, b):
    s = 0.0
    for i in range(len(a)):
        x = a[i] - b[i]
        s += x if x > 0.0 else -2.0 * x
    return s


def by_integers(a, b):
    s = 0.0
    for i in range(len(a)):
        k = i * 7 % 5
        s = s * 0.5 + (a[i] if k == 2 else b[i]) + (b[i] if k < 3 else 1.5) - (a[i] if i & 4 else -0.0)
    return s


@pytest.mark.parametrize("function", [two_sums, up_and_down, nested_sums, one_sided, by_integers])
def test_terms_are_chosen(function):
    rng = np.random.default_rng(11)
    calls = []
    for n in (1, 2, 7, 40):
        a, b = rng.standard_normal(n), rng.standard_normal(n)
        zeros = np.where(rng.random(n) < 0.5, 0.0, -0.0)
        infinite = np.where(rng.random(n) < 0.2, -np.inf, a)
        nan = np.where(rng.random(n) < 0.2, -np.nan, b)
        calls += [(a, b), (a, zeros), (zeros, -zeros), (infinite, b), (-infinite, infinite), (nan, b), (-nan, a)]
    check(function, *calls)
