"""What NumPy's functions return where that is not as in the sample: another order of axes, complex numbers."""

import numpy as np
import pytest

from tests.support import check


def sorted_along(a):
    a[:1, 0] = 5
    return np.sort(a, axis=0), np.median(a, axis=1), np.repeat(a, 2, axis=0)


def of_expression(a, b):
    a[:1, 0] = 5
    c = np.sort(a + b, axis=0)
    s = 0.0
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            s += c[i, j]
    return s, c


BASE = np.random.default_rng(1).random((6, 8))
ORDERS = [BASE, np.asfortranarray(BASE), BASE[::2, ::2], BASE.T, BASE.T[::2], BASE[:, ::-1], BASE[:0], BASE[:, :1]]


@pytest.mark.parametrize("a", ORDERS, ids=lambda a: f"{a.shape} {a.strides}")
def test_orders(a):
    jitted = check(sorted_along, a, bails=False)
    copy = a.copy("K")
    for x, y in zip(jitted(a), sorted_along(copy)):
        assert x.strides == y.strides
    check(of_expression, (a, a), (a, np.asfortranarray(a)), bails=False)


def eigenvalues(a):
    a[0, 0] = a[0, 0] + 1
    w = np.linalg.eigvals(a)
    return w, w[0] * 2, np.roots(a[0])


def test_complex_or_not():
    check(eigenvalues, np.eye(2), np.array([[-1.0, -1.0], [1.0, 0.0]]), np.array([[1.0, 2.0], [2.0, 1.0]]))


def unaligned(a):
    x = a["x"]
    x[0, 0] = 1
    return x.sum(axis=1), x.copy(), np.sort(x, axis=0), x * 2, x.T


def from_bytes(a):
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    s = 0
    for i in range(len(a)):
        s += int(digits[a[i] & 15])
    return s, digits


def of_other_bytes(a):
    a[0] = 3
    odd = np.frombuffer(b"0123456789", dtype=np.uint16, offset=1, count=4)
    other = np.frombuffer(b"01234567", dtype=">u2")
    return int(odd[1]) + int(other[1]), odd, other


def stored_into_bytes(a):
    digits = np.frombuffer(b"0123", dtype=np.uint8)
    a[0] = 2
    digits[0] = 1


def test_of_bytes():
    check(from_bytes, np.arange(40, dtype=np.uint8), bails=False)
    check(of_other_bytes, np.arange(4, dtype=np.uint8))
    check(stored_into_bytes, np.arange(4, dtype=np.uint8))


def test_unaligned():
    a = np.zeros((3, 4), [("b", "i1"), ("x", "f8")])
    a["x"] = BASE[:3, :4]
    check(unaligned, a, np.asfortranarray(a), a[::-1, ::2], a.T, bails=False)
