"""Calls of NumPy's functions in less usual forms: what NumPy refuses is refused in its own words, and what it takes has
its values, types and order of axes, whether CPython could take over or not."""

from __future__ import annotations

import linecache
import math
from typing import Any

import numpy as np
import pytest

from tests.support import bits, check, copied, jit, outcome

LINE = np.array([1.5, -2.0, 0.25, 7.0])
GRID = np.arange(12.0).reshape(3, 4)
TURNED = (np.arange(24.0) / 7).reshape(2, 3, 4).transpose(1, 2, 0)
WHOLE = np.array([3, -1, 4], np.int8)
FIXED = np.broadcast_to(np.array(2.0), (3, 4))
FORMS: tuple[tuple[str, Any], ...] = (
    ("np.sum(a, where=None)", LINE),
    ("np.sum(a, initial=None)", LINE[:0]),
    ("np.argmax(a, 0, None, True)", LINE),
    ("np.count_nonzero(a, 0, True)", LINE),
    ("np.count_nonzero(a, axis=0) / 0", LINE),
    ("a.min(0)", np.array(2.5)),
    ("np.diff(a, axis=None)", LINE),
    ("np.diff(a, 1.0)", LINE),
    ("np.clip(a, 0)", LINE),
    ("np.clip(a, a_min=0, max=1)", LINE),
    ("np.clip(a, max=1)", LINE),
    ("a.clip(0)", LINE),
    ("np.where(a > 0, 1000, a)", WHOLE),
    ("np.where(a > 0, np.int8(1), 2)", np.array(3)),
    ("np.diagonal(a, 2**31)", GRID),
    ("np.diagonal(a, np.int64(1))", GRID),
    ("np.diagonal(a, k=1)", GRID),
    ("np.diag(a, offset=1)", GRID),
    ("a.reshape(-1)", FIXED),
    ("a.reshape(4.0)", LINE),
    ("a.reshape(np.True_)", LINE),
    ("np.reshape(a, newshape=4)", LINE),
    ("np.zeros(np.float64(2.0)) + a", LINE),
    ("np.squeeze(a, axis=True)", GRID),
    ("np.squeeze(a, (None,))", GRID),
    ("np.round(a, 1)", TURNED),
    ("np.round(a + 1, 1)", TURNED),
    ("np.take(a, np.array([0, 2]), axis=-1)", GRID),
    ("a.take(np.array([0, 2]), 0)", TURNED),
    ("np.take(a, np.array([0]))", LINE[:0]),
    ("np.arange(start=a.shape[0])", LINE),
    ("np.linspace(np.float32(0.1), 1.0, 3)", LINE),
    ("np.histogram(a, 3, (np.float32(0.1), np.float32(0.7)))", LINE),
    ("np.digitize(a, a)", np.array([2**53 + 1, 2**53])),
    ("np.concatenate((a, a), 0.0)", LINE),
    ("np.stack((a, a), True)", LINE),
    ("np.roll(a, 1, 0.0)", LINE),
    ("[x for x in reversed(a)]", np.array(2.5)),
    ("math.perm(a.shape[0], None)", LINE),
    ("np.bool_(a)", LINE),
    ("np.bool_((1, 2)) / 2 + a[0]", LINE),
    ("np.float32((1, 2)) + a[0]", LINE),
)


def compiled(text: str, name: str) -> Any:
    namespace: dict[str, Any] = {"np": np, "math": math}
    exec(compile(text, name, "exec"), namespace)
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    return namespace["f"]


def strides(value: Any) -> Any:
    """Of arrays with elements, by axes longer than 1."""
    if not isinstance(value, np.ndarray) or not value.size:
        return None
    return [s for s, n in zip(value.strides, value.shape) if n > 1]


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(("form", "a"), FORMS, ids=[form for form, _ in FORMS])
def test_form(form: str, a: Any, stored: bool) -> None:
    before = "    w[0] = 1.0\n" if stored else ""
    plain = compiled(f"def f(a, w):\n{before}    return {form}\n", f"<{form} {stored}>")
    jitted = jit(plain)
    wanted, got = [outcome(f, copied((a, np.zeros(2)))) for f in (plain, jitted)]
    assert got == wanted
    if wanted[0] == "returns":
        (first,), (second,) = copied((a,)), copied((a,))
        results = plain(first, np.zeros(2)), jitted(second, np.zeros(2))
        assert strides(results[0]) == strides(results[1])
        assert bits(first) == bits(second)


def test_greatest_of_a_list_in_a_tuple() -> None:
    def f(n: Any) -> Any:
        made = [i * 3 % 5 for i in range(n)]
        return max((made,)), min(made)

    check(f, 4)
