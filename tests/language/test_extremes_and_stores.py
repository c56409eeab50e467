"""Extremes of floats, which may have to be found again in order, beside stores, which are then done again: plain
against jitted, for arrays that are the same, overlap, hold NaN or nothing but zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support import check


def relaxed(u: Any, new: Any) -> float:
    worst = 0.0
    for j in range(1, min(len(u), len(new)) - 1):
        new[j] = 0.5 * (u[j - 1] + u[j + 1])
        e = abs(new[j] - u[j])
        if e > worst:
            worst = e
    return worst


def swept(u: Any, new: Any, limit: float) -> Any:
    n, m = u.shape
    for times in range(4):
        worst = 0.0
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                new[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
                worst = max(worst, abs(new[i, j] - u[i, j]))
        u, new = new, u
        if worst < limit:
            break
    return times, worst


def in_place(u: Any, new: Any) -> float:
    best = u[0]
    for j in range(len(u)):
        u[j] = u[j] * 2 + 1
        best = min(best, u[j])
    return best


def scaled_and_least(u: Any, new: Any) -> Any:
    least = np.inf
    for j in range(min(len(u), len(new))):
        new[j] = u[j] * 0.5
        if u[j] <= least:
            least = u[j]
    return least


def total_and_copy(u: Any, new: Any) -> int:
    total = 0
    for j in range(min(len(u), len(new))):
        new[j] = u[j] + 3
        total += int(u[j])
    return total


_SPECIAL = [0.0, -0.0, np.nan, 5e-324]  # no infinities: their differences are NaN of another sign


def _arrays(n: int) -> list[Any]:
    rng = np.random.RandomState(n)
    plain, zeros = rng.rand(n) - 0.5, np.where(rng.rand(n) > 0.5, 0.0, -0.0)
    special = plain.copy()
    special[rng.randint(0, max(n, 1), n // 9)] = rng.choice(_SPECIAL, n // 9)
    ends = np.full(n, 1.5)
    return [plain, zeros, special, ends]


@pytest.mark.parametrize("function", [relaxed, in_place, scaled_and_least, total_and_copy])
@pytest.mark.parametrize("n", [0, 1, 5, 40, 130])
def test_lines(function: Any, n: int) -> None:
    calls = []
    for u in _arrays(n):
        if function is total_and_copy:
            u = np.nan_to_num(u, nan=3, posinf=9, neginf=-9) * 20
        calls.append((u.copy(), np.zeros(n)))
        same = u.copy()
        calls.append((same, same))
        for shift in (1, 3, 8):
            both = np.resize(u, n + shift) if n else np.zeros(shift)
            calls.append((both[:n], both[shift:]))
            both = both.copy()
            calls.append((both[shift:], both[:n]))
        calls.append((u[::-1].copy()[::-1], np.zeros(2 * n)[::2]))
    check(function, *calls)


@pytest.mark.parametrize("n", [3, 20, 45])
def test_sweeps(n: int) -> None:
    rng = np.random.RandomState(n)
    u = rng.rand(n, n)
    holed = u.copy()
    holed[n // 2, n // 2] = np.nan
    same = u.copy()
    big = rng.rand(n + 2, n)
    calls = [(u, np.zeros((n, n)), 0.1), (np.zeros((n, n)), np.zeros((n, n)), 0.1), (holed, u.copy(), 0.0)]
    calls += [(same, same, 0.1), (big[1:-1], big[2:], 0.1), (big[2:], big[1:-1], 0.0)]
    check(swept, *calls)
