"""Functions of NumPy's written in Python, for arrays of float64 and int64 with one axis: compiled with their callers.

Each does what NumPy's own code does, in the same order where that can be seen in the result: also for arrays that are
not sorted where they should be, NaN and no elements. `written.py` says for which arguments they stand. Each can be run
by CPython as it is.

Sources: NumPy's `npysort/binsearch.cpp` (searching), `multiarray/compiled_base.c` (interp, digitize),
`lib/_histograms_impl.py`, `_core/numeric.py`, `_core/function_base.py`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

np: Any = sys.modules["numpy"]


# -- searching ---------------------------------------------------------------------------------------------------------


def comes_before(x: Any, key: Any, right: Any) -> Any:
    """Whether a key belongs behind an element. NaN comes after all numbers."""
    if right:
        return not (key < x or (x != x and key == key))
    return x < key or (key != key and x == x)


def bisect(a: Any, key: Any, right: Any) -> Any:
    """``np.searchsorted(a, key)`` of one key, up to NumPy 2.4."""
    return place(a, key, right, 0, a.shape[0])


def place(a: Any, key: Any, right: Any, low: Any, high: Any) -> Any:
    """Where among ``a[low:high]`` a key belongs. One comparison a step, which is a choice and no branch: what is found
    cannot be guessed."""
    if key != key:
        while low < high:
            middle = low + ((high - low) >> 1)
            if comes_before(a[middle], key, right):
                low = middle + 1
            else:
                high = middle
    elif right:
        while low < high:
            middle = low + ((high - low) >> 1)
            if a[middle] <= key:
                low = middle + 1
            else:
                high = middle
    else:
        while low < high:
            middle = low + ((high - low) >> 1)
            if a[middle] < key:
                low = middle + 1
            else:
                high = middle
    return low


def bisect_all(a: Any, keys: Any, right: Any) -> Any:
    """``np.searchsorted(a, keys)``, up to NumPy 2.4. Where a key comes after its predecessor, the search goes on from
    there."""
    size = a.shape[0]
    out = np.empty(keys.shape[0], np.int64)
    low, high = 0, size
    for k in range(keys.shape[0]):
        key = keys[k]
        if comes_before(keys[max(k - 1, 0)], key, right):
            high = size
        else:
            low = 0
            high = high + 1 if high < size else size
        low = high = place(a, key, right, low, high)
        out[k] = low
    return out


def halve(a: Any, key: Any, right: Any) -> Any:
    """``np.searchsorted(a, key)`` of one key since NumPy 2.5: the place is from `base` to `length` further on."""
    base, length = 0, a.shape[0]
    if length == 0:
        return 0
    while length > 1:
        half = length >> 1
        length -= half
        if comes_before(a[base + half], key, right):
            base += half
    return base + 1 if comes_before(a[base], key, right) else base


def halve_all(a: Any, keys: Any, right: Any) -> Any:
    """``np.searchsorted(a, keys)`` since NumPy 2.5."""
    out = np.empty(keys.shape[0], np.int64)
    for k in range(keys.shape[0]):
        out[k] = halve(a, keys[k], right)
    return out


def _way() -> tuple[bool, bool]:
    """Whether this NumPy searches by `halve`, and whether it does by either: seen on numbers that are not sorted."""
    a = np.array([5.0, 1.0, 7.0, 2.0, 9.0, 0.0, 8.0, 3.0, 6.0, 4.0, -1.0])
    keys = np.array([3.5, 7.5, 0.5, 6.5, 8.5, 2.5, 9.5, 5.5])
    ways = [all((np.searchsorted(a, keys, "right" if right else "left") == way(a, keys, right)).all()
            for right in (False, True)) for way in (bisect_all, halve_all)]  # fmt: skip
    return ways[1], any(ways)


HALVING, KNOWN_WAY = _way()


def search(a: Any, key: Any, right: Any) -> Any:
    """``np.searchsorted(a, key)`` of one key."""
    return halve(a, key, right) if HALVING else bisect(a, key, right)


def search_all(a: Any, keys: Any, right: Any) -> Any:
    """``np.searchsorted(a, keys)``."""
    return halve_all(a, keys, right) if HALVING else bisect_all(a, keys, right)


def direction(bins: Any) -> Any:
    """1 for bins that nowhere fall, -1 for those that nowhere rise and somewhere fall, all taken as floats. Raises
    ValueError for others."""
    size, i = bins.shape[0], 1
    while i < size and float(bins[i]) == float(bins[0]):
        i += 1
    if i >= size:
        return 1
    rising = float(bins[i - 1]) < float(bins[i])
    for k in range(i + 1, size):
        x, y = float(bins[k - 1]), float(bins[k])
        if (x > y) if rising else (x < y):
            raise ValueError("bins must be monotonically increasing or decreasing")
    return 1 if rising else -1


def digitize(x: Any, bins: Any, right: Any) -> Any:
    """``np.digitize(x, bins, right)`` of one number."""
    if direction(bins) > 0:
        return search(bins, x, not right)
    return bins.shape[0] - search(bins[::-1], x, not right)


def digitize_all(x: Any, bins: Any, right: Any) -> Any:
    """``np.digitize(x, bins, right)``."""
    if direction(bins) > 0:
        return search_all(bins, x, not right)
    return bins.shape[0] - search_all(bins[::-1], x, not right)


def interval(x: Any, xp: Any, guess: Any) -> Any:
    """The j with ``xp[j] <= x < xp[j + 1]``: -1 before the first point, their number beyond the last one."""
    size = xp.shape[0]
    if x > xp[size - 1]:
        return size
    if x < xp[0]:
        return -1
    if size <= 4:
        i = 1
        while i < size and x >= xp[i]:
            i += 1
        return i - 1
    near = max(min(guess, size - 3), 1)
    low, high = 0, size
    if x < xp[near]:
        if not x < xp[near - 1]:
            return near - 1
        high = near - 1
        if near > 8 and x >= xp[near - 8]:
            low = near - 8
    else:
        if x < xp[near + 1]:
            return near
        if x < xp[near + 2]:
            return near + 1
        low = near + 2
        if near < size - 9 and x < xp[near + 8]:
            high = near + 8
    while low < high:
        middle = low + ((high - low) >> 1)
        if x >= xp[middle]:
            low = middle + 1
        else:
            high = middle
    return low - 1


def between(x: Any, xp: Any, fp: Any, j: Any) -> Any:
    """The value at `x` in an interval that `interval` found, of two or more points."""
    size = xp.shape[0]
    if j == -1:
        return fp[0]
    if j >= size - 1:
        return fp[size - 1]
    if xp[j] == x:
        return fp[j]
    slope = (fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j])
    value = slope * (x - xp[j]) + fp[j]
    if value != value:
        # From the other end.
        value = slope * (x - xp[j + 1]) + fp[j + 1]
        if value != value and fp[j] == fp[j + 1]:
            value = fp[j]
    return value


def interp(x: Any, xp: Any, fp: Any) -> Any:
    """``np.interp(x, xp, fp)`` of one number; there are as many values as points, and some."""
    if xp.shape[0] == 1:
        return fp[0]
    if x != x:
        return x
    return between(x, xp, fp, interval(x, xp, 0))


def interp_all(x: Any, xp: Any, fp: Any) -> Any:
    """``np.interp(x, xp, fp)``: each search begins where the last one ended."""
    out = np.empty(x.shape[0], np.float64)
    j = 0
    for k in range(x.shape[0]):
        if xp.shape[0] == 1:
            out[k] = fp[0]
        elif x[k] != x[k]:
            out[k] = x[k]
        else:
            j = interval(x[k], xp, j)
            out[k] = between(x[k], xp, fp, j)
    return out


# -- making arrays -----------------------------------------------------------------------------------------------------


def count_up(start: Any, stop: Any, step: Any) -> Any:
    """``np.arange(start, stop, step)`` of ints."""
    span = stop - start
    size = max(-(-span // step), 0)
    out = np.empty(size, np.int64)
    for i in range(size):
        out[i] = start + i * step
    return out


def linspace(start: Any, stop: Any, num: Any, endpoint: Any) -> Any:
    """``np.linspace(start, stop, num, endpoint)`` of finite numbers of which there is at least one."""
    parts = num - 1 if endpoint else num
    delta = stop - start
    out = np.empty(num, np.float64)
    if parts > 0:
        step = delta / parts
        if step == 0.0:
            for i in range(num):
                out[i] = i / parts * delta + start
        else:
            for i in range(num):
                out[i] = i * step + start
    else:
        out[0] = 0.0 * delta + start
    if endpoint and num > 1:
        out[num - 1] = stop
    return out


def eye(size: Any) -> Any:
    """``np.eye(size)``."""
    out = np.zeros((size, size))
    for i in range(size):
        out[i, i] = 1.0
    return out


def joined(*parts: Any) -> Any:
    """``np.concatenate(parts)`` of one type of elements."""
    size = 0
    for part in parts:
        size += part.shape[0]
    out = np.empty(size, parts[0].dtype)
    at = 0
    for part in parts:
        out[at : at + part.shape[0]] = part
        at += part.shape[0]
    return out


def piled(*rows: Any) -> Any:
    """``np.vstack(rows)`` of rows of one length and type."""
    out = np.empty((len(rows), rows[0].shape[0]), rows[0].dtype)
    k = 0
    for row in rows:
        out[k] = row
        k += 1
    return out


def beside(*columns: Any) -> Any:
    """``np.column_stack(columns)`` of columns of one length and type."""
    out = np.empty((columns[0].shape[0], len(columns)), columns[0].dtype)
    k = 0
    for column in columns:
        out[:, k] = column
        k += 1
    return out


def repeated(a: Any, count: Any) -> Any:
    """``np.repeat(a, count)``."""
    out = np.empty(a.shape[0] * count, a.dtype)
    for i in range(a.shape[0]):
        for k in range(count):
            out[i * count + k] = a[i]
    return out


def extended(a: Any, x: Any) -> Any:
    """``np.append(a, x)`` of a number."""
    out = np.empty(a.shape[0] + 1, a.dtype)
    out[:-1] = a
    out[-1] = x
    return out


def roll(a: Any, shift: Any) -> Any:
    """``np.roll(a, shift)``."""
    out = np.empty(a.shape[0], a.dtype)
    if a.shape[0] > 0:
        k = shift % a.shape[0]
        out[k:] = a[: a.shape[0] - k]
        out[:k] = a[a.shape[0] - k :]
    return out


# -- numbers of arrays -------------------------------------------------------------------------------------------------


def norm(a: Any) -> Any:
    """``np.linalg.norm(a)`` of one axis: of the elements in a row, for which BLAS has another order than for others."""
    row = np.ascontiguousarray(a)
    return np.sqrt(np.dot(row, row))


def trace(a: Any) -> Any:
    """``np.trace(a)``."""
    return a.diagonal().sum()


def nansum(a: Any) -> Any:
    """``np.nansum(a)``."""
    return np.where(a != a, 0.0, a).sum()


def nanmean(a: Any) -> Any:
    """``np.nanmean(a)``."""
    return np.where(a != a, 0.0, a).sum() / np.count_nonzero(a == a)


def cross(a: Any, b: Any) -> Any:
    """``np.cross(a, b)`` of vectors with three elements."""
    out = np.empty(3, a.dtype)
    out[0] = a[1] * b[2] - a[2] * b[1]
    out[1] = a[2] * b[0] - a[0] * b[2]
    out[2] = a[0] * b[1] - a[1] * b[0]
    return out


def isclose(x: Any, y: Any, rtol: Any, atol: Any) -> Any:
    """``np.isclose(x, y, rtol, atol)`` of numbers."""
    return (abs(x - y) <= atol + rtol * abs(y) and y - y == 0.0) or x == y


def allclose(a: Any, b: Any, rtol: Any, atol: Any) -> Any:
    """``np.allclose(a, b, rtol, atol)`` of as many numbers."""
    for i in range(a.shape[0]):
        if not isclose(a[i], b[i], rtol, atol):
            return False
    return True


def array_equal(a: Any, b: Any) -> Any:
    """``np.array_equal(a, b)``."""
    if a.shape[0] != b.shape[0]:
        return False
    for i in range(a.shape[0]):
        if a[i] != b[i]:
            return False
    return True


def median(a: Any) -> Any:
    """``np.median(a)`` of some numbers; 0 or NaN where that is not as simple: of two zeros either may come first."""
    size = a.shape[0]
    line = np.empty(size, np.float64)
    for i in range(size):
        x = a[i]
        if x != x:
            return x
        k = i
        while k > 0 and line[k - 1] > x:
            line[k] = line[k - 1]
            k -= 1
        line[k] = x
    if size & 1:
        return line[size >> 1]
    return (line[(size >> 1) - 1] + line[size >> 1]) / 2.0


def outer_edges(a: Any) -> Any:
    """Where the bins of `a` begin and end if nobody says; NaN or infinite if one of the elements is."""
    if a.shape[0] == 0:
        return np.float64(0.0), np.float64(1.0)
    first, last = a.min(), a.max()
    if first == last:
        return first - 0.5, last + 0.5
    return first, last


def bin_of(x: Any, edges: Any, bins: Any, first: Any, width: Any) -> Any:
    """In which of the bins, all of one width, `x` lies, which is in one."""
    k = int((x - first) / width * bins)
    if k == bins:
        k -= 1
    if x < edges[k]:
        k -= 1
    if x >= edges[k + 1] and k != bins - 1:
        k += 1
    return k


def histogram(a: Any, bins: Any, first: Any, last: Any) -> Any:
    """``np.histogram(a, bins, (first, last))`` with bins of one width; `first` is less than `last`."""
    edges = linspace(first, last, bins + 1, True)
    counts = np.zeros(bins, np.int64)
    width = last - first
    for i in range(a.shape[0]):
        x = a[i]
        if first <= x <= last:
            counts[bin_of(x, edges, bins, first, width)] += 1
    return counts, edges


def histogram_of_weights(a: Any, bins: Any, first: Any, last: Any, weights: Any) -> Any:
    """The same of as many weights, which are added up by blocks."""
    edges = linspace(first, last, bins + 1, True)
    sums = np.zeros(bins, np.float64)
    block = np.zeros(bins, np.float64)
    width = last - first
    for begin in range(0, a.shape[0], 65536):
        block[:] = 0.0
        for i in range(begin, min(begin + 65536, a.shape[0])):
            x = a[i]
            if first <= x <= last:
                block[bin_of(x, edges, bins, first, width)] += weights[i]
        for k in range(bins):
            sums[k] += block[k]
    return sums, edges
