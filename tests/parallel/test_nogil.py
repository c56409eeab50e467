"""Compiled code that runs without the GIL."""

from __future__ import annotations

import math
import os
import signal
import threading
import time

import numpy as np
import pytest

from jitney import jit, prange
from tests.support import arr, check

pytestmark = pytest.mark.parametrize("sharing", ["measured"], indirect=True)


def fill(a, x):
    for i in range(len(a)):
        x = (x * x + 12345) & 0x7FFFFFFF
        a[i] = x
    return x


def test_the_same_answers():
    def roots(a, n):
        t = 0.0
        for i in range(n):
            a[i] = math.sqrt(float(a[i]))
            t += a[i]
        return t

    def power(n):
        p = 1
        for i in range(n):
            p *= 3
        return p

    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    check(fill, *[(np.zeros(n), 7) for n in (0, 1, 10, 100000)], nogil=True)
    check(roots, (arr([1, 4, 9]), 3), (arr([1, 4, 9]), 4), (arr([1, -4, 9]), 3), (arr([]), 0), nogil=True)
    check(power, 5, 39, 40, 200, nogil=True)
    recursive = fib
    fib = jit(nogil=True)(recursive)
    assert fib(15) == 610
    with pytest.raises(TypeError):
        jit(nogil=True)(fill)(3)


def test_keywords_defaults_and_results():
    @jit(nogil=True)
    def f(a, x=2.0, *, y=3):
        return a[0] * x, y, x > 1

    a = arr([1.5])
    assert f(a) == (3.0, 3, True)
    assert f(a, y=4, x=0.5) == (0.75, 4, False)


def test_two_run_at_once():
    @jit(nogil=True)
    def fill(a, rounds):
        for k in range(rounds):
            for i in range(len(a)):
                a[i] = k

    @jit(nogil=True)
    def borders(a, n):
        found, last = 0, a[0]
        for i in range(n):
            if a[i & 1023] != last:
                found += 1
                last = a[i & 1023]
        return found

    a = np.zeros(1024, int)
    fill(a, 3)
    assert borders(a, 5000) == 0
    # Whoever takes turns with `fill` finds the array whole.
    for _ in range(200):
        worker = threading.Thread(target=fill, args=(a, 20000))
        worker.start()
        seen = max(borders(a, 100_000) for _ in range(10))
        worker.join()
        if seen:
            return
    raise AssertionError("they took turns")


def test_python_goes_on_meanwhile():
    @jit(nogil=True)
    def wait(a, n):
        for i in range(n):
            if a[0] != 0:
                return i
            a[1] = i
        return -1

    a = np.zeros(2, int)
    wait(a, 10)
    worker = threading.Thread(target=wait, args=(a, 10**12))
    worker.start()
    time.sleep(0.02)
    a[0] = 1
    worker.join(30)
    assert not worker.is_alive()


def test_signal_handlers_run():
    @jit(nogil=True)
    def spin(a, n):
        for i in range(n):
            a[0] = i
            if a[1] > 0:
                return True
        return False

    a = np.zeros(2)
    spin(a, 3)

    def handler(*_):
        a[1] = 1.0
        assert spin(np.zeros(2), 10) is False

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        assert spin(a, 10**12) is True
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_an_exception_of_a_handler():
    @jit(nogil=True)
    def spin(a, n):
        for i in range(n):
            a[0] = i

    def handler(*_):
        raise KeyError("enough")

    spin(np.zeros(1), 3)
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        with pytest.raises(KeyError, match="enough"):
            spin(np.zeros(1), 10**12)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_with_parallel_loops():
    @jit(nogil=True, parallel=True)
    def total(n):
        t = 0
        for i in prange(n):
            t += i * i % 7
        return t

    results = []
    wanted = sum(i * i % 7 for i in range(50000))
    workers = [threading.Thread(target=lambda: results.extend(total(50000) for _ in range(20))) for _ in range(3)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert results == [wanted] * 60


def test_what_needs_python_keeps_the_gil():
    def f(x):
        t = 0.0
        for i in range(5):
            t += math.gamma(x + i)
        return t

    def g(n):
        a = np.zeros(n)
        a[0] = 1.0
        return a

    check(f, 1.5, 300.0, -1.0, nogil=True)
    check(g, 3, 100, nogil=True)
