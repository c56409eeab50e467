"""Everything at once, in processes of their own: Python threads, signal handlers, forks, failures, nested loops, other
numbers of threads and other thresholds, thousands of times. What comes out is compared with serial code."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.parametrize("sharing", ["measured"], indirect=True),
    pytest.mark.native,  # qemu's own threads do not survive a fork
]

PROGRAM = """
import faulthandler, os, random, signal, threading, time
import numpy as np
import jitney
from jitney import jit, prange
from jitney.opt import outline
from jitney.runtime import threads

faulthandler.dump_traceback_later(55, exit=True)
outline._SMALL_WORK = outline._UNIT_WORK = 0.0
POOL = threads.pool()
POOL["PENALTY"] = 0

def loop(n, k):
    t = 0
    for i in prange(n):
        x = i
        for j in range(k):
            x = (x * x + 12345) & 0x7FFFFFFF
        t ^= x
    return t

serial, shared, free = jit(loop), jit(parallel=True)(loop), jit(parallel=True, nogil=True)(loop)

@jit(parallel=True)
def nested(n, m, k):
    t = 0
    for i in prange(n):
        t += shared(m, k) & 1023
    return t

def fill(a, bad, worse):
    for i in prange(len(a)):
        x = i
        for j in range(20):
            x = (x * x + 12345) & 0x7FFFFFFF
        a[i] = x
        if i == bad or i == worse:
            raise ValueError("bad")

fails, fills = jit(parallel=True)(fill), jit(fill)
wrong = []

def turn(rng):
    what = rng.random()
    if what < 0.45:
        n, k = rng.choice([2, 3, 8, 50, 300, 1000]), rng.choice([1, 10, 100, 500])
        if what < 0.01:
            k = 200000 // n
        if rng.choice([shared, free])(n, k) != serial(n, k):
            wrong.append(("loop", n, k))
    elif what < 0.6:
        n, m, k = rng.choice([1, 2, 5, 40]), rng.choice([2, 30]), rng.choice([3, 100])
        if nested(n, m, k) != n * (serial(m, k) & 1023):
            wrong.append(("nested", n, m, k))
    elif what < 0.85:
        n = rng.choice([10, 300, 2000])
        a, b = np.zeros(n, np.int64), np.zeros(n, np.int64)
        bad, worse = rng.randrange(n), rng.randrange(2 * n)
        try:
            fails(a, bad, worse)
        except ValueError:
            fills(b, n, n)
            first = min(bad, worse) + 1
            if not (a[:first] == b[:first]).all():
                wrong.append(("fails", n, bad, worse))
        else:
            wrong.append(("no error", n, bad, worse))
    elif what < 0.9:
        jitney.set_num_threads(rng.choice([1, 2, 3, 5]))
    elif what < 0.95:
        for word in ("WORTH", "NEAR", "TRUSTED", "TINY", "PIECE", "HELD"):
            POOL[word] = rng.choice([0, 0, 0, 1, 1000, 10000])
        POOL["SPIN"] = rng.choice([1, 10, 2000])
    else:
        sum(range(rng.choice([10, 10000])))
    if FORKS and what > 0.997:
        pid = os.fork()
        if not pid:
            os._exit(0 if shared(300, 50) == serial(300, 50) and free(2, 50000) == serial(2, 50000) else 1)
        end = time.monotonic() + 30
        done, status = os.waitpid(pid, os.WNOHANG)
        while not done and time.monotonic() < end:
            time.sleep(0.001)
            done, status = os.waitpid(pid, os.WNOHANG)
        if not done:
            os.kill(pid, signal.SIGKILL)
        if status or not done:
            wrong.append(("fork", done, status))

def run(seed):
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        turn(rng)

ticks = []
signal.signal(signal.SIGALRM, lambda *_: ticks.append(shared(300, 30) == serial(300, 30)))
run(0)
signal.setitimer(signal.ITIMER_REAL, 0.004, 0.004)
others = [threading.Thread(target=run, args=(seed,)) for seed in range(1, THREADS)]
for thread in others:
    thread.start()
run(THREADS)
for thread in others:
    thread.join()
signal.setitimer(signal.ITIMER_REAL, 0)
print(wrong[:5], all(ticks), POOL["BUSY"], POOL["EPOCH"] > 100)
os._exit(0)
"""


@pytest.mark.parametrize("forks, count", [(False, 3), (True, 2)])
def test_everything_at_once(tmp_path, forks, count):
    script = tmp_path / "script.py"
    script.write_text(f"FORKS, THREADS, ROUNDS = {forks}, {count}, 700\n{PROGRAM}")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[] True 0 True\n", done.stderr
