"""Ctrl-C reaches every loop soon: what is done between two polls is bounded, whatever an iteration does.

`interrupt` leaves a signal pending, as a Ctrl-C at that moment would; the work done until it is noticed is counted.
"""

import ctypes
import math

import numpy as np
import pytest

from jitney import jit

interrupt = ctypes.PyDLL(None).PyErr_SetInterrupt
interrupt.restype = None
N = 10_000
MOST = 1 << 18  # elements, or iterations of the innermost loop


@jit
def walk(a):
    s = 0.0
    for i in range(len(a)):
        s += a[i] / (i + 1.0)
    return s


@jit
def sixteen_walks(a):
    s = 0.0
    for _ in range(16):
        s += walk(a)
    return s


@jit
def sum_of_roots(a):
    return np.sum(np.sqrt(a))


@jit
def halves(n):
    k = 0
    while n > 0:
        n >>= 1
        k += 1
    return k


@jit
def counts_down(n, k):
    return k if n == 0 else counts_down(n - 1, (5 * k + n) & 1023)


def map_in_place(a, done, n):
    interrupt()
    for r in range(n):
        done[0] = r
        a[:] = np.sqrt(a * 2.0 + 1.0)


def reversed_in_place(a, done, n):
    interrupt()
    for r in range(n):
        done[0] = r
        a[:] = a[::-1]


def rows(a, done, n):
    b = a.reshape((100, 100))
    interrupt()
    for r in range(n):
        done[0] = r // 50
        b[r % 100] = b[(r + 1) % 100] * 0.5
        b[:, 1] += 1.0


def reduced(a, done, n):
    s = 0.0
    interrupt()
    for r in range(n):
        done[0] = r
        s += a.sum() + np.max(a) + np.mean(a * a)
    return s


def masked(a, done, n):
    interrupt()
    for r in range(n):
        done[0] = r
        a[a > 0.5] += 1.0


def made(a, done, n):
    interrupt()
    for r in range(n):
        done[0] = r
        b = np.zeros(len(a))
        b[0] = 1.0


def copied(a, done, n):
    interrupt()
    for r in range(n):
        done[0] = r
        a = a.copy()
    return a


def multiplied(a, done, n):
    b = a.reshape((100, 100))
    interrupt()
    for r in range(n):
        done[0] = r
        c = b @ b
    return c


def sorted_by_numpy(a, done, n):
    interrupt()
    for r in range(n):
        done[0] = r
        b = np.sort(a)
    return b


def called(a, done, n):
    b = list(a)
    interrupt()
    for r in range(n):
        done[0] = len(b) * r
        c = sorted(b)
    return c


def searched(a, done, n):
    b = list(a)
    s = 0
    interrupt()
    for r in range(n):
        done[0] = len(b) * r
        s += 0.25 in b
    return s


def calls_with_loops(a, done, n):
    s = 0.0
    interrupt()
    for r in range(n):
        done[0] = r
        s += walk(a)
    return s


def calls_with_calls_with_loops(a, done, n):
    s = 0.0
    interrupt()
    for r in range(n):
        done[0] = 16 * r
        s += sixteen_walks(a)
    return s


def calls_with_expressions(a, done, n):
    s = 0.0
    interrupt()
    for r in range(n):
        done[0] = r
        s += sum_of_roots(a)
    return s


def short_loops(a, done, n):
    s = 0.0
    interrupt()
    for r in range(n):
        for j in range(1000):
            a[j] = a[j] * 0.5
            s += math.sqrt(a[j])
        done[0] = r // 10
    return s


def tail_calls(a, done, n):
    s = 0
    interrupt()
    for r in range(n):
        done[0] = r
        s += counts_down(len(a), r)
    return s


def loops_that_end_soon(a, done, n):
    s = 0
    interrupt()
    for r in range(n):
        s += halves(r)
        done[0] = r // 5000
    return s


@pytest.mark.parametrize(
    "function",
    [
        map_in_place, reversed_in_place, rows, reduced, masked, made, copied, multiplied, sorted_by_numpy, called,
        searched, calls_with_loops, calls_with_calls_with_loops, calls_with_expressions, short_loops, tail_calls,
        loops_that_end_soon,
    ],
)  # fmt: skip
def test_little_is_done_until_an_interrupt_is_noticed(function):
    jitted = jit(function, strict=True)
    done = np.zeros(1, dtype=np.int64)
    with pytest.raises(KeyboardInterrupt):
        jitted(np.ones(N), done, 10**9)
    assert done[0] * N <= MOST


def test_an_interrupt_between_calls_is_the_interpreters():
    walk(np.ones(N))
    with pytest.raises(KeyboardInterrupt):
        interrupt()
        for _ in range(100):
            walk(np.ones(N))
