"""Fields that do not lie at multiples of their alignment: elements are loaded as they are, the rest is NumPy's."""

import numpy as np
import pytest

from tests.objects.test_without_axes import function_of
from tests.support import check

PACKED = np.dtype([("b", "i1"), ("x", "f8"), ("n", "i4"), ("v", "f8", (3,))])
BODIES = """
a[np.array([0, 1, 2])] = x['x'][:3]; a[a > 1] = x['x'][0]; a[x['n']] += x['x'] ; return a
return a[x['n']], x['x'][np.array([1, 2])], x['x'][a[:6] > 1], x['v'][1, np.array([0, 2])]
return min(x['x']), max(x['x']), sum(x['x']), sorted(x['x']), tuple(x['v'][1]), len(x['x']), x['x'].shape
return x['x'] @ a[:6], np.dot(x['x'], x['x']), np.where(a[:6] > 1, x['x'], 0), np.exp(x['x']), x['x'] ** 2, -x['x']
a[:6] = x['x']; a[1:4] += x['v'][0]; x['x'] *= a[:6]; x['v'][1] = a[:3]; x['x'][1:] = x['x'][:-1]; return a, x
return np.array(x['x']), np.asarray(x['v']), np.array([x['x'], a[:6]]), x['x'].astype('f4'), x['x'].reshape(2, 3)
return x['x'].sum(), x['v'].max(axis=0), np.cumsum(x['x']), np.argsort(x['n']), 1.0 in x['x'], x['x'].flags.aligned
x['v'].flat[2] = 7; x['x'].fill(2); x['n'].sort(); c = x['x']; c[0] = 5; c += 1; c[1:3] *= 2; return x, c
x[2]['x'], x[0]['n'] = 3, 4; x[2]['v'][:] = x[0]['v'][::-1]; r = x[1]; r['v'] += 1; return x, r['v'] @ r['v'], r
return [y for y in x['x']], [y + z for y, z in zip(x['x'], a)], [y for y in x['v'].flat], a[x['n'][1]:]
return not x['x'][:1], bool(x['x'][:1]), f"{x['x'][0]:.3f} {x['n']}", x['x'].T, x['x'][None], x['v'][0, ...]
s = 0.0; q, y = x['x'][:2]; s += x['x'].flat[2] + q + y; return s, np.zeros_like(x['x']), x['x'] + 1j
""".strip().splitlines()


@pytest.mark.parametrize("body", BODIES)
def test_uses(body):
    records = np.zeros(6, PACKED)
    records["x"], records["n"] = np.linspace(-1, 1, 6), np.arange(6)[::-1]
    records["v"] = np.arange(18).reshape(6, 3)
    check(function_of(body.replace(" ; ", "\n    ").replace("; ", "\n    ")), (records, np.arange(8.0)))
