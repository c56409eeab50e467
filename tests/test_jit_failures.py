"""Bail-out, exceptions with the user's lines, recursion, signals, threads.

PYTEST_DONT_REWRITE: the `assert` of a jitted function is to be CPython's.
"""

import gc
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback

import numpy as np
import pytest

from jitney import jit
from tests.support import outcome


def lines_of(error):
    """(function, text) of each traceback entry, outermost first, without the caller's."""
    return [(f.name, f.line) for f in traceback.extract_tb(error.__traceback__)][1:]


@jit
def divide(a, b):
    return a // b


@jit
def store_then_divide(a, x, y):
    a[0] = 5
    return x // y


@jit
def outer(a, x, y):
    a[1] = 7
    return inner(a, x, y) + 1


@jit
def inner(a, x, y):
    if y == 0:
        return x // y
    return store_then_divide(a, x, y - 1)


@jit
def square(x):
    return x * x


@jit
def store_then_square(a, x):
    a[0] = 1
    return x * x


@jit
def store_at(a, i, x):
    a[0] = 1
    a[i] = x


@jit
def raising(a, n):
    a[0] = n
    if n > 3:
        raise ValueError("too big")
    assert n != 2, "not two"
    return n


@jit
def unbound(a, n):
    a[0] = n
    if n > 0:
        value = n
    return value


@jit
def depth(n):
    return 0 if n == 0 else depth(n - 1) + 1


@jit
def endless(n):
    return endless(n + 1) + 1 if n > -1 else 0


@jit
def spin(n):
    i = 0
    while i < n:
        i += 1
    return i


def test_bails_out_and_cpython_answers():
    assert square(2**31) == 2**62
    before = square.specializations[0].bailouts
    assert square(2**32) == 2**64
    assert square.specializations[0].bailouts == before + 1


def test_exception_of_a_replayed_call_is_cpythons():
    divide(1, 1)
    with pytest.raises(ZeroDivisionError) as caught:
        divide(1, 0)
    assert lines_of(caught.value) == [("divide", "return a // b")]


def test_exception_after_a_store():
    a = np.zeros(3)
    store_then_divide(a, 1, 1)
    with pytest.raises(ZeroDivisionError) as caught:
        store_then_divide(a, 1, 0)
    with pytest.raises(ZeroDivisionError) as wanted:
        store_then_divide.__wrapped__(a, 1, 0)
    assert str(caught.value) == str(wanted.value)
    assert lines_of(caught.value) == lines_of(wanted.value) == [("store_then_divide", "return x // y")]
    assert a.tolist() == [5.0, 0.0, 0.0]


def test_traceback_through_compiled_calls():
    a = np.zeros(3)
    with pytest.raises(ZeroDivisionError) as caught:
        outer(a, 1, 0)
    assert lines_of(caught.value) == [
        ("outer", "return inner(a, x, y) + 1"), ("inner", "return x // y"),
    ]  # fmt: skip
    with pytest.raises(ZeroDivisionError) as caught:
        outer(a, 1, 1)
    assert lines_of(caught.value) == [
        ("outer", "return inner(a, x, y) + 1"), ("inner", "return store_then_divide(a, x, y - 1)"),
        ("store_then_divide", "return x // y"),
    ]  # fmt: skip
    assert a.tolist() == [5.0, 7.0, 0.0]


def test_failure_keeps_the_context_of_a_handled_exception():
    a = np.zeros(3)
    try:
        raise KeyError("first")
    except KeyError as first:
        with pytest.raises(ZeroDivisionError) as caught:
            store_then_divide(a, 1, 0)
        assert caught.value.__context__ is first


def test_index_after_a_store_has_numpys_message():
    for index in (3, -4, 2**40):
        for function in (store_at, store_at.__wrapped__):
            a = np.zeros(3)
            with pytest.raises(IndexError, match=f"index {index} is out of bounds for axis 0 with size 3"):
                function(a, index, 1.0)
            assert a.tolist() == [1.0, 0.0, 0.0]


