"""Arrays of records, plain against jitted."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest

from jitney import FallbackWarning, jit
from tests.objects.support import assert_nothing_leaks, quietly
from tests.objects.test_creation import made
from tests.support import bits, check

INNER = [("p", "f8"), ("q", "u1")]
FIELDS = [("x", "f8"), ("n", "i4"), ("v", "f4", (3,)), ("flag", "?"), ("i", INNER), ("m", "i2", (2, 2)), ("u", "u8")]
ALIGNED = np.dtype(FIELDS, align=True)
PACKED = np.dtype([("b", "i1"), *FIELDS])
MIXED = np.dtype([("s", "S3"), ("x", "f8"), ("o", "O"), ("n", "i4"), ("h", "f2"), ("e", ">i4"), ("t", "M8[s]")])
DTYPES = [ALIGNED, PACKED, np.dtype((np.record, ALIGNED)), np.dtype((np.record, PACKED))]


def filled(dtype, n=5):
    a = np.zeros(n, dtype)
    a["x"] = np.arange(n) * 1.5 - 1
    a["n"] = np.arange(n) - 2
    if "v" in dtype.names:
        a["v"] = np.arange(3 * n).reshape(n, 3) / 4
        a["i"]["p"] = -np.arange(n)
        a["i"]["q"] = np.arange(n) + 250
        a["m"] = np.arange(4 * n).reshape(n, 2, 2)
        a["u"] = -1 - np.arange(n)
        a["flag"][::2] = True
    return a


def element_then_field(a, i):
    return a[i]["x"], a[i]["n"], a[i]["flag"], a[i]["u"], a[i]["i"]["p"], a[i]["i"]["q"], a[i]["v"][1], a[i]["m"][1, 0]


def field_then_element(a, i):
    return a["x"][i], a["n"][i], a["i"]["p"][i], a["i"][i]["q"], a["v"][i, 2], a["m"][i][1, 1], a["v"][i].sum()


def whole_fields(a):
    return a["x"] * 2 + a["n"], a["v"].sum(axis=1), np.sqrt(a["i"]["q"]), a["m"], a["x"].max(), len(a), a.size


def views(a, i):
    return a[i], a[1:], a[::-2]["n"], a["v"][:, 1], a[i]["v"], a[i]["i"], a["i"], a[i]["m"].T, a[1:][0]["x"], a["u"]


def gone_through(a):
    s = 0.0
    for r in a:
        s += r["x"] * r["n"]
        r["x"] = s
        r["n"] += 1
        r["v"][0] = s
        r["v"][1:] = r["x"]
        inner = r["i"]
        inner["p"] -= 0.5
        if r["flag"]:
            r["m"] += 1
    return s


def stored(a, i, v):
    a[i]["x"] = v
    a["n"][i] = 7
    a["x"][i] += 2
    a["v"] = v
    a["m"][i] = a["m"][0]
    a[i]["v"] = (1, 2.5, v)
    a["i"]["p"][1:] = a["x"][:-1]
    a["flag"] = a["x"] > 1
    return a[i]["x"]


@pytest.mark.parametrize("dtype", DTYPES, ids=["aligned", "packed", "record", "packed record"])
def test_arrays(dtype):
    a = filled(dtype)
    frozen = filled(dtype)
    frozen.flags.writeable = False
    strided = filled(dtype, 9)[::-2]
    for f in (element_then_field, field_then_element, views):
        check(f, (a, 1), (a, -5), (a, 5), (strided, 2), (frozen, 0), (a[:0], 0))
    check(whole_fields, a, strided, a[:1], frozen)
    check(gone_through, a, strided, a[:0], frozen)
    check(stored, (a, 1, 2.5), (a, -1, 3), (a, 9, 1.0), (strided, 0, np.nan), (frozen, 0, 1.0), (a, 0, True))


def test_nothing_bails_out():
    for dtype in (ALIGNED, PACKED):
        a = filled(dtype)
        for f, args in ((element_then_field, (a, 1)), (gone_through, (a,)), (stored, (a, 1, 2.5))):
            check(f, args, args, bails=False)


def test_record_arguments():
    def f(r, v):
        r["x"] = v
        r["n"] += 2
        r["v"][1] = r["x"]
        return r["x"] + r["i"]["p"], r["v"], r, r["m"].sum(), r[1], r[-1], r.shape, r.ndim

    for dtype in DTYPES:
        a = filled(dtype)
        jitted = jit(f)
        for k in (0, 3, 1):
            b = a.copy()
            wanted, got = f(b[k], k), jitted(a[k], k)
            assert bits(wanted) == bits(got)
            assert got[2] == a[k] and type(got[2]) is type(a[k])
            assert bits(a) == bits(b)
        assert not jitted.specializations[-1].bailouts
        frozen = filled(dtype)
        frozen.flags.writeable = False
        check(f, (copy.deepcopy(a[0]), 2))
        with pytest.raises(ValueError, match="read-only"):
            jitted(frozen[1], 1)
    own = np.zeros((), ALIGNED)[()]
    assert jit(f)(own, 4.5)[0] == 4.5 and own["x"] == 4.5


def test_the_very_record_is_returned():
    def f(r):
        return r

    def g(a, i):
        r = a[i]
        for r in a:
            if r["n"] > 0:
                break
        return r

    r = filled(ALIGNED)[1]
    assert jit(f)(r) is r
    a = filled(ALIGNED)
    got = jit(g)(a, 0)
    assert got == g(a, 0)
    got["x"] = 77
    assert a[3]["x"] == 77 and type(got) is np.void


def inner(r, k):
    r["x"] += k
    return r["n"]


def test_records_are_passed_on(monkeypatch):
    def f(a):
        s = 0
        for i in range(len(a)):
            s += inner(a[i], i)
        return s, np.sort(a["n"])[::-1], list(a[0].dtype.names)

    def with_first(a):
        r = a[0]
        return inner(r, 1) + inner(a[1], 2), r

    check(f, filled(ALIGNED), filled(PACKED))
    check(with_first, filled(ALIGNED))
    monkeypatch.setitem(globals(), "inner", jit(inner))
    check(f, filled(ALIGNED), filled(PACKED))
    check(with_first, filled(ALIGNED))


def test_attributes_of_records():
    def f(a, i):
        r = a[i]
        r.x = r.n * 2
        r.n += 1
        s = 0.0
        for q in a:
            s += q.x
        return s, a[i].x, r.i.p, r.v, r.i.q, r.m[0, 1], r.size, r["x"]

    def of_array(a, i):
        a[i].x = 5.5
        b = a[1:]
        return a.x[i], a.n.sum(), a["x"][i], b.i.p, a[i], a[i].v[2], a.i[i].p, b["v"], a.size, len(b)

    for dtype in DTYPES[2:]:
        check(f, (filled(dtype), 1), (filled(dtype)[::-1], -1))
        check(of_array, (filled(dtype).view(np.recarray), 2), (filled(dtype).view(np.recarray)[::2], 0))
    check(f, (filled(ALIGNED).view(np.recarray), 1))


def test_recarrays_stay_recarrays():
    def f(a):
        return a[1:], a["i"], a[0], a["v"], a

    a = filled(ALIGNED).view(np.recarray)
    for x, y in zip(jit(f)(a), f(a)):
        assert type(x) is type(y) and x.dtype == y.dtype and x.dtype.type is y.dtype.type


def test_tuples_are_stored():
    def f(a, i, x):
        a[i] = (x, 3, 2.5)
        a[0] = (1, x, True)
        return a[i]["y"]

    for align in (True, False):
        a = np.zeros(3, np.dtype([("x", "f8"), ("y", "i4"), ("z", "f4")], align=align))
        check(f, (a, 1, 2.5), (a, -1, 7), (a, 3, 1), (a, 1, np.nan), (a, 1, 2**40), bails=True)


def test_complex_fields():
    def f(a, i):
        a[i]["c"] += 2
        a["c"][0] = a[i]["c"] * 1j
        s = 0j
        for r in a:
            s += r["c"]
            r["d"] = s
        return s, a["c"], a["d"][i], a["c"].real

    for align in (True, False):
        for first in ([], [("b", "i1")]):
            a = np.zeros(4, np.dtype([*first, ("c", "c16"), ("x", "f8"), ("d", "c8")], align=align))
            a["c"] = np.arange(4) + 1j
            check(f, (a, 1), (a[::-1], -1))


def test_fields_left_to_numpy():
    def f(a, i):
        s = 0.0
        for k in range(10):
            s += k * 0.5
        a[i]["o"] = "new"
        a["s"][i] = b"ab"
        a[i]["h"] = 1.5
        a["e"][i] = a[i]["n"]
        a[i]["x"] += s
        return a[i]["s"], a[i]["o"], a["h"], a["e"][i], a[i]["t"], a[i]["x"], a[i]

    a = filled(MIXED)
    check(f, (a, 1), (a, -1), (a, 7))


def test_whole_records():
    def f(a, b, i):
        a[i] = b[0]
        a[1:3] = b[:2]
        t = a[i]
        u = a.copy()
        u[0]["x"] = 99
        return t, len(t), t == b[0], u, a[i, ...], t.item()[0]

    for dtype in (ALIGNED, PACKED):
        check(f, (filled(dtype), filled(dtype)[::-1], 4), (filled(dtype), filled(dtype), 9))

    def copied(a, b, i):
        a[i] = b[i]
        a[0]["i"] = b[2]["i"]
        a["i"][1] = a[0]["i"]
        t = b[1]
        for k in range(2, len(a)):
            a[k] = t
            t = a[k - 1]
        a[0], a[1] = a[1], a[0]
        return a

    for dtype in (ALIGNED, PACKED):
        check(copied, (filled(dtype), filled(dtype)[::-1], 4), (filled(dtype), filled(dtype), 9), bails=False)

    def mismatched(a, b):
        a[0]["x"] = 5
        a[0] = b[1]

    check(mismatched, (filled(ALIGNED), filled(PACKED)), (filled(ALIGNED), filled(DTYPES[2])))

    def unpacked(a):
        x, n = a[1]
        s = 0
        for value in a[2]:
            s += value
        return x, n, s

    check(unpacked, np.ones(3, [("x", "f8"), ("n", "i4")]))


def test_overlap():
    def f(a):
        a["x"][1:] = a["y"][:-1]
        a["y"] = a["x"][::-1] + a["y"]
        a["v"][:, 1:] = a["v"][:, :-1]
        for i in range(1, len(a)):
            a[i]["x"] = a[i - 1]["y"] + a[i]["x"]
            a["y"][i] = a["x"][i - 1]
        return a

    for align in (True, False):
        for first in ([], [("b", "i1")]):
            dtype = np.dtype([*first, ("x", "f8"), ("y", "f8"), ("v", "f4", (3,))], align=align)
            a = np.zeros(40, dtype)
            a["x"], a["y"], a["v"] = np.arange(40), -np.arange(40.0), np.arange(120).reshape(40, 3)
            check(f, a, a[::-1], a[:1], a[::3])


def test_types_that_look_the_same():
    def f(a):
        s = 0.0
        for r in a:
            s += r["x"]
        return s

    jitted = jit(f)
    a = filled(ALIGNED)
    for _ in range(3):
        b = pickle.loads(pickle.dumps(a))
        assert b.dtype is not a.dtype
        assert jitted(b) == f(b) == jitted(a)
    assert len(jitted.specializations) == 1 and jitted.specializations[0].calls >= 4
    single = a["x"].copy().view([("x", "f8")])
    for other in (filled(PACKED), a[["x", "n"]], filled(DTYPES[2]), single, a.view(np.recarray)):
        for _ in range(2):
            assert jitted(other) == f(other)
    assert not any(s.bailouts for s in jitted.specializations)


same = filled(ALIGNED)


def test_types_that_look_the_same_elsewhere(monkeypatch):
    def f(pair, i):
        return pair[0][i]["x"] + pair[1]["n"] + same[i]["x"]

    jitted = jit(f)
    a = filled(ALIGNED)
    for k in range(4):
        b, c = pickle.loads(pickle.dumps(a)), pickle.loads(pickle.dumps(a))
        monkeypatch.setitem(globals(), "same", b if k % 2 else a)
        assert jitted((b, c[1]), 1) == jitted((a, a[1]), 1) == f((a, a[1]), 1)
    assert sum(s.calls for s in jitted.specializations) >= 7


def test_after_python_has_run():
    def f(a, callback):
        s = a[0]["x"]
        callback()
        r = a[1]
        callback()
        return s + a[1]["x"] + r["x"]

    for a in (filled(ALIGNED), pickle.loads(pickle.dumps(filled(ALIGNED)))):
        check(f, (a, int))

    a = filled(ALIGNED)
    jitted = jit(f)

    def write():
        a[1]["x"] = 42

    assert jitted(a, write) == f(filled(ALIGNED), int) - 2 * 0.5 + 84


def test_made_here():
    def f(n):
        a = np.zeros(n, ALIGNED)
        b = np.empty((n, 2), dtype=PACKED)
        for i in range(n):
            a[i]["x"] = i
            b[i, 0]["n"] = b[i, 1]["n"] = i
        r = np.zeros(1, dtype=ALIGNED)[0]
        r["x"] = 5
        return a, b["n"], r, a["x"].sum()

    check(f, 3, 0, -1, bails=True)

    def others(a):
        return np.zeros((), ALIGNED), np.ones(2, ALIGNED), np.zeros_like(a["x"], dtype=ALIGNED), np.zeros_like(a)["x"]

    check(others, filled(ALIGNED))


record = filled(ALIGNED)[1]
table = filled(PACKED)


def test_of_globals(monkeypatch):
    def f(i, callback):
        x = record["x"] + table[i]["x"]
        callback()
        return x + record["x"] + table["n"][i]

    jitted = jit(f)
    for value in (record, filled(ALIGNED)[2], filled(PACKED)[2]):
        monkeypatch.setitem(globals(), "record", value)
        for i in (0, 3):
            assert jitted(i, int) == f(i, int)

    def rebind():
        monkeypatch.setitem(globals(), "record", filled(ALIGNED)[4])

    monkeypatch.setitem(globals(), "record", filled(ALIGNED)[0])
    wanted = f(1, rebind)
    monkeypatch.setitem(globals(), "record", filled(ALIGNED)[0])
    assert jitted(1, rebind) == wanted


def test_many_axes():
    def f(a):
        s = 0.0
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                s += a[i, j]["x"] * a["n"][i, j]
                a[i, j]["v"][2] = s
        row = a[1]
        return s, row["x"], a.T[0]["n"], row[0], a["v"][..., 1]

    a = filled(ALIGNED, 6)
    check(f, a.reshape(3, 2), np.asfortranarray(a.reshape(2, 3)), filled(PACKED, 12).reshape(4, 3)[::2, ::-1])


def test_nothing_leaks():
    def f(a, i):
        r = a[i]
        b = a.copy()
        q = b[0]
        for t in b:
            q = t
        inner = r["i"]
        return r, b[1:], q, inner, r["v"], a["x"], inner["p"]

    def g(a, i):
        r = a.copy()[i]
        return r[0], r["x"] / 2, r["nothing"]

    for dtype in (ALIGNED, PACKED, MIXED, DTYPES[2]):
        a = filled(dtype)
        if dtype is not MIXED:
            jitted = jit(f)
            assert bits(jitted(a, 1)) == bits(f(a, 1))
            assert_nothing_leaks(lambda: jitted(a, 1))
        bad = quietly(jit(g), ValueError, IndexError, KeyError)
        assert_nothing_leaks(lambda: (bad(a, 1), bad(a, 9)))


ODD = [
    ("a", "a[0].x", lambda a: a),
    ("a", "a.nothing", lambda a: filled(DTYPES[2]).view(np.recarray)),
    ("a", "a['nothing']", lambda a: a),
    ("a", "a[0]['nothing']", lambda a: a),
    ("a", "a[['x', 'n']][1]", lambda a: a),
    ("a", "a[a['n'] > 0]['x']", lambda a: a),
    ("a", "a == a, a.copy()[0]['x'], np.sort(a['x']), a.dtype.names", lambda a: a),
    ("r", "bool(r)", lambda a: a[0]),
    ("r", "len(r)", lambda a: a[0]),
    ("r", "r + 1", lambda a: a[0]),
    ("r", "-r", lambda a: a[0]),
    ("r", "float(r)", lambda a: a[0]),
    ("r", "isinstance(r, np.void)", lambda a: a[0]),
    ("r", "r[0] if r == r else 1", lambda a: a[0]),
    ("r", "r['x']['y']", lambda a: a[0]),
    ("r", "r[99]", lambda a: a[0]),
    ("r", "r[1:]", lambda a: a[0]),
    ("a, b", "b[a]", lambda a: (a, np.ones(3))),
    ("a", "a * 2", lambda a: a),
    ("a", "a.sum()", lambda a: a),
    ("a", "a[np.array([1, 2])]['x']", lambda a: a),
    ("a", "np.arange(5)[a['n']]", lambda a: filled(PACKED)),
    ("a", "a['x'][a['n'] > 0]", lambda a: filled(PACKED)),
    ("a, r", "r in a", lambda a: (a, a[0])),
]


@pytest.mark.parametrize("parameters, expression, given", ODD, ids=[row[1] for row in ODD])
def test_odd_uses(parameters, expression, given, tmp_path):
    function = made(tmp_path, parameters, expression)
    check(function, given(filled(ALIGNED)))


def test_odd_names():
    def store(a, b, r):
        b[0] = r
        return b

    a = filled(ALIGNED)
    check(store, (a, np.zeros(2), a[0]))

    def either(a, c):
        r = a[0]
        if c:
            r = a["x"]
        return r

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        jitted = jit(either)
        for c in (False, True, False):
            assert bits(jitted(a, c)) == bits(either(a, c))
