"""Arrays seen with other axes: transpose, reshape, flip, broadcast_to and their kin."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

from jitney import jit
from tests.language.test_views import BASE, LAYOUTS
from tests.support import arr, check

CUBE = np.arange(24.0).reshape(2, 3, 4)
CUBES = [CUBE, np.asfortranarray(CUBE), CUBE[:, ::-1, ::2], CUBE[:, :0], CUBE.transpose(2, 0, 1)]
AXES = [
    "a.T", "a.transpose()", "a.transpose(2, 0, 1)", "a.transpose((1, -1, 0))", "a.transpose(None)", "a.swapaxes(0, -1)",
    "np.transpose(a, (1, 0, 2))", "np.swapaxes(a, 1, 2)", "np.moveaxis(a, 0, -1)", "np.rollaxis(a, 2)",
    "np.expand_dims(a, 1)", "np.expand_dims(a, axis=(0, -1))", "np.flip(a)", "np.flip(a, 1)", "np.flip(a, axis=(0, 2))",
    "np.fliplr(a)", "np.flipud(a)", "np.rot90(a)", "np.rot90(a, 2, axes=(1, 2))", "np.atleast_1d(a)",
    "np.atleast_3d(a[0])", "np.atleast_2d(a[0, 0])", "np.squeeze(a[:, None, :1], 1)", "np.squeeze(a[None], 0)[0]",
    "a.transpose(0, 0, 1)", "a.transpose(0, 1)", "a.swapaxes(0, 5)", "np.expand_dims(a, 9)", "np.squeeze(a, axis=1)",
]  # fmt: skip


def compiled(text):
    namespace = {"np": np}
    source = f"def f(a):\n    v = {text}\n    return v\n"
    name = f"<{text}>"
    exec(compile(source, name, "exec"), namespace)
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    return namespace["f"]


@pytest.mark.parametrize("text", AXES)
def test_axes(text):
    check(compiled(text), *CUBES)


RESHAPES = [
    "a.reshape(4, 6)", "a.reshape((2, -1))", "a.reshape(-1)", "a.reshape(3, -1, 2, 1)", "np.reshape(a, (12, 2))",
    "a.reshape(5)", "a.reshape(-1, -1)", "a.reshape(7, -1)", "np.reshape(a, -1)", "a.reshape(0, -1)", "a.ravel()",
    "np.ravel(a)", "a.reshape(())", "a.reshape((4, 6), order='C')", "a[0].reshape(a.shape[2], a.shape[1])",
]  # fmt: skip


@pytest.mark.parametrize("text", RESHAPES)
def test_reshape(text):
    check(compiled(text), CUBE, CUBE[:0], CUBE[1:], np.ones((1, 1, 1)))


def test_reshape_by_values():
    def f(a, n, m):
        v = a.reshape(n, m)
        v[-1, 0] = 9
        return v.shape, v[0, 1]

    check(f, *[(arr(range(12)), n, m) for n, m in ((3, 4), (-1, 2), (6, -7), (5, 2), (-1, -1), (0, 5), (0, -1))])
    check(f, (arr(range(24))[::2], 3, -1), (arr(range(12))[::-1], 2, 6), bails=False)
    check(f, (arr([]), 0, 4), (arr([]), -1, 0))


def test_the_same_memory():
    def f(a):
        a.T[0, 1] = 1
        a.reshape(-1)[-1] = 2
        a.ravel()[0] += 5
        np.flip(a)[0, 0] = 3
        a.swapaxes(0, 1)[1, 0] = 4
        np.atleast_2d(a)[1, 1] = 7
        return a.T[2, 1]

    check(f, np.zeros((3, 4)), bails=False)


def test_the_same_object():
    def f(a):
        return np.atleast_1d(a) is a, np.atleast_2d(a) is a

    check(f, BASE, bails=False)


def test_broadcast_to():
    def f(a, n, m):
        v = np.broadcast_to(a, (n, m))
        return v

    def g(a, n):
        v = np.broadcast_to(a, (n, 2))
        v[0, 0] = 1

    check(f, *[(a, n, m) for a in (arr([1, 2, 3]), arr([5])) for n, m in ((2, 3), (0, 3), (4, 1), (2, 5), (-1, 3))])
    check(f, (arr([[1], [2]]), 2, 3), (arr([[1], [2]]), 3, 3), (CUBE, 2, 3))
    check(g, (arr([1, 2]), 2))


def test_diagonal():
    def f(a, k):
        return a.diagonal(k), np.diag(a), np.diagonal(a, offset=k)

    check(f, *[(a, k) for a in LAYOUTS for k in (0, 1, -1, 3, -3, 7, -7)], bails=False)

    def g(a):
        a.diagonal()[0] = 1

    check(g, BASE)


def test_through_names_and_loops():
    def f(a):
        s = 0.0
        b = a.reshape(-1, 2)
        for row in b.T:
            for x in row[::-1]:
                s = s * 0.5 + x
        for x in np.flip(b, 1).flat:
            s = s * 0.5 + x
        return s, b.T[1], np.moveaxis(b, 0, 1)

    check(f, np.arange(12.0).reshape(3, 4), np.zeros((0, 2)), bails=False)


def test_what_is_not_known():
    def f(a, k):
        return a.swapaxes(0, k)

    assert jit(strict=True)(f)(BASE, 1).shape == (5, 4)


def test_column_major_arrays_reshaped_after_a_store():
    def f(a, n, m):
        a[0, 0] = a[0, 0]
        return a.reshape(n, m), a.reshape(m, n), a.reshape(n, -1), a.T.reshape(m, n), a.reshape(2, -1)

    a = np.arange(24.0)
    for n, m in ((4, 6), (1, 24), (24, 1), (2, 12)):
        b = a.reshape(n, m)
        check(f, *[(v, n, m) for v in (b, np.asfortranarray(b), b[::-1], np.repeat(b, 2, 1)[:, ::2])], bails=False)