def test_overflow_after_a_store_says_what_to_do():
    a = np.zeros(1)
    store_then_square(a, 3)
    with pytest.raises(OverflowError, match=r"beyond 64 bits in line \d+ of store_then_square\(\)") as caught:
        store_then_square(a, 2**40)
    assert lines_of(caught.value) == [("store_then_square", "return x * x")]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_raise_and_assert_after_a_store(n):
    wanted = outcome(raising.__wrapped__, (np.zeros(1), n))
    a = np.zeros(1)
    assert outcome(raising, (a, n)) == wanted
    assert a[0] == n


def test_unbound_after_a_store():
    for n in (1, 0):
        assert outcome(unbound, (np.zeros(1), n)) == outcome(unbound.__wrapped__, (np.zeros(1), n))


def test_raising_function_leaks_nothing():
    a = np.zeros(3)

    def run(n):
        for _ in range(n):
            for call in ((store_then_divide, a, 1, 0), (outer, a, 1, 1), (store_at, a, 9, 1.0), (unbound, a, 0)):
                try:
                    call[0](*call[1:])
                except Exception:
                    pass

    run(20)
    gc.collect()
    count, before = sys.getrefcount(a), len(gc.get_objects())
    run(200)
    assert sys.getrefcount(a) == count
    gc.collect()
    assert len(gc.get_objects()) < before + 100


def test_captures_stay_out_of_the_traceback_frames():
    a = np.zeros(3)
    try:
        store_then_divide(a, 1, 0)
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_next.tb_frame
        assert frame.f_code.co_name == "store_then_divide" and frame.f_globals is globals()
        assert frame.f_locals == {}


def test_function_that_mostly_bails_out_is_left_to_cpython():
    @jit
    def big(x):
        return x * 2**40

    assert big(1) == 2**40
    for _ in range(300):
        assert big(2**40) == 2**80
    (record,) = big.specializations
    assert "gave up" in record.reason
    assert record.bailouts < 150
    assert big(1) == 2**40 and big(0.5) == 2.0**39


def test_function_that_bails_out_now_and_then_stays():
    @jit
    def big(x):
        return x * 2**40

    for k in range(1000):
        assert big(2**40 if k % 3 == 0 else 1) == (2**80 if k % 3 == 0 else 2**40)
    assert big.specializations[0].reason == "" and big.specializations[0].bailouts == 334


# -- recursion ---------------------------------------------------------------------------------------------------------


def test_deep_recursion_returns_or_raises():
    assert depth(50) == 50
    assert depth(5000) == 5000
    with pytest.raises(RecursionError):
        endless(0)
    with pytest.raises(RecursionError):
        depth(10**9)
    assert depth(50) == 50


@pytest.mark.parametrize("size", [0, 64 << 10, 256 << 10, 16 << 20])
def test_recursion_in_threads_with_stacks_of_any_size(size):
    seen = []

    def run():
        try:
            endless(0)
        except RecursionError:
            seen.append("RecursionError")
        seen.append(depth(100))

    old = threading.stack_size(size)
    try:
        for _ in range(2):
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
    finally:
        threading.stack_size(old)
    assert seen == ["RecursionError", 100] * 2


# -- signals and threads -----------------------------------------------------------------------------------------------


def test_signal_handler_runs_inside_a_loop():
    seen = []
    old = signal.signal(signal.SIGALRM, lambda *_: seen.append(time.monotonic()))
    try:
        started = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        while not seen:
            spin(30_000_000)
        assert seen[0] - started < 1.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_interrupt_leaves_the_loop_at_the_users_line():
    def interrupt(*_):
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    try:
        spin(10)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt) as caught:
            spin(2**62)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    names = [name for name, _ in lines_of(caught.value)]
    assert names == ["spin", "interrupt"]
    assert lines_of(caught.value)[0][1] in ("while i < n:", "i += 1")


