"""Recursion through CPython: calls that it runs, or makes, take some of the machine's stack."""

import sys
import threading
import warnings

import pytest

from jitney import FallbackWarning, jit


class Again:
    def call(self, n):
        return through_a_method(self, n - 1)

    def __call__(self, n):
        return through_an_object(self, n - 1)


class Raising:
    def call(self, n):
        if n == 0:
            raise LookupError("at the bottom")
        return failing(self, n - 1)


@jit
def through_a_method(again, n):
    if n == 0:
        return 0
    return again.call(n) + 1


@jit
def through_an_object(again, n):
    if n == 0:
        return 0
    return again(n) + 1


@jit
def failing(again, n):
    return again.call(n) + 1


@jit
def left_to_cpython(mapping, n):
    global left
    if n == 0:
        return 0
    left = [*mapping]
    return left_to_cpython(mapping, n - 1) + 1


@jit
def beyond(n, x):
    return x if n == 0 else beyond(n - 1, x) + 1


@jit
def bails_out(n, x):
    return x * x if n == 0 else bails_out(n - 1, x) + 1


def in_a_thread(run, stack):
    seen = []
    old = threading.stack_size(stack)
    try:
        thread = threading.Thread(target=lambda: seen.append(run()))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(old)
    return seen[0]


CALLS = {
    "method": lambda n: through_a_method(Again(), n),
    "object": lambda n: through_an_object(Again(), n),
    "left": lambda n: left_to_cpython({}, n),
    "beyond": lambda n: beyond(n, 1 << 80) - (1 << 80),
    "bails out": lambda n: bails_out(n, 1 << 40) - (1 << 80),
}


@pytest.mark.parametrize("stack", [64 << 10, 256 << 10])
@pytest.mark.parametrize("name", CALLS)
def test_a_small_stack_is_not_overrun(name, stack):
    call = CALLS[name]

    def run():
        seen = []
        for n in (5, 10, 2000, 5):
            try:
                seen.append(call(n))
            except RecursionError as error:
                seen.append(str(error)[:32])
        return seen

    limit = sys.getrecursionlimit()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        sys.setrecursionlimit(100_000)
        try:
            assert in_a_thread(run, stack) == [5, 10, "maximum recursion depth exceeded", 5]
        finally:
            sys.setrecursionlimit(limit)


def test_exceptions_near_the_interpreters_limit_stay_what_they_are():
    failing(Again(), 3)

    def run():
        seen = []
        for n in (*range(90, 100), 150, 300):
            try:
                failing(Raising(), n)
            except Exception as error:
                seen.append(type(error))
        return seen

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        seen = in_a_thread(run, 0)
    finally:
        sys.setrecursionlimit(limit)
    assert set(seen) <= {LookupError, RecursionError} and len(seen) == 12
