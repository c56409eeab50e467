"""Two tiers: a first call runs code that was compiled quickly, the next one code with all passes."""

import copy
import gc
import pickle
import sys
import threading
import traceback

import numpy as np
import pytest

from jitney import FallbackWarning, UnsupportedError, group, jit, pipeline
from jitney.asm import memory
from jitney.frontend import polls
from tests.support import bits, outcome


@pytest.fixture(autouse=True)
def tiers(monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", "1")


def tier(jitted):
    return [record.tier for record in jitted.specializations]


def both(jitted, *calls, **kwargs):
    """Call plain and jitted, and compare; the tiers after each call."""
    found = []
    for args in calls:
        plain, ours = copy.deepcopy(args), copy.deepcopy(args)
        wanted, got = outcome(jitted.__wrapped__, plain, kwargs), outcome(jitted, ours, kwargs)
        assert got == wanted
        assert [bits(a) for a in ours] == [bits(a) for a in plain]
        found.append(tier(jitted)[-1])
    return found


def total(a):
    s = 0.0
    for i in range(len(a)):
        s += a[i]
    return s


def add_up(n, step=1):
    s = 0
    for i in range(n):
        s += i * step
    return s


def store_from(a, start):
    for i in range(start, len(a) + 1):
        a[i] = i
    return start


def test_second_call_is_optimised():
    jitted = jit(total)
    a = np.arange(10.0)
    assert both(jitted, (a,), (a,), (a,)) == ["quick", "full", "full"]
    (record,) = jitted.specializations
    assert record.calls == 2 and record.bailouts == 0


def test_what_is_told_of_a_first_call():
    jitted = jit(total)
    jitted(np.arange(3.0))
    (record,) = jitted.specializations
    assert (record.tier, record.calls, record.bailouts, record.reason) == ("quick", 1, 0, "")
    assert record.code_size > 50 and sum(record.stages.values()) > 0 and "quickly" in repr(record)
    shown = str(jitted.explain())
    assert "range" in shown
    # As it will be compiled: the poll of a short loop is gone from the copy without checks.
    jitted(np.arange(3.0))
    assert str(jitted.explain()) == shown
    assert "quickly" not in repr(jitted.specializations[0])


def test_other_types_have_a_first_call_of_their_own():
    jitted = jit(total)
    assert both(jitted, (np.arange(3.0),), (np.arange(3.0),), (np.arange(3),), (np.arange(3),)) == [
        "quick", "full", "quick", "full",
    ]  # fmt: skip


def test_turned_off(monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", "0")
    assert both(jit(total), (np.arange(3.0),)) == ["full"]


def test_long_work_is_optimised_at_once():
    assert both(jit(add_up), (10,)) == ["quick"]
    assert both(jit(add_up), (2_000_000,)) == ["full"]
    assert both(jit(total), (np.zeros(100_000),)) == ["quick"]
    assert both(jit(total), (np.zeros(2_000_000),)) == ["full"]


@jit
def _sum_of_squares(n):
    s = 0
    for i in range(n):
        s += i * i
    return s


def rows(a, b):
    s = 0
    for i in range(1, a.shape[0] - 1):
        for j in range(i):
            for k in range(b.shape[1]):
                s += i + j + k
    return s


def outer(n):
    s = 0
    for i in range(n):
        s += _sum_of_squares(i)
    return s


def waiting(n, m):
    count = 0
    while n > 0:
        while m > n:
            m -= 1
        n -= 1
        count += 1
    return count


@pytest.mark.parametrize(
    ("function", "short", "long"),
    [
        (rows, (np.zeros((9, 2)), np.zeros((1, 5))), (np.zeros((600, 2)), np.zeros((1, 40)))),
        (outer, (20,), (3000,)),
        (waiting, (50, 60), (900_000, 900_005)),
    ],
)
def test_work_is_estimated(function, short, long):
    assert both(jit(function), short) == ["quick"]
    assert both(jit(function), long) == ["full"]


def test_estimate_of_huge_numbers():
    def nested(a, b, c):
        n = 0
        for _ in range(a * b * c):
            for _ in range(a * b):
                n += 1
                if n > 3:
                    return n
        return n

    big = 2**62
    assert both(jit(nested), (1, 1, 2), (1, 1, 2)) == ["quick", "full"]
    assert both(jit(nested), (big, 1, 1)) == ["full"]
    outcome(jit(nested), (10**400, 1, 1))


def test_function_without_loops_is_compiled_once():
    def square(x):
        return x * x

    jitted = jit(square)
    assert both(jitted, (3,), (4,), (2**40,), (5,)) == ["straight"] * 4
    assert jitted.specializations[0].calls == 4


def test_recursion_counts_as_a_loop():
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    fib = jit(fib)
    assert [fib(n) for n in range(10)] == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
    assert tier(fib) == ["full"]


def test_function_without_loops_is_optimised_for_a_caller_with_loops():
    @jit
    def step(x):
        # Too large to be inlined.
        y = x
        y = y * 3 + 1 if y % 2 else y // 2
        y = y * 3 + 2 if y % 3 else y // 2
        y = y * 3 + 3 if y % 4 else y // 2
        y = y * 3 + 4 if y % 5 else y // 2
        y = y * 3 + 5 if y % 6 else y // 2
        y = y * 3 + 6 if y % 7 else y // 2
        y = y * 3 + 7 if y % 8 else y // 2
        y = y * 3 + 8 if y % 9 else y // 2
        y = y * 3 + 9 if y % 10 else y // 2
        return y % 1000

    @jit
    def walk(n):
        x = 1
        for _ in range(n):
            x = step(x)
        return x

    wanted = step.__wrapped__(1)
    assert step(1) == wanted and tier(step) == ["straight"]
    assert walk(1) == wanted and (tier(walk), tier(step)) == (["quick"], ["straight"])
    assert walk(1) == wanted and (tier(walk), tier(step)) == (["full"], ["full"])
    assert step.specializations[0].calls == 0
    assert step(1) == wanted and step.specializations[0].calls == 1


def test_callees_of_a_first_call_are_not_kept():
    @jit
    def inner(n):
        s = 0
        for i in range(n):
            s += i
        return s

    @jit
    def caller(n):
        s = inner(n)
        for i in range(n):
            s -= i
        return s

    assert caller(5) == 0
    assert (tier(caller), tier(inner)) == (["quick"], [])
    assert caller(5) == 0
    assert (tier(caller), tier(inner)) == (["full"], ["full"])
    assert inner(4) == 6 and inner.specializations[0].calls == 1


def test_callee_that_had_its_first_call():
    @jit
    def inner(n):
        s = 0
        for i in range(n):
            s += i
        return s

    @jit
    def caller(n):
        s = inner(n)
        for i in range(n):
            s -= i
        return s

    assert inner(4) == 6
    assert caller(5) == 0 and tier(inner) == ["quick"]
    assert caller(5) == 0 and tier(inner) == ["full"]
    assert inner(4) == 6


def test_mutual_recursion_with_loops():
    @jit
    def even(n):
        for _ in range(2):
            if n == 0:
                return True
        return odd(n - 1)

    @jit
    def odd(n):
        for _ in range(2):
            if n == 0:
                return False
        return even(n - 1)

    assert [even(7), odd(7)] == [False, True]
    assert (tier(even), tier(odd)) == (["quick"], ["quick"])
    assert [even(7), odd(7), even(8), odd(8)] == [False, True, True, False]
    assert (tier(even), tier(odd)) == (["full"], ["full"])


def test_runaway_recursion():
    @jit
    def forever(n):
        s = 0
        for i in range(2):
            s += i
        return s if n < 0 else forever(n + 1) + s

    for _ in range(2):
        with pytest.raises(RecursionError):
            forever(0)


def test_exceptions():
    jitted = jit(store_from)
    assert both(jitted, (np.zeros(5), 2), (np.zeros(5), 2), (np.zeros(5), 2)) == ["quick", "full", "full"]
    lines = []
    jitted = jit(store_from)
    for _ in range(2):
        try:
            jitted(np.zeros(5), 2)
        except IndexError as error:
            lines.append([frame.line for frame in traceback.extract_tb(error.__traceback__)][1:])
    assert lines == [["a[i] = i"]] * 2


def test_bail_out_of_a_first_call():
    jitted = jit(add_up)
    assert both(jitted, (5, 2**62), (5, 2**62), (5, 1)) == ["quick", "full", "full"]
    assert jitted.specializations[0].bailouts == 1


def test_bail_out_into_a_recursive_call():
    def power(base, n):
        r = 1
        for _ in range(1):
            r = base * power(base, n - 1) if n else 1
        return r

    power = jit(power)
    assert power(10, 30) == 10**30
    assert power(10, 5) == 10**5 and power(10, 30) == 10**30


scale = 2


def scaled(n):
    s = 0
    for i in range(n):
        s += i * scale
    return s


def test_global_changes_between_the_calls(monkeypatch):
    module = sys.modules[__name__]
    jitted = jit(scaled)
    for value in (2, 3, 3, 1.5, 2, 2):
        monkeypatch.setattr(module, "scale", value)
        assert bits(jitted(4)) == bits(scaled(4))
    jitted = jit(scaled)
    monkeypatch.setattr(module, "scale", 7)
    assert jitted(4) == scaled(4)
    monkeypatch.delattr(module, "scale")
    with pytest.raises(NameError):
        jitted(4)
    monkeypatch.setattr(module, "scale", 8, raising=False)
    assert jitted(4) == scaled(4)


def test_code_changes_between_the_calls():
    def one(n):
        s = 0
        for _ in range(n):
            s += 1
        return s

    def two(n):
        s = 0
        for _ in range(n):
            s += 2
        return s

    jitted = jit(one)
    assert jitted(3) == 3
    jitted.__code__ = two.__code__
    assert [jitted(3), jitted(3)] == [6, 6]
    assert tier(jitted) == ["full"]


def test_keywords_and_defaults():
    for calls in (((4,), {}), ((4,), {"step": 3}), ((), {"n": 4, "step": 3})):
        jitted = jit(add_up)
        for _ in range(3):
            assert jitted(*calls[0], **calls[1]) == add_up(*calls[0], **calls[1])
        assert tier(jitted) == ["full"]
    with pytest.raises(TypeError):
        jit(add_up)(1, 2, 3)


def test_method():
    class Counter:
        @jit
        def up_to(self, n):
            s = 0
            for i in range(n):
                s += i
            return s

        @staticmethod
        @jit
        def double(n):
            s = 0
            for i in range(n):
                s += 2 * i
            return s

    assert [Counter.double(4), Counter().double(4), Counter.double(5)] == [12, 12, 20]
    assert [Counter().up_to(n) for n in (4, 4, 5)] == [6, 6, 10]


def test_pickle():
    clone = pickle.loads(pickle.dumps(_sum_of_squares))
    assert clone is _sum_of_squares and clone(3) == 5 and clone(3) == 5


def test_strict():
    def unsupported(n):
        with threading.Lock():
            return n

    jitted = jit(strict=True)(unsupported)
    for _ in range(2):
        with pytest.raises(UnsupportedError):
            jitted(3)
    jitted = jit(strict=True)(add_up)
    assert both(jitted, (3,), (3,)) == ["quick", "full"]


def test_arrays_by_the_number_of_their_dtype():
    record = np.dtype([("x", "f8")])
    a = np.zeros(4, record)["x"]
    a = np.frombuffer(a.tobytes(), dtype=np.dtype("f8").newbyteorder("="))
    jitted = jit(total)
    assert both(jitted, (a,), (a,)) == ["quick", "full"]


def test_threads_in_their_first_call():
    for _ in range(5):
        jitted = jit(add_up)
        results = []
        barrier = threading.Barrier(6)

        def call(jitted=jitted, results=results, barrier=barrier):
            barrier.wait()
            for _ in range(3):
                results.append(jitted(1000))

        threads = [threading.Thread(target=call) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [499500] * 18
        assert tier(jitted) == ["full"]


def test_called_again_while_the_first_call_runs():
    jitted = jit(add_up)
    seen = []

    started = threading.Event()

    def other():
        started.wait()
        seen.append(jitted(3))

    thread = threading.Thread(target=other)
    thread.start()
    started.set()
    assert jitted(400_000) == add_up(400_000)
    thread.join()
    assert seen == [3]


def test_code_of_a_first_call_is_freed():
    a = np.arange(4.0)

    def first_call():
        jitted = jit(total)
        jitted(a)
        return jitted

    kept = [first_call() for _ in range(3)]
    gc.collect()
    before = memory.usage()
    kept += [first_call() for _ in range(30)]
    gc.collect()
    after = memory.usage()
    assert after["code_chunks"] == before["code_chunks"]
    assert [jitted(a) for jitted in kept] == [6.0] * len(kept)


def test_discarded_after_the_first_call():
    def make():
        @jit
        def f(n):
            s = 0
            for i in range(n):
                s += i
            return s

        return f(4)

    assert [make() for _ in range(20)] == [6] * 20


def test_too_many_types():
    jitted = jit(add_up_tuple)
    for n in range(1, 17):
        t = (1.5,) * n
        assert jitted(t, 2) == add_up_tuple(t, 2)
    with pytest.warns(FallbackWarning, match="often enough"):
        jitted((1,), 2)
    for n in range(1, 17):
        t = (1.5,) * n
        assert jitted(t, 2) == add_up_tuple(t, 2)


def add_up_tuple(t, n):
    s = 0.0
    for _ in range(n):
        s += t[0]
    return s


@jit
def _weigh(x, y):
    s = 0.0
    for i in range(3):
        s += x + y * i
    return s


def weighed(a, n):
    x = y = 0
    s = 0.0
    for i in range(n):
        s += _weigh(x, y) + len(a)
        x = i * 0.5
        y = i * 0.25
    return s


def test_callees_of_abandoned_attempts_are_not_compiled():
    # The loop is lowered three times, until its variables' types settle; the second time it calls for (float, int).
    jitted = jit(weighed)
    a = np.zeros(3)
    both(jitted, (a, 4), (a, 4))
    types = {tuple(map(str, record.types)) for record in _weigh.specializations}
    assert ("int", "int") in types and ("float", "int") not in types


def test_long_work_with_arrays_and_calls():
    # Lowered for the one call first, then for all calls.
    assert both(jit(weighed), (np.zeros(3), 400_000)) == ["full"]


@pytest.fixture
def lowerings(monkeypatch):
    """The names of functions as they are lowered."""
    names = []
    lower = group.lower

    def counted(function, *rest):
        names.append(function.__name__)
        return lower(function, *rest)

    monkeypatch.setattr(group, "lower", counted)
    return names


def doubled_thrice(a):
    for _ in range(3):
        a = a + a
    return a


def test_lowered_once_for_both_tiers(lowerings):
    jitted = jit(store_from)
    assert both(jitted, (np.zeros(5), 6), (np.zeros(5), 6), (np.zeros(5), 2)) == ["quick", "full", "full"]
    assert lowerings == ["store_from"]


def test_whole_arrays_are_lowered_for_each_tier(lowerings):
    both(jit(doubled_thrice), (np.ones(2),), (np.ones(5),), (np.ones(7),))
    assert lowerings == ["doubled_thrice"] * 2


def test_lowered_again_after_a_change(lowerings, monkeypatch):
    jitted = jit(scaled)
    assert jitted(4) == 12
    monkeypatch.setattr(sys.modules[__name__], "scale", 5)
    assert [jitted(4), jitted(4)] == [30, 30]
    assert lowerings == ["scaled"] * 2
    monkeypatch.setattr(sys.modules[__name__], "scale", 7)
    assert [jitted(4), jitted(4)] == [42, 42]


def test_what_was_lowered_for_many_first_calls_is_forgotten(lowerings, monkeypatch):
    monkeypatch.setattr(pipeline, "_MOST_WAITING", 2)
    monkeypatch.setattr(pipeline, "_waiting", [])
    jitted = jit(total)
    arrays = [np.arange(4.0).astype(name) for name in ("f8", "f4", "i8", "i4")]
    for _ in range(3):
        assert [jitted(a) for a in arrays] == [6.0] * 4
    assert len(lowerings) == 6


def summed_twice(n):
    s = add_up(n)
    for i in range(n):
        s += i
    return s


def test_fuel_is_counted_off_where_compiled_code_calls(monkeypatch):
    found = []
    count = polls.count

    def counted(lw):
        found.append(lw.root.__name__)
        count(lw)

    monkeypatch.setattr(polls, "count", counted)
    jitted = jit(summed_twice)
    assert jitted(9) == summed_twice(9)
    assert found == ["add_up"]
    found.clear()
    assert jitted(9) == summed_twice(9)
    assert sorted(found) == ["add_up", "summed_twice"]
    found.clear()
    alone = jit(add_up)
    assert alone(9) == 36 and found == []
    assert alone(9) == 36 and found == ["add_up"]


def hashed(a):
    s = 0
    for i in range(len(a)):
        h = int(a[i])
        h ^= h >> 16
        h = (h * 0x85EBCA6B) & 0xFFFFFFFF
        h ^= h << 40 & 0xFFFFFFFFFF
        a[i] = h & 0xFFFFFFFF
        s += h
    return s


def test_products_whose_low_bits_are_wanted_do_not_overflow_after_a_store():
    a = np.arange(1, 40, dtype=np.uint32) * np.uint32(0x7FFFFFF1)
    assert both(jit(hashed, strict=True), (a,), (a,)) == ["quick", "full"]
