"""`np.array` and its kin; going through `enumerate` and `zip` of objects; arrays as conditions."""

import numpy as np
import pytest

from jitney import jit
from tests.objects.support import assert_nothing_leaks, quietly
from tests.support import check, outcome

A = np.arange(6.0).reshape(2, 3)
U, F, Q = np.uint8(250), np.float32(2.25), np.uint64(1 << 63)


def displays(x, i, b):
    return (
        np.array([x, i, b]),
        np.array([[x, 0.0], [i, x]]),
        np.array(((i, 1), (b, 3))),
        np.asarray([i, i + 1], dtype=np.float32),
        np.array([b, i > 2, True]),
        np.array([x, i], np.int16),
        np.ascontiguousarray([x]),
        np.array([[x], [i]], float),
    )


def of_complex(z, x, i):
    return np.array([z, x, i]), np.array([[z], [x * 1j]]), np.array([x, z], dtype=np.complex64)


def of_scalars(u, f, q):
    return np.array([u, f]), np.array([u, 3]), np.array([q, 1]), np.array([f, 2.5]), np.array([u, u], dtype=np.int8)


def of_others(a, x):
    rows = np.array([a[0], a[1]]), np.array([(x, 1), a[0, :2]])
    return np.array([]), rows, np.array(x), np.array([[1, 2]] * 2), np.array([1j])


def of_arrays(a):
    b, c, d, e = np.array(a), np.asarray(a), np.array(a, dtype=np.int32), np.asarray(a, np.float32)
    b[0] = 7
    return b, c, d, e, np.ascontiguousarray(a), np.asanyarray(a, float), np.array(a[:, ::-1]), np.array(a.T)


def test_displays_and_tuples():
    check(displays, (1.5, 3, True), (-0.0, -(1 << 62), False), (float("nan"), 2, True), (1e300, 40000, True))
    check(of_scalars, (U, F, Q), (np.uint8(3), np.float32(-0.0), np.uint64(7)))
    check(of_others, (A, 2.5))
    check(of_complex, (1.5 - 2j, -0.0, 3), (complex(0.0, float("inf")), 1e300, -1))
    check(of_arrays, A, A[:, 1:], A.T, np.arange(8.0).reshape(2, 2, 2))


def narrow(i, x, k):
    if k == 0:
        return np.array([300, 1], dtype=np.uint8)
    if k == 1:
        return np.array([i, 1], dtype=np.uint8)
    if k == 2:
        return np.array([x], dtype=np.uint8)
    if k == 3:
        return np.array([i, [1]], dtype=np.uint8)
    if k == 4:
        return np.array([[1, 2], [3]])
    return np.array([[], []], dtype=np.uint8)


def test_what_does_not_fit():
    check(narrow, *[(i, x, k) for i, x in [(256, 2.5), (-1, float("nan")), (255, -1.0), (0, 256.0)] for k in range(6)])


def test_an_array_that_is_one_already_is_itself():
    @jit
    def same(a):
        return np.asarray(a), np.ascontiguousarray(a), np.asarray(a, dtype=np.float64)

    assert all(b is A for b in same(A))


def numbered(items, start):
    out = []
    for i, item in enumerate(items, start):
        if item is None:
            continue
        out.append((i, item))
        if i > 4:
            break
    else:
        out.append("else")
    return out


def weighted(items, w):
    total = 0.0
    for item, x, k in zip(items, w, range(5, 9)):
        total += item.sum() * x * k
    return total


def nested(items, w):
    out = []
    for i, (item, x) in enumerate(zip(items, w)):
        for j, y in enumerate(item):
            out.append((i, j, float(y), float(x)))
    return out, {i: len(item) for i, item in enumerate(items)}, [k + x for k, (x, _) in enumerate(zip(w, items)) if k]


class Once:
    def __iter__(self):
        yield np.ones(2)
        raise RuntimeError("no more")


def test_enumerate_and_zip_of_objects():
    arrays, w = [np.arange(3.0), np.ones(4), np.zeros(2)], np.array([0.5, 2.0, 3.0])
    check(numbered, ([3, None, "x"], 0), ([], 7), (("a", 1.5, None, 2, 3, 4), 2), ({"k": 1}, -(1 << 62)))
    for function in (weighted, nested):
        jitted = jit(strict=True)(function)
        for args in ((arrays, w), (arrays, w[:2]), ([], w), (tuple(arrays), w), ([arrays[0], 3], w), ([None], w)):
            assert outcome(jitted, args) == outcome(function, args)
    assert_nothing_leaks(lambda jitted=jit(nested): jitted(arrays, w))
    for function in (weighted, nested):
        with pytest.raises(RuntimeError, match="no more"):
            jit(function)(Once(), w)
        assert_nothing_leaks(lambda call=quietly(jit(function), RuntimeError): call(Once(), w), 50)


def decided(a):
    if a > 0:
        return 1
    return 2 if not a else 3


def test_arrays_as_conditions():
    check(decided, np.array([1.0]), np.array([[0.0]]), np.array([-1.0]), np.array([1.0, 2.0]), np.zeros((2, 0)))
