"""Threads of compiled loops and everything else that a process does."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import jitney
from jitney import jit, prange
from jitney.runtime import threads

POOL = threads.pool()
pytestmark = pytest.mark.parametrize("sharing", ["measured"], indirect=True)


@jit(parallel=True)
def busy(n, k):
    t = 0
    for i in prange(n):
        x = i
        for j in range(k):
            x = (x * x + 12345) & 0x7FFFFFFF
        t ^= x
    return t


def plain(n, k):
    t = 0
    for i in range(n):
        x = i
        for _ in range(k):
            x = (x * x + 12345) & 0x7FFFFFFF
        t ^= x
    return t


@pytest.fixture
def run(tmp_path):
    """Runs a program in a process of its own."""

    def go(text, **kwargs):
        script = tmp_path / "script.py"
        script.write_text(text)
        return subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, **kwargs)

    return go


BUSY = """
import os, signal, threading, time
from jitney import jit, prange, set_num_threads
@jit(parallel=True)
def busy(n, k):
    t = 0
    for i in prange(n):
        x = i
        for j in range(k):
            x = (x * x + 12345) & 0x7FFFFFFF
        t ^= x
    return t
set_num_threads(3)
"""


def test_workers_do_join(sharing):
    before = POOL["EPOCH"]
    assert busy(2000, 2000) == busy(2000, 2000)
    assert POOL["EPOCH"] > before and POOL["STARTED"] >= 2 and not POOL["BUSY"]
    assert busy(50, 100) == plain(50, 100)


def test_many_python_threads_at_once():
    wanted = plain(600, 30)
    wrong = []

    def work():
        for _ in range(40):
            if busy(600, 30) != wanted:
                wrong.append(1)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert not wrong and not POOL["BUSY"]


@pytest.mark.native  # what qemu has translated is resident, too
def test_one_pool_for_threads_that_ask_for_it_at_once(monkeypatch):
    both, seen = threading.Barrier(2), []

    class Pool(threads.Pool):
        def __init__(self):
            both.wait()
            super().__init__()

    monkeypatch.setattr(threads, "_pools", [])
    monkeypatch.setattr(threads, "Pool", Pool)
    monkeypatch.setattr(threads.capi, "POLL_HOOK", ctypes.c_uint64())
    askers = [threading.Thread(target=lambda: seen.append(threads.pool())) for _ in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert seen[0] is seen[1] is threads.pool()
    assert threads.capi.POLL_HOOK.value == seen[0].addresses["POLL"]


def test_repeated_calls_leak_nothing():
    a = np.ones(300)

    @jit(parallel=True)
    def f(a, bad):
        t = 0
        for i in prange(len(a)):
            t += int(a[i])
            if i == bad:
                raise ValueError("bad")
        return t

    def go(count):
        for k in range(count):
            assert f(a, -1) == 300
            if k % 10 == 0:
                with pytest.raises(ValueError, match="bad"):
                    f(a, 290)

    go(50)
    gc.collect()
    before, count = resident(), len(gc.get_objects())
    go(1000)
    gc.collect()
    assert len(gc.get_objects()) - count < 50
    assert resident() - before < 4 << 20
    assert len(os.listdir("/proc/self/task")) <= 130


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_other_python_threads_run_meanwhile():
    seen = []
    over = threading.Event()

    def watch():
        while not over.is_set():
            seen.append(time.perf_counter())
            time.sleep(0.0005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(50):  # where others hold the processors, it may not be its turn
        start = time.perf_counter()
        busy(3000, 20000)
        end = time.perf_counter()
        if sum(start < t < end for t in seen) > 3:
            break
    over.set()
    watcher.join()
    assert sum(start < t < end for t in seen) > 3


@pytest.mark.native  # qemu's own threads do not survive a fork
def test_fork_with_parked_workers():
    wanted = busy(2000, 500)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            good = POOL["STARTED"] == 0 and busy(2000, 500) == wanted and busy(2000, 500) == wanted
            code = 0 if good else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert busy(2000, 500) == wanted


@pytest.mark.native  # qemu's own threads do not survive a fork
def test_fork_while_another_thread_is_in_a_loop():
    stop = threading.Event()

    def work():
        while not stop.is_set():
            busy(2000, 300)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                os._exit(0 if busy(500, 50) == busy(500, 50) else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        stop.set()
        worker.join()


def test_exit_with_parked_workers(run):
    done = run(BUSY + "print(busy(2000, 2000) == busy(2000, 2000))")
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)


def test_exit_while_a_daemon_thread_is_in_a_loop(run):
    done = run(BUSY + "threading.Thread(target=busy, args=(10**6, 10**5), daemon=True).start()\ntime.sleep(0.3)")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_the_environment_sets_the_number(run):
    text = "import os, jitney; print(jitney.get_num_threads())"
    for value, wanted in (("5", "5"), ("1", "1"), ("", None), ("x", None), ("0", None), ("1000", "128")):
        done = run(text, env={**os.environ, "JITNEY_NUM_THREADS": value})
        assert done.stdout.strip() == (wanted or str(len(os.sched_getaffinity(0))))


@pytest.mark.parametrize("n, k", [(10**7, 1000), (3, 10**10)])
def test_ctrl_c(run, n, k):
    text = f"""