def test_other_threads_run_beside_a_compiled_loop():
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(1)
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        during, n, deadline = 0, 100_000_000, time.monotonic() + 30
        while during <= 3 and time.monotonic() < deadline:
            n *= 2
            before = len(ticks)
            spin(n)
            during = len(ticks) - before
    finally:
        done.set()
        thread.join()
    assert during > 3


def test_many_threads_compile_and_call_at_once():
    def f(x, k=3):
        return x * k

    jitted = jit(f)
    wrong = []
    values = [1, 2.5, True, 10**12, np.float64(2), np.int32(3)]
    start = threading.Barrier(8)

    def run(seed):
        start.wait()
        for n in range(300):
            value = values[(n + seed) % len(values)]
            for got in (jitted(value), jitted(value, 3), jitted(k=3, x=value)):
                if got != f(value):
                    wrong.append((value, got))

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(jitted.specializations) == len(values) - 1


def test_function_collected_while_it_runs():
    seen = []

    def make():
        @jit
        def loop(n):
            i = 0
            while i < n:
                i += 1
            return i

        return loop

    held = [make()]
    held[0](1)

    def run():
        seen.append(held[0](300_000_000))

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.01)
    del held[:]
    while thread.is_alive():
        gc.collect()
        for _ in range(20):
            make()(3)
    thread.join()
    assert seen in ([300_000_000], [])


def run_python(text, **kwargs):
    path = kwargs.pop("path")
    path.write_text(textwrap.dedent(text))
    return subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60, **kwargs)


def test_fork_while_another_thread_compiles(tmp_path):
    result = run_python(
        """
        import os, threading
        from jitney import jit

        def make(k):
            @jit
            def f(x):
                return x * k
            return f

        stop = False
        make(1)(1)

        def compile_all():
            k = 0
            while not stop:
                k += 1
                assert make(k)(2) == 2 * k

        thread = threading.Thread(target=compile_all)
        thread.start()
        for n in range(20):
            child = os.fork()
            if child == 0:
                ok = make(n)(3) == 3 * n and make(n)(1.5) == 1.5 * n
                os._exit(0 if ok else 1)
            assert os.waitpid(child, 0)[1] == 0
        stop = True
        thread.join()
        print("fine")
        """,
        path=tmp_path / "forks.py",
    )
    assert result.stdout == "fine\n", result.stderr


def test_fork_while_another_thread_loads_the_compiler(tmp_path):
    result = run_python(
        """
        import os, threading, time
        from jitney import jit

        def make():
            @jit
            def f(n):
                t = ()
                for i in range(n):
                    t = (i, 2.0 ** i)
                return t
            return f

        function = make()
        def call():
            function(2)
            function(2)
        thread = threading.Thread(target=call)
        thread.start()
        children = []
        while thread.is_alive() and len(children) < 12:
            child = os.fork()
            if child == 0:
                f = make()
                os._exit(0 if [f(3), f(3)] == [(2, 4.0)] * 2 else 1)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)
        thread.join()
        print("fine")
        """,
        path=tmp_path / "forks.py",
    )
    assert result.stdout == "fine\n", result.stderr


def test_exit_while_a_daemon_thread_is_in_a_loop(tmp_path):
    result = run_python(
        """
        import threading, time
        from jitney import jit

        @jit
        def spin(n):
            i = 0
            while i < n:
                i += 1
            return i

        spin(1)
        threading.Thread(target=spin, args=(2**60,), daemon=True).start()
        time.sleep(0.1)
        print("fine")
        """,
        path=tmp_path / "daemon.py",
    )
    assert (result.stdout, result.returncode) == ("fine\n", 0), result.stderr


def test_called_while_the_interpreter_ends(tmp_path):
    result = run_python(
        """
        import atexit
        from jitney import jit

        @jit
        def f(x):
            return x + 1

        class Late:
            def __del__(self, f=f, print=print):
                print(f(1), f(1.5), f(2**63))

        f(1)
        late = Late()
        late.myself = late
        atexit.register(lambda: print(f(2)))
        """,
        path=tmp_path / "late.py",
    )
    assert result.returncode == 0 and result.stdout.startswith("3\n"), result.stderr
