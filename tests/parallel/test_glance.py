"""What decides in front of a loop whether threads may share it: the work it promises, where that is known."""

from __future__ import annotations

import numpy as np
import pytest

from jitney import jit, prange
from jitney.ir.interp import run
from jitney.ir.parse import parse
from jitney.ir.verify import verify
from jitney.opt.glance import Glance
from jitney.opt.maker import Maker
from jitney.opt.rebuild import lay_out
from jitney.runtime import threads

POOL = threads.pool()
pytestmark = pytest.mark.parametrize("sharing", ["measured"], indirect=True)

NEST = """
    func f(v0: ptr, v1: i64, v2: i64) -> i64 {
    loop L0: header b1 preheader b0 counter v5 step 1 stop v1
    loop L1: header b3 preheader b2 parent L0 COUNTER
    b0(v0: ptr, v1: i64, v2: i64):
      v3 = const i64 0
      v4 = const i64 1
      jump b1(v3)
    b1(v5: i64) in L0:
      v6 = add v2, v4
      v7 = xor v5, v2
      jump b2
    b2 in L0:
      jump b3(START)
    b3(v8: i64) in L1:
      v9 = add v8, v4
      v10 = slt v9, STOP
      br v10, b3(v9), b4
    b4 in L0:
      v11 = add v5, v4
      v12 = slt v11, v1
      br v12, b1(v11), b5
    b5:
      ret v11
    }
"""
# b1, b2 and b4 are four operations, b3 two, of 0.3 nanoseconds each.
OUTER, INNER = 12, 6


@pytest.mark.parametrize(
    "start, stop, step, wanted",
    [
        ("v3", "v2", 1, lambda n: OUTER + max(n, 0) * INNER),
        ("v2", "v3", -1, lambda n: OUTER + max(n, 0) * INNER),
        ("v3", "v6", 1, lambda n: OUTER + max(n + 1, 0) * INNER),
        ("v4", "v6", 3, lambda n: OUTER + max(n, 0) // 3 * INNER),
        ("v3", "v7", 1, None),
        ("v5", "v2", 1, None),
        ("v3", "v2", 0, None),
    ],
)
def test_work_per_iteration(start, stop, step, wanted):
    counter = f"counter v8 step {step} stop {stop}" if step else ""
    text = NEST.replace("COUNTER", counter).replace("START", start).replace("STOP", stop)
    function = parse(text)
    lay_out(function)
    (outer,) = [loop for loop in function.loops() if loop.depth == 1]
    glance = Glance(function, outer, {b for b in function.blocks if b.loop is not None})
    assert glance.nested and glance.cost == pytest.approx(1.2 + 8 * 0.6)
    to = Maker(function, 1)
    to.block = function.blocks[0]
    work = glance.work(to)
    assert (work is None) == (wanted is None)
    if work is not None and wanted is not None:
        to.end("ret", (work,))
        function.blocks = function.blocks[:1]
        verify(function)
        for n in (-5, 0, 1, 7, 1000):
            assert run(function, (0, 3, n)).results == (wanted(n),)
        assert run(function, (0, 3, 1 << 40)).results == (OUTER + INNER * (1 << 20),)


def asked(known, f, *args):
    """Whether a call looks at the clock, or knows that it need not: not where it is small at a glance."""
    POOL["TINY"] = POOL["TRUSTED"] = 1 << 60
    for words in known:
        words[1] = 0
    f(*args)
    return any(words[1] for words in known)


def test_small_loops_go_at_once(known):
    @jit(parallel=True)
    def rows(a, out):
        for i in prange(a.shape[0]):
            s = 0
            for j in range(a.shape[1]):
                s += a[i, j]
            out[i] = s

    @jit(parallel=True)
    def halves(n):
        t = 0
        for i in prange(n):
            x = i
            while x:
                x >>= 1
                t += 1
        return t

    for shape, wanted in (((5, 6), False), ((6, 5), False), ((2, 2000), True), ((200, 200), True), ((0, 9), False)):
        a = np.arange(shape[0] * shape[1]).reshape(shape)
        out = np.zeros(shape[0], int)
        assert asked(known, rows, a, out) == wanted
        assert (out == a.sum(axis=1)).all()
    assert not asked(known, halves, 1) and asked(known, halves, 3)
    assert halves(100) == sum(i.bit_length() for i in range(100))


def test_a_few_long_iterations_are_shared():
    @jit(parallel=True)
    def long(n, k):
        t = 0
        for i in prange(n):
            x = i
            for _ in range(k):
                x = (x * x + 12345) & 0x7FFFFFFF
            t ^= x
        return t

    POOL["PENALTY"] = 0  # whatever else this machine does
    parts = [long(i + 1, 300_000) ^ long(i, 300_000) for i in range(6)]
    t = 0
    for part in parts:
        t ^= part
    before = POOL["EPOCH"]
    assert long(6, 300_000) == t
    assert POOL["EPOCH"] > before