busy(10, 10)
def press():
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press).start()
start = time.perf_counter()
try:
    busy({n}, {k})
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - start < 20)
print(busy(2000, 200) == busy(2000, 200))
"""
    done = run(BUSY + text)
    assert (done.stdout, done.returncode) == ("interrupted True\nTrue\n", 0), done.stderr


def test_a_handler_may_call_compiled_loops(run):
    text = """
got = []
def handler(*_):
    got.append(busy(500, 100))
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
first = busy(3000, 40000)
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(got) > 0, set(got) == {busy(500, 100)}, first == busy(3000, 40000))
"""
    done = run(BUSY + text)
    assert done.stdout == "True True True\n", done.stderr


def test_a_handler_that_forks_never_gives_a_wrong_answer(run):
    text = """
wanted = busy(2000, 2500)
parent = os.getpid()
forked = []
def handler(*_):
    if not forked:
        forked.append(os.fork())
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.003)
try:
    good = busy(2000, 2500) == wanted
except RuntimeError:
    good = True
if os.getpid() != parent:
    os._exit(0 if good else 1)
print(good, os.waitstatus_to_exitcode(os.waitpid(forked[0], 0)[1]) if forked else 0)
"""
    done = run(BUSY + text)
    assert done.stdout == "True 0\n", done.stderr


def test_floats_round_as_in_the_calling_thread():
    @jit(parallel=True)
    def thirds(a):
        for i in prange(len(a)):
            a[i] = i / 3.0

    a = np.zeros(20000)
    thirds(a)
    assert (a == np.arange(20000) / 3.0).all()


def test_collected_while_workers_are_parked():
    for k in range(20):

        @jit(parallel=True)
        def f(n):
            t = 0
            for i in prange(n):
                t += i * k
            return t

        assert f(30000) == sum(range(30000)) * k
        del f
    gc.collect()
    assert jitney.get_num_threads() == 3
    signal.getsignal(signal.SIGINT)


@pytest.mark.native  # somebody takes long again meanwhile where all is slow
def test_tiny_loops_are_run_at_once_for_a_while(known):
    POOL["TINY"] = POOL["TRUSTED"] = 1 << 60  # nanoseconds: all of them are

    @jit(parallel=True)
    def spread(a):
        for i in prange(len(a)):
            x = i
            k = 0
            while k < 3:
                x = (x * x + 12345) & 0x7FFFFFFF
                k += 1
            a[i] = x

    def right(n):
        a = np.zeros(n, int)
        spread(a)
        return all(a[i] == plain(i + 1, 3) ^ plain(i, 3) for i in range(n))

    assert right(200)
    (words,) = known
    cost, times, tiny, polls, *_ = words
    assert cost > 0 and times == 31 and tiny > 1 << 50
    POOL["POLLS"] = polls
    assert right(200) and right(150) and right(400) and list(words) == [cost, 28, tiny, polls, 0, 0, 0, 0]
    POOL["POLLS"] = polls + 3
    assert right(200) and list(words) == [cost, 27, tiny, polls + 3, 0, 0, 0, 0]
    POOL["POLLS"] += 4  # somebody has taken long: it is measured each time for a while
    for left in reversed(range(16)):
        assert right(200) and words[1] == 0 and words[4] == left
    assert right(200) and words[1] == 31
    for _ in range(31):
        assert right(300)
    assert words[1] == 0 and right(300) and words[1] == 31
    POOL["TINY"] = 1
    words[1] = 0
    assert right(300)
    cost, times, tiny, *_ = words
    assert times == 31 and tiny == 65536 // cost
    assert right(300) and words[1] == 31


def again():
    """`busy` anew: nothing is known of it."""

    @jit(parallel=True)
    def busy(n, k):
        t = 0
        for i in prange(n):
            x = i
            for _ in range(k):
                x = (x * x + 12345) & 0x7FFFFFFF
            t ^= x
        return t

    return busy


@pytest.mark.parametrize("n", [2, 3, 8, 100])
def test_a_known_loop_is_shared_at_once(known, n):
    POOL["PENALTY"] = 0
    k = 4_000_000 // n
    long = again()
    first = long(n, k)
    assert known[0][0] > 0
    at = POOL["EPOCH"]
    assert long(n, k) == first and POOL["EPOCH"] == at + 1


def test_a_loop_that_takes_longer_than_foreseen_is_watched_for_a_while(known):
    POOL["TINY"], POOL["NEAR"], POOL["WORTH"] = 0, 1 << 60, 1 << 60  # nothing is shared
    long = again()
    first = long(100, 1000)
    (words,) = known
    assert long(100, 1000) == first and words[4] == 0
    words[0] = 1  # as if it took some nanoseconds
    POOL["NEAR"] = POOL["WORTH"] = 10_000
    assert long(100, 1000) == first and words[0] > 1 and words[4] == 15


def test_a_loop_that_gains_nothing_is_serial_until_its_loss_is_made_good(known):
    POOL["TINY"], POOL["NEAR"], POOL["WORTH"], POOL["PENALTY"] = 0, 1, 1, 0
    long = again()
    first = long(1000, 300)
    (words,) = known
    words[5], at = 1 << 50, POOL["EPOCH"]
    assert long(1000, 300) == first and POOL["EPOCH"] == at and 1 << 49 < words[5] < 1 << 50
    words[5] = 1
    assert long(1000, 300) == first and POOL["EPOCH"] == at and words[5] == 0
    assert long(1000, 300) == first and POOL["EPOCH"] == at + 1


def test_short_loops_are_serial_now_and_then(known):
    """What they take alone is measured anew."""
    POOL["TINY"], POOL["NEAR"], POOL["WORTH"], POOL["PENALTY"] = 0, 1, 1, 0
    POOL["BRIEF"], before = 1 << 60, POOL["BRIEF"]
    try:
        long = again()
        first = long(1000, 30)
        (words,) = known
        for done, following in ((4, 5), (64 * 3, 5), (64 * 3 + 1, 5)):
            words[6], at = done, POOL["EPOCH"]
            words[5] = POOL["DEBT"] = 0
            assert long(1000, 30) == first and POOL["EPOCH"] == at and words[6] == following
            words[5] = POOL["DEBT"] = 0
            assert long(1000, 30) == first and POOL["EPOCH"] == at + 1
    finally:
        POOL["BRIEF"] = before


def test_workers_stay_awake_for_a_while():
    long, before = again(), POOL["LINGER"]
    POOL["PENALTY"] = 0
    try:
        POOL["LINGER"] = 1 << 60
        POOL["WORTH"] = POOL["NEAR"] = 1
        wanted = long(100, 200_000)
        assert long(100, 200_000) == wanted and POOL["TOOK"] > 0
        POOL["LINGER"] = 0
        assert long(100, 200_000) == wanted
        end = time.monotonic() + 10
        while (POOL["SLEEPING"] & 0xFFFFFFFF) < POOL["STARTED"] and time.monotonic() < end:
            time.sleep(0.001)
        assert POOL["SLEEPING"] & 0xFFFFFFFF == POOL["STARTED"]
        assert long(100, 200_000) == wanted
    finally:
        POOL["LINGER"] = before


@pytest.mark.parametrize("n", [2, 3, 5])
def test_an_unknown_loop_is_shared_in_the_middle_of_its_first_iteration(n):
    POOL["PENALTY"] = 0
    long, at = again(), POOL["EPOCH"]
    assert long(n, 2_000_000) == long(n, 2_000_000)
    assert POOL["EPOCH"] == at + 2 and not POOL["BUSY"]


def test_loops_are_serial_until_a_loss_is_made_good():
    wanted, epoch = busy(2000, 2000), POOL["EPOCH"]
    POOL["PENALTY"] = 0  # nothing is lost here
    POOL["DEBT"] = debt = 1 << 60
    assert busy(2000, 2000) == wanted and POOL["EPOCH"] == epoch and 0 < POOL["DEBT"] < debt
    POOL["DEBT"] = 1  # a nanosecond passes before the next loop
    assert busy(2000, 2000) == wanted and POOL["EPOCH"] > epoch


def test_no_more_is_lost_than_its_thread_has_spent_on_others():
    wanted, penalty = busy(2000, 2000), threads.PENALTY
    for _ in range(5):
        POOL["PENALTY"], POOL["DEBT"], epoch = penalty, 0, POOL["EPOCH"]
        assert busy(2000, 2000) == wanted and POOL["EPOCH"] == epoch + 1
        assert POOL["DEBT"] >> 63 or POOL["DEBT"] <= penalty * POOL["LOST"]
        assert POOL["LOST"] <= POOL["TOOK"]


def processors(worker, change=None):
    """Those that a worker may run on; `change`: sets them."""
    thread = ctypes.c_void_p(ctypes.c_uint64.from_address(POOL["BLOCKS"] + (worker + 1) * POOL["STRIDE"] - 8).value)
    libc, mask = ctypes.PyDLL(None), (ctypes.c_uint64 * 16)()
    if change is not None:
        for one in change:
            mask[one // 64] |= 1 << one % 64
        assert libc.pthread_setaffinity_np(thread, ctypes.c_size_t(128), mask) == 0
    assert libc.pthread_getaffinity_np(thread, ctypes.c_size_t(128), mask) == 0
    return {one for one in range(1024) if mask[one // 64] >> one % 64 & 1}


def test_workers_are_kept_away_from_the_processor_of_their_loop():
    POOL["PENALTY"] = 0
    wanted, everywhere = busy(2000, 2000), os.sched_getaffinity(0)
    for _ in range(20):
        POOL["AWAY"] = 0
        assert busy(2000, 2000) == wanted
        away = POOL["AWAY"]
        if away:  # nobody has been fetched
            expected = everywhere - {away - 1} or everywhere
            assert all(processors(worker) == expected for worker in range(POOL["STARTED"]))


def test_workers_without_a_processor_are_fetched():
    """All on one: a worker with a chunk has to wait until its loop's thread does."""
    POOL["PENALTY"], everywhere = 0, os.sched_getaffinity(0)
    wanted, one = busy(20, 200_000), min(everywhere)
    os.sched_setaffinity(0, {one})
    try:
        for worker in range(POOL["STARTED"]):
            assert processors(worker, {one}) == {one}
        for _ in range(5):
            assert busy(20, 200_000) == wanted
    finally:
        os.sched_setaffinity(0, everywhere)
        for worker in range(POOL["STARTED"]):
            assert processors(worker, everywhere) >= everywhere
        POOL["AWAY"] = 0
    assert busy(20, 200_000) == wanted


