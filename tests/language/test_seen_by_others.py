"""Who else sees a list, an array or a global, and when it changes: plain against jitted."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from jitney import jit
from tests.opt.vectors import function_of
from tests.support import check, outcome

STEP = 5


def rows_are_views(table):
    copies = [row[:] for row in table]
    copies[0][0] = 5.0
    return table[0, 0]


def slices_of_tuples(x):
    found = [x[:] for _ in range(2)]
    return found


def slices_of_frames():
    d = np.zeros(3)
    found = [d[:] for _ in range(2)]
    found[0][0] = 9.0
    return d[0]


def as_array():
    d = np.zeros(3)
    same = np.asarray(d)
    same[0] = 9.0
    return d[0]


def of_no_floats():
    d = np.zeros(0, dtype=np.int64)
    return np.array(d)


def another_meanwhile(n):
    d, s = np.zeros(3), 0.0
    for i in range(n):
        for k, x in enumerate(d):
            d = np.zeros(3)
            d[1], d[2] = float(k + 10 * i), float(k + 10 * i + 5)
            s = s * 2.0 + x
    return s


def changed_in_display():
    q = [1, 2, 3]
    return q, q.pop()


def longer_in_display():
    q = [1, 2, 3]
    return q, q.append(4), len(q)


def unsigned(x):
    a = [0] * 3
    a[1], a[2] = x, 2.5
    return a


def order(out, z):
    out[0] = 1
    table = [[out[9]] * (1 // z) for i in range(2)]
    return table[0][0]


def counts(a):
    return a * np.count_nonzero(a > 2), [np.count_nonzero(a)], np.count_nonzero(a)


def part_of_tuple(a, n):
    a[0] = 1
    return len((9, 8, 7)[:n]), a.shape[n:]


def flat_of_read_only(out, a, i):
    out[0] = 1
    a.flat[i] = 3.0
    return a


def read_only():
    a = np.zeros(4)
    a.flags.writeable = False
    return a


CALLS = {
    counts: [(np.arange(5, dtype="i4"),), (np.arange(5.0),)],
    part_of_tuple: [(np.zeros(3), n) for n in (1, 2, 0, -1, 9)],
    flat_of_read_only: [(np.zeros(3), np.zeros(4), 2), (np.zeros(3), np.zeros(4), 20)],
    rows_are_views: [(np.arange(4.0).reshape(2, 2),)],
    slices_of_tuples: [((1, 2, 3),), ([1, 2, 3],)],
    slices_of_frames: [()], as_array: [()], of_no_floats: [()],
    another_meanwhile: [(0,), (1,), (3,), (5,)],
    changed_in_display: [()], longer_in_display: [()],
    unsigned: [(np.uint64(2**63 + 5),), (np.uint64(7),)],
    order: [(np.zeros(3), 0), (np.zeros(10), 1), (np.zeros(3), 1)],
}  # fmt: skip


@pytest.mark.parametrize("tiers", "01")
@pytest.mark.parametrize("function", CALLS)
def test_as_plain(function, tiers, monkeypatch):
    monkeypatch.setenv("JITNEY_TIERS", tiers)
    for call in CALLS[function]:
        check(function, call, call, call)


def test_read_only_arrays_by_flat():
    a, jitted = read_only(), jit(flat_of_read_only)
    for i in (2, 20, 2):
        with pytest.raises(ValueError, match="underlying array is read-only"):
            jitted(np.zeros(3), a, i)


def step_on():
    globals()["STEP"] += 1
    return 0


def with_steps(n):
    q = []
    for i in range(n):
        q.append(i + STEP)
    return q[-1]


def steps_between(n):
    step_on()
    return with_steps(n)


def test_callees_see_what_has_changed_meanwhile():
    jitted = jit(steps_between)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(4):
            assert jitted(1) == STEP


def local_names(x):
    y = x + 1
    return sorted(locals()), y


def evaluated(x):
    return eval("x + 1")


@pytest.mark.parametrize("function", [local_names, evaluated])
def test_who_looks_at_frames_sees_pythons(function):
    jitted = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            assert outcome(jitted, (3,)) == outcome(function, (3,))


@pytest.mark.parametrize("name", ["power", "fmax", "fmin", "arctan2", "hypot", "fmod", "logaddexp"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_functions_of_two_numbers(name, dtype, tmp_path):
    function = function_of(f"def f(a, b, c):\n for i in range(len(a)): c[i] = np.{name}(a[i], b[i])", tmp_path)
    rng = np.random.default_rng(3)
    a = (rng.random(800) * 8 + 0.1).astype(dtype)
    with np.errstate(all="ignore"):
        for b in (-1.0, 2.0, 0.5, 0.0, np.nan, -np.inf):
            check(function, (a, np.full(800, b, dtype), np.zeros(800, dtype)))
        zeros = np.resize(np.array([0.0, -0.0, -0.0, 0.0, np.nan], dtype), 400)
        check(function, (zeros, zeros[::-1].copy(), np.zeros(400, dtype)))


def test_arrays_within_tuples_that_are_reshaped():
    def f(t, g):
        s = t[0][0, 1]
        g()
        return s + t[0][1, 0]

    def rows(t, g):
        s = 0.0
        for row in t[0]:
            g()
            s += row[0]
        return s

    for function in (f, rows):
        a = np.arange(12.0).reshape(2, 6)

        def reshaped(a=a):
            a.shape = (3, 4)

        with pytest.raises(RuntimeError, match="shape"):
            jit(function)((a, 5), Callback(reshaped))


class Callback:
    def __init__(self, function):
        self.function = function

    def __call__(self):
        self.function()
