"""Indices counted through short nests into small arrays, to the last element and one beyond, plain against jitted."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import check

INSERT = """
def f(a, out, size):
    n = len(a)
    for i in range(1, n - 1):
        buf = np.zeros({size})
        c = {first}
        for k in range({rows}):
            for l in range({columns}):
                v = a[i] * k - l
                p = c
                while p > 0 and buf[p - 1] > v:
                    buf[p] = buf[p - 1]
                    p -= 1
                buf[p] = v
                c += {step}
        out[i] = buf[{size} // 2] + c
    return c
"""


@pytest.mark.parametrize("rows, columns, step, first", [(3, 3, 1, 0), (1, 4, 1, 0), (3, 2, 2, 1), ("n % 4", 3, 1, 0),
                                                        (3, "1 + n % 2", 1, 2), (4, 0, 1, 0)])  # fmt: skip
@pytest.mark.parametrize("more", [0, 1, -1])
def test_insertion(rows, columns, step, first, more, tmp_path):
    count = 3 * (4 if columns == 4 else 3) if isinstance(rows, str) or isinstance(columns, str) else rows * columns
    source = INSERT.format(size=max(1, first + (count - 1) * step + 1 + more), rows=rows, columns=columns, step=step,
                           first=first)  # fmt: skip
    path = tmp_path / "kernel.py"
    path.write_text(source)
    names = {"np": np}
    exec(compile(source, str(path), "exec"), names)
    rng = np.random.default_rng(3)
    check(names["f"], *[(rng.random(n), np.zeros(n), 3) for n in (3, 5, 7, 8)])


def counted(a, b):
    c = 0
    for i in range(3):
        for j in range(4):
            for k in range(2):
                if a[c] > 0:
                    b[c] += 1
                c += 1
        c += 1
    return c


def downwards(a, b):
    c = 26
    for i in range(3):
        for j in range(4):
            for k in range(2):
                b[c] = a[c - 2 * k]
                c -= 1
        c -= 1
    return c


def test_counted():
    rng = np.random.default_rng(4)
    arrays = [(rng.normal(size=n), np.zeros(n)) for n in (26, 27, 28, 25, 40)]
    check(counted, *arrays)
    check(downwards, *arrays)