def test_what_sharing_has_gained_makes_up_for_a_loss():
    wanted, epoch = busy(2000, 2000), POOL["EPOCH"]
    POOL["PENALTY"] = 10**6  # a loss would be remembered for long
    POOL["DEBT"] = 2**64 - (1 << 40)  # a quarter of an hour has been gained
    assert busy(2000, 2000) == wanted and POOL["EPOCH"] > epoch
    assert POOL["DEBT"] == 2**64 - threads.CAPITAL


@pytest.mark.native
def test_a_row_of_short_loops_is_worth_waking_somebody():
    before = {word: POOL[word] for word in ("CREDIT", "GAP", "ROW")}
    try:
        # Where others hold the processors, a loop may find that it gains nothing: not every time.
        for _ in range(50):
            long = again()
            wanted = [long(n, 200) for n in (90, 91)]
            POOL["NEAR"], POOL["WORTH"], POOL["CREDIT"], POOL["GAP"], POOL["PENALTY"] = 1, 1 << 60, 1, 1 << 60, 0
            at = POOL["EPOCH"]
            assert [long(n, 200) for n in (90, 91)] == wanted
            if POOL["EPOCH"] == at + 2:
                break
        else:
            raise AssertionError("nobody is woken")
    finally:
        for word, value in before.items():
            POOL[word] = value
